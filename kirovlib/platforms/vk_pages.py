"""Asking for pages of walls: by 25 in one `execute` (user token), or one by one (service token)."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kirovlib.platforms import vk_errors
from kirovlib.platforms.http import TransientError
from kirovlib.platforms.vk_accounts import Account
from kirovlib.platforms.vk_calls import Calls
from kirovlib.platforms.vk_errors import VkError
from kirovlib.platforms.vk_wall import WallReader

WALLS_PER_EXECUTE = 25
# An answer of 5 MB holds 750 recorded posts (5.7 KB each) with some room; where posts are larger, fewer are asked for.
POSTS_PER_EXECUTE = 750
_FEWEST_POSTS = 250
_STEP = 10  # posts that an answer may hold more after each that was not too large
_INNER_TRIES = 3

_Asked = tuple[Account, dict[str, Any]]


class Pages:
    """Asks for the next page of each of some walls.

    No request is spent on the token's kind: the first batch goes by `execute`, and where VK refuses that, its walls
    stay unread and are asked for one by one, as all others.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._most_posts = POSTS_PER_EXECUTE
        self._lock = threading.Lock()

    def batch(self, waiting: Sequence[Account]) -> tuple[Sequence[Account], bool]:
        """The first accounts whose pages go into one request, and whether it is full with them."""
        if self._calls.access_kind == "service":
            return waiting[:1], True
        post_count = 0
        for place, account in enumerate(waiting[:WALLS_PER_EXECUTE]):
            post_count += self._page_size(account.wall)
            if place and post_count > self._most_posts:
                return waiting[:place], True
        return waiting[:WALLS_PER_EXECUTE], len(waiting) >= WALLS_PER_EXECUTE

    def read(self, accounts: Sequence[Account]) -> None:
        """Ask for a page of each and hand it to its wall; walls that VK did not answer for stay as they are.

        Raises:
            base.NetworkStoppedError: When going on is useless.
        """
        if self._calls.access_kind == "service":
            for account in accounts:
                self._read_plain(account)
            return
        asked, most = self._asked(accounts), self._most_posts
        is_answered = self._execute(asked)
        with self._lock:
            if is_answered:
                self._most_posts = min(self._most_posts + _STEP, POSTS_PER_EXECUTE)
            elif 2 * sum(request["count"] for _, request in asked) > most:
                # Batches that were under way together say the same thing: it counts once.
                self._most_posts = min(self._most_posts, max(most // 2, _FEWEST_POSTS))

    def _asked(self, accounts: Sequence[Account]) -> list[_Asked]:
        sizes = [self._page_size(account.wall) for account in accounts]
        # Few walls leave room for larger further pages: fewer rounds. A first page mostly holds the window as it is.
        spare = max(0, self._most_posts - sum(sizes)) // len(sizes)
        for account, size in zip(accounts, sizes, strict=True):
            wall = account.wall
            wall.page_size = size if wall.is_unread else min(size + spare, wall.most_posts)
        return [(account, request) for account in accounts if (request := account.wall.next_request())]

    def _page_size(self, wall: WallReader) -> int:
        return min(max(wall.likely_count, self._most_posts // WALLS_PER_EXECUTE), wall.most_posts)

    def _read_plain(self, account: Account) -> None:
        wall = account.wall
        if not wall.is_unread:
            wall.page_size = wall.most_posts
        if (request := wall.next_request()) is None:
            return
        try:
            answer = self._calls.call("wall.get", wall_count=1, **request)
        except VkError as error:
            wall.fail(error.account_reason())
        except TransientError:
            wall.fail("no_answer")
        else:
            account.take(request, answer.body["response"], answer.received_at)

    def _execute(self, asked: Sequence[_Asked]) -> bool:
        """One `execute`, or several where its answer would exceed 5 MB; gives whether one was enough."""
        spared = vk_errors.NO_EXECUTE if not self._calls.access_kind else frozenset[int]()
        code = _script([request for _, request in asked])
        try:
            answer = self._calls.call("execute", wall_count=len(asked), spared=spared, code=code)
        except VkError as error:
            if error.code == vk_errors.TOO_LARGE:
                self._execute_less(asked)
                return False
            self._refused(error, asked)
        except TransientError:
            _fail_all(asked, "no_answer")
        else:
            self._take_all(asked, answer.body, answer.received_at)
        return True

    def _execute_less(self, asked: Sequence[_Asked]) -> None:
        """The answer would exceed 5 MB: half the walls, and of a single wall half the posts."""
        if len(asked) > 1:
            middle = len(asked) // 2
            self._execute(asked[:middle])
            self._execute(asked[middle:])
            return
        account, request = asked[0]
        if request["count"] == 1:
            account.wall.fail("too_large")
            return
        account.wall.page_size = account.wall.most_posts = request["count"] // 2
        self._execute([(account, request | {"count": account.wall.page_size})])

    def _refused(self, error: VkError, asked: Sequence[_Asked]) -> None:
        if self._calls.access_kind:
            _fail_all(asked, error.account_reason())
        elif error.code in vk_errors.NO_EXECUTE:
            self._calls.access_kind = "service"
        else:
            raise self._calls.stop(vk_errors.unreachable(error))

    def _take_all(self, asked: Sequence[_Asked], body: dict[str, Any], received_at: datetime) -> None:
        pages, failures = body["response"], body.get("execute_errors")
        if not isinstance(pages, list) or len(pages) != len(asked):
            _fail_all(asked, "answer_not_understood")
            return
        listed = failures if isinstance(failures, list) else []
        errors = [VkError(each) for each in listed if isinstance(each, dict)]
        refused = [account for (account, _), page in zip(asked, pages, strict=True) if page is False]
        for (account, request), page in zip(asked, pages, strict=True):
            if page is not False:
                account.take(request, page, received_at)
        if stopped := next(filter(None, (error.stops() for error in errors)), None):
            raise self._calls.stop(stopped)
        self._calls.access_kind = "user"
        # Errors come in the order of the calls; with more or fewer of them nobody knows whose is whose.
        is_plain = len(errors) == len(refused)
        for account, error in zip(refused, errors if is_plain else [VkError({})] * len(refused), strict=True):
            account.inner_failures += 1
            if error.code not in vk_errors.TRANSIENT or account.inner_failures == _INNER_TRIES:
                account.wall.fail(error.account_reason())


def _script(requests: Sequence[dict[str, Any]]) -> str:
    calls = (f"API.wall.get({json.dumps(request, sort_keys=True)})" for request in requests)
    return f"return [{','.join(calls)}];"


def _fail_all(asked: Sequence[_Asked], reason: str) -> None:
    for account, _ in asked:
        account.wall.fail(reason)
