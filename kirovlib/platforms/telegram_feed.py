"""Reading one channel page by page: what to ask next, when to stop, what is covered."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import NamedTuple

from kirovlib.platforms.base import Window
from kirovlib.platforms.telegram_page import Message, Page

POSTS_A_WEEK = 4  # what the institutions are believed to publish
MESSAGES_A_PAGE = 20


class Seen(NamedTuple):
    """A message, when it was answered (UTC) and the SHA-256 of the stored answer."""

    message: Message
    answered_at: datetime
    sha256: str


class FeedReader:
    """The state of one channel's reading; it knows nothing of HTTP.

    Ask `next_request` until it gives none, and `take` each page. Pages are asked for by id, so that a post which
    appears or vanishes between two calls moves nothing.

    Args:
        window: The moments between which posts are wanted.

    Attributes:
        seen: What was read by id, service messages too.
        first_answer_at: When the first page of the channel was answered, UTC.
        reached_end: Whether the first message of the channel was read.
        reason: Why the reading stopped early, a word of `tables.COVERAGE_REASONS`.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._before: int | None = None
        self._is_link_missing = False
        self._done = False
        self.seen: dict[int, Seen] = {}
        self.first_answer_at: datetime | None = None
        self.reached_end = False
        self.reason = ""

    def next_request(self) -> dict[str, int] | None:
        """The query of the next page, or none when the channel is read."""
        if self._done:
            return None
        return {} if self._before is None else {"before": self._before}

    def fail(self, reason: str) -> None:
        """Stop with a word of `tables.COVERAGE_REASONS`; what was read stays."""
        self.reason, self._done = reason, True

    def take(self, page: Page, answered_at: datetime, sha256: str) -> None:
        """A page of the channel; the first one, or the answer to `next_request`."""
        self.first_answer_at = self.first_answer_at or answered_at
        if not page.messages:
            self._take_empty(page)
            return
        lowest = min(message.number for message in page.messages)
        if self._before is not None and lowest >= self._before:
            # The same page again. Twice without a link to older messages, that is what there is.
            if self._is_link_missing and page.before is None:
                self._finish(is_end=True)
            else:
                self.fail("paging_broken")
            return
        for message in page.messages:
            self.seen.setdefault(message.number, Seen(message, answered_at, sha256))
        self._is_link_missing = page.before is None
        # One message out of order may stand far below the others: the page's own link tells where they begin.
        following = max(lowest, page.before or 0)
        if self._is_past_window():
            self._finish(is_end=page.before is None)
        elif page.before is None and lowest == 1:
            self._finish(is_end=True)
        elif self._before is not None and following >= self._before:
            self.fail("paging_broken")
        else:
            # Without a link the channel begins here. Nobody promised the link's looks, so older ones are asked for
            # once all the same: a link not recognised would make publications missing.
            self._before = following

    def covered(self) -> tuple[datetime, datetime] | None:
        """The moments (UTC, end exclusive) between which nothing is missing, or none."""
        if self.first_answer_at is None:
            return None
        start = self._window.starts_at
        if self.reason:
            oldest = self._oldest()
            if not oldest:
                return None
            # Posts of the oldest second itself may be cut off.
            start = max(start, max(oldest) + timedelta(seconds=1))
        # The answer's own second is not over yet: a post may still come in it.
        end = min(self._window.ends_at, self.first_answer_at)
        return (start, end) if start < end else None

    def _take_empty(self, page: Page) -> None:
        if not self.seen:
            # Even a new channel shows that it was created. What shows nothing may be hidden: that is no zero.
            self.fail("no_preview")
        elif page.is_said_empty or self._is_link_missing:
            self._finish(is_end=True)
        else:
            self.fail("answer_not_understood")

    def _finish(self, *, is_end: bool) -> None:
        self.reached_end, self._done = is_end, True

    def _oldest(self) -> list[datetime]:
        """The moments of the two messages with the lowest ids: a single one may stand out of order."""
        moments = (self.seen[number].message.posted_at for number in sorted(self.seen))
        return [moment for moment in moments if moment is not None][:2]

    def _is_past_window(self) -> bool:
        oldest = self._oldest()
        return len(oldest) > 1 and max(oldest) < self._window.starts_at


def likely_pages(window: Window) -> int:
    """Pages that a channel takes, at least."""
    weeks = (window.ends_at - window.starts_at) / timedelta(weeks=1)
    return max(1, math.ceil(POSTS_A_WEEK * weeks / MESSAGES_A_PAGE))
