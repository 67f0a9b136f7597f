"""`kirov evidence`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kirovlib.cli.base import ANY_PATH, INCOMPLETE, Command, home_option, told


@click.command(cls=Command)
@click.argument("account", metavar="АККАУНТ")
@click.option("--week", "label", required=True, metavar="НЕДЕЛЯ", help="Неделя, например 2024-W21.")
@click.option(
    "--out", type=ANY_PATH, default=None, metavar="ФАЙЛ", help="Куда записать .zip; по умолчанию — в текущую папку."
)
@click.option("--force", is_flag=True, help="Заменить файл, если он уже есть.")
@home_option
@told
def evidence(*, account: str, label: str, out: Path | None, force: bool, home: Path | None) -> None:
    """Доказательства вывода: архив с публикациями недели, ответами сети и их SHA-256.

    АККАУНТ — ключ из реестра (account_id) или адрес, например https://vk.com/имя.
    """
    from kirovlib import evidence as proof  # noqa: PLC0415
    from kirovlib import registry, russian, settings  # noqa: PLC0415
    from kirovlib.weeks import Week  # noqa: PLC0415

    week, found = Week.parse(label), settings.load(home)
    account_id = proof.find_account(registry.read(found.registry_dir).accounts, account)
    packed = proof.build(found, account_id, week, out or Path(proof.default_name(account_id, week)), force=force)
    total = packed.counted_count + packed.left_out_count + packed.unknown_count
    answers = russian.counted(packed.answer_count, "ответ сети", "ответа сети", "ответов сети")
    click.echo(f"Доказательства: {account_id}, неделя {week.label}")
    click.echo(
        f"  {russian.posts(total)}: засчитано {packed.counted_count}, не засчитано {packed.left_out_count}, "
        f"не известно {packed.unknown_count}"
    )
    click.echo(f"  {answers}, SHA-256 каждого проверен")
    if packed.pruned_count:
        click.echo(f"  удалено по сроку, остались только SHA-256: {packed.pruned_count}")
    click.echo(str(packed.file.resolve()))
    if not packed.is_complete:
        click.echo("Неделя прочитана не целиком: публикаций могло быть больше.", err=True)
        sys.exit(INCOMPLETE)
