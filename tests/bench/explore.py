"""How quick the explorer answers: a region's year, 2,100 accounts of three networks, 52 weeks, 121,000 findings.

    python tests/bench/explore.py [--accounts N] [--changes N] [--data DIR]

Each row is one kind of change, made N times, on the tab that is open; the time is from the change of a widget in the
kernel to the last trait it sets in answer (aim: 0.3 s; what the browser adds is not in it). Beside it the plain way:
the same question put to the columns of `kirovlib.named` as boolean masks, `what_if` in full, and everything built
anew: table, three charts, the frame. Both in one process, by turns, so that ratios count.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from synthetic import World

import kirovlib
from kirovlib import charts, explorers
from kirovlib.order.evaluate import Judgement
from kirovlib.order.posting import posting_weeks

TABS = {"table": 0, "charts": 1}
Change = Callable[[], None]


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=2100)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--data", type=Path, help="a folder for the lake, made where it is missing")
    chosen = parser.parse_args()
    world = World(chosen.accounts, mixed=True, snapshots=True)
    with tempfile.TemporaryDirectory(prefix="kirov-bench-") as folder:
        data = chosen.data or Path(folder)
        if not (data / "lake").is_dir():
            world.write(data)
        judged = kirovlib.judge(world.period, data)
        began = time.perf_counter()
        explorer = explorers.explore(judged, Path(folder))
        made = time.perf_counter() - began
        print(f"{len(judged.findings)} findings; the explorer is made in {made:.2f} s", flush=True)  # noqa: T201 - the table
        for line in rows(explorer, judged, chosen.changes):
            print(line, flush=True)  # noqa: T201 - the table


def rows(explorer: explorers.Explorer, judged: Judgement, count: int) -> Iterator[str]:
    """A line for each kind of change."""
    plain = Plain(judged)
    filters, what_if = explorer.filters, explorer.what_if
    for tab, number in TABS.items():
        explorer.tabs.selected_index = number
        for name, (widget, values, ask) in changes(explorer).items():
            ours, theirs = [], []
            for value in itertools.islice(itertools.cycle(values), count):
                explorer._explored.readings._kept.clear()  # a reading that was not asked for before
                ours.append(timed(lambda widget=widget, value=value: setattr(widget, "value", value)))
                if len(theirs) < max(3, count // 5):  # it is slow
                    theirs.append(timed(lambda ask=ask, value=value: plain.answer(**ask(value))))
            yield line(f"{tab}: {name}", ours, theirs)
            filters.reset()
            what_if.reset()
    labels = explorer.institution.options[:: max(1, len(explorer.institution.options) // count)][:count]
    cards = [timed(lambda label=label: setattr(explorer.institution, "value", label)) for label in labels]
    yield line("card: an institution", cards)
    yield line("selection: all rows", [timed(lambda: explorer.selection) for _ in range(count)])


def changes(explorer: explorers.Explorer) -> dict[str, tuple[Any, list[Any], Callable[[Any], Mapping[str, Any]]]]:
    """By name: the widget, the values it is set to in turn, and how the plain way is asked for the same."""
    criteria, choices = explorer.filters.criteria, explorer.what_if.choices
    weeks = [week.start for week in explorer._explored.judged.period.weeks]
    founders = [(value,) for _, value in criteria["founder"].options[1:40]]
    asked: dict[str, tuple[Any, list[Any], Callable[[Any], Mapping[str, Any]]]] = {
        "a verdict": (criteria["verdict"], [("failed",), ("passed",)], lambda value: {"verdict": value}),
        "a founder": (criteria["founder"], founders, lambda value: {"founder_id": value}),
        "networks": (criteria["platform"], [("vk", "ok"), ("telegram",)], lambda value: {"platform": value}),
        "the first week": (explorer.filters.first, weeks[5:45:7], lambda value: {"first": value}),
        "a name": (explorer.filters.name, ["школа", "1029", "10299000001"], lambda value: {"name": value}),
        "what if: norm": (choices["minimum_posts"], [4, 5, 2, 6], lambda value: {"what_if": {"minimum_posts": value}}),
    }
    for name in ("count_reposts", "count_ads", "distinct_days", "unit", "misspelt_link_verdict", "kinds"):
        values = [value for _, value in choices[name].options]
        values = [*values[1:], values[0]] if choices[name].value == values[0] else values
        asked[f"what if: {name}"] = (choices[name], values, lambda value, name=name: {"what_if": {name: value}})
    return asked


class Plain:
    """The same answers by boolean masks on text columns, everything built anew each time."""

    def __init__(self, judged: Judgement) -> None:
        self._judged = judged
        institutions = judged.institutions.set_index("institution_id")
        self._named = kirovlib.named(judged)
        keys = self._named["institution_id"]
        self._named["founder_id"] = keys.map(institutions["founder_id"]).fillna("")
        self._named["platform"] = self._named["account_id"].str.partition(":")[0].fillna("")
        self._named["searched"] = keys.map(institutions["name"]) + keys
        self._weeks = posting_weeks(judged)

    def answer(
        self, first: Any = None, name: str = "", what_if: Mapping[str, Any] | None = None, **wanted: Any
    ) -> None:
        """What the explorer shows and gives, of one question."""
        rows = self._named
        if what_if:
            key = ["clause", "institution_id", "account_id", "period_start"]
            other = kirovlib.what_if(self._judged, **what_if)[[*key, "verdict_if", "reason_if"]]
            rows = rows.merge(other, on=key, how="left")
            rows["verdict"] = rows["verdict_if"].fillna(rows["verdict"])
        mask = pd.Series(data=True, index=rows.index)
        for column, values in wanted.items():
            mask &= rows[column].isin(list(values))
        if first is not None:
            mask &= rows["period_end"] >= pd.Timestamp(first)
        if name:
            mask &= rows["searched"].str.lower().str.contains(name, regex=False)
        rows = rows[mask].sort_values(["verdict", "institution", "clause", "period_start"])
        heads = {"institution": "", "clause_label": "", "verdict": "", "measured": "", "reason_name": "", "url": ""}
        charts.table(rows, heads, limit=50)
        posts = self._weeks[self._weeks["account_id"].isin(rows["account_id"].unique())]
        figures = [charts.verdicts_by(rows, "clause_label", ""), charts.verdicts_by(rows, "founder", "")]
        figures += [charts.quantile_fan(posts, self._judged.clause("posts_per_week").editions[0].in_force_from)]
        for figure in figures:
            figure.to_json()


def timed(change: Change) -> float:
    """Seconds."""
    began = time.perf_counter()
    change()
    return time.perf_counter() - began


def line(name: str, ours: list[float], theirs: list[float] | None = None) -> str:
    """Median and worst, and the plain way's median and how many times it takes."""
    told = f"{name}: median {statistics.median(ours):.3f} s, worst {max(ours):.3f} s of {len(ours)} (aim 0.3)"
    if theirs:
        slow = statistics.median(theirs)
        told += f"; the plain way {slow:.2f} s, {slow / statistics.median(ours):.0f} x"
    return told


if __name__ == "__main__":
    main()
