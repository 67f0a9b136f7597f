"""The proof of a verdict: one ZIP with the posts counted, the findings, and the networks' answers they rest on.

- `case`: what is gathered from the lake and the register, every answer held against its hash.
- `csv_files`: posts, findings, coverage, answers, what the registers say, as tables.
- `readme`: what a lawyer or a head of institution reads first.

The answers are packed byte for byte as they were hashed when they came, so whoever receives the ZIP checks them with
the means of any operating system. The same lake state gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kirovlib.errors import ParameterError
from kirovlib.evidence import csv_files, readme
from kirovlib.evidence.case import Case, find_account, gather
from kirovlib.settings import Settings
from kirovlib.weeks import Week

__all__ = ["Packed", "build", "check_target", "default_name", "find_account"]

_PLAIN_ID = re.compile(r"[a-z]+:[A-Za-z0-9._-]{1,60}")
_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP knows
_UNIX, _READABLE = 3, 0o644 << 16


@dataclass(frozen=True)
class Packed:
    """What was packed.

    Attributes:
        counted_count, left_out_count, unknown_count: Posts of the week by whether they were counted for clause 3.1.
        answer_count: Stored answers that are packed.
        pruned_count: Answers past their term, of which only the hash is left.
        is_complete: Whether the week was read completely.
    """

    file: Path
    account_id: str
    week: Week
    counted_count: int
    left_out_count: int
    unknown_count: int
    answer_count: int
    pruned_count: int
    is_complete: bool


def build(settings: Settings, account: str, week: Week, out: Path, *, force: bool = False) -> Packed:
    """Write the proof of an account's week.

    Args:
        settings: Where register and lake are.
        account: Key of the register, or the account's address.
        week: The week in Kirov time; the running one is allowed and said to be so.
        out: The ZIP to write.
        force: Whether to replace a file that is there.

    Returns:
        The file and what is in it.

    Raises:
        ParameterError: The account is unknown, the week was not collected, or the file cannot be written.
        RegistryError: The register is wrong.
        LakeError: The lake is empty or changes meanwhile, or an answer is missing or damaged.
    """
    check_target(out, force=force)
    case = gather(settings, account, week)
    _write(out, _zipped(_files(case)))
    counted = case.posts["counted"]
    return Packed(
        out,
        case.account_id,
        week,
        int(counted.fillna(value=False).sum()),
        int((~counted.fillna(value=True)).sum()),
        int(counted.isna().sum()),
        len(case.answers) - len(case.pruned),
        len(case.pruned),
        case.is_complete,
    )


def check_target(out: Path, *, force: bool = False) -> None:
    """Refuse a file that could not or should not be written, before any work.

    Raises:
        ParameterError: Not a ZIP, its folder does not exist, or it is there already and `force` is not set.
    """
    if out.suffix.lower() != ".zip":
        msg = f"Параметр --out: «{out.name}»; ожидается файл .zip."
        raise ParameterError(msg)
    if not out.parent.is_dir():
        msg = f"Параметр --out: папки «{out.parent}» нет. Создайте её или укажите другую."
        raise ParameterError(msg)
    if out.is_dir():
        msg = f"Параметр --out: «{out}» — папка, а нужен файл .zip."
        raise ParameterError(msg)
    if out.exists() and not force:
        msg = f"Файл «{out}» уже есть и не тронут. Укажите другой (--out) или замените его (--force)."
        raise ParameterError(msg)


def default_name(account_id: str, week: Week) -> str:
    """The file's name where none is given; ASCII, and never made of unchecked text.

    Example:
        >>> default_name("vk:buyan_licey913", Week.parse("2024-W21"))
        'evidence-vk-buyan_licey913-2024-W21.zip'
    """
    if _PLAIN_ID.fullmatch(account_id):
        safe = account_id.replace(":", "-")
    else:
        safe = hashlib.sha256(account_id.encode()).hexdigest()[:12]
    return f"evidence-{safe}-{week.label}.zip"


def _files(case: Case) -> dict[str, bytes]:
    files = {
        "posts.csv": csv_files.posts(case),
        "findings.csv": csv_files.findings(case),
        "coverage.csv": csv_files.coverage(case),
        "register.csv": csv_files.register(case),
        "answers/index.csv": csv_files.index(case),
        **{answer.file: answer.body for answer in case.answers if answer.body is not None},
    }
    files["README.txt"] = readme.text(case).replace("\n", "\r\n").encode("utf-8-sig")  # for older Windows Notepads
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return files | {"SHA256SUMS": sums.encode()}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """Nothing of the machine or the moment enters: no dates, one order, one compression, one kind of system."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _NO_DATE)
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
    return sink.getvalue()


def _write(out: Path, content: bytes) -> None:
    aside = out.with_name(f".{out.name}.tmp")
    try:
        try:
            aside.write_bytes(content)
            aside.replace(out)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        msg = f"Файл «{out}» не записан: {error.strerror or error}. Закройте его, если он открыт, или укажите другой."
        raise ParameterError(msg) from None
