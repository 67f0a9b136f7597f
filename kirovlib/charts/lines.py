"""Shares by week as lines that are told apart without colour: by dash, marker and a name at the line's end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from kirovlib.charts.base import INK, LAYOUT
from kirovlib.charts.week_axis import WeekAxis, subtitle
from kirovlib.counts import Array

# Okabe-Ito, without the colours that verdicts have.
_STYLES = (
    ("#0072B2", "dash", "square"),
    ("#B87A00", "dot", "diamond"),
    ("#B0578D", "dashdot", "triangle-up"),
    ("#2B8F6B", "longdash", "triangle-down"),
    ("#56B4E9", "longdashdot", "pentagon"),
)
ALL_STYLE = (INK, "solid", "circle")
_PLOT_PIXELS, _TOP, _LETTER_PIXELS, _LABEL_PIXELS = 280, 76, 7, 17


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        name: Its name, stands at its end too (escaped).
        shares: 0-1 for each week, blank (NaN) where nothing is known.
        facts: Whole numbers for each week that hovering tells, weeks × facts.
        is_thin: Of each week whether too few were read: drawn hollow.
    """

    name: str
    shares: Array
    facts: Array
    is_thin: Sequence[bool]

    @property
    def is_blank(self) -> bool:
        """Whether nothing is known of any week."""
        return bool(np.isnan(self.shares).all())


def share_lines(
    axis: WeekAxis,
    lines: Sequence[Line],
    *,
    whole: Line | None = None,
    title: str,
    notes: Sequence[str],
    unit: str,
    told: str,
) -> go.Figure:
    """Lines of shares over weeks.

    Args:
        axis: The weeks.
        lines: The groups' lines.
        whole: The line of all together, drawn strong.
        title: The title.
        notes: What the marks mean.
        unit: Title of the y axis.
        told: What hovering says of the facts, as plotly's `hovertemplate` names them: `%{customdata[0]}`.
    """
    styled = [(line, _STYLES[place % len(_STYLES)], 1.5) for place, line in enumerate(lines) if not line.is_blank]
    styled += [(whole, ALL_STYLE, 3.0)] if whole else []
    figure = go.Figure()
    for line, (colour, dash, symbol), width in styled:
        figure.add_scatter(
            x=axis.names,
            y=np.round(100 * line.shares, 2),
            name=line.name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": width},
            marker={"size": 8, "symbol": _symbols(symbol, line.is_thin)},
            customdata=line.facts,
            hovertext=axis.holidays,
            hovertemplate="неделя с %{x}<br>%{y:.0f}\u00a0%<br>"
            + told
            + "%{hovertext}<extra>"
            + line.name
            + "</extra>",
        )
    figure.update_layout(
        LAYOUT,
        title_text=title,
        title_subtitle=subtitle(["; ".join(filter(None, notes))]),
        height=_TOP + _PLOT_PIXELS + axis.pixels,
        xaxis=axis.layout(),
        yaxis={"title": unit, "ticksuffix": "\u00a0%", "range": [0, 103]},
        showlegend=False,
    )
    longest = max(len(line.name) for line, _, _ in styled)
    figure.update_layout(margin={"t": _TOP, "b": axis.pixels, "r": 24 + _LETTER_PIXELS * longest})
    _name_ends(figure, [(line, style[0]) for line, style, _ in styled])
    return figure


def _symbols(symbol: str, is_thin: Sequence[bool]) -> str | list[str]:
    """The marker of each week, one word where all are the same."""
    found = [f"{symbol}-open" if thin else symbol for thin in is_thin]
    return found[0] if len(set(found)) == 1 else found


def _name_ends(figure: go.Figure, lines: Sequence[tuple[Line, str]]) -> None:
    """Names right of the lines' last points, moved apart where these are close."""
    least = 103 * _LABEL_PIXELS / _PLOT_PIXELS
    ends = sorted((_last(line.shares), line.name, colour) for line, colour in lines)
    places: list[float] = []
    for share, _, _ in ends:
        places.append(max(100 * share, places[-1] + least if places else 0))
    # What was pushed above the top comes down again, and pushes what is below it.
    limit = 103.0
    for number in reversed(range(len(places))):
        places[number] = min(places[number], limit)
        limit = places[number] - least
    for place, (_, name, colour) in zip(places, ends, strict=True):
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", xshift=4, y=place, yanchor="middle", text=name, showarrow=False,
            font={"color": colour, "size": 12},
        )  # fmt: skip


def _last(shares: Array) -> float:
    return float(shares[~np.isnan(shares)][-1])
