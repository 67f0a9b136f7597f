"""Exemptions, decisions, acknowledgements and manual checks: read strictly, every mistake with its file and row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kirovlib import registry, tables
from kirovlib.errors import RegistryError
from kirovlib.registry import side

CLAUSES = ["posts_per_week", "vk_report_problem"]
EXEMPTION = {"institution_id": "1", "clause": "*", "exempt_until": "2024-06-30", "act": "Приказ № 7"}
DECISION = {"decision_id": "5", "institution_id": "1", "decided_on": "2024-05-20", "text": "Завести рубрику"}
ACKNOWLEDGEMENT = {
    "institution_id": "1", "document": "Порядок", "acknowledged_on": "2024-05-20", "source": "Лист № 3"
}  # fmt: skip
MANUAL_CHECK = {
    "account_id": "vk:a", "clause": "posts_per_week", "period_from": "2024-05-20", "period_until": "2024-05-26",
    "result": "passed", "checked_by": "Иванова", "checked_on": "2024-05-27", "proof": "снимок.png",
}  # fmt: skip
SOUND = {
    "exemptions.csv": EXEMPTION,
    "decisions.csv": DECISION,
    "acknowledgements.csv": ACKNOWLEDGEMENT,
    "manual_checks.csv": MANUAL_CHECK,
}


def register() -> registry.Register:
    institutions = pd.DataFrame({"institution_id": ["1", "2"], "name": "Школа", "kind": "subordinate"})
    accounts = pd.DataFrame(
        {"account_id": ["vk:a", "vk:b"], "institution_id": "1", "platform": "vk", "url": "https://vk.com/a"}
    )
    return registry.Register(
        tables.validate(tables.Institutions, institutions), tables.validate(tables.Accounts, accounts)
    )


def put(folder: Path, name: str, *rows: dict[str, str]) -> None:
    columns = tables.columns(side.SIDE_TABLES[name])
    lines = [columns, *([row.get(column, "") for column in columns] for row in rows)]
    (folder / name).write_text("\n".join(";".join(line) for line in lines) + "\n", "utf-8")


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(RegistryError) as caught:
        registry.read_side(folder, register(), CLAUSES)
    assert caught.value.exit_code == 2
    return [line.strip() for line in str(caught.value).splitlines()][1:]


def test_absent_files_are_empty_tables_in_their_types(tmp_path: Path) -> None:
    read = registry.read_side(tmp_path, register(), CLAUSES)
    for frame, table in (
        (read.exemptions, tables.Exemptions),
        (read.decisions, tables.Decisions),
        (read.acknowledgements, tables.Acknowledgements),
        (read.manual_checks, tables.ManualChecks),
    ):
        assert frame.empty
        assert list(frame) == tables.columns(table)


def test_sound_rows_are_read_with_dates_and_flags(tmp_path: Path) -> None:
    for name, row in SOUND.items():
        put(tmp_path, name, row)
    said = {"yes": "да", "no": "Нет"}
    put(
        tmp_path,
        "decisions.csv",
        DECISION,
        DECISION | {"decision_id": "6", "done": said["yes"]},
        DECISION | {"decision_id": "7", "done": said["no"], "source": "Отчёт учреждения"},
    )
    read = registry.read_side(tmp_path, register(), CLAUSES)
    assert read.exemptions["exempt_until"].tolist() == [pd.Timestamp(2024, 6, 30)]
    assert read.exemptions[["account_id", "exempt_from"]].isna().all(axis=None)
    assert read.decisions["done"].isna().tolist() == [True, False, False]
    assert read.decisions["done"].tolist()[1:] == [True, False]
    assert read.acknowledgements["document"].tolist() == ["Порядок"]
    assert read.manual_checks["result"].tolist() == ["passed"]


WRONG: list[tuple[str, dict[str, str], str]] = [
    ("exemptions.csv", {"institution_id": "9"}, "institution_id «9» нет среди учреждений; ожидается ключ"),
    ("exemptions.csv", {"institution_id": "", "account_id": "vk:z"}, "account_id «vk:z» нет среди аккаунтов"),
    ("exemptions.csv", {"account_id": "vk:a"}, "названы и institution_id, и account_id; ожидается что-нибудь одно"),
    ("exemptions.csv", {"institution_id": ""}, "не названы ни institution_id, ни account_id"),
    ("exemptions.csv", {"clause": "3.1"}, "clause «3.1»; ожидается одно из: *, posts_per_week, vk_report_problem"),
    ("exemptions.csv", {"clause": ""}, "пустой столбец clause; ожидается: Ключ пункта"),
    ("exemptions.csv", {"act": ""}, "пустой столбец act; ожидается: Акт, на основании которого"),
    ("exemptions.csv", {"exempt_until": "2024-02-30"}, "«2024-02-30»: такого дня нет в календаре; ожидается дата вида"),
    ("exemptions.csv", {"exempt_from": "30.06.2024"}, "exempt_from «30.06.2024»; ожидается дата вида 2024-05-20"),
    ("exemptions.csv", {"exempt_from": "2024-07-01"}, "exempt_from 2024-07-01 позже, чем exempt_until 2024-06-30"),
    ("decisions.csv", {"institution_id": "9"}, "institution_id «9» нет среди учреждений"),
    ("decisions.csv", {"decision_id": ""}, "пустой столбец decision_id"),
    ("decisions.csv", {"decided_on": "2024-06-31"}, "decided_on «2024-06-31»: такого дня нет"),
    ("decisions.csv", {"done": "возможно"}, "done «возможно»; ожидается да, нет или пусто"),
    ("decisions.csv", {"done": "нет"}, "done «нет» без source; ожидается, откуда известно"),
    ("decisions.csv", {"done": "FALSE"}, "done «FALSE» без source"),
    ("decisions.csv", {"done": "да", "done_on": "2024-05-19"}, "decided_on 2024-05-20 позже, чем done_on 2024-05-19"),
    ("acknowledgements.csv", {"institution_id": "9"}, "institution_id «9» нет среди учреждений"),
    ("acknowledgements.csv", {"source": ""}, "пустой столбец source"),
    ("acknowledgements.csv", {"acknowledged_on": "20240520"}, "acknowledged_on «20240520»; ожидается дата вида"),
    ("manual_checks.csv", {"account_id": "vk:z"}, "account_id «vk:z» нет среди аккаунтов"),
    ("manual_checks.csv", {"clause": "*"}, "clause «*»; ожидается одно из: posts_per_week, vk_report_problem"),
    ("manual_checks.csv", {"period_from": "2024-05-27"}, "period_from 2024-05-27 позже, чем period_until 2024-05-26"),
    ("manual_checks.csv", {"result": "ok"}, "result «ok»; ожидается одно из: passed, failed, contested"),
    ("manual_checks.csv", {"result": "contested"}, "result «contested» без answer; ожидается ответ на возражение"),
    ("manual_checks.csv", {"proof": ""}, "пустой столбец proof"),
]


@pytest.mark.parametrize(("name", "change", "words"), WRONG)
def test_a_mistake_is_told_once_with_its_file_and_row(
    tmp_path: Path, name: str, change: dict[str, str], words: str
) -> None:
    put(tmp_path, name, {}, SOUND[name] | change)
    told = mistakes(tmp_path)
    assert len(told) == 1
    assert told[0].startswith(f"{name}, строка 3: ")
    assert words in told[0]


@pytest.mark.parametrize("name", ["decisions.csv", "acknowledgements.csv", "manual_checks.csv"])
def test_a_row_written_twice_is_told_with_both_rows(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, SOUND[name], SOUND[name])
    assert [told.split(":")[0] for told in mistakes(tmp_path)] == [f"{name}, строка 3"]
    assert "повторяет строку 2" in mistakes(tmp_path)[0]


def test_one_decision_may_be_addressed_to_two_institutions(tmp_path: Path) -> None:
    put(tmp_path, "decisions.csv", DECISION, DECISION | {"institution_id": "2"})
    assert len(registry.read_side(tmp_path, register(), CLAUSES).decisions) == 2


DATES: list[tuple[dict[str, str], bool]] = [
    ({"exempt_from": "2024-06-30", "exempt_until": "2024-07-31"}, True),
    ({"exempt_from": "2024-07-01", "exempt_until": "2024-07-31"}, False),
    ({"exempt_until": ""}, True),
    ({"exempt_from": "2024-06-30", "exempt_until": "2024-07-31", "act": "Приказ № 8"}, False),
    ({"exempt_from": "2024-06-30", "exempt_until": "2024-07-31", "clause": "posts_per_week"}, False),
    ({"exempt_from": "2024-06-30", "exempt_until": "2024-07-31", "institution_id": "2"}, False),
    ({"institution_id": "", "account_id": "vk:a"}, False),
]


@pytest.mark.parametrize(("second", "refused"), DATES)
def test_the_same_exemption_by_the_same_act_may_not_overlap_by_a_day(
    tmp_path: Path, second: dict[str, str], refused: Any
) -> None:
    put(tmp_path, "exemptions.csv", EXEMPTION, EXEMPTION | second)
    if refused:
        assert "exemptions.csv, строка 3: то же исключение" in mistakes(tmp_path)[0]
        assert "в строке 2" in mistakes(tmp_path)[0]
    else:
        assert len(registry.read_side(tmp_path, register(), CLAUSES).exemptions) == 2


def test_a_wrong_heading_and_a_row_with_too_many_cells_are_told(tmp_path: Path) -> None:
    put(tmp_path, "exemptions.csv", EXEMPTION)
    file = tmp_path / "exemptions.csv"
    sound = file.read_text("utf-8")
    file.write_text(sound + "1;;*;;;Приказ;лишнее\n", "utf-8")
    assert mistakes(tmp_path) == ["exemptions.csv, строка 3: ячеек 7, а столбцов 6; проверьте разделители и кавычки"]
    file.write_text(sound.replace("act", "основание"), "utf-8")
    with pytest.raises(RegistryError, match=r"exemptions.csv, строка 1: нет столбцов: act; неизвестные столбцы"):
        registry.read_side(tmp_path, register(), CLAUSES)
