"""HTTP to a network: pace, retries with back-off, the time of an answer; tokens never enter an address or a log."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import tenacity

from kirovlib.errors import ParameterError, TokenError
from kirovlib.platforms import base
from kirovlib.settings import Settings

_ATTEMPTS = 5
_LONGEST_WAIT_SECONDS = 20.0
_MARGIN = 1.02  # VK counts a sliding second: three starts exactly 1/3 s apart can be four in one of its seconds


class TransientError(Exception):
    """Worth another try: time-out, 5xx, a cut or non-JSON body, "too many requests"."""


@dataclass(frozen=True)
class Answer:
    """An answer (JSON value or text of a page), the moment it was given (UTC) and who gave it (`Server` header)."""

    body: Any
    received_at: datetime
    server: str


class Pace:
    """Lets requests start at most so many times a second, from any number of threads.

    Args:
        per_second: 0 for no limit.
        stopping: Ends the waiting early.
    """

    def __init__(self, per_second: float, stopping: threading.Event | None = None) -> None:
        self._interval = _MARGIN / per_second if per_second > 0 else 0.0
        self._next = 0.0
        self._lock = threading.Lock()
        self._stopping = stopping or threading.Event()

    def wait(self) -> None:
        """Sleep until the next request may start."""
        if not self._interval:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._interval
        self._stopping.wait(max(0.0, start - now))


class Http:
    """Asks a network and reads its answers.

    Args:
        client: The `httpx.Client` to use; tests put a `MockTransport` in it.
        clock: Gives the present moment (UTC) for answers without a `Date` header.
        per_second: Requests a second, 0 for no limit.
        longest_wait: Upper bound of the back-off between tries, seconds.
        stopping: Once set, nothing more is sent.
    """

    def __init__(
        self,
        client: httpx.Client,
        clock: Callable[[], datetime],
        *,
        per_second: float,
        longest_wait: float = _LONGEST_WAIT_SECONDS,
        stopping: threading.Event | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._stopping = stopping or threading.Event()
        self._pace = Pace(per_second, self._stopping)
        self._longest_wait = longest_wait
        self._count_lock = threading.Lock()
        self.per_second = per_second
        self.request_count = 0
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=min(0.5, longest_wait), max=longest_wait)
            + tenacity.wait_random(0, min(1, longest_wait)),
            sleep=tenacity.sleep_using_event(self._stopping),
            reraise=True,
        )

    def post(
        self, url: str, form: Mapping[str, Any], headers: Mapping[str, str], check: Callable[[Any], None]
    ) -> Answer:
        """One call of an API that answers JSON, tried up to five times.

        Args:
            check: Looks at the JSON body; raises `TransientError` for what is worth another try.

        Raises:
            TransientError: When the last try failed too.
            base.NetworkStoppedError: When `stopping` was set.
        """

        def once() -> Answer:
            response = self._response("POST", url, data=dict(form), headers=dict(headers))
            try:
                body = _readable(response.json(), response.text)
            except ValueError:
                msg = "not JSON"
                raise TransientError(msg) from None
            check(body)
            return self._answer(body, response)

        return self._retrying(once)

    def page(self, url: str, query: Mapping[str, Any], check: Callable[[str], None]) -> Answer:
        """One page of a site as text, redirects followed, tried up to five times.

        Args:
            check: Looks at the text; raises `TransientError` for what is worth another try.

        Raises:
            TransientError: When the last try failed too.
            base.NetworkStoppedError: When `stopping` was set.
        """

        def once() -> Answer:
            response = self._response("GET", url, params=dict(query), follow_redirects=True)
            check(response.text)
            return self._answer(response.text, response)

        return self._retrying(once)

    def _response(self, method: str, url: str, **request: Any) -> httpx.Response:
        self._pace.wait()
        if self._stopping.is_set():
            raise base.interrupted()
        with self._count_lock:
            self.request_count += 1
        try:
            response = self._client.request(method, url, **request)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise TransientError(type(error).__name__) from None
        if response.status_code != httpx.codes.OK:
            self._rest(response)
            msg = f"HTTP {response.status_code}"
            raise TransientError(msg)
        return response

    def _rest(self, response: httpx.Response) -> None:
        """Wait as long as the network asks for, within reason."""
        asked = response.headers.get("Retry-After", "")
        if re.fullmatch(r"[0-9]{1,4}", asked):
            self._stopping.wait(min(float(asked), self._longest_wait))

    def _answer(self, body: Any, response: httpx.Response) -> Answer:
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


def make_client(url: str, settings: Settings) -> httpx.Client:
    """A client for a network's address.

    `KIROV_PROXY` and `KIROV_CA_FILE` (a file of trusted certificates) are for offices that let nothing else through;
    the usual proxy variables of the environment work too. This machine itself is never reached through a proxy.

    Raises:
        ParameterError: The certificate file cannot be read, or the proxy's address is no address.
    """
    local = httpx.URL(url).host in {"127.0.0.1", "localhost", "::1"}
    proxy, trusted = settings.variable("KIROV_PROXY"), settings.variable("KIROV_CA_FILE")
    try:
        return httpx.Client(
            timeout=settings.timeout_seconds,
            trust_env=not local,
            proxy=None if local or not proxy else proxy,
            verify=ssl.create_default_context(cafile=trusted) if trusted and not local else True,
            headers={"User-Agent": "kirovlib"},
            follow_redirects=False,
        )
    except OSError as error:
        msg = f"Файл сертификатов KIROV_CA_FILE не читается: {error.strerror or error}. Нужен файл PEM."
        raise ParameterError(msg) from None
    except (ValueError, httpx.InvalidURL):  # never the address itself: it may hold a password
        msg = "Переменная KIROV_PROXY не похожа на адрес прокси. Ожидается http://узел:порт."
        raise ParameterError(msg) from None


@contextmanager
def opened(
    network: base.Network, settings: Settings, stopping: threading.Event, *, per_second: float
) -> Iterator[Http]:
    """The transport to a network at its pace, or at the pace of the settings.

    Raises:
        TokenError: When a variable with a token is not set.
    """
    missing = [name for name in network.secrets if not settings.variable(name)]
    if missing:
        msg = (
            f"{network.title}: не задано {', '.join(missing)}. Как получить ключ, написано в docs/analyst-guide.ru.md; "
            "впишите его в файл .env или переменную окружения. Без ключей работает «kirov demo»."
        )
        raise TokenError(msg)
    pace = per_second if settings.requests_per_second is None else settings.requests_per_second
    # Without a pace there is nobody to spare: retries need not wait either.
    longest_wait = _LONGEST_WAIT_SECONDS if pace else 0.05
    with make_client(network.url(settings), settings) as client:
        yield Http(client, settings.clock, per_second=pace, longest_wait=longest_wait, stopping=stopping)
