"""Russian for the command line's own words: usage, options, errors of click."""

from __future__ import annotations

import gettext
import pkgutil
import sys
from importlib import import_module, resources
from types import ModuleType
from typing import Any

import click

_CATALOG = "locale/ru/LC_MESSAGES/click.mo"

# Types whose names click shows untranslated: "INTEGER" in the help, "is not a valid integer" in an error.
_NAMED_TYPES: tuple[type[click.ParamType[Any]], ...] = (
    type(click.STRING),
    type(click.UNPROCESSED),
    type(click.INT),
    click.IntRange,
    type(click.FLOAT),
    click.FloatRange,
    type(click.BOOL),
    click.Choice,
    click.DateTime,
    click.File,
)


def use_russian() -> None:
    """Make click speak Russian, whatever the language of the system.

    Call it before the commands are defined: click asks for some words (the names of paths, the text of
    `--version`) while a decorator runs. A second call changes nothing.

    click translates by `gettext.gettext` and `gettext.ngettext`, which look for the language in LANGUAGE,
    LC_ALL, LC_MESSAGES and LANG: nothing Russian under `LANG=C`, and on Windows none of these is set. To set
    LANGUAGE and `gettext.textdomain` would work, but for the whole process: argparse would read click's
    catalogue, and kernels and browsers started from here would inherit the language. So the two functions are
    replaced by those of our own catalogue where click's modules have imported them, and nowhere else; neither
    the environment nor the state of gettext is touched.

    What click has not made translatable the command words itself: `[OPTIONS]` and `COMMAND [ARGS]...` of the
    usage line (`options_metavar`, `subcommand_metavar`). `show_envvar` and `click.File` bring English errors.

    Example:
        >>> use_russian()
        >>> click.UsageError("нет такой недели").show(sys.stdout)
        Ошибка: нет такой недели
    """
    with resources.files("kirovlib").joinpath(_CATALOG).open("rb") as catalogue:
        russian = gettext.GNUTranslations(catalogue)
    for module in _click_modules():
        for name, value in list(vars(module).items()):
            if value is gettext.gettext:
                setattr(module, name, russian.gettext)
            elif value is gettext.ngettext:
                setattr(module, name, russian.ngettext)
    for kind in _NAMED_TYPES:
        kind.name = russian.gettext(kind.name)


def _click_modules() -> list[ModuleType]:
    """All modules of click, also those it imports only when needed."""
    names = {module.name for module in pkgutil.iter_modules(click.__path__)}
    if sys.platform != "win32":
        names.discard("_winconsole")  # cannot be imported elsewhere
    return [import_module(f"click.{name}") for name in sorted(names)]
