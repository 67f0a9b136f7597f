from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fake_telegram import BLOCK_PAGE, CARD, EMPTY, HOME, PERSON, forwarded, header_of, html_of, linked, message, page_of
from hypothesis import given
from hypothesis import strategies as st

from kirovlib.platforms import telegram_page
from kirovlib.platforms.http import TransientError
from kirovlib.platforms.telegram_page import Header, Message, PageError

NOT_SUPPORTED = (
    '<div class="media_not_supported_cont"><div class="message_media_not_supported_label">'
    "Please open Telegram to view this post</div></div>"
)


def one(**more: Any) -> Message:
    return telegram_page.parse(page_of("alpha", [message(5, 1, **more)])).messages[0]


def header(inner: str, head: str = "") -> Header:
    text = f'<html><head>{head}</head><body><div class="tgme_channel_info">{inner}</div></body></html>'
    found = telegram_page.parse(text).header
    assert found is not None
    return found


# --- what is a page of Telegram


@pytest.mark.parametrize("text", [page_of("alpha", []), CARD, HOME])
def test_channels_cards_and_the_home_page_are_telegrams(text: str) -> None:
    telegram_page.check(text)


@pytest.mark.parametrize("text", ["", "ok", BLOCK_PAGE, "<html><head><title>Telegram</title></head></html>"])
def test_what_has_no_mark_of_telegram_is_worth_another_try(text: str) -> None:
    with pytest.raises(TransientError):
        telegram_page.check(text)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_a_page_that_was_cut_without_a_word_is_worth_another_try(share: float) -> None:
    text = page_of("alpha", [message(number, 1) for number in range(1, 20)]).partition("</html>")[0]
    with pytest.raises(TransientError):
        telegram_page.check(text[: int(len(text) * share)])


@pytest.mark.parametrize("text", [CARD, HOME])
def test_a_card_and_the_home_page_are_no_channel_and_nothing_of_them_is_kept(text: str) -> None:
    page = telegram_page.parse(text)
    assert (page.is_channel, page.header, page.messages, page.html) == (False, None, (), "")


# --- messages


def test_a_wrap_without_a_message_is_none() -> None:
    page = telegram_page.parse(page_of("alpha", []))
    assert page.is_channel
    assert page.is_said_empty
    assert page.messages == ()


@pytest.mark.parametrize("year", [2020, 2026])
def test_the_link_to_older_messages_is_found_in_either_markup(year: int) -> None:
    assert telegram_page.parse(page_of("alpha", [message(30, 1)], 29, year=year)).before == 29


def test_the_link_to_older_messages_is_found_in_the_head_alone() -> None:
    text = page_of("alpha", [message(30, 1)]).replace("<head>", '<head><link rel="prev" href="/s/alpha?before=29">')
    assert telegram_page.parse(text).before == 29


def test_a_time_is_read_with_its_offset() -> None:
    assert one(time="2024-05-20T10:00:00+03:00").posted_at == datetime(2024, 5, 20, 7, tzinfo=UTC)


@pytest.mark.parametrize("time", ["2024-05-20T10:00:00", "yesterday", "0001-01-01T00:00:00+23:00", ""])
def test_a_post_without_a_certain_time_makes_the_page_not_understood(time: str) -> None:
    with pytest.raises(PageError):
        one(time=time)


def test_the_length_of_a_video_is_no_time() -> None:
    body = '<a><time class="message_video_duration js-message_video_duration">0:27</time></a>'
    assert one(body=body).posted_at == datetime(2024, 5, 19, 22, tzinfo=UTC)


@pytest.mark.parametrize("body", ["", '<div class="tgme_widget_message_poll">Question</div>', "<video></video>"])
def test_pictures_videos_and_polls_without_text_are_posts(body: str) -> None:
    found = one(text="", body=body)
    assert (found.is_service, found.is_repost, found.text) == (False, False, "")


def test_the_note_that_media_may_not_be_supported_says_nothing() -> None:
    found = one(body=NOT_SUPPORTED, classes="text_not_supported_wrap")
    assert (found.is_service, found.is_repost, found.text) == (False, False, "words 5")


def test_text_has_its_line_breaks_and_pictures_as_letters() -> None:
    text = "<tg-emoji emoji-id='1'><i class='emoji'><b>🏠</b></i></tg-emoji> One &amp; two<br/>\n  <br>new&#33;\n last"
    assert one(text=text).text == "🏠 One & two\n\nnew! last"


def test_the_nested_text_of_an_album_is_read_once() -> None:
    inner = '<div class="tgme_widget_message_text js-message_text">Words</div>'
    body = '<div class="tgme_widget_message_grouped_wrap"><a href="https://t.me/alpha/5?single"></a></div>'
    assert one(text=inner, body=body).text == "Words"


@pytest.mark.parametrize("kind", ["tgme_widget_message_metatext", "tgme_widget_message_text"])
def test_what_a_post_answers_to_is_not_its_text(kind: str) -> None:
    reply = (
        f'<a class="tgme_widget_message_reply" href="https://t.me/{PERSON}/1"><div class="tgme_widget_message_author">'
        f'<span class="tgme_widget_message_author_name">{PERSON}</span></div>'
        f'<div class="{kind} js-message_reply_text">Quoted by {PERSON}</div></a>'
    )
    assert one(body=reply).text == "words 5"
    assert one(body=reply, text="").text == ""


@pytest.mark.parametrize(
    ("shown", "count"),
    [("989", 989), ("1.2K", 1200), ("436.6K", 436_600), ("3.1M", 3_100_000), ("18.9M", 18_900_000), ("many", None)],
)
def test_views_are_read_as_they_are_rounded(shown: str, count: int | None) -> None:
    assert one(views=shown).view_count == count


# --- reposts


def test_a_post_forwarded_from_a_channel_names_its_source() -> None:
    found = one(body=linked("https://t.me/source/77?single"))
    assert (found.is_repost, found.reposted_from_url) == (True, "https://t.me/source/77")


@pytest.mark.parametrize(
    "body",
    [
        linked(f"https://t.me/{PERSON}", PERSON),
        linked("https://t.me/c/123/45", PERSON),
        forwarded(f'<span class="tgme_widget_message_forwarded_from_name" dir="auto">{PERSON}</span>'),
        forwarded(PERSON),
        f'<span class="tgme_widget_message_forwarded_from_name">{PERSON}</span>',
        f'<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/{PERSON}">{PERSON}</a>',
    ],
)
def test_a_post_forwarded_from_a_person_or_a_hidden_source_is_a_repost_of_nobody(body: str) -> None:
    page = telegram_page.parse(page_of("alpha", [message(5, 1, body=body)]))
    assert (page.messages[0].is_repost, page.messages[0].reposted_from_url) == (True, None)
    assert PERSON not in page.html


def test_the_author_of_a_forwarded_post_is_not_kept() -> None:
    named = f'<a class="tgme_widget_message_forwarded_from_name" href="https://t.me/source/7">Source {PERSON}</a>'
    body = forwarded(f'{named} (<span class="tgme_widget_message_forwarded_from_author">{PERSON}</span>) {PERSON}')
    page = telegram_page.parse(page_of("alpha", [message(5, 1, body=body)]))
    assert page.messages[0].reposted_from_url == "https://t.me/source/7"
    assert PERSON not in page.html
    assert "https://t.me/source/7" in page.html


def test_a_post_without_views_is_perhaps_a_service_message_so_it_is_not_told_what_it_is() -> None:
    found = one(views="")
    assert (found.is_service, found.is_repost) == (False, None)
    assert one(views="", body=linked("https://t.me/source/7")).is_repost is True


# --- service messages


@pytest.mark.parametrize(
    "more",
    [
        {"classes": "service_message", "views": ""},
        {"classes": "service_message", "views": "", "time": ""},
        {"text": "+ &quot;Channel video changed&quot;", "views": "3.1M"},
        {"text": "Channel created"},
        {"text": "Channel name was changed to «Вести»"},
        {"text": '<a>X</a> pinned «<span class="tgme_widget_service_strong_text">Y</span>»'},
    ],
)
def test_service_messages_are_no_posts_also_without_their_class(more: dict[str, Any]) -> None:
    assert one(**more).is_service


@pytest.mark.parametrize(
    "text",
    [
        "Channel video changed our life",
        "Видео канала изменено",
        "",
        "We read «Channel created»",
        "Ведомство pinned «Запись»",
    ],
)
def test_posts_that_only_resemble_service_messages_stay_posts(text: str) -> None:
    assert not one(text=text).is_service
    assert not one(text="Channel created", body=linked("https://t.me/source/7")).is_service


# --- the channel


def test_the_number_of_the_channel_is_what_all_messages_agree_on() -> None:
    def told(*messages: dict[str, Any]) -> str:
        return telegram_page.parse(page_of("alpha", messages)).channel_id

    assert told(message(5, 1), message(7, 2, counted="7g")) == "77"
    with pytest.raises(telegram_page.PageError, match="several channels"):
        told(message(5, 1), message(7, 2, channel_id=78))
    assert told(message(5, 1, counted="alpha/5")) == ""
    assert told(message(5, 1, counted="alpha/5"), message(7, 2)) == "77"  # one that cannot be read hides nothing
    assert told(message(5, 1, channel_id=-5)) == ""
    assert told() == ""


@pytest.mark.parametrize(
    ("value", "kind", "count"),
    [
        ("1", "subscriber", 1),
        ("1.2K", "subscribers", 1200),
        ("60K", "members", 60_000),
        ("18.9M", "subscribers", 18_900_000),
        ("46", "photos", None),
    ],
)
def test_subscribers_are_counted_by_any_of_their_words(value: str, kind: str, count: int | None) -> None:
    counter = (
        f'<div class="tgme_channel_info_counter"><span class="counter_value">{value}</span> '
        f'<span class="counter_type">{kind}</span></div>'
    )
    photos = (
        '<div class="tgme_channel_info_counter"><span class="counter_value">9</span> '
        '<span class="counter_type">links</span></div>'
    )
    assert header(photos + counter).subscriber_count == count


def test_a_description_that_the_page_does_not_show_is_blank_only_when_the_head_says_so() -> None:
    blank = header("", '<meta property="og:description" content="">')
    assert (blank.description, blank.links) == ("", ())
    untold = header("")
    assert (untold.description, untold.links) == (None, None)


def test_links_of_the_description_are_taken_searches_are_not() -> None:
    described = header(
        '<div class="tgme_channel_info_description">Site: <a href="https://school.test/">school.test</a><br/>'
        '<a href="?q=%23news">#news</a></div>'
    )
    assert described.description == "Site: school.test\n#news"
    assert described.links == (("school.test", "https://school.test/"),)


@pytest.mark.parametrize(
    ("inner", "has_avatar"),
    [
        ('<i class="tgme_page_photo_image"><img src="https://cdn.test/a.jpg"></i>', True),
        ('<i class="tgme_page_photo_image"><img src="//cdn.test/a.jpg"></i>', True),
        ('<i class="tgme_page_photo_image"><img src="data:image/svg+xml;base64,PHN2Zz4"></i>', False),
        ('<i class="tgme_page_photo_image" data-content="к"></i>', None),
        ("", None),
    ],
)
def test_letters_drawn_in_place_are_no_avatar_and_a_missing_picture_is_not_told(
    inner: str, has_avatar: bool | None
) -> None:
    assert header(inner).has_avatar is has_avatar


@pytest.mark.parametrize(
    ("inner", "is_verified"),
    [
        ('<div class="tgme_channel_info_header_labels"><i class="verified-icon"> ✔</i></div>', True),
        ('<div class="tgme_channel_info_header_labels"></div>', False),
        ('<div class="tgme_channel_info_header_title">x <i class="verified-icon"></i></div>', True),
        ("", None),
    ],
)
def test_the_tick_is_told_only_where_its_place_is(inner: str, is_verified: bool | None) -> None:
    assert header(f'<div class="tgme_channel_info_header">{inner}</div>').is_verified is is_verified


# --- whatever comes


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=12), st.text(max_size=60))
def test_any_text_in_any_place_is_read_or_refused(text: str, time: str, views: str, counted: str) -> None:
    page = page_of("alpha", [message(5, 1, text=text, time=time, views=views, counted=counted, body=forwarded(text))])
    try:
        found = telegram_page.parse(page)
    except PageError:
        return
    assert all(isinstance(one.text, str) for one in found.messages)


@given(st.data())
def test_pieces_of_a_page_in_any_order_are_read_or_refused(data: st.DataObject) -> None:
    whole = page_of("alpha", [message(5, 1, body=linked("https://t.me/x/1"))], 4) + header_of("alpha") + EMPTY
    whole += html_of("alpha", message(3, 1, classes="service_message"))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), min_size=2, max_size=6)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    try:
        found = telegram_page.parse("".join(data.draw(st.permutations(pieces))))
    except PageError:
        return
    assert found.before is None or found.before > 0
