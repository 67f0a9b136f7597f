"""The words that go with a proof, for a lawyer or the head of an institution."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from kirovlib import russian
from kirovlib.evidence.case import Case
from kirovlib.evidence.csv_files import local
from kirovlib.order import method, wording
from kirovlib.registry import addresses

_WIDTH = 100
_FILES = {
    "posts.csv": "каждая публикация недели: когда, адрес, засчитана ли она по п. 3.1 и почему, текст, ответ сети",
    "findings.csv": "выводы по пунктам распоряжения",
    "coverage.csv": "какие сборы читали эту неделю, за какие промежутки и что помешало",
    "register.csv": "что записано в реестре об аккаунте и учреждении: подключение, исключения, решения, проверки",
    "answers": "ответы сети, как они сохранены; каждый в своём файле, текст в UTF-8 (открывается «Блокнотом»)",
    "answers/index.csv": "перечень ответов: SHA-256, что спрошено, когда получено",
    "SHA256SUMS": "SHA-256 всех файлов этого архива",
}
_FACTS = {
    "expected": "Требуется",
    "measured": "Установлено",
    "reason_name": "Причина",
    "note_name": "Примечание",
    "repair": "Как исправить",
}
_CHECKING = (
    "Откройте адреса из posts.csv в браузере и сравните с таблицей. Публикация могла измениться или исчезнуть после "
    "сбора: тогда смотрите ответ сети в папке answers.",
    "Найдите публикацию в ответе сети: столбец «Файл ответа» в posts.csv называет файл.",
    "Вычислите SHA-256 файла и сравните со строкой в SHA256SUMS, а у ответа — и с answers/index.csv. "
    "Одна изменённая буква даёт совсем другое число.",
)
_COMMANDS = (
    "Windows, командная строка:  certutil -hashfile posts.csv SHA256",
    "Windows, PowerShell:        Get-FileHash posts.csv -Algorithm SHA256",
    "Linux, все файлы сразу:     sha256sum -c SHA256SUMS",
    "macOS, все файлы сразу:     shasum -a 256 -c SHA256SUMS",
)
_HASHES = (
    "Ключи доступа и данные частных лиц (кто писал на стене, кто подписал запись и тому подобное) удалены из ответов "
    "раньше, чем вычислен SHA-256. Поэтому SHA-256 — это число сохранённого ответа, а не того, что передано по сети."
)
_LIMITS = (
    "Что публикации не было: видно только то, что сеть показала в моменты сборов (coverage.csv). Опубликованное и "
    "удалённое между двумя сборами не видно.",
    "Каким был текст между сборами: правки видны, только если сбор был и до них, и после.",
    "Что сеть ответила именно так: сети свои ответы не подписывают. SHA-256 показывает, что файл не менялся с тех "
    "пор, как это число записано; время получения — по часам сети или компьютера, на котором шёл сбор.",
    "Время публикации и пометки «репост», «реклама», «закреплена» — со слов сети.",
    "Куда на самом деле ведут ссылки страницы: они судятся по адресу, их не открывали.",
)


def text(case: Case) -> str:
    """`README.txt`, lines up to 100 letters."""
    parts = [
        _stamps(case),
        _head(case),
        ["ВЫВОДЫ ЗА НЕДЕЛЮ", "", *_verdicts(case)],
        ["ПУБЛИКАЦИИ НЕДЕЛИ (п. 3.1)", "", *_posts(case)],
        ["ЧТО В АРХИВЕ", "", *(f"  {name:<18} {meaning}" for name, meaning in _FILES.items()), "", _packed(case)],
        ["КАК ПРОВЕРИТЬ", "", *(f"{number}. {step}" for number, step in enumerate(_CHECKING, 1)), ""]
        + [f"     {command}" for command in _COMMANDS]
        + ["", _HASHES],
        ["ЧЕГО ЭТОТ АРХИВ НЕ ДОКАЗЫВАЕТ", "", *(f"- {limit}" for limit in _LIMITS)],
        ["КАК СЧИТАЛИ", "", *(f"- {line}" for line in case.method)],
    ]
    return "\n\n".join("\n".join(map(_wrapped, lines)) for lines in parts if lines) + "\n"


def _stamps(case: Case) -> list[str]:
    """What must not be overlooked, in capitals."""
    stamps = [f"{wording.SOURCES[case.source]}.".upper()] if wording.SOURCES[case.source] else []
    if case.is_running:
        moment = local(case.last_moment)
        stamps.append(f"НЕДЕЛЯ ЕЩЁ ИДЁТ (на момент последнего сбора, {moment} по Кирову): числа могут вырасти.")
    elif not case.is_complete:
        stamps.append("НЕДЕЛЯ ПРОЧИТАНА НЕ ЦЕЛИКОМ: публикаций могло быть больше (см. coverage.csv).")
    return stamps


def _head(case: Case) -> list[str]:
    week, institution = case.week, case.institution
    ogrn = f", ОГРН {institution['ogrn']}" if institution["ogrn"] else ""
    platform = wording.PLATFORMS.get(case.account["platform"], case.account["platform"])
    state = case.lake_state
    return [
        f"ДОКАЗАТЕЛЬСТВА: {case.account_id}, неделя {week.label}",
        "",
        "Архив показывает, на чём основаны выводы об одном официальном аккаунте за одну неделю, и позволяет "
        "их проверить.",
        "",
        f"Учреждение: {_plain(institution['name'])}{ogrn}",
        f"Вид:        {wording.KINDS[institution['kind']]}",
        f"Аккаунт:    {platform}, {_plain(case.account['url'])} (ключ в реестре: {case.account_id})",
        f"Неделя:     с понедельника {russian.dated(week.start)} 00:00 до воскресенья "
        f"{russian.dated(week.until - timedelta(days=1))} 24:00 по времени Кирова (UTC+3)",
        f"Данные:     собраны по {local(case.last_moment)} (время Кирова); порция {state['batch']} хранилища, SHA-256 "
        f"его таблицы сборов {state['coverage_sha256']}",
    ]


def _verdicts(case: Case) -> list[str]:
    if case.findings.empty:
        return ["Ни один пункт распоряжения об аккаунтах этой сети не проверяется."]
    lines = []
    for found in case.findings.to_dict("records"):
        lines += [
            f"{found['clause_name']}: {found['verdict_name'].upper()}",
            *(f"  {title}: {_plain(found[name])}" for name, title in _FACTS.items() if _plain(found[name])),
            *_grounds(found),
            f"  {_quotation(case, found)}",
            "",
        ]
    return lines[:-1]


def _quotation(case: Case, found: Mapping[Any, Any]) -> str:
    clause = next(clause for clause in case.clauses if clause.key == found["clause"])
    edition = clause.edition_on(case.week.until - timedelta(days=1))
    if edition is None:
        return f"Пункт действует с {russian.dated(clause.editions[0].in_force_from)}."
    return method.quotation(edition)


def _grounds(found: Mapping[Any, Any]) -> list[str]:
    """What a finding rests on besides the network's answers: rows of the registers, acts, people's checks."""
    proofs = [proof for proof in json.loads(found["evidence"]) if not proof["sha256"]]
    return [f"  Основание: {_plain(proof['title'])} {_plain(proof['url'])}".rstrip() for proof in proofs]


def _posts(case: Case) -> list[str]:
    counted = case.posts["counted"]
    yes, unknown = int(counted.fillna(value=False).sum()), int(counted.isna().sum())
    lines = [
        f"За неделю видно: {russian.posts(len(counted))}. Засчитано: {yes}, не засчитано: "
        f"{len(counted) - yes - unknown}, не известно: {unknown}."
    ]
    if len(counted):
        lines.append("Почему засчитана или не засчитана каждая, сказано в posts.csv.")
    if not case.has_edition:
        lines.append("В эту неделю пункт ещё не действовал; публикации разобраны по правилам его первой редакции.")
    if case.is_complete:
        lines.append("Лента за эту неделю прочитана целиком.")
    return lines


def _packed(case: Case) -> str:
    answers = russian.counted(len(case.answers) - len(case.pruned), "ответ сети", "ответа сети", "ответов сети")
    readings = russian.counted(len(case.coverage), "чтение", "чтения", "чтений")
    told = f"Всего {answers}; недели касается {readings} этого аккаунта (coverage.csv)."
    if case.pruned:
        gone = russian.counted(
            len(case.pruned), "сохранённый ответ удалён", "сохранённых ответа удалены", "сохранённых ответов удалены"
        )
        told += f" Ещё {gone} по сроку: в answers/index.csv остались их SHA-256, что спрошено и когда получено."
    return told


def _plain(value: object) -> str:
    """Foreign text on one line, without invisible characters; blank for none."""
    return addresses.tidied(value) if isinstance(value, str) else ""


def _wrapped(line: str) -> str:
    """Further lines begin under the first word after a dash, number or title."""
    hanging = re.match(r"\s*(?:-\s|\d+\.\s|\S+\s{2,})?", line)
    indent = " " * len(hanging[0] if hanging else "")
    return textwrap.fill(line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
