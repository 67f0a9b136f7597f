"""The post ledger: every post of an account's week, whether it was counted for clause 3.1, and why.

The verdict counts weeks (`counts.WeeklyPosts.counted`, `checks.posts_per_week`); the ledger holds the same rule against
single posts. `tests/test_ledger.py` ties the two together: for all choices of an edition's parameters the counted posts
are as many as the verdict measured, and the unknown ones are those that the verdict judged both ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from kirovlib.lake import Lake
from kirovlib.order.clauses import Clause, Edition
from kirovlib.order.evaluate import Judgement
from kirovlib.settings import ZONE
from kirovlib.weeks import Week

WHY = {
    "own": "собственная публикация аккаунта, не репост",
    "own_ad": "собственная публикация; помечена сетью как реклама, реклама считается",
    "own_removed": "собственная публикация; после сбора исчезла, исчезнувшие считаются",
    "repost_counted": "репост; репосты считаются",
    "repost": "репост",
    "not_own": "не от имени аккаунта (запись посетителя) или ещё не опубликована",
    "ad": "помечена сетью как реклама, а реклама не считается",
    "removed": "после сбора исчезла, а исчезнувшие не считаются",
    "same_day": "не первая засчитанная за этот день, а считаются дни с публикациями",
    "repost_unknown": "сеть не сказала, репост ли это",
}
_COUNTED = frozenset({"own", "own_ad", "own_removed", "repost_counted"})
_COLUMNS = {
    "account_id": "str", "week_start": "datetime64[us]", "post_id": "str", "posted_at": "datetime64[us, UTC]",
    "url": "str", "text": "str", "is_repost": "boolean", "own": "boolean", "is_ad": "boolean", "is_pinned": "boolean",
    "edited_at": "datetime64[us, UTC]", "missed_at": "datetime64[us, UTC]", "counted": "boolean", "why": "str",
    "raw_sha256": "str", "version": "Int64",
}  # fmt: skip

_POSTS = f"""
    SELECT posts.*, week_start, date_trunc('day', timezone('{ZONE.key}', posted_at)) AS day
    FROM posts SEMI JOIN asked_accounts USING (account_id)
    JOIN asked_weeks ON posted_at >= starts_at AND posted_at < ends_at
    ORDER BY account_id, posted_at, post_id
"""  # noqa: S608 - only our own constant enters the text


def ledger(lake: Lake, accounts: Sequence[str], weeks: Sequence[Week], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """Every post of the accounts' weeks, visitors' and reposts included.

    Args:
        lake: The lake with the posts.
        accounts: Account ids.
        weeks: Weeks in Kirov time.
        parameters: `count_reposts`, `count_ads`, `count_removed` and `distinct_days` of the edition. Its `unit` changes
            nothing here: each account's posts are listed for themselves.

    Returns:
        account_id, week_start, post_id, posted_at (UTC), url, text, is_repost, own, is_ad, is_pinned, edited_at,
        missed_at, counted (blank: not known), why (a word of `WHY`), raw_sha256, version; by account and moment.

    Raises:
        LakeError: When the lake is empty.

    Example:
        >>> choices = {"count_reposts": False, "count_ads": True, "count_removed": True, "distinct_days": False}
        >>> posts = ledger(Lake(Path("data/sample/lake")), ["vk:buyan_licey913"], [Week.parse("2024-W27")], choices)
        >>> posts["why"].isin(WHY).all().item()
        True
    """
    asked_weeks = pd.DataFrame(
        {
            "week_start": pd.to_datetime([week.start for week in weeks]).astype("datetime64[us]"),
            "starts_at": [week.starts_at for week in weeks],
            "ends_at": [week.ends_at for week in weeks],
        }
    )
    asked_accounts = pd.DataFrame({"account_id": pd.Series(list(accounts), dtype="str")})
    posts = lake.query(_POSTS, {"asked_weeks": asked_weeks, "asked_accounts": asked_accounts})
    posts["why"] = _why(posts, parameters)
    posts["counted"] = posts["why"].isin(_COUNTED).astype("boolean").mask(posts["why"] == "repost_unknown")
    return posts[list(_COLUMNS)].astype(_COLUMNS)


def post_ledger(judged: Judgement, accounts: Sequence[str], key: str = "posts_per_week") -> pd.DataFrame:
    """The ledger of accounts in a judged period, each week by the edition in force then.

    Weeks before the first edition are listed by its choices.

    Args:
        judged: The judgement.
        accounts: Account ids.
        key: The clause.

    Returns:
        As `ledger`, with institution_id and why_name (why, in Russian) besides.

    Raises:
        LakeError: When the lake is empty.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> posts = post_ledger(judge("2024-W28", data="data/sample"), ["vk:buyan_licey913"])
        >>> posts["counted"].sum().item() == (posts["why_name"] == WHY["own"]).sum().item()
        True
    """
    clause = judged.clause(key)
    lake, parts = Lake(judged.data / "lake"), []
    for edition in clause.editions:
        weeks = [week for week in judged.period.weeks if _edition(clause, week) is edition]
        parts += [ledger(lake, accounts, weeks, edition.parameters)] if weeks else []
    rows = pd.concat(parts, ignore_index=True).sort_values(["account_id", "posted_at", "post_id"], ignore_index=True)
    owner = judged.accounts.set_index("account_id")["institution_id"]
    return rows.assign(institution_id=rows["account_id"].map(owner), why_name=rows["why"].map(WHY))


def _edition(clause: Clause, week: Week) -> Edition:
    return clause.edition_on(week.until - timedelta(days=1)) or clause.editions[0]


def _why(posts: pd.DataFrame, parameters: Mapping[str, Any]) -> Any:
    own = posts["own"].astype("boolean").fillna(value=False).astype(bool)
    is_repost = posts["is_repost"].astype("boolean")
    repost, unknown = is_repost.fillna(value=False).astype(bool), is_repost.isna()
    is_ad = posts["is_ad"].astype("boolean").fillna(value=False).astype(bool)
    is_gone = posts["missed_at"].notna()
    cases = {"not_own": ~own}
    if not parameters["count_reposts"]:
        cases["repost"] = repost
    cases["ad"] = is_ad & (not parameters["count_ads"])
    cases["removed"] = is_gone & (not parameters["count_removed"])
    if not parameters["count_reposts"]:
        cases["repost_unknown"] = unknown
    if parameters["distinct_days"]:
        counted = ~np.logical_or.reduce(list(cases.values()))
        cases["same_day"] = posts[counted].duplicated(["account_id", "day"]).reindex(posts.index, fill_value=False)
    cases |= {"repost_counted": repost | unknown, "own_removed": is_gone, "own_ad": is_ad}
    return np.select([flags.to_numpy(dtype=bool) for flags in cases.values()], list(cases), default="own")
