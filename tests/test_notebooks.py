"""The tracked notebooks are thin, have parameters and carry outputs."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kirovlib import sample
from kirovlib.reports import notebooks

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code_cells(file: Path) -> list[Any]:
    return [cell for cell in nbformat.read(file, 4).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_thin(file: Path) -> None:
    cells = code_cells(file)
    assert file.stat().st_size <= 100_000
    assert len(cells) <= 15
    assert all(len(cell.source.splitlines()) <= 15 for cell in cells)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert not [node for cell in cells for node in ast.walk(ast.parse(cell.source)) if isinstance(node, kinds)]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_starts_with_its_question_and_has_one_cell_of_plain_parameters(file: Path) -> None:
    notebook = nbformat.read(file, 4)
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith(f"# {notebook.metadata['title']}")
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    for line in ast.parse(tagged[0].source).body:
        assert isinstance(line, ast.Assign)
        assert isinstance(line.value, ast.Constant)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_imports_only_our_names(file: Path) -> None:
    for cell in code_cells(file):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= {"kirovlib"}
            if isinstance(node, ast.ImportFrom):
                assert node.module == "kirovlib"
                assert {alias.name for alias in node.names} <= {"charts", "explorers"}


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_carries_outputs_without_an_error_or_a_path_of_a_machine(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    outputs = [output for cell in code_cells(file) for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type in {"error", "stream"}]
    assert str(ROOT) not in text
    assert "papermill" not in text


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_run_again_is_the_same_bytes(file: Path, tmp_path: Path) -> None:
    nbformat.write(notebooks.run(file, {}, file.parent), tmp_path / file.name)
    assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_the_data_dictionary_is_the_one_that_the_tables_give() -> None:
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8") == sample.dictionary()


def test_the_sample_is_the_one_that_the_code_makes(tmp_path: Path) -> None:
    sample.make_data(tmp_path / "sample")
    tracked = ROOT / "data" / "sample"

    def contents(folder: Path) -> dict[str, bytes]:
        files = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    assert contents(tmp_path / "sample") == contents(tracked)
