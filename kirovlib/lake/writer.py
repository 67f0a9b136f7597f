"""The lake's writer: batches as checkpoints, their merge at a run's end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import tables
from kirovlib.lake import durable
from kirovlib.lake.parts import Part, parts, table_file

# Ends with the batch: an account may have several rows without covered_from, or two runs at one moment of a
# fixed clock, and their order must not depend on how the files are cut.
SORT = {
    "posts": ("account_id", "posted_at", "post_id", "version", "batch"),
    "post_metrics": ("account_id", "post_id", "observed_at", "batch"),
    "profile_snapshots": ("account_id", "collected_at", "batch"),
    "coverage": ("account_id", "covered_from", "batch"),
}


@dataclass
class Batch:
    """What one checkpoint brings: rows of the four tables and raw answers by network."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    post_metrics: list[dict[str, Any]] = field(default_factory=list)
    profile_snapshots: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    raw: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class LakeWriter:
    """Writes batches; made by `Lake.writer`, which holds the lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # A killed run may have left files whose coverage never came: their numbers must not be used again.
        names = (file.name.split(".")[0] for file in folder.glob("*/run=*/*"))
        raw_names = (file.name.split(".")[0] for file in folder.glob("raw/*/run=*/*"))
        numbers = [int(name.split("-")[1]) for name in (*names, *raw_names) if re.fullmatch(r"\d+-\d+", name)]
        self._batch = max(numbers, default=0)

    def commit(self, run_id: str, batch: Batch) -> int:
        """Write one batch, its coverage last.

        Returns:
            The batch's number.
        """
        self._batch += 1
        part = Part(run_id, self._batch, self._batch)
        mark = {"run_id": run_id, "batch": self._batch}
        for platform, records in sorted(batch.raw.items()):
            file = self._folder / "raw" / f"platform={platform}" / f"{part.stem}.jsonl.zst"
            durable.write_aside(file, durable.compressed(records), "raw")
        for name, table in tables.LAKE_TABLES.items():
            rows = [{**row, **mark} for row in getattr(batch, name)]
            content = _sorted(name, tables.to_arrow(table, pd.DataFrame(rows)))
            durable.write_parquet(table_file(self._folder, name, part), content, name)
        return self._batch

    def record_run(self, run: Mapping[str, Any]) -> None:
        """Write or replace a row of `Runs`."""
        row = tables.to_arrow(tables.Runs, pd.DataFrame([run]))
        durable.write_parquet(self._folder / "runs" / f"{run['run_id']}.parquet", row, "runs")

    def merge(self) -> None:
        """Merge each run's batches into one part per table and drop what no coverage vouches for."""
        found = parts(self._folder)
        for run_id in sorted({part.run_id for part in found}):
            own = [part for part in found if part.run_id == run_id]
            whole = Part(run_id, min(part.first for part in own), max(part.last for part in own))
            if len(own) > 1:
                self._merge_raw(own, whole)
                for name in tables.LAKE_TABLES:
                    files = [table_file(self._folder, name, part) for part in own]
                    with durable.aside(table_file(self._folder, name, whole), f"merged_{name}") as handle:
                        durable.copy_parquet(files, handle)
        kept = {part.stem for part in parts(self._folder)}
        for file in [*self._folder.glob("*/run=*/*"), *self._folder.glob("raw/*/run=*/*")]:
            if f"{file.parent.name}/{file.name.split('.')[0]}" not in kept:
                file.unlink()
                durable.reached("superseded_removed")

    def _merge_raw(self, merged: Sequence[Part], whole: Part) -> None:
        for folder in sorted((self._folder / "raw").glob("platform=*")):
            files = [file for part in merged if (file := folder / f"{part.stem}.jsonl.zst").exists()]
            if files:
                with durable.aside(folder / f"{whole.stem}.jsonl.zst", "merged_raw") as handle:
                    for file in files:
                        handle.write(file.read_bytes())


def _sorted(name: str, table: Any) -> Any:
    return table.sort_by([(column, "ascending") for column in SORT[name]])
