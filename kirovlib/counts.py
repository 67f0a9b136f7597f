"""Measures: posts and coverage of the lake as weekly counts; the heavy part is SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kirovlib import tables
from kirovlib.lake import Lake
from kirovlib.settings import ZONE
from kirovlib.weeks import Week

Array = np.ndarray[Any, Any]

SEEN_LATE_DAYS = 14
_DAY_MICROSECONDS = 86_400_000_000
# What `WeeklyPosts.bits` says of a post: in the lowest two bits the mark, then flags, then the day of the week.
MARK, OWN, REPOST, UNKNOWN = 3, 0, 1, 2
AD, REMOVED, LATE = 4, 8, 16
_DAY_SHIFT = 5

# Coverage rows of an account that touch or overlap are one span: a week may be covered by two runs together.
_COVERED = """
    covered AS (
        SELECT account_id, min(covered_from) AS covered_from, max(covered_until) AS covered_until
        FROM (
            SELECT *, count(*) FILTER (reached IS NULL OR covered_from > reached) OVER by_start AS span
            FROM (
                SELECT account_id, covered_from, covered_until,
                       max(covered_until) OVER (
                           by_start ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                       ) AS reached
                FROM coverage WHERE covered_from IS NOT NULL
                WINDOW by_start AS (PARTITION BY account_id ORDER BY covered_from, covered_until)
            )
            WINDOW by_start AS (PARTITION BY account_id ORDER BY covered_from, covered_until)
        )
        GROUP BY account_id, span
    )
"""

# A number for account and week and a few bits stand for a post, so that 50 million of them take 260 MB; grouping them
# in SQL hardly makes them fewer and costs several times as much. Visitors' posts are left out.
_POSTS = f"""
    SELECT account * {{weeks}} + day // 7 AS place,
           CAST(CASE WHEN is_repost IS NULL THEN {UNKNOWN} WHEN is_repost THEN {REPOST} ELSE {OWN} END
                + CASE WHEN is_ad THEN {AD} ELSE 0 END
                + CASE WHEN missed_at IS NOT NULL THEN {REMOVED} ELSE 0 END
                + CASE WHEN epoch_us(observed_at) - epoch_us(posted_at) > {SEEN_LATE_DAYS * _DAY_MICROSECONDS}
                       THEN {LATE} ELSE 0 END
                + (day % 7) * {1 << _DAY_SHIFT} AS UTINYINT) AS bits
    FROM (
        SELECT account_id, is_repost, is_ad, missed_at, observed_at, posted_at, CAST({{day}} AS INTEGER) AS day
        FROM posts
        WHERE own AND posted_at >= TIMESTAMPTZ '{{starts_at}}' AND posted_at < TIMESTAMPTZ '{{ends_at}}'
    )
    JOIN asked_accounts USING (account_id)
"""  # noqa: S608 - only our own constants enter the text
# Whole days since the first: where all are of 24 hours by plain arithmetic, at half the cost of asking the zone.
_EVEN_DAY = f"(epoch_us(posted_at) - {{start}}) // {_DAY_MICROSECONDS}"
_ZONE_DAY = f"date_diff('day', DATE '{{first}}', CAST(timezone('{ZONE.key}', posted_at) AS DATE))"

_SPANS = (
    f"WITH {_COVERED} SELECT account, covered_from, covered_until FROM covered JOIN asked_accounts USING (account_id)"  # noqa: S608 - as above
)

_READ_BETWEEN = f"""
    WITH {_COVERED}
    SELECT DISTINCT account_id FROM covered, span
    WHERE covered_from <= starts_at AND covered_until >= ends_at ORDER BY account_id
"""  # noqa: S608 - as above

# A reading that ended before the wall's first post met an older one than it was asked for; one that met the first post,
# or an empty wall, met the account. Whoever declared what a file holds vouches for as much.
_BEGINNINGS = """
    WITH readings AS (
        SELECT account_id, coalesce(bool_or(reached_end), false) AS reached_end,
               min(CASE WHEN reached_end THEN covered_until ELSE covered_from END) AS older_until
        FROM coverage GROUP BY account_id
    ),
    first_posts AS (SELECT account_id, min(posted_at) AS first_post_at FROM posts GROUP BY account_id),
    first_pages AS (
        SELECT account_id, min(collected_at) AS first_seen_at FROM profile_snapshots
        WHERE status <> 'gone' GROUP BY account_id
    )
    SELECT account_id, first_post_at, first_seen_at, coalesce(reached_end, false) AS reached_end, older_until
    FROM readings FULL JOIN first_posts USING (account_id) FULL JOIN first_pages USING (account_id) ORDER BY account_id
"""


@dataclass(frozen=True)
class WeeklyPosts:
    """Own posts of accounts by week, one by one, so that they can be counted by any choice of what counts.

    Attributes:
        accounts: Account ids; their places are the first axis of all arrays.
        weeks: Weeks in Kirov time, ascending, without gaps; the second axis.
        place: Of each post the place of its account and week, as `ravel` numbers them.
        bits: Of each post `MARK` (`OWN`, `REPOST`, `UNKNOWN`), `AD`, `REMOVED`, `LATE` (first seen more than 14 days
            after it was published), and above them the day of the week, Monday is 0.
        is_complete: Whether the week was read completely; accounts × weeks.
    """

    accounts: tuple[str, ...]
    weeks: tuple[Week, ...]
    place: Array
    bits: Array
    is_complete: Array

    def of_accounts(self, accounts: Sequence[str]) -> WeeklyPosts:
        """The posts of some of the accounts, in the order given."""
        places = [self.accounts.index(account) for account in accounts]
        mine = np.full(len(self.accounts), -1)
        mine[places] = np.arange(len(places))
        account, week = np.divmod(self.place.astype("int64"), len(self.weeks))
        kept = mine[account] >= 0
        place = mine[account[kept]] * len(self.weeks) + week[kept]
        return WeeklyPosts(tuple(accounts), self.weeks, place, self.bits[kept], self.is_complete[places])

    def count(self, keep: Array | None = None) -> Array:
        """How many of the posts kept (bool by post; all by default), accounts × weeks."""
        place = self.place if keep is None else self.place[keep]
        return np.bincount(place, minlength=self.is_complete.size).reshape(self.is_complete.shape)

    def days(self, keep: Array) -> Array:
        """Days of the week with a post of those kept (bool by post), accounts × weeks, 0 to 7."""
        has_post = np.zeros((self.is_complete.size, 7), dtype=bool)
        has_post[self.place[keep], self.bits[keep] >> _DAY_SHIFT] = True
        return np.asarray(has_post.sum(axis=1).reshape(self.is_complete.shape))

    def is_marked(self, mark: int) -> Array:
        """Of each post whether its mark is this one."""
        return np.asarray((self.bits & MARK) == mark)

    @cached_property
    def own(self) -> Array:
        """Own posts that are surely no reposts, accounts × weeks."""
        return self.count() - self.reposts - self.unknown  # most posts are: counted all at once, without picking them

    @cached_property
    def reposts(self) -> Array:
        """Reposts, accounts × weeks."""
        return self.count(self.is_marked(REPOST))

    @cached_property
    def unknown(self) -> Array:
        """Posts of which the network did not say whether they are reposts, accounts × weeks."""
        return self.count(self.is_marked(UNKNOWN))

    def own_with(self, flag: int) -> Array:
        """Own posts that are surely no reposts and have a flag (`AD`, `REMOVED`, `LATE`), accounts × weeks."""
        return self.count((self.bits & (MARK | flag)) == (OWN | flag))

    def counted(
        self, *, count_reposts: bool, count_ads: bool, count_removed: bool, distinct_days: bool
    ) -> tuple[Array, Array]:
        """How many posts count at least and at most, accounts × weeks; they differ by those whose mark is unknown.

        Args:
            count_reposts, count_ads, count_removed: Whether reposts, ads, posts that vanished later are counted.
            distinct_days: Whether days with a post are counted instead of posts.
        """
        unwanted = (0 if count_ads else AD) | (0 if count_removed else REMOVED)
        if not unwanted and not distinct_days:
            return (self.count(), self.count()) if count_reposts else (self.own, self.own + self.unknown)
        wanted = (self.bits & unwanted) == 0
        count = self.days if distinct_days else self.count
        if count_reposts:
            return count(wanted), count(wanted)
        return count(wanted & self.is_marked(OWN)), count(wanted & ~self.is_marked(REPOST))

    @cached_property
    def table(self) -> pd.DataFrame:
        """The table `WeeklyCounts`, a row for every account and week, by account and week."""
        columns = {
            "account_id": np.repeat(np.array(self.accounts, dtype=object), len(self.weeks)),
            "week_start": np.tile(
                np.array([week.start for week in self.weeks], dtype="datetime64[us]"), len(self.accounts)
            ),
            "own_count": self.own,
            "repost_count": self.reposts,
            "unknown_count": self.unknown,
            "removed_count": self.own_with(REMOVED),
            "ad_count": self.own_with(AD),
            "own_days_count": self.days(self.is_marked(OWN)),
            "late_count": self.own_with(LATE),
            "is_complete": self.is_complete,
        }
        return tables.validate(tables.WeeklyCounts, pd.DataFrame({key: each.ravel() for key, each in columns.items()}))


def weekly_posts(lake: Lake, accounts: Sequence[str], weeks: Sequence[Week]) -> WeeklyPosts:
    """Own posts of accounts by week, and which weeks were read completely.

    Args:
        lake: The lake with posts and coverage.
        accounts: Account ids.
        weeks: Weeks in Kirov time, ascending, without gaps.

    Raises:
        LakeError: When the lake is empty.

    Example:
        >>> posts = weekly_posts(Lake(Path("data/sample/lake")), ["vk:nobody"], [Week.parse("2024-W21")])
        >>> posts.is_complete.tolist(), len(posts.place)
        ([[False]], 0)
    """
    asked_accounts = pd.DataFrame(
        {"account_id": pd.Series(list(accounts), dtype="str"), "account": np.arange(len(accounts), dtype="int32")}
    )
    starts_at, ends_at = weeks[0].starts_at, weeks[-1].ends_at
    is_even = all(week.has_even_days() for week in weeks)
    day = _EVEN_DAY if is_even else _ZONE_DAY
    day = day.format(start=int(starts_at.timestamp() * 1_000_000), first=weeks[0].start.isoformat())
    # Moments as literals: by them DuckDB skips what it need not read.
    sql = _POSTS.format(weeks=len(weeks), day=day, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat())
    posts = lake.query(sql, {"asked_accounts": asked_accounts}, any_order=True)
    spans = lake.query(_SPANS, {"asked_accounts": asked_accounts})
    return WeeklyPosts(
        tuple(accounts),
        tuple(weeks),
        posts["place"].to_numpy(),
        posts["bits"].to_numpy(),
        _complete(spans, weeks, len(accounts)),
    )


def weekly_counts(lake: Lake, accounts: Sequence[str], weeks: Sequence[Week]) -> pd.DataFrame:
    """Posts of accounts by week, a row for every account and week.

    Reposts, visitors' posts and posts whose repost mark is unknown are never in `own_count`; ads and posts that
    vanished after they were seen are, and are counted apart besides.

    Args:
        lake: The lake with posts and coverage.
        accounts: Account ids.
        weeks: Weeks in Kirov time, ascending, without gaps.

    Returns:
        The table `WeeklyCounts`, in the order of accounts and weeks.

    Raises:
        LakeError: When the lake is empty.

    Example:
        >>> counts = weekly_counts(Lake(Path("data/sample/lake")), ["vk:nobody"], [Week.parse("2024-W21")])
        >>> int(counts["own_count"].iloc[0]), bool(counts["is_complete"].iloc[0])
        (0, False)
    """
    return weekly_posts(lake, accounts, weeks).table


def read_between(lake: Lake, starts_at: datetime, ends_at: datetime) -> list[str]:
    """The accounts whose posts were read without a gap between two moments (UTC), by one run or several together.

    Raises:
        LakeError: When the lake is empty.
    """
    span = pd.DataFrame({"starts_at": [starts_at], "ends_at": [ends_at]})
    return list(lake.query(_READ_BETWEEN, {"span": span})["account_id"])


def beginnings(lake: Lake) -> pd.DataFrame:
    """What is known of when accounts came into being.

    Returns:
        account_id, first_post_at (UTC, of all posts seen), first_seen_at (UTC, first snapshot of a live page),
        reached_end (whether a wall was read to its first post, so that first_post_at is the first ever), older_until
        (UTC: the account was there before this, since a reading met it or an older post).

    Raises:
        LakeError: When the lake is empty.
    """
    return lake.query(_BEGINNINGS)


def _complete(spans: pd.DataFrame, weeks: Sequence[Week], accounts: int) -> Array:
    """Which weeks lie wholly in a span, accounts × weeks."""
    borders = np.array([week.starts_at.replace(tzinfo=None) for week in weeks], dtype="datetime64[us]")
    ends = np.array([week.ends_at.replace(tzinfo=None) for week in weeks], dtype="datetime64[us]")
    first = np.searchsorted(borders, _utc(spans["covered_from"]), side="left")
    end = np.searchsorted(ends, _utc(spans["covered_until"]), side="right")
    whole = end > first
    account = spans["account"].to_numpy()[whole]
    begun = np.zeros((accounts, len(weeks) + 1), dtype="int32")
    np.add.at(begun, (account, first[whole]), 1)
    np.add.at(begun, (account, end[whole]), -1)
    return np.asarray(begun.cumsum(axis=1)[:, :-1] > 0)


def _utc(moments: pd.Series) -> Array:
    return np.asarray(moments.to_numpy(dtype="datetime64[us]"))
