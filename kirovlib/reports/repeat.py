"""A pack made again from its `run.json`: on the lake as it was, with the register, order and versions of then."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirovlib.errors import ParameterError
from kirovlib.lake import Lake, alone
from kirovlib.reports import pack, record
from kirovlib.reports.frozen import lay_out
from kirovlib.settings import Settings
from kirovlib.weeks import Period

_STATE = {"batch": int, "coverage_sha256": str, "run_count": int, "runs_sha256": str}


@dataclass(frozen=True)
class Repeated:
    """A pack made again.

    Attributes:
        index: Its first page.
        changes: What was not as it had been (with `anyway`), a line each.
        file_count: Files of the pack.
        different: Those that differ from the pack that `run.json` lies in, by path, and those only one of them has;
            timings aside. None where there is no pack to compare with.
    """

    index: Path
    changes: tuple[str, ...]
    file_count: int
    different: tuple[str, ...] | None


def is_current(settings: Settings, period: Period, chosen: Mapping[str, Any]) -> bool:
    """Whether the period's pack is there, no file of it lost, and would come out the same.

    That is, of the same lake, register, order, notebooks, versions and parameters.

    Args:
        settings: The home folder.
        period: The weeks.
        chosen: What `pack.build` would be given.

    Raises:
        LakeError: The lake is empty.
    """
    folder = settings.reports_dir / period.label
    run = record.read(folder / record.FILE)
    if run is None or not all((folder / name).is_file() for name in run.get("files", ("index.html",))):
        return False
    return (
        run["lake"] == Lake(settings.lake_dir).state()
        and not run.get("failed_cards")
        and _told(run["parameters"]) == _told(record.parameters(period, chosen))
        and not record.changes(run, record.inputs(settings))
    )


def repeat(settings: Settings, file: Path, *, anyway: bool = False, progress: bool = True, **how: Any) -> Repeated:
    """Make a pack again, in `reports/<period>-repeat/`, and hold it against the one that the file lies in.

    Args:
        settings: The home folder.
        file: The pack's `run.json`.
        anyway: Whether to go on with another register, order or version than then; `run.json` then says so.
        progress: Whether to draw a progress bar.
        how: What `pack.build` takes besides and the result does not depend on.

    Raises:
        ParameterError: The file is no `run.json` of this version, or register, order or versions have changed.
        LakeError: The lake has not the state of then.
    """
    run = _checked(file)
    period = Period.parse(run["period"])
    changed = record.changes(run, record.inputs(settings))
    if changed and not anyway:
        told = "\n".join(f"  {line}" for line in changed)
        msg = (
            f"Отчёт за {period.label} не повторить байт в байт, с тех пор изменились:\n{told}\n"
            "Верните прежние файлы (из git или резервной копии) и версии (constraints.txt) или повторите с --anyway: "
            "отчёт выйдет по нынешним, и run.json скажет об этом."
        )
        raise ParameterError(msg)
    before = _hashes(file.parent)  # now: it may be a repeated one, which this one replaces
    workplace, target = settings.reports_dir / ".repeat", settings.reports_dir / f"{period.label}-repeat"
    with alone(settings.reports_dir / ".repeat.lock", "Отчёт уже повторяет другая команда. Дождитесь её конца."):
        shutil.rmtree(workplace, ignore_errors=True)
        try:
            then = lay_out(settings, run["lake"], workplace)
            index = pack.build(then, period, **record.chosen(run), **how, progress=progress)
            if changed:
                made = record.read(index.parent / record.FILE) or {}
                record.store(index.parent / record.FILE, {**made, "repeated_with_changes": changed})
            pack.put_in_place(index.parent, target)
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
    hashes = _hashes(target)
    is_pack = "index.html" in before
    different = sorted(name for name in {*hashes, *before} if hashes.get(name) != before.get(name))
    return Repeated(target / "index.html", tuple(changed), len(hashes), tuple(different) if is_pack else None)


def _told(given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters without those that say nothing: no cards are as good as none asked for."""
    return {name: value for name, value in given.items() if value not in ([], False)}


def _checked(file: Path) -> dict[str, Any]:
    run = record.read(file)
    state = run["lake"] if run else {}
    if run is None or any(type(state.get(name)) is not kind for name, kind in _STATE.items()):
        msg = (
            f"«{file}» — не run.json отчёта или от прежней версии программы, в нём нет нужного для повтора. "
            "Ожидается файл вроде reports/2024-W21/run.json."
        )
        raise ParameterError(msg)
    if unknown := sorted(set(run["parameters"]) - {"past_weeks", *record.CHOICES}):
        msg = f"«{file}»: неизвестные параметры отчёта: {', '.join(unknown)}. Этот файл от другой версии программы."
        raise ParameterError(msg)
    return run


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of a pack's files; the moments in `run.json` left out."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if file.parent == folder and file.name == record.FILE:
            run = record.read(file) or {}
            content = repr(sorted((key, value) for key, value in run.items() if key != "timings")).encode()
        found[file.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found
