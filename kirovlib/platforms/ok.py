"""Odnoklassniki: addresses to numbers by `url.getInfo`, pages by `group.getInfo`, feeds by `stream.get`.

How the network behaves is in `PLATFORMS.md`, section 3; much of it was inferred, so whatever an answer leaves open
stays open here: a page that was not returned is unknown, never gone; an empty feed is believed only of an open group,
once this key was seen to read any feed, and never from a bare `null`; what a missing repost mark means is in
`ok_reshare`.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kirovlib.lake import Lake
from kirovlib.platforms import base, ok_feed, ok_reshare, ok_rows
from kirovlib.platforms.http import Answer, Http, TransientError, opened
from kirovlib.platforms.ok_calls import Calls, sign
from kirovlib.platforms.ok_errors import OkError
from kirovlib.platforms.ok_feed import FeedReader
from kirovlib.platforms.ordered import in_order
from kirovlib.registry import addresses
from kirovlib.settings import Settings

__all__ = ["NETWORK", "Ok", "connect", "sign"]

KEY, SECRET, TOKEN = "OK_APPLICATION_KEY", "OK_APPLICATION_SECRET", "OK_ACCESS_TOKEN"
TOPICS = "KIROV_OK_TOPICS"
REQUESTS_PER_SECOND = 3.0  # no limit is published; as slow as VK's, and error 8 slows down further
GROUPS_PER_CALL = 100
_PARALLEL = 4  # requests under way at once: the pace limits the starts, this hides the latency


@dataclass
class _Account:
    target: base.Target
    gid: str = ""
    group: dict[str, Any] | None = None
    group_at: datetime | None = None
    group_sha256: str = ""
    reason: str = ""
    feed: FeedReader | None = None
    raw: list[dict[str, Any]] = field(default_factory=list)

    def keep(self, method: str, request: dict[str, Any], answer: Answer, body: Any) -> str:
        """Store an answer as evidence; gives its SHA-256."""
        record = base.raw_record(self.target.account_id, method, request, answer.received_at, body)
        self.raw.append(record)
        return str(record["sha256"])


class Ok(Calls):
    """Odnoklassniki's client.

    Args:
        http: Transport with the network's pace.
        url: Address of the network, with a trailing slash.
        application_key: The application's public key.
        application_secret: Its secret, which signs and is never sent.
        access_token: A session, for groups and methods that need one.
        by_topics: Whether to read feeds by `mediatopic.getTopics`, which nobody has seen work, instead of `stream.get`.

    Attributes:
        is_mark_given: Whether the network was seen to give the mark of a repost, see `ok_reshare`.
        is_feed_given: Whether this key was seen to read any feed.
    """

    def __init__(
        self,
        http: Http,
        url: str,
        application_key: str,
        application_secret: str,
        access_token: str = "",
        *,
        by_topics: bool = False,
    ) -> None:
        super().__init__(http, url, application_key, application_secret, access_token)
        self._by_topics = by_topics
        self.is_mark_given = False
        self.is_feed_given = False

    def recall(self, lake: Lake) -> None:
        """See `base.Platform`: whether the network gave feeds and marks of reposts before."""
        if lake.is_empty():
            return
        told = lake.query(
            """
            SELECT count(*) > 0 AS feeds, coalesce(bool_or(is_repost IS NOT NULL), false) AS marks
            FROM posts ANTI JOIN (FROM runs WHERE source = 'file') USING (run_id) WHERE account_id LIKE 'ok:%'
            """
        ).iloc[0]
        self.is_feed_given, self.is_mark_given = bool(told["feeds"]), bool(told["marks"])

    def plan(self, targets: Sequence[base.Target], window: base.Window) -> base.Plan:  # noqa: ARG002 - see base
        """See `base.Platform`: a call for each address without a number, one for a hundred pages, one for each feed."""
        unknown = sum(not _number(target) for target in targets)
        pages = -(-len(targets) // GROUPS_PER_CALL)
        return base.Plan(unknown + pages + len(targets), self._http.per_second)

    def readings(self, targets: Sequence[base.Target], window: base.Window) -> Iterator[base.Reading]:
        """See `base.Platform`: a hundred accounts at a time, feeds in parallel; yields in the order given."""
        for accounts in self._looked_up(targets):
            self._read_profiles([account for account in accounts if account.gid])
            for account in accounts:
                account.feed = _feed(account, window)
            _each(self._read_feed, accounts)
            self._learn(accounts)
            for account in accounts:
                yield self._finished(account)
            if self.stopped is not None:
                raise self.stopped

    def identities(self, targets: Sequence[base.Target]) -> Iterator[base.Identity]:
        """See `base.Platform`; of an address that leads elsewhere now, what became of the group that was there."""
        for accounts in self._looked_up(targets):
            for account in accounts:
                if account.reason == "address_moved":
                    account.gid = account.target.learnt_id
            moved = {account.target.account_id for account in accounts if account.reason == "address_moved"}
            self._read_profiles([account for account in accounts if account.gid])
            for account in accounts:
                yield _identity(account, is_moved=account.target.account_id in moved)

    def _looked_up(self, targets: Sequence[base.Target]) -> Iterator[list[_Account]]:
        """The accounts a hundred at a time, with the numbers of their groups."""
        for start in range(0, len(targets), GROUPS_PER_CALL):
            accounts = [_Account(target) for target in targets[start : start + GROUPS_PER_CALL]]
            _each(self._identify, accounts)
            yield accounts

    def _identify(self, account: _Account) -> None:
        target, address = account.target, addresses.parse(account.target.url)
        account.gid = _number(target)
        if account.gid:
            return
        if not isinstance(address, addresses.Address) or address.platform != self.name:
            is_person = re.search(r"\.ru/profile\b", target.url, re.IGNORECASE)
            account.reason = "not_a_community" if is_person else "address_unknown"
            return
        found, account.reason = self._find(account, address.url)
        if not found and account.reason == "address_unknown" and target.learnt_id:
            account.gid, account.reason = target.learnt_id, ""
        elif found and target.learnt_id and target.learnt_id != found:
            # Another group's posts would be counted for this account.
            account.reason = "address_moved"
        else:
            account.gid = found

    def _find(self, account: _Account, url: str) -> tuple[str, str]:
        try:
            answer = self.call("url.getInfo", url=url)
        except OkError as error:
            return "", error.account_reason()
        except TransientError:
            return "", "no_answer"
        found, reason = ok_rows.found_group(answer.body)
        body = answer.body if isinstance(answer.body, dict) else {}
        kept = ("type", "objectId", "objectIdStr") if found else ("type",)  # of a person no number
        account.keep("url.getInfo", {"url": url}, answer, {key: body[key] for key in kept if key in body})
        return found, reason

    def _read_profiles(self, accounts: Sequence[_Account]) -> None:
        if not accounts:
            return
        uids = ",".join(dict.fromkeys(account.gid for account in accounts))
        try:
            answer = self.call("group.getInfo", uids=uids, fields=ok_rows.GROUP_FIELDS)
        except OkError as error:
            if len(accounts) == 1:
                accounts[0].reason = error.account_reason()
                return
            # One bad id spoils the whole call: halve until it is alone.
            middle = len(accounts) // 2
            self._read_profiles(accounts[:middle])
            self._read_profiles(accounts[middle:])
            return
        except TransientError:
            for account in accounts:
                account.reason = "no_answer"
            return
        found = ok_rows.groups(answer.body)
        for account in accounts:
            group = (found or {}).get(account.gid)
            if group is None:
                # Closed and deleted groups are dropped without a word: that proves nothing.
                account.reason = "answer_not_understood" if found is None else "profile_not_returned"
                continue
            account.group, account.group_at = group, answer.received_at
            asked = {"uids": account.gid, "fields": ok_rows.GROUP_FIELDS}
            account.group_sha256 = account.keep("group.getInfo", asked, answer, [ok_rows.stored_group(group)])

    def _read_feed(self, account: _Account) -> None:
        """Page by page; a stop of the network ends this feed like any other reason, what was read stays."""
        feed = account.feed
        try:
            while feed is not None and (request := feed.next_request()):
                self._read_page(account, feed, request)
        except base.NetworkStoppedError as stopped:
            if feed is not None:
                feed.fail(stopped.reason)

    def _read_page(self, account: _Account, feed: FeedReader, asked: dict[str, Any]) -> None:
        method = "mediatopic.getTopics" if self._by_topics else "stream.get"
        streamed = {} if self._by_topics else {"patterns": "POST", "direction": "FORWARD"}
        request = {**asked, **streamed, "fields": ok_rows.FEED_FIELDS}
        try:
            answer = self.call(method, **request)
            page = ok_feed.page_of(answer.body)
        except OkError as error:
            feed.fail(error.account_reason())
        except TransientError:
            feed.fail("no_answer")
        except ok_feed.ShapeError as error:
            feed.fail(error.reason)
        else:
            sha256 = account.keep(method, request, answer, ok_rows.stored_page(page, account.gid))
            feed.take(page, answer.received_at, sha256)

    def _learn(self, accounts: Sequence[_Account]) -> None:
        """What the network gives this key, from all feeds of these accounts, so that no thread's luck matters."""
        seen = [each.item for account in accounts if account.feed for each in account.feed.items.values()]
        self.is_feed_given = self.is_feed_given or bool(seen)
        self.is_mark_given = self.is_mark_given or any(ok_reshare.shows_mark(item.topic) for item in seen)

    def _finished(self, account: _Account) -> base.Reading:
        feed, account_id = account.feed, account.target.account_id
        if feed is None:
            msg = f"feed of {account_id} was never read"
            raise AssertionError(msg)
        if feed.reached_end and (doubt := self._doubt(account, feed)):
            feed.fail(doubt)
        covered = feed.covered()
        complete = covered is not None and not feed.reason and account.group is not None
        outcome = "collected" if complete else "partial" if covered or account.group is not None else "not_collected"
        reading = base.Reading(
            account_id=account_id,
            outcome=outcome,
            reason="" if complete else feed.reason or account.reason or "not_yet",
            covered_from=covered[0] if covered else None,
            covered_until=covered[1] if covered else None,
            reached_end=feed.reached_end and not feed.reason,
            raw=account.raw,
        )
        for seen in feed.items.values():
            reading.posts.append(ok_rows.post_row(account_id, account.gid, seen, is_mark_given=self.is_mark_given))
            reading.metrics.append(ok_rows.metrics_row(account_id, seen))
        if account.group is not None and account.group_at is not None:
            reading.profile = ok_rows.profile_row(account_id, account.group, account.group_at, account.group_sha256)
        return reading

    def _doubt(self, account: _Account, feed: FeedReader) -> str:
        """Why a feed read to its end is no proof that nothing else was published, if so.

        What a key must not see may come as nothing, or as pinned topics alone: that would be a wrong accusation.
        """
        if account.group is not None and ok_rows.status(account.group) == "closed" and not feed.has_two():
            return "wall_closed"
        if feed.items:
            return ""
        if account.group is None:
            return account.reason or "profile_not_returned"
        return "" if self.is_feed_given else "answer_not_understood"


def _each(work: Callable[[_Account], None], accounts: Sequence[_Account]) -> None:
    deque(in_order(work, accounts, _PARALLEL), maxlen=0)


def _number(target: base.Target) -> str:
    """The group's number where the register or the address itself gives it, else empty."""
    address = addresses.parse(target.url)
    known = target.platform_id
    if not known and isinstance(address, addresses.Address) and address.platform == Ok.name:
        known = address.platform_id
    return known if re.fullmatch(r"[0-9]+", known) else ""


def _feed(account: _Account, window: base.Window) -> FeedReader:
    feed = FeedReader(account.gid, window, ok_feed.page_size(window))
    if not account.gid or account.reason == "address_unknown":
        feed.fail(account.reason)
    elif account.group is not None and ok_rows.status(account.group) == "gone":
        feed.fail("account_gone")
    return feed


def _identity(account: _Account, *, is_moved: bool) -> base.Identity:
    account_id, group = account.target.account_id, account.group
    reason = "address_moved" if is_moved else account.reason
    if group is None:
        return base.Identity(account_id, "unknown", account.gid, reason=reason)
    return base.Identity(
        account_id,
        "unknown" if is_moved else ok_rows.status(group),
        account.gid,
        ok_rows.address(group),
        str(group.get("name") or ""),
        reason,
    )


@contextmanager
def connect(settings: Settings, stopping: threading.Event) -> Iterator[Ok]:
    """The client for the settings' address and keys, at the network's pace."""
    with opened(NETWORK, settings, stopping, per_second=REQUESTS_PER_SECOND) as http:
        yield Ok(
            http,
            NETWORK.url(settings),
            settings.variable(KEY),
            settings.variable(SECRET),
            settings.variable(TOKEN),
            by_topics=settings.variable(TOPICS) == "1",
        )


NETWORK = base.Network(
    name="ok",
    title="Одноклассники",
    connect=connect,
    urls=("https://api.ok.ru/",),
    url_variable="KIROV_OK_URL",
    secrets=(KEY, SECRET),
    ping="fb.do?method=url.getInfo&format=json",
    is_network=lambda body: b'"error_code"' in body,
)
