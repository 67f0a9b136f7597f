"""VK: `groups.getById` in batches, `wall.get` plain (service token) or 25 at a time by `execute` (user token).

Limits and errors are those of `PLATFORMS.md`, section 1 (dev.vk.com, VKCOM/vk-api-schema 5.199).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kirovlib.platforms import base, vk_errors, vk_rows
from kirovlib.platforms.http import Answer, Http, TransientError
from kirovlib.platforms.vk_errors import VkError
from kirovlib.platforms.vk_wall import WallReader, page_size

VERSION = "5.199"
GROUPS_PER_CALL = 500
WALLS_PER_EXECUTE = 25
_WALLS_PER_ROUND = 100  # a checkpoint's worth of accounts
_INNER_TRIES = 3
_SILENT_CALLS = 5  # so many unanswered calls in a row mean that the network is away, not an account
_PARALLEL = 4  # requests under way at once: the pace limits the starts, this hides the latency


@dataclass
class _Account:
    target: base.Target
    group: dict[str, Any] | None = None
    group_at: datetime | None = None
    reason: str = ""
    wall: WallReader | None = None
    inner_failures: int = 0
    raw: list[dict[str, Any]] = field(default_factory=list)


class Vk:
    """VK's client.

    Args:
        http: Transport with VK's pace (3 requests a second for user and service tokens).
        url: Address of the methods, with a trailing slash.
        token: Service or user token.

    Attributes:
        token_kind: `service` or `user`, known after the first probe.
        server: The `Server` header of the last answer.
    """

    name = "vk"

    def __init__(self, http: Http, url: str, token: str) -> None:
        self._http, self._url, self._token = http, url, token
        self.token_kind = ""
        self.server = ""
        self._silent_calls = 0
        self._stopped: base.NetworkStoppedError | None = None

    @property
    def request_count(self) -> int:
        """Requests sent so far, retries included."""
        return self._http.request_count

    def readings(self, targets: Sequence[base.Target], window: base.Window) -> Iterator[base.Reading]:
        """See `base.Platform`: profiles 500 at a time, then walls; yields in the order given."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            for chunk in _chunks(targets, GROUPS_PER_CALL):
                accounts = [_Account(target) for target in chunk]
                self._read_profiles(accounts)
                if not self.token_kind:
                    self._probe(accounts[0])
                for account in accounts:
                    account.wall = _wall(account, window)
                yield from self._read_walls(accounts, pool)

    def call(self, method: str, **parameters: Any) -> Answer:
        """One API call.

        Raises:
            VkError: What VK answered, unless it is worth a retry.
            base.NetworkStoppedError: When the token, the quota or a captcha stands in the way.
            TransientError: When VK did not answer after several tries.
        """
        try:
            return self._send(method, parameters)
        except VkError as error:
            raise self._stop(error.stops()) or error from None

    def _send(self, method: str, parameters: dict[str, Any]) -> Answer:
        if self._stopped is not None:  # in another thread
            raise self._stopped
        form = {"v": VERSION, **parameters}
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            answer = self._http.post(self._url + method, form, headers, _check)
        except TransientError as error:
            self._silent_calls += 1
            if self._silent_calls >= _SILENT_CALLS:
                raise self._stop(vk_errors.unreachable(error)) or error from None
            raise
        self._silent_calls = 0
        self.server = answer.server
        return answer

    def _stop(self, stopped: base.NetworkStoppedError | None) -> base.NetworkStoppedError | None:
        """Remember why the network is left, so that no other thread sends anything more."""
        self._stopped = self._stopped or stopped
        return stopped

    def _probe(self, account: _Account) -> None:
        """Tell the token's kind: a service token may not `execute` (28), a community's no `wall.get` inside it (27)."""
        try:
            answer = self._send("execute", {"code": _script([_owner(account) | {"count": 1, "offset": 0}])})
            for failure in answer.body.get("execute_errors") or []:
                if stopped := VkError(failure).stops():
                    raise stopped
            self.token_kind = "user"
        except VkError as error:
            if error.code not in vk_errors.NO_EXECUTE:
                raise error.stops() or vk_errors.unreachable(error) from None
            self.token_kind = "service"
        except TransientError as error:
            raise vk_errors.unreachable(error) from None

    def _read_profiles(self, accounts: Sequence[_Account]) -> None:
        keys = [account.target.platform_id or vk_rows.address_key(account.target.url) for account in accounts]
        request = {"group_ids": ",".join(keys), "fields": vk_rows.PROFILE_FIELDS}
        try:
            answer = self.call("groups.getById", **request)
        except VkError as error:
            if len(accounts) == 1:
                accounts[0].reason = error.account_reason()
                return
            # One bad id spoils the whole call: halve until it is alone.
            middle = len(accounts) // 2
            self._read_profiles(accounts[:middle])
            self._read_profiles(accounts[middle:])
            return
        except TransientError as error:
            raise vk_errors.unreachable(error) from None
        groups = _groups(answer.body["response"])
        found = {str(name).lower(): group for group in groups or [] for name in (group["id"], group.get("screen_name"))}
        for account, key in zip(accounts, keys, strict=True):
            account.group = found.get(key.lower())
            account.group_at = answer.received_at
            if account.group is None:
                account.reason = "answer_not_understood" if groups is None else "profile_not_returned"
            else:
                asked = {"group_ids": key, "fields": vk_rows.PROFILE_FIELDS, "v": VERSION}
                body = {"response": {"groups": [account.group]}}
                account.raw.append(
                    base.raw_record(account.target.account_id, "groups.getById", asked, answer.received_at, body)
                )

    def _read_walls(self, accounts: Sequence[_Account], pool: ThreadPoolExecutor) -> Iterator[base.Reading]:
        """Walls round by round; the next round's requests start before this one's readings are handed out."""
        ahead: list[tuple[Sequence[_Account], list[Future[None]]]] = []
        read: Callable[[Sequence[_Account]], None]
        if self.token_kind == "user":
            read, share = self._read_by_execute, WALLS_PER_EXECUTE
        else:
            read, share = self._read_plain, 1
        try:
            for part in _chunks(accounts, _WALLS_PER_ROUND):
                if self._stopped is not None:
                    break
                ahead.append((part, [pool.submit(read, few) for few in _chunks(part, share)]))
                if len(ahead) > 1:
                    yield from _finished(*ahead.pop(0))
            for part, futures in ahead:
                yield from _finished(part, futures)
            if self._stopped is not None:
                raise self._stopped
        finally:
            for _, futures in ahead:
                for future in futures:
                    future.cancel()

    def _read_plain(self, accounts: Sequence[_Account]) -> None:
        for account in accounts:
            wall = account.wall
            while wall is not None and (request := wall.next_request()):
                try:
                    answer = self.call("wall.get", **request)
                except VkError as error:
                    wall.fail(error.account_reason())
                except TransientError:
                    wall.fail("no_answer")
                else:
                    _take(account, request, answer.body["response"], answer.received_at)

    def _read_by_execute(self, accounts: Sequence[_Account]) -> None:
        while waiting := [(account, request) for account in accounts if (request := _next(account))]:
            self._execute(waiting)

    def _execute(self, waiting: Sequence[tuple[_Account, dict[str, Any]]]) -> None:
        try:
            answer = self.call("execute", code=_script([request for _, request in waiting]))
        except VkError as error:
            if error.code == vk_errors.TOO_LARGE:
                self._execute_less(waiting)
            else:
                _fail_all(waiting, error.account_reason())
            return
        except TransientError:
            _fail_all(waiting, "no_answer")
            return
        pages, failures = answer.body["response"], answer.body.get("execute_errors")
        if not isinstance(pages, list) or len(pages) != len(waiting):
            _fail_all(waiting, "answer_not_understood")
            return
        errors = (VkError(each) for each in failures or [] if isinstance(each, dict))
        stopped = None
        for (account, request), page in zip(waiting, pages, strict=True):
            if page is not False:
                _take(account, request, page, answer.received_at)
                continue
            failure = next(errors, VkError({}))
            stopped = stopped or failure.stops()
            _fail_inner(account, failure)
        if stopped is not None:
            self._stop(stopped)
            raise stopped

    def _execute_less(self, waiting: Sequence[tuple[_Account, dict[str, Any]]]) -> None:
        """The reply would exceed 5 MB: half the walls, and of a single wall half the posts."""
        if len(waiting) > 1:
            middle = len(waiting) // 2
            self._execute(waiting[:middle])
            self._execute(waiting[middle:])
            return
        account, request = waiting[0]
        wall = account.wall
        if wall is None or wall.page_size == 1:
            _fail_all(waiting, "too_large")
            return
        wall.page_size //= 2
        self._execute([(account, {**request, "count": wall.page_size})])


def _check(body: Any) -> None:
    if not isinstance(body, dict) or not ({"response", "error"} & set(body)):
        msg = "neither response nor error"
        raise TransientError(msg)
    if "error" in body:
        if not isinstance(body["error"], dict):
            msg = "an error without a code"
            raise TransientError(msg)
        error = VkError(body["error"])
        if error.code in vk_errors.TRANSIENT:
            msg = f"error {error.code}"
            raise TransientError(msg)
        raise error


def _groups(response: Any) -> list[dict[str, Any]] | None:
    """The communities of either envelope, none when it is neither."""
    listed = response.get("groups") if isinstance(response, dict) else response
    if not isinstance(listed, list):
        return None
    return [group for group in listed if isinstance(group, dict) and isinstance(group.get("id"), int)]


def _script(requests: Sequence[dict[str, Any]]) -> str:
    calls = (f"API.wall.get({json.dumps(request, sort_keys=True)})" for request in requests)
    return f"return [{','.join(calls)}];"


def _owner(account: _Account) -> dict[str, Any]:
    if account.group is not None:
        return {"owner_id": -int(account.group["id"])}
    key = account.target.platform_id or vk_rows.address_key(account.target.url)
    # Never by `domain`: without a community behind it the name may be a person's, or the token owner's own wall.
    return {"owner_id": -int(key)} if re.fullmatch(r"[0-9]+", key) else {}


def _wall(account: _Account, window: base.Window) -> WallReader:
    wall = WallReader(_owner(account), window, page_size(window))
    if account.reason == "address_unknown" or not _owner(account):
        wall.fail(account.reason or "profile_not_returned")
    elif account.group is not None and account.group.get("deactivated"):
        wall.fail("account_gone")
    return wall


def _next(account: _Account) -> dict[str, Any] | None:
    return account.wall.next_request() if account.wall else None


def _take(account: _Account, request: dict[str, Any], page: Any, received_at: datetime) -> None:
    if account.wall is None:
        return
    if isinstance(page, dict) and isinstance(page.get("items"), list):
        items = [vk_rows.stored_item(item) if isinstance(item, dict) else item for item in page["items"]]
        body = {"response": {"count": page.get("count"), "items": items}}
        record = base.raw_record(account.target.account_id, "wall.get", request | {"v": VERSION}, received_at, body)
        account.raw.append(record)
        account.wall.take(page, received_at, record["sha256"])
    else:
        account.wall.fail("answer_not_understood")


def _fail_all(waiting: Sequence[tuple[_Account, dict[str, Any]]], reason: str) -> None:
    for account, _ in waiting:
        if account.wall is not None:
            account.wall.fail(reason)


def _fail_inner(account: _Account, error: VkError) -> None:
    if error.stops():
        return  # the network stops, which is said for all its accounts at once
    account.inner_failures += 1
    if account.wall is not None and (error.code not in vk_errors.TRANSIENT or account.inner_failures == _INNER_TRIES):
        account.wall.fail(error.account_reason())


def _finished(accounts: Sequence[_Account], futures: Sequence[Future[None]]) -> Iterator[base.Reading]:
    """The readings of a round; when the network stopped in it, also those, each with what it has and why."""
    stopped = None
    for future in futures:
        error = future.exception()
        if error is not None and not isinstance(error, base.NetworkStoppedError):
            raise error
        stopped = stopped or error
    for account in accounts:
        if stopped is not None and account.wall is not None and not account.wall.is_done:
            account.wall.fail(stopped.reason)
        try:
            yield _reading(account)
        except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError):
            # Fields of another type than VK documents cost this account, not the others; the raw answer is kept.
            yield base.Reading(account.target.account_id, "not_collected", "answer_not_understood", raw=account.raw)


def _reading(account: _Account) -> base.Reading:
    account_id, wall = account.target.account_id, account.wall
    if wall is None:
        msg = f"wall of {account_id} was never read"
        raise AssertionError(msg)
    covered = wall.covered()
    complete = covered is not None and not wall.reason and account.group is not None
    outcome = "collected" if complete else "partial" if covered or account.group is not None else "not_collected"
    reading = base.Reading(
        account_id=account_id,
        outcome=outcome,
        reason="" if complete else wall.reason or account.reason or "not_yet",
        covered_from=covered[0] if covered else None,
        covered_until=covered[1] if covered else None,
        reached_end=wall.reached_end,
        raw=account.raw,
    )
    for seen in wall.items.values():
        reading.posts.append(vk_rows.post_row(account_id, seen.item, seen.answered_at, seen.sha256))
        reading.metrics.append(vk_rows.metrics_row(account_id, seen.item, seen.answered_at))
    if account.group is not None and account.group_at is not None:
        sha256 = account.raw[0]["sha256"]
        profile = vk_rows.profile_row(account_id, account.group, account.group_at, sha256)
        if wall.reason == "wall_closed" and profile["status"] == "live":
            profile["status"] = "closed"
        reading.profile = profile
    return reading


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
