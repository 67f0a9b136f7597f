"""The post ledger and the verdict count the same posts, whatever the edition's parameters are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from small_lake import W20, W21, W22, W23, Small, at

from kirovlib import counts, demo, registry
from kirovlib.errors import LakeError
from kirovlib.lake import Lake
from kirovlib.order.ledger import WHY, ledger
from kirovlib.weeks import Week

WEEK = Week.parse("2024-W21")
WEEKS = [Week.parse(text) for text in ("2024-W20", "2024-W21", "2024-W22")]
DEFAULTS: dict[str, Any] = {"count_reposts": False, "count_ads": True, "count_removed": True, "distinct_days": False}
CHOICES = [dict(zip(DEFAULTS, values, strict=True)) for values in product([False, True], repeat=4)]
SECOND = timedelta(seconds=1)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def whys(small: Small, week: Week = WEEK, **changes: Any) -> list[str]:
    small.covered()
    return list(ledger(small.store(), ["vk:a"], [week], DEFAULTS | changes)["why"])


def assert_tied(lake: Lake, accounts: Sequence[str], weeks: Sequence[Week], choices: Sequence[dict[str, Any]]) -> None:
    """Of each account and week the verdict counted so many posts and judged so many both ways; so does the ledger.

    Where days are counted, a post that may be a repost adds a day or none, so that there may be more of them than days.
    """
    posts = counts.weekly_posts(lake, accounts, weeks)
    keys = [(account, pd.Timestamp(week.start)) for account in accounts for week in weeks]
    for parameters in choices:
        least, most = (counted.ravel().tolist() for counted in posts.counted(**parameters))
        grouped = ledger(lake, accounts, weeks, parameters).groupby(["account_id", "week_start"])["counted"]
        listed = dict.fromkeys(keys, (0, 0)) | {key: (flags.fillna(value=False).sum(), flags.isna().sum())
                                                for key, flags in grouped}  # fmt: skip
        assert [listed[key][0] for key in keys] == least, parameters
        unknown = [listed[key][1] for key in keys]
        doubt = [high - low for low, high in zip(least, most, strict=True)]
        assert unknown == doubt or (
            parameters["distinct_days"] and all(days <= posts for days, posts in zip(doubt, unknown, strict=True))
        ), parameters


# --- tied to the verdict

POST = st.fixed_dictionaries(
    {
        "hours": st.integers(-1, 21 * 24),
        "own": st.sampled_from([True, True, True, False]),
        "is_repost": st.sampled_from([False, False, False, True, None]),
        "is_ad": st.sampled_from([False, True, None]),
        "missed_at": st.sampled_from([None, None, W23]),
    }
)


@settings(max_examples=6, phases=[Phase.generate])  # an example is a lake: to shrink it would take minutes
@given(walls=st.lists(st.lists(POST, max_size=14), min_size=6, max_size=10))
def test_the_ledger_counts_what_the_verdict_counts_for_all_parameters(
    tmp_path_factory: pytest.TempPathFactory, walls: list[list[dict[str, Any]]]
) -> None:
    small = Small(tmp_path_factory.mktemp("made"))
    accounts = [f"vk:c{number}" for number in range(len(walls))]
    for account, wall in zip(accounts, walls, strict=True):
        small.covered(account=account)
        for post in wall:
            cells = dict(post)
            small.post(W20 + timedelta(hours=cells.pop("hours")), account, **cells)
    assert_tied(small.store(), accounts, WEEKS, CHOICES)


def test_the_ledger_of_the_demo_counts_what_the_verdict_counts(small_demo: demo.Demo) -> None:
    data = small_demo.index.parents[2] / "data"
    lake, accounts = Lake(data / "lake"), list(registry.read(data / "registry").accounts["account_id"])
    weeks = [Week.parse(text) for text in ("2024-W25", "2024-W26", "2024-W27", "2024-W28", "2024-W29")]
    assert_tied(lake, accounts, weeks, CHOICES)
    assert ledger(lake, accounts, weeks, DEFAULTS)["why"].nunique() > 2


# --- the words


@pytest.mark.parametrize(
    ("cells", "changes", "why"),
    [
        ({}, {}, "own"),
        ({"is_ad": None, "is_pinned": True, "edited_at": W22}, {}, "own"),
        ({"is_ad": True}, {}, "own_ad"),
        ({"is_ad": True}, {"count_ads": False}, "ad"),
        ({"missed_at": W22}, {}, "own_removed"),
        ({"missed_at": W22}, {"count_removed": False}, "removed"),
        ({"missed_at": W22, "is_ad": True}, {}, "own_removed"),
        ({"is_repost": True, "is_ad": True, "missed_at": W22}, {"count_ads": False, "count_removed": False}, "repost"),
        ({"is_repost": None}, {}, "repost_unknown"),
        ({"is_repost": None, "is_ad": True}, {"count_ads": False}, "ad"),
        ({"is_repost": None}, {"count_reposts": True}, "repost_counted"),
        ({"is_repost": True}, {"count_reposts": True}, "repost_counted"),
        ({"own": False}, {}, "not_own"),
        ({"own": False, "is_repost": None}, {}, "not_own"),
        ({"own": False, "is_repost": True}, {}, "not_own"),
        ({"is_ad": True}, {"count_ads": False, "distinct_days": True}, "ad"),
    ],
)
def test_each_post_has_its_word(small: Small, cells: dict[str, Any], changes: dict[str, Any], why: str) -> None:
    small.post("22.05 12:00", **cells)
    assert whys(small, **changes) == [why]


def test_three_posts_on_one_day_are_three_unless_days_are_counted(small: Small) -> None:
    for minute in (1, 2, 3):
        small.post(f"22.05 12:0{minute}")
    small.post("23.05 00:00")
    assert whys(small) == ["own"] * 4
    assert whys(small, distinct_days=True) == ["own", "same_day", "same_day", "own"]


def test_a_repost_before_it_does_not_make_a_post_the_second_of_its_day(small: Small) -> None:
    small.post("22.05 12:01", is_repost=True)
    small.post("22.05 12:02", is_repost=None)
    small.post("22.05 12:03")
    assert whys(small, distinct_days=True) == ["repost", "repost_unknown", "own"]


def test_ads_and_vanished_posts_are_each_left_out_once(small: Small) -> None:
    small.post("20.05 12:00", is_ad=True)
    small.post("21.05 12:00", is_ad=True, missed_at=W22)
    small.post("22.05 12:00", missed_at=W22)
    assert whys(small, count_ads=False, count_removed=False) == ["ad", "ad", "removed"]


def test_the_week_goes_from_its_first_to_its_last_second_in_kirov(small: Small) -> None:
    for moment in (W21 - SECOND, W21, W22 - SECOND, W22):
        small.post(moment)
    small.covered()
    rows = ledger(small.store(), ["vk:a"], [WEEK], DEFAULTS)
    assert list(rows["post_id"]) == ["2", "3"]
    assert set(rows["week_start"]) == {pd.Timestamp(WEEK.start)}


def test_weeks_may_have_gaps_and_each_post_is_in_its_own(small: Small) -> None:
    for moment in (W20, W21, W22):
        small.post(moment)
    small.covered()
    rows = ledger(small.store(), ["vk:a"], [WEEKS[0], WEEKS[2]], DEFAULTS)
    assert list(rows["week_start"]) == [pd.Timestamp(WEEKS[0].start), pd.Timestamp(WEEKS[2].start)]


def test_only_the_latest_version_of_a_post_is_listed(small: Small) -> None:
    small.post("22.05 12:00", text="сначала")
    small.batch.posts.append(small.batch.posts[0] | {"version": 2, "text": "потом", "edited_at": at("22.05 13:00")})
    small.covered()
    rows = ledger(small.store(), ["vk:a"], [WEEK], DEFAULTS)
    assert list(rows["text"]) == ["потом"]
    assert list(rows["version"]) == [2]


def test_a_week_without_posts_gives_the_same_columns_without_rows(small: Small) -> None:
    small.post("22.05 12:00")
    small.covered()
    lake = small.store()
    empty, full = ledger(lake, ["vk:b"], [WEEK], DEFAULTS), ledger(lake, ["vk:a"], [WEEK], DEFAULTS)
    assert empty.empty
    assert list(empty.dtypes) == list(full.dtypes)
    assert list(full)[:3] == ["account_id", "week_start", "post_id"]


def test_an_empty_lake_is_an_error_and_not_an_empty_ledger(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="kirov collect"):
        ledger(Lake(tmp_path / "lake"), ["vk:a"], [WEEK], DEFAULTS)


def test_every_word_has_a_russian_sentence_of_its_own() -> None:
    assert len(set(WHY.values())) == len(WHY)
    assert all(text[0].islower() and not text.endswith(".") for text in WHY.values())
