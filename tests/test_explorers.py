"""The explorer: what is asked for is what is shown, and the frame for the next cell is the same rows."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_lake import W21, Small

from kirovlib import explorers, tables
from kirovlib.explorers.explored import CRITERIA, Explored, Filters
from kirovlib.order import wording
from kirovlib.order.evaluate import Judgement, judge
from kirovlib.order.what_if import what_if
from kirovlib.reports import notebooks

FIGURE = "application/vnd.plotly.v1+json"
VIEW = "application/vnd.jupyter.widget-view+json"
TABLE, CHARTS, CARD = range(3)
HOSTILE = '=cmd|" /C calc"!A0 <img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def judged() -> Judgement:
    return judge("2024-06", "data/sample")


@pytest.fixture(scope="module")
def explored(judged: Judgement) -> Explored:
    return Explored(judged)


@pytest.fixture
def explorer(judged: Judgement, tmp_path: Path) -> explorers.Explorer:
    return explorers.explore(judged, tmp_path / "selections")


def plain_mask(explored: Explored, filters: Filters) -> pd.Series:
    """The same question put to the columns of `named`, one after the other."""
    rows, judged = explored.named, explored.judged
    institutions = judged.institutions.set_index("institution_id")
    known = {
        "kind": rows["institution_id"].map(institutions["kind"]),
        "founder": rows["institution_id"].map(institutions["founder_id"]),
        "sphere": rows["sphere"],
        "platform": rows["account_id"].str.partition(":")[0],
        "clause": rows["clause"],
        "verdict": rows["verdict"],
    }
    mask = (rows["period_start"] <= pd.Timestamp(filters.last) + pd.Timedelta(days=6)) & (
        rows["period_end"] >= pd.Timestamp(filters.first)
    )
    for name, wanted in filters.wanted.items():
        if wanted:
            mask &= known[name].fillna("").isin(list(wanted))
    if filters.name:
        names = rows["institution_id"].map(institutions["name"]) + " " + rows["institution"]
        mask &= names.str.lower().str.replace("ё", "е").str.contains(filters.name.lower(), regex=False)
    return mask


def everything(explored: Explored) -> dict[str, Any]:
    weeks = explored.judged.period.weeks
    return {"wanted": {}, "first": weeks[0].start, "last": weeks[-1].start}


def words(explorer: explorers.Explorer, part: str = "_summary") -> str:
    text = re.sub(r"<style>.*?</style>", "", getattr(explorer, part).value, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("\u00a0", " ")


def shown_rows(explorer: explorers.Explorer) -> int:
    return explorer._table.value.count("<tr>") - 1


def wanted(explored: Explored) -> st.SearchStrategy[dict[str, list[str]]]:
    return st.fixed_dictionaries(
        {},
        optional={
            name: st.lists(st.sampled_from([value for _, value in explored.options[name]]), max_size=3)
            for name in CRITERIA
        },
    )


# --- filters


@given(st.data())
def test_any_filters_give_the_rows_that_masks_on_the_columns_give(explored: Explored, data: st.DataObject) -> None:
    weeks = [week.start for week in explored.judged.period.weeks]
    first, last = sorted(data.draw(st.tuples(st.sampled_from(weeks), st.sampled_from(weeks))))
    name = data.draw(st.sampled_from(["", "лицей", "нигдейск", "такого нет"]))
    filters = Filters(data.draw(wanted(explored)), first, last, name)
    found = explored.select(filters)
    assert sorted(found.places) == plain_mask(explored, filters).to_numpy().nonzero()[0].tolist()
    rows = explored.named.iloc[found.places]
    assert found.counts == {word: int((rows["verdict"] == word).sum()) for word in tables.VERDICTS}
    assert len(found.accounts) == rows["account_id"].nunique()
    assert {key for _, key in found.institutions} == set(rows["institution_id"])


def test_every_value_that_can_be_chosen_has_findings_and_all_values_together_are_everything(explored: Explored) -> None:
    for name, options in explored.options.items():
        sizes = [
            len(explored.select(Filters(**everything(explored) | {"wanted": {name: [value]}}))) for _, value in options
        ]
        assert sum(sizes) == len(explored.named)
        assert all(sizes) or name == "verdict"


def test_what_has_no_founder_and_no_account_is_called_by_words(explored: Explored) -> None:
    assert explored.options["founder"][-1] == ("без учредителя", "")
    assert explored.options["platform"][-1] == ("об учреждении", "")


def test_a_finding_of_the_whole_period_stays_whatever_weeks_are_asked_for(explored: Explored) -> None:
    weeks = explored.judged.period.weeks
    rows = explored.select(Filters({}, weeks[1].start, weeks[1].start)).frame()
    weekly = rows[rows["clause"] == "posts_per_week"]
    assert set(weekly["period_start"]) == {pd.Timestamp(weeks[1].start)}
    whole = explored.named[explored.named["clause"] != "posts_per_week"]
    assert len(rows) - len(weekly) == len(whole)


def test_the_worst_stand_first_then_institutions_by_name_and_the_latest_week(explored: Explored) -> None:
    rows = explored.select(Filters(**everything(explored))).frame()
    ranks = rows["verdict"].map(list(tables.VERDICTS).index).tolist()
    assert ranks == sorted(ranks)
    failed = rows[(rows["verdict"] == "failed") & (rows["clause"] == "posts_per_week")]
    assert failed["institution"].str.casefold().is_monotonic_increasing
    assert all(weeks.is_monotonic_decreasing for _, weeks in failed.groupby("institution_id")["period_start"])


def test_how_much_is_not_established_does_not_depend_on_the_verdict_asked_for(explored: Explored) -> None:
    everywhere = explored.select(Filters(**everything(explored)))
    failed = explored.select(Filters(**everything(explored) | {"wanted": {"verdict": ["failed"]}}))
    counts = everywhere.counts
    assert everywhere.unknown == (counts["cannot_tell"], counts["failed"] + counts["cannot_tell"] + counts["passed"])
    assert failed.unknown == everywhere.unknown
    assert failed.read_share == everywhere.read_share
    assert 0 < everywhere.read_share < 1


def test_a_name_is_found_in_any_letters_and_by_the_key(explored: Explored) -> None:
    key = explored.institution_ids[0]
    by_key = explored.select(Filters(**everything(explored) | {"name": key}))
    assert {one for _, one in by_key.institutions} == {key}
    loud, plain = (
        explored.select(Filters(**everything(explored) | {"name": name}))
        for name in (" ПОСЁЛОК  заоблачный", "поселок заоблачный")
    )
    assert loud.institutions == plain.institutions != []


# --- widgets


def test_at_first_everything_is_shown_and_counted_in_words(explorer: explorers.Explorer, judged: Judgement) -> None:
    assert len(explorer.selection) == len(judged.findings)
    accounts, institutions = judged.findings["account_id"].nunique(), judged.findings["institution_id"].nunique()
    assert f"{len(judged.findings)} вывод" in words(explorer)
    assert f"{accounts} аккаунт" in words(explorer)
    assert f"{institutions} учреждени" in words(explorer)
    assert re.search(r"Не установлено: \d+ из \d+ проверявшихся, \d+ %", words(explorer))
    assert "прочитаны целиком" in words(explorer)
    assert all(widget.value == ("все",) for widget in explorer.filters.criteria.values())


def test_a_filter_changes_the_table_the_words_and_the_frame(explorer: explorers.Explorer) -> None:
    explorer.filters.criteria["clause"].value = ("posts_per_week",)
    explorer.filters.criteria["verdict"].value = ("failed",)
    found = explorer.selection
    assert set(found["clause"]) == {"posts_per_week"}
    assert set(found["verdict"]) == {"failed"}
    assert list(found.columns) == [*wording.named(explorer._judged), "sphere"]
    assert shown_rows(explorer) == min(len(found), 50)
    assert f"{len(found)} вывод" in words(explorer)
    assert words(explorer, "_table").index(found["institution"].iloc[0]) > 0


def test_the_table_says_how_many_rows_it_does_not_show(explorer: explorers.Explorer) -> None:
    rest = len(explorer.selection) - 50
    assert f"Показаны первые 50, ещё {rest}" in words(explorer, "_table")
    explorer.filters.criteria["verdict"].value = ("failed",)
    explorer.filters.criteria["clause"].value = ("ok_government_mark",)
    assert "Показаны первые" not in words(explorer, "_table")


def test_all_and_single_values_exclude_each_other(explorer: explorers.Explorer) -> None:
    kinds = explorer.filters.criteria["kind"]
    kinds.value = ("все", "subordinate")
    assert kinds.value == ("subordinate",)
    kinds.value = ("subordinate", "other")
    assert kinds.value == ("subordinate", "other")
    kinds.value = ("все", "subordinate", "other")
    assert kinds.value == ("все",)
    kinds.value = ("subordinate",)
    kinds.value = ()
    assert kinds.value == ("все",)


def test_resetting_asks_for_everything_again_at_once(explorer: explorers.Explorer) -> None:
    filters = explorer.filters
    filters.criteria["kind"].value, filters.name.value = ("other",), "лицей"
    filters.first.value = filters.first.options[2][1]
    filters.last.value = filters.last.options[0][1]
    updates: list[int] = []
    filters.on_change(lambda: updates.append(1))
    filters.back.click()
    assert len(updates) == 1
    assert len(explorer.selection) == len(explorer._judged.findings)
    weeks = explorer._judged.period.weeks
    assert filters.filters() == Filters(dict.fromkeys(CRITERIA, ()), weeks[0].start, weeks[-1].start)


def test_the_last_week_cannot_be_before_the_first(explorer: explorers.Explorer) -> None:
    filters, weeks = explorer.filters, explorer._judged.period.weeks
    assert filters.first.options[0][0] == "03.06.2024"
    assert filters.last.options[0][0] == "09.06.2024"
    filters.last.value = weeks[0].start
    filters.first.value = weeks[2].start
    assert [start for _, start in filters.last.options] == [week.start for week in weeks[2:]]
    assert filters.last.value == weeks[2].start
    weekly = explorer.selection[explorer.selection["clause"] == "posts_per_week"]
    assert set(weekly["period_start"]) == {pd.Timestamp(weeks[2].start)}
    assert "за весь период" in words(explorer)


def test_nothing_found_is_said_with_what_to_do(explorer: explorers.Explorer) -> None:
    explorer.filters.name.value = "такого нет"
    for tab in (CHARTS, TABLE):
        explorer.tabs.selected_index = tab
        assert "Ослабьте условия" in words(explorer)
    assert "Ослабьте условия" in words(explorer, "_table")
    assert explorer.selection.empty
    assert "verdict_name" in explorer.selection
    explorer.csv_button.click()
    assert "Сохранять нечего" in words(explorer, "_said")


def test_the_frame_is_the_analysts_own(explorer: explorers.Explorer) -> None:
    mine = explorer.selection
    mine["verdict"] = "passed"
    mine.loc[:, "institution"] = ""
    assert "failed" in set(explorer.selection["verdict"])
    assert "" not in set(explorer.selection["institution"])
    assert "failed" in set(explorer._judged.findings["verdict"])


# --- charts


def test_charts_are_drawn_when_they_are_looked_at_and_say_what_is_selected(explorer: explorers.Explorer) -> None:
    assert not any(output.outputs for output in explorer._figures)
    explorer.filters.criteria["sphere"].value = ("Культура",)
    explorer.tabs.selected_index = CHARTS
    found = explorer.selection
    by_clause, by_founder, posts = (output.outputs[0]["data"][FIGURE] for output in explorer._figures)
    for figure in (by_clause, by_founder):
        assert f"n = {len(found)}" in figure["layout"]["title"]["text"]
    explorer.filters.criteria["verdict"].value = ("failed",)
    (again,) = (explorer._figures[0].outputs[0]["data"][FIGURE],)
    assert f"n = {len(explorer.selection)}" in again["layout"]["title"]["text"]
    assert len(posts["data"][-2]["x"]) == len(explorer._judged.period.weeks)


def test_charts_show_the_verdicts_as_they_would_be(explorer: explorers.Explorer) -> None:
    explorer.filters.criteria["clause"].value = ("posts_per_week",)
    explorer.tabs.selected_index = CHARTS
    explorer.what_if.choices["minimum_posts"].value = 10
    figure = explorer._figures[0].outputs[0]["data"][FIGURE]
    failed = next(trace for trace in figure["data"] if trace["name"].endswith("нарушение"))
    assert [int(text) for text in failed["text"]] == [int((explorer.selection["verdict_if"] == "failed").sum())]
    assert "что если" in figure["layout"]["title"]["text"]


# --- what if


def test_another_reading_is_shown_as_such_beside_the_verdict_and_taken_back(
    explorer: explorers.Explorer, judged: Judgement
) -> None:
    explorer.what_if.choices["minimum_posts"].value = 5
    explorer.what_if.only_changed.value = True
    found, expected = explorer.selection, what_if(judged, minimum_posts=5)
    key = ["clause", "account_id", "period_start", "verdict", "verdict_if", "reason_if", "measured_if"]
    ours, theirs = (rows[key].sort_values(key[1:3], ignore_index=True) for rows in (found, expected))
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    assert "Что если (норма за неделю: 5 публикаций) — это не выводы отчёта" in re.sub(r"\s+", " ", words(explorer))
    assert "Было бы" in explorer._table.value
    assert "По порядку" in explorer._table.value
    assert set(found["verdict_if_name"]) == {"нарушение"}
    assert found["reason_if_name"].notna().all()
    explorer.what_if.back.click()
    assert "Что если" not in words(explorer)
    assert "Было бы" not in explorer._table.value
    assert "verdict_if" not in explorer.selection
    assert len(explorer.selection) == len(judged.findings)
    assert explorer.what_if.back.disabled


def test_a_verdict_is_asked_for_as_it_would_be(explorer: explorers.Explorer) -> None:
    explorer.filters.criteria["verdict"].value = ("failed",)
    before = len(explorer.selection)
    explorer.what_if.choices["minimum_posts"].value = 10
    assert set(explorer.selection["verdict_if"]) == {"failed"}
    assert "passed" in set(explorer.selection["verdict"])
    assert len(explorer.selection) > before


def test_only_what_changes_is_nothing_as_long_as_nothing_is_asked(explorer: explorers.Explorer) -> None:
    explorer.what_if.only_changed.value = True
    assert explorer.selection.empty
    assert "Задайте «Что если»" in words(explorer)


def test_choices_start_with_the_orders_own_and_name_it(explorer: explorers.Explorer) -> None:
    assert explorer.what_if.asked() == {}
    assert explorer.what_if.choices["minimum_posts"].value == 3
    labels = {label for label, _ in explorer.what_if.choices["count_reposts"].options}
    assert labels == {"не считаются (как есть)", "считаются"}


# --- the card


def test_an_institution_is_chosen_by_its_name_and_its_card_shown(explorer: explorers.Explorer) -> None:
    label = explorer.institution.options[0]
    explorer.institution.value = label
    assert explorer.institution_id == explorer._keys[label]
    assert explorer.tabs.selected_index == CARD
    name = explorer._judged.facts.register.institution(explorer.institution_id)["name"]
    assert name in words(explorer, "_card")


def test_a_part_of_a_name_chooses_if_only_one_has_it(explorer: explorers.Explorer) -> None:
    explorer.institution.value = "библиотека мюнх"
    assert explorer.institution.value.startswith("Библиотека Мюнхгаузена")
    assert explorer.institution_id
    explorer.institution.value = "лицей"
    assert "нескольких учреждений" in words(explorer, "_said")
    explorer.institution.value = "такого нет"
    assert "нет среди выбранных" in words(explorer, "_said")


def test_institutions_to_choose_follow_the_filters_and_one_that_is_filtered_away_is_let_go(
    explorer: explorers.Explorer,
) -> None:
    everyone = set(explorer.institution.options)
    explorer.institution.value = next(each for each in everyone if each.startswith("Лицей"))
    explorer.filters.criteria["sphere"].value = ("Культура",)
    assert set(explorer.institution.options) < everyone
    assert len(explorer.institution.options) == explorer.selection["institution_id"].nunique()
    assert (explorer.institution_id, explorer.institution.value) == ("", "")
    assert "Выберите учреждение" in words(explorer, "_card")


# --- files


def test_each_selection_is_written_to_a_file_of_its_own(explorer: explorers.Explorer, tmp_path: Path) -> None:
    explorer.filters.criteria["verdict"].value = ("failed",)
    for button in (explorer.csv_button, explorer.csv_button, explorer.xlsx_button):
        button.click()
    names = [f"selection_2024-06_{name}" for name in ("001.csv", "001.xlsx", "002.csv")]
    assert sorted(file.name for file in (tmp_path / "selections").iterdir()) == names
    assert "selection_2024-06_001.xlsx" in words(explorer, "_said")
    rows = pd.read_csv(tmp_path / "selections" / names[0], sep=";", dtype=str)
    assert rows["Учреждение"].tolist() == explorer.selection["institution"].tolist()
    sheet = openpyxl.load_workbook(tmp_path / "selections" / names[1])["Все результаты"]
    assert sheet.max_row == len(rows) + 1


def test_a_file_of_another_reading_says_so_in_its_name_and_in_each_row(
    explorer: explorers.Explorer, tmp_path: Path
) -> None:
    explorer.what_if.choices["minimum_posts"].value = 5
    explorer.what_if.only_changed.value = True
    explorer.csv_button.click()
    rows = pd.read_csv(tmp_path / "selections" / "selection_2024-06_what_if_001.csv", sep=";", dtype=str)
    assert set(rows["Что если"]) == {"норма за неделю: 5 публикаций"}
    assert set(rows["Было бы (не вывод отчёта)"]) == {"нарушение"}
    assert set(rows["Вывод"]) == {"соблюдается"}


def test_a_folder_that_cannot_be_written_is_a_sentence(judged: Judgement, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    explorer = explorers.explore(judged, tmp_path / "taken")
    explorer.xlsx_button.click()
    assert "записать не удалось" in words(explorer, "_said")
    assert 'role="alert"' in explorer._said.value


# --- what comes from outside, and little of it


@pytest.fixture
def hostile(tmp_path: Path) -> explorers.Explorer:
    small = Small(tmp_path / "data")
    small.institution("1", name=HOSTILE, short_name=HOSTILE, sphere=HOSTILE, founder_id="2")
    small.institution("2", name="<script>alert(2)</script>", kind="executive_authority")
    small.posts(1, W21)
    small.covered()
    small.store()
    return explorers.explore(judge("2024-W21", tmp_path / "data"), tmp_path / "out")


def test_foreign_text_is_shown_as_text_everywhere_and_becomes_no_formula(
    hostile: explorers.Explorer, tmp_path: Path
) -> None:
    hostile.what_if.choices["minimum_posts"].value = 1
    hostile.institution.value = next(label for label in hostile.institution.options if "cmd" in label)
    hostile.tabs.selected_index = CHARTS
    hostile.institution.value = "<img нет"
    assert "нет среди выбранных" in words(hostile, "_said")
    figures = str([output.outputs for output in hostile._figures])
    for text in (hostile._table.value, hostile._card.value, hostile._summary.value, hostile._said.value, figures):
        assert "<img" not in text
        assert "<script>" not in text
    assert "&lt;img" in hostile._card.value
    hostile.csv_button.click()
    assert "'=cmd" in (tmp_path / "out" / "selection_2024-W21_what_if_001.csv").read_text(encoding="utf-8-sig")


def test_a_register_of_one_institution_is_explored_like_any_other(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.posts(3, W21)
    small.covered()
    small.store()
    explorer = explorers.explore(judge("2024-W21", tmp_path), tmp_path / "out")
    assert "1 аккаунт, 1 учреждение" in words(explorer)
    explorer.institution.value = explorer.institution.options[0]
    assert explorer.institution_id == "1"
    for tab in (CHARTS, TABLE):
        explorer.tabs.selected_index = tab


def test_a_judgement_without_findings_says_what_is_missing_and_what_to_do(judged: Judgement) -> None:
    explorer = explorers.explore(replace(judged, findings=judged.findings.head(0)))
    for text in (explorer.widget.value, repr(explorer)):
        assert "нет ни одного вывода" in text
        assert "kirov registry check" in text
    assert explorer.selection.empty
    assert {"verdict_name", "sphere"} <= set(explorer.selection)


def test_an_order_without_a_clause_on_posts_is_explored_too(judged: Judgement) -> None:
    order = tuple(clause for clause in judged.clauses if clause.key != "posts_per_week")
    findings = judged.findings[judged.findings["clause"] != "posts_per_week"].reset_index(drop=True)
    explorer = explorers.explore(replace(judged, clauses=order, findings=findings))
    assert "minimum_posts" not in explorer.what_if.choices
    explorer.tabs.selected_index = CHARTS
    figure = explorer._figures[2].outputs[0]["data"][FIGURE]
    assert "не относится" in figure["layout"]["annotations"][0]["text"]


# --- in the tracked notebook


def test_the_widget_is_displayed_with_words_for_those_who_see_no_widgets(explorer: explorers.Explorer) -> None:
    shown = explorer._repr_mimebundle_(include=None, exclude=None)
    assert set(shown) == {"text/plain", VIEW}
    assert "работает в JupyterLab" in shown["text/plain"]


def test_a_stored_widget_has_the_same_bytes_each_time(explorer: explorers.Explorer) -> None:
    output = nbformat.v4.new_output("display_data", explorer._repr_mimebundle_())
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("explorer", outputs=[output])])
    stored = notebooks.normalised(notebook).cells[0].outputs[0]["data"]
    assert stored[VIEW]["model_id"] == ""
    assert stored["text/plain"]
