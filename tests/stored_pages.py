"""Report packs without kernels, for tests of what stands around the pages."""

from __future__ import annotations

import hashlib
import html
import json
import shutil
from concurrent.futures import Future
from pathlib import Path
from typing import Self

from kirovlib.reports.jobs import PageJob


class Makers:
    """In place of `pack._makers`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def remember(self, judged: object) -> None:
        pass

    def submit(self, job: PageJob) -> Future[float]:
        """The page is its stamp."""
        done = Future[float]()
        if job.executed:
            shutil.copyfile(job.source, job.executed)
        Path(job.page).write_text(html.escape(str(job.context["stamp"])), encoding="utf-8")
        done.set_result(0.0)
        return done


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of a pack's files; timings aside."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if file == folder / "run.json":
            content = json.dumps({**json.loads(content), "timings": None}).encode()
        found[file.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found
