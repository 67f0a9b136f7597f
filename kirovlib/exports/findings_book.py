"""The workbook `findings.xlsx` of a judged period: what it comes to, breaches, posts, coverage, changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib.exports import summary_sheet
from kirovlib.exports.book import Book, Columns, Page
from kirovlib.exports.cells import Link
from kirovlib.exports.workbook import COLUMNS
from kirovlib.order import changes, ledger, method, wording
from kirovlib.order.data_quality import DataQuality, data_quality
from kirovlib.order.evaluate import Judgement
from kirovlib.tables import VERDICTS

_LEDGER = "posts_per_week"
_BLOCK = 500  # accounts whose posts are in memory at once
_BEGINNING = 160
_PROOFS = 3
_NO_BEFORE = "Предыдущий период не загружен, сравнить не с чем."
_PROOF_COLUMNS: Columns = {f"proof_{number}": (f"Доказательство {number}", 26) for number in range(1, _PROOFS + 1)}
_BREACHES: Columns = {
    "verdict_name": ("Вывод", 16),
    "clause_name": ("Пункт", 34),
    "institution": ("Учреждение", 40),
    "weeks_name": ("Недель подряд", 11),
    "change_name": ("Что изменилось", 22),
    "platform_name": ("Сеть", 14),
    "url": ("Аккаунт", 32),
    "period_start": ("С", 11),
    "period_end": ("По", 11),
    "expected": ("Требуется", 34),
    "measured": ("Установлено", 34),
    "reason_name": ("Причина", 34),
    "note_name": ("Примечание", 30),
    "repair": ("Как исправить", 46),
    **_PROOF_COLUMNS,
    "proof_count": ("Всего доказательств", 13),
    "founder": ("Учредитель", 30),
    "kind_name": ("Вид", 26),
    "institution_id": ("Ключ учреждения", 17),
}
_POSTS: Columns = {
    "posted_at": ("Опубликовано (Киров)", 17),
    "institution": ("Учреждение", 40),
    "platform_name": ("Сеть", 14),
    "account_id": ("Ключ аккаунта", 30),
    "counted": ("Засчитана", 11),
    "why_name": ("Почему", 40),
    "url": ("Публикация", 40),
    "beginning": ("Начало текста", 80),
}
_COVERAGE: Columns = {
    "extent_name": ("Прочитан ли", 20),
    "institution": ("Учреждение", 40),
    "platform_name": ("Сеть", 14),
    "url": ("Аккаунт", 36),
    "reason_name": ("Почему не целиком", 46),
    "advice": ("Что сделать", 46),
    "read_until": ("Публикации прочитаны по", 14),
    "unread_days": ("Дней от чтения до конца периода", 16),
    "seen_on": ("Страница увидена", 13),
    "unseen_days": ("Дней от снимка до конца периода", 16),
    "account_id": ("Ключ аккаунта", 30),
    "institution_id": ("Ключ учреждения", 17),
}
_CHANGES: Columns = {
    "change_name": ("Что изменилось", 24),
    "institution": ("Учреждение", 40),
    "clause_name": ("Пункт", 36),
    "url": ("Аккаунт", 34),
    "before": ("Было", 17),
    "now": ("Стало", 17),
    "reason_name": ("Причина", 40),
    "measured": ("Установлено", 34),
    "weeks_name": ("Недель подряд", 11),
    "note_name": ("Примечание", 34),
    "institution_id": ("Ключ учреждения", 17),
}
_QUOTED: Columns = {
    "clause_name": ("Пункт", 40),
    "expected": ("Требуется", 40),
    "reference": ("Документ", 40),
    "in_force_from": ("Действует с", 12),
    "in_force_basis": ("Почему с этой даты", 40),
    "quote": ("Слова порядка", 90),
}


def write(file: Path, judged: Judgement) -> None:
    """Write the workbook of a judged period.

    Args:
        file: To be written.
        judged: With the weeks of the previous period among its past ones, if changes and streaks are to be told.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> write(Path("findings.xlsx"), judge("2024-W28", data="data/sample", past_weeks=11))  # doctest: +SKIP
    """
    rows = wording.named(judged)
    moved = changes.named_changes(judged) if judged.knows_before() else None
    quality = data_quality(judged)
    with Book(file, f"Выводы {judged.period.label}", judged.period.ends_at) as book:
        summary_sheet.write(book.sheet("Сводка"), judged, moved, quality)
        _write_breaches(book.sheet("Нарушения"), judged, rows, moved)
        rank = rows["verdict"].map({word: place for place, word in enumerate(VERDICTS)}).astype("int64")
        book.sheet("Все результаты").table(rows, COLUMNS, fixed=3, urgency=rank)
        _write_posts(book.sheet("Журнал публикаций"), judged)
        _write_coverage(book.sheet("Охват"), quality)
        _write_changes(book.sheet("Изменения"), moved)
        _write_method(book.sheet("Как считали"), book, judged, quality)


def _write_breaches(page: Page, judged: Judgement, rows: pd.DataFrame, moved: pd.DataFrame | None) -> None:
    failed = rows[rows["verdict"] == "failed"].reset_index(drop=True)
    failed = failed.join(_lasting(judged, failed, moved)).join(_proofs(failed["evidence"]))
    failed = failed.sort_values(["weeks_in_row", "institution", "institution_id"], ascending=[False, True, True],
                                kind="stable", ignore_index=True)  # fmt: skip
    printed = list(_BREACHES).index("repair") + 1  # links to proofs say nothing on paper
    page.table(failed, _BREACHES, fixed=3, urgency=pd.Series(failed.index), printed=printed)


def _lasting(judged: Judgement, failed: pd.DataFrame, moved: pd.DataFrame | None) -> pd.DataFrame:
    """weeks_in_row, weeks_name and change_name of breaches, blank where the previous period was not loaded."""
    columns = ["weeks_in_row", "weeks_name", "change_name"]
    if moved is None:
        return pd.DataFrame({"weeks_in_row": 0, "weeks_name": "", "change_name": ""}, index=failed.index)
    decisions = [clause.key for clause in judged.clauses if clause.measured_on == "decision"]
    key = ["clause", "institution_id", "account_id", "what"]
    what = failed["measured"].where(failed["clause"].isin(decisions), "")
    asked = failed.assign(what=what, account_id=failed["account_id"].fillna(""))[key]
    found = asked.merge(moved.drop_duplicates(key)[[*key, *columns]], on=key, how="left")
    return found[columns].set_axis(failed.index)


def _proofs(evidence: pd.Series) -> pd.DataFrame:
    """The first proofs of each finding as links, and how many there are."""
    told: list[list[dict[str, Any]]] = [json.loads(text) for text in evidence]
    found: dict[str, list[Any]] = {
        f"proof_{place + 1}": [
            Link(str(proofs[place]["url"]), str(proofs[place]["title"] or proofs[place]["url"]))
            if len(proofs) > place
            else None
            for proofs in told
        ]
        for place in range(_PROOFS)
    }
    frame = pd.DataFrame({name: pd.Series(links, dtype=object) for name, links in found.items()})
    return frame.assign(proof_count=pd.Series([len(proofs) for proofs in told], dtype="int64"))


def _write_posts(page: Page, judged: Judgement) -> None:
    if _LEDGER not in {clause.key for clause in judged.clauses}:
        page.lines(["В порядке, которым проверялось, нет пункта о публикациях: журнала нет."])
        return
    parts = list(_posts(judged))
    if not parts:
        page.lines(["В реестре нет ни одного аккаунта: журнала нет."])
        return
    rows = pd.concat(parts, ignore_index=True)
    newest_first = -rows["posted_at"].astype("int64")
    page.table(rows, _POSTS, fixed=2, urgency=newest_first, elsewhere="в хранилище data/lake (kirovlib.post_ledger)")


def _posts(judged: Judgement) -> Iterator[pd.DataFrame]:
    """The ledger of the period's accounts, by institution, some accounts at a time: texts take much room."""
    names, platforms = judged.facts.register.names, judged.accounts.set_index("account_id")["platform"]
    accounts = list(judged.facts.subjects["account_id"])
    for start in range(0, len(accounts), _BLOCK):
        asked = accounts[start : start + _BLOCK]
        rows = ledger.post_ledger(judged, asked)
        place = rows["account_id"].map({account: number for number, account in enumerate(asked)})
        rows = rows.assign(place=place).sort_values(["place", "posted_at", "post_id"], ignore_index=True)
        text = rows["text"].fillna("").astype("str").str.split().str.join(" ")
        known = rows["counted"].astype(object).map({True: "да", False: "нет"}).fillna("неизвестно")
        platform = rows["account_id"].map(platforms)
        yield pd.DataFrame(
            {
                "posted_at": rows["posted_at"],
                "institution": rows["institution_id"].map(names),
                "platform_name": platform.map(wording.PLATFORMS).fillna(platform),
                "account_id": rows["account_id"],
                "counted": known,
                "why_name": rows["why_name"],
                "url": rows["url"],
                "beginning": text.where(text.str.len() <= _BEGINNING, text.str.slice(0, _BEGINNING) + "…"),
            }
        )


def _write_coverage(page: Page, quality: DataQuality) -> None:
    rank = quality.accounts["extent"].map({"nothing": 0, "partial": 1, "whole": 2}).astype("int64")
    days = quality.accounts["unseen_days"].clip(lower=0)  # seen a day after the period: seen at its end
    rows = quality.accounts.assign(rank=rank, unseen_days=days).sort_values("rank", kind="stable", ignore_index=True)
    page.table(rows, _COVERAGE, fixed=2, urgency=rows["rank"], elsewhere="в kirovlib.data_quality(…).accounts")


def _write_changes(page: Page, moved: pd.DataFrame | None) -> None:
    if moved is None:
        page.lines([_NO_BEFORE])
    else:
        page.table(moved, _CHANGES, fixed=2, elsewhere="в kirovlib.named_changes")


def _write_method(page: Page, book: Book, judged: Judgement, quality: DataQuality) -> None:
    page.widths([width for _, width in _QUOTED.values()])
    page.lines(["Как считали"], "title")
    page.notes([told.told() for told in book.left_out], "warning_note")
    page.notes(quality.doubts, "warning_note")
    page.notes([line for line in method.method(judged) if line not in quality.doubts])
    page.gap()
    page.lines(["Слова порядка, по которым проверялось"], "block")
    page.block(method.quotations(judged).astype({"in_force_from": "datetime64[us]"}), _QUOTED)
