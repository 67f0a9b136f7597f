"""Reading one group's feed page by page: what an answer holds, what to ask next, when to stop, what is covered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from kirovlib.platforms import ok_reshare
from kirovlib.platforms.base import Window
from kirovlib.weeks import Week

_TOPIC = "media_topic:"
_IDLE_PAGES = 3  # so many pages in a row with nothing new: the network goes round in circles
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Moments outside are no milliseconds: seconds taken for them would be 1970, «older than the window».
_FIRST, _LAST = datetime(2006, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_LISTS = frozenset({"feeds", "media_topics"})
_OTHER_KEYS = frozenset({"entities", "anchor", "available", "has_more"})


class ShapeError(Exception):
    """An answer is no page of a feed as far as known.

    Attributes:
        reason: The word of `tables.COVERAGE_REASONS` for it.
    """

    reason = "answer_not_understood"


class UnavailableError(ShapeError):
    """The network says that the feed is not available to this key."""

    reason = "access_denied"


class Item(NamedTuple):
    """A topic of a feed.

    Attributes:
        feed: The feed's own item about it.
        topic: The topic's entity, empty when it was not given.
        posted_at: When it was published, UTC.
        perhaps_at: When else it may have been published, UTC, in another week; `posted_at` where that is sure.
        placed_at: By which moment (UTC) it stands where it does: the later of the topic's and the feed's.
    """

    topic_id: str
    feed: dict[str, Any]
    topic: dict[str, Any]
    posted_at: datetime
    perhaps_at: datetime
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
        is_bare: Whether there was neither a list nor an anchor: an end, or what a key gets that must not see the feed.
    """

    items: tuple[Item, ...] = ()
    is_last: bool = True
    anchor: str = ""
    is_bare: bool = False


def page_of(body: Any) -> Page:
    """An answer of `stream.get`, or of `mediatopic.getTopics`, as a page.

    An empty feed comes as `null`, as an empty list or without the key `feeds`.

    Raises:
        ShapeError: The shape is unknown. An item that cannot be told or dated is that too: leaving it out would be
            one post less.
        UnavailableError: The network says that there is nothing to see for this key.

    Example:
        >>> page_of(None).is_last, page_of({"anchor": "x"}).is_last
        (True, True)
    """
    if body is None or body in ([], {}):
        return Page(is_bare=True)
    if isinstance(body, dict) and ok_reshare.flag(body.get("available")) is False:
        msg = "not available"
        raise UnavailableError(msg)
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
        is_bare=not feeds and anchor is None and not any(isinstance(body.get(name), list) for name in _LISTS),
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
        self._unsure_until: datetime | None = None  # up to here a week may have a post more or less
        self._is_asked_again = False
        self._failure = ""
        self.items: dict[str, Seen] = {}
        self.first_answer_at: datetime | None = None
        self.reached_end = False
        self._done = False

    @property
    def reason(self) -> str:
        """Why not all of the window is covered, a word of `tables.COVERAGE_REASONS`; empty when it is."""
        return self._failure or ("answer_not_understood" if self._unsure_until else "")

    def next_request(self) -> dict[str, Any] | None:
        """Parameters of the next call, or none when the feed is read."""
        if self._done:
            return None
        return {**self._request, "anchor": self._anchor} if self._anchor else dict(self._request)

    def fail(self, reason: str) -> None:
        """Stop with a word of `tables.COVERAGE_REASONS`; what was read stays, that it was all does not."""
        self._failure, self._done, self.reached_end = reason, True, False

    def take(self, page: Page, answered_at: datetime, sha256: str) -> None:
        """The answer to the last request."""
        if page.is_bare and self.first_answer_at is None:
            self.fail("answer_not_understood")
            return
        if page.is_bare and not self._is_asked_again:
            self._is_asked_again = True
            return
        self._is_asked_again = False
        self.first_answer_at = self.first_answer_at or answered_at
        fresh = [item for item in page.items if item.topic_id not in self.items]
        for item in fresh:
            self.items.setdefault(item.topic_id, Seen(item, answered_at, sha256))
            self._doubt(item)
            if not item.is_pinned:
                self._latest = [*self._latest[-1:], item.placed_at]
        self._idle = 0 if fresh else self._idle + 1
        # One old item may stand out of order, or be pinned without a mark; two in a row do not.
        if self.has_two() and max(self._latest) < self._window.starts_at:
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
        if self._failure:
            if not self.has_two():
                return None
            # The later of two, since one may stand out of order; others of its very moment may be cut off.
            start = max(start, max(self._latest) + timedelta(milliseconds=1))
        if self._unsure_until is not None:
            start = max(start, self._unsure_until + timedelta(milliseconds=1))
        end = min(self._window.ends_at, self.first_answer_at)
        return (start, end) if start < end else None

    def has_two(self) -> bool:
        """Whether at least two topics that are not pinned were read."""
        return len(self._latest) > 1

    def _doubt(self, item: Item) -> None:
        first, last = sorted((item.posted_at, item.perhaps_at))
        if first != last and first < self._window.ends_at and last >= self._window.starts_at:
            self._unsure_until = max(last, self._unsure_until or last)


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
    fed_at, created_at = _moment(feed.get("date_ms")), _moment(topic.get("created_ms"))
    published_at = _moment(topic.get("publication_date_ms"))
    posted_at = published_at or fed_at or created_at
    if posted_at is None:
        msg = "a topic without a date"
        raise ShapeError(msg)
    is_pinned = bool(ok_reshare.flag(topic.get("is_sticky")) or ok_reshare.flag(feed.get("pinned")))
    # A topic may be written a week before its publication.
    is_sure = published_at or created_at is None or Week.of(created_at) == Week.of(posted_at)
    perhaps_at = posted_at if is_sure or created_at is None else created_at
    placed_at = max(published_at or created_at or posted_at, fed_at or posted_at)
    return Item(topic_id, feed, topic, posted_at, perhaps_at, placed_at, is_pinned)


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
