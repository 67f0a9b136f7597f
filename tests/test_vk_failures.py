from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from fake_vk import WINDOW, FakeVk, error, post, target

from kirovlib.errors import NetworkError, QuotaError, TokenError
from kirovlib.platforms.base import NetworkStoppedError, Reading, Target

KINDS = ("service", "user")


def outcomes(readings: list[Reading]) -> dict[str, tuple[str, str]]:
    return {reading.account_id: (reading.outcome, reading.reason) for reading in readings}


def stored(readings: list[Reading]) -> str:
    return json.dumps([vars(reading) for reading in readings], ensure_ascii=False, default=str)


# --- retries


@pytest.mark.parametrize(
    "bad",
    [
        error(6), error(1), error(9), error(10), {}, {"error": "a text"},
        {"response": None, "error": {"error_code": 10}}, httpx.Response(200, text='{"response": {"count": 1, "it'),
        httpx.Response(200, text="<html>busy</html>"),
        httpx.Response(200, text="[]"), httpx.Response(502, text="bad gateway"), httpx.Response(200, text=""),
        httpx.Response(200, content=b"\xff\xfe"), httpx.ReadTimeout("slow"), httpx.ConnectError("gone"),
        httpx.DecodingError("broken gzip"), httpx.Response(302, headers={"Location": "https://elsewhere.test/"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["groups.getById", "wall.get"])
def test_what_may_pass_is_tried_again(bad: Any, method: str) -> None:
    left = {"fails": 3}

    def fault(called: str, _: dict[str, str]) -> Any:
        if called != method or not left["fails"]:
            return None
        left["fails"] -= 1
        return bad

    fake = FakeVk([1], kind="service", fault=fault)
    assert outcomes(fake.read()) == {"vk:1": ("collected", "")}
    assert fake.count(method) == 4


def test_a_wall_that_never_answers_is_partial_and_the_others_go_on() -> None:
    def fault(method: str, form: dict[str, str]) -> Any:
        return httpx.Response(500) if method == "wall.get" and form["owner_id"] == "-2" else None

    fake = FakeVk(range(1, 8), kind="service", fault=fault)
    found = outcomes(fake.read())
    assert found.pop("vk:2") == ("partial", "no_answer")
    assert set(found.values()) == {("collected", "")}
    assert sum(form.get("owner_id") == "-2" for _, form in fake.calls) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_five_silent_calls_in_a_row_stop_the_network(kind: str) -> None:
    def fault(method: str, _: dict[str, str]) -> Any:
        return httpx.ConnectError("away") if method != "groups.getById" else None

    fake = FakeVk(range(1, 301), kind=kind, fault=fault)
    readings, stopped = fake.read_until_stopped()
    assert stopped is not None
    assert stopped.reason == "network"
    assert isinstance(stopped.cause, NetworkError)
    assert len(fake.calls) < 60, "calls go on although the network is away"
    assert {reading.outcome for reading in readings} == {"partial"}


# --- what stops the whole network


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("code", "text", "reason", "cause"),
    [(29, "Rate limit reached", "quota", QuotaError), (5, "User authorization failed", "token", TokenError),
     (15, "Access denied: token required", "token", TokenError), (14, "Captcha needed", "captcha", NetworkError),
     (17, "Validation required", "captcha", NetworkError)],
)  # fmt: skip
def test_what_concerns_the_whole_network_stops_it_and_keeps_what_came(
    kind: str, code: int, text: str, reason: str, cause: type[Exception]
) -> None:
    fake = FakeVk(range(1, 1001), kind=kind)

    def fault(method: str, _: dict[str, str]) -> Any:
        walls = fake.count("wall.get") + (25 * fake.count("execute") if kind == "user" else 0)
        return error(code, text) if method in {"wall.get", "execute"} and walls > 150 else None

    fake.fault = fault
    readings, stopped = fake.read_until_stopped()
    assert stopped is not None
    assert (stopped.reason, type(stopped.cause)) == (reason, cause)
    came = [reading for reading in readings if reading.outcome == "collected"]
    assert 125 <= len(came) <= 150
    assert all(len(reading.posts) == 4 for reading in came)
    assert {reading.reason for reading in readings} == {"", reason}
    calls_after = fake.count("wall.get") - 150 if kind == "service" else fake.count("execute") - 6
    assert calls_after <= 5, "calls go on although the network refused them"


def test_an_inner_error_of_the_whole_network_stops_it_too() -> None:
    fake = FakeVk(range(1, 41))
    fake.walls[30] = error(29)
    readings, stopped = fake.read_until_stopped()
    assert stopped is not None
    assert stopped.reason == "quota"
    assert outcomes(readings)["vk:1"] == ("collected", "")
    assert outcomes(readings)["vk:30"] == ("partial", "quota")


# --- whatever is answered


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body", [None, 1, "text", [], [1], {}, {"groups": None}, {"groups": [None]}, {"groups": [{"name": "no id"}]}, [[]]]
)
@pytest.mark.parametrize("method", ["groups.getById", "wall.get", "execute"])
def test_an_answer_of_another_shape_is_a_reason_and_not_a_crash(kind: str, method: str, body: Any) -> None:
    fake = FakeVk(kind=kind)

    def fault(called: str, _: dict[str, str]) -> Any:
        return {"response": body} if called == method else None

    fake.fault = fault
    readings, stopped = fake.read_until_stopped()
    assert stopped is None
    told = {reading.reason for reading in readings}
    assert told <= {"", "answer_not_understood", "profile_not_returned"}
    if (kind, method) in {("service", "wall.get"), ("user", "execute")}:
        assert told == {"answer_not_understood"}


# --- fields of another type than VK documents


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "garbage",
    [{"date": 10**18}, {"copy_history": [1]}, {"views": 5}, {"edited": "yesterday"}],
)
def test_an_unreadable_post_costs_its_account_and_no_other(kind: str, garbage: dict[str, Any]) -> None:
    fake = FakeVk([1, 2, 3], kind=kind)
    fake.walls[2] = [post(2, 2) | garbage, post(2, 1)]
    found = outcomes(fake.read())
    assert found == {
        "vk:1": ("collected", ""),
        "vk:2": ("not_collected", "answer_not_understood"),
        "vk:3": ("collected", ""),
    }


def test_a_repost_mark_of_another_type_than_documented_is_unknown() -> None:
    fake = FakeVk([1])
    fake.walls[1] = [post(1, 1, copy_history="yes")]
    assert [row["is_repost"] for row in fake.read()[0].posts] == [None]


def test_a_counter_that_is_no_number_is_not_known_and_never_zero() -> None:
    fake = FakeVk([1])
    fake.groups[1]["members_count"] = "many"
    fake.walls[1] = [post(1, 1, views={"count": "lots"}, likes={"count": -1})]
    reading = fake.read()[0]
    assert reading.profile is not None
    assert reading.profile["subscriber_count"] is None
    assert (reading.metrics[0]["view_count"], reading.metrics[0]["like_count"]) == (None, None)


def test_a_community_token_is_refused_at_the_probe_and_never_called_a_users() -> None:
    fake = FakeVk([1, 2], kind="group")
    vk = fake.vk()
    with pytest.raises(NetworkStoppedError) as stopped:
        list(vk.readings([target(1), target(2)], WINDOW))
    assert stopped.value.reason == "token"
    assert vk.access_kind == ""
    assert fake.count("execute") == 1


# --- walls that are not the account's, pages that are not the end


@pytest.mark.parametrize("kind", KINDS)
def test_posts_of_another_wall_are_never_the_accounts(kind: str) -> None:
    fake = FakeVk([1], kind=kind)
    fake.walls[1] = [post(77, 1), post(77, 2)]
    reading = fake.read()[0]
    assert (reading.reason, reading.posts, reading.covered_from) == ("answer_not_understood", [], None)


@pytest.mark.parametrize(
    ("url", "reason"), [("https://vk.com/", "profile_not_returned"), ("https://vk.com/somebody", "address_unknown")]
)
def test_an_address_without_a_community_is_never_read_as_a_wall(url: str, reason: str) -> None:
    fake = FakeVk([1], kind="service")
    fake.fault = lambda method, _: {"response": {"groups": []}} if method == "groups.getById" else None
    reading = fake.read([Target("vk:x", url)])[0]
    assert (reading.outcome, reading.reason) == ("not_collected", reason)
    assert fake.count("wall.get") == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_page_while_posts_are_announced_is_no_empty_wall(kind: str) -> None:
    empty = {"count": 500, "items": []}

    def fault(method: str, _: dict[str, str]) -> Any:
        if method == "execute" and kind == "user":
            return {"response": [empty]}
        return {"response": empty} if method == "wall.get" else None

    reading = FakeVk([1], kind=kind, fault=fault).read()[0]
    assert (reading.outcome, reading.reason) == ("partial", "answer_not_understood")
    assert (reading.covered_from, reading.reached_end) == (None, False)
