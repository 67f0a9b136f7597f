"""Manual checks: they decide where the networks cannot, may contest a verdict, and overwrite no measurement."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import pandas as pd

from kirovlib import russian, tables

_RESULTS = {"passed": "соблюдается", "failed": "не соблюдается", "contested": "оспорено"}
# Weeks are measured whole, so a check must have seen all of the week; a page as it was on any day of the period.
_NEVER_DECIDED = frozenset({"week_running"})


def with_manual_checks(rows: pd.DataFrame, checked: pd.DataFrame, week_clauses: Collection[str]) -> pd.DataFrame:
    """The findings with what people established.

    Args:
        rows: Table Findings.
        checked: Table ManualChecks.
        week_clauses: Keys of the clauses measured on weeks.

    Returns:
        The same rows; `cannot_tell` becomes `passed` or `failed` by a person's check, other verdicts are noted as
        agreed, disagreed or contested. Who, when and the proof stand in `evidence`.
    """
    for check in checked.sort_values(["checked_on", "period_until"]).to_dict("records"):
        mine = (rows["account_id"] == check["account_id"]) & (rows["clause"] == check["clause"])
        if check["clause"] in week_clauses:
            mine &= (rows["period_start"] >= check["period_from"]) & (rows["period_end"] <= check["period_until"])
        else:
            mine &= (rows["period_start"] <= check["period_until"]) & (rows["period_end"] >= check["period_from"])
        mine &= ~rows["verdict"].isin(["inapplicable", "untested"])
        for place in rows.index[mine]:
            rows.loc[place, ["verdict", "reason", "note", "evidence"]] = _checked(rows.loc[place], check)
    return rows


def _checked(row: pd.Series, check: dict[Any, Any]) -> list[str]:
    """Verdict, reason, note and evidence of a finding after one more person's check."""
    result, verdict, reason = check["result"], row["verdict"], row["reason"]
    earlier = reason in {"manual_passed", "manual_failed"}  # an older check: the latest person decides
    if result == "contested":
        note = "contested"
    elif (verdict == "cannot_tell" and reason not in _NEVER_DECIDED) or earlier:
        verdict, reason, note = result, f"manual_{result}", "manual_check"
    elif verdict == "cannot_tell":
        return [verdict, reason, row["note"], row["evidence"]]
    else:
        note = "manual_agrees" if verdict == result else "manual_disagrees"
    notes = [word for word in str(row["note"]).split(",") if word and word != note]
    evidence = tables.to_json([_proof(check), *json.loads(row["evidence"])])
    return [verdict, reason, ",".join([*notes, note]), evidence]


def _proof(check: dict[Any, Any]) -> dict[str, Any]:
    answer = f"; ответ: {check['answer']}" if isinstance(check["answer"], str) else ""
    title = (
        f"Проверка человеком: {_RESULTS[check['result']]} ({check['checked_by']}, "
        f"{russian.dated(check['checked_on'])}){answer}"
    )
    return {"title": title, "url": check["proof"], "sha256": None}
