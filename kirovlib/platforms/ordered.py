"""Work on several accounts at once, results in the order of the accounts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """The results of `work` on each item, as soon as they and all before them are there.

    At most two items a worker are begun ahead, so that memory does not grow with their number. An error of an item
    is raised in its place; what was begun but not reached is given up then.

    Args:
        workers: Threads. The pace of a network limits the starts; several at once hide its latency.

    Example:
        >>> list(in_order(lambda number: number * 2, [1, 2, 3], workers=2))
        [2, 4, 6]
    """
    begun: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) >= 2 * workers:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
