"""A report pack `reports/<period>/`: pages, workbook, tables and `run.json`, written aside and put in place whole."""

from __future__ import annotations

import json
import os
import shutil
import time
from importlib.metadata import version
from pathlib import Path

import nbformat
from tqdm import tqdm

from kirovlib import charts, russian, tables
from kirovlib.exports import files, workbook
from kirovlib.order import changes, evaluate, method, wording
from kirovlib.order.evaluate import Judgement
from kirovlib.parameters import past_weeks_for
from kirovlib.reports import notebooks, pages
from kirovlib.settings import Settings
from kirovlib.weeks import Period

_INDEX = ("index", "Отчёт")
_LIBRARIES = ("pandas", "duckdb", "pyarrow", "plotly", "papermill", "nbconvert", "xlsxwriter")


def build(settings: Settings, period: Period, *, progress: bool = True) -> Path:
    """Judge a period and write its pack.

    Args:
        settings: Home folder; the pack goes to its `reports/<period>/`, replacing an older one only when complete.
        period: The weeks to report.
        progress: Whether to draw a progress bar.

    Returns:
        The path of `index.html`.

    Raises:
        ParameterError: The period is not collected yet.
        LakeError: The lake is empty.
        KirovError: A notebook failed.
    """
    started = time.perf_counter()
    judged = evaluate.judge(period, settings.data_dir, past_weeks=past_weeks_for(period))
    target = settings.reports_dir / period.label
    aside = settings.reports_dir / f".{period.label}.{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        timings = _write(aside, judged, settings, progress=progress)
        timings["total_seconds"] = round(time.perf_counter() - started, 3)
        _write_run(aside / "run.json", judged, timings)
        _put_in_place(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target / "index.html"


def _write(folder: Path, judged: Judgement, settings: Settings, *, progress: bool) -> dict[str, float]:
    named = wording.named(judged)
    tables_dir = folder / "notebooks"
    tables_dir.mkdir()
    pages.write_assets(folder / "assets")
    files.write_parquet(folder / "findings.parquet", judged)
    workbook.write(folder / "findings.xlsx", named, judged.period.ends_at)
    sources = {name: notebooks.NOTEBOOKS_DIR / f"{name}.ipynb" for name in notebooks.REPORTED}
    about = {name: nbformat.read(source, 4).metadata for name, source in sources.items()}
    titles = [(name, metadata["title"]) for name, metadata in about.items()]
    period = judged.period
    values = {"period": period.label, "data": settings.data_dir.name, "past_weeks": past_weeks_for(period)}
    timings = {}
    for name, title in tqdm(titles, desc="Отчёт", bar_format=russian.BAR_FORMAT, delay=2, disable=not progress):
        began = time.perf_counter()
        own = notebooks.parameters_of(sources[name])
        executed = notebooks.run(sources[name], {key: values[key] for key in values if key in own}, settings.home)
        nbformat.write(executed, folder / "notebooks" / f"{name}.ipynb")
        context = pages.context(judged, [_INDEX, *titles], name, title)
        (folder / f"{name}.html").write_text(pages.page(executed, context, folder / "figures"), encoding="utf-8")
        timings[f"{name}_seconds"] = round(time.perf_counter() - began, 3)
    context = pages.context(judged, [_INDEX, *titles], *_INDEX) | {
        "questions": {name: metadata["question"] for name, metadata in about.items()},
        "tiles": charts.tiles(judged, changes.named_changes(judged)).data,
        "method": method.method(judged),
        "files": [
            ("findings.xlsx", "все выводы в Excel"),
            ("findings.parquet", "все выводы для программ"),
            ("run.json", "как получен отчёт: параметры, версии, состояние данных"),
        ],
    }
    (folder / "index.html").write_text(pages.index(context), encoding="utf-8")
    return timings


def _write_run(file: Path, judged: Judgement, timings: dict[str, float]) -> None:
    coverage = (
        judged.coverage.fillna({"reason": ""})
        .groupby(["outcome", "reason"], as_index=False)
        .agg(account_count=("account_id", "size"))
    )
    content = {
        "period": judged.period.label,
        "weeks": [week.label for week in judged.period.weeks],
        "source": judged.source,
        "parameters": {"past_weeks": past_weeks_for(judged.period)},
        "editions": {
            clause.key: [f"{edition.in_force_from:%Y-%m-%d}" for edition in clause.editions]
            for clause in judged.clauses
        },
        "lake": judged.lake_state,
        "coverage": [
            {"outcome": str(outcome), "reason": str(reason), "account_count": int(count)}
            for outcome, reason, count in coverage.itertuples(index=False)
        ],
        "collected_share": round(judged.collected_share(), 6),
        "verdicts": {word: int((judged.findings["verdict"] == word).sum()) for word in tables.VERDICTS},
        "versions": {"kirovlib": version("kirovlib"), **{name: version(name) for name in _LIBRARIES}},
        "timings": timings,
    }
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _put_in_place(aside: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    aside.rename(target)
    shutil.rmtree(old, ignore_errors=True)
