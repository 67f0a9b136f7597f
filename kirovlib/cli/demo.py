"""`kirov demo` and `kirov sandbox`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kirovlib.cli.base import ANY_PATH, Command, tell_summary, told
from kirovlib.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from kirovlib.sandbox import Faults


def _world_options(command: Callable[..., None]) -> Callable[..., None]:
    """What the sandbox serves: a recording, or a world of so many institutions and weeks."""
    options = (
        click.option(
            "--replay", type=ANY_PATH, metavar="ПАПКА", help="Записанные ответы сетей вместо вымышленного мира."
        ),
        _number("--institutions", click.IntRange(8, 5000), 60, "Сколько учреждений в мире."),
        _number("--weeks", click.IntRange(1, 104), 12, "За сколько последних недель публикации."),
        _number("--seed", click.INT, 131, "Зерно: то же зерно — тот же мир."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _number(name: str, kind: click.ParamType[Any], default: int, words: str) -> Callable[..., Any]:
    return click.option(name, type=kind, default=default, show_default=True, metavar="ЧИСЛО", help=words)


@click.command(cls=Command)
@_world_options
@click.option("--out", type=ANY_PATH, default=None, metavar="ПАПКА", help="Куда; по умолчанию demo/ в папке проекта.")
@told
def demo(*, replay: Path | None, institutions: int, weeks: int, seed: int, out: Path | None) -> None:
    """Весь путь на учебных данных: сбор, выводы, отчёт."""
    from kirovlib import demo as whole_way  # noqa: PLC0415 - heavy imports wait until a command needs them
    from kirovlib import settings  # noqa: PLC0415

    folder = out or settings.load().home / "demo"
    done = whole_way.run(folder, replay=replay, institutions=institutions, weeks=weeks, seed=seed)
    tell_summary(done.summary)
    if done.recorded_weeks is not None:
        _tell_recorded(done.recorded_weeks)
    click.echo("Отчёт готов, откройте в браузере:")
    click.echo(str(done.index.resolve()))


@click.command(cls=Command)
@_number("--port", click.IntRange(0, 65535), 8131, "Порт; 0 — любой свободный.")
@_world_options
@click.option("--register", "register_dir", type=ANY_PATH, metavar="ПАПКА", help="Записать сюда реестр этого мира.")
@click.option(
    "--faults",
    is_flag=False,
    flag_value="transient",
    default=None,
    metavar="[СБОИ]",
    help="Ломаться нарочно. Через запятую группы: transient — проходят при повторе (если слова нет, то они), "
    "stopping — останавливают сбор сети, world — аккаунты меняются на ходу, all; или отдельные сбои.",
)
@_number("--fault-seed", click.INT, 131, "Зерно сбоев: то же зерно — те же сбои.")
@told
def sandbox(
    *,
    port: int,
    replay: Path | None,
    institutions: int,
    weeks: int,
    seed: int,
    register_dir: Path | None,
    faults: str | None,
    fault_seed: int,
) -> None:
    """Учебные сети на этом компьютере: ВКонтакте, Одноклассники, Telegram, с их ограничениями."""
    from kirovlib import registry  # noqa: PLC0415
    from kirovlib import sandbox as emulated  # noqa: PLC0415
    from kirovlib.settings import ZONE  # noqa: PLC0415
    from kirovlib.weeks import last_full_week  # noqa: PLC0415

    planned = None
    if faults is not None:
        planned = emulated.Faults([word.strip() for word in faults.split(",")], seed=fault_seed)
        if replay and set(planned.kinds) & set(emulated.GROUPS["world"]):
            msg = "Записанные ответы не меняются: с --replay сбои группы world не работают. Укажите в --faults другие."
            raise ParameterError(msg)
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
        if isinstance(source, emulated.World):
            registry.write_side(register_dir, source.side)

    def listening(server: emulated.Sandbox) -> None:
        click.echo("Учебные сети работают. Скопируйте эти строки в файл .env или задайте переменные окружения:")
        for name, value in server.variables.items():
            click.echo(f"{name}={value}")
        click.echo("Сервисный ключ вместо ключа пользователя: VK_TOKEN=sandbox-service. Остановить: Ctrl-C.")
        week = last_full_week(server.now)
        click.echo(
            f"В учебном мире сейчас {server.now.astimezone(ZONE):%d.%m.%Y}, поэтому укажите срок: "
            f"kirov collect --since {week.shifted(-3).start}, kirov findings --week {week.label}."
        )
        if server.faults is not None:
            _tell_faults(server.faults)

    try:
        emulated.serve_forever(source, port=port, faults=planned, on_listening=listening)
    except OSError as error:
        msg = f"Порт {port} занят или запрещён ({error.strerror}). Укажите другой: --port 0 возьмёт любой свободный."
        raise ParameterError(msg) from None


def _tell_faults(faults: Faults) -> None:
    from kirovlib.sandbox import KINDS  # noqa: PLC0415

    click.echo(f"Сети ломаются нарочно, зерно {faults.seed}:")
    for kind in faults.kinds:
        click.echo(f"  {kind}: {KINDS[kind]}")
    if "token" in faults.kinds:
        click.echo("Другие ключи: VK_TOKEN=sandbox-user-2 или sandbox-service-2, OK_ACCESS_TOKEN=sandbox-session-2.")


def _tell_recorded(weeks: pd.DataFrame) -> None:
    from kirovlib.weeks import Week  # noqa: PLC0415

    for account_id, rows in weeks.groupby("account_id"):
        own, reposts = int(rows["own_count"].sum()), int(rows["repost_count"].sum())
        click.echo(f"Записанная лента {account_id}: собственных публикаций {own}, репостов {reposts}")
        for row in rows.to_dict("records"):
            whole = "прочитана целиком" if row["is_complete"] else "записана не целиком"
            label = Week(row["week_start"].date()).label
            click.echo(f"  {label}: собственных {row['own_count']}, репостов {row['repost_count']}, {whole}")
