"""`kirov findings` and `kirov report`."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kirovlib.cli.base import ANY_PATH, DATE, INCOMPLETE, Command, home_option, told
from kirovlib.errors import ParameterError

if TYPE_CHECKING:
    from kirovlib.weeks import Period


@click.command(cls=Command)
@click.option(
    "--week",
    "period",
    required=True,
    metavar="ПЕРИОД",
    help="Неделя 2024-W21, месяц 2024-05, квартал 2024-Q2 или даты 2024-05-20_2024-06-16.",
)
@click.option("--out", type=ANY_PATH, default=None, metavar="ФАЙЛ", help="Записать в .csv, .xlsx или .parquet.")
@click.option("--json", "as_json", is_flag=True, help="Вывести строки в виде JSON.")
@home_option
@told
def findings(*, period: str, out: Path | None, as_json: bool, home: Path | None) -> None:
    """Выводы за период: по каждому пункту и аккаунту."""
    from kirovlib import settings  # noqa: PLC0415
    from kirovlib.exports import files  # noqa: PLC0415
    from kirovlib.order import evaluate, wording  # noqa: PLC0415
    from kirovlib.reports.pages import COMPLETE_SHARE  # noqa: PLC0415

    if out is not None:
        files.check_target(out)
    judged = evaluate.judge(period, settings.load(home).data_dir)
    if out is not None:
        files.write(out, judged)
        click.echo(f"Выводов записано: {len(judged.findings)}, файл {out}")
    elif as_json:
        click.echo(judged.findings.to_json(orient="records", force_ascii=False, date_format="iso"))
    else:
        click.echo(files.verdict_table(wording.named(judged)))
    if judged.collected_share() < COMPLETE_SHARE:
        sys.exit(INCOMPLETE)


@click.command(cls=Command)
@click.option(
    "--week",
    default=None,
    metavar="НЕДЕЛЯ",
    help="Неделя, например 2024-W21; по умолчанию — последняя полная.",
)
@click.option("--month", default=None, metavar="МЕСЯЦ", help="Месяц, например 2024-05.")
@click.option("--from", "first", type=DATE, default=None, metavar="ДАТА", help="Начало периода.")
@click.option(
    "--to",
    "last",
    type=DATE,
    default=None,
    metavar="ДАТА",
    help="Конец периода, включительно.",
)
@home_option
@told
def report(
    *, week: str | None, month: str | None, first: datetime | None, last: datetime | None, home: Path | None
) -> None:
    """Отчёт за период: страницы, таблица Excel, данные."""
    from kirovlib import reports, settings  # noqa: PLC0415
    from kirovlib.reports.pages import COMPLETE_SHARE  # noqa: PLC0415

    found = settings.load(home)
    period = _period(found.clock(), week, month, first, last)
    index = reports.build(found, period)
    click.echo("Отчёт готов, откройте в браузере:")
    click.echo(str(index.resolve()))
    share = json.loads((index.parent / "run.json").read_text(encoding="utf-8"))["collected_share"]
    if share < COMPLETE_SHARE:
        sys.exit(INCOMPLETE)


def _period(
    now: datetime, week: str | None, month: str | None, first: datetime | None, last: datetime | None
) -> Period:
    from kirovlib.weeks import Period, last_full_week, local_date  # noqa: PLC0415

    given = [name for name, value in (("--week", week), ("--month", month), ("--from/--to", first or last)) if value]
    if len(given) > 1:
        msg = f"Период задан дважды: {', '.join(given)}. Оставьте что-нибудь одно."
        raise ParameterError(msg)
    if first or last:
        return Period.between(_day(first), last.date() if last else local_date(now))
    return Period.parse(week or month or last_full_week(now).label)


def _day(moment: datetime | None) -> date:
    if moment is None:
        msg = "Укажите начало периода: --from ДАТА."
        raise ParameterError(msg)
    return moment.date()
