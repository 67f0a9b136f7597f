"""The emulated world: institutions, their accounts and posts in the three networks, and the truth about them.

The truth (`counts`, `verdicts`, `marks`, `truth`) comes from the plan that the posts are written from, never from the
posts themselves, and nothing here imports the code that is tested against it.
"""

# ruff: noqa: PLR2004, S311 - chances of a made-up world, none of them a secret or a threshold

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import pandas as pd

from kirovlib.errors import ParameterError
from kirovlib.registry import Side
from kirovlib.sandbox import judgement, names, posts, presences
from kirovlib.sandbox.judgement import NETWORKS, Planned
from kirovlib.sandbox.members import Member, group_json, members, register_url
from kirovlib.sandbox.ok_topics import OkGroup, ok_group
from kirovlib.sandbox.portal import BARE
from kirovlib.sandbox.posts import Draft, WeekPlan
from kirovlib.sandbox.presences import Presence
from kirovlib.sandbox.side import side_registers
from kirovlib.sandbox.telegram_messages import Channel, channel
from kirovlib.sandbox.truth import ORDER_DATE, Judged, post_verdicts, verdicts
from kirovlib.tables import Accounts, Acknowledgements, Institutions, validate
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
        ok: Groups of Odnoklassniki by number, deleted ones among them.
        telegram: What stands at a name of Telegram: channels and groups. Free names are not there.
        counts: The truth: account_id, week_start (local Monday), own_count (own posts that are no reposts),
            repost_count, visitor_count, ad_count (of own), removed_count (0), is_readable (the posts are open).
            VK first, then Odnoklassniki, then Telegram, as in `accounts` and `verdicts`.
        verdicts: The truth: clause, account_id, period (`2024-W21`), verdict, reason, note. `posts_per_week`
            for every week; VK's clauses on the profile for the last full week, judged by a snapshot of `now`.
            Without exemptions and manual checks; with them, and of every clause: `truth`.
        marks: The truth: account_id of each group of Odnoklassniki -> whether it is marked as a state
            organisation, None where the network does not say.
        cases: Name of a peculiarity -> account_id; `portal_…` for the links of clause 2.4; `ok_…`, `telegram_…`.
        exemptions: `tables.Exemptions`.
        decisions: `tables.Decisions`.
        manual_checks: `tables.ManualChecks`.
        planned: What all of it was written from.
    """

    now: datetime
    institutions: pd.DataFrame
    accounts: pd.DataFrame
    groups: dict[int, dict[str, Any]]
    walls: dict[int, list[dict[str, Any]]]
    ok: dict[int, OkGroup]
    telegram: dict[str, Channel]
    counts: pd.DataFrame
    verdicts: pd.DataFrame
    marks: dict[str, bool | None]
    cases: dict[str, str]
    exemptions: pd.DataFrame
    decisions: pd.DataFrame
    manual_checks: pd.DataFrame
    planned: Planned = field(repr=False)

    @property
    def side(self) -> Side:
        """The registers beside the register; nobody's acquaintance with anything is recorded."""
        return Side(self.exemptions, self.decisions, validate(Acknowledgements, pd.DataFrame()), self.manual_checks)

    def truth(self, week: Week) -> pd.DataFrame:
        """What a right judgement of every clause in a week is, by one collection at `now`.

        Args:
            week: One of the planned weeks.

        Returns:
            clause, institution_id, account_id (blank for clauses on institutions), verdict, reason.

        Raises:
            ParameterError: The week was not planned.

        Example:
            >>> truth = build_world(institutions=8, weeks=2).truth(Week.parse("2024-W28"))
            >>> truth.query("clause == 'required_contents'")["reason"].value_counts().to_dict()
            {'list_not_provided': 19, 'not_in_scope': 3}
        """
        return judgement.truth(judgement.Facts(self.planned, self.accounts, self.side, week, self.now))

    @property
    def mode(self) -> str:
        """What the `Server` header says."""
        return "world"


def build_world(
    *,
    institutions: int = 60,
    weeks: int = 12,
    seed: int = 131,
    now: datetime = DEMO_NOW,
    networks: Sequence[str] = NETWORKS,
) -> World:
    """A world; the same arguments give the same world to the byte.

    Args:
        institutions: How many, at least 1. From 60 on every case of `cases` is there.
        weeks: Full weeks before `now` that are planned, at least 1.
        seed: Anything; names and accounts depend on it, `institutions` and the last full week only.
        now: The present moment there, UTC.
        networks: The networks in which the institutions have accounts; those in the others do not change by it.

    Raises:
        ParameterError: When a network is unknown.

    Example:
        >>> world = build_world(institutions=8, weeks=2)
        >>> sorted(world.counts["week_start"].dt.strftime("%d.%m.%Y").unique())
        ['01.07.2024', '08.07.2024']
    """
    if unknown := sorted(set(networks) - set(NETWORKS)):
        msg = f"Сети «{unknown[0]}» в песочнице нет. Есть: {', '.join(NETWORKS)}."
        raise ParameterError(msg)
    last = last_full_week(now)
    window = [last.shifted(offset) for offset in range(1 - weeks, 1)]
    bodies = names.bodies(institutions, seed)
    everyone = members(bodies, seed, last)
    closed = {member.body.institution_id for member in everyone if member.is_body_closed}
    found = everyone if "vk" in networks else []
    others = [each for each in presences.presences(bodies, seed, closed) if each.network in networks]
    owners: list[Judged] = [*found, *others]
    plans = {member.account_id: plan_weeks(member, window, last, seed) for member in found}
    plans |= {each.account_id: presences.plan_weeks(each, window, last, seed) for each in others}
    planned = Planned(bodies, closed, owners, plans, window)
    judged = [row for member in found for row in verdicts(member, plans[member.account_id])]
    judged += [row for each in others for row in post_verdicts(each, plans[each.account_id])]
    side = side_registers(planned, judged, seed)
    return World(
        now=now,
        institutions=_institutions(bodies, closed),
        accounts=validate(Accounts, pd.DataFrame([*_accounts(found, last, seed), *_further(others, last, seed)])),
        groups={member.group: group_json(member) for member in found},
        walls={member.group: _wall(member, plans[member.account_id], now, seed) for member in found},
        ok={each.number: ok_group(each, plans[each.account_id], now, seed) for each in others if each.number},
        telegram={
            each.name.lower(): channel(each, plans[each.account_id], now, seed)
            for each in others
            if each.network == "telegram" and each.case != "telegram_missing"
        },
        counts=pd.DataFrame([row for each in owners for row in _counts(each, plans[each.account_id])]),
        verdicts=pd.DataFrame(judged),
        marks={each.account_id: each.is_marked for each in others if each.network == "ok"},
        cases=_cases(found) | {each.case: each.account_id for each in others if each.case},
        exemptions=side.exemptions,
        decisions=side.decisions,
        manual_checks=side.manual_checks,
        planned=planned,
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
        return posts.young_week(plan, age - (0 if member.case == "opened_in_week" else 4))
    if member.closed_on is not None and plan.week.until > member.closed_on:
        return _ended(plan, member.closed_on)
    return plan


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
        found += posts.running_week(now, random)
    pinned_at = now - timedelta(days=243, seconds=11)
    if member.case == "pinned_old":
        found.append(Draft(pinned_at, "own"))
    wall = posts.wall_json(posts.spread(found, now), member.style, random)
    _pin(wall, member, random)
    if member.case == "unpublished":
        wall = posts.unpublished_json(member.style, now, random) + wall
    return wall


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


def _accounts(found: list[Member], last: Week, seed: int) -> Iterator[dict[str, Any]]:
    random = Random(f"{seed}:gospabliki")
    for member in found:
        place = {"platform": "vk", "url": register_url(member)}
        yield _account(member, member.group if member.has_known_id else 0, last, random) | place


def _further(others: list[Presence], last: Week, seed: int) -> Iterator[dict[str, Any]]:
    for each in others:
        random = Random(f"{seed}:{each.account_id}:gospabliki")
        place = {"platform": each.network, "url": each.url}
        yield _account(each, each.number if each.has_known_id else 0, last, random) | place


def _account(account: Judged, known: int, last: Week, random: Random) -> dict[str, Any]:
    connected = random.choices((True, False, None), (5, 1, 4))[0]
    return {
        "account_id": account.account_id,
        "platform_id": str(known) if known else None,
        "institution_id": account.body.institution_id,
        "opened_on": _moment(account.opened_on),
        "closed_on": _moment(account.closed_on),
        "gospabliki_connected": connected,
        "gospabliki_on": None if connected is None else _moment(last.shifted(-2).start),
        "gospabliki_source": None if connected is None else "Сводка учредителя (вымышленная)",
    }


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())


def _counts(account: Judged, plans: list[WeekPlan]) -> Iterator[dict[str, Any]]:
    for plan in plans:
        yield {
            "account_id": account.account_id,
            "week_start": pd.Timestamp(plan.week.start),
            "own_count": plan.own,
            "repost_count": plan.reposts,
            "visitor_count": plan.visitors,
            "ad_count": plan.ads,
            "removed_count": 0,
            "is_readable": not account.unreadable,
        }
