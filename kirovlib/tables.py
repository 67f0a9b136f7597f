"""Every table and every column: type, meaning, unit, constraint.

Suffixes: `_at` UTC moment, `_on` `_from` `_until` `_start` local date, `_count` whole number, `_share` 0-1,
`is_` `has_` boolean. `data/README.md` is generated from here. A missing value means "not known", never zero or no.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa
import pyarrow
from pandera import dtypes
from pandera.engines import pandas_engine

from kirovlib.errors import TableError
from kirovlib.startup import as_if_absent

SCHEMA_VERSION = 1
_NOT_OURS = ("dask.dataframe", "hypothesis")  # pandera imports them where it finds them: 0.4 s of each start

KINDS = ("executive_authority", "subordinate", "state_participation", "other")
PLATFORMS = ("vk", "ok", "telegram")
OUTCOMES = ("collected", "partial", "not_collected")
VERDICTS = ("failed", "cannot_tell", "passed", "inapplicable", "untested")
PROFILE_STATUSES = ("live", "closed", "gone", "unknown")
MANUAL_RESULTS = ("passed", "failed", "contested")
SOURCES = ("network", "sandbox", "replay", "file")

# Why an account was not, or not wholly, collected; the words of `Coverage.reason`.
COVERAGE_REASONS = {
    "": "собрано полностью",
    "wall_closed": "лента закрыта: сеть не показывает её без членства в сообществе",
    "account_gone": "сообщество удалено или заблокировано",
    "address_unknown": "сеть не знает такого адреса (это не доказывает, что аккаунта нет)",
    "address_moved": "по адресу или номеру теперь другое сообщество, чем собранное прежде (kirov registry reconcile)",
    "not_a_community": "по адресу не сообщество, а личная страница или приложение",
    "no_preview": "открытого просмотра канала нет: имя свободно, канал закрыт, это чат или просмотр выключен",
    "access_denied": "сеть не разрешает читать эту ленту нашим ключом",
    "paging_broken": "сеть повторила уже показанную страницу вместо следующей",
    "profile_not_returned": "сеть не вернула страницу сообщества",
    "no_answer": "сеть не ответила после нескольких попыток",
    "answer_not_understood": "ответ сети не разобран",
    "not_yet": "запрошенный промежуток ещё не наступил",
    "wall_shifted": "лента менялась во время чтения",
    "too_large": "ответ сети превышает допустимый размер",
    "not_recorded": "в записи нет этого ответа",
    "quota": "исчерпан суточный лимит сети",
    "no_token": "ключ доступа к сети не задан",
    "token": "сеть не приняла ключ доступа",
    "captcha": "сеть потребовала подтверждение, что работает человек",
    "network": "сеть недоступна",
    "interrupted": "сбор прерван",
    "platform_not_supported": "эта сеть пока не собирается",
    "file_without_period": "из файла, период не указан",
}

Moment = Annotated[pd.DatetimeTZDtype, "us", "UTC"]
Flag = pd.BooleanDtype
Number = pd.Int64Dtype


@pandas_engine.Engine.register_dtype  # type: ignore[untyped-decorator, unused-ignore]
@dtypes.immutable
class LocalDate(pandas_engine.DataType):
    """A date in Kirov, `datetime64[us]` without a zone (pandera's own falls back to nanoseconds)."""

    type = np.dtype("datetime64[us]")

    def coerce(self, data_container: Any) -> Any:
        """Dates from text or other date types."""
        return data_container.astype("datetime64[us]")

    def check(self, pandera_dtype: Any, data_container: Any = None) -> bool:
        """Whether a column is of this type already."""
        found = pandera_dtype if data_container is None else data_container.dtype
        return str(found) == "datetime64[us]"

    def __str__(self) -> str:
        return "datetime64[us]"


def _column(meaning: str, *, required: bool = False, unit: str = "", **checks: Any) -> Any:
    return pa.Field(description=meaning, nullable=not required, metadata={"unit": unit}, **checks)


class Table(pa.DataFrameModel):
    """Base of all tables: exactly the declared columns, coerced to the declared types."""

    class Config:
        """Pandera's switches."""

        strict = "filter"
        coerce = True
        add_missing_columns = True


class Institutions(Table):
    """The institutions of the register."""

    institution_id: str = _column("Постоянный ключ учреждения; ОГРН, когда он известен", required=True, unique=True)
    name: str = _column("Полное наименование", required=True, str_length={"min_value": 1})
    short_name: str = _column("Краткое наименование")
    kind: str = _column("Вид: ОИВ, подведомственное, с государственным участием, прочее", required=True, isin=KINDS)
    status: str = _column("Состояние, как записано в реестре (например, «Ликвидация»)")
    closed_on: LocalDate = _column("Дата закрытия учреждения, если известна; без неё закрытое закрыто всегда")
    founder_id: str = _column("Ключ учредителя (institution_id)")
    sphere: str = _column("Сфера деятельности")
    municipality: str = _column("Муниципальное образование")
    ogrn: str = _column("ОГРН, 13 цифр с верным контрольным разрядом")


class Accounts(Table):
    """The official accounts of the register."""

    account_id: str = _column(
        "Постоянный ключ: сеть, двоеточие, имя или номер при первой записи", required=True, unique=True
    )
    platform_id: str = _column("Собственный номер в сети, если известен")
    institution_id: str = _column("Чей аккаунт", required=True)
    platform: str = _column("Сеть: vk, ok, telegram; другие хранятся, но не собираются", required=True)
    url: str = _column("Адрес", required=True)
    opened_on: LocalDate = _column("Дата создания аккаунта, если известна")
    closed_on: LocalDate = _column("Дата закрытия аккаунта, если известна")
    gospabliki_connected: Flag = _column("Подключён ли к «Госпабликам»; пусто — не известно")
    gospabliki_on: LocalDate = _column("На какую дату это известно")
    gospabliki_source: str = _column("Откуда это известно")


class Posts(Table):
    """Posts of the accounts; one row for each version of a post, the latest is current."""

    account_id: str = _column("Аккаунт", required=True)
    post_id: str = _column("Номер публикации в сети", required=True)
    posted_at: Moment = _column("Когда опубликована", required=True, unit="UTC")
    own: Flag = _column("Опубликована самим аккаунтом (не посетителем)", required=True)
    is_repost: Flag = _column("Репост; пусто — сеть не сказала")
    reposted_from_url: str = _column("Откуда репост")
    is_ad: Flag = _column("Помечена сетью как реклама; пусто — сеть не сказала")
    is_pinned: Flag = _column("Закреплена; пусто — сеть не сказала")
    edited_at: Moment = _column("Когда изменена", unit="UTC")
    text: str = _column("Текст; у записей посетителей не хранится")
    url: str = _column("Адрес публикации", required=True)
    observed_at: Moment = _column("Когда публикация увидена впервые", required=True, unit="UTC")
    last_seen_at: Moment = _column("Когда увидена эта версия", required=True, unit="UTC")
    missed_at: Moment = _column("Когда замечено, что публикация исчезла", unit="UTC")
    version: Number = _column("Номер версии, с 1", required=True, ge=1)
    raw_sha256: str = _column("SHA-256 сохранённого ответа сети")
    run_id: str = _column("Сбор", required=True)
    batch: Number = _column("Номер порции сбора во всём хранилище", required=True, ge=1)


class PostMetrics(Table):
    """Views and reactions at a moment."""

    account_id: str = _column("Аккаунт", required=True)
    post_id: str = _column("Номер публикации в сети", required=True)
    observed_at: Moment = _column("Когда получены", required=True, unit="UTC")
    view_count: Number = _column("Просмотры", ge=0)
    like_count: Number = _column("Отметки «Нравится»", ge=0)
    comment_count: Number = _column("Комментарии", ge=0)
    reshared_count: Number = _column("Сколько раз публикацией поделились", ge=0)
    run_id: str = _column("Сбор", required=True)
    batch: Number = _column("Номер порции сбора", required=True, ge=1)


class ProfileSnapshots(Table):
    """How an account's page was set up at a moment. A blank cell: the network did not return the field."""

    account_id: str = _column("Аккаунт", required=True)
    platform_id: str = _column("Собственный номер в сети")
    collected_at: Moment = _column("Когда получено", required=True, unit="UTC")
    name: str = _column("Название")
    description: str = _column("Описание")
    has_avatar: Flag = _column("Есть ли аватар")
    has_cover: Flag = _column("Есть ли обложка")
    phone: str = _column("Телефон")
    email: str = _column("Почта")
    address: str = _column("Почтовый адрес")
    site: str = _column("Сайт")
    subscriber_count: Number = _column("Подписчики", ge=0)
    verified: Flag = _column("Отметка сети о верификации (не «Госорганизация»)")
    government_mark: Flag = _column("Отметка «Госорганизация»")
    menu: str = _column("Меню: JSON-список {title, url, type}; «[]» — меню пусто")
    links: str = _column("Ссылки: JSON-список {title, url, type}")
    action_button: str = _column("Кнопка действия: JSON-список {title, url, type}")
    status: str = _column("Состояние страницы", required=True, isin=PROFILE_STATUSES)
    raw_sha256: str = _column("SHA-256 сохранённого ответа сети")
    run_id: str = _column("Сбор", required=True)
    batch: Number = _column("Номер порции сбора", required=True, ge=1)


class Coverage(Table):
    """What was asked for and what came, for each account and run."""

    account_id: str = _column("Аккаунт", required=True)
    run_id: str = _column("Сбор", required=True)
    covered_from: Moment = _column("Начало промежутка, за который лента прочитана полностью", unit="UTC")
    covered_until: Moment = _column("Конец этого промежутка (не включая)", unit="UTC")
    outcome: str = _column("Итог", required=True, isin=OUTCOMES)
    reason: str = _column("Причина, если собрано не всё", isin=tuple(COVERAGE_REASONS))
    reached_end: Flag = _column("Дошло ли чтение до самой первой записи", required=True)
    batch: Number = _column("Номер порции сбора", required=True, ge=1)


class Runs(Table):
    """Runs of `kirov collect` and `kirov import-posts`."""

    run_id: str = _column("Сбор", required=True)
    started_at: Moment = _column("Начало", required=True, unit="UTC")
    finished_at: Moment = _column("Конец", unit="UTC")
    source: str = _column("Откуда ответы: сеть, песочница, запись или файл", required=True, isin=SOURCES)
    window_from: Moment = _column("Начало запрошенного промежутка", required=True, unit="UTC")
    window_until: Moment = _column("Конец запрошенного промежутка", required=True, unit="UTC")
    token_kind: str = _column("Вид ключа VK: service, user; пусто — VK не собирался")
    account_count: Number = _column("Аккаунтов в плане", required=True, ge=0)
    request_count: Number = _column("Запросов к сетям", required=True, ge=0)
    quota_count: Number = _column("Из них вызовов, которые сеть считает в суточный лимит (VK: wall.get)", ge=0)


class WeeklyCounts(Table):
    """Posts of an account in a week of Kirov time."""

    account_id: str = _column("Аккаунт", required=True)
    week_start: LocalDate = _column("Понедельник", required=True)
    own_count: Number = _column("Собственные публикации, не репосты", required=True, ge=0, unit="публикаций")
    repost_count: Number = _column("Репосты", required=True, ge=0, unit="публикаций")
    unknown_count: Number = _column("Собственные, о которых не известно, репост ли это", required=True, ge=0)
    removed_count: Number = _column("Из собственных — исчезнувшие после сбора", required=True, ge=0)
    ad_count: Number = _column("Из собственных — реклама", required=True, ge=0)
    own_days_count: Number = _column("Дней недели с собственной публикацией", required=True, ge=0, le=7)
    late_count: Number = _column("Из собственных — увиденные позже 14 суток", required=True, ge=0)
    is_complete: Flag = _column("Прочитана ли неделя целиком", required=True)


class Findings(Table):
    """One judgement: a clause in an edition held against facts of an account or institution in a period."""

    clause: str = _column("Ключ пункта, как в clauses.toml", required=True)
    edition: LocalDate = _column("Редакция: дата вступления в силу")
    institution_id: str = _column("Учреждение", required=True)
    account_id: str = _column("Аккаунт; пусто у пунктов об учреждении")
    period_start: LocalDate = _column("Первый понедельник", required=True)
    period_end: LocalDate = _column("Последнее воскресенье", required=True)
    expected: str = _column("Что требуется", required=True)
    measured: str = _column("Что установлено", required=True)
    verdict: str = _column("Вывод", required=True, isin=VERDICTS)
    reason: str = _column("Причина: слово из order.words.REASONS", required=True)
    evidence: str = _column("Доказательства: JSON-список {title, url, sha256}", required=True)
    note: str = _column("Примечания через запятую: слова из order.words.NOTES")
    repair: str = _column("Как исправить")


class Exemptions(Table):
    """Who need not keep to a clause, by which act."""

    institution_id: str = _column("Учреждение; пусто, если названо в account_id")
    account_id: str = _column("Аккаунт; пусто — все аккаунты учреждения")
    clause: str = _column("Ключ пункта, как в clauses.toml, или *", required=True)
    exempt_from: LocalDate = _column("С какой даты; пусто — с начала")
    exempt_until: LocalDate = _column("По какую дату включительно; пусто — бессрочно")
    act: str = _column("Акт, на основании которого", required=True, str_length={"min_value": 1})


class Decisions(Table):
    """Decisions of the working group addressed to an institution (clause 3.2)."""

    decision_id: str = _column("Номер решения", required=True)
    institution_id: str = _column("Кому адресовано", required=True)
    decided_on: LocalDate = _column("Дата решения", required=True)
    text: str = _column("Что решено", required=True)
    done: Flag = _column("Учтено ли; пусто — не известно")
    done_on: LocalDate = _column("Когда это установлено")
    source: str = _column("Откуда это известно")


class Acknowledgements(Table):
    """Who was made acquainted with which document, and when."""

    institution_id: str = _column("Учреждение", required=True)
    document: str = _column("С чем ознакомлено", required=True)
    acknowledged_on: LocalDate = _column("Когда", required=True)
    source: str = _column("Подтверждение", required=True)


class ManualChecks(Table):
    """What a person established where the networks cannot tell, or contests."""

    account_id: str = _column("Аккаунт", required=True)
    clause: str = _column("Ключ пункта, как в clauses.toml", required=True)
    period_from: LocalDate = _column("Начало периода", required=True)
    period_until: LocalDate = _column("Конец периода включительно", required=True)
    result: str = _column("Что установлено", required=True, isin=MANUAL_RESULTS)
    answer: str = _column("Ответ на возражение (у оспоренных)")
    checked_by: str = _column("Кто проверил", required=True)
    checked_on: LocalDate = _column("Когда проверил", required=True)
    proof: str = _column("Подтверждение: ссылка или файл", required=True)


LAKE_TABLES: dict[str, type[Table]] = {
    "posts": Posts,
    "post_metrics": PostMetrics,
    "profile_snapshots": ProfileSnapshots,
    "coverage": Coverage,
}


def validate(table: type[Table], frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the table's columns, in its order and types.

    Args:
        table: One of the classes of this module.
        frame: Any frame with at least the required columns.

    Returns:
        A new frame.

    Raises:
        TableError: With the required columns that are missing or the first cells that break a constraint.

    Example:
        >>> validate(Coverage, pd.DataFrame()).empty
        True
    """
    if frame.empty:
        return empty(table)
    required = (name for name, column in schema(table).columns.items() if not column.nullable)
    missing = [name for name in required if name not in frame]
    if missing:
        msg = f"Таблица {table.__name__} не принята: нет столбцов {', '.join(missing)}."
        raise TableError(msg)
    try:
        with as_if_absent(*_NOT_OURS):
            return table.validate(frame.reset_index(drop=True), lazy=True)[columns(table)]
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases.head(5)
        cells = "; ".join(
            f"столбец {case.column}, {'весь' if pd.isna(case.index) else f'строка {case.index}'}: "
            f"«{case.failure_case}» нарушает «{case.check}»"
            for case in cases.itertuples()
        )
        msg = f"Таблица {table.__name__} не принята: {cells}."
        raise TableError(msg) from error


def schema(table: type[Table]) -> pa.DataFrameSchema:
    """The table's columns as `pandera` checks them."""
    with as_if_absent(*_NOT_OURS):
        return table.to_schema()


def columns(table: type[Table]) -> list[str]:
    """Names of the table's columns in order."""
    return list(schema(table).columns)


def empty(table: type[Table]) -> pd.DataFrame:
    """The table without rows, in its types."""
    return from_arrow(arrow_schema(table).empty_table())


def arrow_schema(table: type[Table]) -> Any:
    """The table's `pyarrow.Schema`, as it is stored in Parquet."""
    return pyarrow.schema([(name, _arrow_type(str(column.dtype))) for name, column in schema(table).columns.items()])


def from_arrow(arrow_table: Any) -> pd.DataFrame:
    """A `pyarrow.Table` of one of our schemas as a frame with our types."""
    nullable = {pyarrow.bool_(): pd.BooleanDtype(), pyarrow.int64(): pd.Int64Dtype()}
    frame: pd.DataFrame = arrow_table.to_pandas(types_mapper=nullable.get, date_as_object=False)
    dates = [field.name for field in arrow_table.schema if field.type == pyarrow.date32()]
    return frame.astype(dict.fromkeys(dates, "datetime64[us]"))


def to_arrow(table: type[Table], frame: pd.DataFrame) -> Any:
    """The validated frame as a `pyarrow.Table` with the table's schema and `schema_version` in its metadata."""
    stored = arrow_schema(table).with_metadata({"schema_version": str(SCHEMA_VERSION)})
    return pyarrow.Table.from_pandas(validate(table, frame), schema=stored, preserve_index=False)


def to_json(value: object) -> str:
    """JSON text as stored in `menu`, `links`, `action_button` and `evidence`: sorted keys, Cyrillic kept."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _arrow_type(name: str) -> Any:
    if name.startswith("str"):
        return pyarrow.string()
    return {
        "boolean": pyarrow.bool_(),
        "Int64": pyarrow.int64(),
        "datetime64[us, UTC]": pyarrow.timestamp("us", "UTC"),
        "datetime64[us]": pyarrow.date32(),
    }[name]
