"""What changes in the world while it is read, in each network; the given world stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from kirovlib.sandbox import Faults, Sandbox, World, build_world
from kirovlib.sandbox.changes import NEW_POST_TEXT, moment
from kirovlib.sandbox.faults import NETWORKS
from kirovlib.sandbox.ok import APPLICATION, SECRET, signature
from kirovlib.weeks import Week, last_full_week

V = "5.199"
USER = "sandbox-user"


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


def readable(world: World) -> list[int]:
    return [number for number, group in world.groups.items() if world.walls[number] and not group["is_closed"]]


def changed(faults: Faults, kind: str) -> list[int]:
    return [int(account) for account in faults.changed["vk", kind]]


def test_walls_close_after_their_page_or_their_first_posts_were_read(client: httpx.Client, world: World) -> None:
    faults, numbers = Faults(["closed_wall"]), readable(world)
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        told = ask(client, sandbox, "groups.getById", group_ids=",".join(map(str, numbers)))
        first = {number: code_of(ask(client, sandbox, owner_id=-number)) for number in numbers}
        after_page = changed(faults, "closed_wall")[0]
        second = {number: code_of(ask(client, sandbox, owner_id=-number)) for number in numbers}
    assert {group["is_closed"] for group in told.json()["response"]["groups"]} == {0}
    assert {number for number, code in first.items() if code} == {after_page}
    assert first[after_page] == 15
    assert {number for number, code in second.items() if code} == set(changed(faults, "closed_wall"))
    assert len(changed(faults, "closed_wall")) == 2


def test_a_renamed_community_leaves_its_old_name_free_and_keeps_its_number(client: httpx.Client, world: World) -> None:
    faults = Faults(["renamed"])
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        ask(client, sandbox, "groups.getById", group_ids=",".join(map(str, readable(world))))
        (number,) = changed(faults, "renamed")
        old = world.groups[number]["screen_name"]
        asked = f"{number},{old}"
        groups = ask(client, sandbox, "groups.getById", group_ids=asked).json()["response"]["groups"]
        gone = ask(client, sandbox, "utils.resolveScreenName", screen_name=old).json()
        new = ask(client, sandbox, "utils.resolveScreenName", screen_name=groups[0]["screen_name"]).json()
        by_name = ask(client, sandbox, "groups.getById", group_ids=old).json()["response"]["groups"]
        wall = ask(client, sandbox, owner_id=-number)
    assert [group["id"] for group in groups] == [number]
    assert groups[0]["screen_name"] != old
    assert (gone, by_name) == ({"response": []}, [])
    assert new["response"]["object_id"] == number
    assert code_of(wall) == 0


@pytest.mark.parametrize("by_execute", [False, True])
def test_a_post_appears_between_two_pages_and_shifts_the_second(
    client: httpx.Client, world: World, *, by_execute: bool
) -> None:
    faults = Faults(["new_post"])

    def page(number: int, offset: int) -> Any:
        asked = {"owner_id": -number, "count": 3, "offset": offset}
        if not by_execute:
            return ask(client, sandbox, **asked).json()["response"]
        return ask(client, sandbox, "execute", code=f"return [API.wall.get({asked})];".replace("'", '"')).json()[
            "response"
        ][0]

    with Sandbox(world, limits=False, faults=faults) as sandbox:
        first = {number: page(number, 0) for number in readable(world)}
        shifted = changed(faults, "new_post")
        assert len(shifted) == len(readable(world)) // 10
        shortest = min(first[each]["count"] for each in shifted)
        longer = [each for each in first if first[each]["count"] > shortest and each not in shifted]
        assert len(longer) <= 1  # the one whose wall would close
        number = shifted[0]
        second, again = page(number, 3), page(number, 0)
        untouched = next(each for each in first if each not in shifted)
        assert page(untouched, 0) == first[untouched]
    assert second["count"] == first[number]["count"] + 1
    pinned = any(post.get("is_pinned") for post in first[number]["items"])
    assert second["items"][0] == first[number]["items"][2]
    assert again["items"][int(pinned)]["text"] == NEW_POST_TEXT


def test_a_second_page_alone_lets_no_post_appear(client: httpx.Client, world: World) -> None:
    faults = Faults(["new_post"])
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        for number in readable(world):
            ask(client, sandbox, owner_id=-number, offset=1)
        for network in ("ok", "telegram"):
            for account in accounts(world, network):
                Wall(client, sandbox, network, account).page([10**15])
    assert not faults.injected


def test_a_post_that_appears_is_of_the_running_week_and_newer_than_all_others(world: World) -> None:
    faults = Faults(["new_post"])
    with Sandbox(world, limits=False, faults=faults) as sandbox, httpx.Client(trust_env=False) as client:
        for number in readable(world):
            ask(client, sandbox, owner_id=-number)
        for number in changed(faults, "new_post"):
            posts = ask(client, sandbox, owner_id=-number, filter="owner").json()["response"]["items"]
            new = next(post for post in posts if post["text"] == NEW_POST_TEXT)
            others = [post for post in posts if post != new]
            assert last_full_week(world.now).ends_at.timestamp() <= new["date"] < world.now.timestamp()
            assert new["date"] > max(post["date"] for post in others)
            assert new["id"] > max(post["id"] for post in others)
            assert not new.keys() & {"copy_history", "is_pinned", "edited"}


def test_at_the_first_second_of_a_week_a_new_post_is_not_put_into_the_week_before(world: World) -> None:
    monday = Week.of(world.now).starts_at
    assert Week.of(moment(monday)) == Week.of(world.now)
    assert moment(world.now) < world.now


class Wall:
    """The posts of an account of any network, as a client sees them: first page, second page, new post."""

    def __init__(self, client: httpx.Client, sandbox: Sandbox, network: str, account: str) -> None:
        self.client, self.sandbox, self.network, self.account = client, sandbox, network, account

    def ok(self, method: str, **asked: str) -> Any:
        form = {"method": method, "application_key": APPLICATION, "format": "json", **asked}
        return self.client.post(self.sandbox.ok_url + "fb.do", data=form | {"sig": signature(form, SECRET)}).json()

    def telegram(self, **query: Any) -> httpx.Response:
        return self.client.get(f"{self.sandbox.telegram_url}s/{self.account}", params=query)

    def profile(self) -> None:
        if self.network == "ok":
            self.ok("group.getInfo", uids=self.account, fields="*")

    def page(self, after: list[int] | None = None) -> list[int] | str:
        """Numbers of the posts of the first page, or of the one after these; what stands instead."""
        if self.network == "telegram":
            answer = self.telegram(**({"before": min(after)} if after else {}))
            found = re.findall(r'data-post="[^/"]+/(\d+)"', answer.text)
            return [int(number) for number in found] or f"{answer.status_code} {answer.headers.get('Location')}"
        asked = {"gid": self.account, "patterns": "POST", "fields": "media_topic.*", "count": "5"}
        body = self.ok("stream.get", **asked, **({"anchor": f"below{min(after):x}"} if after else {}))
        if "error_code" in body:
            return str(body["error_code"])
        topics = [topic for topic in body["entities"]["media_topics"] if not topic.get("is_sticky")]
        return [int(topic["id"]) for topic in topics]


def accounts(world: World, network: str) -> list[str]:
    if network == "ok":
        return [str(number) for number, group in world.ok.items() if group.access == "open" and group.topics]
    return [name for name, channel in world.telegram.items() if channel.messages]


@pytest.mark.parametrize(("network", "closed"), [("ok", "10"), ("telegram", "302 /telegram/")])
def test_feeds_and_channels_close_while_they_are_read(
    client: httpx.Client, world: World, network: str, closed: str
) -> None:
    faults = Faults(["closed_wall"])
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        walls = [Wall(client, sandbox, network, account) for account in accounts(world, network)]
        for wall in walls:
            wall.profile()
        first = {wall.account: wall.page() for wall in walls}
        again = {wall.account: wall.page(list(world_numbers(world, wall))) for wall in walls}
    gone = faults.changed[network, "closed_wall"]
    assert len(gone) == 2
    assert {account for account, page in again.items() if page == closed} == set(gone)
    # Odnoklassniki tell of a group before its posts, Telegram of both at once.
    assert [first[account] == closed for account in gone] == [network == "ok", False]


def world_numbers(world: World, wall: Wall) -> Iterator[int]:
    """The newest post only, so that all others are on the next page."""
    if wall.network == "ok":
        yield world.ok[int(wall.account)].topics[0].number
    else:
        yield world.telegram[wall.account].messages[-1].number


@pytest.mark.parametrize("network", ["ok", "telegram"])
def test_a_new_post_comes_on_top_and_shifts_no_page_that_goes_on_from_a_post(
    client: httpx.Client, world: World, network: str
) -> None:
    faults, calm = Faults(["new_post"]), {}
    with Sandbox(world, limits=False) as sandbox:
        for account in accounts(world, network):
            wall = Wall(client, sandbox, network, account)
            calm[account] = (first := wall.page(), wall.page(list(first)) if isinstance(first, list) else "")
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        for account, (first, second) in calm.items():
            wall = Wall(client, sandbox, network, account)
            assert wall.page() == first
            assert (wall.page(list(first)) if isinstance(first, list) else "") == second
        changed = faults.changed[network, "new_post"]
        renewed = {account: Wall(client, sandbox, network, account).page() for account in calm}
    assert 1 <= len(changed) <= len(calm) // 10
    for account, page in renewed.items():
        new = set(page) - set(calm[account][0])
        assert (len(new) == 1 and max(page) in new) == (account in changed)


@pytest.mark.parametrize("network", ["ok", "telegram"])
def test_a_new_post_is_of_the_running_week_in_every_network(client: httpx.Client, world: World, network: str) -> None:
    faults = Faults(["new_post"])
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        for account in accounts(world, network):
            Wall(client, sandbox, network, account).page()
        account = faults.changed[network, "new_post"][0]
        wall = Wall(client, sandbox, network, account)
        if network == "ok":
            asked = {"gid": account, "patterns": "POST", "fields": "media_topic.*", "count": "100"}
            topics = wall.ok("stream.get", **asked)["entities"]["media_topics"]
            newest = max(int(topic["created_ms"]) // 1000 for topic in topics)
        else:
            newest = max(map(stamp, re.findall(r'<time datetime="([^"]+)"', wall.telegram().text)))
            assert NEW_POST_TEXT in wall.telegram().text
    assert newest == moment(world.now).timestamp()
    assert Week.of(moment(world.now)) == Week.of(world.now)


def stamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_renamed_group_of_odnoklassniki_keeps_its_number(client: httpx.Client, world: World) -> None:
    faults = Faults(["renamed"])
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        for account in accounts(world, "ok"):
            Wall(client, sandbox, "ok", account).profile()
        (account,) = faults.changed["ok", "renamed"]
        wall = Wall(client, sandbox, "ok", account)
        old = world.ok[int(account)].shortname
        new = wall.ok("group.getInfo", uids=account, fields="shortname")[0]["shortname"]
        found = [wall.ok("url.getInfo", url=f"https://ok.ru/{name}") for name in (new, old or "no_name")]
        assert isinstance(wall.page(), list)
    assert new != old
    assert [each.get("objectIdStr", "") for each in found] == [account, ""]


def test_telegram_renames_nobody_since_no_number_would_answer(client: httpx.Client, world: World) -> None:
    faults = Faults(["renamed"])
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        pages = [Wall(client, sandbox, "telegram", account).page() for account in accounts(world, "telegram")]
    assert all(isinstance(page, list) for page in pages)
    assert not faults.injected


def test_the_menu_vanishes_for_all_communities(client: httpx.Client, world: World) -> None:
    numbers = ",".join(map(str, world.groups))
    with Sandbox(world, limits=False, faults=Faults(["no_menu"])) as sandbox:
        asked = {"group_ids": numbers, "fields": "menu,is_government_organization"}
        groups = ask(client, sandbox, "groups.getById", **asked).json()["response"]["groups"]
    assert any("menu" in group for group in world.groups.values())
    assert not any("menu" in group for group in groups)
    assert any("is_government_organization" in group for group in groups)


def test_the_given_world_stays_as_it_is(client: httpx.Client) -> None:
    world, again = (build_world(institutions=20, weeks=2) for _ in range(2))
    faults = Faults(["world"])
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        for number in readable(world):
            ask(client, sandbox, "groups.getById", group_ids=number)
            ask(client, sandbox, owner_id=-number)
        for network in ("ok", "telegram"):
            for account in accounts(world, network):
                Wall(client, sandbox, network, account).profile()
                Wall(client, sandbox, network, account).page()
    assert {network: {kind for each, kind in faults.injected if each == network} for network in NETWORKS} == {
        "vk": {"closed_wall", "renamed", "new_post", "no_menu"},
        "ok": {"closed_wall", "renamed", "new_post"},
        "telegram": {"closed_wall", "new_post"},
    }
    assert (world.groups, world.walls) == (again.groups, again.walls)
    assert (world.ok, world.telegram) == (again.ok, again.telegram)


def test_an_answer_that_did_not_arrive_changes_nothing(client: httpx.Client, world: World) -> None:
    faults = Faults(["truncated", "world"], share=1.0)
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        asked = {"group_ids": ",".join(map(str, readable(world)))}
        for _ in range(3):
            with pytest.raises(ValueError, match=r"."):
                ask(client, sandbox, "groups.getById", **asked).json()
        assert not faults.changed["vk", "renamed"]
        ask(client, sandbox, "groups.getById", **asked)
        assert len(faults.changed["vk", "renamed"]) == 1


def test_an_error_changes_nothing_either(client: httpx.Client, world: World) -> None:
    faults = Faults(["closed_wall", "renamed"])
    with Sandbox(world, limits=False, faults=faults) as sandbox:
        answer = ask(client, sandbox, "groups.getById", token="stolen", group_ids=",".join(map(str, readable(world))))
    assert code_of(answer) == 5
    assert not faults.injected


def test_the_same_seed_changes_the_same_accounts(client: httpx.Client, world: World) -> None:
    found = []
    for seed in (7, 7, 8):
        faults = Faults(["world"], seed=seed)
        with Sandbox(world, limits=False, faults=faults) as sandbox:
            for number in readable(world):
                ask(client, sandbox, "groups.getById", group_ids=number)
                ask(client, sandbox, owner_id=-number)
        found.append(dict(faults.changed))
    assert found[0] == found[1] != found[2]
