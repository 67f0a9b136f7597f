"""Findings of clauses measured on weeks (3.1), on accounts × weeks at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from kirovlib import tables
from kirovlib.counts import AD, LATE, REMOVED, Array, WeeklyPosts
from kirovlib.order import checks, week_texts
from kirovlib.order.clauses import Clause, Edition
from kirovlib.order.gates import GATES, exempted, gate
from kirovlib.weeks import Period, Week

_CHOICES = ("count_reposts", "count_ads", "count_removed", "distinct_days")
_BLOCK = 20_000  # accounts judged at once: arrays of a block stay small whatever the register's size
_TEXTS = ("expected", "measured", "verdict", "reason", "note", "repair")


def week_findings(
    clause: Clause,
    subjects: pd.DataFrame,
    posts: WeeklyPosts,
    period: Period,
    last_moment: pd.Timestamp,
    exemptions: pd.DataFrame,
) -> Iterator[pd.DataFrame]:
    """Findings of a clause for each account and week, some thousand accounts at a time.

    Args:
        clause: The clause.
        subjects: See `facts.Facts.subjects`; in the order of `posts.accounts`.
        posts: With all weeks of the period.
        period: The weeks to judge.
        last_moment: Until when the lake was collected (UTC): a week that ends later is still running.
        exemptions: Table Exemptions.

    Yields:
        Table Findings by account and week, its evidence empty but for exemptions; texts as categories.
    """
    here = np.flatnonzero(subjects["platform"].isin(clause.platforms))
    numbers = {
        "own_count": posts.own,
        "repost_count": posts.reposts,
        "unknown_count": posts.unknown,
        "removed_count": posts.own_with(REMOVED),
        "ad_count": posts.own_with(AD),
        "late_count": posts.own_with(LATE),
        "is_complete": posts.is_complete,
    }
    if any(not edition.parameters["count_ads"] for edition in clause.editions):
        numbers["removed_ad_count"] = posts.own_with(REMOVED | AD)
    judge = _Judge(clause, posts, numbers, period, last_moment, exemptions)
    for block in _blocks(here, subjects["institution_id"]):
        yield judge.block(subjects, block)


def _blocks(here: Array, institutions: pd.Series) -> Iterator[Array]:
    """The places cut into blocks, an institution's accounts together."""
    owners, _ = pd.factorize(institutions.iloc[here])
    ends = np.flatnonzero(np.diff(owners, append=-1)) + 1
    start = 0
    while start < len(here):
        end = int(ends[np.searchsorted(ends, min(start + _BLOCK, len(here)))])
        yield here[start:end]
        start = end


class _Judge:
    """Judges blocks of accounts; what all blocks share is made once."""

    def __init__(
        self,
        clause: Clause,
        posts: WeeklyPosts,
        numbers: Mapping[str, Array],
        period: Period,
        last_moment: pd.Timestamp,
        exemptions: pd.DataFrame,
    ) -> None:
        self._clause, self._posts, self._numbers = clause, posts, numbers
        self._weeks, self._last_moment, self._exemptions = period.weeks, last_moment, exemptions
        self._counted: dict[tuple[Any, ...], tuple[Array, Array]] = {}
        self._texts = {name: week_texts.Texts() for name in _TEXTS}
        self._proofs = week_texts.Texts()
        self._no_proof = self._proofs.code("[]")

    def block(self, subjects: pd.DataFrame, here: Array) -> pd.DataFrame:
        """The findings of the accounts at some places."""
        lives = subjects.iloc[here].reset_index(drop=True)
        shape = (len(here), len(self._weeks))
        texts = {name: np.zeros(shape, dtype="int32") for name in _TEXTS}
        proofs = np.full(shape, self._no_proof, dtype="int32")
        place = 0
        for edition, group in groupby(
            self._weeks, lambda week: self._clause.edition_on(week.until - timedelta(days=1))
        ):
            weeks = list(group)
            columns = slice(place, place + len(weeks))
            told, acts = self._judged(edition, weeks, lives, here)
            for name, codes in told.items():
                texts[name][:, columns] = codes
            proofs[:, columns] = np.where(acts > 0, acts, proofs[:, columns])
            place += len(weeks)
        return self._rows(lives, texts, proofs)

    def _judged(
        self, edition: Edition | None, weeks: Sequence[Week], lives: pd.DataFrame, here: Array
    ) -> tuple[dict[str, Array], Array]:
        """Codes of the texts of some weeks that have one edition, and of the acts by which accounts are exempt."""
        first = self._posts.weeks.index(weeks[0])
        facts = {name: array[here, first : first + len(weeks)] for name, array in self._numbers.items()}
        texts = self._texts
        if edition is None:
            measured = week_texts.counts_said(texts["measured"], facts | {"least_count": facts["own_count"]}, {})
            words = {"verdict": "untested", "reason": "no_edition_in_force", "expected": "пункт ещё не действовал"}
            told = {name: np.array(texts[name].code(word)) for name, word in words.items()}
            return told | {"measured": measured}, np.array(0)
        parameters = edition.parameters
        least, most = self._counts(parameters)
        facts["least_count"], facts["most_count"] = (each[here, first : first + len(weeks)] for each in (least, most))
        acts = self._acts(lives, weeks)
        why = self._gates(edition, lives, weeks, acts > 0)
        facts["is_running"] = np.array([[self._last_moment < week.ends_at for week in weeks]])
        facts["existence_unknown"] = existence_unknown(lives, weeks)
        if parameters["unit"] == "institution":
            # An exempt or new account's posts are posts of the institution too: unread, they keep it from failing.
            not_there = np.isin(why, [GATES.index("account_closed"), GATES.index("not_yet_open")])
            facts |= summed_by_institution(facts, lives, applies=why == 0, could_post=~not_there)
        verdict, reason = self._verdicts(facts, parameters, lives)
        failed, passed = ((verdict == texts["verdict"].code(word)) & (why == 0) for word in ("failed", "passed"))
        gates = np.array([texts["reason"].code(word) for word in GATES])
        told = {
            "expected": np.array(texts["expected"].code(week_texts.required(self._clause, edition))),
            "measured": week_texts.counts_said(texts["measured"], facts, parameters),
            "verdict": np.where(why > 0, texts["verdict"].code("inapplicable"), verdict),
            "reason": np.where(why > 0, gates[why], reason),
            "note": np.where(why > 0, 0, self._notes(facts, failed, passed, parameters, lives)),
            "repair": week_texts.repairs(texts["repair"], facts, failed, parameters),
        }
        return told, np.where(why == GATES.index("exempt"), acts, 0)

    def _counts(self, parameters: Mapping[str, Any]) -> tuple[Array, Array]:
        choices = tuple(parameters[name] for name in _CHOICES)
        if choices not in self._counted:
            self._counted[choices] = self._posts.counted(**dict(zip(_CHOICES, choices, strict=True)))
        return self._counted[choices]

    def _acts(self, lives: pd.DataFrame, weeks: Sequence[Week]) -> Array:
        """Codes of the proofs of exemptions, accounts × weeks; 0 where there is none."""
        found = np.zeros((len(lives), len(weeks)), dtype="int32")
        if self._exemptions.empty:
            return found
        for place, week in enumerate(weeks):
            acts = exempted(self._exemptions, self._clause.key, lives, week.start, week.until)
            for row in np.flatnonzero(acts != ""):
                proof = {"title": f"Освобождено: {acts.iloc[row]}", "url": "", "sha256": None}
                found[row, place] = self._proofs.code(tables.to_json([proof]))
        return found

    def _gates(self, edition: Edition, lives: pd.DataFrame, weeks: Sequence[Week], exempt: Array) -> Array:
        """Why the clause does not apply, accounts × weeks: places in `GATES`, 0 where it does."""
        starts, ends = (np.array([days], dtype="datetime64[us]") for days in _days(weeks))
        why = gate(self._clause, lives, starts, ends, exempt, week=True)
        why = np.where((why == 0) & opened_in(lives, weeks), GATES.index("opened_in_week"), why)
        straddling = np.array([[edition.in_force_from > week.start for week in weeks]])
        return np.where(straddling, GATES.index("edition_starts_mid_week"), why)

    def _verdicts(
        self, facts: Mapping[str, Array], parameters: Mapping[str, Any], lives: pd.DataFrame
    ) -> tuple[Array, Array]:
        reasons, verdicts_of = self._texts["reason"], self._texts["verdict"]
        cases = checks.predicate(self._clause.key)(facts, parameters)
        flags = [np.broadcast_to(each, facts["least_count"].shape) for each in cases.values()]
        reason = np.select(flags, [reasons.code(word) for word in cases], default=0)
        verdicts = [verdicts_of.code(checks.WEEK_VERDICTS.get(word, "cannot_tell")) for word in cases]
        places, words = pd.factorize(lives["coverage_reason"])
        told = np.array([reasons.code(word) for word in words])[places][:, None]
        untold = reason == reasons.code("week_not_collected")
        return np.select(flags, verdicts, default=0), np.where(untold & (told > 0), told, reason)

    def _notes(
        self,
        facts: Mapping[str, Array],
        failed: Array,
        passed: Array,
        parameters: Mapping[str, Any],
        lives: pd.DataFrame,
    ) -> Array:
        enough = _by_institution(facts["least_count"], lives) >= int(parameters["minimum_posts"])
        flags = {
            "met_by_institution": failed & enough & (parameters["unit"] == "account"),  # else the sum was judged
            "incomplete_but_met": passed & ~facts["is_complete"],
            "removed_counted": (week_texts.removed_counted(facts, parameters) > 0) & bool(parameters["count_removed"]),
            "seen_late": facts["late_count"] > 0,
        }
        return self._texts["note"].said(
            list(flags.values()),
            lambda *found: ",".join(word for word, is_there in zip(flags, found, strict=True) if is_there),
        )

    def _rows(self, lives: pd.DataFrame, texts: Mapping[str, Array], proofs: Array) -> pd.DataFrame:
        accounts, weeks = len(lives), self._weeks
        editions = [self._clause.edition_on(week.until - timedelta(days=1)) for week in weeks]
        starts, ends = (np.array(days, dtype="datetime64[us]") for days in _days(weeks))
        in_force = np.array([each.in_force_from if each else "NaT" for each in editions], dtype="datetime64[us]")
        owners = {}
        for name in ("institution_id", "account_id"):
            places, known = pd.factorize(lives[name])
            owners[name] = pd.Categorical.from_codes(np.repeat(places, len(weeks)), known)
        columns = {
            "clause": pd.Categorical.from_codes(np.zeros(proofs.size, dtype="int8"), pd.Index([self._clause.key])),
            **owners,
            "edition": np.tile(in_force, accounts),
            "period_start": np.tile(starts, accounts),
            "period_end": np.tile(ends - np.timedelta64(1, "D"), accounts),
            **{name: self._texts[name].column(codes) for name, codes in texts.items()},
            "evidence": self._proofs.column(proofs),
        }
        return pd.DataFrame({name: columns[name] for name in tables.columns(tables.Findings)}, copy=False)


def existence_unknown(lives: pd.DataFrame, weeks: Sequence[Week]) -> Array:
    """Nothing shows that the account was there before the week, and no first post ever opens it; accounts × weeks.

    Args:
        lives: opened_on, first_seen_at, first_post_at, older_until, reached_end; see `facts.Facts.subjects`.
        weeks: The weeks.
    """
    return ~_known_before(lives, weeks) & ~_first_post_in(lives, weeks)


def opened_in(lives: pd.DataFrame, weeks: Sequence[Week]) -> Array:
    """Came into being in the week: by the register, or by a first post ever; accounts × weeks."""
    opened_on = _column(lives, "opened_on")
    starts, ends = (np.array([days], dtype="datetime64[us]") for days in _days(weeks))
    by_register = (opened_on >= starts) & (opened_on < ends)
    return np.asarray(by_register | (_first_post_in(lives, weeks) & ~_known_before(lives, weeks)))


def _known_before(lives: pd.DataFrame, weeks: Sequence[Week]) -> Array:
    """By the register, by the page, by a post, or by a wall that goes on before what was read."""
    starts_at, _ = _moments(weeks)
    return np.asarray(
        (_column(lives, "opened_on") < np.array([[week.start for week in weeks]], dtype="datetime64[us]"))
        | (_column(lives, "first_seen_at") < starts_at)
        | (_column(lives, "first_post_at") < starts_at)
        | (_column(lives, "older_until") <= starts_at)
    )


def _first_post_in(lives: pd.DataFrame, weeks: Sequence[Week]) -> Array:
    starts_at, ends_at = _moments(weeks)
    first_post_at = _column(lives, "first_post_at")
    reached_end = lives["reached_end"].to_numpy(dtype=bool)[:, None]
    return np.asarray(reached_end & (first_post_at >= starts_at) & (first_post_at < ends_at))


def _column(lives: pd.DataFrame, name: str) -> Array:
    return np.asarray(lives[name].to_numpy(dtype="datetime64[us]")[:, None])


def _days(weeks: Sequence[Week]) -> tuple[list[Any], list[Any]]:
    return [week.start for week in weeks], [week.until for week in weeks]


def _moments(weeks: Sequence[Week]) -> tuple[Array, Array]:
    """First moments and ends of weeks in UTC, as NumPy knows them (without a zone)."""
    starts_at = [week.starts_at.replace(tzinfo=None) for week in weeks]
    ends_at = [week.ends_at.replace(tzinfo=None) for week in weeks]
    return np.array([starts_at], dtype="datetime64[us]"), np.array([ends_at], dtype="datetime64[us]")


def _by_institution(numbers: Array, lives: pd.DataFrame) -> Array:
    """Each account with the sum of its institution, accounts × weeks."""
    institution, _ = pd.factorize(lives["institution_id"])
    sums = np.zeros((institution.max(initial=0) + 1, numbers.shape[1]), dtype="int64")
    np.add.at(sums, institution, numbers)
    return np.asarray(sums[institution])


def summed_by_institution(
    facts: Mapping[str, Array], lives: pd.DataFrame, *, applies: Array, could_post: Array
) -> dict[str, Array]:
    """Each account with the counts of its whole institution, complete only when all that could post are."""
    sums = {name: _by_institution(array, lives) for name, array in facts.items() if name.endswith("_count")}
    unread = _by_institution(~facts["is_complete"] & could_post, lives) > 0
    exists = _by_institution(~facts["existence_unknown"] & applies, lives) > 0
    return sums | {"is_complete": ~unread, "existence_unknown": ~exists}
