"""A lake and register of any size in the real layout, made by arithmetic: nobody's posts, no sandbox, minutes at most.

Each account has 0 to 12 posts a week (6 on average) of an even chance, in order of `posted_at`; of the posts a quarter
are reposts, of 1 % it is not known, 2 % are visitors', 3 % ads, 0.5 % have vanished, 1 % were seen late. Everything
comes out of a hash of account, week and post, so the same arguments give the same rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from kirovlib import registry, tables
from kirovlib.collect.runs import BATCH
from kirovlib.lake import durable
from kirovlib.lake.parts import Part, table_file
from kirovlib.registry import Register
from kirovlib.weeks import Period, Week

FIRST_WEEK = Week.parse("2025-W01")
PART = Part("r1", 1, 1)
ACCOUNTS_AT_ONCE = 32 * BATCH  # about a million posts of a year

_POSTS = """
    WITH weeks AS (
        SELECT id // $weeks AS account, id % $weeks AS week, hash(id, $seed) % 13 AS amount,
               $first_week + week * 604800 AS starts, to_timestamp(starts + 637200)::TIMESTAMPTZ AS collected_at,
               account_of(account) AS account_id, sha256(concat(account, ' ', week // 3)) AS raw_sha256
        FROM range($first * $weeks, $until * $weeks) AS ids(id)
    ),
    counted AS (SELECT *, CAST(unnest(range(amount::BIGINT)) AS BIGINT) AS place FROM weeks),
    chance AS (SELECT *, hash(account, week, place, $seed) AS luck, week * 16 + place + 1 AS number FROM counted)
    SELECT account_id,
           number::VARCHAR AS post_id,
           to_timestamp(starts + (place * 1000 + luck % 1000) * 604800 // (amount::BIGINT * 1000)) AS posted_at,
           (luck >> 10) % 100 >= 2 AS own,
           CASE (luck >> 17) % 100 WHEN 99 THEN NULL ELSE (luck >> 17) % 100 < 25 END AS is_repost,
           CASE WHEN is_repost THEN 'https://vk.com/wall-1_' || luck % 1000 END AS reposted_from_url,
           CASE (luck >> 24) % 100 WHEN 99 THEN NULL ELSE (luck >> 24) % 100 < 3 END AS is_ad,
           false AS is_pinned,
           CASE WHEN (luck >> 31) % 50 = 0 THEN posted_at + INTERVAL 1 HOUR END AS edited_at,
           CASE WHEN own THEN 'Новость ' || luck % 1000000 || ': школа приглашает' END AS text,
           address_of(account) || '/' || post_id AS url,
           CASE WHEN (luck >> 38) % 100 = 0 THEN collected_at + INTERVAL 21 DAY ELSE collected_at END AS observed_at,
           observed_at AS last_seen_at,
           CASE WHEN (luck >> 45) % 200 = 0 THEN observed_at + INTERVAL 7 DAY END AS missed_at,
           1::BIGINT AS version, raw_sha256, 'r1' AS run_id, 1::BIGINT AS batch
    FROM chance
"""


@dataclass(frozen=True)
class World:
    """What there is to be made.

    Attributes:
        accounts: How many; one institution each.
        weeks: How many, from the first ISO week of 2025.
        mixed: Half of the accounts on VK, 30 % on Odnoklassniki, 20 % on Telegram; else VK only.
        snapshots: Whether each account's page was read after each week.
    """

    accounts: int
    weeks: int = 52
    seed: int = 1
    mixed: bool = False
    snapshots: bool = False

    @property
    def period(self) -> Period:
        """All its weeks."""
        return Period("2025", tuple(FIRST_WEEK.shifted(number) for number in range(self.weeks)))

    def write(self, data: Path) -> None:
        """Write `registry/` and `lake/` into a folder."""
        chance = np.random.default_rng(self.seed)
        register = self._register(chance)
        registry.write(data / "registry", register)
        lake = data / "lake"
        moment = self.period.ends_at + timedelta(hours=9)
        run = {
            "run_id": PART.run_id,
            "started_at": moment,
            "finished_at": moment,
            "source": "network",
            "window_from": self.period.starts_at,
            "window_until": self.period.ends_at,
            "account_count": self.accounts,
            "request_count": self.accounts,
        }
        _write(lake / "runs" / "r1.parquet", tables.Runs, pd.DataFrame([run]))
        self._write_posts(table_file(lake, "posts", PART))
        _write(table_file(lake, "post_metrics", PART), tables.PostMetrics, pd.DataFrame())
        pages = self._snapshots(register, chance) if self.snapshots else pd.DataFrame()
        _write(table_file(lake, "profile_snapshots", PART), tables.ProfileSnapshots, pages)
        _write(table_file(lake, "coverage", PART), tables.Coverage, self._coverage(register, chance))

    def _write_posts(self, file: Path) -> None:
        schema = tables.to_arrow(tables.Posts, pd.DataFrame()).schema
        step = ACCOUNTS_AT_ONCE
        file.parent.mkdir(parents=True, exist_ok=True)
        with (
            duckdb.connect() as connection,
            ThreadPoolExecutor(1) as other,
            pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer,
        ):
            connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
            ok, telegram = self._borders()
            for name, heads in (
                ("account_of", ("ok:", "telegram:", "vk:")),
                ("address_of", ("https://ok.ru/group/", "https://t.me/kirov", "https://vk.com/wall-")),
            ):
                network = f"CASE WHEN number < {ok} THEN 1 WHEN number < {telegram} THEN 2 ELSE 3 END"
                connection.execute(f"CREATE MACRO {name}(number) AS {list(heads)}[{network}] || (100000001 + number)")

            def rows(first: int) -> Any:
                bounds = {"first": first, "until": min(first + step, self.accounts)}
                asked = {"weeks": self.weeks, "seed": self.seed, "first_week": int(FIRST_WEEK.starts_at.timestamp())}
                return connection.sql(_POSTS, params=asked | bounds).to_arrow_table()

            coming = other.submit(rows, 0)  # made while the rows before are written
            for first in range(step, self.accounts + step, step):
                made = coming.result()
                if first < self.accounts:
                    coming = other.submit(rows, first)
                for group in _by_batch(made.cast(schema)):
                    writer.write_table(group)

    def _borders(self) -> tuple[int, int]:
        """How many accounts come before the first on Telegram and on VK, as text is sorted."""
        return (self.accounts * 3 // 10, self.accounts // 2) if self.mixed else (0, 0)

    def _register(self, chance: Any) -> Register:
        number = np.arange(self.accounts)
        twelve = 102_990_000_000 + number
        ogrn = pd.Series(twelve).astype("str") + pd.Series(twelve % 11 % 10).astype("str")
        place = chance.permutation(number) % 10
        kind = np.select(
            [place < 7, place < 8, place < 9],
            ["subordinate", "executive_authority", "state_participation"],
            "other",
        )
        founders = ogrn[kind == "executive_authority"].to_numpy()
        founder = pd.Series(founders[number % len(founders)]).where(kind == "subordinate")
        status = pd.Series(np.where(chance.random(self.accounts) < 0.01, "Ликвидация", ""))
        institutions = pd.DataFrame(
            {
                "institution_id": ogrn,
                "name": "Школа № " + ogrn,
                "short_name": "Школа",
                "kind": kind,
                "status": status.where(status != ""),
                "founder_id": founder,
                "ogrn": ogrn,
            }
        )
        ok, telegram = self._borders()
        platform = pd.Series(np.select([number < ok, number < telegram], ["ok", "telegram"], "vk"))
        own_number = pd.Series(100_000_001 + number).astype("str")
        accounts = pd.DataFrame(
            {
                "account_id": platform + ":" + own_number,
                "platform_id": own_number,
                "institution_id": ogrn,
                "platform": platform,
                "url": "https://example.org/" + platform + "/" + own_number,
                "opened_on": self._some_days(chance, 0.05),
                "closed_on": self._some_days(chance, 0.02),
            }
        )
        # Opened and closed in the wrong order would be another bench.
        accounts.loc[accounts["opened_on"].notna(), "closed_on"] = pd.NaT
        return Register(tables.validate(tables.Institutions, institutions), tables.validate(tables.Accounts, accounts))

    def _some_days(self, chance: Any, share: float) -> pd.Series:
        days = pd.Timestamp(FIRST_WEEK.start) + pd.to_timedelta(
            chance.integers(0, 7 * self.weeks, self.accounts), unit="D"
        )
        return pd.Series(days.astype("datetime64[us]")).where(chance.random(self.accounts) < share)

    def _coverage(self, register: Register, chance: Any) -> pd.DataFrame:
        whole = chance.random(self.accounts) >= 0.02
        until = pd.Timestamp(self.period.ends_at)
        stopped = until - pd.to_timedelta(chance.integers(1, 1 + self.weeks, self.accounts), unit="W")
        return pd.DataFrame(
            {
                "account_id": register.accounts["account_id"],
                "run_id": PART.run_id,
                "covered_from": pd.Timestamp(self.period.starts_at),
                "covered_until": pd.Series(stopped).mask(whole, until),
                "outcome": np.where(whole, "collected", "partial"),
                "reason": np.where(whole, "", "no_answer"),
                "reached_end": chance.random(self.accounts) < 0.05,
                "batch": PART.last,
            }
        )

    def _snapshots(self, register: Register, chance: Any) -> pd.DataFrame:
        """By account and week; menus are VK's, the mark «Госорганизация» Odnoklassniki's."""
        rows = register.accounts.loc[register.accounts.index.repeat(self.weeks)].reset_index(drop=True)
        monday = [
            datetime.combine(week.until, time(6), UTC).replace(tzinfo=UTC) for week in self.period.weeks
        ] * self.accounts
        vk, ok = rows["platform"] == "vk", rows["platform"] == "ok"
        # An account keeps its menu, one in twenty changes it from week to week.
        own_choice = chance.integers(0, 10, self.accounts).repeat(self.weeks)
        choice = np.where(chance.random(len(rows)) < 0.05, chance.integers(0, 10, len(rows)), own_choice)
        menus = [
            tables.to_json(_menu(int(number), str(ogrn))) if on_vk else None
            for number, ogrn, on_vk in zip(choice, rows["institution_id"], vk, strict=True)
        ]
        return pd.DataFrame(
            {
                "account_id": rows["account_id"],
                "platform_id": rows["platform_id"],
                "collected_at": pd.Series(monday),
                "name": "Школа",
                "description": "Официальная страница",
                "has_avatar": True,
                "subscriber_count": chance.integers(10, 10_000, len(rows)),
                "government_mark": pd.Series(chance.random(len(rows)) < 0.9, dtype="boolean").where(ok),
                "menu": pd.Series(menus, dtype="object"),
                "links": pd.Series("[]", index=rows.index).where(vk),
                "action_button": pd.Series("[]", index=rows.index).where(vk),
                "status": "live",
                "raw_sha256": "0" * 64,
                "run_id": PART.run_id,
                "batch": PART.last,
            }
        )


def _by_batch(posts: Any) -> Iterator[Any]:
    """Row groups as the merge of a run's batches leaves them: of so many accounts each."""
    account = posts["account_id"].combine_chunks()
    starts = account.dictionary_encode()  # in order, so that codes grow
    codes = starts.indices.to_numpy()
    bounds = [*np.searchsorted(codes, np.arange(0, codes[-1] + 1, BATCH)), len(codes)]
    for first, until in itertools.pairwise(bounds):
        yield posts.slice(first, until - first)


def _menu(choice: int, ogrn: str) -> list[dict[str, str]]:
    """A menu with right links (0-5), or damaged (6 broken, 7 misspelt, 8 elsewhere) or none (9)."""
    number = int(ogrn[3:12])
    campaign = f"utm_medium=33&utm_campaign={ogrn}"
    form = {
        6: f"https://pos.gosuslugi.ru/f?opaId={number}&utm_source=vk&{campaign}",
        7: f"https://pos.gosuslugi.ru/form/?opald={number}&utm_source=vk&{campaign}",
        8: "https://clck.ru/33abcd",
    }.get(choice, f"https://pos.gosuslugi.ru/form/?opaId={number}&utm_source=vk&{campaign}")
    surveys = {
        6: f"https://pos.gosuslugi.ru/og/org%20activities?reg_code=33&utm_source=vk1&{campaign}",
        7: f"https://pos.gosuslugi.ru/og/org-activities?mun_code=3370&utm_source=vk1&{campaign}",
    }.get(choice, f"https://pos.gosuslugi.ru/og/org-activities?reg_code=33&utm_source=vk1&{campaign}")
    portal = [("Сообщить о проблеме", "other", form), ("Высказать мнение", "other", surveys)]
    app = [("Госуслуги", "app", "https://vk.com/app8181405?ref=group_menu")]
    plain = [("Фотоальбомы", "photo_album", f"https://vk.com/albums-{number}")]
    items = (portal if choice < 9 else []) + (app if choice % 2 else []) + plain
    return [{"title": title, "type": kind, "url": url} for title, kind, url in items]


def _write(file: Path, table: type[tables.Table], frame: pd.DataFrame) -> None:
    durable.write_parquet(file, tables.to_arrow(table, frame), "bench")
