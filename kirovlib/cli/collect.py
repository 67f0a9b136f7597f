"""`kirov collect`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kirovlib.cli.base import DATE, INCOMPLETE, Command, home_option, stop, tell_summary, told
from kirovlib.errors import ParameterError

if TYPE_CHECKING:
    from kirovlib.collect import Summary

_WEEKS = 4


@click.command(cls=Command)
@click.option(
    "--weeks",
    type=click.IntRange(1, 520),
    default=None,
    metavar="ЧИСЛО",
    help=f"Сколько последних полных недель собрать (по умолчанию {_WEEKS}).",
)
@click.option(
    "--since",
    type=DATE,
    default=None,
    metavar="ДАТА",
    help="С какой даты собирать, например 2024-05-20.",
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="КЛЮЧ",
    help="Только этот аккаунт (account_id из реестра); можно повторять.",
)
@home_option
@told
def collect(*, weeks: int | None, since: datetime | None, accounts: tuple[str, ...], home: Path | None) -> None:
    """Собрать публикации и страницы аккаунтов реестра."""
    from kirovlib import registry, settings  # noqa: PLC0415
    from kirovlib.collect import collect as collect_accounts  # noqa: PLC0415

    found = settings.load(home)
    register = registry.read(found.registry_dir)
    unknown = sorted(set(accounts) - set(register.accounts["account_id"]))
    if unknown:
        msg = f"В реестре нет аккаунтов: {', '.join(unknown)}. Ключи — столбец account_id в accounts.csv."
        raise ParameterError(msg)
    chosen = register.accounts[register.accounts["account_id"].isin(accounts)] if accounts else register.accounts
    summary = collect_accounts(found, chosen, _window(found.clock(), weeks, since))
    tell_summary(summary)
    if summary.stopped:
        stop(
            "\n".join(str(cause) for cause in summary.stopped.values()),
            4 if _nothing_came(summary) else INCOMPLETE,
        )
    if not summary.is_complete:
        sys.exit(INCOMPLETE)


def _window(now: datetime, weeks: int | None, since: datetime | None) -> Any:
    from kirovlib.platforms.base import Window  # noqa: PLC0415
    from kirovlib.weeks import last_full_week, local_midnight  # noqa: PLC0415

    if weeks is not None and since is not None:
        msg = "Укажите что-нибудь одно: --weeks или --since."
        raise ParameterError(msg)
    if since is not None:
        return Window(local_midnight(since.date()), now)
    return Window(last_full_week(now).shifted(1 - (weeks or _WEEKS)).starts_at, now)


def _nothing_came(summary: Summary) -> bool:
    return not any(outcome == "collected" for _, outcome, _ in summary.outcomes)
