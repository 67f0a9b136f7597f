"""`kirov status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kirovlib.cli.base import Command, home_option, told

if TYPE_CHECKING:
    from datetime import datetime

    from kirovlib.status import LakeStatus, NetworkStatus, RegisterStatus, RunStatus, TokenStatus

_SHOWN_ACCOUNTS = 5


@click.command(cls=Command)
@click.option("--offline", is_flag=True, help="Не проверять доступность сетей.")
@click.option("--json", "as_json", is_flag=True, help="Вывести в виде JSON.")
@home_option
@told
def status(*, offline: bool, as_json: bool, home: Path | None) -> None:
    """Как обстоят дела: реестр, хранилище, ключи, сети, последние сборы, что делать дальше."""
    from kirovlib import settings  # noqa: PLC0415
    from kirovlib.status import look  # noqa: PLC0415

    found = look(settings.load(home), offline=offline)
    if as_json:
        click.echo(found.as_json())
        return
    lines = ["Реестр", *_register(found.register), "Хранилище", *_lake(found.lake), "Ключи"]
    lines += [*map(_token, found.tokens), "Сети", *map(_network, found.networks)]
    if found.lake.runs:
        lines += ["Последние сборы", *map(_run, found.lake.runs)]
    if found.lake.unfinished:
        lines.append(f"  не закончены (идут сейчас или были прерваны): {', '.join(found.lake.unfinished)}")
    lines += ["Что делать дальше", *(f"  {step}  — {why}" for step, why in found.steps)]
    click.echo("\n".join(lines))


def _register(found: RegisterStatus) -> list[str]:
    from kirovlib.order import wording  # noqa: PLC0415

    if found.state == "absent":
        return ["  реестра нет"]
    if found.state == "wrong":
        return ["  с ошибками:", *(f"    {error}" for error in found.errors), "  все ошибки: kirov registry check"]
    platforms = ", ".join(f"{wording.PLATFORMS.get(name, name)} {count}" for name, count in found.by_platform.items())
    kinds = ", ".join(f"{wording.KINDS.get(name, name)} {count}" for name, count in found.by_kind.items())
    return [
        f"  учреждений {found.institution_count}" + (f": {kinds}" if kinds else ""),
        f"  аккаунтов {found.account_count}" + (f": {platforms}" if platforms else ""),
    ]


def _lake(found: LakeStatus) -> list[str]:
    from kirovlib import russian  # noqa: PLC0415

    never = found.never_collected
    shown = ", ".join(never[:_SHOWN_ACCOUNTS]) + (" …" if len(never) > _SHOWN_ACCOUNTS else "")
    not_read = [f"  ни разу не собраны: {len(never)} ({shown})"] if never else []
    if found.state == "wrong":
        return [f"  {found.error}"]
    if found.state == "empty":
        return ["  пусто", *not_read]
    portions = russian.counted(found.batch_count, "порция", "порции", "порций")
    lines = [f"  {portions} сбора, {russian.posts(found.post_count)}"]
    if found.covered_from and found.covered_until:
        lines.append(f"  лента прочитана с {_local(found.covered_from)} по {_local(found.covered_until)}")
    else:
        lines.append("  ни один промежуток не прочитан целиком")
    if found.age_seconds is not None:
        days, hours = divmod(found.age_seconds // 3600, 24)
        age = f"{russian.counted(days, 'день', 'дня', 'дней')} {russian.counted(hours, 'час', 'часа', 'часов')}"
        lines.append(f"  самым новым данным {age}")
    if found.collected_share is not None:
        lines.append(f"  при последнем сборе целиком прочитаны {russian.percent(found.collected_share)} аккаунтов")
    return lines + not_read


def _token(found: TokenStatus) -> str:
    if not found.is_set:
        return f"  {found.variable}: не задан"
    return f"  {found.variable}: задан" + (f", оканчивается на …{found.ending}" if found.ending else "")


def _network(found: NetworkStatus) -> str:
    from kirovlib.order import wording  # noqa: PLC0415

    words = {
        "reachable": "отвечает",
        "unreachable": "не отвечает",
        "other": "по этому адресу отвечает кто-то другой (прокси, страница блокировки?)",
        "skipped": "не проверялась (--offline)",
    }
    detail = f": {found.answer}" if found.answer else ""
    return f"  {wording.PLATFORMS[found.platform]} ({found.host}): {words[found.state]}{detail}"


def _run(run: RunStatus) -> str:
    from kirovlib.order import wording  # noqa: PLC0415

    return (
        f"  {run.run_id}: {_local(run.started_at)}, {wording.SHORT_SOURCES[run.source]}, "
        f"собрано целиком {run.collected_count} из {run.account_count}"
    )


def _local(moment: datetime) -> str:
    from kirovlib.settings import ZONE  # noqa: PLC0415

    return f"{moment.astimezone(ZONE):%d.%m.%Y %H:%M}"
