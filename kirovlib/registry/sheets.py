"""Spreadsheets from unknown hands as rows of text: XLSX and CSV, with bounded memory.

Nothing is evaluated: a formula counts by the value that its program stored. What cannot be read faithfully is a
`RegistryError`; what can, but needs an eye, is a `Remark` with its row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kirovlib.errors import RegistryError
from kirovlib.registry.addresses import tidied

MAXIMUM_FILE_BYTES = 50_000_000
MAXIMUM_ROWS = 100_000
MAXIMUM_TEXT = 100_000_000
_SNIFFED_ROWS = 30
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK"
_SAVE_AGAIN = "Откройте файл в Excel или LibreOffice, сохраните как «Книга Excel (.xlsx)» без пароля и повторите."


@dataclass(frozen=True)
class Remark:
    """Something about a row that needs an eye.

    Attributes:
        kind: A plain word, the same for all remarks of a sort.
        text: In Russian, for the analyst.
        row: As spreadsheets number rows; None when it is about the whole file.
    """

    kind: str
    text: str
    row: int | None = None


@dataclass(frozen=True)
class SheetRow:
    """A row with something in it: its number as spreadsheets show it, and its cells as tidied text."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A sheet's rows that are not blank, in order."""

    title: str
    rows: tuple[SheetRow, ...]
    remarks: tuple[Remark, ...] = ()


def read(file: Path) -> list[Sheet]:
    """All sheets of a spreadsheet; a CSV file is one sheet.

    Raises:
        RegistryError: The file is missing, too large, protected, damaged, or not what its extension says.
    """
    content = _content(file)
    suffix = file.suffix.lower()
    if content.startswith(_OLE):
        raise RegistryError(_ole_message(file, content))
    if content.startswith(_ZIP):
        if suffix not in {".xlsx", ".xlsm"}:
            msg = f"{file.name}: по содержанию это книга Excel, а расширение {suffix or 'не указано'}. "
            raise RegistryError(msg + "Переименуйте файл в .xlsx и повторите.")
        from kirovlib.registry import workbooks  # noqa: PLC0415 - openpyxl is slow to load

        return workbooks.read(file, content)
    start = content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml", b"<meta", b"<head")):
        msg = f"{file.name}: по содержанию это веб-страница или XML, а не таблица. {_SAVE_AGAIN}"
        raise RegistryError(msg)
    if suffix not in {".csv", ".txt", ".tsv"}:
        msg = f"{file.name}: расширение {suffix or 'не указано'}, но по содержанию это не книга Excel. "
        raise RegistryError(msg + f"Ожидается .xlsx или .csv. {_SAVE_AGAIN}")
    rows = _csv_rows(file, _decoded(file, content))
    return [Sheet(file.name, tuple(within_limits(file, rows)))]


def within_limits(file: Path, rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
    """The rows that are not blank, as long as they are as many as a register may have.

    Raises:
        RegistryError: There are more, or more text in them.
    """
    count = length = 0
    for row in rows:
        if not any(row.cells):
            continue
        count += 1
        length += sum(map(len, row.cells))
        if count > MAXIMUM_ROWS or length > MAXIMUM_TEXT:
            msg = (
                f"{file.name}, строка {row.number}: больше {MAXIMUM_ROWS} заполненных строк или слишком много текста "
                "для реестра учреждений. Оставьте в файле только реестр и повторите."
            )
            raise RegistryError(msg)
        yield row


def _content(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > MAXIMUM_FILE_BYTES:
            msg = (
                f"{file.name}: {size // 1_000_000} МБ, а реестр занимает не больше {MAXIMUM_FILE_BYTES // 1_000_000}. "
                "Удалите из файла лишние листы и картинки и повторите."
            )
            raise RegistryError(msg)
        content = file.read_bytes()
    except FileNotFoundError:
        msg = f"Файл «{file}» не найден. Укажите выгрузку реестра в .xlsx или .csv."
        raise RegistryError(msg) from None
    except OSError as error:
        msg = f"Файл «{file}» не прочитан: {error.strerror or error}. Закройте его в других программах и повторите."
        raise RegistryError(msg) from None
    if not content.strip():
        msg = f"{file.name}: файл пуст. Укажите выгрузку реестра в .xlsx или .csv."
        raise RegistryError(msg)
    return content


def _ole_message(file: Path, content: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in content:
        return f"{file.name}: книга зашифрована паролем. Снимите пароль («Файл → Сведения → Защита книги») и повторите."
    return f"{file.name}: книга защищена паролем или сохранена в старом формате .xls. {_SAVE_AGAIN}"


def _decoded(file: Path, content: bytes) -> str:
    for encoding in ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1251"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Text of no encoding has these; a file of another kind is full of them.
        if not re.search(r"[\x00-\x08\x0e-\x1f]", text):
            return text
    msg = (
        f"{file.name}: это не текст в UTF-8 или Windows-1251. Сохраните таблицу как «CSV UTF-8» или .xlsx и повторите."
    )
    raise RegistryError(msg)


def _csv_rows(file: Path, text: str) -> Iterator[SheetRow]:
    told = re.match(r"sep=(.)\r?\n", text)  # Excel's own first line
    separator = told[1] if told else max(";\t,", key=lambda one: _width(text, one))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1  # as spreadsheets number rows: a cell of several lines is one row
    try:
        for cells in reader:
            if not (told and number == 1):
                yield SheetRow(number, tuple(tidied(cell) for cell in cells))
            number += 1
    except csv.Error as error:
        msg = f"{file.name}, строка {number}: повреждена разметка CSV ({error}). Проверьте кавычки."
        raise RegistryError(msg) from None


def _width(text: str, separator: str) -> int:
    """How many filled cells the fullest of the first rows would have."""
    widest = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        for _, cells in zip(range(_SNIFFED_ROWS), reader, strict=False):
            widest = max(widest, len(cells))
    except csv.Error:
        pass  # it is told, with its row, when the rows are read
    return widest
