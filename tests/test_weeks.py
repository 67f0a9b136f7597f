"""Weeks are cut in Kirov time, months and quarters by their Thursdays."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirovlib.errors import ParameterError
from kirovlib.weeks import Period, Week, last_full_week, local_date, local_midnight

KIROV = ZoneInfo("Europe/Kirov")
SECOND = timedelta(seconds=1)
DATES = st.dates(date(2001, 1, 1), date(2098, 12, 31))
YEARS = st.integers(2001, 2098)


@pytest.mark.parametrize(
    ("local", "label"),
    [
        ((2024, 5, 19, 23, 59, 59), "2024-W20"),
        ((2024, 5, 20, 0, 0, 0), "2024-W21"),
        ((2024, 5, 26, 23, 59, 59), "2024-W21"),
        ((2024, 5, 27, 0, 0, 0), "2024-W22"),
    ],
)
def test_a_week_runs_from_local_monday_midnight_to_the_last_second_of_sunday(
    local: tuple[int, ...], label: str
) -> None:
    assert Week.of(datetime(*local, tzinfo=KIROV)).label == label  # type: ignore[misc]


def test_a_moment_given_in_utc_belongs_to_the_week_it_has_in_kirov() -> None:
    edge = datetime(2024, 5, 19, 21, 0, tzinfo=UTC)
    assert (Week.of(edge - SECOND).label, Week.of(edge).label) == ("2024-W20", "2024-W21")


def test_the_zone_of_a_moment_changes_nothing() -> None:
    edge = datetime(2024, 5, 20, 0, 0, tzinfo=KIROV)
    for hours in (-11, 0, 5, 14):
        moment = edge.astimezone(timezone(timedelta(hours=hours)))
        assert (Week.of(moment).label, local_date(moment)) == ("2024-W21", date(2024, 5, 20))


def test_the_ends_of_a_week_are_utc_moments_of_local_midnights() -> None:
    week = Week.parse("2024-W21")
    assert week.starts_at == datetime(2024, 5, 19, 21, tzinfo=UTC)
    assert week.ends_at == datetime(2024, 5, 26, 21, tzinfo=UTC)
    assert (week.start, week.until) == (date(2024, 5, 20), date(2024, 5, 27))
    assert week.starts_at.tzinfo is UTC


def test_days_of_2012_begin_four_hours_ahead_of_utc_as_they_did_in_kirov() -> None:
    assert local_midnight(date(2012, 7, 2)) == datetime(2012, 7, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (date(2020, 12, 31), "2020-W53"),
        (date(2021, 1, 3), "2020-W53"),
        (date(2021, 1, 4), "2021-W01"),
        (date(2024, 12, 29), "2024-W52"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2026, 1, 1), "2026-W01"),
        (date(2027, 1, 1), "2026-W53"),
    ],
)
def test_at_new_year_the_week_keeps_its_iso_year(day: date, label: str) -> None:
    assert Week.of(day).label == label
    assert Week.of(day) == Week.parse(label)


@given(DATES)
def test_a_label_reads_back_as_the_same_week(day: date) -> None:
    week = Week.of(day)
    assert Week.parse(week.label) == week
    assert week.start <= day < week.until
    assert week.start.isoweekday() == 1


@given(DATES, st.integers(-100, 100))
def test_weeks_follow_each_other_without_gap_or_overlap(day: date, count: int) -> None:
    week = Week.of(day)
    assert week.ends_at == week.shifted(1).starts_at
    assert week.shifted(count).shifted(-count) == week
    assert (week.shifted(count) < week) == (count < 0)


@pytest.mark.parametrize(
    "text",
    ["", "W21", "2024-13", "2024-W1", "2024-W211", "2024W21", "2024-w21", "24-W21", "1999-W01", "2024-W21-1",
     "2024-W2\n1", "неделя", "2024-05-20", "٢٠٢٤-W٢١", "2024-W٢١", "2024–W21"],
)  # fmt: skip
def test_what_is_not_a_week_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ParameterError, match=r"не неделя. Ожидается .*например 2024-W21") as caught:
        Week.parse(text)
    assert f"«{text}»" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["2024-W00", "2024-W53", "2024-W54", "2021-W53", "2024-W99"])
def test_a_week_that_its_year_does_not_have_is_refused_as_such(text: str) -> None:
    with pytest.raises(ParameterError, match=r"нет в календаре: в году 52 или 53 недели. Пример: 2024-W21"):
        Week.parse(text)
    with pytest.raises(ParameterError, match="нет в календаре"):
        Period.parse(text)


def test_spaces_around_a_label_are_forgiven() -> None:
    assert Week.parse(" 2024-W21\n").label == "2024-W21"
    assert Period.parse(" 2024-Q2 ").label == "2024-Q2"


@pytest.mark.parametrize(
    "text",
    ["", "W21", "2024", "2024-0", "2024-00", "2024-13", "2024-5", "2024-Q0", "2024-Q5", "2024-q2",
     "2024-05-20", "2024-05-20_", "2024-05-20_2024-W22", "2024-05-20-2024-06-16", "24-05-20_24-06-16", "٢٠٢٤-٠٥",
     "май 2024"],
)  # fmt: skip
def test_what_is_not_a_period_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ParameterError, match=r"не период.*2024-W21.*2024-05.*2024-Q2"):
        Period.parse(text)


def test_a_month_is_the_weeks_whose_thursday_lies_in_it() -> None:
    # 1 August 2024 is a Thursday, so the week of 29 July belongs to August and July ends before it.
    july = [week.label for week in Period.parse("2024-07").weeks]
    assert july == [
        "2024-W27",
        "2024-W28",
        "2024-W29",
        "2024-W30",
    ]
    assert Period.parse("2024-08").start == date(2024, 7, 29)
    # 31 October 2024 is a Thursday as well: its week belongs to October, although it ends in November.
    assert Period.parse("2024-10").until == date(2024, 11, 4)


def test_the_january_of_2026_begins_in_december() -> None:
    january = Period.parse("2026-01")
    assert (january.start, january.weeks[0].label) == (date(2025, 12, 29), "2026-W01")


def test_a_quarter_is_its_three_months() -> None:
    months = [Period.parse(f"2024-{month:02d}").weeks for month in (4, 5, 6)]
    assert Period.parse("2024-Q2").weeks == months[0] + months[1] + months[2]


@given(YEARS)
def test_the_months_and_the_quarters_of_a_year_share_out_its_weeks(year: int) -> None:
    months = [week for month in range(1, 13) for week in Period.parse(f"{year}-{month:02d}").weeks]
    quarters = [week for quarter in range(1, 5) for week in Period.parse(f"{year}-Q{quarter}").weeks]
    last = date(year, 12, 28).isocalendar().week
    assert [week.label for week in months] == [f"{year}-W{number:02d}" for number in range(1, last + 1)]
    assert quarters == months


@given(YEARS, st.integers(1, 12))
def test_a_month_reaches_from_its_first_week_to_its_last(year: int, month: int) -> None:
    period = Period.parse(f"{year}-{month:02d}")
    days = calendar.monthrange(year, month)[1]
    assert period == Period(period.label, Period.between(date(year, month, 1), date(year, month, days)).weeks)
    assert (period.starts_at, period.ends_at) == (period.weeks[0].starts_at, period.weeks[-1].ends_at)
    assert period.until - period.start == timedelta(weeks=len(period.weeks))


def test_a_period_between_dates_counts_both_thursdays_at_its_ends() -> None:
    thursday = date(2024, 5, 23)
    assert [week.label for week in Period.between(thursday, thursday).weeks] == ["2024-W21"]
    assert Period.between(thursday, date(2024, 5, 30)).label == "2024-05-23_2024-05-30"
    assert len(Period.between(thursday, date(2024, 5, 29)).weeks) == 1
    assert len(Period.between(thursday, date(2024, 5, 30)).weeks) == 2


def test_dates_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"24.05.2024 позже его конца 20.05.2024"):
        Period.between(date(2024, 5, 24), date(2024, 5, 20))
    with pytest.raises(ParameterError, match=r"24.05.2024 позже его конца 20.05.2024"):
        Period.parse("2024-05-24_2024-05-20")


@pytest.mark.parametrize("text", ["2024-02-30_2024-05-20", "2024-05-20_2024-13-01", "2024-00-10_2024-05-20"])
def test_dates_that_no_calendar_has_are_refused_as_such(text: str) -> None:
    with pytest.raises(ParameterError, match=r"нет в календаре. Ожидается год-месяц-день, например 2024-05-20"):
        Period.parse(text)


@given(DATES, st.integers(0, 100))
def test_the_label_of_a_period_between_dates_reads_back_as_the_same_period(day: date, days: int) -> None:
    period = Period.between(Week.of(day).start, max(Week.of(day).until, day + timedelta(days=days)))
    assert Period.parse(period.label) == period
    assert Period.parse(period.previous().label).weeks == period.previous().weeks
    assert (period.last.isoweekday(), period.last + timedelta(days=1)) == (7, period.until)


def test_a_period_is_refused_when_it_begins_at_or_after_the_last_moment_collected() -> None:
    week = Period.parse("2024-W21")
    week.require_collected(week.starts_at + SECOND)
    for moment in (week.starts_at, week.starts_at - SECOND):
        with pytest.raises(ParameterError, match=r"2024-W21 ещё не собран: последние данные — за (19|20).05.2024"):
            week.require_collected(moment)


def test_dates_without_a_thursday_between_them_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"нет ни одной недели.*Расширьте период"):
        Period.between(date(2024, 5, 24), date(2024, 5, 29))


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ("2024-W21", "2024-W20"), ("2024-W01", "2023-W52"), ("2021-W01", "2020-W53"), ("2024-05", "2024-04"),
        ("2024-01", "2023-12"), ("2024-12", "2024-11"), ("2024-Q2", "2024-Q1"), ("2024-Q1", "2023-Q4"),
    ],
)  # fmt: skip
def test_the_period_before_is_one_of_the_same_kind(period: str, before: str) -> None:
    assert Period.parse(period).previous() == Period.parse(before)


def test_before_weeks_between_dates_come_as_many_weeks() -> None:
    before = Period.between(date(2024, 5, 20), date(2024, 6, 16)).previous()
    assert [week.label for week in before.weeks] == ["2024-W17", "2024-W18", "2024-W19", "2024-W20"]
    assert before.label == "2024-04-22_2024-05-19"
    one = Period.between(date(2024, 5, 23), date(2024, 5, 23)).previous()
    assert one == Period.parse("2024-W20")


@given(DATES, st.integers(0, 100))
def test_weeks_directly_before_end_where_the_period_begins(day: date, days: int) -> None:
    week = Week.of(day)
    for period in (
        Period.parse(week.label),
        Period(week.label, (week,)),
        Period.between(week.start, max(week.until, day + timedelta(days=days))),
    ):
        before = period.previous()
        assert (before.until, len(before.weeks)) == (period.start, len(period.weeks))


@given(YEARS, st.integers(1, 12))
def test_months_and_quarters_follow_each_other_without_a_gap(year: int, month: int) -> None:
    for label in (f"{year}-{month:02d}", f"{year}-Q{(month + 2) // 3}"):
        period = Period.parse(label)
        before = period.previous()
        assert before.until == period.start
        assert before == Period.parse(before.label)
        assert len(before.label) == len(label)


def test_the_last_full_week_changes_in_the_second_a_week_ends() -> None:
    end = Week.parse("2024-W21").ends_at
    assert last_full_week(end - SECOND).label == "2024-W20"
    assert last_full_week(end).label == "2024-W21"
    assert last_full_week(end + SECOND).label == "2024-W21"


@given(st.datetimes(datetime(2015, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_the_last_full_week_is_over_and_the_next_is_not(now: datetime) -> None:
    week = last_full_week(now)
    assert week.ends_at <= now < week.shifted(1).ends_at
