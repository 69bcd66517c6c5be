"""Is a page whole, safe, and set as its readers expect?"""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from sample_pages import DOT, FORMULA, SECRET, make_notebook, make_own_notebook, write_run

from kalib.publish.html import PageExporter, clean, markdown, read_page
from kalib.publish.index import write_index
from kalib.words import Words

VOID = {"meta", "link", "br", "img", "col", "input", "hr"}


class Document(HTMLParser):
    """A page, read: tags, attributes, ids and what stands in each kind of tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)
            self.text.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.text[self._open[-1]][-1] += data

    def get(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("pages"))


def _read(file: Path) -> tuple[str, Document]:
    html = file.read_text(encoding="utf-8")
    return html, Document(html)


def test_every_page_is_written_once_per_language(run: Path) -> None:
    assert sorted(p.relative_to(run).as_posix() for p in run.rglob("*.html")) == [
        "20_pareto.html",
        "90_summary.html",
        "95_own.html",
        "index.html",
        "zh/20_pareto.html",
        "zh/90_summary.html",
        "zh/index.html",
    ]


@pytest.mark.parametrize("name", ["20_pareto", "95_own", "index", "zh/20_pareto", "zh/index"])
def test_no_page_runs_or_asks_for_anything(run: Path, name: str) -> None:
    html, page = _read(run / f"{name}.html")
    assert {"script", "iframe", "object", "embed", "form", "base"}.isdisjoint(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:" in page.get("content")
    for value in page.get("src"):
        assert value.startswith("data:image/")
    for tag, attribute, value in page.attributes:
        if attribute == "href" and tag == "a":
            assert not re.match(r"[a-z]+:|//|/", value), value
    assert "@import" not in html
    assert "url(http" not in html
    assert SECRET not in html
    ids = page.get("id")
    assert len(ids) == len(set(ids))
    assert page.tags["h1"] == 1


def test_the_finding_is_the_heading_and_the_question_stands_above_it(run: Path) -> None:
    html, page = _read(run / "20_pareto.html")
    assert page.text["h1"] == ["Which accounts carry the business?"]
    assert page.text["h2"] == ["Two accounts bring half", "All twenty are key", "What this cannot tell"]
    assert page.text["h3"] == ["The same, drawn again"]
    assert '<p class="eyebrow">How much do the largest bring?</p>' in html
    assert '<p class="eyebrow">What this cannot tell</p>' not in html
    order = [
        "<h1",
        'class="answer"',
        'class="kpis"',
        'class="eyebrow"',
        "<figure",
        "About this page",
        "How this was",
        "<footer",
    ]
    places = [html.index(piece) for piece in order]
    assert places == sorted(places)
    assert "<strong>2 of 20 accounts</strong> bring half, &lt;script&gt;" in html
    assert "Three have no *cost*." in html
    assert "orders.csv 8f2c1a" in html[html.index("<footer") :]
    assert "said by the figure already" not in html
    assert "bins = 4" in html
    assert "The director decides <strong>whom</strong> to visit." in html[html.index("About this page") :]


def test_figures_are_named_for_those_who_cannot_see_them(run: Path) -> None:
    _, page = _read(run / "20_pareto.html")
    assert page.get("aria-label").count("Net sales of 20 customers") == 4
    _, own = _read(run / "95_own.html")
    assert own.get("alt") == ["Figure: My own look"]


def test_pages_know_their_neighbours_and_their_twins(run: Path) -> None:
    _, page = _read(run / "20_pareto.html")
    links = page.get("href")
    assert {"index.html", "90_summary.html", "zh/20_pareto.html", "tiny-2026-06-30.xlsx", "../../index.html"} <= set(
        links
    )
    assert page.get("aria-current") == ["page", "page"]  # beside the page, and in the phone's menu
    _, zh = _read(run / "zh" / "20_pareto.html")
    assert {"../20_pareto.html", "../tiny-2026-06-30.xlsx", "../../../index.html"} <= set(zh.get("href"))
    assert zh.get("lang")[0] == "zh-Hans"
    _, own = _read(run / "95_own.html")
    assert "zh/index.html" in own.get("href")


def test_markdown_stands_in_the_readers_language() -> None:
    names = {"pages.20_pareto.title": "# 哪些客户支撑着生意？\n\n总监据此决定。", "pages.20_pareto.nav": "集中度"}
    page = read_page(make_notebook("zh"), name="20_pareto", words=Words("zh", names=names))
    assert page.title == "哪些客户支撑着生意？"
    assert page.about == "<p>总监据此决定。</p>"
    assert page.nav == "集中度"
    assert page.sections[0].question == "How much do the largest bring?"  # no words for it


def test_the_overview_gives_each_question_its_answer_the_summary_first(run: Path) -> None:
    html, page = _read(run / "index.html")
    assert page.text["h1"] == ["Tiny <script>alert(1)</script>"]
    questions = re.findall(r'class="question" href="([^"]+)"', html)
    assert questions == ["90_summary.html", "20_pareto.html", "95_own.html"]
    assert html.index('class="answer"') < html.index('class="question"')
    assert "<p>2 of 20 accounts bring half, &lt;script&gt;" in html
    assert "as of 30 June 2026 · synthetic data" in html


def test_a_users_own_notebook_comes_out_well_and_clean(run: Path) -> None:
    html, page = _read(run / "95_own.html")
    assert "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>" in html
    assert "<td align=right>-2.25</td>" in html
    assert f"<td>{FORMULA}</td>".replace('"', "&quot;") in html.replace("&#34;", "&quot;") or FORMULA in html
    assert '<pre tabindex="0">hello &lt;script&gt;' in html
    assert f"data:image/png;base64,{DOT}" in html
    assert "display:none}</style><table" not in html
    assert "javascript:" not in html
    assert "example.com" not in html
    assert page.text["h2"] == ["My own look"]


def test_our_look_is_there_for_nbconvert_alone(tmp_path: Path) -> None:
    file = tmp_path / "own.ipynb"
    nbformat.write(make_own_notebook(), file)
    html, _ = PageExporter().from_filename(str(file))
    assert Document(html).text["h1"] == ["My own look"]


def test_what_is_cleaned_keeps_tables_and_loses_the_rest() -> None:
    assert clean("<svg><script>x</script></svg>ok<style>b{}</style>") == "ok"
    assert clean("<script>never closed") == ""
    kept = clean('<table border="1" style="x"><tr><th>a</th><th>b</th></tr><tr><td>é</td><td>1,5</td></tr></table>')
    assert kept.startswith('<table class="plain">')
    assert "<th align=right>b</th>" in kept
    assert "<th>a</th>" in kept


def test_headings_of_markdown_bear_no_ids() -> None:
    assert markdown("### One\n\n### One") == "<h3>One</h3>\n<h3>One</h3>"


def test_the_reports_stand_newest_first_with_earlier_runs_folded(tmp_path: Path) -> None:
    for job, name, made in (
        ("a", "2026-05-31-1", "2026-06-01"),
        ("a", "2026-06-30-1", "2026-07-02"),
        ("b", "2026-06-30-2", "2026-07-03"),
    ):
        run = tmp_path / job / name
        run.mkdir(parents=True)
        facts = {
            "job": job,
            "as_of": name[:10],
            "made_at": f"{made}T06:00:00+00:00",
            "settings": {"title": {"en": "A <b>", "zh": "甲"}, "language": ["en", "zh"]} if job == "a" else {},
            "decisions": {},
            "missing": {},
            "notebooks": {
                "90_summary": {"answer": {"en": "**All** is well."}},
                "00_quality": {"answer": {"en": "No."}},
            },
        }
        (run / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    (tmp_path / "a" / "latest").symlink_to("2026-06-30-1")
    (tmp_path / "c" / "draft").mkdir(parents=True)
    html, page = _read(write_index(tmp_path))
    assert re.findall(r'class="question" href="([^"]+)"', html) == [
        "b/2026-06-30-2/index.html",
        "a/2026-06-30-1/index.html",
    ]
    assert "a/2026-06-30-1/zh/index.html" in page.get("href")
    assert "1 earlier report" in html
    assert "a/2026-05-31-1/index.html" in page.get("href")
    assert "A &lt;b&gt;" in html
    assert "<p>All is well.</p>" in html


def test_no_reports_say_what_to_do(tmp_path: Path) -> None:
    html, _ = _read(write_index(tmp_path))
    assert "kalib run JOB.yaml" in html
