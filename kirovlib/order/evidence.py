"""Evidence of findings: the posts that were counted."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from kirovlib import tables
from kirovlib.lake import Lake
from kirovlib.settings import ZONE
from kirovlib.weeks import Period

_SHOWN_POSTS = 20
_OWN_POSTS = f"""
    WITH own AS (
        SELECT account_id, post_id, posted_at, posts.url, raw_sha256, timezone('{ZONE.key}', posted_at) AS local_at
        FROM posts SEMI JOIN asked USING (account_id), span
        WHERE own AND NOT coalesce(is_repost, false) AND posted_at >= starts_at AND posted_at < ends_at
    )
    SELECT account_id, CAST(date_trunc('week', local_at) AS DATE) AS period_start,
           CAST(to_json(list(
               {{'sha256': raw_sha256, 'title': strftime(local_at, '%d.%m.%Y %H:%M'), 'url': url}}
               ORDER BY posted_at, post_id
           )[:{_SHOWN_POSTS}]) AS VARCHAR) AS posts_shown
    FROM own GROUP BY ALL
"""  # noqa: S608 - only our own constants enter the text


def with_post_evidence(rows: pd.DataFrame, lake: Lake, period: Period, clause: str = "posts_per_week") -> pd.DataFrame:
    """The findings of a clause on posts with the addresses of the own posts of each account-week, the earliest first.

    Args:
        rows: Table Findings; proofs that are there already stay before the posts.
        lake: Where the posts are.
        period: The weeks of the findings.
        clause: Key of the clause.
    """
    weekly = (rows["clause"] == clause).to_numpy()
    mine = rows.loc[weekly, ["account_id", "period_start", "evidence"]]
    span = pd.DataFrame({"starts_at": [period.starts_at], "ends_at": [period.ends_at]})
    shown = lake.query(_OWN_POSTS, {"asked": mine[["account_id"]].drop_duplicates(), "span": span})
    shown["period_start"] = shown["period_start"].astype("datetime64[us]")
    joined = mine.merge(shown, on=["account_id", "period_start"], how="left")
    posts = joined["posts_shown"].to_numpy(dtype=object, na_value="[]", copy=True)
    for place in np.flatnonzero(mine["evidence"] != "[]"):
        posts[place] = tables.to_json([*json.loads(mine["evidence"].iloc[place]), *json.loads(posts[place])])
    evidence = rows["evidence"].to_numpy(dtype=object, copy=True)
    evidence[weekly] = posts
    return rows.assign(evidence=pd.Series(evidence, index=rows.index, dtype="str"))
