"""The whole way on the embedded sandbox: world or recording, register, collection, report."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from kirovlib import registry, reports
from kirovlib.collect import Summary, collect
from kirovlib.errors import ParameterError
from kirovlib.platforms.base import Window
from kirovlib.registry import Register
from kirovlib.sandbox import DEMO_NOW, Recording, Sandbox, World, build_world, load_recording
from kirovlib.settings import Settings
from kirovlib.weeks import Period, Week, last_full_week

# Marks a folder as ours, so that a demo never clears somebody's own data.
_MARK = ".kirov-demo"
_TOKEN = "sandbox-user"


@dataclass(frozen=True)
class Demo:
    """What the demo made: the collection's summary and the report's first page."""

    summary: Summary
    index: Path


def run(
    out: Path, *, replay: Path | None = None, institutions: int = 60, weeks: int = 12, seed: int = 131,
    progress: bool = True,
) -> Demo:  # fmt: skip
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
    _clear(out)
    label, window = _period(source, weeks)
    with Sandbox(source, limits=False) as sandbox:
        settings = Settings(
            home=out,
            vk_token=_TOKEN,
            vk_url=sandbox.vk_url,
            vk_requests_per_second=0,
            clock=lambda: source.now,
        )
        registry.write(settings.registry_dir, Register(source.institutions, source.accounts))
        accounts = registry.read(settings.registry_dir).accounts
        summary = collect(settings, accounts, window, progress=progress)
    index = reports.build(replace(settings, vk_token=""), Period.parse(label), progress=progress)
    return Demo(summary, index)


def _period(source: World | Recording, weeks: int) -> tuple[str, Window]:
    now: datetime = source.now
    if isinstance(source, Recording):
        return source.period_label, Window(Week.of(source.window_from).starts_at, now)
    last = last_full_week(now)
    return last.label, Window(last.shifted(1 - weeks).starts_at, now)


def _clear(out: Path) -> None:
    if out.exists() and any(out.iterdir()) and not (out / _MARK).exists():
        msg = f"Папка «{out}» не пуста и создана не демонстрацией. Укажите другую папку: --out ПАПКА."
        raise ParameterError(msg)
    for name in ("data", "reports"):
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()


__all__ = ["DEMO_NOW", "Demo", "run"]
