"""Findings of clauses on what registers say: connection to «Госпаблики» (2.5), accounts (1), decisions (3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from kirovlib import tables
from kirovlib.order import checks, portal_links
from kirovlib.order.checks import Decision, Outcome, Presence, Statement
from kirovlib.order.clauses import Clause
from kirovlib.order.gates import acts_on, blank, closed_by, gate
from kirovlib.order.profile_findings import Snapshots, links_of
from kirovlib.weeks import Period

_ALIVE = frozenset({"live", "closed"})  # a closed page is an account all the same


def register_findings(
    clause: Clause, subjects: pd.DataFrame, snapshots: Snapshots, period: Period, exemptions: pd.DataFrame
) -> pd.DataFrame:
    """Findings of a clause for each account, by what its row of the register says.

    Args:
        clause: The clause.
        subjects: See `facts.Facts.subjects`.
        snapshots: Those that judge the period: links to the portal are a hint.
        period: The weeks to judge.
        exemptions: Table Exemptions.

    Returns:
        Table Findings.
    """
    here = subjects[subjects["platform"].isin(clause.platforms)].reset_index(drop=True)
    edition = clause.edition_on(period.until - timedelta(days=1))
    rows = blank(here, clause, edition, period.start, period.until)
    if edition is None:
        return rows
    predicate = checks.predicate(clause.key)
    said = [_statement(row, snapshots, period, edition.in_force_from) for row in here.to_dict("records")]
    _fill(rows, [predicate(each, edition.parameters) for each in said])
    rows["evidence"] = [
        "[]" if each.connected is None else _row_proof("accounts.csv", each.source, each.known_on) for each in said
    ]
    acts = acts_on(exemptions, clause.key, here, [each.known_on for each in said], period)
    return closed_by(rows, gate(clause, here, period.start, period.until, acts != ""), acts)


def institution_findings(
    clause: Clause,
    bodies: pd.DataFrame,
    subjects: pd.DataFrame,
    seen: pd.DataFrame,
    period: Period,
    exemptions: pd.DataFrame,
) -> pd.DataFrame:
    """Findings of a clause for each institution, by its accounts.

    Args:
        clause: The clause.
        bodies: See `facts.Facts.bodies`.
        subjects: See `facts.Facts.subjects`.
        seen: account_id, status_seen (of a snapshot that judges the period, blank for none), raw_sha256, has_posts
            (whether it published in the period).
        period: The weeks to judge.
        exemptions: Table Exemptions.

    Returns:
        Table Findings, account_id blank.
    """
    edition = clause.edition_on(period.until - timedelta(days=1))
    rows = blank(bodies, clause, edition, period.start, period.until)
    if edition is None:
        return rows
    was_not_there = (subjects["closed_on"] < pd.Timestamp(period.start)) | (
        subjects["opened_on"] >= pd.Timestamp(period.until)
    )
    facts = subjects[subjects["platform"].isin(clause.platforms) & ~was_not_there]
    facts = facts.merge(seen, on="account_id", how="left")
    facts["is_live"] = facts["status_seen"].isin(_ALIVE) | facts["has_posts"].fillna(value=False).astype(bool)
    facts["is_unknown"] = ~facts["is_live"] & (facts["status_seen"] != "gone")
    columns = ["institution_id", "account_id", "url", "raw_sha256", "is_live", "is_unknown"]
    of_body: dict[str, list[dict[Any, Any]]] = {}
    for row in facts[columns].to_dict("records"):
        of_body.setdefault(row["institution_id"], []).append(row)
    predicate = checks.predicate(clause.key)
    found = [of_body.get(key, []) for key in bodies["institution_id"]]
    presences = [
        Presence(
            tuple(row["account_id"] for row in each if row["is_live"]),
            tuple(row["account_id"] for row in each if row["is_unknown"]),
        )
        for each in found
    ]
    _fill(rows, [predicate(each, edition.parameters) for each in presences])
    rows["evidence"] = [_account_proofs(each) for each in found]
    acts = acts_on(exemptions, clause.key, bodies, [None] * len(bodies), period)
    return closed_by(rows, gate(clause, bodies, period.start, period.until, acts != ""), acts)


def decision_findings(
    clause: Clause, bodies: pd.DataFrame, decisions: pd.DataFrame, period: Period, exemptions: pd.DataFrame
) -> pd.DataFrame:
    """Findings of a clause for each institution and decision made before the period's end and addressed to it.

    Args:
        clause: The clause.
        bodies: See `facts.Facts.bodies`.
        decisions: Table Decisions.
        period: The weeks to judge.
        exemptions: Table Exemptions.

    Returns:
        Table Findings, account_id blank; one row for an institution without decisions.
    """
    edition = clause.edition_on(period.until - timedelta(days=1))
    made = decisions[decisions["decided_on"] < pd.Timestamp(period.until)]
    facts = bodies.merge(made, on="institution_id", how="left")
    facts = facts.sort_values(["institution_id", "decided_on", "decision_id"], ignore_index=True)
    rows = blank(facts, clause, edition, period.start, period.until)
    if edition is None:
        return rows.drop_duplicates("institution_id")
    predicate = checks.predicate(clause.key)
    last_day = period.until - timedelta(days=1)
    outcomes = [
        Outcome("inapplicable", "no_decision_addressed", "решений нет")
        if pd.isna(row["decision_id"])
        else predicate(_decision(row, last_day, edition.in_force_from), edition.parameters)
        for row in facts.to_dict("records")
    ]
    _fill(rows, outcomes)
    rows["evidence"] = [
        "[]" if pd.isna(source) else _row_proof("decisions.csv", source, _day(on))
        for source, on in zip(facts["source"], facts["done_on"], strict=True)
    ]
    acts = acts_on(exemptions, clause.key, facts, [_day(on) for on in facts["done_on"]], period)
    return closed_by(rows, gate(clause, facts, period.start, period.until, acts != ""), acts)


def _fill(rows: pd.DataFrame, outcomes: list[Outcome]) -> None:
    for name in ("verdict", "reason", "measured", "repair"):
        rows[name] = [getattr(outcome, name) for outcome in outcomes]
    rows["note"] = [",".join(outcome.notes) for outcome in outcomes]


def _statement(row: Mapping[Any, Any], snapshots: Snapshots, period: Period, in_force_from: date) -> Statement:
    pages = snapshots.by_account.get(row["account_id"], [])
    links = [link for page in pages for link in links_of(page["menu"], page["action_button"], page["links"])]
    connected = row["gospabliki_connected"]
    return Statement(
        connected=None if pd.isna(connected) else bool(connected),
        known_on=_day(row["gospabliki_on"]),
        source=row["gospabliki_source"] if isinstance(row["gospabliki_source"], str) else "",
        last_day=period.until - timedelta(days=1),
        in_force_from=in_force_from,
        has_portal_links=any(link.state == portal_links.WORKS for link in links),
    )


def _decision(row: Mapping[Any, Any], last_day: date, in_force_from: date) -> Decision:
    done = row["done"]
    return Decision(
        decision_id=row["decision_id"],
        decided_on=row["decided_on"].date(),
        text=row["text"],
        done=None if pd.isna(done) else bool(done),
        done_on=_day(row["done_on"]),
        source=row["source"] if isinstance(row["source"], str) else "",
        last_day=last_day,
        in_force_from=in_force_from,
    )


def _day(moment: Any) -> date | None:
    return None if pd.isna(moment) else moment.date()


def _row_proof(file: str, source: str, on: date | None) -> str:
    dated = f", на {on:%d.%m.%Y}" if on else ""
    return tables.to_json([{"title": f"Реестр ({file}): {source}{dated}", "url": "", "sha256": None}])


def _account_proofs(accounts: list[dict[Any, Any]]) -> str:
    """The pages of an institution's accounts, each with the hash of its answer."""
    proofs = [
        {
            "title": row["account_id"],
            "url": row["url"],
            "sha256": row["raw_sha256"] if isinstance(row["raw_sha256"], str) else None,
        }
        for row in accounts
    ]
    return tables.to_json(proofs)
