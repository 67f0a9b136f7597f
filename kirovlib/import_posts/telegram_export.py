r"""Telegram Desktop's JSON export of one channel (`result.json`).

What is known of the format is read off the program that writes it (`export_output_json.cpp`): `date` is local time
without a zone, so `date_unixtime` is used; `forwarded_from` stands there, null when the source hides its name, for
every forwarded message and for no other; a message that the program does not know is only `{id, type: "unsupported"}`;
control characters are written as `\x0B`, which is not JSON and is mended here.

**An inference:** the export does not say which messages make an album, it writes each picture as a message. Joined are
messages with consecutive ids, the same second, a picture or file each, the same forwarded mark and sender, of which at
most one has text; ten at most, which is Telegram's own limit. Round videos, voice, stickers and animations are never
part of an album. The stored record of the post says so and lists the ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kirovlib.errors import InputError, ParameterError
from kirovlib.import_posts.post_file import Content, FilePost, PostFile, printable, refuse
from kirovlib.platforms.base import Target

_LARGEST_ALBUM = 10
_NEVER_IN_ALBUM = frozenset({"sticker", "voice_message", "video_message", "animation"})
_EXPECTED = (
    "Ожидается result.json одного канала: Telegram Desktop → канал → «⋮» → «Экспорт истории чата» → "
    "формат «Машиночитаемый JSON»."
)


@dataclass(frozen=True)
class _Message:
    """A message that is a post or a part of one.

    Attributes:
        forwarded: Empty, or what `forwarded_from` holds as JSON text (`null` when the name is hidden).
        media: `photo`, a media_type or `file`; empty without.
    """

    number: int
    moment: int
    edited: int | None
    own: bool
    sender: str
    forwarded: str
    text: str
    media: str

    def continues(self, album: list[_Message]) -> bool:
        """Whether the message belongs to the album that ends just before it."""
        last = album[-1]
        return (
            len(album) < _LARGEST_ALBUM
            and self.number == last.number + 1
            and (self.moment, self.sender, self.forwarded) == (last.moment, last.sender, last.forwarded)
            and all(part.media and part.media not in _NEVER_IN_ALBUM for part in (self, last))
            and not (self.text and any(part.text for part in album))
        )


def read(file: Content, target: Target, now: datetime) -> PostFile:
    """The posts of an export.

    Raises:
        InputError: It is broken, another kind of file, or messages are malformed; the message names them all.
        ParameterError: It is the export of another channel than the account's.
    """
    export = _parsed(file)
    channel_id = _channel_id(export, file.name)
    _check_channel(channel_id, target, file.name)
    found = PostFile("telegram-desktop-json", channel=f"«{printable(str(export.get('name')))}», № {channel_id}")
    messages: list[_Message] = []
    errors: list[str] = []
    seen: set[int] = set()
    for position, item in enumerate(export["messages"], start=1):
        try:
            number, kind = _number_and_kind(item, seen)
            seen.add(number)
            if kind == "service":
                found.service_count += 1
                found.begins_with_creation |= item.get("action") == "create_channel"
            elif kind == "unsupported":
                found.unreadable_count += 1
            else:
                messages.append(_message(item, number, channel_id, now))
        except ValueError as error:
            shown = item.get("id", "нет") if isinstance(item, dict) else "нет"
            errors.append(f"сообщение {position} по порядку, id {printable(str(shown))[:40]}: {error}")
    refuse(file.name, errors)
    for album in _albums(messages):
        found.posts.append(_post(album, target, channel_id))
        found.album_count += len(album) > 1
        found.joined_count += len(album) if len(album) > 1 else 0
    return found


def _parsed(file: Content) -> Any:
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        msg = f"Файл «{file.name}», строка {line}: не UTF-8 (байт {error.start}). {_EXPECTED}"
        raise InputError(msg) from None
    try:
        return _loaded(text)
    except json.JSONDecodeError as error:
        msg = (
            f"Файл «{file.name}», строка {error.lineno}, знак {error.colno}: повреждённый JSON. Возможно, выгрузка "
            f"оборвалась или файл правили; выгрузите его снова. {_EXPECTED}"
        )
    except RecursionError:
        msg = f"Файл «{file.name}»: слишком глубокая вложенность, Telegram Desktop так не пишет. {_EXPECTED}"
    except ValueError:  # a number of thousands of digits
        msg = f"Файл «{file.name}»: в нём невозможно длинное число, Telegram Desktop так не пишет. {_EXPECTED}"
    raise InputError(msg)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        mended = re.sub(
            r"\\(?:x([0-9A-Fa-f]{2})|.)",
            lambda found: f"\\u00{found[1]}" if found[1] else found[0],
            text,
            flags=re.DOTALL,
        )
        return json.loads(mended)


def _channel_id(export: Any, name: str) -> str:
    if not isinstance(export, dict):
        msg = f"Файл «{name}»: это JSON, но не выгрузка Telegram Desktop. {_EXPECTED}"
        raise InputError(msg)
    if "chats" in export or "personal_information" in export:
        msg = (
            f"Файл «{name}» — выгрузка всего аккаунта Telegram со списком чатов, в ней чужая переписка. Нужна "
            f"выгрузка одного канала; этот файл лучше никому не передавать. {_EXPECTED}"
        )
        raise InputError(msg)
    if not isinstance(export.get("messages"), list) or not isinstance(export.get("type"), str):
        msg = f"Файл «{name}»: нет полей type и messages, это не выгрузка канала Telegram. {_EXPECTED}"
        raise InputError(msg)
    if export["type"] != "public_channel":
        kind = printable(export["type"])[:40]
        msg = f"Файл «{name}»: это «{kind}», а не открытый канал (public_channel). {_EXPECTED}"
        raise InputError(msg)
    number = export.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        msg = f"Файл «{name}»: нет номера канала (поле id). {_EXPECTED}"
        raise InputError(msg)
    return str(number)


def _check_channel(channel_id: str, target: Target, name: str) -> None:
    platform = target.account_id.partition(":")[0]
    if platform != "telegram":
        msg = f"Файл «{name}» — канал Telegram, а аккаунт {target.account_id} другой сети. Проверьте --account."
        raise ParameterError(msg)
    # Bots write the number of a channel with -100 before it, Telegram Desktop without.
    known = re.sub(r"^-100", "", target.platform_id)
    if known and known != channel_id:
        msg = (
            f"Файл «{name}» — канал № {channel_id}, а у {target.account_id} в реестре platform_id {known}. "
            "Проверьте --account и файл."
        )
        raise ParameterError(msg)


def _number_and_kind(item: Any, seen: set[int]) -> tuple[int, str]:
    """Raises: ValueError: Not a message."""
    if not isinstance(item, dict):
        msg = "это не сообщение"
        raise ValueError(msg)  # noqa: TRY004 - gathered with the other mistakes of the file
    number, kind = item.get("id"), item.get("type")
    if not isinstance(number, int) or isinstance(number, bool):
        msg = "id не целое число"
        raise ValueError(msg)  # noqa: TRY004
    if number in seen:
        msg = "такой номер уже был выше"
        raise ValueError(msg)
    if kind not in ("message", "service", "unsupported"):  # a tuple: it may be unhashable
        msg = f"type «{printable(str(kind))[:40]}»; ожидается message или service"
        raise ValueError(msg)
    return number, str(kind)


def _message(item: dict[str, Any], number: int, channel_id: str, now: datetime) -> _Message:
    """Raises: ValueError: A field is missing or of another kind than expected."""
    sender = item.get("from_id")
    if not isinstance(sender, str) or not re.fullmatch(r"(channel|user|chat)\d+", sender, re.ASCII):
        msg = "from_id не вида channel123: неясно, чьё сообщение. Обновите Telegram Desktop и выгрузите снова"
        raise ValueError(msg)
    own = sender == f"channel{channel_id}"
    media = (
        "photo" if "photo" in item else printable(str(item.get("media_type", "file")))[:40] if "file" in item else ""
    )
    return _Message(
        number=number,
        moment=_seconds(item.get("date_unixtime"), "date_unixtime", now),
        edited=_seconds(item["edited_unixtime"], "edited_unixtime", now) if "edited_unixtime" in item else None,
        own=own,
        sender=sender,
        forwarded=json.dumps(item["forwarded_from"]) if "forwarded_from" in item else "",
        text=_text(item.get("text", "")),
        media=media,
    )


def _seconds(value: Any, name: str, now: datetime) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,11}", value, re.ASCII):
        msg = f"{name} не время Unix в кавычках. Обновите Telegram Desktop и выгрузите снова"
        raise ValueError(msg)
    if int(value) > now.timestamp():
        msg = f"{name} {value} ещё не наступило; проверьте часы этого компьютера"
        raise ValueError(msg)
    return int(value)


def _text(value: Any) -> str:
    """The words of a message; `text` is a string or a list of strings and of parts with a `text` of their own."""
    parts = value if isinstance(value, list) else [value]
    words = [part.get("text") if isinstance(part, dict) else part for part in parts]
    known = [word for word in words if isinstance(word, str)]
    if len(known) < len(words):
        msg = "text не строка и не список строк и частей"
        raise ValueError(msg)
    return "".join(known).encode("utf-8", "replace").decode()


def _albums(messages: list[_Message]) -> Iterator[list[_Message]]:
    album: list[_Message] = []
    for message in messages:
        if album and not message.continues(album):
            yield album
            album = []
        album.append(message)
    if album:
        yield album


def _post(album: list[_Message], target: Target, channel_id: str) -> FilePost:
    first = album[0]
    edited = max((part.edited for part in album if part.edited is not None), default=None)
    words = "".join(part.text for part in album) if first.own else ""
    name = re.search(r"//(?:t|telegram)\.me/(?:s/)?(\w{4,})", target.url, re.ASCII)
    body: dict[str, Any] = {
        "channel_id": channel_id,
        "id": first.number,
        "date_unixtime": str(first.moment),
        "is_of_channel": first.own,
        "is_forwarded": bool(first.forwarded),
        "text": words,
        "media": [part.media for part in album if part.media],
    }
    if edited is not None:
        body["edited_unixtime"] = str(edited)
    if len(album) > 1:
        body["album"] = {"ids": [part.number for part in album], "joined_by": "same second, consecutive ids, media"}
    return FilePost(
        post_id=str(first.number),
        posted_at=datetime.fromtimestamp(first.moment, UTC),
        own=first.own,
        is_repost=bool(first.forwarded),
        edited_at=None if edited is None else datetime.fromtimestamp(edited, UTC),
        text=words,
        url=f"https://t.me/{name[1] if name else f'c/{channel_id}'}/{first.number}",
        body=body,
    )
