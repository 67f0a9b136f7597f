"""All errors of the package.

Every message is for the analyst: in Russian, it says what happened, where, what was expected and what to do.

```
KirovError                     exit code 1
├── InputError                 2  wrong parameter, file or row
│   ├── ParameterError            a parameter of a command or notebook
│   ├── RegistryError             a row of the register
│   ├── ClausesError              an entry of clauses.toml
│   └── TableError                a table breaks its declared columns
├── LakeError                  2  the lake is empty, busy or of a newer schema
├── IncompleteError            3  done, but data are missing
└── AccessError                4  token or network
    ├── TokenError                the token is missing, expired or of the wrong kind
    ├── QuotaError                the network's daily limit is used up
    └── NetworkError              the network does not answer
```
"""

from __future__ import annotations

import os
import traceback

_RED, _PLAIN = "\x1b[1;31m", "\x1b[0m"


class KirovError(Exception):
    """Base of all errors of the package; `exit_code` is what the command line ends with."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in a notebook: the message alone; the whole traceback with KIROV_DEBUG."""
        if os.environ.get("KIROV_DEBUG"):
            return [line.rstrip("\n") for line in traceback.format_exception(self)]
        return [f"{_RED}{line}{_PLAIN}" for line in str(self).splitlines()]


class InputError(KirovError):
    """Something the analyst gave is wrong."""

    exit_code = 2


class ParameterError(InputError):
    """A parameter of a command or notebook is wrong."""


class RegistryError(InputError):
    """One or more rows of the register are wrong; the message names file and row of each."""


class ClausesError(InputError):
    """An entry of `clauses.toml` is wrong."""


class TableError(InputError):
    """A table breaks what `tables.py` declares for it."""


class LakeError(KirovError):
    """The lake is empty, locked by another run, or was written by a newer version."""

    exit_code = 2


class IncompleteError(KirovError):
    """The work is done, but some data are missing."""

    exit_code = 3


class AccessError(KirovError):
    """A network could not be used at all."""

    exit_code = 4


class TokenError(AccessError):
    """A token is missing, expired or of the wrong kind; the message names the variable to mend."""


class QuotaError(AccessError):
    """The daily limit of a network is used up."""


class NetworkError(AccessError):
    """A network does not answer or answers something else than it should."""
