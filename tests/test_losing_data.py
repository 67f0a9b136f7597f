"""Whatever is lost of what was collected, no verdict but `failed` turns into `failed`.

A wall and its page are what they are; a reading shows a span of the wall, as a client gives it: from the start asked
for, or, when it broke off, from just after the oldest post it met. Lost may go: readings, the older part of readings,
repost and ad marks, that a wall was read to its first post (only with that part), all snapshots of an account, a field
that the network returns to nobody any more, marks «Госорганизация», what the register says of «Госпаблики». Of several
snapshots of one account all go or none: of those that are left the latest judges, and losing it brings an older one,
no less true, to light.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from small_lake import W20, W21, W22, W23, Small, at

from kirovlib.order.evaluate import judge

FORM = "https://pos.gosuslugi.ru/form/?opaId=1"
SURVEYS = "https://pos.gosuslugi.ru/og/org-activities?reg_code=33"
LINKS = (FORM, SURVEYS, "https://vk.com/app8181405", "https://vk.com/albums-1", FORM.replace("opaId", "opald"),
         FORM.replace("/form/", "/f"), "https://clck.ru/1")  # fmt: skip
BORDERS = (W20, W21, W21 + timedelta(seconds=1), at("23.05 12:00"), W22 - timedelta(seconds=1), W22, W23)

POST = st.fixed_dictionaries(
    {
        # Most in the week that is judged, 2024-W21.
        "hours": st.one_of(st.integers(7 * 24, 14 * 24 - 1), st.integers(7 * 24, 14 * 24 - 1), st.integers(-200, 503)),
        "own": st.sampled_from([True, True, True, True, False]),
        "is_repost": st.sampled_from([False, False, False, True, None]),
        "is_ad": st.sampled_from([False, False, True, None]),
        "loses_mark": st.booleans(),
    }
)
READING = st.fixed_dictionaries(
    {
        "span": st.tuples(st.sampled_from(BORDERS), st.sampled_from(BORDERS)),
        "loss": st.sampled_from(["nothing", "all", "older part", "older part"]),
        "breaks_at": st.integers(0, 5),
    }
)
WHOLE = READING.map(lambda reading: reading | {"span": (W20, W23)})
ACCOUNT = st.fixed_dictionaries(
    {
        "platform": st.sampled_from(["vk", "vk", "ok"]),
        "wall": st.lists(POST, min_size=1, max_size=9),
        # Read from before the week to after it, or in some other way.
        "readings": st.lists(st.one_of(WHOLE, WHOLE, READING), min_size=1, max_size=2),
        "opened_on": st.sampled_from([None, None, None, "2024-05-10", "2024-05-22"]),
        "menu": st.one_of(st.none(), st.lists(st.sampled_from(LINKS), max_size=3)),
        "mark": st.sampled_from([True, True, False, None]),
        "is_favoured": st.sampled_from([True, False, False]),
        "snapshot": st.sampled_from(["none", "in the week", "after it", "before"]),
        "loses_snapshot": st.booleans(),
        "loses_mark": st.sampled_from([True, True, True, False]),
        "connected": st.sampled_from([None, True, False]),
        "loses_statement": st.booleans(),
        "status": st.sampled_from(["live", "live", "live", "closed", "gone"]),
    }
)
MOMENTS = {"in the week": "22.05 12:00", "after it": "28.05 12:00", "before": "18.05 12:00"}


class Seen:
    """A lake with all that was collected, or with what is left of it."""

    def __init__(self, home: Path, accounts: list[dict[str, Any]], *, is_less: bool, menus: str) -> None:
        self._less, self._menus = is_less, menus
        self._small = Small(home)
        for number, account in enumerate(accounts):
            self._register(f"{account['platform']}:c{number}", number, account)
            self._page(f"{account['platform']}:c{number}", account)
            self._wall(f"{account['platform']}:c{number}", account)
        self._small.covered()
        self._small.store()
        findings = judge("2024-W21", home).findings
        keys = findings[["clause", "institution_id", "account_id"]].fillna("").itertuples(index=False, name=None)
        self.verdicts = dict(zip(keys, findings["verdict"], strict=True))

    def _register(self, key: str, number: int, account: dict[str, Any]) -> None:
        self._small.institution(f"i{number}")
        connected = None if self._less and account["loses_statement"] else account["connected"]
        told = {} if connected is None else {"gospabliki_on": "2024-05-20", "gospabliki_source": "сводка"}
        self._small.account(key, f"i{number}", opened_on=account["opened_on"], gospabliki_connected=connected, **told)

    def _page(self, key: str, account: dict[str, Any]) -> None:
        is_few = self._menus == "given to few"
        # Those who have no menu are lost, so that among the rest most have one.
        loses = not account["is_favoured"] if is_few else account["loses_snapshot"]
        if account["snapshot"] == "none" or (self._less and loses and account["loses_mark"]):
            return
        menu = None if account["menu"] is None else [("", url) for url in account["menu"]]
        is_silent = is_few and not account["is_favoured"]
        if is_silent or (self._less and self._menus == "lost for all"):
            menu = None
        mark = None if self._less and account["loses_statement"] else account["mark"]
        cells = {"government_mark": mark, "status": account["status"]}
        self._small.snapshot(menu if account["platform"] == "vk" else None, MOMENTS[account["snapshot"]], key, **cells)

    def _wall(self, key: str, account: dict[str, Any]) -> None:
        wall = sorted(account["wall"], key=lambda post: post["hours"])
        moments = [W20 + timedelta(hours=post["hours"]) for post in wall]
        spans = [span for each in account["readings"] if (span := self._span(each, moments)) is not None]
        for post, moment in zip(wall, moments, strict=True):
            if any(first <= moment < last for first, last in spans):
                cells = {name: post[name] for name in ("own", "is_repost", "is_ad")}
                if self._less and post["loses_mark"]:
                    cells |= {"is_repost": None, "is_ad": None}
                self._small.post(moment, key, **cells)
        for first, last in spans:
            # What is older was met, or there is nothing older.
            began = not any(moment < first for moment in moments)
            self._small.covered(first, last, key, reached_end=began)
        if not spans:
            self._small.covered(None, None, key, outcome="not_collected", reason="no_answer")

    def _span(self, reading: dict[str, Any], moments: list[datetime]) -> tuple[datetime, datetime] | None:
        """What was read, from when until when; none where nothing was."""
        first, last = sorted(reading["span"])
        if first == last or (self._less and reading["loss"] == "all"):
            return None
        if self._less and reading["loss"] == "older part":
            met = [moment for moment in moments if first <= moment < last]
            if not met:
                return None
            # A wall breaks off at a post that was met, and what lies at that second may be cut off.
            first = met[min(reading["breaks_at"], len(met) - 1)] + timedelta(seconds=1)
        return (first, last) if first < last else None


@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])  # an example is two lakes: shrinking takes minutes
@given(
    accounts=st.lists(ACCOUNT, min_size=12, max_size=24),
    menus=st.sampled_from(["given to all", "given to few", "lost for all"]),
)
def test_losing_data_never_turns_another_verdict_into_failed(
    tmp_path_factory: pytest.TempPathFactory, accounts: list[dict[str, Any]], menus: str
) -> None:
    home = tmp_path_factory.mktemp("lost")
    more = Seen(home / "more", accounts, is_less=False, menus=menus).verdicts
    less = Seen(home / "less", accounts, is_less=True, menus=menus).verdicts
    assert set(more) == set(less)
    accused = {key: (more[key], less[key]) for key in more if less[key] == "failed" and more[key] != "failed"}
    assert accused == {}
