"""Kinds of institutions by «Уровень», «Учредитель» and name: ordered rules in TOML that the analyst edits."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirovlib import tables
from kirovlib.errors import RegistryError

SHIPPED = Path(__file__).with_name("kinds.toml")
_FIELDS = ("level", "founder", "name")


@dataclass(frozen=True)
class Rule:
    """A rule: the patterns of the columns it looks at, and the kind it gives."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    kind: str

    def matches(self, values: dict[str, str]) -> bool:
        """Whether every pattern is found in its column."""
        return all(pattern.search(plain(values[field])) for field, pattern in self.patterns)


@dataclass(frozen=True)
class Kinds:
    """Rules in order; the first that matches decides."""

    rules: tuple[Rule, ...]

    def kind_of(self, *, level: str, founder: str, name: str) -> str | None:
        """The kind, or None when no rule knows.

        Example:
            >>> load().kind_of(level="Министерство", founder="Минздрав", name="МИНИСТЕРСТВО ЗДРАВООХРАНЕНИЯ")
            'executive_authority'
            >>> load().kind_of(level="", founder="", name="Школа")
        """
        values = {"level": level, "founder": founder, "name": name}
        return next((rule.kind for rule in self.rules if rule.matches(values)), None)


def plain(text: str) -> str:
    """Text for comparison: small letters, `е` for `ё`, single spaces."""
    return " ".join(text.casefold().replace("ё", "е").split())


def load(file: Path | None = None) -> Kinds:
    """The rules of a file, by default the shipped ones.

    Raises:
        RegistryError: The file is missing, not TOML, or rules are wrong; all are named by number.
    """
    file = file or SHIPPED
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = f"Файл видов «{file}» не прочитан: {error.strerror or error}. Проверьте параметр --kinds."
        raise RegistryError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{file.name}: не TOML в UTF-8 ({error}). Образец: {SHIPPED}."
        raise RegistryError(msg) from None
    entries = content.get("kind")
    if set(content) != {"kind"} or not isinstance(entries, list) or not entries:
        msg = f"{file.name}: ожидаются только правила [[kind]], хотя бы одно. Образец: {SHIPPED}."
        raise RegistryError(msg)
    errors: list[str] = []
    rules = [_rule(entry, f"{file.name}, правило {number}", errors) for number, entry in enumerate(entries, start=1)]
    if errors:
        msg = "Правила видов не приняты, исправьте и повторите:\n" + "\n".join(f"  {error}" for error in errors)
        raise RegistryError(msg)
    return Kinds(tuple(rules))


def _rule(entry: Any, where: str, errors: list[str]) -> Rule:
    entry = entry if isinstance(entry, dict) else {}
    if unknown := sorted(set(entry) - {*_FIELDS, "kind"}):
        errors.append(f"{where}: неизвестные ключи {', '.join(unknown)}; бывают level, founder, name, kind")
    if entry.get("kind") not in tables.KINDS:
        errors.append(f"{where}: kind «{entry.get('kind', '')}»; ожидается одно из: {', '.join(tables.KINDS)}")
    patterns = []
    for field in (field for field in _FIELDS if field in entry):
        try:
            text = str(entry[field]).replace("ё", "е").replace("Ё", "Е")
            patterns.append((field, re.compile(text, re.IGNORECASE)))
        except re.error as error:
            errors.append(f"{where}: {field} «{entry[field]}» не регулярное выражение ({error})")
    if not any(field in entry for field in _FIELDS):
        errors.append(f"{where}: нет ни level, ни founder, ни name; такое правило подошло бы ко всем")
    return Rule(tuple(patterns), str(entry.get("kind", "")))
