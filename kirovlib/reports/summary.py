"""`summary.html` and `summary.txt` of a pack: the period on one page, in the same words as HTML and as text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from kirovlib import russian
from kirovlib.order import changes, data_quality, summary
from kirovlib.order.evaluate import Judgement
from kirovlib.reports import cards, founders, notebooks, pages

NAME, TITLE = "summary", "Итоги"
_MOST_NEW, _MOST_IN_NEED, _EXAMPLES = 15, 10, 3
_WIDTH = 90
_INVISIBLE = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True)
class Cell:
    """A text, and where it leads: a file of the pack or an http(s) address."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the summary.

    Attributes:
        facts: Sentences.
        heads, rows: A table; in the text a row is an item of a list.
        more: What is said below the table, and where it leads.
    """

    title: str
    facts: Sequence[str] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = field(default_factory=list)
    more: Cell = field(default=Cell(""))

    @property
    def numeric(self) -> set[int]:
        """Places of the columns that are numbers."""
        return {place for place, _ in enumerate(self.heads) if all(row[place].text.isdecimal() for row in self.rows)}


def write(folder: Path, judged: Judgement, shortcomings: Sequence[str]) -> None:
    """Write the two files into a pack whose other files are there already.

    Args:
        folder: The pack.
        judged: What it reports, with the previous period's weeks.
        shortcomings: Why the pack carries a stamp.
    """
    sections = _sections(judged, folder)
    named = [(name, title) for name, title in _pages() if (folder / f"{name}.html").is_file()]
    context = pages.context(judged, named, NAME, TITLE, pages.stamp(shortcomings))
    shown = pages.render("summary.html.j2", {"sections": sections, **context})
    (folder / f"{NAME}.html").write_text(shown, encoding="utf-8")
    (folder / f"{NAME}.txt").write_text(_text(sections, context), encoding="utf-8")


def _sections(judged: Judgement, folder: Path) -> list[Section]:
    moved, quality = changes.named_changes(judged), data_quality.data_quality(judged)
    carded = _linker(folder)
    return [
        _headline(judged, quality, moved),
        _changed(judged, moved, carded),
        _in_need(judged, moved, carded),
        _read(quality),
        _not_collected(quality),
        _contents(folder),
    ]


def _headline(judged: Judgement, quality: data_quality.DataQuality, moved: pd.DataFrame) -> Section:
    verdicts = judged.findings["verdict"]
    broken = judged.findings[verdicts == "failed"]
    whole = int((quality.watched["extent"] == "whole").sum())
    facts = [
        f"Учреждений с выводами: {judged.findings['institution_id'].nunique()}. Аккаунтов: {len(quality.watched)}, "
        f"целиком прочитано {whole}.",
        f"Нарушений установлено: {len(broken)}, у {_institutions(broken)}{_of_which(moved)}.",
        f"Соблюдается: {int((verdicts == 'passed').sum())}. Не установлено: {int((verdicts == 'cannot_tell').sum())} — "
        "это не нарушения: данных не хватило или решает человек.",
    ]
    return Section("Главное", [*facts, *quality.doubts])


def _of_which(moved: pd.DataFrame) -> str:
    """How many breaches are new; never beside the earlier number alone, since more may have become visible."""
    counted = moved["change"].value_counts()
    told = [
        f"{words} — {counted[word]}"
        for word, words in {
            "new_failure": "новых",
            "still_failed": "продолжается",
            "newly_established": "раньше не было видно",
        }.items()
        if word in counted
    ]
    return f" ({', '.join(told)})" if told else ""


def _institutions(findings: pd.DataFrame) -> str:
    return russian.counted(findings["institution_id"].nunique(), "учреждения", "учреждений", "учреждений")


def _changed(judged: Judgement, moved: pd.DataFrame, carded: Callable[[Mapping[Any, Any]], Cell]) -> Section:
    counted = moved["change"].value_counts()
    told = [
        f"{name} — {counted[word]}" for word, name in changes.CHANGES.items() if word in counted and word != "other"
    ]
    gone = changes.vanished(judged)
    facts = [f"По сравнению с периодом {judged.period.previous().label}: {', '.join(told) or 'ничего не изменилось'}."]
    if len(gone):
        facts.append(f"Перестало встречаться аккаунтов: {len(gone)} ({_examples(gone['url'])}).")
    new = moved[moved["change"] == "new_failure"]
    rows = [
        (carded(row), Cell(_plain(row["clause_name"])), _address(row["url"]), Cell(_plain(row["reason_name"])))
        for row in new.head(_MOST_NEW).to_dict("records")
    ]
    heads = ("Учреждение", "Новое нарушение", "Аккаунт", "Причина")
    more = _rest(len(new) - _MOST_NEW, "в findings.xlsx, лист «Изменения»", "findings.xlsx")
    return Section("Что изменилось", facts, heads, rows, more)


def _in_need(judged: Judgement, moved: pd.DataFrame, carded: Callable[[Mapping[Any, Any]], Cell]) -> Section:
    found = summary.most_in_need(judged, moved)
    rows = [
        (
            carded(row),
            Cell(_plain(row["founder"])),
            Cell(str(row["failed_count"])),
            Cell(_plain(row["clauses"])),
            Cell(_plain(row["weeks_name"])),
        )
        for row in found.head(_MOST_IN_NEED).to_dict("records")
    ]
    heads = ("Учреждение", "Учредитель", "Нарушений", "Пункты", "Недель подряд")
    facts = [] if rows else ["Установленных нарушений нет."]
    more = _rest(len(found) - _MOST_IN_NEED, "на странице «Обзор»", "01_overview.html")
    return Section("Кому помочь первым", facts, heads, rows, more)


def _read(quality: data_quality.DataQuality) -> Section:
    rows = []
    for name, accounts in quality.watched.groupby("platform_name", sort=True):
        extents = accounts["extent"].value_counts()
        numbers = [len(accounts), *(int(extents.get(word, 0)) for word in data_quality.EXTENTS)]
        numbers.append(int(accounts["is_page_seen"].sum()))
        rows.append((Cell(str(name)), *(Cell(str(number)) for number in numbers)))
    heads = (
        "Сеть",
        "Аккаунтов",
        *(f"{word[:1].upper()}{word[1:]}" for word in data_quality.EXTENTS.values()),
        "Видели страницу",
    )
    return Section("Что прочитано", (), heads, rows)


def _not_collected(quality: data_quality.DataQuality) -> Section:
    lacking = quality.accounts[quality.accounts["reason"] != ""]
    rows = []
    for reason, accounts in sorted(
        lacking.groupby("reason", sort=True), key=lambda pair: (-len(pair[1]), str(pair[0]))
    ):
        first = accounts.iloc[0]
        what = first["reason_name"] or str(reason)
        rows.append(
            (Cell(_plain(what)), Cell(str(len(accounts))), Cell(_examples(accounts["url"])), Cell(first["advice"]))
        )
    fallen = quality.canaries.loc[quality.canaries["state"] == "fallen", "meaning"]
    facts = list(fallen) if rows or len(fallen) else ["Собрано всё."]
    return Section("Что не собрано и что делать", facts, ("Почему", "Аккаунтов", "Какие", "Что делать"), rows)


def _contents(folder: Path) -> Section:
    """What lies in the pack: its pages, tables, an index of cards and founders' archives."""
    named = [(f"{name}.html", title) for name, title in _pages()]
    named += [("findings.xlsx", "Все выводы в Excel"), (founders.LIST, "Архивы для учредителей: кому какой")]
    rows = [(Cell(title), Cell(file, quote(file))) for file, title in named if (folder / file).is_file()]
    archives = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.zip"))
    rows += [(Cell("Архив для учредителя"), Cell(file, quote(file))) for file in archives]
    return Section("Что в отчёте", (), ("Что", "Файл"), rows)


def _pages() -> list[tuple[str, str]]:
    """Names and titles of all pages that a pack may have."""
    titles = [(source.stem, notebooks.title_of(source)) for source in notebooks.present()]
    return [("index", "Отчёт"), *titles, cards.INDEX]


def _linker(folder: Path) -> Callable[[Mapping[Any, Any]], Cell]:
    """An institution's name, with its card where the pack has one."""

    def named(row: Mapping[Any, Any]) -> Cell:
        file = f"cards/{pages.safe_name(str(row['institution_id']))}.html"
        return Cell(_plain(row["institution"]), quote(file) if (folder / file).is_file() else "")

    return named


def _address(url: object) -> Cell:
    text = _plain(url)
    return Cell(text, text if re.match(r"https?://", text) else "")


def _examples(urls: pd.Series) -> str:
    shown = ", ".join(_plain(url) for url in urls.head(_EXAMPLES))
    return shown + (f" и ещё {len(urls) - _EXAMPLES}" if len(urls) > _EXAMPLES else "")


def _rest(count: int, where: str, file: str) -> Cell:
    return Cell(f"Ещё {count} — {where}", file) if count > 0 else Cell("")


def _plain(value: object) -> str:
    """Foreign text on one line, without invisible characters; blank for none."""
    return _INVISIBLE.sub(" ", value).strip() if isinstance(value, str) else ""


def _text(sections: Sequence[Section], context: Mapping[str, Any]) -> str:
    head = [f"{TITLE} за период {context['period']}", *(word for word in (context["banner"], context["stamp"]) if word)]
    lines = [*(_filled(line) for line in head), ""]
    for section in sections:
        lines += [section.title.upper(), "", *_lines(section), ""]
    return "\n".join(lines).replace("\u00a0", " ")


def _lines(section: Section) -> Iterator[str]:
    yield from (_filled(fact) for fact in section.facts)
    for row in section.rows:
        first, *others = (cell.text for cell in row)
        told = [f"{head.lower()}: {text}" for head, text in zip(section.heads[1:], others, strict=True) if text]
        yield _filled(f"- {first}{'; ' if told else ''}{'; '.join(told)}", "  ")
    if section.more.text:
        yield _filled(f"{section.more.text}.")


def _filled(line: str, indent: str = "") -> str:
    return textwrap.fill(line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
