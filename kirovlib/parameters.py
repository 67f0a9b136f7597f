"""The one schema of parameters: for the command line, for papermill and for the explorer's widgets.

Everything is checked before a kernel starts: names, types, values, and whether the data folder knows them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirovlib import registry
from kirovlib.errors import LakeError, ParameterError
from kirovlib.lake import Lake
from kirovlib.weeks import Period

_KINDS = {str: "текст в кавычках", int: "целое число"}
_SHOWN_NEAR = 3
_PAST_WEEKS = 11


@dataclass(frozen=True)
class Parameter:
    """A parameter of notebooks.

    Attributes:
        kind: Its type; a number in a text stays text, as ОГРН must.
        meaning: What it is, in Russian.
        expected: What it may be, in Russian.
        default: Its value where nobody gives one; None where the notebook or the command says it.
        allowed: The numbers it may be, None for texts.
    """

    name: str
    kind: type[str | int]
    meaning: str
    expected: str
    default: str | int | None = None
    allowed: range | None = None

    def read(self, text: str) -> str | int:
        """The value written as text.

        Raises:
            ParameterError: When a number is expected and the text is none.
        """
        text = text.strip()
        if self.kind is str:
            return text
        if not re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII):
            raise ParameterError(self._refusal(text))
        return int(text)

    def check(self, value: Any) -> None:
        """Refuse a value of another type or outside the range; that a period, folder or institution exists is not said.

        Raises:
            ParameterError: With what is expected.
        """
        if type(value) is not self.kind:
            msg = f"Параметр {self.name}: {value!r}; ожидается {_KINDS[self.kind]}: {self.expected}."
            raise ParameterError(msg)
        is_outside = self.allowed is not None and value not in self.allowed
        if is_outside or not str(value).strip():
            raise ParameterError(self._refusal(value))

    def _refusal(self, value: object) -> str:
        given = f"«{value}»" if str(value).strip() else "не указано"
        return f"Параметр {self.name}: {given}; ожидается {self.expected}."


def _whole(name: str, meaning: str, allowed: range, default: int) -> Parameter:
    expected = f"целое число от {allowed[0]} до {allowed[-1]}"
    return Parameter(name, int, meaning, expected, default, allowed)


PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter(
            "period",
            str,
            "за какой срок судить",
            "неделя 2024-W21, месяц 2024-05, квартал 2024-Q2 или даты 2024-05-20_2024-06-16",
        ),
        Parameter("data", str, "папка с данными", "папка, в которой лежат registry/ (реестр) и lake/ (собранное)"),
        _whole("past_weeks", "сколько недель до периода показать рядом", range(521), _PAST_WEEKS),
        Parameter(
            "institution_id",
            str,
            "учреждение",
            "ключ учреждения, как в реестре: столбец institution_id файла institutions.csv",
        ),
        _whole("mend_days", "сколько дней после периода даётся на исправление", range(1, 366), 14),
    )
}


def past_weeks_for(period: Period) -> int:
    """How many weeks before a period a report shows: at least the period before it, with which it is compared.

    Example:
        >>> past_weeks_for(Period.parse("2024-W21")), past_weeks_for(Period.parse("2024-Q3"))
        (11, 13)
    """
    return max(_PAST_WEEKS, len(period.previous().weeks))


def from_text(pairs: Iterable[str]) -> dict[str, str | int]:
    """Values of `name=value` words, as the command line has them, in the types of the schema.

    Raises:
        ParameterError: Not of this form, given twice, an unknown name or not a number where one is expected.

    Example:
        >>> from_text(["past_weeks=4", "institution_id=1024300000000"])
        {'past_weeks': 4, 'institution_id': '1024300000000'}
    """
    values: dict[str, str | int] = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        name = name.strip()
        if not separator:
            msg = f"«{pair}» — не параметр. Ожидается имя=значение, например period=2024-W21."
            raise ParameterError(msg)
        if name in values:
            msg = f"Параметр {name} указан дважды: «{values[name]}» и «{text}». Оставьте один."
            raise ParameterError(msg)
        values[name] = _known(name).read(text)
    return values


def check(
    given: Mapping[str, Any], own: Mapping[str, Any] | None = None, folder: Path | None = None, *, title: str = ""
) -> None:
    """Check typed values as a notebook would get them.

    Args:
        given: The values somebody gave.
        own: The notebook's own parameters with their defaults, which are checked with the given ones; none for any
            notebook.
        folder: What `data` is relative to; without it nothing is looked for in the data.
        title: How the notebook is called, for the message.

    Raises:
        ParameterError: A name is unknown or not one of this notebook, a value of another type or outside its range, a
            period malformed or not collected yet, the data folder missing or its lake empty, the institution unknown.
        RegistryError: The register is wrong.
    """
    for name in given:
        _known(name)
        if own is not None and name not in own:
            has = ", ".join(own) or "у неё их нет"
            msg = f"У тетради «{title}» нет параметра {name}. Её параметры: {has}."
            raise ParameterError(msg)
    values = {**(own or {}), **given}
    for name, value in values.items():
        if name in PARAMETERS:
            PARAMETERS[name].check(value)
    period = Period.parse(values["period"]) if "period" in values else None
    if folder is not None and "data" in values:
        _check_on_data(folder / values["data"], period, values.get("institution_id"))


def _known(name: str) -> Parameter:
    if name in PARAMETERS:
        return PARAMETERS[name]
    near = difflib.get_close_matches(name.lower(), PARAMETERS, _SHOWN_NEAR)
    hint = f"Возможно: {', '.join(near)}. " if near else ""
    msg = f"Неизвестный параметр «{name}». {hint}Есть такие: {', '.join(PARAMETERS)}."
    raise ParameterError(msg)


def _check_on_data(data: Path, period: Period | None, institution_id: str | None) -> None:
    if not _is_folder(data):
        msg = f"Параметр data: папки «{data}» нет. Ожидается {PARAMETERS['data'].expected}."
        raise ParameterError(msg)
    try:
        last_moment = Lake(data / "lake").runs()["window_until"].max()
    except LakeError as error:
        msg = f"Параметр data: {error}"
        raise ParameterError(msg) from None
    if period is not None:
        period.require_collected(last_moment)
    register = registry.read(data / "registry")
    if institution_id is not None:
        register.institution(institution_id)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that no file system takes
        return False
