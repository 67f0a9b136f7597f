"""What a right judgement of an emulated account is; from the plan, with no look at posts or links.

Asked in this order: is there an edition, does it speak to this institution and account, did the account live
through the week, can it be read, and only then: how much.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from kirovlib.sandbox.members import Member
from kirovlib.sandbox.posts import WeekPlan
from kirovlib.weeks import Week

ORDER_DATE = date(2024, 5, 15)
MINIMUM_POSTS = 3


def verdicts(member: Member, plans: list[WeekPlan]) -> Iterator[dict[str, str]]:
    """Rows of `World.verdicts` for one account.

    Args:
        member: The account.
        plans: Its weeks, ascending; the last one is the last full week.
    """
    first_post = next((plan.week for plan in plans if plan.own), None) if member.case == "short_wall" else None
    for plan in plans:
        judged = (
            _edition(plan.week)
            or _addressee(member, plan.week, is_posts=True)
            or _lifetime(member, plan.week, first_post)
            or _reachable(member)
            or (("passed", "norm_met") if plan.own >= MINIMUM_POSTS else ("failed", "below_norm"))
        )
        yield _verdict("posts_per_week", member, plan.week, judged)
    week = plans[-1].week
    outside = (
        _edition(week)
        or _addressee(member, week, is_posts=False)
        or (("cannot_tell", "account_gone") if member.is_gone else None)
    )
    page = member.page
    for clause, planned, note in (
        ("vk_report_problem", page.problem, page.problem_note),
        ("vk_voice_opinion", page.opinion, page.opinion_note),
        ("vk_portal_mini_app", page.app, ""),
    ):
        yield _verdict(clause, member, week, outside or planned, "" if outside else note)


def _verdict(clause: str, member: Member, week: Week, judged: tuple[str, str], note: str = "") -> dict[str, str]:
    return {
        "clause": clause,
        "account_id": member.account_id,
        "period": week.label,
        "verdict": judged[0],
        "reason": judged[1],
        "note": note,
    }


def _edition(week: Week) -> tuple[str, str] | None:
    if week.until <= ORDER_DATE:
        return ("untested", "no_edition_in_force")
    return ("inapplicable", "edition_starts_mid_week") if week.start < ORDER_DATE else None


def _addressee(member: Member, week: Week, *, is_posts: bool) -> tuple[str, str] | None:
    """Why the clause does not speak to this institution or account."""
    if member.body.kind == "other":
        return ("inapplicable", "not_in_scope")
    if is_posts and member.body.kind == "state_participation":
        return ("inapplicable", "kind_not_named")
    if member.case == "closed_body":
        return ("inapplicable", "closed_body")
    if member.closed_on is not None and member.closed_on < week.start:
        return ("inapplicable", "account_closed")
    return None


def _lifetime(member: Member, week: Week, first_post: Week | None) -> tuple[str, str] | None:
    """Why the account did not live through the whole week.

    Args:
        member: The account.
        week: The week judged.
        first_post: The week of the first post ever, where the reader can know it. It stands for the birth in
            its own week (`READING.md`); before it nobody knows whether there was an empty account.
    """
    if member.closed_on is not None and week.start <= member.closed_on < week.until:
        return ("inapplicable", "closed_in_week")
    if first_post is not None and week <= first_post:
        is_birth = week == first_post
        return ("inapplicable", "opened_in_week") if is_birth else ("cannot_tell", "existence_unknown")
    if member.opened_on is None or member.opened_on < week.start:
        return None
    return ("inapplicable", "opened_in_week" if member.opened_on < week.until else "not_yet_open")


def _reachable(member: Member) -> tuple[str, str] | None:
    if member.is_gone:
        return ("cannot_tell", "account_gone")
    return ("cannot_tell", "wall_closed") if member.is_wall_closed else None
