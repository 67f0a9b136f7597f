from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from kirovlib import tables
from kirovlib.errors import ClausesError
from kirovlib.order import checks, clauses

PARAMETERS = (
    "minimum_posts = 3, count_reposts = false, count_ads = true, count_removed = true, distinct_days = false, "
    'unit = "account"'
)
GOOD = f"""
[posts_per_week]
clause = "3.1"
title = "Title"
label = "Label"
expected = "{{minimum_posts}} or more"
platforms = ["vk"]
kinds = ["subordinate"]
measured_on = "week"

[[posts_per_week.editions]]
in_force_from = 2024-05-15
in_force_basis = "basis"
reference = "reference"
source = "act.txt"
quote = "quote"
parameters = {{ {PARAMETERS} }}
"""
SECOND = GOOD[GOOD.index("[[") :]


def load(tmp_path: Path, text: str) -> tuple[clauses.Clause, ...]:
    file = tmp_path / "clauses.toml"
    file.write_text(text, encoding="utf-8")
    (tmp_path / "texts").mkdir(exist_ok=True)
    (tmp_path / "texts" / "act.txt").write_text("A quote, of\n\nthe act.", encoding="utf-8")
    return clauses.load(file)


@pytest.mark.recorded
@pytest.mark.parametrize("clause", clauses.load(), ids=lambda clause: clause.key)
def test_each_quotation_stands_in_the_order_word_for_word(recorded: Path, clause: clauses.Clause) -> None:
    source = recorded.parent / "order" / "131-2024-05-15.txt"
    if not source.is_file():
        pytest.skip(f"the order's text is not at {source}; set KIROV_RECORDED to the folder beside it")
    text = re.sub(r"\s*\n\s*", " ", source.read_text(encoding="utf-8"))
    for edition in clause.editions:
        assert edition.quote
        assert edition.quote in text
        assert edition.reference.endswith(f"п. {clause.clause}")


def test_each_clause_has_a_predicate_of_its_name_and_the_other_way_round() -> None:
    functions = {
        name
        for name, each in vars(checks).items()
        if callable(each) and getattr(each, "__module__", "") == checks.__name__ and name.islower() and name[0] != "_"
    }
    assert functions - {"predicate"} == {clause.key for clause in clauses.load()}


def test_each_clause_says_what_it_requires_and_of_whom() -> None:
    for clause in clauses.load():
        assert clause.required(clause.editions[-1])
        assert clause.title
        assert "other" not in clause.kinds
        assert [edition.in_force_from for edition in clause.editions] == [date(2024, 5, 15)]
        assert all(edition.in_force_basis for edition in clause.editions)


def test_the_edition_is_chosen_by_the_day_and_none_is_in_force_before_the_first(tmp_path: Path) -> None:
    text = GOOD + SECOND.replace("2024-05-15", "2025-01-01").replace("= 3", "= 5")
    clause = load(tmp_path, text)[0]
    numbers = {
        day: edition and edition.parameters["minimum_posts"]
        for day in (date(2024, 5, 14), date(2024, 5, 15), date(2024, 12, 31), date(2025, 1, 1))
        for edition in [clause.edition_on(day)]
    }
    assert list(numbers.values()) == [None, 3, 3, 5]


def test_kinds_and_platforms_are_words_of_the_tables() -> None:
    for clause in clauses.load():
        assert set(clause.kinds) <= set(tables.KINDS)
        assert set(clause.platforms) <= set(tables.PLATFORMS)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("clause = ", "claus = "), "clause"),
        (('title = "Title"\n', ""), "title"),
        (("quote = ", "qoute = "), "quote"),
        (('reference = "reference"\n', ""), "reference"),
        (('"week"', '"month"'), "measured_on"),
        (('["vk"]', '["vkontakte"]'), "vkontakte"),
        (('["subordinate"]', '["subordinated"]'), "subordinated"),
        (("2024-05-15", '"2024-05-15"'), "in_force_from"),
        (("2024-05-15", "2024-05-15T00:00:00"), "in_force_from"),
        ((SECOND, "editions = []"), "in_force_from"),
        ((SECOND, SECOND + SECOND), "in_force_from"),
        ((SECOND, SECOND + SECOND.replace("2024", "2023")), "in_force_from"),
        ((SECOND, 'editions = "none"'), "editions"),
        ((SECOND, "editions = [1]"), "editions"),
        (('["vk"]', '"vk"'), "platforms"),
        (('["vk"]', "1"), "platforms"),
        (
            (
                "{ " + PARAMETERS + " }",
                "3",
            ),
            "parameters",
        ),
        (("minimum_posts = 3", "minimum_posts = 0"), "minimum_posts"),
        (('unit = "account"', 'unit = "acount"'), "unit"),
        (("count_ads = true, ", ""), "count_ads"),
        (("count_ads = true", "count_add = true"), "count_add"),
        (('title = "Title"', "title = 5"), "title"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_section_and_key(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(ClausesError) as caught:
        load(tmp_path, GOOD.replace(*change))
    message = str(caught.value)
    assert "clauses.toml, [posts_per_week]" in message
    assert named in message


def test_a_value_in_place_of_a_section_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClausesError, match=r"clauses\.toml, \[posts_per_week\]"):
        load(tmp_path, "posts_per_week = 3")


def test_markup_that_is_no_toml_is_refused_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(ClausesError, match=r"clauses\.toml"):
        load(tmp_path, GOOD + "[[")


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ClausesError, match=r"nowhere\.toml"):
        clauses.load(tmp_path / "nowhere.toml")
