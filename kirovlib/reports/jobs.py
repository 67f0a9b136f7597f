"""One page to make: a notebook, what it is run with, where its page goes; plain enough to go to another process."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirovlib.errors import KirovError
from kirovlib.reports import notebooks, pages


@dataclass(frozen=True)
class PageJob:
    """A page to make.

    Attributes:
        source: The notebook.
        values: Its parameters, already checked.
        home: The folder it runs in.
        page: The page to write; figures go to `figures/` beside it.
        context: See `pages.context`.
        executed: Where the executed notebook is stored; blank: nowhere.
    """

    source: str
    values: Mapping[str, Any]
    home: str
    page: str
    context: Mapping[str, Any]
    executed: str = ""

    def make(self, server: str = "") -> float:
        """Run the notebook and write its page.

        Args:
            server: See `notebooks.execute`.

        Returns:
            How many seconds it took.

        Raises:
            KirovError: The notebook ended in an error, or a folder is not to be seen from here.
        """
        began, page = time.perf_counter(), Path(self.page)
        for place in (Path(self.source), Path(self.home), page.parent):
            if not place.exists():  # on another machine, or taken away meanwhile
                msg = f"«{place}» здесь не видно. Папки программы и проекта должны быть на общем диске."
                raise KirovError(msg)
        done = notebooks.execute(Path(self.source), self.values, Path(self.home), server)
        if self.executed:
            # nbformat puts each number of a figure on a line of its own.
            text = json.dumps(done, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            Path(self.executed).write_text(f"{text}\n", encoding="utf-8")
        page.write_text(pages.page(done, self.context, page.parent / "figures"), encoding="utf-8")
        return round(time.perf_counter() - began, 3)
