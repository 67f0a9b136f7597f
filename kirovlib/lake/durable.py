"""Files that are whole or not there: written aside, brought to the disk, renamed; and the forms they have."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow
import pyarrow.parquet
import zstandard

from kirovlib import tables

# The places between two writes, in the order in which a run comes by.
_WRITTEN = ("raw", *tables.LAKE_TABLES)
CRASH_POINTS = (
    *(
        f"{name}_{moment}"
        for name in ("runs", *_WRITTEN, *(f"merged_{name}" for name in _WRITTEN))
        for moment in ("aside", "written")
    ),
    "superseded_removed",
)


def write_parquet(file: Path, table: Any, point: str) -> None:
    """A `pyarrow.Table` as a file; `point` names it among `CRASH_POINTS`."""
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    write_aside(file, sink.getvalue().to_pybytes(), point)


def compressed(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Records as compressed JSON lines."""
    lines = "".join(json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n" for record in records)
    return zstandard.ZstdCompressor(level=6).compress(lines.encode())


def read_raw(file: Path, having: str = "") -> Iterator[dict[str, Any]]:
    """The records of a file that `compressed` made, or of several such one after the other.

    Args:
        having: Only records whose line contains this text; the others are not parsed.
    """
    with file.open("rb") as handle:
        reader = zstandard.ZstdDecompressor().stream_reader(handle, read_across_frames=True)
        for line in io.TextIOWrapper(reader, "utf-8", newline="\n"):  # texts may hold U+2028, which ends no record
            if having in line:
                yield json.loads(line)


def copy_parquet(files: Sequence[Path], handle: BinaryIO) -> None:
    """Parts one after the other, each a row group of its own, so that memory does not grow with their number."""
    first = pyarrow.parquet.read_table(files[0])
    with pyarrow.parquet.ParquetWriter(handle, first.schema, compression="zstd") as writer:
        for file in files:
            writer.write_table(pyarrow.parquet.read_table(file))


def write_aside(file: Path, content: bytes, point: str) -> None:
    """A file with this content, whole or not at all."""
    with aside(file, point) as handle:
        handle.write(content)


@contextlib.contextmanager
def aside(file: Path, point: str) -> Iterator[BinaryIO]:
    """A file that gets its name only when it is whole and on the disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.tmp")
    with unfinished.open("wb") as handle:
        yield handle
        handle.flush()
        os.fsync(handle.fileno())
    reached(f"{point}_aside")
    unfinished.replace(file)
    reached(f"{point}_written")


def reached(point: str) -> None:
    """A place between two writes, one of `CRASH_POINTS`; tests end the program here."""
