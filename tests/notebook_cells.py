"""The code cells of a notebook run in this process, as a kernel would run them but without its three seconds.

Cells are plain Python (`test_notebooks.py`), so that `exec` in one namespace does what IPython does: the last
expression of a cell is displayed. What a kernel adds, the rendering of errors, is tested with a kernel in
`test_notebooks_on_bad_input.py`.
"""

from __future__ import annotations

import ast
import html
import json
import re
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.formatters import DisplayFormatter

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def displayed(file: Path, **values: object) -> list[dict[str, Any]]:
    """What a notebook displays, by MIME type, run with these values of its parameters; its errors are raised."""
    space: dict[str, Any] = {}
    shown = []
    for cell in nbformat.read(file, 4).cells:
        if cell.cell_type != "code":
            continue
        *lines, last = ast.parse(cell.source).body
        is_shown = isinstance(last, ast.Expr)
        exec(compile(ast.Module([*lines] if is_shown else [*lines, last], []), file.name, "exec"), space)  # noqa: S102
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), file.name, "eval"), space)  # noqa: S307
            shown.append(_data(value))
        if "parameters" in cell.metadata.get("tags", []):
            assert set(values) <= set(space), f"{file.name} has no such parameter"
            space |= values
    return shown


def _data(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if hasattr(value, "_repr_mimebundle_"):  # figures and widgets, which else write to a front end by themselves
        bundle = value._repr_mimebundle_(include=None, exclude=None)
        return dict(bundle[0] if isinstance(bundle, tuple) else bundle)
    return dict(DisplayFormatter().format(value)[0])


def text_of(shown: list[dict[str, Any]]) -> str:
    """The words an analyst reads in what was displayed: HTML without its tags, of figures title and remarks."""
    parts = []
    for data in shown:
        if "application/vnd.plotly.v1+json" in data:
            figure = data["application/vnd.plotly.v1+json"]
            parts += [json.dumps(figure["layout"].get(part), ensure_ascii=False) for part in ("title", "annotations")]
        elif "text/html" in data:
            without_style = re.sub(r"<style>.*?</style>", "", data["text/html"], flags=re.DOTALL)
            parts.append(html.unescape(re.sub(r"<[^>]+>", " ", without_style)))
        else:
            parts.append(str(data.get("text/plain", "")))
    return "\n".join(parts)
