"""`python -m kirovlib.sample`: makes `data/sample`, the outputs of the tracked notebooks and `data/README.md`.

The same code gives the same bytes; nbval compares the notebooks with what they compute now.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

from kirovlib import tables
from kirovlib.demo import gather
from kirovlib.platforms.base import Window
from kirovlib.reports import notebooks
from kirovlib.sandbox import build_world
from kirovlib.weeks import last_full_week

INSTITUTIONS, WEEKS, SEED = 24, 12, 131

_TABLES: tuple[type[tables.Table], ...] = (
    tables.Institutions,
    tables.Accounts,
    tables.Exemptions,
    tables.Decisions,
    tables.Acknowledgements,
    tables.ManualChecks,
    tables.Posts,
    tables.PostMetrics,
    tables.ProfileSnapshots,
    tables.Coverage,
    tables.Runs,
    tables.WeeklyCounts,
    tables.Findings,
)


def make(repository: Path) -> None:
    """Rewrite the sample, the notebooks' outputs and the data dictionary of a checkout."""
    make_data(repository / "data" / "sample")
    for source in sorted((repository / "notebooks").glob("*.ipynb")):
        nbformat.write(notebooks.run(source, {}, source.parent), source)
    (repository / "data" / "README.md").write_text(dictionary(), encoding="utf-8")


def make_data(folder: Path) -> None:
    """Replace a data folder by the register and lake of a small world."""
    world = build_world(institutions=INSTITUTIONS, weeks=WEEKS, seed=SEED)
    window = Window(last_full_week(world.now).shifted(1 - WEEKS).starts_at, world.now)
    with tempfile.TemporaryDirectory() as home:
        settings, _ = gather(Path(home), world, window, progress=False)
        (settings.lake_dir / "lock").unlink()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(settings.data_dir, folder)


def dictionary() -> str:
    """The data dictionary in Markdown, from `tables.py`."""
    lines = [
        "# Словарь данных",
        "",
        "Создан из `kirovlib/tables.py` командой `make sample`; не правьте вручную. Пустая ячейка значит "
        "«не известно», а не ноль и не «нет».",
        "",
        "`registry/` — реестр (CSV), `lake/` — хранилище собранного (Parquet, не отслеживается), `sample/` — то и "
        "другое для небольшого вымышленного мира.",
    ]
    for table in _TABLES:
        lines += ["", f"## {table.__name__}", "", "| столбец | тип | обязателен | смысл |", "|---|---|---|---|"]
        for name, column in tables.schema(table).columns.items():
            unit = (column.metadata or {}).get("unit", "")
            meaning = f"{column.description} ({unit})" if unit else str(column.description)
            lines.append(f"| {name} | {_kind(str(column.dtype))} | {'' if column.nullable else 'да'} | {meaning} |")
    return "\n".join(lines) + "\n"


def _kind(dtype: str) -> str:
    if dtype.startswith("str"):
        return "текст"
    return {"boolean": "да/нет", "Int64": "целое", "datetime64[us, UTC]": "момент", "datetime64[us]": "дата"}[dtype]


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else notebooks.NOTEBOOKS_DIR.parent)
