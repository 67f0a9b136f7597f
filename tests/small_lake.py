"""Small hand-made lakes and registers for tests of counts and verdicts; no HTTP."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from kirovlib import registry, tables
from kirovlib.lake import Batch, Lake
from kirovlib.order.evaluate import judge
from kirovlib.registry import Register, Side
from kirovlib.weeks import Period

KIROV = ZoneInfo("Europe/Kirov")
W20, W21, W22, W23 = (datetime(2024, 5, day, tzinfo=KIROV) for day in (13, 20, 27, 27))
W23 += timedelta(days=7)
OGRN, OTHER_OGRN = "1022800520060", "1022800524647"
# The registers beside the register, in the order of `registry.Side`.
SIDE = {
    "exemptions": tables.Exemptions,
    "decisions": tables.Decisions,
    "acknowledgements": tables.Acknowledgements,
    "manual_checks": tables.ManualChecks,
}


def at(text: str) -> datetime:
    """A moment of Kirov: `20.05 12:00` of 2024."""
    return datetime.strptime(f"2024.{text}", "%Y.%d.%m %H:%M").replace(tzinfo=KIROV)


def write_order(home: Path, text: str) -> None:
    """An order of a data folder's own."""
    file = home / "order" / "clauses.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


class Small:
    """One institution `1` with the account `vk:a` to begin with; weeks W21 to W23 asked for."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.lake = Lake(home / "lake")
        self.institutions: list[dict[str, Any]] = []
        self.accounts: list[dict[str, Any]] = []
        self.beside: dict[str, list[dict[str, Any]]] = {name: [] for name in SIDE}
        self.until = W23
        self.batch = Batch()
        self._ids = 0
        self._judged: dict[Any, pd.DataFrame] = {}
        self.institution("1", ogrn=OGRN)
        self.account("vk:a")

    def institution(self, key: str, **cells: Any) -> None:
        self.institutions = [row for row in self.institutions if row["institution_id"] != key]
        self.institutions.append({"institution_id": key, "name": f"Institution {key}", "kind": "subordinate"} | cells)

    def account(self, key: str, institution: str = "1", **cells: Any) -> None:
        self.accounts = [row for row in self.accounts if row["account_id"] != key]
        platform = key.partition(":")[0]
        row = {"account_id": key, "institution_id": institution, "platform": platform, "url": f"https://{key}.test"}
        self.accounts.append(row | cells)

    def post(self, moment: str | datetime, account: str = "vk:a", **cells: Any) -> None:
        posted_at = at(moment) if isinstance(moment, str) else moment
        self._ids += 1
        seen = cells.pop("seen", posted_at + timedelta(hours=1))
        row = {
            "account_id": account, "post_id": str(self._ids), "posted_at": posted_at, "own": True, "is_repost": False,
            "url": f"https://{account}.test/{self._ids}", "observed_at": seen, "last_seen_at": seen, "version": 1,
        }  # fmt: skip
        self.batch.posts.append(row | cells)

    def posts(self, count: int, week: datetime = W21, account: str = "vk:a", **cells: Any) -> None:
        for number in range(count):
            self.post(week + timedelta(days=number % 7, hours=12), account, **cells)

    def covered(
        self, start: datetime | None = W20, end: datetime | None = W23, account: str = "vk:a", **cells: Any
    ) -> None:
        row = {"account_id": account, "covered_from": start, "covered_until": end, "outcome": "collected"}
        self.batch.coverage.append(row | {"reached_end": False} | cells)

    def snapshot(
        self, menu: list[tuple[str, str]] | None = None, moment: str | datetime = "28.05 12:00",
        account: str = "vk:a", **cells: Any,
    ) -> None:  # fmt: skip
        row = {
            "account_id": account,
            "collected_at": at(moment) if isinstance(moment, str) else moment,
            "status": "live",
        }
        items = None if menu is None else json.dumps([{"title": title, "url": url, "type": ""} for title, url in menu])
        self.batch.profile_snapshots.append(row | {"menu": items, "links": None, "action_button": None} | cells)

    def store(self, run_id: str = "r1") -> Lake:
        with self.lake.writer() as writer:
            writer.commit(run_id, self.batch)
            writer.record_run(
                {"run_id": run_id, "started_at": self.until, "source": "network", "window_from": W20,
                 "window_until": self.until, "account_count": len(self.accounts), "request_count": 1}
            )  # fmt: skip
        self.batch, self._judged = Batch(), {}
        institutions = tables.validate(tables.Institutions, pd.DataFrame(self.institutions))
        accounts = tables.validate(tables.Accounts, pd.DataFrame(self.accounts))
        registry.write(self.home / "registry", Register(institutions, accounts))
        side = (tables.validate(table, pd.DataFrame(self.beside[name])) for name, table in SIDE.items())
        registry.write_side(self.home / "registry", Side(*side))
        return self.lake

    def findings(self, clause: str = "posts_per_week", period: str = "2024-W21") -> dict[str, tuple[str, str, str]]:
        """Verdict, reason and note by account."""
        rows = self.rows(clause, period)
        return {row["account_id"]: (row["verdict"], row["reason"], row["note"]) for row in rows}

    def rows(self, clause: str = "posts_per_week", period: str | Period = "2024-W21") -> list[dict[str, Any]]:
        if self.batch.coverage or self.batch.posts or self.lake.is_empty():
            self.store()
        own = self.home / "order" / "clauses.toml"
        key = (period, own.read_text(encoding="utf-8") if own.exists() else "")  # tests put another order there
        if key not in self._judged:
            self._judged[key] = judge(period, self.home).findings
        found = self._judged[key]
        found = found[found["clause"] == clause].astype(object)
        return [
            {str(key): cell for key, cell in row.items()} for row in found.where(found.notna(), "").to_dict("records")
        ]
