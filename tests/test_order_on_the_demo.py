"""What `kirov findings` says of the demo world is the world's truth, for every clause, institution and account."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from kirovlib import cli, demo
from kirovlib.order.evaluate import judge
from kirovlib.sandbox import World, build_world
from kirovlib.weeks import Week

KEY = ["clause", "institution_id", "account_id", "verdict", "reason"]
EVERY_CLAUSE = {
    "scope", "required_contents", "ok_government_mark", "vk_report_problem", "vk_voice_opinion", "vk_portal_mini_app",
    "gospabliki", "posts_per_week", "group_decisions",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `kirov demo` leaves: the default world, collected."""
    folder = tmp_path_factory.mktemp("demo")
    assert CliRunner().invoke(cli.main, ["demo", "--out", str(folder)]).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


def rows(findings: pd.DataFrame) -> Counter[tuple[str, ...]]:
    return Counter(findings[KEY].fillna("").itertuples(index=False, name=None))


@pytest.mark.parametrize("label", ["2024-W21", "2024-W28"])
def test_the_findings_of_a_week_are_the_worlds_truth(home: Path, world: World, label: str) -> None:
    told = CliRunner().invoke(cli.main, ["findings", "--week", label, "--home", str(home), "--json"])
    assert told.exit_code == 3  # some channels and groups cannot be read: said, and stamped
    found, truth = rows(pd.DataFrame(json.loads(told.stdout))), rows(world.truth(Week.parse(label)))
    assert (found - truth, truth - found) == (Counter(), Counter())
    assert {clause for clause, *_ in found} == EVERY_CLAUSE


def test_every_week_of_the_window_is_the_worlds_truth(home: Path, world: World) -> None:
    weeks = [Week(start.date()) for start in sorted(world.counts["week_start"].unique())]
    assert len(weeks) == 12
    wrong = {}
    for week in weeks:
        found, truth = rows(judge(week.label, home / "data").findings), rows(world.truth(week))
        wrong |= {(week.label, row): count for row, count in ((found - truth) + (truth - found)).items()}
    assert wrong == {}


def test_the_truth_holds_every_verdict_and_most_reasons(world: World) -> None:
    weeks = [world.truth(Week.parse(label)) for label in ("2024-W19", "2024-W20", "2024-W21", "2024-W28")]
    truth = pd.concat(weeks)
    assert set(truth["verdict"]) == {"passed", "failed", "cannot_tell", "inapplicable", "untested"}
    assert truth["reason"].nunique() > 30


def test_smaller_and_other_worlds_are_judged_as_truly(tmp_path: Path) -> None:
    for institutions, seed in ((30, 7), (12, 3)):
        made = demo.run(tmp_path / str(seed), institutions=institutions, weeks=3, seed=seed, progress=False)
        other = build_world(institutions=institutions, weeks=3, seed=seed)
        data = made.index.parents[2] / "data"
        found, truth = rows(judge("2024-W28", data).findings), rows(other.truth(Week.parse("2024-W28")))
        assert (found - truth, truth - found) == (Counter(), Counter())
