"""What a page contains: each item on each network is there, surely absent, or not to be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_lake import Small, write_order

from kirovlib import tables
from kirovlib.order import checks, clauses
from kirovlib.order.checks import Page
from kirovlib.order.clauses import ITEMS
from kirovlib.order.contents import has_item

LINK = '[{"title":"Сайт","type":"","url":"https://example.org/"}]'
Cells = dict[str, Any]

# By network and item: cells with the item, then cells that were returned without it, if those can prove its absence.
THERE: dict[tuple[str, str], Cells] = {
    **{(network, "название"): {"name": "Школа"} for network in tables.PLATFORMS},
    **{(network, "аватар"): {"has_avatar": True} for network in tables.PLATFORMS},
    **{(network, "описание"): {"description": "О школе"} for network in tables.PLATFORMS},
    **{(network, "обложка"): {"has_cover": True} for network in ("vk", "ok")},
    ("vk", "телефон"): {"phone": "+7 (8332) 12-34-56"},
    ("ok", "телефон"): {"phone": "8 800 555-35-35"},
    ("telegram", "телефон"): {"description": "Приёмная: 12-34-56"},
    ("vk", "почта"): {"site": "pochta@example.org"},
    ("ok", "почта"): {"description": "pochta@example.org"},
    ("telegram", "почта"): {"description": "Пишите: школа-1@пример.рф"},
    ("vk", "адрес"): {"address": "ул. Ленина, 1"},
    ("ok", "адрес"): {"address": "ул. Ленина, 1"},
    ("vk", "сайт"): {"site": "пример.рф"},
    ("ok", "сайт"): {"site": "https://example.org"},
    ("telegram", "сайт"): {"description": "Наш сайт example.org"},
}
ABSENT: dict[tuple[str, str], Cells] = {
    **{(network, "название"): {"name": " "} for network in tables.PLATFORMS},
    **{(network, "аватар"): {"has_avatar": False} for network in tables.PLATFORMS},
    **{(network, "описание"): {"description": "\n"} for network in tables.PLATFORMS},
    **{(network, "обложка"): {"has_cover": False} for network in ("vk", "ok")},
    ("ok", "телефон"): {"phone": "", "description": "О школе"},
    ("telegram", "телефон"): {"description": "О школе"},
    ("telegram", "почта"): {"description": "О школе"},
    ("vk", "сайт"): {"site": "", "description": "О школе", "links": "[]"},
    ("ok", "сайт"): {"site": "", "description": "О школе"},
    ("telegram", "сайт"): {"description": "О школе", "links": "[]"},
}
NO_PLACE = [("telegram", "обложка")]
EVERYWHERE = [(network, item) for network in tables.PLATFORMS for item in ITEMS if (network, item) not in NO_PLACE]
BLANK: Cells = dict.fromkeys(tables.columns(tables.ProfileSnapshots))
EMPTY: Cells = {
    "name": "", "description": "", "has_avatar": False, "has_cover": False, "phone": "", "email": "", "address": "",
    "site": "", "links": "[]", "menu": "[]", "action_button": "[]",
}  # fmt: skip


@pytest.mark.parametrize(("place", "cells"), THERE.items(), ids=str)
def test_an_item_is_there_when_one_of_its_places_shows_it(place: tuple[str, str], cells: Cells) -> None:
    assert has_item(*place, BLANK | cells) is True
    assert has_item(*place, EMPTY | cells) is True


@pytest.mark.parametrize(("place", "cells"), ABSENT.items(), ids=str)
def test_an_item_is_surely_absent_when_all_it_could_stand_in_was_returned_without_it(
    place: tuple[str, str], cells: Cells
) -> None:
    assert has_item(*place, BLANK | cells) is False


@pytest.mark.parametrize("place", EVERYWHERE, ids=str)
def test_what_the_network_did_not_return_is_no_absence(place: tuple[str, str]) -> None:
    assert has_item(*place, BLANK) is None
    assert has_item(*place, {}) is None


@pytest.mark.parametrize(
    ("place", "cell"),
    [(place, cell) for place, cells in ABSENT.items() for cell in cells if len(cells) > 1 and cell != "links"],
    ids=str,
)
def test_an_item_with_several_places_is_not_absent_while_one_of_them_was_not_returned(
    place: tuple[str, str], cell: str
) -> None:
    assert has_item(*place, BLANK | ABSENT[place] | {cell: None}) is None


@pytest.mark.parametrize("place", sorted(set(EVERYWHERE) - set(ABSENT)), ids=str)
def test_an_item_that_the_network_shows_elsewhere_too_is_never_surely_absent(place: tuple[str, str]) -> None:
    assert has_item(*place, EMPTY) is None


def test_vk_never_says_that_a_phone_mail_or_address_is_absent_since_contacts_are_not_stored() -> None:
    assert {item for item in ITEMS if has_item("vk", item, EMPTY) is None} == {"телефон", "почта", "адрес"}


@pytest.mark.parametrize("place", NO_PLACE, ids=str)
def test_a_network_without_a_place_for_an_item_is_not_asked_for_it(place: tuple[str, str]) -> None:
    assert has_item(*place, EMPTY) is True


def test_a_link_beside_the_description_is_a_site() -> None:
    for network in ("vk", "telegram"):
        assert has_item(network, "сайт", EMPTY | {"links": LINK}) is True
    assert has_item("ok", "сайт", EMPTY | {"links": LINK}) is False


@pytest.mark.parametrize(
    "text",
    ["+7 (8332) 12-34-56", "+7(8332)12-34-56", "+78332123456", "8 (8332) 12 34 56", "8-800-555-35-35", "88005553535",
     "8 (83361) 2-12-34", "+7 912 345-67-89", "(8332) 64-12-34", "12-34-56", "2-12-34", "тел.:12-34-56, доб. 5",
     "+7\u00a08332\u00a012-34-56"],
)  # fmt: skip
def test_a_phone_is_known_in_the_ways_it_is_written(text: str) -> None:
    assert has_item("telegram", "телефон", {"description": f"Приёмная {text}, с понедельника"}) is True


@pytest.mark.parametrize(
    "text",
    ["ОГРН 1022800520060", "ИНН 4345123456, КПП 434501001", "ОКПО 12345678", "15.05.2024", "2024-05-15", "15-05-2024",
     "с 8 до 17 часов", "8:00–17:00", "8.00-17.00", "8-17", "с 8 мая 2024 года", "610019, г. Киров", "дом 8, корпус 2",
     "основана в 1928 году", "р/с 03224643330000004000", "№ 131-24", "8 кабинет"],
)  # fmt: skip
def test_dates_hours_and_other_numbers_are_no_phones(text: str) -> None:
    # Numbers may hide a phone nobody thought of; a house or a room does not.
    wanted = False if text in {"дом 8, корпус 2", "8 кабинет"} else None
    assert has_item("telegram", "телефон", {"description": f"Школа, {text}."}) is wanted


@pytest.mark.parametrize(
    "text", ["+7 (8332) 12–34–56", "+7 (8332) 12\u201134\u201156", "12–34–56", "8.800.555.35.35", "+7 (8332) 12.34.56"]
)
def test_a_phone_written_with_another_dash_or_points_accuses_nobody_of_having_none(text: str) -> None:
    assert has_item("telegram", "телефон", {"description": f"Приёмная {text}"}) is True


@pytest.mark.parametrize(("item", "column", "text"), [("телефон", "phone", "64 12 34"), ("сайт", "site", "школа.дети")])
def test_a_field_of_its_own_that_is_filled_accuses_nobody(item: str, column: str, text: str) -> None:
    assert has_item("ok", item, EMPTY | {column: text}) is not False


def test_hours_with_hyphens_are_no_phone() -> None:
    assert has_item("telegram", "телефон", {"description": "Часы работы 9-00-18-00"}) is None


@pytest.mark.parametrize("text", ["pochta@example.org", "a.b+c-d@mail.example.ru", "школа@пример.рф"])
def test_a_mail_address_is_known(text: str) -> None:
    assert has_item("telegram", "почта", {"description": f"Пишите на {text}."}) is True


@pytest.mark.parametrize("text", ["@kanal", "@kanal.ru", "t.me/kanal", "a @ b.ru", "почта есть"])
def test_a_name_of_an_account_is_no_mail_address(text: str) -> None:
    wanted = None if "@" in text or "почта" in text else False
    assert has_item("telegram", "почта", {"description": f"Наш канал {text}"}) is wanted


@pytest.mark.parametrize(
    "text", ["https://пример.онлайн", "HTTP://EXAMPLE.ORG", "example.ru", "школа-1.рф", "www.example.com", "Kirov.RU/x"]
)
def test_a_site_is_known_with_or_without_its_scheme(text: str) -> None:
    assert has_item("telegram", "сайт", {"description": f"Сайт {text}, заходите"}) is True


@pytest.mark.parametrize("text", ["т.е.", "и т.д.", "ул. Ленина, д.1", "им.А.С. Пушкина", "г.Киров", "10.30", "a.b"])
def test_abbreviations_are_no_site(text: str) -> None:
    assert has_item("telegram", "сайт", {"description": f"Школа, {text} у реки", "links": "[]"}) is None


def test_a_mail_address_is_no_site() -> None:
    assert has_item("telegram", "сайт", {"description": "pochta@example.ru", "links": "[]"}) is None


@pytest.mark.parametrize("network", ["vk", "telegram"])
def test_a_site_is_not_absent_while_the_links_were_not_returned(network: str) -> None:
    assert has_item(network, "сайт", EMPTY | {"links": None}) is None


# --- the clause


def told(items: list[str], cells: Cells, platform: str = "vk") -> tuple[str, str, str]:
    outcome = checks.required_contents(Page(platform=platform, snapshot=BLANK | cells), {"items": items})
    return outcome.verdict, outcome.reason, outcome.measured


def test_a_page_with_all_items_passes_and_says_them() -> None:
    cells = {"name": "Школа", "has_avatar": True}
    assert told(["название", "аватар"], cells) == ("passed", "contents_complete", "есть: название, аватар")


def test_a_page_that_surely_lacks_an_item_fails_though_others_are_unknown() -> None:
    found = told(["название", "аватар", "адрес"], {"name": "Школа", "has_avatar": False})
    assert found == ("failed", "contents_missing", "нет: аватар; сеть не показала: адрес")


def test_a_page_of_which_an_item_is_not_known_cannot_be_told() -> None:
    assert told(["название", "почта"], {"name": "Школа"}) == (
        "cannot_tell", "contents_not_answered", "сеть не показала: почта",
    )  # fmt: skip


def test_without_a_list_nothing_is_tested() -> None:
    assert told([], EMPTY)[:2] == ("untested", "list_not_provided")


def test_an_order_with_a_list_judges_the_pages_of_each_network(tmp_path: Path) -> None:
    small = Small(tmp_path)
    (tmp_path / "order").mkdir()
    text = clauses.CLAUSES_TOML.read_text(encoding="utf-8")
    write_order(tmp_path, text.replace("items = []", 'items = ["название", "описание", "телефон"]'))
    small.covered()
    pages = {"vk:a": "", "ok:1": "", "telegram:t": "", "vk:silent": None, "ok:full": "Тел. 12-34-56"}
    for account, description in pages.items():
        small.account(account)
        cells = {} if description is None else {"phone": ""}
        small.snapshot(None, account=account, name="Школа", description=description, **cells)
    found = {row["account_id"]: (row["verdict"], row["measured"]) for row in small.rows("required_contents")}
    assert found == {
        "vk:a": ("failed", "нет: описание; сеть не показала: телефон"),
        "ok:1": ("failed", "нет: описание, телефон"),
        "telegram:t": ("failed", "нет: описание, телефон"),
        "vk:silent": ("cannot_tell", "сеть не показала: описание, телефон"),
        "ok:full": ("passed", "есть: название, описание, телефон"),
    }
    repairs = {row["account_id"]: row["repair"] for row in small.rows("required_contents")}
    assert repairs["ok:1"] == "Добавьте на страницу: описание, телефон."


@pytest.mark.parametrize(
    ("item", "text"),
    [("телефон", "Тел.: 22456"), ("телефон", "64-1234"), ("телефон", "Приёмная 2 12 34"), ("сайт", "kirov.shop"),
     ("сайт", "WWW.SCHOOL.TATAR"), ("почта", "school1 @ mail.ru"), ("почта", "имя (собака) почта")],
)  # fmt: skip
def test_what_may_be_the_item_is_never_surely_absent(item: str, text: str) -> None:
    assert has_item("telegram", item, {"description": text, "links": "[]"}) is not False


@pytest.mark.parametrize("item", ["телефон", "сайт", "почта"])
def test_a_description_without_anything_like_it_surely_lacks_the_item(item: str) -> None:
    assert has_item("telegram", item, {"description": "Школа у реки", "links": "[]"}) is False
