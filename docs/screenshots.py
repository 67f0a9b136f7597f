"""`python docs/screenshots.py [WORD …]`: takes the pictures in `docs/images` anew, from the sample, in Chromium.

Pictures of JupyterLab are `lab-NOTEBOOK.png`, those of report pages `report-PAGE.png`, all 1440 × 900; words choose
those whose names hold one of them. Chromium is found by KIROV_CHROMIUM or on PATH. Only this machine is asked for
anything.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from kirovlib import reports
from kirovlib.reports import single
from kirovlib.settings import Settings
from kirovlib.weeks import Period

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
PERIOD = "2024-W28"
SIZE = {"width": 1440, "height": 900}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
FIRST_RESULT = ".jp-CodeCell:has(.jp-OutputArea-output)"  # where a picture begins
LAB_SETTINGS = {  # no pop-up over the picture; all cells in the page, so that it can be scrolled to one
    "apputils-extension/notification": '{"fetchNews": "false"}',
    "notebook-extension/tracker": '{"windowingMode": "none"}',
}
START_SECONDS, RUN_SECONDS = 60, 120


def main(words: list[str]) -> None:
    """Take the pictures whose names hold one of the words, or all."""
    chromium = os.environ.get("KIROV_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("Chromium is not installed (set KIROV_CHROMIUM or put it on PATH)")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        shutil.copytree(ROOT / "data" / "sample", home / "data" / "sample")
        shutil.copytree(ROOT / "notebooks", home / "notebooks")
        page = playwright.chromium.launch(executable_path=chromium, args=FLAGS).new_page(viewport=SIZE)
        labs = [name for name in NOTEBOOKS if _wanted(f"lab-{name}", words)]
        if labs:
            with server(home) as address:
                for name in labs:
                    _picture_of_lab(page, address, name)
        if any(_wanted(f"report-{name}", words) for name in ("index", "summary", *NOTEBOOKS)):
            for file in _pages(home):
                if _wanted(f"report-{_page(file)}", words):
                    page.goto(file.as_uri(), wait_until="load")
                    page.wait_for_timeout(2500)  # plotly's drawing has no event that all charts share
                    page.screenshot(path=str(IMAGES / f"report-{_page(file)}.png"))


def _wanted(name: str, words: list[str]) -> bool:
    return not words or any(word in name for word in words)


def _page(file: Path) -> str:
    return file.stem.partition("-")[0]


def _picture_of_lab(page: Any, address: str, name: str) -> None:
    page.goto(f"{address}/lab/tree/notebooks/{name}.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_SECONDS * 1000)
    page.keyboard.press("Control+B")  # the file browser takes a quarter of the width
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_timeout(3000)  # until the kernel has begun
    page.locator(".jp-InputPrompt", has_text="[*]").first.wait_for(state="detached", timeout=RUN_SECONDS * 1000)
    page.wait_for_timeout(4000)
    page.locator(FIRST_RESULT).first.evaluate("cell => cell.scrollIntoView()")
    page.wait_for_timeout(1500)
    page.screenshot(path=str(IMAGES / f"lab-{name}.png"))


def _pages(home: Path) -> list[Path]:
    """The pack of the sample, and the card as a page of its own."""
    for part in ("registry", "lake"):
        shutil.copytree(home / "data" / "sample" / part, home / "data" / part)
    settings = Settings(home=home)
    pack = reports.build(settings, Period.parse(PERIOD), progress=False).parent
    card = single.build(settings, ROOT / "notebooks" / "04_institution.ipynb", {"period": PERIOD})
    return [*sorted(pack.glob("*.html")), card.file]


@contextmanager
def server(home: Path) -> Iterator[str]:
    """JupyterLab on a folder; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.token=", "--ServerApp.password=", f"--ServerApp.root_dir={home}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    settings = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / ".lab"),
    }
    for extension, settings_text in LAB_SETTINGS.items():
        file = home / ".lab" / "@jupyterlab" / f"{extension}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(settings_text)
    process = subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api")
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - our own server
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        else:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
