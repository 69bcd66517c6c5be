"""How does a result look in a notebook? Data in, a MIME bundle and its metadata out; nothing is shown or stored here.

Every output reads well in three places: on the page (which takes ``metadata["kalib"]``), in JupyterLab, and in the
preview of a Git host, which strips styles and classes. Whatever came from the data is escaped here, once.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import jinja2
import pandas as pd
from markupsafe import Markup

from kalib.figures import style
from kalib.words import Words

if TYPE_CHECKING:  # kalib.figures imports matplotlib, and says why
    from matplotlib.axes import Axes

Output = tuple[dict[str, str], dict[str, object]]
"""A MIME bundle and its metadata, as ``IPython.display.display(bundle, metadata=metadata, raw=True)`` takes them."""

MOST_ROWS = 500
"""Rows that a table on a page has at most; the table itself is in the run's folder and in the Excel file."""

FEW = 2
"""Rows that are not worth folding away."""

SMALL_SVG = 300_000
"""Characters up to which a drawing stays a drawing; a heavier one becomes a picture."""

LAB_STYLE = Markup(
    "<style>.kalib td,.kalib th{text-align:left}.kalib td[align=right],.kalib th[align=right]{text-align:right}"
    ".kalib .bar{display:inline-block;height:9px;background:#5b9aa8;vertical-align:middle}"
    ".kalib .bad{color:#c4461f}.kalib .bar.bad{background:#c4461f}.kalib .good{color:#2b7a4b}"
    ".kalib.kpis strong{font-size:1.5em}</style>"
)
"""What JupyterLab needs beyond its own style; a page takes it out again."""

_LEAST = 18
"""Characters that a column of texts keeps before its texts are broken; narrower screens scroll."""

_NUMBERS = (
    "count",
    "number",
    "number2",
    "number3",
    "digits4",
    "percent",
    "percent1",
    "points",
    "money",
    "cents",
    "short",
    "days",
)
_MONEY = ("money", "cents", "short")
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("kalib.publish"), autoescape=True, trim_blocks=False, undefined=jinja2.StrictUndefined
)


def answer(text: str) -> Output:
    """Show the answer of a notebook; ``**bold**`` marks what matters."""
    return _sentence(text, "answer")


def finding(text: str) -> Output:
    """Show what a figure or table found: the heading of its section on the page."""
    return _sentence(text, "finding")


def note(text: str, *, page: str | None = None) -> Output:
    """Show a remark beside a figure or table; on a page it leads to the ``page`` of that name."""
    bundle, metadata = _sentence(text, "note")
    if page:
        metadata["kalib"]["page"] = page
    return bundle, metadata


def caption(text: str) -> Output:
    """Show a figure's caption under its picture in a notebook; on a page the figure brings its own."""
    return _sentence(text, "caption")


def provenance(text: str) -> Output:
    """Show what a result was made from: the foot of the page."""
    return _sentence(text, "provenance")


def _sentence(text: str, role: str) -> Output:
    plain = text.replace("**", "")
    shown = _escape_markdown(text)
    if role == "finding":
        shown = f"**{_escape_markdown(plain)}**"
    metadata: dict[str, object] = {"kalib": {"role": role, "text": text}}
    return {"text/markdown": shown, "text/plain": plain}, metadata


def _escape_markdown(text: str) -> str:
    """Let only ``**`` mean something: a name from the data may hold any character.

    JupyterLab looks for mathematics before Markdown is read and again in what it became, where ``\\$`` is ``$`` and ``\\\\(``
    is ``\\(``. It never looks across a tag.
    """
    escaped = re.sub(r"([`_\[\]<>#|~&]|(?<!\*)\*(?!\*))", r"\\\1", text.replace("\\", "\0"))
    return escaped.replace("$", "<span>&#36;</span>").replace("\0", "<span>&#92;</span>")


def kpis(items: Sequence[tuple[str, str, str, str]]) -> Output:
    """Show a strip of two to six figures.

    Parameters
    ----------
    items : (label, value, note, tone) each; the tone is ``""``, ``"good"`` or ``"bad"`` and colours the note, whose
        own words or sign must say the same

    Raises
    ------
    ValueError
        For an unknown tone.
    """
    tones = {tone for *_, tone in items} - {"", "good", "bad"}
    if tones:
        raise ValueError(f"a figure's tone is '', 'good' or 'bad', not {sorted(tones)}.")
    named = [dict(zip(("label", "value", "note", "tone"), item, strict=True)) for item in items]
    html = _TEMPLATES.get_template("kpis.html.j2").render(items=named, lab_style=LAB_STYLE)
    plain = "\n".join(f"{k['label']}: {k['value']}" + (f" ({k['note']})" if k["note"] else "") for k in named)
    return {"text/html": html, "text/plain": plain}, {"kalib": {"role": "kpis", "items": named}}


def table(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    words: Words,
    *,
    headers: Mapping[str, str] | None = None,
    bar: str | None = None,
    rows: int = 10,
) -> Output:
    """Show columns of a table, numbers to the right, some ``rows`` open and the rest behind "show all".

    Parameters
    ----------
    frame : finished table, in the order to show
    columns : column to a field format of ``Words``: ``""`` text, ``count``, ``money``, ``code segment``, ...
    headers : column to its header; default: ``columns.<column>`` of the words
    bar : numeric column that gets a bar beside it, on one scale for all rows
    rows : how many rows are open

    Raises
    ------
    KeyError
        If ``frame`` lacks a column.
    """
    if bar is not None and bar not in columns:
        raise KeyError(f"the bar's column `{bar}` is not among the columns shown: {list(columns)}.")
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise KeyError(f"the table to show lacks {missing}; it has {list(frame.columns)}.")
    shown = frame.head(MOST_ROWS)
    heads = [
        {"text": _header(c, words, headers), "right": _is_number(how), "bar": c == bar} for c, how in columns.items()
    ]
    lines = _cells(shown, columns, words, bar=bar)
    widths, least = _widths(heads, lines)
    total = sum(widths)
    opened = rows if len(shown) > rows + FEW else len(shown)
    html = _TEMPLATES.get_template("table.html.j2").render(
        heads=heads,
        first=lines[:opened],
        rest=lines[opened:],
        widths=[round(100 * w / total, 1) for w in widths],
        min_width=round(0.85 * sum(least)),
        max_width=max(round(total * 1.5), 48),
        label=words("page.table"),
        show_all=words("page.show_all", n=len(frame))
        if len(frame) <= MOST_ROWS
        else words("page.show_some", n=MOST_ROWS, total=len(frame)),
        lab_style=LAB_STYLE,
    )
    return {"text/html": html, "text/plain": _fixed_width(heads, lines[:opened], len(frame))}, {
        "kalib": {"role": "table"}
    }


def _header(column: str, words: Words, headers: Mapping[str, str] | None) -> str:
    if headers and column in headers:
        return headers[column]
    key = f"columns.{column}"
    return words(key) if key in words else column.replace("_", " ")


def _is_number(how: str) -> bool:
    return how.partition(" ")[0] in _NUMBERS


def _cells(
    frame: pd.DataFrame, columns: Mapping[str, str], words: Words, *, bar: str | None
) -> list[list[dict[str, object]]]:
    """Show each value once, with what the template must know of it."""
    most = float(frame[bar].abs().max()) if bar is not None and len(frame) else 0.0
    shown = {}
    for column, how in columns.items():
        right, money = _is_number(how), how.partition(" ")[0] in _MONEY
        cells = []
        for value in frame[column].tolist():
            value = None if pd.api.types.is_scalar(value) and pd.isna(value) else value
            cell = {"text": words.show(value, how), "right": right, "bar": None}
            cell["bad"] = bool(money and value is not None and value < 0)
            if column == bar:
                cell["bar"] = round(100 * abs(float(value or 0)) / most, 1) if most else 0
            cells.append(cell)
        shown[column] = cells
    return [list(row) for row in zip(*shown.values(), strict=True)]


def _widths(heads: list[dict[str, object]], lines: list[list[dict[str, object]]]) -> tuple[list[float], list[float]]:
    """Return each column's width in characters, so that the open and the folded rows line up, and its least width."""
    widths: list[float] = []
    least: list[float] = []
    for i, head in enumerate(heads):
        longest = max([_length(line[i]["text"]) for line in lines], default=0)
        word = max(map(_length, str(head["text"]).split()), default=0)
        widths.append(min(max(longest, min(_length(head["text"]), 13)), 34) + 3)
        least.append(max(longest if head["right"] else min(longest, _LEAST), min(word, 12)) + 3)
        if head["bar"]:
            widths.append(10)
            least.append(6)
    return widths, least


def _length(text: object) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in str(text))


def _fixed_width(heads: list[dict[str, object]], lines: list[list[dict[str, object]]], total: int) -> str:
    grid = [[str(h["text"]) for h in heads], *([str(cell["text"]) for cell in line] for line in lines)]
    widths = [max(_length(row[i]) for row in grid) for i in range(len(heads))]
    out = []
    for row in grid:
        padded = []
        for text, width, head in zip(row, widths, heads, strict=True):
            space = " " * (width - _length(text))
            padded.append(space + text if head["right"] else text + space)
        out.append("  ".join(padded).rstrip())
    if total > len(lines):
        out.append(f"… ({total})")
    return "\n".join(out)


def figure(
    draw: Callable[..., Axes],
    frame: pd.DataFrame,
    words: Words,
    *,
    alt: str,
    caption: str | None = None,
    height: int = 320,
    narrow_height: int | None = None,
    publishing: bool = False,
) -> Output:
    """Draw a figure in the house's style, at a laptop's width and, for a page, at a phone's.

    Parameters
    ----------
    draw : figure function, called as ``draw(frame, words=words, ax=ax)``
    alt : what the figure says, for those who can't see it
    caption : what was left out
    height : in pixels, as is ``narrow_height`` (default: the same)
    publishing : for a page: two drawings as inline SVG, whose colours follow dark mode; else one PNG
    """
    metadata: dict[str, object] = {"kalib": {"role": "figure", "caption": caption or ""}}
    with style.sheet(words):
        if not publishing:
            metadata["image/png"] = {"width": style.WIDE, "height": height}
            return {"image/png": _png(_draw(draw, frame, words, style.WIDE, height)), "text/plain": alt}, metadata
        wide, narrow = (
            _drawing(_draw(draw, frame, words, width, tall), alt, name)
            for width, tall, name in ((style.WIDE, height, "w"), (style.NARROW, narrow_height or height, "n"))
        )
    html = _TEMPLATES.get_template("figure.html.j2").render(wide=wide, narrow=narrow, caption=caption)
    return {"text/html": html, "text/plain": alt}, metadata


def _draw(draw: Callable[..., Axes], frame: pd.DataFrame, words: Words, width: int, height: int) -> Axes:
    ax = style.new_axes(width, height)
    draw(frame, words=words, ax=ax)
    return ax


def _png(ax: Axes) -> str:
    buffer = io.BytesIO()
    ax.get_figure(root=True).savefig(buffer, format="png", dpi=144, metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode()


def _drawing(ax: Axes, alt: str, name: str) -> Markup:
    buffer = io.StringIO()
    ax.get_figure(root=True).savefig(buffer, format="svg", transparent=True, metadata=dict.fromkeys(_SVG_METADATA))
    svg = _tidy(buffer.getvalue(), alt, name)
    if len(svg) <= SMALL_SVG:
        return svg
    width, height = (round(side * 72) for side in ax.get_figure(root=True).get_size_inches())
    return Markup('<img src="data:image/png;base64,{}" width="{}" height="{}" alt="{}">').format(
        _png(ax), width, height, alt
    )


_SVG_METADATA = ("Creator", "Date", "Format", "Type")
_REFERENCE = re.compile(r'xlink:href="#([^"]+)"|url\(#([^)]+)\)')


def _tidy(svg: str, alt: str, name: str) -> Markup:
    """Make matplotlib's file a part of a page: ids of its own, the page's colours, no file header."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->", "", svg, flags=re.S)
    mark = f"{name}{hashlib.sha256((alt + svg).encode()).hexdigest()[:8]}-"
    used = {a or b for a, b in _REFERENCE.findall(svg)}
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{mark}{m[1]}"' if m[1] in used else "", svg)
    svg = _REFERENCE.sub(lambda m: f'href="#{mark}{m[1]}"' if m[1] else f"url(#{mark}{m[2]})", svg)
    svg = re.sub(r' d="([^"]*)"', lambda m: f' d="{_shorten(m[1])}"', svg)
    for colour, variable in style.VARIABLES.items():
        svg = svg.replace(f": {colour}", f": var(--{variable},{colour})")
    svg = re.sub(r">\s+<", "><", svg).strip()
    head = re.match(r"<svg[^>]*>", svg)
    box = Markup(re.search(r'viewBox="[^"]*"', head[0])[0])
    opening = Markup('<svg {} width="100%" role="img" aria-label="{}" stroke-linejoin="round">')
    return opening.format(box, alt) + Markup(svg[head.end() :])


def _shorten(path: str) -> str:
    return re.sub(r"(\.\d\d)\d+", r"\1", " ".join(path.split()))
