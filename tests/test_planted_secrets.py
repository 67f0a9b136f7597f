"""Marked tokens go the whole way from collection to report and appear in no byte that is written or shown."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
import zstandard
from click.testing import CliRunner

from kirovlib import cli, registry, settings
from kirovlib.registry import Register
from kirovlib.sandbox import DEMO_NOW, Sandbox, build_world
from kirovlib.sandbox.faults import Faults
from kirovlib.settings import Settings
from kirovlib.weeks import last_full_week

WEEK = last_full_week(DEMO_NOW)
# VK's errors repeat the token, so that what is not taken out would be stored; the sandbox believes that it is 2024.
KINDS = ["rate", "unavailable", "truncated", "html", "captcha", "token"]


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, list[str]]:
    """The home folder after every command, all they said, and the secrets."""
    home = tmp_path_factory.mktemp("planted")
    world = build_world(institutions=8, weeks=2)
    registry.write(home / "data" / "registry", Register(world.institutions, world.accounts))
    account = world.accounts["account_id"].iloc[0]
    with Sandbox(world, limits=False, faults=Faults(KINDS, share=0.1)) as network:
        given = network.variables
        # A second key of each network, for after the first has expired; and one that is refused at once.
        keys = [
            {"OK_ACCESS_TOKEN": "sandbox-session"},
            {"VK_TOKEN": "sandbox-user-2", "OK_ACCESS_TOKEN": "sandbox-session-2"},
            {"VK_TOKEN": "vk1.a.refused-and-long-enough", "OK_ACCESS_TOKEN": "sandbox-expired"},
        ]
        since = ["--since", f"{WEEK.shifted(-1).start}"]
        commands = [
            ["collect", *since],
            ["registry", "reconcile", "--out", str(home / "reconciled")],
            ["status"],
            ["status", "--json"],
            ["findings", "--week", WEEK.label, "--out", str(home / "findings.xlsx")],
            ["report", "--week", WEEK.label],
            ["evidence", account, "--week", WEEK.label, "--out", str(home / "evidence.zip")],
        ]
        said = "".join(kirov(home, given | keys[0], *command) for command in commands)
        said += "".join(kirov(home, given | key, "collect", "--only-missing", *since) for key in keys[1:])
    secrets = {value for key in [given, *keys] for name, value in key.items() if not name.startswith("KIROV_")}
    return home, said, sorted(secrets)


def kirov(home: Path, variables: dict[str, str], *arguments: str) -> str:
    """What a command prints; it may end with any code of its own."""

    def load(*given: Any) -> Settings:
        return replace(loaded(*given), requests_per_second=0, clock=lambda: DEMO_NOW)

    loaded = settings.load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "load", load)
        done = CliRunner().invoke(cli.main, [*arguments, "--home", str(home)], env=variables)
    assert done.exit_code in {0, 3, 4}, done.output
    return done.output


def readable(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, and what is packed in it."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        yield file.name, content
        if file.suffix == ".zst":
            with zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True) as reader:
                yield file.name, reader.read()
        if file.suffix == ".parquet":
            yield file.name, str(pyarrow.parquet.read_table(file).to_pydict()).encode()
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as packed:
                for name in packed.namelist():
                    yield f"{file.name}/{name}", packed.read(name)


def test_no_secret_is_in_any_byte_written(way: tuple[Path, str, list[str]]) -> None:
    home, _, secrets = way
    searched = list(readable(home))
    kinds = {name.rpartition(".")[2] for name, _ in searched}
    assert {"zst", "parquet", "html", "ipynb", "json", "xlsx", "csv", "zip"} <= kinds
    found = {(name, secret) for name, content in searched for secret in secrets if secret.encode() in content}
    assert found == set()


def test_no_secret_is_in_any_message(way: tuple[Path, str, list[str]]) -> None:
    _, said, secrets = way
    assert "VK_TOKEN" in said
    assert [secret for secret in secrets if secret in said] == []


def test_the_search_would_find_them(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(b'{"x": "sandbox-user"}'))
    assert any(b"sandbox-user" in content for _, content in readable(tmp_path))
