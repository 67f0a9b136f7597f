"""Three networks that misbehave: what coverage calls collected is the world's truth, the rest has a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lake_contents import contents, differences

from kirovlib import registry, tables
from kirovlib.collect import Summary, collect
from kirovlib.counts import weekly_counts
from kirovlib.lake import Lake
from kirovlib.order.evaluate import judge
from kirovlib.platforms.base import Window
from kirovlib.registry import Register
from kirovlib.sandbox import DEMO_NOW, Sandbox, World, build_world
from kirovlib.sandbox.faults import Faults
from kirovlib.settings import Settings
from kirovlib.weeks import Period, Week, last_full_week

LAST = last_full_week(DEMO_NOW)
WEEKS = [LAST.shifted(-1), LAST]
WINDOW = Window(WEEKS[0].starts_at, DEMO_NOW)
# Answers later than this are given up; a slow one comes later.
TIMEOUT_SECONDS, SLOW_SECONDS = 1.0, 1.5
COUNTS = ["own_count", "repost_count", "ad_count", "removed_count"]


@pytest.fixture(scope="module")
def world() -> World:
    """About 670 accounts of three networks."""
    return build_world(institutions=300, weeks=len(WEEKS))


def run(home: Path, network: Sandbox, world: World, *, keys: Mapping[str, str] | None = None) -> Summary:
    """Collect what is missing."""
    settings = Settings(
        home,
        network.variables | dict(keys or {}),
        requests_per_second=0,
        timeout_seconds=TIMEOUT_SECONDS,
        clock=lambda: DEMO_NOW,
    )
    return collect(settings, world.accounts, WINDOW, only_missing=True, progress=False)


def coverage(home: Path) -> pd.DataFrame:
    """The latest row of each account."""
    rows = Lake(home / "data" / "lake").table("coverage").sort_values("batch")
    return rows.drop_duplicates("account_id", keep="last").set_index("account_id")


def check(home: Path, world: World) -> pd.DataFrame:
    """What is collected is true, the rest has a reason, no post is there twice; gives the coverage."""
    told = coverage(home)
    assert set(told.index) == set(world.accounts["account_id"])
    collected = told.index[told["outcome"] == "collected"]
    rest = told[told["outcome"] != "collected"]
    assert set(rest["reason"]) <= set(tables.COVERAGE_REASONS) - {""}
    lake = Lake(home / "data" / "lake")
    found = weekly_counts(lake, list(collected), WEEKS).set_index(["account_id", "week_start"])
    truth = world.counts.set_index(["account_id", "week_start"])
    assert found["is_complete"].all()
    assert found["unknown_count"].sum() == 0
    wrong = found[COUNTS].astype("int64").compare(truth.loc[found.index, COUNTS].astype("int64"))
    assert wrong.empty, wrong
    versions = lake.query("SELECT count(*) AS rows, count(DISTINCT (account_id, post_id)) AS posts FROM posts")
    assert versions["rows"].item() == versions["posts"].item()
    return told


def unreadable(world: World) -> set[str]:
    readable = world.counts.groupby("account_id")["is_readable"].all()
    return set(readable.index[~readable])


def test_with_passing_faults_everything_readable_comes_and_is_true(world: World, tmp_path: Path) -> None:
    # A user's token takes a dozen calls of VK; with this seed some of them are struck.
    faults = Faults(["transient"], seed=11, share=0.08, slow_seconds=SLOW_SECONDS)
    with Sandbox(world, limits=False, faults=faults) as network:
        run(tmp_path, network, world)
        told = check(tmp_path, world)
        for _ in range(3):
            run(tmp_path, network, world)
        told = check(tmp_path, world)
    assert set(told.index[told["outcome"] != "collected"]) == unreadable(world)
    assert {network for network, _ in faults.injected} == {"vk", "ok", "telegram"}
    assert len(world.accounts) >= 600


def test_with_every_fault_further_runs_finish_the_rest(world: World, tmp_path: Path) -> None:
    faults = Faults(["all"], slow_seconds=SLOW_SECONDS, at={"quota": 4, "captcha": 14, "token": 26})
    renewed: dict[str, Any] = {"OK_ACCESS_TOKEN": "sandbox-session"}
    reasons: set[str] = set()
    with Sandbox(world, limits=False, faults=faults) as network:
        for _ in range(8):
            summary = run(tmp_path, network, world, keys=renewed)
            told = check(tmp_path, world)
            reasons |= set(told["reason"].dropna())
            if any("VK_TOKEN" in str(cause) for cause in summary.stopped.values()):
                renewed["VK_TOKEN"] = "sandbox-user-2"
            if any("OK_ACCESS_TOKEN" in str(cause) for cause in summary.stopped.values()):
                renewed["OK_ACCESS_TOKEN"] = "sandbox-session-2"
    assert {"quota", "captcha", "token"} <= reasons
    missing = set(told.index[told["outcome"] != "collected"])
    closed = {account for (_, kind), changed in faults.changed.items() if kind == "closed_wall" for account in changed}
    names = world.accounts.set_index("account_id")
    closed_ids = {key for key in missing - unreadable(world) if set(_keys(key, names, world)) & closed}
    assert missing - unreadable(world) - closed_ids == set()


def test_a_disturbed_collection_ends_in_the_tables_of_an_undisturbed_one(world: World, tmp_path: Path) -> None:
    with Sandbox(world, limits=False) as network:
        run(tmp_path / "calm", network, world)
    faults = Faults(["transient"], seed=7, share=0.1, slow_seconds=SLOW_SECONDS)
    with Sandbox(world, limits=False, faults=faults) as network:
        for _ in range(4):
            run(tmp_path / "disturbed", network, world)
    assert differences(contents(tmp_path / "disturbed"), contents(tmp_path / "calm")) == []


def test_the_verdicts_of_every_account_clause_and_week_are_the_worlds(tmp_path: Path) -> None:
    world = build_world()
    weeks = [LAST.shifted(number) for number in range(-11, 1)]
    with Sandbox(world, limits=False) as network:
        settings = Settings(tmp_path, network.variables, requests_per_second=0, clock=lambda: DEMO_NOW)
        collect(settings, world.accounts, Window(weeks[0].starts_at, DEMO_NOW), progress=False)
    registry.write(settings.registry_dir, Register(world.institutions, world.accounts))
    found: dict[tuple[str, str, str], tuple[str, str]] = {}
    for period in (Period.between(weeks[0].start, LAST.until - timedelta(days=1)), LAST.label):
        for row in judge(period, settings.data_dir).findings.fillna("").itertuples():
            found[row.clause, row.account_id, Week(row.period_start.date()).label] = (row.verdict, row.reason)
    truth = {(row.clause, row.account_id, row.period): (row.verdict, row.reason) for row in world.verdicts.itertuples()}
    wrong = {key: (found.get(key), right) for key, right in truth.items() if found.get(key) != right}
    assert wrong == {}
    assert {key[1].partition(":")[0] for key in truth} == {"vk", "ok", "telegram"}


def _keys(account_id: str, accounts: pd.DataFrame, world: World) -> list[str]:
    """An account's name and numbers as its network knows it."""
    platform, _, name = account_id.partition(":")
    names = {
        "vk": {number: group["screen_name"] for number, group in world.groups.items()},
        "ok": {number: group.shortname for number, group in world.ok.items()},
        "telegram": {},
    }[platform]
    numbers = [str(number) for number, shown in names.items() if shown == name]
    return [name, str(accounts.loc[account_id, "platform_id"]), *numbers]
