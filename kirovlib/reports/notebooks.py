"""Running the notebooks through papermill, and outputs that are the same bytes each time."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import nbformat

from kirovlib import parameters
from kirovlib.errors import KirovError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
NOTEBOOKS_DIR = Path(__file__).resolve().parents[2] / "notebooks"
REPORTED = ("01_overview", "02_posting_frequency", "03_compliance", "06_data_quality")


def parameters_of(source: Path) -> dict[str, Any]:
    """The parameters that a notebook has, with its own defaults: the constants of its `parameters` cell.

    Raises:
        ParameterError: The cell holds something else.
    """
    cells = [cell for cell in nbformat.read(source, 4).cells if "parameters" in cell.metadata.get("tags", [])]
    try:
        lines = [line for cell in cells for line in ast.parse(cell.source).body if isinstance(line, ast.Assign)]
        return {name.id: ast.literal_eval(line.value) for line in lines for name in line.targets if _is_name(name)}
    except (SyntaxError, ValueError):
        msg = (
            f"Тетрадь {source.name}: ячейка параметров не читается. Ожидаются строки «имя = значение», тексты в "
            'кавычках, например period = "2024-W21".'
        )
        raise ParameterError(msg) from None


def folder() -> Path:
    """The folder of the notebooks.

    Raises:
        ParameterError: It is not there, since the package was installed without the project.
    """
    if not NOTEBOOKS_DIR.is_dir():
        msg = f"Папки с тетрадями «{NOTEBOOKS_DIR}» нет. Установите программу из папки проекта: pip install -e ."
        raise ParameterError(msg)
    return NOTEBOOKS_DIR


def present() -> list[Path]:
    """The notebooks, by name.

    Raises:
        ParameterError: Their folder is not there.
    """
    return sorted(folder().glob("*.ipynb"))


def find(name: str) -> Path:
    """The notebook that is meant: its file name, or as much of its beginning as only one has, such as `04`.

    Raises:
        ParameterError: There is none, or several; the message lists them with their titles.
    """
    stem = Path(name).name.removesuffix(".ipynb")
    every = present()
    found = [file for file in every if file.stem == stem] or [
        file for file in every if stem and file.stem.startswith(stem)
    ]
    if len(found) == 1:
        return found[0]
    what = f"Тетрадей, которые начинаются на «{name}», несколько" if found else f"Тетради «{name}» нет"
    listed = "\n".join(f"  {file.stem} — {title_of(file)}" for file in found or every)
    msg = f"{what}. Укажите одну из этих:\n{listed}"
    raise ParameterError(msg)


def title_of(source: Path) -> str:
    """A notebook's title; its file's name where it has none."""
    return str(nbformat.read(source, 4).metadata.get("title", source.stem))


def run(source: Path, values: Mapping[str, Any], folder: Path) -> Any:
    """Execute a notebook in a folder and give it back, normalised.

    Args:
        source: The notebook.
        values: Values for its `parameters` cell, checked with those it has itself; paths relative to `folder`.
        folder: The kernel's working folder.

    Returns:
        The executed `nbformat` notebook.

    Raises:
        ParameterError: A parameter is wrong, or the data know nothing of it; no kernel was started.
        RegistryError: The register is wrong.
        KirovError: The notebook ended in an error; the message is the error's own.
    """
    parameters.check(values, parameters_of(source), folder, title=source.stem)
    return execute(source, values, folder)


def execute(source: Path, values: Mapping[str, Any], folder: Path, server: str = "") -> Any:
    """Execute a notebook as `run` does, with parameters that were checked already.

    Args:
        source, values, folder: See `run`.
        server: Where a fork server gives kernels (`kirovlib.reports.kernels`); blank for a stock kernel.

    Raises:
        KirovError: The notebook ended in an error, or its kernel died.
    """
    import papermill  # noqa: PLC0415 - two seconds that the command line's --help should not pay
    from nbclient.exceptions import DeadKernelError  # noqa: PLC0415

    from kirovlib.reports.kernels.provisioner import papermill_options  # noqa: PLC0415

    try:
        with _quiet_kernel():
            executed = papermill.execute_notebook(
                str(source),
                None,
                dict(values),
                cwd=str(folder),
                kernel_name="python3",
                progress_bar=False,
                record_timing=False,
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
                **papermill_options(server),
            )
    except papermill.PapermillExecutionError as error:
        msg = f"Тетрадь {source.name} остановилась: {error.evalue}"
        raise KirovError(msg) from error
    except (DeadKernelError, ConnectionError) as error:  # it died, or the fork server gave none
        msg = (
            f"Тетрадь {source.name}: ядро остановилось посреди работы, скорее всего не хватило памяти. Закройте "
            "лишние программы или уменьшите число процессов (--jobs 1) и повторите."
        )
        raise KirovError(msg) from error
    return normalised(executed)


def normalised(notebook: Any) -> Any:
    """Drop everything that differs from run to run: timings, ids, papermill's own metadata, memory addresses."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **{name: notebook.metadata[name] for name in ("title", "question") if name in notebook.metadata},
    }
    for position, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if "injected-parameters" in tags:
            cell["id"] = f"injected-{position}"
        for output in cell.get("outputs", []):
            output.pop("transient", None)
            plain = output.get("data", {}).get("text/plain")
            if plain:
                output["data"]["text/plain"] = re.sub(r" at 0x[0-9a-f]+", "", plain)
            if view := output.get("data", {}).get(WIDGET_MIME):
                view["model_id"] = ""  # random; JupyterLab hides a widget without one until its cell is run
    return notebook


def _is_name(target: ast.expr) -> TypeGuard[ast.Name]:
    return isinstance(target, ast.Name)


@contextmanager
def _quiet_kernel() -> Iterator[None]:
    # A debugger that warns about frozen modules would write into the notebook's outputs.
    before = os.environ.get("PYDEVD_DISABLE_FILE_VALIDATION")
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYDEVD_DISABLE_FILE_VALIDATION"]
        else:
            os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = before
