"""What a network's answers say of one account, held against what the register has."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kirovlib import tables
from kirovlib.platforms.base import Identity
from kirovlib.registry import addresses
from kirovlib.registry.check import plain_address

# What was found of an account, the most pressing first.
STATES = {
    "duplicate": "один и тот же номер у нескольких аккаунтов",
    "moved": "по адресу другое сообщество, чем записано",
    "dead": "удалён или заблокирован",
    "not_a_community": "по адресу не сообщество, а личная страница или приложение",
    "renamed": "адрес сменился: тот же номер, новое имя",
    "alive": "записан закрытым, а в сети открыт",
    "closed": "страница закрыта: записи видны только участникам",
    "unknown_address": "сеть такого адреса не знает (это не доказывает, что аккаунта нет)",
    "not_told": "сеть не сказала, что по адресу",
    "network_stopped": "сеть не ответила или нет ключа",
    "not_asked": "сеть не собирается, адрес не сверялся",
    "learnt": "номер узнан: можно вписать",
    "same": "в порядке",
}
_UNKNOWN = {
    "address_unknown": "unknown_address",
    "not_a_community": "not_a_community",
    "platform_not_supported": "not_asked",
}
_STATUS_OF_REASON = {"account_gone": "gone", "wall_closed": "closed"}
# What looks otherwise where the register says that the account was closed.
_IF_OPEN = frozenset({"dead", "closed", "renamed", "learnt", "same"})
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Account:
    """An account of the register.

    Attributes:
        institution: The institution's short name.
        learnt_id: The number that an earlier collection met, if any.
        closed_on: Local date in ISO form, or empty.
        is_closed: Whether that day has come.
    """

    account_id: str
    institution_id: str
    institution: str
    platform: str
    url: str
    platform_id: str = ""
    learnt_id: str = ""
    closed_on: str = ""
    is_closed: bool = False

    @property
    def number(self) -> str:
        """Whom the account is known to be, by the register or else by an earlier collection."""
        # Telegram's bots write the number of a channel with -100 before it.
        return re.sub(r"^-(100)?", "", self.platform_id) or self.learnt_id

    @property
    def address(self) -> addresses.Address | None:
        """The register's address, understood; none when it is no account's address."""
        parsed = addresses.parse(self.url)
        return parsed if isinstance(parsed, addresses.Address) else None

    @property
    def number_in_address(self) -> str:
        """The number that the address itself gives."""
        return self.address.platform_id if self.address else ""


@dataclass(frozen=True)
class Finding:
    """What came of an account.

    Attributes:
        state: A word of `STATES`.
        found: Who is at the address; who has the number, where nobody is at the address any more.
        recorded: Who has the number that the account is known by, where it was told.
        reason: A word of `tables.COVERAGE_REASONS` where something was not told.
    """

    state: str
    found: Identity
    recorded: Identity | None = None
    reason: str = ""


def trusted(said: Identity, account: Account) -> Identity:
    """An identity without what no network could mean: numbers are digits, addresses its own, names plain text."""
    url = addresses.parse(said.url)
    own = {account.platform, account.address.platform if account.address else account.platform}
    is_number = re.fullmatch(r"[0-9]{1,20}", said.platform_id)
    status = said.status if said.status in tables.PROFILE_STATUSES else "unknown"
    return replace(
        said,
        status=_STATUS_OF_REASON.get(said.reason, status) if status == "unknown" else status,
        platform_id=said.platform_id if is_number else "",
        url=url.url if isinstance(url, addresses.Address) and url.platform in own and not url.others else "",
        name=addresses.shortened(addresses.tidied(said.name), _LONGEST_NAME),
    )


def leads_to(account: Account, identity: Identity) -> bool:
    """Whether the address plainly names what was asked for by number, so that it need not be asked for itself."""
    if account.number_in_address:
        return account.number_in_address == account.number
    url = account.address.url if account.address else account.url
    return _is_of(identity, account) and plain_address(identity.url) == plain_address(url)


def judged(account: Account, by_number: Identity | None, at_address: Identity) -> Finding:
    """What the answers mean.

    Args:
        by_number: What was said of `account.number`, if there is one.
        at_address: What was said of the address alone.
    """
    recorded = by_number if by_number is not None and _is_of(by_number, account) else None
    there = at_address.platform_id or account.number_in_address
    state, found = "", at_address
    if at_address.reason == "address_moved" or (account.number and there not in {"", account.number}):
        state = "moved"
    elif at_address.status != "unknown":
        state = _state(account, at_address)
    elif recorded is not None and recorded.status == "gone":
        state, found = "dead", recorded
    elif recorded is not None and at_address.reason == "address_unknown" and recorded.url:
        # Only a free name proves that it was changed: one that is merely not explained may still lead there.
        state, found = "renamed", recorded
    else:
        state = _UNKNOWN.get(at_address.reason, "not_told")
    if account.is_closed and state in _IF_OPEN:
        state = "alive" if found.status == "live" else "same"
    return Finding(state, found, recorded, at_address.reason)


def _is_of(identity: Identity, account: Account) -> bool:
    """Whether something was told of the very number that the account is known by."""
    return identity.platform_id == account.number and identity.status != "unknown"


def _state(account: Account, found: Identity) -> str:
    if found.status != "live":
        return {"gone": "dead", "closed": "closed"}[found.status]
    if account.number and not found.platform_id:
        return "not_told"  # somebody is there, but nobody said that it is the recorded one
    return "learnt" if found.platform_id and not account.platform_id else "same"
