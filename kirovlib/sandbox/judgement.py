"""What a right judgement of every clause of the order in one week is; from the plan and the registers.

Asked in this order: is there an edition, does it name this kind, is the body closed, is the account closed, does an act
free it, was it there already; then the facts; and a person's check last, where the facts cannot tell. Judged is one
collection at the world's moment: a page is known as it was then, posts are known of every planned week.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from kirovlib.errors import ParameterError
from kirovlib.registry import Side
from kirovlib.sandbox.members import Member
from kirovlib.sandbox.names import Body
from kirovlib.sandbox.posts import WeekPlan
from kirovlib.sandbox.presences import Presence
from kirovlib.sandbox.truth import ORDER_DATE, Judged, addressee, first_post_of, post_verdict
from kirovlib.weeks import Week

COLUMNS = ("clause", "institution_id", "account_id", "verdict", "reason")
NETWORKS = ("vk", "ok", "telegram")
SNAPSHOT_LATE = timedelta(days=7)
# Clauses on accounts and the networks that they speak of; `scope` and `group_decisions` are on institutions.
ACCOUNT_CLAUSES: Mapping[str, tuple[str, ...]] = {
    "posts_per_week": NETWORKS,
    "vk_report_problem": ("vk",),
    "vk_voice_opinion": ("vk",),
    "vk_portal_mini_app": ("vk",),
    "ok_government_mark": ("ok",),
    "required_contents": NETWORKS,
    "gospabliki": NETWORKS,
}
INSTITUTION_CLAUSES = ("scope", "group_decisions")
_NAMED_BY_THE_REST = ("executive_authority", "subordinate")  # clauses 1 and 3 name no state participation

Verdict = tuple[str, str]
PASSED, FAILED, CANNOT_TELL, INAPPLICABLE, UNTESTED = "passed", "failed", "cannot_tell", "inapplicable", "untested"
NO_SNAPSHOT = (CANNOT_TELL, "no_snapshot_in_period")
GONE = (CANNOT_TELL, "account_gone")
EXEMPT = (INAPPLICABLE, "exempt")


@dataclass(frozen=True)
class Planned:
    """What a world was written from.

    Attributes:
        bodies: The institutions, in the order of the register.
        closed: Ids of the liquidated ones.
        accounts: The accounts, in the order of the register.
        weeks: What each publishes, by account_id; weeks ascending, the same of all.
        window: Those weeks.
    """

    bodies: Sequence[Body]
    closed: Collection[str]
    accounts: Sequence[Judged]
    weeks: Mapping[str, Sequence[WeekPlan]]
    window: Sequence[Week]


class Row(NamedTuple):
    """A row of the truth."""

    clause: str
    institution_id: str
    account_id: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Facts:
    """All that is known when a week is judged.

    Attributes:
        planned: The plan.
        register: Table Accounts.
        side: The registers beside it.
        week: The week judged.
        now: The moment of the only collection, UTC.
    """

    planned: Planned
    register: pd.DataFrame
    side: Side
    week: Week
    now: datetime

    @property
    def has_snapshot(self) -> bool:
        """Whether a page seen at `now` judges the week."""
        return self.week.starts_at <= self.now < self.week.ends_at + SNAPSHOT_LATE

    def touches(self, first: Any, last: Any) -> bool:
        """Whether two dates, both included and each possibly blank, leave the week at least a day."""
        return (pd.isna(first) or _day(first) < self.week.until) and (pd.isna(last) or _day(last) >= self.week.start)

    def covers(self, first: Any, last: Any) -> bool:
        """Whether two dates, both included, hold the whole week."""
        return _day(first) <= self.week.start and _day(last) + timedelta(days=1) >= self.week.until

    @cached_property
    def checks(self) -> list[dict[Any, Any]]:
        """The rows of ManualChecks, the latest first: it decides."""
        return self.side.manual_checks.sort_values("checked_on", ascending=False, kind="stable").to_dict("records")

    @cached_property
    def exemptions(self) -> list[dict[Any, Any]]:
        """The rows of Exemptions that touch the week by any day."""
        rows = self.side.exemptions.to_dict("records")
        return [row for row in rows if self.touches(row["exempt_from"], row["exempt_until"])]

    def is_exempt(self, clause: str, institution_id: str, account_id: str = "") -> bool:
        """Whether an act frees an institution, or this account of it, from a clause in the week."""
        return any(
            row["clause"] in {clause, "*"}
            and (row["institution_id"] == institution_id or (account_id != "" and row["account_id"] == account_id))
            for row in self.exemptions
        )

    def plan(self, account: Judged) -> WeekPlan:
        """What an account published in the week."""
        return next(plan for plan in self.planned.weeks[account.account_id] if plan.week == self.week)


def truth(facts: Facts) -> pd.DataFrame:
    """Clause, institution_id, account_id (blank for clauses on institutions), verdict, reason.

    One row for each clause and subject, of `group_decisions` one for each decision that is addressed to it; by clause
    as they stand above, subjects as in the register.

    Raises:
        ParameterError: The week was not planned.
    """
    if facts.week not in facts.planned.window:
        first, last = facts.planned.window[0], facts.planned.window[-1]
        msg = f"Недели {facts.week.label} в учебном мире нет: в нём недели с {first.label} по {last.label}."
        raise ParameterError(msg)
    rows = [row for clause in ACCOUNT_CLAUSES for row in _on_accounts(clause, facts)]
    rows += [row for clause in INSTITUTION_CLAUSES for row in _on_institutions(clause, facts)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _on_accounts(clause: str, facts: Facts) -> Iterator[Row]:
    rows = {row["account_id"]: row for row in facts.register.to_dict("records")}
    for account in facts.planned.accounts:
        if _network(account) in ACCOUNT_CLAUSES[clause]:
            key = account.account_id
            judged = _of_account(clause, account, rows[key], facts)
            yield Row(clause, account.body.institution_id, key, *_checked(clause, judged, key, facts))


def _of_account(clause: str, account: Judged, row: Mapping[Any, Any], facts: Facts) -> Verdict:
    exempt = facts.is_exempt(clause, account.body.institution_id, account.account_id)
    if clause == "posts_per_week":
        first_post = first_post_of(account, facts.planned.weeks[account.account_id])
        return post_verdict(account, facts.plan(account), first_post, is_exempt=exempt)
    week = facts.week
    return (
        _no_edition(week)
        or addressee(account, week, is_posts=False)
        or ((INAPPLICABLE, "account_closed") if account.closed_on and account.closed_on < week.until else None)
        or (EXEMPT if exempt else None)
        or ((INAPPLICABLE, "not_yet_open") if account.opened_on and account.opened_on >= week.until else None)
        or _measured(clause, account, row, facts)
    )


def _measured(clause: str, account: Judged, row: Mapping[Any, Any], facts: Facts) -> Verdict:
    """What the facts say of an account that a clause on its page or on its row of the register applies to."""
    if clause == "required_contents":
        return (UNTESTED, "list_not_provided")
    if clause == "gospabliki":
        return _gospabliki(row["gospabliki_connected"], row["gospabliki_on"], facts.week)
    if account.page_status == "gone":
        return GONE
    if not account.page_status or not facts.has_snapshot:
        return NO_SNAPSHOT
    return _links(clause, account) if isinstance(account, Member) else _mark(account)


def _links(clause: str, member: Member) -> Verdict:
    page = member.page
    if member.page_status == "closed" and page.menu is None:
        return (CANNOT_TELL, "page_closed")
    return {"vk_report_problem": page.problem, "vk_voice_opinion": page.opinion, "vk_portal_mini_app": page.app}[clause]


def _mark(account: Judged) -> Verdict:
    """Also of a closed group: its page is given, with the mark."""
    mark = account.is_marked if isinstance(account, Presence) else None
    if mark is None:
        return (CANNOT_TELL, "mark_not_returned")
    return (PASSED, "mark_present") if mark else (FAILED, "mark_absent")


def _gospabliki(connected: Any, known_on: Any, week: Week) -> Verdict:
    if pd.isna(connected):
        return (CANNOT_TELL, "register_silent")
    if not pd.isna(known_on) and _day(known_on) >= week.until:
        return (CANNOT_TELL, "register_later")
    return (PASSED, "register_connected") if connected else (FAILED, "register_not_connected")


def _checked(clause: str, judged: Verdict, account_id: str, facts: Facts) -> Verdict:
    """The verdict, decided by a person where the facts cannot tell; what is contested or disagrees changes nothing.

    Who counted posts must have seen the whole week; a page is as it was on any day of it.
    """
    if judged[0] != CANNOT_TELL:
        return judged
    needed = facts.covers if clause == "posts_per_week" else facts.touches
    for check in facts.checks:
        is_meant = (check["clause"], check["account_id"]) == (clause, account_id) and check["result"] != "contested"
        if is_meant and needed(check["period_from"], check["period_until"]):
            return (check["result"], f"manual_{check['result']}")
    return judged


def _on_institutions(clause: str, facts: Facts) -> Iterator[Row]:
    judge: Callable[[Body, Facts], list[Verdict]] = {"scope": _scope, "group_decisions": _decisions}[clause]
    for body in facts.planned.bodies:
        outside = _no_edition(facts.week) or _outside(clause, body, facts)
        for judged in [outside] if outside else judge(body, facts):
            yield Row(clause, body.institution_id, "", *judged)


def _outside(clause: str, body: Body, facts: Facts) -> Verdict | None:
    if body.kind == "other":
        return (INAPPLICABLE, "not_in_scope")
    if body.kind not in _NAMED_BY_THE_REST:
        return (INAPPLICABLE, "kind_not_named")
    if body.institution_id in facts.planned.closed:
        return (INAPPLICABLE, "closed_body")
    return EXEMPT if facts.is_exempt(clause, body.institution_id) else None


def _scope(body: Body, facts: Facts) -> list[Verdict]:
    """By the accounts that the register does not call closed before the week."""
    here = [
        account
        for account in facts.planned.accounts
        if account.body.institution_id == body.institution_id
        and (account.closed_on is None or account.closed_on >= facts.week.start)
    ]
    if any(_is_seen_alive(account, facts) for account in here):
        return [(PASSED, "account_live")]
    is_nobody = all(facts.has_snapshot and account.page_status == "gone" for account in here)
    return [(CANNOT_TELL, "obligation_in_another_act") if is_nobody else NO_SNAPSHOT]


def _is_seen_alive(account: Judged, facts: Facts) -> bool:
    """By its page, which may be closed, or by what it published."""
    if facts.has_snapshot and account.page_status in {"live", "closed"}:
        return True
    plan = facts.plan(account)
    return not account.unreadable and plan.own + plan.reposts > 0


def _decisions(body: Body, facts: Facts) -> list[Verdict]:
    decisions = facts.side.decisions
    addressed = decisions[decisions["institution_id"] == body.institution_id].to_dict("records")
    known = [row for row in addressed if _day(row["decided_on"]) < facts.week.until]
    return [_decision(row, facts.week) for row in known] or [(INAPPLICABLE, "no_decision_addressed")]


def _decision(row: Mapping[Any, Any], week: Week) -> Verdict:
    if pd.isna(row["done"]):
        return (CANNOT_TELL, "decision_not_recorded")
    if not pd.isna(row["done_on"]) and _day(row["done_on"]) >= week.until:
        return (CANNOT_TELL, "decision_recorded_later")
    return (PASSED, "decision_done") if row["done"] else (FAILED, "decision_not_done")


def _no_edition(week: Week) -> Verdict | None:
    return (UNTESTED, "no_edition_in_force") if week.until <= ORDER_DATE else None


def _network(account: Judged) -> str:
    return account.account_id.partition(":")[0]


def _day(moment: Any) -> date:
    return pd.Timestamp(moment).date()
