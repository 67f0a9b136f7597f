"""What a stretch of weeks is judged by: the registers and the lake, loaded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import counts, registry, tables
from kirovlib.counts import WeeklyPosts
from kirovlib.lake import Lake
from kirovlib.order.clauses import Clause, checkable
from kirovlib.order.profile_findings import SNAPSHOT_LATE_DAYS, Snapshots
from kirovlib.registry import Register, Side
from kirovlib.weeks import Period, Week

_CLOSED_BODY = (
    r"ликвид|банкрот|преобразован|прекра[тщ]|закрыт|упраздн|недейств|не\s+действ|не\s+существ|исключен|присоединен|"
    r"реорганиз|слит|слияни|снят[оа]?\s+с\s+учета"
)
_STILL_OPEN = r"отмен|\bне\s*(?:ликвид|закрыт|реорганиз|прекра)|процедур|(?<!не )\bдействует"
# Words of coverage that tell of our keys and luck, not of the account: they hide nothing that was told of it.
_CIRCUMSTANCES = (
    "", "no_answer", "not_yet", "quota", "no_token", "token", "captcha", "network", "interrupted", "wall_shifted",
    "too_large", "not_recorded", "answer_not_understood", "paging_broken", "file_without_period",
)  # fmt: skip
READINGS = """
    SELECT account_id, outcome, coalesce(reason, '') AS reason, coverage.batch, window_from, window_until
    FROM coverage LEFT JOIN runs USING (run_id) ORDER BY coverage.batch, account_id
"""


@dataclass(frozen=True)
class Facts:
    """Everything that findings of some weeks rest on.

    Attributes:
        weeks: The weeks that were asked for, ascending, without gaps.
        register, side: The registers.
        subjects: The accounts with what decides whether a clause applies to them: kind, ogrn and founder_id of the
            institution, is_closed_body, body_closed_on, what `counts.beginnings` knows, and coverage_reason (text).
        bodies: The institutions likewise; account_id, opened_on and closed_on are blank.
        posts: Own posts by week, accounts in the order of `subjects`.
        snapshots: Table ProfileSnapshots, those near the weeks.
        readings: account_id, outcome, reason, batch, window_from, window_until (UTC) of every reading.
        last_moment: Until when the lake was collected (UTC).
        only: The accounts that subjects and posts were narrowed to, None for all; the register, the snapshots and with
            them the canaries stay whole.
    """

    weeks: tuple[Week, ...]
    register: Register
    side: Side
    subjects: pd.DataFrame
    bodies: pd.DataFrame
    posts: WeeklyPosts
    snapshots: pd.DataFrame
    readings: pd.DataFrame
    last_moment: pd.Timestamp
    only: frozenset[str] | None = None

    def of_institution(self, institution_id: str) -> Facts:
        """The same, narrowed to an institution's accounts: its verdicts stay what they are, for less work."""
        subjects = self.subjects[self.subjects["institution_id"] == institution_id]
        return replace(
            self,
            subjects=subjects.reset_index(drop=True),
            bodies=self.bodies[self.bodies["institution_id"] == institution_id].reset_index(drop=True),
            posts=self.posts.of_accounts(list(subjects["account_id"])),
            side=replace(
                self.side,
                decisions=self.side.decisions[self.side.decisions["institution_id"] == institution_id],
            ),
            only=frozenset(subjects["account_id"]),
        )

    @cached_property
    def registered(self) -> Mapping[str, int]:
        """How many accounts the register has, by network."""
        counted = self.register.accounts["platform"].value_counts()
        return {str(platform): int(count) for platform, count in counted.items()}

    def judging(self, period: Period, *, late: bool = True) -> Snapshots:
        """The snapshots that judge a period; `late`: those taken up to 7 days after it too."""
        return Snapshots.near(self.snapshots, period, self.registered, late=late, only=self.only)

    def subjects_in(self, period: Period) -> pd.DataFrame:
        """`subjects` with what coverage tells of them in a period."""
        return self.subjects.assign(coverage_reason=reasons(self.readings, period, self.subjects["account_id"]))

    def seen(self, period: Period) -> pd.DataFrame:
        """Signs of life in a period: account_id, status_seen, raw_sha256 (of the page), has_posts.

        A page seen alive outweighs a later one that is not: the account was there.
        """
        pages = self.judging(period).table
        alive = pages["status"].isin(["live", "closed"])
        pages = pages.assign(alive=alive).sort_values(["account_id", "alive", "collected_at"], kind="stable")
        pages = pages.drop_duplicates("account_id", keep="last")
        pages = pages[["account_id", "status", "raw_sha256"]].rename(columns={"status": "status_seen"})
        places = [self.posts.weeks.index(week) for week in period.weeks]
        posted = (self.posts.count()[:, places] > 0).any(axis=1)
        accounts = pd.Series(self.posts.accounts, dtype="str")  # text also where there is none
        lives = pd.DataFrame({"account_id": accounts, "has_posts": posted})
        return lives.merge(pages, on="account_id", how="left")


def load(data: Path, weeks: Sequence[Week], order: Sequence[Clause]) -> Facts:
    """The facts of some weeks.

    Raises:
        RegistryError: A register is wrong.
        LakeError: The lake is empty.
    """
    register = registry.read(data / "registry")
    lake = Lake(data / "lake")
    subjects = judged_accounts(register, lake)
    side = registry.read_side(data / "registry", register, checkable(order))
    return Facts(
        tuple(weeks),
        register,
        side,
        subjects,
        judged_institutions(register),
        counts.weekly_posts(lake, list(subjects["account_id"]), weeks),
        _snapshots(lake, weeks),
        lake.query(READINGS),
        lake.runs()["window_until"].max(),
    )


def judged_institutions(register: Register) -> pd.DataFrame:
    """The institutions with what decides whether a clause applies to them, by id."""
    bodies = register.institutions[["institution_id", "kind", "status", "ogrn", "founder_id"]].copy()
    status = bodies["status"].str.lower().str.replace("ё", "е").str
    is_closed = status.contains(_CLOSED_BODY, case=False, na=False)
    bodies["is_closed_body"] = is_closed & ~status.contains(_STILL_OPEN, case=False, na=False)
    bodies["body_closed_on"] = register.institutions["closed_on"]
    bodies = bodies.assign(account_id=pd.Series(pd.NA, index=bodies.index, dtype="str"))
    for name in ("opened_on", "closed_on"):  # of an account
        bodies[name] = pd.Series(pd.NaT, index=bodies.index, dtype="datetime64[us]")
    return bodies.sort_values("institution_id", ignore_index=True)


def judged_accounts(register: Register, lake: Lake) -> pd.DataFrame:
    """The accounts with what decides whether a clause applies to them, by institution and account."""
    bodies = judged_institutions(register).drop(columns=["account_id", "opened_on", "closed_on"])
    accounts = register.accounts.merge(bodies, on="institution_id", how="left")
    accounts = accounts.merge(counts.beginnings(lake), on="account_id", how="left")
    accounts["reached_end"] = accounts["reached_end"].astype("boolean").fillna(value=False)
    accounts["coverage_reason"] = pd.Series("", index=accounts.index, dtype=object)
    return accounts.sort_values(["institution_id", "account_id"], ignore_index=True)


def reasons(readings: pd.DataFrame, period: Period, accounts: pd.Series) -> Any:
    """Why accounts were not read in a period: the latest that was told of each; blank where nothing was.

    A reading that failed by our own circumstances (key, quota, network) hides nothing that an earlier one told; where
    nobody tried to read the period, what a later reading told of the account itself is taken.
    """
    tried = ~(readings["window_from"] >= period.ends_at) & ~(readings["window_until"] <= period.starts_at)
    told = ~readings["reason"].isin(_CIRCUMSTANCES) | (readings["outcome"] == "collected")
    ranked = readings.assign(rank=told.astype("int8") + 2 * tried.astype("int8"))
    ranked = ranked[tried | (told & (readings["reason"] != ""))]
    ranked = ranked.sort_values(["rank", "batch"], kind="stable").drop_duplicates("account_id", keep="last")
    return ranked.set_index("account_id")["reason"].reindex(accounts, fill_value="").to_numpy(dtype=object)


def _snapshots(lake: Lake, weeks: Sequence[Week]) -> pd.DataFrame:
    until = weeks[-1].ends_at + timedelta(days=SNAPSHOT_LATE_DAYS)
    span: dict[str, Any] = {"starts_at": [weeks[0].starts_at], "ends_at": [until]}
    rows = lake.query(
        """
        SELECT profile_snapshots.* FROM profile_snapshots, span
        WHERE collected_at >= starts_at AND collected_at < ends_at
        ORDER BY account_id, collected_at, batch
        """,
        {"span": pd.DataFrame(span)},
    )
    return tables.validate(tables.ProfileSnapshots, rows)
