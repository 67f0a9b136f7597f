"""A judgement in short: subjects by verdict in groups, with what was read of them, and who needs help first."""

from __future__ import annotations

import pandas as pd

from kirovlib.errors import ParameterError
from kirovlib.order import changes, wording
from kirovlib.order.compliance_index import compliance_index
from kirovlib.order.evaluate import Judgement
from kirovlib.tables import VERDICTS

GROUPS = ("clause", "platform", "kind", "founder")
_COLUMNS = [
    "key", "name", "subject_count", "failed_count", "cannot_tell_count", "passed_count", "failed_before_count",
    "decided_before_share", "decided_share", "account_count", "read_count", "read_share",
]  # fmt: skip
_ABOUT_BODIES = ("institution", "decision")


def summary(judged: Judgement, by: str) -> pd.DataFrame:
    """How many subjects there are of each verdict, in groups.

    A subject counts once, with the worst verdict of the period. By clause the subjects are the accounts, or the
    institutions where the clause is about them; by network the accounts; by kind and founder the institutions.

    Args:
        judged: The judgement.
        by: One of `GROUPS`.

    Returns:
        key (of the group: clause, platform, kind or founder_id, blank without founder), name, subject_count (those to
        which something applies), failed_count, cannot_tell_count, passed_count, failed_before_count and
        decided_before_share (blank where the previous period was not loaded or nothing was established in it),
        decided_share (0-1: of the subjects those with a verdict passed or failed), account_count (of the subjects),
        read_count (of them those whose weeks were all read completely), read_share (0-1; blank by clause). By clause
        in the order's order, else the most breaches first.

    Raises:
        ParameterError: No such group.
    """
    if by not in GROUPS:
        msg = f"Группировка «{by}»; ожидается одно из: {', '.join(GROUPS)}."
        raise ParameterError(msg)
    group = _groups(judged, by)
    found = _worst_by(judged, judged.findings, by, group)
    found["decided_share"] = _decided(found)
    before = _worst_by(judged, judged.before if judged.knows_before() else judged.findings.head(0), by, group)
    before["decided_share"] = _decided(before)
    before = before[before["decided_share"] > 0].reindex(found.index)
    found["failed_before_count"] = before["failed_count"].astype("Int64")
    found["decided_before_share"] = before["decided_share"].astype("float64")
    found = found.join(_read(judged, by, group))
    if by == "clause":
        found = found.reindex([clause.key for clause in judged.clauses if clause.key in found.index])
    else:
        found = found.sort_values(["failed_count", "subject_count"], ascending=False, kind="stable")
    found["name"] = _named(judged, by, found.index)
    found[["account_count", "read_count"]] = found[["account_count", "read_count"]].fillna(0).astype("Int64")
    return found.rename_axis("key").reset_index()[_COLUMNS]


def most_in_need(judged: Judgement, moved: pd.DataFrame) -> pd.DataFrame:
    """Institutions with established breaches, those with most first.

    Args:
        judged: The judgement.
        moved: Its `changes` or `named_changes`.

    Returns:
        institution_id, institution, founder, failed_count (clauses that fail, each counted by account, the weeks of a
        period once), clauses (their labels), new_count and established_count (of those, breaches that are new, and
        those of which nothing was known in the previous period), weeks_in_row (the longest), weeks_name («3», «11 и
        больше»), cannot_tell_count (counted likewise), index_percent (0-100, blank where nothing is decided).
    """
    rows = moved[moved["now"] == "failed"]
    labels = {clause.key: f"{clause.clause} {clause.label}" for clause in judged.clauses}
    place = {key: number for number, key in enumerate(labels)}
    rows = rows.assign(place=rows["clause"].map(place)).sort_values(["institution_id", "place"], kind="stable")
    longest = rows.sort_values("weeks_in_row", kind="stable").drop_duplicates("institution_id", keep="last")
    longest = longest.set_index("institution_id")
    found = rows.groupby("institution_id").agg(
        failed_count=("clause", "size"),
        clauses=("clause", lambda keys: "; ".join(_counted(keys.map(labels)))),
        new_count=("change", lambda words: int((words == "new_failure").sum())),
        established_count=("change", lambda words: int((words == "newly_established").sum())),
    )
    worst = changes.worst(judged.findings, judged.clauses)
    unknown = worst[worst["verdict"] == "cannot_tell"].groupby("institution_id").size()
    institutions, names = judged.institutions.set_index("institution_id"), judged.facts.register.labels
    index = compliance_index(judged).set_index("institution_id")["index_percent"]
    found = found.assign(
        institution=names.reindex(found.index),
        founder=institutions["founder_id"].map(names).reindex(found.index),
        weeks_in_row=longest["weeks_in_row"],
        weeks_name=longest["weeks_in_row"].astype("str") + longest["may_be_longer"].map({True: " и больше", False: ""}),
        cannot_tell_count=unknown.reindex(found.index, fill_value=0),
        index_percent=index.reindex(found.index),
    )
    found = found.sort_values(["failed_count", "weeks_in_row", "institution"], ascending=[False, False, True])
    columns = [
        "institution_id", "institution", "founder", "failed_count", "clauses", "new_count",
        "established_count", "weeks_in_row", "weeks_name", "cannot_tell_count", "index_percent",
    ]  # fmt: skip
    return found.reset_index()[columns]


def founders(judged: Judgement) -> pd.DataFrame:
    """What a founder answers for: `summary` by founder with the breaches themselves and the links to repair.

    Returns:
        As `summary`, and breach_count (findings that fail), repair_count (findings with a repaired address).
    """
    found = summary(judged, "founder")
    founder = judged.findings["institution_id"].map(_groups(judged, "founder"))
    is_address = judged.findings["repair"].fillna("").astype("str").str.startswith("http")
    breaches = (judged.findings["verdict"] == "failed").groupby(founder).sum()
    repairs = is_address.groupby(founder).sum()
    return found.assign(
        breach_count=found["key"].map(breaches).fillna(0).astype("int64"),
        repair_count=found["key"].map(repairs).fillna(0).astype("int64"),
    )


def _groups(judged: Judgement, by: str) -> pd.Series:
    """The group of each institution, or of each account by network."""
    if by == "platform":
        return judged.accounts.set_index("account_id")["platform"].astype(object)
    institutions = judged.institutions.set_index("institution_id")
    column = institutions["kind"] if by == "kind" else institutions["founder_id"]
    return column.astype(object).where(column.notna(), "")


def _worst_by(judged: Judgement, findings: pd.DataFrame, by: str, group: pd.Series) -> pd.DataFrame:
    """Subjects by their worst verdict, a row for each group."""
    rank = findings["verdict"].map({word: place for place, word in enumerate(VERDICTS)}).astype("int64")
    if by == "clause":
        about_bodies = findings["clause"].isin(
            [each.key for each in judged.clauses if each.measured_on in _ABOUT_BODIES]
        )
        subject = findings["account_id"].astype(object).where(~about_bodies, findings["institution_id"])
        key = findings["clause"]
    else:
        subject = findings["account_id" if by == "platform" else "institution_id"].astype(object)
        key = subject.map(group)
    rows = pd.DataFrame({"group": key.astype(object), "subject": subject, "rank": rank}).dropna()
    worst = rows.groupby(["group", "subject"], sort=False)["rank"].min().reset_index()
    crossed = pd.crosstab(worst["group"], worst["rank"]).reindex(columns=range(3), fill_value=0)
    crossed.columns = pd.Index([f"{word}_count" for word in VERDICTS[:3]])
    crossed["subject_count"] = crossed.sum(axis=1)
    return crossed


def _decided(found: pd.DataFrame) -> pd.Series:
    decided = found["failed_count"] + found["passed_count"]
    return (decided / found["subject_count"]).where(found["subject_count"] > 0).astype("float64")


def _read(judged: Judgement, by: str, group: pd.Series) -> pd.DataFrame:
    """Accounts of the subjects, and those that were read completely; networks that no clause speaks of left out."""
    if by == "clause":  # each clause has accounts of its own; what is decided says as much
        return pd.DataFrame(columns=["account_count", "read_count", "read_share"], dtype="float64")
    whole = judged.read_completely()
    told = judged.findings[judged.findings["verdict"].isin(VERDICTS[:3])]
    owner = judged.accounts.set_index("account_id")["institution_id"]
    if by == "platform":
        whole = whole[whole.index.isin(told["account_id"])]
        key = group.reindex(whole.index)
    else:
        whole = whole[owner.reindex(whole.index).isin(told["institution_id"]).to_numpy()]
        key = owner.reindex(whole.index).map(group)
    found = whole.groupby(key.to_numpy()).agg(["size", "sum"])
    found.columns = pd.Index(["account_count", "read_count"])
    return found.assign(read_share=found["read_count"] / found["account_count"])


def _named(judged: Judgement, by: str, keys: pd.Index) -> list[str]:
    if by == "founder":
        names = judged.facts.register.labels
        return [str(names.get(key, key)) if key else wording.NO_FOUNDER for key in keys]
    if by == "clause":
        labels = {clause.key: f"п. {clause.clause} {clause.label}" for clause in judged.clauses}
        return [labels[key] for key in keys]
    words = wording.KINDS if by == "kind" else wording.PLATFORMS
    return [words.get(key, str(key)) for key in keys]


def _counted(labels: pd.Series) -> list[str]:
    """«3.1 Публикации × 2»."""
    counted = labels.value_counts(sort=False)
    return [f"{label} × {count}" if count > 1 else str(label) for label, count in counted.items()]
