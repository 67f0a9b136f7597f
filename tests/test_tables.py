"""Every table keeps its columns, types and constraints, and says which cell breaks them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest

from kirovlib import tables
from kirovlib.errors import TableError

TABLES = sorted(tables.Table.__subclasses__(), key=lambda table: table.__name__)
MOMENT = datetime(2024, 5, 20, 6, 30, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "boolean": True,
    "Int64": 7,
    "datetime64[us, UTC]": pd.Timestamp(MOMENT),
    "datetime64[us]": pd.Timestamp(2024, 5, 20),
}
POST = {
    "account_id": "vk:1", "post_id": "1", "posted_at": MOMENT, "own": True, "url": "https://vk.com/wall-1_1",
    "observed_at": MOMENT, "last_seen_at": MOMENT, "version": 1, "run_id": "007", "batch": 1,
}  # fmt: skip
COUNTS = {
    "account_id": "vk:1", "week_start": "2024-05-20", "own_count": 3, "repost_count": 0, "unknown_count": 0,
    "removed_count": 0, "ad_count": 0, "own_days_count": 3, "late_count": 0, "is_complete": True,
}  # fmt: skip

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)


def row_of(table: type[tables.Table], *, blanks: bool) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, column in table.to_schema().columns.items():
        allowed = [check.statistics["allowed_values"] for check in column.checks if check.name == "isin"]
        value = VALUES.get(str(column.dtype), 'Кириллица; \u2028 и кавычки «"»')
        row[name] = None if blanks and column.nullable else (allowed[0][0] if allowed else value)
    return row


def declared(table: type[tables.Table]) -> dict[str, str]:
    kinds = {name: str(column.dtype) for name, column in table.to_schema().columns.items()}
    return {name: "str" if kind.startswith("str") else kind for name, kind in kinds.items()}


@each_table
def test_an_empty_table_has_all_its_columns_in_their_declared_types(table: type[tables.Table]) -> None:
    for frame in (tables.empty(table), tables.validate(table, pd.DataFrame())):
        assert frame.empty
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == declared(table)


@each_table
def test_the_end_of_a_columns_name_tells_its_type(table: type[tables.Table]) -> None:
    for name, kind in declared(table).items():
        if name.endswith("_at"):
            assert kind == "datetime64[us, UTC]", name
        if name.endswith(("_on", "_start")):
            assert kind == "datetime64[us]", name
        assert name.endswith("_count") <= (kind == "Int64"), name
        assert name.startswith(("is_", "has_")) <= (kind == "boolean"), name


@each_table
def test_every_column_says_what_it_means(table: type[tables.Table]) -> None:
    assert table.__doc__
    assert all(column.description for column in table.to_schema().columns.values())


@each_table
def test_a_table_survives_arrow_unchanged(table: type[tables.Table]) -> None:
    for blanks in (False, True):
        frame = tables.validate(table, pd.DataFrame([row_of(table, blanks=blanks)]))
        stored = tables.to_arrow(table, frame)
        pd.testing.assert_frame_equal(tables.from_arrow(stored), frame, check_column_type=True)
        assert stored.schema.metadata[b"schema_version"] == str(tables.SCHEMA_VERSION).encode()
        assert stored.schema.names == tables.columns(table)


@each_table
def test_an_empty_table_survives_arrow(table: type[tables.Table]) -> None:
    back = tables.from_arrow(tables.to_arrow(table, tables.empty(table)))
    pd.testing.assert_frame_equal(back, tables.empty(table))
    assert tables.to_arrow(table, pd.DataFrame()).schema.equals(tables.arrow_schema(table))


@each_table
def test_a_column_that_is_not_given_becomes_blank_and_never_zero_or_no(table: type[tables.Table]) -> None:
    row = row_of(table, blanks=False)
    required = {name for name, column in table.to_schema().columns.items() if not column.nullable}
    frame = tables.validate(table, pd.DataFrame([{name: row[name] for name in required}]))
    for name in set(declared(table)) - required:
        assert frame[name].isna().all(), name
        assert str(frame[name].dtype) == declared(table)[name], name
    assert frame[sorted(required)].notna().all(axis=None)


@each_table
def test_a_required_column_that_is_not_given_is_named(table: type[tables.Table]) -> None:
    row = row_of(table, blanks=False)
    for name, column in table.to_schema().columns.items():
        if not column.nullable:
            with pytest.raises(TableError, match=rf"{table.__name__} не принята: нет столбцов {name}\."):
                tables.validate(table, pd.DataFrame([row]).drop(columns=name))


@each_table
def test_a_blank_in_a_required_column_is_refused_and_elsewhere_kept(table: type[tables.Table]) -> None:
    blanks = tables.validate(table, pd.DataFrame([row_of(table, blanks=True)]))
    for name, column in table.to_schema().columns.items():
        if column.nullable:
            assert blanks[name].isna().all()
        else:
            frame = blanks.assign(**{name: blanks[name].where([False])})
            with pytest.raises(TableError, match=f"{table.__name__} не принята: столбец {name}, строка 0"):
                tables.validate(table, frame)


@pytest.mark.parametrize(
    ("of", "changed", "cell"),
    [
        (tables.Posts, {"version": 0}, "столбец version, строка 1: «0»"),
        (tables.Posts, {"version": "два"}, "столбец version, строка 1: «два»"),
        (tables.Posts, {"batch": -1}, "столбец batch, строка 1: «-1»"),
        (tables.Posts, {"own": "да"}, "столбец own, строка 1: «да»"),
        (tables.Posts, {"is_repost": 2}, "столбец is_repost, строка 1: «2"),
        (tables.Posts, {"posted_at": "вчера"}, "столбец posted_at, строка 1: «вчера»"),
        (tables.Posts, {"version": 1.5}, "столбец version, весь"),
        (tables.WeeklyCounts, {"own_days_count": 8}, "столбец own_days_count, строка 1: «8»"),
        (tables.WeeklyCounts, {"own_count": -1}, "столбец own_count, строка 1: «-1»"),
        (tables.WeeklyCounts, {"week_start": "понедельник"}, "столбец week_start, строка 1: «понедельник»"),
    ],
)
def test_a_cell_that_breaks_a_constraint_is_named_with_its_column_and_row(
    of: type[tables.Table], changed: dict[str, Any], cell: str
) -> None:
    row = POST if of is tables.Posts else COUNTS
    with pytest.raises(TableError) as caught:
        tables.validate(of, pd.DataFrame([row, row | changed], index=[7, 7]))
    assert f"Таблица {of.__name__} не принята: " in str(caught.value)
    assert cell in str(caught.value)


@pytest.mark.parametrize(
    ("of", "name"), [(tables.Posts, name) for name in POST] + [(tables.WeeklyCounts, name) for name in COUNTS]
)
def test_what_a_judgement_rests_on_is_never_blank(of: type[tables.Table], name: str) -> None:
    row = POST if of is tables.Posts else COUNTS
    with pytest.raises(TableError, match=f"столбец {name}, строка 1"):
        tables.validate(of, pd.DataFrame([row, row | {name: None}]))


@each_table
def test_a_word_outside_the_declared_list_is_refused(table: type[tables.Table]) -> None:
    row = row_of(table, blanks=False)
    for name, column in table.to_schema().columns.items():
        if any(check.name == "isin" for check in column.checks):
            with pytest.raises(TableError, match=f"столбец {name}, строка 0: «иное»"):
                tables.validate(table, pd.DataFrame([row | {name: "иное"}]))


def test_several_broken_cells_are_named_together() -> None:
    with pytest.raises(TableError) as caught:
        tables.validate(tables.Posts, pd.DataFrame([POST | {"version": 0}, POST | {"batch": 0}]))
    assert "столбец version, строка 0" in str(caught.value)
    assert "столбец batch, строка 1" in str(caught.value)


def test_an_institution_named_twice_is_refused() -> None:
    row = {"institution_id": "1", "name": "Школа", "kind": "other"}
    with pytest.raises(TableError, match=r"столбец institution_id, строка 0: «1».*строка 1: «1»"):
        tables.validate(tables.Institutions, pd.DataFrame([row, row]))


def test_moments_of_any_zone_are_kept_as_utc() -> None:
    local = MOMENT.astimezone(ZoneInfo("Europe/Kirov"))
    frame = tables.validate(tables.Posts, pd.DataFrame([POST | {"posted_at": local}]))
    assert str(frame["posted_at"].dtype) == "datetime64[us, UTC]"
    assert frame["posted_at"].item() == MOMENT


def test_numbers_that_look_like_text_ids_keep_their_zeros() -> None:
    frame = tables.validate(tables.Posts, pd.DataFrame([POST | {"run_id": "007", "post_id": "0012"}]))
    assert frame.loc[0, ["run_id", "post_id"]].tolist() == ["007", "0012"]


def test_columns_nobody_declared_are_dropped_and_the_rest_put_in_order() -> None:
    backwards = dict(reversed(POST.items())) | {"password": "x"}
    frame = tables.validate(tables.Posts, pd.DataFrame([backwards], index=[41]))
    assert list(frame) == tables.columns(tables.Posts)
    assert list(frame.index) == [0]


def test_the_given_frame_is_left_as_it_was() -> None:
    given = pd.DataFrame([POST])
    before = given.copy(deep=True)
    tables.validate(tables.Posts, given)
    pd.testing.assert_frame_equal(given, before)


def test_local_dates_are_stored_as_days() -> None:
    stored = tables.to_arrow(tables.WeeklyCounts, pd.DataFrame([COUNTS]))
    assert stored.schema.field("week_start").type == pa.date32()
    assert stored.column("week_start").to_pylist() == [date(2024, 5, 20)]


def test_json_cells_are_sorted_short_and_keep_cyrillic() -> None:
    assert tables.to_json([{"url": "u", "title": "Решаем вместе"}]) == '[{"title":"Решаем вместе","url":"u"}]'
