"""Weeks and periods: the only date arithmetic of the package.

A week is the ISO week, Monday 00:00 to Sunday 24:00 in Kirov (`settings.ZONE`, UTC+3). A month or quarter is the
weeks whose Thursday lies in it (`READING.md`, "Weeks").
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from kirovlib.errors import ParameterError
from kirovlib.settings import ZONE

_WEEK = timedelta(days=7)


def local_midnight(day: date) -> datetime:
    """The moment (UTC) at which a day begins in Kirov."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def local_date(moment: datetime) -> date:
    """The date in Kirov at a moment (any zone, but one)."""
    return moment.astimezone(ZONE).date()


@dataclass(frozen=True, order=True)
class Week:
    """One ISO week in Kirov time.

    Example:
        >>> week = Week.parse("2024-W21")
        >>> week.start.isoformat(), week.starts_at.isoformat()
        ('2024-05-20', '2024-05-19T21:00:00+00:00')
    """

    start: date

    @classmethod
    def parse(cls, text: str) -> Week:
        """The week written as `2024-W21`.

        Raises:
            ParameterError: When the text has another form or the year has no such week.
        """
        match = re.fullmatch(r"(20\d{2})-W(\d{2})", text.strip(), re.ASCII)
        if match:
            try:
                return cls(date.fromisocalendar(int(match[1]), int(match[2]), 1))
            except ValueError:
                msg = f"Недели «{text}» нет в календаре: в году 52 или 53 недели. Пример: 2024-W21."
                raise ParameterError(msg) from None
        msg = f"«{text}» — не неделя. Ожидается год и номер недели по ИСО, например 2024-W21."
        raise ParameterError(msg)

    @classmethod
    def of(cls, moment: datetime | date) -> Week:
        """The week that a moment (in Kirov time) or a local date belongs to."""
        day = local_date(moment) if isinstance(moment, datetime) else moment
        return cls(day - timedelta(days=day.weekday()))

    @property
    def label(self) -> str:
        """`2024-W21`."""
        year, number, _ = self.start.isocalendar()
        return f"{year}-W{number:02d}"

    @property
    def until(self) -> date:
        """The Monday after the week (exclusive end)."""
        return self.start + _WEEK

    @property
    def starts_at(self) -> datetime:
        """Its first moment, UTC."""
        return local_midnight(self.start)

    @property
    def ends_at(self) -> datetime:
        """The moment it is over (exclusive), UTC."""
        return local_midnight(self.until)

    def has_even_days(self) -> bool:
        """Whether all its days have 24 hours: the zone was changed in none of them (in Kirov last in 2014)."""
        midnights = [local_midnight(self.start + timedelta(days=day)) for day in range(8)]
        return all(later - earlier == timedelta(days=1) for earlier, later in pairwise(midnights))

    def shifted(self, count: int) -> Week:
        """The week `count` weeks later (earlier when negative)."""
        return Week(self.start + count * _WEEK)


@dataclass(frozen=True)
class Period:
    """Whole weeks that are reported together.

    Attributes:
        label: How the analyst named it: `2024-W21`, `2024-05`, `2024-Q2` or `2024-05-20_2024-06-16`.
        weeks: The weeks, ascending, at least one.
    """

    label: str
    weeks: tuple[Week, ...]

    @property
    def start(self) -> date:
        """The first Monday."""
        return self.weeks[0].start

    @property
    def last(self) -> date:
        """The last Sunday."""
        return self.until - timedelta(days=1)

    @property
    def until(self) -> date:
        """The Monday after the last week (exclusive end)."""
        return self.weeks[-1].until

    @property
    def starts_at(self) -> datetime:
        """Its first moment, UTC."""
        return self.weeks[0].starts_at

    @property
    def ends_at(self) -> datetime:
        """The moment it is over (exclusive), UTC."""
        return self.weeks[-1].ends_at

    @classmethod
    def parse(cls, text: str) -> Period:
        """A week `2024-W21`, month `2024-05`, quarter `2024-Q2` or dates `2024-05-20_2024-06-16` (see `between`).

        Raises:
            ParameterError: When the text is none of these, or the dates are in the wrong order.

        Example:
            >>> [week.label for week in Period.parse("2024-05").weeks]
            ['2024-W18', '2024-W19', '2024-W20', '2024-W21', '2024-W22']
        """
        text = text.strip()
        if re.fullmatch(r"20\d{2}-W\d{2}", text, re.ASCII):
            return cls(text, (Week.parse(text),))
        month = re.fullmatch(r"(20\d{2})-(0[1-9]|1[0-2])", text, re.ASCII)
        quarter = re.fullmatch(r"(20\d{2})-Q([1-4])", text, re.ASCII)
        if month:
            return cls(text, _weeks_of_months(int(month[1]), int(month[2]), int(month[2])))
        if quarter:
            last = 3 * int(quarter[2])
            return cls(text, _weeks_of_months(int(quarter[1]), last - 2, last))
        dates = re.fullmatch(r"(20\d{2}-\d{2}-\d{2})_(20\d{2}-\d{2}-\d{2})", text, re.ASCII)
        if dates:
            return cls.between(_date(dates[1]), _date(dates[2]))
        msg = (
            f"«{text}» — не период. Ожидается неделя (2024-W21), месяц (2024-05), квартал (2024-Q2) "
            "или даты (2024-05-20_2024-06-16)."
        )
        raise ParameterError(msg)

    def require_collected(self, last_moment: datetime) -> None:
        """Refuse a period that lies wholly after the last collection.

        Args:
            last_moment: Until when was collected (UTC).

        Raises:
            ParameterError: With the last day that was collected.
        """
        if self.starts_at >= last_moment:
            msg = (
                f"Период {self.label} ещё не собран: последние данные — за {local_date(last_moment):%d.%m.%Y}. "
                "Выполните «kirov collect» или выберите более ранний период."
            )
            raise ParameterError(msg)

    def previous(self) -> Period:
        """The period before: of a month or quarter the one before, of weeks as many directly before.

        Example:
            >>> [Period.parse(text).previous().label for text in ("2024-W21", "2024-01", "2024-Q1")]
            ['2024-W20', '2023-12', '2023-Q4']
        """
        month = re.fullmatch(r"(20\d{2})-(\d{2})", self.label, re.ASCII)
        quarter = re.fullmatch(r"(20\d{2})-Q([1-4])", self.label, re.ASCII)
        if month:
            year, number = (int(month[1]), int(month[2]) - 1) if int(month[2]) > 1 else (int(month[1]) - 1, 12)
            return Period.parse(f"{year}-{number:02d}")
        if quarter:
            year, number = (int(quarter[1]), int(quarter[2]) - 1) if int(quarter[2]) > 1 else (int(quarter[1]) - 1, 4)
            return Period.parse(f"{year}-Q{number}")
        weeks = tuple(week.shifted(-len(self.weeks)) for week in self.weeks)
        last = weeks[-1].until - timedelta(days=1)
        return Period(weeks[0].label if len(weeks) == 1 else f"{weeks[0].start.isoformat()}_{last.isoformat()}", weeks)

    @classmethod
    def between(cls, first: date, last: date) -> Period:
        """The weeks whose Thursday lies between two local dates, both included.

        Raises:
            ParameterError: When the dates are in the wrong order or no Thursday lies between them.
        """
        if first > last:
            msg = f"Начало периода {first:%d.%m.%Y} позже его конца {last:%d.%m.%Y}. Поменяйте даты местами."
            raise ParameterError(msg)
        weeks = _weeks_by_thursday(first, last)
        if not weeks:
            msg = (
                f"Между {first:%d.%m.%Y} и {last:%d.%m.%Y} нет ни одной недели (неделя относится к периоду, "
                "если в него попадает её четверг). Расширьте период."
            )
            raise ParameterError(msg)
        return cls(f"{first.isoformat()}_{last.isoformat()}", weeks)


def last_full_week(now: datetime) -> Week:
    """The latest week that is over at a moment (UTC).

    Example:
        >>> last_full_week(datetime(2024, 5, 26, 20, 59, tzinfo=UTC)).label
        '2024-W20'
        >>> last_full_week(datetime(2024, 5, 26, 21, 0, tzinfo=UTC)).label
        '2024-W21'
    """
    return Week.of(now).shifted(-1)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"Даты «{text}» нет в календаре. Ожидается год-месяц-день, например 2024-05-20."
        raise ParameterError(msg) from None


def _weeks_of_months(year: int, first: int, last: int) -> tuple[Week, ...]:
    return _weeks_by_thursday(date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))


def _weeks_by_thursday(first: date, last: date) -> tuple[Week, ...]:
    week, weeks = Week.of(first), []
    while (thursday := week.start + timedelta(days=3)) <= last:
        if thursday >= first:
            weeks.append(week)
        week = week.shifted(1)
    return tuple(weeks)


# Article 112 of the Labour Code of the Russian Federation: month, day, name.
_HOLIDAYS = {
    **{(1, day): "Новогодние каникулы" for day in (1, 2, 3, 4, 5, 6, 8)},
    (1, 7): "Рождество Христово",
    (2, 23): "День защитника Отечества",
    (3, 8): "Международный женский день",
    (5, 1): "Праздник Весны и Труда",
    (5, 9): "День Победы",
    (6, 12): "День России",
    (11, 4): "День народного единства",
}


def holidays(first: date, until: date) -> dict[date, str]:
    """The public holidays of Russia from a local date to another (exclusive), with their names.

    Source: article 112 of the Labour Code. Days off that the government transfers each year are not known here.

    Example:
        >>> holidays(date(2024, 5, 1), date(2024, 5, 10))
        {datetime.date(2024, 5, 1): 'Праздник Весны и Труда', datetime.date(2024, 5, 9): 'День Победы'}
    """
    days = [first + timedelta(days=number) for number in range((until - first).days)]
    return {day: _HOLIDAYS[day.month, day.day] for day in days if (day.month, day.day) in _HOLIDAYS}
