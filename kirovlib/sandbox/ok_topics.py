"""Groups of Odnoklassniki in the emulated world: their pages and topics; `ok_json` writes them as the API does."""

# ruff: noqa: PLR2004, S311 - chances of a made-up world, none of them a secret or a threshold

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from kirovlib.sandbox import posts, presences, texts
from kirovlib.sandbox.posts import Draft, WeekPlan
from kirovlib.sandbox.presences import FIRST_OK_GROUP, Presence

FIRST_TOPIC = 990_500_000_000_000
FIRST_USER = 990_900_000_000  # far above the numbers Odnoklassniki give to people today
WAYS_TO_HIDE = ("is_hidden_post", "is_unpublished_post", "on_moderation")


@dataclass(frozen=True, slots=True)
class Original:
    """The topic of another group that a reshare shows."""

    number: int
    group: int
    posted_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic in a group's feed.

    Attributes:
        number: Its id.
        posted_at: When it was published, UTC.
        created_at: When it was written, UTC; earlier than `posted_at` for scheduled ones.
        text: May be blank in a reshare.
        photo_count: Pictures.
        author: The member who wrote it; 0 for the group.
        original: What it reshares.
        hidden: One of `WAYS_TO_HIDE`, blank for a published topic.
        is_ad: Marked as an ad.
        is_sticky: Pinned.
        comment_count, like_count, reshared_count: Reactions.
    """

    number: int
    posted_at: datetime
    created_at: datetime
    text: str
    photo_count: int = 0
    author: int = 0
    original: Original | None = None
    hidden: str = ""
    is_ad: bool = False
    is_sticky: bool = False
    comment_count: int = 0
    like_count: int = 0
    reshared_count: int = 0


@dataclass(frozen=True)
class OkGroup:
    """A group.

    Attributes:
        number: Its id.
        shortname: Its short name, blank when it has none.
        access: `open`; `closed`, the page is given and the feed is not; `dropped`, deleted and left out silently.
        fields: What `group.getInfo` gives when every field is asked for, except `uid` and `shortname`.
        topics: Newest first, the pinned one at its natural place.
    """

    number: int
    shortname: str
    access: str = "open"
    fields: dict[str, Any] = field(default_factory=dict)
    topics: list[Topic] = field(default_factory=list)


def ok_group(presence: Presence, plans: Sequence[WeekPlan], now: datetime, seed: int) -> OkGroup:
    """The group of a presence with everything it published before `now`."""
    access = {"ok_closed": "closed", "ok_dropped": "dropped"}.get(presence.case, "open")
    is_dropped = access == "dropped"
    topics = [] if is_dropped else list(_topics(presence, plans, now, seed))
    return OkGroup(presence.number, presence.name, access, {} if is_dropped else _fields(presence), topics[::-1])


def _topics(presence: Presence, plans: Sequence[WeekPlan], now: datetime, seed: int) -> Iterator[Topic]:
    random = Random(f"{seed}:{presence.account_id}:topics")
    further = []
    if presence.case == "ok_sticky_old":
        further.append(Draft(now - timedelta(days=243, seconds=11), "own"))
    if presence.case == "ok_hidden":
        for plan in plans:
            further += [Draft(each.posted_at, "hidden") for each in posts.drafts(WeekPlan(plan.week, 2), random)]
    found = presences.drafts(presence, plans, now, seed, *further)
    sticky = _sticky(presence, found, random)
    number = FIRST_TOPIC + random.randrange(10**12)
    for place, draft in enumerate(found):
        number += random.randint(100, 90_000)
        yield _topic(presence, draft, number, random, is_sticky=place == sticky)


def _sticky(presence: Presence, found: Sequence[Draft], random: Random) -> int:
    """Place of the pinned topic, -1 for none; the oldest where the case asks for it."""
    own = [place for place, draft in enumerate(found) if draft.kind == "own"]
    if presence.case == "ok_sticky_old":
        return own[0]
    return random.choice(own) if own and not presence.is_read_to_birth and random.random() < 0.2 else -1


def _topic(presence: Presence, draft: Draft, number: int, random: Random, *, is_sticky: bool) -> Topic:
    is_own = draft.kind in {"own", "hidden"}
    is_scheduled = draft.kind == "own" and random.random() < 0.06
    written_before = timedelta(hours=random.randint(5, 150)) if is_scheduled else timedelta()
    reached = random.randint(presence.members // 20, presence.members // 3) + 5
    return Topic(
        number=number,
        posted_at=draft.posted_at,
        created_at=draft.posted_at - written_before,
        text=posts.text_of(draft.kind, presence.style, random),
        photo_count=random.choice((0, 1, 1, 2)) if is_own else 0,
        author=FIRST_USER + random.randrange(10_000) if draft.kind == "visitor" else 0,
        original=_original(draft, number, random) if draft.kind == "repost" else None,
        hidden=random.choice(WAYS_TO_HIDE) if draft.kind == "hidden" else "",
        is_ad=draft.is_ad,
        is_sticky=is_sticky,
        comment_count=random.randint(0, 6),
        like_count=random.randint(0, reached // 10),
        reshared_count=random.randint(0, 4),
    )


def _original(draft: Draft, number: int, random: Random) -> Original:
    words = random.choice(texts.REPOSTED).replace("{n}", str(random.randint(2, 4)))
    age = timedelta(seconds=random.randint(600, 5 * 86_400))
    return Original(number - 7, FIRST_OK_GROUP + random.randrange(8), draft.posted_at - age, words)


def _fields(presence: Presence) -> dict[str, Any]:
    body, number = presence.body, presence.number
    is_closed = presence.case == "ok_closed"
    fields: dict[str, Any] = {
        "name": body.short_name,
        "description": f"{body.name}. Официальная группа. Все совпадения случайны.",
        "members_count": presence.members,
        "picAvatar": f"https://photo.sandbox.invalid/ok/{number}.jpg",
        "access_type": "CLOSED" if is_closed else "OPEN",
        "private": is_closed,
        "blocked": False,
        "premium": False,
        "rkn_mark": False,
        "homepage_url": f"https://{body.stem.replace('_', '-')}.example",
        "phone": f"+7 (000) 000-00-{number % 100:02d}",
        "shop_visible_admin": False,
        "shop_visible_public": False,
    }
    return fields if presence.mark is None else fields | {"gos_org": presence.mark}
