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
from kirovlib.weeks import Period, local_midnight

_CROWD = 20
_ANSWERED_SHARE = 0.5


def profile_findings(clause: Clause, subjects: pd.DataFrame, profiles: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Findings of a clause for each account of its networks.

    Args:
        subjects: See `evaluate.Judgement.subjects`.
        profiles: The snapshots that judge the period (table ProfileSnapshots).

    Returns:
        Table Findings.
    """
    here = subjects[subjects["platform"].isin(clause.platforms)].reset_index(drop=True)
    edition = clause.edition_on(period.until - timedelta(days=1))
    rows = blank(here, clause, edition, period.start, period.until)
    if edition is None:
        return rows.assign(verdict="untested", reason="no_edition_in_force", expected="пункт ещё не действовал")
    rows["expected"] = checks.expected(clause.key, edition.parameters)
    facts = _Facts(profiles[profiles["collected_at"] >= local_midnight(edition.in_force_from)], here)
    judged = [_judge(clause, edition, account, facts) for account in here.to_dict("records")]
    for name in ("verdict", "reason", "measured", "repair"):
        rows[name] = [getattr(outcome, name) for outcome, _ in judged]
    rows["note"] = [",".join(outcome.notes) for outcome, _ in judged]
    rows["evidence"] = [
        _page_evidence(outcome, str(url), snapshot)
        for (outcome, snapshot), url in zip(judged, here["url"], strict=True)
    ]
    return closed_by(rows, gate(clause, here, period.start, period.until))


def _page_evidence(outcome: checks.Outcome, url: str, snapshot: Mapping[Any, Any] | None) -> str:
    """The links that decided, else the page itself, with the hash of the stored answer."""
    if snapshot is None:
        return "[]"
    sha256 = snapshot["raw_sha256"]
    links = [{"title": link.title, "url": link.url, "sha256": sha256} for link in outcome.links]
    return tables.to_json(links or [{"title": "Страница аккаунта", "url": url, "sha256": sha256}])


class _Facts:
    """The snapshots of a period by account, and the canary over them; of the networks that a clause is about only."""

    def __init__(self, profiles: pd.DataFrame, subjects: pd.DataFrame) -> None:
        own = profiles[profiles["account_id"].isin(subjects["account_id"])]
        rows = own.sort_values(["account_id", "collected_at"]).astype(object)
        self._by_account: dict[str, list[dict[str, Any]]] = {}
        for row in rows.where(own.notna(), None).to_dict("records"):
            snapshot = {str(name): value for name, value in row.items()}
            self._by_account.setdefault(str(row["account_id"]), []).append(snapshot)
        live = own[own["status"] == "live"]
        self._share = float(live["menu"].notna().mean()) if len(live) else 0.0
        by_run = live.groupby("run_id")["menu"].agg(lambda menu: menu.notna().mean() if len(menu) >= _CROWD else -1.0)
        self._share_by_run = {run_id: share for run_id, share in by_run.items() if share >= 0}

    def of(self, account_id: str) -> list[dict[str, Any]]:
        """The account's snapshots, oldest first."""
        return self._by_account.get(account_id, [])

    def menu_answered(self, snapshot: Mapping[str, Any]) -> bool:
        """Whether VK answered the question for menus at all: in the snapshot's run, if that asked many, else ever.

        `menu` missing for one account while the others have it means that it has none (recorded: 182 of 188 have one);
        missing for most, it was not answered.
        """
        return self._share_by_run.get(snapshot["run_id"], self._share) >= _ANSWERED_SHARE


def _judge(
    clause: Clause, edition: Edition, account: Mapping[Any, Any], facts: _Facts
) -> tuple[checks.Outcome, Mapping[str, Any] | None]:
    """The outcome by the latest snapshot; one inside the period that passes outweighs a later one that fails."""
    snapshots = facts.of(str(account["account_id"]))
    if not snapshots:
        told = account["coverage_reason"]
        known = isinstance(told, str) and told in {"account_gone", "address_unknown"}
        return checks.Outcome("cannot_tell", told if known else "no_snapshot_in_period", "снимка страницы нет"), None
    outcomes = [(_judge_page(clause, edition, account, each, facts), each) for each in snapshots]
    passed = [pair for pair in outcomes if pair[0].verdict == "passed"]
    return passed[-1] if outcomes[-1][0].verdict == "failed" and passed else outcomes[-1]


def _judge_page(
    clause: Clause, edition: Edition, account: Mapping[Any, Any], snapshot: Mapping[str, Any], facts: _Facts
) -> checks.Outcome:
    if snapshot["status"] == "gone":
        return checks.Outcome("cannot_tell", "account_gone", "сообщество удалено или заблокировано")
    if snapshot["status"] == "closed" and snapshot["menu"] is None:
        return checks.Outcome("cannot_tell", "page_closed", "меню закрытой страницы не показано")
    ogrn = account["ogrn"] if isinstance(account["ogrn"], str) else ""
    page = checks.page_of(snapshot, menu_answered=facts.menu_answered(snapshot), ogrn=ogrn)
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
