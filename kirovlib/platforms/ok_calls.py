"""Calls of Odnoklassniki's API: the signature, retries, what stops the whole network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from kirovlib.platforms import base, ok_errors
from kirovlib.platforms.client import Client
from kirovlib.platforms.http import Answer, Http, TransientError
from kirovlib.platforms.ok_errors import FloodError, OkError

_UNSIGNED = frozenset({"sig", "access_token", "session_key"})


def sign(parameters: Mapping[str, Any], secret: str) -> str:
    """The signature of a call: MD5 of the sorted parameters and the secret.

    Args:
        parameters: As they are sent; the session and the signature itself are no part of it.
        secret: The application's secret for a call without a session, else MD5 of token and secret.

    Example:
        >>> sign({"method": "events.get", "format": "json"}, "secret")
        'd4b6e97f60a51efd053e430a9f5d3043'
    """
    joined = "".join(f"{key}={parameters[key]}" for key in sorted(parameters) if key not in _UNSIGNED)
    return _md5(joined + secret)


class Calls(Client):
    """The part of the client that talks to Odnoklassniki, from any number of threads.

    Args:
        http: Transport with the network's pace.
        url: Address of the network, with a trailing slash.
        application_key: The application's public key.
        application_secret: Its secret, which signs and is never sent.
        access_token: A session, for what needs one; may be empty.

    Attributes:
        stopped: Why the network was left, if it was: nothing is sent after that.
    """

    name = "ok"

    def __init__(
        self, http: Http, url: str, application_key: str, application_secret: str, access_token: str = ""
    ) -> None:
        super().__init__(http, url)
        self._key, self._token = application_key, access_token
        self._secret = _md5(access_token + application_secret) if access_token else application_secret

    def call(self, method: str, **parameters: Any) -> Answer:
        """One API call.

        Raises:
            OkError: What the network answered, unless it is worth a retry.
            base.NetworkStoppedError: When the keys, a block or the analyst stands in the way.
            TransientError: When the network did not answer after several tries.
        """
        if self.stopped is not None:  # in another thread
            raise self.stopped
        form = {"method": method, "application_key": self._key, "format": "json", **parameters}
        form["sig"] = sign(form, self._secret)
        if self._token:
            form["access_token"] = self._token
        try:
            answer = self._http.post(f"{self._url}fb.do", form, {}, ok_errors.check)
        except OkError as error:
            self._is_away(is_silent=False)
            if stopped := error.stops():
                raise self.stop(stopped) from None
            raise
        except FloodError:
            raise self.stop(ok_errors.flooded()) from None
        except TransientError as error:
            if self._is_away(is_silent=True):
                raise self.stop(ok_errors.unreachable(error)) from None
            raise
        except base.NetworkStoppedError as stopped:
            raise self.stop(stopped) from None
        self._is_away(is_silent=False)
        self.server = answer.server
        return answer


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
