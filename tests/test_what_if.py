"""Other readings of the order: each scenario changes just what it says, and the judgement stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_lake import OGRN, W20, W21, W22, W23, Small

from kirovlib.errors import ParameterError
from kirovlib.order.evaluate import Judgement, findings_of, judge
from kirovlib.order.what_if import SCENARIOS, changed, what_if, what_ifs

DAY = timedelta(days=1)
FORM = f"https://pos.gosuslugi.ru/form/?opaId=1&utm_source=vk&utm_medium=33&utm_campaign={OGRN}"
SURVEYS = f"https://pos.gosuslugi.ru/og/org-activities?reg_code=33&utm_source=vk1&utm_medium=33&utm_campaign={OGRN}"
APP = "https://vk.com/app8181405"
PAGE = [("", FORM), ("", SURVEYS), ("", APP)]
POSTS, PROBLEM, OPINION, MINI_APP = "posts_per_week", "vk_report_problem", "vk_voice_opinion", "vk_portal_mini_app"


def own(count: int, **cells: Any) -> Callable[[Small, str], None]:
    return lambda small, account: small.posts(count, W21, account, **cells)


def same_day(small: Small, account: str) -> None:
    for hour in (9, 10, 11):
        small.post(W21 + timedelta(hours=hour), account)


def two_and(**cells: Any) -> Callable[[Small, str], None]:
    def build(small: Small, account: str) -> None:
        small.posts(2, W21, account)
        small.post(W21 + timedelta(days=5), account, **cells)

    return build


# Accounts by what they published in W21; their pages are faultless unless another menu is given.
ACCOUNTS: dict[str, Callable[[Small, str], None]] = {
    "two": own(2),
    "three": own(3),
    "four": own(4),
    "repost": two_and(is_repost=True, text="Слова над репостом"),
    "unknown": two_and(is_repost=None),
    "ad": two_and(is_ad=True),
    "removed": two_and(missed_at=W23),
    "day": same_day,
    "sum": own(2),
    "sum_more": own(1),
    "misspelt": own(6),
    "no_app": own(6),
    "unknown_app": own(6),
    "unread": own(2),
    "other": own(1),
    "faultless": own(6),
}
MENUS = {
    "misspelt": [("", FORM.replace("opaId", "opald")), ("", SURVEYS.replace("reg_code", "regcode")), ("", APP)],
    "no_app": PAGE[:2],
    "unknown_app": [*PAGE[:2], ("", "https://vk.com/app51723558")],
    "other": [("Фото", "https://vk.com/albums-1")],
}
FAILS, PASSES, UNKNOWN = ("passed", "failed"), ("failed", "passed"), ("cannot_tell", "passed")
Change = dict[tuple[str, str], tuple[str, str]]


def posts(verdicts: tuple[str, str], *names: str) -> Change:
    return {(POSTS, name): verdicts for name in names}


EXPECTED: dict[str, Change] = {
    "норма 2 публикации": posts(PASSES, "two", "repost", "sum") | posts(UNKNOWN, "unknown", "unread"),
    "норма 4 публикации": posts(FAILS, "three", "ad", "removed", "day") | posts(("cannot_tell", "failed"), "unknown"),
    "норма 5 публикаций": posts(FAILS, "three", "four", "ad", "removed", "day")
    | posts(("cannot_tell", "failed"), "unknown"),
    "репосты считаются": posts(PASSES, "repost") | posts(UNKNOWN, "unknown"),
    "реклама не считается": posts(FAILS, "ad"),
    "исчезнувшие публикации не считаются": posts(FAILS, "removed"),
    "считаются дни с публикациями": posts(FAILS, "day"),
    "норма на все аккаунты учреждения вместе": posts(PASSES, "sum", "sum_more"),
    "повреждённая ссылка — нарушение": {
        (PROBLEM, "misspelt"): ("cannot_tell", "failed"), (OPINION, "misspelt"): ("cannot_tell", "failed")
    },
    "нет мини-приложения — нарушение": {(MINI_APP, "no_app"): ("cannot_tell", "failed")},
    "порядок относится и к прочим учреждениям": {
        (POSTS, "other"): ("inapplicable", "failed"),
        (PROBLEM, "other"): ("inapplicable", "failed"),
        (OPINION, "other"): ("inapplicable", "failed"),
        (MINI_APP, "other"): ("inapplicable", "cannot_tell"),
        ("gospabliki", "other"): ("inapplicable", "cannot_tell"),
        ("required_contents", "other"): ("inapplicable", "untested"),
        ("scope", ""): ("inapplicable", "passed"),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    small = Small(tmp_path_factory.mktemp("what_if"))
    small.accounts.clear()
    for name, build in ACCOUNTS.items():
        institution = "sum" if name == "sum_more" else name
        small.institution(institution, ogrn=OGRN, kind="other" if name == "other" else "subordinate")
        small.account(f"vk:{name}", institution)
        build(small, f"vk:{name}")
        small.post("10.05 12:00", f"vk:{name}")
        small.covered(W20, W22 if name != "unread" else W21, f"vk:{name}")
        small.snapshot(MENUS.get(name, PAGE), account=f"vk:{name}")
    small.store()
    return judge("2024-W21", small.home)


def told(rows: pd.DataFrame) -> Change:
    accounts = rows["account_id"].fillna("").str.removeprefix("vk:")
    return {
        (row.clause, account): (row.verdict, row.verdict_if)
        for row, account in zip(rows.itertuples(), accounts, strict=True)
    }


def test_each_scenario_is_tested() -> None:
    assert set(EXPECTED) == set(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_changes_just_what_it_says(judged: Judgement, scenario: str) -> None:
    assert told(what_if(judged, **SCENARIOS[scenario])) == EXPECTED[scenario]


def test_what_would_be_measured_and_why_is_told(judged: Judgement) -> None:
    row = what_if(judged, count_ads=False).iloc[0]
    assert (row["reason"], row["reason_if"]) == ("norm_met", "below_norm")
    assert row["measured_if"] == "2 публикации (реклама не засчитана: 1)"
    assert row["period_start"] == pd.Timestamp("2024-05-20")


def test_several_choices_count_together(judged: Judgement) -> None:
    rows = what_if(judged, minimum_posts=4, count_reposts=True, distinct_days=True)
    assert told(rows) == posts(FAILS, "three", "ad", "removed", "day") | posts(("cannot_tell", "failed"), "unknown")


def test_the_choices_that_are_made_already_change_nothing(judged: Judgement) -> None:
    edition = judged.clause(POSTS).editions[0]
    rows = what_if(judged, kinds=("subordinate",), **edition.parameters)
    assert rows.empty
    assert list(rows) == list(what_if(judged, minimum_posts=2))


def test_a_kind_that_is_named_alone_leaves_the_others_as_they_are(judged: Judgement) -> None:
    clauses = {clause.key: clause for clause in changed(judged.clauses, kinds=("other",))}
    assert set(clauses) == {clause.key for clause in judged.clauses}
    assert clauses[POSTS].kinds == ("executive_authority", "subordinate", "other")
    assert clauses[PROBLEM].kinds == ("executive_authority", "subordinate", "state_participation", "other")


def test_only_the_clauses_that_have_a_parameter_are_changed_in_all_their_editions(judged: Judgement) -> None:
    (clause,) = changed(judged.clauses, minimum_posts=5)
    assert clause.key == POSTS
    assert [edition.parameters["minimum_posts"] for edition in clause.editions] == [5]
    assert [edition.parameters["count_ads"] for edition in clause.editions] == [True]
    assert {each.key for each in changed(judged.clauses, misspelt_link_verdict="passed")} == {PROBLEM, OPINION}


def test_the_judgement_and_the_order_stay_as_they_are(judged: Judgement) -> None:
    findings, order = judged.findings.copy(deep=True), repr(judged.clauses)
    for choices in SCENARIOS.values():
        what_if(judged, **choices)
    pd.testing.assert_frame_equal(judged.findings, findings)
    assert repr(judged.clauses) == order
    pd.testing.assert_frame_equal(
        judged.findings.drop(columns="evidence"),
        findings_of(judged.facts, judged.clauses, judged.period).drop(columns="evidence"),
    )


@pytest.mark.parametrize(
    ("choices", "named"),
    [
        ({"minimum_post": 2}, ["minimum_post", "minimum_posts", "count_ads", "unit", "absence_is_failure", "kinds"]),
        ({"minimum_posts": 0}, ["minimum_posts = 0", "distinct_days"]),
        ({"minimum_posts": True}, ["minimum_posts = True", "distinct_days"]),
        ({"count_reposts": 1}, ["count_reposts = 1", "distinct_days"]),
        ({"unit": "founder"}, ["unit = 'founder'", "distinct_days"]),
        ({"misspelt_link_verdict": "inapplicable"}, ["misspelt_link_verdict = 'inapplicable'"]),
        ({"items": ["звук"]}, ["items = ['звук']"]),
        ({"kinds": ("school",)}, ["school", "executive_authority", "state_participation", "other"]),
    ],
)
def test_an_unknown_choice_is_refused_with_those_that_there_are(
    judged: Judgement, choices: dict[str, Any], named: list[str]
) -> None:
    with pytest.raises(ParameterError) as caught:
        what_if(judged, **choices)
    assert [word for word in named if word not in str(caught.value)] == []


@pytest.mark.parametrize("choices", [{"unit": ["account"]}, {"misspelt_link_verdict": []}, {"items": [["сайт"]]}])
def test_a_list_in_place_of_a_word_is_refused_as_well(judged: Judgement, choices: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        what_if(judged, **choices)


def test_the_summary_counts_what_the_scenarios_change(judged: Judgement) -> None:
    rows = what_ifs(judged).set_index("scenario")
    assert list(rows.index) == list(SCENARIOS)
    for scenario, choices in SCENARIOS.items():
        other, row = what_if(judged, **choices), rows.loc[scenario]
        assert row["changed_count"] == len(other) == len(EXPECTED[scenario])
        assert row["becomes_failed_count"] == (other["verdict_if"] == "failed").sum()
        assert row["no_longer_failed_count"] == (other["verdict"] == "failed").sum()
    assert rows.loc["норма на все аккаунты учреждения вместе"].tolist() == [2, 0, 2, 1]
    assert rows.loc["норма 4 публикации"].tolist() == [5, 5, 0, 5]


def test_a_scenario_that_the_order_reads_already_is_left_out_and_own_ones_may_be_asked(judged: Judgement) -> None:
    rows = what_ifs(judged, {"как есть": {"minimum_posts": 3}, "своё": {"minimum_posts": 5, "count_ads": False}})
    assert rows["scenario"].tolist() == ["своё"]


def test_a_summary_without_scenarios_has_its_columns_all_the_same(judged: Judgement) -> None:
    assert list(what_ifs(judged, {"как есть": {"minimum_posts": 3}})) == list(what_ifs(judged))


# --- a lower norm accuses nobody

CHOICES = st.fixed_dictionaries(
    {
        "count_reposts": st.booleans(), "count_ads": st.booleans(), "count_removed": st.booleans(),
        "distinct_days": st.booleans(), "unit": st.sampled_from(["account", "institution"]),
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def random_lake(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    random, small = Random(131), Small(tmp_path_factory.mktemp("random"))  # noqa: S311
    for number in range(60):
        account = f"vk:n{number}"
        small.institution(f"i{number // 2}")
        small.account(account, f"i{number // 2}")
        for _ in range(random.randint(0, 6)):
            small.post(
                W21 + timedelta(hours=random.randrange(24 * 14)), account,
                is_repost=random.choice([False, False, True, None]), is_ad=random.random() < 0.2,
                missed_at=W23 if random.random() < 0.2 else None, own=random.random() < 0.9,
            )  # fmt: skip
        if random.random() < 0.8:
            small.post("10.05 12:00", account)
        small.covered(W20, random.choice([W23, W23, W22]), account)
    small.store()
    return judge("2024-05", small.home)


def failed(judged: Judgement, choices: dict[str, Any]) -> set[tuple[str, pd.Timestamp]]:
    order = [clause for clause in judged.clauses if clause.key == POSTS]
    rows = findings_of(judged.facts, changed(order, **choices) or order, judged.period)
    rows = rows[rows["verdict"] == "failed"]
    return set(zip(rows["account_id"], rows["period_start"], strict=True))


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(1, 6), CHOICES)
def test_a_lower_norm_never_makes_a_new_breach(
    random_lake: Judgement, one: int, other: int, choices: dict[str, Any]
) -> None:
    low, high = sorted((one, other))
    few = failed(random_lake, {**choices, "minimum_posts": low})
    assert few <= failed(random_lake, {**choices, "minimum_posts": high})


def test_the_random_lake_has_breaches_that_depend_on_the_norm(random_lake: Judgement) -> None:
    sizes = [len(failed(random_lake, {"minimum_posts": number})) for number in (1, 3, 6)]
    assert 0 < sizes[0] < sizes[1] < sizes[2]
    assert "failed" not in set(what_if(random_lake, minimum_posts=1)["verdict_if"])
    assert (what_if(random_lake, minimum_posts=6)["verdict_if"] == "failed").sum() == sizes[2] - sizes[1]
