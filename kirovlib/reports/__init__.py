"""The report pack: notebooks run by papermill, offline HTML, workbook, `run.json`."""

from kirovlib.reports.pack import build

__all__ = ["build"]
