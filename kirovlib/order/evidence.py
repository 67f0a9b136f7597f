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
        SELECT account_id, post_id, posted_at, told.url, raw_sha256, week_start AS period_start, local_at
        FROM (SELECT *, timezone('{ZONE.key}', posted_at) AS local_at FROM posts WHERE own) AS told
        SEMI JOIN asked USING (account_id)
        JOIN weeks ON date_trunc('week', local_at) = week_start
        WHERE posted_at >= (SELECT min(starts_at) FROM weeks) AND posted_at < (SELECT max(ends_at) FROM weeks)
          AND (count_reposts OR NOT coalesce(is_repost, false)) AND (count_ads OR NOT coalesce(is_ad, false))
          AND (count_removed OR missed_at IS NULL)
    ), shown AS (
        SELECT account_id, period_start, list(proof ORDER BY posted_at, post_id)[:{_SHOWN_POSTS}] AS proofs
        FROM (
            SELECT account_id, period_start, posted_at, post_id,
                   '{{"sha256":' || coalesce('"' || raw_sha256 || '"', 'null') || ',"title":"'
                   || strftime(local_at, '%d.%m.%Y %H:%M')
                   || '","url":' || CAST(to_json(url) AS VARCHAR) || '}}' AS proof
            FROM counted
        )
        GROUP BY account_id, period_start
    )
    SELECT coalesce('[' || array_to_string(proofs, ',') || ']', '[]') AS posts_shown
    FROM asked LEFT JOIN shown USING (account_id, period_start)
    ORDER BY place
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
    if not weekly.any():
        return rows
    mine = rows.loc[weekly, ["account_id", "period_start", "verdict", "evidence"]].reset_index(drop=True)
    asked = mine[["account_id", "period_start"]].assign(place=np.arange(len(mine)))
    posts = lake.query(_COUNTED_POSTS, {"asked": asked, "weeks": _weeks(clause, period)})["posts_shown"]
    url = accounts.set_index("account_id")["url"]
    special: dict[int, str] = {}
    for place in np.flatnonzero((mine["verdict"] == "failed") & (posts == "[]")).tolist():
        wall = {"title": _WALL, "url": str(url[mine["account_id"].iloc[place]]), "sha256": None}
        special[place] = tables.to_json([wall])
    for place in np.flatnonzero(mine["evidence"] != "[]").tolist():
        proofs, shown = json.loads(mine["evidence"].iloc[place]), json.loads(special.get(place, posts.iloc[place]))
        special[place] = tables.to_json([*proofs, *shown])
    posts.iloc[list(special)] = list(special.values())
    first = int(weekly.argmax())  # the rows of a clause stand together
    parts = [rows["evidence"].iloc[:first], posts, rows["evidence"].iloc[first + len(mine) :]]
    return rows.assign(evidence=pd.concat(parts, ignore_index=True).array)


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
