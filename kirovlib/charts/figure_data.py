"""The data of figures, for CSV files and for comparing."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


def plain(value: Any) -> Any:
    """A figure's JSON with its typed arrays decoded and its template dropped, for CSV and for comparing.

    Source of the encoding: plotly.js, "typed array spec" (`dtype`, `bdata`, `shape`).
    """
    if isinstance(value, dict):
        if {"dtype", "bdata"} <= set(value):
            array = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
            shape = str(value.get("shape", array.size)).split(",")
            return plain(array.reshape([int(size) for size in shape]).tolist())
        return {key: plain(item) for key, item in value.items() if key not in {"template", "uid"}}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def figure_rows(figure: Mapping[str, Any]) -> pd.DataFrame:
    """The data behind a figure as a long table: trace, x, y; of heat maps value (as shown) and note (when hovering)."""
    rows: list[dict[str, Any]] = []
    for trace in plain(json.loads(json.dumps(figure["data"]))):
        name = trace.get("name", "")
        if trace["type"] == "heatmap":
            told = {"value": trace.get("text", trace["z"]), "note": trace.get("customdata", [[0]])}
            if not isinstance(told["note"][0][0], str):
                del told["note"]  # numbers for hovering, not a text
            # What is told of a column, below its name, goes into the note.
            columns = [x.partition("<br>") if isinstance(x, str) else (x, "", "") for x in trace["x"]]
            rows += [
                {"trace": name, "x": x, "y": y, **{key: cells[row][column] for key, cells in told.items()}}
                | ({"note": f"{told['note'][row][column]} {more}".strip()} if more else {})
                for row, y in enumerate(trace["y"])
                for column, (x, _, more) in enumerate(columns)
            ]
        else:
            rows += [{"trace": name, "x": x, "y": y} for x, y in zip(trace["x"], trace["y"], strict=True)]
    return pd.DataFrame(rows, columns=None if rows else ["trace", "x", "y"]).replace({"<br>": " "}, regex=True)
