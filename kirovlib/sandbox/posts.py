"""Posts of the emulated institutions: a plan for each week first, the JSON of the wall after it.

The truth of the world is the plan; nobody counts the JSON.
"""

# ruff: noqa: PLR2004 - chances of a made-up world, none of them a secret or a threshold

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from kirovlib.sandbox import texts
from kirovlib.settings import ZONE
from kirovlib.weeks import Week, local_date

HOLIDAYS = {(5, 1), (5, 9), (6, 12)}
VISITOR_IDS = 1_990_000_000  # far above the numbers VK gives to people today
DAY_WEIGHTS = (10, 11, 10, 10, 9, 3, 2)
HOURS = tuple(range(7, 22))
HOUR_WEIGHTS = (2, 5, 9, 12, 10, 8, 9, 11, 10, 8, 5, 3, 2, 2, 1)

# habit -> own posts a week (from, to), reposts a week (from, to)
HABITS = {
    "active": ((4, 9), (0, 2)),
    "borderline": ((2, 4), (0, 2)),
    "quiet": ((0, 2), (0, 1)),
    "gaps": ((3, 6), (0, 1)),
    "reposts": ((0, 2), (3, 6)),
}


@dataclass(frozen=True)
class WeekPlan:
    """What an account publishes in a week.

    Attributes:
        week: The week, Kirov time.
        own: Posts of its own that are no reposts; `ads` of them are marked as ads.
        reposts: Reposts on its own wall.
        visitors: Posts by others on its wall.
        ads: See `own`.
        days: First and last day used, 0 is Monday.
        fixed: Moments (UTC) of the first own posts; the others fall where the rhythm puts them.
    """

    week: Week
    own: int
    reposts: int = 0
    visitors: int = 0
    ads: int = 0
    days: tuple[int, int] = (0, 6)
    fixed: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A post before it is written: its moment (UTC) and `own`, `repost` or `visitor`.

    Odnoklassniki have `hidden` besides, Telegram `service`; both are nobody's publications.
    """

    posted_at: datetime
    kind: str
    is_ad: bool = False


@dataclass(frozen=True)
class Style:
    """What the posts of one account look like."""

    group: int
    sphere: str
    members: int
    is_signed: bool = False
    has_words: bool = False
    has_album: bool = False
    is_hostile: bool = False
    is_edited_late: bool = False


def usual_week(habit: str, week: Week, order_date: date, random: Random) -> WeekPlan:
    """The plan of a week by habit: a little better once the order is in force, poorer on holidays."""
    (low, high), (fewest, most) = HABITS[habit]
    own = random.randint(low, high)
    if week.start > order_date and random.random() < 0.45:
        own += 1
    if _has_holiday(week) and own and random.random() < 0.5:
        own -= 1
    if habit == "gaps" and week.start.isocalendar().week % 7 in (2, 3):
        own = 0
    ads = int(own > 0 and random.random() < 0.08)
    visitors = int(random.random() < 0.1)
    return WeekPlan(week, own, random.randint(fewest, most), visitors, ads)


def young_week(plan: WeekPlan, age: int) -> WeekPlan:
    """Nothing before the birth (`age` > 0), two posts from Wednesday in its week, three a week later."""
    if age > 0:
        return WeekPlan(plan.week, 0)
    return WeekPlan(plan.week, 2, days=(2, 6)) if age == 0 else WeekPlan(plan.week, 3)


def drafts(plan: WeekPlan, random: Random) -> list[Draft]:
    """The posts of a planned week, in no order."""
    kinds = ["own"] * plan.own + ["repost"] * plan.reposts + ["visitor"] * plan.visitors
    found = []
    for position, kind in enumerate(kinds):
        moment = plan.fixed[position] if position < len(plan.fixed) else _moment(plan, random)
        found.append(Draft(moment, kind, kind == "own" and position < plan.ads))
    return found


def older_drafts(first: Week, count: int, random: Random) -> list[Draft]:
    """So many posts, own and reposts, of the 20 weeks before a week."""
    return [
        Draft(
            _moment(WeekPlan(first.shifted(-random.randint(1, 20)), 1), random),
            "repost" if random.random() < 0.2 else "own",
        )
        for _ in range(count)
    ]


def running_week(now: datetime, random: Random) -> list[Draft]:
    """At most one post between Monday and now."""
    seconds = int((now - Week.of(now).starts_at).total_seconds())
    if seconds < 3600 or random.random() < 0.6:
        return []
    return [Draft(now - timedelta(seconds=random.randrange(60, min(seconds, 7200))), "own")]


def spread(found: Sequence[Draft], limit: datetime) -> list[Draft]:
    """The posts, oldest first, no two in the same second, none at `limit` or later."""
    taken: set[datetime] = set()
    spaced = []
    for draft in sorted(found, key=lambda each: each.posted_at):
        moment = draft.posted_at
        step = timedelta(seconds=-1 if moment.second else 1)
        while moment in taken:
            moment += step
        taken.add(moment)
        if moment < limit:
            spaced.append(replace(draft, posted_at=moment))
    return sorted(spaced, key=lambda each: each.posted_at)


def wall_json(found: Sequence[Draft], style: Style, random: Random) -> list[dict[str, Any]]:
    """The wall as `wall.get` gives it, newest first.

    Args:
        found: Posts, oldest first.
        style: What they look like.
        random: Source of ids, texts and counters.
    """
    number = random.randint(20, 400)
    wall = []
    for draft in found:
        number += random.randint(1, 3)
        wall.append(_post(draft, number, style, random))
    return wall[::-1]


def unpublished_json(style: Style, now: datetime, random: Random) -> list[dict[str, Any]]:
    """A postponed post and a suggested one: on the wall's books, but never returned to a reader."""
    postponed = _post(Draft(now + timedelta(days=2), "own"), 90_001, style, random)
    suggested = _post(Draft(now - timedelta(days=4), "visitor"), 90_002, style, random)
    return [postponed | {"post_type": "postpone"}, suggested | {"post_type": "suggest"}]


def text_of(kind: str, style: Style, random: Random) -> str:
    """What a post of this kind says; reposts often have no words of their own."""
    if kind == "visitor":
        return random.choice(texts.VISITORS)
    if kind == "repost":
        return random.choice(texts.REPOST_WORDS) if style.has_words or random.random() < 0.2 else ""
    if random.random() < (0.5 if style.is_hostile else 0.01):
        choice = random.choice(texts.HOSTILE)
    else:
        choice = random.choice(texts.GENERAL + texts.BY_SPHERE.get(style.sphere, ()))
    return choice.replace("{n}", str(random.randint(2, 4)))


def _has_holiday(week: Week) -> bool:
    days = [week.start + timedelta(days=offset) for offset in range(7)]
    return any((day.month, day.day) in HOLIDAYS for day in days)


def _moment(plan: WeekPlan, random: Random) -> datetime:
    days = range(plan.days[0], plan.days[1] + 1)
    dates = [plan.week.start + timedelta(days=offset) for offset in days]
    weights = [
        1 if (day.month, day.day) in HOLIDAYS else DAY_WEIGHTS[offset] for day, offset in zip(dates, days, strict=True)
    ]
    day = random.choices(dates, weights)[0]
    hour = random.choices(HOURS, HOUR_WEIGHTS)[0]
    at = time(hour, random.randrange(60), random.randrange(60))
    return datetime.combine(day, at, ZONE).astimezone(UTC)


def _post(draft: Draft, number: int, style: Style, random: Random) -> dict[str, Any]:
    views = random.randint(style.members // 20, style.members // 3) + 5
    own = draft.kind != "visitor"
    post: dict[str, Any] = {
        "id": number,
        "from_id": -style.group if own else VISITOR_IDS + random.randrange(10_000),
        "owner_id": -style.group,
        "date": int(draft.posted_at.timestamp()),
        "marked_as_ads": int(draft.is_ad),
        "post_type": "post",
        "text": text_of(draft.kind, style, random),
        "attachments": [],
        "post_source": {"type": random.choice(("vk", "api"))},
        "comments": {"count": random.randint(0, 6)},
        "likes": {"count": random.randint(0, views // 10)},
        "reposts": {"count": random.randint(0, 4)},
        "views": {"count": views},
        "is_favorite": False,
    }
    if draft.kind == "own":
        post["attachments"] = _attachments(number, style, random)
        if style.is_signed:
            post["signer_id"] = VISITOR_IDS + 50_000 + random.randrange(3)
    if draft.kind == "repost":
        post["copy_history"] = _copies(draft, random)
    late = _edited_late(draft, style)
    if late is not None:
        post["edited"] = int(late.timestamp())
    elif own and random.random() < 0.06:
        post["edited"] = post["date"] + random.randint(30, 1500)
    return post


def _edited_late(draft: Draft, style: Style) -> datetime | None:
    """After midnight, when the next week has begun."""
    is_late = draft.posted_at.astimezone(ZONE).hour >= 21 and local_date(draft.posted_at).weekday() == 6
    return draft.posted_at + timedelta(hours=4) if style.is_edited_late and is_late else None


def _copies(draft: Draft, random: Random) -> list[dict[str, Any]]:
    moment = draft.posted_at
    copies = []
    for _ in range(1 if random.random() < 0.9 else 2):
        moment -= timedelta(seconds=random.randint(600, 5 * 86_400))
        source = -(990_000_000 + 37 * random.randrange(8))
        copies.append(
            {
                "id": random.randint(100, 9_000),
                "owner_id": source,
                "from_id": source,
                "date": int(moment.timestamp()),
                "post_type": "post",
                "text": random.choice(texts.REPOSTED).replace("{n}", str(random.randint(2, 4))),
            }
        )
    return copies


def _attachments(number: int, style: Style, random: Random) -> list[dict[str, Any]]:
    count = 6 if style.has_album else random.choice((0, 1, 1, 1, 2))
    return [
        {
            "type": "photo",
            "photo": {
                "id": 457_000_000 + number * 10 + position,
                "album_id": -7,
                "owner_id": -style.group,
                "sizes": [
                    {
                        "type": "x",
                        "url": f"https://photo.sandbox.invalid/{style.group}/{number}_{position}.jpg",
                        "width": 604,
                        "height": 403,
                    }
                ],
            },
        }
        for position in range(count)
    ]
