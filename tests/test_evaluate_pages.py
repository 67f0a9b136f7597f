from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from small_lake import OGRN, OTHER_OGRN, Small, write_order

from kirovlib import tables
from kirovlib.order import clauses, words

FORM = f"https://pos.gosuslugi.ru/form/?opaId=1&utm_source=vk&utm_medium=33&utm_campaign={OGRN}"
SURVEYS = f"https://pos.gosuslugi.ru/og/org-activities?reg_code=33&utm_source=vk1&utm_medium=33&utm_campaign={OGRN}"
APP, UNKNOWN_APP = "https://vk.com/app8181405?ref=group_menu", "https://vk.com/app51723558_-1"
ALBUM = ("Фото", "https://vk.com/albums-1")
PROBLEM, OPINION, MINI_APP = "vk_report_problem", "vk_voice_opinion", "vk_portal_mini_app"
Told = tuple[str, str, str]


class Page(NamedTuple):
    """The address under «Решаем вместе» in a menu, and what one clause says of it."""

    clause: str
    url: str
    told: Told
    title: str = "Решаем вместе"


FOUND, MISSING = ("passed", "found", ""), ("failed", "missing", "")
PAGES = {
    "the form passes": Page(PROBLEM, FORM, FOUND),
    "the surveys are not the form": Page(PROBLEM, SURVEYS, MISSING),
    "the surveys pass": Page(OPINION, SURVEYS, FOUND),
    "the form is not the surveys": Page(OPINION, FORM, MISSING),
    "no link of the portal fails": Page(PROBLEM, ALBUM[1], MISSING),
    "damaged utm passes with a note": Page(PROBLEM, FORM.partition("&")[0], ("passed", "found", "utm_damaged")),
    "a padded number passes with a note": Page(
        PROBLEM, FORM.replace("=1&", "=%201&"), ("passed", "found", "id_padded")),
    "http passes with a note": Page(OPINION, SURVEYS.replace("https", "http"), ("passed", "found", "http_link")),
    "another's ОГРН passes with a note": Page(
        OPINION, SURVEYS.replace(OGRN, OTHER_OGRN), ("passed", "found", "foreign_ogrn")),
    "a misspelt parameter cannot be told": Page(
        PROBLEM, FORM.replace("opaId", "opald"), ("cannot_tell", "link_misspelt", "")),
    "a wrong path fails": Page(PROBLEM, FORM.replace("/form/", "/f"), ("failed", "link_broken", "")),
    "another page of the portal cannot be told": Page(
        PROBLEM, "https://pos.gosuslugi.ru/landing/", ("cannot_tell", "other_target", "")),
    "a shortener cannot be told": Page(OPINION, "https://clck.ru/abc", ("cannot_tell", "other_target", "")),
    "the app under the portal's title cannot be told": Page(PROBLEM, APP, ("cannot_tell", "other_target", "")),
    "the app under another title is no form": Page(PROBLEM, APP, MISSING, "Запись в кружок"),
    "the portal's app passes": Page(MINI_APP, APP, FOUND),
    "an unidentified app cannot be told": Page(MINI_APP, UNKNOWN_APP, ("cannot_tell", "unknown_app", "")),
    "no app cannot be told": Page(MINI_APP, FORM, ("cannot_tell", "not_visible", "")),
}  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    small = Small(tmp_path_factory.mktemp("pages"))
    small.covered()
    for number, page in enumerate(PAGES.values()):
        small.institution(f"i{number}", ogrn=OGRN)
        small.account(f"vk:c{number}", f"i{number}")
        small.snapshot([ALBUM, (page.title, page.url)], account=f"vk:c{number}")
    rows = {clause: small.rows(clause) for clause in (PROBLEM, OPINION, MINI_APP)}
    return {
        name: next(row for row in rows[page.clause] if row["account_id"] == f"vk:c{number}")
        for number, (name, page) in enumerate(PAGES.items())
    }


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_judged_by_the_address_of_its_link(judged: dict[str, dict[str, Any]], name: str) -> None:
    row = judged[name]
    assert (row["verdict"], row["reason"], row["note"]) == PAGES[name].told
    assert {row["reason"]} <= set(words.REASONS)
    assert set(filter(None, row["note"].split(","))) <= set(words.NOTES)


def test_what_is_damaged_comes_with_its_repair_and_what_is_right_without(judged: dict[str, dict[str, Any]]) -> None:
    whole = ("damaged utm passes with a note", "a padded number passes with a note",
             "a misspelt parameter cannot be told", "a wrong path fails")  # fmt: skip
    assert {judged[name]["repair"] for name in whole} == {FORM}
    assert judged["another's ОГРН passes with a note"]["repair"] == SURVEYS
    assert judged["the form passes"]["repair"] == ""
    assert judged["no link of the portal fails"]["repair"] != ""


@pytest.fixture
def small(tmp_path: Path) -> Small:
    made = Small(tmp_path)
    made.covered()
    return made


def verdict(small: Small, clause: str = PROBLEM, account: str = "vk:a", **more: Any) -> Told:
    return small.findings(clause, **more)[account]


# --- which snapshot


@pytest.mark.parametrize(
    ("moment", "told"),
    [("19.05 23:59", "no_snapshot_in_period"), ("20.05 00:00", "missing"), ("26.05 23:59", "missing"),
     ("02.06 23:59", "missing"), ("03.06 00:00", "no_snapshot_in_period")],
)  # fmt: skip
def test_a_snapshot_judges_the_week_it_was_taken_in_or_up_to_seven_days_after(
    small: Small, moment: str, told: str
) -> None:
    small.snapshot([ALBUM], moment)
    assert verdict(small)[1] == told


def test_the_latest_snapshot_judges(small: Small) -> None:
    small.snapshot([ALBUM], "21.05 12:00")
    small.snapshot([("", FORM)], "28.05 12:00")
    small.snapshot([ALBUM], "21.05 13:00")
    assert verdict(small) == FOUND


def test_an_account_without_a_snapshot_cannot_be_told_and_says_why(small: Small) -> None:
    for name, reason in (("vk:b", "account_gone"), ("vk:c", "address_unknown"), ("vk:d", "quota")):
        small.account(name)
        small.covered(None, None, name, outcome="not_collected", reason=reason)
    told = {account: reason for account, (_, reason, _) in small.findings(PROBLEM).items()}
    assert told == {"vk:a": "no_snapshot_in_period", "vk:b": "account_gone", "vk:c": "address_unknown",
                    "vk:d": "no_snapshot_in_period"}  # fmt: skip
    assert {verdict for verdict, _, _ in small.findings(PROBLEM).values()} == {"cannot_tell"}


def test_an_account_that_is_gone_cannot_be_told(small: Small) -> None:
    small.snapshot(None, status="gone")
    assert verdict(small) == ("cannot_tell", "account_gone", "")


# --- where links stand


@pytest.mark.parametrize("column", ["links", "action_button", "menu"])
def test_a_link_counts_wherever_it_stands(small: Small, column: str) -> None:
    item = f'[{{"title":"","url":"{FORM}","type":""}}]'
    small.snapshot([ALBUM], **({} if column == "menu" else {column: item}))
    if column == "menu":
        small.snapshot([ALBUM, ("", FORM)], "28.05 13:00")
    assert verdict(small) == FOUND


def test_a_menu_that_nobody_returned_was_not_answered(small: Small) -> None:
    small.account("vk:b")
    for name in ("vk:a", "vk:b"):
        small.snapshot(None, account=name)
    for clause in (PROBLEM, OPINION, MINI_APP):
        assert set(small.findings(clause).values()) == {("cannot_tell", "menu_not_answered", "")}


def test_a_menu_missing_while_others_have_one_means_there_is_none(small: Small) -> None:
    small.account("vk:b")
    small.snapshot(None)
    small.snapshot([ALBUM], account="vk:b")
    assert verdict(small) == MISSING


def test_a_link_outside_the_menu_passes_even_when_menus_were_not_answered(small: Small) -> None:
    small.snapshot(None, links=f'[{{"title":"","url":"{FORM}","type":""}}]')
    assert verdict(small) == FOUND


# --- whom it is about


@pytest.mark.parametrize(
    ("cells", "told"),
    [({"kind": "state_participation"}, MISSING), ({"kind": "executive_authority"}, MISSING),
     ({"kind": "other"}, ("inapplicable", "not_in_scope", "")),
     ({"status": "ликвидировано"}, ("inapplicable", "closed_body", ""))],
)  # fmt: skip
def test_the_links_are_asked_of_all_three_kinds(small: Small, cells: dict[str, str], told: Told) -> None:
    small.institution("1", **cells)
    small.snapshot([ALBUM])
    assert verdict(small) == told


def test_an_account_of_another_network_has_no_finding_on_vk(small: Small) -> None:
    small.account("ok:1")
    small.snapshot([ALBUM])
    assert set(small.findings(PROBLEM)) == {"vk:a"}
    assert set(small.findings()) == {"vk:a", "ok:1"}


def test_before_the_edition_pages_are_untested(small: Small) -> None:
    small.snapshot([ALBUM], "08.05 12:00")
    assert verdict(small, period="2024-W19") == ("untested", "no_edition_in_force", "")


def test_one_form_for_institutions_of_different_founders_is_noted(small: Small) -> None:
    founders = {"1": "f1", "2": "f2", "3": "f1", "4": "f1", "5": None, "6": "f1"}
    opa_ids = {"1": 10, "2": 10, "3": 20, "4": 20, "5": 30, "6": 30}
    for founder in ("f1", "f2"):
        small.institution(founder)
    for key, founder in founders.items():
        small.institution(key, founder_id=founder, ogrn=OGRN)
        small.account(f"vk:n{key}", key)
        small.snapshot([("", FORM.replace("opaId=1", f"opaId={opa_ids[key]}"))], account=f"vk:n{key}")
    notes = {account: note for account, (_, _, note) in small.findings(PROBLEM).items() if account != "vk:a"}
    assert notes == {"vk:n1": "shared_opa_id", "vk:n2": "shared_opa_id", **dict.fromkeys(
        ("vk:n3", "vk:n4", "vk:n5", "vk:n6"), "")}  # fmt: skip


def test_the_absence_of_the_app_fails_only_when_told_so(small: Small) -> None:
    small.snapshot([ALBUM])
    assert verdict(small, MINI_APP) == ("cannot_tell", "not_visible", "")
    text = clauses.CLAUSES_TOML.read_text(encoding="utf-8")
    write_order(small.home, text.replace("absence_is_failure = false", "absence_is_failure = true"))
    assert verdict(small, MINI_APP) == MISSING


@pytest.mark.parametrize("seed", [1, 2])
def test_a_snapshot_less_never_turns_another_verdict_into_failed(tmp_path: Path, seed: int) -> None:
    """One snapshot a period: of several the latest judges, so that losing it may bring an older one to light."""
    random = Random(seed)  # noqa: S311
    addresses = [FORM, SURVEYS, APP, UNKNOWN_APP, ALBUM[1], FORM.replace("opaId", "opald"), "https://clck.ru/1"]
    menus = {
        f"vk:c{number}": None
        if random.random() < 0.2
        else [("Решаем вместе", url) for url in random.sample(addresses, 2)]
        for number in range(40)
    }
    few = [account for account, menu in menus.items() if menu is None or random.random() < 0.3]
    none = [account for account, menu in menus.items() if menu is None]
    found = []
    for name, kept in (("all", list(menus)), ("few", few), ("none", none)):
        small = Small(tmp_path / name)
        small.covered()
        for account in menus:
            small.account(account)
        for account in kept:
            small.snapshot(menus[account], account=account)
        found.append(
            {
                (clause, account): told
                for clause in (PROBLEM, OPINION, MINI_APP)
                for account, told in small.findings(clause).items()
            }
        )
    for less in found[1:]:
        assert not [key for key, told in less.items() if told[0] == "failed" and found[0][key][0] != "failed"]
    assert {told[0] for told in found[0].values()} == {"passed", "failed", "cannot_tell"}
    assert set(tables.VERDICTS) >= {told[0] for told in found[0].values()}


def test_a_link_that_stood_in_the_period_is_not_missed_because_it_went_later(small: Small) -> None:
    small.snapshot([("Решаем вместе", FORM)], "25.05 12:00")
    small.snapshot([ALBUM], "28.05 12:00")
    assert small.findings(PROBLEM)["vk:a"][:2] == ("passed", "found")


def test_a_link_mended_soon_after_the_period_passes(small: Small) -> None:
    small.snapshot([ALBUM], "25.05 12:00")
    small.snapshot([("Решаем вместе", FORM)], "28.05 12:00")
    assert small.findings(PROBLEM)["vk:a"][:2] == ("passed", "found")


def test_a_snapshot_from_before_the_edition_judges_nothing(small: Small) -> None:
    small.snapshot([ALBUM], "14.05 12:00")
    assert small.findings(PROBLEM, "2024-W20")["vk:a"][:2] == ("cannot_tell", "no_snapshot_in_period")


def test_a_closed_page_without_a_menu_cannot_be_told(small: Small) -> None:
    for key in ("vk:b", "vk:c"):
        small.account(key)
    small.snapshot(None, account="vk:a", status="closed")
    small.snapshot([ALBUM], account="vk:b")
    small.snapshot([ALBUM], account="vk:c")
    assert small.findings(PROBLEM)["vk:a"][:2] == ("cannot_tell", "page_closed")


def test_one_menu_among_many_without_does_not_make_them_all_breaches(small: Small) -> None:
    for number in range(30):
        small.account(f"vk:n{number}")
        small.snapshot([("Решаем вместе", FORM)] if number == 0 else None, account=f"vk:n{number}")
    told = {key: each for key, each in small.findings(PROBLEM).items() if key.startswith("vk:n")}
    assert told.pop("vk:n0")[0] == "passed"
    assert {each[:2] for each in told.values()} == {("cannot_tell", "menu_not_answered")}
