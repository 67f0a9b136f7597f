"""The lake: append-only Parquet under `data/lake`, read through DuckDB; the only module that knows paths in there.

A batch of accounts is one checkpoint. Its files carry the batch number in their names and are written aside and
renamed, the coverage file **last**: a batch counts when its coverage file is there. At a run's end its batches are
merged into one part per table, named by the first and last batch; a part whose range contains another replaces it.

```
lake/posts/run=<run_id>/00000001-00000007.parquet        likewise post_metrics, profile_snapshots, coverage
lake/raw/platform=vk/run=<run_id>/00000001-00000007.jsonl.zst
lake/runs/<run_id>.parquet
```
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow
import pyarrow.parquet
import zstandard

from kirovlib import tables
from kirovlib.errors import LakeError

_TRIES = 5
# Ends with the batch: an account may have several rows without covered_from, or two runs at one moment of a
# fixed clock, and their order must not depend on how the files are cut.
_SORT = {
    "posts": ("account_id", "posted_at", "post_id", "version", "batch"),
    "post_metrics": ("account_id", "post_id", "observed_at", "batch"),
    "profile_snapshots": ("account_id", "collected_at", "batch"),
    "coverage": ("account_id", "covered_from", "batch"),
}
# Of a post's versions the latest is current. Versions above 1 are few, so the anti-join costs next to nothing,
# where a window function over all posts doubled the time on 53 million rows.
_CURRENT_POSTS = """
    CREATE VIEW posts AS SELECT * FROM all_posts
    ANTI JOIN (SELECT account_id, post_id, version - 1 AS version FROM all_posts WHERE version > 1)
    USING (account_id, post_id, version)
"""


@dataclass(frozen=True, order=True)
class _Part:
    run_id: str
    first: int
    last: int

    @property
    def stem(self) -> str:
        return f"run={self.run_id}/{self.first:08d}-{self.last:08d}"

    def contains(self, other: _Part) -> bool:
        return self.run_id == other.run_id and self.first <= other.first and other.last <= self.last


@dataclass
class Batch:
    """What one checkpoint brings: rows of the four tables and raw answers by network."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    post_metrics: list[dict[str, Any]] = field(default_factory=list)
    profile_snapshots: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    raw: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class Lake:
    """The lake in a folder.

    Example:
        >>> Lake(Path("data/sample/lake")).query("SELECT count(*) > 0 AS any FROM posts")["any"].item()
        True
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def query(self, sql: str, frames: Mapping[str, pd.DataFrame] | None = None) -> pd.DataFrame:
        """Rows of a DuckDB query over the lake's tables.

        The views are `posts` (current versions), `post_metrics`, `profile_snapshots`, `coverage` and `runs`.

        Args:
            sql: The query; moments are UTC, `timezone('Europe/Kirov', …)` gives local time.
            frames: Further tables by name.

        Raises:
            LakeError: When the lake is empty or was written by a newer version.
        """
        for attempt in range(_TRIES):
            try:
                with self._connect(frames or {}) as connection:
                    rows: pd.DataFrame = connection.sql(sql).df()
                    return rows
            except (duckdb.IOException, FileNotFoundError):
                # A run that ended just now has merged its parts: list them again.
                if attempt == _TRIES - 1:
                    raise
                time.sleep(0.05)
        raise AssertionError

    def table(self, name: str) -> pd.DataFrame:
        """One whole table, in its declared types and a fixed order."""
        order = ", ".join(_SORT[name])
        return tables.validate(tables.LAKE_TABLES[name], self.query(f"SELECT * FROM {name} ORDER BY {order}"))  # noqa: S608 - names are ours

    def runs(self) -> pd.DataFrame:
        """The table `Runs`, oldest first."""
        return tables.validate(tables.Runs, self.query("SELECT * FROM runs ORDER BY started_at, run_id"))

    def is_empty(self) -> bool:
        """Whether no batch was ever completed."""
        return not self._parts()

    def state(self) -> dict[str, Any]:
        """Highest batch number and a SHA-256 over all coverage rows, by which a report names the data it is of."""
        coverage = self.table("coverage")
        digest = hashlib.sha256(coverage.to_csv(index=False).encode()).hexdigest()
        return {"batch": int(coverage["batch"].max()), "coverage_sha256": digest}

    def raw(self, sha256: str) -> dict[str, Any]:
        """The stored answer with a hash.

        Raises:
            LakeError: When no stored answer has it.
        """
        for attempt in range(_TRIES):
            try:
                for file in sorted((self.folder / "raw").glob("platform=*/run=*/*.jsonl.zst")):
                    for record in _read_raw(file):
                        if record["sha256"] == sha256:
                            return record
                break
            except FileNotFoundError:  # merged just now, as in `query`
                if attempt == _TRIES - 1:
                    raise
        msg = f"Ответа сети с SHA-256 {sha256} нет в хранилище «{self.folder}»."
        raise LakeError(msg)

    @contextlib.contextmanager
    def writer(self) -> Iterator[LakeWriter]:
        """The only writer; another one is refused while it lives, a dead process leaves no lock behind.

        Raises:
            LakeError: When another run is writing.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+b") as handle:
            _lock(handle.fileno())
            yield LakeWriter(self)

    def _parts(self) -> list[_Part]:
        files = (self.folder / "coverage").glob("run=*/*-*.parquet")
        matches = [re.fullmatch(r"run=(.+)/(\d+)-(\d+)", f"{file.parent.name}/{file.stem}") for file in files]
        parts = sorted(_Part(match[1], int(match[2]), int(match[3])) for match in matches if match)
        return [part for part in parts if not any(other != part and other.contains(part) for other in parts)]

    def _file(self, table: str, part: _Part) -> Path:
        return self.folder / table / f"{part.stem}.parquet"

    def _connect(self, frames: Mapping[str, pd.DataFrame]) -> duckdb.DuckDBPyConnection:
        parts = self._parts()
        if not parts:
            msg = f"Хранилище «{self.folder}» пусто. Соберите данные: «kirov collect» (или «kirov demo» для примера)."
            raise LakeError(msg)
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        for name in tables.LAKE_TABLES:
            files = [self._file(name, part) for part in parts]
            if name == "coverage":
                _check_versions(files)
            _view(connection, "all_posts" if name == "posts" else name, files)
        connection.execute(_CURRENT_POSTS)
        runs = sorted((self.folder / "runs").glob("*.parquet"))
        if runs:
            _view(connection, "runs", runs)
        else:  # the first run is still going on, or was killed: its batches count all the same
            connection.register("runs", tables.arrow_schema(tables.Runs).empty_table())
        for name, frame in frames.items():
            connection.register(name, frame)
        return connection


class LakeWriter:
    """Writes batches; made by `Lake.writer`, which holds the lock."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        # A killed run may have left files whose coverage never came: their numbers must not be used again.
        names = (file.name.split(".")[0] for file in lake.folder.glob("*/run=*/*"))
        raw_names = (file.name.split(".")[0] for file in lake.folder.glob("raw/*/run=*/*"))
        numbers = [int(name.split("-")[1]) for name in (*names, *raw_names) if re.fullmatch(r"\d+-\d+", name)]
        self._batch = max(numbers, default=0)

    def commit(self, run_id: str, batch: Batch) -> int:
        """Write one batch, its coverage last.

        Returns:
            The batch's number.
        """
        self._batch += 1
        part = _Part(run_id, self._batch, self._batch)
        mark = {"run_id": run_id, "batch": self._batch}
        for platform, records in sorted(batch.raw.items()):
            _write_raw(self._lake.folder / "raw" / f"platform={platform}" / f"{part.stem}.jsonl.zst", records)
        for name, table in tables.LAKE_TABLES.items():
            rows = [{**row, **mark} for row in getattr(batch, name)]
            _write_parquet(self._lake._file(name, part), _sorted(name, tables.to_arrow(table, pd.DataFrame(rows))))  # noqa: SLF001 - one module
        return self._batch

    def record_run(self, run: Mapping[str, Any]) -> None:
        """Write or replace a row of `Runs`."""
        row = tables.to_arrow(tables.Runs, pd.DataFrame([run]))
        _write_parquet(self._lake.folder / "runs" / f"{run['run_id']}.parquet", row)

    def merge(self) -> None:
        """Merge each run's batches into one part per table and drop what no coverage vouches for."""
        parts = self._lake._parts()  # noqa: SLF001 - one module
        for run_id in sorted({part.run_id for part in parts}):
            own = [part for part in parts if part.run_id == run_id]
            whole = _Part(run_id, min(part.first for part in own), max(part.last for part in own))
            if len(own) > 1:
                self._merge_raw(own, whole)
                for name in tables.LAKE_TABLES:
                    pieces = [pyarrow.parquet.read_table(self._lake._file(name, part)) for part in own]  # noqa: SLF001
                    _write_parquet(self._lake._file(name, whole), _sorted(name, pyarrow.concat_tables(pieces)))  # noqa: SLF001
        kept = {part.stem for part in self._lake._parts()}  # noqa: SLF001
        for file in [*self._lake.folder.glob("*/run=*/*"), *self._lake.folder.glob("raw/*/run=*/*")]:
            if f"{file.parent.name}/{file.name.split('.')[0]}" not in kept:
                file.unlink()

    def _merge_raw(self, parts: Sequence[_Part], whole: _Part) -> None:
        for folder in sorted((self._lake.folder / "raw").glob("platform=*")):
            files = [file for part in parts if (file := folder / f"{part.stem}.jsonl.zst").exists()]
            if files:
                _write_aside(folder / f"{whole.stem}.jsonl.zst", b"".join(file.read_bytes() for file in files))


def _view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path]) -> None:
    # hive_partitioning would turn run ids into numbers and add a column; the row carries its run_id already.
    listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}], hive_partitioning = false)")  # noqa: S608


def _check_versions(files: Sequence[Path]) -> None:
    for file in files:
        metadata = pyarrow.parquet.read_schema(file).metadata or {}
        version = int(metadata.get(b"schema_version", b"0"))
        if version != tables.SCHEMA_VERSION:
            msg = (
                f"Хранилище записано другой версией программы (схема {version}, эта версия знает "
                f"{tables.SCHEMA_VERSION}): {file}. Обновите программу или укажите другое хранилище."
            )
            raise LakeError(msg)


def _sorted(name: str, table: Any) -> Any:
    return table.sort_by([(column, "ascending") for column in _SORT[name]])


def _write_parquet(file: Path, table: Any) -> None:
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    _write_aside(file, sink.getvalue().to_pybytes())


def _write_raw(file: Path, records: Sequence[Mapping[str, Any]]) -> None:
    lines = "".join(json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n" for record in records)
    _write_aside(file, zstandard.ZstdCompressor(level=6).compress(lines.encode()))


def _read_raw(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as handle:
        reader = zstandard.ZstdDecompressor().stream_reader(handle, read_across_frames=True)
        for line in reader.read().decode().split("\n"):  # not splitlines: texts may hold U+2028
            if line:
                yield json.loads(line)


def _write_aside(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.tmp")
    with aside.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    aside.replace(file)


def _lock(descriptor: int) -> None:
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl  # noqa: PLC0415 - does not exist on Windows

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        msg = "Идёт другой сбор в это же хранилище. Дождитесь его конца и повторите команду."
        raise LakeError(msg) from None
