"""`kirov registry …`."""

from __future__ import annotations

import itertools
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kirovlib.cli import registry_import, registry_reconcile
from kirovlib.cli.base import EXISTING, Command, Group, home_option, told
from kirovlib.errors import ParameterError, RegistryError

if TYPE_CHECKING:
    from kirovlib.registry import Register
    from kirovlib.registry.check import Checked

_WRONG = 2
_SHOWN_WARNINGS = 10
_CHANGES = {
    "came": "Появились",
    "went": "Ушли",
    "renamed": "Переименованы",
    "moved": "Перешли",
    "numbered": "Узнан номер в сети",
}
_COLUMNS = {
    "institution": "учреждение",
    "account": "аккаунт",
    "institution.institution_id": "ключ учреждения",
    "institution.name": "наименование",
    "institution.kind": "вид",
    "institution.founder_id": "учредитель",
    "account.account_id": "ключ аккаунта",
    "account.url": "адрес",
    "account.platform_id": "номер в сети у",
    "account.institution_id": "учреждение аккаунта",
}


@click.group(cls=Group)
def registry() -> None:
    """Реестр: проверить, сравнить, перенять."""


@registry.command(cls=Command)
@click.option("--dir", "folder", type=EXISTING, default=None, metavar="ПАПКА", help="Папка с файлами реестра.")
@click.option("--json", "as_json", is_flag=True, help="Вывести найденное в виде JSON.")
@home_option
@told
def check(*, folder: Path | None, as_json: bool, home: Path | None) -> None:
    """Проверить все файлы реестра сразу; ошибки — код 2, предупреждения — код 0."""
    from kirovlib import settings, tables  # noqa: PLC0415
    from kirovlib.order import clauses  # noqa: PLC0415
    from kirovlib.registry.check import check as check_folder  # noqa: PLC0415

    if folder is not None and home is not None:
        msg = "Укажите что-нибудь одно: --dir или --home."
        raise ParameterError(msg)
    place = folder or settings.load(home).registry_dir
    checked = check_folder(place, clauses.checkable(clauses.load_for(place.parent)))
    if as_json:
        found = {
            "counts": checked.counts,
            "errors": [asdict(error) for error in checked.errors],
            "warnings": [{"group": warned.group, **asdict(warned.what)} for warned in checked.warnings],
        }
        click.echo(tables.to_json(found))
    else:
        _tell_checked(place, checked)
    if checked.errors:
        sys.exit(_WRONG)


@registry.command(cls=Command)
@click.argument("old", type=EXISTING, metavar="БЫЛО")
@click.argument("new", type=EXISTING, metavar="СТАЛО")
@click.option("--json", "as_json", is_flag=True, help="Вывести изменения в виде JSON.")
@told
def diff(*, old: Path, new: Path, as_json: bool) -> None:
    """Сравнить две папки реестра: кто появился, ушёл, переименован, перешёл, чей номер узнан."""
    from kirovlib.registry.compare import compare  # noqa: PLC0415

    changes = compare(_read(old), _read(new))
    if as_json:
        click.echo(changes.to_json(orient="records", force_ascii=False))
        return
    for change, words in _CHANGES.items():
        rows = changes[changes["change"] == change]
        click.echo(f"{words}: {len(rows)}")
        for row in rows.fillna("—").to_dict("records"):
            sides = {"came": row["after"], "went": row["before"]}.get(change, f"{row['before']} → {row['after']}")
            click.echo(f"  {_COLUMNS[row['what']]} {row['key']}: {sides}")


def _read(folder: Path) -> Register:
    from kirovlib import registry as register_files  # noqa: PLC0415

    try:
        return register_files.read(folder)
    except RegistryError as error:
        msg = f"Папка «{folder}». {error}"
        raise RegistryError(msg) from None


def _tell_checked(folder: Path, checked: Checked) -> None:
    from kirovlib import russian  # noqa: PLC0415
    from kirovlib.registry.check import WARNINGS  # noqa: PLC0415

    click.echo(f"Реестр «{folder}», строк: " + ", ".join(f"{name} {count}" for name, count in checked.counts.items()))
    if checked.errors:
        click.secho(f"Ошибок: {len(checked.errors)}. Исправьте строки и повторите:", fg="red")
        for error in checked.errors:
            click.echo(f"  {error}")
    else:
        click.echo("Ошибок нет.")
    if not checked.warnings:
        click.echo("Предупреждений нет.")
        return
    words = russian.counted(len(checked.warnings), "предупреждение", "предупреждения", "предупреждений")
    click.echo(f"{words}, работе они не мешают:")
    for group, members in itertools.groupby(checked.warnings, key=lambda warned: warned.group):
        warned = list(members)
        click.echo(f"  {WARNINGS[group]}: {len(warned)}")
        for one in warned[:_SHOWN_WARNINGS]:
            click.echo(f"    {one.what}")
        if len(warned) > _SHOWN_WARNINGS:
            click.echo(f"    … и ещё {len(warned) - _SHOWN_WARNINGS}; все — с --json")


registry.add_command(registry_import.import_register)
registry.add_command(registry_reconcile.reconcile_register)
