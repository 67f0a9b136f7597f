"""What the explorer shows of a selection: sentences, the table, figures; every foreign text is escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import date
from typing import Any

import plotly.graph_objects as go

from kirovlib import charts, russian
from kirovlib.charts.base import nothing
from kirovlib.charts.tables import STYLE, verdict
from kirovlib.explorers.selection import Selection
from kirovlib.order.card import card
from kirovlib.order.evaluate import Judgement
from kirovlib.order.posting import CLAUSE
from kirovlib.order.what_if import CHOICES

TABLE_ROWS, FOUNDER_ROWS = 50, 15
_POSTS_TITLE = "Собственные публикации за неделю"
_HEADS = {
    "institution": "Учреждение", "clause_label": "Пункт", "verdict": "Вывод", "when": "Когда",
    "measured": "Установлено", "reason_name": "Причина", "url": "Аккаунт",
}  # fmt: skip
_HEADS_IF = {
    "institution": "Учреждение", "clause_label": "Пункт", "verdict": "По порядку", "verdict_if": "Было бы",
    "when": "Когда", "measured_if": "Считалось бы", "reason_if_name": "Почему", "url": "Аккаунт",
}  # fmt: skip
# JupyterLab styles tables and links of outputs, not those inside widgets.
_STYLE = """<style>
.explored table { border-collapse: collapse; width: 100%; font-size: 13px; line-height: 1.35 }
.explored th, .explored td { text-align: left; vertical-align: top; padding: 4px 8px; border-bottom: 1px solid #e3e8ee }
.explored td { overflow-wrap: anywhere; min-width: 84px }
.explored td:first-child { min-width: 112px }
.widget-html-content:has(> .explored) { min-width: 0 }
.explored { overflow-x: auto }
.explored th { border-bottom: 2px solid #c9d1da }
.explored a { color: #1d4e89; text-decoration: underline }
.explored p, .explored li { line-height: 1.45; margin: 4px 0 }
.explored h2 { font-size: 18px }
.explored h3 { font-size: 15px; margin: 12px 0 4px }
</style>"""


def framed(content: str) -> str:
    """Our HTML in the style that it has inside a widget."""
    return f'{_STYLE}<div class="explored">{content}</div>'


def error(text: str) -> str:
    """A sentence in red: what is wrong and what to do."""
    return f'<p role="alert" style="color:#b00020;font-weight:600;margin:4px 0">{html.escape(text)}</p>'


def asked(choices: Mapping[str, Any]) -> str:
    """Another reading of the order in words: «норма за неделю: 5 публикаций; реклама: не считается»."""
    told = [f"{_small(CHOICES[name].label)}: {meaning(name, value)}" for name, value in choices.items()]
    return "; ".join(told)


def meaning(name: str, value: Any) -> str:
    """What a value of a choice means, in Russian."""
    return CHOICES[name].meanings.get(value) or russian.posts(value)


def summary(selection: Selection, choices: Mapping[str, Any]) -> str:
    """How much is selected, what share of it is not established, and what another reading would change."""
    parts = []
    if selection.is_other:
        changed = _number(selection.changed_count, "вывод был бы иным", "вывода были бы иными", "выводов были бы иными")
        parts.append(
            f'<p style="background:#fff3cd;border-left:5px solid #d39e00;padding:6px 10px">Что если '
            f"({html.escape(asked(choices))}) — <b>это не выводы отчёта</b>. Из выбранных {changed}.</p>"
        )
    if not len(selection):
        return "".join([*parts, error(_why_nothing(selection))])
    counts = selection.counts
    chosen = [
        _number(len(selection), "вывод", "вывода", "выводов"),
        _number(len(selection.accounts), "аккаунт", "аккаунта", "аккаунтов"),
        _number(len(selection.institutions), "учреждение", "учреждения", "учреждений"),
    ]
    marks = " ".join(f"{verdict(word)}&nbsp;{_grouped(count)}" for word, count in counts.items() if count)
    parts += [
        f"<p>Выбрано: <b>{', '.join(chosen)}</b>. {'Было бы: ' if selection.is_other else ''}{marks}</p>",
        f"<p>{_unknown(selection)}</p>",
    ]
    return STYLE + "".join(parts)


def table(selection: Selection) -> str:
    """The first rows, and how many more there are."""
    if not len(selection):
        return error(_why_nothing(selection))
    rows = selection.frame(TABLE_ROWS)
    rows["when"] = [_between(*days) for days in zip(rows["period_start"], rows["period_end"], strict=True)]
    shown = charts.table(rows, _HEADS_IF if selection.is_other else _HEADS, limit=TABLE_ROWS).data
    rest = len(selection) - len(rows)
    more = (
        f"<p>Показаны первые {TABLE_ROWS}, ещё {_grouped(rest)} — в explorer.selection и в файле.</p>" if rest else ""
    )
    return str(shown) + more


def institution(judged: Judgement, institution_id: str) -> str:
    """An institution's card."""
    if not institution_id:
        return "<p>Выберите учреждение в поле «Учреждение» выше.</p>"
    first = "<p>По порядку как он есть и за весь период; «Что если» и фильтры карточку не меняют.</p>"
    return first + str(charts.card(card(judged, institution_id)).data)


def figures(selection: Selection) -> list[go.Figure]:
    """The verdicts by clause and by founder, and own posts by week."""
    more = " — что если" if selection.is_other else ""
    clauses = selection.crossed("clause")[::-1]
    by_clause = charts.verdict_bars(clauses, f"Выводы по пунктам{more}")
    by_founder = selection.crossed("founder")
    count = len(by_founder)
    weight = by_founder["failed"] if "failed" in by_founder else by_founder.sum(axis=1)
    by_founder = by_founder.iloc[weight.argsort(kind="stable").to_numpy()].tail(FOUNDER_ROWS)
    cut = f", {FOUNDER_ROWS} из {count} с наибольшим числом нарушений" if count > FOUNDER_ROWS else ""
    founders = charts.verdict_bars(by_founder, f"Выводы по учредителям{cut}{more}")
    for figure, crossed in ((by_clause, clauses), (founders, by_founder)):
        figure.update_layout(showlegend=True, height=160 + 30 * max(len(crossed), 2))
    return [by_clause, founders, own_posts(selection)]


def own_posts(selection: Selection) -> go.Figure:
    """Own posts a week of the accounts met, as they were measured."""
    if selection.posting.empty:
        return nothing(_POSTS_TITLE, "пункт о числе публикаций не относится ни к одному из выбранных аккаунтов")
    clause = selection.explored.judged.clause(CLAUSE)
    return charts.quantile_fan(selection.posting, clause.editions[0].in_force_from)


def _unknown(selection: Selection) -> str:
    unknown, judged = selection.unknown
    of_any = " (при любом выводе)" if selection.is_of_some_verdicts else ""
    if judged:
        share = russian.percent(unknown / judged)
        told = f"Не установлено{of_any}: {_grouped(unknown)} из {_grouped(judged)} проверявшихся, {share}."
    else:
        told = "Проверяться было нечему: пункт не применялся или не действовал."
    if selection.read_share is not None:
        told += f" Недели этих аккаунтов прочитаны целиком: {russian.percent(selection.read_share)}."
    weeks = selection.explored.judged.period.weeks
    if (selection.filters.first, selection.filters.last) != (weeks[0].start, weeks[-1].start):
        told += " Выводы о страницах, реестре и решениях — за весь период, от выбора недель они не меняются."
    return told


def _why_nothing(selection: Selection) -> str:
    if selection.filters.only_changed and not selection.is_other:
        return "Без «Что если» ни один вывод не изменён. Задайте «Что если» или снимите отметку «Только изменившиеся»."
    if selection.filters.only_changed:
        return (
            "От этого «Что если» ни один из выбранных выводов не изменился бы. Снимите отметку «Только изменившиеся»."
        )
    return "Под эти условия не подходит ни один вывод. Ослабьте условия или нажмите «Сбросить фильтры»."


def _between(start: date, end: date) -> str:
    """«08.07–14.07.2024»."""
    first = f"{start:%d.%m}" if start.year == end.year else russian.dated(start)
    return f"{first}–{russian.dated(end)}"


def _number(number: int, one: str, few: str, many: str) -> str:
    return _grouped(number) + russian.counted(number, one, few, many).removeprefix(str(number))


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u00a0")


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
