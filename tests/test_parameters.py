"""Parameters are checked against one schema before a kernel starts; every refusal says what is expected."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from notebook_cells import NOTEBOOKS, ROOT

from kirovlib.errors import ParameterError
from kirovlib.parameters import PARAMETERS, check, from_text, past_weeks_for
from kirovlib.reports import notebooks
from kirovlib.weeks import Period

SAMPLE = ROOT / "data" / "sample"
CARD = {"period": "2024-W28", "data": ".", "past_weeks": 11, "institution_id": "1029900050003", "mend_days": 14}


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts a kernel fails."""

    def started(*_: object, **__: object) -> None:
        pytest.fail("a kernel was started")

    monkeypatch.setattr("papermill.execute_notebook", started)


def test_words_of_the_command_line_get_the_types_of_the_schema() -> None:
    read = from_text(["past_weeks=4", " period = 2024-W21 ", "data=data/sample", "mend_days=30"])
    assert read == {"past_weeks": 4, "period": "2024-W21", "data": "data/sample", "mend_days": 30}


def test_an_ogrn_stays_text_whatever_it_looks_like() -> None:
    assert from_text(["institution_id=1024300000000"]) == {"institution_id": "1024300000000"}
    assert from_text(["institution_id=0043"]) == {"institution_id": "0043"}
    with pytest.raises(ParameterError, match="institution_id: 1024300000000; ожидается текст в кавычках"):
        check({"institution_id": 1024300000000})


def test_a_value_may_contain_the_sign_that_parts_it_from_its_name() -> None:
    assert from_text(["data=a=b"]) == {"data": "a=b"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["perod=2024-W21"], r"Неизвестный параметр «perod». Возможно: period. Есть такие: period, data"),
        (["institution=5"], r"Возможно: institution_id\."),
        (["zzz=1"], r"Неизвестный параметр «zzz»\. Есть такие: period"),
        (["2024-W21"], r"«2024-W21» — не параметр. Ожидается имя=значение"),
        (["past_weeks=много"], r"past_weeks: «много»; ожидается целое число от 0 до 520"),
        (["past_weeks=1.5"], r"past_weeks: «1.5»; ожидается целое число"),
        (["past_weeks=٤"], r"ожидается целое число"),
        (["past_weeks=" + "9" * 5000], r"ожидается целое число"),
        (["mend_days="], r"mend_days: не указано; ожидается целое число от 1 до 365"),
        (["period=2024-05", "period=2024-06"], r"period указан дважды: «2024-05» и «2024-06»"),
    ],
)
def test_words_that_are_no_parameters_are_refused_with_what_is_expected(words: list[str], said: str) -> None:
    with pytest.raises(ParameterError, match=said) as caught:
        from_text(words)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"weak": "2024-W21"}, "Неизвестный параметр «weak»"),
        ({"period": 2024}, "period: 2024; ожидается текст в кавычках: неделя 2024-W21"),
        ({"period": "2024-W60"}, "2024-W60"),
        ({"period": "2024-05-20"}, "не период"),
        ({"period": "2024-06-16_2024-05-20"}, "позже его конца 20.05.2024. Поменяйте даты местами"),
        ({"period": "2024-02-30_2024-05-20"}, "Даты «2024-02-30» нет в календаре"),
        ({"period": " "}, "period: не указано"),
        ({"past_weeks": "3"}, "past_weeks: '3'; ожидается целое число"),
        ({"past_weeks": True}, "past_weeks: True; ожидается целое число"),
        ({"past_weeks": 3.0}, "ожидается целое число"),
        ({"institution_id": ""}, "institution_id: не указано; ожидается ключ учреждения"),
        ({"data": ""}, "data: не указано; ожидается папка"),
        ({"data": None}, "data: None; ожидается текст"),
    ],
)
def test_wrong_typed_values_are_refused_with_what_is_expected(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        check(values)


@pytest.mark.parametrize(("name", "lowest", "highest"), [("past_weeks", 0, 520), ("mend_days", 1, 365)])
def test_numbers_are_taken_up_to_the_ends_of_their_range_and_no_further(name: str, lowest: int, highest: int) -> None:
    check({name: lowest})
    check({name: highest})
    for outside in (lowest - 1, highest + 1):
        with pytest.raises(
            ParameterError, match=f"{name}: «{outside}»; ожидается целое число от {lowest} до {highest}"
        ):
            check({name: outside})


def test_what_is_right_is_taken() -> None:
    for period in ("2024-W28", "2024-07", "2024-Q3", "2024-07-01_2024-07-14"):
        check({**CARD, "period": period}, CARD, SAMPLE)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"period": "2031-W01"}, r"Период 2031-W01 ещё не собран: последние данные — за \d\d.\d\d.2024"),
        ({"data": "no/such"}, r"data: папки «.*no.such» нет. Ожидается папка, в которой лежат registry/"),
        ({"data": "registry"}, r"data: Хранилище .* пусто. Соберите данные: «kirov collect»"),
        ({"institution_id": "лицей"}, r"«лицей» в реестре нет. Похожие: .*Лицей № 9"),
        ({"institution_id": "1029900050033"}, r"Похожие: .*1029900050003 — Техникум"),
    ],
)
def test_what_the_data_do_not_know_is_refused_with_what_to_do(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        check(values, CARD, SAMPLE)


def test_at_most_five_like_institutions_are_named() -> None:
    with pytest.raises(ParameterError) as caught:
        check({"institution_id": "102990005"}, CARD, SAMPLE)
    assert str(caught.value).count(" — ") - 1 == 5  # «Ключи — …» is the sentence after them


def test_a_week_is_refused_only_when_it_begins_after_the_last_collection() -> None:
    # The sample was collected until Monday, 15 July 2024, 09:00.
    check({"period": "2024-W29"}, CARD, SAMPLE)
    with pytest.raises(ParameterError, match=r"2024-W30 ещё не собран: последние данные — за 15.07.2024"):
        check({"period": "2024-W30"}, CARD, SAMPLE)
    check({"period": "2023-W10"}, CARD, SAMPLE)  # long before: nothing is known of it, but it is no mistake


def test_an_empty_lake_is_refused_with_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE / "registry", tmp_path / "registry")
    with pytest.raises(ParameterError, match=r"пусто. Соберите данные: «kirov collect»"):
        check({}, CARD, tmp_path)


def test_the_defaults_of_a_notebook_are_checked_as_well_as_what_is_given() -> None:
    with pytest.raises(ParameterError, match="«999» в реестре нет"):
        check({"period": "2024-W28"}, {**CARD, "institution_id": "999"}, SAMPLE)


def test_a_parameter_of_other_notebooks_is_refused_with_those_that_this_one_has() -> None:
    with pytest.raises(ParameterError, match=r"«01_overview» нет параметра mend_days. Её параметры: period, data"):
        check({"mend_days": 7}, {"period": "2024-W28", "data": "."}, title="01_overview")


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"weak": "2024-W21"}, "Неизвестный параметр «weak»"),
        ({"period": "2024-W60"}, "2024-W60"),
        ({"period": "2031-W01"}, "ещё не собран"),
        ({"period": 2024}, "ожидается текст"),
        ({"past_weeks": -1}, "от 0 до"),
        ({"data": "nowhere"}, "нет. Ожидается папка"),
    ],
)
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_wrong_parameters_are_refused_before_a_kernel_starts(file: Path, values: dict[str, Any], said: str) -> None:
    if not set(values) <= {*notebooks.parameters_of(file), "weak"}:
        pytest.skip("this notebook has no such parameter")
    with pytest.raises(ParameterError, match=said):
        notebooks.run(file, values, file.parent)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_the_parameters_of_every_notebook_stand_in_the_schema_and_their_defaults_are_right(file: Path) -> None:
    own = notebooks.parameters_of(file)
    assert {"period", "data"} <= set(own) <= set(PARAMETERS)
    check(own, own, file.parent)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_what_is_read_of_a_parameters_cell_is_what_the_cell_sets(file: Path) -> None:
    cell = next(each for each in nbformat.read(file, 4).cells if "parameters" in each.metadata.get("tags", []))
    space: dict[str, Any] = {}
    exec(cell.source, {}, space)  # noqa: S102
    assert notebooks.parameters_of(file) == space


@pytest.mark.parametrize("source", ["period = 2024-W21", "period = (", "period = today()"])
def test_a_parameters_cell_that_is_not_plain_says_how_it_should_be(tmp_path: Path, source: str) -> None:
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    file = tmp_path / "07_own.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), file)
    with pytest.raises(ParameterError, match=r"07_own.ipynb: ячейка параметров не читается.*period = \"2024-W21\""):
        notebooks.parameters_of(file)


@pytest.mark.parametrize(
    ("period", "count"),
    [("2024-W21", 11), ("2024-Q3", 13), ("2024-04-01_2024-06-23", 12), ("2024-04-01_2024-06-16", 11)],
)
def test_a_report_shows_at_least_the_period_before(period: str, count: int) -> None:
    parsed = Period.parse(period)
    assert past_weeks_for(parsed) == count
    assert parsed.weeks[0].shifted(-count) <= parsed.previous().weeks[0]


def test_every_parameter_says_in_russian_what_it_is_and_what_it_may_be() -> None:
    for name, parameter in PARAMETERS.items():
        assert parameter.name == name
        assert ast.literal_eval(repr(parameter.default)) == parameter.default
        assert parameter.meaning
        assert parameter.expected
        assert (parameter.allowed is not None) == (parameter.kind is int)
        if parameter.default is not None:
            parameter.check(parameter.default)
