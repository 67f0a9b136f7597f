"""The post ledger: every post of an account's week, whether it was counted for clause 3.1, and why.

The verdict counts weeks (`counts.weekly_counts` in SQL, `checks.posts_per_week` on its sums); the ledger holds the same
rule against single posts. `tests/test_ledger.py` ties the two together: for all choices of an edition's parameters the
counted posts are as many as the verdict measured, and the unknown ones are those that the verdict judged both ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kirovlib.lake import Lake
from kirovlib.settings import ZONE
from kirovlib.weeks import Week

WHY = {
    "own": "собственная публикация аккаунта, не репост",
    "own_ad": "собственная публикация; помечена сетью как реклама, реклама считается",
    "own_removed": "собственная публикация; после сбора исчезла, исчезнувшие считаются",
    "in_favour": "собственная публикация; реклама или исчезнувшие не считаются, но эта засчитана: вывод толкует "
    "сочетание этих правил в пользу аккаунта",
    "repost": "репост",
    "not_own": "не от имени аккаунта (запись посетителя) или ещё не опубликована",
    "ad": "собственная публикация, но помечена сетью как реклама, а реклама не считается",
    "removed": "собственная публикация, но после сбора исчезла, а исчезнувшие не считаются",
    "same_day": "собственная публикация, но не первая за этот день, а считаются дни с публикациями",
    "repost_unknown": "сеть не сказала, репост ли это",
}
_COUNTED = frozenset({"own", "own_ad", "own_removed", "in_favour"})
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
        parameters: `count_ads`, `count_removed` and `distinct_days` of the edition. Its `unit` changes nothing here:
            each account's posts are listed for themselves.

    Returns:
        account_id, week_start, post_id, posted_at (UTC), url, text, is_repost, own, is_ad, is_pinned, edited_at,
        missed_at, counted (blank: not known), why (a word of `WHY`), raw_sha256, version; by account and moment.

    Raises:
        LakeError: When the lake is empty.

    Example:
        >>> choices = {"count_ads": True, "count_removed": True, "distinct_days": False}
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


def _why(posts: pd.DataFrame, parameters: Mapping[str, Any]) -> Any:
    own, is_repost = posts["own"].astype("boolean"), posts["is_repost"].astype("boolean")
    countable = own & ~is_repost.fillna(value=True)
    is_ad = countable & posts["is_ad"].astype("boolean").fillna(value=False)
    is_gone = countable & posts["missed_at"].notna()
    left_out = _left_out(posts, countable, is_ad, is_gone, parameters)
    unwanted = (is_ad & (not parameters["count_ads"])) | (is_gone & (not parameters["count_removed"]))
    cases = {
        "not_own": ~own,
        "repost_unknown": is_repost.isna(),
        "repost": is_repost.fillna(value=False),
        **left_out,
        "in_favour": unwanted,
        "own_removed": is_gone,
        "own_ad": is_ad,
    }
    return np.select([flags.to_numpy(dtype=bool) for flags in cases.values()], list(cases), default="own")


def _left_out(
    posts: pd.DataFrame, countable: pd.Series, is_ad: pd.Series, is_gone: pd.Series, parameters: Mapping[str, Any]
) -> dict[str, pd.Series]:
    """Own posts that are not counted, by the word for why; as `checks.posts_per_week` leaves them out of a week."""
    if parameters["distinct_days"]:
        return {"same_day": countable & posts[countable].duplicated(["account_id", "day"]).reindex(posts.index)}
    ads, gone = is_ad & (not parameters["count_ads"]), is_gone & (not parameters["count_removed"])
    # The verdict knows a week's sums only, so it takes off the ads or the vanished posts, whichever are more.
    by_week = [posts["account_id"], posts["week_start"]]
    ads_are_more = ads.groupby(by_week).transform("sum") >= gone.groupby(by_week).transform("sum")
    return {"ad": ads & ads_are_more, "removed": gone & ~ads_are_more}
