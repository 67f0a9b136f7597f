"""Odnoklassniki's errors: what each means for an account or the whole network (`PLATFORMS.md`, sections 3 and 5)."""

from __future__ import annotations

from typing import Any

from kirovlib.errors import AccessError, NetworkError, QuotaError, TokenError
from kirovlib.platforms import base
from kirovlib.platforms.http import TransientError

_TRANSIENT = {1, 2}
_ACTION_BLOCKED, _FLOOD_BLOCKED, _IP_BLOCKED = 7, 8, 9
_TOKEN = {101, 102, 103, 104, 105}  # application key, session, signature
_ACCOUNT_REASONS = {
    10: "access_denied",
    **dict.fromkeys((4, 100, 106, 120, 300), "address_unknown"),
    -1: "not_recorded",  # said by the sandbox's replay only
}


class OkError(Exception):
    """An error Odnoklassniki answered with.

    Its message is not kept: some echo the request, and with it the key.
    """

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(str(code))

    def account_reason(self) -> str:
        """The word of `tables.COVERAGE_REASONS` for an account that could not be read because of it."""
        return _ACCOUNT_REASONS.get(self.code, "answer_not_understood")

    def stops(self) -> base.NetworkStoppedError | None:
        """The error to raise when it concerns the keys or the whole network rather than one account."""
        cause: AccessError
        if self.code in _TOKEN:
            cause = TokenError(
                f"Одноклассники не приняли ключ доступа (ошибка {self.code}). Проверьте переменные OK_APPLICATION_KEY "
                "и OK_APPLICATION_SECRET; если задана OK_ACCESS_TOKEN, её срок мог истечь: замените её или уберите."
            )
            return base.NetworkStoppedError("token", cause)
        if self.code == _ACTION_BLOCKED:
            cause = NetworkError(
                f"Одноклассники временно закрыли это действие для владельца ключа (ошибка {self.code}). Войдите на "
                "ok.ru под ним, подтвердите вход и повторите сбор; собранное сохранено."
            )
            return base.NetworkStoppedError("captcha", cause)
        if self.code == _IP_BLOCKED:
            cause = NetworkError(
                f"Одноклассники закрыли доступ с этого адреса сети (ошибка {self.code}). Собранное сохранено; "
                "повторите сбор позже или через другой выход в интернет (переменная KIROV_PROXY)."
            )
            return base.NetworkStoppedError("network", cause)
        return None


class FloodError(TransientError):
    """Too many calls: worth another try after a pause."""


def check(body: Any) -> None:
    """Look at an answer: errors come with HTTP 200, too.

    Raises:
        TransientError: For errors that may pass by themselves, `FloodError` among them.
        OkError: For all others.
    """
    if not isinstance(body, dict) or "error_code" not in body:
        return
    try:
        code = int(body["error_code"])
    except (TypeError, ValueError):
        code = 0  # no code of theirs: not understood
    if code == _FLOOD_BLOCKED:
        msg = f"error {code}"
        raise FloodError(msg)
    if code in _TRANSIENT:
        msg = f"error {code}"
        raise TransientError(msg)
    raise OkError(code)


def flooded() -> base.NetworkStoppedError:
    """The error to raise when the calls are still too many after all pauses."""
    cause = QuotaError(
        f"Одноклассники ограничили число обращений (ошибка {_FLOOD_BLOCKED}), паузы не помогли. Собранное сохранено; "
        "повторите сбор через час."
    )
    return base.NetworkStoppedError("quota", cause)


def unreachable(error: Exception) -> base.NetworkStoppedError:
    """The error to raise when Odnoklassniki does not answer at all."""
    cause = NetworkError(
        f"Одноклассники не отвечают ({error}). Проверьте интернет, прокси и переменную KIROV_OK_URL; собранное "
        "сохранено, повторите команду позже."
    )
    return base.NetworkStoppedError("network", cause)
