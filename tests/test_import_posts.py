"""Posts from a file: both formats, albums, provenance, what counts as complete, and files that are refused."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from small_lake import Small, at

from kirovlib import cli, tables
from kirovlib.counts import weekly_counts
from kirovlib.errors import InputError, KirovError, ParameterError
from kirovlib.import_posts import Imported, import_posts, post_file
from kirovlib.lake import Lake
from kirovlib.order import method, wording
from kirovlib.order.evaluate import judge
from kirovlib.platforms import vk_rows
from kirovlib.platforms.base import Target
from kirovlib.settings import Settings
from kirovlib.weeks import Week

CHANNEL = 1234567890
TELEGRAM = Target("telegram:uchebnyi", "https://t.me/uchebnyi")
VK = Target("vk:a", "https://vk.com/club5", "5")
NOW = datetime(2024, 6, 20, 9, tzinfo=UTC)
W21 = {"first": at("20.05 00:00").date(), "last": at("26.05 00:00").date()}


def settings_of(home: Path, now: datetime = NOW) -> Settings:
    return Settings(home, clock=lambda: now)


def lake_of(home: Path) -> Lake:
    return Lake(home / "data" / "lake")


def message(number: int, moment: str = "20.05 12:00", text: Any = "Новость", **fields: Any) -> dict[str, Any]:
    """A message as Telegram Desktop writes it; `date` is of another zone, as it may be."""
    seconds = int(at(moment).timestamp())
    return {
        "id": number, "type": "message", "date": "2001-01-01T00:00:00", "date_unixtime": str(seconds),
        "from": "Учебный канал", "from_id": f"channel{CHANNEL}", "text": text,
    } | fields  # fmt: skip


def export(home: Path, *messages: Any, name: str = "result.json", **fields: Any) -> Path:
    content = {"name": "Учебный канал", "type": "public_channel", "id": CHANNEL, "messages": list(messages)} | fields
    return written(home, json.dumps(content, ensure_ascii=False, indent=1), name)


def written(home: Path, text: str | bytes, name: str) -> Path:
    file = home / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def bring(home: Path, file: Path, target: Target = TELEGRAM, now: datetime = NOW, **period: Any) -> Imported:
    return import_posts(settings_of(home, now), target, file, **period)


def posts(home: Path) -> dict[str, dict[str, Any]]:
    rows = lake_of(home).query("SELECT * FROM posts ORDER BY posted_at").astype(object)
    return {row["post_id"]: row for row in rows.where(rows.notna(), None).to_dict("records")}


# --- Telegram Desktop's export


def test_a_message_becomes_a_post_of_its_unix_time_and_not_of_its_local_date(tmp_path: Path) -> None:
    bring(tmp_path, export(tmp_path, message(7, "26.05 23:59")))
    post = posts(tmp_path)["7"]
    assert post["posted_at"] == at("26.05 23:59")
    assert (post["own"], post["is_repost"], post["text"]) == (True, False, "Новость")
    assert post["url"] == "https://t.me/uchebnyi/7"
    assert post["is_ad"] is None


def test_text_in_parts_is_put_together_and_ids_of_persons_are_dropped(tmp_path: Path) -> None:
    parts = ["Спросите ", {"type": "mention_name", "text": "директора", "user_id": 4242}, {"type": "bold", "text": "!"}]
    done = bring(tmp_path, export(tmp_path, message(7, text=parts, author="Тайный Автор")))
    post = posts(tmp_path)["7"]
    assert post["text"] == "Спросите директора!"
    stored = json.dumps(lake_of(tmp_path).raw(post["raw_sha256"]), ensure_ascii=False)
    assert "4242" not in stored
    assert "Тайный" not in stored
    assert done.new_count == 1


@pytest.mark.parametrize("source", ["Другой канал", None])
def test_a_forwarded_message_is_a_repost_also_when_its_source_is_hidden(tmp_path: Path, source: str | None) -> None:
    bring(tmp_path, export(tmp_path, message(7, forwarded_from=source), message(8)))
    found = posts(tmp_path)
    assert (found["7"]["is_repost"], found["8"]["is_repost"]) == (True, False)
    assert "Другой" not in lake_of(tmp_path).raw(found["7"]["raw_sha256"])["body"]


def test_service_messages_are_no_posts_and_are_counted(tmp_path: Path) -> None:
    pinned = {"id": 8, "type": "service", "action": "pin_message", "date_unixtime": "1716195600"}
    done = bring(tmp_path, export(tmp_path, message(7), pinned))
    assert list(posts(tmp_path)) == ["7"]
    assert done.found.service_count == 1


def test_a_message_of_a_person_is_not_own_and_its_words_are_not_stored(tmp_path: Path) -> None:
    bring(tmp_path, export(tmp_path, message(7), message(8, text="Чужие слова", from_id="user55")))
    post = posts(tmp_path)["8"]
    assert (post["own"], post["text"]) == (False, "")
    stored = json.dumps(lake_of(tmp_path).raw(post["raw_sha256"]), ensure_ascii=False)
    assert "Чужие" not in stored
    assert "user55" not in stored


def test_an_edited_message_says_when(tmp_path: Path) -> None:
    edited = str(int(at("21.05 08:00").timestamp()))
    bring(tmp_path, export(tmp_path, message(7, edited_unixtime=edited)))
    assert posts(tmp_path)["7"]["edited_at"] == at("21.05 08:00")


def photo(number: int, moment: str = "20.05 12:00", text: str = "", **fields: Any) -> dict[str, Any]:
    return message(number, moment, text, photo=f"photos/photo_{number}.jpg", **fields)


def test_an_album_is_one_post_and_its_record_says_what_was_joined(tmp_path: Path) -> None:
    video = message(9, text="", file="video_files/v.mp4", media_type="video_file")
    done = bring(tmp_path, export(tmp_path, photo(7), photo(8, text="Праздник"), video, photo(10, "20.05 12:01")))
    found = posts(tmp_path)
    assert list(found) == ["7", "10"]
    assert found["7"]["text"] == "Праздник"
    assert (done.found.album_count, done.found.joined_count) == (1, 3)
    assert json.loads(lake_of(tmp_path).raw(found["7"]["raw_sha256"])["body"])["album"]["ids"] == [7, 8, 9]


@pytest.mark.parametrize(
    "second",
    [
        photo(8, "20.05 12:01"),
        photo(9),
        message(8, text=""),
        photo(8, text="Второй текст"),
        photo(8, forwarded_from="Другой канал"),
        photo(8, from_id="user1"),
        message(8, text="", file="x.ogg", media_type="voice_message"),
    ],
    ids=["another second", "a gap in the ids", "no media", "a second text", "forwarded", "another sender", "voice"],
)
def test_what_differs_is_another_post_and_not_part_of_an_album(tmp_path: Path, second: dict[str, Any]) -> None:
    bring(tmp_path, export(tmp_path, photo(7, text="Первый"), second))
    assert len(posts(tmp_path)) == 2


@pytest.mark.parametrize(("count", "expected"), [(10, 1), (11, 2)])
def test_an_album_has_ten_parts_at_most(tmp_path: Path, count: int, expected: int) -> None:
    bring(tmp_path, export(tmp_path, *(photo(number) for number in range(1, count + 1))))
    assert len(posts(tmp_path)) == expected


def test_a_control_character_as_telegram_desktop_writes_it_is_mended(tmp_path: Path) -> None:
    file = export(tmp_path, message(7, text="один\\и два@три"))
    file.write_bytes(file.read_bytes().replace(b"@", rb"\x0B"))
    bring(tmp_path, file)
    assert posts(tmp_path)["7"]["text"] == "один\\и два\x0bтри"


def test_half_a_surrogate_pair_is_stored_as_a_question_mark(tmp_path: Path) -> None:
    file = export(tmp_path, message(7, text="@"))
    file.write_bytes(file.read_bytes().replace(b"@", rb"\ud800"))
    bring(tmp_path, file)
    assert posts(tmp_path)["7"]["text"] == "?"


# --- CSV

TABLE = """posted_at;url;text;is_repost;post_id
2024-05-20T12:00:00+03:00;https://vk.com/wall-5_1;"Первая; с точкой
и строкой";нет;1
2024-05-26 23:59;https://m.vk.com/club5?w=wall-5_2;;ДА;
2024-05-26T21:00:00Z;https://vk.ru/wall-5_3;Третья;;-5_3
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("separator", [";", ","])
def test_a_table_is_read_in_both_encodings_and_separators(tmp_path: Path, encoding: str, separator: str) -> None:
    text = TABLE.replace("; с", "@").replace(";", separator).replace("@", "; с")
    done = bring(tmp_path, written(tmp_path, text.encode(encoding), "posts.csv"), VK)
    found = posts(tmp_path)
    assert [post["is_repost"] for post in found.values()] == [False, True, None]
    assert found["-5_1"]["text"] == "Первая; с точкой\nи строкой"
    assert [post["posted_at"] for post in found.values()] == [at("20.05 12:00"), at("26.05 23:59"), at("27.05 00:00")]
    assert {post["url"] for post in found.values()} == {f"https://vk.com/wall-5_{number}" for number in (1, 2, 3)}
    assert done.found.local_count == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("20.05.2024 12:00;https://vk.com/wall-5_9;;;", "posted_at «20.05.2024 12:00»"),
        ("2024-05-20;https://vk.com/wall-5_9;;;", "posted_at «2024-05-20»"),
        ("2024-05-40 12:00;https://vk.com/wall-5_9;;;", "posted_at"),
        ("2024-06-21 12:00;https://vk.com/wall-5_9;;;", "ещё не наступило"),
        ("2024-05-20 12:00;https://vk.com/wall-5_9;;возможно;", "is_repost «возможно»"),
        ("2024-05-20 12:00;https://t.me/abcd/9;;;", "не адрес сети vk"),
        ("2024-05-20 12:00;vk.com/wall-5_9;;;", "начинающийся с https://"),
        ("2024-05-20 12:00;https://vk.com/wall-6_9;;;", "другого владельца (-6)"),
        ("2024-05-20 12:00;https://vk.com/club5;;;", "номер публикации не виден"),
        ("2024-05-20 12:00;https://vk.com/wall-5_9;;;8", "не сходится"),
        ("2024-05-20 12:00;https://vk.com/wall-5_1;;;", "уже есть в строке 2"),
        ("2024-05-20 12:00;https://vk.com/wall-5_9;;", "ячеек 4, а столбцов 5"),
        ('2024-05-20 12:00;https://vk.com/wall-5_9;"x" y;;', "разметка CSV"),
    ],
)
def test_a_wrong_row_is_named_with_file_and_row_and_nothing_is_stored(tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        bring(tmp_path, written(tmp_path, TABLE + row + "\n", "posts.csv"), VK)
    assert "posts.csv, строка 5" in str(caught.value)
    assert words in str(caught.value)
    assert lake_of(tmp_path).is_empty()


def test_all_wrong_rows_are_named_at_once(tmp_path: Path) -> None:
    text = TABLE + "вчера;https://vk.com/wall-5_8;;;\n2024-05-20 12:00;https://ok.ru/x;;;\n"
    with pytest.raises(InputError, match=r"(?s)строка 5.*строка 6"):
        bring(tmp_path, written(tmp_path, text, "posts.csv"), VK)


@pytest.mark.parametrize(
    ("head", "words"),
    [("posted_at;text", "нет столбцов: url"), ("posted_at;url;автор", "автор"), ("posted_at;url;url", "повторены")],
)
def test_a_wrong_head_is_told(tmp_path: Path, head: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        bring(tmp_path, written(tmp_path, head + "\n", "posts.csv"), VK)


def test_damaged_utf_8_is_not_taken_for_cp1251(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="строка 2: не UTF-8 и не cp1251"):
        bring(tmp_path, written(tmp_path, TABLE.encode().replace("вая".encode(), b"\xd0", 1), "posts.csv"), VK)


# --- new, changed, vanished


def test_the_same_file_twice_stores_no_post_again(tmp_path: Path) -> None:
    file = export(tmp_path, message(7), photo(8), photo(9), message(10, forwarded_from=None))
    first, second = bring(tmp_path, file), bring(tmp_path, file, now=NOW + timedelta(days=1))
    assert (first.new_count, second.new_count, second.changed_count) == (3, 0, 0)
    assert len(lake_of(tmp_path).query("SELECT * FROM all_posts")) == 3
    assert first.run_id != second.run_id


def test_a_changed_post_becomes_version_2_and_keeps_when_it_was_first_seen(tmp_path: Path) -> None:
    bring(tmp_path, export(tmp_path, message(7), message(8)))
    edited = message(7, text="Исправлено", edited_unixtime=str(int(at("22.05 10:00").timestamp())))
    done = bring(tmp_path, export(tmp_path, edited, message(8), name="new.json"), now=NOW + timedelta(days=1))
    post = posts(tmp_path)["7"]
    assert (done.new_count, done.changed_count) == (0, 1)
    assert (post["version"], post["text"], post["observed_at"]) == (2, "Исправлено", NOW)
    assert lake_of(tmp_path).raw(post["raw_sha256"])["request"]["file"] == "new.json"


def test_an_older_file_does_not_put_the_words_before_the_edit_back(tmp_path: Path) -> None:
    edited = message(7, text="Исправлено", edited_unixtime=str(int(at("22.05 10:00").timestamp())))
    bring(tmp_path, export(tmp_path, edited))
    done = bring(tmp_path, export(tmp_path, message(7)), now=NOW + timedelta(days=1))
    assert done.changed_count == 0
    assert posts(tmp_path)["7"]["text"] == "Исправлено"


def test_what_the_file_does_not_say_is_kept_from_the_network(tmp_path: Path) -> None:
    small = Small(tmp_path / "data")
    item = {"id": 1, "owner_id": -5, "from_id": -5, "date": 0}
    as_the_client_names_it = vk_rows.post_row("vk:a", item, NOW, "")["post_id"]
    small.post(
        "20.05 12:00",
        post_id=as_the_client_names_it,
        url="https://vk.com/wall-5_1",
        is_ad=True,
        is_pinned=False,
        text="Первая",
    )
    small.store()
    file = written(tmp_path, "posted_at;url\n2024-05-20 12:00;https://vk.com/wall-5_1\n", "posts.csv")
    done = bring(tmp_path, file, VK)
    post = posts(tmp_path)[as_the_client_names_it]
    assert (done.new_count, done.changed_count) == (0, 0)
    assert (post["is_ad"], post["is_repost"], post["text"], post["version"]) == (True, False, "Первая", 1)


def test_a_post_of_the_declared_period_that_a_newer_file_lacks_has_vanished(tmp_path: Path) -> None:
    bring(tmp_path, export(tmp_path, message(7), message(8)), **W21)
    done = bring(tmp_path, export(tmp_path, message(8)), now=NOW + timedelta(days=1), **W21)
    assert done.vanished_count == 1
    assert posts(tmp_path)["7"]["missed_at"] is not None


def test_a_post_seen_after_the_file_was_written_has_not_vanished(tmp_path: Path) -> None:
    bring(tmp_path, export(tmp_path, message(7), message(8)), **W21)
    older = export(tmp_path, message(8))
    moment = (NOW - timedelta(days=1)).timestamp()
    os.utime(older, (moment, moment))
    assert bring(tmp_path, older, now=NOW + timedelta(days=1), **W21).vanished_count == 0


# --- what counts as complete


def weeks_complete(home: Path, target: Target = TELEGRAM) -> list[str]:
    weeks = [Week.parse(f"2024-W{number}") for number in range(20, 25)]
    counted = weekly_counts(lake_of(home), [target.account_id], weeks)
    complete = counted[counted["is_complete"].astype(bool)]
    return [Week(start.date()).label for start in complete["week_start"]]


def test_only_weeks_inside_the_declared_period_are_complete(tmp_path: Path) -> None:
    file = export(tmp_path, message(5, "14.05 12:00"), message(7), message(9, "10.06 12:00"))
    bring(tmp_path, file, first=at("15.05 00:00").date(), last=at("02.06 00:00").date())
    assert weeks_complete(tmp_path) == ["2024-W21", "2024-W22"]


def test_both_declared_dates_are_included(tmp_path: Path) -> None:
    bring(tmp_path, export(tmp_path, message(7)), **W21)
    assert weeks_complete(tmp_path) == ["2024-W21"]
    other = tmp_path / "other"
    other.mkdir()
    bring(other, export(other, message(7)), first=W21["first"], last=at("25.05 00:00").date())
    assert weeks_complete(other) == []


def test_without_a_period_nothing_is_complete_and_the_reason_is_stored(tmp_path: Path) -> None:
    done = bring(tmp_path, export(tmp_path, message(5, "14.05 12:00"), message(9, "10.06 12:00")))
    row = lake_of(tmp_path).table("coverage").iloc[0]
    assert (row["outcome"], row["reason"]) == ("partial", "file_without_period")
    assert pd.isna(row["covered_from"])
    assert done.covered_from is None
    assert weeks_complete(tmp_path) == []


def test_a_message_that_was_not_exported_leaves_the_period_incomplete(tmp_path: Path) -> None:
    done = bring(tmp_path, export(tmp_path, message(7), {"id": 8, "type": "unsupported"}), **W21)
    assert done.found.unreadable_count == 1
    assert weeks_complete(tmp_path) == []


def test_the_running_day_is_covered_until_now_only(tmp_path: Path) -> None:
    now = datetime(2024, 5, 26, 15, tzinfo=UTC)
    done = bring(tmp_path, export(tmp_path, message(7)), now=now, **W21)
    assert done.covered_until == now
    assert weeks_complete(tmp_path) == []


def test_a_file_written_before_the_end_of_the_declared_period_is_refused(tmp_path: Path) -> None:
    file = export(tmp_path, message(7))
    moment = at("25.05 18:00").timestamp()
    os.utime(file, (moment, moment))
    with pytest.raises(ParameterError, match=r"записан 25\.05\.2024"):
        bring(tmp_path, file, **W21)
    done = bring(tmp_path, file, first=W21["first"], last=at("25.05 00:00").date())
    assert done.covered_until == at("25.05 18:00")


def test_a_file_time_earlier_than_its_own_posts_is_not_believed(tmp_path: Path) -> None:
    file = export(tmp_path, message(7))
    os.utime(file, (0, 0))
    bring(tmp_path, file, **W21)
    assert weeks_complete(tmp_path) == ["2024-W21"]


@pytest.mark.parametrize(
    "period",
    [{"first": W21["first"]}, {"last": W21["last"]}, {"first": W21["last"], "last": W21["first"]},
     {"first": W21["first"], "last": at("21.06 00:00").date()}],
)  # fmt: skip
def test_an_impossible_period_is_refused(tmp_path: Path, period: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        bring(tmp_path, export(tmp_path, message(7)), **period)
    assert lake_of(tmp_path).is_empty()


def judged_small(home: Path, *messages: dict[str, Any], **period: Any) -> Any:
    small = Small(home / "data")
    small.account("telegram:uchebnyi", url=TELEGRAM.url)
    small.posts(3)
    small.covered()
    small.store()
    bring(home, export(home, *messages), **period)
    return judge("2024-W21", home / "data")


def verdict(judged: Any) -> tuple[str, str]:
    rows = judged.findings[judged.findings["clause"] == "posts_per_week"].set_index("account_id")
    return rows.loc["telegram:uchebnyi", "verdict"], rows.loc["telegram:uchebnyi", "reason"]


def test_two_posts_fail_only_when_the_week_was_declared_whole(tmp_path: Path) -> None:
    two = (message(7), message(8, "21.05 12:00"), message(9, "22.05 12:00", forwarded_from=None))
    assert verdict(judged_small(tmp_path / "a", *two, **W21))[0] == "failed"
    assert verdict(judged_small(tmp_path / "b", *two))[0] == "cannot_tell"


def test_a_channel_made_in_the_week_is_not_accused_when_the_file_tells_its_beginning(tmp_path: Path) -> None:
    created = {"id": 1, "type": "service", "action": "create_channel", "date_unixtime": "1716500000"}
    judged = judged_small(tmp_path, created, message(7, "24.05 12:00"), **W21)
    assert verdict(judged) == ("inapplicable", "opened_in_week")


def test_a_report_says_which_accounts_came_from_a_file_and_the_lake_stays_real(tmp_path: Path) -> None:
    judged = judged_small(tmp_path, message(7), **W21)
    assert (judged.source, judged.from_file) == ("network", ("telegram:uchebnyi",))
    assert any("Из файлов" in line and "telegram:uchebnyi" in line for line in method.method(judged))
    other_week = judge("2024-W22", tmp_path / "data")
    assert other_week.from_file == ()
    assert not any("Из файлов" in line for line in method.method(other_week))


def test_a_lake_of_files_only_is_judged_too(tmp_path: Path) -> None:
    small = Small(tmp_path / "data")
    small.account("telegram:uchebnyi", url=TELEGRAM.url)
    small.covered()
    small.store()
    for part in sorted((tmp_path / "data" / "lake").rglob("*.parquet")):
        part.unlink()
    bring(tmp_path, export(tmp_path, message(7)), **W21)
    judged = judge("2024-W21", tmp_path / "data")
    assert judged.source == "file"
    assert method.method(judged)


def test_every_source_of_a_run_has_words(tmp_path: Path) -> None:
    assert set(wording.SOURCES) == set(tables.SOURCES)
    done = bring(tmp_path, export(tmp_path, message(7)), **W21)
    run = lake_of(tmp_path).runs().set_index("run_id").loc[done.run_id]
    assert (run["source"], run["request_count"]) == ("file", 0)
    assert run["window_until"] == at("27.05 00:00")


# --- provenance


def test_the_record_of_a_post_names_the_file_and_no_folder_of_the_machine(tmp_path: Path) -> None:
    folder = tmp_path / "secret_folder"
    folder.mkdir()
    done = bring(tmp_path, export(folder, message(7)), **W21)
    record = lake_of(tmp_path).raw(posts(tmp_path)["7"]["raw_sha256"])
    assert record["account_id"] == "telegram:uchebnyi"
    assert record["request"] == {
        "file": "result.json", "size": (folder / "result.json").stat().st_size, "sha256": done.sha256,
        "format": "telegram-desktop-json",
    }  # fmt: skip
    assert json.loads(record["body"])["id"] == 7
    assert "secret_folder" not in json.dumps(record)


def test_every_import_leaves_a_record_of_its_file_though_nothing_is_new(tmp_path: Path) -> None:
    import zstandard  # noqa: PLC0415

    file = export(tmp_path, message(7))
    bring(tmp_path, file)
    bring(tmp_path, file, now=NOW + timedelta(days=1))
    methods = []
    for part in sorted((tmp_path / "data" / "lake" / "raw").rglob("*.zst")):
        text = zstandard.ZstdDecompressor().stream_reader(part.read_bytes()).read().decode()
        methods.append([json.loads(line)["method"] for line in text.splitlines()])
    assert methods == [["file", "file.post"], ["file"]]


# --- files that are refused


def json_of(**fields: Any) -> str:
    return json.dumps({"name": "x", "type": "public_channel", "id": CHANNEL, "messages": [message(7)]} | fields)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("result.json", '{\n"name": "x",\n"messages": [\n', "строка 4"),
        ("result.json", json_of().encode("utf-16"), "не UTF-8"),
        ("result.json", b'{\n"name": "\xff"}', "строка 2: не UTF-8"),
        ("result.json", '{"messages": ' + "[" * 200_000, "глубокая вложенность"),
        ("result.json", '{"id": ' + "9" * 10_000 + "}", "длинное число"),
        ("result.json", "[]", "не выгрузка Telegram"),
        ("result.json", '{"name": "x"}', "нет полей type и messages"),
        ("result.json", json_of(chats={"list": []}), "со списком чатов"),
        ("result.json", json_of(type="private_supergroup"), "private_supergroup"),
        ("result.json", json_of(id="x"), "нет номера канала"),
        ("result.json", json_of(messages=[]), "ни одной публикации"),
        ("result.json", " \n", "пуст"),
        ("messages.html", "<html>", "Машиночитаемый JSON"),
        ("posts.xlsx", b"PK\x03\x04", "ожидается .json"),
        ("posts.csv", b"PK\x03\x04", "не текст CSV"),
        ("posts.csv", "posted_at;url\n", "ни одной публикации"),
    ],
)
def test_a_file_of_another_kind_is_refused_clearly(tmp_path: Path, name: str, content: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        bring(tmp_path, written(tmp_path, content, name))
    assert words in str(caught.value)
    assert name in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert lake_of(tmp_path).is_empty()


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "7"}, {"id": True}, {"type": "rumour"}, {"type": []}, {"date_unixtime": None}, {"date_unixtime": 17},
        {"date_unixtime": "99999999999"}, {"edited_unixtime": "x"}, {"from_id": None}, {"from_id": 5},
        {"text": None}, {"text": [["x"]]}, {"text": [{"type": "bold"}]}, {"id": 6},
    ],
)  # fmt: skip
def test_a_malformed_message_is_named_and_nothing_is_stored(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="сообщение 2 по порядку"):
        bring(tmp_path, export(tmp_path, message(6), message(7) | changes, message(8)))
    assert lake_of(tmp_path).is_empty()


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "result.json"
    with file.open("wb") as handle:
        handle.truncate(post_file.LARGEST_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    with pytest.raises(InputError, match="до 500 МБ"):
        bring(tmp_path, file)


@pytest.mark.parametrize("name", ["absent.json", "."])
def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="не прочитан"):
        bring(tmp_path, tmp_path / name)


@pytest.mark.parametrize("known", ["999", "-100999"])
def test_the_export_of_another_channel_is_refused(tmp_path: Path, known: str) -> None:
    with pytest.raises(ParameterError, match="platform_id 999"):
        bring(tmp_path, export(tmp_path, message(7)), Target("telegram:uchebnyi", TELEGRAM.url, known))
    same = Target("telegram:uchebnyi", TELEGRAM.url, f"-100{CHANNEL}")
    assert bring(tmp_path, export(tmp_path, message(7)), same).new_count == 1


def test_an_export_is_not_imported_into_an_account_of_another_network(tmp_path: Path) -> None:
    with pytest.raises(KirovError, match="другой сети"):
        bring(tmp_path, export(tmp_path, message(7)), VK)


# --- the command


@pytest.fixture
def home(tmp_path: Path) -> Path:
    small = Small(tmp_path / "data")
    small.account("telegram:uchebnyi", url=TELEGRAM.url)
    small.covered()
    small.store()
    return tmp_path


def kirov(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["import-posts", *arguments], env={"VK_TOKEN": None, "KIROV_DEBUG": "1"})


def test_the_command_tells_what_came_and_what_to_do_next(home: Path) -> None:
    pinned = {"id": 12, "type": "service", "action": "pin_message"}
    file = export(home, message(7), photo(8), photo(9), message(11, forwarded_from=None), pinned)
    result = kirov(
        str(file), "--account", "telegram:uchebnyi", "--from", "2024-05-20", "--to", "2024-05-26", "--home", str(home)
    )
    assert result.exit_code == 0, result.output
    for words in (
        "3 публикации", "репостов: 1", "альбомов собрано: 1 (из 2 сообщений)", "служебных сообщений пропущено: 1",
        "новых 3", "с 20.05.2024 до 27.05.2024 00:00", "kirov findings --week 2024-W21", "«Учебный канал»", "SHA-256",
    ):  # fmt: skip
        assert words in result.output
    assert kirov("--help").exit_code == 0


def test_the_command_ends_with_3_when_no_period_is_declared(home: Path) -> None:
    result = kirov(str(export(home, message(7))), "--account", "telegram:uchebnyi", "--home", str(home))
    assert result.exit_code == 3
    assert "--from ДАТА --to ДАТА" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["result.json", "--account", "telegram:other"], "нет аккаунта «telegram:other»"),
        (["result.json"], "--account"),
        (["absent.json", "--account", "telegram:uchebnyi"], "absent.json"),
        (["result.json", "--account", "telegram:uchebnyi", "--from", "2024-05-20"], "--from, и --to"),
    ],
)
def test_bad_input_of_the_command_ends_with_2(home: Path, arguments: list[str], words: str) -> None:
    export(home, message(7))
    result = kirov(str(home / arguments[0]), *arguments[1:], "--home", str(home))
    assert result.exit_code == 2
    assert words in result.output


def test_the_channels_name_cannot_steer_the_terminal(home: Path) -> None:
    file = export(home, message(7), name="result.json")
    file.write_bytes(file.read_bytes().replace("Учебный канал".encode(), rb"\u0007\u001b]0;zzz"))
    result = kirov(str(file), "--account", "telegram:uchebnyi", "--home", str(home))
    assert "zzz" in result.output
    assert "\x07" not in result.output
    assert "\x1b" not in result.output
