"""`run.json`: what a pack is made of, so that it can be told whether it is up to date, and made again."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kirovlib import tables
from kirovlib.order.evaluate import Judgement
from kirovlib.parameters import past_weeks_for
from kirovlib.reports import notebooks
from kirovlib.settings import Settings
from kirovlib.weeks import Period

FILE = "run.json"
CHOICES = ("complete_share", "mend_days", "cards", "by_founder")  # of `pack.build`: what says what is in a pack
_LIBRARIES = (
    "numpy", "pandas", "duckdb", "pyarrow", "plotly", "papermill", "nbclient", "nbformat", "ipykernel", "nbconvert",
    "jinja2", "xlsxwriter", "docxtpl", "python-docx",
)  # fmt: skip
_PACKAGE = Path(__file__).resolve().parents[1]
_NAMES = {
    "registry": "реестр",
    "order": "порядок (data/order)",
    "templates": "шаблоны (data/templates)",
    "notebooks": "тетради",
}
_CODE = frozenset({".py", ".toml", ".txt", ".j2", ".css", ".js", ".docx"})


def inputs(settings: Settings) -> dict[str, Any]:
    """What a pack rests on beside the lake and its parameters.

    Returns:
        inputs (registry, order, templates, notebooks: SHA-256 by file name; program: SHA-256 over the package),
        versions (of Python, the package and its libraries).
    """
    found = {
        "registry": _hashes(settings.registry_dir),
        "order": _hashes(settings.data_dir / "order"),
        "templates": _hashes(settings.data_dir / "templates"),
        "notebooks": {file.name: _hash(file) for file in notebooks.present()},
        "program": _program(),
    }
    versions = {name: version(name) for name in ("kirovlib", *_LIBRARIES)} | {"python": platform.python_version()}
    return {"inputs": found, "versions": versions}


def write(
    folder: Path,
    judged: Judgement,
    made_of: Mapping[str, Any],
    given: Mapping[str, Any],
    shortcomings: Sequence[str],
    failed_cards: Mapping[str, str],
    timings: Mapping[str, float],
) -> None:
    """Write a pack's `run.json`.

    Args:
        folder: Of the pack, all its other files in it already.
        judged: What was reported.
        made_of: What `inputs` said before anything was read.
        given: The parameters of `build`, by name, that say what is in the pack.
        shortcomings: Why the pages carry a stamp, a sentence each; none for complete data.
        failed_cards: Why a card was not made, by institution_id.
        timings: Seconds by what took them; alone in the file to differ from time to time.
    """
    coverage = (
        judged.coverage.fillna({"reason": ""})
        .groupby(["outcome", "reason"], as_index=False)
        .agg(account_count=("account_id", "size"))
    )
    content = {
        "period": judged.period.label,
        "weeks": [week.label for week in judged.period.weeks],
        "source": judged.source,
        "parameters": parameters(judged.period, given),
        "editions": {
            clause.key: [f"{edition.in_force_from:%Y-%m-%d}" for edition in clause.editions]
            for clause in judged.clauses
        },
        "lake": judged.lake_state,
        **made_of,
        "coverage": [
            {"outcome": str(outcome), "reason": str(reason), "account_count": int(count)}
            for outcome, reason, count in coverage.itertuples(index=False)
        ],
        "shortcomings": list(shortcomings),
        "collected_share": round(judged.collected_share(), 6),
        "verdicts": {word: int((judged.findings["verdict"] == word).sum()) for word in tables.VERDICTS},
        "files": sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()),
        "timings": timings,
    }
    if failed_cards:
        content["failed_cards"] = dict(failed_cards)
    store(folder / FILE, content)


def parameters(period: Period, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a pack was made with, as `run.json` has it."""
    return {"past_weeks": past_weeks_for(period), **given}


def chosen(run: Mapping[str, Any]) -> dict[str, Any]:
    """What `pack.build` was given, of the content of a `run.json`."""
    return {name: run["parameters"][name] for name in CHOICES if name in run["parameters"]}


def store(file: Path, content: Mapping[str, Any]) -> None:
    """Write the content in the form it always has."""
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read(file: Path) -> dict[str, Any] | None:
    """The content of a `run.json`; none where there is no file that says what a pack is made of."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    kinds = {"period": str, "parameters": dict, "lake": dict, "inputs": dict}
    return content if all(isinstance(content.get(name), kind) for name, kind in kinds.items()) else None


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not as it was, in Russian, a line each.

    Args:
        then: The content of a `run.json`.
        now: What `inputs` says.
    """
    old, new = then["inputs"], now["inputs"]
    lines = [
        f"{name}: {told}" for key, name in _NAMES.items() if (told := _changed(old.get(key) or {}, new.get(key) or {}))
    ]
    if told := _versions(then.get("versions") or {}, now["versions"]):
        lines.append(f"версии: {told}")
    elif old.get("program") != new["program"]:
        lines.append("программа: её файлы другие, хотя версия та же")
    return lines


def _changed(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    groups = {
        "изменены": [name for name in now if name in then and now[name] != then[name]],
        "появились": [name for name in now if name not in then],
        "пропали": [name for name in then if name not in now],
    }
    return "; ".join(f"{word} {', '.join(sorted(names))}" for word, names in groups.items() if names)


def _versions(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    names = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    return ", ".join(f"{name} {then.get(name, '—')} → {now.get(name, '—')}" for name in names)


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith((".", "~")))
    return {file.relative_to(folder).as_posix(): _hash(file) for file in files}


def _hash(file: Path) -> str:
    """Of a text whose lines end either way: git and editors change them."""
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def _program() -> str:
    files = sorted(file for file in _PACKAGE.rglob("*") if file.suffix in _CODE and file.is_file())
    lines = (f"{file.relative_to(_PACKAGE).as_posix()} {_hash(file)}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
