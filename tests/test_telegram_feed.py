from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from fake_telegram import NOW, WINDOW, FakeTelegram, message, moment, page_of
from hypothesis import given
from hypothesis import strategies as st

from kirovlib.platforms import telegram_page
from kirovlib.platforms.base import Window
from kirovlib.platforms.telegram_feed import FeedReader, likely_pages

Messages = list[dict[str, Any]]


def read(
    messages: Messages, *, has_link: bool = True, between: Callable[[int], None] = lambda _: None
) -> tuple[FeedReader, int]:
    """The reader after all its pages, and how many they were; `between` may change the channel."""
    ours, site = FeedReader(WINDOW), FakeTelegram([])
    site.has_link = has_link
    for pages in range(500):
        query = ours.next_request()
        if query is None:
            return ours, pages
        page = telegram_page.parse(site.page("alpha", messages, {key: str(value) for key, value in query.items()}))
        ours.take(page, NOW + timedelta(seconds=pages), "sha")
        between(pages)
    msg = "the reader never stops"
    raise AssertionError(msg)


def channel(hours: Sequence[float], first: int = 1, step: int = 1) -> Messages:
    return [message(first + step * place, hour) for place, hour in enumerate(hours)]


def in_window(messages: Messages) -> set[int]:
    return {one["number"] for one in messages if one["time"] >= f"{WINDOW.starts_at:%Y-%m-%dT%H:%M:%S}"}


def test_paging_stops_at_messages_older_than_the_window_and_not_before() -> None:
    messages = channel(range(-400, 150))
    ours, pages = read(messages)
    assert in_window(messages) <= set(ours.seen)
    assert pages < 10
    assert not ours.reached_end
    assert ours.covered() == (WINDOW.starts_at, WINDOW.ends_at)


@pytest.mark.parametrize("count", [1, 2, 19, 20, 21, 40, 41])
def test_the_first_message_of_the_channel_is_reached_and_remembered(count: int) -> None:
    messages = channel(range(1, count + 1))
    ours, pages = read(messages)
    assert set(ours.seen) == in_window(messages)
    assert ours.reached_end
    assert pages == -(-count // 20)
    assert ours.covered() == (WINDOW.starts_at, WINDOW.ends_at)


def test_one_message_out_of_order_does_not_stop_paging_two_do() -> None:
    body = channel(range(1, 60), first=100)
    one = [*body[:39], message(139, -90), *body[40:]]
    ours, _ = read(one)
    assert in_window(one) <= set(ours.seen)
    two = [*body[:39], message(139, -90), message(140, -89), *body[41:]]
    ours, _ = read(two)
    assert 100 not in ours.seen


def test_a_page_with_one_old_message_alone_does_not_stop_paging() -> None:
    ours = FeedReader(WINDOW)
    ours.take(telegram_page.parse(page_of("alpha", [message(1000, -90)], 1000)), NOW, "sha")
    assert ours.next_request() == {"before": 1000}


def test_an_id_far_below_the_others_does_not_make_paging_jump_over_the_rest() -> None:
    newest = page_of("alpha", [message(1000, 60), message(5, 61), *channel(range(62, 70), first=1001)], 1000)
    ours = FeedReader(WINDOW)
    ours.take(telegram_page.parse(newest), NOW, "sha")
    assert ours.next_request() == {"before": 1000}


def test_a_channel_without_a_link_whose_first_ids_are_gone_is_asked_once_more() -> None:
    messages = channel([1, 2, 3], first=40)
    ours, pages = read(messages)
    assert (ours.reached_end, ours.reason, pages) == (True, "", 2)


def test_a_link_that_is_not_recognised_loses_no_posts() -> None:
    messages = channel(range(1, 100), first=7)
    ours, pages = read(messages, has_link=False)
    assert set(ours.seen) == in_window(messages)
    assert ours.reached_end
    assert pages == 6


@pytest.mark.parametrize("before", [None, 12])
def test_the_same_page_again_is_the_end_only_when_neither_links_to_older_ones(before: int | None) -> None:
    page = telegram_page.parse(page_of("alpha", channel([1, 2, 3], first=12), before))
    ours = FeedReader(WINDOW)
    ours.take(page, NOW, "sha")
    assert ours.next_request() == {"before": 12}
    ours.take(page, NOW, "sha")
    assert ours.next_request() is None
    assert set(ours.seen) == {12, 13, 14}
    if before is None:
        assert (ours.reason, ours.reached_end) == ("", True)
    else:
        assert (ours.reason, ours.reached_end) == ("paging_broken", False)
        assert ours.covered() == (moment(2) + timedelta(seconds=1), WINDOW.ends_at)


def test_a_link_that_leads_nowhere_ends() -> None:
    ours = FeedReader(WINDOW)
    for number in (500, 400):
        ours.take(telegram_page.parse(page_of("alpha", [message(number, 5)], 10**9)), NOW, "sha")
    assert ours.reason == "paging_broken"


def test_a_later_page_without_messages_is_the_end_only_when_it_says_so() -> None:
    first = telegram_page.parse(page_of("alpha", channel([1, 2], first=12), 12))
    for text, reason in ((page_of("alpha", []), ""), (page_of("alpha", []).replace("tme_no_", "x_"), "not_understood")):
        ours = FeedReader(WINDOW)
        ours.take(first, NOW, "sha")
        ours.take(telegram_page.parse(text), NOW, "sha")
        assert ours.reason.endswith(reason)
        assert ours.reached_end is (reason == "")


def test_a_channel_that_shows_no_message_at_all_is_not_taken_for_empty() -> None:
    ours, _ = read([])
    assert (ours.reason, ours.covered(), ours.reached_end) == ("no_preview", None, False)


def test_a_channel_with_its_creation_alone_has_published_nothing() -> None:
    ours, _ = read([message(1, 3, classes="service_message", views="")])
    assert (ours.reason, ours.reached_end) == ("", True)
    assert ours.covered() == (WINDOW.starts_at, WINDOW.ends_at)


def test_what_is_covered_ends_with_the_first_answer() -> None:
    early = WINDOW.starts_at + timedelta(days=3)
    ours = FeedReader(WINDOW)
    ours.take(telegram_page.parse(page_of("alpha", channel([-2, -1, 5]), None)), early, "sha")
    assert ours.covered() == (WINDOW.starts_at, early)


@pytest.mark.parametrize(("weeks", "pages"), [(1, 1), (2, 1), (5, 1), (6, 2), (52, 11)])
def test_pages_are_guessed_from_the_windows_length(weeks: int, pages: int) -> None:
    assert likely_pages(Window(WINDOW.starts_at, WINDOW.starts_at + timedelta(weeks=weeks))) == pages


@given(
    hours=st.lists(st.floats(-300, 160), min_size=1, max_size=120),
    gaps=st.lists(st.integers(1, 9), min_size=120, max_size=120),
    appears=st.booleans(),
    vanishes=st.booleans(),
)
def test_nothing_of_what_is_covered_is_missing_whatever_is_deleted_or_appears(
    hours: list[float], gaps: list[int], appears: bool, vanishes: bool
) -> None:
    numbers = [sum(gaps[: place + 1]) for place in range(len(hours))]
    messages = [message(number, hour) for number, hour in zip(numbers, sorted(hours), strict=True)]
    stays = list(messages)

    def between(pages: int) -> None:
        if appears:
            messages.append(message(numbers[-1] + pages + 1, 170 + pages))
        if vanishes and len(messages) > 3:
            gone = messages.pop(len(messages) // 2)
            if gone in stays:
                stays.remove(gone)

    ours, _ = read(messages, between=between)
    assert not ours.reason
    assert in_window(stays) <= set(ours.seen)
