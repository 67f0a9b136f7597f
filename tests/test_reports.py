"""The report pack: what lies in it, that it is the same bytes each time, that nothing foreign comes alive in it."""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import openpyxl
import pandas as pd
import pytest

from kirovlib import charts, demo, tables
from kirovlib.errors import KirovError
from kirovlib.exports import files, workbook
from kirovlib.order import evaluate, wording
from kirovlib.reports import notebooks, pages

PAGES = ["index", *notebooks.REPORTED]


def digests(folder: Path) -> dict[str, str]:
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if file.name == "run.json":
            run = json.loads(content)
            del run["timings"]
            content = json.dumps(run).encode()
        found[file.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def test_the_demo_with_the_same_seed_gives_the_same_bytes_but_for_timings(
    small_demo: demo.Demo, tmp_path: Path
) -> None:
    again = demo.run(tmp_path / "elsewhere", institutions=12, weeks=4, seed=7, progress=False)
    first_home, second_home = small_demo.index.parents[2], again.index.parents[2]
    assert digests(first_home) == digests(second_home)


def test_another_seed_gives_another_report(small_demo: demo.Demo) -> None:
    first = pd.read_parquet(small_demo.index.parent / "findings.parquet")
    true = demo.build_world(institutions=12, weeks=4, seed=8).verdicts
    merged = first.merge(true[true["period"] == "2024-W28"], on=["clause", "account_id"], suffixes=("", "_other"))
    assert (merged["verdict"] != merged["verdict_other"]).any()


def test_the_pack_holds_all_it_promises(small_demo: demo.Demo) -> None:
    pack = small_demo.index.parent
    expected = {f"{name}.html" for name in PAGES} | {"findings.xlsx", "findings.parquet", "run.json"}
    assert expected <= {path.name for path in pack.iterdir()}
    assert {path.name for path in (pack / "assets").iterdir()} == {"plotly.min.js", "report.css", "figures.js"}
    assert len(list((pack / "notebooks").glob("*.ipynb"))) == len(notebooks.REPORTED)
    run = json.loads((pack / "run.json").read_text(encoding="utf-8"))
    assert run["lake"]["batch"] == 3  # one for each network
    assert run["editions"]["posts_per_week"] == ["2024-05-15"]
    assert {"parameters", "versions", "coverage", "timings", "verdicts"} <= set(run)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_that_its_data_are_made_up_and_how_it_counted(small_demo: demo.Demo, name: str) -> None:
    text = (small_demo.index.parent / f"{name}.html").read_text(encoding="utf-8")
    assert "Учебные данные" in text
    assert "Как считали" in text
    assert "Europe/Kirov" in text


@pytest.mark.parametrize("name", PAGES)
def test_no_page_names_a_foreign_address_for_its_parts_or_runs_an_inline_script(
    small_demo: demo.Demo, name: str
) -> None:
    text = (small_demo.index.parent / f"{name}.html").read_text(encoding="utf-8")
    policy = next(tag for tag in re.findall(r"<meta[^>]*>", text) if 'http-equiv="Content-Security-Policy"' in tag)
    assert f'content="{pages.POLICY}"' in html.unescape(policy)
    assert "'unsafe-inline'" not in pages.POLICY.split("script-src")[1].split(";")[0]
    scripts = re.findall(r"<script([^>]*)>", text)
    assert all('type="application/json"' in script or 'src="assets/' in script for script in scripts)
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(?:https?:)?//", text)
    assert not re.search(r"\son\w+=", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("name", notebooks.REPORTED)
def test_each_figure_has_its_data_beside_it(small_demo: demo.Demo, name: str) -> None:
    text = (small_demo.index.parent / f"{name}.html").read_text(encoding="utf-8")
    files = re.findall(r'href="(figures/[^"]+\.csv)"', text)
    assert len(files) == text.count('class="figure"') > 0
    assert all(len(pd.read_csv(small_demo.index.parent / file, sep=";")) > 0 for file in files)


def test_links_between_pages_lead_to_pages_of_the_pack(small_demo: demo.Demo) -> None:
    for name in PAGES:
        text = (small_demo.index.parent / f"{name}.html").read_text(encoding="utf-8")
        for target in re.findall(r'href="([^"#:]+)"', text):
            assert (small_demo.index.parent / target).is_file(), (name, target)


def test_the_findings_files_hold_the_same_rows(small_demo: demo.Demo) -> None:
    pack = small_demo.index.parent
    stored = pd.read_parquet(pack / "findings.parquet")
    sheet = openpyxl.load_workbook(pack / "findings.xlsx")["Все результаты"]
    assert list(stored) == tables.columns(tables.Findings)
    assert sheet.max_row == len(stored) + 1
    assert [cell.value for cell in sheet[1]] == [title for title, _ in workbook.COLUMNS.values()]


def hostile_named() -> pd.DataFrame:
    row = dict.fromkeys(workbook.COLUMNS, '=HYPERLINK("http://x";"y")')
    return pd.DataFrame(
        [
            {
                **row,
                "verdict": "failed",
                "period_start": pd.Timestamp("2024-05-20"),
                "period_end": pd.Timestamp("2024-05-26"),
            }
        ]
    )


def test_foreign_text_never_becomes_a_formula_in_the_workbook(tmp_path: Path) -> None:
    file = tmp_path / "findings.xlsx"
    workbook.write(file, hostile_named(), pd.Timestamp("2024-05-27").to_pydatetime())
    row = openpyxl.load_workbook(file)["Все результаты"][2]
    assert all(cell.data_type in {"s", "d"} for cell in row)
    assert {cell.number_format for cell in row if cell.data_type == "d"} == {"dd.mm.yyyy"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_foreign_text_never_starts_a_formula_in_csv(text: str) -> None:
    assert str(files._harmless(text)).startswith("'")


def test_foreign_markup_is_shown_as_text_in_tables() -> None:
    hostile = pd.DataFrame({"institution": ["<script>alert(1)</script>"], "url": ["javascript:alert(1)"]})
    shown = charts.table(hostile, {"institution": "Учреждение", "url": "Аккаунт"}).data
    assert "<script>" not in shown
    assert "href" not in shown


def test_foreign_markup_in_a_figure_cannot_end_its_data(tmp_path: Path) -> None:
    figure = {"data": [{"type": "bar", "x": ["</script><b>"], "y": [1]}], "layout": {}}
    assert "</script><b>" not in pages._figure(figure, "page", 1, tmp_path)


def test_a_long_table_says_how_many_rows_it_leaves_out() -> None:
    many = pd.DataFrame({"n": range(30)})
    assert "первые 10 из 30" in charts.table(many, {"n": "n"}, limit=10).data
    assert "Таких строк нет" in charts.table(many.head(0), {"n": "n"}).data


def test_a_failing_notebook_leaves_the_older_report_alone(
    small_demo: demo.Demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = small_demo.index.parents[2]
    before = digests(home)
    shutil.copytree(notebooks.NOTEBOOKS_DIR, tmp_path / "notebooks")
    failing = nbformat.read(tmp_path / "notebooks" / "06_data_quality.ipynb", 4)
    failing.cells.append(nbformat.v4.new_code_cell("raise ValueError('Не сошлось')", id="06-99"))
    nbformat.write(failing, tmp_path / "notebooks" / "06_data_quality.ipynb")
    monkeypatch.setattr(notebooks, "NOTEBOOKS_DIR", tmp_path / "notebooks")
    with pytest.raises(KirovError, match="остановилась"):
        demo.reports.build(demo.Settings(home=home), demo.Period.parse("2024-W28"), progress=False)
    assert digests(home) == before


def test_a_typed_array_of_a_figure_is_decoded_for_csv() -> None:
    figure = {"data": [{"type": "bar", "name": "a", "x": ["p", "q"], "y": {"dtype": "i1", "bdata": "AQI="}}]}
    assert charts.figure_rows(figure).to_dict("list") == {"trace": ["a", "a"], "x": ["p", "q"], "y": [1, 2]}


def test_a_chart_without_anything_to_draw_says_so() -> None:
    named = pd.DataFrame({name: [] for name in ("clause_name", "verdict", "account_id", "institution")})
    counts = tables.empty(tables.WeeklyCounts)
    drawn = [
        charts.verdicts_by(named, "clause_name", "Выводы"),
        charts.matrix(named),
        charts.distribution(counts, 3, "Публикации"),
        charts.quantile_fan(counts, pd.Timestamp("2024-05-15").date()),
        charts.share_meeting_norm(counts, pd.Timestamp("2024-05-15").date()),
        charts.repost_share(counts),
        charts.posts_heatmap(counts),
        charts.rhythm(pd.DataFrame({"platform": [], "weekday": [], "hour": [], "own_count": []})),
    ]
    assert all("Показать нечего" in figure.layout.annotations[0].text for figure in drawn)


# --- the index and the matrix

HOSTILE = '<a href="javascript:alert(1)">Школа</a> & <b>Ко</b>'
ESCAPED = '&lt;a href="javascript:alert(1)"&gt;Школа&lt;/a&gt;'


def index_rows(*rows: tuple[str, float | None, float, str]) -> pd.DataFrame:
    columns = ["institution_id", "index_percent", "decided_share", "zone"]
    return pd.DataFrame(rows, columns=columns).assign(failed_count=0).astype({"index_percent": "float64"})


def names(*keys: str) -> pd.Series:
    return pd.Series({key: f"Школа {key}" for key in keys})


def bars(figure: Any) -> dict[str, list[tuple[str, float]]]:
    return {bar.name: list(zip(bar.y, [float(x) for x in bar.x], strict=True)) for bar in figure.data}


def test_each_institution_is_a_bar_in_its_zone_and_the_lowest_is_on_top() -> None:
    rows = index_rows(
        ("a", 100, 1, "green"), ("b", 40, 0.5, "red"), ("c", 75.5, 1, "yellow"), ("d", 10, 1, "red"),
        ("e", None, 0, "none"),
    )  # fmt: skip
    figure = charts.zones(rows, names("a", "b", "c", "d", "e"))
    assert bars(figure) == {
        "красная зона: 2": [("Школа b", 40.0), ("Школа d", 10.0)],
        "жёлтая зона: 1": [("Школа c", 75.5)],
        "зелёная зона: 1": [("Школа a", 100.0)],
    }
    assert list(figure.layout.yaxis.categoryarray) == ["Школа a", "Школа c", "Школа b", "Школа d"]  # from the bottom
    assert figure.layout.title.text == "Индекс соблюдения (n = 4)"
    assert [bar.marker.color for bar in figure.data] == [
        charts.COLOURS[verdict] for verdict in ("failed", "cannot_tell", "passed")
    ]


def test_a_bar_of_the_index_says_how_much_of_it_is_decided() -> None:
    figure = charts.zones(index_rows(("a", 74.6, 0.5, "yellow"), ("b", 100, 0.999, "green")), names("a", "b"))
    texts = [text for bar in figure.data for text in bar.text]
    assert texts == ["75 · установлено 50\u00a0%", "100 · установлено 99\u00a0%"]
    assert all(bar.hovertemplate == "%{y}<br>индекс %{x:.1f}<extra></extra>" for bar in figure.data)


def test_an_index_of_nobody_says_so() -> None:
    figure = charts.zones(index_rows(("a", None, 0, "none")), names("a"))
    assert "ни одного установленного вывода" in figure.layout.annotations[0].text


def test_institutions_of_one_name_keep_bars_of_their_own() -> None:
    same = pd.Series({"a": "Школа", "b": "Школа"})
    figure = charts.zones(index_rows(("a", 100, 1, "green"), ("b", 10, 1, "red")), same)
    assert sorted(figure.layout.yaxis.categoryarray) == ["Школа", "Школа (2)"]


def named_rows(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Institution, clause, verdict and reason, with the names that `wording.named` gives."""
    made = pd.DataFrame(rows, columns=["institution_id", "clause_name", "verdict", "reason_name"])
    return made.assign(
        account_id=None,
        institution="Школа " + made["institution_id"],
        verdict_name=made["verdict"].map(wording.VERDICTS),
        clause_label=made["clause_name"],
    )


POSTS, SCOPE = "п. 3.1 Публикации", "п. 1 Аккаунт"


def cells(figure: Any, what: str = "text") -> dict[tuple[str, str], str]:
    heat = figure.data[0]
    return {(y, x): heat[what][row][column] for row, y in enumerate(heat.y) for column, x in enumerate(heat.x)}


def test_the_matrix_shows_the_worst_verdict_of_each_institution_and_clause() -> None:
    rows = [("a", POSTS, verdict, "Причина") for verdict in wording.VERDICTS]
    rows += [
        ("b", POSTS, "passed", "Норма"),
        ("b", POSTS, "inapplicable", "Освобождено"),
        ("b", SCOPE, "untested", "Нет"),
    ]
    shown = cells(charts.matrix(named_rows(*rows)))
    posts, scope = "п. 3.1 Публикации", "п. 1 Аккаунт"
    assert shown == {("Школа a", posts): "✕", ("Школа a", scope): "", ("Школа b", posts): "✓", ("Школа b", scope): "·"}


def test_the_matrix_has_findings_on_institutions_as_well_as_on_accounts(small_demo: demo.Demo) -> None:
    data = small_demo.index.parents[2] / "data"
    named = wording.named(evaluate.judge("2024-W28", data))
    figure = charts.matrix(named)
    heat = figure.data[0]
    assert len(heat.y) == named["institution_id"].nunique()
    columns = [" ".join(column.split()[:2]) for column in heat.x]
    assert columns == [" ".join(name.split()[:2]) for name in dict.fromkeys(named["clause_name"])]
    for number, clause in (("п. 1", "scope"), ("п. 3.2", "group_decisions")):
        shown = [row[columns.index(number)] for row in heat.text]
        assert all(shown), clause  # each institution has a finding there, though none has an account in it
        assert set(named.loc[named["clause"] == clause, "account_id"].dropna()) == set()


def test_the_most_breached_institutions_are_on_top_of_the_matrix() -> None:
    rows = named_rows(
        ("a", POSTS, "failed", "x"), ("a", SCOPE, "failed", "x"), ("b", POSTS, "passed", "x"),
        ("c", POSTS, "failed", "x"), ("c", SCOPE, "passed", "x"),
    )  # fmt: skip
    assert list(charts.matrix(rows).data[0].y) == ["Школа a", "Школа c", "Школа b"]


def test_hovering_over_the_matrix_tells_why_the_most_frequent_reason_first() -> None:
    rows = named_rows(
        *[("a", POSTS, "failed", "Мало")] * 3, ("a", POSTS, "failed", "Иначе"), ("a", POSTS, "cannot_tell", "Неясно"),
        ("b", POSTS, "passed", "Норма"), ("c", POSTS, "cannot_tell", "Неясно"),
        ("b", SCOPE, "inapplicable", "Освобождено"),
        *[("d", POSTS, "failed", f"Причина {number}") for number in range(5)],
    )  # fmt: skip
    figure = charts.matrix(rows)
    told = cells(figure, "customdata")
    posts, scope = "п. 3.1 Публикации", "п. 1 Аккаунт"
    assert told["Школа a", posts] == "Мало: 3<br>Иначе"
    assert told["Школа c", posts] == "Неясно"
    assert {told["Школа b", posts], told["Школа b", scope], told["Школа c", scope]} == {""}
    assert told["Школа d", posts].count("<br>") == 2
    assert told["Школа d", posts].endswith("<br>…")
    assert figure.data[0].hovertemplate == "%{y}<br>%{x}<br>%{text} %{customdata}<extra></extra>"


def test_foreign_markup_in_names_is_shown_as_text_in_the_index_and_the_matrix() -> None:
    zones = charts.zones(index_rows(("a", 10, 1, "red")), pd.Series({"a": HOSTILE}))
    rows = named_rows(("a", "п. 3.1 <b>Публикации</b>", "failed", "x")).assign(institution=HOSTILE)
    matrix = charts.matrix(rows)
    for figure in (zones, matrix):
        label = figure.data[0].y[0]
        assert label.startswith(ESCAPED[:40])
        drawn = json.dumps(figure.to_plotly_json(), default=str, ensure_ascii=False)
        assert "<a " not in drawn
        assert "<b>" not in drawn
    assert matrix.layout.xaxis.ticktext[0] == "п. 3.1<br>&lt;b&gt;Публикации&lt;/b&gt;"


def test_of_many_institutions_the_lowest_forty_are_bars_and_the_title_says_so() -> None:
    rows = index_rows(*[(f"{number:02d}", number, 1, "red" if number < 45 else "green") for number in range(50)])
    figure = charts.zones(rows, names(*rows["institution_id"]))
    assert sorted(label for bar in figure.data for label in bar.y) == [f"Школа {number:02d}" for number in range(40)]
    assert figure.layout.title.text == "Индекс соблюдения (n = 50; показаны 40 самых низких)"
    assert figure.layout.title.subtitle.text == "Всего: красная зона — 45, жёлтая зона — 0, зелёная зона — 5"


def test_an_index_of_nothing_kept_is_written_though_its_bar_has_no_length() -> None:
    figure = charts.zones(index_rows(("a", 0, 0.5, "red"), ("b", 50, 1, "yellow")), names("a", "b"))
    assert [(note.y, note.text) for note in figure.layout.annotations] == [("Школа a", "0 · установлено 50\u00a0%")]


def many_named(count: int) -> pd.DataFrame:
    """The later an institution's key, the more it needs."""
    rows = []
    for number in range(count):
        verdicts = ("failed" if number * 2 >= count else "cannot_tell", "failed" if number == count - 1 else "passed")
        rows += [
            (f"{number:04d}", clause, verdict, "x") for clause, verdict in zip((POSTS, SCOPE), verdicts, strict=True)
        ]
    return named_rows(*rows)


@pytest.mark.parametrize(("count", "blocks"), [(60, 1), (61, 2), (120, 3), (121, 4), (700, 18)])
def test_a_long_matrix_shows_every_name_and_repeats_its_heads(count: int, blocks: int) -> None:
    figure = charts.matrix(many_named(count))
    assert len(figure.data) == blocks
    assert sum(len(heat.y) for heat in figure.data) == len({label for heat in figure.data for label in heat.y}) == count
    assert all(len(heat.y) <= 60 for heat in figure.data)
    axes = [figure.layout[name] for name in figure.layout if name.startswith("yaxis")]
    assert all(axis.dtick == 1 and axis.autorange == "reversed" for axis in axes)
    heads = [figure.layout[name].ticktext for name in figure.layout if name.startswith("xaxis")]
    assert heads == [("п. 3.1<br>Публикации", "п. 1<br>Аккаунт")] * blocks
    assert figure.data[0].y[0] == f"Школа {count - 1:04d}"


def test_rows_of_a_long_matrix_have_one_height_and_do_not_overlap() -> None:
    figure = charts.matrix(many_named(700))
    domains = [figure.layout[f"yaxis{heat.yaxis[1:]}"].domain for heat in figure.data]
    heights = [(top - low) / len(heat.y) for (low, top), heat in zip(domains, figure.data, strict=True)]
    assert max(heights) - min(heights) < 1e-9
    assert all(low > below[1] for (low, _), below in pairwise(domains))
    assert domains[-1][0] == pytest.approx(0)
    drawn = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    assert heights[0] * drawn == pytest.approx(15)


def test_of_more_than_a_thousand_institutions_the_title_says_how_many_are_left_out_and_where_they_stand() -> None:
    figure = charts.matrix(many_named(1003))
    assert "показаны первые 1000 из 1003, ещё 3 строки — в kirov findings --out" in figure.layout.title.text
    shown = [label for heat in figure.data for label in heat.y]
    assert len(shown) == 1000
    assert "Школа 1002" in shown


def test_institutions_of_one_name_keep_rows_of_their_own_in_the_matrix() -> None:
    figure = charts.matrix(many_named(130).assign(institution="Школа"))
    assert len({label for heat in figure.data for label in heat.y}) == 130


def test_the_data_behind_a_long_matrix_are_its_cells_and_nothing_else() -> None:
    rows = charts.figure_rows(charts.matrix(many_named(130)).to_plotly_json())
    assert len(rows) == 2 * 130
    assert not rows["y"].isna().any()
    assert set(rows["x"]) == {"п. 3.1 Публикации", "п. 1 Аккаунт"}
    assert set(rows["value"]) == {"✕", "?", "✓"}
    assert set(rows["note"]) == {"x", ""}
