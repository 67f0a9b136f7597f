from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from fake_vk import NOW, FakeVk, target

from kirovlib import tables
from kirovlib.platforms import vk_rows
from kirovlib.platforms.base import Window
from kirovlib.platforms.vk_wall import WallReader

EXPECTED = Path(__file__).with_name("expected") / "vk"
RECORDED_VK = Path(__file__).parents[1] / os.environ.get("KIROV_RECORDED", "../shared/real") / "vk"
NAMES = sorted(
    {file.stem for pattern in ("wall_*.json", "groups_*.json") for file in RECORDED_VK.glob(pattern)}
    | {file.name.removesuffix(".expected.csv") for file in EXPECTED.glob("*.expected.csv")}
)
POST_COLUMNS = ("post_id", "posted_at", "own", "is_repost", "is_ad", "is_pinned", "edited_at")
PROFILE_COLUMNS = (
    "platform_id",
    "has_avatar",
    "has_cover",
    "verified",
    "government_mark",
    "subscriber_count",
    "status",
)
LINK_COLUMNS = ("menu", "links", "action_button")

pytestmark = pytest.mark.recorded


def answer(recorded: Path, name: str) -> Any:
    return json.loads((recorded / "vk" / f"{name}.json").read_text(encoding="utf-8"))


def wall_reader() -> WallReader:
    return WallReader({"owner_id": -1}, Window(datetime(2000, 1, 1, tzinfo=UTC), NOW), 100)


def parsed(name: str, body: Any) -> list[dict[str, Any]]:
    """What our parsers make of a recorded answer, without texts and addresses."""
    if name.startswith("groups_"):
        response = body["response"]
        groups = response["groups"] if isinstance(response, dict) else response
        profiles = [vk_rows.profile_row("vk:x", group, NOW, "sha") for group in groups]
        return [
            {column: row[column] for column in PROFILE_COLUMNS}
            | {
                f"{column}_count": None if row[column] is None else len(json.loads(row[column]))
                for column in LINK_COLUMNS
            }
            for row in profiles
        ]
    response = body["response"]
    if isinstance(response, list):
        wall = wall_reader()
        wall.take(response, NOW, "sha")
        return [{"refused": wall.reason}]
    rows = [vk_rows.post_row("vk:x", item, NOW, "sha") for item in response["items"]]
    return [{column: row[column] for column in POST_COLUMNS} for row in rows]


def as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_answer_is_parsed_as_its_pair_says(recorded: Path, name: str) -> None:
    pair = EXPECTED / f"{name}.expected.csv"
    made = as_csv(parsed(name, answer(recorded, name)))
    assert pair.is_file(), f"no pair for {name}: check this and store it as {pair}\n{made}"
    assert made == pair.read_text(encoding="utf-8")


def test_the_recorded_answers_are_found(recorded: Path) -> None:
    assert recorded.is_dir()
    assert len(NAMES) >= 8


WALL = "wall_get_club51873373_50posts_2020"


def test_the_recorded_wall_has_45_own_posts_and_5_reposts_week_by_week(recorded: Path) -> None:
    kirov = ZoneInfo("Europe/Kirov")
    items = answer(recorded, WALL)["response"]["items"]

    def monday(second: int) -> date:
        day = datetime.fromtimestamp(second, kirov).date()
        return day - timedelta(days=day.isocalendar().weekday - 1)

    by_hand = Counter((monday(item["date"]), "copy_history" in item) for item in items)
    rows = [vk_rows.post_row("vk:x", item, NOW, "sha") for item in items]
    by_rows = Counter((monday(int(row["posted_at"].timestamp())), row["is_repost"]) for row in rows if row["own"])
    assert by_rows == by_hand
    totals = Counter(row["is_repost"] for row in rows)
    assert totals == {False: 45, True: 5}
    assert sum(row["is_pinned"] for row in rows) == 1
    assert [row["is_repost"] for row in rows if row["is_ad"]] == [True] * 3


def test_signers_of_the_recorded_wall_are_in_no_row_and_not_in_the_raw_record(recorded: Path) -> None:
    body = answer(recorded, WALL)
    signers = {str(item["signer_id"]) for item in body["response"]["items"] if "signer_id" in item}
    assert signers
    fake = FakeVk([51873373], kind="service", fault=lambda method, _: body if method == "wall.get" else None)
    window = Window(datetime(2020, 1, 13, tzinfo=UTC), datetime(2020, 1, 20, tzinfo=UTC))
    reading = fake.read([target(51873373)], window)[0]
    assert len(reading.posts) == 50
    text = json.dumps([reading.posts, reading.raw], default=str)
    assert not [signer for signer in signers if signer in text]


def test_the_recorded_visitors_wall_has_no_own_post_and_none_of_their_texts(recorded: Path) -> None:
    items = answer(recorded, "wall_get_club33438842_visitors_modern_fields")["response"]["items"]
    rows = [vk_rows.post_row("vk:x", item, NOW, "sha") for item in items]
    assert [row["own"] for row in rows] == [False] * 5
    assert {row["text"] for row in rows} == {""}
    kept = [vk_rows.stored_item(item) for item in items]
    assert {key for item in kept for key in item} == {"id", "owner_id", "date", "visitor"}


def test_the_legacy_array_is_refused_loudly_and_costs_no_other_account(recorded: Path) -> None:
    legacy = answer(recorded, "wall_get_club62661355_legacy_v3_array")
    fake = FakeVk([1, 2], kind="service")
    fake.fault = lambda method, form: legacy if method == "wall.get" and form["owner_id"] == "-1" else None
    readings = fake.read()
    assert [reading.reason for reading in readings] == ["answer_not_understood", ""]
    assert readings[0].covered_from is None


@pytest.mark.parametrize(
    "name",
    ["groups_getById_94_institutions", "groups_getById_legacy_array_two", "groups_getById_dostigenie_deti_web_v5_285"],
)
def test_profiles_come_in_either_envelope(recorded: Path, name: str) -> None:
    body = answer(recorded, name)
    groups = body["response"]["groups"] if isinstance(body["response"], dict) else body["response"]
    numbers = [group["id"] for group in groups]
    fake = FakeVk(numbers, fault=lambda method, _: body if method == "groups.getById" else None)
    readings = fake.read(map(target, reversed(numbers)))
    names = {reading.account_id: reading.profile["name"] for reading in readings if reading.profile}
    assert names == {f"vk:{group['id']}": group.get("name") for group in groups}
    profiles = [{**reading.profile, "run_id": "r", "batch": 1} for reading in readings if reading.profile]
    assert len(tables.to_arrow(tables.ProfileSnapshots, pd.DataFrame(profiles))) == len(numbers)


def test_the_state_mark_that_was_not_asked_for_stays_unknown(recorded: Path) -> None:
    groups = answer(recorded, "groups_getById_94_institutions")["response"]["groups"]
    rows = [vk_rows.profile_row("vk:x", group, NOW, "sha") for group in groups]
    assert {row["government_mark"] for row in rows} == {None}
    asked = answer(recorded, "groups_getById_dostigenie_deti_web_v5_285")["response"]["groups"][0]
    assert vk_rows.profile_row("vk:x", asked, NOW, "sha")["government_mark"] is False
