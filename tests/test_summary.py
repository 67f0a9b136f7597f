"""The state of the region in short: the same numbers as its findings, counted by subject."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_lake import W21, W22, Small

from kirovlib import charts
from kirovlib.errors import ParameterError
from kirovlib.order import changes, posting, summary, wording
from kirovlib.order.evaluate import Judgement, judge

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"


@pytest.fixture(scope="module")
def judged() -> Judgement:
    return judge("2024-W28", SAMPLE, past_weeks=11)


def plainly(judged: Judgement, verdict: str, subjects: str) -> set[str]:
    """The subjects with a verdict, and those with a worse one."""
    found = judged.findings[judged.findings["verdict"] == verdict]
    return set(found[subjects].dropna())


@pytest.mark.parametrize(
    ("by", "subject"), [("kind", "institution_id"), ("founder", "institution_id"), ("platform", "account_id")]
)
def test_each_subject_counts_once_by_its_worst_verdict(judged: Judgement, by: str, subject: str) -> None:
    rows = summary.summary(judged, by)
    failed = plainly(judged, "failed", subject)
    unknown = plainly(judged, "cannot_tell", subject) - failed
    passed = plainly(judged, "passed", subject) - failed - unknown
    totals = rows[["failed_count", "cannot_tell_count", "passed_count"]].sum().tolist()
    assert totals == [len(failed), len(unknown), len(passed)]
    assert rows["subject_count"].sum() == sum(totals)


def test_by_clause_the_subjects_are_those_the_clause_is_about(judged: Judgement) -> None:
    rows = summary.summary(judged, "clause").set_index("name")
    of_posts = judged.findings[judged.findings["clause"] == "posts_per_week"]
    assert rows.loc["п. 3.1 Публикации", "failed_count"] == (of_posts["verdict"] == "failed").sum()
    decisions = judged.findings[judged.findings["clause"] == "group_decisions"]
    failed = set(decisions.loc[decisions["verdict"] == "failed", "institution_id"])
    assert rows.loc["п. 3.2 Решения", "failed_count"] == len(failed)
    assert list(rows.index)[:2] == ["п. 1 Аккаунт", "п. 2.2 Содержание"]


def test_the_share_that_was_read_stands_beside_each_group(judged: Judgement) -> None:
    rows = summary.summary(judged, "platform")
    concerned = judged.findings.loc[judged.findings["verdict"].isin(["passed", "failed", "cannot_tell"]), "account_id"]
    assert rows["account_count"].sum() == concerned.nunique()
    weeks = judged.weekly_counts[judged.weekly_counts["week_start"] == "2024-07-08"]
    telegram = weeks[weeks["account_id"].str.startswith("telegram:") & weeks["account_id"].isin(concerned)]
    shown = rows.set_index("name").loc["Телеграм"]
    assert (shown["account_count"], shown["read_count"]) == (len(telegram), telegram["is_complete"].sum())


def test_the_previous_period_is_counted_where_it_was_loaded(judged: Judgement) -> None:
    earlier = summary.summary(judge("2024-W27", SAMPLE), "kind").set_index("name")["failed_count"]
    rows = summary.summary(judged, "kind").set_index("name")["failed_before_count"]
    assert rows["подведомственное учреждение"] == earlier["подведомственное учреждение"]
    alone = summary.summary(judge("2024-W28", SAMPLE), "kind")
    assert alone["failed_before_count"].isna().all()
    clauses = summary.summary(judged, "clause").set_index("name")  # no page was seen the week before
    assert clauses.loc[["п. 2.3 Отметка ОК", "п. 2.4.1 Проблема"], "failed_before_count"].isna().all()


def test_an_unknown_group_is_refused(judged: Judgement) -> None:
    with pytest.raises(ParameterError, match="clause, platform, kind, founder"):
        summary.summary(judged, "sphere")


def test_those_with_most_and_longest_breaches_are_in_need_first(judged: Judgement) -> None:
    moved = changes.named_changes(judged)
    need = summary.most_in_need(judged, moved)
    failed = judged.findings[judged.findings["verdict"] == "failed"]
    assert (
        need.set_index("institution_id")["failed_count"].to_dict() == failed["institution_id"].value_counts().to_dict()
    )
    order = list(zip(-need["failed_count"], -need["weeks_in_row"], strict=True))
    assert order == sorted(order)
    longest = moved[moved["now"] == "failed"].groupby("institution_id")["weeks_in_row"].max()
    assert need.set_index("institution_id")["weeks_in_row"].to_dict() == longest.to_dict()


def test_a_breach_that_goes_on_is_not_new(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.account("ok:b")
    small.post("10.05 12:00")
    small.post("10.05 12:00", "ok:b")
    small.posts(1, W21)
    small.posts(3, W21, "ok:b")
    small.posts(1, W22)
    small.posts(1, W22, "ok:b")
    small.covered()
    small.covered(account="ok:b")
    small.store()
    judged = judge("2024-W22", tmp_path, past_weeks=1)
    need = summary.most_in_need(judged, changes.changes(judged)).iloc[0]
    assert (need["failed_count"], need["new_count"], need["weeks_name"]) == (2, 1, "2")
    assert need["established_count"] == 0
    assert need["clauses"] == "3.1 Публикации × 2"


def test_a_founder_answers_for_the_breaches_and_the_links_of_its_institutions(judged: Judgement) -> None:
    rows = summary.founders(judged)
    failed = judged.findings["verdict"] == "failed"
    assert rows["breach_count"].sum() == failed.sum()
    assert rows["repair_count"].sum() == judged.findings["repair"].fillna("").str.startswith("http").sum()
    assert wording.NO_FOUNDER in set(rows["name"])


def test_founders_of_one_name_answer_each_for_their_own(tmp_path: Path) -> None:
    small = Small(tmp_path)
    for key in ("9", "8"):
        small.institution(key, name="Министерство", kind="executive_authority")
    small.institution("1", founder_id="9")
    small.institution("2", founder_id="8")
    small.account("ok:b", "2")
    for account in ("vk:a", "ok:b"):
        small.post("10.05 12:00", account)
        small.covered(account=account)
    small.posts(3, W21, "ok:b")
    small.store()
    judged = judge("2024-W21", tmp_path)
    rows = summary.founders(judged).set_index("name")
    assert rows["breach_count"].to_dict() == {"Министерство (9)": 1, "Министерство (8)": 0, wording.NO_FOUNDER: 0}
    assert set(posting.norm_by(judged, "founder")["group"]) == {"Министерство (9)", "Министерство (8)"}


def test_a_region_where_nobody_fails_needs_no_help(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.post("10.05 12:00")
    small.posts(3, W21)
    small.posts(3, W22)
    small.covered()
    small.store()
    judged = judge("2024-W22", tmp_path, past_weeks=1)
    moved = changes.named_changes(judged)
    assert summary.most_in_need(judged, moved).empty
    assert "Таких строк нет" in charts.table(summary.most_in_need(judged, moved), {"institution": "Учреждение"}).data


def test_the_overview_has_a_panel_for_each_group_with_its_coverage_and_what_it_was_before(judged: Judgement) -> None:
    groups = {by: summary.summary(judged, by) for by in summary.GROUPS}
    figure = charts.overview(groups)
    headings = [note.text for note in figure.layout.annotations]
    assert [text.split(",")[0] for text in headings] == [
        "<b>По пунктам</b>", "<b>По сетям</b>", "<b>По видам</b>", "<b>По учредителям</b>",
    ]  # fmt: skip
    telegram = next(text for text in figure.layout.yaxis2.ticktext if text.startswith("Телеграм"))
    assert "проч. 87" in telegram
    failed = figure.data[3]  # по сетям, нарушение
    assert failed.name == "По сетям: нарушение"
    assert any("прежде: " in told for told in failed.customdata)
    assert sum(sum(bar.x) for bar in figure.data[3:6]) == groups["platform"]["subject_count"].sum()


def test_many_founders_are_cut_to_those_most_in_need_and_the_rest_is_said(judged: Judgement) -> None:
    groups = {by: summary.summary(judged, by) for by in summary.GROUPS}
    many = pd.concat(
        [groups["founder"].assign(name=[f"{name} {n}" for name in groups["founder"]["name"]]) for n in range(5)]
    )
    figure = charts.overview({**groups, "founder": many})
    assert "(8 из 20)" in figure.layout.annotations[3].text
    assert len(figure.data[9].y) == 8


def test_an_overview_without_findings_says_so(judged: Judgement) -> None:
    groups = {by: summary.summary(judged, by).head(0) for by in summary.GROUPS}
    assert "Показать нечего" in charts.overview(groups).layout.annotations[0].text


def test_the_tile_of_breaches_says_how_many_are_new_and_how_many_mended(judged: Judgement) -> None:
    moved = changes.named_changes(judged)
    new = (moved["change"] == "new_failure").sum()
    assert f"новых\u00a0{new}" in charts.tiles(judged, moved).data
    assert "новых" not in charts.tiles(judged).data
