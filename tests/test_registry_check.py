"""`kirov registry check`: everything at once, mistakes end with 2, warnings do not."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kirovlib import cli
from kirovlib.registry.check import Checked, check

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "registry"
CLAUSES = ["posts_per_week"]
MINISTRY, SCHOOL = "1029900001009", "1029900050003"
CLEAN = {
    "institutions.csv": [
        "institution_id;name;kind;founder_id;ogrn",
        f"{MINISTRY};Министерство;executive_authority;;{MINISTRY}",
        f"{SCHOOL};Школа;subordinate;{MINISTRY};{SCHOOL}",
    ],
    "accounts.csv": [
        "account_id;platform_id;institution_id;platform;url;opened_on",
        f"vk:m;1;{MINISTRY};vk;https://vk.com/m;",
        f"vk:s;2;{SCHOOL};vk;https://vk.com/s;2022-03-07",
    ],
    "exemptions.csv": [
        "institution_id;account_id;clause;exempt_from;exempt_until;act",
        f"{SCHOOL};;*;2024-06-01;2024-06-30;Приказ № 1",
        ";vk:m;posts_per_week;;;Приказ № 2",
    ],
    "decisions.csv": [
        "decision_id;institution_id;decided_on;text;done;done_on;source",
        f"1;{SCHOOL};2024-05-20;Завести рубрику;нет;2024-06-20;Ответ школы",
        f"2;{SCHOOL};2024-05-21;Сменить обложку;;;",
    ],
    "acknowledgements.csv": [
        "institution_id;document;acknowledged_on;source",
        f"{SCHOOL};Порядок;2024-05-20;Лист",
        f"{MINISTRY};Порядок;2024-05-20;Лист",
    ],
    "manual_checks.csv": [
        "account_id;clause;period_from;period_until;result;answer;checked_by;checked_on;proof",
        "vk:s;posts_per_week;2024-05-20;2024-05-26;passed;;Иванова;2024-05-27;снимок",
        "vk:m;posts_per_week;2024-05-20;2024-05-26;contested;Согласны;Иванова;2024-05-27;снимок",
    ],
}
# File, row, what stands there, what is put instead, what must be said.
PLANTED = [
    ("institutions.csv", 2, f"authority;;{MINISTRY}", "authority;;1029900001008", "ogrn «1029900001008» не ОГРН"),
    ("institutions.csv", 3, f";{MINISTRY};", ";9;", "founder_id «9» нет среди учреждений"),
    ("accounts.csv", 2, "https://", "", "url «vk.com/m»; ожидается адрес"),
    ("accounts.csv", 3, "2022-03-07", "2022-02-30", "opened_on «2022-02-30»; ожидается дата"),
    ("exemptions.csv", 2, "2024-06-01", "2024-07-01", "exempt_from 2024-07-01 позже, чем exempt_until 2024-06-30"),
    ("exemptions.csv", 3, "Приказ № 2", "", "пустой столбец act"),
    ("decisions.csv", 2, "Ответ школы", "", "done «нет» без source"),
    ("decisions.csv", 3, SCHOOL, "7", "institution_id «7» нет среди учреждений"),
    ("acknowledgements.csv", 2, "2024-05-20", "2024-02-30", "acknowledged_on «2024-02-30»: такого дня нет"),
    ("acknowledgements.csv", 3, MINISTRY, SCHOOL + ";", "ячеек 5, а столбцов 4"),
    ("manual_checks.csv", 2, "posts_per_week", "3.1", "clause «3.1»; ожидается одно из: posts_per_week"),
    ("manual_checks.csv", 3, "Согласны", "", "result «contested» без answer"),
]


def put(folder: Path, *planted: tuple[str, int, str, str, str]) -> Path:
    files = {name: list(lines) for name, lines in CLEAN.items()}
    for name, row, sound, wrong, _ in planted:
        assert sound in files[name][row - 1]
        files[name][row - 1] = files[name][row - 1].replace(sound, wrong)
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def told(folder: Path, on: date = date(2024, 6, 1)) -> list[tuple[str, str]]:
    return [(warned.group, str(warned.what)) for warned in check(folder, CLAUSES, on=on).warnings]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["registry", "check", *arguments])


def matches(checked: Checked, planted: list[tuple[str, int, str, str, str]]) -> None:
    assert [(error.file, error.row) for error in checked.errors] == [(file, row) for file, row, *_ in planted]
    for error, (_, _, _, _, words) in zip(checked.errors, planted, strict=True):
        assert words in error.text


def test_twelve_planted_mistakes_are_all_named_with_file_and_row(tmp_path: Path) -> None:
    put(tmp_path, *PLANTED)
    matches(check(tmp_path, CLAUSES), PLANTED)
    result = run("--dir", str(tmp_path))
    assert result.exit_code == 2
    assert "Ошибок: 12." in result.output
    for file, row, _, _, words in PLANTED:
        line = next(line for line in result.output.splitlines() if line.startswith(f"  {file}, строка {row}: "))
        assert words.split("; ожидается одно из")[0] in line


@pytest.mark.parametrize("mended", range(len(PLANTED)))
def test_a_mended_mistake_disappears_alone(tmp_path: Path, mended: int) -> None:
    left = PLANTED[:mended] + PLANTED[mended + 1 :]
    matches(check(put(tmp_path, *left), CLAUSES), left)


def test_a_clean_folder_says_so(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "exemptions.csv").write_text(CLEAN["exemptions.csv"][0] + "\n", "utf-8")
    result = run("--dir", str(tmp_path))
    assert result.exit_code == 0
    assert "institutions.csv 2, accounts.csv 2, exemptions.csv 0, decisions.csv 2" in result.output
    assert result.output.endswith("Ошибок нет.\nПредупреждений нет.\n")


def test_the_sample_passes_with_warnings() -> None:
    result = run("--dir", str(SAMPLE))
    assert result.exit_code == 0
    assert "Ошибок нет." in result.output
    assert "  учреждения вида «прочие» (вне распоряжения): 3\n    institutions.csv, строка 23: Дума" in result.output


def test_machines_read_the_same_as_people(tmp_path: Path) -> None:
    put(tmp_path, *PLANTED)
    result = run("--dir", str(tmp_path), "--json")
    assert result.exit_code == 2
    found = json.loads(result.output)
    assert [(error["file"], error["row"]) for error in found["errors"]] == [(file, row) for file, row, *_ in PLANTED]
    assert found["counts"]["institutions.csv"] == 2
    assert {"group", "file", "row", "text"} == set(found["warnings"][0])


@pytest.mark.parametrize("name", list(CLEAN))
def test_a_fault_of_one_file_does_not_hide_or_invent_mistakes_of_the_others(tmp_path: Path, name: str) -> None:
    others = [planted for planted in PLANTED if planted[0] != name]
    if name == "institutions.csv":  # what it lists is not known then
        others = [planted for planted in others if "нет среди учреждений" not in planted[4]]
    put(tmp_path, *others)
    file = tmp_path / name
    first_column = CLEAN[name][0].split(";")[-1 if name in {"exemptions.csv", "acknowledgements.csv"} else 1]
    wanted = "kind" if name == "institutions.csv" else "url" if name == "accounts.csv" else first_column
    wanted = {"decisions.csv": "decided_on", "manual_checks.csv": "clause"}.get(name, wanted)
    file.write_text(file.read_text("utf-8").replace(wanted, "чужой", 1), "utf-8")
    errors = check(tmp_path, CLAUSES).errors
    own = [error for error in errors if error.file == name]
    assert len(own) == 1
    assert own[0].row == 1
    assert f"нет столбцов: {wanted}; неизвестные столбцы: чужой" in own[0].text
    assert [(error.file, error.row) for error in errors if error.file != name] == [
        (file, row) for file, row, *_ in others
    ]


def test_a_missing_file_and_broken_quotes_stand_beside_other_mistakes(tmp_path: Path) -> None:
    put(tmp_path, PLANTED[7], PLANTED[11])
    (tmp_path / "accounts.csv").unlink()
    file = tmp_path / "exemptions.csv"
    file.write_text(file.read_text("utf-8") + '"незакрыто;\n', "utf-8")
    assert [(error.file, error.row) for error in check(tmp_path, CLAUSES).errors] == [
        ("accounts.csv", None),
        ("exemptions.csv", 4),
        ("decisions.csv", 3),
        ("manual_checks.csv", 3),
    ]


def test_rows_before_broken_quotes_are_checked_too(tmp_path: Path) -> None:
    put(tmp_path, PLANTED[0], PLANTED[2], PLANTED[4])
    for name in ("accounts.csv", "exemptions.csv"):
        file = tmp_path / name
        file.write_text(file.read_text("utf-8") + '"незакрыто;\n', "utf-8")
    assert [(error.file, error.row) for error in check(tmp_path, CLAUSES).errors] == [
        ("institutions.csv", 2),
        ("accounts.csv", 2),
        ("accounts.csv", 4),
        ("exemptions.csv", 2),
        ("exemptions.csv", 4),
    ]


@pytest.mark.parametrize(
    ("on", "group"),
    [
        (date(2024, 6, 15), None),
        (date(2024, 6, 16), "exemption_ends_soon"),
        (date(2024, 6, 30), "exemption_ends_soon"),
        (date(2024, 7, 1), "exemption_ended"),
    ],
)
def test_an_exemption_is_told_from_14_days_before_its_end(tmp_path: Path, on: date, group: str | None) -> None:
    words = f"exemptions.csv, строка 2: {SCHOOL}, *: по 30.06.2024, Приказ № 1"
    assert told(put(tmp_path), on) == ([(group, words)] if group else [])


WARNED = [
    ("institutions.csv", "3;Музей;subordinate;;1022800520060", "institution_without_account", 4),
    ("institutions.csv", "3;Музей;subordinate;;1022800520060", "subordinate_without_founder", 4),
    ("institutions.csv", "3;Музей;state_participation;;", "no_ogrn", 4),
    ("institutions.csv", "3;Дума;other;;1022800520060", "kind_is_other", 4),
    ("institutions.csv", "3;Дума;other;;1\n4;Клуб;other;3;1", "founder_is_other", 4),
    ("accounts.csv", f"max:s;;{SCHOOL};max;https://max.ru/s;", "platform_not_collected", 4),
    ("accounts.csv", f"vk:t;;{SCHOOL};vk;http://m.vk.ru/S/?from=search;", "same_address", 4),
    ("accounts.csv", f"vk:t;;{SCHOOL};vk;https://vk.com/t;", "no_platform_id", None),
    ("exemptions.csv", f"{SCHOOL};;*;2024-06-30;;Приказ № 9", "exemptions_overlap", 4),
]


@pytest.mark.parametrize(("file", "line", "group", "row"), WARNED)
def test_a_doubtful_row_is_warned_about(tmp_path: Path, file: str, line: str, group: str, row: int | None) -> None:
    put(tmp_path)
    sound = check(tmp_path, CLAUSES, on=date(2024, 6, 1)).warnings
    assert sound == ()
    with (tmp_path / file).open("a", encoding="utf-8") as opened:
        opened.write(line + "\n")
    warnings = check(tmp_path, CLAUSES, on=date(2024, 6, 1)).warnings
    assert [(warned.what.file, warned.what.row) for warned in warnings if warned.group == group] == [(file, row)]


def test_an_applied_correction_is_told_with_its_reason(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "corrections.toml").write_text(
        '[[correction]]\nfile = "accounts.csv"\nkey = "vk:s"\ncolumn = "url"\nwas = "https://vk.com/s"\n'
        'becomes = "https://vk.com/s1"\nreason = "Опечатка"\nmade_on = 2024-06-01\nmade_by = "Иванова"\n',
        "utf-8",
    )
    assert told(tmp_path) == [
        (
            "correction_applied",
            "corrections.toml, строка 1: поправка 1: accounts.csv, строка 3, url: «https://vk.com/s» → "
            "«https://vk.com/s1» (Опечатка; Иванова, 01.06.2024)",
        )
    ]


def test_a_file_with_a_misspelt_name_does_not_pass_for_an_absent_one(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "exemptions.csv").rename(tmp_path / "exemption.csv")
    assert told(tmp_path) == [("misnamed_file", "exemption.csv: ожидается имя exemptions.csv")]


def test_two_places_cannot_be_checked_at_once(tmp_path: Path) -> None:
    result = run("--dir", str(tmp_path), "--home", str(tmp_path))
    assert result.exit_code == 2
    assert "Укажите что-нибудь одно: --dir или --home." in result.output
