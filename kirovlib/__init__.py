"""Workbench for the official accounts of institutions: collect, judge by the order, report.

Public names, loaded when first used (PEP 562), so that `import kirovlib` costs next to nothing:
`judge`, `Judgement`, `measured_weeks`, `named`, `Week`, `Period`, `Lake`, `Register`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kirovlib.startup import skip_iri_grammar

if TYPE_CHECKING:
    from kirovlib.lake import Lake
    from kirovlib.order.evaluate import Judgement, judge, measured_weeks
    from kirovlib.order.wording import named
    from kirovlib.registry import Register
    from kirovlib.weeks import Period, Week

skip_iri_grammar()

__version__ = "0.1.0"

_HOMES = {
    "Judgement": "kirovlib.order.evaluate",
    "Lake": "kirovlib.lake",
    "Period": "kirovlib.weeks",
    "Register": "kirovlib.registry",
    "Week": "kirovlib.weeks",
    "judge": "kirovlib.order.evaluate",
    "measured_weeks": "kirovlib.order.evaluate",
    "named": "kirovlib.order.wording",
}
__all__ = ["Judgement", "Lake", "Period", "Register", "Week", "judge", "measured_weeks", "named"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module 'kirovlib' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
