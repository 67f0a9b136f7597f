"""Workbench for the official accounts of institutions: collect, judge by the order, report.

Public names, loaded when first used (PEP 562), so that `import kirovlib` costs next to nothing:
`judge`, `Judgement`, `card`, `Card`, `measured_weeks`, `posting_weeks`, `last_week`, `current_edition`,
`norm_by`, `named_norm_by`, `silences`, `named_silences`, `rhythm`, `quantiles`, `repost_shares`, `named`,
`post_ledger`, `changes`, `named_changes`, `vanished`, `what_if`, `what_ifs`, `compliance_index`,
`data_quality`, `DataQuality`, `summary`, `most_in_need`, `founders`, `quotations`, `exemptions`,
`state_marks`, `Week`, `Period`, `Lake`, `Register`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kirovlib.startup import skip_iri_grammar

if TYPE_CHECKING:
    from kirovlib.frequency import quantiles, repost_shares
    from kirovlib.lake import Lake
    from kirovlib.order.card import Card, card
    from kirovlib.order.changes import changes, named_changes, vanished
    from kirovlib.order.compliance_index import compliance_index
    from kirovlib.order.data_quality import DataQuality, data_quality
    from kirovlib.order.evaluate import Judgement, judge, measured_weeks
    from kirovlib.order.ledger import post_ledger
    from kirovlib.order.method import quotations
    from kirovlib.order.posting import (
        current_edition,
        last_week,
        named_norm_by,
        named_silences,
        norm_by,
        posting_weeks,
        rhythm,
        silences,
    )
    from kirovlib.order.summary import founders, most_in_need, summary
    from kirovlib.order.what_if import what_if, what_ifs
    from kirovlib.order.wording import exemptions, named, state_marks
    from kirovlib.registry import Register
    from kirovlib.weeks import Period, Week

skip_iri_grammar()

__version__ = "0.1.0"

_HOMES = {
    "Card": "kirovlib.order.card",
    "DataQuality": "kirovlib.order.data_quality",
    "Judgement": "kirovlib.order.evaluate",
    "Lake": "kirovlib.lake",
    "Period": "kirovlib.weeks",
    "Register": "kirovlib.registry",
    "Week": "kirovlib.weeks",
    "card": "kirovlib.order.card",
    "changes": "kirovlib.order.changes",
    "compliance_index": "kirovlib.order.compliance_index",
    "current_edition": "kirovlib.order.posting",
    "data_quality": "kirovlib.order.data_quality",
    "exemptions": "kirovlib.order.wording",
    "founders": "kirovlib.order.summary",
    "judge": "kirovlib.order.evaluate",
    "last_week": "kirovlib.order.posting",
    "measured_weeks": "kirovlib.order.evaluate",
    "most_in_need": "kirovlib.order.summary",
    "named": "kirovlib.order.wording",
    "named_changes": "kirovlib.order.changes",
    "named_norm_by": "kirovlib.order.posting",
    "named_silences": "kirovlib.order.posting",
    "norm_by": "kirovlib.order.posting",
    "post_ledger": "kirovlib.order.ledger",
    "posting_weeks": "kirovlib.order.posting",
    "quantiles": "kirovlib.frequency",
    "quotations": "kirovlib.order.method",
    "repost_shares": "kirovlib.frequency",
    "rhythm": "kirovlib.order.posting",
    "silences": "kirovlib.order.posting",
    "state_marks": "kirovlib.order.wording",
    "summary": "kirovlib.order.summary",
    "vanished": "kirovlib.order.changes",
    "what_if": "kirovlib.order.what_if",
    "what_ifs": "kirovlib.order.what_if",
}
__all__ = [
    "Card",
    "DataQuality",
    "Judgement",
    "Lake",
    "Period",
    "Register",
    "Week",
    "card",
    "changes",
    "compliance_index",
    "current_edition",
    "data_quality",
    "exemptions",
    "founders",
    "judge",
    "last_week",
    "measured_weeks",
    "most_in_need",
    "named",
    "named_changes",
    "named_norm_by",
    "named_silences",
    "norm_by",
    "post_ledger",
    "posting_weeks",
    "quantiles",
    "quotations",
    "repost_shares",
    "rhythm",
    "silences",
    "state_marks",
    "summary",
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
