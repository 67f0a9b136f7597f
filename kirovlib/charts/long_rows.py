"""Grids with a row for each institution, readable at 60 rows and at 700: heads are repeated on the way down."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from kirovlib import russian
from kirovlib.charts.base import INK, LAYOUT, PALE, ROW_PIXELS, unique
from kirovlib.charts.week_axis import subtitle
from kirovlib.counts import Array

MOST_ROWS = 1000
_ROOMY_ROWS, _COMPACT_PIXELS, _SMALL_FONT, _MANY_COLUMNS = 120, 15, 11, 30
# A screen of 900 pixels never is without a head.
_ONE_BLOCK, _BLOCK = 60, 40
_BOTTOM_PIXELS, _GAP_PIXELS = 16, 10
_TITLE_PIXELS, _LINE_PIXELS = 44, 18
# Widths of letters in Arial, the widest of our fonts, in parts of the font's size.
_WIDTHS = {
    **dict.fromkeys(" .,:;!'|()[]ijlI-", 0.34), **dict.fromkeys("шщжмюфыm", 0.8), **dict.fromkeys("ШЩЖЮМФЫMW№@—", 1.0),
}  # fmt: skip
_LOWER, _UPPER, _TICK_PIXELS = 0.57, 0.74, 18


@dataclass(frozen=True)
class Columns:
    """The columns of a grid.

    Attributes:
        names: As hover and CSV say them, all different.
        heads: As they stand above the grid.
        pixels: Height of the heads.
        angle: How the heads are turned, degrees.
        font: Their size.
    """

    names: Sequence[str]
    heads: Sequence[str]
    pixels: int
    angle: int = 0
    font: int = 12


@dataclass(frozen=True)
class Grid:
    """Cells of institutions × columns, rows as they are to be read from the top.

    Attributes:
        labels: Names of the rows (escaped, short); equal ones are told apart by a number.
        columns: The columns.
        codes: Whole numbers, rows × columns: places in `colours`.
        colours: Colour of each code.
        text: What stands in each cell.
        told: What hovering tells of it (HTML of plotly, escaped).
        hover: How `%{text}` and `%{customdata}` (of told) are said when hovering.
        mark: Place of a column that a line stands before, if any.
    """

    labels: Sequence[str]
    columns: Columns
    codes: Array
    colours: Sequence[str]
    text: Array
    told: Array
    hover: str = "%{customdata}"
    mark: int | None = None

    def rows(self, first: int, end: int) -> Grid:
        """Some of the rows (end exclusive)."""
        kept = slice(first, end)
        return replace(
            self, labels=self.labels[kept], codes=self.codes[kept], text=self.text[kept], told=self.told[kept]
        )


def is_compact(rows: int) -> bool:
    """Whether so many rows are drawn close together."""
    return rows > _ROOMY_ROWS


def shown_of(total: int, where: str) -> str:
    """How many rows a title says are shown, and where the rest stand."""
    if total <= MOST_ROWS:
        return f"n = {total}"
    rest = russian.counted(total - MOST_ROWS, "строка", "строки", "строк")
    return f"показаны первые {MOST_ROWS} из {total}, ещё {rest} — {where}"


def draw(grid: Grid, title: str, legend: Sequence[str]) -> go.Figure:
    """The grid as heat maps one under the other in one figure, each with the heads above it.

    Args:
        grid: At most `MOST_ROWS` rows.
        title: The title.
        legend: What colours and symbols mean, a line each.
    """
    total = len(grid.labels)
    row, font = (_COMPACT_PIXELS, _SMALL_FONT) if is_compact(total) else (ROW_PIXELS, 13)
    count = 1 if total <= _ONE_BLOCK else -(-total // _BLOCK)
    edges = [round(total * number / count) for number in range(count + 1)]
    head = grid.columns.pixels
    height = count * head + (count - 1) * _GAP_PIXELS + total * row
    grid = replace(grid, labels=unique(grid.labels))
    figure, top, top_pixels = go.Figure(), 0.0, _TITLE_PIXELS + _LINE_PIXELS * len(legend)
    for number, (first, end) in enumerate(pairwise(edges), start=1):
        top += head + (_GAP_PIXELS if number > 1 else 0)
        domain = [1 - (top + (end - first) * row) / height, 1 - top / height]
        top += (end - first) * row
        _add_block(figure, grid.rows(first, end), number, domain, font)
    steps = len(grid.colours)
    scale = [[(code + end) / steps, colour] for code, colour in enumerate(grid.colours) for end in (0, 1)]
    figure.update_layout(
        LAYOUT,
        title_text=title,
        title_subtitle=subtitle(legend),
        height=top_pixels + height + _BOTTOM_PIXELS,
        coloraxis={"colorscale": scale, "cmin": -0.5, "cmax": steps - 0.5, "showscale": False},
        plot_bgcolor=PALE,
    )
    # Measured here: plotly's own automargin draws everything twice, a second more for 700 rows.
    left = max(_pixels(label, font) for label in grid.labels) + _TICK_PIXELS
    figure.update_layout(margin={"t": top_pixels, "b": _BOTTOM_PIXELS, "l": left})
    return figure


def _pixels(label: str, font: int) -> int:
    """The width of a label at most."""
    letters = html.unescape(label)
    parts = (_WIDTHS.get(each, _UPPER if each.isupper() else _LOWER) for each in letters)
    return round(font * sum(parts))


def _add_block(figure: go.Figure, block: Grid, number: int, domain: Sequence[float], font: int) -> None:
    """Rows with the heads above them; `number` is that of their axes."""
    columns, axis = block.columns, "" if number == 1 else str(number)
    gap = 1 if font == _SMALL_FONT else 2
    figure.add_trace(
        go.Heatmap(
            z=np.asarray(block.codes, dtype="int8"),
            x=list(columns.names),
            y=list(block.labels),
            text=block.text.tolist(),
            texttemplate="%{text}",
            textfont={"size": font if len(columns.names) <= _MANY_COLUMNS else _SMALL_FONT},
            customdata=block.told.tolist(),
            hovertemplate="%{y}<br>%{x}<br>" + block.hover + "<extra></extra>",
            coloraxis="coloraxis",
            xgap=gap,
            ygap=gap,
            xaxis=f"x{axis}",
            yaxis=f"y{axis}",
        )
    )
    if block.mark is not None:
        figure.add_shape(
            type="line", x0=block.mark - 0.5, x1=block.mark - 0.5, y0=0, y1=1, xref=f"x{axis}", yref=f"y{axis} domain",
            line={"color": INK, "width": 2},
        )  # fmt: skip
    heads: dict[str, Any] = {"tickmode": "array", "tickvals": np.arange(len(columns.names))}
    figure.update_layout(
        {
            f"xaxis{axis}": heads
            | {
                "anchor": f"y{axis}",
                "side": "top",
                "type": "category",
                "ticktext": list(columns.heads),
                "tickangle": columns.angle,
                "tickfont": {"size": columns.font},
                "automargin": False,
                "showgrid": False,
                "fixedrange": True,
            },
            # Every name is shown: plotly would leave out those that stand close.
            f"yaxis{axis}": {
                "anchor": f"x{axis}",
                "domain": domain,
                "type": "category",
                "autorange": "reversed",
                "dtick": 1,
                "tickfont": {"size": font},
                "automargin": False,
                "showgrid": False,
                "fixedrange": True,
            },
        }
    )
