"""Rows of the register's CSV files, read strictly: every mistake is told with file and row, all at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from kirovlib import tables
from kirovlib.errors import RegistryError

TRUE, FALSE = frozenset({"да", "true", "1"}), frozenset({"нет", "false", "0"})
_SHOWN_ERRORS = 50
_FLAGS = ("gospabliki_connected", "done")


@dataclass(frozen=True)
class Mistake:
    """What is wrong in a file, and where.

    Attributes:
        row: As spreadsheets number rows, the head is 1; none when the file as a whole is meant.
    """

    file: str
    row: int | None
    text: str

    def __str__(self) -> str:
        return f"{self.file}, строка {self.row}: {self.text}" if self.row else f"{self.file}: {self.text}"


@dataclass(frozen=True)
class Row:
    """A row of a CSV file.

    Attributes:
        number: As spreadsheets number rows; the head is 1.
        cells: Stripped text by column; columns the file does not have are empty.
        broken: What is wrong with the row as such, or empty.
        corrections: Numbers of the corrections that changed cells of this row.
    """

    file: Path
    number: int
    cells: dict[str, str]
    broken: str = ""
    corrections: tuple[int, ...] = ()

    def error(self, text: str) -> Mistake:
        """The mistake with file and row before it; a corrected row says so, its cells differ from the file."""
        numbers = ", ".join(map(str, self.corrections))
        return Mistake(
            self.file.name, self.number, text + (f" (строка изменена поправкой {numbers})" if numbers else "")
        )


@dataclass(frozen=True)
class Contents:
    """The rows of a file, and the fault of the file as a whole that kept the rest from being read."""

    rows: list[Row]
    fault: Mistake | None = None


def read_contents(file: Path, table: type[tables.Table]) -> Contents:
    """As `read_rows`, but a fault of the file does not hide what could be read."""
    rows: list[Row] = []
    try:
        for row in read_rows(file, table):
            rows.append(row)  # noqa: PERF402 - those before the fault are kept
    except RegistryError as error:
        return Contents(rows, error.args[0])
    return Contents(rows)


def read_rows(file: Path, table: type[tables.Table]) -> Iterator[Row]:
    """The rows of a file that has a table's columns (in any order; those that may be blank may be absent).

    Raises:
        RegistryError: The file is missing, not UTF-8, not CSV, or its head is wrong; its argument is a `Mistake`.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        missing = f"файл реестра «{file}» не найден. Начните с «kirov demo» или положите реестр в эту папку."
        raise RegistryError(Mistake(file.name, None, missing)) from None
    except UnicodeDecodeError as error:
        encoded = f"не UTF-8 (байт {error.start}). Сохраните файл как «CSV UTF-8» и повторите."
        raise RegistryError(Mistake(file.name, None, encoded)) from None
    except OSError as error:
        closed = f"файл «{file}» не читается ({error.strerror}). Закройте его в других программах и повторите."
        raise RegistryError(Mistake(file.name, None, closed)) from None
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
                yield _row(file, number, header, cells, table)
            number += 1
    except csv.Error as error:
        broken = f"повреждена разметка CSV ({error}). Проверьте кавычки."
        raise RegistryError(Mistake(file.name, number, broken)) from None


def _check_header(file: Path, header: list[str], table: type[tables.Table]) -> None:
    schema = tables.schema(table).columns
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
        wrong = f"{'; '.join(problems)}. Ожидаются столбцы: {', '.join(schema)}."
        raise RegistryError(Mistake(file.name, 1, wrong))


def _row(file: Path, number: int, header: list[str], cells: list[str], table: type[tables.Table]) -> Row:
    values = dict.fromkeys(tables.columns(table), "")
    values |= {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    broken = f"ячеек {len(cells)}, а столбцов {len(header)}; проверьте разделители и кавычки"
    return Row(file, number, values, "" if len(cells) == len(header) else broken)


def is_date(text: str) -> bool:
    """Whether the text is a date of the calendar, written as 2024-05-20."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def repeated(rows: list[Row], column: str, key: Callable[[dict[str, str]], str]) -> Iterator[Mistake]:
    """A mistake for each row whose key an earlier row has already."""
    first: dict[str, Row] = {}
    for row in rows:
        earlier = first.setdefault(key(row.cells), row)
        if earlier is not row:
            yield row.error(f"{column} «{key(row.cells)}» уже есть в строке {earlier.number}")


def refuse(errors: Sequence[Mistake]) -> None:
    """Raise all mistakes together, if there are any.

    Raises:
        RegistryError: With a line for each, the first fifty.
    """
    if errors:
        rest = len(errors) - _SHOWN_ERRORS
        shown = [*map(str, errors[:_SHOWN_ERRORS]), *([f"… и ещё {rest}"] if rest > 0 else [])]
        msg = "Реестр не принят, исправьте строки и повторите:\n" + "\n".join(f"  {error}" for error in shown)
        raise RegistryError(msg)


def frame(rows: list[Row]) -> pd.DataFrame:
    """The rows as a frame of text, blanks missing, «да/нет» as flags."""
    frame = pd.DataFrame([row.cells for row in rows], dtype="str").replace("", None)
    for name in set(_FLAGS) & set(frame):
        flags = frame[name].str.lower()
        known = flags.isin(TRUE).astype("boolean")
        frame[name] = known.mask(flags.isna())
    return frame
