"""Telegram: the public preview of channels, `https://t.me/s/<name>`, which needs no key.

How it behaves was only ever observed (`PLATFORMS.md`, section 2). Whether there is a channel is told by the markup,
never by the status: a card or the home page is `no_preview` and proves nothing; what is not Telegram's page at all (an
office's block page, half a page) is no answer. `telegram_page` takes pages apart, `telegram_feed` pages through a
channel, `telegram_rows` makes rows.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kirovlib.errors import NetworkError
from kirovlib.platforms import base, telegram_page, telegram_rows
from kirovlib.platforms.client import Client
from kirovlib.platforms.http import Answer, TransientError, opened
from kirovlib.platforms.ordered import in_order
from kirovlib.platforms.telegram_feed import FeedReader, likely_pages
from kirovlib.platforms.telegram_page import Header, Page, PageError
from kirovlib.settings import Settings

REQUESTS_PER_SECOND = 2.0  # no limit is published; others pause half a second
_PARALLEL = 4  # requests under way at once: the pace limits the starts, this hides the latency
_HOME = "https://t.me/"


@dataclass
class _Account:
    target: base.Target
    name: str
    feed: FeedReader
    header: Header | None = None
    header_sha256: str = ""
    header_at: datetime | None = None
    channel_id: str = ""
    raw: list[dict[str, Any]] = field(default_factory=list)


class Telegram(Client):
    """Telegram's client.

    Args:
        http: Transport with the network's pace.
        url: Address of the site, with a trailing slash.

    Attributes:
        stopped: Why the network was left, if it was: nothing is sent after that.
    """

    name = telegram_rows.PLATFORM

    def plan(self, targets: Sequence[base.Target], window: base.Window) -> base.Plan:
        """See `base.Platform`: pages of twenty messages, at four posts a week."""
        return base.Plan(len(targets) * likely_pages(window), self._http.per_second)

    def readings(self, targets: Sequence[base.Target], window: base.Window) -> Iterator[base.Reading]:
        """See `base.Platform`: several channels at once; yields in the order given.

        When the network stops, the accounts in hand come with what they have, then the error.
        """

        def still_wanted() -> Iterator[base.Target]:
            for target in targets:
                if self.stopped is not None:
                    return
                yield target

        yield from in_order(lambda target: self._reading(target, window), still_wanted(), _PARALLEL)
        if self.stopped is not None:
            raise self.stopped

    def identities(self, targets: Sequence[base.Target]) -> Iterator[base.Identity]:
        """See `base.Platform`; one page each.

        Nothing is told of a channel at the address of another (`address_moved`): its number is not the account's.
        """
        return in_order(self._identity, targets, _PARALLEL)

    def _reading(self, target: base.Target, window: base.Window) -> base.Reading:
        account = _Account(target, telegram_rows.name(target.url), FeedReader(window))
        if not account.name:
            account.feed.fail("address_unknown")
        try:
            while (query := account.feed.next_request()) is not None:
                self._read_page(account, query)
        except base.NetworkStoppedError as stopped:
            account.feed.fail(stopped.reason)
        return _made(account)

    def _read_page(self, account: _Account, query: dict[str, int]) -> None:
        feed = account.feed
        try:
            answer = self._page(account.name, query)
            page = telegram_page.parse(answer.body)
        except TransientError:
            feed.fail("no_answer")
            return
        except PageError:
            feed.fail("answer_not_understood")
            return
        reason = _mismatch(account, page)
        asked = {"url": f"{_HOME}s/{account.name}", **query}
        # Of another channel nothing is kept but its number, and of a card nothing at all: it may be a person's.
        body = {"channel_id": page.channel_id, "html": "" if reason else page.html}
        record = base.raw_record(account.target.account_id, "preview", asked, answer.received_at, body)
        account.raw.append(record)
        if reason:
            feed.fail(reason)
            return
        account.channel_id = account.channel_id or page.channel_id
        if account.header is None and page.header is not None:
            account.header, account.header_sha256 = page.header, record["sha256"]
            account.header_at = answer.received_at
        feed.take(page, answer.received_at, record["sha256"])

    def _identity(self, target: base.Target) -> base.Identity:
        name = telegram_rows.name(target.url)
        if not name:
            return base.Identity(target.account_id, "unknown", reason="address_unknown")
        try:
            page = telegram_page.parse(self._page(name, {}).body)
        except TransientError:
            return base.Identity(target.account_id, "unknown", reason="no_answer")
        except PageError:
            return base.Identity(target.account_id, "unknown", reason="answer_not_understood")
        reason = _foreign(target, name, page)
        if reason:
            return base.Identity(target.account_id, "unknown", reason=reason)
        title = page.header.title if page.header is not None else None
        return base.Identity(target.account_id, "live", page.channel_id, f"{_HOME}{name}", title or "")

    def _page(self, name: str, query: dict[str, int]) -> Answer:
        """One page.

        Raises:
            TransientError: When no page of Telegram came after several tries.
            base.NetworkStoppedError: When that happened to several accounts in a row, or the analyst ends it.
        """
        if self.stopped is not None:  # in another thread
            raise self.stopped
        try:
            answer = self._http.page(f"{self._url}s/{name}", query, telegram_page.check)
        except TransientError as error:
            if self._is_away(is_silent=True):
                raise self.stop(_unreachable(error)) from None
            raise
        except base.NetworkStoppedError as stopped:
            raise self.stop(stopped) from None
        self._is_away(is_silent=False)
        self.server = answer.server
        return answer


def _mismatch(account: _Account, page: Page) -> str:
    """Why a page is not to be taken for the account's, a word of `tables.COVERAGE_REASONS`; blank when it is."""
    reason = _foreign(account.target, account.name, page)
    is_other = account.channel_id and page.channel_id and account.channel_id != page.channel_id
    return reason or ("answer_not_understood" if is_other else "")


def _foreign(target: base.Target, name: str, page: Page) -> str:
    if not page.is_channel:
        return "no_preview"
    # Bots write the number of a channel with -100 before it.
    known = re.fullmatch(r"(?:-100)?([0-9]+)", target.platform_id or target.learnt_id)
    if known and page.channel_id:
        # Another channel's posts would be counted for this account.
        return "" if known[1] == page.channel_id else "address_moved"
    return "answer_not_understood" if page.names and name not in page.names else ""


def _made(account: _Account) -> base.Reading:
    feed, target, header = account.feed, account.target, account.header
    covered = feed.covered()
    complete = covered is not None and not feed.reason and header is not None
    outcome = "collected" if complete else "partial" if covered or header is not None else "not_collected"
    made = base.Reading(
        account_id=target.account_id,
        outcome=outcome,
        reason="" if complete else feed.reason or ("not_yet" if covered is None else "profile_not_returned"),
        covered_from=covered[0] if covered else None,
        covered_until=covered[1] if covered else None,
        reached_end=feed.reached_end,
        raw=account.raw,
    )
    for seen in feed.seen.values():
        if not seen.message.is_service:
            made.posts.append(telegram_rows.post_row(target.account_id, target.url, seen))
            made.metrics.append(telegram_rows.metrics_row(target.account_id, seen))
    if header is not None and account.header_at is not None:
        made.profile = telegram_rows.profile_row(
            target.account_id, header, account.channel_id, account.header_at, account.header_sha256
        )
    return made


def _unreachable(error: Exception) -> base.NetworkStoppedError:
    cause = NetworkError(
        f"Telegram не отвечает ({error}). Проверьте интернет; если сеть учреждения не пропускает t.me, задайте прокси "
        "(переменная KIROV_PROXY) и, если нужно, его сертификаты (KIROV_CA_FILE); проверьте KIROV_TELEGRAM_URL. "
        "Без доступа публикации загружаются из файла: kirov import-posts. Собранное сохранено."
    )
    return base.NetworkStoppedError("network", cause)


@contextmanager
def connect(settings: Settings, stopping: threading.Event) -> Iterator[Telegram]:
    """The client for the settings' address, at the network's pace."""
    with opened(NETWORK, settings, stopping, per_second=REQUESTS_PER_SECOND) as http:
        yield Telegram(http, NETWORK.url(settings))


NETWORK = base.Network(
    name=telegram_rows.PLATFORM,
    title="Телеграм",
    connect=connect,
    urls=(_HOME,),
    url_variable="KIROV_TELEGRAM_URL",
    ping="telegram",
    is_network=lambda body: telegram_page.is_telegram(body.decode("utf-8", "replace")),
)
