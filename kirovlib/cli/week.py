"""`kirov week`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kirovlib.cli.base import INCOMPLETE, Command, home_option, stop, tell_summary, told
from kirovlib.cli.collect import tell_plan
from kirovlib.cli.report import (
    by_founder_option,
    cards_option,
    chosen_of,
    complete_share_option,
    jobs_option,
    mend_days_option,
    scheduler_option,
    tell_failed_cards,
    tell_founders,
    tell_past_term,
)

if TYPE_CHECKING:
    from kirovlib.collect import NetworkPlan
    from kirovlib.week import Done
    from kirovlib.weeks import Week


@click.command(cls=Command)
@click.argument("label", metavar="[НЕДЕЛЯ]", required=False)
@cards_option
@by_founder_option
@mend_days_option
@complete_share_option
@jobs_option
@scheduler_option
@home_option
@told
def week(
    *,
    label: str | None,
    cards: tuple[str, ...],
    by_founder: bool | None,
    mend_days: int | None,
    complete_share: float | None,
    jobs: int | None,
    scheduler: str,
    home: Path | None,
) -> None:
    """Неделя одной командой: собрать недостающее, проверить, составить отчёт и итоги на одной странице.

    НЕДЕЛЯ — например 2024-W21; по умолчанию последняя полная. Команду можно прервать и запустить снова в любой момент:
    она продолжит и ничего не сделает дважды. Что выбрано для отчёта недели (карточки, архивы, срок), остаётся, пока
    не указано другое.
    """
    from kirovlib import settings  # noqa: PLC0415
    from kirovlib import week as whole  # noqa: PLC0415
    from kirovlib.weeks import Week  # noqa: PLC0415

    found = settings.load(home)
    asked = Week.parse(label) if label else None
    chosen = chosen_of(cards, complete_share=complete_share, mend_days=mend_days, by_founder=by_founder)
    again = _again(asked, chosen)

    def announce(plans: Sequence[NetworkPlan]) -> None:
        tell_plan(plans, again)

    done = whole.run(
        found, asked, chosen=chosen, how={"jobs": jobs, "scheduler": scheduler}, announce=announce, tell=tell_summary
    )
    _tell(done, again, found.clock())


def _again(asked: Week | None, chosen: Mapping[str, Any]) -> str:
    """The command that goes on where this one ended."""
    words = ["kirov week", *([asked.label] if asked else [])]
    words += [f"--cards {','.join(chosen['cards']) or 'none'}"] if "cards" in chosen else []
    if "by_founder" in chosen:
        words.append("--by-founder" if chosen["by_founder"] else "--no-by-founder")
    words += [f"--mend-days {chosen['mend_days']}"] if "mend_days" in chosen else []
    words += [f"--complete-share {chosen['complete_share']:g}"] if "complete_share" in chosen else []
    return " ".join(words)


def _tell(done: Done, again: str, now: datetime) -> None:
    if done.folder is None:
        click.echo(f"Сбор прерван, собранное сохранено. Чтобы продолжить: {again}", err=True)
        sys.exit(INCOMPLETE)
    if done.is_new:
        click.echo(f"Отчёт за неделю {done.week.label} готов, итоги на одной странице и текстом для письма:")
    else:
        click.echo(f"Делать нечего: неделя {done.week.label} собрана, отчёт составлен, с тех пор ничего не изменилось.")
    click.echo(str((done.folder / "summary.html").resolve()))
    click.echo(str((done.folder / "summary.txt").resolve()))
    tell_founders(done.folder)
    run = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))
    failed = run.get("failed_cards", {})
    tell_failed_cards(run)
    tell_past_term(run, now)
    if done.shortcomings:
        click.echo(
            f"Данные неполные: {'; '.join(done.shortcomings)}. Что не собрано и что делать, сказано в итогах.", err=True
        )
    if done.troubles:
        told_once = "\n".join(dict.fromkeys(str(trouble) for trouble in done.troubles))
        stop(
            f"{told_once}\nОтчёт составлен по тому, что собрано. Когда исправите, повторите: {again}",
            done.troubles[0].exit_code,
        )
    if done.shortcomings or failed:
        sys.exit(INCOMPLETE)
