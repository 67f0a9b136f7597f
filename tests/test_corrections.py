"""Corrections mend the source as it is read, and fail loudly when the source was mended meanwhile."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kirovlib import registry
from kirovlib.errors import RegistryError

CORRECTION: dict[str, Any] = {
    "file": "accounts.csv", "key": "vk:foo", "column": "url", "was": "https://vk.com/fo",
    "becomes": "https://vk.com/foo", "reason": "Опечатка", "made_on": date(2024, 6, 1), "made_by": "Иванова",
}  # fmt: skip
INSTITUTIONS = "institution_id;name;kind\n1;Школа;subordinate\n2;Сад;subordinate\n"
ACCOUNTS = "account_id;institution_id;platform;url\nvk:bar;2;vk;https://vk.com/bar\nvk:foo;1;vk;https://vk.com/fo\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "institutions.csv").write_text(INSTITUTIONS, "utf-8")
    (tmp_path / "accounts.csv").write_text(ACCOUNTS, "utf-8")
    return tmp_path


def put(folder: Path, *corrections: dict[str, Any]) -> None:
    texts = (
        "[[correction]]\n"
        + "".join(
            f"{name} = {value if isinstance(value, date | int) else json.dumps(value, ensure_ascii=False)}\n"
            for name, value in correction.items()
        )
        for correction in corrections
    )
    (folder / "corrections.toml").write_text("# поправки\n" + "\n".join(texts), "utf-8")


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(RegistryError) as caught:
        registry.read(folder)
    assert caught.value.exit_code == 2
    return [line.strip() for line in str(caught.value).splitlines()][1:]


def test_a_correction_mends_its_cell_only_and_the_source_stays(folder: Path) -> None:
    put(folder, CORRECTION)
    register = registry.read(folder)
    assert register.accounts["url"].tolist() == ["https://vk.com/bar", "https://vk.com/foo"]
    assert [(one.number, one.line, one.key, one.reason) for one in register.corrections] == [
        (1, 2, "vk:foo", "Опечатка")
    ]
    assert (folder / "accounts.csv").read_text("utf-8") == ACCOUNTS


def test_without_the_file_nothing_is_corrected(folder: Path) -> None:
    assert registry.read(folder).corrections == ()


def test_corrections_are_applied_before_the_rows_are_checked(folder: Path) -> None:
    (folder / "accounts.csv").write_text(ACCOUNTS.replace("https://vk.com/fo\n", "vk.com/fo\n"), "utf-8")
    assert "url «vk.com/fo»" in mistakes(folder)[0]
    put(folder, CORRECTION | {"was": "vk.com/fo"})
    assert registry.read(folder).accounts["url"].tolist()[1] == "https://vk.com/foo"


def test_a_blank_cell_can_be_filled_and_a_cell_emptied(folder: Path) -> None:
    put(
        folder,
        CORRECTION | {"column": "opened_on", "was": "", "becomes": "2024-01-31"},
        CORRECTION | {"file": "institutions.csv", "key": "2", "column": "name", "was": "Сад", "becomes": ""},
    )
    assert mistakes(folder) == ["institutions.csv, строка 3: пустой столбец name (строка изменена поправкой 2)"]


@pytest.mark.parametrize("now", ["https://vk.com/foo", "https://vk.com/other", ""])
def test_when_the_source_was_mended_meanwhile_the_correction_is_named_and_refused(folder: Path, now: str) -> None:
    (folder / "accounts.csv").write_text(ACCOUNTS.replace("https://vk.com/fo\n", f"{now}\n"), "utf-8")
    put(folder, CORRECTION | {"key": "vk:bar", "was": "https://vk.com/bar", "becomes": "https://vk.com/b"}, CORRECTION)
    told = mistakes(folder)[0]
    assert told.startswith("corrections.toml, строка 12: поправка 2: в accounts.csv, строка 3, столбец url: ")
    assert f"«{now}», а поправка ожидает «https://vk.com/fo»" in told
    assert "Источник тем временем исправили; удалите поправку 2 или обновите её was" in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"file": "exemptions.csv"}, "file «exemptions.csv»; ожидается одно из: institutions.csv, accounts.csv"),
        ({"key": "vk:nobody"}, "key «vk:nobody» нет в accounts.csv; ожидается значение столбца account_id"),
        ({"column": "адрес"}, "column «адрес» нет в accounts.csv; ожидается одно из: platform_id"),
        ({"column": "account_id"}, "column «account_id» — постоянный ключ"),
        ({"becomes": "https://vk.com/fo"}, "was и becomes одинаковы"),
        ({"author": "Петров"}, "неизвестные поля: author; ожидаются: file, key"),
        ({"reason": " "}, "пустое поле reason; ожидается текст в кавычках"),
        ({"made_on": "2024-06-01"}, "made_on «2024-06-01»; ожидается дата без кавычек"),
        ({"was": 5}, "was «5»; ожидается текст в кавычках"),
    ],
)
def test_a_wrong_correction_is_told_with_its_number_and_line(folder: Path, change: dict[str, Any], words: str) -> None:
    put(folder, CORRECTION | change)
    told = mistakes(folder)
    assert len(told) == 1
    assert told[0].startswith("corrections.toml, строка 2: поправка 1: ")
    assert words in told[0]


@pytest.mark.parametrize("name", list(CORRECTION))
def test_every_field_is_required(folder: Path, name: str) -> None:
    put(folder, {field: value for field, value in CORRECTION.items() if field != name})
    assert f"нет полей: {name}; ожидаются все" in mistakes(folder)[0]


def test_two_corrections_of_one_cell_are_refused_and_of_one_row_not(folder: Path) -> None:
    other = CORRECTION | {"column": "opened_on", "was": "", "becomes": "2024-01-31"}
    put(folder, CORRECTION, other)
    assert len(registry.read(folder).corrections) == 2
    put(folder, CORRECTION, other, CORRECTION | {"was": "https://vk.com/foo", "becomes": "https://vk.com/bar2"})
    assert mistakes(folder) == [
        "corrections.toml, строка 22: поправка 3: та же ячейка, что в поправке 1; оставьте одну из них"
    ]


def test_a_key_that_stands_in_two_rows_cannot_be_corrected(folder: Path) -> None:
    (folder / "accounts.csv").write_text(ACCOUNTS + "vk:foo;1;vk;https://vk.com/fo\n", "utf-8")
    put(folder, CORRECTION)
    assert "key «vk:foo» стоит в нескольких строках accounts.csv: 3, 4" in mistakes(folder)[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[correction]]\nfile = \n", "corrections.toml, строка 2: ошибка разметки TOML"),
        ("[[corrections]]\nfile = 'x'\n", "неизвестно «corrections»; ожидается [[correction]]"),
        ("correction = 'x'\n", "ожидается [[correction]] в двойных скобках"),
        ("correction = ['x']\n", "поправка 1: «x»; ожидается раздел с полями file, key"),
    ],
)
def test_a_file_of_another_form_is_refused(folder: Path, text: str, words: str) -> None:
    (folder / "corrections.toml").write_text(text, "utf-8")
    assert words in mistakes(folder)[0]
