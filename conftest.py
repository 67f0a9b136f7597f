"""nbval compares figures by their data and tables by their text; widgets only by being there."""

from __future__ import annotations

from typing import Any

from nbval.plugin import IPyNbCell

from kirovlib import charts

_sanitize_text = IPyNbCell.sanitize


def _sanitize(cell: Any, value: Any) -> Any:
    if isinstance(value, dict) and "model_id" in value:
        return {"widget": True}
    return charts.plain(value) if isinstance(value, dict) else _sanitize_text(cell, value)


IPyNbCell.sanitize = _sanitize
