"""How quickly a command, a kernel or a notebook cell gets to work, beside `import pandas`.

    python tests/bench/start.py [--rounds N]

Each line is a Python of its own from its start to its end (the bare start of Python in it), the kinds by turns; of the
rounds the quickest counts.

- import: `import kirovlib`.
- table: the same up to the first validated table, `pandas` and `pandera` included.
- help: the command `kirov --help`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

FIRST_TABLE = """
import pandas as pd
from kirovlib import tables
row = {"account_id": "vk:a", "week_start": pd.Timestamp("2024-05-20"), "is_complete": True}
row |= {name: 0 for name in tables.columns(tables.WeeklyCounts) if name.endswith("_count")}
tables.validate(tables.WeeklyCounts, pd.DataFrame([row]))
"""
HELP = "from kirovlib.cli import main; main(['--help'])"
KINDS = {"pandas": "import pandas", "import": "import kirovlib", "table": FIRST_TABLE, "help": HELP}
LIMITS = {"import": 0.3, "table": 2.0, "help": 0.6}


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    rounds = [{name: seconds(code) for name, code in KINDS.items()} for _ in range(parser.parse_args().rounds)]
    best = {name: min(each[name] for each in rounds) for name in KINDS}
    for name, limit in LIMITS.items():
        ratio = best[name] / best["pandas"]
        print(  # noqa: T201 - the table
            f"{name}: {best[name]:.3f} s, {ratio:.2f} x `import pandas` with {best['pandas']:.3f} s (limit {limit})",
            flush=True,
        )


def seconds(code: str) -> float:
    """Of a Python that runs some code."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
