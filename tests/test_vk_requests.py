# ruff: noqa: S311 - made-up walls, no secrets

from __future__ import annotations

import collections
import itertools
import math
import threading
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from fake_vk import WINDOW, FakeVk, error, inner_calls, post, target

from kirovlib.platforms.base import NetworkStoppedError, Reading, Window

KINDS = ("service", "user")
YEAR = Window(WINDOW.ends_at - timedelta(weeks=52), WINDOW.ends_at)


def wall(group: int, count: int, older: int = 40, window: Window = WINDOW) -> list[dict[str, Any]]:
    """So many posts evenly over the window, and older ones before it; newest first."""
    start, end = int(window.starts_at.timestamp()), int(window.ends_at.timestamp())
    inside = [
        post(group, older + number, date=start + (end - start) * number // (count + 1)) for number in range(count)
    ]
    before = [post(group, number, date=start - 3600 * (older - number + 1)) for number in range(older)]
    return (before + inside)[::-1]


def owners(method: str, form: dict[str, str]) -> list[int]:
    """Whose walls a request asks for."""
    calls = inner_calls(form) if method == "execute" else [form] if method == "wall.get" else []
    return [-int(call["owner_id"]) for call in calls]


def numbers(readings: list[Reading], window: Window = WINDOW) -> list[int]:
    return [sum(row["posted_at"] >= window.starts_at for row in reading.posts) for reading in readings]


# --- as few requests as can be


@pytest.mark.parametrize(("share", "seed"), [(0.0, 1), (0.02, 1), (0.02, 2), (0.2, 3), (0.2, 4), (1.0, 5)])
def test_a_user_token_takes_no_request_more_than_full_batches_need(share: float, seed: int) -> None:
    chance = Random(seed)
    counts = [chance.randint(30, 120) if chance.random() < share else chance.randint(0, 9) for _ in range(630)]
    fake = FakeVk(range(1, 631))
    fake.walls = {group: wall(group, count) for group, count in enumerate(counts, 1)}
    readings = fake.read()
    assert numbers(readings) == counts
    assert {reading.outcome for reading in readings} == {"collected"}
    further = sum(fake.batches()) - 630
    needed = math.ceil(630 / 25) + math.ceil(further / 25) + math.ceil(630 / 500)
    assert further >= sum(count >= 30 for count in counts)
    assert len(fake.calls) <= 1.05 * needed
    assert max(fake.batches()) == 25


def test_further_pages_of_walls_far_apart_share_a_request() -> None:
    fake = FakeVk(range(1, 401))
    fake.walls |= {group: wall(group, 50) for group in range(1, 401, 40)}
    fake.read()
    assert (fake.count("execute"), sum(fake.batches())) == (17, 410)


def test_one_long_wall_at_the_end_is_read_in_large_pages() -> None:
    fake = FakeVk(range(1, 26))
    fake.walls[25] = wall(25, 150)
    assert numbers(fake.read())[-1] == 150
    counts = [[call["count"] for call in inner_calls(form)] for method, form in fake.calls if method == "execute"]
    assert counts == [[30] * 25, [100], [100]]


@pytest.mark.parametrize("window", [WINDOW, YEAR])
def test_no_batch_asks_for_more_posts_than_an_answer_of_5_mb_holds(window: Window) -> None:
    fake = FakeVk(range(1, 201))
    fake.walls = {group: wall(group, group * 2, window=window) for group in fake.groups}
    assert numbers(fake.read(window=window), window) == [group * 2 for group in fake.groups]
    asked = [sum(call["count"] for call in inner_calls(form)) for method, form in fake.calls if method == "execute"]
    assert max(asked) <= 750


def test_a_service_token_asks_for_larger_further_pages() -> None:
    fake = FakeVk([1], kind="service")
    fake.walls[1] = wall(1, 120)
    fake.read()
    assert [form["count"] for method, form in fake.calls if method == "wall.get"] == ["30", "100"]


def test_where_posts_are_large_later_batches_ask_for_fewer_of_them() -> None:
    def fault(method: str, form: dict[str, str]) -> dict[str, Any] | None:
        too_many = method == "execute" and sum(call["count"] for call in inner_calls(form)) > 500
        return error(13, "response size is too big") if too_many else None

    fake = FakeVk(range(1, 1001), fault=fault)
    fake.walls = {group: wall(group, 5) for group in fake.groups}
    readings = fake.read()
    assert {reading.outcome for reading in readings} == {"collected"}
    assert fake.count("execute") < 1.5 * 1000 / 25


# --- in order, steadily, a few at a time


@pytest.mark.parametrize("kind", KINDS)
def test_accounts_come_in_the_order_given_however_long_their_walls(kind: str) -> None:
    fake = FakeVk(range(1, 121), kind=kind)
    fake.walls |= {group: wall(group, 90) for group in range(1, 121, 7)}
    order = Random(5).sample(range(1, 121), 120)
    readings = fake.read(map(target, order))
    assert [reading.account_id for reading in readings] == [f"vk:{group}" for group in order]


@pytest.mark.parametrize(("kind", "most"), [("user", 14), ("service", 207)])
def test_the_first_hundred_come_out_long_before_the_rest_is_read(kind: str, most: int) -> None:
    fake = FakeVk(range(1, 501), kind=kind)
    held = threading.Event()

    def fault(method: str, form: dict[str, str]) -> None:
        # What is asked after the first hundred waits until those are out.
        if max(owners(method, form), default=0) > 200:
            held.wait(5)

    fake.fault = fault
    readings = fake.vk().readings(list(map(target, fake.groups)), WINDOW)
    first = [next(readings) for _ in range(100)]
    assert [reading.outcome for reading in first] == ["collected"] * 100
    assert len(fake.calls) <= most
    held.set()
    assert len(list(readings)) == 400


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_requests_start_before_a_reading_is_handed_out(kind: str) -> None:
    fake = FakeVk(range(1, 301), kind=kind)
    asked_later = threading.Event()

    def fault(method: str, form: dict[str, str]) -> None:
        if max(owners(method, form), default=0) > 260:
            asked_later.set()

    fake.fault = fault
    readings = fake.vk().readings(list(map(target, fake.groups)), WINDOW)
    next(readings)
    assert asked_later.wait(5), "nothing more is asked for while the first reading is stored"
    readings.close()


def test_accounts_not_handed_out_are_never_more_than_two_chunks() -> None:
    fake = FakeVk(range(1, 2601))
    readings = fake.vk().readings(list(map(target, fake.groups)), WINDOW)
    for taken, _ in enumerate(readings, 1):
        assert 500 * fake.count("groups.getById") - taken <= 1000


@pytest.mark.parametrize("kind", KINDS)
def test_four_requests_are_under_way_together_and_never_more(kind: str) -> None:
    fake = FakeVk(range(1, 501), kind=kind)
    under_way: set[int] = set()
    most: list[int] = []
    crowd = threading.Event()

    def fault(method: str, form: dict[str, str]) -> Any:
        if method == "groups.getById":
            return None
        under_way.add(threading.get_ident())
        most.append(len(under_way))
        if len(most) > 5:  # the first goes alone
            crowd.set()
        crowd.wait(0.1)
        answer = fake._body(method, form)
        under_way.discard(threading.get_ident())
        return answer

    fake.fault = fault
    assert len(fake.read()) == 500
    assert max(most) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_batch_goes_alone_since_nobody_knows_the_tokens_kind_yet(kind: str) -> None:
    others = threading.Event()
    fake = FakeVk(range(1, 301), kind=kind)

    def fault(method: str, _: dict[str, str]) -> None:
        if method == "execute" and fake.count("execute") == 1:
            assert not others.wait(0.1)
        elif method != "groups.getById":
            others.set()

    fake.fault = fault
    assert {reading.outcome for reading in fake.read()} == {"collected"}
    assert others.is_set()


def test_a_request_that_is_not_full_waits_for_the_next_accounts() -> None:
    fake = FakeVk(range(1, 511))
    fake.walls |= {group: wall(group, 40) for group in range(1, 11)}
    all_asked = threading.Event()

    def fault(method: str, _: dict[str, str]) -> None:
        if method == "execute" and fake.count("execute") == 20:
            all_asked.set()

    fake.fault = fault
    readings = fake.vk().readings(list(map(target, fake.groups)), WINDOW)
    next(readings)
    assert all_asked.wait(5)
    assert len(list(readings)) == 509
    assert sorted(fake.batches()) == [20, *[25] * 20]


@pytest.mark.parametrize("kind", KINDS)
def test_who_stops_listening_ends_the_requests(kind: str) -> None:
    fake = FakeVk(range(1, 3001), kind=kind)
    readings = fake.vk().readings(list(map(target, fake.groups)), WINDOW)
    next(readings)
    readings.close()
    calls = len(fake.calls)
    assert calls < 1500
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]
    assert len(fake.calls) == calls


# --- the analyst ends it


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupted_collection_keeps_what_came_and_names_the_reason(kind: str) -> None:
    stopping = threading.Event()
    fake = FakeVk(range(1, 801), kind=kind)

    def fault(method: str, form: dict[str, str]) -> None:
        if max(owners(method, form), default=0) > 300:  # so that there is something left to interrupt
            stopping.wait(5)

    fake.fault = fault
    came: list[Reading] = []
    readings = fake.vk(stopping).readings(list(map(target, fake.groups)), WINDOW)
    came += itertools.islice(readings, 30)
    stopping.set()
    with pytest.raises(NetworkStoppedError, match="Сбор прерван"):
        collections.deque(map(came.append, readings))
    assert {reading.reason for reading in came} == {"", "interrupted"}
    assert all(reading.outcome == "collected" and len(reading.posts) == 4 for reading in came[:30])
    cut = [reading for reading in came if reading.reason]
    assert {(reading.outcome, reading.profile is not None) for reading in cut} == {("partial", True)}
    assert [reading.account_id for reading in came] == [f"vk:{group}" for group in range(1, len(came) + 1)]


def test_a_long_wall_cut_by_the_analyst_keeps_its_pages_and_covers_what_they_hold() -> None:
    stopping = threading.Event()
    fake = FakeVk([1], kind="service")
    fake.walls[1] = wall(1, 120)

    def fault(method: str, _: dict[str, str]) -> None:
        if method == "wall.get":
            stopping.set()

    fake.fault = fault
    readings = fake.vk(stopping).readings([target(1)], WINDOW)
    reading = next(readings)
    assert (reading.outcome, reading.reason, len(reading.posts)) == ("partial", "interrupted", 30)
    assert reading.covered_from is not None
    assert (
        WINDOW.starts_at < reading.covered_from <= min(row["posted_at"] for row in reading.posts) + timedelta(seconds=1)
    )
    with pytest.raises(NetworkStoppedError):
        next(readings)


def test_before_the_first_answer_there_is_nothing_in_hand() -> None:
    stopping = threading.Event()
    stopping.set()
    fake = FakeVk()
    with pytest.raises(NetworkStoppedError) as stopped:
        next(fake.vk(stopping).readings([target(1)], WINDOW))
    assert (stopped.value.reason, fake.calls) == ("interrupted", [])


# --- faults inside an execute


def test_errors_that_cannot_be_told_apart_are_nobodys() -> None:
    def fault(method: str, form: dict[str, str]) -> dict[str, Any] | None:
        if method != "execute":
            return None
        answer = FakeVk(range(1, 6))._body("execute", form)
        for place, call in enumerate(inner_calls(form)):
            if call["owner_id"] in {-2, -4}:
                answer["response"][place] = False
        return answer | {"execute_errors": [{"method": "wall.get", "error_code": 18, "error_msg": "deleted"}]}

    readings = FakeVk(range(1, 6), fault=fault).read()
    assert [reading.reason for reading in readings] == ["", "no_answer", "", "no_answer", ""]
    assert {reading.profile["status"] for reading in readings if reading.profile} == {"live"}


@pytest.mark.parametrize("code", [1, 6, 9, 10])
def test_an_inner_failure_that_lasts_costs_its_account_after_three_tries(code: int) -> None:
    fake = FakeVk(range(1, 31))
    fake.walls[3] = error(code)
    readings = fake.read()
    assert [reading.account_id for reading in readings if reading.reason] == ["vk:3"]
    assert readings[2].reason == "no_answer"
    asked = [call["owner_id"] for method, form in fake.calls if method == "execute" for call in inner_calls(form)]
    assert (asked.count(-3), len(asked)) == (3, 32)


@pytest.mark.parametrize("failures", [5, "text", {}, [None], [{"error_code": "text"}]])
def test_errors_of_another_shape_are_a_reason_and_not_a_crash(failures: Any) -> None:
    def fault(method: str, form: dict[str, str]) -> dict[str, Any] | None:
        pages = [False for _ in inner_calls(form)] if method == "execute" else []
        return {"response": pages, "execute_errors": failures} if pages else None

    assert {reading.reason for reading in FakeVk(fault=fault).read()} == {"no_answer"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_community_deleted_after_its_page_was_returned_is_gone(kind: str) -> None:
    fake = FakeVk([1, 2], kind=kind)
    fake.walls[2] = error(18)
    readings = fake.read()
    assert [reading.reason for reading in readings] == ["", "account_gone"]
    assert [reading.profile["status"] for reading in readings if reading.profile] == ["live", "gone"]


# --- plan and quota


@pytest.mark.parametrize(
    ("count", "service", "user"), [(0, 0, 0), (1, 2, 2), (25, 26, 2), (500, 501, 21), (1001, 1004, 44)]
)
def test_the_plan_of_a_week_is_what_the_collection_takes(count: int, service: int, user: int) -> None:
    targets = list(map(target, range(1, count + 1)))
    vk = FakeVk([1]).vk()
    plans = []
    for kind in ("", "service", "user"):
        vk.assumed_kind = kind
        plans.append(vk.plan(targets, WINDOW))
    assert [plan.request_count for plan in plans] == [service, service, user]
    assert {(plan.quota, plan.quota_count, plan.per_second) for plan in plans} == {(5000, count, 0)}
    if count:
        fake = FakeVk(range(1, count + 1))
        fake.read()
        assert len(fake.calls) == user


def test_the_plan_of_a_year_expects_further_pages_and_asks_nothing() -> None:
    fake = FakeVk([1])
    plan = fake.vk().plan([target(1)] * 10, YEAR)
    assert (plan.request_count, plan.quota_count) == (31, 30)
    assert fake.calls == []


@pytest.mark.parametrize(("assumed", "kind"), [("user", "service"), ("service", "user")])
def test_what_the_token_was_before_is_proved_again(assumed: str, kind: str) -> None:
    fake = FakeVk(kind=kind)
    vk = fake.vk()
    vk.assumed_kind = assumed
    assert vk.access_kind == ""
    list(vk.readings(list(map(target, fake.groups)), WINDOW))
    assert vk.access_kind == kind
    assert vk.plan(list(map(target, range(1, 26))), WINDOW).request_count == (26 if kind == "service" else 2)


@pytest.mark.parametrize("kind", KINDS)
def test_every_wall_call_counts_against_the_quota_inner_ones_too(kind: str) -> None:
    fake = FakeVk(range(1, 61), kind=kind)
    fake.walls[7] = wall(7, 50)
    vk = fake.vk()
    list(vk.readings(list(map(target, fake.groups)), WINDOW))
    assert vk.quota_count == 61
    assert vk.request_count == len(fake.calls)
