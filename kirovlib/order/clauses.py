"""The clauses of the order, read strictly from `clauses.toml`: editions, quotations, kinds named, parameters."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kirovlib import tables
from kirovlib.errors import ClausesError

CLAUSES_TOML = Path(__file__).with_name("clauses.toml")

_MEASURED_ON = ("week", "profile")
_CLAUSE_KEYS = {"clause": str, "title": str, "platforms": list, "kinds": list, "measured_on": str, "editions": list}
# What an edition's parameters may be; a value out of these is refused when the file is read, not when it judges.
_PARAMETERS: dict[str, Callable[[Any], bool]] = {
    "minimum_posts": lambda value: type(value) is int and value > 0,
    "count_ads": lambda value: type(value) is bool,
    "count_removed": lambda value: type(value) is bool,
    "distinct_days": lambda value: type(value) is bool,
    "unit": lambda value: value in {"account", "institution"},
    "misspelt_link_verdict": lambda value: value in {"passed", "cannot_tell", "failed"},
    "oktmo_region": lambda value: isinstance(value, str) and value.isascii() and value.isdigit(),
    "mini_app_ids": lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
    "absence_is_failure": lambda value: type(value) is bool,
}
_LINK = frozenset({"misspelt_link_verdict", "oktmo_region"})
_NEEDED = {
    "posts_per_week": frozenset({"minimum_posts", "count_ads", "count_removed", "distinct_days", "unit"}),
    "vk_report_problem": _LINK,
    "vk_voice_opinion": _LINK,
    "vk_portal_mini_app": frozenset({"mini_app_ids", "absence_is_failure"}),
}
_EDITION_KEYS = {"in_force_from": date, "in_force_basis": str, "reference": str, "quote": str, "parameters": dict}
_TYPE_NAMES = {str: "текст в кавычках", list: "список", dict: "раздел", date: "дата без кавычек, например 2024-05-15"}


@dataclass(frozen=True)
class Edition:
    """A clause's text and parameters from a date on (local date, inclusive)."""

    in_force_from: date
    in_force_basis: str
    reference: str
    quote: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Clause:
    """A clause of the order; `key` names its predicate in `checks`."""

    key: str
    clause: str
    title: str
    platforms: tuple[str, ...]
    kinds: tuple[str, ...]
    measured_on: str
    editions: tuple[Edition, ...]

    def edition_on(self, day: date) -> Edition | None:
        """The edition in force on a local date, none before the first."""
        in_force = [edition for edition in self.editions if edition.in_force_from <= day]
        return in_force[-1] if in_force else None


def load(file: Path = CLAUSES_TOML) -> tuple[Clause, ...]:
    """All clauses, in the file's order.

    Raises:
        ClausesError: The file is missing or an entry is wrong; the message names file, section and key.

    Example:
        >>> [clause.clause for clause in load()]
        ['3.1', '2.4.1', '2.4.1', '2.4.2']
    """
    try:
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"Файл пунктов распоряжения «{file}» не найден."
        raise ClausesError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{file.name}: ошибка разметки TOML: {error}."
        raise ClausesError(msg) from None
    return tuple(_clause(file.name, key, section) for key, section in sections.items())


def _clause(file: str, key: str, section: Any) -> Clause:
    place = f"{file}, [{key}]"
    if not isinstance(section, dict):
        msg = f"{place}: ожидается раздел пункта, а не значение."
        raise ClausesError(msg)
    _check_keys(place, section, _CLAUSE_KEYS)
    if section["measured_on"] not in _MEASURED_ON:
        msg = f"{place}: measured_on «{section['measured_on']}»; ожидается одно из: {', '.join(_MEASURED_ON)}."
        raise ClausesError(msg)
    for name, known in (("platforms", tables.PLATFORMS), ("kinds", tables.KINDS)):
        unknown = set(section[name]) - set(known)
        if unknown:
            msg = f"{place}: {name}: неизвестно {', '.join(sorted(unknown))}; ожидается из: {', '.join(known)}."
            raise ClausesError(msg)
    editions = tuple(
        _edition(f"{place}, редакция {number}", key, edition) for number, edition in enumerate(section["editions"], 1)
    )
    dates = [edition.in_force_from for edition in editions]
    if not editions or dates != sorted(set(dates)):
        msg = f"{place}: нужна хотя бы одна редакция, и каждая следующая — с более поздней датой in_force_from."
        raise ClausesError(msg)
    return Clause(
        key,
        section["clause"],
        section["title"],
        tuple(section["platforms"]),
        tuple(section["kinds"]),
        section["measured_on"],
        editions,
    )


def _edition(place: str, key: str, edition: Any) -> Edition:
    if not isinstance(edition, dict):
        msg = f"{place}: editions: ожидается раздел редакции, а не значение."
        raise ClausesError(msg)
    _check_keys(place, edition, _EDITION_KEYS)
    parameters = edition["parameters"]
    missing = _NEEDED.get(key, frozenset()) - set(parameters)
    wrong = [
        f"{name} = {value!r}"
        for name, value in parameters.items()
        if name not in _PARAMETERS or not _PARAMETERS[name](value)
    ]
    if missing or wrong:
        parts = [f"нет: {', '.join(sorted(missing))}"] if missing else []
        parts += [f"недопустимо: {', '.join(wrong)}"] if wrong else []
        msg = f"{place}: parameters: {'; '.join(parts)}. Ожидается из: {', '.join(_PARAMETERS)}."
        raise ClausesError(msg)
    return Edition(**edition)


def _check_keys(place: str, section: dict[str, Any], expected: Mapping[str, type]) -> None:
    missing, unknown = set(expected) - set(section), set(section) - set(expected)
    if missing or unknown:
        parts = [f"нет: {', '.join(sorted(missing))}"] if missing else []
        parts += [f"лишнее: {', '.join(sorted(unknown))}"] if unknown else []
        msg = f"{place}: {'; '.join(parts)}."
        raise ClausesError(msg)
    for name, wanted in expected.items():
        if type(section[name]) is not wanted:  # a moment is a date to isinstance
            msg = f"{place}: {name} «{section[name]}»; ожидается {_TYPE_NAMES[wanted]}."
            raise ClausesError(msg)
