"""The pages of a row in the exchange layout: addresses understood, each given to one row, under its key."""

from __future__ import annotations

import re
from typing import Any

from kirovlib.registry import addresses, exchange_keys
from kirovlib.registry.exchange_case import Case, Page
from kirovlib.registry.imported import Duplicate
from kirovlib.registry.rows import FALSE, TRUE

YES, NO = TRUE | {"подключено", "подключен", "+", "yes"}, FALSE | {"не подключено", "не подключен", "no"}
FURTHER = ("ok_addresses", "telegram_addresses", "other_addresses")


def find(case: Case) -> None:
    """Fill in a row's pages."""
    _find_main(case)
    for name in FURTHER:
        parsed = addresses.parse(case.cells[name])
        if isinstance(parsed, addresses.Address):
            urls = (parsed.url, *parsed.others)
            found = [one for one in map(addresses.parse, urls) if isinstance(one, addresses.Address)]
            case.pages += [Page(one, one.platform_id) for one in found]
        elif not parsed.blank:
            case.say("address_not_usable", f"«{addresses.shortened(case.cells[name])}»: {parsed.reason}")
    _name(case)


def give(cases: list[Case], source: str) -> list[Duplicate]:
    """Each address to one row; an account is known by its short name and by its number."""
    duplicates, owner, taken = [], dict[tuple[str, str], int](), set[str]()
    claims = [(case, page, number) for case in cases for number, page in enumerate(case.pages)]
    for case, page, _ in sorted(claims, key=lambda claim: (*_rank(claim[0]), claim[0].row, claim[2])):
        address = page.address
        # A network's names are no numbers: `vk.com/123` is no address. So one key serves both.
        keys = [(address.platform, key) for key in dict.fromkeys((address.key, page.platform_id)) if key]
        first = next((owner[key] for key in keys if key in owner), None)
        for key in keys:
            owner.setdefault(key, case.row if first is None else first)
        if first is None:
            case.accounts.append(_account(case, page, taken, source))
            taken.add(str(case.accounts[-1]["account_id"]))
        elif first != case.row:
            text = f"аккаунт {address.url} записан за строкой {first}; здесь учреждение осталось без него"
            case.say("account_of_another_row", text)
            duplicates.append(Duplicate("account", address.url, first, case.row))
    return duplicates


def _rank(case: Case) -> tuple[bool, bool]:
    return (bool(case.closing), bool(case.cells["act"]))


def _find_main(case: Case) -> None:
    text, number = case.cells["address"], _number(case)
    parsed = addresses.parse(text)
    if isinstance(parsed, addresses.NoAddress):
        if not parsed.blank:
            case.say("address_not_usable", f"«{addresses.shortened(text)}»: {parsed.reason}")
        if number and (case.cells["act"] or case.closing):
            case.say("id_without_account", f"ID госпаблика {number} без адреса не перенесён")
        elif number:
            case.say("address_from_id", f"адреса нет, взято сообщество с ID госпаблика {number}")
            made = addresses.Address("vk", number, number, f"https://vk.com/club{number}")
            case.pages.append(Page(made, number))
        return
    page = Page(parsed, parsed.platform_id)
    case.pages.append(page)
    if parsed.note:
        case.say("several_addresses", parsed.note)
    if parsed.platform != "vk":
        case.say("other_network", f"в столбце VK адрес другой сети ({parsed.platform}); записан как {parsed.url}")
    elif parsed.platform_id and number and parsed.platform_id != number:
        case.say("id_contradicts_address", f"ID госпаблика {number}, а в адресе {parsed.platform_id}; взят адрес")
    elif number:
        page.platform_id = number


def _number(case: Case) -> str:
    """«ID госпаблика» as VK's number, or empty; 0 and 1 stand for «no» and «yes» there."""
    number = re.sub(r"\s", "", case.cells["platform_id"])
    if addresses.is_nothing(number) or number == "1":
        return ""
    if not re.fullmatch(r"-?[0-9]{2,15}", number):
        case.say("id_not_understood", f"ID госпаблика «{addresses.shortened(number)}» не номер сообщества VK")
        return ""
    return number.lstrip("-0")


def _name(case: Case) -> None:
    """Give the pages the keys that the row names: network by network, in order, where they are as many."""
    keys = exchange_keys.parse(case.cells["account_keys"])
    for platform in dict.fromkeys(key.platform for key in keys):
        told = [key for key in keys if key.platform == platform]
        places = [place for place, page in enumerate(case.pages) if page.address.platform == platform]
        if len(told) != len(places):
            text = f"«Ключи страниц»: ключей сети {platform} {len(told)}, страниц {len(places)}; ключи не взяты"
            case.say("keys_do_not_fit", text)
            continue
        for key, place in zip(told, places, strict=True):
            page = case.pages[place]
            page.key = key
            if not page.platform_id and (platform != "vk" or key.platform_id.isdigit()):
                page.platform_id = key.platform_id


def _account(case: Case, page: Page, taken: set[str], source: str) -> dict[str, Any]:
    address, key = page.address, page.key or exchange_keys.Key("")
    if key.account_id in taken:
        case.say("keys_do_not_fit", f"«Ключи страниц»: {key.account_id} уже есть в другой строке; ключ не взят")
    is_free = key.account_id and key.account_id not in taken
    flag = case.cells["gospabliki"].casefold() if page is case.pages[0] and address.platform == "vk" else ""
    connected = True if flag in YES else False if flag in NO else key.gospabliki_connected
    return {
        "account_id": key.account_id if is_free else f"{address.platform}:{page.platform_id or address.key}",
        "platform_id": page.platform_id,
        "institution_id": case.institution_id,
        "platform": address.platform,
        "url": address.url,
        "opened_on": key.opened_on,
        "closed_on": key.closed_on,
        "gospabliki_connected": connected,
        "gospabliki_on": key.gospabliki_on if connected == key.gospabliki_connected else "",
        "gospabliki_source": source if connected is not None else "",
    }
