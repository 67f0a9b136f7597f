"""Accounts of the emulated institutions besides VK: groups of Odnoklassniki and channels of Telegram, as planned.

VK's accounts are `members`; nothing here draws from their random numbers, so that they stay what they are.
"""

# ruff: noqa: PLR2004, S311 - chances of a made-up world, none of them a secret or a threshold

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from kirovlib.sandbox import posts
from kirovlib.sandbox.members import opening
from kirovlib.sandbox.names import Body
from kirovlib.sandbox.posts import HABITS, Draft, Style, WeekPlan
from kirovlib.sandbox.truth import ORDER_DATE
from kirovlib.weeks import Week

FIRST_OK_GROUP = 990_000_000_000_000  # far above the numbers Odnoklassniki give to groups today
OK_SHARE, TELEGRAM_SHARE = 0.7, 0.55

# One subordinate institution each; what a case means is in `_CASE_PLANS`, `_peculiar` and where the posts are made.
OK_CASES = (
    "ok_no_mark",
    "ok_mark_absent",
    "ok_mark_text",
    "ok_closed",
    "ok_dropped",
    "ok_sticky_old",
    "ok_members_post",
    "ok_long",
    "ok_short",
    "ok_hidden",
    "ok_week_edge",
)
TELEGRAM_CASES = (
    "telegram_album",
    "telegram_service",
    "telegram_forwards",
    "telegram_missing",
    "telegram_group",
    "telegram_old_markup",
    "telegram_edited",
    "telegram_long",
    "telegram_short",
    "telegram_gaps",
    "telegram_hostile",
    "telegram_week_edge",
)
CASE_HABITS = {"ok_sticky_old": "borderline", "telegram_edited": "active", "telegram_hostile": "active"}
UNREADABLE = {
    "ok_closed": "access_denied",
    "ok_dropped": "profile_not_returned",
    "telegram_missing": "no_preview",
    "telegram_group": "no_preview",
}
# What a snapshot says: deleted groups are left out of the answer, and without a preview nothing is known of a channel.
PAGE_STATUSES = {"ok_closed": "closed", "ok_dropped": "", "telegram_missing": "", "telegram_group": ""}
MARKS: Mapping[str, bool | str | None] = {
    "ok_no_mark": False,
    "ok_mark_absent": None,
    "ok_mark_text": "true",
    "ok_dropped": None,
}
_NOTHING = {"own": 0, "reposts": 0, "visitors": 0, "ads": 0}
# Below the norm by what must not be counted: an album's pictures, service messages, forwards, members' topics.
_CASE_PLANS = {
    "ok_members_post": {"own": 1, "visitors": 4, "ads": 0},
    "ok_hidden": {"own": 2, "ads": 0},
    "ok_long": {"own": 16},
    "ok_dropped": _NOTHING,
    "telegram_album": {"own": 2},
    "telegram_service": {"own": 2},
    "telegram_forwards": {"own": 2, "reposts": 3},
    "telegram_missing": _NOTHING,
    "telegram_group": _NOTHING,
    "telegram_long": {"own": 11},
    "telegram_gaps": {"own": 3},
}


@dataclass(frozen=True)
class Presence:
    """One group of Odnoklassniki or channel of Telegram with everything planned about it.

    Attributes:
        account_id: The register's key.
        network: `ok` or `telegram`.
        number: Number of the group; 0 in Telegram.
        name: Short name of the group, blank when it has none; name of the channel.
        body: The institution.
        case: What is special about it, blank when nothing.
        habit: A key of `posts.HABITS`.
        has_known_id: Whether the register knows the group's number.
        is_body_closed: Whether the institution is liquidated.
        opened_on: In the register.
        closed_on: In the register.
        members: Members or subscribers.
        mark: `gos_org` as the network gives it, None when it does not.
    """

    account_id: str
    network: str
    number: int
    name: str
    body: Body
    case: str
    habit: str
    has_known_id: bool
    is_body_closed: bool
    opened_on: date | None
    members: int
    mark: bool | str | None = None
    closed_on: date | None = None

    @property
    def is_read_to_birth(self) -> bool:
        """Whether its first post ever can be known as such."""
        return self.case in {"ok_short", "telegram_short"}

    @property
    def unreadable(self) -> str:
        """Why its posts cannot be read, a word of `tables.COVERAGE_REASONS`; blank when they can."""
        return UNREADABLE.get(self.case, "")

    @property
    def page_status(self) -> str:
        """See `truth.Judged`."""
        return PAGE_STATUSES.get(self.case, "live")

    @property
    def is_marked(self) -> bool | None:
        """Whether it is marked as a state organisation, also where the network says so as text; None: not told."""
        return None if self.mark is None else self.mark in (True, "true")

    @property
    def url(self) -> str:
        """The address as the register has it."""
        if self.network == "telegram":
            return f"https://t.me/{self.name}"
        key = self.account_id.removeprefix("ok:")
        return f"https://ok.ru/group/{key}" if key.isdigit() else f"https://ok.ru/{key}"

    @property
    def style(self) -> Style:
        """What its posts say."""
        return Style(
            group=self.number,
            sphere=self.body.sphere,
            members=self.members,
            is_hostile=self.case == "telegram_hostile",
        )


def presences(bodies: Sequence[Body], seed: int, closed: Collection[str]) -> list[Presence]:
    """The accounts in the order of the register: groups first, then channels.

    Args:
        bodies: The institutions.
        seed: The world's seed.
        closed: Ids of the liquidated institutions.
    """
    found = []
    for network, share, cases in (("ok", OK_SHARE, OK_CASES), ("telegram", TELEGRAM_SHARE, TELEGRAM_CASES)):
        chosen = _owners(bodies, seed, network, share, cases, closed)
        for place, body in enumerate(bodies):
            if body.institution_id in chosen:
                random = Random(f"{seed}:{network}:{body.institution_id}:account")
                make = _group if network == "ok" else _channel
                case, is_closed = chosen[body.institution_id], body.institution_id in closed
                found.append(make(body, place, random, case=case, is_body_closed=is_closed))
    return found


def plan_weeks(presence: Presence, window: Sequence[Week], last: Week, seed: int) -> list[WeekPlan]:
    """What an account publishes in each week of the window, its peculiarity included."""
    plans = []
    for week in window:
        random = Random(f"{seed}:{presence.account_id}:{week.label}")
        plan = posts.usual_week(presence.habit, week, ORDER_DATE, random)
        if presence.network == "telegram":
            plan = replace(plan, ads=0, visitors=0)  # it has no mark for ads, and only the channel posts
        age = round((last.start - week.start) / timedelta(weeks=1))
        plans.append(_peculiar(presence, plan, age))
    return plans


def drafts(presence: Presence, plans: Sequence[WeekPlan], now: datetime, seed: int, *further: Draft) -> list[Draft]:
    """All posts of an account, oldest first: planned ones, older ones, of the running week, and further ones."""
    found = list(further)
    for plan in plans:
        found += posts.drafts(plan, Random(f"{seed}:{presence.account_id}:{plan.week.label}:moments"))
    random = Random(f"{seed}:{presence.account_id}:older")
    if not presence.is_read_to_birth:
        found += posts.older_drafts(plans[0].week, random.randint(6, 14), random)
    return posts.spread([*found, *posts.running_week(now, random)], now)


def _peculiar(presence: Presence, plan: WeekPlan, age: int) -> WeekPlan:
    """The plan changed by the account's case; `age` is how many weeks before the last full one."""
    if presence.case in _CASE_PLANS:
        changes: dict[str, Any] = _CASE_PLANS[presence.case]
        return replace(plan, **changes)
    if presence.case in {"ok_week_edge", "telegram_week_edge"} and age in (0, 1):
        edge = plan.week.starts_at if age == 0 else plan.week.ends_at - timedelta(seconds=1)
        return replace(plan, own=3, ads=0, fixed=(edge,))
    if presence.is_read_to_birth:
        return posts.young_week(plan, age - 4)
    return plan


def _owners(
    bodies: Sequence[Body], seed: int, network: str, share: float, cases: Sequence[str], closed: Collection[str]
) -> dict[str, str]:
    """Ids of the institutions that have an account, each with its case; every case where there is room."""
    willing = {body.institution_id: Random(f"{seed}:{network}:{body.institution_id}").random() for body in bodies}
    chosen = {institution: "" for institution, chance in willing.items() if chance < share}
    places = [
        body.institution_id for body in bodies if body.kind == "subordinate" and body.institution_id not in closed
    ]
    holders = [institution for institution in places if institution in chosen]
    step = max(1, len(holders) // len(cases))
    free = sorted((each for each in places if each not in chosen), key=willing.__getitem__)
    return chosen | dict(zip([*holders[::step], *free], cases, strict=False))


def _group(body: Body, place: int, random: Random, *, case: str, is_body_closed: bool) -> Presence:
    number = FIRST_OK_GROUP + 7_919 * (place + 10)
    is_numbered = random.random() < 0.25
    has_name = not is_numbered or random.random() < 0.4  # registered by number, took a short name later
    is_marked = body.kind != "other" and random.random() < 0.88
    return Presence(
        account_id=f"ok:{number if is_numbered else body.stem}",
        network="ok",
        number=number,
        name=body.stem if has_name else "",
        body=body,
        case=case,
        habit=_habit(case, random),
        has_known_id=is_numbered or random.random() < 0.3,
        is_body_closed=is_body_closed,
        opened_on=None if case == "ok_short" else opening(random),
        members=random.randint(80, 4_000),
        mark=MARKS.get(case, is_marked),
    )


def _channel(body: Body, place: int, random: Random, *, case: str, is_body_closed: bool) -> Presence:  # noqa: ARG001 - as `_group`
    return Presence(
        account_id=f"telegram:{body.stem}",
        network="telegram",
        number=0,
        name=body.stem,
        body=body,
        case=case,
        habit=_habit(case, random),
        has_known_id=False,
        is_body_closed=is_body_closed,
        opened_on=None if case == "telegram_short" else opening(random),
        members=random.choice((random.randint(1, 900), random.randint(900, 60_000))),
    )


def _habit(case: str, random: Random) -> str:
    habit = random.choice(("active", "active", "active", "borderline", "borderline", "quiet", "gaps", "reposts"))
    return CASE_HABITS.get(case, habit if habit in HABITS else "active")
