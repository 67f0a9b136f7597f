"""Hostile spreadsheets: read faithfully or refused with a clear message, in bounded memory."""

from __future__ import annotations

import datetime
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kirovlib.errors import RegistryError
from kirovlib.registry import sheets


def book(file: Path, *rows: list[Any], merge: str = "") -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    if merge:
        made.active.merge_cells(merge)
    made.save(file)
    return file


def rewritten(file: Path, old: bytes, new: bytes, member: str = "xl/worksheets/sheet1.xml") -> Path:
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[member]
    parts[member] = parts[member].replace(old, new)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file


def refusal(file: Path) -> str:
    with pytest.raises(RegistryError) as caught:
        sheets.read(file)
    assert file.name in str(caught.value)
    return str(caught.value)


def cells(file: Path) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.number, row.cells) for row in sheets.read(file)[0].rows]


def test_numbers_dates_and_flags_become_plain_text(tmp_path: Path) -> None:
    row = [1022800520060, 5.0, 2.5, datetime.datetime(2024, 5, 20), True, " а\u00a0\u200bб ", None]  # noqa: DTZ001
    assert cells(book(tmp_path / "a.xlsx", row)) == [(1, ("1022800520060", "5", "2.5", "2024-05-20", "да", "а б"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_csv_of_any_office_is_read(tmp_path: Path, encoding: str, separator: str) -> None:
    file = tmp_path / "a.csv"
    text = f'Наименование{separator}ОГРН\r\n\r\n"Школа{separator} № 1"{separator}5\r\n'
    file.write_bytes(text.replace("№", "N").encode(encoding))
    assert cells(file) == [(1, ("Наименование", "ОГРН")), (3, (" ".join(f"Школа{separator} N 1".split()), "5"))]


def test_blank_rows_by_the_hundred_thousand_are_skipped_and_the_row_behind_them_is_kept(tmp_path: Path) -> None:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet()
    sheet.append(["Наименование"])
    for _ in range(100_000):
        sheet.append([None, "", " "])
    sheet.append(["Школа"])
    made.save(tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx") == [(1, ("Наименование",)), (100_002, ("Школа",))]


def test_a_formula_counts_by_its_stored_value_and_is_told_with_its_row(tmp_path: Path) -> None:
    file = book(tmp_path / "a.xlsx", ["a", "b"], ["=1+1", "x"], ["=2+2", "y"])
    rewritten(file, b"<f>1+1</f><v></v>" if b"<f>1+1</f><v></v>" in _sheet_xml(file) else b"<f>1+1</f><v />",
              b"<f>1+1</f><v>2</v>")  # fmt: skip
    sheet = sheets.read(file)[0]
    assert [row.cells for row in sheet.rows] == [("a", "b"), ("2", "x"), ("", "y")]
    assert [(remark.kind, remark.row) for remark in sheet.remarks] == [("formula", 2), ("formula_without_value", 3)]
    assert "A3" in sheet.remarks[1].text


def _sheet_xml(file: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def test_merged_cells_are_told_and_those_of_blank_rows_are_not(tmp_path: Path) -> None:
    sheet = sheets.read(book(tmp_path / "a.xlsx", ["a"], ["b"], merge="A2:A3"))[0]
    assert [(remark.kind, remark.row) for remark in sheet.remarks] == [("merged_cells", 2)]
    assert "A2:A3" in sheet.remarks[0].text
    assert sheets.read(book(tmp_path / "b.xlsx", ["a"], ["b"], merge="A7:A9"))[0].remarks == ()


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    file = book(tmp_path / "a.xlsx", ["a"])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image.bin", b"0" * 20_000_000)
    assert "раздувается" in refusal(file)


def test_many_small_parts_that_are_large_together_are_refused(tmp_path: Path) -> None:
    file = book(tmp_path / "a.xlsx", ["a"])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(52):
            archive.writestr(f"xl/media/{number}.bin", b"0" * 4_000_000)
    assert "раздувается" in refusal(file)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"name;ogrn\n1;2\n", "не книга Excel"),
        ("a.xlsx", b"PK\x03\x04 torn", "повреждена"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "старом формате .xls"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "зашифрована паролем"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "веб-страница"),
        ("a.pdf", b"%PDF-1.7", "не книга Excel"),
        ("a.csv", b"\x00\x01\x02\x03" * 50, "не текст"),
        ("a.csv", b"", "файл пуст"),
        ("a.csv", 'Наименование;ОГРН\n"Школа;5\nСад;6\n'.encode(), "строка 2: повреждена разметка CSV"),
    ],
)
def test_files_of_another_kind_are_refused_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name)


def test_a_workbook_named_csv_another_archive_and_a_missing_file_are_told(tmp_path: Path) -> None:
    assert "Переименуйте" in refusal(book(tmp_path / "a.xlsx", ["a"]).rename(tmp_path / "a.csv"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "x")
    (tmp_path / "b.xlsx").write_bytes(stream.getvalue())
    assert "это архив" in refusal(tmp_path / "b.xlsx")
    assert "не найден" in refusal(tmp_path / "c.xlsx")


def test_rows_out_of_order_would_be_lost_and_are_refused(tmp_path: Path) -> None:
    file = book(tmp_path / "a.xlsx", ["a"], ["b"], ["c"])
    assert "не по порядку" in refusal(rewritten(file, b'<row r="3"', b'<row r="1"'))


def test_entities_are_refused(tmp_path: Path) -> None:
    file = book(tmp_path / "a.xlsx", ["a"])
    assert "DOCTYPE" in refusal(rewritten(file, b"<worksheet ", b"<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet "))


def test_a_sheet_that_declares_all_its_cells_is_read_in_little_memory(tmp_path: Path) -> None:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet()
    sheet.append(["Наименование"])
    for _ in range(30_000):
        sheet.append([None, " "])
    sheet.append(["Школа"])
    made.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert b"<sheetData>" in archive.read("xl/worksheets/sheet1.xml")
    file = rewritten(tmp_path / "a.xlsx", b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    program = (
        "import sys, tracemalloc; from pathlib import Path; from kirovlib.registry import sheets, workbooks\n"
        "tracemalloc.start(); rows = sheets.read(Path(sys.argv[1]))[0].rows\n"
        "print(len(rows), tracemalloc.get_traced_memory()[1])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True)
    count, peak = map(int, done.stdout.split())
    assert count == 2
    assert peak < 60_000_000


def test_more_rows_than_any_register_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAXIMUM_ROWS", 2)
    assert len(cells(book(tmp_path / "a.xlsx", ["a"], ["b"]))) == 2
    assert "строка 3" in refusal(book(tmp_path / "b.xlsx", ["a"], ["b"], ["c"]))
