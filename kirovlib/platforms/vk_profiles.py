"""Which community stands behind an account: `groups.getById` 500 at a time, `utils.resolveScreenName` for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from kirovlib.platforms import base, vk_errors, vk_rows
from kirovlib.platforms.http import TransientError
from kirovlib.platforms.vk_calls import Calls
from kirovlib.platforms.vk_errors import VkError

GROUPS_PER_CALL = 500
_KEY = re.compile(r"[a-z0-9_.]+")
_NUMBER = re.compile(r"[0-9]+")
_COMMUNITIES = frozenset({"group", "page", "event"})
_UNANSWERED = frozenset({"profile_not_returned", "address_unknown"})


class Finding(NamedTuple):
    """What VK said of an account's community.

    Attributes:
        key: The number or short name it was asked for by.
        number: The community's number, to read its wall by; empty when none is known to be the account's.
        group: The community as VK returned it, or none.
        answered_at: When it was returned (UTC).
        reason: Why there is none, a word of `tables.COVERAGE_REASONS`.
    """

    key: str
    number: str = ""
    group: dict[str, Any] | None = None
    answered_at: datetime | None = None
    reason: str = ""


def find(calls: Calls, targets: Sequence[base.Target], fields: str) -> list[Finding]:
    """What VK says of the accounts' communities, in the order given.

    A community met under the address of another is never the account's: posts of strangers must not count for it.

    Args:
        targets: Up to 500.
        fields: What to ask for of each community, as `groups.getById` takes it.

    Raises:
        base.NetworkStoppedError: When going on is useless.
    """
    keys = [target.platform_id or vk_rows.address_key(target.url) for target in targets]
    said = by_key(calls, keys, fields)
    found = [
        _resolved(calls, target, said[key]) if _is_nameless(said[key]) else said[key]
        for target, key in zip(targets, keys, strict=True)
    ]
    # A name that changed hands or spelling gave a number: only now is it known whom to ask for.
    renamed = [finding.number for finding in found if finding.number and finding.group is None]
    said = by_key(calls, [number for number in renamed if number not in said], fields) | said
    found = [said[finding.number] if finding.number and finding.group is None else finding for finding in found]
    return [_unless_moved(target, finding) for target, finding in zip(targets, found, strict=True)]


def by_key(calls: Calls, keys: Iterable[str], fields: str) -> dict[str, Finding]:
    """What VK says of each of up to 500 numbers and short names; what cannot be either is not asked for."""
    found = {key: Finding(key, reason="profile_not_returned") for key in keys}
    asked = [key for key in found if _KEY.fullmatch(key)]
    return found | (_ask(calls, asked, fields) if asked else {})


def _ask(calls: Calls, keys: Sequence[str], fields: str) -> dict[str, Finding]:
    try:
        answer = calls.call("groups.getById", group_ids=",".join(keys), fields=fields)
    except VkError as error:
        if len(keys) == 1:
            return {keys[0]: _missing(keys[0], error.account_reason())}
        # One bad id spoils the whole call: halve until it is alone.
        middle = len(keys) // 2
        return _ask(calls, keys[:middle], fields) | _ask(calls, keys[middle:], fields)
    except TransientError as error:
        raise calls.stop(vk_errors.unreachable(error)) from None
    groups = _groups(answer.body["response"])
    reason = "answer_not_understood" if groups is None else "profile_not_returned"
    found = {name: group for group in groups or [] for name in _names(group)}
    return {
        key: Finding(key, str(found[key]["id"]), found[key], answer.received_at)
        if key in found
        else _missing(key, reason)
        for key in keys
    }


def _names(group: dict[str, Any]) -> list[str]:
    screen_name = group.get("screen_name")
    return [str(group["id"]), *([screen_name.lower()] if isinstance(screen_name, str) else [])]


def _missing(key: str, reason: str) -> Finding:
    # A wall is never read by name: without a community behind it the name may be a person's. By a number it is, since
    # a page that was not returned may be there all the same; not by one that VK refused.
    return Finding(key, key if _NUMBER.fullmatch(key) and reason != "address_unknown" else "", reason=reason)


def _groups(response: Any) -> list[dict[str, Any]] | None:
    """The communities of either envelope, none when it is neither."""
    listed = response.get("groups") if isinstance(response, dict) else response
    if not isinstance(listed, list):
        return None
    return [group for group in listed if isinstance(group, dict) and isinstance(group.get("id"), int)]


def _is_nameless(finding: Finding) -> bool:
    """Whether nothing came for a short name, so that VK is to be asked what the name is."""
    is_name = _KEY.fullmatch(finding.key) and not _NUMBER.fullmatch(finding.key)
    return bool(is_name) and finding.group is None and finding.reason in _UNANSWERED


def _resolved(calls: Calls, target: base.Target, finding: Finding) -> Finding:
    """What stands behind a short name for which no community was returned."""
    try:
        told = calls.call("utils.resolveScreenName", screen_name=finding.key).body["response"]
    except (VkError, TransientError):
        return finding
    if told in ([], None):  # the name is free: the community, if one was met here before, has another now
        return finding._replace(number=target.learnt_id, reason="address_unknown")
    kind, number = resolved(told)
    if kind in _COMMUNITIES and number:
        moved = _is_another(target, number)
        return finding._replace(reason="address_moved") if moved else finding._replace(number=number)
    return finding._replace(reason="not_a_community") if kind and kind not in _COMMUNITIES else finding


def resolved(told: Any) -> tuple[str, str]:
    """Type and number that `utils.resolveScreenName` told; empty where the answer has another shape.

    Example:
        >>> resolved({"type": "group", "object_id": 123})
        ('group', '123')
    """
    if not isinstance(told, dict) or not isinstance(told.get("type"), str):
        return "", ""
    number = str(told.get("object_id"))
    return told["type"], number if _NUMBER.fullmatch(number) else ""


def _is_another(target: base.Target, number: str) -> bool:
    return not target.platform_id and target.learnt_id not in {"", number}


def _unless_moved(target: base.Target, finding: Finding) -> Finding:
    if finding.group is not None and _is_another(target, finding.number):
        return Finding(finding.key, reason="address_moved")
    return finding
