"""Every page of the pack, opened from disk in Chromium with the network off."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from kirovlib import demo
from kirovlib.reports import notebooks

pytestmark = pytest.mark.browser


class Visit:
    """A page opened from disk, with all it complained about and asked for."""

    def __init__(self, browser: Any, file: Path) -> None:
        context = browser.new_context(offline=True, viewport={"width": 1440, "height": 900})
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"
        )
        self.page.goto(file.as_uri(), wait_until="load")
        # Charts are drawn one after the other.
        self.page.locator(".figure:not(:has(svg.main-svg))").first.wait_for(state="detached")


@pytest.mark.parametrize("name", ["index", *notebooks.REPORTED])
def test_a_page_draws_each_chart_asks_for_nothing_outside_and_complains_of_nothing(
    browser: Any, small_demo: demo.Demo, name: str
) -> None:
    visit = Visit(browser, small_demo.index.parent / f"{name}.html")
    figures = visit.page.locator(".figure").count()
    assert figures == visit.page.locator(".figure svg.main-svg:first-of-type").count()
    assert (figures > 0) == (name != "index")
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith(("file://", "data:", "blob:"))] == []


def test_an_inline_script_in_a_page_of_the_pack_does_not_run(
    browser: Any, small_demo: demo.Demo, tmp_path: Path
) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(small_demo.index.parent, pack)
    page = pack / "01_overview.html"
    text = page.read_text(encoding="utf-8")
    planted = '<script>window.planted = 1</script><img src="x" onerror="window.planted = 2">'
    page.write_text(text.replace("</main>", planted + "</main>"), encoding="utf-8")
    visit = Visit(browser, page)
    assert visit.page.evaluate("window.planted") is None
    assert any("policy: script-src" in complaint for complaint in visit.complaints)


def test_hostile_texts_of_the_world_are_shown_and_do_nothing(browser: Any, small_demo: demo.Demo) -> None:
    for name in notebooks.REPORTED:
        visit = Visit(browser, small_demo.index.parent / f"{name}.html")
        assert visit.page.locator("main script:not([type='application/json'])").count() == 0
        assert visit.page.locator("main a[href^='javascript']").count() == 0
