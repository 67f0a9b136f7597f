"""The emulated networks over real HTTP on 127.0.0.1.

`/vk/method/NAME` is VK. Another network is one more module with its own API class and one more route here.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self

import tornado.httpserver
import tornado.web

from kirovlib.errors import ParameterError
from kirovlib.sandbox.replay import Recording
from kirovlib.sandbox.sources import VkSource, WorldSource
from kirovlib.sandbox.vk import Reply, VkApi
from kirovlib.sandbox.world import World

HOST = "127.0.0.1"
START_SECONDS = 30


class Sandbox:
    """A server in a background thread, for the demo and the tests.

    Args:
        source: A world, a recording, or a source prepared by the caller.
        port: 0 takes a free one.
        limits: Whether requests a second and the day's quota are watched.
        wall_quota: See `VkApi`.
        faults: See `VkApi`.

    Example:
        >>> from kirovlib.sandbox import build_world
        >>> with Sandbox(build_world(institutions=8, weeks=1)) as sandbox:
        ...     sandbox.vk_url.endswith("/vk/method/")
        True
    """

    def __init__(
        self,
        source: World | Recording | VkSource,
        *,
        port: int = 0,
        limits: bool = True,
        wall_quota: int | None = None,
        faults: Callable[..., Reply | None] | None = None,
    ) -> None:
        self.vk = VkApi(_source(source), limits=limits, wall_quota=wall_quota, faults=faults)
        self.url = ""
        self._port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def vk_url(self) -> str:
        """What `KIROV_VK_URL` should be."""
        return self.url + "vk/method/"

    @property
    def request_count(self) -> int:
        """Requests answered so far."""
        return self.vk.call_count

    def __enter__(self) -> Self:
        started = threading.Event()
        failures: list[BaseException] = []

        def work() -> None:
            try:
                asyncio.run(self.serve(lambda _: started.set()))
            except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits
                failures.append(error)
            finally:
                started.set()

        self._thread = threading.Thread(target=work, name="kirov-sandbox", daemon=True)
        self._thread.start()
        if not started.wait(START_SECONDS):  # pragma: no cover
            failures.append(TimeoutError())
        if failures:
            self._thread.join(START_SECONDS)
            raise failures[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(START_SECONDS)

    async def serve(self, on_listening: Callable[[str], None]) -> None:
        """Serves until stopped.

        Args:
            on_listening: Called with the address once requests are taken.

        Raises:
            ParameterError: When the port is in use or not allowed.
        """
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            listener = socket.create_server((HOST, self._port))
        except OSError as error:
            msg = f"Порт {self._port} занят или не разрешён. Укажите другой: --port 0 возьмёт свободный."
            raise ParameterError(msg) from error
        listener.setblocking(False)
        server = tornado.httpserver.HTTPServer(_application(self.vk))
        server.add_sockets([listener])
        self.url = f"http://{HOST}:{listener.getsockname()[1]}/"
        try:
            on_listening(self.url)
            await self._stop.wait()
        finally:
            server.stop()
            await server.close_all_connections()


def serve_forever(
    source: World | Recording | VkSource,
    *,
    port: int = 0,
    limits: bool = True,
    on_listening: Callable[[Sandbox], None] | None = None,
) -> None:
    """Serves in this thread until Ctrl-C.

    Args:
        source: A world or a recording.
        port: 0 takes a free one.
        limits: Whether requests a second and the day's quota are watched.
        on_listening: Called with the server, whose addresses are known then.

    Raises:
        ParameterError: When the port is in use or not allowed.
    """
    sandbox = Sandbox(source, port=port, limits=limits)

    def listening(_: str) -> None:
        if on_listening is not None:
            on_listening(sandbox)

    try:
        asyncio.run(sandbox.serve(listening))
    except KeyboardInterrupt:
        return


def _source(given: World | Recording | VkSource) -> VkSource:
    return WorldSource(given) if isinstance(given, World) else given


def _application(vk: VkApi) -> tornado.web.Application:
    routes = [(r"/vk/method/([A-Za-z.]*)", _VkHandler), (r"/.*", _NothingHandler)]
    return tornado.web.Application(routes, vk=vk, log_function=lambda _: None)


class _Handler(tornado.web.RequestHandler):  # type: ignore[misc, unused-ignore]
    @property
    def _vk(self) -> VkApi:
        vk: VkApi = self.settings["vk"]
        return vk

    def set_default_headers(self) -> None:
        """Also what tornado sends by itself, such as 405, carries our clock."""
        self._stamp(self._vk.source.now)

    def _stamp(self, moment: datetime) -> None:
        self.set_header("Server", f"kirov-sandbox/{self._vk.source.mode}")
        self.set_header("Date", format_datetime(moment, usegmt=True))

    def _send(self, reply: Reply) -> None:
        self.set_status(reply.status)
        self._stamp(reply.moment)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        body = reply.body
        self.finish(body if isinstance(body, bytes) else _compact(body))


class _VkHandler(_Handler):
    def get(self, name: str) -> None:
        """VK takes parameters from the address and from a form; a JSON body is not read."""
        params = {key: self.get_argument(key, strip=False) for key in self.request.arguments}
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        self._send(self._vk.method(name, params, token.strip() if scheme.lower() == "bearer" else None))

    post = get


class _NothingHandler(_Handler):
    def get(self) -> None:
        """Any other address."""
        self._send(Reply(404, {"error": "kirov-sandbox: VK is at /vk/method/"}, self._vk.source.now))

    post = get


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
