"""Kill `kirov week` at random moments, run it again, and compare its pack with an undisturbed one.

    python tests/soak/week.py --times 50 --seed 131

Each command is a process of its own, killed with SIGKILL: amid the collection, the pages, or when the pack is put in
place. Killed after the collection, the pack must be the same bytes, timings aside. Killed amid it there are two runs
to tell of: then every file that tells of none must be the same bytes, and `--repeat` on the lake that came of it, which
nobody disturbs, must give the same bytes.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lake_contents import contents, differences
from stored_pages import digests
from tqdm import tqdm

from kirovlib import registry, week
from kirovlib.collect import collect, runs
from kirovlib.registry import Register
from kirovlib.reports import repeat
from kirovlib.sandbox import DEMO_NOW, Sandbox, build_world
from kirovlib.settings import Settings

INSTITUTIONS, BATCH = 24, 6
PACK = Path("reports", "2024-W28")
CHOSEN = {"cards": ["failed"], "by_founder": True}
TELLS_OF_RUNS = ("run.json", "06_data_quality", "figures/06_data_quality", "notebooks/06_data_quality")


def main() -> None:
    """The whole soak, or with `--serve` the sandbox for it, or with `--run` one command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=131)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--run", type=Path, metavar="HOME")
    parser.add_argument("--compare", type=Path, nargs=2, metavar="HOME")
    chosen = parser.parse_args()
    if chosen.serve:
        serve()
    elif chosen.run:
        run(chosen.run)
    elif chosen.compare:
        print(json.dumps(compared(*chosen.compare)))  # noqa: T201 - to the parent
    else:
        with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
            try:
                variables = json.loads(server.stdout.readline() if server.stdout else "")
                sys.exit(soak(variables, chosen.times, random.Random(chosen.seed)))  # noqa: S311 - moments, no secrets
            finally:
                server.kill()


def serve() -> None:
    """The sandbox, until killed."""
    with Sandbox(build_world(institutions=INSTITUTIONS, weeks=2), limits=False) as sandbox:
        print(json.dumps(sandbox.variables), flush=True)  # noqa: T201 - to the parent
        signal.pause()


def soak(variables: dict[str, str], times: int, chance: random.Random) -> int:
    """The number of packs that did not come out as they should."""
    root = Path(tempfile.mkdtemp(prefix="kirov-soak-week-"))
    reference = prepared(root / "reference")
    started = time.perf_counter()
    started_one(reference, variables).wait()
    longest = time.perf_counter() - started
    wrong, tries = 0, 0
    moments: Counter[str] = Counter()
    with tqdm(total=times, desc="kills") as bar:
        while bar.n < times:
            tries += 1
            home = prepared(root / str(tries))
            killed = kill_after(home, variables, chance.uniform(0, longest))
            if killed:
                moments[moment_of(home)] += 1
            started_one(home, variables).wait()
            found = json.loads(child("--compare", home, reference))
            if found:
                wrong += 1
                print(f"attempt {tries}: {', '.join(found)} differ, kept in {home}", flush=True)  # noqa: T201
            else:
                shutil.rmtree(home)
            bar.update(killed)
    told = ", ".join(f"{name} {count}" for name, count in sorted(moments.items()))
    print(f"{times} commands killed before their end ({told}); {wrong} of {tries} packs came out otherwise")  # noqa: T201
    if not wrong:
        shutil.rmtree(root)
    return wrong


def prepared(home: Path) -> Path:
    """A home folder with the world's register."""
    world = build_world(institutions=INSTITUTIONS, weeks=2)
    registry.write(home / "data" / "registry", Register(world.institutions, world.accounts))
    return home


def started_one(home: Path, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    """A command at work."""
    return subprocess.Popen(
        [sys.executable, __file__, "--run", str(home)], env=os.environ | {"SOAK_VARIABLES": json.dumps(variables)}
    )


def run(home: Path) -> None:
    """One command; batches of few accounts, one network after the other, so that numbers are the same each time."""
    runs.BATCH = BATCH
    week.collect = functools.partial(collect, in_turn=True)  # type: ignore[attr-defined]
    week.run(settings_of(home, json.loads(os.environ["SOAK_VARIABLES"])), chosen=CHOSEN, progress=False)


def settings_of(home: Path, variables: dict[str, str]) -> Settings:
    """Without pace, at the world's moment."""
    return Settings(home, variables, requests_per_second=0, clock=lambda: DEMO_NOW)


def kill_after(home: Path, variables: dict[str, str], seconds: float) -> bool:
    """Start a command and kill it, the process alone, as a power cut would; whether it was still going on."""
    process = started_one(home, variables)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def moment_of(home: Path) -> str:
    """How far a killed command had come."""
    if (home / PACK).exists():
        return "after the pack"
    if (home / "reports" / ".2024-W28.new").exists():
        return "amid the pack"
    return "before the pack" if (home / "data" / "lake").exists() else "before anything"


def compared(home: Path, reference: Path) -> list[str]:
    """What is not as it should be, by table or file."""
    wrong = differences(contents(home), contents(reference))
    found, expected = digests(home / PACK), digests(reference / PACK)
    differing = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    told = [json.loads((each / PACK / "run.json").read_text(encoding="utf-8")) for each in (home, reference)]
    if told[0]["lake"] == told[1]["lake"]:
        return wrong + differing
    wrong += [name for name in differing if not name.startswith(TELLS_OF_RUNS)]
    again = repeat.repeat(settings_of(home, {}), home / PACK / "run.json", progress=False)
    return wrong + [f"repeated {name}" for name in again.different or ()]


def child(*words: Any) -> str:
    """What this script prints with other words, in a process of its own."""
    done = subprocess.run([sys.executable, __file__, *map(str, words)], stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout


if __name__ == "__main__":
    main()
