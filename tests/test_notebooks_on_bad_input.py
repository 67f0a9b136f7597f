"""Every notebook on input that is wrong or empty: it says what is missing and what to do, and shows no traceback.

The cells are run in this process (`notebook_cells.py`); with a kernel only how errors look.
"""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from notebook_cells import NOTEBOOKS, ROOT, displayed, text_of
from small_lake import W21, Small

from kirovlib import registry
from kirovlib.errors import KirovError, ParameterError
from kirovlib.reports import notebooks

SAMPLE = ROOT / "data" / "sample"
every_notebook = pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
every_card = pytest.mark.parametrize(
    "file",
    [file for file in NOTEBOOKS if "institution_id" in notebooks.parameters_of(file)],
    ids=lambda file: file.stem,
)
MARK = "Как считали"  # the last cell: what came before it ran


def values_for(file: Path, data: Path, institution_id: str = "", **given: str) -> dict[str, Any]:
    """Parameters of a notebook: the data folder, what is given, and the institution where it has one."""
    own = notebooks.parameters_of(file)
    asked = {"data": str(data), "institution_id": institution_id, **given}
    return {name: value for name, value in asked.items() if name in own and value}


def refusal(file: Path, **values: Any) -> str:
    """What a notebook says that stops at an error of ours; any other error is a bug."""
    with pytest.raises(KirovError) as caught:
        displayed(file, **values)
    return str(caught.value)


@pytest.fixture(scope="module")
def one_institution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register of one institution with one account, read for a week."""
    small = Small(tmp_path_factory.mktemp("one"))
    small.posts(3)
    small.covered(W21, W21 + timedelta(days=7))
    small.store()
    return small.home


@pytest.fixture(scope="module")
def one_account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's institutions and lake, with an account list of one."""
    home = tmp_path_factory.mktemp("account")
    shutil.copytree(SAMPLE / "lake", home / "lake")
    register = registry.read(SAMPLE / "registry")
    only = register.accounts[register.accounts["account_id"] == "vk:buyan_licey913"]
    assert len(only) == 1
    registry.write(home / "registry", registry.Register(register.institutions, only))
    return home


@every_notebook
def test_an_unknown_week_is_named_with_an_example(file: Path) -> None:
    said = refusal(file, **values_for(file, SAMPLE, period="2024-W60"))
    assert said == "Недели «2024-W60» нет в календаре: в году 52 или 53 недели. Пример: 2024-W21."


@every_notebook
def test_dates_in_the_wrong_order_are_told_to_be_changed(file: Path) -> None:
    said = refusal(file, **values_for(file, SAMPLE, period="2024-06-16_2024-05-20"))
    assert said == "Начало периода 16.06.2024 позже его конца 20.05.2024. Поменяйте даты местами."


@every_notebook
def test_a_period_to_come_is_refused_with_the_last_day_collected(file: Path) -> None:
    said = refusal(file, **values_for(file, SAMPLE, period="2031-W01"))
    assert "последние данные — за 15.07.2024. Выполните «kirov collect»" in said


@every_card
def test_an_unknown_institution_is_refused_with_those_like_it(file: Path) -> None:
    said = refusal(file, **values_for(file, SAMPLE, institution_id="1029900050033"))
    assert "1029900050003 — Техникум" in said
    assert "столбец institution_id" in said


@every_notebook
def test_an_empty_lake_is_told_to_be_filled(file: Path, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE / "registry", tmp_path / "registry")
    said = refusal(file, **values_for(file, tmp_path))
    assert "пусто. Соберите данные: «kirov collect»" in said


@every_notebook
def test_a_folder_without_a_register_is_told_to_get_one(file: Path, tmp_path: Path) -> None:
    said = refusal(file, **values_for(file, tmp_path))
    assert "institutions.csv" in said
    assert "положите реестр в эту папку" in said


@every_notebook
def test_a_period_before_anything_was_collected_says_so_and_how_to_collect_it(file: Path) -> None:
    said = text_of(displayed(file, **values_for(file, SAMPLE, period="2023-W10")))
    assert "порядок ещё не действовал: первая редакция — с 15.05.2024" in said
    assert "Данных за этот период нет" in said
    assert "«kirov collect --since 2023-03-06»" in said


@every_notebook
def test_a_week_that_goes_on_says_until_when_it_was_collected(file: Path) -> None:
    said = text_of(displayed(file, **values_for(file, SAMPLE, period="2024-W29")))
    assert "Собрано только до 15.07.2024 09:00" in said


@every_notebook
def test_a_range_of_dates_is_a_period_as_any(file: Path) -> None:
    assert MARK in text_of(displayed(file, **values_for(file, SAMPLE, period="2024-07-01_2024-07-14")))


@every_notebook
def test_without_the_period_before_it_is_said_how_to_load_it_or_done_without(file: Path) -> None:
    values = values_for(file, SAMPLE, period="2024-W28")
    values |= {"past_weeks": 0} if "past_weeks" in notebooks.parameters_of(file) else {}
    try:
        said = text_of(displayed(file, **values))
    except ParameterError as error:
        said = str(error)
    assert MARK in said or "2024-W27 не загружен (нет недели 2024-W27): увеличьте past_weeks." in said


@every_notebook
def test_a_register_of_one_institution_is_enough(file: Path, one_institution: Path) -> None:
    shown = text_of(displayed(file, **values_for(file, one_institution, "1", period="2024-W21")))
    assert MARK in shown
    assert "Данных за этот период нет" not in shown


@every_notebook
def test_institutions_without_accounts_are_shown_or_left_out(file: Path, one_account: Path) -> None:
    assert MARK in text_of(displayed(file, **values_for(file, one_account, "1029900051565", period="2024-W28")))


@every_card
def test_the_card_of_an_institution_without_accounts_is_shown(file: Path, one_account: Path) -> None:
    assert MARK in text_of(displayed(file, **values_for(file, one_account, "1029900050003", period="2024-W28")))


@every_notebook
def test_a_register_without_accounts_says_where_they_are_entered(file: Path, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE / "lake", tmp_path / "lake")
    register = registry.read(SAMPLE / "registry")
    registry.write(tmp_path / "registry", registry.Register(register.institutions, register.accounts.head(0)))
    said = text_of(displayed(file, **values_for(file, tmp_path, "1029900050003", period="2024-W28")))
    assert "В реестре нет ни одного аккаунта. Впишите их в accounts.csv" in said


# --- with a kernel

JUDGE = f'import kirovlib\nkirovlib.judge("2024-W60", data={str(SAMPLE)!r})'
DEBUG = 'import os\nos.environ["KIROV_DEBUG"] = "1"'


def test_a_notebook_shows_our_errors_as_one_sentence_and_bugs_with_their_traceback() -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in (JUDGE, "1 / 0", DEBUG, JUDGE)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", allow_errors=True).execute()
    wrong, bug, _, debugged = (cell.outputs for cell in notebook.cells)
    sentence = "Недели «2024-W60» нет в календаре: в году 52 или 53 недели. Пример: 2024-W21."
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in wrong[0].traceback] == [sentence]
    assert "\x1b[1;31m" in wrong[0].traceback[0]
    assert wrong[0].evalue == sentence
    assert len(bug[0].traceback) > 1
    assert "ZeroDivisionError" in "".join(bug[0].traceback)
    assert "weeks.py" in "".join(debugged[0].traceback)
    assert sentence in "".join(debugged[0].traceback)


def test_a_notebook_that_stops_when_run_for_a_report_says_why_in_plain_words(tmp_path: Path) -> None:
    file = tmp_path / "07_own.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(JUDGE)]), file)
    with pytest.raises(KirovError) as caught:
        notebooks.run(file, {}, tmp_path)
    assert str(caught.value) == (
        "Тетрадь 07_own.ipynb остановилась: Недели «2024-W60» нет в календаре: в году 52 или 53 недели. "
        "Пример: 2024-W21."
    )


@pytest.mark.parametrize("text", ["Одна строка.", "Реестр не принят:\n  строка 3\n  строка 7"])
def test_what_is_shown_of_an_error_is_its_message_alone(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIROV_DEBUG", raising=False)
    lines = ParameterError(text)._render_traceback_()
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines] == text.split("\n")
