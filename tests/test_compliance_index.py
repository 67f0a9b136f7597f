"""The compliance index: weights, zones, what counts and what does not, the file of weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from small_lake import OGRN, Small

from kirovlib.errors import ClausesError
from kirovlib.order import clauses
from kirovlib.order.compliance_index import INDEX_TOML, ZONES, Weights, compliance_index, load_for
from kirovlib.order.evaluate import Judgement, judge

KEYS = [clause.key for clause in clauses.load()]
SHIPPED = INDEX_TOML.read_text(encoding="utf-8")
POSTS, PROBLEM, OPINION, SCOPE = "posts_per_week", "vk_report_problem", "vk_voice_opinion", "scope"
# A finding: clause, verdict, how many of them.
Found = Sequence[tuple[str, str, int]]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    small = Small(tmp_path_factory.mktemp("index"))
    small.covered()
    small.post("10.05 12:00")
    small.posts(3)
    small.snapshot([("", f"https://pos.gosuslugi.ru/form/?opaId=1&utm_campaign={OGRN}")])
    small.store()
    return judge("2024-W21", small.home)


def index_of(judged: Judgement, found: Found, weights: Weights | None = None) -> dict[str, Any]:
    """The row of an institution with these findings."""
    rows = indexes(judged, {"1": found}, weights)
    return {str(key): cell for key, cell in rows.iloc[0].items()}


def indexes(judged: Judgement, bodies: dict[str, Found], weights: Weights | None = None) -> pd.DataFrame:
    row = judged.findings.iloc[0].to_dict()
    made = [
        row | {"institution_id": body, "clause": clause, "verdict": verdict}
        for body, found in bodies.items()
        for clause, verdict, count in found
        for _ in range(count)
    ]
    return compliance_index(replace(judged, findings=pd.DataFrame(made)), weights)


def weighed(green: float = 90, yellow: float = 70, **weights: float) -> Weights:
    return Weights(dict.fromkeys(KEYS, 0) | weights, green, yellow)


# --- what counts


def test_a_clause_counts_with_its_weight(judged: Judgement) -> None:
    found = [(POSTS, "failed", 1), (PROBLEM, "passed", 1), (OPINION, "passed", 1)]
    assert index_of(judged, found)["index_percent"] == 40.0  # 2 of 3 + 1 + 1
    even = weighed(posts_per_week=1, vk_report_problem=1, vk_voice_opinion=1)
    assert index_of(judged, found, even)["index_percent"] == 66.7
    heavy = weighed(posts_per_week=0.5, vk_report_problem=2, vk_voice_opinion=2)
    assert index_of(judged, found, heavy)["index_percent"] == 88.9


def test_a_clause_of_many_findings_counts_with_the_share_that_passed(judged: Judgement) -> None:
    found = [(POSTS, "passed", 3), (POSTS, "failed", 1), (PROBLEM, "failed", 1)]
    row = index_of(judged, found)
    assert row["index_percent"] == 56.2  # (3 * 3 / 4 + 0) / 4, to one place
    assert row["failed_count"] == 2


def test_a_clause_without_weight_is_left_out_but_its_breach_is_never_green(judged: Judgement) -> None:
    found = [(SCOPE, "failed", 1), (SCOPE, "cannot_tell", 1), (PROBLEM, "passed", 1)]
    assert index_of(judged, found) == {
        "institution_id": "1", "index_percent": 100.0, "decided_share": 1.0, "failed_count": 1, "zone": "yellow",
    }  # fmt: skip
    assert index_of(judged, found, weighed(scope=1))["index_percent"] == 0.0


def test_what_cannot_be_told_makes_less_decided_but_the_index_no_lower(judged: Judgement) -> None:
    passed = [(POSTS, "passed", 2), (PROBLEM, "failed", 1)]
    sure = index_of(judged, passed)
    for unknown in ((POSTS, "cannot_tell", 1), (OPINION, "cannot_tell", 1)):
        row = index_of(judged, [*passed, unknown])
        assert row["index_percent"] == sure["index_percent"] == 75.0
        assert (sure["decided_share"], row["decided_share"]) == (1.0, 0.75)
        assert row["zone"] == sure["zone"]


def test_what_does_not_apply_or_was_not_tested_counts_nowhere(judged: Judgement) -> None:
    passed = [(POSTS, "passed", 1), (PROBLEM, "failed", 1)]
    more = [(verdict_of, verdict, 3) for verdict_of in KEYS for verdict in ("inapplicable", "untested")]
    assert index_of(judged, [*passed, *more]) == index_of(judged, passed)


def test_where_nothing_is_decided_there_is_no_index_and_no_zone(judged: Judgement) -> None:
    row = index_of(judged, [(POSTS, "cannot_tell", 2), (PROBLEM, "inapplicable", 1)])
    assert pd.isna(row["index_percent"])
    assert (row["decided_share"], row["failed_count"], row["zone"]) == (0.0, 0, "none")


def test_an_institution_that_nothing_applies_to_has_no_row(judged: Judgement) -> None:
    bodies = {"b": [(POSTS, "passed", 1)], "a": [(POSTS, "failed", 1)], "c": [(POSTS, "inapplicable", 1)]}
    assert list(indexes(judged, bodies)["institution_id"]) == ["a", "b"]
    assert indexes(judged, {"c": bodies["c"]}).empty


def test_each_institution_is_summed_for_itself(judged: Judgement) -> None:
    bodies = {"a": [(POSTS, "passed", 1)], "b": [(POSTS, "failed", 2)], "c": [(POSTS, "cannot_tell", 1)]}
    rows = indexes(judged, bodies)
    assert rows["zone"].tolist() == ["green", "red", "none"]
    assert rows["failed_count"].tolist() == [0, 2, 0]


# --- zones


@pytest.mark.parametrize(
    ("passed", "zone"),
    [(0, "red"), (699, "red"), (700, "yellow"), (899, "yellow"), (900, "yellow"), (999, "yellow"), (1000, "green")],
)
def test_zones_begin_at_their_numbers_and_none_is_green_with_a_breach(
    judged: Judgement, passed: int, zone: str
) -> None:
    row = index_of(judged, [(POSTS, "passed", passed), (POSTS, "failed", 1000 - passed)])
    assert (row["index_percent"], row["zone"]) == (passed / 10, zone)


@pytest.mark.parametrize(("yellow", "zone"), [(39.9, "yellow"), (40, "yellow"), (40.1, "red")])
def test_zones_are_those_of_the_weights(judged: Judgement, yellow: float, zone: str) -> None:
    found = [(POSTS, "passed", 2), (POSTS, "failed", 3)]
    assert index_of(judged, found, weighed(100, yellow, posts_per_week=1))["zone"] == zone


def test_a_breach_is_never_green_whatever_the_zones_are(judged: Judgement) -> None:
    found = [(POSTS, "passed", 9), (POSTS, "failed", 1)]
    assert index_of(judged, found, weighed(0, 0, posts_per_week=1))["zone"] == "yellow"
    assert index_of(judged, found[:1], weighed(100, 100, posts_per_week=1))["zone"] == "green"


def test_an_index_of_just_seventy_is_yellow_however_it_was_summed(judged: Judgement) -> None:
    shares = {"required_contents": 10, "ok_government_mark": 10, PROBLEM: 3, OPINION: 3, "gospabliki": 9}
    found = [(key, "passed", passed) for key, passed in shares.items()]
    found += [(key, "failed", 10 - passed) for key, passed in shares.items() if passed < 10]
    row = index_of(judged, found)
    assert (row["index_percent"], row["zone"]) == (70.0, "yellow")


def test_whatever_is_found_the_index_lies_between_its_ends_and_no_breach_is_green(judged: Judgement) -> None:
    random = Random(131)  # noqa: S311
    verdicts = ["passed", "failed", "cannot_tell", "inapplicable", "untested"]
    bodies = {
        str(number): [(random.choice(KEYS), random.choice(verdicts), random.randint(1, 3)) for _ in range(4)]
        for number in range(200)
    }
    rows = indexes(judged, bodies)
    assert rows["index_percent"].dropna().between(0, 100).all()
    assert rows["decided_share"].between(0, 1).all()
    assert set(rows["zone"]) == set(ZONES)
    assert (rows.loc[rows["zone"] == "green", "failed_count"] == 0).all()
    assert ((rows["zone"] == "none") == rows["index_percent"].isna()).all()


# --- the file


def put(data: Path, text: str) -> Path:
    (data / "order").mkdir(exist_ok=True)
    (data / "order" / "index.toml").write_text(text, encoding="utf-8")
    return data


def test_the_shipped_file_weighs_every_clause_of_the_shipped_order(tmp_path: Path) -> None:
    weights = load_for(tmp_path, KEYS)
    assert set(weights.weights) == set(KEYS)
    assert (weights.weights[POSTS], weights.weights[SCOPE], weights.green, weights.yellow) == (3, 0, 90, 70)


def test_an_index_toml_of_the_data_folder_replaces_the_shipped_one(judged: Judgement, tmp_path: Path) -> None:
    put(tmp_path, "\ufeff" + SHIPPED.replace("posts_per_week = 3", "posts_per_week = 0.5").replace("= 70", "= 60.5"))
    weights = load_for(tmp_path, KEYS)
    assert (weights.weights[POSTS], weights.yellow) == (0.5, 60.5)
    found = [(POSTS, "failed", 1), (PROBLEM, "passed", 1)]
    assert index_of(replace(judged, data=tmp_path), found)["index_percent"] == 66.7
    assert index_of(judged, found)["index_percent"] == 25.0


def test_a_clause_of_an_own_order_needs_its_weight(tmp_path: Path) -> None:
    put(tmp_path, SHIPPED.replace("[zones]", "own_clause = 2\n[zones]"))
    assert load_for(tmp_path, [*KEYS, "own_clause"]).weights["own_clause"] == 2
    with pytest.raises(ClausesError, match="own_clause"):
        load_for(tmp_path, KEYS)


def test_an_own_order_without_a_clause_is_weighed_by_the_shipped_file_all_the_same(tmp_path: Path) -> None:
    assert set(load_for(tmp_path, KEYS[1:]).weights) >= set(KEYS[1:])


def mistakes() -> Iterator[tuple[str, str]]:
    """A wrong file, and what its message names besides the file."""
    yield SHIPPED.replace("posts_per_week = 3", "posts_per_weak = 3"), "posts_per_weak"
    yield SHIPPED.replace("posts_per_week = 3", "posts_per_weak = 3"), "нет: ['posts_per_week']"
    yield SHIPPED.replace("gospabliki = 1\n", ""), "нет: ['gospabliki']"
    yield SHIPPED.replace("gospabliki = 1", "gospabliki = -1"), "['gospabliki']"
    yield SHIPPED.replace("gospabliki = 1", "gospabliki = true"), "['gospabliki']"
    yield SHIPPED.replace("gospabliki = 1", 'gospabliki = "1"'), "['gospabliki']"
    yield SHIPPED.replace("green = 90", "green = 69"), "70 и 69"
    yield SHIPPED.replace("green = 90", "green = 101"), "70 и 101"
    yield SHIPPED.replace("yellow = 70", "yellow = -1"), "-1 и 90"
    yield SHIPPED.replace("yellow = 70", "yellow = nan"), "[zones]"
    yield SHIPPED.replace("green = 90\n", ""), "[zones]"
    yield SHIPPED.replace("green = 90", "grean = 90"), "[zones]"
    yield SHIPPED.replace("green = 90", 'green = "90"'), "[zones]"
    yield SHIPPED + "red = 0\n", "[zones]"
    yield SHIPPED.partition("[zones]")[0], "index.toml"
    yield SHIPPED + "[colours]\n", "index.toml"
    yield SHIPPED.replace("[zones]", "[zones"), "не прочитан"
    yield "", "[weights]"


@pytest.mark.parametrize(("text", "named"), list(mistakes()))
def test_a_mistake_in_the_file_is_refused_with_the_file(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ClausesError, match=r"index\.toml") as caught:
        load_for(put(tmp_path, text), KEYS)
    assert named in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_file_that_is_no_text_is_refused_with_its_name(tmp_path: Path) -> None:
    put(tmp_path, "")
    (tmp_path / "order" / "index.toml").write_bytes("# вес".encode("cp1251"))
    with pytest.raises(ClausesError, match=r"index\.toml.*не прочитан"):
        load_for(tmp_path, KEYS)


ZONED = SHIPPED.partition("[zones]")


@pytest.mark.parametrize(
    "text",
    [
        "weights = 3\n[zones]" + ZONED[2],
        "zones = 3\n" + ZONED[0],
        SHIPPED.replace("[weights]", "[[weights]]"),
        SHIPPED.replace("posts_per_week = 3", "posts_per_week = nan"),
        SHIPPED.replace("posts_per_week = 3", "posts_per_week = inf"),
    ],
)
def test_a_value_in_place_of_a_section_and_weights_that_are_no_numbers_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ClausesError, match=r"index\.toml"):
        load_for(put(tmp_path, text), KEYS)


@pytest.mark.parametrize(("text", "named"), [(ZONED[0], "zones"), (SHIPPED + "[colours]\n", "colours")])
def test_a_section_that_is_missing_or_too_many_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ClausesError, match=named):
        load_for(put(tmp_path, text), KEYS)
