"""`kirov clauses`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kirovlib.cli.base import DATE, Command, home_option, told

if TYPE_CHECKING:
    from kirovlib.order.clauses import Clause, Edition

_WIDTH = 100
_MEASURED_ON = {
    "institution": "учреждение за период",
    "profile": "страница аккаунта (снимок за период)",
    "register": "запись реестра об аккаунте",
    "week": "аккаунт за неделю",
    "decision": "решение рабочей группы у учреждения",
}


@click.command(cls=Command)
@click.option("--on", type=DATE, default=None, metavar="ДАТА", help="Только редакции, действовавшие в этот день.")
@click.option("--json", "as_json", is_flag=True, help="Вывести в виде JSON.")
@home_option
@told
def clauses(*, on: datetime | None, as_json: bool, home: Path | None) -> None:
    """Порядок, как его читает программа: пункты, редакции, дословные цитаты, числа и допущения."""
    from kirovlib import settings, tables  # noqa: PLC0415
    from kirovlib.order import checks  # noqa: PLC0415
    from kirovlib.order import clauses as order  # noqa: PLC0415

    read = order.load_for(settings.load(home).data_dir)
    for clause in read:
        checks.predicate(clause.key)
    if as_json:
        shown = [asdict(clause) | {"editions": [asdict(each) for each in _editions(clause, on)]} for clause in read]
        for each in (edition for clause in shown for edition in clause["editions"]):
            each["in_force_from"] = each["in_force_from"].isoformat()
        click.echo(tables.to_json(shown))
        return
    click.echo("\n\n".join("\n".join(_words(clause, on)) for clause in read))


def _editions(clause: Clause, on: datetime | None) -> tuple[Edition, ...]:
    if on is None:
        return clause.editions
    edition = clause.edition_on(on.date())
    return () if edition is None else (edition,)


def _words(clause: Clause, on: datetime | None) -> Iterator[str]:
    from kirovlib import russian  # noqa: PLC0415
    from kirovlib.order import wording  # noqa: PLC0415

    yield click.style(f"п. {clause.clause} {clause.title} [{clause.key}]", bold=True)
    yield _line("Кого называет", "; ".join(wording.KINDS[kind] for kind in clause.kinds))
    yield _line("Сети", ", ".join(wording.PLATFORMS[platform] for platform in clause.platforms))
    yield _line("На чём измеряется", _MEASURED_ON[clause.measured_on])
    editions = _editions(clause, on)
    if not editions:
        yield f"  В этот день пункт ещё не действовал; первая редакция — с {clause.editions[0].in_force_from:%d.%m.%Y}."
    for edition in editions:
        yield f"  Редакция с {russian.dated(edition.in_force_from)} ({edition.in_force_basis})"
        yield _line("  Источник", f"{edition.reference} ({edition.source})")
        yield _line("  Цитата", f"«{edition.quote}»")
        yield _line("  Требуется", clause.required(edition))
        if edition.parameters:
            yield _line(
                "  Числа и допущения",
                "; ".join(f"{name} = {_value(value)}" for name, value in edition.parameters.items()),
            )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return str(value) or "не задано"


def _line(title: str, text: str) -> str:
    return textwrap.fill(f"  {title}: {text}", _WIDTH, subsequent_indent="      ", break_on_hyphens=False)
