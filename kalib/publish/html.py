"""How does an executed notebook become a page? Read as question, answer, evidence and provenance, set in one template.

The page asks nothing of the network and runs no script. It is escaped by default: of all that is inserted as HTML, the
outputs of ``kalib.publish.display`` were escaped where they were made, markdown cells are the notebook author's, as its
code is, and anything else a notebook shows is cleaned here, because it may hold the data's own text.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import bleach
import jinja2
import nbformat
from markupsafe import Markup, escape
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets import default

from kalib.ledger import LedgerReport
from kalib.publish.display import LAB_STYLE
from kalib.settings import Job
from kalib.words import Words

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}
SUMMARY = "90_summary"
"""The notebook whose answer opens the overview."""

_KEPT_TAGS = (
    "a b blockquote br caption code col colgroup dd del details div dl dt em h3 h4 h5 h6 hr i li ol p pre s small span "
    "strong sub summary sup table tbody td tfoot th thead tr u ul"
).split()
_KEPT_ATTRIBUTES = ["align", "colspan", "rowspan", "scope", "title"]
_NOT_TEXT = re.compile(r"<(style|script|template|iframe|object|svg|math)\b.*?(</\1\s*>|$)", re.S | re.I)
_NOTHING = Markup("")
_CELL = re.compile(r"<(t[dh])\b([^>]*)>(.*?)</t[dh]>", re.S)
_NUMBER = re.compile(r"[-+−]?[^\w\s<]?\d[\d,. ]*(e[-+]?\d+)?\s?%?|NaN|nan|None|NaT|inf|-inf|\.\.\.|", re.I)
_HEADING = re.compile(r"^#{1,2}[ \t]+(.+?)[ \t#]*$", re.M)


@dataclass(frozen=True)
class Part:
    """Something shown: ``kind`` is finding, note, kpis, text, figure, table or output."""

    kind: str
    html: Markup = _NOTHING
    items: Sequence[Mapping[str, str]] = ()


@dataclass
class Section:
    """A question, what was found, how to read it, and the evidence."""

    id: str
    heading: str
    question: str = ""
    how: Markup = _NOTHING
    parts: list[Part] = field(default_factory=list)
    has_code: bool = False


@dataclass(frozen=True)
class Link:
    """A link of the navigation."""

    href: str
    text: str
    here: bool = False
    lang: str = ""


@dataclass(frozen=True)
class Site:
    """What the pages of a run have in common."""

    title: str
    pages: Sequence[Link] = ()
    others: Sequence[Link] = ()


@dataclass
class Page:
    """A notebook, read for its page."""

    name: str
    words: Words
    title: str = ""
    answer: str = ""
    kpis: Sequence[Mapping[str, str]] = ()
    lead: list[Part] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    about: Markup = _NOTHING
    code: list[str] = field(default_factory=list)
    provenance: Sequence[str] = ()
    meta: str = ""
    passed_over: bool = False
    site: Site | None = None
    next: Link | None = None

    @property
    def lang(self) -> str:
        """Return the page's language as HTML names it."""
        return LANGUAGE_TAGS[self.words.language]

    @property
    def nav(self) -> str:
        """Return the page's short name: the words ``pages.<notebook>.nav``, else its title."""
        key = f"pages.{self.name}.nav"
        return self.words(key) if key in self.words else self.title

    @property
    def window_title(self) -> str:
        """Return what the browser's tab says."""
        return f"{self.title} · {self.site.title}" if self.site else self.title


def write_pages(run_folder: Path, *, languages: Sequence[str], job: Job, report: LedgerReport) -> list[Path]:
    """Write a page per executed notebook and an overview, in each language.

    Parameters
    ----------
    run_folder : holds ``notebooks/*.ipynb`` in the first language and ``notebooks/<language>/*.ipynb`` in the others
    languages : the first one's pages lie at the top of the folder, the others' in ``<language>/``
    report : tells the snapshot date

    Returns
    -------
    the files written, the overviews (``index.html``) first in each language
    """
    words_of = {tag: Words(tag, currency=job.currency, names=job.names(tag)) for tag in languages}
    pages_of: dict[str, list[Page]] = {}
    for tag in languages:
        folder = run_folder / "notebooks" if tag == languages[0] else run_folder / "notebooks" / tag
        files = sorted(folder.glob("*.ipynb"))
        pages = [read_page(nbformat.read(file, as_version=4), name=file.stem, words=words_of[tag]) for file in files]
        pages_of[tag] = sorted(pages, key=lambda page: page.name != SUMMARY)
    exporter = PageExporter()
    written = []
    for tag in languages:
        folder = run_folder if tag == languages[0] else run_folder / tag
        folder.mkdir(exist_ok=True)
        setting = _Setting(job, report.as_of, tag, languages, words_of, pages_of)
        written.append(_write(folder / "index.html", _render_overview(setting)))
        for page, after in zip_longest(pages_of[tag], pages_of[tag][1:]):
            page.site, page.meta = setting.site(page.name), setting.meta
            page.next = Link(f"{after.name}.html", after.title) if after else None
            written.append(_write(folder / f"{page.name}.html", exporter.render(page)))
    return written


def _write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


@dataclass(frozen=True)
class _Setting:
    """The run around the pages of one language."""

    job: Job
    as_of: dt.date
    language: str
    languages: Sequence[str]
    words_of: Mapping[str, Words]
    pages_of: Mapping[str, Sequence[Page]]

    @property
    def title(self) -> str:
        return self.job.text("title", self.language) or self.job.job

    @property
    def meta(self) -> str:
        said = [self.title, self.words_of[self.language]("page.as_of", as_of=self.as_of)]
        return " · ".join([*said, *filter(None, [self.job.text("note", self.language)])])

    def site(self, here: str) -> Site:
        """Return the navigation as seen from the page ``here``, empty for the overview."""
        words, first = self.words_of[self.language], self.languages[0]
        up = "" if self.language == first else "../"
        pages = [Link("index.html", words("page.overview"), here="" == here)]
        pages += [Link(f"{page.name}.html", page.nav, here=page.name == here) for page in self.pages_of[self.language]]
        others = []
        for tag in self.languages:
            if tag != self.language:
                folder = up if tag == first else f"{up}{tag}/"
                file = here if any(page.name == here for page in self.pages_of[tag]) else "index"
                others.append(
                    Link(f"{folder}{file}.html", self.words_of[tag]("page.language"), lang=LANGUAGE_TAGS[tag])
                )
        others.append(Link(f"{up}{self.job.job}-{self.as_of.isoformat()}.xlsx", words("page.excel")))
        others.append(Link(f"{up}../../index.html", words("page.all_reports")))
        return Site(self.title, pages, others)


def _render_overview(setting: _Setting) -> str:
    words, pages = setting.words_of[setting.language], setting.pages_of[setting.language]
    summary = next((page for page in pages if page.name == SUMMARY), None)
    overview = {
        "lang": LANGUAGE_TAGS[setting.language],
        "title": setting.title,
        "meta": " · ".join(setting.meta.split(" · ")[1:]),
        "answer": summary.answer if summary else "",
        "entries": [
            {
                "nav": page.nav if page.nav != page.title else "",
                "href": f"{page.name}.html",
                "question": page.title,
                "answer": "" if page is summary else page.answer,
            }
            for page in pages
        ],
        "provenance": pages[-1].provenance[:1] if pages else (),
    }
    return environment().get_template("overview.html.j2").render(overview=overview, words=words, site=setting.site(""))


def environment() -> jinja2.Environment:
    """Return the templates of whole pages that are no notebook's."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    made.filters |= {"bold": bold, "unmarked": _plain}
    return made


class PageExporter(TemplateExporter):
    """nbconvert's way to the page: ``jupyter nbconvert --to kalib.publish.html.PageExporter NOTEBOOK``.

    It extends the general exporter, not the one for HTML, which parses and writes the finished page anew and so costs
    the drawings their exactness.
    """

    export_from_notebook = "kalib page"
    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("template_name")
    def _template_name_default(self) -> str:
        return "page"

    @default("extra_template_basedirs")
    def _extra_template_basedirs_default(self) -> list[str]:
        return [str(TEMPLATES)]

    @default("extra_template_paths")
    def _extra_template_paths_default(self) -> list[str]:
        return [str(TEMPLATES)]

    def _create_environment(self) -> jinja2.Environment:
        made = super()._create_environment()
        made.autoescape = True
        made.filters |= {"bold": bold, "read_page": self._read_alone}
        return made

    def render(self, page: Page) -> str:
        """Return the page as HTML."""
        text, _ = self.from_notebook_node(nbformat.v4.new_notebook(), resources={"page": page})
        return text

    @staticmethod
    def _read_alone(nb: NotebookNode, resources: Mapping[str, Mapping[str, str]]) -> Page:
        name = resources.get("metadata", {}).get("name") or "notebook"
        return read_page(nb, name=name, words=Words("en"))


def read_page(nb: NotebookNode, *, name: str, words: Words) -> Page:
    """Read an executed notebook for its page.

    The first markdown cell's heading is the page's question, its rest goes under "about this page". Each later heading
    of the first or second order begins a section; what is computed below it belongs to it, and its first finding
    becomes its heading. Where the data could not support the notebook's table, sections whose code was passed over are left out. A markdown cell stands in another language where the words have ``pages.<notebook>.<cell id>``.

    Parameters
    ----------
    name : of the notebook, as ``10_rfm``
    words : of the page's language
    """
    page = Page(name, words)
    reader = _Reader(page)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            key = f"pages.{name}.{cell.get('id', '')}"
            reader.read_markdown(words(key) if key in words else cell.source, str(cell.get("id", "")))
        elif cell.cell_type == "code":
            reader.read_code(cell)
    if page.passed_over:
        page.sections = [section for section in page.sections if section.parts or not section.has_code]
    page.title = page.title or re.sub(r"^\d+[_-]", "", name).replace("_", " ").capitalize()
    return page


class _Reader:
    """Reads cell by cell, knowing which section it is in and which ids are taken."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.ids: set[str] = {"main"}
        self.marks: set[str] = set()

    @property
    def parts(self) -> list[Part]:
        return self.page.sections[-1].parts if self.page.sections else self.page.lead

    def read_markdown(self, source: str, cell_id: str) -> None:
        start = 0
        if not self.page.title and (match := _HEADING.match(source.lstrip())):
            source = source.lstrip()
            self.page.title = _plain(match[1])
            end = next((m.start() for m in _HEADING.finditer(source, match.end())), len(source))
            self.page.about = markdown(source[match.end() : end])
            start = end
        headings = list(_HEADING.finditer(source, start))
        before = source[start : headings[0].start() if headings else len(source)].strip()
        if before:
            self.parts.append(Part("text", markdown(before)))
        for match, after in zip_longest(headings, headings[1:]):
            body = source[match.end() : after.start() if after else len(source)]
            heading = _plain(match[1])
            self.page.sections.append(Section(self._new_id(cell_id or heading), heading, how=markdown(body)))

    def read_code(self, cell: NotebookNode) -> None:
        source = _shown_source(cell)
        if source:
            self.page.code.append(source)
            if self.page.sections:
                self.page.sections[-1].has_code = True
        for output in cell.get("outputs", []):
            self._read_output(output)

    def _read_output(self, output: NotebookNode) -> None:
        known = output.get("metadata", {}).get("kalib", {})
        data = output.get("data", {})
        text = known.get("text") or data.get("text/plain", "")
        self.page.passed_over |= known.get("absent", False)
        match known.get("role"):
            case "answer" if not self.page.answer:
                self.page.answer = text
            case "answer":
                self.parts.append(Part("text", Markup("<p>{}</p>").format(bold(text))))
            case "kpis" if not self.page.kpis and not self.page.sections:
                self.page.kpis = known["items"]
            case "kpis":
                self.parts.append(Part("kpis", items=known["items"]))
            case "finding":
                self._read_finding(_plain(text))
            case "note":
                self.parts.append(Part("note", _linked(bold(text), known.get("page"))))
            case "provenance":
                self.page.provenance = text.splitlines()
            case "caption":
                return  # the figure has it
            case "figure":
                self.parts.append(Part("figure", self._figure(data, known)))
            case "table":
                self.parts.append(Part("table", self._table(data["text/html"])))
            case _:
                self.parts.extend(self._plain_output(output))

    def _read_finding(self, text: str) -> None:
        section = self.page.sections[-1] if self.page.sections else None
        if section is None:
            self.page.sections.append(Section(self._new_id("finding"), text))
        elif not section.parts and not section.question:
            section.question, section.heading = section.heading, text
        else:
            section.parts.append(Part("finding", Markup(escape(text))))

    def _figure(self, data: Mapping[str, str], known: Mapping[str, str]) -> Markup:
        if "text/html" in data:
            return Markup(self._own_marks(data["text/html"]))
        return _picture("image/png", data["image/png"], data.get("text/plain", ""), caption=known.get("caption", ""))

    def _table(self, html: str) -> Markup:
        html = html.replace(LAB_STYLE, "")
        if self.page.sections:  # a region that can be scrolled has a name
            html = re.sub(r'aria-label="[^"]*"', f'aria-labelledby="{self.page.sections[-1].id}"', html, count=1)
        return Markup(html)

    def _own_marks(self, html: str) -> str:
        """Keep a drawing's ids its own where the same drawing stands twice on a page."""
        for mark in set(re.findall(r' id="([wn][0-9a-f]{8})-', html)):
            new, n = mark, 1
            while new in self.marks:
                n += 1
                new = f"{mark}{n}"
            self.marks.add(new)
            if new != mark:
                html = html.replace(f'"{mark}-', f'"{new}-').replace(f"#{mark}-", f"#{new}-")
        return html

    def _new_id(self, text: str) -> str:
        base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
        new, n = base, 1
        while new in self.ids:
            n += 1
            new = f"{base}-{n}"
        self.ids.add(new)
        return new

    def _plain_output(self, output: NotebookNode) -> Iterator[Part]:
        """Show what a notebook displays without the house's functions: the richest form that is safe."""
        match output.output_type:
            case "stream":
                if output.name == "stdout" and output.text.strip():  # stderr tells of servers and paths
                    yield Part("output", _preformatted(output.text))
                return
            case "error":
                yield Part("output", _preformatted(f"{output.ename}: {output.evalue}"))
                return
        data = output.get("data", {})
        plain = str(data.get("text/plain", ""))
        heading = self.page.sections[-1].heading if self.page.sections else self.page.title
        alt = self.page.words("page.figure", heading=heading)
        for kind in ("image/png", "image/jpeg"):
            if kind in data:
                yield Part("figure", _picture(kind, data[kind], alt))
                return
        if "image/svg+xml" in data:  # as a picture: a drawing inside the page could bring scripts and ids
            encoded = base64.b64encode(str(data["image/svg+xml"]).encode()).decode()
            yield Part("figure", _picture("image/svg+xml", encoded, alt))
        elif "text/html" in data:
            yield from _cleaned(str(data["text/html"]), plain)
        elif "text/markdown" in data:
            yield Part("text", clean(markdown(str(data["text/markdown"]))))
        elif plain:
            yield Part("output", _preformatted(plain))


def _cleaned(html: str, plain: str) -> Iterator[Part]:
    cleaned = clean(html)
    if "<table" in cleaned:
        yield Part("output", Markup('<div class="scroll" tabindex="0">{}</div>').format(cleaned))
    elif cleaned.striptags().strip():
        yield Part("text", cleaned)
    elif plain:
        yield Part("output", _preformatted(plain))


def clean(html: str) -> Markup:
    """Return HTML of unknown origin with text, lists and tables only: no style, script, link, picture or class.

    bleach parses as a browser does; nbconvert's own use of it is too narrow for tables.

    Examples
    --------
    >>> clean('<b onclick="x()">3</b><script>alert(1)</script><img src=x onerror=y>')
    Markup('<b>3</b>')
    """
    html = _NOT_TEXT.sub("", html)
    text = bleach.clean(html, tags=_KEPT_TAGS, attributes=_KEPT_ATTRIBUTES, strip=True, strip_comments=True)
    return Markup(re.sub(r"<table\b.*?</table>", lambda match: _aligned(match[0]), text, flags=re.S))


def _aligned(table: str) -> str:
    """Set the columns of a cleaned table that hold numbers to the right, as pandas sets all of them."""
    table = re.sub(r"<table[^>]*>", '<table class="plain">', re.sub(r' align="[^"]*"', "", table))
    if "span=" in table:
        return table
    rows = [_CELL.findall(row) for row in re.findall(r"<tr\b.*?</tr>", table, flags=re.S)]
    columns = list(
        zip_longest(*([cell for _, _, cell in row] for row in rows if any(tag == "td" for tag, _, _ in row)))
    )
    right = [all(_NUMBER.fullmatch((cell or "").strip()) for cell in column) for column in columns]

    def set_row(row: re.Match[str]) -> str:
        at = iter(right)
        return _CELL.sub(lambda c: f"<{c[1]}{c[2]}{' align=right' if next(at, False) else ''}>{c[3]}</{c[1]}>", row[0])

    return re.sub(r"<tr\b.*?</tr>", set_row, table, flags=re.S)


def markdown(source: str) -> Markup:
    """Return markdown as HTML; headings bear no ids, so that none stands twice on a page."""
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    html = MarkdownWithMath(renderer=renderer).render(source.strip())
    return Markup(re.sub(r"<(h[1-6])\b[^>]*>", r"<\1>", html).strip())


def bold(text: str) -> Markup:
    """Return text escaped, with ``**bold**`` as bold.

    Examples
    --------
    >>> bold("**3 of 4** <accounts>")
    Markup('<strong>3 of 4</strong> &lt;accounts&gt;')
    """
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(escape(text)), flags=re.S))


def _linked(text: Markup, page: str | None) -> Markup:
    """Return text as a link to another page of the run, where it leads to one."""
    if page and re.fullmatch(r"\w[\w.-]*", page):
        return Markup('<a href="{}.html">{}</a>').format(page, text)
    return text


def _plain(text: str) -> str:
    return re.sub(r"\*\*|`", "", text).strip()


def _preformatted(text: str) -> Markup:
    return Markup('<pre tabindex="0">{}</pre>').format(strip_ansi(text).rstrip())


def _picture(kind: str, encoded: str, alt: str, *, caption: str = "") -> Markup:
    under = Markup("<figcaption>{}</figcaption>").format(caption) if caption else ""
    return Markup('<figure><img src="data:{};base64,{}" alt="{}">{}</figure>').format(
        kind, re.sub(r"[^A-Za-z0-9+/=]", "", encoded), alt, under
    )


def _shown_source(cell: NotebookNode) -> str:
    """Return a cell's code without what the runner put in: folders of this machine are nobody's business."""
    source = cell.source.strip()
    if "injected-parameters" in cell.get("metadata", {}).get("tags", []):
        source = re.sub(r"^(# Parameters|(job|run|language)\s*=.*)\n?", "", source, flags=re.M).strip()
    return source
