"""ОГРН, the state registration number of a legal entity."""

from __future__ import annotations

import re


def is_ogrn(text: str) -> bool:
    """Whether the text is an ОГРН: 13 digits, the last is the first twelve modulo 11 modulo 10.

    Source: order of the Federal Tax Service of 30.10.2017 No 165н, annex 1.

    Example:
        >>> is_ogrn("1022800520060"), is_ogrn("1022800520061")
        (True, False)
    """
    return re.fullmatch(r"[1235]\d{12}", text, re.ASCII) is not None and int(text[:12]) % 11 % 10 == int(text[12])
