"""What was read held against what is stored: nothing that was known once gets lost, nothing foreign comes in."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kirovlib import tables
from kirovlib.collect import collect, runs, selection
from kirovlib.counts import weekly_counts
from kirovlib.lake import Lake
from kirovlib.merge_posts import new_posts
from kirovlib.platforms import base
from kirovlib.platforms.networks import NETWORKS
from kirovlib.settings import Settings
from kirovlib.weeks import Week

WEEK = Week.parse("2024-W21")
NOW = (WEEK.ends_at + timedelta(hours=9)).astimezone(UTC)
WINDOW = base.Window(WEEK.starts_at, NOW)


def post(number: int, **changes: Any) -> dict[str, Any]:
    told = {"own": True, "is_repost": False, "is_ad": False, "is_pinned": False, "edited_at": None, "missed_at": None}
    moments = {"posted_at": WEEK.starts_at + timedelta(hours=number), "observed_at": NOW, "last_seen_at": NOW}
    names = {"account_id": "vk:1", "post_id": f"-1_{number}", "url": f"https://vk.com/wall-1_{number}", "text": "…"}
    return {**told, **moments, **names, "reposted_from_url": None, "raw_sha256": "0" * 64, **changes}


def reading(*posts: dict[str, Any], **changes: Any) -> base.Reading:
    covered = {"covered_from": WINDOW.starts_at, "covered_until": NOW}
    return base.Reading("vk:1", "collected", **{**covered, "posts": list(posts), **changes})


def stored(*posts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["post_id"]: {**row, "version": 1} for row in posts}


def test_an_own_post_that_the_network_now_hides_has_vanished_and_stays_own() -> None:
    (row,) = new_posts(reading(post(5, own=False, text="")), stored(post(5)))
    assert (row["own"], row["text"], row["missed_at"], row["version"]) == (True, "…", NOW, 2)
    assert new_posts(reading(post(5, own=False)), stored({**post(5), "missed_at": NOW})) == []


def test_what_the_network_told_once_and_does_not_tell_now_stays_known() -> None:
    untold = post(5, is_repost=None, is_ad=None, is_pinned=None)
    assert new_posts(reading(untold), stored(post(5))) == []
    (row,) = new_posts(reading({**untold, "text": "other"}), stored(post(5, is_repost=True)))
    assert (row["is_repost"], row["text"]) == (True, "other")


def test_a_mark_that_is_told_later_becomes_known() -> None:
    (row,) = new_posts(reading(post(5)), stored(post(5, is_repost=None)))
    assert (row["is_repost"], row["version"]) == (False, 2)


class Wall(base.Platform):
    """A network that answers the same readings whatever is asked, and remembers for whom it was asked."""

    name = "vk"

    def __init__(self, *answers: base.Reading) -> None:
        self.answers, self.asked = answers, []  # type: ignore[var-annotated]

    def readings(self, targets: Any, window: Any) -> Any:  # noqa: ARG002
        self.asked += [target.account_id for target in targets]
        yield from (answer for answer in self.answers if answer.account_id in self.asked)


def gather(home: Path, monkeypatch: pytest.MonkeyPatch, answer: base.Reading, platform_id: str | None = None) -> Wall:
    wall = Wall(answer)

    @contextmanager
    def connect(_: Settings, __: threading.Event) -> Any:
        yield wall

    monkeypatch.setitem(NETWORKS, "vk", base.Network("vk", "ВКонтакте", connect))
    row = {"account_id": "vk:1", "institution_id": "1", "platform": "vk", "url": "https://vk.com/a"}
    accounts = tables.validate(tables.Accounts, pd.DataFrame([row | {"platform_id": platform_id}]))
    collect(Settings(home, clock=lambda: NOW), accounts, WINDOW, progress=False)
    return wall


def profile(number: str) -> dict[str, Any]:
    return {"account_id": "vk:1", "platform_id": number, "collected_at": NOW, "status": "live"}


def test_a_register_that_names_another_community_than_the_stored_one_mixes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather(tmp_path, monkeypatch, reading(*(post(n) for n in range(1, 5)), profile=profile("77")))
    wall = gather(tmp_path, monkeypatch, reading(post(9), profile=profile("78")), platform_id="78")
    assert wall.asked == []
    lake = Lake(tmp_path / "data" / "lake")
    assert list(lake.table("coverage")["reason"].fillna("")) == ["", "address_moved"]
    assert list(weekly_counts(lake, ["vk:1"], [WEEK])["own_count"]) == [4]


def test_the_same_number_is_read_on_however_a_bot_writes_it() -> None:
    for named, met, elsewhere in (
        ("5", "5", False),
        ("-1005", "5", False),
        ("", "5", False),
        ("5", "", False),
        ("6", "5", True),
    ):
        assert selection.leads_elsewhere(base.Target("telegram:a", "", named, met)) is elsewhere


def older(number: int, **changes: Any) -> dict[str, Any]:
    return post(number, posted_at=WEEK.starts_at - timedelta(days=number), **changes)


@pytest.mark.parametrize(("reached_end", "kept"), [(False, {1, 13}), (True, {1, 13, 15})])
def test_posts_from_before_the_window_are_left_out_but_the_first_ever_and_a_pinned_one(
    reached_end: bool, kept: set[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = [post(1), older(12), older(13, is_pinned=True), older(14), older(15)]
    metrics = [{"account_id": "vk:1", "post_id": row["post_id"], "observed_at": NOW} for row in posts]
    gather(tmp_path, monkeypatch, reading(*posts, metrics=metrics, reached_end=reached_end))
    lake = Lake(tmp_path / "data" / "lake")
    for name in ("posts", "post_metrics"):
        assert {int(key.partition("_")[2]) for key in lake.table(name)["post_id"]} == kept


def test_the_first_accounts_that_were_not_collected_are_named() -> None:
    run = runs.Run.__new__(runs.Run)
    run.summary = runs.Summary("r")
    for number in range(8):
        run._count("vk", base.Reading(f"vk:{number}", "partial", "wall_closed"))
    run._count("vk", base.Reading("vk:9", "collected"))
    assert run.summary.examples["vk", "partial", "wall_closed"] == [f"vk:{number}" for number in range(runs.EXAMPLES)]
    assert run.summary.examples["vk", "collected", ""] == []
