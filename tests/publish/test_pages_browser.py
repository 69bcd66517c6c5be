"""Does a browser show the pages as meant: without the network, on a phone, in the dark, on paper?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from sample_pages import write_run

CHROMIUM = shutil.which("chromium")
CONTRAST = """() => {
  const parse = c => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = c => parse(c).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const worst = {};
  for (const e of document.querySelectorAll('main p, main h1, main h2, main td, main th, main dt, main dd, main a, nav a, summary, figcaption, footer p')) {
    if (!e.textContent.trim() || e.closest('.more thead')) continue;
    const text = light(getComputedStyle(e).color);
    worst[e.tagName + '.' + e.className] = (Math.max(text, paper) + .05) / (Math.min(text, paper) + .05);
  }
  return worst;
}"""


pytestmark = pytest.mark.run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("there is no chromium on this machine, and on CI the pages are tested in it")
        pytest.skip("there is no chromium on this machine; the pages are not tested in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page opened without a network, with all that it asked for and complained of."""

    def __init__(self, browser: Browser, file: Path, *, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True, device_scale_factor=1
        )
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.goto(file.as_uri())

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize("name", ["index", "20_pareto", "95_own", "zh/20_pareto"])
def test_a_page_asks_for_nothing_but_itself(browser: Browser, run: Path, name: str) -> None:
    file = run / f"{name}.html"
    with Visit(browser, file) as visit:
        assert [url for url in visit.asked if not url.startswith("data:")] == [file.as_uri()]
        assert visit.said == []
        assert visit.page.locator("h1").is_visible()


def test_hostile_names_are_text(browser: Browser, run: Path) -> None:
    with Visit(browser, run / "20_pareto.html") as visit:
        assert visit.page.get_by_text("<script>alert(1)</script>", exact=True).first.is_visible()
        assert visit.page.get_by_text('=cmd|"/C calc"!A0').first.is_visible()
        assert visit.said == []


@pytest.mark.parametrize("name", ["index", "20_pareto", "95_own", "zh/20_pareto"])
@pytest.mark.parametrize("width", [390, 768])
def test_a_small_screen_scrolls_tables_not_the_page(browser: Browser, run: Path, name: str, width: int) -> None:
    with Visit(browser, run / f"{name}.html", width=width) as visit:
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_figure_is_drawn_for_the_width_it_gets(browser: Browser, run: Path) -> None:
    for width, shown, hidden in ((1280, ".wide", ".narrow"), (390, ".narrow", ".wide")):
        with Visit(browser, run / "20_pareto.html", width=width) as visit:
            figure = visit.page.locator("figure").first
            assert figure.locator(shown).is_visible()
            assert not figure.locator(hidden).is_visible()
            drawn = 880 if width == 1280 else 358
            assert figure.locator(f"{shown} svg").bounding_box()["width"] == pytest.approx(drawn, rel=0.06)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["20_pareto", "index", "95_own"])
def test_text_can_be_read_in_both_modes(browser: Browser, run: Path, scheme: str, name: str) -> None:
    with Visit(browser, run / f"{name}.html", scheme=scheme) as visit:
        found = visit.page.evaluate(CONTRAST)
        assert found
        assert {what: ratio for what, ratio in found.items() if ratio < 4.5} == {}


def test_figures_follow_dark_mode(browser: Browser, run: Path) -> None:
    fills = []
    for scheme in ("light", "dark"):
        with Visit(browser, run / "20_pareto.html", scheme=scheme) as visit:
            fill = "e => [...e.querySelectorAll('path')].map(p => getComputedStyle(p).fill)"
            fills.append(set(visit.page.locator("figure .wide svg").first.evaluate(fill)))
    assert "rgb(15, 92, 110)" in fills[0]
    assert "rgb(111, 192, 208)" in fills[1]
    assert "rgb(15, 92, 110)" not in fills[1]


def test_the_open_and_the_folded_rows_line_up(browser: Browser, run: Path) -> None:
    with Visit(browser, run / "20_pareto.html") as visit:
        visit.page.locator(".more > summary").click()
        rights = [
            table.locator("tbody tr")
            .first.locator("td")
            .evaluate_all("cells => cells.map(c => c.getBoundingClientRect().right)")
            for table in visit.page.locator("table.data").all()
        ]
        assert rights[0] == pytest.approx(rights[1], abs=1)


def test_the_keyboard_reaches_the_content_first(browser: Browser, run: Path) -> None:
    with Visit(browser, run / "20_pareto.html") as visit:
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.className") == "skip"
        assert visit.page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0


def test_a_page_prints_on_paper_in_its_light_colours(browser: Browser, run: Path) -> None:
    with Visit(browser, run / "20_pareto.html", scheme="dark") as visit:
        pdf = visit.page.pdf(prefer_css_page_size=True)
        assert pdf.startswith(b"%PDF")
        visit.page.emulate_media(media="print", color_scheme="dark")
        assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not visit.page.locator("nav").first.is_visible()
        assert visit.page.locator("figure .wide").first.is_visible()


def test_every_picture_says_what_it_shows(browser: Browser, run: Path) -> None:
    for name in ("20_pareto", "95_own"):
        with Visit(browser, run / f"{name}.html") as visit:
            unnamed = (
                "es => es.filter(e => !(e.getAttribute('alt') || e.getAttribute('aria-label') || '').trim()).length"
            )
            assert visit.page.locator("img, svg").evaluate_all(unnamed) == 0


def test_pages_lead_to_each_other(browser: Browser, run: Path) -> None:
    with Visit(browser, run / "index.html") as visit:
        visit.page.locator("a.question").nth(1).click()
        assert visit.page.url.endswith("20_pareto.html")
        visit.page.locator("nav.side a", has_text="中文").click()
        assert visit.page.url.endswith("zh/20_pareto.html")
        assert visit.page.evaluate("document.documentElement.lang") == "zh-Hans"


def test_the_phones_menu_opens_without_a_script(browser: Browser, run: Path) -> None:
    with Visit(browser, run / "20_pareto.html", width=390) as visit:
        assert not visit.page.locator("nav.side").is_visible()
        link = visit.page.locator(".menu a[href='index.html']")
        assert not link.is_visible()
        visit.page.locator(".menu > summary").click()
        assert link.is_visible()
