"""The addresses of the sandbox: from an HTTP request to an API and back, faults included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import tornado.iostream
import tornado.web

from kirovlib.sandbox import answers
from kirovlib.sandbox.answers import Answer
from kirovlib.sandbox.faults import Call, Strike
from kirovlib.sandbox.vk import Reply

if TYPE_CHECKING:
    from kirovlib.sandbox.server import Sandbox

VK_PATH, OK_PATH, TELEGRAM_PATH = "vk/method/", "ok/", "telegram/"
_SITE = f"/{TELEGRAM_PATH}"


def application(sandbox: Sandbox) -> tornado.web.Application:
    """The application that serves a sandbox."""
    routes = [
        (rf"/{VK_PATH}([A-Za-z.]*)", _VkHandler),
        (rf"/{OK_PATH}fb\.do", _OkHandler),
        (rf"/{TELEGRAM_PATH}s/([^/]+)", _PageHandler),
        (rf"/{TELEGRAM_PATH}([^/]*)", _CardHandler),
        (r"/.*", _NothingHandler),
    ]
    return tornado.web.Application(routes, sandbox=sandbox, log_function=lambda _: None)


class _Handler(tornado.web.RequestHandler):  # type: ignore[misc, unused-ignore]
    def initialize(self) -> None:
        self._hung_up = asyncio.Event()

    @property
    def _sandbox(self) -> Sandbox:
        sandbox: Sandbox = self.settings["sandbox"]
        return sandbox

    @property
    def _parameters(self) -> dict[str, str]:
        return {key: self.get_argument(key, strip=False) for key in self.request.arguments}

    def set_default_headers(self) -> None:
        """Also what tornado sends by itself, such as 405, carries our clock."""
        for name, value in self._stamp(self._sandbox.now).items():
            self.set_header(name, value)

    def on_connection_close(self) -> None:
        """Whoever is gone needs no answer."""
        self._hung_up.set()

    async def _respond(self, call: Call, answer: Callable[[], Answer]) -> None:
        sandbox = self._sandbox
        sandbox.request_counts[call.network] += 1
        faults = sandbox.faults
        strike = faults.strike(call) if faults is not None else None
        if faults is None or strike is None or (strike.kind == "slow" and await self._is_patient(faults.slow_seconds)):
            given = answer()
            if not given.is_error:
                sandbox.happen(call)  # before it is sent: the next call may come at once
            self._send(given)
        else:
            await self._spoil(strike, call, answer)

    async def _spoil(self, strike: Strike, call: Call, answer: Callable[[], Answer]) -> None:
        if strike.kind == "slow":
            self.detach().close()
        elif strike.kind == "cut":
            await self._cut(answer())
        elif strike.kind == "truncated":
            whole = answer()
            self._send(replace(whole, body=answers.halved(whole.body)))
        else:
            self._send(answers.in_place(strike, call, self._sandbox.now))

    async def _is_patient(self, seconds: float) -> bool:
        """Whether the client still waits when the late answer is ready; a server that stops hangs up too."""
        try:
            await asyncio.wait_for(self._hung_up.wait(), seconds)
        except TimeoutError:
            return True
        return False

    async def _cut(self, answer: Answer) -> None:
        """Half of the body under the length of the whole, then no more; tornado itself would refuse to."""
        announced = max(len(answer.body), 2)
        headers = {**self._stamp(answer.moment), **answer.headers, "Content-Type": answer.content_type}
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in {**headers, "Content-Length": str(announced)}.items()]
        stream = self.detach()
        try:
            await stream.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answers.halved(answer.body))
        except tornado.iostream.StreamClosedError:
            return
        stream.close()

    def _send(self, answer: Answer) -> None:
        self.set_status(answer.status)
        headers = {**self._stamp(answer.moment), **answer.headers, "Content-Type": answer.content_type}
        for name, value in headers.items():
            self.set_header(name, value)
        self.finish(answer.body)

    def _stamp(self, moment: datetime) -> dict[str, str]:
        return {"Server": f"kirov-sandbox/{self._sandbox.mode}", "Date": format_datetime(moment, usegmt=True)}


class _VkHandler(_Handler):
    async def get(self, name: str) -> None:
        """VK takes parameters from the address and from a form; a JSON body is not read."""
        parameters = self._parameters
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else None
        call = Call("vk", name, parameters, bearer or parameters.get("access_token", ""))
        await self._respond(call, lambda: answers.of_reply(self._sandbox.vk.method(name, parameters, bearer)))

    post = get


class _OkHandler(_Handler):
    async def get(self) -> None:
        """Odnoklassniki take everything, the method too, from the address and from a form."""
        parameters = self._parameters
        token = parameters.get("access_token") or parameters.get("session_key") or ""
        call = Call("ok", parameters.get("method", ""), parameters, token)
        await self._respond(call, lambda: answers.of_reply(self._sandbox.ok.call(parameters)))

    post = get


class _PageHandler(_Handler):
    async def get(self, name: str) -> None:
        """A channel's posts."""
        query = self._parameters
        call = Call("telegram", "page", {**query, "name": name})
        await self._respond(call, lambda: answers.of_page(self._sandbox.telegram.page(name, query), _SITE))


class _CardHandler(_Handler):
    async def get(self, name: str) -> None:
        """What stands at a name without `/s/`; the home page without a name."""
        site = self._sandbox.telegram
        call = Call("telegram", "card" if name else "home", {"name": name})
        await self._respond(call, lambda: answers.of_page(site.card(name) if name else site.home(), _SITE))


class _NothingHandler(_Handler):
    def get(self) -> None:
        """Any other address."""
        where = f"kirov-sandbox: VK is at /{VK_PATH}, OK at /{OK_PATH}fb.do, Telegram at /{TELEGRAM_PATH}s/"
        self._send(answers.of_reply(Reply(404, {"error": where}, self._sandbox.now)))

    post = get
