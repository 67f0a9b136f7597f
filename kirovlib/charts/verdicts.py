"""Verdicts as figures: by clause or founder, as a matrix, as an index with its zones."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kirovlib import russian
from kirovlib.charts.base import COLOURS, LAYOUT, PATTERNS, ROW_PIXELS, nothing, short, unique
from kirovlib.charts.long_rows import MOST_ROWS, Columns, Grid, draw, shown_of
from kirovlib.charts.week_axis import subtitle
from kirovlib.order import compliance_index, wording

_ZONES = {"red": COLOURS["failed"], "yellow": COLOURS["cannot_tell"], "green": COLOURS["passed"]}
_ZONE_PATTERNS = {"red": "", "yellow": "/", "green": ""}
_EXPLAINED = frozenset({"failed", "cannot_tell"})
_SHOWN_REASONS, _LONGEST_REASON = 2, 52
_MOST_BARS = 40


def zones(index: pd.DataFrame, names: pd.Series) -> go.Figure:
    """The compliance index of the 40 lowest institutions as bars in the colour of their zone, the lowest on top.

    Args:
        index: See `compliance_index`.
        names: Names by institution_id.
    """
    known = index[index["index_percent"].notna()].sort_values(
        ["index_percent", "decided_share"], ascending=[False, False], kind="stable"
    )
    if known.empty:
        return nothing("Индекс соблюдения", "ни одного установленного вывода")
    total, counted = len(known), known["zone"].value_counts().reindex(list(_ZONES), fill_value=0)
    known = known.tail(_MOST_BARS)
    labels = unique([short(str(names[key])) for key in known["institution_id"]])
    figure = go.Figure()
    for zone, colour in _ZONES.items():
        here = (known["zone"] == zone).to_numpy()
        figure.add_bar(
            y=[label for label, is_here in zip(labels, here, strict=True) if is_here],
            x=known.loc[here, "index_percent"],
            orientation="h",
            name=f"{compliance_index.ZONES[zone]} зона: {counted[zone]}",
            marker={"color": colour, "pattern": {"shape": _ZONE_PATTERNS[zone], "fgcolor": "#8A6A10"}},
            text=[
                f"{index:.0f} · установлено {russian.percent(share)}"
                for index, share in zip(known.loc[here, "index_percent"], known.loc[here, "decided_share"], strict=True)
            ],
            textposition="auto",
            hovertemplate="%{y}<br>индекс %{x:.1f}<extra></extra>",
        )
    for label, percent, share in zip(labels, known["index_percent"], known["decided_share"], strict=True):
        if percent == 0:  # plotly writes nothing on a bar without length
            figure.add_annotation(
                x=0, y=label, xanchor="left", showarrow=False, font={"size": 12},
                text=f"0 · установлено {russian.percent(share)}",
            )  # fmt: skip
    if total > len(known):  # plotly leaves zones without a bar out of its legend
        zone_counts = (f"{compliance_index.ZONES[str(zone)]} зона — {count}" for zone, count in counted.items())
        figure.update_layout(title_subtitle=subtitle([f"всего: {', '.join(zone_counts)}"]))
    figure.update_layout(
        LAYOUT,
        title_text=f"Индекс соблюдения ({_shown_of(total)})",
        height=150 + ROW_PIXELS * len(known),
        xaxis={"title": "индекс, 0–100", "range": [0, 100]},
        yaxis={"automargin": True, "type": "category", "categoryorder": "array", "categoryarray": labels},
    )
    return figure


def _shown_of(total: int) -> str:
    return f"n = {total}" + (f"; показаны {_MOST_BARS} самых низких" if total > _MOST_BARS else "")


def verdicts_by(named: pd.DataFrame, column: str, title: str) -> go.Figure:
    """Stacked bars: how many findings of each verdict, by a column of `wording.named`."""
    if named.empty:
        return nothing(title, "за период нет выводов")
    crossed = pd.crosstab(named[column].fillna("без учредителя"), named["verdict"])
    order = crossed.get("failed", crossed.sum(axis=1)).sort_values(kind="stable").index
    if column == "clause_name":
        order = pd.Index(list(dict.fromkeys(named[column]))[::-1])  # as in the order, from the top
    return verdict_bars(crossed.loc[order], title)


def verdict_bars(crossed: pd.DataFrame, title: str) -> go.Figure:
    """Stacked bars of numbers that are counted already.

    Args:
        crossed: How many findings, names from the bottom × words of verdicts.
        title: What they are of.
    """
    if crossed.empty:
        return nothing(title, "таких выводов нет")
    labels = unique([short(str(name)) for name in crossed.index])
    figure = go.Figure()
    for verdict in (word for word in wording.VERDICTS if word in crossed):
        numbers = crossed[verdict]
        figure.add_bar(
            y=labels,
            x=numbers,
            orientation="h",
            name=f"{wording.SYMBOLS[verdict]} {wording.VERDICTS[verdict]}",
            marker={"color": COLOURS[verdict], "pattern": {"shape": PATTERNS[verdict], "fgcolor": "#8A6A10"}},
            text=[str(number) if number else "" for number in numbers],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate="%{y}<br>" + wording.VERDICTS[verdict] + ": %{x}<extra></extra>",
        )
    figure.update_layout(
        LAYOUT,
        title_text=f"{title} (n = {int(crossed.to_numpy().sum())})",
        barmode="stack",
        height=178 + 40 * len(crossed),
        xaxis={"title": "выводов", "rangemode": "tozero"},
        yaxis={"automargin": True},
    )
    return figure


def matrix(named: pd.DataFrame) -> go.Figure:
    """Institutions × clauses: the worst verdict of the period over all accounts, as colour and symbol.

    Those with the most clauses failed stand on top, of these the ones with the most that cannot be told.

    Args:
        named: See `wording.named`.
    """
    if named.empty:
        return nothing("Учреждения и пункты", "за период нет выводов")
    words = list(wording.VERDICTS)
    named = named.assign(rank=named["verdict"].map({word: rank for rank, word in enumerate(words)}))
    ranked = named.pivot_table(index="institution_id", columns="clause_name", values="rank", aggfunc="min")
    ranked = ranked[list(dict.fromkeys(named["clause_name"]))]
    total = len(ranked)
    needs = pd.DataFrame({word: (ranked == words.index(word)).sum(axis=1) for word in ("failed", "cannot_tell")})
    needs = needs.sort_values(["failed", "cannot_tell"], ascending=False, kind="stable")
    ranked = ranked.loc[needs.index[:MOST_ROWS]]
    names = named.drop_duplicates("institution_id").set_index("institution_id")["institution"]
    labels = dict(zip(named["clause_name"], named["clause_label"], strict=True))
    told, codes = _told(named), ranked.fillna(len(words)).astype("int64").to_numpy()
    columns = [_stacked(labels[name]) for name in ranked.columns]
    grid = Grid(
        [short(str(names[key])) for key in ranked.index],
        Columns([column.replace("<br>", " ") for column in columns], columns, pixels=40),
        codes,
        [*(COLOURS[word] for word in words), "#FFFFFF"],
        np.array([*(wording.SYMBOLS[word] for word in words), ""], dtype=object)[codes],
        np.array([[told.get((key, name), "") for name in ranked.columns] for key in ranked.index], dtype=object),
        hover="%{text} %{customdata}",
    )
    legend = "   ".join(f"{wording.SYMBOLS[word]} {wording.VERDICTS[word]}" for word in words)
    return draw(grid, f"Учреждения и пункты ({shown_of(total, 'в kirov findings --out')})", [legend])


def _told(named: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Of breaches and doubts, by institution and clause, the most frequent reasons; the symbol tells the verdict."""
    key = ["institution_id", "clause_name"]
    worst = named[named["rank"] == named.groupby(key)["rank"].transform("min")]
    worst = worst[worst["verdict"].isin(_EXPLAINED)]
    counted = worst.groupby([*key, "reason_name"]).size().sort_values(ascending=False, kind="stable")
    found: dict[tuple[str, str], list[str]] = {}
    for institution, clause, reason, count in counted.reset_index().itertuples(index=False):
        said = f"{_cut(str(reason))}: {count}" if count > 1 else _cut(str(reason))
        found.setdefault((institution, clause), []).append(said)
    return {
        cell: "<br>".join(lines[:_SHOWN_REASONS]) + ("<br>…" if len(lines) > _SHOWN_REASONS else "")
        for cell, lines in found.items()
    }


def _cut(reason: str) -> str:
    # Whole sentences in each cell would be most of the figure's bytes.
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1].rstrip(" ,;:") + "…"


def _stacked(label: str) -> str:
    """The clause's number above its word."""
    number, word = label.removeprefix("п. ").split(" ", 1)
    return f"п. {number}<br>{html.escape(word, quote=False)}"
