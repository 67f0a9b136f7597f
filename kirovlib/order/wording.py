"""Findings as an analyst reads them: Russian words for verdicts, kinds, clauses, reasons and notes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kirovlib.order import words
from kirovlib.order.clauses import Clause
from kirovlib.order.evaluate import Judgement

VERDICTS = {
    "failed": "нарушение",
    "cannot_tell": "не установлено",
    "passed": "соблюдается",
    "inapplicable": "не применяется",
    "untested": "не проверялось",
}
SYMBOLS = {"failed": "✕", "cannot_tell": "?", "passed": "✓", "inapplicable": "–", "untested": "·"}
KINDS = {
    "executive_authority": "орган исполнительной власти",
    "subordinate": "подведомственное учреждение",
    "state_participation": "с государственным участием",
    "other": "прочие",
}
PLATFORMS = {
    "vk": "ВКонтакте", "ok": "Одноклассники", "telegram": "Телеграм",
    "max": "MAX", "dzen": "Дзен", "rutube": "RUTUBE", "youtube": "YouTube", "site": "сайт",
}  # fmt: skip
SHORT_PLATFORMS = {"vk": "ВК", "ok": "ОК", "telegram": "ТГ"}
OUTCOMES = {"collected": "собрано", "partial": "собрано частично", "not_collected": "не собрано"}
NO_FOUNDER = "без учредителя"
SHORT_SOURCES = {"network": "сеть", "sandbox": "учебная сеть", "replay": "запись", "file": "файл"}
SOURCES = {
    "network": "",
    "file": "",  # real data; which accounts came from a file, `method` says
    "sandbox": "Учебные данные: все учреждения, аккаунты и публикации вымышлены",
    "replay": "Записанные ответы сети: проверка программы, а не отчёт об учреждениях",
}


def clause_names(order: Sequence[Clause]) -> dict[str, str]:
    """«п. 3.1 Не менее трёх публикаций в неделю» by key."""
    return {clause.key: f"п. {clause.clause} {clause.title}" for clause in order}


def named(judged: Judgement) -> pd.DataFrame:
    """Findings with names.

    Returns:
        Table Findings plus institution, founder, kind_name, url, platform_name, clause_name («п. 3.1 …»),
        clause_label (short), verdict_name, reason_name, note_name; blank where not known.
    """
    institutions = judged.institutions.set_index("institution_id")
    shown = institutions["short_name"].fillna(institutions["name"])
    accounts = judged.accounts.set_index("account_id")
    clauses = clause_names(judged.clauses)
    rows = judged.findings.copy()
    rows["institution"] = rows["institution_id"].map(shown)
    rows["founder"] = rows["institution_id"].map(institutions["founder_id"]).map(shown)
    rows["kind_name"] = rows["institution_id"].map(institutions["kind"]).map(KINDS)
    rows["url"] = rows["account_id"].map(accounts["url"])
    rows["platform_name"] = rows["account_id"].map(accounts["platform"]).map(PLATFORMS)
    rows["clause_name"] = rows["clause"].map(clauses)
    rows["clause_label"] = rows["clause"].map({each.key: f"п. {each.clause} {each.label}" for each in judged.clauses})
    rows["verdict_name"] = rows["verdict"].map(VERDICTS)
    rows["reason_name"] = rows["reason"].map(words.REASONS)
    rows["note_name"] = note_names(rows["note"])
    return rows


def note_names(notes: pd.Series) -> list[str]:
    """Notes in Russian, several on one line."""
    return ["; ".join(words.NOTES[word] for word in told.split(",")) if told else "" for told in notes.fillna("")]


def state_marks(judged: Judgement) -> pd.DataFrame:
    """VK's own mark of state bodies, a fact beside the findings: the order asks for the mark on Odnoklassniki only.

    Returns:
        institution, url, mark («есть», «нет», «сеть не сказала»), seen_at (UTC); accounts of VK with a snapshot that
        judges the period, by institution.
    """
    pages = judged.profiles.drop_duplicates("account_id", keep="last")
    pages = pages[pages["account_id"].str.startswith("vk:") & (pages["status"] != "gone")]
    institutions = judged.institutions.set_index("institution_id")
    owner = judged.accounts.set_index("account_id")
    names = institutions["short_name"].fillna(institutions["name"])
    found = pd.DataFrame(
        {
            "institution": pages["account_id"].map(owner["institution_id"]).map(names),
            "url": pages["account_id"].map(owner["url"]),
            "mark": pages["government_mark"].astype(object).map({True: "есть", False: "нет"}).fillna("сеть не сказала"),
            "seen_at": pages["collected_at"],
        }
    )
    return found.dropna(subset="url").sort_values(["institution", "url"], ignore_index=True)


def exemptions(judged: Judgement, *, within_days: int = 14) -> pd.DataFrame:
    """Exemptions that touch the period, those that end soon marked.

    Returns:
        institution, account_id, clause_name, exempt_from, exempt_until, act, ends_soon (within so many days after the
        period, bool); by end.
    """
    until = pd.Timestamp(judged.period.until)
    rows = judged.facts.side.exemptions
    rows = rows[~(rows["exempt_from"] >= until) & ~(rows["exempt_until"] < pd.Timestamp(judged.period.start))]
    institutions = judged.institutions.set_index("institution_id")
    owner = judged.accounts.set_index("account_id")["institution_id"]
    clauses = clause_names(judged.clauses) | {"*": "все пункты"}
    key = rows["institution_id"].fillna(rows["account_id"].map(owner))
    found = rows.assign(
        institution=key.map(institutions["short_name"].fillna(institutions["name"])),
        clause_name=rows["clause"].map(clauses),
        ends_soon=(rows["exempt_until"] >= until - pd.Timedelta(days=1))
        & (rows["exempt_until"] < until + pd.Timedelta(days=within_days)),
    )
    columns = ["institution", "account_id", "clause_name", "exempt_from", "exempt_until", "act", "ends_soon"]
    return found.sort_values(["exempt_until", "institution"], ignore_index=True)[columns]
