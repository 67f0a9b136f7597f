"""Links to the state services portal, judged by their parsed address, never by their title (clause 2.4.1).

Sources: `READING.md`, "Portal links"; the widget's addresses as the portal hands them out:
`https://pos.gosuslugi.ru/form/?opaId=<digits>&utm_source=vk&utm_medium=<region>&utm_campaign=<ОГРН>` and
`https://pos.gosuslugi.ru/og/org-activities?reg_code=<2–8 digits>` or `?mun_code=<8 digits>`.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote_plus, urlsplit

from kirovlib.registry import is_ogrn

MESSAGE_FORM, SURVEYS, MINI_APP = "message_form", "surveys", "mini_app"
WORKS, MISSPELT, BROKEN, OTHER_TARGET, ELSEWHERE = "works", "misspelt", "broken", "other_target", "elsewhere"

_PORTAL = "pos.gosuslugi.ru"
_PATHS = {"/form/": MESSAGE_FORM, "/og/org-activities": SURVEYS}
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
}
_PORTAL_TITLE = re.compile(r"сообщи|проблем|высказ|мнени|решаем\s+вместе|обрати|обращени", re.IGNORECASE)
_FOREIGN_HOSTS = _VK_HOSTS | {"ok.ru", "t.me", "max.ru", "youtube.com", "rutube.ru", "dzen.ru", "e.mail.ru"}
_WRONG_REGION = "43"  # the number of Kirov oblast on car plates and in the tax service, never an ОКАТО code
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class PortalLink:
    """What an address is.

    Attributes:
        target: `message_form`, `surveys`, `mini_app` (any VK app), or empty.
        state: `works`, `misspelt`, `broken`, `other_target` (may lead to the portal), `elsewhere`.
        identifier: opaId, reg_code or mun_code, or the app's number, where it can be read.
        parameters: Decoded parameters by their name without spaces and underscores, in lower case.
        notes: Words of `checks.NOTES`.
    """

    url: str
    title: str
    target: str
    state: str
    identifier: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def parse(url: str, title: str = "") -> PortalLink:
    """Tell what an address is; it is never opened.

    Example:
        >>> link = parse("https://pos.gosuslugi.ru/form/?utm_source=vk&opaId=%20222775")
        >>> link.target, link.state, link.identifier, link.notes
        ('message_form', 'works', '222775', ('id_padded', 'utm_damaged'))
    """
    doubt = PortalLink(url, title, "", OTHER_TARGET)
    address = _unwrapped(url)
    try:
        parts = urlsplit(address)
        host = _host(parts.hostname or "")
    except ValueError:
        return doubt if "gosuslugi" in url.lower() else PortalLink(url, title, "", ELSEWHERE)
    if host == _PORTAL and parts.scheme in {"http", "https"}:
        notes = ("http_link",) if parts.scheme == "http" else ()
        return _on_portal(url, title, unquote_plus(parts.path), parts.query, notes)
    app = re.fullmatch(r"/app(\d+)(?:_-?\d+)?/?", parts.path, re.ASCII) if host in _VK_HOSTS else None
    if app:
        state = OTHER_TARGET if _PORTAL_TITLE.search(title) else ELSEWHERE
        return PortalLink(url, title, MINI_APP, state, app[1])
    # Nobody opens links here: what names the portal, hides its target or is titled like a widget may lead to the form.
    named = _PORTAL in unquote_plus(url).lower() or ("gosuslugi" in url.lower() and _PORTAL_TITLE.search(title))
    titled = _PORTAL_TITLE.search(title) and host not in _FOREIGN_HOSTS
    return doubt if host in _SHORTENERS or named or titled else PortalLink(url, title, "", ELSEWHERE)


def repair(link: PortalLink, ogrn: str, oktmo_region: str) -> str:
    """The address the link should have, or in Russian why it cannot be told.

    Only the link itself and the institution's row of the register are used.

    Args:
        ogrn: The institution's ОГРН from the register, or empty.
        oktmo_region: Region by ОКАТО/ОКТМО for `utm_medium`, where the link has none (Kirov oblast: 33).
    """
    if not link.identifier:
        what = "opaId" if link.target == MESSAGE_FORM else "reg_code или mun_code"
        return f"Адрес не восстановить: в ссылке нет {what}. Скопируйте ссылку заново в личном кабинете «Госпабликов»."
    campaign = ogrn or _ogrn_of(link)
    if not campaign:
        return "Адрес не восстановить: ОГРН нет ни в реестре, ни в ссылке. Внесите ОГРН в реестр."
    # reg_code and mun_code begin with the region's code too.
    identifier = oktmo_region if link.target == SURVEYS and link.identifier == _WRONG_REGION else link.identifier
    own_region = identifier[:2] if link.target == SURVEYS else ""
    medium = _digits(link.parameters.get("utmmedium", ""))
    if not 2 <= len(medium) <= 8 or medium == _WRONG_REGION:  # noqa: PLR2004 - ОКАТО and ОКТМО have so many digits
        medium = own_region or oktmo_region
    if link.target == MESSAGE_FORM:
        head, source = f"/form/?opaId={identifier}", "vk"
    elif _digits(link.parameters.get("muncode", "")) == identifier:
        head, source = f"/og/org-activities?mun_code={identifier}", "vk2"
    else:
        head, source = f"/og/org-activities?reg_code={identifier}", "vk1"
    return f"https://{_PORTAL}{head}&utm_source={source}&utm_medium={medium}&utm_campaign={campaign}"


def foreign_ogrn(link: PortalLink, ogrn: str) -> bool:
    """Whether the link names another institution's ОГРН; unknown on either side is no."""
    return bool(ogrn) and is_ogrn(_ogrn_of(link)) and _ogrn_of(link) != ogrn


def foreign_region(link: PortalLink) -> bool:
    """Whether the link names region 43, which is no ОКАТО code of Kirov oblast."""
    names = ("utmmedium", "regcode")
    return any(_digits(link.parameters.get(name, "")) == _WRONG_REGION for name in names)


def _host(host: str) -> str:
    return host.lower().rstrip(".").removeprefix("www.")


def _with_scheme(url: str) -> str:
    """The address with one scheme and two slashes, as browsers mend it; other schemes are left as they are."""
    mended = re.sub(r"^(https?)(?::/*|/+)(?=[^/])", r"\1://", url.strip().replace("\\", "/"), flags=re.IGNORECASE)
    mended = re.sub(r"^https?://(?=https?:)", "", mended, flags=re.IGNORECASE)
    return mended if re.match(r"[a-z][a-z0-9+.-]*:", mended, re.IGNORECASE) else f"https://{mended.lstrip('/')}"


def _unwrapped(url: str) -> str:
    url = _with_scheme(html.unescape(url))
    for _ in range(3):
        try:
            parts = urlsplit(url)
        except ValueError:
            return url
        inner = parse_qs(parts.query).get("to", [""])[0]
        if _host(parts.hostname or "") not in _VK_HOSTS or "away" not in f"{parts.hostname}{parts.path}" or not inner:
            return url
        url = _with_scheme(inner)
    return url


def _on_portal(url: str, title: str, path: str, query: str, notes: tuple[str, ...]) -> PortalLink:
    names, parameters = _parameters(query)
    target = _PATHS.get(path, "")
    if not target:
        # A cut or mistyped path of a widget leads nowhere; any other page of the portal is somebody's choice.
        target = _damaged_path(path)
        state = BROKEN if target else OTHER_TARGET
        return PortalLink(url, title, target, state, _identifier(target, parameters), parameters, notes)
    exact = {"opaId"} if target == MESSAGE_FORM else {"reg_code", "mun_code"}
    length = r"\d+" if target == MESSAGE_FORM else r"\d{2,8}"
    given = [value for name, value in names if name in exact]
    identifier = given[0].strip() if given else ""
    mun_code_cut = any(name == "mun_code" and len(value.strip()) != 8 for name, value in names)  # noqa: PLR2004
    if not re.fullmatch(length, identifier, re.ASCII) or mun_code_cut:
        return PortalLink(url, title, target, MISSPELT, _identifier(target, parameters), parameters, notes)
    notes += ("id_padded",) if given[0] != identifier else ()
    notes += () if _utm_is_well_formed(names) else ("utm_damaged",)
    return PortalLink(url, title, target, WORKS, identifier, parameters, notes)


def _parameters(query: str) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Names and values as written (decoded), and values by the name without spaces, underscores and case."""
    pieces = [unquote_plus(piece).partition("=") for piece in query.split("&") if piece]
    names = [(name, value) for name, _, value in pieces]
    forgiving: dict[str, str] = {}
    for name, value in names:
        forgiving.setdefault(re.sub(r"[\s_]", "", name).lower(), value)
    return names, forgiving


def _identifier(target: str, parameters: dict[str, str]) -> str:
    """The identifying number of a misspelt or broken link, where the link still holds it."""
    if target == MESSAGE_FORM:
        candidates = [value for name, value in parameters.items() if re.fullmatch(r"opa[il1]?d?", name)]
        return next((found[0] for value in candidates if (found := re.match(r"[0-9]+", _SPACE.sub("", value)))), "")
    for wanted in ("muncode", "regcode"):
        for name, value in parameters.items():
            number = _digits(value) if name == wanted else _digits(name.removeprefix(wanted))
            if name.startswith(wanted) and (len(number) == 8 or (wanted == "regcode" and 2 <= len(number) <= 8)):  # noqa: PLR2004
                parameters.setdefault(wanted, number)
                return number
    return ""


def _damaged_path(path: str) -> str:
    """The widget whose path this surely is, cut (`/f`) or with blanks in it (`/og/org%20activities`), else empty.

    A slash or capital letter too many may work all the same, and a shorter path may be a page of its own: no target.
    """
    if re.fullmatch(r"/f(?:or?)?/?", path):
        return MESSAGE_FORM
    written = re.sub(r"[\s/_-]", "", path).lower()
    known = {re.sub(r"[/-]", "", whole): target for whole, target in _PATHS.items()}
    return known.get(written, "") if _SPACE.search(path.strip()) else ""


def _utm_is_well_formed(names: list[tuple[str, str]]) -> bool:
    given = dict(names)
    return bool(
        re.fullmatch(r"vk\d?", given.get("utm_source", ""), re.ASCII)
        and re.fullmatch(r"\d{2,8}", given.get("utm_medium", ""), re.ASCII)
        and re.fullmatch(r"\d{13}", given.get("utm_campaign", ""), re.ASCII)
    )


def _ogrn_of(link: PortalLink) -> str:
    for name, value in link.parameters.items():
        found = re.search(r"\d{13}", _SPACE.sub("", f"{name}={value}"), re.ASCII)
        if "campaign" in name and found:
            return found[0]
    return ""


def _digits(text: str) -> str:
    text = _SPACE.sub("", text)
    return text if re.fullmatch(r"\d+", text, re.ASCII) else ""
