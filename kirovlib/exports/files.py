"""Findings into one file, its kind told by its ending, and as a short table for the screen."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kirovlib import tables
from kirovlib.errors import ParameterError
from kirovlib.exports import workbook
from kirovlib.order import wording
from kirovlib.order.evaluate import Judgement

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def check_target(file: Path) -> None:
    """Refuse a file that could not be written, before any work.

    Raises:
        ParameterError: Unknown kind of file, or its folder does not exist.
    """
    if file.suffix not in {".csv", ".xlsx", ".parquet"}:
        msg = f"Параметр --out: «{file.name}»; ожидается файл .csv, .xlsx или .parquet."
        raise ParameterError(msg)
    if not file.parent.is_dir():
        msg = f"Параметр --out: папки «{file.parent}» нет. Создайте её или укажите другую."
        raise ParameterError(msg)


def write(file: Path, judged: Judgement) -> None:
    """Write the findings; the kind of file is told by its ending."""
    if file.suffix == ".xlsx":
        workbook.write(file, wording.named(judged), judged.period.ends_at)
    elif file.suffix == ".csv":
        write_csv(file, wording.named(judged))
    else:
        write_parquet(file, judged)


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
