"""`kirov registry reconcile`: what the networks say of the register's addresses; nothing is changed silently."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from kirovlib import reconcile, registry, tables
from kirovlib.cli.registry_reconcile import reconcile_register
from kirovlib.errors import NetworkError, ParameterError, TokenError
from kirovlib.lake import Batch, Lake
from kirovlib.order import clauses
from kirovlib.platforms.base import Identity, Network, NetworkStoppedError, Platform, Reading, Target, Window
from kirovlib.platforms.networks import NETWORKS
from kirovlib.reconcile import Reconciled
from kirovlib.registry import Register, addresses
from kirovlib.registry.check import check, plain_address
from kirovlib.sandbox import DEMO_NOW, Sandbox, build_world
from kirovlib.settings import Settings

NOW = datetime(2024, 5, 27, 6, tzinfo=UTC)
HOME = "https://vk.com/school"
HOSTILE = "\x1b[31m=cmd|' /C calc'!A0\r\n\u202e;\"x"


class Toy(Platform):
    """A network with communities by number: status, address, name; `places` adds what stands at further addresses.

    Attributes:
        stops_after: How many identities it gives before it stops.
        asked: What it was asked for.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.communities: dict[str, tuple[str, str, str]] = {}
        self.places: dict[str, str] = {}
        self.unreturned: set[str] = set()
        self.stops_after: int | None = None
        self.asked: list[Target] = []

    def readings(self, targets: Sequence[Target], window: Window) -> Iterator[Reading]:
        raise NotImplementedError

    def identities(self, targets: Sequence[Target]) -> Iterator[Identity]:
        for target in targets:
            if self.stops_after is not None and len(self.asked) >= self.stops_after:
                cause = NetworkError(f"{self.name}: лимит исчерпан.")
                raise NetworkStoppedError("quota", cause)  # noqa: EM101 - a word
            self.asked.append(target)
            yield self._identity(target)

    def _identity(self, target: Target) -> Identity:
        addressed = addresses.parse(target.url)
        named = addressed.platform_id if isinstance(addressed, addresses.Address) else ""
        here = {plain_address(url): number for number, (_, url, _) in self.communities.items()}
        at = here | {plain_address(url): said for url, said in self.places.items()}
        number = target.platform_id or named or at.get(plain_address(target.url), "address_unknown")
        if number in self.communities and number not in self.unreturned:
            status, url, name = self.communities[number]
            return Identity(target.account_id, status, number, url, name)
        reason = "profile_not_returned" if number.isdigit() else number
        return Identity(target.account_id, "unknown", reason=reason)

    def network(self) -> Network:
        @contextmanager
        def connect(settings: Settings, _: threading.Event) -> Iterator[Platform]:
            if settings.variable("WITHOUT") == self.name:
                msg = f"{self.name}: не задано TOY_TOKEN."
                raise TokenError(msg)
            yield self

        return Network(self.name, self.name.upper(), connect)


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> dict[str, Toy]:
    """Three toy networks in place of the real ones."""
    made = {name: Toy(name) for name in ("vk", "ok", "telegram")}
    for name, toy in made.items():
        monkeypatch.setitem(NETWORKS, name, toy.network())
    return made


@pytest.fixture
def vk(toys: dict[str, Toy]) -> Toy:
    return toys["vk"]


def account(account_id: str = "vk:school", url: str = HOME, platform_id: str = "", **more: Any) -> dict[str, Any]:
    platform = account_id.partition(":")[0]
    row = {"account_id": account_id, "institution_id": "1", "platform": platform, "url": url}
    return row | {"platform_id": platform_id or None} | more


def register(*accounts: dict[str, Any], name: str = "Школа № 1") -> Register:
    institutions = [
        {"institution_id": "1", "name": f"Полное: {name}", "short_name": name, "kind": "subordinate"},
        {"institution_id": "2", "name": "Сад без страницы", "kind": "other", "status": "Ликвидация"},
    ]
    return Register(
        tables.validate(tables.Institutions, pd.DataFrame(institutions)),
        tables.validate(tables.Accounts, pd.DataFrame(accounts)),
    )


def settings_of(home: Path, **variables: str) -> Settings:
    return Settings(home, variables, requests_per_second=0, clock=lambda: NOW)


def asked(home: Path, *accounts: dict[str, Any], **variables: str) -> Reconciled:
    return reconcile.reconcile(settings_of(home, **variables), register(*accounts), progress=False)


def first(home: Path, *accounts: dict[str, Any]) -> dict[str, Any]:
    """The row of the first account, blanks as empty text."""
    rows = asked(home, *accounts).rows.fillna("").set_index("account_id", drop=False)
    found: dict[str, Any] = rows.loc[accounts[0]["account_id"]].to_dict()
    return found


def meet(home: Path, **numbers: str) -> None:
    """An earlier collection that met these numbers, by name of the account in VK."""
    snapshots = [
        {"account_id": f"vk:{name}", "platform_id": number, "collected_at": NOW, "status": "live"}
        for name, number in numbers.items()
    ]
    coverage = [
        {"account_id": row["account_id"], "outcome": "partial", "reason": "not_yet", "reached_end": False}
        for row in snapshots
    ]
    with Lake(home / "data" / "lake").writer() as writer:
        writer.commit("earlier", Batch(profile_snapshots=snapshots, coverage=coverage))


# --- each state


def test_an_account_with_number_and_address_as_recorded_is_in_order_and_asked_once(vk: Toy, tmp_path: Path) -> None:
    vk.communities["5"] = ("live", HOME, "Школа")
    row = first(tmp_path, account(platform_id="5"))
    assert (row["state"], row["found_id"], row["found_url"], row["found_name"], row["status"], row["proposal"]) == (
        "same", "5", HOME, "Школа", "live", ""
    )  # fmt: skip
    assert row["institution"] == "Школа № 1"
    assert len(vk.asked) == 1


@pytest.mark.parametrize("url", ["https://vk.com/club5", "https://m.vk.com/public5?from=groups"])
def test_an_address_that_is_the_number_itself_is_no_renaming_whatever_the_short_name(
    vk: Toy, tmp_path: Path, url: str
) -> None:
    vk.communities["5"] = ("live", HOME, "Школа")
    assert first(tmp_path, account(url=url, platform_id="5"))["state"] == "same"
    assert len(vk.asked) == 1


def test_an_address_that_still_leads_to_the_number_is_in_order_though_the_network_writes_another(
    vk: Toy, tmp_path: Path
) -> None:
    vk.communities["5"] = ("live", "https://vk.com/present", "Школа")
    vk.places[HOME] = "5"
    assert first(tmp_path, account(platform_id="5"))["state"] == "same"


def test_a_number_that_the_register_lacks_is_learnt(vk: Toy, tmp_path: Path) -> None:
    vk.communities["5"] = ("live", HOME, "Школа")
    row = first(tmp_path, account())
    assert (row["state"], row["found_id"], row["proposal"]) == ("learnt", "5", "вписать номер 5")


def test_a_community_without_a_number_is_in_order_where_none_is_recorded(toys: dict[str, Toy], tmp_path: Path) -> None:
    toys["telegram"].communities[""] = ("live", "https://t.me/school", "Школа")
    assert first(tmp_path, account("telegram:school", "https://t.me/school"))["state"] == "same"


def test_a_community_whose_number_is_not_told_is_not_taken_for_the_recorded_one(
    toys: dict[str, Toy], tmp_path: Path
) -> None:
    toys["telegram"].communities["name"] = ("live", "https://t.me/school", "Школа")
    row = first(tmp_path, account("telegram:school", "https://t.me/school", "-1005"))
    assert (row["state"], row["found_id"]) == ("not_told", "")
    assert "не назвала номера" in row["proposal"]


def test_a_channels_number_as_bots_write_it_is_the_same_number(toys: dict[str, Toy], tmp_path: Path) -> None:
    toys["telegram"].communities["5"] = ("live", "https://t.me/school", "Школа")
    assert first(tmp_path, account("telegram:school", "https://t.me/school", "-1005"))["state"] == "same"


def test_a_free_address_of_a_living_number_is_a_renaming(vk: Toy, tmp_path: Path) -> None:
    vk.communities["5"] = ("live", "https://vk.com/lyceum", "Лицей")
    row = first(tmp_path, account(platform_id="5"))
    assert (row["state"], row["found_url"], row["proposal"]) == (
        "renamed", "https://vk.com/lyceum", "вписать адрес https://vk.com/lyceum"
    )  # fmt: skip


def test_the_number_of_an_earlier_collection_tells_a_renaming_too(vk: Toy, tmp_path: Path) -> None:
    meet(tmp_path, school="5")
    vk.communities["5"] = ("closed", "https://vk.com/lyceum", "Лицей")
    row = first(tmp_path, account())
    assert (row["state"], row["learnt_id"], row["status"]) == ("renamed", "5", "closed")
    assert row["proposal"] == "вписать адрес https://vk.com/lyceum; вписать номер 5"


@pytest.mark.parametrize("reason", ["profile_not_returned", "no_answer", "answer_not_understood"])
def test_an_address_that_is_not_explained_is_no_renaming(vk: Toy, tmp_path: Path, reason: str) -> None:
    vk.communities["5"] = ("live", "https://vk.com/lyceum", "Лицей")
    vk.places[HOME] = reason
    row = first(tmp_path, account(platform_id="5"))
    assert (row["state"], row["found_url"]) == ("not_told", "")
    assert "это «Лицей» (номер 5, https://vk.com/lyceum)" in row["proposal"]


def test_another_community_at_the_address_has_moved_in(vk: Toy, tmp_path: Path) -> None:
    vk.communities = {"5": ("live", "https://vk.com/lyceum", "Лицей"), "9": ("live", HOME, "Чужие")}
    row = first(tmp_path, account(platform_id="5"))
    assert (row["state"], row["found_id"], row["found_name"]) == ("moved", "9", "Чужие")
    assert row["proposal"] == (
        f"по адресу «Чужие» (номер 9, {HOME}); записан номер 5, это «Лицей» (номер 5, https://vk.com/lyceum); "
        "уточните у учреждения, что верно"
    )


def test_another_community_than_an_earlier_collection_met_has_moved_in(vk: Toy, tmp_path: Path) -> None:
    meet(tmp_path, school="5")
    vk.communities = {"5": ("gone", "https://vk.com/club5", ""), "9": ("live", HOME, "Чужие")}
    row = first(tmp_path, account())
    assert (row["state"], row["found_id"]) == ("moved", "9")
    assert "прежде встречен номер 5, он удалён или заблокирован" in row["proposal"]


def test_the_registers_number_counts_more_than_that_of_an_earlier_collection(vk: Toy, tmp_path: Path) -> None:
    meet(tmp_path, school="5")
    vk.communities = {"5": ("live", "https://vk.com/lyceum", ""), "9": ("live", HOME, "")}
    assert first(tmp_path, account(platform_id="9"))["state"] == "same"


@pytest.mark.parametrize("is_returned", [True, False])
def test_a_number_in_the_address_that_contradicts_the_recorded_one_is_never_a_renaming(
    vk: Toy, tmp_path: Path, is_returned: bool
) -> None:
    vk.communities = {"5": ("live", HOME, "Школа"), "9": ("live", "https://vk.com/other", "Чужие")}
    vk.unreturned = set() if is_returned else {"9"}
    assert first(tmp_path, account(url="https://vk.com/club9", platform_id="5"))["state"] == "moved"


def test_a_community_that_moved_in_and_is_somebody_elses_is_said_to_be_theirs(vk: Toy, tmp_path: Path) -> None:
    vk.communities = {"5": ("live", "https://vk.com/lyceum", ""), "9": ("live", HOME, "Чужие")}
    vk.places["https://vk.com/b"] = "9"
    rows = asked(tmp_path, account(platform_id="5"), account("vk:b", "https://vk.com/b", "9")).rows
    assert list(rows["state"]) == ["same", "moved"]
    assert "оно записано за vk:b" in rows["proposal"][1]


@pytest.mark.parametrize("platform_id", ["", "5"])
def test_a_deleted_community_is_dead_whether_known_by_number_or_address(
    vk: Toy, tmp_path: Path, platform_id: str
) -> None:
    vk.communities["5"] = ("gone", "https://vk.com/club5", "")
    vk.places = {} if platform_id else {HOME: "5"}
    row = first(tmp_path, account(platform_id=platform_id))
    assert (row["state"], row["status"]) == ("dead", "gone")


@pytest.mark.parametrize(("reason", "state"), [("account_gone", "dead"), ("wall_closed", "closed")])
def test_a_reason_that_tells_how_the_community_is_counts_as_its_status(
    vk: Toy, tmp_path: Path, reason: str, state: str
) -> None:
    vk.places[HOME] = reason
    assert first(tmp_path, account())["state"] == state


def test_a_closed_page_is_told(vk: Toy, tmp_path: Path) -> None:
    vk.communities["5"] = ("closed", HOME, "Школа")
    row = first(tmp_path, account())
    assert (row["state"], row["status"]) == ("closed", "closed")
    assert row["proposal"].endswith("вписать номер 5")


@pytest.mark.parametrize("platform_id", ["", "5"])
def test_an_address_that_nobody_knows_proves_nothing(vk: Toy, tmp_path: Path, platform_id: str) -> None:
    row = first(tmp_path, account(platform_id=platform_id))
    assert (row["state"], row["status"], row["found_id"]) == ("unknown_address", "unknown", "")
    assert vk.asked


def test_a_persons_page_is_not_a_community_and_its_name_not_taken(vk: Toy, tmp_path: Path) -> None:
    vk.places[HOME] = "not_a_community"
    vk.communities["5"] = ("live", "https://vk.com/lyceum", "Лицей")
    assert first(tmp_path, account())["state"] == "not_a_community"
    row = first(tmp_path, account(platform_id="5"))
    assert (row["state"], row["found_url"]) == ("not_a_community", "")
    assert "https://vk.com/lyceum" in row["proposal"]


def test_every_reason_of_a_client_has_a_state_and_words(vk: Toy, tmp_path: Path) -> None:
    for reason in {*tables.COVERAGE_REASONS, "something_new"} - {""}:
        vk.places[HOME] = reason
        row = first(tmp_path, account())
        assert row["state"] in reconcile.STATES
        assert row["state"] not in {"same", "learnt", "renamed"}
        assert row["proposal"]


def test_two_accounts_of_one_number_name_each_other(vk: Toy, tmp_path: Path) -> None:
    vk.communities["5"] = ("live", HOME, "Школа")
    accounts = [account(), account("vk:5", "https://vk.com/public5", "5"), account("vk:b", "https://vk.com/b")]
    rows = asked(tmp_path, *accounts).rows.set_index("account_id")
    assert list(rows["state"]) == ["duplicate", "unknown_address", "duplicate"]
    assert "номер 5 и у vk:school;" in rows["proposal"]["vk:5"]
    assert "номер 5 и у vk:5;" in rows["proposal"]["vk:school"]


def test_a_number_is_a_duplicate_also_where_its_other_holder_has_moved(vk: Toy, tmp_path: Path) -> None:
    vk.communities = {"5": ("live", HOME, "Школа"), "9": ("live", "https://vk.com/b", "Чужие")}
    rows = asked(tmp_path, account(), account("vk:b", "https://vk.com/b", "5")).rows.set_index("account_id")
    assert rows["state"].to_dict() == {"vk:b": "moved", "vk:school": "duplicate"}
    assert "vk:b" in rows["proposal"]["vk:school"]


def test_channels_without_numbers_are_duplicates_by_their_address(toys: dict[str, Toy], tmp_path: Path) -> None:
    toys["telegram"].places = {"https://t.me/s/school": "", "https://t.me/school": ""}
    toys["telegram"].communities[""] = ("live", "https://t.me/school", "Школа")
    accounts = [account("telegram:a", "https://t.me/school"), account("telegram:b", "https://t.me/s/school")]
    assert list(asked(tmp_path, *accounts).rows["state"]) == ["duplicate", "duplicate"]


def test_the_same_number_in_two_networks_is_no_duplicate(toys: dict[str, Toy], tmp_path: Path) -> None:
    toys["vk"].communities["5"] = ("live", HOME, "")
    toys["ok"].communities["5"] = ("live", "https://ok.ru/school", "")
    assert list(asked(tmp_path, account(), account("ok:school", "https://ok.ru/school")).rows["state"]) == [
        "learnt", "learnt"
    ]  # fmt: skip


# --- accounts that the register has closed


@pytest.mark.parametrize(
    ("closed_on", "status", "state"),
    [("2024-05-26", "gone", "same"), ("2024-05-27", "gone", "same"), ("2024-05-28", "gone", "dead"),
     ("2024-05-26", "closed", "same"), ("2024-05-28", "closed", "closed"),
     ("2024-05-26", "live", "alive"), ("2024-05-28", "live", "learnt")],
)  # fmt: skip
def test_an_account_closed_as_registered_is_in_order_and_a_living_one_is_told(
    vk: Toy, tmp_path: Path, closed_on: str, status: str, state: str
) -> None:
    vk.communities["5"] = (status, HOME, "Школа")
    row = first(tmp_path, account(closed_on=closed_on))
    assert row["state"] == state
    assert vk.asked


def test_a_closed_account_whose_address_went_to_others_has_moved(vk: Toy, tmp_path: Path) -> None:
    vk.communities["9"] = ("live", HOME, "Чужие")
    assert first(tmp_path, account(platform_id="5", closed_on="2024-01-01"))["state"] == "moved"


# --- networks that stop, lack their token or are not collected


def test_a_stopped_network_keeps_what_it_said_and_costs_the_others_nothing(
    toys: dict[str, Toy], tmp_path: Path
) -> None:
    for number, name in (("5", "a"), ("6", "b"), ("7", "c")):
        toys["vk"].communities[number] = ("live", f"https://vk.com/{name}", "")
    toys["ok"].communities["5"] = ("live", "https://ok.ru/a", "")
    toys["vk"].stops_after = 1
    accounts = [account(f"vk:{name}", f"https://vk.com/{name}") for name in "abc"]
    found = asked(tmp_path, *accounts, account("ok:a", "https://ok.ru/a"))
    assert found.rows.set_index("account_id")["state"].to_dict() == {
        "ok:a": "learnt", "vk:a": "learnt", "vk:b": "network_stopped", "vk:c": "network_stopped"
    }  # fmt: skip
    assert {name: str(cause) for name, cause in found.stopped.items()} == {"vk": "vk: лимит исчерпан."}
    assert "исчерпан суточный лимит сети" in found.rows["proposal"][2]
    assert not found.nothing_came


def test_a_missing_token_stops_one_network(toys: dict[str, Toy], tmp_path: Path) -> None:
    toys["ok"].communities["5"] = ("live", "https://ok.ru/a", "")
    found = asked(tmp_path, account(), account("ok:a", "https://ok.ru/a"), WITHOUT="vk")
    assert list(found.rows["state"]) == ["learnt", "network_stopped"]
    assert "TOY_TOKEN" in str(found.stopped["vk"])
    assert "ключ доступа к сети не задан" in found.rows["proposal"][1]


def test_when_no_network_answers_nothing_came(vk: Toy, tmp_path: Path) -> None:
    vk.stops_after = 0
    assert asked(tmp_path, account(), account("max:a", "https://max.ru/a")).nothing_came
    assert not asked(tmp_path, account("max:a", "https://max.ru/a")).nothing_came


def test_a_network_that_is_not_collected_or_tells_no_identities_is_not_asked(
    toys: dict[str, Toy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Toy, "identities", Platform.identities)
    accounts = [account("max:a", "https://max.ru/a"), account("ok:a", "https://ok.ru/a")]
    found = asked(tmp_path, *accounts)
    assert list(found.rows["state"]) == ["not_asked", "not_asked"]
    assert found.stopped == {}
    assert toys["ok"].asked == []


def test_only_the_networks_asked_for_are_reconciled(toys: dict[str, Toy], tmp_path: Path) -> None:
    both = register(account(), account("ok:a", "https://ok.ru/a"))
    found = reconcile.reconcile(settings_of(tmp_path), both, ["ok"], progress=False)
    assert list(found.rows["account_id"]) == ["ok:a"]
    assert toys["vk"].asked == []
    with pytest.raises(ParameterError, match="нет аккаунтов сети: telegram"):
        reconcile.reconcile(settings_of(tmp_path), both, ["telegram"], progress=False)


def test_a_fault_of_the_program_is_not_swallowed(vk: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vk, "_identity", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        asked(tmp_path, account())


def test_ctrl_c_lets_the_networks_end_and_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toys: dict[str, Toy]
) -> None:
    events: list[threading.Event] = []

    @contextmanager
    def connect(_: Settings, stopping: threading.Event) -> Iterator[Platform]:
        events.append(stopping)
        yield toys["vk"]

    def interrupt(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setitem(NETWORKS, "vk", Network("vk", "VK", connect))
    monkeypatch.setattr(reconcile, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        asked(tmp_path, account())
    assert events[0].is_set()


def test_institutions_without_an_account_are_a_table_of_their_own(vk: Toy, tmp_path: Path) -> None:
    found = asked(tmp_path, account()).without_account
    assert found.to_dict("records") == [
        {"institution_id": "2", "institution": "Сад без страницы", "kind": "other", "status": "Ликвидация"}
    ]
    assert len(vk.asked) == 1
    everyone = asked(tmp_path)
    assert (len(everyone.without_account), len(everyone.rows)) == (2, 0)


# --- untrusted answers


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://evil.example/school", "https://vk.com/a https://vk.com/b", "", "https://ok.ru/a"],
)
def test_an_address_that_is_not_the_networks_own_is_not_taken(vk: Toy, tmp_path: Path, url: str) -> None:
    vk.communities["5"] = ("live", url, "Лицей")
    row = first(tmp_path, account(platform_id="5"))
    assert (row["state"], row["found_url"]) == ("unknown_address", "")


@pytest.mark.parametrize("number", ["5;6", "-5", "=5", "٥", "5\n", "9" * 30])
def test_a_number_that_is_no_number_is_not_taken(vk: Toy, tmp_path: Path, number: str) -> None:
    vk.communities[number] = ("live", HOME, "Школа")
    assert first(tmp_path, account())["found_id"] == ""


def test_a_name_is_one_line_of_plain_text_of_bearable_length(vk: Toy, tmp_path: Path) -> None:
    vk.communities["5"] = ("live", HOME, "Школа\r\n\x1b[31m \u202e№ 1" + "x" * 10_000)
    name = first(tmp_path, account())["found_name"]
    assert name.startswith("Школа [31m № 1xxx")
    assert len(name) == 200


def test_a_status_that_nobody_declared_is_not_known(vk: Toy, tmp_path: Path) -> None:
    vk.communities["5"] = ("strange", HOME, "Школа")
    assert first(tmp_path, account())["status"] == "unknown"


# --- the command and its files


def home_of(tmp_path: Path, *accounts: dict[str, Any], name: str = "Школа № 1") -> Path:
    home = tmp_path / "home"
    registry.write(home / "data" / "registry", register(*accounts, name=name))
    return home


def run(home: Path, *arguments: object) -> Result:
    return CliRunner().invoke(reconcile_register, ["--home", str(home), *map(str, arguments)])


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(autouse=True)
def no_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WITHOUT", "KIROV_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def every_state(toys: dict[str, Toy], tmp_path: Path) -> Path:
    """A home with an account in every state but those of stopped networks."""
    vk = toys["vk"]
    vk.communities = {
        "1": ("live", "https://vk.com/same", "Та же"), "2": ("live", "https://vk.com/learnt", "Узнана"),
        "3": ("live", "https://vk.com/new_name", "Переименована"), "4": ("live", "https://vk.com/moved", "Чужие"),
        "5": ("gone", "https://vk.com/club5", ""), "6": ("closed", "https://vk.com/closed", "Закрыта"),
        "7": ("live", "https://vk.com/double", "Двойная"), "8": ("live", "https://vk.com/alive", "Жива"),
    }  # fmt: skip
    vk.places = {"https://vk.com/person": "not_a_community", "https://vk.com/silent": "no_answer"}
    numbers = {"same": "1", "renamed": "3", "moved": "40", "dead": "5"}
    names = ("same", "learnt", "renamed", "moved", "dead", "closed", "double", "alive", "person", "silent", "unknown")
    accounts = [
        account(f"vk:{name}", f"https://vk.com/{name}", numbers.get(name, ""), gospabliki_connected=name == "same")
        for name in names
    ]
    accounts[7]["closed_on"] = "2024-01-01"
    accounts += [account("vk:7", "https://vk.com/club7"), account("max:a", "https://max.ru/a")]
    return home_of(tmp_path, *accounts)


def test_only_what_needs_attention_is_listed_and_the_rest_counted(every_state: Path) -> None:
    result = run(every_state)
    assert result.exit_code == 0, result.output
    for state, count in (("duplicate", 2), ("moved", 1), ("dead", 1), ("renamed", 1), ("same", 1), ("not_asked", 1)):
        words = reconcile.STATES[state]
        assert f"{words[:1].upper()}{words[1:]}: {count}\n" in result.output
    assert "  vk:renamed  https://vk.com/renamed  Школа № 1\n      → вписать адрес" in result.output
    for quiet in ("vk:same", "vk:learnt", "max:a", "Сад без страницы"):
        assert quiet not in result.output
    assert "Учреждения без аккаунта: 1" in result.output
    assert max(len(line) for line in result.output.splitlines()) <= 80
    listed = run(every_state, "--all").output
    for quiet in ("vk:same", "vk:learnt", "max:a", "Сад без страницы"):
        assert quiet in listed


def test_long_lists_are_cut_until_all_is_asked_for(vk: Toy, tmp_path: Path) -> None:
    home = home_of(tmp_path, *(account(f"vk:a{number}", f"https://vk.com/a{number}") for number in range(25)))
    assert "… и ещё 5; все — с --all" in run(home).output
    assert run(home, "--all").output.count("→") == 25
    assert vk.asked


def test_json_has_every_row_and_blanks_are_null(every_state: Path, tmp_path: Path) -> None:
    found = json.loads(run(every_state, "--json", "--out", tmp_path / "out").stdout)
    assert found.keys() == {"counts", "rows", "without_account", "stopped", "out"}
    assert sum(found["counts"].values()) == len(found["rows"]) == 13
    assert {row["account_id"]: row["state"] for row in found["rows"]}["vk:person"] == "not_a_community"
    assert next(row for row in found["rows"] if row["account_id"] == "max:a")["found_id"] is None
    assert [row["institution_id"] for row in found["without_account"]] == ["2"]
    assert (tmp_path / "out" / "accounts.csv").exists()


def test_the_registers_folder_keeps_every_byte(every_state: Path, tmp_path: Path) -> None:
    before = contents(every_state / "data" / "registry")
    assert run(every_state, "--out", tmp_path / "out").exit_code == 0
    assert contents(every_state / "data" / "registry") == before
    assert sorted(path.name for path in (every_state / "data").iterdir()) == ["registry"]


def test_only_certain_things_are_taken_over_and_the_rest_is_untouched(every_state: Path, tmp_path: Path) -> None:
    assert run(every_state, "--out", tmp_path / "out").exit_code == 0
    old = registry.read(every_state / "data" / "registry")
    new = registry.read(tmp_path / "out")
    changed = old.accounts.compare(new.accounts, result_names=("old", "new"))
    cells = {
        (old.accounts["account_id"][row], column): new.accounts[column][row]
        for row in changed.index
        for column in changed.columns.get_level_values(0).unique()
        if not pd.isna(changed.loc[row, (column, "new")])
    }
    assert cells == {
        ("vk:learnt", "platform_id"): "2", ("vk:renamed", "url"): "https://vk.com/new_name",
        ("vk:closed", "platform_id"): "6",
    }  # fmt: skip
    pd.testing.assert_frame_equal(old.institutions, new.institutions)
    assert check(tmp_path / "out", [clause.key for clause in clauses.load()]).errors == ()


def test_where_nothing_is_certain_the_written_files_are_the_registers_own(vk: Toy, tmp_path: Path) -> None:
    home = home_of(tmp_path, account(), account("vk:b", "https://vk.com/b", "7", closed_on="2024-01-01"))
    assert run(home, "--out", tmp_path / "out").exit_code == 0
    written = contents(tmp_path / "out")
    assert set(written) == {"accounts.csv", "institutions.csv", "reconcile.csv"}
    assert {name: written[name] for name in written if name != "reconcile.csv"} == contents(home / "data" / "registry")
    assert vk.asked


def test_a_learnt_number_that_another_account_has_does_not_break_the_register(vk: Toy, tmp_path: Path) -> None:
    vk.communities = {"5": ("live", HOME, ""), "9": ("live", "https://vk.com/b", "")}
    home = home_of(tmp_path, account(), account("vk:b", "https://vk.com/b", "5"), account("vk:9", "https://vk.com/c9"))
    assert run(home, "--out", tmp_path / "out").exit_code == 0
    assert registry.read(tmp_path / "out").accounts["platform_id"].fillna("").tolist() == ["", "5", ""]


def test_all_rows_go_into_a_table_with_russian_heads(every_state: Path, tmp_path: Path) -> None:
    run(every_state, "--out", tmp_path / "out")
    content = (tmp_path / "out" / "reconcile.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert len(rows) == 13
    assert list(rows[0])[:4] == ["Ключ аккаунта", "Ключ учреждения", "Учреждение", "Сеть"]
    by_key = {row["Ключ аккаунта"]: row for row in rows}
    assert by_key["vk:dead"]["Итог"] == "удалён или заблокирован"
    assert by_key["vk:closed"]["Состояние в сети"] == "закрыт"
    assert by_key["vk:learnt"]["Что сделать"] == "вписать номер 2"


def test_hostile_names_reach_neither_the_terminal_nor_a_spreadsheet(vk: Toy, tmp_path: Path) -> None:
    vk.communities["9"] = ("live", HOME, HOSTILE[5:] + "x" * 10_000)
    vk.communities["8"] = ("live", "https://vk.com/b", HOSTILE)
    accounts = [
        account(platform_id="5"),
        account("vk:b", "https://vk.com/b"),
        account("vk:c", f"{HOME}/\x1b[31m\u202e"),
    ]
    home = home_of(tmp_path, *accounts, name=HOSTILE)
    result = run(home, "--all", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert not set("\x1b\r\u202e") & set(result.output)
    assert max(map(len, result.output.splitlines())) < 400
    text = (tmp_path / "out" / "reconcile.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert {len(row) for row in rows} == {13}
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert any(cell.startswith("'=cmd") for row in rows for cell in row)


def test_the_next_commands_are_said_exactly(every_state: Path, tmp_path: Path) -> None:
    out = tmp_path / "сверка"
    output = run(every_state, "--out", out).output
    place = every_state / "data" / "registry"
    assert f'  kirov registry diff "{place}" "{out}"\n' in output
    assert f"  замените {place / 'accounts.csv'} файлом {out / 'accounts.csv'}\n" in output
    assert "вписано номеров: 2" in output
    assert "новых адресов: 1" in output
    assert "corrections.toml" not in output


def test_corrections_are_applied_before_and_said_to_be_in_the_files(vk: Toy, tmp_path: Path) -> None:
    vk.communities["5"] = ("live", HOME, "Школа")
    home = home_of(tmp_path, account(url="https://vk.com/schol"))
    folder = home / "data" / "registry"
    (folder / "corrections.toml").write_text(
        '[[correction]]\nfile = "accounts.csv"\nkey = "vk:school"\ncolumn = "url"\nwas = "https://vk.com/schol"\n'
        f'becomes = "{HOME}"\nreason = "Опечатка"\nmade_on = 2024-05-01\nmade_by = "Отдел"\n',
        "utf-8",
    )
    before = contents(folder)
    output = run(home, "--out", tmp_path / "out").output
    assert "(corrections.toml, 1) в этих файлах уже применены" in output
    assert "удалите из corrections.toml поправки к accounts.csv: 1\n" in output
    taken = registry.read(tmp_path / "out").accounts
    assert (taken["url"][0], taken["platform_id"][0]) == (HOME, "5")
    assert contents(folder) == before
    # As the message says: the new file in, its correction out.
    (folder / "accounts.csv").write_bytes((tmp_path / "out" / "accounts.csv").read_bytes())
    (folder / "corrections.toml").unlink()
    pd.testing.assert_frame_equal(registry.read(folder).accounts, taken)


@pytest.mark.parametrize("where", ["data/registry", "data/../data/registry", "full", "file"])
def test_no_folder_in_use_is_written_to_and_no_network_asked(vk: Toy, tmp_path: Path, where: str) -> None:
    home = home_of(tmp_path, account())
    (home / "full").mkdir()
    (home / "full" / "reconcile.csv").write_text("mine", "utf-8")
    (home / "file").write_text("mine", "utf-8")
    before = contents(home / "data" / "registry")
    result = run(home, "--out", home / where)
    assert result.exit_code == 2
    assert "--out" in result.output
    assert contents(home / "data" / "registry") == before
    assert contents(home / "full") == {"reconcile.csv": b"mine"}
    assert vk.asked == []


def test_a_folder_that_cannot_be_written_to_is_named_after_what_was_found(vk: Toy, tmp_path: Path) -> None:
    home = home_of(tmp_path, account())
    (home / "file").write_text("mine", "utf-8")
    result = run(home, "--out", home / "file" / "out")
    assert (result.exit_code, "Не удалось записать" in result.stderr) == (2, True)
    assert "vk:school" in result.stdout
    assert vk.asked


def test_a_stopped_network_ends_with_3_and_what_came_is_written(toys: dict[str, Toy], tmp_path: Path) -> None:
    toys["vk"].communities["5"] = ("live", HOME, "")
    toys["ok"].stops_after = 0
    home = home_of(tmp_path, account(), account("ok:a", "https://ok.ru/a"))
    result = run(home, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "ok: лимит исчерпан." in result.stderr
    assert registry.read(tmp_path / "out").accounts["platform_id"].fillna("").tolist() == ["5", ""]


def test_when_nothing_came_it_ends_with_4_and_writes_nothing(
    vk: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WITHOUT", "vk")
    result = run(home_of(tmp_path, account()), "--out", tmp_path / "out")
    assert (result.exit_code, "TOY_TOKEN" in result.stderr) == (4, True)
    assert not (tmp_path / "out").exists()
    assert vk.asked == []


# --- VK emulated over HTTP


@pytest.mark.parametrize("kind", ["user", "service"])
def test_the_sandbox_of_vk_is_reconciled_to_its_truth(tmp_path: Path, kind: str) -> None:
    world = build_world(weeks=1, networks=["vk"])
    known = {f"club{group['id']}": group for group in world.groups.values()}
    known |= {group["screen_name"]: group for group in world.groups.values()}
    blank = world.accounts.assign(platform_id=None)
    with Sandbox(world, limits=False) as sandbox:
        variables = {"VK_TOKEN": f"sandbox-{kind}", "KIROV_VK_URL": sandbox.vk_url}
        settings = Settings(tmp_path, variables, requests_per_second=0, clock=lambda: DEMO_NOW)
        found = reconcile.reconcile(settings, Register(world.institutions, blank), progress=False)
    rows = found.rows.set_index("account_id")
    assert found.stopped == {}
    assert rows["found_id"].notna().all()
    truth = world.accounts.set_index("account_id")["platform_id"].dropna()
    assert rows["found_id"][truth.index].to_dict() == truth.to_dict()
    assert rows["state"][world.cases["gone"]] == "dead"
    assert rows["state"][world.cases["closed_wall"]] == "closed"
    assert rows["state"].value_counts()["learnt"] >= len(rows) - 5
    assert set(rows["found_url"].str.rpartition("/")[2]) <= set(known)


def test_the_sandbox_of_vk_tells_renamed_moved_and_double_addresses(tmp_path: Path) -> None:
    world = build_world(institutions=12, weeks=1, networks=["vk"])
    named = [group for group in world.groups.values() if not group["screen_name"].startswith(("club", "public"))]
    one, two, three = named[:3]
    places = [
        account("vk:renamed", "https://vk.com/no_such_name_here", str(one["id"])),
        account("vk:moved", f"https://vk.com/{three['screen_name']}", str(two["id"])),
        account("vk:a", f"https://vk.com/{three['screen_name']}", institution_id="2"),
        account("vk:b", f"https://vk.com/club{three['id']}"),
        account("vk:nobody", "https://vk.com/no_such_name_either"),
    ]
    with Sandbox(world, limits=False) as sandbox:
        variables = {"VK_TOKEN": "sandbox-user", "KIROV_VK_URL": sandbox.vk_url}
        settings = Settings(tmp_path, variables, requests_per_second=0, clock=lambda: DEMO_NOW)
        found = reconcile.reconcile(settings, register(*places), progress=False).rows.set_index("account_id")
    assert found["state"].to_dict() == {
        "vk:a": "duplicate", "vk:b": "duplicate", "vk:moved": "moved", "vk:nobody": "unknown_address",
        "vk:renamed": "renamed",
    }  # fmt: skip
    assert found["found_url"]["vk:renamed"] == f"https://vk.com/{one['screen_name']}"
    assert "оно записано за vk:a, vk:b" in found["proposal"]["vk:moved"]
