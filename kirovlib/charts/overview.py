"""The state of the region on one screen: subjects by their worst verdict, by clause, network, kind and founder."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from kirovlib import russian
from kirovlib.charts.base import COLOURS, LAYOUT, PATTERNS, nothing, short, unique
from kirovlib.charts.week_axis import subtitle
from kirovlib.order import wording

_TITLE = "Кто соблюдает порядок"
_SHOWN = ("failed", "cannot_tell", "passed")
_MOST_FOUNDERS = 8
_EXPLAINED = "худший вывод за период; серым — доля установленного (уст.) и прочитанных целиком аккаунтов (проч.)"
_GREY = "#5A6675"
# Where each panel stands: heading, unit, x and y domain.
_PANELS = {
    "clause": ("По пунктам", "аккаунтов, учреждений", (0.16, 0.44), (0.0, 0.95)),
    "platform": ("По сетям", "аккаунтов", (0.71, 1.0), (0.78, 0.95)),
    "kind": ("По видам", "учреждений", (0.71, 1.0), (0.49, 0.66)),
    "founder": ("По учредителям", "учреждений", (0.71, 1.0), (0.0, 0.37)),
}


def overview(groups: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Four panels of stacked bars.

    Args:
        groups: `summary` by clause, platform, kind and founder; a panel for each.
    """
    if not sum(int(rows["subject_count"].sum()) for rows in groups.values()):
        return nothing(_TITLE, "за период нет ни одного вывода")
    figure = go.Figure()
    for place, (by, rows) in enumerate(groups.items()):
        _panel(figure, rows, by, place + 1)
    names = {word: f"{wording.SYMBOLS[word]} {wording.VERDICTS[word]}" for word in _SHOWN}
    for word, name in names.items():  # the legend, once for all panels
        figure.add_bar(x=[None], y=[None], name=name, marker=_marker(word), xaxis="x1", yaxis="y1", showlegend=True)
    figure.update_layout(
        LAYOUT,
        title={"text": _TITLE, "subtitle": subtitle([_EXPLAINED])},
        barmode="stack",
        bargap=0.25,
        height=500,
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.04, "yanchor": "bottom", "traceorder": "normal"},
    )
    figure.update_layout(margin={"l": 12, "t": 74, "b": 40})
    return figure


def _panel(figure: go.Figure, rows: pd.DataFrame, by: str, place: int) -> None:
    heading, unit, across, along = _PANELS[by]
    rows = rows[rows["subject_count"] > 0]
    rest = len(rows) - _MOST_FOUNDERS
    if by == "founder" and rest > 0:
        heading += f" ({_MOST_FOUNDERS} из {len(rows)})"
        rows = rows.head(_MOST_FOUNDERS)
    rows = rows[::-1]  # plotly draws from the bottom
    labels = unique([short(name) for name in rows["name"]])
    ticks = [
        f"{label} <span style='color:{_GREY}'>{_coverage(share, by)}</span>"
        for label, share in zip(labels, rows["decided_share" if by == "clause" else "read_share"], strict=True)
    ]
    before = [
        "" if pd.isna(count) else f"<br>прежде: {count}, установлено {russian.percent(share)}"
        for count, share in zip(rows["failed_before_count"], rows["decided_before_share"], strict=True)
    ]
    for word in _SHOWN:
        numbers = rows[f"{word}_count"].astype(int).tolist()
        figure.add_bar(
            x=numbers,
            y=labels,
            orientation="h",
            xaxis=f"x{place}",
            yaxis=f"y{place}",
            name=f"{heading}: {wording.VERDICTS[word]}",
            marker=_marker(word),
            text=[str(number) if number else "" for number in numbers],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont={"size": 11},
            customdata=[
                f"{number} из {total}{was if word == 'failed' else ''}"
                for number, total, was in zip(numbers, rows["subject_count"], before, strict=True)
            ],
            hovertemplate="%{y}<br>" + wording.VERDICTS[word] + ": %{customdata}<extra></extra>",
            showlegend=False,
        )
    figure.update_layout(
        {
            f"xaxis{place}": {"domain": across, "anchor": f"y{place}", "rangemode": "tozero", "nticks": 5},
            f"yaxis{place}": {
                "domain": along, "anchor": f"x{place}", "automargin": False, "tickvals": labels, "ticktext": ticks,
                "ticklabelstandoff": 6,
            },
        }
    )  # fmt: skip
    figure.add_annotation(
        text=f"<b>{heading}</b>, {unit}", x=across[0], y=along[1], xref="paper", yref="paper", xanchor="left",
        yanchor="bottom", yshift=4, showarrow=False,
    )  # fmt: skip


def _marker(word: str) -> dict[str, object]:
    return {"color": COLOURS[word], "pattern": {"shape": PATTERNS[word], "fgcolor": "#8A6A10"}}


def _coverage(share: float, by: str) -> str:
    return "" if pd.isna(share) else f"{'уст.' if by == 'clause' else 'проч.'} {russian.percent(share)}"
