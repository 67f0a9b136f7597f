"""What the networks say of pages and how old the data are, as figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from kirovlib import russian
from kirovlib.charts.base import COLOURS, LAYOUT, PALE, nothing
from kirovlib.charts.data_quality import TWO_LINES, bar_look, networks_of
from kirovlib.order import canaries as fields
from kirovlib.order import wording
from kirovlib.order.data_quality import DataQuality
from kirovlib.weeks import local_date

_STATE_LOOKS = {
    "answered": ("✓", "#BFE3DF"), "counted": ("·", PALE), "fallen": ("?", COLOURS["cannot_tell"]),
    "no_pages": ("–", "#F5F7F9"),
}  # fmt: skip
_AGES = (
    ("позже", -9999, -1), ("0", 0, 0), ("1–7", 1, 7), ("8–14", 8, 14), ("15–30", 15, 30), ("31–90", 31, 90),
    ("больше 90", 91, 9999),
)  # fmt: skip
_NEVER = "ни разу"


def canaries(quality: DataQuality) -> go.Figure:
    """Fields of pages × networks: on how many of the pages seen each was returned, and what its silence means."""
    rows = quality.canaries
    title = "Какие поля страниц возвращают сети"
    if rows.empty:
        return nothing(title, "порядок не говорит о страницах этих сетей")
    networks = list(dict.fromkeys(rows["platform"]))
    names = [name for name in fields.FIELDS.values() if name in set(rows["field_name"])][::-1]
    states = list(_STATE_LOOKS)
    cells = {(row["field_name"], row["platform"]): row for row in rows.to_dict("records")}
    grid = [[cells.get((name, network)) for network in networks] for name in names]
    steps = [
        (place / len(states), (place + 1) / len(states), colour)
        for place, (_, colour) in enumerate(_STATE_LOOKS.values())
    ]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if cell is None else states.index(cell["state"]) for cell in line] for line in grid],
            x=[wording.PLATFORMS[network] for network in networks],
            y=names,
            text=[["" if cell is None else _returned(cell) for cell in line] for line in grid],
            texttemplate="%{text}",
            customdata=[["" if cell is None else _told(cell) for cell in line] for line in grid],
            colorscale=[[edge, colour] for low, high, colour in steps for edge in (low, high)],
            zmin=-0.5,
            zmax=len(states) - 0.5,
            xgap=2,
            ygap=2,
            showscale=False,
            hovertemplate="%{x}: %{y}<br>%{customdata}<extra></extra>",
            hoverongaps=False,
        )
    )
    shown = [state for state in states if state in set(rows["state"])]
    told = [f"{_STATE_LOOKS[state][0]} {fields.STATES[state]}" for state in shown]
    legend = "   ".join([*told, "без слов — такого поля в сети нет"])
    figure.update_layout(
        LAYOUT,
        title_text=f"{title}: на скольких из просмотренных<br><sup>{legend}</sup>",
        height=130 + 26 * len(names),
        xaxis={"side": "top", "type": "category", "showgrid": False},
        yaxis={"automargin": True, "type": "category", "showgrid": False},
    )
    figure.update_layout(margin={"t": 104, "b": 16}, title_pad_t=TWO_LINES)
    return figure


def age(quality: DataQuality) -> go.Figure:
    """How many days before the period's end posts were last read and pages last seen, by network."""
    watched, day = quality.watched, local_date((quality.as_of - timedelta(microseconds=1)).to_pydatetime())
    title = f"Возраст данных на {russian.dated(day)}"
    if watched.empty:
        return nothing(title, "в реестре нет аккаунтов, к которым относится порядок")
    figure = make_subplots(
        1, 2, shared_yaxes=True, subplot_titles=("публикации прочитаны", "страница видна"), horizontal_spacing=0.05
    )
    for place, (column, what) in enumerate((("unread_days", "публикации"), ("unseen_days", "страницы")), 1):
        ages = watched[column].map(_age_label)
        shown = [label for label, _, _ in _AGES if label != _AGES[0][0] or (ages == label).any()] + [_NEVER]
        for network in networks_of(watched):
            counts = ages[watched["platform"] == network].value_counts()
            figure.add_bar(
                x=shown,
                y=[int(counts.get(label, 0)) for label in shown],
                name=f"{wording.PLATFORMS[network]}, {what}" if place > 1 else wording.PLATFORMS[network],
                legendgroup=network,
                showlegend=place == 1,
                marker=bar_look(network),
                hovertemplate=f"{wording.PLATFORMS[network]}, {what}<br>%{{x}}: %{{y}}<extra></extra>",
                row=1,
                col=place,
            )
    figure.update_layout(LAYOUT, title_text=f"{title} (n = {len(watched)})", barmode="stack", height=408)
    figure.update_layout(legend={"y": 1.09}, margin={"t": 116, "b": 60})
    figure.update_xaxes(title={"text": "сколько дней назад", "standoff": 8}, type="category")
    figure.update_yaxes(title="аккаунтов", tickformat="d", nticks=6, rangemode="tozero", col=1)
    return figure


def _age_label(days: Any) -> str:
    return _NEVER if pd.isna(days) else next(label for label, low, high in _AGES if low <= days <= high)


def _returned(cell: dict[Any, Any]) -> str:
    symbol = _STATE_LOOKS[cell["state"]][0]
    if cell["state"] == "no_pages":
        return symbol
    nobody = cell["field"] == "government_mark" and cell["state"] == "fallen" and cell["returned_count"]
    return f"{symbol} {cell['returned_count']} из {cell['page_count']}" + (", отметки нет ни у кого" if nobody else "")


def _told(cell: dict[Any, Any]) -> str:
    resting = cell["clauses"] or "ни один пункт"
    return (
        f"вернулось: {cell['returned_count']}; страниц за период: {cell['page_count']}; "
        f"аккаунтов в реестре: {cell['registered_count']}<br>держится: {resting}<br>{fields.STATES[cell['state']]}"
    )
