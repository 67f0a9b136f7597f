"""A preview page of t.me taken apart: the channel's header, its messages, the link to older ones.

There is no contract about the markup; how it looked from 2020 to 2026 is in `PLATFORMS.md`, section 2. What a page does
not say is None here. Private persons are taken out of the page before anything is read of it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from selectolax.lexbor import LexborHTMLParser, LexborNode

from kirovlib.platforms.http import TransientError

# Signatures, also of forwarded posts; what is replied to; who stands above a message (a channel may show its authors
# there); address cards.
_PERSONS = (
    '[class*="_from_author"], .tgme_widget_message_reply, .tgme_widget_message_author, .tgme_widget_message_user, '
    '.tgme_widget_message_author_name, [class*="message_contact"]'
)
# No evidence; the link to the program carries a mark of who asked.
_DECORATION = "svg, script, style, .tgme_footer, .tgme_channel_download_telegram"
_FORWARDED = '[class*="tgme_widget_message_forwarded_from"]'
_CHANNEL = '[class*="tgme_channel_info"]'
_TELEGRAM = re.compile(r'class="[^"]*\btgme_|<meta name="telegram:|<meta property="og:site_name" content="Telegram"')
_SOURCE_POST = re.compile(r"(?:https?:)?//(?:t|telegram)\.me/([A-Za-z]\w{1,63})/([0-9]{1,18})(?:[?#].*)?", re.ASCII)
_POST = re.compile(r"(\w{1,64})/([0-9]{1,18})", re.ASCII)
_COUNT = re.compile(r"([0-9]{1,12}(?:[.,][0-9]{1,6})?) ?([KMB]?)")
_UNITS = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
# Seen without the class of service messages, with views, in quotation marks. Nobody publishes these words alone.
_SERVICE_WORDS = re.compile(
    r"\W*Channel (?:created|(?:photo|video) (?:changed|updated|removed)|name was changed to «.*»)\W*"
)
_SUBSCRIBERS = frozenset({"member", "members", "subscriber", "subscribers"})
_SOURCE_BREAK = "\0"  # stands for white space of the markup's own layout; no parsed text can hold it


class PageError(Exception):
    """A channel's page that is not built as known; nothing may be concluded from it."""


@dataclass(frozen=True)
class Message:
    """A message of a channel; an album is one.

    Attributes:
        number: Its id; the first one of an album.
        posted_at: UTC; None where a service message does not say.
        is_service: Whether it is a note of Telegram's own («Channel created»), not a post.
        is_repost: Whether it is forwarded; None for a message without views, which may be a service message.
        reposted_from_url: The post it was forwarded from, when that is a channel's. None for persons, hidden or not.
        view_count: Rounded by Telegram from a thousand on.
        text: Plain text, blank for pictures and polls.
    """

    number: int
    posted_at: datetime | None
    is_service: bool
    is_repost: bool | None
    reposted_from_url: str | None
    view_count: int | None
    text: str


@dataclass(frozen=True)
class Header:
    """What the page says of the channel; None where it does not.

    Attributes:
        title: As shown.
        description: Plain text; blank when there is none.
        links: Title and address of the links in the description, searches for a hashtag left out.
        subscriber_count: Rounded by Telegram from a thousand on.
        is_verified: Telegram's own tick, not the mark of a state body.
        has_avatar: Whether there is a picture other than the letters that Telegram draws.
    """

    title: str | None
    description: str | None
    links: tuple[tuple[str, str], ...] | None
    subscriber_count: int | None
    is_verified: bool | None
    has_avatar: bool | None


@dataclass(frozen=True)
class Page:
    """A page of t.me.

    Attributes:
        is_channel: Whether it shows a channel, rather than a card or Telegram's home page.
        names: The channel's names, in small letters.
        channel_id: The channel's number, blank when the messages do not tell one and the same.
        header: None when the page has none.
        messages: In the order of the page, service messages too.
        before: The id that the link to older messages names; None without such a link.
        is_said_empty: Whether it says that there are no messages.
        html: The channel's part of the page, without private persons; blank when it shows none.
    """

    is_channel: bool
    names: frozenset[str]
    channel_id: str
    header: Header | None
    messages: tuple[Message, ...]
    before: int | None
    is_said_empty: bool
    html: str


def check(text: str) -> None:
    """Look whether a page is Telegram's at all, and whole: an office's block page says nothing of a channel.

    Raises:
        TransientError: It is not; another try may bring it.
    """
    if not is_telegram(text):
        msg = "вместо страницы Telegram пришло другое"
        raise TransientError(msg)
    if "</html>" not in text.lower():
        msg = "страница Telegram оборвана"
        raise TransientError(msg)


def is_telegram(text: str) -> bool:
    """Whether a page has the marks of t.me or telegram.org.

    Example:
        >>> is_telegram('<div class="tgme_page">'), is_telegram("Доступ к t.me ограничен")
        (True, False)
    """
    return _TELEGRAM.search(text) is not None


def parse(text: str) -> Page:
    """A page of t.me.

    Raises:
        PageError: A message is not built as known.
    """
    tree = LexborHTMLParser(text)
    _remove_persons(tree)
    shown = tree.css(".tgme_widget_message[data-post]")
    parts = tree.css(".tgme_channel_info, .tgme_channel_history")
    has_header = tree.css_first(_CHANNEL) is not None
    is_channel = bool(parts or shown) or has_header
    posts = [_post(node) for node in shown]
    return Page(
        is_channel=is_channel,
        names=_names(tree) | {name.lower() for name, _ in posts},
        channel_id=_channel_id(shown),
        header=_header(tree) if has_header else None,
        messages=tuple(_message(node, number) for node, (_, number) in zip(shown, posts, strict=True)),
        before=_before(tree),
        is_said_empty=tree.css_first(".tme_no_messages_found") is not None,
        html="\n".join(node.html or "" for node in parts or shown),
    )


def number_of(shown: str) -> int | None:
    """A count as Telegram shows it, rounded from a thousand on; None for any other text.

    Example:
        >>> [number_of(shown) for shown in ("989", "1.2K", "18.9M", "")]
        [989, 1200, 18900000, None]
    """
    found = _COUNT.fullmatch(shown.strip())
    return int(Decimal(found[1].replace(",", ".")) * _UNITS[found[2]]) if found else None


def _remove_persons(tree: LexborHTMLParser) -> None:
    # Looked for anew each time: a node may lie within one that is gone already.
    while (node := tree.css_first(f"{_PERSONS}, {_DECORATION}")) is not None:
        node.decompose()
    for link in tree.css('a[href^="tg:"]'):  # a mention of a person without a name leads to the person's number
        link.attrs["href"] = ""
    # Of where a message was forwarded from only the address of a channel's post stays: that alone has a number, all
    # else, in a link or as text, may be a person's name.
    while (node := tree.css_first(f"{_FORWARDED}:not([data-source])")) is not None:
        node.attrs["data-source"] = next((url for url in map(_source, [node, *node.css("a")]) if url), "")
        if "href" in node.attributes:
            node.attrs["href"] = ""
        for child in list(node.iter(include_text=True)):
            child.decompose()


def _source(link: LexborNode) -> str | None:
    found = _SOURCE_POST.fullmatch(link.attributes.get("href") or "")
    return f"https://t.me/{found[1]}/{found[2]}" if found else None


def _names(tree: LexborHTMLParser) -> frozenset[str]:
    told = [
        _attribute(tree, "main.tgme_main", "data-url"),
        _attribute(tree, ".tgme_channel_info_header_username a", "href"),
        _attribute(tree, 'link[rel="canonical"]', "href"),
    ]
    found = (re.search(r"(?:^|//(?:t|telegram)\.me)/(?:s/)?(\w+)", one or "", re.ASCII) for one in told)
    return frozenset(one[1].lower() for one in found if one)


def _post(node: LexborNode) -> tuple[str, int]:
    found = _POST.fullmatch(node.attributes.get("data-post") or "")
    if not found:
        msg = "a message without name and number"
        raise PageError(msg)
    return found[1], int(found[2])


def _message(node: LexborNode, number: int) -> Message:
    words = _text(node.css_first(".tgme_widget_message_text"))
    views = node.css_first(".tgme_widget_message_views")
    forwarded = node.css_first(_FORWARDED)
    is_service = forwarded is None and (
        node.css_matches(".service_message")
        or node.css_first(".tgme_widget_service_strong_text") is not None
        or _SERVICE_WORDS.fullmatch(words) is not None
    )
    posted_at = _moment(node)
    if posted_at is None and not is_service:
        msg = f"message {number} has no time"
        raise PageError(msg)
    return Message(
        number=number,
        posted_at=posted_at,
        is_service=is_service,
        is_repost=True if forwarded is not None else None if views is None or is_service else False,
        reposted_from_url=(forwarded.attributes.get("data-source") or None) if forwarded is not None else None,
        view_count=number_of(views.text()) if views is not None else None,
        text=words,
    )


def _moment(node: LexborNode) -> datetime | None:
    """When a message was published, by the offset that stands there; a video's length is a `time` too."""
    time = node.css_first(".tgme_widget_message_meta time[datetime]")
    if time is None:
        return None
    try:
        moment = datetime.fromisoformat(time.attributes.get("datetime") or "")
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    msg = "a time without an offset, or none at all"
    raise PageError(msg)


def _text(node: LexborNode | None) -> str:
    """Plain text with the line breaks that are seen; line breaks of the markup itself are none."""
    if node is None:
        return ""
    found = []
    for part in node.traverse(include_text=True):
        if part.tag == "br":
            found.append("\n")
        elif part.is_text_node:
            found.append(re.sub(r"[ \t\r]*\n\s*", _SOURCE_BREAK, part.text_content or ""))
    text = re.sub(f"{_SOURCE_BREAK}*\n{_SOURCE_BREAK}*", "\n", "".join(found))
    return text.replace(_SOURCE_BREAK, " ").strip()


def _channel_id(shown: Iterable[LexborNode]) -> str:
    """The channel's number: messages carry it, as a negative one, in what counts their views; blank when none does.

    Raises:
        PageError: Messages carry different ones.
    """
    told = {_counted_in(node) for node in shown} - {""}
    if len(told) > 1:
        msg = "messages of several channels"
        raise PageError(msg)
    return told.pop() if told else ""


def _counted_in(node: LexborNode) -> str:
    coded, (_, number) = node.attributes.get("data-view") or "", _post(node)
    try:
        view = json.loads(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
    except (ValueError, RecursionError):
        return ""
    # An album's number has a letter after it; any other number is not the message's.
    if not isinstance(view, dict) or str(view.get("p")) not in {str(number), f"{number}g"}:
        return ""
    found = re.fullmatch(r"-([1-9][0-9]{0,17})", str(view.get("c")))
    return found[1] if found else ""


def _before(tree: LexborHTMLParser) -> int | None:
    link = _attribute(tree, "a.tme_messages_more[data-before]", "data-before") or ""
    address = _attribute(tree, 'link[rel="prev"]', "href") or ""
    found = re.fullmatch(r"[0-9]{1,18}", link) or re.search(r"(?<=[?&]before=)[0-9]{1,18}", address)
    return int(found[0]) if found else None


def _header(tree: LexborHTMLParser) -> Header:
    title = tree.css_first(".tgme_channel_info_header_title")
    described = tree.css_first(".tgme_channel_info_description")
    # Without a description the page has no element for it; only the head says that it is blank.
    is_blank = described is None and _attribute(tree, 'meta[property="og:description"]', "content") == ""
    labels = tree.css_first(".tgme_channel_info_header_labels")
    is_verified = tree.css_first(".tgme_channel_info_header i.verified-icon") is not None
    return Header(
        title=_text(title) if title is not None else _attribute(tree, 'meta[property="og:title"]', "content"),
        description=_text(described) if described is not None else "" if is_blank else None,
        links=_links(described) if described is not None else () if is_blank else None,
        subscriber_count=_subscribers(tree),
        is_verified=True if is_verified else None if labels is None else False,
        has_avatar=_has_avatar(_attribute(tree, ".tgme_channel_info i.tgme_page_photo_image img", "src") or ""),
    )


def _links(described: LexborNode) -> tuple[tuple[str, str], ...]:
    found = ((_text(link), link.attributes.get("href") or "") for link in described.css("a[href]"))
    return tuple((title, url) for title, url in found if url and not url.startswith("?"))


def _subscribers(tree: LexborHTMLParser) -> int | None:
    for counter in tree.css(".tgme_channel_info_counter"):
        value, kind = counter.css_first(".counter_value"), counter.css_first(".counter_type")
        if value is not None and kind is not None and kind.text().strip().lower() in _SUBSCRIBERS:
            return number_of(value.text())
    return None


def _has_avatar(source: str) -> bool | None:
    """Letters that stand for a missing picture are drawn in place; no picture at all is not told."""
    return True if re.match(r"(?:https?:)?//", source) else False if source.startswith("data:image/svg") else None


def _attribute(tree: LexborHTMLParser, selector: str, name: str) -> str | None:
    node = tree.css_first(selector)
    return None if node is None else node.attributes.get(name)
