"""A further network in one module: what CONTRIBUTING.md asks of it, over an imaginary API."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from kirovlib.platforms import base
from kirovlib.platforms.http import Answer, Http, TransientError, opened
from kirovlib.settings import Settings


class Toy(base.Platform):
    name = "toy"

    def __init__(self, http: Http, url: str) -> None:
        self._http, self._url = http, url

    def readings(self, targets: Sequence[base.Target], window: base.Window) -> Iterator[base.Reading]:
        for target in targets:
            request = {"channel": target.url.rpartition("/")[2]}
            try:
                answer = self._http.post(self._url + "posts", request, {}, _check)
            except TransientError:
                yield base.Reading(target.account_id, "not_collected", "no_answer")
                continue
            self.server = answer.server
            record = base.raw_record(target.account_id, "posts", request, answer.received_at, answer.body)
            covered = (window.starts_at, min(window.ends_at, answer.received_at))
            posts = [_post(target.account_id, post, answer, record["sha256"]) for post in answer.body["posts"]]
            yield base.Reading(target.account_id, "collected", "", *covered, posts=posts, raw=[record])


def _check(body: Any) -> None:
    if not isinstance(body, dict) or "posts" not in body:
        msg = "no posts"
        raise TransientError(msg)


def _post(account_id: str, post: dict[str, Any], answer: Answer, sha256: str) -> dict[str, Any]:
    seen = {"observed_at": answer.received_at, "last_seen_at": answer.received_at, "missed_at": None}
    told = {"reposted_from_url": None, "is_ad": None, "is_pinned": None, "edited_at": None, "text": post["text"]}
    moment = datetime.fromtimestamp(post["time"], UTC)
    row = {"account_id": account_id, "post_id": str(post["id"]), "posted_at": moment, "own": True}
    return row | {"is_repost": post["forward"], "url": post["url"], "raw_sha256": sha256} | told | seen


@contextmanager
def connect(settings: Settings, stopping: threading.Event) -> Iterator[Toy]:
    with opened(NETWORK, settings, stopping, per_second=5) as http:
        yield Toy(http, NETWORK.url(settings))


NETWORK = base.Network("toy", "Игрушка", connect, ("https://toy.invalid/",), "KIROV_TOY_URL", ("TOY_TOKEN",))
