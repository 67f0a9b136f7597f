from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_ok import HOUR_MS, NOW, START_MS, WINDOW, page, topic
from hypothesis import given
from hypothesis import strategies as st

from kirovlib.platforms.base import Window
from kirovlib.platforms.ok_feed import FeedReader, ShapeError, page_of, page_size

GROUP = 5


def reader(size: int = 4) -> FeedReader:
    return FeedReader(str(GROUP), WINDOW, size)


def read(topics: list[dict[str, Any]], ours: FeedReader, between: Callable[[int], None] = lambda _: None) -> int:
    """Page until the reader asks for no more; `between` may change the feed. Anchors name the last item given."""
    for pages in range(500):
        request = ours.next_request()
        if request is None:
            return pages
        ids = [each["id"] for each in topics]
        start = ids.index(request["anchor"]) + 1 if "anchor" in request else 0
        part = topics[start : start + request["count"]]
        ours.take(page_of(page(part, part[-1]["id"] if part else "end")), NOW + timedelta(seconds=pages), "sha")
        between(pages)
    msg = "the reader never stops"
    raise AssertionError(msg)


def newest_first(numbers: list[int], **more: Any) -> list[dict[str, Any]]:
    return [topic(GROUP, number, **more) for number in sorted(numbers, reverse=True)]


def in_window(topics: list[dict[str, Any]]) -> set[str]:
    return {each["id"] for each in topics if each["created_ms"] >= START_MS}


# --- paging


def test_paging_stops_at_topics_older_than_the_window_and_not_before() -> None:
    topics = newest_first(list(range(-400, 150)))
    ours = reader()
    pages = read(topics, ours)
    assert in_window(topics) <= set(ours.items)
    assert pages < 45
    assert not ours.reached_end
    assert ours.covered() == (WINDOW.starts_at, WINDOW.ends_at)


@pytest.mark.parametrize("mark", [{"is_sticky": True}, {"is_sticky": "true"}, {}])
def test_an_old_pinned_topic_at_the_head_does_not_stop_paging_even_when_its_mark_is_missing(
    mark: dict[str, Any],
) -> None:
    topics = [topic(GROUP, -5000, **mark), *newest_first(list(range(-20, 50)))]
    ours = reader(1)
    read(topics, ours)
    assert in_window(topics) <= set(ours.items)
    assert topics[0]["id"] in ours.items
    assert ours.covered() == (WINDOW.starts_at, WINDOW.ends_at)


def test_several_old_pinned_topics_do_not_stop_paging() -> None:
    topics = [*newest_first([-5000, -5001], is_sticky=True), *newest_first(list(range(-20, 50)))]
    ours = reader(2)
    read(topics, ours)
    assert in_window(topics) <= set(ours.items)


def test_a_topic_pinned_by_the_feeds_own_mark_is_pinned() -> None:
    body = page([topic(GROUP, 1)], "x")
    body["feeds"][0]["pinned"] = True
    assert page_of(body).items[0].is_pinned


def test_one_old_topic_out_of_order_does_not_stop_paging_two_at_the_end_of_a_page_do() -> None:
    body = newest_first(list(range(1, 30)))
    one, two = topic(GROUP, -100), topic(GROUP, -99)
    ours = reader()
    read([*body[:3], one, *body[3:]], ours)
    assert {each["id"] for each in body} <= set(ours.items)
    ours = reader()
    read([*body[:2], two, one, *body[2:]], ours)
    assert body[-1]["id"] not in ours.items


def test_an_item_stands_by_the_feeds_moment_and_counts_by_its_own() -> None:
    """A topic written long before it was published must not end the reading."""
    early = topic(GROUP, -900, publication_date_ms=START_MS + HOUR_MS)
    body = page([early], "x")
    body["feeds"][0]["date_ms"] = START_MS + 2 * HOUR_MS
    item = page_of(body).items[0]
    assert item.posted_at == WINDOW.starts_at + timedelta(hours=1)
    assert item.placed_at == WINDOW.starts_at + timedelta(hours=2)


@pytest.mark.parametrize("count", range(12))
def test_the_end_of_the_feed_is_an_empty_answer_and_is_remembered(count: int) -> None:
    topics = newest_first(list(range(1, count + 1)))
    ours = reader()
    read(topics, ours)
    assert set(ours.items) == {each["id"] for each in topics}
    assert ours.reached_end
    assert ours.covered() == (WINDOW.starts_at, WINDOW.ends_at)


def test_a_topic_that_appears_between_two_pages_loses_nothing_and_is_kept_once() -> None:
    topics = newest_first(list(range(-40, 80)))
    expected = in_window(topics)
    ours = reader()
    read(topics, ours, lambda pages: topics.insert(0, topic(GROUP, 100 + pages)))
    assert expected <= set(ours.items)
    assert not ours.reason


def test_pages_that_overlap_give_each_topic_once() -> None:
    ours = reader()
    for numbers, anchor in (((9, 8, 7), "a"), ((8, 7, 6), "b"), ((-1, -2), "c")):
        ours.take(page_of(page([topic(GROUP, number) for number in numbers], anchor)), NOW, "sha")
    assert len(ours.items) == 6
    assert ours.covered() == (WINDOW.starts_at, WINDOW.ends_at)


@pytest.mark.parametrize("again", ["a1", "a2", ""])
def test_a_repeated_or_missing_anchor_ends_the_reading_and_keeps_what_came(again: str) -> None:
    ours = reader()
    for numbers, anchor in (((150, 149), "a1"), ((148, 147), "a2"), ((146, 145), again)):
        assert ours.next_request() is not None
        ours.take(page_of(page([topic(GROUP, number) for number in numbers], anchor)), NOW, "sha")
    assert ours.next_request() is None
    assert (ours.reason, ours.reached_end) == ("paging_broken", False)
    assert len(ours.items) == 6
    # The later of the last two, and not its very moment: others of it may be cut off.
    start = WINDOW.starts_at + timedelta(hours=146, milliseconds=1)
    assert ours.covered() == (start, WINDOW.ends_at)


def test_a_repeated_anchor_after_the_windows_start_was_reached_is_no_trouble() -> None:
    ours = reader()
    ours.take(page_of(page([topic(GROUP, 9)], "a")), NOW, "sha")
    ours.take(page_of(page([topic(GROUP, -1), topic(GROUP, -2)], "a")), NOW, "sha")
    assert (ours.reason, ours.covered()) == ("", (WINDOW.starts_at, WINDOW.ends_at))


def test_the_same_page_under_new_anchors_for_ever_ends() -> None:
    ours = reader()
    for number in range(10):
        if ours.next_request() is None:
            break
        ours.take(page_of(page([topic(GROUP, 9)], f"a{number}")), NOW, "sha")
    assert ours.reason == "paging_broken"
    assert ours.covered() is None


def test_a_reading_stopped_after_one_topic_covers_nothing() -> None:
    """It may be a pinned one without its mark, from long ago."""
    ours = reader()
    ours.take(page_of(page([topic(GROUP, -5000)], "a")), NOW, "sha")
    ours.fail("quota")
    assert ours.covered() is None


def test_what_was_covered_ends_with_the_first_answer() -> None:
    now = WINDOW.starts_at + timedelta(hours=30)
    ours = reader()
    ours.take(page_of(page([topic(GROUP, 9), topic(GROUP, 8)], "a")), now, "sha")
    for _ in range(2):
        ours.take(page_of(None), now + timedelta(hours=1), "sha")
    assert ours.covered() == (WINDOW.starts_at, now)
    ahead = FeedReader("5", Window(now + timedelta(days=1), now + timedelta(days=2)), 4)
    ahead.take(page_of({"anchor": ""}), now, "sha")
    assert ahead.covered() is None


@given(
    numbers=st.sets(st.integers(-60, 160), max_size=60),
    pinned=st.booleans(),
    size=st.integers(1, 9),
)
def test_no_topic_of_the_window_is_lost(numbers: set[int], *, pinned: bool, size: int) -> None:
    topics = newest_first(list(numbers))
    if pinned and topics:
        topics.insert(0, {**topics.pop(), "is_sticky": True})
    ours = reader(size)
    read(topics, ours)
    assert in_window(topics) <= set(ours.items)
    assert ours.covered() == (WINDOW.starts_at, WINDOW.ends_at)


def test_a_week_is_asked_for_by_thirty_a_longer_time_by_a_hundred() -> None:
    assert page_size(WINDOW) == 30
    assert page_size(Window(NOW - timedelta(days=15), NOW)) == 30
    assert page_size(Window(NOW - timedelta(days=15, seconds=1), NOW)) == 100


# --- shapes


@pytest.mark.parametrize(
    "body", [None, [], {}, {"anchor": "x"}, {"feeds": []}, {"feeds": None, "anchor": "x"}, {"available": True},
             {"entities": None}, {"entities": {}, "anchor": "x"}, {"media_topics": []}, {"media_topics": None},
             {"anchor": "x", "of a later version": 1}]
)  # fmt: skip
def test_an_empty_answer_is_the_end_in_every_shape(body: Any) -> None:
    assert page_of(body).is_last
    assert page_of(body).items == ()


@pytest.mark.parametrize("body", [None, [], {}, {"feeds": None}, {"entities": None}, {"available": True}])
def test_a_first_page_without_list_and_anchor_covers_nothing(body: Any) -> None:
    ours = reader()
    ours.take(page_of(body), NOW, "sha")
    assert ours.next_request() is None
    assert (ours.reason, ours.covered(), ours.reached_end) == ("answer_not_understood", None, False)


@pytest.mark.parametrize(
    "body",
    [
        {"entities": {"groups": []}, "discussion": {}},
        {"entities": {"media_topics": [topic(GROUP, 1)]}, "anchor": "x"},
        1, "text", True, [1], [[]], [{}], {"response": []}, {"feeds": 1}, {"feeds": {}}, {"feeds": [1]},
        {"feeds": [None]}, {"feeds": [{}]}, {"feeds": [{"pattern": "POST"}]},
        {"feeds": [{"target_refs": ["group_photo:1"]}]}, {"feeds": [{"target_refs": ["media_topic:"]}]},
        {"feeds": [{"target_refs": ["media_topic:1"]}]},
        {"feeds": [{"target_refs": ["media_topic:1"], "date_ms": "soon"}]},
        {"feeds": [{"target_refs": ["media_topic:1"], "date_ms": {}}]},
        {"feeds": [{"target_refs": ["media_topic:1"], "date_ms": 10**30}]},
        {"feeds": [{"target_refs": ["media_topic:1"], "date_ms": 1716160000}]},
        {"feeds": [{"target_refs": ["media_topic:1"], "date_ms": START_MS}], "entities": {"media_topics": 1}},
        {"feeds": [{"target_refs": ["media_topic:1"], "date_ms": START_MS}], "entities": {"media_topics": [1]}},
        {"media_topics": [{"created_ms": START_MS}]}, {"media_topics": ["x"]},
    ],
)  # fmt: skip
def test_a_post_that_cannot_be_told_or_dated_makes_the_answer_not_understood(body: Any) -> None:
    """Leaving it out would be one post less; seconds taken for milliseconds would be 1970, older than any window."""
    with pytest.raises(ShapeError):
        page_of(body)


def test_items_of_other_patterns_are_no_posts_and_no_trouble() -> None:
    body = page([topic(GROUP, 1)], "x")
    body["feeds"].insert(0, {"pattern": "JOIN", "date_ms": START_MS})
    assert [item.topic_id for item in page_of(body).items] == [topic(GROUP, 1)["id"]]
    only = page_of({"feeds": [{"pattern": "JOIN"}], "anchor": "x"})
    assert (only.items, only.is_last) == ((), False)


def test_a_topic_without_its_entity_is_dated_by_the_feed() -> None:
    body = {"feeds": [{"target_refs": "media_topic:77", "date_ms": str(START_MS)}], "anchor": 5}
    item = page_of(body).items[0]
    assert (item.topic_id, item.topic, item.posted_at) == ("77", {}, WINDOW.starts_at)
    assert page_of(body).anchor == "5"


def dated(**told: int) -> dict[str, Any]:
    """A page of one topic with these dates alone, in hours after the window's start."""
    dates = {name: START_MS + hours * HOUR_MS for name, hours in told.items()}
    fed = {"date_ms": dates.pop("date_ms")} if "date_ms" in dates else {}
    return {"feeds": [{"target_refs": ["media_topic:1"], **fed}], "entities": {"media_topics": [{"id": "1", **dates}]}}


@pytest.mark.parametrize("key", ["publication_date_ms", "date_ms", "created_ms"])
def test_dates_are_taken_in_the_order_published_fed_created(key: str) -> None:
    keys = ["publication_date_ms", "date_ms", "created_ms"]
    told = {name: number for number, name in enumerate(keys) if number >= keys.index(key)}
    item = page_of(dated(**told)).items[0]
    assert item.posted_at == WINDOW.starts_at + timedelta(hours=keys.index(key))
    assert item.posted_at.tzinfo == UTC


@pytest.mark.parametrize(("created", "fed"), [(-1, 30), (30, -1), (-200, 30)])
def test_a_topic_whose_dates_lie_in_different_weeks_is_covered_from_the_later_on(created: int, fed: int) -> None:
    ours = reader()
    ours.take(page_of({**dated(created_ms=created, date_ms=fed), "anchor": "a"}), NOW, "sha")
    assert ours.next_request() is not None, "the feed is read on"
    ours.take(page_of({"anchor": "a"}), NOW, "sha")
    assert ours.reason == "answer_not_understood"
    assert ours.covered() == (WINDOW.starts_at + timedelta(hours=30, milliseconds=1), WINDOW.ends_at)
    assert ours.items["1"].item.placed_at == WINDOW.starts_at + timedelta(hours=30)


@pytest.mark.parametrize(("created", "fed"), [(10, 7 * 24 + 1), (-1, 7 * 24 + 1)])
def test_a_topic_that_may_belong_to_a_week_after_the_window_leaves_nothing_covered(created: int, fed: int) -> None:
    ours = reader()
    ours.take(page_of({**dated(created_ms=created, date_ms=fed), "has_more": False}), NOW, "sha")
    assert (ours.reason, ours.covered()) == ("answer_not_understood", None)


@pytest.mark.parametrize(
    "told",
    [
        {"created_ms": 0, "date_ms": 7 * 24 - 1},
        {"created_ms": -1, "date_ms": 1, "publication_date_ms": 1},
        {"created_ms": 1},
        {"date_ms": 1},
        {"created_ms": -200, "date_ms": -1},
        {"created_ms": 7 * 24, "date_ms": 14 * 24},
    ],
)
def test_a_topic_whose_week_is_known_or_outside_the_window_leaves_all_of_it_covered(told: dict[str, int]) -> None:
    ours = reader()
    ours.take(page_of({**dated(**told), "has_more": False}), NOW, "sha")
    assert (ours.reason, ours.covered()) == ("", (WINDOW.starts_at, WINDOW.ends_at))


def test_moments_are_milliseconds_of_utc_at_the_weeks_border() -> None:
    """Monday 00:00 in Kirov is Sunday 21:00 UTC."""
    body = page([topic(GROUP, 0, created_ms=1716152400000)], "x")
    assert page_of(body).items[0].posted_at == datetime(2024, 5, 19, 21, tzinfo=UTC)


def test_entities_may_be_an_object_of_topics() -> None:
    body = page([topic(GROUP, 1)], "x")
    body["entities"]["media_topics"] = {"media_topic:1": topic(GROUP, 1)}
    assert page_of(body).items[0].topic["media"]


def test_topics_of_reposted_posts_among_the_entities_are_no_posts() -> None:
    body = page([topic(GROUP, 1)], "x")
    body["entities"]["media_topics"] += [topic(99, 1), {"no": "id"}]
    assert len(page_of(body).items) == 1


@pytest.mark.parametrize(("more", "is_last"), [(False, True), ("false", True), (True, False), (None, False)])
def test_a_plain_word_that_nothing_follows_is_believed(*, more: Any, is_last: bool) -> None:
    assert page_of({**page([topic(GROUP, 1)], "x"), "has_more": more}).is_last is is_last


def test_an_empty_page_that_says_more_follows_is_not_the_end() -> None:
    assert not page_of({"has_more": True, "anchor": "x"}).is_last
