"""Recorded answers of VK as a source: what was not recorded is said to be so, never an empty page.

Of Odnoklassniki and Telegram nothing is replayed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib.errors import ParameterError
from kirovlib.sandbox.sources import Fetched, VkFailure, number_in
from kirovlib.sandbox.telegram import Page
from kirovlib.sandbox.vk import Reply
from kirovlib.tables import Accounts, Institutions, validate
from kirovlib.weeks import last_full_week

RECORDED_GROUPS_AT = datetime(2024, 6, 10, 6, tzinfo=UTC)  # the recordings' index says June 2024
NOT_RECORDED = (-1, "not recorded")


@dataclass(frozen=True)
class RecordedWall:
    """One recorded page.

    Attributes:
        items: The posts as recorded, the pinned one first.
        total: `count` of the answer: all posts of the wall.
        moment: Date of the newest recorded post, UTC: the recording was made then or later.
        raw: The value of `response` of the old array format, None for today's.
    """

    items: list[dict[str, Any]]
    total: int
    moment: datetime
    raw: list[Any] | None = None


@dataclass(frozen=True)
class Recording:
    """Recorded answers of VK.

    Attributes:
        now: The moment the replayed network believes it is, UTC: no recorded answer is later.
        institutions: `tables.Institutions`, one row for each recorded community.
        accounts: `tables.Accounts`, likewise.
        groups: Communities by number, as recorded.
        walls: Pages by community number.
        period_label: The last full week before the communities were recorded.
        window_from: The oldest recorded post that is not pinned, UTC.
    """

    now: datetime
    institutions: pd.DataFrame
    accounts: pd.DataFrame
    groups: dict[int, dict[str, Any]] = field(repr=False)
    walls: dict[int, RecordedWall] = field(repr=False)
    period_label: str
    window_from: datetime

    @property
    def mode(self) -> str:
        """What the `Server` header says."""
        return "replay"

    def vk_groups(self, keys: Sequence[str], fields: frozenset[str]) -> Fetched:  # noqa: ARG002 - as recorded
        """The recorded communities among these, with the fields that were recorded."""
        numbers = dict.fromkeys(number for number in map(self._number, keys) if number in self.groups)
        return Fetched([self.groups[number] for number in numbers if number is not None], RECORDED_GROUPS_AT)

    def vk_wall(self, key: str, offset: int, count: int, chosen: str) -> Fetched:
        """The recorded part of a page.

        Raises:
            VkFailure: Error -1 when the wall, or this stretch of it, was not recorded.
        """
        number = self._number(key)
        wall = self.walls.get(number) if number is not None else None
        if wall is None:
            raise VkFailure(*NOT_RECORDED)
        if wall.raw is not None:
            if offset:
                raise VkFailure(*NOT_RECORDED)
            return Fetched(wall.raw, wall.moment)
        items = [post for post in wall.items if _is_chosen(post, chosen)]
        if offset >= len(items) and wall.total > len(items):
            raise VkFailure(*NOT_RECORDED)
        return Fetched({"count": wall.total, "items": items[offset : offset + count]}, wall.moment)

    def vk_resolve(self, name: str) -> Fetched:
        """The number of a recorded community.

        Raises:
            VkFailure: Error -1 when it was not recorded.
        """
        number = self._number(name)
        if number not in self.groups:
            raise VkFailure(*NOT_RECORDED)
        return Fetched({"object_id": number, "type": "group"}, RECORDED_GROUPS_AT)

    def _number(self, key: str) -> int | None:
        number = number_in(key)
        if number is not None:
            return number
        return next((each for each, group in self.groups.items() if group.get("screen_name") == key), None)


class NothingOfOk:
    """Odnoklassniki beside a recording: every call gives error -1, as VK beside it does.

    Args:
        now: The moment for the `Date` of its answers, UTC.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.call_count = 0

    def call(self, parameters: Mapping[str, str]) -> Reply:  # noqa: ARG002 - whatever is asked for
        """The answer to one call."""
        self.call_count += 1
        return Reply(200, {"error_code": -1, "error_msg": "not recorded", "error_data": None}, self._now)


class NothingOfTelegram:
    """Telegram beside a recording: no page is there.

    Args:
        now: The moment for the `Date` of its answers, UTC.
    """

    def __init__(self, now: datetime) -> None:
        self._page = Page(404, "<html><body>kirov-sandbox: not recorded</body></html>", "", now)

    def page(self, name: str, query: Mapping[str, str]) -> Page:  # noqa: ARG002 - whatever is asked for
        """A page of a channel."""
        return self._page

    def card(self, name: str) -> Page:  # noqa: ARG002
        """What stands at a name."""
        return self._page

    def home(self) -> Page:
        """What stands without a name."""
        return self._page


def load_recording(folder: Path) -> Recording:
    """The recorded answers in `FOLDER/vk/groups_getById*.json` and `wall_get_*.json`.

    Raises:
        ParameterError: When the folder is not there, holds no such file, or a file is no answer of VK.
    """
    answers = folder / "vk"
    if not answers.is_dir():
        msg = (
            f"Записанные ответы не найдены: нет папки «{answers}». "
            "Укажите в --replay папку, внутри которой лежит vk/ "
            "с файлами groups_getById*.json и wall_get_*.json."
        )
        raise ParameterError(msg)
    groups, watched = _groups(sorted(answers.glob("groups_getById*.json")))
    walls = dict(_wall(path) for path in sorted(answers.glob("wall_get_*.json")))
    if not groups and not walls:
        msg = (
            f"В папке «{answers}» нет записанных ответов. "
            "Ожидаются файлы groups_getById*.json или wall_get_*.json; проверьте параметр --replay."
        )
        raise ParameterError(msg)
    week = last_full_week(RECORDED_GROUPS_AT)
    newest = [wall.moment + timedelta(seconds=1) for wall in walls.values()]
    dates = [_moment(post) for wall in walls.values() for post in wall.items if not post.get("is_pinned")]
    institutions = _institutions(groups, walls, watched)
    return Recording(
        now=max([RECORDED_GROUPS_AT, *newest]),
        institutions=institutions,
        accounts=_accounts([*groups, *(number for number in walls if number not in groups)]),
        groups=groups,
        walls=walls,
        period_label=week.label,
        window_from=min(dates, default=week.starts_at),
    )


def _is_chosen(post: dict[str, Any], chosen: str) -> bool:
    return chosen == "all" or (post["from_id"] == post["owner_id"]) == (chosen == "owner")


def _response(path: Path) -> Any:
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
        return answer["response"]
    except (OSError, ValueError, KeyError, TypeError):
        raise _malformed(path, "ответ VK с полем response") from None


def _malformed(path: Path, expected: str) -> ParameterError:
    return ParameterError(
        f"Файл «{path}» не похож на записанный ответ: ожидается {expected}. Исправьте файл или уберите его из папки."
    )


def _groups(paths: Sequence[Path]) -> tuple[dict[int, dict[str, Any]], set[int]]:
    """Communities by number, and which of them are judged: state ones whose menu was asked for."""
    groups: dict[int, dict[str, Any]] = {}
    watched: set[int] = set()
    for path in paths:
        response = _response(path)
        found = response.get("groups") if isinstance(response, dict) else response
        if not isinstance(found, list) or not all(isinstance(group.get("id"), int) for group in found):
            raise _malformed(path, "список сообществ с номерами (response.groups или response)")
        asked_menu = any("menu" in group for group in found)
        for group in found:
            groups[group["id"]] = group
            if asked_menu and group.get("is_government_organization") is not False:
                watched.add(group["id"])
    return groups, watched


def _wall(path: Path) -> tuple[int, RecordedWall]:
    response = _response(path)
    try:
        if isinstance(response, list):
            posts = response[1:]
            wall = RecordedWall([], int(response[0]), max(map(_moment, posts)), raw=response)
            return abs(int(posts[0]["to_id"])), wall
        posts = response["items"]
        wall = RecordedWall(posts, int(response["count"]), max(map(_moment, posts)))
        return abs(int(posts[0]["owner_id"])), wall
    except (KeyError, IndexError, TypeError, ValueError):
        raise _malformed(path, "страница ленты (response.items с публикациями)") from None


def _moment(post: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(post["date"]), UTC)


def _institutions(groups: dict[int, dict[str, Any]], walls: dict[int, RecordedWall], watched: set[int]) -> pd.DataFrame:
    return validate(Institutions, pd.DataFrame(_institution_rows(groups, walls, watched)))


def _institution_rows(
    groups: dict[int, dict[str, Any]], walls: dict[int, RecordedWall], watched: set[int]
) -> Iterator[dict[str, Any]]:
    for number, group in groups.items():
        kind = "subordinate" if number in watched else "other"
        yield {"institution_id": f"replay-{number}", "name": group.get("name") or f"Сообщество {number}"} | {
            "short_name": None,
            "kind": kind,
        }
    for number in walls:
        if number not in groups:
            name = f"Сообщество {number} (записана только лента)"
            yield {"institution_id": f"replay-{number}", "name": name, "short_name": None, "kind": "other"}


def _accounts(numbers: Sequence[int]) -> pd.DataFrame:
    rows = [
        {
            "account_id": f"vk:{number}",
            "platform_id": str(number),
            "institution_id": f"replay-{number}",
            "platform": "vk",
            "url": f"https://vk.com/club{number}",
        }
        for number in numbers
    ]
    return validate(Accounts, pd.DataFrame(rows))
