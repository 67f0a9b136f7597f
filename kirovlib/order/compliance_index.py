"""The compliance index and its traffic light, as regions are used to: a summary, never a proof."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kirovlib.errors import ClausesError
from kirovlib.order.evaluate import Judgement

INDEX_TOML = Path(__file__).with_name("index.toml")
ZONES = {"red": "красная", "yellow": "жёлтая", "green": "зелёная", "none": "не определена"}
_WHOLE = 100


@dataclass(frozen=True)
class Weights:
    """Weights of the clauses by key, and from which index (percent) on a zone begins."""

    weights: dict[str, float]
    green: float
    yellow: float


def load_for(data: Path, clause_keys: Collection[str]) -> Weights:
    """The weights that a data folder is summarised by: its own `order/index.toml`, else the one shipped.

    Raises:
        ClausesError: The file is wrong; the message names file and key.
    """
    own = data / "order" / INDEX_TOML.name
    file = own if own.exists() else INDEX_TOML
    try:
        sections = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"Файл «{file}» не прочитан: {error}. Образец: {INDEX_TOML.name} рядом с clauses.toml."
        raise ClausesError(msg) from None
    if set(sections) != {"weights", "zones"} or not all(isinstance(each, dict) for each in sections.values()):
        msg = f"{file.name}: ожидаются разделы [weights] и [zones] и ничего больше, а стоит: {', '.join(sections)}."
        raise ClausesError(msg)
    weights, zones = sections["weights"], sections["zones"]
    if file == INDEX_TOML:  # an order of one's own may leave clauses out
        weights = {key: value for key, value in weights.items() if key in clause_keys}
    wrong = [key for key, value in weights.items() if key not in clause_keys or not _is_number(value) or value < 0]
    missing = [key for key in clause_keys if key not in weights]
    if wrong or missing:
        msg = (
            f"{file.name}, [weights]: нужен вес от 0 для каждого пункта; лишнее или неверное: {wrong}, нет: {missing}."
        )
        raise ClausesError(msg)
    if set(zones) != {"green", "yellow"} or not all(map(_is_number, zones.values())):
        msg = f"{file.name}, [zones]: ожидаются числа green и yellow."
        raise ClausesError(msg)
    if not 0 <= zones["yellow"] <= zones["green"] <= _WHOLE:
        msg = f"{file.name}, [zones]: ожидается 0 ≤ yellow ≤ green ≤ 100, а стоит {zones['yellow']} и {zones['green']}."
        raise ClausesError(msg)
    return Weights(weights, zones["green"], zones["yellow"])


def compliance_index(judged: Judgement, weights: Weights | None = None) -> pd.DataFrame:
    """Index and zone of each institution to which a clause with a weight applies.

    Each clause counts with the share of its decided findings (over accounts, weeks, decisions) that passed.

    Args:
        judged: The judgement.
        weights: By default those of its data folder, see `load_for`.

    Returns:
        institution_id, index_percent (0-100, blank where nothing is decided), decided_share (0-1: of the findings
        that the clauses with a weight ask for, those passed or failed), failed_count (of all clauses), zone (a word of
        `ZONES`; never green with a failed finding); by institution.

    Raises:
        ClausesError: The file of weights is wrong.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> index = compliance_index(judge("2024-W28", data="data/sample"))
        >>> index.loc[index["zone"] == "green", "failed_count"].sum().item()
        0
    """
    weights = weights or load_for(judged.data, [clause.key for clause in judged.clauses])
    rows = judged.findings[judged.findings["verdict"].isin(["passed", "failed", "cannot_tell"])]
    rows = rows.assign(
        weight=rows["clause"].map(weights.weights).astype("float64"),
        passed=rows["verdict"] == "passed",
        failed=rows["verdict"] == "failed",
    )
    breaches = rows[rows["failed"]].groupby("institution_id").size()  # of clauses without a weight too
    rows = rows[rows["weight"] > 0]
    rows["decided"] = rows["passed"] | rows["failed"]
    by_clause = rows.groupby(["institution_id", "clause"], as_index=False).agg(
        weight=("weight", "first"), passed=("passed", "sum"), decided=("decided", "sum"),
        asked=("decided", "size"),
    )  # fmt: skip
    by_clause["decided_weight"] = by_clause["weight"] * (by_clause["decided"] > 0)
    by_clause["points"] = by_clause["decided_weight"] * by_clause["passed"] / by_clause["decided"].clip(lower=1)
    found = by_clause.groupby("institution_id")[["points", "decided_weight", "decided", "asked"]].sum()
    # Rounded before the zones: what is shown as 70.0 is no 69.99999999999999.
    index = (_WHOLE * found["points"] / found["decided_weight"].where(found["decided_weight"] > 0)).round(1)
    failed_count = breaches.reindex(found.index, fill_value=0).astype("int64")
    zone = np.select(
        [index.isna(), (index >= weights.green) & (failed_count == 0), index >= weights.yellow],
        ["none", "green", "yellow"],
        default="red",
    )
    return pd.DataFrame(
        {
            "institution_id": found.index,
            "index_percent": index.to_numpy(),
            "decided_share": (found["decided"] / found["asked"]).round(4).to_numpy(),
            "failed_count": failed_count.to_numpy(),
            "zone": zone,
        }
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
