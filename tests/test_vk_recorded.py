"""Recorded envelopes of VK against tables of what they mean; a new recording without a row fails."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from fake_vk import TOKEN, FakeVk

from kirovlib import tables
from kirovlib.platforms import vk_profiles
from kirovlib.platforms.base import Target

EXPECTED = Path(__file__).with_name("expected")
RECORDED_VK = Path(__file__).parents[1] / os.environ.get("KIROV_RECORDED", "../shared/real") / "vk"
KINDS = ("service", "user")

pytestmark = pytest.mark.recorded


def rows(table: str) -> dict[str, dict[str, str]]:
    with (EXPECTED / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def names(table: str, pattern: str) -> list[str]:
    """Both what was recorded and what is expected, so that neither may lack the other."""
    return sorted({file.stem for file in RECORDED_VK.glob(pattern)} | set(rows(table)))


def answer(recorded: Path, folder: str, name: str) -> Any:
    return json.loads((recorded / "vk" / folder / f"{name}.json").read_text(encoding="utf-8"))


def expected(table: str, name: str) -> dict[str, str]:
    found = rows(table).get(name)
    assert found is not None, f"no row for {name} in tests/expected/{table}.csv: decide what it means and add it"
    return found


def walls_asked(fake: FakeVk) -> int:
    return fake.count("wall.get") + sum(fake.batches())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", names("vk_errors", "errors/*.json"))
def test_a_recorded_error_of_a_wall_means_what_its_row_says(recorded: Path, name: str, kind: str) -> None:
    row, body = expected("vk_errors", name), answer(recorded, "errors", name)
    assert str(body["error"]["error_code"]) == row["code"]
    assert row["reason"] in tables.COVERAGE_REASONS
    fake = FakeVk([1, 2, 3], kind=kind)
    if kind == "user":
        fake.walls[2] = {"error": body["error"]}
    else:
        fake.fault = lambda method, form: body if method == "wall.get" and form["owner_id"] == "-2" else None
    readings, stopped = fake.read_until_stopped()
    assert readings[1].reason == row["reason"]
    assert (stopped.reason if stopped else "") == (row["reason"] if row["stops"] == "yes" else "")
    if stopped is None or kind == "user":
        assert [reading.outcome for reading in readings[::2]] == ["collected"] * 2
    probes = sum(fake.batches()[:1]) if kind == "service" else 0
    assert (walls_asked(fake) - probes > 3) == (row["is_retried"] == "yes")
    assert TOKEN not in f"{stopped!r} {stopped}"


@pytest.mark.parametrize("name", names("vk_errors", "errors/*.json"))
def test_a_recorded_error_of_the_communities_stops_or_costs_the_one_account(recorded: Path, name: str) -> None:
    row, body = expected("vk_errors", name), answer(recorded, "errors", name)

    def fault(method: str, form: dict[str, str]) -> Any:
        return body if method == "groups.getById" and "2" in form["group_ids"].split(",") else None

    readings, stopped = FakeVk([1, 2, 3], fault=fault).read_until_stopped()
    if row["is_retried"] == "yes":
        assert (stopped.reason if stopped else "", readings) == ("network", [])
    elif row["stops"] == "yes":
        assert (stopped.reason if stopped else "", readings) == (row["reason"], [])
    else:
        assert [reading.outcome == "collected" for reading in readings] == [True, False, True]
        assert readings[1].reason == row["reason"]


@pytest.mark.parametrize("name", names("vk_communities", "groups_getById*.json"))
def test_communities_are_found_in_either_recorded_envelope_by_number_and_by_name(recorded: Path, name: str) -> None:
    row, body = expected("vk_communities", name), answer(recorded, "", name)
    assert ("list" if isinstance(body["response"], list) else "groups") == row["envelope"]
    groups = body["response"] if isinstance(body["response"], list) else body["response"]["groups"]
    fake = FakeVk([], fault=lambda method, _: body if method == "groups.getById" else None)
    for column, key in (("community_count", "id"), ("named_count", "screen_name")):
        keys = [str(group[key]).lower() for group in groups if key in group]
        said = vk_profiles.by_key(fake.vk(), keys, "")
        assert str(sum(finding.group is not None for finding in said.values())) == row[column]
        assert [finding.number for finding in said.values()] == [str(group["id"]) for group in groups]


@pytest.mark.parametrize("name", names("vk_names", "utils_resolveScreenName*.json"))
def test_a_recorded_name_leads_where_its_row_says(recorded: Path, name: str) -> None:
    row, body = expected("vk_names", name), answer(recorded, "", name)
    assert vk_profiles.resolved(body["response"]) == (row["type"], row["number"])
    fake = FakeVk([int(row["number"])])
    fake.names["recorded_name"] = body["response"]
    reading = fake.read([Target("vk:recorded_name", "https://vk.com/recorded_name")])[0]
    assert reading.reason == row["reason"]
    assert reading.profile is not None
    assert reading.profile["platform_id"] == row["number"]


def test_the_recordings_are_found(recorded: Path) -> None:
    assert recorded.is_dir()
    assert len(names("vk_errors", "errors/*.json")) >= 12
