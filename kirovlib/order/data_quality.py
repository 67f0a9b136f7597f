"""How far the data of a period can be trusted: what was read, how long ago, what was not answered, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from kirovlib import russian
from kirovlib.lake import Lake
from kirovlib.order import canaries, wording, words
from kirovlib.order.clauses import checkable
from kirovlib.order.evaluate import Judgement
from kirovlib.order.method import missing
from kirovlib.order.profile_findings import SNAPSHOT_LATE_DAYS
from kirovlib.registry.check import WARNINGS, check
from kirovlib.settings import ZONE
from kirovlib.tables import PLATFORMS
from kirovlib.weeks import local_date

# From this share of accounts read on a period counts as read; below it every page of a report carries a stamp.
COMPLETE_SHARE = 0.98

EXTENTS = {"whole": "прочитан целиком", "partial": "прочитан частично", "nothing": "не прочитан"}
REGISTER_ADVICE = {
    "correction_applied": "Ничего; когда источник исправят, уберите поправку",
    "exemption_ended": "Узнайте, продлён ли акт, и впишите новый срок",
    "exemption_ends_soon": "Узнайте, будет ли акт продлён",
    "exemptions_overlap": "Оставьте действующий акт; считается первая строка",
    "same_address": "Выясните, чей аккаунт, и оставьте одну строку",
    "platform_not_collected": "Ничего: такие сети не собираются",
    "institution_without_account": "Узнайте адрес аккаунта; освобождённым — акт в exemptions.csv",
    "subordinate_without_founder": "Впишите founder_id: без него учреждения нет в сводке по учредителям",
    "founder_is_other": "Проверьте вид учредителя (kind)",
    "kind_is_other": "Проверьте вид (kind): пункты порядка к «прочим» не применяются",
    "no_ogrn": "Впишите ОГРН: без него не проверить, чьи ссылки на портал",
    "no_platform_id": "Узнайте номера: kirov registry reconcile; с ними переименование не потеряет аккаунт",
    "misnamed_file": "Переименуйте файл: сейчас он не читается",
}
_MISTAKE_ADVICE = "Исправьте: с ошибкой реестр не читается"
_NEVER_ASKED = "platform_not_supported"

_LAST_READ = """
    WITH posts_read AS (
        SELECT account_id, max(least(covered_until, upto)) AS read_at,
               bool_or(covered_from < ends_at AND covered_until > starts_at) AS has_some
        FROM coverage, span WHERE covered_from < upto GROUP BY account_id
    ),
    pages_seen AS (
        SELECT account_id, max(collected_at) AS seen_at FROM profile_snapshots, span
        WHERE collected_at < pages_until GROUP BY account_id
    )
    FROM posts_read FULL JOIN pages_seen USING (account_id)
"""
# A run that was killed has coverage but no row of its own.
_RUNS = """
    WITH told AS (
        SELECT run_id, count(*) FILTER (outcome = 'collected') AS collected_count,
               count(*) FILTER (outcome = 'partial') AS partial_count,
               count(*) FILTER (outcome = 'not_collected' AND coalesce(reason, '') <> 'platform_not_supported')
                   AS not_collected_count
        FROM coverage GROUP BY run_id
    )
    SELECT run_id, started_at, finished_at, source, window_from, window_until, collected_count, partial_count,
           not_collected_count
    FROM runs FULL JOIN told USING (run_id) ORDER BY started_at DESC NULLS FIRST, run_id DESC
"""


@dataclass(frozen=True)
class DataQuality:
    """What must be known of the data before anything is concluded from them.

    Attributes:
        judged: The period.
        accounts: account_id, institution, institution_id, url, platform, platform_name, is_watched (a clause speaks of
            its network), extent (a key of `EXTENTS`), extent_name, reason (a word of `words.REASONS`, blank where
            nothing is missing), reason_name, advice, read_until (last local date of which posts were read, not after
            `as_of`), unread_days (from then to `as_of`), seen_on (local date when the page was last seen, at most 7
            days after the period), unseen_days (from then to `as_of`, below 0 when seen later), is_page_seen (a
            snapshot judges the period); in the order of the register's institutions. Blank dates: never.
        weeks: platform, week_start, account_count, read_count; all weeks loaded, networks that clauses speak of.
        canaries: See `canaries.fields`.
        undecided: verdict, reason, reason_name, advice, finding_count, institution_count, clauses («п. 3.1 Публикации —
            6»): everything that is neither kept nor broken, «не установлено» first.
        register: level («ошибка», «предупреждение»), group_name, file, row, text, advice; what `kirov registry check`
            says, exemptions as of the period's last day.
        runs: started («15.07.2024 09:00», Kirov), source_name, window_from, window_until (local dates, inclusive),
            collected_count, partial_count, not_collected_count (accounts), is_finished, run_id; the latest first.
        as_of: The moment (UTC) that ages are counted to: the period's end, or until when the lake was collected.
    """

    judged: Judgement
    accounts: pd.DataFrame
    weeks: pd.DataFrame
    canaries: pd.DataFrame
    undecided: pd.DataFrame
    register: pd.DataFrame
    runs: pd.DataFrame
    as_of: pd.Timestamp

    @property
    def watched(self) -> pd.DataFrame:
        """The accounts of networks that a clause speaks of."""
        return self.accounts[self.accounts["is_watched"]]

    @property
    def doubts(self) -> list[str]:
        """What must not be concluded from these data, a sentence each; none where nothing of weight is missing."""
        return list(_doubts(self))


def data_quality(judged: Judgement) -> DataQuality:
    """How far the data of a judgement can be trusted.

    Args:
        judged: A period judged; its past weeks are told of too.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> quality = data_quality(judge("2024-W28", data="data/sample"))
        >>> bool((quality.watched["extent"] == "whole").mean() == quality.judged.collected_share())
        True
    """
    as_of = min(pd.Timestamp(judged.period.ends_at).tz_convert("UTC"), judged.facts.last_moment)
    lake = Lake(judged.data / "lake")
    return DataQuality(
        judged,
        _accounts(judged, lake, as_of),
        _weeks(judged),
        canaries.fields(judged),
        _undecided(judged),
        _register(judged),
        _runs(lake),
        as_of,
    )


def shortcomings(judged: Judgement, complete_share: float) -> list[str]:
    """Why the data of a period are incomplete, a part of a sentence each; none where they are not.

    Args:
        judged: The whole period, not one institution's.
        complete_share: The share (0-1) of accounts read completely from which a period counts as read.
    """
    reasons = unread(judged, complete_share)
    if judged.findings["edition"].isna().all():
        return reasons  # nothing of pages was asked
    fields = canaries.fields(judged)
    fallen = fields.loc[fields["state"] == "fallen", "meaning"]
    return reasons + [meaning.removesuffix(".") for meaning in fallen]


def unread(judged: Judgement, complete_share: float) -> list[str]:
    """How much of a period was read, where that is less than the share (0-1) asked for; else nothing."""
    share, whole = judged.collected_share(), judged.read_completely()
    if share >= complete_share:
        return []
    limit = f"{100 * complete_share:g}".replace(".", ",")
    counted = f"{int(whole.sum())} из {len(whole)}, предел {limit}\u00a0%"
    return [f"целиком прочитано {russian.percent(share)} аккаунтов ({counted})"]


def _watched_platforms(judged: Judgement) -> set[str]:
    return {platform for clause in judged.clauses for platform in clause.platforms}


def _accounts(judged: Judgement, lake: Lake, as_of: pd.Timestamp) -> pd.DataFrame:
    period, subjects = judged.period, judged.facts.subjects_in(judged.period)
    names = judged.institutions.set_index("institution_id")
    rows = subjects[["account_id", "institution_id", "platform", "url"]].copy()
    rows.insert(1, "institution", rows["institution_id"].map(names["short_name"].fillna(names["name"])))
    rows["platform_name"] = rows["platform"].map(wording.PLATFORMS).fillna(rows["platform"])
    rows["is_watched"] = rows["platform"].isin(_watched_platforms(judged))
    rows = rows.merge(_last_read(judged, lake, as_of), on="account_id", how="left")
    weeks = judged.weekly_counts
    weeks = weeks[weeks["week_start"] >= pd.Timestamp(period.start)]
    whole = rows["account_id"].map(weeks.groupby("account_id")["is_complete"].all()).astype(bool)
    some = rows.pop("has_some").astype("boolean").fillna(value=False).astype(bool)
    rows["extent"] = some.map({True: "partial", False: "nothing"}).mask(whole, "whole")
    rows["extent_name"] = rows["extent"].map(EXTENTS)
    untold = "week_running" if judged.facts.last_moment < period.ends_at else "week_not_collected"
    rows["is_page_seen"] = rows["account_id"].isin(judged.profiles["account_id"])
    reason = subjects["coverage_reason"].replace("", untold).mask(whole, "")
    reason = reason.mask(whole & ~rows["is_page_seen"], "no_snapshot_in_period")
    # Of a network that is not collected nobody need have said so in a run.
    rows["reason"] = reason.mask(~whole & ~rows["platform"].isin(PLATFORMS), _NEVER_ASKED)
    rows["reason_name"] = rows["reason"].map(words.REASONS).fillna("")
    rows["advice"] = rows["reason"].map(words.ADVICE).fillna("")
    return rows


def _last_read(judged: Judgement, lake: Lake, as_of: pd.Timestamp) -> pd.DataFrame:
    """account_id, has_some, read_until, unread_days, seen_on, unseen_days."""
    period = judged.period
    moments = {
        "starts_at": period.starts_at,
        "ends_at": period.ends_at,
        "upto": as_of,
        "pages_until": period.ends_at + timedelta(days=SNAPSHOT_LATE_DAYS),
    }
    span = pd.DataFrame({name: [moment] for name, moment in moments.items()})
    found = lake.query(_LAST_READ, {"span": span})
    last_day = local_date((as_of - pd.Timedelta(microseconds=1)).to_pydatetime())
    # What was read to midnight was read to the end of the day before.
    for name, moments_of in (("read", found["read_at"] - pd.Timedelta(microseconds=1)), ("seen", found["seen_at"])):
        found[f"{name}_day"] = moments_of.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
        found[f"un{name}_days"] = (pd.Timestamp(last_day) - found[f"{name}_day"]).dt.days.astype("Int64")
    found = found.rename(columns={"read_day": "read_until", "seen_day": "seen_on"})
    found["account_id"] = found["account_id"].astype("str")  # of no rows DuckDB makes numbers
    return found[["account_id", "has_some", "read_until", "unread_days", "seen_on", "unseen_days"]]


def _weeks(judged: Judgement) -> pd.DataFrame:
    platform = judged.facts.subjects.set_index("account_id")["platform"]
    counts = judged.weekly_counts.assign(platform=judged.weekly_counts["account_id"].map(platform))
    counts = counts[counts["platform"].isin(_watched_platforms(judged))]
    by_week = counts.groupby(["platform", "week_start"], as_index=False)
    return by_week.agg(account_count=("is_complete", "size"), read_count=("is_complete", "sum"))


def _undecided(judged: Judgement) -> pd.DataFrame:
    rows = judged.findings[~judged.findings["verdict"].isin(["passed", "failed"])]
    key = ["verdict", "reason"]
    found = rows.groupby(key, observed=True).agg(
        finding_count=("institution_id", "size"), institution_count=("institution_id", "nunique")
    )
    labels = {clause.key: f"п. {clause.clause} {clause.label}" for clause in judged.clauses}
    # Findings stand in the order of the clauses, and so do these.
    counted = rows.groupby([*key, "clause"], observed=True, sort=False).size().reset_index(name="count")
    told = counted["clause"].map(labels) + " — " + counted["count"].astype("str")
    found["clauses"] = told.groupby([counted["verdict"], counted["reason"]], sort=False).agg("; ".join)
    found = found.reset_index()
    found["reason_name"] = found["reason"].map(words.REASONS)
    found["advice"] = found["reason"].map(words.ADVICE)
    rank = found["verdict"].map({word: place for place, word in enumerate(wording.VERDICTS)})
    found = found.assign(rank=rank).sort_values(
        ["rank", "finding_count", "reason"], ascending=[True, False, True], ignore_index=True
    )
    return found.drop(columns="rank")


def _register(judged: Judgement) -> pd.DataFrame:
    last_day = judged.period.until - timedelta(days=1)
    checked = check(judged.data / "registry", checkable(judged.clauses), on=last_day)
    told = [("ошибка", "ошибки", error, _MISTAKE_ADVICE) for error in checked.errors]
    told += [
        ("предупреждение", WARNINGS[each.group], each.what, REGISTER_ADVICE[each.group]) for each in checked.warnings
    ]
    rows: list[dict[str, Any]] = [
        {"level": level, "group_name": group, "file": what.file, "row": what.row, "text": what.text, "advice": advice}
        for level, group, what, advice in told
    ]
    columns = ["level", "group_name", "file", "row", "text", "advice"]
    return pd.DataFrame(rows, columns=columns).astype({"row": "Int64"})


def _runs(lake: Lake) -> pd.DataFrame:
    rows = lake.query(_RUNS)
    local = {name: pd.to_datetime(rows[name], utc=True).dt.tz_convert(ZONE) for name in ("started_at", "window_from")}
    until = pd.to_datetime(rows["window_until"], utc=True) - pd.Timedelta(microseconds=1)
    found = pd.DataFrame(
        {
            "started": local["started_at"].dt.strftime("%d.%m.%Y %H:%M"),
            "source_name": rows["source"].map(wording.SHORT_SOURCES),
            "window_from": local["window_from"].dt.tz_localize(None).dt.normalize(),
            "window_until": until.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize(),
            "is_finished": rows["finished_at"].notna(),
            "run_id": rows["run_id"],
        }
    )
    counts = ["collected_count", "partial_count", "not_collected_count"]
    return found.join(rows[counts].fillna(0).astype("int64"))


def _doubts(quality: DataQuality) -> Iterator[str]:
    judged, watched = quality.judged, quality.watched
    lacking = missing(judged)
    yield from lacking
    whole = int((watched["extent"] == "whole").sum())
    if not lacking and judged.facts.last_moment < judged.period.ends_at:
        day = russian.dated(local_date((quality.as_of - pd.Timedelta(microseconds=1)).to_pydatetime()))
        yield f"Период собран только по {day}: за неоконченную неделю нарушений п. 3.1 не бывает."
    if not lacking and not whole:
        yield (
            f"Ни один аккаунт из {len(watched)} не прочитан за весь период, только за часть его: итоги за период не "
            "сложить, смотрите недели по отдельности."
        )
    elif whole and judged.collected_share() < COMPLETE_SHARE:
        yield (
            f"Целиком {_read(whole)} из {len(watched)} ({russian.percent(whole / len(watched))}). За непрочитанные "
            "недели нельзя сказать, что публикаций меньше нормы; доли и сравнения относятся только к прочитанным."
        )
    if judged.findings["edition"].isna().all():
        return  # nothing of pages was asked
    unseen = int((~watched["is_page_seen"]).sum())
    if unseen > (1 - COMPLETE_SHARE) * len(watched):
        yield (
            f"Снимка страницы за период нет у {russian.counted(unseen, 'аккаунта', 'аккаунтов', 'аккаунтов')} из "
            f"{len(watched)}: пункты о страницах для них — «не установлено»."
        )
    yield from quality.canaries.loc[quality.canaries["state"] == "fallen", "meaning"]


def _read(number: int) -> str:
    accounts = russian.counted(number, "аккаунт", "аккаунта", "аккаунтов")
    return f"{russian.counted(number, 'прочитан', 'прочитано', 'прочитано').split(' ')[1]} {accounts}"
