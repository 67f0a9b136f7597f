from __future__ import annotations

import json
from typing import Any

import pytest
from fake_vk import FakeVk, error, post

from kirovlib.platforms.base import Identity, NetworkStoppedError, Target

KINDS = ("service", "user")
HOME = "https://vk.com/school_36"


def account(platform_id: str = "", learnt_id: str = "", url: str = HOME) -> Target:
    return Target("vk:school_36", url, platform_id, learnt_id)


def named(group: int, name: str = "school_36", kind: str = "user", **others: Any) -> FakeVk:
    """A network where a community has this short name; `others` are answers about other names."""
    fake = FakeVk([group, 900], kind=kind)
    fake.groups[group]["screen_name"] = name
    fake.names = others
    return fake


def result(fake: FakeVk, target: Target) -> tuple[str, str, int, str | None]:
    """Outcome, reason, posts and the number in the profile row."""
    reading = fake.read([target])[0]
    return reading.outcome, reading.reason, len(reading.posts), reading.profile and reading.profile["platform_id"]


def walls_asked(fake: FakeVk) -> int:
    return fake.count("wall.get") + sum(fake.batches())


# --- another community at the address


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", [HOME, "https://vk.com/club7"])
def test_posts_of_a_community_that_took_over_the_address_are_never_read(kind: str, url: str) -> None:
    fake = named(7, kind=kind)
    assert result(fake, account(learnt_id="5", url=url)) == ("not_collected", "address_moved", 0, None)
    assert walls_asked(fake) == 0


@pytest.mark.parametrize("target", [account(), account(learnt_id="7"), account(platform_id="7", learnt_id="5")])
def test_the_community_met_before_the_first_one_and_the_registers_own_are_read(target: Target) -> None:
    assert result(named(7), target) == ("collected", "", 4, "7")


def test_a_number_in_the_register_is_asked_for_whatever_the_address_says() -> None:
    fake = named(7, "another_name")
    assert result(fake, account(platform_id="7")) == ("collected", "", 4, "7")
    assert fake.count("utils.resolveScreenName") == 0


# --- a name for which nothing is returned


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("free", [[], None])
def test_a_renamed_community_is_read_by_the_number_met_before(kind: str, free: Any) -> None:
    fake = named(5, "renamed", kind=kind, school_36=free)
    assert result(fake, account(learnt_id="5")) == ("collected", "", 4, "5")


@pytest.mark.parametrize("free", [[], None])
def test_a_free_name_never_met_before_is_an_unknown_address(free: Any) -> None:
    fake = named(5, "another", school_36=free)
    assert result(fake, account()) == ("not_collected", "address_unknown", 0, None)
    assert walls_asked(fake) == 0


@pytest.mark.parametrize("word", ["group", "page", "event"])
def test_a_name_that_leads_to_a_community_after_all_is_read(word: str) -> None:
    fake = named(5, "present_name", school_36={"type": word, "object_id": 5})
    assert result(fake, account()) == ("collected", "", 4, "5")
    assert result(fake, account(learnt_id="5")) == ("collected", "", 4, "5")
    assert result(fake, account(learnt_id="6")) == ("not_collected", "address_moved", 0, None)


@pytest.mark.parametrize("word", ["user", "application", "vk_app", "something"])
def test_a_name_of_a_person_or_an_application_is_not_a_community(word: str) -> None:
    fake = named(5, "another", school_36={"type": word, "object_id": 900})
    assert result(fake, account()) == ("not_collected", "not_a_community", 0, None)
    assert result(fake, account(learnt_id="5")) == ("not_collected", "not_a_community", 0, None)
    assert walls_asked(fake) == 0


@pytest.mark.parametrize(
    "told",
    [error(100), error(113), error(7), error(-1), error(10), 5, "group", {}, [1], {"type": "group"}, {"object_id": 5},
     {"type": 5, "object_id": 5}, {"type": "group", "object_id": "text"}, {"type": "group", "object_id": -5}],
)  # fmt: skip
def test_a_name_that_vk_does_not_explain_keeps_its_reason(told: Any) -> None:
    fake = named(5, "another", school_36=told)
    for target in (account(), account(learnt_id="5")):
        assert result(fake, target) == ("not_collected", "profile_not_returned", 0, None)
    assert walls_asked(fake) == 0


@pytest.mark.parametrize("code", [5, 14, 29])
def test_an_error_of_the_whole_network_stops_it_also_there(code: int) -> None:
    with pytest.raises(NetworkStoppedError):
        named(5, "another", school_36=error(code)).read([account()])


@pytest.mark.parametrize("code", [100, 104, 125])
def test_a_name_that_vk_refuses_in_a_batch_is_looked_up_too(code: int) -> None:
    fake = named(5, "renamed", school_36=[])

    def fault(method: str, form: dict[str, str]) -> dict[str, Any] | None:
        asked = form["group_ids"].split(",") if method == "groups.getById" else []
        return error(code) if "school_36" in asked else None

    fake.fault = fault
    known = Target("vk:900", "https://vk.com/club900")
    readings = fake.read([known, account(learnt_id="5"), Target("vk:b", HOME, "", "900")])
    assert [(reading.outcome, reading.profile and reading.profile["platform_id"]) for reading in readings] == [
        ("collected", "900"), ("collected", "5"), ("collected", "900")
    ]  # fmt: skip
    fake.names["school_36"] = error(100)
    assert result(fake, account(learnt_id="5")) == ("not_collected", "address_unknown", 0, None)


def test_only_names_for_which_nothing_came_are_looked_up_once_each() -> None:
    fake = named(7)
    fake.walls[404] = [post(404, 1)]
    targets = [account(), Target("vk:lost", "https://vk.com/lost"), Target("vk:404", "https://vk.com/club404")]
    readings = fake.read(targets)
    assert [reading.reason for reading in readings] == ["", "address_unknown", "profile_not_returned"]
    assert [form["screen_name"] for method, form in fake.calls if method == "utils.resolveScreenName"] == ["lost"]
    assert fake.count("groups.getById") == 1


def test_what_cannot_be_a_name_is_not_sent_and_spoils_no_call() -> None:
    fake = named(7)
    odd = [Target(f"vk:{place}", url) for place, url in enumerate(["", "https://vk.com/", "a,b", "школа"])]
    readings = fake.read([*odd, account()])
    assert [reading.reason for reading in readings] == ["profile_not_returned"] * 4 + [""]
    assert [form["group_ids"] for method, form in fake.calls if method == "groups.getById"] == ["school_36"]


def test_a_community_without_a_short_name_is_not_found_under_the_word_none() -> None:
    fake = FakeVk([7])
    del fake.groups[7]["screen_name"]
    fake.fault = lambda method, _: {"response": {"groups": [fake.groups[7]]}} if method == "groups.getById" else None
    assert result(fake, account(url="https://vk.com/none"))[1] == "address_unknown"


# --- what reconcile asks


def identity(fake: FakeVk, target: Target) -> Identity:
    return next(fake.vk().identities([target]))


@pytest.mark.parametrize(
    ("group", "status"),
    [({}, "live"), ({"is_closed": 0}, "live"), ({"is_closed": 1}, "closed"), ({"is_closed": 2}, "closed"),
     ({"deactivated": "deleted"}, "gone"), ({"deactivated": "banned", "is_closed": 1}, "gone")],
)  # fmt: skip
def test_an_identity_says_how_the_community_is_where_it_is_and_its_name(group: dict[str, Any], status: str) -> None:
    fake = named(7)
    fake.groups[7] |= group
    expected = Identity("vk:school_36", status, "7", HOME, "Group 7")
    assert identity(fake, account()) == expected
    assert identity(fake, account(learnt_id="7")) == expected


def test_a_number_in_the_register_tells_the_present_address() -> None:
    fake = named(7, "present_name")
    expected = Identity("vk:school_36", "live", "7", "https://vk.com/present_name", "Group 7")
    assert identity(fake, account(platform_id="7")) == expected
    assert identity(fake, account(learnt_id="7")) == expected


@pytest.mark.parametrize(
    ("target", "told", "reason"),
    [(account(), [], "address_unknown"), (account(), {"type": "user", "object_id": 1}, "not_a_community"),
     (account(), error(100), "profile_not_returned"), (account(platform_id="404"), [], "profile_not_returned"),
     (account(learnt_id="7"), {"type": "group", "object_id": 900}, "address_moved"),
     (account(learnt_id="404"), [], "profile_not_returned")],
)  # fmt: skip
def test_an_identity_that_is_not_known_says_why(target: Target, told: Any, reason: str) -> None:
    fake = named(7, "another", school_36=told)
    assert identity(fake, target) == Identity("vk:school_36", "unknown", reason=reason)


def test_identities_are_asked_500_at_a_time_in_order_and_read_no_wall() -> None:
    fake = FakeVk(range(1, 1201), kind="service")
    targets = [Target(f"vk:{group}", f"https://vk.com/club{group}") for group in range(1200, 0, -1)]
    found = list(fake.vk().identities(targets))
    assert [each.account_id for each in found] == [target.account_id for target in targets]
    assert {method for method, _ in fake.calls} == {"groups.getById"}
    assert len(fake.calls) == 3


def test_names_are_resolved_to_the_numbers_they_lead_to_today() -> None:
    fake = named(7)
    assert fake.vk().resolve(["School_36", "lost", "public900", "школа"]) == {
        "School_36": "7", "lost": "", "public900": "900", "школа": ""
    }  # fmt: skip
    assert [(method, form["group_ids"]) for method, form in fake.calls] == [("groups.getById", "school_36,lost,900")]


def test_a_name_that_vk_refuses_leads_nowhere_and_the_others_go_on() -> None:
    fake = named(7)
    fake.fault = lambda _, form: error(100) if "lost" in form.get("group_ids", "").split(",") else None
    assert fake.vk().resolve(["school_36", "lost"]) == {"school_36": "7", "lost": ""}


def test_nothing_of_another_community_is_stored_at_an_address_that_moved() -> None:
    reading = named(7).read([account(learnt_id="5")])[0]
    assert "Group 7" not in json.dumps(vars(reading), ensure_ascii=False, default=str)
    assert (reading.covered_from, reading.reached_end) == (None, False)
