"""Verdicts as figures: by clause or founder, as a matrix, as an index with its zones."""

from __future__ import annotations

import html

import pandas as pd
import plotly.graph_objects as go

from kirovlib import russian
from kirovlib.charts.base import COLOURS, LAYOUT, ROW_PIXELS, nothing, short, unique
from kirovlib.order import compliance_index, wording

_PATTERNS = {"failed": "", "cannot_tell": "/", "passed": "", "inapplicable": "", "untested": "."}
_ZONES = {"red": COLOURS["failed"], "yellow": COLOURS["cannot_tell"], "green": COLOURS["passed"]}
_ZONE_PATTERNS = {"red": "", "yellow": "/", "green": ""}
_EXPLAINED = frozenset({wording.VERDICTS["failed"], wording.VERDICTS["cannot_tell"]})
_SHOWN_REASONS = 3


def zones(index: pd.DataFrame, names: pd.Series) -> go.Figure:
    """The compliance index of each institution as a bar in the colour of its zone, the lowest on top.

    Args:
        index: See `compliance_index`.
        names: Names by institution_id.
    """
    known = index[index["index_percent"].notna()].sort_values(
        ["index_percent", "decided_share"], ascending=[False, False], kind="stable"
    )
    if known.empty:
        return nothing("Индекс соблюдения", "ни одного установленного вывода")
    labels = unique([short(str(names[key])) for key in known["institution_id"]])
    figure = go.Figure()
    for zone, colour in _ZONES.items():
        here = (known["zone"] == zone).to_numpy()
        figure.add_bar(
            y=[label for label, is_here in zip(labels, here, strict=True) if is_here],
            x=known.loc[here, "index_percent"],
            orientation="h",
            name=f"{compliance_index.ZONES[zone]} зона: {int(here.sum())}",
            marker={"color": colour, "pattern": {"shape": _ZONE_PATTERNS[zone], "fgcolor": "#8A6A10"}},
            text=[
                f"{index:.0f} · установлено {russian.percent(share)}"
                for index, share in zip(known.loc[here, "index_percent"], known.loc[here, "decided_share"], strict=True)
            ],
            textposition="auto",
            hovertemplate="%{y}<br>индекс %{x:.1f}<extra></extra>",
        )
    figure.update_layout(
        LAYOUT,
        title_text=f"Индекс соблюдения (n = {len(known)})",
        height=150 + ROW_PIXELS * len(known),
        xaxis={"title": "индекс, 0–100", "range": [0, 100]},
        yaxis={"automargin": True, "type": "category", "categoryorder": "array", "categoryarray": labels},
    )
    return figure


def verdicts_by(named: pd.DataFrame, column: str, title: str) -> go.Figure:
    """Stacked bars: how many findings of each verdict, by a column of `wording.named`."""
    if named.empty:
        return nothing(title, "за период нет выводов")
    crossed = pd.crosstab(named[column].fillna("без учредителя"), named["verdict"])
    order = crossed.get("failed", crossed.sum(axis=1)).sort_values(kind="stable").index
    if column == "clause_name":
        order = pd.Index(list(dict.fromkeys(named[column]))[::-1])  # as in the order, from the top
    labels = unique([short(str(name)) for name in order])
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
        LAYOUT,
        title_text=f"{title} (n = {int(crossed.to_numpy().sum())})",
        barmode="stack",
        height=178 + 40 * len(order),
        xaxis={"title": "выводов", "rangemode": "tozero"},
        yaxis={"automargin": True},
    )
    return figure


def matrix(named: pd.DataFrame) -> go.Figure:
    """Institutions × clauses: the worst verdict of the period over all accounts, as colour and symbol."""
    if named.empty:
        return nothing("Учреждения и пункты", "за период нет выводов")
    words = list(wording.VERDICTS)
    named = named.assign(rank=named["verdict"].map({word: rank for rank, word in enumerate(words)}))
    ranked = named.pivot_table(index="institution_id", columns="clause_name", values="rank", aggfunc="min")
    ranked = ranked[list(dict.fromkeys(named["clause_name"]))]
    failed = (ranked == 0).sum(axis=1)
    ranked = ranked.loc[failed.sort_values(kind="stable").index]
    names = named.drop_duplicates("institution_id").set_index("institution_id")["institution"]
    told, labels = _told(named), dict(zip(named["clause_name"], named["clause_label"], strict=True))
    steps = [(position / len(words), (position + 1) / len(words), COLOURS[word]) for position, word in enumerate(words)]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if pd.isna(rank) else int(rank) for rank in row] for row in ranked.to_numpy()],
            x=[_stacked(labels[name]) for name in ranked.columns],
            y=unique([short(str(names[key])) for key in ranked.index]),
            text=ranked.map(lambda rank: "" if pd.isna(rank) else wording.SYMBOLS[words[int(rank)]])
            .to_numpy()
            .tolist(),
            texttemplate="%{text}",
            customdata=[[told.get((key, clause), "") for clause in ranked.columns] for key in ranked.index],
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
        LAYOUT,
        title_text=f"Учреждения и пункты (n = {len(ranked)})<br><sup>{legend}</sup>",
        height=124 + ROW_PIXELS * len(ranked),
        xaxis={"side": "top", "tickangle": 0, "tickfont": {"size": 12}},
        yaxis={"automargin": True, "type": "category"},
    )
    figure.update_layout(margin={"t": 100, "b": 16})
    return figure


def _told(named: pd.DataFrame) -> dict[tuple[str, str], str]:
    """By institution and clause: the worst verdict; of breaches and doubts the reasons too, the most frequent first."""
    key = ["institution_id", "clause_name"]
    worst = named[named["rank"] == named.groupby(key)["rank"].transform("min")]
    counted = worst.groupby([*key, "verdict_name", "reason_name"]).size().sort_values(ascending=False, kind="stable")
    found: dict[tuple[str, str], list[str]] = {}
    for institution, clause, verdict, reason, count in counted.reset_index().itertuples(index=False):
        lines = found.setdefault((institution, clause), [verdict])
        lines += [f"{reason}: {count}" if count > 1 else reason] if verdict in _EXPLAINED else []
    return {
        cell: "<br>".join(lines[: _SHOWN_REASONS + 1]) + ("<br>…" if len(lines) > _SHOWN_REASONS + 1 else "")
        for cell, lines in found.items()
    }


def _stacked(label: str) -> str:
    """The clause's number above its word."""
    number, word = label.removeprefix("п. ").split(" ", 1)
    return f"п. {number}<br>{html.escape(word, quote=False)}"
