"""`kirov report --repeat` gives the same bytes from `run.json`, whatever was collected since, or says why it cannot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from small_lake import W20, W21, W22, W23, Small
from stored_pages import Makers, digests

from kirovlib import cli, settings
from kirovlib.errors import KirovError, LakeError, ParameterError
from kirovlib.lake import Batch, Lake, copy_as_of
from kirovlib.reports import build, pack, record, repeat
from kirovlib.reports.jobs import PageJob
from kirovlib.weeks import Period


@pytest.fixture(autouse=True)
def no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "_makers", lambda *_: Makers())


class Reported(Small):
    """Two institutions, three weeks of posts, reported."""

    def __init__(self, home: Path) -> None:
        super().__init__(home / "data")
        self.settings = settings.Settings(home=home)
        self.institution("2")
        self.account("telegram:b", "2")
        for account in ("vk:a", "telegram:b"):
            for week in (W20, W21, W22):
                self.posts(2, week, account)
            self.covered(account=account)
        self.snapshot([("Сообщить о проблеме", "https://pos.gosuslugi.ru/og/org-activities?reg=4300000")])
        self.store("r1")

    def report(self, label: str = "2024-W21", **how: Any) -> Path:
        build(self.settings, Period.parse(label), progress=False, **how)
        return self.settings.reports_dir / label / "run.json"

    def goes_on(self) -> None:
        """What a later collection brings: new posts, an edit, one that vanished, another page, other coverage."""
        edited = self.lake.table("posts").sort_values(["account_id", "posted_at"]).to_dict("records")
        blank = dict.fromkeys(("missed_at", "edited_at"))
        first, second = ({**row, **blank, "version": 2} for row in edited[:2])
        self.batch.posts += [{**first, "text": "иначе"}, {**second, "missed_at": W23}]
        self.posts(5, W21, "telegram:b")
        self.snapshot(None, "29.05 12:00")
        self.covered()
        self.covered(account="telegram:b", outcome="partial", reason="wall_closed")
        self.store("r2")

    def repeated(self, run: Path, **how: Any) -> repeat.Repeated:
        return repeat.repeat(self.settings, run, progress=False, **how)


@pytest.fixture
def small(tmp_path: Path) -> Reported:
    return Reported(tmp_path)


# --- the same bytes


@pytest.mark.parametrize("label", ["2024-W21", "2024-05", "2024-Q2", "2024-05-13_2024-06-02"])
def test_a_report_is_the_same_bytes_again_though_more_was_collected_since(label: str, small: Reported) -> None:
    run = small.report(label)
    before = digests(run.parent)
    small.goes_on()
    done = small.repeated(run)
    assert done.different == ()
    assert done.file_count == len(before)
    assert digests(run.parent) == before  # the first is left alone
    assert digests(done.index.parent) == before
    assert done.index.parent.name == f"{label}-repeat"


def test_what_was_collected_since_does_change_a_report_made_now(small: Reported) -> None:
    run = small.report()
    before = digests(run.parent)
    small.goes_on()
    small.report()
    changed = {name for name, digest in digests(run.parent).items() if digest != before[name]}
    assert {"run.json", "findings.parquet", "index.html"} <= changed


def test_its_parameters_are_taken_over(small: Reported) -> None:
    run = small.report(complete_share=0.0)
    done = small.repeated(run)
    assert done.different == ()
    assert json.loads((done.index.parent / "run.json").read_text(encoding="utf-8"))["parameters"]["complete_share"] == 0


def test_nothing_is_left_behind_and_an_older_repeat_is_replaced(small: Reported) -> None:
    run = small.report()
    (small.settings.reports_dir / ".repeat" / "half").mkdir(parents=True)
    for _ in range(2):
        small.repeated(run)
    folders = {path.name for path in small.settings.reports_dir.iterdir() if path.is_dir()}
    assert folders == {"2024-W21", "2024-W21-repeat"}


def test_a_pack_that_was_altered_is_told_by_its_files(small: Reported) -> None:
    run = small.report()
    (run.parent / "index.html").write_text("другое", encoding="utf-8")
    (run.parent / "summary.txt").unlink()
    assert small.repeated(run).different == ("index.html", "summary.txt")


def test_a_repeated_pack_that_is_repeated_is_held_against_what_it_was(small: Reported) -> None:
    again = small.repeated(small.report()).index.parent
    (again / "index.html").write_text("другое", encoding="utf-8")
    assert small.repeated(again / "run.json").different == ("index.html",)


def test_a_run_json_alone_is_enough(small: Reported, tmp_path: Path) -> None:
    run = small.report()
    before = digests(run.parent)
    alone = tmp_path / "mail" / "run.json"
    alone.parent.mkdir()
    shutil.move(run, alone)
    shutil.rmtree(run.parent)
    done = small.repeated(alone)
    assert done.different is None
    assert digests(done.index.parent) == before


# --- the lake of then


def as_of(small: Reported, state: dict[str, Any], folder: Path) -> Lake:
    return copy_as_of(small.lake, state, folder)


def tables_of(lake: Lake) -> list[pd.DataFrame]:
    names = ("posts", "post_metrics", "profile_snapshots", "coverage")
    return [lake.table(name) for name in names] + [lake.runs()]


def test_the_lake_of_then_is_the_same_tables_also_after_runs_were_merged(small: Reported, tmp_path: Path) -> None:
    """One run whose first batch was there when the report was made, and whose others came and were merged."""
    run = {"run_id": "r2", "started_at": W23, "source": "network", "window_from": W20, "window_until": W23,
           "account_count": 1, "request_count": 1}  # fmt: skip
    with small.lake.writer() as writer:
        writer.record_run({**run, "finished_at": None})
        small.posts(2)
        small.covered()
        writer.commit("r2", small.batch)
        state, before = small.lake.state(), tables_of(small.lake)
        small.batch = Batch()
        small.posts(3)
        small.covered()
        writer.commit("r2", small.batch)
        writer.merge()
        writer.record_run({**run, "finished_at": W23})
    assert small.lake.state() != state
    then = as_of(small, state, tmp_path / "then")
    assert then.state() == state
    for found, expected in zip(tables_of(then), before, strict=True):
        pd.testing.assert_frame_equal(found, expected)


def test_the_lake_of_then_costs_no_room_where_files_can_be_linked(small: Reported, tmp_path: Path) -> None:
    as_of(small, small.lake.state(), tmp_path / "then")
    stored = sorted(small.lake.folder.glob("posts/*/*.parquet"))
    laid = sorted((tmp_path / "then").glob("posts/*/*.parquet"))
    assert [file.stat().st_ino for file in laid] == [file.stat().st_ino for file in stored]


def test_the_lake_of_then_is_made_where_files_cannot_be_linked(
    small: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", refused)
    assert as_of(small, small.lake.state(), tmp_path / "then").state() == small.lake.state()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("batch", 9, "таких порций в нём нет"),
        ("coverage_sha256", "0" * 64, "таблица охвата этих порций другая"),
        ("runs_sha256", "0" * 64, "таблица сборов другая"),
    ],
)
def test_a_state_that_cannot_be_had_again_is_refused_with_the_reason(
    key: str, value: object, said: str, small: Reported
) -> None:
    run = small.report()
    content = json.loads(run.read_text(encoding="utf-8"))
    content["lake"][key] = value
    run.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(LakeError, match=said):
        small.repeated(run, anyway=True)


# --- changed since


def change_register(small: Reported) -> None:
    small.institution("3")
    small.store("r9")


def change_order(small: Reported) -> None:
    (small.home / "order").mkdir()
    shutil.copy(Path(cli.__file__).parents[1] / "order" / "clauses.toml", small.home / "order")


def change_template(small: Reported) -> None:
    (small.home / "templates").mkdir()
    (small.home / "templates" / "letter.docx").write_bytes(b"")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_register, "реестр: изменены institutions.csv"),
        (change_order, "порядок (data/order): появились clauses.toml"),
        (change_template, "шаблоны (data/templates): появились letter.docx"),
    ],
)
def test_what_changed_since_is_named_and_the_report_is_not_made(
    change: Callable[[Reported], None], said: str, small: Reported
) -> None:
    run = small.report()
    change(small)
    with pytest.raises(ParameterError) as refused:
        small.repeated(run)
    assert said in str(refused.value)
    assert "--anyway" in str(refused.value)
    assert not (small.settings.reports_dir / "2024-W21-repeat").exists()


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (("versions", "pandas"), "версии: pandas 0.1 → "),
        (("inputs", "program"), "программа: её файлы другие"),
        (("inputs", "notebooks"), "тетради: появились 01_overview.ipynb"),
    ],
)
def test_other_versions_program_or_notebooks_are_named(where: tuple[str, str], said: str, small: Reported) -> None:
    run = small.report()
    content = json.loads(run.read_text(encoding="utf-8"))
    content[where[0]][where[1]] = {} if where[1] == "notebooks" else "0.1"
    run.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ParameterError) as refused:
        small.repeated(run)
    assert said in str(refused.value)


def test_gone_on_with_anyway_its_run_json_says_what_was_different(small: Reported) -> None:
    run = small.report()
    change_register(small)
    done = small.repeated(run, anyway=True)
    assert done.changes == ("реестр: изменены institutions.csv",)
    assert done.different is not None
    assert "run.json" in done.different
    told = json.loads((done.index.parent / "run.json").read_text(encoding="utf-8"))
    assert told["repeated_with_changes"] == ["реестр: изменены institutions.csv"]


def test_line_ends_of_a_checkout_do_not_count(small: Reported) -> None:
    before = record.inputs(small.settings)
    file = small.home / "registry" / "institutions.csv"
    file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert record.inputs(small.settings) == before


# --- hostile files


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"period": "2024-W21", "parameters": {}, "lake": {"batch": true}, "inputs": {}}'],
)
def test_a_file_that_is_no_run_json_is_refused(content: str, small: Reported, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError, match=r"не run\.json"):
        small.repeated(file)
    with pytest.raises(ParameterError, match=r"не run\.json"):
        small.repeated(tmp_path / "missing.json")


@pytest.mark.parametrize(("key", "value"), [("period", "../../etc"), ("parameters", {"scheduler_": 1})])
def test_a_foreign_period_or_parameter_is_refused(key: str, value: object, small: Reported) -> None:
    run = small.report()
    content = json.loads(run.read_text(encoding="utf-8"))
    content[key] = value
    run.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ParameterError, match=r"не период|scheduler_"):
        small.repeated(run)


# --- the command


def kirov(small: Reported, *arguments: str | Path) -> Result:
    words = ["report", "--home", str(small.settings.home), *map(str, arguments)]
    return CliRunner().invoke(cli.main, words)


def test_the_command_says_that_the_bytes_are_the_same(small: Reported) -> None:
    run = small.report()
    small.goes_on()
    result = kirov(small, "--repeat", run)
    assert result.exit_code == 0, result.output
    assert "Совпало с прежним байт в байт" in result.output
    assert "2024-W21-repeat" in result.output


def test_the_command_ends_with_two_where_the_register_changed(small: Reported) -> None:
    run = small.report()
    change_register(small)
    result = kirov(small, "--repeat", run)
    assert result.exit_code == 2
    assert "institutions.csv" in result.output
    result = kirov(small, "--repeat", run, "--anyway")
    assert result.exit_code == 3
    assert "не совпало" in result.output


def test_a_period_beside_repeat_is_refused(small: Reported) -> None:
    result = kirov(small, "--repeat", small.report(), "--week", "2024-W21")
    assert result.exit_code == 2
    assert "--repeat" in result.output


def test_anyway_without_repeat_is_refused(small: Reported) -> None:
    small.report()
    result = kirov(small, "--anyway")
    assert result.exit_code == 2
    assert "--repeat" in result.output


def test_half_a_card_is_no_card(small: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    class Short(Makers):
        def submit(self, job: PageJob) -> Future[float]:
            done = super().submit(job)
            if not job.page.endswith("/2.html"):
                return done
            done = Future()
            done.set_exception(KirovError("No space left on device"))
            return done

    monkeypatch.setattr(pack, "_makers", lambda *_: Short())
    folder = small.report(cards=["all"]).parent
    assert list(record.read(folder / "run.json")["failed_cards"]) == ["2"]
    assert {file.stem for file in (folder / "cards").iterdir()} == {"1", "index"}


def test_a_quarter_is_reported(small: Reported) -> None:
    result = kirov(small, "--quarter", "2024-Q2")
    assert result.exit_code == 3, result.output  # most of its weeks were never read
    assert (small.settings.reports_dir / "2024-Q2" / "summary.html").is_file()
