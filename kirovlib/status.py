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
from kirovlib.errors import LakeError, RegistryError
from kirovlib.lake import Lake
from kirovlib.platforms.http import make_client
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
    """A run of the lake; outcome counts accounts."""

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
        collected_share: Of the last collection from a network (0-1); None without one.
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
    token = settings.vk_token
    tokens = [TokenStatus("VK_TOKEN", "vk", bool(token), _ending(token))]
    networks = [_network("vk", settings.vk_url, offline=offline)]
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
        "SELECT run_id, count(*) FILTER (outcome = 'collected') AS collected FROM coverage GROUP BY run_id"
    )
    collected = dict(zip(outcomes["run_id"], outcomes["collected"], strict=True))
    runs = [_run(row, collected) for row in lake.runs().to_dict("records")]
    from_network = [run for run in runs if run.source != "file" and run.account_count]
    newest_at = _moment(facts["newest_at"])
    return LakeStatus(
        "ready",
        batch_count=int(facts["batch_count"]),
        post_count=int(facts["post_count"]),
        covered_from=_moment(facts["covered_from"]),
        covered_until=_moment(facts["covered_until"]),
        newest_at=newest_at,
        age_seconds=max(0, int((now - newest_at).total_seconds())) if newest_at else None,
        collected_share=from_network[-1].collected_count / from_network[-1].account_count if from_network else None,
        never_collected=sorted(known - read),
        unfinished=sorted(set(collected) - {run.run_id for run in runs}),
        runs=runs[: -_SHOWN_RUNS - 1 : -1],
    )


def _run(row: Mapping[Any, Any], collected: Mapping[str, Any]) -> RunStatus:
    return RunStatus(
        str(row["run_id"]),
        str(row["source"]),
        row["started_at"].to_pydatetime(),
        _moment(row["finished_at"]),
        int(row["account_count"]),
        int(collected.get(row["run_id"], 0)),
    )


def _moment(value: Any) -> datetime | None:
    if pd.isna(value):
        return None
    moment = pd.Timestamp(value)
    moment = moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
    found: datetime = moment.to_pydatetime()
    return found


def _ending(token: str) -> str:
    """The last four characters of a long token of plain characters, else nothing."""
    return token[-4:] if len(token) > _SHORT_TOKEN and re.fullmatch(r"[\w.-]{4}", token[-4:], re.ASCII) else ""


def _network(platform: str, url: str, *, offline: bool) -> NetworkStatus:
    """Ask VK for its time, without a token: it answers with an error of its own, which is proof enough."""
    try:
        host = httpx.URL(url).host  # never the whole address: it may hold a password
        if offline:
            return NetworkStatus(platform, host, "skipped")
        with make_client(url) as client:
            status, server, body = _asked(client, url + "utils.getServerTime?v=5.199")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError) as error:
        name = "недоверенный сертификат" if "CERTIFICATE_VERIFY" in str(error) else type(error).__name__
        return NetworkStatus(platform, _host(url), "unreachable", name)
    answer = _json(body)
    error_of_vk = isinstance(answer.get("error"), dict) and "error_code" in answer["error"]
    if error_of_vk or "response" in answer:
        return NetworkStatus(platform, host, "reachable", server if server.startswith("kirov-sandbox") else "")
    return NetworkStatus(platform, host, "other", f"HTTP {status}")


def _asked(client: httpx.Client, url: str) -> tuple[int, str, bytes]:
    deadline, body = time.monotonic() + 2 * _TIMEOUT_SECONDS, b""
    with client.stream("GET", url, timeout=_TIMEOUT_SECONDS) as response:
        for piece in response.iter_bytes():
            body += piece
            if len(body) > _LARGEST_ANSWER or time.monotonic() > deadline:
                break
        return response.status_code, response.headers.get("Server", ""), body


def _json(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


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
    steps: list[tuple[str, str]] = []
    if "vk" in register.by_platform and not tokens[0].is_set:
        steps.append(("впишите VK_TOKEN=… в файл .env", "без ключа ВКонтакте не собрать (docs/analyst-guide.ru.md)"))
    if networks[0].state in {"unreachable", "other"}:
        steps.append(("проверьте интернет, прокси (HTTPS_PROXY) и KIROV_VK_URL", "ВКонтакте отсюда не отвечает"))
    if not steps and "vk" in register.by_platform:
        steps += _collect_steps(lake)
    by_file = [account for account in lake.never_collected if account.startswith("telegram:")]
    if by_file:
        steps.append((f"kirov import-posts result.json --account {by_file[0]}", "Telegram ни разу не загружен"))
    if lake.covered_until is not None:
        newest = last_full_week(min(now, lake.covered_until))
        steps.append((f"kirov report --week {newest.label}", "отчёт за последнюю собранную полную неделю"))
    return steps[:_MOST_STEPS] or [("kirov demo", "посмотреть весь путь на учебных данных")]


def _collect_steps(lake: LakeStatus) -> list[tuple[str, str]]:
    if lake.state == "empty":
        return [("kirov collect", "хранилище пусто")]
    if lake.age_seconds is None or lake.age_seconds > _STALE_DAYS * 86400:
        return [("kirov collect", "данные старше недели")]
    if lake.collected_share is not None and lake.collected_share < 1:
        return [("kirov collect", "в последний раз собраны не все аккаунты")]
    return []
