"""Small batches for the tests of the lake, used by their child processes too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from kirovlib.lake import Batch, Lake

MONDAY = datetime(2024, 5, 20, 9, tzinfo=UTC)
POSTS = 3


def post(account: str, post_id: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "account_id": account, "post_id": post_id, "posted_at": MONDAY, "own": True, "version": version,
        "text": f"Запись «{post_id}»\u2028", "url": f"https://vk.com/{post_id}",
        "observed_at": MONDAY, "last_seen_at": MONDAY,
    } | changes  # fmt: skip


def covered(account: str, outcome: str = "collected", reason: str | None = None) -> dict[str, Any]:
    window = {"covered_from": MONDAY, "covered_until": MONDAY + timedelta(days=7)} if outcome == "collected" else {}
    return {"account_id": account, "outcome": outcome, "reason": reason, "reached_end": False} | window


def batch(account: str = "vk:1") -> Batch:
    posts = [post(account, f"{account}_{number}") for number in range(POSTS)]
    return Batch(
        posts=posts,
        post_metrics=[
            {"account_id": account, "post_id": row["post_id"], "observed_at": MONDAY, "view_count": 5} for row in posts
        ],
        profile_snapshots=[{"account_id": account, "collected_at": MONDAY, "status": "live", "has_avatar": True}],
        coverage=[covered(account)],
        raw={"vk": [{"sha256": f"hash of {account}", "body": {"text": f"{account}\u2028\n"}}]},
    )


def run(run_id: str, minutes: int = 0) -> dict[str, Any]:
    return {
        "run_id": run_id, "started_at": MONDAY + timedelta(minutes=minutes), "source": "sandbox",
        "window_from": MONDAY, "window_until": MONDAY, "account_count": 1, "request_count": 2,
    }  # fmt: skip


def content(lake: Lake) -> list[tuple[str, str]]:
    """Every row that a reader sees, as text."""
    views = ("all_posts", "posts", "post_metrics", "profile_snapshots", "coverage", "runs")
    each = [f"SELECT '{view}' AS view, CAST({view} AS VARCHAR) AS row FROM {view}" for view in views]  # noqa: S608
    return list(lake.query(" UNION ALL ".join(each) + " ORDER BY ALL").itertuples(index=False, name=None))


def parts(lake: Lake, table: str) -> list[str]:
    return sorted(file.relative_to(lake.folder / table).as_posix() for file in (lake.folder / table).rglob("*.*"))


def fill(lake: Lake, *accounts: str, run_id: str = "r1") -> None:
    with lake.writer() as writer:
        for account in accounts:
            writer.commit(run_id, batch(account))
