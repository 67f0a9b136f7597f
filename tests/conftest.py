"""What all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from kirovlib import demo

# The same examples on every machine and no time limits: a test that is red once is red always.
settings.register_profile(
    "kirov",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("kirov")

REPOSITORY = Path(__file__).resolve().parents[1]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder with the recorded answers; they are not part of the project."""
    folder = REPOSITORY / os.environ.get("KIROV_RECORDED", "../shared/real")
    if not folder.is_dir():
        pytest.skip(f"recorded answers are not at {folder}; set KIROV_RECORDED")
    return folder


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> demo.Demo:
    """The demo on a small world: register, lake and report pack in a home folder of its own."""
    return demo.run(tmp_path_factory.mktemp("demo"), institutions=12, weeks=4, seed=7, progress=False)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program."""
    found = os.environ.get("KIROV_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("Chromium is not installed (set KIROV_CHROMIUM or put it on PATH)")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """Chromium, begun."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where a browser is

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()
