"""«Как считали» names the editions by which a period was judged and every choice taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from small_lake import W23, Small, write_order

from kirovlib import registry, tables
from kirovlib.order import clauses
from kirovlib.order.evaluate import Judgement, judge
from kirovlib.order.method import editions_used, method, quotations
from kirovlib.registry import Side
from kirovlib.weeks import Period

SHIPPED = clauses.CLAUSES_TOML.read_text(encoding="utf-8")
POSTS_HEAD = "[[posts_per_week.editions]]"
POSTS_EDITION = POSTS_HEAD + SHIPPED.partition(POSTS_HEAD)[2].partition("\n[group_decisions]")[0]
SECOND = POSTS_EDITION.replace("= 2024-05-15", "= 2024-05-27").replace("дата распоряжения", "опубликовано").replace(
    "minimum_posts = 3", "minimum_posts = 5"
)  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Small:
    made = Small(tmp_path)
    made.until = W23
    made.covered()
    made.posts(3)
    made.store()
    return made


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    made = Small(tmp_path_factory.mktemp("method"))
    made.covered()
    made.posts(3)
    made.store()
    return judge("2024-W21", made.home)


def with_order(small: Small, text: str, period: str | Period = "2024-W21") -> Judgement:
    (small.home / "order").mkdir(exist_ok=True)
    write_order(small.home, text)
    return judge(period, small.home)


def line(judged: Judgement, start: str) -> str:
    (found,) = [each for each in method(judged) if each.startswith(start)]
    return found


def test_the_zone_the_edition_with_its_date_and_its_basis_and_what_is_not_seen_are_named(judged: Judgement) -> None:
    lines = method(judged)
    assert lines[0] == "Неделя — с понедельника 00:00 до воскресенья 24:00 по времени Кирова (Europe/Kirov, UTC+3)."
    edition = line(judged, "Редакция, действующая с")
    assert "с 15.05.2024 (дата распоряжения: порядок вступления в силу в тексте не указан)" in edition
    for number in ("1", "2.2", "2.3", "2.4.1", "2.4.2", "2.5", "3.1", "3.2"):
        assert edition.count(f"п. {number},") + edition.count(f"п. {number}.") == 1, number
    assert any("Не видны: клипы, истории и статьи" in each for each in lines)


def test_each_choice_of_the_shipped_order_is_said(judged: Judgement) -> None:
    text = "\n".join(method(judged))
    for words in (
        "3 или больше публикаций за неделю на каждый аккаунт", "Репост с собственным текстом остаётся репостом.",
        "Реклама считается; исчезнувшие после сбора публикации считаются; несколько публикаций за день — это несколько",
        "Неделя, посреди которой вступила в силу редакция, не проверяется", "проверяется дважды",
        "Ссылка с повреждённым обязательным параметром — «не установлено»", "— 33 (ОКАТО)",
        "узнаётся по номеру (8181405). Его отсутствие в меню, кнопке и ссылках не считается нарушением",
        "Перечень п. 2.2 содержится в базовом акте и в программу не внесён", "старше 92 суток нарушением не считается",
        "не обязывает завести аккаунт", "только в Одноклассниках", "прямо записано с датой и источником",
    ):  # fmt: skip
        assert words in text


def test_every_clause_of_the_order_says_its_choices_and_none_twice(judged: Judgement) -> None:
    lines = method(judged)
    assert len(lines) == len(set(lines))
    for clause in judged.clauses:
        rest = replace(judged, clauses=tuple(each for each in judged.clauses if each.key != clause.key))
        if clause.key not in {"vk_report_problem", "vk_voice_opinion"}:  # they share their choices
            assert len(method(rest)) < len(lines), clause.key


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("minimum_posts = 3", "minimum_posts = 4", "4 или больше публикаций"),
        ("count_reposts = false", "count_reposts = true", "Репосты считаются."),
        ("count_ads = true", "count_ads = false", "Реклама не считается"),
        ("count_removed = true", "count_removed = false", "исчезнувшие после сбора публикации не считаются"),
        ("distinct_days = false", "distinct_days = true", "несколько публикаций за день — один день"),
        ('unit = "account"', 'unit = "institution"', "на все аккаунты учреждения вместе"),
        ('misspelt_link_verdict = "cannot_tell"', 'misspelt_link_verdict = "failed"', "параметром — «нарушение»"),
        ('oktmo_region = "33"', 'oktmo_region = "34"', "— 34 (ОКАТО)"),
        ('mini_app_ids = ["8181405"]', 'mini_app_ids = ["1", "2"]', "по номеру (1, 2)"),
        ("absence_is_failure = false", "absence_is_failure = true", "и ссылках считается нарушением"),
        ("items = []", 'items = ["аватар", "сайт"]', "По п. 2.2 на странице искались: аватар, сайт."),
        ("statement_days = 92", "statement_days = 30", "старше 30 суток нарушением не считается"),
        ('minimum_accounts = 0, obliging_act = ""', 'minimum_accounts = 2, obliging_act = "Приказ № 7"',
         "Вести аккаунты (не меньше 2) обязывает Приказ № 7."),
    ],
)  # fmt: skip
def test_another_choice_is_said_in_other_words(small: Small, old: str, new: str, words: str) -> None:
    assert old in SHIPPED
    assert words not in "\n".join(method(judge("2024-W21", small.home)))
    assert words in "\n".join(method(with_order(small, SHIPPED.replace(old, new))))


def test_a_period_with_two_editions_names_both(small: Small) -> None:
    order = SHIPPED.replace(POSTS_EDITION, POSTS_EDITION + "\n" + SECOND)
    lines = method(with_order(small, order, Period.between(date(2024, 5, 20), date(2024, 6, 2))))
    editions = [each for each in lines if each.startswith("Редакция, действующая с")]
    assert ["15.05.2024" in each for each in editions] == [True, False]
    assert "с 27.05.2024 (опубликовано: порядок вступления в силу в тексте не указан): п. 3.1." in editions[1]
    assert [each[:43] for each in lines if "Норма п. 3.1" in each] == [
        "Редакция с 15.05.2024. Норма п. 3.1 — 3 или",
        "Редакция с 27.05.2024. Норма п. 3.1 — 5 или",
    ]


@pytest.mark.parametrize(("period", "numbers"), [("2024-W21", [3]), ("2024-W22", [5]), ("2024-05", [3, 5])])
def test_only_the_editions_in_force_in_a_week_of_the_period_are_used(
    small: Small, period: str, numbers: list[int]
) -> None:
    judged = with_order(small, SHIPPED.replace(POSTS_EDITION, POSTS_EDITION + "\n" + SECOND), period)
    used = editions_used(judged.clause("posts_per_week"), judged)
    assert [edition.parameters["minimum_posts"] for edition in used] == numbers
    assert len(editions_used(judged.clause("scope"), judged)) == 1
    shown = quotations(judged)
    assert (
        list(shown.loc[shown["clause"] == "posts_per_week", "expected"].str.extract(r"(\d+)")[0].astype(int)) == numbers
    )


def test_a_page_is_judged_by_the_edition_of_the_periods_last_day(small: Small) -> None:
    head = "[[vk_portal_mini_app.editions]]"
    edition = head + SHIPPED.partition(head)[2].partition("\n[gospabliki]")[0]
    later = edition.replace("= 2024-05-15", "= 2024-05-27").replace("8181405", "1")
    judged = with_order(small, SHIPPED.replace(edition, edition + "\n" + later), "2024-05")
    (used,) = editions_used(judged.clause("vk_portal_mini_app"), judged)
    assert used.parameters["mini_app_ids"] == ["1"]
    assert "по номеру (1)" in "\n".join(method(judged))


def test_before_the_order_no_edition_and_no_choice_is_named(small: Small) -> None:
    judged = judge("2024-W19", small.home)
    text = "\n".join(method(judged))
    assert "Редакция" not in text
    assert "Норма п. 3.1" not in text
    assert "Europe/Kirov" in text
    assert quotations(judged).empty


def test_the_words_of_the_order_stand_verbatim_in_its_own_order(judged: Judgement) -> None:
    rows = quotations(judged)
    assert list(rows["clause"]) == [clause.key for clause in judged.clauses]
    assert list(rows["quote"]) == [clause.editions[0].quote for clause in judged.clauses]
    assert set(rows["in_force_from"]) == {date(2024, 5, 15)}


# --- where the data come from


def test_accounts_from_files_are_named_and_many_are_counted(judged: Judgement) -> None:
    assert not any("Из файлов" in each for each in method(judged))
    one = line(replace(judged, from_file=("vk:a",)), "Из файлов")
    assert "публикации аккаунтов: vk:a. Что в файле" in one
    names = tuple(f"vk:n{number:02}" for number in range(20))
    assert "vk:n19. Что в файле" in line(replace(judged, from_file=names), "Из файлов")
    many = line(replace(judged, from_file=(*names, "vk:x", "vk:y")), "Из файлов")
    assert "vk:n19 и ещё 2. Что в файле" in many
    assert "vk:x" not in many


def test_made_up_and_recorded_data_say_so(judged: Judgement) -> None:
    for source, words in (("sandbox", "Учебные данные"), ("replay", "Записанные ответы")):
        assert method(replace(judged, source=source))[-1].startswith(words)
    for source in ("network", "file"):
        assert method(replace(judged, source=source)) == method(replace(judged, source="network"))


def test_exemptions_and_checks_by_people_are_explained_where_there_are_any(small: Small) -> None:
    assert not any("Исключение по акту" in each or "Проверка человеком" in each
                   for each in method(judge("2024-W21", small.home)))  # fmt: skip
    exemption = {"institution_id": "1", "clause": "*", "act": "Приказ № 7"}
    check = {
        "account_id": "vk:a", "clause": "vk_portal_mini_app", "period_from": date(2024, 5, 20),
        "period_until": date(2024, 5, 26), "result": "passed", "checked_by": "Иванова", "checked_on": date(2024, 5, 27),
        "proof": "снимок.png",
    }  # fmt: skip
    side = Side(
        tables.validate(tables.Exemptions, pd.DataFrame([exemption])), tables.empty(tables.Decisions),
        tables.empty(tables.Acknowledgements), tables.validate(tables.ManualChecks, pd.DataFrame([check])),
    )  # fmt: skip
    registry.write_side(small.home / "registry", side)
    judged = judge("2024-W21", small.home)
    assert line(judged, "Исключение по акту")
    assert line(judged, "Проверка человеком")
