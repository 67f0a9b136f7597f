"""The register: institutions and their accounts, in our own CSV layout, read strictly.

`institutions.csv` and `accounts.csv` lie in `data/registry/`; their columns are those of the tables `Institutions`
and `Accounts`. UTF-8 (a BOM is fine), separated by `;` or `,`. All mistakes are reported at once, with file and row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from kirovlib import tables
from kirovlib.errors import RegistryError

INSTITUTIONS_CSV = "institutions.csv"
ACCOUNTS_CSV = "accounts.csv"

_TRUE, _FALSE = {"да", "true", "1"}, {"нет", "false", "0"}
_SHOWN_ERRORS = 50


@dataclass(frozen=True)
class Register:
    """The register as read: `institutions` (table Institutions) and `accounts` (table Accounts)."""

    institutions: pd.DataFrame
    accounts: pd.DataFrame


@dataclass(frozen=True)
class _Row:
    file: Path
    number: int
    cells: dict[str, str]
    broken: str = ""

    def error(self, text: str) -> str:
        return f"{self.file.name}, строка {self.number}: {text}"


def is_ogrn(text: str) -> bool:
    """Whether the text is an ОГРН: 13 digits, the last is the first twelve modulo 11 modulo 10.

    Source: order of the Federal Tax Service of 30.10.2017 No 165н, annex 1.

    Example:
        >>> is_ogrn("1022800520060"), is_ogrn("1022800520061")
        (True, False)
    """
    return re.fullmatch(r"[1235]\d{12}", text, re.ASCII) is not None and int(text[:12]) % 11 % 10 == int(text[12])


def read(folder: Path) -> Register:
    """The register of a folder, validated.

    Args:
        folder: The folder with `institutions.csv` and `accounts.csv`.

    Raises:
        RegistryError: A file or column is missing or rows are wrong; the message lists every row.

    Example:
        >>> len(read(Path("data/sample/registry")).institutions)
        24
    """
    institution_rows = list(_rows(folder / INSTITUTIONS_CSV, tables.Institutions))
    account_rows = list(_rows(folder / ACCOUNTS_CSV, tables.Accounts))
    known = {row.cells["institution_id"] for row in institution_rows}
    errors = [error for row in institution_rows for error in _institution_errors(row, known)]
    errors += [error for row in account_rows for error in _account_errors(row, known)]
    errors += _repeated(institution_rows, "institution_id", lambda values: values["institution_id"])
    errors += _repeated(account_rows, "account_id", lambda values: values["account_id"])
    errors += _repeated(
        [row for row in account_rows if row.cells["platform_id"]],
        "platform_id",
        lambda values: f"{values['platform']}:{values['platform_id']}",
    )
    if errors:
        rest = len(errors) - _SHOWN_ERRORS
        shown = errors[:_SHOWN_ERRORS] + ([f"… и ещё {rest}"] if rest > 0 else [])
        msg = "Реестр не принят, исправьте строки и повторите:\n" + "\n".join(f"  {error}" for error in shown)
        raise RegistryError(msg)
    return Register(
        institutions=tables.validate(tables.Institutions, _frame(institution_rows)),
        accounts=tables.validate(tables.Accounts, _frame(account_rows)),
    )


def write(folder: Path, register: Register) -> None:
    """Write both CSV files (UTF-8 with BOM and `;`, as Russian Excel opens them)."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        # A lone carriage return is not quoted by csv, yet ends the row for every reader.
        name: frame.replace(r"\r\n?", "\n", regex=True)
        .to_csv(index=False, sep=";", date_format="%Y-%m-%d", lineterminator="\n")
        .encode("utf-8-sig")
        for name, frame in ((INSTITUTIONS_CSV, register.institutions), (ACCOUNTS_CSV, register.accounts))
    }
    for name, content in contents.items():
        aside = folder / f".{name}.tmp"
        aside.write_bytes(content)
        aside.replace(folder / name)


def _rows(file: Path, table: type[tables.Table]) -> Iterator[_Row]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        msg = f"Файл реестра «{file}» не найден. Начните с «kirov demo» или положите реестр в эту папку."
        raise RegistryError(msg) from None
    except UnicodeDecodeError as error:
        msg = f"{file.name}: не UTF-8 (байт {error.start}). Сохраните файл как «CSV UTF-8» и повторите."
        raise RegistryError(msg) from None
    head = text.split("\n", 1)[0]
    separator = ";" if head.count(";") >= head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1  # as spreadsheets number rows: a cell of several lines is one row
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(file, header, table)
        number = 2
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(file, number, header, cells)
            number += 1
    except csv.Error as error:
        msg = f"{file.name}, строка {number}: повреждена разметка CSV ({error}). Проверьте кавычки."
        raise RegistryError(msg) from None


def _check_header(file: Path, header: list[str], table: type[tables.Table]) -> None:
    schema = table.to_schema().columns
    missing = [name for name, column in schema.items() if not column.nullable and name not in header]
    unknown = [name for name in header if name not in schema]
    repeated = sorted({name for name in header if header.count(name) > 1})
    problems = [
        f"{what}: {', '.join(names)}"
        for what, names in (
            ("нет столбцов", missing),
            ("неизвестные столбцы", unknown),
            ("столбцы повторены", repeated),
        )
        if names
    ]
    if problems:
        msg = f"{file.name}, строка 1: {'; '.join(problems)}. Ожидаются столбцы: {', '.join(schema)}."
        raise RegistryError(msg)


def _row(file: Path, number: int, header: list[str], cells: list[str]) -> _Row:
    schema = tables.Institutions if file.name == INSTITUTIONS_CSV else tables.Accounts
    values = dict.fromkeys(tables.columns(schema), "")
    values |= {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    broken = f"ячеек {len(cells)}, а столбцов {len(header)}; проверьте разделители и кавычки"
    return _Row(file, number, values, "" if len(cells) == len(header) else broken)


def _institution_errors(row: _Row, known: set[str]) -> Iterator[str]:
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
    if values["founder_id"] and values["founder_id"] not in known:
        yield row.error(f"founder_id «{values['founder_id']}» нет среди учреждений")


def _account_errors(row: _Row, known: set[str]) -> Iterator[str]:
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
    if values["institution_id"] not in known:
        yield row.error(f"institution_id «{values['institution_id']}» нет среди учреждений")
    if not values["url"].startswith(("https://", "http://")):
        yield row.error(f"url «{values['url']}»; ожидается адрес, начинающийся с https://")
    for name in ("opened_on", "closed_on", "gospabliki_on"):
        if values[name] and not _is_date(values[name]):
            yield row.error(f"{name} «{values[name]}»; ожидается дата вида 2024-05-20")
    if values["gospabliki_connected"].lower() not in _TRUE | _FALSE | {""}:
        yield row.error(f"gospabliki_connected «{values['gospabliki_connected']}»; ожидается да, нет или пусто")
    if values["platform"] == "vk" and values["platform_id"] and not re.fullmatch(r"[0-9]+", values["platform_id"]):
        yield row.error(f"platform_id «{values['platform_id']}»; номер сообщества VK состоит из цифр")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _repeated(rows: list[_Row], column: str, key: Callable[[dict[str, str]], str]) -> Iterator[str]:
    first: dict[str, _Row] = {}
    for row in rows:
        earlier = first.setdefault(key(row.cells), row)
        if earlier is not row:
            yield row.error(f"{column} «{key(row.cells)}» уже есть в строке {earlier.number}")


def _frame(rows: list[_Row]) -> pd.DataFrame:
    frame = pd.DataFrame([row.cells for row in rows], dtype="str").replace("", None)
    if "gospabliki_connected" in frame:
        flags = frame["gospabliki_connected"].str.lower()
        known = flags.isin(_TRUE).astype("boolean")
        frame["gospabliki_connected"] = known.mask(flags.isna())
    return frame
