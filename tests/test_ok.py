from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_ok import (
    HOUR_MS,
    KEY,
    NOW,
    SECRET,
    START_MS,
    TOKEN,
    URL,
    WINDOW,
    FakeOk,
    error,
    named,
    page,
    target,
    topic,
    visitor,
)

from kirovlib import tables
from kirovlib.errors import NetworkError, QuotaError, TokenError
from kirovlib.platforms import ok
from kirovlib.platforms.base import Identity, Plan, Reading, Target
from kirovlib.settings import Settings


def outcomes(readings: list[Reading]) -> dict[str, tuple[str, str]]:
    return {reading.account_id: (reading.outcome, reading.reason) for reading in readings}


def unmarked(group: int, number: int, **more: Any) -> dict[str, Any]:
    return topic(group, number, media=[{"type": "text", "text": "x"}], **more)


# --- what is sent


def test_the_signature_is_that_of_the_worked_example() -> None:
    """konstantintogoi.github.io/aiookru/api: a call in a session, signed by MD5 of token and secret."""
    secret = ok.sign({}, "-s-84W-s3egarWUsbkq-IWTucuedzTKT8VUXIA.s4Xx8IW7ABC123DEF456GHI789JKL123")
    assert secret == "b1a2b89707a94624c43afae67d59274c"
    asked = {"method": "events.get", "format": "json", "application_key": "ABCDEFGHIGKLMNOPK"}
    assert ok.sign(asked, secret) == "232c8eb921951c4dba9b72606f9ddb4c"
    sent = asked | {"access_token": "x", "session_key": "y", "sig": "z"}
    assert ok.sign(sent, secret) == "232c8eb921951c4dba9b72606f9ddb4c"


def test_cyrillic_is_signed_as_utf_8() -> None:
    assert ok.sign({"url": "Киров"}, "s") == "5b330f2aa85277c70ca21f61ba90bd93"


@pytest.mark.parametrize("token", ["", TOKEN])
def test_calls_are_signed_posts_and_nothing_secret_stands_in_an_address(token: str) -> None:
    fake = FakeOk(token=token)
    fake.names["https://ok.ru/school"] = {"objectId": 1, "type": "GROUP"}
    fake.read([target(1), named("school")])
    secret = ok.sign({}, token + SECRET) if token else SECRET
    assert {method for method, _ in fake.calls} == {"url.getInfo", "group.getInfo", "stream.get"}
    for _, form in fake.calls:
        assert form["sig"] == ok.sign(form, secret)
        assert form["application_key"] == KEY
        assert form["format"] == "json"
        assert form.get("access_token", "") == token
    assert {(request.method, str(request.url)) for request in fake.requests} == {("POST", URL + "fb.do")}
    assert not any(SECRET in request.content.decode() for request in fake.requests)


def test_the_fields_that_come_only_when_asked_are_asked_for() -> None:
    fake = FakeOk([1])
    fake.read()
    asked = dict(fake.calls)
    assert {"gos_org", "shortname", "blocked", "private"} <= set(asked["group.getInfo"]["fields"].split(","))
    form = asked["stream.get"]
    assert (form["gid"], form["patterns"], form["count"]) == ("1", "POST", "30")
    assert {
        "media_topic.media_reshare", "media_topic.media_reshare_owner_refs", "media_topic.media_media_topic_refs",
        "media_topic.publication_date_ms", "media_topic.is_sticky", "feed.date_ms", "feed.pinned", "feed.target_refs",
    } <= set(form["fields"].split(","))  # fmt: skip


def test_groups_are_asked_for_a_hundred_at_a_time_and_readings_come_in_the_order_given() -> None:
    groups = [*range(250, 0, -1)]
    fake = FakeOk(groups)
    readings = fake.read()
    assert [reading.account_id for reading in readings] == [f"ok:{group}" for group in groups]
    sizes = [len(form["uids"].split(",")) for method, form in fake.calls if method == "group.getInfo"]
    assert sizes == [100, 100, 50]
    assert fake.count("stream.get") == 250
    assert set(outcomes(readings).values()) == {("collected", "")}
    assert all(reading.posts[0]["url"].startswith(f"https://ok.ru/group/{reading.account_id[3:]}/topic/")
               for reading in readings)  # fmt: skip


def test_the_plan_counts_the_calls_before_the_first_of_them() -> None:
    fake = FakeOk(range(1, 151))
    targets = [*map(target, fake.groups), named("school"), named("hospital", "77"), named("club", "", "78")]
    assert fake.ok().plan(targets, WINDOW) == Plan(2 + 2 + 153, 0)
    assert not fake.calls


# --- which group an address is


def test_a_short_name_is_resolved_and_its_answer_kept() -> None:
    fake = FakeOk([53038939046008])
    fake.names["https://ok.ru/school"] = {"objectId": 53038939046008, "type": "GROUP"}
    reading = fake.read([named("school")])[0]
    assert (reading.outcome, len(reading.posts)) == ("collected", 6)
    assert reading.profile is not None
    assert reading.profile["platform_id"] == "53038939046008"
    assert reading.raw[0]["method"] == "url.getInfo"


def test_a_number_of_the_register_or_in_the_address_needs_no_call() -> None:
    fake = FakeOk([1, 2])
    readings = fake.read([target(1), named("school", "2", "3")])
    assert fake.count("url.getInfo") == 0
    assert set(outcomes(readings).values()) == {("collected", "")}


@pytest.mark.parametrize(
    ("url", "answer", "reason"),
    [
        ("https://ok.ru/school", {"objectId": 7654321, "type": "USER"}, "not_a_community"),
        ("https://ok.ru/school", {"type": "UNKNOWN"}, "address_unknown"),
        ("https://ok.ru/school", None, "address_unknown"),
        ("https://ok.ru/school", error(4), "address_unknown"),
        ("https://ok.ru/school", error(100), "address_unknown"),
        ("https://ok.ru/school", error(10), "access_denied"),
        ("https://ok.ru/school", error(555), "answer_not_understood"),
        ("https://ok.ru/school", {"type": "GROUP"}, "answer_not_understood"),
        ("https://ok.ru/profile/7654321", ..., "not_a_community"),
        ("https://ok.ru/group", ..., "address_unknown"),
        ("https://vk.com/club1", ..., "address_unknown"),
    ],
)
def test_an_address_that_is_no_group_costs_its_account_alone(url: str, answer: Any, reason: str) -> None:
    fake = FakeOk([1])
    fake.names["https://ok.ru/school"] = answer
    readings = fake.read([Target("ok:school", url), target(1)])
    assert outcomes(readings) == {"ok:school": ("not_collected", reason), "ok:1": ("collected", "")}
    assert (readings[0].covered_from, readings[0].posts, readings[0].profile) == (None, [], None)
    assert "7654321" not in json.dumps(readings[0].raw)


def test_an_address_that_leads_to_another_group_than_before_is_not_read() -> None:
    fake = FakeOk([1, 2])
    fake.names["https://ok.ru/school"] = {"objectId": 2, "type": "GROUP"}
    reading = fake.read([named("school", learnt_id="1")])[0]
    assert (reading.outcome, reading.reason) == ("not_collected", "address_moved")
    assert (reading.posts, reading.profile, fake.count("stream.get")) == ([], None, 0)


def test_an_address_that_leads_where_it_led_is_read() -> None:
    fake = FakeOk([1])
    fake.names["https://ok.ru/school"] = {"objectId": 1, "type": "GROUP"}
    assert outcomes(fake.read([named("school", learnt_id="1")])) == {"ok:school": ("collected", "")}


@pytest.mark.parametrize("answer", [{"type": "UNKNOWN"}, None, error(100)])
def test_a_group_whose_address_is_gone_is_read_by_the_number_learnt_before(answer: Any) -> None:
    fake = FakeOk([1])
    fake.names["https://ok.ru/school"] = answer
    reading = fake.read([named("school", learnt_id="1")])[0]
    assert (reading.outcome, len(reading.posts)) == ("collected", 6)


# --- pages


@pytest.mark.parametrize("wrapped", [False, True])
def test_both_shapes_of_the_groups_answer_are_read(*, wrapped: bool) -> None:
    fake = FakeOk()
    if wrapped:
        fake.fault = lambda method, form: (
            {"groups": fake.body(method, form)} if method == "group.getInfo" else ...
        )  # fmt: skip
    assert set(outcomes(fake.read()).values()) == {("collected", "")}


@pytest.mark.parametrize("empty", [None, [], {"groups": None}])
def test_a_group_that_is_not_returned_is_unknown_and_never_gone(empty: Any) -> None:
    fake = FakeOk([1, 2])
    del fake.groups[2]
    readings = fake.read([target(1), target(2)])
    assert outcomes(readings) == {"ok:1": ("collected", ""), "ok:2": ("partial", "profile_not_returned")}
    assert readings[1].profile is None
    fake.fault = lambda method, _: empty if method == "group.getInfo" else ...
    assert set(outcomes(fake.read([target(1), target(2)])).values()) == {("partial", "profile_not_returned")}


@pytest.mark.parametrize("code", [4, 100, 120, 300])
@pytest.mark.parametrize("bad", [1, 4, 7])
def test_one_bad_id_is_isolated_by_halving(code: int, bad: int) -> None:
    fake = FakeOk(range(1, 8))
    fake.fault = lambda _, form: error(code) if str(bad) in form.get("uids", "").split(",") else ...
    found = outcomes(fake.read())
    assert found.pop(f"ok:{bad}") == ("not_collected", "address_unknown")
    assert set(found.values()) == {("collected", "")}


def test_a_blocked_group_is_gone_and_its_feed_is_not_asked_for() -> None:
    fake = FakeOk([1])
    fake.groups[1]["blocked"] = True
    reading = fake.read()[0]
    assert reading.profile is not None
    assert (reading.profile["status"], reading.outcome, reading.reason) == ("gone", "partial", "account_gone")
    assert fake.count("stream.get") == 0


# --- empty feeds


NOTHING = {"anchor": "", "available": True}


@pytest.mark.parametrize(
    "empty", [NOTHING, {"anchor": "x"}, {"feeds": []}, {"feeds": None, "anchor": ""}, {"feeds": [], "anchor": "x"}]
)
def test_an_empty_feed_of_an_open_group_is_believed_when_the_key_can_read_feeds(empty: Any) -> None:
    fake = FakeOk([1, 2])
    fake.feeds[1] = empty
    first, second = fake.read()
    assert (first.outcome, first.reached_end, first.posts) == ("collected", True, [])
    assert (first.covered_from, first.covered_until) == (WINDOW.starts_at, WINDOW.ends_at)
    assert not second.reached_end


@pytest.mark.parametrize("bare", [None, {}, {"feeds": None}, {"anchor": None}, {"available": True}])
def test_a_first_page_of_nothing_at_all_is_never_believed_to_be_an_empty_feed(bare: Any) -> None:
    fake = FakeOk([1, 2])
    fake.feeds[1] = bare
    first, second = fake.read()
    assert (first.outcome, first.reason) == ("partial", "answer_not_understood")
    assert (first.covered_from, first.reached_end, first.posts) == (None, False, [])
    assert second.outcome == "collected"


@pytest.mark.parametrize("nulls", [1, 2])
def test_a_later_page_of_null_is_asked_for_once_more(nulls: int) -> None:
    fake = FakeOk([1])
    fake.feeds[1] = [topic(1, number) for number in range(60, 0, -1)]
    left = {"nulls": nulls}

    def fault(_: str, form: dict[str, str]) -> Any:
        if form.get("anchor") != "a30" or not left["nulls"]:
            return ...
        left["nulls"] -= 1
        return None

    fake.fault = fault
    reading = fake.read()[0]
    assert (reading.outcome, reading.reached_end) == ("collected", True)
    assert len(reading.posts) == (60 if nulls == 1 else 30)


@pytest.mark.parametrize("said", [False, "false", 0])
def test_a_feed_that_is_said_to_be_unavailable_is_denied_and_covers_nothing(said: Any) -> None:
    fake = FakeOk([1, 2, 3])
    fake.feeds[1] = NOTHING | {"available": said}
    fake.feeds[2] = page([topic(2, 2), topic(2, 1)], "x") | {"available": said}
    first, second, third = fake.read()
    for denied in (first, second):
        assert (denied.outcome, denied.reason) == ("partial", "access_denied")
        assert (denied.covered_from, denied.reached_end, denied.posts) == (None, False, [])
    assert third.outcome == "collected"


@pytest.mark.parametrize("said", [None, True, "true", "perhaps"])
def test_a_feed_that_is_not_said_to_be_unavailable_is_read(said: Any) -> None:
    fake = FakeOk([1])
    fake.fault = lambda method, form: fake.body(method, form) | {"available": said} if method == "stream.get" else ...
    assert outcomes(fake.read()) == {"ok:1": ("collected", "")}


def test_a_key_that_sees_every_feed_empty_accuses_nobody() -> None:
    fake = FakeOk(range(1, 6))
    fake.feeds = dict.fromkeys(fake.groups, NOTHING)
    readings = fake.read()
    assert set(outcomes(readings).values()) == {("partial", "answer_not_understood")}
    assert {(reading.covered_from, reading.reached_end) for reading in readings} == {(None, False)}


def test_what_an_earlier_collection_saw_can_be_told() -> None:
    fake = FakeOk([1, 2])
    fake.feeds = {1: NOTHING, 2: [unmarked(2, 1)]}
    client = fake.ok()
    client.is_feed_given = client.is_mark_given = True
    first = next(client.readings([target(1)], WINDOW))
    assert (first.outcome, first.reached_end) == ("collected", True)
    assert next(client.readings([target(2)], WINDOW)).posts[0]["is_repost"] is False


def test_an_empty_feed_of_a_closed_group_proves_nothing() -> None:
    fake = FakeOk([1, 2])
    fake.feeds[1] = NOTHING
    fake.groups[1]["private"] = True
    reading = fake.read()[0]
    assert (reading.outcome, reading.reason, reading.covered_from) == ("partial", "wall_closed", None)
    assert reading.profile is not None
    assert reading.profile["status"] == "closed"


@pytest.mark.parametrize("closed", [{"private": True}, {"access_type": "CLOSED"}])
@pytest.mark.parametrize(
    ("topics", "is_believed"),
    [
        ([topic(1, 1)], False),
        ([topic(1, 3, is_sticky=True), topic(1, 2, is_sticky=True), topic(1, 1)], False),
        ([topic(1, 3, is_sticky=True), topic(1, 2), topic(1, 1)], True),
    ],
)
def test_a_closed_group_is_believed_once_two_topics_that_are_not_pinned_were_read(
    closed: dict[str, Any], topics: list[dict[str, Any]], *, is_believed: bool
) -> None:
    fake = FakeOk([1])
    fake.feeds[1] = topics
    fake.groups[1] |= closed
    reading = fake.read()[0]
    assert len(reading.posts) == len(topics)
    assert (reading.outcome, reading.reason) == (("collected", "") if is_believed else ("partial", "wall_closed"))
    assert (reading.covered_from is not None, reading.reached_end) == (is_believed, is_believed)


def test_one_topic_of_an_open_group_may_be_all_there_is() -> None:
    fake = FakeOk([1])
    fake.feeds[1] = [topic(1, 1)]
    assert outcomes(fake.read()) == {"ok:1": ("collected", "")}


def test_a_topic_of_nobody_knows_which_week_leaves_both_weeks_open() -> None:
    """Written the week before and published in this one, or the feed's date is of something else."""
    fake = FakeOk([1])
    told = page([topic(1, 30), topic(1, 20, created_ms=START_MS - HOUR_MS), topic(1, 10)], "x")
    told["feeds"][1]["date_ms"] = START_MS + 20 * HOUR_MS
    fake.fault = lambda _, form: (NOTHING if "anchor" in form else told) if "gid" in form else ...
    reading = fake.read()[0]
    assert (reading.outcome, reading.reason, reading.reached_end) == ("partial", "answer_not_understood", False)
    assert len(reading.posts) == 3, "the feed is read on"
    start = WINDOW.starts_at + timedelta(hours=20, milliseconds=1)
    assert (reading.covered_from, reading.covered_until) == (start, WINDOW.ends_at)


def test_an_empty_feed_of_a_group_that_was_not_returned_proves_nothing() -> None:
    fake = FakeOk([1, 2])
    fake.feeds[1] = NOTHING
    del fake.groups[1]
    reading = fake.read([target(1), target(2)])[0]
    assert (reading.outcome, reading.reason, reading.covered_from) == ("not_collected", "profile_not_returned", None)
    assert not reading.reached_end


# --- the repost mark


def marks(readings: list[Reading]) -> Counter[bool | None]:
    return Counter(post["is_repost"] for reading in readings for post in reading.posts)


def test_marks_nobody_ever_shows_leave_all_topics_unknown() -> None:
    fake = FakeOk()
    fake.feeds = {group: [unmarked(group, number) for number in (3, 2, 1)] for group in fake.groups}
    readings = fake.read()
    assert set(outcomes(readings).values()) == {("collected", "")}
    assert marks(readings) == {None: 9}
    assert all(post["own"] for reading in readings for post in reading.posts)


@pytest.mark.parametrize("shown", [{"reshare": True}, {"reshare": False}])
def test_one_mark_of_any_group_tells_that_missing_ones_mean_no(shown: dict[str, Any]) -> None:
    """Also of those that were read before it, and whoever wrote that topic."""
    fake = FakeOk()
    fake.feeds = {group: [unmarked(group, number) for number in (3, 2, 1)] for group in fake.groups}
    fake.feeds[3].append(visitor(3, 0) | {"media": [{"type": "topic", **shown}]})
    assert marks(fake.read([target(1)])) == {None: 3}
    own = [post["is_repost"] for reading in fake.read() for post in reading.posts if post["own"]]
    assert own == [False] * 9


def test_members_topics_are_no_own_posts_and_their_words_are_not_kept() -> None:
    fake = FakeOk([1])
    fake.feeds[1] = [visitor(1, 5), *fake.feeds[1]]
    reading = fake.read()[0]
    assert Counter(post["own"] for post in reading.posts) == {True: 6, False: 1}
    assert "visitor's words" not in json.dumps([reading.posts, reading.raw], default=str)
    assert "7654321" not in json.dumps([reading.posts, reading.raw], default=str)


# --- paging over the network


def test_a_long_feed_is_read_to_the_windows_start_and_no_further() -> None:
    fake = FakeOk([1])
    fake.feeds[1] = [topic(1, number) for number in range(160, -400, -1)]
    reading = fake.read()[0]
    assert reading.outcome == "collected"
    assert sum(post["posted_at"] >= WINDOW.starts_at for post in reading.posts) == 161
    assert fake.count("stream.get") == 6
    assert [form.get("anchor") for _, form in fake.calls[1:4]] == [None, "a30", "a60"]


def test_the_fallback_reads_the_same_topics_by_another_method() -> None:
    fake = FakeOk([1, 2])
    fake.feeds[1] = [topic(1, number) for number in range(40, 0, -1)]
    readings = list(fake.ok(by_topics=True).readings([target(1), target(2)], WINDOW))
    assert [(reading.outcome, len(reading.posts)) for reading in readings] == [("collected", 40), ("collected", 6)]
    assert readings[0].reached_end
    assert {method for method, _ in fake.calls} == {"group.getInfo", "mediatopic.getTopics"}
    assert not any("patterns" in form for _, form in fake.calls)


# --- errors


@pytest.mark.parametrize(
    ("code", "reason"),
    [(10, "access_denied"), (4, "address_unknown"), (100, "address_unknown"), (300, "address_unknown"),
     (3, "answer_not_understood"), (555, "answer_not_understood"), (-1, "not_recorded")],
)  # fmt: skip
def test_an_error_of_one_feed_belongs_to_its_account_alone(code: int, reason: str) -> None:
    fake = FakeOk(range(1, 6))
    fake.feeds[3] = error(code)
    found = outcomes(fake.read())
    assert found.pop("ok:3") == ("partial", reason)
    assert set(found.values()) == {("collected", "")}


def test_an_error_at_a_later_page_keeps_what_was_read_and_covers_no_more() -> None:
    fake = FakeOk([1])
    fake.feeds[1] = [topic(1, number) for number in range(160, 0, -1)]
    fake.fault = lambda _, form: error(10) if form.get("anchor") == "a60" else ...
    reading = fake.read()[0]
    assert (reading.outcome, reading.reason, len(reading.posts)) == ("partial", "access_denied", 60)
    oldest_two = sorted(post["posted_at"] for post in reading.posts)[:2]
    assert reading.covered_from is not None
    assert oldest_two[1] < reading.covered_from
    assert reading.covered_until == WINDOW.ends_at


@pytest.mark.parametrize(
    "bad",
    [error(1), error(2), error(8), httpx.Response(200, text='{"feeds": [{"da'), httpx.Response(200, text=""),
     httpx.Response(200, text="<html>busy</html>"), httpx.Response(502), httpx.ReadTimeout("slow"),
     httpx.Response(200, json={"error_code": "2"})],
)  # fmt: skip
@pytest.mark.parametrize("method", ["url.getInfo", "group.getInfo", "stream.get"])
def test_what_may_pass_is_tried_again(bad: Any, method: str) -> None:
    left = {"fails": 3}

    def fault(called: str, _: dict[str, str]) -> Any:
        if called != method or not left["fails"]:
            return ...
        left["fails"] -= 1
        return bad

    fake = FakeOk([1], fault=fault)
    fake.names["https://ok.ru/school"] = {"objectId": 1, "type": "GROUP"}
    assert outcomes(fake.read([named("school")])) == {"ok:school": ("collected", "")}


@pytest.mark.parametrize("bad", [error(1), error(2), httpx.ConnectError("gone")])
def test_a_feed_that_never_answers_costs_its_account_alone(bad: Any) -> None:
    fake = FakeOk([1, 2, 3])
    fake.fault = lambda _, form: bad if form.get("gid") == "2" else ...
    found = outcomes(fake.read())
    assert found == {"ok:1": ("collected", ""), "ok:2": ("partial", "no_answer"), "ok:3": ("collected", "")}


def test_pages_that_never_come_leave_the_feeds_readable() -> None:
    fake = FakeOk([1, 2])
    fake.fault = lambda method, _: error(2) if method == "group.getInfo" else ...
    readings = fake.read()
    assert set(outcomes(readings).values()) == {("partial", "no_answer")}
    assert [len(reading.posts) for reading in readings] == [6, 6]


@pytest.mark.parametrize(
    ("code", "reason", "cause"),
    [(102, "token", TokenError), (103, "token", TokenError), (104, "token", TokenError), (101, "token", TokenError),
     (8, "quota", QuotaError), (7, "captcha", NetworkError), (9, "network", NetworkError)],
)  # fmt: skip
@pytest.mark.parametrize("method", ["url.getInfo", "group.getInfo", "stream.get"])
def test_what_concerns_the_whole_network_stops_it(code: int, reason: str, cause: type[Exception], method: str) -> None:
    fake = FakeOk(range(1, 301), token=TOKEN)
    fake.fault = lambda called, _: error(code) if called == method else ...
    _, stopped = fake.read_until_stopped([named("school"), *map(target, range(1, 300))])
    assert stopped is not None
    assert (stopped.reason, type(stopped.cause)) == (reason, cause)
    assert stopped.reason in tables.COVERAGE_REASONS
    assert fake.count(method) <= 5 * 4, "calls go on although the network refused them"
    told = f"{stopped!r} {stopped} {stopped.cause!r} {stopped.cause}"
    assert not any(secret in told for secret in (KEY, SECRET, TOKEN))
    assert str(code) in told
    assert (reason == "token") == ("OK_APPLICATION_KEY" in told and "OK_ACCESS_TOKEN" in told)


def test_a_stop_keeps_the_readings_before_it_and_what_the_accounts_in_hand_have() -> None:
    fake = FakeOk(range(1, 251))
    fake.fault = lambda method, _: error(8) if method == "stream.get" and fake.count("stream.get") > 150 else ...
    readings, stopped = fake.read_until_stopped()
    assert stopped is not None
    assert stopped.reason == "quota"
    assert [reading.account_id for reading in readings] == [f"ok:{group}" for group in range(1, 201)]
    found = Counter(outcomes(readings).values())
    assert set(found) == {("collected", ""), ("partial", "quota")}
    assert 145 <= found["collected", ""] <= 150
    assert all(reading.profile for reading in readings)
    assert fake.count("stream.get") < 175


def test_a_stop_amid_a_feed_covers_only_what_was_read() -> None:
    fake = FakeOk([1])
    fake.feeds[1] = [topic(1, number) for number in range(160, 0, -1)]
    fake.fault = lambda _, form: error(102) if "anchor" in form else ...
    readings, stopped = fake.read_until_stopped()
    assert stopped is not None
    assert (readings[0].outcome, readings[0].reason, len(readings[0].posts)) == ("partial", "token", 30)
    assert readings[0].covered_from is not None
    assert readings[0].covered_from > WINDOW.starts_at


def test_a_network_that_is_away_is_left_soon() -> None:
    fake = FakeOk(range(1, 301))
    fake.fault = lambda method, _: httpx.ConnectError("away") if method == "stream.get" else ...
    readings, stopped = fake.read_until_stopped()
    assert stopped is not None
    assert (stopped.reason, type(stopped.cause)) == ("network", NetworkError)
    assert "KIROV_OK_URL" in str(stopped.cause)
    assert len(fake.calls) < 60
    assert {reading.reason for reading in readings} == {"no_answer", "network"}


def test_the_analysts_stop_is_a_stop_like_any_other() -> None:
    stopping = threading.Event()
    fake = FakeOk(range(1, 251))

    def fault(method: str, _: dict[str, str]) -> Any:
        if method == "stream.get" and fake.count("stream.get") > 50:
            stopping.set()
        return ...

    fake.fault = fault
    readings: list[Reading] = []
    with pytest.raises(ok.base.NetworkStoppedError) as stopped:
        readings.extend(fake.ok(stopping=stopping).readings([*map(target, fake.groups)], WINDOW))
    assert stopped.value.reason == "interrupted"
    assert set(outcomes(readings).values()) == {("collected", ""), ("partial", "interrupted")}
    assert all(reading.profile for reading in readings)


@pytest.mark.parametrize("body", [1, "text", True, [1], [None], {"a": 1}, {"feeds": 1}, [[]], {"groups": 1}])
@pytest.mark.parametrize("method", ["url.getInfo", "group.getInfo", "stream.get"])
def test_an_answer_of_another_shape_is_a_reason_and_not_a_crash(method: str, body: Any) -> None:
    fake = FakeOk([1, 2], fault=lambda called, _: body if called == method else ...)
    readings, stopped = fake.read_until_stopped([named("school"), target(1), target(2)])
    assert stopped is None
    told = {reading.reason for reading in readings[1:]}
    expected = {"url.getInfo": {""}, "stream.get": {"answer_not_understood"}}
    assert told <= expected.get(method, {"answer_not_understood", "profile_not_returned"})
    assert all(reading.covered_from is None for reading in readings[1:]) == (method == "stream.get")


# --- what the network says of the register


def test_identities_tell_number_present_address_name_and_status() -> None:
    fake = FakeOk([1, 2, 3])
    fake.names["https://ok.ru/school"] = {"objectId": 1, "type": "GROUP"}
    fake.groups[2] |= {"private": True, "shortname": None}
    fake.groups[3]["blocked"] = "true"
    targets = [named("school"), target(2), target(3), target(4), named("nobody")]
    assert list(fake.ok().identities(targets)) == [
        Identity("ok:school", "live", "1", "https://ok.ru/group1", "Group 1"),
        Identity("ok:2", "closed", "2", "https://ok.ru/group/2", "Group 2"),
        Identity("ok:3", "gone", "3", "https://ok.ru/group3", "Group 3"),
        Identity("ok:4", "unknown", "4", reason="profile_not_returned"),
        Identity("ok:nobody", "unknown", reason="address_unknown"),
    ]
    assert fake.count("stream.get") == 0


def test_an_identity_that_moved_tells_where_the_group_of_before_is_now() -> None:
    fake = FakeOk([1, 2])
    fake.names["https://ok.ru/school"] = {"objectId": 2, "type": "GROUP"}
    found = next(fake.ok().identities([named("school", learnt_id="1")]))
    assert found == Identity("ok:school", "unknown", "1", "https://ok.ru/group1", "Group 1", "address_moved")


def test_a_stop_ends_the_identities_too() -> None:
    fake = FakeOk([1], fault=lambda *_: error(104))
    with pytest.raises(ok.base.NetworkStoppedError):
        list(fake.ok().identities([target(1)]))


# --- the network as the program knows it


def test_the_network_is_connected_with_its_variables_and_refused_without() -> None:
    variables = {"OK_APPLICATION_KEY": KEY, "OK_APPLICATION_SECRET": SECRET, "KIROV_OK_URL": URL}
    with ok.NETWORK.connect(Settings(Path(), variables), threading.Event()) as client:
        assert isinstance(client, ok.Ok)
        assert client.plan([target(1)], WINDOW).per_second == 3
    for missing in ("OK_APPLICATION_KEY", "OK_APPLICATION_SECRET"):
        fewer = {name: value for name, value in variables.items() if name != missing}
        with pytest.raises(TokenError, match=missing), ok.NETWORK.connect(Settings(Path(), fewer), threading.Event()):
            pass


def test_the_ping_is_answered_by_an_error_that_is_theirs() -> None:
    assert ok.NETWORK.is_network(json.dumps(error(100)).encode())
    assert not ok.NETWORK.is_network(b"<html>")


def test_every_reason_is_a_word_of_the_coverage_table() -> None:
    for code in range(-2, 1000):
        failure = ok.OkError(code)
        stopped = failure.stops()
        assert failure.account_reason() in tables.COVERAGE_REASONS
        assert stopped is None or stopped.reason in tables.COVERAGE_REASONS


def test_rows_pass_the_tables() -> None:
    import pandas as pd  # noqa: PLC0415 - used here only

    readings = FakeOk().read()
    mark: dict[str, Any] = {"run_id": "r", "batch": 1}
    posts = [post | mark | {"version": 1} for reading in readings for post in reading.posts]
    assert len(tables.validate(tables.Posts, pd.DataFrame(posts))) == 18
    metrics = [each | mark for reading in readings for each in reading.metrics]
    assert len(tables.validate(tables.PostMetrics, pd.DataFrame(metrics))) == 18
    profiles = [(reading.profile or {}) | mark for reading in readings]
    assert len(tables.validate(tables.ProfileSnapshots, pd.DataFrame(profiles))) == 3
    assert {post["observed_at"] for post in posts} == {NOW}
