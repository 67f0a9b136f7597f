"""What a page contains, item by item (clause 2.2): the checklist's words and where each network shows them.

An item is surely absent only where everything it could stand in was returned; a network's own gap is never an absence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_DASH = r"\u2010-\u2015-"
_PHONE = re.compile(
    rf"(?:\+7|\b8)[\s(.{_DASH}]*\d{{3,5}}[\s).{_DASH}]*(?:\d[\s.{_DASH}]*){{5,7}}"
    r"|\b\d{2,3} \d{2} \d{2}\b|\b(?:тел|звоните)[а-яё]*[.:\s]*\d{2,}"
    # Hours written as 9-00-18-00 are no phone.
    rf"|(?<!\b\d[{_DASH}])(?<!\b\d\d[{_DASH}])\b\d{{1,3}}[{_DASH}]\d{{2}}[{_DASH}]\d{{2}}\b(?![{_DASH}])"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_SITE = re.compile(
    r"https?://|(?<![@\w.-])(?:[\w-]+\.)+(?:рф|ru|su|com|org|net|gov|info|онлайн|дети|орг|сайт|online|site)\b(?!@)",
    re.IGNORECASE,
)
# Where even this is not met, the item is surely absent; what lies between is for a person to look at.
_MAYBE = {
    "телефон": re.compile(r"\d{2,}|\d[\W_]+\d"),
    "сайт": re.compile(r"\w[.．]\w|www|http|сайт", re.IGNORECASE),
    "почта": re.compile(r"[@＠]|собака|почт|mail", re.IGNORECASE),
}
# Whatever stands in a field that the network has for an item is the item.
_OWN_FIELDS = {"телефон": "phone", "сайт": "site"}


class _Place(NamedTuple):
    """Where an item can stand.

    Attributes:
        columns: Columns of `ProfileSnapshots` that show it.
        pattern: What it looks like in them; none where anything will do.
        decisive: Columns that must all have been returned before it is called absent; empty: it never is, since the
            network shows it elsewhere too (VK's contacts name private persons and are not stored).
    """

    columns: tuple[str, ...]
    pattern: re.Pattern[str] | None = None
    decisive: tuple[str, ...] = ()


_NAME = _Place(("name",), None, ("name",))
_AVATAR = _Place(("has_avatar",), None, ("has_avatar",))
_COVER = _Place(("has_cover",), None, ("has_cover",))
_DESCRIPTION = _Place(("description",), None, ("description",))
_COMMON = {"название": _NAME, "аватар": _AVATAR, "описание": _DESCRIPTION}
# A network without a place for an item is not asked for it.
PLACES: Mapping[str, Mapping[str, _Place]] = {
    "vk": _COMMON
    | {
        "обложка": _COVER,
        "телефон": _Place(("phone", "description"), _PHONE),
        "почта": _Place(("description", "site"), _EMAIL),
        "адрес": _Place(("address",)),
        "сайт": _Place(("site", "description", "links"), _SITE, ("site", "description", "links")),
    },
    "ok": _COMMON
    | {
        "обложка": _COVER,
        "телефон": _Place(("phone", "description"), _PHONE, ("phone", "description")),
        "почта": _Place(("description",), _EMAIL),
        "адрес": _Place(("address",)),
        "сайт": _Place(("site", "description"), _SITE, ("site", "description")),
    },
    "telegram": _COMMON
    | {
        "телефон": _Place(("description",), _PHONE, ("description",)),
        "почта": _Place(("description",), _EMAIL, ("description",)),
        "адрес": _Place(()),
        "сайт": _Place(("description", "links"), _SITE, ("description", "links")),
    },
}


def has_item(platform: str, item: str, snapshot: Mapping[str, Any]) -> bool | None:
    """Whether a page surely has an item, surely lacks it, or nobody can tell (None).

    Args:
        platform: vk, ok or telegram.
        item: A word of `clauses.ITEMS`; one that the network has no place for is there.
        snapshot: Row of `ProfileSnapshots`, None where a cell is blank.

    Example:
        >>> has_item("telegram", "телефон", {"description": "Приёмная: +7 (8332) 12-34-56"})
        True
    """
    place = PLACES[platform].get(item)
    if place is None:
        return True
    patterns = {column: None if column == _OWN_FIELDS.get(item) else place.pattern for column in place.columns}
    if any(_shows(snapshot.get(column), pattern) for column, pattern in patterns.items()):
        return True
    loose = _MAYBE.get(item)
    texts = [text for column in place.columns if isinstance(text := snapshot.get(column), str)]
    if loose is not None and any(loose.search(text) for text in texts):
        return None
    is_answered = all(snapshot.get(column) is not None for column in place.decisive)
    return False if place.decisive and is_answered else None


def _shows(value: Any, pattern: re.Pattern[str] | None) -> bool:
    if not isinstance(value, str):
        return value is not None and bool(value)
    return bool(pattern.search(value)) if pattern else bool(value.strip())
