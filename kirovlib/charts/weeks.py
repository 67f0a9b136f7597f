"""Posts by week as figures: how they are spread, how many accounts meet the norm, how many are reposts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from kirovlib import frequency, russian
from kirovlib.charts.base import ACCENT, COLOURS, LAYOUT, nothing, short
from kirovlib.charts.lines import Line, share_lines
from kirovlib.charts.week_axis import WeekAxis, read_range, subtitle
from kirovlib.order import wording

_ENOUGH_READ, _MANY_POSTS = 0.98, 30
_UNKNOWN_PLACE = -2  # where accounts stand of which nobody knows how much they published
_UNREAD = "ни одна неделя не прочитана целиком"
_BANDS = (
    ("q10", "q90", "10–90 % аккаунтов", "rgba(29,78,137,0.16)"),
    ("q25", "q75", "25–75 %", "rgba(29,78,137,0.34)"),
)
_FAN_TOLD = (
    "неделя с %{x}<br>медиана: %{y:.2~f}<br>у половины аккаунтов от %{customdata[0]:.2~f} до %{customdata[1]:.2~f}, "
    "у 80\u00a0% от %{customdata[2]:.2~f} до %{customdata[3]:.2~f}<br>"
    "прочитано целиком: %{customdata[4]} из %{customdata[5]} аккаунтов%{hovertext}<extra></extra>"
)


def distribution(counts: pd.DataFrame, minimum: int, title: str) -> go.Figure:
    """How many accounts published how many own posts in a week; those of which nobody knows it apart.

    Args:
        counts: Table WeeklyCounts of one week.
        minimum: The norm, drawn as a line.
    """
    if not counts["is_complete"].any():
        return nothing(title, "ни один аккаунт не прочитан за эту неделю целиком")
    figure = go.Figure()
    read = counts[counts["is_complete"].astype(bool) & (counts["unknown_count"] == 0)]["own_count"]
    if read.empty:
        return nothing(title, "ни у одного аккаунта не известно, сколько публикаций собственные")
    top, unread = max(int(read.max()), 2 * minimum + 2), len(counts) - len(read)
    found = read.value_counts()
    figure.add_bar(
        x=list(range(top + 1)),
        y=[int(found.get(number, 0)) for number in range(top + 1)],
        name="известно",
        marker={"color": ACCENT},
        hovertemplate="собственных публикаций: %{x}<br>аккаунтов: %{y}<extra></extra>",
    )
    figure.add_bar(
        x=[_UNKNOWN_PLACE],
        y=[unread],
        name="«?» — прочитано не целиком или неясны репосты",
        marker={"color": COLOURS["cannot_tell"], "pattern": {"shape": "/"}},
        hovertemplate="сколько публикаций, не известно<br>аккаунтов: %{y}<extra></extra>",
    )
    ticks = [_UNKNOWN_PLACE, *range(0, top + 1, 1 if top <= _MANY_POSTS else 5)]
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
        xaxis={"title": "собственных публикаций за неделю", "tickvals": ticks, "ticktext": ["?", *map(str, ticks[1:])]},
        yaxis={"title": "аккаунтов", "tickformat": "d", "nticks": 6, "rangemode": "tozero"},
        legend={"x": 1, "xanchor": "right"},
    )
    return figure


def quantile_fan(weeks: pd.DataFrame, in_force_from: date) -> go.Figure:
    """Own posts a week over time: where the middle half and the middle 80 % of the accounts lie, and the median.

    Args:
        weeks: See `posting_weeks`.
        in_force_from: The order's date, marked.
    """
    title = "Собственные публикации за неделю: медиана и разброс"
    if not weeks["is_complete"].any():
        return nothing(title, _UNREAD)
    weeks = read_range(weeks)
    axis = WeekAxis.of(weeks["week_start"])
    found = frequency.quantiles(weeks).set_index("week_start").reindex(axis.starts)
    figure = go.Figure()
    for low, high, name, colour in _BANDS:
        for column, fill in ((low, None), (high, "tonexty")):
            figure.add_scatter(
                x=axis.names, y=found[column].round(2), name=name if fill else f"{column[1:]} %", mode="lines",
                line={"width": 0.5, "color": ACCENT}, fill=fill, fillcolor=colour, hoverinfo="skip",
                showlegend=bool(fill),
            )  # fmt: skip
    found["asked"] = weeks.groupby("week_start").size()
    figure.add_scatter(
        x=axis.names, y=found["q50"], name="медиана", mode="lines+markers", line={"color": ACCENT, "width": 3},
        marker={"size": 7}, hovertext=axis.holidays, hovertemplate=_FAN_TOLD,
        customdata=found[["q25", "q75", "q10", "q90", "account_count", "asked"]].round(2).to_numpy(),
    )  # fmt: skip
    norm = weeks.groupby("week_start")["minimum_posts"].first().reindex(axis.starts)
    figure.add_scatter(
        x=axis.names, y=norm, name="норма", mode="lines", hoverinfo="skip",
        line={"color": COLOURS["failed"], "width": 2, "dash": "dot", "shape": "hvh"},
    )  # fmt: skip
    axis.mark_order(figure, in_force_from)
    figure.update_layout(
        LAYOUT,
        title_text=f"{title} ({_accounts(weeks)})",
        title_subtitle=subtitle([axis.legend]),
        height=390 + axis.pixels,
        xaxis=axis.layout(),
        yaxis={"title": "публикаций за неделю", "rangemode": "tozero"},
        legend={"x": 1, "xanchor": "right"},
    )
    figure.update_layout(margin={"t": 100, "b": axis.pixels})
    return figure


def share_meeting_norm(weeks: pd.DataFrame, in_force_from: date, groups: pd.Series | None = None) -> go.Figure:
    """By week, the share of completely read accounts that meet the norm, all together and by group.

    Accounts of which unknown repost marks decide are in neither part; weeks of which less than 98 % of the accounts
    were read are drawn hollow.

    Args:
        weeks: See `posting_weeks`.
        in_force_from: The order's date, marked.
        groups: Name of the group by account_id; by default the network.
    """
    title = "Доля аккаунтов, выполнивших норму, по неделям"
    if not weeks["is_complete"].any():
        return nothing(title, _UNREAD)
    weeks = read_range(weeks)
    axis = WeekAxis.of(weeks["week_start"])
    names = weeks["platform"].map(_network) if groups is None else weeks["account_id"].map(groups)
    lines = [
        _norm_line(str(name) if groups is None else short(str(name)), rows, axis) for name, rows in weeks.groupby(names)
    ]
    whole = _norm_line("все", weeks, axis)
    unread = [line.name for line in lines if line.is_blank]
    notes = [
        f"не прочитано: {', '.join(unread)}" if unread else "",
        f"пустой значок — прочитано меньше {russian.percent(_ENOUGH_READ)} аккаунтов",
        axis.legend,
    ]
    figure = share_lines(
        axis,
        lines if len(lines) > 1 else [],
        whole=whole,
        title=f"{title} ({_accounts(weeks)})",
        notes=notes,
        unit="доля прочитанных целиком",
        told="норму выполнили: %{customdata[0]} из %{customdata[1]}"
        "<br>прочитано целиком: %{customdata[2]} из %{customdata[3]} аккаунтов",
    )
    axis.mark_order(figure, in_force_from)
    return figure


def repost_share(weeks: pd.DataFrame) -> go.Figure:
    """By week and network, which part of what completely read accounts published were reposts.

    Args:
        weeks: See `posting_weeks`.
    """
    title = "Доля репостов по неделям"
    if not weeks["is_complete"].any():
        return nothing(title, _UNREAD)
    weeks = read_range(weeks)
    axis = WeekAxis.of(weeks["week_start"])
    found = frequency.repost_shares(weeks)
    lines = []
    for platform, rows in sorted(found.groupby("platform"), key=lambda group: _network(group[0])):
        by_week = rows.set_index("week_start").reindex(axis.starts)
        asked = weeks[weeks["platform"] == platform].groupby("week_start").size().reindex(axis.starts, fill_value=0)
        facts = by_week[["repost_count", "own_count", "unknown_count", "account_count"]].fillna(0).astype("int64")
        lines.append(
            Line(
                _network(platform),
                by_week["repost_share"].to_numpy(dtype="float64"),
                facts.assign(asked=asked).to_numpy(),
                _thin(facts["account_count"], asked),
            )
        )
    unknown = int(found["unknown_count"].sum())
    notes = [
        f"неясно, репост ли: {russian.posts(unknown)}, в доле их нет" if unknown else "",
        f"пустой значок — прочитано меньше {russian.percent(_ENOUGH_READ)} аккаунтов",
        axis.legend,
    ]
    total = int((found["own_count"] + found["repost_count"]).sum())
    return share_lines(
        axis,
        lines,
        title=f"{title} (n = {russian.posts(total)})",
        notes=notes,
        unit="репостов среди публикаций",
        told="репостов: %{customdata[0]}, собственных: %{customdata[1]}, неясно: %{customdata[2]}"
        "<br>прочитано целиком: %{customdata[3]} из %{customdata[4]} аккаунтов",
    )


def _network(platform: Any) -> str:
    return short(wording.PLATFORMS.get(str(platform), str(platform)))


def _norm_line(name: str, rows: pd.DataFrame, axis: WeekAxis) -> Line:
    asked = rows.groupby("week_start").size().reindex(axis.starts, fill_value=0)
    read = rows[rows["is_complete"].astype(bool)]
    decided = read[read["is_met"].notna()]
    by_week = decided["is_met"].astype("int64").groupby(decided["week_start"]).agg(["sum", "count"])
    by_week = by_week.reindex(axis.starts, fill_value=0)
    count = read.groupby("week_start").size().reindex(axis.starts, fill_value=0)
    facts = by_week.assign(read=count, asked=asked)[["sum", "count", "read", "asked"]].astype("int64")
    shares = frequency.share(by_week["sum"], by_week["count"]).to_numpy(dtype="float64")
    return Line(name, shares, facts.to_numpy(), _thin(count, asked))


def _thin(read: pd.Series, asked: pd.Series) -> list[bool]:
    return [bool(few) for few in read.fillna(0).to_numpy() < _ENOUGH_READ * asked.to_numpy()]


def _accounts(weeks: pd.DataFrame) -> str:
    return f"n = {russian.counted(weeks['account_id'].nunique(), 'аккаунт', 'аккаунта', 'аккаунтов')}"
