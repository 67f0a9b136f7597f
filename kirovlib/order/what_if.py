"""What if the order were read or written otherwise: how many verdicts would change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from kirovlib import tables
from kirovlib.errors import ParameterError
from kirovlib.order.clauses import Clause, Edition, check_parameters
from kirovlib.order.evaluate import Judgement, findings_of

# The questions that are asked most; each changes one choice.
SCENARIOS: Mapping[str, Mapping[str, Any]] = {
    "норма 2 публикации": {"minimum_posts": 2},
    "норма 4 публикации": {"minimum_posts": 4},
    "норма 5 публикаций": {"minimum_posts": 5},
    "репосты считаются": {"count_reposts": True},
    "реклама не считается": {"count_ads": False},
    "исчезнувшие публикации не считаются": {"count_removed": False},
    "считаются дни с публикациями": {"distinct_days": True},
    "норма на все аккаунты учреждения вместе": {"unit": "institution"},
    "повреждённая ссылка — нарушение": {"misspelt_link_verdict": "failed"},
    "нет мини-приложения — нарушение": {"absence_is_failure": True},
    "порядок относится и к прочим учреждениям": {"kinds": ("other",)},
}
_COUNTED = ["scenario", "changed_count", "becomes_failed_count", "no_longer_failed_count", "institution_count"]
_SUBJECT = ["clause", "institution_id", "account_id", "period_start"]


def changed(order: Collection[Clause], *, kinds: Collection[str] = (), **choices: Any) -> tuple[Clause, ...]:
    """The clauses that other choices would change, as they would read.

    Args:
        order: The clauses.
        kinds: Further kinds of institution that every clause would name.
        choices: Parameters of editions by name, such as `minimum_posts`; all clauses that have them are changed.

    Raises:
        ParameterError: No clause has such a parameter, or a value is out of its range.
    """
    names = {name for clause in order for edition in clause.editions for name in edition.parameters}
    if unknown := sorted(set(choices) - names):
        msg = f"Параметра «{unknown[0]}» нет ни у одного пункта. Есть: {', '.join(sorted(names))}, kinds."
        raise ParameterError(msg)
    if wrong := sorted(set(kinds) - set(tables.KINDS)):
        msg = f"Вид «{wrong[0]}»; ожидается одно из: {', '.join(tables.KINDS)}."
        raise ParameterError(msg)
    check_parameters(choices)
    found = []
    for clause in order:
        editions = tuple(_edition(edition, choices) for edition in clause.editions)
        wider = tuple(kind for kind in tables.KINDS if kind in {*clause.kinds, *kinds})
        found.append(replace(clause, editions=editions, kinds=wider))
    return tuple(made for made, clause in zip(found, order, strict=True) if made != clause)


def what_if(judged: Judgement, *, kinds: Collection[str] = (), **choices: Any) -> pd.DataFrame:
    """Findings whose verdict would be another.

    Args:
        judged: The judgement as it is.
        kinds, choices: See `changed`.

    Returns:
        clause, institution_id, account_id, period_start, verdict and reason as they are, verdict_if, reason_if,
        measured_if as they would be; without rows when nothing changes.

    Raises:
        ParameterError: See `changed`.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> other = what_if(judge("2024-W28", data="data/sample"), minimum_posts=5)
        >>> sorted(set(other["verdict"]))
        ['passed']
    """
    order = changed(judged.clauses, kinds=kinds, **choices)
    keys = {clause.key for clause in order}
    now = judged.findings[judged.findings["clause"].isin(keys)].reset_index(drop=True)
    if not order:
        return now.assign(verdict_if="", reason_if="", measured_if="")[_shown()].head(0)
    # Rows come in one order whatever the choices are: decisions and subjects do not depend on them.
    other = findings_of(judged.facts, order, judged.period)
    now = now.assign(verdict_if=other["verdict"], reason_if=other["reason"], measured_if=other["measured"])
    return now.loc[now["verdict"] != now["verdict_if"], _shown()].reset_index(drop=True)


def what_ifs(judged: Judgement, scenarios: Mapping[str, Mapping[str, Any]] = SCENARIOS) -> pd.DataFrame:
    """How many verdicts each of several scenarios would change.

    Returns:
        scenario, changed_count (verdicts), becomes_failed_count, no_longer_failed_count, institution_count (whose
        verdicts change); in the order given. Scenarios that change nothing in the order as read are left out.
    """
    rows = []
    for name, choices in scenarios.items():
        asked = {parameter for parameter in choices if parameter != "kinds"}
        known = {parameter for clause in judged.clauses for each in clause.editions for parameter in each.parameters}
        if not asked <= known or not changed(judged.clauses, **choices):
            continue
        other = what_if(judged, **choices)
        rows.append(
            {
                "scenario": name,
                "changed_count": len(other),
                "becomes_failed_count": int((other["verdict_if"] == "failed").sum()),
                "no_longer_failed_count": int((other["verdict"] == "failed").sum()),
                "institution_count": other["institution_id"].nunique(),
            }
        )
    return pd.DataFrame(rows, columns=_COUNTED)


def _edition(edition: Edition, choices: Mapping[str, Any]) -> Edition:
    own = {name: value for name, value in choices.items() if name in edition.parameters}
    return replace(edition, parameters={**edition.parameters, **own})


def _shown() -> list[str]:
    return [*_SUBJECT, "verdict", "reason", "verdict_if", "reason_if", "measured_if"]
