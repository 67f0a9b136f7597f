"""The report pack: what lies in it, that it is the same bytes each time, that nothing foreign comes alive in it."""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from kirovlib import charts, demo, tables
from kirovlib.errors import KirovError, ParameterError
from kirovlib.order import evaluate, wording
from kirovlib.reports import export, notebooks, pages, workbook

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
    assert str(export._harmless(text)).startswith("'")


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
    assert "ещё 20" in charts.table(many, {"n": "n"}, limit=10).data
    assert "Таких строк нет" in charts.table(many.head(0), {"n": "n"}).data


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"weak": "2024-W21"}, "Неизвестный параметр «weak»"),
        ({"period": 2024}, "ожидается текст"),
        ({"period": "2024-W60"}, "2024-W60"),
        ({"past_weeks": -1}, "от 0 до"),
        ({"past_weeks": "3"}, "целое число"),
    ],
)
def test_wrong_notebook_parameters_are_refused_before_a_kernel_starts(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        notebooks.run(Path("no-such.ipynb"), parameters, Path())


def test_a_failing_notebook_leaves_the_older_report_alone(
    small_demo: demo.Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = small_demo.index.parents[2]
    before = digests(home)

    def fail(*_: object) -> None:
        msg = "Тетрадь остановилась"
        raise KirovError(msg)

    monkeypatch.setattr(notebooks, "run", fail)
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
        charts.share_meeting_norm(counts, 3, pd.Timestamp("2024-05-15").date()),
        charts.posts_heatmap(counts, pd.Series(dtype="str"), 3),
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
    posts, scope = "п. 3.1<br>Публикации", "п. 1<br>Аккаунт"
    assert shown == {("Школа a", posts): "✕", ("Школа a", scope): "", ("Школа b", posts): "✓", ("Школа b", scope): "·"}


def test_the_matrix_has_findings_on_institutions_as_well_as_on_accounts(small_demo: demo.Demo) -> None:
    data = small_demo.index.parents[2] / "data"
    named = wording.named(evaluate.judge("2024-W28", data))
    figure = charts.matrix(named)
    heat = figure.data[0]
    assert len(heat.y) == named["institution_id"].nunique()
    columns = [column.partition("<br>")[0] for column in heat.x]
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
    assert list(charts.matrix(rows).data[0].y) == ["Школа b", "Школа c", "Школа a"]  # drawn from the bottom


def test_hovering_over_the_matrix_tells_why_the_most_frequent_reason_first() -> None:
    rows = named_rows(
        *[("a", POSTS, "failed", "Мало")] * 3, ("a", POSTS, "failed", "Иначе"), ("a", POSTS, "cannot_tell", "Неясно"),
        ("b", POSTS, "passed", "Норма"), ("c", POSTS, "cannot_tell", "Неясно"),
        ("b", SCOPE, "inapplicable", "Освобождено"),
        *[("d", POSTS, "failed", f"Причина {number}") for number in range(5)],
    )  # fmt: skip
    figure = charts.matrix(rows)
    told = cells(figure, "customdata")
    posts, scope = "п. 3.1<br>Публикации", "п. 1<br>Аккаунт"
    assert told["Школа a", posts] == "нарушение<br>Мало: 3<br>Иначе"
    assert told["Школа b", posts] == "соблюдается"
    assert told["Школа b", scope] == "не применяется"
    assert told["Школа c", posts] == "не установлено<br>Неясно"
    assert told["Школа c", scope] == ""
    assert told["Школа d", posts].count("<br>") == 4
    assert told["Школа d", posts].endswith("<br>…")
    assert figure.data[0].hovertemplate == "%{y}<br>%{x}<br>%{customdata}<extra></extra>"


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
    assert matrix.data[0].x[0] == "п. 3.1<br>&lt;b&gt;Публикации&lt;/b&gt;"
