"""What a collection of single accounts changed: their verdicts before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from kirovlib.errors import LakeError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from kirovlib.settings import Settings

_KEY = ["clause", "account_id", "period_start"]


def verdicts(settings: Settings, accounts: Sequence[str]) -> pd.DataFrame | None:
    """The named findings of accounts for the last full week, or none where nothing was collected yet."""
    from kirovlib.order import evaluate, wording  # noqa: PLC0415
    from kirovlib.weeks import last_full_week  # noqa: PLC0415

    try:
        judged = evaluate.judge(last_full_week(settings.clock()).label, settings.data_dir)
    except (LakeError, ParameterError):
        return None
    named = wording.named(judged)
    return named[named["account_id"].isin(accounts)]


def tell(before: pd.DataFrame | None, after: pd.DataFrame | None) -> None:
    """Say what became of each verdict."""
    if after is None:
        return
    old = {} if before is None else {tuple(row[name] for name in _KEY): row for row in before.to_dict("records")}
    for account, rows in after.groupby("account_id", sort=False):
        period = rows["period_start"].iloc[0]
        click.echo(f"Перепроверка: {account}, неделя с {period:%d.%m.%Y}")
        same = 0
        for row in rows.to_dict("records"):
            was = old.get(tuple(row[name] for name in _KEY))
            if was is not None and was["verdict"] == row["verdict"] and was["measured"] == row["measured"]:
                same += 1
                continue
            earlier = f"было: {_said(was)}; " if was is not None else ""
            click.echo(f"  {row['clause_name']}: {earlier}стало: {_said(row)}")
        if same:
            click.echo(f"  Пунктов без изменений: {same}")


def _said(row: Mapping[Any, Any]) -> str:
    from kirovlib.order import wording  # noqa: PLC0415

    verdict = f"{wording.SYMBOLS[row['verdict']]} {row['verdict_name']}"
    return f"{verdict} — {row['measured']}" if row["measured"] else verdict
