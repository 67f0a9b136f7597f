"""What changed since the previous period: new and mended breaches, how many weeks in a row, what went out of sight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from kirovlib.order import wording, words
from kirovlib.order.clauses import Clause
from kirovlib.order.evaluate import STREAKS, Judgement, findings_of
from kirovlib.order.facts import Facts
from kirovlib.tables import VERDICTS
from kirovlib.weeks import Period, Week

CHANGES = {
    "new_failure": "новое нарушение",
    "newly_established": "впервые установлено",
    "still_failed": "нарушение продолжается",
    "mended": "исправлено",
    "newly_unknown": "перестало быть видно",
    "newly_known": "стало видно: соблюдается",
    "other": "прочее",
}
# What coverage says of an account that was there before and is not met any more.
VANISHED = frozenset(
    {"account_gone", "address_unknown", "address_moved", "not_a_community", "no_preview", "profile_not_returned"}
)
_KEY = ["clause", "institution_id", "account_id", "what"]


def changes(judged: Judgement) -> pd.DataFrame:
    """Findings whose verdict differs from the previous period's, and breaches that go on.

    A breach of which nothing could be told before is established now, not new.

    Args:
        judged: With at least the previous period's weeks among its `past_weeks`; streaks are counted as far back as
            its weeks reach.

    Returns:
        clause, institution_id, account_id (blank for an institution), what (of a decision, which one), before and
        now (verdicts), before_reason, reason, measured, note, evidence, period_start (of the finding shown), change (a
        word of `CHANGES`), weeks_in_row
        (weeks up to the period's last in which it failed), may_be_longer (whether it failed in all weeks that were
        loaded). Of several weeks of a period the worst verdict counts.

    Raises:
        ParameterError: The previous period was not loaded.
    """
    before = worst(judged.before, judged.clauses)[[*_KEY, "verdict", "reason"]]
    now = worst(judged.findings, judged.clauses)
    both = now.merge(before, on=_KEY, how="left", suffixes=("", "_before"))
    both = both.rename(columns={"verdict": "now", "verdict_before": "before", "reason_before": "before_reason"})
    both["change"] = np.select(
        [
            (both["now"] == "failed") & (both["before"] == "failed"),
            (both["now"] == "failed") & (both["before"] == "cannot_tell"),
            both["now"] == "failed",
            (both["now"] == "passed") & (both["before"] == "failed"),
            (both["now"] == "cannot_tell") & both["before"].isin(["passed", "failed"]),
            (both["now"] == "passed") & (both["before"] == "cannot_tell"),
            both["before"].notna() & (both["now"] != both["before"]),
        ],
        ["still_failed", "newly_established", "new_failure", "mended", "newly_unknown", "newly_known", "other"],
        default="",
    )
    both = both[both["change"] != ""].merge(streaks(judged), on=_KEY, how="left")
    both["weeks_in_row"] = both["weeks_in_row"].fillna(0).astype("int64")
    both["may_be_longer"] = both["may_be_longer"].astype("boolean").fillna(value=False).astype(bool)
    shown = ["before", "now", "before_reason", "reason", "measured", "note", "evidence"]
    shown += ["period_start", "change", "weeks_in_row", "may_be_longer"]
    rank = both["change"].map({word: place for place, word in enumerate(CHANGES)})
    return both.assign(rank=rank).sort_values(["rank", *_KEY], ignore_index=True)[[*_KEY, *shown]]


def vanished(judged: Judgement) -> pd.DataFrame:
    """Accounts that were seen before and were not met when the period was looked at; those closed by then are left out.

    Returns:
        institution_id, account_id, url, reason, reason_name, last_seen_at (UTC, latest page seen alive in the weeks
        loaded, else the first ever).
    """
    subjects = judged.facts.subjects_in(judged.period)
    pages = judged.facts.snapshots.sort_values(["account_id", "collected_at"])
    latest = judged.profiles.sort_values(["account_id", "collected_at"]).drop_duplicates("account_id", keep="last")
    status = latest.set_index("account_id")["status"].reindex(subjects["account_id"]).to_numpy(dtype=object)
    told = subjects["coverage_reason"].isin(VANISHED).to_numpy() & ~np.isin(status.astype("str"), ["live", "closed"])
    subjects["reason"] = np.select([status == "gone", told], ["account_gone", subjects["coverage_reason"]], default="")
    alive = pages[pages["status"].isin(["live", "closed"])].groupby("account_id")["collected_at"].max()
    # Not `map`: of no moment at all it makes numbers.
    last = pd.Series(alive.reindex(subjects["account_id"]).array, index=subjects.index)
    subjects["last_seen_at"] = last.fillna(subjects["first_seen_at"])
    is_closed = subjects["closed_on"] < pd.Timestamp(judged.period.until)
    found = subjects[(subjects["reason"] != "") & subjects["last_seen_at"].notna() & ~is_closed]
    found = found.assign(reason_name=found["reason"].map(words.REASONS).astype("str"))
    columns = ["institution_id", "account_id", "url", "reason", "reason_name", "last_seen_at"]
    return found[columns].reset_index(drop=True)


def named_changes(judged: Judgement) -> pd.DataFrame:
    """`changes` with names.

    Returns:
        As `changes`, and institution, clause_name, url, reason_name, note_name, change_name, week_name («08.07.2024»,
        of findings on a week), weeks_name («3», «11 и больше», blank for none).
    """
    rows = changes(judged)
    institutions = judged.institutions.set_index("institution_id")
    weekly = [clause.key for clause in judged.clauses if clause.measured_on == "week"]
    more = rows["may_be_longer"].map({True: " и больше", False: ""}).astype("str")
    weeks = rows["weeks_in_row"].astype("str") + more
    return rows.assign(
        institution=rows["institution_id"].map(institutions["short_name"].fillna(institutions["name"])),
        clause_name=rows["clause"].map(wording.clause_names(judged.clauses)),
        url=rows["account_id"].map(judged.accounts.set_index("account_id")["url"]),
        reason_name=rows["reason"].map(words.REASONS),
        note_name=wording.note_names(rows["note"]),
        change_name=rows["change"].map(CHANGES),
        week_name=rows["period_start"].dt.strftime("%d.%m.%Y").where(rows["clause"].isin(weekly), ""),
        weeks_name=weeks.where(rows["weeks_in_row"] > 0, ""),
    )


def worst(findings: pd.DataFrame, order: Sequence[Clause]) -> pd.DataFrame:
    """One row for each clause and subject, decisions apart: the worst of a period, of several the first.

    Returns:
        clause, institution_id, account_id (blank for an institution), what (of a decision, which one), verdict, reason,
        measured, note, evidence, period_start.
    """
    decisions = [clause.key for clause in order if clause.measured_on == "decision"]
    what = findings["measured"].where(findings["clause"].isin(decisions), "")
    rank = findings["verdict"].map({word: place for place, word in enumerate(VERDICTS)})
    rows = findings.assign(what=what, rank=rank, account_id=findings["account_id"].fillna(""))
    rows = rows.sort_values("rank", kind="stable").drop_duplicates(_KEY)
    return rows[[*_KEY, "verdict", "reason", "measured", "note", "evidence", "period_start"]]


def streaks(judged: Judgement) -> pd.DataFrame:
    """How many weeks up to the period's last each breach lasted; counted once, since all those weeks are judged for it.

    Returns:
        clause, institution_id, account_id (blank for an institution), what, weeks_in_row, may_be_longer.
    """
    known = vars(judged)  # where `cached_property` keeps things too
    if STREAKS not in known:
        known[STREAKS] = _counted_streaks(judged)
    found: pd.DataFrame = known[STREAKS]
    return found


def _counted_streaks(judged: Judgement) -> pd.DataFrame:
    facts, order = judged.facts, judged.clauses
    weeks = [week for week in facts.weeks if week <= judged.period.weeks[-1]][::-1]
    going = _failed(facts, order, weeks[0])
    length = pd.Series(1, index=going)
    for week in weeks[1:]:
        if going.empty:
            break
        keys = set(going.get_level_values("clause"))
        # A page counts for the week it was seen in: one look must not make two weeks.
        earlier = _failed(facts, [clause for clause in order if clause.key in keys], week, late_snapshots=False)
        going = going.intersection(earlier)
        length[going] += 1
    before = weeks[-1].shifted(-1)
    could_fail = [clause.key for clause in order if _was_in_force(clause, before)]
    may_be_longer = length.index.isin(going) & length.index.get_level_values("clause").isin(could_fail)
    return length.rename("weeks_in_row").to_frame().assign(may_be_longer=may_be_longer).reset_index()


def _was_in_force(clause: Clause, week: Week) -> bool:
    edition = clause.edition_on(week.until - timedelta(days=1))
    return edition is not None and (clause.measured_on != "week" or edition.in_force_from <= week.start)


def _failed(facts: Facts, order: Sequence[Clause], week: Week, *, late_snapshots: bool = True) -> pd.MultiIndex:
    found = findings_of(facts, order, Period(week.label, (week,)), late_snapshots=late_snapshots)
    rows = worst(found, order)
    return pd.MultiIndex.from_frame(rows.loc[rows["verdict"] == "failed", _KEY])
