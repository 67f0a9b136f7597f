"""Measures and charts of how often accounts publish; on the sample they are held against a plain count with pandas."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_lake import W20, W21, W22, W23, Small, write_order

import kirovlib
from kirovlib import charts
from kirovlib.charts.week_axis import WeekAxis
from kirovlib.errors import ParameterError
from kirovlib.order import clauses
from kirovlib.order.evaluate import Judgement, judge
from kirovlib.weeks import Week, holidays

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
ORDER = date(2024, 5, 15)
HOSTILE = '<a href="javascript:alert(1)">Школа</a>'


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


@pytest.fixture(scope="module")
def sample() -> Judgement:
    return judge("2024-W28", SAMPLE, past_weeks=11)


@pytest.fixture(scope="module")
def plain() -> pd.DataFrame:
    """Every post of the sample that the account published itself, with its local moment."""
    posts = pd.concat(pd.read_parquet(file) for file in (SAMPLE / "lake" / "posts").rglob("*.parquet"))
    posts = posts[posts["own"].astype(bool)]
    local = posts["posted_at"].dt.tz_convert("Europe/Kirov").dt.tz_localize(None)
    return posts.assign(
        local=local, week_start=(local - pd.to_timedelta(local.dt.day_of_week, unit="D")).dt.normalize()
    )


@pytest.fixture(scope="module")
def plain_weeks(sample: Judgement, plain: pd.DataFrame) -> pd.DataFrame:
    """Accounts and weeks that the clause concerns and that were read: own posts and reposts, counted one by one."""
    coverage = pd.concat(pd.read_parquet(file) for file in (SAMPLE / "lake" / "coverage").rglob("*.parquet"))
    spans = coverage.set_index("account_id")[["covered_from", "covered_until"]]
    rows = []
    for account, start in kirovlib.measured_weeks(sample, "posts_per_week")[["account_id", "week_start"]].to_numpy():
        week = Week(pd.Timestamp(start).date())
        span = spans.loc[account]
        if span["covered_from"] <= week.starts_at and span["covered_until"] >= week.ends_at:
            here = plain[(plain["account_id"] == account) & (plain["week_start"] == start)]
            own, reposts = (int((here["is_repost"] == flag).fillna(value=False).sum()) for flag in (False, True))
            rows.append((account, start, own, reposts))
    return pd.DataFrame(rows, columns=["account_id", "week_start", "own", "reposts"])


def judged(small: Small, period: str = "2024-W22", past_weeks: int = 1) -> Judgement:
    small.store()
    return judge(period, small.home, past_weeks=past_weeks)


def week_rows(small: Small, **asked: Any) -> dict[tuple[str, str], pd.Series]:
    rows = kirovlib.posting_weeks(judged(small, **asked))
    return {(row["account_id"], f"{row['week_start']:%d.%m}"): row for _, row in rows.iterrows()}


def silence(small: Small, account: str = "vk:a", **asked: Any) -> dict[str, Any]:
    rows = kirovlib.silences(judged(small, **asked)).astype(object)
    row = rows[rows["account_id"] == account].iloc[0]
    return {str(key): None if pd.isna(cell) else cell for key, cell in row.items()}


# --- measures on the sample, counted a second time


def test_quantiles_are_those_of_a_plain_count_over_completely_read_accounts(
    sample: Judgement, plain_weeks: pd.DataFrame
) -> None:
    found = kirovlib.quantiles(kirovlib.posting_weeks(sample)).set_index("week_start")
    assert len(found) == 12
    for start, rows in plain_weeks.groupby("week_start"):
        told = found.loc[start]
        numbers = sorted(rows["own"])
        assert told["account_count"] == len(numbers)
        assert told["q50"] == (numbers[(len(numbers) - 1) // 2] + numbers[len(numbers) // 2]) / 2
        for percent in (10, 25, 75, 90):
            place = (len(numbers) - 1) * percent / 100
            low, part = int(place), place - int(place)
            expected = numbers[low] + part * (numbers[min(low + 1, len(numbers) - 1)] - numbers[low])
            assert told[f"q{percent}"] == pytest.approx(expected)


def test_accounts_that_could_not_be_read_are_counted_as_unread_and_nothing_else_is_added(sample: Judgement) -> None:
    key = ["account_id", "week_start"]
    rows = kirovlib.posting_weeks(sample)
    known = kirovlib.measured_weeks(sample, "posts_per_week")
    added = rows.merge(known[key], on=key, how="outer", indicator=True)
    assert not (added["_merge"] == "right_only").any()
    added = added[added["_merge"] == "left_only"]
    assert not added["is_complete"].any()
    findings = sample.findings[sample.findings["clause"] == "posts_per_week"].set_index("account_id")["verdict"]
    last = added[added["week_start"] == "2024-07-08"]
    assert set(findings[last["account_id"]]) == {"cannot_tell"}
    asked = rows[rows["week_start"] == "2024-07-08"]["account_id"]
    assert set(asked) == set(findings[findings.isin(["passed", "failed", "cannot_tell"])].index)


@pytest.mark.parametrize("by", ["platform", "kind", "founder"])
def test_the_norm_by_group_is_that_of_a_plain_count(sample: Judgement, plain_weeks: pd.DataFrame, by: str) -> None:
    institutions = sample.institutions.set_index("institution_id")
    owner = sample.accounts.set_index("account_id")["institution_id"]
    group = {
        "platform": plain_weeks["account_id"].str.split(":").str[0].map(
            {"vk": "ВКонтакте", "ok": "Одноклассники", "telegram": "Телеграм"}
        ),
        "kind": plain_weeks["account_id"].map(owner).map(institutions["kind"]).map(
            {"executive_authority": "орган исполнительной власти", "subordinate": "подведомственное учреждение"}
        ),
        "founder": plain_weeks["account_id"].map(owner).map(institutions["founder_id"])
        .map(institutions["short_name"]).fillna("без учредителя"),
    }[by]  # fmt: skip
    found = kirovlib.norm_by(sample, by).set_index("group")
    assert set(found.index) == set(group)
    for name, told in found.iterrows():
        rows = plain_weeks[group == name]
        last, before = (rows[rows["week_start"] == day] for day in ("2024-07-08", "2024-07-01"))
        assert told["read_count"] == told["decided_count"] == len(last)
        assert told["met_count"] == (last["own"] >= 3).sum()
        change = 100 * ((last["own"] >= 3).mean() - (before["own"] >= 3).mean())
        assert told["change_points"] == pytest.approx(change, abs=1e-5)
        assert told["own_median"] == last["own"].median()
        assert told["repost_share"] == pytest.approx(last["reposts"].sum() / (last["own"] + last["reposts"]).sum())
        rows = rows[rows["week_start"] >= "2024-05-20"]  # before, nobody was bound by it
        assert told["all_met_share"] == pytest.approx((rows["own"] >= 3).mean())
        assert told["all_own_median"] == rows["own"].median()


def test_the_repost_share_by_week_and_network_is_that_of_a_plain_count(
    sample: Judgement, plain_weeks: pd.DataFrame
) -> None:
    found = kirovlib.repost_shares(kirovlib.posting_weeks(sample)).set_index(["week_start", "platform"])
    network = plain_weeks["account_id"].str.split(":").str[0]
    totals = plain_weeks.groupby(["week_start", network])[["own", "reposts"]].sum()
    assert len(found) == len(totals) == 36
    for key, row in totals.iterrows():
        assert found.loc[key, "own_count"] == row["own"]
        assert found.loc[key, "repost_share"] == pytest.approx(row["reposts"] / (row["own"] + row["reposts"]))


def test_the_rhythm_is_that_of_a_plain_count_in_kirov_time(sample: Judgement, plain: pd.DataFrame) -> None:
    concerned = set(kirovlib.measured_weeks(sample, "posts_per_week")["account_id"])
    here = plain[plain["account_id"].isin(concerned) & (plain["is_repost"] == False)]  # noqa: E712 - may be blank
    here = here[here["week_start"].between("2024-04-22", "2024-07-08")]
    platform = here["account_id"].str.split(":").str[0]
    expected = here.groupby([platform, here["local"].dt.day_of_week, here["local"].dt.hour]).size()
    found = kirovlib.rhythm(sample)
    assert len(found) == 3 * 7 * 24
    some = found[found["own_count"] > 0]
    told = dict(zip(zip(some["platform"], some["weekday"], some["hour"], strict=True), some["own_count"], strict=True))
    assert told == expected.to_dict()


def test_silences_are_those_of_a_plain_count(sample: Judgement, plain: pd.DataFrame, plain_weeks: pd.DataFrame) -> None:
    end = pd.Timestamp("2024-07-15")
    found = kirovlib.silences(sample).set_index("account_id")
    assert len(found) == (kirovlib.posting_weeks(sample)["week_start"] == "2024-07-08").sum()
    checked = 0
    for account, told in found.iterrows():
        read = sorted(plain_weeks.loc[plain_weeks["account_id"] == account, "week_start"])
        if not read:
            assert pd.isna(told["silent_days"]) and pd.isna(told["weeks_in_row"])  # noqa: PT018 - one fact
            continue
        if [read[0] + pd.Timedelta(days=7 * number) for number in range(len(read))] != read or read[
            -1
        ] < end - timedelta(days=7):
            continue  # a stretch that is interrupted: the small lakes below
        mine = plain[(plain["account_id"] == account) & (plain["local"] < end)]
        moments = sorted(mine.loc[mine["is_repost"] != True, "local"])  # noqa: E712 - may be blank
        inside = [moment for moment in moments if moment >= read[0]]
        borders = [read[0], *inside, end]
        gaps = [later - earlier for earlier, later in pairwise(borders)]
        assert told["longest_pause_days"] == max(gaps).days
        assert told["silent_days"] == gaps[-1].days
        assert told["last_own_at"].tz_convert("Europe/Kirov").tz_localize(None) == moments[-1]
        checked += 1
    assert checked > 30


# --- what was not read is never a silence


def test_a_pause_is_said_only_where_everything_between_was_read(small: Small) -> None:
    small.covered(W20, W21)
    small.covered(W22, W23)
    small.post("13.05 12:00")
    small.post("02.06 12:00")
    told = silence(small, past_weeks=2)
    assert told["longest_pause_days"] == 6  # not the 20 between the posts
    assert told["pause_may_be_longer"]


def test_a_pause_between_two_posts_is_exact(small: Small) -> None:
    small.covered()
    small.post("13.05 12:00")
    small.post("30.05 13:00")
    small.post("02.06 12:00")
    told = silence(small, past_weeks=2)
    assert (told["longest_pause_days"], told["pause_may_be_longer"]) == (17, False)


def test_silence_is_counted_to_the_end_of_the_last_week(small: Small) -> None:
    small.covered()
    small.post("22.05 23:59")
    told = silence(small)
    assert (told["silent_days"], told["silent_may_be_longer"]) == (11, False)


def test_who_published_nothing_in_all_that_was_read_may_be_silent_longer(small: Small) -> None:
    small.covered(W21, W23)
    told = silence(small)
    assert (told["silent_days"], told["silent_may_be_longer"], told["last_own_at"]) == (14, True, None)


def test_silence_is_not_known_where_the_last_week_was_not_read(small: Small) -> None:
    small.covered(W20, W22)
    small.until = W23
    told = silence(small)
    assert told["silent_days"] is None
    assert told["longest_pause_days"] == 7
    assert told["weeks_in_row"] is None


def test_a_post_that_may_be_a_repost_ends_a_silence(small: Small) -> None:
    small.covered()
    small.post("01.06 12:00", is_repost=None)
    small.post("02.06 12:00", is_repost=True)
    small.post("02.06 12:00", own=False)
    assert silence(small)["silent_days"] == 1


# --- the norm and streaks


def test_a_week_is_met_missed_or_cannot_be_told(small: Small) -> None:
    for key in "bcdef":
        small.account(f"vk:{key}")
    for key in "abcd":
        small.covered(account=f"vk:{key}")
    small.posts(3)
    small.posts(2, account="vk:b")
    small.posts(2, account="vk:c")
    small.posts(1, account="vk:c", is_repost=None)
    small.posts(1, account="vk:d")
    small.posts(1, account="vk:d", is_repost=None)
    for key in "ef":
        small.covered(W20, W21 + timedelta(days=3), account=f"vk:{key}")
    small.posts(2, account="vk:e")
    small.posts(3, account="vk:f")
    rows = week_rows(small, period="2024-W21", past_weeks=0)
    met = {account[-1]: row["is_met"] for (account, _), row in rows.items()}
    assert [met["a"], met["b"], met["d"], met["f"]] == [True, False, False, True]
    assert pd.isna(met["c"])
    assert pd.isna(met["e"])


def test_a_streak_begins_with_the_first_week_in_force_and_is_then_known_whole(small: Small) -> None:
    small.covered(W20 - timedelta(days=7), W23)
    told = silence(small, past_weeks=3)
    assert (told["weeks_in_row"], told["may_be_longer"]) == (2, False)


def test_a_streak_that_reaches_the_first_week_loaded_may_be_longer(small: Small) -> None:
    small.covered()
    told = silence(small, past_weeks=0)
    assert (told["weeks_in_row"], told["may_be_longer"]) == (1, True)
    named = kirovlib.named_silences(judge("2024-W22", small.home)).iloc[0]
    assert named["weeks_name"] == "1 и больше"
    assert named["silent_name"] == "7 и больше"


def test_a_week_that_was_not_read_ends_a_streak(small: Small) -> None:
    small.covered(W20, W21)
    small.covered(W22, W23)
    told = silence(small)
    assert (told["weeks_in_row"], told["may_be_longer"]) == (1, False)


def test_who_met_the_norm_in_the_last_week_has_no_streak(small: Small) -> None:
    small.covered()
    small.posts(3, week=W22)
    assert silence(small)["weeks_in_row"] == 0


def test_old_weeks_are_held_against_their_own_edition(small: Small) -> None:
    text = (Path(kirovlib.__file__).parent / "order" / "clauses.toml").read_text(encoding="utf-8")
    head, tail = text.split("[[posts_per_week.editions]]")
    edition, rest = tail.split("[group_decisions]")
    later = edition.replace("in_force_from = 2024-05-15", "in_force_from = 2024-05-27").replace(
        "minimum_posts = 3", "minimum_posts = 5"
    )
    marker = "[[posts_per_week.editions]]"
    write_order(small.home, f"{head}{marker}{edition}{marker}{later}[group_decisions]{rest}")
    small.covered()
    small.posts(3, week=W21)
    small.posts(3, week=W22)
    rows = week_rows(small)
    assert [(row["minimum_posts"], row["is_met"]) for row in rows.values()] == [(3, True), (5, False)]


def test_a_group_of_which_nobody_was_read_is_blank_and_says_so(small: Small) -> None:
    small.account("ok:b")
    small.covered()
    rows = kirovlib.named_norm_by(judged(small), "platform").set_index("group")
    assert rows.loc["Одноклассники", ["account_count", "read_count", "read_share"]].tolist() == [1, 0, 0]
    assert rows.loc["Одноклассники", ["met_count", "met_share", "own_median", "repost_share"]].isna().all()
    assert rows.loc["Одноклассники", "met_name"] == "никто не прочитан целиком"
    assert rows.loc["Одноклассники", ["change_name", "own_name", "repost_name", "all_met_name"]].tolist() == [""] * 4
    assert rows.loc["ВКонтакте", "met_name"] == "0 из 1, 0\u00a0%"


def test_accounts_that_unknown_marks_decide_are_in_neither_part(small: Small) -> None:
    small.account("vk:b")
    for account in ("vk:a", "vk:b"):
        small.covered(account=account)
        small.posts(2, week=W22, account=account)
    small.posts(2, week=W22, is_repost=None)
    row = kirovlib.norm_by(judged(small), "platform").iloc[0]
    assert (row["read_count"], row["decided_count"], row["met_count"]) == (2, 1, 0)
    shares = kirovlib.repost_shares(kirovlib.posting_weeks(judge("2024-W22", small.home))).iloc[-1]
    assert (shares["own_count"], shares["unknown_count"], shares["repost_share"]) == (4, 2, 0)


def test_an_unknown_grouping_is_refused(sample: Judgement) -> None:
    with pytest.raises(ParameterError, match="platform, kind, founder"):
        kirovlib.norm_by(sample, "sphere")


def test_the_running_week_is_not_the_last_week(small: Small) -> None:
    small.until = W22 + timedelta(days=2)
    small.covered(W20, small.until)
    assert kirovlib.last_week(judged(small)).label == "2024-W21"


def test_a_register_that_the_clause_does_not_concern_gives_empty_tables_and_charts_that_say_so(small: Small) -> None:
    small.institution("1", kind="other")
    small.covered()
    found = judged(small)
    weeks = kirovlib.posting_weeks(found)
    assert weeks.empty
    assert kirovlib.named_norm_by(found, "kind").empty
    assert kirovlib.named_silences(found).empty
    assert kirovlib.rhythm(found).empty
    drawn = [charts.quantile_fan(weeks, ORDER), charts.share_meeting_norm(weeks, ORDER), charts.repost_share(weeks)]
    drawn += [charts.posts_heatmap(weeks), charts.rhythm(kirovlib.rhythm(found))]
    assert all("Показать нечего" in figure.layout.annotations[0].text for figure in drawn)


# --- charts


def heat_cells(figure: Any, what: str = "text") -> dict[tuple[str, str], Any]:
    return {
        (y, x): heat[what][row][column]
        for heat in figure.data
        for row, y in enumerate(heat.y)
        for column, x in enumerate(heat.x)
    }


def test_a_cell_of_the_heat_map_shows_the_lowest_account_and_names_all_when_hovering(small: Small) -> None:
    small.account("ok:b")
    for account, count in (("vk:a", 5), ("ok:b", 1)):
        small.covered(account=account)
        small.posts(count, week=W22, account=account)
    figure = charts.posts_heatmap(kirovlib.posting_weeks(judged(small, past_weeks=0)))
    assert heat_cells(figure) == {("Institution 1", "27.05.2024"): "1"}
    assert heat_cells(figure, "customdata") == {("Institution 1", "27.05.2024"): "ОК 1, ВК 5"}


def test_a_cell_is_a_question_unless_a_fully_read_account_is_surely_below(small: Small) -> None:
    small.account("ok:b")
    small.covered(account="ok:b")
    small.posts(1, week=W21, account="ok:b")
    small.posts(3, week=W22, account="ok:b")
    small.covered(W20, W21)  # vk:a was not read in both weeks
    cells = heat_cells(charts.posts_heatmap(kirovlib.posting_weeks(judged(small))))
    assert list(cells.values()) == ["1", "?"]
    told = heat_cells(charts.posts_heatmap(kirovlib.posting_weeks(judge("2024-W22", small.home))), "customdata")
    assert list(told.values()) == ["ОК 3, ВК ?"]


def test_institutions_of_one_name_keep_rows_of_their_own_and_most_in_need_stand_on_top(small: Small) -> None:
    for key, count in (("1", 4), ("2", 0), ("3", 2)):
        small.institution(key, name="Школа")
        small.account(f"vk:{key}", key)
        small.covered(account=f"vk:{key}")
        small.posts(count, week=W22, account=f"vk:{key}")
    small.covered()
    small.posts(4, week=W22)
    cells = heat_cells(charts.posts_heatmap(kirovlib.posting_weeks(judged(small, past_weeks=0))))
    assert [(label, text) for (label, _), text in cells.items()] == [
        ("Школа", "0"),
        ("Школа (2)", "2"),
        ("Школа (3)", "4"),
    ]


def test_foreign_markup_is_shown_as_text_in_the_heat_map_and_the_lines(small: Small) -> None:
    small.institution("1", name=HOSTILE)
    small.account("vk:<b>x")
    for account in ("vk:a", "vk:<b>x"):
        small.covered(account=account)
    weeks = kirovlib.posting_weeks(judged(small))
    groups = pd.Series(HOSTILE + "1", index=["vk:a"])
    groups["vk:<b>x"] = HOSTILE + "2"
    for figure in (charts.posts_heatmap(weeks), charts.share_meeting_norm(weeks, ORDER, groups)):
        drawn = json.dumps(figure.to_plotly_json(), default=str, ensure_ascii=False)
        assert "<a " not in drawn
        assert "<b>" not in drawn


def many_weeks(institutions: int, weeks: int) -> pd.DataFrame:
    """A table as `posting_weeks` gives it, everything read and met but for the first institution."""
    starts = pd.date_range("2024-05-20", periods=weeks, freq="7D")
    keys = [f"{number:04d}" for number in range(institutions)]
    rows = pd.DataFrame([(key, start) for key in keys for start in starts], columns=["institution_id", "week_start"])
    own = rows["institution_id"].map(lambda key: 1 if key == keys[-1] else 4)
    return rows.assign(
        account_id="vk:" + rows["institution_id"], institution="Школа " + rows["institution_id"], platform="vk",
        own_count=own, least_count=own, most_count=own, repost_count=0, unknown_count=0, minimum_posts=3,
        is_complete=True, in_force=True, is_met=(own >= 3).astype("boolean"),
    )  # fmt: skip


def test_a_heat_map_of_700_institutions_shows_every_name_and_numbers_below_the_norm() -> None:
    figure = charts.posts_heatmap(many_weeks(700, 3))
    labels = [label for heat in figure.data for label in heat.y]
    assert len(set(labels)) == 700
    assert labels[0] == "Школа 0699"
    assert [text for heat in figure.data for row in heat.text for text in row if text] == ["1"] * 3
    assert len(charts.figure_rows(figure.to_plotly_json())) == 3 * 700


def test_numbers_at_the_norm_are_written_where_rows_have_room() -> None:
    assert set(heat_cells(charts.posts_heatmap(many_weeks(60, 3))).values()) == {"1", "4"}


def test_a_week_before_the_order_stands_left_of_a_line(small: Small) -> None:
    small.covered()
    figure = charts.posts_heatmap(kirovlib.posting_weeks(judged(small, past_weeks=2)))
    assert [shape.x0 for shape in figure.layout.shapes] == [0.5]
    assert "Слева от черты" in figure.layout.title.subtitle.text
    later = charts.posts_heatmap(kirovlib.posting_weeks(judge("2024-W22", small.home, past_weeks=1)))
    assert len(later.layout.shapes) == 0


def line(figure: Any, name: str) -> Any:
    return next(trace for trace in figure.data if trace.name == name)


def test_the_share_is_drawn_for_all_and_by_network_and_hollow_where_too_few_were_read(small: Small) -> None:
    small.account("ok:b")
    small.account("ok:c")
    for account in ("vk:a", "ok:b"):
        small.covered(account=account)
    small.covered(W20, W22, account="ok:c")
    small.posts(3, week=W22)
    figure = charts.share_meeting_norm(kirovlib.posting_weeks(judged(small)), ORDER)
    assert {trace.name for trace in figure.data} == {"все", "ВКонтакте", "Одноклассники"}
    assert list(line(figure, "все").y) == [0, 50]
    assert line(figure, "Одноклассники").marker.symbol == ("diamond", "diamond-open")
    assert line(figure, "ВКонтакте").marker.symbol == "square"
    assert line(figure, "все").customdata.tolist() == [[0, 3, 3, 3], [1, 2, 2, 3]]
    assert len({trace.line.dash for trace in figure.data}) == 3
    assert {note.text for note in figure.layout.annotations} == {"все", "ВКонтакте", "Одноклассники"}


def test_names_at_the_ends_of_lines_do_not_cover_each_other(sample: Judgement) -> None:
    figure = charts.share_meeting_norm(kirovlib.posting_weeks(sample), ORDER)
    places = sorted(note.y for note in figure.layout.annotations if note.xref == "paper")
    pixels = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    assert all((upper - lower) * pixels / 103 > 15 for lower, upper in pairwise(places))


def test_a_week_that_nobody_was_read_for_is_a_gap_and_no_zero(small: Small) -> None:
    small.covered(W20, W21)
    small.covered(W22, W23)
    figure = charts.share_meeting_norm(kirovlib.posting_weeks(judged(small, past_weeks=2)), ORDER)
    assert list(line(figure, "все").x) == ["13.05.2024", "20.05.2024", "27.05.2024"]
    assert pd.isna(line(figure, "все").y[1])
    assert pd.isna(
        line(
            charts.quantile_fan(kirovlib.posting_weeks(judge("2024-W22", small.home, past_weeks=2)), ORDER), "медиана"
        ).y[1]
    )


def test_the_order_is_marked_on_its_day_only_where_its_week_is_shown(sample: Judgement) -> None:
    weeks = kirovlib.posting_weeks(sample)
    for draw in (charts.quantile_fan, charts.share_meeting_norm):
        figure = draw(weeks, ORDER)
        assert [shape.x0 for shape in figure.layout.shapes] == [pytest.approx(3 + 2 / 7)]
        assert [note.text for note in figure.layout.annotations if "131" in note.text] == [
            "15.05.2024 — распоряжение № 131"
        ]
        assert not draw(weeks[weeks["week_start"] > "2024-05-13"], ORDER).layout.shapes


def test_the_rhythm_has_all_days_and_hours_the_weekend_marked_and_its_total_in_the_title() -> None:
    hours = pd.DataFrame({"platform": ["vk", "ok"], "weekday": [0, 6], "hour": [9, 23], "own_count": [2, 3]})
    figure = charts.rhythm(hours)
    heat = figure.data[0]
    assert heat.z.shape == (7, 24)
    assert (heat.z[0, 9], heat.z[6, 23], heat.z.sum()) == (2, 3, 5)
    assert heat.customdata[6, 23].tolist() == [0, 3]
    assert [day for day in heat.y if "вых." in day] == ["Сб (вых.)", "Вс (вых.)"]
    assert "5 публикаций" in figure.layout.title.text
    rows = charts.figure_rows(json.loads(figure.to_json()))
    assert rows.loc[(rows["y"] == "Пн") & (rows["x"] == 9), "value"].tolist() == [2]


# --- holidays


def test_holidays_are_those_of_the_labour_code() -> None:
    found = holidays(date(2024, 1, 1), date(2025, 1, 1))
    assert [f"{day:%d.%m}" for day in found] == [
        "01.01", "02.01", "03.01", "04.01", "05.01", "06.01", "07.01", "08.01",
        "23.02", "08.03", "01.05", "09.05", "12.06", "04.11",
    ]  # fmt: skip
    assert found[date(2024, 1, 7)] == "Рождество Христово"
    assert date(2024, 5, 9) not in holidays(date(2024, 5, 1), date(2024, 5, 9))  # the end is exclusive


def test_a_week_with_a_holiday_has_a_star_and_says_which_when_hovering() -> None:
    axis = WeekAxis(tuple(Week.parse(label) for label in ("2024-W01", "2024-W02", "2024-W03")))
    assert axis.heads == ["01.01.24 ★", "08.01.24 ★", "15.01.24"]
    assert axis.names == ["01.01.2024", "08.01.2024", "15.01.2024"]
    assert axis.holidays == [
        "<br>★ 01.01–06.01 Новогодние каникулы<br>★ 07.01 Рождество Христово", "<br>★ 08.01 Новогодние каникулы", "",
    ]  # fmt: skip
    assert "★" in axis.legend
    assert WeekAxis(axis.weeks[2:]).legend == ""


def test_a_holiday_stands_once_with_its_week_and_in_the_notes_of_the_table_behind_the_chart() -> None:
    x = ["01.01.2024<br>★ 07.01 Рождество Христово", "15.01.2024"]
    cells = {"z": [[1, 2]], "text": [["4", "5"]], "customdata": [["ВК 4", "ВК 5"]]}
    rows = charts.figure_rows({"data": [{"type": "heatmap", "x": x, "y": ["Школа"], **cells}]})
    assert rows["x"].tolist() == ["01.01.2024", "15.01.2024"]
    assert rows["note"].tolist() == ["ВК 4 ★ 07.01 Рождество Христово", "ВК 5"]


def test_of_very_many_weeks_not_each_is_named_but_each_holiday_has_its_star() -> None:
    first = Week.parse("2023-W01")
    axis = WeekAxis(tuple(first.shifted(number) for number in range(104)))
    assert sum(any(letter.isdigit() for letter in head) for head in axis.heads) == 52
    assert sum("★" in head for head in axis.heads) == sum(bool(told) for told in axis.holidays) > 10


def test_an_account_that_was_not_read_stands_apart_and_not_at_zero() -> None:
    counts = pd.DataFrame(
        {"own_count": [0, 4, 0, 1], "unknown_count": [0, 0, 0, 0], "is_complete": [True, True, False, False]}
    )
    unclear = pd.DataFrame({"own_count": [0], "unknown_count": [5], "is_complete": [True]})
    assert "не известно" in charts.distribution(unclear, 3, "Публикации").layout.annotations[0].text
    read, unread = charts.distribution(pd.concat([counts, unclear]), 3, "Публикации").data
    assert dict(zip(read.x, read.y, strict=True)) == {0: 1, 4: 1} | dict.fromkeys((1, 2, 3, 5, 6, 7, 8), 0)
    assert (list(unread.x), list(unread.y)) == ([-2], [3])
    assert "не известно" in unread.hovertemplate


def test_where_the_norm_is_the_institutions_weeks_are_held_against_its_sum(tmp_path: Path) -> None:
    home = tmp_path / "data"
    shutil.copytree(SAMPLE, home)
    (home / "order").mkdir()
    shipped = Path(clauses.__file__).parent
    shutil.copytree(shipped / "texts", home / "order" / "texts")
    text = (shipped / "clauses.toml").read_text(encoding="utf-8")
    assert 'unit = "account"' in text
    (home / "order" / "clauses.toml").write_text(
        text.replace('unit = "account"', 'unit = "institution"'), encoding="utf-8"
    )
    judged = kirovlib.judge("2024-06", data=home)
    findings = judged.findings[judged.findings["clause"] == "posts_per_week"]
    told = findings.set_index(["account_id", "period_start"])["verdict"]
    weeks = kirovlib.posting_weeks(judged).set_index(["account_id", "week_start"])
    for word, met in (("passed", True), ("failed", False)):
        assert set(told.index[told == word]) == set(weeks.index[weeks["is_met"].eq(met).fillna(value=False)])
