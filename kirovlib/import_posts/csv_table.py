"""Posts from a CSV table, read strictly: every mistake is told with file and row, all at once.

Columns: `posted_at` and `url`, and if wanted `text`, `is_repost` (да, нет, blank = not known), `post_id` (may be blank
where the address tells it). UTF-8 or cp1251, separated by `;` or `,`. A time without an offset is Kirov time.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from kirovlib.errors import InputError
from kirovlib.import_posts.post_file import Content, FilePost, PostFile, printable, refuse
from kirovlib.platforms.base import Target
from kirovlib.settings import ZONE

_REQUIRED, _OPTIONAL = ("posted_at", "url"), ("text", "is_repost", "post_id")
_FLAGS = {"да": True, "нет": False, "": None}
_MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?"
# Owner and number of a post in an address of each network; the part before is the network itself.
_HOSTS = {"vk": r"(?:m\.)?vk\.(?:com|ru)", "telegram": r"(?:t|telegram)\.me", "ok": r"(?:m\.)?ok\.ru"}
_POSTS = {
    "vk": r"/(?:[\w.]+\?(?:\S*&)?w=)?wall(?P<owner>-?\d+)_(?P<post>\d+)(?!\d)",
    "telegram": r"/(?:s/)?(?P<owner>\w+)/(?P<post>\d+)(?!\w)",
    "ok": r"/(?:group/)?(?P<owner>[\w.-]+)/(?:topic|statuses)/(?P<post>\d+)(?!\d)",
}


def read(file: Content, target: Target, now: datetime) -> PostFile:
    """The posts of a table.

    Raises:
        InputError: The file is not such a table or rows are wrong; the message lists every row.
    """
    found = PostFile("csv")
    errors: list[str] = []
    first_row: dict[str, int] = {}
    owner = _known_owner(target)
    for number, cells in _rows(file):
        try:
            post, row_owner = _post(cells, target, now)
            _check_row(post, row_owner, owner, first_row)
            owner = owner or row_owner
            first_row[post.post_id] = number
            found.posts.append(post)
            found.local_count += datetime.fromisoformat(cells["posted_at"]).tzinfo is None
        except ValueError as error:
            errors.append(f"{file.name}, строка {number}: {error}")
    refuse(file.name, errors)
    return found


def _rows(file: Content) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows numbered as spreadsheets do; a cell of several lines is one row."""
    text = _decoded(file)
    head = text.split("\n", 1)[0]
    separator = ";" if head.count(";") >= head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(file.name, header)
        number = 2
        for cells in reader:
            if len(cells) != len(header) and any(cell.strip() for cell in cells):
                msg = (
                    f"{file.name}, строка {number}: ячеек {len(cells)}, а столбцов {len(header)}; "
                    "проверьте разделители и кавычки. Ничего не записано."
                )
                raise InputError(msg)
            if any(cell.strip() for cell in cells):
                blank = dict.fromkeys((*_REQUIRED, *_OPTIONAL), "")
                yield number, blank | {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            number += 1
    except csv.Error as error:
        msg = f"{file.name}, строка {number}: повреждена разметка CSV ({error}). Проверьте кавычки."
        raise InputError(msg) from None


def _decoded(file: Content) -> str:
    if file.content.startswith((b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04")) or b"\x00" in file.content:
        msg = f"Файл «{file.name}» — не текст CSV. Сохраните таблицу как «CSV UTF-8» и повторите."
        raise InputError(msg)
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Russian text of cp1251 hardly ever forms Cyrillic letters of UTF-8: where it does, it is damaged UTF-8.
        survived = file.content.decode("utf-8", "ignore")
        lost = len(file.content) - len(survived.encode())
        damaged = len(re.findall("[А-Яа-яЁё]", survived)) > lost
        line = file.content.count(b"\n", 0, error.start) + 1
    try:
        if not damaged:
            return file.content.decode("cp1251")
    except UnicodeDecodeError:
        pass
    msg = f"Файл «{file.name}», строка {line}: не UTF-8 и не cp1251. Сохраните таблицу как «CSV UTF-8» и повторите."
    raise InputError(msg)


def _check_header(name: str, header: list[str]) -> None:
    problems = [
        f"{what}: {', '.join(_short(column) for column in columns)}"
        for what, columns in (
            ("нет столбцов", [column for column in _REQUIRED if column not in header]),
            ("неизвестные столбцы", [column for column in header if column not in _REQUIRED + _OPTIONAL]),
            ("столбцы повторены", sorted({column for column in header if header.count(column) > 1})),
        )
        if columns
    ]
    if problems:
        expected = ", ".join(_REQUIRED + _OPTIONAL)
        msg = f"{name}, строка 1: {'; '.join(problems)}. Ожидаются столбцы: {expected} (нужны {', '.join(_REQUIRED)})."
        raise InputError(msg)


def _post(cells: dict[str, str], target: Target, now: datetime) -> tuple[FilePost, str]:
    """The post of a row and whose it is by its address. Raises: ValueError: A cell is wrong."""
    posted_at = _moment(cells["posted_at"], now)
    if cells["is_repost"].lower() not in _FLAGS:
        msg = f"is_repost «{_short(cells['is_repost'])}»; ожидается да, нет или пусто (не известно)"
        raise ValueError(msg)
    url, owner, post_id = _address(cells["url"], target.account_id.partition(":")[0])
    given = cells["post_id"]
    if given and post_id and given not in {post_id, post_id.rpartition("_")[2]}:
        msg = f"post_id «{_short(given)}» не сходится с url: там {post_id.rpartition('_')[2]}"
        raise ValueError(msg)
    if not (post_id or given):
        msg = f"post_id пуст, а из url «{_short(url)}» номер публикации не виден"
        raise ValueError(msg)
    text = cells["text"] or None
    is_repost = _FLAGS[cells["is_repost"].lower()]
    body: dict[str, Any] = {name: value for name, value in cells.items() if value}
    return FilePost(post_id or given, posted_at, True, is_repost, None, text, url, body), owner


def _check_row(post: FilePost, row_owner: str, owner: str, first_row: dict[str, int]) -> None:
    """Raises: ValueError: The post is another owner's or stands in an earlier row already."""
    if owner and row_owner and row_owner != owner:
        msg = f"url «{_short(post.url)}» — другого владельца ({row_owner}), ожидается {owner}"
        raise ValueError(msg)
    if post.post_id in first_row:
        msg = f"публикация {post.post_id} уже есть в строке {first_row[post.post_id]}"
        raise ValueError(msg)


def _moment(text: str, now: datetime) -> datetime:
    try:
        if not re.fullmatch(_MOMENT, text, re.ASCII):
            raise ValueError  # noqa: TRY301 - Python reads more forms than we promise
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        msg = (
            f"posted_at «{_short(text)}»; ожидается 2024-05-20T12:00:00+03:00, "
            "а без пояса, 2024-05-20 12:00, — время Кирова"
        )
        raise ValueError(msg) from None
    if moment > now:
        msg = f"posted_at «{_short(text)}» ещё не наступило"
        raise ValueError(msg)
    return moment


def _address(url: str, platform: str) -> tuple[str, str, str]:
    """The address as the network itself writes it, the owner and the number of the post, blank where not seen."""
    if not re.match(r"https?://[^\s/]+", url) or re.search(r"\s", url):
        msg = f"url «{_short(url)}»; ожидается адрес публикации, начинающийся с https://"
        raise ValueError(msg)
    if platform not in _HOSTS:
        return url, "", ""
    if not re.match(rf"https?://(?:www\.)?{_HOSTS[platform]}/", url):
        msg = f"url «{_short(url)}» — не адрес сети {platform}, которой принадлежит аккаунт"
        raise ValueError(msg)
    found = re.match(rf"https?://(?:www\.)?{_HOSTS[platform]}{_POSTS[platform]}", url, re.ASCII)
    if not found:
        return url, "", ""
    owner, post_id = found["owner"], found["post"]
    owner = owner.lower() if platform == "telegram" else owner
    if platform == "vk":
        # As the network's client names it, so that the same post from both is one.
        return f"https://vk.com/wall{owner}_{post_id}", owner, f"{owner}_{post_id}"
    return f"https://t.me/{found['owner']}/{post_id}" if platform == "telegram" else url, owner, post_id


def _known_owner(target: Target) -> str:
    """Whose posts the addresses must be of, where the register tells; else all must be of one owner."""
    platform = target.account_id.partition(":")[0]
    if platform == "vk":
        return f"-{target.platform_id}" if target.platform_id else ""
    name = re.search(r"//(?:t|telegram)\.me/(?:s/)?(\w+)", target.url, re.ASCII) if platform == "telegram" else None
    return name[1].lower() if name else ""


def _short(text: str) -> str:
    return printable(text)[:60]
