"""The lake read through DuckDB."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet
import zstandard

from kirovlib import tables
from kirovlib.errors import LakeError
from kirovlib.lake import durable
from kirovlib.lake.parts import PRUNED, alone, parts, raw_files, table_file
from kirovlib.lake.writer import SORT, LakeWriter

_TRIES = 5
_RUNS_TOLD = ("run_id", "started_at", "finished_at", "source", "window_from", "window_until")
_PRUNED = "Сохранённый ответ удалён по сроку"
_EMPTY = "Соберите данные: «kirov collect» (или «kirov demo» для примера)."
# Of a post's versions the latest is current. Versions above 1 are few, so the anti-join costs next to nothing,
# where a window function over all posts doubled the time on 53 million rows.
_CURRENT_POSTS = """
    CREATE VIEW posts AS SELECT * FROM all_posts
    ANTI JOIN (SELECT account_id, post_id, version - 1 AS version FROM all_posts WHERE version > 1)
    USING (account_id, post_id, version)
"""


class Lake:
    """The lake in a folder.

    Example:
        >>> Lake(Path("data/sample/lake")).query("SELECT count(*) > 0 AS any FROM posts")["any"].item()
        True
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def query(
        self, sql: str, frames: Mapping[str, pd.DataFrame] | None = None, *, any_order: bool = False
    ) -> pd.DataFrame:
        """Rows of a DuckDB query over the lake's tables.

        The views are `posts` (current versions), `post_metrics`, `profile_snapshots`, `coverage` and `runs`.

        Args:
            sql: The query; moments are UTC, `timezone('Europe/Kirov', …)` gives local time.
            frames: Further tables by name.
            any_order: Whether rows may come in any order where the query names none: half the time for many millions
                of numbers; columns must not be blank.

        Raises:
            LakeError: When the lake is empty or was written by a newer version.
        """
        for attempt in range(_TRIES):
            try:
                with self._connect(frames or {}, sql) as connection:
                    if any_order:
                        connection.execute("SET preserve_insertion_order = false")
                        return pd.DataFrame(connection.sql(sql).fetchnumpy(), copy=False)  # `df` copies into blocks
                    rows: pd.DataFrame = connection.sql(sql).df()
                    return rows
            except (duckdb.IOException, FileNotFoundError):
                # A run that ended just now has merged its parts: list them again.
                if attempt == _TRIES - 1:
                    raise
                time.sleep(0.05)
        raise AssertionError

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The lake as it is now, for many queries: what is written meanwhile is not seen.

        Only for who holds the writer: another's merge would take away the files.
        """
        if self.is_empty():
            yield Snapshot(None)
            return
        with self._connect({}) as connection:
            yield Snapshot(connection)

    def table(self, name: str) -> pd.DataFrame:
        """One whole table, in its declared types and a fixed order."""
        order = ", ".join(SORT[name])
        return tables.validate(tables.LAKE_TABLES[name], self.query(f"SELECT * FROM {name} ORDER BY {order}"))  # noqa: S608 - names are ours

    def runs(self) -> pd.DataFrame:
        """The table `Runs`, oldest first."""
        return tables.validate(tables.Runs, self.query("SELECT * FROM runs ORDER BY started_at, run_id"))

    def platform_ids(self) -> dict[str, str]:
        """The network's own id that the latest collection met at each account, by account_id; empty without a lake."""
        if self.is_empty():
            return {}
        rows = self.query(
            """
            SELECT account_id, arg_max(platform_id, (collected_at, batch)) AS platform_id
            FROM profile_snapshots WHERE platform_id IS NOT NULL GROUP BY account_id
            """
        )
        return dict(zip(rows["account_id"], rows["platform_id"], strict=True))

    def is_empty(self) -> bool:
        """Whether no batch was ever completed."""
        return not parts(self.folder)

    def state(self) -> dict[str, Any]:
        """By what a report names the data it is of, and has them again (`as_of.copy_as_of`).

        Returns:
            batch (the highest number), coverage_sha256 (over all coverage rows), run_count, runs_sha256 (over what a
            report says of runs).
        """
        coverage, runs = self.table("coverage"), self.runs()[list(_RUNS_TOLD)]
        return {
            "batch": int(coverage["batch"].max()),
            "coverage_sha256": hashlib.sha256(coverage.to_csv(index=False).encode()).hexdigest(),
            "run_count": len(runs),
            "runs_sha256": hashlib.sha256(runs.to_csv(index=False).encode()).hexdigest(),
        }

    def raw(self, sha256: str) -> dict[str, Any]:
        """The stored answer with a hash.

        Raises:
            LakeError: When no stored answer has it, or it was pruned.
        """
        for attempt in range(_TRIES):
            try:
                for file in sorted((self.folder / "raw").glob("platform=*/run=*/*.jsonl.zst")):
                    for record in durable.read_raw(file, sha256):
                        if record["sha256"] == sha256:
                            return record
                for file in sorted((self.folder / "raw").glob(f"platform=*/run=*/*{PRUNED}")):
                    for record in durable.read_raw(file, sha256):
                        if record["sha256"] == sha256:
                            msg = f"{_PRUNED}: SHA-256 {sha256}, получен {record['received_at']}."
                            raise LakeError(msg)
                break
            except FileNotFoundError:  # merged just now, as in `query`
                if attempt == _TRIES - 1:
                    raise
        msg = f"Ответа сети с SHA-256 {sha256} нет в хранилище «{self.folder}»."
        raise LakeError(msg)

    def answers(self, account_id: str, run_ids: Collection[str]) -> list[dict[str, Any]]:
        """The stored answers of an account in some runs, in the order in which they were stored, each with its run_id.

        An answer that was pruned (`prune`) has no body, but the moment `pruned_at`.

        Raises:
            LakeError: When a file of answers is damaged.
        """
        for _ in range(_TRIES):
            present = [part for part in parts(self.folder) if part.run_id in run_ids]
            try:
                found = [
                    {**record, "run_id": part.run_id}
                    for part in present
                    for file in raw_files(self.folder, part)
                    for record in durable.read_raw(file, json.dumps(account_id, ensure_ascii=False))
                    if record["account_id"] == account_id
                ]
            except FileNotFoundError:  # merged just now, as in `query`
                continue
            except (zstandard.ZstdError, ValueError) as error:
                msg = f"Сохранённые ответы сети в хранилище «{self.folder}» повреждены и не читаются: {error}."
                raise LakeError(msg) from None
            if present == [part for part in parts(self.folder) if part.run_id in run_ids]:
                return found  # else a file may have gone before it was looked for
        msg = f"Хранилище «{self.folder}» меняется во время чтения: дождитесь конца сбора и повторите."
        raise LakeError(msg)

    @contextlib.contextmanager
    def writer(self) -> Iterator[LakeWriter]:
        """The only writer; another one is refused while it lives, a dead process leaves no lock behind.

        Raises:
            LakeError: When another run is writing.
        """
        with alone(self.folder / "lock"):
            yield LakeWriter(self.folder)

    def _connect(self, frames: Mapping[str, pd.DataFrame], sql: str = "") -> duckdb.DuckDBPyConnection:
        """A connection with the views that a query names, all without one: a view of many posts takes 0.2 s to make."""
        found = parts(self.folder)
        if not found:
            msg = f"Хранилище «{self.folder}» пусто. {_EMPTY}"
            raise LakeError(msg)
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        for name in tables.LAKE_TABLES:
            files = [table_file(self.folder, name, part) for part in found]
            if name == "coverage":
                _check_versions(files)
            if not sql or name in sql:
                _view(connection, "all_posts" if name == "posts" else name, files)
        if not sql or re.search(r"\bposts\b", sql):
            connection.execute(_CURRENT_POSTS)
        runs = sorted((self.folder / "runs").glob("*.parquet"))
        # Without one the first run is still going on, or was killed: its batches count all the same. Runs of earlier
        # versions have fewer columns.
        connection.register("no_runs", tables.arrow_schema(tables.Runs).empty_table())
        if runs:
            _view(connection, "some_runs", runs, "union_by_name = true")
        stored = " UNION ALL BY NAME FROM some_runs" if runs else ""
        connection.execute(f"CREATE VIEW runs AS FROM no_runs{stored}")
        for name, frame in frames.items():
            connection.register(name, frame)
        return connection


class Snapshot:
    """The lake at a moment; made by `Lake.snapshot`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        self._connection = connection

    def is_empty(self) -> bool:
        """Whether no batch had ever been completed."""
        return self._connection is None

    def query(self, sql: str, frames: Mapping[str, pd.DataFrame] | None = None) -> pd.DataFrame:
        """See `Lake.query`.

        Raises:
            LakeError: When the lake was empty.
        """
        if self._connection is None:
            msg = f"Хранилище пусто. {_EMPTY}"
            raise LakeError(msg)
        for name, frame in (frames or {}).items():
            self._connection.register(name, frame)
        rows: pd.DataFrame = self._connection.sql(sql).df()
        return rows


def _view(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path], *options: str) -> None:
    # hive_partitioning would turn run ids into numbers and add a column; the row carries its run_id already.
    listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    how = ", ".join((f"[{listed}]", "hive_partitioning = false", *options))
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({how})")  # noqa: S608


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
