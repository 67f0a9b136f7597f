"""Findings as an analyst reads them: Russian words for verdicts, kinds, clauses, reasons and notes."""

from __future__ import annotations

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
PLATFORMS = {"vk": "ВКонтакте", "ok": "Одноклассники", "telegram": "Телеграм"}
OUTCOMES = {"collected": "собрано", "partial": "собрано частично", "not_collected": "не собрано"}
SOURCES = {
    "network": "",
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
    weekly = next(clause for clause in judged.clauses if clause.key == "posts_per_week")
    edition = weekly.editions[-1]
    lines = [
        "Неделя — с понедельника 00:00 до воскресенья 24:00 по времени Кирова (Europe/Kirov, UTC+3).",
        f"{edition.reference}: «{edition.quote}» Действует с {edition.in_force_from:%d.%m.%Y} "
        f"({edition.in_force_basis}). Первая проверяемая неделя — 2024-W21; неделя 2024-W20 не проверяется: "
        "пункт вступил в силу посреди неё.",
        f"Норма — {edition.parameters['minimum_posts']} публикации в неделю на каждый аккаунт. Публикация с подписью "
        "автора — собственная, запись посетителя — нет. Репост с собственным текстом остаётся репостом. "
        "Альбом — одна публикация, закреплённая запись считается один раз, в неделю своей публикации.",
        "Реклама "
        + ("считается" if edition.parameters["count_ads"] else "не считается")
        + "; исчезнувшие после сбора публикации "
        + ("считаются" if edition.parameters["count_removed"] else "не считаются")
        + "; несколько публикаций за день — "
        + ("один день." if edition.parameters["distinct_days"] else "это несколько публикаций."),
        "«Нарушение» ставится только тогда, когда неделя прочитана целиком; при неполных данных вывод — "
        "«не установлено».",
        "Разделы «Сообщить о проблеме» и «Высказать мнение» проверяются по адресу ссылки (pos.gosuslugi.ru) в меню, "
        "кнопке действия и ссылках сообщества, а не по названию. Сами ссылки не открывались.",
        "Отсутствие мини-приложения в меню не считается нарушением: подключение видно не всегда.",
        "Не видны: клипы, истории и статьи вне ленты; отложенные и предложенные записи; закрытые сообщества.",
    ]
    if SOURCES[judged.source]:
        lines.append(SOURCES[judged.source] + ".")
    return lines
