"""Everything that is wrong or doubtful in a register's folder, at once: mistakes stop the work, warnings do not."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from kirovlib import russian, settings, tables
from kirovlib.registry.corrections import CORRECTIONS_TOML, Correction
from kirovlib.registry.layout import ACCOUNTS_CSV, INSTITUTIONS_CSV, Source, examine
from kirovlib.registry.rows import Mistake, Row, is_date
from kirovlib.registry.side import EXEMPTIONS_CSV, SIDE_TABLES, Known, examine_side, overlaps

FILES = (INSTITUTIONS_CSV, ACCOUNTS_CSV, *SIDE_TABLES, CORRECTIONS_TOML)
ENDS_SOON = timedelta(days=14)

# The groups of warnings, in the order they are told.
WARNINGS = {
    "correction_applied": "применены поправки",
    "exemption_ended": "исключения закончились",
    "exemption_ends_soon": f"исключения заканчиваются в ближайшие {ENDS_SOON.days} дней",
    "exemptions_overlap": "исключения по разным актам пересекаются",
    "same_address": "один адрес у двух аккаунтов",
    "platform_not_collected": "аккаунты сетей, которые не собираются",
    "institution_without_account": "учреждения без аккаунта",
    "subordinate_without_founder": "подведомственные без учредителя",
    "founder_is_other": "учредители вида «прочие» (вне распоряжения)",
    "kind_is_other": "учреждения вида «прочие» (вне распоряжения)",
    "no_ogrn": "учреждения без ОГРН",
    "no_platform_id": "аккаунты VK без номера в сети (platform_id)",
    "misnamed_file": "файлы с похожими именами, они не читаются",
}


@dataclass(frozen=True)
class Warned:
    """A warning: its group, a key of `WARNINGS`, and what is meant and where."""

    group: str
    what: Mistake


@dataclass(frozen=True)
class Checked:
    """What a check of a folder found.

    Attributes:
        counts: Rows read, by file.
        errors: By file and row.
        warnings: By group, file and row.
    """

    counts: Mapping[str, int]
    errors: tuple[Mistake, ...]
    warnings: tuple[Warned, ...]


def check(folder: Path, clause_keys: Collection[str], *, on: date | None = None) -> Checked:
    """Check all files of a register; a fault of one does not hide the others' mistakes.

    Args:
        folder: The register's folder.
        clause_keys: Keys of the clauses, as in `clauses.toml`; see `side.Known`.
        on: Local date that exemptions are held against; default today in Kirov.

    Example:
        >>> check(Path("data/sample/registry"), ["posts_per_week"]).errors
        ()
    """
    day = on or settings.utc_now().astimezone(settings.ZONE).date()
    source = examine(folder)
    known = Known(
        None if source.institutions.fault else {row.cells["institution_id"] for row in source.institutions.rows},
        None if source.accounts.fault else {row.cells["account_id"] for row in source.accounts.rows},
        clause_keys,
    )
    side = examine_side(folder, known)
    contents = {INSTITUTIONS_CSV: source.institutions, ACCOUNTS_CSV: source.accounts, **side.contents}
    faults = [content.fault for content in contents.values() if content.fault]
    exemptions = [row for row in side.contents[EXEMPTIONS_CSV].rows if not row.broken]
    warnings = [
        *(_correction_warning(source, correction) for correction in source.corrections),
        *_exemption_warnings(exemptions, day),
        *_institution_warnings(source),
        *_account_warnings(source),
        *_misnamed_files(folder),
    ]
    return Checked(
        {name: len(content.rows) for name, content in contents.items()} | {CORRECTIONS_TOML: len(source.corrections)},
        tuple(sorted([*faults, *source.mistakes, *side.mistakes], key=_place)),
        tuple(sorted(warnings, key=lambda warned: (list(WARNINGS).index(warned.group), *_place(warned.what)))),
    )


def plain_address(url: str) -> str:
    """An address as two accounts are compared by it: without scheme, www, mobile host, parameters, end slash, case.

    Example:
        >>> plain_address("http://m.vk.ru/School1/?from=search")
        'vk.com/school1'
    """
    bare = re.sub(r"^https?:/+(www\.|m\.)?", "", url.strip().lower())
    bare = re.split(r"[?#]", bare, maxsplit=1)[0].rstrip("/")
    return re.sub(r"^vk\.ru(?=/|$)", "vk.com", bare)


def _place(what: Mistake) -> tuple[int, int, int, str]:
    place = FILES.index(what.file) if what.file in FILES else len(FILES)
    return place, what.row is not None, what.row or 0, what.text


def _sound(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not row.broken]


def _correction_warning(source: Source, correction: Correction) -> Warned:
    rows = source.institutions.rows if correction.file == INSTITUTIONS_CSV else source.accounts.rows
    number = next(row.number for row in rows if correction.number in row.corrections)
    text = (
        f"{correction.file}, строка {number}, {correction.column}: «{correction.was}» → «{correction.becomes}» "
        f"({correction.reason}; {correction.made_by}, {russian.dated(correction.made_on)})"
    )
    return Warned("correction_applied", correction.mistake(text))


def _exemption_warnings(rows: list[Row], day: date) -> Iterator[Warned]:
    for row in rows:
        if not is_date(row.cells["exempt_until"]):
            continue
        until = date.fromisoformat(row.cells["exempt_until"])
        whose = row.cells["institution_id"] or row.cells["account_id"]
        text = f"{whose}, {row.cells['clause']}: по {russian.dated(until)}, {row.cells['act']}"
        if until < day:
            yield Warned("exemption_ended", row.error(text))
        elif until - day <= ENDS_SOON:
            yield Warned("exemption_ends_soon", row.error(text))
    for other, row in overlaps(rows):
        if other.cells["act"] != row.cells["act"]:
            text = f"сроки пересекаются со строкой {other.number}: «{other.cells['act']}» и «{row.cells['act']}»"
            yield Warned("exemptions_overlap", row.error(text))


def _institution_warnings(source: Source) -> Iterator[Warned]:
    rows = _sound(source.institutions.rows)
    having_account = {row.cells["institution_id"] for row in source.accounts.rows}
    founded = Counter(row.cells["founder_id"] for row in rows)
    for row in rows:
        values = row.cells
        name = values["name"]
        if not source.accounts.fault and values["institution_id"] not in having_account:
            yield Warned("institution_without_account", row.error(name))
        if values["kind"] == "subordinate" and not values["founder_id"]:
            yield Warned("subordinate_without_founder", row.error(name))
        if values["kind"] == "other":
            yield Warned("kind_is_other", row.error(name))
            count = founded[values["institution_id"]]
            if count:
                words = russian.counted(count, "учреждения", "учреждений", "учреждений")
                yield Warned("founder_is_other", row.error(f"{name}, учредитель {words}"))
        if not values["ogrn"]:
            yield Warned("no_ogrn", row.error(name))


def _account_warnings(source: Source) -> Iterator[Warned]:
    first: dict[str, Row] = {}
    unnumbered = 0
    for row in _sound(source.accounts.rows):
        values = row.cells
        if values["platform"] not in tables.PLATFORMS:
            text = f"{values['account_id']}: сеть {values['platform']}, собираются {', '.join(tables.PLATFORMS)}"
            yield Warned("platform_not_collected", row.error(text))
        unnumbered += values["platform"] == "vk" and not values["platform_id"]
        address = plain_address(values["url"])
        earlier = first.setdefault(address, row)
        if address and earlier is not row:
            text = f"{values['account_id']}: {address}, как у {earlier.cells['account_id']} в строке {earlier.number}"
            yield Warned("same_address", row.error(text))
    if unnumbered:
        text = f"{russian.counted(unnumbered, 'аккаунт', 'аккаунта', 'аккаунтов')} VK без platform_id"
        yield Warned("no_platform_id", Mistake(ACCOUNTS_CSV, None, text))


def _misnamed_files(folder: Path) -> Iterator[Warned]:
    """A file absent is an empty table, so a misspelt name would go unnoticed."""
    for file in sorted(folder.glob("*")):
        close = difflib.get_close_matches(file.name.lower(), FILES, n=1, cutoff=0.8)
        if file.name not in FILES and close and not (folder / close[0]).exists():
            yield Warned("misnamed_file", Mistake(file.name, None, f"ожидается имя {close[0]}"))
