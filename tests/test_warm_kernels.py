"""Kernels forked from a warm process: clean, bounded, gone with who asked for them, and the same as stock ones."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import kirovlib
from kirovlib import demo, parameters
from kirovlib.errors import KirovError
from kirovlib.order import evaluate
from kirovlib.reports import kernels, notebooks
from kirovlib.reports.jobs import PageJob
from kirovlib.reports.kernels import Crew, crew, pool, server, worker
from kirovlib.reports.kernels.pool import Pool
from kirovlib.weeks import Period

W28 = Period.parse("2024-W28")
PAST_WEEKS = parameters.past_weeks_for(W28)
PROC = Path("/proc")
warm_only = pytest.mark.skipif(not kernels.can_be_warm(), reason="warm kernels are forked, which only Linux does well")


@pytest.fixture(scope="module")
def warm() -> Iterator[Crew]:
    if not kernels.can_be_warm():
        pytest.skip("warm kernels are forked, which only Linux does well")
    made = Crew(warm=True)
    yield made
    made.close()


def notebook(folder: Path, *cells: str) -> Path:
    written = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in cells])
    written.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file = folder / f"{len(list(folder.iterdir()))}.ipynb"
    nbformat.write(written, file)
    return file


def job(source: Path, page: Path | None = None, **values: Any) -> PageJob:
    context = {"name": source.stem, "title": "Заголовок", "period": "2024-W28", "pages": [], "banner": "", "stamp": ""}
    target = page or source.with_suffix(".html")
    return PageJob(str(source), values, str(source.parent), str(target), context, str(source.with_suffix(".done")))


def told(made: PageJob) -> list[str]:
    """What the cells printed or showed."""
    outputs = [output for cell in nbformat.read(made.executed, 4).cells for output in cell.outputs]
    return [str(output.get("text") or output["data"]["text/plain"]).strip() for output in outputs]


def run(makers: Crew, folder: Path, *cells: str) -> list[str]:
    made = job(notebook(folder, *cells))
    makers.make(made)
    return told(made)


def children(pid: int) -> set[int]:
    """Processes below one, those of a warm server too: they are of its process group."""
    found: dict[int, int] = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    below, more = set(), {pid}
    while more:
        more = {child for child, parent in found.items() if parent in more} - below
        below |= more
    return below


def alive(pids: set[int]) -> set[int]:
    """Those that still run; a zombie whom nobody has asked about is not alive."""
    found = set()
    for pid in pids:
        try:
            state = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        found |= {pid} if state != "Z" else set()
    return found


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait for something that happens by itself."""
    for _ in range(600):
        if found := holds():
            return found
        time.sleep(0.05)
    return pytest.fail(f"did not happen: {what}")


# --- clean


def test_what_one_notebook_set_the_next_does_not_know(warm: Crew, tmp_path: Path) -> None:
    first = run(
        warm,
        tmp_path,
        """
        import os, random, numpy, kirovlib
        left_over, kirovlib.left_over = 1, 1
        os.environ["LEFT_OVER"] = "1"
        os.chdir("/")
        random.seed(1); numpy.random.seed(1)
        print(os.getpid())
        """,
    )
    second = run(
        warm,
        tmp_path,
        """
        import os, kirovlib
        known = "left_over" in globals(), hasattr(kirovlib, "left_over"), "LEFT_OVER" in os.environ
        print(os.getpid(), *known, os.getcwd())
        """,
    )
    pid, *rest = second[0].split()
    assert first[0] != pid
    assert rest == ["False", "False", "False", str(tmp_path)]


def test_kernels_do_not_share_their_chance(warm: Crew, tmp_path: Path) -> None:
    cell = "import random, numpy\nprint(random.random(), numpy.random.random())"
    first, second = (run(warm, tmp_path, cell)[0].split() for _ in range(2))
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_what_is_forked_has_no_thread_and_no_context_of_zeromq(warm: Crew, tmp_path: Path) -> None:
    run(warm, tmp_path, "1")  # the server is there now
    assert warm._server is not None
    assert len(list((PROC / str(warm._server._process.pid) / "task").iterdir())) == 1
    sockets = [str(each.readlink()) for each in (PROC / str(warm._server._process.pid) / "fd").iterdir()]
    assert sum("eventpoll" in name for name in sockets) == 1  # its own; a context of ZeroMQ has more


def test_a_notebook_on_a_warm_kernel_shows_what_it_shows_on_a_stock_one(warm: Crew, tmp_path: Path) -> None:
    stock = Crew(warm=False)
    cells = (
        "import sys, os, pandas, plotly.express as px\nprint(os.getcwd(), __name__, sys.stdout.isatty())",
        "pandas.DataFrame({'a': [1.5, None]})",
        "px.bar(x=['а'], y=[1])",
        "!echo of the shell",
    )
    try:
        made = [job(notebook(tmp_path, *cells)) for _ in range(2)]
        for makers, one in zip((warm, stock), made, strict=True):
            makers.make(one)
    finally:
        stock.close()
    one, other = (json.loads(Path(each.executed).read_text(encoding="utf-8")) for each in made)
    for cell, same in zip(one["cells"], other["cells"], strict=True):
        assert cell["outputs"] == same["outputs"]


# --- what goes wrong


@pytest.mark.parametrize("end", ["import os; os._exit(0)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_kernel_that_dies_is_told_with_what_to_do_and_the_next_page_is_made(
    warm: Crew, tmp_path: Path, end: str
) -> None:
    with pytest.raises(KirovError, match=r"ядро остановилось посреди работы.*--jobs 1"):
        run(warm, tmp_path, end)
    assert run(warm, tmp_path, "print(1)") == ["1"]


def test_an_error_of_a_cell_is_told_in_its_own_words(warm: Crew, tmp_path: Path) -> None:
    with pytest.raises(KirovError, match="остановилась: не сошлось"):
        run(warm, tmp_path, "raise ValueError('не сошлось')")


def test_a_worker_that_is_killed_costs_its_page_alone(warm: Crew, tmp_path: Path) -> None:
    with pytest.raises(KirovError, match=r"процесс остановился.*--jobs 1"):
        # The only other process of ours that takes part: found by what it is connected to, the kernel's asker.
        run(warm, tmp_path, _KILL_WORKER)
    assert run(warm, tmp_path, "print(1)") == ["1"]


_KILL_WORKER = """
import os, signal
server = os.getppid()  # asked once: without it, ours would be the first process of all, and its children everybody
ours = {os.getpid(), server}
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) not in ours:
        try:
            parent = int(open(f"/proc/{name}/stat").read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == server != 1:
            os.kill(int(name), signal.SIGKILL)
import time
time.sleep(60)
"""


@warm_only
def test_a_server_that_does_not_start_is_told_with_the_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_MODULES", "kirovlib.no_such")
    broken = Crew(warm=True)
    try:
        with pytest.raises(KirovError, match="KIROV_KERNELS=stock"):
            broken.make(job(Path("any.ipynb")))
    finally:
        broken.close()


def test_a_fork_that_memory_does_not_allow_is_no_end_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def short() -> int:
        raise BlockingIOError

    monkeypatch.setattr(server.os, "fork", short)
    asked, answered = socket.socketpair()
    with asked, answered, socket.socket(socket.AF_UNIX) as listener:
        asked.sendall(b'{"worker": true}\n')
        server._answer(answered, listener)


def refuse(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_a_kernel_that_the_server_does_not_give_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "server"))
        listener.listen()
        threading.Thread(target=refuse, args=(listener,), daemon=True).start()
        with pytest.raises(KirovError, match=r"ядро остановилось.*--jobs 1"):
            notebooks.execute(notebook(tmp_path, "1"), {}, tmp_path, str(tmp_path / "server"))


def test_what_a_worker_could_not_do_is_an_error_of_its_kind() -> None:
    told_of = worker.error_of({"error": "LakeError", "message": "пусто"})
    assert (type(told_of).__name__, str(told_of)) == ("LakeError", "пусто")
    assert type(worker.error_of({"error": "ZeroDivisionError", "message": "x"})) is KirovError


def test_a_page_on_a_disk_that_is_not_shared_says_so(tmp_path: Path) -> None:
    with pytest.raises(KirovError, match="общем диске"):
        job(tmp_path / "away" / "04.ipynb").make()


# --- how many, and their end


@warm_only
def test_no_more_kernels_live_at_a_time_than_there_are_jobs(tmp_path: Path) -> None:
    most = tmp_path / "most"
    most.mkdir()
    cell = f"""
    import os, time
    mine = f"{most}/{{os.getpid()}}"
    open(mine, "w").close()
    print(len(os.listdir("{most}")))
    time.sleep(0.2)
    os.remove(mine)
    """
    (tmp_path / "books").mkdir()
    jobs = [job(notebook(tmp_path / "books", cell)) for _ in range(5)]
    with Pool(2, warm=True) as makers:
        for future in [makers.submit(each) for each in jobs]:
            future.result()
    assert max(int(told(each)[0]) for each in jobs) <= 2


def test_the_number_of_jobs_is_what_cores_and_memory_allow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    monkeypatch.setattr(pool, "Path", lambda _: meminfo)
    monkeypatch.setattr(pool.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    found = []
    for free in (100, 450, 1300, 64_000):
        meminfo.write_text(f"MemTotal: 64000000 kB\nMemAvailable: {free * 1024} kB\n")
        found.append(pool.default_jobs())
    meminfo.unlink()
    assert [*found, pool.default_jobs()] == [1, 1, 3, 8, 8]


@warm_only
def test_a_killed_parent_leaves_no_server_worker_or_kernel_and_no_folder(tmp_path: Path) -> None:
    busy = notebook(tmp_path, f"open(r'{tmp_path}/begun', 'w').close()\nwhile True: pass")
    program = f"""
    from pathlib import Path
    from test_warm_kernels import job
    from kirovlib.reports.kernels import Crew
    crew = Crew(warm=True)
    print(crew._server._folder, flush=True)
    crew.make(job(Path(r"{busy}")))
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        text=True,
    ) as parent:
        assert parent.stdout is not None
        folder = Path(parent.stdout.readline().strip())
        until((tmp_path / "begun").exists, "the kernel is at work")
        started = children(parent.pid)
        assert len(alive(started)) >= 3  # server, worker, kernel
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    until(lambda: not alive(started), "all have ended")
    until(lambda: not folder.exists(), "the folder has gone")


@pytest.mark.parametrize("is_warm", [pytest.param(True, marks=warm_only), False])
def test_closing_ends_what_is_in_the_midst_of_a_page(is_warm: bool, tmp_path: Path) -> None:
    busy = job(notebook(tmp_path, f"open(r'{tmp_path}/begun', 'w').close()\nwhile True: pass"))
    before = children(os.getpid())
    with Pool(1, warm=is_warm) as makers:
        future = makers.submit(busy)
        until((tmp_path / "begun").exists, "the kernel is at work")
        started = children(os.getpid()) - before
        assert started
    assert future.exception() is not None
    until(lambda: not alive(started), "all have ended")


# --- the judgement that is remembered


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[kernels.Remembered]:
    """A judgement put in place over a home folder of its own, as in a warm server."""
    shutil.copytree(Path(__file__).parents[1] / "data" / "sample", tmp_path / "data")
    monkeypatch.setattr(kirovlib, "judge", evaluate.judge, raising=False)  # taken back after the test
    found = kernels.judge(W28, tmp_path / "data", PAST_WEEKS)
    found.put_in_place()
    return found


def is_remembered(remembered: kernels.Remembered, judged: evaluate.Judgement) -> bool:
    return judged.facts is remembered.judged.facts


def test_a_judgement_is_given_out_where_all_it_was_made_of_is_the_same(
    remembered: kernels.Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(remembered.data.parent)
    judged = kirovlib.judge("2024-W28", data="data", past_weeks=PAST_WEEKS)
    assert is_remembered(remembered, judged)
    assert judged.data == Path("data")  # as it was asked for


@pytest.mark.parametrize("asked", [("2024-W27", PAST_WEEKS), ("2024-W28", 3), ("2024-W28", 0)])
def test_another_period_or_other_weeks_are_judged(remembered: kernels.Remembered, asked: tuple[str, int]) -> None:
    judged = kirovlib.judge(asked[0], data=remembered.data, past_weeks=asked[1])
    assert not is_remembered(remembered, judged)
    assert judged.period.label == asked[0]


def test_another_folder_is_judged_though_it_holds_the_same(remembered: kernels.Remembered, tmp_path: Path) -> None:
    shutil.copytree(remembered.data, tmp_path / "other")
    assert not is_remembered(remembered, kirovlib.judge(W28, data=tmp_path / "other", past_weeks=PAST_WEEKS))


def edit_register(data: Path) -> None:
    file = data / "registry" / "institutions.csv"
    told_before = file.stat()
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("Школа", "Шкода"), encoding="utf-8")
    os.utime(file, ns=(told_before.st_atime_ns, told_before.st_mtime_ns))  # an editor that keeps the time


def add_exemptions(data: Path) -> None:
    (data / "registry" / "notes.csv").write_text("x", encoding="utf-8")


def own_order(data: Path) -> None:
    (data / "order").mkdir()
    shutil.copy(Path(evaluate.__file__).with_name("clauses.toml"), data / "order")


def newer_lake(data: Path) -> None:
    file = next((data / "lake" / "coverage").rglob("*.parquet"))
    os.utime(file, ns=(1, 1))


@pytest.mark.parametrize("change", [edit_register, add_exemptions, own_order, newer_lake])
def test_a_changed_lake_register_or_order_is_judged_anew(
    remembered: kernels.Remembered, change: Callable[[Path], None]
) -> None:
    before = kernels.remembered.state_of(remembered.data)
    change(remembered.data)
    assert kernels.remembered.state_of(remembered.data) != before
    assert not is_remembered(remembered, kirovlib.judge(W28, data=remembered.data, past_weeks=PAST_WEEKS))


def test_nothing_is_remembered_but_in_a_warm_server() -> None:
    assert "judge" not in vars(kirovlib)
    assert kirovlib.judge is evaluate.judge


def test_warm_kernels_get_the_judgement_that_was_told(warm: Crew, tmp_path: Path, small_demo: demo.Demo) -> None:
    home = small_demo.index.parents[2]
    cell = f"""
    import kirovlib
    judged = kirovlib.judge("2024-W28", data=r"{home / "data"}", past_weeks={PAST_WEEKS})
    how = kirovlib.judge.__wrapped__.__name__ if hasattr(kirovlib.judge, "__wrapped__") else "anew"
    print(how, len(judged.findings))
    """
    count = len(evaluate.judge(W28, home / "data").findings)
    assert run(warm, tmp_path, cell) == [f"anew {count}"]
    told_of = Crew(warm=True)
    try:
        told_of.remember(kernels.judge(W28, home / "data", PAST_WEEKS))
        assert run(told_of, tmp_path, cell) == [f"judge {count}"]
    finally:
        told_of.close()
