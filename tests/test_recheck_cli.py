"""`kirov collect --account` says what became of the account's verdicts."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kirovlib import cli, registry, settings
from kirovlib.registry import Register
from kirovlib.sandbox import DEMO_NOW, Sandbox, World, build_world
from kirovlib.settings import Settings
from kirovlib.weeks import last_full_week

ACCOUNT, OTHER = "vk:nigdeysk_kovroplav", "vk:vydumsk_pryamoezd"
PROBLEM = "п. 2.4.1 Раздел «Сообщить о проблеме»"
HEAD = f"Перепроверка: {ACCOUNT}, неделя с 08.07.2024"
MISSING = "✕ нарушение — просмотрено: 2 ссылки, нужной нет"
CLAUSES = 6  # that speak of an account of VK


@pytest.fixture
def world() -> World:
    return build_world(institutions=8, weeks=2)


@pytest.fixture
def home(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The register; no pace, and the sandbox's moment."""
    loaded = settings.load

    def load(*given: Any) -> Settings:
        return replace(loaded(*given), requests_per_second=0, clock=lambda: DEMO_NOW)

    monkeypatch.setattr(settings, "load", load)
    accounts = world.accounts[world.accounts["platform"] == "vk"].reset_index(drop=True)
    registry.write(tmp_path / "data" / "registry", Register(world.institutions, accounts))
    return tmp_path


def collect(home: Path, world: World, *arguments: str, exit_code: int = 0) -> list[str]:
    """The lines about verdicts that a collection ends with."""
    with Sandbox(world, limits=False) as sandbox:
        given = ["collect", "--home", str(home), "--weeks", "2", *arguments]
        result = CliRunner().invoke(cli.main, given, env=dict(sandbox.variables))
    assert result.exit_code == exit_code, result.output
    lines = result.output.splitlines()
    found = [place for place, line in enumerate(lines) if line.startswith("Перепроверка: ")]
    return lines[found[0] :] if found else []


def group(world: World, account: str = ACCOUNT) -> dict[str, Any]:
    name = account.partition(":")[2]
    return next(each for each in world.groups.values() if each["screen_name"] == name)


def form(world: World) -> str:
    return str(group(world)["menu"]["items"][0]["url"])


def without_form(world: World) -> dict[str, Any]:
    """The world's first menu item taken out, as the account's owner would; returned to be put back."""
    item: dict[str, Any] = group(world)["menu"]["items"].pop(0)
    assert "/form/" in item["url"]
    return item


def test_a_link_that_was_taken_out_is_told_with_the_verdict_before_and_after(home: Path, world: World) -> None:
    collect(home, world)
    address = form(world)
    without_form(world)
    assert collect(home, world, "--account", ACCOUNT) == [
        HEAD,
        f"  {PROBLEM}: было: ✓ соблюдается — {address}; стало: {MISSING}",
        f"  Пунктов без изменений: {CLAUSES - 1}",
    ]


def test_a_link_that_was_put_in_mends_the_breach(home: Path, world: World) -> None:
    item = without_form(world)
    collect(home, world)
    group(world)["menu"]["items"].insert(0, item)
    assert collect(home, world, "--account", ACCOUNT) == [
        HEAD,
        f"  {PROBLEM}: было: {MISSING}; стало: ✓ соблюдается — {item['url']}",
        f"  Пунктов без изменений: {CLAUSES - 1}",
    ]


def test_a_verdict_that_stays_but_measures_something_else_is_told(home: Path, world: World) -> None:
    collect(home, world)
    week = last_full_week(DEMO_NOW)
    number = next(number for number, each in world.groups.items() if each is group(world))
    posts = [post for post in world.walls[number] if post["from_id"] == -number and "copy_history" not in post]
    made = copy.deepcopy(posts[0]) | {"id": 10**6, "date": int(week.ends_at.timestamp()) - 60, "is_pinned": 0}
    place = next(place for place, post in enumerate(world.walls[number]) if post["date"] < made["date"])
    world.walls[number].insert(place, made)
    head, line, same = collect(home, world, "--account", ACCOUNT)
    said = re.fullmatch(r"  п\. 3\.1 .*: было: (. [а-я ]+) — (\d+) публикац.*; стало: (. [а-я ]+) — (\d+) публ.*", line)
    assert said is not None, line
    assert int(said[4]) == int(said[2]) + 1
    assert (head, same) == (HEAD, f"  Пунктов без изменений: {CLAUSES - 1}")


def test_when_nothing_changed_it_says_so(home: Path, world: World) -> None:
    collect(home, world)
    assert collect(home, world, "--account", ACCOUNT) == [HEAD, f"  Пунктов без изменений: {CLAUSES}"]


def test_on_an_empty_lake_there_is_no_verdict_before(home: Path, world: World) -> None:
    head, *lines = collect(home, world, "--account", ACCOUNT)
    assert head == HEAD
    assert len(lines) == CLAUSES
    assert all(re.match(r"  п\. .*: стало: [✕?✓–·] ", line) for line in lines)
    assert not any("было" in line or "без изменений" in line for line in lines)


def test_without_an_account_named_nothing_is_said_of_verdicts(home: Path, world: World) -> None:
    assert collect(home, world) == []
    without_form(world)
    assert collect(home, world, "--platform", "vk") == []


def test_each_account_named_is_told_and_no_other(home: Path, world: World) -> None:
    collect(home, world)
    without_form(world)
    lines = collect(home, world, "--account", ACCOUNT, "--account", f"https://vk.com/{OTHER[3:]}")
    heads = [line for line in lines if not line.startswith(" ")]
    assert sorted(heads) == sorted([HEAD, HEAD.replace(ACCOUNT, OTHER)])
    assert [line for line in lines if "было" in line] == [
        line for line in lines[lines.index(HEAD) :][:3] if PROBLEM in line
    ]


def test_an_account_that_was_deleted_since_is_told_as_not_to_be_told(home: Path, world: World) -> None:
    collect(home, world)
    group(world)["deactivated"] = "deleted"
    lines = collect(home, world, "--account", ACCOUNT, exit_code=3)
    (line,) = [line for line in lines if line.startswith(f"  {PROBLEM}")]
    assert "было: ✓ соблюдается" in line
    assert line.endswith("стало: ? не установлено — сообщество удалено или заблокировано")
