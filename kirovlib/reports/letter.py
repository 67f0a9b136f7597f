"""The covering letter: a DOCX template that the analyst can edit, checked before it is used, filled for a founder.

The template is a Word document with the marks of docxtpl in it (Jinja); `letter_words` says what they may name. What
is filled in is escaped and never read as a mark itself, and the letter bears no name of a user and no present moment.
"""

from __future__ import annotations

import difflib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kirovlib.errors import ParameterError
from kirovlib.reports import letter_words
from kirovlib.reports.pages import TEMPLATE_DIR

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

SHIPPED = TEMPLATE_DIR / "letter.docx"
OWN = Path("templates", "letter.docx")  # in the data folder
NO_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP knows
_AUTHOR = re.compile(rb"\bw:author=")  # of tracked changes, of form too, and of remarks
_SHOWN_MARK = 160
_CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>О ведении официальных аккаунтов</dc:title>'
    '<dcterms:created xsi:type="dcterms:W3CDTF">{0}</dcterms:created>'
    '<dcterms:modified xsi:type="dcterms:W3CDTF">{0}</dcterms:modified></cp:coreProperties>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
# Who made the file, on which machine and with what: a template edited in Word tells it, a letter does not.
_PROPERTIES = {
    "docProps/app.xml": f'<Properties xmlns="{_OFFICE}/extended-properties"/>',
    "docProps/custom.xml": f'<Properties xmlns="{_OFFICE}/custom-properties"/>',
    "word/people.xml": '<w15:people xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"/>',
}


@dataclass(frozen=True)
class Template:
    """A template that was read and tried out; `shown` is how messages call its file."""

    content: bytes
    shown: str

    def filled(self, values: Mapping[str, Any], created: datetime) -> bytes:
        """The letter.

        Args:
            values: A value for each of `letter_words.VARIABLES`.
            created: Written into its properties (UTC), so that the same letter is the same bytes.

        Raises:
            ParameterError: The template does not work with them.
        """
        return _fixed(_rendered(self, values), created)


def load(data: Path) -> Template:
    """The template of a data folder, `templates/letter.docx`, else the shipped one; tried out in all its forms.

    Raises:
        ParameterError: It cannot be read, names something that there is not, has a mistake in a mark, does not say
            that data are incomplete or made up, or remarks and tracked changes were left in it; the message says what
            to do.
    """
    own = data / OWN
    return check(own if own.is_file() else SHIPPED, f"{data.name}/{OWN.as_posix()}" if own.is_file() else SHIPPED.name)


def check(file: Path, shown: str) -> Template:
    """A template, tried out in all its forms.

    Raises:
        ParameterError: See `load`.
    """
    try:
        content = file.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.getinfo("word/document.xml")
            parts = [archive.read(name) for name in archive.namelist() if re.fullmatch(r"word/[^/]+\.xml", name)]
    except (OSError, zipfile.BadZipFile, KeyError):
        msg = f"Шаблон письма «{shown}» не читается. Ожидается документ Word (.docx); {_AGAIN}"
        raise ParameterError(msg) from None
    if any(map(_AUTHOR.search, parts)):
        msg = (
            f"Шаблон письма «{shown}»: в нём остались исправления или примечания рецензирования — они ушли бы в письма "
            "с именем того, кто их сделал. Примите исправления, удалите примечания и сохраните."
        )
        raise ParameterError(msg)
    template = Template(content, shown)
    for form in letter_words.FORMS:
        _rendered(template, letter_words.example(form))
    _refuse_unknown(template)
    _refuse_silent(template)
    return template


_SAID = {("stamp",): "данные неполные", ("banner", "watermark"): "данные учебные"}
_AGAIN = "возьмите поставляемый: kirov letter-template --out ФАЙЛ.docx."


def _rendered(template: Template, values: Mapping[str, Any]) -> bytes:
    import docxtpl  # noqa: PLC0415 - with lxml a third of a second, only for letters
    import jinja2  # noqa: PLC0415

    sink = io.BytesIO()
    try:
        document = docxtpl.DocxTemplate(io.BytesIO(template.content))
        document.render(dict(values), _environment())
        document.save(sink)
    except jinja2.UndefinedError as error:
        names = re.findall(r"'([^']+)'", str(error))
        raise ParameterError(_unknown(template, names[-1] if names else str(error))) from None
    except jinja2.TemplateError as error:
        near = " ".join(line.strip() for line in getattr(error, "docx_context", ()) if "{" in line)[:_SHOWN_MARK]
        where = f" Рядом: «{near}»." if near else ""
        msg = (
            f"Шаблон письма «{template.shown}»: ошибка в пометке {{{{ … }}}} или {{% … %}} ({error}).{where} "
            f"Исправьте её или {_AGAIN}"
        )
        raise ParameterError(msg) from None
    except Exception as error:  # noqa: BLE001 - a document with marks in the wrong places breaks docx and lxml anyhow
        msg = (
            f"Шаблон письма «{template.shown}» не заполняется ({type(error).__name__}: {error}). Проверьте, что парные "
            f"пометки стоят в одном абзаце, ячейке или строке таблицы, или {_AGAIN}"
        )
        raise ParameterError(msg) from None
    return sink.getvalue()


def _environment() -> SandboxedEnvironment:
    """Marks may not reach into Python, since templates come by mail; nothing that is unknown passes silently."""
    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    del environment.filters["safe"]  # foreign text would become markup
    return environment


def _refuse_unknown(template: Template) -> None:
    """Names in branches that no example takes."""
    import docxtpl  # noqa: PLC0415

    document = docxtpl.DocxTemplate(io.BytesIO(template.content))
    unknown = document.get_undeclared_template_variables(_environment(), dict(letter_words.example("breaches")))
    if unknown:
        raise ParameterError(_unknown(template, min(unknown)))


def _refuse_silent(template: Template) -> None:
    """A letter on incomplete or made-up data must say so."""
    import docxtpl  # noqa: PLC0415

    document = docxtpl.DocxTemplate(io.BytesIO(template.content))
    used = document.get_undeclared_template_variables(_environment())
    for names, about in _SAID.items():
        if not used & set(names):
            msg = (
                f"Шаблон письма «{template.shown}»: нет имени {' или '.join(f'«{name}»' for name in names)}, и письмо "
                f"не скажет, что {about}. Верните его или {_AGAIN}"
            )
            raise ParameterError(msg)


def _unknown(template: Template, name: str) -> str:
    known = list(letter_words.VARIABLES)
    near = difflib.get_close_matches(name, known + [each.rpartition(".")[2] for each in known], 1)
    return (
        f"Шаблон письма «{template.shown}»: имени «{name}» нет."
        + (f" Похоже на «{near[0]}»." if near else "")
        + " Исправьте его; все имена с пояснениями печатает «kirov letter-template»."
    )


def _fixed(content: bytes, created: datetime) -> bytes:
    """The same document without anything of the machine, the user or the moment."""
    own = _PROPERTIES | {"docProps/core.xml": _CORE.format(f"{created:%Y-%m-%dT%H:%M:%SZ}")}
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(sink, "w") as new:
        for name in sorted(old.namelist()):
            put(new, name, own[name].encode() if name in own else old.read(name))
    return sink.getvalue()


def put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file to a ZIP, without date and kind of system."""
    entry = zipfile.ZipInfo(name, NO_DATE)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 6)
