"""Tables into plotly figures and into tables for reading; every text from a network or register is escaped."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io
from IPython.display import HTML

from kirovlib import russian
from kirovlib.order import wording
from kirovlib.order.evaluate import Judgement

# The MIME bundle alone: the default renderer of a notebook would write all of plotly.js into each output.
plotly.io.renderers.default = "plotly_mimetype"

# Okabe-Ito colours: told apart by the colour-blind; a symbol or pattern stands beside each all the same.
COLOURS = {
    "failed": "#D55E00",
    "cannot_tell": "#F2C14E",
    "passed": "#0B7A75",
    "inapplicable": "#C3CAD3",
    "untested": "#E6E9ED",
}
_PATTERNS = {"failed": "", "cannot_tell": "/", "passed": "", "inapplicable": "", "untested": "."}
_INK, _PALE, _ACCENT = "#1F2A37", "#E3E8EE", "#1D4E89"
_TILE = "border:1px solid #d5dce4;border-top-style:solid;border-top-width:5px;border-radius:6px;padding:14px 16px"
_ACCOUNTS = ("аккаунт", "аккаунта", "аккаунтов")
_BREACHES = ("нарушение", "нарушения", "нарушений")
_OUTCOMES = ("вывод", "вывода", "выводов")
_ROW_PIXELS = 22
_LONGEST_LABEL = 48
_MANY_WEEKS = 16

_LAYOUT: dict[str, Any] = {
    "template": "plotly_white",
    "font": {"family": "PT Sans, Segoe UI, Arial, sans-serif", "size": 13, "color": _INK},
    "separators": ",\u00a0",
    "margin": {"l": 60, "r": 24, "t": 92, "b": 48},
    "title": {
        "y": 1,
        "yanchor": "top",
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "pad": {"l": 12, "t": 14},
        "font": {"size": 17, "weight": 600},
    },
    "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    "hoverlabel": {"align": "left"},
}


def tiles(judged: Judgement) -> HTML:
    """The headline numbers of a judgement."""
    findings = judged.findings
    failed, unknown = (
        findings[findings["verdict"] == "failed"],
        findings[findings["verdict"] == "cannot_tell"],
    )
    judgeable = findings[findings["verdict"].isin(["passed", "failed"])]
    collected = judged.collected_share()
    passed = int((judgeable["verdict"] == "passed").sum())
    share = russian.percent(passed / len(judgeable)) if len(judgeable) else "—"
    accounts = judged.accounts
    cells = [
        (str(len(accounts)), f"{_word(len(accounts), _ACCOUNTS)} у {_institutions(accounts)}", ""),
        (russian.percent(collected), "аккаунтов прочитано за период целиком", "" if collected == 1 else "cannot_tell"),
        (str(len(failed)), f"{_word(len(failed), _BREACHES)} у {_institutions(failed)}", "failed"),
        (str(len(unknown)), f"{_word(len(unknown), _OUTCOMES)} «не установлено»", "cannot_tell"),
        (share, f"соблюдается: {passed} из {len(judgeable)} установленных", "passed"),
    ]
    # Styled in place, so that they look the same in JupyterLab, which has no style sheet of ours.
    shown = "".join(
        f'<div class="tile" style="{_TILE};border-top-color:{COLOURS.get(verdict, _ACCENT)}">'
        f'<b style="display:block;font-size:34px;line-height:1.1">{html.escape(number)}</b> '
        f'<span style="font-size:14px">{html.escape(text)}</span></div>'
        for number, text, verdict in cells
    )
    grid = "display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:12px;margin:16px 0"
    return HTML(f'<div class="tiles" style="{grid}">{shown}</div>')


def table(frame: pd.DataFrame, headers: Mapping[str, str], *, limit: int = 200) -> HTML:
    """Rows for reading.

    Args:
        frame: Any frame. A column `verdict` is shown as its symbol and word, a column `url` or `repair` as a link
            where it is an http(s) address.
        headers: Columns to show, in order, with their Russian heads.
        limit: Rows shown at most; how many more there are is said below.
    """
    if frame.empty:
        return HTML('<p class="empty">Таких строк нет.</p>')
    head = "".join(f"<th>{html.escape(text)}</th>" for text in headers.values())
    body = "".join(
        "<tr>"
        + "".join(f'<td class="c-{name}">{_cell(name, value)}</td>' for name, value in zip(headers, row, strict=True))
        + "</tr>"
        for row in frame[list(headers)].head(limit).itertuples(index=False)
    )
    rest = len(frame) - limit
    more = f'<p class="more">Показаны первые {limit}, ещё {rest} — в findings.xlsx.</p>' if rest > 0 else ""
    return HTML(f'<table class="rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}')


def method(judged: Judgement) -> HTML:
    """«Как считали»."""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in wording.method(judged))
    return HTML(f'<div class="method"><h2>Как считали</h2><ul>{items}</ul></div>')


def verdicts_by(named: pd.DataFrame, column: str, title: str) -> go.Figure:
    """Stacked bars: how many findings of each verdict, by a column of `wording.named`."""
    if named.empty:
        return _nothing(title, "за период нет выводов")
    crossed = pd.crosstab(named[column].fillna("без учредителя"), named["verdict"])
    order = crossed.get("failed", crossed.sum(axis=1)).sort_values(kind="stable").index
    if column == "clause_name":
        order = pd.Index(list(dict.fromkeys(named[column]))[::-1])  # as in the order, from the top
    labels = _unique([_short(str(name)) for name in order])
    figure = go.Figure()
    for verdict in (word for word in wording.VERDICTS if word in crossed):
        numbers = crossed.loc[order, verdict]
        figure.add_bar(
            y=labels,
            x=numbers,
            orientation="h",
            name=f"{wording.SYMBOLS[verdict]} {wording.VERDICTS[verdict]}",
            marker={"color": COLOURS[verdict], "pattern": {"shape": _PATTERNS[verdict], "fgcolor": "#8A6A10"}},
            text=[str(number) if number else "" for number in numbers],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate="%{y}<br>" + wording.VERDICTS[verdict] + ": %{x}<extra></extra>",
        )
    figure.update_layout(
        _LAYOUT,
        title_text=f"{title} (n = {int(crossed.to_numpy().sum())})",
        barmode="stack",
        height=178 + 40 * len(order),
        xaxis={"title": "выводов", "rangemode": "tozero"},
        yaxis={"automargin": True},
    )
    return figure


def distribution(counts: pd.DataFrame, minimum: int, title: str) -> go.Figure:
    """How many accounts published how many own posts in a week; weeks that were not read completely apart.

    Args:
        counts: Table WeeklyCounts of one week.
        minimum: The norm, drawn as a line.
    """
    if not counts["is_complete"].any():
        return _nothing(title, "ни один аккаунт не прочитан за эту неделю целиком")
    figure = go.Figure()
    top = max(int(counts["own_count"].max()), 2 * minimum + 2)
    for complete, name, colour, shape in (
        (True, "прочитано целиком", _ACCENT, ""),
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
        _LAYOUT,
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
        return _nothing("Доля аккаунтов, выполнивших норму, по неделям", "ни одна неделя не прочитана целиком")
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
            line={"color": _ACCENT, "width": 3},
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
        _LAYOUT,
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
        return _nothing("Собственные публикации по неделям", "ни одна неделя не прочитана целиком")
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
        _LAYOUT,
        title_text=f"Собственные публикации по неделям (n = {len(wide)})<br>"
        f"<sup>оранжевое — меньше {minimum}; «?» — неделя прочитана не целиком; пусто — пункт не применяется</sup>",
        height=130 + _ROW_PIXELS * len(wide),
        xaxis={"side": "top", "type": "category", "tickangle": -45 if len(wide.columns) > _MANY_WEEKS else 0},
        yaxis={"automargin": True, "type": "category"},
        plot_bgcolor=_PALE,
    )
    figure.update_layout(margin={"t": 96, "b": 16})
    return figure


def matrix(named: pd.DataFrame) -> go.Figure:
    """Accounts × clauses: the worst verdict of the period, as colour and symbol."""
    if named.empty:
        return _nothing("Аккаунты и пункты", "за период нет выводов")
    worst = {word: rank for rank, word in enumerate(wording.VERDICTS)}
    ranked = named.assign(rank=named["verdict"].map(worst)).pivot_table(
        index="account_id", columns="clause_name", values="rank", aggfunc="min"
    )
    ranked = ranked[list(dict.fromkeys(named["clause_name"]))]
    failed = (ranked == 0).sum(axis=1)
    ranked = ranked.loc[failed.sort_values(kind="stable").index]
    words = list(wording.VERDICTS)
    names = named.drop_duplicates("account_id").set_index("account_id")["institution"]
    steps = [(position / len(words), (position + 1) / len(words), COLOURS[word]) for position, word in enumerate(words)]
    symbols = ranked.map(lambda rank: "" if pd.isna(rank) else wording.SYMBOLS[words[int(rank)]])
    told = ranked.map(lambda rank: "" if pd.isna(rank) else wording.VERDICTS[words[int(rank)]])
    figure = go.Figure(
        go.Heatmap(
            z=[[None if pd.isna(rank) else int(rank) for rank in row] for row in ranked.to_numpy()],
            x=[_wrapped(str(name)) for name in ranked.columns],
            y=_account_labels(ranked.index, names),
            text=symbols.to_numpy().tolist(),
            texttemplate="%{text}",
            customdata=told.to_numpy().tolist(),
            colorscale=[[edge, colour] for low, high, colour in steps for edge in (low, high)],
            zmin=-0.5,
            zmax=len(words) - 0.5,
            xgap=2,
            ygap=2,
            showscale=False,
            hovertemplate="%{y}<br>%{x}<br>%{customdata}<extra></extra>",
        )
    )
    legend = "   ".join(f"{wording.SYMBOLS[word]} {wording.VERDICTS[word]}" for word in words)
    figure.update_layout(
        _LAYOUT,
        title_text=f"Аккаунты и пункты (n = {len(ranked)})   {legend}",
        height=160 + _ROW_PIXELS * len(ranked),
        xaxis={"side": "top"},
        yaxis={"automargin": True, "type": "category"},
    )
    figure.update_layout(margin={"t": 112, "b": 16})
    return figure


def _nothing(title: str, why: str) -> go.Figure:
    """A figure that says why there is nothing to draw."""
    figure = go.Figure()
    figure.add_annotation(text=f"Показать нечего: {why}.", showarrow=False, font={"size": 16})
    figure.update_layout(_LAYOUT, title_text=title, height=220, xaxis={"visible": False}, yaxis={"visible": False})
    return figure


def _norm_scale(minimum: int) -> list[list[Any]]:
    below, above = ["#D55E00", "#F29F5C", "#F9D2A8"], ["#CFE3EE", "#7FB3D0", "#2F78A8"]
    border = (minimum - 0.5) / (2 * minimum)
    low = [[border * step / 2, colour] for step, colour in enumerate(below)]
    high = [[border + (1 - border) * step / 2, colour] for step, colour in enumerate(above)]
    return low + high


def _cell(name: str, value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return ""
    if name == "verdict":
        word = str(value)
        colours = f"background:{COLOURS[word]};color:{'#fff' if word in {'failed', 'passed'} else _INK}"
        style = f"display:inline-block;white-space:nowrap;padding:1px 8px;border-radius:10px;{colours}"
        return f'<span class="verdict" style="{style}">{wording.SYMBOLS[word]} {wording.VERDICTS[word]}</span>'
    if isinstance(value, pd.Timestamp | date):
        return russian.dated(value)
    text = html.escape(str(value))
    shown = text.removeprefix("https://") if name == "url" else text
    if name in {"url", "repair"} and str(value).startswith(("https://", "http://")):
        return f'<a href="{text}" rel="noreferrer noopener" target="_blank">{shown}</a>'
    return text


def _institutions(rows: pd.DataFrame) -> str:
    return russian.counted(rows["institution_id"].nunique(), "учреждения", "учреждений", "учреждений")


def _word(number: int, forms: tuple[str, str, str]) -> str:
    return russian.counted(number, *forms).split(" ", 1)[1]


def _short(text: str) -> str:
    plain = " ".join(text.split())
    cut = plain if len(plain) <= _LONGEST_LABEL else plain[: _LONGEST_LABEL - 1].rstrip() + "…"
    # plotly reads a few HTML tags in labels
    return html.escape(cut, quote=False)


def _account_labels(accounts: pd.Index, institutions: pd.Series) -> list[str]:
    """Each account by its institution and network: «Лицей № 943, Нигдейск · ВК»."""
    return _unique(
        [
            f"{_short(str(institutions.get(account, account)))} · {wording.SHORT_PLATFORMS.get(network, network)}"
            for account in accounts
            for network in (str(account).partition(":")[0],)
        ]
    )


def _unique(labels: Sequence[str]) -> list[str]:
    """Labels made different, since plotly merges categories of one name."""
    seen: dict[str, int] = {}
    result = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return result


def _wrapped(text: str) -> str:
    number, _, title = text.partition(" ")
    first, _, rest = title.partition(" ")
    return f"{number} {first}<br>{html.escape(rest, quote=False)}"


def _week_label(start: Any) -> str:
    return f"{start:%d.%m.%y}"


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
    """The data behind a figure as a long table: trace, x, y, value."""
    rows: list[dict[str, Any]] = []
    for trace in plain(json.loads(json.dumps(figure["data"]))):
        name = trace.get("name", "")
        if trace["type"] == "heatmap":
            shown = trace.get("customdata") or trace["text"]
            rows += [
                {"trace": name, "x": x, "y": y, "value": shown[row][column]}
                for row, y in enumerate(trace["y"])
                for column, x in enumerate(trace["x"])
            ]
        else:
            rows += [{"trace": name, "x": x, "y": y} for x, y in zip(trace["x"], trace["y"], strict=True)]
    columns = None if rows else ["trace", "x", "y"]
    return pd.DataFrame(rows, columns=columns).replace({"<br>": " "}, regex=True)
