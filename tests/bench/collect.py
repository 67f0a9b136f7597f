"""How quick and how large a collection is: 2,100 VK accounts, a week's posts, from the sandbox over HTTP.

    python tests/bench/collect.py [--only service,user,unpaced,memory]

Every row is measured in one run, each collection in a process of its own, the sandbox in another. Times are of
`collect` itself, without the start of Python. Ratios are what counts: machines are shared and noisy.

- service, user: at VK's pace of 3 requests a second, against the time that the requests alone must take.
- unpaced: without the pace, against the plain way (one `wall.get` after the other with httpx, one Parquet at the end).
- memory: the largest resident size at 525, 2,100 and 8,400 accounts.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

from kirovlib.collect import collect
from kirovlib.platforms.base import Window
from kirovlib.settings import Settings
from kirovlib.weeks import last_full_week

ACCOUNTS = 2100
PER_SECOND = 3.0
WALLS_PER_EXECUTE, GROUPS_PER_CALL = 25, 500


def main() -> None:
    """The table, or one of the processes it is made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="unpaced,memory,user,service")
    parser.add_argument("--serve", nargs=3, metavar=("ACCOUNTS", "LIMITS", "FOLDER"))
    parser.add_argument("--child", metavar="JSON")
    chosen = parser.parse_args()
    if chosen.serve:
        serve(int(chosen.serve[0]), Path(chosen.serve[2]), limits=chosen.serve[1] == "limits")
    elif chosen.child:
        print(json.dumps(child(**json.loads(chosen.child))))  # noqa: T201 - to the parent
    else:
        rows = {"unpaced": unpaced, "memory": memory, "user": user, "service": service}
        for name in chosen.only.split(","):
            for line in rows[name]():
                print(line, flush=True)  # noqa: T201 - the table


def unpaced() -> Iterator[str]:
    """Without the pace, both kinds of token, and the plain way."""
    with sandbox(ACCOUNTS, limits=False) as network:
        plain = measured(**network, way="plain")
        for kind in ("service", "user"):
            ours = measured(**network, kind=kind)
            yield (
                f"unpaced {kind}: {ours['accounts'] / ours['seconds']:.0f} accounts/s (aim >= 300), "
                f"{ours['seconds'] / plain['seconds']:.2f} x the plain way's {plain['seconds']:.1f} s, "
                f"{ours['requests']} requests, {ours['posts']} posts (plain {plain['posts']}), {ours['megabytes']} MB"
            )


def memory() -> Iterator[str]:
    """Resident size by number of accounts."""
    for count in (ACCOUNTS // 4, ACCOUNTS, 4 * ACCOUNTS):
        with sandbox(count, limits=False) as network:
            ours = measured(**network, kind="user")
        yield f"memory {count} accounts: {ours['megabytes']} MB at most (limit 500), {ours['seconds']:.1f} s"


def user() -> Iterator[str]:
    """A user token at VK's pace."""
    least = math.ceil(ACCOUNTS / WALLS_PER_EXECUTE) + math.ceil(ACCOUNTS / GROUPS_PER_CALL)
    with sandbox(ACCOUNTS, limits=True) as network:
        ours = measured(**network, kind="user", per_second=PER_SECOND)
    yield (
        f"user token: {ours['requests']} requests = {ours['requests'] / least:.3f} x the least {least} (limit 1.05), "
        f"{ours['seconds']:.1f} s = {ours['seconds'] * PER_SECOND / ours['requests']:.3f} x requests / 3 s (limit 1.15)"
    )


def service() -> Iterator[str]:
    """A service token at VK's pace."""
    with sandbox(ACCOUNTS, limits=True) as network:
        ours = measured(**network, kind="service", per_second=PER_SECOND)
    yield (
        f"service token: {ours['requests']} requests, {ours['seconds']:.1f} s = "
        f"{ours['seconds'] * PER_SECOND / ours['requests']:.3f} x requests / 3 s (limit 1.10)"
    )


@contextmanager
def sandbox(count: int, *, limits: bool) -> Iterator[dict[str, Any]]:
    """The sandbox in a process of its own: its address, its moment, and the file with its accounts."""
    with tempfile.TemporaryDirectory(prefix="kirov-bench-") as folder:
        arguments = [sys.executable, __file__, "--serve", str(count), "limits" if limits else "none", folder]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as server:
            try:
                yield json.loads(server.stdout.readline() if server.stdout else "")
            finally:
                server.kill()


def serve(count: int, folder: Path, *, limits: bool) -> None:
    """Serve until killed."""
    from kirovlib.sandbox import Sandbox, build_world  # noqa: PLC0415 - not in the process that is measured

    world = build_world(institutions=count, weeks=1, networks=("vk",))
    world.accounts.head(count).to_csv(folder / "accounts.csv", index=False)
    told = {"accounts_csv": str(folder / "accounts.csv"), "now": world.now.isoformat()}
    with Sandbox(world, limits=limits) as server:
        print(json.dumps(told | {"url": server.vk_url}), flush=True)  # noqa: T201 - to the parent
        signal.pause()


def measured(**what: Any) -> dict[str, Any]:
    """What a child process measured of itself."""
    done = subprocess.run([sys.executable, __file__, "--child", json.dumps(what)], check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def child(
    url: str, accounts_csv: str, now: str, kind: str = "service", per_second: float = 0, way: str = "ours"
) -> dict[str, Any]:
    """One collection, measured."""
    accounts = pd.read_csv(accounts_csv, dtype="str")
    moment = datetime.fromisoformat(now)
    window = Window(last_full_week(moment).starts_at, moment)
    with tempfile.TemporaryDirectory(prefix="kirov-bench-") as folder:
        started = time.perf_counter()
        if way == "plain":
            requests, posts = plain_way(url, accounts, window, Path(folder))
        else:
            variables = {"VK_TOKEN": f"sandbox-{kind}", "KIROV_VK_URL": url}
            settings = Settings(Path(folder), variables, requests_per_second=per_second, clock=lambda: moment)
            summary = collect(settings, accounts, window, progress=False)
            requests, posts = summary.request_count, summary.post_count
        seconds = time.perf_counter() - started
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"seconds": seconds, "requests": requests, "posts": posts, "accounts": len(accounts), "megabytes": largest}


def plain_way(url: str, accounts: pd.DataFrame, window: Window, folder: Path) -> tuple[int, int]:
    """What one would write first: no profiles, no raw answers, no checkpoints, nothing in parallel."""
    rows: list[dict[str, Any]] = []
    border = window.starts_at.timestamp()
    with httpx.Client(headers={"Authorization": "Bearer sandbox-service"}) as client:
        for account_id in accounts["account_id"]:
            name = account_id.removeprefix("vk:")
            owner = {"owner_id": f"-{name}"} if name.isdigit() else {"domain": name}
            form = {**owner, "count": 30, "filter": "owner", "v": "5.199"}
            answer = client.post(url + "wall.get", data=form).json()
            posts = answer.get("response", {}).get("items", [])
            kept = ("id", "date", "text")
            rows += [
                {"account_id": account_id} | {key: post[key] for key in kept}
                for post in posts
                if post["date"] >= border
            ]
    pd.DataFrame(rows).to_parquet(folder / "posts.parquet")
    return len(accounts), len(rows)


if __name__ == "__main__":
    main()
