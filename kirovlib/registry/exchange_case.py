"""A row of a register in the exchange layout on its way: its cells, what was understood, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kirovlib.registry.addresses import Address
from kirovlib.registry.exchange_keys import Key
from kirovlib.registry.sheets import Remark


@dataclass
class Page:
    """An account's address as a row claims it.

    Attributes:
        address: As understood.
        platform_id: The network's own number, empty where it is not known.
        key: What the row itself says of it under «Ключи страниц».
    """

    address: Address
    platform_id: str = ""
    key: Key | None = None


@dataclass
class Case:
    """A row on its way.

    Attributes:
        row: As the spreadsheet numbers it.
        cells: By field of `exchange_columns.COLUMNS`.
        pages: What it claims, the one of the layout's own column first.
        accounts: Rows of the table Accounts that it got.
    """

    row: int
    cells: dict[str, str]
    remarks: list[Remark]
    rejection: str = ""
    ogrn: str = ""
    institution_id: str = ""
    kind: str = "other"
    closing: str = ""
    pages: list[Page] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    group: str = ""
    reasons: list[str] = field(default_factory=list)

    @property
    def account_id(self) -> str:
        """Its first account's key; empty when it got none."""
        return str(self.accounts[0]["account_id"]) if self.accounts else ""

    def say(self, kind: str, text: str) -> None:
        """Say something of the row, among the remarks and as a reason."""
        self.remarks.append(Remark(kind, text, self.row))
        self.reasons.append(text)
