"""The week in one command: collect what is missing, judge, report; safe to run again at any point."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import registry, reports
from kirovlib.collect import NetworkPlan, Summary, collect, selection
from kirovlib.errors import AccessError, InputError, LakeError, ParameterError
from kirovlib.lake import Lake, alone
from kirovlib.order.card import MEND_DAYS
from kirovlib.order.data_quality import COMPLETE_SHARE
from kirovlib.parameters import past_weeks_for
from kirovlib.platforms.base import Window
from kirovlib.reports import record, repeat
from kirovlib.settings import Settings
from kirovlib.weeks import Period, Week, last_full_week

# To ask again would bring the same answer: these accounts wait for the next week or for another row of the register.
_SETTLED = frozenset(
    {
        "wall_closed", "account_gone", "address_unknown", "address_moved", "not_a_community", "no_preview",
        "access_denied", "profile_not_returned", "not_recorded", "platform_not_supported",
    }
)  # fmt: skip
# These may be a provider's page instead of the network's, for all accounts at once: only said twice are they believed.
_SETTLED_TWICE = frozenset({"answer_not_understood", "too_large"})
_BUSY = "Команда «kirov week» уже выполняется для этой папки. Дождитесь её конца: вторая не нужна."


@dataclass(frozen=True)
class Done:
    """What `run` did.

    Attributes:
        folder: The pack; None when the collection was interrupted and nothing was reported.
        is_new: Whether a pack was made; else the one that is there is up to date.
        collected: The collection; None when nothing was missing or no network could be asked.
        troubles: Why networks could not be asked or were left early.
        shortcomings: Why the pack carries the stamp «данные неполные».
    """

    week: Week
    folder: Path | None
    is_new: bool
    collected: Summary | None
    troubles: tuple[AccessError, ...] = ()
    shortcomings: tuple[str, ...] = field(default=())


def run(
    settings: Settings,
    week: Week | None = None,
    *,
    chosen: Mapping[str, Any] | None = None,
    how: Mapping[str, Any] | None = None,
    announce: Callable[[Sequence[NetworkPlan]], None] = lambda _: None,
    tell: Callable[[Summary], None] = lambda _: None,
    progress: bool = True,
) -> Done:
    """Bring a week's report up to date.

    Args:
        settings: The home folder, tokens, clock.
        week: The week, by default the last full one.
        chosen: What `reports.build` is given that says what is in the pack (`record.CHOICES`); what is not told is as
            in the week's pack that is there.
        how: What it is given besides and its result does not depend on.
        announce: Called with the plan of each network before the first request.
        tell: Called with the collection's summary before the report is made.
        progress: Whether to draw progress bars.

    Raises:
        ParameterError: The week is not over.
        RegistryError: The register is wrong.
        LakeError: Another `run`, collection or report of the week is going on.
        AccessError: No network could be asked, and of the week there is nothing to report.
    """
    week = week or last_full_week(settings.clock())
    period = Period(week.label, (week,))
    if week.ends_at > settings.clock():
        latest = last_full_week(settings.clock()).label
        msg = f"Неделя {week.label} ещё не кончилась. Последняя полная неделя — {latest}."
        raise ParameterError(msg)
    usual = {"complete_share": COMPLETE_SHARE, "mend_days": MEND_DAYS}
    given = {**usual, **_chosen_before(settings, period), **(chosen or {})}
    with alone(settings.reports_dir / ".week.lock", _BUSY):
        summary, troubles = _collected(settings, period, announce, progress=progress)
        if summary is not None:
            tell(summary)
            if summary.interrupted:
                return Done(week, None, is_new=False, collected=summary, troubles=troubles)
        try:
            is_new = not repeat.is_current(settings, period, given)
            if is_new:
                reports.build(settings, period, **given, **(how or {}), progress=progress)
        except (LakeError, InputError):
            if troubles and _has_nothing(settings, period):
                raise troubles[0] from None
            raise
    folder = settings.reports_dir / period.label
    said = (record.read(folder / record.FILE) or {}).get("shortcomings", [])
    return Done(week, folder, is_new, summary, troubles, tuple(said))


def _chosen_before(settings: Settings, period: Period) -> dict[str, Any]:
    run = record.read(settings.reports_dir / period.label / record.FILE)
    return record.chosen(run) if run else {}


def _collected(
    settings: Settings, period: Period, announce: Callable[[Sequence[NetworkPlan]], None], *, progress: bool
) -> tuple[Summary | None, tuple[AccessError, ...]]:
    """Bring what is missing of the period and of the weeks that its report shows before it."""
    accounts = registry.read(settings.registry_dir).accounts
    start = period.weeks[0].shifted(-past_weeks_for(period)).starts_at
    lacking = selection.missing(accounts, Lake(settings.lake_dir), Window(start, period.ends_at), settings.clock())
    lacking = lacking[~lacking["account_id"].isin(_settled(settings, period, accounts))]
    if lacking.empty:
        return None, ()
    try:
        summary = collect(settings, lacking, Window(start, settings.clock()), announce=announce, progress=progress)
    except AccessError as error:  # raised before the first request: nothing was written
        return None, (error,)
    return summary, tuple(summary.stopped.values())


def _settled(settings: Settings, period: Period, accounts: pd.DataFrame) -> set[str]:
    """The accounts that were tried for this week since the register names them so, and to no avail.

    A journal says from which batch of the lake on that is.
    """
    lake, journal = Lake(settings.lake_dir), settings.reports_dir / f".{period.label}.week.json"
    named = accounts[["account_id", "url", "platform_id"]].to_csv(index=False)
    digest = hashlib.sha256(named.encode()).hexdigest()
    try:
        noted = json.loads(journal.read_text(encoding="utf-8"))
        since = int(noted["since_batch"]) if noted["accounts_sha256"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        since = None
    batch = 0 if lake.is_empty() else lake.state()["batch"]
    if since is None or since > batch:  # of another lake, which was taken away since
        since = batch
        journal.write_text(json.dumps({"accounts_sha256": digest, "since_batch": since}) + "\n", encoding="utf-8")
    if lake.is_empty():
        return set()
    latest = lake.query(
        """
        WITH files AS (SELECT run_id FROM runs WHERE source = 'file')  -- they say nothing of what a network would
        SELECT account_id, max_by(coalesce(reason, ''), batch) AS reason, count(*) AS try_count
        FROM coverage ANTI JOIN files USING (run_id)
        WHERE batch > (SELECT since_batch FROM noted) GROUP BY account_id
        """,
        {"noted": pd.DataFrame({"since_batch": [since]})},
    )
    is_settled = latest["reason"].isin(_SETTLED) | latest["reason"].isin(_SETTLED_TWICE) & (latest["try_count"] > 1)
    return set(latest.loc[is_settled, "account_id"])


def _has_nothing(settings: Settings, period: Period) -> bool:
    lake = Lake(settings.lake_dir)
    return lake.is_empty() or lake.runs()["window_until"].max() <= period.starts_at
