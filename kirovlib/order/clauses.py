"""The clauses of the order, read strictly from `clauses.toml`: editions, quotations, kinds named, parameters."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kirovlib import tables
from kirovlib.errors import ClausesError, ParameterError

CLAUSES_TOML = Path(__file__).with_name("clauses.toml")

MEASURED_ON = ("institution", "profile", "register", "week", "decision")
ITEMS = ("название", "аватар", "обложка", "описание", "телефон", "почта", "адрес", "сайт")
_CLAUSE_KEYS = {
    "clause": str, "title": str, "label": str, "expected": str, "platforms": list, "kinds": list, "measured_on": str,
    "editions": list,
}  # fmt: skip
_EDITION_KEYS = {
    "in_force_from": date, "in_force_basis": str, "reference": str, "source": str, "quote": str, "parameters": dict,
}  # fmt: skip
# What an edition's parameters may be; a value out of these is refused when the file is read, not when it judges.
_PARAMETERS: dict[str, Callable[[Any], bool]] = {
    "minimum_posts": lambda value: type(value) is int and value > 0,
    "count_reposts": lambda value: type(value) is bool,
    "count_ads": lambda value: type(value) is bool,
    "count_removed": lambda value: type(value) is bool,
    "distinct_days": lambda value: type(value) is bool,
    "unit": lambda value: value in ("account", "institution"),
    "misspelt_link_verdict": lambda value: value in ("passed", "cannot_tell", "failed"),
    "oktmo_region": lambda value: isinstance(value, str) and value.isascii() and value.isdigit(),
    "mini_app_ids": lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
    "absence_is_failure": lambda value: type(value) is bool,
    "items": lambda value: isinstance(value, list) and all(each in ITEMS and value.count(each) == 1 for each in value),
    "statement_days": lambda value: type(value) is int and value > 0,
    "minimum_accounts": lambda value: type(value) is int and value >= 0,
    "obliging_act": lambda value: isinstance(value, str),
}
# What the predicate of a clause looks at; it can be held against nothing else.
_MEASURED_BY = {
    "scope": ("institution",), "required_contents": ("profile",), "ok_government_mark": ("profile",),
    "vk_report_problem": ("profile",), "vk_voice_opinion": ("profile",), "vk_portal_mini_app": ("profile",),
    "gospabliki": ("register",), "posts_per_week": ("week",), "group_decisions": ("decision",),
}  # fmt: skip
_LINK = frozenset({"misspelt_link_verdict", "oktmo_region"})
_NEEDED = {
    "scope": frozenset({"minimum_accounts", "obliging_act"}),
    "required_contents": frozenset({"items"}),
    "vk_report_problem": _LINK,
    "vk_voice_opinion": _LINK,
    "vk_portal_mini_app": frozenset({"mini_app_ids", "absence_is_failure"}),
    "gospabliki": frozenset({"statement_days"}),
    "group_decisions": frozenset({"statement_days"}),
    "posts_per_week": frozenset(
        {"minimum_posts", "count_reposts", "count_ads", "count_removed", "distinct_days", "unit"}
    ),
}
_TYPE_NAMES = {str: "текст в кавычках", list: "список", dict: "раздел", date: "дата без кавычек, например 2024-05-15"}


@dataclass(frozen=True)
class Edition:
    """A clause's text and parameters from a date on (local date, inclusive).

    Attributes:
        source: The file of the act's text, in which the quotation stands.
    """

    in_force_from: date
    in_force_basis: str
    reference: str
    source: str
    quote: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Clause:
    """A clause of the order; `key` names its predicate in `checks`.

    Attributes:
        label: A word for narrow columns.
        expected: What it requires, with places for parameters of the edition.
        measured_on: One of `MEASURED_ON`.
    """

    key: str
    clause: str
    title: str
    label: str
    expected: str
    platforms: tuple[str, ...]
    kinds: tuple[str, ...]
    measured_on: str
    editions: tuple[Edition, ...]

    def edition_on(self, day: date) -> Edition | None:
        """The edition in force on a local date, none before the first."""
        in_force = [edition for edition in self.editions if edition.in_force_from <= day]
        return in_force[-1] if in_force else None

    def required(self, edition: Edition) -> str:
        """What an edition requires, in Russian, for the column `expected`."""
        shown = {
            name: ", ".join(value) or "(перечень не задан)" if isinstance(value, list) else value
            for name, value in edition.parameters.items()
        }
        return self.expected.format_map(shown)


def checkable(order: Sequence[Clause]) -> dict[str, tuple[str, ...]]:
    """The clauses by key, to the networks whose accounts a person can check by each; none: about institutions."""
    of_accounts = {"profile", "register", "week"}
    return {clause.key: clause.platforms if clause.measured_on in of_accounts else () for clause in order}


def load_for(data: Path) -> tuple[Clause, ...]:
    """The order that a data folder is judged by: its own `order/clauses.toml`, else the one shipped.

    Raises:
        ClausesError: See `load`.
    """
    own = data / "order" / CLAUSES_TOML.name
    return load(own if own.exists() else CLAUSES_TOML)


def load(file: Path = CLAUSES_TOML) -> tuple[Clause, ...]:
    """All clauses, in the file's order.

    Raises:
        ClausesError: The file is missing or an entry is wrong; the message names file, section and line.

    Example:
        >>> [clause.clause for clause in load()]
        ['1', '2.2', '2.3', '2.4.1', '2.4.1', '2.4.2', '2.5', '3.1', '3.2']
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        sections = tomllib.loads(text)
    except OSError as error:
        msg = f"Файл пунктов распоряжения «{file}» не прочитан: {error.strerror}. Восстановите его или уберите папку."
        raise ClausesError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{file.name}: ошибка разметки TOML: {error}."
        raise ClausesError(msg) from None
    if not sections:
        msg = f"{file.name}: ни одного пункта. Скопируйте файл программы заново или уберите свой."
        raise ClausesError(msg)
    reader = _Reader(file, tuple(text.splitlines()))
    return tuple(reader.clause(key, section) for key, section in sections.items())


@dataclass(frozen=True)
class _Reader:
    """Reads the sections of one file; a mistake is told with its place."""

    file: Path
    lines: tuple[str, ...]

    def clause(self, key: str, section: Any) -> Clause:
        """One section."""
        place = self._place(key, rf"\[\s*{re.escape(key)}\s*]")
        if not isinstance(section, dict):
            msg = f"{place}: ожидается раздел пункта, а не значение."
            raise ClausesError(msg)
        _check_keys(place, section, _CLAUSE_KEYS)
        for name, known in (("platforms", tables.PLATFORMS), ("kinds", tables.KINDS)):
            _check_words(f"{place}: {name}", section[name], known)
        _check_words(f"{place}: measured_on", [section["measured_on"]], _MEASURED_BY.get(key, MEASURED_ON))
        head = rf"\[\[\s*{re.escape(key)}\s*\.\s*editions\s*]]"
        places = [self._place(key, head, number) for number in range(1, len(section["editions"]) + 1)]
        editions = tuple(self._edition(at, key, each) for at, each in zip(places, section["editions"], strict=True))
        if not editions:
            msg = f"{place}: нужна хотя бы одна редакция с датой in_force_from."
            raise ClausesError(msg)
        for at, earlier, later in zip(places[1:], editions, editions[1:], strict=False):
            if later.in_force_from <= earlier.in_force_from:
                msg = (
                    f"{at}: in_force_from {later.in_force_from} не позже, чем у предыдущей редакции "
                    f"({earlier.in_force_from}). Редакции идут по порядку дат; исправьте дату или переставьте разделы."
                )
                raise ClausesError(msg)
        words = {name: section[name] for name in ("clause", "title", "label", "expected", "measured_on")}
        platforms, kinds = tuple(section["platforms"]), tuple(section["kinds"])
        made = Clause(key, **words, platforms=platforms, kinds=kinds, editions=editions)
        _check_expected(place, made)
        return made

    def _edition(self, place: str, key: str, section: Any) -> Edition:
        if not isinstance(section, dict):
            msg = f"{place}: editions: ожидается раздел редакции, а не значение."
            raise ClausesError(msg)
        _check_keys(place, section, _EDITION_KEYS)
        _check_edition(place, key, section["parameters"])
        edition = Edition(**section)
        act = self._act(place, edition.source)
        try:
            text = act.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{place}: source «{edition.source}»: текст не прочитан: {error}. Сохраните его в кодировке UTF-8."
            raise ClausesError(msg) from None
        if not edition.quote.strip() or _plain(edition.quote) not in _plain(text):
            msg = (
                f"{place}: цитаты «{_shortened(edition.quote)}» нет в тексте акта {edition.source}. Цитата приводится "
                "дословно, с ошибками источника; скопируйте её из текста."
            )
            raise ClausesError(msg)
        return edition

    def _act(self, place: str, name: str) -> Path:
        """The text of the act beside the file, else the one shipped."""
        folders = (self.file.parent / "texts", CLAUSES_TOML.parent / "texts")
        found = [folder / name for folder in folders if Path(name).name == name and (folder / name).is_file()]
        if not found:
            msg = f"{place}: source «{name}»: такого текста акта нет. Положите его в папку «{folders[0]}»."
            raise ClausesError(msg)
        return found[0]

    def _place(self, key: str, head: str, edition: int = 0) -> str:
        """File, section, edition (from 1) and line, as far as the head is found."""
        found = [line for line, text in enumerate(self.lines, 1) if re.match(rf"\s*{head}", text)]
        number = max(edition, 1) - 1
        row = f", строка {found[number]}" if number < len(found) else ""
        return f"{self.file.name}, [{key}]{f', редакция {edition}' if edition else ''}{row}"


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Refuse values that no edition may have.

    Raises:
        ParameterError: An unknown name or a value out of its range.
    """
    if wrong := _wrong(parameters):
        msg = f"Недопустимо: {', '.join(wrong)}. Ожидается из: {', '.join(_PARAMETERS)}."
        raise ParameterError(msg)


def _wrong(parameters: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} = {value!r}"
        for name, value in parameters.items()
        if name not in _PARAMETERS or not _PARAMETERS[name](value)
    ]


def _check_edition(place: str, key: str, parameters: Mapping[str, Any]) -> None:
    missing, wrong = _NEEDED.get(key, frozenset()) - set(parameters), _wrong(parameters)
    if missing or wrong:
        parts = [f"нет: {', '.join(sorted(missing))}"] if missing else []
        parts += [f"недопустимо: {', '.join(wrong)}"] if wrong else []
        msg = f"{place}: parameters: {'; '.join(parts)}. Ожидается из: {', '.join(_PARAMETERS)}."
        raise ClausesError(msg)
    if parameters.get("minimum_accounts") and not parameters.get("obliging_act", "").strip():
        msg = f"{place}: parameters: minimum_accounts без obliging_act. Укажите акт, который обязывает вести аккаунты."
        raise ClausesError(msg)


def _check_words(place: str, words: list[Any], known: tuple[str, ...]) -> None:
    unknown = [str(word) for word in words if word not in known]
    if unknown or not words:
        wrong = f"неизвестно «{', '.join(sorted(unknown))}»" if unknown else "пусто"
        msg = f"{place}: {wrong}; ожидается одно из: {', '.join(known)}."
        raise ClausesError(msg)


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


def _check_expected(place: str, clause: Clause) -> None:
    for edition in clause.editions:
        try:
            clause.required(edition)
        except (KeyError, ValueError, IndexError, AttributeError, TypeError):
            names = ", ".join(edition.parameters) or "нет"
            msg = f"{place}: expected «{clause.expected}»: в скобках — имена параметров редакции (есть: {names})."
            raise ClausesError(msg) from None


def _plain(text: str) -> str:
    """Line breaks are those of the paper, not of the text."""
    return " ".join(text.split())


def _shortened(text: str, letters: int = 80) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
