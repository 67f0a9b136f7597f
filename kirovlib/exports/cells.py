"""What a cell of Excel can hold: text that XML allows, dates as numbers, addresses that are harmless to click."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import pandas as pd

# Limits of Excel.
_LONGEST_LINK = 2_079
_LONGEST_CELL = 32_767
_MOST_LINES = 27  # rows are at most 409 points high
_CUT = "… [обрезано: в ячейку Excel больше не входит]"
# What XML 1.0 cannot hold.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f]+")
_LINE_POINTS = 15
_DAY_SECONDS = 86_400
_EXCEL_EPOCH = pd.Timestamp(1899, 12, 30)


class Link(NamedTuple):
    """A cell that leads to an address, shown by another text."""

    url: str
    shown: str


def clean(text: str) -> str:
    """Text as a cell can hold it: without characters that XML forbids, cut with a sign where it is too long."""
    text = _ILLEGAL.sub("", text)
    if 2 * len(text) <= _LONGEST_CELL:
        return text
    encoded = text.encode("utf-16-le")  # Excel counts UTF-16 units
    if len(encoded) <= 2 * _LONGEST_CELL:
        return text
    return encoded[: 2 * (_LONGEST_CELL - len(_CUT))].decode("utf-16-le", errors="ignore") + _CUT


def is_address(url: str) -> bool:
    """Whether Excel can take it for a link that is harmless to click."""
    return len(url) <= _LONGEST_LINK and _ADDRESS.fullmatch(url) is not None


def points(text: str, width: int) -> int:
    """The height of a row that holds a text in so many letters; no program fits it reliably by itself."""
    line_count = math.ceil(1.1 * len(text) / max(width, 1))  # bold and capital letters are wider
    return _LINE_POINTS * min(max(line_count, 1), _MOST_LINES)


def serial(moments: pd.Series) -> list[float | None]:
    """Dates and local moments as Excel counts them: days since 30.12.1899, to the second."""
    seconds = (moments - _EXCEL_EPOCH).dt.total_seconds().round()
    return [None if pd.isna(each) else each / _DAY_SECONDS for each in seconds.tolist()]


def numbers(values: pd.Series) -> list[float | None]:
    """Numbers, None where blank."""
    found = values.astype("Float64").to_numpy(dtype="float64", na_value=float("nan"))
    return [None if each != each else each for each in found.tolist()]  # noqa: PLR0124 - only NaN differs from itself


def texts(found: list[Any]) -> list[str | None]:
    """Texts as cells can hold them, None where blank; each distinct one is cleaned once: most repeat."""
    cleaned = {each: clean(each) for each in set(filter(lambda each: isinstance(each, str), found))}
    return [(cleaned[each] or None) if isinstance(each, str) else None for each in found]
