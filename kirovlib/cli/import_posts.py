"""`kirov import-posts`."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kirovlib.cli.base import ANY_PATH, INCOMPLETE, Command, home_option, told
from kirovlib.errors import ParameterError

if TYPE_CHECKING:
    from kirovlib.import_posts import Imported


@click.command("import-posts", cls=Command)
@click.argument("file", type=ANY_PATH, metavar="ФАЙЛ")
@click.option("--account", required=True, metavar="КЛЮЧ", help="Чьи публикации (account_id из реестра).")
@click.option(
    "--from",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    metavar="ДАТА",
    help="С какой даты в файле есть все публикации.",
)
@click.option(
    "--to",
    "last",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    metavar="ДАТА",
    help="По какую дату, включительно, по времени Кирова.",
)
@home_option
@told
def import_posts(*, file: Path, account: str, first: datetime | None, last: datetime | None, home: Path | None) -> None:
    """Загрузить публикации из файла: выгрузка Telegram Desktop (result.json) или CSV.

    Прочитанным целиком считается только период --from … --to: сам файл полноты не доказывает. Столбцы CSV: posted_at
    и url, по желанию text, is_repost (да, нет, пусто), post_id.
    """
    from kirovlib import registry, settings  # noqa: PLC0415
    from kirovlib.import_posts import import_posts as bring  # noqa: PLC0415
    from kirovlib.platforms.base import Target  # noqa: PLC0415

    found = settings.load(home)
    accounts = registry.read(found.registry_dir).accounts
    chosen = accounts[accounts["account_id"] == account].fillna({"platform_id": ""})
    if chosen.empty:
        msg = f"В реестре нет аккаунта «{account}». Ключи — столбец account_id в accounts.csv."
        raise ParameterError(msg)
    row = chosen.iloc[0]
    target = Target(account, str(row["url"]), str(row["platform_id"]))
    done = bring(found, target, file, first and first.date(), last and last.date())
    _tell(done)
    if done.covered_from is None:
        sys.exit(INCOMPLETE)


def _tell(done: Imported) -> None:
    from kirovlib import russian  # noqa: PLC0415
    from kirovlib.settings import ZONE  # noqa: PLC0415

    found = done.found
    of_channel = f", канал {found.channel}" if found.channel else ""
    click.echo(f"Загрузка {done.run_id}: {done.account_id} из файла «{done.file_name}» ({found.kind}{of_channel})")
    click.echo(f"  SHA-256 файла: {done.sha256}")
    moments = [post.posted_at.astimezone(ZONE) for post in found.posts]
    click.echo(f"  В файле: {russian.posts(len(found.posts))}, с {min(moments):%d.%m.%Y} по {max(moments):%d.%m.%Y}")
    reposts = sum(post.is_repost is True for post in found.posts)
    lines = {
        "репостов": reposts,
        "неизвестно, репост ли": sum(post.is_repost is None for post in found.posts),
        "не от имени аккаунта": sum(not post.own for post in found.posts),
        "служебных сообщений пропущено": found.service_count,
        "сообщений, не выгруженных Telegram Desktop": found.unreadable_count,
        "строк со временем без пояса (принято за время Кирова)": found.local_count,
    }
    for words, count in lines.items():
        if count or words == "репостов":
            click.echo(f"    {words}: {count}")
    if found.album_count:
        joined = russian.counted(found.joined_count, "сообщения", "сообщений", "сообщений")
        click.echo(f"    альбомов собрано: {found.album_count} (из {joined})")
    click.echo(f"  Записано: новых {done.new_count}, изменённых {done.changed_count}")
    if done.vanished_count:
        click.echo(
            f"  Исчезли: {done.vanished_count} — в хранилище за этот период есть, в файле нет. Если файл неполон, "
            "загрузите полный: публикации появятся снова."
        )
    if found.channel:
        click.echo("  Сверьте название канала с аккаунтом: имени t.me в выгрузке нет.")
    _tell_period(done)


def _tell_period(done: Imported) -> None:
    from kirovlib.settings import ZONE  # noqa: PLC0415
    from kirovlib.weeks import Week  # noqa: PLC0415

    if done.covered_from is None or done.covered_until is None:
        why = (
            "часть сообщений Telegram Desktop не выгрузил: обновите его и выгрузите снова."
            if done.found.unreadable_count
            else "период не указан. Если в файле все публикации за какие-то дни, повторите с --from ДАТА --to ДАТА."
        )
        click.echo(f"  Ни одна неделя не считается прочитанной целиком: {why}")
        return
    start, until = done.covered_from.astimezone(ZONE), done.covered_until.astimezone(ZONE)
    click.echo(f"  Прочитанным целиком считается период с {start:%d.%m.%Y} до {until:%d.%m.%Y %H:%M} (с ваших слов)")
    week = Week.of(done.covered_until - timedelta(microseconds=1))
    week = week if week.ends_at <= done.covered_until else week.shifted(-1)
    if week.starts_at >= done.covered_from:
        click.echo(f"Дальше: kirov findings --week {week.label}")
    else:
        click.echo("Дальше: целой недели в этом периоде нет, вывод по п. 3.1 возможен только при трёх публикациях.")
