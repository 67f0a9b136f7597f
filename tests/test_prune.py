"""Raw answers past their term go, what rests on them stays; killed in between nothing is lost that should stay."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from small_lake import KIROV, Small, at

from kirovlib import cli, evidence, settings
from kirovlib.errors import LakeError
from kirovlib.lake import durable, prune
from kirovlib.lake.prune import CRASH_POINTS, Pruned
from kirovlib.platforms.base import raw_record
from kirovlib.weeks import Week

OLD, YOUNG = "27.05 09:00", "03.06 09:00"
BORDER, NOW = at("01.06 00:00"), at("10.07 12:00")
GONE = "сохранённый ответ удалён по сроку 10.07.2024"


class KilledError(BaseException):
    """The process ends here."""


class Answered(Small):
    """Two runs: the answers of `r1` came on 27.05., those of `r2` on 03.06."""

    def __init__(self, home: Path) -> None:
        super().__init__(home / "data")
        self.root = home
        self.old = [self.told("20.05 12:00", OLD), self.told("21.05 12:00", OLD)]
        self.covered()
        self.store("r1")
        self.young = [self.told("29.05 12:00", YOUNG)]
        self.covered()
        self.store("r2")

    def told(self, posted: str, came: str) -> str:
        record = raw_record("vk:a", "wall.get", {"owner_id": -1}, at(came), {"text": f"Публикация {posted}" * 50})
        self.batch.raw.setdefault("vk", []).append(record)
        self.post(posted, raw_sha256=record["sha256"])
        return str(record["sha256"])

    def prune(self, before: datetime = BORDER, *, dry: bool = False) -> Pruned:
        return prune.prune(self.lake, before, NOW, dry=dry)

    def files(self) -> dict[str, bytes]:
        folder = self.lake.folder / "raw"
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.glob("*/*/*.zst"))}

    def bodies(self) -> dict[str, bool]:
        """Whether each answer has its body."""
        records = self.lake.answers("vk:a", {"r1", "r2"})
        return {record["sha256"]: "body" in record for record in records}

    def proof(self) -> dict[str, bytes]:
        out = self.root / "out.zip"
        evidence.build(settings.Settings(home=self.root), "vk:a", Week.parse("2024-W21"), out, force=True)
        with zipfile.ZipFile(out) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def small(tmp_path: Path) -> Answered:
    return Answered(tmp_path)


def rows(files: dict[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig")), delimiter=";"))


def test_old_answers_go_and_younger_ones_stay(small: Answered) -> None:
    before = sum(map(len, small.files().values()))
    told = small.prune()
    assert (told.file_count, told.answer_count, told.kept_count) == (1, 2, 1)
    assert (told.first_at, told.last_at) == (at(OLD), at(OLD))
    assert told.byte_count == before - sum(map(len, small.files().values())) != 0
    assert small.bodies() == {**dict.fromkeys(small.old, False), **dict.fromkeys(small.young, True)}
    assert small.lake.raw(small.young[0])["body"]


def test_an_answer_that_came_at_the_border_stays(small: Answered) -> None:
    assert small.prune(at(OLD)).answer_count == 0
    assert all(small.bodies().values())


def test_verdicts_posts_and_the_lakes_state_stay_as_they_were(small: Answered) -> None:
    state, posts, findings = small.lake.state(), small.lake.table("posts"), small.rows()
    small.prune()
    small._judged = {}
    assert small.lake.state() == state
    pd.testing.assert_frame_equal(small.lake.table("posts"), posts)
    assert small.rows() == findings


def test_told_only_nothing_is_touched(small: Answered) -> None:
    before = small.files()
    told = small.prune(dry=True)
    assert (told.answer_count, told.kept_count) == (2, 1)
    assert small.files() == before


def test_answers_that_are_merged_while_they_are_counted_are_counted_where_they_went(
    small: Answered, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, before = durable.read_raw, small.prune(dry=True)

    def moved_once(file: Path, *_: Any) -> Any:
        monkeypatch.setattr(durable, "read_raw", read)
        raise FileNotFoundError(file)

    monkeypatch.setattr(durable, "read_raw", moved_once)
    assert small.prune(dry=True) == before


def test_a_second_time_there_is_nothing_to_do(small: Answered) -> None:
    small.prune()
    before = small.files()
    assert small.prune().answer_count == 0
    assert small.files() == before


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_killed_at_any_point_and_run_again_the_files_are_those_of_an_undisturbed_time(
    point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, killed = Answered(tmp_path / "undisturbed"), Answered(tmp_path / "killed")
    undisturbed.prune()

    def reached(name: str) -> None:
        if name == point:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(durable, "reached", reached)
        with pytest.raises(KilledError):
            killed.prune()
    assert set(killed.bodies()) == {*killed.old, *killed.young}
    assert killed.proof()
    killed.prune()
    assert killed.files() == undisturbed.files()


def test_the_proof_of_a_verdict_says_that_an_answer_was_pruned_and_keeps_its_hash(small: Answered) -> None:
    stored = small.proof()
    small.prune()
    files = small.proof()
    assert [row["SHA-256"] for row in rows(files, "answers/index.csv")] == [
        row["SHA-256"] for row in rows(stored, "answers/index.csv")
    ]
    told = {row["SHA-256"]: row["Файл"] for row in rows(files, "answers/index.csv")}
    assert {told[sha256] for sha256 in small.old} == {GONE}
    assert {row["Файл ответа"] for row in rows(files, "posts.csv")} == {GONE}
    assert "Ещё 2 сохранённых ответа удалены по сроку" in " ".join(files["README.txt"].decode("utf-8-sig").split())
    packed = [name for name in files if name.endswith(".json")]
    assert len(packed) == 1  # the younger answer
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert all(hashlib.sha256(files[name]).hexdigest() == sums[name] for name in sums)
    assert set(sums) == set(files) - {"SHA256SUMS"}


def test_asked_for_by_its_hash_a_pruned_answer_is_said_to_be_pruned(small: Answered) -> None:
    small.prune()
    with pytest.raises(LakeError, match="удалён по сроку"):
        small.lake.raw(small.old[0])
    with pytest.raises(LakeError, match="нет в хранилище"):
        small.lake.raw("0" * 64)


def test_batches_written_later_get_numbers_of_their_own_and_merges_leave_the_rest(small: Answered) -> None:
    small.prune()
    small.covered()
    small.store("r3")
    with small.lake.writer() as writer:
        writer.merge()
    assert small.lake.state()["batch"] == 3
    assert set(small.bodies()) == {*small.old, *small.young}


def test_while_a_collection_is_going_on_nothing_is_pruned(small: Answered) -> None:
    before = small.files()
    with small.lake.writer(), pytest.raises(LakeError, match="другой сбор"):
        small.prune()
    assert small.files() == before


# --- the command


def kirov(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["lake", "prune", "--home", str(home), *arguments])


def test_the_command_shows_first_and_deletes_when_told_so(small: Answered) -> None:
    before = small.files()
    shown = kirov(small.root, "--raw-older-than", "2024-06-01")
    assert shown.exit_code == 0, shown.output
    assert "Будет удалено ответов сетей: 2, получены 27.05.2024 – 27.05.2024" in shown.output
    assert "--yes" in shown.output
    assert small.files() == before
    done = kirov(small.root, "--raw-older-than", "2024-06-01", "--yes")
    assert "Удалено ответов сетей: 2, получены" in done.output
    assert " МБ." in done.output
    assert "Удалять нечего" in kirov(small.root, "--raw-older-than", "2024-06-01", "--yes").output


def test_a_term_in_days_counts_back_from_now(small: Answered, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = settings.load
    now = datetime(2024, 6, 6, 9, 0, tzinfo=KIROV)

    def load(*given: Any) -> settings.Settings:
        found = loaded(*given)
        return settings.Settings(found.home, clock=lambda: now)

    monkeypatch.setattr(settings, "load", load)
    assert "Будет удалено ответов сетей: 2" in kirov(small.root, "--raw-older-than", "9d").output
    assert "Удалять нечего" in kirov(small.root, "--raw-older-than", "10d").output


@pytest.mark.parametrize(
    ("term", "said"),
    [("180", "число дней"), ("0001-01-01", "число дней"), ("вчера", "число дней"), ("2999-01-01", "ещё не наступило")],
)
def test_a_term_that_is_none_is_refused(small: Answered, term: str, said: str) -> None:
    result = kirov(small.root, "--raw-older-than", term, "--yes")
    assert result.exit_code == 2
    assert said in result.output
