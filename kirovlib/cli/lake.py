"""`kirov lake`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import click

from kirovlib.cli.base import Command, Group, home_option, told
from kirovlib.errors import ParameterError

_MEGABYTE = 1_000_000


@click.group(cls=Group)
def lake() -> None:
    """Хранилище собранного: уход за ним."""


@lake.command(cls=Command)
@click.option(
    "--raw-older-than",
    "term",
    required=True,
    metavar="СРОК",
    help="Старше скольких дней, например 180d, или какой даты, например 2024-01-01.",
)
@click.option("--yes", is_flag=True, help="Удалить; без этого только показывается, что было бы удалено.")
@home_option
@told
def prune(*, term: str, yes: bool, home: Path | None) -> None:
    """Удалить старые сохранённые ответы сетей: это бо́льшая часть хранилища.

    Публикации, страницы, охват и с ними все отчёты и выводы остаются. От каждого ответа остаются SHA-256, что
    спрошено и когда получено; самого ответа в доказательствах (kirov evidence) больше не будет.
    """
    from kirovlib import russian, settings  # noqa: PLC0415
    from kirovlib.lake import Lake  # noqa: PLC0415
    from kirovlib.lake import prune as pruning  # noqa: PLC0415
    from kirovlib.weeks import local_date  # noqa: PLC0415

    found = settings.load(home)
    now = found.clock()
    before = _before(term, now)
    gone = pruning.prune(Lake(found.lake_dir), before, now, dry=not yes)
    day = russian.dated(local_date(before))
    if gone.first_at is None or gone.last_at is None:
        click.echo(f"Удалять нечего: сохранённых ответов сетей, полученных до {day}, нет.")
        return
    span = f"{russian.dated(local_date(gone.first_at))} – {russian.dated(local_date(gone.last_at))}"
    megabytes = f"{gone.byte_count / _MEGABYTE:.1f}".replace(".", ",")
    if yes:
        click.echo(f"Удалено ответов сетей: {gone.answer_count}, получены {span}. Освобождено {megabytes} МБ.")
    else:
        click.echo(f"Будет удалено ответов сетей: {gone.answer_count}, получены {span}; освободится до {megabytes} МБ.")
        click.echo("Ничего не удалено. Чтобы удалить, повторите команду с --yes; сначала сделайте резервную копию.")


def _before(term: str, now: datetime) -> datetime:
    """The moment (UTC) before which answers are old."""
    from kirovlib.weeks import local_date, local_midnight  # noqa: PLC0415

    days = re.fullmatch(r"(\d{1,5})d", term.strip(), re.ASCII)
    if days:
        moment = now - timedelta(days=int(days[1]))
    else:
        try:
            moment = local_midnight(datetime.strptime(term.strip(), "%Y-%m-%d").date())  # noqa: DTZ007 - a local date
        except (ValueError, OverflowError):  # the first day of all has no moment in UTC
            msg = f"Параметр --raw-older-than: «{term}»; ожидается число дней (180d) или дата (2024-01-01)."
            raise ParameterError(msg) from None
    if moment > now:
        msg = f"Параметр --raw-older-than: «{term}» ещё не наступило. Сегодня {local_date(now):%d.%m.%Y}."
        raise ParameterError(msg)
    return moment
