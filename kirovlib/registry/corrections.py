"""Corrections: declared mends of the register's source data, each with its reason, in `corrections.toml`.

```toml
[[correction]]
file = "accounts.csv"
key = "vk:foo"
column = "url"
was = "https://vk.com/fo"
becomes = "https://vk.com/foo"
reason = "Опечатка в таблице учредителя"
made_on = 2024-06-01
made_by = "Иванова"
```

The source stays as it came. When its cell no longer reads `was`, somebody mended the source, and the correction is
refused instead of writing over the mend.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from kirovlib import tables
from kirovlib.registry.rows import Contents, Mistake, Row

CORRECTIONS_TOML = "corrections.toml"

_FIELDS: dict[str, type] = {
    "file": str, "key": str, "column": str, "was": str, "becomes": str, "reason": str, "made_on": date, "made_by": str,
}  # fmt: skip
_MAY_BE_BLANK = frozenset({"was", "becomes"})
_TYPE_NAMES = {str: "текст в кавычках", date: "дата без кавычек, например 2024-06-01"}


@dataclass(frozen=True)
class Correction:
    """One mended cell: `column` of the row `key` of `file` read `was` and is taken as `becomes`.

    Attributes:
        number: Place in `corrections.toml`, from 1.
        line: Line of its `[[correction]]` there; none if it is written otherwise.
    """

    number: int
    line: int | None
    file: str
    key: str
    column: str
    was: str
    becomes: str
    reason: str
    made_on: date
    made_by: str

    def mistake(self, text: str) -> Mistake:
        """What is wrong with it, with its number and line."""
        return _mistake(self.number, self.line, text)


@dataclass(frozen=True)
class Target:
    """A file that may be corrected: rows are found by its key column."""

    key_column: str
    table: type[tables.Table]
    contents: Contents


@dataclass(frozen=True)
class Corrected:
    """The files' contents after correction, what was applied and what could not be."""

    contents: Mapping[str, Contents]
    applied: tuple[Correction, ...]
    mistakes: tuple[Mistake, ...]


def apply(file: Path, targets: Mapping[str, Target]) -> Corrected:
    """Apply the corrections of a file, as many as fit; no file, no corrections.

    Args:
        file: `corrections.toml`.
        targets: What may be corrected, by name of the file.
    """
    corrections, mistakes = _read(file)
    rows = {name: list(target.contents.rows) for name, target in targets.items()}
    applied: list[Correction] = []
    cells: dict[tuple[str, str, str], int] = {}
    for correction in corrections:
        cell = (correction.file, correction.key, correction.column)
        earlier = cells.setdefault(cell, correction.number)
        if earlier != correction.number:
            mistakes.append(correction.mistake(f"та же ячейка, что в поправке {earlier}; оставьте одну из них"))
            continue
        wrong = _misplaced(correction, targets)
        if wrong:
            mistakes.append(correction.mistake(wrong))
            continue
        found = _rows_of(correction, targets[correction.file].key_column, rows[correction.file])
        wrong = _unfit(correction, [row for _, row in found], targets[correction.file])
        if wrong:
            mistakes.append(correction.mistake(wrong))
        elif found and not found[0][1].broken:
            place, row = found[0]
            rows[correction.file][place] = replace(
                row,
                cells=row.cells | {correction.column: correction.becomes},
                corrections=(*row.corrections, correction.number),
            )
            applied.append(correction)
    contents = {name: Contents(rows[name], target.contents.fault) for name, target in targets.items()}
    return Corrected(contents, tuple(applied), tuple(mistakes))


def _misplaced(correction: Correction, targets: Mapping[str, Target]) -> str:
    if correction.file not in targets:
        return f"file «{correction.file}»; ожидается одно из: {', '.join(targets)}"
    target = targets[correction.file]
    columns = [name for name in tables.columns(target.table) if name != target.key_column]
    if correction.column == target.key_column:
        return (
            f"column «{correction.column}» — постоянный ключ, поправкой он не меняется; ожидается одно из: "
            + ", ".join(columns)
        )
    if correction.column not in columns:
        return f"column «{correction.column}» нет в {correction.file}; ожидается одно из: {', '.join(columns)}"
    if correction.was == correction.becomes:
        return f"was и becomes одинаковы («{correction.was}»); ожидается, что значение меняется"
    return ""


def _rows_of(correction: Correction, key_column: str, rows: list[Row]) -> list[tuple[int, Row]]:
    return [(place, row) for place, row in enumerate(rows) if row.cells[key_column] == correction.key]


def _unfit(correction: Correction, found: list[Row], target: Target) -> str:
    if not found:
        if target.contents.fault:  # the row may stand where reading stopped
            return ""
        return f"key «{correction.key}» нет в {correction.file}; ожидается значение столбца {target.key_column}"
    if len(found) > 1:
        numbers = ", ".join(str(row.number) for row in found)
        return f"key «{correction.key}» стоит в нескольких строках {correction.file}: {numbers}; оставьте одну из них"
    row = found[0]
    cell = row.cells[correction.column]
    if cell == correction.was or row.broken:
        return ""
    return (
        f"в {correction.file}, строка {row.number}, столбец {correction.column}: «{cell}», а поправка ожидает "
        f"«{correction.was}». Источник тем временем исправили; удалите поправку {correction.number} или обновите её was"
    )


def _read(file: Path) -> tuple[list[Correction], list[Mistake]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        sections = tomllib.loads(text)
    except FileNotFoundError:
        return [], []
    except UnicodeDecodeError as error:
        return [], [_fault(None, f"не UTF-8 (байт {error.start}). Сохраните файл в UTF-8; поправки не применены")]
    except OSError as error:
        return [], [_fault(None, f"файл не читается ({error.strerror}); поправки не применены")]
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        return [], [_fault(int(place[1]) if place else None, f"ошибка разметки TOML: {error}; поправки не применены")]
    mistakes = [
        _fault(None, f"неизвестно «{name}»; ожидается [[correction]]") for name in sections if name != "correction"
    ]
    entries = sections.get("correction", [])
    if not isinstance(entries, list):
        return [], [*mistakes, _fault(None, "correction: ожидается [[correction]] в двойных скобках")]
    lines: list[int | None] = [
        number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*correction\s*]]", line)
    ]
    if len(lines) != len(entries):
        lines = [None] * len(entries)
    corrections = []
    for number, (entry, line) in enumerate(zip(entries, lines, strict=True), 1):
        wrong = list(_wrong_fields(entry))
        mistakes += [_mistake(number, line, text) for text in wrong]
        if not wrong:
            values: dict[str, Any] = {
                name: value.strip() if isinstance(value, str) else value for name, value in entry.items()
            }
            corrections.append(Correction(number, line, **values))
    return corrections, mistakes


def _wrong_fields(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"«{entry}»; ожидается раздел с полями {', '.join(_FIELDS)}"
        return
    unknown = [name for name in entry if name not in _FIELDS]
    if unknown:
        yield f"неизвестные поля: {', '.join(unknown)}; ожидаются: {', '.join(_FIELDS)}"
    missing = [name for name in _FIELDS if name not in entry]
    if missing:
        yield f"нет полей: {', '.join(missing)}; ожидаются все: {', '.join(_FIELDS)}"
    for name, wanted in _FIELDS.items():
        if name not in entry:
            continue
        value = entry[name]
        if type(value) is not wanted:  # a moment is a date to isinstance
            yield f"{name} «{value}»; ожидается {_TYPE_NAMES[wanted]}"
        elif isinstance(value, str) and not value.strip() and name not in _MAY_BE_BLANK:
            yield f"пустое поле {name}; ожидается {_TYPE_NAMES[wanted]}"


def _mistake(number: int, line: int | None, text: str) -> Mistake:
    return _fault(line, f"поправка {number}: {text}")


def _fault(line: int | None, text: str) -> Mistake:
    return Mistake(CORRECTIONS_TOML, line, text)
