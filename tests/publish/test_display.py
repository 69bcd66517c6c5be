"""Does each result read well and safely wherever it is shown?"""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.publish import display
from kalib.publish.html import clean, markdown
from kalib.words import Words

WORDS = Words("en", currency="GBP")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [HOSTILE, "Northgate 北门商贸", *(f"C{i}" for i in range(28))],
            "net_sales": [1000.4, -250.0, *(float(i) for i in range(28))],
            "tier": ["key", None, *["tail"] * 28],
            "last_order_date": pd.Timestamp("2026-06-30"),
        }
    )


def _draw(table: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    ax = ax or style.new_axes()
    ax.bar(range(len(table)), table["net_sales"], color=style.ACCENT)
    ax.text(0, 1, HOSTILE)
    return ax


class _Checker(HTMLParser):
    """Collects tags, and refuses what is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("col", "img", "br", "path", "use", "rect", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag


def test_an_answer_is_markdown_whose_names_mean_nothing() -> None:
    bundle, metadata = display.answer(f"**3 of 4** accounts; first is _A*B_ [x](y) {HOSTILE}")
    assert bundle["text/markdown"].startswith("**3 of 4** accounts")
    assert r"\_A\*B\_ \[x\](y) \<script\>" in bundle["text/markdown"]
    assert bundle["text/plain"].startswith("3 of 4 accounts; first is _A*B_")
    assert metadata["kalib"]["role"] == "answer"
    assert metadata["kalib"]["text"].startswith("**3 of 4**")


def test_a_finding_stands_out_where_there_is_no_style() -> None:
    bundle, metadata = display.finding("Eleven accounts **lost** sales")
    assert bundle["text/markdown"] == "**Eleven accounts lost sales**"
    assert metadata["kalib"]["role"] == "finding"


def test_figures_of_a_strip_stand_in_a_table() -> None:
    items = [("Net sales", "£18.4m", "▲ 6.2% on last year", "good"), ("Accounts", f"97{HOSTILE}", "", "")]
    bundle, metadata = display.kpis(items)
    assert "script" not in _Checker(bundle["text/html"]).tags
    assert bundle["text/plain"].splitlines()[0] == "Net sales: £18.4m (▲ 6.2% on last year)"
    assert metadata["kalib"]["items"][0] == {
        "label": "Net sales",
        "value": "£18.4m",
        "note": "▲ 6.2% on last year",
        "tone": "good",
    }
    with pytest.raises(ValueError, match="not \\['great'\\]"):
        display.kpis([("a", "b", "c", "great")])


def test_a_table_escapes_aligns_and_folds(frame: pd.DataFrame) -> None:
    before = frame.copy()
    columns = {"customer_id": "", "net_sales": "money", "tier": "code tier", "last_order_date": "date"}
    bundle, metadata = display.table(frame, columns, WORDS, headers={"customer_id": "<b>Who"}, bar="net_sales")
    html = bundle["text/html"]
    checked = _Checker(html)
    assert not checked.open
    assert {"script", "b"}.isdisjoint(checked.tags)
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;Who" in html
    first, rest = html.split("<details")
    assert first.count("<tr>") == 11
    assert rest.count("<tr>") == 21
    assert "Show all 30" in rest
    assert '<td align="right">£1,000</td><td><span class="bar" style="width:100.0%">' in first
    assert '<td align="right" class="bad">−£250</td>' in first
    assert "<td>Core</td><td>30 June 2026</td>" in first
    assert "<td>–</td>" in first  # no tier
    assert metadata == {"kalib": {"role": "table"}}
    pd.testing.assert_frame_equal(frame, before)


def test_a_table_as_text_lines_up_with_chinese_in_it(frame: pd.DataFrame) -> None:
    columns = {"customer_id": "", "net_sales": "money"}
    lines = display.table(frame, columns, WORDS, rows=2)[0]["text/plain"].splitlines()
    assert lines[1].endswith("£1,000")
    width = [len(line) + len(re.findall(r"[\u4e00-\u9fff]", line)) for line in lines[:3]]
    assert len(set(width)) == 1
    assert lines[3] == "… (30)"


def test_a_long_table_says_that_it_is_cut() -> None:
    frame = pd.DataFrame({"orders": range(2_000)})
    html = display.table(frame, {"orders": "count"}, WORDS)[0]["text/html"]
    assert html.count("<tr>") == display.MOST_ROWS + 2
    assert "Show 500 of 2,000; all are in the Excel file" in html


def test_an_empty_table_and_an_unknown_column(frame: pd.DataFrame) -> None:
    html = display.table(frame.head(0), {"net_sales": "money"}, WORDS, bar="net_sales")[0]["text/html"]
    assert "<details" not in html
    with pytest.raises(KeyError, match="the table to show lacks \\['margin'\\]; it has"):
        display.table(frame, {"margin": "money"}, WORDS)
    with pytest.raises(KeyError, match="the bar's column `net_sales` is not among the columns shown"):
        display.table(frame, {"tier": ""}, WORDS, bar="net_sales")


def test_a_figure_in_a_notebook_is_a_picture(frame: pd.DataFrame) -> None:
    bundle, metadata = display.figure(_draw, frame, WORDS, alt="Sales of 30 accounts", height=200)
    png = base64.b64decode(bundle["image/png"])
    width, height = (int.from_bytes(png[i : i + 4]) for i in (16, 20))
    assert (width, height) == (2 * 880, 2 * 200)
    assert metadata["image/png"] == {"width": 880, "height": 200}
    assert bundle["text/plain"] == "Sales of 30 accounts"


def test_a_figure_on_a_page_is_drawn_twice_and_takes_the_pages_colours(frame: pd.DataFrame) -> None:
    alt = 'Sales "of" <30> accounts'
    bundle, _ = display.figure(_draw, frame, WORDS, alt=alt, caption=HOSTILE, publishing=True)
    html = bundle["text/html"]
    checked = _Checker(html)
    assert "script" not in checked.tags
    assert checked.tags.count("svg") == 2
    assert [value for name, value in checked.attributes if name == "aria-label"] == [alt, alt]
    assert 'viewBox="0 0 880 320"' in html
    assert 'viewBox="0 0 358 320"' in html
    assert f"var(--accent,{style.ACCENT})" in html
    assert style.ACCENT not in html.replace(f"var(--accent,{style.ACCENT})", "")
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert {a or b for a, b in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html)} == set(ids)
    assert "http" not in html.replace("http://www.w3.org", "")
    assert html == display.figure(_draw, frame, WORDS, alt=alt, caption=HOSTILE, publishing=True)[0]["text/html"]


def test_a_heavy_drawing_becomes_a_picture(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "SMALL_SVG", 100)
    html = display.figure(_draw, frame, WORDS, alt="x<y", publishing=True)[0]["text/html"]
    assert html.count('<img src="data:image/png;base64,') == 2
    assert 'alt="x&lt;y"' in html


def test_no_name_is_taken_for_mathematics() -> None:
    """JupyterLab sets what stands between dollar signs, in ``\\(…\\)`` or in ``\\begin{…}``, unless a tag comes between."""
    name = r"A$x$ \(y\) \begin{z}"
    marked = display.answer(name)[0]["text/markdown"]
    assert marked == (
        "A<span>&#36;</span>x<span>&#36;</span> <span>&#92;</span>(y<span>&#92;</span>) <span>&#92;</span>begin{z}"
    )
    assert clean(markdown(marked)).striptags() == name

    frame = pd.DataFrame({"name": [name]})
    shown = [display.table(frame, {"name": ""}, WORDS), display.kpis([(name, name, name, "")])]
    for bundle, _ in shown:
        assert re.match(r"<\w+ class=\"[^\"]*\bmathjax_ignore\b", bundle["text/html"])
