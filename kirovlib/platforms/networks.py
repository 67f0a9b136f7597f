"""The networks the program collects; a new one is a module of its own and a line here."""

from __future__ import annotations

from kirovlib.platforms import ok, telegram, vk
from kirovlib.platforms.base import Network

NETWORKS: dict[str, Network] = {network.name: network for network in (vk.NETWORK, ok.NETWORK, telegram.NETWORK)}
