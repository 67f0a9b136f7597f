"""An institution's card: who it is, its accounts week by week, its posts day by day, its pages as collected."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from IPython.display import HTML

from kirovlib import russian
from kirovlib.charts.base import ACCENT, COLOURS, LAYOUT, PALE, nothing, short
from kirovlib.charts.tables import ALIGNED, STYLE, basis, link, table, verdict
from kirovlib.order import wording
from kirovlib.order.card import Card
from kirovlib.settings import ZONE
from kirovlib.weeks import holidays

_STRIP_PIXELS, _DAY_PIXELS = 130, 46
_LONGEST_TEXT = 400
_MANY_DAYS = 45
_VERDICT_HEADS = {
    "verdict": "Вывод", "clause_name": "Пункт", "url": "Аккаунт", "measured": "Установлено", "expected": "Требуется",
    "reason_name": "Причина", "weeks_name": "Недель подряд", "note_name": "Примечание",
}  # fmt: skip
_TODO_HEADS = {
    "verdict": "Вывод", "clause_name": "Пункт", "url": "Аккаунт", "what": "Что сделать", "who": "Кто",
    "until": "До",
}  # fmt: skip
_STATUSES = {
    "live": "действует",
    "closed": "лента закрыта",
    "gone": "удалён или заблокирован",
    "unknown": "не известно",
}
# How a post is drawn on its day: word of the legend, symbol, colour.
_POSTS = {
    True: ("засчитана", "circle", ACCENT),
    False: ("не засчитана", "x-thin-open", COLOURS["failed"]),
    None: ("не известно, репост ли", "diamond-open", "#8A6A10"),
}


def card(shown: Card) -> HTML:
    """The card in short: who it is, how many verdicts of each kind, what to do, all verdicts."""
    parts = [card_head(shown).data]
    parts += ["<h3>Что сделать</h3>", card_todo(shown).data, "<h3>Выводы</h3>", card_verdicts(shown).data]
    return HTML("".join(parts))


def card_head(shown: Card) -> HTML:
    """Name, key, kind, founder, accounts and how many verdicts of each kind."""
    row = shown.institution
    facts = {
        "Вид": wording.KINDS[row["kind"]],
        "Учредитель": shown.founder or "не указан",
        "ОГРН": row["ogrn"] or "не указан",
        "Сфера": row["sphere"] or "не указана",
        "Муниципалитет": row["municipality"] or "не указан",
    }
    if row["status"]:
        facts["Состояние по реестру"] = row["status"]
    told = "".join(f"<dt>{head}</dt><dd>{html.escape(str(text))}</dd>" for head, text in facts.items())
    accounts = [f"{_network(each)}: {link(each['url'], _address(each))}" for each in _rows(shown.accounts)]
    counted = shown.judged.findings["verdict"].value_counts()
    marks = " ".join(f"{verdict(word)}&nbsp;{counted[word]}" for word in wording.VERDICTS if word in counted)
    style = (
        "<style>.card-facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}"
        ".card-facts dt{color:#5a6675}.card-facts dd{margin:0}</style>"
    )
    told += f"<dt>Аккаунты</dt><dd>{'<br>'.join(accounts) or 'в реестре нет'}</dd>"
    head = f"{STYLE}{style}<h2>{html.escape(shown.name)}</h2><p>{marks}</p>"
    return HTML(f'{head}<dl class="card-facts">{told}</dl>{basis(shown.judged).data}')


def card_verdicts(shown: Card) -> HTML:
    """Every verdict, the worst first."""
    return table(shown.verdicts, _without_blank(shown.verdicts, _VERDICT_HEADS), limit=500)


def card_todo(shown: Card) -> HTML:
    """What to do and until when."""
    if shown.todo.empty:
        return HTML('<p class="empty">Исправлять нечего.</p>')
    day = russian.dated(shown.mend_by)
    term = f'<p class="more">Срок — {day} — предложен отчётом: распоряжение срока не называет.</p>'
    return HTML(table(shown.todo, _without_blank(shown.todo, _TODO_HEADS)).data + term)


def card_weeks(shown: Card) -> go.Figure:
    """Own posts a week of each account as bars against the norm; weeks not read wholly are hatched with «?».

    Raises:
        ClausesError: The order has no norm.
    """
    title, minimum = "Собственные публикации по неделям", shown.minimum_posts
    weeks = shown.weeks
    if weeks.empty:
        return nothing(title, "у учреждения нет аккаунтов в реестре")
    accounts = shown.accounts[shown.accounts["account_id"].isin(weeks["account_id"])]
    figure, count = go.Figure(), len(accounts)
    top = max(int(weeks["own_count"].max()), 2 * minimum)
    shapes = []
    for place, account in enumerate(_rows(accounts)):
        rows = weeks[weeks["account_id"] == account["account_id"]]
        complete = rows["is_complete"].astype(bool)
        met = rows["own_count"] >= minimum
        axis = "" if place == 0 else str(place + 1)
        figure.add_bar(
            x=[russian.dated(start) for start in rows["week_start"]],
            y=rows["own_count"].astype(int).tolist(),
            yaxis=f"y{axis}",
            name=short(_address(account)),
            text=[str(own) if whole else f"{own} ?" for own, whole in zip(rows["own_count"], complete, strict=True)],
            textposition="outside",
            cliponaxis=False,
            marker={
                "color": [
                    ACCENT if good else (COLOURS["failed"] if whole else COLOURS["cannot_tell"])
                    for good, whole in zip(met, complete, strict=True)
                ],
                "pattern": {"shape": ["" if whole else "/" for whole in complete], "fgcolor": "#8A6A10"},
            },
            customdata=[
                f"репостов: {row['repost_count']}" + ("" if row["is_complete"] else "<br>неделя прочитана не целиком")
                for row in _rows(rows)
            ],
            hovertemplate="неделя с %{x}<br>собственных: %{y}<br>%{customdata}<extra></extra>",
        )
        domain = [1 - (place + 1) / count, 1 - (place + 0.3) / count]
        axis_layout: dict[str, Any] = {"domain": domain, "range": [0, top * 1.2], "nticks": 4, "tickformat": "d"}
        figure.update_layout({f"yaxis{axis}": axis_layout})
        shapes.append(_norm_line(minimum, f"y{axis}"))
        figure.add_annotation(
            text=f"<b>{_network(account)}</b> {short(_address(account))}",
            x=0, xref="paper", y=domain[1], yref="paper", yanchor="bottom", xanchor="left", showarrow=False,
        )  # fmt: skip
    figure.update_layout(
        LAYOUT,
        title_text=f"{title}<br><sup>пунктир — норма {minimum}; оранжевое — меньше нормы; штриховка и «?» — неделя "
        "прочитана не целиком</sup>",
        height=130 + _STRIP_PIXELS * count,
        showlegend=False,
        shapes=shapes,
        xaxis={"title": "неделя (понедельник)", "type": "category", "anchor": f"y{count}" if count > 1 else "y"},
    )
    return figure


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
        if day.weekday() > 4 or day in named:  # noqa: PLR2004 - Saturday and Sunday
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
        title_text=f"{title} (n = {len(rows)})<br><sup>серое — выходные и праздники; время Кирова</sup>",
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


def card_profiles(shown: Card) -> HTML:
    """The pages as collected, a column for each account; what the network did not return is said so."""
    if shown.profiles.empty:
        return HTML('<p class="empty">Ни одной страницы за этот период не видели.</p>')
    pages = shown.profiles.set_index("account_id")
    accounts = [each for each in _rows(shown.accounts) if each["account_id"] in pages.index]
    head = "".join(f"<th>{_network(each)}<br>{link(each['url'], _address(each))}</th>" for each in accounts)
    rows = "".join(
        f"<tr><td>{words}</td>"
        + "".join(f"<td class=m>{_field(pages.loc[each['account_id'], name], told)}</td>" for each in accounts)
        + "</tr>"
        for name, (words, told) in _FIELDS.items()
    )
    return HTML(
        f'{ALIGNED}<table class="rows"><thead><tr><th>Поле</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def card_contest(shown: Card) -> HTML:
    """How to contest a verdict."""
    return HTML(f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in shown.contest)}</ul>")


def _rows(table_rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table_rows.to_dict("records")]


def _network(account: Mapping[str, Any]) -> str:
    return html.escape(wording.PLATFORMS.get(account["platform"], account["platform"]))


def _address(account: Mapping[str, Any]) -> str:
    return str(account["url"]).removeprefix("https://")


def _without_blank(rows: pd.DataFrame, heads: Mapping[str, str]) -> dict[str, str]:
    """The heads of columns that say something."""
    return {name: head for name, head in heads.items() if (rows[name].notna() & (rows[name] != "")).any()}


def _norm_line(minimum: int, axis: str) -> dict[str, Any]:
    line = {"color": COLOURS["failed"], "width": 1.5, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": minimum, "y1": minimum, "line": line}


def _field(value: Any, told: Callable[[Any], str]) -> str:
    if value is None or pd.isna(value):
        return '<i style="color:#5a6675">сеть не вернула</i>'
    return told(value)


def _text(value: Any) -> str:
    text = " ".join(str(value).split())
    return html.escape(text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rstrip() + "…") or "пусто"


def _yes(value: Any) -> str:
    return "да" if value else "нет"


def _entries(value: Any) -> str:
    entries = json.loads(value)
    entries = entries if isinstance(entries, list) else [entries]
    return "<br>".join(link(str(each["url"]), str(each["title"] or each["url"])) for each in entries) or "пусто"


def _moment(value: Any) -> str:
    return f"{value.tz_convert(ZONE):%d.%m.%Y %H:%M}"


_WEEKDAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_FIELDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "collected_at": ("Когда получено (время Кирова)", _moment),
    "status": ("Состояние", lambda value: _STATUSES[value]),
    "name": ("Название", _text),
    "description": ("Описание", _text),
    "has_avatar": ("Аватар", _yes),
    "has_cover": ("Обложка", _yes),
    "phone": ("Телефон", _text),
    "email": ("Почта", _text),
    "address": ("Адрес", _text),
    "site": ("Сайт", _text),
    "subscriber_count": ("Подписчиков", lambda value: f"{int(value):,}".replace(",", "\u00a0")),
    "verified": ("Отметка сети о верификации", _yes),
    "government_mark": ("Отметка «Госорганизация»", _yes),
    "menu": ("Меню", _entries),
    "links": ("Ссылки", _entries),
    "action_button": ("Кнопка действия", _entries),
    "raw_sha256": ("SHA-256 ответа сети", lambda value: f"<code>{html.escape(str(value))[:16]}…</code>"),
}
