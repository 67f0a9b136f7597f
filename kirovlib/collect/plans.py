"""What a collection will take, told before the first request: calls, minutes, the day's quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from kirovlib.errors import AccessError
from kirovlib.lake import Lake
from kirovlib.platforms.base import Plan, Platform, Target, Window
from kirovlib.settings import Settings

_QUOTA_HOURS = 24


@dataclass(frozen=True)
class NetworkPlan:
    """One network's part of a collection.

    Attributes:
        name: As in `Accounts.platform`.
        account_count: Accounts that are to be read.
        plan: What it takes; none for a network that is not collected.
        used_count: Calls of the last 24 hours that count against the day's quota.
        refused: Why the network cannot be asked, or empty.
    """

    name: str
    account_count: int
    plan: Plan | None
    used_count: int = 0
    refused: str = ""

    @property
    def short_of(self) -> int:
        """How many counted calls the day's quota lacks."""
        if self.plan is None or not self.plan.quota:
            return 0
        return max(0, self.plan.quota_count - max(0, self.plan.quota - self.used_count))


def plan(
    settings: Settings,
    lake: Lake,
    chosen: Mapping[str, Sequence[Target]],
    window: Window,
    platforms: Mapping[str, Platform],
    refused: Mapping[str, AccessError],
) -> list[NetworkPlan]:
    """The plan of each network, by name."""
    kind, used = _past_runs(lake, settings.clock())
    plans = []
    for name, few in sorted(chosen.items()):
        platform = platforms.get(name)
        if platform is None:
            plans.append(NetworkPlan(name, len(few), None, refused=str(refused.get(name, ""))))
            continue
        platform.assumed_kind = kind
        planned = platform.plan(few, window)
        plans.append(NetworkPlan(name, len(few), planned, used if planned.quota else 0))
    return plans


def _past_runs(lake: Lake, now: datetime) -> tuple[str, int]:
    """The kind of token that the last run found, and the counted calls of the last day."""
    if lake.is_empty():
        return "", 0
    facts = lake.query(
        """
        SELECT max_by(token_kind, started_at) FILTER (token_kind IS NOT NULL) AS kind,
               sum(quota_count) FILTER (started_at > (SELECT day_ago_at FROM since)) AS used
        FROM runs
        """,
        {"since": pd.DataFrame({"day_ago_at": [now - timedelta(hours=_QUOTA_HOURS)]})},
    ).iloc[0]
    return "" if pd.isna(facts["kind"]) else str(facts["kind"]), 0 if pd.isna(facts["used"]) else int(facts["used"])
