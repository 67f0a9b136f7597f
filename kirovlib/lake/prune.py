"""Raw answers past their term: the bodies go, what was asked, when it came and its SHA-256 stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from kirovlib.lake import durable
from kirovlib.lake.parts import PRUNED, RAW
from kirovlib.lake.reader import Lake

CRASH_POINTS = ("pruned_aside", "pruned_written", "pruned_removed")


@dataclass(frozen=True)
class Pruned:
    """What went, or would go.

    Attributes:
        file_count: Files of answers, one for each network of a run.
        answer_count: Answers in them.
        byte_count: Their bytes on the disk; what stays of each answer not taken off before it is written.
        kept_count: Files of answers that stay.
        first_at, last_at: When the first and the last of the answers came, UTC; none where nothing goes.
    """

    file_count: int
    answer_count: int
    byte_count: int
    kept_count: int
    first_at: datetime | None
    last_at: datetime | None


def prune(lake: Lake, before: datetime, now: datetime, *, dry: bool) -> Pruned:
    """Take the bodies of raw answers out of the lake, file by file, where all of a file's answers are old enough.

    Posts, pages, coverage, and with them every report and verdict, stay as they are. First what stays is written and
    brought to the disk, then the answers go: killed in between, both are there, and the next time goes on. Readers
    find one or the other.

    Args:
        lake: The lake.
        before: Answers that came before this moment (UTC) go.
        now: The present moment (UTC), noted with what stays.
        dry: Whether to tell only what would go.

    Raises:
        LakeError: Another run is writing.
    """
    if dry:
        return _counted(_ages(lake.folder), before)
    with lake.writer() as writer:
        if not lake.is_empty():
            writer.merge()  # what a killed run left: parts that are merged later must have their answers
        found = _ages(lake.folder)
        told = _counted(found, before)
        left = sum(_remove(old.file, now) for old in found if old.last_at < before)
    return replace(told, byte_count=told.byte_count - left)


class _Old(NamedTuple):
    file: Path
    answer_count: int
    first_at: datetime
    last_at: datetime


def _ages(folder: Path, tries: int = 5) -> list[_Old]:
    try:
        return _read_ages(folder)
    except FileNotFoundError:  # a run that ended just now has merged its answers
        if tries == 1:
            raise
    return _ages(folder, tries - 1)


def _read_ages(folder: Path) -> list[_Old]:
    found = []
    for file in sorted((folder / "raw").glob(f"platform=*/run=*/*{RAW}")):
        moments = [datetime.fromisoformat(record["received_at"]) for record in durable.read_raw(file)]
        if moments:
            found.append(_Old(file, len(moments), min(moments), max(moments)))
    return found


def _counted(found: Sequence[_Old], before: datetime) -> Pruned:
    going = [old for old in found if old.last_at < before]
    return Pruned(
        len(going),
        sum(old.answer_count for old in going),
        sum(old.file.stat().st_size for old in going),
        len(found) - len(going),
        min((old.first_at for old in going), default=None),
        max((old.last_at for old in going), default=None),
    )


def _remove(file: Path, now: datetime) -> int:
    """The bytes that stay."""
    left = file.with_name(file.name.removesuffix(RAW) + PRUNED)
    if not left.exists():  # else it was killed between the two steps
        kept = [_without_body(record, now) for record in durable.read_raw(file)]
        durable.write_aside(left, durable.compressed(kept), "pruned")
    file.unlink()
    durable.reached("pruned_removed")
    return left.stat().st_size


def _without_body(record: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "body"} | {"pruned_at": now.isoformat()}
