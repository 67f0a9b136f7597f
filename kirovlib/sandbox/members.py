"""Accounts of the emulated world: whose they are, what is special about them, how their pages look."""

# ruff: noqa: PLR2004, S311 - chances of a made-up world, none of them a secret or a threshold

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from kirovlib.sandbox import portal, texts
from kirovlib.sandbox.names import Body
from kirovlib.sandbox.posts import HABITS, Style
from kirovlib.weeks import Week

FIRST_GROUP = 990_000_000  # far above the numbers VK gives to communities today

# One subordinate institution each; what a case means is in `world.plan_weeks` and `group_json`.
CASES = (
    "pinned_old",
    "signed",
    "repost_with_words",
    "visitors",
    "week_edge",
    "ads",
    "closed_wall",
    "gone",
    "opened_in_week",
    "long_wall",
    "album",
    "edited",
    "short_wall",
    "unpublished",
    "account_closed",
    "closed_body",
    "hostile_texts",
    "hostile_name",
    "silent_gap",
    "mostly_reposts",
)
CASE_HABITS = {
    "signed": "active",
    "silent_gap": "gaps",
    "mostly_reposts": "reposts",
    "hostile_texts": "active",
    "pinned_old": "borderline",
    "two_accounts": "quiet",
}


@dataclass(frozen=True)
class Member:
    """One VK account with everything planned about it.

    Attributes:
        account_id: The register's key.
        group: Number of the community.
        screen_name: Its short name, `public<number>` when it has none.
        body: The institution.
        case: What is special about it, blank when nothing.
        scenario: A key of `portal.SCENARIOS`.
        page: The links on its page with their verdicts.
        habit: A key of `posts.HABITS`.
        has_known_id: Whether the register knows the community's number.
        opened_on: In the register.
        closed_on: In the register.
        members: Subscribers.
    """

    account_id: str
    group: int
    screen_name: str
    body: Body
    case: str
    scenario: str
    page: portal.Page
    habit: str
    has_known_id: bool
    opened_on: date | None
    closed_on: date | None
    members: int

    @property
    def is_gone(self) -> bool:
        """Whether the community was deleted."""
        return self.case == "gone"

    @property
    def is_wall_closed(self) -> bool:
        """Whether only members may read the wall."""
        return self.case == "closed_wall"

    @property
    def unreadable(self) -> str:
        """Why its posts cannot be read, blank when they can."""
        if self.is_gone:
            return "account_gone"
        return "wall_closed" if self.is_wall_closed else ""

    @property
    def page_status(self) -> str:
        """See `truth.Judged`."""
        return "gone" if self.is_gone else "closed" if self.is_wall_closed else "live"

    @property
    def is_read_to_birth(self) -> bool:
        """Whether its first post ever can be known as such."""
        return self.case == "short_wall"

    @property
    def is_body_closed(self) -> bool:
        """Whether the institution is liquidated."""
        return self.case == "closed_body"

    @property
    def style(self) -> Style:
        """What its posts look like."""
        return Style(
            group=self.group,
            sphere=self.body.sphere,
            members=self.members,
            is_signed=self.case == "signed" or self.group % 7 == 0,
            has_words=self.case == "repost_with_words",
            has_album=self.case == "album",
            is_hostile=self.case == "hostile_texts",
            is_edited_late=self.case == "edited",
        )


def members(bodies: Sequence[Body], seed: int, last: Week) -> list[Member]:
    """The accounts in the order of the register.

    Args:
        bodies: The institutions.
        seed: The world's seed.
        last: The last full week; days of opening and closing are counted from it.
    """
    random = Random(f"{seed}:accounts")
    owners = _owners(bodies)
    cases = _cases(owners)
    scenarios = _scenarios(owners, random)
    places = {body.institution_id: place for place, body in enumerate(bodies)}
    shared = 300_000 + len(bodies)
    found = []
    for index, (body, is_second) in enumerate(owners):
        group = FIRST_GROUP + 37 * (index + 10)
        scenario = scenarios[index]
        opa_id = shared if scenario == "shared_opa_id" else 222_000 + places[body.institution_id]
        app = random.choices(("found", "unknown_app", "not_visible"), (36, 28, 36))[0]
        page = portal.page(scenario, app, portal.Addresses(body.institution_id, opa_id, group))
        case = cases.get(index, "two_accounts" if is_second else "")
        found.append(_member(body, index, random, case=case, group=group, scenario=scenario, page=page, last=last))
    return found


def group_json(member: Member) -> dict[str, Any]:
    """The community as `groups.getById` gives it when every field is asked for."""
    base: dict[str, Any] = {
        "id": member.group,
        "name": _title(member),
        "screen_name": member.screen_name,
        "is_closed": int(member.is_wall_closed),
        "type": "page" if member.group % 2 else "group",
        "photo_50": f"https://photo.sandbox.invalid/{member.group}/50.jpg",
        "photo_100": f"https://photo.sandbox.invalid/{member.group}/100.jpg",
        "photo_200": f"https://photo.sandbox.invalid/{member.group}/200.jpg",
    }
    if member.is_gone:
        return base | {"name": "DELETED", "deactivated": "deleted"}
    return base | _asked_fields(member)


def _owners(bodies: Sequence[Body]) -> list[tuple[Body, bool]]:
    """Whose account each is; some institutions have two, a few have none."""
    owners = []
    for index, body in enumerate(bodies):
        if body.kind == "subordinate" and index % 17 == 16:
            continue
        owners.append((body, False))
        if body.kind == "subordinate" and index % 14 == 13:
            owners.append((body, True))
    return owners


def _cases(owners: Sequence[tuple[Body, bool]]) -> dict[int, str]:
    places = _subordinate_places(owners)
    step = 2 if len(places) >= 2 * len(CASES) else 1
    return dict(zip(places[::step], CASES, strict=False))


def _scenarios(owners: Sequence[tuple[Body, bool]], random: Random) -> list[str]:
    """Every scenario at least once where there is room, the right pair of links most often."""
    odd = [name for name in portal.SCENARIOS if name not in {"correct", "shared_opa_id"}]
    chosen = ["correct" if random.random() < 0.88 else random.choice(odd) for _ in owners]
    places = _subordinate_places(owners)
    step = 2 if len(places) >= 2 * len(odd) else 1
    free = places[1::step]
    for place, name in zip(free, odd, strict=False):
        chosen[place] = name
    for place in _founders_apart(owners, [place for place in places if chosen[place] == "correct"]):
        chosen[place] = "shared_opa_id"
    return chosen


def _founders_apart(owners: Sequence[tuple[Body, bool]], places: Sequence[int]) -> Sequence[int]:
    """Two of the places whose institutions have different founders."""
    for other in places[1:]:
        if owners[other][0].founder_id != owners[places[0]][0].founder_id:
            return places[0], other
    return ()


def _subordinate_places(owners: Sequence[tuple[Body, bool]]) -> list[int]:
    return [index for index, (body, is_second) in enumerate(owners) if body.kind == "subordinate" and not is_second]


def _member(
    body: Body,
    index: int,
    random: Random,
    *,
    case: str,
    group: int,
    scenario: str,
    page: portal.Page,
    last: Week,
) -> Member:
    stem = f"{body.stem}_news" if case == "two_accounts" else body.stem
    number_form = ("public", "club")[index // 8 % 2] if index % 8 == 4 else ""
    key = str(group) if number_form else stem
    has_name = not number_form or index % 16 == 4  # registered by number, took a short name later
    habits = ("active", "active", "active", "borderline", "borderline", "quiet", "gaps", "reposts")
    habit = CASE_HABITS.get(case, random.choice(habits))
    return Member(
        account_id=f"vk:{key}",
        group=group,
        screen_name=stem if has_name else f"{number_form}{group}",
        body=body,
        case=case,
        scenario=scenario,
        page=page,
        habit=habit if habit in HABITS else "active",
        has_known_id=bool(number_form) or random.random() < 0.45,
        opened_on=_day(last, 0, 2) if case == "opened_in_week" else opening(random),
        closed_on=_day(last, -4, 3) if case == "account_closed" else None,
        members=random.randint(150, 9_000),
    )


def register_url(member: Member) -> str:
    """The address as the register has it: by number for accounts registered so."""
    number = member.account_id.removeprefix("vk:")
    if not number.isdigit():
        return f"https://vk.com/{member.screen_name}"
    word = "club" if member.screen_name.startswith("club") else "public"
    return f"https://vk.com/{word}{number}"


def opening(random: Random) -> date | None:
    """A day some years before the window, for a third of the accounts."""
    day = date(2021, 1, 1).toordinal() + random.randrange(700)
    return date.fromordinal(day) if random.random() < 0.33 else None


def _day(last: Week, weeks: int, weekday: int) -> date:
    return date.fromordinal(last.shifted(weeks).start.toordinal() + weekday)


def _title(member: Member) -> str:
    if member.case == "hostile_name":
        return texts.HOSTILE_NAMES[0]
    if member.case == "hostile_texts":
        return texts.HOSTILE_NAMES[1]
    suffix = " | Новости" if member.case == "two_accounts" else ""
    return member.body.short_name + suffix


def _asked_fields(member: Member) -> dict[str, Any]:
    """What comes only when asked for."""
    body, digits = member.body, member.group % 100
    phone, mail = f"+7 (000) 000-00-{digits:02d}", f"{body.stem}@example.org"
    town = {"id": 9_000_000, "title": body.municipality}
    fields: dict[str, Any] = {
        "activity": "Государственная организация",
        "description": f"{body.name}. Официальное сообщество. Все совпадения случайны.",
        "members_count": member.members,
        "has_photo": int(member.group % 11 != 0),
        "cover": {"enabled": int(member.group % 9 != 0)},
        "status": "Работаем для вас" if member.group % 5 else "",
        "site": f"https://{body.stem.replace('_', '-')}.example" if member.group % 6 else "",
        "verified": 0,
        "is_government_organization": member.group % 10 != 0 and body.kind != "other",
        "city": town,
        "contacts": [{"desc": "Приёмная", "phone": phone, "email": mail}] if member.group % 4 else [],
        "addresses": {"is_enabled": False},
        "wall": 2,
    }
    if member.group % 3:
        place = {"id": digits, "address": f"ул. Сказочная, д. {digits + 1}", "city": town, "title": "Здание"}
        fields["addresses"] = {"is_enabled": True, "main_address_id": digits, "main_address": place}
    optional = {
        "menu": portal.menu_json(member.page, member.group),
        "action_button": portal.button_json(member.page),
        "links": portal.links_json(member.page) or None,
    }
    return fields | {name: value for name, value in optional.items() if value is not None}
