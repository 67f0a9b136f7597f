"""The explorer: filters and another reading of the order into a table, charts, a card and a frame for the next cell."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd
import plotly.graph_objects as go

from kirovlib import russian
from kirovlib.errors import KirovError, ParameterError
from kirovlib.explorers import saving, shown
from kirovlib.explorers.controls import FilterControls, WhatIfControls
from kirovlib.explorers.explored import Explored, plain
from kirovlib.order import wording
from kirovlib.order.evaluate import Judgement

FOLDER = Path("../reports/selections")
FIGURE_MIME = "application/vnd.plotly.v1+json"
_TABLE, _CHARTS, _CARD = range(3)
_SHOWN_NEAR = 5


def explore(judged: Judgement, folder: str | Path = FOLDER) -> Explorer:
    """Explore the findings of a judgement in a notebook.

    Args:
        judged: The judgement.
        folder: Where selections are written, relative to the notebook's folder.

    Returns:
        The explorer; shown when a cell ends with it. Its `selection` is a frame for the next cell.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> explorer = explore(judge("2024-W28", data="data/sample"))
        >>> explorer.filters.criteria["verdict"].value = ("failed",)
        >>> set(explorer.selection["verdict"])
        {'failed'}
    """
    return Explorer(judged, Path(folder))


class Explorer:
    """Findings to filter, to ask «what if» of, to look at and to take along.

    Attributes:
        filters: What is asked for.
        what_if: How the order is read.
        institution: Whose card is shown, by name.
        csv_button, xlsx_button: Write the selection.
        tabs: The table, the charts, the card.
        widget: Everything, as it is shown.
    """

    def __init__(self, judged: Judgement, folder: Path) -> None:
        self._judged, self._folder = judged, folder
        self._explored = Explored(judged)
        self.filters, self.what_if = FilterControls(self._explored), WhatIfControls(judged)
        self._institution_id = ""
        self._drawn: set[int] = set()
        self._make_widgets()
        self.widget = self._laid_out() if len(judged.findings) else widgets.HTML(shown.error(_no_findings(judged)))
        self._update()
        self.filters.on_change(self._guarded(self._update))
        self.what_if.on_change(self._guarded(self._update))

    @property
    def selection(self) -> pd.DataFrame:
        """The findings selected, in the order shown: `kirovlib.named`, sphere, and verdict_if, reason_if if any.

        A frame of its own each time: what is written to it changes nothing in the explorer.
        """
        return self._selection.frame()

    @property
    def institution_id(self) -> str:
        """The key of the institution whose card is shown, blank for none."""
        return self._institution_id

    def __repr__(self) -> str:
        if self._judged.findings.empty:
            return _no_findings(self._judged)
        return f"Виджет «Исследование», {self._judged.period.label}: работает в JupyterLab, когда ячейка выполнена."

    def _repr_mimebundle_(self, **_kinds: Any) -> dict[str, Any]:
        return {**self.widget._repr_mimebundle_(), "text/plain": repr(self)}

    def _make_widgets(self) -> None:
        self._summary, self._said, self._table, self._card = (widgets.HTML() for _ in range(4))
        self._figures = [widgets.Output() for _ in range(3)]
        self.institution = widgets.Combobox(
            description="Учреждение",
            placeholder="начните вводить название",
            continuous_update=False,
            style={"description_width": "auto"},
            layout={"width": "420px"},
        )
        self.institution.observe(self._guarded(self._choose), names="value")
        self.csv_button = _button("Сохранить CSV", "download", self._guarded(lambda: self._save(".csv")))
        self.xlsx_button = _button("Сохранить XLSX", "download", self._guarded(lambda: self._save(".xlsx")))
        self.tabs = widgets.Tab(
            [widgets.VBox(inside) for inside in ([self._table], self._figures, [self._card])],
            titles=("Таблица", "Графики", "Карточка"),
        )
        self.tabs.observe(lambda _change: self._draw(), names="selected_index")

    def _laid_out(self) -> Any:
        folded = widgets.Accordion([self.what_if.box], titles=("Что если читать порядок иначе",))
        buttons = widgets.HBox(
            [self.institution, self.csv_button, self.xlsx_button],
            layout={"flex_flow": "row wrap", "align_items": "center"},
        )
        source = wording.SOURCES[self._judged.source]
        banner = [widgets.HTML(f"<b>{html.escape(source)}.</b>")] if source else []
        return widgets.VBox(
            [*banner, self.filters.box, folded, self._summary, buttons, self._said, self.tabs],
            layout={"width": "100%"},
        )

    def _update(self) -> None:
        """After a change of what is asked for or of how the order is read."""
        choices = self.what_if.asked()
        self._selection = self._explored.select(self.filters.filters(self.what_if.only_changed.value), choices)
        self._said.value = ""
        self.what_if.back.disabled = not choices
        self._summary.value = shown.framed(shown.summary(self._selection, choices))
        self._keys = dict(self._selection.institutions)
        self.institution.options = tuple(self._keys)
        if self._institution_id not in self._keys.values():
            self.institution.value = ""
        self._drawn -= {_TABLE, _CHARTS}
        self._draw()

    def _draw(self) -> None:
        """Only what is looked at: the rest is drawn when its tab is opened."""
        tab = self.tabs.selected_index
        if tab in self._drawn:
            return
        self._drawn.add(tab)
        if tab == _TABLE:
            self._table.value = shown.framed(shown.table(self._selection))
        elif tab == _CHARTS:
            for output, figure in zip(self._figures, shown.figures(self._selection), strict=True):
                output.outputs = (_bundle(figure),)
        else:
            self._card.value = shown.framed(shown.institution(self._judged, self._institution_id))

    def _choose(self) -> None:
        """After an institution was named: by its whole label, by a part that only it has, or by nothing."""
        said = self.institution.value
        key = self._keys.get(said, "")
        if said and not key:
            near = [label for label in self._keys if plain(said) in plain(label)]
            if len(near) != 1:
                raise ParameterError(_not_one(said, near))
            self.institution.value = near[0]
            return
        self._said.value = ""
        self._institution_id = key
        self._drawn.discard(_CARD)
        if key:
            self.tabs.selected_index = _CARD
        self._draw()

    def _save(self, ending: str) -> None:
        self._said.value = "<p>Сохраняется…</p>"
        what_if = shown.asked(self.what_if.asked())
        file = saving.save(self._selection, self._folder, ending, what_if)
        count = russian.counted(len(self._selection), "строка", "строки", "строк")
        self._said.value = (
            f"<p>Сохранено ({count}): <code>{html.escape(str(file.resolve()))}</code>. Откройте файл в Excel; "
            "следующее сохранение запишет новый файл, этот останется.</p>"
        )

    def _guarded(self, call: Callable[[], None]) -> Callable[..., None]:
        """The call, a mistake shown as a sentence."""

        def guarded(*_event: Any) -> None:
            try:
                call()
            except KirovError as error:
                self._said.value = shown.error(str(error))

        return guarded


def _bundle(figure: go.Figure) -> dict[str, Any]:
    """A figure as an output: drawn by JupyterLab's own renderer, without a widget of plotly."""
    return {"output_type": "display_data", "data": {FIGURE_MIME: json.loads(figure.to_json())}, "metadata": {}}


def _button(label: str, icon: str, call: Callable[..., None]) -> Any:
    button = widgets.Button(description=label, icon=icon, layout={"width": "auto"})
    button.on_click(call)
    return button


def _not_one(said: str, near: list[str]) -> str:
    if not near:
        return f"Учреждения «{said}» нет среди выбранных. Проверьте название или ослабьте условия."
    names = "; ".join(near[:_SHOWN_NEAR]) + ("…" if len(near) > _SHOWN_NEAR else "")
    return f"«{said}» есть в названиях нескольких учреждений: {names}. Выберите одно из списка."


def _no_findings(judged: Judgement) -> str:
    return (
        f"За период {judged.period.label} нет ни одного вывода: в реестре нет учреждений, о которых говорит порядок. "
        "Проверьте реестр командой «kirov registry check» и папку в параметре data."
    )
