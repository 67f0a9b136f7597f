"""Which batches are there: a batch counts when its coverage file does; a merged part replaces what it contains."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kirovlib.errors import LakeError

RAW, PRUNED = ".jsonl.zst", ".pruned.zst"
_BUSY = "Идёт другой сбор в это же хранилище. Дождитесь его конца и повторите команду."


@dataclass(frozen=True, order=True)
class Part:
    """Batches of a run, by their first and last number."""

    run_id: str
    first: int
    last: int

    @property
    def stem(self) -> str:
        """The path of its files inside a table's folder, without the ending."""
        return f"run={self.run_id}/{self.first:08d}-{self.last:08d}"

    def contains(self, other: Part) -> bool:
        """Whether all batches of another part are in this one."""
        return self.run_id == other.run_id and self.first <= other.first and other.last <= self.last


def parts(folder: Path) -> list[Part]:
    """The parts of a lake's folder that count, by run and number."""
    files = (folder / "coverage").glob("run=*/*-*.parquet")
    matches = [re.fullmatch(r"run=(.+)/(\d+)-(\d+)", f"{file.parent.name}/{file.stem}") for file in files]
    found = sorted(Part(match[1], int(match[2]), int(match[3])) for match in matches if match)
    return [part for part in found if not any(other != part and other.contains(part) for other in found)]


def table_file(folder: Path, table: str, part: Part) -> Path:
    """Where a part of a table lies."""
    return folder / table / f"{part.stem}.parquet"


def raw_files(folder: Path, part: Part) -> list[Path]:
    """A part's raw answers by network; where they were pruned, what is left of them."""
    stored = {file.parent: file for file in (folder / "raw").glob(f"platform=*/{part.stem}{RAW}")}
    left = {file.parent: file for file in (folder / "raw").glob(f"platform=*/{part.stem}{PRUNED}")}
    return [file for _, file in sorted((left | stored).items())]


@contextlib.contextmanager
def alone(file: Path, busy: str = _BUSY) -> Iterator[None]:
    """Hold a lock file; the file stays, the lock does not outlive its process.

    Args:
        file: The lock file; its folder is made.
        busy: What is said when another process has it.

    Raises:
        LakeError: When another process has it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as handle:
        lock(handle.fileno(), busy)
        yield


def lock(descriptor: int, busy: str = _BUSY) -> None:
    """Take the lock of an open file; the system takes it back when the process ends, however it ends.

    Args:
        descriptor: Of the file.
        busy: What is said when another process has it.

    Raises:
        LakeError: When another process has it.
    """
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl  # noqa: PLC0415 - does not exist on Windows

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise LakeError(busy) from None
