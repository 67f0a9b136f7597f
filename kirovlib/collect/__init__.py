"""Collection: networks in parallel, each at its own pace; batches of accounts as checkpoints; coverage for all.

- `selection`: what is to be read, and what is still missing.
- `plans`: what that will take, told before the first request.
- `runs`: readings into batches of the lake, the run's own row, the summary.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack

import pandas as pd
from tqdm import tqdm

from kirovlib import merge_posts
from kirovlib.collect import selection
from kirovlib.collect.plans import NetworkPlan, plan
from kirovlib.collect.runs import Run, Summary
from kirovlib.errors import ParameterError, TokenError
from kirovlib.lake import Lake
from kirovlib.platforms import networks
from kirovlib.platforms.base import Platform, Target, Window
from kirovlib.settings import Settings
from kirovlib.weeks import local_date

__all__ = ["NetworkPlan", "Summary", "collect"]

_GLANCE_SECONDS = 0.2  # how soon Ctrl-C is noticed


def collect(
    settings: Settings,
    accounts: pd.DataFrame,
    window: Window,
    *,
    only_missing: bool = False,
    in_turn: bool = False,
    announce: Callable[[Sequence[NetworkPlan]], None] = lambda _: None,
    progress: bool = True,
) -> Summary:
    """Bring posts and profiles of accounts into the lake.

    Each hundred accounts of a network are a checkpoint. Whatever happens, every account gets a coverage row: an
    account that was not reached because its network stopped is `not_collected` with the reason. Ctrl-C lets the
    answers under way come in, writes them and ends; the summary says so.

    Args:
        settings: Tokens, addresses, pace and clock.
        accounts: Rows of the table `Accounts`.
        window: The moments (UTC) between which posts are wanted.
        only_missing: Whether to leave out accounts of which nothing is missing, see `selection.missing`.
        in_turn: Whether networks are read one after the other, so that batches get the same numbers each time.
        announce: Called with the plan of each network before the first request.
        progress: Whether to draw a bar per network once it takes longer than two seconds.

    Returns:
        Counts by outcome and reason; empty when nothing was missing.

    Raises:
        ParameterError: When there is nothing to collect or the window is empty.
        TokenError: When no network can be asked because tokens are missing (before the first request).
        LakeError: When another run is writing.
    """
    if accounts.empty:
        msg = "Собирать нечего: не выбрано ни одного аккаунта. Проверьте реестр и параметры --account, --platform."
        raise ParameterError(msg)
    if window.starts_at >= window.ends_at:
        msg = (
            f"Начало сбора {local_date(window.starts_at):%d.%m.%Y} позже настоящего момента. Укажите более раннюю дату."
        )
        raise ParameterError(msg)
    started = time.perf_counter()
    lake = Lake(settings.lake_dir)
    with lake.writer() as writer, ExitStack() as stack:
        if only_missing:
            accounts = selection.missing(accounts, lake, window, settings.clock())
            if accounts.empty:
                return Summary("")
        chosen = selection.targets(accounts, lake)
        stopping = threading.Event()
        platforms, refused = networks.connected(settings, chosen, stopping, stack)
        if refused and not platforms:
            raise TokenError("\n".join(str(error) for error in refused.values()))
        for platform in platforms.values():
            platform.recall(lake)
        announce(plan(settings, lake, chosen, window, platforms, refused))
        before = stack.enter_context(lake.snapshot())
        run = Run(before, writer, merge_posts.free_run_id(settings), settings, window, platforms)
        run.record(len(accounts), is_finished=False)
        run.summary.stopped.update(refused)
        _read_all(run, chosen, platforms, stopping, 1 if in_turn else len(chosen), progress=progress)
        writer.merge()
        run.record(len(accounts), is_finished=True)
    run.summary.seconds = time.perf_counter() - started
    return run.summary


def _read_all(
    run: Run,
    chosen: dict[str, list[Target]],
    platforms: dict[str, Platform],
    stopping: threading.Event,
    at_once: int,
    *,
    progress: bool,
) -> None:
    """So many networks at once, each in a thread of its own; an error of one is raised after the others are through."""
    with ThreadPoolExecutor(at_once) as pool:
        futures = [
            pool.submit(run.read, name, platforms.get(name), few, position=position, progress=progress)
            for position, (name, few) in enumerate(sorted(chosen.items()))
        ]
        while not _are_done(futures, run, stopping):
            continue
    for future in futures:
        future.result()


def _are_done(futures: Sequence[Future[None]], run: Run, stopping: threading.Event) -> bool:
    try:
        return not wait(futures, _GLANCE_SECONDS).not_done
    except KeyboardInterrupt:
        if stopping.is_set():
            raise  # a second Ctrl-C: at once; what was written is whole all the same
        run.summary.interrupted = True
        stopping.set()
        tqdm.write("Останавливаюсь: записываю уже полученное. Ещё раз Ctrl-C — прекратить сразу.", file=sys.stderr)
        return False
