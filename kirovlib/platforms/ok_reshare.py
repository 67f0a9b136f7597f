"""Whether a topic of Odnoklassniki is a repost: yes, no, or the network did not tell.

The fields are asked for explicitly. Their names are known, how they look in an answer is inferred (`PLATFORMS.md`,
section 3), so every shape is taken, at the topic itself and at the parts of its `media`: `reshare` or `media_reshare`
(a flag, or what was reposted), `reshare_owner_refs` or `media_reshare_owner_refs` (whose). Any of them that says yes
makes a repost, whatever words stand above it. `reshare_summary` is how often *others* reposted the topic: no mark.

What a missing mark means cannot be seen from one topic: the network may leave out what is false, or may not give the
field to our key at all. Taking the one for the other would count reposts as own posts, or leave every account without
a verdict for ever. So a missing mark means "no" only once the network has shown, in any topic of any group, that it
gives the mark (`shows_mark`); until then it means "not told".
"""

from __future__ import annotations

from typing import Any

_FLAGS = ("reshare", "media_reshare")
_OWNERS = ("reshare_owner_refs", "media_reshare_owner_refs")
_TOPICS = ("media_topic_refs", "media_media_topic_refs")


def flag(value: Any) -> bool | None:
    """A yes or no as Odnoklassniki may spell it, none when it is neither.

    Example:
        >>> flag(True), flag("false"), flag(1), flag(None), flag("perhaps")
        (True, False, True, None, None)
    """
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


def shows_mark(topic: dict[str, Any]) -> bool:
    """Whether any mark of a repost, yes or no, stands in the topic."""
    return any(_flag(place) is not None or _owners(place) is not None for place in _places(topic))


def is_repost(topic: dict[str, Any], *, is_mark_given: bool) -> bool | None:
    """Whether the topic is a repost, none when the network did not tell.

    Args:
        is_mark_given: Whether the network is known to give the mark, so that a missing one means no.

    Example:
        >>> is_repost({"media": [{"type": "topic", "reshare": True}]}, is_mark_given=False)
        True
        >>> is_repost({"media": [{"type": "text", "text": "x"}]}, is_mark_given=True)
        False
        >>> is_repost({"media": [{"type": "text", "text": "x"}]}, is_mark_given=False) is None
        True
    """
    marks = [_mark(place) for place in _places(topic)]
    if True in marks:
        return True
    if _contradicts_itself(topic):
        return None
    if marks[0] is False:  # said of the topic as a whole
        return False
    if not _is_whole(topic):
        return None
    return False if is_mark_given or all(mark is False for mark in marks[1:]) else None


def source_url(topic: dict[str, Any]) -> str | None:
    """Where a reposted topic stands, if it is a group's; persons are not named."""
    for place in _places(topic):
        owner = _ids(place, _OWNERS, "group:")
        reposted = _ids(place, _TOPICS, "media_topic:")
        if owner and reposted:
            return f"https://ok.ru/group/{owner[0]}/topic/{reposted[0]}"
    return None


def _places(topic: dict[str, Any]) -> list[dict[str, Any]]:
    """The topic itself, then the parts of its media."""
    media = topic.get("media")
    parts = media if isinstance(media, list) else []
    return [topic, *(part for part in parts if isinstance(part, dict))]


def _flag(place: dict[str, Any]) -> bool | None:
    for key in _FLAGS:
        value = place.get(key)
        said = bool(value) if isinstance(value, dict | list) else flag(value)
        if said is not None:
            return said
    return None


def _owners(place: dict[str, Any]) -> bool | None:
    for key in _OWNERS:
        if isinstance(place.get(key), list | str):
            return bool(place[key])
    return None


def _mark(place: dict[str, Any]) -> bool | None:
    said = _flag(place)
    return _owners(place) if said is None else said


def _contradicts_itself(topic: dict[str, Any]) -> bool:
    """No mark says yes, yet another topic stands in this one, or it has owners of what it would not be."""
    return any(
        _owners(place)
        or any(place.get(key) for key in _TOPICS)
        or (number and str(place.get("type")).lower() == "topic")
        for number, place in enumerate(_places(topic))
    )


def _is_whole(topic: dict[str, Any]) -> bool:
    """Whether all parts of the media were given: the mark may stand at one that was left out."""
    media = topic.get("media")
    is_listed = isinstance(media, list) and bool(media) and all(isinstance(part, dict) for part in media)
    return is_listed and flag(topic.get("has_more")) is not True


def _ids(place: dict[str, Any], keys: tuple[str, ...], prefix: str) -> list[str]:
    found = (place.get(key) for key in keys)
    listed = (value if isinstance(value, list) else [value] for value in found)
    return [str(ref).removeprefix(prefix) for refs in listed for ref in refs if str(ref).startswith(prefix)]
