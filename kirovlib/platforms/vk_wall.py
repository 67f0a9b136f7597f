"""Reading one VK wall page by page: what to ask next, when to stop, what is covered."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from kirovlib.platforms.base import Window

POSTS_A_WEEK = 5  # what the institutions are believed to publish, where nothing is known yet
MOST_POSTS = 100  # that one call gives
_FEW_POSTS = 30
_SHIFT_TRIES = 3


class Seen(NamedTuple):
    """A wall item, when it was answered (UTC) and the SHA-256 of the stored answer."""

    item: dict[str, Any]
    answered_at: datetime
    sha256: str


class WallReader:
    """The state of one wall's reading; it knows nothing of HTTP.

    Ask `next_request` until it gives none, and `take` each page. Pages overlap by one post, so that a post which
    appears or vanishes between two calls loses nothing; ids are de-duplicated.

    A post that is pinned between two calls leaves its place, perhaps unread, for the head. That moves the others down,
    which the overlap shows: then the head is looked at once more at the end. What stays open is a change of the pinned
    post within these moments: the old one leaves the head as the new one comes, nothing moves in the part already
    read, and only reading the head of every long wall twice would tell. The new one is read by the next collection,
    at the head.

    Args:
        owner: `owner_id` of the wall, as a call parameter.
        window: The moments between which posts are wanted.
        page_size: Posts asked for in one call, up to 100; may be changed between calls.

    Attributes:
        most_posts: What `page_size` should not exceed.
    """

    def __init__(self, owner: dict[str, Any], window: Window, page_size: int) -> None:
        self._owner, self._window = owner, window
        self._filter = "owner"
        self.page_size = page_size
        self.most_posts = MOST_POSTS
        self._offset = 0
        self._overlaps = True
        self._last_id: int | None = None
        self._was_moved = False
        self._is_at_head = False
        self._shifts = 0
        self._oldest: int | None = None
        self._has_pinned = False
        self.items: dict[int, Seen] = {}
        self.first_answer_at: datetime | None = None
        self.reached_end = False
        self.reason = ""
        self._done = False

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to be asked."""
        return self._done

    @property
    def is_unread(self) -> bool:
        """Whether no page came yet."""
        return self.first_answer_at is None

    @property
    def likely_count(self) -> int:
        """Posts of the window that are likely still to come, up to what is worth asking for in one call.

        As dense as those read, or as institutions publish until some are read.
        """
        start = self._window.starts_at
        if self.first_answer_at is None or self._oldest is None:
            likely = POSTS_A_WEEK * ((self._window.ends_at - start) / timedelta(weeks=1))
        else:
            read_seconds = self.first_answer_at.timestamp() - self._oldest
            likely = 1.2 * len(self.items) * (self._oldest - start.timestamp()) / max(1.0, read_seconds) + 2
        return min(max(1, math.ceil(likely)), page_size(self._window))

    @property
    def has_own_posts(self) -> bool:
        """Whether a post of the community's own was read, a pinned one apart."""
        owner = self._owner.get("owner_id")
        return any(seen.item["from_id"] == owner and not seen.item.get("is_pinned") for seen in self.items.values())

    def next_request(self) -> dict[str, Any] | None:
        """Parameters of the next `wall.get`, or none when the wall is read."""
        if self._done:
            return None
        count = 1 if self._is_at_head else self.page_size
        return {**self._owner, "count": count, "offset": self._offset, "filter": self._filter}

    def fail(self, reason: str) -> None:
        """Stop with a word of `tables.COVERAGE_REASONS`; what was read stays."""
        self.reason, self._done = reason, True

    def take(self, page: Any, answered_at: datetime, sha256: str) -> None:
        """A page `{"count": …, "items": […]}`; any other shape fails the wall as not understood."""
        try:
            total, items = int(page["count"]), list(page["items"])
            dated = [(int(item["date"]), int(item["id"]), bool(item.get("is_pinned"))) for item in items]
            owners = {item["owner_id"] for item in items if item["from_id"] is not None}
        except (KeyError, TypeError, ValueError):
            self.fail("answer_not_understood")
            return
        if owners - {self._owner.get("owner_id")}:
            # Another wall than asked for: nothing in it is the account's.
            self.fail("answer_not_understood")
            return
        self.first_answer_at = self.first_answer_at or answered_at
        if not self._is_at_head and self._offset and self._overlaps and dated:
            # Any later post may be known for another reason: a pinned one that repeats at its place, or was unpinned.
            if dated[0][1] not in self.items:
                self._step_back()
                return
            self._was_moved = self._was_moved or dated[0][1] != self._last_id
        for item in items:
            self.items.setdefault(int(item["id"]), Seen(item, answered_at, sha256))
        if self._is_at_head:
            self._done = True
            return
        self._last_id = dated[-1][1] if dated else self._last_id
        moving = [moment for moment, _, pinned in dated if not pinned]
        self._has_pinned = self._has_pinned or len(moving) < len(dated)
        if moving:
            # How far back the page got is said by its last post: one further up may stand out of order, and a last
            # one older than the window is not believed alone, as in `_decide`.
            is_old = moving[-1] < self._window.starts_at.timestamp()
            self._oldest = max(moving[-2:]) if is_old else moving[-1]
        self._decide(total, len(items), moving)

    def covered(self) -> tuple[datetime, datetime] | None:
        """The moments (UTC, end exclusive) between which nothing is missing, or none."""
        if self.first_answer_at is None:
            return None
        start = self._window.starts_at
        if self.reason:
            if self._oldest is None:
                return None
            # Posts of the oldest second itself may be cut off.
            start = max(start, datetime.fromtimestamp(self._oldest + 1, UTC))
        # The answer's own second is not over yet: a post may still come in it.
        end = min(self._window.ends_at, self.first_answer_at)
        return (start, end) if start < end else None

    def _decide(self, total: int, count: int, moving: list[int]) -> None:
        border = self._window.starts_at.timestamp()
        # A pinned post may repeat uncounted at its place: then a full page may end with the count, but not the wall.
        is_end = self._offset + count >= total + (self._has_pinned and 0 < count == self.page_size)
        # One old post at the page's end may stand out of order; two in a row do not.
        if is_end or (len(moving) > 1 and max(moving[-2:]) < border):
            self.reached_end = is_end
            self._finish()
        elif count == 0:
            self._look_at_all()
        else:
            # When only the overlap came back although more is announced, look past it: an empty page is the end.
            self._overlaps = count > 1
            self._offset += count - 1 if self._overlaps else count

    def _finish(self) -> None:
        if self._was_moved:
            self._offset, self._is_at_head = 0, True
        else:
            self._done = True

    def _look_at_all(self) -> None:
        """No post although more are announced: visitors' posts are counted too, so read all of them to the end."""
        if self._filter == "all":
            self.fail("answer_not_understood")
            return
        self._filter, self._offset = "all", 0

    def _step_back(self) -> None:
        self._shifts += 1
        if self._shifts > _SHIFT_TRIES:
            self.fail("wall_shifted")
            return
        self._offset = max(0, self._offset - self.page_size // 2 - 1)


def page_size(window: Window) -> int:
    """Posts to ask for in a first call: about 30 for a week or two (a recorded post takes 5.7 KB), else 100."""
    return _FEW_POSTS if window.ends_at - window.starts_at <= timedelta(days=15) else MOST_POSTS
