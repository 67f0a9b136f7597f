from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from small_lake import W20, W21, W22, W23, Small, at, write_order

from kirovlib import tables
from kirovlib.errors import LakeError, ParameterError
from kirovlib.order import clauses, words
from kirovlib.order.evaluate import judge

SECOND = timedelta(seconds=1)
RUNNING = at("02.06 23:59")
BEFORE = "10.05 12:00"  # a post that shows that the account was there before the week
FAILED, PASSED = ("failed", "below_norm", ""), ("passed", "norm_met", "")
Told = tuple[str, str, str]


class One:
    """An account of an institution of its own in a lake with many."""

    def __init__(self, small: Small, number: int) -> None:
        self._small, self.account_id, self.institution_id = small, f"vk:c{number}", f"i{number}"
        self.body()
        self.registered()

    def body(self, **cells: Any) -> None:
        self._small.institution(self.institution_id, **cells)

    def registered(self, **cells: Any) -> None:
        self._small.account(self.account_id, self.institution_id, **cells)

    def has(self, count: int, week: datetime = W21, **cells: Any) -> One:
        self._small.posts(count, week, self.account_id, **cells)
        return self

    def post(self, moment: str | datetime, **cells: Any) -> One:
        self._small.post(moment, self.account_id, **cells)
        return self

    def read(self, start: datetime | None = W20, end: datetime | None = W23, **cells: Any) -> One:
        self._small.covered(start, end, self.account_id, **cells)
        return self

    def seen(self, moment: str) -> One:
        self._small.snapshot([], moment, self.account_id)
        return self


class Case(NamedTuple):
    build: Callable[[One], object]
    told: Told
    week: str = "20.05"


def wholly_read(build: Callable[[One], object], told: Told) -> Case:
    """A week read from long before to its end, of an account that was there before."""
    return Case(lambda one: [one.post(BEFORE).read(), build(one)], told)


def not_read(**cells: Any) -> Callable[[One], object]:
    return lambda one: one.read(None, None, outcome="not_collected", **cells)


def inapplicable(reason: str) -> Told:
    return ("inapplicable", reason, "")


def cannot_tell(reason: str) -> Told:
    return ("cannot_tell", reason, "")


CASES = {
    # the norm
    "no post fails": wholly_read(lambda one: one, FAILED),
    "two posts fail": wholly_read(lambda one: one.has(2), FAILED),
    "three posts pass": wholly_read(lambda one: one.has(3), PASSED),
    "four posts pass": wholly_read(lambda one: one.has(4), PASSED),
    "three posts on one day are three": wholly_read(lambda one: [one.post("20.05 12:00") for _ in range(3)], PASSED),
    "posts of the first and last second count": wholly_read(
        lambda one: one.post(W21).post(W22 - SECOND).has(1), PASSED),
    "posts a second outside do not count": wholly_read(lambda one: one.post(W21 - SECOND).post(W22).has(2), FAILED),
    "reposts do not count": wholly_read(lambda one: one.has(2).has(5, is_repost=True), FAILED),
    "visitors' posts do not count": wholly_read(lambda one: one.has(2).has(5, own=False), FAILED),
    "visitors' posts of unknown kind do not count": wholly_read(
        lambda one: one.has(2).has(5, own=False, is_repost=None), FAILED),
    "ads count": wholly_read(lambda one: one.has(2).has(1, is_ad=True), PASSED),
    "a post that vanished counts and is noted": wholly_read(
        lambda one: one.has(2).has(1, missed_at=W23), ("passed", "norm_met", "removed_counted")),
    "posts seen after 14 days are not late": wholly_read(
        lambda one: [one.post("20.05 12:00", seen=at("03.06 12:00")) for _ in range(3)], PASSED),
    "posts seen later than 14 days are noted": wholly_read(
        lambda one: [one.post("20.05 12:00", seen=at("03.06 12:01")) for _ in range(3)],
        ("passed", "norm_met", "seen_late")),
    # posts that may be reposts
    "two and an unknown cannot be told": wholly_read(
        lambda one: one.has(2).has(1, is_repost=None), cannot_tell("repost_unknown")),
    "one and an unknown fail either way": wholly_read(lambda one: one.has(1).has(1, is_repost=None), FAILED),
    "three unknown cannot be told": wholly_read(lambda one: one.has(3, is_repost=None), cannot_tell("repost_unknown")),
    "three and an unknown pass either way": wholly_read(lambda one: one.has(3).has(1, is_repost=None), PASSED),
    # which edition
    "before the edition weeks are untested": Case(
        lambda one: one.has(2, W20 - timedelta(days=7)).read(), ("untested", "no_edition_in_force", ""), "06.05"),
    "the week in which the edition starts is not judged": Case(
        lambda one: one.post(BEFORE).read(), inapplicable("edition_starts_mid_week"), "13.05"),
    # what was read
    "the running week is never failed": Case(
        lambda one: one.post(BEFORE).has(2, W22).read(end=RUNNING), cannot_tell("week_running"), "27.05"),
    "the running week passes with three": Case(
        lambda one: one.post(BEFORE).has(3, W22).read(end=RUNNING),
        ("passed", "norm_met", "incomplete_but_met"), "27.05"),
    "a first second not read keeps a week from failing": Case(
        lambda one: one.has(2).read(W21 + SECOND, outcome="partial", reason="no_answer"), cannot_tell("no_answer")),
    "a last second not read keeps a week from failing": Case(
        lambda one: one.has(2).read(end=W22 - SECOND), cannot_tell("week_not_collected")),
    "a week not wholly read passes with three and a note": Case(
        lambda one: one.has(3).read(W21 + SECOND), ("passed", "norm_met", "incomplete_but_met")),
    "an account never collected cannot be told": Case(lambda one: one, cannot_tell("week_not_collected")),
    "an account that is gone cannot be told": Case(not_read(reason="account_gone"), cannot_tell("account_gone")),
    "a closed wall cannot be told": Case(not_read(reason="wall_closed"), cannot_tell("wall_closed")),
    "an unknown address cannot be told": Case(not_read(reason="address_unknown"), cannot_tell("address_unknown")),
    "a used-up quota cannot be told": Case(not_read(reason="quota"), cannot_tell("quota")),
    "what an earlier run read is not lost by a later failure": Case(
        lambda one: [one.post(BEFORE).has(2).read(), not_read(reason="quota")(one)], FAILED),
    # whom the clause is about
    "an executive authority is judged": wholly_read(lambda one: one.body(kind="executive_authority"), FAILED),
    "state participation is not named": wholly_read(
        lambda one: one.body(kind="state_participation"), inapplicable("kind_not_named")),
    "other bodies are not in scope": wholly_read(lambda one: one.body(kind="other"), inapplicable("not_in_scope")),
    "a liquidated body is closed": wholly_read(lambda one: one.body(status="Ликвидация"), inapplicable("closed_body")),
    "a working body is not closed": wholly_read(lambda one: one.body(status="Действующее"), FAILED),
    # when the account was there
    **{
        f"opened on {day}": wholly_read(lambda one, day=day: one.registered(opened_on=day), told)
        for day, told in {
            "2024-05-19": FAILED, "2024-05-20": inapplicable("opened_in_week"),
            "2024-05-26": inapplicable("opened_in_week"), "2024-05-27": inapplicable("not_yet_open"),
        }.items()
    },
    **{
        f"closed on {day}": wholly_read(lambda one, day=day: one.registered(closed_on=day), told)
        for day, told in {
            "2024-05-19": inapplicable("account_closed"), "2024-05-20": inapplicable("closed_in_week"),
            "2024-05-26": inapplicable("closed_in_week"), "2024-05-27": FAILED,
        }.items()
    },
    "a first post ever in the week opens the account": Case(
        lambda one: one.post("22.05 12:00").read(reached_end=True), inapplicable("opened_in_week")),
    "a first post seen in the week proves nothing when older ones were not read": Case(
        lambda one: one.post("22.05 12:00").read(reached_end=False), FAILED),
    "a first post ever of an account registered before is judged": Case(
        lambda one: [one.registered(opened_on="2021-01-01"), one.post("22.05 12:00").read(reached_end=True)], FAILED),
    "a first post ever of an account seen before is judged": Case(
        lambda one: one.seen("19.05 23:59").post("22.05 12:00").read(reached_end=True), FAILED),
    "an account first seen in the week may be new": Case(
        lambda one: one.seen("20.05 00:00").post("22.05 12:00").read(reached_end=True), inapplicable("opened_in_week")),
    "an account whose first post is later may not have been there": Case(
        lambda one: one.post("27.05 00:00").read(reached_end=True), cannot_tell("existence_unknown")),
    "an account without any post may not have been there": Case(
        lambda one: one.read(reached_end=True), cannot_tell("existence_unknown")),
    "an account without any post that was seen before fails": Case(
        lambda one: one.seen("19.05 23:59").read(reached_end=True), FAILED),
}  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """The findings of all cases, each with an account of its own, by case and week."""
    small = Small(tmp_path_factory.mktemp("cases"))
    small.until = RUNNING
    for number, case in enumerate(CASES.values()):
        case.build(One(small, number))
    names = {f"vk:c{number}": name for number, name in enumerate(CASES)} | {"vk:a": ""}
    rows = small.rows(period="2024-05")
    return {(names[row["account_id"]], row["period_start"].strftime("%d.%m")): row for row in rows}


@pytest.mark.parametrize("name", CASES)
def test_a_week_is_judged_as_its_case_says(judged: dict[tuple[str, str], dict[str, Any]], name: str) -> None:
    row = judged[name, CASES[name].week]
    assert (row["verdict"], row["reason"], row["note"]) == CASES[name].told


def test_every_case_has_a_finding_for_each_week_of_the_month_in_declared_words(
    judged: dict[tuple[str, str], dict[str, Any]],
) -> None:
    weeks = ["29.04", "06.05", "13.05", "20.05", "27.05"]
    assert set(judged) == {(name, week) for name in [*CASES, ""] for week in weeks}
    assert {row["reason"] for row in judged.values()} <= set(words.REASONS)
    assert {note for row in judged.values() for note in row["note"].split(",") if note} <= set(words.NOTES)
    assert {row["verdict"] for row in judged.values()} <= set(tables.VERDICTS)


def test_weeks_before_the_edition_are_counted_all_the_same(judged: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert judged["before the edition weeks are untested", "06.05"]["measured"].startswith("2 ")


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


@pytest.fixture
def parameters(tmp_path: Path) -> Callable[..., None]:
    """Writes an order of the data folder's own, with other parameters for every clause that has them."""

    def change(**values: object) -> None:
        text = clauses.CLAUSES_TOML.read_text(encoding="utf-8")
        for name, value in values.items():
            shown = f'"{value}"' if isinstance(value, str) else str(value).lower()
            before = {"unit": '"account"', "minimum_posts": "3", "distinct_days": "false", "count_ads": "true"}
            before |= {"count_removed": "true", "absence_is_failure": "false"}
            assert f"{name} = {before[name]}" in text
            text = text.replace(f"{name} = {before[name]}", f"{name} = {shown}")
        write_order(tmp_path, text)

    return change


# --- other choices than the defaults


def test_ads_and_vanished_posts_can_be_left_out(small: Small, parameters: Callable[..., None]) -> None:
    small.post(BEFORE)
    small.posts(2)
    small.posts(1, is_ad=True)
    small.account("vk:b", "2")
    small.institution("2")
    small.posts(2, account="vk:b")
    small.posts(1, account="vk:b", missed_at=W23)
    small.covered()
    small.covered(account="vk:b")
    parameters(count_ads=False)
    assert small.findings() == {"vk:a": FAILED, "vk:b": ("passed", "norm_met", "removed_counted")}
    parameters(count_removed=False)
    assert small.findings() == {"vk:a": PASSED, "vk:b": FAILED}


def test_with_distinct_days_three_posts_on_one_day_are_one(small: Small, parameters: Callable[..., None]) -> None:
    for minute in range(3):
        small.post(f"20.05 12:0{minute}")
    small.covered()
    parameters(distinct_days=True)
    assert small.findings()["vk:a"][:2] == ("failed", "below_norm")


def test_an_ad_that_vanished_is_left_out_once_and_not_twice(small: Small, parameters: Callable[..., None]) -> None:
    small.posts(3)
    small.posts(1, is_ad=True, missed_at=W23)
    small.covered()
    parameters(count_ads=False, count_removed=False)
    assert small.findings()["vk:a"][0] != "failed"


def test_a_failed_account_whose_institution_meets_the_norm_together_says_so(small: Small) -> None:
    for name, count in (("vk:b", 2), ("vk:c", 1)):
        small.account(name)
        small.posts(count, account=name)
    for name in ("vk:a", "vk:b", "vk:c"):
        small.covered(account=name)
    told = ("failed", "below_norm", "met_by_institution")
    assert small.findings() == {"vk:a": told, "vk:b": told, "vk:c": told}


def test_by_institution_the_sum_is_judged(small: Small, parameters: Callable[..., None]) -> None:
    parameters(unit="institution")
    small.account("vk:b")
    small.posts(1)
    small.posts(1, account="vk:b")
    small.post("10.05 12:00")
    small.covered()
    small.covered(account="vk:b")
    assert set(small.findings().values()) == {("failed", "below_norm", "")}
    small.posts(1, account="vk:b")
    assert set(small.findings().values()) == {("passed", "norm_met", "")}


def test_by_institution_an_account_not_read_keeps_the_others_from_failing(
    small: Small, parameters: Callable[..., None]
) -> None:
    parameters(unit="institution")
    small.account("vk:b")
    small.post("10.05 12:00")
    small.covered()
    small.covered(None, None, account="vk:b", outcome="not_collected", reason="quota")
    assert {verdict for verdict, _, _ in small.findings().values()} == {"cannot_tell"}


def test_every_own_post_of_the_week_is_evidence_and_no_other(small: Small) -> None:
    small.posts(2)
    small.posts(1, is_repost=True)
    small.posts(1, own=False)
    small.posts(1, W22)
    small.covered()
    assert small.rows()[0]["evidence"].count('"url"') == 2


def test_a_period_after_the_last_collection_is_refused(small: Small) -> None:
    small.covered()
    small.store()
    with pytest.raises(ParameterError, match="2024-W23"):
        judge("2024-W23", small.home)


def test_an_empty_lake_is_an_error_and_not_a_verdict(small: Small) -> None:
    small.covered()
    small.store()
    for file in small.home.glob("lake/coverage/run=*/*"):
        file.unlink()
    with pytest.raises(LakeError):
        judge("2024-W21", small.home)


# --- the property


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_knowing_less_never_turns_another_verdict_into_failed(tmp_path: Path, seed: int) -> None:
    """Posts go together with coverage, or the page seen earlier is forgotten."""
    random = Random(seed)  # noqa: S311
    small = Small(tmp_path)
    pairs = 150
    for number in range(pairs):
        borders = [W20, W21, W21 + SECOND, at("23.05 12:00"), W22 - SECOND, W22, W23]
        start, end = sorted(random.sample(borders, 2)) if random.randrange(4) == 0 else (W20, W23)
        dates = sorted(W20 + timedelta(hours=random.randrange(21 * 24)) for _ in range(random.randrange(9)))
        cells = [random.choice([{}, {}, {}, {"is_repost": True}, {"is_repost": None}, {"own": False}]) for _ in dates]
        began = not random.randrange(3)  # else there are older posts, which nobody read
        seen, opened = random.randrange(4) == 0, random.choice([None, None, "2024-05-10", "2024-05-22"])
        less_start, less_end = sorted(random.sample(borders, 2))
        for key, (first, last) in enumerate([(start, end), (max(start, less_start), min(end, less_end))]):
            one = One(small, 2 * number + key)
            one.registered(opened_on=opened)
            for moment, more in zip(dates, cells, strict=True):
                if first <= moment < last:
                    one.post(moment, **more)
            if first < last:
                one.read(first, last, reached_end=began and first <= min(dates, default=W20))
            if seen and (key == 0 or random.random() < 0.5):
                one.seen("18.05 12:00")
    found = small.findings()
    told = [(found[f"vk:c{2 * number}"], found[f"vk:c{2 * number + 1}"]) for number in range(pairs)]
    assert not [(more, less) for more, less in told if less[0] == "failed" and more[0] != "failed"]
    assert {more[0] for more, _ in told} == {"passed", "failed", "cannot_tell", "inapplicable"}
    assert sum(more != less for more, less in told) > 20
