"""Measures: posts and coverage of the lake into weekly counts, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from kirovlib import tables
from kirovlib.lake import Lake
from kirovlib.settings import ZONE
from kirovlib.weeks import Week

SEEN_LATE_DAYS = 14

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

_WEEKLY_COUNTS = f"""
    WITH {_COVERED},
    counted AS (
        SELECT account_id,
               CAST(date_trunc('week', timezone('{ZONE.key}', posted_at)) AS DATE) AS week_start,
               count(*) FILTER (own AND NOT is_repost) AS own_count,
               count(*) FILTER (own AND is_repost) AS repost_count,
               count(*) FILTER (own AND is_repost IS NULL) AS unknown_count,
               count(*) FILTER (own AND NOT is_repost AND missed_at IS NOT NULL) AS removed_count,
               count(*) FILTER (own AND NOT is_repost AND coalesce(is_ad, false)) AS ad_count,
               count(DISTINCT date_trunc('day', timezone('{ZONE.key}', posted_at)))
                   FILTER (own AND NOT is_repost) AS own_days_count,
               count(*) FILTER (own AND NOT is_repost
                   AND observed_at > posted_at + INTERVAL {SEEN_LATE_DAYS} DAY) AS late_count
        FROM posts
        WHERE posted_at >= (SELECT min(starts_at) FROM asked_weeks)
          AND posted_at < (SELECT max(ends_at) FROM asked_weeks)
        GROUP BY ALL
    )
    SELECT account_id, week_start,
           COLUMNS('(own|repost|unknown|removed|ad|own_days|late)_count'),
           EXISTS (
               FROM covered WHERE covered.account_id = asked_accounts.account_id
               AND covered_from <= starts_at AND covered_until >= ends_at
           ) AS is_complete
    FROM asked_accounts CROSS JOIN asked_weeks LEFT JOIN counted USING (account_id, week_start)
    ORDER BY account_id, week_start
"""  # noqa: S608 - only our own constants enter the text

_READ_BETWEEN = f"""
    WITH {_COVERED}
    SELECT DISTINCT account_id FROM covered, span
    WHERE covered_from <= starts_at AND covered_until >= ends_at ORDER BY account_id
"""  # noqa: S608 - as above

_BEGINNINGS = """
    SELECT account_id,
           min(posted_at) AS first_post_at,
           min(seen_at) AS first_seen_at,
           coalesce(bool_or(reached_end), false) AS reached_end
    FROM (
        SELECT account_id, posted_at, NULL AS seen_at, NULL AS reached_end FROM posts
        UNION ALL BY NAME SELECT account_id, collected_at AS seen_at FROM profile_snapshots WHERE status <> 'gone'
        UNION ALL BY NAME SELECT account_id, reached_end FROM coverage
    )
    GROUP BY account_id ORDER BY account_id
"""


def weekly_counts(lake: Lake, accounts: Sequence[str], weeks: Sequence[Week]) -> pd.DataFrame:
    """Posts of accounts by week, a row for every account and week.

    Reposts, visitors' posts and posts whose repost mark is unknown are never in `own_count`; ads and posts that
    vanished after they were seen are, and are counted apart besides.

    Args:
        lake: The lake with posts and coverage.
        accounts: Account ids.
        weeks: Weeks in Kirov time, without gaps.

    Returns:
        The table `WeeklyCounts`, by account and week.

    Raises:
        LakeError: When the lake is empty.

    Example:
        >>> counts = weekly_counts(Lake(Path("data/sample/lake")), ["vk:nobody"], [Week.parse("2024-W21")])
        >>> int(counts["own_count"].iloc[0]), bool(counts["is_complete"].iloc[0])
        (0, False)
    """
    asked_weeks = pd.DataFrame(
        {
            "week_start": pd.to_datetime([week.start for week in weeks]).astype("datetime64[us]"),
            "starts_at": [week.starts_at for week in weeks],
            "ends_at": [week.ends_at for week in weeks],
        }
    )
    asked_accounts = pd.DataFrame({"account_id": pd.Series(list(accounts), dtype="str")})
    rows = lake.query(_WEEKLY_COUNTS, {"asked_weeks": asked_weeks, "asked_accounts": asked_accounts})
    numbers = [name for name in rows if str(name).endswith("_count")]
    # No row of an account and week means that nothing was seen; whether that is nothing, is_complete says.
    return tables.validate(tables.WeeklyCounts, rows.fillna(dict.fromkeys(numbers, 0)))


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
        reached_end (whether a wall was read to its first post, so that first_post_at is the first ever).

    Raises:
        LakeError: When the lake is empty.
    """
    return lake.query(_BEGINNINGS)
