"""The three networks of the sandbox over loopback: addresses, clock, keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from kirovlib import cli
from kirovlib.sandbox import DEMO_NOW, Faults, Recording, Sandbox, World, build_world, serve_forever
from kirovlib.sandbox.ok import signature
from kirovlib.sandbox.telegram import Page
from kirovlib.sandbox.vk import Reply
from kirovlib.settings import Settings
from kirovlib.tables import Accounts, Institutions

DATE = "Mon, 15 Jul 2024 06:00:00 GMT"


class Echo:
    """Stands in for Odnoklassniki and Telegram: answers what it was asked."""

    def call(self, parameters: Mapping[str, str]) -> Reply:
        if parameters.get("method") == "fail":
            return Reply(200, {"error_code": 10, "error_msg": "PERMISSION_DENIED"}, DEMO_NOW)
        return Reply(200, dict(parameters), DEMO_NOW)

    def page(self, name: str, query: Mapping[str, str]) -> Page:
        if name == "nobody":
            return Page(302, "", "", DEMO_NOW)
        if name == "private":
            return Page(302, "", "private", DEMO_NOW)
        return Page(200, f"posts of {name} {dict(query)}", "", DEMO_NOW)

    def card(self, name: str) -> Page:
        return Page(200, f"card of {name}", "", DEMO_NOW)

    def home(self) -> Page:
        return Page(200, "home", "", DEMO_NOW)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(institutions=12, weeks=2)


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[Sandbox]:
    with Sandbox(world, limits=False) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def echoing(world: World) -> Iterator[Sandbox]:
    sandbox = Sandbox(world, limits=False)
    sandbox.ok = sandbox.telegram = Echo()
    with sandbox as running:
        yield running


@pytest.fixture
def recording() -> Recording:
    now = datetime(2024, 6, 10, 6, tzinfo=UTC)
    return Recording(now, Institutions.empty(), Accounts.empty(), {}, {}, "2024-W23", now)


def get(url: str, **options: Any) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.get(url, **options)


def test_the_addresses_and_keys_are_ready_for_the_settings(echoing: Sandbox, tmp_path: Any) -> None:
    settings = Settings(tmp_path, variables=echoing.variables)
    assert settings.variable("KIROV_VK_URL") == echoing.url + "vk/method/"
    assert settings.variable("KIROV_OK_URL") == echoing.url + "ok/"
    assert settings.variable("KIROV_TELEGRAM_URL") == echoing.url + "telegram/"
    assert settings.variable("OK_APPLICATION_KEY") == "sandbox-application"
    assert settings.variable("OK_APPLICATION_SECRET") == "sandbox-secret"
    assert echoing.variables["VK_TOKEN"] == "sandbox-user"
    assert echoing.variables_for("sandbox-service")["VK_TOKEN"] == "sandbox-service"


@pytest.mark.parametrize("token", ["sandbox-user-2", "sandbox-service-2"])
def test_the_second_token_of_a_kind_can_do_what_the_first_can(echoing: Sandbox, token: str) -> None:
    asked = {"code": "return 1;", "v": "5.199", "access_token": token}
    body = httpx.post(echoing.vk_url + "execute", data=asked, trust_env=False).json()
    assert body.get("response", body.get("error", {}).get("error_code")) == (1 if "user" in token else 28)


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_odnoklassniki_take_parameters_from_the_address_and_from_a_form(echoing: Sandbox, verb: str) -> None:
    asked = {"method": "group.getInfo", "uids": " 1,2 ", "fields": "имя"}
    url = echoing.ok_url + "fb.do"
    answer = get(url, params=asked) if verb == "GET" else httpx.post(url, data=asked, trust_env=False)
    assert answer.json() == asked
    assert answer.headers["Content-Type"].startswith("application/json")


def test_an_error_of_odnoklassniki_stands_in_a_header_too(echoing: Sandbox) -> None:
    answer = get(echoing.ok_url + "fb.do", params={"method": "fail"})
    assert (answer.status_code, answer.headers["invocation-error"]) == (200, "10")


def test_telegram_gives_pages_cards_and_its_home(echoing: Sandbox) -> None:
    page = get(echoing.telegram_url + "s/vymysel", params={"before": "20"})
    assert page.text == "posts of vymysel {'before': '20'}"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert get(echoing.telegram_url + "vymysel").text == "card of vymysel"
    assert get(echoing.telegram_url).text == "home"


def test_a_redirect_of_telegram_stays_on_the_sandbox(echoing: Sandbox) -> None:
    hop = get(echoing.telegram_url + "s/private")
    assert (hop.status_code, hop.headers["Location"]) == (302, "/telegram/private")
    assert get(echoing.telegram_url + "s/private", follow_redirects=True).text == "card of private"
    assert get(echoing.telegram_url + "s/nobody", follow_redirects=True).text == "home"


@pytest.mark.parametrize(
    "path",
    [
        *("vk/method/wall.get", "ok/fb.do", "telegram/s/vymysel", "telegram/s/private", "telegram/vymysel"),
        *("telegram/", "ok/", "elsewhere"),
    ],
)
def test_every_answer_says_who_gave_it_and_when_by_the_clock_of_the_world(echoing: Sandbox, path: str) -> None:
    answer = get(echoing.url + path)
    assert answer.headers.get_list("Server") == ["kirov-sandbox/world"]
    assert answer.headers.get_list("Date") == [DATE]


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_a_signed_request_reaches_the_groups_of_odnoklassniki(running: Sandbox, world: World, verb: str) -> None:
    group = next(each for each in world.ok.values() if each.access == "open")
    asked = {"method": "group.getInfo", "uids": str(group.number), "fields": "name", "format": "json"}
    asked["application_key"] = running.variables["OK_APPLICATION_KEY"]
    asked["sig"] = signature(asked, running.variables["OK_APPLICATION_SECRET"])
    where = {"params": asked} if verb == "GET" else {"data": asked}
    answer = httpx.request(verb, running.ok_url + "fb.do", trust_env=False, **where)
    assert [each["uid"] for each in answer.json()] == [str(group.number)]
    assert answer.headers.get_list("Date") == [DATE]


def test_a_channel_of_the_world_has_its_page_and_what_is_none_leads_elsewhere(running: Sandbox, world: World) -> None:
    name = next(each.name for each in world.telegram.values() if len(each.messages) > 5)
    page = get(f"{running.telegram_url}s/{name}", follow_redirects=True)
    assert f'data-post="{name}/' in page.text
    home = get(f"{running.telegram_url}s/no_such_channel", follow_redirects=True)
    assert (home.status_code, home.url) == (200, running.telegram_url)
    assert "tgme_channel_info" not in home.text
    assert home.headers.get_list("Date") == page.headers.get_list("Date") == [DATE]


def test_requests_are_counted_by_network(echoing: Sandbox) -> None:
    before = echoing.request_counts.copy()
    get(echoing.ok_url + "fb.do")
    get(echoing.telegram_url + "s/private", follow_redirects=True)
    assert echoing.request_counts - before == {"ok": 1, "telegram": 2}
    assert echoing.request_count == echoing.request_counts.total()


def test_beside_a_recording_odnoklassniki_and_telegram_have_nothing(recording: Recording) -> None:
    with Sandbox(recording, faults=Faults(["world"])) as sandbox:
        said = get(sandbox.ok_url + "fb.do", params={"method": "stream.get"})
        page = get(sandbox.telegram_url + "s/vymysel")
    assert (said.status_code, said.json()["error_code"]) == (200, -1)
    assert "not recorded" in said.json()["error_msg"]
    assert page.status_code == 404
    assert said.headers["Server"] == page.headers["Server"] == "kirov-sandbox/replay"
    assert page.headers["Date"] == "Mon, 10 Jun 2024 06:00:00 GMT"


def test_a_server_in_the_foreground_ends_quietly_with_ctrl_c(world: World) -> None:
    served: list[Sandbox] = []

    def pressed(sandbox: Sandbox) -> None:
        served.append(sandbox)
        raise KeyboardInterrupt

    faults = Faults(["transient"])
    serve_forever(world, faults=faults, on_listening=pressed)
    assert served[0].faults is faults


# --- the command


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Sandbox]:
    """`kirov sandbox` that ends at once."""
    started: list[Sandbox] = []

    def serve(source: Any, *, on_listening: Any, faults: Faults | None = None, **_: Any) -> None:
        sandbox = Sandbox(source, faults=faults)
        sandbox.url = "http://127.0.0.1:8131/"
        started.append(sandbox)
        on_listening(sandbox)

    monkeypatch.setattr("kirovlib.sandbox.serve_forever", serve)
    return started


def kirov(*arguments: str) -> Any:
    return CliRunner().invoke(cli.main, ["sandbox", "--institutions", "8", "--weeks", "1", *arguments])


def test_the_command_prints_lines_to_copy_and_no_faults_unless_asked(served: list[Sandbox]) -> None:
    lines = kirov().output.splitlines()
    assert {f"{name}={value}" for name, value in served[0].variables.items()} <= set(lines)
    assert "KIROV_TELEGRAM_URL=http://127.0.0.1:8131/telegram/" in lines
    assert served[0].faults is None
    assert "нарочно" not in "".join(lines)


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        (["--faults"], ("rate", "unavailable", "slow", "cut", "truncated", "html")),
        (["--faults", "--fault-seed", "7"], ("rate", "unavailable", "slow", "cut", "truncated", "html")),
        (["--faults=stopping, html"], ("html", "quota", "captcha", "token")),
        (["--faults", "world"], ("closed_wall", "renamed", "new_post", "no_menu")),
    ],
)
def test_the_command_says_which_faults_are_on(served: list[Sandbox], arguments: list[str], kinds: Any) -> None:
    output = kirov(*arguments).output
    faults = served[0].faults
    assert faults is not None
    assert faults.kinds == kinds
    assert all(f"\n  {kind}: " in output for kind in kinds)
    assert f"зерно {7 if '--fault-seed' in arguments else 131}" in output
    assert ("sandbox-user-2" in output) == ("token" in kinds)


def test_the_command_refuses_faults_that_it_does_not_know(served: list[Sandbox]) -> None:
    result = kirov("--faults", "rain")
    assert (result.exit_code, served) == (2, [])
    assert "«rain»" in result.output
    assert "stopping" in result.output


@pytest.mark.recorded
def test_a_recording_cannot_change_while_it_is_read(served: list[Sandbox], recorded: Any) -> None:
    result = kirov("--replay", str(recorded), "--faults", "all")
    assert (result.exit_code, served) == (2, [])
    assert "--replay" in result.output
