"""The pages of t.me over a world, as `PLATFORMS.md` and recorded pages give them: a channel's posts, cards, the home.

A name that is free redirects to the home page, a group's to its card; both then answer 200.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from kirovlib.sandbox import telegram_html
from kirovlib.sandbox.sources import Stage, stage_of
from kirovlib.sandbox.telegram_messages import Channel, Message
from kirovlib.sandbox.world import World

MOST_MESSAGES = 20  # ids on a page; an album takes several and is one message


class Page(NamedTuple):
    """An answer.

    Attributes:
        status: HTTP status.
        html: The page, blank with a redirect.
        location: Where a redirect leads, below the site's root: blank for the home page, a name for its card.
        moment: The moment for its `Date`, UTC.
    """

    status: int
    html: str
    location: str
    moment: datetime


class TelegramSite:
    """t.me without HTTP.

    Args:
        source: A world, or what holds one: `Scene`, `WorldSource`. It is looked at anew with each call.
        faults: Called with `page`, `card` or `home`, the query with `name` in it, and the number of the call
            (from 1) before anything else; what it returns is the answer, None lets the call through.

    Attributes:
        call_count: Calls so far.

    Example:
        >>> from kirovlib.sandbox import build_world
        >>> site = TelegramSite(build_world(institutions=8, weeks=1))
        >>> site.page("nobody", {})[:3]
        (302, '', '')
    """

    def __init__(
        self,
        source: World | Stage,
        *,
        faults: Callable[[str, Mapping[str, str], int], Page | None] | None = None,
    ) -> None:
        self.call_count = 0
        self._stage = stage_of(source)
        self._faults = faults

    def page(self, name: str, query: Mapping[str, str]) -> Page:
        """`/s/<name>`: up to 20 messages, oldest first; `before` and `after` name ids that are not shown.

        Args:
            name: Of a channel, in any case.
            query: `before` or `after`; others do nothing.
        """
        fault = self._asked("page", {**query, "name": name})
        if fault is not None:
            return fault
        channel = self._stage.world.telegram.get(name.lower())
        if channel is None or channel.is_group:
            return self._answer(302, location=channel.name if channel is not None else "")
        shown = _chosen(channel.messages, query)
        first, last = (shown[0].number, shown[-1].number) if shown else (0, 0)
        older = first if any(message.number < first for message in channel.messages) else 0
        newer = last if any(message.number > last for message in channel.messages) else 0
        return self._answer(200, telegram_html.channel_page(channel, shown, older=older, newer=newer))

    def card(self, name: str) -> Page:
        """`/<name>`: who stands at a name, without any message; a free name has one too."""
        fault = self._asked("card", {"name": name})
        if fault is not None:
            return fault
        found: Channel | None = self._stage.world.telegram.get(name.lower())
        return self._answer(200, telegram_html.card(found, name))

    def home(self) -> Page:
        """What stands without a name."""
        fault = self._asked("home", {})
        return fault if fault is not None else self._answer(200, telegram_html.home())

    def _asked(self, method: str, parameters: Mapping[str, str]) -> Page | None:
        self.call_count += 1
        return None if self._faults is None else self._faults(method, parameters, self.call_count)

    def _answer(self, status: int, html: str = "", location: str = "") -> Page:
        return Page(status, html, location, self._stage.world.now)


def _chosen(messages: Sequence[Message], query: Mapping[str, str]) -> list[Message]:
    """The messages of a page, oldest first; an album is never cut."""
    before, after = (query.get(name, "") for name in ("before", "after"))
    if after.isdecimal() and not before:
        return _filled(message for message in messages if message.number > int(after))
    older = [message for message in messages if not before.isdecimal() or message.number < int(before)]
    return _filled(reversed(older))[::-1]


def _filled(messages: Iterable[Message]) -> list[Message]:
    """As many of the first messages as a page holds."""
    found: list[Message] = []
    ids = 0
    for message in messages:
        ids += message.count
        if ids > MOST_MESSAGES:
            break
        found.append(message)
    return found
