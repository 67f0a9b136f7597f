"""Odnoklassniki's JSON as rows of our tables; facts about the fields are from `PLATFORMS.md`, section 3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kirovlib.platforms import ok_reshare
from kirovlib.platforms.ok_feed import Item, Page, Seen

# Asked for explicitly: what is not asked for is silently absent.
GROUP_FIELDS = (
    "uid,name,description,shortname,pic_avatar,photo_id,members_count,private,access_type,blocked,gos_org,attrs,cover,"
    "phone,address,city,homepage_url"
)
_STORED_GROUP_FIELDS = frozenset([*GROUP_FIELDS.split(","), "picAvatar", "id"])
_TOPIC_FIELDS = (
    "id", "author_ref", "owner_ref", "created_ms", "publication_date_ms", "has_more", "media", "reshare",
    "reshare_owner_refs", "media_topic_refs", "is_sticky", "is_promo", "is_ads_post", "is_hidden_post",
    "is_unpublished_post", "on_moderation", "is_on_behalf_of_group", "like_summary", "discussion_summary",
    "reshare_summary", "views_count",
)  # fmt: skip
_MEDIA_FIELDS = (
    "media_type", "media_text", "media_title", "media_url", "media_media_topic_refs", "media_reshare",
    "media_reshare_owner_refs",
)  # fmt: skip
_FEED_FIELDS = ("pattern", "date", "date_ms", "target_refs", "author_refs", "owner_refs", "pinned")
FEED_FIELDS = ",".join(
    [
        *(f"feed.{name}" for name in _FEED_FIELDS),
        *(f"media_topic.{name}" for name in (*_TOPIC_FIELDS, *_MEDIA_FIELDS)
          if name not in {"reshare", "reshare_owner_refs", "media_topic_refs"}),
    ]
)  # fmt: skip

_STORED_TOPIC_FIELDS = frozenset([*_TOPIC_FIELDS, *_MEDIA_FIELDS])
_STORED_PART_FIELDS = frozenset(name.removeprefix("media_") for name in _MEDIA_FIELDS) | frozenset(_MEDIA_FIELDS)
_COUNTERS = frozenset({"count", "comments_count"})
_UNPUBLISHED = ("is_hidden_post", "is_unpublished_post", "on_moderation")
_CLOSED = frozenset({"closed", "private", "secret"})


def found_group(body: Any) -> tuple[str, str]:
    """The group's number that `url.getInfo` found, or a word of `tables.COVERAGE_REASONS` why there is none.

    Example:
        >>> found_group({"objectId": 53038939046008, "type": "GROUP"}), found_group(None)
        (('53038939046008', ''), ('', 'address_unknown'))
    """
    if body is None or body in ({}, []):
        return "", "address_unknown"
    if not isinstance(body, dict):
        return "", "answer_not_understood"
    kind = str(body.get("type") or "").upper()
    numbers = [str(body[key]) for key in ("objectIdStr", "objectId") if body.get(key) not in (None, "")]
    if kind == "GROUP":
        understood = [number for number in numbers if re.fullmatch(r"[0-9]+", number)]
        return (understood[0], "") if understood else ("", "answer_not_understood")
    if kind in {"", "UNKNOWN"}:
        return "", "answer_not_understood" if numbers else "address_unknown"
    return "", "not_a_community"


def groups(body: Any) -> dict[str, dict[str, Any]] | None:
    """The groups of a `group.getInfo` answer by number, none when its shape is unknown.

    Live answers were a bare list, the documentation draws `{"groups": […]}`; an empty list may come as `null`.
    """
    listed = (body.get("groups", [body] if "uid" in body else []) or []) if isinstance(body, dict) else body or []
    if not isinstance(listed, list):
        return None
    found = [group for group in listed if isinstance(group, dict)]
    return {str(group.get("uid") or group.get("id")): group for group in found if group.get("uid") or group.get("id")}


def profile_row(account_id: str, group: Mapping[str, Any], seen_at: datetime, sha256: str) -> dict[str, Any]:
    """A group as a row of `ProfileSnapshots` (without run_id and batch); an absent field stays blank.

    `premium` is a paid service, no verification; menus and buttons are no fields of this network.
    """
    return {
        "account_id": account_id,
        "platform_id": str(group.get("uid") or group.get("id")),
        "collected_at": seen_at,
        "name": _text(group, "name"),
        "description": _text(group, "description"),
        "has_avatar": _is_filled(group, "pic_avatar", "picAvatar", "photo_id"),
        "has_cover": _is_filled(group, "cover"),
        "phone": _text(group, "phone"),
        "email": None,
        "address": _text(group, "address"),
        "site": _text(group, "homepage_url"),
        "subscriber_count": _number(group.get("members_count")),
        "verified": None,
        "government_mark": _government_mark(group),
        "menu": None,
        "links": None,
        "action_button": None,
        "status": status(group),
        "raw_sha256": sha256,
    }


def status(group: Mapping[str, Any]) -> str:
    """A word of `tables.PROFILE_STATUSES` for a group that was returned."""
    if ok_reshare.flag(group.get("blocked")):
        return "gone"
    is_closed = ok_reshare.flag(group.get("private")) or str(group.get("access_type")).lower() in _CLOSED
    return "closed" if is_closed else "live"


def address(group: Mapping[str, Any]) -> str:
    """A group's present address: by its short name, else by its number."""
    name = str(group.get("shortname") or "")
    is_name = re.fullmatch(r"[A-Za-z0-9_.-]+", name)
    return f"https://ok.ru/{name}" if is_name else f"https://ok.ru/group/{group.get('uid') or group.get('id')}"


def stored_group(group: Mapping[str, Any]) -> dict[str, Any]:
    """A group as kept in the raw evidence: only what was asked for, so no administrator."""
    return {key: _without_persons(value) for key, value in group.items() if key in _STORED_GROUP_FIELDS}


def post_row(account_id: str, gid: str, seen: Seen, *, is_mark_given: bool) -> dict[str, Any]:
    """A topic as a row of `Posts` (without run_id, batch, version).

    When the network does not say who wrote a topic, it is neither proved own nor a visitor's: it is taken as own with
    an unknown repost mark, which counts neither way.

    Args:
        gid: The group's number.
        is_mark_given: See `ok_reshare.is_repost`.
    """
    topic, author = seen.item.topic, is_by_group(seen.item, gid)
    own = author is not False and not is_unpublished(topic)
    is_repost = ok_reshare.is_repost(topic, is_mark_given=is_mark_given) if author is not None else None
    return {
        "account_id": account_id,
        "post_id": seen.item.topic_id,
        "posted_at": seen.item.posted_at,
        "own": own,
        "is_repost": is_repost,
        "reposted_from_url": ok_reshare.source_url(topic) if is_repost else None,
        "is_ad": _any_flag(topic, "is_promo", "is_ads_post"),
        "is_pinned": seen.item.is_pinned,
        "edited_at": None,
        "text": _topic_text(topic) if own and author else "",
        "url": f"https://ok.ru/group/{gid}/topic/{seen.item.topic_id}",
        "observed_at": seen.answered_at,
        "last_seen_at": seen.answered_at,
        "missed_at": None,
        "raw_sha256": seen.sha256,
    }


def metrics_row(account_id: str, seen: Seen) -> dict[str, Any]:
    """A topic's counters as a row of `PostMetrics` (without run_id and batch)."""
    topic = seen.item.topic
    return {
        "account_id": account_id,
        "post_id": seen.item.topic_id,
        "observed_at": seen.answered_at,
        "view_count": _number(topic.get("views_count")),
        "like_count": _counter(topic, "like_summary", "count"),
        "comment_count": _counter(topic, "discussion_summary", "comments_count"),
        "reshared_count": _counter(topic, "reshare_summary", "count"),
    }


def is_by_group(item: Item, gid: str) -> bool | None:
    """Whether the group itself wrote a topic: yes, no (a person did), or not told.

    The author decides; the owner is asked only when no author is given, since it may be the group of a visitor's
    topic too. What the topic and the feed say differently, and another group as author, are taken as not told.
    """
    if ok_reshare.flag(item.topic.get("is_on_behalf_of_group")):
        return True
    own = f"group:{gid}"
    for kind in ("author", "owner"):
        said, fed = _refs(item.topic.get(f"{kind}_ref")), _refs(item.feed.get(f"{kind}_refs"))
        refs, others = (said, fed) if said else (fed, [])
        if refs:
            are_persons = [ref.startswith("user:") for ref in refs]
            if own in refs:
                return None if any(are_persons) else True
            return None if own in others or not all(are_persons) else False
    return None


def is_unpublished(topic: Mapping[str, Any]) -> bool:
    """Whether a topic is hidden, postponed or waits for a moderator: no post yet, whoever wrote it."""
    return bool(_any_flag(topic, *_UNPUBLISHED))


def stored_page(page: Page, gid: str) -> dict[str, Any]:
    """A page of a feed as kept in the raw evidence.

    Of persons nothing: no entities but the topics themselves, and of visitors' topics only that they were there.
    """
    feeds, topics = [], []
    for item in page.items:
        if is_by_group(item, gid) and not is_unpublished(item.topic):
            feeds.append({key: item.feed[key] for key in _FEED_FIELDS if key in item.feed})
            topics.append(_stored_topic(item.topic))
        else:
            mark = "visitor" if is_by_group(item, gid) is False else "author_not_told"
            mark = "not_published" if is_unpublished(item.topic) else mark
            dated = {"id": item.topic_id, "posted_at": item.posted_at.isoformat(), mark: True}
            feeds.append({"target_refs": [f"media_topic:{item.topic_id}"]})
            topics.append(dated)
    body: dict[str, Any] = _without_persons({"feeds": feeds, "entities": {"media_topics": topics}})
    return body | {"anchor": page.anchor}


def _stored_topic(topic: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for; objects that may describe a person (likers, whose post it was) give way to what they say."""
    kept = {key: value for key, value in topic.items() if key in _STORED_TOPIC_FIELDS}
    for key, value in kept.items():
        if key.endswith("_summary"):
            kept[key] = {name: value[name] for name in _COUNTERS & set(value)} if isinstance(value, dict) else None
        elif key == "media" and isinstance(value, list):
            kept[key] = [_stored_part(part) for part in value]
    return dict(_stored_part(kept, _STORED_TOPIC_FIELDS))


def _stored_part(part: Any, fields: frozenset[str] = _STORED_PART_FIELDS) -> Any:
    if not isinstance(part, dict):
        return None
    kept = {key: value for key, value in part.items() if key in fields}
    for key, value in kept.items():
        if key in {"reshare", "media_reshare"} and isinstance(value, dict):
            kept[key] = bool(value)
        elif key.endswith("_refs") and isinstance(value, list):
            kept[key] = [ref if isinstance(ref, str) else "" for ref in value]
    return kept


def _without_persons(value: Any) -> Any:
    """References to persons without their numbers; that there was one stays, it may be what makes a repost."""
    if isinstance(value, dict):
        return {key: _without_persons(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_persons(item) for item in value]
    return re.sub(r"\buser:\w+", "user", value) if isinstance(value, str) else value


def _government_mark(group: Mapping[str, Any]) -> bool | None:
    """The mark «Госорганизация»; its JSON type was never seen, and its absence says nothing."""
    told = ok_reshare.flag(group.get("gos_org"))
    attributes = group.get("attrs")
    flags = attributes.get("flags") if isinstance(attributes, dict) else None
    if told is None and "gos_org" in re.findall(r"\w+", str(flags).lower()):
        return True
    return told


def _topic_text(topic: Mapping[str, Any]) -> str:
    media = topic.get("media")
    parts = [part for part in media if isinstance(part, dict)] if isinstance(media, list) else []
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    return str(_without_persons("\n".join(texts)))


def _refs(value: Any) -> list[str]:
    return [str(ref) for ref in (value if isinstance(value, list) else [value]) if ref]


def _any_flag(place: Mapping[str, Any], *keys: str) -> bool | None:
    told = [said for key in keys if (said := ok_reshare.flag(place.get(key))) is not None]
    return any(told) if told else None


def _is_filled(place: Mapping[str, Any], *keys: str) -> bool | None:
    told = [bool(place[key]) for key in keys if place.get(key) is not None]
    return any(told) if told else None


def _text(place: Mapping[str, Any], key: str) -> str | None:
    value = place.get(key)
    return value if isinstance(value, str) else None


def _counter(topic: Mapping[str, Any], summary: str, key: str) -> int | None:
    value = topic.get(summary)
    return _number(value.get(key)) if isinstance(value, dict) else None


def _number(value: Any) -> int | None:
    is_number = not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,15}", str(value))
    return int(value) if is_number else None
