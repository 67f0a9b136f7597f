"""How often accounts publish, held against the norm: by network, kind and founder, streaks, silences, rhythm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from kirovlib import frequency, russian
from kirovlib.counts import Array
from kirovlib.errors import ParameterError
from kirovlib.lake import Lake
from kirovlib.order import wording
from kirovlib.order.clauses import Clause, Edition
from kirovlib.order.evaluate import Judgement
from kirovlib.order.gates import exempted, gate
from kirovlib.order.week_findings import existence_unknown, opened_in, summed_by_institution
from kirovlib.weeks import Week

CLAUSE = "posts_per_week"
GROUPINGS = ("platform", "kind", "founder")
_CHOICES = ("count_reposts", "count_ads", "count_removed", "distinct_days")
_NOBODY = "никто не прочитан целиком"


def posting_weeks(judged: Judgement) -> pd.DataFrame:
    """Weekly counts of the accounts and weeks that clause 3.1 concerns, each held against the norm.

    Left out: kinds it does not name, closed and exempt bodies, weeks before an account was opened or after it was
    closed; an account that was not read, so that nobody knows whether it was there yet, stays, as not read. Weeks
    before the order are held against its first edition: nobody is judged by it, it only shows what was.

    Returns:
        Table WeeklyCounts plus institution_id, institution (name), platform, minimum_posts, least_count and most_count
        (what the edition's choices count, of the whole institution where the norm is the institution's; they differ by
        posts whose repost mark is not known), in_force (whether the
        week is judged), is_met (blank where it cannot be told: the week was not read completely, or unknown marks
        decide); by account and week.

    Raises:
        ClausesError: The order has no such clause.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> weeks = posting_weeks(judge("2024-W28", data="data/sample"))
        >>> int(weeks["is_met"].eq(False).sum()), int(weeks["is_met"].isna().sum())
        (14, 6)
    """
    clause, posts = judged.clause(CLAUSE), judged.facts.posts
    least, most, minimum, in_force = (np.zeros(posts.is_complete.shape, dtype="int64") for _ in range(4))
    counted: dict[tuple[object, ...], tuple[Array, Array]] = {}
    for place, week in enumerate(posts.weeks):
        edition = _edition(clause, week)
        in_force[:, place] = edition.in_force_from <= week.start
        choices = edition.parameters
        key = tuple(choices[name] for name in _CHOICES)
        if key not in counted:
            counted[key] = posts.counted(**{name: choices[name] for name in _CHOICES})
        least[:, place], most[:, place] = (each[:, place] for each in counted[key])
        minimum[:, place] = choices["minimum_posts"]
    applies, is_complete = _applies(judged, clause), posts.is_complete.copy()
    together = [(_edition(clause, week).parameters["unit"] == "institution") for week in posts.weeks]
    if any(together):
        sums = _of_institutions(judged, {"least_count": least, "most_count": most}, applies)
        for array, name in ((least, "least_count"), (most, "most_count"), (is_complete, "is_complete")):
            array[:, together] = sums[name][:, together]
    is_below = is_complete & (most < minimum)
    unborn = existence_unknown(judged.facts.subjects, posts.weeks) & posts.is_complete & (least < minimum)
    accounts = judged.accounts.set_index("account_id")
    owner = posts.table["account_id"].map(accounts["institution_id"])
    rows = posts.table.assign(
        institution_id=owner,
        institution=owner.map(judged.facts.register.names),
        platform=posts.table["account_id"].map(accounts["platform"]),
        minimum_posts=minimum.ravel(),
        least_count=least.ravel(),
        most_count=most.ravel(),
        in_force=in_force.ravel().astype(bool),
        is_met=pd.Series((least >= minimum).ravel(), dtype="boolean").where(((least >= minimum) | is_below).ravel()),
    )
    return rows[(applies & ~unborn).ravel()].reset_index(drop=True)


def _edition(clause: Clause, week: Week) -> Edition:
    """The edition that a week is held against; before the first, that one."""
    return clause.edition_on(week.until - timedelta(days=1)) or clause.editions[0]


def _of_institutions(judged: Judgement, counts: dict[str, Array], applies: Array) -> Mapping[str, Array]:
    """Each account with the counts of its institution, as weeks are judged where the norm is the institution's."""
    subjects, weeks = judged.facts.subjects, judged.facts.weeks
    closed = subjects["closed_on"].to_numpy(dtype="datetime64[us]")[:, None]
    opened = subjects["opened_on"].to_numpy(dtype="datetime64[us]")[:, None]
    first, end = _borders(weeks)
    facts = {
        **counts,
        "is_complete": judged.facts.posts.is_complete,
        "existence_unknown": existence_unknown(subjects, weeks),
    }
    return summed_by_institution(facts, subjects, applies=applies, could_post=~((closed < first) | (opened >= end)))


def _borders(weeks: Sequence[Week]) -> tuple[Array, Array]:
    days = ([week.start for week in weeks], [week.until for week in weeks])
    first, end = (np.array([each], dtype="datetime64[us]") for each in days)
    return first, end


def _applies(judged: Judgement, clause: Clause) -> Array:
    """Whether the clause applies to an account in a week, whether or not it was in force then; accounts × weeks."""
    subjects, weeks = judged.facts.subjects, judged.facts.weeks
    first, end = _borders(weeks)
    exemptions = judged.facts.side.exemptions
    exempt = [exempted(exemptions, clause.key, subjects, week.start, week.until) != "" for week in weeks]
    shut = gate(clause, subjects, first, end, np.column_stack(exempt), week=True) > 0
    named = subjects["platform"].isin(clause.platforms).to_numpy()[:, None]
    return np.asarray(named & ~shut & ~opened_in(subjects, weeks))


def last_week(judged: Judgement) -> Week:
    """The last week of the period that is over; of a period that has none, the last one loaded that is."""
    over = [week for week in judged.facts.weeks if week.ends_at <= judged.facts.last_moment]
    return over[-1] if over else judged.period.weeks[-1]


def current_edition(judged: Judgement) -> Edition:
    """The edition of clause 3.1 by which the last week is judged; before the first, that one."""
    return _edition(judged.clause(CLAUSE), last_week(judged))


def norm_by(judged: Judgement, by: str) -> pd.DataFrame:
    """How many accounts meet the norm of clause 3.1, by network, kind or founder.

    Args:
        judged: With past weeks, if the change and the columns `all_…` are to say anything.
        by: One of `GROUPINGS`.

    Returns:
        group (Russian), then of the last week (see `last_week`): account_count (that the clause concerns), read_count
        (read completely), read_share, decided_count (of those, where unknown repost marks do not matter), met_count,
        met_share (0-1, of the decided), change_points (percentage points of met_share against the previous period's
        last week), own_median (own posts of an account read completely whose marks
        are all known), repost_share; of all weeks loaded, over
        accounts and weeks in force that were read completely: all_decided_count, all_met_share, all_own_median. Blank
        where nobody was read; largest groups first.

    Raises:
        ParameterError: `by` is something else.
    """
    rows = posting_weeks(judged)
    rows["group"] = _groups(judged, rows, by)
    last = last_week(judged)
    earlier = min(judged.period.previous().weeks[-1], last.shifted(-1))
    now, before = (_summed(rows[rows["week_start"] == pd.Timestamp(week.start)]) for week in (last, earlier))
    always = _summed(rows[rows["in_force"]])[["decided_count", "met_share", "own_median"]].add_prefix("all_")
    now["change_points"] = (100 * (now["met_share"] - before["met_share"].reindex(now.index))).round(6)
    columns = ["account_count", "read_count", "read_share", "decided_count", "met_count", "met_share", "change_points"]
    found = now[[*columns, "own_median", "repost_share"]].join(always)
    return found.reset_index().sort_values(["account_count", "group"], ascending=[False, True], ignore_index=True)


def named_norm_by(judged: Judgement, by: str) -> pd.DataFrame:
    """`norm_by` as it is read.

    Returns:
        As `norm_by`, and read_name («36 из 40, 90 %»), met_name (likewise, or that nobody was read), change_name
        («+3 п. п.»), own_name, repost_name, all_met_name (with the number of weeks it is of), all_own_name;
        blank where not known.

    Raises:
        ParameterError: See `norm_by`.
    """
    rows = norm_by(judged, by)
    read = [_of(*each) for each in zip(rows["read_count"], rows["account_count"], strict=True)]
    met = [
        _of(met, decided) if decided else ("репосты не различить" if read else _NOBODY)
        for met, decided, read in zip(rows["met_count"], rows["decided_count"], rows["read_count"], strict=True)
    ]
    return rows.assign(
        read_name=read,
        met_name=met,
        change_name=[_points(points) for points in rows["change_points"]],
        own_name=[_number(number) for number in rows["own_median"]],
        repost_name=[_percent(part) for part in rows["repost_share"]],
        all_met_name=[
            "" if pd.isna(part) else f"{russian.percent(part)} из {int(weeks)}"
            for part, weeks in zip(rows["all_met_share"], rows["all_decided_count"], strict=True)
        ],
        all_own_name=[_number(number) for number in rows["all_own_median"]],
    )


def silences(judged: Judgement) -> pd.DataFrame:
    """Who is silent, for how long, and how many weeks in a row below the norm.

    Args:
        judged: Looked at as far back as its weeks reach.

    Returns:
        account_id, institution_id, last_own_at (UTC, before the end of the last week), silent_days (whole days from it
        to that end; blank where the last week was not read completely), silent_may_be_longer (everything that was read
        is silent), longest_pause_days, pause_may_be_longer (see `frequency.pauses`), weeks_in_row (weeks in force below
        the norm up to the last one; 0 when that one is not below, blank when it cannot be told), may_be_longer (it
        reaches the first week loaded); accounts that the clause concerns in the last week, the longest first.
    """
    rows, last, lake = posting_weeks(judged), last_week(judged), Lake(judged.data / "lake")
    here = rows.loc[rows["week_start"] == pd.Timestamp(last.start), ["account_id", "institution_id"]]
    rows = rows[rows["account_id"].isin(here["account_id"]) & (rows["week_start"] <= pd.Timestamp(last.start))]
    found = here.merge(frequency.last_posts(lake, here["account_id"], last.ends_at), on="account_id", how="left")
    found = found.merge(frequency.pauses(lake, _read_spans(rows), last.ends_at), on="account_id", how="left")
    found = found.merge(_streaks(rows, judged.facts.weeks, last), on="account_id", how="left")
    order = ["weeks_in_row", "silent_days", "longest_pause_days"]
    columns = ["last_own_at", "silent_days", "silent_may_be_longer", "longest_pause_days", "pause_may_be_longer"]
    found = found.sort_values([*order, "account_id"], ascending=[False, False, False, True], ignore_index=True)
    return found[["account_id", "institution_id", *columns, "weeks_in_row", "may_be_longer"]]


def named_silences(judged: Judgement) -> pd.DataFrame:
    """`silences` with names.

    Returns:
        As `silences`, and institution, url, last_own_on (date in Kirov), silent_name, pause_name, weeks_name («11 и
        больше»; blank where not known).
    """
    rows = silences(judged)
    shown = {"silent_name": ("silent_days", "silent_may_be_longer"), "weeks_name": ("weeks_in_row", "may_be_longer")}
    shown["pause_name"] = ("longest_pause_days", "pause_may_be_longer")
    for name, (number, more) in shown.items():
        told = rows[number].astype("str") + rows[more].map({True: " и больше", False: ""}).astype("str")
        rows[name] = told.where(rows[number].notna(), "")
    return rows.assign(
        institution=rows["institution_id"].map(judged.facts.register.names),
        url=rows["account_id"].map(judged.accounts.set_index("account_id")["url"]),
        last_own_on=rows["last_own_at"].dt.tz_convert("Europe/Kirov").dt.tz_localize(None).dt.normalize(),
    )


def rhythm(judged: Judgement) -> pd.DataFrame:
    """Own posts by weekday and hour of Kirov over the weeks loaded, of the accounts that clause 3.1 concerns.

    Returns:
        platform, weekday (0 is Monday), hour (0-23), own_count.
    """
    concerned = set(posting_weeks(judged)["account_id"])
    accounts = judged.accounts[judged.accounts["account_id"].isin(concerned)]
    platforms = dict(zip(accounts["account_id"], accounts["platform"], strict=True))
    weeks = judged.facts.weeks
    return frequency.by_hour(Lake(judged.data / "lake"), platforms, weeks[0].starts_at, weeks[-1].ends_at)


def _groups(judged: Judgement, rows: pd.DataFrame, by: str) -> pd.Series:
    """The Russian name of each row's group."""
    if by == "platform":
        return rows["platform"].map(lambda word: wording.PLATFORMS.get(word, word))
    institutions = judged.institutions.set_index("institution_id")
    if by == "kind":
        return rows["institution_id"].map(institutions["kind"]).map(wording.KINDS)
    if by == "founder":
        founders = institutions["founder_id"].map(judged.facts.register.labels)
        return rows["institution_id"].map(founders).fillna(wording.NO_FOUNDER)
    msg = f"Параметр by: «{by}»; ожидается одно из: {', '.join(GROUPINGS)}."
    raise ParameterError(msg)


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Accounts and weeks of each group together; met only where it is decided and the week was read completely."""
    read = rows[rows["is_complete"].astype(bool)]
    decided = read[read["is_met"].notna()]
    found = pd.DataFrame({"account_count": rows.groupby("group")["account_id"].size()})
    counted = {"read_count": read, "decided_count": decided}
    for name, kept in counted.items():
        found[name] = kept.groupby("group").size().reindex(found.index, fill_value=0).astype("int64")
    found["met_count"] = decided["is_met"].astype("int64").groupby(decided["group"]).sum().astype("Int64")
    found["read_share"] = frequency.share(found["read_count"], found["account_count"])
    found["met_share"] = frequency.share(found["met_count"], found["decided_count"])
    known = read[read["unknown_count"] == 0]
    found["own_median"] = known.groupby("group")["own_count"].median().astype("float64")
    posts = read.groupby("group")[["own_count", "repost_count"]].sum()
    found["repost_share"] = frequency.share(posts["repost_count"], posts.sum(axis=1))
    return found


def _read_spans(rows: pd.DataFrame) -> pd.DataFrame:
    """Stretches of weeks read completely one after the other: account_id, starts_at, ends_at (UTC)."""
    read = rows[rows["is_complete"].astype(bool)].sort_values(["account_id", "week_start"])
    is_next = (read["week_start"].diff() == pd.Timedelta(days=7)) & read["account_id"].eq(read["account_id"].shift())
    spans = read.groupby([read["account_id"], (~is_next).cumsum().rename("span")])["week_start"].agg(["min", "max"])
    weeks = {start: Week.of(start.date()) for start in read["week_start"].unique()}
    return pd.DataFrame(
        {
            "account_id": spans.index.get_level_values("account_id").astype("str"),
            "starts_at": pd.to_datetime([weeks[start].starts_at for start in spans["min"]], utc=True),
            "ends_at": pd.to_datetime([weeks[start].ends_at for start in spans["max"]], utc=True),
        }
    )


def _streaks(rows: pd.DataFrame, weeks: tuple[Week, ...], last: Week) -> pd.DataFrame:
    """Weeks in force below the norm up to the last one; what cannot be told ends the streak."""
    starts = [pd.Timestamp(week.start) for week in weeks if week <= last][::-1]
    is_below = (rows["is_met"].eq(other=False) & rows["in_force"]).fillna(value=False).astype("int64")
    wide = rows.assign(is_below=is_below).pivot_table(index="account_id", columns="week_start", values="is_below")
    below = wide.reindex(columns=starts).fillna(0).to_numpy(dtype="int64")
    length = below.cumprod(axis=1).sum(axis=1)
    now = rows[rows["week_start"] == starts[0]].set_index("account_id")["is_met"].reindex(wide.index)
    in_row = pd.Series(length, index=wide.index).astype("Int64").where(now.notna())
    found = pd.DataFrame({"weeks_in_row": in_row, "may_be_longer": length == len(starts)})
    return found.rename_axis("account_id").reset_index()


def _of(part: int, whole: int) -> str:
    return f"{part} из {whole}, {russian.percent(part / whole)}"


def _percent(part: float) -> str:
    return "" if pd.isna(part) else russian.percent(part)


def _number(number: float) -> str:
    return "" if pd.isna(number) else f"{number:g}".replace(".", ",")


def _points(points: float) -> str:
    if pd.isna(points):
        return ""
    whole = round(points)
    return "без изменений" if whole == 0 else f"{'+' if whole > 0 else '−'}{abs(whole)} п. п."
