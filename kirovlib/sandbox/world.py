"""The emulated world: institutions, their VK communities and walls, and the truth about them.

The truth (`counts`, `verdicts`) comes from the plan that the walls are written from, never from the walls
themselves, and nothing here imports the code that is tested against it.
"""

# ruff: noqa: PLR2004, S311 - chances of a made-up world, none of them a secret or a threshold

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import pandas as pd

from kirovlib.sandbox import names, posts
from kirovlib.sandbox.members import Member, group_json, members, register_url
from kirovlib.sandbox.portal import BARE
from kirovlib.sandbox.posts import Draft, WeekPlan
from kirovlib.sandbox.truth import ORDER_DATE, verdicts
from kirovlib.tables import Accounts, Institutions, validate
from kirovlib.weeks import Week, last_full_week

DEMO_NOW = datetime(2024, 7, 15, 6, tzinfo=UTC)
LIQUIDATED = "Ликвидация"


@dataclass(frozen=True)
class World:
    """A seeded world at a fixed moment.

    Attributes:
        now: The moment (UTC) that the networks believe it is.
        institutions: `tables.Institutions`.
        accounts: `tables.Accounts`.
        groups: VK communities by number, with every field that can be asked for.
        walls: VK posts by community, newest first, the pinned one at its natural place; also holds what a
            reader never gets (`post_type` "postpone" and "suggest").
        counts: The truth: account_id, week_start (local Monday), own_count (own posts that are no reposts),
            repost_count, visitor_count, ad_count (of own), removed_count (0), is_readable (the wall is open).
        verdicts: The truth: clause, account_id, period (`2024-W21`), verdict, reason, note. `posts_per_week`
            for every week; the clauses on the profile for the last full week, judged by a snapshot of `now`.
        cases: Name of a peculiarity -> account_id; `portal_…` for the links of clause 2.4.
    """

    now: datetime
    institutions: pd.DataFrame
    accounts: pd.DataFrame
    groups: dict[int, dict[str, Any]]
    walls: dict[int, list[dict[str, Any]]]
    counts: pd.DataFrame
    verdicts: pd.DataFrame
    cases: dict[str, str]

    @property
    def mode(self) -> str:
        """What the `Server` header says."""
        return "world"


def build_world(*, institutions: int = 60, weeks: int = 12, seed: int = 131, now: datetime = DEMO_NOW) -> World:
    """A world; the same arguments give the same world to the byte.

    Args:
        institutions: How many, at least 1. From 60 on every case of `cases` is there.
        weeks: Full weeks before `now` that are planned, at least 1.
        seed: Anything; names and accounts depend on it, `institutions` and the last full week only.
        now: The present moment there, UTC.

    Example:
        >>> world = build_world(institutions=8, weeks=2)
        >>> sorted(world.counts["week_start"].dt.strftime("%d.%m.%Y").unique())
        ['01.07.2024', '08.07.2024']
    """
    last = last_full_week(now)
    window = [last.shifted(offset) for offset in range(1 - weeks, 1)]
    bodies = names.bodies(institutions, seed)
    found = members(bodies, seed, last)
    plans = {member.account_id: plan_weeks(member, window, last, seed) for member in found}
    liquidated = {member.body.institution_id for member in found if member.case == "closed_body"}
    return World(
        now=now,
        institutions=_institutions(bodies, liquidated),
        accounts=_accounts(found, last, seed),
        groups={member.group: group_json(member) for member in found},
        walls={member.group: _wall(member, plans[member.account_id], now, seed) for member in found},
        counts=pd.DataFrame([row for member in found for row in _counts(member, plans[member.account_id])]),
        verdicts=pd.DataFrame([row for member in found for row in verdicts(member, plans[member.account_id])]),
        cases=_cases(found),
    )


def plan_weeks(member: Member, window: list[Week], last: Week, seed: int) -> list[WeekPlan]:
    """What an account publishes in each week of the window, its peculiarity included."""
    plans = []
    for week in window:
        random = Random(f"{seed}:{member.account_id}:{week.label}")
        plan = posts.usual_week(member.habit, week, ORDER_DATE, random)
        age = round((last.start - week.start) / timedelta(weeks=1))
        plans.append(_peculiar(member, plan, age, random))
    return plans


def _peculiar(member: Member, plan: WeekPlan, age: int, random: Random) -> WeekPlan:
    """The plan changed by the account's case; `age` is how many weeks before the last full one."""
    simple: dict[str, dict[str, Any]] = {
        "repost_with_words": {"own": 2, "reposts": random.randint(2, 3), "ads": 0},
        "visitors": {"own": 1, "visitors": random.randint(3, 5), "ads": 0},
        "ads": {"own": 3, "ads": random.randint(1, 2)},
        "album": {"own": 2, "ads": 0},
        "long_wall": {"own": random.randint(10, 12)},
        "gone": {"own": 0, "reposts": 0, "visitors": 0, "ads": 0},
    }
    if member.case in simple:
        return replace(plan, **simple[member.case])
    if member.case == "week_edge" and age in (2, 3):
        edge = plan.week.starts_at if age == 2 else plan.week.ends_at - timedelta(seconds=1)
        return replace(plan, own=3, ads=0, fixed=(edge,))
    if member.case == "edited" and age == 2:
        evening = plan.week.ends_at - timedelta(hours=2, minutes=-10, seconds=-7)
        return replace(plan, own=3, ads=0, fixed=(evening,))
    if member.case in {"opened_in_week", "short_wall"}:
        return _born(plan, age - (0 if member.case == "opened_in_week" else 4))
    if member.closed_on is not None and plan.week.until > member.closed_on:
        return _ended(plan, member.closed_on)
    return plan


def _born(plan: WeekPlan, age: int) -> WeekPlan:
    """Nothing before the birth (`age` > 0), two posts from Wednesday in its week, three a week later."""
    if age > 0:
        return WeekPlan(plan.week, 0)
    return WeekPlan(plan.week, 2, days=(2, 6)) if age == 0 else WeekPlan(plan.week, 3)


def _ended(plan: WeekPlan, closed_on: date) -> WeekPlan:
    if closed_on <= plan.week.start:
        return WeekPlan(plan.week, 0)
    return replace(plan, visitors=0, days=(0, (closed_on - plan.week.start).days - 1))


def _cases(found: list[Member]) -> dict[str, str]:
    """The first account of each case; of the links only accounts that are judged by them."""
    judged = [
        member
        for member in found
        if member.body.kind != "other" and member.case not in {"gone", "closed_body", "account_closed"}
    ]
    links = {f"portal_{member.scenario}": member.account_id for member in reversed(judged)}
    bare = {name: links[f"portal_{name}"] for name in BARE if f"portal_{name}" in links}
    return {member.case: member.account_id for member in reversed(found) if member.case} | bare | links


def _wall(member: Member, plans: list[WeekPlan], now: datetime, seed: int) -> list[dict[str, Any]]:
    if member.is_gone:
        return []
    found: list[Draft] = []
    for plan in plans:
        random = Random(f"{seed}:{member.account_id}:{plan.week.label}:moments")
        found += posts.drafts(plan, random)
    random = Random(f"{seed}:{member.account_id}:wall")
    is_young = member.case in {"opened_in_week", "short_wall"}
    if not is_young:
        found += posts.older_drafts(plans[0].week, random.randint(6, 14), random)
    if member.closed_on is None:
        found += _running_week(now, random)
    pinned_at = now - timedelta(days=243, seconds=11)
    if member.case == "pinned_old":
        found.append(Draft(pinned_at, "own"))
    wall = posts.wall_json(posts.spread(found, now), member.style, random)
    _pin(wall, member, random)
    if member.case == "unpublished":
        wall = posts.unpublished_json(member.style, now, random) + wall
    return wall


def _running_week(now: datetime, random: Random) -> list[Draft]:
    """At most one post between Monday and now."""
    seconds = int((now - Week.of(now).starts_at).total_seconds())
    if seconds < 3600 or random.random() < 0.6:
        return []
    return [Draft(now - timedelta(seconds=random.randrange(60, min(seconds, 7200))), "own")]


def _pin(wall: list[dict[str, Any]], member: Member, random: Random) -> None:
    """Pins a post on a third of the walls; the oldest one where the case asks for it."""
    own = [post for post in wall if post["from_id"] == post["owner_id"] and "copy_history" not in post]
    wanted = member.case == "pinned_old" or random.random() < 0.33
    if own and wanted:
        oldest = min(own, key=lambda post: int(post["date"]))
        chosen = oldest if member.case == "pinned_old" else random.choice(own)
        chosen["is_pinned"] = 1


def _institutions(bodies: list[names.Body], liquidated: set[str]) -> pd.DataFrame:
    rows = [
        {
            "institution_id": body.institution_id,
            "name": body.name,
            "short_name": body.short_name,
            "kind": body.kind,
            "status": LIQUIDATED if body.institution_id in liquidated else None,
            "founder_id": body.founder_id,
            "sphere": body.sphere,
            "municipality": body.municipality,
            "ogrn": body.institution_id,
        }
        for body in bodies
    ]
    return validate(Institutions, pd.DataFrame(rows))


def _accounts(found: list[Member], last: Week, seed: int) -> pd.DataFrame:
    random = Random(f"{seed}:gospabliki")
    rows = []
    for member in found:
        connected = random.choices((True, False, None), (5, 1, 4))[0]
        rows.append(
            {
                "account_id": member.account_id,
                "platform_id": str(member.group) if member.has_known_id else None,
                "institution_id": member.body.institution_id,
                "platform": "vk",
                "url": register_url(member),
                "opened_on": _moment(member.opened_on),
                "closed_on": _moment(member.closed_on),
                "gospabliki_connected": connected,
                "gospabliki_on": None if connected is None else _moment(last.shifted(-2).start),
                "gospabliki_source": None if connected is None else "Сводка учредителя (вымышленная)",
            }
        )
    return validate(Accounts, pd.DataFrame(rows))


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())


def _counts(member: Member, plans: list[WeekPlan]) -> Iterator[dict[str, Any]]:
    for plan in plans:
        yield {
            "account_id": member.account_id,
            "week_start": pd.Timestamp(plan.week.start),
            "own_count": plan.own,
            "repost_count": plan.reposts,
            "visitor_count": plan.visitors,
            "ad_count": plan.ads,
            "removed_count": 0,
            "is_readable": not (member.is_gone or member.is_wall_closed),
        }
