"""What became of each verdict since the previous period, for how long breaches last, which accounts are gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_lake import OGRN, W20, W21, W22, W23, Small

from kirovlib import registry, tables
from kirovlib.errors import ParameterError
from kirovlib.order import words
from kirovlib.order.changes import CHANGES, changes, named_changes, vanished
from kirovlib.order.evaluate import Judgement, judge
from kirovlib.registry import Side
from kirovlib.weeks import Period

WEEK = timedelta(days=7)
POSTS = "posts_per_week"
FORM = f"https://pos.gosuslugi.ru/form/?opaId=1&utm_source=vk&utm_medium=33&utm_campaign={OGRN}"
BEFORE = "10.05 12:00"  # a post that shows that the account was there before the weeks
Told = tuple[str, int, bool]

# The weeks W21 to W26, all that is loaded, one letter each: f failed, p passed, u cannot be told, e exempt.
LETTERS = {"f": 1, "p": 3, "u": 1, "e": 1}
BY_WEEK: dict[str, Told | None] = {
    "pppppf": ("new_failure", 1, False),
    "ppppef": ("new_failure", 1, False),
    "ppppuf": ("newly_established", 1, False),
    "ppppff": ("still_failed", 2, False),
    "pppfff": ("still_failed", 3, False),
    "pfffff": ("still_failed", 5, False),
    "ffffff": ("still_failed", 6, False),  # not longer: W20 straddles the edition, nobody failed in it
    "ffffuf": ("newly_established", 1, False),
    "fffuff": ("still_failed", 2, False),
    "fffeff": ("still_failed", 2, False),
    "fffpff": ("still_failed", 2, False),
    "uuffff": ("still_failed", 4, False),
    "ppppfp": ("mended", 0, False),
    "fffffp": ("mended", 0, False),
    "ppppfu": ("newly_unknown", 0, False),
    "pppppu": ("newly_unknown", 0, False),
    "ppppup": ("newly_known", 0, False),
    "ppppfe": ("other", 0, False),
    "ppppep": ("other", 0, False),
    "ppppeu": ("other", 0, False),
    "pppppp": None,
    "ppppuu": None,
    "ffffuu": None,
    "ppppee": None,
}
# May has the first two of the letters (and weeks before the edition), June the other four.
BY_MONTH: dict[str, Told | None] = {
    "ppfppp": ("new_failure", 0, False),
    "ppppff": ("new_failure", 2, False),
    "upfppp": ("newly_established", 0, False),
    "pfpfpp": ("still_failed", 0, False),
    "pfpppf": ("still_failed", 1, False),
    "ffffff": ("still_failed", 6, False),  # not longer: W20 straddles the edition, nobody failed in it
    "fppppp": ("mended", 0, False),
    "pppppu": ("newly_unknown", 0, False),
    "fuuuuu": ("newly_unknown", 0, False),
    "uppppp": ("newly_known", 0, False),
    "pppppp": None,
    "pppppe": None,
}
# W25 and W26 against W23 and W24.
BY_TWO_WEEKS: dict[str, Told | None] = {
    "ppfppf": ("still_failed", 1, False),
    "ppfpfp": ("still_failed", 0, False),
    "ffpppf": ("new_failure", 1, False),
    "pppfpp": ("mended", 0, False),
    "ppupff": ("newly_established", 2, False),
    "fppppp": None,
}
ALL = sorted({*BY_WEEK, *BY_MONTH, *BY_TWO_WEEKS})


def write_side(home: Path, *, exemptions: Any = (), decisions: Any = ()) -> None:
    made = [
        tables.validate(table, pd.DataFrame(list(rows)))
        for table, rows in (
            (tables.Exemptions, exemptions), (tables.Decisions, decisions),
            (tables.Acknowledgements, ()), (tables.ManualChecks, ()),
        )
    ]  # fmt: skip
    registry.write_side(home / "registry", Side(*made))


def monday(week: int) -> date:
    return W21.date() + week * WEEK


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each pattern of letters as an account of an institution of its own."""
    small = Small(tmp_path_factory.mktemp("weeks"))
    small.until = W21 + 6 * WEEK
    exemptions = []
    for letters in ALL:
        account = f"vk:{letters}"
        small.institution(letters, short_name=f"Школа {letters}")
        small.account(account, letters)
        small.post(BEFORE, account)
        for number, letter in enumerate(letters):
            start = W21 + number * WEEK
            small.posts(LETTERS[letter], start, account)
            if letter != "u":
                small.covered(start, start + WEEK, account)
            if letter == "e":
                exemptions.append(
                    {"institution_id": letters, "clause": POSTS, "exempt_from": monday(number),
                     "exempt_until": monday(number) + timedelta(days=6), "act": "Приказ № 7"}
                )  # fmt: skip
    small.store()
    write_side(small.home, exemptions=exemptions)
    return small.home


@pytest.fixture(scope="module")
def week(home: Path) -> Judgement:
    return judge("2024-W26", home, past_weeks=5)


def told(rows: pd.DataFrame) -> dict[str, Told]:
    return {
        row.institution_id: (row.change, row.weeks_in_row, row.may_be_longer)
        for row in rows[rows["clause"] == POSTS].itertuples()
    }


@pytest.fixture(scope="module")
def weekly(week: Judgement) -> pd.DataFrame:
    return changes(week)


@pytest.fixture(scope="module")
def monthly(home: Path) -> dict[str, Told]:
    return told(changes(judge("2024-06", home, past_weeks=5)))


@pytest.fixture(scope="module")
def fortnightly(home: Path) -> dict[str, Told]:
    period = Period.between(date(2024, 6, 17), date(2024, 6, 30))
    return told(changes(judge(period, home, past_weeks=4)))


@pytest.mark.parametrize(("letters", "expected"), BY_WEEK.items(), ids=BY_WEEK)
def test_a_week_is_held_against_the_week_before_and_a_breach_counts_back_without_a_gap(
    weekly: pd.DataFrame, letters: str, expected: Told | None
) -> None:
    assert told(weekly).get(letters) == expected


@pytest.mark.parametrize(("letters", "expected"), BY_MONTH.items(), ids=BY_MONTH)
def test_months_compare_their_worst_weeks_and_count_back_from_the_last(
    monthly: dict[str, Told], letters: str, expected: Told | None
) -> None:
    assert monthly.get(letters) == expected


@pytest.mark.parametrize(("letters", "expected"), BY_TWO_WEEKS.items(), ids=BY_TWO_WEEKS)
def test_periods_of_several_weeks_compare_with_as_many_directly_before(
    fortnightly: dict[str, Told], letters: str, expected: Told | None
) -> None:
    assert fortnightly.get(letters) == expected


def test_each_row_says_the_verdicts_before_and_now_and_why(weekly: pd.DataFrame) -> None:
    rows = weekly[weekly["clause"] == POSTS].set_index("institution_id")
    shown = rows.loc[["ppppuf", "ppppfp", "ppppfe"], ["before", "before_reason", "now", "reason", "measured"]]
    assert shown.to_numpy().tolist() == [
        ["cannot_tell", "week_not_collected", "failed", "below_norm", "1 публикация"],
        ["failed", "below_norm", "passed", "norm_met", "3 публикации"],
        ["failed", "below_norm", "inapplicable", "exempt", "1 публикация"],
    ]
    assert [account[3:] for account in rows["account_id"]] == list(rows.index)


def test_the_worst_comes_first_and_what_stayed_as_it_was_is_left_out(weekly: pd.DataFrame) -> None:
    places = [list(CHANGES).index(change) for change in weekly["change"]]
    assert places == sorted(places)
    assert set(places) == set(range(len(CHANGES)))
    assert not ((weekly["before"] == weekly["now"]) & (weekly["now"] != "failed")).any()


def test_fewer_weeks_loaded_make_a_breach_shorter_and_say_so(home: Path) -> None:
    found = told(changes(judge("2024-W26", home, past_weeks=2)))
    assert found["pfffff"] == ("still_failed", 3, True)
    assert found["pppfff"] == ("still_failed", 3, True)
    assert found["ppppff"] == ("still_failed", 2, False)


@pytest.mark.parametrize(
    ("period", "past_weeks", "label", "missing"),
    [("2024-W26", 0, "2024-W25", "2024-W25"), ("2024-06", 4, "2024-05", "2024-W18"),
     ("2024-Q2", 12, "2024-Q1", "2024-W01")],
)  # fmt: skip
def test_a_previous_period_that_was_not_loaded_is_refused_with_what_to_set(
    home: Path, period: str, past_weeks: int, label: str, missing: str
) -> None:
    judged = judge(period, home, past_weeks=past_weeks)
    with pytest.raises(ParameterError, match="past_weeks") as caught:
        changes(judged)
    assert f"Предыдущий период {label} не загружен (нет недели {missing})" in str(caught.value)


def test_names_stand_beside_the_keys(week: Judgement, weekly: pd.DataFrame) -> None:
    rows = named_changes(week)
    pd.testing.assert_frame_equal(rows[list(weekly)], weekly)
    row = rows[rows["clause"] == POSTS].set_index("institution_id").loc["ppppuf"]
    assert row["institution"] == "Школа ppppuf"
    assert row["clause_name"] == "п. 3.1 Не менее трёх публикаций в неделю"
    assert row["url"] == "https://vk:ppppuf.test"
    assert row["reason_name"] == words.REASONS["below_norm"]
    assert row["change_name"] == "впервые установлено"


def test_the_number_of_weeks_says_and_more_when_nobody_looked_further_back(week: Judgement) -> None:
    rows = named_changes(week)
    shown = rows[rows["clause"] == POSTS].set_index("institution_id")["weeks_name"]
    wanted = {"ffffff": "6", "pfffff": "5", "pppppf": "1", "ppppfp": "", "pppppu": ""}
    assert shown.loc[list(wanted)].to_dict() == wanted


def test_a_streak_that_began_before_the_weeks_loaded_says_and_more(home: Path) -> None:
    rows = named_changes(judge("2024-W26", home, past_weeks=2))
    shown = rows[rows["clause"] == POSTS].set_index("institution_id")["weeks_name"]
    assert shown.loc[["ffffff", "pppfff", "ppppff"]].to_dict() == {
        "ffffff": "3 и больше",
        "pppfff": "3 и больше",
        "ppppff": "2",
    }


# --- other clauses


@pytest.fixture
def small(tmp_path: Path) -> Small:
    made = Small(tmp_path)
    made.until = W23 + WEEK
    made.covered(W20, made.until)
    made.posts(4, W22)
    return made


def rows_of(small: Small, clause: str, period: str = "2024-W23", past_weeks: int = 2) -> list[dict[str, Any]]:
    found = changes(judge(period, small.home, past_weeks=past_weeks))
    return [
        {str(key): cell for key, cell in row.items()} for row in found[found["clause"] == clause].to_dict("records")
    ]


def test_a_page_without_its_link_counts_its_weeks_likewise(small: Small) -> None:
    small.snapshot([("", FORM)], W21 + timedelta(days=2))
    small.snapshot([("Фото", "https://vk.com/albums-1")], W22 + timedelta(days=8))
    small.store()
    (row,) = rows_of(small, "vk_report_problem")
    # The page of 4 June is of W23, and up to seven days later: W22 is judged by it too, but one look is no two weeks.
    assert (row["change"], row["weeks_in_row"], row["may_be_longer"]) == ("still_failed", 1, False)
    small.snapshot([("Фото", "https://vk.com/albums-1")], W22 + timedelta(days=1))
    small.store("r2")
    (row,) = rows_of(small, "vk_report_problem")
    assert (row["change"], row["weeks_in_row"], row["may_be_longer"]) == ("still_failed", 2, False)


def test_a_mended_page_is_mended(small: Small) -> None:
    small.snapshot([("Фото", "https://vk.com/albums-1")], W22)
    small.snapshot([("", FORM)], W23 + timedelta(days=2, hours=1))
    small.store()
    assert rows_of(small, "vk_report_problem") == []  # up to seven days later is in time for W22 as well
    (row,) = rows_of(small, "vk_report_problem", "2024-W22", 1)
    assert (row["before"], row["now"], row["change"]) == ("failed", "passed", "mended")


def test_what_is_measured_on_an_institution_has_no_account(small: Small) -> None:
    for moment, status in ((W21, "live"), (W23, "gone")):
        small.snapshot(None, moment + timedelta(days=1), status=status)
    small.account("vk:b")  # so that a page is left to be live
    small.snapshot([], W23, "vk:b", status="gone")
    small.store()
    (row,) = rows_of(small, "scope")
    assert (row["institution_id"], row["account_id"], row["change"]) == ("1", "", "newly_unknown")


def decision(number: str, **cells: Any) -> dict[str, Any]:
    return {
        "decision_id": number, "institution_id": "1", "decided_on": date(2024, 5, 16), "text": "Завести рубрику",
        "done": None, "done_on": None, "source": "Протокол",
    } | cells  # fmt: skip


def test_decisions_of_the_working_group_are_kept_apart(small: Small) -> None:
    small.store()
    refused = {"done": False, "done_on": date(2024, 5, 28)}
    write_side(
        small.home,
        decisions=[
            decision("1/2024", **refused),  # in W22
            decision("2/2024", done=False, done_on=date(2024, 6, 5)),  # in W23
            decision("3/2024"),
            decision("4/2024", done=True, done_on=date(2024, 6, 6)),
        ],
    )
    rows = rows_of(small, "group_decisions")
    assert [(row["what"].split()[1], row["change"], row["weeks_in_row"]) for row in rows] == [
        ("2/2024", "newly_established", 1),
        ("1/2024", "still_failed", 2),
        ("4/2024", "newly_known", 0),
    ]
    assert {row["account_id"] for row in rows} == {""}


def test_a_decision_not_done_that_was_made_in_the_period_is_a_new_breach(small: Small) -> None:
    small.store()
    write_side(small.home, decisions=[decision("1", done=False, decided_on=date(2024, 6, 4), done_on=date(2024, 6, 7))])
    (row,) = rows_of(small, "group_decisions")
    assert (row["change"], row["weeks_in_row"], row["may_be_longer"]) == ("new_failure", 1, False)
    assert pd.isna(row["before"])


# --- vanished


def seen_then(reason: str) -> Callable[[Small, str], None]:
    def build(small: Small, account: str) -> None:
        small.snapshot([], W21 + timedelta(hours=9), account)
        small.covered(None, None, account, outcome="not_collected", reason=reason)

    return build


def page_gone(small: Small, account: str) -> None:
    small.snapshot([], W21 + timedelta(hours=9), account)
    small.snapshot([], W21 + timedelta(hours=10), account, status="closed")
    small.snapshot(None, W23 + timedelta(days=1), account, status="gone")


def never_seen(small: Small, account: str) -> None:
    small.covered(None, None, account, outcome="not_collected", reason="address_unknown")
    small.snapshot(None, W23 + timedelta(days=1), account, status="gone")


def still_there(small: Small, account: str) -> None:
    for moment in (W21, W23):
        small.snapshot([], moment + timedelta(days=1), account)


SEEN: dict[str, tuple[Callable[[Small, str], None], str]] = {
    "gone_now": (page_gone, "account_gone"),
    "gone_by_coverage": (seen_then("account_gone"), "account_gone"),
    "unknown": (seen_then("address_unknown"), "address_unknown"),
    "moved": (seen_then("address_moved"), "address_moved"),
    "person": (seen_then("not_a_community"), "not_a_community"),
    "no_preview": (seen_then("no_preview"), "no_preview"),
    "not_returned": (seen_then("profile_not_returned"), "profile_not_returned"),
    "closed": (seen_then("wall_closed"), ""),
    "quota": (seen_then("quota"), ""),
    "silent": (seen_then("no_answer"), ""),
    "never": (never_seen, ""),
    "there": (still_there, ""),
}


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    small = Small(tmp_path_factory.mktemp("gone"))
    small.until = W23 + WEEK
    for name, (build, _) in SEEN.items():
        small.institution(name)
        small.account(f"vk:{name}", name)
        build(small, f"vk:{name}")
    small.store()
    return vanished(judge("2024-W23", small.home, past_weeks=2))


@pytest.mark.parametrize("name", SEEN)
def test_an_account_has_vanished_when_it_was_seen_and_the_network_does_not_know_it_any_more(
    gone: pd.DataFrame, name: str
) -> None:
    rows = gone[gone["account_id"] == f"vk:{name}"]
    assert list(rows["reason"]) == ([SEEN[name][1]] if SEEN[name][1] else [])


def test_a_vanished_account_is_told_with_the_words_of_its_reason_and_when_it_was_last_seen(gone: pd.DataFrame) -> None:
    row = gone.set_index("institution_id").loc["gone_now"]
    assert (row["account_id"], row["url"]) == ("vk:gone_now", "https://vk:gone_now.test")
    assert row["reason_name"] == "Сообщество удалено или заблокировано"
    assert row["last_seen_at"] == W21 + timedelta(hours=10)  # closed, but there
    assert gone["reason_name"].str.len().gt(0).all()


def test_an_account_last_seen_before_the_weeks_that_were_loaded_is_told_by_its_first_page(small: Small) -> None:
    small.snapshot([], W20 + timedelta(hours=3))
    small.snapshot(None, W23 + timedelta(days=1), status="gone")
    small.account("vk:b")
    small.snapshot([], W23, "vk:b")
    small.store()
    found = vanished(judge("2024-W23", small.home, past_weeks=1))
    assert list(found["account_id"]) == ["vk:a"]
    assert list(found["last_seen_at"]) == [W20 + timedelta(hours=3)]


def test_where_no_page_was_seen_in_the_weeks_nobody_or_those_seen_before_have_vanished(small: Small) -> None:
    small.store()
    assert vanished(judge("2024-W23", small.home)).empty
    small.snapshot([], W20 + timedelta(hours=3))
    small.snapshot(None, W23 + timedelta(days=1), status="gone")
    small.store("r2")
    assert list(vanished(judge("2024-W23", small.home))["account_id"]) == ["vk:a"]
