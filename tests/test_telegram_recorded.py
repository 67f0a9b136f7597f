"""Recorded pages of t.me against tables of what they tell; a new recording without a row fails."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fake_telegram import NOW, FakeTelegram, target

from kirovlib.platforms import telegram_page
from kirovlib.platforms.base import Reading, Window
from kirovlib.platforms.telegram_page import Message, Page

EXPECTED = Path(__file__).with_name("expected")
RECORDED = Path(__file__).parents[1] / os.environ.get("KIROV_RECORDED", "../shared/real") / "telegram"
FILES = {file.stem: file for file in RECORDED.rglob("*.html")}
PAGE_COLUMNS = (
    "is_channel", "names", "channel_id", "before", "is_said_empty", "subscriber_count", "is_verified", "has_avatar",
    "has_title", "has_description", "link_count",
)  # fmt: skip
MESSAGE_COLUMNS = (
    "number", "posted_at", "is_service", "is_repost", "reposted_from_url", "view_count", "has_text", "line_count",
)  # fmt: skip

pytestmark = [pytest.mark.recorded, pytest.mark.usefixtures("recorded")]


def rows(table: str) -> list[dict[str, str]]:
    with (EXPECTED / f"telegram_{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names() -> list[str]:
    """Both what was recorded and what is expected, so that neither may lack the other."""
    return sorted(set(FILES) | {row["file"] for table in ("pages", "messages") for row in rows(table)})


def expected(table: str, name: str) -> list[dict[str, str]]:
    return [{key: text for key, text in row.items() if key != "file"} for row in rows(table) if row["file"] == name]


def text_of(name: str) -> str:
    return FILES[name].read_text(encoding="utf-8")


def page_facts(page: Page) -> dict[str, str]:
    header = page.header
    facts: list[Any] = [page.is_channel, " ".join(sorted(page.names)), page.channel_id, page.before, page.is_said_empty]
    if header is None:
        facts += [None] * 6
    else:
        facts += [header.subscriber_count, header.is_verified, header.has_avatar, bool(header.title)]
        facts += [None if header.description is None else bool(header.description)]
        facts += [None if header.links is None else len(header.links)]
    return dict(zip(PAGE_COLUMNS, map(written, facts), strict=True))


def message_facts(message: Message) -> dict[str, str]:
    facts = [
        message.number,
        message.posted_at.isoformat() if message.posted_at else None,
        message.is_service,
        message.is_repost,
        message.reposted_from_url,
        message.view_count,
        bool(message.text),
        len(message.text.splitlines()),
    ]
    return dict(zip(MESSAGE_COLUMNS, map(written, facts), strict=True))


def written(fact: Any) -> str:
    return "" if fact is None else "yes" if fact is True else "no" if fact is False else str(fact)


@pytest.mark.parametrize("name", names())
def test_a_recorded_page_tells_what_its_rows_say(name: str) -> None:
    page = telegram_page.parse(text_of(name))
    assert [page_facts(page)] == expected("pages", name), f"decide what {name} means and add it to telegram_pages.csv"
    assert [message_facts(one) for one in page.messages] == expected("messages", name)


@pytest.mark.parametrize("name", names())
def test_no_person_of_a_recorded_page_is_kept(name: str) -> None:
    page = telegram_page.parse(text_of(name))
    kept = f"{page.html} {page.messages}"
    assert not [person for person in ("Signed Author", "Some user", 't.me/some_user"', "Blah") if person in kept]


def test_a_recorded_short_channel_is_read_to_its_beginning() -> None:
    """Two messages in 2026, of which the first one says that the channel was created."""
    reading = read("prstnk_eprst_full_page_2026_two_posts", "prstnk_eprst")
    assert (reading.outcome, reading.reason, reading.reached_end) == ("collected", "", True)
    assert [post["post_id"] for post in reading.posts] == ["2"]


def test_a_recorded_page_that_comes_again_keeps_its_posts_and_is_partial() -> None:
    reading = read("xCareers_20posts_2020", "xCareers")
    assert (reading.outcome, reading.reason, len(reading.posts)) == ("partial", "paging_broken", 19)


def test_what_a_missing_channel_gives_is_no_preview() -> None:
    reading = read("nonexistent_channel_redirect_home_2026_truncated", "nobody")
    assert (reading.outcome, reading.reason, reading.posts) == ("not_collected", "no_preview", [])


def read(name: str, channel: str) -> Reading:
    """The reading of a long window when the same page comes for everything that is asked."""
    fake = FakeTelegram([])
    fake.channels[channel.lower()], fake.date = text_of(name), None
    return fake.read([target(channel)], Window(datetime(2020, 1, 1, tzinfo=UTC), NOW))[0]


def test_the_recordings_are_found() -> None:
    assert len(FILES) >= 20
