"""Whether a clause applies to an account in a period, and the rows of findings before they are judged."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from kirovlib.order.clauses import Clause, Edition


def gate(clause: Clause, subjects: pd.DataFrame, start: date, until: date, *, week: bool = False) -> pd.Series:
    """Why the clause does not apply to an account between two dates (end exclusive); blank where it does."""
    closed_on, opened_on = subjects["closed_on"], subjects["opened_on"]
    why = pd.Series("", index=subjects.index, dtype="object")
    why[~subjects["kind"].isin(clause.kinds)] = "kind_not_named"
    why[subjects["kind"] == "other"] = "not_in_scope"
    why[opened_on.notna() & (opened_on >= pd.Timestamp(until))] = "not_yet_open"
    why[closed_on.notna() & (closed_on < pd.Timestamp(until))] = "closed_in_week" if week else "account_closed"
    why[closed_on.notna() & (closed_on < pd.Timestamp(start))] = "account_closed"
    why[subjects["is_closed_body"]] = "closed_body"
    return why


def blank(facts: pd.DataFrame, clause: Clause, edition: Edition | None, start: date, until: date) -> pd.DataFrame:
    """Rows of findings for accounts and one stretch of dates (end exclusive), everything judged still empty."""
    rows = facts[["institution_id", "account_id"]].copy()
    rows.insert(0, "clause", clause.key)
    rows["edition"] = pd.Timestamp(edition.in_force_from) if edition else pd.NaT
    rows["period_start"] = pd.Timestamp(start)
    rows["period_end"] = pd.Timestamp(until - timedelta(days=1))
    for name in ("expected", "measured", "verdict", "reason", "note", "repair"):
        rows[name] = pd.Series("", index=rows.index, dtype="object")
    rows["evidence"] = pd.Series("[]", index=rows.index, dtype="object")
    return rows


def closed_by(rows: pd.DataFrame, why: pd.Series) -> pd.DataFrame:
    """The rows, inapplicable where `gate` says why."""
    shut = why != ""
    rows.loc[shut, "verdict"] = "inapplicable"
    rows.loc[shut, "reason"] = why[shut]
    rows.loc[shut, ["note", "repair"]] = ""
    return rows
