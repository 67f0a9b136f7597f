"""`kirov registry reconcile`."""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kirovlib.cli.base import ANY_PATH, INCOMPLETE, Command, home_option, platforms_option, stop, told

if TYPE_CHECKING:
    import pandas as pd

    from kirovlib.reconcile import Reconciled
    from kirovlib.registry import Register
    from kirovlib.settings import Settings

_NOTHING_CAME = 4
_SHOWN = 20
# States that say nothing wrong of an account, or nothing at all: counted, listed with --all only.
_QUIET = frozenset({"network_stopped", "not_asked", "learnt", "same"})
_NARROWEST, _WIDEST = 40, 120


@click.command("reconcile", cls=Command)
@platforms_option
@click.option(
    "--out", type=ANY_PATH, default=None, metavar="ПАПКА", help="Записать сверку и реестр с бесспорным в новую папку."
)
@click.option("--all", "show_all", is_flag=True, help="Показать все аккаунты, не только требующие внимания.")
@click.option("--json", "as_json", is_flag=True, help="Вывести все строки в виде JSON.")
@home_option
@told
def reconcile_register(
    *, platforms: tuple[str, ...], out: Path | None, show_all: bool, as_json: bool, home: Path | None
) -> None:
    """Сверить адреса реестра с сетями: номера, новые имена, удалённые, повторы.

    Реестр не меняется: бесспорное записывается в папку --out, перенимаете его вы.
    """
    from kirovlib import reconcile, registry, settings  # noqa: PLC0415

    found = settings.load(home)
    if out is not None:
        reconcile.check_folder(found, out)
    register = registry.read(found.registry_dir)
    reconciled = reconcile.reconcile(found, register, platforms)
    if not as_json:
        _tell(reconciled, show_all=show_all)
    written = out if not reconciled.nothing_came else None
    if written is not None:
        reconcile.write(written, register, reconciled)
    if as_json:
        click.echo(_as_json(reconciled, written))
    elif written is not None:
        _tell_written(found, register, reconciled, written)
    if reconciled.stopped:
        causes = "\n".join(str(cause) for cause in reconciled.stopped.values())
        stop(causes, _NOTHING_CAME if reconciled.nothing_came else INCOMPLETE)


def _as_json(reconciled: Reconciled, out: Path | None) -> str:
    told = {
        "counts": reconciled.counts,
        "rows": _records(reconciled.rows),
        "without_account": _records(reconciled.without_account),
        "stopped": {name: str(cause) for name, cause in reconciled.stopped.items()},
        "out": str(out) if out else None,
    }
    return json.dumps(told, ensure_ascii=False)


def _records(frame: pd.DataFrame) -> list[dict[str, str | None]]:
    return list(frame.astype("object").where(frame.notna(), None).to_dict("records"))  # type: ignore[arg-type]


def _tell(reconciled: Reconciled, *, show_all: bool) -> None:
    from kirovlib import russian  # noqa: PLC0415
    from kirovlib.reconcile import STATES  # noqa: PLC0415

    count = russian.counted(len(reconciled.rows), "аккаунт", "аккаунта", "аккаунтов")
    click.echo(f"Сверка с сетями: {count}")
    for state, words in STATES.items():
        rows = _records(reconciled.rows[reconciled.rows["state"] == state])
        if not rows:
            continue
        click.echo(f"{words[:1].upper()}{words[1:]}: {len(rows)}")
        listed = rows if show_all else [] if state in _QUIET else rows[:_SHOWN]
        for row in listed:
            _tell_account(row)
        if listed and len(listed) < len(rows):
            click.echo(f"  … и ещё {len(rows) - len(listed)}; все — с --all")
    without = _records(reconciled.without_account)
    if without:
        click.echo(f"Учреждения без аккаунта: {len(without)}" + ("" if show_all else "; список — с --all"))
        for row in without if show_all else []:
            _wrapped(f"{row['institution_id']}  {row['institution']}", 2)


def _tell_account(row: dict[str, str | None]) -> None:
    from kirovlib.registry.addresses import tidied  # noqa: PLC0415

    # Cells of the register may hold anything, escapes of the terminal too.
    account, url, institution, proposal = (
        tidied(row[name] or "") for name in ("account_id", "url", "institution", "proposal")
    )
    _wrapped(f"{account}  {url}  {institution}", 2)
    if proposal:
        _wrapped(f"→ {proposal}", 6)


def _wrapped(text: str, indent: int) -> None:
    """A line as wide as the terminal; addresses are never broken, so that they can be copied."""
    width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
    first, further = " " * indent, " " * (indent + 2)
    for line in textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    ):
        click.echo(line)


def _tell_written(settings: Settings, register: Register, reconciled: Reconciled, out: Path) -> None:
    """What the files hold and the very commands to compare and take over."""
    from kirovlib import registry  # noqa: PLC0415
    from kirovlib.reconcile import RECONCILE_CSV, taken_over  # noqa: PLC0415

    before = register.accounts.fillna({"platform_id": ""})
    after = taken_over(register, reconciled).accounts.fillna({"platform_id": ""})
    numbers = int((before["platform_id"].to_numpy() != after["platform_id"].to_numpy()).sum())
    addresses = int((before["url"].to_numpy() != after["url"].to_numpy()).sum())
    place = settings.registry_dir
    files = f"{RECONCILE_CSV} (все строки), {registry.ACCOUNTS_CSV}, {registry.INSTITUTIONS_CSV}"
    click.echo(f"Записано в {out}: {files}. Реестр не изменён.")
    click.echo(f"В {registry.ACCOUNTS_CSV} вписано номеров: {numbers}, новых адресов: {addresses} (их покажет diff).")
    numbered = [
        str(correction.number) for correction in register.corrections if correction.file == registry.ACCOUNTS_CSV
    ]
    if register.corrections:
        click.echo(f"Поправки реестра (corrections.toml, {len(register.corrections)}) в этих файлах уже применены.")
    click.echo("Дальше сравните и, если согласны, переймите:")
    click.echo(f'  kirov registry diff "{place}" "{out}"')
    click.echo(f"  замените {place / registry.ACCOUNTS_CSV} файлом {out / registry.ACCOUNTS_CSV}")
    if numbered:
        click.echo(f"  удалите из corrections.toml поправки к {registry.ACCOUNTS_CSV}: {', '.join(numbered)}")
    click.echo("  kirov registry check")
