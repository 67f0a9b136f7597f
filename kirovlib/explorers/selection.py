"""The findings that an analyst selected: their rows, names and numbers; no widgets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kirovlib import tables
from kirovlib.counts import Array
from kirovlib.order import wording, words
from kirovlib.order.other_readings import Verdicts

if TYPE_CHECKING:
    from kirovlib.explorers.explored import Explored, Filters

_JUDGED = ("failed", "cannot_tell", "passed")  # held against something
_IF = ["verdict_if", "verdict_if_name", "reason_if", "reason_if_name", "measured_if"]


@dataclass(frozen=True)
class Selection:
    """The findings selected, the worst first, then by institution, clause and week, the latest first.

    Attributes:
        explored: Of which they are a part.
        filters: What was asked for.
        verdicts: Of all findings, as they would be by the reading chosen.
        places: The rows of the findings.
        of_any_verdict: The rows that all else but the verdict is true of: what is known of them says how far to trust.
        is_other: Whether another reading than the order's own was chosen.
    """

    explored: Explored
    filters: Filters
    verdicts: Verdicts
    places: Array
    of_any_verdict: Array
    is_other: bool

    def __len__(self) -> int:
        """How many findings."""
        return len(self.places)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many of each verdict."""
        return self._counted(self.places)

    @property
    def is_of_some_verdicts(self) -> bool:
        """Whether rows were left out for what their verdict is or would be."""
        return len(self.places) < len(self.of_any_verdict)

    @property
    def unknown(self) -> tuple[int, int]:
        """Of the rows of any verdict: how many are not established, of how many that were held against something."""
        counts = self._counted(self.of_any_verdict)
        return counts["cannot_tell"], sum(counts[word] for word in _JUDGED)

    @cached_property
    def changed_count(self) -> int:
        """How many would be another verdict."""
        return int((self.verdicts.verdict != self.explored.readings.as_read.verdict)[self.places].sum())

    @cached_property
    def accounts(self) -> Array:
        """The accounts met, as numbered in `Explored.account_places`."""
        return self._met(self.explored.account_places, self.places)

    @cached_property
    def institutions(self) -> list[tuple[str, str]]:
        """The institutions met: label (different for each) and key, by label."""
        met = self._met(self.explored.institution_places, self.places)
        pairs = [(self.explored.labels[place], self.explored.institution_ids[place]) for place in met]
        return sorted(pairs, key=lambda pair: pair[0].casefold())

    def frame(self, limit: int | None = None) -> pd.DataFrame:
        """The rows, or the first of them.

        Returns:
            `wording.named` and sphere; by another reading of the order also verdict_if, verdict_if_name, reason_if,
            reason_if_name, measured_if. A frame of its own: writing to it changes nothing else.
        """
        places = self.places[:limit]
        rows = self.explored.named.iloc[places].reset_index(drop=True)
        if not self.is_other:
            return rows
        verdict = np.array(tables.VERDICTS, dtype=object)[self.verdicts.verdict[places]]
        told = {"verdict_if": verdict, "reason_if": self.verdicts.reason[places]}
        told |= {"measured_if": self.verdicts.measured[places]}
        rows = rows.assign(**{name: pd.Series(values, dtype="str") for name, values in told.items()})
        rows["verdict_if_name"] = rows["verdict_if"].map(wording.VERDICTS)
        rows["reason_if_name"] = rows["reason_if"].map(words.REASONS)
        return rows[[*self.explored.named.columns, *_IF]]

    def crossed(self, name: str) -> pd.DataFrame:
        """How many of each verdict by a name of `CRITERIA`: labels × words of verdicts, only those met."""
        options, codes = self.explored.options[name], self.explored.codes[name][self.places]
        packed = codes.astype("int64") * len(tables.VERDICTS) + self.verdicts.verdict[self.places]
        counted = np.bincount(packed, minlength=len(options) * len(tables.VERDICTS))
        table = pd.DataFrame(
            counted.reshape(len(options), len(tables.VERDICTS)),
            index=[label for label, _ in options],
            columns=list(tables.VERDICTS),
        )
        return table.loc[table.sum(axis=1).to_numpy() > 0, table.sum().to_numpy() > 0]

    @cached_property
    def posting(self) -> pd.DataFrame:
        """What the accounts met published in the weeks asked for, as it was measured: rows of `posting_weeks`."""
        return self._posting(self.places)

    @property
    def read_share(self) -> float | None:
        """Share (0-1) of weeks that were read completely, of accounts of any verdict; none where no week is bound."""
        rows = self._posting(self.of_any_verdict)
        return float(rows["is_complete"].mean()) if len(rows) else None

    def _posting(self, places: Array) -> pd.DataFrame:
        rows, numbers = self.explored.posting, self.explored.posting_accounts
        is_met = np.zeros(int(numbers.max(initial=-1)) + 1, dtype=bool)
        met = self._met(self.explored.account_places, places)
        is_met[met[met < len(is_met)]] = True
        starts = rows["week_start"].to_numpy(dtype="datetime64[D]")
        first, last = np.datetime64(self.filters.first), np.datetime64(self.filters.last)
        kept: pd.DataFrame = rows[is_met[numbers] & (starts >= first) & (starts <= last)]
        return kept

    def _counted(self, places: Array) -> dict[str, int]:
        found = np.bincount(self.verdicts.verdict[places], minlength=len(tables.VERDICTS))
        return dict(zip(tables.VERDICTS, found.tolist(), strict=True))

    @staticmethod
    def _met(codes: Array, places: Array) -> Array:
        """The different codes at some places, ascending."""
        is_there = np.zeros(int(codes.max(initial=-1)) + 2, dtype=bool)
        is_there[codes[places]] = True  # -1 is the last
        return np.flatnonzero(is_there[:-1])
