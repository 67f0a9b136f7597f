"""How quick, large and hungry reports are, beside the stock way.

    python tests/bench/cards.py [--only pack,cards,disk,memory] [--cards N] [--stock N] [--rounds N] [--accounts N]

Stock is `papermill` and then `jupyter nbconvert --to html` from the command line, one notebook after the other, on the
same data, machine and run; its cards are measured on a few (`--stock`) and scaled, which favours it: the files of
Python are in memory then. Ours is `kirov report`, a process of its own, from its start to its end: judging, workbook,
pages and all; of cards, the whole report with cards is held against stock cards alone. The sides take turns, of the
rounds the quickest counts. Memory is the largest sum of proportional set sizes of the command and all processes below
it, looked at four times a second. The lake has 13 weeks of 2,100 accounts on three networks with a snapshot a week.

- pack: a week's pack without cards, against its four notebooks the stock way, and its size.
- cards: the same with cards of N institutions.
- disk: what the cards take, in blocks of 4 KB, scaled to 600.
- memory: of both.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from synthetic import World

from kirovlib import registry
from kirovlib.parameters import past_weeks_for
from kirovlib.reports import notebooks
from kirovlib.weeks import Period

WEEKS = 13
BLOCK = 4096
MEGABYTE = 1e6


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="pack,cards,disk,memory")
    parser.add_argument("--accounts", type=int, default=2100)
    parser.add_argument("--cards", type=int, default=300)
    parser.add_argument("--stock", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kirov-bench-") as folder:
        bench = Bench(Path(folder), chosen)
        for name in chosen.only.split(","):
            print(getattr(bench, name)(), f"[load {os.getloadavg()[0]:.1f}]", flush=True)  # noqa: T201 - the table


class Bench:
    """The rows, and the home folder they are measured on."""

    def __init__(self, folder: Path, chosen: argparse.Namespace) -> None:
        self._home, self._aside = folder / "home", folder / "stock"
        self._chosen = chosen
        world = World(chosen.accounts, weeks=WEEKS, mixed=True, snapshots=True)
        world.write(self._home / "data")
        self._aside.mkdir()
        self._period = Period.parse(world.period.weeks[-1].label)
        keys = registry.read(self._home / "data" / "registry").institutions["institution_id"]
        self._keys = list(keys[: chosen.cards])

    def pack(self) -> str:
        """A week's pack."""
        ours, stock = self._sides(self._ours_pack, self._stock_pack)
        pages = [file for file in self._report().rglob("*") if file.is_file() and "cards" not in file.parts]
        size = sum(file.stat().st_size for file in pages) / MEGABYTE
        return (
            f"pack {self._chosen.accounts} accounts x {WEEKS} weeks: {ours:.1f} s, {ours / stock:.2f} x stock's "
            f"{stock:.1f} s (limit 0.5), {size:.1f} MB with plotly.js (limit 12)"
        )

    def cards(self) -> str:
        """A week's pack with cards."""
        ours, few = self._sides(self._ours_cards, self._stock_cards)
        stock = few * len(self._keys) / self._chosen.stock
        return (
            f"cards {len(self._keys)}, the report included: {ours:.1f} s, {stock / ours:.1f} x quicker than stock's "
            f"{stock:.0f} s for the cards alone (aim 8; {few / self._chosen.stock:.2f} s a card, measured on "
            f"{self._chosen.stock})"
        )

    def disk(self) -> str:
        """Room for cards."""
        self._ours_cards()
        files = [file for file in (self._report() / "cards").rglob("*") if file.is_file()]
        blocks = sum(-(-file.stat().st_size // BLOCK) * BLOCK for file in files)
        scaled = blocks / len(self._keys) * 600 / MEGABYTE
        return f"disk 600 cards: {scaled:.0f} MB (limit 60), scaled from {len(self._keys)}, {len(files)} files"

    def memory(self) -> str:
        """The largest of all processes together."""
        without, with_cards = self._ours_pack()["megabytes"], self._ours_cards()["megabytes"]
        return f"memory: {without:.0f} MB for the pack, {with_cards:.0f} MB with cards (limit 1500)"

    def _sides(self, *sides: Callable[[], dict[str, float]]) -> list[float]:
        rounds = [[side()["seconds"] for side in sides] for _ in range(self._chosen.rounds)]
        return [min(found) for found in zip(*rounds, strict=True)]

    def _report(self) -> Path:
        return self._home / "reports" / self._period.label

    def _ours_pack(self) -> dict[str, float]:
        return self._ours()

    @functools.cache  # noqa: B019 - one Bench a process
    def _ours_cards(self) -> dict[str, float]:
        return self._ours("--cards", ",".join(self._keys))

    def _ours(self, *options: str) -> dict[str, float]:
        command = [
            sys.executable,
            "-c",
            "from kirovlib.cli import main; main()",
            "report",
            "--week",
            self._period.label,
        ]
        return measured([*command, "--home", str(self._home), *options])

    def _stock_pack(self) -> dict[str, float]:
        return self._stock([(name, {}) for name in notebooks.REPORTED])

    def _stock_cards(self) -> dict[str, float]:
        keys = self._keys[:: max(1, len(self._keys) // self._chosen.stock)][: self._chosen.stock]
        return self._stock([("04_institution", {"institution_id": f"'{key}'"}) for key in keys])

    def _stock(self, runs: Sequence[tuple[str, dict[str, str]]]) -> dict[str, float]:
        """Both commands for each notebook; papermill guesses types, so that keys stand in YAML with their quotes."""
        shutil.rmtree(self._aside)
        self._aside.mkdir()
        began = time.perf_counter()
        for number, (name, more) in enumerate(runs):
            usual = {"period": self._period.label, "data": "data", "past_weeks": past_weeks_for(self._period)}
            yaml = "\n".join(f"{key}: {value}" for key, value in {**usual, **more}.items())
            source, target = notebooks.NOTEBOOKS_DIR / f"{name}.ipynb", self._aside / f"{number}.ipynb"
            run = ["-m", "papermill", str(source), str(target), "-y", yaml, "-k", "python3", "--no-progress-bar"]
            for command in ([*run, "--cwd", str(self._home)], ["-m", "nbconvert", "--to", "html", str(target)]):
                subprocess.run([sys.executable, *command], check=True, capture_output=True)
        return {"seconds": time.perf_counter() - began}


def measured(command: Sequence[str]) -> dict[str, float]:
    """Seconds of a command and the most memory of it and all below it."""
    most, began = 0.0, time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while running.poll() is None:
            most = max(most, sum(map(resident, below(running.pid))))
            time.sleep(0.25)
    if running.returncode not in {0, 3}:  # 3: data incomplete, as some of this lake are
        raise subprocess.CalledProcessError(running.returncode, command[:6])
    return {"seconds": time.perf_counter() - began, "megabytes": most}


def below(pid: int) -> set[int]:
    """A process and all that it started."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended meanwhile
            continue
    found, more = {pid}, {pid}
    while more:
        more = {child for child, parent in parents.items() if parent in more} - found
        found |= more
    return found


def resident(pid: int) -> float:
    """Its share of memory in MB: what processes share counts once in all."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


if __name__ == "__main__":
    main()
