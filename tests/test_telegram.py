from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from fake_telegram import (
    BLOCK_PAGE,
    CARD,
    HOME,
    NOW,
    PERSON,
    WINDOW,
    FakeTelegram,
    forwarded,
    linked,
    message,
    moment,
    page_of,
    target,
)

from kirovlib import tables
from kirovlib.errors import NetworkError
from kirovlib.platforms import telegram, telegram_rows
from kirovlib.platforms.base import Identity, Plan, Reading, Target, Window
from kirovlib.settings import Settings

MANY = tuple(f"channel{number:02}" for number in range(12))


def outcomes(readings: list[Reading]) -> dict[str, tuple[str, str]]:
    return {reading.account_id: (reading.outcome, reading.reason) for reading in readings}


def posts(reading: Reading) -> dict[str, Any]:
    return {post["post_id"]: post for post in reading.posts}


# --- what comes for an account


def test_a_channel_is_read_with_its_page_posts_and_views() -> None:
    reading = FakeTelegram().read()[0]
    assert (reading.outcome, reading.reason) == ("collected", "")
    assert (reading.covered_from, reading.covered_until) == (WINDOW.starts_at, WINDOW.ends_at)
    post = posts(reading)["13"]
    assert (post["posted_at"], post["own"], post["is_repost"], post["text"]) == (moment(1), True, False, "words 13")
    assert post["url"] == "https://t.me/alpha/13"
    assert [post[name] for name in ("is_ad", "is_pinned", "edited_at", "missed_at")] == [None] * 4
    metrics = next(row for row in reading.metrics if row["post_id"] == "13")
    assert (metrics["view_count"], metrics["like_count"]) == (12, None)
    profile = reading.profile
    assert profile is not None
    assert (profile["name"], profile["subscriber_count"], profile["platform_id"]) == ("Channel alpha", 1500, "77")
    assert (profile["status"], profile["links"], profile["government_mark"], profile["menu"]) == (
        ("live", "[]", None, None)
    )
    assert {row["raw_sha256"] for row in (*reading.posts, profile)} <= {raw["sha256"] for raw in reading.raw}


def test_rows_are_of_our_tables() -> None:
    reading = FakeTelegram().read()[0]
    added = {"run_id": "r", "batch": 1, "version": 1}
    for table, rows in (
        (tables.Posts, reading.posts),
        (tables.PostMetrics, reading.metrics),
        (tables.ProfileSnapshots, [reading.profile or {}]),
    ):
        assert len(tables.validate(table, pd.DataFrame([row | added for row in rows]))) == len(rows)


def test_names_are_asked_for_in_small_letters_and_addresses_keep_the_registers_spelling() -> None:
    fake = FakeTelegram(["alpha"])
    reading = fake.read([Target("telegram:alpha", "https://t.me/s/Alpha")])[0]
    assert fake.asked[0] == ("alpha", {})
    assert posts(reading)["13"]["url"] == "https://t.me/Alpha/13"


def test_the_spelling_on_the_page_may_differ_in_case() -> None:
    fake = FakeTelegram([])
    fake.channels["alpha"] = page_of("AlPHa", [message(1, -3), message(2, 3)])
    assert fake.read([target("alpha")])[0].outcome == "collected"


@pytest.mark.parametrize("url", ["https://t.me/+AbCdEf", "https://vk.com/alpha", "https://t.me/", "", "нет"])
def test_an_address_that_is_no_channels_is_unknown_and_nothing_is_asked(url: str) -> None:
    fake = FakeTelegram()
    assert outcomes(fake.read([Target("telegram:x", url)])) == {"telegram:x": ("not_collected", "address_unknown")}
    assert not fake.asked


def test_an_album_is_one_post_and_gaps_of_deleted_ids_are_no_posts() -> None:
    album = message(84, 2, counted="84g", body='<a href="https://t.me/alpha/85?single"></a>')
    reading = FakeTelegram().one([message(1, -50), message(2, -49), album, message(88, 3), message(120, 4)])
    assert [key for key, post in posts(reading).items() if post["posted_at"] >= WINDOW.starts_at] == ["84", "88", "120"]


def test_service_messages_are_no_posts_and_reposts_are_told() -> None:
    reading = FakeTelegram().one(
        [
            message(1, -5, classes="service_message", views=""),
            message(2, 1, text="+ &quot;Channel video changed&quot;"),
            message(3, 2, body=linked("https://t.me/source/9")),
            message(4, 3, body=forwarded("Hidden")),
            message(5, 4, views=""),
            message(6, 5, meta="edited &nbsp;"),
        ]
    )
    found = {key: (post["is_repost"], post["reposted_from_url"]) for key, post in posts(reading).items()}
    assert found == {
        "3": (True, "https://t.me/source/9"), "4": (True, None), "5": (None, None), "6": (False, None)
    }  # fmt: skip
    assert reading.outcome == "collected"


@pytest.mark.parametrize("year", [2020, 2026])
def test_several_pages_are_asked_for_by_the_lowest_id_in_either_markup(year: int) -> None:
    fake = FakeTelegram()
    fake.year = year
    reading = fake.one([message(number, number - 30) for number in range(1, 90)])
    assert [query for _, query in fake.asked] == [{}, {"before": "70"}, {"before": "50"}, {"before": "30"}]
    assert len(posts(reading)) == 80
    assert len(reading.raw) == 4


def test_a_window_that_has_not_begun_is_not_yet() -> None:
    later = Window(NOW + timedelta(days=1), NOW + timedelta(days=8))
    assert outcomes(FakeTelegram(["alpha"]).read(window=later)) == {"telegram:alpha": ("partial", "not_yet")}


def test_what_is_covered_ends_with_the_date_of_the_first_answer() -> None:
    fake = FakeTelegram(["alpha"])
    fake.date = datetime(2024, 5, 23, 12, tzinfo=UTC)
    assert fake.read()[0].covered_until == fake.date
    fake.date = None
    assert fake.read()[0].covered_until == WINDOW.ends_at


# --- no channel there, or another one


@pytest.mark.parametrize("name", ["nobody", "group1"])
def test_a_free_name_and_a_group_have_no_preview_and_nothing_is_said_of_them(name: str) -> None:
    reading = FakeTelegram().read([target(name)])[0]
    assert (reading.outcome, reading.reason, reading.profile) == ("not_collected", "no_preview", None)
    assert reading.covered_until is None
    assert PERSON not in json.dumps(reading.raw)
    assert len(reading.raw) == 1


def test_a_channel_that_shows_no_messages_keeps_its_page_and_is_not_taken_for_empty() -> None:
    reading = FakeTelegram().one([])
    assert (reading.outcome, reading.reason, reading.covered_from) == ("partial", "no_preview", None)
    assert reading.profile is not None
    assert reading.profile["status"] == "live"


def test_posts_without_the_channels_header_are_kept_but_not_complete() -> None:
    fake = FakeTelegram([])
    fake.channels["alpha"] = page_of("alpha", [message(1, 1), message(2, 2)], header="")
    reading = fake.read()[0]
    assert (reading.outcome, reading.reason, len(reading.posts)) == ("partial", "profile_not_returned", 2)


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"platform_id": "77"}, ""),
        ({"platform_id": "-10077"}, ""),
        ({"learnt_id": "77"}, ""),
        ({"platform_id": "78"}, "address_moved"),
        ({"learnt_id": "78"}, "address_moved"),
        ({"platform_id": "77", "learnt_id": "78"}, ""),
    ],
)
def test_a_channel_with_another_number_at_the_address_is_not_the_accounts(known: dict[str, str], reason: str) -> None:
    reading = FakeTelegram().one([message(1, 1, body=PERSON)], **known)
    assert (reading.reason, bool(reading.posts), bool(reading.profile)) == (reason, not reason, not reason)
    if reason:
        assert PERSON not in json.dumps(reading.raw)


def test_the_page_of_another_name_is_not_understood_unless_the_number_is_known() -> None:
    fake = FakeTelegram([])
    fake.channels["alpha"] = page_of("omega", [message(1, 1), message(2, 2)])
    assert fake.read()[0].reason == "answer_not_understood"
    assert fake.read([target("alpha", learnt_id="77")])[0].outcome == "collected"


def test_a_later_page_of_another_channel_is_not_taken() -> None:
    def fault(_: str, query: dict[str, str]) -> Any:
        return page_of("alpha", [message(3, 1, channel_id=78)]) if query else None

    reading = FakeTelegram(fault=fault).one([message(number, number) for number in range(1, 40)])
    assert (reading.outcome, reading.reason) == ("partial", "answer_not_understood")
    assert "3" not in posts(reading)


# --- what goes wrong


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(429, headers={"Retry-After": "1"}),
        httpx.Response(502, text="<html></html>"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("cut"),
        BLOCK_PAGE,
        "",
        page_of("bravo", [message(1, 1)]).partition("</html>")[0],
    ],
    ids=["429", "502", "late", "cut", "block page", "blank", "half a page"],
)
def test_no_page_of_telegram_is_no_answer_costs_the_one_account_and_passes(answer: Any) -> None:
    fake = FakeTelegram(fault=lambda name, _: answer if name == "bravo" else None)
    assert outcomes(fake.read()) == {
        "telegram:alpha": ("collected", ""),
        "telegram:bravo": ("not_collected", "no_answer"),
        "telegram:charlie": ("collected", ""),
    }
    assert sum(name == "bravo" for name, _ in fake.asked) == 5

    tries = {"bravo": 0}

    def passing(name: str, _: dict[str, str]) -> Any:
        tries[name] = tries.get(name, 0) + 1
        return answer if name == "bravo" and tries[name] < 3 else None

    assert {reading.outcome for reading in FakeTelegram(fault=passing).read()} == {"collected"}


def test_a_page_that_fails_later_leaves_what_was_read() -> None:
    fake = FakeTelegram(fault=lambda _, query: BLOCK_PAGE if query else None)
    reading = fake.one([message(number, number) for number in range(1, 41)])
    assert (reading.outcome, reading.reason, len(reading.posts)) == ("partial", "no_answer", 20)
    assert (reading.covered_from, reading.covered_until) == (moment(22) + timedelta(seconds=1), WINDOW.ends_at)


def test_a_channel_that_hides_between_two_pages_is_partial() -> None:
    fake = FakeTelegram(fault=lambda _, query: CARD if query else None)
    reading = fake.one([message(number, number) for number in range(1, 41)])
    assert (reading.outcome, reading.reason, len(reading.posts)) == ("partial", "no_preview", 20)


def test_a_message_that_is_not_understood_costs_the_one_account() -> None:
    fake = FakeTelegram()
    fake.channels["bravo"] = [message(1, 1), message(2, 2, time="2024-05-20T10:00:00")]
    assert outcomes(fake.read())["telegram:bravo"] == ("not_collected", "answer_not_understood")
    assert outcomes(fake.read())["telegram:charlie"] == ("collected", "")


def test_a_block_page_for_every_channel_stops_the_network_and_names_the_ways_out() -> None:
    fake = FakeTelegram(MANY, fault=lambda *_: BLOCK_PAGE)
    readings, stopped = fake.read_until_stopped()
    assert stopped is not None
    assert stopped.reason == "network"
    assert isinstance(stopped.cause, NetworkError)
    for word in ("KIROV_PROXY", "KIROV_CA_FILE", "KIROV_TELEGRAM_URL", "kirov import-posts"):
        assert word in str(stopped)
    assert {reading.reason for reading in readings} <= {"no_answer", "network"}
    assert {reading.outcome for reading in readings} == {"not_collected"}
    assert len(fake.asked) <= 8 * 5
    assert len({name for name, _ in fake.asked}) <= 8


def test_four_silent_channels_in_a_row_do_not_stop_the_network() -> None:
    silent = MANY[:4]
    readings, stopped = FakeTelegram(MANY, fault=lambda name, _: "" if name in silent else None).read_until_stopped()
    assert stopped is None
    assert [reading.outcome for reading in readings] == ["not_collected"] * 4 + ["collected"] * 8


def test_missing_channels_are_answers_and_never_stop_the_network() -> None:
    fake = FakeTelegram([])
    readings, stopped = fake.read_until_stopped([target(name) for name in MANY])
    assert stopped is None
    assert {reading.reason for reading in readings} == {"no_preview"}


def test_accounts_read_before_the_network_stops_stay_good_and_those_in_hand_keep_what_they_have() -> None:
    away, names = threading.Event(), [f"channel{number:02}" for number in range(40)]

    def fault(name: str, query: dict[str, str]) -> Any:
        if name == names[1] and query:
            away.set()
        return BLOCK_PAGE if away.is_set() else None

    fake = FakeTelegram(names, fault=fault)
    fake.channels[names[1]] = [message(number, number) for number in range(1, 60)]
    readings, stopped = fake.read_until_stopped()
    assert stopped is not None
    assert [reading.account_id for reading in readings] == [f"telegram:{name}" for name in names[: len(readings)]]
    assert readings[0].outcome == "collected"
    assert (readings[1].outcome, len(readings[1].posts)) == ("partial", 20)
    assert readings[1].reason in {"no_answer", "network"}


def test_an_interrupted_collection_sends_nothing_more() -> None:
    stopping = threading.Event()

    def fault(*_: Any) -> None:
        stopping.set()

    fake = FakeTelegram(MANY, fault=fault)
    readings, stopped = fake.read_until_stopped(stopping=stopping)
    assert stopped is not None
    assert stopped.reason == "interrupted"
    assert len(fake.asked) <= 4
    assert {reading.reason for reading in readings} <= {"", "interrupted"}


def test_a_channel_in_hand_keeps_what_it_has_when_the_collection_is_interrupted() -> None:
    stopping = threading.Event()

    def fault(_: str, query: dict[str, str]) -> Any:
        if query:
            stopping.set()
        return BLOCK_PAGE if query else None

    fake = FakeTelegram(["alpha"], fault=fault)
    fake.channels["alpha"] = [message(number, number) for number in range(1, 60)]
    readings, stopped = fake.read_until_stopped(stopping=stopping)
    assert stopped is not None
    assert outcomes(readings) == {"telegram:alpha": ("partial", "interrupted")}
    assert len(readings[0].posts) == 20


def test_readings_come_in_the_order_given() -> None:
    fake = FakeTelegram(MANY)
    fake.channels[MANY[0]] = [message(number, number) for number in range(1, 100)]
    assert [reading.account_id for reading in fake.read()] == [f"telegram:{name}" for name in MANY]


# --- privacy


def test_no_person_enters_a_row_or_the_stored_answer() -> None:
    reply = f'<a class="tgme_widget_message_reply" href="https://t.me/{PERSON}/1">{PERSON}</a>'
    above = (
        f'<div class="tgme_widget_message_author"><a class="tgme_widget_message_owner_name">{PERSON}</a></div>'
        f'<div class="tgme_widget_message_user"><a href="https://t.me/{PERSON}"><img src="{PERSON}"></a></div>'
    )
    contact = f'<div class="tgme_widget_message_contact_name">{PERSON}</div>'
    reading = FakeTelegram().one(
        [
            message(1, 1, meta=f'<span class="tgme_widget_message_from_author">{PERSON}</span>,&nbsp;edited &nbsp;'),
            message(2, 2, body=linked(f"https://t.me/{PERSON}", PERSON)),
            message(3, 3, body=forwarded(PERSON)),
            message(4, 4, body=reply + above + contact),
            message(5, 5, text=f'Thanks to <a href="tg://user?id={PERSON}">her</a>'),
        ]
    )
    assert len(reading.posts) == 5
    assert PERSON not in f"{reading}"
    assert "edited" in reading.raw[0]["body"]


def test_the_stored_answer_is_the_channels_part_with_its_request() -> None:
    reading = FakeTelegram().one([message(number, number) for number in range(1, 30)])
    assert [raw["request"] for raw in reading.raw] == [
        {"url": "https://t.me/s/alpha"},
        {"url": "https://t.me/s/alpha", "before": 10},
    ]
    assert {raw["method"] for raw in reading.raw} == {"preview"}
    body = json.loads(reading.raw[0]["body"])
    assert body["channel_id"] == "77"
    assert 'data-post="alpha/29"' in body["html"]
    assert "og:site_name" not in body["html"]


# --- plans, identities, the network


def test_a_plan_is_one_page_an_account_for_a_week_and_more_for_a_year() -> None:
    client, targets = FakeTelegram().telegram(), [target("alpha"), target("bravo")]
    assert client.plan(targets, WINDOW) == Plan(2, 0)
    assert client.plan(targets, Window(WINDOW.starts_at, WINDOW.starts_at + timedelta(weeks=52))).request_count == 22
    assert client.request_count == 0


def test_identities_tell_who_is_there_and_of_the_rest_only_that_it_is_unknown() -> None:
    fake = FakeTelegram(["alpha"], fault=lambda name, _: "" if name == "silent" else None)
    targets = [target("Alpha"), target("alpha", "5"), target("nobody"), target("silent"), Target("telegram:x", "нет")]
    assert list(fake.telegram().identities(targets)) == [
        Identity("telegram:alpha", "live", "77", "https://t.me/alpha", "Channel alpha"),
        Identity("telegram:alpha", "unknown", reason="address_moved"),
        Identity("telegram:nobody", "unknown", reason="no_preview"),
        Identity("telegram:silent", "unknown", reason="no_answer"),
        Identity("telegram:x", "unknown", reason="address_unknown"),
    ]


def test_the_network_needs_no_key_and_knows_its_own_pages(tmp_path: Path) -> None:
    settings = Settings(tmp_path, {"KIROV_TELEGRAM_URL": "http://127.0.0.1:1/telegram/"}, clock=lambda: NOW)
    with telegram.NETWORK.connect(settings, threading.Event()) as client:
        assert isinstance(client, telegram.Telegram)
        assert client.plan([target("alpha")], WINDOW) == Plan(1, 2.0)
    assert telegram.NETWORK.secrets == ()
    for page, is_ours in ((HOME, True), (CARD, True), (BLOCK_PAGE, False), ("", False)):
        assert telegram.NETWORK.is_network(page.encode()) is is_ours


def test_a_post_from_a_file_and_from_the_preview_have_one_id_and_one_address() -> None:
    assert telegram_rows.post_url("https://t.me/s/Kirov_news", 7) == "https://t.me/Kirov_news/7"
    assert telegram_rows.post_url("https://telegram.me/kirov_news?x=1", 7) == "https://t.me/kirov_news/7"
    assert telegram_rows.post_url("https:/t.me/kirov_news;", 7) == "https://t.me/kirov_news/7"
