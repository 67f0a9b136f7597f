"""A register that is written reads back unchanged, and a failed write changes nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kirovlib import registry, tables
from kirovlib.registry import Register


def small(**changes: str) -> Register:
    institution = {"institution_id": "1", "name": "Школа", "kind": "other"} | changes
    account = {"account_id": "vk:1", "institution_id": "1", "platform": "vk", "url": "https://vk.com/school"}
    return Register(
        tables.validate(tables.Institutions, pd.DataFrame([institution])),
        tables.validate(tables.Accounts, pd.DataFrame([account])),
    )


def ogrn(twelve: int) -> str:
    return f"{twelve}{twelve % 11 % 10}"


@pytest.mark.parametrize(
    "name", ['Школа "Заря"', "А & Б", "а\u2028б", "две\nстроки", '"', "а;б,в", "NA", "=1+1", "nan"]
)
def test_a_difficult_name_survives_writing_and_reading(tmp_path: Path, name: str) -> None:
    registry.write(tmp_path, small(name=name))
    assert registry.read(tmp_path).institutions["name"].tolist() == [name]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends_inside_a_cell_do_not_tear_its_row(tmp_path: Path, end: str) -> None:
    registry.write(tmp_path, small(sphere=f"а{end}б"))
    assert registry.read(tmp_path).institutions["sphere"].tolist() == ["а\nб"]


def test_written_files_open_in_russian_excel(tmp_path: Path) -> None:
    registry.write(tmp_path / "new" / "folder", small())
    folder = tmp_path / "new" / "folder"
    assert (folder / "institutions.csv").read_bytes().startswith(b"\xef\xbb\xbfinstitution_id;name;")
    assert sorted(file.name for file in folder.iterdir()) == ["accounts.csv", "institutions.csv"]


def test_nothing_is_written_over_when_something_is_wrong(tmp_path: Path) -> None:
    registry.write(tmp_path, small())
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    # Half a surrogate pair, as the JSON of a network may hold it, has no UTF-8.
    broken = small().accounts.astype(object)
    broken["url"] = pd.Series(["https://vk.com/\ud83d"], dtype=object)
    with pytest.raises(UnicodeEncodeError):
        registry.write(tmp_path, Register(small(name="Другое").institutions, broken))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1).map(str.strip).filter(bool)
BLANK = st.none()
DAYS = BLANK | st.dates(date(1000, 1, 1)).map(pd.Timestamp)
OGRNS = st.integers(1, 99_999_999_999).map(lambda number: ogrn(10**11 + number))


@st.composite
def registers(draw: st.DrawFn) -> Register:
    ids = draw(st.lists(WORDS | OGRNS, unique=True, max_size=4))
    founders = st.sampled_from(ids) if ids else BLANK
    institutions = [
        {
            "institution_id": key, "name": draw(WORDS), "kind": draw(st.sampled_from(tables.KINDS)),
            "founder_id": draw(BLANK | founders), "ogrn": draw(BLANK | OGRNS), "sphere": draw(BLANK | WORDS),
        }
        for key in ids
    ]  # fmt: skip
    keys = draw(st.lists(st.tuples(st.sampled_from(tables.PLATFORMS), WORDS), unique=True, max_size=4 * bool(ids)))
    accounts = [
        {
            "account_id": f"{platform}:{key}", "platform": platform, "url": f"https://{key}",
            "platform_id": draw(BLANK | st.just(f"{number}00")), "institution_id": draw(founders),
            "opened_on": draw(DAYS), "closed_on": draw(DAYS), "gospabliki_on": draw(DAYS),
            "gospabliki_connected": draw(BLANK | st.booleans()), "gospabliki_source": draw(BLANK | WORDS),
        }
        for number, (platform, key) in enumerate(keys)
    ]  # fmt: skip
    return Register(
        tables.validate(tables.Institutions, pd.DataFrame(institutions)),
        tables.validate(tables.Accounts, pd.DataFrame(accounts)),
    )


@settings(max_examples=30)
@given(register=registers())
def test_every_valid_register_survives_writing_and_reading(
    tmp_path_factory: pytest.TempPathFactory, register: Register
) -> None:
    path = tmp_path_factory.mktemp("register")
    registry.write(path, register)
    back = registry.read(path)
    pd.testing.assert_frame_equal(back.institutions, register.institutions)
    pd.testing.assert_frame_equal(back.accounts, register.accounts)
