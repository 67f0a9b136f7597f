"""What the emulated region keeps beside its register: exemptions, decisions of the working group, manual checks.

Whom they concern is chosen from the finished world, by place and by a random source of their own, so that nothing of
it changes. A world of fewer than `SMALLEST_WORLD` institutions has none of them.
"""

# ruff: noqa: S311 - a made-up world, nothing in it is a secret

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

import pandas as pd

from kirovlib.registry import Side
from kirovlib.sandbox.judgement import Planned
from kirovlib.sandbox.members import Member
from kirovlib.sandbox.names import Body
from kirovlib.sandbox.truth import Judged
from kirovlib.tables import Acknowledgements, Decisions, Exemptions, ManualChecks, validate
from kirovlib.weeks import Week

SMALLEST_WORLD = 24
ADDRESSEES = 5  # of each decision
ACTS = (
    "Распоряжение Нигдейского губернатора от 09.01.2024 № 7 (вымышленное)",
    "Приказ о ремонте зеркал от 28.05.2024 № 12 (вымышленный)",
    "Приказ об отсрочке опросов от 27.05.2024 № 15 (вымышленный)",
)
DECISION_TEXTS = (
    "Завести рубрику «Вопрос — ответ» и отвечать в ней жителям (вымышленное решение)",
    "Назначить ответственного за официальные аккаунты (вымышленное решение)",
    "Рассказать о летних праздниках с фотографиями (вымышленное решение)",
)
MINUTES, REPORT = "Протокол рабочей группы (вымышленный)", "Отчёт учреждения (вымышленный)"
CHECKED_BY = "Аналитик А. А. Вымышленная"
PROOF = "https://example.org/proof/{number}.png"
ANSWER = (
    "Учреждение возражает: третья публикация вышла, но удалена по ошибке. Снимка её нет, вывод оставлен (вымышлено)."
)
# Of each addressee of a decision: whether it was done, and the day that became known, counted from the Monday of the
# last full week. A day past 6 is one that the last full week does not know of.
_DONE: tuple[tuple[tuple[bool | None, int], ...], ...] = (
    ((True, -18), (False, -11), (True, 2), (None, 0), (False, 3)),
    ((None, 0), (True, -4), (False, 3), (True, 7), (None, 0)),
    ((True, 4), (None, 0), (False, 5), (None, 0), (True, 6)),
)
# Accounts that cannot be read, or did not live through all weeks, tell nothing about an exemption.
_OUT_OF_SIGHT = frozenset(
    {
        *("closed_wall", "gone", "opened_in_week", "short_wall", "account_closed", "closed_body"),
        *("ok_closed", "ok_dropped", "ok_short", "telegram_missing", "telegram_group", "telegram_short"),
    }
)


def side_registers(planned: Planned, verdicts: Sequence[Mapping[str, str]], seed: int) -> Side:
    """The registers beside the register of a world; the one of acknowledgements stays empty.

    Args:
        planned: The world's plan.
        verdicts: Rows of `World.verdicts`: whose verdicts are such that a person would check them.
        seed: The world's seed.
    """
    is_large = len(planned.bodies) >= SMALLEST_WORLD
    exempt = list(_exemptions(planned)) if is_large else []
    named = {str(value) for row in exempt for value in (row["institution_id"], row["account_id"]) if value}
    decided = list(_decisions(planned, named, seed)) if is_large else []
    checked = list(_manual_checks(planned, named, verdicts)) if is_large else []
    return Side(
        exemptions=validate(Exemptions, pd.DataFrame(exempt)),
        decisions=validate(Decisions, pd.DataFrame(decided)),
        acknowledgements=validate(Acknowledgements, pd.DataFrame()),
        manual_checks=validate(ManualChecks, pd.DataFrame(checked)),
    )


def _exemptions(planned: Planned) -> Iterator[dict[str, Any]]:
    """An institution from everything, an account from posts for some weeks, an institution from one clause."""
    last = planned.window[-1]
    ordinary = _ordinary(planned)
    with_vk = [accounts for accounts in ordinary[2:] if isinstance(accounts[0], Member)]
    for accounts in ordinary[:1]:
        yield _exemption("*", ACTS[0], planned.window[0].shifted(-4).start, None, institution=accounts[0].body)
    for accounts in ordinary[1:2]:
        until = _day(last, 7 * -2 + 2)
        yield _exemption("posts_per_week", ACTS[1], last.shifted(-5).start, until, account=accounts[0])
    for accounts in with_vk[:1]:
        first, until = last.shifted(-6).start, _day(last, 6 + 10)
        yield _exemption("vk_voice_opinion", ACTS[2], first, until, institution=accounts[0].body)


def _exemption(
    clause: str, act: str, first: date, until: date | None, *, institution: Body | None = None, account: Any = None
) -> dict[str, Any]:
    return {
        "institution_id": institution.institution_id if institution else None,
        "account_id": account.account_id if account else None,
        "clause": clause,
        "exempt_from": _stamp(first),
        "exempt_until": _stamp(until),
        "act": act,
    }


def _decisions(planned: Planned, exempt: set[str], seed: int) -> Iterator[dict[str, Any]]:
    """Three: from before the window, from two weeks before the last full one, and from that one.

    The first institution is addressed by all of them.
    """
    last = planned.window[-1]
    days = (_day(last.shifted(-max(len(planned.window), 3)), 2), _day(last, 7 * -2 + 1), _day(last, 1))
    bodies = [
        body.institution_id
        for body in planned.bodies
        if body.kind in {"executive_authority", "subordinate"}
        and body.institution_id not in planned.closed
        and body.institution_id not in exempt
    ]
    random = Random(f"{seed}:side:decisions")
    for number, (decided_on, text, done) in enumerate(zip(days, DECISION_TEXTS, _DONE, strict=True), 1):
        others = sorted(random.sample(range(1, len(bodies)), min(ADDRESSEES, len(bodies)) - 1))
        for place, (is_done, known) in zip([0, *others], done, strict=False):
            yield {
                "decision_id": f"{number}/{decided_on.year}",
                "institution_id": bodies[place],
                "decided_on": _stamp(decided_on),
                "text": text,
                "done": is_done,
                "done_on": None if is_done is None else _stamp(_day(last, known)),
                "source": None if is_done is None else REPORT if is_done else MINUTES,
            }


def _manual_checks(
    planned: Planned, exempt: set[str], verdicts: Sequence[Mapping[str, str]]
) -> Iterator[dict[str, Any]]:
    """The mini-app seen by a person and not seen; a verdict on posts contested; a measurement disagreed with."""
    last = planned.window[-1]
    judged = {(row["account_id"], row["clause"]): row for row in verdicts if row["period"] == last.label}
    free = [
        account
        for account in sorted(planned.accounts, key=_oddity)
        if account.body.kind == "subordinate" and not {account.account_id, account.body.institution_id} & exempt
    ]

    def having(clause: str, fits: Callable[[Mapping[str, str]], bool]) -> list[str]:
        found = [account.account_id for account in free]
        return [key for key in found if (key, clause) in judged and fits(judged[key, clause])]

    unseen = having("vk_portal_mini_app", lambda row: row["reason"] == "not_visible")
    few = having("posts_per_week", lambda row: row["verdict"] == "failed")
    lacking = having("vk_report_problem", lambda row: row["verdict"] == "failed")
    wanted = (
        ("vk_portal_mini_app", unseen[:1], "passed", None),
        ("vk_portal_mini_app", unseen[1:2], "failed", None),
        ("posts_per_week", few[:1], "contested", ANSWER),
        ("vk_report_problem", lacking[:1], "passed", None),
    )
    for number, (clause, keys, result, answer) in enumerate(wanted, 1):
        for key in keys:
            yield {
                "account_id": key,
                "clause": clause,
                "period_from": _stamp(last.start),
                "period_until": _stamp(_day(last, 6)),
                "result": result,
                "answer": answer,
                "checked_by": CHECKED_BY,
                "checked_on": _stamp(last.until),
                "proof": PROOF.format(number=number),
            }


def _ordinary(planned: Planned) -> list[list[Judged]]:
    """Accounts of each subordinate institution in sight, those with the least that is special about them first."""
    found: dict[str, list[Judged]] = {}
    for account in planned.accounts:
        if account.body.kind == "subordinate" and account.body.institution_id not in planned.closed:
            found.setdefault(account.body.institution_id, []).append(account)
    seen = [accounts for accounts in found.values() if not {each.case for each in accounts} & _OUT_OF_SIGHT]
    return sorted(seen, key=lambda accounts: sum(map(_oddity, accounts)))


def _oddity(account: Judged) -> int:
    """How much is special about an account: its case, and links that are not the usual pair."""
    has_odd_links = isinstance(account, Member) and account.scenario != "correct"
    return bool(account.case) + has_odd_links


def _day(week: Week, offset: int) -> date:
    return week.start + timedelta(days=offset)


def _stamp(day: date | None) -> pd.Timestamp | None:
    return None if day is None else pd.Timestamp(day)
