from __future__ import annotations

import csv
import io
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_ok import KEY, NOW, SECRET, START_MS, TOKEN, WINDOW, FakeOk, group_of, page, target, topic, visitor
from hypothesis import given
from hypothesis import strategies as st

from kirovlib import tables
from kirovlib.platforms import ok_errors, ok_feed, ok_reshare, ok_rows
from kirovlib.platforms.ok_errors import OkError
from kirovlib.platforms.ok_feed import Seen

GROUP = 5
EXPECTED = Path(__file__).with_name("expected")
RECORDED_OK = Path(__file__).parents[1] / os.environ.get("KIROV_RECORDED", "../shared/real") / "ok"
NAMES = sorted(
    {file.stem for file in RECORDED_OK.glob("*.json")}
    | {file.name.removeprefix("ok_").removesuffix(".csv") for file in EXPECTED.glob("ok_*.csv")}
)
PROFILE_COLUMNS = (
    "platform_id",
    "has_avatar",
    "has_cover",
    "verified",
    "government_mark",
    "subscriber_count",
    "status",
)


def plain(number: int = 1, **more: Any) -> dict[str, Any]:
    """The group's own topic without any mark of a repost."""
    return topic(GROUP, number, media=[{"type": "text", "text": f"topic {number}"}]) | more


def row(one: dict[str, Any], feed: dict[str, Any] | None = None, *, is_mark_given: bool = False) -> dict[str, Any]:
    body = page([one], "x")
    body["feeds"][0] |= feed or {}
    seen = Seen(ok_feed.page_of(body).items[0], NOW, "sha")
    return ok_rows.post_row("ok:x", str(GROUP), seen, is_mark_given=is_mark_given)


def counted(one: dict[str, Any], feed: dict[str, Any] | None = None) -> tuple[bool, bool | None]:
    found = row(one, feed, is_mark_given=True)
    return found["own"], found["is_repost"]


# --- recorded answers


def parsed(name: str, body: Any) -> list[dict[str, Any]]:
    """What our parsers make of a recorded answer, without texts and addresses."""
    if name.startswith("group_"):
        found = (ok_rows.groups(body) or {}).values()
        rows = [ok_rows.profile_row("ok:x", group, NOW, "sha") for group in found]
        return [{column: each[column] for column in PROFILE_COLUMNS} for each in rows]
    if name.startswith("url_"):
        return [dict(zip(("platform_id", "reason"), ok_rows.found_group(body), strict=True))]
    try:
        ok_errors.check(body)
        page = ok_feed.page_of(body)
    except OkError as error:
        stopped = error.stops()
        return [{"account_reason": error.account_reason(), "stops": stopped.reason if stopped else ""}]
    except ok_feed.ShapeError:
        return [{"refused": "answer_not_understood"}]
    return [{"topic_id": item.topic_id} for item in page.items]


def as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.recorded
@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_answer_is_parsed_as_its_pair_says(recorded: Path, name: str) -> None:
    pair = EXPECTED / f"ok_{name}.csv"
    body = json.loads((recorded / "ok" / f"{name}.json").read_text(encoding="utf-8"))
    made = as_csv(parsed(name, body))
    assert pair.is_file(), f"no pair for {name}: check this and store it as {pair}\n{made}"
    assert made == pair.read_text(encoding="utf-8")


@pytest.mark.recorded
def test_the_recorded_answers_are_found(recorded: Path) -> None:
    assert recorded.is_dir()
    assert len(NAMES) >= 4


# --- whose topic it is


@pytest.mark.parametrize(
    ("refs", "feed", "is_own"),
    [
        ({"author_ref": "group:5"}, {}, True),
        ({"author_ref": "group:5", "owner_ref": "user:9"}, {}, True),
        ({"author_ref": "user:9", "is_on_behalf_of_group": True}, {}, True),
        ({"author_ref": "user:9", "is_on_behalf_of_group": "true"}, {}, True),
        ({"author_ref": "user:9", "is_on_behalf_of_group": False}, {}, False),
        ({"author_ref": "user:9"}, {}, False),
        ({"author_ref": "user:9", "owner_ref": "group:5"}, {}, False),
        ({"author_ref": "user:9"}, {"author_refs": ["user:9"], "owner_refs": ["group:5"]}, False),
        ({"owner_ref": "group:5"}, {}, True),
        ({"owner_ref": "user:9"}, {}, False),
        ({}, {"author_refs": ["group:5"]}, True),
        ({}, {"author_refs": ["user:9"], "owner_refs": ["group:5"]}, False),
        ({}, {"owner_refs": ["group:5"]}, True),
        # not told, told differently, or a shape nobody has seen
        ({}, {}, None),
        ({"author_ref": None}, {"author_refs": []}, None),
        ({"author_ref": "group:6", "owner_ref": "group:5"}, {}, None),
        ({"author_ref": "group:6", "owner_ref": "group:6"}, {"owner_refs": ["group:5"]}, None),
        ({"author_ref": "user:9"}, {"author_refs": ["group:5"]}, None),
        ({}, {"author_refs": ["group:5", "user:9"]}, None),
        ({"author_ref": {"id": 9}}, {}, None),
    ],
)
def test_the_author_tells_whose_topic_it_is(refs: dict[str, Any], feed: dict[str, Any], is_own: bool | None) -> None:
    """One whose author is not told is judged both ways: own, with an unknown repost mark."""
    one = {key: value for key, value in plain().items() if not key.endswith("_ref")} | refs
    expected = {True: (True, False), False: (False, False), None: (True, None)}
    assert counted(one, feed) == expected[is_own]
    assert row(one, feed)["text"] == ("topic 1" if is_own else "")


@pytest.mark.parametrize("key", ["is_hidden_post", "is_unpublished_post", "on_moderation"])
@pytest.mark.parametrize(("value", "own"), [(True, False), ("true", False), (1, False), (False, True), (None, True)])
def test_a_topic_that_is_not_published_is_no_post(key: str, value: Any, own: bool) -> None:
    found = row(plain(**{key: value}))
    assert found["own"] is own
    assert found["text"] == ("topic 1" if own else "")


# --- reposts

REPOSTS = [
    [{"type": "topic", "media_topic_refs": ["media_topic:8"], "reshare": True, "reshare_owner_refs": ["group:6"]}],
    [{"type": "text", "text": "Words above"}, {"type": "topic", "reshare": True}],
    [{"type": "photo", "photo_refs": ["group_photo:1"], "reshare": True}],
    [{"type": "topic", "reshare": "true"}],
    [{"type": "topic", "reshare": 1}],
    [{"type": "topic", "reshare": {"owner_ref": "user:9"}}],
    [{"type": "topic", "reshare_owner_refs": ["user:9"]}],
    [{"type": "topic", "media_reshare": True}],
    [{"type": "topic", "media_reshare_owner_refs": ["group:6"]}],
    [{"type": "text", "reshare": False}, {"type": "link", "reshare": True}],
]


@pytest.mark.parametrize("is_mark_given", [True, False])
@pytest.mark.parametrize("media", REPOSTS)
def test_every_shape_of_a_reshare_is_a_repost(media: list[dict[str, Any]], *, is_mark_given: bool) -> None:
    one = plain(media=media)
    assert row(one, is_mark_given=is_mark_given)["is_repost"] is True
    assert ok_reshare.shows_mark(one)


@pytest.mark.parametrize(
    "more",
    [{"reshare": True}, {"media_reshare": True}, {"media_reshare": [{"id": 1}]}, {"reshare_owner_refs": ["group:6"]},
     {"media_reshare_owner_refs": ["user:9"]}, {"media_reshare": "true", "media": None}],
)  # fmt: skip
def test_a_mark_at_the_topic_itself_is_a_repost(more: dict[str, Any]) -> None:
    assert row(plain(**more))["is_repost"] is True


@pytest.mark.parametrize(
    "marked", [{"reshare": False}, {"reshare": "false"}, {"reshare": 0}, {"media_reshare": False},
               {"reshare_owner_refs": []}, {"media_reshare_owner_refs": []}]
)  # fmt: skip
def test_a_mark_that_says_no_is_an_own_post_and_shows_that_the_mark_is_given(marked: dict[str, Any]) -> None:
    for own in (plain(media=[{"type": "text"} | marked, {"type": "photo"} | marked]), plain(**marked)):
        assert row(own)["is_repost"] is False
        assert ok_reshare.shows_mark(own)


@pytest.mark.parametrize("media", [[{"type": "text", "text": "x"}], [{"type": "text"}, {"type": "photo"}]])
@pytest.mark.parametrize("more", [{}, {"reshare": None}, {"media_reshare": None}, {"has_more": False}])
def test_a_missing_mark_means_no_once_the_network_has_shown_that_it_gives_it(
    media: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    one = plain(media=media, reshare_summary={"count": 30, "reshare_object_ref": "x"}, **more)
    assert not ok_reshare.shows_mark(one)
    assert row(one, is_mark_given=True)["is_repost"] is False
    assert row(one, is_mark_given=False)["is_repost"] is None


@pytest.mark.parametrize(
    "more",
    [{"media": None}, {"media": []}, {"media": "text"}, {"media": [1]}, {"has_more": True},
     {"media": [{"type": "topic"}]}, {"media": [{"type": "text", "media_topic_refs": ["media_topic:8"]}]},
     {"media": [{"type": "topic", "reshare": False}]},
     {"media": [{"reshare": False, "reshare_owner_refs": ["user:1"]}]},
     {"media_topic_refs": ["media_topic:8"], "reshare": False}],
)  # fmt: skip
def test_what_was_cut_or_contradicts_itself_stays_unknown(more: dict[str, Any]) -> None:
    assert row(plain(**more), is_mark_given=True)["is_repost"] is None


def test_a_topic_whose_media_was_not_given_at_all_is_not_taken_for_an_own_post() -> None:
    one = {key: value for key, value in plain().items() if key != "media"}
    assert counted(one) == (True, None)


def test_how_often_others_reshared_a_topic_makes_it_no_repost_and_is_counted() -> None:
    one = plain(
        reshare_summary={"count": 12, "self": False}, like_summary={"count": 3},
        discussion_summary={"comments_count": "4"}, views_count=500,
    )  # fmt: skip
    assert row(one, is_mark_given=True)["is_repost"] is False
    seen = Seen(ok_feed.page_of(page([one], "x")).items[0], NOW, "sha")
    metrics = ok_rows.metrics_row("ok:x", seen)
    assert [metrics[f"{name}_count"] for name in ("view", "like", "comment", "reshared")] == [500, 3, 4, 12]


def test_counters_that_were_not_given_stay_blank() -> None:
    seen = Seen(ok_feed.page_of(page([plain()], "x")).items[0], NOW, "sha")
    assert {value for key, value in ok_rows.metrics_row("ok:x", seen).items() if key.endswith("_count")} == {None}


@pytest.mark.parametrize(
    ("owner", "url"), [("group:6", "https://ok.ru/group/6/topic/8"), ("user:9", None), (None, None)]
)
def test_the_source_of_a_repost_is_named_when_it_is_a_group(owner: str | None, url: str | None) -> None:
    part = {"type": "topic", "media_topic_refs": ["media_topic:8"], "reshare": True}
    owners = {"reshare_owner_refs": [owner]} if owner else {}
    assert row(plain(media=[part | owners]))["reposted_from_url"] == url


# --- the other columns


@pytest.mark.parametrize(
    ("told", "is_ad"),
    [({}, None), ({"is_promo": False}, False), ({"is_promo": True}, True), ({"is_ads_post": "true"}, True),
     ({"is_promo": False, "is_ads_post": True}, True), ({"is_promo": None}, None)],
)  # fmt: skip
def test_advertising_is_what_the_network_calls_so(told: dict[str, Any], is_ad: bool | None) -> None:
    assert row(plain(**told))["is_ad"] is is_ad


def test_a_row_has_the_columns_of_posts() -> None:
    found = row(plain(), is_mark_given=True)
    assert set(found) == set(tables.columns(tables.Posts)) - {"run_id", "batch", "version"}
    assert found["url"] == f"https://ok.ru/group/5/topic/{found['post_id']}"
    assert found["post_id"] == plain()["id"]
    assert found["posted_at"] == WINDOW.starts_at + timedelta(hours=1)


def test_ids_of_persons_named_in_a_text_are_not_kept() -> None:
    one = plain(media=[{"type": "text", "text": "Thanks to {user:7654321}them{user}"}])
    assert row(one)["text"] == "Thanks to {user}them{user}"


# --- profiles


@pytest.mark.parametrize(
    ("told", "mark"),
    [
        ({"gos_org": True}, True), ({"gos_org": "true"}, True), ({"gos_org": 1}, True), ({"gos_org": "1"}, True),
        ({"attrs": {"flags": "c,gos_org,s"}}, True), ({"attrs": {"flags": ["gos_org"]}}, True),
        ({"gos_org": False}, False), ({"gos_org": "false"}, False), ({"gos_org": 0}, False),
        ({}, None), ({"gos_org": None}, None), ({"gos_org": "perhaps"}, None), ({"gos_org": {}}, None),
        ({"attrs": {"flags": "c,l,s"}}, None), ({"attrs": None}, None), ({"attrs": {"flags": None}}, None),
        ({"gos_org": False, "attrs": {"flags": "gos_org"}}, False),
        ({"premium": True}, None),
    ],
)  # fmt: skip
def test_the_state_mark_is_never_false_by_absence(told: dict[str, Any], mark: bool | None) -> None:
    found = ok_rows.profile_row("ok:x", group_of(5, **told), NOW, "sha")
    assert found["government_mark"] is mark
    assert found["verified"] is None


@pytest.mark.parametrize(
    ("told", "status"),
    [({}, "live"), ({"private": False, "access_type": "OPEN", "blocked": False}, "live"), ({"private": True}, "closed"),
     ({"private": "true"}, "closed"), ({"access_type": "CLOSED"}, "closed"), ({"access_type": "SECRET"}, "closed"),
     ({"blocked": True}, "gone"), ({"blocked": "true", "private": True}, "gone"), ({"blocked": None}, "live")],
)  # fmt: skip
def test_the_status_of_a_group(told: dict[str, Any], status: str) -> None:
    assert ok_rows.profile_row("ok:x", group_of(5, **told), NOW, "sha")["status"] == status


def test_a_profile_has_the_columns_of_its_table_and_blanks_for_what_was_not_returned() -> None:
    found = ok_rows.profile_row("ok:x", {"uid": 5}, NOW, "sha")
    assert set(found) == set(tables.columns(tables.ProfileSnapshots)) - {"run_id", "batch"}
    known = {key for key, value in found.items() if value is not None}
    assert known == {"account_id", "platform_id", "collected_at", "status", "raw_sha256"}
    full = group_of(
        5, pic_avatar="https://x", cover={}, members_count="12", phone="1", address="Kirov", homepage_url="https://y"
    )
    found = ok_rows.profile_row("ok:x", full, NOW, "sha")
    told = ("has_avatar", "has_cover", "subscriber_count", "phone", "address", "site")
    assert [found[name] for name in told] == [True, False, 12, "1", "Kirov", "https://y"]


@pytest.mark.parametrize(
    ("told", "has_avatar", "has_cover"),
    [
        ({"pic_avatar": None, "picAvatar": None, "photo_id": None, "cover": None}, None, None),
        ({"pic_avatar": None, "photo_id": "1", "cover": {"id": 1}}, True, True),
        ({"pic_avatar": "", "photo_id": None, "cover": []}, False, False),
        ({}, None, None),
    ],
)
def test_a_picture_that_was_not_told_is_not_taken_for_a_missing_one(
    told: dict[str, Any], *, has_avatar: bool | None, has_cover: bool | None
) -> None:
    found = ok_rows.profile_row("ok:x", group_of(5, **told), NOW, "sha")
    assert (found["has_avatar"], found["has_cover"]) == (has_avatar, has_cover)


def test_fields_of_null_are_all_unknown() -> None:
    nulls: dict[str, Any] = dict.fromkeys([*ok_rows.GROUP_FIELDS.split(","), "picAvatar"])
    found = ok_rows.profile_row("ok:x", nulls | {"uid": 5}, NOW, "sha")
    known = {key for key, value in found.items() if value is not None}
    assert known == {"account_id", "platform_id", "collected_at", "status", "raw_sha256"}


@pytest.mark.parametrize(
    ("body", "found"),
    [([], 0), (None, 0), ({}, 0), ({"groups": []}, 0), ({"groups": None}, 0), ([group_of(5)], 1),
     ({"groups": [group_of(5)]}, 1), (group_of(5), 1), ([{"id": 5}], 1), ([None, 1, {}, group_of(5)], 1),
     (1, None), ("x", None), ({"groups": 1}, None), ({"groups": {}}, 0)],
)  # fmt: skip
def test_groups_come_bare_wrapped_or_not_at_all(body: Any, found: int | None) -> None:
    groups = ok_rows.groups(body)
    assert (None if groups is None else len(groups)) == found
    assert not groups or list(groups) == ["5"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"objectId": 53038939046008, "type": "GROUP"}, ("53038939046008", "")),
        ({"objectIdStr": "5", "objectId": 5, "type": "GROUP", "objectIdEncoded": "x"}, ("5", "")),
        ({"objectIdStr": "5", "type": "group"}, ("5", "")),
        ({"objectIdStr": "", "objectId": 5, "type": "GROUP"}, ("5", "")),
        ({"type": "GROUP"}, ("", "answer_not_understood")),
        ({"objectId": "x", "type": "GROUP"}, ("", "answer_not_understood")),
        ({"objectId": 5}, ("", "answer_not_understood")), (1, ("", "answer_not_understood")),
        ({"objectId": 5, "type": "USER"}, ("", "not_a_community")), ({"type": "APP"}, ("", "not_a_community")),
        ({"type": "UNKNOWN"}, ("", "address_unknown")), ({}, ("", "address_unknown")), (None, ("", "address_unknown")),
        ([], ("", "address_unknown")),
    ],
)  # fmt: skip
def test_what_an_address_leads_to(body: Any, found: tuple[str, str]) -> None:
    assert ok_rows.found_group(body) == found


# --- what is kept for evidence


def test_no_secret_and_no_person_is_in_any_raw_record() -> None:
    fake = FakeOk([1], token=TOKEN)
    liked = {"count": 3, "users": [{"name": "PLANTED-PERSON"}]}
    reshared = [{"type": "topic", "reshare": {"owner": "PLANTED-PERSON"}, "reshare_owner_refs": ["user:7654321"]}]
    fake.groups[1] |= {"admin_id": "7654321", "admin": "PLANTED-PERSON"}
    fake.feeds[1] = [topic(1, 3, like_summary=liked), topic(1, 2, media=reshared), visitor(1, 1),
                     topic(1, 0, author_ref=None, owner_ref=None), topic(1, -1, on_moderation=True)]  # fmt: skip
    fake.names["https://ok.ru/person"] = {"objectId": 7654321, "type": "USER"}
    readings = fake.read([target(1)])
    kept = json.dumps([reading.raw for reading in readings])
    for secret in (KEY, SECRET, TOKEN, "7654321", "PLANTED-PERSON", "visitor's words", "session", '"sig'):
        assert secret not in kept
    bodies = [json.loads(record["body"]) for record in readings[0].raw if record["method"] == "stream.get"]
    topics = bodies[0]["entities"]["media_topics"]
    assert [set(each) & {"visitor", "author_not_told", "not_published"} for each in topics] == [
        set(), set(), {"visitor"}, {"author_not_told"}, {"not_published"}
    ]  # fmt: skip
    assert topics[0]["like_summary"] == {"count": 3}
    assert ok_reshare.is_repost(topics[1], is_mark_given=False), "the evidence must still show the repost"


def test_rows_name_the_stored_answer_they_come_from() -> None:
    reading = FakeOk([1]).read()[0]
    shas = {record["sha256"]: record["method"] for record in reading.raw}
    assert {shas[post["raw_sha256"]] for post in reading.posts} == {"stream.get"}
    assert reading.profile is not None
    assert shas[reading.profile["raw_sha256"]] == "group.getInfo"


_WORDS = ("", "x", "user:1", "group:5", "media_topic:8", "true")
_FIELDS = [*ok_rows._TOPIC_FIELDS[1:], *ok_rows._MEDIA_FIELDS, *ok_rows.GROUP_FIELDS.split(",")[1:]]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "count", "flags"]), inner),
    max_leaves=6,
)


@given(fields=st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_fields_of_any_type_never_break_a_row(fields: dict[str, Any]) -> None:
    dated = {"created_ms": START_MS, "publication_date_ms": None}
    one = plain() | fields | dated
    fake = FakeOk([GROUP])
    fake.feeds[GROUP], fake.groups[GROUP] = [one], group_of(GROUP) | fields
    reading = fake.read()[0]
    assert reading.reason in {"", "account_gone"}
    assert all(post["is_repost"] in {True, False, None} for post in reading.posts)
