"""VK's errors: what each means for an account or for the whole network (`PLATFORMS.md`, sections 1 and 5)."""

from __future__ import annotations

from typing import Any

from kirovlib.errors import AccessError, NetworkError, QuotaError, TokenError
from kirovlib.platforms import base

TRANSIENT = {1, 6, 9, 10}
TOO_LARGE = 13
_BAD_PARAMETER = {100, 104, 113, 125}
NO_EXECUTE = {15, 27, 28}
_ACCOUNT_REASONS = {
    15: "wall_closed",
    18: "account_gone",
    19: "wall_closed",
    30: "wall_closed",
    203: "wall_closed",
    **dict.fromkeys(_BAD_PARAMETER, "address_unknown"),
    TOO_LARGE: "too_large",
    -1: "not_recorded",  # said by the sandbox's replay only
}
_KEY_ADVICE = (
    "Проверьте переменную VK_TOKEN: нужен сервисный ключ приложения VK или ключ пользователя; "
    "ключ сообщества лент не читает."
)


class VkError(Exception):
    """An error VK answered with: its code and message."""

    def __init__(self, error: dict[str, Any]) -> None:
        code = error.get("error_code")
        self.code = code if isinstance(code, int) else 1
        self.message = str(error.get("error_msg", ""))
        super().__init__(f"{self.code}: {self.message}")

    def account_reason(self) -> str:
        """The word of `tables.COVERAGE_REASONS` for an account that could not be read because of it."""
        return _ACCOUNT_REASONS.get(self.code, "no_answer" if self.code in TRANSIENT else "answer_not_understood")

    def stops(self) -> base.NetworkStoppedError | None:
        """The error to raise when it concerns the token, quota or whole network rather than one account."""
        cause: AccessError
        if self.code in {5, 27, 28} or (self.code == 15 and "token" in self.message):  # noqa: PLR2004 - VK's codes
            cause = TokenError(f"VK не принял ключ доступа (ошибка {self.code}). {_KEY_ADVICE}")
            return base.NetworkStoppedError("token", cause)
        if self.code == 29:  # noqa: PLR2004
            cause = QuotaError(
                "Исчерпан суточный лимит VK (ошибка 29: 5000 вызовов wall.get за сутки). Собранное сохранено; "
                "повторите сбор через час или завтра."
            )
            return base.NetworkStoppedError("quota", cause)
        if self.code in {14, 17}:
            cause = NetworkError(
                f"VK требует подтверждения (ошибка {self.code}). Войдите во ВКонтакте под владельцем ключа, "
                "подтвердите вход и повторите сбор."
            )
            return base.NetworkStoppedError("captcha", cause)
        return None


def unreachable(error: Exception) -> base.NetworkStoppedError:
    """The error to raise when VK does not answer at all."""
    cause = NetworkError(
        f"VK не отвечает ({error}). Проверьте интернет, прокси и переменную KIROV_VK_URL; собранное сохранено, "
        "повторите команду позже."
    )
    return base.NetworkStoppedError("network", cause)
