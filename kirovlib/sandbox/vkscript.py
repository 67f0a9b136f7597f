"""The little of VKScript that batches calls: what `execute` is asked for."""

from __future__ import annotations

import json
import re
from typing import Any

_CALL = re.compile(r"\s*API\.([A-Za-z]+\.[A-Za-z]+)\s*\(")
_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_]\w*)\s*:")


class Calls(list[tuple[str, dict[str, str]]]):
    """Inner calls of `execute`: method and parameters."""


def parse(code: str) -> Any:
    """The calls in `return [API.wall.get({…}), …];`, or the JSON value in `return 1;`.

    Raises:
        ValueError: When it is neither.
    """
    match = re.fullmatch(r"\s*return\b(.*?);?\s*", code, re.DOTALL)
    if not match:
        raise ValueError
    text = match[1].strip()
    if "API." not in text:
        return json.loads(text)
    if not (text.startswith("[") and text.endswith("]")):
        raise ValueError
    return _calls(text[1:-1])


def _calls(text: str) -> Calls:
    calls, rest = Calls(), text
    while rest.strip():
        match = _CALL.match(rest)
        if not match:
            raise ValueError
        arguments, rest = _arguments(rest[match.end() :].lstrip())
        rest = rest.lstrip()
        if not rest.startswith(")"):
            raise ValueError
        rest = rest[1:].lstrip().removeprefix(",")
        calls.append((match[1], arguments))
    return calls


def _arguments(text: str) -> tuple[dict[str, str], str]:
    """The object a text begins with and what follows; keys may stand without quotes."""
    if text.startswith(")"):
        return {}, text
    for candidate in (text, _BARE_KEY.sub(r'\1"\2":', text)):
        try:
            value, end = json.JSONDecoder().raw_decode(candidate)
        except ValueError:
            continue
        if isinstance(value, dict):
            return {key: _text(each) for key, each in value.items()}, candidate[end:]
    raise ValueError


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else str(value)
