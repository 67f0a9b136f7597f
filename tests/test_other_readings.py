"""Verdicts by other readings of the order, the quick way: just those that judging everything anew gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_lake import W20, W21, W22, W23, Small

from kirovlib import tables
from kirovlib.errors import ParameterError
from kirovlib.order.clauses import check_parameters
from kirovlib.order.evaluate import Judgement, findings_of, judge
from kirovlib.order.other_readings import OtherReadings, Verdicts
from kirovlib.order.what_if import CHOICES, SCENARIOS, as_read, changed, what_if

CHOSEN = st.fixed_dictionaries({}, optional={name: st.sampled_from(list(CHOICES[name].meanings)) for name in CHOICES})


@pytest.fixture(scope="module")
def judged() -> Judgement:
    return judge("2024-06", "data/sample")


@pytest.fixture(scope="module")
def checked_by_hand(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    """Accounts of two kinds with manual checks, exemptions and a decision."""
    small = Small(tmp_path_factory.mktemp("checked"))
    for number in range(8):
        account, institution = f"vk:n{number}", f"i{number // 2}"
        small.institution(institution, kind="other" if number < 2 else "subordinate")
        small.account(account, institution)
        small.posts(number, W21, account)
        small.post("10.05 12:00", account)
        small.covered(W20, W23 if number % 2 else W22, account)
        small.snapshot([("", "https://pos.gosuslugi.ru/form/?opald=1")], account=account)
    act = {"exempt_from": "2024-05-20", "act": "приказ"}
    small.beside["exemptions"] = [{"account_id": "vk:n5", "clause": "*", **act}]
    about = {"period_from": "2024-05-20", "period_until": "2024-06-02", "checked_on": "2024-06-05"}
    proof = {"checked_by": "Иванова", "proof": "https://proof.test"}
    small.beside["manual_checks"] = [
        {"account_id": account, "clause": clause, "result": result} | about | proof
        for account, clause, result in (
            ("vk:n2", "posts_per_week", "failed"),
            ("vk:n4", "posts_per_week", "passed"),
            ("vk:n3", "vk_report_problem", "passed"),
            ("vk:n1", "vk_portal_mini_app", "failed"),
        )
    ]
    small.beside["decisions"] = [
        {"decision_id": "1", "decided_on": "2024-05-21", "text": "Решение", "institution_id": "i0"}
    ]
    small.store()
    return judge("2024-05-20_2024-06-02", small.home)


def judged_anew(judged: Judgement, choices: dict[str, Any]) -> pd.DataFrame:
    other = {clause.key: clause for clause in changed(judged.clauses, **choices)}
    return findings_of(judged.facts, [other.get(clause.key, clause) for clause in judged.clauses], judged.period)


def assert_same(quick: Verdicts, anew: pd.DataFrame) -> None:
    assert np.array(tables.VERDICTS)[quick.verdict].tolist() == anew["verdict"].tolist()
    assert quick.reason.tolist() == anew["reason"].tolist()
    assert quick.measured.tolist() == anew["measured"].tolist()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_quick_way_gives_what_judging_anew_gives(
    judged: Judgement, checked_by_hand: Judgement, scenario: str
) -> None:
    for each in (judged, checked_by_hand):
        assert_same(OtherReadings(each).verdicts(**SCENARIOS[scenario]), judged_anew(each, dict(SCENARIOS[scenario])))


@settings(max_examples=25)
@given(st.lists(CHOSEN, min_size=1, max_size=3))
def test_several_choices_one_after_the_other_give_what_judging_anew_gives(
    checked_by_hand: Judgement, asked: list[dict[str, Any]]
) -> None:
    readings = OtherReadings(checked_by_hand)
    for choices in asked:
        assert_same(readings.verdicts(**choices), judged_anew(checked_by_hand, choices))


def test_the_rows_that_change_are_those_of_what_if(judged: Judgement) -> None:
    choices = {"minimum_posts": 5, "kinds": ("other",), "misspelt_link_verdict": "failed"}
    other = OtherReadings(judged).verdicts(**choices)
    words = pd.Series(np.array(tables.VERDICTS)[other.verdict])
    assert words[words != judged.findings["verdict"]].tolist() == what_if(judged, **choices)["verdict_if"].tolist()


def test_without_choices_everything_stays_as_it_is_read(judged: Judgement) -> None:
    readings = OtherReadings(judged)
    readings.verdicts(minimum_posts=9)
    assert_same(readings.verdicts(), judged.findings)
    assert_same(readings.as_read, judged.findings)


def test_an_unknown_choice_is_refused(judged: Judgement) -> None:
    with pytest.raises(ParameterError):
        OtherReadings(judged).verdicts(minimum_post=2)


@pytest.mark.parametrize("name", [name for name in CHOICES if name != "kinds"])
def test_each_choice_that_is_offered_is_legal_and_all_values_of_a_closed_choice_are_offered(name: str) -> None:
    offered = list(CHOICES[name].meanings)
    for value in offered:
        check_parameters({name: value})
    if isinstance(offered[0], bool):
        assert set(offered) == {False, True}
    words = {word for word in (*tables.VERDICTS, "account", "institution") if isinstance(offered[0], str)}
    for word in words - set(offered):
        with pytest.raises(ParameterError):
            check_parameters({name: word})


def test_what_the_order_reads_now_is_told_and_changes_nothing(judged: Judgement) -> None:
    now = as_read(judged.clauses, judged.period.until)
    assert list(now) == list(CHOICES)
    assert now["minimum_posts"] == 3
    assert changed(judged.clauses, **now) == ()


def test_a_choice_that_no_clause_has_is_not_offered(judged: Judgement) -> None:
    order = [clause for clause in judged.clauses if clause.key != "posts_per_week"]
    assert list(as_read(order, judged.period.until)) == ["misspelt_link_verdict", "absence_is_failure", "kinds"]
