"""The register: institutions, their accounts and what else the region keeps about them; read strictly."""

from kirovlib.registry.corrections import Correction
from kirovlib.registry.layout import ACCOUNTS_CSV, INSTITUTIONS_CSV, Register, read, write
from kirovlib.registry.ogrn import is_ogrn
from kirovlib.registry.side import Side, read_side, write_side

__all__ = [
    "ACCOUNTS_CSV",
    "INSTITUTIONS_CSV",
    "Correction",
    "Register",
    "Side",
    "is_ogrn",
    "read",
    "read_side",
    "write",
    "write_side",
]
