"""How the emulated institutions placed the links that clause 2.4 asks for, and what each is worth.

A scenario is written together with its verdict; the verdict is never worked out from the links.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from kirovlib.sandbox.names import ogrn

WIDGET = "Решаем вместе"
PROBLEM = "Сообщить о проблеме"
OPINION = "Высказать мнение"
FORM = "https://pos.gosuslugi.ru/form/"
SURVEYS = "https://pos.gosuslugi.ru/og/org-activities"
MINI_APP = "https://vk.com/app8181405?ref=group_menu"
UNKNOWN_APP = "https://vk.com/app51723558_-{group}?ref=group_menu"

PASSED, FAILED, CANNOT_TELL = "passed", "failed", "cannot_tell"
FOUND = (PASSED, "found")
MISSING = (FAILED, "missing")
BROKEN = (FAILED, "link_broken")
MISSPELT = (CANNOT_TELL, "link_misspelt")
OTHER_TARGET = (CANNOT_TELL, "other_target")


@dataclass
class Page:
    """Where an institution put its links, and the truth about them.

    Attributes:
        problem: Verdict and reason for «Сообщить о проблеме».
        opinion: Verdict and reason for «Высказать мнение».
        app: Verdict and reason for the portal's mini-app.
        problem_note: The note that a right judgement carries, blank when none.
        opinion_note: Likewise.
        menu: Title, type and address of each item; None when the network returns no menu at all.
        links: Title and address of each link of the page.
        button: Title and address behind the action button.
    """

    problem: tuple[str, str] = FOUND
    opinion: tuple[str, str] = FOUND
    app: tuple[str, str] = (CANNOT_TELL, "not_visible")
    problem_note: str = ""
    opinion_note: str = ""
    menu: list[tuple[str, str, str]] | None = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    button: tuple[str, str] | None = None


@dataclass(frozen=True)
class Addresses:
    """The right addresses of one institution."""

    ogrn: str
    opa_id: int
    group: int

    def form(self, *, key: str = "opaId=", ogrn: str = "", medium: str = "utm_medium=33") -> str:
        """The message form."""
        campaign = ogrn or self.ogrn
        return f"{FORM}?{key}{self.opa_id}&utm_source=vk&{medium}&utm_campaign={campaign}"

    def surveys(
        self, *, area: str = "reg_code=33", source: str = "vk1", ogrn: str = "", medium: str = "utm_medium=33"
    ) -> str:
        """The surveys and votes."""
        return f"{SURVEYS}?{area}&utm_source={source}&{medium}&utm_campaign={ogrn or self.ogrn}"


def _other(title: str, url: str) -> tuple[str, str, str]:
    return (title, "other", url)


def _pair(
    form: str,
    surveys: str,
    problem: tuple[str, str] = FOUND,
    opinion: tuple[str, str] = FOUND,
    note: str = "",
) -> Page:
    menu = [_other(WIDGET, form), _other(WIDGET, surveys)]
    return Page(problem, opinion, problem_note=note, opinion_note=note, menu=menu)


def _correct(to: Addresses) -> Page:
    return _pair(to.form(), to.surveys())


def _mun_code(to: Addresses) -> Page:
    page = _pair(to.form(), to.surveys(area="mun_code=33701000", source="vk2"))
    page.menu = [
        (PROBLEM, "other", to.form()),
        (OPINION, "other", to.surveys(area="mun_code=33701000", source="vk2")),
    ]
    return page


def _utm_damaged(to: Addresses) -> Page:
    damaged = "utm_mediu%20m=33"
    return _pair(to.form(medium=damaged), to.surveys(medium=damaged), note="utm_damaged")


def _id_padded(to: Addresses) -> Page:
    page = _pair(to.form(key="opaId=%20"), to.surveys(), note="")
    page.problem_note = "id_padded"
    return page


def _misspelt_opald(to: Addresses) -> Page:
    return _pair(to.form(key="opald="), to.surveys(), problem=MISSPELT)


def _misspelt_regcode(to: Addresses) -> Page:
    return _pair(to.form(), to.surveys(area="regcode=33"), opinion=MISSPELT)


def _misspelt_reg_code33(to: Addresses) -> Page:
    return _pair(to.form(), to.surveys(area="reg_code33"), opinion=MISSPELT)


def _broken_form(to: Addresses) -> Page:
    return _pair(to.form().replace("/form/", "/f"), to.surveys(), problem=BROKEN)


def _broken_surveys(to: Addresses) -> Page:
    return _pair(to.form(), to.surveys().replace("org-activities", "org%20activities"), opinion=BROKEN)


def _only_form(to: Addresses) -> Page:
    return Page(FOUND, MISSING, menu=[_other(WIDGET, to.form())])


def _nothing(_: Addresses) -> Page:
    return Page(MISSING, MISSING)


def _shortener(to: Addresses) -> Page:
    return Page(
        OTHER_TARGET,
        FOUND,
        menu=[_other(PROBLEM, "https://clck.ru/3Vymysl"), _other(OPINION, to.surveys())],
    )


def _other_portal_page(to: Addresses) -> Page:
    page = "https://pos.gosuslugi.ru/landing/"
    return Page(OTHER_TARGET, FOUND, menu=[_other(PROBLEM, page), _other(OPINION, to.surveys())])


def _app_as_problem(to: Addresses) -> Page:
    menu = [(PROBLEM, "app", MINI_APP), _other(OPINION, to.surveys())]
    return Page(OTHER_TARGET, FOUND, FOUND, menu=menu)


def _away(to: Addresses) -> Page:
    wrapped = [f"https://vk.com/away.php?to={quote(url, safe='')}" for url in (to.form(), to.surveys())]
    return _pair(wrapped[0], wrapped[1])


def _action_button(to: Addresses) -> Page:
    return Page(menu=[_other(WIDGET, to.surveys())], button=(PROBLEM, to.form()))


def _in_links(to: Addresses) -> Page:
    return Page(links=[(WIDGET, to.form()), (WIDGET, to.surveys())])


def _foreign_ogrn(to: Addresses) -> Page:
    foreign = ogrn(1)
    return _pair(to.form(ogrn=foreign), to.surveys(ogrn=foreign), note="foreign_ogrn")


def _shared_opa_id(to: Addresses) -> Page:
    page = _correct(to)
    page.problem_note = "shared_opa_id"
    return page


def _no_menu(_: Addresses) -> Page:
    return Page(MISSING, MISSING, menu=None)


def _empty_menu(_: Addresses) -> Page:
    return Page(MISSING, MISSING)


SCENARIOS: dict[str, Callable[[Addresses], Page]] = {
    "correct": _correct,
    "mun_code": _mun_code,
    "utm_damaged": _utm_damaged,
    "id_padded": _id_padded,
    "misspelt_opald": _misspelt_opald,
    "misspelt_regcode": _misspelt_regcode,
    "misspelt_reg_code33": _misspelt_reg_code33,
    "broken_form": _broken_form,
    "broken_surveys": _broken_surveys,
    "only_form": _only_form,
    "nothing": _nothing,
    "shortener": _shortener,
    "other_portal_page": _other_portal_page,
    "app_as_problem": _app_as_problem,
    "away": _away,
    "action_button": _action_button,
    "in_links": _in_links,
    "foreign_ogrn": _foreign_ogrn,
    "shared_opa_id": _shared_opa_id,
    "no_menu": _no_menu,
    "empty_menu": _empty_menu,
}
BARE = ("no_menu", "empty_menu")  # nothing may be added to these


def page(scenario: str, app: str, to: Addresses) -> Page:
    """The links of a scenario with the institution's other menu items around them.

    Args:
        scenario: A key of `SCENARIOS`.
        app: `found`, `unknown_app` or `not_visible`.
        to: The right addresses.
    """
    made = SCENARIOS[scenario](to)
    if scenario in BARE or made.menu is None:
        return made
    if made.app != FOUND:
        made.app = (PASSED if app == "found" else CANNOT_TELL, app)
        if app == "found":
            made.menu.append(("Госуслуги", "app", MINI_APP))
        elif app == "unknown_app":
            made.menu.append(("Открыть приложение", "app", UNKNOWN_APP.format(group=to.group)))
    made.menu.append(("Фотоальбомы", "photo_album", f"https://vk.com/albums-{to.group}"))
    if to.group % 3 == 0:
        made.menu.append(("Вопросы и ответы", "discussion", f"https://vk.com/topic-{to.group}_{to.opa_id % 900 + 100}"))
    if to.group % 4 == 0:
        made.menu.append(("Наш учредитель", "group", "https://vk.com/club990000000"))
    return made


def menu_json(made: Page, group: int) -> dict[str, Any] | None:
    """`menu` as `groups.getById` gives it."""
    if made.menu is None:
        return None
    items = [
        {"id": 1000 + position, "title": title, "type": kind, "url": url, "cover": _cover(group, position)}
        for position, (title, kind, url) in enumerate(made.menu)
    ]
    return {"items": items}


def links_json(made: Page) -> list[dict[str, Any]]:
    """`links` as `groups.getById` gives them."""
    return [
        {"id": 500 + position, "name": title, "desc": "", "url": url}
        for position, (title, url) in enumerate(made.links)
    ]


def button_json(made: Page) -> dict[str, Any] | None:
    """`action_button` as `groups.getById` gives it."""
    if made.button is None:
        return None
    title, url = made.button
    target = {"is_internal": False, "url": url}
    return {"is_enabled": True, "action_type": "open_url", "title": title, "target": target}


def _cover(group: int, position: int) -> list[dict[str, Any]]:
    address = f"https://photo.sandbox.invalid/menu/{group}/{position}.jpg"
    return [{"url": address, "width": 376, "height": 256}]
