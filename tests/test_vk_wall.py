from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirovlib.platforms.base import Window
from kirovlib.platforms.vk_wall import WallReader, page_size

GROUP = -100
START, END, NOW = 10_000, 20_000, 15_000  # seconds; the window and the first answer


def moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@dataclass
class Wall:
    """A wall as VK pages it: the pinned post first, the others by date, newest first."""

    dates: dict[int, int]  # id -> second
    pinned: int | None = None
    pinned_repeats: bool = False
    extra_count: int = 0  # posts that `count` announces, but `filter=owner` does not give
    moved_up: int | None = None  # id that stands at the head, out of order
    visitors: frozenset[int] = frozenset()  # ids that only `filter=all` gives, though `count` always counts them

    def order(self) -> list[int]:
        by_date = sorted(self.dates, key=lambda number: (-self.dates[number], -number))
        if self.moved_up in by_date and self.moved_up != self.pinned:
            by_date.remove(self.moved_up)
            by_date.insert(min(1, len(by_date)), self.moved_up)
        if self.pinned not in self.dates:
            return by_date
        rest = by_date if self.pinned_repeats else [number for number in by_date if number != self.pinned]
        return [self.pinned, *rest]

    def page(self, offset: int, count: int, chosen: str = "owner") -> dict[str, Any]:
        shown = [number for number in self.order() if chosen == "all" or number not in self.visitors]
        items = [
            {"id": number, "from_id": 5 if number in self.visitors else GROUP, "owner_id": GROUP}
            | {"date": self.dates[number]}
            | ({"is_pinned": 1} if number == self.pinned else {})
            for number in shown[offset : offset + count]
        ]
        return {"count": len(self.dates) + self.extra_count, "items": items}

    def publish(self, second: int) -> None:
        self.dates[max(self.dates, default=0) + 1] = second


def reader(size: int = 4, start: int = START, end: int = END) -> WallReader:
    return WallReader({"owner_id": GROUP}, Window(moment(start), moment(end)), size)


def read(wall: Wall, ours: WallReader, between: Callable[[int], None] = lambda _: None) -> int:
    """Page until the reader asks for no more; `between` may change the wall. Gives the number of pages."""
    for pages in range(500):
        request = ours.next_request()
        if request is None:
            return pages
        ours.take(wall.page(request["offset"], request["count"], request["filter"]), moment(NOW + pages), "sha")
        between(pages)
    msg = "the reader never stops"
    raise AssertionError(msg)


def walled(count: int, newest: int = NOW - 1, step: int = 100) -> Wall:
    return Wall({count - number: newest - number * step for number in range(count)})


def in_window(wall: Wall) -> set[int]:
    return {number for number, second in wall.dates.items() if START <= second < NOW}


def test_posts_are_asked_for_by_owner_from_the_first_one() -> None:
    assert reader(30).next_request() == {"owner_id": GROUP, "count": 30, "offset": 0, "filter": "owner"}


def test_paging_stops_at_posts_older_than_the_window_and_not_before() -> None:
    wall = walled(200)
    ours = reader()
    pages = read(wall, ours)
    assert in_window(wall) <= set(ours.items)
    assert pages < 20
    assert not ours.reached_end
    assert ours.covered() == (moment(START), moment(NOW))


def test_an_old_pinned_post_does_not_stop_paging() -> None:
    wall = walled(200)
    wall.pinned = 1
    assert wall.dates[1] < START
    ours = reader()
    read(wall, ours)
    assert in_window(wall) <= set(ours.items)
    assert 1 in ours.items


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 8, 9, 16])
@pytest.mark.parametrize("extra", [0, 3])
def test_the_end_of_the_wall_is_believed_only_when_no_more_posts_are_announced(count: int, extra: int) -> None:
    wall = walled(count)
    wall.extra_count = extra
    ours = reader()
    read(wall, ours)
    assert set(ours.items) == set(wall.dates)
    assert ours.reached_end == (extra == 0)
    if extra == 0:
        assert ours.covered() == (moment(START), moment(NOW))
    elif count == 0:
        assert ours.covered() is None
    else:
        assert ours.reason == "answer_not_understood"


@pytest.mark.parametrize("count", range(1, 14))
def test_a_pinned_post_that_repeats_at_its_place_is_kept_once_and_hides_no_other(count: int) -> None:
    wall = walled(count)
    wall.pinned, wall.pinned_repeats = (count + 1) // 2, True
    ours = reader()
    read(wall, ours)
    assert set(ours.items) == set(wall.dates)


def test_a_post_that_appears_between_two_pages_loses_nothing() -> None:
    wall = walled(200)
    expected = in_window(wall)
    ours = reader()
    read(wall, ours, lambda page: wall.publish(NOW + page))
    assert expected <= set(ours.items)
    assert ours.covered() == (moment(START), moment(NOW))


def test_more_posts_than_a_page_appearing_between_two_pages_lose_nothing() -> None:
    wall = walled(60)
    expected = in_window(wall)
    ours = reader()
    read(wall, ours, lambda page: [wall.publish(NOW + page) for _ in range(9 if page < 3 else 0)] and None)
    assert expected <= set(ours.items)


@pytest.mark.parametrize("deleted", [1, 2, 3])
def test_posts_deleted_between_two_pages_cost_no_other(deleted: int) -> None:
    wall = walled(200)
    expected = in_window(wall)

    def delete(page: int) -> None:
        if page == 0:
            for number in sorted(wall.dates, reverse=True)[:deleted]:
                del wall.dates[number]

    ours = reader()
    read(wall, ours, delete)
    assert expected <= set(ours.items)
    assert ours.reason == ""


def test_posts_deleted_while_the_pinned_one_repeats_on_the_next_page_cost_no_other() -> None:
    wall = walled(200)
    wall.pinned, wall.pinned_repeats = 195, True
    expected = in_window(wall) - {199, 198}
    ours = reader()
    read(wall, ours, lambda _: [wall.dates.pop(number, None) for number in (199, 198)] and None)
    assert expected <= set(ours.items)


def test_a_wall_that_keeps_losing_posts_is_partial_and_says_so() -> None:
    wall = walled(200)
    ours = reader(2)
    read(wall, ours, lambda _: [wall.dates.pop(max(wall.dates)) for _ in range(3)] and None)
    assert ours.reason == "wall_shifted"
    covered = ours.covered()
    assert covered is not None
    assert covered[0] > moment(START)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_one_old_post_out_of_order_does_not_stop_paging(size: int) -> None:
    wall = walled(200)
    wall.moved_up = 1
    ours = reader(size)
    read(wall, ours)
    assert in_window(wall) <= set(ours.items)


def test_an_unfinished_wall_is_covered_from_the_second_after_its_oldest_post() -> None:
    ours = reader()
    ours.take(walled(200).page(0, 4), moment(NOW), "sha")
    ours.fail("no_answer")
    assert ours.covered() == (moment(NOW - 300), moment(NOW))
    assert ours.next_request() is None
    assert not ours.reached_end


def test_an_old_pinned_post_does_not_widen_what_an_unfinished_wall_covers() -> None:
    wall = walled(200)
    wall.pinned = 1
    ours = reader()
    ours.take(wall.page(0, 4), moment(NOW), "sha")
    ours.fail("no_answer")
    assert ours.covered() == (moment(NOW - 200), moment(NOW))


def test_an_old_post_out_of_order_does_not_widen_what_an_unfinished_wall_covers() -> None:
    wall = walled(200)
    wall.moved_up = 1
    for size in (2, 4):
        ours = reader(size)
        ours.take(wall.page(0, size), moment(NOW), "sha")
        ours.fail("no_answer")
        covered = ours.covered()
        assert covered is None or covered[0] > moment(NOW - 100 * size)


def test_a_wall_that_failed_before_its_first_page_covers_nothing() -> None:
    ours = reader()
    ours.fail("wall_closed")
    assert ours.covered() is None


def test_coverage_ends_with_the_window_or_the_answer_whichever_is_first() -> None:
    past = reader(end=NOW - 500)
    read(walled(200), past)
    assert past.covered() == (moment(START), moment(NOW - 500))
    future = reader(start=NOW + 1)
    read(walled(200), future)
    assert future.covered() is None


def test_pages_shorter_than_asked_for_lose_nothing() -> None:
    wall = walled(200)
    ours = reader(8)
    while request := ours.next_request():
        ours.take(wall.page(request["offset"], max(1, request["count"] - 3)), moment(NOW), "sha")
    assert in_window(wall) <= set(ours.items)


@pytest.mark.parametrize(
    "page",
    [None, [477, {"id": 1}], {"items": []}, {"count": 1}, {"count": 1, "items": [{"id": 1}]},
     {"count": "x", "items": []}, {"count": 1, "items": [{"id": 1, "date": 5}]}, {"count": 1, "items": ["text"]},
     {"count": 1, "items": None}],
)  # fmt: skip
def test_a_page_of_another_shape_is_refused_loudly(page: Any) -> None:
    ours = reader()
    ours.take(page, moment(NOW), "sha")
    assert (ours.reason, ours.is_done, ours.covered()) == ("answer_not_understood", True, None)


def test_a_week_or_two_take_pages_of_thirty_and_more_take_a_hundred() -> None:
    start = datetime(2024, 5, 19, 21, tzinfo=UTC)
    sizes = [page_size(Window(start, start + timedelta(days=days))) for days in (7, 15, 16)]
    assert sizes == [30, 30, 100]


# --- a post pinned between two pages


def test_a_post_pinned_before_its_page_was_read_is_found_at_the_head() -> None:
    wall = walled(200)
    expected = in_window(wall)
    ours = reader(8)
    read(wall, ours, lambda page: setattr(wall, "pinned", 180) if page == 0 else None)
    assert 180 in expected
    assert expected <= set(ours.items)
    assert ours.covered() == (moment(START), moment(NOW))


def test_a_post_pinned_while_another_appears_is_found_too() -> None:
    wall = walled(200)
    expected = in_window(wall)
    ours = reader(8)

    def pin_and_publish(page: int) -> None:
        if page == 1:
            wall.pinned = 170
            wall.publish(NOW + 1)

    read(wall, ours, pin_and_publish)
    assert expected <= set(ours.items)


@pytest.mark.parametrize("pinned", [None, 1, 150, 199])
def test_a_wall_on_which_nothing_moved_is_not_looked_at_again(pinned: int | None) -> None:
    wall = walled(200)
    wall.pinned = pinned
    offsets = []
    ours = reader(8)
    while request := ours.next_request():
        offsets.append(request["offset"])
        ours.take(wall.page(request["offset"], request["count"]), moment(NOW), "sha")
    assert offsets == sorted(set(offsets))
    assert len(offsets) > 3


def test_a_post_unpinned_before_its_page_was_read_is_kept_once() -> None:
    wall = walled(200)
    wall.pinned = 180
    expected = in_window(wall)
    ours = reader(8)
    read(wall, ours, lambda page: setattr(wall, "pinned", None) if page == 0 else None)
    assert expected <= set(ours.items)
    assert ours.reason == ""


# --- the end of the wall


@pytest.mark.parametrize("pinned", [None, 1, 5, 10])
@pytest.mark.parametrize("size", [4, 11, 30])
def test_a_wall_read_to_its_first_post_says_so_although_it_is_older_than_the_window(
    pinned: int | None, size: int
) -> None:
    wall = walled(10, newest=START + 150)
    wall.pinned = pinned
    ours = reader(size)
    read(wall, ours)
    assert ours.reached_end == (set(ours.items) == set(wall.dates))
    assert size < 10 or ours.reached_end


def test_a_window_that_ended_early_does_not_hide_where_the_wall_ends() -> None:
    for count, whole in ((20, True), (200, False)):
        ours = reader(30, end=START + 2000)
        read(walled(count), ours)
        assert ours.reached_end == whole
        assert ours.covered() == (moment(START), moment(START + 2000))


@pytest.mark.parametrize("own", [0, 1, 3, 4, 9])
@pytest.mark.parametrize("visitors", [1, 5, 12])
def test_the_end_of_a_wall_with_visitors_is_found_among_all_posts(own: int, visitors: int) -> None:
    wall = walled(own + visitors)
    wall.visitors = frozenset(range(own + 1, own + visitors + 1))
    ours = reader()
    read(wall, ours)
    assert set(range(1, own + 1)) <= set(ours.items)
    assert ours.covered() == (moment(START), moment(NOW))
    if ours.reached_end:
        assert set(ours.items) == set(wall.dates)
    else:
        assert ours.reason == "answer_not_understood"


# --- how many posts to ask for


@pytest.mark.parametrize(("days", "likely"), [(7, 5), (15, 11), (28, 20), (70, 50), (364, 100)])
def test_before_the_first_page_as_many_posts_are_expected_as_institutions_publish(days: int, likely: int) -> None:
    end = datetime(2024, 5, 26, 21, tzinfo=UTC)
    window = Window(end - timedelta(days=days), end)
    assert WallReader({"owner_id": GROUP}, window, 30).likely_count == likely


def test_after_a_page_as_many_are_expected_as_the_rest_of_the_window_holds_at_that_pace() -> None:
    day = 86400
    ours = WallReader({"owner_id": GROUP}, Window(moment(0), moment(100 * day)), 10)
    ours.take(walled(200, newest=100 * day, step=2 * day).page(0, 10), moment(100 * day), "sha")
    assert 40 < ours.likely_count < 65
    dense = WallReader({"owner_id": GROUP}, Window(moment(0), moment(100 * day)), 10)
    dense.take(walled(900, newest=100 * day, step=day // 9).page(0, 10), moment(100 * day), "sha")
    assert dense.likely_count == 100


@st.composite
def walls(draw: st.DrawFn) -> Wall:
    seconds = draw(st.lists(st.integers(START - 300, NOW - 1), max_size=40))
    wall = Wall(dict(enumerate(sorted(seconds), 1)), extra_count=draw(st.sampled_from([0, 0, 5])))
    if seconds and draw(st.booleans()):
        wall.pinned = draw(st.sampled_from(sorted(wall.dates)))
        wall.pinned_repeats = draw(st.booleans())
    return wall


@given(walls(), st.integers(1, 9), st.lists(st.integers(0, 12), max_size=6), st.integers(0, 12))
def test_what_is_covered_is_exactly_what_is_there(wall: Wall, size: int, new: list[int], fails_after: int) -> None:
    truth = dict(wall.dates)
    ours = reader(size)

    def between(page: int) -> None:
        for _ in range(new[page] if page < len(new) else 0):
            wall.publish(NOW + page)
        if page == fails_after and not ours.is_done:
            ours.fail("no_answer")

    read(wall, ours, between)
    assert ours.reason or ours.covered() == (moment(START), moment(NOW))
    if covered := ours.covered():
        start, end = (border.timestamp() for border in covered)
        seen = {number for number, kept in ours.items.items() if start <= kept.item["date"] < end}
        assert seen == {number for number, second in truth.items() if start <= second < end}
    if ours.reached_end:
        assert set(truth) <= set(ours.items)


@given(walls(), st.integers(2, 9), st.lists(st.integers(0, 40), max_size=6))
def test_what_is_covered_and_was_not_deleted_is_all_there(wall: Wall, size: int, deleted: list[int]) -> None:
    ours = reader(size)

    def between(page: int) -> None:
        if page < len(deleted) and deleted[page] != wall.pinned:
            wall.dates.pop(deleted[page], None)

    read(wall, ours, between)
    if covered := ours.covered():
        start, end = (border.timestamp() for border in covered)
        assert {number for number, second in wall.dates.items() if start <= second < end} <= set(ours.items)
