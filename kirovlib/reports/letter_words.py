"""What the covering letter to a founder says: numbers, breaches, repaired links, terms, as values for its template."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import pandas as pd

from kirovlib import russian
from kirovlib.order import changes, method, wording
from kirovlib.order.evaluate import Judgement
from kirovlib.reports import pages

FORMS = ("breaches", "thanks", "neutral", "nothing")
VARIABLES = {
    "founder": "кому: полное название учредителя",
    "period": "период датами, например 08.07.2024 – 14.07.2024",
    "period_label": "период, как он назван, например 2024-W28",
    "acts": "акт, по которому проверено, например распоряжение от 15.05.2024 № 131; пусто, если порядок не действовал",
    "institution_count": "сколько учреждений",
    "account_count": "сколько аккаунтов в сетях, о которых говорит порядок",
    "read": "сколько прочитано целиком, например 254 из 258 аккаунтов (98 %)",
    "form": "вид письма: breaches — есть нарушения; thanks — их нет и всё прочитано; neutral — их нет, но прочитано не "
    "всё; nothing — выводов нет",
    "breach_count": "сколько нарушений, каждая неделя отдельно; в перечне недели одного нарушения — одна строка",
    "breached": "у скольких учреждений, например 31 учреждения",
    "breach_rows": "строки перечня нарушений",
    "breach_rows.number": "номер строки",
    "breach_rows.institution": "учреждение",
    "breach_rows.platform": "сеть; пусто, если пункт об учреждении",
    "breach_rows.account": "адрес аккаунта",
    "breach_rows.clause": "пункт порядка",
    "breach_rows.measured": "что установлено",
    "breach_rows.note": "примечания к выводу, например «оспорено»; бывает пусто",
    "breach_rows.weeks": "сколько недель подряд, например «11 и больше»; «—», если не считалось",
    "has_weekly": "есть ли нарушения нормы публикаций за неделю (да или нет)",
    "repair_count": "сколько исправленных ссылок",
    "repair_annex": "номер приложения с исправленными ссылками",
    "repair_rows": "строки с исправленными ссылками",
    "repair_rows.number": "номер строки",
    "repair_rows.institution": "учреждение",
    "repair_rows.platform": "сеть",
    "repair_rows.account": "адрес аккаунта",
    "repair_rows.clause": "пункт порядка",
    "repair_rows.verdict": "вывод: ошибка в ссылке — не всегда нарушение",
    "repair_rows.note": "примечания к выводу; бывает пусто",
    "repair_rows.now": "ссылка сейчас",
    "repair_rows.repaired": "исправленный адрес",
    "mend_by": "до какого дня устранить, включительно",
    "unknown_count": "сколько выводов «не установлено»",
    "unknown_reasons": "почему не установлено, с числами",
    "card_count": "сколько карточек учреждений в архиве",
    "attachments": "приложения, список",
    "stamp": "«Данные неполные …» с числами; пусто, если прочитано почти всё",
    "banner": "«Учебные данные …»; у настоящих данных пусто",
    "watermark": "короткие слова поперёк листа; у настоящих данных пусто",
}
_WATERMARKS = {"sandbox": "УЧЕБНЫЕ ДАННЫЕ", "replay": "ПРОВЕРКА ПРОГРАММЫ"}
_SHOWN_REASONS = 6
_ABOUT = ["clause", "institution_id", "account_id", "what"]


def told(judged: Judgement) -> pd.DataFrame:
    """`wording.named` with what letters need besides; counted once for all founders.

    Returns:
        As `wording.named`, account_id blank as empty text, and what (of a decision, which one), weeks_name (of a
        breach, «3», «11 и больше»; empty where no streak is known).
    """
    rows = wording.named(judged)
    decisions = [clause.key for clause in judged.clauses if clause.measured_on == "decision"]
    rows = rows.assign(
        account_id=rows["account_id"].fillna(""),
        what=rows["measured"].where(rows["clause"].isin(decisions), ""),
    )
    if not judged.knows_before():
        return rows.assign(weeks_name="")
    streaks = changes.named_changes(judged)[[*_ABOUT, "weeks_name"]]
    rows = rows.merge(streaks, on=_ABOUT, how="left")
    return rows.assign(weeks_name=rows["weeks_name"].fillna(""))


def values(
    judged: Judgement,
    rows: pd.DataFrame,
    founder: str,
    institutions: Collection[str],
    *,
    mend_by: date,
    card_count: int,
    complete_share: float = pages.COMPLETE_SHARE,
    fallen: Sequence[str] = (),
) -> dict[str, Any]:
    """A value for each of `VARIABLES`.

    Args:
        judged: The judgement, whole.
        rows: Of `told` those of the institutions.
        founder: To whom.
        institutions: Keys of the institutions that the letter is about.
        mend_by: Until when to mend (local date, inclusive).
        card_count: How many cards lie beside the letter.
        complete_share: The share (0-1) of their accounts read completely below which the letter is stamped.
        fallen: What else makes the data incomplete, a part of a sentence each.
    """
    breaches, repairs = _breaches(rows, judged), _repairs(rows)
    unknown = rows.loc[rows["verdict"] == "cannot_tell", "reason_name"].astype("str").value_counts()
    breached = int(rows.loc[rows["verdict"] == "failed", "institution_id"].nunique())
    whole = _read(judged, institutions)
    period = judged.period
    return {
        "founder": plain(founder),
        "period": f"{russian.dated(period.start)} – {russian.dated(period.last)}",
        "period_label": period.label,
        "acts": "; ".join(_acts(judged)),
        "institution_count": len(institutions),
        "account_count": len(whole),
        "read": _read_words(whole),
        "form": _form(rows, whole),
        "breach_count": int((rows["verdict"] == "failed").sum()),
        "breached": russian.counted(breached, "учреждения", "учреждений", "учреждений"),
        "breach_rows": breaches,
        "has_weekly": bool(((rows["verdict"] == "failed") & (rows["reason"] == "below_norm")).any()),
        "repair_count": len(repairs),
        "repair_annex": 2 if breaches else 1,
        "repair_rows": repairs,
        "mend_by": russian.dated(mend_by),
        "unknown_count": int(unknown.sum()),
        "unknown_reasons": "; ".join(_reasons(unknown)),
        "card_count": card_count,
        "attachments": _attachments(len(breaches), len(repairs), card_count),
        "stamp": pages.stamp([*_unread(whole, complete_share), *map(plain, fallen)]),
        "banner": wording.SOURCES[judged.source],
        "watermark": _WATERMARKS.get(judged.source, ""),
    }


def repaired(findings: pd.DataFrame) -> pd.Series:
    """Which findings have a repaired address (bool), whatever their verdict."""
    return findings["repair"].fillna("").astype("str").str.startswith(("https://", "http://"))


def plain(text: object) -> str:
    """Text on one line, without control characters, marks of direction and what XML cannot hold."""
    seen = "" if pd.isna(text) else str(text)  # type: ignore[call-overload]
    return " ".join("".join(_printed(each) for each in seen).split())


def _printed(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":  # a soft hyphen or a mark of direction stands within a word
        return ""
    return " " if category[0] == "C" else character


def example(form: str) -> dict[str, Any]:
    """A value for each of `VARIABLES`, made up: what a template is tried out with.

    Args:
        form: One of `FORMS`; all but the first have no rows.
    """
    found: dict[str, Any] = {name: name for name in VARIABLES if "." not in name}
    for table in ("breach_rows", "repair_rows"):
        names = [name.partition(".")[2] for name in VARIABLES if name.startswith(f"{table}.")]
        found[table] = [{name: name for name in names}] if form == FORMS[0] else []
    numbers = {name: 2 for name in found if name.endswith("_count")}
    return found | numbers | {"repair_annex": 2, "form": form, "has_weekly": True, "attachments": ["attachments"]}


def _form(rows: pd.DataFrame, whole: pd.Series) -> str:
    if (rows["verdict"] == "failed").any():
        return "breaches"
    # That there is an account at all fulfils nothing: the order does not ask for it.
    if not ((rows["verdict"] == "passed") & (rows["reason"] != "account_live")).any():
        return "nothing"
    return "thanks" if whole.all() else "neutral"


def _breaches(rows: pd.DataFrame, judged: Judgement) -> list[dict[str, Any]]:
    """One row for each clause and account, the weeks of a longer period together."""
    failed = rows[rows["verdict"] == "failed"]
    failed = failed.assign(said=[_said(each, judged) for each in failed.to_dict("records")])
    grouped = failed.groupby(_ABOUT, sort=False)
    first = grouped.first().assign(said=grouped["said"].agg("; ".join), notes=grouped["note_name"].agg(_together))
    first = first.sort_values("institution", kind="stable")
    return [
        {
            "number": number,
            **_where(row),
            "clause": plain(row["clause_name"]),
            "measured": plain(row["said"]),
            "note": plain(row["notes"]),
            "weeks": row["weeks_name"] or "—",
        }
        for number, row in enumerate(first.to_dict("records"), 1)
    ]


def _said(row: dict[Any, Any], judged: Judgement) -> str:
    """What was measured, with its week where the period has several; a bare address with what is wrong with it."""
    start, end = row["period_start"].date(), row["period_end"].date()
    said = str(row["measured"])
    if said.startswith("http"):
        said = f"{row['reason_name']}: {said}"
    if (start, end) == (judged.period.start, judged.period.last):
        return said
    return f"{russian.dated(start)} – {russian.dated(end)}: {said}"


def _together(notes: pd.Series) -> str:
    return "; ".join(dict.fromkeys(note for note in notes if note))


def _repairs(rows: pd.DataFrame) -> list[dict[str, Any]]:
    found = rows[repaired(rows)].drop_duplicates([*_ABOUT, "repair"]).sort_values("institution", kind="stable")
    return [
        {
            "number": number,
            **_where(row),
            "clause": plain(row["clause_name"]),
            "verdict": row["verdict_name"],
            "note": plain(row["note_name"]),
            "now": plain(row["measured"]),
            "repaired": plain(row["repair"]),
        }
        for number, row in enumerate(found.to_dict("records"), 1)
    ]


def _where(row: dict[Any, Any]) -> dict[str, str]:
    account = plain(row["url"]).removeprefix("https://")
    return {"institution": plain(row["institution"]), "platform": plain(row["platform_name"]), "account": account}


def _read(judged: Judgement, institutions: Collection[str]) -> pd.Series:
    """Whether the accounts of some institutions were read completely (bool), by account_id."""
    whole = judged.read_completely()
    owner = judged.accounts.set_index("account_id")["institution_id"].reindex(whole.index)
    return whole[owner.isin(list(institutions)).to_numpy()]


def _read_words(whole: pd.Series) -> str:
    accounts = russian.counted(len(whole), "аккаунта", "аккаунтов", "аккаунтов")
    share = f" ({russian.percent(float(whole.mean()))})" if len(whole) else ""
    return f"{int(whole.sum())} из {accounts}{share}"


def _unread(whole: pd.Series, complete_share: float) -> list[str]:
    is_complete = whole.empty or float(whole.mean()) >= complete_share
    return [] if is_complete else [f"целиком прочитано {_read_words(whole)}"]


def _acts(judged: Judgement) -> list[str]:
    """The acts by which was judged, without their clauses."""
    found = [plain(reference).partition(", п")[0] for reference in method.quotations(judged)["reference"]]
    # «Распоряжение» within a sentence is «распоряжение»; «ФЗ» stays.
    return list(dict.fromkeys(act[:1].lower() + act[1:] if act[1:2].islower() else act for act in found))


def _reasons(counted: pd.Series) -> list[str]:
    """«В реестре не записано, подключён ли аккаунт» — 85, the most frequent first, the rest together."""
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))
    shown = [f"«{reason}»\u00a0—\u00a0{count}" for reason, count in ordered[:_SHOWN_REASONS]]
    rest = sum(count for _, count in ordered[_SHOWN_REASONS:])
    return [*shown, *([f"прочие\u00a0—\u00a0{rest}"] if rest else [])]


def _attachments(breach_count: int, repair_count: int, card_count: int) -> list[str]:
    lines = []
    if breach_count:
        lines.append("Перечень нарушений — в этом письме.")
    if repair_count:
        lines.append("Исправленные ссылки — в этом письме.")
    if card_count:
        cards = russian.counted(card_count, "карточка", "карточки", "карточек")
        lines.append(f"Карточки учреждений — в архиве, файл index.html ({cards}).")
    return [*lines, "Все выводы таблицей Excel — в архиве, файл findings.xlsx."]
