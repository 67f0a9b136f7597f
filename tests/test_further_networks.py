"""A network is one module and one line: a toy one is collected, counted and judged like the others."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pandas as pd
import pytest
import toy_network

from kirovlib import tables
from kirovlib.collect import NetworkPlan, Summary, collect
from kirovlib.counts import weekly_counts
from kirovlib.errors import TokenError
from kirovlib.lake import Lake
from kirovlib.platforms.base import Window
from kirovlib.platforms.networks import NETWORKS
from kirovlib.settings import Settings
from kirovlib.weeks import Week

WEEK = Week.parse("2024-W21")
NOW = WEEK.ends_at + timedelta(hours=9)
WINDOW = Window(WEEK.starts_at, NOW)


class Answering(BaseHTTPRequestHandler):
    """Channel `n` has n own posts and one forwarded post in the week; `broken` answers nonsense."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        channel = form["channel"][0]
        body = b"<html>" if channel == "broken" else json.dumps({"posts": posts(int(channel))}).encode()
        self.send_response_only(200)
        self.send_header("Date", f"{NOW.astimezone(UTC):%a, %d %b %Y %H:%M:%S} GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def posts(own_count: int) -> list[dict[str, Any]]:
    moments = [WEEK.starts_at + timedelta(hours=5 * number + 1) for number in range(own_count + 1)]
    return [
        {"id": number, "time": int(moment.timestamp()), "text": "…", "forward": number == own_count}
        | {"url": f"https://toy.invalid/p/{number}"}
        for number, moment in enumerate(moments)
    ]


@pytest.fixture
def toy_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(NETWORKS, "toy", toy_network.NETWORK)
    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def accounts(*channels: str, platform: str = "toy") -> pd.DataFrame:
    rows = [
        {"account_id": f"{platform}:{name}", "institution_id": name, "platform": platform}
        | {"url": f"https://{platform}.invalid/{name}"}
        for name in channels
    ]
    return tables.validate(tables.Accounts, pd.DataFrame(rows))


def run(home: Path, url: str, chosen: pd.DataFrame, token: str = "planted", **options: Any) -> Summary:
    settings = Settings(
        home, {"KIROV_TOY_URL": url, "TOY_TOKEN": token}, requests_per_second=0, clock=lambda: NOW.astimezone(UTC)
    )
    return collect(settings, chosen, WINDOW, progress=False, **options)


def test_a_network_of_one_module_and_one_line_is_collected_and_counted(toy_url: str, tmp_path: Path) -> None:
    summary = run(tmp_path, toy_url, accounts("2", "3", "broken"))
    assert dict(summary.outcomes) == {
        ("toy", "collected", ""): 2,
        ("toy", "not_collected", "no_answer"): 1,
    }
    lake = Lake(tmp_path / "data" / "lake")
    counted = weekly_counts(lake, ["toy:2", "toy:3", "toy:broken"], [WEEK])
    assert list(counted["own_count"]) == [2, 3, 0]
    assert list(counted["repost_count"]) == [1, 1, 0]
    assert list(counted["is_complete"]) == [True, True, False]
    assert lake.raw(lake.query("SELECT raw_sha256 FROM posts LIMIT 1")["raw_sha256"].item())["method"] == "posts"
    assert lake.runs()["source"].tolist() == ["sandbox"]  # never taken for the real network


def test_its_part_of_the_plan_is_told_before_the_first_request(toy_url: str, tmp_path: Path) -> None:
    told: list[NetworkPlan] = []
    run(tmp_path, toy_url, pd.concat([accounts("2", "3"), accounts("a", platform="max")]), announce=told.extend)
    assert [(planned.name, planned.account_count, planned.plan is None) for planned in told] == [
        ("max", 1, True),
        ("toy", 2, False),
    ]


def test_without_its_token_the_variable_is_named(toy_url: str, tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="TOY_TOKEN"):
        run(tmp_path, toy_url, accounts("2"), token="")


def test_a_network_without_a_module_is_kept_and_said_to_be_not_collected(toy_url: str, tmp_path: Path) -> None:
    summary = run(tmp_path, toy_url, pd.concat([accounts("3"), accounts("a", "b", platform="max")]))
    assert summary.outcomes["max", "not_collected", "platform_not_supported"] == 2
    assert summary.is_complete


def test_the_module_stays_about_forty_lines_long() -> None:
    source = Path(toy_network.__file__).read_text("utf-8").splitlines()
    code = [line for line in source if line.strip() and not line.startswith(("import ", "from ", '"""'))]
    assert len(code) <= 44
