"""Tables into plotly figures and into tables for reading; every text from a network or register is escaped."""

from kirovlib.charts.base import COLOURS
from kirovlib.charts.card_figures import card_days, card_weeks
from kirovlib.charts.cards import card, card_contest, card_head, card_profiles, card_todo, card_verdicts
from kirovlib.charts.data_quality import completeness, coverage, stamp, unread
from kirovlib.charts.figure_data import figure_rows, plain
from kirovlib.charts.heatmaps import posts_heatmap, rhythm
from kirovlib.charts.overview import overview
from kirovlib.charts.pages_seen import age, canaries
from kirovlib.charts.tables import basis, method, table, tiles
from kirovlib.charts.verdicts import matrix, verdict_bars, verdicts_by, zones
from kirovlib.charts.weeks import distribution, quantile_fan, repost_share, share_meeting_norm

__all__ = [
    "COLOURS",
    "age",
    "basis",
    "canaries",
    "card",
    "card_contest",
    "card_days",
    "card_head",
    "card_profiles",
    "card_todo",
    "card_verdicts",
    "card_weeks",
    "completeness",
    "coverage",
    "distribution",
    "figure_rows",
    "matrix",
    "method",
    "overview",
    "plain",
    "posts_heatmap",
    "quantile_fan",
    "repost_share",
    "rhythm",
    "share_meeting_norm",
    "stamp",
    "table",
    "tiles",
    "unread",
    "verdict_bars",
    "verdicts_by",
    "zones",
]
