"""An institution's card as tables: who it is, what to do, its verdicts, its pages as collected."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from IPython.display import HTML

from kirovlib import russian
from kirovlib.charts.tables import ALIGNED, STYLE, basis, link, table, verdict
from kirovlib.order import wording
from kirovlib.order.card import Card
from kirovlib.settings import ZONE

_LONGEST_TEXT = 400
_VERDICT_HEADS = {
    "verdict": "Вывод", "clause_name": "Пункт", "week_name": "Неделя с", "url": "Аккаунт", "measured": "Установлено",
    "expected": "Требуется",
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
        return HTML('<p class="empty">Нарушений не установлено, и того, что стоило бы выяснить, нет.</p>')
    day = russian.dated(shown.mend_by)
    term = f'<p class="more">Срок — {day} — предложен отчётом: распоряжение срока не называет.</p>'
    return HTML(table(shown.todo, _without_blank(shown.todo, _TODO_HEADS)).data + term)


def card_profiles(shown: Card) -> HTML:
    """The pages as collected, a column for each account; what the network did not return is said so."""
    if shown.profiles.empty:
        return HTML('<p class="empty">Ни одной страницы за этот период не видели.</p>')
    pages = shown.profiles.set_index("account_id")
    accounts = [each for each in _rows(shown.accounts) if each["account_id"] in pages.index]
    head = "".join(f"<th>{_network(each)}<br>{link(each['url'], _address(each))}</th>" for each in accounts)
    rows = "".join(
        f"<tr><td>{words}</td>"
        + "".join(f"<td class=m>{_field(pages.loc[each['account_id']], name, told)}</td>" for each in accounts)
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


def _field(page: pd.Series, name: str, told: Callable[[Any], str]) -> str:
    if name == "menu" and page["has_no_menu"]:
        return "меню нет (другим аккаунтам сеть его вернула)"
    return '<i style="color:#5a6675">сеть не вернула</i>' if pd.isna(page[name]) else told(page[name])


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
    "government_mark": ("Отметка государственной организации (порядок требует её только в Одноклассниках)", _yes),
    "menu": ("Меню", _entries),
    "links": ("Ссылки", _entries),
    "action_button": ("Кнопка действия", _entries),
    "raw_sha256": ("SHA-256 ответа сети", lambda value: f"<code>{html.escape(str(value))[:16]}…</code>"),
}
