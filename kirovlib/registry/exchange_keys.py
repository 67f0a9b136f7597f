"""«Ключи страниц»: the keys and dates of a row's accounts, in a column of our own beside the exchange layout.

The layout knows one page of VK and no key; without them an account would come back under another key, and everything
collected of it would be lost to the judgement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

_KEY = re.compile(r"([a-z]{1,20}):([^\s;()]{1,200})(?: \(([^;()]{0,100})\))?")
_NUMBER = re.compile(r"№ ([\w-]{1,40})", re.ASCII)
_DAY = "{word} (\\d\\d\\.\\d\\d\\.\\d{{4}})"
_FLAG = re.compile(r"Госпаблики (да|нет)")
_DAYS = {"opened_on": re.compile(_DAY.format(word="создан")), "closed_on": re.compile(_DAY.format(word="закрыт")),
         "gospabliki_on": re.compile(_DAY.format(word="на"))}  # fmt: skip


class Key(NamedTuple):
    """What the register says of an account besides its address; dates in ISO form, empty where not known."""

    account_id: str
    platform_id: str = ""
    opened_on: str = ""
    closed_on: str = ""
    gospabliki_connected: bool | None = None
    gospabliki_on: str = ""

    @property
    def platform(self) -> str:
        """The network's word."""
        return self.account_id.partition(":")[0]


def shown(accounts: Iterable[Mapping[str, Any]]) -> str:
    """Keys of accounts in a cell.

    Args:
        accounts: Rows of the table Accounts, None where blank.

    Example:
        >>> blank = dict.fromkeys(("closed_on", "gospabliki_connected", "gospabliki_on"))
        >>> shown([blank | {"account_id": "vk:a", "platform_id": "55", "opened_on": date(2022, 3, 7)}])
        'vk:a (№ 55, создан 07.03.2022)'
    """
    return "; ".join(_shown(account) for account in accounts)


def parse(cell: str) -> list[Key]:
    """The keys of a cell; what is no key is left out.

    Example:
        >>> parse("vk:a (№ 55, создан 07.03.2022); ok:7")[0].opened_on
        '2022-03-07'
    """
    found = [_KEY.fullmatch(part.strip()) for part in cell.split(";")]
    return [_key(match) for match in found if match]


def _shown(account: Mapping[str, Any]) -> str:
    told = [f"№ {account['platform_id']}"] if account["platform_id"] else []
    for name, word in (("opened_on", "создан"), ("closed_on", "закрыт")):
        told += [f"{word} {account[name]:%d.%m.%Y}"] if account[name] is not None else []
    if account["gospabliki_connected"] is not None:
        since = "" if account["gospabliki_on"] is None else f" на {account['gospabliki_on']:%d.%m.%Y}"
        told.append(f"Госпаблики {'да' if account['gospabliki_connected'] else 'нет'}{since}")
    return str(account["account_id"]) + (f" ({', '.join(told)})" if told else "")


def _key(match: re.Match[str]) -> Key:
    rest = match[3] or ""
    number = _NUMBER.search(rest)
    days = {name: _iso(pattern.search(rest)) for name, pattern in _DAYS.items()}
    flag = _FLAG.search(rest)
    connected = flag[1] == "да" if flag else None
    return Key(f"{match[1]}:{match[2]}", number[1] if number else "", gospabliki_connected=connected, **days)


def _iso(match: re.Match[str] | None) -> str:
    return iso_date(match[1]) if match else ""


def iso_date(text: str) -> str:
    """A date of a cell (`01.02.2024`, `2024-02-01`) in ISO form, empty where it is none."""
    for form in ("%d.%m.%Y", "%Y-%m-%d"):
        try:
            day: date = datetime.strptime(text, form).date()  # noqa: DTZ007 - a date without a time
        except ValueError:
            continue
        return day.isoformat()
    return ""
