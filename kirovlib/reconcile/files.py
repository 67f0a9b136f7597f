"""The files of a reconciliation: all rows, and a register with what is certain; never the register itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kirovlib import registry, tables
from kirovlib.errors import ParameterError, RegistryError
from kirovlib.reconcile.judging import STATES
from kirovlib.reconcile.rows import COLUMNS, Reconciled
from kirovlib.registry import Register
from kirovlib.settings import Settings

RECONCILE_CSV = "reconcile.csv"
STATUSES = {"live": "открыт", "closed": "закрыт", "gone": "удалён или заблокирован", "unknown": "не известно"}
_CERTAIN = ("learnt", "renamed", "closed")


def check_folder(settings: Settings, folder: Path) -> None:
    """Refuse a folder that `write` must not write to, before any work.

    Raises:
        ParameterError: It is the register's own, holds one of the files already, or is a file.
    """
    if folder.resolve() == settings.registry_dir.resolve():
        msg = f"Параметр --out: «{folder}» — папка самого реестра, он не меняется. Укажите другую, новую папку."
        raise ParameterError(msg)
    names = (registry.INSTITUTIONS_CSV, registry.ACCOUNTS_CSV, RECONCILE_CSV)
    present = [name for name in names if (folder / name).exists()]
    if present:
        msg = f"Параметр --out: в папке «{folder}» уже есть {', '.join(present)}, они не изменены. Укажите новую папку."
        raise ParameterError(msg)
    if folder.exists() and not folder.is_dir():
        msg = f"Параметр --out: «{folder}» — не папка. Укажите новую папку."
        raise ParameterError(msg)


def taken_over(register: Register, reconciled: Reconciled) -> Register:
    """The register with what is certain: numbers where they were learnt, addresses that changed under one number."""
    rows = reconciled.rows[reconciled.rows["state"].isin(_CERTAIN)].set_index("account_id")
    renamed = rows.loc[rows["state"] == "renamed", "found_url"]
    accounts = register.accounts.set_index("account_id", drop=False)
    accounts["platform_id"] = accounts["platform_id"].fillna(rows["found_id"])
    accounts.loc[renamed.index, "url"] = renamed
    return replace(register, accounts=tables.validate(tables.Accounts, accounts))


def write(folder: Path, register: Register, reconciled: Reconciled) -> None:
    """Write `reconcile.csv` (Russian heads, UTF-8 with BOM and `;`) and the register as `taken_over`, a whole one.

    Raises:
        RegistryError: The folder cannot be written to.
    """
    rows = reconciled.rows.assign(
        state=reconciled.rows["state"].map(STATES), status=reconciled.rows["status"].map(STATUSES)
    )
    # A lone carriage return is not quoted by csv; what a spreadsheet takes for a formula gets an apostrophe.
    rows = rows.replace(r"\r\n?", "\n", regex=True).replace(r"^(?=[=+\-@\t])", "'", regex=True)
    text = rows.rename(columns=COLUMNS).to_csv(index=False, sep=";", lineterminator="\n")
    try:
        registry.write(folder, taken_over(register, reconciled))
        (folder / RECONCILE_CSV).write_bytes(text.encode("utf-8-sig"))
    except OSError as error:
        msg = f"Не удалось записать в папку «{folder}»: {error.strerror or error}. Проверьте права и место на диске."
        raise RegistryError(msg) from None
