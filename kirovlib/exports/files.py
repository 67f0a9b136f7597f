"""Findings into one file, its kind told by its ending, and as a short table for the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from kirovlib import tables
from kirovlib.errors import ParameterError
from kirovlib.exports import exchange, findings_book, workbook
from kirovlib.order import wording
from kirovlib.order.evaluate import Judgement

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


KINDS = (".csv", ".xlsx", ".parquet")


def check_target(file: Path, option: str = "--out", kinds: Sequence[str] = KINDS) -> None:
    """Refuse a file that could not be written, before any work.

    Raises:
        ParameterError: Unknown kind of file, or its folder does not exist.
    """
    if file.suffix not in kinds:
        *first, last = kinds
        expected = f"{', '.join(first)} или {last}" if first else last
        msg = f"Параметр {option}: «{file.name}»; ожидается файл {expected}."
        raise ParameterError(msg)
    if not file.parent.is_dir():
        msg = f"Параметр {option}: папки «{file.parent}» нет. Создайте её или укажите другую."
        raise ParameterError(msg)


def write(file: Path, judged: Judgement) -> None:
    """Write the findings; the kind of file is told by its ending, `.xlsx` is the workbook of a report.

    Args:
        file: To be written.
        judged: The judgement.

    Raises:
        ParameterError: The file cannot be written.
    """
    with _told(file):
        if file.suffix == ".xlsx":
            findings_book.write(file, judged)
        elif file.suffix == ".csv":
            write_csv(file, wording.named(judged))
        else:
            write_parquet(file, judged)


def write_exchange(file: Path, judged: Judgement) -> None:
    """Write the register in the exchange layout, with what was collected.

    Raises:
        ParameterError: The file cannot be written.
    """
    with _told(file):
        exchange.write(file, judged)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """An error of the disk as a message for the analyst."""
    try:
        yield
    except OSError as error:
        msg = (
            f"Файл «{file}» не записан: {error.strerror or error}. Закройте его в других программах, проверьте права "
            "и место на диске."
        )
        raise ParameterError(msg) from None


def write_csv(file: Path, named: pd.DataFrame, columns: workbook.Columns = workbook.COLUMNS) -> None:
    """Write rows as CSV that Excel opens by itself, text that could be a formula neutralised.

    Args:
        file: To be written.
        named: `wording.named`, or some of its rows.
        columns: Which columns, each with its title; the width is not needed here.
    """
    titles = {name: title for name, (title, _) in columns.items()}
    safe = named[list(columns)].map(_harmless).rename(columns=titles)
    safe.to_csv(file, index=False, sep=";", date_format="%d.%m.%Y", encoding="utf-8-sig", lineterminator="\n")


def write_parquet(file: Path, judged: Judgement) -> None:
    """The table `Findings` as Parquet."""
    import pyarrow.parquet  # noqa: PLC0415 - only here

    pyarrow.parquet.write_table(tables.to_arrow(tables.Findings, judged.findings), file, compression="zstd")


def verdict_table(named: pd.DataFrame) -> str:
    """Clause, verdict, reason and how many, as lines of text."""
    counted = named.groupby(["clause_name", "verdict", "reason_name"], sort=False).size().reset_index(name="count")
    lines = []
    for clause, rows in counted.groupby("clause_name", sort=False):
        lines.append(str(clause))
        for row in rows.sort_values("count", ascending=False).itertuples():
            verdict = str(row.verdict)
            shown = f"{wording.SYMBOLS[verdict]} {wording.VERDICTS[verdict]}"
            lines.append(f"  {row.count:>5}  {shown:<18} {row.reason_name}")
    return "\n".join(lines)


def _harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
