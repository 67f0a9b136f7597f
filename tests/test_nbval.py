"""nbval compares the tracked notebooks with what they compute now, and a changed number turns it red."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest

from kirovlib import tables

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout in small: one notebook, the sample and how nbval compares."""
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data" / "sample")
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "02_posting_frequency.ipynb", tmp_path / "notebooks")
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def nbval(folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "--nbval", "notebooks", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def cells_that_failed(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("FAILED")]


def test_the_notebook_is_green_on_the_sample_it_was_made_on(copy: Path) -> None:
    code, output = nbval(copy)
    assert code == 0, output


def test_one_number_changed_in_the_sample_turns_the_notebook_red(copy: Path) -> None:
    file = next((copy / "data" / "sample" / "lake" / "posts").rglob("*.parquet"))
    posts = tables.validate(tables.Posts, pd.read_parquet(file))
    is_own = posts["own"] & (posts["is_repost"] == False)  # noqa: E712 - blank is not False
    this_week = posts.index[is_own.fillna(value=False) & (posts["posted_at"] >= "2024-07-09")]
    posts.loc[this_week[0], "posted_at"] -= pd.Timedelta(days=21)
    pyarrow.parquet.write_table(tables.to_arrow(tables.Posts, posts), file, compression="zstd")
    code, output = nbval(copy)
    assert code == 1
    assert cells_that_failed(output)


def test_one_number_changed_in_a_stored_figure_turns_the_notebook_red(copy: Path) -> None:
    file = copy / "notebooks" / "02_posting_frequency.ipynb"
    notebook = json.loads(file.read_text(encoding="utf-8"))
    mime = "application/vnd.plotly.v1+json"
    figure = next(
        output["data"][mime]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if mime in output.get("data", {})
    )
    figure["data"][0]["x"][0] += 1
    file.write_text(json.dumps(notebook), encoding="utf-8")
    code, output = nbval(copy)
    assert code == 1
    assert len(cells_that_failed(output)) == 1
