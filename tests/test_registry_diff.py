"""Two registers compared: who came, went, was renamed, moved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from kirovlib import cli, registry, tables
from kirovlib.registry.compare import compare

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "registry"
FOUNDER = {"institution_id": "f", "name": "Министерство", "kind": "executive_authority"}
SCHOOL = {"institution_id": "1", "name": "Школа", "kind": "subordinate", "founder_id": "f"}
ACCOUNT = {
    "account_id": "vk:a", "institution_id": "1", "platform": "vk", "platform_id": "5", "url": "https://vk.com/a"
}  # fmt: skip


def register(institutions: list[dict[str, Any]], accounts: list[dict[str, Any]]) -> registry.Register:
    return registry.Register(
        tables.validate(tables.Institutions, pd.DataFrame(institutions)),
        tables.validate(tables.Accounts, pd.DataFrame(accounts)),
    )


def changes(institutions: list[dict[str, Any]], accounts: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    found = compare(register([FOUNDER, SCHOOL], [ACCOUNT]), register(institutions, accounts))
    assert list(found) == ["change", "what", "key", "before", "after"]
    return [tuple(None if pd.isna(cell) else cell for cell in row) for row in found.itertuples(index=False)]


def test_a_register_does_not_differ_from_itself_in_any_order_of_rows() -> None:
    assert changes([SCHOOL, FOUNDER], [ACCOUNT]) == []


def test_who_came_and_who_went_is_told() -> None:
    other = {"institution_id": "2", "name": "Сад", "kind": "other"}
    assert changes([FOUNDER, SCHOOL, other], [ACCOUNT | {"account_id": "ok:b", "platform": "ok"}]) == [
        ("came", "account", "ok:b", None, "https://vk.com/a"),
        ("came", "institution", "2", None, "Сад"),
        ("went", "account", "vk:a", "https://vk.com/a", None),
    ]


def test_a_new_name_or_address_under_the_same_key_is_a_renaming() -> None:
    assert changes([FOUNDER, SCHOOL | {"name": "Лицей"}], [ACCOUNT | {"url": "https://vk.com/b"}]) == [
        ("renamed", "account.url", "vk:a", "https://vk.com/a", "https://vk.com/b"),
        ("renamed", "institution.name", "1", "Школа", "Лицей"),
    ]


@pytest.mark.parametrize("url", ["http://vk.com/a", "https://m.vk.com/A/", "https://vk.ru/a?from=search"])
def test_an_address_written_otherwise_is_no_renaming(url: str) -> None:
    assert changes([FOUNDER, SCHOOL], [ACCOUNT | {"url": url}]) == []


def test_the_same_number_under_another_key_is_a_renaming_and_nobody_came_or_went() -> None:
    renamed = ("renamed", "account.account_id", "vk:a", "vk:a", "vk:b")
    assert changes([FOUNDER, SCHOOL], [ACCOUNT | {"account_id": "vk:b"}]) == [renamed]
    moved = ACCOUNT | {"account_id": "vk:b", "institution_id": "f"}
    assert changes([FOUNDER, SCHOOL], [moved]) == [("moved", "account.institution_id", "vk:a", "1", "f"), renamed][::-1]


def test_the_same_ogrn_under_another_key_is_a_renaming_and_moves_nobody() -> None:
    old = register([FOUNDER | {"ogrn": "1022800520060"}, SCHOOL], [ACCOUNT | {"institution_id": "f"}])
    new = register(
        [FOUNDER | {"ogrn": "1022800520060", "institution_id": "1022800520060"},
         SCHOOL | {"founder_id": "1022800520060"}],
        [ACCOUNT | {"institution_id": "1022800520060"}],
    )  # fmt: skip
    assert compare(old, new).to_numpy().tolist() == [
        ["renamed", "institution.institution_id", "f", "f", "1022800520060"]
    ]


def test_an_account_of_another_institution_and_an_institution_of_another_founder_or_kind_moved() -> None:
    school = SCHOOL | {"founder_id": None, "kind": "other"}
    assert changes([FOUNDER, school], [ACCOUNT | {"institution_id": "f"}]) == [
        ("moved", "account.institution_id", "vk:a", "1", "f"),
        ("moved", "institution.founder_id", "1", "f", None),
        ("moved", "institution.kind", "1", "subordinate", "other"),
    ]


def test_an_empty_register_lost_everybody() -> None:
    assert [row[:3] for row in changes([], [])] == [
        ("went", "account", "vk:a"),
        ("went", "institution", "1"),
        ("went", "institution", "f"),
    ]


def test_the_command_tells_the_changes_in_words_and_json(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "new")
    file = tmp_path / "new" / "institutions.csv"
    file.write_text(file.read_text("utf-8").replace("Министерство букварей", "Министерство азбук"), "utf-8")
    result = CliRunner().invoke(cli.main, ["registry", "diff", str(SAMPLE), str(tmp_path / "new")])
    assert result.exit_code == 0
    assert (
        "Появились: 0\nУшли: 0\nПереименованы: 1\n  наименование 1029900001009: Министерство букварей" in result.output
    )
    result = CliRunner().invoke(cli.main, ["registry", "diff", str(SAMPLE), str(tmp_path / "new"), "--json"])
    assert [row["what"] for row in json.loads(result.output)] == ["institution.name"]


def test_a_wrong_folder_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.main, ["registry", "diff", str(SAMPLE), str(tmp_path)])
    assert result.exit_code == 2
    assert f"Папка «{tmp_path}». institutions.csv: файл реестра" in result.output


def test_an_ogrn_that_two_institutions_share_identifies_neither() -> None:
    branch = SCHOOL | {"institution_id": "2", "ogrn": "1022800520060"}
    school = SCHOOL | {"ogrn": "1022800520060"}
    old = register([FOUNDER, branch, school], [ACCOUNT])
    new = register([FOUNDER, branch | {"institution_id": "3"}, school], [ACCOUNT])
    assert [row[:3] for row in compare(old, new).itertuples(index=False)] == [
        ("came", "institution", "3"),
        ("went", "institution", "2"),
    ]


def test_a_number_that_was_filled_in_is_told_and_another_number_has_moved() -> None:
    without = ACCOUNT | {"platform_id": None}
    filled = compare(register([FOUNDER, SCHOOL], [without]), register([FOUNDER, SCHOOL], [ACCOUNT]))
    assert filled.fillna("").to_numpy().tolist() == [["numbered", "account.platform_id", "vk:a", "", "5"]]
    other = ACCOUNT | {"platform_id": "6"}
    assert changes([FOUNDER, SCHOOL], [other]) == [("moved", "account.platform_id", "vk:a", "5", "6")]
