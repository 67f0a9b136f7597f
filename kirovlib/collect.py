"""One loop over the accounts: windows, checkpoints, coverage, progress."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pandas as pd
from tqdm import tqdm

from kirovlib import merge_posts
from kirovlib.errors import AccessError, ParameterError, TokenError
from kirovlib.lake import Batch, Lake, LakeWriter
from kirovlib.platforms.base import NetworkStoppedError, Platform, Reading, Target, Window
from kirovlib.platforms.http import Http, make_client
from kirovlib.platforms.vk import Vk
from kirovlib.russian import BAR_FORMAT
from kirovlib.settings import VK_URL, Settings

_BATCH = 100


@dataclass
class Summary:
    """What a run brought.

    Attributes:
        outcomes: Accounts by (platform, outcome, reason).
        stopped: Why a network was left early, by platform.
    """

    run_id: str
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    stopped: dict[str, AccessError] = field(default_factory=dict)
    interrupted: bool = False
    token_kind: str = ""
    request_count: int = 0
    post_count: int = 0
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether every account was collected."""
        return all(outcome == "collected" for _, outcome, _ in self.outcomes)


def collect(settings: Settings, accounts: pd.DataFrame, window: Window, *, progress: bool = True) -> Summary:
    """Bring posts and profiles of accounts into the lake.

    Each hundred accounts are a checkpoint. Whatever happens, every account gets a coverage row: an account that was
    not reached because its network stopped is `not_collected` with the reason.

    Args:
        settings: Tokens, addresses, pace and clock.
        accounts: Rows of the table `Accounts`.
        window: The moments (UTC) between which posts are wanted.
        progress: Whether to draw a bar per network once it takes longer than two seconds.

    Returns:
        Counts by outcome and reason.

    Raises:
        ParameterError: When there is nothing to collect or the window is empty.
        TokenError: When a token that is needed is missing (before the first request).
        LakeError: When another run is writing.
    """
    if accounts.empty:
        msg = "Собирать нечего: не выбрано ни одного аккаунта. Проверьте реестр и параметры --account, --platform."
        raise ParameterError(msg)
    if window.starts_at >= window.ends_at:
        msg = f"Начало сбора {window.starts_at:%d.%m.%Y} позже настоящего момента. Укажите более раннюю дату."
        raise ParameterError(msg)
    started = time.perf_counter()
    lake = Lake(settings.lake_dir)
    with lake.writer() as writer, _platforms(settings, set(accounts["platform"])) as platforms:
        run = _Run(lake, writer, merge_posts.free_run_id(settings), settings, window, len(accounts))
        run.record(platforms, is_finished=False)
        try:
            for name, few in accounts.groupby("platform", sort=True):
                run.read(str(name), platforms.get(str(name)), _targets(few), progress=progress)
        except KeyboardInterrupt:
            run.summary.interrupted = True
        writer.merge()
        run.record(platforms, is_finished=True)
    run.summary.seconds = time.perf_counter() - started
    return run.summary


class _Run:
    """A run in progress: turns readings into batches."""

    def __init__(
        self,
        lake: Lake,
        writer: LakeWriter,
        run_id: str,
        settings: Settings,
        window: Window,
        account_count: int,
    ) -> None:
        self._lake, self._writer, self._settings, self._window = lake, writer, settings, window
        self._account_count = account_count
        self._started_at = settings.clock()
        self.summary = Summary(run_id)

    def read(self, name: str, platform: Platform | None, targets: Sequence[Target], *, progress: bool) -> None:
        """Read one network's accounts; what could not be reached is recorded with its reason."""
        left = {target.account_id: target for target in targets}
        reason = "platform_not_supported" if platform is None else "interrupted"
        try:
            if platform is not None and not self.summary.interrupted:
                bar = tqdm(
                    total=len(targets), desc=f"Сбор: {name}", bar_format=BAR_FORMAT, delay=2, disable=not progress
                )
                with bar:
                    for few in _batches(platform.readings(targets, self._window)):
                        self._commit(name, few, left)
                        bar.update(len(few))
        except NetworkStoppedError as error:
            reason = error.reason
            self.summary.stopped[name] = error.cause
        except KeyboardInterrupt:
            self.summary.interrupted = True  # the other networks' accounts still get their coverage rows
        finally:
            rest = [Reading(account_id, "not_collected", reason) for account_id in left]
            for few in _batches(iter(rest)):
                self._commit(name, few, dict(left))

    def record(self, platforms: Mapping[str, Vk], *, is_finished: bool) -> None:
        """Write the run's row: at its start, so that what a killed run brought can be read, and at its end."""
        vk = platforms.get("vk")
        self.summary.token_kind = vk.token_kind if vk else ""
        self.summary.request_count = vk.request_count if vk else 0
        self._writer.record_run(
            {
                "run_id": self.summary.run_id,
                "started_at": self._started_at,
                "finished_at": self._settings.clock() if is_finished else None,
                "source": _source(self._settings.vk_url, vk.server if vk else ""),
                "window_from": self._window.starts_at,
                "window_until": self._window.ends_at,
                "token_kind": self.summary.token_kind or None,
                "account_count": self._account_count,
                "request_count": self.summary.request_count,
            }
        )

    def _commit(self, platform: str, readings: Sequence[Reading], left: dict[str, Target]) -> None:
        stored = merge_posts.stored_posts(self._lake, [reading.account_id for reading in readings])
        batch = Batch(raw={platform: [record for reading in readings for record in reading.raw]})
        for reading in readings:
            new = merge_posts.new_posts(reading, stored.get(reading.account_id, {}))
            batch.posts += new
            batch.post_metrics += reading.metrics
            batch.profile_snapshots += [reading.profile] if reading.profile else []
            batch.coverage.append(merge_posts.coverage_row(reading))
            self.summary.post_count += len(new)
            self.summary.outcomes[platform, reading.outcome, reading.reason] += 1
        self._writer.commit(self.summary.run_id, batch)
        for reading in readings:
            left.pop(reading.account_id, None)


@contextmanager
def _platforms(settings: Settings, wanted: set[str]) -> Iterator[dict[str, Vk]]:
    if "vk" not in wanted:
        yield {}
        return
    if not settings.vk_token:
        msg = (
            "Не задан ключ VK_TOKEN. Получите сервисный ключ приложения VK (docs/analyst-guide.ru.md) и впишите его "
            "в файл .env или переменную окружения. Без ключа работает «kirov demo»."
        )
        raise TokenError(msg)
    with make_client(settings.vk_url) as client:
        http = Http(client, settings.clock, per_second=settings.vk_requests_per_second)
        yield {"vk": Vk(http, settings.vk_url, settings.vk_token)}


def _targets(accounts: pd.DataFrame) -> list[Target]:
    rows = accounts.sort_values("account_id")[["account_id", "url", "platform_id"]].fillna("")
    return [Target(*(str(cell) for cell in row)) for row in rows.itertuples(index=False)]


def _batches(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    few: list[Reading] = []
    try:
        for reading in readings:
            few.append(reading)
            if len(few) == _BATCH:
                yield few
                few = []
    except NetworkStoppedError:
        if few:
            yield few
        raise
    if few:
        yield few


def _source(url: str, server: str) -> str:
    if url == VK_URL:
        return "network"
    return "replay" if server.endswith("/replay") else "sandbox"
