"""What every network gives: readings of accounts, and words for what went wrong.

A client never lets one bad account cost the others: an account's trouble is its own `Reading` with a reason; only
what stops the whole network is raised, as `NetworkStoppedError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from kirovlib import tables
from kirovlib.errors import AccessError

# Never stored, logged or shown: secrets and their echoes, and private persons.
_SECRET = frozenset({"access_token", "session_key", "sig", "application_key", "secret_key", "access_key", "oauth"})
_PRIVATE = frozenset({"profiles", "signer_id", "contacts", "created_by", "friends", "can_post_as", "user_id"})


@dataclass(frozen=True)
class Window:
    """The moments (UTC) between which posts are wanted; the end is exclusive."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Target:
    """An account to read: the register's key and address, and the network's own id where known."""

    account_id: str
    url: str
    platform_id: str = ""


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


class Platform(Protocol):
    """A network's client."""

    name: str

    def readings(self, targets: Sequence[Target], window: Window) -> Iterator[Reading]:
        """Read accounts one after the other or in parallel; yields in the order given.

        Raises:
            NetworkStoppedError: When going on is useless; what was yielded before stays good.
        """
        ...


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
