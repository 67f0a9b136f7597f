"""A wrong register or order stops every command that reads it: a message with file and row, exit code 2."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kirovlib import cli
from kirovlib.order import clauses

ROOT = Path(__file__).resolve().parents[1]
SECOND_EDITION = (
    clauses.CLAUSES_TOML.read_text(encoding="utf-8").split("[[posts_per_week.editions]]")[1].split("\n[")[0]
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data")
    return tmp_path


def append(home: Path, name: str, text: str, head: str = "") -> int:
    """Adds a row to a register's file; gives its number, the head being 1."""
    file = home / "data" / "registry" / name
    before = file.read_text(encoding="utf-8-sig") if file.exists() else head
    file.write_text(before + text + "\n", encoding="utf-8")
    return len(before.splitlines()) + 1


def order(home: Path, text: str) -> None:
    folder = home / "data" / "order"
    folder.mkdir()
    (folder / "clauses.toml").write_text(text, encoding="utf-8")


def line_of(text: str, head: str, number: int) -> int:
    return [place for place, line in enumerate(text.splitlines(), 1) if line.startswith(head)][number - 1]


def refused(home: Path, *words: str) -> None:
    for command in (["findings", "--week", "2024-W28"], ["registry", "check"]):
        result = CliRunner().invoke(cli.main, [*command, "--home", str(home)])
        assert result.exit_code == 2, result.output
        assert "Traceback" not in result.output
        assert all(word in result.output for word in words), (words, result.output)


def test_an_exemption_of_an_unknown_institution(home: Path) -> None:
    row = append(home, "exemptions.csv", "999;;*;;;Приказ № 1")
    refused(home, f"exemptions.csv, строка {row}", "institution_id «999»")


def test_an_exemption_until_the_thirtieth_of_february(home: Path) -> None:
    account = _an_account(home)
    row = append(home, "exemptions.csv", f";{account};posts_per_week;;2024-02-30;Приказ № 1")
    refused(home, f"exemptions.csv, строка {row}", "2024-02-30", "такого дня нет в календаре")


def test_an_exemption_without_an_act(home: Path) -> None:
    row = append(home, "exemptions.csv", f";{_an_account(home)};posts_per_week;;2024-06-30;")
    refused(home, f"exemptions.csv, строка {row}", "act")


def test_two_accounts_with_one_key(home: Path) -> None:
    file = home / "data" / "registry" / "accounts.csv"
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    row = append(home, "accounts.csv", lines[1])
    refused(home, f"accounts.csv, строка {row}", "уже есть в строке 2")


def test_an_edition_dated_before_its_predecessor(home: Path) -> None:
    earlier = "[[posts_per_week.editions]]" + SECOND_EDITION.replace("from = 2024-05-15", "from = 2024-01-01")
    text = clauses.CLAUSES_TOML.read_text(encoding="utf-8").replace(
        "\n[group_decisions]", f"{earlier}\n[group_decisions]"
    )
    order(home, text)
    row = line_of(text, "[[posts_per_week.editions]]", 2)
    refused(home, f"clauses.toml, [posts_per_week], редакция 2, строка {row}", "2024-01-01", "2024-05-15")


def test_a_quotation_that_is_not_in_the_order(home: Path) -> None:
    text = clauses.CLAUSES_TOML.read_text(encoding="utf-8").replace("«Госаблики»", "«Госпаблики»")
    order(home, text)
    row = line_of(text, "[[gospabliki.editions]]", 1)
    refused(home, f"clauses.toml, [gospabliki], редакция 1, строка {row}", "нет в тексте акта")


def test_a_decision_not_taken_into_account_without_a_source(home: Path) -> None:
    institution = (home / "data" / "registry" / "institutions.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    head = "decision_id;institution_id;decided_on;text;done;done_on;source\n"
    row = append(home, "decisions.csv", f"9/2024;{institution.split(';')[0]};2024-06-03;Текст;нет;2024-06-10;", head)
    refused(home, f"decisions.csv, строка {row}", "source")


@pytest.mark.parametrize(
    ("clause", "words"), [("scope", "пункт об учреждении"), ("ok_government_mark", "не об этой сети")]
)
def test_a_check_by_hand_that_could_decide_nothing(home: Path, clause: str, words: str) -> None:
    account = next(row for row in _accounts(home) if row.startswith("vk:"))
    check = f"{account};{clause};2024-07-08;2024-07-14;passed;;А. Иванова;2024-07-15;https://example.org/1"
    row = append(home, "manual_checks.csv", check)
    refused(home, f"manual_checks.csv, строка {row}", words)


def _accounts(home: Path) -> list[str]:
    rows = (home / "data" / "registry" / "accounts.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    return [row.split(";")[0] for row in rows]


def _an_account(home: Path) -> str:
    return _accounts(home)[0]
