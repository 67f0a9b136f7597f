"""Reading many walls at once: full requests whatever accounts they belong to, accounts handed out in their order."""

from __future__ import annotations

import contextlib
import heapq
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from kirovlib.platforms import base
from kirovlib.platforms.vk_accounts import Account
from kirovlib.platforms.vk_calls import Calls
from kirovlib.platforms.vk_pages import WALLS_PER_EXECUTE, Pages

_PARALLEL = 4  # requests under way at once: the pace limits the starts, this hides the latency
_LOW = 200  # walls to ask for: with fewer it is time for more accounts
_MOST_HELD = 500  # accounts not handed out yet: with more no others are taken in


class Walls:
    """Accounts whose walls are being read; a context that ends the reading.

    The accounts that came first are asked for first, and a further page waits for its turn among the first pages of
    others, so every request is full. One that is not full is sent only when nothing else can come: no request is
    under way and whoever takes the accounts waits for one.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls, self._pages = calls, Pages(calls)
        self._pool = ThreadPoolExecutor(_PARALLEL)
        self._changed = threading.Condition()
        self._held: deque[Account] = deque()
        self._to_ask: list[tuple[int, Account]] = []  # a heap by position
        self._under_way = 0
        self._more = False
        self._is_awaited = False
        self._is_closed = False
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_closed = True
        self._pool.shutdown()

    def add(self, accounts: Sequence[Account]) -> None:
        """Take accounts in and begin to read them."""
        with self._changed:
            self._held.extend(accounts)
            self._wait_in_line(accounts)
            self._send()

    def finished(self, *, more: bool) -> Iterator[Account]:
        """The accounts in order, each once its wall is read.

        Args:
            more: Whether others will be added: then this ends as soon as there is room for them.

        Raises:
            base.NetworkStoppedError: After the accounts in hand, each with what it has and the reason.
        """
        self._more = more
        while (account := self._next_finished()) is not None:
            yield account
        if self._calls.stopped is not None and not self._held:
            raise self._calls.stopped

    def _next_finished(self) -> Account | None:
        with self._changed:
            self._is_awaited = True
            self._send()
            news = self._changed.wait_for(self._news)
            self._is_awaited = False
            if self._error is not None:
                raise self._error
            if news != "head":
                return None
            account = self._held.popleft()
            stopped = self._calls.stopped
            if stopped is not None and not account.wall.is_done:
                account.wall.fail(stopped.reason)
            return account

    def _news(self) -> str:
        """What whoever waits is to know: an error, none are held, there is room for others, the first one is ready."""
        if self._error is not None:
            return "error"
        if not self._held:
            return "empty"
        if self._calls.stopped is not None:
            return "" if self._under_way else "head"
        if self._more and self._has_room():
            return "room"
        return "head" if self._held[0].wall.is_done else ""

    def _has_room(self) -> bool:
        return len(self._to_ask) <= _LOW and len(self._held) <= _MOST_HELD

    def _wait_in_line(self, accounts: Sequence[Account]) -> None:
        for account in accounts:
            if not account.wall.is_done:
                heapq.heappush(self._to_ask, (account.position, account))

    def _send(self) -> None:
        while self._under_way < _PARALLEL and (batch := self._next_batch()):
            self._under_way += 1
            self._pool.submit(self._read, batch)

    def _next_batch(self) -> Sequence[Account]:
        is_over = self._is_closed or self._error is not None or self._calls.stopped is not None
        # Until the first batch has shown the token's kind, nobody knows how the next ones are to be asked for.
        if is_over or not self._to_ask or (self._under_way and not self._calls.access_kind):
            return []
        first = heapq.nsmallest(WALLS_PER_EXECUTE, self._to_ask)
        batch, is_full = self._pages.batch([account for _, account in first])
        if not is_full and (self._under_way or not self._is_awaited or self._news()):
            return []
        for _ in batch:
            heapq.heappop(self._to_ask)
        return batch

    def _read(self, batch: Sequence[Account]) -> None:
        """In a thread: ask for a page of each account, then for what is next."""
        try:
            with contextlib.suppress(base.NetworkStoppedError):  # `calls.stopped` says it to all threads
                self._pages.read(batch)
        except Exception as error:
            self._error = error
            raise
        finally:
            with self._changed:
                self._under_way -= 1
                self._wait_in_line(batch)
                self._send()
                self._changed.notify_all()
