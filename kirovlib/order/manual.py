"""Manual checks: they decide where the networks cannot, may contest a verdict, and overwrite no measurement."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kirovlib import russian, tables

_RESULTS = {"passed": "соблюдается", "failed": "не соблюдается", "contested": "оспорено"}
_NEVER_DECIDED = frozenset({"week_running"})
_CHANGED = ("verdict", "reason", "note", "evidence")


def with_manual_checks(
    rows: pd.DataFrame, checked: pd.DataFrame, week_clauses: Collection[str], noted_only: Collection[str] = ()
) -> pd.DataFrame:
    """The findings with what people established.

    Args:
        rows: Table Findings.
        checked: Table ManualChecks.
        week_clauses: Keys of the clauses measured on weeks.
        noted_only: Keys of clauses that judge the institution as a whole, so that an account's check decides nothing.

    Returns:
        Table Findings; `cannot_tell` becomes `passed` or `failed` by a person's check, other verdicts are noted as
        agreed, disagreed or contested. Who, when and the proof stand in `evidence`.
    """
    if checked.empty:
        return rows
    places: dict[tuple[str, str], list[int]] = {}
    open_ones = np.flatnonzero(
        rows["account_id"].isin(checked["account_id"]) & ~rows["verdict"].isin(["inapplicable", "untested"])
    )
    keys = rows.iloc[open_ones][["account_id", "clause"]].itertuples(index=False, name=None)
    for number, (account, clause) in zip(open_ones.tolist(), keys, strict=True):
        places.setdefault((account, clause), []).append(number)
    dates = {name: list(rows[name]) for name in ("edition", "period_start", "period_end")}
    columns = {name: rows[name].to_numpy(dtype=object, copy=True) for name in _CHANGED}
    for check in checked.sort_values(["checked_on", "period_until"]).to_dict("records"):
        is_weekly = check["clause"] in week_clauses
        for place in places.get((check["account_id"], check["clause"]), ()):
            if _speaks_of(check, {name: values[place] for name, values in dates.items()}, is_weekly=is_weekly):
                row = {name: values[place] for name, values in columns.items()}
                decides = check["clause"] not in noted_only
                for name, value in _checked(row, check, decides=decides).items():
                    columns[name][place] = value
    return rows.assign(**{name: pd.Series(values, index=rows.index, dtype="str") for name, values in columns.items()})


def _speaks_of(check: Mapping[Any, Any], row: Mapping[str, Any], *, is_weekly: bool) -> bool:
    """Whether a check is of a finding's period, and was made when it could know.

    A week is measured whole: the check must have seen all of it, and a breach is sure only when it is over. A page is
    as it was on any day of the period, but from before the edition nothing follows.
    """
    if not is_weekly:
        is_within = row["period_start"] <= check["period_until"] and row["period_end"] >= check["period_from"]
        return bool(is_within and check["period_until"] >= row["edition"])
    is_whole = row["period_start"] >= check["period_from"] and row["period_end"] <= check["period_until"]
    is_over = check["result"] != "failed" or check["checked_on"] > row["period_end"]
    return bool(is_whole and is_over)


def _checked(row: Mapping[str, Any], check: Mapping[Any, Any], *, decides: bool) -> dict[str, str]:
    """Verdict, reason, note and evidence of a finding after one more person's check."""
    result, verdict, reason = check["result"], row["verdict"], row["reason"]
    earlier = reason in {"manual_passed", "manual_failed"}  # an older check: the latest person decides
    if result == "contested":
        note = "contested"
    elif decides and ((verdict == "cannot_tell" and reason not in _NEVER_DECIDED) or earlier):
        verdict, reason, note = result, f"manual_{result}", "manual_check"
    elif verdict == "cannot_tell":
        note = ""
    else:
        note = "manual_agrees" if verdict == result else "manual_disagrees"
    kept = [
        word
        for word in str(row["note"]).split(",")
        if word and not (note.startswith("manual_") and word.startswith("manual_"))
    ]
    notes = [*(word for word in kept if word != note), *([note] if note else [])]
    evidence = tables.to_json([_proof(check), *json.loads(row["evidence"])])
    return {"verdict": verdict, "reason": reason, "note": ",".join(notes), "evidence": evidence}


def _proof(check: Mapping[Any, Any]) -> dict[str, Any]:
    answer = f"; ответ: {check['answer']}" if isinstance(check["answer"], str) else ""
    title = (
        f"Проверка человеком: {_RESULTS[check['result']]} ({check['checked_by']}, "
        f"{russian.dated(check['checked_on'])}){answer}"
    )
    return {"title": title, "url": check["proof"], "sha256": None}


def without_doubtful_orders(rows: pd.DataFrame) -> pd.DataFrame:
    """The findings, where only a breach says what to do about it; a repaired address stands beside other verdicts too.

    What is not established is no order to anybody: what could be found out is told by `words.ADVICE`.
    """
    texts = rows["repair"].fillna("")
    is_order = (texts != "") & (rows["verdict"] != "failed") & ~texts.str.startswith("http")
    return rows.assign(repair=rows["repair"].mask(is_order, ""))
