from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from small_lake import KIROV, W20, W21, W22, W23, Small, at

from kirovlib.counts import beginnings, weekly_counts
from kirovlib.errors import LakeError
from kirovlib.lake import Lake
from kirovlib.weeks import Week

SECOND = timedelta(seconds=1)
WEEK = Week.parse("2024-W21")


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def counted(small: Small, *accounts: str, weeks: tuple[str, ...] = ("2024-W21",)) -> dict[str, pd.Series]:
    """The row of each account (of the last week asked for)."""
    lake = small.store()
    rows = weekly_counts(lake, accounts or ("vk:a",), [Week.parse(week) for week in weeks])
    return {str(row["account_id"]): row for _, row in rows.iterrows()}


def test_a_week_begins_on_monday_at_midnight_in_kirov_and_ends_a_second_before_the_next(small: Small) -> None:
    edges = (W21 - SECOND, W21, W22 - SECOND, W22)
    for moment in edges:
        small.post(moment)
    assert [moment.astimezone(UTC).hour for moment in edges] == [20, 21, 20, 21]
    lake = small.store()
    rows = weekly_counts(lake, ["vk:a"], [WEEK.shifted(-1), WEEK, WEEK.shifted(1)])
    assert list(rows["own_count"]) == [1, 2, 1]
    assert [moment.date().isoformat() for moment in rows["week_start"]] == ["2024-05-13", "2024-05-20", "2024-05-27"]


def test_each_kind_of_post_is_counted_where_it_belongs(small: Small) -> None:
    small.posts(3)
    small.posts(2, is_repost=True)
    small.posts(1, is_repost=None)
    small.posts(4, own=False)
    small.posts(4, own=False, is_repost=None)
    small.posts(1, is_ad=True)
    small.posts(1, is_ad=True, is_repost=True)
    small.posts(1, missed_at=W23)
    small.posts(1, missed_at=W23, is_repost=True)
    row = counted(small)["vk:a"]
    columns = ["own_count", "repost_count", "unknown_count", "removed_count", "ad_count"]
    assert [row[column] for column in columns] == [5, 4, 1, 1, 1]


def test_days_are_days_of_kirov(small: Small) -> None:
    for text in ("20.05 00:00", "20.05 23:59", "21.05 00:00", "21.05 12:00"):
        small.post(text)
    small.post("22.05 12:00", is_repost=True)
    assert counted(small)["vk:a"]["own_days_count"] == 2


def test_late_is_more_than_14_days_after_publication(small: Small) -> None:
    for late in (timedelta(), timedelta(days=14), timedelta(days=14, seconds=1)):
        small.post("20.05 12:00", seen=at("20.05 12:00") + late)
    assert counted(small)["vk:a"]["late_count"] == 1


def test_two_runs_together_complete_a_week_and_a_gap_of_one_second_does_not(small: Small) -> None:
    middle = at("23.05 12:00")
    spans = {
        "vk:whole": [(W21, W22)],
        "vk:wider": [(W20, W23)],
        "vk:late_start": [(W21 + SECOND, W23)],
        "vk:early_end": [(W20, W22 - SECOND)],
        "vk:touching": [(W20, middle), (middle, W23)],
        "vk:overlapping": [(W20, middle + SECOND), (middle, W23)],
        "vk:gap": [(W20, middle), (middle + SECOND, W23)],
        "vk:nested": [(W20, W22), (at("21.05 00:00"), middle)],
        "vk:nested_then_gap": [(W20, at("24.05 00:00")), (W20, middle), (at("24.05 00:01"), W23)],
        "vk:later_first": [(middle, W23), (W20, middle)],
        "vk:nothing": [(None, None)],
    }
    for account, parts in spans.items():
        for start, end in parts:
            small.covered(start, end, account)
    rows = counted(small, *spans)
    complete = {account for account, row in rows.items() if row["is_complete"]}
    assert complete == {"vk:whole", "vk:wider", "vk:touching", "vk:overlapping", "vk:nested", "vk:later_first"}


def test_the_coverage_of_one_account_says_nothing_of_another(small: Small) -> None:
    small.covered(account="vk:b")
    rows = counted(small, "vk:a", "vk:b")
    assert (bool(rows["vk:a"]["is_complete"]), bool(rows["vk:b"]["is_complete"])) == (False, True)


def test_an_account_without_posts_has_a_row_for_each_week_and_is_not_complete(small: Small) -> None:
    small.post("20.05 12:00", "vk:other")
    lake = small.store()
    rows = weekly_counts(lake, ["vk:a", "vk:b"], [WEEK, WEEK.shifted(1)])
    assert list(rows["account_id"]) == ["vk:a", "vk:a", "vk:b", "vk:b"]
    assert rows["own_count"].sum() == 0
    assert not rows["is_complete"].any()


def test_an_edited_post_counts_once_and_keeps_its_week(small: Small) -> None:
    small.post("26.05 23:00", post_id="7")
    small.store("r1")
    small.post("26.05 23:00", post_id="7", version=2, edited_at=at("27.05 02:00"), text="changed")
    lake = small.store("r2")
    rows = weekly_counts(lake, ["vk:a"], [WEEK, WEEK.shifted(1)])
    assert list(rows["own_count"]) == [1, 0]


def test_a_lake_with_nothing_in_it_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LakeError):
        weekly_counts(Lake(tmp_path / "lake"), ["vk:a"], [WEEK])


def test_counts_agree_with_a_count_by_plain_dates(small: Small) -> None:
    random = Random(131)  # noqa: S311
    by_hand: dict[tuple[str, str], int] = defaultdict(int)
    weeks = [WEEK.shifted(number) for number in range(-30, 10)]
    for number in range(600):
        account = f"vk:{number % 3}"
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(180 * 86400))
        own, is_repost = random.random() < 0.8, random.choice([True, False, None])
        small.post(moment, account, own=own, is_repost=is_repost)
        local = moment.astimezone(KIROV).date()
        if own and is_repost is False:
            by_hand[account, (local - timedelta(days=local.weekday())).isoformat()] += 1
    lake = small.store()
    rows = weekly_counts(lake, ["vk:0", "vk:1", "vk:2"], weeks)
    found = {
        (row["account_id"], row["week_start"].date().isoformat()): int(row["own_count"]) for _, row in rows.iterrows()
    }
    asked = {key: by_hand.get(key, 0) for key in found}
    assert found == asked
    assert sum(found.values()) > 100


def test_beginnings_are_the_first_post_the_first_live_page_and_the_end_of_the_wall(small: Small) -> None:
    small.post("21.05 12:00")
    small.post("20.05 12:00", own=False)
    small.snapshot([], "15.05 12:00", status="gone")
    small.snapshot([], "16.05 12:00")
    small.snapshot([], "17.05 12:00")
    small.covered(reached_end=True)
    small.covered()
    small.covered(account="vk:b")
    rows = beginnings(small.store()).set_index("account_id")
    assert rows.loc["vk:a", "first_post_at"] == at("20.05 12:00")
    assert rows.loc["vk:a", "first_seen_at"] == at("16.05 12:00")
    assert list(rows["reached_end"]) == [True, False]
    assert pd.isna(rows.loc["vk:b", "first_post_at"])
