"""The pack made on a Dask cluster: the same bytes, and clear words where there is no cluster."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_reports import digests

from kirovlib import demo, reports
from kirovlib.errors import ParameterError
from kirovlib.order import evaluate
from kirovlib.reports import scheduler
from kirovlib.reports.scheduler import Cluster
from kirovlib.settings import Settings
from kirovlib.weeks import Period

W28 = Period.parse("2024-W28")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as made:
        yield made


def test_a_cluster_makes_the_same_pack_and_is_left_as_it_was(
    cluster: Any, small_demo: demo.Demo, tmp_path: Path
) -> None:
    here, there = Settings(home=tmp_path / "here"), Settings(home=tmp_path / "there")
    for each in (here, there):
        shutil.copytree(small_demo.index.parents[2] / "data", each.data_dir)
    keys = list(evaluate.judge(W28, here.data_dir).institutions["institution_id"])[:4]
    one = reports.build(here, W28, cards=keys, progress=False).parent
    other = reports.build(there, W28, cards=keys, scheduler=cluster.scheduler_address, progress=False).parent
    assert digests(one) == digests(other)
    assert len(list((other / "cards").glob("*.html"))) == 5
    with cluster.get_client() as client:
        left = client.run(_left_over)
    assert list(left.values()) == [(0, 0)] * 2


def _left_over() -> tuple[int, int]:
    """Crews that a worker of the cluster still keeps, and processes below it."""
    import psutil  # noqa: PLC0415 - comes with dask

    return len(scheduler._crews), len(psutil.Process().children(recursive=True))


def test_two_reports_at_once_leave_one_another_alone_and_a_forgotten_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Fake] = []

    class Fake:
        def __init__(self, **_: object) -> None:
            pass

        def make(self, _: object) -> float:
            return 0.0

        def close(self) -> None:
            ended.append(self)

    monkeypatch.setattr(scheduler, "Crew", Fake)
    monkeypatch.setattr(scheduler, "_crews", {})
    job: Any = None
    for report in ("one", "other", "one"):
        scheduler._make(job, None, report, warm=False)
    assert list(scheduler._crews) == ["one", "other"]
    assert not ended
    monkeypatch.setitem(scheduler._asked_at, "one", -1e9)
    scheduler._make(job, None, "third", warm=False)
    assert list(scheduler._crews) == ["other", "third"]
    assert len(ended) == 1


def test_a_cluster_that_does_not_answer_is_told_with_what_to_do() -> None:
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ParameterError, match=rf"по адресу «{address}» не отвечает.*dask scheduler запущен"):
        Cluster(address, warm=True)


def test_an_address_that_is_none_is_told_with_an_example() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ParameterError, match=r"«nonsense://x» не отвечает.*tcp://10.0.0.5:8786"):
        Cluster("nonsense://x", warm=True)


def test_a_cluster_without_workers_is_told_with_what_to_start() -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=0, processes=True, dashboard_address=None, host="127.0.0.1") as empty,
        pytest.raises(ParameterError, match=r"нет ни одного исполнителя.*dask worker tcp://"),
    ):
        Cluster(empty.scheduler_address, warm=True)


def test_without_dask_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParameterError, match=r"Dask, а он не установлен.*\[dask\]"):
        Cluster("tcp://127.0.0.1:1", warm=True)
