"""The card of an institution: everything the period says of it, and what it should do until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from kirovlib import russian
from kirovlib.order import changes, ledger, method, wording
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
            As `wording.named`, and weeks_name (how many weeks in a row a breach lasts, «3» or «11 и больше»; blank
            where the weeks before were not loaded), quote and reference (the words of the order).
        """
        rows = wording.named(self.judged).assign(weeks_name=self._streaks())
        words = method.quotations(self.judged)
        words = words.drop_duplicates("clause", keep="last").set_index("clause") if len(words) else words
        for name in ("quote", "reference"):
            rows[name] = rows["clause"].map(words[name]) if len(words) else ""
        rank = rows["verdict"].map({word: place for place, word in enumerate(VERDICTS)})
        return rows.assign(rank=rank).sort_values("rank", kind="stable").drop(columns="rank").reset_index(drop=True)

    @cached_property
    def todo(self) -> pd.DataFrame:
        """What to do: breaches first, then what is doubtful and can be mended.

        Returns:
            verdict, clause_name, url, platform_name, what (Russian), who (учреждение or those who keep the register),
            until (local date, inclusive).
        """
        rows = self.verdicts[self.verdicts["verdict"].isin(["failed", "cannot_tell"])]
        weekly = rows["reason"] == "below_norm"
        what = rows["repair"].fillna("").astype(object)
        what[weekly] = [f"Каждую неделю — {expected}. {_PAST_WEEK}" for expected in rows.loc[weekly, "expected"]]
        by_register = rows["clause"].isin([each.key for each in self.judged.clauses if each.measured_on in _REGISTERS])
        in_register = by_register & (rows["verdict"] == "cannot_tell")
        who = in_register.map({True: "кто ведёт реестр", False: "учреждение"})
        rows = rows.assign(what=what, who=who, until=pd.Timestamp(self.mend_by))
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

    @property
    def weeks(self) -> pd.DataFrame:
        """Table WeeklyCounts of its accounts, all weeks loaded."""
        return self.judged.weekly_counts

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """Table ProfileSnapshots: of each account the page that judges the period; accounts without one are missing."""
        rows = self.judged.profiles
        rows = rows[rows["account_id"].isin(self.accounts["account_id"])].sort_values(["account_id", "collected_at"])
        return rows.drop_duplicates("account_id", keep="last").reset_index(drop=True)

    @property
    def contest(self) -> list[str]:
        """How to contest a verdict, one sentence an item."""
        week = self.judged.period.weeks[-1].label
        return [
            f"Возразить можно до {russian.dated(self.mend_by)}: ответьте тому, кто прислал карточку, и назовите "
            "аккаунт, пункт и период.",
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
        return pd.Series(told, index=findings.index).where(findings["verdict"] == "failed", "")


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
