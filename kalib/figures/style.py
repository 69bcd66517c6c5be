"""How does a figure of the house look? One style sheet, sized so that one figure pixel is one page pixel."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import font_manager, ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from kalib.words import Words

INK, SOFT, LINE, PAPER, WASH = "#1a2027", "#5a6572", "#e2e6ea", "#ffffff", "#f6f8f9"
ACCENT, ACCENT_2, ACCENT_3 = "#0f5c6e", "#5b9aa8", "#bcd5da"
ALERT, GOOD = "#c4461f", "#2b7a4b"
STEPS = (ACCENT, "#39808f", ACCENT_2, "#8cb8c1", ACCENT_3)
"""The teal from dark (high) to light (low)."""
CATEGORIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Okabe and Ito's palette, for categories that have no order and can't be labelled otherwise."""

VARIABLES = {
    INK: "ink",
    SOFT: "soft",
    LINE: "line",
    PAPER: "paper",
    WASH: "wash",
    ACCENT: "accent",
    STEPS[1]: "step-2",
    ACCENT_2: "accent-2",
    STEPS[3]: "step-4",
    ACCENT_3: "accent-3",
    ALERT: "alert",
    GOOD: "good",
}
"""Colour to the name of the page's CSS variable, which dark mode sets anew."""

WIDE, NARROW = 880, 358
"""Widths in pixels that every figure is drawn at: a laptop's column and a phone's."""

FAMILY = "Kalib Sans SC"
FONTS = Path(__file__).parent / "fonts"
RARE = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", "SimHei")
"""Fonts that a machine may have for characters of names that ours lacks: it has those of GB 2312."""


def _register_fonts() -> list[str]:
    """Make the fonts known, under every weight asked of them: a missing weight is a warning in the report.

    Returns
    -------
    the families in the order in which a character is looked up
    """
    manager = font_manager.fontManager
    for font in sorted(FONTS.glob("*.otf")):
        manager.addfont(font)
    for entry in list(manager.ttflist):
        if entry.name in (FAMILY, "DejaVu Sans") and entry.style == "normal":
            other = {400: 500, 700: 600}.get(entry.weight)
            if other:
                manager.ttflist.append(dataclasses.replace(entry, weight=other))
    there = {entry.name for entry in manager.ttflist}
    return [FAMILY, "DejaVu Sans", *[family for family in RARE if family in there][:1]]


_SHEET = {
    "figure.dpi": 72,  # 1 px = 1 pt
    "figure.facecolor": PAPER,
    "figure.constrained_layout.w_pad": 1 / 72,
    "figure.constrained_layout.h_pad": 2 / 72,
    "figure.constrained_layout.wspace": 0.05,
    "figure.constrained_layout.hspace": 0.09,
    "font.family": _register_fonts(),
    "font.size": 12,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign is money
    "text.hinting": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.linewidth": 1,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 12,
    "axes.titlesize": 12,
    "axes.titlecolor": INK,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.prop_cycle": matplotlib.cycler(color=[ACCENT, ACCENT_2, ACCENT_3]),
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "grid.color": LINE,
    "grid.linewidth": 1,
    "lines.linewidth": 2.25,
    "lines.solid_capstyle": "round",
    "patch.linewidth": 0,
    "xtick.color": INK,
    "xtick.labelcolor": SOFT,
    "xtick.labelsize": 12,
    "xtick.major.size": 0,
    "xtick.major.pad": 6,
    "xtick.minor.size": 0,
    "ytick.color": INK,
    "ytick.labelcolor": SOFT,
    "ytick.labelsize": 12,
    "ytick.major.size": 0,
    "ytick.major.pad": 8,
    "ytick.minor.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 12,
    "svg.fonttype": "path",  # the page needs no font
    "svg.hashsalt": "kalib",  # the same figure gives the same bytes
    "savefig.facecolor": "auto",
}
_TEXT_LANGUAGE = {"en": "en", "zh": "zh-Hans"}


@contextmanager
def sheet(words: Words | None = None) -> Iterator[None]:
    """Set the house's style inside the ``with`` block.

    Parameters
    ----------
    words : the reader's words, which tell the language that text is shaped for

    Examples
    --------
    >>> with sheet():
    ...     matplotlib.rcParams["font.size"]
    12.0
    """
    with matplotlib.rc_context(_SHEET):
        if words is not None:
            matplotlib.rcParams["text.language"] = _TEXT_LANGUAGE[words.language]
        yield


def new_axes(width_px: float = WIDE, height_px: float = 320) -> Axes:
    """Make the axes of a new figure of that size in the house's style, outside pyplot.

    Examples
    --------
    >>> new_axes(358, 240).figure.get_size_inches() * 72
    array([358., 240.])
    """
    with sheet():
        return Figure(figsize=(width_px / 72, height_px / 72), dpi=72, layout="constrained").add_subplot()


def is_narrow(ax: Axes) -> bool:
    """Say whether the figure is drawn for a phone.

    Examples
    --------
    >>> is_narrow(new_axes(358, 240)), is_narrow(new_axes(880, 240))
    (True, False)
    """
    return bool(ax.get_figure(root=True).get_figwidth() * 72 < 500)


def split(ax: Axes, *, rows: int, columns: int, sharex: bool = True, sharey: bool = True) -> np.ndarray:
    """Put a grid of small axes in the place of ``ax``, for small multiples.

    Returns
    -------
    array of Axes, ``rows`` by ``columns``; ``ax`` itself is switched off and stays the one to return

    Examples
    --------
    >>> split(new_axes(), rows=2, columns=3).shape
    (2, 3)
    """
    ax.set_axis_off()
    grid = ax.get_subplotspec().subgridspec(rows, columns)
    return grid.subplots(sharex=sharex, sharey=sharey, squeeze=False)


def steps(n: int) -> list[str]:
    """Return ``n`` steps of the teal for ordered classes, the highest class (dark) first.

    Raises
    ------
    ValueError
        For fewer than one or more than five; more steps can't be told apart.

    Examples
    --------
    >>> steps(2), len(steps(5))
    (['#0f5c6e', '#bcd5da'], 5)
    """
    if not 1 <= n <= len(STEPS):
        raise ValueError(f"steps() has 1 to {len(STEPS)} colours, not {n}: merge classes.")
    return [STEPS[round(i * (len(STEPS) - 1) / max(n - 1, 1))] for i in range(n)]


def text_on(colour: str) -> str:
    """Return the text colour that can be read on a fill, in light and in dark mode (WCAG AA).

    Examples
    --------
    >>> text_on(ACCENT), text_on(ACCENT_3)
    ('#ffffff', '#1a2027')
    """
    return PAPER if colour.lower() in (ACCENT, STEPS[1], ALERT, GOOD, SOFT, INK, CATEGORIES[0]) else INK


class _WordsFormatter(ticker.Formatter):
    """Ticks as the words show numbers."""

    def __init__(self, words: Words, how: str) -> None:
        self.words, self.how = words, how

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.words.show(0.0 if abs(x) < 1e-12 else x, self.how)


def show_ticks(axis: Axis, words: Words, how: str, *, unit: str = "") -> None:
    """Show an axis's ticks as the words show numbers, with their unit once, at the end of the axis.

    It stands above the vertical axis and below the end of the horizontal one, where it takes no width from the figure.

    Parameters
    ----------
    axis : ``ax.xaxis`` or ``ax.yaxis``
    how : a field format of ``Words``, such as ``percent`` or ``short``
    unit : words of the unit, such as "of accounts"
    """
    axis.set_major_formatter(_WordsFormatter(words, how))
    if unit and axis.axis_name == "x":
        axis.axes.set_xlabel(unit, loc="right")
    elif unit:
        axis.axes.annotate(
            unit, (0, 1), (0, 8), xycoords="axes fraction", textcoords="offset points", color=SOFT, va="bottom"
        )
