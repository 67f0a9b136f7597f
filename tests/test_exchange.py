"""The exchange layout: every row ends in one group, none is lost, none invented."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirovlib import registry, tables
from kirovlib.errors import RegistryError
from kirovlib.order import facts
from kirovlib.registry import exchange, imported, kinds
from kirovlib.registry.imported import Imported

NAME, LEVEL, FOUNDER = "Наименование подведомственной организации", "Уровень", "Учредитель"
ACT, OGRN, STATUS = "Официальная страница не ведется на основании", "ОГРН", "Статус"
NUMBER, ADDRESS = "ID госпаблика", "Ссылка на госпаблик ВК"
FLAG = "Подключение к компоненту «Госпаблики» (да/нет)"
COLUMNS = [LEVEL, FOUNDER, NAME, ACT, OGRN, STATUS, NUMBER, ADDRESS, FLAG]
ORDER = "Распоряжение от 23.11.2022 № 307"


def sheet(folder: Path, *rows: dict[str, str], columns: list[str] = COLUMNS, above: int = 0) -> Path:
    file = folder / "register.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerows([[f"Реестр {line}"] for line in range(above)])
        writer.writerows([columns, *([row.get(column, "") for column in columns] for row in rows)])
    return file


def taken(folder: Path, *rows: dict[str, str], **changes: int) -> Imported:
    return exchange.import_register(sheet(folder, *rows, **changes), kinds.load())


def warned(result: Imported) -> list[tuple[str, int | None]]:
    return [(remark.kind, remark.row) for remark in result.remarks]


@pytest.mark.parametrize(
    ("cells", "group", "account", "warning"),
    [
        ({ADDRESS: "https://vk.com/a1"}, "account", "vk:a1", None),
        ({ADDRESS: "https://vk.com/a1", NUMBER: "55"}, "account", "vk:55", None),
        ({ADDRESS: "https://vk.com/a1", ACT: ORDER}, "account", "vk:a1", "address_and_exemption"),
        ({ADDRESS: "https://vk.com/club5", NUMBER: "55"}, "account", "vk:5", "id_contradicts_address"),
        ({ADDRESS: "https://t.me/s/A1"}, "account", "telegram:a1", "other_network"),
        ({ADDRESS: "https://vk.com/a1 https://vk.com/b1"}, "account", "vk:a1", "several_addresses"),
        ({NUMBER: "55"}, "account", "vk:55", "address_from_id"),
        ({NUMBER: "55", ACT: ORDER}, "exempt", "", "id_without_account"),
        ({ADDRESS: "0", ACT: ORDER}, "exempt", "", None),
        ({ADDRESS: "https://vk.com/public", ACT: ORDER}, "exempt", "", "address_not_usable"),
        ({ACT: "Негосударственное учреждение"}, "exempt", "", "not_an_act"),
        ({ACT: "Распоряжение № 5 «О ликвидации свалки»"}, "exempt", "", "act_mentions_closing"),
        ({ACT: "ЛИКВИДАЦИЯ"}, "closed_body", "", None),
        ({ACT: "В стадии ликвидации"}, "closed_body", "", None),
        ({ACT: "Банкротство"}, "closed_body", "", None),
        ({STATUS: "Упразднено"}, "closed_body", "", None),
        ({ACT: "Преобразование", ADDRESS: "https://vk.com/a1"}, "closed_body", "vk:a1", "closed_with_address"),
        ({ADDRESS: "0", NUMBER: "1"}, "without_account", "", None),
        ({ADDRESS: "скоро будет"}, "without_account", "", "address_not_usable"),
        ({OGRN: "1022800520061"}, "rejected", "", None),
        ({OGRN: "1,02E+12", ADDRESS: "https://vk.com/a1"}, "rejected", "", None),
        ({NAME: "", ADDRESS: "https://vk.com/a1"}, "rejected", "", None),
        ({NAME: "3"}, "rejected", "", None),
    ],
)
def test_a_row_ends_in_the_group_its_cells_say(
    tmp_path: Path, cells: dict[str, str], group: str, account: str, warning: str | None
) -> None:
    result = taken(tmp_path, {NAME: "Школа", OGRN: "1022800520060", FOUNDER: "Зея", LEVEL: "МО"} | cells)
    placed = result.rows[0]
    assert (placed.row, placed.group, placed.account_id) == (2, group, account)
    assert warned(result) == ([(warning, 2)] if warning else [])
    assert len(result.register.accounts) == bool(account)
    assert len(result.exemptions) == (group == "exempt")
    assert bool(placed.reason) == (warning is not None or group in {"rejected", "closed_body"})
    if group == "closed_body":
        assert re.search(facts._CLOSED_BODY, result.register.institutions["status"][0], re.IGNORECASE)


def test_an_exemption_is_for_all_clauses_with_an_open_end_and_names_its_act(tmp_path: Path) -> None:
    row = taken(tmp_path, {NAME: "Школа", ACT: ORDER}).exemptions.iloc[0]
    assert (row["clause"], row["act"]) == ("*", ORDER)
    assert row[["account_id", "exempt_from", "exempt_until"]].isna().all()


def test_an_address_of_two_rows_goes_to_the_one_without_an_act_and_both_are_listed(tmp_path: Path) -> None:
    rows = [
        {NAME: "А", ADDRESS: "https://vk.com/a1", ACT: "Ликвидация"},
        {NAME: "Б", ADDRESS: "https://vk.com/a1", ACT: ORDER},
        {NAME: "В", ADDRESS: "https://vk.com/club55"},
        {NAME: "Г", ADDRESS: "https://vk.com/A1", NUMBER: "55"},
        {NAME: "Д", ADDRESS: "https://vk.com/d1"},
    ]
    result = taken(tmp_path, *rows)
    assert [(one.kept_row, one.row) for one in result.duplicates] == [(4, 2), (4, 3), (4, 5)]
    assert list(result.groups.values()) == ["closed_body", "exempt", "account", "without_account", "account"]
    assert result.register.accounts["account_id"].tolist() == ["vk:55", "vk:d1"]
    assert len(result.register.institutions) == 5


def test_a_repeated_ogrn_keeps_both_institutions_under_keys_of_their_own(tmp_path: Path) -> None:
    result = taken(tmp_path, *({NAME: name, OGRN: "1022800520060"} for name in ("А", "Б", "Б")), {NAME: "В"})
    keys = result.register.institutions["institution_id"].tolist()
    assert keys[0] == "1022800520060"
    assert len(set(keys)) == 4
    assert [(one.what, one.kept_row, one.row) for one in result.duplicates] == [("ogrn", 2, 3), ("ogrn", 2, 4)]
    assert warned(result)[-1] == ("without_ogrn", 5)


def test_founders_are_rows_of_the_register_or_institutions_of_their_own(tmp_path: Path) -> None:
    rows = [
        {NAME: "УПРАВЛЕНИЕ ВЕТЕРИНАРИИ АМУРСКОЙ ОБЛАСТИ", OGRN: "1022800520060", LEVEL: "Ведомство",
         FOUNDER: "Управление ветеринарии области"},
        {NAME: "Станция", LEVEL: "Ведомство", FOUNDER: "Управление ветеринарии области"},
        {NAME: "Школа", LEVEL: "МО", FOUNDER: "Зея"},
        {NAME: "Фонд"},
    ]  # fmt: skip
    result = taken(tmp_path, *rows)
    table = result.register.institutions
    assert table["founder_id"].fillna("").tolist() == ["", "1022800520060", result.founder_ids[0], "", ""]
    assert table["kind"].tolist() == ["executive_authority", "subordinate", "other", "other", "other"]
    assert table["municipality"].fillna("").tolist()[2] == "Зея"
    assert [(one.level, one.founder, one.rows) for one in result.unknown_kinds] == [("", "", (5,))]


def test_gospabliki_is_yes_no_or_unknown_with_its_source(tmp_path: Path) -> None:
    rows = [{NAME: "А", ADDRESS: f"https://vk.com/a{n}", FLAG: flag} for n, flag in enumerate(["Да", "нет", "", "?!"])]
    result = taken(tmp_path, *rows)
    accounts = result.register.accounts
    assert accounts["gospabliki_connected"].tolist() == [True, False, None, None] or (
        accounts["gospabliki_connected"].isna().tolist() == [False, False, True, True]
        and accounts["gospabliki_connected"].tolist()[:2] == [True, False]
    )
    assert accounts["gospabliki_source"].fillna("").tolist() == ["register.csv", "register.csv", "", ""]
    assert ("flag_not_understood", 5) in warned(result)


def test_the_header_may_stand_lower_and_be_written_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("Реестр;;\n;;\n «НАИМЕНОВАНИЕ» ; ссылка;О Г Р Н\nШкола;vk.com/a1;\n".encode("cp1251"))
    result = exchange.import_register(file, kinds.load())
    assert result.groups == {4: "account"}
    assert ("above_header", None) in warned(result)


def test_a_file_without_header_or_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x;y\n1;2\n", "utf-8")
    with pytest.raises(RegistryError, match="нет заголовка"):
        exchange.import_register(tmp_path / "a.csv", kinds.load())
    with pytest.raises(RegistryError, match="нет ни одной строки"):
        taken(tmp_path)


def test_wrong_rules_of_kinds_are_named_by_file_and_number(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[[kind]]\nlevel="a"\nkind="other"\n[[kind]]\nname="("\nkind="school"\n[[kind]]\nkind="other"', "utf-8"
    )
    with pytest.raises(RegistryError) as caught:
        kinds.load(file)
    lines = str(caught.value).splitlines()[1:]
    assert [re.findall(r"mine.toml, правило (\d)", line) for line in lines] == [["2"], ["2"], ["3"]]
    assert "регулярное" in lines[1]


CELLS = st.one_of(
    st.sampled_from(["", "0", "нет", ORDER, "Ликвидация", "https://vk.com/a1", "vk.com/club5", "5", "55", "МО", "Зея",
                     "1022800520060", "Школа", "Сад", "https://t.me/a1", "https://max.ru/x", "#REF!", "да"]),
    st.text(max_size=8),
)  # fmt: skip


@given(
    columns=st.permutations(COLUMNS),
    rows=st.lists(st.lists(CELLS, min_size=9, max_size=9), max_size=8),
    above=st.integers(0, 3),
)
def test_no_order_of_columns_and_no_garbage_loses_a_row_and_twice_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, columns: list[str], rows: list[list[str]], above: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    # Control characters cannot stand in a spreadsheet at all.
    tidy = [[re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "", cell) for cell in row] for row in rows]
    tidy.append(["Школа"] * 9)
    file = sheet(folder, *(dict(zip(columns, row, strict=True)) for row in tidy), columns=columns, above=above)
    expected = [above + 2 + n for n, row in enumerate(tidy) if any(exchange.addresses.tidied(cell) for cell in row)]
    contents = []
    for name in ("one", "two"):
        result = exchange.import_register(file, kinds.load())
        assert [placed.row for placed in result.rows] == expected
        assert sum(result.counts.values()) == len(expected)
        imported.write(folder / name, result)
        contents.append({part.name: part.read_bytes() for part in sorted((folder / name).iterdir())})
        read = registry.read(folder / name)
        assert len(read.institutions) == len(expected) - result.counts["rejected"] + len(result.founder_ids)
    assert contents[0] == contents[1]


@pytest.fixture(scope="module")
def federal(recorded: Path) -> Path:
    return recorded / "registries" / "federal_export_1547_rows.xlsx"


@pytest.fixture(scope="module")
def taken_over(federal: Path) -> Imported:
    return exchange.import_register(federal, kinds.load())


@pytest.mark.recorded
def test_the_1547_rows_fall_into_the_groups_that_a_plain_count_gives(federal: Path, taken_over: Imported) -> None:
    rows = list(openpyxl.load_workbook(federal).active.iter_rows(min_row=2, values_only=True))
    usable = [re.fullmatch(r"https://vk\.com/(?!public$)[a-z0-9_.]+", str(row[10] or "")) for row in rows]
    closed = [row[3] in {"Ликвидация", "Преобразование", "Банкротство"} for row in rows]
    urls: dict[str, list[int]] = {}
    for number, (row, fits) in enumerate(zip(rows, usable, strict=True)):
        if fits:
            urls.setdefault(row[10], []).append(number)
    lost = {number for same in urls.values()
            for number in sorted(same, key=lambda n: (closed[n], bool(rows[n][3]), n))[1:]}  # fmt: skip
    expected = Counter(
        "closed_body" if closed[n] else "account" if usable[n] and n not in lost
        else "exempt" if row[3] else "without_account" for n, row in enumerate(rows)
    )  # fmt: skip
    assert taken_over.counts == {**expected, "rejected": 0}
    assert taken_over.counts == {
        "account": 1176, "exempt": 143, "closed_body": 118, "without_account": 110, "rejected": 0,
    }  # fmt: skip
    assert sum(taken_over.counts.values()) == len(rows) == 1547
    assert list(taken_over.groups) == list(range(2, 1549))
    assert [(one.kept_row, one.row) for one in taken_over.duplicates] == [(447, 462), (472, 480), (1471, 1303)]
    assert [one.rows for one in taken_over.unknown_kinds] == [(3, 4, 5)]


@pytest.mark.recorded
@pytest.mark.parametrize(
    ("row", "group", "account", "warning"),
    [
        (2, "without_account", "", None),  # address "0", ID 1
        (6, "account", "vk:185652889", None),  # the government itself, neither level nor founder
        (8, "account", "vk:219528566", "address_and_exemption"),
        (11, "closed_body", "vk:216377912", "closed_with_address"),
        (101, "account", "vk:kio_belogorsk", "address_and_exemption"),  # a short name and no ID
        (253, "closed_body", "", "address_not_usable"),  # bare vk.com/public
        (462, "closed_body", "", "account_of_another_row"),  # its successor in row 447 has the account
        (535, "closed_body", "vk:217748780", "closed_with_address"),  # the number only in the address
        (1303, "exempt", "", "account_of_another_row"),  # an order of another ministry and another's address
        (1544, "exempt", "", "not_an_act"),  # «Негосударственное учреждение»
    ],
)
def test_ten_surprising_rows_followed_to_their_result(
    taken_over: Imported, row: int, group: str, account: str, warning: str | None
) -> None:
    placed = next(one for one in taken_over.rows if one.row == row)
    assert (placed.group, placed.account_id) == (group, account)
    assert [remark.kind for remark in taken_over.remarks if remark.row == row] == ([warning] if warning else [])


@pytest.mark.recorded
def test_the_register_of_1547_rows_is_accepted_as_written(taken_over: Imported, tmp_path: Path) -> None:
    imported.write(tmp_path, taken_over)
    read = registry.read(tmp_path)
    assert (len(read.institutions), len(read.accounts)) == (1547 + 37, 1201)
    assert list(taken_over.exemptions) == tables.columns(tables.Exemptions)
    assert (tmp_path / "exemptions.csv").read_bytes().startswith(b"\xef\xbb\xbfinstitution_id;account_id;clause;")


@pytest.mark.recorded
def test_the_67_hospitals_are_taken_over_with_their_own_column_names(recorded: Path, tmp_path: Path) -> None:
    rows = json.loads((recorded / "registries" / "orenburg_hospitals_67_rows_2024-10.json").read_text("utf-8"))
    result = exchange.import_register(
        sheet(tmp_path, *rows, columns=["Наименование", "Ссылка", "Кол-во месяцев"]), kinds.load()
    )
    assert result.counts == {"account": 67, "exempt": 0, "closed_body": 0, "without_account": 0, "rejected": 0}
    names = {re.sub(r"^(club|public)(?=\d+$)", "", row["Ссылка"].rpartition("/")[2].lower()) for row in rows}
    assert {key.removeprefix("vk:") for key in result.register.accounts["account_id"]} == names
