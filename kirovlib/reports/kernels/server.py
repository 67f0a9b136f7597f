"""The fork server: one process that has everything imported and forks itself for each kernel and worker.

    python -m kirovlib.reports.kernels.server LISTENING_DESCRIPTOR

What is forked must not have been begun: no thread, no ZeroMQ context, no DuckDB connection, no event loop. That is why
the server does not judge by itself but is told a judgement, and why it loads it before the first fork.

It ends with whoever started it (its standard input then ends), and takes everything it forked along.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import random
import selectors
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

READY = b"+"


def main(descriptor: int) -> NoReturn:
    """Serve until standard input ends."""
    listener = socket.socket(fileno=descriptor)
    _import_all()
    gc.freeze()  # collected objects would be copied in each child
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended children leave no zombies
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        while all(key.fileobj is listener for key, _ in selector.select()):
            connection, _ = listener.accept()
            with connection:
                _answer(connection, listener)
    _end_all(Path(listener.getsockname()).parent)


def _import_all() -> None:
    """Import and touch what kernels and workers need; what is touched before the fork is not made again after it."""
    import ipykernel.ipkernel  # noqa: PLC0415
    import ipykernel.kernelapp  # noqa: PLC0415
    import ipykernel.zmqshell  # noqa: F401, PLC0415
    import nbconvert  # noqa: F401, PLC0415
    import pandas as pd  # noqa: PLC0415
    import papermill  # noqa: F401, PLC0415
    import plotly.graph_objects as go  # noqa: PLC0415
    import plotly.io  # noqa: PLC0415
    import pyarrow.dataset  # noqa: F401, PLC0415 - what pandas imports when it meets texts

    import kirovlib  # noqa: PLC0415
    from kirovlib import charts, tables  # noqa: F401, PLC0415
    from kirovlib.reports import pages  # noqa: PLC0415
    from kirovlib.reports.kernels import provisioner, worker  # noqa: F401, PLC0415

    for name in kirovlib.__all__:
        getattr(kirovlib, name)
    pages.exporter()
    for table in tables.LAKE_TABLES.values():
        tables.schema(table)
    # pandera looks for what it can check when it first does. Not on a table without rows: Arrow makes those by threads.
    week = {"account_id": "vk:a", "week_start": pd.Timestamp("2024-05-20"), "is_complete": True}
    counts = {name: 0 for name in tables.columns(tables.WeeklyCounts) if name.endswith("_count")}
    tables.validate(tables.WeeklyCounts, pd.DataFrame([week | counts]))
    figure = go.Figure(go.Bar(x=["а"], y=[1], marker={"pattern": {"shape": ["/"]}}))
    figure.add_scatter(x=["а"], y=[1]).add_annotation(text="а").add_vrect(x0=0, x1=1)
    figure.update_layout(title_text="а", shapes=[{"type": "line"}])
    plotly.io.renderers._build_mime_bundle(figure.to_dict())  # noqa: SLF001 - what showing a figure does


def _answer(connection: socket.socket, listener: socket.socket) -> None:
    asked = _asked(connection)
    if file := asked.get("remember"):
        remembered = pickle.loads(Path(file).read_bytes())  # noqa: S301 - from our parent's private folder
        remembered.put_in_place()
        gc.freeze()
        connection.sendall(READY)
    elif asked and _is_forked():
        try:
            listener_path = listener.getsockname()
            listener.close()
            _become_child()
            if "kernel" in asked:
                _kernel(connection, **asked["kernel"])
            else:
                from kirovlib.reports.kernels import worker  # noqa: PLC0415 - imported long ago

                connection.sendall(READY)
                worker.serve(connection.makefile("rb"), connection.makefile("wb"), listener_path)
        finally:
            os._exit(1)


def _is_forked() -> bool:
    """Whether this is the child; there is none where memory or processes are short, and who asked is told so."""
    with contextlib.suppress(OSError):
        return os.fork() == 0
    return False


def _asked(connection: socket.socket) -> dict[str, Any]:
    """The line that was asked, and not a byte of what follows: that is the worker's. Empty when the asker has gone."""
    line = b""
    while not line.endswith(b"\n"):
        more = connection.recv(1)
        if not more:
            return {}
        line += more
    found: dict[str, Any] = json.loads(line)
    return found


def _become_child() -> None:
    """What two forks of one process would share: standard streams, signals, the state of chance."""
    import numpy as np  # noqa: PLC0415 - imported long ago

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1) if os.environ.get("KIROV_DEBUG") else (0, 1, 2):
        os.dup2(nowhere, stream)
    random.seed()
    np.random.seed()  # noqa: NPY002 - the global state is what children would share


def _kernel(connection: socket.socket, cwd: str, arguments: list[str]) -> None:
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415 - imported long ago

    os.chdir(cwd)
    app = IPKernelApp.instance()
    # The analyst's history of commands is no place for what reports run.
    app.initialize([*arguments, "--HistoryManager.enabled=False"])
    connection.sendall(str(os.getpid()).encode())
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    app.start()


def _end_with(connection: socket.socket) -> None:
    """End this process when the other side of a socket has gone."""
    with contextlib.suppress(OSError):
        connection.recv(1)
    os._exit(1)


def _end_all(folder: Path) -> NoReturn:
    shutil.rmtree(folder, ignore_errors=True)
    if os.getpgrp() == os.getpid():  # children are of our group, those too that are deep in a computation
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
