"""Posts from a file into the lake, with their provenance: Telegram Desktop's JSON export or a CSV table.

A file proves what it holds and nothing about what it does not hold. So it covers only the period that the analyst
declares, and where no period is declared it covers nothing: its posts count, but no week becomes complete by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from kirovlib import merge_posts
from kirovlib.errors import InputError, ParameterError
from kirovlib.import_posts import csv_table, telegram_export
from kirovlib.import_posts.post_file import Content, FilePost, PostFile, load
from kirovlib.lake import Batch, Lake
from kirovlib.platforms.base import Reading, Target, raw_record
from kirovlib.settings import Settings
from kirovlib.weeks import local_date, local_midnight

__all__ = ["Imported", "PostFile", "import_posts"]

_READERS = {".json": telegram_export.read, ".csv": csv_table.read}
# What a file may not tell, though the network has told it before.
_UNTOLD = ("is_repost", "reposted_from_url", "is_ad", "is_pinned", "text")


@dataclass(frozen=True)
class Imported:
    """What a file brought.

    Attributes:
        found: The file as read.
        new_count: Posts that the lake did not have.
        changed_count: Posts stored as a further version.
        vanished_count: Posts of the declared period that the lake has and the file does not.
        covered_from, covered_until: The period (UTC, end exclusive) that counts as wholly read; None when none was
            declared or the file could not be read to its last message.
    """

    run_id: str
    account_id: str
    file_name: str
    sha256: str
    found: PostFile
    new_count: int
    changed_count: int
    vanished_count: int
    covered_from: datetime | None
    covered_until: datetime | None


def import_posts(
    settings: Settings, target: Target, path: Path, first: date | None = None, last: date | None = None
) -> Imported:
    """Bring the posts of a file into the lake.

    Args:
        settings: Folders and clock.
        target: The account of the register whose posts they are.
        path: `result.json` of Telegram Desktop or a CSV table.
        first, last: Local dates, both included, between which the file is declared to hold every post.

    Returns:
        What was stored.

    Raises:
        InputError: The file is broken or of another kind; nothing was stored.
        ParameterError: The period is impossible, or the file is of another account.
        LakeError: Another run is writing.
    """
    now = settings.clock()
    _check_dates(first, last, now)
    file = load(path)
    found = _read(file, target, now)
    covered = _covered(first, last, found, file, now)
    reading = _reading(file, found, target, covered, now)
    lake = Lake(settings.lake_dir)
    with lake.writer() as writer:
        run_id = merge_posts.free_run_id(settings)
        stored = merge_posts.stored_posts(lake, [reading]).get(target.account_id, {})
        reading.posts = [_with_told_before(post, stored.get(post["post_id"])) for post in reading.posts]
        rows = merge_posts.new_posts(reading, _comparable(stored, reading, file))
        kept = {row["raw_sha256"] for row in rows}
        raw = [record for record in reading.raw if record["method"] == "file" or record["sha256"] in kept]
        platform = target.account_id.partition(":")[0]
        writer.commit(run_id, Batch(posts=rows, coverage=[merge_posts.coverage_row(reading)], raw={platform: raw}))
        moments = [post.posted_at for post in found.posts]
        writer.record_run(
            {
                "run_id": run_id,
                "started_at": now,
                "finished_at": settings.clock(),
                "source": "file",
                "window_from": covered[0] if covered else min(moments),
                "window_until": covered[1] if covered else max(moments) + timedelta(seconds=1),
                "token_kind": None,
                "account_count": 1,
                "request_count": 0,
            }
        )
    vanished = sum(row["missed_at"] is not None for row in rows)
    new = sum(row["version"] == 1 for row in rows)
    return Imported(
        run_id,
        target.account_id,
        file.name,
        file.sha256,
        found,
        new,
        len(rows) - new - vanished,
        vanished,
        reading.covered_from,
        reading.covered_until,
    )


def _check_dates(first: date | None, last: date | None, now: datetime) -> None:
    if (first is None) != (last is None):
        msg = "Период указывается целиком: и --from, и --to (обе даты входят в него)."
        raise ParameterError(msg)
    if first is not None and last is not None and not first <= last <= local_date(now):
        msg = (
            f"Невозможный период: с {first:%d.%m.%Y} по {last:%d.%m.%Y}. --from не позже --to, "
            f"--to не позже сегодняшнего дня ({local_date(now):%d.%m.%Y})."
        )
        raise ParameterError(msg)


def _read(file: Content, target: Target, now: datetime) -> PostFile:
    ending = Path(file.name).suffix.lower()
    if ending not in _READERS:
        hint = " HTML-выгрузка не годится: выберите «Машиночитаемый JSON»." if ending in {".html", ".htm"} else ""
        msg = f"Файл «{file.name}»: ожидается .json (выгрузка Telegram Desktop) или .csv (таблица).{hint}"
        raise InputError(msg)
    found = _READERS[ending](file, target, now)
    if not found.posts:
        msg = f"Файл «{file.name}»: в нём нет ни одной публикации. Такой файл ничего не доказывает и не записан."
        raise InputError(msg)
    return found


def _covered(
    first: date | None, last: date | None, found: PostFile, file: Content, now: datetime
) -> tuple[datetime, datetime] | None:
    """The moments (UTC) between which every post is declared to be there.

    A file cannot hold what was published after it was written. Its time is not believed where it is earlier than its
    own posts.

    Raises:
        ParameterError: The declared period goes on after the file was written.
    """
    if first is None or last is None:
        return None
    until = min(local_midnight(last + timedelta(days=1)), now)
    newest = max(post.posted_at for post in found.posts)
    if newest <= file.changed_at < until:
        if file.changed_at <= max(local_midnight(first), local_midnight(last)):
            msg = (
                f"Файл «{file.name}» записан {local_date(file.changed_at):%d.%m.%Y}, раньше конца указанного периода "
                f"({last:%d.%m.%Y}): более поздних публикаций в нём нет. Выгрузите файл снова или укажите "
                "более раннюю дату --to."
            )
            raise ParameterError(msg)
        until = file.changed_at
    return local_midnight(first), until


def _reading(
    file: Content, found: PostFile, target: Target, covered: tuple[datetime, datetime] | None, now: datetime
) -> Reading:
    """The file as a reading of its account: rows of `Posts` and the records that are their evidence."""
    request = {"file": file.name, "size": len(file.content), "sha256": file.sha256, "format": found.kind}
    told = {
        "channel": found.channel,
        "post_count": len(found.posts),
        "service_count": found.service_count,
        "unreadable_count": found.unreadable_count,
        "declared_from": covered[0].isoformat() if covered else None,
        "declared_until": covered[1].isoformat() if covered else None,
    }
    whole = covered if not found.unreadable_count else None
    reading = Reading(
        target.account_id,
        "collected" if whole else "partial",
        "" if whole else "answer_not_understood" if covered else "file_without_period",
        whole[0] if whole else None,
        whole[1] if whole else None,
        # The message of the channel's creation is in the file: nothing was published before it.
        reached_end=bool(whole) and found.begins_with_creation,
        raw=[raw_record(target.account_id, "file", request, now, told)],
    )
    for post in found.posts:
        record = raw_record(target.account_id, "file.post", request, now, post.body)
        reading.raw.append(record)
        reading.posts.append(_row(post, target.account_id, now, record["sha256"]))
    return reading


def _row(post: FilePost, account_id: str, now: datetime, sha256: str) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "post_id": post.post_id,
        "posted_at": post.posted_at,
        "own": post.own,
        "is_repost": post.is_repost,
        "reposted_from_url": None,
        "is_ad": None,
        "is_pinned": None,
        "edited_at": post.edited_at,
        "text": post.text,
        "url": post.url,
        "observed_at": now,
        "last_seen_at": now,
        "missed_at": None,
        "raw_sha256": sha256,
    }


def _comparable(stored: Mapping[str, Mapping[str, Any]], reading: Reading, file: Content) -> dict[str, Any]:
    """Stored posts without those seen after the file was written: that it lacks them says nothing of them."""
    told = {post["post_id"] for post in reading.posts}
    return {key: old for key, old in stored.items() if key in told or old["last_seen_at"] <= file.changed_at}


def _with_told_before(row: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """The row, and what only the lake knows of the post; an older edition of it does not replace a newer one."""
    if old is None:
        return row
    kept = {name: old[name] for name in _UNTOLD if row[name] is None}
    if old["edited_at"] is not None and (row["edited_at"] is None or row["edited_at"] < old["edited_at"]):
        kept |= {"edited_at": old["edited_at"], "text": old["text"]}
    return row | kept
