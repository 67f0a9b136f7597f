"""Account addresses as people write them into spreadsheets: the one place that understands them.

Forms are those of `PLATFORMS.md`, "Account URLs": `vk.ru` is `vk.com`, `public123` is a number, `public_school_36` is
a name, a bare `https://vk.com/public` is nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

_VK = ("vk.com", "vk.ru", "vkontakte.ru", "vk.me")
_OK = ("ok.ru", "odnoklassniki.ru")
_TELEGRAM = ("t.me", "telegram.me", "telegram.dog", "telegram.org")
# Networks the program keeps in the register but does not collect.
_OTHERS = {
    "max.ru": "max", "dzen.ru": "dzen", "zen.yandex.ru": "dzen", "rutube.ru": "rutube", "youtube.com": "youtube",
    "youtu.be": "youtube", "instagram.com": "instagram", "facebook.com": "facebook", "twitter.com": "twitter",
    "x.com": "twitter", "wa.me": "whatsapp", "whatsapp.com": "whatsapp", "viber.com": "viber", "tenchat.ru": "tenchat",
}  # fmt: skip
SITE = "site"

_NOTHING = frozenset({"нет", "no", "none", "null", "n/a", "na", "nan", "отсутствует", "не ведется", "нет страницы"})
# Pages of VK that belong to nobody; `public`, `club`, `event` are addresses cut before their number.
_VK_PAGES = frozenset(
    [
        "public",
        "club",
        "event",
        "feed",
        "im",
        "al_im.php",
        "groups",
        "search",
        "login",
        "join",
        "video",
        "clips",
        "music",
        "away.php",
        "market",
        "app",
        "apps",
        "id",
        "write",
        "settings",
        "support",
        "docs",
        "about",
        "help",
        "wall",
    ]
)
_OK_PAGES = frozenset(
    ["group", "profile", "dk", "feed", "search", "video", "music", "groups", "guests", "discussions", "game", "app"]
)
_TELEGRAM_PAGES = frozenset(["s", "c", "joinchat", "addstickers", "share", "proxy", "socks", "iv", "addlist", "login"])
_SCHEME = re.compile(r"^(?:h?t{1,2}ps?\s*[:;]?/+|https?:)+", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}")
_COMMON_ZONES = frozenset(
    ["ru", "com", "рф", "su", "org", "net", "info", "me", "edu", "gov", "online", "site", "москва", "дети"]
)


@dataclass(frozen=True)
class Address:
    """An account's address, understood.

    Attributes:
        platform: `vk`, `ok`, `telegram`, another network's plain word (`max`), or `site`.
        key: The number or short name in that network.
        platform_id: The network's own number where the address itself gives it, else empty.
        url: The address in its one spelling.
        note: What was odd about the cell, in Russian, or empty.
        others: Further addresses of the same cell, as understood.
    """

    platform: str
    key: str
    platform_id: str
    url: str
    note: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class NoAddress:
    """Why a text is no account's address.

    Attributes:
        reason: In Russian, for the analyst.
        blank: Whether the cell says itself that there is none (empty, `0`, a dash, «нет»).
    """

    reason: str
    blank: bool = False


def parse(text: str) -> Address | NoAddress:
    """The first address in a cell, or the reason why there is none; never raises.

    Args:
        text: A cell as people fill it. `@name` is taken as a name in VK, whose column it stands in.

    Example:
        >>> parse("https:/vk.ru/Public123;").url, parse("t.me/s/Kirov_news").key
        ('https://vk.com/public123', 'kirov_news')
        >>> parse("https://vk.com/public").reason
        'адрес vk.com/public оборван: нет ни номера, ни имени'
    """
    tidy = tidied(text)
    if is_nothing(tidy):
        return NoAddress("адреса нет", blank=True)
    words = [word for word in re.split(r"[\s;,|]+", tidy) if word]
    parsed = [_parse_one(word) for word in words if _SCHEME.sub("", word).strip("\"'<>()«»")]
    found = list(dict.fromkeys(one for one in parsed if isinstance(one, Address)))
    if not found:
        reasons = [one for one in parsed if isinstance(one, NoAddress)]
        # Of several words the one that names a network explains best.
        best = next((one for one in reasons if not one.reason.startswith("«")), None)
        return best or NoAddress(f"«{shortened(tidy)}» не похоже на адрес")
    first, *others = found
    if not others:
        return first
    urls = tuple(one.url for one in others)
    return replace(first, note=f"в ячейке несколько адресов, взят первый; остальные: {', '.join(urls)}", others=urls)


def tidied(text: str) -> str:
    """The text without invisible characters, its white space (no-break too) collapsed."""
    spaced = "".join(
        " " if char.isspace() else char for char in text if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    return " ".join(spaced.split())


def is_nothing(text: str) -> bool:
    """Whether a cell says «none»: empty, zero, dashes, «нет»."""
    bare = text.strip(" .-–—_;,/").casefold().replace("ё", "е")
    return not bare or bare.strip("0") == "" or bare in _NOTHING


def shortened(text: str, length: int = 80) -> str:
    """The text cut to be shown in a message."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _parse_one(word: str) -> Address | NoAddress:
    word = word.strip("\"'<>()[]«»“”„").replace("\\", "/")
    if re.fullmatch(r"@[\w.]+", word):
        return _vk([word[1:].rstrip(".")])
    has_scheme = _SCHEME.match(word) is not None
    rest = re.split(r"[?#&]", _SCHEME.sub("", word))[0].rstrip(".")
    if numbered := re.fullmatch(r"(?:public|club|event)\d+", rest, re.IGNORECASE | re.ASCII):
        return _vk([numbered[0]])
    host, _, path = rest.partition("/")
    host = host.rsplit("@", 1)[-1].partition(":")[0].lower().strip(".")
    segments = [segment.strip(" .") for segment in path.split("/")]
    segments = [segment for segment in segments if segment]
    for names, network in ((_VK, _vk), (_OK, _ok), (_TELEGRAM, _telegram)):
        if _is_of(host, names):
            return network(segments)
    if not _HOST.fullmatch(host) or not (has_scheme or host.rpartition(".")[2] in _COMMON_ZONES):
        return NoAddress(f"«{shortened(word)}» не похоже на адрес")
    return _elsewhere(host, segments)


def _is_of(host: str, names: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith("." + name) for name in names)


def _vk(segments: list[str]) -> Address | NoAddress:
    name = segments[0].removeprefix("@").lower() if segments else ""
    wall = re.match(r"(?:wall|topic|album|club-|public-)-?(\d+)(?:_\d+)?$", name, re.ASCII)
    numbered = wall or re.fullmatch(r"(?:public|club|event)(\d+)", name, re.ASCII)
    if numbered:
        number = numbered[1].lstrip("0")
        if not number or (wall and "-" not in name):
            return NoAddress(f"адрес vk.com/{shortened(name)} не называет сообщества")
        return Address("vk", number, number, f"https://vk.com/{'club' + number if wall else name}")
    if not name or name in _VK_PAGES:
        return NoAddress(f"адрес vk.com/{name} оборван: нет ни номера, ни имени")
    if re.fullmatch(r"id\d+", name, re.ASCII):
        return NoAddress("адрес личной страницы VK, а не сообщества")
    if not re.fullmatch(r"[a-z0-9_.]*[a-z0-9][a-z0-9_.]*", name) or name.isdigit():
        return NoAddress(f"имя «{shortened(name)}» во VK невозможно: бывают латинские буквы, цифры, точка и _")
    return Address("vk", name, "", f"https://vk.com/{name}")


def _ok(segments: list[str]) -> Address | NoAddress:
    name = segments[0] if segments else ""
    number = re.fullmatch(r"group/?(\d+)", "/".join(segments[:2]) if name == "group" else name, re.ASCII)
    if number:
        return Address("ok", number[1], number[1], f"https://ok.ru/group/{number[1]}")
    if name.lower() == "profile":
        return NoAddress("адрес личной страницы в Одноклассниках, а не группы")
    if not name or name.lower() in _OK_PAGES:
        return NoAddress(f"адрес ok.ru/{shortened(name)} оборван: нет ни номера, ни имени")
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        return NoAddress(f"имя «{shortened(name)}» в Одноклассниках невозможно")
    return Address("ok", name, "", f"https://ok.ru/{name}")


def _telegram(segments: list[str]) -> Address | NoAddress:
    if segments[:1] and segments[0].lower() == "s":
        segments = segments[1:]
    name = segments[0].removeprefix("@").lower() if segments else ""
    if name.startswith("+") or name in {"joinchat", "c"}:
        return NoAddress("приглашение в закрытый канал Telegram: у него нет открытого имени")
    if not name or name in _TELEGRAM_PAGES:
        return NoAddress(f"адрес t.me/{name} оборван: нет имени канала")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return NoAddress(f"имя «{shortened(name)}» в Telegram невозможно")
    return Address("telegram", name, "", f"https://t.me/{name}")


def _elsewhere(host: str, segments: list[str]) -> Address | NoAddress:
    host = host.removeprefix("www.").removeprefix("m.")
    path = "/".join(segments)
    network = next((word for name, word in _OTHERS.items() if _is_of(host, (name,))), SITE)
    if network != SITE and not path:
        return NoAddress(f"адрес {host} оборван: нет имени")
    key = path if network != SITE else "/".join(filter(None, (host, path)))
    return Address(network, key, "", f"https://{host}/{path}".rstrip("/"))
