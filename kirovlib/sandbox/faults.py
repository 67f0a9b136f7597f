"""Misbehaviour on purpose: which call of a network goes wrong, and how.

Three groups. `transient` passes when the call is tried again: it strikes a share of the calls, never more than three in
a row of one network and never the same call more than three times, so that five tries always get through. `stopping`
ends the reading of a network: each kind waits for its call number. `world` changes accounts while they are read, see
`changes`; it never changes the truth about an account that stays readable.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from random import Random
from typing import NamedTuple

from kirovlib.errors import ParameterError

NETWORKS = ("vk", "ok", "telegram")
TRANSIENT = {
    "rate": "слишком частые запросы: VK 6 и 9, Одноклассники 8, Telegram 429",
    "unavailable": "сбой сервера: 500, 502, 503 с Retry-After",
    "slow": "ответ приходит позже, чем его ждут",
    "cut": "соединение обрывается посреди ответа",
    "truncated": "JSON или страница обрывается на середине, хотя длина ответа верна",
    "html": "чужая страница вместо ответа, как у провайдера",
}
STOPPING = {
    "quota": "VK 29: суточный лимит исчерпан, один раз",
    "captcha": "VK 14: нужна капча, один раз",
    "token": "ключ перестаёт действовать: VK 5, Одноклассники 102; другой ключ работает",
}
WORLD = {
    "closed_wall": "у аккаунта закрывается лента, когда его страница уже прочитана",
    "renamed": "у аккаунта меняется короткое имя, старое свободно, номер прежний",
    "new_post": "между двумя страницами ленты появляется новая публикация текущей недели",
    "no_menu": "поле menu пропадает у всех сообществ VK",
}
KINDS = {**TRANSIENT, **STOPPING, **WORLD}
ALL = tuple(KINDS)
GROUPS = {"transient": tuple(TRANSIENT), "stopping": tuple(STOPPING), "world": tuple(WORLD), "all": ALL}
# From which call of a network on a stopping kind strikes; far enough apart for a run to go on between them, early
# enough for the few calls that a user's token of VK takes.
STRIKES_AT = {"quota": 3, "captcha": 7, "token": 11}
SLOW_SECONDS = 45.0  # the client waits 30 by default
MOST_IN_A_ROW = 3
WALL_METHODS = ("wall.get", "execute")

_STOPPED_BY = {"quota": ("vk",), "captcha": ("vk",), "token": ("vk", "ok")}
_CODES = {
    ("vk", "rate"): (6, 9),
    ("ok", "rate"): (8,),
    ("telegram", "rate"): (429,),
    ("vk", "quota"): (29,),
    ("vk", "captcha"): (14,),
    ("vk", "token"): (5,),
    ("ok", "token"): (102,),
    **{(network, "unavailable"): (500, 502, 503) for network in NETWORKS},
}


class Call(NamedTuple):
    """A request as the emulated networks see it.

    Attributes:
        network: `vk`, `ok` or `telegram`.
        method: VK's or OK's method; `page`, `card` or `home` of Telegram.
        parameters: As they came; of Telegram the query and `name`.
        token: Who asks, blank without a token.
    """

    network: str
    method: str
    parameters: Mapping[str, str]
    token: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """The same for every try of a call; a page of Telegram and the card it redirects to are one."""
        method = "" if self.network == "telegram" else self.method
        return self.network, method, *(f"{key}={value}" for key, value in sorted(self.parameters.items()))


class Strike(NamedTuple):
    """What goes wrong: a key of `KINDS`; the network's error code or the HTTP status where it has one, else 0."""

    kind: str
    code: int = 0


class Faults:
    """Decides by network and call number; the same seed decides alike, from any number of threads.

    Args:
        kinds: Keys of `KINDS`.
        seed: Anything.
        share: How many of the calls meet a transient kind, 0-1.
        at: Other numbers of calls than `STRIKES_AT`.
        slow_seconds: How late a `slow` answer comes; more than the client waits.

    Attributes:
        injected: How often each kind struck or happened, by (network, kind).
        changed: The accounts that a kind of `world` changed, by (network, kind): VK's and OK's numbers, Telegram's
            names as the register has them.

    Raises:
        ParameterError: When a kind is unknown.

    Example:
        >>> faults = Faults(["captcha"], at={"captcha": 2})
        >>> [faults.strike(Call("vk", "wall.get", {}, "sandbox-user")) for _ in range(3)]
        [None, Strike(kind='captcha', code=14), None]
    """

    def __init__(
        self,
        kinds: Iterable[str] = ALL,
        *,
        seed: int = 131,
        share: float = 0.05,
        at: Mapping[str, int] | None = None,
        slow_seconds: float = SLOW_SECONDS,
    ) -> None:
        self.kinds = tuple(kind for kind in ALL if kind in set(named(kinds)))
        self.seed = seed
        self.slow_seconds = slow_seconds
        self.injected: Counter[tuple[str, str]] = Counter()
        self.changed: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._share = share
        self._waiting = {
            (network, kind): (STRIKES_AT | dict(at or {}))[kind]
            for kind in STOPPING
            if kind in self.kinds
            for network in _STOPPED_BY[kind]
        }
        self._expired: set[tuple[str, str]] = set()
        self._numbers: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._struck: Counter[tuple[str, ...]] = Counter()
        self._lock = threading.Lock()

    def strike(self, call: Call) -> Strike | None:
        """What goes wrong with the next call of a network, None when nothing does."""
        with self._lock:
            self._numbers[call.network] += 1
            number = self._numbers[call.network]
            passing = self._transient(call.network, number)
            found = self._stopping(call, number)
            if found is None and passing is not None and self._may_strike(call):
                self._struck[call.identity] += 1
                found = passing
            if found is not None:
                self.injected[call.network, found.kind] += 1
            return found

    def happened(self, network: str, kind: str, *accounts: str) -> None:
        """Write down a change of the world."""
        with self._lock:
            self.injected[network, kind] += 1
            self.changed[network, kind] += accounts

    def _transient(self, network: str, number: int) -> Strike | None:
        """By the number alone: what the calls are about must not change which of them are struck."""
        random = Random(f"{self.seed}:{network}:{number}")  # noqa: S311 - a rehearsal, not a secret
        kinds = [kind for kind in TRANSIENT if kind in self.kinds]
        if not kinds or random.random() >= self._share or self._in_a_row[network] == MOST_IN_A_ROW:
            self._in_a_row[network] = 0
            return None
        self._in_a_row[network] += 1
        kind = random.choice(kinds)
        return Strike(kind, random.choice(_CODES.get((network, kind), (0,))))

    def _may_strike(self, call: Call) -> bool:
        """Requests of several threads mingle: three in a row of the network may be every try of one of them.

        Telegram's home page is where a channel's page redirects to; its failures would add to those of the page.
        """
        return call.method != "home" and self._struck[call.identity] < MOST_IN_A_ROW

    def _stopping(self, call: Call, number: int) -> Strike | None:
        if (call.network, call.token) in self._expired:
            return Strike("token", _CODES[call.network, "token"][0])
        for kind in STOPPING:
            first = self._waiting.get((call.network, kind))
            if first is None or number < first or not _concerns(kind, call):
                continue
            del self._waiting[call.network, kind]
            if kind == "token":
                self._expired.add((call.network, call.token))
            return Strike(kind, _CODES[call.network, kind][0])
        return None


def named(words: Iterable[str]) -> tuple[str, ...]:
    """The kinds that names of groups and kinds stand for, in the order of `KINDS`.

    Raises:
        ParameterError: When a word is neither.

    Example:
        >>> named(["stopping", "slow"])
        ('slow', 'quota', 'captcha', 'token')
    """
    chosen: set[str] = set()
    for word in words:
        if word not in GROUPS and word not in KINDS:
            msg = (
                f"Сбой «{word}» не известен. Группы: {', '.join(GROUPS)}. "
                f"Отдельные сбои: {', '.join(KINDS)}. Перечислите нужные через запятую."
            )
            raise ParameterError(msg)
        chosen.update(GROUPS.get(word, (word,)))
    return tuple(kind for kind in ALL if kind in chosen)


def _concerns(kind: str, call: Call) -> bool:
    if kind == "quota":
        return call.method in WALL_METHODS
    return kind != "token" or bool(call.token)
