from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from fake_vk import NOW, TOKEN, WINDOW, FakeVk, error, inner_calls, post, target

from kirovlib.errors import TokenError
from kirovlib.platforms.base import Reading, Target
from kirovlib.platforms.vk import VERSION

KINDS = ("service", "user")


def outcomes(readings: list[Reading]) -> dict[str, tuple[str, str]]:
    return {reading.account_id: (reading.outcome, reading.reason) for reading in readings}


def stored(readings: list[Reading]) -> str:
    return json.dumps([vars(reading) for reading in readings], ensure_ascii=False, default=str)


# --- what is sent


@pytest.mark.parametrize("kind", KINDS)
def test_the_token_goes_in_the_header_and_nowhere_else(kind: str) -> None:
    fake = FakeVk(kind=kind)
    readings = fake.read()
    assert all(request.headers["Authorization"] == f"Bearer {TOKEN}" for request in fake.requests)
    assert not any(TOKEN in str(request.url) or TOKEN in request.content.decode() for request in fake.requests)
    assert TOKEN not in stored(readings)
    assert all(form["v"] == VERSION for _, form in fake.calls)


def test_the_token_echoed_in_an_error_is_in_no_message() -> None:
    for code in (5, 29, 14, 17, 28):
        _, stopped = FakeVk(fault=lambda *_, code=code: error(code)).read_until_stopped()  # type: ignore[misc]
        assert stopped is not None
        assert TOKEN not in f"{stopped!r} {stopped} {stopped.cause!r} {stopped.cause}"


@pytest.mark.parametrize("code", [15, 27, 28])
def test_a_token_that_may_not_execute_reads_walls_one_by_one(code: int) -> None:
    fake = FakeVk(fault=lambda method, _: error(code) if method == "execute" else None)
    vk = fake.vk()
    readings = list(vk.readings([target(group) for group in fake.groups], WINDOW))
    assert vk.access_kind == "service"
    assert (fake.count("execute"), fake.count("wall.get")) == (1, 3)
    assert {outcome for outcome, _ in outcomes(readings).values()} == {"collected"}


def test_a_user_token_reads_walls_25_at_a_time() -> None:
    fake = FakeVk(range(1, 61))
    vk = fake.vk()
    readings = list(vk.readings([target(group) for group in fake.groups], WINDOW))
    assert vk.access_kind == "user"
    assert sorted(fake.batches()) == [10, 25, 25]
    assert fake.count("wall.get") == 0
    assert [reading.account_id for reading in readings] == [f"vk:{group}" for group in fake.groups]
    assert all(len(reading.posts) == 4 for reading in readings)


def test_a_service_token_is_told_by_the_first_batch_once_a_run_and_no_wall_is_lost_by_it() -> None:
    fake = FakeVk(range(1, 701), kind="service")
    readings = fake.read()
    assert fake.batches() == [25]
    assert (fake.count("wall.get"), len(fake.calls)) == (700, 703)
    assert {outcome for outcome, _ in outcomes(readings).values()} == {"collected"}


def test_a_community_token_is_refused_with_the_variable_to_mend() -> None:
    _, stopped = FakeVk(kind="group").read_until_stopped()
    assert stopped is not None
    assert stopped.reason == "token"
    assert isinstance(stopped.cause, TokenError)
    assert "VK_TOKEN" in str(stopped.cause)


def test_profiles_are_asked_500_at_a_time_with_the_fields_that_come_only_when_asked() -> None:
    fake = FakeVk(range(1, 1201))
    fake.read()
    forms = [form for method, form in fake.calls if method == "groups.getById"]
    assert [len(form["group_ids"].split(",")) for form in forms] == [500, 500, 200]
    assert {"menu", "is_government_organization", "action_button", "links"} <= set(forms[0]["fields"].split(","))
    assert "contacts" not in forms[0]["fields"]


# --- one bad account never costs the others


@pytest.mark.parametrize("code", [100, 125])
@pytest.mark.parametrize("bad", [1, 4, 7])
def test_one_bad_id_is_isolated_by_halving(code: int, bad: int) -> None:
    def fault(method: str, form: dict[str, str]) -> dict[str, Any] | None:
        return error(code) if method == "groups.getById" and str(bad) in form["group_ids"].split(",") else None

    fake = FakeVk(range(1, 8), fault=fault)
    found = outcomes(fake.read())
    assert found.pop(f"vk:{bad}") == ("not_collected", "address_unknown")
    assert set(found.values()) == {("collected", "")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("code", "reason"),
    [(15, "wall_closed"), (30, "wall_closed"), (203, "wall_closed"), (19, "wall_closed"), (18, "account_gone"),
     (100, "address_unknown"), (104, "address_unknown"), (125, "address_unknown"), (-1, "not_recorded"),
     (7, "answer_not_understood")],
)  # fmt: skip
def test_an_error_of_one_wall_belongs_to_its_account_alone(kind: str, code: int, reason: str) -> None:
    fake = FakeVk(range(1, 6), kind=kind)
    fake.walls[3] = error(code)
    found = outcomes(fake.read())
    assert found.pop("vk:3") == ("partial", reason)
    assert set(found.values()) == {("collected", "")}


def test_the_errors_of_an_execute_go_to_the_right_accounts() -> None:
    fake = FakeVk(range(1, 7))
    fake.walls |= {2: error(18), 4: error(15), 5: error(30), 6: error(104)}
    readings = fake.read()
    assert [reading.reason for reading in readings] == [
        "", "account_gone", "", "wall_closed", "wall_closed", "address_unknown"
    ]  # fmt: skip
    assert [len(reading.posts) for reading in readings] == [4, 0, 4, 0, 0, 0]
    assert readings[3].profile is not None
    assert readings[3].profile["status"] == "closed"


def test_an_inner_failure_worth_a_retry_is_tried_again_for_its_account_only() -> None:
    left = {"fails": 2}

    def fault(method: str, form: dict[str, str]) -> dict[str, Any] | None:
        calls = inner_calls(form) if method == "execute" else []
        if not calls or left["fails"] == 0:
            return None
        left["fails"] -= 1
        answer = FakeVk(range(1, 4))._body("execute", form)
        position = [call["owner_id"] for call in calls].index(-2)
        answer["response"][position] = False
        return answer | {"execute_errors": [{"method": "wall.get", "error_code": 10, "error_msg": "internal"}]}

    fake = FakeVk(range(1, 4), fault=fault)
    assert set(outcomes(fake.read()).values()) == {("collected", "")}
    assert fake.batches() == [3, 1, 1]


def test_a_page_that_was_not_returned_is_not_an_account_that_is_gone() -> None:
    fake = FakeVk([1, 2])
    del fake.groups[2]
    found = outcomes(fake.read([target(1), target(2)]))
    assert found == {"vk:1": ("collected", ""), "vk:2": ("partial", "profile_not_returned")}


def test_a_deactivated_community_is_gone_and_its_wall_is_not_asked_for() -> None:
    fake = FakeVk([1, 2], kind="service")
    fake.groups[2]["deactivated"] = "banned"
    readings = fake.read()
    assert outcomes(readings)["vk:2"] == ("partial", "account_gone")
    assert readings[1].profile is not None
    assert readings[1].profile["status"] == "gone"
    assert fake.count("wall.get") == 1


def test_a_short_name_is_matched_whatever_its_case() -> None:
    fake = FakeVk([1])
    fake.groups[1]["screen_name"] = "School_36"

    def fault(method: str, form: dict[str, str]) -> dict[str, Any] | None:
        if method != "groups.getById":
            return None
        assert form["group_ids"] == "school_36"
        return {"response": {"groups": [fake.groups[1]], "profiles": []}}

    fake.fault = fault
    assert outcomes(fake.read([Target("vk:school_36", "https://vk.com/School_36")])) == {
        "vk:school_36": ("collected", "")
    }


# --- a reply that would be too large


def test_error_13_halves_the_batch_and_then_the_page() -> None:
    def fault(method: str, form: dict[str, str]) -> dict[str, Any] | None:
        too_many = method == "execute" and sum(call["count"] for call in inner_calls(form)) > 8
        return error(13, "response size is too big") if too_many else None

    fake = FakeVk(range(1, 5), fault=fault)
    readings = fake.read()
    assert set(outcomes(readings).values()) == {("collected", "")}
    assert all(len(reading.posts) == 4 for reading in readings)


def test_a_single_post_that_is_too_large_costs_its_account_only() -> None:
    def fault(method: str, form: dict[str, str]) -> dict[str, Any] | None:
        calls = inner_calls(form) if method == "execute" else []
        asked = [call for call in calls if call["owner_id"] == -2]
        return error(13) if asked else None

    fake = FakeVk(range(1, 4), fault=fault)
    found = outcomes(fake.read())
    assert found == {"vk:1": ("collected", ""), "vk:2": ("partial", "too_large"), "vk:3": ("collected", "")}


# --- private persons


def test_no_private_person_reaches_what_is_stored() -> None:
    fake = FakeVk([1])
    fake.groups[1] |= {"contacts": [{"user_id": 777001, "phone": "private-phone"}]}
    visitor = post(1, 3, from_id=777002, text="visitor-text", signer_id=777003)
    photo = {"type": "photo", "photo": {"owner_id": 777007, "user_id": 777008}}
    signed = post(1, 2, signer_id=777004, created_by=777005, attachments=[photo])
    signed["copy_history"] = [{"id": 5, "owner_id": 777009, "from_id": 777009, "date": 1}]
    fake.walls[1] = [post(1, 4), visitor, signed, post(1, 1)]

    def fault(method: str, form: dict[str, str]) -> Any:
        body = fake._body(method, form)
        page = body["response"] if isinstance(body["response"], dict) else body["response"][0]
        page["profiles"] = [{"id": 777006, "first_name": "private-name"}]
        return body

    fake.fault = fault
    readings = fake.read()
    assert "7770" not in stored(readings)
    assert "private" not in stored(readings)
    assert "visitor-text" not in stored(readings)
    assert [row["own"] for row in readings[0].posts] == [True, False, True, True]


def test_each_account_has_raw_answers_of_its_own_with_the_hash_its_rows_name() -> None:
    readings = FakeVk(range(1, 4)).read()
    for reading in readings:
        assert {record["account_id"] for record in reading.raw} == {reading.account_id}
        hashes = {record["sha256"] for record in reading.raw}
        assert {row["raw_sha256"] for row in reading.posts} <= hashes
        assert reading.profile is not None
        assert reading.profile["raw_sha256"] in hashes
        assert {record["received_at"] for record in reading.raw} == {NOW.isoformat()}


def test_the_time_of_an_answer_is_the_networks_own() -> None:
    head = {"Date": "Mon, 27 May 2024 05:00:00 GMT", "Server": "kirov-sandbox/world"}

    def fault(method: str, form: dict[str, str]) -> Any:
        return httpx.Response(200, json=fake._body(method, form), headers=head)

    fake = FakeVk([1], fault=fault)
    vk = fake.vk()
    readings = list(vk.readings([target(1)], WINDOW))
    assert {row["observed_at"].isoformat() for row in readings[0].posts} == {"2024-05-27T05:00:00+00:00"}
    assert vk.server == "kirov-sandbox/world"


# --- what a community does not show


@pytest.mark.parametrize("shown", [[], [post(1, 2, is_pinned=1)]])
def test_a_closed_community_that_shows_nothing_is_closed_and_not_silent(shown: list[dict[str, Any]]) -> None:
    vk = FakeVk([1])
    vk.groups[1]["is_closed"], vk.walls[1] = 1, shown
    (reading,) = vk.read()
    assert (reading.outcome, reading.reason, reading.covered_from) == ("partial", "wall_closed", None)
    vk.walls[1] = [post(1, 3), post(1, 2)]
    assert vk.read()[0].outcome == "collected"


def test_a_null_field_of_the_page_is_not_known_and_not_a_no() -> None:
    vk = FakeVk([1])
    vk.groups[1] |= dict.fromkeys(("is_government_organization", "verified", "has_photo", "action_button", "menu"))
    profile = vk.read()[0].profile
    assert profile is not None
    assert {profile[name] for name in ("government_mark", "verified", "has_avatar", "action_button", "menu")} == {None}


def test_of_a_post_of_a_person_that_was_reposted_and_of_authors_nothing_is_kept() -> None:
    copied = {"id": 5, "owner_id": 777001, "from_id": 777001, "date": 1, "text": "PLANTED words of a person"}
    poll = {"type": "poll", "poll": {"id": 1, "author_id": 777002, "question": "?"}}
    source = {"copyright": {"id": 777003, "link": "https://vk.com/id777003", "name": "PLANTED name"}}
    vk = FakeVk([1])
    vk.walls[1] = [post(1, 3, copy_history=[copied], attachments=[poll], author_id=777004, editor_id=777005, **source)]
    (reading,) = vk.read()
    assert reading.posts[0]["is_repost"] is True
    kept = json.dumps(reading.raw) + json.dumps(reading.posts, default=str)
    assert "PLANTED" not in kept
    assert "77700" not in kept
    assert "copy_history" in kept
