"""What findings on weeks say: each text is put into words once, however many rows it stands in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kirovlib import russian
from kirovlib.counts import Array
from kirovlib.order.clauses import Clause, Edition


class Texts:
    """Texts that stand in many rows: each is made once and known by its code."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {"": 0}

    def code(self, text: str) -> int:
        """The code of a text."""
        return self._codes.setdefault(text, len(self._codes))

    def said(self, columns: Sequence[Array], words: Callable[..., str]) -> Array:
        """Codes of texts, put into words once for each different combination of numbers.

        Args:
            columns: Whole numbers from 0 or flags, arrays of one shape, one for each argument of `words`.
            words: Makes the text of a combination.
        """
        packed = np.zeros(columns[0].size, dtype="int64")
        bases = [int(column.max(initial=0)) + 1 for column in columns]
        for column, base in zip(columns, bases, strict=True):
            packed = packed * base + column.ravel()
        places, different = pd.factorize(packed)
        codes = [self.code(words(*_unpacked(int(each), bases))) for each in different]
        return np.array(codes, dtype="int32")[places].reshape(columns[0].shape)

    def column(self, codes: Array) -> Any:
        """A column of the texts (categorical)."""
        return pd.Categorical.from_codes(codes.ravel(), pd.Index(self._codes))


def required(clause: Clause, edition: Edition) -> str:
    """What an edition requires, with the choices that differ from the plain reading."""
    choices = edition.parameters
    unusual = [
        *(["репосты считаются"] if choices["count_reposts"] else []),
        *(["реклама не считается"] if not choices["count_ads"] else []),
        *(["исчезнувшие не считаются"] if not choices["count_removed"] else []),
        *(["считаются дни с публикациями"] if choices["distinct_days"] else []),
        *(["по всем аккаунтам учреждения"] if choices["unit"] == "institution" else []),
    ]
    return clause.required(edition) + (f" ({', '.join(unusual)})" if unusual else "")


def removed_counted(facts: Mapping[str, Array], parameters: Mapping[str, Any]) -> Array:
    """Vanished posts that count; of ads only where ads do."""
    return np.asarray(facts["removed_count"] - (0 if parameters["count_ads"] else facts["removed_ad_count"]))


def repairs(texts: Texts, facts: Mapping[str, Array], failed: Array, parameters: Mapping[str, Any]) -> Array:
    """How many posts, or days with posts, a breach lacks."""
    minimum = int(parameters["minimum_posts"])

    def words(own: int, is_failed: int) -> str:
        if not is_failed:
            return ""
        if parameters["distinct_days"]:
            lacking = russian.counted(minimum - own, "дня", "дней", "дней")
            return f"Не хватило {lacking} с публикациями: публикуйте в разные дни, не меньше чем в {minimum} за неделю."
        lacking = russian.counted(minimum - own, "публикации", "публикаций", "публикаций")
        return f"Не хватило {lacking}: размещайте не менее {minimum} собственных публикаций в неделю."

    return texts.said([np.where(failed, facts["least_count"], 0), failed], words)


def counts_said(texts: Texts, facts: Mapping[str, Array], parameters: Mapping[str, Any]) -> Array:
    """What was counted, in Russian; posts that the edition does not count are told apart."""
    apart = {
        "репостов": "repost_count" if not parameters.get("count_reposts") else "",
        "неясно, репост ли": "unknown_count" if not parameters.get("count_reposts") else "",
        "реклама не засчитана": "" if parameters.get("count_ads", True) else "ad_count",
        "исчезнувшие не засчитаны": "" if parameters.get("count_removed", True) else "removed_count",
    }
    shown = {word: column for word, column in apart.items() if column}
    whole = ["по всем аккаунтам учреждения"] if parameters.get("unit") == "institution" else []
    days = ("день с публикациями", "дня с публикациями", "дней с публикациями")

    def words(counted: int, complete: int, *numbers: int) -> str:
        text = russian.counted(counted, *days) if parameters.get("distinct_days") else russian.posts(counted)
        parts = [f"{word}: {number}" for word, number in zip(shown, numbers, strict=True) if number] + whole
        parts += [] if complete else ["неделя прочитана не целиком"]
        return f"{text} ({', '.join(parts)})" if parts else text

    return texts.said([facts[name] for name in ("least_count", "is_complete", *shown.values())], words)


def _unpacked(packed: int, bases: Sequence[int]) -> list[int]:
    numbers = []
    for base in reversed(bases):
        packed, number = divmod(packed, base)
        numbers.append(number)
    return numbers[::-1]
