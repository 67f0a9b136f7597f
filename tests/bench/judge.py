"""How quick and how large judging is: a year of the country's 170,000 accounts, and a region's year by every clause.

    python tests/bench/judge.py [--only weeks,tenfold,memory,region] [--accounts N] [--rounds N]

Every row is measured in one run, on lakes that `synthetic.py` makes for it in a folder of its own (1.2 GB for 53
million posts). Each side works in a process of its own, the sides in turn, and of the rounds the quickest counts:
machines are shared and noisy, so ratios are what counts. Times are without the start of Python and its imports.

- weeks: posts to findings of clause 3.1 (`findings_in_blocks`, its rows counted and let go; the register is read
  before), against a bare `GROUP BY` account and local week in DuckDB over the same file, fetched to Arrow, and against
  the plain way in pandas: read four columns, floor to local weeks, group, reindex to all account-weeks, compare with 3.
- tenfold: the same findings at a tenth of the accounts and at all of them.
- memory: the largest resident size of those findings, register included.
- region: `judge` on a year of 2,100 accounts of three networks with a snapshot a week, against loading its tables.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from synthetic import PART, World

from kirovlib import registry
from kirovlib.lake import Lake
from kirovlib.lake.parts import table_file
from kirovlib.order import evaluate

REGION = World(2100, mixed=True, snapshots=True)
MINIMUM = 3
ZONE = "Europe/Kirov"


def main() -> None:
    """The table, or one of the processes it is made of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="weeks,tenfold,memory,region")
    parser.add_argument("--accounts", type=int, default=170_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", metavar="JSON")
    chosen = parser.parse_args()
    if chosen.child:
        print(json.dumps(child(**json.loads(chosen.child))))  # noqa: T201 - to the parent
        return
    with tempfile.TemporaryDirectory(prefix="kirov-bench-") as folder:
        bench = Bench(Path(folder), chosen.accounts, chosen.rounds)
        for name in chosen.only.split(","):
            for line in getattr(bench, name)():
                print(line, flush=True)  # noqa: T201 - the table


class Bench:
    """The rows, and the lakes they are measured on."""

    def __init__(self, folder: Path, accounts: int, rounds: int) -> None:
        self._folder = folder
        self._accounts = accounts
        self._rounds = rounds

    def weeks(self) -> Iterator[str]:
        """Findings of clause 3.1 against a bare GROUP BY and against pandas."""
        world = World(self._accounts)
        ours, bare = self._measured(world, "ours", "bare")
        yield (
            f"weeks {_size(ours)}: {ours['seconds']:.1f} s, {ours['seconds'] / bare['seconds']:.2f} x the bare "
            f"GROUP BY's {bare['seconds']:.1f} s (limit 2.5), {ours['megabytes']} MB at most (limit 4096), "
            f"{ours['found']}"
        )
        for share in (1, 2, 4, 8):  # the plain way may need more memory than there is
            smaller = World(self._accounts // share)
            try:
                ours, plain = self._measured(smaller, "ours", "plain")
            except subprocess.CalledProcessError as error:
                yield f"weeks {smaller.accounts} accounts: plain pandas ended with {error.returncode}, out of memory?"
                continue
            yield (
                f"weeks {_size(ours)}: {ours['seconds']:.1f} s, {plain['seconds'] / ours['seconds']:.2f} x as quick "
                f"as pandas' {plain['seconds']:.1f} s (aim >= 2), whose memory is {plain['megabytes']} MB, "
                f"{plain['found']}"
            )
            return

    def tenfold(self) -> Iterator[str]:
        """Findings of clause 3.1 by the number of accounts."""
        tenth = World(self._accounts // 10)
        few, many = self._best({"few": (tenth, "ours"), "many": (World(self._accounts), "ours")})
        yield (
            f"tenfold {tenth.accounts} to {self._accounts} accounts: {few['seconds']:.2f} s to "
            f"{many['seconds']:.1f} s, {many['seconds'] / few['seconds']:.1f} x (limit 11)"
        )

    def memory(self) -> Iterator[str]:
        """Resident size by the number of accounts."""
        for accounts in (self._accounts // 10, self._accounts):
            world = World(accounts)
            ours, nothing = self._measured(world, "ours", "register")
            yield (
                f"memory {accounts} accounts: {ours['megabytes']} MB at most (limit 4096), "
                f"of which the register {nothing['megabytes']} MB"
            )

    def region(self) -> Iterator[str]:
        """Every clause for a year of a region, against loading its tables."""
        judged, loaded = self._measured(REGION, "judge", "load")
        yield (
            f"region {REGION.accounts} accounts: {judged['seconds']:.1f} s, "
            f"{judged['seconds'] / loaded['seconds']:.2f} x loading's {loaded['seconds']:.1f} s (limit 2), "
            f"{judged['megabytes']} MB (loading {loaded['megabytes']} MB), {judged['found']}"
        )

    def _measured(self, world: World, *sides: str) -> list[dict[str, Any]]:
        return self._best({side: (world, side) for side in sides})

    def _best(self, sides: dict[str, tuple[World, str]]) -> list[dict[str, Any]]:
        """The quickest round of each side; its memory is the largest of the rounds."""
        rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
        for _, (name, (world, side)) in itertools.product(range(self._rounds), sides.items()):
            rounds[name].append(process(side=side, data=str(self._made(world)), **vars(world)))
        return [
            min(found, key=lambda each: each["seconds"]) | {"megabytes": max(each["megabytes"] for each in found)}
            for found in rounds.values()
        ]

    @functools.cache  # noqa: B019 - one Bench a process
    def _made(self, world: World) -> Path:
        """The folder of a world, made by a process of its own: a large parent would count as the children's memory."""
        data = self._folder / f"{world.accounts}-{world.mixed}"
        process(side="make", data=str(data), **vars(world))
        return data


def process(**what: Any) -> dict[str, Any]:
    """What a child process measured of itself."""
    done = subprocess.run([sys.executable, __file__, "--child", json.dumps(what)], check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def child(side: str, data: str, **world: Any) -> dict[str, Any]:
    """One side, measured."""
    made, folder = World(**world), Path(data)
    # `make` and `register` are not timed: what they return is ready already.
    sides: dict[str, Callable[[World, Path], Callable[[], str]]] = {
        "make": make,
        "register": register_only,
        "ours": ours,
        "bare": bare,
        "plain": plain,
        "judge": judge,
        "load": load,
    }
    ready = sides[side](made, folder)
    started = time.perf_counter()
    found = ready()
    seconds = time.perf_counter() - started
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"seconds": seconds, "found": found, "accounts": made.accounts, "megabytes": largest}


def make(world: World, data: Path) -> Callable[[], str]:
    """The folder itself."""
    world.write(data)
    return str


def register_only(_world: World, data: Path) -> Callable[[], str]:
    """What the register alone takes."""
    registry.read(data / "registry")
    return str


def ours(world: World, data: Path) -> Callable[[], str]:
    """Findings of clause 3.1, block by block."""
    register = registry.read(data / "registry")

    def judged() -> str:
        verdicts: Counter[str] = Counter()
        for findings in evaluate.findings_in_blocks(Lake(data / "lake"), register, world.period):
            verdicts.update(findings["verdict"].value_counts().to_dict())
        return f"{verdicts.total()} findings: " + ", ".join(f"{count} {word}" for word, count in verdicts.most_common())

    return judged


def bare(_world: World, data: Path) -> Callable[[], str]:
    """What the data base needs for the counting alone."""
    file = table_file(data / "lake", "posts", PART)

    def counted() -> str:
        with duckdb.connect() as connection:
            rows = connection.sql(
                f"""
                SELECT account_id, date_trunc('week', timezone('{ZONE}', posted_at)) AS week, count(*) AS amount
                FROM '{file}' GROUP BY 1, 2
                """  # noqa: S608 - our own folder
            ).to_arrow_table()
        return f"{rows.num_rows} account-weeks with posts"

    return counted


def plain(world: World, data: Path) -> Callable[[], str]:
    """What one would write first, in pandas."""
    file = table_file(data / "lake", "posts", PART)
    accounts = pd.read_csv(data / "registry" / registry.ACCOUNTS_CSV, sep=";", usecols=["account_id"])["account_id"]
    # Out of memory here shall not make the system end somebody else's process.
    free = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
    resource.setrlimit(resource.RLIMIT_AS, (int(free.split()[1]) * 1024,) * 2)

    def judged() -> str:
        posts = pd.read_parquet(file, columns=["account_id", "posted_at", "own", "is_repost"])
        posts = posts[posts["own"] & ~posts["is_repost"].fillna(value=True)]
        local = posts["posted_at"].dt.tz_convert(ZONE).dt.tz_localize(None)
        monday = local.dt.normalize() - pd.to_timedelta(local.dt.day_of_week, unit="D")
        counts = posts.groupby(["account_id", monday.rename("week_start")]).size()
        mondays = pd.to_datetime([week.start for week in world.period.weeks])
        counts = counts.reindex(pd.MultiIndex.from_product([accounts, mondays]), fill_value=0)
        return f"{int((counts < MINIMUM).sum())} of {len(counts)} below the norm"

    return judged


def judge(world: World, data: Path) -> Callable[[], str]:
    """Every clause."""
    return lambda: f"{len(evaluate.judge(world.period, data).findings)} findings"


def load(_world: World, data: Path) -> Callable[[], str]:
    """The tables that are judged."""

    def loaded() -> str:
        registry.read(data / "registry")
        lake = Lake(data / "lake")
        count = sum(len(lake.table(name)) for name in ("posts", "profile_snapshots", "coverage"))
        return f"{count + len(lake.runs())} rows"

    return loaded


def _size(measured: dict[str, Any]) -> str:
    return f"{measured['accounts']} accounts"


if __name__ == "__main__":
    main()
