"""`kirov collect` says its plan first, then what came, and ends with a code that a script can rely on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kirovlib import cli, registry, settings
from kirovlib.registry import Register
from kirovlib.sandbox import DEMO_NOW, Sandbox, World, build_world
from kirovlib.settings import Settings

WORLD = build_world(institutions=8, weeks=2)


@pytest.fixture
def network() -> Iterator[Sandbox]:
    with Sandbox(WORLD, limits=False) as sandbox:
        yield sandbox


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A register of three networks and one account in MAX; no pace, and the sandbox's moment."""
    loaded = settings.load

    def load(*given: Any) -> Settings:
        return replace(loaded(*given), requests_per_second=0, clock=lambda: DEMO_NOW)

    monkeypatch.setattr(settings, "load", load)
    registry.write(tmp_path / "data" / "registry", Register(WORLD.institutions, with_max(WORLD)))
    return tmp_path


def with_max(world: World) -> Any:
    rows = world.accounts.copy()
    row = rows.iloc[[0]].assign(account_id="max:kanal", platform="max", url="https://max.ru/kanal", platform_id=None)
    return type(rows)({name: [*rows[name], row[name].iloc[0]] for name in rows}).astype(rows.dtypes.to_dict())


def collect(home: Path, network: Sandbox, *arguments: str, **variables: str | None) -> Result:
    environment = {**network.variables, **variables}
    return CliRunner().invoke(cli.main, ["collect", "--home", str(home), *arguments], env=environment)


def test_the_plan_of_each_network_is_told_first(home: Path, network: Sandbox) -> None:
    result = collect(home, network, "--weeks", "1")
    lines = result.output.splitlines()
    assert lines[0] == "План сбора:"
    assert "  ВКонтакте: 8 аккаунтов, примерно 9 запросов, меньше минуты; обращений к лентам 8 из 5000 в сутки" in lines
    assert any(line.startswith("  Телеграм: ") for line in lines)
    assert "  MAX: 1 аккаунт, эта сеть пока не собирается" in lines
    assert "  MAX: не собрано — 1 (эта сеть пока не собирается)" in lines
    assert result.exit_code == 3  # two channels have no preview, one group was deleted, another lets nobody read


def test_an_account_of_a_network_that_nobody_collects_is_not_missing(home: Path, network: Sandbox) -> None:
    result = collect(home, network, "--weeks", "1", "--platform", "max", "--platform", "vk")
    assert "  MAX: не собрано — 1 (эта сеть пока не собирается)" in result.output
    assert result.exit_code == 0, result.output


def test_only_missing_asks_for_nothing_when_all_is_there(home: Path, network: Sandbox) -> None:
    collect(home, network, "--weeks", "1")
    asked = network.request_count
    again = collect(home, network, "--weeks", "1", "--only-missing", "--platform", "vk")
    assert again.output.strip() == "Всё уже собрано: за этот срок ничего не пропущено."
    assert (again.exit_code, network.request_count) == (0, asked)


def test_what_was_not_collected_is_named_and_the_command_that_takes_it_up_is_told(home: Path, network: Sandbox) -> None:
    result = collect(home, network, "--since", "2024-07-08", "--platform", "telegram")
    left = {WORLD.cases["telegram_missing"], WORLD.cases["telegram_group"]}
    assert "    " + ", ".join(sorted(left)) in result.output.splitlines()
    assert "kirov collect --only-missing --since 2024-07-08 --platform telegram" in result.output


def test_an_account_may_be_named_by_its_address(home: Path, network: Sandbox) -> None:
    row = WORLD.accounts.iloc[0]
    result = collect(home, network, "--weeks", "1", "--account", row["url"])
    assert "ВКонтакте: собрано — 1" in result.output


def test_one_network_alone_is_asked(home: Path, network: Sandbox) -> None:
    result = collect(home, network, "--weeks", "1", "--platform", "telegram")
    assert "Телеграм: собрано — 4" in result.output
    assert set(network.request_counts) == {"telegram"}


def test_a_network_that_is_not_in_the_register_is_refused_with_those_that_are(home: Path, network: Sandbox) -> None:
    result = collect(home, network, "--platform", "dzen")
    assert result.exit_code == 2
    assert "Есть сети: max, ok, telegram, vk" in result.output


def test_without_vk_token_the_others_are_collected_and_the_variable_is_named(home: Path, network: Sandbox) -> None:
    result = collect(home, network, "--weeks", "1", VK_TOKEN="")
    assert "  ВКонтакте: 8 аккаунтов, не задан ключ доступа" in result.output
    assert "VK_TOKEN" in result.output
    assert "Телеграм: собрано — " in result.output
    assert result.exit_code == 3


def test_without_any_way_in_it_ends_with_4_before_the_first_request(home: Path, network: Sandbox) -> None:
    result = collect(home, network, "--platform", "vk", VK_TOKEN="")
    assert (result.exit_code, network.request_count) == (4, 0)
    assert "VK_TOKEN" in result.output
