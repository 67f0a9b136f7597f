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
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import tables
from kirovlib.errors import RegistryError
from kirovlib.registry import addresses, exchange_columns, sheets
from kirovlib.registry.founders import Founders
from kirovlib.registry.imported import Duplicate, Imported, Placed, UnknownKind
from kirovlib.registry.kinds import Kinds
from kirovlib.registry.layout import Register
from kirovlib.registry.ogrn import is_ogrn
from kirovlib.registry.rows import FALSE, TRUE
from kirovlib.registry.sheets import Remark

_CLOSING = (
    r"(?:само)?(?:ликвид|преобразован|реорганизац|реорганизован|банкрот|прекращ|упраздн|присоедин|слиян|"
    r"закрыт|исключ\w+ из егрюл)"
)
_CLOSED = re.compile(rf"(?:(?:находится |учреждение |организация )?(?:в|на) (?:стадии|процессе) )?{_CLOSING}")
# The words by which the judgement knows a closed body (`order.evaluate`).
_KNOWN_CLOSED = re.compile("ликвид|банкрот|преобразован|прекращ")
_ACT = re.compile(r"распоряж|постановл|приказ|решени|указ|закон|письм|устав|положени|протокол|№|\d{2}\.\d{2}\.\d{2,4}")
_YES, _NO = TRUE | {"подключено", "подключен", "+", "yes"}, FALSE | {"не подключено", "не подключен", "no"}


@dataclass
class _Case:
    """A row on its way: its cells, what was understood, and what is said of it."""

    row: int
    cells: dict[str, str]
    remarks: list[Remark]
    rejection: str = ""
    ogrn: str = ""
    institution_id: str = ""
    kind: str = "other"
    closing: str = ""
    address: addresses.Address | None = None
    platform_id: str = ""
    account_id: str = ""
    group: str = ""
    reasons: list[str] = field(default_factory=list)

    def say(self, kind: str, text: str) -> None:
        self.remarks.append(Remark(kind, text, self.row))
        self.reasons.append(text)


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
            cases.append(_Case(row.number, values, odd, "повтор строки заголовков" if head.is_repeated_by(row) else ""))
    if not cases:
        msg = f"{file.name}, лист «{sheet.title}»: под заголовком (строка {head.number}) нет ни одной строки. "
        raise RegistryError(msg + "Укажите заполненный реестр.")
    for case in cases:
        _check(case)
    kept = [case for case in cases if not case.rejection]
    duplicates = [*_give_institution_keys(kept), *_give_accounts(kept)]
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
            accounts=tables.validate(
                tables.Accounts, _frame([_account(case, file.name) for case in kept if case.account_id])
            ),
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


def _check(case: _Case) -> None:
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
    _check_address(case)
    if values["gospabliki"] and values["gospabliki"].casefold() not in _YES | _NO:
        case.say("flag_not_understood", f"«Госпаблики»: «{addresses.shortened(values['gospabliki'])}» не да и не нет")


def _check_act(case: _Case) -> None:
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


def _check_address(case: _Case) -> None:
    text, number = case.cells["address"], _number(case)
    parsed = addresses.parse(text)
    if isinstance(parsed, addresses.NoAddress):
        if not parsed.blank:
            case.say("address_not_usable", f"«{addresses.shortened(text)}»: {parsed.reason}")
        if number and (case.cells["act"] or case.closing):
            case.say("id_without_account", f"ID госпаблика {number} без адреса не перенесён")
        elif number:
            case.say("address_from_id", f"адреса нет, взято сообщество с ID госпаблика {number}")
            case.address = addresses.Address("vk", number, number, f"https://vk.com/club{number}")
            case.platform_id = number
        return
    case.address, case.platform_id = parsed, parsed.platform_id
    if parsed.note:
        case.say("several_addresses", parsed.note)
    if parsed.platform != "vk":
        case.say("other_network", f"в столбце VK адрес другой сети ({parsed.platform}); записан как {parsed.url}")
    elif parsed.platform_id and number and parsed.platform_id != number:
        case.say("id_contradicts_address", f"ID госпаблика {number}, а в адресе {parsed.platform_id}; взят адрес")
    elif number:
        case.platform_id = number


def _number(case: _Case) -> str:
    """«ID госпаблика» as VK's number, or empty; 0 and 1 stand for «no» and «yes» there."""
    number = re.sub(r"\s", "", case.cells["platform_id"])
    if addresses.is_nothing(number) or number == "1":
        return ""
    if not re.fullmatch(r"-?[0-9]{2,15}", number):
        case.say("id_not_understood", f"ID госпаблика «{addresses.shortened(number)}» не номер сообщества VK")
        return ""
    return number.lstrip("-0")


def _give_institution_keys(cases: list[_Case]) -> list[Duplicate]:
    duplicates, owner, taken = [], dict[str, int](), Counter[str]()
    for case in cases:
        first = owner.setdefault(case.ogrn, case.row) if case.ogrn else None
        if first == case.row:
            case.institution_id = case.ogrn
            continue
        seed = "\n".join(exchange_columns.folded(case.cells[name]) for name in ("name", "founder")) + case.ogrn
        key = f"row-{hashlib.sha256(seed.encode()).hexdigest()[:12]}"
        taken[key] += 1
        case.institution_id = key if taken[key] == 1 else f"{key}-{taken[key]}"
        if first is None:
            case.say("without_ogrn", f"нет ОГРН; учреждение записано под ключом {case.institution_id}")
        else:
            text = f"ОГРН {case.ogrn} уже есть в строке {first}; учреждение записано под ключом {case.institution_id}"
            case.say("repeated_ogrn", text)
            duplicates.append(Duplicate("ogrn", case.ogrn, first, case.row))
    return duplicates


def _give_accounts(cases: list[_Case]) -> list[Duplicate]:
    """Each address to one row; an account is known by its short name and by its number."""
    duplicates, owner = [], dict[tuple[str, str, str], int]()
    claims = [(case, case.address) for case in cases if case.address is not None]
    for case, address in sorted(claims, key=lambda claim: (*_claim(claim[0]), claim[0].row)):
        # A network's names are no numbers: `vk.com/123` is no address. So one key serves both.
        keys = [(address.platform, "", key) for key in dict.fromkeys((address.key, case.platform_id)) if key]
        first = next((owner[key] for key in keys if key in owner), None)
        if first is None:
            owner |= dict.fromkeys(keys, case.row)
            case.account_id = f"{address.platform}:{case.platform_id or address.key}"
            continue
        for key in keys:
            owner.setdefault(key, first)
        text = f"аккаунт {address.url} записан за строкой {first}; здесь учреждение осталось без него"
        case.say("account_of_another_row", text)
        duplicates.append(Duplicate("account", address.url, first, case.row))
    return duplicates


def _claim(case: _Case) -> tuple[bool, bool]:
    return (bool(case.closing), bool(case.cells["act"]))


def _give_kinds(cases: list[_Case], kinds: Kinds) -> tuple[UnknownKind, ...]:
    unknown: dict[tuple[str, str], list[int]] = {}
    for case in cases:
        level, founder = case.cells["level"], case.cells["founder"]
        kind = kinds.kind_of(level=level, founder=founder, name=case.cells["name"])
        case.kind = kind or "other"
        if kind is None:
            unknown.setdefault((level, founder), []).append(case.row)
    return tuple(UnknownKind(level, founder, tuple(rows)) for (level, founder), rows in unknown.items())


def _group(case: _Case) -> None:
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


def _placed(case: _Case) -> Placed:
    reason = case.rejection or "; ".join(case.reasons) or case.closing
    return Placed(case.row, case.group, reason, case.institution_id, case.account_id)


def _institution(case: _Case, founders: Founders) -> dict[str, Any]:
    values = case.cells
    is_municipal = re.match(r"(мо|муницип\w*|омсу)\b", values["level"].casefold()) is not None
    return {
        "institution_id": case.institution_id,
        "name": values["name"],
        "short_name": values["short_name"],
        "kind": case.kind,
        "status": _status(case),
        "founder_id": founders.id_of(values["founder"], values["level"], case),
        "sphere": "; ".join(filter(None, (values["sphere"], values["sphere_2"], values["sphere_3"]))),
        "municipality": values["municipality"] or (values["founder"] if is_municipal else ""),
        "ogrn": case.ogrn,
    }


def _status(case: _Case) -> str:
    """The register's word; of a closed body the closing word first, in a form that the judgement knows."""
    status = case.cells["status"]
    if not case.closing:
        return status
    known = case.closing if _KNOWN_CLOSED.search(case.closing.casefold()) else f"Прекращение: {case.closing}"
    return known if status in {"", case.closing} else f"{known}; {status}"


def _account(case: _Case, source: str) -> dict[str, Any]:
    address = case.address
    flag = case.cells["gospabliki"].casefold() if address and address.platform == "vk" else ""
    connected = True if flag in _YES else False if flag in _NO else None
    return {
        "account_id": case.account_id,
        "platform_id": case.platform_id,
        "institution_id": case.institution_id,
        "platform": address.platform if address else "",
        "url": address.url if address else "",
        "gospabliki_connected": connected,
        "gospabliki_source": source if connected is not None else "",
    }


def _exemption(case: _Case) -> dict[str, Any]:
    return {"institution_id": case.institution_id, "clause": "*", "act": case.cells["act"]}


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows).replace("", None)
    if "gospabliki_connected" in frame:
        frame["gospabliki_connected"] = pd.array(frame["gospabliki_connected"].tolist(), dtype="boolean")
    return frame
