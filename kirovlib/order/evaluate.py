"""Facts held against the order's clauses: the findings of a period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import counts, tables
from kirovlib.errors import ClausesError, ParameterError
from kirovlib.lake import Lake
from kirovlib.order import clauses, facts
from kirovlib.order.clauses import Clause
from kirovlib.order.evidence import with_post_evidence
from kirovlib.order.facts import Facts
from kirovlib.order.gates import exempted, gate
from kirovlib.order.manual import with_manual_checks, without_doubtful_orders
from kirovlib.order.profile_findings import Snapshots, profile_findings, with_shared_opa_ids
from kirovlib.order.register_findings import decision_findings, institution_findings, register_findings
from kirovlib.order.week_findings import existence_unknown, opened_in, week_findings
from kirovlib.registry import Register
from kirovlib.weeks import Period

STREAKS = "streaks"  # under this name a judgement keeps what `changes.streaks` counted
_KEPT = frozenset({"before", STREAKS})


@dataclass(frozen=True)
class Judgement:
    """A period judged.

    Attributes:
        data: The data folder it was judged on.
        facts: What it rests on.
        findings: Table Findings, by clause (as in the order), institution, account, week.
        clauses: The order as read.
        coverage: The latest row of Coverage for each account.
        source: Where the data come from: network, sandbox or replay; file when nothing came from anywhere else.
        lake_state: See `Lake.state`.
        from_file: Accounts of which posts or completeness in the period rest on a file (`kirov import-posts`).
    """

    period: Period
    data: Path
    facts: Facts
    findings: pd.DataFrame
    clauses: tuple[Clause, ...]
    coverage: pd.DataFrame
    source: str
    lake_state: dict[str, Any]
    from_file: tuple[str, ...] = ()

    @property
    def institutions(self) -> pd.DataFrame:
        """Table Institutions."""
        return self.facts.register.institutions

    @property
    def accounts(self) -> pd.DataFrame:
        """Table Accounts."""
        return self.facts.register.accounts

    @property
    def weekly_counts(self) -> pd.DataFrame:
        """Table WeeklyCounts for the weeks asked for."""
        return self.facts.posts.table

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """The snapshots that judge the period: of each account the latest inside it, and up to 7 days after."""
        return self.facts.judging(self.period).table

    @cached_property
    def before(self) -> pd.DataFrame:
        """Table Findings of the previous period, without the addresses of posts.

        Raises:
            ParameterError: The previous period was not loaded.
        """
        earlier = self.period.previous()
        if not self.knows_before():
            missing = next(week.label for week in earlier.weeks if week not in self.facts.weeks)
            msg = f"Предыдущий период {earlier.label} не загружен (нет недели {missing}): увеличьте past_weeks."
            raise ParameterError(msg)
        return findings_of(self.facts, self.clauses, earlier)

    def knows_before(self) -> bool:
        """Whether the weeks of the previous period were loaded (`past_weeks`)."""
        return set(self.period.previous().weeks) <= set(self.facts.weeks)

    def clause(self, key: str) -> Clause:
        """A clause of the order by its key.

        Raises:
            ClausesError: The order has no such clause.
        """
        found = [clause for clause in self.clauses if clause.key == key]
        if not found:
            known = ", ".join(clause.key for clause in self.clauses)
            msg = f"В порядке, которым проверяются эти данные, нет пункта «{key}». Есть: {known}."
            raise ClausesError(msg)
        return found[0]

    def of_institution(self, institution_id: str) -> Judgement:
        """The judgement narrowed to one institution; the register stays whole.

        Raises:
            ParameterError: The register has no such institution; the message names those that are like it.
        """
        self.facts.register.institution(institution_id)
        findings = self.findings[self.findings["institution_id"] == institution_id].reset_index(drop=True)
        narrowed = replace(self, facts=self.facts.of_institution(institution_id), findings=findings)
        for name in _KEPT & vars(self).keys():  # judged already, and nobody else has a say in it
            rows = vars(self)[name]
            vars(narrowed)[name] = rows[rows["institution_id"] == institution_id].reset_index(drop=True)
        return narrowed

    def read_completely(self) -> pd.Series:
        """Whether the weeks of the period were all read completely (bool), by account_id.

        Accounts of networks that no clause speaks of are left out: nobody collects them.
        """
        spoken_of = {platform for clause in self.clauses for platform in clause.platforms}
        watched = self.accounts.loc[self.accounts["platform"].isin(spoken_of), "account_id"]
        weeks = self.weekly_counts[self.weekly_counts["week_start"].between(*_bounds(self.period))]
        weeks = weeks[weeks["account_id"].isin(watched)]
        return weeks.groupby("account_id")["is_complete"].all().astype(bool)

    def collected_share(self) -> float:
        """Share (0-1) of accounts whose weeks of the period were all read completely; 1 where there is no account."""
        whole = self.read_completely()
        return float(whole.mean()) if len(whole) else 1.0


def judge(period: str | Period, data: str | Path = "data", *, past_weeks: int = 0) -> Judgement:
    """Judge a period on the register and lake of a data folder.

    Args:
        period: A week `2024-W21`, month `2024-05`, quarter `2024-Q2`, dates `2024-05-20_2024-06-16`, or a `Period`.
        data: The folder with `registry/` and `lake/`; an `order/clauses.toml` in it replaces the shipped order.
        past_weeks: So many weeks before the period are loaded too (not judged), to show where things come from.

    Returns:
        The judgement with all its tables.

    Raises:
        ParameterError: The period is malformed or lies wholly after the last collection.
        ClausesError: The order's file is wrong.
        RegistryError: A register is wrong.
        LakeError: The lake is empty.

    Example:
        >>> judge("2024-W28", data="data/sample").findings["verdict"].isin(tables.VERDICTS).all().item()
        True
    """
    period, data = Period.parse(period) if isinstance(period, str) else period, Path(data)
    order = clauses.load_for(data)
    lake = Lake(data / "lake")
    # Before anything is read: what a collection brings meanwhile makes it another state, never one that was not seen.
    state = {} if lake.is_empty() else lake.state()
    first = period.weeks[0].shifted(-past_weeks)
    asked = [first.shifted(number) for number in range(past_weeks)] + list(period.weeks)
    found = facts.load(data, asked, order)
    period.require_collected(found.last_moment)
    account_ids = list(found.register.accounts["account_id"])
    coverage = lake.table("coverage").sort_values(["batch"], kind="stable").drop_duplicates("account_id", keep="last")
    coverage = coverage[coverage["account_id"].isin(account_ids)].sort_values("account_id")
    posts = next((clause for clause in order if clause.key == "posts_per_week"), None)
    return Judgement(
        period,
        data,
        found,
        with_post_evidence(findings_of(found, order, period), lake, period, posts, found.register.accounts),
        order,
        coverage.reset_index(drop=True),
        _worst_source(lake.runs()),
        state,
        _from_file(lake, account_ids, period),
    )


def findings_of(found: Facts, order: Sequence[Clause], period: Period, *, late_snapshots: bool = True) -> pd.DataFrame:
    """The findings of a period whose weeks the facts hold; addresses of posts are not among their evidence.

    Args:
        found: The facts.
        order: The clauses, as read or changed.
        period: Weeks of `found.weeks`.
        late_snapshots: Whether a page seen up to 7 days after the period judges it too.

    Returns:
        Table Findings.
    """
    subjects, snapshots = found.subjects_in(period), found.judging(period, late=late_snapshots)
    parts = [tables.empty(tables.Findings)]
    for clause in order:
        parts += clause_findings(clause, found, subjects, snapshots, period)
    rows = tables.validate(tables.Findings, pd.concat(parts, ignore_index=True))
    rows = with_shared_opa_ids(rows, subjects)
    weekly = {clause.key for clause in order if clause.measured_on == "week"}
    together = {clause.key for clause in order if judges_together(clause)}
    return without_doubtful_orders(with_manual_checks(rows, found.side.manual_checks, weekly, together))


def clause_findings(
    clause: Clause, found: Facts, subjects: pd.DataFrame, snapshots: Snapshots, period: Period
) -> list[pd.DataFrame]:
    """The findings of one clause before people's checks and notes on links that several share.

    Args:
        clause: The clause.
        found: The facts.
        subjects: `found.subjects_in(period)`; for a clause not measured on weeks some of them will do.
        snapshots: Those that judge the period.
        period: Weeks of `found.weeks`.

    Returns:
        Table Findings in parts, by subject and week, not validated.
    """
    exemptions = found.side.exemptions
    if clause.measured_on == "week":
        return list(week_findings(clause, subjects, found.posts, period, found.last_moment, exemptions))
    if clause.measured_on == "profile":
        return [profile_findings(clause, subjects, snapshots, period, exemptions)]
    if clause.measured_on == "register":
        return [register_findings(clause, subjects, snapshots, period, exemptions)]
    if clause.measured_on == "institution":
        return [institution_findings(clause, found.bodies, subjects, found.seen(period), period, exemptions)]
    return [decision_findings(clause, found.bodies, found.side.decisions, period, exemptions)]


def judges_together(clause: Clause) -> bool:
    """Whether an edition judges the accounts of an institution as one."""
    return any(edition.parameters.get("unit") == "institution" for edition in clause.editions)


def findings_in_blocks(
    lake: Lake, register: Register, period: Period, order: Sequence[Clause] = ()
) -> Iterator[pd.DataFrame]:
    """Findings of the clauses measured on weeks, some accounts at a time, for registers of any size.

    Args:
        lake: The lake.
        register: The register; exemptions and manual checks are not applied.
        period: The weeks to judge.
        order: The clauses, by default those shipped.

    Yields:
        Table Findings of one clause and some accounts, evidence empty; texts as categories.

    Raises:
        LakeError: The lake is empty.
    """
    subjects = facts.judged_accounts(register, lake)
    subjects["coverage_reason"] = facts.reasons(lake.query(facts.READINGS), period, subjects["account_id"])
    posts = counts.weekly_posts(lake, list(subjects["account_id"]), period.weeks)
    last_moment = lake.runs()["window_until"].max()
    nobody = tables.empty(tables.Exemptions)
    for clause in order or clauses.load():
        if clause.measured_on == "week":
            yield from week_findings(clause, subjects, posts, period, last_moment, nobody)


def measured_weeks(judged: Judgement, key: str) -> pd.DataFrame:
    """Weekly counts of the accounts and weeks that a clause is about, whether or not it was in force then.

    Left out: kinds it does not name, closed and exempt bodies, weeks before an account was opened or after it was
    closed, or of which nobody knows whether it existed.

    Returns:
        Rows of `judged.weekly_counts` (table WeeklyCounts).
    """
    clause = judged.clause(key)
    subjects = judged.facts.subjects[judged.facts.subjects["platform"].isin(clause.platforms)]
    kept = []
    for week in judged.facts.weeks:
        counted = judged.weekly_counts[judged.weekly_counts["week_start"] == pd.Timestamp(week.start)]
        acts = exempted(judged.facts.side.exemptions, key, subjects, week.start, week.until)
        closed = gate(clause, subjects, week.start, week.until, acts != "", week=True) > 0
        unborn = existence_unknown(subjects, [week])[:, 0] | opened_in(subjects, [week])[:, 0]
        kept.append(counted[counted["account_id"].isin(subjects.loc[~closed & ~unborn, "account_id"])])
    return pd.concat(kept, ignore_index=True)


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
