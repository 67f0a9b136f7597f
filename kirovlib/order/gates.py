"""Whether a clause applies to a subject in a period, and the rows of findings before they are judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from kirovlib import russian, tables
from kirovlib.counts import Array
from kirovlib.order.clauses import Clause, Edition
from kirovlib.weeks import Period, Week

_WORDED = ("expected", "measured", "verdict", "reason", "note", "repair")


# Why a clause does not apply, the first that holds; the last two are of weeks only and found by `week_findings`.
GATES = (
    "", "not_in_scope", "kind_not_named", "closed_body", "account_closed", "closed_in_week", "exempt", "not_yet_open",
    "opened_in_week", "edition_starts_mid_week",
)  # fmt: skip


def gate(clause: Clause, subjects: pd.DataFrame, first: Any, end: Any, exempt: Any, *, week: bool = False) -> Array:
    """Why the clause does not apply to subjects between two local dates (end exclusive).

    Args:
        clause: The clause.
        subjects: kind, is_closed_body, body_closed_on, opened_on, closed_on; see `facts.Facts.subjects`.
        first, end: A date each, or arrays 1 × weeks.
        exempt: Whether an exemption frees each subject (bool); see `exempted`.
        week: Whether the clause measures whole weeks, so that an account closed in one is told apart.

    Returns:
        Places in `GATES`, 0 where it applies: one for each subject, or subjects × weeks.
    """
    first, end = np.asarray(first, dtype="datetime64[us]"), np.asarray(end, dtype="datetime64[us]")
    each = {name: subjects[name].to_numpy() for name in ("kind", "is_closed_body")}
    each |= {
        name: subjects[name].to_numpy(dtype="datetime64[us]") for name in ("body_closed_on", "opened_on", "closed_on")
    }
    if first.ndim:
        each = {name: array[:, None] for name, array in each.items()}
    closed_on, opened_on, body_closed_on = each["closed_on"], each["opened_on"], each["body_closed_on"]
    named = np.isin(each["kind"].astype("str"), clause.kinds)
    cases = [
        (each["kind"] == "other") & ("other" not in clause.kinds),
        ~named,
        # A body known to be closed is so from its date on; without a date, always.
        (body_closed_on < end) | (each["is_closed_body"].astype(bool) & np.isnat(body_closed_on)),
        closed_on < (first if week else end),
        closed_on < end,
        np.asarray(exempt, dtype=bool),
        opened_on >= end,
    ]
    shape = np.broadcast_shapes(*(case.shape for case in cases))
    flags = [np.broadcast_to(case.astype(bool), shape) for case in cases]
    return np.select(flags, list(range(1, len(cases) + 1)), default=0)


def exempted(exemptions: pd.DataFrame, key: str, subjects: pd.DataFrame, start: date, until: date) -> pd.Series:
    """The act by which each subject is free of a clause on any day between two dates (end exclusive), else blank.

    Args:
        exemptions: Table Exemptions.
        key: The clause's key.
        subjects: institution_id, account_id.
        start, until: Local dates.
    """
    here = exemptions[exemptions["clause"].isin([key, "*"])]
    here = here[~(here["exempt_from"] >= pd.Timestamp(until)) & ~(here["exempt_until"] < pd.Timestamp(start))]
    of: dict[str, tuple[int, str]] = {}  # by account or institution: the register's first row counts
    for number, row in enumerate(here.to_dict("records")):
        subject = row["account_id"] if isinstance(row["account_id"], str) else row["institution_id"]
        ends = "бессрочно" if pd.isna(row["exempt_until"]) else f"по {russian.dated(row['exempt_until'])}"
        of.setdefault(subject, (number, f"{row['act']} ({ends})"))
    if not of:
        return pd.Series("", index=subjects.index, dtype=object)
    none = (len(here), "")
    pairs = zip(subjects["account_id"], subjects["institution_id"], strict=True)
    acts = [min(of.get(account, none), of.get(institution, none))[1] for account, institution in pairs]
    return pd.Series(acts, index=subjects.index, dtype=object)


def acts_on(
    exemptions: pd.DataFrame, key: str, subjects: pd.DataFrame, days: Sequence[date | None], period: Period
) -> pd.Series:
    """The act that frees each subject in the week that its fact speaks of; see `exempted`.

    Args:
        exemptions: Table Exemptions.
        key: The clause's key.
        subjects: institution_id, account_id.
        days: The local day of each subject's fact (a snapshot, a statement); none, and one out of the period, stands
            for the period's last week.
        period: The weeks to judge.
    """
    last = period.weeks[-1]
    found = [Week.of(day) if day is not None and period.start <= day < last.start else last for day in days]
    weeks = pd.Series(found, index=subjects.index, dtype=object)
    acts = pd.Series("", index=subjects.index, dtype=object)
    for week in dict.fromkeys(found):
        in_week = subjects[weeks == week]
        acts[in_week.index] = exempted(exemptions, key, in_week, week.start, week.until)
    return acts


def blank(facts: pd.DataFrame, clause: Clause, edition: Edition | None, start: date, until: date) -> pd.DataFrame:
    """Rows of findings for subjects and one stretch of dates (end exclusive), everything judged still empty."""
    rows = facts[["institution_id", "account_id"]].copy()
    rows.insert(0, "clause", clause.key)
    rows["edition"] = pd.Timestamp(edition.in_force_from) if edition else pd.NaT
    rows["period_start"] = pd.Timestamp(start)
    rows["period_end"] = pd.Timestamp(until - timedelta(days=1))
    for name in _WORDED:
        rows[name] = pd.Series("", index=rows.index, dtype="object")
    rows["evidence"] = pd.Series("[]", index=rows.index, dtype="object")
    if edition is None:
        return rows.assign(verdict="untested", reason="no_edition_in_force", expected="пункт ещё не действовал")
    return rows.assign(expected=clause.required(edition))


def closed_by(rows: pd.DataFrame, why: Array, acts: pd.Series) -> pd.DataFrame:
    """The rows, inapplicable where `gate` says why; an exemption's act is the evidence."""
    shut = why > 0
    if shut.any():
        rows.loc[shut, "verdict"] = "inapplicable"
        rows.loc[shut, "reason"] = np.array(GATES, dtype=object)[why[shut]]
        rows.loc[shut, ["note", "repair"]] = ""
    exempt = why == GATES.index("exempt")
    if exempt.any():
        rows.loc[exempt, "evidence"] = [
            tables.to_json([{"title": f"Освобождено: {act}", "url": "", "sha256": None}]) for act in acts[exempt]
        ]
    return rows
