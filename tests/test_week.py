"""`kirov week`: the week in one command, taken up where it was left, never twice, honest about what is missing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from stored_pages import Makers, digests

from kirovlib import cli, registry, reports, settings, week
from kirovlib.collect import collect
from kirovlib.errors import LakeError, NetworkError, ParameterError, TokenError
from kirovlib.lake import Batch, Lake
from kirovlib.order import evaluate
from kirovlib.platforms.base import Window
from kirovlib.registry import Register
from kirovlib.reports import pack
from kirovlib.reports.jobs import PageJob
from kirovlib.sandbox import DEMO_NOW, Sandbox, build_world
from kirovlib.settings import Settings
from kirovlib.weeks import Week

WORLD = build_world(institutions=8, weeks=2)
WEEK = Week.parse("2024-W28")


class KilledError(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module")
def network() -> Iterator[Sandbox]:
    with Sandbox(WORLD, limits=False) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "_makers", lambda *_: Makers())


def reached(home: Path, network: Sandbox, **variables: str) -> Settings:
    return Settings(home, {**network.variables, **variables}, requests_per_second=0, clock=lambda: DEMO_NOW)


def registered(home: Path) -> Path:
    registry.write(home / "data" / "registry", Register(WORLD.institutions, WORLD.accounts))
    return home


def stop(*_: object, **__: object) -> None:
    raise KilledError


@pytest.fixture(scope="module")
def collected(network: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose command was killed after the collection."""
    home = registered(tmp_path_factory.mktemp("collected"))
    with pytest.raises(KilledError):
        week.run(reached(home, network), tell=stop, progress=False)
    return home


@pytest.fixture(scope="module")
def finished(collected: Path, network: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose report was made without disturbance."""
    home = copied(collected, tmp_path_factory.mktemp("finished") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack, "_makers", lambda *_: Makers())
        week.run(reached(home, network), progress=False)
    return home


def copied(home: Path, target: Path) -> Path:
    shutil.copytree(home, target)
    return target


@pytest.fixture
def home(collected: Path, tmp_path: Path) -> Path:
    return copied(collected, tmp_path / "home")


@pytest.fixture
def made(finished: Path, tmp_path: Path) -> Path:
    return copied(finished, tmp_path / "home")


# --- killed and run again

KILLS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before the pack": lambda patch: patch.setattr(pack.record, "inputs", stop),
    "in the midst of the pack": lambda patch: patch.setattr(pack.files, "write_parquet", stop),
    "before run.json": lambda patch: patch.setattr(pack.record, "write", stop),
    "before it is put in place": lambda patch: patch.setattr(pack, "put_in_place", stop),
    "after it is put in place": lambda patch: patch.setattr(pack, "put_in_place", placed_and_stopped),
}


def placed_and_stopped(aside: Path, target: Path) -> None:
    aside.rename(target)
    raise KilledError


@pytest.mark.parametrize("point", KILLS)
def test_killed_at_a_point_and_run_again_it_makes_the_same_pack(
    point: str, home: Path, finished: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = Lake(home / "data" / "lake").state()
    with monkeypatch.context() as patch:
        KILLS[point](patch)
        with pytest.raises(KilledError):
            week.run(reached(home, network), progress=False)
    done = week.run(reached(home, network), progress=False)
    assert done.is_new == (point != "after it is put in place")
    assert done.collected is None  # nothing was asked twice
    assert Lake(home / "data" / "lake").state() == state
    assert digests(home / "reports" / WEEK.label) == digests(finished / "reports" / WEEK.label)


def test_what_a_killed_report_left_aside_is_gone_after_the_next(made: Path, network: Sandbox) -> None:
    left = made / "reports" / f".{WEEK.label}.new" / "half"
    left.mkdir(parents=True)
    (made / "reports" / WEEK.label / "run.json").unlink()
    week.run(reached(made, network), progress=False)
    names = {path.name for path in (made / "reports").iterdir() if path.is_dir()}
    assert names == {WEEK.label}


# --- nothing twice


def untouched(home: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_a_second_time_there_is_nothing_to_do(made: Path, network: Sandbox) -> None:
    before = untouched(made)
    done = week.run(reached(made, network), progress=False)
    assert (done.is_new, done.collected, done.troubles) == (False, None, ())
    assert untouched(made) == before


def spoil_register(home: Path) -> None:
    file = home / "data" / "registry" / "institutions.csv"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")


def registered_names(home: Path) -> str:
    return (home / "data" / "registry" / "institutions.csv").read_text(encoding="utf-8")


def spoil_order(home: Path) -> None:
    (home / "data" / "order").mkdir()
    shutil.copy(Path(week.__file__).with_name("order") / "clauses.toml", home / "data" / "order")


def lose_the_summary(home: Path) -> None:
    (home / "reports" / WEEK.label / "summary.html").unlink()


def lose_a_notebook(home: Path) -> None:
    (home / "reports" / WEEK.label / "notebooks" / "01_overview.ipynb").unlink()


def spoil_version(home: Path) -> None:
    file = home / "reports" / WEEK.label / "run.json"
    run = json.loads(file.read_text(encoding="utf-8"))
    run["versions"]["pandas"] = "0.1"
    file.write_text(json.dumps(run), encoding="utf-8")


def spoil_run(home: Path) -> None:
    (home / "reports" / WEEK.label / "run.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize(
    "spoil", [spoil_register, spoil_order, spoil_version, spoil_run, lose_the_summary, lose_a_notebook]
)
def test_what_the_report_rests_on_has_changed_and_it_is_made_anew(
    spoil: Callable[[Path], None], made: Path, monkeypatch: pytest.MonkeyPatch, network: Sandbox
) -> None:
    asked = []
    monkeypatch.setattr(week.reports, "build", lambda *given, **_: asked.append(given))
    spoil(made)
    assert week.run(reached(made, network), progress=False).is_new
    assert len(asked) == 1


def test_other_parameters_make_it_anew(made: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(week.reports, "build", lambda *_, **how: asked.append(how))
    assert not week.run(reached(made, network), chosen={"cards": [], "by_founder": False}, progress=False).is_new
    assert week.run(reached(made, network), chosen={"complete_share": 0.5}, progress=False).is_new
    assert week.run(reached(made, network), chosen={"cards": ["failed"]}, how={"jobs": 1}, progress=False).is_new
    assert [(each.get("complete_share"), each.get("cards"), each.get("jobs")) for each in asked] == [
        (0.5, None, None),
        (0.98, ["failed"], 1),
    ]


def test_what_was_chosen_for_a_week_stays_until_something_else_is(made: Path, network: Sandbox) -> None:
    def run(**chosen: Any) -> week.Done:
        return week.run(reached(made, network), chosen=chosen, progress=False)

    def parameters() -> dict[str, Any]:
        found = json.loads((made / "reports" / WEEK.label / "run.json").read_text(encoding="utf-8"))["parameters"]
        return {name: value for name, value in found.items() if name not in {"past_weeks", "complete_share"}}

    assert run(cards=["failed"], mend_days=30).is_new
    assert not run().is_new
    assert run(by_founder=True).is_new
    assert parameters() == {"cards": ["failed"], "mend_days": 30, "by_founder": True}
    assert not run(cards=["failed"]).is_new
    assert run(cards=[], by_founder=False).is_new
    assert parameters() == {"mend_days": 30}


def test_accounts_that_cannot_be_had_are_asked_again_when_the_register_names_them_otherwise(
    made: Path, network: Sandbox
) -> None:
    lake = Lake(made / "data" / "lake")
    gone = lake.query("SELECT account_id FROM coverage WHERE outcome <> 'collected' ORDER BY account_id")["account_id"]
    assert len(gone) > 1
    file = made / "data" / "registry" / "accounts.csv"
    accounts = registry.read(file.parent).accounts
    url = accounts.loc[accounts["account_id"] == gone[0], "url"].item()
    file.write_text(file.read_text(encoding="utf-8").replace(url, f"{url}_moved"), encoding="utf-8")
    done = week.run(reached(made, network), progress=False)
    assert done.collected is not None
    assert sum(done.collected.outcomes.values()) == len(gone)


def asked_again(
    home: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch, reason: str, run_id: str = "x"
) -> list[str]:
    """Of which accounts the command wants to ask, once a run was told such a reason of one of them."""
    account = WORLD.accounts["account_id"].iloc[0]
    source = "file" if reason == "file_without_period" else "network"
    monkeypatch.setattr(week.selection, "missing", lambda *_: WORLD.accounts.head(1))
    with Lake(home / "data" / "lake").writer() as writer:
        coverage = {"account_id": account, "outcome": "not_collected", "reason": reason, "reached_end": False}
        writer.commit(run_id, Batch(coverage=[coverage | {"covered_from": None, "covered_until": None}]))
        run = {"run_id": run_id, "started_at": DEMO_NOW, "source": source, "window_from": WEEK.starts_at}
        writer.record_run(run | {"window_until": DEMO_NOW, "account_count": 1, "request_count": 1})
    asked: list[str] = []

    def collect(_: Settings, accounts: Any, *__: object, **___: object) -> Any:
        asked.extend(accounts["account_id"])
        raise KilledError

    monkeypatch.setattr(week, "collect", collect)
    monkeypatch.setattr(week.reports, "build", stop)
    with pytest.raises(KilledError):
        week.run(reached(home, network), progress=False)
    return asked


def test_an_answer_that_was_not_understood_is_asked_for_once_more(
    made: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = made / "reports" / f".{WEEK.label}.week.json"
    since = Lake(made / "data" / "lake").state()["batch"]
    journal.write_text(json.dumps(json.loads(journal.read_text()) | {"since_batch": since}), encoding="utf-8")
    assert asked_again(made, network, monkeypatch, "answer_not_understood", "x1")
    assert not asked_again(made, network, monkeypatch, "answer_not_understood", "x2")


def test_posts_from_a_file_do_not_keep_the_network_from_being_asked(
    made: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked_again(made, network, monkeypatch, "file_without_period")
    assert not asked_again(made, network, monkeypatch, "wall_closed", "y")
    assert not asked_again(made, network, monkeypatch, "file_without_period", "z")


def test_a_journal_of_a_lake_that_was_taken_away_is_begun_anew(
    made: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = made / "reports" / f".{WEEK.label}.week.json"
    journal.write_text(json.dumps(json.loads(journal.read_text()) | {"since_batch": 999}), encoding="utf-8")
    assert asked_again(made, network, monkeypatch, "network")
    assert not asked_again(made, network, monkeypatch, "wall_closed", "y")


def test_what_is_collected_while_a_week_is_judged_does_not_count_as_judged(
    made: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = evaluate.facts.load

    def load_and_collect(*given: Any) -> Any:
        found = load(*given)
        monkeypatch.setattr(evaluate.facts, "load", load)
        account = WORLD.accounts[WORLD.accounts["platform"] == "vk"].head(1)
        collect(reached(made, network), account, Window(WEEK.starts_at, DEMO_NOW), progress=False)
        return found

    monkeypatch.setattr(evaluate.facts, "load", load_and_collect)
    state = Lake(made / "data" / "lake").state()
    assert evaluate.judge(WEEK.label, made / "data").lake_state == state != Lake(made / "data" / "lake").state()


def test_what_changes_while_the_report_is_made_stays_out_of_all_of_it_and_makes_the_next(
    made: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Makers):
        def submit(self, job: PageJob) -> Any:
            spoil_register(made)
            assert registered_names(Path(job.home)) == names
            return super().submit(job)

    before, names = digests(made / "reports" / WEEK.label), registered_names(made)
    (made / "reports" / WEEK.label / "run.json").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(pack, "_makers", lambda *_: Slow())
        assert week.run(reached(made, network), progress=False).is_new
    assert registered_names(made) != names
    assert digests(made / "reports" / WEEK.label) == before
    assert {file.name for file in (made / "reports").iterdir() if file.is_dir()} == {WEEK.label}
    assert week.run(reached(made, network), progress=False).is_new
    assert not week.run(reached(made, network), progress=False).is_new


def test_what_is_still_written_when_a_report_is_broken_off_is_gone_too(
    home: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(Makers):
        def __exit__(self, *_: object) -> None:
            (home / "reports" / f".{WEEK.label}.new" / "cards" / "figures").mkdir(parents=True)

    monkeypatch.setattr(pack, "_makers", lambda *_: Late())
    monkeypatch.setattr(pack.files, "write_parquet", stop)
    with pytest.raises(KilledError):
        week.run(reached(home, network), progress=False)
    assert [path.name for path in (home / "reports").iterdir() if path.is_dir()] == []


# --- what it refuses


def test_a_week_that_is_not_over_is_refused(home: Path, network: Sandbox) -> None:
    with pytest.raises(ParameterError, match=r"2024-W29 ещё не кончилась.*2024-W28"):
        week.run(reached(home, network), Week.parse("2024-W29"), progress=False)


def test_only_one_command_at_a_time(home: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys; from pathlib import Path; from kirovlib.lake import alone\n"
        f"with alone(Path({str(home / 'reports' / '.week.lock')!r})): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LakeError, match="уже выполняется"):
            week.run(reached(home, network), progress=False)
        other.kill()
    monkeypatch.setattr(week.reports, "build", stop)
    with pytest.raises(KilledError):  # this far: the dead process holds nothing
        week.run(reached(home, network), progress=False)


# --- tokens and networks


def test_without_any_token_and_with_nothing_collected_the_command_says_so(tmp_path: Path) -> None:
    home = registered(tmp_path)
    offline = Settings(home, {"KIROV_TELEGRAM_URL": "http://127.0.0.1:9/"}, clock=lambda: DEMO_NOW)
    accounts = WORLD.accounts[WORLD.accounts["platform"] != "telegram"]
    registry.write(home / "data" / "registry", Register(WORLD.institutions, accounts))
    with pytest.raises(TokenError, match="VK_TOKEN"):
        week.run(offline, progress=False)


def test_a_later_week_without_tokens_is_reported_from_what_is_there(made: Path, network: Sandbox) -> None:
    later = replace(reached(made, network), variables={}, clock=lambda: DEMO_NOW + timedelta(days=7))
    accounts = WORLD.accounts[WORLD.accounts["platform"] != "telegram"]
    registry.write(made / "data" / "registry", Register(WORLD.institutions, accounts))
    done = week.run(later, Week.parse("2024-W29"), progress=False)
    assert done.collected is None
    assert [type(trouble) for trouble in done.troubles] == [TokenError]
    assert done.shortcomings  # its first hours were read while it went on


# --- the command line


@pytest.fixture
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = settings.load

    def load(*given: Any) -> Settings:
        return replace(loaded(*given), requests_per_second=0, clock=lambda: DEMO_NOW)

    monkeypatch.setattr(settings, "load", load)


def kirov(home: Path, network: Sandbox, *arguments: str, **variables: str | None) -> Result:
    return CliRunner().invoke(
        cli.main,
        ["week", "--home", str(home), *arguments],
        env={**network.variables, **variables},
    )


@pytest.mark.usefixtures("fixed_clock")
def test_the_whole_way_from_the_command_line_and_a_second_time(tmp_path: Path, network: Sandbox) -> None:
    home = registered(tmp_path)
    first = kirov(home, network, "--complete-share", "0.5")
    assert first.exit_code == 0, first.output
    assert first.output.startswith("План сбора:")
    assert "Отчёт за неделю 2024-W28 готов" in first.output
    assert str(home / "reports" / "2024-W28" / "summary.html") in first.output
    second = kirov(home, network, "2024-W28", "--complete-share", "0.5")
    assert second.exit_code == 0, second.output
    assert second.output.startswith("Делать нечего")


@pytest.mark.usefixtures("fixed_clock")
def test_incomplete_data_are_stamped_and_told_by_the_exit_code(made: Path, network: Sandbox) -> None:
    result = kirov(made, network)
    assert result.exit_code == 3, result.output
    assert re.search(r"Данные неполные: целиком прочитано \d+\W% аккаунтов \(\d+ из \d+, предел 98\W%\)", result.output)
    folder = made / "reports" / WEEK.label
    for name in ("summary.html", "summary.txt", "index.html", "06_data_quality.html"):
        assert "Данные неполные: целиком прочитано" in " ".join((folder / name).read_text(encoding="utf-8").split()), (
            name
        )


@pytest.mark.usefixtures("fixed_clock")
def test_a_missing_token_is_told_and_the_rest_is_reported(tmp_path: Path, network: Sandbox) -> None:
    home = registered(tmp_path)
    result = kirov(home, network, OK_APPLICATION_KEY=None)
    assert result.exit_code == 4, result.output
    assert "OK_APPLICATION_KEY" in result.output
    assert "Отчёт составлен по тому, что собрано" in result.output
    told = (home / "reports" / WEEK.label / "summary.txt").read_text(encoding="utf-8")
    assert "Ключ доступа к сети не задан" in told
    again = kirov(home, network, OK_APPLICATION_KEY=None)
    assert again.exit_code == 4
    assert "Делать нечего" in again.output


@pytest.mark.usefixtures("fixed_clock")
def test_a_network_that_fails_is_told_with_its_reason(
    home: Path, network: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = week.Done(WEEK, home, is_new=True, collected=None, troubles=(NetworkError("Сеть не отвечает"),))
    told = {"period": WEEK.label, "parameters": {"mend_days": 14}}
    (home / "run.json").write_text(json.dumps(told), encoding="utf-8")
    monkeypatch.setattr(week, "run", lambda *_, **__: made)
    result = kirov(home, network, "--cards", "failed")
    assert result.exit_code == 4
    assert "Сеть не отвечает" in result.output
    assert "повторите: kirov week --cards failed" in result.output


# --- the summary


def test_the_summary_says_the_same_as_html_and_as_text(made: Path) -> None:
    folder = made / "reports" / WEEK.label
    text = " ".join((folder / "summary.txt").read_text(encoding="utf-8").split()).casefold()
    page = (folder / "summary.html").read_text(encoding="utf-8")
    told = re.findall(r"<li>(.*?)</li>|<td>(?:<a [^>]*>)?([^<]*)", page)
    words = [" ".join((fact or cell).replace("\u00a0", " ").split()) for fact, cell in told]
    assert len(words) > 30
    assert [word for word in words if "&" not in word and word.casefold() not in text] == []
    for title in ("Главное", "Что изменилось", "Кому помочь первым", "Что прочитано", "Что не собрано и что делать"):
        assert f"<h2>{title}</h2>" in page
        assert title.casefold() in text


def test_links_of_the_summary_lead_to_files_of_the_pack_or_to_addresses(made: Path) -> None:
    folder = made / "reports" / WEEK.label
    targets = re.findall(r'href="([^"]+)"', (folder / "summary.html").read_text(encoding="utf-8"))
    inner = [target for target in targets if not target.startswith(("https://", "http://", "data:"))]
    assert {"index.html", "01_overview.html", "findings.xlsx"} <= set(inner)
    assert [target for target in inner if not (folder / target).is_file()] == []


def test_foreign_markup_in_the_register_stays_text_in_the_summary(home: Path) -> None:
    institutions = WORLD.institutions.copy()
    institutions["short_name"] = "<script>alert(1)</script>\u202e" + institutions["short_name"].astype(str)
    accounts = WORLD.accounts.copy()
    registry.write(home / "data" / "registry", Register(institutions, accounts))
    reports.build(
        Settings(home, {"KIROV_KERNELS": "stock"}, clock=lambda: DEMO_NOW),
        pack.Period(WEEK.label, (WEEK,)),
        progress=False,
    )
    folder = home / "reports" / WEEK.label
    assert "<script>alert" not in (folder / "summary.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in (folder / "summary.html").read_text(encoding="utf-8")
    assert "\u202e" not in (folder / "summary.txt").read_text(encoding="utf-8")
