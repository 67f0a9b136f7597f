"""An axis of weeks: public holidays and the order's date marked, weeks that nobody was read for left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from kirovlib import russian
from kirovlib.charts.base import COLOURS
from kirovlib.weeks import Week, holidays

MANY_WEEKS = 16
STAR = "★"
HOLIDAY_LEGEND = f"{STAR} — неделя с нерабочим праздничным днём (ст. 112 ТК; переносы выходных не учтены)"
_MOST_HEADS = 60


def subtitle(lines: Sequence[str]) -> dict[str, Any]:
    """Lines under a title that say what its marks mean."""
    shown = "<br>".join(line[:1].upper() + line[1:] for line in lines if line)
    return {"text": shown, "font": {"size": 12.5, "weight": 400}}


def read_range(weeks: pd.DataFrame) -> pd.DataFrame:
    """The rows from the first to the last week that anybody was read for completely.

    Args:
        weeks: Table WeeklyCounts.
    """
    read = weeks.loc[weeks["is_complete"].astype(bool), "week_start"]
    return weeks[weeks["week_start"].between(read.min(), read.max())]


@dataclass(frozen=True)
class WeekAxis:
    """Weeks one after the other, without gaps.

    Attributes:
        weeks: At least one.
    """

    weeks: tuple[Week, ...]

    @classmethod
    def of(cls, starts: pd.Series) -> WeekAxis:
        """The weeks from the first to the last of some Mondays."""
        week, last = Week(starts.min().date()), Week(starts.max().date())
        weeks = [week]
        while weeks[-1] < last:
            weeks.append(weeks[-1].shifted(1))
        return cls(tuple(weeks))

    @cached_property
    def starts(self) -> pd.DatetimeIndex:
        """The Mondays."""
        return pd.DatetimeIndex([week.start for week in self.weeks])

    @cached_property
    def names(self) -> list[str]:
        """`08.07.2024`, as hover and CSV say it."""
        return [russian.dated(week.start) for week in self.weeks]

    @cached_property
    def holidays(self) -> list[str]:
        """What each week has: `<br>★ 09.05 День Победы`, blank for most; several days of one name together."""
        return [_told(week) for week in self.weeks]

    @cached_property
    def told_names(self) -> list[str]:
        """The names, each with its week's holidays."""
        return [name + told for name, told in zip(self.names, self.holidays, strict=True)]

    @cached_property
    def heads(self) -> list[str]:
        """`08.07.24`, holidays by a star; of very many weeks not each is named."""
        step = -(-len(self.weeks) // _MOST_HEADS)
        return [
            " ".join(filter(None, [f"{week.start:%d.%m.%y}" if place % step == 0 else "", STAR if told else ""]))
            for place, (week, told) in enumerate(zip(self.weeks, self.holidays, strict=True))
        ]

    @property
    def is_long(self) -> bool:
        """Whether heads must be turned to have room."""
        return len(self.weeks) > MANY_WEEKS

    @property
    def pixels(self) -> int:
        """Room that heads and title of the axis need below lines."""
        return 96 if self.is_long else 60

    @property
    def legend(self) -> str:
        """What the star means; blank without one."""
        return HOLIDAY_LEGEND if any(self.holidays) else ""

    def layout(self) -> dict[str, Any]:
        """The x axis of lines each of which has all these weeks, by their names."""
        return {
            "title": {"text": "неделя (понедельник)", "standoff": 10, "font": {"size": 13}},
            "type": "category",
            "tickmode": "array",
            "tickvals": np.arange(len(self.names)),
            "ticktext": self.heads,
            "tickangle": -90 if self.is_long else 0,
            "tickfont": {"size": 11},
            # The first and last marker keep off the border, as on an axis of numbers.
            "range": [-0.5, len(self.names) - 0.5],
        }

    def mark_order(self, figure: go.Figure, in_force_from: date) -> None:
        """Mark the day the order came into force, if it lies in these weeks."""
        place = (in_force_from - self.weeks[0].start) / timedelta(days=7)
        if not 0 <= place < len(self.weeks):
            return
        figure.add_vline(x=place, line={"color": COLOURS["failed"], "width": 2, "dash": "dash"})
        is_late = place > len(self.weeks) / 2
        figure.add_annotation(
            x=place,
            y=0.03,
            yref="paper",
            xanchor="right" if is_late else "left",
            xshift=-6 if is_late else 6,
            showarrow=False,
            text=f"{russian.dated(in_force_from)} — распоряжение № 131",
            font={"color": COLOURS["failed"]},
            bgcolor="rgba(255,255,255,0.8)",
        )


def _told(week: Week) -> str:
    by_name: dict[str, list[date]] = {}
    for day, name in holidays(week.start, week.until).items():
        by_name.setdefault(name, []).append(day)
    return "".join(f"<br>{STAR} {_days(days)} {name}" for name, days in by_name.items())


def _days(days: Sequence[date]) -> str:
    return f"{days[0]:%d.%m}" if len(days) == 1 else f"{days[0]:%d.%m}–{days[-1]:%d.%m}"
