"""Findings of clauses measured on profiles (2.4.1, 2.4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd

from kirovlib import tables
from kirovlib.order import checks, portal_links
from kirovlib.order.clauses import Clause, Edition
from kirovlib.order.gates import blank, closed_by, gate
from kirovlib.weeks import Period


def profile_findings(clause: Clause, subjects: pd.DataFrame, profiles: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Findings of a clause for each account of its networks.

    Args:
        subjects: See `evaluate.Judgement.subjects`.
        profiles: The snapshots that judge the period (table ProfileSnapshots, one for an account).

    Returns:
        Table Findings.
    """
    here = subjects[subjects["platform"].isin(clause.platforms)].reset_index(drop=True)
    edition = clause.edition_on(period.until - timedelta(days=1))
    rows = blank(here, clause, edition, period.start, period.until)
    if edition is None:
        return rows.assign(verdict="untested", reason="no_edition_in_force", expected="пункт ещё не действовал")
    rows["expected"] = checks.expected(clause.key, edition.parameters)
    snapshots = {
        str(row["account_id"]): row for row in profiles.astype(object).where(profiles.notna(), None).to_dict("records")
    }
    # The canary: a menu that nobody returned was not answered; where others have one, an account without has none.
    menu_answered = bool(profiles["menu"].notna().any())
    judged = [
        (_judge_page(clause, edition, account, snapshots.get(str(account["account_id"])), menu_answered=menu_answered))
        for account in here.to_dict("records")
    ]
    for name in ("verdict", "reason", "measured", "repair"):
        rows[name] = [getattr(outcome, name) for outcome in judged]
    rows["note"] = [",".join(outcome.notes) for outcome in judged]
    rows["evidence"] = [
        _page_evidence(outcome, str(url), snapshots.get(str(account_id)))
        for outcome, account_id, url in zip(judged, here["account_id"], here["url"], strict=True)
    ]
    return closed_by(rows, gate(clause, here, period.start, period.until))


def _page_evidence(outcome: checks.Outcome, url: str, snapshot: Mapping[Any, Any] | None) -> str:
    """The links that decided, else the page itself, with the hash of the stored answer."""
    if snapshot is None:
        return "[]"
    sha256 = snapshot["raw_sha256"]
    links = [{"title": link.title, "url": link.url, "sha256": sha256} for link in outcome.links]
    return tables.to_json(links or [{"title": "Страница аккаунта", "url": url, "sha256": sha256}])


def _judge_page(
    clause: Clause,
    edition: Edition,
    account: Mapping[Any, Any],
    snapshot: Mapping[Any, Any] | None,
    *,
    menu_answered: bool,
) -> checks.Outcome:
    if snapshot is None:
        told = account["coverage_reason"]
        reason = (
            told if isinstance(told, str) and told in {"account_gone", "address_unknown"} else "no_snapshot_in_period"
        )
        return checks.Outcome("cannot_tell", reason, "снимка страницы нет")
    if snapshot["status"] == "gone":
        return checks.Outcome("cannot_tell", "account_gone", "сообщество удалено или заблокировано")
    ogrn = account["ogrn"] if isinstance(account["ogrn"], str) else ""
    page = checks.page_of(snapshot, menu_answered=menu_answered, ogrn=ogrn)
    return checks.PROFILE_CHECKS[clause.key](page, edition.parameters)


def with_shared_opa_ids(rows: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Note where one message form serves institutions of different founders."""
    from_form = rows[(rows["clause"] == "vk_report_problem") & (rows["verdict"] == "passed")]
    found = pd.Series([portal_links.parse(url).identifier for url in from_form["measured"]], index=from_form.index)
    founder = subjects.set_index("account_id")["founder_id"]  # an unknown founder is not another one
    founders = from_form["account_id"].map(founder).groupby(found).nunique()
    shared = from_form.index[found.isin(founders.index[founders > 1])]
    rows.loc[shared, "note"] = [",".join(filter(None, [note, "shared_opa_id"])) for note in rows.loc[shared, "note"]]
    return rows
