"""The layout in which regions exchange their registers, taken over without losing or inventing a row.

Every row ends in exactly one group. Precedence: no name or an impossible ОГРН → rejected; «Ликвидация» and the like →
closed_body, even with an address (the account is kept, so that the judgement can say «закрыто» of it); a usable
address → account; an act → exempt; else without_account. An address that several rows give belongs to the first row
without an act, else to the first that is not closed, else to the first: an account must not be judged for a body that
its own register excuses.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import tables
from kirovlib.errors import RegistryError
from kirovlib.registry import addresses, exchange_columns, exchange_keys, exchange_pages, sheets
from kirovlib.registry.exchange_case import Case
from kirovlib.registry.founders import Founders
from kirovlib.registry.imported import Duplicate, Imported, Placed, UnknownKind
from kirovlib.registry.kinds import Kinds
from kirovlib.registry.layout import Register
from kirovlib.registry.ogrn import is_ogrn

_CLOSING = (
    r"(?:само)?(?:ликвид|преобразован|реорганизац|реорганизован|банкрот|прекращ|упраздн|присоедин|слиян|"
    r"закрыт|исключ\w+ из егрюл)"
)
_CLOSED = re.compile(rf"(?:(?:находится |учреждение |организация )?(?:в|на) (?:стадии|процессе) )?{_CLOSING}")
_KEY = re.compile(r"[\w.-]{1,100}")
# The words by which the judgement knows a closed body (`order.evaluate`).
_KNOWN_CLOSED = re.compile("ликвид|банкрот|преобразован|прекращ")
_ACT = re.compile(r"распоряж|постановл|приказ|решени|указ|закон|письм|устав|положени|протокол|№|\d{2}\.\d{2}\.\d{2,4}")


def import_register(file: Path, kinds: Kinds) -> Imported:
    """A register in the exchange layout.

    Args:
        file: XLSX or CSV; order of columns free, all but the name may be absent.
        kinds: The rules that give each institution its kind.

    Raises:
        RegistryError: The file cannot be read, has no header or no rows.
    """
    sheet, head, remarks = exchange_columns.find(file, sheets.read(file))
    remarks += [*head.remarks(sheet), *sheet.remarks]
    cases = []
    for row in sheet.rows:
        if row.number > head.number:
            values, odd = head.values(row)
            cases.append(Case(row.number, values, odd, "повтор строки заголовков" if head.is_repeated_by(row) else ""))
    if not cases:
        msg = f"{file.name}, лист «{sheet.title}»: под заголовком (строка {head.number}) нет ни одной строки. "
        raise RegistryError(msg + "Укажите заполненный реестр.")
    for case in cases:
        _check(case)
    kept = [case for case in cases if not case.rejection]
    duplicates = [*_give_institution_keys(kept), *exchange_pages.give(kept, file.name)]
    unknown = _give_kinds(kept, kinds)
    for case in cases:
        _group(case)
    founders = Founders([(case.institution_id, case.cells["name"]) for case in kept])
    institutions = [_institution(case, founders) for case in kept]
    institutions += founders.added(kinds)
    imported = Imported(
        source=file.name,
        register=Register(
            institutions=tables.validate(tables.Institutions, _frame(institutions)),
            accounts=tables.validate(tables.Accounts, _frame([account for case in kept for account in case.accounts])),
        ),
        exemptions=tables.validate(tables.Exemptions, _frame([_exemption(c) for c in kept if c.group == "exempt"])),
        rows=tuple(_placed(case) for case in cases),
        remarks=tuple(
            sorted([*remarks, *(one for case in cases for one in case.remarks)], key=lambda one: one.row or 0)
        ),
        duplicates=tuple(sorted(duplicates, key=lambda one: (one.row, one.what))),
        unknown_kinds=unknown,
        founder_ids=founders.added_ids,
    )
    assert sum(imported.counts.values()) == len(cases) == len(imported.groups), "a row was lost"  # noqa: S101
    return imported


def _check(case: Case) -> None:
    """Understand name, ОГРН, act, address and number of a row, each for itself."""
    values = case.cells
    case.ogrn = re.sub(r"[\s'’`\"«»]|^огрн:?", "", values["ogrn"].casefold())
    if addresses.is_nothing(case.ogrn):
        case.ogrn = ""
    if not case.rejection and not re.search(r"[^\W\d_]", values["name"]):
        case.rejection = "нет наименования"
    if not case.rejection and case.ogrn and not is_ogrn(case.ogrn):
        case.rejection = (
            f"невозможный ОГРН «{addresses.shortened(values['ogrn'])}»: нужно 13 цифр с верным контрольным разрядом; "
            "исправьте его или сотрите"
        )
    if case.rejection:
        return
    _check_act(case)
    exchange_pages.find(case)
    if values["gospabliki"] and values["gospabliki"].casefold() not in exchange_pages.YES | exchange_pages.NO:
        case.say("flag_not_understood", f"«Госпаблики»: «{addresses.shortened(values['gospabliki'])}» не да и не нет")


def _check_act(case: Case) -> None:
    values = case.cells
    if addresses.is_nothing(values["act"]):
        values["act"] = ""
    act = values["act"].casefold().replace("ё", "е")
    closed = [text for text in (values["act"], values["status"]) if _CLOSED.match(text.casefold().replace("ё", "е"))]
    if closed:
        case.closing = closed[0]
    elif act and not _ACT.search(act):
        case.say("not_an_act", f"страница не ведётся на основании «{addresses.shortened(values['act'])}»: это не акт")
    elif re.search(rf"\b{_CLOSING}", act):
        case.say("act_mentions_closing", "акт упоминает закрытие или преобразование; если закрыто само, так и напишите")


def _give_institution_keys(cases: list[Case]) -> list[Duplicate]:
    """The key that a row names, else its ОГРН, else one made of name and founder."""
    duplicates, owner = [], dict[str, int]()
    named = _named_keys(cases)
    used = set(named.values())
    for case in cases:
        first = owner.setdefault(case.ogrn, case.row) if case.ogrn else None
        case.institution_id = named.get(case.row) or (case.ogrn if first == case.row else "")
        if not case.institution_id:
            seed = "\n".join(exchange_columns.folded(case.cells[name]) for name in ("name", "founder")) + case.ogrn
            case.institution_id = _free(f"row-{hashlib.sha256(seed.encode()).hexdigest()[:12]}", used)
        used.add(case.institution_id)
        if first is None:
            case.say("without_ogrn", f"нет ОГРН; учреждение записано под ключом {case.institution_id}")
        elif first != case.row:
            text = f"ОГРН {case.ogrn} уже есть в строке {first}; учреждение записано под ключом {case.institution_id}"
            case.say("repeated_ogrn", text)
            duplicates.append(Duplicate("ogrn", case.ogrn, first, case.row))
    return duplicates


def _free(key: str, used: set[str]) -> str:
    number = 1
    while (free := key if number == 1 else f"{key}-{number}") in used:
        number += 1
    return free


def _named_keys(cases: list[Case]) -> dict[int, str]:
    """Keys that rows name themselves («Ключ учреждения»), by row; of a repeated one only the first."""
    owner: dict[str, int] = {}
    ogrns = {case.ogrn: case.row for case in reversed(cases) if case.ogrn}
    for case in cases:
        key = case.cells["institution_key"]
        if not key:
            continue
        if not _KEY.fullmatch(key) or key in owner or ogrns.get(key, case.row) != case.row:
            case.say("keys_do_not_fit", f"«Ключ учреждения» «{addresses.shortened(key)}» не годится или уже занят")
        else:
            owner[key] = case.row
    return {row: key for key, row in owner.items()}


def _give_kinds(cases: list[Case], kinds: Kinds) -> tuple[UnknownKind, ...]:
    unknown: dict[tuple[str, str], list[int]] = {}
    for case in cases:
        level, founder = case.cells["level"], case.cells["founder"]
        kind = kinds.kind_of(level=level, founder=founder, name=case.cells["name"])
        case.kind = kind or "other"
        if kind is None:
            unknown.setdefault((level, founder), []).append(case.row)
    return tuple(UnknownKind(level, founder, tuple(rows)) for (level, founder), rows in unknown.items())


def _group(case: Case) -> None:
    if case.rejection:
        case.group = "rejected"
    elif case.closing:
        case.group = "closed_body"
        if case.account_id:
            text = f"закрыто («{addresses.shortened(case.closing)}»), но адрес есть; аккаунт {case.account_id} сохранён"
            case.say("closed_with_address", text)
    elif case.account_id:
        case.group = "account"
        if case.cells["act"]:
            text = "есть и адрес, и акт о неведении; аккаунт будет проверяться. Если акт действует, сотрите адрес"
            case.say("address_and_exemption", text)
    else:
        case.group = "exempt" if case.cells["act"] else "without_account"


def _placed(case: Case) -> Placed:
    reason = case.rejection or "; ".join(case.reasons) or case.closing
    return Placed(case.row, case.group, reason, case.institution_id, case.account_id)


def _institution(case: Case, founders: Founders) -> dict[str, Any]:
    values = case.cells
    is_municipal = re.match(r"(мо|муницип\w*|омсу)\b", values["level"].casefold()) is not None
    return {
        "institution_id": case.institution_id,
        "name": values["name"],
        "short_name": values["short_name"],
        "kind": case.kind,
        "status": _status(case),
        "closed_on": exchange_keys.iso_date(values["closed_on"]),
        "founder_id": founders.id_of(values["founder"], values["level"], case, values["founder_key"]),
        "sphere": "; ".join(filter(None, (values["sphere"], values["sphere_2"], values["sphere_3"]))),
        "municipality": values["municipality"] or (values["founder"] if is_municipal else ""),
        "ogrn": case.ogrn,
    }


def _status(case: Case) -> str:
    """The register's word; of a closed body the closing word first, in a form that the judgement knows."""
    status = case.cells["status"]
    if not case.closing:
        return status
    known = case.closing if _KNOWN_CLOSED.search(case.closing.casefold()) else f"Прекращение: {case.closing}"
    return known if status in {"", case.closing} else f"{known}; {status}"


def _exemption(case: Case) -> dict[str, Any]:
    return {"institution_id": case.institution_id, "clause": "*", "act": case.cells["act"]}


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows).replace("", None)
    if "gospabliki_connected" in frame:
        frame["gospabliki_connected"] = pd.array(frame["gospabliki_connected"].tolist(), dtype="boolean")
    return frame
