"""What all charts share: colours, layout, labels that stay readable and harmless."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import plotly.io

# The MIME bundle alone: the default renderer of a notebook would write all of plotly.js into each output.
plotly.io.renderers.default = "plotly_mimetype"

# Okabe-Ito colours: told apart by the colour-blind; a symbol or pattern stands beside each all the same.
COLOURS = {
    "failed": "#D55E00",
    "cannot_tell": "#F2C14E",
    "passed": "#0B7A75",
    "inapplicable": "#C3CAD3",
    "untested": "#E6E9ED",
}
# A pattern tells verdicts apart where colours do not.
PATTERNS = {"failed": "", "cannot_tell": "/", "passed": "", "inapplicable": "", "untested": "."}
INK, PALE, ACCENT = "#1F2A37", "#E3E8EE", "#1D4E89"
ROW_PIXELS = 22
_LONGEST_LABEL = 48

# The little of plotly's white template that our figures use: the whole of it would stand in every figure's JSON.
_AXIS = {
    "gridcolor": "#E9EDF2", "linecolor": "#C9D1DA", "zerolinecolor": "#C9D1DA", "automargin": True,
    "title": {"standoff": 8},
}  # fmt: skip
TEMPLATE = go.layout.Template(
    # A pattern lies over its colour instead of replacing it.
    data={"bar": [{"marker": {"pattern": {"fillmode": "overlay", "size": 10, "solidity": 0.2}}}]},
    layout={"paper_bgcolor": "white", "plot_bgcolor": "white", "xaxis": _AXIS, "yaxis": _AXIS, "title": {"x": 0.05}},
)
LAYOUT: dict[str, Any] = {
    "template": TEMPLATE,
    "font": {"family": "PT Sans, Segoe UI, Arial, sans-serif", "size": 13, "color": INK},
    "separators": ",\u00a0",
    "margin": {"l": 60, "r": 24, "t": 92, "b": 48},
    "title": {
        "y": 1,
        "yanchor": "top",
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "pad": {"l": 12, "t": 14},
        "font": {"size": 17, "weight": 600},
    },
    "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    "hoverlabel": {"align": "left"},
}


def nothing(title: str, why: str) -> go.Figure:
    """A figure that says why there is nothing to draw."""
    figure = go.Figure()
    figure.add_annotation(text=f"Показать нечего: {why}.", showarrow=False, font={"size": 16})
    figure.update_layout(LAYOUT, title_text=title, height=220, xaxis={"visible": False}, yaxis={"visible": False})
    return figure


def short(text: str) -> str:
    """A label on one line, cut where it is too long."""
    plain = " ".join(text.split())
    cut = plain if len(plain) <= _LONGEST_LABEL else plain[: _LONGEST_LABEL - 1].rstrip() + "…"
    # plotly reads a few HTML tags in labels
    return html.escape(cut, quote=False)


def unique(labels: Sequence[str]) -> list[str]:
    """Labels made different, since plotly merges categories of one name."""
    seen: dict[str, int] = {}
    result = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return result
