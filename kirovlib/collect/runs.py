"""A run in progress: readings into batches of the lake, the run's own row, the summary."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NoReturn, Self

from tqdm import tqdm

from kirovlib import merge_posts
from kirovlib.collect.selection import leads_elsewhere
from kirovlib.errors import AccessError
from kirovlib.lake import Batch, LakeWriter, Snapshot
from kirovlib.platforms.base import NetworkStoppedError, Platform, Reading, Target, Window
from kirovlib.platforms.networks import NETWORKS
from kirovlib.russian import BAR_FORMAT
from kirovlib.settings import Settings

BATCH = 100
EXAMPLES = 5
_BAR_SECONDS = 2


@dataclass
class Summary:
    """What a run brought.

    Attributes:
        run_id: Empty when nothing was missing, so that there was no run.
        outcomes: Accounts by (platform, outcome, reason).
        examples: The first few accounts of each of these that was not collected.
        stopped: Why a network was left early or could not be asked, by platform.
        token_kind: VK's, empty when VK was not asked.
        post_count: Posts stored: new ones, changed ones, vanished ones.
    """

    run_id: str
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    stopped: dict[str, AccessError] = field(default_factory=dict)
    interrupted: bool = False
    token_kind: str = ""
    request_count: int = 0
    post_count: int = 0
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether every account of the networks that are collected at all was collected."""
        return all(outcome == "collected" for platform, outcome, _ in self.outcomes if platform in NETWORKS)


class Run:
    """Turns the readings of all networks into batches; networks may call it from threads of their own.

    Args:
        before: The lake at the run's start. A run reads each account once, so its own batches need not be looked at.
    """

    def __init__(
        self,
        before: Snapshot,
        writer: LakeWriter,
        run_id: str,
        settings: Settings,
        window: Window,
        platforms: Mapping[str, Platform],
    ) -> None:
        self._before, self._writer, self._settings, self._window = before, writer, settings, window
        self._platforms = platforms
        self._started_at = settings.clock()
        self._writing = threading.Lock()
        self.summary = Summary(run_id)

    def read(
        self,
        name: str,
        platform: Platform | None,
        targets: Sequence[Target],
        *,
        position: int,
        progress: bool,
    ) -> None:
        """Read one network's accounts; what could not be reached is recorded with its reason."""
        left = {target.account_id: target for target in targets}
        reason = "interrupted"
        try:
            if platform is None:
                reason = "no_token" if name in self.summary.stopped else "platform_not_supported"
            else:
                elsewhere = [target for target in targets if leads_elsewhere(target)]
                moved = [Reading(target.account_id, "not_collected", "address_moved") for target in elsewhere]
                asked = [target for target in targets if target not in elsewhere]
                with _Bar(name, len(targets), position, progress=progress) as bar:
                    for few in _batches(chain(moved, platform.readings(asked, self._window) if asked else ())):
                        self._commit(name, few, left)
                        bar.show(few)
        except NetworkStoppedError as error:
            reason = error.reason
            if reason != "interrupted":
                self.summary.stopped[name] = error.cause
        finally:
            rest = [Reading(account_id, "not_collected", reason) for account_id in left]
            for few in _batches(iter(rest)):
                self._commit(name, few, dict(left))

    def record(self, account_count: int, *, is_finished: bool) -> None:
        """Write the run's row: at its start, so that what a killed run brought can be read, and at its end."""
        platforms = self._platforms.values()
        vk = self._platforms.get("vk")
        self.summary.token_kind = vk.access_kind if vk else ""
        self.summary.request_count = sum(platform.request_count for platform in platforms)
        self._writer.record_run(
            {
                "run_id": self.summary.run_id,
                "started_at": self._started_at,
                "finished_at": self._settings.clock() if is_finished else None,
                "source": self._source(),
                "window_from": self._window.starts_at,
                "window_until": self._window.ends_at,
                "token_kind": self.summary.token_kind or None,
                "account_count": account_count,
                "request_count": self.summary.request_count,
                "quota_count": sum(platform.quota_count for platform in platforms),
            }
        )

    def _source(self) -> str:
        """The least real of the networks' sources; a run that asked none has brought nothing unreal."""
        found = {NETWORKS[name].source(self._settings, platform.server) for name, platform in self._platforms.items()}
        return next((source for source in ("sandbox", "replay") if source in found), "network")

    def _commit(self, platform: str, readings: Sequence[Reading], left: dict[str, Target]) -> None:
        for reading in readings:
            _leave_out_older(reading, self._window)
        with self._writing:
            stored = merge_posts.stored_posts(self._before, readings)
            batch = Batch(raw={platform: [record for reading in readings for record in reading.raw]})
            for reading in readings:
                new = merge_posts.new_posts(reading, stored.get(reading.account_id, {}))
                batch.posts += new
                batch.post_metrics += reading.metrics
                batch.profile_snapshots += [reading.profile] if reading.profile else []
                batch.coverage.append(merge_posts.coverage_row(reading))
                self.summary.post_count += len(new)
                self._count(platform, reading)
            self._writer.commit(self.summary.run_id, batch)
        for reading in readings:
            left.pop(reading.account_id, None)

    def _count(self, platform: str, reading: Reading) -> None:
        key = (platform, reading.outcome, reading.reason)
        self.summary.outcomes[key] += 1
        shown = self.summary.examples.setdefault(key, [])
        if reading.outcome != "collected" and len(shown) < EXAMPLES:
            shown.append(reading.account_id)


def _leave_out_older(reading: Reading, window: Window) -> None:
    """Leave out posts from before the window, which pages bring along by chance.

    A pinned post stays, and of a wall that was read to its end the first one ever: it tells when the account came
    into being.
    """
    first = min((post["posted_at"] for post in reading.posts), default=window.starts_at)
    since = {first} if reading.reached_end else set()
    reading.posts = [
        post
        for post in reading.posts
        if post["posted_at"] >= window.starts_at or post["posted_at"] in since or post["is_pinned"]
    ]
    kept = {post["post_id"] for post in reading.posts}
    reading.metrics = [row for row in reading.metrics if row["post_id"] in kept]


class _Bar:
    """A network's progress; accounts that were not wholly collected are counted beside it."""

    def __init__(self, name: str, total: int, position: int, *, progress: bool) -> None:
        self._outcomes: Counter[str] = Counter()
        self._bar: tqdm[NoReturn] = tqdm(
            total=total,
            desc=f"{NETWORKS[name].title:<13}",
            position=position,
            bar_format=BAR_FORMAT + "{postfix}",
            delay=_BAR_SECONDS,
            disable=not progress,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, readings: Sequence[Reading]) -> None:
        """Move on by some accounts."""
        self._outcomes.update(reading.outcome for reading in readings)
        words = {"collected": "собрано", "partial": "частично", "not_collected": "не собрано"}
        told = [f"{words[word]} {self._outcomes[word]}" for word in words if self._outcomes[word]]
        self._bar.set_postfix_str(", ".join(told), refresh=False)
        self._bar.update(len(readings))


def _batches(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """Readings by the hundred; what is in hand when the network stops comes too."""
    few: list[Reading] = []
    try:
        for reading in readings:
            few.append(reading)
            if len(few) == BATCH:
                yield few
                few = []
    except NetworkStoppedError:
        if few:
            yield few
        raise
    if few:
        yield few
