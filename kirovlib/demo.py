"""The whole way on the embedded sandbox: world or recording, register, collection, report."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from kirovlib import registry, reports
from kirovlib.collect import Summary, collect
from kirovlib.counts import weekly_counts
from kirovlib.errors import ParameterError
from kirovlib.lake import Lake
from kirovlib.platforms.base import Window
from kirovlib.registry import Register
from kirovlib.sandbox import Recording, Sandbox, World, build_world, load_recording
from kirovlib.settings import Settings
from kirovlib.weeks import Period, Week, last_full_week

# Marks a folder as ours, so that a demo never clears somebody's own data.
_MARK = ".kirov-demo"
# Known to the sandbox only. A recording is read one wall at a time: answers recorded years apart that came in one
# `execute` would all have the date of the oldest.
_WORLD_TOKEN, _REPLAY_TOKEN = "sandbox-user", "sandbox-service"


@dataclass(frozen=True)
class Demo:
    """What the demo made.

    Attributes:
        summary: The collection.
        index: The report's first page.
        recorded_weeks: With a recording, the weeks that have posts (table WeeklyCounts), since the walls were
            recorded in other weeks than the one reported.
    """

    summary: Summary
    index: Path
    recorded_weeks: pd.DataFrame | None = None


def run(
    out: Path,
    *,
    replay: Path | None = None,
    institutions: int = 60,
    weeks: int = 12,
    seed: int = 131,
    progress: bool = True,
) -> Demo:
    """Collect from the sandbox into a home folder of its own and report.

    Args:
        out: Home folder to make; an earlier demo in it is replaced, anything else is left alone.
        replay: Folder with recorded answers to serve instead of a world.
        institutions, weeks, seed: The world.
        progress: Whether to draw progress bars.

    Raises:
        ParameterError: The folder holds something else, or the recording is unusable.
    """
    source = load_recording(replay) if replay else build_world(institutions=institutions, weeks=weeks, seed=seed)
    label, window = _period(source, weeks)
    settings, summary = gather(out, source, window, progress=progress)
    index = reports.build(settings, Period.parse(label), progress=progress)
    return Demo(summary, index, _recorded_weeks(settings, source) if isinstance(source, Recording) else None)


def gather(out: Path, source: World | Recording, window: Window, *, progress: bool) -> tuple[Settings, Summary]:
    """Write the source's registers into a fresh home folder and collect it from a sandbox.

    Returns:
        The home's settings (without a token) and the collection's summary.

    Raises:
        ParameterError: The folder holds something else than an earlier demo.
    """
    _clear(out)
    settings = Settings(home=out, requests_per_second=0, clock=lambda: source.now)
    registry.write(settings.registry_dir, Register(source.institutions, source.accounts))
    if isinstance(source, World):
        registry.write_side(settings.registry_dir, source.side)
    accounts = registry.read(settings.registry_dir).accounts
    with Sandbox(source, limits=False) as sandbox:
        token = _REPLAY_TOKEN if isinstance(source, Recording) else _WORLD_TOKEN
        reached = replace(settings, variables=sandbox.variables_for(token))
        # One network after the other, so that the batches, and with them every byte, are the same each time.
        summary = collect(reached, accounts, window, in_turn=True, progress=progress)
    return settings, summary


def _recorded_weeks(settings: Settings, source: Recording) -> pd.DataFrame:
    lake = Lake(settings.lake_dir)
    walls = lake.query("SELECT DISTINCT account_id FROM posts ORDER BY account_id")["account_id"]
    first = lake.query("SELECT min(posted_at) AS first FROM posts")["first"].item()
    weeks, last = [Week.of(first)], Week.of(source.now)
    while weeks[-1] < last:
        weeks.append(weeks[-1].shifted(1))
    counted = weekly_counts(lake, list(walls), weeks)
    return counted[(counted["own_count"] + counted["repost_count"]) > 0].reset_index(drop=True)


def _period(source: World | Recording, weeks: int) -> tuple[str, Window]:
    now: datetime = source.now
    if isinstance(source, Recording):
        return source.period_label, Window(Week.of(source.window_from).starts_at, now)
    last = last_full_week(now)
    return last.label, Window(last.shifted(1 - weeks).starts_at, now)


def _clear(out: Path) -> None:
    if out.exists() and not out.is_dir():
        msg = f"«{out}» — файл, а нужна папка. Укажите другую: --out ПАПКА."
        raise ParameterError(msg)
    if out.exists() and any(out.iterdir()) and not (out / _MARK).exists():
        msg = f"Папка «{out}» не пуста и создана не демонстрацией. Укажите другую папку: --out ПАПКА."
        raise ParameterError(msg)
    for name in ("data", "reports"):
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()
