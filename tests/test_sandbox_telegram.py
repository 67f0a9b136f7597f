"""Telegram of the sandbox, read as `PLATFORMS.md` and the recorded pages say that it can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from kirovlib.sandbox import DEMO_NOW, World, build_world
from kirovlib.sandbox.sources import Scene, WorldSource
from kirovlib.sandbox.telegram import Page, TelegramSite
from kirovlib.sandbox.telegram_html import shortened
from kirovlib.sandbox.telegram_messages import Channel
from kirovlib.sandbox.texts import HOSTILE_NAMES

KIROV = ZoneInfo("Europe/Kirov")
MESSAGE = ".tgme_widget_message[data-post]"
LOOKALIKE = '+ "Channel video changed"'
CASES = {
    *("telegram_album", "telegram_service", "telegram_forwards", "telegram_missing", "telegram_group"),
    *("telegram_old_markup", "telegram_edited", "telegram_long", "telegram_short", "telegram_gaps"),
    *("telegram_hostile", "telegram_week_edge"),
}


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(networks=("telegram",))


@pytest.fixture
def site(world: World) -> TelegramSite:
    return TelegramSite(world)


def name_of(world: World, case: str) -> str:
    return world.cases[case].removeprefix("telegram:")


def channel_of(world: World, case: str) -> Channel:
    return world.telegram[name_of(world, case)]


def tree(page: Page) -> LexborHTMLParser:
    assert (page.status, page.location) == (200, "")
    return LexborHTMLParser(page.html)


def pages(site: TelegramSite, name: str) -> Iterator[LexborHTMLParser]:
    """From the newest page to the first one, by the links."""
    ids: list[str] = []
    while True:
        page = tree(site.page(name, {"before": ids[-1]} if ids else {}))
        yield page
        link = page.css_first("a.tme_messages_more[data-before]")
        if link is None:
            return
        ids.append(str(link.attributes["data-before"]))
        assert len(set(ids)) == len(ids)


def messages(site: TelegramSite, name: str) -> list[LexborNode]:
    """All messages of a channel, newest first."""
    return [message for page in pages(site, name) for message in reversed(page.css(MESSAGE))]


def number_of(message: LexborNode) -> int:
    return int(str(message.attributes["data-post"]).rpartition("/")[2])


def moment_of(message: LexborNode) -> datetime:
    return datetime.fromisoformat(str(one(message, ".tgme_widget_message_meta time").attributes["datetime"]))


def one(node: Any, selector: str) -> LexborNode:
    found = node.css(selector)
    assert len(found) == 1, (selector, len(found))
    return found[0]


def text_of(message: LexborNode) -> str:
    return message.css(".tgme_widget_message_text.js-message_text")[-1].text().strip()


def kind_of(message: LexborNode) -> str:
    if "service_message" in str(message.attributes["class"]).split() or text_of(message) == LOOKALIKE:
        return "service"
    return "repost" if message.css_first(".tgme_widget_message_forwarded_from") else "own"


# --- the world


def test_every_case_is_there_and_belongs_to_an_institution_of_its_own(world: World) -> None:
    assert set(world.cases) == CASES
    assert len(set(world.cases.values())) == len(CASES)
    assert set(build_world(seed=7, weeks=1).cases) >= CASES


def test_channels_are_registered_by_a_name_that_telegram_would_take(world: World) -> None:
    assert world.accounts["platform_id"].isna().all()
    for row in world.accounts.to_dict("records"):
        name = row["account_id"].removeprefix("telegram:")
        assert row["url"] == f"https://t.me/{name}"
        assert 5 <= len(name) <= 32
        assert name.replace("_", "").isalnum()
        assert name[0].isalpha()


def test_the_truth_of_the_plan_is_what_the_pages_hold(site: TelegramSite, world: World) -> None:
    found: Counter[tuple[str, pd.Timestamp, str]] = Counter()
    for name, channel in world.telegram.items():
        for message in messages(site, name) if not channel.is_group else ():
            day = moment_of(message).astimezone(KIROV).date()
            week = pd.Timestamp(day - timedelta(days=day.weekday()))
            found[f"telegram:{name}", week, kind_of(message)] += 1
    for row in world.counts[world.counts["is_readable"]].to_dict("records"):
        for kind in ("own", "repost"):
            assert row[f"{kind}_count"] == found[row["account_id"], row["week_start"], kind], (row, kind)
    assert not world.counts[["visitor_count", "ad_count"]].to_numpy().any()


@pytest.mark.parametrize(
    ("case", "period", "verdict", "reason"),
    [
        ("telegram_album", "2024-W24", "failed", "below_norm"),
        ("telegram_service", "2024-W24", "failed", "below_norm"),
        ("telegram_forwards", "2024-W24", "failed", "below_norm"),
        ("telegram_gaps", "2024-W24", "passed", "norm_met"),
        ("telegram_long", "2024-W24", "passed", "norm_met"),
        ("telegram_week_edge", "2024-W27", "passed", "norm_met"),
        ("telegram_week_edge", "2024-W28", "passed", "norm_met"),
        ("telegram_missing", "2024-W24", "cannot_tell", "no_preview"),
        ("telegram_group", "2024-W24", "cannot_tell", "no_preview"),
        ("telegram_short", "2024-W23", "cannot_tell", "existence_unknown"),
        ("telegram_short", "2024-W24", "inapplicable", "opened_in_week"),
        ("telegram_short", "2024-W25", "passed", "norm_met"),
    ],
)
def test_the_true_verdict(world: World, case: str, period: str, verdict: str, reason: str) -> None:
    row = world.verdicts[world.verdicts["period"] == period].set_index("account_id").loc[world.cases[case]]
    assert (row["verdict"], row["reason"]) == (verdict, reason)


def test_only_the_young_channel_was_born_in_the_window(world: World) -> None:
    first = world.counts["week_start"].min().tz_localize(KIROV)
    for channel in world.telegram.values():
        if not channel.is_group:
            is_young = channel.messages[0].posted_at >= first
            assert is_young == (channel == channel_of(world, "telegram_short"))
            assert channel.messages[1].posted_at >= first or not is_young


# --- pages


def test_pages_are_ascending_and_hold_twenty_ids_at_most(site: TelegramSite, world: World) -> None:
    name = name_of(world, "telegram_long")
    read = [page.css(MESSAGE) for page in pages(site, name)]
    assert len(read) >= 7
    for page in read:
        numbers = [number_of(message) for message in page]
        assert all(later > earlier for earlier, later in pairwise(numbers))
        assert len(page) <= 20
    assert max(len(page) for page in read) == 20
    numbers = [number_of(message) for page in read for message in reversed(page)]
    assert numbers == [message.number for message in reversed(world.telegram[name].messages)]


def test_before_is_exclusive_and_after_goes_the_other_way(site: TelegramSite, world: World) -> None:
    channel = channel_of(world, "telegram_long")
    middle = channel.messages[60].number
    older = tree(site.page(channel.name, {"before": str(middle)}))
    assert number_of(older.css(MESSAGE)[-1]) == channel.messages[59].number
    assert one(older, 'link[rel="prev"]').attributes["href"].endswith(f"before={number_of(older.css(MESSAGE)[0])}")
    link = one(older, "a.tme_messages_more[data-after]")
    newer = tree(site.page(channel.name, {"after": str(link.attributes["data-after"])}))
    assert number_of(newer.css(MESSAGE)[0]) == middle


def test_the_first_page_of_a_short_channel_has_no_link(site: TelegramSite, world: World) -> None:
    page = tree(site.page(name_of(world, "telegram_short"), {}))
    assert page.css_first("a.tme_messages_more") is None
    assert page.css_first('link[rel="prev"]') is None
    assert 3 < len(page.css(MESSAGE)) < 20
    assert "service_message" in str(page.css(MESSAGE)[0].attributes["class"])
    assert text_of(page.css(MESSAGE)[0]) == "Channel created"


def test_an_empty_page_has_a_wrap_without_a_message(site: TelegramSite, world: World) -> None:
    page = tree(site.page(name_of(world, "telegram_long"), {"before": "1"}))
    wrap = one(page, ".tgme_widget_message_wrap")
    assert wrap.css_first(".tme_no_messages_found") is not None
    assert page.css(MESSAGE) == []
    assert page.css_first(".tgme_channel_info") is not None


def test_a_page_that_is_asked_for_nonsense_is_the_newest_one(site: TelegramSite, world: World) -> None:
    name = name_of(world, "telegram_long")
    assert site.page(name, {"before": "x", "q": "?"}) == site.page(name, {}) == site.page(name.upper(), {})


def test_a_free_name_leads_home_and_a_group_to_its_card(site: TelegramSite, world: World) -> None:
    missing, group = name_of(world, "telegram_missing"), name_of(world, "telegram_group")
    assert site.page(missing, {}) == Page(302, "", "", world.now)
    assert site.page(group, {}) == Page(302, "", group, world.now)
    for page in (site.home(), site.card(group), site.card(missing), site.card(name_of(world, "telegram_long"))):
        shown = tree(page)
        assert shown.css_first(".tgme_channel_info") is None
        assert shown.css_first("[data-post]") is None
    assert "members" in tree(site.card(group)).css_first(".tgme_page_extra").text()
    assert "subscribers" in tree(site.card(name_of(world, "telegram_long"))).css_first(".tgme_page_extra").text()


def test_counters_and_names_stand_in_the_header(site: TelegramSite, world: World) -> None:
    for channel in world.telegram.values():
        if channel.is_group:
            continue
        page = tree(site.page(channel.name, {}))
        counter = page.css(".tgme_channel_info_counter")[0]
        what = "member" if channel == channel_of(world, "telegram_old_markup") else "subscriber"
        assert one(counter, ".counter_value").text() == shortened(channel.members)
        assert one(counter, ".counter_type").text() == what + "s" * (channel.members != 1)
        assert one(page, ".tgme_channel_info_header_username").text() == f"@{channel.name}"
        assert one(page, ".tgme_channel_info_header_title").text() == channel.title
        is_ticked = page.css_first(".tgme_channel_info_header_labels i.verified-icon") is not None
        assert is_ticked == channel.is_verified


# --- messages


def test_an_album_is_one_message_of_several_ids(site: TelegramSite, world: World) -> None:
    name = name_of(world, "telegram_album")
    albums = [each for each in messages(site, name) if each.css_first(".tgme_widget_message_grouped_wrap")]
    assert len(albums) > 24
    for album in albums:
        links = [str(link.attributes["href"]) for link in album.css("a.grouped_media_wrap")]
        first = number_of(album)
        assert links == [f"https://t.me/{name}/{first + place}?single" for place in range(len(links))]
        assert len(links) >= 3
        assert len(album.css(".tgme_widget_message_text.js-message_text")) == 2
    for channel in world.telegram.values():
        for earlier, later in pairwise(channel.messages):
            assert later.number >= earlier.number + earlier.count
            assert later.posted_at > earlier.posted_at


def test_service_messages_have_a_class_and_no_views_and_the_look_alike_has_neither(
    site: TelegramSite, world: World
) -> None:
    found = [each for each in messages(site, name_of(world, "telegram_service")) if kind_of(each) == "service"]
    marked = [each for each in found if "service_message" in str(each.attributes["class"]).split()]
    assert len(marked) >= 12
    assert len(found) - len(marked) == 12
    assert all(each.css_first(".tgme_widget_message_views") is None for each in marked)
    unmarked = [each for each in found if each not in marked]
    assert all(text_of(each) == LOOKALIKE and each.css_first(".tgme_widget_message_views") for each in unmarked)


def test_forwards_name_their_source_or_hide_it(site: TelegramSite, world: World) -> None:
    found = messages(site, name_of(world, "telegram_forwards"))
    sources = [one(each, ".tgme_widget_message_forwarded_from_name") for each in found if kind_of(each) == "repost"]
    assert {source.tag for source in sources} == {"a", "span"}
    assert all(str(each.attributes["href"]).startswith("https://t.me/") for each in sources if each.tag == "a")


def test_edited_and_signed_messages_say_so_in_their_meta(site: TelegramSite, world: World) -> None:
    name = name_of(world, "telegram_edited")
    shown = {number_of(each): one(each, ".tgme_widget_message_meta") for each in messages(site, name)}
    for message in world.telegram[name].messages:
        meta = shown[message.number]
        assert ("edited" in meta.text()) == message.is_edited
        signature = meta.css_first(".tgme_widget_message_from_author")
        assert (signature.text() if signature is not None else "") == message.signature
    assert sum(message.is_edited for message in world.telegram[name].messages) > 20


def test_deleted_messages_leave_gaps(world: World) -> None:
    numbers = [message.number for message in channel_of(world, "telegram_gaps").messages]
    assert max(later - earlier for earlier, later in pairwise(numbers[1:])) > 5


def test_hostile_texts_and_titles_are_escaped(site: TelegramSite, world: World) -> None:
    channel = channel_of(world, "telegram_hostile")
    assert channel.title == HOSTILE_NAMES[1]
    for page in pages(site, channel.name):
        assert all(script.text() == "TWeb.init();" for script in page.css("script:not([src])"))
        assert page.css("img[onerror]") == []
    found = [text_of(each) for each in messages(site, channel.name)]
    assert any("<script>alert(1)</script>" in text for text in found)
    assert any(text.startswith("=HYPERLINK") for text in found)


def test_every_message_of_2026_carries_the_note_that_means_nothing(site: TelegramSite, world: World) -> None:
    for message in messages(site, name_of(world, "telegram_long")):
        if kind_of(message) == "own":
            assert "Please open Telegram to view this post" in message.text()
            assert message.css_first(".media_supported_cont .tgme_widget_message_text") is not None


def test_the_old_markup_differs_where_it_did(site: TelegramSite, world: World) -> None:
    name = name_of(world, "telegram_old_markup")
    page = tree(site.page(name, {}))
    assert page.css_first("section.tgme_channel_history > a.tme_messages_more[data-before]") is not None
    new = tree(site.page(name_of(world, "telegram_long"), {}))
    assert new.css_first("div.js-messages_more_wrap > a.tme_messages_more[data-before]") is not None
    assert page.css_first(".media_supported_cont") is None
    assert page.css_first("time.time") is None
    assert new.css_first("time.time") is not None
    assert page.css_first(".force_userpic") is not None
    assert "members" in one(page, ".tgme_header_counter").text()


def test_the_moment_is_utc_and_the_length_of_a_video_is_no_moment(site: TelegramSite, world: World) -> None:
    name = name_of(world, "telegram_long")
    found = messages(site, name)
    true = {message.number: message.posted_at for message in world.telegram[name].messages}
    assert all(moment_of(each) == true[number_of(each)] for each in found)
    lengths = [time for each in found for time in each.css("time.message_video_duration")]
    assert lengths
    assert all("datetime" not in time.attributes for time in lengths)


def test_the_edges_of_the_week_are_those_of_kirov(site: TelegramSite, world: World) -> None:
    found = messages(site, name_of(world, "telegram_week_edge"))
    clocks = {moment_of(each).astimezone(KIROV).strftime("%a %H:%M:%S") for each in found}
    assert {"Sun 23:59:59", "Mon 00:00:00"} <= clocks


def test_answers_quote_in_the_class_of_a_text(site: TelegramSite, world: World) -> None:
    replies = [
        each
        for name, channel in world.telegram.items()
        if channel.markup == "2026" and not channel.is_group
        for each in messages(site, name)
        if each.css_first("a.tgme_widget_message_reply")
    ]
    assert replies
    assert all(one(each, "a .js-message_reply_text.tgme_widget_message_text") for each in replies)


@pytest.mark.recorded
@pytest.mark.parametrize(
    ("file", "case"),
    [
        ("xCareers_20posts_2020.html", "telegram_old_markup"),
        ("prstnk_eprst_full_page_2026_two_posts.html", "telegram_short"),
        ("snippets/photo_multiple.html", "telegram_album"),
        ("snippets/forwarded_text_message.html", "telegram_forwards"),
        ("snippets/service_message_pinned.html", "telegram_service"),
    ],
)
def test_a_page_has_what_readers_look_for_in_the_recorded_one(
    site: TelegramSite, world: World, recorded: Path, file: str, case: str
) -> None:
    true = LexborHTMLParser((recorded / "telegram" / file).read_text("utf-8"))
    mine = LexborHTMLParser("".join(page.html or "" for page in pages(site, name_of(world, case))))
    selectors = [
        *(".tgme_widget_message_wrap > .tgme_widget_message[data-post]", ".service_message", ".tgme_channel_info"),
        *(".tgme_widget_message_bubble > .tgme_widget_message_author a.tgme_widget_message_owner_name", "time.time"),
        *(".tgme_widget_message_info .tgme_widget_message_views", ".tgme_widget_message_footer", ".counter_type"),
        *(".tgme_widget_message_meta a.tgme_widget_message_date > time[datetime]", "main.tgme_main[data-url]"),
        *(".tgme_widget_message_grouped_layer > a.tgme_widget_message_photo_wrap", "a.tme_messages_more[data-before]"),
        *(".tgme_widget_message_forwarded_from > a.tgme_widget_message_forwarded_from_name > span",),
        *(".tgme_widget_message_text > .tgme_widget_message_text", "a.tgme_widget_message_photo_wrap[href]"),
        *("section.tgme_channel_history > .tgme_widget_message_wrap", ".tgme_channel_info_header_title > span"),
        *(".tgme_channel_info_header_username > a", 'meta[property="og:title"]', 'link[rel="prev"]'),
    ]
    found = [selector for selector in selectors if true.css_first(selector) is not None]
    assert len(found) > 5
    assert [selector for selector in found if mine.css_first(selector) is None] == []


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0"), (999, "999"), (1000, "1K"), (1249, "1.2K"), (436_640, "436.6K"), (3_100_000, "3.1M")],
)
def test_counts_are_shown_rounded(count: int, shown: str) -> None:
    assert shortened(count) == shown


# --- a world that goes on


def test_a_fault_can_take_the_place_of_a_page(world: World) -> None:
    seen = []

    def faults(method: str, parameters: Any, number: int) -> Page | None:
        seen.append((method, dict(parameters), number))
        return Page(429, "", "", DEMO_NOW) if number < 4 else None

    site = TelegramSite(world, faults=faults)
    assert {site.page("a", {"before": "5"}).status, site.card("b").status, site.home().status} == {429}
    assert site.home().status == 200
    assert [each[:2] for each in seen[:3]] == [
        ("page", {"before": "5", "name": "a"}),
        ("card", {"name": "b"}),
        ("home", {}),
    ]
    assert site.call_count == 4


@pytest.mark.parametrize("make", [Scene, WorldSource])
def test_a_post_that_appears_between_two_pages_shifts_nothing(world: World, make: Any) -> None:
    stage = make(world)
    site = TelegramSite(stage)
    channel = channel_of(world, "telegram_long")
    first = tree(site.page(channel.name, {}))
    before = str(one(first, "a.tme_messages_more[data-before]").attributes["data-before"])
    expected = [number_of(each) for each in tree(site.page(channel.name, {"before": before})).css(MESSAGE)]
    last = channel.messages[-1]
    new = replace(last, number=last.number + last.count, posted_at=DEMO_NOW - timedelta(seconds=1))
    changed = replace(channel, messages=[*channel.messages, new])
    stage.world = replace(world, telegram=world.telegram | {channel.name: changed})
    assert [number_of(each) for each in tree(site.page(channel.name, {"before": before})).css(MESSAGE)] == expected
    assert number_of(tree(site.page(channel.name, {})).css(MESSAGE)[-1]) == new.number


def test_a_channel_that_is_renamed_leaves_its_name_free(world: World) -> None:
    stage = Scene(world)
    site = TelegramSite(stage)
    channel = channel_of(world, "telegram_long")
    others = {name: each for name, each in world.telegram.items() if each != channel}
    stage.world = replace(world, telegram=others | {"renamed_one": replace(channel, name="renamed_one")})
    assert (site.page(channel.name, {}).status, site.page("renamed_one", {}).status) == (302, 200)
