"""`kirov collect`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kirovlib.cli import recheck
from kirovlib.cli.base import DATE, INCOMPLETE, Command, home_option, platforms_option, stop, tell_summary, told
from kirovlib.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from kirovlib.collect import NetworkPlan, Summary

_WEEKS = 4
_MINUTE = 60


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
@platforms_option
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="КЛЮЧ",
    help="Только этот аккаунт (account_id из реестра или адрес); можно повторять.",
)
@click.option("--only-missing", is_flag=True, help="Только то, чего ещё нет: что не собрано или собрано не целиком.")
@home_option
@told
def collect(
    *,
    weeks: int | None,
    since: datetime | None,
    platforms: tuple[str, ...],
    accounts: tuple[str, ...],
    only_missing: bool,
    home: Path | None,
) -> None:
    """Собрать публикации и страницы аккаунтов реестра.

    Сначала показывает план: сколько запросов и минут. Ctrl-C останавливает сбор, собранное сохраняется.
    """
    from kirovlib import registry, settings  # noqa: PLC0415
    from kirovlib.collect import collect as collect_accounts  # noqa: PLC0415

    found = settings.load(home)
    chosen = _chosen(registry.read(found.registry_dir).accounts, platforms, accounts)
    window = _window(found.clock(), weeks, since)
    again = _again(weeks, since, platforms, accounts)
    before = recheck.verdicts(found, list(chosen["account_id"])) if accounts else None
    summary = collect_accounts(
        found, chosen, window, only_missing=only_missing, announce=lambda plans: tell_plan(plans, again)
    )
    if not summary.run_id:
        click.echo("Всё уже собрано: за этот срок ничего не пропущено.")
        return
    tell_summary(summary)
    if accounts:
        recheck.tell(before, recheck.verdicts(found, list(chosen["account_id"])))
    if summary.interrupted:
        click.echo(f"Сбор прерван, собранное сохранено. Чтобы продолжить: {again}", err=True)
    elif not summary.is_complete:
        click.echo(f"Собрать недостающее позже: {again}", err=True)
    if summary.stopped:
        stop(
            "\n".join(str(cause) for cause in summary.stopped.values()),
            4 if _nothing_came(summary) else INCOMPLETE,
        )
    if not summary.is_complete:
        sys.exit(INCOMPLETE)


def _again(weeks: int | None, since: datetime | None, platforms: Sequence[str], accounts: Sequence[str]) -> str:
    """The command that takes up what this one leaves."""
    words = ["kirov collect --only-missing"]
    words += [f"--weeks {weeks}"] if weeks is not None else []
    words += [f"--since {since:%Y-%m-%d}"] if since is not None else []
    words += [f"--platform {platform}" for platform in platforms]
    return " ".join([*words, *(f"--account {account}" for account in accounts)])


def _chosen(register: pd.DataFrame, platforms: Sequence[str], accounts: Sequence[str]) -> pd.DataFrame:
    from kirovlib.evidence import find_account  # noqa: PLC0415

    accounts = [find_account(register, account) for account in accounts]
    absent = sorted(set(platforms) - set(register["platform"]))
    if absent:
        there = ", ".join(sorted(register["platform"].unique())) or "ни одной"
        msg = f"В реестре нет аккаунтов сети: {', '.join(absent)}. Есть сети: {there}."
        raise ParameterError(msg)
    chosen = register[register["account_id"].isin(accounts)] if accounts else register
    return chosen[chosen["platform"].isin(platforms)] if platforms else chosen


def tell_plan(plans: Sequence[NetworkPlan], again: str) -> None:
    """Calls, minutes and quota of each network, before the first request."""
    click.echo("План сбора:")
    for planned in plans:
        click.echo("  " + _plan_words(planned))
        if planned.short_of:
            click.secho(
                f"    суточного лимита не хватит примерно на {planned.short_of} лент: собранное сохранится, "
                f"остальное соберите завтра командой «{again}»",
                fg="yellow",
            )


def _plan_words(planned: NetworkPlan) -> str:
    from kirovlib import russian  # noqa: PLC0415
    from kirovlib.order import wording  # noqa: PLC0415

    accounts = russian.counted(planned.account_count, "аккаунт", "аккаунта", "аккаунтов")
    words = f"{wording.PLATFORMS.get(planned.name, planned.name)}: {accounts}"
    if planned.plan is None:
        return words + (", не задан ключ доступа" if planned.refused else ", эта сеть пока не собирается")
    requests = russian.counted(planned.plan.request_count, "запрос", "запроса", "запросов")
    words += f", примерно {requests}, {_duration(planned.plan.seconds)}"
    if planned.plan.quota:
        words += f"; обращений к лентам {planned.plan.quota_count} из {planned.plan.quota} в сутки"
        words += f", уже было {planned.used_count}" if planned.used_count else ""
    return words


def _duration(seconds: float) -> str:
    if seconds < _MINUTE:
        return "меньше минуты"
    return f"около {round(seconds / _MINUTE)} мин"


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
