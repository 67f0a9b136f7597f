"""What a right judgement of an emulated account is; from the plan, with no look at posts or links.

Asked in this order: is there an edition, does it speak to this institution and account, did the account live
through the week, can it be read, and only then: how much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

from kirovlib.sandbox.members import Member
from kirovlib.sandbox.names import Body
from kirovlib.sandbox.posts import WeekPlan
from kirovlib.weeks import Week

ORDER_DATE = date(2024, 5, 15)
MINIMUM_POSTS = 3


class Judged(Protocol):
    """An account of any network as far as the number of its posts is judged."""

    @property
    def account_id(self) -> str:
        """The register's key."""

    @property
    def case(self) -> str:
        """What is special about it, blank when nothing."""

    @property
    def body(self) -> Body:
        """The institution."""

    @property
    def is_body_closed(self) -> bool:
        """Whether the institution is liquidated."""

    @property
    def opened_on(self) -> date | None:
        """In the register."""

    @property
    def closed_on(self) -> date | None:
        """In the register."""

    @property
    def is_read_to_birth(self) -> bool:
        """Whether its first post ever can be known as such."""

    @property
    def unreadable(self) -> str:
        """Why its posts cannot be read, blank when they can."""

    @property
    def page_status(self) -> str:
        """What a snapshot of its page says: live, closed or gone; blank where the network gives none."""


def post_verdicts(account: Judged, plans: Sequence[WeekPlan]) -> Iterator[dict[str, str]]:
    """Rows of `World.verdicts` on the number of posts, for an account of any network.

    Args:
        account: The account.
        plans: Its weeks, ascending.
    """
    first_post = first_post_of(account, plans)
    for plan in plans:
        yield _verdict("posts_per_week", account, plan.week, post_verdict(account, plan, first_post))


def first_post_of(account: Judged, plans: Sequence[WeekPlan]) -> Week | None:
    """The week of the first post ever, where the reader can know it.

    Args:
        account: The account.
        plans: Its weeks, ascending.
    """
    return next((plan.week for plan in plans if plan.own), None) if account.is_read_to_birth else None


def post_verdict(
    account: Judged, plan: WeekPlan, first_post: Week | None, *, is_exempt: bool = False
) -> tuple[str, str]:
    """Verdict and reason on the number of posts in a week.

    Args:
        account: The account.
        plan: What it published.
        first_post: See `first_post_of`.
        is_exempt: Whether an act frees it from this clause in this week.
    """
    week = plan.week
    return (
        _edition(week)
        or addressee(account, week, is_posts=True)
        or (("inapplicable", "closed_in_week") if _is_closed_in(account, week) else None)
        or (("inapplicable", "exempt") if is_exempt else None)
        or _birth(account, week, first_post)
        or (("cannot_tell", account.unreadable) if account.unreadable else None)
        or (("passed", "norm_met") if plan.own >= MINIMUM_POSTS else ("failed", "below_norm"))
    )


def verdicts(member: Member, plans: Sequence[WeekPlan]) -> Iterator[dict[str, str]]:
    """Rows of `World.verdicts` for one account of VK.

    Args:
        member: The account.
        plans: Its weeks, ascending; the last one is the last full week.
    """
    yield from post_verdicts(member, plans)
    week = plans[-1].week
    outside = (
        _edition(week)
        or addressee(member, week, is_posts=False)
        or (("cannot_tell", "account_gone") if member.is_gone else None)
    )
    page = member.page
    for clause, planned, note in (
        ("vk_report_problem", page.problem, page.problem_note),
        ("vk_voice_opinion", page.opinion, page.opinion_note),
        ("vk_portal_mini_app", page.app, ""),
    ):
        yield _verdict(clause, member, week, outside or planned, "" if outside else note)


def _verdict(clause: str, account: Judged, week: Week, judged: tuple[str, str], note: str = "") -> dict[str, str]:
    return {
        "clause": clause,
        "account_id": account.account_id,
        "period": week.label,
        "verdict": judged[0],
        "reason": judged[1],
        "note": note,
    }


def _edition(week: Week) -> tuple[str, str] | None:
    if week.until <= ORDER_DATE:
        return ("untested", "no_edition_in_force")
    return ("inapplicable", "edition_starts_mid_week") if week.start < ORDER_DATE else None


def addressee(account: Judged, week: Week, *, is_posts: bool) -> tuple[str, str] | None:
    """Why the clause does not speak to this institution or account."""
    if account.body.kind == "other":
        return ("inapplicable", "not_in_scope")
    if is_posts and account.body.kind == "state_participation":
        return ("inapplicable", "kind_not_named")
    if account.is_body_closed:
        return ("inapplicable", "closed_body")
    if account.closed_on is not None and account.closed_on < week.start:
        return ("inapplicable", "account_closed")
    return None


def _is_closed_in(account: Judged, week: Week) -> bool:
    return account.closed_on is not None and week.start <= account.closed_on < week.until


def _birth(account: Judged, week: Week, first_post: Week | None) -> tuple[str, str] | None:
    """Why the account was not there from the week's first day.

    Args:
        account: The account.
        week: The week judged.
        first_post: The week of the first post ever, where the reader can know it. It stands for the birth in
            its own week (`READING.md`); before it nobody knows whether there was an empty account.
    """
    if account.opened_on is not None and account.opened_on < week.start:
        return None  # the register knows better than a wall that stayed blank
    if first_post is not None and week <= first_post:
        is_birth = week == first_post
        return ("inapplicable", "opened_in_week") if is_birth else ("cannot_tell", "existence_unknown")
    if account.opened_on is None:
        return None
    return ("inapplicable", "opened_in_week" if account.opened_on < week.until else "not_yet_open")
