"""The workbook of findings: every sheet says what the judgement says, nothing foreign acts, Excel's limits are told."""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from small_lake import W21, W23, Small, at

import kirovlib
from kirovlib.cli import main
from kirovlib.errors import ParameterError
from kirovlib.exports import book, cells, files, findings_book, workbook
from kirovlib.exports.book import Book
from kirovlib.exports.cells import Link
from kirovlib.order.evaluate import Judgement, judge

SHEETS = ["Сводка", "Нарушения", "Все результаты", "Журнал публикаций", "Охват", "Изменения", "Как считали"]
MOMENT = datetime(2024, 5, 27)  # noqa: DTZ001 - as the file's properties have it
TEXT = {"text": ("Текст", 20)}


@pytest.fixture(scope="module")
def judged() -> Judgement:
    return judge("2024-W28", "data/sample", past_weeks=11)


@pytest.fixture(scope="module")
def file(judged: Judgement, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("book") / "findings.xlsx"
    findings_book.write(made, judged)
    return made


@pytest.fixture(scope="module")
def opened(file: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(file)


def rows(sheet: Worksheet, head: int = 1) -> list[dict[str, Any]]:
    names, *found = sheet.iter_rows(min_row=head, values_only=True)
    return [dict(zip(map(str, names), row, strict=True)) for row in found]


def written(folder: Path, frame: pd.DataFrame, columns: book.Columns, **choices: Any) -> Worksheet:
    with Book(folder / "x.xlsx", "x", MOMENT) as made:
        made.sheet("Лист").table(frame, columns, **choices)
    return openpyxl.load_workbook(folder / "x.xlsx")["Лист"]


def cells_of(sheet: Worksheet, title: str) -> list[Any]:
    return [value for row in sheet.iter_rows(values_only=True) for value in row if row[0] == title]


def test_the_sheets_stand_in_their_order_and_the_first_is_shown(opened: openpyxl.Workbook) -> None:
    assert opened.sheetnames == SHEETS
    assert opened.active is opened["Сводка"]
    assert all(len(name) <= 31 for name in opened.sheetnames)


def test_all_results_are_all_findings(opened: openpyxl.Workbook, judged: Judgement) -> None:
    found = rows(opened["Все результаты"])
    assert len(found) == len(judged.findings)
    assert list(found[0]) == [title for title, _ in workbook.COLUMNS.values()]


def test_breaches_tell_how_long_they_last_and_lead_to_their_proofs(
    opened: openpyxl.Workbook, judged: Judgement
) -> None:
    sheet = opened["Нарушения"]
    found = rows(sheet)
    failed = judged.findings[judged.findings["verdict"] == "failed"]
    assert len(found) == len(failed) > 0
    moved = kirovlib.named_changes(judged)
    streaks = moved.loc[moved["now"] == "failed", "weeks_name"]
    assert sorted(row["Недель подряд"] for row in found) == sorted(streaks)
    assert {row["Вывод"] for row in found} == {"✕ нарушение"}
    first = {json.loads(text)[0]["url"] for text in failed["evidence"] if text != "[]"}
    column = next(cell.column for cell in sheet[1] if cell.value == "Доказательство 1")
    links = {cell.hyperlink.target for cell in next(sheet.iter_cols(column, column)) if cell.hyperlink}
    assert links == {url.split("#")[0] for url in first if url.startswith("http")}


def test_the_ledger_holds_each_post_in_kirov_time_with_why_it_counts(
    opened: openpyxl.Workbook, judged: Judgement
) -> None:
    found = rows(opened["Журнал публикаций"])
    posts = kirovlib.post_ledger(judged, list(judged.accounts["account_id"]))
    assert len(found) == len(posts)
    by_url = {row["Публикация"]: row for row in found}
    told = {True: "да", False: "нет"}
    for post in posts.itertuples():
        row = by_url[post.url]
        local = post.posted_at.tz_convert("Europe/Kirov").tz_localize(None).round("s")
        assert abs(pd.Timestamp(row["Опубликовано (Киров)"]) - local) <= pd.Timedelta(seconds=1)
        assert (row["Почему"], row["Ключ аккаунта"]) == (post.why_name, post.account_id)
        assert row["Засчитана"] == ("неизвестно" if post.counted is pd.NA else told[post.counted])


def test_coverage_puts_first_what_was_not_read_and_says_why(opened: openpyxl.Workbook, judged: Judgement) -> None:
    found = rows(opened["Охват"])
    accounts = kirovlib.data_quality(judged).accounts
    assert len(found) == len(accounts)
    read = [row["Прочитан ли"] for row in found]
    assert read == sorted(read, key=["не прочитан", "прочитан частично", "прочитан целиком"].index)
    assert all(row["Почему не целиком"] for row in found if row["Прочитан ли"] != "прочитан целиком")
    days = [row["Дней от снимка до конца периода"] for row in found]
    assert {each for each in days if each is not None} == {0}  # seen a day after it
    assert None in days  # never seen


def test_changes_are_those_of_the_judgement(opened: openpyxl.Workbook, judged: Judgement) -> None:
    moved = kirovlib.named_changes(judged)
    assert [row["Что изменилось"] for row in rows(opened["Изменения"])] == moved["change_name"].tolist()


def test_how_it_was_counted_quotes_the_order(opened: openpyxl.Workbook, judged: Judgement) -> None:
    texts = {value for row in opened["Как считали"].iter_rows(values_only=True) for value in row}
    assert set(kirovlib.quotations(judged)["quote"]) <= texts
    assert any("Europe/Kirov" in str(text) for text in texts)
    assert any("вымышлены" in str(text) for text in texts)


def test_the_summary_shows_what_was_read_beside_each_share(opened: openpyxl.Workbook, judged: Judgement) -> None:
    sheet = opened["Сводка"]
    heads = [row for row in sheet.iter_rows(values_only=True) if row[0] in {"Сеть", "Вид", "Учредитель"}]
    assert len(heads) == 3
    for head in heads:
        assert {"Соблюдает из установленных", "Установлено", "Прочитано целиком", "Прочитано, доля"} <= set(head)
    of_networks = kirovlib.summary(judged, "platform").set_index("name")
    for name, row in of_networks.iterrows():
        shown = cells_of(sheet, str(name))
        assert shown[1:5] == row[["subject_count", "failed_count", "cannot_tell_count", "passed_count"]].tolist()
        assert shown[6] == pytest.approx(row["passed_count"] / (row["passed_count"] + row["failed_count"]))
        assert (shown[7], shown[10]) == (pytest.approx(row["decided_share"]), pytest.approx(row["read_share"]))
    failed = int((judged.findings["verdict"] == "failed").sum())
    assert cells_of(sheet, "Выводов «нарушение»")[1] == failed


def test_long_sentences_are_wrapped_across_their_sheet_and_a_number_stands_apart_from_text(
    opened: openpyxl.Workbook,
) -> None:
    for name in ("Сводка", "Как считали"):
        sheet = opened[name]
        (stamp,) = [row[0] for row in sheet.iter_rows() if str(row[0].value).startswith("Целиком прочитано")]
        assert stamp.alignment.wrap_text
        assert any(stamp.coordinate in merged for merged in sheet.merged_cells.ranges)
    quoted = next(cell for row in opened["Как считали"].iter_rows() for cell in row if cell.value == "Слова порядка")
    assert quoted.offset(row=1).alignment.wrap_text
    longest = max(opened["Как считали"].iter_rows(min_row=quoted.row + 1), key=lambda row: len(str(row[5].value)))
    assert opened["Как считали"].row_dimensions[longest[5].row].height >= 15 * len(longest[5].value) / 90
    weeks = next(cell for row in opened["Сводка"].iter_rows() for cell in row if cell.value == "Недель подряд")
    assert (weeks.alignment.horizontal, weeks.offset(row=1).alignment.horizontal) == ("right", "right")


def test_dates_are_dates_numbers_numbers_shares_percent_and_keys_text(opened: openpyxl.Workbook) -> None:
    cells = dict(zip([cell.value for cell in opened["Все результаты"][1]], opened["Все результаты"][2], strict=True))
    assert (cells["С"].data_type, cells["С"].number_format) == ("d", "dd.mm.yyyy")
    assert cells["Ключ учреждения"].data_type == "s"
    posted = opened["Журнал публикаций"]["A2"]
    assert (posted.data_type, posted.number_format) == ("d", "dd.mm.yyyy hh:mm")
    shares = [cell for row in opened["Сводка"].iter_rows() for cell in row if "%" in cell.number_format]
    assert shares
    assert all(cell.data_type == "n" for cell in shares)


def test_tables_have_filters_frozen_heads_and_heads_on_each_printed_page(opened: openpyxl.Workbook) -> None:
    for name in SHEETS[1:6]:
        sheet = opened[name]
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.freeze_panes.endswith("2")
        assert sheet.print_title_rows == "$1:$1"
    for sheet in opened:
        assert (sheet.page_setup.orientation, sheet.sheet_properties.pageSetUpPr.fitToPage) == ("landscape", True)
        assert int(sheet.page_setup.fitToHeight) == 0


def test_a_verdict_is_told_by_colour_symbol_and_word(opened: openpyxl.Workbook) -> None:
    shown = {cell.value: cell.fill.fgColor.rgb for cell in opened["Все результаты"]["A"][1:]}
    assert shown["✕ нарушение"] == "FFD55E00"
    assert len(set(shown.values())) == len(shown) >= 3


def test_the_same_judgement_gives_the_same_bytes(file: Path, judged: Judgement, tmp_path: Path) -> None:
    findings_book.write(tmp_path / "again.xlsx", judged)
    assert hashlib.sha256((tmp_path / "again.xlsx").read_bytes()).digest() == hashlib.sha256(file.read_bytes()).digest()
    assert not [each for each in tmp_path.iterdir() if each.name != "again.xlsx"]


def test_without_the_period_before_there_are_breaches_but_no_changes(tmp_path: Path) -> None:
    findings_book.write(tmp_path / "x.xlsx", judge("2024-W28", "data/sample"))
    found = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert "не загружен" in found["Изменения"]["A1"].value
    assert all(row["Недель подряд"] is None for row in rows(found["Нарушения"]))
    assert found["Нарушения"].max_row > 1


def test_a_period_without_breaches_says_so(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.covered()
    small.posts(3)
    small.store()
    findings_book.write(tmp_path / "x.xlsx", judge("2024-W21", tmp_path))
    assert openpyxl.load_workbook(tmp_path / "x.xlsx")["Нарушения"]["A2"].value == "Таких строк нет."


@pytest.mark.parametrize(("period", "is_told"), [("2024-W22", False), ("2024-05-20_2024-06-02", True)])
def test_the_summary_of_several_weeks_says_which_numbers_count_each(tmp_path: Path, period: str, is_told: bool) -> None:
    small = Small(tmp_path)
    small.covered()
    small.posts(1)
    small.store()
    findings_book.write(tmp_path / "x.xlsx", judge(period, tmp_path))
    told = [row[0] for row in openpyxl.load_workbook(tmp_path / "x.xlsx")["Сводка"].iter_rows(values_only=True)]
    assert any(str(each).startswith("В периоде несколько недель") for each in told) == is_told


def test_an_unread_account_is_no_breach_in_any_sheet(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.covered(W21, W23, outcome="partial", reason="no_answer")
    small.account("vk:b")
    small.store()
    findings_book.write(tmp_path / "x.xlsx", judge("2024-W21", tmp_path))
    found = openpyxl.load_workbook(tmp_path / "x.xlsx")
    verdicts = [row["Вывод"] for row in rows(found["Все результаты"]) if "3.1" in row["Пункт"] and row["Аккаунт"]
                == "https://vk:b.test"]  # fmt: skip
    assert verdicts == ["? не установлено"]
    assert cells_of(found["Сводка"], "Из них прочитано за период целиком")[1] == 1


def test_an_order_without_the_clause_on_posts_has_no_ledger(tmp_path: Path) -> None:
    text = Path("kirovlib/order/clauses.toml").read_text("utf-8")
    start = text.index("[posts_per_week]")
    rest = text[start:]
    end = rest.find("\n[", rest.rfind("[[posts_per_week.editions]]") + 5)
    small = Small(tmp_path)
    small.covered()
    small.store()
    (tmp_path / "order").mkdir()
    (tmp_path / "order" / "clauses.toml").write_text(text[:start] + rest[end + 1 :], "utf-8")
    for source in Path("kirovlib/order/texts").iterdir():
        (tmp_path / "order" / "texts").mkdir(exist_ok=True)
        (tmp_path / "order" / "texts" / source.name).write_bytes(source.read_bytes())
    findings_book.write(tmp_path / "x.xlsx", judge("2024-W21", tmp_path))
    assert "журнала нет" in openpyxl.load_workbook(tmp_path / "x.xlsx")["Журнал публикаций"]["A1"].value


# --- what is foreign


def test_foreign_text_stays_text_in_every_sheet(tmp_path: Path) -> None:
    small = Small(tmp_path)
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x";"y")', "{=1}"]
    for number, text in enumerate(hostile):
        small.institution(f"i{number}", name=text)
        small.account(f"vk:b{number}", f"i{number}", url=f"https://vk.com/b{number}")
        small.covered(account=f"vk:b{number}")
        small.post("21.05 12:00", f"vk:b{number}", text=text, url="file:///etc/passwd")
    small.store()
    findings_book.write(tmp_path / "x.xlsx", judge("2024-W21", tmp_path))
    opened = openpyxl.load_workbook(tmp_path / "x.xlsx")
    shown = {cell.value for cell in opened["Нарушения"]["C"]}
    assert {text.strip() for text in hostile} <= shown
    for sheet in opened:
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
        assert all(link.target.startswith("http") for link in sheet._hyperlinks)


@given(st.lists(st.text(st.characters(codec=None)), min_size=1, max_size=5))
def test_any_text_at_all_gives_a_file_that_opens(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    sheet = written(tmp_path_factory.mktemp("any"), pd.DataFrame({"text": pd.Series(texts, dtype=object)}), TEXT)
    assert sheet.max_row >= 1


def test_characters_that_excel_refuses_are_left_out(tmp_path: Path) -> None:
    sheet = written(tmp_path, pd.DataFrame({"text": ["a\x00b\x0b\x1fc\ufffe\ud800d"]}, dtype=object), TEXT)
    assert sheet["A2"].value == "abcd"


def test_a_text_like_a_code_of_excel_is_shown_as_it_is(tmp_path: Path) -> None:
    written(tmp_path, pd.DataFrame({"text": ["_x0041_"]}), TEXT)
    with zipfile.ZipFile(tmp_path / "x.xlsx") as archive:
        assert "<t>_x005F_x0041_</t>" in archive.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize(("text", "is_cut"), [("я" * 32_767, False), ("я" * 32_768, True), ("😀" * 16_384, True)])
def test_a_text_longer_than_a_cell_is_cut_with_a_sign(text: str, is_cut: bool) -> None:
    shown = cells.clean(text)
    assert len(shown.encode("utf-16-le")) // 2 <= 32_767
    assert ("обрезано" in shown) == is_cut
    assert (shown == text) != is_cut


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://vk.com/a1", True),
        ("http://ok.ru/a", True),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("external:c:\\x.xlsx", False),
        ("internal:Лист!A1", False),
        ("mailto:a@b.ru", False),
        (r"\\host\share", False),
        ("https://a.ru/b c", False),
        ("ftp://a.ru", False),
        ("https://a.ru/" + "b" * 2_066, True),
        ("https://a.ru/" + "b" * 2_067, False),
    ],
)
def test_only_addresses_of_the_web_that_excel_can_hold_are_links(tmp_path: Path, url: str, is_link: bool) -> None:
    sheet = written(tmp_path, pd.DataFrame({"url": [url]}), {"url": ("Адрес", 20)})
    assert sheet["A2"].value == url
    assert (sheet["A2"].hyperlink is not None) == is_link
    frame = pd.DataFrame({"proof": pd.Series([Link(url, "=1+1")], dtype=object)})
    shown = written(tmp_path, frame, {"proof": ("Доказательство", 20)})["A2"]
    assert (shown.value, shown.data_type, shown.hyperlink is not None) == ("=1+1", "s", is_link)


def test_only_the_whole_is_100_percent_and_only_nothing_is_0(tmp_path: Path) -> None:
    sheet = written(tmp_path, pd.DataFrame({"a_share": [1.0, 0.999, 0.5, 0.001, 0.0, None]}), {"a_share": ("Доля", 9)})
    formats = [cell.number_format for cell in sheet["A"][1:6]]
    assert formats == ["0%", "0.00%", "0%", "0.00%", "0%"]
    assert sheet["A7"].value is None


# --- Excel's limits


def test_what_a_sheet_has_no_room_for_is_said_on_it_and_the_most_urgent_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "MOST_ROWS", 12)
    frame = pd.DataFrame({"text": [str(number) for number in range(20)]})
    urgency = pd.Series(range(20, 0, -1))
    with Book(tmp_path / "x.xlsx", "x", MOMENT) as made:
        made.sheet("Лист").table(frame, TEXT, urgency=urgency, elsewhere="findings.parquet")
        told = [each.told() for each in made.left_out]
    found = [row[0] for row in openpyxl.load_workbook(tmp_path / "x.xlsx")["Лист"].iter_rows(values_only=True)]
    assert len(found) == 12
    assert "10 строк" in found[0]
    assert "findings.parquet" in found[0]
    assert found[1:] == ["Текст", *[str(number) for number in range(19, 9, -1)]]
    assert told == [found[0]]


def test_as_many_rows_as_there_is_room_for_are_all_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "MOST_ROWS", 12)
    sheet = written(tmp_path, pd.DataFrame({"text": ["x"] * 11}), TEXT)
    assert (sheet["A1"].value, sheet.max_row) == ("Текст", 12)


def test_the_sheet_on_method_says_what_other_sheets_left_out(
    judged: Judgement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "MOST_ROWS", 120)
    monkeypatch.setattr(book, "MOST_LINKS", 5)
    findings_book.write(tmp_path / "x.xlsx", judged)
    found = openpyxl.load_workbook(tmp_path / "x.xlsx")
    told = [row[0] for row in found["Как считали"].iter_rows(max_row=12, values_only=True)]
    assert any("Лист «Все результаты»" in str(line) and "findings.parquet" in str(line) for line in told)
    assert any("Лист «Журнал публикаций»" in str(line) and "post_ledger" in str(line) for line in told)
    assert any("не ссылкой" in str(line) for line in told)
    verdicts = [cell.value for cell in found["Все результаты"]["A"][2:]]
    failed = int((judged.findings["verdict"] == "failed").sum())
    assert verdicts[:failed] == ["✕ нарушение"] * failed
    assert all(len(sheet._hyperlinks) <= 5 for sheet in found)
    newest = [cell.value for cell in found["Журнал публикаций"]["A"][2:]]
    assert newest == sorted(newest, reverse=True)


# --- the file


def test_a_failure_leaves_the_older_file_alone_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"older")
    with pytest.raises(KeyError), Book(tmp_path / "x.xlsx", "x", MOMENT) as made:
        made.sheet("Лист").table(pd.DataFrame({"a": [1]}), TEXT)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("x.xlsx", b"older")]


def test_a_place_that_cannot_be_written_is_told_in_russian(judged: Judgement, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").mkdir()
    with pytest.raises(ParameterError, match=r"x\.xlsx» не записан"):
        files.write(tmp_path / "x.xlsx", judged)


def test_the_command_writes_the_same_workbook_as_the_report(file: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "data").symlink_to(Path("data/sample").resolve(), target_is_directory=True)
    out = tmp_path / "out.xlsx"
    result = CliRunner().invoke(main, ["findings", "--week", "2024-W28", "--home", str(home), "--out", str(out)])
    assert result.exit_code in {0, 3}, result.output
    assert out.read_bytes() == file.read_bytes()


def test_moments_are_shown_in_kirov_and_never_in_utc(tmp_path: Path) -> None:
    moments = pd.Series([at("20.05 00:30")]).dt.tz_convert("UTC")
    sheet = written(tmp_path, pd.DataFrame({"seen_at": moments}), {"seen_at": ("Когда", 16)})
    assert sheet["A2"].value == datetime(2024, 5, 20, 0, 30)  # noqa: DTZ001
