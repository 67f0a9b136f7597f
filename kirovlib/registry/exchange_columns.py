"""Columns of the exchange layout by their names as regions write them, in any order, in any of the first rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kirovlib.errors import RegistryError
from kirovlib.registry.addresses import shortened
from kirovlib.registry.sheets import Remark, Sheet, SheetRow

_SEARCHED_ROWS = 20
_ERROR_VALUES = frozenset(
    [
        "#N/A",
        "#REF!",
        "#VALUE!",
        "#NAME?",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
        "#Н/Д",
        "#ССЫЛКА!",
        "#ЗНАЧ!",
        "#ИМЯ?",
        "#ДЕЛ/0!",
    ]
)

# The first name of each is the layout's own; the rest were met in other regions' registers.
COLUMNS: dict[str, tuple[str, ...]] = {
    "name": (
        "Наименование подведомственной организации", "Наименование организации", "Наименование учреждения",
        "Полное наименование", "Наименование", "Название", "Организация", "Учреждение",
    ),
    "level": ("Уровень",),
    "founder": ("Учредитель", "Наименование учредителя"),
    "act": ("Официальная страница не ведется на основании", "Страница не ведется на основании"),
    "ogrn": ("ОГРН",),
    "short_name": ("Краткое наименование", "Сокращенное наименование"),
    "sphere": ("Сфера 1", "Сфера", "Сфера деятельности"),
    "sphere_2": ("Сфера 2",),
    "sphere_3": ("Сфера 3",),
    "municipality": ("Муниципальное образование", "Муниципалитет"),
    "status": ("Статус",),
    "platform_id": ("ID госпаблика",),
    "address": (
        "Ссылка на госпаблик ВК", "Ссылка на госпаблик", "Ссылка на страницу", "Адрес страницы", "Ссылка", "ВКонтакте",
    ),
    "gospabliki": (
        "Подключение к компоненту «Госпаблики» (да/нет)", "Подключение к компоненту «Госпаблики»",
    ),
    # Our own, to the right of the layout (`exchange_out`): it has one page of VK for an institution, and no keys.
    "ok_addresses": ("Ссылки на Одноклассники", "Ссылка на Одноклассники"),
    "telegram_addresses": ("Ссылки на Телеграм", "Ссылка на Телеграм"),
    "other_addresses": ("Другие страницы",),
    "institution_key": ("Ключ учреждения",),
    "founder_key": ("Ключ учредителя",),
    "account_keys": ("Ключи страниц",),
    "closed_on": ("Закрыто с",),
}  # fmt: skip


def folded(text: str) -> str:
    """A column's name without case, spaces, quotes, signs and ё: `Подключение к … (да/нет)` → `подключениек…данет`."""
    return re.sub(r"[\W_]", "", text.casefold().replace("ё", "е"))


_NAMES = {folded(name): (field, rank) for field, names in COLUMNS.items() for rank, name in enumerate(names)}


@dataclass(frozen=True)
class Head:
    """The header row: its number, its cells, and for each field its columns, best first."""

    number: int
    cells: tuple[str, ...]
    columns: dict[str, tuple[int, ...]]

    def values(self, row: SheetRow) -> tuple[dict[str, str], list[Remark]]:
        """The row's cells by field, absent ones empty, and what is odd about them."""
        remarks = []
        cells = list(row.cells)
        for index in (index for index, cell in enumerate(cells) if cell.upper() in _ERROR_VALUES):
            text = f"в ячейке ошибка Excel «{cells[index]}», прочитана пустой"
            remarks.append(Remark("error_value", text, row.number))
            cells[index] = ""
        values = dict.fromkeys(COLUMNS, "")
        for field, indices in self.columns.items():
            found = list(dict.fromkeys(cells[index] for index in indices if index < len(cells) and cells[index]))
            values[field] = found[0] if found else ""
            if found[1:]:
                shown = ", ".join(f"«{shortened(value)}»" for value in found)
                text = f"столбцы «{COLUMNS[field][0]}» расходятся: {shown}; взято первое"
                remarks.append(Remark("column_twice", text, row.number))
        if any(cells[len(self.cells) :]):
            text = (
                f"значения правее последнего заголовка: {shortened('; '.join(filter(None, cells[len(self.cells) :])))}"
            )
            remarks.append(Remark("extra_cells", f"{text}; проверьте разделители", row.number))
        return values, remarks

    def is_repeated_by(self, row: SheetRow) -> bool:
        """Whether a row repeats the header, as printed registers do on each page."""
        return [folded(cell) for cell in row.cells if cell] == [folded(cell) for cell in self.cells if cell]

    def remarks(self, sheet: Sheet) -> Iterator[Remark]:
        """What of the sheet is not taken over: rows above, unknown columns, missing ones."""
        if above := [str(row.number) for row in sheet.rows if row.number < self.number]:
            text = f"заголовки найдены в строке {self.number}; строки над ними не читаются: {', '.join(above)}"
            yield Remark("above_header", text)
        used = {index for indices in self.columns.values() for index in indices}
        below = [row for row in sheet.rows if row.number > self.number]
        unused = [
            name
            for index, name in enumerate(self.cells)
            if index not in used and any(index < len(row.cells) and row.cells[index] for row in below)
        ]
        if unused:
            text = ", ".join(f"«{shortened(name)}»" if name else "без названия" for name in unused[:20])
            yield Remark("unused_columns", f"заполненные столбцы, которым в реестре нет места: {text}")
        expected = ("level", "founder", "act", "ogrn", "status", "platform_id", "address")
        if missing := [COLUMNS[field][0] for field in expected if field not in self.columns]:
            yield Remark("missing_columns", f"нет столбцов: {', '.join(missing)}; их значения считаются пустыми")


def find(file: Path, sheets: list[Sheet]) -> tuple[Sheet, Head, list[Remark]]:
    """The first sheet with a header in its first rows, that header, and what is said of the other sheets.

    Raises:
        RegistryError: No sheet has a column with names of institutions.
    """
    for sheet in sheets:
        heads = [_head(row) for row in sheet.rows[:_SEARCHED_ROWS]]
        named = [head for head in heads if "name" in head.columns]
        if named:
            # A title like «Организация» above the table is no header: the fullest row is, of equals the first.
            head = max(named, key=lambda head: len(head.columns))
            others = [f"«{other.title}» ({len(other.rows)})" for other in sheets if other is not sheet and other.rows]
            text = f"прочитан лист «{sheet.title}»; не прочитаны (заполненных строк): {', '.join(others)}"
            return sheet, head, [Remark("other_sheets", text)] if others else []
    seen = next((row for sheet in sheets for row in sheet.rows), None)
    shown = f" Первая заполненная строка: «{shortened('; '.join(filter(None, seen.cells)), 120)}»." if seen else ""
    msg = (
        f"{file.name}: в первых {_SEARCHED_ROWS} строках нет заголовка «{COLUMNS['name'][0]}» или «Наименование»."
        f"{shown} Укажите выгрузку реестра с русскими названиями столбцов (CSV — в UTF-8 или Windows-1251)."
    )
    raise RegistryError(msg)


def _head(row: SheetRow) -> Head:
    ranked: dict[str, list[tuple[int, int]]] = {}
    for index, cell in enumerate(row.cells):
        if folded(cell) in _NAMES:
            field, rank = _NAMES[folded(cell)]
            ranked.setdefault(field, []).append((rank, index))
    return Head(row.number, row.cells, {field: tuple(i for _, i in sorted(found)) for field, found in ranked.items()})
