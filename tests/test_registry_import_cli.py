"""`kirov registry import` says what it did, and writes nothing over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kirovlib import registry
from kirovlib.cli import main

TEXT = "Наименование;Ссылка;ОГРН\nШкола;https://vk.com/a1;1022800520060\nСад;0;\n;https://vk.com/b1;\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "export.csv"
    made.write_text(TEXT, "utf-8")
    return made


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["registry", "import", *map(str, arguments)])


def test_groups_warnings_and_what_to_do_next_are_printed(file: Path, tmp_path: Path) -> None:
    result = run(file, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    for words in ("строк 3", "(account): 1", "(rejected): 1", "строка 4: нет наименования", "строка 3: нет ОГРН",
                  "Вид не известен", "kirov registry check"):  # fmt: skip
        assert words in result.output
    assert len(registry.read(tmp_path / "out").institutions) == 2


def test_json_is_one_object_with_every_row(file: Path, tmp_path: Path) -> None:
    found = json.loads(run(file, "--out", tmp_path / "out", "--json").stdout)
    assert [row["row"] for row in found["rows"]] == [2, 3, 4]
    assert sum(found["groups"].values()) == found["row_count"] == 3
    assert found["warnings"][0].keys() == {"kind", "text", "row"}


@pytest.mark.parametrize("name", ["institutions.csv", "exemptions.csv"])
def test_what_lies_there_is_not_written_over(file: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", "utf-8")
    result = run(file, "--out", tmp_path)
    assert result.exit_code == 2
    assert "--replace" in result.output
    assert (tmp_path / name).read_text("utf-8") == "mine"
    assert not (tmp_path / "accounts.csv").exists()


def test_replace_keeps_every_earlier_file_and_twice_gives_the_same_bytes(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "institutions.csv").write_text("mine", "utf-8")
    assert run(file, "--out", out, "--replace").exit_code == 0
    first = (out / "institutions.csv").read_bytes()
    assert run(file, "--out", out, "--replace").exit_code == 0
    assert (out / "institutions.csv").read_bytes() == first
    assert (out / "institutions.csv.bak").read_text("utf-8") == "mine"
    assert (out / "institutions.csv2.bak").read_bytes() == first


def test_a_bad_file_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "bad.xlsx").write_bytes(b"text")
    result = run(tmp_path / "bad.xlsx", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "bad.xlsx" in result.output
    assert not (tmp_path / "out").exists()


def test_own_kinds_decide(file: Path, tmp_path: Path) -> None:
    rules = tmp_path / "k.toml"
    rules.write_text('[[kind]]\nname = "^школа"\nkind = "subordinate"\n', "utf-8")
    assert run(file, "--out", tmp_path / "out", "--kinds", rules).exit_code == 0
    assert registry.read(tmp_path / "out").institutions["kind"].tolist() == ["subordinate", "other"]
    rules.write_text('[[kind]]\nname = "("\nkind = "subordinate"\n', "utf-8")
    result = run(file, "--out", tmp_path / "out2", "--kinds", rules)
    assert (result.exit_code, "k.toml, правило 1" in result.output) == (2, True)
