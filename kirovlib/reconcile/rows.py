"""Findings as a table with a proposal for each account; who claims the same number is known only here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from kirovlib import tables
from kirovlib.errors import AccessError
from kirovlib.platforms.base import Identity
from kirovlib.reconcile.judging import STATES, Account, Finding
from kirovlib.registry import addresses
from kirovlib.registry.check import plain_address

COLUMNS = {
    "account_id": "Ключ аккаунта",
    "institution_id": "Ключ учреждения",
    "institution": "Учреждение",
    "platform": "Сеть",
    "url": "Адрес в реестре",
    "platform_id": "Номер в реестре",
    "learnt_id": "Номер по прежнему сбору",
    "found_id": "Номер в сети",
    "found_url": "Адрес в сети",
    "found_name": "Название в сети",
    "status": "Состояние в сети",
    "state": "Итог",
    "proposal": "Что сделать",
}
_SHOWN_NAME = 60


@dataclass(frozen=True)
class Reconciled:
    """What the networks said.

    Attributes:
        rows: One row for each account, text columns `COLUMNS`, by account_id; state is a word of `STATES`, status of
            `tables.PROFILE_STATUSES`. Of an account whose address leads elsewhere `found_…` is who is there now.
        without_account: Institutions without any account: institution_id, institution, kind, status.
        stopped: Why a network was left early or could not be asked, by platform.
    """

    rows: pd.DataFrame
    without_account: pd.DataFrame
    stopped: Mapping[str, AccessError]

    @property
    def counts(self) -> dict[str, int]:
        """How many accounts each state has."""
        found = Counter(self.rows["state"])
        return {state: found[state] for state in STATES}

    @property
    def nothing_came(self) -> bool:
        """Whether networks were to be asked and none of them answered anything."""
        return bool(self.stopped) and bool(self.rows["state"].isin(("network_stopped", "not_asked")).all())


def rows(accounts: Sequence[Account], findings: Mapping[str, Finding]) -> pd.DataFrame:
    """A row for each account, in the order given.

    Args:
        findings: By account_id.
    """
    claimants: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account in accounts:
        for claimed in _claimed(account, findings[account.account_id]):
            claimants[account.platform, claimed].append(account.account_id)
    cells = []
    for account in accounts:
        finding = findings[account.account_id]
        claims = _claimed(account, finding) | {finding.found.platform_id}
        shared = {other for claimed in claims for other in claimants[account.platform, claimed]}
        others = sorted(shared - {account.account_id})
        if others and finding.state != "moved":
            finding = replace(finding, state="duplicate")
        cells.append(_row(account, finding, others))
    return pd.DataFrame(cells, columns=list(COLUMNS), dtype="str")


def _row(account: Account, finding: Finding, others: Sequence[str]) -> list[str | None]:
    found = finding.found
    values = (
        account.account_id,
        account.institution_id,
        account.institution,
        account.platform,
        account.url,
        account.platform_id,
        account.learnt_id,
        found.platform_id,
        found.url,
        found.name,
        found.status,
        finding.state,
        _proposal(account, finding, others),
    )
    return [value or None for value in values]


def _claimed(account: Account, finding: Finding) -> set[str]:
    """Whom the account is taken for: by the register, and by the network unless it contradicts the register."""
    found = finding.found
    by_network = "" if finding.state == "moved" else found.platform_id or plain_address(found.url)
    return {account.number if account.platform_id else "", by_network} - {""}


def _proposal(account: Account, finding: Finding, others: Sequence[str]) -> str:
    found = finding.found
    told = tables.COVERAGE_REASONS.get(finding.reason, finding.reason) if finding.reason else "сеть не назвала номера"
    number = f"вписать номер {found.platform_id}" if found.platform_id and not account.platform_id else ""
    listed, recorded = ", ".join(others), _recorded(account, finding)
    held = f", оно записано за {listed}" if others else ""
    by_state = {
        "duplicate": f"{_shared(account, found)} и у {listed}; оставьте один аккаунт или исправьте адреса",
        "moved": f"по адресу {_named(found)}{held}; {recorded}уточните у учреждения, что верно",
        "dead": "узнайте у учреждения, где аккаунт теперь; если его больше нет, впишите closed_on",
        "not_a_community": f"{recorded}узнайте у учреждения адрес сообщества",
        "renamed": "; ".join(filter(None, (f"вписать адрес {found.url}", number))),
        "alive": f"проверьте closed_on ({account.closed_on}): сеть показывает {_named(found)}",
        "closed": "; ".join(filter(None, ("попросите открыть страницу: закрытую не проверить", number))),
        "unknown_address": "откройте адрес в браузере; если он верен, впишите platform_id, если нет — исправьте url",
        "not_told": f"{told}; {recorded}повторите позже или откройте адрес в браузере",
        "network_stopped": f"{told}; повторите сверку",
        "not_asked": told,
        "learnt": number,
        "same": f"закрыт, как и записано ({account.closed_on})" if account.is_closed else "",
    }
    return by_state[finding.state]


def _shared(account: Account, found: Identity) -> str:
    number = found.platform_id or account.platform_id
    return f"номер {number}" if number else f"адрес {found.url}"


def _recorded(account: Account, finding: Finding) -> str:
    """What became of the number that the account is known by."""
    if not account.number:
        return ""
    number = f"{'записан' if account.platform_id else 'прежде встречен'} номер {account.number}"
    if finding.recorded is None:
        return f"{number}; "
    if finding.recorded.status == "gone":
        return f"{number}, он удалён или заблокирован; "
    return f"{number}, это {_named(finding.recorded)}; "


def _named(found: Identity) -> str:
    name = f"«{addresses.shortened(found.name, _SHOWN_NAME)}»" if found.name else "сообщество"
    told = ", ".join(filter(None, (f"номер {found.platform_id}" if found.platform_id else "", found.url)))
    return f"{name} ({told})" if told else name
