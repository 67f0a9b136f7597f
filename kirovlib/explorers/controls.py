"""The controls of the explorer: what is asked for and how the order is read, as widgets with Russian labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import ipywidgets as widgets

from kirovlib import russian
from kirovlib.explorers.explored import CRITERIA, Explored, Filters
from kirovlib.order.evaluate import Judgement
from kirovlib.order.what_if import CHOICES, as_read

ALL = "все"
_GRID = "repeat(auto-fill, minmax(225px, 1fr))"
_MOST_POSTS = max(CHOICES["minimum_posts"].meanings)


class Controls:
    """Widgets that report each change once, and none while several are set together."""

    def __init__(self, all_of_them: list[Any]) -> None:
        self._heard: list[Callable[[], None]] = []
        self._is_quiet = False
        for widget in all_of_them:
            widget.observe(self._change, names="value")

    def on_change(self, call: Callable[[], None]) -> None:
        """Call this after every change."""
        self._heard.append(call)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Changes inside count as one."""
        self._is_quiet = True
        try:
            yield
        finally:
            self._is_quiet = False
        self._tell()

    def _change(self, _change: Any) -> None:
        if not self._is_quiet:
            self._tell()

    def _tell(self) -> None:
        for call in self._heard:
            call()


class FilterControls(Controls):
    """What is asked for.

    Attributes:
        criteria: A list to choose from by name of `CRITERIA`; «все» or several values.
        first, last: The first and the last week.
        name: A part of an institution's name.
        back: The button that asks for everything again.
        box: All of them, laid out.
    """

    def __init__(self, explored: Explored) -> None:
        self.criteria = {
            name: _labelled(
                widgets.SelectMultiple,
                label,
                options=[(ALL, ALL), *explored.options[name]],
                value=(ALL,),
                height="122px",
            )
            for name, label in CRITERIA.items()
        }
        weeks = explored.judged.period.weeks
        self._ends = [(russian.dated(week.until - timedelta(days=1)), week.start) for week in weeks]
        starts = [(russian.dated(week.start), week.start) for week in weeks]
        self.first = _labelled(widgets.Dropdown, "Недели с понедельника", options=starts, value=starts[0][1])
        self.last = _labelled(widgets.Dropdown, "по воскресенье", options=self._ends, value=self._ends[-1][1])
        self.name = _labelled(
            widgets.Text, "Название учреждения", placeholder="часть названия и Enter", continuous_update=False
        )
        self.back = widgets.Button(description="Сбросить фильтры", icon="undo", layout={"width": "auto"})
        self.back.on_click(lambda _button: self.reset())
        for widget in self.criteria.values():
            widget.observe(self._tidy, names="value")
        self.first.observe(self._follow, names="value")
        super().__init__([*self.criteria.values(), self.first, self.last, self.name])
        when, who = widgets.VBox([self.first, self.last]), widgets.VBox([self.name, self.back])
        self.box = widgets.GridBox(
            [*self.criteria.values(), when, who],
            layout={"grid_template_columns": _GRID, "grid_gap": "6px 14px", "width": "100%"},
        )

    def filters(self, only_changed: bool = False) -> Filters:
        """As they stand."""
        wanted = {name: tuple(each for each in widget.value if each != ALL) for name, widget in self.criteria.items()}
        return Filters(wanted, self.first.value, self.last.value, self.name.value, only_changed)

    def reset(self) -> None:
        """Everything is asked for again."""
        with self.together():
            for widget in self.criteria.values():
                widget.value = (ALL,)
            self.first.value = self.first.options[0][1]
            self.last.value = self._ends[-1][1]
            self.name.value = ""

    def _tidy(self, change: Any) -> None:
        """«Все» and single values exclude each other; nothing at all is «все»."""
        chosen = change["new"]
        if not chosen or (ALL in chosen and ALL not in change["old"]):
            kept: tuple[Any, ...] = (ALL,)
        else:
            kept = tuple(each for each in chosen if each != ALL or len(chosen) == 1)
        if kept != chosen:
            change["owner"].value = kept

    def _follow(self, change: Any) -> None:
        """The last week is never before the first."""
        kept = [(label, start) for label, start in self._ends if start >= change["new"]]
        last = max(self.last.value, change["new"])
        was_quiet, self._is_quiet = self._is_quiet, True
        self.last.options = kept
        self.last.value = last
        self._is_quiet = was_quiet


class WhatIfControls(Controls):
    """How the order is read.

    Attributes:
        choices: A control by name of `what_if.CHOICES`, of those the order has.
        only_changed: Whether only what would be another verdict is asked for.
        back: The button that reads the order as it is again.
        box: All of them, laid out.
    """

    def __init__(self, judged: Judgement) -> None:
        self._as_read = as_read(judged.clauses, judged.period.until - timedelta(days=1))
        self.choices = {name: _choice(name, value) for name, value in self._as_read.items()}
        self.only_changed = widgets.Checkbox(description="Только изменившиеся", indent=False, layout={"width": "auto"})
        self.back = widgets.Button(
            description="Вернуть порядок как есть", icon="undo", layout={"width": "auto"}, disabled=True
        )
        self.back.on_click(lambda _button: self.reset())
        super().__init__([*self.choices.values(), self.only_changed])
        buttons = widgets.VBox([self.only_changed, self.back])
        self.box = widgets.GridBox(
            [*self.choices.values(), buttons],
            layout={"grid_template_columns": _GRID, "grid_gap": "6px 14px", "width": "100%"},
        )

    def asked(self) -> dict[str, Any]:
        """The choices that differ from the order's own; none is the order as it is."""
        return {name: widget.value for name, widget in self.choices.items() if widget.value != self._as_read[name]}

    def reset(self) -> None:
        """The order as it is."""
        with self.together():
            for name, widget in self.choices.items():
                widget.value = self._as_read[name]
            self.only_changed.value = False


def _choice(name: str, value: Any) -> Any:
    label = CHOICES[name].label
    if name == "minimum_posts":
        most = max(value, _MOST_POSTS)
        slider = _labelled(widgets.IntSlider, label, min=1, max=most, value=value, continuous_update=False)
        slider.layout.flex_flow = "row wrap"  # the number stands beside the slider
        return slider
    options = [(f"{text} (как есть)" if each == value else text, each) for each, text in CHOICES[name].meanings.items()]
    return _labelled(widgets.Dropdown, label, options=options, value=value)


def _labelled(kind: Callable[..., Any], label: str, height: str = "56px", **traits: Any) -> Any:
    """A widget under its label; the height holds both, as lists and fields would stretch without it."""
    layout = {"width": "auto", "height": height, "flex_flow": "column", "align_items": "stretch"}
    return kind(description=label, style={"description_width": "max-content"}, layout=layout, **traits)
