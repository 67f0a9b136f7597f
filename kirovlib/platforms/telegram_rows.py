"""What a preview page tells as rows of our tables."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from kirovlib import tables
from kirovlib.platforms.telegram_feed import Seen
from kirovlib.platforms.telegram_page import Header
from kirovlib.registry import addresses

PLATFORM = "telegram"


def name(url: str) -> str:
    """The channel's name behind an address, in small letters; blank where there is none.

    Example:
        >>> name("https://t.me/s/Kirov_news"), name("https://t.me/+abc")
        ('kirov_news', '')
    """
    address = addresses.parse(url)
    return address.key if isinstance(address, addresses.Address) and address.platform == PLATFORM else ""


def post_url(url: str, number: int) -> str:
    """The address of a post, with the name spelled as in the register: so it stands in posts from files too.

    Args:
        url: The register's address of the channel.

    Example:
        >>> post_url("https://t.me/s/Kirov_news", 7)
        'https://t.me/Kirov_news/7'
    """
    key = name(url)
    spelled = re.search(rf"/@?({re.escape(key)})\b", url, re.IGNORECASE | re.ASCII)
    return f"https://t.me/{spelled[1] if spelled else key}/{number}"


def post_row(account_id: str, url: str, seen: Seen) -> dict[str, Any]:
    """A message as a row of `Posts` (without run_id, batch, version); only the channel itself can post.

    Telegram says that a post was edited, but not when; what is pinned or an advertisement it does not say here.
    """
    message = seen.message
    return {
        "account_id": account_id,
        "post_id": str(message.number),
        "posted_at": message.posted_at,
        "own": True,
        "is_repost": message.is_repost,
        "reposted_from_url": message.reposted_from_url,
        "is_ad": None,
        "is_pinned": None,
        "edited_at": None,
        "text": message.text,
        "url": post_url(url, message.number),
        "observed_at": seen.answered_at,
        "last_seen_at": seen.answered_at,
        "missed_at": None,
        "raw_sha256": seen.sha256,
    }


def metrics_row(account_id: str, seen: Seen) -> dict[str, Any]:
    """A message's views as a row of `PostMetrics` (without run_id and batch); the rest is not shown."""
    return {
        "account_id": account_id,
        "post_id": str(seen.message.number),
        "observed_at": seen.answered_at,
        "view_count": seen.message.view_count,
        "like_count": None,
        "comment_count": None,
        "reshared_count": None,
    }


def profile_row(account_id: str, header: Header, channel_id: str, seen_at: datetime, sha256: str) -> dict[str, Any]:
    """A channel's header as a row of `ProfileSnapshots` (without run_id and batch); what is not told stays blank.

    Channels have no menu, button or cover, and Telegram's tick is not the mark of a state body.
    """
    links = header.links
    return {
        "account_id": account_id,
        "platform_id": channel_id or None,
        "collected_at": seen_at,
        "name": header.title,
        "description": header.description,
        "has_avatar": header.has_avatar,
        "has_cover": None,
        "phone": None,
        "email": None,
        "address": None,
        "site": None,
        "subscriber_count": header.subscriber_count,
        "verified": header.is_verified,
        "government_mark": None,
        "menu": None,
        "links": None if links is None else tables.to_json([_link(title, url) for title, url in links]),
        "action_button": None,
        "status": "live",
        "raw_sha256": sha256,
    }


def _link(title: str, url: str) -> dict[str, str]:
    return {"title": title, "url": url, "type": "description"}
