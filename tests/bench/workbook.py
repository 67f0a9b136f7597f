"""How quickly the workbook of findings is written, beside pandas: a week and a quarter of 2,100 accounts.

    python tests/bench/workbook.py [--accounts N]

The plain way is `DataFrame.to_excel` with openpyxl of the same five tables (breaches, all findings, posts, coverage,
changes), without colours, widths, links, summary and explanations. Each side is a process of its own that judges
first; counted are the seconds after that, tables made and file written, and the largest resident size of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
from synthetic import World

from kirovlib.exports import findings_book, workbook
from kirovlib.order import changes, data_quality, evaluate, ledger, wording
from kirovlib.order.evaluate import Judgement
from kirovlib.parameters import past_weeks_for
from kirovlib.weeks import Period

WEEKS = 13
KINDS = {"week": 1, "quarter": WEEKS}


def main() -> None:
    """The table, or one of the processes it is made of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=2100)
    parser.add_argument("--child", nargs=4, metavar=("SIDE", "DATA", "FROM", "UNTIL"))
    chosen = parser.parse_args()
    if chosen.child:
        side, data, first, last = chosen.child
        print(json.dumps(child(side, Path(data), f"{first}_{last}")))  # noqa: T201 - to the parent
        return
    with tempfile.TemporaryDirectory(prefix="kirov-bench-") as folder:
        world = World(chosen.accounts, weeks=WEEKS, mixed=True, snapshots=True)
        world.write(Path(folder) / "data")
        for name, count in KINDS.items():
            weeks = world.period.weeks[-count:]
            dates = [str(weeks[0].start), str(weeks[-1].start + timedelta(days=6))]
            ours, plain = (measured(side, str(Path(folder) / "data"), *dates) for side in ("ours", "plain"))
            print(  # noqa: T201 - the table
                f"workbook of a {name}, {ours['findings']:.0f} findings: {ours['seconds']:.1f} s, "
                f"{ours['seconds'] / plain['seconds']:.2f} x plain pandas' {plain['seconds']:.1f} s; "
                f"{ours['megabytes']:.0f} MB at most (plain {plain['megabytes']:.0f}), file {ours['file_mb']:.1f} MB "
                f"(plain {plain['file_mb']:.1f})",
                flush=True,
            )


def measured(side: str, *where: str) -> dict[str, float]:
    """What a child process measured of itself."""
    done = subprocess.run([sys.executable, __file__, "--child", side, *where], check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def child(side: str, data: Path, dates: str) -> dict[str, float]:
    """One workbook, measured."""
    period = Period.parse(dates)
    judged = evaluate.judge(period, data, past_weeks=past_weeks_for(period))
    with tempfile.TemporaryDirectory(prefix="kirov-bench-") as folder:
        file = Path(folder) / "findings.xlsx"
        began = time.perf_counter()
        if side == "ours":
            findings_book.write(file, judged)
        else:
            plain_way(file, judged)
        seconds = time.perf_counter() - began
        size = file.stat().st_size / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "megabytes": most, "file_mb": size, "findings": len(judged.findings)}


def plain_way(file: Path, judged: Judgement) -> None:
    """The same tables with pandas alone."""
    named, posts = wording.named(judged), ledger.post_ledger(judged, list(judged.accounts["account_id"]))
    sheets = {
        "Нарушения": named.loc[named["verdict"] == "failed", list(workbook.COLUMNS)],
        "Все результаты": named[list(workbook.COLUMNS)],
        "Журнал публикаций": posts.assign(text=posts["text"].fillna("").astype(str).str.slice(0, 160)),
        "Охват": data_quality.data_quality(judged).accounts,
        "Изменения": changes.named_changes(judged),
    }
    with pd.ExcelWriter(file, engine="openpyxl") as writer:
        for title, table in sheets.items():
            local(table).to_excel(writer, sheet_name=title, index=False)


def local(table: pd.DataFrame) -> pd.DataFrame:
    """Excel knows no time zones."""
    moments = [name for name in table if isinstance(table[name].dtype, pd.DatetimeTZDtype)]
    return table.assign(**{str(name): table[name].dt.tz_convert(None) for name in moments})


if __name__ == "__main__":
    main()
