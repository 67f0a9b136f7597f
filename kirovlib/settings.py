"""Folders, time zone, tokens and addresses of the networks: the only module that reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from kirovlib.errors import ParameterError

ZONE = ZoneInfo("Europe/Kirov")

_REPOSITORY = Path(__file__).resolve().parents[1]


def utc_now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Settings:
    """Where things are and how the networks are reached.

    Attributes:
        home: The folder that holds `data/` and `reports/`.
        variables: Tokens and addresses of the networks by variable (`VK_TOKEN`, `KIROV_VK_URL`, …); each network
            reads its own. Never shown by `repr`.
        requests_per_second: Requests a second to each network instead of its own pace; 0 switches the pace off
            (sandbox only).
        timeout_seconds: How long an answer is waited for.
        clock: Gives the present moment, UTC; the demo and the tests put a fixed one here.

    Example:
        >>> Settings(home=Path("data/sample")).lake_dir.as_posix()
        'data/sample/lake'
    """

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    requests_per_second: float | None = None
    timeout_seconds: float = 30.0
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

    def variable(self, name: str, default: str = "") -> str:
        """A variable's value; the default when it is not set or empty."""
        return self.variables.get(name) or default

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
        >>> load(Path("."), {"VK_TOKEN": "secret"}).variable("VK_TOKEN")
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
    values = {name: value.strip() for name, value in {**stored, **environment}.items()}
    for name, value in values.items():
        if re.fullmatch(r"KIROV_[A-Z0-9]+_URL", name) and value:
            values[name] = _address(value, name)
    return Settings(home=folder, variables=values)


def _address(value: str, variable: str) -> str:
    if not value.startswith(("http://", "https://")):
        msg = (
            f"Переменная {variable}: «{value}» не похоже на адрес. "
            "Ожидается http://… или https://…; уберите переменную, чтобы работать с настоящей сетью."
        )
        raise ParameterError(msg)
    return value if value.endswith("/") else value + "/"
