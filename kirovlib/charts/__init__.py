"""Tables into plotly figures and into tables for reading; every text from a network or register is escaped."""

from kirovlib.charts.base import COLOURS
from kirovlib.charts.figure_data import figure_rows, plain
from kirovlib.charts.tables import method, table, tiles
from kirovlib.charts.verdicts import matrix, verdicts_by, zones
from kirovlib.charts.weeks import distribution, posts_heatmap, share_meeting_norm

__all__ = [
    "COLOURS",
    "distribution",
    "figure_rows",
    "matrix",
    "method",
    "plain",
    "posts_heatmap",
    "share_meeting_norm",
    "table",
    "tiles",
    "verdicts_by",
    "zones",
]
