from __future__ import annotations

import hashlib
import http.client
import json
import os
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from kirovlib.errors import ParameterError
from kirovlib.sandbox import DEMO_NOW, Recording, Sandbox, World, build_world, load_recording, names
from kirovlib.sandbox.portal import SCENARIOS
from kirovlib.sandbox.sources import WorldSource
from kirovlib.sandbox.vk import Reply, VkApi
from kirovlib.weeks import Week

RECORDED = Path(os.environ.get("KIROV_RECORDED", Path(__file__).resolve().parents[2] / "shared" / "real"))
KIROV = ZoneInfo("Europe/Kirov")
V = "5.199"
USER = "sandbox-user"


@pytest.fixture(scope="module")
def world() -> World:
    return build_world()


@pytest.fixture
def api(world: World) -> VkApi:
    return VkApi(WorldSource(world), limits=False)


@pytest.fixture(scope="module")
def recording() -> Recording:
    if not RECORDED.is_dir():
        pytest.skip(f"recorded answers are not at {RECORDED}; set KIROV_RECORDED")
    return load_recording(RECORDED)


def vk_rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["account_id"].str.startswith("vk:")]


def group_of(world: World, case: str) -> int:
    url = world.accounts.set_index("account_id").loc[world.cases[case], "url"]
    name = str(url).rsplit("/", 1)[1]
    numbers = {group["screen_name"]: number for number, group in world.groups.items()}
    return numbers.get(name) or int(name.removeprefix("public").removeprefix("club"))


def call(api: VkApi, method: str, token: str = USER, **params: Any) -> Any:
    asked = {"v": V} | {key: str(value) for key, value in params.items()}
    return api.method(method, asked, token).body


def code_of(body: Any) -> int:
    return int(body["error"]["error_code"])


def week_of(post: dict[str, Any]) -> pd.Timestamp:
    day = datetime.fromtimestamp(post["date"], UTC).astimezone(KIROV).date()
    return pd.Timestamp(day - timedelta(days=day.weekday()))


def whole_wall(api: VkApi, number: int, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while page := call(api, "wall.get", owner_id=-number, offset=len(items), count=100, **params)["response"]["items"]:
        items += page
    return items


# --- the world


def test_the_same_arguments_give_the_same_world(world: World) -> None:
    again = build_world()
    pd.testing.assert_frame_equal(world.accounts, again.accounts)
    pd.testing.assert_frame_equal(world.verdicts, again.verdicts)
    assert json.dumps(world.walls) == json.dumps(again.walls)
    assert json.dumps(world.groups) == json.dumps(again.groups)
    assert (world.ok, world.telegram, world.marks) == (again.ok, again.telegram, again.marks)


def test_the_communities_of_vk_are_those_from_before_the_other_networks_came(world: World) -> None:
    text = json.dumps([world.groups, world.walls], ensure_ascii=False, sort_keys=True)
    expected = "66cdc575bdeb9ae10ea2b9ef04460e867342ea82e72584c5a1d866cfbfc133f6"
    assert hashlib.sha256(text.encode()).hexdigest() == expected


@pytest.mark.parametrize("network", ["vk", "ok", "telegram"])
def test_a_world_of_one_network_is_that_part_of_the_whole(world: World, network: str) -> None:
    alone = build_world(networks=(network,))
    for name in ("accounts", "counts", "verdicts"):
        whole = getattr(world, name)
        part = whole[whole["account_id"].str.startswith(f"{network}:")].reset_index(drop=True)
        pd.testing.assert_frame_equal(getattr(alone, name), part)
    pd.testing.assert_frame_equal(alone.institutions, world.institutions)
    assert alone.cases == {case: key for case, key in world.cases.items() if key.startswith(f"{network}:")}
    assert (alone.groups, alone.walls) == ((world.groups, world.walls) if network == "vk" else ({}, {}))
    assert alone.ok == (world.ok if network == "ok" else {})
    assert alone.telegram == (world.telegram if network == "telegram" else {})
    assert alone.marks == (world.marks if network == "ok" else {})


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(ParameterError, match="«twitter»"):
        build_world(networks=("vk", "twitter"))


def test_accounts_stand_in_the_order_of_their_networks(world: World) -> None:
    for name in ("accounts", "counts", "verdicts"):
        networks = getattr(world, name)["account_id"].str.partition(":")[0]
        places = networks.map({"vk": 0, "ok": 1, "telegram": 2})
        assert places.is_monotonic_increasing, name
        assert places.nunique() == 3, name


def test_most_institutions_have_a_group_half_have_a_channel_and_some_have_no_account() -> None:
    world = build_world(institutions=400, weeks=1)
    owners = world.accounts.groupby("platform")["institution_id"].nunique() / 400
    assert 0.65 < owners["ok"] < 0.75
    assert 0.5 < owners["telegram"] < 0.6
    assert 0 < 400 - world.accounts["institution_id"].nunique() < 20


def test_accounts_in_all_networks_of_a_liquidated_institution_are_outside_the_order() -> None:
    world = build_world(institutions=400, weeks=2)
    closed = world.institutions[world.institutions["status"].notna()]["institution_id"]
    judged = world.verdicts.merge(world.accounts, on="account_id")
    judged = judged[judged["institution_id"].isin(closed) & (judged["clause"] == "posts_per_week")]
    assert set(judged["reason"]) == {"closed_body"}


def test_only_vk_is_judged_by_the_clauses_about_vk(world: World) -> None:
    clauses = world.verdicts.groupby(world.verdicts["account_id"].str.partition(":")[0])["clause"].unique()
    assert set(clauses["ok"]) == set(clauses["telegram"]) == {"posts_per_week"}
    assert len(clauses["vk"]) == 4


def test_verdicts_on_posts_follow_from_the_counts_wherever_they_count(world: World) -> None:
    rows = world.verdicts[world.verdicts["clause"] == "posts_per_week"]
    rows = world.counts.assign(period=[Week(day.date()).label for day in world.counts["week_start"]]).merge(
        rows, on=["account_id", "period"], validate="one_to_one"
    )
    assert len(rows) == len(world.counts)
    assert (rows.query("verdict == 'passed'")["own_count"] >= 3).all()
    assert (rows.query("verdict == 'failed'")["own_count"] < 3).all()
    assert rows[rows["verdict"].isin(["passed", "failed"])]["is_readable"].all()


def test_another_seed_gives_another_world(world: World) -> None:
    assert build_world(seed=7).walls != world.walls


def test_the_register_does_not_depend_on_the_number_of_weeks(world: World) -> None:
    short = build_world(weeks=3)
    pd.testing.assert_frame_equal(world.institutions, short.institutions)
    pd.testing.assert_frame_equal(world.accounts, short.accounts)
    assert short.counts["week_start"].nunique() == 3
    common = world.counts[world.counts["week_start"].isin(short.counts["week_start"])]
    assert (world.marks, world.cases) == (short.marks, short.cases)
    pd.testing.assert_frame_equal(common.reset_index(drop=True), short.counts)


@pytest.mark.parametrize("institutions", [1, 2, 9, 25, 60, 400])
def test_any_number_of_institutions_can_be_had(institutions: int) -> None:
    world = build_world(institutions=institutions, weeks=1)
    assert len(world.institutions) == institutions
    assert world.accounts["url"].is_unique
    assert world.institutions["name"].is_unique
    assert set(world.institutions["founder_id"].dropna()) <= set(world.institutions["institution_id"])


def test_the_default_world_spans_the_date_of_the_order(world: World) -> None:
    periods = world.verdicts["period"].unique()
    assert (min(periods), max(periods)) == ("2024-W17", "2024-W28")
    assert world.now == DEMO_NOW
    assert world.institutions["kind"].value_counts().to_dict() == {
        "subordinate": 47,
        "executive_authority": 7,
        "state_participation": 3,
        "other": 3,
    }


def test_numbers_of_institutions_are_well_formed_and_of_no_region(world: World) -> None:
    for ogrn in world.institutions["ogrn"]:
        assert len(ogrn) == 13
        assert ogrn[3:5] == "99"
        assert int(ogrn[:12]) % 11 % 10 == int(ogrn[12])


def test_names_show_that_they_are_made_up(world: World) -> None:
    assert world.institutions["name"].str.contains("ымышлен").all()
    places = [name for place in names.PLACES for name in place[:2]]
    templates = [name for group in names.SUBORDINATES.values() for name, _, _ in group]
    assert len(places) + len(templates) + len(names.MINISTRIES) >= 40
    assert world.institutions["name"].str.contains('"Щука & Емеля"', regex=False).sum() == 1


def test_half_of_the_accounts_have_no_known_number(world: World) -> None:
    share = vk_rows(world.accounts)["platform_id"].isna().mean()
    assert 0.3 < share < 0.7
    numbered = world.accounts[world.accounts["account_id"].str.fullmatch(r"vk:\d+")]
    assert numbered["url"].str.contains(r"/(?:public|club)\d+$").all()


def test_the_truth_of_the_plan_is_what_the_walls_hold(world: World) -> None:
    rows = vk_rows(world.accounts)[["url", "account_id"]].to_numpy()
    ids = {str(url).rsplit("/", 1)[1]: key for url, key in rows}
    found: Counter[tuple[str, pd.Timestamp, str]] = Counter()
    for number, wall in world.walls.items():
        names_of = {world.groups[number]["screen_name"], f"public{number}", f"club{number}"}
        account = next(ids[name] for name in names_of if name in ids)
        for post in wall:
            if post["post_type"] == "post":
                kind = "visitor" if post["from_id"] != -number else "repost" if post.get("copy_history") else "own"
                found[account, week_of(post), kind] += 1
                found[account, week_of(post), "ad"] += post["marked_as_ads"]
    for row in vk_rows(world.counts).to_dict("records"):
        for kind in ("own", "repost", "visitor", "ad"):
            assert row[f"{kind}_count"] == found[row["account_id"], row["week_start"], kind], (row, kind)


def test_walls_are_strictly_newest_first_and_not_of_the_future(world: World) -> None:
    for wall in world.walls.values():
        posts = [post for post in wall if post["post_type"] == "post"]
        dates = [post["date"] for post in posts]
        assert all(later > earlier for later, earlier in pairwise(dates))
        assert all(later["id"] > earlier["id"] for later, earlier in pairwise(posts))
        assert not dates or dates[0] < world.now.timestamp()


def test_every_case_and_every_kind_of_links_is_there(world: World) -> None:
    expected = {
        *("pinned_old", "signed", "repost_with_words", "visitors", "week_edge", "ads", "closed_wall", "gone"),
        *(
            "no_menu",
            "empty_menu",
            "opened_in_week",
            "long_wall",
            "album",
            "edited",
            "short_wall",
            "unpublished",
        ),
        *("account_closed", "closed_body", "hostile_texts", "hostile_name", "two_accounts"),
        *(f"portal_{name}" for name in SCENARIOS),
    }
    assert expected <= set(world.cases)
    assert set(world.cases.values()) <= set(world.accounts["account_id"])


def test_each_case_is_what_it_is_called(world: World) -> None:
    of_vk = [case for case, key in world.cases.items() if key.startswith("vk:")]
    wall = {case: world.walls[group_of(world, case)] for case in of_vk}
    pinned = next(post for post in wall["pinned_old"] if post.get("is_pinned"))
    assert 230 < (world.now.timestamp() - pinned["date"]) / 86_400 < 250
    assert all("signer_id" in post for post in wall["signed"] if post["from_id"] < 0 and "copy_history" not in post)
    assert all(post["text"] for post in wall["repost_with_words"] if "copy_history" in post)
    clocks = {datetime.fromtimestamp(post["date"], KIROV).strftime("%a %H:%M:%S") for post in wall["week_edge"]}
    assert {"Sun 23:59:59", "Mon 00:00:00"} <= clocks
    assert len(wall["long_wall"]) > 100
    assert any(len(post["attachments"]) > 5 for post in wall["album"])
    assert any(week_of({"date": post["edited"]}) > week_of(post) for post in wall["edited"] if "edited" in post)
    assert len(wall["short_wall"]) < 20
    assert {post["post_type"] for post in wall["unpublished"]} == {"post", "postpone", "suggest"}
    assert any("<script>" in post["text"] for post in wall["hostile_texts"])
    assert world.groups[group_of(world, "hostile_name")]["name"].startswith("=")
    assert "menu" not in world.groups[group_of(world, "no_menu")]
    assert world.groups[group_of(world, "empty_menu")]["menu"] == {"items": []}


def test_the_edges_of_the_week_lie_on_the_edge_of_the_norm(world: World) -> None:
    rows = world.counts[world.counts["account_id"] == world.cases["week_edge"]].iloc[-4:-2]
    assert rows["own_count"].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("case", "period", "verdict", "reason"),
    [
        ("repost_with_words", "2024-W24", "failed", "below_norm"),
        ("visitors", "2024-W24", "failed", "below_norm"),
        ("album", "2024-W24", "failed", "below_norm"),
        ("ads", "2024-W24", "passed", "norm_met"),
        ("week_edge", "2024-W25", "passed", "norm_met"),
        ("week_edge", "2024-W26", "passed", "norm_met"),
        ("edited", "2024-W26", "passed", "norm_met"),
        ("closed_wall", "2024-W24", "cannot_tell", "wall_closed"),
        ("gone", "2024-W24", "cannot_tell", "account_gone"),
        ("opened_in_week", "2024-W28", "inapplicable", "opened_in_week"),
        ("opened_in_week", "2024-W27", "inapplicable", "not_yet_open"),
        ("short_wall", "2024-W23", "cannot_tell", "existence_unknown"),
        ("short_wall", "2024-W24", "inapplicable", "opened_in_week"),
        ("short_wall", "2024-W25", "passed", "norm_met"),
        ("account_closed", "2024-W24", "inapplicable", "closed_in_week"),
        ("account_closed", "2024-W25", "inapplicable", "account_closed"),
        ("closed_body", "2024-W24", "inapplicable", "closed_body"),
        ("ads", "2024-W19", "untested", "no_edition_in_force"),
        ("ads", "2024-W20", "inapplicable", "edition_starts_mid_week"),
    ],
)
def test_the_true_verdict_on_posts(world: World, case: str, period: str, verdict: str, reason: str) -> None:
    rows = world.verdicts[(world.verdicts["clause"] == "posts_per_week") & (world.verdicts["period"] == period)]
    row = rows.set_index("account_id").loc[world.cases[case]]
    assert (row["verdict"], row["reason"]) == (verdict, reason)


@pytest.mark.parametrize(
    ("scenario", "problem", "opinion"),
    [
        ("correct", "found", "found"),
        ("id_padded", "found", "found"),
        ("misspelt_opald", "link_misspelt", "found"),
        ("misspelt_reg_code33", "found", "link_misspelt"),
        ("broken_form", "link_broken", "found"),
        ("broken_surveys", "found", "link_broken"),
        ("only_form", "found", "missing"),
        ("nothing", "missing", "missing"),
        ("shortener", "other_target", "found"),
        ("no_menu", "missing", "missing"),
    ],
)
def test_the_true_verdict_on_links(world: World, scenario: str, problem: str, opinion: str) -> None:
    rows = world.verdicts[world.verdicts["account_id"] == world.cases[f"portal_{scenario}"]].set_index("clause")
    assert rows.loc["vk_report_problem", "reason"] == problem
    assert rows.loc["vk_voice_opinion", "reason"] == opinion


def test_one_opa_id_is_shared_by_institutions_of_two_founders(world: World) -> None:
    sharing = world.verdicts.query("note == 'shared_opa_id'")["account_id"]
    owners = world.accounts[world.accounts["account_id"].isin(sharing)].merge(world.institutions, on="institution_id")
    assert owners["founder_id"].nunique() == 2


# --- VK


def test_the_envelope_depends_on_the_version(api: VkApi, world: World) -> None:
    number = next(iter(world.groups))
    new = call(api, "groups.getById", group_ids=number)["response"]
    old = api.method("groups.getById", {"group_ids": str(number), "v": "5.131"}, "sandbox-user").body["response"]
    assert (new["groups"], new["profiles"]) == (old, [])


def test_fields_come_only_when_asked_for_and_unknown_communities_are_left_out(api: VkApi, world: World) -> None:
    group = world.groups[group_of(world, "portal_correct")]
    asked = f"{group['screen_name']},no_such_name,123"
    bare = call(api, "groups.getById", group_ids=asked)["response"]["groups"]
    full = call(api, "groups.getById", group_ids=asked, fields="menu,is_government_organization")["response"]["groups"]
    assert [each["id"] for each in bare] == [group["id"]]
    assert not {"menu", "is_government_organization", "verified"} & bare[0].keys()
    assert full[0]["menu"] == group["menu"]
    assert "verified" not in full[0]
    assert code_of(call(api, "groups.getById", group_ids=",".join(map(str, range(501))))) == 100


def test_the_pinned_post_comes_first_and_only_once(api: VkApi, world: World) -> None:
    number = group_of(world, "pinned_old")
    items = whole_wall(api, number)
    assert items[0]["is_pinned"] == 1
    dates = [post["date"] for post in items[1:]]
    assert dates == sorted(dates, reverse=True)
    assert len({post["id"] for post in items}) == len(items) == len(world.walls[number])


def test_the_pinned_post_may_also_repeat(world: World) -> None:
    api = VkApi(WorldSource(world, pinned_repeats=True), limits=False)
    ids = [post["id"] for post in whole_wall(api, group_of(world, "pinned_old"))]
    assert len(ids) == len(set(ids)) + 1


def test_filters_tell_owner_from_visitors_and_hide_what_is_not_published(api: VkApi, world: World) -> None:
    number = group_of(world, "visitors")
    everything, owner, others = (whole_wall(api, number, filter=name) for name in ("all", "owner", "others"))
    assert {post["from_id"] for post in owner} == {-number}
    assert all(post["from_id"] > 0 for post in others)
    assert len(everything) == len(owner) + len(others)
    assert {post["post_type"] for post in whole_wall(api, group_of(world, "unpublished"))} == {"post"}
    assert code_of(call(api, "wall.get", owner_id=-number, filter="suggests")) == 15


def test_count_and_offset_of_a_wall(api: VkApi, world: World) -> None:
    number = group_of(world, "long_wall")
    first = call(api, "wall.get", owner_id=-number)["response"]
    assert (len(first["items"]), first["count"]) == (20, len(world.walls[number]))
    assert code_of(call(api, "wall.get", owner_id=-number, count=101)) == 100
    assert call(api, "wall.get", owner_id=-number, offset=10_000)["response"]["items"] == []


@pytest.mark.parametrize(
    ("method", "params", "token", "code"),
    [
        ("wall.get", {"owner_id": "-1"}, None, 15),
        ("groups.getById", {"group_ids": "1"}, None, 5),
        ("wall.get", {"owner_id": "-1"}, "sandbox-expired", 5),
        ("wall.get", {"owner_id": "-1"}, "stolen", 5),
        ("wall.get", {"owner_id": "-1"}, "sandbox-group", 27),
        ("execute", {"code": "return 1;"}, "sandbox-service", 28),
        ("wall.get", {"owner_id": "-1"}, "sandbox-user", 100),
        ("wall.get", {"domain": "no_such_name"}, "sandbox-user", 100),
        ("wall.get", {}, "sandbox-user", 100),
        ("wall.get", {"owner_id": "1"}, "sandbox-user", 100),
        ("wall.get", {"owner_id": "-1", "v": ""}, "sandbox-user", 8),
        ("Wall.Get", {"owner_id": "-1"}, "sandbox-user", 3),
        ("execute", {"code": "return oops("}, "sandbox-user", 12),
        ("execute", {"code": "var a = 1; return a;"}, "sandbox-user", 12),
    ],
)
def test_errors(api: VkApi, method: str, params: dict[str, str], token: str | None, code: int) -> None:
    reply = api.method(method, {"v": V} | params, token)
    assert (reply.status, code_of(reply.body)) == (200, code)


def test_closed_and_deleted_communities_refuse_their_wall(api: VkApi, world: World) -> None:
    assert code_of(call(api, "wall.get", owner_id=-group_of(world, "closed_wall"))) == 15
    gone = group_of(world, "gone")
    assert code_of(call(api, "wall.get", owner_id=-gone)) == 18
    assert call(api, "groups.getById", group_ids=gone)["response"]["groups"][0]["deactivated"] == "deleted"


def test_an_error_repeats_the_token_as_old_answers_of_vk_do(api: VkApi) -> None:
    body = call(api, "wall.get", owner_id="-1", token="sandbox-user")
    assert {"key": "access_token", "value": "sandbox-user"} in body["error"]["request_params"]


def test_a_short_name_is_resolved(api: VkApi, world: World) -> None:
    number = group_of(world, "signed")
    found = call(api, "utils.resolveScreenName", screen_name=world.groups[number]["screen_name"])["response"]
    assert found == {"type": "group", "object_id": number}
    assert call(api, "utils.resolveScreenName", screen_name="no_such_name")["response"] == []


def test_execute_gives_false_for_an_inner_failure_and_the_others_all_the_same(api: VkApi, world: World) -> None:
    good, closed = group_of(world, "signed"), group_of(world, "closed_wall")
    code = f'return [API.wall.get({{"owner_id":-{good},"count":3}}), API.wall.get({{owner_id: -{closed}}})];'
    body = call(api, "execute", code=code)
    assert len(body["response"][0]["items"]) == 3
    assert body["response"][1] is False
    assert [(each["method"], each["error_code"]) for each in body["execute_errors"]] == [("wall.get", 15)]
    group = call(api, "execute", token="sandbox-group", code=code)
    assert [each["error_code"] for each in group["execute_errors"]] == [27, 27]
    assert call(api, "execute", code="return 1;") == {"response": 1}


def test_execute_takes_25_calls_and_no_more(api: VkApi, world: World) -> None:
    inner = f'API.wall.get({{"owner_id":-{group_of(world, "signed")},"count":1}})'
    assert len(call(api, "execute", code=f"return [{','.join([inner] * 25)}];")["response"]) == 25
    assert code_of(call(api, "execute", code=f"return [{','.join([inner] * 26)}];")) == 13


def test_execute_refuses_a_reply_above_five_megabytes(world: World) -> None:
    api = VkApi(WorldSource(world, post_bytes=5_700), limits=False)
    number = group_of(world, "long_wall")
    inner = f'API.wall.get({{"owner_id":-{number},"count":{{}}}})'
    big = call(api, "execute", code=f"return [{','.join([inner.replace('{}', '100')] * 25)}];")
    assert code_of(big) == 13
    assert "too big" in big["error"]["error_msg"]
    assert "response" in call(api, "execute", code=f"return [{','.join([inner.replace('{}', '30')] * 25)}];")


def test_the_fourth_request_in_a_second_is_refused(world: World) -> None:
    clock = [100.0]
    api = VkApi(WorldSource(world), monotonic=lambda: clock[0])
    codes = ["error" in call(api, "utils.resolveScreenName", screen_name="a") for _ in range(4)]
    assert codes == [False, False, False, True]
    assert code_of(call(api, "utils.resolveScreenName", screen_name="a")) == 6
    clock[0] += 1
    assert "response" in call(api, "utils.resolveScreenName", screen_name="a")


def test_the_quota_of_the_day_counts_inner_calls(world: World) -> None:
    api = VkApi(WorldSource(world), wall_quota=3)
    inner = f'API.wall.get({{"owner_id":-{group_of(world, "signed")},"count":1}})'
    body = call(api, "execute", code=f"return [{','.join([inner] * 4)}];")
    assert [each["error_code"] for each in body["execute_errors"]] == [29]
    assert code_of(call(api, "wall.get", owner_id=-group_of(world, "signed"))) == 29


def test_a_fault_can_take_the_place_of_an_answer(world: World) -> None:
    def faults(_: str, __: Any, number: int) -> Reply | None:
        return Reply(502, b"<html>", DEMO_NOW) if number == 1 else None

    api = VkApi(WorldSource(world), faults=faults)
    assert api.method("wall.get", {}).status == 502
    assert api.method("wall.get", {}).status == 200


# --- the server


@pytest.fixture(scope="module")
def sandbox(world: World) -> Iterator[Sandbox]:
    with Sandbox(world, limits=False) as running:
        yield running


def fetch(
    sandbox: Sandbox,
    method: str,
    params: dict[str, Any],
    *,
    verb: str = "GET",
    headers: dict[str, str] | None = None,
) -> tuple[http.client.HTTPResponse, Any]:
    parts = urllib.parse.urlsplit(sandbox.vk_url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    query = urllib.parse.urlencode({"v": V} | params)
    form = {"Content-Type": "application/x-www-form-urlencoded"} if verb == "POST" else {}
    path = parts.path + method + ("" if verb == "POST" else f"?{query}")
    connection.request(verb, path, query if verb == "POST" else None, form | (headers or {}))
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer, body


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_the_server_carries_the_clock_of_the_world(sandbox: Sandbox, world: World, verb: str) -> None:
    number = group_of(world, "signed")
    headers = {"Authorization": "Bearer sandbox-service"}
    answer, body = fetch(sandbox, "wall.get", {"owner_id": -number}, verb=verb, headers=headers)
    assert len(body["response"]["items"]) == 20
    assert answer.headers.get_all("Server") == ["kirov-sandbox/world"]
    assert answer.headers.get_all("Date") == ["Mon, 15 Jul 2024 06:00:00 GMT"]


def test_the_token_may_be_a_parameter_and_a_json_body_is_not_read(sandbox: Sandbox, world: World) -> None:
    number = group_of(world, "signed")
    before = sandbox.request_count
    _, body = fetch(sandbox, "wall.get", {"owner_id": -number, "access_token": "sandbox-user"})
    assert "response" in body
    as_json = {"Content-Type": "application/json"}
    _, refused = fetch(sandbox, "wall.get", {"access_token": "sandbox-user"}, verb="POST", headers=as_json)
    assert code_of(refused) == 8
    assert sandbox.request_count == before + 2


def test_other_addresses_and_verbs_carry_the_clock_too(sandbox: Sandbox) -> None:
    parts = urllib.parse.urlsplit(sandbox.url)
    for verb, path, status in (("GET", "/", 404), ("PUT", "/vk/method/wall.get", 405)):
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
        connection.request(verb, path)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert (answer.status, answer.headers["Server"]) == (status, "kirov-sandbox/world")


def test_the_server_leaves_nothing_behind_and_its_port_can_be_taken_again(world: World) -> None:
    before = threading.active_count()
    with Sandbox(world) as first:
        port = int(first.url.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(ParameterError, match="занят"), Sandbox(world, port=port):
            pass
    assert threading.active_count() == before
    with Sandbox(world, port=port) as second:
        assert second.url == first.url


# --- recorded answers


@pytest.mark.recorded
def test_the_recording_knows_its_94_institutions(recording: Recording) -> None:
    assert recording.institutions["kind"].value_counts()["subordinate"] == 94
    assert recording.accounts["account_id"].is_unique
    assert set(recording.accounts["institution_id"]) == set(recording.institutions["institution_id"])
    assert recording.period_label == "2024-W23"
    assert recording.institutions["name"].str.contains("записана только лента").sum() == 3
    assert recording.window_from < datetime(2020, 1, 20, tzinfo=UTC) < recording.now


@pytest.mark.recorded
def test_a_recorded_wall_ends_with_not_recorded_and_never_with_an_empty_page(recording: Recording) -> None:
    api = VkApi(recording, limits=False)
    reply = api.method("wall.get", {"owner_id": "-51873373", "count": "40", "v": V}, "sandbox-service")
    items = reply.body["response"]["items"]
    assert (len(items), items[0]["is_pinned"], reply.body["response"]["count"]) == (40, 1, 10474)
    assert reply.moment.timestamp() == max(post["date"] for post in items)
    assert len(call(api, "wall.get", owner_id=-51873373, offset=40, count=40)["response"]["items"]) == 10
    for owner, offset in ((-51873373, 50), (-117154424, 0)):
        body = call(api, "wall.get", owner_id=owner, offset=offset)
        assert (code_of(body), body["error"]["error_msg"]) == (-1, "not recorded")
    assert code_of(call(api, "wall.get", owner_id=-33438842, filter="owner")) == -1


@pytest.mark.recorded
def test_recorded_communities_come_as_recorded_in_either_envelope(recording: Recording) -> None:
    api = VkApi(recording, limits=False)
    reply = api.method("groups.getById", {"group_ids": "117154424,5", "v": V}, "sandbox-service")
    assert [group["id"] for group in reply.body["response"]["groups"]] == [117154424]
    assert "menu" in reply.body["response"]["groups"][0]
    assert reply.moment == datetime(2024, 6, 10, 6, tzinfo=UTC)
    old = api.method("groups.getById", {"group_ids": "117154424", "v": "5.131"}, "sandbox-service")
    assert isinstance(old.body["response"], list)


@pytest.mark.recorded
def test_the_old_array_is_served_as_it_was_recorded(recording: Recording) -> None:
    raw = json.loads((RECORDED / "vk" / "wall_get_club62661355_legacy_v3_array.json").read_text("utf-8"))
    assert call(VkApi(recording, limits=False), "wall.get", owner_id=-62661355) == raw


@pytest.mark.recorded
def test_a_batch_of_recorded_answers_speaks_from_the_earliest_moment(recording: Recording) -> None:
    inner = ",".join(f'API.wall.get({{"owner_id":-{number}}})' for number in (51873373, 33438842, 1))
    reply = VkApi(recording).method("execute", {"code": f"return [{inner}];", "v": V}, "sandbox-user")
    assert reply.moment.year == 2020
    assert reply.body["response"][2] is False
    assert reply.body["execute_errors"][0]["error_code"] == -1


@pytest.mark.recorded
def test_the_server_says_that_it_replays(recording: Recording) -> None:
    with Sandbox(recording) as sandbox:
        answer, _ = fetch(sandbox, "groups.getById", {"group_ids": 117154424, "access_token": "sandbox-service"})
    assert answer.headers["Server"] == "kirov-sandbox/replay"
    assert answer.headers["Date"] == "Mon, 10 Jun 2024 06:00:00 GMT"


def test_a_folder_without_recordings_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="--replay"):
        load_recording(tmp_path)
    (tmp_path / "vk").mkdir()
    with pytest.raises(ParameterError, match="нет записанных ответов"):
        load_recording(tmp_path)
    (tmp_path / "vk" / "wall_get_1.json").write_text('{"response": {"items": [{}]}}', encoding="utf-8")
    with pytest.raises(ParameterError, match=r"wall_get_1\.json"):
        load_recording(tmp_path)
    (tmp_path / "vk" / "wall_get_1.json").unlink()
    (tmp_path / "vk" / "groups_getById.json").write_text("{", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"groups_getById\.json"):
        load_recording(tmp_path)
