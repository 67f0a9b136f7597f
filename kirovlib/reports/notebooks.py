"""Running the notebooks through papermill, and outputs that are the same bytes each time."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kirovlib.errors import KirovError, ParameterError
from kirovlib.weeks import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTEBOOKS_DIR = Path(__file__).resolve().parents[2] / "notebooks"
REPORTED = ("01_overview", "02_posting_frequency", "03_compliance")

# Name → type and whether every notebook knows it; checked before a kernel starts.
PARAMETERS: dict[str, type] = {"period": str, "data": str, "past_weeks": int}
_LONGEST_PAST = 520


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Check notebook parameters against the one schema.

    Raises:
        ParameterError: Unknown name, wrong type, malformed period, missing folder.
    """
    for name, value in parameters.items():
        if name not in PARAMETERS:
            msg = f"Неизвестный параметр «{name}». Есть такие: {', '.join(PARAMETERS)}."
            raise ParameterError(msg)
        if type(value) is not PARAMETERS[name]:
            expected = {"str": "текст", "int": "целое число"}[PARAMETERS[name].__name__]
            msg = f"Параметр {name}: «{value}»; ожидается {expected}."
            raise ParameterError(msg)
    if "period" in parameters:
        Period.parse(parameters["period"])
    if not 0 <= parameters.get("past_weeks", 0) <= _LONGEST_PAST:
        msg = f"Параметр past_weeks: «{parameters['past_weeks']}»; ожидается от 0 до {_LONGEST_PAST}."
        raise ParameterError(msg)


def run(source: Path, parameters: Mapping[str, Any], folder: Path) -> Any:
    """Execute a notebook in a folder and give it back, normalised.

    Args:
        source: The notebook.
        parameters: Values for its `parameters` cell; paths relative to `folder`.
        folder: The kernel's working folder.

    Returns:
        The executed `nbformat` notebook.

    Raises:
        ParameterError: A parameter is wrong.
        KirovError: The notebook ended in an error; the message is the error's own.
    """
    check_parameters(parameters)
    import papermill  # noqa: PLC0415 - two seconds that the command line's --help should not pay

    known = set(papermill.inspect_notebook(str(source)))
    given = {name: value for name, value in parameters.items() if name in known}
    try:
        with _quiet_kernel():
            executed = papermill.execute_notebook(
                str(source),
                None,
                given,
                cwd=str(folder),
                kernel_name="python3",
                progress_bar=False,
                record_timing=False,
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            )
    except papermill.PapermillExecutionError as error:
        msg = f"Тетрадь {source.name} остановилась: {error.evalue}"
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
    return notebook


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
