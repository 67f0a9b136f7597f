"""The proof of a verdict: the answers as they were hashed, the posts as they were counted, words that are true."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import zstandard
from click.testing import CliRunner, Result
from small_lake import W20, W21, W22, W23, Small, at

from kirovlib import cli, demo, evidence, registry, settings, tables
from kirovlib.errors import LakeError, ParameterError
from kirovlib.lake import Lake
from kirovlib.platforms.base import raw_record
from kirovlib.weeks import Week

WEEK = Week.parse("2024-W21")
DEMO_WEEK = Week.parse("2024-W28")
Files = dict[str, bytes]


class Proof(Small):
    """A small lake in a home folder, whose posts and pages come with their answers."""

    def __init__(self, home: Path) -> None:
        super().__init__(home / "data")
        self.settings = settings.Settings(home=home)
        self.out = home / "out.zip"

    def answer(self, body: object, moment: str = "27.05 09:00", account: str = "vk:a", **about: Any) -> str:
        method, request = about.get("method", "wall.get"), about.get("request", {"owner_id": -1})
        record = raw_record(account, method, request, at(moment), body)
        self.batch.raw.setdefault(account.partition(":")[0], []).append(record)
        return str(record["sha256"])

    def told(self, moment: str | datetime, account: str = "vk:a", **cells: Any) -> str:
        sha256 = self.answer({"text": cells.get("text", ""), "moment": str(moment)}, account=account)
        self.post(moment, account, raw_sha256=sha256, **cells)
        return sha256

    def pack(self, account: str = "vk:a", week: Week = WEEK, *, force: bool = True) -> Files:
        if self.batch.coverage or self.batch.posts:
            self.store()
        evidence.build(self.settings, account, week, self.out, force=force)
        return contents(self.out)


@pytest.fixture
def small(tmp_path: Path) -> Proof:
    return Proof(tmp_path)


@pytest.fixture(scope="module")
def home(small_demo: demo.Demo) -> Path:
    return small_demo.index.parents[2]


@pytest.fixture(scope="module")
def packed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    """The proofs of some accounts of each network of the demo, by account."""
    found, folder = settings.Settings(home=home), tmp_path_factory.mktemp("packed")
    accounts = registry.read(found.registry_dir).accounts
    spoken_of = accounts[accounts["platform"].isin(tables.PLATFORMS)]
    few = spoken_of.groupby("platform").head(3)["account_id"]
    return {
        account: contents(evidence.build(found, account, DEMO_WEEK, folder / f"{number}.zip").file)
        for number, account in enumerate(few)
    }


def contents(file: Path) -> Files:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def rows(files: Files, name: str) -> list[dict[str, str]]:
    assert files[name].startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"), newline=""), delimiter=";"))


def readme(files: Files) -> str:
    """On one line, so that no sentence is cut."""
    assert files["README.txt"].startswith(b"\xef\xbb\xbf")
    return " ".join(files["README.txt"].decode("utf-8-sig").split())


def answers(files: Files) -> list[str]:
    return [name for name in files if name.endswith(".json")]


# --- what can be checked by whoever receives it


def test_each_answer_has_the_bytes_whose_hash_stands_in_the_lake(home: Path, packed: dict[str, Files]) -> None:
    lake = Lake(home / "data" / "lake")
    checked = 0
    for files in packed.values():
        for row in rows(files, "answers/index.csv"):
            body = files[row["Файл"]]
            assert hashlib.sha256(body).hexdigest() == row["SHA-256"]
            assert lake.raw(row["SHA-256"])["body"].encode() == body
            assert json.loads(body)
            checked += 1
    assert checked > 10


def test_the_sums_name_every_file_as_sha256sum_reads_them(packed: dict[str, Files]) -> None:
    for files in packed.values():
        sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode("ascii").splitlines())
        assert set(sums) == set(files) - {"SHA256SUMS"}
        assert all(hashlib.sha256(files[name]).hexdigest() == sums[name] for name in sums)


def test_the_posts_counted_are_as_many_as_the_verdict_says(packed: dict[str, Files]) -> None:
    measured = []
    for files in packed.values():
        counted = sum(row["Засчитана"] == "засчитана" for row in rows(files, "posts.csv"))
        for found in rows(files, "findings.csv"):
            if "3.1" in found["Пункт"]:
                assert found["Установлено"].split()[0] == str(counted)
                measured.append(counted)
    assert len(set(measured)) > 2


def test_each_post_names_the_answer_in_which_it_stands(packed: dict[str, Files]) -> None:
    posts = [(files, row) for files in packed.values() for row in rows(files, "posts.csv")]
    for files, row in posts:
        number = re.findall(r"[0-9]+", row["Адрес"])[-1]
        assert number.encode() in files[row["Файл ответа"]]
        assert hashlib.sha256(files[row["Файл ответа"]]).hexdigest() == row["SHA-256 ответа"]
    assert len(posts) > 10


def test_the_archive_has_plain_names_in_order_and_no_moment_of_its_making(small: Proof) -> None:
    small.told("22.05 12:00")
    small.covered()
    small.pack()
    with zipfile.ZipFile(small.out) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert all(name.isascii() for name in names)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_lake_gives_the_same_bytes_also_when_its_files_were_merged(small: Proof) -> None:
    small.told("22.05 12:00")
    small.covered(end=W22)
    small.store()
    small.told("23.05 12:00")
    small.covered(W21)
    small.pack()
    first = small.out.read_bytes()
    small.pack()
    assert small.out.read_bytes() == first
    with small.lake.writer() as writer:
        writer.merge()
    small.pack()
    assert small.out.read_bytes() == first


# --- what belongs to it


def test_of_an_edited_and_of_a_vanished_post_the_earlier_answers_are_packed_too(small: Proof) -> None:
    hashes = [small.told("22.05 12:00", text="сначала"), small.told("23.05 12:00", text="исчезнет")]
    edited, vanished = small.batch.posts
    small.covered(W22, W23)  # a reading meant for another week saw them too
    small.store("r1")
    hashes.append(small.answer({"text": "потом"}, "28.05 09:00"))
    changed = {"version": 2, "text": "потом", "raw_sha256": hashes[-1], "edited_at": at("23.05 10:00")}
    small.batch.posts += [edited | changed, vanished | {"version": 2, "missed_at": at("28.05 09:00")}]
    small.covered()
    small.store("r2")
    files = small.pack()
    assert {hashlib.sha256(files[name]).hexdigest() for name in answers(files)} == set(hashes)
    told = {row["Опубликована (время Кирова)"]: row for row in rows(files, "posts.csv")}
    assert told["22.05.2024 12:00:00"]["Изменена (время Кирова)"] == "23.05.2024 10:00:00"
    assert told["23.05.2024 12:00:00"]["Исчезновение замечено (время Кирова)"] == "28.05.2024 09:00:00"
    assert "исчезла" in told["23.05.2024 12:00:00"]["Почему"]


def test_readings_of_other_weeks_are_left_out(small: Proof) -> None:
    small.until = W22
    small.answer({"of": "W20"})
    small.covered(W20, W21)
    small.store("r1")
    kept = small.told("22.05 12:00")
    small.covered(W21, W22)
    small.store("r2")
    files = small.pack()
    assert [row["Сбор"] for row in rows(files, "coverage.csv")] == ["r2"]
    assert [hashlib.sha256(files[name]).hexdigest() for name in answers(files)] == [kept]


def test_the_page_that_judged_the_week_is_packed_though_it_came_in_a_later_run(small: Proof) -> None:
    small.told("22.05 12:00")
    small.covered()
    small.store("r1")
    page = small.answer({"menu": []}, "28.05 12:00", method="groups.getById")
    small.snapshot([], raw_sha256=page)
    small.covered(W22, W23)
    small.store("r2")
    index = rows(small.pack(), "answers/index.csv")
    assert [row["Метод"] for row in index if row["По нему судили о странице"] == "да"] == ["groups.getById"]
    assert [row["Публикаций недели из него"] for row in index] == ["1", "0"]


def test_nothing_of_another_account_is_packed(small: Proof) -> None:
    small.account("vk:b")
    small.told("22.05 12:00", text="своя")
    small.told("22.05 12:00", "vk:b", text="чужая")
    small.covered()
    small.covered(account="vk:b")
    files = small.pack()
    assert not any("чужая".encode() in content or b"vk:b" in content for content in files.values())


def test_of_a_file_of_years_only_the_posts_of_the_week_are_packed(small: Proof) -> None:
    provenance = small.answer({"post_count": 2}, method="file")
    for moment in ("14.05 12:00", "22.05 12:00"):
        sha256 = small.answer({"id": moment}, method="file.post")
        small.post(moment, raw_sha256=sha256)
    small.covered()
    files = small.pack()
    assert {hashlib.sha256(files[name]).hexdigest() for name in answers(files)} == {provenance, sha256}


def test_an_answer_given_twice_is_one_file_and_two_rows(small: Proof) -> None:
    for moment in ("28.05 09:00", "27.05 09:00"):
        small.answer({"response": "same"}, moment)
    small.covered()
    files = small.pack()
    index = rows(files, "answers/index.csv")
    assert len(answers(files)) == 1
    assert [row["Получен (время Кирова)"] for row in index] == ["27.05.2024 09:00:00", "28.05.2024 09:00:00"]
    assert index[0]["Получен (UTC)"] == "2024-05-27T06:00:00+00:00"


def test_a_post_without_a_stored_answer_names_no_file(small: Proof) -> None:
    small.post("22.05 12:00")
    small.covered()
    assert rows(small.pack(), "posts.csv")[0]["Файл ответа"] == ""


def test_each_post_says_whether_it_was_counted_and_why(small: Proof) -> None:
    told = [
        ({}, "засчитана", "не репост"),
        ({"is_repost": True}, "не засчитана", "репост"),
        ({"is_repost": None}, "не известно", "не сказала"),
        ({"own": False}, "не засчитана", "посетителя"),
        ({"is_ad": True}, "засчитана", "реклама считается"),
    ]
    for number, (cells, _, _) in enumerate(told):
        small.told(f"22.05 12:0{number}", **cells)
    small.covered()
    for row, (_, counted, why) in zip(rows(small.pack(), "posts.csv"), told, strict=True):
        assert (row["Засчитана"], why in row["Почему"]) == (counted, True)


# --- words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, ["видно: 0 публикаций.", "Всего 0 ответов сети;"]),
        (1, ["видно: 1 публикация.", "Всего 1 ответ сети;"]),
        (3, ["видно: 3 публикации.", "Всего 3 ответа сети;"]),
        (5, ["видно: 5 публикаций.", "Засчитано: 5, не засчитано: 0, не известно: 0.", "Всего 5 ответов сети;"]),
    ],
)
def test_numbers_have_their_russian_endings(small: Proof, count: int, words: list[str]) -> None:
    for number in range(count):
        small.told(f"22.05 12:0{number}")
    small.covered()
    text = readme(small.pack())
    assert all(each in text for each in [*words, "недели касается 1 чтение"])


def test_the_readme_names_account_week_verdict_clause_and_the_orders_own_words(small: Proof) -> None:
    small.told("10.05 12:00")
    small.told("22.05 12:00")
    small.covered(at("09.05 12:00"))
    text = readme(small.pack())
    for words in (
        "vk:a", "Institution 1", "1022800520060", "https://vk:a.test", "2024-W21", "понедельника 20.05.2024 00:00",
        "воскресенья 26.05.2024 24:00 по времени Кирова", "п. 3.1 Не менее трёх публикаций в неделю: НАРУШЕНИЕ",
        "Требуется: не менее 3 публикаций", "Установлено: 1 публикация", "не менее трех раз в неделю размещают",
        "Действует с 15.05.2024 (дата распоряжения", "certutil -hashfile", "Get-FileHash", "sha256sum -c SHA256SUMS",
        "раньше, чем вычислен SHA-256", "удалённое между двумя сборами не видно", "прочитана целиком",
    ):  # fmt: skip
        assert words in text, words
    assert "УЧЕБНЫЕ" not in text


def test_no_line_of_the_readme_is_longer_than_a_page_is_wide(packed: dict[str, Files]) -> None:
    for files in packed.values():
        lines = files["README.txt"].decode("utf-8-sig").split("\r\n")
        assert all(len(line) <= 100 or " " not in line.strip() for line in lines)
        assert not any("\n" in line for line in lines)


def test_a_proof_of_the_demo_says_in_capitals_that_all_is_made_up(packed: dict[str, Files]) -> None:
    for files in packed.values():
        assert readme(files).startswith("УЧЕБНЫЕ ДАННЫЕ: ВСЕ УЧРЕЖДЕНИЯ, АККАУНТЫ И ПУБЛИКАЦИИ ВЫМЫШЛЕНЫ.")


def test_a_running_week_is_packed_and_said_to_be_running(small: Proof) -> None:
    small.until = at("23.05 12:00")
    small.told("22.05 12:00")
    small.covered(end=small.until)
    text = readme(small.pack())
    assert text.startswith("НЕДЕЛЯ ЕЩЁ ИДЁТ (на момент последнего сбора, 23.05.2024 12:00:00 по Кирову)")
    assert "НАРУШЕНИЕ" not in text
    assert "прочитана целиком." not in text


def test_an_incomplete_week_says_so_before_anything_else(small: Proof) -> None:
    small.told("22.05 12:00")
    small.covered(at("22.05 00:00"), outcome="partial", reason="no_answer")
    text = readme(small.pack())
    assert text.startswith("НЕДЕЛЯ ПРОЧИТАНА НЕ ЦЕЛИКОМ")


def test_a_wall_that_could_not_be_read_is_proved_by_the_refusal(small: Proof) -> None:
    refusal = small.answer({"error": {"error_code": 15}})
    small.covered(None, None, outcome="not_collected", reason="wall_closed")
    files = small.pack()
    row = rows(files, "coverage.csv")[0]
    assert (row["Итог"], row["Прочитано целиком с (время Кирова)"]) == ("не собрано", "")
    assert row["Причина"].startswith("лента закрыта")
    assert hashlib.sha256(files[answers(files)[0]]).hexdigest() == refusal
    assert rows(files, "posts.csv") == []


def test_a_week_before_the_order_is_packed_and_said_to_be_without_an_edition(small: Proof) -> None:
    small.told("08.05 12:00")
    small.covered(at("01.05 00:00"))
    text = readme(small.pack(week=Week.parse("2024-W19")))
    assert "В эту неделю пункт ещё не действовал; публикации разобраны по правилам" in text
    assert "Пункт действует с 15.05.2024." in text


# --- hostile text and secrets


def test_foreign_text_never_starts_a_formula(small: Proof) -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", " =1", "\u200b=1", "＝1+1"]
    small.institution("1", name="=1+1", short_name="-1")
    for number, text in enumerate(texts):
        small.told(f"22.05 12:0{number}", text=text, url=f"{text}https://vk.com/wall1_1")
    small.covered()
    files = small.pack()
    found = [cell for name in files if name.endswith(".csv") for row in rows(files, name) for cell in row.values()]
    assert sum(cell.startswith("'") for cell in found) > 2 * len(texts)
    assert not any(cell.lstrip("\u200b \t\r\n").startswith(("=", "+", "-", "@", "＝")) for cell in found)


def test_foreign_text_cannot_add_a_line_or_a_verdict(small: Proof) -> None:
    small.institution("1", name="Школа\n\nп. 3.1: СОБЛЮДАЕТСЯ\u202e")
    small.told("22.05 12:00", text="а;б\r\n" + "в" * 300)
    small.covered()
    files = small.pack()
    assert "\nп. 3.1: СОБЛЮДАЕТСЯ" not in files["README.txt"].decode("utf-8-sig")
    assert "\u202e" not in readme(files)
    shown = rows(files, "posts.csv")[0]["Текст (первые 200 знаков)"]
    assert shown.startswith("а;б в")
    assert len(shown) == 200


def test_no_secret_and_no_private_person_reaches_the_archive(small: Proof) -> None:
    body = {
        "response": {"items": [{"id": 1, "signer_id": 7654321}], "profiles": [{"last_name": "PLANTED-PERSON"}]},
        "request_params": [{"key": "access_token", "value": "PLANTED-TOKEN"}, {"key": "v", "value": "5"}],
    }
    request = {"owner_id": -1, "access_token": "PLANTED-TOKEN", "sig": "PLANTED-SIG"}
    small.post("22.05 12:00", raw_sha256=small.answer(body, request=request))
    small.covered()
    files = small.pack()
    for planted in ("PLANTED", "7654321", "access_token", str(small.home)):
        assert not any(planted.encode() in content for content in files.values()), planted


def test_neither_token_nor_folder_of_the_demo_reaches_the_archive(home: Path, packed: dict[str, Files]) -> None:
    for files in packed.values():
        for content in files.values():
            assert b"sandbox-user" not in content
            assert str(home).encode() not in content


@pytest.mark.parametrize("account", ["vk:../../etc/passwd", "vk:имя", "vk:a b", "vk:" + "x" * 99, "..:a"])
def test_an_odd_key_never_makes_a_file_name(account: str) -> None:
    assert Path(evidence.default_name(account, WEEK)).name == evidence.default_name(account, WEEK)
    assert account.partition(":")[2] not in evidence.default_name(account, WEEK).removesuffix("-2024-W21.zip")[9:]
    assert evidence.default_name(account, WEEK).isascii()


def test_an_odd_method_makes_a_plain_file_name(small: Proof) -> None:
    small.answer({}, method="../s/имя?q=1")
    small.covered()
    (name,) = answers(small.pack())
    assert name.startswith("answers/0001-s_q_1-")


# --- refusals


def edited_raw(small: Proof, change: Callable[[str], str]) -> None:
    (file,) = small.lake.folder.glob("raw/*/*/*.zst")
    text = zstandard.ZstdDecompressor().decompressobj().decompress(file.read_bytes()).decode()
    file.write_bytes(zstandard.ZstdCompressor().compress(change(text).encode()))


def test_a_damaged_answer_is_refused_by_name_and_an_older_file_stays(small: Proof) -> None:
    small.told("22.05 12:00", text="три публикации")
    small.covered()
    small.pack()
    before = small.out.read_bytes()
    edited_raw(small, lambda text: text.replace("три публикации", "две публикации"))
    with pytest.raises(LakeError, match=r"повреждён: vk:a, wall\.get, получен 2024-05-27.*сбор r1"):
        small.pack()
    assert small.out.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [lambda _: "", lambda text: text[:-20], lambda text: text.partition("\n")[0] + "\n"],
    ids=["all", "cut", "one"],
)
def test_a_missing_or_cut_answer_is_refused(small: Proof, change: Callable[[str], str]) -> None:
    small.told("22.05 12:00")
    small.told("23.05 12:00")
    small.covered()
    small.store()
    edited_raw(small, change)
    with pytest.raises(LakeError, match=r"нет ответа сети|не читаются"):
        small.pack()
    assert not small.out.exists()


def test_a_file_of_answers_that_is_no_archive_is_refused(small: Proof) -> None:
    small.told("22.05 12:00")
    small.covered()
    small.store()
    (file,) = small.lake.folder.glob("raw/*/*/*.zst")
    file.write_bytes(b"not zstd")
    with pytest.raises(LakeError, match="повреждены и не читаются"):
        small.pack()


def test_data_that_come_meanwhile_are_refused(small: Proof, monkeypatch: pytest.MonkeyPatch) -> None:
    small.told("22.05 12:00")
    small.covered()
    small.store()
    judge = evidence.case.evaluate.judge

    def slow(*arguments: Any) -> Any:
        judged = judge(*arguments)
        small.covered(W22, W23)
        small.store("r2")
        return judged

    monkeypatch.setattr(evidence.case.evaluate, "judge", slow)
    with pytest.raises(LakeError, match="новые данные"):
        small.pack()


def test_an_existing_file_is_replaced_only_when_told_to(small: Proof) -> None:
    small.told("22.05 12:00")
    small.covered()
    small.out.write_bytes(b"letter")
    with pytest.raises(ParameterError, match="--force"):
        small.pack(force=False)
    assert small.out.read_bytes() == b"letter"
    assert "README.txt" in small.pack(force=True)


@pytest.mark.parametrize(("name", "words"), [("no/such/out.zip", "папки"), ("out.rar", ".zip"), ("data.zip", "папка")])
def test_a_file_that_cannot_be_written_is_refused_before_any_work(small: Proof, name: str, words: str) -> None:
    (small.settings.home / "data.zip").mkdir()
    small.out = small.settings.home / name
    small.covered()
    with pytest.raises(ParameterError, match=words):
        small.pack()


def test_a_disk_that_does_not_take_it_is_told_and_leaves_nothing(small: Proof, monkeypatch: pytest.MonkeyPatch) -> None:
    small.covered()
    small.store()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ParameterError, match="не записан: No space"):
        small.pack()
    assert list(small.settings.home.iterdir()) == [small.home]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vk:shkola_35", "Похожие: vk:shkola_36"),
        ("shkola36", "Похожие: vk:shkola_36"),
        ("https://vk.com/shkola_35", "нет аккаунта «vk:shkola_35». Похожие: vk:shkola_36"),
        ("телефон", "нет аккаунта «телефон». Ключи"),
        ("https://vk.com/twice", "у нескольких аккаунтов: vk:twice_1, vk:twice_2"),
    ],
)
def test_an_unknown_account_is_refused_with_those_that_come_close(small: Proof, text: str, words: str) -> None:
    small.account("vk:shkola_36", url="https://vk.com/shkola_36")
    small.account("vk:twice_1", url="https://vk.com/twice")
    small.account("vk:twice_2", url="https://m.vk.com/twice")
    small.covered()
    with pytest.raises(ParameterError) as error:
        small.pack(text)
    assert words in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["vk:s", "https://vk.com/Shkola_36", "m.vk.ru/shkola_36?from=groups", "https://vk.com/club77", "vk.com/public77"],
)
def test_an_account_is_known_by_its_key_and_by_its_address_in_any_spelling(text: str) -> None:
    accounts = pd.DataFrame(
        {
            "account_id": ["vk:s", "ok:s", "vk:other"],
            "url": ["https://vk.com/shkola_36", "https://ok.ru/shkola_36", "https://vk.com/other"],
            "platform_id": ["77", "77", None],
        }
    )
    assert evidence.find_account(accounts, text) == "vk:s"


def test_a_week_that_nobody_asked_for_is_refused_with_the_command_that_brings_it(small: Proof) -> None:
    small.told("22.05 12:00")
    small.covered(W21)
    small.store()
    with pytest.raises(ParameterError, match="kirov collect --account vk:a --since 2024-04-29"):
        small.pack(week=Week.parse("2024-W18"))
    with pytest.raises(ParameterError, match="ещё не собран"):
        small.pack(week=Week.parse("2024-W30"))


def test_an_account_never_collected_is_refused_though_others_were(small: Proof) -> None:
    small.account("vk:b")
    small.covered()
    with pytest.raises(ParameterError, match="аккаунта vk:b не собрана"):
        small.pack("vk:b")


def test_an_empty_lake_is_refused_with_what_to_do(small: Proof) -> None:
    small.covered()
    small.store()
    for file in small.home.glob("lake/coverage/run=*/*"):
        file.unlink()
    with pytest.raises(LakeError, match="kirov collect"):
        small.pack()


# --- the command


def kirov(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["evidence", *arguments], env={"KIROV_DEBUG": None})


def test_the_command_takes_an_address_and_says_what_was_packed(
    small: Proof, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small.account("vk:a", url="https://vk.com/shkola_36")
    small.told("22.05 12:00")
    small.told("23.05 12:00", is_repost=True)
    small.covered()
    small.store()
    monkeypatch.chdir(tmp_path)
    arguments = ("https://vk.ru/shkola_36", "--week", "2024-W21", "--home", str(tmp_path))
    result = kirov(*arguments)
    file = tmp_path / "evidence-vk-a-2024-W21.zip"
    assert result.exit_code == 0, result.output
    assert "2 публикации: засчитано 1, не засчитано 1, не известно 0" in result.output
    assert "2 ответа сети, SHA-256 каждого проверен" in result.output
    assert str(file) in result.output
    again = kirov(*arguments)
    assert (again.exit_code, "--force" in again.output) == (2, True)
    assert kirov(*arguments, "--force").exit_code == 0


def test_the_command_ends_with_3_when_the_week_was_not_read_completely(small: Proof, tmp_path: Path) -> None:
    small.told("22.05 12:00")
    small.covered(at("22.05 00:00"))
    small.store()
    result = kirov("vk:a", "--week", "2024-W21", "--out", str(tmp_path / "x.zip"), "--home", str(tmp_path))
    assert result.exit_code == 3
    assert "не целиком" in result.output
    assert (tmp_path / "x.zip").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vk:a"], "--week"),
        (["vk:a", "--week", "2024-05"], "не неделя"),
        (["vk:nobody", "--week", "2024-W21"], "vk:nobody"),
        ([], "АККАУНТ"),
    ],
)
def test_bad_input_gets_a_russian_message_and_exit_code_2(
    small: Proof, tmp_path: Path, arguments: list[str], words: str
) -> None:
    small.covered()
    small.store()
    result = kirov(*arguments, "--home", str(tmp_path))
    assert result.exit_code == 2
    assert words in result.output
    assert "Usage" not in result.output
