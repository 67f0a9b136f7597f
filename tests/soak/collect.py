"""Kill collections at random moments, let them finish, and compare with an undisturbed one.

    python tests/soak/collect.py --times 200 --seed 131

Each collection is a process of its own, killed with SIGKILL; the sandbox misbehaves all the while.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lake_contents import contents, differences
from tqdm import tqdm

from kirovlib.collect import collect, runs
from kirovlib.platforms.base import Window
from kirovlib.sandbox import DEMO_NOW, Sandbox, build_world
from kirovlib.sandbox.faults import Faults
from kirovlib.settings import Settings
from kirovlib.weeks import last_full_week

INSTITUTIONS = 60
BATCH = 10  # many checkpoints, so that a moment hits every place between two writes
MOST_RUNS = 4


def main() -> None:
    """The whole soak, or with `--serve` the sandbox for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=131)
    parser.add_argument("--serve", action="store_true")
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.seed)
        return
    with subprocess.Popen(
        [sys.executable, __file__, "--serve", "--seed", str(chosen.seed)], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            variables = json.loads(server.stdout.readline() if server.stdout else "")
            sys.exit(soak(variables, chosen.times, random.Random(chosen.seed)))  # noqa: S311 - moments, no secrets
        finally:
            server.kill()


def serve(seed: int) -> None:
    """The misbehaving sandbox, until killed."""
    with Sandbox(world(), limits=False, faults=Faults(["transient"], seed=seed, slow_seconds=0.6)) as sandbox:
        print(json.dumps(sandbox.variables), flush=True)  # noqa: T201 - to the parent
        signal.pause()


def world() -> Any:
    """The world that is collected again and again."""
    return build_world(institutions=INSTITUTIONS, weeks=1)


def soak(variables: dict[str, str], times: int, chance: random.Random) -> int:
    """The number of collections that did not end as they should."""
    root = Path(tempfile.mkdtemp(prefix="kirov-soak-"))
    reference = root / "reference"
    longest = finish(variables, reference)
    wrong, tries = 0, 0
    with tqdm(total=times, desc="kills") as bar:
        while bar.n < times:
            tries += 1
            home = root / str(tries)
            was_killed = kill_after(variables, home, chance.uniform(0, longest))
            finish(variables, home)
            different = in_child(lambda home=home: len(differences(contents(home), contents(reference))))
            if different:
                wrong += 1
                print(f"attempt {tries}: {different} tables differ, kept in {home}")  # noqa: T201
            else:
                shutil.rmtree(home)
            bar.update(was_killed)
    print(f"{times} collections killed before their end, {wrong} of {tries} ended otherwise than undisturbed")  # noqa: T201
    return wrong


def gather(variables: dict[str, str], home: Path, *, only_missing: bool) -> bool:
    """One collection; whether nothing that can be had is missing."""
    runs.BATCH = BATCH
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(home, variables, requests_per_second=0, timeout_seconds=0.5, clock=lambda: DEMO_NOW)
    window = Window(last_full_week(DEMO_NOW).starts_at, DEMO_NOW)
    summary = collect(settings, world().accounts, window, only_missing=only_missing, progress=False)
    return not any(reason in {"no_answer", "network", "interrupted"} for _, _, reason in summary.outcomes)


def kill_after(variables: dict[str, str], home: Path, seconds: float) -> bool:
    """Start a collection and kill it; whether it was still going on."""
    child = os.fork()
    if child == 0:
        gather(variables, home, only_missing=False)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def finish(variables: dict[str, str], home: Path) -> float:
    """Collect what is missing until nothing is, in a process of its own; the seconds of the first time."""
    started = time.perf_counter()
    first = 0.0
    for _ in range(MOST_RUNS):
        is_done = in_child(lambda: 0 if gather(variables, home, only_missing=True) else 1) == 0
        first = first or time.perf_counter() - started
        if is_done:
            break
    return first


def in_child(work: Any) -> int:
    """What a function returns in a process of its own, as its exit code."""
    child = os.fork()
    if child == 0:
        os._exit(work())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
