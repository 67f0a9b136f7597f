"""The lake keeps whole batches or nothing, whatever is killed and whoever reads meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lake_rows import MONDAY, POSTS, batch, content, covered, fill, parts, post, run

from kirovlib import tables
from kirovlib.errors import LakeError
from kirovlib.lake import Batch, Lake, durable, reader

# Five files for each of two runs, and five files for each of five batches that go.
STEPS_OF_A_MERGE = 5 * 2 + 5 * 5


class Killed(BaseException):
    """Stands for the end of the process."""


@contextmanager
def killed_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the process at its next write or removal after so many, with half a file left aside."""
    write, unlink, left = durable.aside, Path.unlink, iter(range(steps))

    @contextmanager
    def die_writing(file: Path, point: str) -> Iterator[Any]:
        if next(left, None) is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.with_name(f".{file.name}.tmp").write_bytes(b"PAR1 and half of wh")
            raise Killed
        with write(file, point) as handle:
            yield handle

    def die_removing(file: Path, *args: Any) -> None:
        if next(left, None) is None:
            raise Killed
        unlink(file, *args)

    with monkeypatch.context() as patch:
        patch.setattr(durable, "aside", die_writing)
        patch.setattr(Path, "unlink", die_removing)
        yield


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "[1] озеро д'Арк, 100%")


def test_what_is_committed_comes_back_in_all_tables(lake: Lake) -> None:
    with lake.writer() as writer:
        assert writer.commit("r1", batch()) == 1
        writer.record_run(run("r1"))
    for name, table in tables.LAKE_TABLES.items():
        rows = [row | {"run_id": "r1", "batch": 1} for row in getattr(batch(), name)]
        pd.testing.assert_frame_equal(lake.table(name), tables.validate(table, pd.DataFrame(rows)))
    pd.testing.assert_frame_equal(lake.runs(), tables.validate(tables.Runs, pd.DataFrame([run("r1")])))


def test_a_batch_may_bring_nothing_but_coverage(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.commit("r1", Batch(coverage=[covered("vk:1", "not_collected", "token")], raw={"vk": []}))
    assert lake.table("coverage")["reason"].tolist() == ["token"]
    assert str(lake.table("posts")["posted_at"].dtype) == "datetime64[us, UTC]"
    assert lake.table("posts").empty


def test_two_runs_lie_side_by_side_under_one_count_of_batches(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.commit("b", batch("vk:1"))
        writer.record_run(run("b"))
    with lake.writer() as writer:
        assert writer.commit("a", batch("vk:2")) == 2
        writer.record_run(run("a", minutes=5))
        writer.record_run(run("a", minutes=5) | {"request_count": 9})
    assert lake.table("coverage")[["account_id", "run_id", "batch"]].to_numpy().tolist() == [
        ["vk:1", "b", 1],
        ["vk:2", "a", 2],
    ]
    assert lake.runs()[["run_id", "request_count"]].to_numpy().tolist() == [["b", 2], ["a", 9]]


def test_a_lake_is_readable_before_its_first_run_is_recorded(lake: Lake) -> None:
    fill(lake, "vk:1")
    assert len(lake.table("posts")) == POSTS
    assert lake.runs().empty
    assert str(lake.runs()["started_at"].dtype) == "datetime64[us, UTC]"


def test_only_the_latest_version_of_a_post_is_current(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.commit("r1", Batch(posts=[post("vk:1", "7"), post("vk:2", "7")], coverage=[covered("vk:1")]))
        writer.commit("r1", Batch(posts=[post("vk:1", "7", 2, text="новый")], coverage=[covered("vk:1")]))
        writer.commit("r2", Batch(posts=[post("vk:1", "7", 3, missed_at=MONDAY)], coverage=[covered("vk:1")]))
        for _ in range(2):
            posts = lake.table("posts")
            assert posts[["account_id", "version"]].to_numpy().tolist() == [["vk:1", 3], ["vk:2", 1]]
            assert posts["missed_at"].notna().tolist() == [True, False]
            assert lake.query("SELECT count(*) AS n FROM all_posts")["n"].item() == 4
            writer.merge()


def test_merging_leaves_one_part_per_run_and_table_with_the_same_rows(lake: Lake) -> None:
    fill(lake, "vk:3", "vk:1", run_id="a")
    fill(lake, "vk:2", run_id="b")
    fill(lake, "vk:0", run_id="a")
    before, columns = content(lake), list(lake.query("SELECT * FROM posts"))
    with lake.writer() as writer:
        writer.merge()
        writer.merge()
    assert content(lake) == before
    assert list(lake.query("SELECT * FROM posts")) == columns
    for name in tables.LAKE_TABLES:
        assert parts(lake, name) == ["run=a/00000001-00000004.parquet", "run=b/00000003-00000003.parquet"]
    assert parts(lake, "raw/platform=vk")[0] == "run=a/00000001-00000004.jsonl.zst"
    fill(lake, "vk:9", run_id="a")
    assert lake.table("coverage")["batch"].max() == 5


def test_a_batch_whose_coverage_never_came_is_invisible_and_its_number_never_used_again(lake: Lake) -> None:
    fill(lake, "vk:1", "vk:2")
    (lake.folder / "coverage" / "run=r1" / "00000002-00000002.parquet").unlink()
    assert set(lake.table("posts")["account_id"]) == {"vk:1"}
    assert lake.state()["batch"] == 1
    with lake.writer() as writer:
        assert writer.commit("r2", batch("vk:3")) == 3
        writer.merge()
    for name in (*tables.LAKE_TABLES, "raw/platform=vk"):
        assert [part.split(".")[0] for part in parts(lake, name)] == [
            "run=r1/00000001-00000001",
            "run=r2/00000003-00000003",
        ]
    assert lake.table("posts")["batch"].unique().tolist() == [1, 3]


def test_a_batch_that_breaks_a_table_leaves_nothing_and_the_next_one_goes_on(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.commit("r1", batch("vk:1"))
        with pytest.raises(tables.TableError, match="столбец outcome"):
            writer.commit("r1", Batch(posts=[post("vk:2", "1")], coverage=[covered("vk:2", "неизвестно")]))
        writer.commit("r1", batch("vk:3"))
        writer.merge()
    assert set(lake.table("posts")["account_id"]) == {"vk:1", "vk:3"}


@pytest.mark.parametrize("writes", range(5))
def test_killed_between_two_writes_of_a_commit_a_lake_keeps_all_earlier_batches_and_none_of_the_broken(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    fill(lake, "vk:1", "vk:2")
    before = content(lake)
    with killed_after(writes, monkeypatch), pytest.raises(Killed):
        fill(lake, "vk:9")
    assert content(lake) == before
    with lake.writer() as writer:
        number = writer.commit("r2", batch("vk:3"))
        assert number == (4 if writes else 3)  # a number of which no file was finished is free
        writer.merge()
    assert set(lake.table("posts")["account_id"]) == {"vk:1", "vk:2", "vk:3"}
    assert not list(lake.folder.rglob("*.tmp"))


def test_five_writes_make_a_commit(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    with killed_after(5, monkeypatch):
        fill(lake, "vk:1")
    assert len(lake.table("posts")) == POSTS


@pytest.fixture(scope="module")
def unmerged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = Lake(tmp_path_factory.mktemp("unmerged") / "lake")
    fill(lake, "vk:1", "vk:2", run_id="a")
    fill(lake, "vk:3", "vk:4", "vk:5", run_id="b")
    return lake.folder


@pytest.mark.parametrize("steps", [*range(10), *range(10, STEPS_OF_A_MERGE, 3)])
def test_killed_anywhere_in_a_merge_a_lake_keeps_its_rows_and_the_next_merge_ends_the_work(
    lake: Lake, unmerged: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    shutil.copytree(unmerged, lake.folder)
    before = content(lake)
    with killed_after(steps, monkeypatch), lake.writer() as writer, pytest.raises(Killed):
        writer.merge()
    assert content(lake) == before
    with lake.writer() as writer:
        writer.merge()
    assert content(lake) == before
    assert parts(lake, "posts") == ["run=a/00000001-00000002.parquet", "run=b/00000003-00000005.parquet"]
    assert lake.raw("hash of vk:4")["body"] == {"text": "vk:4\u2028\n"}


def test_the_steps_of_a_merge_are_all_tried(lake: Lake, unmerged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(unmerged, lake.folder)
    with killed_after(STEPS_OF_A_MERGE, monkeypatch), lake.writer() as writer:
        writer.merge()


def test_a_lake_of_a_newer_schema_is_refused_with_advice(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(lake, "vk:1")
    with monkeypatch.context() as newer:
        newer.setattr(tables, "SCHEMA_VERSION", tables.SCHEMA_VERSION + 1)
        fill(lake, "vk:2")
    with pytest.raises(LakeError, match=rf"схема {tables.SCHEMA_VERSION + 1}, .*Обновите программу"):
        lake.table("posts")


@pytest.mark.parametrize(
    "read", [Lake.state, Lake.runs, lambda lake: lake.query("SELECT 1"), lambda lake: lake.table("posts")]
)
def test_an_empty_lake_is_refused_with_what_to_do(lake: Lake, read: Callable[[Lake], object]) -> None:
    assert lake.is_empty()
    with pytest.raises(LakeError, match=r"пусто. Соберите данные: «kirov collect»"):
        read(lake)
    fill(lake, "vk:1")
    assert not lake.is_empty()
    read(lake)


def test_equal_rows_give_an_equal_state_however_the_files_are_cut(tmp_path: Path) -> None:
    # Accounts that were never reached have no covered_from to be sorted by.
    missed = [Batch(coverage=[covered(f"vk:{number}", "not_collected", "quota") for number in range(40)])] * 4
    lakes = [Lake(tmp_path / "a"), Lake(tmp_path / "b")]
    for lake in lakes:
        with lake.writer() as writer:
            for number, some in enumerate(missed):
                writer.commit(f"r{number % 2}", some)
    first, second = (lake.state() for lake in lakes)
    assert first == second
    assert first["batch"] == 4
    with lakes[1].writer() as writer:
        writer.merge()
    assert lakes[1].state() == first
    for name in tables.LAKE_TABLES:
        pd.testing.assert_frame_equal(lakes[0].table(name), lakes[1].table(name))


def test_another_batch_or_another_outcome_gives_another_state(lake: Lake, tmp_path: Path) -> None:
    fill(lake, "vk:1")
    first = lake.state()
    other = Lake(tmp_path / "other")
    fill(other, "vk:2")
    assert other.state() != first
    fill(lake, "vk:2")
    assert lake.state() != first


def test_a_stored_answer_is_found_by_its_hash_before_and_after_merging(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.commit("r1", batch("vk:1"))
        writer.commit("r1", Batch(coverage=[covered("vk:2")], raw={"vk": []}))
        writer.commit("r1", Batch(coverage=[covered("vk:3")], raw={"ok": [{"sha256": "ok", "body": "\x85\x1c\u2029"}]}))
        writer.commit("r1", batch("vk:4"))
        for _ in range(2):
            assert lake.raw("hash of vk:1") == batch("vk:1").raw["vk"][0]
            assert lake.raw("hash of vk:4")["body"] == {"text": "vk:4\u2028\n"}
            assert lake.raw("ok")["body"] == "\x85\x1c\u2029"
            writer.merge()


def test_an_answer_that_was_never_stored_is_refused_by_its_hash(lake: Lake) -> None:
    fill(lake, "vk:1")
    with pytest.raises(LakeError, match="SHA-256 нет такого нет в хранилище"):
        lake.raw("нет такого")


@pytest.mark.parametrize("run_id", ["007", "20240520", "1e5", "true", "2024-05-20", "20240520T090000Z-2"])
def test_run_ids_that_look_like_something_else_stay_text(lake: Lake, run_id: str) -> None:
    fill(lake, "vk:1", "vk:2", run_id=run_id)
    with lake.writer() as writer:
        for _ in range(2):
            assert lake.query("SELECT DISTINCT run_id FROM posts")["run_id"].tolist() == [run_id]
            assert lake.query("SELECT * FROM posts").columns.tolist() == tables.columns(tables.Posts)
            writer.merge()


def test_a_query_may_join_further_frames_and_reads_moments_as_utc(lake: Lake) -> None:
    fill(lake, "vk:1", "vk:2")
    asked = pd.DataFrame({"account_id": ["vk:2"]})
    rows = lake.query(
        "SELECT DISTINCT account_id, posted_at FROM posts SEMI JOIN asked USING (account_id)",
        {"asked": asked},
    )
    assert rows.to_numpy().tolist() == [["vk:2", pd.Timestamp(MONDAY)]]


def test_parts_merged_while_a_reader_was_about_to_open_them_are_found_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(lake, "vk:1", "vk:2")
    before, read_raw, view = content(lake), durable.read_raw, reader._view
    merges = 0

    def merge_first() -> None:
        nonlocal merges
        if not merges:
            merges += 1
            with lake.writer() as writer:
                writer.merge()

    monkeypatch.setattr(reader, "_view", lambda *some: (merge_first(), view(*some)))
    assert content(lake) == before
    fill(lake, "vk:3")
    merges = 0
    monkeypatch.setattr(durable, "read_raw", lambda *given: (merge_first(), read_raw(*given))[1])
    assert lake.raw("hash of vk:3") == batch("vk:3").raw["vk"][0]
    assert merges == 1
