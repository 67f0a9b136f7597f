"""Findings of clauses measured on profiles (2.2, 2.3, 2.4.1, 2.4.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any

import pandas as pd

from kirovlib import tables
from kirovlib.order import checks, portal_links
from kirovlib.order.checks import Outcome, Page
from kirovlib.order.clauses import Clause, Edition
from kirovlib.order.gates import acts_on, blank, closed_by, gate
from kirovlib.order.portal_links import PortalLink
from kirovlib.weeks import Period, local_date, local_midnight

SNAPSHOT_LATE_DAYS = 7
CROWD = 20
_ANSWERED_SHARE = 0.5
# What coverage tells of the account itself, so that it explains a missing snapshot.
_ACCOUNT_REASONS = frozenset({"account_gone", "address_unknown"})
_DECIDED = frozenset({"passed", "failed"})
_GONE = Outcome("cannot_tell", "account_gone", "сообщество удалено или заблокировано")


@dataclass(frozen=True)
class Snapshots:
    """The snapshots that judge a period: of each account the latest inside it and the latest up to 7 days after.

    Attributes:
        table: Table ProfileSnapshots.
        registered: How many accounts the register has, by network: what a field's silence is held against. Not how
            many were collected: else losing snapshots could make a field count as answered.
        only: The accounts that are judged by them, all where it is None; the canaries look at everybody.
    """

    table: pd.DataFrame
    registered: Mapping[str, int]
    only: frozenset[str] | None = None

    @classmethod
    def near(
        cls,
        snapshots: pd.DataFrame,
        period: Period,
        registered: Mapping[str, int],
        *,
        late: bool = True,
        only: frozenset[str] | None = None,
    ) -> Snapshots:
        """Of all snapshots those that judge the period; without `late` only those taken inside it."""
        until = period.ends_at + timedelta(days=SNAPSHOT_LATE_DAYS if late else 0)
        near = snapshots[(snapshots["collected_at"] >= period.starts_at) & (snapshots["collected_at"] < until)]
        near = near.assign(is_late=near["collected_at"] >= period.ends_at)
        near = near.drop_duplicates(["account_id", "is_late"], keep="last").drop(columns="is_late")
        return cls(near.reset_index(drop=True), registered, only)

    @cached_property
    def by_account(self) -> dict[str, list[dict[str, Any]]]:
        """Rows by account, oldest first, None where blank."""
        rows = self.table if self.only is None else self.table[self.table["account_id"].isin(self.only)]
        rows = rows.sort_values(["account_id", "collected_at"]).astype(object)
        found: dict[str, list[dict[str, Any]]] = {}
        for row in rows.where(rows.notna(), None).to_dict("records"):
            found.setdefault(row["account_id"], []).append({str(name): value for name, value in row.items()})
        return found

    @cached_property
    def is_menu_answered(self) -> bool:
        """Whether VK answered the question for menus at all (the canary).

        `menu` missing for one account while the others have it means that it has none (recorded: 182 of 188 have
        one); missing for most, it was not answered.
        """
        returned = self._accounts("vk", self.table["menu"].notna())
        return returned > 0 and returned >= _ANSWERED_SHARE * self.registered.get("vk", 0)

    @cached_property
    def runs_with_menus(self) -> frozenset[str]:
        """The runs in which VK returned a menu to anybody: in another it may have answered nobody."""
        return frozenset(self.table.loc[self.table["menu"].notna(), "run_id"])

    @cached_property
    def is_mark_seen(self) -> bool:
        """Whether the mark was met at all, where so many are asked that nobody's having it would be strange."""
        marked = self._accounts("ok", self.table["government_mark"].fillna(value=False).astype(bool))
        return marked > 0 or self.registered.get("ok", 0) < CROWD

    def menu_silence(self, snapshot: Mapping[str, Any]) -> str:
        """Why a page's missing menu proves nothing, a reason; blank where it has a menu, or surely none."""
        if not pd.isna(snapshot["menu"]):
            return ""
        if snapshot["status"] == "closed":
            return "page_closed"
        is_answered = self.is_menu_answered and snapshot["run_id"] in self.runs_with_menus
        return "" if is_answered else "menu_not_answered"

    def _accounts(self, platform: str, flags: pd.Series) -> int:
        of_platform = self.table["account_id"].str.startswith(f"{platform}:")
        return int(self.table.loc[of_platform & flags, "account_id"].nunique())


def profile_findings(
    clause: Clause, subjects: pd.DataFrame, snapshots: Snapshots, period: Period, exemptions: pd.DataFrame
) -> pd.DataFrame:
    """Findings of a clause for each account of its networks.

    Args:
        clause: The clause.
        subjects: See `facts.Facts.subjects`.
        snapshots: Those that judge the period.
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
    judged = [_judge(clause, edition, account, snapshots) for account in here.to_dict("records")]
    for name in ("verdict", "reason", "measured", "repair"):
        rows[name] = [getattr(outcome, name) for outcome, _ in judged]
    rows["note"] = [",".join(outcome.notes) for outcome, _ in judged]
    rows["evidence"] = [
        _page_evidence(outcome, str(url), snapshot)
        for (outcome, snapshot), url in zip(judged, here["url"], strict=True)
    ]
    days = [local_date(each["collected_at"].to_pydatetime()) if each else None for _, each in judged]
    acts = acts_on(exemptions, clause.key, here, days, period)
    return closed_by(rows, gate(clause, here, period.start, period.until, acts != ""), acts)


def _page_evidence(outcome: Outcome, url: str, snapshot: Mapping[Any, Any] | None) -> str:
    """The links that decided, else the page itself, with the hash of the stored answer."""
    if snapshot is None:
        return "[]"
    sha256 = snapshot["raw_sha256"]
    links = [{"title": link.title, "url": link.url, "sha256": sha256} for link in outcome.links]
    return tables.to_json(links or [{"title": "Страница аккаунта", "url": url, "sha256": sha256}])


def _judge(
    clause: Clause, edition: Edition, account: Mapping[Any, Any], snapshots: Snapshots
) -> tuple[Outcome, Mapping[str, Any] | None]:
    """The outcome by the latest snapshot; one inside the period outweighs a later one that cannot tell or fails it."""
    predicate = checks.predicate(clause.key)
    begins = local_midnight(edition.in_force_from)
    found = [each for each in snapshots.by_account.get(account["account_id"], []) if each["collected_at"] >= begins]
    if edition.parameters.get("items") == []:  # nothing to hold a page against
        return predicate(Page(), edition.parameters), found[-1] if found else None
    if not found:
        told = account["coverage_reason"]
        reason = told if told in _ACCOUNT_REASONS else "no_snapshot_in_period"
        return Outcome("cannot_tell", reason, "снимка страницы нет"), None
    outcomes = [
        (_GONE if each["status"] == "gone" else predicate(page_of(each, account, snapshots), edition.parameters), each)
        for each in found
    ]
    decided = [pair for pair in outcomes if pair[0].verdict in _DECIDED]
    passed = [pair for pair in decided if pair[0].verdict == "passed"]
    if outcomes[-1][0].verdict == "failed" and passed:
        return passed[-1]
    # What was seen in the period stays seen, though the page is gone or silent since.
    return decided[-1] if outcomes[-1][0].verdict not in _DECIDED and decided else outcomes[-1]


def page_of(snapshot: Mapping[str, Any], account: Mapping[Any, Any], snapshots: Snapshots) -> Page:
    """What the predicates look at of a snapshot."""
    return Page(
        platform=str(account["platform"]),
        snapshot=snapshot,
        links=links_of(snapshot["menu"], snapshot["action_button"], snapshot["links"]),
        menu_silence=snapshots.menu_silence(snapshot),
        is_mark_seen=snapshots.is_mark_seen,
        ogrn=account["ogrn"] if isinstance(account["ogrn"], str) else "",
    )


@lru_cache(maxsize=16_384)  # week after week most pages have the same links
def links_of(*lists: str | None) -> tuple[PortalLink, ...]:
    """The links of a page's JSON lists (menu, action_button, links), parsed."""
    return tuple(portal_links.parse(item["url"], item["title"]) for each in lists for item in json.loads(each or "[]"))


def with_shared_opa_ids(rows: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Note where one message form serves institutions of different founders."""
    from_form = rows[(rows["clause"] == "vk_report_problem") & (rows["reason"] == "found")]
    found = pd.Series(
        [portal_links.parse(url).identifier for url in from_form["measured"]], index=from_form.index, dtype=object
    )
    founder = subjects.set_index("account_id")["founder_id"]  # an unknown founder is not another one
    founders = from_form["account_id"].map(founder).groupby(found).nunique()
    shared = from_form.index[found.isin(founders.index[founders > 1])]
    rows.loc[shared, "note"] = [",".join(filter(None, [note, "shared_opa_id"])) for note in rows.loc[shared, "note"]]
    return rows
