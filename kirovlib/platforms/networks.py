"""The networks the program collects; a new one is a module of its own and a line here."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import ExitStack

from kirovlib.errors import TokenError
from kirovlib.platforms import ok, telegram, vk
from kirovlib.platforms.base import Network, Platform
from kirovlib.settings import Settings

NETWORKS: dict[str, Network] = {network.name: network for network in (vk.NETWORK, ok.NETWORK, telegram.NETWORK)}


def connected(
    settings: Settings, names: Iterable[str], stopping: threading.Event, stack: ExitStack
) -> tuple[dict[str, Platform], dict[str, TokenError]]:
    """The clients of the networks among these names, open until the stack is, and why a network has none."""
    clients: dict[str, Platform] = {}
    refused: dict[str, TokenError] = {}
    for name in names:
        if name in NETWORKS:
            try:
                clients[name] = stack.enter_context(NETWORKS[name].connect(settings, stopping))
            except TokenError as error:
                refused[name] = error
    return clients, refused
