"""Posts as heat maps: institutions × weeks, weekdays × hours."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kirovlib import russian
from kirovlib.charts.base import LAYOUT, PALE, nothing, short
from kirovlib.charts.long_rows import MOST_ROWS, Columns, Grid, draw, is_compact, shown_of
from kirovlib.charts.week_axis import WeekAxis, read_range
from kirovlib.counts import Array
from kirovlib.frequency import DAYS, HOURS
from kirovlib.order import wording

# Of an account or a cell, the worst first.
_BELOW, _UNKNOWN, _MET, _NONE = range(4)
# Nothing, «?», three steps below the norm, three at or above it.
_COLOURS = ("#FFFFFF", "#C3CAD3", "#D55E00", "#F29F5C", "#F9D2A8", "#CFE3EE", "#7FB3D0", "#2F78A8")
_STEPS, _FIRST_BELOW, _FIRST_MET = 3, 2, 5
_BLUES = [[0, "#F4F8FB"], [0.35, "#9CC5DE"], [0.7, "#3F86B5"], [1, "#12395C"]]
_WEEKDAYS = ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс")
_FRIDAY, _LONGEST_SLUG = 4, 24


def posts_heatmap(weeks: pd.DataFrame) -> go.Figure:
    """Institutions × weeks: the lowest number of own posts among the accounts that clause 3.1 concerns.

    The norm is each account's: where one is surely below it, the cell shows its number; else, where one cannot be told,
    «?»; else the lowest of all. Those that lack most in the last week stand on top.

    Args:
        weeks: See `posting_weeks`.
    """
    title = "Собственные публикации по неделям"
    if not weeks["is_complete"].any():
        return nothing(title, "ни одна неделя не прочитана целиком")
    weeks = read_range(weeks).assign(state=lambda rows: _states(rows["is_met"]))
    axis = WeekAxis.of(weeks["week_start"])
    by_cell = _cells(weeks, axis)
    names = weeks.drop_duplicates("institution_id").set_index("institution_id")["institution"]
    order = _most_in_need(by_cell, names)[:MOST_ROWS]
    state, lowest, norm = (by_cell[name].loc[order].to_numpy() for name in ("state", "lowest", "norm"))
    shown = state <= (_UNKNOWN if is_compact(len(order)) else _MET)  # in compact rows the colour says «norm is met»
    text = np.where(shown & (state != _UNKNOWN), lowest.astype("str"), np.where(state == _UNKNOWN, "?", ""))
    grid = Grid(
        [short(str(names[key])) for key in order],
        # A holiday is told with the week, not in each cell: a third of the page else.
        Columns(
            axis.told_names, axis.heads, pixels=66 if axis.is_long else 34, angle=-90 if axis.is_long else 0, font=11
        ),
        _codes(state, lowest, norm),
        _COLOURS,
        text,
        _told(weeks, order, axis),
        mark=_first_in_force(weeks, axis),
    )
    return draw(grid, f"{title} ({shown_of(len(names), 'в kirov findings --out')})", _legend(weeks, axis, len(order)))


def rhythm(hours: pd.DataFrame) -> go.Figure:
    """Weekdays × hours of Kirov: how many own posts; networks apart when hovering.

    Args:
        hours: See `kirovlib.rhythm`.
    """
    title, total = "Когда публикуют", int(hours["own_count"].sum())
    if not total:
        return nothing(title, "собственных публикаций не видно")
    platforms = sorted(hours["platform"].unique(), key=list(wording.PLATFORMS).index)
    by_network = np.stack([_week_of_hours(hours[hours["platform"] == name]) for name in platforms], axis=-1)
    told = ", ".join(
        f"{wording.SHORT_PLATFORMS.get(name, name)} %{{customdata[{place}]}}" for place, name in enumerate(platforms)
    )
    weekend = [f"{name} (вых.)" if day > _FRIDAY else name for day, name in enumerate(_WEEKDAYS)]
    figure = go.Figure(
        go.Heatmap(
            z=by_network.sum(axis=-1), x=np.arange(HOURS), y=weekend, customdata=by_network, texttemplate="%{z}",
            colorscale=_BLUES, xgap=2, ygap=2, showscale=False,
            hovertemplate=f"%{{y}}, %{{x}}:00–%{{x}}:59<br>публикаций: %{{z}}<br>{told}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_hline(y=_FRIDAY + 0.5, line={"color": "#1F2A37", "width": 1.5, "dash": "dot"})
    figure.update_layout(
        LAYOUT,
        title_text=f"{title}: день недели и час по времени Кирова (n = {russian.posts(total)})",
        height=350,
        xaxis={"title": {"text": "час (начало)", "standoff": 10, "font": {"size": 13}}, "dtick": 1, "fixedrange": True},
        yaxis={"type": "category", "autorange": "reversed", "fixedrange": True, "dtick": 1},
        plot_bgcolor=PALE,
    )
    figure.update_layout(margin={"t": 56})
    return figure


def _week_of_hours(hours: pd.DataFrame) -> Array:
    """Own posts, weekdays × hours."""
    counted = np.zeros((DAYS, HOURS), dtype="int32")
    counted[hours["weekday"], hours["hour"]] = hours["own_count"]
    return counted


def _states(is_met: pd.Series) -> pd.Series:
    return is_met.map({False: _BELOW, True: _MET}).fillna(_UNKNOWN).astype("int64")


def _cells(weeks: pd.DataFrame, axis: WeekAxis) -> dict[str, pd.DataFrame]:
    """By institution and week: the worst state of an account, the lowest number of those in it, the norm."""
    keys = ["institution_id", "week_start"]
    worst = weeks[weeks["state"] == weeks.groupby(keys)["state"].transform("min")]
    blanks = {"state": _NONE, "lowest": 0, "norm": 1}
    cells = worst.groupby(keys, as_index=False).agg(
        state=("state", "min"), lowest=("least_count", "min"), norm=("minimum_posts", "max")
    )
    return {
        name: cells.pivot_table(index="institution_id", columns="week_start", values=name, aggfunc="min")
        .reindex(columns=axis.starts)
        .fillna(blank)
        .astype("int64")
        for name, blank in blanks.items()
    }


def _most_in_need(cells: Mapping[str, pd.DataFrame], names: pd.Series) -> list[str]:
    """Institutions by the last week, then by how many weeks were below the norm, then by name."""
    state = cells["state"]
    keys = pd.DataFrame(
        {
            "state": state.iloc[:, -1],
            "lowest": cells["lowest"].iloc[:, -1],
            "weeks_below": -(state == _BELOW).sum(axis=1),
            "name": names.reindex(state.index).astype("str"),
        }
    )
    return list(keys.sort_values(["state", "lowest", "weeks_below", "name"], kind="stable").index)


def _codes(state: Array, lowest: Array, norm: Array) -> Array:
    below = np.minimum(_STEPS - 1, _STEPS * lowest // norm)
    above = np.minimum(_STEPS - 1, _STEPS * np.maximum(lowest - norm, 0) // (norm + 1))
    return np.select(
        [state == _BELOW, state == _UNKNOWN, state == _MET], [_FIRST_BELOW + below, 1, _FIRST_MET + above], default=0
    )


def _told(weeks: pd.DataFrame, order: list[str], axis: WeekAxis) -> Array:
    """Each account of a cell with its number."""
    rows, columns = (
        {key: place for place, key in enumerate(order)},
        {start: place for place, start in enumerate(axis.starts)},
    )
    told = np.full((len(order), len(columns)), "", dtype=object)
    labels = dict(_account_labels(weeks))
    read = zip(
        weeks["institution_id"], weeks["week_start"], weeks["account_id"], weeks["least_count"].astype("int64"),
        weeks["most_count"].astype("int64"), weeks["is_complete"].astype(bool), strict=True,
    )  # fmt: skip
    for institution, start, account, least, most, is_complete in read:
        if institution in rows:
            cell = rows[institution], columns[start]
            said = f"{labels[account]} {_number(least, most, is_complete)}"
            told[cell] = f"{told[cell]}, {said}" if told[cell] else said
    told[told == ""] = "не применяется"
    return np.asarray(told)


def _number(least: int, most: int, is_complete: bool) -> str:
    """An account's number in a week; what was not read whole is at least so much, and nothing seen is no zero."""
    if not is_complete:
        return f"≥{least}" if least else "?"
    return f"{least}" if least == most else f"{least}–{most} (репосты не различить)"


def _account_labels(weeks: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The network's short name; of several accounts on one network the own name too."""
    accounts = weeks.drop_duplicates("account_id")
    shared = accounts.duplicated(["institution_id", "platform"], keep=False)
    for account, platform, is_shared in zip(accounts["account_id"], accounts["platform"], shared, strict=True):
        network = wording.SHORT_PLATFORMS.get(platform, platform)
        slug = str(account).partition(":")[2][:_LONGEST_SLUG]
        yield account, html.escape(f"{network} {slug}:" if is_shared else network, quote=False)


def _first_in_force(weeks: pd.DataFrame, axis: WeekAxis) -> int | None:
    """The place of the first week that is judged, if there are earlier ones."""
    judged = weeks.loc[weeks["in_force"], "week_start"]
    return list(axis.starts).index(judged.min()) or None if len(judged) else None


def _legend(weeks: pd.DataFrame, axis: WeekAxis, rows: int) -> list[str]:
    minimum = int(weeks["minimum_posts"].iloc[-1])
    counts = " (число видно при наведении)" if is_compact(rows) else ""
    marked = ["слева от черты — недели до начала проверки" if _first_in_force(weeks, axis) else "", axis.legend]
    lines = [
        "В клетке — наименьшее число среди аккаунтов учреждения, к которым относится пункт 3.1",
        f"оранжевое — меньше нормы ({minimum}); голубое — норма{counts}; «?» — не установлено; белое — не применяется",
        "; ".join(filter(None, marked)),
    ]
    return [line for line in lines if line]
