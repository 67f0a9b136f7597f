"""Several accounts at once, results in their order."""

from __future__ import annotations

import threading

import pytest

from kirovlib.platforms.ordered import in_order


def test_results_come_in_the_order_of_the_items_however_long_each_takes() -> None:
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 1:
            assert second_done.wait(10)
        if item == 2:
            second_done.set()
        return item * 10

    assert list(in_order(work, [1, 2, 3], workers=2)) == [10, 20, 30]


def test_no_more_than_two_items_a_worker_are_begun_ahead() -> None:
    begun: list[int] = []
    results = in_order(lambda item: begun.append(item) or item, range(100), workers=2)
    assert next(results) == 0
    assert max(begun) <= 4
    assert len(list(results)) == 99


def test_an_error_is_raised_in_its_place_and_what_came_before_stays_good() -> None:
    def work(item: int) -> int:
        if item == 2:
            msg = "two"
            raise ValueError(msg)
        return item

    results = in_order(work, range(50), workers=3)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)
