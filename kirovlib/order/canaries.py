"""Canaries: which fields of pages the networks returned in a period, and what the silent ones mean for verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from kirovlib import russian
from kirovlib.order import contents, wording
from kirovlib.order.clauses import Clause
from kirovlib.order.evaluate import Judgement
from kirovlib.order.method import editions_used
from kirovlib.order.profile_findings import Snapshots

FIELDS = {
    "menu": "меню", "links": "ссылки", "action_button": "кнопка действия",
    "government_mark": "отметка «Госорганизация»", "name": "название", "has_avatar": "аватар", "has_cover": "обложка",
    "description": "описание", "phone": "телефон", "address": "адрес", "site": "сайт",
}  # fmt: skip
STATES = {
    "fallen": "не отвечает: чего в нём нет, о том ничего не известно",
    "answered": "отвечает: чего в нём нет, того нет",
    "counted": "пусто там, где этого нет или сеть не показала",
    "no_pages": "снимков страниц за период нет",
}
# Fields that the clauses on portal links and on the mark look at; `Snapshots` knows when their silence means nothing.
_LINKS = ("vk_report_problem", "vk_voice_opinion", "vk_portal_mini_app")
_RESTING: Mapping[str, tuple[str, ...]] = {
    "menu": _LINKS,
    "links": _LINKS,
    "action_button": _LINKS,
    "government_mark": ("ok_government_mark",),
}
_CONTENTS = "required_contents"


class _Field(NamedTuple):
    """A field of a network's pages.

    Attributes:
        clauses: Those that look at it.
        is_decisive: Whether its silence alone keeps a clause from calling something absent.
    """

    platform: str
    field: str
    clauses: tuple[Clause, ...]
    is_decisive: bool


def fields(judged: Judgement) -> pd.DataFrame:
    """What the networks returned of the fields that clauses look at.

    Returns:
        platform, platform_name, field (column of ProfileSnapshots), field_name, registered_count (accounts of the
        register), page_count (of them seen in the period, deleted ones left out), returned_count, clauses («п. 2.4.1,
        п. 2.4.2»; blank where nothing rests on it), state (a key of `STATES`), meaning (a sentence); by network.
    """
    snapshots = judged.facts.judging(judged.period)
    rows = []
    for each in _watched_fields(judged):
        of_platform = snapshots.table["account_id"].str.startswith(f"{each.platform}:")
        pages = snapshots.table[of_platform & (snapshots.table["status"] != "gone")]
        returned = int(pages.loc[pages[each.field].notna(), "account_id"].nunique())
        seen = int(pages["account_id"].nunique())
        row = {
            "platform": each.platform,
            "platform_name": wording.PLATFORMS[each.platform],
            "field": each.field,
            "field_name": FIELDS[each.field],
            "registered_count": snapshots.registered.get(each.platform, 0),
            "page_count": seen,
            "returned_count": returned,
            "clauses": ", ".join(dict.fromkeys(f"п.\u00a0{clause.clause}" for clause in each.clauses)),
            "state": _state(each, snapshots, seen, returned),
        }
        rows.append(row | {"meaning": _meaning(row, _silent(snapshots, pages) if each.field == "menu" else 0)})
    columns = [
        "platform", "platform_name", "field", "field_name", "registered_count", "page_count", "returned_count",
        "clauses", "state", "meaning",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _watched_fields(judged: Judgement) -> Iterator[_Field]:
    """Every field that a clause looks at, and those of the checklist of 2.2 also where it is empty."""
    clauses = {clause.key: clause for clause in judged.clauses}
    required = clauses.get(_CONTENTS)
    items = (
        [item for edition in editions_used(required, judged) for item in edition.parameters["items"]]
        if required
        else []
    )
    for platform in contents.PLACES:
        if not judged.facts.registered.get(platform):
            continue
        places = contents.PLACES[platform]
        for field in FIELDS:
            resting = [clauses[key] for key in _RESTING.get(field, ()) if key in clauses]
            resting = [clause for clause in resting if platform in clause.platforms]
            showing = [item for item, place in places.items() if field in place.columns]
            if required and set(showing) & set(items):
                resting.append(required)
            decides = any(field in places[item].decisive for item in items if item in places)
            if resting or (required and showing):
                yield _Field(platform, field, tuple(resting), decides)


def _state(each: _Field, snapshots: Snapshots, seen: int, returned: int) -> str:
    if not seen:
        return "no_pages"
    has_rule = {clause.key for clause in each.clauses} & set(_RESTING.get(each.field, ()))
    if each.field == "menu" and has_rule:
        return "answered" if snapshots.is_menu_answered else "fallen"
    if each.field == "government_mark" and has_rule:
        return "answered" if returned and snapshots.is_mark_seen else "fallen"
    return "fallen" if each.is_decisive and not returned else "counted"


def _silent(snapshots: Snapshots, pages: pd.DataFrame) -> int:
    """Accounts without a menu, seen only in runs in which nobody had one."""
    unasked = pages["menu"].isna() & ~pages["run_id"].isin(snapshots.runs_with_menus) & (pages["status"] != "closed")
    return int(pages.loc[unasked, "account_id"].nunique())


def _meaning(row: Mapping[str, Any], silent_count: int) -> str:
    if row["state"] != "fallen":
        rest = f"; кроме {silent_count} из сборов, в которых меню не вернулось никому" if silent_count else ""
        return STATES[row["state"]] + (rest if row["state"] == "answered" else "")
    accounts = russian.counted(row["registered_count"], "аккаунта", "аккаунтов", "аккаунтов")
    if row["field"] == "menu":
        what = (
            f"меню вернулось только у {row['returned_count']} из {accounts} реестра, и его отсутствие ничего не значит"
        )
    elif row["field"] == "government_mark" and row["returned_count"]:
        seen = row["returned_count"]
        what = f"отметки «Госорганизация» нет ни у одного из {seen} ответивших: возможно, сеть не показывает её нам"
    else:
        what = f"поля «{row['field_name']}» сеть не вернула ни у кого"
    return f"{row['platform_name']}: {what}. Где нужного не видно, {row['clauses']} — «не установлено»."
