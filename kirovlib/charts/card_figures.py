"""An institution's card as figures: its accounts week by week, its posts day by day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from kirovlib import russian
from kirovlib.charts.base import ACCENT, COLOURS, LAYOUT, PALE, nothing, short
from kirovlib.charts.week_axis import subtitle
from kirovlib.order import wording
from kirovlib.order.card import Card
from kirovlib.settings import ZONE
from kirovlib.weeks import holidays

_STRIP_PIXELS = 130
_MANY_DAYS = 45
_SATURDAY = 5
_WEEKDAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
# How a week is drawn: colour, pattern, what hovering says.
_WEEKS = {
    "met": (ACCENT, "", "норма выполнена"),
    "below": (COLOURS["failed"], "", "меньше нормы"),
    "unknown": (COLOURS["cannot_tell"], "/", "не установлено: неделя прочитана не целиком или неясны репосты"),
    "inapplicable": (COLOURS["inapplicable"], "", "пункт не применяется"),
    "before": ("#9AA8B8", "", "до распоряжения"),
}
# How a post is drawn on its day: word of the legend, symbol, colour.
_POSTS = {
    True: ("засчитана", "circle", ACCENT),
    False: ("не засчитана", "x-thin-open", COLOURS["failed"]),
    None: ("не известно, репост ли", "diamond-open", "#8A6A10"),
}


def card_weeks(shown: Card) -> go.Figure:
    """Own posts a week of each account as bars, in the colour of what the week came to by clause 3.1.

    Raises:
        ClausesError: The order has no norm.
    """
    title, minimum, weeks = "Собственные публикации по неделям", shown.minimum_posts, shown.weeks
    if weeks.empty:
        return nothing(title, "у учреждения нет аккаунтов в реестре")
    weeks = weeks.assign(state=_states(weeks))
    accounts = shown.accounts[shown.accounts["account_id"].isin(weeks["account_id"])]
    figure, count = go.Figure(), len(accounts)
    top = 1.15 * max(int(weeks["own_count"].max()), 2 * minimum)
    for place, account in enumerate(accounts.to_dict("records")):
        axis = "y" if place == 0 else f"y{place + 1}"
        _add_strip(figure, weeks[weeks["account_id"] == account["account_id"]], axis)
        domain = [1 - (place + 1) / count, 1 - (place + 0.3) / count]
        scale = {"domain": domain, "range": [0, top], "nticks": 4, "tickformat": "d"}
        figure.update_layout({axis.replace("y", "yaxis"): scale})
        figure.add_annotation(
            text=f"<b>{wording.PLATFORMS.get(account['platform'], short(account['platform']))}</b> "
            f"{short(account['url'].removeprefix('https://'))}",
            x=0, xref="paper", y=domain[1], yref="paper", yanchor="bottom", xanchor="left", showarrow=False,
        )  # fmt: skip
        figure.add_shape(
            type="line", xref="paper", x0=0, x1=1, yref=axis, y0=minimum, y1=minimum, layer="below",
            line={"color": COLOURS["failed"], "width": 1.5, "dash": "dash"},
        )  # fmt: skip
    starts = sorted(weeks["week_start"].unique())
    before = [start for start in starts if start.date() < _first_day(shown)]
    if 0 < len(before) < len(starts):
        figure.add_vline(x=len(before) - 0.5, line={"color": COLOURS["failed"], "width": 2})
    told = "пунктир — норма; оранжевое — меньше нормы; «?» — не установлено; серое — до распоряжения или не применяется"
    figure.update_layout(
        LAYOUT,
        title={"text": f"{title}, норма {minimum}", "subtitle": subtitle([told])},
        height=150 + _STRIP_PIXELS * count,
        showlegend=False,
        xaxis={
            "title": "неделя (понедельник)", "type": "category", "anchor": f"y{count}" if count > 1 else "y",
            "categoryarray": [russian.dated(start) for start in starts],
        },
    )  # fmt: skip
    return figure


def _states(weeks: pd.DataFrame) -> list[str]:
    """What each week came to, a word of `_WEEKS`."""
    met = weeks["is_met"].astype("boolean")
    return [
        "inapplicable" if not concerned
        else "unknown" if pd.isna(is_met)
        else "before" if not in_force
        else "met" if is_met
        else "below"
        for concerned, in_force, is_met in zip(weeks["concerned"], weeks["in_force"], met, strict=True)
    ]  # fmt: skip


def _add_strip(figure: go.Figure, rows: pd.DataFrame, axis: str) -> None:
    looks = [_WEEKS[state] for state in rows["state"]]
    is_unknown = rows["state"] == "unknown"
    figure.add_bar(
        x=[russian.dated(start) for start in rows["week_start"]],
        y=rows["own_count"].astype(int).tolist(),
        yaxis=axis,
        text=[f"{own} ?" if unknown else str(own) for own, unknown in zip(rows["own_count"], is_unknown, strict=True)],
        # Inside, so that the line of the norm strikes through none; a bar of nothing has no inside.
        textposition=["inside" if own else "outside" for own in rows["own_count"]],
        insidetextanchor="end",
        textangle=0,
        constraintext="none",
        cliponaxis=False,
        marker={
            "color": [colour for colour, _, _ in looks],
            # Only the unknown are hatched. Laid over the bars' colours (the template's way), plotly.js takes the list
            # of them for a colour and complains.
            "pattern": {
                "shape": [shape for _, shape, _ in looks],
                "fillmode": "replace",
                "bgcolor": COLOURS["cannot_tell"],
                "fgcolor": "#8A6A10",
                "fgopacity": 0.5,
            },
        },
        customdata=[_told(row, words) for row, (_, _, words) in zip(rows.to_dict("records"), looks, strict=True)],
        hovertemplate="неделя с %{x}<br>собственных: %{y}<br>%{customdata}<extra></extra>",
    )


def _told(row: Mapping[Any, Any], words: str) -> str:
    unclear = f"<br>неясно, репост ли: {row['unknown_count']}" if row["unknown_count"] else ""
    return f"репостов: {row['repost_count']}{unclear}<br>{words}"


def _first_day(shown: Card) -> date:
    return shown.judged.clause("posts_per_week").editions[0].in_force_from


def card_days(shown: Card) -> go.Figure:
    """Every post of the period on its day and hour in Kirov; weekends and public holidays are shaded."""
    title, rows = "Публикации по дням и часам", shown.ledger
    if rows.empty:
        return nothing(title, "за период не видно ни одной публикации")
    local = rows["posted_at"].dt.tz_convert(ZONE)
    rows = rows.assign(
        day=local.dt.strftime("%Y-%m-%d 12:00"),
        hour=(local.dt.hour + local.dt.minute / 60).round(2),
        told=[
            f"{moment:%d.%m.%Y %H:%M}<br>{short(str(platform))}<br>{why}"
            for moment, platform, why in zip(local, rows["platform_name"], rows["why_name"], strict=True)
        ],
    )
    figure = go.Figure()
    for counted, (words, symbol, colour) in _POSTS.items():
        here = rows["counted"].isna() if counted is None else rows["counted"].eq(counted).fillna(value=False)
        if here.any():
            figure.add_scatter(
                x=rows.loc[here, "day"].tolist(),
                y=rows.loc[here, "hour"].tolist(),
                mode="markers",
                name=f"{words}: {int(here.sum())}",
                marker={"symbol": symbol, "color": colour, "size": 10, "line": {"width": 2, "color": colour}},
                customdata=rows.loc[here, "told"].tolist(),
                hovertemplate="%{customdata}<extra></extra>",
            )
    period = shown.judged.period
    days = [period.start + timedelta(days=number) for number in range((period.until - period.start).days)]
    named = holidays(period.start, period.until)
    for day in days:
        if day.weekday() >= _SATURDAY or day in named:
            figure.add_vrect(
                x0=f"{day} 00:00:00", x1=f"{day} 23:59:59", fillcolor=PALE, line_width=0, layer="below",
            )  # fmt: skip
        if day in named:
            figure.add_annotation(
                x=f"{day} 12:00", y=1, yref="paper", yanchor="bottom", text=named[day], showarrow=False
            )
    shown_days = days if len(days) <= _MANY_DAYS else days[::7]
    figure.update_layout(
        LAYOUT,
        title={
            "text": f"{title} (n = {len(rows)})",
            "subtitle": subtitle(["серое — выходные и праздники; переносы выходных не учтены; время Кирова"]),
        },
        height=420,
        xaxis={
            "title": "день",
            "tickvals": [f"{day} 12:00" for day in shown_days],
            "ticktext": [f"{_WEEKDAYS[day.weekday()]}<br>{day:%d.%m}" for day in shown_days],
            "range": [f"{days[0]} 00:00", f"{days[-1]} 23:59"],
        },
        yaxis={"title": "час", "range": [0, 24], "dtick": 4, "ticksuffix": ":00"},
    )
    return figure
