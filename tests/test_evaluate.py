from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from small_lake import W20, W21, W22, W23, Small, at

from kirovlib.errors import LakeError, ParameterError
from kirovlib.order import checks, clauses, evaluate
from kirovlib.order.evaluate import judge

Changed = Callable[..., None]


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


@pytest.fixture
def parameters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Changed:
    """Writes the order anew with other parameters for every clause that has them."""

    def change(**values: object) -> None:
        text = clauses.CLAUSES_TOML.read_text(encoding="utf-8")
        for name, value in values.items():
            shown = f'"{value}"' if isinstance(value, str) else str(value).lower()
            before = {"unit": '"account"', "minimum_posts": "3", "distinct_days": "false", "count_ads": "true"}
            before |= {"count_removed": "true", "absence_is_failure": "false"}
            assert f"{name} = {before[name]}" in text
            text = text.replace(f"{name} = {before[name]}", f"{name} = {shown}")
        file = tmp_path / "clauses.toml"
        file.write_text(text, encoding="utf-8")
        order = clauses.load(file)
        monkeypatch.setattr(evaluate.clauses, "load", lambda: order)

    return change


# --- the norm


@pytest.mark.parametrize(
    ("count", "verdict", "reason"),
    [(0, "failed", "below_norm"), (2, "failed", "below_norm"), (3, "passed", "norm_met"), (4, "passed", "norm_met")],
)
def test_three_posts_are_enough_and_two_are_not(small: Small, count: int, verdict: str, reason: str) -> None:
    small.posts(count)
    small.post("10.05 12:00")
    small.covered()
    assert small.findings() == {"vk:a": (verdict, reason, "")}


def test_three_posts_on_one_day_are_three_publications(small: Small) -> None:
    for minute in range(3):
        small.post(f"20.05 12:0{minute}")
    small.covered()
    assert small.findings()["vk:a"][:2] == ("passed", "norm_met")


def test_with_distinct_days_three_posts_on_one_day_are_one(small: Small, parameters: Changed) -> None:
    for minute in range(3):
        small.post(f"20.05 12:0{minute}")
    small.covered()
    parameters(distinct_days=True)
    assert small.findings()["vk:a"][:2] == ("failed", "below_norm")


@pytest.mark.parametrize("cells", [{"is_repost": True}, {"own": False}, {"own": False, "is_repost": None}])
def test_reposts_and_visitors_posts_do_not_count(small: Small, cells: dict[str, object]) -> None:
    small.posts(2)
    small.posts(5, **cells)
    small.covered()
    assert small.findings()["vk:a"][:2] == ("failed", "below_norm")


def test_ads_count_unless_they_are_not_to(small: Small, parameters: Changed) -> None:
    small.posts(2)
    small.posts(1, is_ad=True)
    small.covered()
    assert small.findings()["vk:a"][:2] == ("passed", "norm_met")
    parameters(count_ads=False)
    assert small.findings()["vk:a"][:2] == ("failed", "below_norm")


def test_a_post_that_vanished_after_it_was_seen_counts_and_is_noted(small: Small, parameters: Changed) -> None:
    small.posts(2)
    small.posts(1, missed_at=W23)
    small.covered()
    assert small.findings()["vk:a"] == ("passed", "norm_met", "removed_counted")
    parameters(count_removed=False)
    assert small.findings()["vk:a"] == ("failed", "below_norm", "")


def test_an_ad_that_vanished_is_left_out_once_and_not_twice(small: Small, parameters: Changed) -> None:
    small.posts(3)
    small.posts(1, is_ad=True, missed_at=W23)
    small.covered()
    parameters(count_ads=False, count_removed=False)
    assert small.findings()["vk:a"][0] != "failed"


def test_a_post_seen_later_than_14_days_is_noted(small: Small) -> None:
    small.posts(3, seen=W21 + timedelta(days=14, hours=12))
    small.covered()
    assert small.findings()["vk:a"] == ("passed", "norm_met", "")
    small.posts(3, seen=W21 + timedelta(days=14, hours=12, seconds=1))
    small.store()
    assert small.findings()["vk:a"] == ("passed", "norm_met", "seen_late")


# --- which edition


def test_before_the_edition_weeks_are_untested_and_shown_all_the_same(small: Small) -> None:
    small.posts(2, W20 - timedelta(days=7))
    small.covered(W20 - timedelta(days=21))
    row = small.rows(period="2024-W19")[0]
    assert (row["verdict"], row["reason"]) == ("untested", "no_edition_in_force")
    assert row["measured"].startswith("2 ")


def test_the_week_in_which_the_edition_starts_is_not_judged_and_the_next_one_is(small: Small) -> None:
    small.post("10.05 12:00")
    small.covered()
    assert small.findings(period="2024-W20")["vk:a"][:2] == ("inapplicable", "edition_starts_mid_week")
    assert small.findings(period="2024-W21")["vk:a"][:2] == ("failed", "below_norm")


# --- what was read


def test_the_running_week_is_never_failed(small: Small) -> None:
    small.posts(2, W22)
    small.until = at("02.06 23:59")
    small.covered(end=small.until)
    assert small.findings(period="2024-W22")["vk:a"][:2] == ("cannot_tell", "week_running")
    small.posts(1, W22)
    small.store("r2")
    assert small.findings(period="2024-W22")["vk:a"] == ("passed", "norm_met", "incomplete_but_met")


@pytest.mark.parametrize(
    ("start", "end"), [(W21 + timedelta(seconds=1), W23), (W20, W22 - timedelta(seconds=1)), (None, None)]
)
def test_a_week_not_wholly_read_is_never_failed(small: Small, start: object, end: object) -> None:
    small.posts(2)
    small.covered(start, end, outcome="partial", reason="no_answer")  # type: ignore[arg-type]
    assert small.findings()["vk:a"] == ("cannot_tell", "no_answer", "")


def test_a_week_not_wholly_read_passes_when_the_norm_is_met_and_says_so(small: Small) -> None:
    small.posts(3)
    small.covered(W21 + timedelta(hours=1))
    assert small.findings()["vk:a"] == ("passed", "norm_met", "incomplete_but_met")


def test_an_account_never_collected_cannot_be_told(small: Small) -> None:
    small.account("vk:b")
    small.covered()
    assert small.findings()["vk:b"][:2] == ("cannot_tell", "week_not_collected")


@pytest.mark.parametrize(
    ("own", "unknown", "told"),
    [(2, 0, ("failed", "below_norm")), (2, 1, ("cannot_tell", "repost_unknown")), (1, 1, ("failed", "below_norm")),
     (0, 3, ("cannot_tell", "repost_unknown")), (3, 1, ("passed", "norm_met"))],
)  # fmt: skip
def test_a_post_that_may_be_a_repost_is_judged_both_ways(small: Small, own: int, unknown: int, told: object) -> None:
    small.post("10.05 12:00")
    small.posts(own)
    small.posts(unknown, is_repost=None)
    small.covered()
    assert small.findings()["vk:a"][:2] == told


@pytest.mark.parametrize("reason", ["account_gone", "wall_closed", "address_unknown", "token", "quota"])
def test_why_an_account_was_not_read_is_the_reason(small: Small, reason: str) -> None:
    small.covered(None, None, outcome="not_collected", reason=reason)
    assert small.findings()["vk:a"][:2] == ("cannot_tell", reason)


# --- whom the clause is about


@pytest.mark.parametrize(
    ("cells", "reason"),
    [({"kind": "state_participation"}, "kind_not_named"), ({"kind": "other"}, "not_in_scope"),
     ({"status": "Ликвидация"}, "closed_body"), ({"kind": "other", "status": "В стадии ликвидации"}, "closed_body")],
)  # fmt: skip
def test_a_body_the_clause_is_not_about_is_inapplicable(small: Small, cells: dict[str, str], reason: str) -> None:
    small.institution("1", **cells)
    small.covered()
    assert small.findings() == {"vk:a": ("inapplicable", reason, "")}


def test_an_executive_authority_is_judged(small: Small) -> None:
    small.institution("1", kind="executive_authority")
    small.post("10.05 12:00")
    small.covered()
    assert small.findings()["vk:a"][0] == "failed"


@pytest.mark.parametrize(
    ("cells", "told"),
    [({"opened_on": date(2024, 5, 19)}, ("failed", "below_norm")),
     ({"opened_on": date(2024, 5, 20)}, ("inapplicable", "opened_in_week")),
     ({"opened_on": date(2024, 5, 26)}, ("inapplicable", "opened_in_week")),
     ({"opened_on": date(2024, 5, 27)}, ("inapplicable", "not_yet_open")),
     ({"closed_on": date(2024, 5, 19)}, ("inapplicable", "account_closed")),
     ({"closed_on": date(2024, 5, 20)}, ("inapplicable", "closed_in_week")),
     ({"closed_on": date(2024, 5, 26)}, ("inapplicable", "closed_in_week")),
     ({"closed_on": date(2024, 5, 27)}, ("failed", "below_norm"))],
)  # fmt: skip
def test_the_week_of_opening_or_closing_is_not_judged(small: Small, cells: dict[str, date], told: object) -> None:
    small.account("vk:a", **{name: day.isoformat() for name, day in cells.items()})
    small.covered()
    assert small.findings()["vk:a"][:2] == told


def test_a_first_post_ever_in_the_week_means_it_was_opened_then(small: Small) -> None:
    small.post("22.05 12:00")
    small.covered(reached_end=True)
    assert small.findings()["vk:a"][:2] == ("inapplicable", "opened_in_week")


def test_a_first_post_seen_in_the_week_proves_nothing_when_the_end_was_not_reached(small: Small) -> None:
    small.post("22.05 12:00")
    small.covered(reached_end=False)
    assert small.findings()["vk:a"][:2] == ("failed", "below_norm")


@pytest.mark.parametrize("known_by", ["register", "snapshot"])
def test_a_first_post_ever_in_the_week_of_an_account_known_before_is_judged(small: Small, known_by: str) -> None:
    small.post("22.05 12:00")
    small.covered(reached_end=True)
    if known_by == "register":
        small.account("vk:a", opened_on="2021-01-01")
    else:
        small.snapshot([], "19.05 23:59")
    assert small.findings()["vk:a"][:2] == ("failed", "below_norm")


@pytest.mark.parametrize("first_post", ["27.05 00:00", None])
def test_an_account_whose_first_post_is_later_may_not_have_been_there(small: Small, first_post: str | None) -> None:
    if first_post:
        small.post(first_post)
    small.covered(reached_end=True)
    assert small.findings()["vk:a"][:2] == ("cannot_tell", "existence_unknown")


# --- accounts and institutions


def test_a_failed_account_whose_institution_meets_the_norm_together_says_so(small: Small) -> None:
    for name, count in (("vk:b", 2), ("vk:c", 1)):
        small.account(name)
        small.posts(count, account=name)
    for name in ("vk:a", "vk:b", "vk:c"):
        small.covered(account=name)
    told = ("failed", "below_norm", "met_by_institution")
    assert small.findings() == {"vk:a": told, "vk:b": told, "vk:c": told}


def test_by_institution_the_sum_is_judged(small: Small, parameters: Changed) -> None:
    parameters(unit="institution")
    small.account("vk:b")
    small.posts(1)
    small.posts(1, account="vk:b")
    small.post("10.05 12:00")
    small.covered()
    small.covered(account="vk:b")
    assert set(small.findings().values()) == {("failed", "below_norm", "")}
    small.posts(1, account="vk:b")
    small.store()
    assert set(small.findings().values()) == {("passed", "norm_met", "")}


def test_by_institution_an_account_not_read_keeps_the_others_from_failing(small: Small, parameters: Changed) -> None:
    parameters(unit="institution")
    small.account("vk:b")
    small.post("10.05 12:00")
    small.covered()
    small.covered(None, None, account="vk:b", outcome="not_collected", reason="quota")
    assert {verdict for verdict, _, _ in small.findings().values()} == {"cannot_tell"}


# --- the frame


def test_every_own_post_of_the_week_is_evidence_and_no_other(small: Small) -> None:
    small.posts(2)
    small.posts(1, is_repost=True)
    small.posts(1, own=False)
    small.posts(1, W22)
    small.covered()
    assert small.rows()[0]["evidence"].count('"url"') == 2


def test_a_month_has_a_finding_for_each_week_and_account(small: Small) -> None:
    small.covered()
    weeks = [row["period_start"].strftime("%d.%m") for row in small.rows(period="2024-05")]
    assert weeks == ["29.04", "06.05", "13.05", "20.05", "27.05"]


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


def test_all_reasons_and_notes_have_words() -> None:
    assert all(checks.REASONS.values())
    assert all(checks.NOTES.values())
