"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

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
