"""The letter to a founder: what it says, foreign text stays text, a wrong template is told before any work."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import docx
import pytest
from click.testing import CliRunner
from small_lake import OGRN, W20, W21, W22, W23, Small

from kirovlib import cli
from kirovlib.errors import ParameterError
from kirovlib.order.evaluate import Judgement, judge
from kirovlib.reports import letter, letter_words
from kirovlib.weeks import Period

FOUNDER = "Министерство букварей и волшебных наук"
FORM = "https://pos.gosuslugi.ru/form/?opaId=222775&utm_source=vk&utm_medium=33&utm_campaign=" + OGRN
SURVEYS = "https://pos.gosuslugi.ru/og/org-activities?reg_code=33&utm_source=vk1&utm_medium=33&utm_campaign=" + OGRN
CREATED = datetime(2024, 5, 26, 21, tzinfo=UTC)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A founder `F` and its institution `1` with the account `vk:a`, read completely from W20 to W22."""
    small = Small(tmp_path / "data")
    small.institution("F", name=FOUNDER, kind="executive_authority")
    small.institution("1", ogrn=OGRN, founder_id="F", name="Школа № 1")
    small.covered()
    return small


def said(small: Small, period: str = "2024-W21", *, past_weeks: int = 0, **given: Any) -> dict[str, Any]:
    """What the letter to `F` says."""
    small.store()
    return said_of(judge(Period.parse(period), small.home, past_weeks=past_weeks), **given)


def said_of(judged: Judgement, **given: Any) -> dict[str, Any]:
    usual = {"founder": FOUNDER, "institutions": ["F", "1"], "mend_by": date(2024, 6, 9), "card_count": 2}
    return letter_words.values(judged, **{"rows": letter_words.told(judged), **usual, **given})


def filled(values: dict[str, Any], data: Path = Path("nowhere")) -> bytes:
    return letter.load(data).filled(values, CREATED)


def text_of(content: bytes) -> str:
    """All that is read in a document, headers included, a paragraph a line."""
    document = docx.Document(io.BytesIO(content))
    section = document.sections[0]
    lines = [each.text for part in (section.header, section.first_page_header, document) for each in part.paragraphs]
    cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*lines, *(cell.text for cell in cells)]).replace("\u00a0", " ")


def edited(home: Path, change: Callable[[Any], None]) -> Path:
    """A data folder whose own template is the shipped one, changed."""
    document = docx.Document(str(letter.SHIPPED))
    change(document)
    file = home / letter.OWN
    file.parent.mkdir(parents=True, exist_ok=True)
    document.save(str(file))
    return home


def test_a_breach_stands_with_its_institution_account_clause_and_what_was_established(small: Small) -> None:
    small.posts(1)
    values = said(small)
    (row,) = [each for each in values["breach_rows"] if "3.1" in each["clause"]]
    assert (row["institution"], row["platform"], row["account"]) == ("Школа № 1", "ВКонтакте", "vk:a.test")
    assert row["measured"] == "1 публикация"
    text = text_of(filled(values))
    for words in (FOUNDER, "20.05.2024 – 26.05.2024", "Школа № 1", "vk:a.test", "1 публикация", row["clause"]):
        assert words in text
    assert "Учреждений в реестре — 2, официальных аккаунтов — 1." in text
    assert "прочитаны целиком у 1 из 1 аккаунта (100 %)" in text
    assert "аккаунтов (распоряжение от 15.05.2024 № 131) за период" in text


def test_the_term_is_named_as_proposed_and_how_to_contest_is_told_only_where_there_is_a_breach(small: Small) -> None:
    small.posts(1)
    text = text_of(filled(said(small)))
    assert "до 09.06.2024 включительно. Срок предложен нами: порядок его не называет." in text
    assert "Если Вы не согласны с выводом" in text
    small.posts(2)
    text = text_of(filled(said(small)))
    assert "09.06.2024" not in text
    assert "не согласны" not in text


def test_the_signature_never_stands_alone_on_a_page() -> None:
    paragraphs = docx.Document(str(letter.SHIPPED)).paragraphs
    first = next(place for place, each in enumerate(paragraphs) if each.text == "Приложения:")
    last = next(place for place, each in enumerate(paragraphs) if each.text == "")  # the signature comes next
    chain = [each for each in paragraphs[first : last + 1] if "{%p" not in each.text]
    assert [each.paragraph_format.keep_with_next for each in chain] == [True] * 3


@pytest.mark.parametrize(("past_weeks", "shown"), [(0, "—"), (1, "2")])
def test_weeks_in_a_row_are_told_where_the_weeks_before_were_loaded(small: Small, past_weeks: int, shown: str) -> None:
    small.posts(1, W21)
    values = said(small, "2024-W22", past_weeks=past_weeks)
    (row,) = [each for each in values["breach_rows"] if "3.1" in each["clause"]]
    assert row["weeks"] == shown


def test_weeks_of_a_longer_period_are_one_row_each_with_its_dates(small: Small) -> None:
    small.posts(1, W21)
    small.posts(2, W22)
    values = said(small, "2024-05-20_2024-06-02")
    (row,) = [each for each in values["breach_rows"] if "3.1" in each["clause"]]
    assert row["measured"] == "20.05.2024 – 26.05.2024: 1 публикация; 27.05.2024 – 02.06.2024: 2 публикации"


def test_a_letter_counts_breaches_as_the_index_and_the_workbook_beside_it_do(small: Small) -> None:
    small.posts(1, W21)
    small.posts(2, W22)
    values = said(small, "2024-05-20_2024-06-02")
    assert (values["breach_count"], len(values["breach_rows"])) == (2, 1)
    text = text_of(filled(values))
    assert "Установлено нарушений — 2 (у 1 учреждения)" in text
    assert "Нарушений — 2: недели одного нарушения стоят в одной строке." in text
    assert "в одной строке" not in text_of(filled(said(small)))


def test_a_repaired_link_stands_with_its_place_and_both_addresses_and_asks_to_be_opened_first(small: Small) -> None:
    broken = FORM.replace("/form/", "/f")
    small.posts(3)
    small.snapshot([("Сообщить о проблеме", broken)], "22.05 12:00")
    values = said(small)
    (row,) = values["repair_rows"]
    assert (row["institution"], row["account"], row["verdict"]) == ("Школа № 1", "vk:a.test", "нарушение")
    assert (row["now"], row["repaired"]) == (broken, FORM)
    text = text_of(filled(values))
    assert broken in text
    assert FORM in text
    assert "никто их не открывал: перед заменой откройте и проверьте" in text


def test_a_link_that_works_though_damaged_is_repaired_and_no_breach(small: Small) -> None:
    small.posts(3)
    menu = [("Сообщить", FORM.replace("opaId=", "opaId=%20")), ("Мнение", SURVEYS)]
    small.snapshot(menu, "22.05 12:00")
    values = said(small)
    assert [row["verdict"] for row in values["repair_rows"]] == ["соблюдается"]
    assert values["breach_rows"] == []
    text = text_of(filled(values))
    assert "исправленные адреса — в приложении № 1." in text
    assert text.count("Приложение №") == 1


def test_without_breaches_and_all_of_its_own_read_the_letter_thanks(small: Small) -> None:
    small.posts(3)
    small.institution("2")
    small.account("vk:z", "2")  # of somebody else, and not read
    values = said(small)
    assert values["form"] == "thanks"
    text = text_of(filled(values))
    assert "Нарушений не установлено. Благодарим за работу." in text
    assert "Перечень нарушений" not in text
    assert "Приложение №" not in text


def test_without_breaches_but_not_all_read_the_letter_confirms_nothing(small: Small) -> None:
    small.posts(3)
    small.account("vk:b")
    values = said(small)
    assert values["form"] == "neutral"
    text = text_of(filled(values))
    assert "письмо не подтверждает" in text
    assert "Благодарим" not in text


def test_without_any_verdict_the_letter_says_so(small: Small) -> None:
    small.institution("1", kind="other", founder_id="F")
    small.posts(1)
    small.store()
    judged = judge(Period.parse("2024-W21"), small.home)
    rows = letter_words.told(judged)
    values = said_of(judged, rows=rows[rows["institution_id"] == "1"], institutions=["1"])
    assert (values["form"], values["breach_rows"]) == ("nothing", [])
    assert "Выводов о соблюдении порядка за этот период нет" in text_of(filled(values))


def test_a_letter_does_not_thank_for_an_account_of_which_nothing_else_is_established(small: Small) -> None:
    small.posts(3, W20)
    values = said(small, "2024-W20")  # the norm is not judged in the week in which it begins
    assert (values["read"], values["breach_rows"]) == ("1 из 1 аккаунта (100\u00a0%)", [])
    assert values["form"] == "nothing"


def test_what_is_not_established_is_counted_by_reason_and_called_no_breach(small: Small) -> None:
    small.posts(1)
    small.batch.coverage.clear()
    small.covered(W22, W23)
    values = said(small)
    assert values["breach_rows"] == []
    assert "«Неделя прочитана не целиком» — 1" in values["unknown_reasons"].replace("\u00a0", " ")
    assert "Это не нарушения" in text_of(filled(values))


@pytest.mark.parametrize(("limit", "is_stamped"), [(0.49, False), (0.5, False), (0.51, True)])
def test_the_letter_is_stamped_below_the_limit_with_the_numbers(small: Small, limit: float, is_stamped: bool) -> None:
    small.posts(3)
    small.account("vk:b")
    values = said(small, complete_share=limit)
    assert values["stamp"] == ("Данные неполные: целиком прочитано 1 из 2 аккаунтов (50\u00a0%)" if is_stamped else "")
    assert ("Непрочитанное нарушением не считается" in text_of(filled(values))) == is_stamped


def test_what_kept_a_field_from_being_judged_stamps_the_letter_too(small: Small) -> None:
    small.posts(3)
    assert said(small, fallen=["меню не вернулось ни у кого"])["stamp"].endswith(": меню не вернулось ни у кого")


def test_made_up_data_are_named_across_every_sheet_and_real_ones_are_not(small: Small) -> None:
    small.posts(3)
    small.store()
    real = judge(Period.parse("2024-W21"), small.home)
    for judged, expected in ((real, False), (replace(real, source="sandbox"), True)):
        with zipfile.ZipFile(io.BytesIO(filled(said_of(judged)))) as archive:
            headers = [archive.read(name).decode() for name in archive.namelist() if name.startswith("word/header")]
        assert [("УЧЕБНЫЕ ДАННЫЕ" in header, "вымышлены" in header) for header in headers] == [(expected,) * 2] * 2


HOSTILE = "<w:p>\"Школа\" & 'сад' {{ 7*7 }} {% for x in y %} ]]> №\x00\x0b\x1f\u202e\ud800 1"


def test_foreign_text_is_shown_as_text_and_never_read_as_a_mark(small: Small) -> None:
    small.posts(1)
    values = said(small, founder=HOSTILE)
    row = values["breach_rows"][0] | {"institution": letter_words.plain(HOSTILE), "account": "{{ founder }}"}
    text = text_of(filled(values | {"breach_rows": [row]}))
    shown = "<w:p>\"Школа\" & 'сад' {{ 7*7 }} {% for x in y %} ]]> № 1"
    assert text.count(shown) == 2
    assert "{{ founder }}" in text
    assert "49" not in text


def test_names_of_the_register_come_clean_into_the_rows(small: Small) -> None:
    small.institution("1", founder_id="F", name="Шко\u00adла\t{{ 1 }}\u200e\n& <b>")
    small.posts(1)
    assert said(small)["breach_rows"][0]["institution"] == "Школа {{ 1 }} & <b>"


def test_a_contested_breach_is_told_with_that_note(small: Small) -> None:
    small.posts(1)
    small.beside["manual_checks"].append(
        {"account_id": "vk:a", "clause": "posts_per_week", "period_from": "2024-05-20", "period_until": "2024-05-26",
         "result": "contested", "answer": "Проверяем", "checked_by": "Аналитик", "checked_on": "2024-05-28",
         "proof": "https://example.org/1"}
    )  # fmt: skip
    values = said(small)
    (row,) = [each for each in values["breach_rows"] if "3.1" in each["clause"]]
    assert row["note"] == "оспорено"
    assert "Примечание: оспорено" in text_of(filled(values))


def test_a_letter_has_a_value_for_each_name_that_a_template_may_use_and_no_other(small: Small) -> None:
    small.posts(1)
    small.snapshot([("Сообщить", FORM.replace("/form/", "/f"))], "22.05 12:00")
    values = said(small)
    names = set(values) | {f"{table}.{name}" for table in ("breach_rows", "repair_rows") for name in values[table][0]}
    assert names == set(letter_words.VARIABLES)
    assert set(letter_words.example("breaches")) == set(values)


def test_the_same_letter_is_the_same_bytes_and_bears_no_name_and_no_moment(small: Small, tmp_path: Path) -> None:
    def by_somebody(document: Any) -> None:
        document.core_properties.author = document.core_properties.last_modified_by = "Вымышленная А. А."
        document.core_properties.modified = datetime(2031, 1, 1)  # noqa: DTZ001 - as Word writes it

    small.posts(1)
    values, data = said(small), edited(tmp_path / "own", by_somebody)
    first, second = filled(values, data), filled(values, data)
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {letter.NO_DATE}
        assert archive.namelist() == sorted(archive.namelist())
        assert not [name for name in archive.namelist() if "Вымышленная" in archive.read(name).decode(errors="ignore")]
    properties = docx.Document(io.BytesIO(first)).core_properties
    assert (properties.author, properties.modified) == ("", CREATED)


def test_a_template_of_the_data_folder_replaces_the_shipped_one(small: Small, tmp_path: Path) -> None:
    small.posts(1)
    data = edited(tmp_path / "own", lambda document: document.add_paragraph("Исполнителю: {{ founder }}"))
    assert f"Исполнителю: {FOUNDER}" in text_of(filled(said(small), data))


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("{{ foundr }}", "имени «foundr» нет. Похоже на «founder»"),
        ('{% if form == "another" %}{{ foundr }}{% endif %}', "имени «foundr» нет"),
        ("{% for row in breach_rows %}{{ row.institutoin }}{% endfor %}", "имени «institutoin» нет. Похоже на «instit"),
        ("{{ founder", "ошибка в пометке"),
        ("{% for row in breach_rows %}", "ошибка в пометке"),
        ("{% endfro %}", "ошибка в пометке"),
        ("{{ founder | no_such }}", "ошибка в пометке"),
        ("{{ founder | safe }}", "ошибка в пометке"),
        ("{{ founder.__class__.__mro__ }}", "ошибка в пометке"),
        ("{{ 1 / 0 }}", "не заполняется"),
    ],
)
def test_a_wrong_mark_is_told_when_the_template_is_read(tmp_path: Path, mark: str, told: str) -> None:
    data = edited(tmp_path / "data", lambda document: document.add_paragraph(mark))
    with pytest.raises(ParameterError) as refused:
        letter.load(data)
    assert told in str(refused.value)
    assert "data/templates/letter.docx" in str(refused.value)
    assert "kirov letter-template" in str(refused.value)


def test_a_name_that_is_unknown_in_the_header_is_told_too(tmp_path: Path) -> None:
    data = edited(tmp_path, lambda document: document.sections[0].header.add_paragraph("{{ foundr }}"))
    with pytest.raises(ParameterError, match="имени «foundr» нет"):
        letter.load(data)


def test_a_template_that_does_not_say_that_data_are_incomplete_is_refused(tmp_path: Path) -> None:
    def without_stamp(document: Any) -> None:
        for paragraph in document.paragraphs[:3]:
            paragraph._p.getparent().remove(paragraph._p)

    with pytest.raises(ParameterError, match=r"нет имени «stamp», и письмо не скажет, что данные неполные\. Верните"):
        letter.load(edited(tmp_path, without_stamp))


@pytest.mark.parametrize("content", [b"", b"not a document", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_document_is_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / letter.OWN
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(ParameterError, match=r"не читается.*kirov letter-template --out"):
        letter.load(tmp_path)


@pytest.mark.parametrize("place", ["body", "header"])
@pytest.mark.parametrize("change", ["w:ins", "w:rPrChange"])
def test_tracked_changes_left_in_a_template_are_refused_since_they_bear_a_name(
    tmp_path: Path, change: str, place: str
) -> None:
    def corrected(document: Any) -> None:
        holder = document if place == "body" else document.sections[0].header
        paragraph = holder.add_paragraph("Добавлено")
        made = docx.oxml.OxmlElement(change)
        made.set(docx.oxml.ns.qn("w:author"), "Вымышленная А. А.")
        if change == "w:ins":
            made.append(paragraph.runs[0]._r)
            paragraph._p.append(made)
        else:
            paragraph.runs[0]._r.get_or_add_rPr().append(made)

    with pytest.raises(ParameterError, match="исправления или примечания"):
        letter.load(edited(tmp_path, corrected))


def test_names_that_word_keeps_of_former_remarks_do_not_go_into_letters(small: Small, tmp_path: Path) -> None:
    def remarked(document: Any) -> None:
        people = docx.opc.part.Part(
            docx.opc.packuri.PackURI("/word/people.xml"), "application/xml", "<p>Вымышленная</p>".encode()
        )
        document.part.relate_to(people, "http://schemas.microsoft.com/office/2011/relationships/people")

    data = edited(tmp_path / "own", remarked)
    small.posts(1)
    with zipfile.ZipFile(io.BytesIO(filled(said(small), data))) as archive:
        assert "Вымышленная" not in archive.read("word/people.xml").decode()


def kirov(*arguments: str | Path) -> Any:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def test_the_command_hands_out_the_template_and_lists_every_name(tmp_path: Path) -> None:
    out = tmp_path / "data" / letter.OWN
    result = kirov("letter-template", "--out", out, "--home", tmp_path)
    assert result.exit_code == 0, result.output
    assert out.read_bytes() == letter.SHIPPED.read_bytes()
    assert all(f"  {name} — {meaning}" in result.output for name, meaning in letter_words.VARIABLES.items())
    again = kirov("letter-template", "--out", out, "--home", tmp_path)
    assert again.exit_code == 2
    assert "уже есть и не тронут" in again.output


def test_the_command_without_a_file_checks_the_template_that_is_used(tmp_path: Path) -> None:
    assert "Шаблон проверен, ошибок нет: letter.docx" in kirov("letter-template", "--home", tmp_path).output
    edited(tmp_path / "data", lambda document: document.add_paragraph("{{ foundr }}"))
    result = kirov("letter-template", "--home", tmp_path)
    assert result.exit_code == 2
    assert "имени «foundr» нет" in result.output


def test_the_shipped_template_bears_no_name_of_a_user() -> None:
    properties = docx.Document(str(letter.SHIPPED)).core_properties
    assert (properties.author, properties.last_modified_by, properties.comments) == ("", "", "")
