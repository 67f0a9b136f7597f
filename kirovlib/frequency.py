"""Measures of when accounts publish: spread by week, pauses, weekday and hour, reposts; the heavy ones are SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from kirovlib.lake import Lake
from kirovlib.settings import ZONE

QUANTILES = (10, 25, 50, 75, 90)
DAYS, HOURS = 7, 24
_DAY_SECONDS = 86_400

# A post whose repost mark the network did not tell may be an own one: nobody is silent because of it.
_MAY_BE_OWN = "own AND is_repost IS DISTINCT FROM true"

_LAST_POSTS = f"""
    SELECT account_id, max(posted_at) AS last_own_at
    FROM posts SEMI JOIN asked_accounts USING (account_id), asked_until
    WHERE {_MAY_BE_OWN} AND posted_at < until_at GROUP BY account_id ORDER BY account_id
"""  # noqa: S608 - only our own constants enter the text

# The borders of what was read stand among the posts: a pause that meets one may have been longer.
_PAUSES = f"""
    WITH moments AS (
        SELECT account_id, starts_at, posted_at AS moment, false AS is_border
        FROM posts JOIN read_spans USING (account_id)
        WHERE {_MAY_BE_OWN} AND posted_at >= starts_at AND posted_at < ends_at
        UNION ALL SELECT account_id, starts_at, starts_at, true FROM read_spans
        UNION ALL SELECT account_id, starts_at, ends_at, true FROM read_spans
    ),
    pauses AS (
        SELECT account_id, moment, is_border, epoch(moment) - epoch(lag(moment) OVER by_time) AS seconds,
               lag(is_border) OVER by_time AS follows_border
        FROM moments
        WINDOW by_time AS (PARTITION BY account_id, starts_at ORDER BY moment, is_border)
    ),
    longest AS (
        SELECT account_id, max(seconds) AS longest_seconds FROM pauses WHERE seconds IS NOT NULL GROUP BY account_id
    )
    SELECT account_id, any_value(longest_seconds) AS longest_seconds,
           bool_and(is_border OR follows_border) FILTER (seconds = longest_seconds) AS pause_may_be_longer,
           max(seconds) FILTER (is_border AND moment = until_at) AS silent_seconds,
           bool_or(follows_border) FILTER (is_border AND moment = until_at) AS silent_may_be_longer
    FROM pauses JOIN longest USING (account_id), asked_until
    WHERE seconds IS NOT NULL GROUP BY account_id ORDER BY account_id
"""  # noqa: S608 - as above

_BY_HOUR = f"""
    SELECT platform, isodow(local_at) - 1 AS weekday, hour(local_at) AS hour, count(*) AS own_count
    FROM (
        SELECT platform, timezone('{ZONE.key}', posted_at) AS local_at
        FROM posts JOIN asked_accounts USING (account_id), asked_span
        WHERE own AND NOT is_repost AND posted_at >= starts_at AND posted_at < ends_at
    )
    GROUP BY ALL
"""  # noqa: S608 - as above


def quantiles(counts: pd.DataFrame) -> pd.DataFrame:
    """Own posts a week that 10, 25, 50, 75 and 90 % of the completely read accounts do not exceed.

    Args:
        counts: Table WeeklyCounts.

    Returns:
        week_start, account_count (read completely, no repost mark unknown), q10, q25, q50, q75, q90 (own posts,
        interpolated); by week, weeks that nobody was read for are left out.
    """
    read = counts[counts["is_complete"].astype(bool) & (counts["unknown_count"] == 0)]
    by_week = read.groupby("week_start")["own_count"]
    found = pd.DataFrame({"account_count": by_week.size()})
    for percent in QUANTILES:
        found[f"q{percent}"] = by_week.quantile(percent / 100).astype("float64")
    return found.reset_index()


def repost_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Which part of what was published were reposts, by week and network, over completely read accounts.

    Args:
        counts: Table WeeklyCounts.

    Returns:
        week_start, platform, account_count (read completely), own_count, repost_count, unknown_count (posts of which
        the network did not say; in neither of the others), repost_share (0-1 of own posts and reposts; blank without
        any).
    """
    read = counts[counts["is_complete"].astype(bool)]
    platform = read["account_id"].str.partition(":")[0].rename("platform")
    by_week = read.groupby(["week_start", platform])
    found = by_week[["own_count", "repost_count", "unknown_count"]].sum().astype("int64")
    found.insert(0, "account_count", by_week.size())
    return found.assign(
        repost_share=share(found["repost_count"], found["own_count"] + found["repost_count"])
    ).reset_index()


def share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Part of the whole, 0-1; blank where there is no whole."""
    return part.astype("float64") / whole.astype("float64").where(whole > 0)


def pauses(lake: Lake, read_spans: pd.DataFrame, until_at: datetime) -> pd.DataFrame:
    """The longest pause between own posts inside stretches that were read without a gap, and the silence at the end.

    A post of unknown repost mark ends a pause, since it may be an own one.

    Args:
        lake: The lake.
        read_spans: account_id, starts_at, ends_at (UTC), stretches of an account that do not touch.
        until_at: The moment (UTC) up to which silence is counted.

    Returns:
        account_id, longest_pause_days, pause_may_be_longer (it meets a border of what was read), silent_days (whole
        days up to `until_at`; blank where the time before it was not read), silent_may_be_longer; accounts with a
        stretch.

    Raises:
        LakeError: When the lake is empty.
    """
    until = pd.DataFrame({"until_at": [until_at]})
    found = lake.query(_PAUSES, {"read_spans": read_spans, "asked_until": until})
    for name, seconds in (("longest_pause_days", "longest_seconds"), ("silent_days", "silent_seconds")):
        found[name] = (found[seconds].astype("float64") // _DAY_SECONDS).astype("Int64")
    for name in ("pause_may_be_longer", "silent_may_be_longer"):
        found[name] = found[name].astype("boolean")
    return found[["account_id", "longest_pause_days", "pause_may_be_longer", "silent_days", "silent_may_be_longer"]]


def last_posts(lake: Lake, accounts: pd.Series, until_at: datetime) -> pd.DataFrame:
    """The last own post of accounts before a moment, whatever was read after it.

    Returns:
        account_id, last_own_at (UTC); a post of unknown repost mark is taken for an own one.

    Raises:
        LakeError: When the lake is empty.
    """
    asked = {"asked_accounts": accounts.to_frame("account_id"), "asked_until": pd.DataFrame({"until_at": [until_at]})}
    return lake.query(_LAST_POSTS, asked)


def by_hour(lake: Lake, platforms: Mapping[str, str], starts_at: datetime, ends_at: datetime) -> pd.DataFrame:
    """Own posts (surely no reposts) by network, weekday and hour of Kirov.

    Args:
        lake: The lake.
        platforms: Network by account_id.
        starts_at, ends_at: Moments (UTC, end exclusive).

    Returns:
        platform, weekday (0 is Monday), hour (0-23), own_count; all 168 hours of each network that has accounts.

    Raises:
        LakeError: When the lake is empty.
    """
    accounts = pd.DataFrame({"account_id": list(platforms), "platform": list(platforms.values())}, dtype="str")
    span = pd.DataFrame({"starts_at": [starts_at], "ends_at": [ends_at]})
    found = lake.query(_BY_HOUR, {"asked_accounts": accounts, "asked_span": span})
    every = pd.MultiIndex.from_product(
        [sorted(set(platforms.values())), np.arange(DAYS), np.arange(HOURS)], names=["platform", "weekday", "hour"]
    )
    counted = found.set_index(list(every.names))["own_count"].reindex(every, fill_value=0)
    return counted.astype("int64").reset_index()
