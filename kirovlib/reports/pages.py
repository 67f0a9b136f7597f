"""Executed notebooks into pages that open from disk with no network, under a policy that lets no inline script run."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kirovlib import charts, russian
from kirovlib.order import data_quality, wording
from kirovlib.order.evaluate import Judgement

COMPLETE_SHARE = data_quality.COMPLETE_SHARE
FIGURE_MIME = "application/vnd.plotly.v1+json"
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
_ONLY_LIVE = '<p class="empty">Эта часть работает только в JupyterLab: откройте тетрадь командой «kirov lab».</p>'
TEMPLATE_DIR = Path(__file__).with_name("template")

# Plotly styles its elements in place, hence 'unsafe-inline' for styles; scripts come from files of the pack only.
POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; "
    "img-src 'self' file: data: blob:; base-uri 'none'; form-action 'none'"
)


def write_assets(folder: Path) -> None:
    """The pack's one plotly.js, its one style sheet and the script that draws the figures."""
    import plotly  # noqa: PLC0415 - only its folder

    folder.mkdir(parents=True, exist_ok=True)
    bundle = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    (folder / "plotly.min.js").write_bytes(bundle.read_bytes())
    for name in ("report.css", "figures.js"):
        (folder / name).write_bytes((TEMPLATE_DIR / name).read_bytes())


def context(judged: Judgement, named: Sequence[tuple[str, str]], name: str, title: str) -> dict[str, Any]:
    """What the template shows around a page.

    Args:
        judged: The judgement that the page is of.
        named: Names and titles of the pages that lie in the folder, this one too.
        name: The page's own name.
        title: Its title.
    """
    period = judged.period
    share = judged.collected_share()
    missing = (
        "" if share >= COMPLETE_SHARE else f"Данные неполные: целиком прочитано {russian.percent(share)} аккаунтов"
    )
    return {
        "name": name,
        "title": title,
        "period": f"{period.label}: {russian.dated(period.start)} – {russian.dated(period.last)}",
        "pages": links(named, name),
        "banner": wording.SOURCES[judged.source],
        "stamp": missing,
    }


def page(notebook: Any, context: Mapping[str, Any], figures_dir: Path) -> str:
    """An executed notebook as HTML; the data behind each figure are written as CSV beside.

    Args:
        notebook: The executed notebook; its outputs are replaced.
        context: See `context`; the name is also that of the CSV files, and links to notebooks that have no page among
            the pages become plain words.
        figures_dir: Folder for the CSV files.
    """
    from nbconvert import HTMLExporter  # noqa: PLC0415 - half a second

    count, present = 0, {each["name"] for each in context["pages"]}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _linked(cell.source, present)
        for output in cell.get("outputs", []):
            if WIDGET_MIME in output.get("data", {}):
                output["data"] = {"text/html": _ONLY_LIVE}
            figure = output.get("data", {}).get(FIGURE_MIME)
            if figure is not None:
                count += 1
                output["data"] = {"text/html": _figure(figure, context["name"], count, figures_dir)}
    exporter = HTMLExporter(
        template_file=str(TEMPLATE_DIR / "page.html.j2"),
        extra_template_basedirs=[str(TEMPLATE_DIR)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    body, _ = exporter.from_notebook_node(notebook, {"policy": POLICY, "has_figures": count > 0, **context})
    return str(body)


def index(context: Mapping[str, Any]) -> str:
    """The pack's first page."""
    import jinja2  # noqa: PLC0415 - only for reports

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATE_DIR), autoescape=True)
    return environment.get_template("index.html.j2").render(
        resources={"policy": POLICY, "has_figures": False, **context}
    )


def _figure(figure: Mapping[str, Any], page_name: str, number: int, folder: Path) -> str:
    name = f"{page_name}-{number}.csv"
    folder.mkdir(parents=True, exist_ok=True)
    charts.figure_rows(figure).to_csv(folder / name, index=False, sep=";", encoding="utf-8-sig", lineterminator="\n")
    text = json.dumps(figure, ensure_ascii=False, sort_keys=True, separators=(",", ":")).replace("<", "\\u003c")
    height = int(figure.get("layout", {}).get("height") or 450)
    return (
        f'<div class="figure" id="figure-{number}" style="min-height:{height}px"></div>'
        f'<script type="application/json" data-figure="figure-{number}">{text}</script>'
        f'<p class="figure-data"><a href="figures/{quote(name)}">Данные графика (CSV)</a></p>'
    )


def links(pages: Sequence[tuple[str, str]], current: str) -> list[dict[str, Any]]:
    """Entries of the navigation bar."""
    return [
        {"name": name, "href": quote(f"{name}.html"), "title": title, "is_current": name == current}
        for name, title in pages
    ]


def _linked(words: str, present: Collection[str]) -> str:
    """Markdown whose links between notebooks lead to pages; where there is no page only the words are left."""

    def linked(match: re.Match[str]) -> str:
        return f"[{match[1]}]({match[2]}.html)" if match[2] in present else match[1]

    return re.sub(r"\[([^\[\]]*)\]\((\d\d_\w+)\.ipynb\)", linked, words)
