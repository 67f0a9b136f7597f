"""What our clients make of a network that misbehaves: nothing is lost, and no closed wall costs another account."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from kirovlib.platforms import base
from kirovlib.platforms.networks import NETWORKS
from kirovlib.sandbox import Faults, Sandbox, World, build_world
from kirovlib.sandbox.faults import TRANSIENT
from kirovlib.settings import Settings
from kirovlib.weeks import last_full_week

USER, SERVICE = "sandbox-user", "sandbox-service"
# `slow` would make the test wait; that a late answer is given up is seen in `test_faults`.
QUICK = set(TRANSIENT) - {"slow"}
EVERY_WAY = [("vk", USER), ("vk", SERVICE), *((name, USER) for name in NETWORKS if name != "vk")]


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(institutions=40, weeks=3)


def readings(world: World, home: Path, faults: Faults | None, network: str, token: str) -> list[base.Reading]:
    accounts = world.accounts[world.accounts["platform"] == network]
    rows = accounts[["account_id", "url", "platform_id"]].fillna("").itertuples(index=False)
    targets = [base.Target(account_id, url, number) for account_id, url, number in rows]
    window = base.Window(last_full_week(world.now).shifted(-2).starts_at, world.now)
    found = []
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        variables = sandbox.variables_for(token)
        settings = Settings(home, variables=variables, requests_per_second=0, clock=lambda: world.now)
        with NETWORKS[network].connect(settings, Event()) as client:
            try:
                found += client.readings(targets, window)
            except base.NetworkStoppedError as stopped:
                found.append(base.Reading("", "not_collected", stopped.reason))
    return found


def posts_by_account(found: list[base.Reading], world: World) -> dict[str, Any]:
    """What each account published in full weeks, and whether all of it was read."""
    until = last_full_week(world.now).ends_at
    columns = ("post_id", "posted_at", "own", "is_repost", "text")
    return {
        reading.account_id: (
            reading.outcome,
            sorted([post[name] for name in columns] for post in reading.posts if post["posted_at"] < until),
        )
        for reading in found
    }


@pytest.mark.parametrize(("network", "token"), EVERY_WAY)
def test_through_transient_faults_everything_comes(world: World, tmp_path: Path, network: str, token: str) -> None:
    faults = Faults(QUICK, share=0.5)
    calm = readings(world, tmp_path, None, network, token)
    assert readings(world, tmp_path, faults, network, token) == calm
    assert sum(reading.outcome == "collected" for reading in calm) > len(calm) / 2
    assert faults.injected.total() > 2


@pytest.mark.parametrize(("network", "token"), EVERY_WAY)
def test_changes_of_the_world_cost_nothing_but_closed_walls(
    world: World, tmp_path: Path, network: str, token: str
) -> None:
    faults = Faults(["closed_wall", "renamed", "new_post"])
    disturbed, calm = (
        posts_by_account(readings(world, tmp_path, each, network, token), world) for each in (faults, None)
    )
    differing = [account_id for account_id in calm if disturbed[account_id] != calm[account_id]]
    assert 1 <= len(differing) <= len(faults.changed[network, "closed_wall"])
    assert all(disturbed[account_id][0] != "collected" for account_id in differing)
    assert faults.injected[network, "new_post"] > 0


@pytest.mark.parametrize(("kind", "reason"), [("quota", "quota"), ("captcha", "captcha"), ("token", "token")])
def test_a_stopping_fault_ends_the_reading_of_vk_with_its_reason(
    world: World, tmp_path: Path, kind: str, reason: str
) -> None:
    found = readings(world, tmp_path, Faults([kind], at={kind: 6}), "vk", SERVICE)
    assert found[-1].reason == reason
    assert any(reading.outcome == "collected" for reading in found)
