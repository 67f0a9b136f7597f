"""Topics and groups as the API of Odnoklassniki writes them: only the fields asked for, marks of reshares by name.

`media_topic.*` does not bring the marks of a reshare: they come when named (`PLATFORMS.md`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kirovlib.sandbox.ok_topics import WAYS_TO_HIDE, OkGroup, Original, Topic

# Keys of an item of `media`; in the list of fields each has `media_` before it.
RESHARE_KEYS = ("media_topic_refs", "reshare", "reshare_owner_refs")
_ALWAYS = {"feed": ("pattern", "target_refs"), "media_topic": ("id", "ref"), "group": ("uid",), "user": ("uid",)}
_GROUP_FIELDS = {"picAvatar": "pic_avatar"}
NEIGHBOUR = "Соседи по царству"
VISITOR = {"first_name": "Иванушка", "last_name": "Вымышленный"}
_SITE_ZONE = ZoneInfo("Europe/Moscow")  # of dates that come as text and name no zone


@dataclass(frozen=True)
class Fields:
    """What is asked for.

    Attributes:
        names: As in the parameter `fields`, lower case.
        reshare_false: Whether a media item that is no reshare says so when asked; not known of the network.
    """

    names: frozenset[str]
    reshare_false: bool = True

    @classmethod
    def parsed(cls, text: str, *, reshare_false: bool = True) -> Fields:
        """The parameter `fields`."""
        return cls(frozenset(name.strip().lower() for name in text.split(",") if name.strip()), reshare_false)

    def of(self, entity: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """What is asked for of an entity, and what always comes."""
        is_all = f"{entity}.*" in self.names
        return {
            key: item
            for key, item in value.items()
            if key in _ALWAYS[entity] or is_all or f"{entity}.{key}" in self.names
        }

    def mentions(self, entity: str) -> bool:
        """Whether anything of an entity is asked for."""
        return any(name.startswith(f"{entity}.") for name in self.names)

    def wants_media(self, key: str) -> bool:
        """Whether a key of the items of `media` is asked for."""
        if f"media_topic.media_{key}" in self.names:
            return True
        return key not in RESHARE_KEYS and bool(self.names & {"media_topic.*", "media_topic.media"})

    @property
    def is_media_wanted(self) -> bool:
        """Whether anything of `media` is."""
        return "media_topic.*" in self.names or any(name.startswith("media_topic.media") for name in self.names)


def group_json(group: OkGroup, fields: Fields) -> dict[str, Any]:
    """A group as `group.getInfo` gives it; `uid` always comes."""
    shortname = {"shortname": group.shortname} if group.shortname else {}
    shown = {
        key: value
        for key, value in {**group.fields, **shortname}.items()
        if fields.names & {"*", key.lower(), _GROUP_FIELDS.get(key, key)}
    }
    return {"uid": str(group.number), **shown}


def feed_json(group: OkGroup, topic: Topic, fields: Fields) -> dict[str, Any]:
    """An element of `feeds`."""
    item = {
        "pattern": "POST",
        "date": topic.posted_at.astimezone(_SITE_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
        "date_ms": _milliseconds(topic.posted_at, topic.number),
        "target_refs": [f"media_topic:{topic.number}"],
        "author_refs": [author_ref(group, topic)],
        "owner_refs": [f"group:{group.number}"],
    }
    return fields.of("feed", item | ({"pinned": True} if topic.is_sticky else {}))


def entities_json(group: OkGroup, topics: Sequence[Topic], fields: Fields) -> dict[str, Any]:
    """What the references of a page lead to: also the topics of other groups that reshares show."""
    originals = [topic.original for topic in topics if topic.original is not None]
    found = {
        "media_topics": [topic_json(group, topic, fields) for topic in topics]
        + [_original_json(original, fields) for original in originals]
    }
    if fields.mentions("group"):
        titles = {group.number: group.fields.get("name", "")} | {each.group: NEIGHBOUR for each in originals}
        found["groups"] = [fields.of("group", {"uid": str(number), "name": name}) for number, name in titles.items()]
    if fields.mentions("user"):
        authors = dict.fromkeys(topic.author for topic in topics if topic.author)
        found["users"] = [fields.of("user", {"uid": str(author), **VISITOR}) for author in authors]
    return found


def topic_json(group: OkGroup, topic: Topic, fields: Fields) -> dict[str, Any]:
    """A topic of the group as an entity."""
    value: dict[str, Any] = {
        "id": str(topic.number),
        "ref": f"media_topic:{topic.number}",
        "created_ms": _milliseconds(topic.created_at, topic.number),
        "author_ref": author_ref(group, topic),
        "owner_ref": f"group:{group.number}",
        "is_on_behalf_of_group": not topic.author,
        "is_sticky": topic.is_sticky,
        "is_promo": False,
        "is_ads_post": topic.is_ad,
        **{name: name == topic.hidden for name in WAYS_TO_HIDE},
        "discussion_summary": {"comments_count": topic.comment_count},
        "like_summary": {"count": topic.like_count},
        # How often others reshared it; every topic has it.
        "reshare_summary": {"count": topic.reshared_count},
        "media": list(_media(topic)),
    }
    if topic.created_at != topic.posted_at:
        value["publication_date_ms"] = _milliseconds(topic.posted_at, topic.number)
    return _trimmed(value, fields)


def author_ref(group: OkGroup, topic: Topic) -> str:
    """Who wrote it."""
    return f"user:{topic.author}" if topic.author else f"group:{group.number}"


def _original_json(original: Original, fields: Fields) -> dict[str, Any]:
    value = {
        "id": str(original.number),
        "ref": f"media_topic:{original.number}",
        "created_ms": _milliseconds(original.posted_at, original.number),
        "author_ref": f"group:{original.group}",
        "owner_ref": f"group:{original.group}",
        "media": [{"type": "text", "text": original.text}],
    }
    return _trimmed(value, fields)


def _media(topic: Topic) -> Iterator[dict[str, Any]]:
    if topic.text:
        yield {"type": "text", "text": topic.text}
    if topic.photo_count:
        photos = [f"group_photo:{topic.number + place}" for place in range(topic.photo_count)]
        yield {"type": "photo", "photo_refs": photos}
    if topic.original is not None:
        yield {
            "type": "topic",
            "media_topic_refs": [f"media_topic:{topic.original.number}"],
            "reshare": True,
            "reshare_owner_refs": [f"group:{topic.original.group}"],
        }


def _trimmed(value: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """A topic with what is asked for; a reshared topic is no item at all when its marks are not asked for."""
    shown = fields.of("media_topic", {key: item for key, item in value.items() if key != "media"})
    if not fields.is_media_wanted:
        return shown
    items = []
    for item in value["media"]:
        kept = {key: part for key, part in item.items() if key == "type" or fields.wants_media(key)}
        if item["type"] == "topic" and not set(RESHARE_KEYS) & kept.keys():
            continue
        if fields.reshare_false and fields.wants_media("reshare"):
            kept.setdefault("reshare", False)
        items.append(kept)
    return {**shown, "media": items} if items else shown


def _milliseconds(moment: datetime, number: int) -> int:
    """Unix time; the part below a second comes from the topic's number."""
    return int(moment.timestamp()) * 1000 + number % 1000
