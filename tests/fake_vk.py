"""VK for `httpx.MockTransport`: answers from two dictionaries, remembers what was asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx

from kirovlib.platforms.base import NetworkStoppedError, Reading, Target, Window
from kirovlib.platforms.http import Http
from kirovlib.platforms.vk import Vk

URL = "https://vk.test/method/"
TOKEN = "vk1.a.PLANTED-SECRET"
NOW = datetime(2024, 5, 27, 6, tzinfo=UTC)
WINDOW = Window(datetime(2024, 5, 19, 21, tzinfo=UTC), datetime(2024, 5, 26, 21, tzinfo=UTC))
Fault = Callable[[str, dict[str, str]], "httpx.Response | dict[str, Any] | Exception | None"]


def error(code: int, text: str = "said so", **more: Any) -> dict[str, Any]:
    asked = [{"key": "access_token", "value": TOKEN}, {"key": "v", "value": "5.199"}]
    return {"error": {"error_code": code, "error_msg": text, "request_params": asked, **more}}


def post(group: int, number: int, **more: Any) -> dict[str, Any]:
    second = int(WINDOW.starts_at.timestamp()) + 3600 * number
    return {"id": number, "from_id": -group, "owner_id": -group, "date": second, "text": f"post {number}"} | more


def target(group: int) -> Target:
    return Target(f"vk:{group}", f"https://vk.com/club{group}")


class FakeVk:
    """`walls` maps a group to its posts (newest first) or to an error of `wall.get`.

    `names` maps a short name to what `utils.resolveScreenName` answers; any other name is free.
    """

    def __init__(self, groups: Iterable[int] = (1, 2, 3), kind: str = "user", fault: Fault | None = None) -> None:
        self.groups: dict[int, dict[str, Any]] = {
            group: {"id": group, "name": f"Group {group}", "screen_name": f"club{group}"} for group in groups
        }
        self.walls: dict[int, Any] = {
            group: [post(group, number) for number in range(4, 0, -1)] for group in self.groups
        }
        self.names: dict[str, Any] = {}
        self.kind, self.fault = kind, fault
        self.requests: list[httpx.Request] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self._lock = threading.Lock()

    def read(self, targets: Iterable[Target] | None = None, window: Window = WINDOW) -> list[Reading]:
        return list(self.vk().readings(list(targets or map(target, self.groups)), window))

    def read_until_stopped(self) -> tuple[list[Reading], NetworkStoppedError | None]:
        readings: list[Reading] = []
        try:
            for reading in self.vk().readings(list(map(target, self.groups)), WINDOW):
                readings.append(reading)  # noqa: PERF402 - what came before the error counts
        except NetworkStoppedError as stopped:
            return readings, stopped
        return readings, None

    def vk(self, stopping: threading.Event | None = None) -> Vk:
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        http = Http(client, lambda: NOW, per_second=0, longest_wait=0, stopping=stopping)
        return Vk(http, URL, TOKEN)

    def count(self, method: str) -> int:
        return sum(called == method for called, _ in self.calls)

    def batches(self) -> list[int]:
        """How many `wall.get` each `execute` carried."""
        return [len(inner_calls(form)) for method, form in self.calls if method == "execute"]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        method = request.url.path.rsplit("/", 1)[1]
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        with self._lock:
            self.requests.append(request)
            self.calls.append((method, form))
        answer = self.fault(method, form) if self.fault else None
        if answer is None:
            answer = self._body(method, form)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def _body(self, method: str, form: dict[str, str]) -> dict[str, Any]:
        if method == "groups.getById":
            asked = set(form["group_ids"].split(","))
            found = [group for group in self.groups.values() if asked & {str(group["id"]), group["screen_name"]}]
            return {"response": {"groups": found, "profiles": []}}
        if method == "utils.resolveScreenName":
            told = self.names.get(form["screen_name"], [])
            return told if isinstance(told, dict) and "error" in told else {"response": told}
        if method == "wall.get":
            return error(27) if self.kind == "group" else self._wall(form)
        if self.kind == "service":
            return error(28)
        inner = [self._wall(call) for call in inner_calls(form)]
        if self.kind == "group":
            inner = [error(27) for _ in inner]
        failures = [{"method": "wall.get", **page["error"]} for page in inner if "error" in page]
        body: dict[str, Any] = {"response": [page.get("response", False) for page in inner]}
        return body | ({"execute_errors": failures} if failures else {})

    def _wall(self, call: dict[str, Any]) -> dict[str, Any]:
        wall = self.walls.get(-int(call.get("owner_id", 0)), error(100))
        if isinstance(wall, dict):
            return wall
        offset, count = int(call["offset"]), int(call["count"])
        return {"response": {"count": len(wall), "items": wall[offset : offset + count]}}


def inner_calls(form: dict[str, str]) -> list[dict[str, Any]]:
    return [json.loads(arguments) for arguments in re.findall(r"API\.wall\.get\((\{[^}]*\})\)", form["code"])]
