"""What goes over the wire: the answers of the emulated networks, and what takes their place when a fault strikes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kirovlib.sandbox.faults import Call, Strike
from kirovlib.sandbox.ok import FLOOD, SESSION_EXPIRED
from kirovlib.sandbox.sources import VkFailure
from kirovlib.sandbox.telegram import Page
from kirovlib.sandbox.vk import EXPIRED, QUOTA_USED, TOO_FAST, Reply, error_body

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
_VK_MESSAGES = dict([EXPIRED, TOO_FAST, QUOTA_USED, (9, "Flood control"), (14, "Captcha needed")])
_OK_MESSAGES = dict([FLOOD, SESSION_EXPIRED])
# Says neither which network was asked for nor anything else by which its reader could take it for an answer.
BLOCK_PAGE = (
    "<!DOCTYPE html><html><head><title>Доступ ограничен</title></head><body>"
    "<h1>Доступ к запрашиваемому ресурсу ограничен</h1><p>Обратитесь к вашему провайдеру.</p></body></html>"
)


@dataclass(frozen=True)
class Answer:
    """An answer before it is sent: HTTP status, body and its type, the moment for its `Date` (UTC), further headers."""

    status: int
    body: bytes
    content_type: str
    moment: datetime
    headers: dict[str, str] = field(default_factory=dict)
    is_error: bool = False


def of_reply(reply: Reply) -> Answer:
    """An answer of an API; bytes go as they are."""
    body = reply.body
    said = body if isinstance(body, dict) else {}
    headers = {}
    if "error_code" in said:  # Odnoklassniki say it in a header too
        headers["invocation-error"] = str(said["error_code"])
    sent = body if isinstance(body, bytes) else _compact(body).encode()
    return Answer(reply.status, sent, JSON, reply.moment, headers, is_error=bool({"error", "error_code"} & said.keys()))


def of_page(page: Page, root: str) -> Answer:
    """A page or a redirect of a site whose addresses begin with `root`."""
    headers = {"Location": root + page.location} if page.status in {301, 302} else {}
    return Answer(page.status, page.html.encode(), HTML, page.moment, headers)


def in_place(strike: Strike, call: Call, moment: datetime) -> Answer:
    """What a client gets instead of the answer to a call: an error, a failure of the server, a foreign page."""
    if strike.kind == "unavailable":
        wait = {"Retry-After": "1"} if strike.code == 503 else {}  # noqa: PLR2004 - Service Unavailable
        return Answer(strike.code, b"<html><body><h1>Error</h1></body></html>", HTML, moment, wait)
    if strike.kind == "html":
        return Answer(200, BLOCK_PAGE.encode(), HTML, moment)
    if call.network == "telegram":
        return Answer(strike.code, b"<html><body><h1>Too Many Requests</h1></body></html>", HTML, moment)
    body = _vk_error(strike, call) if call.network == "vk" else _ok_error(strike)
    return of_reply(Reply(200, body, moment))


def halved(body: bytes) -> bytes:
    """The first half of a body: no whole JSON value any more, and no end of a page."""
    return body[: len(body) // 2]


def _vk_error(strike: Strike, call: Call) -> dict[str, Any]:
    failure = VkFailure(strike.code, _VK_MESSAGES[strike.code])
    body = error_body(failure, call.method, call.parameters, call.token)
    if strike.kind == "captcha":
        picture = {"captcha_sid": "131131131131", "captcha_img": "https://captcha.sandbox.invalid/131.png"}
        body["error"] |= picture
    return body


def _ok_error(strike: Strike) -> dict[str, Any]:
    return {"error_code": strike.code, "error_msg": _OK_MESSAGES[strike.code], "error_data": None}


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
