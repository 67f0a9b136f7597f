"""Findings as a workbook of one sheet, and the columns in which findings are shown."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd

from kirovlib.exports.book import Book, Columns

__all__ = ["COLUMNS", "Columns", "write"]

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
    with Book(file, "Выводы", created, links=False) as book:
        book.sheet("Все результаты").table(named, columns, fixed=3)
