"""`kirov registry import`."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kirovlib.cli.base import ANY_PATH, Command, home_option, told
from kirovlib.errors import ParameterError, RegistryError

if TYPE_CHECKING:
    from kirovlib.registry.imported import Imported

_SHOWN = 10


@click.command("import", cls=Command)
@click.argument("file", type=ANY_PATH, metavar="ФАЙЛ")
@click.option("--out", type=ANY_PATH, default=None, metavar="ПАПКА", help="Куда записать; по умолчанию data/registry.")
@click.option("--kinds", "kinds_file", type=ANY_PATH, default=None, metavar="ФАЙЛ", help="Свои правила видов (TOML).")
@click.option("--replace", is_flag=True, help="Заменить реестр в папке; прежние файлы останутся как *.bak.")
@click.option("--json", "as_json", is_flag=True, help="Вывести итог в виде JSON, со всеми строками и замечаниями.")
@home_option
@told
def import_register(
    *, file: Path, out: Path | None, kinds_file: Path | None, replace: bool, as_json: bool, home: Path | None
) -> None:
    """Реестр из выгрузки регионов (.xlsx или .csv): учреждения, аккаунты, исключения."""
    from kirovlib import settings  # noqa: PLC0415
    from kirovlib.registry import exchange, imported, kinds, side  # noqa: PLC0415

    folder = out if out is not None else settings.load(home).registry_dir
    names = ("institutions.csv", "accounts.csv", side.EXEMPTIONS_CSV)
    present = [name for name in names if (folder / name).exists()]
    if present and not replace:
        msg = (
            f"В папке «{folder}» уже есть реестр ({', '.join(present)}), он не изменён. Укажите другую папку (--out) "
            "или добавьте --replace: прежние файлы останутся рядом как *.bak."
        )
        raise ParameterError(msg)
    result = exchange.import_register(file, kinds.load(kinds_file))
    try:
        kept = [_backup(folder / name) for name in present]
        imported.write(folder, result)
    except OSError as error:
        msg = f"Не удалось записать в папку «{folder}»: {error.strerror or error}. Проверьте права и место на диске."
        raise RegistryError(msg) from None
    backups = [str(backup) for backup in kept]
    if as_json:
        click.echo(json.dumps({**result.summary(), "out": str(folder), "backups": backups}, ensure_ascii=False))
        return
    _tell(result)
    for backup in backups:
        click.echo(f"Прежний файл сохранён: {backup}")
    click.echo(f"Реестр записан: {folder}")
    click.echo("Дальше: исправьте строки выше в исходном файле и повторите с --replace или выполните")
    click.echo("«kirov registry check», затем «kirov collect».")


def _backup(file: Path) -> Path:
    """A copy beside the file under the first free name, so that no earlier copy is lost."""
    number = 1
    while (backup := file.with_name(f"{file.name}{number if number > 1 else ''}.bak")).exists():
        number += 1
    backup.write_bytes(file.read_bytes())
    return backup


def _tell(result: Imported) -> None:
    from kirovlib.registry.imported import GROUPS  # noqa: PLC0415

    click.echo(f"{result.source}: строк {len(result.rows)}")
    for group, count in result.counts.items():
        click.echo(f"  {GROUPS[group]} ({group}): {count}")
    register = result.register
    click.echo(
        f"Учреждений {len(register.institutions)} (из них учредителей без своей строки: {len(result.founder_ids)}), "
        f"аккаунтов {len(register.accounts)}, исключений {len(result.exemptions)}"
    )
    counts = register.institutions["kind"].value_counts().sort_index()
    click.echo("Виды: " + ", ".join(f"{kind} {count}" for kind, count in counts.items()))
    rejected = [placed for placed in result.rows if placed.group == "rejected"]
    _tell_lines("Не приняты", [f"строка {placed.row}: {placed.reason}" for placed in rejected])
    _tell_remarks(result)
    doubles = [
        f"строки {one.kept_row} и {one.row}: {one.what} {one.value} (остался за {one.kept_row})"
        for one in result.duplicates
    ]
    _tell_lines("Повторы", doubles)
    unknown = [
        f"уровень «{one.level}», учредитель «{one.founder}»: строки {', '.join(map(str, one.rows[:_SHOWN]))}"
        + (f" и ещё {len(one.rows) - _SHOWN}" if len(one.rows) > _SHOWN else "")
        for one in result.unknown_kinds
    ]
    _tell_lines("Вид не известен, записано other (добавьте правило, --kinds)", unknown)


def _tell_remarks(result: Imported) -> None:
    from kirovlib.registry.imported import REMARKS  # noqa: PLC0415

    by_kind = defaultdict(list)
    for remark in result.remarks:
        by_kind[remark.kind].append((f"строка {remark.row}: " if remark.row else "") + remark.text)
    for kind, lines in by_kind.items():
        _tell_lines(f"{REMARKS.get(kind, kind)[:1].upper()}{REMARKS.get(kind, kind)[1:]} ({kind})", lines)


def _tell_lines(title: str, lines: list[str]) -> None:
    if lines:
        click.echo(f"{title}: {len(lines)}")
        for line in lines[:_SHOWN]:
            click.echo(f"  {line}")
        if len(lines) > _SHOWN:
            click.echo(f"  … и ещё {len(lines) - _SHOWN}; все — с --json")
