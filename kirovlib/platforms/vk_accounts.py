"""An account in hand: its community, the state of its wall, and the reading made of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kirovlib.platforms import base, vk_rows
from kirovlib.platforms.vk_calls import VERSION
from kirovlib.platforms.vk_profiles import Finding
from kirovlib.platforms.vk_wall import WallReader, page_size


@dataclass
class Account:
    """An account whose wall is being read.

    Attributes:
        position: Its place among all accounts: the first are asked for first.
        inner_failures: How often VK failed to answer for it inside an `execute`.
    """

    target: base.Target
    finding: Finding
    wall: WallReader
    position: int
    inner_failures: int = 0
    raw: list[dict[str, Any]] = field(default_factory=list)

    def take(self, request: dict[str, Any], page: Any, received_at: datetime) -> None:
        """A page of the wall, and the stored answer of it."""
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            self.wall.fail("answer_not_understood")
            return
        items = [vk_rows.stored_item(item) if isinstance(item, dict) else item for item in page["items"]]
        body = {"response": {"count": page.get("count"), "items": items}}
        record = base.raw_record(self.target.account_id, "wall.get", request | {"v": VERSION}, received_at, body)
        self.raw.append(record)
        self.wall.take(page, received_at, record["sha256"])


def opened(
    targets: Sequence[base.Target], findings: Sequence[Finding], window: base.Window, start: int
) -> list[Account]:
    """Accounts with their walls still unread, or already given up where there is nothing to read.

    Args:
        start: Place of the first among all accounts.
    """
    return [
        _opened(target, finding, window, position)
        for position, (target, finding) in enumerate(zip(targets, findings, strict=True), start)
    ]


def _opened(target: base.Target, finding: Finding, window: base.Window, position: int) -> Account:
    owner = {"owner_id": -int(finding.number)} if finding.number else {}
    account = Account(target, finding, WallReader(owner, window, page_size(window)), position)
    if not finding.number:
        account.wall.fail(finding.reason)
    elif finding.group is not None and finding.group.get("deactivated"):
        account.wall.fail("account_gone")
    if finding.group is not None and finding.answered_at is not None:
        asked = {"group_ids": finding.key, "fields": vk_rows.PROFILE_FIELDS, "v": VERSION}
        body = {"response": {"groups": [finding.group]}}
        account.raw.append(base.raw_record(target.account_id, "groups.getById", asked, finding.answered_at, body))
    return account


def reading(account: Account) -> base.Reading:
    """What came for an account, whatever fields VK sent."""
    try:
        return _reading(account)
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError):
        # Fields of another type than VK documents cost this account, not the others; the raw answer is kept.
        return base.Reading(account.target.account_id, "not_collected", "answer_not_understood", raw=account.raw)


def _reading(account: Account) -> base.Reading:
    account_id, finding, wall = account.target.account_id, account.finding, account.wall
    if finding.group is not None and finding.group.get("is_closed") and not wall.reason and not wall.has_own_posts:
        # What a closed community shows to strangers may be nothing, which is not the same as publishing nothing.
        wall.fail("wall_closed")
    covered = wall.covered()
    complete = covered is not None and not wall.reason and finding.group is not None
    outcome = "collected" if complete else "partial" if covered or finding.group is not None else "not_collected"
    made = base.Reading(
        account_id=account_id,
        outcome=outcome,
        reason="" if complete else wall.reason or finding.reason or "not_yet",
        covered_from=covered[0] if covered else None,
        covered_until=covered[1] if covered else None,
        reached_end=wall.reached_end,
        raw=account.raw,
    )
    for seen in wall.items.values():
        made.posts.append(vk_rows.post_row(account_id, seen.item, seen.answered_at, seen.sha256))
        made.metrics.append(vk_rows.metrics_row(account_id, seen.item, seen.answered_at))
    if finding.group is not None and finding.answered_at is not None:
        sha256 = account.raw[0]["sha256"]
        made.profile = vk_rows.profile_row(account_id, finding.group, finding.answered_at, sha256)
        # The wall was asked after the page: what it says of the community is newer.
        if wall.reason == "account_gone":
            made.profile["status"] = "gone"
        elif wall.reason == "wall_closed" and made.profile["status"] == "live":
            made.profile["status"] = "closed"
    return made
