"""The card says of one institution what the whole report says of it, and what to do until when."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from small_lake import W21, W22, Small

from kirovlib import charts, counts
from kirovlib.errors import ParameterError
from kirovlib.lake import Lake
from kirovlib.order import wording
from kirovlib.order.card import Card, card
from kirovlib.order.changes import named_changes
from kirovlib.order.evaluate import Judgement, findings_of, judge
from kirovlib.order.ledger import post_ledger

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def judged() -> Judgement:
    return judge("2024-W28", SAMPLE, past_weeks=11)


@pytest.fixture(scope="module")
def ids(judged: Judgement) -> list[str]:
    return list(judged.institutions["institution_id"])


@pytest.fixture(scope="module")
def worst(judged: Judgement) -> Card:
    failed = judged.findings[judged.findings["verdict"] == "failed"]
    return card(judged, str(failed["institution_id"].value_counts().index[0]))


def test_an_institution_judged_by_itself_gets_the_verdicts_it_gets_among_all(judged: Judgement, ids: list[str]) -> None:
    for key in ids:
        narrowed = judged.of_institution(key)
        alone = findings_of(narrowed.facts, judged.clauses, judged.period)
        among = judged.findings[judged.findings["institution_id"] == key]
        columns = ["clause", "account_id", "period_start", "measured", "verdict", "reason", "repair"]
        pd.testing.assert_frame_equal(alone[columns], among[columns].reset_index(drop=True))


def test_an_institution_has_the_same_weeks_in_a_row_on_its_card_and_in_the_report(
    judged: Judgement, ids: list[str]
) -> None:
    moved = named_changes(judged)
    moved = moved[moved["now"] == "failed"]
    told = moved.groupby(["institution_id", "clause", "account_id"])["weeks_name"].agg(sorted)
    for key in ids:
        rows = card(judged, key).verdicts
        rows = rows[rows["verdict"] == "failed"].assign(account_id=lambda each: each["account_id"].fillna(""))
        found = rows.groupby(["institution_id", "clause", "account_id"])["weeks_name"].agg(sorted)
        assert found.to_dict() == told[told.index.get_level_values(0) == key].to_dict()


def test_breaches_stand_first_and_each_verdict_has_the_words_of_the_order(worst: Card) -> None:
    ranks = worst.verdicts["verdict"].map(list(wording.VERDICTS).index)
    assert ranks.is_monotonic_increasing
    assert set(worst.verdicts["institution_id"]) == {worst.institution_id}
    quoted = worst.verdicts.set_index("clause")
    for clause in worst.judged.clauses:
        assert set(quoted.loc[[clause.key], "quote"]) == {clause.editions[-1].quote}


def test_every_breach_has_something_to_do_until_two_weeks_after_the_period(judged: Judgement, ids: list[str]) -> None:
    for key in ids:
        shown = card(judged, key)
        failed = shown.verdicts[shown.verdicts["verdict"] == "failed"]
        todo = shown.todo[shown.todo["verdict"] == "failed"]
        assert set(todo["clause_name"]) == set(failed["clause_name"])
        assert (todo["what"].str.len() > 0).all()
        assert set(todo["who"]) <= {"учреждение"}
        assert (todo["until"] == pd.Timestamp("2024-07-28")).all()


def test_what_is_no_breach_has_no_term_and_says_what_could_be_found_out(judged: Judgement, ids: list[str]) -> None:
    for key in ids:
        shown = card(judged, key)
        unknown = shown.verdicts[shown.verdicts["verdict"] == "cannot_tell"]
        doubts = shown.todo[shown.todo["verdict"] == "cannot_tell"]
        assert set(doubts["clause_name"]) == set(unknown["clause_name"])
        assert doubts["until"].isna().all()
        assert not doubts["what"].str.startswith(("http", "Добавьте", "Подключите", "Учтите")).any()


def test_what_the_register_does_not_say_is_asked_of_those_who_keep_it(worst: Card) -> None:
    silent = worst.todo[worst.todo["clause_name"].str.startswith("п. 2.5") & (worst.todo["verdict"] == "cannot_tell")]
    assert set(silent["who"]) == {"кто ведёт реестр"}


def test_the_term_can_be_chosen(judged: Judgement, ids: list[str]) -> None:
    shown = card(judged, ids[0], mend_days=30)
    assert shown.mend_by.isoformat() == "2024-08-13"
    assert "до 13.08.2024 (срок предложен отчётом, распоряжение его не называет)" in shown.contest[0]


def test_the_ledger_of_a_card_has_the_posts_of_all_its_accounts_in_the_time_of_kirov(
    judged: Judgement, worst: Card
) -> None:
    accounts = judged.accounts.loc[judged.accounts["institution_id"] == worst.institution_id, "account_id"]
    expected = post_ledger(judged, list(accounts))
    assert set(worst.ledger["url"]) == set(expected["url"])
    first = worst.ledger.iloc[0]
    assert first["posted"] == f"{first['posted_at'] + pd.Timedelta(hours=3):%d.%m.%Y %H:%M}"


def test_an_unknown_institution_is_answered_with_those_like_it(judged: Judgement) -> None:
    with pytest.raises(ParameterError, match="Похожие: 1029900050003"):
        card(judged, "102990005000")
    with pytest.raises(ParameterError, match="Больница живой воды"):
        card(judged, "больница")
    with pytest.raises(ParameterError, match=r"в реестре нет\. Ключи"):
        card(judged, "?")


def test_an_institution_without_accounts_has_a_card_that_says_so(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.institution("2")
    small.covered()
    small.store()
    shown = card(judge("2024-W21", tmp_path), "2")
    assert "в реестре нет" in charts.card(shown).data
    assert "kirov collect" not in charts.card_head(shown).data
    assert "нет аккаунтов" in charts.card_weeks(shown).layout.annotations[0].text
    assert "ни одной публикации" in charts.card_days(shown).layout.annotations[0].text
    assert "Ни одной страницы" in charts.card_profiles(shown).data


def test_without_earlier_weeks_a_card_says_nothing_of_weeks_in_a_row(worst: Card) -> None:
    alone = card(judge("2024-W28", SAMPLE), worst.institution_id)
    assert set(alone.verdicts["weeks_name"]) == {""}
    assert "Недель подряд" not in charts.card_verdicts(alone).data
    assert "Недель подряд" in charts.card_verdicts(worst).data


def test_the_strip_shows_each_account_and_which_weeks_were_not_read(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.account("ok:b")
    for account in ("vk:a", "ok:b"):
        small.post("06.05 12:00", account)
    small.posts(4)
    small.posts(1, W21, "ok:b")
    small.covered()
    small.covered(W22, account="ok:b")
    small.store()
    figure = charts.card_weeks(card(judge("2024-W21", tmp_path, past_weeks=1), "1"))
    assert [list(bar.text) for bar in figure.data] == [["0", "4"], ["0 ?", "1 ?"]]
    assert [list(bar.marker.pattern.shape) for bar in figure.data] == [["", ""], ["/", "/"]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "state_participation"}, "пункт не применяется"),
        ({"kind": "other"}, "пункт не применяется"),
        ({"status": "Ликвидация"}, "пункт не применяется"),
    ],
)
def test_a_week_that_nobody_is_judged_by_is_not_painted_as_a_breach(
    tmp_path: Path, change: dict[str, str], words: str
) -> None:
    small = Small(tmp_path)
    small.institution("1", **change)
    small.post("06.05 12:00")
    small.covered()
    small.store()
    bar = charts.card_weeks(card(judge("2024-W21", tmp_path), "1")).data[0]
    assert bar.marker.color[0] != charts.COLOURS["failed"]
    assert words in bar.customdata[0]


def test_weeks_before_the_order_and_unclear_reposts_are_not_painted_as_breaches(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.post("06.05 12:00")
    small.posts(4, W21, is_repost=None)
    small.posts(1, W22)
    small.covered()
    small.store()
    bar = charts.card_weeks(card(judge("2024-W22", tmp_path, past_weeks=2), "1")).data[0]
    failed = charts.COLOURS["failed"]
    assert [colour == failed for colour in bar.marker.color] == [False, False, True]
    assert "до распоряжения" in bar.customdata[0]
    assert "неясно, репост ли: 4" in bar.customdata[1]
    assert bar.text[1] == "0 ?"


def test_a_month_says_of_each_breach_which_week_and_counts_the_streak_once() -> None:
    rows = card(judge("2024-06", SAMPLE, past_weeks=11), "1029900050003").verdicts
    failed = rows[(rows["clause"] == "posts_per_week") & (rows["verdict"] == "failed")]
    assert failed["week_name"].str.fullmatch(r"\d\d\.06\.2024").all()
    told = failed[failed["weeks_name"] != ""]
    assert set(told["week_name"]) == {"24.06.2024"}


def test_a_page_without_a_menu_is_told_apart_from_a_menu_that_was_not_returned(worst: Card) -> None:
    shown = charts.card_profiles(worst).data
    assert "меню нет (другим аккаунтам сеть его вернула)" in shown


def test_posts_stand_on_their_day_and_hour_and_weekends_and_holidays_are_shaded(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.posts(2)
    small.post("26.05 23:30", is_repost=True)
    small.covered()
    small.store()
    figure = charts.card_days(card(judge("2024-W21", tmp_path), "1"))
    counted, not_counted = figure.data
    assert counted.name == "засчитана: 2"
    assert (list(not_counted.x), list(not_counted.y)) == (["2024-05-26 12:00"], [23.5])
    assert [shape.x0[:10] for shape in figure.layout.shapes] == ["2024-05-25", "2024-05-26"]
    june = charts.card_days(card(judge("2024-W24", SAMPLE), "1029900050003"))
    assert "День России" in [each.text for each in june.layout.annotations]


def test_a_page_is_shown_as_collected_and_what_was_not_returned_is_said(worst: Card) -> None:
    shown = charts.card_profiles(worst).data
    assert "сеть не вернула" in shown
    assert all(str(name) in shown for name in worst.profiles["name"].dropna())


def test_foreign_markup_on_a_card_is_shown_as_text(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.institution("1", name=HOSTILE, short_name=HOSTILE, sphere=HOSTILE, status=HOSTILE)
    small.account("vk:a", url="https://a.test/?<b>")
    small.post("21.05 12:00", text=HOSTILE, url="javascript:alert(2)")
    small.covered()
    small.snapshot([(HOSTILE, "javascript:alert(3)")], description=HOSTILE, name=HOSTILE)
    small.store()
    shown = card(judge("2024-W21", tmp_path), "1")
    drawn = [charts.card(shown).data, charts.card_profiles(shown).data, charts.card_contest(shown).data]
    drawn.append(charts.table(shown.ledger, {"url": "Публикация", "beginning": "Текст"}).data)
    assert not [text for text in drawn if "<img" in text or 'href="javascript' in text]
    for figure in (charts.card_weeks(shown), charts.card_days(shown)):
        assert "<img" not in json.dumps(figure.to_plotly_json(), default=str)


def test_posts_of_some_accounts_are_those_that_all_have(judged: Judgement) -> None:
    accounts = list(judged.facts.posts.accounts[5:9][::-1])
    some = judged.facts.posts.of_accounts(accounts)
    alone = counts.weekly_posts(Lake(SAMPLE / "lake"), accounts, judged.facts.weeks)
    pd.testing.assert_frame_equal(some.table, alone.table)
    assert judged.facts.posts.of_accounts([]).table.empty
