"""The registers beside the register: exemptions, decisions, acknowledgements, manual checks; read strictly.

They lie in the register's folder, laid out as its files; one that is absent is empty. Keys of clauses are passed in,
the register knows nothing of the order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kirovlib import tables
from kirovlib.errors import RegistryError
from kirovlib.registry.layout import ACCOUNTS_CSV, INSTITUTIONS_CSV, Register, write_tables
from kirovlib.registry.rows import FALSE, TRUE, Contents, Mistake, Row, frame, is_date, read_contents, refuse

EXEMPTIONS_CSV = "exemptions.csv"
DECISIONS_CSV = "decisions.csv"
ACKNOWLEDGEMENTS_CSV = "acknowledgements.csv"
MANUAL_CHECKS_CSV = "manual_checks.csv"
SIDE_TABLES: dict[str, type[tables.Table]] = {
    EXEMPTIONS_CSV: tables.Exemptions,
    DECISIONS_CSV: tables.Decisions,
    ACKNOWLEDGEMENTS_CSV: tables.Acknowledgements,
    MANUAL_CHECKS_CSV: tables.ManualChecks,
}

ALL_CLAUSES = "*"
_FIRST_DAY, _LAST_DAY = "0001-01-01", "9999-12-31"


@dataclass(frozen=True)
class Side:
    """The registers beside the register: tables Exemptions, Decisions, Acknowledgements, ManualChecks."""

    exemptions: pd.DataFrame
    decisions: pd.DataFrame
    acknowledgements: pd.DataFrame
    manual_checks: pd.DataFrame


@dataclass(frozen=True)
class Known:
    """What rows may name; none when the file that lists it could not be read to its end.

    Attributes:
        clauses: Keys of the clauses. Where it is a mapping, to the networks whose accounts a person can check by each;
            none: the clause is about institutions.
    """

    institutions: Collection[str] | None
    accounts: Collection[str] | None
    clauses: Collection[str]


@dataclass(frozen=True)
class SideSource:
    """The four files as found, and all mistakes but the faults of a file as a whole."""

    contents: Mapping[str, Contents]
    mistakes: tuple[Mistake, ...]


def read_side(folder: Path, register: Register, clause_keys: Collection[str]) -> Side:
    """The registers beside the register, validated against it.

    Args:
        folder: The register's folder.
        register: The register they refer to.
        clause_keys: Keys of the clauses, as in `clauses.toml`; see `Known.clauses`.

    Raises:
        RegistryError: A file's head is wrong or rows are; the message lists every row.

    Example:
        >>> folder = Path("data/sample/registry")
        >>> len(read_side(folder, read(folder), ["posts_per_week", "vk_voice_opinion"]).decisions)
        0
    """
    known = Known(
        frozenset(register.institutions["institution_id"]), frozenset(register.accounts["account_id"]), clause_keys
    )
    source = examine_side(folder, known)
    for contents in source.contents.values():
        if contents.fault:
            raise RegistryError(contents.fault)
    refuse(source.mistakes)
    made = {name: tables.validate(table, frame(source.contents[name].rows)) for name, table in SIDE_TABLES.items()}
    return Side(made[EXEMPTIONS_CSV], made[DECISIONS_CSV], made[ACKNOWLEDGEMENTS_CSV], made[MANUAL_CHECKS_CSV])


def write_side(folder: Path, side: Side) -> None:
    """Write the registers beside the register, as `layout.write_tables` does.

    A table without rows makes no file, but empties one that is there.
    """
    made = (side.exemptions, side.decisions, side.acknowledgements, side.manual_checks)
    contents = dict(zip(SIDE_TABLES, made, strict=True))
    write_tables(folder, {name: frame for name, frame in contents.items() if len(frame) or (folder / name).exists()})


def examine_side(folder: Path, known: Known) -> SideSource:
    """The four files of a folder, checked; nothing is raised."""
    contents = {
        name: read_contents(folder / name, table) if (folder / name).exists() else Contents([])
        for name, table in SIDE_TABLES.items()
    }
    mistakes: list[Mistake] = []
    for name, table in SIDE_TABLES.items():
        mistakes += [row.error(row.broken) for row in contents[name].rows if row.broken]
        rows = [row for row in contents[name].rows if not row.broken]
        mistakes += [row.error(text) for row in rows for text in _cell_mistakes(row, table)]
        mistakes += [row.error(text) for row in rows for text in _key_mistakes(row, known)]
        mistakes += [row.error(text) for row in rows for text in _OWN_MISTAKES[name](row.cells)]
        mistakes += _repeated(rows, _KEYS[name]) if name in _KEYS else _overlapping(rows)
    return SideSource(contents, tuple(mistakes))


def overlaps(rows: list[Row]) -> Iterator[tuple[Row, Row]]:
    """Exemptions of one subject from one clause whose dates overlap: an earlier row and a later one."""
    earlier: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        values = row.cells
        subject = (values["institution_id"], values["account_id"], values["clause"])
        first, last = _from_until(values)
        if row.broken or not (is_date(first) and is_date(last)) or first > last:
            continue  # told already
        for other in earlier.setdefault(subject, []):
            other_first, other_last = _from_until(other.cells)
            if first <= other_last and other_first <= last:
                yield other, row
        earlier[subject].append(row)


def _from_until(values: dict[str, str]) -> tuple[str, str]:
    return values["exempt_from"] or _FIRST_DAY, values["exempt_until"] or _LAST_DAY


def _overlapping(rows: list[Row]) -> Iterator[Mistake]:
    told: set[int] = set()
    for other, row in overlaps(rows):
        if row.cells["act"] == other.cells["act"] and row.number not in told:
            told.add(row.number)
            yield row.error(
                f"то же исключение по тому же акту уже есть в строке {other.number}, и их сроки пересекаются; "
                "ожидается одна строка на один срок"
            )


def _repeated(rows: list[Row], columns: tuple[str, ...]) -> Iterator[Mistake]:
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(row.cells[name] for name in columns)
        earlier = first.setdefault(key, row)
        if earlier is not row and all(key):
            yield row.error(
                f"повторяет строку {earlier.number}: те же {', '.join(columns)} ({', '.join(key)}); ожидается одна"
            )


def _cell_mistakes(row: Row, table: type[tables.Table]) -> Iterator[str]:
    for name, column in tables.schema(table).columns.items():
        value = row.cells[name]
        if not value:
            if not column.nullable:
                yield f"пустой столбец {name}; ожидается: {column.description}"
        elif str(column.dtype) == "datetime64[us]" and not is_date(value):
            why = ": такого дня нет в календаре" if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) else ""
            yield f"{name} «{value}»{why}; ожидается дата вида 2024-05-20"
        elif str(column.dtype) == "boolean" and value.lower() not in TRUE | FALSE:
            yield f"{name} «{value}»; ожидается да, нет или пусто"


def _key_mistakes(row: Row, known: Known) -> Iterator[str]:
    values = row.cells
    institution_id, account_id, clause = (values.get(name, "") for name in ("institution_id", "account_id", "clause"))
    if institution_id and known.institutions is not None and institution_id not in known.institutions:
        yield f"institution_id «{institution_id}» нет среди учреждений; ожидается ключ из {INSTITUTIONS_CSV}"
    if account_id and known.accounts is not None and account_id not in known.accounts:
        yield f"account_id «{account_id}» нет среди аккаунтов; ожидается ключ из {ACCOUNTS_CSV}"
    for_all = [ALL_CLAUSES] if row.file.name == EXEMPTIONS_CSV else []
    if clause and clause not in {*for_all, *known.clauses}:
        yield f"clause «{clause}»; ожидается одно из: {', '.join([*for_all, *known.clauses])}"
    elif row.file.name == MANUAL_CHECKS_CSV and isinstance(known.clauses, Mapping) and clause:
        platforms = known.clauses[clause]
        if not platforms:
            yield f"clause «{clause}» — пункт об учреждении, проверка аккаунта его не решает; ожидается другой пункт"
        elif account_id.partition(":")[0] not in platforms:
            yield f"clause «{clause}» не об этой сети; ожидается аккаунт из: {', '.join(platforms)}"


def _exemption_mistakes(values: dict[str, str]) -> Iterator[str]:
    if values["institution_id"] and values["account_id"]:
        yield "названы и institution_id, и account_id; ожидается что-нибудь одно"
    if not values["institution_id"] and not values["account_id"]:
        yield "не названы ни institution_id, ни account_id; ожидается что-нибудь одно"
    yield from _disordered(values, "exempt_from", "exempt_until")


def _decision_mistakes(values: dict[str, str]) -> Iterator[str]:
    # Only a "no" whose origin can be shown may become `failed`.
    if values["done"].lower() in FALSE and not values["source"]:
        yield f"done «{values['done']}» без source; ожидается, откуда известно, что решение не учтено"
    yield from _disordered(values, "decided_on", "done_on")


def _acknowledgement_mistakes(_: dict[str, str]) -> Iterator[str]:
    yield from ()


def _manual_check_mistakes(values: dict[str, str]) -> Iterator[str]:
    yield from _disordered(values, "period_from", "period_until")
    if values["result"] and values["result"] not in tables.MANUAL_RESULTS:
        yield f"result «{values['result']}»; ожидается одно из: {', '.join(tables.MANUAL_RESULTS)}"
    if values["result"] == "contested" and not values["answer"]:
        yield "result «contested» без answer; ожидается ответ на возражение"


def _disordered(values: dict[str, str], first: str, last: str) -> Iterator[str]:
    if is_date(values[first]) and is_date(values[last]) and values[first] > values[last]:
        yield f"{first} {values[first]} позже, чем {last} {values[last]}; ожидается наоборот"


_OWN_MISTAKES: dict[str, Callable[[dict[str, str]], Iterator[str]]] = {
    EXEMPTIONS_CSV: _exemption_mistakes,
    DECISIONS_CSV: _decision_mistakes,
    ACKNOWLEDGEMENTS_CSV: _acknowledgement_mistakes,
    MANUAL_CHECKS_CSV: _manual_check_mistakes,
}
# What may stand in one row only; exemptions are compared by their dates instead.
_KEYS = {
    DECISIONS_CSV: ("decision_id", "institution_id"),
    ACKNOWLEDGEMENTS_CSV: ("institution_id", "document", "acknowledged_on"),
    MANUAL_CHECKS_CSV: ("account_id", "clause", "period_from", "period_until"),
}
