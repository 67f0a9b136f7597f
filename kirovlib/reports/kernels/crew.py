"""The workers that make pages, and the fork server behind them."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from kirovlib.errors import KirovError
from kirovlib.reports.jobs import PageJob
from kirovlib.reports.kernels import worker
from kirovlib.reports.kernels.remembered import Remembered
from kirovlib.reports.kernels.server import READY

_MODULES = "kirovlib.reports.kernels"
_LONGEST_FOLDER = 60  # an address of a socket has at most 107 bytes
_NO_SERVER = (
    "Процесс, который готовит ядра для тетрадей, не запустился. Повторите с переменной KIROV_KERNELS=stock: "
    "медленнее, но без него."
)
_LOST = "процесс остановился, скорее всего не хватило памяти; повторите с меньшим числом процессов, --jobs 1"


def can_be_warm() -> bool:
    """Whether this system can fork a process that has imported much: macOS has `fork`, but its libraries forbid it."""
    return sys.platform == "linux"


class Crew:
    """Processes that make pages; as many as pages are asked for at once.

    Args:
        warm: Whether workers and kernels are forked from a warm process; else each is a Python of its own.
    """

    def __init__(self, *, warm: bool) -> None:
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._all: list[_Worker] = []
        self._server = _Server() if warm else None

    def remember(self, judged: Remembered) -> None:
        """Tell warm kernels a judgement; stock ones judge by themselves.

        Raises:
            KirovError: The fork server did not start.
        """
        if self._server is not None:
            self._server.remember(judged)

    def make(self, job: PageJob) -> float:
        """Make a page; several threads may ask at once.

        Returns:
            How many seconds it took.

        Raises:
            KirovError: The notebook ended in an error, or the process that made it was lost.
        """
        with self._worker() as one:
            answer = one.ask(asdict(job))
        if "error" in answer:
            raise worker.error_of(answer)
        return float(answer["seconds"])

    def close(self) -> None:
        """End all processes at once, whatever they do."""
        if self._server is not None:
            self._server.close()
        for one in list(self._all):
            one.dismiss()

    @contextlib.contextmanager
    def _worker(self) -> Iterator[_Worker]:
        try:
            one = self._idle.get_nowait()
        except queue.Empty:
            one = self._server.worker() if self._server is not None else _stock_worker()
            self._all.append(one)
        try:
            yield one
        except BaseException:
            one.close()
            raise
        self._idle.put(one)


class _Worker:
    """A worker as seen from here."""

    def __init__(self, writer: IO[bytes], reader: IO[bytes]) -> None:
        self._writer, self._reader = writer, reader

    def ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        try:
            self._writer.write(json.dumps(job).encode() + b"\n")
            self._writer.flush()
            line = self._reader.readline()
        except (OSError, ValueError):  # gone, or closed by `Crew.close`
            line = b""
        if not line:
            msg = f"Тетрадь {Path(job['source']).name}: {_LOST}."
            raise KirovError(msg)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def dismiss(self) -> None:
        """Let it end, also in the midst of a page; who waits for its answer, in another thread, gets none."""
        with contextlib.suppress(OSError):
            self._writer.close()

    def close(self) -> None:
        self.dismiss()
        with contextlib.suppress(OSError):
            self._reader.close()


def _stock_worker() -> _Worker:
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-P", "-m", f"{_MODULES}.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=_errors(),
        start_new_session=True,  # Ctrl-C is ours to handle
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101
    return _Worker(process.stdin, process.stdout)


class _Server:
    """The fork server as seen from here: it has a private folder, for its socket and those of its kernels."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="kirov-"))
        if len(os.fsencode(self._folder)) > _LONGEST_FOLDER:
            self._folder.rmdir()
            self._folder = Path(tempfile.mkdtemp(prefix="kirov-", dir="/tmp"))
        self._address = str(self._folder / "server")
        # Listening before it starts: who asks early waits, and nobody needs to look for its file.
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._address)
            listener.listen(64)
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", f"{_MODULES}.server", str(listener.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=_errors(),
                pass_fds=[listener.fileno()],
                start_new_session=True,  # Ctrl-C is ours to handle, and its group is what `close` ends
                env=_environment(),
            )

    def remember(self, judged: Remembered) -> None:
        file = self._folder / "judged"
        file.write_bytes(pickle.dumps(judged, protocol=5))
        self._asked({"remember": str(file)}).close()

    def worker(self) -> _Worker:
        connection = self._asked({"worker": True})
        return _Worker(connection.makefile("wb"), connection.makefile("rb"))

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _asked(self, what: Mapping[str, Any]) -> socket.socket:
        """A connection over which something was asked, and answered that it is there."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self._address)
            connection.sendall(json.dumps(what).encode() + b"\n")
            is_ready = connection.recv(1) == READY
        except OSError:
            is_ready = False
        if not is_ready:
            connection.close()
            raise KirovError(_NO_SERVER)
        return connection


def _errors() -> int | None:
    return None if os.environ.get("KIROV_DEBUG") else subprocess.DEVNULL


def _environment() -> dict[str, str]:
    """What must hold before the first import: figures as data, no warnings of a debugger, no threads of numpy."""
    ours = {
        "PLOTLY_RENDERER": "plotly_mimetype",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
    }
    # A kernel of JupyterLab that we are started from is not the parent of ours.
    return {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"} | ours
