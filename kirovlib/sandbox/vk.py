"""The VK API over a world or a recording: methods, tokens, limits and errors as `PLATFORMS.md` gives them.

Tokens: `sandbox-service` (no `execute`), `sandbox-user` (everything), `sandbox-group` (no `wall.get`),
`sandbox-expired`; `sandbox-service-2` and `sandbox-user-2` are there for whom the first was taken away; any other is
refused. A call without `v` gives error 8, as VK answers today; the old array format is only served where it was
recorded.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from kirovlib.sandbox import vkscript
from kirovlib.sandbox.sources import Fetched, VkFailure, VkSource, invalid

METHODS = ("groups.getById", "wall.get", "utils.resolveScreenName", "execute")
TOKENS = {  # requests a second
    "sandbox-service": 3,
    "sandbox-service-2": 3,
    "sandbox-user": 3,
    "sandbox-user-2": 3,
    "sandbox-group": 20,
}
USER_TOKEN = "sandbox-user"
SERVICE_TOKENS = ("sandbox-service", "sandbox-service-2")
WALL_QUOTA = 5000
MOST_IDS, MOST_POSTS, MOST_CALLS = 500, 100, 25
MOST_BYTES = 5 * 1024 * 1024
NEW_ENVELOPE = (5, 199)
PACE_WINDOW = 0.9  # seconds; a tenth is forgiven, since moments of sending and of arrival differ
FILTERS = ("all", "owner", "others")
HIDDEN_FILTERS = ("postponed", "suggests", "archived", "donut")

AUTH_FAILED = (5, "User authorization failed: invalid access_token (4).")
EXPIRED = (5, "User authorization failed: access_token has expired.")
NO_TOKEN = (5, "User authorization failed: no access_token passed.")
TOKEN_REQUIRED = (15, "Access denied: token required")
NO_VERSION = (8, "Invalid request: v (version) is required")
TOO_FAST = (6, "Too many requests per second")
GROUP_AUTH = (27, "Group authorization failed: method is unavailable with group auth.")
APP_AUTH = (28, "Application authorization failed: method is unavailable with service token.")
QUOTA_USED = (29, "Rate limit reached")
TOO_BIG = (13, "Runtime error occurred during code invocation: response size is too big")
TOO_MANY = (13, "Runtime error occurred during code invocation: too many api calls")
NOT_COMPILED = (12, "Unable to compile code: syntax error")
UNKNOWN_METHOD = (3, "Unknown method passed")


class Reply(NamedTuple):
    """An answer: HTTP status, JSON value (bytes go as they are), the moment for its `Date` (UTC)."""

    status: int
    body: Any
    moment: datetime


class VkApi:
    """VK without HTTP.

    Args:
        source: Where the answers come from.
        limits: Whether requests a second and the day's quota are watched.
        wall_quota: Calls of `wall.get` for each token, those inside `execute` included; default 5,000
            with `limits`.
            The clock of a world stands still, so the day never ends.
        monotonic: Seconds of a clock that never goes back.
        faults: Called with method, parameters and the number of the call (from 1) before anything else; what
            it returns is the answer, None lets the call through.

    Example:
        >>> from kirovlib.sandbox import build_world
        >>> from kirovlib.sandbox.sources import WorldSource
        >>> api = VkApi(WorldSource(build_world(institutions=8, weeks=1)))
        >>> asked = {"screen_name": "nobody", "v": "5.199"}
        >>> api.method("utils.resolveScreenName", asked, "sandbox-user").body
        {'response': []}
    """

    def __init__(
        self,
        source: VkSource,
        *,
        limits: bool = True,
        wall_quota: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        faults: Callable[[str, Mapping[str, str], int], Reply | None] | None = None,
    ) -> None:
        self.source = source
        self.call_count = 0
        self._limits = limits
        self._quota = wall_quota if wall_quota is not None or not limits else WALL_QUOTA
        self._monotonic = monotonic
        self._faults = faults
        self._recent: dict[str, deque[float]] = {}
        self._wall_calls: Counter[str] = Counter()

    def method(self, name: str, params: Mapping[str, str], token: str | None = None) -> Reply:
        """The answer to one call.

        Args:
            name: `wall.get` and the like.
            params: Parameters; `access_token` counts where `token` is not given.
            token: What came in the `Authorization` header.
        """
        self.call_count += 1
        token = token or params.get("access_token") or ""
        if self._faults is not None and (fault := self._faults(name, params, self.call_count)) is not None:
            return fault
        try:
            self._admit(name, params, token)
            if name == "execute":
                return self._execute(params, token)
            fetched = self._call(name, params, token)
        except VkFailure as failure:
            return Reply(200, error_body(failure, name, params, token), self.source.now)
        return Reply(200, {"response": fetched.value}, fetched.moment)

    def _admit(self, name: str, params: Mapping[str, str], token: str) -> None:
        if name not in METHODS:
            raise VkFailure(*UNKNOWN_METHOD)
        if _version(params) is None:
            raise VkFailure(*NO_VERSION)
        if not token:
            raise VkFailure(*(TOKEN_REQUIRED if name == "wall.get" else NO_TOKEN))
        if token not in TOKENS:
            raise VkFailure(*(EXPIRED if token == "sandbox-expired" else AUTH_FAILED))
        self._pace(token)
        if name == "execute" and token in SERVICE_TOKENS:
            raise VkFailure(*APP_AUTH)

    def _pace(self, token: str) -> None:
        if not self._limits:
            return
        moments = self._recent.setdefault(token, deque())
        now = self._monotonic()
        while moments and now - moments[0] >= PACE_WINDOW:
            moments.popleft()
        if len(moments) >= TOKENS[token]:
            raise VkFailure(*TOO_FAST)
        moments.append(now)

    def _call(self, name: str, params: Mapping[str, str], token: str) -> Fetched:
        if name == "wall.get":
            return self._wall(params, token)
        if name == "groups.getById":
            return self._groups(params)
        if name == "utils.resolveScreenName":
            if not params.get("screen_name"):
                msg = "screen_name is undefined"
                raise invalid(msg)
            return self.source.vk_resolve(params["screen_name"])
        raise VkFailure(*UNKNOWN_METHOD)

    def _groups(self, params: Mapping[str, str]) -> Fetched:
        asked = params.get("group_ids") or params.get("group_id") or ""
        keys = [key.strip() for key in asked.split(",") if key.strip()]
        if not keys or len(keys) > MOST_IDS:
            msg = "group_ids is undefined" if not keys else f"group_ids has more than {MOST_IDS} items"
            raise invalid(msg)
        wanted = frozenset(name.strip() for name in params.get("fields", "").split(","))
        groups, moment = self.source.vk_groups(keys, wanted)
        if (_version(params) or NEW_ENVELOPE) >= NEW_ENVELOPE:
            return Fetched({"groups": groups, "profiles": []}, moment)
        return Fetched(groups, moment)

    def _wall(self, params: Mapping[str, str], token: str) -> Fetched:
        if token == "sandbox-group":
            raise VkFailure(*GROUP_AUTH)
        owner, chosen = params.get("owner_id", ""), params.get("filter") or "all"
        offset = _whole(params, "offset", 0, None)
        count = _whole(params, "count", 20, MOST_POSTS)
        if owner and not re.fullmatch(r"-\d+", owner):
            msg = "owner_id should be a negative number here"
            raise invalid(msg)
        if chosen in HIDDEN_FILTERS:
            raise VkFailure(15, f"Access denied: filter {chosen} is for administrators")
        if chosen not in FILTERS or not (owner or params.get("domain")):
            msg = "filter" if chosen not in FILTERS else "owner_id is undefined"
            raise invalid(msg)
        self._wall_calls[token] += 1
        if self._quota is not None and self._wall_calls[token] > self._quota:
            raise VkFailure(*QUOTA_USED)
        return self.source.vk_wall(owner or params["domain"], offset, count, chosen)

    def _execute(self, params: Mapping[str, str], token: str) -> Reply:
        try:
            parsed = vkscript.parse(params.get("code", ""))
        except ValueError:
            raise VkFailure(*NOT_COMPILED) from None
        if not isinstance(parsed, vkscript.Calls):
            return Reply(200, {"response": parsed}, self.source.now)
        if len(parsed) > MOST_CALLS:
            raise VkFailure(*TOO_MANY)
        values: list[Any] = []
        failures: list[dict[str, Any]] = []
        moments: list[datetime] = []
        for name, arguments in parsed:
            try:
                value, moment = self._call(name, {"v": params["v"]} | arguments, token)
            except VkFailure as failure:
                value = False
                failures.append({"method": name, "error_code": failure.code, "error_msg": failure.message})
            else:
                moments.append(moment)
            values.append(value)
        body: dict[str, Any] = {"response": values}
        if failures:
            body["execute_errors"] = failures
        if len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) > MOST_BYTES:
            raise VkFailure(*TOO_BIG)
        # The earliest: no part of the answer may seem to speak for later than it was recorded.
        return Reply(200, body, min(moments, default=self.source.now))


def _version(params: Mapping[str, str]) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d+)\.(\d+)", params.get("v", ""))
    return (int(match[1]), int(match[2])) if match else None


def _whole(params: Mapping[str, str], name: str, default: int, most: int | None) -> int:
    text = params.get(name) or str(default)
    if not re.fullmatch(r"\d+", text) or (most is not None and int(text) > most):
        limit = "" if most is None else f" and not above {most}"
        msg = f"{name} should be a whole number{limit}"
        raise invalid(msg)
    return int(text)


def error_body(failure: VkFailure, name: str, params: Mapping[str, str], token: str) -> dict[str, Any]:
    """The envelope; like VK's old answers it repeats the parameters, the token among them."""
    echo = {"oauth": "1", "method": name, **params}
    if token:
        echo["access_token"] = token
    asked = [{"key": key, "value": value} for key, value in echo.items()]
    return {"error": {"error_code": failure.code, "error_msg": failure.message, "request_params": asked}}
