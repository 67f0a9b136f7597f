"""Processes share a lake: one writes, others read, and a dead one leaves nothing in the way."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from lake_rows import POSTS, batch, fill

from kirovlib.errors import LakeError
from kirovlib.lake import Lake

RUNS, BATCHES = 3, 4


def write_until_told(folder: Path, pipe: Connection) -> None:
    with Lake(folder).writer() as writer:
        writer.commit("child", batch("vk:1"))
        pipe.send("writing")
        pipe.recv()
        os._exit(7)


def commit_and_merge(folder: Path, pipe: Connection) -> None:
    with Lake(folder).writer() as writer:
        for run in range(RUNS):
            for number in range(BATCHES):
                writer.commit(f"r{run}", batch(f"vk:{number}"))
                if run == number == 0:
                    pipe.send("one batch is there")
                    pipe.recv()
            writer.merge()


@contextmanager
def child(target: Any, folder: Path) -> Iterator[tuple[Any, Connection]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(folder, theirs))
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield process, ours
    finally:
        process.kill()
        process.join()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_a_second_writer_is_refused_while_the_first_lives_and_works_after_it(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.commit("r1", batch("vk:1"))
        with (
            pytest.raises(LakeError, match=r"Идёт другой сбор.*Дождитесь") as caught,
            Lake(lake.folder).writer(),
        ):
            pass
        assert caught.value.exit_code == 2
        writer.commit("r1", batch("vk:2"))
    fill(lake, "vk:3")
    assert lake.state()["batch"] == 3


def test_a_writer_that_failed_leaves_no_lock(lake: Lake) -> None:
    with pytest.raises(ZeroDivisionError), lake.writer():
        raise ZeroDivisionError
    fill(lake, "vk:1")
    assert lake.state()["batch"] == 1


@pytest.mark.parametrize("ending", ["os._exit", "SIGKILL"])
def test_a_writer_in_another_process_keeps_us_out_until_it_is_dead(lake: Lake, ending: str) -> None:
    with child(write_until_told, lake.folder) as (process, pipe):
        with pytest.raises(LakeError, match="Идёт другой сбор"):
            fill(lake, "vk:2")
        assert len(lake.table("posts")) == POSTS  # reading is open to all
        if ending == "os._exit":
            pipe.send("end")
        else:
            process.kill()
        process.join()
        assert process.exitcode == (7 if ending == "os._exit" else -9)
    with lake.writer() as writer:
        assert writer.commit("r2", batch("vk:2")) == 2
    assert set(lake.table("posts")["account_id"]) == {"vk:1", "vk:2"}


def test_a_reader_never_sees_half_a_batch_while_another_process_commits_and_merges(lake: Lake) -> None:
    sql = """
        SELECT batch, count(DISTINCT coverage.account_id) AS covered, count(post_id) AS posts
        FROM all_posts AS posts FULL JOIN coverage USING (batch) GROUP BY batch ORDER BY batch
    """
    seen = []
    with child(commit_and_merge, lake.folder) as (process, pipe):
        for number in range(2000):
            rows = lake.query(sql)
            assert (rows["covered"] == 1).all()
            assert (rows["posts"] == POSTS).all()
            assert rows["batch"].tolist() == list(range(1, len(rows) + 1))
            seen.append(len(rows))
            if number == 0:
                pipe.send("go on")
            if len(rows) == RUNS * BATCHES:
                break
        process.join()
        assert process.exitcode == 0
    assert seen == sorted(seen)
    assert (seen[0], len(lake.query(sql))) == (1, RUNS * BATCHES)
