"""The register back in the exchange layout: the import takes it over as it was, and blanks stay unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from small_lake import OGRN, OTHER_OGRN, W20, W21, W23, Small

from kirovlib import registry, reports
from kirovlib.cli import main
from kirovlib.exports import exchange as exports
from kirovlib.order.evaluate import judge
from kirovlib.registry import Register, exchange, exchange_keys, exchange_out, kinds
from kirovlib.registry.imported import Imported

NAME = "Наименование подведомственной организации"
FORM = "https://pos.gosuslugi.ru/form/?opaId=222775&utm_source=vk&utm_medium=33&utm_campaign=1022800520060"
SURVEYS = "https://pos.gosuslugi.ru/og/org-activities?reg_code=330000"


def sheet(file: Path) -> list[dict[str, Any]]:
    head, *rows = openpyxl.load_workbook(file)["Реестр"].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def exported(small: Small, period: str = "2024-W21", past_weeks: int = 0) -> dict[str, dict[str, Any]]:
    small.store()
    exports.write(small.home / "x.xlsx", judge(period, small.home, past_weeks=past_weeks))
    return {row[NAME]: row for row in sheet(small.home / "x.xlsx")}


def again(small: Small) -> Imported:
    exported(small)
    return exchange.import_register(small.home / "x.xlsx", kinds.load())


def same(one: Register, other: Register) -> None:
    for name, key, lost in (("institutions", "institution_id", []), ("accounts", "account_id", ["gospabliki_source"])):
        tables = [getattr(each, name).drop(columns=lost).sort_values(key, ignore_index=True) for each in (one, other)]
        pd.testing.assert_frame_equal(*tables)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    made = Small(tmp_path)
    made.institution("1", ogrn=OGRN, name="Школа")
    made.account("vk:a", url="https://vk.com/a")
    made.covered(None, None, outcome="not_collected", reason="quota")
    return made


# --- there and back


@pytest.mark.parametrize("home", ["data/sample", "demo"])
def test_the_import_takes_over_the_same_institutions_and_accounts(
    home: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    data = Path(home) if home != "demo" else request.getfixturevalue("small_demo").index.parents[2] / "data"
    exports.write(tmp_path / "x.xlsx", judge("2024-W28", data))
    result = CliRunner().invoke(main, ["registry", "import", str(tmp_path / "x.xlsx"), "--out", str(tmp_path / "new")])
    assert result.exit_code == 0, result.output
    same(registry.read(data / "registry"), registry.read(tmp_path / "new"))


@pytest.mark.recorded
def test_the_register_of_1547_rows_comes_back_as_it_was(recorded: Path, tmp_path: Path) -> None:
    first = exchange.import_register(recorded / "registries" / "federal_export_1547_rows.xlsx", kinds.load())
    acts = dict(zip(first.exemptions["institution_id"], first.exemptions["act"], strict=True))
    found = exchange_out.rows(first.register, acts, kinds.load())
    assert len(found) == 1547
    frame = pd.DataFrame([cells for _, _, cells in found], columns=list(exchange_out.COLUMNS))
    frame.to_csv(tmp_path / "x.csv", sep=";", index=False)
    second = exchange.import_register(tmp_path / "x.csv", kinds.load())
    same(first.register, second.register)
    assert second.counts == first.counts
    assert set(second.exemptions["institution_id"]) == set(first.exemptions["institution_id"])


def test_the_layouts_own_columns_come_first_and_the_import_knows_those_it_reads(small: Small) -> None:
    row = next(iter(exported(small).values()))
    assert list(row)[:20] == list(exchange_out.LAYOUT)
    remarks = {remark.kind for remark in again(small).remarks}
    assert "missing_columns" not in remarks


def test_keys_dates_and_numbers_of_accounts_survive_a_rename(small: Small) -> None:
    small.account("vk:old", url="https://vk.com/new", platform_id="55", opened_on=pd.Timestamp("2022-03-07"),
                  closed_on=pd.Timestamp("2024-02-01"), gospabliki_connected=False,
                  gospabliki_on=pd.Timestamp("2024-04-01"))  # fmt: skip
    small.account("ok:school", url="https://ok.ru/school", platform_id="77")
    small.account("telegram:a", url="https://t.me/a")
    small.account("telegram:b", url="https://t.me/b")
    small.account("max:a", url="https://max.ru/a")
    result = again(small)
    same(registry.read(small.home / "registry"), result.register)


def test_each_kind_of_institution_comes_back_as_itself(small: Small) -> None:
    for number, kind in enumerate(("executive_authority", "subordinate", "state_participation", "other")):
        small.institution(kind, name=f"Нечто {number}", kind=kind)
        small.institution(f"{kind}-2", name=f"Министерство {number}", kind=kind, founder_id=kind, municipality="Зея")
    found = again(small).register.institutions.set_index("institution_id")["kind"]
    for kind in ("executive_authority", "subordinate", "state_participation", "other"):
        assert (found[kind], found[f"{kind}-2"]) == (kind, kind)


def test_founders_of_one_name_keep_their_own_institutions(small: Small) -> None:
    for key in ("5", "6"):
        small.institution(key, name="Управление образования", kind="other")
    small.institution("7", name="Управление образования", founder_id="6")
    small.institution("8", name="Сад", founder_id="6")
    small.institution("9", name="Клуб", founder_id="5")
    found = again(small).register.institutions.set_index("institution_id")["founder_id"]
    assert found[["7", "8", "9"]].tolist() == ["6", "6", "5"]
    assert set(found.index) == {"1", "5", "6", "7", "8", "9"}


def test_a_closed_institution_stays_closed(small: Small) -> None:
    small.institution("2", name="Сад", ogrn=OTHER_OGRN, closed_on=pd.Timestamp("2024-02-01"), status="Ликвидация")
    found = again(small).register.institutions.set_index("institution_id").loc["2"]
    assert (found["closed_on"], found["status"]) == (pd.Timestamp("2024-02-01"), "Ликвидация")


def test_an_act_that_frees_from_everything_stands_in_its_column_and_one_of_a_clause_does_not(small: Small) -> None:
    small.institution("2", name="Сад", ogrn=OTHER_OGRN)
    small.institution("3", name="Ясли")
    small.beside["exemptions"] = [
        {"institution_id": "2", "clause": "*", "act": "Распоряжение № 5"},
        {"institution_id": "3", "clause": "posts_per_week", "act": "Распоряжение № 6"},
        {"institution_id": "1", "clause": "*", "act": "Распоряжение № 7", "exempt_until": pd.Timestamp("2024-05-01")},
    ]
    small.institution("4", name="Клуб")  # free for a time: the import would make it for ever
    small.beside["exemptions"].append(
        {"institution_id": "4", "clause": "*", "act": "Распоряжение № 8", "exempt_until": pd.Timestamp("2024-12-31")}
    )
    rows = exported(small)
    acts = {name: row["Официальная страница не ведется на основании"] for name, row in rows.items()}
    assert acts == {"Школа": None, "Сад": "Распоряжение № 5", "Ясли": None, "Клуб": None}
    assert again(small).exemptions["institution_id"].tolist() == ["2"]


# --- keys named by a foreign file


def imported(
    folder: Path, *rows: str, head: str = "Наименование;Ссылка;ОГРН;Ключ учреждения;Ключи страниц"
) -> Imported:
    file = folder / "x.csv"
    file.write_text("\n".join((head, *rows)) + "\n", "utf-8")
    return exchange.import_register(file, kinds.load())


def test_keys_that_do_not_fit_are_not_taken_and_told(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        "А;https://vk.com/a1;;k1;vk:x1",
        "Б;https://vk.com/b1;;k1;vk:x1",
        "В;https://vk.com/c1;;../k;ok:5",
        f"Г;https://vk.com/d1;{OGRN};;",
        f'Д;https://vk.com/e1;;{OGRN};"vk:e2; vk:e3"',
    )
    keys = result.register.institutions["institution_id"].tolist()
    assert (keys[0], keys[3]) == ("k1", OGRN)
    assert all(key.startswith("row-") for key in (keys[1], keys[2], keys[4]))
    assert len(set(keys)) == 5
    assert result.register.accounts["account_id"].tolist() == ["vk:x1", "vk:b1", "vk:c1", "vk:d1", "vk:e1"]
    assert [remark.row for remark in result.remarks if remark.kind == "keys_do_not_fit"] == [3, 3, 4, 4, 6, 6]


@pytest.mark.parametrize("cell", ["", "vk", "vk:", ":a", "vk:a (", "VK:a", "vk:a b", "=1+1", "vk:a (создан вчера"])
def test_what_is_no_key_is_none(cell: str) -> None:
    assert exchange_keys.parse(cell) == []


def test_further_pages_are_accounts_of_the_row_and_each_address_belongs_to_one_row(tmp_path: Path) -> None:
    head = "Наименование;Ссылка;Ссылки на Одноклассники;Ссылки на Телеграм;Другие страницы"
    result = imported(
        tmp_path,
        "А;https://vk.com/a1;https://ok.ru/group/55;https://t.me/a https://t.me/a2;https://vk.com/a3",
        "Б;;https://ok.ru/group/55;t.me/b;нет",
        head=head,
    )
    found = result.register.accounts.groupby("institution_id", sort=False)["account_id"].agg(list).tolist()
    assert found == [["vk:a1", "ok:55", "telegram:a", "telegram:a2", "vk:a3"], ["telegram:b"]]
    assert [(one.kept_row, one.row) for one in result.duplicates] == [(2, 3)]
    assert list(result.groups.values()) == ["account", "account"]


# --- what was collected


def test_what_is_not_known_is_blank_and_never_zero(small: Small) -> None:
    row = exported(small)["Школа"]
    for title in ("Госметка (да/нет)", "Виджеты (0/1/2)", "Активность (%)", "Количество подписчиков"):
        assert row[title] is None


@pytest.mark.parametrize(("mark", "shown"), [(True, "да"), (False, "нет"), (None, None)])
def test_the_mark_is_yes_no_or_blank(small: Small, mark: bool | None, shown: str | None) -> None:
    small.snapshot([], "22.05 12:00", government_mark=mark, subscriber_count=7)
    row = exported(small)["Школа"]
    assert (row["Госметка (да/нет)"], row["Количество подписчиков"]) == (shown, 7)


@pytest.mark.parametrize(("marked", "shown"), [(0, None), (1, "нет")])
def test_a_mark_that_nobody_of_many_has_tells_nothing(small: Small, marked: int, shown: str | None) -> None:
    for number in range(20):
        small.institution(f"i{number}", name=f"Сад {number}")
        small.account(f"vk:b{number}", f"i{number}", url=f"https://vk.com/b{number}")
        small.snapshot([], "22.05 12:00", f"vk:b{number}", government_mark=number < marked)
    assert exported(small)["Сад 19"]["Госметка (да/нет)"] == shown


@pytest.mark.parametrize(
    ("menu", "count"),
    [
        ([], 0),
        ([("Решаем вместе", FORM)], 1),
        ([("Решаем вместе", SURVEYS)], 1),
        ([("Решаем вместе", FORM), ("Решаем вместе", SURVEYS)], 2),
        ([("Решаем вместе", FORM), ("Решаем вместе", "https://clck.ru/x")], None),
        ([("Решаем вместе", FORM.replace("opaId", "opald"))], None),
    ],
)
@pytest.mark.parametrize("kind", ["subordinate", "other"])
def test_widgets_are_the_sections_found_or_blank_where_one_is_in_doubt(
    small: Small, kind: str, menu: list[tuple[str, str]], count: int | None
) -> None:
    small.institution("1", ogrn=OGRN, name="Школа", kind=kind)
    small.snapshot(menu, "22.05 12:00")
    assert exported(small)["Школа"]["Виджеты (0/1/2)"] == count


def test_a_menu_that_was_not_answered_is_no_zero(small: Small) -> None:
    small.snapshot(None, "22.05 12:00")
    assert exported(small)["Школа"]["Виджеты (0/1/2)"] is None


def test_activity_is_the_share_of_decided_weeks_that_met_the_norm(small: Small) -> None:
    small.institution("2", name="Сад")
    small.account("vk:b", "2", url="https://vk.com/b")
    small.covered(W20, W23)
    small.covered(W21, W21 + (W23 - W21) / 2, "vk:b")
    small.posts(3, W21)
    small.posts(1, W23 - (W23 - W21) / 2)
    small.posts(3, W21, "vk:b")
    rows = exported(small, "2024-05-20_2024-06-02", past_weeks=1)
    assert (rows["Школа"]["Активность (%)"], rows["Сад"]["Активность (%)"]) == (50, 100)
    assert {type(rows[name]["Активность (%)"]) for name in rows} == {int}


def test_activity_of_those_whom_the_norm_does_not_bind_is_blank(small: Small) -> None:
    small.institution("1", ogrn=OGRN, name="Школа", kind="other")
    small.covered()
    assert exported(small)["Школа"]["Активность (%)"] is None


# --- the file


def test_foreign_text_stays_text_and_comes_back(small: Small) -> None:
    small.institution("1", ogrn=OGRN, name='=HYPERLINK("http://x";"y")', short_name="+1", sphere="@a")
    result = again(small)
    found = openpyxl.load_workbook(small.home / "x.xlsx")["Реестр"]
    assert {cell.data_type for row in found.iter_rows() for cell in row} <= {"s", "n"}
    assert not found._hyperlinks or all(link.target.startswith("http") for link in found._hyperlinks)
    row = result.register.institutions.iloc[0]
    assert (row["name"], row["short_name"], row["sphere"]) == ('=HYPERLINK("http://x";"y")', "+1", "@a")


def test_numbers_of_institutions_are_text_and_the_same_state_gives_the_same_bytes(small: Small) -> None:
    row = exported(small)["Школа"]
    first = (small.home / "x.xlsx").read_bytes()
    exported(small)
    assert row["ОГРН"] == OGRN
    assert (small.home / "x.xlsx").read_bytes() == first


def test_the_command_writes_it_and_refuses_another_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(Path("data/sample").resolve(), target_is_directory=True)
    asked = ["findings", "--week", "2024-W28", "--home", str(tmp_path), "--exchange-xlsx"]
    result = CliRunner().invoke(main, [*asked, str(tmp_path / "x.xlsx")])
    assert result.exit_code in {0, 3}, result.output
    rows = sheet(tmp_path / "x.xlsx")
    assert len(rows) == 24
    assert any(row["Активность (%)"] not in {None, 0, 100} for row in rows)  # twelve weeks, not one
    refused = CliRunner().invoke(main, [*asked, str(tmp_path / "x.csv")])
    assert (refused.exit_code, "--exchange-xlsx" in refused.output) == (2, True)


def test_a_report_writes_the_same_file_and_refuses_it_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*_: Any, **__: Any) -> Path:
        told = {"shortcomings": [], "period": "2024-W28", "parameters": {"mend_days": 14}}
        (tmp_path / "run.json").write_text(json.dumps(told), "utf-8")
        return tmp_path / "index.html"

    (tmp_path / "data").symlink_to(Path("data/sample").resolve(), target_is_directory=True)
    asked = ["--week", "2024-W28", "--home", str(tmp_path), "--exchange-xlsx"]
    monkeypatch.setattr(reports, "build", lambda *_, **__: pytest.fail("a report was begun"))
    refused = CliRunner().invoke(main, ["report", *asked, str(tmp_path / "x.csv")])
    assert (refused.exit_code, "--exchange-xlsx" in refused.output) == (2, True)
    again = CliRunner().invoke(main, ["report", "--repeat", "run.json", "--exchange-xlsx", "x.xlsx"])
    assert (again.exit_code, "уберите остальное" in again.output) == (2, True)
    monkeypatch.setattr(reports, "build", build)
    for command, name in (("report", "x.xlsx"), ("findings", "y.xlsx")):
        result = CliRunner().invoke(main, [command, *asked, str(tmp_path / name)])
        assert "Реестр в форме обмена" in result.output
    assert (tmp_path / "x.xlsx").read_bytes() == (tmp_path / "y.xlsx").read_bytes()
