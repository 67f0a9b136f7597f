"""`kirov notebook` makes one page, `kirov lab` opens JupyterLab; both say what is wrong before anything starts."""

from __future__ import annotations

import ast
import html
import os
import re
import shutil
import socket
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import pytest
from click.testing import CliRunner, Result
from notebook_cells import NOTEBOOKS, ROOT

from kirovlib import cli, reports
from kirovlib.reports import notebooks, pages, single
from kirovlib.settings import Settings
from kirovlib.weeks import Period

CARD = "04_institution"
INSTITUTION = "1029900050003"
AFTER_THE_SAMPLE = datetime(2024, 7, 15, 9, tzinfo=UTC)


def kirov(*arguments: str | Path, **environment: str) -> Result:
    cleared: dict[str, str | None] = {"KIROV_DEBUG": None, **environment}
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments], env=cleared)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with the sample's register and lake."""
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data")
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The parameters that notebooks are run with, checked; their stored outputs come instead of a kernel's."""
    found: list[dict[str, Any]] = []

    def stored(source: Path, values: dict[str, Any], folder: Path) -> Any:
        notebooks.parameters.check(values, notebooks.parameters_of(source), folder, title=source.stem)
        found.append(values)
        return nbformat.read(source, 4)

    monkeypatch.setattr(notebooks, "run", stored)
    return found


def injected(file: Path) -> dict[str, Any]:
    """The parameters that papermill put into an executed notebook."""
    (cell,) = [cell for cell in nbformat.read(file, 4).cells if "injected-parameters" in cell.metadata.get("tags", [])]
    return {
        name.id: ast.literal_eval(line.value)
        for line in ast.parse(cell.source).body
        if isinstance(line, ast.Assign) and isinstance(name := line.targets[0], ast.Name)
    }


def page_of(result: Result) -> Path:
    assert result.exit_code in {0, 3}, result.output
    return Path(result.output.strip().splitlines()[-1])


def dead_links(page: Path) -> list[str]:
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page.read_text(encoding="utf-8"))
    targets = [address.partition("#")[0] for address in addresses if not re.match(r"#|data:|https?:", address)]
    assert targets
    return [target for target in targets if not (page.parent / unquote(html.unescape(target))).is_file()]


def test_a_notebook_is_run_for_a_range_of_dates_into_a_page_that_opens_offline(home: Path) -> None:
    result = kirov("notebook", "01", "--param", "period=2024-07-01_2024-07-14", "--home", home)
    assert result.exit_code == 3, result.output  # some walls of the sample cannot be read
    page = page_of(result)
    assert page == (home / "reports" / "notebooks" / "2024-07-01_2024-07-14" / "01_overview.html").resolve()
    text = page.read_text(encoding="utf-8")
    assert "2024-07-01_2024-07-14: 01.07.2024 – 14.07.2024" in text
    assert "Учебные данные" in text
    assert "Данные неполные" in text
    assert pages.POLICY in html.unescape(text)
    assert {file.name for file in (page.parent / "assets").iterdir()} == {"plotly.min.js", "report.css", "figures.js"}
    assert 'class="figure"' in text
    assert dead_links(page) == []
    assert str(home) not in text


def test_without_parameters_the_last_full_week_of_the_own_data_is_shown(home: Path, asked: list[Any]) -> None:
    source = notebooks.find("03")
    made = single.build(Settings(home=home, clock=lambda: AFTER_THE_SAMPLE), source, {})
    assert asked == [{"data": "data", "period": "2024-W28", "past_weeks": 11}]
    assert made.file == home / "reports" / "notebooks" / "2024-W28" / "03_compliance.html"
    assert not made.is_complete


def test_a_long_period_is_compared_with_the_one_before_unless_told_otherwise(home: Path, asked: list[Any]) -> None:
    words = ("notebook", "03", "--home", home, "--param", "period=2024-Q2")
    page_of(kirov(*words))
    page_of(kirov(*words, "--param", "past_weeks=2"))
    assert [values["past_weeks"] for values in asked] == [13, 2]


def test_a_report_between_dates_hands_them_to_its_notebooks_with_the_period_before(home: Path) -> None:
    period = Period.between(date(2024, 4, 15), date(2024, 7, 14))
    assert len(period.weeks) == 13
    pack = reports.build(Settings(home=home), period, progress=False).parent
    handed = {file.stem: injected(file) for file in (pack / "notebooks").glob("*.ipynb")}
    expected = {"period": "2024-04-15_2024-07-14", "data": "data", "past_weeks": 13}
    assert handed == dict.fromkeys(notebooks.REPORTED, expected)


def test_what_is_given_reaches_the_notebook_in_its_type(home: Path, asked: list[Any]) -> None:
    words = ["period=2024-W28", "past_weeks=3", f"institution_id={INSTITUTION}", "mend_days=30"]
    result = kirov("notebook", CARD, *(word for pair in words for word in ("--param", pair)), "--home", home)
    assert page_of(result).name == f"{CARD}-{INSTITUTION}.html"
    assert asked[0] | {"data": ""} == {
        "period": "2024-W28", "past_weeks": 3, "institution_id": INSTITUTION, "mend_days": 30, "data": "",
    }  # fmt: skip


def test_a_data_folder_is_looked_for_where_it_is_typed(
    home: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(home)
    page_of(kirov("notebook", "01", "--param", "data=data", "--param", "period=2024-W28", "--home", elsewhere))
    assert Path(asked[0]["data"]) == home / "data"


@pytest.mark.usefixtures("asked")
def test_links_to_pages_that_are_not_there_become_words_and_live_once_they_are(home: Path) -> None:
    given = ("--param", "period=2024-W28", "--home", home)
    third = page_of(kirov("notebook", "03", *given))
    assert dead_links(third) == []
    text = third.read_text(encoding="utf-8")
    assert "«Обзор»" in text
    assert '<a href="01_overview.html">' not in text
    page_of(kirov("notebook", "01", *given))
    again = page_of(kirov("notebook", "03", *given)).read_text(encoding="utf-8")
    assert again.count('href="01_overview.html"') == 2  # in the bar and in the text
    assert dead_links(third) == []


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_every_notebook_becomes_a_page_without_dead_links_or_live_scripts(home: Path, file: Path) -> None:
    page = page_of(kirov("notebook", file.stem, "--param", "period=2024-W28", "--home", home))
    assert dead_links(page) == []
    scripts = re.findall(r"<script([^>]*)>", page.read_text(encoding="utf-8"))
    assert all('type="application/json"' in script or 'src="assets/' in script for script in scripts)


@pytest.mark.usefixtures("asked")
def test_the_page_goes_where_it_is_told_with_its_parts_beside(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "для отчёта №1 & #2.html"
    page = page_of(kirov("notebook", "01", "--param", "period=2024-W28", "--out", out, "--home", home))
    assert page == out.resolve()
    assert dead_links(page) == []
    assert (tmp_path / "assets" / "plotly.min.js").is_file()
    assert not (home / "reports").exists()


def test_the_data_of_a_figure_are_found_whatever_the_page_is_called(tmp_path: Path) -> None:
    figure = {"data": [{"type": "bar", "x": ["a"], "y": [1]}], "layout": {}}
    shown = pages._figure(figure, "для отчёта №1 & #2", 1, tmp_path)
    link = re.search(r'href="figures/([^"]+)"', shown)
    assert link
    assert (tmp_path / unquote(link[1])).is_file()
    assert not set("#& ") & set(link[1])


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("1029900050003", "04_institution-1029900050003"),
        ("a.b-c_1", "04_institution-a.b-c_1"),
        ("../../../etc/passwd", r"04_institution-[0-9a-f]{12}"),
        ("..", r"04_institution-[0-9a-f]{12}"),
        ("школа 1", r"04_institution-[0-9a-f]{12}"),
        ("a" * 61, r"04_institution-[0-9a-f]{12}"),
        ("a\n", r"04_institution-[0-9a-f]{12}"),
    ],
)
def test_the_key_of_an_institution_never_becomes_a_path(key: str, name: str) -> None:
    assert re.fullmatch(name, single._name(Path("04_institution.ipynb"), {"institution_id": key}))


def test_an_interactive_part_says_that_it_lives_in_jupyterlab(tmp_path: Path) -> None:
    widget = nbformat.v4.new_output(
        "display_data", {pages.WIDGET_MIME: {"model_id": "1"}, "text/plain": "VBox(children=())"}
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=[widget])])
    around = {
        "name": "x",
        "title": "x",
        "period": "x",
        "pages": pages.links([("x", "x")], "x"),
        "banner": "",
        "stamp": "",
    }
    text = pages.page(notebook, around, tmp_path)
    assert "откройте тетрадь командой «kirov lab»" in text
    assert "VBox" not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["99"], "Тетради «99» нет. Укажите одну из этих:\n  01_overview — Обзор"),
        (["0"], "Тетрадей, которые начинаются на «0», несколько"),
        (["01", "--param", "perod=2024-W28"], "Возможно: period"),
        (["01", "--param", "2024-W28"], "имя=значение"),
        (["01", "--param", f"institution_id={INSTITUTION}"], "нет параметра institution_id"),
        (["01", "--param", "period=2024-W60"], "Недели «2024-W60» нет"),
        (["01", "--param", "period=2024-07-14_2024-07-01"], "Поменяйте даты местами"),
        (["01", "--param", "period=2031-W01"], "ещё не собран"),
        (["01"], "ещё не собран"),  # the sample is years old
        (["01", "--param", "data="], "data: не указано"),
        (["01", "--param", "data=no/such"], "нет. Ожидается папка"),
        (["01", "--out", "page.pdf"], "ожидается файл .html"),
        (["01", "--out", "no/such/page.html"], "папки «no/such» нет"),
        ([CARD, "--param", "period=2024-W28", "--param", "institution_id=лицей"], "Похожие: "),
    ],
)
def test_bad_input_gets_a_clear_message_and_exit_code_2(home: Path, arguments: list[str], words: str) -> None:
    result = kirov("notebook", *arguments, "--home", home)
    assert result.exit_code == 2, result.output
    assert words.replace("/", os.sep) in result.output if "no/such" in words else words in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["03_compliance", "03_compliance.ipynb", "03", "03_", "notebooks/03_compliance.ipynb"])
def test_a_notebook_is_found_by_its_name_or_as_much_of_it_as_is_unique(name: str) -> None:
    assert notebooks.find(name) == notebooks.NOTEBOOKS_DIR / "03_compliance.ipynb"


@pytest.mark.parametrize("arguments", [[], ["--list"], ["01", "--list"]])
def test_the_notebooks_are_listed_with_their_questions_and_parameters(arguments: list[str]) -> None:
    result = kirov("notebook", *arguments)
    assert result.exit_code == 0
    for file in NOTEBOOKS:
        metadata = nbformat.read(file, 4).metadata
        assert (
            f"{file.stem} — {metadata['title']}\n  {metadata['question']}\n  Параметры: period, data" in result.output
        )
    assert "past_weeks — сколько недель до периода показать рядом: целое число от 0 до 520" in result.output


# --- kirov lab


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments that JupyterLab is started with."""
    found: list[list[str]] = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", found.append)
    for variable in ("KIROV_HOME", "JUPYTER_CONFIG_PATH"):  # set by the command, taken back after the test
        monkeypatch.setenv(variable, "")
    return found


def test_the_lab_opens_on_the_notebooks_with_the_home_of_the_data(home: Path, started: list[list[str]]) -> None:
    result = kirov("lab", "--home", home)
    assert result.exit_code == 0, result.output
    assert f"--ServerApp.root_dir={notebooks.NOTEBOOKS_DIR}" in started[0]
    assert not [argument for argument in started[0] if "port" in argument or "browser" in argument]


def test_kernels_of_the_lab_know_the_home(
    home: Path, started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", lambda _: seen.append(os.environ["KIROV_HOME"]))
    kirov("lab", "--home", home)
    assert [Path(each) for each in seen] == [home.resolve()]
    assert started == []


def test_the_lab_asks_nothing_of_the_internet_and_ends_at_one_ctrl_c(home: Path, started: list[list[str]]) -> None:
    from jupyter_server.services.config.manager import ConfigManager  # noqa: PLC0415 - slow

    kirov("lab", "--home", home, "--no-browser", "--port", "0")
    assert {"--ServerApp.answer_yes=True", "--no-browser", "--port=0"} <= set(started[0])
    overrides = ConfigManager(config_dir_name="labconfig").get("default_setting_overrides")
    assert overrides["@jupyterlab/apputils-extension:notification"] == {"checkForUpdates": False, "fetchNews": "false"}


@pytest.mark.usefixtures("started")
def test_the_lab_says_how_to_work_on_ones_own_data(home: Path, tmp_path: Path) -> None:
    said = kirov("lab", "--home", home).output
    folder = re.search(r'напишите в ячейке параметров: data = "([^"]+)"', said)
    assert folder
    assert (notebooks.NOTEBOOKS_DIR / folder[1]).resolve() == (home / "data").resolve()
    assert "пока нет" not in said
    (tmp_path / "empty").mkdir()
    assert "Своих данных там пока нет" in kirov("lab", "--home", tmp_path / "empty").output


def test_a_port_that_is_taken_is_told_before_anything_starts(home: Path, started: list[list[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = kirov("lab", "--port", str(port), "--home", home)
    assert result.exit_code == 2
    assert f"Порт {port} занят или запрещён. Укажите другой" in result.output
    assert started == []


def test_without_jupyterlab_it_is_said_how_to_install_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)
    result = kirov("lab", "--home", home)
    assert result.exit_code == 2
    assert "JupyterLab не установлен" in result.output
    assert "pip install" in result.output
