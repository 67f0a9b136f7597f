"""Two registers compared: who came, went, was renamed, moved, got a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pandas as pd

from kirovlib.registry.check import plain_address
from kirovlib.registry.layout import Register

CHANGES = ("came", "went", "renamed", "moved", "numbered")


class Change(NamedTuple):
    """A row of the comparison; `what` is institution or account, after a dot the column that changed."""

    change: str
    what: str
    key: str
    before: str | None
    after: str | None


_Rows = dict[str, dict[str, str | None]]


def compare(old: Register, new: Register) -> pd.DataFrame:
    """What changed between two registers.

    An institution with the same ОГРН, or an account with the same network and number, under another key is renamed:
    it neither came nor went, and its key is the old one. Addresses that differ only in scheme, mobile host,
    parameters or case are the same.

    Returns:
        Text columns change (came, went, renamed, moved, numbered), what, key, before, after; by change, what and key.

    Example:
        >>> sample = read(Path("data/sample/registry"))
        >>> compare(sample, sample).empty
        True
    """
    institutions = _rows(old.institutions, "institution_id"), _rows(new.institutions, "institution_id")
    accounts = _rows(old.accounts, "account_id"), _rows(new.accounts, "account_id")
    rekeyed_institutions = _rekeyed(*institutions, lambda values: values["ogrn"])
    rekeyed_accounts = _rekeyed(
        *accounts, lambda values: values["platform_id"] and f"{values['platform']}:{values['platform_id']}"
    )
    changes = [
        *_came_and_went("institution", *institutions, rekeyed_institutions, "name"),
        *_came_and_went("account", *accounts, rekeyed_accounts, "url"),
        *_institution_changes(*institutions, rekeyed_institutions),
        *_account_changes(*accounts, rekeyed_accounts, rekeyed_institutions),
    ]
    changes.sort(key=lambda change: (CHANGES.index(change.change), change.what, change.key))
    return pd.DataFrame(changes, columns=list(Change._fields), dtype="str")


def _rows(frame: pd.DataFrame, key: str) -> _Rows:
    texts = frame.astype("object").where(frame.notna(), None)
    return {
        str(values[key]): {str(name): value for name, value in values.items()} for values in texts.to_dict("records")
    }


def _rekeyed(old: _Rows, new: _Rows, identity: Callable[[dict[str, str | None]], str | None]) -> dict[str, str]:
    """Old keys with their new ones, where an identity that one row has on either side stands under another key."""
    before, after = _only(old, identity), _only(new, identity)
    return {key: after[same] for same, key in before.items() if same in after and after[same] != key}


def _only(rows: _Rows, identity: Callable[[dict[str, str | None]], str | None]) -> dict[str, str]:
    keys: dict[str, list[str]] = {}
    for key, values in rows.items():
        same = identity(values)
        if same:
            keys.setdefault(same, []).append(key)
    return {same: found[0] for same, found in keys.items() if len(found) == 1}


def _came_and_went(what: str, old: _Rows, new: _Rows, rekeyed: dict[str, str], shown: str) -> Iterator[Change]:
    for key in new.keys() - old.keys() - set(rekeyed.values()):
        yield Change("came", what, key, None, new[key][shown])
    for key in old.keys() - new.keys() - rekeyed.keys():
        yield Change("went", what, key, old[key][shown], None)


def _pairs(
    old: _Rows, new: _Rows, rekeyed: dict[str, str]
) -> Iterator[tuple[str, str, dict[str, str | None], dict[str, str | None]]]:
    for key, before in old.items():
        now = rekeyed.get(key, key)
        if now in new and (key in rekeyed or now not in rekeyed.values()):
            yield key, now, before, new[now]


def _institution_changes(old: _Rows, new: _Rows, rekeyed: dict[str, str]) -> Iterator[Change]:
    for key, now, before, after in _pairs(old, new, rekeyed):
        if now != key:
            yield Change("renamed", "institution.institution_id", key, key, now)
        if before["name"] != after["name"]:
            yield Change("renamed", "institution.name", key, before["name"], after["name"])
        if before["kind"] != after["kind"]:
            yield Change("moved", "institution.kind", key, before["kind"], after["kind"])
        if _under_new_key(before["founder_id"], rekeyed) != after["founder_id"]:
            yield Change("moved", "institution.founder_id", key, before["founder_id"], after["founder_id"])


def _account_changes(
    old: _Rows, new: _Rows, rekeyed: dict[str, str], rekeyed_institutions: dict[str, str]
) -> Iterator[Change]:
    for key, now, before, after in _pairs(old, new, rekeyed):
        if now != key:
            yield Change("renamed", "account.account_id", key, key, now)
        if plain_address(before["url"] or "") != plain_address(after["url"] or ""):
            yield Change("renamed", "account.url", key, before["url"], after["url"])
        if before["platform_id"] != after["platform_id"]:
            change = "moved" if before["platform_id"] else "numbered"
            yield Change(change, "account.platform_id", key, before["platform_id"], after["platform_id"])
        if _under_new_key(before["institution_id"], rekeyed_institutions) != after["institution_id"]:
            yield Change("moved", "account.institution_id", key, before["institution_id"], after["institution_id"])


def _under_new_key(key: str | None, rekeyed: dict[str, str]) -> str | None:
    return rekeyed.get(key, key) if key is not None else None
