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
@told
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


def _tell_recorded(weeks: pd.DataFrame) -> None:
    from kirovlib.weeks import Week  # noqa: PLC0415

    for account_id, rows in weeks.groupby("account_id"):
        own, reposts = int(rows["own_count"].sum()), int(rows["repost_count"].sum())
        click.echo(f"Записанная лента {account_id}: собственных публикаций {own}, репостов {reposts}")
        for row in rows.to_dict("records"):
            whole = "прочитана целиком" if row["is_complete"] else "записана не целиком"
            label = Week(row["week_start"].date()).label
            click.echo(f"  {label}: собственных {row['own_count']}, репостов {row['repost_count']}, {whole}")
