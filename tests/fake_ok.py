"""Odnoklassniki for `httpx.MockTransport`: answers from dictionaries, remembers what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx

from kirovlib.platforms.base import NetworkStoppedError, Reading, Target, Window
from kirovlib.platforms.http import Http
from kirovlib.platforms.ok import Ok

URL = "https://ok.test/"
KEY, SECRET, TOKEN = "PLANTED-APPLICATION-KEY", "PLANTED-SECRET", "-s-PLANTED-TOKEN"
NOW = datetime(2024, 5, 27, 6, tzinfo=UTC)
WINDOW = Window(datetime(2024, 5, 19, 21, tzinfo=UTC), datetime(2024, 5, 26, 21, tzinfo=UTC))
START_MS = int(WINDOW.starts_at.timestamp()) * 1000
HOUR_MS = 3_600_000
Fault = Callable[[str, dict[str, str]], Any]


def error(code: int) -> dict[str, Any]:
    return {"error_code": code, "error_msg": f"SAID : {KEY}", "error_data": None}


def topic(group: int, number: int, **more: Any) -> dict[str, Any]:
    """The group's own topic, `number` hours after the window's start (before it when negative)."""
    return {
        "id": f"{group}{number + 10_000}",
        "author_ref": f"group:{group}",
        "owner_ref": f"group:{group}",
        "created_ms": START_MS + number * HOUR_MS,
        "media": [{"type": "text", "text": f"topic {number}", "reshare": False}],
    } | more


def visitor(group: int, number: int) -> dict[str, Any]:
    media = [{"type": "text", "text": "visitor's words"}]
    return topic(group, number, author_ref="user:7654321", media=media)


def group_of(number: int, **more: Any) -> dict[str, Any]:
    return {"uid": str(number), "name": f"Group {number}", "shortname": f"group{number}"} | more


def page(topics: Sequence[dict[str, Any]], anchor: str) -> dict[str, Any]:
    """As `stream.get` answers; without topics there is no key `feeds`, yet an anchor."""
    feeds = [
        {"pattern": "POST", "date_ms": each["created_ms"], "target_refs": [f"media_topic:{each['id']}"]}
        for each in topics
    ]
    people = [{"uid": "7654321", "first_name": "PLANTED-PERSON"}]
    body: dict[str, Any] = {"anchor": anchor, "available": True}
    return body | ({"feeds": feeds, "entities": {"media_topics": list(topics), "users": people}} if feeds else {})


def target(group: int) -> Target:
    return Target(f"ok:{group}", f"https://ok.ru/group/{group}")


def named(name: str, platform_id: str = "", learnt_id: str = "") -> Target:
    return Target(f"ok:{name}", f"https://ok.ru/{name}", platform_id, learnt_id)


class FakeOk:
    """`feeds` maps a group to its topics (newest first) or to any other answer of `stream.get`."""

    def __init__(self, groups: Iterable[int] = (1, 2, 3), fault: Fault | None = None, token: str = "") -> None:
        self.groups: dict[int, dict[str, Any]] = {group: group_of(group) for group in groups}
        self.feeds: dict[int, Any] = {
            group: [topic(group, number) for number in (*range(4, 0, -1), -1, -2)] for group in self.groups
        }
        self.names: dict[str, Any] = {}  # address -> answer of url.getInfo
        self.fault, self.token = fault, token
        self.requests: list[httpx.Request] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self._lock = threading.Lock()

    def read(self, targets: Iterable[Target] | None = None, window: Window = WINDOW) -> list[Reading]:
        return list(self.ok().readings(list(targets or map(target, self.groups)), window))

    def read_until_stopped(
        self, targets: Iterable[Target] | None = None
    ) -> tuple[list[Reading], NetworkStoppedError | None]:
        readings: list[Reading] = []
        try:
            for reading in self.ok().readings(list(targets or map(target, self.groups)), WINDOW):
                readings.append(reading)  # noqa: PERF402 - what came before the error counts
        except NetworkStoppedError as stopped:
            return readings, stopped
        return readings, None

    def ok(self, *, by_topics: bool = False, stopping: threading.Event | None = None) -> Ok:
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        http = Http(client, lambda: NOW, per_second=0, longest_wait=0, stopping=stopping)
        return Ok(http, URL, KEY, SECRET, self.token, by_topics=by_topics)

    def count(self, method: str) -> int:
        return sum(called == method for called, _ in self.calls)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        with self._lock:
            self.requests.append(request)
            self.calls.append((form["method"], form))
        answer = self.fault(form["method"], form) if self.fault else ...
        if answer is ...:  # not None, which is an answer of theirs
            answer = self.body(form["method"], form)
        if isinstance(answer, Exception):
            raise answer
        # Not `json=answer`: httpx would send None as no body, they send `null`.
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=json.dumps(answer))

    def body(self, method: str, form: dict[str, str]) -> Any:
        if method == "url.getInfo":
            return self.names.get(form["url"], {"type": "UNKNOWN"})
        if method == "group.getInfo":
            return [self.groups[int(uid)] for uid in form["uids"].split(",") if int(uid) in self.groups]
        feed = self.feeds.get(int(form["gid"]))
        if not isinstance(feed, list):
            return feed
        start, count = int(form.get("anchor", "a0")[1:]), int(form["count"])
        topics = feed[start : start + count]
        answer = page(topics, f"a{start + len(topics)}")
        if method == "stream.get":
            return answer
        return {"media_topics": topics, "anchor": answer["anchor"], "has_more": start + count < len(feed)}
