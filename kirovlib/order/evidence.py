"""Evidence of findings: the posts that were counted."""

from __future__ import annotations

from datetime import date

import pandas as pd

from kirovlib import tables
from kirovlib.lake import Lake
from kirovlib.weeks import Period, Week

_SHOWN_POSTS = 20


def with_post_evidence(rows: pd.DataFrame, lake: Lake, period: Period) -> pd.DataFrame:
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
