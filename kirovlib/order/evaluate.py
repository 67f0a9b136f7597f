"""Facts of the lake held against the order's clauses: which facts judge which period, and the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import counts, registry, russian, tables
from kirovlib.errors import ParameterError
from kirovlib.lake import Lake
from kirovlib.order import checks, clauses, portal_links
from kirovlib.order.clauses import Clause, Edition
from kirovlib.registry import Register
from kirovlib.weeks import Period, Week

SNAPSHOT_LATE_DAYS = 7
_CLOSED_BODY = "ликвид|банкрот|преобразован|прекращ"
_SHOWN_POSTS = 20


@dataclass(frozen=True)
class Judgement:
    """A period judged.

    Attributes:
        institutions, accounts: The register (tables Institutions, Accounts).
        subjects: The accounts with what decides whether a clause applies to them: kind, status, ogrn and
            founder_id of the institution, is_closed_body, and what `counts.beginnings` knows.
        weekly_counts: Table WeeklyCounts for the weeks asked for.
        coverage: The latest row of Coverage for each account.
        profiles: The snapshot that judges the period, for each account that has one (table ProfileSnapshots).
        findings: Table Findings, by clause, institution, account, week.
        clauses: The order as read.
        source: Where the data come from: network, sandbox or replay.
        lake_state: See `Lake.state`.
    """

    period: Period
    institutions: pd.DataFrame
    accounts: pd.DataFrame
    subjects: pd.DataFrame
    weekly_counts: pd.DataFrame
    coverage: pd.DataFrame
    profiles: pd.DataFrame
    findings: pd.DataFrame
    clauses: tuple[Clause, ...]
    source: str
    lake_state: dict[str, Any]

    def collected_share(self) -> float:
        """Share (0-1) of accounts whose weeks of the period were all read completely."""
        weeks = self.weekly_counts[self.weekly_counts["week_start"].between(*_bounds(self.period))]
        return float(weeks.groupby("account_id")["is_complete"].all().mean())


def judge(period: str | Period, data: str | Path = "data", *, past_weeks: int = 0) -> Judgement:
    """Judge a period on the register and lake of a data folder.

    Args:
        period: A week `2024-W21`, month `2024-05`, quarter `2024-Q2`, or a `Period`.
        data: The folder with `registry/` and `lake/`.
        past_weeks: So many weeks before the period are counted too (not judged), to show where things come from.

    Returns:
        The judgement with all its tables.

    Raises:
        ParameterError: The period is malformed or lies wholly after the last collection.
        RegistryError: The register is wrong.
        LakeError: The lake is empty.

    Example:
        >>> judge("2024-W28", data="data/sample").findings["verdict"].isin(tables.VERDICTS).all().item()
        True
    """
    period = Period.parse(period) if isinstance(period, str) else period
    register = registry.read(Path(data) / "registry")
    lake = Lake(Path(data) / "lake")
    runs = lake.runs()
    last_moment = runs["window_until"].max()
    if period.starts_at >= last_moment:
        msg = (
            f"Период {period.label} ещё не собран: последние данные — за {last_moment:%d.%m.%Y}. "
            "Выполните «kirov collect» или выберите более ранний период."
        )
        raise ParameterError(msg)
    account_ids = list(register.accounts["account_id"])
    first = period.weeks[0].shifted(-past_weeks)
    asked = [first.shifted(number) for number in range(past_weeks)] + list(period.weeks)
    weekly = counts.weekly_counts(lake, account_ids, asked)
    coverage = lake.table("coverage").sort_values(["batch"], kind="stable").drop_duplicates("account_id", keep="last")
    coverage = coverage[coverage["account_id"].isin(account_ids)].sort_values("account_id")
    profiles = _judging_profiles(lake, period)
    order = clauses.load()
    subjects = _subjects(register, lake, coverage)
    findings = [
        *(
            _week_findings(clause, subjects, weekly, period, last_moment)
            for clause in order
            if clause.measured_on == "week"
        ),
        *(_profile_findings(clause, subjects, profiles, period) for clause in order if clause.measured_on == "profile"),
    ]
    rows = _with_shared_opa_ids(pd.concat(findings, ignore_index=True), subjects)
    rows = _with_post_evidence(rows, lake, period)
    return Judgement(
        period,
        register.institutions,
        register.accounts,
        subjects,
        weekly,
        coverage.reset_index(drop=True),
        profiles,
        tables.validate(tables.Findings, rows),
        order,
        _worst_source(runs),
        lake.state(),
    )


def measured_weeks(judged: Judgement, key: str) -> pd.DataFrame:
    """Weekly counts of the accounts and weeks that a clause is about, whether or not it was in force then.

    Left out: kinds it does not name, closed bodies, weeks before an account was opened or after it was closed, or
    of which nobody knows whether it existed.

    Returns:
        Rows of `judged.weekly_counts` (table WeeklyCounts).
    """
    clause = next(clause for clause in judged.clauses if clause.key == key)
    subjects = judged.subjects[judged.subjects["platform"].isin(clause.platforms)]
    kept = []
    for start in judged.weekly_counts["week_start"].dt.date.drop_duplicates().sort_values():
        counted = judged.weekly_counts[judged.weekly_counts["week_start"] == pd.Timestamp(start)]
        measured = _gate(clause, subjects, start, start + timedelta(days=7), week=True) == ""
        measured &= ~_existence_unknown(subjects, Week(start))
        kept.append(counted[counted["account_id"].isin(subjects.loc[measured, "account_id"])])
    return pd.concat(kept, ignore_index=True) if kept else judged.weekly_counts.head(0)


def _subjects(register: Register, lake: Lake, coverage: pd.DataFrame) -> pd.DataFrame:
    """Accounts with what decides whether a clause applies to them."""
    accounts = register.accounts.merge(
        register.institutions[["institution_id", "kind", "status", "ogrn", "founder_id"]], on="institution_id"
    )
    accounts["is_closed_body"] = accounts["status"].str.contains(_CLOSED_BODY, case=False, na=False)
    accounts = accounts.merge(counts.beginnings(lake), on="account_id", how="left")
    latest = coverage[["account_id", "reason"]].rename(columns={"reason": "coverage_reason"})
    accounts = accounts.merge(latest, on="account_id", how="left")
    accounts["reached_end"] = accounts["reached_end"].astype("boolean").fillna(value=False)
    return accounts.sort_values(["institution_id", "account_id"], ignore_index=True)


def _judging_profiles(lake: Lake, period: Period) -> pd.DataFrame:
    """For each account the latest snapshot inside the period or up to 7 days after it."""
    until = period.ends_at + timedelta(days=SNAPSHOT_LATE_DAYS)
    snapshots = lake.table("profile_snapshots")
    inside = snapshots[(snapshots["collected_at"] >= period.starts_at) & (snapshots["collected_at"] < until)]
    return inside.drop_duplicates("account_id", keep="last").reset_index(drop=True)


def _gate(clause: Clause, subjects: pd.DataFrame, start: date, until: date, *, week: bool = False) -> pd.Series:
    """Why the clause does not apply to an account between two dates (end exclusive); blank where it does."""
    closed_on, opened_on = subjects["closed_on"], subjects["opened_on"]
    gate = pd.Series("", index=subjects.index, dtype="object")
    gate[~subjects["kind"].isin(clause.kinds)] = "kind_not_named"
    gate[subjects["kind"] == "other"] = "not_in_scope"
    gate[opened_on.notna() & (opened_on >= pd.Timestamp(until))] = "not_yet_open"
    gate[closed_on.notna() & (closed_on < pd.Timestamp(until))] = "closed_in_week" if week else "account_closed"
    gate[closed_on.notna() & (closed_on < pd.Timestamp(start))] = "account_closed"
    gate[subjects["is_closed_body"]] = "closed_body"
    return gate


def _week_findings(
    clause: Clause, subjects: pd.DataFrame, weekly: pd.DataFrame, period: Period, last_moment: pd.Timestamp
) -> pd.DataFrame:
    here = subjects[subjects["platform"].isin(clause.platforms)]
    return pd.concat([_one_week(clause, here, weekly, week, last_moment) for week in period.weeks], ignore_index=True)


def _one_week(
    clause: Clause, subjects: pd.DataFrame, weekly: pd.DataFrame, week: Week, last_moment: pd.Timestamp
) -> pd.DataFrame:
    this_week = weekly[weekly["week_start"] == pd.Timestamp(week.start)]
    facts = subjects.merge(this_week, on="account_id", how="left")
    edition = clause.edition_on(week.start) or clause.edition_on(week.until - timedelta(days=1))
    rows = _blank(facts, clause, edition, week.start, week.until)
    rows["measured"] = [_count_text(row) for row in facts.to_dict("records")]
    if edition is None:
        return rows.assign(verdict="untested", reason="no_edition_in_force", expected="пункт ещё не действовал")
    rows["expected"] = checks.expected(clause.key, edition.parameters)
    facts["is_running"] = last_moment < week.ends_at
    facts["existence_unknown"] = _existence_unknown(facts, week)
    if edition.parameters["unit"] == "institution":
        facts = _summed_by_institution(facts)
    judged = checks.WEEK_CHECKS[clause.key](facts, edition.parameters)
    rows["verdict"], rows["reason"] = judged["verdict"], judged["reason"]
    rows["note"] = _week_notes(facts, judged, edition.parameters)
    rows["repair"] = _week_repairs(judged, int(edition.parameters["minimum_posts"]))
    gate = _gate(clause, facts, week.start, week.until, week=True)
    gate[(gate == "") & _opened_in(facts, week)] = "opened_in_week"
    if edition.in_force_from > week.start:
        gate[:] = "edition_starts_mid_week"
    return _gated(rows, gate)


def _summed_by_institution(facts: pd.DataFrame) -> pd.DataFrame:
    """Each account with the counts of its whole institution, complete only when all its accounts are."""
    by_institution = facts.groupby("institution_id")
    summed = facts.copy()
    for name in [column for column in tables.columns(tables.WeeklyCounts) if column.endswith("_count")]:
        summed[name] = by_institution[name].transform("sum")
    summed["is_complete"] = by_institution["is_complete"].transform("all")
    return summed


def _existence_unknown(facts: pd.DataFrame, week: Week) -> pd.Series:
    """Read to its first post, which lies after the week (or there is none), and never seen or registered before it."""
    first_post = facts["first_post_at"].isna() | (facts["first_post_at"] >= week.ends_at)
    seen_before = facts["first_seen_at"] < week.starts_at
    registered_before = facts["opened_on"] < pd.Timestamp(week.start)
    return facts["reached_end"].astype(bool) & first_post & ~seen_before & ~registered_before


def _opened_in(facts: pd.DataFrame, week: Week) -> pd.Series:
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


def _profile_findings(clause: Clause, subjects: pd.DataFrame, profiles: pd.DataFrame, period: Period) -> pd.DataFrame:
    here = subjects[subjects["platform"].isin(clause.platforms)].reset_index(drop=True)
    edition = clause.edition_on(period.until - timedelta(days=1))
    rows = _blank(here, clause, edition, period.start, period.until)
    if edition is None:
        return rows.assign(verdict="untested", reason="no_edition_in_force", expected="пункт ещё не действовал")
    rows["expected"] = checks.expected(clause.key, edition.parameters)
    snapshots = {
        str(row["account_id"]): row for row in profiles.astype(object).where(profiles.notna(), None).to_dict("records")
    }
    # The canary: a menu that nobody returned was not answered; where others have one, an account without has none.
    menu_answered = bool(profiles["menu"].notna().any())
    for position, account in enumerate(here.to_dict("records")):
        snapshot = snapshots.get(str(account["account_id"]))
        outcome = _judge_page(clause, edition, account, snapshot, menu_answered=menu_answered)
        rows.loc[position, ["verdict", "reason", "measured", "note", "repair"]] = [
            outcome.verdict,
            outcome.reason,
            outcome.measured,
            ",".join(outcome.notes),
            outcome.repair,
        ]
        sha256 = snapshot["raw_sha256"] if snapshot else None
        rows.loc[position, "evidence"] = tables.to_json(
            [{"title": link.title, "url": link.url, "sha256": sha256} for link in outcome.links]
            or ([{"title": "Страница аккаунта", "url": account["url"], "sha256": sha256}] if snapshot else [])
        )
    return _gated(rows, _gate(clause, here, period.start, period.until))


def _judge_page(
    clause: Clause,
    edition: Edition,
    account: Mapping[Any, Any],
    snapshot: Mapping[Any, Any] | None,
    *,
    menu_answered: bool,
) -> checks.Outcome:
    if snapshot is None:
        told = account["coverage_reason"]
        reason = (
            told if isinstance(told, str) and told in {"account_gone", "address_unknown"} else "no_snapshot_in_period"
        )
        return checks.Outcome("cannot_tell", reason, "снимка страницы нет")
    if snapshot["status"] == "gone":
        return checks.Outcome("cannot_tell", "account_gone", "сообщество удалено или заблокировано")
    ogrn = account["ogrn"] if isinstance(account["ogrn"], str) else ""
    page = checks.page_of(snapshot, menu_answered=menu_answered, ogrn=ogrn)
    return checks.PROFILE_CHECKS[clause.key](page, edition.parameters)


def _blank(facts: pd.DataFrame, clause: Clause, edition: Edition | None, start: date, until: date) -> pd.DataFrame:
    rows = facts[["institution_id", "account_id"]].copy()
    rows.insert(0, "clause", clause.key)
    rows["edition"] = pd.Timestamp(edition.in_force_from) if edition else pd.NaT
    rows["period_start"] = pd.Timestamp(start)
    rows["period_end"] = pd.Timestamp(until - timedelta(days=1))
    for name in ("expected", "measured", "verdict", "reason", "note", "repair"):
        rows[name] = pd.Series("", index=rows.index, dtype="object")
    rows["evidence"] = pd.Series("[]", index=rows.index, dtype="object")
    return rows


def _gated(rows: pd.DataFrame, gate: pd.Series) -> pd.DataFrame:
    shut = gate != ""
    rows.loc[shut, "verdict"] = "inapplicable"
    rows.loc[shut, "reason"] = gate[shut]
    rows.loc[shut, ["note", "repair"]] = ""
    return rows


def _count_text(row: Mapping[Any, Any]) -> str:
    text = russian.posts(int(row["own_count"]))
    parts = [
        f"{word}: {int(row[column])}"
        for word, column in (("репостов", "repost_count"), ("неясно, репост ли", "unknown_count"))
        if row[column]
    ]
    parts += [] if row["is_complete"] else ["неделя прочитана не целиком"]
    return f"{text} ({', '.join(parts)})" if parts else text


def _with_shared_opa_ids(rows: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Note where one message form serves institutions of different founders."""
    from_form = rows[(rows["clause"] == "vk_report_problem") & (rows["verdict"] == "passed")]
    found = pd.Series([portal_links.parse(url).identifier for url in from_form["measured"]], index=from_form.index)
    founder = subjects.set_index("account_id")["founder_id"]  # an unknown founder is not another one
    founders = from_form["account_id"].map(founder).groupby(found).nunique()
    shared = from_form.index[found.isin(founders.index[founders > 1])]
    rows.loc[shared, "note"] = [",".join(filter(None, [note, "shared_opa_id"])) for note in rows.loc[shared, "note"]]
    return rows


def _with_post_evidence(rows: pd.DataFrame, lake: Lake, period: Period) -> pd.DataFrame:
    """Addresses of the own posts of each account-week, the earliest first."""
    posts = lake.query(
        """
        SELECT posts.account_id, posted_at, posts.url, raw_sha256 FROM posts SEMI JOIN asked USING (account_id)
        WHERE own AND NOT coalesce(is_repost, false) AND posted_at >= (SELECT min(starts_at) FROM span)
          AND posted_at < (SELECT min(ends_at) FROM span)
        ORDER BY account_id, posted_at, post_id
        """,
        {
            "asked": rows[["account_id"]].drop_duplicates(),
            "span": pd.DataFrame({"starts_at": [period.starts_at], "ends_at": [period.ends_at]}),
        },
    )
    links: dict[tuple[str, date], list[dict[str, str]]] = {}
    for account_id, posted_at, url, sha256 in posts.itertuples(index=False):
        week = Week.of(posted_at.to_pydatetime())
        title = f"{posted_at.tz_convert('Europe/Kirov'):%d.%m.%Y %H:%M}"
        links.setdefault((account_id, week.start), []).append({"title": title, "url": url, "sha256": sha256})
    weekly = rows["clause"] == "posts_per_week"
    keys = zip(rows.loc[weekly, "account_id"], rows.loc[weekly, "period_start"].dt.date, strict=True)
    rows.loc[weekly, "evidence"] = [tables.to_json(links.get(key, [])[:_SHOWN_POSTS]) for key in keys]
    return rows


def _worst_source(runs: pd.DataFrame) -> str:
    """The least real of the sources in the lake: one sandbox run makes the whole lake a sandbox."""
    sources: Sequence[str] = list(runs["source"])
    return next(source for source in ("sandbox", "replay", "network") if source in sources)


def _bounds(period: Period) -> tuple[pd.Timestamp, pd.Timestamp]:
    return pd.Timestamp(period.weeks[0].start), pd.Timestamp(period.weeks[-1].start)
