"""`kirov letter-template`."""

from __future__ import annotations

from pathlib import Path

import click

from kirovlib.cli.base import ANY_PATH, Command, home_option, told
from kirovlib.errors import ParameterError


@click.command("letter-template", cls=Command)
@click.option(
    "--out", type=ANY_PATH, default=None, metavar="ФАЙЛ", help="Куда положить копию поставляемого шаблона (.docx)."
)
@home_option
@told
def letter_template(*, out: Path | None, home: Path | None) -> None:
    """Шаблон сопроводительного письма учредителю: взять для правки, проверить, узнать имена.

    Письма составляются по файлу data/templates/letter.docx, а пока его нет — по поставляемому шаблону.
    """
    from kirovlib import settings  # noqa: PLC0415
    from kirovlib.reports import letter, letter_words  # noqa: PLC0415

    data = settings.load(home).data_dir
    if out is None:
        click.echo(f"Шаблон проверен, ошибок нет: {letter.load(data).shown}")
    else:
        _copy(letter.SHIPPED, out)
        click.echo(f"Шаблон письма: {out.resolve()}")
        click.echo("Поправьте его в Word или LibreOffice; жёлтым отмечено, что вписать.")
        if out.resolve() != (data / letter.OWN).resolve():
            click.echo(f"Готовый положите в {data.name}/{letter.OWN.as_posix()}, тогда письма пойдут по нему.")
    click.echo("Имена, которые понимает шаблон (пишутся в двойных фигурных скобках):")
    for name, meaning in letter_words.VARIABLES.items():
        click.echo(f"  {name} — {meaning}")


def _copy(source: Path, out: Path) -> None:
    if out.suffix.lower() != ".docx":
        msg = f"Параметр --out: «{out.name}»; ожидается файл .docx."
        raise ParameterError(msg)
    if out.exists():
        msg = f"Файл «{out}» уже есть и не тронут. Укажите другой (--out)."
        raise ParameterError(msg)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(source.read_bytes())
    except OSError as error:
        msg = f"Файл «{out}» не записан: {error.strerror or error}. Укажите другой: --out ФАЙЛ.docx."
        raise ParameterError(msg) from None
