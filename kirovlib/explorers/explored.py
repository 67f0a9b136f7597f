"""The findings of a judgement as they are explored: what can be asked for, and which rows answer; no widgets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from kirovlib import tables
from kirovlib.counts import Array
from kirovlib.explorers.selection import Selection
from kirovlib.order import wording
from kirovlib.order.evaluate import Judgement
from kirovlib.order.other_readings import OtherReadings
from kirovlib.order.posting import CLAUSE, posting_weeks

# What can be asked for, several values of each; of the table Findings or of the institution or account of a row.
CRITERIA: Mapping[str, str] = {
    "kind": "Вид учреждения",
    "founder": "Учредитель",
    "sphere": "Сфера",
    "platform": "Сеть",
    "clause": "Пункт",
    "verdict": "Вывод",
}
_BLANK = {"kind": "вид не указан", "founder": wording.NO_FOUNDER, "sphere": "не указана", "platform": "об учреждении"}


@dataclass(frozen=True)
class Filters:
    """What is asked for; empty is everything.

    Attributes:
        wanted: Values by name of `CRITERIA`.
        first, last: The first and the last week, by their Mondays; a finding on a longer stretch counts when it
            touches them.
        name: A part of an institution's name or key.
        only_changed: Only what would be another verdict by another reading of the order.
    """

    wanted: Mapping[str, Collection[str]]
    first: date
    last: date
    name: str = ""
    only_changed: bool = False


class Explored:
    """The findings of a judgement, prepared once so that a selection takes a few milliseconds.

    Attributes:
        judged: The judgement.
        named: `wording.named`, and sphere.
        options: By name of `CRITERIA` what can be chosen: Russian label and value, in the order to show them.
        readings: The verdicts by other readings of the order.
        codes: By name of `CRITERIA` but verdict, of each finding the place of its value in `options`.
        institution_ids, labels: The institutions met, and what each is called (no two alike).
        institution_places: Of each finding the place of its institution.
        account_places: Of each finding a number for its account, -1 where it is about an institution.
        posting: `posting_weeks` of the period, which do not depend on how the order is read.
        posting_accounts: Of each of its rows the number of the account.
    """

    def __init__(self, judged: Judgement) -> None:
        self.judged = judged
        self.readings = OtherReadings(judged)
        self.named = _with_sphere(judged)
        self.institution_places, ids = pd.factorize(judged.findings["institution_id"])
        self.institution_ids: Sequence[str] = list(ids)
        self.account_places, accounts = pd.factorize(judged.findings["account_id"])
        self.posting = self._measured()
        self.posting_accounts = pd.Index(accounts).get_indexer(self.posting["account_id"])
        rows = judged.institutions.set_index("institution_id").reindex(ids)
        self.labels = _labels(rows)
        searched = rows["short_name"].fillna("") + " " + rows["name"].fillna("") + " " + rows.index
        self._searched = [plain(text) for text in searched]
        self.codes: dict[str, Array] = {}
        self.options: dict[str, list[tuple[str, str]]] = {}
        self._code_institutions(rows)
        self._code_findings()
        starts, ends = (
            np.array([getattr(week, name) for week in judged.period.weeks], dtype="datetime64[us]")
            for name in ("start", "until")
        )
        self._first_week = np.searchsorted(starts, _days(self.named["period_start"]), side="right") - 1
        self._last_week = np.searchsorted(ends, _days(self.named["period_end"]), side="right")
        by_name = np.argsort(np.argsort(np.array([label.casefold() for label in self.labels], dtype=str)))
        self._order = np.lexsort((-self._first_week, self.codes["clause"], by_name[self.institution_places]))

    def select(self, filters: Filters, choices: Mapping[str, Any] | None = None) -> Selection:
        """The findings that are asked for.

        Args:
            filters: What is asked for.
            choices: Another reading of the order, see `what_if.changed`; none is the order as it is.

        Raises:
            ParameterError: See `what_if.changed`.
        """
        before = self.readings.as_read
        verdicts = self.readings.verdicts(**choices) if choices else before
        weeks = [week.start for week in self.judged.period.weeks]
        kept = (self._first_week <= weeks.index(filters.last)) & (self._last_week >= weeks.index(filters.first))
        for name, wanted in filters.wanted.items():
            if wanted and name != "verdict":
                kept &= np.isin([value for _, value in self.options[name]], list(wanted))[self.codes[name]]
        if filters.name.strip():
            asked = plain(filters.name)
            kept &= np.array([asked in text for text in self._searched], dtype=bool)[self.institution_places]
        of_any_verdict = self._order[kept[self._order]]
        verdict = verdicts.verdict[of_any_verdict]
        kept = np.isin(tables.VERDICTS, list(filters.wanted.get("verdict") or tables.VERDICTS))[verdict]
        if filters.only_changed:
            kept &= verdict != before.verdict[of_any_verdict]
        places = of_any_verdict[kept]
        places = places[np.argsort(verdict[kept], kind="stable")]
        return Selection(self, filters, verdicts, places, of_any_verdict, bool(choices))

    def _code_institutions(self, rows: pd.DataFrame) -> None:
        """Kind, founder and sphere: known of the institution."""
        everybody = self.judged.institutions.set_index("institution_id")
        names = dict(zip(everybody.index, _labels(everybody), strict=True))
        for name, column, shown in (
            ("kind", "kind", wording.KINDS),
            ("founder", "founder_id", names),
            ("sphere", "sphere", {}),
        ):
            self._code(name, rows[column].fillna("").to_numpy(dtype=object), shown, in_order=name == "kind")
            self.codes[name] = self.codes[name][self.institution_places]

    def _code_findings(self) -> None:
        """Network, clause and verdict: known of the finding."""
        rows = self.judged.findings
        platforms = self.judged.accounts.set_index("account_id")["platform"]
        # Of accounts alone that nobody has, `map` makes numbers.
        platform = rows["account_id"].map(platforms).astype(object).fillna("").to_numpy(dtype=object)
        self._code("platform", platform, wording.PLATFORMS, in_order=True)
        shown = {clause.key: f"п. {clause.clause} {clause.label}" for clause in self.judged.clauses}
        self._code("clause", rows["clause"].to_numpy(dtype=object), shown, in_order=True)
        self.options["verdict"] = [
            (f"{wording.SYMBOLS[word]} {wording.VERDICTS[word]}", word) for word in tables.VERDICTS
        ]

    def _code(self, name: str, values: Array, shown: Mapping[Any, str], *, in_order: bool) -> None:
        """Codes of values and what they are called: in the order of `shown`, else by name; blanks come last."""
        codes, known = pd.factorize(values)
        label = {value: " ".join(str(shown.get(value, value)).split()) if value else _BLANK[name] for value in known}
        ranks = {value: place for place, value in enumerate(shown)}
        order = sorted(known, key=lambda value: (not value, ranks.get(value, 0) if in_order else 0, label[value]))
        place_of = np.array([order.index(value) for value in known], dtype="int32")
        self.codes[name] = place_of[codes] if len(known) else codes
        self.options[name] = [(label[value], value) for value in order]

    def _measured(self) -> pd.DataFrame:
        """`posting_weeks` of the period; without rows where the order has no such clause."""
        if CLAUSE not in {clause.key for clause in self.judged.clauses}:
            return pd.DataFrame({"account_id": [], "week_start": [], "is_complete": []})
        rows = posting_weeks(self.judged)
        return rows[rows["week_start"] >= pd.Timestamp(self.judged.period.start)].reset_index(drop=True)


def _with_sphere(judged: Judgement) -> pd.DataFrame:
    rows = wording.named(judged)
    if "sphere" not in rows:
        rows["sphere"] = rows["institution_id"].map(judged.institutions.set_index("institution_id")["sphere"])
    return rows


def _labels(rows: pd.DataFrame) -> list[str]:
    """Names to choose from: of several institutions of one name the key is said too."""
    names = [" ".join(str(name).split()) for name in rows["short_name"].fillna(rows["name"])]
    doubled = pd.Series(names).duplicated(keep=False)
    return [f"{name} ({key})" if both else name for name, key, both in zip(names, rows.index, doubled, strict=True)]


def plain(text: str) -> str:
    """Letters for comparing names: their size, ё and spaces do not matter."""
    return " ".join(text.casefold().replace("ё", "е").split())


def _days(column: pd.Series) -> Array:
    return np.asarray(column.to_numpy(dtype="datetime64[us]"))
