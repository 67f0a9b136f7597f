"""The pages in a founder's ZIP: the index of its institutions, and cards whose links lead to nothing outside."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import pandas as pd

from kirovlib.order import method, wording
from kirovlib.order.evaluate import Judgement
from kirovlib.reports import pages

_LINK = re.compile(r'<a\b[^>]*?\shref="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_INDEXES = {"index.html": "", "cards/index.html": "../"}
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_NAVIGATION = re.compile(r"<nav\b.*?</nav>", re.DOTALL)


def addresses(text: str) -> list[str]:
    """Where the links of a page lead, as they stand in its HTML."""
    return [match[1] for match in _LINK.finditer(text)]


def relinked(text: str, place: str, members: Collection[str]) -> str:
    """A page whose links to files that do not come along are plain words; in its navigation bar they are left out.

    Args:
        text: HTML.
        place: Where it lies in the ZIP.
        members: What else lies there.
    """

    def stays(link: re.Match[str]) -> bool:
        leads_to = target(place, link[1])
        return leads_to == "" or leads_to in members

    text = _NAVIGATION.sub(lambda bar: _LINK.sub(lambda link: link[0] if stays(link) else "", bar[0]), text)
    return _LINK.sub(lambda link: link[0] if stays(link) else link[2], text)


def target(place: str, address: str) -> str:
    """Where a link of a page leads inside the ZIP; blank for addresses of the network and places on the page itself."""
    path = re.split(r"[?#]", html.unescape(address), maxsplit=1)[0]
    if not path or _ELSEWHERE.match(path):
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(path)))


def indexes(
    judged: Judgement, rows: pd.DataFrame, keys: Sequence[str], cards: Mapping[str, str], said: Mapping[str, Any]
) -> dict[str, bytes]:
    """A founder's institutions with their verdicts, those with most breaches first, each with a link to its card.

    Args:
        judged: The judgement, whole.
        rows: Of its findings those of the institutions.
        keys: The institutions.
        cards: Where the cards lie in the ZIP, by institution; some may have none.
        said: What the letter says (`letter_words.values`).

    Returns:
        The page by each place in the ZIP where it lies: where whoever unpacks it looks, and where cards look for it.
    """
    counted = _counted(judged, rows, keys).to_dict("index").items()
    context = pages.context(judged, [], "index", said["founder"], said["stamp"]) | {
        "read": said["read"],
        "lacks_cards": 0 < len(cards) < len(keys),
        "verdicts": [(word, f"{wording.SYMBOLS[word]} {text}") for word, text in wording.VERDICTS.items()],
        "method": method.method(judged),
    }
    found = {}
    for place, up in _INDEXES.items():
        shown = [
            {**row, "kind": wording.KINDS[row["kind"]], "href": up + quote(cards[str(key)]) if key in cards else ""}
            for key, row in counted
        ]
        found[place] = pages.render("founder.html.j2", context | {"up": up, "institutions": shown}).encode()
    return found


def _counted(judged: Judgement, rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """name, kind, account_count and a count for each verdict, by institution_id."""
    institutions = judged.institutions.set_index("institution_id").loc[list(keys), ["name", "kind"]]
    verdicts = pd.crosstab(rows["institution_id"], rows["verdict"])
    verdicts = verdicts.reindex(index=institutions.index, columns=list(wording.VERDICTS), fill_value=0)
    accounts = judged.accounts["institution_id"].value_counts().reindex(institutions.index, fill_value=0)
    found = institutions.assign(account_count=accounts).join(verdicts)
    return found.sort_values(["failed", "name"], ascending=[False, True], kind="stable")
