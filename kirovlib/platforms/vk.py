"""VK: `groups.getById` in batches, `wall.get` plain (service token) or 25 at a time by `execute` (user token).

Limits and errors are those of `PLATFORMS.md`, section 1 (dev.vk.com, VKCOM/vk-api-schema 5.199). What belongs to one
subject has a module: `vk_calls` (one call), `vk_errors`, `vk_profiles` (which community), `vk_walls` (many walls at
once), `vk_pages` (one request for some of them), `vk_wall` (one wall), `vk_accounts` (the reading of an account),
`vk_rows` (VK's fields as our columns).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TypeVar

from kirovlib.platforms import base, vk_accounts, vk_profiles, vk_rows
from kirovlib.platforms.http import Http, opened
from kirovlib.platforms.vk_calls import VERSION, Calls
from kirovlib.platforms.vk_pages import POSTS_PER_EXECUTE, WALLS_PER_EXECUTE
from kirovlib.platforms.vk_profiles import GROUPS_PER_CALL, Finding
from kirovlib.platforms.vk_wall import POSTS_A_WEEK, page_size
from kirovlib.platforms.vk_walls import Walls
from kirovlib.settings import Settings

TOKEN = "VK_TOKEN"
REQUESTS_PER_SECOND = 3.0
WALLS_A_DAY = 5000  # calls of `wall.get`, those inside `execute` included
_IDENTITY_FIELDS = "screen_name,deactivated"

Item = TypeVar("Item")


class Vk(Calls):
    """VK's client.

    Args:
        http, url, token: As `Calls` takes them.
        access_kind: What the token is believed to be; only plans rely on it, the first batch of walls proves it.
    """

    def __init__(self, http: Http, url: str, token: str, access_kind: str = "") -> None:
        super().__init__(http, url, token)
        self.assumed_kind = access_kind

    def plan(self, targets: Sequence[base.Target], window: base.Window) -> base.Plan:
        """See `base.Platform`: for a service token, the usual one, unless another kind is known or was met before."""
        size = page_size(window)
        likely = math.ceil(POSTS_A_WEEK * ((window.ends_at - window.starts_at) / timedelta(weeks=1)))
        walls = len(targets) * max(1, math.ceil(likely / size))
        is_user = (self.access_kind or self.assumed_kind) == "user"
        together = min(WALLS_PER_EXECUTE, POSTS_PER_EXECUTE // max(1, min(likely, size))) if is_user else 1
        request_count = math.ceil(len(targets) / GROUPS_PER_CALL) + math.ceil(walls / together)
        return base.Plan(request_count, self._http.per_second, WALLS_A_DAY, walls)

    def readings(self, targets: Sequence[base.Target], window: base.Window) -> Iterator[base.Reading]:
        """See `base.Platform`: profiles 500 at a time, then walls; yields in the order given."""
        start = 0
        with Walls(self) as walls:
            for few in _chunks(targets):
                with suppress(base.NetworkStoppedError):  # `finished` raises it again, after the accounts in hand
                    findings = vk_profiles.find(self, few, vk_rows.PROFILE_FIELDS)
                    walls.add(vk_accounts.opened(few, findings, window, start))
                start += len(few)
                for account in walls.finished(more=start < len(targets)):
                    yield vk_accounts.reading(account)

    def identities(self, targets: Sequence[base.Target]) -> Iterator[base.Identity]:
        """See `base.Platform`: of the number where the register has one, else of whom the address leads to.

        Nothing is told of a community at the address of another (`address_moved`): its number is not the account's.
        """
        for few in _chunks(targets):
            for target, finding in zip(few, vk_profiles.find(self, few, _IDENTITY_FIELDS), strict=True):
                yield _identity(target, finding)

    def resolve(self, names: Sequence[str]) -> dict[str, str]:
        """The number of the community that each short name leads to today; empty where it leads to none.

        Raises:
            base.NetworkStoppedError: As in `readings`.
        """
        numbers: dict[str, str] = {}
        for few in _chunks(names):
            keys = [vk_rows.address_key(f"https://vk.com/{name}") for name in few]
            said = vk_profiles.by_key(self, keys, _IDENTITY_FIELDS)
            numbers |= {name: said[key].number if said[key].group else "" for name, key in zip(few, keys, strict=True)}
        return numbers


def _identity(target: base.Target, finding: Finding) -> base.Identity:
    if finding.group is None:
        return base.Identity(target.account_id, "unknown", reason=finding.reason)
    name = finding.group.get("screen_name") or f"club{finding.number}"
    return base.Identity(
        target.account_id,
        vk_rows.status(finding.group),
        platform_id=finding.number,
        url=f"https://vk.com/{name}",
        name=str(finding.group.get("name") or ""),
    )


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), GROUPS_PER_CALL):
        yield items[start : start + GROUPS_PER_CALL]


@contextmanager
def connect(settings: Settings, stopping: threading.Event) -> Iterator[Vk]:
    """The client for the settings' address and token, at VK's pace."""
    with opened(NETWORK, settings, stopping, per_second=REQUESTS_PER_SECOND) as http:
        yield Vk(http, NETWORK.url(settings), settings.variable(TOKEN))


NETWORK = base.Network(
    name="vk",
    title="ВКонтакте",
    connect=connect,
    urls=("https://api.vk.com/method/", "https://api.vk.ru/method/"),
    url_variable="KIROV_VK_URL",
    secrets=(TOKEN,),
    ping=f"utils.getServerTime?v={VERSION}",
    is_network=lambda body: b'"response"' in body or b'"error_code"' in body,
)
