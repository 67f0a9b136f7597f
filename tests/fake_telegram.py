"""t.me for `httpx.MockTransport`: pages of channels made of a few marks, in the markup of 2020 or of 2026."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx

from kirovlib.platforms.base import NetworkStoppedError, Reading, Target, Window
from kirovlib.platforms.http import Http
from kirovlib.platforms.telegram import Telegram

URL = "https://t.test/"
NOW = datetime(2024, 5, 27, 6, tzinfo=UTC)
WINDOW = Window(datetime(2024, 5, 19, 21, tzinfo=UTC), datetime(2024, 5, 26, 21, tzinfo=UTC))
PERSON = "PLANTED-PERSON"
PAGE_SIZE = 20
Fault = Callable[[str, dict[str, str]], Any]

HOME = '<html><head><meta property="og:site_name" content="Telegram"></head><body class="preload"></body></html>'
CARD = (
    f'<html><body><div class="tgme_page"><div class="tgme_page_title">{PERSON}</div>'
    '<div class="tgme_page_extra">120 members</div></div></body></html>'
)
BLOCK_PAGE = "<html><body><h1>Доступ к t.me ограничен</h1></body></html>"
EMPTY = (
    '<div class="tgme_widget_message_wrap"><div class="tgme_widget_message_centered">'
    '<div class="tme_no_messages_found">No posts found</div></div></div>'
)


def moment(hours: float) -> datetime:
    """So many hours after the window's start."""
    return WINDOW.starts_at + timedelta(hours=hours)


def forwarded(inner: str) -> str:
    return f'<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from&nbsp;{inner}</div>'


def linked(url: str, text: str = "Somebody") -> str:
    return forwarded(
        f'<a class="tgme_widget_message_forwarded_from_name" href="{url}"><span dir="auto">{text}</span></a>'
    )


def message(number: int, hours: float, **more: Any) -> dict[str, Any]:
    """A message; `more` replaces parts of it: text, body (before the text), views, meta, time, classes, channel_id."""
    return {"number": number, "time": f"{moment(hours):%Y-%m-%dT%H:%M:%S}+00:00", "text": f"words {number}"} | more


def html_of(name: str, one: dict[str, Any]) -> str:
    post, views, text = f"{name}/{one['number']}", one.get("views", "12"), one["text"]
    counted = {"c": -one.get("channel_id", 77), "p": one.get("counted", one["number"]), "t": 1, "h": "x"}
    view = base64.urlsafe_b64encode(json.dumps(counted).encode()).decode().rstrip("=")
    words = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{text}</div>' if text else ""
    shown = f'<span class="tgme_widget_message_views">{views}</span>' if views else ""
    time = f'<time datetime="{one["time"]}" class="time">10:00</time>' if one["time"] else ""
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        f'<div class="tgme_widget_message {one.get("classes", "")} js-widget_message" data-post="{post}" '
        f'data-view="{view}"><div class="tgme_widget_message_bubble">{one.get("body", "")}{words}'
        '<div class="tgme_widget_message_footer"><div class="tgme_widget_message_info">'
        f'{shown}<span class="tgme_widget_message_meta">{one.get("meta", "")}'
        f'<a class="tgme_widget_message_date" href="https://t.me/{post}">{time}</a></span></div></div></div></div></div>'
    )


def header_of(name: str, description: str = "About") -> str:
    described = f'<div class="tgme_channel_info_description">{description}</div>' if description else ""
    return (
        '<div class="tgme_channel_info"><div class="tgme_channel_info_header">'
        '<i class="tgme_page_photo_image"><img src="https://cdn.test/a.jpg"></i>'
        f'<div class="tgme_channel_info_header_title"><span dir="auto">Channel {name}</span></div>'
        '<div class="tgme_channel_info_header_labels"></div>'
        f'<div class="tgme_channel_info_header_username"><a href="https://t.me/{name}">@{name}</a></div></div>'
        '<div class="tgme_channel_info_counters"><div class="tgme_channel_info_counter">'
        '<span class="counter_value">1.5K</span> <span class="counter_type">subscribers</span></div></div>'
        f"{described}</div>"
    )


def page_of(
    name: str, messages: Iterable[dict[str, Any]], before: int | None = None, *, year: int = 2026, header: str = "?"
) -> str:
    """A whole page.

    Args:
        before: What the link to older messages names; None for no link.
        year: In 2020 the link stood alone in the section, later in an element of its own.
        header: Another one than the usual.
    """
    more = f'<a href="/s/{name}?before={before}" class="tme_messages_more js-messages_more" data-before="{before}"></a>'
    if year > 2020:
        more = f'<div class="tgme_widget_message_centered js-messages_more_wrap">{more}</div>'
    shown = "".join(html_of(name, one) for one in messages) or EMPTY
    return (
        f'<!DOCTYPE html><html><head><meta property="og:site_name" content="Telegram"></head><body>'
        f'{header_of(name) if header == "?" else header}<main class="tgme_main" data-url="/{name}">'
        f'<section class="tgme_channel_history js-message_history">{more if before else ""}{shown}</section></main>'
        "</body></html>\n<!-- page generated in 22.94ms -->"
    )


def target(name: str, platform_id: str = "", learnt_id: str = "") -> Target:
    return Target(f"telegram:{name.lower()}", f"https://t.me/{name}", platform_id, learnt_id)


class FakeTelegram:
    """`channels` maps a name to its messages (oldest first) or to any text as the page; other names show the home."""

    def __init__(self, names: Sequence[str] = ("alpha", "bravo", "charlie"), fault: Fault | None = None) -> None:
        hours = (-30, -20, 1, 30, 100)
        self.channels: dict[str, Any] = {
            name: [message(number, hour) for number, hour in enumerate(hours, 11)] for name in names
        }
        self.fault, self.year = fault, 2026
        self.has_link = True
        self.date: datetime | None = NOW
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._lock = threading.Lock()

    def read(self, targets: Iterable[Target] | None = None, window: Window = WINDOW) -> list[Reading]:
        return list(self.telegram().readings(list(targets or map(target, self.channels)), window))

    def one(self, messages: Any, window: Window = WINDOW, **known: str) -> Reading:
        """The reading of a channel with these messages alone."""
        self.channels = {"alpha": messages}
        return self.read([target("alpha", **known)], window)[0]

    def read_until_stopped(
        self, targets: Iterable[Target] | None = None, stopping: threading.Event | None = None
    ) -> tuple[list[Reading], NetworkStoppedError | None]:
        readings: list[Reading] = []
        try:
            for reading in self.telegram(stopping).readings(list(targets or map(target, self.channels)), WINDOW):
                readings.append(reading)  # noqa: PERF402 - what came before the error counts
        except NetworkStoppedError as stopped:
            return readings, stopped
        return readings, None

    def telegram(self, stopping: threading.Event | None = None) -> Telegram:
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        http = Http(client, lambda: NOW, per_second=0, longest_wait=0, stopping=stopping)
        return Telegram(http, URL)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name, query = request.url.path.removeprefix("/s/"), dict(request.url.params)
        headers = {"Date": format_datetime(self.date, usegmt=True)} if self.date else {}
        if "/" in name:  # below the site's root: a card or the home page
            return httpx.Response(200, text=CARD if name.startswith("/group") else HOME, headers=headers)
        with self._lock:
            self.asked.append((name, query))
        answer = self.fault(name, query) if self.fault else None
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        channel = answer if answer is not None else self.channels.get(name)
        if channel is None:
            return httpx.Response(302, headers={"Location": f"/{name}" if name.startswith("group") else "/"})
        text = channel if isinstance(channel, str) else self.page(name, channel, query)
        return httpx.Response(200, content=text.encode(), headers=headers | {"Content-Type": "text/html"})

    def page(self, name: str, messages: Sequence[dict[str, Any]], query: dict[str, str]) -> str:
        before = int(query["before"]) if re.fullmatch(r"\d+", query.get("before", "")) else 10**9
        older = [one for one in messages if one["number"] < before]
        shown = older[-PAGE_SIZE:]
        link = shown[0]["number"] if len(older) > len(shown) and self.has_link else None
        return page_of(name, shown, link, year=self.year)
