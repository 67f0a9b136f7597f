"""`kirov …`: the command line, a light wrapper; every message to the analyst is in Russian."""

from __future__ import annotations

import click

from kirovlib import localization

# Before any command is declared: click reads some of its words then.
localization.use_russian()

from kirovlib.cli import (  # noqa: E402 - see above
    clauses,
    collect,
    demo,
    evidence,
    import_posts,
    lake,
    letter_template,
    notebook,
    registry,
    report,
    status,
    week,
)
from kirovlib.cli.base import Group  # noqa: E402


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Коды завершения: 0 — готово, 1 — ошибка программы, 2 — неверный ввод, 3 — готово, но данные неполные, "
    "4 — ключ доступа или сеть.",
)
@click.version_option(package_name="kirovlib", prog_name="kirov")
def main() -> None:
    """Официальные аккаунты учреждений: сбор, проверка по распоряжению № 131, отчёты.

    Начните с «kirov demo»: весь путь на учебных данных, без ключей и интернета.
    """


for _command in (
    demo.demo,
    demo.sandbox,
    week.week,
    collect.collect,
    import_posts.import_posts,
    evidence.evidence,
    report.findings,
    report.report,
    letter_template.letter_template,
    notebook.notebook,
    notebook.lab,
    clauses.clauses,
    registry.registry,
    lake.lake,
    status.status,
):
    main.add_command(_command)
