"""The register: institutions, their accounts and what else the region keeps about them; read strictly."""

from kirovlib.registry.layout import ACCOUNTS_CSV, INSTITUTIONS_CSV, Register, read, write
from kirovlib.registry.ogrn import is_ogrn

__all__ = ["ACCOUNTS_CSV", "INSTITUTIONS_CSV", "Register", "is_ogrn", "read", "write"]
