"""Tables and headline numbers as HTML for reading; every text from a network or register is escaped."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML

from kirovlib import russian
from kirovlib.charts.base import ACCENT, COLOURS, INK
from kirovlib.order import method as method_words
from kirovlib.order import wording
from kirovlib.order.evaluate import Judgement

_TILE = "border:1px solid #d5dce4;border-top:5px solid;border-radius:6px;padding:12px 16px;line-height:1.3"
_ACCOUNTS = ("аккаунт", "аккаунта", "аккаунтов")
_BREACHES = ("нарушение", "нарушения", "нарушений")
_OUTCOMES = ("вывод", "вывода", "выводов")
_VERDICT_COLUMNS = frozenset({"verdict", "verdict_if", "before", "now"})
# How wide a column is; the rules stand in report.css.
_CLASSES = {
    "measured": "m", "repair": "m", "evidence": "m", "clause_name": "w", "reason_name": "w", "url": "u", "quote": "q",
}  # fmt: skip
# In the table itself, so that it looks the same in JupyterLab, which has no style sheet of ours and aligns right.
# What was not run here yet is shown without: a verdict is told by symbol and word all the same.
ALIGNED = "<style>.rows td,.rows th{text-align:left!important;vertical-align:top!important}</style>"
STYLE = (
    "<style>.v{display:inline-block;white-space:nowrap;padding:1px 8px;border-radius:10px;font-weight:400}"
    + "".join(
        f".v.{word}{{background:{colour};color:{'#fff' if word in {'failed', 'passed'} else INK}}}"
        for word, colour in COLOURS.items()
    )
    + "</style>"
)
_SHOWN_PROOFS, _HASH_LETTERS = 2, 8


def basis(judged: Judgement) -> HTML:
    """The period and how much of it was read, in a line; where nothing could be judged, why and what to do."""
    whole = judged.read_completely()
    days = f"Период {judged.period.label}: {russian.dated(judged.period.start)} – {russian.dated(judged.period.last)}."
    # Narrowed to an institution without accounts, nothing is to be collected.
    missing = method_words.missing(judged) if len(whole) or judged.accounts.empty else []
    told = [f"{days} {_read(judged, whole)}", *missing]
    style = f"border-left:5px solid {ACCENT if len(told) == 1 else COLOURS['cannot_tell']};padding:4px 14px"
    return HTML(f'<div style="{style}">{"<br>".join(map(html.escape, told))}</div>')


def tiles(judged: Judgement, moved: pd.DataFrame | None = None) -> HTML:
    """The headline numbers of a judgement, under its `basis`.

    Args:
        judged: The judgement.
        moved: Its `named_changes`: then the tile of breaches says how many are new, newly established and mended.
    """
    findings = judged.findings
    failed, unknown = (
        findings[findings["verdict"] == "failed"],
        findings[findings["verdict"] == "cannot_tell"],
    )
    judgeable = findings[findings["verdict"].isin(["passed", "failed"])]
    collected = judged.collected_share()
    passed = int((judgeable["verdict"] == "passed").sum())
    share = russian.percent(passed / len(judgeable)) if len(judgeable) else "—"
    accounts = judged.accounts
    cells = [
        (str(len(accounts)), f"{_word(len(accounts), _ACCOUNTS)} у {_institutions(accounts)}", ""),
        (russian.percent(collected), "аккаунтов прочитано за период целиком", "" if collected == 1 else "cannot_tell"),
        (str(len(failed)), f"{_word(len(failed), _BREACHES)} у {_institutions(failed)}", "failed"),
        (str(len(unknown)), f"{_word(len(unknown), _OUTCOMES)} «не установлено»", "cannot_tell"),
        (share, f"соблюдается: {passed} из {len(judgeable)} установленных", "passed"),
    ]
    # Styled in place, so that they look the same in JupyterLab, which has no style sheet of ours.
    shown = "".join(
        f'<div class="tile" style="{_TILE};border-top-color:{COLOURS.get(verdict, ACCENT)}">'
        f'<b style="display:block;font-size:34px;line-height:1.1">{html.escape(number)}</b> '
        f'<span style="font-size:14px;line-height:1.3">{html.escape(text)}</span>'
        f"{_moved(moved) if verdict == 'failed' else ''}</div>"
        for number, text, verdict in cells
    )
    grid = "display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:12px;margin:16px 0"
    return HTML(f'{basis(judged).data}<div class="tiles" style="{grid}">{shown}</div>')


def table(frame: pd.DataFrame, headers: Mapping[str, str], *, limit: int = 200) -> HTML:
    """Rows for reading.

    Args:
        frame: Any frame. Verdicts are shown as symbol and word, addresses (`url`, `repair`) and `evidence` as links;
            a clause is named once where it stands in several rows one after the other.
        headers: Columns to show, in order, with their Russian heads.
        limit: Rows shown at most; how many there are is said below.
    """
    if frame.empty:
        return HTML('<p class="empty">Таких строк нет.</p>')
    shown = frame[list(headers)].head(limit)
    if headers and next(iter(headers)) == "clause_name":
        shown = shown.assign(
            clause_name=shown["clause_name"].mask(shown["clause_name"].eq(shown["clause_name"].shift()))
        )
    head = "".join(f"<th>{html.escape(text)}</th>" for text in headers.values())
    classes = [f" class={_CLASSES[name]}" if name in _CLASSES else "" for name in headers]
    keyed = "institution" in headers and "institution_id" in frame
    keys = frame["institution_id"].head(limit) if keyed else [""] * len(shown)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_key(key) if keyed and cell[0] == 'institution' else kind}>{_cell(*cell)}</td>"
            for kind, cell in zip(classes, row.items(), strict=True)
        )
        + "</tr>"
        for key, row in zip(keys, shown.to_dict("records"), strict=True)
    )
    more = f'<p class="more">Показаны первые {limit} из {len(frame)}.</p>' if len(frame) > limit else ""
    style = ALIGNED + (STYLE if _VERDICT_COLUMNS & set(headers) else "")
    return HTML(f'{style}<table class="rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}')


def method(judged: Judgement) -> HTML:
    """«Как считали»."""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in method_words.method(judged))
    return HTML(f'<div class="method"><h2>Как считали</h2><ul>{items}</ul></div>')


def _key(institution_id: Any) -> str:
    """Whose row it is, as an attribute: reports lead from there to the institution's card."""
    key = str(institution_id)
    return f" data-i={key}" if re.fullmatch(r"[\w.-]+", key, re.ASCII) else f' data-i="{html.escape(key)}"'


def _cell(name: Any, value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return ""
    if name in _SHOWN_AS:
        return _SHOWN_AS[name](str(value))
    if isinstance(value, pd.Timestamp | date):
        return russian.dated(value)
    if isinstance(value, bool | np.bool_):
        return "да" if value else "нет"
    return html.escape(str(value))


def verdict(word: str) -> str:
    """A verdict as symbol and word in its colour; the colours stand in a style block that `table` writes."""
    return f'<b class="v {word}">{wording.SYMBOLS[word]} {wording.VERDICTS[word]}</b>'


def _proofs(text: str) -> str:
    """Proofs as links, each with the beginning of the hash of the stored answer."""
    proofs = json.loads(text)
    shown = [
        link(proof["url"], proof["title"] or proof["url"])
        + (f" <code>{html.escape(proof['sha256'][:_HASH_LETTERS])}</code>" if proof["sha256"] else "")
        for proof in proofs[:_SHOWN_PROOFS]
    ]
    rest = [f"и ещё {len(proofs) - _SHOWN_PROOFS}"] if len(proofs) > _SHOWN_PROOFS else []
    return "<br>".join([*shown, *rest])


def link(url: str, shown: str) -> str:
    """An address as a link, the shown text escaped; what is no http(s) address is text."""
    if not url.startswith(("https://", "http://")):
        return html.escape(shown)
    return f'<a href="{html.escape(url)}" rel="noreferrer">{html.escape(shown)}</a>'


def _read(judged: Judgement, whole: pd.Series) -> str:
    """«Прочитано целиком 55 из 61 аккаунта (90 %); …»."""
    if whole.empty:
        return "Аккаунтов, которые можно прочитать, в реестре нет."
    share = russian.percent(judged.collected_share())
    read = f"{int(whole.sum())} из {russian.counted(len(whole), 'аккаунта', 'аккаунтов', 'аккаунтов')} ({share})"
    rest = "" if whole.all() else "; о непрочитанных вывод — «не установлено», а не «нарушение»"
    return f"Прочитано целиком {read}{rest}."


def _moved(moved: pd.DataFrame | None) -> str:
    """«новых 3, впервые установлено 14, исправлено 2», a line of its own."""
    counted = pd.Series() if moved is None else moved["change"].value_counts()
    words = {"new_failure": "новых", "newly_established": "впервые установлено", "mended": "исправлено"}
    told = [f"{text}\u00a0{counted[word]}" for word, text in words.items() if word in counted]
    return f'<br><span style="font-size:12px;line-height:1.3;color:#5a6675">{", ".join(told)}</span>' if told else ""


def _institutions(rows: pd.DataFrame) -> str:
    return russian.counted(rows["institution_id"].nunique(), "учреждения", "учреждений", "учреждений")


def _word(number: int, forms: tuple[str, str, str]) -> str:
    return russian.counted(number, *forms).split(" ", 1)[1]


_SHOWN_AS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_VERDICT_COLUMNS, verdict),
    "evidence": _proofs,
    "url": lambda url: link(url, url.removeprefix("https://")),
    "repair": lambda text: link(text, text),
}
