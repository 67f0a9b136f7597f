"""click speaks Russian, and only click is changed."""

from __future__ import annotations

import gettext
import os
import re
import string
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from click.testing import CliRunner

from kirovlib import localization

FOLDER = Path(localization.__file__).parent / "locale" / "ru" / "LC_MESSAGES"
CLICK = Path(click.__file__).parent

# The words click puts here stay English whatever the language, so the Russian text does without them.
LEFT_OUT = {"DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}": {"param_type"}}

ENGLISH_NAMES = {
    click.IntRange: "integer range",
    click.FloatRange: "float range",
    click.Choice: "choice",
    click.DateTime: "datetime",
    click.File: "filename",
    type(click.STRING): "text",
    type(click.UNPROCESSED): "text",
    type(click.INT): "integer",
    type(click.FLOAT): "float",
    type(click.BOOL): "boolean",
}


def read_source() -> Catalog:
    with (FOLDER / "click.po").open("rb") as file:
        return read_po(file, locale="ru")


def read_compiled() -> Catalog:
    with (FOLDER / "click.mo").open("rb") as file:
        return read_mo(file)


MESSAGES = [message for message in read_source() if message.id]


def texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(text) for text in value]  # type: ignore[attr-defined]


def placeholders(text: str) -> set[tuple[str, str | None]]:
    percent = {(name, "%") for name in re.findall(r"%\((\w+)\)s", text)}
    return percent | {(name, conversion) for _, name, _, conversion in string.Formatter().parse(text) if name}


def msgid_of(message: Message) -> str:
    return texts(message.id)[0]


@pytest.fixture
def english_click(monkeypatch: pytest.MonkeyPatch) -> None:
    """click as it came; after the test it is what it was before, Russian or not."""
    monkeypatch.setenv("LANG", "C")
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(variable, raising=False)
    for module in localization._click_modules():
        for name, function in (("_", gettext.gettext), ("ngettext", gettext.ngettext)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, function)
    for kind, name in ENGLISH_NAMES.items():
        monkeypatch.setattr(kind, "name", name)


@pytest.fixture
def command(english_click: None) -> click.Command:  # noqa: ARG001
    """A command defined after `use_russian`, with one parameter of each kind."""
    localization.use_russian()

    @click.group(options_metavar="[ПАРАМЕТРЫ]", subcommand_metavar="КОМАНДА", no_args_is_help=False)
    @click.version_option("0.1.0", prog_name="kirov")
    def group() -> None:
        """Проба."""

    @group.command(options_metavar="[ПАРАМЕТРЫ]", deprecated=True)
    @click.argument("week", metavar="НЕДЕЛЯ", help="Какая неделя")
    @click.option("--jobs", type=click.IntRange(1, 9), default=2, show_default=True, help="Сколько сразу")
    @click.option("--weeks", type=int, help="Сколько недель")
    @click.option("--share", type=float, help="Доля")
    @click.option("--name", required=True, help="Имя")
    @click.option("--old", deprecated=True, help="Прежнее")
    @click.option("--out", type=click.Path(exists=True, file_okay=False), help="Куда")
    @click.option("--cards", type=click.Choice(["none", "all"]), help="Карточки")
    @click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="С какого дня")
    @click.option("--pair", nargs=2, help="Два слова")
    @click.option("--quiet", is_flag=True, help="Молча")
    @click.option("--checked", type=bool, envvar="CHECKED", show_envvar=True, help="Проверено ли")
    def report(**_values: object) -> None:
        """Отчёт."""

    return group


def said(command: click.Command, *arguments: str) -> str:
    """What the command prints, without the words that are ours or the user's."""
    result = CliRunner().invoke(command, arguments, prog_name="kirov")
    own = r"'[^'\n]*'|--?[a-z]+|\bkirov( report)?\b|\breport\b|\bCHECKED\b|\bnone\|all\b|%Y-%m-%d|\d<=x<=\d"
    return re.sub(own, "", result.output)


def cases() -> Iterator[tuple[str, list[str], str]]:
    full = ["report", "2024-W21", "--name", "имя"]
    yield "help of the group", ["--help"], "Команды:"
    yield "help of the command", ["report", "--help"], "Показать эту справку и выйти."
    yield "default in the help", ["report", "--help"], "по умолчанию: 2"
    yield "required in the help", ["report", "--help"], "[обязательно]"
    yield "variable in the help", ["report", "--help"], "переменная окружения:"
    yield "type in the help", ["report", "--help"], " ЦЕЛОЕ"
    yield "folder in the help", ["report", "--help"], " ПАПКА"
    yield "arguments in the help", ["report", "--help"], "Аргументы:"
    yield "deprecated in the help", ["report", "--help"], "(УСТАРЕЛО)"
    yield "version", ["--version"], "версия 0.1.0"
    yield "no command", [], "Ошибка: Не указана команда."
    yield "unknown command", ["reprt"], "Ошибка: Нет команды"
    yield "likely command", ["reprt"], "Возможно,"
    yield "usage before an error", ["reprt"], "Использование:"
    yield "where help is", ["reprt"], "Справка:"
    yield "unknown option", [*full, "--nothing"], "Ошибка: Нет параметра"
    yield "several likely options", [*full, "--ame"], "Возможно,"
    yield "missing argument", ["report", "--name", "имя"], "Ошибка: Не указан аргумент"
    yield "missing option", ["report", "2024-W21"], "Ошибка: Не указан параметр"
    yield "extra argument", [*full, "лишнее"], "Лишнее в команде: лишнее"
    yield "extra arguments", [*full, "раз", "два"], "Лишнее в команде: раз два"
    yield "no value", [*full, "--weeks"], "нужно значение."
    yield "one value of two", [*full, "--pair", "раз"], "нужно значений: 2."
    yield "value of a flag", [*full, "--quiet=1"], "указывают без значения."
    yield "not an integer", [*full, "--weeks", "два"], "Ожидается число (целое)."
    yield "not a number", [*full, "--share", "много"], "Ожидается число (десятичное)."
    yield "out of range", [*full, "--jobs", "20"], "20 не подходит. Ожидается число в границах"
    yield "not an integer in a range", [*full, "--jobs", "два"], "Ожидается число (целое)."
    yield "wrong choice", [*full, "--cards", "some"], "Ожидается одно из:"
    yield "wrong date", [*full, "--since", "вчера"], "Ожидается вид:"
    yield "missing folder", [*full, "--out", "нет-такой"], "не существует."
    yield "deprecated command", full, "Внимание: команда"
    yield "deprecated option", [*full, "--old", "1"], "устаревший параметр"


@pytest.mark.parametrize(("arguments", "expected"), [case[1:] for case in cases()], ids=[case[0] for case in cases()])
def test_click_says_everything_in_russian_under_lang_c(
    command: click.Command, arguments: list[str], expected: str
) -> None:
    text = said(command, *arguments)

    assert expected in text
    assert re.findall(r"[A-Za-z]+", text) == []


@pytest.mark.usefixtures("command")
def test_a_question_is_asked_again_and_aborted_in_russian() -> None:
    @click.command()
    @click.confirmation_option()
    def delete() -> None:
        """Удаление."""

    result = CliRunner().invoke(delete, [], input="может быть\nn\n")

    assert "Продолжить? [y/N]" in result.output
    assert "Ошибка: такой ответ не подходит" in result.output
    assert "Прервано." in result.output


@pytest.mark.parametrize("language", ["C", "de_DE.UTF-8", "ru_RU.UTF-8"])
def test_the_language_of_the_system_changes_nothing(
    command: click.Command, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setenv("LC_ALL", language)

    assert "Использование:" in said(command, "--help")


@pytest.mark.usefixtures("english_click")
def test_without_the_call_click_speaks_english() -> None:
    assert "Usage:" in CliRunner().invoke(click.Command("bare"), ["--help"]).output


@pytest.mark.usefixtures("english_click")
def test_environment_and_gettext_itself_stay_as_they_are() -> None:
    before = (dict(os.environ), gettext.textdomain(), gettext.bindtextdomain("click"), gettext.gettext)

    localization.use_russian()

    after = (dict(os.environ), gettext.textdomain(), gettext.bindtextdomain("click"), gettext.gettext)
    assert after == before
    assert gettext.gettext("Usage:") == "Usage:"


@pytest.mark.usefixtures("english_click")
def test_a_second_call_changes_nothing() -> None:
    localization.use_russian()
    translate, name = click.exceptions._, click.IntRange.name  # type: ignore[attr-defined]

    localization.use_russian()

    assert click.exceptions._ is translate  # type: ignore[attr-defined]
    assert click.IntRange.name == name == "целое"


def test_the_compiled_catalogue_is_what_the_source_gives() -> None:
    def content(catalogue: Catalog) -> dict[tuple[str, ...], list[str]]:
        return {tuple(texts(message.id)): texts(message.string) for message in catalogue if message.id}

    source, compiled = read_source(), read_compiled()
    assert content(compiled) == content(source)
    assert compiled.plural_forms == source.plural_forms


def test_every_message_of_the_installed_click_is_translated() -> None:
    found = {
        (ids,) if isinstance(ids, str) else ids
        for _, _, ids, _, _ in extract_from_dir(CLICK, keywords={"_": None, "ngettext": (1, 2)})
    }
    known = {tuple(texts(message.id)) for message in MESSAGES}

    assert len(found) > 50
    assert found - known == set()


@pytest.mark.parametrize("message", MESSAGES, ids=msgid_of)
def test_no_translation_is_empty_or_doubtful(message: Message) -> None:
    assert all(texts(message.string))
    assert not message.fuzzy


@pytest.mark.parametrize("message", MESSAGES, ids=msgid_of)
def test_placeholders_of_source_and_translation_agree(message: Message) -> None:
    left_out = LEFT_OUT.get(msgid_of(message), set())
    allowed = [{field for field in placeholders(text) if field[0] not in left_out} for text in texts(message.id)]

    for text in texts(message.string):
        assert placeholders(text) in allowed
