"""What makes the start of a kernel or command quicker."""

from __future__ import annotations

import sys


def skip_iri_grammar() -> None:
    """Keep `jsonschema` from compiling a grammar of international addresses that nobody here validates.

    plotly and papermill import nbformat, which imports jsonschema, which imports `rfc3987_syntax` where it is
    installed (jupyter-events brings it); its import compiles a grammar for two seconds. jsonschema does without it:
    the formats `iri` and `iri-reference` are then not checked, and notebooks have none.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
