"""Folders, time zone, tokens and addresses of the networks: the only module that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from kirovlib.errors import ParameterError

ZONE = ZoneInfo("Europe/Kirov")
VK_URL = "https://api.vk.com/method/"

_REPOSITORY = Path(__file__).resolve().parents[1]


def utc_now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Settings:
    """Where things are and how the networks are reached.

    Attributes:
        home: The folder that holds `data/` and `reports/`.
        vk_token: Service or user token of VK; empty when none is set. Never shown by `repr`.
        vk_url: Address of VK's methods, with a trailing slash.
        vk_requests_per_second: Requests a second to VK; 0 switches the pace off (sandbox only).
        clock: Gives the present moment, UTC; the demo and the tests put a fixed one here.

    Example:
        >>> Settings(home=Path("data/sample")).lake_dir.as_posix()
        'data/sample/lake'
    """

    home: Path
    vk_token: str = field(default="", repr=False)
    vk_url: str = VK_URL
    vk_requests_per_second: float = 3.0
    clock: Callable[[], datetime] = field(default=utc_now, repr=False)

    @property
    def data_dir(self) -> Path:
        """The folder with `registry/` and `lake/`."""
        return self.home / "data"

    @property
    def registry_dir(self) -> Path:
        """The folder with the register's CSV files."""
        return self.data_dir / "registry"

    @property
    def lake_dir(self) -> Path:
        """The folder of the lake; only `kirovlib.lake` looks inside."""
        return self.data_dir / "lake"

    @property
    def reports_dir(self) -> Path:
        """The folder that receives a sub-folder for each report."""
        return self.home / "reports"


def load(home: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment and the `.env` file of the home folder; the environment wins.

    Args:
        home: Home folder; default `KIROV_HOME`, else the repository.
        environment: Variables to read instead of the process's own.

    Raises:
        ParameterError: When the home folder does not exist, `.env` is not UTF-8 or an address is not http(s).

    Example:
        >>> load(Path("."), {"VK_TOKEN": "secret"}).vk_token
        'secret'
    """
    environment = os.environ if environment is None else environment
    folder = home if home is not None else Path(environment.get("KIROV_HOME") or _REPOSITORY)
    if not folder.is_dir():
        msg = f"Папка «{folder}» не найдена. Проверьте переменную KIROV_HOME или параметр --home."
        raise ParameterError(msg)
    try:
        stored = {name: value or "" for name, value in dotenv_values(folder / ".env").items()}
    except UnicodeDecodeError:
        msg = f"Файл «{folder / '.env'}» не в UTF-8. Сохраните его в кодировке UTF-8 и повторите."
        raise ParameterError(msg) from None
    values = {**stored, **environment}
    return Settings(
        home=folder,
        vk_token=values.get("VK_TOKEN", "").strip(),
        vk_url=_address(values.get("KIROV_VK_URL") or VK_URL, "KIROV_VK_URL"),
    )


def _address(value: str, variable: str) -> str:
    if not value.startswith(("http://", "https://")):
        msg = (
            f"Переменная {variable}: «{value}» не похоже на адрес. "
            "Ожидается http://… или https://…; уберите переменную, чтобы работать с настоящей сетью."
        )
        raise ParameterError(msg)
    return value if value.endswith("/") else value + "/"
