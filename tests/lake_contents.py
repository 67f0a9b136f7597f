"""What a lake holds, apart from who brought it when: to see that two lakes say the same."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kirovlib.lake import Lake

# Two runs of an account that cannot be read whole leave two rows that say the same.
_QUERIES = {
    "posts": "SELECT * EXCLUDE (run_id, batch, observed_at, last_seen_at) FROM all_posts",
    "post_metrics": "SELECT * EXCLUDE (run_id, batch, observed_at) FROM post_metrics",
    "profile_snapshots": "SELECT * EXCLUDE (run_id, batch, collected_at) FROM profile_snapshots",
    "coverage": """
        SELECT account_id, max_by(outcome, batch) AS outcome, max_by(coalesce(reason, ''), batch) AS reason,
               min(covered_from) AS covered_from, max(covered_until) AS covered_until,
               bool_or(reached_end) AS reached_end
        FROM coverage GROUP BY account_id
    """,
}


def contents(home: Path) -> dict[str, pd.DataFrame]:
    """The tables of a home folder's lake without run ids, batches and times of observation, rows in a fixed order."""
    lake = Lake(home / "data" / "lake")
    return {
        name: lake.query(f"SELECT DISTINCT * FROM ({sql}) ORDER BY ALL")  # noqa: S608 - ours
        for name, sql in _QUERIES.items()
    }


def differences(left: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame]) -> list[str]:
    """The names of the tables that differ."""
    return [name for name in left if not left[name].equals(right[name])]
