"""The cards of a pack: which are made, where each lies, and the page that lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kirovlib import charts, parameters
from kirovlib.errors import ParameterError
from kirovlib.order import wording
from kirovlib.order.evaluate import Judgement
from kirovlib.reports import notebooks, pages
from kirovlib.reports.jobs import PageJob

INDEX = (pages.CARDS, "Карточки учреждений")
_ALL, _FAILED, _NONE = "all", "failed", "none"


def chosen(judged: Judgement, wanted: Sequence[str]) -> list[str]:
    """The institutions whose cards are made.

    Args:
        judged: The judgement.
        wanted: `all`, `failed` (those with a breach), `none` or keys of institutions, several together.

    Returns:
        institution_id, in the register's order.

    Raises:
        ParameterError: `none` stands beside something else, or the register has no such institution.
    """
    every, words = list(judged.institutions["institution_id"]), set(wanted)
    if _NONE in words and len(words) > 1:
        msg = f"Параметр --cards: {_NONE} вместе с другим. Оставьте что-нибудь одно."
        raise ParameterError(msg)
    found = words - {_ALL, _FAILED, _NONE}
    for key in sorted(found):
        judged.facts.register.institution(key)
    if _FAILED in words:
        found |= set(judged.findings.loc[judged.findings["verdict"] == "failed", "institution_id"])
    return [key for key in every if key in found or _ALL in words]


def jobs(
    judged: Judgement,
    keys: Sequence[str],
    values: Mapping[str, Any],
    home: Path,
    folder: Path,
    around: Mapping[str, Any],
) -> dict[str, PageJob]:
    """What is to be made, by institution_id.

    Args:
        judged: The judgement.
        keys: The institutions.
        values: The parameters that all notebooks of the pack have.
        home: The folder notebooks run in.
        folder: The pack's folder.
        around: The context of the pack's pages, see `pages.context`.

    Raises:
        ParameterError: A key is none that a notebook takes.
    """
    if not keys:
        return {}
    (folder / "cards").mkdir()
    source = notebooks.find("04_institution")
    own, named, made = notebooks.parameters_of(source), judged.facts.register.names, {}
    for key in keys:
        given = {name: value for name, value in values.items() if name in own} | {"institution_id": key}
        parameters.check(given, own, title=source.stem)
        name = pages.safe_name(key)
        context = pages.below(around) | {"name": name, "title": str(named[key])}
        made[key] = PageJob(
            str(source), given, str(home.resolve()), str(folder.resolve() / "cards" / f"{name}.html"), context
        )
    return made


def write_index(
    folder: Path, judged: Judgement, made: Sequence[str], failed: Mapping[str, str], around: Mapping[str, Any]
) -> None:
    """Write `cards/index.html`: every card with founder and number of verdicts; those that failed without a link.

    Args:
        folder: The pack's folder.
        judged: The judgement.
        made: Institutions whose card is there.
        failed: Why a card is not there, by institution.
        around: The context of the pack's pages.
    """
    names, counted = judged.facts.register.names, judged.findings.groupby(["institution_id", "verdict"]).size()
    counts = counted.unstack(fill_value=0)  # noqa: PD010 - of a series
    counts = counts.reindex(columns=list(wording.VERDICTS), fill_value=0)
    rows = judged.institutions[judged.institutions["institution_id"].isin([*made, *failed])]
    rows = rows[["institution_id", "founder_id"]].join(counts, on="institution_id")
    rows = rows.fillna(dict.fromkeys(wording.VERDICTS, 0)).astype(dict.fromkeys(wording.VERDICTS, int))
    rows["institution"] = rows["institution_id"].map(names)
    rows["founder"] = rows["founder_id"].map(names).fillna("")
    rows["trouble"] = rows["institution_id"].isin(list(failed)).map({True: "карточка не сделана", False: ""})
    rows = rows.sort_values(["founder", "institution", "institution_id"])
    heads = {"institution": "Учреждение", "founder": "Учредитель", "institution_id": "Ключ"}
    # Verdict words are columns of numbers here, not cells of verdicts.
    words = {f"count_{word}": f"{wording.SYMBOLS[word]} {wording.VERDICTS[word]}" for word in wording.VERDICTS}
    rows = rows.rename(columns={word: f"count_{word}" for word in wording.VERDICTS})
    if failed:
        words["trouble"] = "Примечание"
    shown = charts.table(pd.DataFrame(rows), heads | words, limit=len(rows)).data
    context = pages.below(around) | {"name": INDEX[0], "title": INDEX[1], "table": pages.linked(shown, hrefs(made))}
    context["pages"] = [{**each, "is_current": each["name"] == INDEX[0]} for each in context["pages"]]
    (folder / f"{INDEX[0]}.html").write_text(pages.render("cards.html.j2", context), encoding="utf-8")


def hrefs(made: Sequence[str], up: str = "") -> dict[str, str]:
    """Addresses of cards by institution, from the folder of cards, or from another one by `up`."""
    return {key: f"{up}{pages.safe_name(key)}.html" for key in made}
