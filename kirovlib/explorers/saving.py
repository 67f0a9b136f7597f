"""A selection as a file of its own: CSV or workbook, never over another one."""

from __future__ import annotations

from pathlib import Path

from kirovlib.errors import ParameterError
from kirovlib.explorers.selection import Selection
from kirovlib.exports import files, workbook

_EXCEL_ROWS = 1_048_575
_COLUMNS_IF: workbook.Columns = {
    "verdict_if_name": ("Было бы (не вывод отчёта)", 16),
    "reason_if_name": ("Почему было бы", 48),
    "measured_if": ("Считалось бы", 40),
    "what_if": ("Что если", 48),
}


def save(selection: Selection, folder: Path, ending: str, what_if: str = "") -> Path:
    """Write a selection.

    Args:
        selection: The rows.
        folder: Where to; made where it is missing.
        ending: `.csv` or `.xlsx`.
        what_if: The other reading of the order in words, written beside each row.

    Returns:
        The file, named by the period and the first number that is free.

    Raises:
        ParameterError: Nothing is selected, it is more than a sheet of Excel holds, or the folder cannot be written.
    """
    if not len(selection):
        msg = "Сохранять нечего: под условия не подходит ни один вывод. Ослабьте условия."
        raise ParameterError(msg)
    if ending == ".xlsx" and len(selection) > _EXCEL_ROWS:
        msg = f"В лист Excel входит {_EXCEL_ROWS} строк, выбрано {len(selection)}. Сузьте выбор или сохраните CSV."
        raise ParameterError(msg)
    rows, columns = selection.frame(), dict(workbook.COLUMNS)
    if selection.is_other:
        rows["what_if"] = what_if
        columns |= _COLUMNS_IF
    period = selection.explored.judged.period
    try:
        file = _free(folder, f"selection_{period.label}{'_what_if' if selection.is_other else ''}", ending)
        if ending == ".xlsx":
            workbook.write(file, rows, period.ends_at, columns)
        else:
            files.write_csv(file, rows, columns)
    except OSError as error:
        msg = f"Папка «{folder}»: записать не удалось ({error.strerror}). Освободите место или укажите другую папку."
        raise ParameterError(msg) from None
    return file


def _free(folder: Path, stem: str, ending: str) -> Path:
    """A new empty file; the number makes it the only one of its name."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        file = folder / f"{stem}_{number:03d}{ending}"
        try:
            file.touch(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return file
