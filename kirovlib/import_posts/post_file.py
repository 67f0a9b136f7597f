"""What every kind of file gives: its posts, where they come from, and how a file is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kirovlib.errors import InputError

LARGEST_BYTES = 500 * 1024 * 1024
_SHOWN_ERRORS = 50


@dataclass(frozen=True)
class Content:
    """A file's bytes and what names it: never its folder, which says something of the analyst's machine.

    Attributes:
        changed_at: When the file was last written, UTC; it cannot hold posts of a later moment.
    """

    name: str
    content: bytes
    sha256: str
    changed_at: datetime


@dataclass(frozen=True)
class FilePost:
    """A post of a file.

    Attributes:
        is_repost, edited_at, text: None where the file does not say.
        body: What was used of it, without private persons; the evidence that is stored.
    """

    post_id: str
    posted_at: datetime
    own: bool
    is_repost: bool | None
    edited_at: datetime | None
    text: str | None
    url: str
    body: dict[str, Any]


@dataclass
class PostFile:
    """A file as read.

    Attributes:
        kind: The format, as stored in the provenance.
        channel: Name and number of the channel, where the file says them.
        begins_with_creation: Whether the file goes back to the moment the channel was made.
        album_count: Posts that were joined of several messages.
        joined_count: The messages they were joined of.
        service_count: Service messages, which are no posts.
        unreadable_count: Messages that the exporting program could not write; they may be posts.
        local_count: Rows whose time has no offset and was taken for Kirov time.
    """

    kind: str
    posts: list[FilePost] = field(default_factory=list)
    channel: str = ""
    begins_with_creation: bool = False
    album_count: int = 0
    joined_count: int = 0
    service_count: int = 0
    unreadable_count: int = 0
    local_count: int = 0


def load(path: Path) -> Content:
    """The file's bytes.

    Raises:
        InputError: It is missing, not a file, cannot be read, is empty or larger than 500 MB.
    """
    name = printable(path.name)
    try:
        if not path.is_file():
            what = "это папка или не обычный файл" if path.exists() else "такого файла нет"
            msg = f"Файл «{name}» не прочитан: {what}. Укажите result.json из Telegram Desktop или CSV."
            raise InputError(msg)
        about = path.stat()
        if about.st_size > LARGEST_BYTES:
            size, limit = about.st_size // 1024**2, LARGEST_BYTES // 1024**2
            msg = (
                f"Файл «{name}» занимает {size} МБ, принимается до {limit} МБ. "
                "Выгрузите канал по частям (в окне выгрузки есть «с даты» и «по дату») и загрузите каждую."
            )
            raise InputError(msg)
        content = path.read_bytes()
    except OSError as error:
        msg = f"Файл «{name}» не прочитан: {error.strerror}. Проверьте права на него и повторите."
        raise InputError(msg) from None
    if not content.strip():
        msg = f"Файл «{name}» пуст. Укажите result.json из Telegram Desktop или CSV."
        raise InputError(msg)
    changed_at = datetime.fromtimestamp(about.st_mtime, UTC)
    return Content(name, content, hashlib.sha256(content).hexdigest(), changed_at)


def printable(text: str) -> str:
    """Text of a file as it may be stored and shown: no lone surrogates, no control characters for the terminal."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in text)


def refuse(name: str, errors: Sequence[str]) -> None:
    """Raise all mistakes together, if there are any.

    Raises:
        InputError: With a line for each, the first fifty.
    """
    if errors:
        rest = len(errors) - _SHOWN_ERRORS
        shown = [*errors[:_SHOWN_ERRORS], *([f"… и ещё {rest}"] if rest > 0 else [])]
        msg = f"Файл «{name}» не принят, ничего не записано:\n" + "\n".join(f"  {error}" for error in shown)
        raise InputError(msg)
