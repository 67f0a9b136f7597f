"""One notebook as a page of its own, beside the pages made before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirovlib import parameters
from kirovlib.errors import ParameterError
from kirovlib.order import evaluate
from kirovlib.parameters import past_weeks_for
from kirovlib.reports import notebooks, pages
from kirovlib.settings import Settings
from kirovlib.weeks import Period, last_full_week


@dataclass(frozen=True)
class Page:
    """A page that was written; `is_complete`: whether nearly all accounts were read for the whole period."""

    file: Path
    is_complete: bool


def build(settings: Settings, source: Path, given: Mapping[str, Any], out: Path | None = None) -> Page:
    """Run a notebook and write its page, with `assets/` and `figures/` beside.

    Args:
        settings: The home folder; the notebook runs in it.
        source: The notebook.
        given: Parameters; `data` relative to the home, by default its data folder, `period` by default the last full
            week, `past_weeks` as many as it needs, the others the notebook's own.
        out: The page, by default `reports/notebooks/<period>/<notebook>[-<institution_id>].html`, which replaces an
            older one.

    Raises:
        ParameterError: A parameter is wrong, or the page cannot be written there.
        RegistryError: The register is wrong.
        KirovError: The notebook ended in an error.
    """
    own = notebooks.parameters_of(source)
    usual = {"data": settings.data_dir.name, "period": last_full_week(settings.clock()).label, **given}
    parameters.check(given, own, title=source.stem)  # what follows reads them
    usual["past_weeks"] = max(own.get("past_weeks", 0), past_weeks_for(Period.parse(usual["period"])))
    values = {name: value for name, value in usual.items() if name in own} | dict(given)
    # A folder for each period: the pages beside one another, and their links, are of the same one.
    folder = settings.reports_dir / "notebooks" / str({**own, **values}.get("period", ""))
    file = out or folder / f"{_name(source, {**own, **values})}.html"
    if out is not None:
        _check_target(out)
    executed = notebooks.run(source, values, settings.home)
    judged = evaluate.judge(usual["period"], settings.home / usual["data"])
    title = notebooks.title_of(source)
    context = pages.context(judged, _beside(file, title), file.stem, title)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        pages.write_assets(file.parent / "assets")
        text = pages.page(executed, context, file.parent / "figures")
        file.write_text(pages.linked(text, {}), encoding="utf-8")
    except OSError as error:
        msg = f"Страница «{file}» не записана: {error.strerror or error}. Закройте её или укажите другую: --out ФАЙЛ."
        raise ParameterError(msg) from None
    return Page(file, judged.collected_share() >= pages.COMPLETE_SHARE)


def _name(source: Path, values: Mapping[str, Any]) -> str:
    """The page's name; what the register has as a key never becomes a path."""
    if "institution_id" not in values:
        return source.stem
    return f"{source.stem}-{pages.safe_name(str(values['institution_id']))}"


def _check_target(file: Path) -> None:
    if file.suffix.lower() != ".html" or file.is_dir():
        msg = f"Параметр --out: «{file.name}»; ожидается файл .html."
        raise ParameterError(msg)
    if not file.parent.is_dir():
        msg = f"Параметр --out: папки «{file.parent}» нет. Создайте её или укажите другую."
        raise ParameterError(msg)


def _beside(file: Path, title: str) -> list[tuple[str, str]]:
    """Names and titles of the pages of whole notebooks that lie in the folder, and of this one, by name."""
    present = {
        source.stem: notebooks.title_of(source)
        for source in notebooks.present()
        if (file.parent / f"{source.stem}.html").is_file()
    }
    return sorted((present | {file.stem: title}).items())
