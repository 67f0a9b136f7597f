"""Findings as an analyst reads them: Russian words for verdicts, kinds, clauses, reasons and notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kirovlib.order import checks
from kirovlib.order.evaluate import Judgement

VERDICTS = {
    "failed": "нарушение",
    "cannot_tell": "не установлено",
    "passed": "соблюдается",
    "inapplicable": "не применяется",
    "untested": "не проверялось",
}
SYMBOLS = {"failed": "✕", "cannot_tell": "?", "passed": "✓", "inapplicable": "–", "untested": "·"}
KINDS = {
    "executive_authority": "орган исполнительной власти",
    "subordinate": "подведомственное учреждение",
    "state_participation": "с государственным участием",
    "other": "прочие",
}
PLATFORMS = {
    "vk": "ВКонтакте", "ok": "Одноклассники", "telegram": "Телеграм",
    "max": "MAX", "dzen": "Дзен", "rutube": "RUTUBE", "youtube": "YouTube", "site": "сайт",
}  # fmt: skip
SHORT_PLATFORMS = {"vk": "ВК", "ok": "ОК", "telegram": "ТГ"}
OUTCOMES = {"collected": "собрано", "partial": "собрано частично", "not_collected": "не собрано"}
_SHOWN_ACCOUNTS = 20
SOURCES = {
    "network": "",
    "file": "",  # real data; which accounts came from a file, `method` says
    "sandbox": "Учебные данные: все учреждения, аккаунты и публикации вымышлены",
    "replay": "Записанные ответы сети: проверка программы, а не отчёт об учреждениях",
}


def named(judged: Judgement) -> pd.DataFrame:
    """Findings with names.

    Returns:
        Table Findings plus institution, founder, kind_name, url, platform_name, clause_name («п. 3.1 …»),
        verdict_name, reason_name, note_name; blank where not known.
    """
    institutions = judged.institutions.set_index("institution_id")
    shown = institutions["short_name"].fillna(institutions["name"])
    accounts = judged.accounts.set_index("account_id")
    clauses = {clause.key: f"п. {clause.clause} {clause.title}" for clause in judged.clauses}
    rows = judged.findings.copy()
    rows["institution"] = rows["institution_id"].map(shown)
    rows["founder"] = rows["institution_id"].map(institutions["founder_id"]).map(shown)
    rows["kind_name"] = rows["institution_id"].map(institutions["kind"]).map(KINDS)
    rows["url"] = rows["account_id"].map(accounts["url"])
    rows["platform_name"] = rows["account_id"].map(accounts["platform"]).map(PLATFORMS)
    rows["clause_name"] = rows["clause"].map(clauses)
    rows["verdict_name"] = rows["verdict"].map(VERDICTS)
    rows["reason_name"] = rows["reason"].map(checks.REASONS)
    rows["note_name"] = [
        "; ".join(checks.NOTES[word] for word in words.split(",")) if words else "" for words in rows["note"].fillna("")
    ]
    return rows


def method(judged: Judgement) -> list[str]:
    """«Как считали»: zone, editions, choices taken, what is not seen; one sentence an item."""
    editions = {clause.key: clause.edition_on(judged.period.weeks[-1].until) for clause in judged.clauses}
    in_force = {key: edition for key, edition in editions.items() if edition is not None}
    quoted = dict.fromkeys(
        f"{edition.reference}: «{edition.quote.rstrip('.')}». Действует с {edition.in_force_from:%d.%m.%Y} "
        f"({edition.in_force_basis})."
        for edition in in_force.values()
    )
    lines = ["Неделя — с понедельника 00:00 до воскресенья 24:00 по времени Кирова (Europe/Kirov, UTC+3).", *quoted]
    if "posts_per_week" in in_force:
        lines += _posts_method(in_force["posts_per_week"].parameters)
    if "vk_report_problem" in in_force:
        lines += _links_method(in_force["vk_report_problem"].parameters)
    if "vk_portal_mini_app" in in_force:
        lines += _mini_app_method(in_force["vk_portal_mini_app"].parameters)
    lines.append("Не видны: клипы, истории и статьи вне ленты; отложенные и предложенные записи; закрытые сообщества.")
    if judged.from_file:
        shown, rest = judged.from_file[:_SHOWN_ACCOUNTS], len(judged.from_file) - _SHOWN_ACCOUNTS
        lines.append(
            f"Из файлов, а не из сети, взяты публикации аккаунтов: {', '.join(shown)}"
            + (f" и ещё {rest}" if rest > 0 else "")
            + ". Что в файле все публикации периода, указал тот, кто его загрузил; файл и его SHA-256 — в хранилище."
        )
    if SOURCES[judged.source]:
        lines.append(SOURCES[judged.source] + ".")
    return lines


def _posts_method(parameters: Mapping[str, Any]) -> list[str]:
    unit = "каждый аккаунт" if parameters["unit"] == "account" else "все аккаунты учреждения вместе"
    return [
        f"Норма п. 3.1 — {parameters['minimum_posts']} или больше публикаций за неделю на {unit}. Неделя, посреди "
        "которой вступила в силу редакция, не проверяется.",
        "Публикация с подписью автора — собственная, запись посетителя — нет. Репост с собственным текстом остаётся "
        "репостом. Альбом — одна публикация, закреплённая запись считается один раз, в неделю своей публикации.",
        f"Реклама {'считается' if parameters['count_ads'] else 'не считается'}; исчезнувшие после сбора публикации "
        f"{'считаются' if parameters['count_removed'] else 'не считаются'}; несколько публикаций за день — "
        f"{'один день' if parameters['distinct_days'] else 'это несколько публикаций'}.",
        "«Нарушение» ставится только тогда, когда неделя прочитана целиком; при неполных данных вывод — "
        "«не установлено».",
    ]


def _links_method(parameters: Mapping[str, Any]) -> list[str]:
    return [
        "Страница судится по последнему снимку за период или до 7 суток после него; если внутри периода ссылка была "
        "верна, более поздняя пропажа этому периоду не засчитывается.",
        "Разделы «Сообщить о проблеме» и «Высказать мнение» узнаются по адресу ссылки (pos.gosuslugi.ru) в меню, "
        "кнопке действия и ссылках сообщества, а не по названию. Сами ссылки не открывались. Если меню вернулось "
        "меньше чем у половины аккаунтов, его отсутствие ничего не значит.",
        "Ссылка с повреждённым обязательным параметром — «"
        + VERDICTS[parameters["misspelt_link_verdict"]]
        + f"». Код региона в исправленных адресах, где его нет в самой ссылке, — {parameters['oktmo_region']} (ОКАТО).",
    ]


def _mini_app_method(parameters: Mapping[str, Any]) -> list[str]:
    absence = "считается нарушением" if parameters["absence_is_failure"] else "не считается нарушением: видно не всегда"
    apps = ", ".join(parameters["mini_app_ids"])
    return [f"Мини-приложение портала узнаётся по номеру ({apps}). Его отсутствие в меню, кнопке и ссылках {absence}."]
