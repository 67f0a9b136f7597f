"""The command line: Russian, exit codes, nothing written over, no traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from kirovlib import cli
from kirovlib.sandbox import Sandbox, build_world

ROOT = Path(__file__).resolve().parents[1]


def kirov(*arguments: str, **environment: str) -> Result:
    secrets = ("VK_TOKEN", "OK_APPLICATION_KEY", "OK_APPLICATION_SECRET", "OK_ACCESS_TOKEN", "KIROV_DEBUG")
    nowhere = dict.fromkeys(("KIROV_VK_URL", "KIROV_OK_URL", "KIROV_TELEGRAM_URL"), "http://127.0.0.1:9/")
    cleared: dict[str, str | None] = {**dict.fromkeys(secrets), **nowhere}
    return CliRunner().invoke(cli.main, list(arguments), env={**cleared, **environment})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with the sample's register and lake."""
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data")
    return tmp_path


def test_help_is_russian_and_lists_the_commands() -> None:
    shown = kirov("--help").output
    assert "Использование: main [ПАРАМЕТРЫ] КОМАНДА" in shown
    for command in ("demo", "sandbox", "collect", "findings", "report"):
        assert f"\n  {command} " in shown
        assert "Usage" not in kirov(command, "--help").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["findings", "--week", "2024-W60"], "Недели «2024-W60» нет"),
        (["findings", "--week", "вчера"], "не период"),
        (["findings"], "--week"),
        (["findings", "--week", "2024-W28", "--out", "x.doc"], ".csv, .xlsx или .parquet"),
        (["findings", "--week", "2024-W28", "--out", "no/such/folder/x.csv"], "папки"),
        (["findings", "--week", "2031-W01"], "ещё не собран"),
        (["report", "--week", "2024-W28", "--month", "2024-07"], "задан дважды"),
        (["report", "--from", "2024-07-10", "--to", "2024-07-01"], "Поменяйте даты местами"),
        (["collect", "--account", "vk:nobody"], "vk:nobody"),
        (["collect", "--weeks", "0"], "--weeks"),
        (["collect", "--weeks", "2", "--since", "2024-07-01"], "что-нибудь одно"),
        (["demo", "--replay", "no/such/folder"], "no/such/folder"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_bad_input_gets_a_clear_message_and_exit_code_2(home: Path, arguments: list[str], words: str) -> None:
    result = kirov(*arguments, KIROV_HOME=str(home))
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert "Traceback" not in result.output


def test_without_a_token_nothing_is_asked_and_the_variable_is_named(home: Path) -> None:
    result = kirov("collect", "--platform", "vk", KIROV_HOME=str(home))
    assert result.exit_code == 4
    assert "VK_TOKEN" in result.output


def test_an_unreachable_network_is_exit_code_4(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kirovlib.platforms.http._ATTEMPTS", 1)
    result = kirov("collect", KIROV_HOME=str(home), VK_TOKEN="marked-token", KIROV_VK_URL="http://127.0.0.1:9/")
    assert result.exit_code == 4
    assert "VK не отвечает" in result.output
    assert "marked-token" not in result.output


def test_a_wrong_row_of_the_register_is_named_with_file_and_row(home: Path) -> None:
    file = home / "data" / "registry" / "accounts.csv"
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    lines[3] = lines[3].replace("vk:", "ok:", 1)
    file.write_text("\n".join(lines), encoding="utf-8")
    result = kirov("findings", "--week", "2024-W28", "--home", str(home))
    assert result.exit_code == 2
    assert "accounts.csv, строка 4" in result.output


def test_an_empty_lake_says_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "sample" / "registry", tmp_path / "data" / "registry")
    result = kirov("findings", "--week", "2024-W28", "--home", str(tmp_path))
    assert result.exit_code == 2
    assert "kirov collect" in result.output


def test_findings_show_clauses_verdicts_and_reasons_and_end_with_3_when_data_are_missing(home: Path) -> None:
    result = kirov("findings", "--week", "2024-W28", "--home", str(home))
    assert result.exit_code == 3
    assert "п. 3.1 Не менее трёх публикаций в неделю" in result.output
    assert "✕ нарушение" in result.output


def test_findings_are_written_in_the_three_kinds_of_file(home: Path, tmp_path: Path) -> None:
    lengths = set()
    for ending in ("csv", "xlsx", "parquet"):
        file = tmp_path / f"findings.{ending}"
        kirov("findings", "--week", "2024-W28", "--home", str(home), "--out", str(file))
        read = {
            "csv": lambda path: pd.read_csv(path, sep=";"),
            "xlsx": lambda path: pd.read_excel(path, sheet_name="Все результаты"),
            "parquet": pd.read_parquet,
        }
        lengths.add(len(read[ending](file)))
    assert len(lengths) == 1


def test_the_demo_refuses_a_folder_with_somebody_elses_files(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("важное", encoding="utf-8")
    result = kirov("demo", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "важное"


def test_a_bug_is_told_without_a_traceback_and_ends_with_1(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("kirovlib.order.evaluate.judge", broken)
    result = kirov("findings", "--week", "2024-W28", "--home", str(home))
    assert result.exit_code == 1
    assert "Ошибка программы" in result.output


def test_collect_against_the_sandbox_tells_outcomes_and_ends_with_3_for_unreadable_walls(tmp_path: Path) -> None:
    world = build_world(institutions=12, weeks=4, seed=7)
    (tmp_path / "data").mkdir()
    with Sandbox(world, limits=False) as sandbox:
        cli_environment = {"KIROV_HOME": str(tmp_path), "VK_TOKEN": "sandbox-user", "KIROV_VK_URL": sandbox.vk_url}
        from kirovlib import registry  # noqa: PLC0415

        registry.write(tmp_path / "data" / "registry", registry.Register(world.institutions, world.accounts))
        account = str(world.accounts["account_id"].iloc[0])
        result = kirov("collect", "--since", "2024-07-01", "--account", account, **cli_environment)
    assert "ВКонтакте: собрано — 1" in result.output, result.output
    assert result.exit_code == 0
    assert "sandbox-user" not in result.output
