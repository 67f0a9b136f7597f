from __future__ import annotations

import _thread
import copy
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fake_vk import error
from lake_contents import contents, differences

from kirovlib import registry
from kirovlib.collect import NetworkPlan, Summary, collect, runs
from kirovlib.counts import weekly_counts
from kirovlib.errors import NetworkError, ParameterError, QuotaError, TokenError
from kirovlib.lake import Lake
from kirovlib.order.evaluate import judge
from kirovlib.platforms.base import Plan, Window
from kirovlib.registry import Register
from kirovlib.sandbox import DEMO_NOW, Sandbox, World, build_world, load_recording
from kirovlib.sandbox.sources import WorldSource
from kirovlib.sandbox.vk import Reply
from kirovlib.settings import Settings
from kirovlib.weeks import Period, Week

FIRST, LAST = Week.parse("2024-W17"), Week.parse("2024-W28")
WINDOW = Window(FIRST.starts_at, LAST.ends_at)
ONE_WEEK = Window(LAST.starts_at, LAST.ends_at)
KINDS = ("service", "user")


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(networks=("vk",))


@pytest.fixture(scope="module")
def little() -> World:
    return build_world(institutions=12, weeks=3, networks=("vk",))


def settings_of(home: Path, kind: str, sandbox: Sandbox | None = None, now: datetime = DEMO_NOW) -> Settings:
    nowhere = dict.fromkeys(("KIROV_VK_URL", "KIROV_OK_URL", "KIROV_TELEGRAM_URL"), "http://127.0.0.1:9/")
    variables = nowhere | (sandbox.variables if sandbox else {}) | {"VK_TOKEN": f"sandbox-{kind}" if kind else ""}
    return Settings(home, variables=variables, requests_per_second=0, clock=lambda: now)


def run(
    home: Path, world: Any, window: Window = ONE_WEEK, *, kind: str = "user", accounts: pd.DataFrame | None = None,
    only_missing: bool = False, announce: Callable[[Sequence[NetworkPlan]], None] = lambda _: None, **options: Any,
) -> Summary:  # fmt: skip
    """One collection of a world (or another source of the sandbox)."""
    table = accounts if accounts is not None else getattr(world, "accounts", None)
    with Sandbox(world, limits=False, **options) as sandbox:
        settings = settings_of(home, kind, sandbox)
        return collect(settings, table, window, only_missing=only_missing, announce=announce, progress=False)


def lake_of(home: Path) -> Lake:
    return Lake(home / "data" / "lake")


def changed(world: World, change: Callable[[dict[int, list[dict[str, Any]]]], None]) -> World:
    walls = copy.deepcopy(world.walls)
    change(walls)
    return replace(world, walls=walls)


# --- the truth of the world


@pytest.fixture(scope="module", params=KINDS)
def collected(request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp(request.param)
    summary = run(home, world, WINDOW, kind=request.param)
    registry.write(home / "data" / "registry", Register(world.institutions, world.accounts))
    return home, summary, request.param


def test_the_counts_of_every_account_and_week_are_the_worlds(collected: Any, world: World) -> None:
    home, _, _ = collected
    weeks = [FIRST.shifted(number) for number in range(12)]
    keys = ["account_id", "week_start"]
    found = weekly_counts(lake_of(home), list(world.accounts["account_id"]), weeks).sort_values(keys)
    truth = world.counts.sort_values(keys)
    columns = [*keys, "own_count", "repost_count", "ad_count", "removed_count"]
    readable = truth["is_readable"].to_numpy(dtype=bool)
    assert readable.sum() > 600
    found, truth = found[columns][readable], truth[columns][readable]
    assert found.astype(str).to_numpy().tolist() == truth.astype(str).to_numpy().tolist()


def test_only_walls_that_cannot_be_read_are_incomplete(collected: Any, world: World) -> None:
    home, summary, kind = collected
    found = weekly_counts(lake_of(home), list(world.accounts["account_id"]), [LAST]).set_index("account_id")
    unread = set(found.index[~found["is_complete"].astype(bool)])
    assert unread == {world.cases["gone"], world.cases["closed_wall"]}
    assert summary.token_kind == kind
    assert {key for key in summary.outcomes if key[1] != "collected"} == {
        ("vk", "partial", "account_gone"), ("vk", "partial", "wall_closed")
    }  # fmt: skip


def test_the_verdicts_of_every_account_and_week_are_the_worlds(collected: Any, world: World) -> None:
    home, _, _ = collected
    found: dict[tuple[str, str, str], tuple[str, str, str]] = {}
    for period in (Period.between(FIRST.start, LAST.start + timedelta(days=6)), LAST.label):
        rows = judge(period, home / "data").findings
        for row in rows.astype(object).where(rows.notna(), "").itertuples():
            week = Week(row.period_start.date()).label
            found[row.clause, row.account_id, week] = (row.verdict, row.reason, row.note)
    wrong = {}
    for row in world.verdicts.itertuples():
        key = (row.clause, row.account_id, row.period)
        ours = found[key]
        # A note is part of the truth for the links only: of posts the world does not know the other accounts.
        truth = (row.verdict, row.reason, ours[2] if row.clause == "posts_per_week" else row.note)
        if ours != truth:
            wrong[key] = (ours, truth)
    assert not wrong


# --- again and again


def stored(home: Path) -> pd.DataFrame:
    return lake_of(home).query("SELECT * FROM all_posts ORDER BY account_id, post_id, version")


def test_a_second_run_stores_no_unchanged_post(little: World, tmp_path: Path) -> None:
    run(tmp_path, little)
    before = stored(tmp_path)
    summary = run(tmp_path, little)
    assert summary.post_count == 0
    pd.testing.assert_frame_equal(stored(tmp_path), before)
    assert len(lake_of(tmp_path).table("coverage")) == 2 * len(little.accounts)
    assert len(lake_of(tmp_path).runs()) == 2


def own_of_last_week(walls: dict[int, list[dict[str, Any]]]) -> tuple[list[dict[str, Any]], int]:
    """A wall and the place of an own post of the last week on it that is neither pinned nor alone."""
    start, end = LAST.starts_at.timestamp(), LAST.ends_at.timestamp()
    for wall in walls.values():
        places = [
            place
            for place, post in enumerate(wall)
            if post["from_id"] == post["owner_id"] and start <= post["date"] < end and not post.get("is_pinned")
        ]
        if len(places) > 2:
            return wall, places[1]
    raise AssertionError


def test_an_edited_post_becomes_a_second_version_and_keeps_its_week(little: World, tmp_path: Path) -> None:
    def edit(walls: dict[int, list[dict[str, Any]]]) -> None:
        wall, place = own_of_last_week(walls)
        wall[place] |= {"text": "changed", "edited": int(DEMO_NOW.timestamp()) - 60}

    run(tmp_path, little)
    accounts = list(little.accounts["account_id"])
    before = weekly_counts(lake_of(tmp_path), accounts, [LAST])
    assert run(tmp_path, changed(little, edit)).post_count == 1
    new = stored(tmp_path).query("version > 1")
    assert (list(new["version"]), list(new["text"]), new["missed_at"].notna().any()) == ([2], ["changed"], False)
    pd.testing.assert_frame_equal(weekly_counts(lake_of(tmp_path), accounts, [LAST]), before)


def test_a_post_that_vanished_is_marked_still_counts_and_may_come_back(little: World, tmp_path: Path) -> None:
    def remove(walls: dict[int, list[dict[str, Any]]]) -> None:
        wall, place = own_of_last_week(walls)
        del wall[place]

    run(tmp_path, little)
    accounts = list(little.accounts["account_id"])
    before = weekly_counts(lake_of(tmp_path), accounts, [LAST])
    assert run(tmp_path, changed(little, remove)).post_count == 1
    gone = stored(tmp_path).query("version == 2")
    assert list(gone["missed_at"].notna()) == [True]
    after = weekly_counts(lake_of(tmp_path), accounts, [LAST])
    assert list(after["own_count"]) == list(before["own_count"])
    assert after["removed_count"].sum() == 1
    assert run(tmp_path, changed(little, remove)).post_count == 0
    assert run(tmp_path, little).post_count == 1
    assert weekly_counts(lake_of(tmp_path), accounts, [LAST])["removed_count"].sum() == 0


def test_a_post_outside_the_window_of_a_later_run_did_not_vanish(little: World, tmp_path: Path) -> None:
    run(tmp_path, little, Window(LAST.shifted(-2).starts_at, LAST.ends_at))
    assert run(tmp_path, little, ONE_WEEK).post_count == 0


def test_a_pinned_post_that_repeats_at_its_place_changes_nothing(little: World, tmp_path: Path) -> None:
    run(tmp_path / "once", little)
    source = WorldSource(little, pinned_repeats=True)
    run(tmp_path / "twice", source, accounts=little.accounts)
    one, two = (stored(tmp_path / name) for name in ("once", "twice"))
    one, two = (posts[posts["posted_at"] >= LAST.starts_at][["account_id", "post_id", "own"]] for posts in (one, two))
    pd.testing.assert_frame_equal(one.reset_index(drop=True), two.reset_index(drop=True))


# --- every account has a coverage row


def with_other_networks(world: World) -> pd.DataFrame:
    others = world.accounts.head(3).copy()
    others["platform"] = ["dzen", "max", "site"]
    others["account_id"] = ["dzen:1", "max:1", "site:1"]
    return pd.concat([world.accounts, others], ignore_index=True)


def reasons(home: Path) -> dict[str, str]:
    rows = lake_of(home).table("coverage")
    assert rows["account_id"].is_unique
    return dict(zip(rows["account_id"], rows["reason"].fillna(""), strict=True))


def test_accounts_of_other_networks_are_said_to_be_not_collected(little: World, tmp_path: Path) -> None:
    summary = run(tmp_path, little, accounts=with_other_networks(little))
    told = reasons(tmp_path)
    assert {key: reason for key, reason in told.items() if not key.startswith("vk:")} == dict.fromkeys(
        ("dzen:1", "max:1", "site:1"), "platform_not_supported"
    )
    assert ("max", "not_collected", "platform_not_supported") in summary.outcomes


def test_accounts_of_other_networks_alone_need_no_token(little: World, tmp_path: Path) -> None:
    others = with_other_networks(little).tail(3)
    summary = collect(settings_of(tmp_path, ""), others, ONE_WEEK, progress=False)
    assert summary.request_count == 0
    assert summary.is_complete  # nobody could have collected them
    assert len(reasons(tmp_path)) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_when_the_network_stops_every_account_has_a_coverage_row(kind: str, world: World, tmp_path: Path) -> None:
    answered = threading.Semaphore(40 if kind == "service" else 1)

    def fault(method: str, _: Any, number: int) -> Reply | None:
        if method == "groups.getById" or number <= 2 or answered.acquire(blocking=False):
            return None
        return Reply(200, error(29, "Rate limit reached"), DEMO_NOW)

    summary = run(tmp_path, world, kind=kind, accounts=with_other_networks(world), faults=fault)
    told = reasons(tmp_path)
    assert set(told) == set(with_other_networks(world)["account_id"])
    assert isinstance(summary.stopped["vk"], QuotaError)
    collected = sum(reason == "" for reason in told.values())
    assert 15 < collected < len(world.accounts)
    assert "quota" in set(told.values())
    assert (lake_of(tmp_path).table("posts")["account_id"].nunique()) >= 15


def test_a_network_that_is_away_is_an_outcome_and_not_a_crash(little: World, tmp_path: Path) -> None:
    summary = collect(settings_of(tmp_path, "user"), with_other_networks(little), ONE_WEEK, progress=False)
    assert isinstance(summary.stopped["vk"], NetworkError)
    told = reasons(tmp_path)
    assert {told[key] for key in little.accounts["account_id"]} == {"network"}


def test_after_ctrl_c_what_came_is_kept_and_every_account_has_a_coverage_row(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "BATCH", 4)
    calls = itertools.count(1)

    def interrupt(method: str, _: Any, __: int) -> Reply | None:
        if method == "wall.get" and next(calls) == 20:
            _thread.interrupt_main()
            time.sleep(3)  # the network is slow: until the main thread has noticed it, on a busy machine too
        return None

    summary = run(tmp_path, world, kind="service", accounts=with_other_networks(world), faults=interrupt)
    told = reasons(tmp_path)
    assert summary.interrupted
    assert set(told) == set(with_other_networks(world)["account_id"])
    interrupted = sum(reason == "interrupted" for reason in told.values())
    assert 0 < interrupted <= len(world.accounts) - 20
    assert lake_of(tmp_path).runs()["finished_at"].notna().all()
    rest = run(tmp_path, world, kind="service", only_missing=True)
    assert not rest.interrupted
    assert sum(rest.outcomes.values()) >= interrupted
    whole = contents(tmp_path)
    run(tmp_path / "undisturbed", world, kind="service")
    assert differences(whole, contents(tmp_path / "undisturbed")) == ["coverage"]  # of the three other networks


# --- only what is missing, and the plan


def readable(world: World) -> pd.DataFrame:
    unreadable = {world.cases.get(case) for case in ("gone", "closed_wall")}
    return world.accounts[~world.accounts["account_id"].isin(unreadable)]


def test_when_nothing_is_missing_nothing_is_asked(little: World, tmp_path: Path) -> None:
    accounts = readable(little)
    run(tmp_path, little, accounts=accounts)
    with Sandbox(little, limits=False) as sandbox:
        summary = collect(settings_of(tmp_path, "user", sandbox), accounts, ONE_WEEK, only_missing=True, progress=False)
        assert sandbox.request_count == 0
    assert (summary.run_id, summary.is_complete) == ("", True)
    assert len(lake_of(tmp_path).runs()) == 1


def test_a_longer_window_is_missing_where_only_a_shorter_one_was_read(little: World, tmp_path: Path) -> None:
    accounts = readable(little)
    run(tmp_path, little, accounts=accounts)
    longer = Window(LAST.shifted(-1).starts_at, LAST.ends_at)
    further = run(tmp_path, little, longer, accounts=accounts, only_missing=True)
    assert sum(further.outcomes.values()) == len(accounts)
    assert run(tmp_path, little, longer, accounts=accounts, only_missing=True).run_id == ""


def test_only_accounts_with_something_missing_are_read_again(world: World, tmp_path: Path) -> None:
    run(tmp_path, world)
    again = run(tmp_path, world, only_missing=True)
    assert {reason for _, _, reason in again.outcomes} == {"account_gone", "wall_closed"}


@pytest.mark.parametrize(("kind", "requests"), [("service", 13), ("user", 2)])
def test_the_plan_names_requests_and_quota_before_the_first_request(
    kind: str, requests: int, little: World, tmp_path: Path
) -> None:
    told: list[NetworkPlan] = []
    run(tmp_path, little, kind=kind)  # from now on the kind of the token is known
    run(tmp_path, little, kind=kind, announce=told.extend)
    vk = told[0]
    assert (vk.name, vk.account_count) == ("vk", len(little.accounts))
    assert vk.plan is not None
    assert vk.plan.request_count == requests
    assert (vk.plan.quota, vk.plan.quota_count) == (5000, len(little.accounts))
    assert vk.used_count == len(little.accounts) - 1  # a deleted community has no wall to ask for
    assert vk.short_of == 0


def test_a_plan_beyond_the_days_quota_says_how_much_is_short() -> None:
    planned = NetworkPlan("vk", 4000, Plan(4008, 3.0, quota=5000, quota_count=4000), used_count=2100)
    assert planned.short_of == 1100
    assert planned.plan is not None
    assert round(planned.plan.seconds) == 1336


# --- before the first request


def test_without_a_token_the_variable_to_set_is_named_before_any_request(little: World, tmp_path: Path) -> None:
    with Sandbox(little, limits=False) as sandbox:
        with pytest.raises(TokenError, match="VK_TOKEN"):
            collect(settings_of(tmp_path, "", sandbox), with_other_networks(little), ONE_WEEK, progress=False)
        assert sandbox.request_count == 0
    assert lake_of(tmp_path).is_empty()


def test_nothing_to_collect_and_an_empty_window_are_refused(little: World, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "user")
    with pytest.raises(ParameterError):
        collect(settings, little.accounts.head(0), ONE_WEEK, progress=False)
    with pytest.raises(ParameterError):
        collect(settings, little.accounts, Window(LAST.ends_at, LAST.ends_at), progress=False)


@pytest.mark.recorded
def test_what_was_not_recorded_is_never_an_empty_wall(recorded: Path, tmp_path: Path) -> None:
    recording = load_recording(recorded)
    window = Window(datetime(2020, 1, 12, 21, tzinfo=UTC), datetime(2020, 1, 20, 9, tzinfo=UTC))
    run(tmp_path, recording, window, kind="service")
    told = reasons(tmp_path)
    assert "not_recorded" in set(told.values())
    assert lake_of(tmp_path).runs()["source"].tolist() == ["replay"]
    counts = weekly_counts(lake_of(tmp_path), list(recording.accounts["account_id"]), [Week.parse("2024-W23")])
    assert not counts["is_complete"].any()
