"""VK's JSON as rows of our tables; facts about the fields are from `PLATFORMS.md`, section 1."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kirovlib import tables
from kirovlib.registry import addresses

# Asked for explicitly: without asking, `menu` and the state mark are silently absent.
PROFILE_FIELDS = (
    "menu,is_government_organization,verified,action_button,links,addresses,cover,description,site,status,"
    "members_count,has_photo,deactivated,phone"
)

_OWNERS = frozenset({"owner_id", "from_id", "to_id"})


def address_key(url: str) -> str:
    """The numeric id or short name behind an address, as `groups.getById` takes it.

    `public123`, `club123` and `event123` are numbers, `public_school_36` is a name.

    Example:
        >>> address_key("https://vk.com/club123"), address_key("https://vk.com/public_school_36?from=groups")
        ('123', 'public_school_36')
    """
    address = addresses.parse(url)
    return address.key if isinstance(address, addresses.Address) else url.strip()


def post_row(account_id: str, item: dict[str, Any], seen_at: datetime, sha256: str) -> dict[str, Any]:
    """A wall item as a row of `Posts` (without run_id, batch, version).

    Own means `from_id == owner_id`: a signed post is the community's own, a visitor's is not. A repost has a
    non-empty `copy_history`, whatever words stand above it; its `post_type` stays "post".
    """
    # Postponed and suggested posts are not published yet, whoever wrote them.
    own = item["from_id"] == item["owner_id"] and item.get("post_type") not in {"postpone", "suggest"}
    copies = item.get("copy_history") or []
    is_known = isinstance(copies, list) and (bool(copies) or item.get("post_type") != "copy")
    return {
        "account_id": account_id,
        "post_id": _post_id(item),
        "posted_at": datetime.fromtimestamp(item["date"], UTC),
        "own": own,
        "is_repost": bool(copies) if is_known else None,
        "reposted_from_url": _repost_source(copies[0]) if is_known and copies else None,
        "is_ad": bool(item["marked_as_ads"]) if "marked_as_ads" in item else None,
        "is_pinned": bool(item.get("is_pinned", 0)),
        "edited_at": datetime.fromtimestamp(item["edited"], UTC) if item.get("edited") else None,
        "text": item.get("text", "") if own else "",
        "url": _wall_url(item["owner_id"], item["id"]),
        "observed_at": seen_at,
        "last_seen_at": seen_at,
        "missed_at": None,
        "raw_sha256": sha256,
    }


def metrics_row(account_id: str, item: dict[str, Any], seen_at: datetime) -> dict[str, Any]:
    """A wall item's counters as a row of `PostMetrics` (without run_id and batch)."""
    counters = {
        "view_count": "views",
        "like_count": "likes",
        "comment_count": "comments",
        "reshared_count": "reposts",
    }
    row = {column: _number((item.get(key) or {}).get("count")) for column, key in counters.items()}
    return {"account_id": account_id, "post_id": _post_id(item), "observed_at": seen_at, **row}


def profile_row(account_id: str, group: dict[str, Any], seen_at: datetime, sha256: str) -> dict[str, Any]:
    """A community as a row of `ProfileSnapshots` (without run_id and batch); an absent field stays blank."""
    cover, address = group.get("cover"), (group.get("addresses") or {}).get("main_address") or {}
    return {
        "account_id": account_id,
        "platform_id": str(group["id"]),
        "collected_at": seen_at,
        "name": group.get("name"),
        "description": group.get("description"),
        "has_avatar": _flag(group, "has_photo"),
        "has_cover": bool(cover.get("enabled")) if isinstance(cover, dict) else None,
        "phone": group.get("phone"),
        "email": None,  # VK keeps it in `contacts`, with the names of private persons; we do not store those
        "address": address.get("address"),
        "site": group.get("site"),
        "subscriber_count": _number(group.get("members_count")),
        "verified": _flag(group, "verified"),
        "government_mark": _flag(group, "is_government_organization"),
        "menu": _links(group["menu"].get("items", [])) if isinstance(group.get("menu"), dict) else None,
        "links": _links(group["links"]) if isinstance(group.get("links"), list) else None,
        "action_button": _action_button(group["action_button"]) if group.get("action_button") is not None else None,
        "status": status(group),
        "raw_sha256": sha256,
    }


def status(group: dict[str, Any]) -> str:
    """A community's state, a word of `tables.PROFILE_STATUSES`."""
    return "gone" if group.get("deactivated") else "closed" if group.get("is_closed") else "live"


def stored_item(item: dict[str, Any]) -> dict[str, Any]:
    """A wall item as kept in the raw evidence: of a visitor's post only that it was there, and no ids of persons."""
    if item.get("from_id") == item.get("owner_id"):
        kept = _without_persons(item)
        return kept if isinstance(kept, dict) else {}
    return {key: item[key] for key in ("id", "owner_id", "date") if key in item} | {"visitor": True}


def _without_persons(value: Any) -> Any:
    """Positive owners are persons, communities are negative: of a repost or an attachment from a person's page.

    Of a post on a person's page that was reposted only its date stays, which is enough to see that it was a repost.
    """
    if isinstance(value, dict):
        kept = {key: _without_persons(item) for key, item in value.items() if not (key in _OWNERS and _is_person(item))}
        if isinstance(value.get("copy_history"), list):
            kept["copy_history"] = [_copy(copy) for copy in value["copy_history"]]
        return kept
    return [_without_persons(item) for item in value] if isinstance(value, list) else value


def _copy(copy: Any) -> Any:
    if isinstance(copy, dict) and any(_is_person(copy.get(key)) for key in _OWNERS):
        return {"date": copy.get("date"), "person": True}
    return _without_persons(copy)


def _is_person(owner: Any) -> bool:
    return isinstance(owner, int) and owner > 0


def _repost_source(source: dict[str, Any]) -> str | None:
    known = "id" in source and "owner_id" in source and not _is_person(source["owner_id"])
    return _wall_url(source["owner_id"], source["id"]) if known else None


def _post_id(item: dict[str, Any]) -> str:
    """`<owner>_<number>`: numbers are given by each wall anew, and an account may move to another community."""
    return f"{item['owner_id']}_{item['id']}"


def _wall_url(owner_id: int, post_id: int) -> str:
    return f"https://vk.com/wall{owner_id}_{post_id}"


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _flag(group: dict[str, Any], key: str) -> bool | None:
    return bool(group[key]) if group.get(key) is not None else None


def _links(items: list[dict[str, Any]]) -> str:
    return tables.to_json(
        [
            {
                "title": item.get("title") or item.get("name") or "",
                "url": item.get("url") or "",
                "type": item.get("type") or "",
            }
            for item in items
        ]
    )


def _action_button(button: Any) -> str:
    if not isinstance(button, dict) or not button.get("is_enabled", True):
        return "[]"
    url = (button.get("target") or {}).get("url", "")
    return _links([{"title": button.get("title", ""), "url": url, "type": button.get("action_type", "")}])
