"""What happens to accounts of a world while they are read: the `world` kinds of `faults`.

A change waits until the client was told something that it makes stale, so that it happens in every run, however many
calls the run takes: a wall closes after its page was read, a post appears after the first page of posts.

The truth about accounts that stay readable does not change: the new post is of the running week, which no truth counts,
and a renamed account keeps its number, for which reason Telegram, where there is none, renames nobody. Only accounts
in `Faults.changed[…, "closed_wall"]` stop being readable.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from kirovlib.sandbox import vkscript
from kirovlib.sandbox.faults import Call, Faults
from kirovlib.sandbox.ok_topics import Topic
from kirovlib.sandbox.sources import WorldSource
from kirovlib.sandbox.telegram_messages import Message
from kirovlib.sandbox.world import World
from kirovlib.weeks import Week

POST_AGE = timedelta(seconds=20)  # younger than any post of a world
NEW_POST_TEXT = "Объявление, которое появилось, пока читали ленту."
PROFILE, POSTS = "profile", "posts"


class LiveWorld:
    """A copy of a world that goes on while it is read.

    Args:
        source: The world as VK's source; it stays as it is.
        faults: Says which kinds, and is told what happened.

    Attributes:
        source: The changing copy.
    """

    def __init__(self, source: WorldSource, faults: Faults) -> None:
        self.source = _LiveVk(_copied(source.world), pinned_repeats=source.pinned_repeats, post_bytes=source.post_bytes)
        world = self.source.world
        changes = (VkChanges(self.source, faults), OkChanges(world, faults), TelegramChanges(world, faults))
        self._changes: dict[str, Changes] = {each.network: each for each in changes}

    def after(self, call: Call) -> None:
        """A call was answered whole and without an error."""
        self._changes[call.network].after(call)


class Changes(ABC):
    """What happens to the accounts of one network: which ones is the seed's choice, no account has two changes.

    One wall closes after its page was read and one after the first of its posts; one account in ten, at least one,
    gets a new post. Those with most posts are chosen where a second page of them matters.
    """

    network = ""
    has_numbers = True

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._events: defaultdict[tuple[str, str], list[tuple[str, Callable[[str], None]]]] = defaultdict(list)
        accounts = sorted(self.accounts())
        Random(f"{faults.seed}:{self.network}:world").shuffle(accounts)  # noqa: S311 - a rehearsal, not a secret
        many = max(1, len(accounts) // 10)
        longest = sorted(accounts, key=self.post_count, reverse=True)[: many + 1]
        others = [account for account in accounts if account not in longest]
        plan = (
            ("closed_wall", POSTS, longest[:1], self.close),
            ("new_post", POSTS, longest[1:], self.publish),
            ("closed_wall", PROFILE, others[:1], self.close),
            ("renamed", PROFILE, others[1:2] if self.has_numbers else [], self.rename),
        )
        for kind, stage, chosen, change in plan:
            for account in chosen if kind in faults.kinds else ():
                self._events[account, stage].append((kind, change))

    def after(self, call: Call) -> None:
        """Let happen what waited for this call."""
        for account, stage in list(self.told(call)):
            for kind, change in self._events.pop((account, stage), ()):
                change(account)
                self._faults.happened(self.network, kind, account)

    @abstractmethod
    def accounts(self) -> list[str]:
        """Accounts that can be read and have posts."""

    @abstractmethod
    def post_count(self, account: str) -> int:
        """How many posts an account has."""

    @abstractmethod
    def told(self, call: Call) -> Iterator[tuple[str, str]]:
        """The accounts a call told of, each with `PROFILE` or, for the first page of its posts, `POSTS`."""

    @abstractmethod
    def close(self, account: str) -> None:
        """Only members may read the posts any more."""

    def rename(self, account: str) -> None:
        """Another short name; nobody takes the old one."""
        raise NotImplementedError(account)

    @abstractmethod
    def publish(self, account: str) -> None:
        """A new post at the top."""


class _LiveVk(WorldSource):
    """VK over a world in which short names can change."""

    def number(self, key: str) -> str:
        """The community of an id or a short name, blank for none."""
        return str(self._number(key) or "")

    def rename(self, number: int, name: str) -> None:
        """Give a community another short name."""
        group = self.world.groups[number]
        self._numbers.pop(group["screen_name"], None)
        self._numbers[name] = number
        group["screen_name"] = name


class VkChanges(Changes):
    """What happens to VK's communities; accounts are their numbers."""

    network = "vk"

    def __init__(self, source: _LiveVk, faults: Faults) -> None:
        self._source, self._world = source, source.world
        super().__init__(faults)
        if "no_menu" in faults.kinds:
            self._drop_menus()

    def accounts(self) -> list[str]:
        """See `Changes`."""
        groups = self._world.groups
        return [
            str(number)
            for number, posts in self._world.walls.items()
            if posts and not groups[number]["is_closed"] and "deactivated" not in groups[number]
        ]

    def post_count(self, account: str) -> int:
        """See `Changes`."""
        return len(self._world.walls[int(account)])

    def told(self, call: Call) -> Iterator[tuple[str, str]]:
        """See `Changes`."""
        calls: list[tuple[str, Mapping[str, str]]] = [(call.method, call.parameters)]
        if call.method == "execute":
            parsed = vkscript.parse(call.parameters["code"])
            calls = list(parsed) if isinstance(parsed, vkscript.Calls) else []
        for method, parameters in calls:
            if method == "groups.getById":
                keys = parameters.get("group_ids") or parameters.get("group_id") or ""
                yield from ((self._source.number(key), PROFILE) for key in keys.split(","))
            elif method == "wall.get" and parameters.get("offset", "0") == "0":
                yield self._source.number(parameters.get("owner_id") or parameters.get("domain") or ""), POSTS

    def close(self, account: str) -> None:
        """See `Changes`."""
        self._world.groups[int(account)]["is_closed"] = 1

    def rename(self, account: str) -> None:
        """See `Changes`."""
        self._source.rename(int(account), f"{self._world.groups[int(account)]['screen_name']}_new")

    def publish(self, account: str) -> None:
        """See `Changes`."""
        wall = self._world.walls[int(account)]
        published = [post for post in wall if post["post_type"] == "post"]
        kept = {name: value for name, value in published[0].items() if name not in {"copy_history", "is_pinned"}}
        new = {
            "id": max(post["id"] for post in published) + 1,
            "from_id": -int(account),
            "date": int(moment(self._world.now).timestamp()),
            "marked_as_ads": 0,
            "text": NEW_POST_TEXT,
        }
        wall.insert(0, {name: value for name, value in (kept | new).items() if name != "edited"})

    def _drop_menus(self) -> None:
        for group in self._world.groups.values():
            group.pop("menu", None)
        self._faults.happened(self.network, "no_menu")


class OkChanges(Changes):
    """What happens to groups of Odnoklassniki; accounts are their numbers."""

    network = "ok"

    def __init__(self, world: World, faults: Faults) -> None:
        self._world, self._groups = world, world.ok
        super().__init__(faults)

    def accounts(self) -> list[str]:
        """See `Changes`."""
        return [str(number) for number, group in self._groups.items() if group.access == "open" and group.topics]

    def post_count(self, account: str) -> int:
        """See `Changes`."""
        return len(self._groups[int(account)].topics)

    def told(self, call: Call) -> Iterator[tuple[str, str]]:
        """See `Changes`."""
        if call.method == "group.getInfo":
            yield from ((number.strip(), PROFILE) for number in call.parameters["uids"].split(","))
        elif call.method == "stream.get" and not call.parameters.get("anchor"):
            yield call.parameters["gid"], POSTS

    def close(self, account: str) -> None:
        """See `Changes`."""
        group = self._groups[int(account)]
        fields = {**group.fields, "access_type": "CLOSED", "private": True}
        self._groups[group.number] = replace(group, access="closed", fields=fields)

    def rename(self, account: str) -> None:
        """See `Changes`."""
        group = self._groups[int(account)]
        self._groups[group.number] = replace(group, shortname=f"{group.shortname or 'group'}.new")

    def publish(self, account: str) -> None:
        """See `Changes`."""
        group = self._groups[int(account)]
        now = moment(self._world.now)
        topic = Topic(max(each.number for each in group.topics) + 1, now, now, NEW_POST_TEXT)
        self._groups[group.number] = replace(group, topics=[topic, *group.topics])


class TelegramChanges(Changes):
    """What happens to Telegram's channels; accounts are their names, lower case.

    A closed channel is one that became private: its name is free from then on, and its page leads to the home page.
    """

    network = "telegram"
    has_numbers = False

    def __init__(self, world: World, faults: Faults) -> None:
        self._world, self._channels = world, world.telegram
        super().__init__(faults)

    def accounts(self) -> list[str]:
        """See `Changes`."""
        return [name for name, channel in self._channels.items() if channel.messages and not channel.is_group]

    def post_count(self, account: str) -> int:
        """See `Changes`."""
        return len(self._channels[account].messages)

    def told(self, call: Call) -> Iterator[tuple[str, str]]:
        """See `Changes`; the first page is all there is of a channel's profile."""
        if call.method == "page" and not {"before", "after"} & call.parameters.keys():
            name = call.parameters["name"].lower()
            yield from ((name, PROFILE), (name, POSTS))

    def close(self, account: str) -> None:
        """See `Changes`."""
        del self._channels[account]

    def publish(self, account: str) -> None:
        """See `Changes`."""
        channel = self._channels[account]
        last = channel.messages[-1]
        new = Message(last.number + last.count, moment(self._world.now), NEW_POST_TEXT, views=1)
        self._channels[account] = replace(channel, messages=[*channel.messages, new])


def moment(now: datetime) -> datetime:
    """When a new post appears, UTC: just before `now`, but never in a week that is over."""
    return max(now - POST_AGE, Week.of(now).starts_at)


def _copied(world: World) -> World:
    """A world whose accounts can be changed without changing the given one's."""
    groups = {number: dict(group) for number, group in world.groups.items()}
    walls = {number: list(posts) for number, posts in world.walls.items()}
    return replace(world, groups=groups, walls=walls, ok=dict(world.ok), telegram=dict(world.telegram))
