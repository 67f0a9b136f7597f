"""Reading one group's feed page by page: what an answer holds, what to ask next, when to stop, what is covered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from kirovlib.platforms import ok_reshare
from kirovlib.platforms.base import Window

_TOPIC = "media_topic:"
_IDLE_PAGES = 3  # so many pages in a row with nothing new: the network goes round in circles
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Moments outside are no milliseconds: seconds taken for them would be 1970, «older than the window».
_FIRST, _LAST = datetime(2006, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_LISTS = frozenset({"feeds", "media_topics"})
_OTHER_KEYS = frozenset({"entities", "anchor", "available", "has_more"})


class ShapeError(Exception):
    """An answer is no page of a feed as far as known."""


class Item(NamedTuple):
    """A topic of a feed.

    Attributes:
        feed: The feed's own item about it.
        topic: The topic's entity, empty when it was not given.
        posted_at: When it was published, UTC.
        placed_at: By which moment (UTC) it stands where it does: the later of the topic's and the feed's.
    """

    topic_id: str
    feed: dict[str, Any]
    topic: dict[str, Any]
    posted_at: datetime
    placed_at: datetime
    is_pinned: bool


class Seen(NamedTuple):
    """An item, when it was answered (UTC) and the SHA-256 of the stored answer."""

    item: Item
    answered_at: datetime
    sha256: str


@dataclass(frozen=True)
class Page:
    """A page of a feed.

    Attributes:
        items: The topics in the order of the feed.
        is_last: Whether the feed ends here: nothing came, or the network said that nothing follows (`stream.get` was
            never seen to say so).
        anchor: Where to go on, empty when not told.
    """

    items: tuple[Item, ...] = ()
    is_last: bool = True
    anchor: str = ""


def page_of(body: Any) -> Page:
    """An answer of `stream.get`, or of `mediatopic.getTopics`, as a page.

    An empty feed comes as `null`, as an empty list or without the key `feeds`.

    Raises:
        ShapeError: The shape is unknown. An item that cannot be told or dated is that too: leaving it out would be
            one post less.

    Example:
        >>> page_of(None).is_last, page_of({"anchor": "x"}).is_last
        (True, True)
    """
    if body is None or body in ([], {}):
        return Page()
    topics = _topics(body) if isinstance(body, dict) else []
    if not isinstance(body, dict) or not (_LISTS & set(body) or _is_empty(body, topics)):
        msg = "no page of a feed"
        raise ShapeError(msg)
    feeds = body.get("feeds")
    if feeds is None and "media_topics" in body:
        feeds = [{"target_refs": [_TOPIC + str(topic.get("id") or "")]} for topic in topics]
    if not isinstance(feeds, list | None):
        msg = "feeds are no list"
        raise ShapeError(msg)
    by_number = {str(topic.get("id")).removeprefix(_TOPIC): topic for topic in topics}
    has_more, anchor = ok_reshare.flag(body.get("has_more")), body.get("anchor")
    return Page(
        items=tuple(item for feed in feeds or [] for item in _items(feed, by_number)),
        is_last=has_more is False or (not feeds and not has_more),
        anchor="" if anchor is None else str(anchor),
    )


class FeedReader:
    """The state of one feed's reading; it knows nothing of HTTP.

    Ask `next_request` until it gives none, and `take` each page. Pages that shift are no matter: anchors go on from an
    item, and ids are de-duplicated.

    Args:
        gid: The group's number.
        window: The moments between which posts are wanted.
        page_size: Items asked for in one call, up to 100.
    """

    def __init__(self, gid: str, window: Window, page_size: int) -> None:
        self._request = {"gid": gid, "count": page_size}
        self._window = window
        self._anchors: set[str] = set()
        self._anchor = ""
        self._idle = 0
        self._latest: list[datetime] = []  # moments of the last two items that keep the order
        self.items: dict[str, Seen] = {}
        self.first_answer_at: datetime | None = None
        self.reached_end = False
        self.reason = ""
        self._done = False

    def next_request(self) -> dict[str, Any] | None:
        """Parameters of the next call, or none when the feed is read."""
        if self._done:
            return None
        return {**self._request, "anchor": self._anchor} if self._anchor else dict(self._request)

    def fail(self, reason: str) -> None:
        """Stop with a word of `tables.COVERAGE_REASONS`; what was read stays, that it was all does not."""
        self.reason, self._done, self.reached_end = reason, True, False

    def take(self, page: Page, answered_at: datetime, sha256: str) -> None:
        """The answer to the last request."""
        self.first_answer_at = self.first_answer_at or answered_at
        fresh = [item for item in page.items if item.topic_id not in self.items]
        for item in fresh:
            self.items.setdefault(item.topic_id, Seen(item, answered_at, sha256))
            if not item.is_pinned:
                self._latest = [*self._latest[-1:], item.placed_at]
        self._idle = 0 if fresh else self._idle + 1
        # One old item may stand out of order, or be pinned without a mark; two in a row do not.
        if self._has_two() and max(self._latest) < self._window.starts_at:
            self._done = True
        elif page.is_last:
            self.reached_end = self._done = True
        elif not page.anchor or page.anchor in self._anchors or self._idle == _IDLE_PAGES:
            self.fail("paging_broken")
        else:
            self._anchors.add(page.anchor)
            self._anchor = page.anchor

    def covered(self) -> tuple[datetime, datetime] | None:
        """The moments (UTC, end exclusive) between which nothing is missing, or none."""
        if self.first_answer_at is None:
            return None
        start = self._window.starts_at
        if self.reason:
            if not self._has_two():
                return None
            # The later of two, since one may stand out of order; others of its very moment may be cut off.
            start = max(start, max(self._latest) + timedelta(milliseconds=1))
        end = min(self._window.ends_at, self.first_answer_at)
        return (start, end) if start < end else None

    def _has_two(self) -> bool:
        return len(self._latest) > 1


def page_size(window: Window) -> int:
    """Items to ask for in a call: about 30 for a week or two, else the most there is."""
    return 30 if window.ends_at - window.starts_at <= timedelta(days=15) else 100


def _topics(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The topics' entities, from a list or an object of them; those of reposted topics may be among them."""
    entities = body.get("entities") or {}
    listed = body.get("media_topics") or (entities.get("media_topics") if isinstance(entities, dict) else entities)
    values = list(listed.values()) if isinstance(listed, dict) else listed or []
    if not isinstance(values, list) or not all(isinstance(topic, dict) for topic in values):
        msg = "topics are no list of objects"
        raise ShapeError(msg)
    return values


def _is_empty(body: Mapping[str, Any], topics: list[dict[str, Any]]) -> bool:
    """Whether an answer without a list is an empty page: the last one has an anchor all the same, and no topics."""
    return not topics and ("anchor" in body or set(body) <= _OTHER_KEYS)


def _items(feed: Any, topics: Mapping[str, dict[str, Any]]) -> list[Item]:
    refs = feed.get("target_refs") if isinstance(feed, dict) else None
    listed = refs if isinstance(refs, list) else [refs]
    numbers = [str(ref).removeprefix(_TOPIC) for ref in listed if str(ref).startswith(_TOPIC)]
    is_other = isinstance(feed, dict) and str(feed.get("pattern") or "POST").upper() != "POST"
    if not all(numbers) or (not numbers and not is_other):
        msg = "a post without its topic"
        raise ShapeError(msg)
    return [_item(number, feed, topics.get(number, {})) for number in dict.fromkeys(numbers)]


def _item(topic_id: str, feed: dict[str, Any], topic: dict[str, Any]) -> Item:
    fed_at = _moment(feed.get("date_ms"))
    posted_at = _moment(topic.get("publication_date_ms")) or _moment(topic.get("created_ms")) or fed_at
    if posted_at is None:
        msg = "a topic without a date"
        raise ShapeError(msg)
    is_pinned = bool(ok_reshare.flag(topic.get("is_sticky")) or ok_reshare.flag(feed.get("pinned")))
    return Item(topic_id, feed, topic, posted_at, max(posted_at, fed_at or posted_at), is_pinned)


def _moment(milliseconds: Any) -> datetime | None:
    """A moment (UTC), none when not told."""
    if milliseconds in (None, "", 0):
        return None
    try:
        moment = _EPOCH + timedelta(milliseconds=int(milliseconds))
    except (OverflowError, TypeError, ValueError) as error:
        raise ShapeError(str(error)) from None
    if not _FIRST <= moment < _LAST:
        msg = "not in milliseconds"
        raise ShapeError(msg)
    return moment
