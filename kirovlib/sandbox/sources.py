"""What the emulated networks take their answers from: a world or, for VK, a recording."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from kirovlib.sandbox.world import World

UNPUBLISHED = ("postpone", "suggest")
WALL_CLOSED = (15, "Access denied: this wall available only for community members")
WALL_GONE = (18, "User was deleted or banned")
BASE_FIELDS = (
    *("id", "name", "screen_name", "is_closed", "deactivated", "type"),
    *("photo_50", "photo_100", "photo_200"),
)


class VkFailure(Exception):  # noqa: N818 - an answer of the network, not a fault of ours
    """An answer of VK that is an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(what: str) -> VkFailure:
    """Error 100."""
    return VkFailure(100, f"One of the parameters specified was missing or invalid: {what}")


class Fetched(NamedTuple):
    """A value of a source and the moment (UTC) from which it speaks."""

    value: Any
    moment: datetime


class Stage(Protocol):
    """Something that holds the world as it is now; another one may take its place between two calls."""

    world: World


@dataclass
class Scene:
    """A world that can be exchanged while it is read.

    Attributes:
        world: What the emulators show from now on.
    """

    world: World


def stage_of(source: World | Stage) -> Stage:
    """The source itself, or one that holds the given world."""
    return Scene(source) if isinstance(source, World) else source


class VkSource(Protocol):
    """What answers are taken from: a world or a recording."""

    @property
    def mode(self) -> str:
        """`world` or `replay`."""

    @property
    def now(self) -> datetime:
        """The moment the network believes it is, UTC."""

    def vk_groups(self, keys: Sequence[str], fields: frozenset[str]) -> Fetched:
        """The communities of these ids or short names; unknown ones are left out."""

    def vk_wall(self, key: str, offset: int, count: int, chosen: str) -> Fetched:
        """A page of the wall of a community's id or short name, as the value of `response`."""

    def vk_resolve(self, name: str) -> Fetched:
        """The value of `response` of `utils.resolveScreenName`."""


@dataclass
class WorldSource:
    """A `World` as a source.

    Attributes:
        world: The world.
        pinned_repeats: Whether the pinned post comes a second time at its natural place; not known of VK.
        post_bytes: Size that each post is padded to; 0 leaves it as it is, a recorded post has 5,700.
    """

    world: World
    pinned_repeats: bool = False
    post_bytes: int = 0
    mode: str = "world"
    _numbers: dict[str, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._numbers = {group["screen_name"]: number for number, group in self.world.groups.items()}

    @property
    def now(self) -> datetime:
        """The world's fixed moment."""
        return self.world.now

    def vk_groups(self, keys: Sequence[str], fields: frozenset[str]) -> Fetched:
        """See `VkSource`."""
        numbers = dict.fromkeys(number for number in map(self._number, keys) if number is not None)
        groups = [self.world.groups[number] for number in numbers]
        shown = [
            {name: value for name, value in group.items() if name in BASE_FIELDS or name in fields} for group in groups
        ]
        return Fetched(shown, self.now)

    def vk_wall(self, key: str, offset: int, count: int, chosen: str) -> Fetched:
        """See `VkSource`."""
        number = self._number(key)
        if number is None:
            msg = "owner_id is incorrect"
            raise invalid(msg)
        group = self.world.groups[number]
        if "deactivated" in group:
            raise VkFailure(*WALL_GONE)
        if group["is_closed"]:
            raise VkFailure(*WALL_CLOSED)
        posts = [post for post in self.world.walls[number] if _is_shown(post, chosen)]
        pinned = [post for post in posts if post.get("is_pinned")]
        others = posts if self.pinned_repeats else [post for post in posts if not post.get("is_pinned")]
        page = [self._padded(post) for post in (pinned + others)[offset : offset + count]]
        return Fetched({"count": len(posts), "items": page}, self.now)

    def vk_resolve(self, name: str) -> Fetched:
        """See `VkSource`."""
        number = self._number(name)
        return Fetched([] if number is None else {"type": "group", "object_id": number}, self.now)

    def _number(self, key: str) -> int | None:
        number = number_in(key)
        if number is not None:
            return number if number in self.world.groups else None
        return self._numbers.get(key)

    def _padded(self, post: dict[str, Any]) -> dict[str, Any]:
        missing = self.post_bytes - len(json.dumps(post, ensure_ascii=False).encode())
        if missing <= 0:
            return post
        padding = {
            "type": "photo",
            "photo": {"sizes": [{"url": "https://photo.sandbox.invalid/" + "x" * missing}]},
        }
        return post | {"attachments": [*post["attachments"], padding]}


def number_in(key: str) -> int | None:
    """The number in `123`, `-123`, `club123`, `public123` or `event123`; None for a short name."""
    match = re.fullmatch(r"-?(\d+)|(?:club|public|event)(\d+)", key.strip())
    return int(match[1] or match[2]) if match else None


def _is_shown(post: Mapping[str, Any], chosen: str) -> bool:
    if post["post_type"] in UNPUBLISHED:
        return False
    own = post["from_id"] == post["owner_id"]
    return chosen == "all" or own == (chosen == "owner")
