"""XLSX without trust: limits before opening, then values by openpyxl, formulas and merged cells from the XML.

The archive's directory bounds everything: `zipfile` never gives more bytes of a member than the directory declares.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

import openpyxl
from openpyxl.utils import get_column_letter, range_boundaries

from kirovlib.errors import RegistryError
from kirovlib.registry.addresses import tidied
from kirovlib.registry.sheets import Remark, Sheet, SheetRow, within_limits

MAXIMUM_UNPACKED_BYTES = 200_000_000
MAXIMUM_STRINGS_BYTES = 40_000_000  # openpyxl keeps the shared strings in memory
MAXIMUM_RATIO = 200
_RATIO_COUNTS_FROM = 5_000_000
_LAST_ROW = 1_048_576
_MAXIMUM_FOUND = 10_000
_SAVE_AGAIN = "Откройте файл в Excel или LibreOffice, сохраните заново как «Книга Excel (.xlsx)» и повторите."


def read(file: Path, content: bytes) -> list[Sheet]:
    """The sheets of a workbook.

    Args:
        file: Named in messages only.
        content: The file's bytes.

    Raises:
        RegistryError: It is no workbook, damaged, a zip bomb, or cannot be read faithfully.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_archive(file, archive)
            traits = {
                info.filename: _traits(file, archive, info.filename)
                for info in archive.infolist()
                if info.filename.endswith((".xml", ".rels"))
            }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions, which we do not read
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            try:
                return [_sheet(file, worksheet, traits) for worksheet in book.worksheets]
            finally:
                book.close()
    except RegistryError:
        raise
    except Exception as error:  # noqa: BLE001 - a hostile workbook breaks zipfile, expat and openpyxl in every imaginable way
        msg = f"{file.name}: книга Excel повреждена ({type(error).__name__}: {str(error)[:200]}). {_SAVE_AGAIN}"
        raise RegistryError(msg) from None


def _check_archive(file: Path, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    names = {member.filename for member in members}
    if any(member.flag_bits & 1 for member in members):
        msg = f"{file.name}: архив книги закрыт паролем. Снимите пароль и повторите."
        raise RegistryError(msg)
    if "xl/workbook.xml" not in names:
        what = "таблица .ods" if "mimetype" in names else "книга .xlsb" if "xl/workbook.bin" in names else "архив"
        msg = f"{file.name}: это {what}, а не книга Excel .xlsx. {_SAVE_AGAIN}"
        raise RegistryError(msg)
    if len(names) < len(members):
        msg = f"{file.name}: в книге части с одинаковыми именами, она повреждена. {_SAVE_AGAIN}"
        raise RegistryError(msg)
    total = sum(member.file_size for member in members)
    swollen = [
        member.filename
        for member in members
        if (member.file_size > _RATIO_COUNTS_FROM and member.file_size > MAXIMUM_RATIO * max(member.compress_size, 1))
        or (member.filename.lower().endswith("sharedstrings.xml") and member.file_size > MAXIMUM_STRINGS_BYTES)
    ]
    if total > MAXIMUM_UNPACKED_BYTES or swollen:
        where = f", часть {swollen[0]}" if swollen else ""
        msg = (
            f"{file.name}: при распаковке файл раздувается до {total // 1_000_000} МБ{where}; так бывает у "
            "вредоносных архивов и у листов с миллионами пустых оформленных ячеек. Скопируйте сам реестр в новую "
            "книгу (вставка «только значения») и повторите."
        )
        raise RegistryError(msg)


@dataclass
class _Traits:
    """What openpyxl does not tell in its frugal mode: formulas, by whether a value is stored, and merged cells."""

    formulas: dict[str, bool] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)
    last_row: int = 0


class _Scan:
    """Handlers of expat for one part of the workbook."""

    def __init__(self, file: Path) -> None:
        self.file, self.traits = file, _Traits()
        self.cell, self.has_value, self.has_formula, self.in_value = "", False, False, False

    def doctype(self, *_: Any) -> None:
        msg = f"{self.file.name}: в книге есть описание DOCTYPE, которого Excel не пишет; файл опасен и не читается."
        raise RegistryError(msg + f" {_SAVE_AGAIN}")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self._row(int(attributes.get("r", self.traits.last_row + 1)))
        elif name == "c":
            self.cell, self.has_value, self.has_formula = attributes.get("r", "?"), False, False
        elif name == "f":
            self.has_formula = True
        elif name in {"v", "t"}:
            self.in_value = True
        elif name == "mergeCell":
            self.traits.merged.append(attributes.get("ref", "?"))
            self._bound(len(self.traits.merged), "объединённых ячеек")

    def text(self, _text: str) -> None:
        self.has_value = self.has_value or self.in_value

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name in {"v", "t"}:
            self.in_value = False
        elif name == "c" and self.has_formula:
            self.traits.formulas[self.cell] = self.has_value
            self._bound(len(self.traits.formulas), "формул")

    def _row(self, number: int) -> None:
        if not self.traits.last_row < number <= _LAST_ROW:  # openpyxl would drop such rows, or count to them
            msg = f"{self.file.name}, строка {number}: строки листа записаны не по порядку. {_SAVE_AGAIN}"
            raise RegistryError(msg)
        self.traits.last_row = number

    def _bound(self, count: int, what: str) -> None:
        if count > _MAXIMUM_FOUND:
            msg = f"{self.file.name}: на листе больше {_MAXIMUM_FOUND} {what}. "
            raise RegistryError(msg + "Скопируйте реестр в новую книгу («только значения») и повторите.")


def _traits(file: Path, archive: zipfile.ZipFile, member: str) -> _Traits:
    scan, parser = _Scan(file), expat.ParserCreate()
    parser.StartDoctypeDeclHandler = scan.doctype
    if member.startswith("xl/worksheets/"):
        parser.StartElementHandler, parser.EndElementHandler = scan.start, scan.end
        parser.CharacterDataHandler = scan.text
    stream: IO[bytes]
    with archive.open(member) as stream:
        parser.ParseFile(stream)
    return scan.traits


def _sheet(file: Path, worksheet: Any, traits: dict[str, _Traits]) -> Sheet:
    found = traits.get(str(worksheet._worksheet_path).lstrip("/"), _Traits())  # noqa: SLF001 - it has no public name
    worksheet.reset_dimensions()  # a declared A1:XFD1048576 would make every row 16,384 cells wide
    rows = tuple(within_limits(file, _rows(worksheet)))
    filled = {row.number for row in rows}
    return Sheet(worksheet.title, rows, tuple(_remarks(found, filled)))


def _rows(worksheet: Any) -> Iterator[SheetRow]:
    for number, cells in enumerate(worksheet.iter_rows(values_only=True), start=1):
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        yield SheetRow(number, tuple(texts))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time | timedelta):
        return str(value)
    return tidied(str(value))


def _remarks(found: _Traits, filled: set[int]) -> Iterator[Remark]:
    for reference, has_value in found.formulas.items():
        row = int(re.sub(r"\D", "", reference) or 0)
        if has_value:
            text = f"ячейка {reference}: формула; взято значение, сохранённое в файле, она не пересчитывалась"
            yield Remark("formula", text, row)
        else:
            text = (
                f"ячейка {reference}: формула без сохранённого значения, ячейка прочитана пустой; "
                "откройте файл в Excel, сохраните и повторите"
            )
            yield Remark("formula_without_value", text, row)
    ordered = sorted(filled)
    for reference in found.merged:
        try:
            left, top, _, bottom = (int(bound or 1) for bound in range_boundaries(reference))
        except ValueError:
            continue
        within = bisect_left(ordered, top)
        if within < len(ordered) and ordered[within] <= bottom:
            corner = f"{get_column_letter(left)}{top}"
            text = f"ячейки {reference} объединены: значение есть только в {corner}, остальные прочитаны пустыми"
            yield Remark("merged_cells", text, top)
