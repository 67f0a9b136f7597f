"""How far data can be trusted: what was read and why not, canaries, ages, the register, what is no breach."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from small_lake import W20, W21, W22, W23, Small, at, write_order

from kirovlib import charts, tables
from kirovlib.lake import Batch
from kirovlib.order import clauses, words
from kirovlib.order.data_quality import COMPLETE_SHARE, REGISTER_ADVICE, DataQuality, data_quality
from kirovlib.order.evaluate import judge
from kirovlib.registry.check import WARNINGS, check
from kirovlib.reports import pages

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample"
# Reasons of «соблюдается» and «нарушение»: nothing is missing there.
DECIDED = {
    "manual_passed", "manual_failed", "norm_met", "below_norm", "contents_complete", "contents_missing", "mark_present",
    "mark_absent", "found", "missing", "link_broken", "register_connected", "register_not_connected", "account_live",
    "too_few_accounts", "decision_done", "decision_not_done",
}  # fmt: skip
MENU = [("Сообщить", "https://pos.gosuslugi.ru/form/?opaId=1")]


@pytest.fixture(scope="module")
def sample() -> DataQuality:
    return data_quality(judge("2024-W28", SAMPLE, past_weeks=11))


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def quality_of(small: Small, period: str = "2024-W21", *, past_weeks: int = 0, run_id: str = "r1") -> DataQuality:
    if small.batch.coverage or small.batch.posts or small.batch.profile_snapshots or small.lake.is_empty():
        small.store(run_id)
    return data_quality(judge(period, small.home, past_weeks=past_weeks))


def account(quality: DataQuality, key: str = "vk:a") -> dict[str, Any]:
    rows = quality.accounts[quality.accounts["account_id"] == key].astype(object)
    return {str(name): cell for name, cell in rows.where(rows.notna(), None).iloc[0].items()}


def canary(quality: DataQuality, platform: str, field: str) -> dict[str, Any]:
    rows = quality.canaries
    rows = rows[(rows["platform"] == platform) & (rows["field"] == field)]
    return {str(name): cell for name, cell in rows.iloc[0].items()}


def text_of(figure: go.Figure) -> str:
    return json.dumps(charts.plain(json.loads(figure.to_json())), ensure_ascii=False)


# --- what was read


def test_the_share_read_is_the_one_that_reports_are_stamped_by(sample: DataQuality) -> None:
    assert (sample.watched["extent"] == "whole").mean() == sample.judged.collected_share() < 1
    assert pages.COMPLETE_SHARE == COMPLETE_SHARE


def test_an_unread_account_has_the_reason_that_its_verdict_has(sample: DataQuality) -> None:
    found = sample.judged.findings
    found = found[(found["clause"] == "posts_per_week") & (found["verdict"] == "cannot_tell")]
    reasons = sample.accounts.set_index("account_id")["reason"]
    assert len(found)
    assert list(found["account_id"].map(reasons)) == list(found["reason"])


def test_an_account_is_read_whole_in_part_or_not_at_all(small: Small) -> None:
    for name in ("part", "before", "never", "joined"):
        small.account(f"vk:{name}")
    small.covered()
    small.covered(W20, W21 + timedelta(days=2), "vk:part")
    small.covered(W20, W21, "vk:before")
    small.covered(W20, W21 + timedelta(days=2), "vk:joined")
    small.covered(W21 + timedelta(days=2), W23, "vk:joined")
    quality = quality_of(small)
    extents = {name: account(quality, f"vk:{name}")["extent"] for name in ("a", "part", "before", "never", "joined")}
    assert extents == {"a": "whole", "part": "partial", "before": "nothing", "never": "nothing", "joined": "whole"}


def test_what_was_told_of_an_account_is_its_reason_else_that_nobody_read_the_week(small: Small) -> None:
    small.account("vk:closed")
    small.account("vk:new")
    small.covered()
    small.covered(None, None, "vk:closed", outcome="not_collected", reason="wall_closed")
    small.snapshot(MENU, "24.05 12:00")
    quality = quality_of(small)
    assert account(quality)["reason"] == account(quality)["advice"] == ""
    assert account(quality, "vk:closed")["reason"] == "wall_closed"
    assert account(quality, "vk:new")["reason"] == "week_not_collected"
    assert account(quality, "vk:new")["advice"].startswith("Соберите")


def test_a_week_that_goes_on_is_no_gap_of_anybody(small: Small) -> None:
    small.until = W22 + timedelta(days=3)
    small.covered(W20, small.until)
    quality = quality_of(small, "2024-W22")
    assert account(quality)["reason"] == "week_running"
    assert account(quality)["unread_days"] == 0  # counted to the last collection, not to a day yet to come


def test_accounts_of_networks_that_no_clause_speaks_of_are_told_but_not_counted(small: Small) -> None:
    small.account("max:1")
    small.covered()
    quality = quality_of(small)
    assert not account(quality, "max:1")["is_watched"]
    assert account(quality, "max:1")["reason"] == "platform_not_supported"
    assert list(quality.watched["account_id"]) == ["vk:a"]
    assert set(quality.weeks["platform"]) == {"vk"}
    assert "без 1 аккаунта сетей, о которых порядок не говорит" in text_of(charts.coverage(quality))


def test_a_gap_between_weeks_is_seen(small: Small) -> None:
    small.account("vk:b")
    small.covered(W20, W22)
    small.covered(W20, W21, "vk:b")
    weeks = quality_of(small, past_weeks=2).weeks
    assert list(weeks["account_count"]) == [2, 2, 2]
    assert list(weeks["read_count"]) == [0, 2, 1]


# --- how old


def test_ages_are_counted_to_the_end_of_the_period_and_blank_is_never(small: Small) -> None:
    for name in ("week_ago", "never"):
        small.account(f"vk:{name}")
    small.covered()
    small.covered(W20, W21, "vk:week_ago")
    small.snapshot(moment="20.05 12:00")
    small.snapshot(moment="28.05 12:00", account="vk:week_ago")
    quality = quality_of(small)
    assert account(quality)["unread_days"] == 0
    assert account(quality)["read_until"] == pd.Timestamp("2024-05-26")
    assert (account(quality)["seen_on"], account(quality)["unseen_days"]) == (pd.Timestamp("2024-05-20"), 6)
    assert account(quality, "vk:week_ago")["unread_days"] == 7
    assert account(quality, "vk:week_ago")["unseen_days"] == -2
    assert [account(quality, "vk:never")[name] for name in ("read_until", "unread_days", "seen_on")] == [None] * 3


def test_what_was_read_later_makes_an_old_period_no_fresher(small: Small) -> None:
    small.covered(W22, W23)
    small.snapshot(moment=W22 + timedelta(days=8))
    found = account(quality_of(small))
    assert found["read_until"] is None
    assert found["seen_on"] is None
    assert not found["is_page_seen"]


def test_a_page_seen_a_week_after_the_period_judges_it_and_one_seen_before_does_not(small: Small) -> None:
    small.account("vk:before")
    small.covered()
    small.covered(account="vk:before")
    small.snapshot(moment=W22 + timedelta(days=6))
    small.snapshot(moment=W21 - timedelta(hours=1), account="vk:before")
    quality = quality_of(small)
    assert account(quality)["is_page_seen"]
    assert not account(quality, "vk:before")["is_page_seen"]
    assert account(quality, "vk:before")["reason"] == "no_snapshot_in_period"
    assert account(quality, "vk:before")["unseen_days"] == 7


# --- canaries


@pytest.mark.parametrize(("with_menu", "state"), [(1, "fallen"), (2, "answered"), (3, "answered")])
def test_a_menu_is_answered_from_half_of_the_registered_on_and_verdicts_agree(
    small: Small, with_menu: int, state: str
) -> None:
    for number in range(3):
        small.account(f"vk:{number}")
    for number, key in enumerate(("vk:a", "vk:0", "vk:1", "vk:2")):
        small.snapshot(MENU if number < with_menu else None, "24.05 12:00", key)
    small.covered()
    quality = quality_of(small)
    row = canary(quality, "vk", "menu")
    assert row["state"] == state
    assert (row["returned_count"], row["page_count"], row["registered_count"]) == (with_menu, 4, 4)
    assert row["clauses"].replace("\u00a0", " ") == "п. 2.4.1, п. 2.4.2"
    found = {reason for _, reason, _ in small.findings("vk_report_problem").values()}
    assert ("menu_not_answered" in found) == (state == "fallen")
    assert (row["meaning"] in quality.doubts) == (state == "fallen")


def test_pages_of_a_run_in_which_nobody_had_a_menu_are_named_beside_an_answered_canary(small: Small) -> None:
    small.account("vk:b")
    small.account("vk:none")  # asked together with one that has a menu: it has none
    small.account("vk:c")
    small.covered()
    small.snapshot(MENU, "24.05 12:00")
    small.snapshot(MENU, "24.05 12:00", "vk:c")
    small.snapshot(None, "24.05 12:00", "vk:none")
    small.store()
    small.snapshot(None, "25.05 12:00", "vk:b")
    row = canary(quality_of(small, run_id="r2"), "vk", "menu")
    assert row["state"] == "answered"
    assert "кроме 1 из сборов" in row["meaning"]
    assert small.findings("vk_report_problem")["vk:b"][1] == "menu_not_answered"


@pytest.mark.parametrize(("accounts", "state"), [(19, "answered"), (20, "fallen")])
def test_a_mark_on_nobody_falls_where_it_would_be_strange(small: Small, accounts: int, state: str) -> None:
    for number in range(accounts):
        small.account(f"ok:{number}")
        small.snapshot(None, "24.05 12:00", f"ok:{number}", government_mark=False)
    small.covered()
    row = canary(quality_of(small), "ok", "government_mark")
    assert row["state"] == state
    assert ("нет ни у одного из 20 ответивших" in row["meaning"]) == (state == "fallen")


def test_a_mark_that_no_page_told_of_has_fallen(small: Small) -> None:
    small.account("ok:1")
    small.covered()
    small.snapshot(None, "24.05 12:00", "ok:1")
    assert canary(quality_of(small), "ok", "government_mark")["state"] == "fallen"


def test_a_field_of_no_page_has_not_fallen(small: Small) -> None:
    small.covered()
    assert set(quality_of(small).canaries["state"]) == {"no_pages"}


def test_fields_of_the_checklist_matter_only_once_it_is_filled_in(small: Small) -> None:
    small.covered()
    small.snapshot(MENU, "24.05 12:00", name="Школа", description="Адрес и телефон")
    empty = canary(quality_of(small), "vk", "has_avatar")
    assert (empty["clauses"], empty["state"]) == ("", "counted")
    order = clauses.CLAUSES_TOML.read_text(encoding="utf-8").replace("items = []", 'items = ["аватар", "название"]')
    write_order(small.home, order)
    quality = quality_of(small)
    assert canary(quality, "vk", "has_avatar")["clauses"].replace("\u00a0", " ") == "п. 2.2"
    assert canary(quality, "vk", "has_avatar")["state"] == "fallen"
    assert canary(quality, "vk", "name")["state"] == "counted"
    assert small.findings("required_contents")["vk:a"][:2] == ("cannot_tell", "contents_not_answered")


# --- what is no breach


def test_every_reason_that_decides_nothing_says_what_can_be_done() -> None:
    assert set(words.ADVICE) == set(words.REASONS) - DECIDED
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "kirovlib" / "order").glob("*.py"))
    named = set(re.findall(r'Outcome\("(?:cannot_tell|inapplicable|untested)", "(\w+)"', code))
    assert len(named) > 10
    assert named <= set(words.ADVICE)


def test_undecided_findings_are_all_told_and_no_breach_is_among_them(sample: DataQuality) -> None:
    counted = sample.judged.findings["verdict"].value_counts()
    told = sample.undecided.groupby("verdict")["finding_count"].sum()
    assert dict(told) == {word: counted[word] for word in ("cannot_tell", "inapplicable", "untested")}
    assert list(dict.fromkeys(sample.undecided["verdict"])) == ["cannot_tell", "inapplicable", "untested"]
    assert sample.undecided[["reason_name", "advice", "clauses"]].notna().all(axis=None)
    by_clause = sample.undecided["clauses"].str.findall(r"— (\d+)").map(lambda found: sum(map(int, found)))
    assert list(by_clause) == list(sample.undecided["finding_count"])


# --- register and runs


def test_the_register_says_what_its_check_says_on_the_last_day_of_the_period(sample: DataQuality) -> None:
    day = sample.judged.period.until - timedelta(days=1)
    checked = check(SAMPLE / "registry", clauses.checkable(sample.judged.clauses), on=day)
    assert list(sample.register["text"]) == [each.what.text for each in checked.warnings]
    assert list(sample.register["group_name"]) == [WARNINGS[each.group] for each in checked.warnings]


def test_every_group_of_warnings_has_its_advice() -> None:
    assert set(REGISTER_ADVICE) == set(WARNINGS)


def test_a_mistake_made_since_the_period_was_judged_is_told_first(small: Small) -> None:
    small.covered()
    small.store()
    judged = judge("2024-W21", small.home)
    file = small.home / "registry" / "accounts.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("https://vk:a.test", "no address"), encoding="utf-8")
    first = data_quality(judged).register.iloc[0]
    assert (first["level"], first["file"], first["row"]) == ("ошибка", "accounts.csv", 2)


def test_an_institution_without_an_account_and_an_account_without_a_number_are_told(small: Small) -> None:
    small.institution("2")
    small.covered()
    groups = set(quality_of(small).register["group_name"])
    assert {WARNINGS["institution_without_account"], WARNINGS["no_platform_id"]} <= groups


def test_runs_are_told_latest_first_with_what_they_brought_and_a_killed_one_too(small: Small) -> None:
    small.account("vk:b")
    small.covered()
    small.covered(None, None, "vk:b", outcome="not_collected", reason="quota")
    small.store("r1")
    small.until = W23 + timedelta(days=1)
    small.covered(outcome="partial", reason="wall_shifted")
    small.store("r2")
    with small.lake.writer() as writer:
        batch = Batch()
        batch.coverage.append({"account_id": "vk:b", "outcome": "collected", "reached_end": False})
        writer.commit("r3", batch)
    runs = data_quality(judge("2024-W21", small.home)).runs
    assert list(runs["run_id"]) == ["r3", "r2", "r1"]
    assert list(runs["collected_count"]) == [1, 0, 1]
    assert list(runs["partial_count"]) == [0, 1, 0]
    assert list(runs["not_collected_count"]) == [0, 0, 1]
    assert runs["started"].iloc[2] == "03.06.2024 00:00"
    assert runs["window_until"].iloc[2] == pd.Timestamp("2024-06-02")
    assert not runs["is_finished"].iloc[0]


# --- what must not be concluded


@pytest.mark.parametrize(("unread", "is_doubted"), [(0, False), (1, False), (2, True)])
def test_a_share_below_the_border_is_a_doubt_and_one_at_it_is_not(
    small: Small, unread: int, *, is_doubted: bool
) -> None:
    small.accounts = []
    for number in range(50):
        small.account(f"telegram:{number}")
        small.snapshot(None, "24.05 12:00", f"telegram:{number}")
        if number >= unread:
            small.covered(account=f"telegram:{number}")
    quality = quality_of(small)
    assert any("прочитано 48 аккаунтов из 50" in doubt for doubt in quality.doubts) == is_doubted
    said = charts.stamp(quality).data
    assert ("Данные неполные" in said) == is_doubted
    assert ("Данные за период полны" in said) == (unread == 0)
    assert ("Данные за период почти полны" in said) == (unread == 1)


def test_pages_that_were_not_seen_are_a_doubt(small: Small) -> None:
    small.covered()
    assert quality_of(small).doubts == [
        "Снимка страницы за период нет у 1 аккаунта из 1: пункты о страницах для них — «не установлено»."
    ]


def test_a_period_before_anything_was_collected_says_so_and_draws_what_it_can() -> None:
    quality = data_quality(judge("2024-W05", SAMPLE, past_weeks=2))
    assert "Порядок ещё не действовал".lower() in quality.doubts[0].lower()
    assert set(quality.watched["extent"]) == {"nothing"}
    assert "Данные неполные" in charts.stamp(quality).data
    for chart in (charts.coverage, charts.unread, charts.completeness, charts.canaries, charts.age):
        assert chart(quality).layout.title.text


def test_a_period_read_in_no_account_from_end_to_end_is_a_doubt() -> None:
    doubts = data_quality(judge("2024-Q2", SAMPLE)).doubts
    assert doubts[0].startswith("Ни один аккаунт из 61 не прочитан за весь период")


def test_a_register_without_accounts_is_told_and_not_drawn(small: Small) -> None:
    small.accounts = []
    small.covered()
    quality = quality_of(small)
    assert quality.accounts.empty
    for chart in (charts.coverage, charts.unread, charts.completeness, charts.canaries, charts.age):
        assert "Показать нечего" in text_of(chart(quality))


def test_posts_from_a_file_are_said_to_be(small: Small) -> None:
    small.covered()
    quality = quality_of(small)
    assert "из файлов" not in charts.stamp(quality).data
    from_file = replace(quality, judged=replace(quality.judged, from_file=("vk:a", "vk:b")))
    assert "Публикации 2 аккаунтов взяты из файлов" in charts.stamp(from_file).data


# --- figures


def test_extents_and_networks_are_told_by_pattern_as_well_as_colour(sample: DataQuality) -> None:
    for figure in (charts.coverage(sample), charts.unread(sample)):
        shapes = [trace.marker.pattern.shape for trace in figure.data]
        assert len(set(shapes)) == len(shapes) == 3
        assert all(trace.marker.color != charts.COLOURS["failed"] for trace in figure.data)


def test_each_unread_account_is_drawn_once_under_its_reason(sample: DataQuality) -> None:
    unread = sample.watched[sample.watched["extent"] != "whole"]
    figure = charts.unread(sample)
    assert sum(sum(trace.x) for trace in figure.data) == len(unread)
    assert f"(n = {len(unread)})" in figure.layout.title.text


def test_below_the_border_a_week_is_never_rounded_up_to_it(small: Small) -> None:
    small.accounts = []
    for number in range(46):
        small.account(f"vk:{number}")
        if number:
            small.covered(account=f"vk:{number}")
    [heatmap] = charts.completeness(quality_of(small)).data
    assert heatmap.text[0][0] == "97"  # 45 of 46 are 97.8 %
    assert heatmap.customdata[0][0] == "45 из 46"


def test_accounts_stand_once_in_each_half_of_the_chart_of_ages(sample: DataQuality) -> None:
    figure = charts.age(sample)
    halves = {axis: sum(sum(trace.y) for trace in figure.data if trace.xaxis == axis) for axis in ("x", "x2")}
    assert halves == {"x": len(sample.watched), "x2": len(sample.watched)}


def test_the_tables_have_the_columns_that_are_promised(sample: DataQuality) -> None:
    promised = " ".join((DataQuality.__doc__ or "").split())
    for name in ("accounts", "weeks", "undecided", "register", "runs"):
        frame: pd.DataFrame = getattr(sample, name)
        missing = [column for column in frame if column not in promised]
        assert not missing, name
    assert set(sample.accounts["platform"]) <= set(tables.PLATFORMS)
    assert sample.as_of == at("15.07 00:00")
