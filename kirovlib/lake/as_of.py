"""The lake as it was when a report was made: every row carries its batch, so what came later is left out."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute
import pyarrow.parquet

from kirovlib import tables
from kirovlib.errors import LakeError
from kirovlib.lake.parts import parts, table_file
from kirovlib.lake.reader import Lake

_TRIES = 5


def copy_as_of(lake: Lake, state: Mapping[str, Any], target: Path) -> Lake:
    """Lay out the lake of an earlier state in a folder of its own, without raw answers.

    Whole parts are hard links where the file system has them, so this takes moments and no room.

    Args:
        lake: The lake as it is now.
        state: What `Lake.state` said then.
        target: A folder that is not there yet.

    Returns:
        The lake of then, held against the state's hashes.

    Raises:
        LakeError: The lake is empty, is another one, or the state cannot be had again; the message says why.
    """
    for attempt in range(_TRIES):
        shutil.rmtree(target, ignore_errors=True)
        try:
            _lay_out(lake, state, target)
            break
        except FileNotFoundError:  # a run that ended just now has merged its parts
            if attempt == _TRIES - 1:
                raise
            time.sleep(0.05)
    copied = Lake(target)
    found = {} if copied.is_empty() else copied.state()
    if reason := _difference(state, found):
        msg = (
            f"Состояние хранилища «{lake.folder}», по которому сделан отчёт (порция {state['batch']}), не повторить: "
            f"{reason}."
        )
        raise LakeError(msg)
    return copied


def _lay_out(lake: Lake, state: Mapping[str, Any], target: Path) -> None:
    last = int(state["batch"])
    found = parts(lake.folder)
    for part in found:
        if part.first > last:
            continue
        for name in tables.LAKE_TABLES:
            source, file = table_file(lake.folder, name, part), table_file(target, name, part)
            file.parent.mkdir(parents=True, exist_ok=True)
            if part.last <= last:
                _link(source, file)
            else:
                rows = pyarrow.parquet.read_table(source)
                pyarrow.parquet.write_table(rows.filter(pyarrow.compute.field("batch") <= last), file)
    if not found:
        return
    rows = lake.runs().head(int(state["run_count"]))
    # A run that was still going on had no end then.
    rows["finished_at"] = rows["finished_at"].mask(
        rows["run_id"].isin({part.run_id for part in found if part.last > last})
    )
    (target / "runs").mkdir(parents=True, exist_ok=True)
    for row in rows.to_dict("records"):
        table = tables.to_arrow(tables.Runs, pd.DataFrame([row]))
        pyarrow.parquet.write_table(table, target / "runs" / f"{row['run_id']}.parquet")


def _difference(state: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    if found == dict(state):
        return ""
    if found.get("batch", 0) < state["batch"]:
        return "таких порций в нём нет: это другое хранилище, или его восстановили не целиком"
    if found["coverage_sha256"] != state["coverage_sha256"]:
        return "таблица охвата этих порций другая: это другое хранилище, или его файлы изменены"
    return "таблица сборов другая: отчёт делали, пока шёл сбор, или хранилище изменено"


def _link(source: Path, file: Path) -> None:
    try:
        os.link(source, file)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, file)
