"""The register: institutions and their accounts, in our own CSV layout, read strictly.

`institutions.csv` and `accounts.csv` lie in `data/registry/`; their columns are those of the tables `Institutions`
and `Accounts`. UTF-8 (a BOM is fine), separated by `;` or `,`. All mistakes are reported at once, with file and row.
What `corrections.toml` declares is mended before anything is checked.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import tables
from kirovlib.errors import ParameterError, RegistryError
from kirovlib.registry import corrections
from kirovlib.registry.corrections import CORRECTIONS_TOML, Correction, Target
from kirovlib.registry.ogrn import is_ogrn
from kirovlib.registry.rows import FALSE, TRUE, Contents, Mistake, Row, frame, is_date, read_contents, refuse, repeated

INSTITUTIONS_CSV = "institutions.csv"
ACCOUNTS_CSV = "accounts.csv"
_SHOWN_NEAR = 5


@dataclass(frozen=True)
class Register:
    """The register as read: `institutions` (table Institutions) and `accounts` (table Accounts).

    Attributes:
        corrections: What `corrections.toml` mended in them.
    """

    institutions: pd.DataFrame
    accounts: pd.DataFrame
    corrections: tuple[Correction, ...] = ()

    @property
    def names(self) -> pd.Series:
        """Short names, full ones where there is none, by institution_id."""
        rows = self.institutions.set_index("institution_id")
        return rows["short_name"].fillna(rows["name"])

    @property
    def labels(self) -> pd.Series:
        """The same, told apart by their keys where several have one name."""
        names = self.names.astype("str")
        keys = pd.Series(names.index, index=names.index, dtype="str")
        return names.where(~names.duplicated(keep=False), names + " (" + keys + ")")

    def institution(self, institution_id: str) -> Mapping[str, Any]:
        """An institution's row, None where a cell is blank.

        Raises:
            ParameterError: The register has no such key; the message names the nearest keys and names.
        """
        found = self.institutions[self.institutions["institution_id"] == institution_id].astype(object)
        if not found.empty:
            return {str(name): value for name, value in found.where(found.notna(), None).iloc[0].items()}
        asked = str(institution_id).casefold()
        keys = [str(key) for key in self.names.index]
        by_name = [str(key) for key, name in self.names.items() if asked and asked in str(name).casefold()]
        near = list(dict.fromkeys([*by_name, *difflib.get_close_matches(asked, keys, _SHOWN_NEAR, cutoff=0.6)]))
        shown = "; ".join(f"{key} — {self.names[key]}" for key in near[:_SHOWN_NEAR])
        msg = (
            f"Учреждения с ключом «{institution_id}» в реестре нет. "
            + (f"Похожие: {shown}. " if shown else "")
            + "Ключи — столбец institution_id файла institutions.csv."
        )
        raise ParameterError(msg)


@dataclass(frozen=True)
class Source:
    """Both files as found: rows after correction, and all mistakes but the faults of a file as a whole."""

    institutions: Contents
    accounts: Contents
    corrections: tuple[Correction, ...]
    mistakes: tuple[Mistake, ...]


def examine(folder: Path) -> Source:
    """Both files of a folder, corrected and checked; nothing is raised.

    A file that could not be read to its end leaves its keys unknown, so nobody is accused of naming a missing one.
    """
    corrected = corrections.apply(
        folder / CORRECTIONS_TOML,
        {
            INSTITUTIONS_CSV: Target(
                "institution_id",
                tables.Institutions,
                read_contents(folder / INSTITUTIONS_CSV, tables.Institutions),
            ),
            ACCOUNTS_CSV: Target("account_id", tables.Accounts, read_contents(folder / ACCOUNTS_CSV, tables.Accounts)),
        },
    )
    institutions, accounts = corrected.contents[INSTITUTIONS_CSV], corrected.contents[ACCOUNTS_CSV]
    known = None if institutions.fault else {row.cells["institution_id"] for row in institutions.rows}
    mistakes = list(corrected.mistakes)
    mistakes += [mistake for row in institutions.rows for mistake in _institution_errors(row, known)]
    mistakes += [mistake for row in accounts.rows for mistake in _account_errors(row, known)]
    mistakes += repeated(institutions.rows, "institution_id", lambda values: values["institution_id"])
    mistakes += repeated(accounts.rows, "account_id", lambda values: values["account_id"])
    mistakes += repeated(
        [row for row in accounts.rows if row.cells["platform_id"]],
        "platform_id",
        lambda values: f"{values['platform']}:{values['platform_id']}",
    )
    return Source(institutions, accounts, corrected.applied, tuple(mistakes))


def read(folder: Path) -> Register:
    """The register of a folder, corrected and validated.

    Args:
        folder: The folder with `institutions.csv` and `accounts.csv`, and `corrections.toml` if there are any.

    Raises:
        RegistryError: A file or column is missing, rows are wrong or a correction does not fit; the message lists
            every row.

    Example:
        >>> len(read(Path("data/sample/registry")).institutions)
        24
    """
    source = examine(folder)
    for contents in (source.institutions, source.accounts):
        if contents.fault:
            raise RegistryError(contents.fault)
    refuse(source.mistakes)
    return Register(
        institutions=tables.validate(tables.Institutions, frame(source.institutions.rows)),
        accounts=tables.validate(tables.Accounts, frame(source.accounts.rows)),
        corrections=source.corrections,
    )


def write(folder: Path, register: Register) -> None:
    """Write both CSV files, as `write_tables` does."""
    write_tables(folder, {INSTITUTIONS_CSV: register.institutions, ACCOUNTS_CSV: register.accounts})


def write_tables(folder: Path, contents: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as CSV files of the register (UTF-8 with BOM and `;`, as Russian Excel opens them).

    Args:
        folder: Made when it is absent.
        contents: The tables by the names of their files; nothing is written when one of them cannot be.

    Raises:
        OSError: The folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {
        # A lone carriage return is not quoted by csv, yet ends the row for every reader.
        name: frame.replace(r"\r\n?", "\n", regex=True)
        .to_csv(index=False, sep=";", date_format="%Y-%m-%d", lineterminator="\n")
        .encode("utf-8-sig")
        for name, frame in contents.items()
    }
    for name, content in written.items():
        aside = folder / f".{name}.tmp"
        aside.write_bytes(content)
        aside.replace(folder / name)


def _institution_errors(row: Row, known: Collection[str] | None) -> Iterator[Mistake]:
    values = row.cells
    if row.broken:
        yield row.error(row.broken)
        return
    for name in ("institution_id", "name"):
        if not values[name]:
            yield row.error(f"пустой столбец {name}")
    if values["kind"] not in tables.KINDS:
        yield row.error(f"kind «{values['kind']}»; ожидается одно из: {', '.join(tables.KINDS)}")
    if values["ogrn"] and not is_ogrn(values["ogrn"]):
        yield row.error(f"ogrn «{values['ogrn']}» не ОГРН: нужно 13 цифр с верным контрольным разрядом")
    if known is not None and values["founder_id"] and values["founder_id"] not in known:
        yield row.error(f"founder_id «{values['founder_id']}» нет среди учреждений")


def _account_errors(row: Row, known: Collection[str] | None) -> Iterator[Mistake]:
    values = row.cells
    if row.broken:
        yield row.error(row.broken)
        return
    platform, _, key = values["account_id"].partition(":")
    if not platform or not key or platform != values["platform"]:
        yield row.error(
            f"account_id «{values['account_id']}»; ожидается сеть из столбца platform, двоеточие и имя, "
            f"например {values['platform'] or 'vk'}:123456"
        )
    if known is not None and values["institution_id"] not in known:
        yield row.error(f"institution_id «{values['institution_id']}» нет среди учреждений")
    if not values["url"].startswith(("https://", "http://")):
        yield row.error(f"url «{values['url']}»; ожидается адрес, начинающийся с https://")
    for name in ("opened_on", "closed_on", "gospabliki_on"):
        if values[name] and not is_date(values[name]):
            yield row.error(f"{name} «{values[name]}»; ожидается дата вида 2024-05-20")
    if values["gospabliki_connected"].lower() not in TRUE | FALSE | {""}:
        yield row.error(f"gospabliki_connected «{values['gospabliki_connected']}»; ожидается да, нет или пусто")
    if values["platform"] == "vk" and values["platform_id"] and not re.fullmatch(r"[0-9]+", values["platform_id"]):
        yield row.error(f"platform_id «{values['platform_id']}»; номер сообщества VK состоит из цифр")
