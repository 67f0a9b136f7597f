"""Killed between any two writes, a collection loses at most its last batch, and `--only-missing` brings the rest."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lake_contents import contents, differences

from kirovlib.collect import collect, runs
from kirovlib.lake import CRASH_POINTS, durable
from kirovlib.platforms.base import Window
from kirovlib.sandbox import DEMO_NOW, Sandbox, build_world
from kirovlib.settings import Settings
from kirovlib.weeks import last_full_week

# Three checkpoints and the merge at the end; the middle one is where most can go wrong.
SECOND = ("raw", "posts", "post_metrics", "profile_snapshots", "coverage")


class KilledError(BaseException):
    """The process ends here: nothing is written any more."""


WORLD = build_world(institutions=6, weeks=1)


@pytest.fixture(scope="module")
def network() -> Iterator[Sandbox]:
    with Sandbox(WORLD, limits=False) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def undisturbed(network: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    home = tmp_path_factory.mktemp("undisturbed")
    gather(home, network)
    return contents(home)


def gather(home: Path, network: Sandbox, *, only_missing: bool = False) -> Any:
    settings = Settings(home, network.variables, requests_per_second=0, clock=lambda: DEMO_NOW)
    window = Window(last_full_week(DEMO_NOW).starts_at, DEMO_NOW)
    return collect(settings, WORLD.accounts, window, only_missing=only_missing, in_turn=True, progress=False)


def kill_at(point: str, occurrence: int, patch: pytest.MonkeyPatch) -> Counter[str]:
    """From the n-th time that the point is reached nothing is written any more, whoever tries."""
    seen: Counter[str] = Counter()
    dead = threading.Event()
    aside = durable.aside

    def reached(name: str) -> None:
        seen[name] += 1
        if dead.is_set() or (name == point and seen[name] == occurrence):
            dead.set()
            raise KilledError

    def write(*given: Any) -> Any:
        if dead.is_set():
            raise KilledError
        return aside(*given)

    patch.setattr(durable, "reached", reached)
    patch.setattr(durable, "aside", write)
    return seen


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_killed_at_a_point_and_run_again_the_lake_is_that_of_an_undisturbed_run(
    point: str, network: Sandbox, undisturbed: dict[str, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "BATCH", 3)
    with monkeypatch.context() as patch:
        kill_at(point, 2 if point.rpartition("_")[0] in SECOND else 1, patch)
        with pytest.raises(KilledError):
            gather(tmp_path, network)
    gather(tmp_path, network, only_missing=True)
    assert differences(contents(tmp_path), undisturbed) == []


def test_the_points_are_all_that_a_run_comes_by(
    network: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "BATCH", 3)
    seen = kill_at("nowhere", 1, monkeypatch)
    gather(tmp_path, network)
    assert set(seen) == set(CRASH_POINTS)
