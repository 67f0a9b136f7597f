"""Channels of Telegram in the emulated world: their cards and messages; `telegram_html` writes the pages."""

# ruff: noqa: PLR2004, S311 - chances of a made-up world, none of them a secret or a threshold

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from kirovlib.sandbox import posts, presences, texts
from kirovlib.sandbox.posts import Draft, WeekPlan
from kirovlib.sandbox.presences import Presence
from kirovlib.sandbox.texts import FORWARDED_FROM, SERVICE_TEXTS, SIGNATURES

OLD_MARKUP, NEW_MARKUP = "2020", "2026"
ALBUM = (3, 6)  # pictures


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a channel.

    Attributes:
        number: Its id; the first one of an album.
        posted_at: UTC.
        text: Plain text, not yet escaped.
        count: How many ids it takes: more than one for an album.
        media: `photo`, `video` or blank.
        is_forward: Whether it is forwarded.
        source_title: From whom.
        source_name: The name of that channel, blank when the source is hidden.
        is_service: A service message that says so by its class.
        is_edited: Telegram does not say when.
        signature: Who signed it, blank when nobody.
        views: How often it was seen; 0 shows no views.
        reply_to: The id it answers to, 0 when none.
    """

    number: int
    posted_at: datetime
    text: str
    count: int = 1
    media: str = ""
    is_forward: bool = False
    source_title: str = ""
    source_name: str = ""
    is_service: bool = False
    is_edited: bool = False
    signature: str = ""
    views: int = 0
    reply_to: int = 0


@dataclass(frozen=True)
class Channel:
    """What stands at a name.

    Attributes:
        name: The name.
        title: As shown.
        description: As shown.
        members: Subscribers.
        is_group: Whether it is a group, which has a card but no preview of its messages.
        is_verified: Telegram's own tick.
        markup: `2020` or `2026`.
        messages: Oldest first.
    """

    name: str
    title: str
    description: str
    members: int
    is_group: bool = False
    is_verified: bool = False
    markup: str = NEW_MARKUP
    messages: list[Message] = field(default_factory=list)


def channel(presence: Presence, plans: Sequence[WeekPlan], now: datetime, seed: int) -> Channel:
    """The channel of a presence with everything it published before `now`."""
    random = Random(f"{seed}:{presence.account_id}:channel")
    is_group = presence.case == "telegram_group"
    is_hostile = presence.case == "telegram_hostile"
    return Channel(
        name=presence.name,
        title=texts.HOSTILE_NAMES[1] if is_hostile else presence.body.short_name,
        description=f"{presence.body.name}.\nОфициальный канал. Все совпадения случайны.",
        members=presence.members,
        is_group=is_group,
        is_verified=random.random() < 0.05,
        markup=OLD_MARKUP if presence.case == "telegram_old_markup" else NEW_MARKUP,
        messages=[] if is_group else _messages(presence, plans, now, seed, random),
    )


def _messages(presence: Presence, plans: Sequence[WeekPlan], now: datetime, seed: int, random: Random) -> list[Message]:
    found = presences.drafts(presence, plans, now, seed, *_service_drafts(presence, plans, random))
    young = presence.is_read_to_birth
    birth = (found[0].posted_at if found else now) - (timedelta(hours=1) if young else timedelta(days=300))
    messages = [Message(1, birth, "Channel created", is_service=True)]
    number = 2 if young else random.randint(20, 400)
    most_missing = 9 if presence.case == "telegram_gaps" else random.choice((0, 0, 1))
    for draft in found:
        message = _message(presence, draft, number, random, earlier=messages)
        messages.append(message)
        number += message.count + random.randint(0, most_missing)
    return messages


def _service_drafts(presence: Presence, plans: Sequence[WeekPlan], random: Random) -> list[Draft]:
    """A service message now and then; where the case asks for it two a week, one of them without its class."""
    found: list[Draft] = []
    is_case = presence.case == "telegram_service"
    for plan in plans:
        if is_case or (not presence.is_read_to_birth and random.random() < 0.08):
            kinds = ("service", "lookalike") if is_case else ("service",)
            moments = posts.drafts(WeekPlan(plan.week, len(kinds)), random)
            found += [Draft(each.posted_at, kind) for each, kind in zip(moments, kinds, strict=True)]
    return found


def _message(presence: Presence, draft: Draft, number: int, random: Random, *, earlier: Sequence[Message]) -> Message:
    if draft.kind == "service":
        return Message(number, draft.posted_at, random.choice(SERVICE_TEXTS), is_service=True)
    views = random.randint(1, presence.members + 20) * random.choice((1, 1, 30))
    if draft.kind == "lookalike":
        return Message(number, draft.posted_at, texts.SERVICE_LOOKALIKE, views=views)
    if draft.kind == "repost":
        title, name = random.choice(FORWARDED_FROM)
        words = random.choice(texts.REPOSTED).replace("{n}", str(random.randint(2, 4)))
        return Message(
            number, draft.posted_at, words, is_forward=True, source_title=title, source_name=name, views=views
        )
    return _own(presence, draft, number, random, views=views, earlier=earlier)


def _own(
    presence: Presence, draft: Draft, number: int, random: Random, *, views: int, earlier: Sequence[Message]
) -> Message:
    is_album = presence.case == "telegram_album" or (not presence.is_read_to_birth and random.random() < 0.05)
    text = posts.text_of("own", presence.style, random)
    if random.random() < 0.2:
        text += "\n\n#новости"
    return Message(
        number=number,
        posted_at=draft.posted_at,
        text=text,
        count=random.randint(*ALBUM) if is_album else 1,
        media="photo" if is_album else random.choice(("", "photo", "photo", "video")),
        is_edited=random.random() < (0.7 if presence.case == "telegram_edited" else 0.05),
        signature=random.choice(SIGNATURES) if random.random() < 0.1 else "",
        views=views,
        reply_to=random.choice(earlier).number if random.random() < 0.05 else 0,
    )
