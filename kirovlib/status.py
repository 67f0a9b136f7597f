"""How things stand: register, lake, tokens, networks, last runs, and what to do next; works with nothing there.

No token leaves this module: of a long one the last four characters, and no request carries it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import httpx
import pandas as pd
import pyarrow

from kirovlib import registry
from kirovlib.errors import LakeError, ParameterError, RegistryError
from kirovlib.lake import Lake
from kirovlib.platforms.base import Network
from kirovlib.platforms.http import make_client
from kirovlib.platforms.networks import NETWORKS
from kirovlib.registry import Register
from kirovlib.settings import Settings
from kirovlib.weeks import last_full_week

_SHOWN_ERRORS = 5
_SHOWN_RUNS = 5
_SHORT_TOKEN = 8
_TIMEOUT_SECONDS = 5.0
_LARGEST_ANSWER = 65536
_STALE_DAYS = 8
_MOST_STEPS = 3
_AWAY = frozenset({"unreachable", "other"})


@dataclass(frozen=True)
class RegisterStatus:
    """The register: `state` is ready, absent or wrong; of a wrong one the first mistakes."""

    state: str
    institution_count: int = 0
    account_count: int = 0
    by_platform: dict[str, int] = field(default_factory=dict)
    by_kind: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RunStatus:
    """A run of the lake; accounts of networks that are not collected at all are left out of its counts."""

    run_id: str
    source: str
    started_at: datetime
    finished_at: datetime | None
    account_count: int
    collected_count: int


@dataclass(frozen=True)
class LakeStatus:
    """The lake: `state` is ready, empty or wrong.

    Attributes:
        newest_at: Until when anything was read; its age is counted from here.
        collected_share: Accounts (0-1) that were collected wholly when a network was last asked for them; None when
            no network ever was.
        never_collected: Accounts of the register of which no span of time was ever read.
        unfinished: Runs that are going on or were killed.
    """

    state: str
    error: str = ""
    batch_count: int = 0
    post_count: int = 0
    covered_from: datetime | None = None
    covered_until: datetime | None = None
    newest_at: datetime | None = None
    age_seconds: int | None = None
    collected_share: float | None = None
    never_collected: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    runs: list[RunStatus] = field(default_factory=list)


@dataclass(frozen=True)
class TokenStatus:
    """A token: the variable it comes from, whether it is set, its last characters if it is long enough."""

    variable: str
    platform: str
    is_set: bool
    ending: str = ""


@dataclass(frozen=True)
class NetworkStatus:
    """A network: `state` is reachable, unreachable, other (something else answers) or skipped."""

    platform: str
    host: str
    state: str
    answer: str = ""


@dataclass(frozen=True)
class Status:
    """Everything together; `steps` are (command or action, why)."""

    checked_at: datetime
    register: RegisterStatus
    lake: LakeStatus
    tokens: list[TokenStatus]
    networks: list[NetworkStatus]
    steps: list[tuple[str, str]]

    def as_json(self) -> str:
        """JSON with moments in ISO form, UTC."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, default=lambda moment: moment.isoformat())


def look(settings: Settings, *, offline: bool = False) -> Status:
    """How things stand now.

    Args:
        settings: Folders, tokens, addresses and clock.
        offline: Whether to leave the networks alone.

    Returns:
        What was found; what is broken is told in it, never raised.

    Example:
        >>> look(Settings(Path("data/sample")), offline=True).tokens[0].is_set
        False
    """
    register, state = _register(settings)
    lake = _lake(settings, register)
    used = [network for name, network in NETWORKS.items() if name in state.by_platform or not state.by_platform]
    tokens = [_token(network, variable, settings) for network in used for variable in network.secrets]
    networks = [_network(network, settings, offline=offline) for network in used]
    steps = _steps(state, lake, tokens, networks, settings.clock())
    return Status(settings.clock(), state, lake, tokens, networks, steps)


def _register(settings: Settings) -> tuple[Register | None, RegisterStatus]:
    files = (registry.INSTITUTIONS_CSV, registry.ACCOUNTS_CSV)
    if not any((settings.registry_dir / name).exists() for name in files):
        return None, RegisterStatus("absent")
    try:
        register = registry.read(settings.registry_dir)
    except RegistryError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return None, RegisterStatus("wrong", errors=(lines[1:] or lines)[:_SHOWN_ERRORS])
    except OSError as error:
        return None, RegisterStatus("wrong", errors=[f"файлы реестра не читаются: {error.strerror}"])
    return register, RegisterStatus(
        "ready",
        len(register.institutions),
        len(register.accounts),
        _counted(register.accounts["platform"]),
        _counted(register.institutions["kind"]),
    )


def _counted(words: pd.Series) -> dict[str, int]:
    return {str(word): int(count) for word, count in words.value_counts().sort_index().items()}


def _lake(settings: Settings, register: Register | None) -> LakeStatus:
    lake = Lake(settings.lake_dir)
    known = set(register.accounts["account_id"]) if register else set()
    try:
        if lake.is_empty():
            return LakeStatus("empty", never_collected=sorted(known))
        return _lake_facts(lake, known, settings.clock())
    except LakeError as error:
        return LakeStatus("wrong", str(error))
    except (duckdb.Error, pyarrow.ArrowException, OSError) as error:
        return LakeStatus("wrong", f"Хранилище «{settings.lake_dir}» не читается ({type(error).__name__}).")


def _lake_facts(lake: Lake, known: set[str], now: datetime) -> LakeStatus:
    facts = lake.query(
        """
        SELECT (SELECT count(DISTINCT batch) FROM coverage) AS batch_count, (SELECT count(*) FROM posts) AS post_count,
               min(covered_from) AS covered_from, max(covered_until) AS covered_until,
               coalesce(max(covered_until), (SELECT max(last_seen_at) FROM posts)) AS newest_at
        FROM coverage
        """
    ).iloc[0]
    read = set(lake.query("SELECT DISTINCT account_id FROM coverage WHERE covered_from IS NOT NULL")["account_id"])
    outcomes = lake.query(
        """
        SELECT run_id, count(*) FILTER (outcome = 'collected') AS collected,
               count(*) FILTER (reason = 'platform_not_supported') AS elsewhere
        FROM coverage GROUP BY run_id
        """
    )
    collected = dict(zip(outcomes["run_id"], outcomes["collected"], strict=True))
    elsewhere = dict(zip(outcomes["run_id"], outcomes["elsewhere"], strict=True))
    runs = [_run(row, collected, elsewhere) for row in lake.runs().to_dict("records")]
    latest = lake.query(
        """
        SELECT avg(CAST(outcome = 'collected' AS INTEGER)) AS share FROM (
            SELECT max_by(outcome, batch) AS outcome, max_by(coalesce(reason, ''), batch) AS reason
            FROM coverage ANTI JOIN (FROM runs WHERE source = 'file') USING (run_id) GROUP BY account_id
        ) WHERE reason <> 'platform_not_supported'
        """
    )["share"].item()
    newest_at = _moment(facts["newest_at"])
    return LakeStatus(
        "ready",
        batch_count=int(facts["batch_count"]),
        post_count=int(facts["post_count"]),
        covered_from=_moment(facts["covered_from"]),
        covered_until=_moment(facts["covered_until"]),
        newest_at=newest_at,
        age_seconds=max(0, int((now - newest_at).total_seconds())) if newest_at else None,
        collected_share=None if pd.isna(latest) else float(latest),
        never_collected=sorted(known - read),
        unfinished=sorted(set(collected) - {run.run_id for run in runs}),
        runs=runs[: -_SHOWN_RUNS - 1 : -1],
    )


def _run(row: Mapping[Any, Any], collected: Mapping[str, Any], elsewhere: Mapping[str, Any]) -> RunStatus:
    return RunStatus(
        str(row["run_id"]),
        str(row["source"]),
        row["started_at"].to_pydatetime(),
        _moment(row["finished_at"]),
        int(row["account_count"]) - int(elsewhere.get(row["run_id"], 0)),
        int(collected.get(row["run_id"], 0)),
    )


def _moment(value: Any) -> datetime | None:
    if pd.isna(value):
        return None
    moment = pd.Timestamp(value)
    moment = moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
    found: datetime = moment.to_pydatetime()
    return found


def _token(network: Network, variable: str, settings: Settings) -> TokenStatus:
    token = settings.variable(variable)
    return TokenStatus(variable, network.name, bool(token), _ending(token))


def _ending(token: str) -> str:
    """The last four characters of a long token of plain characters, else nothing."""
    return token[-4:] if len(token) > _SHORT_TOKEN and re.fullmatch(r"[\w.-]{4}", token[-4:], re.ASCII) else ""


def _network(network: Network, settings: Settings, *, offline: bool) -> NetworkStatus:
    """Ask a network for something that needs no token: also its complaint about that proves that it is there."""
    url = network.url(settings)
    try:
        host = httpx.URL(url).host  # never the whole address: it may hold a password
        if offline:
            return NetworkStatus(network.name, host, "skipped")
        with make_client(url, settings) as client:
            status, server, body = _asked(client, url + network.ping)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError, ParameterError) as error:
        name = "недоверенный сертификат" if "CERTIFICATE_VERIFY" in str(error) else type(error).__name__
        return NetworkStatus(network.name, _host(url), "unreachable", name)
    if network.is_network(body):
        return NetworkStatus(network.name, host, "reachable", server if server.startswith("kirov-sandbox") else "")
    return NetworkStatus(network.name, host, "other", f"HTTP {status}")


def _asked(client: httpx.Client, url: str) -> tuple[int, str, bytes]:
    deadline, body = time.monotonic() + 2 * _TIMEOUT_SECONDS, b""
    with client.stream("GET", url, timeout=_TIMEOUT_SECONDS) as response:
        for piece in response.iter_bytes():
            body += piece
            if len(body) > _LARGEST_ANSWER or time.monotonic() > deadline:
                break
        return response.status_code, response.headers.get("Server", ""), body


def _host(url: str) -> str:
    try:
        return httpx.URL(url).host
    except httpx.InvalidURL:
        return "адрес не разобран"


def _steps(
    register: RegisterStatus,
    lake: LakeStatus,
    tokens: list[TokenStatus],
    networks: list[NetworkStatus],
    now: datetime,
) -> list[tuple[str, str]]:
    """One to three next steps, the most pressing first."""
    if register.state == "absent":
        return [
            ("kirov registry import РЕЕСТР.xlsx --out data/registry", "реестра ещё нет"),
            ("kirov demo", "посмотреть весь путь на учебных данных"),
        ]
    if register.state == "wrong":
        return [("kirov registry check", "реестр с ошибками, без него ничего не собрать и не проверить")]
    if lake.state == "wrong":
        return [("верните папку data/lake из копии или обновите программу", "хранилище не читается")]
    steps = [
        (
            f"впишите {token.variable}=… в файл .env",
            f"без ключа {_title(token.platform)} не собрать (docs/analyst-guide.ru.md)",
        )
        for token in tokens
        if not token.is_set
    ]
    steps += [
        (
            f"проверьте интернет, прокси (KIROV_PROXY) и {NETWORKS[network.platform].url_variable}",
            f"{_title(network.platform)} отсюда не отвечает",
        )
        for network in networks
        if network.state in _AWAY
    ]
    by_file = [account for account in lake.never_collected if account.startswith("telegram:")]
    if by_file and any(network.platform == "telegram" and network.state in _AWAY for network in networks):
        steps.append((f"kirov import-posts result.json --account {by_file[0]}", "Телеграм можно загрузить из файла"))
    if not steps and register.by_platform:
        steps += _collect_steps(lake)
    if lake.covered_until is not None:
        newest = last_full_week(min(now, lake.covered_until))
        steps.append((f"kirov report --week {newest.label}", "отчёт за последнюю собранную полную неделю"))
    return steps[:_MOST_STEPS] or [("kirov demo", "посмотреть весь путь на учебных данных")]


def _title(platform: str) -> str:
    return NETWORKS[platform].title


def _collect_steps(lake: LakeStatus) -> list[tuple[str, str]]:
    if lake.state == "empty":
        return [("kirov collect", "хранилище пусто")]
    if lake.age_seconds is None or lake.age_seconds > _STALE_DAYS * 86400:
        return [("kirov collect", "данные старше недели")]
    if lake.collected_share is not None and lake.collected_share < 1:
        return [("kirov collect --only-missing", "в последний раз собраны не все аккаунты")]
    return []
