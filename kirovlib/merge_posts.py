"""What was read of an account held against what the lake has: new posts, changed ones, vanished ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from kirovlib import tables
from kirovlib.lake import Lake, Snapshot
from kirovlib.platforms.base import Reading
from kirovlib.settings import Settings

_MOMENT = "datetime64[us, UTC]"
_TOLD_ONCE = ("is_repost", "is_ad", "is_pinned")
_UNCHANGED = (
    "posted_at",
    "own",
    "is_repost",
    "reposted_from_url",
    "is_ad",
    "is_pinned",
    "edited_at",
    "text",
    "url",
)


def stored_posts(lake: Lake | Snapshot, readings: Sequence[Reading]) -> dict[str, dict[str, dict[str, Any]]]:
    """The current versions of the posts that readings hold, and of those in the time that they cover.

    Returns:
        Rows of `Posts` by account and post id, None where blank.
    """
    if lake.is_empty() or not readings:
        return {}
    held = [(reading.account_id, post["post_id"]) for reading in readings for post in reading.posts]
    spans = [(reading.account_id, reading.covered_from, reading.covered_until) for reading in readings]
    rows = tables.validate(
        tables.Posts,
        lake.query(
            """
            FROM posts SEMI JOIN held USING (account_id, post_id) UNION
            SELECT posts.* FROM posts JOIN spans USING (account_id)
            WHERE posted_at >= covered_from AND posted_at < covered_until
            """,
            {
                "held": pd.DataFrame(held, columns=["account_id", "post_id"]).astype("str"),
                "spans": pd.DataFrame(spans, columns=["account_id", "covered_from", "covered_until"]).astype(
                    {"account_id": "str", "covered_from": _MOMENT, "covered_until": _MOMENT}
                ),
            },
        ),
    )
    stored: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows.astype(object).where(rows.notna(), None).to_dict("records"):
        stored.setdefault(row["account_id"], {})[row["post_id"]] = {str(key): value for key, value in row.items()}
    return stored


def new_posts(reading: Reading, stored: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Posts to store: new ones, changed ones as a further version, and those that vanished from what was read.

    What the network told once and does not tell now stays known. An own post that it now gives as none, since it was
    hidden, has vanished: it was published.
    """
    rows = []
    told = {post["post_id"]: post for post in reading.posts}
    for post_id, post in told.items():
        old = stored.get(post_id)
        if old is None:
            rows.append({**post, "version": 1})
            continue
        if old["own"] and not post["own"]:
            rows += _vanished(old, post["observed_at"])
            continue
        now = {**post, **{name: old[name] for name in _TOLD_ONCE if post[name] is None}}
        if old["missed_at"] is not None or any(now[name] != old[name] for name in _UNCHANGED):
            rows.append({**now, "observed_at": old["observed_at"], "version": old["version"] + 1})
    for post_id, old in stored.items():
        if post_id not in told and reading.covered_until is not None and _was_read(reading, old["posted_at"]):
            rows += _vanished(old, reading.covered_until)
    return rows


def _vanished(old: Mapping[str, Any], moment: datetime) -> list[dict[str, Any]]:
    return [] if old["missed_at"] is not None else [{**old, "missed_at": moment, "version": old["version"] + 1}]


def coverage_row(reading: Reading) -> dict[str, Any]:
    """A reading as a row of `Coverage` (without run_id and batch)."""
    return {
        "account_id": reading.account_id,
        "covered_from": reading.covered_from,
        "covered_until": reading.covered_until,
        "outcome": reading.outcome,
        "reason": reading.reason or None,
        "reached_end": reading.reached_end,
    }


def free_run_id(settings: Settings) -> str:
    """A run id that no run has yet: the present moment, with a number where it is taken."""
    stem = f"{settings.clock():%Y%m%dT%H%M%SZ}"
    taken = {file.stem for file in (settings.lake_dir / "runs").glob("*.parquet")}
    candidates = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in candidates if name not in taken)


def _was_read(reading: Reading, moment: datetime) -> bool:
    start, end = reading.covered_from, reading.covered_until
    return start is not None and end is not None and start <= moment < end
