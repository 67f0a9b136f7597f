"""What an import of a register gives: the register, where every row went, and what needs an eye."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib.registry import layout
from kirovlib.registry.sheets import Remark
from kirovlib.registry.side import EXEMPTIONS_CSV

GROUPS = {
    "account": "с аккаунтом",
    "exempt": "не ведут на основании акта",
    "closed_body": "закрыты или закрываются",
    "without_account": "без аккаунта",
    "rejected": "не приняты",
}
REMARKS = {
    "address_and_exemption": "и адрес, и акт о неведении",
    "not_an_act": "в столбце акта не акт",
    "act_mentions_closing": "акт упоминает закрытие",
    "closed_with_address": "закрытое учреждение с адресом",
    "other_network": "адрес другой сети",
    "several_addresses": "несколько адресов в ячейке",
    "address_not_usable": "адрес не годится",
    "address_from_id": "адреса нет, взят «ID госпаблика»",
    "id_contradicts_address": "ID противоречит адресу",
    "id_without_account": "ID есть, аккаунта нет",
    "id_not_understood": "ID не понят",
    "flag_not_understood": "«да/нет» не понято",
    "account_of_another_row": "аккаунт записан за другой строкой",
    "keys_do_not_fit": "ключи не подходят",
    "repeated_ogrn": "ОГРН повторён",
    "without_ogrn": "нет ОГРН",
    "column_twice": "значения в одинаковых столбцах различны",
    "extra_cells": "ячейки правее заголовков",
    "error_value": "ошибка Excel вместо значения",
    "founder_ambiguous": "учредитель подходит к нескольким строкам",
    "formula": "формула",
    "formula_without_value": "формула без значения",
    "merged_cells": "объединённые ячейки",
    "above_header": "строки над заголовком",
    "unused_columns": "столбцы не перенесены",
    "other_sheets": "другие листы не прочитаны",
    "missing_columns": "нет столбцов",
}


@dataclass(frozen=True)
class Placed:
    """Where a row of the spreadsheet went.

    Attributes:
        row: As the spreadsheet numbers it.
        group: One of `GROUPS`.
        reason: Why, where it is not plain; else empty.
        institution_id: Its key in the register; empty when rejected.
        account_id: Its account's key; empty when it got none.
    """

    row: int
    group: str
    reason: str = ""
    institution_id: str = ""
    account_id: str = ""


@dataclass(frozen=True)
class Duplicate:
    """A value that two rows share: `what` is account or ogrn; `kept_row` keeps it, `row` does not."""

    what: str
    value: str
    kept_row: int
    row: int


@dataclass(frozen=True)
class UnknownKind:
    """A pair of «Уровень» and «Учредитель» that no rule of the kinds knows, with its rows."""

    level: str
    founder: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Imported:
    """An imported register.

    Attributes:
        source: The file's name.
        register: Institutions (founders among them) and accounts.
        exemptions: Table Exemptions, one row for each exempt institution.
        rows: Every row below the header that is not blank, exactly once, in order.
        remarks: What needs an eye, in the order of rows.
        duplicates: Values shared by two rows.
        unknown_kinds: What the kinds' rules do not know.
        founder_ids: Institutions added for founders that have no row of their own.
    """

    source: str
    register: layout.Register
    exemptions: pd.DataFrame
    rows: tuple[Placed, ...]
    remarks: tuple[Remark, ...]
    duplicates: tuple[Duplicate, ...]
    unknown_kinds: tuple[UnknownKind, ...]
    founder_ids: tuple[str, ...]

    @property
    def groups(self) -> dict[int, str]:
        """The group of each row."""
        return {placed.row: placed.group for placed in self.rows}

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each group has; they sum to the rows."""
        found = Counter(placed.group for placed in self.rows)
        return {group: found[group] for group in GROUPS}

    def summary(self) -> dict[str, Any]:
        """Everything but the tables, as plain values for JSON."""
        return {
            "source": self.source,
            "row_count": len(self.rows),
            "groups": self.counts,
            "institution_count": len(self.register.institutions),
            "founder_count": len(self.founder_ids),
            "account_count": len(self.register.accounts),
            "exemption_count": len(self.exemptions),
            "kinds": {str(kind): int(count) for kind, count in _by_name(self.register.institutions["kind"])},
            "platforms": {str(name): int(count) for name, count in _by_name(self.register.accounts["platform"])},
            "warnings": [asdict(remark) for remark in self.remarks],
            "duplicates": [asdict(duplicate) for duplicate in self.duplicates],
            "unknown_kinds": [asdict(unknown) for unknown in self.unknown_kinds],
            "founders": list(self.founder_ids),
            "rows": [asdict(placed) for placed in self.rows],
        }


def write(folder: Path, imported: Imported) -> None:
    """Write `institutions.csv`, `accounts.csv` and `exemptions.csv`, each aside and renamed.

    Raises:
        OSError: The folder cannot be written to.
    """
    register = imported.register
    layout.write_tables(
        folder,
        {
            layout.INSTITUTIONS_CSV: register.institutions,
            layout.ACCOUNTS_CSV: register.accounts,
            EXEMPTIONS_CSV: imported.exemptions,
        },
    )


def _by_name(column: pd.Series) -> Iterator[tuple[Any, Any]]:
    return iter(sorted(column.value_counts().items()))
