"""What the networks say about the register's addresses; the register itself is never written.

An account is asked for by its number (the register's, else the one that an earlier collection met), and by its address
where the number leaves open whom the address leads to. Only what both leave no doubt of is taken over, and only into
files elsewhere.

- `judging`: the answers about one account.
- `rows`: all of them as a table, with a proposal for each; duplicates.
- `files`: what is written for the analyst.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import NoReturn

import pandas as pd
from tqdm import tqdm

from kirovlib.errors import ParameterError
from kirovlib.lake import Lake
from kirovlib.platforms.base import Identity, NetworkStoppedError, Platform, Target
from kirovlib.platforms.networks import NETWORKS, connected
from kirovlib.reconcile.files import RECONCILE_CSV, check_folder, taken_over, write
from kirovlib.reconcile.judging import STATES, Account, Finding, judged, leads_to, trusted
from kirovlib.reconcile.rows import Reconciled, rows
from kirovlib.registry import Register, addresses
from kirovlib.russian import BAR_FORMAT
from kirovlib.settings import Settings
from kirovlib.weeks import local_date

__all__ = ["RECONCILE_CSV", "STATES", "Reconciled", "check_folder", "reconcile", "taken_over", "write"]

_BAR_SECONDS = 2
_GLANCE_SECONDS = 0.2  # how soon Ctrl-C is noticed


def reconcile(
    settings: Settings, register: Register, platforms: Collection[str] | None = None, *, progress: bool = True
) -> Reconciled:
    """Ask the networks who stands behind the register's accounts; nothing is written anywhere.

    A network that stops or lacks its token costs the others nothing: its accounts are `network_stopped`.

    Args:
        settings: Tokens, addresses and pace; the lake there tells the numbers that earlier collections met.
        register: As read, so with its corrections applied.
        platforms: Only accounts of these networks; default all.
        progress: Whether to draw a bar per network once it takes longer than two seconds.

    Raises:
        ParameterError: When the register has no account of one of the networks.
        LakeError: When the lake was written by a newer version.

    Example:
        >>> from kirovlib import registry
        >>> sample = registry.read(Path("data/sample/registry"))
        >>> reconcile(Settings(Path("data/sample")), sample, ["vk"]).nothing_came  # no token
        True
    """
    accounts = _accounts(settings, register, platforms)
    by_network: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        by_network[account.platform].append(account)
    stopping = threading.Event()
    with ExitStack() as stack:
        clients, refused = connected(settings, by_network, stopping, stack)
        findings, stopped = _ask_all(by_network, clients, stopping, progress=progress)
    stopped |= {name: NetworkStoppedError("no_token", error) for name, error in refused.items()}
    for account in accounts:
        findings.setdefault(account.account_id, _unasked(account, stopped.get(account.platform)))
    return Reconciled(
        rows(accounts, findings),
        _without_account(register),
        {name: error.cause for name, error in sorted(stopped.items())},
    )


def _unasked(account: Account, stopped: NetworkStoppedError | None) -> Finding:
    unknown = Identity(account.account_id, "unknown")
    if stopped is None:
        return Finding("not_asked", unknown, reason="platform_not_supported")
    return Finding("network_stopped", unknown, reason=stopped.reason)


def _accounts(settings: Settings, register: Register, platforms: Collection[str] | None) -> list[Account]:
    present = sorted(register.accounts["platform"].unique())
    absent = sorted(set(platforms or ()) - set(present))
    if absent:
        msg = f"В реестре нет аккаунтов сети: {', '.join(absent)}. Есть сети: {', '.join(present) or 'ни одной'}."
        raise ParameterError(msg)
    learnt = Lake(settings.lake_dir).platform_ids()
    names = dict(zip(register.institutions["institution_id"], _short_names(register.institutions), strict=True))
    today = local_date(settings.clock()).isoformat()
    chosen = register.accounts.sort_values("account_id")
    chosen = chosen[chosen["platform"].isin(platforms)] if platforms else chosen
    texts = chosen.assign(closed_on=chosen["closed_on"].dt.strftime("%Y-%m-%d"))
    columns = ["account_id", "institution_id", "platform", "url", "platform_id", "closed_on"]
    return [
        Account(
            account_id,
            institution_id,
            names.get(institution_id, ""),
            platform,
            url,
            platform_id,
            learnt.get(account_id, ""),
            closed_on,
            is_closed=bool(closed_on) and closed_on <= today,
        )
        for account_id, institution_id, platform, url, platform_id, closed_on in texts[columns]
        .astype("str")
        .fillna("")
        .itertuples(index=False)
    ]


def _short_names(institutions: pd.DataFrame) -> list[str]:
    return [addresses.tidied(name) for name in institutions["short_name"].fillna(institutions["name"])]


def _without_account(register: Register) -> pd.DataFrame:
    institutions = register.institutions.assign(institution=_short_names(register.institutions))
    having = institutions["institution_id"].isin(register.accounts["institution_id"])
    columns = ["institution_id", "institution", "kind", "status"]
    return institutions.loc[~having, columns].sort_values("institution_id", ignore_index=True)


def _ask_all(
    by_network: Mapping[str, Sequence[Account]],
    clients: Mapping[str, Platform],
    stopping: threading.Event,
    *,
    progress: bool,
) -> tuple[dict[str, Finding], dict[str, NetworkStoppedError]]:
    """Every network in a thread of its own; an error of one is raised only after the others are through."""
    findings: dict[str, Finding] = {}
    stopped: dict[str, NetworkStoppedError] = {}
    with ThreadPoolExecutor(max(1, len(clients))) as pool:
        futures = {
            name: pool.submit(_ask, client, by_network[name], _bar(name, len(by_network[name]), position, progress))
            for position, (name, client) in enumerate(sorted(clients.items()))
        }
        try:
            while wait(futures.values(), _GLANCE_SECONDS).not_done:
                continue
        except KeyboardInterrupt:
            stopping.set()
            raise
    for name, future in futures.items():
        found, error = future.result()
        findings |= found
        if error is not None:
            stopped[name] = error
    return findings, stopped


def _ask(
    client: Platform, accounts: Sequence[Account], bar: tqdm[NoReturn]
) -> tuple[dict[str, Finding], NetworkStoppedError | None]:
    """One network's findings, and why it was left early, if so: the accounts that were left have none."""
    findings: dict[str, Finding] = {}
    by_number: dict[str, Identity] = {}
    with bar:
        try:
            known = [account for account in accounts if account.number]
            targets = [Target(account.account_id, account.url, account.number) for account in known]
            for account, said in zip(known, client.identities(targets), strict=True):
                identity = by_number[account.account_id] = trusted(said, account)
                if leads_to(account, identity):
                    findings[account.account_id] = judged(account, identity, identity)
                    bar.update()
            rest = [account for account in accounts if account.account_id not in findings]
            targets = [Target(account.account_id, account.url) for account in rest]
            for account, said in zip(rest, client.identities(targets), strict=True):
                found = judged(account, by_number.get(account.account_id), trusted(said, account))
                findings[account.account_id] = found
                bar.update()
        except NetworkStoppedError as error:
            return findings, error
    return findings, None


def _bar(name: str, total: int, position: int, progress: bool) -> tqdm[NoReturn]:
    return tqdm(
        total=total,
        desc=f"{NETWORKS[name].title:<13}",
        position=position,
        bar_format=BAR_FORMAT,
        delay=_BAR_SECONDS,
        disable=not progress,
    )
