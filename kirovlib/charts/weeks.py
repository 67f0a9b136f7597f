"""Posts by week as figures."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from kirovlib import russian
from kirovlib.charts.base import ACCENT, COLOURS, LAYOUT, PALE, ROW_PIXELS, nothing, short, unique
from kirovlib.order import wording

_MANY_WEEKS = 16


def distribution(counts: pd.DataFrame, minimum: int, title: str) -> go.Figure:
    """How many accounts published how many own posts in a week; weeks that were not read completely apart.

    Args:
        counts: Table WeeklyCounts of one week.
        minimum: The norm, drawn as a line.
    """
    if not counts["is_complete"].any():
        return nothing(title, "ни один аккаунт не прочитан за эту неделю целиком")
    figure = go.Figure()
    top = max(int(counts["own_count"].max()), 2 * minimum + 2)
    for complete, name, colour, shape in (
        (True, "прочитано целиком", ACCENT, ""),
        (False, "прочитано не целиком", COLOURS["cannot_tell"], "/"),
    ):
        of_kind = counts[counts["is_complete"] == complete]["own_count"].value_counts()
        numbers = [int(of_kind.get(number, 0)) for number in range(top + 1)]
        figure.add_bar(
            x=list(range(top + 1)),
            y=numbers,
            name=name,
            marker={"color": colour, "pattern": {"shape": shape}},
            hovertemplate="собственных публикаций: %{x}<br>аккаунтов: %{y}<extra>" + name + "</extra>",
        )
    figure.add_vline(x=minimum - 0.5, line={"color": COLOURS["failed"], "width": 2, "dash": "dash"})
    figure.add_annotation(
        x=minimum - 0.5,
        y=1,
        yref="paper",
        yanchor="bottom",
        text=f"норма: {minimum} и больше →",
        showarrow=False,
        xanchor="left",
        font={"color": COLOURS["failed"]},
    )
    figure.update_layout(
        LAYOUT,
        title_text=f"{title} (n = {len(counts)})",
        barmode="stack",
        height=408,
        xaxis={"title": "собственных публикаций за неделю", "dtick": 1},
        yaxis={"title": "аккаунтов", "tickformat": "d", "nticks": 6, "rangemode": "tozero"},
        legend={"x": 1, "xanchor": "right"},
    )
    return figure


def share_meeting_norm(counts: pd.DataFrame, minimum: int, in_force_from: date) -> go.Figure:
    """By week, the share of completely read accounts that reach the norm; the order's date is marked."""
    complete = counts[counts["is_complete"].astype(bool)]
    if complete.empty:
        return nothing("Доля аккаунтов, выполнивших норму, по неделям", "ни одна неделя не прочитана целиком")
    by_week = (complete["own_count"] >= minimum).groupby(complete["week_start"]).agg(["mean", "sum", "count"])
    labels = [_week_label(start) for start in by_week.index]
    hover = [
        f"{int(met)} из {int(total)} аккаунтов" for met, total in zip(by_week["sum"], by_week["count"], strict=True)
    ]
    figure = go.Figure(
        go.Scatter(
            x=labels,
            y=(100 * by_week["mean"]).round(2),
            mode="lines+markers+text",
            line={"color": ACCENT, "width": 3},
            marker={"size": 8},
            text=[russian.percent(share) for share in by_week["mean"]],
            textposition="top center",
            customdata=hover,
            hovertemplate="%{x}<br>%{customdata}<extra></extra>",
            cliponaxis=False,
        )
    )
    before = [position for position, start in enumerate(by_week.index) if start.date() <= in_force_from]
    if before and len(before) < len(labels):
        figure.add_vline(x=before[-1] + 0.0, line={"color": COLOURS["failed"], "width": 2, "dash": "dash"})
        figure.add_annotation(
            x=before[-1],
            y=0.04,
            yref="paper",
            xanchor="left",
            xshift=6,
            showarrow=False,
            text=f"{russian.dated(in_force_from)} — распоряжение № 131",
            font={"color": COLOURS["failed"]},
        )
    figure.update_layout(
        LAYOUT,
        title_text="Доля аккаунтов, выполнивших норму, по неделям",
        height=408,
        xaxis={"title": "неделя (понедельник)", "type": "category"},
        yaxis={"title": "доля прочитанных целиком", "ticksuffix": "\u00a0%", "range": [0, 108]},
    )
    return figure


def posts_heatmap(counts: pd.DataFrame, institutions: pd.Series, minimum: int) -> go.Figure:
    """Own posts by account and week; incomplete weeks are blank with «?».

    Args:
        counts: Table WeeklyCounts.
        institutions: Names by account_id.
        minimum: The norm: counts below it are warm, at or above it cool.
    """
    read = counts.groupby("week_start")["is_complete"].transform("any")
    counts = counts[read.astype(bool)]  # weeks that nobody was read for would be columns of question marks
    if counts.empty:
        return nothing("Собственные публикации по неделям", "ни одна неделя не прочитана целиком")
    wide = counts.pivot_table(index="account_id", columns="week_start", values="own_count", aggfunc="sum")
    complete = counts.assign(is_complete=counts["is_complete"].astype(int)).pivot_table(
        index="account_id", columns="week_start", values="is_complete", aggfunc="min"
    )
    wide = wide.loc[wide.iloc[:, -1].sort_values(kind="stable", ascending=False).index]
    complete = complete.loc[wide.index]
    labels = _account_labels(wide.index, institutions)
    shown = wide.where(complete == 1)
    text = shown.map(lambda number: "" if pd.isna(number) else str(int(number))).mask(complete == 0, "?")
    figure = go.Figure(
        go.Heatmap(
            z=[
                [None if pd.isna(number) else min(int(number), 2 * minimum) for number in row]
                for row in shown.to_numpy()
            ],
            x=[_week_label(start) for start in wide.columns],
            y=labels,
            text=text.to_numpy().tolist(),
            texttemplate="%{text}",
            zmin=0,
            zmax=2 * minimum,
            xgap=2,
            ygap=2,
            showscale=False,
            colorscale=_norm_scale(minimum),
            hovertemplate="%{y}<br>неделя с %{x}<br>собственных публикаций: %{text}<extra></extra>",
            hoverongaps=False,
        )
    )
    figure.update_layout(
        LAYOUT,
        title_text=f"Собственные публикации по неделям (n = {len(wide)})<br>"
        f"<sup>оранжевое — меньше {minimum}; «?» — неделя прочитана не целиком; пусто — пункт не применяется</sup>",
        height=130 + ROW_PIXELS * len(wide),
        xaxis={"side": "top", "type": "category", "tickangle": -45 if len(wide.columns) > _MANY_WEEKS else 0},
        yaxis={"automargin": True, "type": "category"},
        plot_bgcolor=PALE,
    )
    figure.update_layout(margin={"t": 96, "b": 16})
    return figure


def _norm_scale(minimum: int) -> list[list[Any]]:
    below, above = ["#D55E00", "#F29F5C", "#F9D2A8"], ["#CFE3EE", "#7FB3D0", "#2F78A8"]
    border = (minimum - 0.5) / (2 * minimum)
    low = [[border * step / 2, colour] for step, colour in enumerate(below)]
    high = [[border + (1 - border) * step / 2, colour] for step, colour in enumerate(above)]
    return low + high


def _account_labels(accounts: pd.Index, institutions: pd.Series) -> list[str]:
    """Each account by its institution and network: «Лицей № 943, Нигдейск · ВК»."""
    return unique(
        [
            f"{short(str(institutions.get(account, account)))} · {wording.SHORT_PLATFORMS.get(network, network)}"
            for account in accounts
            for network in (str(account).partition(":")[0],)
        ]
    )


def _week_label(start: Any) -> str:
    return f"{start:%d.%m.%y}"
