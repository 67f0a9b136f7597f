"""The emulated networks over real HTTP on 127.0.0.1; the addresses are in `routes`."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

import tornado.httpserver

from kirovlib.errors import ParameterError
from kirovlib.sandbox import routes
from kirovlib.sandbox.changes import LiveWorld
from kirovlib.sandbox.faults import Call, Faults
from kirovlib.sandbox.ok import APPLICATION, SECRET, OkApi
from kirovlib.sandbox.replay import NothingOfOk, NothingOfTelegram, Recording
from kirovlib.sandbox.sources import VkSource, WorldSource
from kirovlib.sandbox.telegram import TelegramSite
from kirovlib.sandbox.vk import USER_TOKEN, Reply, VkApi
from kirovlib.sandbox.world import World

HOST = "127.0.0.1"
START_SECONDS = 30


class Sandbox:
    """A server in a background thread, for the demo and the tests.

    Args:
        source: A world, a recording, or a source prepared by the caller; a recording has VK only.
        port: 0 takes a free one.
        limits: Whether requests a second and the day's quota are watched.
        wall_quota: See `VkApi`.
        faults: What goes wrong on purpose. A function instead takes the place of answers of VK, see `VkApi`.

    Attributes:
        vk, ok, telegram: The networks without HTTP.
        request_counts: Requests so far by network, those included that a fault struck.

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
        faults: Faults | Callable[[str, Mapping[str, str], int], Reply | None] | None = None,
    ) -> None:
        self.faults = faults if isinstance(faults, Faults) else None
        self._live: LiveWorld | None = None
        prepared = WorldSource(source) if isinstance(source, World) else source
        if isinstance(prepared, WorldSource) and self.faults is not None:
            self._live = LiveWorld(prepared, self.faults)
            prepared = self._live.source
        replies = None if isinstance(faults, Faults) else faults
        self.vk = VkApi(prepared, limits=limits, wall_quota=wall_quota, faults=replies)
        self.ok: OkApi | NothingOfOk = NothingOfOk(prepared.now)
        self.telegram: TelegramSite | NothingOfTelegram = NothingOfTelegram(prepared.now)
        if isinstance(prepared, WorldSource):
            self.ok = OkApi(prepared, limits=limits)
            self.telegram = TelegramSite(prepared)
        self.request_counts: Counter[str] = Counter()
        self.url = ""
        self._port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def mode(self) -> str:
        """What the `Server` header says: `world` or `replay`."""
        return self.vk.source.mode

    @property
    def now(self) -> datetime:
        """The moment the networks believe it is, UTC."""
        return self.vk.source.now

    @property
    def vk_url(self) -> str:
        """What `KIROV_VK_URL` should be."""
        return self.url + routes.VK_PATH

    @property
    def ok_url(self) -> str:
        """What `KIROV_OK_URL` should be."""
        return self.url + routes.OK_PATH

    @property
    def telegram_url(self) -> str:
        """What `KIROV_TELEGRAM_URL` should be."""
        return self.url + routes.TELEGRAM_PATH

    @property
    def variables(self) -> dict[str, str]:
        """Addresses and keys for `settings.Settings`, with a user's token of VK."""
        return self.variables_for()

    def variables_for(self, token: str = USER_TOKEN) -> dict[str, str]:
        """Addresses and keys for `settings.Settings`.

        Args:
            token: VK's token, a key of `vk.TOKENS`.
        """
        return {
            "KIROV_VK_URL": self.vk_url,
            "KIROV_OK_URL": self.ok_url,
            "KIROV_TELEGRAM_URL": self.telegram_url,
            "VK_TOKEN": token,
            "OK_APPLICATION_KEY": APPLICATION,
            "OK_APPLICATION_SECRET": SECRET,
        }

    @property
    def request_count(self) -> int:
        """Requests so far to all networks."""
        return self.request_counts.total()

    def happen(self, call: Call) -> None:
        """Let the world go on after an answer was given whole."""
        if self._live is not None:
            self._live.after(call)

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
        server = tornado.httpserver.HTTPServer(routes.application(self))
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
    faults: Faults | None = None,
    on_listening: Callable[[Sandbox], None] | None = None,
) -> None:
    """Serves in this thread until Ctrl-C.

    Args:
        source: A world or a recording.
        port: 0 takes a free one.
        limits: Whether requests a second and the day's quota are watched.
        faults: What goes wrong on purpose.
        on_listening: Called with the server, whose addresses are known then.

    Raises:
        ParameterError: When the port is in use or not allowed.
    """
    sandbox = Sandbox(source, port=port, limits=limits, faults=faults)

    def listening(_: str) -> None:
        if on_listening is not None:
            on_listening(sandbox)

    try:
        asyncio.run(sandbox.serve(listening))
    except KeyboardInterrupt:
        return
