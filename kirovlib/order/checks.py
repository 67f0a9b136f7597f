"""The predicates of the clauses, each of the same name as its section of `clauses.toml`.

No predicate answers `failed` without complete data for exactly what it measures, and none where the text of the
order leaves a doubt (`READING.md`). They answer in the words of `words.REASONS` and `words.NOTES`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from kirovlib import russian
from kirovlib.counts import Array
from kirovlib.errors import ClausesError
from kirovlib.order import contents, portal_links
from kirovlib.order.portal_links import PortalLink

# What a reason of a clause on weeks comes to; any other cannot be told.
WEEK_VERDICTS = {"norm_met": "passed", "below_norm": "failed"}
_SHOWN_TEXT = 200


@dataclass(frozen=True)
class Outcome:
    """What a predicate found: the words of a row of `Findings`.

    Attributes:
        links: The links of the page that decided.
        repair: What mends a breach; told of a doubt too, since a person's check may make a breach of it.
    """

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
        platform: The network.
        snapshot: Row of `ProfileSnapshots`, None where the network did not return a field.
        links: Menu, action button and links of the page, parsed.
        menu_silence: Why the menu's absence means nothing, a word of `words.REASONS`; blank when it was answered.
        is_mark_seen: Whether the mark «Госорганизация» was met on any page, so that its absence can mean something.
        ogrn: ОГРН of the institution from the register, or empty.
    """

    platform: str = "vk"
    snapshot: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[PortalLink, ...] = ()
    menu_silence: str = ""
    is_mark_seen: bool = True
    ogrn: str = ""


@dataclass(frozen=True)
class Statement:
    """What the register says of an account's connection to «Госпаблики».

    Attributes:
        connected: None where it says nothing.
        known_on: On which day it was so (local), or none.
        source: Where it is known from, or empty.
        last_day: The period's last day.
        in_force_from: Since when the edition is in force.
        has_portal_links: Whether the page was seen with links to the portal: a hint, no proof.
    """

    connected: bool | None
    known_on: date | None
    source: str
    last_day: date
    in_force_from: date = date.min
    has_portal_links: bool = False


@dataclass(frozen=True)
class Presence:
    """The accounts of an institution in the order's networks.

    Attributes:
        live: Accounts known to live in the period.
        unknown: Accounts of which nobody knows it.
    """

    live: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """A decision of the working group addressed to an institution (a row of `Decisions`).

    Attributes:
        done: None where it is not recorded.
        done_on: When that was established (local), or none.
        source: Where it is known from, or empty.
        last_day: The period's last day.
        in_force_from: Since when the edition is in force.
    """

    decision_id: str
    decided_on: date
    text: str
    done: bool | None
    done_on: date | None
    source: str
    last_day: date
    in_force_from: date = date.min


def predicate(key: str) -> Any:
    """The predicate of a clause.

    Raises:
        ClausesError: A section of `clauses.toml` has no function of its name here.
    """
    found = globals().get(key)
    is_ours = getattr(found, "__module__", "") == __name__ and not isinstance(found, type)
    if not is_ours or key == "predicate" or key.startswith("_"):
        msg = f"clauses.toml, [{key}]: в order/checks.py нет функции «{key}», которая решает, соблюдён ли пункт."
        raise ClausesError(msg)
    return found


def posts_per_week(weeks: Mapping[str, Array], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Clause 3.1 on account-weeks in which nothing else makes it inapplicable.

    Args:
        weeks: least_count and most_count (posts as the edition counts them, without and with those whose repost mark
            is unknown), is_complete, is_running, existence_unknown (bool); arrays accounts × weeks.
        parameters: `minimum_posts` of the edition.

    Returns:
        By reason where it holds (bool); the first that holds decides, and with it the verdict, see `WEEK_VERDICTS`.
    """
    minimum = int(parameters["minimum_posts"])
    return {
        "norm_met": weeks["least_count"] >= minimum,
        "week_running": weeks["is_running"],
        "week_not_collected": ~weeks["is_complete"],
        "repost_unknown": weeks["most_count"] >= minimum,
        "existence_unknown": weeks["existence_unknown"],
        "below_norm": np.True_,
    }


def required_contents(page: Page, parameters: Mapping[str, Any]) -> Outcome:
    """Clause 2.2: every item of the checklist stands on the page."""
    if not parameters["items"]:
        return Outcome("untested", "list_not_provided", "перечень не задан")
    told = {item: contents.has_item(page.platform, item, page.snapshot) for item in parameters["items"]}
    absent = [item for item, found in told.items() if found is False]
    unknown = [item for item, found in told.items() if found is None]
    parts = [
        *([f"нет: {', '.join(absent)}"] if absent else []),
        *([f"сеть не показала: {', '.join(unknown)}"] if unknown else []),
    ]
    measured = "; ".join(parts) or f"есть: {', '.join(told)}"
    if absent:
        return Outcome("failed", "contents_missing", measured, repair=f"Добавьте на страницу: {', '.join(absent)}.")
    if unknown:
        return Outcome("cannot_tell", "contents_not_answered", measured)
    return Outcome("passed", "contents_complete", measured)


def ok_government_mark(page: Page, _: Mapping[str, Any]) -> Outcome:
    """Clause 2.3: the mark «Госорганизация» on Odnoklassniki; where the network does not say, nobody is accused."""
    mark = page.snapshot.get("government_mark")
    if mark is None:
        return Outcome("cannot_tell", "mark_not_returned", "сеть не сказала")
    if mark:
        return Outcome("passed", "mark_present", "отметка есть")
    if not page.is_mark_seen:
        return Outcome("cannot_tell", "mark_on_nobody", "отметки нет, как и у всех остальных")
    repair = "Подтвердите группу учётной записью юридического лица в ЕСИА: настройки группы, «Госорганизация»."
    return Outcome("failed", "mark_absent", "отметки нет", repair=repair)


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
    repair = "Подключите мини-приложение «Госуслуги» в настройках сообщества."
    if apps:
        numbers = ", ".join(sorted({link.identifier for link in apps}))
        return Outcome("cannot_tell", "unknown_app", f"приложения: {numbers}", tuple(apps), repair=repair)
    if page.menu_silence:
        return Outcome("cannot_tell", page.menu_silence, "меню неизвестно", repair=repair)
    if parameters["absence_is_failure"]:
        return Outcome("failed", "missing", "приложений нет", repair=repair)
    return Outcome("cannot_tell", "not_visible", "приложений не видно", repair=repair)


def gospabliki(statement: Statement, parameters: Mapping[str, Any]) -> Outcome:
    """Clause 2.5: the register says whether an account is connected; links to the portal are a hint, never proof."""
    connected, known_on = statement.connected, statement.known_on
    hint = ("portal_links_seen",) if statement.has_portal_links else ()
    repair = "Подключите аккаунт к «Госпабликам»; если уже подключён, обновите запись реестра."
    if connected is None:
        return Outcome("cannot_tell", "register_silent", "в реестре пусто", notes=hint, repair=repair)
    said = "подключён" if connected else "не подключён"
    if known_on is None or not statement.source:
        return Outcome("cannot_tell", "register_without_source", said, notes=hint, repair=repair)
    measured = f"{said} на {russian.dated(known_on)}: {statement.source}"
    if known_on > statement.last_day:
        return Outcome("cannot_tell", "register_later", measured, notes=hint, repair=repair)
    if connected:
        return Outcome("passed", "register_connected", measured)
    if _is_outdated(known_on, statement, parameters):
        return Outcome("cannot_tell", "register_outdated", measured, notes=hint, repair=repair)
    return Outcome("failed", "register_not_connected", measured, notes=hint, repair=repair)


def scope(presence: Presence, parameters: Mapping[str, Any]) -> Outcome:
    """Clause 1: the order is for all; the duty to keep an account stands in another act, so its lack is a fact only."""
    live, unknown = len(presence.live), len(presence.unknown)
    minimum, act = int(parameters["minimum_accounts"]), parameters["obliging_act"]
    measured = f"действующих аккаунтов: {live}" + (f", неизвестно: {unknown}" if unknown else "")
    if minimum and live + unknown < minimum:
        measured = f"{measured}; нужно {minimum}" + (f" ({act})" if act else "")
        repair = f"Создайте недостающие аккаунты: {minimum - live}."
        return Outcome("failed", "too_few_accounts", measured, repair=repair)
    if live >= max(minimum, 1):
        return Outcome("passed", "account_live", measured)
    if unknown:
        return Outcome("cannot_tell", "no_snapshot_in_period", measured)
    return Outcome("cannot_tell", "obligation_in_another_act", measured)


def group_decisions(decision: Decision, parameters: Mapping[str, Any]) -> Outcome:
    """Clause 3.2: a decision of the working group was taken into account; only an explicit "no" fails."""
    text = decision.text if len(decision.text) <= _SHOWN_TEXT else f"{decision.text[: _SHOWN_TEXT - 1]}…"
    measured = f"решение {decision.decision_id} от {russian.dated(decision.decided_on)}: {text}"
    if decision.done is None:
        return Outcome("cannot_tell", "decision_not_recorded", measured)
    if decision.done_on is not None and decision.done_on > decision.last_day:
        return Outcome("cannot_tell", "decision_recorded_later", measured)
    if decision.done:
        return Outcome("passed", "decision_done", measured)
    if decision.done_on is None or not decision.source:
        return Outcome("cannot_tell", "register_without_source", measured)
    if _is_outdated(decision.done_on, decision, parameters):
        return Outcome("cannot_tell", "register_outdated", measured)
    return Outcome("failed", "decision_not_done", measured, repair="Учтите решение рабочей группы и сообщите об этом.")


def _is_outdated(said_on: date, fact: Statement | Decision, parameters: Mapping[str, Any]) -> bool:
    """Whether a "no" is older than the edition, or so old that it may have been mended since."""
    return said_on < fact.in_force_from or fact.last_day - said_on > timedelta(days=int(parameters["statement_days"]))


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
        verdict, repair = parameters["misspelt_link_verdict"], _mend(misspelt, page, parameters)
        if verdict == "failed" and (other or page.menu_silence):
            verdict = "cannot_tell"  # the right one may stand where nobody saw it
        return Outcome(verdict, "link_misspelt", misspelt[0].url, tuple(misspelt), repair=repair)
    if other:
        return Outcome("cannot_tell", "other_target", other[0].url, tuple(other), repair=add)
    if page.menu_silence:
        return Outcome("cannot_tell", page.menu_silence, "меню неизвестно", tuple(broken), repair=add)
    if broken:
        repair = _mend(broken, page, parameters)
        return Outcome("failed", "link_broken", broken[0].url, tuple(broken), repair=repair)
    seen = russian.counted(len(page.links), "ссылка", "ссылки", "ссылок")
    return Outcome("failed", "missing", f"просмотрено: {seen}, нужной нет", page.links, repair=add)


def _notes(link: PortalLink, page: Page) -> tuple[str, ...]:
    foreign = ("foreign_ogrn",) if portal_links.foreign_ogrn(link, page.ogrn) else ()
    return link.notes + foreign + (("foreign_region",) if portal_links.foreign_region(link) else ())


def _mend(links: Sequence[PortalLink], page: Page, parameters: Mapping[str, Any]) -> str:
    best = next((link for link in links if link.identifier), links[0])
    if best.target == portal_links.MESSAGE_FORM and portal_links.foreign_ogrn(best, page.ogrn):
        return (
            "В ссылке ОГРН другого учреждения, значит, и номер формы может быть чужим: "
            "скопируйте ссылку заново в личном кабинете «Госпабликов»."
        )
    return portal_links.repair(best, page.ogrn, parameters["oktmo_region"])
