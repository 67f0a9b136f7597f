"""The register in the layout in which regions exchange theirs, so that `exchange.import_register` takes it over again.

The layout's own twenty columns come first, with its own names. What it has no place for stands in columns of our own
to the right: pages of other networks, further pages, keys and dates. «Уровень» is the word of the layout by which the
rules of the kinds find the same kind, else the kind itself in words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from kirovlib.registry import addresses, exchange_columns, exchange_keys
from kirovlib.registry.founders import key_of, normalised
from kirovlib.registry.kinds import Kinds
from kirovlib.registry.layout import Register

MARK, WIDGETS, ACTIVITY, SUBSCRIBERS = (
    "Госметка (да/нет)", "Виджеты (0/1/2)", "Активность (%)", "Количество подписчиков",
)  # fmt: skip
_FIRST = exchange_columns.COLUMNS
_OURS = (
    "short_name", "municipality", "ok_addresses", "telegram_addresses", "other_addresses", "institution_key",
    "founder_key", "account_keys", "closed_on",
)  # fmt: skip
LAYOUT = (
    "Уровень", "Учредитель", "Наименование подведомственной организации",
    "Официальная страница не ведется на основании", "ОГРН", "Сфера 1", "Сфера 2", "Сфера 3", "Статус", "ID госпаблика",
    "Ссылка на госпаблик ВК", "Адрес, указанный в настройках страницы",
    "Подключение к компоненту «Госпаблики» (да/нет)", MARK, "Оформление (%)", WIDGETS, ACTIVITY, SUBSCRIBERS,
    "Общий охват аудитории за неделю", "Средний охват одной публикации",
)  # fmt: skip
COLUMNS = (*LAYOUT, *(_FIRST[name][0] for name in _OURS))
# In words of the layout where its rules know them, else the kind itself (`kinds.toml` begins with these).
_LEVELS = {
    "executive_authority": ("Министерство", "Ведомство", "Регион", "орган исполнительной власти"),
    "subordinate": ("Министерство", "Ведомство", "Регион", "подведомственное учреждение"),
    "state_participation": ("Министерство", "Ведомство", "с государственным участием"),
    "other": ("МО", "Другое", "прочие"),
}
_SPHERES = 3

Row = dict[str, Any]


def rows(register: Register, acts: Mapping[str, str], kinds: Kinds) -> list[tuple[str, str, Row]]:
    """Rows of the layout; what is measured (mark, widgets, activity, subscribers) stays blank.

    Args:
        register: The register.
        acts: The act that frees an institution from keeping a page, by institution_id.
        kinds: The rules by which the import gives each institution its kind.

    Returns:
        For each row its institution_id, the account_id of the page in the layout's column («Ссылка на госпаблик ВК»;
        empty where there is none), and its cells by column, text; founders that the import adds by itself have no row.

    Example:
        >>> from pathlib import Path
        >>> from kirovlib.registry import kinds, layout
        >>> found = rows(layout.read(Path("data/sample/registry")), {}, kinds.load())
        >>> len(found), found[0][2]["ОГРН"]
        (24, '1029900001009')
    """
    institutions, names = _records(register.institutions), {}
    for institution in institutions:
        names[institution["institution_id"]] = institution["name"]
    pages: defaultdict[str, list[Row]] = defaultdict(list)
    for account in _records(register.accounts):
        pages[account["institution_id"]].append(account)
    levels = {each["institution_id"]: _level(each, names, kinds) for each in institutions}
    children: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in institutions:
        children[each["founder_id"]][levels[each["institution_id"]]] += 1
    found = []
    for each in institutions:
        key = each["institution_id"]
        if _comes_by_itself(each, pages[key], children[key], kinds) and key not in acts:
            continue
        main = next((page for page in pages[key] if _is_main(page)), None)
        cells = {"Уровень": levels[key], "Учредитель": names.get(each["founder_id"], "")}
        cells |= _about(each, acts.get(key, "")) | _pages(main, pages[key])
        found.append((key, main["account_id"] if main else "", cells))
    return found


def _records(table: pd.DataFrame) -> list[Row]:
    """Rows with text for what is text, None for blank dates and flags."""
    blanks = {name: "" if pd.api.types.is_string_dtype(table[name].dtype) else None for name in table}
    return [
        {str(name): blanks[name] if pd.isna(cell) else cell for name, cell in row.items()}
        for row in table.to_dict("records")
    ]


def _is_main(page: Row) -> bool:
    parsed = addresses.parse(page["url"])
    return page["platform"] == "vk" and isinstance(parsed, addresses.Address) and parsed.platform == "vk"


def _level(institution: Row, names: Mapping[str, str], kinds: Kinds) -> str:
    """The first word by which the rules give the kind that the register has."""
    kind, founder = institution["kind"], names.get(institution["founder_id"], "")
    words = _LEVELS[kind]
    if kind == "other" and not institution["municipality"]:
        words = words[1:]  # under «МО» the import would take the founder for the municipality
    of_founder = next((word for word in words if founder.casefold().startswith(word.casefold()[:8])), words[0])
    found = (word for word in (of_founder, *words)
             if kinds.kind_of(level=word, founder=founder, name=institution["name"]) == kind)  # fmt: skip
    return next(found, words[-1])


def _comes_by_itself(institution: Row, pages: Iterable[Row], levels: Counter[str], kinds: Kinds) -> bool:
    """Whether the import makes this founder anew from its institutions: then a row would make it twice."""
    name = institution["name"]
    bare = not (institution["ogrn"] or institution["founder_id"] or institution["status"] or institution["sphere"])
    if not levels or list(pages) or not bare or institution["institution_id"] != key_of(normalised(name)):
        return False
    made = kinds.kind_of(level=levels.most_common(1)[0][0], founder=name, name=name) or "other"
    return bool(made == institution["kind"])


def _about(institution: Row, act: str) -> Row:
    spheres = [part for part in institution["sphere"].split("; ") if part]
    if len(spheres) > _SPHERES:
        spheres = [*spheres[: _SPHERES - 1], "; ".join(spheres[_SPHERES - 1 :])]
    closed = institution["closed_on"]
    return {
        "Наименование подведомственной организации": institution["name"],
        "Официальная страница не ведется на основании": act,
        "ОГРН": institution["ogrn"],
        **{f"Сфера {number}": sphere for number, sphere in enumerate(spheres, 1)},
        "Статус": institution["status"],
        _FIRST["short_name"][0]: institution["short_name"],
        _FIRST["municipality"][0]: institution["municipality"],
        _FIRST["institution_key"][0]: institution["institution_id"],
        _FIRST["founder_key"][0]: institution["founder_id"],
        _FIRST["closed_on"][0]: f"{closed:%d.%m.%Y}" if closed is not None else "",
    }


def _pages(main: Row | None, pages: list[Row]) -> Row:
    """Addresses by network, and the keys in the order in which the import meets the pages."""
    rest = [page for page in pages if page is not main]
    groups = {name: [page for page in rest if page["platform"] == name] for name in ("ok", "telegram")}
    others = [page for page in rest if page["platform"] not in groups]
    ordered = [*([main] if main else []), *groups["ok"], *groups["telegram"], *others]
    cells: Row = {
        _FIRST["ok_addresses"][0]: _urls(groups["ok"]),
        _FIRST["telegram_addresses"][0]: _urls(groups["telegram"]),
        _FIRST["other_addresses"][0]: _urls(others),
        _FIRST["account_keys"][0]: exchange_keys.shown(ordered),
    }
    if main is not None:
        connected = main["gospabliki_connected"]
        cells |= {
            "ID госпаблика": main["platform_id"],
            "Ссылка на госпаблик ВК": main["url"],
            "Подключение к компоненту «Госпаблики» (да/нет)": (
                "" if connected is None else "да" if connected else "нет"
            ),
        }
    return cells


def _urls(pages: Iterable[Row]) -> str:
    return " ".join(page["url"] for page in pages)
