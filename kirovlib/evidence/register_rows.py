"""What the registers say of an account and its institution: the ground of findings that no network decides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from kirovlib.order.facts import Facts
from kirovlib.registry import ACCOUNTS_CSV, INSTITUTIONS_CSV
from kirovlib.registry.side import ACKNOWLEDGEMENTS_CSV, DECISIONS_CSV, EXEMPTIONS_CSV, MANUAL_CHECKS_CSV


class RegisterCell(NamedTuple):
    """A filled cell of a register.

    Attributes:
        file: The register's file.
        sha256: Of that file as it is now.
        record: Which of the file's rows that concern the account it is in, from 1.
    """

    file: str
    sha256: str
    record: int
    column: str
    value: str


def register_cells(folder: Path, facts: Facts, account: Mapping[str, str]) -> tuple[RegisterCell, ...]:
    """The filled cells of all rows that name an account or its institution, corrected ones as they were judged.

    Args:
        folder: The register's folder.
        facts: What was judged.
        account: The account's row.
    """
    register, side = facts.register, facts.side
    found = {
        INSTITUTIONS_CSV: register.institutions,
        ACCOUNTS_CSV: register.accounts[register.accounts["account_id"] == account["account_id"]],
        EXEMPTIONS_CSV: side.exemptions,
        DECISIONS_CSV: side.decisions,
        ACKNOWLEDGEMENTS_CSV: side.acknowledgements,
        MANUAL_CHECKS_CSV: side.manual_checks,
    }
    cells = []
    for name, table in found.items():
        rows = table[_concerns(table, account)]
        sha256 = hashlib.sha256((folder / name).read_bytes()).hexdigest() if len(rows) else ""
        for record, row in enumerate(rows.to_dict("records"), 1):
            cells += [
                RegisterCell(name, sha256, record, str(column), _text(value))
                for column, value in row.items()
                if not pd.isna(value)
            ]
    return tuple(cells)


def _concerns(table: pd.DataFrame, account: Mapping[str, str]) -> pd.Series:
    mine = pd.Series(data=False, index=table.index)
    for column in ("institution_id", "account_id"):
        if column in table:
            mine |= (table[column] == account[column]).fillna(value=False).astype(bool)
    return mine


def _text(value: Any) -> str:
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}"
    if isinstance(value, bool):
        return "да" if value else "нет"
    return str(value)
