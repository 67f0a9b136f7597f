"""`kirov status`: tells how things stand whatever is broken or absent, and never a token."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner, Result
from small_lake import W23, Small

from kirovlib import cli, status
from kirovlib.sandbox import Sandbox, build_world
from kirovlib.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
NOW = W23 + timedelta(days=2, hours=5)
TOKEN = "vk1.a.PLANTED-tok3n-that-nobody-may-see-wxyz"
CLOSED_PORT = "http://127.0.0.1:9/"


def kirov(*arguments: str, **environment: str) -> Result:
    cleared: dict[str, str | None] = {"VK_TOKEN": None, "KIROV_VK_URL": CLOSED_PORT, "KIROV_HOME": None}
    return CliRunner().invoke(cli.main, ["status", *arguments], env={**cleared, "KIROV_DEBUG": "1", **environment})


def settings_of(home: Path, *, now: datetime = NOW, **changes: str) -> Settings:
    addresses = dict.fromkeys(("KIROV_VK_URL", "KIROV_OK_URL", "KIROV_TELEGRAM_URL"), CLOSED_PORT)
    return Settings(home, variables={"VK_TOKEN": TOKEN, **addresses, **changes}, clock=lambda: now)


def look(home: Path, **changes: Any) -> status.Status:
    return status.look(settings_of(home, **changes), offline=True)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A register and a lake read until W23."""
    small = Small(tmp_path / "data")
    small.posts(3)
    small.covered()
    return small


# --- nothing there, broken things


def test_with_nothing_there_it_says_so_and_ends_with_0(tmp_path: Path) -> None:
    result = kirov("--home", str(tmp_path))
    assert result.exit_code == 0, result.output
    for words in ("реестра нет", "пусто", "VK_TOKEN: не задан", "не отвечает", "kirov registry import", "kirov demo"):
        assert words in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--home", "no/such/folder"], {}),
        (["--frobnicate"], {}),
        (["--home", "."], {"KIROV_VK_URL": "vk.com"}),
    ],
)
def test_only_bad_parameters_end_with_2(arguments: list[str], environment: dict[str, str]) -> None:
    result = kirov(*arguments, **environment)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_wrong_register_shows_its_first_mistakes_and_how_to_see_all(small: Small, tmp_path: Path) -> None:
    for number in range(8):
        small.account(f"vk:b{number}", institution="nobody")
    small.store()
    result = kirov("--offline", "--home", str(tmp_path))
    assert result.exit_code == 0
    assert result.output.count("accounts.csv, строка") == 5
    assert look(tmp_path).steps[0][0] == "kirov registry check"


def test_a_broken_lake_is_told_and_not_raised(small: Small, tmp_path: Path) -> None:
    small.store()
    for file in (tmp_path / "data" / "lake").rglob("*.parquet"):
        file.write_bytes(b"PAR1 not parquet at all PAR1")
    result = kirov("--offline", "--home", str(tmp_path))
    assert result.exit_code == 0
    assert "не читается" in result.output


def test_a_lake_of_another_version_is_told(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small.store()
    monkeypatch.setattr("kirovlib.tables.SCHEMA_VERSION", 99)
    assert look(tmp_path).lake.state == "wrong"
    assert "другой версией" in look(tmp_path).lake.error


# --- register and lake


def test_accounts_and_institutions_are_counted_by_network_and_kind(small: Small, tmp_path: Path) -> None:
    small.account("telegram:c")
    small.account("vk:b")
    small.institution("2", kind="executive_authority")
    small.store()
    found = look(tmp_path).register
    assert found.by_platform == {"telegram": 1, "vk": 2}
    assert found.by_kind == {"executive_authority": 1, "subordinate": 1}
    assert "ВКонтакте 2" in kirov("--offline", "--home", str(tmp_path)).output


def test_the_age_of_the_newest_data_is_told_in_days_and_hours(small: Small, tmp_path: Path) -> None:
    small.store()
    lake = look(tmp_path).lake
    assert (lake.post_count, lake.batch_count) == (3, 1)
    assert lake.age_seconds == (2 * 24 + 5) * 3600
    lines = cli.status._lake(lake)
    assert "  самым новым данным 2 дня 5 часов" in lines
    assert "  лента прочитана с 13.05.2024 00:00 по 03.06.2024 00:00" in lines


def test_the_share_is_of_the_last_collection_and_not_of_a_file(small: Small, tmp_path: Path) -> None:
    small.account("vk:b")
    small.covered(None, None, "vk:b", outcome="not_collected", reason="no_answer")
    lake = small.store()
    with lake.writer() as writer:
        small.covered(account="vk:b", outcome="collected")
        writer.commit("r2", small.batch)
        run = {"run_id": "r2", "started_at": NOW, "source": "file", "window_from": W23, "window_until": NOW}
        writer.record_run({**run, "account_count": 1, "request_count": 0})
    found = look(tmp_path).lake
    assert found.collected_share == 0.5
    assert [run.run_id for run in found.runs] == ["r2", "r1"]


def test_accounts_that_were_never_read_are_named(small: Small, tmp_path: Path) -> None:
    small.account("vk:b")
    small.account("vk:c")
    small.covered(None, None, "vk:b", outcome="not_collected", reason="no_answer")
    small.store()
    assert look(tmp_path).lake.never_collected == ["vk:b", "vk:c"]


def test_only_the_last_five_runs_are_shown_the_newest_first(small: Small, tmp_path: Path) -> None:
    for number in range(7):
        small.until = W23 + timedelta(minutes=number)
        small.covered()
        small.store(f"r{number}")
    assert [run.run_id for run in look(tmp_path).lake.runs] == ["r6", "r5", "r4", "r3", "r2"]


def test_a_run_that_never_ended_is_named(small: Small, tmp_path: Path) -> None:
    small.store()
    small.covered()
    with small.lake.writer() as writer:
        writer.commit("killed", small.batch)
    assert look(tmp_path).lake.unfinished == ["killed"]
    assert "killed" in kirov("--offline", "--home", str(tmp_path)).output


# --- tokens


@pytest.mark.parametrize(
    ("token", "ending"),
    [("", ""), ("12345678", ""), ("123456789", "6789"), (TOKEN, "wxyz"), ("long-enough-\x1b[2J", "")],
)
def test_at_most_the_last_four_characters_of_a_long_token_are_shown(tmp_path: Path, token: str, ending: str) -> None:
    found = look(tmp_path, VK_TOKEN=token).tokens[0]
    assert (found.variable, found.is_set, found.ending) == ("VK_TOKEN", bool(token), ending)


@pytest.mark.parametrize("option", [[], ["--json"], ["--offline"]])
@pytest.mark.parametrize("where", ["environment", "env_file"])
def test_no_token_is_ever_in_the_output(small: Small, tmp_path: Path, option: list[str], where: str) -> None:
    small.store()
    url = f"http://user:{TOKEN}@127.0.0.1:9/{TOKEN}/"
    environment = {"VK_TOKEN": TOKEN, "KIROV_VK_URL": url}
    if where == "env_file":
        text = "".join(f"{name}={value}\n" for name, value in environment.items())
        (tmp_path / ".env").write_text(text, encoding="utf-8")
        arguments = ["status", *option, "--home", str(tmp_path)]
        result = CliRunner().invoke(cli.main, arguments, env={"VK_TOKEN": None, "KIROV_VK_URL": None})
    else:
        result = kirov(*option, "--home", str(tmp_path), **environment)
    assert result.exit_code == 0, result.output
    assert "wxyz" in result.output
    for length in range(5, len(TOKEN) + 1):
        assert TOKEN[-length:] not in result.output
    assert TOKEN[:12] not in result.output


# --- networks


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx.Request], httpx.Response]) -> None:
    monkeypatch.setattr(status, "make_client", lambda *_: httpx.Client(transport=httpx.MockTransport(answer)))


@pytest.mark.parametrize(
    ("response", "state"),
    [
        (httpx.Response(200, json={"error": {"error_code": 5, "error_msg": "no token"}}), "reachable"),
        (httpx.Response(200, json={"response": 1716195600}), "reachable"),
        (httpx.Response(200, html="<html>Доступ ограничен</html>"), "other"),
        (httpx.Response(200, json={"error": "not VK"}), "other"),
        (httpx.Response(302, headers={"Location": "http://block.test/"}), "other"),
        (httpx.Response(200, json=[1]), "other"),
        (httpx.Response(200, text="[" * 100_000), "other"),
    ],
)
def test_what_answers_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, response: httpx.Response, state: str
) -> None:
    answering(monkeypatch, lambda _: response)
    assert status.look(settings_of(tmp_path)).networks[0].state == state


def test_the_request_carries_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"response": 1})

    answering(monkeypatch, answer)
    status.look(settings_of(tmp_path, KIROV_VK_URL="https://vk.test/method/"))
    assert sent[0].url.path == "/method/utils.getServerTime"
    for request in sent:
        assert TOKEN not in str(request.url) + str(request.headers.raw) + request.content.decode()


def test_a_closed_port_and_a_strange_certificate_are_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status.look(settings_of(tmp_path)).networks[0].state == "unreachable"

    def refuse(_: httpx.Request) -> httpx.Response:
        msg = "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"
        raise httpx.ConnectError(msg)

    answering(monkeypatch, refuse)
    found = status.look(settings_of(tmp_path)).networks[0]
    assert (found.state, found.answer) == ("unreachable", "недоверенный сертификат")


def test_offline_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "make_client", lambda *_: pytest.fail("asked"))
    assert look(tmp_path).networks[0].state == "skipped"


def test_the_sandbox_is_reachable_and_named(tmp_path: Path) -> None:
    with Sandbox(build_world(institutions=8, weeks=1, seed=7), limits=False) as sandbox:
        found = status.look(settings_of(tmp_path, KIROV_VK_URL=sandbox.vk_url)).networks[0]
    assert (found.state, found.answer) == ("reachable", "kirov-sandbox/world")


# --- what to do next


def steps(home: Path, **changes: Any) -> list[str]:
    return [step for step, _ in look(home, **changes).steps]


def test_without_a_token_it_comes_first(small: Small, tmp_path: Path) -> None:
    small.store()
    assert "VK_TOKEN" in steps(tmp_path, VK_TOKEN="")[0]
    assert TOKEN not in str(look(tmp_path).steps)


def test_an_empty_lake_is_to_be_collected(small: Small, tmp_path: Path) -> None:
    small.store()
    shutil.rmtree(tmp_path / "data" / "lake")
    assert steps(tmp_path) == ["kirov collect"]


def test_fresh_and_whole_data_are_to_be_reported(small: Small, tmp_path: Path) -> None:
    small.store()
    assert steps(tmp_path) == ["kirov report --week 2024-W22"]


@pytest.mark.parametrize(("days", "first"), [(8, "kirov report --week 2024-W22"), (8.01, "kirov collect")])
def test_data_older_than_eight_days_are_to_be_collected_again(
    small: Small, tmp_path: Path, days: float, first: str
) -> None:
    small.store()
    now = W23.astimezone(UTC) + timedelta(days=days)
    assert steps(tmp_path, now=now)[0] == first


def test_an_incomplete_collection_is_to_be_repeated(small: Small, tmp_path: Path) -> None:
    small.account("vk:b")
    small.covered(None, None, "vk:b", outcome="not_collected", reason="no_answer")
    small.store()
    assert steps(tmp_path)[0] == "kirov collect --only-missing"


def test_an_account_that_was_collected_later_counts_as_collected(small: Small, tmp_path: Path) -> None:
    small.account("vk:b")
    small.covered(None, None, "vk:b", outcome="not_collected", reason="platform_not_supported")
    small.store("r1")
    small.covered(None, None, "vk:a", outcome="not_collected", reason="no_answer")
    small.covered(account="vk:b")
    small.store("r2")
    assert look(tmp_path).lake.collected_share == 0.5


def test_where_telegram_is_out_of_reach_its_posts_are_to_be_imported(small: Small, tmp_path: Path) -> None:
    small.account("telegram:c")
    small.store()
    step = "kirov import-posts result.json --account telegram:c"
    assert step in [step for step, _ in status.look(settings_of(tmp_path)).steps]
    assert step not in steps(tmp_path)


def test_an_unreachable_network_is_told_before_collecting(small: Small, tmp_path: Path) -> None:
    small.store()
    shutil.rmtree(tmp_path / "data" / "lake")
    found = status.look(settings_of(tmp_path)).steps
    assert "прокси" in found[0][0]
    assert "kirov collect" not in [step for step, _ in found]


def test_every_command_that_is_advised_exists() -> None:
    source = (ROOT / "kirovlib" / "status.py").read_text(encoding="utf-8")
    advised = set(re.findall(r'"(kirov [a-z][a-z-]*(?: [a-z]+)?)', source))
    assert len(advised) >= 5
    for words in advised:
        _, name, *rest = words.split()
        command = cli.main.commands[name]
        if isinstance(command, click.Group):
            assert rest[0] in command.commands


def test_json_holds_the_same_for_machines(small: Small, tmp_path: Path) -> None:
    small.store()
    found = json.loads(kirov("--json", "--offline", "--home", str(tmp_path), VK_TOKEN=TOKEN).output)
    assert found["register"]["account_count"] == 1
    assert found["lake"]["runs"][0]["run_id"] == "r1"
    assert datetime.fromisoformat(found["lake"]["covered_until"]) == W23
    assert found["tokens"] == [{"variable": "VK_TOKEN", "platform": "vk", "is_set": True, "ending": "wxyz"}]
    assert found["networks"][0]["state"] == "skipped"
