"""Of each clause a finding is followed: report, quotation, post or menu entry or row of a register, answer, hash."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, NamedTuple

import openpyxl
import pandas as pd
import pyarrow.parquet
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

import kirovlib
from kirovlib import demo, evidence, tables
from kirovlib.lake import Lake
from kirovlib.order import clauses
from kirovlib.order.evaluate import Judgement
from kirovlib.settings import ZONE, Settings
from kirovlib.weeks import Week

WEEK = Week.parse("2024-W28")
POSTS, PROBLEM, OPINION, MINI_APP = "posts_per_week", "vk_report_problem", "vk_voice_opinion", "vk_portal_mini_app"
Row = dict[str, Any]
Proof = dict[str, Any]


class Way(NamedTuple):
    """Which finding is followed: the first of these."""

    clause: str
    verdict: str
    reason: str
    network: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, self))


WAYS = [
    Way("scope", "passed", "account_live"),
    Way("required_contents", "untested", "list_not_provided", "vk"),
    Way("required_contents", "untested", "list_not_provided", "telegram"),
    Way("ok_government_mark", "passed", "mark_present", "ok"),
    Way("ok_government_mark", "failed", "mark_absent", "ok"),
    Way("ok_government_mark", "cannot_tell", "mark_not_returned", "ok"),
    Way(PROBLEM, "passed", "found", "vk"),
    Way(PROBLEM, "failed", "missing", "vk"),
    Way(PROBLEM, "cannot_tell", "link_misspelt", "vk"),
    Way(OPINION, "passed", "found", "vk"),
    Way(OPINION, "failed", "missing", "vk"),
    Way(OPINION, "failed", "link_broken", "vk"),
    Way(OPINION, "inapplicable", "exempt", "vk"),
    Way(MINI_APP, "passed", "found", "vk"),
    Way(MINI_APP, "cannot_tell", "unknown_app", "vk"),
    Way(MINI_APP, "failed", "manual_failed", "vk"),
    Way("gospabliki", "passed", "register_connected"),
    Way("gospabliki", "failed", "register_not_connected"),
    *(
        Way(POSTS, verdict, reason, network)
        for verdict, reason in (("passed", "norm_met"), ("failed", "below_norm"))
        for network in tables.PLATFORMS
    ),
    Way("group_decisions", "passed", "decision_done"),
    Way("group_decisions", "failed", "decision_not_done"),
]
OF_ACCOUNTS = [way for way in WAYS if way.clause not in {"scope", "group_decisions"}]
followed = pytest.mark.parametrize("way", WAYS, ids=str)


class Home:
    """A home folder with a demo's register, lake and report pack."""

    def __init__(self, made: demo.Demo) -> None:
        self.pack = made.index.parent
        self.settings = Settings(home=made.index.parents[2])

    @cached_property
    def judged(self) -> Judgement:
        return kirovlib.judge(WEEK.label, self.settings.data_dir)

    @cached_property
    def named(self) -> pd.DataFrame:
        return kirovlib.named(self.judged)

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.lake_dir)

    def finding(self, way: Way) -> Row:
        """The first finding of its kind; one on posts has some."""
        rows = self.named
        fits = (rows["clause"] == way.clause) & (rows["verdict"] == way.verdict) & (rows["reason"] == way.reason)
        fits &= rows["account_id"].fillna("").str.startswith(way.network)
        fits &= (rows["clause"] != POSTS) | (rows["evidence"] != "[]")
        row = rows[fits].astype(object).iloc[0]
        return {str(name): cell for name, cell in row.where(row.notna(), "").items()}

    def register(self, name: str) -> list[dict[str, str]]:
        """The rows of a register's file, as the file has them."""
        with (self.settings.registry_dir / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))

    @cached_property
    def workbook(self) -> list[dict[str, Any]]:
        head, *rows = openpyxl.load_workbook(self.pack / "findings.xlsx")["Все результаты"].iter_rows(values_only=True)
        return [dict(zip(head, row, strict=True)) for row in rows]

    @cached_property
    def page(self) -> LexborHTMLParser:
        return LexborHTMLParser((self.pack / "03_compliance.html").read_text(encoding="utf-8"))

    def breaches(self) -> list[LexborNode]:
        """The rows of the report's table of breaches."""
        table = next(each for each in self.page.css("table") if "Недель подряд" in each.css_first("tr").text())
        return table.css("tbody tr")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(demo.run(tmp_path_factory.mktemp("followed"), institutions=30, weeks=3, progress=False))


def proofs(row: Row) -> list[Proof]:
    found: list[Proof] = json.loads(row["evidence"])
    return found


def test_every_clause_of_the_order_is_followed() -> None:
    assert {way.clause for way in WAYS} == {clause.key for clause in clauses.load()}
    assert len({way.clause for way in WAYS}) == 9


# --- the report


@followed
def test_a_finding_stands_in_the_tables_of_the_pack(home: Home, way: Way) -> None:
    row = home.finding(way)
    stored = tables.from_arrow(pyarrow.parquet.read_table(home.pack / "findings.parquet")).astype(object)
    stored = stored.where(stored.notna(), "")
    same = [each for each in stored.to_dict("records") if all(each[name] == row[name] for name in each)]
    assert len(same) == 1
    keys = {"Пункт": "clause_name", "Аккаунт": "url", "Ключ учреждения": "institution_id", "Требуется": "expected",
            "Установлено": "measured", "Причина": "reason_name", "Как исправить": "repair",
            "Примечание": "note_name"}  # fmt: skip
    shown = [each for each in home.workbook if all((each[title] or "") == row[name] for title, name in keys.items())]
    assert len(shown) == 1
    assert shown[0]["Вывод"].endswith(row["verdict_name"])
    assert shown[0]["С"].date() == WEEK.start


@pytest.mark.parametrize("way", [way for way in WAYS if way.verdict == "failed"], ids=str)
def test_a_breach_stands_on_the_page_of_the_report_with_its_proof(home: Home, way: Way) -> None:
    row = home.finding(way)
    week = "08.07.2024" if row["clause"] == "posts_per_week" else ""
    wanted = [row["institution"], row["clause_name"], week, row["measured"]]
    found = [each for each in home.breaches() if [cell.text() for cell in each.css("td")[:4]] == wanted]
    first = proofs(row)[0]
    found = [each for each in found if first["title"] in each.text() and (first["sha256"] or "")[:8] in each.text()]
    assert found
    addresses = {str(link.attributes["href"]) for each in found for link in each.css("a")}
    assert first["url"] in {"", *addresses}


@followed
def test_the_clause_is_quoted_word_for_word_from_the_act(home: Home, way: Way) -> None:
    quoted = kirovlib.quotations(home.judged).set_index("clause").loc[way.clause]
    edition = home.judged.clause(way.clause).edition_on(WEEK.start)
    assert edition is not None
    act = (clauses.CLAUSES_TOML.parent / "texts" / edition.source).read_text(encoding="utf-8-sig")
    assert quoted["quote"] in " ".join(act.split())
    assert quoted["reference"] == edition.reference
    assert home.finding(way)["edition"].date() == quoted["in_force_from"] == date(2024, 5, 15)
    assert quoted["quote"] in " ".join(home.page.body.text().split())


# --- the evidence


@followed
def test_what_a_finding_rests_on_stands_in_the_answer_or_in_the_register(home: Home, way: Way) -> None:
    row = home.finding(way)
    assert proofs(row)
    for proof in proofs(row):
        if proof["sha256"]:
            _stands_in_the_answer(home, row, proof)
        else:
            _stands_in_the_register(home, row, proof)
    assert (
        way.clause in {"gospabliki", "group_decisions"}
        or way.reason == "exempt"
        or any(proof["sha256"] for proof in proofs(row))
    )


def _stands_in_the_answer(home: Home, row: Row, proof: Proof) -> None:
    answer = home.lake.raw(proof["sha256"])
    assert hashlib.sha256(answer["body"].encode()).hexdigest() == answer["sha256"] == proof["sha256"]
    account = row["account_id"] or proof["title"]  # of an institution each account is a proof
    assert answer["account_id"] == account
    assert datetime.fromisoformat(answer["received_at"]) >= WEEK.starts_at
    body = json.loads(answer["body"])
    if row["clause"] == POSTS:
        moment = POST_IN[answer["method"]](body, proof["url"])
        assert moment.astimezone(ZONE).strftime("%d.%m.%Y %H:%M") == proof["title"]
        assert Week.of(moment) == WEEK
    else:
        if proof["title"] in {"Страница аккаунта", account}:
            assert proof["url"] == home.judged.accounts.set_index("account_id").loc[account, "url"]
        PAGE_IN[answer["method"]](body, row, proof, account)


def _vk_post(body: Any, url: str) -> datetime:
    """When the post with this address was published, by `wall.get`; an own one, no repost."""
    items = {f"https://vk.com/wall{item['owner_id']}_{item['id']}": item for item in body["response"]["items"]}
    assert items[url]["from_id"] == items[url]["owner_id"]
    assert not items[url].get("copy_history")
    return datetime.fromtimestamp(items[url]["date"], UTC)


def _ok_post(body: Any, url: str) -> datetime:
    group, topic = re.fullmatch(r"https://ok\.ru/group/(\d+)/topic/(\d+)", url).groups()  # type: ignore[union-attr]
    topics = {each["id"]: each for each in body["entities"]["media_topics"]}
    assert topics[topic]["author_ref"] == f"group:{group}"
    told = topics[topic]  # a topic may be written days before it is published
    return datetime.fromtimestamp(told.get("publication_date_ms", told["created_ms"]) / 1000, UTC)


def _telegram_post(body: Any, url: str) -> datetime:
    post = url.removeprefix("https://t.me/")
    (message,) = LexborHTMLParser(body["html"]).css(f'[data-post="{post}"]')
    assert not message.css(".tgme_widget_message_forwarded_from")
    (moment,) = message.css(".tgme_widget_message_meta time")
    return datetime.fromisoformat(str(moment.attributes["datetime"]))


def _vk_page(body: Any, row: Row, proof: Proof, account: str) -> None:
    (group,) = body["response"]["groups"]
    assert account.removeprefix("vk:") in {str(group["id"]), group["screen_name"]}
    items = [*group.get("menu", {}).get("items", []), *group.get("links", [])]
    addresses = {each["url"]: each.get("title", each.get("name")) for each in items}
    if row["reason"] in {"found", "link_misspelt", "link_broken", "unknown_app"}:
        assert addresses[proof["url"]] == proof["title"]
    elif row["reason"] in {"missing", "manual_failed"}:
        assert proof["url"] in {row["url"], *addresses}
        sought = {PROBLEM: "gosuslugi.ru/form", OPINION: "gosuslugi.ru/og", MINI_APP: "vk.com/app"}[row["clause"]]
        assert sought not in json.dumps(body)


def _ok_page(body: Any, row: Row, proof: Proof, account: str) -> None:
    (group,) = body
    names = {group["uid"], group.get("shortname")}
    assert account.removeprefix("ok:") in names
    assert proof["url"].rpartition("/")[2] in names
    if row["clause"] == "ok_government_mark":
        told = {"passed": {True, "true"}, "failed": {False}, "cannot_tell": {None}}[row["verdict"]]
        assert group.get("gos_org") in told


def _telegram_page(body: Any, _: Row, proof: Proof, account: str) -> None:
    header = LexborHTMLParser(body["html"]).css_first(".tgme_channel_info_header_username a")
    assert header.attributes["href"] == proof["url"] == f"https://t.me/{account.removeprefix('telegram:')}"


POST_IN: Mapping[str, Any] = {"wall.get": _vk_post, "stream.get": _ok_post, "preview": _telegram_post}
PAGE_IN: Mapping[str, Any] = {"groups.getById": _vk_page, "group.getInfo": _ok_page, "preview": _telegram_page}


def _stands_in_the_register(home: Home, row: Row, proof: Proof) -> None:
    title = proof["title"]
    if title.startswith("Реестр (accounts.csv)"):
        (line,) = (each for each in home.register("accounts.csv") if each["account_id"] == row["account_id"])
        assert line["gospabliki_connected"] == str(row["verdict"] == "passed")
        assert line["gospabliki_source"] in title
        assert _russian(line["gospabliki_on"]) in title
    elif title.startswith("Реестр (decisions.csv)"):
        (line,) = (
            each
            for each in home.register("decisions.csv")
            if each["institution_id"] == row["institution_id"] and f"решение {each['decision_id']} " in row["measured"]
        )
        assert line["done"] == str(row["verdict"] == "passed")
        assert line["source"] in title
        assert _russian(line["done_on"]) in title
        assert line["text"] in row["measured"]
        assert _russian(line["decided_on"]) in row["measured"]
    elif title.startswith("Проверка человеком"):
        (line,) = (
            each
            for each in home.register("manual_checks.csv")
            if (each["account_id"], each["clause"]) == (row["account_id"], row["clause"])
        )
        assert proof["url"] == line["proof"]
        assert line["checked_by"] in title
        assert _russian(line["checked_on"]) in title
        assert row["reason"] == f"manual_{line['result']}" or "manual_disagrees" in row["note"]
    else:
        assert title.startswith("Освобождено: ")
        acts = [
            each["act"]
            for each in home.register("exemptions.csv")
            if row["account_id"] == each["account_id"] or row["institution_id"] == each["institution_id"]
        ]
        assert any(act in title for act in acts)


def _russian(day: str) -> str:
    return f"{date.fromisoformat(day):%d.%m.%Y}"


# --- the ZIP


@pytest.fixture(scope="module")
def zipped(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, bytes]]:
    """The proofs of the accounts that are followed: names and contents of their files."""
    folder, packed = tmp_path_factory.mktemp("packed"), {}
    for account in dict.fromkeys(home.finding(way)["account_id"] for way in OF_ACCOUNTS):
        file = evidence.build(home.settings, account, WEEK, folder / f"{len(packed)}.zip").file
        with zipfile.ZipFile(file) as archive:
            packed[account] = {name: archive.read(name) for name in archive.namelist()}
    return packed


@pytest.mark.parametrize("way", OF_ACCOUNTS, ids=str)
def test_the_proof_of_the_week_packs_the_same_finding_and_answers(
    home: Home, zipped: Mapping[str, Mapping[str, bytes]], way: Way
) -> None:
    row = home.finding(way)
    files = zipped[row["account_id"]]
    sums = dict(line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    for sha256 in {proof["sha256"] for proof in proofs(row)} - {None}:
        (name,) = (name for name, listed in sums.items() if listed == sha256)
        assert hashlib.sha256(files[name]).hexdigest() == sha256
        assert files[name] == home.lake.raw(sha256)["body"].encode()
    found = list(csv.DictReader(files["findings.csv"].decode("utf-8-sig").splitlines(), delimiter=";"))
    (same,) = (each for each in found if each["Пункт"] == row["clause_name"])
    assert same["Вывод"] == row["verdict_name"]
    assert same["Установлено"] == row["measured"]
    assert same["Адреса"].split(" ") == [
        part for each in proofs(row) for part in (each["url"] or each["title"]).split(" ")
    ]
