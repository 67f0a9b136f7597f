"""The recorded answers of the real network, the whole way from HTTP to verdicts."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest

from kirovlib import demo
from kirovlib.order.evaluate import Judgement, judge
from kirovlib.sandbox import load_recording
from kirovlib.settings import Settings

pytestmark = pytest.mark.recorded

WALL = "vk:51873373"


@pytest.fixture(scope="module")
def gathered(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, pd.DataFrame]:
    source = load_recording(recorded)
    _, window = demo._period(source, 1)
    settings, _ = demo.gather(tmp_path_factory.mktemp("replay"), source, window, progress=False)
    return settings, demo._recorded_weeks(settings, source)


@pytest.fixture(scope="module")
def judged(gathered: tuple[Settings, pd.DataFrame]) -> Judgement:
    return judge("2024-W23", gathered[0].data_dir)


def mondays_counted_by_hand(file: Path) -> tuple[Counter[date], Counter[date]]:
    """Own posts and reposts by local Monday: UTC+3 all through these years, no code of ours."""
    own: Counter[date] = Counter()
    reposts: Counter[date] = Counter()
    for item in json.loads(file.read_text(encoding="utf-8"))["response"]["items"]:
        day = datetime.fromtimestamp(item["date"], UTC).astimezone(timezone(timedelta(hours=3))).date()
        monday = day - timedelta(days=day.weekday())
        (reposts if item.get("copy_history") else own)[monday] += 1
    return own, reposts


def test_the_recorded_wall_has_45_own_posts_and_5_reposts_by_week_as_counted_by_hand(
    recorded: Path, gathered: tuple[Settings, pd.DataFrame]
) -> None:
    own, reposts = mondays_counted_by_hand(recorded / "vk" / "wall_get_club51873373_50posts_2020.json")
    weeks = gathered[1]
    weeks = weeks[weeks["account_id"] == WALL]
    assert (weeks["own_count"].sum(), weeks["repost_count"].sum()) == (45, 5)
    assert dict(zip(weeks["week_start"].dt.date, weeks["own_count"], strict=True)) == {
        monday: own.get(monday, 0) for monday in sorted(own | reposts)
    }
    assert weeks["repost_count"].tolist() == [reposts.get(monday, 0) for monday in sorted(own | reposts)]


def test_only_the_week_between_the_oldest_post_and_the_recording_counts_as_read(
    gathered: tuple[Settings, pd.DataFrame],
) -> None:
    weeks = gathered[1]
    complete = weeks[(weeks["account_id"] == WALL) & weeks["is_complete"]]
    assert complete["week_start"].dt.date.tolist() == [date(2020, 1, 13)]


def test_the_94_recorded_communities_get_the_verdicts_that_readers_of_the_order_expect(judged: Judgement) -> None:
    def by_reason(clause: str) -> dict[tuple[str, str], int]:
        rows = judged.findings[(judged.findings["clause"] == clause) & (judged.findings["reason"] != "not_in_scope")]
        return {
            (str(verdict), str(reason)): int(n)
            for (verdict, reason), n in rows.groupby(["verdict", "reason"]).size().items()
        }  # type: ignore[misc]

    assert by_reason("vk_report_problem") == {
        ("passed", "found"): 87,
        ("failed", "missing"): 6,
        ("cannot_tell", "link_misspelt"): 1,
    }
    assert by_reason("vk_voice_opinion") == {
        ("passed", "found"): 82,
        ("failed", "missing"): 7,
        ("failed", "link_broken"): 2,
        ("cannot_tell", "link_misspelt"): 3,
    }
    assert by_reason("posts_per_week") == {("cannot_tell", "not_recorded"): 94}


def test_every_damaged_recorded_link_has_a_repaired_address_or_says_why_not(judged: Judgement) -> None:
    damaged = judged.findings[
        judged.findings["reason"].isin(["link_misspelt", "link_broken"])
        | judged.findings["note"].fillna("").str.contains("utm_damaged")
    ]
    assert len(damaged) > 20
    assert (
        damaged["repair"]
        .str.match(r"https://pos\.gosuslugi\.ru/(form/\?opaId=\d+|og/org-activities\?(reg|mun)_code=\d+)&")
        .all()
    )
    assert not damaged["repair"].str.contains("=43").any()


def test_the_report_of_a_recording_is_written_although_no_week_of_it_was_read(
    gathered: tuple[Settings, pd.DataFrame],
) -> None:
    index = demo.reports.build(gathered[0], demo.Period.parse("2024-W23"), progress=False)
    page = (index.parent / "02_posting_frequency.html").read_text(encoding="utf-8")
    assert "ни одна неделя не прочитана целиком" in page
    assert "Записанные ответы сети" in page


def test_what_was_not_recorded_is_never_an_empty_page(judged: Judgement) -> None:
    assert set(judged.coverage["outcome"]) <= {"partial", "not_collected"}
    assert not judged.coverage["reached_end"].any()
