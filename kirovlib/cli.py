"""`kirov …`: the command line, a light wrapper; every message to the analyst is in Russian."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kirovlib import localization
from kirovlib.errors import KirovError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from kirovlib.collect import Summary
    from kirovlib.weeks import Period

localization.use_russian()

_INCOMPLETE = 3
_WEEKS = 4
_EXISTING = click.Path(exists=True, file_okay=False, path_type=Path)
_ANY_PATH = click.Path(path_type=Path)


class _Command(click.Command):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"options_metavar": "[ПАРАМЕТРЫ]", **kwargs})


class _Group(click.Group):
    command_class = _Command


@click.group(
    cls=_Group,
    options_metavar="[ПАРАМЕТРЫ]",
    subcommand_metavar="КОМАНДА [ПАРАМЕТРЫ]",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Коды завершения: 0 — готово, 1 — ошибка программы, 2 — неверный ввод, 3 — готово, но данные неполные, "
    "4 — ключ доступа или сеть.",
)
@click.version_option(package_name="kirovlib", prog_name="kirov")
def main() -> None:
    """Официальные аккаунты учреждений: сбор, проверка по распоряжению № 131, отчёты.

    Начните с «kirov demo»: весь путь на учебных данных, без ключей и интернета.
    """


def _told(command: Callable[..., None]) -> Callable[..., None]:
    """Errors of the package as one message and exit code; a traceback only with KIROV_DEBUG."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KirovError as error:
            _stop(str(error), error.exit_code)
        except KeyboardInterrupt:
            _stop("Прервано. Сохранённое не потеряно, команду можно повторить.", _INCOMPLETE)
        except click.ClickException:
            raise
        except Exception as error:
            if os.environ.get("KIROV_DEBUG"):
                raise
            _stop(
                f"Ошибка программы: {type(error).__name__}: {error}. Данные не изменены. Повторите с переменной "
                "KIROV_DEBUG=1 и пришлите вывод разработчикам.",
                1,
            )

    return wrapped


def _stop(message: str, code: int) -> None:
    click.secho(message, fg="red", err=True)
    sys.exit(code)


@main.command()
@click.option("--replay", type=_ANY_PATH, metavar="ПАПКА", help="Записанные ответы сетей вместо вымышленного мира.")
@click.option(
    "--institutions",
    type=click.IntRange(8, 5000),
    default=60,
    show_default=True,
    metavar="ЧИСЛО",
    help="Сколько учреждений в мире.",
)
@click.option(
    "--weeks",
    type=click.IntRange(1, 104),
    default=12,
    show_default=True,
    metavar="ЧИСЛО",
    help="За сколько недель собирать.",
)
@click.option(
    "--seed",
    type=int,
    default=131,
    show_default=True,
    metavar="ЧИСЛО",
    help="Зерно: то же зерно — тот же мир.",
)
@click.option("--out", type=_ANY_PATH, default=None, metavar="ПАПКА", help="Куда; по умолчанию demo/ в папке проекта.")
@_told
def demo(*, replay: Path | None, institutions: int, weeks: int, seed: int, out: Path | None) -> None:
    """Весь путь на учебных данных: сбор, выводы, отчёт."""
    from kirovlib import demo as whole_way  # noqa: PLC0415 - heavy imports wait until a command needs them
    from kirovlib import settings  # noqa: PLC0415

    folder = out or settings.load().home / "demo"
    done = whole_way.run(folder, replay=replay, institutions=institutions, weeks=weeks, seed=seed)
    _tell_summary(done.summary)
    if done.recorded_weeks is not None:
        _tell_recorded(done.recorded_weeks)
    click.echo("Отчёт готов, откройте в браузере:")
    click.echo(str(done.index.resolve()))


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8131,
    show_default=True,
    metavar="ЧИСЛО",
    help="Порт; 0 — любой свободный.",
)
@click.option("--replay", type=_ANY_PATH, metavar="ПАПКА", help="Записанные ответы сетей вместо вымышленного мира.")
@click.option(
    "--institutions",
    type=click.IntRange(8, 5000),
    default=60,
    show_default=True,
    metavar="ЧИСЛО",
    help="Сколько учреждений в мире.",
)
@click.option(
    "--weeks",
    type=click.IntRange(1, 104),
    default=12,
    show_default=True,
    metavar="ЧИСЛО",
    help="За сколько недель публикации.",
)
@click.option("--seed", type=int, default=131, show_default=True, metavar="ЧИСЛО", help="Зерно мира.")
@click.option("--register", "register_dir", type=_ANY_PATH, metavar="ПАПКА", help="Записать сюда реестр этого мира.")
@_told
def sandbox(
    *, port: int, replay: Path | None, institutions: int, weeks: int, seed: int, register_dir: Path | None
) -> None:
    """Учебная сеть на этом компьютере, с ограничениями настоящей."""
    from kirovlib import registry  # noqa: PLC0415
    from kirovlib import sandbox as emulated  # noqa: PLC0415

    source = (
        emulated.load_recording(replay)
        if replay
        else emulated.build_world(institutions=institutions, weeks=weeks, seed=seed)
    )
    if register_dir is not None:
        if (register_dir / registry.INSTITUTIONS_CSV).exists():
            msg = f"В папке «{register_dir}» уже есть реестр. Укажите другую папку: он не будет перезаписан."
            raise ParameterError(msg)
        registry.write(register_dir, registry.Register(source.institutions, source.accounts))

    def listening(server: emulated.Sandbox) -> None:
        click.echo(f"Учебная сеть работает: KIROV_VK_URL={server.vk_url}")
        click.echo("Ключи: VK_TOKEN=sandbox-service или VK_TOKEN=sandbox-user. Остановить: Ctrl-C.")

    try:
        emulated.serve_forever(source, port=port, on_listening=listening)
    except OSError as error:
        msg = f"Порт {port} занят или запрещён ({error.strerror}). Укажите другой: --port 0 возьмёт любой свободный."
        raise ParameterError(msg) from None


@main.command()
@click.option(
    "--weeks",
    type=click.IntRange(1, 520),
    default=None,
    metavar="ЧИСЛО",
    help=f"Сколько последних полных недель собрать (по умолчанию {_WEEKS}).",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
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
@click.option("--home", type=_EXISTING, default=None, metavar="ПАПКА", help="Папка проекта с data/ и reports/.")
@_told
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
    _tell_summary(summary)
    if summary.stopped:
        _stop(
            "\n".join(str(cause) for cause in summary.stopped.values()),
            4 if _nothing_came(summary) else _INCOMPLETE,
        )
    if not summary.is_complete:
        sys.exit(_INCOMPLETE)


@main.command()
@click.option(
    "--week",
    "period",
    required=True,
    metavar="ПЕРИОД",
    help="Неделя 2024-W21, месяц 2024-05 или квартал 2024-Q2.",
)
@click.option("--out", type=_ANY_PATH, default=None, metavar="ФАЙЛ", help="Записать в .csv, .xlsx или .parquet.")
@click.option("--json", "as_json", is_flag=True, help="Вывести строки в виде JSON.")
@click.option("--home", type=_EXISTING, default=None, metavar="ПАПКА", help="Папка проекта с data/ и reports/.")
@_told
def findings(*, period: str, out: Path | None, as_json: bool, home: Path | None) -> None:
    """Выводы за период: по каждому пункту и аккаунту."""
    from kirovlib import settings  # noqa: PLC0415
    from kirovlib.order import evaluate, wording  # noqa: PLC0415
    from kirovlib.reports import export  # noqa: PLC0415

    if out is not None:
        export.check_target(out)
    judged = evaluate.judge(period, settings.load(home).data_dir)
    if out is not None:
        export.write(out, judged)
        click.echo(f"Выводов записано: {len(judged.findings)}, файл {out}")
    elif as_json:
        click.echo(judged.findings.to_json(orient="records", force_ascii=False, date_format="iso"))
    else:
        click.echo(export.verdict_table(wording.named(judged)))
    if judged.collected_share() < 1:
        sys.exit(_INCOMPLETE)


@main.command()
@click.option(
    "--week",
    default=None,
    metavar="НЕДЕЛЯ",
    help="Неделя, например 2024-W21; по умолчанию — последняя полная.",
)
@click.option("--month", default=None, metavar="МЕСЯЦ", help="Месяц, например 2024-05.")
@click.option(
    "--from", "first", type=click.DateTime(["%Y-%m-%d"]), default=None, metavar="ДАТА", help="Начало периода."
)
@click.option(
    "--to",
    "last",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    metavar="ДАТА",
    help="Конец периода, включительно.",
)
@click.option("--home", type=_EXISTING, default=None, metavar="ПАПКА", help="Папка проекта с data/ и reports/.")
@_told
def report(
    *, week: str | None, month: str | None, first: datetime | None, last: datetime | None, home: Path | None
) -> None:
    """Отчёт за период: страницы, таблица Excel, данные."""
    from kirovlib import reports, settings  # noqa: PLC0415
    from kirovlib.reports.pack import COMPLETE_SHARE  # noqa: PLC0415

    found = settings.load(home)
    period = _period(found.clock(), week, month, first, last)
    index = reports.build(found, period)
    click.echo("Отчёт готов, откройте в браузере:")
    click.echo(str(index.resolve()))
    share = json.loads((index.parent / "run.json").read_text(encoding="utf-8"))["collected_share"]
    if share < COMPLETE_SHARE:
        sys.exit(_INCOMPLETE)


def _window(now: datetime, weeks: int | None, since: datetime | None) -> Any:
    from kirovlib.platforms.base import Window  # noqa: PLC0415
    from kirovlib.weeks import last_full_week, local_midnight  # noqa: PLC0415

    if weeks is not None and since is not None:
        msg = "Укажите что-нибудь одно: --weeks или --since."
        raise ParameterError(msg)
    if since is not None:
        return Window(local_midnight(since.date()), now)
    return Window(last_full_week(now).shifted(1 - (weeks or _WEEKS)).starts_at, now)


def _period(
    now: datetime, week: str | None, month: str | None, first: datetime | None, last: datetime | None
) -> Period:
    from kirovlib.weeks import Period, last_full_week  # noqa: PLC0415

    given = [name for name, value in (("--week", week), ("--month", month), ("--from/--to", first or last)) if value]
    if len(given) > 1:
        msg = f"Период задан дважды: {', '.join(given)}. Оставьте что-нибудь одно."
        raise ParameterError(msg)
    if first or last:
        start, end = (first or last), (last or now + timedelta(0))
        return Period.between(_day(start), _day(end))
    return Period.parse(week or month or last_full_week(now).label)


def _day(moment: datetime | None) -> date:
    if moment is None:
        msg = "Укажите начало периода: --from ДАТА."
        raise ParameterError(msg)
    return moment.date()


def _tell_recorded(weeks: pd.DataFrame) -> None:
    from kirovlib.weeks import Week  # noqa: PLC0415

    for account_id, rows in weeks.groupby("account_id"):
        own, reposts = int(rows["own_count"].sum()), int(rows["repost_count"].sum())
        click.echo(f"Записанная лента {account_id}: собственных публикаций {own}, репостов {reposts}")
        for row in rows.to_dict("records"):
            whole = "прочитана целиком" if row["is_complete"] else "записана не целиком"
            label = Week(row["week_start"].date()).label
            click.echo(f"  {label}: собственных {row['own_count']}, репостов {row['repost_count']}, {whole}")


def _nothing_came(summary: Summary) -> bool:
    return all(outcome == "not_collected" for _, outcome, _ in summary.outcomes)


def _tell_summary(summary: Summary) -> None:
    from kirovlib import russian, tables  # noqa: PLC0415
    from kirovlib.order import wording  # noqa: PLC0415

    kind = {"service": "сервисный ключ, по одному аккаунту", "user": "ключ пользователя, по 25 аккаунтов"}
    requests = russian.counted(summary.request_count, "запрос", "запроса", "запросов")
    click.echo(
        f"Сбор {summary.run_id}: {requests}, новых и изменённых публикаций {summary.post_count}"
        + (f" ({kind[summary.token_kind]})" if summary.token_kind else "")
    )
    for (platform, outcome, reason), count in sorted(summary.outcomes.items()):
        words = f"  {wording.PLATFORMS.get(platform, platform)}: {wording.OUTCOMES[outcome]} — {count}"
        click.echo(words + (f" ({tables.COVERAGE_REASONS[reason]})" if reason else ""))
    if summary.interrupted:
        click.echo("Сбор прерван, собранное сохранено. Повторите команду, чтобы продолжить.", err=True)


if __name__ == "__main__":
    main()
