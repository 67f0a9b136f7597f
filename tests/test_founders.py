"""What each founder gets: a ZIP with its own institutions alone, that works from any folder with no network."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import re
import shutil
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import docx
import nbformat
import openpyxl
import pytest
from click.testing import CliRunner
from notebook_cells import ROOT
from small_lake import Small

from kirovlib import cli
from kirovlib.cli import report
from kirovlib.order.evaluate import Judgement, judge
from kirovlib.reports import founder_pages, founders, letter, notebooks, pages
from kirovlib.reports import pack as pack_of

MINISTRY, ITS_SCHOOL, ALIEN = "1029900001009", "1029900050003", "1029900001075"


def card(folder: Path, key: str) -> None:
    """A card as a pack has it, of the stored outputs of its notebook."""
    around = [("index", "Отчёт"), ("03_compliance", "Соблюдение пунктов"), (pages.CARDS, "Карточки")]
    context = {"title": key, "period": "2024-W28", "banner": "", "stamp": "", "pages": pages.links(around, "index")}
    notebook = nbformat.read(notebooks.find("04"), 4)
    name = pages.safe_name(key)
    text = pages.page(notebook, pages.below(context) | {"name": name}, folder / "cards" / "figures")
    (folder / "cards" / f"{name}.html").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def judged() -> Judgement:
    return judge("2024-W28", ROOT / "data" / "sample", past_weeks=11)


@pytest.fixture(scope="module")
def pack(judged: Judgement, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with the cards that letters tell of, and its founders' ZIPs."""
    folder = tmp_path_factory.mktemp("pack")
    (folder / "cards").mkdir()
    pages.write_assets(folder / "assets")
    for key in founders.told_of(judged):
        card(folder, key)
    founders.write(folder, judged, letter.load(judged.data), progress=False)
    return folder


@pytest.fixture
def unpacked(pack: Path, tmp_path: Path) -> Path:
    """A founder's ZIP unpacked somewhere else."""
    folder = tmp_path / "папка с пробелом"
    with zipfile.ZipFile(pack / "founders" / f"{MINISTRY}.zip") as archive:
        archive.extractall(folder)
    return folder


def listed(pack: Path) -> dict[str, dict[str, str]]:
    with (pack / founders.LIST).open(encoding="utf-8-sig", newline="") as file:
        return {row["Ключ учредителя"]: row for row in csv.DictReader(file, delimiter=";")}


def names(pack: Path, name: str) -> list[str]:
    with zipfile.ZipFile(pack / "founders" / name) as archive:
        return archive.namelist()


def own_of(judged: Judgement, founder_id: str) -> set[str]:
    rows = judged.institutions
    return {founder_id, *rows.loc[rows["founder_id"] == founder_id, "institution_id"]}


def test_each_founder_has_a_zip_and_the_list_says_whose_each_is(pack: Path, judged: Judgement) -> None:
    rows = listed(pack)
    assert {row["Архив"] for row in rows.values()} == {file.name for file in (pack / "founders").glob("*.zip")}
    assert set(rows) == {"", *judged.institutions["founder_id"].dropna()}
    assert rows[MINISTRY]["Учреждений"] == str(len(own_of(judged, MINISTRY)))
    assert rows[""] | {"Учреждений": ""} == rows[""] | {"Учредитель": "без учредителя", "Учреждений": ""}
    assert sum(int(row["Нарушений"]) for row in rows.values()) == (judged.findings["verdict"] == "failed").sum()


def test_an_institution_belongs_to_its_founder_and_an_authority_to_itself_too(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.institution("G", kind="executive_authority")
    small.institution("M", kind="executive_authority", founder_id="G")
    small.institution("1", founder_id="M")
    small.institution("2")
    small.covered()
    small.store()
    assert founders.belonging(judge("2024-W21", tmp_path)) == {"G": ["G", "M"], "M": ["1", "M"], "": ["2"]}


def test_a_zip_holds_the_cards_of_its_institutions_and_of_no_other(pack: Path, judged: Judgement) -> None:
    found = names(pack, f"{MINISTRY}.zip")
    fixed = {"index.html", "cards/index.html", "findings.xlsx", "letter.docx"}
    assert {*fixed, "assets/plotly.min.js", "assets/report.css", "assets/figures.js"} <= set(found)
    cards = {Path(name).stem for name in found if re.fullmatch(r"cards/\d+\.html", name)}
    assert cards == own_of(judged, MINISTRY) & set(founders.told_of(judged))
    figures = [name for name in found if name.startswith("cards/figures/")]
    assert {Path(name).stem.rpartition("-")[0] for name in figures} == cards


def test_nothing_of_another_founder_is_in_a_zip(unpacked: Path, judged: Judgement) -> None:
    aliens = set(judged.institutions["institution_id"]) - own_of(judged, MINISTRY)
    rows = judged.institutions.set_index("institution_id")
    told = {str(rows["name"][key]) for key in aliens} | aliens
    index = html.unescape((unpacked / "index.html").read_text(encoding="utf-8"))
    document = docx.Document(str(unpacked / "letter.docx"))
    cells = "\n".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
    book = openpyxl.load_workbook(unpacked / "findings.xlsx")
    written = "\n".join(
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell
    )
    for text in (index, cells, written):
        assert not [alien for alien in told if alien in text]


def test_the_workbook_has_all_results_of_the_founders_institutions(unpacked: Path, judged: Judgement) -> None:
    book = openpyxl.load_workbook(unpacked / "findings.xlsx")
    own = judged.findings[judged.findings["institution_id"].isin(own_of(judged, MINISTRY))]
    assert book["Все результаты"].max_row == len(own) + 1
    warnings = ["Учебные данные: все учреждения, аккаунты и публикации вымышлены"]
    warnings += ["Данные неполные: целиком прочитано 16 из 19 аккаунтов (84\u00a0%)"]  # as the letter says
    told = [row[0] for row in book["Нарушения"].iter_rows(max_row=3, values_only=True)]
    assert told == [*warnings, "Недель подряд"]
    assert book["Нарушения"].max_row == (own["verdict"] == "failed").sum() + 3
    told = [row[0] for row in book["Как считали"].iter_rows(max_row=3, values_only=True)]
    assert told[:2] == warnings
    assert told[2].startswith("Неделя")


def test_every_link_in_a_zip_leads_to_a_file_of_the_zip_or_to_the_network(unpacked: Path) -> None:
    found = sorted(unpacked.rglob("*.html"))
    assert len(found) > 3
    for page in found:
        text = page.read_text(encoding="utf-8")
        targets = {html.unescape(each) for each in re.findall(r'(?:href|src)="([^"]*)"', text)}
        inside = {each for each in targets if not re.match(r"https?://|data:", each)}
        assert any("assets/report.css" in each for each in inside)
        for target in inside:
            assert (page.parent / unquote(target)).resolve().is_relative_to(unpacked.resolve())
            assert (page.parent / unquote(target)).is_file(), (page.name, target)


def test_the_index_counts_verdicts_and_leads_to_the_cards(unpacked: Path, judged: Judgement) -> None:
    own = judged.findings[judged.findings["institution_id"] == ITS_SCHOOL]
    name = judged.institutions.set_index("institution_id")["name"][ITS_SCHOOL]
    for place, href in (
        ("index.html", f"cards/{ITS_SCHOOL}.html"),
        ("cards/index.html", f"../cards/{ITS_SCHOOL}.html"),
    ):
        text = (unpacked / place).read_text(encoding="utf-8")
        row = next(each for each in text.split("<tr>") if f'href="{href}"' in each)
        counted = [str((own["verdict"] == word).sum() or "—") for word in ("failed", "cannot_tell", "passed")]
        assert re.sub(r"<[^>]+>", " ", row).split()[-5:-2] == counted
        assert name in row
        assert "Учебные данные" in text
        assert "Как считали" in text


def test_links_to_what_does_not_come_along_become_words_and_leave_the_navigation() -> None:
    page = (
        '<nav><a href="../index.html">Отчёт</a><a href="../01.html">Обзор</a></nav><p><a href="../01.html#x">слова</a> '
        '<a href="https://vk.com/a?b">сеть</a> <a class="q" href="https://[broken">так</a> <a href="#y">ниже</a></p>'
    )
    kept = founder_pages.relinked(page, "cards/1.html", {"index.html"})
    assert kept == (
        '<nav><a href="../index.html">Отчёт</a></nav><p>слова <a href="https://vk.com/a?b">сеть</a> '
        '<a class="q" href="https://[broken">так</a> <a href="#y">ниже</a></p>'
    )


def test_a_page_cannot_draw_files_from_outside_the_cards_into_a_zip(tmp_path: Path) -> None:
    (tmp_path / "cards" / "figures").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("secret", encoding="utf-8")
    (tmp_path / "cards" / "figures" / "1-1.csv").write_text("own", encoding="utf-8")
    links = "".join(
        f'<a href="{each}">x</a>' for each in ("figures/1-1.csv", "../secret.csv", "figures/../../secret.csv")
    )
    (tmp_path / "cards" / "1.html").write_text(links, encoding="utf-8")
    found = founders._cards(tmp_path, ["cards/1.html"], {"cards/1.html"})
    assert set(found) == {"cards/1.html", "cards/figures/1-1.csv"}
    assert found["cards/1.html"].decode() == '<a href="figures/1-1.csv">x</a>xx'


def test_hostile_keys_and_names_become_neither_paths_nor_formulas_nor_markup(tmp_path: Path) -> None:
    small = Small(tmp_path / "data")
    key, name = "../../x", "=HYPERLINK(<script>alert(1)</script>)"
    small.institution(key, name=name, kind="executive_authority")
    small.institution("1", founder_id=key, name="<img src=x onerror=alert(1)>")
    small.covered()
    small.posts(1)
    small.store()
    pages.write_assets(tmp_path / "assets")
    (tmp_path / "cards").mkdir()
    founders.write(tmp_path, judge("2024-W21", small.home), letter.load(small.home), progress=False)
    hashed = f"{hashlib.sha256(key.encode()).hexdigest()[:12]}.zip"
    assert {file.name for file in (tmp_path / "founders").iterdir()} == {hashed, "founders.csv"}
    assert listed(tmp_path)[key]["Учредитель"] == f"'{name}"
    with zipfile.ZipFile(tmp_path / "founders" / hashed) as archive:
        index = archive.read("index.html").decode()
    assert "<script>alert" not in index
    assert "<img src=x" not in index
    assert "&lt;img src=x onerror" in index


def test_a_register_cannot_name_a_founder_so_that_two_zips_have_one_name(tmp_path: Path) -> None:
    small = Small(tmp_path / "data")
    small.institution("_no-founder", kind="executive_authority")
    small.institution("2", founder_id="_no-founder")
    small.covered()
    small.store()
    pages.write_assets(tmp_path / "assets")
    founders.write(tmp_path, judge("2024-W21", small.home), letter.load(small.home), progress=False)
    assert len(list((tmp_path / "founders").glob("*.zip"))) == len(listed(tmp_path)) == 2


def test_the_same_pack_gives_the_same_zips_byte_for_byte(pack: Path, judged: Judgement, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(pack, again, ignore=shutil.ignore_patterns("founders"))
    founders.write(again, judged, letter.load(judged.data), progress=False)
    files = sorted(file.name for file in (pack / "founders").iterdir())
    assert files == sorted(file.name for file in (again / "founders").iterdir())
    for name in files:
        assert (pack / "founders" / name).read_bytes() == (again / "founders" / name).read_bytes(), name
    with zipfile.ZipFile(pack / "founders" / f"{MINISTRY}.zip") as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {(entry.date_time, entry.create_system) for entry in entries} == {(letter.NO_DATE, 3)}


def test_a_founder_of_whom_too_little_was_read_is_stamped_by_its_own_accounts(
    pack: Path, judged: Judgement, tmp_path: Path
) -> None:
    whole = judged.read_completely()
    owner = judged.accounts.set_index("account_id")["institution_id"]
    own = whole[[owner[key] in own_of(judged, MINISTRY) for key in whole.index]]
    expected = f"целиком прочитано {own.sum()} из {len(own)} аккаунтов"
    assert 0 < own.sum() < len(own)
    with zipfile.ZipFile(pack / "founders" / f"{MINISTRY}.zip") as archive:
        assert f"Данные неполные: {expected}" in archive.read("index.html").decode()
        document = docx.Document(io.BytesIO(archive.read("letter.docx")))
    assert [each.text for each in document.paragraphs if each.text.startswith(f"Данные неполные: {expected}")]
    shutil.copytree(pack, tmp_path / "lenient", ignore=shutil.ignore_patterns("founders"))
    founders.write(tmp_path / "lenient", judged, letter.load(judged.data), complete_share=0.5, progress=False)
    with zipfile.ZipFile(tmp_path / "lenient" / "founders" / f"{MINISTRY}.zip") as archive:
        assert 'class="stamp"' not in archive.read("index.html").decode()


def test_a_letter_without_cards_of_its_institutions_names_no_cards(judged: Judgement, tmp_path: Path) -> None:
    pages.write_assets(tmp_path / "assets")
    founders.write(tmp_path, judged, letter.load(judged.data), progress=False)
    with zipfile.ZipFile(tmp_path / "founders" / f"{MINISTRY}.zip") as archive:
        document = docx.Document(io.BytesIO(archive.read("letter.docx")))
        index = archive.read("index.html").decode()
    assert not [each.text for each in document.paragraphs if "арточк" in each.text and "журнале на" not in each.text]
    assert 'href="cards/' not in index


def kirov(*arguments: str | Path) -> Any:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


def test_a_mistake_in_the_template_is_told_before_any_notebook_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "data" / "sample", tmp_path / "data")
    document = docx.Document(str(letter.SHIPPED))
    document.add_paragraph("{{ foundr }}")
    (tmp_path / "data" / "templates").mkdir()
    document.save(str(tmp_path / "data" / letter.OWN))
    monkeypatch.setattr(pack_of, "_makers", lambda *_: pytest.fail("kernels were started"))
    result = kirov("report", "--week", "2024-W28", "--by-founder", "--home", tmp_path)
    assert result.exit_code == 2
    assert "имени «foundr» нет" in result.output
    assert not (tmp_path / "reports" / "2024-W28").exists()


@pytest.mark.parametrize(
    ("today", "given", "told"),
    [
        ("2024-07-28", {}, ""),
        ("2024-07-29", {}, "28.07.2024, уже прошёл. Чтобы дать две недели, повторите с --mend-days 29"),
        ("2024-07-29", {"mend_days": 15}, ""),
        ("2024-07-29", {"by_founder": False}, ""),
        ("2025-07-29", {"by_founder": False, "cards": ["all"]}, "уже прошёл. Впишите другой."),
    ],
)
def test_a_term_that_is_over_is_told_to_whoever_makes_cards_or_letters(
    capsys: pytest.CaptureFixture[str], today: str, given: dict[str, Any], told: str
) -> None:
    run = {"period": "2024-W28", "parameters": {"mend_days": 14, "by_founder": True, **given}}
    report.tell_past_term(run, datetime.fromisoformat(f"{today}T09:00+03:00"))
    out = capsys.readouterr().out
    assert told in out
    assert bool(out) == bool(told)


@pytest.mark.browser
def test_a_zip_unpacked_elsewhere_draws_its_charts_with_the_network_off(browser: Any, unpacked: Path) -> None:
    page = browser.new_context(offline=True, viewport={"width": 1440, "height": 900}).new_page()
    requests: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on("console", lambda message: failed.append(message.text))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto((unpacked / "index.html").as_uri())
    page.locator("tbody a").first.click()
    page.locator(".figure:not(:has(svg.main-svg))").first.wait_for(state="detached")
    assert page.locator(".figure svg.main-svg:first-of-type").count() == page.locator(".figure").count() > 0
    page.locator("nav a").first.click()
    assert page.locator("h1").inner_text().startswith("Министерство букварей")
    assert failed == []
    assert [url for url in requests if not url.startswith(("file://", "data:", "blob:"))] == []
