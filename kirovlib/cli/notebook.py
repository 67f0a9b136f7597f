"""`kirov notebook` and `kirov lab`."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import click

from kirovlib.cli.base import ANY_PATH, INCOMPLETE, Command, home_option, told
from kirovlib.errors import ParameterError

# One Ctrl-C ends it without a question; in a container root is all there is.
_ALWAYS = ("--ServerApp.answer_yes=True", "--ServerApp.allow_root=True")
_CONFIG = Path(__file__).with_name("jupyter")  # JupyterLab's settings: it asks the internet for no news and updates


@click.command(cls=Command)
@click.argument("name", required=False, metavar="[ТЕТРАДЬ]")
@click.option(
    "--param",
    "pairs",
    multiple=True,
    metavar="ИМЯ=ЗНАЧЕНИЕ",
    help="Параметр, например period=2024-W21; можно повторять.",
)
@click.option(
    "--out",
    type=ANY_PATH,
    default=None,
    metavar="ФАЙЛ",
    help="Куда записать .html; по умолчанию — в reports/notebooks/ПЕРИОД. Рядом появятся папки assets и figures.",
)
@click.option("--list", "only_list", is_flag=True, help="Показать тетради, их вопросы и параметры.")
@home_option
@told
def notebook(*, name: str | None, pairs: tuple[str, ...], out: Path | None, only_list: bool, home: Path | None) -> None:
    """Выполнить одну тетрадь и записать страницу, которая открывается без интернета.

    ТЕТРАДЬ — имя файла или его начало: 04 вместо 04_institution. Без неё показывает, какие тетради есть.
    Если параметр не указан: period — последняя полная неделя, data — данные проекта, остальные — как в тетради.
    """
    from kirovlib import parameters, settings  # noqa: PLC0415
    from kirovlib.reports import notebooks, single  # noqa: PLC0415

    if only_list or name is None:
        _tell_notebooks()
        return
    source, given = notebooks.find(name), parameters.from_text(pairs)
    if typed := str(given.get("data", "")):  # what is typed is relative to where it is typed
        given["data"] = str(Path(typed).absolute())
    made = single.build(settings.load(home), source, given, out)
    click.echo("Страница готова, откройте в браузере:")
    click.echo(str(made.file.resolve()))
    if not made.is_complete:
        sys.exit(INCOMPLETE)


def _tell_notebooks() -> None:
    import nbformat  # noqa: PLC0415

    from kirovlib.parameters import PARAMETERS  # noqa: PLC0415
    from kirovlib.reports import notebooks  # noqa: PLC0415

    known: dict[str, None] = {}
    for source in notebooks.present():
        own = notebooks.parameters_of(source)
        known |= dict.fromkeys(own)
        click.secho(f"{source.stem} — {notebooks.title_of(source)}", bold=True)
        if question := nbformat.read(source, 4).metadata.get("question"):
            click.echo(f"  {question}")
        click.echo(f"  Параметры: {', '.join(own) or 'нет'}")
    click.echo("Параметры:")
    for parameter in PARAMETERS.values():
        if parameter.name in known:
            click.echo(f"  {parameter.name} — {parameter.meaning}: {parameter.expected}")


@click.command(cls=Command)
@click.option("--port", type=click.IntRange(0, 65535), default=None, metavar="ЧИСЛО", help="Порт; 0 — любой свободный.")
@click.option("--no-browser", is_flag=True, help="Не открывать браузер.")
@home_option
@told
def lab(*, port: int | None, no_browser: bool, home: Path | None) -> None:
    """Открыть тетради в JupyterLab."""
    from kirovlib import settings  # noqa: PLC0415
    from kirovlib.reports import notebooks  # noqa: PLC0415

    found = settings.load(home)
    arguments = [f"--ServerApp.root_dir={notebooks.folder()}", *_ALWAYS]
    if port is not None:
        _check_port(port)
        arguments += [f"--port={port}", "--ServerApp.port_retries=0"]
    arguments += ["--no-browser"] if no_browser else []
    try:
        from jupyterlab.labapp import LabApp  # noqa: PLC0415
    except ImportError as error:
        msg = f"JupyterLab не установлен ({error}). Установите: python -m pip install -e . -c constraints.txt"
        raise ParameterError(msg) from None
    click.echo("JupyterLab с тетрадями запускается. Остановить: Ctrl-C в этом окне.")
    click.echo(_own_data(found.data_dir, notebooks.folder()))
    os.environ["KIROV_HOME"] = str(found.home.resolve())  # for the kernels
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
        filter(None, (str(_CONFIG), os.environ.get("JUPYTER_CONFIG_PATH")))
    )
    LabApp.launch_instance(arguments)


def _own_data(data: Path, notebooks_dir: Path) -> str:
    try:
        shown = Path(os.path.relpath(data, notebooks_dir)).as_posix()
    except ValueError:  # another drive of Windows
        shown = data.resolve().as_posix()
    words = f'Тетради открываются на учебных данных. Чтобы взять свои, напишите в ячейке параметров: data = "{shown}"'
    if not (data / "lake").is_dir():
        words += "\nСвоих данных там пока нет: с чего начать, скажет «kirov status»."
    return words


def _check_port(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        msg = f"Порт {port} занят или запрещён. Укажите другой: --port 0 возьмёт любой свободный."
        raise ParameterError(msg) from None
