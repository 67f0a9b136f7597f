"""«Как считали»: zone, editions, choices taken, what is not seen; what each page of a report ends with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pandas as pd

from kirovlib import russian
from kirovlib.order import wording
from kirovlib.order.clauses import Clause, Edition
from kirovlib.order.evaluate import Judgement
from kirovlib.order.profile_findings import CROWD
from kirovlib.settings import ZONE

_QUOTATION = (
    "clause", "clause_name", "expected", "reference", "quote", "in_force_from", "in_force_basis",
)  # fmt: skip
_SHOWN_ACCOUNTS = 20
_BOTH_WAYS = " Публикация, о которой неизвестно, репост ли она, проверяется дважды: как репост и как собственная."


def method(judged: Judgement) -> list[str]:
    """One sentence an item, of the editions that the period was judged by."""
    used = {clause.key: editions_used(clause, judged) for clause in judged.clauses}
    lines = missing(judged)
    lines.append("Неделя — с понедельника 00:00 до воскресенья 24:00 по времени Кирова (Europe/Kirov, UTC+3).")
    lines += _editions(judged, used)
    for key, editions in used.items():
        for edition in editions if key in _CHOICES else ():
            since = f"Редакция с {russian.dated(edition.in_force_from)}. " if len(editions) > 1 else ""
            lines += [since + line for line in _CHOICES[key](edition.parameters) if line not in lines]
    lines += _registers(judged)
    lines.append("Не видны: клипы, истории и статьи вне ленты; отложенные и предложенные записи; закрытые сообщества.")
    if judged.from_file:
        shown, rest = judged.from_file[:_SHOWN_ACCOUNTS], len(judged.from_file) - _SHOWN_ACCOUNTS
        lines.append(
            f"Из файлов, а не из сети, взяты публикации аккаунтов: {', '.join(shown)}"
            + (f" и ещё {rest}" if rest > 0 else "")
            + ". Что в файле все публикации периода, указал тот, кто его загрузил; файл и его SHA-256 — в хранилище."
        )
    if wording.SOURCES[judged.source]:
        lines.append(wording.SOURCES[judged.source] + ".")
    return lines


def missing(judged: Judgement) -> list[str]:
    """What keeps the period from being judged at all, and what to do; empty where something was read."""
    period, last = judged.period, judged.facts.last_moment
    if judged.accounts.empty:
        return ["В реестре нет ни одного аккаунта. Впишите их в accounts.csv и проверьте: «kirov registry check»."]
    lines = []
    if not any(editions_used(clause, judged) for clause in judged.clauses):
        first = min(edition.in_force_from for clause in judged.clauses for edition in clause.editions)
        lines.append(
            f"В этот период порядок ещё не действовал: первая редакция — с {russian.dated(first)}. Выводов нет."
        )
    places = [judged.facts.posts.weeks.index(week) for week in period.weeks]
    if judged.facts.posts.is_complete[:, places].any():
        return lines
    if period.ends_at > last:
        return [
            *lines,
            f"Собрано только до {last.astimezone(ZONE):%d.%m.%Y %H:%M}, ни одна неделя периода ещё не прочитана "
            "целиком: дождитесь конца недели и выполните «kirov collect».",
        ]
    return [
        *lines,
        "Данных за этот период нет: ни одна неделя ни у одного аккаунта не прочитана целиком. Соберите их: «kirov "
        f"collect --since {period.start.isoformat()}», или выберите другой период.",
    ]


def _editions(judged: Judgement, used: Mapping[str, list[Edition]]) -> list[str]:
    """Which editions were used, clauses of one edition together; their words stand in `quotations`."""
    by_edition: dict[tuple[str, str], list[str]] = {}
    for clause in judged.clauses:
        for edition in used[clause.key]:
            dated = (russian.dated(edition.in_force_from), edition.in_force_basis)
            by_edition.setdefault(dated, []).append(f"п. {clause.clause}")
    return [
        f"Редакция, действующая с {day} ({basis}): {', '.join(dict.fromkeys(numbers))}. Дословные цитаты — «Слова "
        "порядка» на странице «Соблюдение пунктов» и команда kirov clauses."
        for (day, basis), numbers in by_edition.items()
    ]


def editions_used(clause: Clause, judged: Judgement) -> list[Edition]:
    """The editions by which a clause was judged in a period, oldest first; none before the first."""
    days = [week.until - timedelta(days=1) for week in judged.period.weeks]
    found = [clause.edition_on(day) for day in (days if clause.measured_on == "week" else days[-1:])]
    return list({edition.in_force_from: edition for edition in found if edition is not None}.values())


def quotation(edition: Edition) -> str:
    """The words of the order, since when and why since then."""
    return (
        f"{edition.reference}: «{edition.quote.rstrip('.')}». Действует с {russian.dated(edition.in_force_from)} "
        f"({edition.in_force_basis})."
    )


def quotations(judged: Judgement) -> pd.DataFrame:
    """The order as the period was judged by it.

    Returns:
        clause, clause_name, expected, reference, quote, in_force_from, in_force_basis; a row for each clause and
        edition used, in the order's own order; a clause not yet in force is left out.
    """
    rows = [
        {
            "clause": clause.key,
            "clause_name": wording.clause_names([clause])[clause.key],
            "expected": clause.required(edition),
            "reference": edition.reference,
            "quote": edition.quote,
            "in_force_from": edition.in_force_from,
            "in_force_basis": edition.in_force_basis,
        }
        for clause in judged.clauses
        for edition in editions_used(clause, judged)
    ]
    return pd.DataFrame(rows, columns=_QUOTATION)


def _posts(parameters: Mapping[str, Any]) -> list[str]:
    unit = "каждый аккаунт" if parameters["unit"] == "account" else "все аккаунты учреждения вместе"
    reposts = (
        "Репост с собственным текстом остаётся репостом." if not parameters["count_reposts"] else "Репосты считаются."
    )
    return [
        f"Норма п. 3.1 — {parameters['minimum_posts']} или больше публикаций за неделю на {unit}. Неделя, посреди "
        "которой вступила в силу редакция, не проверяется.",
        f"Публикация с подписью автора — собственная, запись посетителя — нет. {reposts} Альбом — одна публикация, "
        "закреплённая запись считается один раз, в неделю своей публикации, изменённая остаётся в своей неделе.",
        f"Реклама {'считается' if parameters['count_ads'] else 'не считается'}; исчезнувшие после сбора публикации "
        f"{'считаются' if parameters['count_removed'] else 'не считаются'}; несколько публикаций за день — "
        f"{'один день' if parameters['distinct_days'] else 'это несколько публикаций'}.",
        "«Нарушение» ставится только тогда, когда неделя прочитана целиком; при неполных данных вывод — "
        "«не установлено»." + ("" if parameters["count_reposts"] else _BOTH_WAYS),
    ]


def _links(parameters: Mapping[str, Any]) -> list[str]:
    return [
        "Страница проверяется по последнему снимку за период или до 7 суток после него; если внутри периода ссылка "
        "была верна, более поздняя пропажа этому периоду не засчитывается.",
        "Разделы «Сообщить о проблеме» и «Высказать мнение» узнаются по адресу ссылки (pos.gosuslugi.ru) в меню, "
        "кнопке действия и ссылках сообщества, а не по названию. Сами ссылки не открывались. Если меню вернулось "
        "меньше чем у половины аккаунтов реестра (считая несобранные) или ни у кого в том же сборе, его отсутствие "
        "ничего не значит.",
        "Ссылка с повреждённым обязательным параметром — «"
        + wording.VERDICTS[parameters["misspelt_link_verdict"]]
        + f"». Код региона в исправленных адресах, где его нет в самой ссылке, — {parameters['oktmo_region']} (ОКАТО).",
    ]


def _mini_app(parameters: Mapping[str, Any]) -> list[str]:
    absence = "считается нарушением" if parameters["absence_is_failure"] else "не считается нарушением: видно не всегда"
    apps = ", ".join(parameters["mini_app_ids"])
    return [f"Мини-приложение портала узнаётся по номеру ({apps}). Его отсутствие в меню, кнопке и ссылках {absence}."]


def _contents(parameters: Mapping[str, Any]) -> list[str]:
    if not parameters["items"]:
        return ["Перечень п. 2.2 содержится в базовом акте и в программу не внесён, поэтому пункт не проверялся."]
    return [
        f"По п. 2.2 на странице искались: {', '.join(parameters['items'])}. Чего сеть не вернула, то не считается "
        "отсутствующим; чего в сети нет вовсе (обложка канала), того не требуется."
    ]


def _mark(_: Mapping[str, Any]) -> list[str]:
    return [
        "Отметку «Госорганизация» порядок требует только в Одноклассниках; отметка ВКонтакте показана рядом как факт. "
        f"Если сеть не сказала, есть ли отметка, или её не видно ни у одного аккаунта, а их {CROWD} или больше, "
        "вывод — «не установлено»."
    ]


def _connection(parameters: Mapping[str, Any]) -> list[str]:
    days = f"{parameters['statement_days']} суток"
    return [
        "Подключение к «Госпабликам» (в тексте — «Госаблики») известно только из реестра, с датой и источником. Запись "
        f"«не подключён» старше {days} нарушением не считается. Ссылки на портал — подсказка, не доказательство."
    ]


def _scope(parameters: Mapping[str, Any]) -> list[str]:
    if parameters["minimum_accounts"]:
        return [f"Вести аккаунты (не меньше {parameters['minimum_accounts']}) обязывает {parameters['obliging_act']}."]
    return [
        "П. 1 говорит, на кого распространяется порядок, но не обязывает завести аккаунт: учреждение без действующего "
        "аккаунта — факт для проверки, а не нарушение."
    ]


def _decisions(parameters: Mapping[str, Any]) -> list[str]:
    return [
        "Решение рабочей группы не учтено, только если это прямо записано с датой и источником и записи не больше "
        f"{parameters['statement_days']} суток; без записи — «не установлено»."
    ]


_CHOICES: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "scope": _scope,
    "required_contents": _contents,
    "ok_government_mark": _mark,
    "vk_report_problem": _links,
    "vk_voice_opinion": _links,
    "vk_portal_mini_app": _mini_app,
    "gospabliki": _connection,
    "posts_per_week": _posts,
    "group_decisions": _decisions,
}


def _registers(judged: Judgement) -> list[str]:
    lines = []
    if not judged.facts.side.exemptions.empty:
        lines.append(
            "Исключение по акту освобождает от недели, которой касается хотя бы одним днём, и считается отдельно."
        )
    if not judged.facts.side.manual_checks.empty:
        lines.append(
            "Проверка человеком решает только там, где сеть не показывает нужного; измеренного она не меняет, "
            "несогласие и «оспорено» отмечены у вывода."
        )
    return lines
