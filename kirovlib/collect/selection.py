"""What is to be read: the register's accounts as targets, and which of them still miss something."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from kirovlib import counts
from kirovlib.lake import Lake
from kirovlib.platforms.base import Target, Window
from kirovlib.weeks import last_full_week


def targets(accounts: pd.DataFrame, lake: Lake) -> dict[str, list[Target]]:
    """The accounts by network, in the order of their keys, each with the id that an earlier collection met.

    Args:
        accounts: Rows of the table `Accounts`.
    """
    learnt = lake.platform_ids()
    found: dict[str, list[Target]] = {}
    rows = accounts.sort_values("account_id")[["platform", "account_id", "url", "platform_id"]].fillna("")
    for platform, account_id, url, platform_id in rows.astype("str").itertuples(index=False):
        target = Target(account_id, url, platform_id, learnt.get(account_id, ""))
        found.setdefault(platform, []).append(target)
    return found


def leads_elsewhere(target: Target) -> bool:
    """Whether the register names another community than the one whose posts are stored for the account.

    Posts and the time they cover belong to one community: mixed, one's silence would be the other's. The right one
    gets an account, with a key, of its own.
    """
    # Bots write the number of a Telegram channel with -100 before it.
    named, met = (number.removeprefix("-100") for number in (target.platform_id, target.learnt_id))
    return bool(named and met and named != met)


def missing(accounts: pd.DataFrame, lake: Lake, window: Window, now: datetime) -> pd.DataFrame:
    """The accounts of which something is missing.

    Nothing is missing when the posts are read without a gap from the window's start to the end of the last full
    week, and the last reading that got so far brought the page too.

    Args:
        accounts: Rows of the table `Accounts`.
        window: As it would be collected; its running week is no reason to read again.
        now: The present moment, UTC.
    """
    if lake.is_empty():
        return accounts
    until = min(window.ends_at, last_full_week(now).ends_at)
    done = counts.read_between(lake, window.starts_at, until)
    whole = lake.query(
        """
        SELECT DISTINCT account_id FROM coverage
        WHERE outcome = 'collected' AND covered_until >= (SELECT reached_at FROM wanted)
        """,
        {"wanted": pd.DataFrame({"reached_at": [until]})},
    )
    return accounts[~accounts["account_id"].isin(set(done) & set(whole["account_id"]))]
