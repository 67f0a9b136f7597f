"""The markup of t.me: our own pages with the classes, nesting and attributes that recorded ones have.

Two ages of it: `2020` and `2026`. What came from the world is escaped as Telegram escapes it.
"""

from __future__ import annotations

import base64
import html
import urllib.parse
from collections.abc import Sequence

from kirovlib.sandbox.telegram_messages import OLD_MARKUP, Channel, Message
from kirovlib.sandbox.texts import SERVICE_LOOKALIKE

PHOTOS = "https://photo.sandbox.invalid/telegram"
_NOT_SUPPORTED = (
    '<div class="message_media_not_supported_wrap"><div class="message_media_not_supported">'
    '<div class="message_media_not_supported_label">{label}</div>{link}</div></div>'
)
_EMOJI = (
    '<tg-emoji emoji-id="5348230282140993341"><i class="emoji" '
    "style=\"background-image:url('//telegram.org/img/emoji/40/F09F8FA0.png')\"><b>🏠</b></i></tg-emoji> "
)
_STYLE = '<link href="//telegram.org/css/telegram-web.css?39" rel="stylesheet" media="screen">'
_GENERATED = "<!-- page generated in 13.1ms -->"
_MILLION, _THOUSAND = 1_000_000, 1_000


def channel_page(channel: Channel, messages: Sequence[Message], *, older: int, newer: int) -> str:
    """A page of a channel's posts.

    Args:
        channel: The channel.
        messages: What is shown, oldest first.
        older: The id that the link to older messages names, 0 for no link.
        newer: The same for newer ones.
    """
    is_old = channel.markup == OLD_MARKUP
    title, address = escaped(channel.title), f"/s/{channel.name}"
    head = [f'<link rel="prev" href="{address}?before={older}">'] if older else []
    head += [f'<link rel="next" href="{address}?after={newer}">'] if newer else []
    shown = "".join(_wrapped(channel, message) for message in messages) or _NOTHING_FOUND
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html><head><meta charset="utf-8"><title>{title} – Telegram</title>',
            f'<meta property="og:title" content="{title}">',
            '<meta property="og:site_name" content="Telegram">',
            f'<meta property="og:description" content="{escaped(channel.description)}">',
            f'<meta property="al:ios:url" content="tg://resolve?domain={channel.name}">',
            *head,
            f'<link rel="canonical" href="{address}">',
            f"{_STYLE}</head>",
            f'<body class="widget_frame_base {"tgme_widget" if is_old else "tgme_webpreview"} emoji_image">',
            _header(channel),
            f'<main class="tgme_main" data-url="/{channel.name}"><div class="tgme_container">',
            '<section class="tgme_channel_history js-message_history">',
            _more(channel, "before", older),
            shown,
            _more(channel, "after", newer),
            "</section></div></main>",
            '<script src="//telegram.org/js/telegram-web.js?14"></script>',
            "<script>TWeb.init();</script></body></html>",
            _GENERATED,
        ]
    )


def card(found: Channel | None, name: str) -> str:
    """What stands at a name, without messages.

    Args:
        found: The channel or group; None for a free name.
        name: The name as asked for.
    """
    if found is None:
        title, button = escaped(f"Telegram: Contact @{name}"), "Send Message"
        shown = _described(f"If you have Telegram, you can contact @{escaped(name)} right away.")
    else:
        title, button = escaped(found.title), "View in Telegram"
        counted = f"{found.members:,}".replace(",", " ")
        what = _plural(found.members, "member" if found.is_group else "subscriber")
        shown = (
            f'<div class="tgme_page_title" dir="auto"><span dir="auto">{title}</span></div>'
            f'<div class="tgme_page_extra">{counted} {what}</div>{_described(broken(found.description))}'
        )
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>Telegram: View @{escaped(name)}</title>'
        f'<meta property="og:title" content="{title}"><meta property="og:site_name" content="Telegram">{_STYLE}</head>'
        '<body class="no_transition"><div class="tgme_page_wrap"><div class="tgme_body_wrap"><div class="tgme_page">'
        f'{shown}<div class="tgme_page_action"><a class="tgme_action_button_new" '
        f'href="tg://resolve?domain={escaped(name)}">{button}</a></div></div></div></div></body></html>\n{_GENERATED}'
    )


def home() -> str:
    """The home page of telegram.org."""
    return (
        '<!DOCTYPE html>\n<html class=""><head><meta charset="utf-8"><title>Telegram Messenger</title>'
        '<meta property="og:site_name" content="Telegram"><meta name="telegram:channel" content="@telegram"></head>'
        '<body class="preload"><div class="tl_page_wrap"><div class="tl_page_head navbar navbar-static-top"></div>'
        "<h1>Telegram</h1><p>A new era of messaging.</p></div></body></html>"
    )


def escaped(text: str) -> str:
    """Text for markup and attributes; Telegram writes the exclamation mark as an entity too.

    Example:
        >>> escaped("<b> & co!")
        '&lt;b&gt; &amp; co&#33;'
    """
    return html.escape(text).replace("!", "&#33;")


def broken(text: str) -> str:
    """Escaped text with its line breaks, and with links at its hashtags."""
    lines = [" ".join(_word(word) for word in line.split(" ")) for line in text.split("\n")]
    return "<br/>".join(lines)


def shortened(count: int) -> str:
    """A count as it is shown: rounded from a thousand on.

    Example:
        >>> [shortened(count) for count in (999, 1_234, 60_000, 436_640, 3_100_000)]
        ['999', '1.2K', '60K', '436.6K', '3.1M']
    """
    for unit, letter in ((_MILLION, "M"), (_THOUSAND, "K")):
        if count >= unit:
            return f"{int(count / unit * 10) / 10:g}{letter}"
    return str(count)


_NOTHING_FOUND = (
    '<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message_centered">'
    '<div class="tme_no_messages_found">No posts found</div></div></div>'
)


def _described(text: str) -> str:
    return f'<div class="tgme_page_description">{text}</div>'


def _word(word: str) -> str:
    if word.startswith("#") and len(word) > 1:
        return f'<a href="?q={urllib.parse.quote(word)}">{escaped(word)}</a>'
    return escaped(word)


def _header(channel: Channel) -> str:
    title = f'<span dir="auto">{escaped(channel.title)}</span>'
    titled = f'<div class="tgme_channel_info_header_title">{title}</div>'
    tick = '<i class="verified-icon"> ✔</i>' if channel.is_verified else ""
    if channel.markup != OLD_MARKUP:
        labels = f'<div class="tgme_channel_info_header_labels">{tick}</div>'
        titled = f'<div class="tgme_channel_info_header_title_wrap">{titled}{labels}</div>'
    what = "member" if channel.markup == OLD_MARKUP else "subscriber"
    media = [message.media for message in channel.messages for _ in range(message.count)]
    counters = [(channel.members, what), *((media.count(kind), kind) for kind in ("photo", "video"))]
    counted = "".join(
        f'<div class="tgme_channel_info_counter"><span class="counter_value">{shortened(count)}</span> '
        f'<span class="counter_type">{_plural(count, word)}</span></div>'
        for count, word in counters
        if count
    )
    return (
        '<header class="tgme_header search_collapsed"><div class="tgme_container">'
        '<div class="tgme_header_right_column"><section class="tgme_right_column"><div class="tgme_channel_info">'
        '<div class="tgme_channel_info_header"><i class="tgme_page_photo_image bgcolor6" data-content="к">'
        f'<img src="{PHOTOS}/{channel.name}.jpg"></i>{titled}<div class="tgme_channel_info_header_username">'
        f'<a href="https://t.me/{channel.name}">@{channel.name}</a></div></div>'
        f'<div class="tgme_channel_info_counters">{counted}</div>'
        f'<div class="tgme_channel_info_description">{broken(channel.description)}</div>'
        '</div></section></div><div class="tgme_header_info">'
        f'<a class="tgme_header_link" href="https://t.me/{channel.name}"><div class="tgme_header_title">{title}</div>'
        f'<div class="tgme_header_counter">{shortened(channel.members)} {_plural(channel.members, what)}</div></a>'
        "</div></div></header>"
    )


def _more(channel: Channel, way: str, number: int) -> str:
    """The link to a neighbouring page; blank without one."""
    if not number:
        return ""
    link = (
        f'<a href="/s/{channel.name}?{way}={number}" class="tme_messages_more js-messages_more" '
        f'data-{way}="{number}"></a>'
    )
    if channel.markup == OLD_MARKUP:
        return link
    return f'<div class="tgme_widget_message_centered js-messages_more_wrap">{link}</div>'


def _wrapped(channel: Channel, message: Message) -> str:
    is_old = channel.markup == OLD_MARKUP
    post = f"{channel.name}/{message.number}"
    classes = ["tgme_widget_message", "force_userpic" if is_old else "text_not_supported_wrap"]
    classes += ["service_message"] if message.is_service else []
    view = base64.urlsafe_b64encode(f'{{"c":-1,"p":"{post}"}}'.encode()).decode().rstrip("=")
    accent = "" if is_old else " accent_color"
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        f'<div class="{" ".join(classes)} js-widget_message" data-post="{post}" data-view="{view}">'
        f'<div class="tgme_widget_message_user"><a href="https://t.me/{channel.name}">'
        f'<i class="tgme_widget_message_user_photo bgcolor6" data-content="к"></i></a></div>'
        '<div class="tgme_widget_message_bubble">'
        f'<div class="tgme_widget_message_author{accent}"><a class="tgme_widget_message_owner_name" '
        f'href="https://t.me/{channel.name}"><span dir="auto">{escaped(channel.title)}</span></a></div>'
        f"{_forwarded(message, accent)}{_reply(channel, message)}{_body(channel, message)}{_footer(channel, message)}"
        "</div></div></div>\n"
    )


def _forwarded(message: Message, accent: str) -> str:
    if not message.is_forward:
        return ""
    title = f'<span dir="auto">{escaped(message.source_title)}</span>'
    name = "tgme_widget_message_forwarded_from_name"
    source = (
        f'<a class="{name}" href="https://t.me/{message.source_name}">{title}</a>'
        if message.source_name
        else f'<span class="{name}" dir="auto">{escaped(message.source_title)}</span>'
    )
    return f'<div class="tgme_widget_message_forwarded_from{accent}">Forwarded from&nbsp;{source}</div>'


def _reply(channel: Channel, message: Message) -> str:
    """What it answers to; newer pages give the quotation the class of a text."""
    if not message.reply_to:
        return ""
    kind = "tgme_widget_message_metatext" if channel.markup == OLD_MARKUP else "tgme_widget_message_text"
    return (
        f'<a class="tgme_widget_message_reply" href="https://t.me/{channel.name}/{message.reply_to}">'
        '<div class="tgme_widget_message_author accent_color">'
        f'<span class="tgme_widget_message_author_name" dir="auto">{escaped(channel.title)}</span></div>'
        f'<div class="{kind} js-message_reply_text" dir="auto">Сообщение, на которое отвечают</div></a>'
    )


def _body(channel: Channel, message: Message) -> str:
    """Pictures and text; in 2026 even plain text stands beside a note that it may not be supported."""
    is_new = channel.markup != OLD_MARKUP
    is_word = message.is_service or message.text == SERVICE_LOOKALIKE
    emoji = _EMOJI if is_new and message.number % 5 == 0 and not is_word else ""
    text = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{emoji}{broken(message.text)}</div>'
    if message.count > 1:
        text = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{text}</div>'
    body = _media(channel, message) + text
    if not is_new or message.is_service:
        return body
    href = f"https://t.me/{channel.name}/{message.number}"
    link = f'<a href="{href}" class="message_media_view_in_telegram">VIEW IN TELEGRAM</a>'
    note = _NOT_SUPPORTED.format(label="Please open Telegram to view this post", link=link)
    return f'<div class="media_supported_cont">{body}</div><div class="media_not_supported_cont">{note}</div>'


def _media(channel: Channel, message: Message) -> str:
    href = f"https://t.me/{channel.name}/{message.number}"
    if message.count > 1:
        pictures = "".join(
            '<a class="tgme_widget_message_photo_wrap grouped_media_wrap blured js-message_photo" '
            f"style=\"width:150px;background-image:url('{PHOTOS}/{channel.name}/{number}.jpg')\" "
            f'href="https://t.me/{channel.name}/{number}?single"><div class="grouped_media_helper"></div></a>'
            for number in range(message.number, message.number + message.count)
        )
        return (
            '<div class="tgme_widget_message_grouped_wrap js-message_grouped_wrap" style="width:453px;">'
            '<div class="tgme_widget_message_grouped js-message_grouped">'
            f'<div class="tgme_widget_message_grouped_layer js-message_grouped_layer">{pictures}</div></div></div>'
        )
    if message.media == "photo":
        return (
            f'<a class="tgme_widget_message_photo_wrap 99{message.number} 131_{message.number}" href="{href}" '
            f"style=\"background-image:url('{PHOTOS}/{channel.name}/{message.number}.jpg')\">"
            '<div class="tgme_widget_message_photo"></div></a>'
        )
    if message.media == "video":
        label = _NOT_SUPPORTED.format(
            label="Media is too big", link='<span class="message_media_view_in_telegram">VIEW IN TELEGRAM</span>'
        )
        return (
            f'<a class="tgme_widget_message_video_player not_supported js-message_video_player" href="{href}">'
            '<i class="tgme_widget_message_video_thumb"></i>'
            f'<time class="message_video_duration js-message_video_duration">0:{message.number % 50 + 10}</time>'
            f"{label}</a>"
        )
    return ""


def _footer(channel: Channel, message: Message) -> str:
    """Views, signature, the word for edited ones, and the time; service messages have no views."""
    views = (
        f'<span class="tgme_widget_message_views">{shortened(message.views)}</span>'
        f'<span class="copyonly"> {_plural(message.views, "view")}</span>'
        if message.views
        else ""
    )
    signed = (
        f'<span class="tgme_widget_message_from_author" dir="auto">{escaped(message.signature)}</span>,&nbsp;'
        if message.signature
        else ""
    )
    edited = "edited &nbsp;" if message.is_edited else ""
    kind = "" if channel.markup == OLD_MARKUP else ' class="time"'
    moment = f'<time datetime="{message.posted_at:%Y-%m-%dT%H:%M:%S}+00:00"{kind}>{message.posted_at:%H:%M}</time>'
    return (
        '<div class="tgme_widget_message_footer compact js-message_footer">'
        f'<div class="tgme_widget_message_info short js-message_info">{views}<span class="tgme_widget_message_meta">'
        f'{signed}{edited}<a class="tgme_widget_message_date" href="https://t.me/{channel.name}/{message.number}">'
        f"{moment}</a></span></div></div>"
    )


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
