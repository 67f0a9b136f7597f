"""Findings of clauses measured on weeks (3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd

from kirovlib import russian, tables
from kirovlib.order import checks
from kirovlib.order.clauses import Clause
from kirovlib.order.gates import blank, closed_by, gate
from kirovlib.weeks import Period, Week


def week_findings(
    clause: Clause, subjects: pd.DataFrame, weekly: pd.DataFrame, period: Period, last_moment: pd.Timestamp
) -> pd.DataFrame:
    """Findings of a clause for each account and week of a period.

    Args:
        subjects: See `evaluate.Judgement.subjects`.
        weekly: Table WeeklyCounts with all weeks of the period.
        last_moment: Until when the lake was collected (UTC): a week that ends later is still running.

    Returns:
        Table Findings, its evidence still empty.
    """
    here = subjects[subjects["platform"].isin(clause.platforms)]
    return pd.concat([_one_week(clause, here, weekly, week, last_moment) for week in period.weeks], ignore_index=True)


def _one_week(
    clause: Clause, subjects: pd.DataFrame, weekly: pd.DataFrame, week: Week, last_moment: pd.Timestamp
) -> pd.DataFrame:
    this_week = weekly[weekly["week_start"] == pd.Timestamp(week.start)]
    facts = subjects.merge(this_week, on="account_id", how="left")
    edition = clause.edition_on(week.until - timedelta(days=1))
    rows = blank(facts, clause, edition, week.start, week.until)
    rows["measured"] = [_count_text(row) for row in facts.to_dict("records")]
    if edition is None:
        return rows.assign(verdict="untested", reason="no_edition_in_force", expected="пункт ещё не действовал")
    rows["expected"] = checks.expected(clause.key, edition.parameters)
    facts["is_running"] = last_moment < week.ends_at
    facts["existence_unknown"] = existence_unknown(facts, week)
    if edition.parameters["unit"] == "institution":
        facts = _summed_by_institution(facts)
    judged = checks.WEEK_CHECKS[clause.key](facts, edition.parameters)
    rows["verdict"], rows["reason"] = judged["verdict"], judged["reason"]
    rows["note"] = _week_notes(facts, judged, edition.parameters)
    rows["repair"] = _week_repairs(judged, int(edition.parameters["minimum_posts"]))
    why = gate(clause, facts, week.start, week.until, week=True)
    why[(why == "") & opened_in(facts, week)] = "opened_in_week"
    if edition.in_force_from > week.start:
        why[:] = "edition_starts_mid_week"
    return closed_by(rows, why)


def _summed_by_institution(facts: pd.DataFrame) -> pd.DataFrame:
    """Each account with the counts of its whole institution, complete only when all its accounts are."""
    by_institution = facts.groupby("institution_id")
    summed = facts.copy()
    for name in [column for column in tables.columns(tables.WeeklyCounts) if column.endswith("_count")]:
        summed[name] = by_institution[name].transform("sum")
    summed["is_complete"] = by_institution["is_complete"].transform("all")
    return summed


def existence_unknown(facts: pd.DataFrame, week: Week) -> pd.Series:
    """Read to its first post, which lies after the week (or there is none), and never seen or registered before it."""
    first_post = facts["first_post_at"].isna() | (facts["first_post_at"] >= week.ends_at)
    seen_before = facts["first_seen_at"] < week.starts_at
    registered_before = facts["opened_on"] < pd.Timestamp(week.start)
    return facts["reached_end"].astype(bool) & first_post & ~seen_before & ~registered_before


def opened_in(facts: pd.DataFrame, week: Week) -> pd.Series:
    """Came into being in the week: by the register, or by a first post ever."""
    by_register = facts["opened_on"].between(pd.Timestamp(week.start), pd.Timestamp(week.until), inclusive="left")
    by_first_post = facts["first_post_at"].between(week.starts_at, week.ends_at, inclusive="left")
    known_before = (facts["opened_on"] < pd.Timestamp(week.start)) | (facts["first_seen_at"] < week.starts_at)
    return by_register | (by_first_post & facts["reached_end"].astype(bool) & ~known_before)


def _week_notes(facts: pd.DataFrame, judged: pd.DataFrame, parameters: Mapping[str, Any]) -> list[str]:
    total = judged["own_count"].groupby(facts["institution_id"]).transform("sum")
    by_institution = (judged["verdict"] == "failed") & (total >= int(parameters["minimum_posts"]))
    by_institution &= parameters["unit"] == "account"  # else the sum is what was judged
    incomplete = (judged["verdict"] == "passed") & ~facts["is_complete"].astype(bool)
    flags = {
        "met_by_institution": by_institution,
        "incomplete_but_met": incomplete,
        "removed_counted": (facts["removed_count"] > 0) & bool(parameters["count_removed"]),
        "seen_late": facts["late_count"] > 0,
    }
    return [
        ",".join(word for word, flag in zip(flags, row, strict=True) if flag)
        for row in zip(*flags.values(), strict=True)
    ]


def _week_repairs(judged: pd.DataFrame, minimum: int) -> list[str]:
    return [
        f"Не хватило {minimum - own}: публикуйте не менее {minimum} собственных записей в неделю." if failed else ""
        for own, failed in zip(judged["own_count"], judged["verdict"] == "failed", strict=True)
    ]


def _count_text(row: Mapping[Any, Any]) -> str:
    text = russian.posts(int(row["own_count"]))
    parts = [
        f"{word}: {int(row[column])}"
        for word, column in (("репостов", "repost_count"), ("неясно, репост ли", "unknown_count"))
        if row[column]
    ]
    parts += [] if row["is_complete"] else ["неделя прочитана не целиком"]
    return f"{text} ({', '.join(parts)})" if parts else text
