"""`kirov findings` and `kirov report`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kirovlib.cli.base import ANY_PATH, DATE, INCOMPLETE, Command, home_option, told
from kirovlib.errors import ParameterError

if TYPE_CHECKING:
    from kirovlib.order.evaluate import Judgement
    from kirovlib.settings import Settings
    from kirovlib.weeks import Period

_SHOWN_FILES = 5
_MOST_MEND_DAYS = 365

cards_option = click.option(
    "--cards",
    "cards",
    multiple=True,
    metavar="ЧЬИ",
    help="Карточки учреждений: failed (с нарушениями), all (все), none (ничьи, так по умолчанию) или ключи через "
    "запятую; можно повторять.",
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1),
    default=None,
    metavar="ЧИСЛО",
    help="Сколько страниц составлять сразу; по умолчанию по числу ядер, если хватает памяти.",
)
scheduler_option = click.option(
    "--scheduler",
    default="",
    metavar="АДРЕС",
    help="Составлять страницы на кластере Dask, например tcp://10.0.0.5:8786.",
)
complete_share_option = click.option(
    "--complete-share",
    type=click.FloatRange(0, 1),
    default=None,
    metavar="ДОЛЯ",
    help="С какой доли целиком прочитанных аккаунтов данные считаются полными; по умолчанию 0.98.",
)
by_founder_option = click.option(
    "--by-founder/--no-by-founder",
    default=None,
    help="Архив каждому учредителю: письмо, карточки его учреждений (тех, у кого нарушения или исправленные ссылки), "
    "таблица Excel.",
)

mend_days_option = click.option(
    "--mend-days",
    type=click.IntRange(1, _MOST_MEND_DAYS),
    default=None,
    metavar="ДНЕЙ",
    help="Сколько дней после конца периода даётся на исправление, в карточках и письмах; по умолчанию 14.",
)

exchange_option = click.option(
    "--exchange-xlsx",
    "exchange",
    type=ANY_PATH,
    default=None,
    metavar="ФАЙЛ",
    help="Записать реестр в форме обмена регионов (.xlsx) с тем, что собрано: госметка, виджеты, активность.",
)


@click.command(cls=Command)
@click.option(
    "--week",
    "period",
    required=True,
    metavar="ПЕРИОД",
    help="Неделя 2024-W21, месяц 2024-05, квартал 2024-Q2 или даты 2024-05-20_2024-06-16.",
)
@click.option("--out", type=ANY_PATH, default=None, metavar="ФАЙЛ", help="Записать в .csv, .xlsx или .parquet.")
@exchange_option
@click.option("--json", "as_json", is_flag=True, help="Вывести строки в виде JSON.")
@home_option
@told
def findings(*, period: str, out: Path | None, exchange: Path | None, as_json: bool, home: Path | None) -> None:
    """Выводы за период: по каждому пункту и аккаунту."""
    from kirovlib import settings  # noqa: PLC0415
    from kirovlib.exports import files  # noqa: PLC0415
    from kirovlib.order import evaluate, wording  # noqa: PLC0415
    from kirovlib.parameters import past_weeks_for  # noqa: PLC0415
    from kirovlib.reports.pages import COMPLETE_SHARE  # noqa: PLC0415
    from kirovlib.weeks import Period  # noqa: PLC0415

    if out is not None:
        files.check_target(out)
    _check_exchange(exchange)
    # A workbook tells changes, streaks and activity: it needs the weeks before, as a report does.
    with_past = exchange is not None or (out is not None and out.suffix == ".xlsx")
    past_weeks = past_weeks_for(Period.parse(period)) if with_past else 0
    judged = evaluate.judge(period, settings.load(home).data_dir, past_weeks=past_weeks)
    if out is not None:
        files.write(out, judged)
        click.echo(f"Выводов записано: {len(judged.findings)}, файл {out}")
    if exchange is not None:
        _write_exchange(exchange, judged)
    if as_json and out is None:
        click.echo(judged.findings.to_json(orient="records", force_ascii=False, date_format="iso"))
    elif out is None and exchange is None:
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
@click.option("--quarter", default=None, metavar="КВАРТАЛ", help="Квартал, например 2024-Q2.")
@click.option("--from", "first", type=DATE, default=None, metavar="ДАТА", help="Начало периода.")
@click.option(
    "--to",
    "last",
    type=DATE,
    default=None,
    metavar="ДАТА",
    help="Конец периода, включительно.",
)
@complete_share_option
@cards_option
@by_founder_option
@mend_days_option
@exchange_option
@jobs_option
@scheduler_option
@click.option(
    "--repeat",
    "repeated",
    type=ANY_PATH,
    default=None,
    metavar="ФАЙЛ",
    help="Повторить отчёт по его run.json, например reports/2024-W21/run.json: выйдет то же, байт в байт.",
)
@click.option("--anyway", is_flag=True, help="Повторить, хотя реестр, порядок, тетради или версии изменились.")
@home_option
@told
def report(
    *,
    week: str | None,
    month: str | None,
    quarter: str | None,
    first: datetime | None,
    last: datetime | None,
    complete_share: float | None,
    cards: tuple[str, ...],
    by_founder: bool | None,
    mend_days: int | None,
    exchange: Path | None,
    jobs: int | None,
    scheduler: str,
    repeated: Path | None,
    anyway: bool,
    home: Path | None,
) -> None:
    """Отчёт за период: страницы, таблица Excel, данные."""
    from kirovlib import reports, settings  # noqa: PLC0415

    found = settings.load(home)
    how: dict[str, Any] = {"jobs": jobs, "scheduler": scheduler}
    if anyway and repeated is None:
        msg = "Параметр --anyway относится только к --repeat: добавьте --repeat ФАЙЛ или уберите его."
        raise ParameterError(msg)
    if repeated is not None:
        given = (week, month, quarter, first, last, cards or None, exchange, by_founder, mend_days, complete_share)
        if any(each is not None for each in given):
            msg = "С --repeat период и параметры берутся из run.json: уберите остальное."
            raise ParameterError(msg)
        _repeat(found, repeated, anyway=anyway, **how)
        return
    _check_exchange(exchange)
    period = _period(found.clock(), {"--week": week, "--month": month, "--quarter": quarter}, first, last)
    chosen = chosen_of(cards, complete_share=complete_share, mend_days=mend_days, by_founder=by_founder)
    index = reports.build(found, period, **chosen, **how)
    click.echo("Отчёт готов, откройте в браузере:")
    click.echo(str(index.resolve()))
    run = json.loads((index.parent / "run.json").read_text(encoding="utf-8"))
    tell_failed_cards(run)
    tell_founders(index.parent)
    tell_past_term(run, found.clock())
    if exchange is not None:
        from kirovlib.order import evaluate  # noqa: PLC0415
        from kirovlib.parameters import past_weeks_for  # noqa: PLC0415

        _write_exchange(exchange, evaluate.judge(period, found.data_dir, past_weeks=past_weeks_for(period)))
    if run["shortcomings"] or run.get("failed_cards"):
        sys.exit(INCOMPLETE)


def chosen_of(cards: Sequence[str], **given: Any) -> dict[str, Any]:
    """Of what says what is in a pack that which was given on the command line; no cards for `--cards none`."""
    words = [word.strip() for each in cards for word in each.split(",") if word.strip()]
    chosen = {name: value for name, value in given.items() if value is not None}
    return chosen | ({"cards": [] if words == ["none"] else words} if words else {})


def tell_failed_cards(run: Mapping[str, Any]) -> None:
    """Say which cards were not made, why, and what to do."""
    from kirovlib import russian  # noqa: PLC0415

    failed: Mapping[str, str] = run.get("failed_cards", {})
    if not failed:
        return
    first, *_ = sorted(failed)
    count = russian.counted(len(failed), "карточка", "карточки", "карточек")
    click.echo(f"Не сделано: {count}. Остальное в отчёте есть.", err=True)
    for key, why in sorted(failed.items()):
        click.echo(f"  {key}: {why}", err=True)
    # Not `kirov report`: it would put a pack in place that has none but this card. And a register's keys are foreign
    # text, and this line is copied.
    key = shlex.quote(f"institution_id={first}")
    again = f"kirov notebook 04 --param period={run['period']} --param {key}"
    click.echo(f"Повторите команду; если снова не выйдет, посмотрите, в чём дело: {again}", err=True)


def tell_founders(folder: Path) -> None:
    """Say where the founders' ZIPs of a pack are, if it has any, and what to write into the letters."""
    from kirovlib.reports import founders  # noqa: PLC0415

    if (folder / founders.LIST).is_file():
        click.echo("Архивы для учредителей; кому какой, сказано в списке:")
        click.echo(str((folder / founders.LIST).resolve()))
        click.echo("В письмах впишите отправителя и подпись; чтобы не делать этого каждый раз: kirov letter-template")


def tell_past_term(run: Mapping[str, Any], now: datetime) -> None:
    """Say that the day until which to mend is over, where a pack has cards or letters that name it."""
    from kirovlib import russian  # noqa: PLC0415
    from kirovlib.order.card import MEND_DAYS  # noqa: PLC0415
    from kirovlib.weeks import Period, local_date  # noqa: PLC0415

    given, last, today = run["parameters"], Period.parse(run["period"]).last, local_date(now)
    mend_by = last + timedelta(days=given["mend_days"])
    if mend_by >= today or not (given.get("cards") or given.get("by_founder")):
        return
    days = (today - last).days + MEND_DAYS
    again = f"Чтобы дать две недели, повторите с --mend-days {days}" if days <= _MOST_MEND_DAYS else "Впишите другой"
    click.echo(f"Срок в карточках и письмах, {russian.dated(mend_by)}, уже прошёл. {again}.")


def _check_exchange(exchange: Path | None) -> None:
    from kirovlib.exports import files  # noqa: PLC0415

    if exchange is not None:
        files.check_target(exchange, "--exchange-xlsx", (".xlsx",))


def _write_exchange(exchange: Path, judged: Judgement) -> None:
    from kirovlib.exports import files  # noqa: PLC0415

    files.write_exchange(exchange, judged)
    click.echo(f"Реестр в форме обмена: {exchange}")


def _repeat(found: Settings, file: Path, *, anyway: bool, **how: Any) -> None:
    from kirovlib.reports import repeat  # noqa: PLC0415

    done = repeat.repeat(found, file, anyway=anyway, **how)
    click.echo("Отчёт повторён, откройте в браузере:")
    click.echo(str(done.index.resolve()))
    for line in done.changes:
        click.echo(f"Изменилось с тех пор: {line}", err=True)
    if done.different is None:
        return
    if not done.different:
        click.echo(f"Совпало с прежним байт в байт, кроме времени работы в run.json: файлов {done.file_count}.")
        return
    shown = ", ".join(done.different[:_SHOWN_FILES]) + (" …" if len(done.different) > _SHOWN_FILES else "")
    click.echo(f"С прежним отчётом «{file.parent}» не совпало файлов: {len(done.different)} ({shown}).", err=True)
    sys.exit(INCOMPLETE)


def _period(now: datetime, named: Mapping[str, str | None], first: datetime | None, last: datetime | None) -> Period:
    from kirovlib.weeks import Period, last_full_week, local_date  # noqa: PLC0415

    given = [name for name, value in {**named, "--from/--to": first or last}.items() if value]
    if len(given) > 1:
        msg = f"Период задан дважды: {', '.join(given)}. Оставьте что-нибудь одно."
        raise ParameterError(msg)
    if first or last:
        return Period.between(_day(first), last.date() if last else local_date(now))
    return Period.parse(next(filter(None, named.values()), last_full_week(now).label))


def _day(moment: datetime | None) -> date:
    if moment is None:
        msg = "Укажите начало периода: --from ДАТА."
        raise ParameterError(msg)
    return moment.date()
