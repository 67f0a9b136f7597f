"""The data a report is made of, laid out aside, so that a collection may go on while its pages are made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from kirovlib import registry
from kirovlib.errors import LakeError
from kirovlib.lake import Lake, copy_as_of
from kirovlib.order import clauses
from kirovlib.settings import Settings

_EDITED = ("registry", "order", "templates")


@contextmanager
def frozen(settings: Settings, workplace: Path) -> Iterator[Settings]:
    """A home folder with what the data folder holds now; gone at the end.

    Args:
        settings: The home folder.
        workplace: A folder to lay it out in, ours alone.

    Raises:
        ClausesError, RegistryError: Order or register is wrong; told by the names of the analyst's own files.
        LakeError: The lake is empty.
    """
    order = clauses.load_for(settings.data_dir)
    registry.read_side(settings.registry_dir, registry.read(settings.registry_dir), clauses.checkable(order))
    try:
        yield _as_it_is(settings, workplace)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def lay_out(settings: Settings, state: Mapping[str, Any], workplace: Path) -> Settings:
    """A home folder with the lake of a state and the register, order and templates of now.

    Raises:
        LakeError: The state cannot be had, see `copy_as_of`.
    """
    shutil.rmtree(workplace, ignore_errors=True)  # a killed process may have left one
    then = replace(settings, home=workplace)
    copy_as_of(Lake(settings.lake_dir), state, then.lake_dir)
    for name in _EDITED:
        if (settings.data_dir / name).is_dir():
            shutil.copytree(settings.data_dir / name, then.data_dir / name)
    return then


def _as_it_is(settings: Settings, workplace: Path, tries: int = 5) -> Settings:
    try:
        return lay_out(settings, Lake(settings.lake_dir).state(), workplace)
    except LakeError:
        if tries == 1:
            raise
    return _as_it_is(settings, workplace, tries - 1)  # a run ended between the two
