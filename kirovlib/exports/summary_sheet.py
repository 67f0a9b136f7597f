"""The sheet «Сводка»: headline numbers, then subjects by verdict in groups, with what was read beside each share."""

from __future__ import annotations

import pandas as pd

from kirovlib import russian
from kirovlib.exports.book import Columns, Page
from kirovlib.order import summary, wording
from kirovlib.order.data_quality import DataQuality
from kirovlib.order.evaluate import Judgement

_SHOWN_IN_NEED = 20
_SEVERAL_WEEKS = (
    "В периоде несколько недель. «Выводов» и «Нарушений» по учредителям — за каждую неделю отдельно; новых, впервые "
    "установленных, исправленных, продолжающихся и там, где помощь нужна прежде всего, — недели одного нарушения за "
    "одно."
)
_WIDTHS = (46, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14)
_HEADLINES: Columns = {"what": ("Показатель", 46), "number": ("Число", 14), "part_share": ("Доля", 14)}
_COUNTS: Columns = {
    "subject_count": ("Всего", 14),
    "failed_count": ("С нарушением", 14),
    "cannot_tell_count": ("Не установлено", 14),
    "passed_count": ("Соблюдает", 14),
    "failed_before_count": ("С нарушением раньше", 14),
    "passed_share": ("Соблюдает из установленных", 14),
    "decided_share": ("Установлено", 14),
}
_READ: Columns = {
    "account_count": ("Аккаунтов", 14),
    "read_count": ("Прочитано целиком", 14),
    "read_share": ("Прочитано, доля", 14),
}
_OF_FOUNDER: Columns = {"breach_count": ("Нарушений", 14), "repair_count": ("Исправленных ссылок", 14)}
_IN_NEED: Columns = {
    "institution": ("Учреждение", 46),
    "failed_count": ("Нарушений", 14),
    "new_count": ("Из них новых", 14),
    "weeks_name": ("Недель подряд", 14),
    "cannot_tell_count": ("Не установлено", 14),
    "index_share": ("Индекс", 14),
    "founder": ("Учредитель", 14),
    "clauses": ("Пункты", 14),
}
_BLOCKS = {
    "clause": ("По пунктам (аккаунты, у пунктов об учреждении — учреждения)", "Пункт"),
    "platform": ("По сетям (аккаунты)", "Сеть"),
    "kind": ("По видам (учреждения)", "Вид"),
    "founder": ("По учредителям (учреждения; сами учредители, если над ними никого, — «без учредителя»)", "Учредитель"),
}


def write(page: Page, judged: Judgement, moved: pd.DataFrame | None, quality: DataQuality) -> None:
    """Write the sheet.

    Args:
        page: An empty sheet.
        judged: The judgement.
        moved: Its `named_changes`, None where the previous period was not loaded.
        quality: Its `data_quality`.
    """
    period = judged.period
    page.widths(_WIDTHS)
    page.lines([f"Соблюдение порядка, {period.label}"], "title")
    page.lines([f"Период: {russian.dated(period.start)} – {russian.dated(period.last)}"])
    page.notes(filter(None, [wording.SOURCES[judged.source]]), "warning_note")
    page.notes(quality.doubts, "warning_note")
    page.notes([_SEVERAL_WEEKS] if len(period.weeks) > 1 else [])
    page.gap()
    page.block(_headlines(judged, moved), _HEADLINES)
    for by, (title, head) in _BLOCKS.items():
        rows = summary.founders(judged) if by == "founder" else summary.summary(judged, by)
        decided = rows["failed_count"] + rows["passed_count"]
        rows = rows.assign(passed_share=(rows["passed_count"] / decided).where(decided > 0))
        columns: dict[str, tuple[str, int]] = {"name": (head, 46), **_COUNTS}
        columns |= {} if by == "clause" else _READ
        columns |= _OF_FOUNDER if by == "founder" else {}
        page.gap()
        page.lines([title], "block")
        page.block(rows, columns)
    if moved is not None:
        _write_in_need(page, judged, moved)


def _write_in_need(page: Page, judged: Judgement, moved: pd.DataFrame) -> None:
    rows = summary.most_in_need(judged, moved)
    page.gap()
    page.lines(["Кому помощь нужна прежде всего"], "block")
    rows = rows.assign(index_share=pd.to_numeric(rows["index_percent"]) / 100)
    page.block(rows.head(_SHOWN_IN_NEED), _IN_NEED)
    if len(rows) > _SHOWN_IN_NEED:
        page.lines([f"Показаны первые {_SHOWN_IN_NEED} из {len(rows)}; все — на листе «Нарушения»."])


def _headlines(judged: Judgement, moved: pd.DataFrame | None) -> pd.DataFrame:
    """what, number (a count), part_share (0-1; blank where there is nothing to divide by)."""
    findings, accounts, whole = judged.findings, judged.accounts, judged.read_completely()
    failed, unknown, passed = (findings[findings["verdict"] == word] for word in ("failed", "cannot_tell", "passed"))
    decided = len(failed) + len(passed)
    rows: list[tuple[str, int, float | None]] = [
        ("Учреждений в реестре", len(judged.institutions), None),
        ("Аккаунтов в реестре", len(accounts), None),
        ("Аккаунтов собираемых сетей", len(whole), None),
        ("Из них прочитано за период целиком", int(whole.sum()), float(whole.mean()) if len(whole) else None),
        ("Выводов «нарушение»", len(failed), None),
        ("У скольких учреждений", failed["institution_id"].nunique(), None),
        ("Выводов «не установлено»", len(unknown), None),
        ("Выводов «соблюдается» (доля — из установленных)", len(passed), len(passed) / decided if decided else None),
    ]
    if moved is not None:
        counted = moved["change"].value_counts()
        told = {"new_failure": "Новых нарушений", "newly_established": "Впервые установлено", "mended": "Исправлено",
                "still_failed": "Нарушений продолжается"}  # fmt: skip
        rows += [(text, int(counted.get(word, 0)), None) for word, text in told.items()]
    return pd.DataFrame(rows, columns=["what", "number", "part_share"]).astype({"part_share": "float64"})
