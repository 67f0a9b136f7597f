"""Calls of VK's API: the token, retries, what stops the whole network, what counts against the day's quota."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from kirovlib.platforms import base, vk_errors
from kirovlib.platforms.client import Client
from kirovlib.platforms.http import Answer, Http, TransientError
from kirovlib.platforms.vk_errors import VkError

VERSION = "5.199"
_NOTHING: frozenset[int] = frozenset()


class Calls(Client):
    """The part of VK's client that talks to VK, from any number of threads.

    Args:
        http: Transport with VK's pace (3 requests a second for user and service tokens).
        url: Address of the methods, with a trailing slash.
        token: Service or user token.

    Attributes:
        access_kind: `service` or `user`, once VK has shown it.
        stopped: Why the network was left, if it was: nothing is sent after that.
    """

    name = "vk"

    def __init__(self, http: Http, url: str, token: str) -> None:
        super().__init__(http, url)
        self._token = token
        self._wall_count = 0

    @property
    def quota_count(self) -> int:
        """Calls of `wall.get` so far, those inside `execute` included; retries are not counted again."""
        return self._wall_count

    def call(
        self, method: str, *, wall_count: int = 0, spared: AbstractSet[int] = _NOTHING, **parameters: Any
    ) -> Answer:
        """One API call.

        Args:
            method: `groups.getById` and the like.
            wall_count: How many `wall.get` it makes.
            spared: Errors that do not stop the network here; a call refused with one of them has made no `wall.get`.
            parameters: What the method takes.

        Raises:
            VkError: What VK answered, unless it is worth a retry.
            base.NetworkStoppedError: When the token, the quota, a captcha or the analyst stands in the way.
            TransientError: When VK did not answer after several tries.
        """
        if self.stopped is not None:  # in another thread
            raise self.stopped
        self._count_walls(wall_count)
        try:
            answer = self._send(method, parameters)
        except VkError as error:
            if error.code in spared:
                self._count_walls(-wall_count)
                raise
            if stopped := error.stops():
                raise self.stop(stopped) from None
            raise
        except base.NetworkStoppedError as stopped:
            raise self.stop(stopped) from None
        self.server = answer.server
        return answer

    def _send(self, method: str, parameters: dict[str, Any]) -> Answer:
        form = {"v": VERSION, **parameters}
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            answer = self._http.post(self._url + method, form, headers, check)
        except TransientError as error:
            if self._is_away(is_silent=True):
                raise vk_errors.unreachable(error) from None
            raise
        self._is_away(is_silent=False)
        return answer

    def _count_walls(self, count: int) -> None:
        with self._lock:
            self._wall_count += count


def check(body: Any) -> None:
    """Look at an answer.

    Raises:
        VkError: When it is an error.
        TransientError: When it is one that is worth another try, or no answer of VK at all.
    """
    if not isinstance(body, dict) or not ({"response", "error"} & set(body)):
        msg = "neither response nor error"
        raise TransientError(msg)
    if "error" in body:
        if not isinstance(body["error"], dict):
            msg = "an error without a code"
            raise TransientError(msg)
        error = VkError(body["error"])
        if error.code in vk_errors.TRANSIENT:
            msg = f"error {error.code}"
            raise TransientError(msg)
        raise error
