"""Cards in the pack: whose, how they hang together with the pack, what a failed one costs."""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest
from click.testing import CliRunner
from test_reports import digests

from kirovlib import charts, demo, reports
from kirovlib.cli import main
from kirovlib.cli.report import chosen_of
from kirovlib.errors import KirovError, ParameterError
from kirovlib.order import changes, evaluate
from kirovlib.order.evaluate import Judgement
from kirovlib.reports import cards, kernels, notebooks, pages
from kirovlib.settings import Settings
from kirovlib.weeks import Period

W28 = Period.parse("2024-W28")


@pytest.fixture(scope="module")
def home(small_demo: demo.Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of the small demo in a home of its own, with an institution whose key is no name for a file."""
    made = tmp_path_factory.mktemp("cards")
    shutil.copytree(small_demo.index.parents[2] / "data", made / "data")
    key = odd_one(small_demo)
    for file in (made / "data" / "registry").glob("*.csv"):
        rows = pd.read_csv(file, sep=";", dtype="str", keep_default_na=False, encoding="utf-8-sig")
        for name in rows.columns.intersection(["institution_id", "founder_id"]):
            rows[name] = rows[name].replace(key, ODD)
        rows.to_csv(file, sep=";", index=False, encoding="utf-8")
    return made


ODD = "../<b>школа"


def odd_one(small_demo: demo.Demo) -> str:
    """A key that becomes odd: of an institution with a breach, founder of none."""
    judged = evaluate.judge(W28, small_demo.index.parents[2] / "data")
    failed = judged.findings.loc[judged.findings["verdict"] == "failed", "institution_id"]
    return str(next(key for key in failed if key not in set(judged.institutions["founder_id"].dropna())))


@pytest.fixture(scope="module")
def judged(home: Path) -> Judgement:
    return evaluate.judge(W28, home / "data")


@pytest.fixture(scope="module")
def pack(home: Path) -> Path:
    """A pack with the cards of those that have a breach."""
    return reports.build(Settings(home=home), W28, cards=["failed"], mend_days=20, progress=False).parent


def failing(judged: Judgement) -> list[str]:
    return sorted(set(judged.findings.loc[judged.findings["verdict"] == "failed", "institution_id"]))


# --- whose cards


def test_cards_are_made_of_those_with_a_breach_of_all_or_of_those_named(judged: Judgement) -> None:
    every = list(judged.institutions["institution_id"])
    assert cards.chosen(judged, []) == cards.chosen(judged, ["none"]) == []
    assert sorted(cards.chosen(judged, ["failed"])) == failing(judged)
    assert 0 < len(failing(judged)) < len(every)
    assert cards.chosen(judged, ["all"]) == every
    assert cards.chosen(judged, [every[3], every[1], every[3]]) == [every[1], every[3]]
    passed = next(key for key in every if key not in failing(judged))
    assert set(cards.chosen(judged, ["failed", passed])) == {*failing(judged), passed}


@pytest.mark.parametrize(("wanted", "told"), [(["none", "all"], "Оставьте что-нибудь одно"), (["102990005000"], "нет")])
def test_cards_of_nobody_that_is_known_are_refused_before_anything_is_made(
    judged: Judgement, wanted: list[str], told: str
) -> None:
    with pytest.raises(ParameterError, match=told):
        cards.chosen(judged, wanted)


def test_keys_are_given_with_commas_or_one_after_the_other() -> None:
    assert chosen_of(["a,b", " c "]) == {"cards": ["a", "b", "c"]}
    assert chosen_of(["failed"], by_founder=False, mend_days=None) == {"cards": ["failed"], "by_founder": False}
    assert chosen_of(["none"]) == {"cards": []}
    assert chosen_of([]) == {}


@pytest.mark.parametrize("key", ["index", "../x", "", "a/b", "школа", "a" * 61, "-a", ".", "a\n", "A", "con", "nul.x"])
def test_a_key_that_is_no_name_for_a_file_becomes_its_hash(key: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", made := pages.safe_name(key))
    assert pages.safe_name(made) != made  # so that no other institution's key makes the same name


# --- how they hang together


def test_each_card_is_a_page_of_its_institution_and_no_other(pack: Path, judged: Judgement) -> None:
    expected = {f"{pages.safe_name(key)}.html" for key in failing(judged)} | {"index.html"}
    assert {file.name for file in (pack / "cards").glob("*.html")} == expected
    for key in failing(judged):
        text = (pack / "cards" / f"{pages.safe_name(key)}.html").read_text(encoding="utf-8")
        name = judged.facts.register.institution(key)["name"]
        assert f"<h2>{html.escape(name)}</h2>" in text
        assert text.count('class="figure"') == 2
        assert f'content="{pages.POLICY}"' in html.unescape(text)
        assert "Учебные данные" in text


def test_a_card_names_the_day_until_which_to_mend_that_was_chosen(pack: Path, judged: Judgement) -> None:
    for key in failing(judged):
        text = (pack / "cards" / f"{pages.safe_name(key)}.html").read_text(encoding="utf-8")
        assert "03.08.2024" in text
        assert "28.07.2024" not in text


def test_all_links_of_pages_and_cards_lead_to_files_of_the_pack(pack: Path) -> None:
    files = [*pack.glob("*.html"), *(pack / "cards").glob("*.html")]
    for file in files:
        text = file.read_text(encoding="utf-8")
        for target in re.findall(r'(?:href|src)="([^"#:]+)"', text):
            there = (file.parent / unquote(html.unescape(target))).resolve()
            assert there.is_file(), (file.name, target)
            assert there.is_relative_to(pack.resolve())
        assert "data-i=" not in text


def test_the_list_names_every_card_with_founder_and_numbers(pack: Path, judged: Judgement) -> None:
    text = (pack / "cards" / "index.html").read_text(encoding="utf-8")
    table = pd.read_html(pack / "cards" / "index.html")[0]
    names = judged.facts.register.names
    assert sorted(table["Учреждение"]) == sorted(names[key] for key in failing(judged))
    founders = judged.institutions.set_index("institution_id")["founder_id"].map(names)
    assert set(table["Учредитель"].dropna()) == set(founders[failing(judged)].dropna())
    counted = judged.findings[judged.findings["institution_id"].isin(failing(judged))]["verdict"].value_counts()
    assert table["✕ нарушение"].sum() == counted["failed"]
    assert html.escape(ODD) in text
    assert ODD not in text


def test_tables_lead_from_an_institution_to_its_card(pack: Path, judged: Judgement) -> None:
    for name in ("01_overview", "03_compliance"):
        text = (pack / f"{name}.html").read_text(encoding="utf-8")
        found = dict(re.findall(r'<td><a href="(cards/[^"]+)">(.*?)</a></td>', text))
        names = judged.facts.register.names
        expected = {f"cards/{pages.safe_name(key)}.html": html.escape(names[key]) for key in failing(judged)}
        assert found == expected, name
    assert '<a href="cards/index.html">' in (pack / "01_overview.html").read_text(encoding="utf-8")
    assert 'href="cards/index.html"' in (pack / "index.html").read_text(encoding="utf-8")


def test_without_cards_nothing_leads_to_them(small_demo: demo.Demo) -> None:
    folder = small_demo.index.parent
    assert not (folder / "cards").exists()
    for file in folder.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert "cards/" not in text
        assert "data-i=" not in text


def test_a_hostile_key_or_name_stays_words_where_it_leads_to_a_card() -> None:
    key, name = '"><script>x</script>', '</td><td data-i=a>"<b>'
    table = charts.table(pd.DataFrame({"institution": [name], "institution_id": [key]}), {"institution": "Учреждение"})
    with_card, without = pages.linked(table.data, {key: "k.html", "a": "wrong.html"}), pages.linked(table.data, {})
    assert f'<td><a href="k.html">{html.escape(name)}</a></td>' in with_card
    assert f"<td>{html.escape(name)}</td>" in without
    for text in (table.data, with_card, without):
        assert "<script>" not in text
        assert "wrong.html" not in text


def test_executed_cards_are_not_kept(pack: Path) -> None:
    assert {file.stem for file in pack.rglob("*.ipynb")} == set(notebooks.REPORTED)


def test_a_card_takes_so_little_room_that_six_hundred_stay_below_sixty_megabytes(pack: Path) -> None:
    files = [file for file in (pack / "cards").rglob("*") if file.is_file()]
    count = len(list((pack / "cards").glob("*.html"))) - 1
    on_disk = sum(-(-file.stat().st_size // 4096) * 4096 for file in files)
    assert on_disk / count < 100_000


# --- the same each time


def test_jobs_and_kernels_do_not_change_a_byte(home: Path, pack: Path, tmp_path: Path) -> None:
    before = digests(pack)
    stock = Settings(home=tmp_path / "stock", variables={"KIROV_KERNELS": "stock"})
    shutil.copytree(home / "data", stock.data_dir)
    again = reports.build(stock, W28, cards=["failed"], mend_days=20, jobs=3, progress=False).parent
    assert digests(again) == before


def test_an_unknown_kind_of_kernels_is_refused(home: Path) -> None:
    with pytest.raises(ParameterError, match="KIROV_KERNELS: «cold»; ожидается warm"):
        reports.build(Settings(home=home, variables={"KIROV_KERNELS": "cold"}), W28, progress=False)


def test_what_was_judged_of_earlier_weeks_is_the_same_narrowed_as_judged_for_one(home: Path) -> None:
    known, fresh = (evaluate.judge(W28, home / "data", past_weeks=11) for _ in range(2))
    changes.changes(known)
    for key in known.institutions["institution_id"]:
        narrowed, alone = known.of_institution(key), fresh.of_institution(key)
        assert "before" in vars(narrowed)
        assert "before" not in vars(alone)
        pd.testing.assert_frame_equal(changes.changes(narrowed), changes.changes(alone))
        pd.testing.assert_frame_equal(narrowed.before, alone.before)


# --- what goes wrong


def broken_card(folder: Path, key: str, what: str) -> Path:
    """The notebooks, of which the card fails for one institution."""
    shutil.copytree(notebooks.NOTEBOOKS_DIR, folder)
    file = folder / "04_institution.ipynb"
    written = nbformat.read(file, 4)
    written.cells.append(nbformat.v4.new_code_cell(f"if institution_id == {key!r}:\n    {what}", id="04-99"))
    nbformat.write(written, file)
    return folder


@pytest.mark.skipif(not kernels.can_be_warm(), reason="as every card, on warm kernels")
@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("__import__('os')._exit(0)", "ядро остановилось посреди работы"),
        ("raise ValueError('Не сошлось')", "Не сошлось"),
    ],
)
def test_a_failed_card_costs_only_itself(
    home: Path, judged: Judgement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, why: str
) -> None:
    bad, *good = failing(judged)[:3]
    monkeypatch.setattr(notebooks, "NOTEBOOKS_DIR", broken_card(tmp_path / "notebooks", bad, what))
    shutil.copytree(home / "data", tmp_path / "home" / "data")
    asked = ["report", "--week", "2024-W28", "--home", str(tmp_path / "home"), "--cards", ",".join([bad, *good])]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 3
    assert "Не сделано: 1 карточка. Остальное в отчёте есть." in done.output
    assert f"  {bad}: " in done.output
    assert why in done.output
    assert f"kirov notebook 04 --param period=2024-W28 --param {shlex.quote(f'institution_id={bad}')}" in done.output
    folder = tmp_path / "home" / "reports" / "2024-W28"
    assert list(json.loads((folder / "run.json").read_text(encoding="utf-8"))["failed_cards"]) == [bad]
    assert {file.stem for file in (folder / "cards").glob("*.html")} == {*map(pages.safe_name, good), "index"}
    listed = pd.read_html(folder / "cards" / "index.html")[0]
    assert listed["Примечание"].dropna().to_list() == ["карточка не сделана"]
    test_all_links_of_pages_and_cards_lead_to_files_of_the_pack(folder)


def test_a_failing_notebook_of_the_pack_leaves_the_older_pack_with_its_cards_alone(
    home: Path, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests(pack)
    shutil.copytree(notebooks.NOTEBOOKS_DIR, tmp_path / "notebooks")
    file = tmp_path / "notebooks" / "06_data_quality.ipynb"
    written = nbformat.read(file, 4)
    written.cells.append(nbformat.v4.new_code_cell("raise ValueError('Не сошлось')", id="06-99"))
    nbformat.write(written, file)
    monkeypatch.setattr(notebooks, "NOTEBOOKS_DIR", tmp_path / "notebooks")
    with pytest.raises(KirovError, match="остановилась: Не сошлось"):
        reports.build(Settings(home=home), W28, cards=["failed"], progress=False)
    assert digests(pack) == before
    assert {each.name for each in pack.parent.iterdir()} == {"2024-W28", ".2024-W28.lock"}


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent to a console there")
def test_ctrl_c_ends_everything_in_good_order(home: Path, tmp_path: Path) -> None:
    import signal  # noqa: PLC0415 - not on Windows

    shutil.copytree(home / "data", tmp_path / "data")
    command = [sys.executable, "-m", "kirovlib.cli", "report", "--week", "2024-W28", "--cards", "all"]
    command[1:3] = ["-c", "import sys; from kirovlib.cli import main; sys.exit(main())"]
    with subprocess.Popen(
        [*command, "--home", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        reports_dir = tmp_path / "reports"
        for _ in range(1200):
            if list(reports_dir.glob(".2024-W28.new/cards/*.html")):
                break
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 3
    assert "Прервано" in told
    assert "Traceback" not in told
    assert {each.name for each in reports_dir.iterdir()} == {".2024-W28.lock"}


def test_progress_speaks_russian(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports.pack, "tqdm", lambda **how: _told_bar(how))
    reports.build(Settings(home=home), W28)
    assert "Отчёт" in capsys.readouterr().out


def _told_bar(how: dict[str, Any]) -> Any:
    from tqdm import tqdm  # noqa: PLC0415

    print(how["desc"], how["bar_format"])  # noqa: T201
    return tqdm(**{**how, "disable": True})
