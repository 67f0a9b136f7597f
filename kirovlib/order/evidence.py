"""Evidence of findings: the posts that were counted."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pandas as pd

from kirovlib import tables
from kirovlib.lake import Lake
from kirovlib.order.clauses import Clause
from kirovlib.settings import ZONE
from kirovlib.weeks import Period

_SHOWN_POSTS = 20
_COUNTED_POSTS = f"""
    WITH counted AS (
        SELECT account_id, post_id, posted_at, posts.url, raw_sha256, week_start AS period_start,
               timezone('{ZONE.key}', posted_at) AS local_at
        FROM posts SEMI JOIN asked USING (account_id)
        JOIN weeks ON date_trunc('week', timezone('{ZONE.key}', posted_at)) = week_start
        WHERE own AND posted_at >= (SELECT min(starts_at) FROM weeks) AND posted_at < (SELECT max(ends_at) FROM weeks)
          AND (count_reposts OR NOT coalesce(is_repost, false)) AND (count_ads OR NOT coalesce(is_ad, false))
          AND (count_removed OR missed_at IS NULL)
    )
    SELECT account_id, period_start,
           CAST(to_json(list(
               {{'sha256': raw_sha256, 'title': strftime(local_at, '%d.%m.%Y %H:%M'), 'url': url}}
               ORDER BY posted_at, post_id
           )[:{_SHOWN_POSTS}]) AS VARCHAR) AS posts_shown
    FROM counted GROUP BY ALL
"""  # noqa: S608 - only our own constants enter the text
_WALL = "Лента: публикаций недели нет"


def with_post_evidence(
    rows: pd.DataFrame, lake: Lake, period: Period, clause: Clause | None, accounts: pd.DataFrame
) -> pd.DataFrame:
    """The findings of a clause on posts with the addresses of the posts that count in each account-week.

    Args:
        rows: Table Findings; proofs that are there already stay before the posts, which come by time.
        lake: Where the posts are.
        period: The weeks of the findings.
        clause: The clause, or none: then nothing is added.
        accounts: Table Accounts: a breach without any post shows the wall.
    """
    if clause is None:
        return rows
    weekly = (rows["clause"] == clause.key).to_numpy()
    mine = rows.loc[weekly, ["account_id", "period_start", "verdict", "evidence"]]
    frames = {"asked": mine[["account_id"]].drop_duplicates(), "weeks": _weeks(clause, period)}
    shown = lake.query(_COUNTED_POSTS, frames)
    shown["period_start"] = shown["period_start"].astype("datetime64[us]")
    joined = mine.merge(shown, on=["account_id", "period_start"], how="left")
    posts = joined["posts_shown"].to_numpy(dtype=object, na_value="[]", copy=True)
    url = accounts.set_index("account_id")["url"]
    for place in np.flatnonzero((joined["verdict"] == "failed").to_numpy() & (posts == "[]")):
        wall = {"title": _WALL, "url": str(url[joined["account_id"].iloc[place]]), "sha256": None}
        posts[place] = tables.to_json([wall])
    for place in np.flatnonzero(mine["evidence"] != "[]"):
        posts[place] = tables.to_json([*json.loads(mine["evidence"].iloc[place]), *json.loads(posts[place])])
    evidence = rows["evidence"].to_numpy(dtype=object, copy=True)
    evidence[weekly] = posts
    return rows.assign(evidence=pd.Series(evidence, index=rows.index, dtype="str"))


def _weeks(clause: Clause, period: Period) -> pd.DataFrame:
    """The weeks, each with what the edition in force then counts; before the first, as the first does."""
    in_force = [clause.edition_on(week.until - timedelta(days=1)) or clause.editions[0] for week in period.weeks]
    choices = ("count_reposts", "count_ads", "count_removed")
    return pd.DataFrame(
        {
            "week_start": np.array([week.start for week in period.weeks], dtype="datetime64[us]"),
            "starts_at": [week.starts_at for week in period.weeks],
            "ends_at": [week.ends_at for week in period.weeks],
            **{name: [bool(each.parameters[name]) for each in in_force] for name in choices},
        }
    )
