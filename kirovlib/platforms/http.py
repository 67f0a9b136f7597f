"""HTTP to a network: pace, retries with back-off, the time of an answer; tokens never enter an address or a log."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import tenacity

_ATTEMPTS = 5
_TIMEOUT_SECONDS = 30
_MARGIN = 1.02  # VK counts a sliding second: three starts exactly 1/3 s apart can be four in one of its seconds


class TransientError(Exception):
    """Worth another try: time-out, 5xx, a cut or non-JSON body, "too many requests"."""


@dataclass(frozen=True)
class Answer:
    """A JSON answer, the moment it was given (UTC) and who gave it (`Server` header)."""

    body: Any
    received_at: datetime
    server: str


class Pace:
    """Lets requests start at most so many times a second, from any number of threads."""

    def __init__(self, per_second: float) -> None:
        self._interval = _MARGIN / per_second if per_second > 0 else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until the next request may start."""
        if not self._interval:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._interval
        time.sleep(max(0.0, start - now))


class Http:
    """POSTs forms to a network and reads JSON.

    Args:
        client: The `httpx.Client` to use; tests put a `MockTransport` in it.
        clock: Gives the present moment (UTC) for answers without a `Date` header.
        per_second: Requests a second, 0 for no limit.
        longest_wait: Upper bound of the back-off between tries, seconds.
    """

    def __init__(
        self,
        client: httpx.Client,
        clock: Callable[[], datetime],
        *,
        per_second: float,
        longest_wait: float = 20.0,
    ) -> None:
        self._client = client
        self._clock = clock
        self._pace = Pace(per_second)
        self._count_lock = threading.Lock()
        self.request_count = 0
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=min(0.5, longest_wait), max=longest_wait)
            + tenacity.wait_random(0, min(1, longest_wait)),
            reraise=True,
        )

    def post(
        self, url: str, form: Mapping[str, Any], headers: Mapping[str, str], check: Callable[[Any], None]
    ) -> Answer:
        """One call, tried up to five times.

        Args:
            check: Looks at the JSON body; raises `TransientError` for what is worth another try.

        Raises:
            TransientError: When the last try failed too.
        """
        return self._retrying(self._once, url, form, headers, check)

    def _once(
        self, url: str, form: Mapping[str, Any], headers: Mapping[str, str], check: Callable[[Any], None]
    ) -> Answer:
        self._pace.wait()
        with self._count_lock:
            self.request_count += 1
        try:
            response = self._client.post(url, data=dict(form), headers=dict(headers))
        except httpx.RequestError as error:
            raise TransientError(type(error).__name__) from None
        if response.status_code != httpx.codes.OK:
            msg = f"HTTP {response.status_code}"
            raise TransientError(msg)
        try:
            body = _readable(response.json(), response.text)
        except ValueError:
            msg = "not JSON"
            raise TransientError(msg) from None
        check(body)
        return Answer(body, self._moment(response), response.headers.get("Server", ""))

    def _moment(self, response: httpx.Response) -> datetime:
        # The network's own clock, so that a wrong clock of an office computer cannot make a running week look over.
        try:
            return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
        except (KeyError, ValueError):
            return self._clock()


def _readable(body: Any, text: str) -> Any:
    """The body without lone surrogates, which JSON can spell but no file can hold."""
    if not re.search(r"\\u[dD][89a-fA-F]", text):
        return body
    return json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))


def make_client(url: str) -> httpx.Client:
    """A client for a network's address; proxies of the environment are used, but never for this machine itself."""
    local = httpx.URL(url).host in {"127.0.0.1", "localhost", "::1"}
    return httpx.Client(
        timeout=_TIMEOUT_SECONDS,
        trust_env=not local,
        headers={"User-Agent": "kirovlib"},
        follow_redirects=False,
    )
