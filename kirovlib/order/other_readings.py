"""What if the order were read otherwise, answered again and again: the verdicts of all findings, without evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kirovlib import tables
from kirovlib.counts import Array
from kirovlib.order.clauses import Clause
from kirovlib.order.evaluate import Judgement, clause_findings, judges_together
from kirovlib.order.manual import with_manual_checks
from kirovlib.order.what_if import changed

_TOLD = ("reason", "measured")


@dataclass(frozen=True)
class Verdicts:
    """What findings say, in their order.

    Attributes:
        verdict: Places in `tables.VERDICTS`.
        reason, measured: Texts.
    """

    verdict: Array
    reason: Array
    measured: Array

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Verdicts:
        """Of rows of the table Findings, its texts plain or as categories."""
        known, column = pd.Index(tables.VERDICTS), rows["verdict"]
        if isinstance(column.dtype, pd.CategoricalDtype):
            verdict = known.get_indexer(column.cat.categories)[column.cat.codes]
        else:
            verdict = known.get_indexer(pd.Index(column))
        return cls(verdict.astype("int8"), *(_texts(rows[name]) for name in _TOLD))

    def copy(self) -> Verdicts:
        """The same, free to be written to."""
        return Verdicts(self.verdict.copy(), self.reason.copy(), self.measured.copy())

    def put(self, places: Array, other: Verdicts) -> None:
        """Write what others say at some places."""
        for name in ("verdict", *_TOLD):
            getattr(self, name)[places] = getattr(other, name)


class OtherReadings:
    """The verdicts of a judgement as they would be by other choices: `what_if`, quick enough for a slider.

    Only the clauses that a choice touches are judged anew, of a further kind only its own institutions; what a clause
    came to is kept until it would read otherwise again.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> other = OtherReadings(judge("2024-W28", data="data/sample")).verdicts(minimum_posts=99)
        >>> bool((other.verdict == tables.VERDICTS.index("failed")).any())
        True
    """

    def __init__(self, judged: Judgement) -> None:
        self._judged = judged
        self.as_read = Verdicts.of(judged.findings)
        self._subjects = judged.facts.subjects_in(judged.period)
        self._snapshots = judged.facts.judging(judged.period)
        len(self._snapshots.by_account)  # made now, so that the first question is answered as quickly as the next
        clauses = judged.findings["clause"].to_numpy(dtype=object)
        self._places = {clause.key: np.flatnonzero(clauses == clause.key) for clause in judged.clauses}
        self._kept: dict[str, tuple[Clause, Array, Verdicts]] = {}

    def verdicts(self, **choices: Any) -> Verdicts:
        """The verdicts by other choices.

        Args:
            choices: See `what_if.changed`.

        Returns:
            One for each row of the judgement's findings.

        Raises:
            ParameterError: See `what_if.changed`.
        """
        found = self.as_read.copy()
        for clause in changed(self._judged.clauses, **choices):
            if self._kept.get(clause.key, (None,))[0] != clause:
                self._kept[clause.key] = (clause, *self._judge(clause))
            _, places, other = self._kept[clause.key]
            found.put(places, other)
        return found

    def _judge(self, clause: Clause) -> tuple[Array, Verdicts]:
        """The findings that may differ, by place, and what they say."""
        facts, subjects, places = self._judged.facts, self._subjects, self._places[clause.key]
        before = self._judged.clause(clause.key)
        if clause.measured_on != "week" and replace(clause, kinds=before.kinds) == before:
            # Other institutions are named as they were; weeks are judged all at once anyway.
            kinds = set(clause.kinds) - set(before.kinds)
            bodies = facts.bodies[facts.bodies["kind"].isin(kinds)]
            owners = self._judged.findings["institution_id"].iloc[places]
            places = places[owners.isin(bodies["institution_id"]).to_numpy()]
            subjects = subjects[subjects["kind"].isin(kinds)].reset_index(drop=True)
            facts = replace(facts, bodies=bodies.reset_index(drop=True))
        parts = clause_findings(clause, facts, subjects, self._snapshots, self._judged.period)
        told = [Verdicts.of(part) for part in parts]
        joined = (np.concatenate([getattr(each, name) for each in told]) for name in ("verdict", *_TOLD))
        other = Verdicts(*joined)
        self._check_by_hand(clause, parts, other)
        return places, other

    def _check_by_hand(self, clause: Clause, parts: list[pd.DataFrame], other: Verdicts) -> None:
        checks = self._judged.facts.side.manual_checks
        first = 0
        for part in parts:
            mine = np.flatnonzero(part["account_id"].isin(checks["account_id"]))
            if len(mine):
                weekly = {clause.key} if clause.measured_on == "week" else set()
                together = {clause.key} if judges_together(clause) else set()
                rows = tables.validate(tables.Findings, part.iloc[mine])
                other.put(first + mine, Verdicts.of(with_manual_checks(rows, checks, weekly, together)))
            first += len(part)


def _texts(column: pd.Series) -> Array:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.categories.to_numpy(dtype=object)[column.cat.codes.to_numpy()])
    return np.asarray(column.to_numpy(dtype=object))
