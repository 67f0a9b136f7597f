"""The explorer in a real JupyterLab: filters, the table, a card, and the selection in the next cell."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120_000  # milliseconds: the machine may be slow and busy
# Whether all rows of the table are of a clause and a verdict, and as many as the words above it say.
SETTLED = """([clause, verdict]) => {
    const rows = [...document.querySelectorAll('.explored table tbody tr')].map(row => row.cells);
    const said = document.querySelector('.explored').innerText.match(/Выбрано: (\\d+) /);
    return said && rows.length === Number(said[1])
        && rows.every(cells => cells[1].innerText === clause && cells[2].innerText === verdict);
}"""


@pytest.fixture(scope="module")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: ARG001 - else nobody comes
    """JupyterLab over a copy of the notebooks and the sample, with nobody's settings; its address."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".*"))
    shutil.copytree(ROOT / "data" / "sample", root / "data" / "sample")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {name: str(root / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    options = ["token=", "password=", f"port={port}", f"root_dir={root}"]
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", "--port-retries=0"]
    with (root / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [*command, *(f"--ServerApp.{option}" for option in options)],
            cwd=root, env=os.environ | own, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api/status", server)
        yield address
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(scope="module")
def page(lab: str, browser: Any) -> Any:
    """Notebook 05 with all its cells run."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.set_default_timeout(PATIENCE)
    opened.goto(f"{lab}/lab/tree/notebooks/05_explorer.ipynb?reset")
    # Cells that are run before the kernel is connected are not run at all.
    opened.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    opened.get_by_role("menuitem", name="Run", exact=True).click()
    opened.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    opened.locator(".explored table").first.wait_for()
    return opened


def test_a_filter_changes_the_table_and_the_next_cell_has_the_same_rows(page: Any) -> None:
    everything = _selected(page)
    page.get_by_label("Вывод", exact=True).select_option(label="✕ нарушение")
    page.get_by_label("Пункт", exact=True).select_option(label="п. 3.1 Публикации")
    # The two filters are answered one after the other: the last answer is the one where words and rows agree.
    page.wait_for_function(SETTLED, arg=["п. 3.1 Публикации", "✕ нарушение"])
    count = _selected(page)
    assert 0 < count < everything
    assert page.locator(".explored table tbody tr").count() == count
    assert _run_in_a_new_cell(page, 'print("строк", len(explorer.selection))') == f"строк {count}"


def test_an_institution_that_is_chosen_shows_its_card(page: Any) -> None:
    page.get_by_role("tab", name="Таблица").click()
    name = page.locator(".explored table tbody tr td").first.inner_text()
    field = page.get_by_label("Учреждение", exact=True)
    field.fill(name)
    field.press("Enter")
    page.get_by_role("heading", name="Что сделать").wait_for()
    assert page.locator(".explored table:visible").first.is_visible()
    told = _run_in_a_new_cell(page, 'print("ключ", explorer.institution_id)')
    assert re.fullmatch(r"ключ \d{13}", told)


def test_another_reading_of_the_order_says_that_it_is_no_verdict_of_the_report(page: Any) -> None:
    page.get_by_role("tab", name="Таблица").click()
    page.get_by_text("Что если читать порядок иначе").click()
    page.get_by_label("Реклама", exact=True).select_option(label="не считается")
    page.get_by_text("это не выводы отчёта").wait_for()
    page.get_by_role("columnheader", name="Было бы").wait_for()
    page.get_by_role("button", name="Вернуть порядок как есть").click()
    page.get_by_role("columnheader", name="Было бы").wait_for(state="detached")


def test_charts_are_drawn_and_nothing_is_wider_than_the_page(page: Any) -> None:
    page.get_by_role("tab", name="Графики").click()
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length === 3")
    wide = "[...document.querySelectorAll('.jp-OutputArea-output')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert page.evaluate(wide) == 0


def _selected(page: Any) -> int:
    said = page.locator(".explored").first.inner_text().replace("\u00a0", "")
    found = re.search(r"Выбрано: (\d+) ", said)
    assert found, said
    return int(found[1])


def _run_in_a_new_cell(page: Any, code: str) -> str:
    """What one more cell at the notebook's end prints."""
    page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    printed = page.locator(".jp-Notebook .jp-CodeCell").last.locator(".jp-OutputArea-output pre")
    printed.wait_for()
    return str(printed.inner_text()).strip()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own machine
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    pytest.fail("JupyterLab did not start")
