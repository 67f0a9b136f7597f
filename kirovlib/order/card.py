"""The card of an institution: everything the period says of it, and what it should do until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from kirovlib import russian
from kirovlib.order import changes, ledger, method, posting, wording, words
from kirovlib.order.evaluate import Judgement
from kirovlib.settings import ZONE
from kirovlib.tables import VERDICTS

MEND_DAYS = 14
_BEGINNING = 160
_PAST_WEEK = "За прошедшую неделю восполнить нельзя, важны следующие."
_REGISTERS = frozenset({"register", "institution", "decision"})  # what a person must find out and write down


@dataclass(frozen=True)
class Card:
    """One institution in a judged period.

    Attributes:
        judged: The judgement, narrowed to the institution.
        institution: Its row of the table Institutions, None where blank.
        mend_by: Until when to mend or contest (local date, inclusive): our proposal, the order names no term.
    """

    judged: Judgement
    institution: Mapping[str, Any]
    mend_by: date

    @property
    def institution_id(self) -> str:
        """Its key."""
        return str(self.institution["institution_id"])

    @property
    def name(self) -> str:
        """Its full name."""
        return str(self.institution["name"])

    @property
    def founder(self) -> str:
        """The founder's name, blank where the register names none."""
        return str(self.judged.facts.register.names.get(self.institution["founder_id"], ""))

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """Its rows of the table Accounts, in the order of the networks."""
        rows = self.judged.accounts[self.judged.accounts["institution_id"] == self.institution_id]
        rank = rows["platform"].map({platform: place for place, platform in enumerate(wording.PLATFORMS)})
        return rows.assign(rank=rank).sort_values(["rank", "account_id"]).drop(columns="rank").reset_index(drop=True)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """Its findings, the worst first.

        Returns:
            As `wording.named`, and week_name («08.07.2024», of findings on a week where the period has several),
            weeks_name (how many weeks up to the period's last a breach lasts, «3» or «11 и больше»; blank where the
            weeks before were not loaded), quote and reference (the words of the order).
        """
        rows = wording.named(self.judged).assign(weeks_name=self._streaks())
        weekly = rows["clause"].isin([each.key for each in self.judged.clauses if each.measured_on == "week"])
        days = rows["period_start"].dt.strftime("%d.%m.%Y")
        rows["week_name"] = days.where(weekly & (len(self.judged.period.weeks) > 1), "")
        words = method.quotations(self.judged)
        words = words.drop_duplicates("clause", keep="last").set_index("clause") if len(words) else words
        for name in ("quote", "reference"):
            rows[name] = rows["clause"].map(words[name]) if len(words) else ""
        rank = rows["verdict"].map({word: place for place, word in enumerate(VERDICTS)})
        return rows.assign(rank=rank).sort_values("rank", kind="stable").drop(columns="rank").reset_index(drop=True)

    @cached_property
    def todo(self) -> pd.DataFrame:
        """What to do: breaches first, then what is not established and could be.

        Returns:
            verdict, clause_name, url, platform_name, what (Russian), who (Russian), until (local date, inclusive;
            blank for what is no breach).
        """
        rows = self.verdicts[self.verdicts["verdict"].isin(["failed", "cannot_tell"])]
        failed, repair = rows["verdict"] == "failed", rows["repair"].fillna("").astype(object)
        what = repair.where(repair != "", rows["reason"].map(words.ADVICE).fillna("").astype(object))
        weekly = failed & (rows["reason"] == "below_norm")
        what[weekly] = [f"{_capital(expected)}. {_PAST_WEEK}" for expected in rows.loc[weekly, "expected"]]
        doubtful = ~failed & repair.str.startswith("http")
        what[doubtful] = [
            f"Откройте ссылку на странице; если она не работает, замените на {url}" for url in repair[doubtful]
        ]
        kept = rows["clause"].isin([each.key for each in self.judged.clauses if each.measured_on in _REGISTERS])
        theirs = failed | doubtful
        who = theirs.map({True: "учреждение", False: "кто готовит отчёт"}).mask(kept & ~failed, "кто ведёт реестр")
        rows = rows.assign(
            what=what, who=who, until=pd.Series(pd.Timestamp(self.mend_by), index=rows.index).where(failed)
        )
        rows = rows[rows["what"] != ""].drop_duplicates(["clause", "account_id", "what"])
        columns = ["verdict", "clause_name", "url", "platform_name", "what", "who", "until"]
        return rows[columns].reset_index(drop=True)

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """Every post of the period.

        Returns:
            As `ledger.post_ledger`, and platform_name, posted («08.07.2024 09:15», time of Kirov), beginning (of the
            text).
        """
        rows = ledger.post_ledger(self.judged, list(self.accounts["account_id"]))
        platforms = self.accounts.set_index("account_id")["platform"]
        text = rows["text"].fillna("").astype("str").str.split().str.join(" ")
        return rows.assign(
            platform_name=rows["account_id"].map(platforms).map(wording.PLATFORMS),
            posted=rows["posted_at"].dt.tz_convert(ZONE).dt.strftime("%d.%m.%Y %H:%M"),
            beginning=text.where(text.str.len() <= _BEGINNING, text.str.slice(0, _BEGINNING) + "…"),
        )

    @property
    def minimum_posts(self) -> int:
        """The norm of clause 3.1 at the period's end (before the first edition, the first one's).

        Raises:
            ClausesError: The order has no such clause.
        """
        clause = self.judged.clause("posts_per_week")
        edition = clause.edition_on(self.judged.period.until - timedelta(days=1)) or clause.editions[0]
        return int(edition.parameters["minimum_posts"])

    @cached_property
    def weeks(self) -> pd.DataFrame:
        """Table WeeklyCounts of its accounts, all weeks loaded.

        Returns:
            The table, and concerned, in_force (bool), is_met (blank where it cannot be told), see `posting_weeks`.

        Raises:
            ClausesError: The order has no clause on posts.
        """
        key = ["account_id", "week_start"]
        held = posting.posting_weeks(self.judged)[[*key, "in_force", "is_met"]].assign(concerned=True)
        rows = self.judged.weekly_counts.merge(held, on=key, how="left")
        for name in ("concerned", "in_force"):
            rows[name] = rows[name].astype("boolean").fillna(value=False).astype(bool)
        return rows

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """Of each account the page that judges the period; accounts without one are missing.

        Returns:
            Table ProfileSnapshots, and has_no_menu (bool: the network answers for menus and showed none).
        """
        snapshots = self.judged.facts.judging(self.judged.period)
        rows = self.judged.profiles
        rows = rows[rows["account_id"].isin(self.accounts["account_id"])].sort_values(["account_id", "collected_at"])
        rows = rows.drop_duplicates("account_id", keep="last").reset_index(drop=True)
        is_vk = rows["account_id"].str.startswith("vk:") & rows["menu"].isna()
        told = [
            snapshots.menu_silence({str(name): cell for name, cell in row.items()}) for row in rows.to_dict("records")
        ]
        return rows.assign(has_no_menu=is_vk & (pd.Series(told, index=rows.index, dtype=object) == ""))

    @property
    def contest(self) -> list[str]:
        """How to contest a verdict, one sentence an item."""
        week = self.judged.period.weeks[-1].label
        return [
            f"Просим ответить до {russian.dated(self.mend_by)} (срок предложен отчётом, распоряжение его не называет) "
            "тому, кто прислал карточку: назовите аккаунт, пункт и период.",
            "Приложите то, что можно проверить: адрес публикации, которой нет в журнале ниже, или снимок страницы, на "
            "котором видны дата и адрес.",
            "Возражение вносят в manual_checks.csv (contested) вместе с ответом. Оно видно в отчёте рядом с выводом; "
            "измеренное не переписывается.",
            "Доказательства — сохранённые ответы сети с контрольными суммами SHA-256 — выдаёт команда "
            f"kirov evidence АККАУНТ --week {week} --out доказательства.zip.",
        ]

    def _streaks(self) -> pd.Series:
        """Weeks in a row of each finding of the judgement, in its order."""
        findings = self.judged.findings
        none = pd.Series("", index=findings.index)
        if not self.judged.knows_before() or findings.empty:
            return none
        moved = changes.named_changes(self.judged)
        found = dict(
            zip(
                zip(moved["clause"], moved["account_id"], moved["what"], strict=True),
                moved["weeks_name"],
                strict=True,
            )
        )
        decisions = {clause.key for clause in self.judged.clauses if clause.measured_on == "decision"}
        keys = zip(findings["clause"], findings["account_id"].fillna(""), findings["measured"], strict=True)
        told = [found.get((clause, account, what if clause in decisions else ""), "") for clause, account, what in keys]
        last = findings["period_end"] == findings["period_end"].max()  # of several weeks the streak ends with the last
        return pd.Series(told, index=findings.index).where((findings["verdict"] == "failed") & last, "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def card(judged: Judgement, institution_id: str, *, mend_days: int = MEND_DAYS) -> Card:
    """The card of an institution.

    Args:
        judged: The judgement; weeks before the period (`past_weeks`) show where things come from.
        institution_id: Its key in the register.
        mend_days: So many days after the period's end to mend or contest.

    Raises:
        ParameterError: The register has no such institution; the message names those that are like it.

    Example:
        >>> from kirovlib.order.evaluate import judge
        >>> shown = card(judge("2024-W28", data="data/sample"), "1029900050003")
        >>> shown.mend_by.isoformat(), set(shown.verdicts["institution_id"])
        ('2024-07-28', {'1029900050003'})
    """
    narrowed = judged.of_institution(institution_id)
    last_day = judged.period.until - timedelta(days=1)
    row = judged.facts.register.institution(institution_id)
    return Card(narrowed, row, last_day + timedelta(days=mend_days))
