"""Odnoklassniki of the sandbox, read as `PLATFORMS.md` says that they can be read."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from kirovlib.sandbox import DEMO_NOW, World, build_world
from kirovlib.sandbox.ok import MOST_A_SECOND, OkApi, session_secret, signature
from kirovlib.sandbox.ok_topics import OkGroup
from kirovlib.sandbox.sources import Scene, WorldSource
from kirovlib.sandbox.vk import Reply
from kirovlib.tables import COVERAGE_REASONS

KIROV = ZoneInfo("Europe/Kirov")
RESHARE = "media_topic.media_reshare,media_topic.media_reshare_owner_refs,media_topic.media_media_topic_refs"
EVERYTHING = f"feed.*,media_topic.*,{RESHARE}"
HIDDEN = ("is_hidden_post", "is_unpublished_post", "on_moderation")
CASES = {
    *("ok_no_mark", "ok_mark_absent", "ok_mark_text", "ok_closed", "ok_dropped", "ok_sticky_old", "ok_members_post"),
    *("ok_long", "ok_short", "ok_hidden", "ok_week_edge"),
}


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(networks=("ok",))


@pytest.fixture
def api(world: World) -> OkApi:
    return OkApi(world, limits=False)


def group_of(world: World, case: str) -> OkGroup:
    key = world.cases[case].removeprefix("ok:")
    return next(group for group in world.ok.values() if key in {group.shortname, str(group.number)})


def signed(method: str, *, secret: str = "sandbox-secret", **parameters: Any) -> dict[str, str]:
    asked = {"application_key": "sandbox-application", "format": "json", "method": method}
    asked |= {key: str(value) for key, value in parameters.items()}
    return asked | {"sig": signature(asked, secret)}


def call(api: OkApi, method: str, **parameters: Any) -> Any:
    reply = api.call(signed(method, **parameters))
    assert reply.status == 200
    return reply.body


def pages(api: OkApi, number: int, *, count: int = 100, fields: str = EVERYTHING) -> Iterator[dict[str, Any]]:
    asked = {"gid": number, "patterns": "POST", "count": count, "fields": fields}
    anchors: list[str] = []
    while "feeds" in (page := call(api, "stream.get", **asked, anchor=anchors[-1] if anchors else "")):
        yield page
        assert page["anchor"] not in anchors
        anchors.append(page["anchor"])


def whole_feed(api: OkApi, number: int, **options: Any) -> list[dict[str, Any]]:
    """The topics that the feed refers to, in its order."""
    found = []
    for page in pages(api, number, **options):
        by_ref = {topic["ref"]: topic for topic in page["entities"]["media_topics"]}
        found += [by_ref[ref] | {"feed": item} for item in page["feeds"] for ref in item["target_refs"]]
    return found


def week_of(milliseconds: int) -> pd.Timestamp:
    day = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(KIROV).date()
    return pd.Timestamp(day - timedelta(days=day.weekday()))


def published_ms(topic: dict[str, Any]) -> int:
    return int(topic.get("publication_date_ms", topic["created_ms"]))


def is_reshare(topic: dict[str, Any]) -> bool:
    return any(item.get("reshare") for item in topic.get("media", []))


# --- the world


def test_every_case_is_there_and_belongs_to_an_institution_of_its_own(world: World) -> None:
    assert set(world.cases) == CASES
    assert len(set(world.cases.values())) == len(CASES)
    assert set(build_world(seed=7, weeks=1).cases) >= CASES


def test_addresses_are_by_short_name_or_by_number_and_some_numbers_are_known(world: World) -> None:
    for row in world.accounts.to_dict("records"):
        key = row["account_id"].removeprefix("ok:")
        assert row["url"] == (f"https://ok.ru/group/{key}" if key.isdigit() else f"https://ok.ru/{key}")
        assert pd.isna(row["platform_id"]) or int(row["platform_id"]) in world.ok
    assert 0.2 < world.accounts["platform_id"].notna().mean() < 0.8
    assert world.accounts["account_id"].str.fullmatch(r"ok:\d+").any()


def test_the_truth_of_the_plan_is_what_the_feeds_hold(api: OkApi, world: World) -> None:
    found: Counter[tuple[int, pd.Timestamp, str]] = Counter()
    for number, group in world.ok.items():
        if group.access != "open":
            continue
        for topic in whole_feed(api, number):
            if any(topic[name] for name in HIDDEN):
                continue
            own = topic["author_ref"] == f"group:{number}"
            kind = "visitor" if not own else "repost" if is_reshare(topic) else "own"
            week = week_of(published_ms(topic))
            found[number, week, kind] += 1
            found[number, week, "ad"] += topic["is_ads_post"]
    numbers = {f"ok:{key}": group.number for group in world.ok.values() for key in (group.shortname, group.number)}
    for row in world.counts[world.counts["is_readable"]].to_dict("records"):
        for kind in ("own", "repost", "visitor", "ad"):
            key = numbers[row["account_id"]], row["week_start"], kind
            assert row[f"{kind}_count"] == found[key], (row, kind)


def test_a_group_that_cannot_be_read_is_told_by_a_word_of_the_coverage(world: World) -> None:
    unreadable = world.counts[~world.counts["is_readable"]]["account_id"].unique()
    assert set(unreadable) == {world.cases["ok_closed"], world.cases["ok_dropped"]}
    last = world.verdicts[world.verdicts["period"] == "2024-W28"].set_index("account_id")
    for case, reason in (("ok_closed", "access_denied"), ("ok_dropped", "profile_not_returned")):
        assert tuple(last.loc[world.cases[case], ["verdict", "reason"]]) == ("cannot_tell", reason)
        assert reason in COVERAGE_REASONS


@pytest.mark.parametrize(
    ("case", "period", "verdict", "reason"),
    [
        ("ok_members_post", "2024-W24", "failed", "below_norm"),
        ("ok_hidden", "2024-W24", "failed", "below_norm"),
        ("ok_long", "2024-W24", "passed", "norm_met"),
        ("ok_week_edge", "2024-W27", "passed", "norm_met"),
        ("ok_week_edge", "2024-W28", "passed", "norm_met"),
        ("ok_short", "2024-W23", "cannot_tell", "existence_unknown"),
        ("ok_short", "2024-W24", "inapplicable", "opened_in_week"),
        ("ok_short", "2024-W25", "passed", "norm_met"),
        ("ok_short", "2024-W19", "untested", "no_edition_in_force"),
        ("ok_short", "2024-W20", "inapplicable", "edition_starts_mid_week"),
    ],
)
def test_the_true_verdict(world: World, case: str, period: str, verdict: str, reason: str) -> None:
    row = world.verdicts[world.verdicts["period"] == period].set_index("account_id").loc[world.cases[case]]
    assert (row["verdict"], row["reason"]) == (verdict, reason)


def test_the_truth_about_marks_is_what_the_network_says(api: OkApi, world: World) -> None:
    said = {
        int(group["uid"]): group.get("gos_org")
        for group in call(api, "group.getInfo", uids=",".join(map(str, world.ok)), fields="gos_org")
    }
    numbers = {f"ok:{key}": group.number for group in world.ok.values() for key in (group.shortname, group.number)}
    assert set(world.marks) == set(world.accounts["account_id"])
    for account, mark in world.marks.items():
        assert {"true": True}.get(str(said.get(numbers[account])), said.get(numbers[account])) == mark
    by_case = {case: world.marks[world.cases[case]] for case in CASES}
    assert by_case["ok_no_mark"] is False
    assert by_case["ok_mark_absent"] is None
    assert by_case["ok_mark_text"] is True
    assert by_case["ok_dropped"] is None
    assert said[group_of(world, "ok_mark_text").number] == "true"
    assert list(world.marks.values()).count(True) > len(world.marks) / 2


def test_each_case_is_what_it_is_called(api: OkApi, world: World) -> None:
    feed = {case: whole_feed(api, group_of(world, case).number) for case in CASES - {"ok_closed", "ok_dropped"}}
    oldest = feed["ok_sticky_old"][0]
    assert oldest["is_sticky"]
    assert 230 < (DEMO_NOW.timestamp() - published_ms(oldest) / 1000) / 86_400 < 250
    assert sum(topic["author_ref"].startswith("user:") for topic in feed["ok_members_post"]) >= 4 * 12
    assert len(feed["ok_long"]) > 190
    assert len(feed["ok_short"]) < 20
    assert {name for topic in feed["ok_hidden"] for name in HIDDEN if topic[name]} == set(HIDDEN)
    clocks = {
        datetime.fromtimestamp(published_ms(each) // 1000, KIROV).strftime("%a %H:%M:%S")
        for each in feed["ok_week_edge"]
    }
    assert {"Sun 23:59:59", "Mon 00:00:00"} <= clocks


def test_only_the_young_group_has_no_topic_from_before_the_window(world: World) -> None:
    first = world.counts["week_start"].min().tz_localize(KIROV)
    for group in world.ok.values():
        if group.access == "open":
            is_young = group.topics[-1].posted_at >= first
            assert is_young == (group == group_of(world, "ok_short"))


def test_topics_written_before_they_were_published_count_where_they_were_published(api: OkApi, world: World) -> None:
    topics = [topic for number in world.ok if world.ok[number].access == "open" for topic in whole_feed(api, number)]
    scheduled = [topic for topic in topics if "publication_date_ms" in topic]
    assert 0.02 < len(scheduled) / len(topics) < 0.1
    assert all(topic["created_ms"] < topic["publication_date_ms"] == topic["feed"]["date_ms"] for topic in scheduled)
    assert any(week_of(topic["created_ms"]) < week_of(topic["publication_date_ms"]) for topic in scheduled)


# --- signature and errors


def test_the_signature_is_made_as_documented() -> None:
    asked = {"method": "stream.get", "application_key": "A", "url": "https://ok.ru/школа", "access_token": "T"}
    text = "application_key=Amethod=stream.geturl=https://ok.ru/школаsecret"
    assert signature(asked | {"sig": "x", "session_key": "y"}, "secret") == hashlib.md5(text.encode()).hexdigest()
    assert session_secret("T") == hashlib.md5(b"Tsandbox-secret").hexdigest()


@pytest.mark.parametrize("token", ["sandbox-session", "sandbox-session-2"])
def test_a_session_changes_the_secret_and_nothing_else(api: OkApi, world: World, token: str) -> None:
    url = f"https://ok.ru/group/{next(iter(world.ok))}"
    within = signed("url.getInfo", secret=session_secret(token), url=url, access_token=token)
    assert api.call(within).body == call(api, "url.getInfo", url=url)
    assert api.call(signed("url.getInfo", url=url, access_token=token)).body["error_code"] == 104


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"application_key": ""}, 101),
        ({"application_key": "another"}, 101),
        ({"format": "xml"}, 100),
        ({"sig": ""}, 104),
        ({"sig": "0" * 32}, 104),
        ({"uids": "5"}, 104),
        ({"access_token": "stolen"}, 103),
        ({"session_key": "any"}, 103),
    ],
)
def test_what_is_not_admitted(api: OkApi, change: dict[str, str], code: int) -> None:
    reply = api.call(signed("group.getInfo", uids="1", fields="uid") | change)
    assert (reply.status, reply.body["error_code"], reply.body["error_data"]) == (200, code, None)


def test_an_expired_session_is_told_from_a_wrong_signature(api: OkApi) -> None:
    token = "sandbox-expired"
    body = api.call(signed("url.getInfo", secret=session_secret(token), url="https://ok.ru/a", access_token=token)).body
    assert body["error_code"] == 102
    assert "session" in body["error_msg"].lower()


def test_the_error_about_the_signature_repeats_the_applications_key(api: OkApi) -> None:
    message = api.call(signed("url.getInfo", url="https://ok.ru/a") | {"sig": "0123"}).body["error_msg"]
    assert "application_key=sandbox-application" in message
    assert "0123" in message
    assert "sandbox-secret" not in message


@pytest.mark.parametrize(
    ("method", "parameters", "code"),
    [
        ("mediatopic.getTopics", {"gid": 1}, 3),
        ("", {}, 3),
        ("url.getInfo", {}, 100),
        ("group.getInfo", {"uids": 1}, 100),
        ("group.getInfo", {"fields": "uid"}, 100),
        ("stream.get", {}, 100),
        ("stream.get", {"gid": 1, "count": 101}, 100),
        ("stream.get", {"gid": 1, "count": 0}, 100),
        ("stream.get", {"gid": 1, "anchor": "made-up"}, 100),
    ],
)
def test_methods_and_parameters_that_are_refused(
    api: OkApi, method: str, parameters: dict[str, Any], code: int
) -> None:
    assert call(api, method, **parameters)["error_code"] == code


@pytest.mark.recorded
def test_an_error_has_the_keys_of_the_recorded_one(api: OkApi, recorded: Path) -> None:
    true = json.loads((recorded / "ok" / "error_102.json").read_text("utf-8"))
    token = "sandbox-expired"
    body = api.call(signed("url.getInfo", secret=session_secret(token), url="https://ok.ru/a", access_token=token)).body
    assert body == true


def test_a_flood_is_refused_until_a_second_has_passed(world: World) -> None:
    clock = [100.0]
    api = OkApi(world, monotonic=lambda: clock[0])
    answers = [call(api, "url.getInfo", url="https://ok.ru/a") for _ in range(MOST_A_SECOND + 1)]
    assert ["error_code" in answer for answer in answers] == [False] * MOST_A_SECOND + [True]
    assert answers[-1]["error_code"] == 8
    clock[0] += 1
    assert "error_code" not in call(api, "url.getInfo", url="https://ok.ru/a")


def test_a_fault_can_take_the_place_of_an_answer(world: World) -> None:
    seen = []

    def faults(method: str, parameters: Any, number: int) -> Reply | None:
        seen.append((method, parameters["url"], number))
        return Reply(502, b"<html>", DEMO_NOW) if number == 1 else None

    api = OkApi(world, faults=faults)
    assert api.call(signed("url.getInfo", url="a")).status == 502
    assert api.call(signed("url.getInfo", url="a")).status == 200
    assert seen == [("url.getInfo", "a", 1), ("url.getInfo", "a", 2)]
    assert api.call_count == 2


# --- url.getInfo and group.getInfo


def test_an_address_of_any_form_leads_to_its_object(api: OkApi, world: World) -> None:
    group = group_of(world, "ok_mark_text")
    expected = {"objectId": group.number, "objectIdStr": str(group.number), "type": "GROUP"}
    for url in (
        f"https://ok.ru/{group.shortname}",
        f"https://ok.ru/{group.shortname.upper()}/",
        f"ok.ru/group/{group.number}",
        f"https://m.ok.ru/group/{group.number}",
        f"https://www.odnoklassniki.ru/group/{group.number}",
    ):
        assert call(api, "url.getInfo", url=url) == expected, url
    assert call(api, "url.getInfo", url="https://ok.ru/profile/5")["type"] == "PROFILE"
    for url in ("https://ok.ru/nobody_here", "https://ok.ru/group/5", "https://vk.com/club1", "https://ok.ru/"):
        assert call(api, "url.getInfo", url=url) == {"type": "UNKNOWN"}, url


def test_a_deleted_group_keeps_its_address_but_is_left_out_silently(api: OkApi, world: World) -> None:
    gone, live = group_of(world, "ok_dropped"), group_of(world, "ok_no_mark")
    assert call(api, "url.getInfo", url=f"https://ok.ru/group/{gone.number}")["objectId"] == gone.number
    asked = call(api, "group.getInfo", uids=f"{gone.number},{live.number},5", fields="uid,name")
    assert [group["uid"] for group in asked] == [str(live.number)]
    assert "feeds" not in call(api, "stream.get", gid=gone.number, fields=EVERYTHING)


def test_a_closed_group_shows_its_page_and_not_its_feed(api: OkApi, world: World) -> None:
    closed = group_of(world, "ok_closed")
    page = call(api, "group.getInfo", uids=closed.number, fields="private,name")[0]
    assert (page["private"], bool(page["name"])) == (True, True)
    assert call(api, "stream.get", gid=closed.number, fields=EVERYTHING)["error_code"] == 10


def test_fields_of_a_group_come_only_when_asked_for(api: OkApi, world: World) -> None:
    number = group_of(world, "ok_mark_text").number
    asked = call(api, "group.getInfo", uids=number, fields="name, MEMBERS_COUNT,pic_avatar,no_such_field")[0]
    assert set(asked) == {"uid", "name", "members_count", "picAvatar"}
    assert "gos_org" in call(api, "group.getInfo", uids=number, fields="gos_org")[0]
    absent = group_of(world, "ok_mark_absent").number
    assert set(call(api, "group.getInfo", uids=absent, fields="gos_org,name")[0]) == {"uid", "name"}


def test_groups_come_as_a_list_or_in_the_documented_envelope_or_as_null(world: World) -> None:
    number = next(number for number, group in world.ok.items() if group.access == "open")

    def asked(uid: int, **options: Any) -> Any:
        return call(OkApi(world, limits=False, **options), "group.getInfo", uids=uid, fields="name")

    assert asked(number, envelope="groups") == {"groups": asked(number)}
    assert asked(5) == []
    assert asked(5, nulls=True) is None
    assert asked(5, nulls=True, envelope="groups") == {"groups": None}


@pytest.mark.recorded
def test_groups_and_addresses_have_the_types_of_the_recorded_ones(api: OkApi, world: World, recorded: Path) -> None:
    number = group_of(world, "ok_mark_text").number
    true = json.loads((recorded / "ok" / "group_getInfo_list_2014.json").read_text("utf-8"))[0]
    mine = call(api, "group.getInfo", uids=number, fields="*")[0]
    assert {key: type(value) for key, value in true.items()}.items() <= {k: type(v) for k, v in mine.items()}.items()
    address = json.loads((recorded / "ok" / "url_getInfo_group.json").read_text("utf-8"))
    found = call(api, "url.getInfo", url=f"https://ok.ru/group/{number}")
    assert all(type(found[key]) is type(value) for key, value in address.items())
    assert found["type"] == address["type"]


# --- stream.get


@pytest.mark.parametrize("count", [1, 7, 100])
def test_a_feed_is_read_by_anchors_to_an_end_without_feeds(api: OkApi, world: World, count: int) -> None:
    group = group_of(world, "ok_sticky_old")
    feed = whole_feed(api, group.number, count=count)
    assert len(feed) == len({topic["id"] for topic in feed}) == len(group.topics)
    dates = [topic["feed"]["date_ms"] for topic in feed[1:]]
    assert all(later > earlier for later, earlier in pairwise(dates))
    last = list(pages(api, group.number, count=count))[-1]
    end = call(api, "stream.get", gid=group.number, anchor=last["anchor"])
    assert "feeds" not in end
    assert end["anchor"] == last["anchor"]
    assert "has_more" not in end


def test_the_pinned_topic_comes_first_and_is_marked_as_pinned(api: OkApi, world: World) -> None:
    feed = whole_feed(api, group_of(world, "ok_sticky_old").number, count=20)
    assert [topic["is_sticky"] for topic in feed].count(True) == 1
    assert feed[0]["feed"]["pinned"] is True
    assert all("pinned" not in topic["feed"] for topic in feed[1:])


def test_the_pinned_topic_may_also_repeat(world: World) -> None:
    api = OkApi(world, limits=False, pinned_repeats=True)
    for count in (1, 100):
        ids = [topic["id"] for topic in whole_feed(api, group_of(world, "ok_sticky_old").number, count=count)]
        assert len(ids) == len(set(ids)) + 1


def test_pages_hold_twenty_topics_unless_asked_otherwise(api: OkApi, world: World) -> None:
    number = group_of(world, "ok_long").number
    assert len(call(api, "stream.get", gid=number)["feeds"]) == 20
    assert len(next(pages(api, number))["feeds"]) == 100


def test_other_patterns_than_posts_bring_nothing(api: OkApi, world: World) -> None:
    number = group_of(world, "ok_long").number
    assert "feeds" in call(api, "stream.get", gid=number, patterns="CONTENT,POST")
    assert "feeds" not in call(api, "stream.get", gid=number, patterns="CONTENT")


def test_an_empty_feed_may_say_so_with_null(world: World) -> None:
    api = OkApi(world, nulls=True)
    assert call(api, "stream.get", gid=group_of(world, "ok_dropped").number)["feeds"] is None


@pytest.fixture
def reshared(world: World) -> Callable[[OkApi, str], dict[str, Any]]:
    """The first reshare of the world as an API gives it for some fields."""
    group = next(group for group in world.ok.values() if any(topic.original for topic in group.topics[:50]))
    number = next(topic.number for topic in group.topics if topic.original)

    def first(api: OkApi, fields: str) -> dict[str, Any]:
        feed = whole_feed(api, group.number, fields=fields)
        return next(topic for topic in feed if topic["id"] == str(number))

    return first


def test_a_reshare_shows_its_mark_when_the_fields_are_named(api: OkApi, reshared: Any) -> None:
    item = next(item for item in reshared(api, EVERYTHING)["media"] if item["type"] == "topic")
    assert item["reshare"] is True
    assert re.fullmatch(r"media_topic:\d+", *item["media_topic_refs"])
    assert re.fullmatch(r"group:\d+", *item["reshare_owner_refs"])


@pytest.mark.parametrize("fields", ["feed.*,media_topic.*", "media_topic.media,media_topic.media_text", "feed.*"])
def test_the_marks_of_a_reshare_are_silently_absent_when_not_asked_for(api: OkApi, reshared: Any, fields: str) -> None:
    text = json.dumps({key: value for key, value in reshared(api, fields).items() if key != "reshare_summary"})
    assert "reshare" not in text
    assert '"topic"' not in text
    assert "media_topic_refs" not in text


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("media_reshare", {"type", "reshare"}),
        ("media_reshare_owner_refs", {"type", "reshare_owner_refs"}),
        ("media_media_topic_refs", {"type", "media_topic_refs"}),
    ],
)
def test_each_mark_of_a_reshare_has_a_field_of_its_own(api: OkApi, reshared: Any, name: str, keys: set[str]) -> None:
    items = reshared(api, f"media_topic.created_ms,media_topic.{name}")["media"]
    assert next(set(item) for item in items if item["type"] == "topic") == keys


def test_what_is_no_reshare_may_say_so_or_be_silent(world: World) -> None:
    number = group_of(world, "ok_no_mark").number
    for says in (True, False):
        feed = whole_feed(OkApi(world, limits=False, reshare_false=says), number)
        plain = [item for topic in feed for item in topic.get("media", []) if item["type"] != "topic"]
        assert {item.get("reshare") for item in plain} == ({False} if says else {None})


def test_every_topic_tells_how_often_others_reshared_it(api: OkApi, world: World) -> None:
    feed = whole_feed(api, group_of(world, "ok_no_mark").number)
    assert all("count" in topic["reshare_summary"] for topic in feed)


def test_the_topic_that_a_reshare_shows_is_an_entity_and_no_element_of_the_feed(
    api: OkApi, reshared: Any, world: World
) -> None:
    ref = next(item for item in reshared(api, EVERYTHING)["media"] if item["type"] == "topic")["media_topic_refs"][0]
    for number, group in world.ok.items():
        for page in pages(api, number) if group.access == "open" else ():
            assert all(ref not in item["target_refs"] for item in page["feeds"])
            originals = [topic for topic in page["entities"]["media_topics"] if topic["ref"] == ref]
            assert all(topic["owner_ref"] != f"group:{number}" for topic in originals)


def test_entities_of_people_and_groups_come_only_when_asked_for(api: OkApi, world: World) -> None:
    number = group_of(world, "ok_members_post").number
    assert set(call(api, "stream.get", gid=number, fields=EVERYTHING)["entities"]) == {"media_topics"}
    asked = call(api, "stream.get", gid=number, fields=f"{EVERYTHING},user.*,group.name")["entities"]
    assert asked["users"][0]["first_name"]
    assert asked["groups"][0]["uid"] == str(number)


def test_dates_are_milliseconds_and_the_text_of_a_date_is_of_moscow(api: OkApi, world: World) -> None:
    item = call(api, "stream.get", gid=group_of(world, "ok_no_mark").number, fields="feed.*")["feeds"][-1]
    moment = datetime.fromtimestamp(item["date_ms"] / 1000, ZoneInfo("Europe/Moscow"))
    assert item["date"] == moment.strftime("%Y-%m-%d %H:%M:%S")


# --- a world that goes on


@pytest.mark.parametrize("make", [Scene, WorldSource])
def test_a_topic_that_appears_between_two_pages_shifts_nothing(world: World, make: Any) -> None:
    stage = make(world)
    api = OkApi(stage, limits=False)
    group = group_of(world, "ok_long")
    first = call(api, "stream.get", gid=group.number, count=10, fields=EVERYTHING)
    newest = max(group.topics, key=lambda topic: topic.number)
    new = replace(newest, number=newest.number + 5, posted_at=DEMO_NOW - timedelta(seconds=1), is_sticky=False)
    changed = replace(group, topics=[new, *group.topics])
    stage.world = replace(world, ok=world.ok | {group.number: changed})
    second = call(api, "stream.get", gid=group.number, count=10, fields=EVERYTHING, anchor=first["anchor"])
    both = [ref for page in (first, second) for item in page["feeds"] for ref in item["target_refs"]]
    assert len(set(both)) == 20
    assert f"media_topic:{new.number}" not in both
    again = call(api, "stream.get", gid=group.number, count=10, fields=EVERYTHING)
    assert f"media_topic:{new.number}" in [ref for item in again["feeds"] for ref in item["target_refs"]]


def test_a_group_that_is_renamed_or_closed_is_so_from_the_next_call_on(world: World) -> None:
    stage = Scene(world)
    api = OkApi(stage, limits=False)
    group = group_of(world, "ok_mark_text")
    stage.world = replace(world, ok=world.ok | {group.number: replace(group, shortname="renamed", access="closed")})
    assert call(api, "url.getInfo", url="https://ok.ru/renamed")["objectId"] == group.number
    assert call(api, "url.getInfo", url=f"https://ok.ru/{group.shortname}") == {"type": "UNKNOWN"}
    assert call(api, "stream.get", gid=group.number)["error_code"] == 10
