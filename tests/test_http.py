"""The transport: retries what may pass, waits as asked, ends when told, and goes out the way the office allows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from kirovlib.errors import ParameterError, TokenError
from kirovlib.platforms import base
from kirovlib.platforms.http import Http, Pace, TransientError, make_client, opened
from kirovlib.platforms.networks import NETWORKS
from kirovlib.settings import Settings

NOW = datetime(2024, 5, 27, 6, tzinfo=UTC)
URL = "https://t.invalid/s/name"


def http_of(answer: Callable[[httpx.Request], httpx.Response], **options: Any) -> Http:
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return Http(client, lambda: NOW, **{"per_second": 0, "longest_wait": 0, **options})


def fine(_: Any) -> None:
    """Accepts every answer."""


# --- pages


def test_a_page_comes_as_text_with_the_moment_of_its_date_header() -> None:
    headers = {"Date": "Mon, 27 May 2024 05:59:58 GMT", "Server": "nginx"}
    answer = http_of(lambda _: httpx.Response(200, text="<p>да</p>", headers=headers)).page(URL, {"before": 5}, fine)
    assert (answer.body, answer.server) == ("<p>да</p>", "nginx")
    assert answer.received_at == datetime(2024, 5, 27, 5, 59, 58, tzinfo=UTC)


def test_a_redirect_is_followed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/s/name":
            return httpx.Response(302, headers={"Location": "/name"})
        return httpx.Response(200, text=str(request.url.path))

    assert http_of(answer).page(URL, {}, fine).body == "/name"


def test_what_may_pass_is_tried_five_times_and_then_given_up() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(502)

    http = http_of(answer)
    with pytest.raises(TransientError, match="HTTP 502"):
        http.page(URL, {}, fine)
    assert len(asked) == http.request_count == 5


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
        httpx.ConnectError("refused"),
        httpx.Response(503, headers={"Retry-After": "0"}),
        httpx.Response(429, headers={"Retry-After": "Mon, 27 May 2024 06:00:00 GMT"}),
        httpx.Response(200, text='{"response": [1, 2'),
        httpx.Response(200, html="<html>Доступ ограничен</html>"),
    ],
)
def test_a_call_that_fails_once_comes_the_second_time(trouble: httpx.Response | Exception) -> None:
    answers = iter([trouble, httpx.Response(200, json={"response": 1})])

    def answer(_: httpx.Request) -> httpx.Response:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    assert http_of(answer).post(URL, {}, {}, fine).body == {"response": 1}


def test_the_wait_that_a_network_asks_for_is_kept_up_to_the_longest() -> None:
    answers = iter([httpx.Response(503, headers={"Retry-After": "9000"}), httpx.Response(200, text="x")])
    started = time.monotonic()
    assert http_of(lambda _: next(answers), longest_wait=0.1).page(URL, {}, fine).body == "x"
    assert time.monotonic() - started >= 0.1


# --- the end


def test_once_told_to_stop_nothing_more_is_sent() -> None:
    asked: list[httpx.Request] = []
    stopping = threading.Event()
    http = http_of(lambda request: (asked.append(request), httpx.Response(200, text="x"))[1], stopping=stopping)
    http.page(URL, {}, fine)
    stopping.set()
    with pytest.raises(base.NetworkStoppedError) as caught:
        http.page(URL, {}, fine)
    assert (caught.value.reason, len(asked)) == ("interrupted", 1)


def test_waiting_for_the_pace_ends_when_told_to_stop() -> None:
    stopping = threading.Event()
    pace = Pace(0.01, stopping)  # one request in a hundred seconds
    pace.wait()
    waiting = threading.Thread(target=pace.wait)
    waiting.start()
    stopping.set()
    waiting.join(20)
    assert not waiting.is_alive()


# --- the way out


def test_the_variables_with_missing_tokens_are_named_and_nothing_is_opened(tmp_path: Path) -> None:
    settings = Settings(tmp_path, {"OK_APPLICATION_KEY": "key"})
    with (
        pytest.raises(TokenError, match=r"Одноклассники: не задано OK_APPLICATION_SECRET\."),
        opened(NETWORKS["ok"], settings, threading.Event(), per_second=3),
    ):
        pytest.fail("opened")


def test_the_pace_of_the_settings_is_stronger_than_the_networks(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    for found, expected in ((settings, 2.0), (replace(settings, requests_per_second=0), 0)):
        with opened(NETWORKS["telegram"], found, threading.Event(), per_second=2.0) as http:
            assert http.per_second == expected


def test_a_proxy_of_the_settings_is_used_for_the_network_but_not_for_this_machine(tmp_path: Path) -> None:
    settings = Settings(tmp_path, {"KIROV_PROXY": "http://proxy.invalid:3128"})
    for url, expected in (("https://t.me/", True), ("http://127.0.0.1:8131/telegram/", False)):
        with make_client(url, settings) as client:
            assert bool(client._mounts) is expected


def test_a_proxy_that_is_no_address_is_refused_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="KIROV_PROXY") as caught:
        make_client("https://t.me/", Settings(tmp_path, {"KIROV_PROXY": "user:secret@proxy"}))
    assert "secret" not in str(caught.value)


def test_a_certificate_file_that_cannot_be_read_is_refused_by_its_variable(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate", "utf-8")
    for path in ("ca.pem", "none.pem"):
        with pytest.raises(ParameterError, match="KIROV_CA_FILE"):
            make_client("https://t.me/", Settings(tmp_path, {"KIROV_CA_FILE": str(tmp_path / path)}))
