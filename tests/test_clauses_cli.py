"""`kirov clauses`: the order as the program reads it, and what is wrong with an order of one's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_lake import write_order

from kirovlib import cli
from kirovlib.order import clauses

SHIPPED = clauses.CLAUSES_TOML.read_text(encoding="utf-8")
HEAD = "[[posts_per_week.editions]]"
EDITION = HEAD + SHIPPED.partition(HEAD)[2].partition("\n[group_decisions]")[0]
SECOND = EDITION.replace("= 2024-05-15", "= 2025-01-01").replace("minimum_posts = 3", "minimum_posts = 5")
TWO = SHIPPED.replace(EDITION, f"{EDITION}\n{SECOND}")


def kirov(*arguments: str, home: Path) -> Result:
    return CliRunner().invoke(cli.main, ["clauses", *arguments, "--home", str(home)], env={"KIROV_DEBUG": None})


def shown(*arguments: str, home: Path) -> str:
    """The output on one line."""
    result = kirov(*arguments, home=home)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path


def own(home: Path, text: str) -> Path:
    write_order(home / "data", text)
    return home


def test_each_clause_is_shown_with_whom_it_names_its_editions_and_its_words(home: Path) -> None:
    text = shown(home=home)
    for clause in clauses.load():
        (edition,) = clause.editions
        assert f"п. {clause.clause} {clause.title} [{clause.key}]" in text
        assert f"Цитата: «{edition.quote}»" in text
        assert f"Требуется: {clause.required(edition)}" in text
        assert f"Источник: {edition.reference} ({edition.source})" in text
    assert text.count("Редакция с 15.05.2024 (дата распоряжения: порядок вступления в силу в тексте не указан)") == 9
    assert "Кого называет: орган исполнительной власти; подведомственное учреждение Сети:" in text
    assert "Сети: ВКонтакте, Одноклассники, Телеграм На чём измеряется: аккаунт за неделю" in text


def test_the_numbers_and_choices_of_an_edition_are_shown(home: Path) -> None:
    text = shown(home=home)
    assert "Числа и допущения: minimum_posts = 3; count_reposts = нет; count_ads = да;" in text
    assert "mini_app_ids = [8181405]; absence_is_failure = нет" in text
    assert "minimum_accounts = 0; obliging_act = не задано" in text
    assert "items = []" in text


def test_lines_fit_a_terminal(home: Path) -> None:
    assert max(map(len, kirov(home=home).output.splitlines())) <= 100


def test_on_a_day_only_the_edition_in_force_then_is_shown(home: Path) -> None:
    own(home, TWO)
    assert shown(home=home).count("minimum_posts") == 2
    for day, number in (("2024-05-15", 3), ("31.12.2024", 3), ("2025-01-01", 5)):
        text = shown("--on", day, home=home)
        assert f"minimum_posts = {number};" in text
        assert text.count("minimum_posts") == 1


def test_before_the_order_each_clause_says_since_when_it_is_in_force(home: Path) -> None:
    text = shown("--on", "2024-05-14", home=home)
    assert text.count("В этот день пункт ещё не действовал; первая редакция — с 15.05.2024.") == 9
    assert "Цитата" not in text
    assert "не действовал" not in shown("--on", "2024-05-15", home=home)


def test_json_holds_what_the_file_holds(home: Path) -> None:
    read = json.loads(kirov("--json", home=home).output)
    assert [each["key"] for each in read] == [clause.key for clause in clauses.load()]
    for each, clause in zip(read, clauses.load(), strict=True):
        (edition,) = each["editions"]
        assert edition["quote"] == clause.editions[0].quote
        assert edition["in_force_from"] == "2024-05-15"
        assert edition["parameters"] == clause.editions[0].parameters
        assert (each["clause"], each["kinds"]) == (clause.clause, list(clause.kinds))


def test_json_of_a_day_holds_the_editions_of_that_day(home: Path) -> None:
    own(home, TWO)

    def numbers(*arguments: str) -> list[int]:
        read = {each["key"]: each["editions"] for each in json.loads(kirov("--json", *arguments, home=home).output)}
        return [edition["parameters"]["minimum_posts"] for edition in read["posts_per_week"]]

    assert numbers() == [3, 5]
    assert numbers("--on", "2025-01-01") == [5]
    assert numbers("--on", "2024-05-14") == []


def test_an_order_of_the_home_folder_is_shown_instead_of_the_shipped_one(home: Path) -> None:
    own(home, SHIPPED.replace('title = "Не менее трёх публикаций в неделю"', 'title = "Своё название"'))
    assert "п. 3.1 Своё название [posts_per_week]" in shown(home=home)


def test_an_order_of_the_home_folder_may_quote_an_act_of_its_own(home: Path) -> None:
    quote = "не менее пяти раз в неделю"
    own(home, TWO.replace(SECOND, another(quote=quote, source="own.txt")))
    (home / "data" / "order" / "texts").mkdir()
    (home / "data" / "order" / "texts" / "own.txt").write_text("размещают не менее\nпяти  раз в неделю.", "utf-8")
    assert f"Цитата: «{quote}»" in shown(home=home)


def test_a_wrong_date_is_refused(home: Path) -> None:
    assert kirov("--on", "вчера", home=home).exit_code == 2


# --- an order that is wrong


def another(**cells: str) -> str:
    """The second edition with other words."""
    lines = SECOND.splitlines()
    for name, value in cells.items():
        lines = [f'{name} = "{value}"' if line.startswith(f"{name} = ") else line for line in lines]
    return "\n".join(lines) + "\n"


def line_of(text: str, head: str, number: int) -> int:
    return [row for row, line in enumerate(text.splitlines(), 1) if line == head][number - 1]


def refused(home: Path, text: str) -> str:
    result = kirov(home=own(home, text))
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.output


WRONG = {
    "a date before its predecessor's": (SECOND.replace("= 2025-01-01", "= 2024-05-14"), "2024-05-14 не позже"),
    "the date of its predecessor": (SECOND.replace("= 2025-01-01", "= 2024-05-15"), "2024-05-15 не позже"),
    "a quotation of its own": (another(quote="не менее пяти раз в неделю"), "цитаты «не менее пяти раз в неделю» нет"),
    "a quotation without its misspelling": (another(quote="размещяют"), "цитаты «размещяют» нет"),
    "no quotation": (another(quote=""), "цитаты «» нет"),
    "a text that is not there": (another(source="132.txt"), "source «132.txt»: такого текста акта нет"),
    "a text elsewhere": (another(source="../clauses.toml"), "source «../clauses.toml»: такого текста акта нет"),
    "an unknown parameter": (SECOND.replace("minimum_posts", "minimal_posts"), "minimal_posts = 5"),
    "a value out of its range": (SECOND.replace("= 5", "= 0"), "minimum_posts = 0"),
    "a parameter too few": (SECOND.replace("count_ads = true, ", ""), "нет: count_ads"),
    "an unknown key": (SECOND.replace("quote", "qoute"), "лишнее: qoute"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_an_edition_is_told_with_file_clause_edition_and_line(home: Path, name: str) -> None:
    second, named = WRONG[name]
    text = TWO.replace(SECOND, second)
    assert second != SECOND
    message = refused(home, text)
    assert f"clauses.toml, [posts_per_week], редакция 2, строка {line_of(text, HEAD, 2)}: " in message
    assert named in message


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('kinds = ["executive_authority", "subordinate"]', 'kinds = ["school"]', "неизвестно «school»"),
        ('platforms = ["vk", "ok", "telegram"]', 'platforms = ["vk", "max"]', "неизвестно «max»"),
        ('measured_on = "week"', 'measured_on = "day"', "неизвестно «day»"),
        ('title = "Не менее трёх публикаций в неделю"\n', "", "нет: title"),
        ("{minimum_posts}", "{minimum}", "имена параметров редакции"),
    ],
)
def test_a_mistake_in_a_clause_is_told_with_file_clause_and_line(home: Path, old: str, new: str, named: str) -> None:
    place = SHIPPED.index("[posts_per_week]")
    text = SHIPPED[:place] + SHIPPED[place:].replace(old, new, 1)
    assert text != SHIPPED
    message = refused(home, text)
    assert f"clauses.toml, [posts_per_week], строка {line_of(text, '[posts_per_week]', 1)}" in message
    assert named in message


def test_a_clause_that_no_function_decides_is_refused_with_its_name(home: Path) -> None:
    message = refused(home, SHIPPED.replace("posts_per_week", "posts_per_month"))
    assert "clauses.toml, [posts_per_month]" in message
    assert "checks.py нет функции «posts_per_month»" in message


@pytest.mark.parametrize("key", ["predicate", "Outcome", "timedelta", "field"])
def test_a_clause_named_like_something_else_in_the_module_is_refused_as_well(home: Path, key: str) -> None:
    refused(home, SHIPPED.replace("group_decisions", key))


@pytest.mark.parametrize(
    ("old", "new"),
    [('unit = "account"', 'unit = ["account"]'), ("items = []", 'items = [["сайт"]]'),
     ('misspelt_link_verdict = "cannot_tell"', "misspelt_link_verdict = []"),
     ("{minimum_posts}", "{minimum_posts[0]}")],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_with_its_place(home: Path, old: str, new: str) -> None:
    assert old in SHIPPED
    assert "clauses.toml, [" in refused(home, SHIPPED.replace(old, new))


def test_a_text_of_an_act_in_another_encoding_is_refused_with_its_place(home: Path) -> None:
    folder = home / "data" / "order" / "texts"
    folder.mkdir(parents=True)
    (folder / "own.txt").write_bytes("Порядок".encode("cp1251"))
    assert "own.txt" in refused(home, TWO.replace(SECOND, another(source="own.txt")))


def test_an_order_without_clauses_is_refused(home: Path) -> None:
    assert "clauses.toml" in refused(home, "# всё удалено\n")


def test_a_clause_measured_on_something_that_its_function_does_not_know_is_refused(home: Path) -> None:
    assert "measured_on" in refused(home, SHIPPED.replace('measured_on = "week"', 'measured_on = "profile"'))


def test_markup_that_is_no_toml_is_refused_with_the_file(home: Path) -> None:
    message = refused(home, SHIPPED + "[[")
    assert "clauses.toml: ошибка разметки TOML" in message


def test_other_commands_refuse_a_wrong_order_with_the_same_words(home: Path) -> None:
    sample = Path(__file__).resolve().parents[1] / "data" / "sample"
    shutil.copytree(sample, home / "data", dirs_exist_ok=True)
    message = refused(home, TWO.replace(SECOND, WRONG["a quotation of its own"][0]))
    result = CliRunner().invoke(cli.main, ["findings", "--week", "2024-W28", "--home", str(home)])
    assert (result.exit_code, result.output) == (2, message)
