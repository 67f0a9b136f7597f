"""A judgement that warm kernels need not come to again.

A card's notebook says `kirovlib.judge(...)` like any other, and judges the whole region to show one institution of
six hundred. A warm server therefore knows the judgement that the report itself rests on, and puts a `kirovlib.judge`
in place that gives it out where everything it was made of is still the same: period, weeks before, data folder, and
the state of that folder. Anything else is judged anew. Elsewhere, in JupyterLab and in stock kernels, there is
no such thing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path

import kirovlib
from kirovlib.order import changes, evaluate
from kirovlib.order.evaluate import Judgement
from kirovlib.weeks import Period

_READ_WHOLE = ("registry", "order")  # small, and edited by hand


@dataclass(frozen=True)
class Remembered:
    """A judgement with what it was made of.

    Attributes:
        past_weeks: Weeks before the period that were loaded.
        data: The data folder, resolved.
        state: See `state_of`; taken before the judging.
    """

    judged: Judgement
    past_weeks: int
    data: Path
    state: str

    def answers(self, period: str | Period, data: str | Path, past_weeks: int) -> bool:
        """Whether judging would come to the same."""
        asked = Period.parse(period) if isinstance(period, str) else period
        is_same = asked == self.judged.period and past_weeks == self.past_weeks and Path(data).resolve() == self.data
        return is_same and state_of(self.data) == self.state

    def put_in_place(self) -> None:
        """From now on `kirovlib.judge` of this process, and of those forked from it, gives this judgement out."""

        @wraps(evaluate.judge)
        def judge(period: str | Period, data: str | Path = "data", *, past_weeks: int = 0) -> Judgement:
            if not self.answers(period, data, past_weeks):
                return evaluate.judge(period, data, past_weeks=past_weeks)
            given = replace(self.judged, data=Path(data))
            vars(given).update({name: value for name, value in vars(self.judged).items() if name not in vars(given)})
            return given

        kirovlib.judge = judge  # what stands in a module comes before its `__getattr__`


def judge(period: Period, data: Path, past_weeks: int) -> Remembered:
    """Judge a period, to be remembered.

    Raises:
        ParameterError, ClausesError, RegistryError, LakeError: See `evaluate.judge`.
    """
    state = state_of(data)  # before: what changes meanwhile makes it another one
    judged = evaluate.judge(period, data, past_weeks=past_weeks)
    if judged.knows_before():
        changes.changes(judged)  # keeps the weeks before that it judges: half of the pages and every card ask for them
    return Remembered(judged, past_weeks, data.resolve(), state)


def state_of(data: Path) -> str:
    """A hash that changes with whatever judging reads in a data folder.

    Registers and the order count by their bytes; the lake, whose files are only ever put in place whole, by their
    names, sizes and times.
    """
    digest = hashlib.sha256()
    for folder in (*_READ_WHOLE, "lake"):
        for file in sorted(path for path in (data / folder).rglob("*") if path.is_file()):
            told = file.stat()
            digest.update(f"{file.relative_to(data).as_posix()}\0{told.st_size}\0".encode())
            digest.update(file.read_bytes() if folder in _READ_WHOLE else str(told.st_mtime_ns).encode())
    return digest.hexdigest()
