"""Facts of the lake held against the order's clauses: which facts judge which period, and the findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import counts, registry, tables
from kirovlib.errors import ParameterError
from kirovlib.lake import Lake
from kirovlib.order import clauses
from kirovlib.order.clauses import Clause
from kirovlib.order.evidence import with_post_evidence
from kirovlib.order.gates import gate
from kirovlib.order.profile_findings import profile_findings, with_shared_opa_ids
from kirovlib.order.week_findings import existence_unknown, opened_in, week_findings
from kirovlib.registry import Register
from kirovlib.weeks import Period, Week

SNAPSHOT_LATE_DAYS = 7
_CLOSED_BODY = "ликвид|банкрот|преобразован|прекра[тщ]|закрыт|упраздн|недейств|исключен|присоединен|реорганиз"
_STILL_OPEN = r"отмен|\bне\s*(?:ликвид|закрыт|реорганиз|прекра)|процедур"


@dataclass(frozen=True)
class Judgement:
    """A period judged.

    Attributes:
        institutions, accounts: The register (tables Institutions, Accounts).
        subjects: The accounts with what decides whether a clause applies to them: kind, status, ogrn and
            founder_id of the institution, is_closed_body, and what `counts.beginnings` knows.
        weekly_counts: Table WeeklyCounts for the weeks asked for.
        coverage: The latest row of Coverage for each account.
        profiles: The snapshots that judge the period: for each account the latest inside it and the latest up to
            7 days after it (table ProfileSnapshots).
        findings: Table Findings, by clause, institution, account, week.
        clauses: The order as read.
        source: Where the data come from: network, sandbox or replay; file when nothing came from anywhere else.
        lake_state: See `Lake.state`.
        from_file: Accounts of which posts or completeness in the period rest on a file (`kirov import-posts`).
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
    from_file: tuple[str, ...] = ()

    def collected_share(self) -> float:
        """Share (0-1) of accounts whose weeks of the period were all read completely.

        Accounts of networks that no clause speaks of are left out: nobody collects them.
        """
        spoken_of = {platform for clause in self.clauses for platform in clause.platforms}
        watched = self.accounts.loc[self.accounts["platform"].isin(spoken_of), "account_id"]
        weeks = self.weekly_counts[self.weekly_counts["week_start"].between(*_bounds(self.period))]
        weeks = weeks[weeks["account_id"].isin(watched)]
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
            week_findings(clause, subjects, weekly, period, last_moment)
            for clause in order
            if clause.measured_on == "week"
        ),
        *(profile_findings(clause, subjects, profiles, period) for clause in order if clause.measured_on == "profile"),
    ]
    rows = with_shared_opa_ids(pd.concat(findings, ignore_index=True), subjects)
    rows = with_post_evidence(rows, lake, period)
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
        _from_file(lake, account_ids, period),
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
        measured = gate(clause, subjects, start, start + timedelta(days=7), week=True) == ""
        measured &= ~existence_unknown(subjects, Week(start)) & ~opened_in(subjects, Week(start))
        kept.append(counted[counted["account_id"].isin(subjects.loc[measured, "account_id"])])
    return pd.concat(kept, ignore_index=True) if kept else judged.weekly_counts.head(0)


def _subjects(register: Register, lake: Lake, coverage: pd.DataFrame) -> pd.DataFrame:
    """Accounts with what decides whether a clause applies to them."""
    accounts = register.accounts.merge(
        register.institutions[["institution_id", "kind", "status", "ogrn", "founder_id"]], on="institution_id"
    )
    status = accounts["status"].str
    accounts["is_closed_body"] = status.contains(_CLOSED_BODY, case=False, na=False) & ~status.contains(
        _STILL_OPEN, case=False, na=False
    )
    accounts = accounts.merge(counts.beginnings(lake), on="account_id", how="left")
    latest = coverage[["account_id", "reason"]].rename(columns={"reason": "coverage_reason"})
    accounts = accounts.merge(latest, on="account_id", how="left")
    accounts["reached_end"] = accounts["reached_end"].astype("boolean").fillna(value=False)
    return accounts.sort_values(["institution_id", "account_id"], ignore_index=True)


def _judging_profiles(lake: Lake, period: Period) -> pd.DataFrame:
    """For each account the latest snapshot inside the period and the latest up to 7 days after it."""
    until = period.ends_at + timedelta(days=SNAPSHOT_LATE_DAYS)
    snapshots = lake.table("profile_snapshots")
    near = snapshots[(snapshots["collected_at"] >= period.starts_at) & (snapshots["collected_at"] < until)]
    near = near.assign(is_late=near["collected_at"] >= period.ends_at)
    return near.drop_duplicates(["account_id", "is_late"], keep="last").reset_index(drop=True)


def _worst_source(runs: pd.DataFrame) -> str:
    """The least real of the sources in the lake: one sandbox run makes the whole lake a sandbox."""
    sources: Sequence[str] = list(runs["source"])
    return next((source for source in ("sandbox", "replay", "network", "file") if source in sources), "network")


def _from_file(lake: Lake, account_ids: Sequence[str], period: Period) -> tuple[str, ...]:
    rows = lake.query(
        """
        WITH files AS (SELECT run_id FROM runs WHERE source = 'file'), span AS (FROM asked_span)
        SELECT account_id FROM posts SEMI JOIN files USING (run_id), span
        WHERE posted_at >= starts_at AND posted_at < ends_at
        UNION
        SELECT account_id FROM coverage SEMI JOIN files USING (run_id), span
        WHERE covered_from < ends_at AND covered_until > starts_at
        """,
        {"asked_span": pd.DataFrame({"starts_at": [period.starts_at], "ends_at": [period.ends_at]})},
    )
    return tuple(sorted(set(rows["account_id"]) & set(account_ids)))


def _bounds(period: Period) -> tuple[pd.Timestamp, pd.Timestamp]:
    return pd.Timestamp(period.weeks[0].start), pd.Timestamp(period.weeks[-1].start)
