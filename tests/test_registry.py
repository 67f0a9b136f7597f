"""The register is read strictly: every mistake is named with its file and row, all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kirovlib import registry, tables
from kirovlib.errors import RegistryError

INSTITUTION = {
    "institution_id": "1022800520060",
    "name": "Школа № 1",
    "kind": "subordinate",
    "ogrn": "1022800520060",
}
ACCOUNT = {
    "account_id": "vk:school1", "institution_id": "1022800520060", "platform": "vk", "url": "https://vk.com/school1"
}  # fmt: skip


@dataclass
class Folder:
    path: Path

    def put(self, name: str, rows: list[dict[str, str]], table: type[tables.Table], **changes: Any) -> None:
        separator, newline = changes.get("separator", ";"), changes.get("newline", "\n")
        names = changes.get("names", tables.columns(table))
        cells = [names, *([row.get(column, "") for column in names] for row in rows)]
        text = newline.join(separator.join(row) for row in cells) + newline
        (self.path / name).write_bytes(text.encode(changes.get("encoding", "utf-8")))

    def institutions(self, *rows: dict[str, str], **changes: Any) -> None:
        self.put("institutions.csv", list(rows), tables.Institutions, **changes)

    def accounts(self, *rows: dict[str, str], **changes: Any) -> None:
        self.put("accounts.csv", list(rows), tables.Accounts, **changes)

    def errors(self) -> list[str]:
        with pytest.raises(RegistryError) as caught:
            registry.read(self.path)
        assert caught.value.exit_code == 2
        return [line.strip() for line in str(caught.value).splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.institutions(INSTITUTION)
    made.accounts(ACCOUNT)
    return made


def ogrn(twelve: int) -> str:
    return f"{twelve}{twelve % 11 % 10}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [";", ","])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_files_saved_by_any_spreadsheet_are_read(folder: Folder, encoding: str, separator: str, newline: str) -> None:
    changes = {"encoding": encoding, "separator": separator, "newline": newline}
    folder.institutions(INSTITUTION | {"name": '"Школа; № 1, ""Заря"""'}, **changes)
    folder.accounts(ACCOUNT | {"gospabliki_connected": "Да", "opened_on": "2024-02-29"}, **changes)
    register = registry.read(folder.path)
    assert register.institutions["name"].tolist() == ['Школа; № 1, "Заря"']
    assert register.institutions["ogrn"].tolist() == ["1022800520060"]
    assert register.accounts["gospabliki_connected"].tolist() == [True]
    assert register.accounts["opened_on"].tolist() == [pd.Timestamp(2024, 2, 29)]


def test_blank_cells_are_unknown_and_not_no(folder: Folder) -> None:
    account = registry.read(folder.path).accounts.iloc[0]
    assert account[["gospabliki_connected", "opened_on", "platform_id", "gospabliki_source"]].isna().all()


def test_blank_lines_and_spaces_around_cells_are_tolerated(folder: Folder) -> None:
    file = folder.path / "institutions.csv"
    file.write_text(file.read_text("utf-8").replace("Школа № 1", "  Школа № 1 \t") + "\n\n ; ;;;;;;;\n\n", "utf-8")
    assert registry.read(folder.path).institutions["name"].tolist() == ["Школа № 1"]


def test_optional_columns_may_be_left_out_and_columns_stand_in_any_order(folder: Folder) -> None:
    folder.institutions(INSTITUTION, names=["kind", "name", "institution_id"])
    institutions = registry.read(folder.path).institutions
    assert list(institutions) == tables.columns(tables.Institutions)
    assert institutions["ogrn"].isna().all()


def test_a_register_without_rows_is_empty_and_no_mistake(folder: Folder) -> None:
    folder.institutions()
    folder.accounts()
    register = registry.read(folder.path)
    assert (len(register.institutions), len(register.accounts)) == (0, 0)


MISTAKES = [
    ({"institution_id": ""}, {"institution_id": ""}, "institutions.csv", "пустой столбец institution_id"),
    ({"name": " "}, {}, "institutions.csv", "пустой столбец name"),
    ({"kind": "школа"}, {}, "institutions.csv", "kind «школа»; ожидается одно из: executive_authority, "),
    ({"kind": ""}, {}, "institutions.csv", "kind «»"),
    ({"ogrn": "1022800520061"}, {}, "institutions.csv", "ogrn «1022800520061» не ОГРН"),
    ({"ogrn": "102280052006"}, {}, "institutions.csv", "ogrn «102280052006» не ОГРН: нужно 13 цифр"),
    ({"ogrn": "1.0228E+12"}, {}, "institutions.csv", "не ОГРН"),
    ({"founder_id": "нет такого"}, {}, "institutions.csv", "founder_id «нет такого» нет среди учреждений"),
    ({}, {"account_id": "school1"}, "accounts.csv", "account_id «school1»; ожидается сеть"),
    ({}, {"account_id": "vk:"}, "accounts.csv", "account_id «vk:»"),
    ({}, {"account_id": "ok:1"}, "accounts.csv", "account_id «ok:1»; ожидается сеть из столбца platform"),
    ({}, {"account_id": ":1", "platform": ""}, "accounts.csv", "account_id «:1»"),
    ({}, {"institution_id": "другое"}, "accounts.csv", "institution_id «другое» нет среди учреждений"),
    ({}, {"url": "vk.com/school1"}, "accounts.csv", "url «vk.com/school1»; ожидается адрес"),
    ({}, {"url": "javascript:alert(1)"}, "accounts.csv", "url «javascript:alert(1)»"),
    (
        {},
        {"opened_on": "2024-02-30"},
        "accounts.csv",
        "opened_on «2024-02-30»; ожидается дата вида 2024-05-20",
    ),
    ({}, {"closed_on": "20.05.2024"}, "accounts.csv", "closed_on «20.05.2024»"),
    ({}, {"gospabliki_on": "20240520"}, "accounts.csv", "gospabliki_on «20240520»"),
    ({}, {"gospabliki_connected": "возможно"}, "accounts.csv", "gospabliki_connected «возможно»"),
    ({}, {"platform_id": "club1"}, "accounts.csv", "platform_id «club1»"),
    ({}, {"platform_id": "٢٣"}, "accounts.csv", "platform_id «٢٣»; номер сообщества VK состоит из цифр"),
]


@pytest.mark.parametrize(("institution", "account", "file", "words"), MISTAKES)
def test_a_mistake_is_reported_with_its_file_and_row(
    folder: Folder, institution: dict[str, str], account: dict[str, str], file: str, words: str
) -> None:
    folder.institutions(INSTITUTION | institution)
    folder.accounts(ACCOUNT | account)
    head, *errors = folder.errors()
    assert head.startswith("Реестр не принят")
    assert len(errors) == 1
    assert errors[0].startswith(f"{file}, строка 2: ")
    assert words in errors[0]


def test_all_mistakes_of_both_files_are_reported_at_once(folder: Folder) -> None:
    row = {"name": "Школа", "kind": "other"}
    folder.institutions(INSTITUTION, *({**row, "institution_id": str(number)} | wrong
                                       for number, (wrong, _, file, _) in enumerate(MISTAKES[1:8])
                                       if file == "institutions.csv"))  # fmt: skip
    wrong_accounts = [wrong for _, wrong, file, _ in MISTAKES if file == "accounts.csv"]
    folder.accounts(*({**ACCOUNT, "account_id": f"vk:{number}"} | wrong for number, wrong in enumerate(wrong_accounts)))
    _, *errors = folder.errors()
    rows = {error.split(":")[0] for error in errors}
    expected = [f"institutions.csv, строка {number}" for number in range(3, 10)]
    expected += [f"accounts.csv, строка {number}" for number in range(2, 2 + len(wrong_accounts))]
    assert sorted(rows) == sorted(expected)
    assert len(errors) == len(expected)


def test_a_long_list_of_mistakes_is_cut_and_says_how_many_are_left(folder: Folder) -> None:
    folder.accounts(*(ACCOUNT | {"account_id": f"vk:{number}", "url": "нет"} for number in range(60)))
    _, *errors = folder.errors()
    assert len(errors) == 51
    assert errors[-1] == "… и ещё 10"


def test_a_row_with_too_few_or_too_many_cells_is_reported_beside_other_mistakes(folder: Folder) -> None:
    file = folder.path / "institutions.csv"
    file.write_text(file.read_text("utf-8") + "2;Школа\n3;а;б;other;;;;;;;лишнее\n4;Школа;;иное;;;;;;\n", "utf-8")
    folder.accounts(ACCOUNT | {"url": "нет"}, ACCOUNT | {"account_id": "vk:2", "institution_id": "2"})
    _, *errors = folder.errors()
    assert [error.split(";")[0] for error in errors] == [
        "institutions.csv, строка 3: ячеек 2, а столбцов 10",
        "institutions.csv, строка 4: ячеек 11, а столбцов 10",
        "institutions.csv, строка 5: kind «иное»",
        "accounts.csv, строка 2: url «нет»",
    ]


def test_rows_are_numbered_as_spreadsheets_show_them(folder: Folder) -> None:
    folder.institutions(INSTITUTION | {"name": '"Школа\nв две строки"'}, {}, {"institution_id": "2", "kind": "other"})
    assert folder.errors()[1:] == ["institutions.csv, строка 4: пустой столбец name"]


def test_an_account_id_registered_twice_is_reported_with_both_rows(folder: Folder) -> None:
    folder.accounts(ACCOUNT, ACCOUNT | {"account_id": "vk:other"}, ACCOUNT)
    assert folder.errors()[1:] == ["accounts.csv, строка 4: account_id «vk:school1» уже есть в строке 2"]


def test_one_community_under_two_names_is_reported(folder: Folder) -> None:
    folder.accounts(ACCOUNT | {"platform_id": "5"}, ACCOUNT | {"account_id": "vk:other", "platform_id": "5"})
    assert folder.errors()[1:] == ["accounts.csv, строка 3: platform_id «vk:5» уже есть в строке 2"]


def test_the_same_number_in_two_networks_is_no_repetition(folder: Folder) -> None:
    folder.accounts(
        ACCOUNT | {"platform_id": "5"}, ACCOUNT | {"account_id": "ok:5", "platform": "ok", "platform_id": "5"}
    )
    assert len(registry.read(folder.path).accounts) == 2


def test_an_institution_registered_twice_is_reported(folder: Folder) -> None:
    folder.institutions(INSTITUTION, INSTITUTION)
    assert folder.errors()[1:] == ["institutions.csv, строка 3: institution_id «1022800520060» уже есть в строке 2"]


@pytest.mark.parametrize("name", ["institutions.csv", "accounts.csv"])
def test_a_missing_file_is_named_with_what_to_do(folder: Folder, name: str) -> None:
    (folder.path / name).unlink()
    assert f"{name}» не найден. Начните с «kirov demo»" in folder.errors()[0]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["institution_id", "name"], "нет столбцов: kind"),
        (["institution_id", "name", "kind", "ИНН"], "неизвестные столбцы: ИНН"),
        (["institution_id", "name", "kind", "name"], "столбцы повторены: name"),
        (
            ["institution_id", "ИНН", "institution_id"],
            "неизвестные столбцы: ИНН; столбцы повторены: institution_id",
        ),
        ([], "нет столбцов: institution_id, name, kind"),
    ],
)
def test_a_wrong_heading_is_reported_with_the_expected_columns(folder: Folder, names: list[str], words: str) -> None:
    folder.institutions(INSTITUTION, names=names)
    error = folder.errors()[0]
    assert error.startswith("institutions.csv, строка 1: ")
    assert words in error
    assert "Ожидаются столбцы: institution_id, name, short_name, kind" in error


def test_a_file_that_is_not_utf_8_is_refused_with_what_to_do(folder: Folder) -> None:
    folder.institutions(INSTITUTION, encoding="cp1251")
    assert "institutions.csv: не UTF-8" in folder.errors()[0]
    assert "Сохраните файл как «CSV UTF-8»" in folder.errors()[0]


@pytest.mark.parametrize("name", ['"Школа', '"Школа" № 1'])
def test_broken_quotes_are_reported_at_the_row_where_they_begin(folder: Folder, name: str) -> None:
    other = {"institution_id": "2", "name": "Сад", "kind": "other"}
    folder.institutions(other, INSTITUTION | {"name": name}, *[other | {"institution_id": "3"}] * 5)
    assert "institutions.csv, строка 3: повреждена разметка CSV" in folder.errors()[0]
    assert "Проверьте кавычки" in folder.errors()[0]


def test_the_check_digit_of_an_ogrn_is_the_rest_by_eleven_and_then_by_ten() -> None:
    assert registry.is_ogrn("1022800520060")
    assert registry.is_ogrn(ogrn(100000000000))  # the rest is ten here, the digit zero
    assert 100000000000 % 11 == 10
    assert [digit for digit in range(10) if registry.is_ogrn(f"102280052006{digit}")] == [0]


@pytest.mark.parametrize(
    "text", ["", "1022800520060 ", "1022800520060\n", ogrn(402280052006), "١٠٢٢٨٠٠٥٢٠٠٦٠", "304500116000157"]
)
def test_what_only_looks_like_an_ogrn_is_none(text: str) -> None:
    assert not registry.is_ogrn(text)
