"""All benches, one after the other; what they print goes to `docs/performance.md` with how it was measured.

    python tests/bench [--only start,judge] [--write docs/performance.md]

Where some are left out, what the file says of them stays.
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHES = {
    "start": "Getting to work",
    "cards": "Reports and cards",
    "workbook": "The workbook",
    "judge": "Judging",
    "explore": "The explorer",
    "collect": "Collecting",
}
LIBRARIES = ("pandas", "numpy", "duckdb", "pyarrow", "plotly", "papermill", "nbconvert", "ipykernel", "xlsxwriter")
PREFACE = """# Speed and memory, measured

Written by `make bench` from what it printed; not edited by hand. Each row is measured side by side with what it is
compared to, in the same run on the same machine. Machines are shared and noisy: ratios are what counts. No test
depends on a time.
"""


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(BENCHES))
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    measured = {name: section(name) for name in BENCHES if name in chosen.only.split(",")}
    if chosen.write:
        before = chosen.write.read_text(encoding="utf-8") if chosen.write.exists() else ""
        told = {title: part for part in before.split("\n## ")[1:] if (title := part.partition("\n")[0])}
        parts = [measured.get(name, told.get(title, "")).strip() for name, title in BENCHES.items()]
        shown = "".join(f"\n## {part}\n" for part in parts if part)
        chosen.write.write_text(PREFACE + shown, encoding="utf-8")


def machine() -> str:
    """What it is measured on, and when."""
    cores, memory = len(os.sched_getaffinity(0)), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{datetime.now(UTC):%d.%m.%Y} · {cores} cores, {memory:.0f} GB of memory · {platform.system()}, "
        f"Python {platform.python_version()} · {versions}"
    )


def section(name: str) -> str:
    """Run one and tell how it measures and what it printed, which is shown on the way too."""
    file = HERE / f"{name}.py"
    print(f"# {BENCHES[name]}", flush=True)  # noqa: T201 - the table
    lines = []
    with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)  # noqa: T201
            lines.append(line)
    if running.returncode:
        raise SystemExit(running.returncode)
    described = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return f"{BENCHES[name]}\n\n```\n{''.join(lines)}```\n\n{described}\n\n{machine()}"


if __name__ == "__main__":
    main()
