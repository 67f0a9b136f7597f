"""Every link of the recorded communities that may be the portal's, against a table of what it is."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kirovlib.order.portal_links import PortalLink, parse, repair
from kirovlib.platforms import vk_rows

TABLE = Path(__file__).with_name("expected") / "vk" / "portal_links.csv"
FILES = (
    "groups_getById_94_institutions",
    "groups_getById_legacy_array_two",
    "groups_getById_dostigenie_deti_web_v5_285",
)
PLACES = ("menu", "action_button", "links")
CONCERNS = re.compile(r"gosuslugi|//(?:clck\.ru|vk\.cc|goo\.su|bit\.ly|u\.to|is\.gd)/|/app[0-9]", re.IGNORECASE)
WIDGETS = {"message_form", "surveys"}

pytestmark = pytest.mark.recorded
Placed = tuple[str, str, PortalLink]


def communities(recorded: Path) -> list[dict[str, Any]]:
    bodies = [json.loads((recorded / "vk" / f"{name}.json").read_text(encoding="utf-8"))["response"] for name in FILES]
    return [group for body in bodies for group in (body if isinstance(body, list) else body["groups"])]


@pytest.fixture(scope="module")
def placed(recorded: Path) -> list[Placed]:
    """Community, place and link, read as the collection reads them."""
    found: list[Placed] = []
    for group in communities(recorded):
        row = vk_rows.profile_row("vk:1", group, datetime(2024, 6, 1, tzinfo=UTC), "")
        for place in PLACES:
            items = json.loads(row[place] or "[]")
            links = [parse(item["url"], item["title"]) for item in items]
            found += [(str(group["id"]), f"{place} {number}", link) for number, link in enumerate(links, 1)]
    return found


def table_row(community: str, position: str, link: PortalLink) -> dict[str, str]:
    """The repair is from the link alone: no register belongs to the recordings."""
    is_damaged = link.target in WIDGETS and (link.state != "works" or bool(link.notes))
    return {
        "community": community,
        "position": position,
        "target": link.target,
        "state": link.state,
        "identifier": link.identifier,
        "notes": " ".join(link.notes),
        "repair": repair(link, "", "33") if is_damaged else "",
    }


def expected() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_recorded_link_is_what_its_row_says(placed: list[Placed]) -> None:
    assert [table_row(*each) for each in placed if CONCERNS.search(each[2].url)] == expected()


def test_no_other_recorded_link_is_taken_for_the_portals(placed: list[Placed]) -> None:
    others = [link for _, _, link in placed if not CONCERNS.search(link.url)]
    assert {(link.target, link.state) for link in others} == {("", "elsewhere")}


@pytest.mark.parametrize(
    ("target", "told"),
    [("message_form", {"works": 87, "none": 9, "misspelt": 1}),
     ("surveys", {"works": 82, "none": 10, "broken": 2, "misspelt": 3})],
)  # fmt: skip
def test_the_recorded_communities_have_so_many_links_of_each_state(
    recorded: Path, placed: list[Placed], target: str, told: dict[str, int]
) -> None:
    best: Counter[str] = Counter()
    for group in communities(recorded):
        states = {link.state for owner, _, link in placed if owner == str(group["id"]) and link.target == target}
        best["works" if "works" in states else next(iter(states), "none")] += 1
    assert best == told


def test_every_repair_works_without_a_note_and_keeps_its_identifier(placed: list[Placed]) -> None:
    damaged = [link for _, _, link in placed if table_row("", "", link)["repair"]]
    assert damaged
    for link in damaged:
        mended = parse(repair(link, "", "33"))
        assert (mended.target, mended.state, mended.notes) == (link.target, "works", ())
        assert mended.identifier == link.identifier


def test_the_order_of_parameters_changes_nothing_about_a_recorded_link(placed: list[Placed]) -> None:
    for _, _, link in placed:
        head, mark, query = link.url.partition("?")
        turned = parse(head + mark + "&".join(reversed(query.split("&"))), link.title)
        assert (turned.target, turned.state, turned.identifier) == (link.target, link.state, link.identifier)


def test_a_redirect_of_vk_around_a_recorded_link_changes_nothing_about_it(placed: list[Placed]) -> None:
    for _, _, link in placed:
        if link.target in WIDGETS:
            escaped = link.url.replace("%", "%25").replace("&", "%26")
            wrapped = parse(f"https://vk.com/away.php?to={escaped}", link.title)
            assert (wrapped.target, wrapped.state, wrapped.notes) == (link.target, link.state, link.notes)
