"""One ZIP for each founder: the cards of its institutions, their index, a workbook and the covering letter.

What is inside works from any folder with no network: links lead to what is in the ZIP, others are plain words.
"""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from kirovlib import russian
from kirovlib.exports import files, workbook
from kirovlib.exports.book import Book
from kirovlib.order import data_quality, method
from kirovlib.order.card import MEND_DAYS
from kirovlib.order.evaluate import Judgement
from kirovlib.order.wording import NO_FOUNDER
from kirovlib.reports import founder_pages, letter, letter_words, pages

FOLDER = "founders"
LIST = f"{FOLDER}/founders.csv"
LISTED = (LIST, "архивы для учредителей: письмо, карточки, таблица; кому какой")
_NOBODY = "Учреждения, учредитель которых в реестре не указан"
_NOBODY_FILE = "_no-founder"  # no key makes this name: see `pages.safe_name`
_COLUMNS = {
    "founder": ("Учредитель", 44),
    "founder_id": ("Ключ учредителя", 18),
    "file": ("Архив", 24),
    "institution_count": ("Учреждений", 12),
    "breach_count": ("Нарушений", 12),
    "repair_count": ("Исправленных ссылок", 12),
    "form": ("Письмо", 24),
}
_FIGURE = re.compile(r"cards/figures/[^/]+\.csv")
_BREACHES = {"weeks_name": ("Недель подряд", 12)} | dict(workbook.COLUMNS)
_FORMS = {
    "breaches": "есть нарушения",
    "thanks": "нарушений нет",
    "neutral": "нарушений нет, прочитано не всё",
    "nothing": "выводов нет",
}


@dataclass(frozen=True)
class Post:
    """What all founders' ZIPs are made of.

    Attributes:
        pack: The folder of the pack, its cards and assets made already.
        rows: `letter_words.told`.
        template: Of the letter.
        complete_share: The share (0-1) of a founder's accounts read completely below which the data are incomplete.
        mend_days: So many days after the period's end to mend.
        fallen: What kept a field from being judged at all, a part of a sentence each.
        assets: A ZIP with the pack's assets alone: compressed once for all.
    """

    pack: Path
    judged: Judgement
    rows: pd.DataFrame
    template: letter.Template
    complete_share: float
    mend_days: int
    fallen: Sequence[str]
    assets: bytes


def write(
    pack: Path,
    judged: Judgement,
    template: letter.Template,
    *,
    complete_share: float = data_quality.COMPLETE_SHARE,
    mend_days: int = MEND_DAYS,
    progress: bool = True,
) -> dict[str, float]:
    """Write `founders/<key>.zip` for each founder into a pack, and `founders/founders.csv`: whose each is.

    Args:
        pack: The folder of the pack, its cards and assets made already.
        judged: What was reported.
        template: Of the letter, see `letter.load`.
        complete_share: The share (0-1) of a founder's accounts read completely below which its letter and index say
            that the data are incomplete.
        mend_days: So many days after the period's end to mend.
        progress: Whether to draw a progress bar.

    Returns:
        founders_seconds: how long it took.

    Raises:
        ParameterError: The template does not work with what it is given.
    """
    began = time.perf_counter()
    (pack / FOLDER).mkdir(exist_ok=True)
    post = Post(
        pack,
        judged,
        letter_words.told(judged),
        template,
        complete_share,
        mend_days,
        data_quality.shortcomings(judged, 0),
        _assets(pack),
    )
    groups = sorted(belonging(judged).items())
    bar = tqdm(groups, desc="Учредители", bar_format=russian.BAR_FORMAT, delay=2, disable=not progress)
    listed = pd.DataFrame([_write(post, founder_id, keys) for founder_id, keys in bar], columns=list(_COLUMNS))
    files.write_csv(pack / LIST, listed.sort_values(["founder", "founder_id"]), _COLUMNS)
    return {"founders_seconds": round(time.perf_counter() - began, 3)}


def told_of(judged: Judgement) -> list[str]:
    """The institutions that letters tell of, with a breach or a repaired link: their cards go with the letters."""
    rows = letter_words.repaired(judged.findings) | (judged.findings["verdict"] == "failed")
    return sorted(set(judged.findings.loc[rows, "institution_id"]))


def belonging(judged: Judgement) -> dict[str, list[str]]:
    """Keys of the institutions by their founder's; those without a founder under an empty key.

    A founder, and an executive authority, belongs to itself too.
    """
    rows = judged.institutions
    owners = rows["founder_id"].fillna("")
    named = set(owners)
    groups: dict[str, list[str]] = {}
    for key, kind, owner in sorted(zip(rows["institution_id"], rows["kind"], owners, strict=True)):
        own = {key} if key in named or kind == "executive_authority" else set()
        for place in ({owner} - {""}) | own or {""}:
            groups.setdefault(place, []).append(key)
    return groups


def _write(post: Post, founder_id: str, keys: Sequence[str]) -> dict[str, Any]:
    """One founder's ZIP.

    Returns:
        Its row of `founders.csv`.
    """
    judged = post.judged
    rows = post.rows[post.rows["institution_id"].isin(keys)]
    names = judged.institutions.set_index("institution_id")["name"]
    founder = str(names[founder_id]) if founder_id else _NOBODY
    cards = {key: name for key in keys if (post.pack / (name := f"cards/{pages.safe_name(key)}.html")).is_file()}
    said = letter_words.values(
        judged,
        rows,
        founder,
        keys,
        mend_by=judged.period.last + timedelta(days=post.mend_days),
        card_count=len(cards),
        complete_share=post.complete_share,
        fallen=post.fallen,
    )
    inside = {
        "findings.xlsx": _workbook(post, rows, [said["banner"], said["stamp"]]),
        "letter.docx": post.template.filled(said, judged.period.ends_at),
        **founder_pages.indexes(judged, rows, keys, cards, said),
    }
    inside |= _cards(post.pack, cards.values(), {*inside, *cards.values(), *_names(post.assets)})
    name = f"{pages.safe_name(founder_id) if founder_id else _NOBODY_FILE}.zip"
    (post.pack / FOLDER / name).write_bytes(_zipped(post.assets, inside))
    return {
        "founder": founder if founder_id else NO_FOUNDER,
        "founder_id": founder_id,
        "file": name,
        "institution_count": str(len(keys)),
        "breach_count": str(said["breach_count"]),
        "repair_count": str(said["repair_count"]),
        "form": _FORMS[said["form"]],
    }


def _cards(pack: Path, cards: Collection[str], members: set[str]) -> dict[str, bytes]:
    """Pages of cards with the data of their figures, links to anything else made plain words."""
    texts = {place: (pack / place).read_text(encoding="utf-8") for place in cards}
    for place, text in texts.items():
        targets = {founder_pages.target(place, each) for each in founder_pages.addresses(text)}
        members |= {each for each in targets if _FIGURE.fullmatch(each) and (pack / each).is_file()}
    kept = {place: founder_pages.relinked(text, place, members).encode() for place, text in texts.items()}
    return kept | {each: (pack / each).read_bytes() for each in sorted(members) if _FIGURE.fullmatch(each)}


def _workbook(post: Post, rows: pd.DataFrame, warnings: Sequence[str]) -> bytes:
    """Breaches, all results of the founder's institutions, and how was counted, with the letter's warnings before."""
    file = post.pack / FOLDER / ".findings.xlsx"
    try:
        with Book(file, f"Выводы {post.judged.period.label}", post.judged.period.ends_at) as book:
            breaches = book.sheet("Нарушения")
            breaches.lines(filter(None, warnings), "warning")
            breaches.table(rows[rows["verdict"] == "failed"], _BREACHES, fixed=3)
            book.sheet("Все результаты").table(rows, workbook.COLUMNS, fixed=3)
            notes = book.sheet("Как считали")
            notes.widths([20] * 7)
            notes.notes(filter(None, warnings), "warning_note")
            notes.notes(line for line in method.method(post.judged) if line not in warnings)
        return file.read_bytes()
    finally:
        file.unlink(missing_ok=True)


def _assets(pack: Path) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for file in sorted((pack / "assets").iterdir()):
            letter.put(archive, f"assets/{file.name}", file.read_bytes())
    return sink.getvalue()


def _names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.namelist()


def _zipped(assets: bytes, inside: Mapping[str, bytes]) -> bytes:
    """The assets, which come first by name too, and the rest after them."""
    sink = io.BytesIO(assets)
    with zipfile.ZipFile(sink, "a") as archive:
        for name in sorted(inside):
            letter.put(archive, name, inside[name])
    return sink.getvalue()
