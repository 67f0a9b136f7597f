"""What a command and a kernel import, each looked at in a Python of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from notebook_cells import ROOT

from kirovlib import startup


def imported_by(code: str) -> set[str]:
    told = f"{code}\nimport sys; print(*(name for name, module in sys.modules.items() if module is not None))"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_the_package_alone_imports_none_of_the_libraries_it_uses() -> None:
    assert not imported_by("import kirovlib") & {"pandas", "numpy", "plotly", "duckdb", "pyarrow", "httpx", "pandera"}


def test_help_on_the_command_line_imports_no_pandas() -> None:
    code = "from kirovlib.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    assert not imported_by(code) & {"pandas", "plotly", "duckdb", "papermill"}


def test_the_first_table_is_validated_without_what_pandera_finds_installed_besides() -> None:
    row = "{'account_id': 'vk:a', 'week_start': pd.Timestamp('2024-05-20'), 'is_complete': True}"
    counts = "{name: 0 for name in tables.columns(tables.WeeklyCounts) if name.endswith('_count')}"
    code = f"import pandas as pd; from kirovlib import tables\nrow = {row} | {counts}"
    found = imported_by(f"{code}\ntables.validate(tables.WeeklyCounts, pd.DataFrame([row]))")
    assert {"pandas", "pandera"} <= found
    assert not found & {"hypothesis", "dask", "dask.dataframe"}


def test_what_was_hidden_can_be_imported_afterwards_and_what_was_there_stays() -> None:
    sys.modules.pop("colorsys", None)
    with startup.as_if_absent("colorsys", "json"):
        import json  # noqa: PLC0415

        assert json.loads("1") == 1
        with pytest.raises(ImportError):
            import colorsys  # noqa: PLC0415
    import colorsys  # noqa: PLC0415

    assert colorsys.rgb_to_hls(0, 0, 0)[1] == 0
