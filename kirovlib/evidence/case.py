"""What a proof consists of, gathered from the register and the lake; every answer is held against its hash."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from kirovlib import registry, russian, tables
from kirovlib.errors import LakeError, ParameterError
from kirovlib.evidence.register_rows import RegisterCell, register_cells
from kirovlib.lake import Lake
from kirovlib.order import evaluate, wording
from kirovlib.order.clauses import Clause
from kirovlib.order.evaluate import Judgement
from kirovlib.order.ledger import ledger
from kirovlib.order.method import method as method_of
from kirovlib.registry import addresses
from kirovlib.settings import Settings
from kirovlib.weeks import Period, Week, local_date

_SHOWN_ACCOUNTS = 5
# A file of years leaves an answer for each of its posts: only those of the week are packed.
_ONE_POST = "file.post"
PRUNED = "сохранённый ответ удалён по сроку"

# Without a span nothing was read; that it was tried in this week belongs to the proof all the same.
_COVERAGE = """
    SELECT coverage.*, runs.started_at, runs.source FROM coverage JOIN asked USING (account_id)
    LEFT JOIN runs USING (run_id)
    WHERE (covered_from < ends_at AND covered_until > starts_at)
       OR (covered_from IS NULL AND window_from < ends_at AND window_until > starts_at)
    ORDER BY coverage.batch
"""
_VERSIONS = "SELECT run_id, raw_sha256 FROM all_posts SEMI JOIN asked USING (account_id, post_id)"


@dataclass(frozen=True)
class Answer:
    """A stored answer.

    Attributes:
        file: Its name in the ZIP; that it was pruned, and when, where it is there no more.
        body: The stored bytes; `sha256` is theirs. None of an answer that was pruned.
        received: When it came (UTC) and what was asked, for each time the network gave this very answer.
    """

    file: str
    sha256: str
    method: str
    body: bytes | None
    received: tuple[tuple[datetime, Any], ...]


@dataclass(frozen=True)
class Case:
    """An account's week with all that its verdicts rest on.

    Attributes:
        account, institution: Rows of the register, blank cells as empty text.
        last_moment: Until when the lake was collected (UTC).
        is_complete: Whether the week was read completely.
        posts: See `order.ledger`.
        findings: See `order.wording.named`; those of the institution as a whole too.
        coverage: Readings that concern the week: table Coverage with started_at and source of their runs.
        answers: Oldest first.
        register: What the registers say of the account and its institution.
        page_sha256s: Hashes of the snapshots that judge the week.
        has_edition: Whether clause 3.1 was in force; else its first edition's choices are used to list posts.
        method: «Как считали».
    """

    week: Week
    account: Mapping[str, str]
    institution: Mapping[str, str]
    last_moment: datetime
    is_complete: bool
    posts: pd.DataFrame
    findings: pd.DataFrame
    coverage: pd.DataFrame
    answers: tuple[Answer, ...]
    register: tuple[RegisterCell, ...]
    page_sha256s: frozenset[str]
    has_edition: bool
    method: tuple[str, ...]
    clauses: tuple[Clause, ...]
    source: str
    lake_state: Mapping[str, Any]

    @property
    def account_id(self) -> str:
        """The register's key."""
        return self.account["account_id"]

    @property
    def is_running(self) -> bool:
        """Whether the lake was last collected before the week was over."""
        return self.last_moment < self.week.ends_at

    @property
    def pruned(self) -> tuple[Answer, ...]:
        """The answers of which only the hash is left."""
        return tuple(answer for answer in self.answers if answer.body is None)

    def file_of(self, sha256: object) -> str:
        """The file of an answer in the ZIP, or that it was pruned; empty when no answer was stored."""
        return next((answer.file for answer in self.answers if answer.sha256 == sha256), "")


def find_account(accounts: pd.DataFrame, text: str) -> str:
    """The key of the account that the analyst means.

    Args:
        accounts: Table Accounts.
        text: A key, or an address in any spelling.

    Raises:
        ParameterError: There is none, or several have this address; the message names those that come close.

    Example:
        >>> accounts = registry.read(Path("data/sample/registry")).accounts
        >>> find_account(accounts, "https://m.vk.ru/buyan_licey913?from=groups")
        'vk:buyan_licey913'
    """
    ids = [str(account_id) for account_id in accounts["account_id"]]
    if text in ids:
        return text
    asked = addresses.parse(text)
    if isinstance(asked, addresses.Address):
        rows = accounts[["account_id", "url", "platform_id"]].fillna("").astype("str").itertuples(index=False)
        found = [str(account_id) for account_id, url, number in rows if _is_same(asked, addresses.parse(url), number)]
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(found)
            msg = f"Адрес «{asked.url}» в реестре у нескольких аккаунтов: {several}. Укажите ключ одного из них."
            raise ParameterError(msg)
        text = f"{asked.platform}:{asked.key}"
    by_name = {spelling.casefold(): each for each in ids for spelling in (each.partition(":")[2], each)}
    close = difflib.get_close_matches(text.casefold(), by_name, _SHOWN_ACCOUNTS)
    hint = f" Похожие: {', '.join(dict.fromkeys(by_name[name] for name in close))}." if close else ""
    shown = addresses.shortened(addresses.tidied(text))
    msg = f"В реестре нет аккаунта «{shown}».{hint} Ключи — столбец account_id в accounts.csv."
    raise ParameterError(msg)


def gather(settings: Settings, account: str, week: Week) -> Case:
    """All that the verdicts of an account's week rest on.

    Raises:
        ParameterError: The account is unknown, or nothing of its week was ever asked for.
        RegistryError: The register is wrong.
        LakeError: The lake is empty or changes meanwhile, or an answer is missing or damaged.
    """
    account_id = find_account(registry.read(settings.registry_dir).accounts, account)
    lake = Lake(settings.lake_dir)
    judged = evaluate.judge(Period(week.label, (week,)), settings.data_dir)
    judged = replace(judged, from_file=tuple(each for each in judged.from_file if each == account_id))
    clause = judged.clause("posts_per_week")
    edition = clause.edition_on(week.until - timedelta(days=1))
    posts = ledger(lake, [account_id], [week], (edition or clause.editions[0]).parameters)
    pages = judged.profiles[judged.profiles["account_id"] == account_id]
    coverage = lake.query(_COVERAGE, {"asked": _asked(account_id, week)})
    if posts.empty and pages.empty and coverage.empty:
        msg = (
            f"Неделя {week.label} аккаунта {account_id} не собрана: доказывать нечем. "
            f"Выполните «kirov collect --account {account_id} --since {week.start.isoformat()}»."
        )
        raise ParameterError(msg)
    answers = _answers(lake, account_id, posts, pages, coverage)
    if lake.state() != judged.lake_state:
        msg = "Пока собирались доказательства, в хранилище появились новые данные. Дождитесь конца сбора и повторите."
        raise LakeError(msg)
    row = _row(judged.accounts, "account_id", account_id)
    weekly = judged.weekly_counts[judged.weekly_counts["account_id"] == account_id]
    return Case(
        week=week,
        account=row,
        institution=_row(judged.institutions, "institution_id", row["institution_id"]),
        last_moment=lake.runs()["window_until"].max().to_pydatetime(),
        is_complete=bool(weekly["is_complete"].all()),
        posts=posts,
        findings=_findings(judged, row),
        coverage=coverage,
        answers=answers,
        register=register_cells(settings.registry_dir, judged.facts, row),
        page_sha256s=frozenset(pages["raw_sha256"].dropna()),
        has_edition=edition is not None,
        method=tuple(method_of(judged)),
        clauses=judged.clauses,
        source=judged.source,
        lake_state=judged.lake_state,
    )


def _is_same(asked: addresses.Address, own: addresses.Address | addresses.NoAddress, platform_id: str) -> bool:
    if not isinstance(own, addresses.Address) or own.platform != asked.platform:
        return False
    return own.key.casefold() == asked.key.casefold() or platform_id == asked.key


def _asked(account_id: str, week: Week) -> pd.DataFrame:
    return pd.DataFrame({"account_id": [account_id], "starts_at": [week.starts_at], "ends_at": [week.ends_at]})


def _row(table: pd.DataFrame, column: str, key: str) -> dict[str, str]:
    row = table[table[column] == key].iloc[0]
    return {str(name): "" if pd.isna(cell) else str(cell) for name, cell in row.items()}


def _findings(judged: Judgement, account: Mapping[str, str]) -> pd.DataFrame:
    named = wording.named(judged)
    of_institution = named["account_id"].isna() & (named["institution_id"] == account["institution_id"])
    mine = named[(named["account_id"] == account["account_id"]) | of_institution].reset_index(drop=True)
    # The answers of the institution's other accounts are not packed, so nobody could check their hashes here.
    accounts = judged.accounts
    siblings = (accounts["institution_id"] == account["institution_id"]) & (accounts["url"] != account["url"])
    others = frozenset(accounts.loc[siblings, "url"])
    kept = [
        [proof for proof in json.loads(evidence) if isinstance(account_id, str) or proof["url"] not in others]
        for evidence, account_id in zip(mine["evidence"], mine["account_id"], strict=True)
    ]
    return mine.assign(evidence=[tables.to_json(proofs) for proofs in kept])


def _answers(
    lake: Lake, account_id: str, posts: pd.DataFrame, pages: pd.DataFrame, coverage: pd.DataFrame
) -> tuple[Answer, ...]:
    """The answers of every reading of the week, of all versions of its posts, and of the snapshots that judge it."""
    versions = lake.query(_VERSIONS, {"asked": posts[["account_id", "post_id"]]})
    sources = pd.concat([versions, pages[["run_id", "raw_sha256"]].astype("object")])
    needed = set(sources["raw_sha256"].dropna())
    records = lake.answers(account_id, {*sources["run_id"], *coverage["run_id"]})
    records = [each for each in records if each["method"] != _ONE_POST or each["sha256"] in needed]
    for record in records:
        if "pruned_at" not in record:
            _check(record)
    missing = sorted(needed - {record["sha256"] for record in records})
    if missing:
        msg = (
            f"В хранилище «{lake.folder}» нет ответа сети с SHA-256 {missing[0]}, на котором держатся данные аккаунта "
            f"{account_id}. Восстановите папку raw хранилища из резервной копии: без неё вывод не доказать."
        )
        raise LakeError(msg)
    return _numbered(records)


def _check(record: Mapping[str, Any]) -> None:
    if hashlib.sha256(record["body"].encode()).hexdigest() != record["sha256"]:
        msg = (
            f"Сохранённый ответ сети повреждён: {record['account_id']}, {record['method']}, получен "
            f"{record['received_at']}, сбор {record['run_id']}. Его SHA-256 должен быть {record['sha256']}. "
            "Доказательства не записаны; восстановите хранилище из резервной копии."
        )
        raise LakeError(msg)


def _numbered(records: Sequence[Mapping[str, Any]]) -> tuple[Answer, ...]:
    """One file for each different answer; a network may have given the same one several times."""
    same: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in sorted(records, key=lambda each: datetime.fromisoformat(each["received_at"])):
        same.setdefault((record["method"], record["sha256"]), []).append(record)
    return tuple(_answer(number, times) for number, times in enumerate(same.values(), 1))


def _answer(number: int, times: Sequence[Mapping[str, Any]]) -> Answer:
    """An answer from its records, one for each time it was given; stored once is stored."""
    record = next((each for each in times if "pruned_at" not in each), times[0])
    method, sha256 = record["method"], record["sha256"]
    received = tuple((datetime.fromisoformat(each["received_at"]), each["request"]) for each in times)
    if "pruned_at" in record:
        day = local_date(datetime.fromisoformat(record["pruned_at"]))
        return Answer(f"{PRUNED} {russian.dated(day)}", sha256, method, None, received)
    return Answer(_name(number, method, sha256), sha256, method, record["body"].encode(), received)


def _name(number: int, method: str, sha256: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9.]+", "_", method).strip("._")[:40]
    return f"answers/{number:04d}-{safe}-{sha256[:12]}.json"
