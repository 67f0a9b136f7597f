"""The API of Odnoklassniki over a world: methods, signature and errors as `PLATFORMS.md` gives them.

Application `sandbox-application` with the secret `sandbox-secret`; sessions `sandbox-session` and
`sandbox-session-2` (for whom the first was taken away), `sandbox-expired`. No session is asked for.
"""

from __future__ import annotations

import hashlib
import re
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kirovlib.sandbox import ok_json
from kirovlib.sandbox.ok_json import Fields
from kirovlib.sandbox.ok_topics import OkGroup, Topic
from kirovlib.sandbox.sources import Stage, stage_of
from kirovlib.sandbox.vk import Reply
from kirovlib.sandbox.world import World

APPLICATION, SECRET = "sandbox-application", "sandbox-secret"
SESSIONS = ("sandbox-session", "sandbox-session-2")
EXPIRED_SESSION = "sandbox-expired"
UNSIGNED = frozenset({"sig", "access_token", "session_key"})
HOSTS = frozenset({"ok.ru", "www.ok.ru", "m.ok.ru", "odnoklassniki.ru", "www.odnoklassniki.ru"})
USUAL_COUNT, MOST_TOPICS = 20, 100
TOP = 10**18  # above every topic
MOST_A_SECOND = 20  # no number is published; far above what a client that spares the network asks

NO_APPLICATION = (101, "PARAM_API_KEY : Application not exist")
SESSION_EXPIRED = (102, "PARAM_SESSION_EXPIRED : Session expired")
NO_SESSION = (103, "PARAM_SESSION_KEY : Invalid session key")
UNKNOWN_METHOD = (3, "METHOD : Method does not exist")
FLOOD = (8, "FLOOD_BLOCKED : Flood control")
DENIED = (10, "PERMISSION_DENIED : User must be a member of the group")


class OkFailure(Exception):  # noqa: N818 - an answer of the network, not a fault of ours
    """An answer of Odnoklassniki that is an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def missing(what: str) -> OkFailure:
    """Error 100."""
    return OkFailure(100, f"PARAM : Missing or invalid parameter {what}")


class OkApi:
    """Odnoklassniki without HTTP.

    Args:
        source: A world, or what holds one: `Scene`, `WorldSource`. It is looked at anew with each call.
        limits: Whether requests a second are watched.
        envelope: `groups` wraps the answer of `group.getInfo` as the documentation draws it; live it was a list.
        nulls: Whether empty lists come as `null`: not known of every method.
        pinned_repeats: Whether the pinned topic comes a second time at its natural place; not known.
        reshare_false: See `ok_json.Fields`.
        monotonic: Seconds of a clock that never goes back.
        faults: Called with method, parameters and the number of the call (from 1) before anything else; what
            it returns is the answer, None lets the call through.

    Attributes:
        call_count: Calls so far.

    Example:
        >>> from kirovlib.sandbox import build_world
        >>> api = OkApi(build_world(institutions=8, weeks=1))
        >>> asked = {"method": "url.getInfo", "application_key": "sandbox-application", "format": "json"}
        >>> api.call(asked | {"sig": "wrong"}).body["error_code"]
        104
        >>> asked["url"] = "https://ok.ru/nobody"
        >>> api.call(asked | {"sig": signature(asked, "sandbox-secret")}).body
        {'type': 'UNKNOWN'}
    """

    def __init__(
        self,
        source: World | Stage,
        *,
        limits: bool = True,
        envelope: str = "",
        nulls: bool = False,
        pinned_repeats: bool = False,
        reshare_false: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        faults: Callable[[str, Mapping[str, str], int], Reply | None] | None = None,
    ) -> None:
        self.call_count = 0
        self._stage = stage_of(source)
        self._limits = limits
        self._envelope = envelope
        self._nulls = nulls
        self._pinned_repeats = pinned_repeats
        self._reshare_false = reshare_false
        self._monotonic = monotonic
        self._faults = faults
        self._recent: deque[float] = deque()

    def call(self, parameters: Mapping[str, str]) -> Reply:
        """The answer to one request for `fb.do`."""
        self.call_count += 1
        method = parameters.get("method", "")
        if self._faults is not None and (fault := self._faults(method, parameters, self.call_count)) is not None:
            return fault
        body: Any
        methods = {"url.getInfo": self._url, "group.getInfo": self._groups, "stream.get": self._stream}
        try:
            self._admit(parameters)
            body = methods.get(method, _no_method)(parameters)
        except OkFailure as failure:
            body = {"error_data": None, "error_code": failure.code, "error_msg": failure.message}
        return Reply(200, body, self._stage.world.now)

    def _admit(self, parameters: Mapping[str, str]) -> None:
        if parameters.get("application_key") != APPLICATION:
            raise OkFailure(*NO_APPLICATION)
        if parameters.get("format", "").lower() != "json":
            what = "format"
            raise missing(what)
        token, secret = parameters.get("access_token", ""), SECRET
        if parameters.get("session_key") or (token and token not in (*SESSIONS, EXPIRED_SESSION)):
            raise OkFailure(*NO_SESSION)
        if token:
            secret = session_secret(token)
        given = parameters.get("sig", "")
        if given != signature(parameters, secret):
            # The network repeats what it signed, the application's key among it.
            echo = f"calculated by string {_signed_text(parameters)}********SECRET KEY*******"
            raise OkFailure(104, f"PARAM_SIGNATURE : Invalid signature {given}, {echo}")
        if token == EXPIRED_SESSION:
            raise OkFailure(*SESSION_EXPIRED)
        self._pace()

    def _pace(self) -> None:
        if not self._limits:
            return
        now = self._monotonic()
        while self._recent and now - self._recent[0] >= 1:
            self._recent.popleft()
        if len(self._recent) >= MOST_A_SECOND:
            raise OkFailure(*FLOOD)
        self._recent.append(now)

    def _url(self, parameters: Mapping[str, str]) -> Any:
        """The object at an address; deleted groups keep theirs. What an unknown one gives is not known."""
        url = parameters.get("url", "")
        if not url:
            what = "url"
            raise missing(what)
        parts = urllib.parse.urlsplit(url if "//" in url else f"//{url}")
        match = re.fullmatch(r"/(?:(group|profile)/?(\d+)|([\w.-]+))/?", parts.path)
        if parts.netloc.lower() not in HOSTS or match is None:
            return {"type": "UNKNOWN"}
        if match[1] == "profile":
            return {"objectId": int(match[2]), "objectIdStr": match[2], "type": "PROFILE"}
        groups = self._stage.world.ok
        number = int(match[2]) if match[2] else self._number(match[3])
        if number not in groups:
            return {"type": "UNKNOWN"}
        return {"objectId": number, "objectIdStr": str(number), "type": "GROUP"}

    def _number(self, shortname: str) -> int:
        """Number of the group of a short name, 0 for none."""
        wanted = shortname.lower()
        return next((each.number for each in self._stage.world.ok.values() if each.shortname.lower() == wanted), 0)

    def _groups(self, parameters: Mapping[str, str]) -> Any:
        """Unknown and deleted groups are left out."""
        for name in ("uids", "fields"):
            if not parameters.get(name):
                raise missing(name)
        fields = Fields.parsed(parameters["fields"])
        asked = dict.fromkeys(uid.strip() for uid in parameters["uids"].split(","))
        found = [self._stage.world.ok.get(int(uid)) for uid in asked if uid.isdecimal()]
        shown = [
            ok_json.group_json(group, fields) for group in found if group is not None and group.access != "dropped"
        ]
        listed = self._listed(shown)
        return {"groups": listed} if self._envelope == "groups" else listed

    def _stream(self, parameters: Mapping[str, str]) -> Any:
        """A page of a group's feed: the last one has an anchor like all others, and no `feeds`."""
        gid, anchor = parameters.get("gid", ""), parameters.get("anchor", "")
        if not gid.isdecimal():
            what = "gid"
            raise missing(what)
        count = parameters.get("count") or str(USUAL_COUNT)
        if not count.isdecimal() or not 1 <= int(count) <= MOST_TOPICS:
            what = "count"
            raise missing(what)
        # A deleted group, and one that never was: no error, as `group.getInfo`, and nothing in the feed.
        group = self._stage.world.ok.get(int(gid), OkGroup(int(gid), "", "dropped"))
        if group.access == "closed":
            raise OkFailure(*DENIED)
        patterns = parameters.get("patterns", "POST").upper().split(",")
        topics = self._page(group, anchor, int(count)) if "POST" in (each.strip() for each in patterns) else []
        if not topics:
            return {"anchor": anchor, "available": True} | ({"feeds": None} if self._nulls else {})
        fields = Fields.parsed(parameters.get("fields", ""), reshare_false=self._reshare_false)
        entities = ok_json.entities_json(group, topics, fields)
        return {
            "feeds": [ok_json.feed_json(group, topic, fields) for topic in topics],
            "entities": {key: self._listed(value) for key, value in entities.items()},
            "anchor": _anchor(topics, anchor),
            "available": True,
        }

    def _page(self, group: OkGroup, anchor: str, count: int) -> list[Topic]:
        """The pinned topic first whatever its age; an anchor goes on below a topic, whatever came on top since."""
        below = _below(anchor)
        pinned = [topic for topic in group.topics if topic.is_sticky and anchor == ""]
        others = [topic for topic in group.topics if self._pinned_repeats or not topic.is_sticky]
        if below is not None:
            others = [topic for topic in others if topic.number < below]
        return (pinned + others)[:count]

    def _listed(self, found: list[Any]) -> list[Any] | None:
        return None if self._nulls and not found else found


def signature(parameters: Mapping[str, str], secret: str) -> str:
    """`sig` of a request.

    Args:
        parameters: As sent; the session and `sig` itself are not signed.
        secret: The application's, or that of `session_secret`.
    """
    return hashlib.md5((_signed_text(parameters) + secret).encode()).hexdigest()


def session_secret(token: str) -> str:
    """What a request in a session is signed with."""
    return hashlib.md5((token + SECRET).encode()).hexdigest()


def _no_method(_: Mapping[str, str]) -> Any:
    raise OkFailure(*UNKNOWN_METHOD)


def _signed_text(parameters: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}" for key, value in sorted(parameters.items()) if key not in UNSIGNED)


def _anchor(topics: Sequence[Topic], before: str) -> str:
    """Opaque to the client; a first page of nothing but pinned topics is followed by the newest ones."""
    is_top = not before and all(topic.is_sticky for topic in topics)
    return f"below{TOP if is_top else topics[-1].number:x}"


def _below(anchor: str) -> int | None:
    """The number of the topic that the page goes on below; None for the first page.

    Raises:
        OkFailure: When the anchor is none of ours.
    """
    if not anchor:
        return None
    match = re.fullmatch(r"below([0-9a-f]+)", anchor)
    if match is None:
        what = "anchor"
        raise missing(what)
    return int(match[1], 16)
