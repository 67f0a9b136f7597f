"""Pages made several at a time on this machine."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from kirovlib.reports.jobs import PageJob
from kirovlib.reports.kernels.crew import Crew
from kirovlib.reports.kernels.remembered import Remembered

_JOB_BYTES = 400 * 2**20  # a worker, its kernel and what they take in for a large report


class Makers(Protocol):
    """Who makes pages; used as a context, at whose end nobody works any more."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything; after an error also what is in the midst of a page."""

    def remember(self, judged: Remembered) -> None:
        """Tell a judgement that kernels need not come to again."""

    def submit(self, job: PageJob) -> Future[float]:
        """Have a page made; see `Crew.make` for what the future holds or raises."""


class Pool:
    """A crew of this machine, of which so many work at a time.

    Args:
        jobs: How many; by default `default_jobs()`.
        warm: See `Crew`.
    """

    def __init__(self, jobs: int | None, *, warm: bool) -> None:
        self._crew = Crew(warm=warm)
        self._threads = ThreadPoolExecutor(jobs or default_jobs())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._crew.close()  # whoever waits for a page is told that it is lost
        self._threads.shutdown()

    def remember(self, judged: Remembered) -> None:
        """See `Makers`."""
        self._crew.remember(judged)

    def submit(self, job: PageJob) -> Future[float]:
        """See `Makers`."""
        return self._threads.submit(self._crew.make, job)


def default_jobs() -> int:
    """As many as there are cores for us, fewer where memory is short."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free = Path("/proc/meminfo")
    if not free.is_file():
        return cores
    lines = dict(line.split(":") for line in free.read_text(encoding="ascii").splitlines())
    return max(1, min(cores, int(lines["MemAvailable"].split()[0]) * 1024 // _JOB_BYTES))
