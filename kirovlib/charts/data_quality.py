"""How far the data can be trusted, as figures: what was read, what was not and why, how old it is, silent fields."""

from __future__ import annotations

import html
import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from IPython.display import HTML

from kirovlib import russian
from kirovlib.charts.base import ACCENT, COLOURS, LAYOUT, nothing, short, unique
from kirovlib.order import wording
from kirovlib.order.data_quality import COMPLETE_SHARE, EXTENTS, DataQuality

TWO_LINES = 24  # pixels above a title of two lines, which would touch the border
# Never the colour of a breach: what was not read is nobody's fault yet.
_EXTENT_LOOKS = {
    "whole": (COLOURS["passed"], ""),
    "partial": (COLOURS["cannot_tell"], "/"),
    "nothing": ("#B4BCC6", "x"),
}
# Colour, pattern and its colour.
_NETWORK_LOOKS = {
    "vk": (ACCENT, "", ACCENT), "ok": ("#E69F00", "/", "#F3C46B"), "telegram": ("#56B4E9", ".", "#9AD3F3"),
}  # fmt: skip
_OTHER_LOOK = ("#8C96A3", "x", "#B9C0C9")
_NUMBERED_WEEKS = 60
_MANY_WEEKS = 16
_BOX = "border-left:6px solid {colour};background:{pale};padding:12px 20px;margin:12px 0;max-width:980px"


def stamp(quality: DataQuality) -> HTML:
    """What must not be concluded from the data, or that nothing of weight is missing."""
    doubts = quality.doubts
    items = "".join(f"<li>{html.escape(doubt)}</li>" for doubt in doubts)
    from_file = len(quality.judged.from_file)
    aside = (
        f'<p style="margin:6px 0 0">Публикации {_of_accounts(from_file)} взяты из файлов, а не из сети: за их полноту '
        "поручился тот, кто загрузил файл.</p>"
        if from_file
        else ""
    )
    if not doubts:
        style = _BOX.format(colour=COLOURS["passed"], pale="#E9F5F3")
        return HTML(f'<div style="{style}">✓ {html.escape(_calm(quality))}{aside}</div>')
    style = _BOX.format(colour=COLOURS["cannot_tell"], pale="#FDF6E3")
    head = "<b>? Данные неполные: чего по ним нельзя утверждать</b>"
    return HTML(f'<div style="{style}">{head}<ul style="margin:6px 0 0;padding-left:20px">{items}</ul>{aside}</div>')


def _calm(quality: DataQuality) -> str:
    watched = quality.watched
    whole, total = int((watched["extent"] == "whole").sum()), len(watched)
    rest = " О непрочитанном вывод — «не установлено», а не «нарушение»." if whole < total else ""
    return (
        f"Данные за период {'полны' if whole == total else 'почти полны'}: целиком прочитано {whole} из "
        f"{_of_accounts(total)} ({russian.percent(quality.judged.collected_share())}), поля страниц, на которых "
        f"держатся пункты, сети вернули.{rest}"
    )


def coverage(quality: DataQuality) -> go.Figure:
    """By network, how many accounts were read for the whole period, for a part of it, not at all."""
    watched = quality.watched
    title = "Прочитано за период, по сетям"
    if watched.empty:
        return nothing(title, "в реестре нет аккаунтов, к которым относится порядок")
    crossed = pd.crosstab(watched["platform"], watched["extent"]).reindex(columns=list(EXTENTS), fill_value=0)
    crossed = crossed.loc[networks_of(watched)[::-1]]
    totals = crossed.sum(axis=1)
    labels = [
        f"{wording.PLATFORMS[network]}<br>{whole} из {total} ({russian.percent(whole / total)})"
        for network, whole, total in zip(crossed.index, crossed["whole"], totals, strict=True)
    ]
    figure = go.Figure()
    for extent, (colour, pattern) in _EXTENT_LOOKS.items():
        figure.add_bar(
            y=labels,
            x=(100 * crossed[extent] / totals).round(2),
            orientation="h",
            name=f"{EXTENTS[extent]}: {int(crossed[extent].sum())}",
            marker={"color": colour, "pattern": {"shape": pattern, "fgcolor": "#5B6470"}},
            customdata=[f"{EXTENTS[extent]}: {_accounts(count)}" for count in crossed[extent]],
            text=[str(count) if count else "" for count in crossed[extent]],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate="%{y}<br>%{customdata}<extra></extra>",
        )
    others = len(quality.accounts) - len(watched)
    aside = f"<br><sup>без {_of_accounts(others)} сетей, о которых порядок не говорит</sup>" if others else ""
    figure.update_layout(
        LAYOUT,
        title_text=f"{title} (n = {len(watched)}){aside}",
        barmode="stack",
        height=(200 if others else 178) + 56 * len(crossed),
        xaxis={"title": {"text": "доля аккаунтов реестра", "standoff": 8}, "range": [0, 100], "ticksuffix": "\u00a0%"},
        yaxis={"automargin": True},
    )
    figure.update_layout(margin={"t": 112 if others else 80, "b": 60}, title_pad_t=TWO_LINES if others else 14)
    return figure


def unread(quality: DataQuality) -> go.Figure:
    """Why accounts were not, or not wholly, read, by network; the most frequent reason on top."""
    rows = quality.watched[quality.watched["extent"] != "whole"]
    title = "Почему прочитаны не все аккаунты"
    if rows.empty:
        return nothing(title, "все аккаунты прочитаны целиком")
    crossed = pd.crosstab(rows["reason_name"], rows["platform"])
    crossed = crossed.loc[crossed.sum(axis=1).sort_values(kind="stable").index]
    labels = unique([short(str(reason)) for reason in crossed.index])
    figure = go.Figure()
    for network in networks_of(rows):
        numbers = crossed[network]
        figure.add_bar(
            y=labels,
            x=numbers,
            orientation="h",
            name=f"{wording.PLATFORMS[network]}: {int(numbers.sum())}",
            marker=bar_look(network),
            text=[str(number) if number else "" for number in numbers],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            customdata=[html.escape(str(reason), quote=False) for reason in crossed.index],
            hovertemplate="%{customdata}<br>" + wording.PLATFORMS[network] + ": %{x}<extra></extra>",
        )
    figure.update_layout(
        LAYOUT,
        title_text=f"{title} (n = {len(rows)})",
        barmode="stack",
        height=178 + 34 * len(crossed),
        xaxis={
            "title": {"text": "аккаунтов", "standoff": 8},
            "dtick": _step(int(crossed.sum(axis=1).max())),
            "rangemode": "tozero",
        },
        showlegend=True,
        yaxis={"automargin": True, "type": "category"},
    )
    figure.update_layout(margin={"t": 80, "b": 60})
    return figure


def completeness(quality: DataQuality) -> go.Figure:
    """By network and week, the share of accounts wholly read: gaps in collecting are seen at once."""
    title = "Полнота по неделям"
    if quality.weeks.empty:
        return nothing(title, "в реестре нет аккаунтов, к которым относится порядок")
    weeks = quality.weeks.assign(share=quality.weeks["read_count"] / quality.weeks["account_count"])
    wide = weeks.pivot_table(index="platform", columns="week_start", values="share", aggfunc="sum")
    wide = wide.loc[networks_of(weeks)[::-1]]
    told = weeks["read_count"].astype("str") + " из " + weeks["account_count"].astype("str")
    hover = dict(zip(zip(weeks["platform"], weeks["week_start"], strict=True), told, strict=True))
    figure = go.Figure(
        go.Heatmap(
            z=wide.round(4).to_numpy().tolist(),
            x=[f"{start:%d.%m.%y}" for start in wide.columns],
            y=[wording.PLATFORMS[network] for network in wide.index],
            text=wide.map(_whole_percent).to_numpy().tolist(),
            texttemplate="%{text}" if len(wide.columns) <= _NUMBERED_WEEKS else "",
            customdata=[[hover[network, start] for start in wide.columns] for network in wide.index],
            zmin=0,
            zmax=1,
            xgap=2,
            ygap=2,
            showscale=False,
            colorscale=[
                [0, COLOURS["cannot_tell"]],
                [COMPLETE_SHARE, "#FDF6E3"],
                [COMPLETE_SHARE, "#BFE3DF"],
                [1, "#7CC4BC"],
            ],
            hovertemplate="%{y}, неделя с %{x}<br>целиком прочитано: %{customdata}<extra></extra>",
        )
    )
    _mark_period(figure, len(wide.columns) - len(quality.judged.period.weeks))
    figure.update_layout(
        LAYOUT,
        title_text=f"{title}: сколько % аккаунтов прочитано за неделю целиком<br>"
        f"<sup>жёлтое — меньше {russian.percent(COMPLETE_SHARE)}; неделя подписана понедельником</sup>",
        height=178 + 40 * len(wide),
        xaxis={
            "side": "top",
            "type": "category",
            "tickangle": -45 if len(wide.columns) > _MANY_WEEKS else 0,
            "range": [-0.5, len(wide.columns) - 0.5],
        },
        yaxis={"automargin": True, "type": "category"},
    )
    figure.update_layout(margin={"t": 130 if len(wide.columns) > _MANY_WEEKS else 104, "b": 32}, title_pad_t=TWO_LINES)
    return figure


def _whole_percent(share: float) -> str:
    """The share in whole percent, never rounded up to the border that it does not reach, nor to all."""
    ceiling = 100 if share == 1 else 99 if share >= COMPLETE_SHARE else math.ceil(100 * COMPLETE_SHARE) - 1
    return str(min(round(100 * share), ceiling))


def _step(most: int) -> int:
    """Between ticks of an axis of whole numbers, so that there are not more than eight or so."""
    return next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, most) if most <= 8 * step)


def networks_of(rows: pd.DataFrame) -> list[str]:
    """The networks that occur, in a fixed order."""
    return [network for network in wording.PLATFORMS if network in set(rows["platform"])]


def bar_look(network: str) -> dict[str, Any]:
    """Colour and pattern of a network's bars."""
    colour, shape, over = _NETWORK_LOOKS.get(network, _OTHER_LOOK)
    return {"color": colour, "pattern": {"shape": shape, "fgcolor": over}}


def _accounts(number: int) -> str:
    return russian.counted(number, "аккаунт", "аккаунта", "аккаунтов")


def _of_accounts(number: int) -> str:
    return russian.counted(number, "аккаунта", "аккаунтов", "аккаунтов")


def _mark_period(figure: go.Figure, first: int) -> None:
    """Where past weeks end and the period begins: at the place of its first week."""
    if not first:
        return
    figure.add_vline(x=first - 0.5, line={"color": ACCENT, "width": 3})
    figure.add_annotation(
        x=first - 0.5, y=0, yref="paper", yanchor="top", xanchor="right", showarrow=False, text="период →",
        font={"color": ACCENT},
    )  # fmt: skip
