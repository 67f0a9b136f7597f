"""The plain workbook `findings.xlsx`: text stays text, dates are dates, nothing foreign becomes a formula."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd

from kirovlib import charts
from kirovlib.order import wording

_LONGEST_CELL = 32_767  # Excel's limit

Columns = Mapping[str, tuple[str, int]]  # of `wording.named`, each with its title and width in letters
COLUMNS: Columns = {
    "verdict_name": ("Вывод", 16),
    "clause_name": ("Пункт", 38),
    "institution": ("Учреждение", 44),
    "institution_id": ("Ключ учреждения", 18),
    "founder": ("Учредитель", 36),
    "kind_name": ("Вид", 28),
    "platform_name": ("Сеть", 14),
    "url": ("Аккаунт", 34),
    "period_start": ("С", 11),
    "period_end": ("По", 11),
    "expected": ("Требуется", 40),
    "measured": ("Установлено", 40),
    "reason_name": ("Причина", 48),
    "note_name": ("Примечание", 36),
    "repair": ("Как исправить", 60),
}


def write(file: Path, named: pd.DataFrame, created: datetime, columns: Columns = COLUMNS) -> None:
    """Write findings, one row each.

    Args:
        file: To be written.
        named: `wording.named`.
        created: Written into the file's properties (UTC), so that the same findings give the same bytes.
        columns: Which columns; the first is shown in the colour of its verdict.
    """
    import xlsxwriter  # noqa: PLC0415 - only here

    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": True,
    }
    book = xlsxwriter.Workbook(str(file), options)
    book.set_properties({"title": "Выводы", "created": created.replace(tzinfo=None)})
    sheet = book.add_worksheet("Все результаты")
    head = book.add_format(
        {"bold": True, "bg_color": "#1D4E89", "font_color": "white", "text_wrap": True, "valign": "top"}
    )
    text, day = (
        book.add_format({"valign": "top"}),
        book.add_format({"num_format": "dd.mm.yyyy", "valign": "top"}),
    )
    colours = {
        word: book.add_format({"bg_color": colour, "font_color": "white" if word in {"failed", "passed"} else "black"})
        for word, colour in charts.COLOURS.items()
    }
    for column, (title, width) in enumerate(columns.values()):
        sheet.write_string(0, column, title, head)
        sheet.set_column(column, column, width)
    for row, (verdict, *cells) in enumerate(named[["verdict", *columns]].itertuples(index=False), 1):
        for column, value in enumerate(cells):
            if isinstance(value, pd.Timestamp):
                sheet.write_datetime(row, column, value.to_pydatetime(), day)
            elif isinstance(value, str):
                shown = f"{wording.SYMBOLS[verdict]} {value}" if column == 0 else value
                sheet.write_string(row, column, shown[:_LONGEST_CELL], colours[verdict] if column == 0 else text)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, max(len(named), 1), len(columns) - 1)
    book.close()
