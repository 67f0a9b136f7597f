"""The next amendment is an entry in TOML, a new clause that and one predicate: as CONTRIBUTING.md describes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_lake import W20, W21, W22, Small, write_order

from kirovlib.order import checks, clauses, method
from kirovlib.order.checks import Outcome, Page
from kirovlib.order.evaluate import judge
from kirovlib.weeks import Period

SHIPPED = clauses.CLAUSES_TOML.read_text(encoding="utf-8")
FIVE = """
[[posts_per_week.editions]]
in_force_from = 2024-05-27
in_force_basis = "дата опубликования"
reference = "Распоряжение от 24.05.2024 № 132, п. 3.1"
source = "132-2024-05-24.txt"
quote = "не менее пяти раз в неделю размещают публикации"

[posts_per_week.editions.parameters]
minimum_posts = 5
count_reposts = false
count_ads = true
count_removed = true
distinct_days = false
unit = "account"
"""
ACT = "3.1. Органы исполнительной власти не менее пяти\n\nраз в неделю размещают публикации, не являющиеся репостом."
COVER = """
[page_cover]
clause = "2.6"
title = "Обложка страницы"
label = "Label"
expected = "на странице есть обложка"
platforms = ["vk"]
kinds = ["subordinate"]
measured_on = "profile"

[[page_cover.editions]]
in_force_from = 2024-05-15
in_force_basis = "дата распоряжения"
reference = "Распоряжение от 24.05.2024 № 132, п. 2.6"
source = "132-2024-05-24.txt"
quote = "не менее пяти раз в неделю размещают публикации"
parameters = {}
"""


def page_cover(page: Page, _: Mapping[str, Any]) -> Outcome:
    """A predicate as a contributor would write it."""
    has_cover = page.snapshot.get("has_cover")
    if has_cover is None:
        return Outcome("cannot_tell", "contents_not_answered", "сеть не сказала")
    return Outcome("passed" if has_cover else "failed", "contents_complete" if has_cover else "contents_missing", "")


@pytest.fixture
def small(tmp_path: Path) -> Small:
    made = Small(tmp_path)
    made.post("10.05 12:00")
    for week in (W20, W21, W22):
        made.posts(4, week)
    made.covered()
    made.snapshot([], has_cover=False)
    return made


def amended(small: Small, text: str) -> None:
    write_order(small.home, text)
    (small.home / "order" / "texts").mkdir()
    (small.home / "order" / "texts" / "132-2024-05-24.txt").write_text(ACT, encoding="utf-8")


def test_a_new_edition_judges_the_weeks_from_its_date_and_no_earlier_one(small: Small) -> None:
    amended(small, SHIPPED.replace("\n[group_decisions]", f"{FIVE}\n[group_decisions]"))
    may = small.rows(period="2024-05")
    told = {row["period_start"].date(): (row["verdict"], row["expected"], row["edition"]) for row in may}
    first = "не менее 3 публикаций за неделю, не репостов"
    second = "не менее 5 публикаций за неделю, не репостов"
    assert told[date(2024, 5, 20)][:2] == ("passed", first)
    assert told[date(2024, 5, 27)][:2] == ("failed", second)
    assert told[date(2024, 5, 27)][2].date() == date(2024, 5, 27)
    assert told[date(2024, 5, 6)][0] == "untested"


def test_the_report_names_each_edition_that_judged_and_quotes_its_words(small: Small) -> None:
    amended(small, SHIPPED.replace("\n[group_decisions]", f"{FIVE}\n[group_decisions]"))
    small.store()
    judged = judge(Period.between(date(2024, 5, 20), date(2024, 6, 2)), small.home)
    quoted = method.quotations(judged)
    assert list(quoted.loc[quoted["clause"] == "posts_per_week", "in_force_from"]) == [
        date(2024, 5, 15),
        date(2024, 5, 27),
    ]
    words = "\n".join(method.method(judged))
    assert "действующая с 27.05.2024 (дата опубликования): п. 3.1" in words
    assert "Норма п. 3.1 — 5" in words
    assert "Норма п. 3.1 — 3" in words


def test_an_edition_that_starts_in_mid_week_is_judged_from_the_next_week_on(small: Small) -> None:
    amended(
        small, SHIPPED.replace("\n[group_decisions]", f"{FIVE}\n[group_decisions]".replace("2024-05-27", "2024-05-22"))
    )
    told = {row["period_start"].date(): (row["verdict"], row["reason"]) for row in small.rows(period="2024-05")}
    assert told[date(2024, 5, 20)] == ("inapplicable", "edition_starts_mid_week")
    assert told[date(2024, 5, 27)] == ("failed", "below_norm")


def test_a_new_clause_is_an_entry_and_a_predicate_of_its_name(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    amended(small, SHIPPED + COVER)
    page_cover.__module__ = checks.__name__  # as if it stood there
    monkeypatch.setattr(checks, "page_cover", page_cover, raising=False)
    row = small.rows("page_cover")[0]
    assert (row["verdict"], row["expected"]) == ("failed", "на странице есть обложка")
    assert "Страница аккаунта" in row["evidence"]
    assert small.findings()["vk:a"][0] == "passed"


def test_a_clause_without_a_predicate_is_refused_by_name(small: Small) -> None:
    amended(small, SHIPPED + COVER)
    with pytest.raises(clauses.ClausesError, match="page_cover"):
        small.rows()
