"""Reading one VK wall page by page: what to ask next, when to stop, what is covered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from kirovlib.platforms.base import Window

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

    Args:
        owner: `owner_id` of the wall, as a call parameter.
        window: The moments between which posts are wanted.
        page_size: Posts asked for in one call, up to 100.
    """

    def __init__(self, owner: dict[str, Any], window: Window, page_size: int) -> None:
        self._owner, self._window = owner, window
        self._filter = "owner"
        self.page_size = page_size
        self._offset = 0
        self._overlaps = True
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

    def next_request(self) -> dict[str, Any] | None:
        """Parameters of the next `wall.get`, or none when the wall is read."""
        if self._done:
            return None
        return {**self._owner, "count": self.page_size, "offset": self._offset, "filter": self._filter}

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
        # Any later post may be known for another reason: a pinned one that repeats at its place, or was unpinned.
        if self._offset and self._overlaps and dated and dated[0][1] not in self.items:
            self._step_back()
            return
        for item in items:
            self.items.setdefault(int(item["id"]), Seen(item, answered_at, sha256))
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
        # One old post at the page's end may stand out of order; two in a row do not.
        if len(moving) > 1 and max(moving[-2:]) < border:
            self._done = True
        elif count == 0 and self._offset < total:
            self._look_at_all()
        # A pinned post may repeat uncounted at its place: then a full page may end with the count, but not the wall.
        elif count == 0 or self._offset + count >= total + (self._has_pinned and count == self.page_size):
            self.reached_end = self._done = True
        else:
            # When only the overlap came back although more is announced, look past it: an empty page is the end.
            self._overlaps = count > 1
            self._offset += count - 1 if self._overlaps else count

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
    return 30 if window.ends_at - window.starts_at <= timedelta(days=15) else 100
