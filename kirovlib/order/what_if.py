"""What if the order were read or written otherwise: how many verdicts would change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from kirovlib import russian, tables
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


@dataclass(frozen=True)
class Choice:
    """What an edition leaves open, as it is offered to an analyst.

    Attributes:
        label: What is chosen, in Russian.
        meanings: What may be chosen, each with its meaning in Russian.
    """

    label: str
    meanings: Mapping[Any, str]


# By parameter of an edition; `kinds` is of the clauses. The other parameters are facts, not readings.
CHOICES: Mapping[str, Choice] = {
    "minimum_posts": Choice("Норма за неделю", {number: russian.posts(number) for number in range(1, 11)}),
    "count_reposts": Choice("Репосты", {False: "не считаются", True: "считаются"}),
    "count_ads": Choice("Реклама", {True: "считается", False: "не считается"}),
    "count_removed": Choice("Исчезнувшие публикации", {True: "считаются", False: "не считаются"}),
    "distinct_days": Choice("Что считается", {False: "публикации", True: "дни с публикациями"}),
    "unit": Choice("Норма относится", {"account": "к каждому аккаунту", "institution": "к учреждению целиком"}),
    "misspelt_link_verdict": Choice(
        "Повреждённая ссылка",
        {"passed": "соблюдается", "cannot_tell": "не установлено", "failed": "нарушение"},
    ),
    "absence_is_failure": Choice("Мини-приложения не видно", {False: "не установлено", True: "нарушение"}),
    "kinds": Choice("Прочие учреждения", {(): "вне порядка", ("other",): "порядок относится и к ним"}),
}
_COUNTED = ["scenario", "changed_count", "becomes_failed_count", "no_longer_failed_count", "institution_count"]
_SUBJECT = ["clause", "institution_id", "account_id", "period_start"]


def as_read(order: Collection[Clause], day: date) -> dict[str, Any]:
    """The choices that the editions in force on a local date have taken, of those in `CHOICES`; `kinds` among them.

    A parameter that no clause has is left out, and so is `kinds` where every clause names all of them already.
    """
    editions = [clause.edition_on(day) or clause.editions[0] for clause in order]
    taken = {name: edition.parameters[name] for edition in editions for name in CHOICES if name in edition.parameters}
    offered = {kind for kinds in CHOICES["kinds"].meanings for kind in kinds}
    if any(offered - set(clause.kinds) for clause in order):
        taken["kinds"] = ()
    return {name: taken[name] for name in CHOICES if name in taken}


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
