"""What goes wrong on purpose: the client sees what is promised, alike by seed, and five tries always get through."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from threading import Event
from typing import Any

import httpx
import pytest

from kirovlib.errors import ParameterError
from kirovlib.sandbox import Faults, Sandbox, World, build_world
from kirovlib.sandbox.faults import ALL, KINDS, MOST_IN_A_ROW, NETWORKS, STOPPING, TRANSIENT, Call, Strike, named

V = "5.199"
USER, SERVICE = "sandbox-user", "sandbox-service"
WALL = Call("vk", "wall.get", {"owner_id": "-1"}, USER)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(institutions=40, weeks=3)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=10) as opened:
        yield opened


def ask(client: httpx.Client, sandbox: Sandbox, method: str = "wall.get", token: str = USER, **asked: Any) -> Any:
    form = {"v": V, "access_token": token} | {key: str(value) for key, value in asked.items()}
    return client.post(sandbox.vk_url + method, data=form)


def code_of(answer: httpx.Response) -> int:
    said: dict[str, Any] = answer.json()
    return int(said.get("error", said).get("error_code", 0))


def some_call(number: int, network: str = "vk") -> Call:
    return Call(network, "wall.get", {"owner_id": str(-number)}, USER)


def pattern(faults: Faults, count: int = 300, network: str = "vk") -> list[str]:
    strikes = [faults.strike(some_call(number, network)) for number in range(count)]
    return [f"{strike.kind} {strike.code}" if strike else "" for strike in strikes]


# --- which calls are struck


def test_the_same_seed_strikes_the_same_calls_and_another_seed_others() -> None:
    first = pattern(Faults(seed=7, share=0.3))
    assert pattern(Faults(seed=7, share=0.3)) == first
    assert pattern(Faults(seed=8, share=0.3)) != first


def test_what_another_network_is_asked_changes_nothing() -> None:
    alone, mixed = Faults(TRANSIENT, share=0.3), Faults(TRANSIENT, share=0.3)
    found = []
    for number in range(300):
        mixed.strike(some_call(number, "ok"))
        strike = mixed.strike(some_call(number))
        found.append(f"{strike.kind} {strike.code}" if strike else "")
    assert found == pattern(alone)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_transient_kind_strikes_and_about_the_share_of_the_calls(network: str) -> None:
    faults = Faults(["transient"], share=0.05)
    struck = [kind for kind in pattern(faults, 4000, network) if kind]
    assert 0.04 < len(struck) / 4000 < 0.06
    assert {kind.split()[0] for kind in struck} == set(TRANSIENT)
    assert faults.injected == {(network, kind): sum(each.startswith(kind) for each in struck) for kind in TRANSIENT}


@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
@pytest.mark.parametrize("network", NETWORKS)
def test_never_more_than_three_calls_in_a_row_are_struck(network: str, share: float) -> None:
    found = pattern(Faults(["transient"], share=share), 500, network)
    runs = [len(list(each)) for is_struck, each in groupby(map(bool, found)) if is_struck]
    assert max(runs) == MOST_IN_A_ROW == 3


def test_one_call_is_struck_three_times_at_most_even_when_other_calls_lie_between_its_tries() -> None:
    faults = Faults(["transient"], share=1.0)
    strikes = []
    for number in range(40):
        strikes.append(faults.strike(WALL))
        if number % 4 != 3:
            faults.strike(some_call(number + 10))
    assert sum(strike is not None for strike in strikes) == 3
    assert all(strike is None for strike in strikes[5:])


def test_a_channel_that_redirects_gets_through_in_five_tries_too() -> None:
    faults = Faults(["transient"], share=1.0)
    for name in ("first", "second", "third"):
        tries = 0
        while tries < 6:
            tries += 1
            if faults.strike(Call("telegram", "page", {"name": name})) is not None:
                continue
            if faults.strike(Call("telegram", "card", {"name": name})) is not None:
                continue
            if faults.strike(Call("telegram", "home", {"name": ""})) is None:
                break
        assert tries <= 5


def test_calls_of_several_threads_are_each_decided_once() -> None:
    faults = Faults(["transient"], share=0.3)
    with ThreadPoolExecutor(8) as pool:
        struck = sum(strike is not None for strike in pool.map(lambda n: faults.strike(some_call(n)), range(2000)))
    assert struck == faults.injected.total() == sum(map(bool, pattern(Faults(["transient"], share=0.3), 2000)))


def test_groups_and_kinds_can_be_named_and_anything_else_is_refused() -> None:
    assert named(["all"]) == ALL == tuple(KINDS)
    assert named(["world", "captcha", "slow"])[:2] == ("slow", "captcha")
    with pytest.raises(ParameterError, match="«rain» не известен"):
        Faults(["rain"])


def test_without_a_kind_nothing_is_struck() -> None:
    assert not any(pattern(Faults([], share=1.0)))


# --- what the client sees


@pytest.fixture
def strike(world: World) -> Iterator[Any]:
    """Start a sandbox whose first three calls of each network meet one kind."""
    running: list[Sandbox] = []

    def started(kind: str, **options: Any) -> Sandbox:
        sandbox = Sandbox(world, limits=False, faults=Faults([kind], share=1.0, **options))
        running.append(sandbox.__enter__())
        return sandbox

    yield started
    for sandbox in running:
        sandbox.__exit__(None, None, None)


def requests(sandbox: Sandbox) -> dict[str, str]:
    return {
        "vk": f"{sandbox.vk_url}utils.resolveScreenName?v={V}&screen_name=a&access_token={USER}",
        "ok": f"{sandbox.ok_url}fb.do?method=url.getInfo&url=https://ok.ru/a",
        "telegram": f"{sandbox.telegram_url}s/a",
    }


@pytest.mark.parametrize("network", NETWORKS)
def test_a_rate_error_is_told_in_the_words_of_the_network(client: httpx.Client, strike: Any, network: str) -> None:
    sandbox = strike("rate")
    answers = [client.get(requests(sandbox)[network]) for _ in range(3)]
    if network == "telegram":
        assert {answer.status_code for answer in answers} == {429}
    else:
        assert {answer.status_code for answer in answers} == {200}
        assert {code_of(answer) for answer in answers} <= ({6, 9} if network == "vk" else {8})
    if network == "ok":
        assert answers[0].headers["invocation-error"] == "8"
    assert sandbox.faults.injected == {(network, "rate"): 3}


def test_an_injected_error_of_vk_repeats_the_token_as_old_answers_do(client: httpx.Client, strike: Any) -> None:
    body = client.get(requests(strike("rate"))["vk"]).json()
    assert {"key": "access_token", "value": USER} in body["error"]["request_params"]


@pytest.mark.parametrize("network", NETWORKS)
def test_an_unavailable_server_says_500_502_or_503_and_then_when_to_come_again(
    client: httpx.Client, strike: Any, network: str
) -> None:
    found = {}
    for seed in range(8):
        answer = client.get(requests(strike("unavailable", seed=seed))[network])
        found[answer.status_code] = answer.headers.get("Retry-After")
    assert found == {500: None, 502: None, 503: "1"}


@pytest.mark.parametrize("network", NETWORKS)
def test_a_slow_answer_comes_later_than_the_client_waits(strike: Any, network: str) -> None:
    sandbox = strike("slow")
    with httpx.Client(trust_env=False, timeout=0.05) as hasty, pytest.raises(httpx.ReadTimeout):
        hasty.get(requests(sandbox)[network])


def test_a_slow_answer_is_a_good_one_for_who_waits(client: httpx.Client, strike: Any) -> None:
    answer = client.get(requests(strike("slow", slow_seconds=0.01))["vk"])
    assert answer.json() == {"response": []}


def test_a_server_that_stops_does_not_wait_for_its_late_answers(client: httpx.Client, world: World) -> None:
    asked = Event()

    class Telling(Faults):
        def strike(self, call: Call) -> Strike | None:
            asked.set()
            return super().strike(call)

    with ThreadPoolExecutor(1) as pool:
        with Sandbox(world, faults=Telling(["slow"], share=1.0, slow_seconds=3600)) as sandbox:
            late = pool.submit(client.get, requests(sandbox)["vk"])
            asked.wait()
        assert isinstance(late.exception(), httpx.RemoteProtocolError)


def test_nobody_is_answered_who_has_hung_up(client: httpx.Client, world: World) -> None:
    faults = Faults(["slow", "renamed"], share=1.0, slow_seconds=0.1)
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        with httpx.Client(trust_env=False, timeout=0.02) as hasty, pytest.raises(httpx.ReadTimeout):
            ask(hasty, sandbox, "groups.getById", group_ids=",".join(map(str, world.groups)))
        # As late, and asked for later: by its answer the first one would have been given.
        assert client.get(requests(sandbox)["vk"]).json() == {"response": []}
    assert faults.injected == {("vk", "slow"): 2}


@pytest.mark.parametrize("network", NETWORKS)
def test_a_cut_answer_is_shorter_than_its_announced_length(client: httpx.Client, strike: Any, network: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.get(requests(strike("cut"))[network])


@pytest.mark.parametrize("network", ["vk", "ok"])
def test_truncated_json_has_the_right_length_and_cannot_be_read(
    client: httpx.Client, strike: Any, network: str
) -> None:
    answer = client.get(requests(strike("truncated"))[network])
    assert (answer.status_code, int(answer.headers["Content-Length"])) == (200, len(answer.content))
    with pytest.raises(ValueError, match=r"."):
        answer.json()


def test_a_truncated_page_has_the_right_length_and_no_end(client: httpx.Client, world: World, strike: Any) -> None:
    name = next(each.name for each in world.telegram.values() if each.messages)
    sandbox = strike("truncated")
    pages = [client.get(f"{sandbox.telegram_url}s/{name}") for _ in range(4)]
    assert ["</html>" in page.text for page in pages] == [False, False, False, True]
    assert [int(page.headers["Content-Length"]) for page in pages] == [len(page.content) for page in pages]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_foreign_page_comes_with_200_and_nothing_of_the_network(
    client: httpx.Client, strike: Any, network: str
) -> None:
    answer = client.get(requests(strike("html"))[network])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "ограничен" in answer.text
    assert "tgme" not in answer.text


@pytest.mark.parametrize("kind", ["rate", "unavailable", "truncated", "html"])
def test_spoiled_answers_carry_the_clock_of_the_world_too(client: httpx.Client, strike: Any, kind: str) -> None:
    answer = client.get(requests(strike(kind))["vk"])
    assert answer.headers.get_list("Server") == ["kirov-sandbox/world"]
    assert answer.headers.get_list("Date") == ["Mon, 15 Jul 2024 06:00:00 GMT"]


@pytest.mark.parametrize("network", NETWORKS)
def test_the_fourth_try_gets_the_answer(client: httpx.Client, strike: Any, network: str) -> None:
    sandbox = strike("unavailable")
    answers = [client.get(requests(sandbox)[network]).status_code for _ in range(4)]
    assert min(answers[:3]) >= 500
    assert answers[3] in {200, 302}


# --- what stops a network


def test_quota_and_captcha_strike_once_at_their_call_and_the_network_goes_on(
    client: httpx.Client, world: World
) -> None:
    faults = Faults(["quota", "captcha"], at={"quota": 2, "captcha": 4})
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        answers = [ask(client, sandbox, owner_id=-next(iter(world.walls))) for _ in range(6)]
    assert [code_of(answer) for answer in answers] == [0, 29, 0, 14, 0, 0]
    assert {"captcha_sid", "captcha_img"} <= answers[3].json()["error"].keys()
    assert faults.injected == {("vk", "quota"): 1, ("vk", "captcha"): 1}


def test_the_quota_waits_for_a_call_that_reads_walls() -> None:
    faults = Faults(["quota"], at={"quota": 1})
    assert faults.strike(Call("vk", "groups.getById", {}, USER)) is None
    assert faults.strike(WALL) is not None
    assert faults.strike(WALL) is None


@pytest.mark.parametrize("token", [USER, SERVICE])
def test_a_token_expires_for_good_and_the_second_one_works_on(client: httpx.Client, world: World, token: str) -> None:
    owner = -next(iter(world.walls))
    faults = Faults(["token"], at={"token": 2})
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        codes = [code_of(ask(client, sandbox, token=token, owner_id=owner)) for _ in range(4)]
        again = [code_of(ask(client, sandbox, token=f"{token}-2", owner_id=owner)) for _ in range(2)]
    assert (codes, again) == ([0, 5, 5, 5], [0, 0])


def test_a_bearer_token_expires_like_one_in_the_form(client: httpx.Client, world: World) -> None:
    asked = {"v": V, "owner_id": str(-next(iter(world.walls)))}
    bearer = {"Authorization": f"Bearer {USER}"}
    with Sandbox(world, limits=False, faults=Faults(["token"], at={"token": 1})) as sandbox:
        url = sandbox.vk_url + "wall.get"
        assert [code_of(client.post(url, data=asked, headers=bearer)) for _ in range(2)] == [5, 5]


def test_a_session_of_odnoklassniki_expires_and_the_application_works_on() -> None:
    faults = Faults(["stopping"], at={"token": 3})
    application, session = (Call("ok", "stream.get", {}, token) for token in ("", "a-session"))
    assert [faults.strike(call) for call in (session, session, application)] == [None] * 3
    assert [strike.code for _ in range(2) if (strike := faults.strike(session))] == [102, 102]
    assert faults.strike(application) is None
    assert faults.strike(Call("telegram", "page", {"name": "a"})) is None


def test_stopping_kinds_come_one_after_the_other_each_at_its_default_call() -> None:
    found = [strike.kind if (strike := faults.strike(WALL)) else "" for faults in [Faults(STOPPING)] for _ in range(20)]
    assert [(number, kind) for number, kind in enumerate(found, 1) if kind][:3] == [
        (3, "quota"),
        (7, "captcha"),
        (11, "token"),
    ]
