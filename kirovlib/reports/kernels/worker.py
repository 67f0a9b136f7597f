"""A process that makes pages, one after the other: what it is asked and answers are lines of JSON.

    python -m kirovlib.reports.kernels.worker

starts one that takes stock kernels; the fork server makes others out of itself.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import IO, Any

from kirovlib import errors
from kirovlib.errors import KirovError


def serve(reader: IO[bytes], writer: IO[bytes], server: str) -> None:
    """Make pages until nobody asks any more; then end the process, also in the midst of a page.

    Args:
        reader, writer: Jobs, and how they ended.
        server: Where a fork server gives kernels; blank for stock kernels.
    """
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(reader, lines), daemon=True).start()
    while True:
        writer.write(json.dumps(_made(json.loads(lines.get()), server)).encode() + b"\n")
        writer.flush()


def error_of(answer: dict[str, Any]) -> KirovError:
    """The error that a worker told of."""
    kind: type[KirovError] = getattr(errors, str(answer["error"]), KirovError)
    return kind(answer["message"])


def _read(reader: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    for line in reader:
        lines.put(line)
    os._exit(0)


def _made(asked: dict[str, Any], server: str) -> dict[str, Any]:
    from kirovlib.reports.jobs import PageJob  # noqa: PLC0415 - jobs knows the crew's users

    try:
        return {"seconds": PageJob(**asked).make(server)}
    except KirovError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except Exception as error:  # noqa: BLE001 - the other pages do not suffer; the asker tells it
        return {"error": "KirovError", "message": f"{type(error).__name__}: {error}"}


def _main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print shall not stand among the answers
    serve(sys.stdin.buffer, answers, "")


if __name__ == "__main__":
    _main()
