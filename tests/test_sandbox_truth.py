"""The emulated world knows the truth about every clause: held against sentences, never against the evaluator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kirovlib import demo, registry, tables
from kirovlib.errors import ParameterError
from kirovlib.platforms.base import Window
from kirovlib.sandbox import World, build_world
from kirovlib.sandbox.judgement import ACCOUNT_CLAUSES, INSTITUTION_CLAUSES
from kirovlib.weeks import Week

LAST = Week.parse("2024-W28")
CLAUSES = [*ACCOUNT_CLAUSES, *INSTITUTION_CLAUSES]
ALL = {"passed", "failed", "cannot_tell", "inapplicable", "untested"}
Truth = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


@pytest.fixture(scope="module")
def vk_world() -> World:
    return build_world(networks=("vk",))


@pytest.fixture(scope="module")
def truth(world: World) -> Truth:
    return remembering(world)


def remembering(world: World) -> Truth:
    """The truth of a week by its label; each is worked out once."""
    known: dict[str, pd.DataFrame] = {}

    def of(label: str) -> pd.DataFrame:
        if label not in known:
            known[label] = world.truth(Week.parse(label))
        return known[label]

    return of


def exempted(world: World, *rows: dict[str, Any]) -> World:
    whole = [{"clause": "*", "act": "Приказ"} | row for row in rows]
    return replace(world, exemptions=tables.validate(tables.Exemptions, pd.DataFrame(whole)))


def decided(world: World, *rows: dict[str, Any]) -> World:
    whole = [{"text": "Решение", "source": "Отчёт"} | row for row in rows]
    return replace(world, decisions=tables.validate(tables.Decisions, pd.DataFrame(whole)))


def checked(world: World, *rows: dict[str, Any]) -> World:
    common = {
        "period_from": LAST.start, "period_until": LAST.until - timedelta(days=1), "checked_on": LAST.until,
        "checked_by": "Проверяющая", "proof": "https://example.org/1", "answer": "Ответ",
    }  # fmt: skip
    whole = pd.DataFrame([common | row for row in rows])
    return replace(world, manual_checks=tables.validate(tables.ManualChecks, whole))


def said(frame: pd.DataFrame, clause: str, key: str) -> list[tuple[str, str]]:
    """Verdicts and reasons of a clause about an account or an institution."""
    column = "account_id" if clause in ACCOUNT_CLAUSES else "institution_id"
    rows = frame[(frame["clause"] == clause) & (frame[column] == key)]
    return list(rows[["verdict", "reason"]].itertuples(index=False, name=None))


def owner(world: World, case: str) -> str:
    return str(world.accounts.set_index("account_id").loc[world.cases[case], "institution_id"])


def dated(frame: pd.DataFrame, column: str) -> list[str]:
    return [str(day.date()) for day in frame[column]]


# --- every clause, every subject


@pytest.mark.parametrize("label", ["2024-W17", "2024-W24", "2024-W28"])
def test_every_clause_speaks_of_every_subject(world: World, truth: Truth, label: str) -> None:
    found = truth(label)
    assert list(dict.fromkeys(found["clause"])) == CLAUSES
    for clause, networks in ACCOUNT_CLAUSES.items():
        meant = world.accounts[world.accounts["platform"].isin(networks)][["account_id", "institution_id"]]
        rows = found[found["clause"] == clause][["account_id", "institution_id"]].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, meant.reset_index(drop=True))
    for clause in INSTITUTION_CLAUSES:
        rows = found[found["clause"] == clause]
        assert list(dict.fromkeys(rows["institution_id"])) == list(world.institutions["institution_id"])
        assert set(rows["account_id"]) == {""}
    assert set(found["verdict"]) <= set(tables.VERDICTS)
    assert not found.isna().any(axis=None)


@pytest.mark.parametrize(
    ("clause", "never"), [*((clause, set()) for clause in CLAUSES if clause not in {"scope", "required_contents"}),
    ("scope", {"failed"}), ("required_contents", {"passed", "failed", "cannot_tell"})],
)  # fmt: skip
def test_each_clause_has_every_verdict_that_it_can_have(truth: Truth, clause: str, never: set[str]) -> None:
    found = pd.concat([truth(f"2024-W{number}") for number in (19, 26, 28)])
    assert set(found[found["clause"] == clause]["verdict"]) == ALL - never


def test_before_the_order_nothing_is_judged(truth: Truth) -> None:
    found = truth("2024-W19")[["verdict", "reason"]].drop_duplicates()
    assert found.to_numpy().tolist() == [["untested", "no_edition_in_force"]]


def test_in_the_week_of_the_order_posts_are_not_counted_and_the_rest_is_judged(truth: Truth) -> None:
    found = truth("2024-W20")
    is_posts = found["clause"] == "posts_per_week"
    assert set(found[is_posts]["reason"]) == {"edition_starts_mid_week"}
    assert not set(found[~is_posts]["reason"]) & {"edition_starts_mid_week", "no_edition_in_force"}


@pytest.mark.parametrize("label", ["2024-W16", "2024-W29"])
def test_a_week_that_was_not_planned_has_no_truth(world: World, label: str) -> None:
    with pytest.raises(ParameterError, match="с 2024-W17 по 2024-W28"):
        world.truth(Week.parse(label))


def test_without_exemptions_and_checks_it_is_the_truth_known_before(world: World) -> None:
    bare = replace(world, exemptions=world.exemptions.head(0), manual_checks=world.manual_checks.head(0))
    for week in world.planned.window:
        known = world.verdicts[world.verdicts["period"] == week.label]
        found = bare.truth(week).query("account_id != ''")
        both = known.merge(found, on=["clause", "account_id"], validate="one_to_one")
        assert len(both) == len(known)
        assert (both["verdict_x"] + both["reason_x"]).tolist() == (both["verdict_y"] + both["reason_y"]).tolist()


@pytest.mark.parametrize(("kind", "left"), [("other", set()), ("state_participation", {"scope", "group_decisions"})])
def test_clauses_1_and_3_name_no_state_participation_and_none_names_the_others(
    world: World, truth: Truth, kind: str, left: set[str]
) -> None:
    ids = world.institutions[world.institutions["kind"] == kind]["institution_id"]
    rows = truth("2024-W28")[truth("2024-W28")["institution_id"].isin(ids)]
    silent = set(rows[rows["reason"] == "kind_not_named"]["clause"])
    assert silent == (left | {"posts_per_week"} if left else set())
    assert (set(rows["reason"]) == {"not_in_scope"}) == (kind == "other")


# --- exemptions


def test_an_institution_is_exempt_from_everything_with_all_its_accounts(world: World, truth: Truth) -> None:
    row = world.exemptions[world.exemptions["clause"] == "*"].iloc[0]
    assert pd.isna(row["exempt_until"])
    assert row["act"]
    for label in ("2024-W21", "2024-W24", "2024-W28"):
        rows = truth(label)[truth(label)["institution_id"] == row["institution_id"]]
        assert set(rows["reason"]) == {"exempt"}
        assert set(rows["clause"]) >= {"posts_per_week", "vk_report_problem", "gospabliki", *INSTITUTION_CLAUSES}


@pytest.mark.parametrize(
    ("label", "is_exempt"),
    [("2024-W22", False), ("2024-W23", True), ("2024-W26", True), ("2024-W27", False), ("2024-W28", False)],
)
def test_an_account_is_exempt_to_the_end_of_the_week_in_which_the_act_ends(
    world: World, truth: Truth, label: str, is_exempt: bool
) -> None:
    row = world.exemptions[world.exemptions["clause"] == "posts_per_week"].iloc[0]
    assert str(row["exempt_until"].date()) == "2024-06-26"  # Wednesday of W26
    (verdict,) = said(truth(label), "posts_per_week", row["account_id"])
    assert (verdict == ("inapplicable", "exempt")) == is_exempt
    assert ("inapplicable", "exempt") not in said(truth(label), "gospabliki", row["account_id"])


def test_an_institution_is_exempt_from_one_clause_for_a_few_days_more(world: World, truth: Truth) -> None:
    row = world.exemptions[world.exemptions["clause"] == "vk_voice_opinion"].iloc[0]
    assert 0 < (row["exempt_until"].date() - LAST.until).days <= 14
    rows = truth("2024-W28")[truth("2024-W28")["institution_id"] == row["institution_id"]]
    assert set(rows[rows["reason"] == "exempt"]["clause"]) == {"vk_voice_opinion"}


def test_those_exempt_are_ordinary_subordinates(world: World) -> None:
    named = world.exemptions
    accounts = world.accounts.set_index("account_id")["institution_id"]
    ids = {*named["institution_id"].dropna(), *named["account_id"].dropna().map(accounts)}
    assert len(ids) == 3
    assert set(world.institutions.set_index("institution_id").loc[sorted(ids), "kind"]) == {"subordinate"}
    cases = {each.case for each in world.planned.accounts if each.body.institution_id in ids}
    assert cases == {""}


ONE_DAY = {"exempt_from": pd.Timestamp(2024, 7, 8), "exempt_until": pd.Timestamp(2024, 7, 8)}


@pytest.mark.parametrize(
    ("case", "label", "clause", "reason"),
    [
        ("closed_body", "2024-W24", "posts_per_week", "closed_body"),
        ("closed_body", "2024-W24", "gospabliki", "closed_body"),
        ("account_closed", "2024-W24", "posts_per_week", "closed_in_week"),
        ("account_closed", "2024-W24", "gospabliki", "account_closed"),
        ("account_closed", "2024-W25", "vk_report_problem", "account_closed"),
        ("opened_in_week", "2024-W28", "posts_per_week", "exempt"),
        ("opened_in_week", "2024-W27", "required_contents", "exempt"),
        ("short_wall", "2024-W23", "posts_per_week", "exempt"),
        ("gone", "2024-W28", "vk_voice_opinion", "exempt"),
        ("ok_dropped", "2024-W28", "ok_government_mark", "exempt"),
    ],
)
def test_what_is_closed_is_told_before_the_act_and_what_was_not_there_after_it(
    world: World, case: str, label: str, clause: str, reason: str
) -> None:
    found = exempted(world, {"account_id": world.cases[case]}).truth(Week.parse(label))
    assert said(found, clause, world.cases[case]) == [("inapplicable", reason)]


def test_an_act_of_one_day_frees_the_week_and_one_on_the_day_after_does_not(world: World) -> None:
    key = world.cases["ads"]
    for first, last, is_exempt in ((8, 8, True), (14, 14, True), (7, 7, False), (15, 15, False)):
        days = {"exempt_from": pd.Timestamp(2024, 7, first), "exempt_until": pd.Timestamp(2024, 7, last)}
        found = exempted(world, {"account_id": key} | days).truth(LAST)
        assert (said(found, "posts_per_week", key) == [("inapplicable", "exempt")]) == is_exempt, first


def test_the_exemption_of_an_account_frees_neither_its_institution_nor_its_other_accounts(world: World) -> None:
    key, institution = world.cases["two_accounts"], owner(world, "two_accounts")
    found = exempted(world, {"account_id": key} | ONE_DAY).truth(LAST)
    rows = found[found["institution_id"] == institution]
    assert set(rows[rows["reason"] == "exempt"]["account_id"]) == {key}
    assert said(found, "scope", institution) == [("passed", "account_live")]


# --- what pages show


def test_pages_are_known_of_the_last_full_week_only(truth: Truth) -> None:
    pages = ["vk_report_problem", "vk_voice_opinion", "vk_portal_mini_app", "ok_government_mark"]
    for label in ("2024-W21", "2024-W27"):
        rows = truth(label)[truth(label)["clause"].isin(pages)]
        assert set(rows[rows["verdict"] == "cannot_tell"]["reason"]) == {"no_snapshot_in_period", "account_gone"}
        assert not {"passed", "failed"} & set(rows["verdict"])
    assert {"passed", "failed"} < set(truth("2024-W28").query(f"clause in {pages}")["verdict"])


@pytest.mark.parametrize(
    ("now", "is_known"),
    [
        (datetime(2024, 7, 7, 20, 59, tzinfo=UTC), False),
        (datetime(2024, 7, 7, 21, 0, tzinfo=UTC), True),
        (datetime(2024, 7, 21, 20, 59, tzinfo=UTC), True),
        (datetime(2024, 7, 21, 21, 0, tzinfo=UTC), False),
    ],
)
def test_a_page_seen_in_the_week_or_up_to_seven_days_later_judges_it(
    world: World, now: datetime, is_known: bool
) -> None:
    found = replace(world, now=now).truth(LAST)
    (verdict,) = said(found, "vk_report_problem", world.cases["portal_correct"])
    assert verdict == (("passed", "found") if is_known else ("cannot_tell", "no_snapshot_in_period"))


@pytest.mark.parametrize("label", ["2024-W21", "2024-W28"])
def test_a_deleted_community_is_known_to_be_gone_in_every_week(world: World, truth: Truth, label: str) -> None:
    for clause in ("vk_report_problem", "vk_voice_opinion", "vk_portal_mini_app"):
        assert said(truth(label), clause, world.cases["gone"]) == [("cannot_tell", "account_gone")]


@pytest.mark.parametrize(
    ("case", "verdict", "reason"),
    [
        ("ok_week_edge", "passed", "mark_present"),
        ("ok_mark_text", "passed", "mark_present"),
        ("ok_no_mark", "failed", "mark_absent"),
        ("ok_mark_absent", "cannot_tell", "mark_not_returned"),
        ("ok_dropped", "cannot_tell", "no_snapshot_in_period"),
        ("ok_closed", "passed", "mark_present"),
    ],
)
def test_the_mark_of_a_state_organisation(world: World, truth: Truth, case: str, verdict: str, reason: str) -> None:
    assert said(truth("2024-W28"), "ok_government_mark", world.cases[case]) == [(verdict, reason)]


@pytest.mark.parametrize("case", ["portal_no_menu", "closed_wall", "gone", "ok_dropped", "telegram_missing"])
@pytest.mark.parametrize("label", ["2024-W21", "2024-W28"])
def test_the_list_of_contents_is_not_there_whatever_a_page_shows(
    world: World, truth: Truth, case: str, label: str
) -> None:
    assert said(truth(label), "required_contents", world.cases[case]) == [("untested", "list_not_provided")]


def test_an_account_opened_in_the_week_is_judged_by_its_page_and_not_before(world: World, truth: Truth) -> None:
    key = world.cases["opened_in_week"]
    assert said(truth("2024-W28"), "posts_per_week", key) == [("inapplicable", "opened_in_week")]
    assert said(truth("2024-W28"), "vk_report_problem", key)[0][0] in {"passed", "failed", "cannot_tell"}
    for clause in ("posts_per_week", "vk_report_problem", "required_contents", "gospabliki"):
        assert said(truth("2024-W27"), clause, key) == [("inapplicable", "not_yet_open")]


def test_a_birth_that_the_register_knows_of_is_not_the_first_post(world: World) -> None:
    key = world.cases["short_wall"]
    accounts = [
        replace(each, opened_on=date(2021, 5, 5)) if each.account_id == key else each  # type: ignore[type-var]
        for each in world.planned.accounts
    ]
    registered = replace(world, planned=replace(world.planned, accounts=accounts))
    for label in ("2024-W23", "2024-W24"):
        found = registered.truth(Week.parse(label))
        assert said(found, "posts_per_week", key) == [("failed", "below_norm")]


# --- what the registers say


@pytest.mark.parametrize(
    ("connected", "label", "verdict", "reason"),
    [
        (True, "2024-W26", "passed", "register_connected"),
        (True, "2024-W25", "cannot_tell", "register_later"),
        (False, "2024-W26", "failed", "register_not_connected"),
        (False, "2024-W25", "cannot_tell", "register_later"),
        (None, "2024-W26", "cannot_tell", "register_silent"),
        (None, "2024-W25", "cannot_tell", "register_silent"),
    ],
)
def test_the_register_tells_who_is_connected_from_the_day_it_knows(
    world: World, truth: Truth, connected: bool | None, label: str, verdict: str, reason: str
) -> None:
    accounts = world.accounts
    flag = accounts["gospabliki_connected"]
    known = flag.isna() if connected is None else (flag == connected).fillna(value=False)
    told = [said(truth(label), "gospabliki", key)[0] for key in accounts[known]["account_id"]]
    judged = {each for each in told if each[0] != "inapplicable"}
    assert judged == {(verdict, reason)}


def test_a_connection_of_an_unknown_day_counts_for_every_week(world: World) -> None:
    key = world.cases["ads"]
    accounts = world.accounts.copy()
    accounts.loc[accounts["account_id"] == key, "gospabliki_connected"] = False
    accounts["gospabliki_on"] = pd.NaT
    found = replace(world, accounts=tables.validate(tables.Accounts, accounts)).truth(Week.parse("2024-W21"))
    assert said(found, "gospabliki", key) == [("failed", "register_not_connected")]


@pytest.mark.parametrize(
    ("case", "label", "verdict", "reason"),
    [
        ("ads", "2024-W21", "passed", "account_live"),
        ("closed_wall", "2024-W28", "passed", "account_live"),
        ("closed_wall", "2024-W27", "cannot_tell", "no_snapshot_in_period"),
        ("gone", "2024-W28", "cannot_tell", "obligation_in_another_act"),
        ("gone", "2024-W21", "cannot_tell", "no_snapshot_in_period"),
        ("account_closed", "2024-W22", "passed", "account_live"),
        ("account_closed", "2024-W24", "cannot_tell", "no_snapshot_in_period"),
        ("account_closed", "2024-W25", "cannot_tell", "obligation_in_another_act"),
        ("account_closed", "2024-W28", "cannot_tell", "obligation_in_another_act"),
        ("opened_in_week", "2024-W27", "cannot_tell", "no_snapshot_in_period"),
        ("opened_in_week", "2024-W28", "passed", "account_live"),
        ("closed_body", "2024-W28", "inapplicable", "closed_body"),
    ],
)
def test_an_institution_with_one_community_of_vk_is_seen_by_it(
    vk_world: World, case: str, label: str, verdict: str, reason: str
) -> None:
    found = vk_world.truth(Week.parse(label))
    assert said(found, "scope", owner(vk_world, case)) == [(verdict, reason)]


def test_reposts_alone_show_that_an_account_lives(vk_world: World) -> None:
    accounts = vk_world.accounts.merge(vk_world.institutions, on="institution_id").query("kind == 'subordinate'")
    alone = accounts[~accounts["institution_id"].duplicated(keep=False)].set_index("account_id")["institution_id"]
    counts = vk_world.counts[vk_world.counts["account_id"].isin(alone.index)]
    told: dict[bool, set[str]] = {True: set(), False: set()}
    for label in ("2024-W23", "2024-W24", "2024-W26"):
        week = Week.parse(label)
        found = vk_world.truth(week)
        silent = counts[(counts["week_start"] == pd.Timestamp(week.start)) & (counts["own_count"] == 0)]
        for row in silent[silent["is_readable"]].to_dict("records"):
            told[row["repost_count"] > 0].add(said(found, "scope", alone[row["account_id"]])[0][1])
    assert told[True] - {"exempt"} == {"account_live"}
    assert "no_snapshot_in_period" in told[False]
    assert "account_live" not in told[False]


def test_an_institution_without_any_account_may_be_free_by_another_act(vk_world: World) -> None:
    without = set(vk_world.institutions["institution_id"]) - set(vk_world.accounts["institution_id"])
    assert without
    found = vk_world.truth(LAST)
    told = {verdict for institution in without for verdict in said(found, "scope", institution)}
    assert told == {("cannot_tell", "obligation_in_another_act")}


def test_a_channel_that_nobody_sees_proves_nothing_about_its_institution() -> None:
    world = build_world(networks=("telegram",))
    for case in ("telegram_missing", "telegram_group"):
        assert said(world.truth(LAST), "scope", owner(world, case)) == [("cannot_tell", "no_snapshot_in_period")]


DECISION = {"decision_id": "1", "decided_on": pd.Timestamp(2024, 6, 25)}  # Tuesday of W26


@pytest.mark.parametrize(
    ("done", "done_on", "label", "verdict", "reason"),
    [
        (True, "2024-06-27", "2024-W25", "inapplicable", "no_decision_addressed"),
        (True, "2024-06-30", "2024-W26", "passed", "decision_done"),
        (True, "2024-07-01", "2024-W26", "cannot_tell", "decision_recorded_later"),
        (True, None, "2024-W26", "passed", "decision_done"),
        (False, "2024-06-30", "2024-W26", "failed", "decision_not_done"),
        (False, "2024-07-01", "2024-W26", "cannot_tell", "decision_recorded_later"),
        (False, None, "2024-W26", "failed", "decision_not_done"),
        (None, None, "2024-W28", "cannot_tell", "decision_not_recorded"),
    ],
)
def test_a_decision_is_known_from_its_day_and_its_outcome_from_the_day_that_was_recorded(
    world: World, done: bool | None, done_on: str | None, label: str, verdict: str, reason: str
) -> None:
    key = owner(world, "ads")
    row = DECISION | {"institution_id": key, "done": done, "done_on": pd.Timestamp(done_on) if done_on else None}
    found = decided(world, row).truth(Week.parse(label))
    assert said(found, "group_decisions", key) == [(verdict, reason)]


def test_each_decision_addressed_to_an_institution_has_its_row_and_the_others_have_one(world: World) -> None:
    key = owner(world, "ads")
    both = decided(
        world, DECISION | {"institution_id": key, "done": True}, DECISION | {"decision_id": "2", "institution_id": key}
    )
    found = both.truth(LAST)
    assert said(found, "group_decisions", key) == [
        ("passed", "decision_done"),
        ("cannot_tell", "decision_not_recorded"),
    ]
    others = found[(found["clause"] == "group_decisions") & (found["institution_id"] != key)]
    assert others["institution_id"].is_unique
    assert set(others["reason"]) >= {"no_decision_addressed", "kind_not_named", "not_in_scope", "closed_body"}


def test_the_world_has_decisions_of_three_weeks_with_every_outcome(world: World, truth: Truth) -> None:
    decisions = world.decisions
    first = decisions.drop_duplicates("decision_id")
    assert first["decision_id"].tolist() == ["1/2024", "2/2024", "3/2024"]
    weeks = [Week.of(day.date()).label for day in first["decided_on"]]
    assert weeks == ["2024-W16", "2024-W26", "2024-W28"]
    assert decisions.groupby("decision_id")["institution_id"].nunique().min() >= 3
    kinds = world.institutions.set_index("institution_id")["kind"]
    assert set(decisions["institution_id"].map(kinds)) == {"executive_authority", "subordinate"}
    assert set(decisions["done"].astype(object).where(decisions["done"].notna(), None)) == {True, False, None}
    assert decisions[decisions["done"].notna()]["source"].notna().all()
    late = decisions[decisions["done_on"] >= pd.Timestamp(LAST.until)]
    assert late["done"].tolist() == [True]
    reasons = truth("2024-W28").query("clause == 'group_decisions'")["reason"]
    assert (reasons == "decision_recorded_later").sum() == 1
    assert len(reasons) > len(world.institutions)


# --- manual checks


def test_a_person_decides_where_the_network_cannot_tell_in_the_week_of_the_check_only(
    world: World, truth: Truth
) -> None:
    checks = world.manual_checks.query("clause == 'vk_portal_mini_app'")
    assert checks["result"].tolist() == ["passed", "failed"]
    for check in checks.to_dict("records"):
        bare = replace(world, manual_checks=world.manual_checks.head(0)).truth(LAST)
        key, result = check["account_id"], check["result"]
        assert said(bare, check["clause"], key) == [("cannot_tell", "not_visible")]
        assert said(truth("2024-W28"), check["clause"], key) == [(result, f"manual_{result}")]
        assert said(truth("2024-W27"), check["clause"], key) == [("cannot_tell", "no_snapshot_in_period")]


@pytest.mark.parametrize(
    ("clause", "result", "reasons"),
    [("posts_per_week", "contested", {"below_norm"}), ("vk_report_problem", "passed", {"missing", "link_broken"})],
)
def test_a_failure_stays_though_it_is_contested_or_somebody_saw_it_otherwise(
    world: World, truth: Truth, clause: str, result: str, reasons: set[str]
) -> None:
    check = world.manual_checks.query(f"clause == '{clause}'").iloc[0]
    assert check["result"] == result
    assert (result == "contested") == isinstance(check["answer"], str)
    ((verdict, reason),) = said(truth("2024-W28"), clause, check["account_id"])
    assert verdict == "failed"
    assert reason in reasons


def test_a_contested_verdict_stays_where_the_network_cannot_tell(world: World) -> None:
    key = world.cases["closed_wall"]
    row = {"account_id": key, "clause": "posts_per_week"}
    for result, verdict in (("contested", "wall_closed"), ("passed", "manual_passed"), ("failed", "manual_failed")):
        found = checked(world, row | {"result": result}).truth(LAST)
        assert [reason for _, reason in said(found, "posts_per_week", key)] == [verdict]


def test_posts_are_checked_over_the_whole_week_and_a_page_on_any_day(world: World) -> None:
    wall, group = world.cases["closed_wall"], world.cases["ok_mark_absent"]
    sunday = {"period_from": LAST.until - timedelta(days=1), "period_until": LAST.until, "result": "passed"}
    posts = {"account_id": wall, "clause": "posts_per_week"} | sunday
    mark = {"account_id": group, "clause": "ok_government_mark"} | sunday
    found = checked(world, posts, mark).truth(LAST)
    assert said(found, "posts_per_week", wall) == [("cannot_tell", "wall_closed")]
    assert said(found, "ok_government_mark", group) == [("passed", "manual_passed")]


def test_a_check_is_of_the_last_full_week_with_a_proof_under_a_reserved_name(world: World) -> None:
    checks = world.manual_checks
    assert len(checks) == 4
    assert set(dated(checks, "period_from")) == {"2024-07-08"}
    assert set(dated(checks, "period_until")) == {"2024-07-14"}
    assert checks["proof"].str.startswith("https://example.org/").all()
    assert checks["checked_by"].str.contains("ымышлен").all()


# --- the tables


def test_the_same_seed_gives_the_same_registers_and_another_one_others(world: World) -> None:
    again, other = build_world(), build_world(seed=7)
    for name in ("exemptions", "decisions", "manual_checks"):
        pd.testing.assert_frame_equal(getattr(world, name), getattr(again, name))
    pd.testing.assert_frame_equal(world.truth(LAST), again.truth(LAST))
    assert not world.decisions["institution_id"].equals(other.decisions["institution_id"])


@pytest.mark.parametrize(
    ("institutions", "networks", "counts"),
    [
        (23, ("vk", "ok", "telegram"), (0, 0, 0)),
        (24, ("vk", "ok", "telegram"), (3, 15, 4)),
        (24, ("vk",), (3, 15, 4)),
        (60, ("telegram",), (2, 15, 1)),
        (200, ("vk", "ok", "telegram"), (3, 15, 4)),
    ],
)
def test_a_world_that_is_large_enough_has_them_all(
    tmp_path: Path, institutions: int, networks: tuple[str, ...], counts: tuple[int, int, int]
) -> None:
    world = build_world(institutions=institutions, weeks=1, networks=networks)
    assert (len(world.exemptions), len(world.decisions), len(world.manual_checks)) == counts
    pd.testing.assert_frame_equal(written(tmp_path, world).decisions, world.decisions)


def written(folder: Path, world: World) -> registry.Side:
    """The registers beside the register as the strict reader finds them."""
    registry.write(folder, registry.Register(world.institutions, world.accounts))
    registry.write_side(folder, world.side)
    return registry.read_side(folder, registry.read(folder), CLAUSES)


def test_what_is_written_reads_back_unchanged(tmp_path: Path, world: World) -> None:
    side = written(tmp_path, world)
    for name in ("exemptions", "decisions", "acknowledgements", "manual_checks"):
        pd.testing.assert_frame_equal(getattr(side, name), getattr(world.side, name))
    assert (tmp_path / "exemptions.csv").read_bytes().startswith(b"\xef\xbb\xbfinstitution_id;account_id;clause;")
    assert not (tmp_path / "acknowledgements.csv").exists()


def test_a_table_without_rows_makes_no_file_but_empties_one_that_is_there(tmp_path: Path, world: World) -> None:
    written(tmp_path, world)
    bare = replace(world, exemptions=world.exemptions.head(0))
    assert written(tmp_path, bare).exemptions.empty
    assert (tmp_path / "exemptions.csv").exists()
    registry.write_side(tmp_path / "other", registry.Side(*(table.head(0) for table in vars(world.side).values())))
    assert list((tmp_path / "other").iterdir()) == []


def test_a_demo_lays_them_beside_its_register(tmp_path: Path) -> None:
    world = build_world(institutions=24, weeks=1)
    settings, _ = demo.gather(tmp_path, world, Window(LAST.starts_at, world.now), progress=False)
    side = registry.read_side(settings.registry_dir, registry.read(settings.registry_dir), CLAUSES)
    pd.testing.assert_frame_equal(side.exemptions, world.exemptions)
    pd.testing.assert_frame_equal(side.manual_checks, world.manual_checks)
