"""The register back in the layout in which regions exchange theirs, with what was collected of each page of VK."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd

from kirovlib import russian
from kirovlib.exports.book import Book, Columns
from kirovlib.order import evaluate, posting
from kirovlib.order.evaluate import Judgement
from kirovlib.order.manual import with_manual_checks
from kirovlib.order.profile_findings import CROWD
from kirovlib.registry import exchange_out, kinds

_SECTIONS = ("vk_report_problem", "vk_voice_opinion")
_WIDTHS = {
    "Наименование подведомственной организации": 60, "Официальная страница не ведется на основании": 40,
    "Учредитель": 36, "ОГРН": 16, "Ссылка на госпаблик ВК": 34, "Ключи страниц": 40, "Ключ учреждения": 18,
    "Ключ учредителя": 18,
    "Ссылки на Одноклассники": 34, "Ссылки на Телеграм": 34, "Другие страницы": 34, "Краткое наименование": 34,
}  # fmt: skip
_NUMBERS = (exchange_out.WIDGETS, exchange_out.ACTIVITY, exchange_out.SUBSCRIBERS)


def write(file: Path, judged: Judgement, kinds_file: Path | None = None) -> None:
    """Write the register in the exchange layout.

    Args:
        file: To be written (.xlsx).
        judged: The judgement; activity is counted over all weeks that were loaded.
        kinds_file: The rules of the kinds by which it will be read again, by default those shipped.
    """
    judgeable = kinds.load(kinds_file)
    found = exchange_out.rows(judged.facts.register, _acts(judged), judgeable)
    measured = measures(judged)
    rows = pd.DataFrame([cells for _, _, cells in found], columns=list(exchange_out.COLUMNS), dtype=object)
    rows = rows.fillna("").replace("", None)
    told = measured.reindex([account for _, account, _ in found])
    rows[exchange_out.MARK] = told["mark"].astype(object).map({True: "да", False: "нет"}).to_numpy()
    for title, name in zip(_NUMBERS, ("widget_count", "activity_percent", "subscriber_count"), strict=True):
        rows[title] = told[name].astype("Int64").array
    columns: Columns = {title: (title, _WIDTHS.get(title, 14)) for title in exchange_out.COLUMNS}
    with Book(file, "Реестр", judged.period.ends_at) as book:
        book.sheet("Реестр").table(rows, columns, fixed=3)
        notes = book.sheet("Пояснения")
        notes.widths([20] * 7)
        notes.notes(_explained(judged))


def measures(judged: Judgement) -> pd.DataFrame:
    """What the layout asks of a page, by account_id.

    Returns:
        mark (of VK's state bodies; blank where the network did not say, or shows it of nobody), widget_count (how many
        of the portal's two sections were found, 0-2; blank where that is not known of either), activity_percent (whole
        0-100: of the weeks loaded and decided those that met the norm; only all are 100, only none 0; blank where none
        is decided), subscriber_count.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> found = measures(judge("2024-W28", data="data/sample"))
        >>> found["widget_count"].dropna().between(0, 2).all().item()
        True
    """
    pages = judged.profiles.sort_values(["account_id", "collected_at"]).drop_duplicates("account_id", keep="last")
    pages = pages[(pages["status"] != "gone") & pages["account_id"].str.startswith("vk:")].set_index("account_id")
    mark = pages["government_mark"].astype("boolean")
    if not mark.fillna(value=False).any() and judged.facts.registered.get("vk", 0) >= CROWD:
        mark = mark.mask(mark.notna())
    found = pd.DataFrame({"mark": mark, "subscriber_count": pages["subscriber_count"].astype("Int64")})
    found = found.reindex(judged.accounts["account_id"])
    return found.assign(
        widget_count=_widgets(judged).reindex(found.index).astype("Int64"),
        activity_percent=_activity(judged).reindex(found.index).astype("Int64"),
    )


def _acts(judged: Judgement) -> dict[str, str]:
    """Acts that free an institution from everything and have no end: the layout has no place for one."""
    last = pd.Timestamp(judged.period.last)
    rows = judged.facts.side.exemptions
    rows = rows[(rows["clause"] == "*") & rows["institution_id"].notna()]
    rows = rows[~(rows["exempt_from"] > last) & rows["exempt_until"].isna()].drop_duplicates("institution_id")
    return dict(zip(rows["institution_id"].astype("str"), rows["act"].astype("str"), strict=True))


def _widgets(judged: Judgement) -> pd.Series:
    """Sections found on pages of VK, whoever the order binds: a fact of the page, not a verdict."""
    period, nobody = judged.period, judged.facts.side.exemptions.head(0)
    # As if each institution were bound: gates of kind, closing and acts say nothing of the page.
    subjects = judged.facts.subjects_in(period)
    never = pd.Series(pd.NaT, index=subjects.index, dtype="datetime64[us]")
    subjects = subjects.assign(kind="subordinate", is_closed_body=False, closed_on=never, body_closed_on=never)
    unbound = replace(judged.facts, side=replace(judged.facts.side, exemptions=nobody))
    parts = [
        rows
        for clause in judged.clauses
        if clause.key in _SECTIONS
        for rows in evaluate.clause_findings(clause, unbound, subjects, judged.facts.judging(period), period)
    ]
    if len(parts) < len(_SECTIONS):
        return pd.Series(dtype="Int64")
    rows = with_manual_checks(pd.concat(parts, ignore_index=True), judged.facts.side.manual_checks, ())
    is_found = rows["verdict"].map({"passed": 1, "failed": 0}).astype("Int64")
    # Of the two each must be known: one found and one unknown is not «one».
    return is_found.groupby(rows["account_id"]).agg(lambda values: values.sum(skipna=False))


def _activity(judged: Judgement) -> pd.Series:
    if posting.CLAUSE not in {clause.key for clause in judged.clauses}:
        return pd.Series(dtype="Int64")
    weeks = posting.posting_weeks(judged)
    weeks = weeks[weeks["in_force"].astype(bool) & weeks["is_met"].notna()]
    share = weeks["is_met"].astype(bool).groupby(weeks["account_id"]).mean()
    return share.map(lambda part: int(russian.percent(part).split("\u00a0")[0])).astype("Int64")


def _explained(judged: Judgement) -> list[str]:
    first, last = judged.facts.weeks[0], judged.facts.weeks[-1]
    weeks = russian.counted(len(judged.facts.weeks), "неделя", "недели", "недель")
    return [
        f"Реестр в форме обмена; собранное — за период {judged.period.label}. Пусто — не известно, это не ноль и не "
        "«нет».",
        "«Госметка», «Виджеты», «Активность», «Количество подписчиков» — о странице из столбца «Ссылка на госпаблик "
        "ВК». Сайт, «Оформление» и охваты не собираются.",
        "«Виджеты»: сколько из двух разделов портала («Сообщить о проблеме», «Высказать мнение») найдено на странице; "
        "если о каком-нибудь не установлено, есть ли он, ячейка пуста.",
        f"«Активность»: доля недель с выполненной нормой публикаций среди тех, о которых это установлено; загружено "
        f"{weeks}, {russian.dated(first.start)} – {russian.dated(last.until - timedelta(days=1))}.",
        "Столбцы правее «Среднего охвата» — свои: в форме обмена место только для одной страницы ВКонтакте. По ним "
        "«kirov registry import» возвращает те же учреждения и аккаунты; «Ключи страниц» не меняйте, если страница та "
        "же.",
        "Не переносятся: исключения по отдельным пунктам и аккаунтам, до какого-то дня, у учреждений со страницами; "
        "источник записи о «Госпабликах», решения и проверки человеком. При импорте с --replace сохраните свой "
        "exemptions.csv.",
    ]
