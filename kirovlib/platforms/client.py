"""What the clients share: their transport, how many calls in a row went unanswered, and why the network was left."""

from __future__ import annotations

import threading

from kirovlib.platforms import base
from kirovlib.platforms.http import Http

_SILENT_CALLS = 5  # so many unanswered calls in a row mean that the network is away, not an account


class Client(base.Platform):
    """A network's client that several threads use.

    Args:
        http: Transport with the network's pace.
        url: Address of the network, with a trailing slash.

    Attributes:
        stopped: Why the network was left, if it was: nothing is sent after that.
    """

    def __init__(self, http: Http, url: str) -> None:
        self._http, self._url = http, url
        self._lock = threading.Lock()
        self._silent_calls = 0
        self.stopped: base.NetworkStoppedError | None = None

    @property
    def request_count(self) -> int:
        """Requests sent so far, retries included."""
        return self._http.request_count

    def stop(self, stopped: base.NetworkStoppedError) -> base.NetworkStoppedError:
        """Remember why the network is left, so that no thread sends anything more; gives the error to raise."""
        with self._lock:
            self.stopped = self.stopped or stopped
        return stopped

    def _is_away(self, *, is_silent: bool) -> bool:
        """Count the calls in a row that were not answered; whether they are too many."""
        with self._lock:
            self._silent_calls = self._silent_calls + 1 if is_silent else 0
            return self._silent_calls >= _SILENT_CALLS
