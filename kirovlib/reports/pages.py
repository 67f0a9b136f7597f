"""Executed notebooks into pages that open from disk with no network, under a policy that lets no inline script run."""

from __future__ import annotations

import functools
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
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
_FOR_LAB = "lab"  # the tag of cells that help whoever runs the notebook; a card goes to institutions
TEMPLATE_DIR = Path(__file__).with_name("template")
CARDS = "cards/index"  # the name of the page that lists the cards
# Windows tells no capital letters apart and keeps some names for devices; a hash must not be another's key either.
_PLAIN_ID = re.compile(
    r"(?!index\Z|[0-9a-f]{12}\Z|(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z))[a-z0-9][a-z0-9._-]{0,59}", re.ASCII
)
# What `charts.table` makes of an institution's name: its key is an attribute, the name is escaped.
_INSTITUTION = re.compile(r'<td data-i=(?:"([^"]*)"|([\w.-]+))>(.*?)</td>', re.ASCII)

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


def context(
    judged: Judgement, named: Sequence[tuple[str, str]], name: str, title: str, said: str | None = None
) -> dict[str, Any]:
    """What the template shows around a page.

    Args:
        judged: The judgement that the page is of.
        named: Names and titles of the pages that lie in the folder, this one too.
        name: The page's own name.
        title: Its title.
        said: What `stamp` says; by default of the accounts of the judgement.
    """
    period = judged.period
    if said is None:
        said = stamp(data_quality.unread(judged, COMPLETE_SHARE))
    return {
        "name": name,
        "title": title,
        "period": f"{period.label}: {russian.dated(period.start)} – {russian.dated(period.last)}",
        "pages": links(named, name),
        "banner": wording.SOURCES[judged.source],
        "stamp": said,
    }


def stamp(shortcomings: Sequence[str]) -> str:
    """«Данные неполные» with the reasons; empty where there are none."""
    return f"Данные неполные: {'; '.join(shortcomings)}" if shortcomings else ""


def page(notebook: Any, context: Mapping[str, Any], figures_dir: Path) -> str:
    """An executed notebook as HTML; the data behind each figure are written as CSV beside.

    Args:
        notebook: The executed notebook; its outputs are replaced.
        context: See `context`; the name is also that of the CSV files, and links to notebooks that have no page among
            the pages become plain words.
        figures_dir: Folder for the CSV files.
    """
    notebook.cells = [cell for cell in notebook.cells if _FOR_LAB not in cell.metadata.get("tags", [])]
    count, present = 0, {each["name"]: each["href"] for each in context["pages"]}
    if CARDS in present:
        present["04_institution"] = present[CARDS]
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
    body, _ = exporter().from_notebook_node(notebook, {"policy": POLICY, "has_figures": count > 0, **context})
    return str(body)


@functools.cache
def exporter() -> Any:
    """What makes pages of notebooks, made once a process: its templates take longer than a page."""
    from nbconvert import HTMLExporter  # noqa: PLC0415 - half a second

    return HTMLExporter(
        template_file=str(TEMPLATE_DIR / "page.html.j2"),
        extra_template_basedirs=[str(TEMPLATE_DIR)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )


def index(context: Mapping[str, Any]) -> str:
    """The pack's first page."""
    return render("index.html.j2", context)


def render(template: str, context: Mapping[str, Any]) -> str:
    """A page that is made of no notebook."""
    return str(
        _templates().get_template(template).render(resources={"policy": POLICY, "has_figures": False, **context})
    )


@functools.cache
def _templates() -> Any:
    """Made once a process, since it keeps what it compiled."""
    import jinja2  # noqa: PLC0415 - only for reports

    return jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATE_DIR), autoescape=True)


def safe_name(key: str) -> str:
    """A file's name for what the register has as a key: never a path, never the index."""
    return key if _PLAIN_ID.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:12]


def below(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context of a page that lies one folder below the pages it names."""
    named = [{**each, "href": f"../{each['href']}", "is_current": False} for each in context["pages"]]
    return {**context, "up": "../", "pages": named}


def linked(page: str, cards: Mapping[str, str]) -> str:
    """A page whose institutions in tables lead to their cards; without a card they stay words.

    Args:
        page: HTML with tables of `charts.table`.
        cards: Addresses of cards by institution_id.
    """

    def cell(match: re.Match[str]) -> str:
        href = cards.get(html.unescape(match[1] or match[2] or ""))
        return f"<td>{match[3]}</td>" if href is None else f'<td><a href="{quote(href)}">{match[3]}</a></td>'

    return _INSTITUTION.sub(cell, page)


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


def _linked(words: str, present: Mapping[str, str]) -> str:
    """Markdown whose links between notebooks lead to pages; where there is no page only the words are left."""

    def linked(match: re.Match[str]) -> str:
        return f"[{match[1]}]({present[match[2]]})" if match[2] in present else match[1]

    return re.sub(r"\[([^\[\]]*)\]\((\d\d_\w+)\.ipynb\)", linked, words)
