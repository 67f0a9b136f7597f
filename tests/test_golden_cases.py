"""Golden cases, each a sentence, by `READING.md`; `test_evaluate.CASES` and `test_evaluate_pages.PAGES` hold others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from small_lake import KIROV, W22, W23, Small, at, write_order
from test_evaluate import BEFORE, FAILED, PASSED, One, Told, cannot_tell, inapplicable
from test_evaluate_pages import ALBUM, FORM, FOUND, MINI_APP, MISSING, OPINION, PROBLEM, SURVEYS

from kirovlib import registry, tables
from kirovlib.collect import collect
from kirovlib.lake import Lake
from kirovlib.order import checks, clauses, words
from kirovlib.order.evaluate import Judgement, judge
from kirovlib.order.ledger import post_ledger
from kirovlib.platforms.base import Window
from kirovlib.registry import Register
from kirovlib.sandbox import DEMO_NOW, Sandbox, World, build_world
from kirovlib.settings import Settings
from kirovlib.weeks import Period, Week, last_full_week

POSTS, MARK, CONTENTS = "posts_per_week", "ok_government_mark", "required_contents"
SCOPE, GOSPABLIKI, DECISIONS = "scope", "gospabliki", "group_decisions"
WEEK, NEXT, RUNNING = "2024-W21", "2024-W22", "2024-W23"
NOW = at("05.06 12:00")  # in the running week, ten days after the week that most cases are about
SECOND = timedelta(seconds=1)
UNREAD = {"outcome": "not_collected", "reason": "quota"}


class Golden(One):
    """A case's own institution and account, with what other registers and the page say of them."""

    def named(self, account_id: str, **cells: Any) -> Golden:
        """A further account of the institution."""
        self._small.account(account_id, self.institution_id, **cells)
        return self

    def on(self, platform: str, **cells: Any) -> Golden:
        """The account on another network."""
        self.without_account()
        self.account_id = f"{platform}:{self.institution_id}"
        return self.named(self.account_id, **cells)

    def without_account(self) -> Golden:
        self._small.accounts = [row for row in self._small.accounts if row["account_id"] != self.account_id]
        return self

    def page(self, menu: list[tuple[str, str]] | None = None, moment: str = "22.05 12:00", **cells: Any) -> Golden:
        self._small.snapshot(menu, moment, cells.pop("account", self.account_id), **cells)
        return self

    def on_ok(self, status: str = "") -> Golden:
        """A further account, in Odnoklassniki; seen where a status is given."""
        self.named(f"ok:{self.institution_id}")
        return self.page(account=f"ok:{self.institution_id}", status=status) if status else self

    def exempt(self, first: str | None, last: str | None, clause: str = POSTS, *, whole: bool = False) -> Golden:
        """By an act, the account or the whole institution."""
        of = {"institution_id": self.institution_id} if whole else {"account_id": self.account_id}
        dates = {"exempt_from": first, "exempt_until": last}
        self._small.beside["exemptions"].append(of | dates | {"clause": clause, "act": "Приказ № 1"})
        return self

    def checked(
        self,
        result: str,
        first: str = "2024-05-20",
        last: str = "2024-05-26",
        on: str = "2024-06-03",
        clause: str = POSTS,
    ) -> Golden:
        """By a person."""
        self._small.beside["manual_checks"].append(
            {"account_id": self.account_id, "clause": clause, "period_from": first, "period_until": last,
             "result": result, "answer": "Снимка нет" if result == "contested" else None, "checked_by": "А. Иванова",
             "checked_on": on, "proof": "https://example.org/1.png"}
        )  # fmt: skip
        return self

    def decided(self, on: str, done: bool | None, done_on: str | None, number: str = "1/2024") -> Golden:
        """By the working group."""
        source = None if done is None else "Отчёт"
        self._small.beside["decisions"].append(
            {"decision_id": number, "institution_id": self.institution_id, "decided_on": on, "text": "Отвечать",
             "done": done, "done_on": done_on, "source": source}
        )  # fmt: skip
        return self


class Case(NamedTuple):
    """What is there, and what a clause makes of it in a period."""

    build: Callable[[Golden], object]
    told: Told
    period: str = WEEK
    clause: str = POSTS


def cases(clause: str, of: Mapping[str, tuple[Callable[[Golden], object], Told]]) -> dict[str, Case]:
    """Cases of one clause in one week."""
    return {name: Case(build, told, clause=clause) for name, (build, told) in of.items()}


def whole(build: Callable[[Golden], object], told: Told, period: str = WEEK) -> Case:
    """All weeks read to their end, of an account that was there before them."""
    return Case(lambda one: [one.post(BEFORE).read(), build(one)], told, period)


def unread(build: Callable[[Golden], object], told: Told) -> Case:
    return Case(lambda one: [one.read(None, None, **UNREAD), build(one)], told)


def answered(verdict: str, note: str = "manual_check") -> Told:
    return (verdict, f"manual_{verdict}", note)


# --- clause 3.1

OLD = datetime(2023, 9, 20, 12, tzinfo=KIROV)  # eight months before
CLOSING = {"2024-05-19": "closed_body", "2024-05-20": "closed_body", "2024-05-26": "closed_body", "2024-05-27": ""}
WEEK_CASES = {
    "an old post that is pinned is not of this week": whole(lambda one: one.has(2).post(OLD, is_pinned=True), FAILED),
    "a pinned post counts in the week in which it was published": whole(
        lambda one: one.has(2).has(1, is_pinned=True), PASSED),
    "a repost with words of its own above it is a repost": whole(
        lambda one: one.has(2).has(3, is_repost=True, text="Рекомендуем прочитать!"), FAILED),
    "a post edited after the week counts in its own week": whole(
        lambda one: one.has(2).post("26.05 23:50", edited_at=at("27.05 00:20")), PASSED),
    "a post edited after the week does not count in the next": whole(
        lambda one: one.has(2, W22).post("26.05 23:50", edited_at=at("27.05 00:20")), FAILED, NEXT),
    "a wall that was emptied keeps the posts that were seen": whole(
        lambda one: one.has(3, missed_at=W23), ("passed", "norm_met", "removed_counted")),
    "a wall found empty that had posts once was empty in the week": Case(
        lambda one: one.post(BEFORE, missed_at=W22).read(reached_end=True), FAILED),
    # a peer counts the last 168 hours
    "posts on both sides of Sunday's midnight are not of one week": whole(
        lambda one: one.post("26.05 20:00").post("26.05 23:59").post("27.05 00:00"), FAILED),
    "posts on Monday morning count though the week was read long after": whole(
        lambda one: one.post("20.05 00:00").post("20.05 00:01").post("20.05 00:02"), PASSED),
    "posts before the moment of reading are not all of its week": Case(
        lambda one: one.post("02.06 22:00").post("02.06 23:59").post("03.06 00:00").read(end=NOW),
        cannot_tell("week_running"), RUNNING),
    # the body
    **{
        f"a liquidated body closed on {day} is {'closed' if reason else 'judged'}": whole(
            lambda one, day=day: one.body(status="Ликвидация", closed_on=day),
            inapplicable(reason) if reason else FAILED)
        for day, reason in CLOSING.items()
    },
    "a body is closed by its date alone": whole(
        lambda one: one.body(status="Действующее", closed_on="2024-05-22"), inapplicable("closed_body")),
    "a body is closed in the weeks after its date": whole(
        lambda one: one.body(status="Ликвидация", closed_on="2024-05-22"), inapplicable("closed_body"), NEXT),
    "without a date a liquidated body was always closed": whole(
        lambda one: one.body(status="ликвидировано"), inapplicable("closed_body")),
    # exemptions
    **{
        f"an exemption until {day} {'frees' if told != FAILED else 'does not free'} the week": whole(
            lambda one, day=day: one.exempt("2024-05-01", day), told)
        for day, told in {"2024-05-19": FAILED, "2024-05-20": inapplicable("exempt"),
                          "2024-05-26": inapplicable("exempt")}.items()
    },
    **{
        f"an exemption from {day} {'frees' if told != FAILED else 'does not free'} the week": whole(
            lambda one, day=day: one.exempt(day, None), told)
        for day, told in {"2024-05-26": inapplicable("exempt"), "2024-05-27": FAILED}.items()
    },
    "an exemption that ended on Wednesday does not free the next week": whole(
        lambda one: one.exempt(None, "2024-05-22"), FAILED, NEXT),
    "an exemption of the institution frees its account": whole(
        lambda one: one.exempt(None, None, "*", whole=True), inapplicable("exempt")),
    "an exemption from another clause frees nothing": whole(lambda one: one.exempt(None, None, PROBLEM), FAILED),
    "an exemption of another account frees nothing": whole(
        lambda one: [one.named(f"{one.account_id}b"), one._small.beside["exemptions"].append(
            {"account_id": f"{one.account_id}b", "clause": POSTS, "act": "Приказ № 2"})], FAILED),
    # manual checks
    "a person who saw it kept does not undo a failure": whole(
        lambda one: one.has(2).checked("passed"), ("failed", "below_norm", "manual_disagrees")),
    "a person who saw it broken does not undo a pass": whole(
        lambda one: one.has(3).checked("failed"), ("passed", "norm_met", "manual_disagrees")),
    "a person may agree": whole(lambda one: one.has(2).checked("failed"), ("failed", "below_norm", "manual_agrees")),
    "a contested failure stays and says so": whole(
        lambda one: one.has(2).checked("contested"), ("failed", "below_norm", "contested")),
    "a person decides where nothing was read: kept": unread(lambda one: one.checked("passed"), answered("passed")),
    "a person decides where nothing was read: broken": unread(lambda one: one.checked("failed"), answered("failed")),
    "what cannot be told and is contested stays untold": unread(
        lambda one: one.checked("contested"), ("cannot_tell", "quota", "contested")),
    "a person decides where it is unknown what is a repost": whole(
        lambda one: one.has(2).has(1, is_repost=None).checked("passed"), answered("passed")),
    "a running week is not failed by a person": Case(
        lambda one: one.post(BEFORE).read(end=NOW).checked("failed", "2024-06-03", "2024-06-09", "2024-06-05"),
        cannot_tell("week_running"), RUNNING),
    **{
        f"who looked from {first} to {last} did not see the whole week": unread(
            lambda one, first=first, last=last: one.checked("failed", first, last), cannot_tell("quota"))
        for first, last in [("2024-05-21", "2024-05-26"), ("2024-05-20", "2024-05-25")]
    },
    "who looked for longer than the week saw it": unread(
        lambda one: one.checked("failed", "2024-05-01", "2024-06-02"), answered("failed")),
    "of two checks of the week the one made later decides": unread(
        lambda one: [one.checked("failed", on="2024-06-04"),
                     one.checked("passed", first="2024-05-13", on="2024-06-03")], answered("failed")),
    # Red: by READING the latest person decides; `manual` sorts by the end of the checked period before the day.
    "of two checks the one made later decides though the other looks further": unread(
        lambda one: [one.checked("passed", on="2024-06-04"),
                     one.checked("failed", last="2024-06-02", on="2024-06-03")], answered("passed")),
    "an exempt week is not failed by a person": whole(
        lambda one: one.exempt(None, None).checked("failed"), inapplicable("exempt")),
    "a week before the edition is not failed by a person": Case(
        lambda one: one.read(None, None, **UNREAD).checked("failed", "2024-05-06", "2024-05-12"),
        ("untested", "no_edition_in_force", ""), "2024-W19"),
}  # fmt: skip

# --- the page: 2.3, 2.4

SHOP = [ALBUM, ("Видео", "https://vk.com/videos-1"), ("Товары", "https://vk.com/market-1"),
        ("Магазин", "https://vk.com/uslugi-1"), ("Обсуждения", "https://vk.com/board1")]  # fmt: skip
TITLE = "Решаем вместе"
PAGE_CASES = {
    **{
        f"albums and shops in the menu are no widgets: {clause}": Case(
            lambda one: one.page(SHOP), MISSING, clause=clause)
        for clause in (PROBLEM, OPINION)
    },
    **{
        f"«Решаем вместе» over a page of VK is no widget: {clause}": Case(
            lambda one: one.page([(TITLE, "https://vk.com/topic-1_2"), (TITLE, ALBUM[1])]), MISSING, clause=clause)
        for clause in (PROBLEM, OPINION)
    },
    # Nobody opens links: such a page may send its reader on to the portal.
    "«Решаем вместе» over an unknown site proves nothing": Case(
        lambda one: one.page([(TITLE, "https://school.example/feedback")]),
        cannot_tell("other_target"), clause=PROBLEM),
    "two links under one title are told apart: the form": Case(
        lambda one: one.page([(TITLE, FORM), (TITLE, ALBUM[1])]), FOUND, clause=PROBLEM),
    "two links under one title are told apart: the surveys": Case(
        lambda one: one.page([(TITLE, FORM), (TITLE, ALBUM[1])]), MISSING, clause=OPINION),
    "a page of a body closed in the week is not judged": Case(
        lambda one: [one.body(status="Ликвидация", closed_on="2024-05-26"), one.page(SHOP)],
        inapplicable("closed_body"), clause=PROBLEM),
    "a page of a body closed after the week is judged": Case(
        lambda one: [one.body(status="Ликвидация", closed_on="2024-05-27"), one.page(SHOP)], MISSING, clause=PROBLEM),
    # a person
    "a person found the mini-app": Case(
        lambda one: one.page(SHOP).checked("passed", clause=MINI_APP), answered("passed"), clause=MINI_APP),
    "a person did not find the mini-app": Case(
        lambda one: one.page(SHOP).checked("failed", clause=MINI_APP), answered("failed"), clause=MINI_APP),
    "who looked on one day of the week saw the page": Case(
        lambda one: one.page(SHOP).checked("passed", "2024-05-26", "2024-06-02", clause=MINI_APP),
        answered("passed"), clause=MINI_APP),
    "who looked before the week did not see its page": Case(
        lambda one: one.page(SHOP).checked("passed", "2024-05-13", "2024-05-19", clause=MINI_APP),
        cannot_tell("not_visible"), clause=MINI_APP),
    "a person who saw a link does not undo its absence": Case(
        lambda one: one.page(SHOP).checked("passed", clause=PROBLEM),
        ("failed", "missing", "manual_disagrees"), clause=PROBLEM),
    "a check of another clause decides nothing": Case(
        lambda one: one.page(SHOP).checked("failed", clause=PROBLEM), cannot_tell("not_visible"), clause=MINI_APP),
    # Odnoklassniki
    "a marked group passes": Case(
        lambda one: one.on("ok").page(government_mark=True), ("passed", "mark_present", ""), clause=MARK),
    "an unmarked group fails": Case(
        lambda one: one.on("ok").page(government_mark=False), ("failed", "mark_absent", ""), clause=MARK),
    "a group of which the mark was not told cannot be judged": Case(
        lambda one: one.on("ok").page(government_mark=None), cannot_tell("mark_not_returned"), clause=MARK),
    "a group marked in the week and not after it passes": Case(
        lambda one: one.on("ok").page(government_mark=True).page(moment="28.05 12:00", government_mark=False),
        ("passed", "mark_present", ""), clause=MARK),
    "a group seen unmarked more than seven days after the week cannot be judged": Case(
        lambda one: one.on("ok").page(moment="03.06 00:00", government_mark=False),
        cannot_tell("no_snapshot_in_period"), clause=MARK),
    "a verified group is not marked": Case(
        lambda one: one.on("ok").page(government_mark=False, verified=True),
        ("failed", "mark_absent", ""), clause=MARK),
    "VK's own mark is not asked for": Case(
        lambda one: one.on("ok").page(government_mark=None).named("vk:marked").page(
            SHOP, account="vk:marked", government_mark=True), cannot_tell("mark_not_returned"), clause=MARK),
}  # fmt: skip

# --- the same pages in a month: exempt by the week of the snapshot (2024-05 is W18 to W22)

MONTH_CASES = {
    f"a page of {moment[:5]} is {'exempt' if told != MISSING else 'judged'} by an act {shown}": Case(
        lambda one, moment=moment, dates=dates: one.page(SHOP, moment).exempt(*dates, PROBLEM), told, "2024-05", PROBLEM
    )
    for moment, shown, dates, told in [
        ("21.05 12:00", "until 20.05", (None, "2024-05-20"), inapplicable("exempt")),
        ("21.05 12:00", "until 19.05", (None, "2024-05-19"), MISSING),
        ("21.05 12:00", "from 26.05", ("2024-05-26", None), inapplicable("exempt")),
        ("21.05 12:00", "from 27.05", ("2024-05-27", None), MISSING),
        ("05.06 11:00", "from 02.06", ("2024-06-02", None), inapplicable("exempt")),
        ("05.06 11:00", "from 03.06", ("2024-06-03", None), MISSING),
    ]
}

# --- the registers: 2.5, 3.2, 1


def said(connected: bool | None, on: str | None, source: str | None = "Сводка") -> Callable[[Golden], object]:
    cells = {"gospabliki_connected": connected, "gospabliki_on": on, "gospabliki_source": source}
    return lambda one: one.registered(**cells)


GOSPABLIKI_CASES = cases(
    GOSPABLIKI,
    {
        "who is connected by a dated source passes": (said(True, "2024-05-20"), ("passed", "register_connected", "")),
        "who is not connected by a dated source fails": (
            said(False, "2024-05-20"),
            ("failed", "register_not_connected", ""),
        ),
        "of whom the register is silent nothing is known": (said(None, None, None), cannot_tell("register_silent")),
        "connected without a source is not known": (
            said(True, "2024-05-20", None),
            cannot_tell("register_without_source"),
        ),
        "not connected without a source accuses nobody": (
            said(False, "2024-05-20", None),
            cannot_tell("register_without_source"),
        ),
        "not connected without a date accuses nobody": (said(False, None), cannot_tell("register_without_source")),
        "not connected on the last day of the week fails": (
            said(False, "2024-05-26"),
            ("failed", "register_not_connected", ""),
        ),
        "not connected on the day after says nothing of the week": (
            said(False, "2024-05-27"),
            cannot_tell("register_later"),
        ),
        "connected on the day after says nothing of the week": (
            said(True, "2024-05-27"),
            cannot_tell("register_later"),
        ),
        "not connected on the order's first day fails": (
            said(False, "2024-05-15"),
            ("failed", "register_not_connected", ""),
        ),
        "not connected before there was a duty accuses nobody": (
            said(False, "2024-05-14"),
            cannot_tell("register_outdated"),
        ),
        "connected years before still passes": (said(True, "2021-01-01"), ("passed", "register_connected", "")),
        "links to the portal are a hint and no proof": (
            lambda one: one.page([(TITLE, FORM), (TITLE, SURVEYS)]),
            ("cannot_tell", "register_silent", "portal_links_seen"),
        ),
        "where the register is silent a person decides": (
            lambda one: one.checked("passed", clause=GOSPABLIKI),
            answered("passed"),
        ),
    },
)

NOT_DONE = ("failed", "decision_not_done", "")
DECISION_CASES = cases(
    DECISIONS,
    {
        "a decision that was done passes": (
            lambda one: one.decided("2024-05-16", True, "2024-05-22"),
            ("passed", "decision_done", ""),
        ),
        "a decision that was not done fails": (lambda one: one.decided("2024-05-16", False, "2024-05-22"), NOT_DONE),
        "a decision of which nothing is recorded cannot be told": (
            lambda one: one.decided("2024-05-16", None, None),
            cannot_tell("decision_not_recorded"),
        ),
        "a decision known to be done only later cannot be told": (
            lambda one: one.decided("2024-05-16", True, "2024-05-27"),
            cannot_tell("decision_recorded_later"),
        ),
        "a decision known to be left undone only later cannot be told": (
            lambda one: one.decided("2024-05-16", False, "2024-05-27"),
            cannot_tell("decision_recorded_later"),
        ),
        "a decision of the last day of the week that was not done fails": (
            lambda one: one.decided("2024-05-26", False, "2024-05-26"),
            NOT_DONE,
        ),
        "a decision made after the week is not of it": (
            lambda one: one.decided("2024-05-27", False, "2024-05-27"),
            inapplicable("no_decision_addressed"),
        ),
        "nothing is asked of whom no decision addresses": (lambda one: one, inapplicable("no_decision_addressed")),
        "a decision for an exempt body is not judged": (
            lambda one: one.decided("2024-05-16", False, "2024-05-22").exempt(None, None, DECISIONS, whole=True),
            inapplicable("exempt"),
        ),
        "clause 3.2 does not name state participation": (
            lambda one: [one.body(kind="state_participation"), one.decided("2024-05-16", False, "2024-05-22")],
            inapplicable("kind_not_named"),
        ),
    },
)

LIVE, NOBODY = ("passed", "account_live", ""), cannot_tell("obligation_in_another_act")
UNSEEN, TOO_FEW = cannot_tell("no_snapshot_in_period"), ("failed", "too_few_accounts", "")


class Presence(NamedTuple):
    """What accounts an institution has, and what clause 1 says with none, one and two asked for by another act."""

    build: Callable[[Golden], object]
    told: Told
    one: Told
    two: Told


PRESENCES = {
    "a live account": Presence(lambda one: one.page(), LIVE, LIVE, TOO_FEW),
    "a closed page": Presence(lambda one: one.page(status="closed"), LIVE, LIVE, TOO_FEW),
    "posts of the week without a page": Presence(lambda one: one.has(1).read(), LIVE, LIVE, TOO_FEW),
    "only visitors' posts": Presence(lambda one: one.has(3, own=False).read(), UNSEEN, UNSEEN, TOO_FEW),
    "no account": Presence(lambda one: one.without_account(), NOBODY, TOO_FEW, TOO_FEW),
    "only an account that is gone": Presence(lambda one: one.page(status="gone"), NOBODY, TOO_FEW, TOO_FEW),
    "an account that nobody saw": Presence(lambda one: one, UNSEEN, UNSEEN, TOO_FEW),
    "an account seen more than seven days later": Presence(
        lambda one: one.page(moment="03.06 00:00"), UNSEEN, UNSEEN, TOO_FEW),
    "only an account of another network": Presence(lambda one: one.on("max"), NOBODY, TOO_FEW, TOO_FEW),
    "an account closed before the week": Presence(
        lambda one: one.registered(closed_on="2024-05-19"), NOBODY, TOO_FEW, TOO_FEW),
    "an account closed in the week": Presence(
        lambda one: one.registered(closed_on="2024-05-20"), UNSEEN, UNSEEN, TOO_FEW),
    "one live and one gone": Presence(
        lambda one: one.page().on_ok("gone"), LIVE, LIVE, TOO_FEW),
    "one live and one that nobody saw": Presence(lambda one: one.page().on_ok(), LIVE, LIVE, UNSEEN),
    "two live": Presence(lambda one: one.page().on_ok("live"), LIVE, LIVE, LIVE),
    "state participation": Presence(
        lambda one: one.body(kind="state_participation"), *[inapplicable("kind_not_named")] * 3),
    "an exempt body": Presence(
        lambda one: one.without_account().exempt(None, None, "*", whole=True), *[inapplicable("exempt")] * 3),
    # Red: it lived in the week, whatever became of it two days after; `Facts.seen` keeps the latest snapshot alone.
    "an account seen alive in the week and gone after it": Presence(
        lambda one: one.page().page(moment="28.05 12:00", status="gone"), LIVE, LIVE, TOO_FEW),
}  # fmt: skip

# --- clause 2.2, with a list

ITEMS = ("название", "аватар", "обложка", "описание", "телефон")
FULL = {
    "name": "Школа", "has_avatar": True, "has_cover": True, "description": "Телефон приёмной: +7 (8332) 12-34-56",
}  # fmt: skip
COMPLETE, LACKING, UNTOLD = (
    ("passed", "contents_complete", ""), ("failed", "contents_missing", ""), cannot_tell("contents_not_answered")
)  # fmt: skip


def shown(told: Told, network: str = "vk", **cells: Any) -> tuple[Callable[[Golden], object], Told]:
    return (lambda one: (one if network == "vk" else one.on(network)).page([], **FULL | cells)), told


CONTENTS_CASES = cases(
    CONTENTS,
    {
        "a page with everything passes": shown(COMPLETE),
        "a page surely without a cover fails": shown(LACKING, has_cover=False),
        "a page of which the cover was not told cannot be judged": shown(UNTOLD, has_cover=None),
        "what is surely missing fails though another item was not told": shown(
            LACKING, has_avatar=False, has_cover=None
        ),
        "an empty description is missing": shown(LACKING, description="", phone="12-34-56"),
        "a phone of VK may stand in contacts that nobody stores": shown(UNTOLD, description="Школа"),
        "a phone may stand in its own field": shown(COMPLETE, description="Школа", phone="12-34-56"),
        "a group surely without a phone fails": shown(LACKING, "ok", description="Школа", phone=""),
        "a group whose phone was not told cannot be judged": shown(UNTOLD, "ok", description="Школа", phone=None),
        "a channel needs no cover, Telegram has none": shown(COMPLETE, "telegram", has_cover=None),
        "a channel without a phone fails": shown(LACKING, "telegram", has_cover=None, description="Школа"),
        "a page that nobody saw cannot be judged": (lambda one: one, cannot_tell("no_snapshot_in_period")),
        "a page that is gone cannot be judged": (lambda one: one.page(status="gone"), cannot_tell("account_gone")),
        "clause 2.2 names state participation": (
            lambda one: [one.body(kind="state_participation"), one.page([], **FULL | {"has_cover": False})],
            LACKING,
        ),
    },
)

ALL_CASES = {
    **{f"3.1: {name}": case for name, case in WEEK_CASES.items()},
    **PAGE_CASES,
    **MONTH_CASES,
    **{f"2.2: {name}": case for name, case in CONTENTS_CASES.items()},
    **{f"2.5: {name}": case for name, case in GOSPABLIKI_CASES.items()},
    **{f"3.2: {name}": case for name, case in DECISION_CASES.items()},
    **{f"1: {name}": Case(presence.build, presence.told, clause=SCOPE) for name, presence in PRESENCES.items()},
}
Rows = Mapping[tuple[str, str, str], dict[str, Any]]


def ordered(home: Path, **parameters: str) -> None:
    """An order of the folder's own with other parameters, each as TOML writes it."""
    text = clauses.CLAUSES_TOML.read_text(encoding="utf-8")
    defaults = {"items": "[]", "minimum_accounts": "0", "obliging_act": '""'}
    for name, value in parameters.items():
        before = f"{name} = {defaults[name]}"
        assert before in text
        text = text.replace(before, f"{name} = {value}")
    write_order(home, text)


def built(home: Path) -> tuple[Small, dict[str, Golden]]:
    """All cases in one lake, each with an institution and an account of its own; 2.2 has a list."""
    small = Small(home)
    small.until = NOW
    ones = {name: Golden(small, number) for number, name in enumerate(ALL_CASES)}
    for name, case in ALL_CASES.items():
        case.build(ones[name])
    ordered(home, items=str([*ITEMS]).replace("'", '"'))
    return small, ones


def found(small: Small, ones: Mapping[str, Golden], periods: Mapping[str, Period]) -> Iterator[Any]:
    for label, period in periods.items():
        for clause in {case.clause for case in ALL_CASES.values()}:
            rows = small.rows(clause, period)  # type: ignore[arg-type]
            by_key = {row["account_id"] or row["institution_id"]: row for row in rows}
            for name, one in ones.items():
                key = one.institution_id if clause in {SCOPE, DECISIONS} else one.account_id
                if key in by_key:
                    yield (name, clause, label), by_key[key]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> tuple[Small, dict[str, Golden]]:
    return built(tmp_path_factory.mktemp("golden"))


@pytest.fixture(scope="module")
def judged(lake: tuple[Small, dict[str, Golden]]) -> Rows:
    """The findings of all cases by case, clause and period."""
    periods = sorted({case.period for case in ALL_CASES.values()})
    return dict(found(*lake, {label: Period.parse(label) for label in periods}))


@pytest.mark.parametrize("name", ALL_CASES)
def test_a_golden_case_is_judged_as_it_says(judged: Rows, name: str) -> None:
    case = ALL_CASES[name]
    row = judged[name, case.clause, case.period]
    assert (row["verdict"], row["reason"], row["note"]) == case.told


def test_golden_cases_speak_in_declared_words(judged: Rows) -> None:
    assert {row["reason"] for row in judged.values()} <= set(words.REASONS)
    assert {note for row in judged.values() for note in row["note"].split(",") if note} <= set(words.NOTES)
    assert {row["verdict"] for row in judged.values()} == set(tables.VERDICTS)


def test_a_week_is_judged_in_its_month_as_alone(lake: tuple[Small, dict[str, Golden]], judged: Rows) -> None:
    small, ones = lake
    words_of = ("verdict", "reason", "note", "measured", "repair", "evidence")
    in_month = {(row["account_id"], row["period_start"].date()): row for row in small.rows(POSTS, "2024-05")}
    for name, case in ((f"3.1: {name}", case) for name, case in WEEK_CASES.items()):
        for label in (WEEK, NEXT):
            alone = judged[name, POSTS, label]
            together = in_month[ones[name].account_id, Week.parse(label).start]
            assert [together[word] for word in words_of] == [alone[word] for word in words_of], (name, case)


def test_a_contested_verdict_shows_the_answer_and_who_gave_it(judged: Rows) -> None:
    evidence = judged["3.1: a contested failure stays and says so", POSTS, WEEK]["evidence"]
    assert "ответ: Снимка нет" in evidence
    assert "А. Иванова" in evidence
    assert "https://example.org/1.png" in evidence


def test_an_exemption_is_proved_by_its_act(judged: Rows) -> None:
    row = judged["3.1: an exemption until 2024-05-26 frees the week", POSTS, WEEK]
    assert "Приказ № 1 (по 26.05.2024)" in row["evidence"]


def test_an_edited_post_is_counted_in_one_week_only(judged: Rows) -> None:
    name = "3.1: a post edited after the week counts in its own week"
    assert [judged[name, POSTS, label]["measured"][:2] for label in (WEEK, NEXT)] == ["3 ", "0 "]


@pytest.mark.parametrize(("days", "verdict"), [(0, "failed"), (92, "failed"), (93, "cannot_tell")])
def test_a_no_of_the_register_is_a_breach_for_92_days(days: int, verdict: str) -> None:
    parameters = clauses.load()[6].editions[0].parameters
    said_on, last_day = date(2024, 6, 3), date(2024, 6, 3) + timedelta(days=days)
    connection = checks.Statement(False, said_on, "сводка", last_day, date(2024, 5, 15))
    decision = checks.Decision("1", said_on, "Решение", False, said_on, "протокол", last_day, date(2024, 5, 15))
    assert checks.gospabliki(connection, parameters).verdict == verdict
    assert checks.group_decisions(decision, parameters).verdict == verdict


@pytest.mark.parametrize("posts", [0, 2])
@pytest.mark.parametrize("of", ["manual check", "exemption"])
def test_what_a_register_proves_is_told_also_where_nobody_posted(tmp_path: Path, of: str, posts: int) -> None:
    small = Small(tmp_path)
    one = Golden(small, 1)
    one.post(BEFORE).has(posts).read()
    _ = one.checked("contested") if of == "manual check" else one.exempt(None, None)
    row = next(row for row in small.rows() if row["account_id"] == one.account_id)
    # A breach without any post shows the wall instead.
    assert row["evidence"].count('"title"') == 1 + (posts or (of == "manual check"))
    assert ("А. Иванова" in row["evidence"]) == (of == "manual check")


# --- clause 1, where another act obliges


@pytest.mark.parametrize("minimum", [1, 2])
def test_by_an_act_that_obliges_too_few_accounts_fail(tmp_path: Path, minimum: int) -> None:
    small = Small(tmp_path)
    small.until = NOW
    ones = {name: Golden(small, number) for number, name in enumerate(PRESENCES)}
    for name, presence in PRESENCES.items():
        presence.build(ones[name])
    small.covered()
    ordered(tmp_path, minimum_accounts=str(minimum), obliging_act='"Указ № 7"')
    rows = {row["institution_id"]: row for row in small.rows(SCOPE)}
    told = {name: (row["verdict"], row["reason"], row["note"])
            for name, one in ones.items() for row in [rows[one.institution_id]]}  # fmt: skip
    assert told == {name: presence[1 + minimum] for name, presence in PRESENCES.items()}
    assert f"нужно {minimum} (Указ № 7)" in rows[ones["no account"].institution_id]["measured"]


@pytest.mark.parametrize("minimum", [0, 1])
def test_an_account_found_gone_long_after_the_week_accuses_nobody(tmp_path: Path, minimum: int) -> None:
    """It may have lived in the week: a page is known up to seven days after a period (`READING.md`)."""
    small = Small(tmp_path)
    small.until = NOW
    small.snapshot(None, "04.06 12:00", status="gone")
    small.covered(None, None, outcome="not_collected", reason="account_gone")
    if minimum:
        ordered(tmp_path, minimum_accounts="1", obliging_act='"Указ № 7"')
    assert [row["verdict"] for row in small.rows(SCOPE)] == ["cannot_tell"]


# --- fields that nobody returned


@pytest.mark.parametrize(
    ("groups", "marked", "told"),
    [
        (19, 0, ("failed", "mark_absent")),
        (20, 0, ("cannot_tell", "mark_on_nobody")),
        (20, 1, ("failed", "mark_absent")),
    ],
)
def test_a_mark_that_nobody_of_twenty_has_is_not_missed(
    tmp_path: Path, groups: int, marked: int, told: tuple[str, str]
) -> None:
    small = Small(tmp_path)
    small.covered()
    for number in range(groups):
        small.account(f"ok:{number}")
        small.snapshot(account=f"ok:{number}", government_mark=number < marked)
    rows = {row["account_id"]: (row["verdict"], row["reason"]) for row in small.rows(MARK)}
    assert set(list(rows.values())[marked:]) == {told}
    assert list(rows.values())[:marked] == [("passed", "mark_present")] * marked


# --- the week of New Year: 30.12.2024 to 05.01.2025 is 2025-W01


@pytest.fixture(scope="module")
def new_year(tmp_path_factory: pytest.TempPathFactory) -> Small:
    first, end = (datetime(*day, tzinfo=KIROV) for day in ((2024, 12, 30), (2025, 1, 6)))
    small = Small(tmp_path_factory.mktemp("new_year"))
    small.until = end + timedelta(days=7)
    moments = {
        "vk:a": [first, end - SECOND, first + timedelta(days=3)],
        "vk:b": [first - SECOND, end, first, end - SECOND],
    }
    for account, posted in moments.items():
        small.account(account)
        small.covered(first - timedelta(days=14), small.until, account)
        for moment in [first - timedelta(days=10), *posted]:
            small.post(moment, account)
    return small


def test_the_week_of_new_year_goes_from_monday_to_sunday_across_the_years(new_year: Small) -> None:
    assert new_year.findings(period="2025-W01") == {
        "vk:a": PASSED,
        "vk:b": ("failed", "below_norm", "met_by_institution"),
    }
    assert {row["period_start"].date() for row in new_year.rows(period="2025-W01")} == {date(2024, 12, 30)}


@pytest.mark.parametrize(("month", "is_there"), [("2024-12", False), ("2025-01", True)])
def test_the_week_of_new_year_is_of_the_month_of_its_thursday(new_year: Small, month: str, is_there: bool) -> None:
    starts = {row["period_start"].date() for row in new_year.rows(period=month)}
    assert (date(2024, 12, 30) in starts) == is_there
    assert date(2024, 12, 23) in starts or is_there


# --- what lives in a network's answer: the emulated networks, collected once

LAST = last_full_week(DEMO_NOW)
WEEKS = [LAST.shifted(number) for number in range(-11, 1)]
JUDGED = WEEKS[4:]  # the order is in force from the week before


class Networks(NamedTuple):
    """The emulated networks, what was collected of them, and the posts of the named cases."""

    world: World
    judged: Judgement
    posts: pd.DataFrame

    def of(self, case: str) -> pd.DataFrame:
        """The ledger of a case's account."""
        return self.posts[self.posts["account_id"] == self.world.cases[case]]

    def wall(self, case: str) -> list[dict[str, Any]]:
        """The posts of a case's VK community, as the network has them."""
        return self.world.walls[number_of(self.world, case)]

    def planned(self, case: str) -> list[int]:
        """How many posts of its own the account was given in each week."""
        return list(self.world.counts.set_index("account_id").loc[self.world.cases[case], "own_count"])

    def measured(self, case: str) -> list[int]:
        """How many were found in each week."""
        return [int(text.split()[0]) for text in self.findings(case)["measured"]]

    def findings(self, case: str) -> pd.DataFrame:
        """The findings on posts of a case's account, by week."""
        rows = self.judged.findings
        mine = (rows["clause"] == POSTS) & (rows["account_id"] == self.world.cases[case])
        return rows[mine].set_index(rows.loc[mine, "period_start"].map(lambda day: Week(day.date())))


def number_of(world: World, case: str) -> int:
    """The number of a case's community or group."""
    account: Any = next(each for each in world.planned.accounts if each.account_id == world.cases[case])
    return int(account.group if account.account_id.startswith("vk:") else account.number)


def pin_the_oldest(world: World) -> None:
    """Walls longer than an answer get an old post at their head, where a hasty reader would stop."""
    wall, topics = world.walls[number_of(world, "long_wall")], world.ok[number_of(world, "ok_long")].topics
    own = [post for post in wall if post["from_id"] < 0 and "copy_history" not in post]
    for post in wall:
        post.pop("is_pinned", None)
    own[-1]["is_pinned"] = 1
    oldest = [topic for topic in topics if not (topic.author or topic.original)][-1]
    topics[:] = [replace(topic, is_sticky=topic is oldest) for topic in topics]


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Networks:
    world, home = build_world(), tmp_path_factory.mktemp("networks")
    pin_the_oldest(world)
    with Sandbox(world, limits=False) as network:
        settings = Settings(home, network.variables, requests_per_second=0, clock=lambda: DEMO_NOW)
        collect(settings, world.accounts, Window(WEEKS[0].starts_at, DEMO_NOW), progress=False)
    registry.write(settings.registry_dir, Register(world.institutions, world.accounts))
    judged = judge(Period.between(WEEKS[0].start, LAST.until - timedelta(days=1)), settings.data_dir)
    return Networks(world, judged, post_ledger(judged, sorted({*world.cases.values()})))


NETWORK_CASES = {
    "two albums of VK are two posts, whatever pictures they hold": ("album", FAILED),
    "two albums of Telegram are two posts, whatever numbers they take": ("telegram_album", FAILED),
    "reposts with words of VK do not count": ("repost_with_words", FAILED),
    "forwarded messages do not count": ("telegram_forwards", FAILED),
    "what visitors write on a wall of VK does not count": ("visitors", FAILED),
    "what members write in a group does not count": ("ok_members_post", FAILED),
    "hidden topics do not count": ("ok_hidden", FAILED),
    "service messages do not count": ("telegram_service", FAILED),
    "signed posts count": ("signed", PASSED),
    "ads count": ("ads", PASSED),
    "numbers that Telegram left out are no posts, and none is missed": ("telegram_gaps", PASSED),
    "more than a hundred posts of VK are read to the oldest week": ("long_wall", PASSED),
    "more than a hundred topics are read to the oldest week": ("ok_long", PASSED),
    "more messages than a page holds are read to the oldest week": ("telegram_long", PASSED),
    "a closed wall of VK cannot be told": ("closed_wall", cannot_tell("wall_closed")),
    "a closed group cannot be told": ("ok_closed", cannot_tell("access_denied")),
    "a community that is gone cannot be told": ("gone", cannot_tell("account_gone")),
    "a group that was not returned cannot be told": ("ok_dropped", cannot_tell("profile_not_returned")),
    "a channel without a preview cannot be told": ("telegram_missing", cannot_tell("no_preview")),
}


@pytest.mark.parametrize("name", NETWORK_CASES)
def test_a_case_of_a_network_is_judged_as_it_says_in_every_week(networks: Networks, name: str) -> None:
    case, told = NETWORK_CASES[name]
    rows = networks.findings(case).loc[JUDGED]
    assert {(row.verdict, row.reason) for row in rows.itertuples()} == {told[:2]}


READABLE = sorted({case for case, told in NETWORK_CASES.values() if told in (PASSED, FAILED)})


@pytest.mark.parametrize("case", [*READABLE, "week_edge", "ok_week_edge", "telegram_week_edge", "edited"])
def test_in_every_week_as_many_posts_are_counted_as_were_planned(networks: Networks, case: str) -> None:
    assert networks.measured(case) == networks.planned(case)
    assert "не целиком" not in " ".join(networks.findings(case)["measured"])


@pytest.mark.parametrize("case", ["long_wall", "ok_long", "telegram_long"])
def test_a_long_wall_is_longer_than_what_one_call_gives(networks: Networks, case: str) -> None:
    assert len(networks.of(case)) > 100


def test_an_album_has_more_pictures_than_the_norm_asks_for(networks: Networks) -> None:
    own = [post for post in networks.wall("album") if post["from_id"] < 0 and "copy_history" not in post]
    assert {len(post["attachments"]) for post in own} == {6}


def test_signed_posts_are_signed_in_the_network_and_own_in_the_ledger(networks: Networks) -> None:
    signed = {f"{post['owner_id']}_{post['id']}" for post in networks.wall("signed") if "signer_id" in post}
    posts = networks.of("signed")[lambda rows: rows["post_id"].isin(signed)]
    assert len(posts) > 36
    assert set(posts["why"]) <= {"own", "own_ad"}


def test_reposts_with_words_have_words_and_are_left_out(networks: Networks) -> None:
    posts = networks.of("repost_with_words")[lambda rows: rows["why"] == "repost"]
    assert len(posts) >= 24
    assert posts["text"].str.strip().ne("").all()
    assert not posts["counted"].any()


@pytest.mark.parametrize("case", ["pinned_old", "ok_sticky_old", "long_wall", "ok_long"])
def test_an_old_post_pinned_above_new_ones_hides_none_of_them(networks: Networks, case: str) -> None:
    account, lake = networks.world.cases[case], Lake(networks.judged.data / "lake")
    answers = [each["body"] for each in lake.answers(account, set(lake.runs()["run_id"])) if each["method"] in FEEDS]
    assert _first_moment(answers[0]) < WEEKS[0].starts_at
    assert len(answers) > 1 or case == "ok_sticky_old"
    assert networks.measured(case) == networks.planned(case)
    assert set(networks.of(case)["is_pinned"].fillna(value=False)) == {False}  # the old one is of no week


FEEDS = {"wall.get", "stream.get"}


def _first_moment(body: str) -> datetime:
    """When the post that an answer names first was published."""
    answer = json.loads(body)
    if "feeds" in answer:
        return datetime.fromtimestamp(answer["feeds"][0]["date_ms"] / 1000, UTC)
    return datetime.fromtimestamp(answer["response"]["items"][0]["date"], UTC)


def test_a_post_of_sunday_evening_edited_on_monday_is_of_sunday(networks: Networks) -> None:
    posts = networks.of("edited")
    week = LAST.shifted(-2)
    edited = posts[(posts["edited_at"] >= week.ends_at) & (posts["posted_at"] < week.ends_at)]
    assert list(edited["week_start"]) == [pd.Timestamp(week.start)]
    assert list(edited["why"]) == ["own"]
    assert networks.findings("edited").loc[week, ["verdict", "measured"]].tolist()[0] == "passed"
    assert networks.findings("edited").loc[week, "measured"].startswith("3 ")
