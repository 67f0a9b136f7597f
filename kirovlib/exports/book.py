"""A workbook under construction: text stays text, dates are dates, links are few and lead to http(s) alone.

Rows are written one after the other and leave the memory at once (`constant_memory`), whatever their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pandas as pd

from kirovlib import russian
from kirovlib.charts.base import ACCENT, COLOURS
from kirovlib.exports import cells
from kirovlib.exports.cells import Link
from kirovlib.order import wording
from kirovlib.settings import ZONE

# Limits of Excel.
MOST_ROWS = 1_048_576
MOST_LINKS = 65_530
_HEAD_POINTS = 32  # two lines
_A3, _A4 = 8, 9
_WIDE = 160  # letters
_WRAPPED = frozenset({"quote"})
_AT_RIGHT = frozenset({"weeks_name"})  # text that is a number
_VERDICTS = frozenset({"verdict_name", "before", "now"})
_VERDICT_TEXTS = {word: f"{wording.SYMBOLS[word]} {text}" for word, text in wording.VERDICTS.items()}
_WHITE_ON = frozenset({"failed", "passed"})

Columns = Mapping[str, tuple[str, int]]  # a frame's columns, each with its title and width in letters
Put = Callable[[int, int, Any], None]


class LeftOut(NamedTuple):
    """What a sheet had no room for.

    Attributes:
        sheet: Its name.
        row_count: Rows not written.
        link_count: Cells with an address that is shown as plain text.
        elsewhere: Where all rows stand.
    """

    sheet: str
    row_count: int
    link_count: int
    elsewhere: str

    def told(self) -> str:
        """A sentence for those who read the workbook."""
        told = []
        if self.row_count:
            rows = russian.counted(self.row_count, "строка", "строки", "строк")
            told.append(f"не поместилось: {rows} (в лист Excel входит не больше {MOST_ROWS}). Все — {self.elsewhere}")
        if self.link_count:
            links = russian.counted(self.link_count, "адрес", "адреса", "адресов")
            told.append(f"{links} — текстом, а не ссылкой: ссылок на листе бывает не больше {MOST_LINKS}")
        return f"Лист «{self.sheet}»: {'; '.join(told)}."


class Book:
    """A workbook; its file is there when the block is left.

    Args:
        file: To be written.
        title: Of the file's properties.
        created: Written into them (UTC), so that the same rows give the same bytes.
        links: Whether the columns `url` and cells of `Link` become links.

    Raises:
        OSError: The file cannot be written; what lay there is left as it was.
    """

    def __init__(self, file: Path, title: str, created: datetime, *, links: bool = True) -> None:
        import xlsxwriter  # noqa: PLC0415 - only here

        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "constant_memory": True,
        }
        self._file, self._aside = file, file.with_name(f".{file.name}.part")
        self._book = xlsxwriter.Workbook(str(self._aside), options)
        self._book.set_properties({"title": title, "created": created.replace(tzinfo=None)})
        self._links = links
        top = {"valign": "top"}
        right = top | {"align": "right", "indent": 1}  # not to run into the text of the next column
        head = top | {"bold": True, "bg_color": ACCENT, "font_color": "white", "text_wrap": True}
        warning = top | {"bold": True, "bg_color": COLOURS["cannot_tell"]}
        made = self._book.add_format
        self._formats = {
            "plain": made(top),
            "title": made({"bold": True, "font_size": 14}),
            "block": made({"bold": True, "font_size": 12, "font_color": ACCENT}),
            "note": made(top | {"text_wrap": True}),
            "warning": made(warning),
            "warning_note": made(warning | {"text_wrap": True}),
            "head": made(head),
            "head_right": made(head | {"align": "right"}),
            "right": made(right),
            "day": made(top | {"num_format": "dd.mm.yyyy"}),
            "moment": made(top | {"num_format": "dd.mm.yyyy hh:mm"}),
            "number": made(right | {"num_format": "0"}),
            "share": made(right | {"num_format": "0%"}),
            "near": made(right | {"num_format": "0.00%"}),
            "link": made(top | {"font_color": "#0563C1", "underline": 1}),
        } | {
            word: made(top | {"bg_color": colour, "font_color": "white" if word in _WHITE_ON else "black"})
            for word, colour in COLOURS.items()
        }
        self.left_out: list[LeftOut] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415 - only here

        try:
            self._book.close()  # also after an error: it removes its temporary files
            if error is None:
                self._aside.replace(self._file)
        except FileCreateError as refused:
            raise refused.__cause__ if isinstance(refused.__cause__, OSError) else refused from None
        finally:
            self._aside.unlink(missing_ok=True)

    def sheet(self, name: str) -> Page:
        """A new sheet."""
        return Page(self, self._book.add_worksheet(name), name)

    def format(self, name: str) -> Any:
        """A cell's look by its name."""
        return self._formats[name]

    @property
    def has_links(self) -> bool:
        """Whether addresses become links."""
        return self._links


class Page:
    """A sheet, written from above; it is printed across, as wide as the paper, with its heads on every page."""

    def __init__(self, book: Book, sheet: Any, name: str) -> None:
        self._book, self._sheet, self._name = book, sheet, name
        self._row = self._link_count = self._plain_count = 0
        self._widths: Sequence[int] = ()
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&A&R&P из &N")
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_ROWS}"})  # no green corner on each ОГРН

    def lines(self, texts: Iterable[str], look: str = "plain") -> None:
        """Sentences, a row each."""
        for text in texts:
            self._sheet.write_string(self._row, 0, cells.clean(text), self._book.format(look))
            self._row += 1

    def notes(self, texts: Iterable[str], look: str = "note") -> None:
        """Long sentences, a row each, across the columns of `widths` and as high as they need."""
        shown, last = self._book.format(look), max(len(self._widths) - 1, 0)
        for text in map(cells.clean, texts):
            self._sheet.set_row(self._row, cells.points(text, sum(self._widths)))
            if last:
                self._sheet.merge_range(self._row, 0, self._row, last, "", shown)
            self._sheet.write_string(self._row, 0, text, shown)
            self._row += 1

    def gap(self) -> None:
        """A blank row."""
        self._row += 1

    def widths(self, widths: Sequence[int]) -> None:
        """Widths of the columns, in letters; what is wide is printed on A3."""
        self._widths = widths
        self._sheet.set_paper(_A3 if sum(widths) > _WIDE else _A4)
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, width)

    def block(self, frame: pd.DataFrame, columns: Columns) -> None:
        """Heads and rows, one of several tables on a sheet.

        Args:
            frame: The rows. Verdicts are shown by symbol and word in their colour, moments in Kirov time, `_share` as
                percent, `url` and cells of `Link` as links; everything else that is not date or number is text.
            columns: Which columns; `verdict_name` stands for `verdict`.
        """
        self._sheet.set_row(self._row, _HEAD_POINTS)
        for column, (name, (title, _)) in enumerate(columns.items()):
            look = "head_right" if name in _AT_RIGHT or _is_number(frame, name) else "head"
            self._sheet.write_string(self._row, column, title, self._book.format(look))
        self._row += 1
        puts, held = zip(*(self._column(frame, name) for name in columns), strict=True)
        wrapped = [(place, width) for place, (name, (_, width)) in enumerate(columns.items()) if name in _WRAPPED]
        for row in zip(*held, strict=True):
            if wrapped:
                self._sheet.set_row(self._row, max(cells.points(row[place] or "", width) for place, width in wrapped))
            for column, value in enumerate(row):
                if value is not None:
                    puts[column](self._row, column, value)
            self._row += 1

    def table(
        self,
        frame: pd.DataFrame,
        columns: Columns,
        *,
        fixed: int = 0,
        urgency: pd.Series | None = None,
        elsewhere: str = "findings.parquet",
        printed: int = 0,
    ) -> None:
        """The one table of a sheet: heads frozen and repeated on paper, with filters.

        Args:
            frame: See `block`.
            columns: See `block`.
            fixed: So many columns stay in sight.
            urgency: What comes first, the smallest, where a sheet cannot hold all rows.
            elsewhere: Where all of them stand then.
            printed: So many columns are printed, 0 for all.
        """
        self.widths([width for _, width in columns.values()])
        room = MOST_ROWS - self._row - 1  # below the heads
        if len(frame) > room:
            room -= 1  # for the line that says so
            told = LeftOut(self._name, len(frame) - room, 0, elsewhere)
            self._book.left_out.append(told)
            self.lines([told.told()], "warning")
            order = frame.index if urgency is None else urgency.sort_values(kind="stable").index
            frame = frame.loc[order[:room]]
        head = self._row
        self.block(frame, columns)
        if frame.empty:
            self.lines(["Таких строк нет."])
        self._sheet.freeze_panes(head + 1, fixed)
        self._sheet.autofilter(head, 0, max(self._row - 1, head + 1), len(columns) - 1)
        self._sheet.repeat_rows(head)
        if printed:
            self._sheet.print_area(0, 0, max(self._row - 1, head + 1), printed - 1)
        if self._plain_count:
            self._book.left_out.append(LeftOut(self._name, 0, self._plain_count, elsewhere))

    def _column(self, frame: pd.DataFrame, name: str) -> tuple[Put, list[Any]]:
        """How the cells of a column are written, and the cells, None where blank."""
        if name in _VERDICTS:
            words = frame["verdict" if name == "verdict_name" else name]
            return self._verdict, [word if isinstance(word, str) else None for word in words.tolist()]
        values = frame[name]
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            has_zone = isinstance(values.dtype, pd.DatetimeTZDtype)
            local = values.dt.tz_convert(ZONE).dt.tz_localize(None) if has_zone else values
            return self._put("write_number", "moment" if has_zone else "day"), cells.serial(local)
        if _is_number(frame, name):
            is_share = name.endswith("_share")
            return self._share if is_share else self._put("write_number", "number"), cells.numbers(values)
        found = [("да" if each else "нет") if isinstance(each, bool) else each for each in values.tolist()]
        if name == "url" and self._book.has_links:
            found = [Link(each, each) if isinstance(each, str) else None for each in found]
        if any(isinstance(each, Link) for each in found):
            return self._address, [each if isinstance(each, Link) else None for each in found]
        look = "right" if name in _AT_RIGHT else "note" if name in _WRAPPED else "plain"
        return self._put("write_string", look), cells.texts(found)

    def _put(self, method: str, look: str) -> Put:
        write, shown = getattr(self._sheet, method), self._book.format(look)
        return lambda row, column, value: write(row, column, value, shown)

    def _verdict(self, row: int, column: int, word: str) -> None:
        self._sheet.write_string(row, column, _VERDICT_TEXTS[word], self._book.format(word))

    def _share(self, row: int, column: int, share: float) -> None:
        """Only the whole is 100 %, only nothing is 0 %: what would round to them is shown more exactly."""
        is_near = 0 < share < 1 and round(100 * share) in {0, 100}
        self._sheet.write_number(row, column, share, self._book.format("near" if is_near else "share"))

    def _address(self, row: int, column: int, link: Link) -> None:
        shown = cells.clean(link.shown)
        if not cells.is_address(link.url):
            self._sheet.write_string(row, column, shown, self._book.format("plain"))
        elif self._link_count >= MOST_LINKS:
            self._plain_count += 1
            self._sheet.write_string(row, column, shown, self._book.format("plain"))
        else:
            self._link_count += 1
            self._sheet.write_url(row, column, link.url, self._book.format("link"), shown)


def _is_number(frame: pd.DataFrame, name: str) -> bool:
    dtype = frame[name].dtype if name in frame else object
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
