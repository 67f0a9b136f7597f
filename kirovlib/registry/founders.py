"""Founders as registers name them: a row of the register where one is meant, else an institution of their own."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from typing import Any, Protocol

from kirovlib.registry.addresses import is_nothing
from kirovlib.registry.kinds import Kinds, plain


class _Speaker(Protocol):
    institution_id: str

    def say(self, kind: str, text: str) -> None: ...


def normalised(name: str) -> str:
    """A name without the region's: `Управление ветеринарии области` and `УПРАВЛЕНИЕ … АМУРСКОЙ ОБЛАСТИ` are one."""
    text = re.sub(r"\b(?:[а-я-]+[сц]кой )?области\b|\b(?:[а-я-]+[сц]кого )?края\b", "", plain(name))
    return re.sub(r"[\W_]+", " ", text).strip()


def key_of(name: str) -> str:
    """The key of a founder that has no row of its own, from its normalised name."""
    return f"founder-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


class Founders:
    """The founders of a register.

    Args:
        institutions: Key and name of every row that was taken over.
    """

    def __init__(self, institutions: list[tuple[str, str]]) -> None:
        self._rows: defaultdict[str, list[str]] = defaultdict(list)
        for key, name in institutions:
            self._rows[normalised(name)].append(key)
        self._taken = {key for key, _ in institutions}
        self._added: dict[str, tuple[str, str]] = {}
        self._levels: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def id_of(self, founder: str, level: str, case: _Speaker, key: str = "") -> str:
        """The founder's key; empty when none is named or the institution names itself.

        Args:
            founder: Its name.
            level: The institution's, for founders that have no row.
            case: The institution.
            key: Which of several rows of that name is meant, where the register says so.
        """
        name = normalised(founder)
        if is_nothing(founder) or not name:
            return ""
        rows = self._rows.get(name, [])
        if key in rows and key != case.institution_id:
            return key
        if case.institution_id in rows:
            return ""
        if len(rows) == 1:
            return rows[0]
        if rows:
            text = f"учредитель «{founder}» — это {len(rows)} строк реестра; записан отдельным учреждением"
            case.say("founder_ambiguous", text)
        self._levels[name][level] += 1
        if name not in self._added:
            self._added[name] = (self._key(name), founder)
        return self._added[name][0]

    def added(self, kinds: Kinds) -> list[dict[str, Any]]:
        """Rows of Institutions for the founders that have none, in the order they were met.

        Their kind is what the rules say of their name under the level that most of their institutions have.
        """
        rows = []
        for name, (key, shown) in self._added.items():
            level = self._levels[name].most_common(1)[0][0]
            kind = kinds.kind_of(level=level, founder=shown, name=shown) or "other"
            rows.append({"institution_id": key, "name": shown, "kind": kind})
        return rows

    @property
    def added_ids(self) -> tuple[str, ...]:
        """Keys of the founders that have no row of their own."""
        return tuple(key for key, _ in self._added.values())

    def _key(self, name: str) -> str:
        key = key_of(name)
        return f"{key}-2" if key in self._taken else key  # a row that was renamed since keeps its key
