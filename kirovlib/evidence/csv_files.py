"""The tables of a proof as CSV for a spreadsheet: UTF-8 with BOM, semicolons, nothing foreign becomes a formula."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd

from kirovlib import tables
from kirovlib.evidence.case import Case
from kirovlib.order import wording
from kirovlib.order.ledger import WHY
from kirovlib.registry import addresses
from kirovlib.settings import ZONE

_SHOWN_LETTERS = 200
# The wide forms are what a Japanese or Chinese spreadsheet takes for the plain ones.
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_COUNTED = {True: "засчитана", False: "не засчитана"}
_YES_NO = {True: "да", False: "нет"}
_POSTS = (
    "Опубликована (время Кирова)",
    "Адрес",
    "Засчитана",
    "Почему",
    "Репост",
    "Закреплена",
    "Изменена (время Кирова)",
    "Исчезновение замечено (время Кирова)",
    f"Текст (первые {_SHOWN_LETTERS} знаков)",
    "SHA-256 ответа",
    "Файл ответа",
)
_FINDINGS = {
    "verdict_name": "Вывод",
    "clause_name": "Пункт",
    "edition": "Редакция действует с",
    "institution": "Учреждение",
    "url": "Аккаунт",
    "period_start": "С",
    "period_end": "По",
    "expected": "Требуется",
    "measured": "Установлено",
    "reason_name": "Причина",
    "note_name": "Примечание",
    "repair": "Как исправить",
}
_COVERAGE = (
    "Сбор",
    "Начат (время Кирова)",
    "Откуда",
    "Прочитано целиком с (время Кирова)",
    "Прочитано целиком до (не включая)",
    "Итог",
    "Причина",
    "Прочитано до первой публикации аккаунта",
)
_REGISTER = ("Файл реестра", "SHA-256 файла", "Запись", "Столбец", "Значение")
_INDEX = (
    "Файл",
    "SHA-256",
    "Метод",
    "Запрос (без ключей доступа)",
    "Получен (UTC)",
    "Получен (время Кирова)",
    "Публикаций недели из него",
    "По нему судили о странице",
)


def local(moment: datetime | pd.Timestamp) -> str:
    """`21.05.2024 14:05:09` in Kirov; empty for no moment."""
    return "" if pd.isna(moment) else f"{moment.astimezone(ZONE):%d.%m.%Y %H:%M:%S}"


def posts(case: Case) -> bytes:
    """The ledger of the week."""
    rows = [
        (
            local(post["posted_at"]),
            post["url"],
            _word(_COUNTED, post["counted"]),
            WHY[post["why"]],
            _word(_YES_NO, post["is_repost"]),
            _word(_YES_NO, post["is_pinned"]),
            local(post["edited_at"]),
            local(post["missed_at"]),
            _shortened(post["text"]),
            post["raw_sha256"],
            case.file_of(post["raw_sha256"]),
        )
        for post in case.posts.to_dict("records")
    ]
    return _csv(_POSTS, rows)


def findings(case: Case) -> bytes:
    """The verdicts, each with the addresses it rests on."""
    rows = []
    for found in case.findings.to_dict("records"):
        proofs = json.loads(found["evidence"])
        files = dict.fromkeys(case.file_of(proof["sha256"]) for proof in proofs)
        links = " ".join(str(proof["url"] or proof["title"]) for proof in proofs)
        rows.append((*(_dated(found[name]) for name in _FINDINGS), links, " ".join(filter(None, files))))
    return _csv((*_FINDINGS.values(), "Адреса", "Файлы ответов"), rows)


def coverage(case: Case) -> bytes:
    """Which readings concern the week, and what came of them."""
    rows = [
        (
            row["run_id"],
            local(row["started_at"]),
            wording.SHORT_SOURCES.get(row["source"], ""),
            local(row["covered_from"]),
            local(row["covered_until"]),
            wording.OUTCOMES[row["outcome"]],
            tables.COVERAGE_REASONS[row["reason"] if isinstance(row["reason"], str) else ""],
            _YES_NO[bool(row["reached_end"])],
        )
        for row in case.coverage.to_dict("records")
    ]
    return _csv(_COVERAGE, rows)


def register(case: Case) -> bytes:
    """What the registers say: filled cells, one a row."""
    return _csv(_REGISTER, case.register)


def index(case: Case) -> bytes:
    """The packed answers, a row for each time one was given."""
    resting = case.posts["raw_sha256"].value_counts()
    rows = [
        (
            answer.file,
            answer.sha256,
            answer.method,
            tables.to_json(request),
            received_at.astimezone(UTC).isoformat(),
            local(received_at),
            int(resting.get(answer.sha256, 0)),
            _YES_NO[answer.sha256 in case.page_sha256s],
        )
        for answer in case.answers
        for received_at, request in answer.received
    ]
    return _csv(_INDEX, rows)


def _csv(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    table = pd.DataFrame(rows, columns=list(titles), dtype="object").map(_harmless)
    return table.to_csv(index=False, sep=";", lineterminator="\n").encode("utf-8-sig")


def _harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula, also after signs nobody sees, gets an apostrophe before it."""
    is_formula = isinstance(value, str) and (
        addresses.tidied(value).startswith(_FORMULA_STARTS) or value.startswith(("\t", "\r", "\n"))
    )
    return f"'{value}" if is_formula else value


def _word(words: Mapping[bool, str], flag: object) -> str:
    return words[flag] if isinstance(flag, bool) else "не известно"


def _dated(value: object) -> object:
    return f"{value:%d.%m.%Y}" if isinstance(value, pd.Timestamp) else value


def _shortened(text: object) -> str:
    return addresses.shortened(addresses.tidied(text), _SHOWN_LETTERS) if isinstance(text, str) else ""
