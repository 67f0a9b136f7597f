"""The predicates of the clauses, each of the same name as its section of `clauses.toml`, and the words they answer in.

No predicate answers `failed` without complete data for exactly what it measures, and none where the text of the
order leaves a doubt (`READING.md`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kirovlib import russian, tables
from kirovlib.order import portal_links
from kirovlib.order.portal_links import PortalLink

REASONS = {
    "norm_met": "Норма соблюдена",
    "below_norm": "Публикаций меньше нормы, неделя прочитана целиком",
    "week_running": "Неделя ещё не закончилась",
    "week_not_collected": "Неделя прочитана не целиком",
    "repost_unknown": "О части публикаций неизвестно, репосты ли они, и вывод от этого зависит",
    "existence_unknown": "Неизвестно, существовал ли аккаунт в эту неделю",
    "no_edition_in_force": "В этот период пункт не действовал",
    "edition_starts_mid_week": "Пункт вступил в силу посреди недели",
    "opened_in_week": "Аккаунт создан на этой неделе",
    "not_yet_open": "Аккаунта ещё не было",
    "closed_in_week": "Аккаунт закрыт на этой неделе",
    "account_closed": "Аккаунт закрыт",
    "closed_body": "Учреждение закрыто или ликвидировано",
    "kind_not_named": "Пункт не называет учреждений этого вида",
    "not_in_scope": "Учреждение не входит в сферу действия порядка",
    "found": "Ссылка найдена и правильна",
    "missing": "Меню, кнопка и ссылки прочитаны, нужной ссылки нет",
    "link_broken": "Ссылка ведёт на несуществующую страницу портала",
    "link_misspelt": "В ссылке повреждён обязательный параметр; работает ли она, никто не проверял",
    "other_target": "Ссылка ведёт не прямо на форму портала; куда — видно только при открытии",
    "unknown_app": "Найдено приложение, о котором неизвестно, портала ли оно",
    "not_visible": "Приложение не видно в меню, кнопке и ссылках; это не доказывает, что его нет",
    "menu_not_answered": "Сеть почти никому не вернула меню, поэтому его отсутствие ничего не значит",
    "page_closed": "Страница закрыта, и её меню сеть не показала",
    "no_snapshot_in_period": "Нет снимка страницы за этот период",
}
# What coverage says of an account is a reason too.
REASONS |= {word: text[0].upper() + text[1:] for word, text in tables.COVERAGE_REASONS.items() if word}

NOTES = {
    "utm_damaged": "повреждены метки utm в ссылке: на работу не влияет, переходы не учитываются",
    "id_padded": "лишний пробел в номере формы",
    "http_link": "ссылка без шифрования (http)",
    "foreign_region": "в ссылке регион 43; у Кировской области по ОКАТО 33",
    "foreign_ogrn": "в ссылке ОГРН другого учреждения",
    "shared_opa_id": "тот же номер формы у учреждений разных учредителей",
    "met_by_institution": "по всем аккаунтам учреждения вместе норма соблюдена",
    "seen_late": "часть публикаций впервые увидена позже 14 суток",
    "removed_counted": "засчитаны публикации, исчезнувшие после сбора",
    "incomplete_but_met": "неделя прочитана не целиком, но норма уже соблюдена",
}


@dataclass(frozen=True)
class Outcome:
    """What a predicate found: the words of a row of `Findings`."""

    verdict: str
    reason: str
    measured: str
    links: tuple[PortalLink, ...] = ()
    notes: tuple[str, ...] = ()
    repair: str = ""


@dataclass(frozen=True)
class Page:
    """What a predicate on profiles may look at.

    Attributes:
        links: Menu, action button and links of the page, parsed.
        menu_answered: Whether the network answered the question for menus in this period at all (the canary).
        ogrn: ОГРН of the institution from the register, or empty.
    """

    links: tuple[PortalLink, ...]
    menu_answered: bool
    ogrn: str


def page_of(snapshot: Mapping[str, Any], *, menu_answered: bool, ogrn: str) -> Page:
    """The page of a row of `ProfileSnapshots`."""
    items = [item for column in ("menu", "action_button", "links") for item in json.loads(snapshot[column] or "[]")]
    links = tuple(portal_links.parse(item["url"], item["title"]) for item in items)
    return Page(links, menu_answered, ogrn)


def posts_per_week(weeks: pd.DataFrame, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """Clause 3.1 on account-weeks in which nothing else makes it inapplicable.

    Args:
        weeks: `WeeklyCounts` with is_running and existence_unknown (bool) and coverage_reason (text, may be blank).
        parameters: `minimum_posts`, `count_ads`, `count_removed`, `distinct_days` of the edition.

    Returns:
        verdict, reason, own_count (as judged), index as given.
    """
    least = _counted(weeks, parameters)
    most = least + weeks["unknown_count"].to_numpy(dtype="int64")
    minimum = int(parameters["minimum_posts"])
    complete = weeks["is_complete"].to_numpy(dtype=bool)
    reason = np.select(
        [
            least >= minimum,
            weeks["is_running"].to_numpy(dtype=bool),
            ~complete,
            most >= minimum,
            weeks["existence_unknown"].to_numpy(dtype=bool),
        ],
        ["norm_met", "week_running", "week_not_collected", "repost_unknown", "existence_unknown"],
        default="below_norm",
    )
    verdict = np.select([reason == "norm_met", reason == "below_norm"], ["passed", "failed"], default="cannot_tell")
    told = weeks["coverage_reason"].fillna("").to_numpy(dtype=object)
    reason = np.where((reason == "week_not_collected") & (told != ""), told, reason)
    return pd.DataFrame({"verdict": verdict, "reason": reason, "own_count": least}, index=weeks.index)


def vk_report_problem(page: Page, parameters: Mapping[str, Any]) -> Outcome:
    """Clause 2.4.1, «Сообщить о проблеме»: a link to the portal's message form."""
    return _portal_link(page, portal_links.MESSAGE_FORM, "форму сообщения о проблеме", parameters)


def vk_voice_opinion(page: Page, parameters: Mapping[str, Any]) -> Outcome:
    """Clause 2.4.1, «Высказать мнение»: a link to the portal's surveys and votes."""
    return _portal_link(page, portal_links.SURVEYS, "опросы и голосования", parameters)


def vk_portal_mini_app(page: Page, parameters: Mapping[str, Any]) -> Outcome:
    """Clause 2.4.2: the portal's mini-app; its absence from menu, button and links proves nothing by itself."""
    apps = [link for link in page.links if link.target == portal_links.MINI_APP]
    known = [link for link in apps if link.identifier in parameters["mini_app_ids"]]
    if known:
        return Outcome("passed", "found", f"приложение {known[0].identifier}", tuple(known))
    if not page.menu_answered:
        return Outcome("cannot_tell", "menu_not_answered", "меню неизвестно")
    repair = "Подключите мини-приложение «Госуслуги» в настройках сообщества или подтвердите, что оно подключено."
    if apps:
        numbers = ", ".join(sorted({link.identifier for link in apps}))
        return Outcome("cannot_tell", "unknown_app", f"приложения: {numbers}", tuple(apps), repair=repair)
    if parameters["absence_is_failure"]:
        return Outcome("failed", "missing", "приложений нет", repair=repair)
    return Outcome("cannot_tell", "not_visible", "приложений не видно", repair=repair)


WEEK_CHECKS: dict[str, Callable[[pd.DataFrame, Mapping[str, Any]], pd.DataFrame]] = {"posts_per_week": posts_per_week}
PROFILE_CHECKS: dict[str, Callable[[Page, Mapping[str, Any]], Outcome]] = {
    "vk_report_problem": vk_report_problem,
    "vk_voice_opinion": vk_voice_opinion,
    "vk_portal_mini_app": vk_portal_mini_app,
}


def expected(key: str, parameters: Mapping[str, Any]) -> str:
    """What a clause requires, in Russian, for the column `expected`."""
    texts = {
        "vk_report_problem": "ссылка на форму сообщения о проблеме на pos.gosuslugi.ru",
        "vk_voice_opinion": "ссылка на опросы и голосования на pos.gosuslugi.ru",
        "vk_portal_mini_app": "мини-приложение портала госуслуг",
    }
    if key == "posts_per_week":
        return f"не менее {parameters['minimum_posts']} публикаций за неделю, не репостов"
    return texts[key]


def _counted(weeks: pd.DataFrame, parameters: Mapping[str, Any]) -> Any:
    if parameters["distinct_days"]:
        return weeks["own_days_count"].to_numpy(dtype="int64")
    left_out = [
        weeks[column].to_numpy(dtype="int64")
        for column, is_counted in (("ad_count", "count_ads"), ("removed_count", "count_removed"))
        if not parameters[is_counted]
    ]
    # A removed ad is among both, and how many there are is not known: the larger number accuses nobody.
    return weeks["own_count"].to_numpy(dtype="int64") - np.max([np.zeros(len(weeks), dtype="int64"), *left_out], axis=0)


def _portal_link(page: Page, target: str, what: str, parameters: Mapping[str, Any]) -> Outcome:
    ours = [link for link in page.links if link.target == target]
    works = [link for link in ours if link.state == portal_links.WORKS]
    misspelt = [link for link in ours if link.state == portal_links.MISSPELT]
    broken = [link for link in ours if link.state == portal_links.BROKEN]
    other = [link for link in page.links if link.state == portal_links.OTHER_TARGET]
    add = f"Добавьте в меню сообщества ссылку на {what} из личного кабинета «Госпабликов»."
    if works:
        best = min(works, key=lambda link: len(_notes(link, page)))
        notes = _notes(best, page)
        return Outcome("passed", "found", best.url, (best,), notes, _mend([best], page, parameters) if notes else "")
    if misspelt:
        verdict = parameters["misspelt_link_verdict"]
        return Outcome(
            verdict,
            "link_misspelt",
            misspelt[0].url,
            tuple(misspelt),
            repair=_mend(misspelt, page, parameters),
        )
    if other:
        return Outcome("cannot_tell", "other_target", other[0].url, tuple(other), repair=add)
    if broken:
        return Outcome("failed", "link_broken", broken[0].url, tuple(broken), repair=_mend(broken, page, parameters))
    if not page.menu_answered:
        return Outcome("cannot_tell", "menu_not_answered", "меню неизвестно", repair=add)
    seen = russian.counted(len(page.links), "ссылка", "ссылки", "ссылок")
    return Outcome("failed", "missing", f"просмотрено: {seen}, нужной нет", page.links, repair=add)


def _notes(link: PortalLink, page: Page) -> tuple[str, ...]:
    foreign = ("foreign_ogrn",) if portal_links.foreign_ogrn(link, page.ogrn) else ()
    return link.notes + foreign + (("foreign_region",) if portal_links.foreign_region(link) else ())


def _mend(links: Sequence[PortalLink], page: Page, parameters: Mapping[str, Any]) -> str:
    if links[0].target == portal_links.MESSAGE_FORM and portal_links.foreign_ogrn(links[0], page.ogrn):
        return (
            "В ссылке ОГРН другого учреждения, значит, и номер формы может быть чужим: "
            "скопируйте ссылку заново в личном кабинете «Госпабликов»."
        )
    return portal_links.repair(links[0], page.ogrn, parameters["oktmo_region"])
