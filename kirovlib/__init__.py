"""Workbench for the official accounts of institutions: collect, judge by the order, report.

Public names, loaded when first used (PEP 562), so that `import kirovlib` costs next to nothing:
`judge`, `Judgement`, `measured_weeks`, `named`, `post_ledger`, `changes`, `named_changes`,
`vanished`, `what_if`, `what_ifs`,
`compliance_index`, `quotations`, `exemptions`, `state_marks`, `Week`, `Period`, `Lake`, `Register`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kirovlib.startup import skip_iri_grammar

if TYPE_CHECKING:
    from kirovlib.lake import Lake
    from kirovlib.order.changes import changes, named_changes, vanished
    from kirovlib.order.compliance_index import compliance_index
    from kirovlib.order.evaluate import Judgement, judge, measured_weeks
    from kirovlib.order.ledger import post_ledger
    from kirovlib.order.method import quotations
    from kirovlib.order.what_if import what_if, what_ifs
    from kirovlib.order.wording import exemptions, named, state_marks
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
    "changes": "kirovlib.order.changes",
    "compliance_index": "kirovlib.order.compliance_index",
    "exemptions": "kirovlib.order.wording",
    "judge": "kirovlib.order.evaluate",
    "measured_weeks": "kirovlib.order.evaluate",
    "named": "kirovlib.order.wording",
    "named_changes": "kirovlib.order.changes",
    "post_ledger": "kirovlib.order.ledger",
    "quotations": "kirovlib.order.method",
    "state_marks": "kirovlib.order.wording",
    "vanished": "kirovlib.order.changes",
    "what_if": "kirovlib.order.what_if",
    "what_ifs": "kirovlib.order.what_if",
}
__all__ = [
    "Judgement",
    "Lake",
    "Period",
    "Register",
    "Week",
    "changes",
    "compliance_index",
    "exemptions",
    "judge",
    "measured_weeks",
    "named",
    "named_changes",
    "post_ledger",
    "quotations",
    "state_marks",
    "vanished",
    "what_if",
    "what_ifs",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module 'kirovlib' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
