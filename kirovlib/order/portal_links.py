"""Links to the state services portal, judged by their parsed address, never by their title (clause 2.4.1).

Sources: `READING.md`, "Portal links"; the widget's addresses as the portal hands them out:
`https://pos.gosuslugi.ru/form/?opaId=<digits>&utm_source=vk&utm_medium=<region>&utm_campaign=<ОГРН>` and
`https://pos.gosuslugi.ru/og/org-activities?reg_code=<2–8 digits>` or `?mun_code=<8 digits>`.
How an address is cut into parts follows what browsers do (URL Standard of WHATWG); where they disagree or nobody
knows what the portal makes of it, the address is in doubt: neither works nor is broken.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, unquote_plus, urlsplit

from kirovlib.registry import is_ogrn

MESSAGE_FORM, SURVEYS, MINI_APP = "message_form", "surveys", "mini_app"
WORKS, MISSPELT, BROKEN, OTHER_TARGET, ELSEWHERE = "works", "misspelt", "broken", "other_target", "elsewhere"

_PORTAL = "pos.gosuslugi.ru"
_PORTS = {"http": 80, "https": 443}
_PATHS = {"/form/": MESSAGE_FORM, "/og/org-activities": SURVEYS}
# What identifies the form or the surveys; of both codes the narrower one goes first.
_IDENTIFIERS = {MESSAGE_FORM: {"opaId": r"[0-9]+"}, SURVEYS: {"mun_code": r"[0-9]{8}", "reg_code": r"[0-9]{2,8}"}}
_VK_HOSTS = {"vk.com", "vk.ru", "m.vk.com", "m.vk.ru", "away.vk.com", "away.vk.ru"}
_SHORTENERS = {
    "clck.ru",
    "vk.cc",
    "goo.su",
    "bit.ly",
    "is.gd",
    "tinyurl.com",
    "u.to",
    "qps.ru",
    "goo.gl",
    "cutt.ly",
    "ya.cc",
    "gu-st.ru",
    "t.co",
    "ow.ly",
    "rebrand.ly",
    "shorturl.at",
    "surl.li",
    "lc.cx",
    "v.gd",
}
_PORTAL_TITLE = re.compile(r"сообщи|проблем|высказ|мнени|решаем\s+вместе|обрати|обращени", re.IGNORECASE)
_FOREIGN_HOSTS = _VK_HOSTS | {
    "ok.ru",
    "m.ok.ru",
    "t.me",
    "max.ru",
    "youtube.com",
    "rutube.ru",
    "dzen.ru",
    "e.mail.ru",
    "docs.google.com",
    "forms.yandex.ru",
    "wa.me",
}
_NO_PAGES = {"tel", "mailto", "sms"}
_APP = re.compile(r"/+app([0-9]+)(?:_-?[0-9]+)?(?:[/&?].*)?|.*[?&]w=app([0-9]+)(?:_-?[0-9]+)?(?:[/&].*)?", re.DOTALL)
_AWAY = re.compile(r"/away(?:\.php)?/?")
_WRONG_REGION = "43"  # the number of Kirov oblast on car plates and in the tax service; by ОКАТО it is not hers
_CLOSE = 0.8  # one letter wrong, missing, added or moved
_UNSEEN = "\u00ad\u200b-\u200f\u2060\ufeff"  # soft hyphens, joiners, marks of direction
_SPACE = re.compile(rf"[\s{_UNSEEN}]+")


@dataclass(frozen=True)
class PortalLink:
    """What an address is.

    Attributes:
        target: `message_form`, `surveys`, `mini_app` (any VK app), or empty.
        state: `works`, `misspelt`, `broken`, `other_target` (may lead to the portal), `elsewhere`.
        identifier: opaId, reg_code or mun_code, or the app's number, where it can be read.
        parameters: Decoded parameters by the letters and digits of their name, in lower case, read forgivingly.
        notes: `http_link`, `id_padded`, `utm_damaged`.
        key: Name of the parameter that the identifier belongs to.
    """

    url: str
    title: str
    target: str
    state: str
    identifier: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    key: str = ""


def parse(url: str, title: str = "") -> PortalLink:
    """Tell what an address is; it is never opened.

    Example:
        >>> link = parse("https://pos.gosuslugi.ru/form/?utm_source=vk&opaId=%20222775")
        >>> link.target, link.state, link.identifier, link.notes
        ('message_form', 'works', '222775', ('id_padded', 'utm_damaged'))
    """
    if not url.strip():  # an item without an address: by its name it may be the widget
        is_named = _PORTAL_TITLE.search(title) or "госуслуг" in title.lower()
        return PortalLink(url, title, "", OTHER_TARGET if is_named else ELSEWHERE)
    try:
        parts = urlsplit(_unwrapped(url))
        host, port = _host(parts), parts.port
    except ValueError:
        return PortalLink(url, title, "", OTHER_TARGET if _may_lead_to_portal(url, title, "") else ELSEWHERE)
    if host == _PORTAL and parts.scheme in _PORTS and port in {None, _PORTS[parts.scheme]}:
        return _on_portal(url, title, parts)
    host = host.removeprefix("www.")
    app = _APP.fullmatch(f"{unquote(parts.path)}?{parts.query}") if host in _VK_HOSTS else None
    if app:
        state = OTHER_TARGET if _PORTAL_TITLE.search(title) else ELSEWHERE
        return PortalLink(url, title, MINI_APP, state, app[1] or app[2])
    doubt = parts.scheme not in _NO_PAGES and (_is_away(parts) or _may_lead_to_portal(url, title, host))
    return PortalLink(url, title, "", OTHER_TARGET if doubt else ELSEWHERE)


def repair(link: PortalLink, ogrn: str, oktmo_region: str) -> str:
    """The address the link should have, or in Russian why it cannot be told.

    Only the link itself and the institution's row of the register are used.

    Args:
        ogrn: The institution's ОГРН from the register, or empty.
        oktmo_region: Region by ОКАТО/ОКТМО for `utm_medium`, where the link has none (Kirov oblast: 33).
    """
    copy = "Скопируйте ссылку заново в личном кабинете «Госпабликов»."
    if link.target not in _IDENTIFIERS:
        return f"Адрес не восстановить: ссылка ведёт не на форму сообщений и не на опросы портала. {copy}"
    if not link.identifier:
        what = "opaId" if link.target == MESSAGE_FORM else "reg_code или mun_code"
        return f"Адрес не восстановить: в ссылке не прочесть {what}. {copy}"
    identifier = link.identifier
    if link.target == SURVEYS and _is_wrong_region(identifier):
        if identifier != _WRONG_REGION:
            codes = f"{link.key} начинается с {_WRONG_REGION}, а код области в ОКТМО — {oktmo_region}"
            return f"Адрес не восстановить: {codes}. {copy}"
        identifier = oktmo_region
    campaign = ogrn if is_ogrn(ogrn) else _ogrn_of(link)
    if not campaign:
        return "Адрес не восстановить: верного ОГРН нет ни в реестре, ни в ссылке. Внесите ОГРН в реестр."
    # reg_code and mun_code begin with the region's code too.
    own_region = identifier[:2] if link.target == SURVEYS else oktmo_region
    medium = _digits(link.parameters.get("utmmedium", ""))
    if not re.fullmatch(r"[0-9]{2,8}", medium) or _is_wrong_region(medium):
        medium = own_region
    path = next(path for path, target in _PATHS.items() if target == link.target)
    source = {"opaId": "vk", "reg_code": "vk1", "mun_code": "vk2"}[link.key]
    tail = f"utm_source={source}&utm_medium={medium}&utm_campaign={campaign}"
    return f"https://{_PORTAL}{path}?{link.key}={identifier}&{tail}"


def foreign_ogrn(link: PortalLink, ogrn: str) -> bool:
    """Whether the link names another institution's ОГРН; unknown on either side is no."""
    named = _ogrn_of(link)
    return bool(ogrn and named) and named != ogrn


def foreign_region(link: PortalLink) -> bool:
    """Whether the link names region 43, which is no ОКАТО code of Kirov oblast."""
    named = [link.parameters.get("utmmedium", ""), link.identifier if link.target == SURVEYS else ""]
    return any(_is_wrong_region(_digits(code)) for code in named)


# --- the address


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").lower().removesuffix(".")


def _with_scheme(url: str) -> str:
    """The address with one scheme and two slashes, as browsers mend it; other schemes are left as they are."""
    head, *rest = re.split(r"(?=[?#])", url.strip(), maxsplit=1)
    head = re.sub(r"^(https?):/*(?=[^/])", r"\1://", head.replace("\\", "/"), flags=re.IGNORECASE)
    head = head if re.match(r"[a-z][a-z0-9+.-]*:", head, re.IGNORECASE) else f"https://{head.lstrip('/')}"
    return head + "".join(rest)


def _unwrapped(url: str) -> str:
    """The address that VK's redirects lead to, up to three of them; with more it stays in doubt."""
    url = _with_scheme(url)
    for _ in range(3):
        parts = urlsplit(url)
        inner = set(parse_qs(parts.query).get("to", [])) if _is_away(parts) else set()
        if len(inner) != 1:
            return url
        url = _with_scheme(inner.pop())
    return url


def _is_away(parts: SplitResult) -> bool:
    host = _host(parts).removeprefix("www.")
    return host in _VK_HOSTS and (host.startswith("away.") or bool(_AWAY.fullmatch(parts.path)))


def _may_lead_to_portal(url: str, title: str, host: str) -> bool:
    """Nobody opens links here: what names the portal, hides its target or is titled like a widget may lead there."""
    text = unicodedata.normalize("NFKC", re.sub(f"[{_UNSEEN}]", "", unquote_plus(url))).casefold().replace("。", ".")
    titled = bool(_PORTAL_TITLE.search(title))
    widget = titled or "opaid" in text or "org-activities" in text
    named = _PORTAL in text or ("gosuslugi" in text and widget)
    return host in _SHORTENERS or named or (titled and host not in _FOREIGN_HOSTS)


# --- on the portal


def _on_portal(url: str, title: str, parts: SplitResult) -> PortalLink:
    notes: tuple[str, ...] = ("http_link",) if parts.scheme == "http" else ()
    path = unquote_plus(parts.path)
    # Whether an encoded slash is a slash is up to the server.
    target = _PATHS.get(path, "") if "%2f" not in parts.path.lower() else ""
    loose = _read_forgivingly(f"{parts.query}#{parts.fragment}")
    parameters: dict[str, str] = {}
    for name, value in loose:
        parameters[name] = parameters.get(name) or value
    if not target:
        # A cut or mistyped path of a widget leads nowhere; any other page of the portal is somebody's choice.
        target = _damaged_path(path)
        key, identifier = _recovered(target, loose)
        return PortalLink(url, title, target, BROKEN if target else OTHER_TARGET, identifier, parameters, notes, key)
    names = _as_browsers_read(parts.query)
    key, identifier = _identifier(target, names)
    if not key:
        key, identifier = _recovered(target, loose)
        return PortalLink(url, title, target, MISSPELT, identifier, parameters, notes, key)
    padded = any(value != value.strip() for name, value in names if name in _IDENTIFIERS[target])
    notes += ("id_padded",) if padded else ()
    notes += () if _utm_is_well_formed(names) else ("utm_damaged",)
    return PortalLink(url, title, target, WORKS, identifier, parameters, notes, key)


def _as_browsers_read(query: str) -> list[tuple[str, str]]:
    pieces = [piece.partition("=") for piece in query.split("&") if piece]
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pieces]


def _read_forgivingly(text: str) -> list[tuple[str, str]]:
    """Names (letters and digits, lower case) and values as a person would read them, whatever separates them."""
    pieces = [piece.partition("=") for piece in re.split(r"&|[?;#/](?![0-9])", unquote_plus(text))]
    read = [(re.sub(r"[\W_]", "", name).lower(), _SPACE.sub("", value)) for name, _, value in pieces]
    return [(name, value) for name, value in read if name]


def _identifier(target: str, names: list[tuple[str, str]]) -> tuple[str, str]:
    """Name and value of the identifying parameter, if all given are right: who knows which the portal reads."""
    wanted = _IDENTIFIERS[target]
    given = [(name, value.strip()) for name, value in names if name in wanted]
    if not all(re.fullmatch(wanted[name], value) for name, value in given):
        return "", ""
    return next(((name, value) for key in wanted for name, value in given if name == key), ("", ""))


def _recovered(target: str, loose: list[tuple[str, str]]) -> tuple[str, str]:
    """Name and value of a misspelt identifying parameter, if exactly one value can be read for sure."""
    for key, pattern in _IDENTIFIERS.get(target, {}).items():
        plain = key.replace("_", "").lower()
        read = [_number_under(plain, name, value) for name, value in loose]
        found = {number for number in read if re.fullmatch(pattern, number)}
        if found:
            return (key, found.pop()) if len(found) == 1 else ("", "")
    return "", ""


def _number_under(wanted: str, name: str, value: str) -> str:
    """The number of a parameter whose name is nearly the wanted one: `opald=1`, `reg_code10`, `mun_code=33701000;`."""
    glued = re.fullmatch(r"(\D+)([0-9]+)(?:utm.*)?", name) if not value or "utm" in name else None
    name, number = (glued[1], glued[2]) if glued else (name, _leading_number(value))
    is_near = len(name) <= 2 * len(wanted) and difflib.SequenceMatcher(None, name, wanted).ratio() >= _CLOSE
    return number if is_near else ""


def _leading_number(value: str) -> str:
    found = re.fullmatch(r"([0-9]+)[\W_]*(?:utm.*)?", value)
    return found[1] if found else ""


def _damaged_path(path: str) -> str:
    """The widget whose path this surely is, cut (`/f`) or with blanks in it (`/og/org%20activities`), else empty.

    A slash, a capital letter or a blank at the edge of a name too many may work all the same, and a shorter path may
    be a page of its own: no target.
    """
    if re.fullmatch(r"/f(?:or?)?/?", path):
        return MESSAGE_FORM
    written = re.sub(r"[\s/_-]", "", path).lower()
    known = {re.sub(r"[/-]", "", whole): target for whole, target in _PATHS.items()}
    is_torn = any(re.search(r"\s", name.strip()) for name in path.split("/"))
    return known.get(written, "") if is_torn else ""


def _utm_is_well_formed(names: list[tuple[str, str]]) -> bool:
    given = dict(names)
    return bool(
        re.fullmatch(r"vk[0-9]?", given.get("utm_source", ""))
        and re.fullmatch(r"[0-9]{2,8}", given.get("utm_medium", ""))
        and is_ogrn(given.get("utm_campaign", ""))
    )


def _ogrn_of(link: PortalLink) -> str:
    """The ОГРН in the link, if there is one with the right check digit."""
    for name, value in link.parameters.items():
        numbers = re.findall(r"[0-9]+", f"{name}={value}") if "campaign" in name else []
        found = next((number for number in numbers if is_ogrn(number)), "")
        if found:
            return found
    return ""


def _is_wrong_region(code: str) -> bool:
    return code.startswith(_WRONG_REGION) and len(code) <= 8  # noqa: PLR2004 - ОКАТО and ОКТМО have up to eight digits


def _digits(text: str) -> str:
    text = _SPACE.sub("", text)
    return text if re.fullmatch(r"[0-9]+", text) else ""
