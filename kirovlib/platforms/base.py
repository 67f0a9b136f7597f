"""What every network gives: readings of accounts, and words for what went wrong.

A client never lets one bad account cost the others: an account's trouble is its own `Reading` with a reason; only
what stops the whole network is raised, as `NetworkStoppedError`.
"""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kirovlib import tables
from kirovlib.errors import AccessError, NetworkError
from kirovlib.lake import Lake
from kirovlib.settings import Settings

# Never stored, logged or shown: secrets and their echoes, and private persons.
_SECRET = frozenset({"access_token", "session_key", "sig", "application_key", "secret_key", "access_key", "oauth"})
_PRIVATE = frozenset(
    {"profiles", "signer_id", "author_id", "editor_id", "user_id", "created_by", "contacts", "friends", "can_post_as"}
    | {"copyright"}  # VK's line about a source names whoever it was
)


@dataclass(frozen=True)
class Window:
    """The moments (UTC) between which posts are wanted; the end is exclusive."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Target:
    """An account to read.

    Attributes:
        account_id: The register's stable key.
        url: The register's address.
        platform_id: The network's own id where the register has it.
        learnt_id: The network's own id that an earlier collection met at this account, if any.
    """

    account_id: str
    url: str
    platform_id: str = ""
    learnt_id: str = ""


@dataclass
class Reading:
    """What came for one account.

    Attributes:
        posts: Rows of `Posts` without run_id, batch and version.
        metrics: Rows of `PostMetrics` without run_id and batch.
        profile: A row of `ProfileSnapshots` without run_id and batch, or none when the page was not returned.
        raw: Stored answers, redacted, as `raw_record` makes them.
        covered_from, covered_until: The moments (UTC) between which the wall was read without a gap, if any.
    """

    account_id: str
    outcome: str
    reason: str = ""
    covered_from: datetime | None = None
    covered_until: datetime | None = None
    reached_end: bool = False
    posts: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    profile: dict[str, Any] | None = None
    raw: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What reading some accounts will take, known before the first request.

    Attributes:
        request_count: HTTP requests, at least.
        per_second: The network's pace; 0 when it is switched off.
        quota: Calls a day that the network allows of the kind it counts; 0 when it names no limit.
        quota_count: Calls of that kind among these, at least.
    """

    request_count: int
    per_second: float
    quota: int = 0
    quota_count: int = 0

    @property
    def seconds(self) -> float:
        """How long the requests take at the network's pace, at least."""
        return self.request_count / self.per_second if self.per_second else 0.0


@dataclass(frozen=True)
class Identity:
    """What a network says of an account's address.

    Attributes:
        status: A word of `tables.PROFILE_STATUSES`; unknown when the network did not tell.
        platform_id, url, name: The network's own id, its present address and title; empty where not told.
        reason: A word of `tables.COVERAGE_REASONS` when the status is unknown.
    """

    account_id: str
    status: str
    platform_id: str = ""
    url: str = ""
    name: str = ""
    reason: str = ""


class Platform(ABC):
    """A network's client; made by its `Network.connect`.

    Attributes:
        name: The network's word, as in `Accounts.platform`.
        access_kind: What the network takes the token for (VK: `service` or `user`), once known.
        assumed_kind: What an earlier run found it to be; good enough for a plan, not for a request.
        server: The `Server` header of the last answer.
    """

    name = ""
    access_kind = ""
    assumed_kind = ""
    server = ""

    @property
    def request_count(self) -> int:
        """HTTP requests sent so far, retries included."""
        return 0

    @property
    def quota_count(self) -> int:
        """Calls so far that count against the network's daily quota."""
        return 0

    @abstractmethod
    def readings(self, targets: Sequence[Target], window: Window) -> Iterator[Reading]:
        """Read accounts one after the other or in parallel; yields in the order given.

        Raises:
            NetworkStoppedError: When going on is useless; what was yielded before stays good.
        """

    def recall(self, lake: Lake) -> None:  # noqa: B027 - few networks have something to recall
        """Take from the lake what earlier collections told of the network; called before anything is asked."""

    def plan(self, targets: Sequence[Target], window: Window) -> Plan:  # noqa: ARG002 - others need it
        """What `readings` will take; asks nothing of the network. Unless a client knows better, one request each."""
        return Plan(len(targets), 0)

    def identities(self, targets: Sequence[Target]) -> Iterator[Identity]:
        """What the network says of the accounts' addresses; yields in the order given.

        Raises:
            NetworkStoppedError: As in `readings`.
        """
        for target in targets:
            yield Identity(target.account_id, "unknown", reason="platform_not_supported")


@dataclass(frozen=True)
class Network:
    """A network as the program knows it: one line in `platforms.networks`.

    Attributes:
        name: As in `Accounts.platform`.
        title: Russian.
        connect: Makes the client for a while; when the event is set, nothing more is sent and `readings` raises
            `NetworkStoppedError` with the reason `interrupted`. Raises `TokenError` when a variable is missing.
        urls: Its official addresses, the usual one first; answers from elsewhere are never taken for real.
        url_variable: The variable that replaces the address.
        secrets: Variables with tokens that must be set.
        ping: What to ask, after the address, to see whether it is there; needs no token.
        is_network: Whether the body of the answer to `ping` is this network's.
    """

    name: str
    title: str
    connect: Callable[[Settings, threading.Event], AbstractContextManager[Platform]]
    urls: tuple[str, ...] = ("",)
    url_variable: str = ""
    secrets: tuple[str, ...] = ()
    ping: str = ""
    is_network: Callable[[bytes], bool] = bool

    def url(self, settings: Settings) -> str:
        """The address to ask, with a trailing slash."""
        return settings.variable(self.url_variable, self.urls[0])

    def source(self, settings: Settings, server: str) -> str:
        """Where answers come from, a word of `tables.SOURCES`."""
        if self.url(settings) in self.urls:
            return "network"
        return "replay" if server.endswith("/replay") else "sandbox"


class NetworkStoppedError(Exception):
    """A whole network cannot be read further.

    Attributes:
        reason: A word of `tables.COVERAGE_REASONS`.
        cause: What the analyst is told.
    """

    def __init__(self, reason: str, cause: AccessError) -> None:
        super().__init__(str(cause))
        self.reason = reason
        self.cause = cause


def interrupted() -> NetworkStoppedError:
    """The error to raise when the analyst ends the collection."""
    return NetworkStoppedError("interrupted", NetworkError("Сбор прерван."))


def redact(value: Any) -> Any:
    """A copy without secrets and private persons, also inside `request_params` echoes.

    Example:
        >>> redact({"request_params": [{"key": "access_token", "value": "x"}, {"key": "v", "value": "5"}]})
        {'request_params': [{'key': 'v', 'value': '5'}]}
    """
    if isinstance(value, dict):
        return {key: redact(item) for key, item in value.items() if key not in _SECRET | _PRIVATE}
    if isinstance(value, list):
        return [redact(item) for item in value if not (isinstance(item, dict) and item.get("key") in _SECRET)]
    return value


def raw_record(
    account_id: str, method: str, request: dict[str, Any], received_at: datetime, body: Any
) -> dict[str, Any]:
    """An answer as it is kept for evidence; the hash is of the redacted text that is stored.

    Returns:
        account_id, method, request, received_at (ISO, UTC), sha256, body (JSON text).
    """
    text = tables.to_json(redact(body))
    return {
        "account_id": account_id,
        "method": method,
        "request": redact(request),
        "received_at": received_at.isoformat(),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "body": text,
    }
