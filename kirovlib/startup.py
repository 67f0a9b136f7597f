"""What makes the start of a kernel or command quicker."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


def skip_iri_grammar() -> None:
    """Keep `jsonschema` from compiling a grammar of international addresses that nobody here validates.

    plotly and papermill import nbformat, which imports jsonschema, which imports `rfc3987_syntax` where it is
    installed (jupyter-events brings it); its import compiles a grammar for two seconds. jsonschema does without it:
    the formats `iri` and `iri-reference` are then not checked, and notebooks have none.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


@contextmanager
def as_if_absent(*names: str) -> Iterator[None]:
    """Inside, to import one of these modules fails as if it were not installed; one that is imported already stays.

    For libraries that look what else is there and import all they find.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
