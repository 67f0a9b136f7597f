"""What all commands share: Russian words around them, errors as one message and exit code, common options."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kirovlib.errors import KirovError

if TYPE_CHECKING:
    from kirovlib.collect import Summary

INCOMPLETE = 3
EXISTING = click.Path(exists=True, file_okay=False, path_type=Path)
DATE = click.DateTime(["%Y-%m-%d", "%d.%m.%Y"])
ANY_PATH = click.Path(path_type=Path)

platforms_option = click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="СЕТЬ",
    help="Только эта сеть: vk, ok или telegram; можно повторять.",
)
home_option = click.option(
    "--home", type=EXISTING, default=None, metavar="ПАПКА", help="Папка проекта с data/ и reports/."
)


class Command(click.Command):
    """A command whose usage line is Russian."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"options_metavar": "[ПАРАМЕТРЫ]", **kwargs})


class Group(click.Group):
    """A group of such commands."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        words = {"options_metavar": "[ПАРАМЕТРЫ]", "subcommand_metavar": "КОМАНДА [ПАРАМЕТРЫ]"}
        super().__init__(*args, **{**words, **kwargs})


Group.group_class = Group


def told(command: Callable[..., None]) -> Callable[..., None]:
    """Errors of the package as one message and exit code; a traceback only with KIROV_DEBUG."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KirovError as error:
            stop(str(error), error.exit_code)
        except KeyboardInterrupt:
            stop("Прервано. Сохранённое не потеряно, команду можно повторить.", INCOMPLETE)
        except click.ClickException:
            raise
        except Exception as error:
            if os.environ.get("KIROV_DEBUG"):
                raise
            stop(
                f"Ошибка программы: {type(error).__name__}: {error}. Данные не изменены. Повторите с переменной "
                "KIROV_DEBUG=1 и пришлите вывод разработчикам.",
                1,
            )

    return wrapped


def stop(message: str, code: int) -> None:
    """End the command with a message and an exit code."""
    click.secho(message, fg="red", err=True)
    sys.exit(code)


def tell_summary(summary: Summary) -> None:
    """Say what a collection brought, by outcome and reason."""
    from kirovlib import russian, tables  # noqa: PLC0415
    from kirovlib.order import wording  # noqa: PLC0415

    kind = {"service": "сервисный ключ VK, по одному аккаунту", "user": "ключ пользователя VK, по 25 аккаунтов"}
    requests = russian.counted(summary.request_count, "запрос", "запроса", "запросов")
    click.echo(
        f"Сбор {summary.run_id}: {requests}, новых и изменённых публикаций {summary.post_count}"
        + (f" ({kind[summary.token_kind]})" if summary.token_kind else "")
    )
    for key, count in sorted(summary.outcomes.items()):
        platform, outcome, reason = key
        words = f"  {wording.PLATFORMS.get(platform, platform)}: {wording.OUTCOMES[outcome]} — {count}"
        click.echo(words + (f" ({tables.COVERAGE_REASONS[reason]})" if reason else ""))
        if shown := summary.examples.get(key):
            click.echo(f"    {', '.join(shown)}" + (" …" if count > len(shown) else ""))
