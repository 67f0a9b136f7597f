"""Addresses as people write them: one account, one key, or a reason why there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirovlib.platforms import vk_rows
from kirovlib.registry.addresses import Address, NoAddress, parse


@pytest.mark.parametrize(
    ("text", "platform", "key", "url"),
    [
        ("https://vk.com/club217439520", "vk", "217439520", "https://vk.com/club217439520"),
        ("https://vk.ru/Public12", "vk", "12", "https://vk.com/public12"),
        ("m.vk.com/event7", "vk", "7", "https://vk.com/event7"),
        ("https:/vk.com/amuroblgov", "vk", "amuroblgov", "https://vk.com/amuroblgov"),
        ("http//vk.com/x1", "vk", "x1", "https://vk.com/x1"),
        ("https://https://vk.com/school", "vk", "school", "https://vk.com/school"),
        ("https://vk.com/school_1;", "vk", "school_1", "https://vk.com/school_1"),
        ("https://vk.com/school_1,", "vk", "school_1", "https://vk.com/school_1"),
        ("https://vk.com/school_1/.", "vk", "school_1", "https://vk.com/school_1"),
        ("\u00a0https://vk.com/\u200bschool_1\ufeff ", "vk", "school_1", "https://vk.com/school_1"),
        ("https://vk.com/School.1?from=groups#top", "vk", "school.1", "https://vk.com/school.1"),
        ("https://vk.com/public_school_36", "vk", "public_school_36", "https://vk.com/public_school_36"),
        ("https://vk.com/public36_nsk", "vk", "public36_nsk", "https://vk.com/public36_nsk"),
        ("https://vk.com/wall-15_3", "vk", "15", "https://vk.com/club15"),
        ("@School", "vk", "school", "https://vk.com/school"),
        ("club5", "vk", "5", "https://vk.com/club5"),
        ("https://ok.ru/group/5312345", "ok", "5312345", "https://ok.ru/group/5312345"),
        ("ok.ru/kirov.news", "ok", "kirov.news", "https://ok.ru/kirov.news"),
        ("https://t.me/s/Kirov_News", "telegram", "kirov_news", "https://t.me/kirov_news"),
        ("https://telegram.me/kirov/15", "telegram", "kirov", "https://t.me/kirov"),
        ("https://max.ru/id2801_gos", "max", "id2801_gos", "https://max.ru/id2801_gos"),
        ("https://школа.рф/о-нас", "site", "школа.рф/о-нас", "https://школа.рф/о-нас"),
    ],
)
def test_every_spelling_of_an_address_is_one_account(text: str, platform: str, key: str, url: str) -> None:
    found = parse(text)
    assert isinstance(found, Address)
    assert (found.platform, found.key, found.url, found.note) == (platform, key, url, "")


@pytest.mark.parametrize("text", ["", " ", "0", "-", "—", "нет", "Нет.", "\u00a0", "отсутствует"])
def test_cells_that_say_none_are_blank(text: str) -> None:
    found = parse(text)
    assert isinstance(found, NoAddress)
    assert found.blank


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://vk.com/public", "оборван"),
        ("https://vk.com/", "оборван"),
        ("https://vk.com/club0", "не называет сообщества"),
        ("https://vk.com/id15", "личной страницы"),
        ("https://vk.com/школа", "невозможно"),
        ("https://ok.ru/profile/5", "личной страницы"),
        ("https://ok.ru/group", "оборван"),
        ("https://t.me/+abcdef", "закрытый канал"),
        ("https://t.me/s/", "оборван"),
        ("https://max.ru", "оборван"),
        ("в разработке", "не похоже на адрес"),
        ("г. Киров, ул.Ленина", "не похоже на адрес"),
    ],
)
def test_what_is_no_address_has_a_reason(text: str, words: str) -> None:
    found = parse(text)
    assert isinstance(found, NoAddress)
    assert words in found.reason
    assert not found.blank


def test_of_several_addresses_the_first_is_taken_and_the_rest_told() -> None:
    found = parse("ВК: https://vk.com/public ; https://vk.com/a1\nhttps://t.me/b1, https://vk.ru/A1")
    assert isinstance(found, Address)
    assert found.key == "a1"
    assert found.others == ("https://t.me/b1",)
    assert "https://t.me/b1" in found.note


_PIECES = [
    "https://",
    "https:/",
    "vk.com/",
    "ok.ru/",
    "t.me/",
    "max.ru",
    "public",
    "club",
    "7",
    ";",
    "@",
    "?",
    "\u200b",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from([*_PIECES, "а", " ", "/", "[", "]", "%"])).map("".join)))
def test_no_text_breaks_the_parser_and_what_it_gives_parses_to_itself(text: str) -> None:
    found = parse(text)
    if isinstance(found, NoAddress):
        assert found.reason
        return
    again = parse(found.url)
    assert isinstance(again, Address)
    assert (again.platform, again.key) == (found.platform, found.key)


def test_the_vk_client_asks_by_the_same_key() -> None:
    assert vk_rows.address_key("https:/vk.ru/Club15;") == "15"
    assert vk_rows.address_key("https://vk.com/Public_School") == "public_school"
