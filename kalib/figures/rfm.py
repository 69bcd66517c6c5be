"""What do RFM scores and segments look like?"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kalib.figures import style
from kalib.figures.bars import frame_bars, label_bar
from kalib.figures.treemap import squarify
from kalib.words import Words

_LINE = 17
"""Pixels that a line of text is high."""

_BESIDE, _BELOW = 56, 30
"""Pixels that the names of the scores take beside and below the cells."""

_NAME = 60
"""Pixels that the name of the least or the highest score takes in one line."""

_EDGE = 4
"""Pixels that stay free between a cell's words and its neighbour."""

LIMITS = (4, 2, 1, 0.25)
"""From how many times an even share of net sales on a cell is darker."""

ALERTED = ("at_risk", "cant_lose_them", "important_keep", "important_winback")
"""Segments of customers who were worth much and have gone quiet: their sales are drawn in the colour of risk."""


def draw_rfm_cells(cells: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw customers and share of net sales by recency and frequency score: the darker, the more sales.

    Parameters
    ----------
    cells : as ``kalib.topics.rfm.summarise_cells`` returns it; cells that are too small for words have none
    """
    ax = ax or style.new_axes(style.WIDE, 340)
    across, up = int(cells["f_score"].max()), int(cells["r_score"].max())
    colours = style.steps(len(LIMITS) + 1)
    width, height = (side * 72 for side in ax.get_figure(root=True).get_size_inches())
    room = ((width - _BESIDE) / across - _EDGE, (height - _BELOW) / up - _EDGE)
    for cell in cells.itertuples(index=False):
        empty = cell.customers == 0
        even = 1 / len(cells)
        colour = style.WASH if empty else colours[sum(not cell.net_sales_share >= limit * even for limit in LIMITS)]
        ax.add_patch(Rectangle((cell.f_score - 0.485, cell.r_score - 0.47), 0.97, 0.94, facecolor=colour))
        if empty:
            continue
        count, share = words.show(cell.customers, "count"), _percent(cell.net_sales_share, words)
        ax.text(
            cell.f_score,
            cell.r_score,
            _fit((f"{count} · {share}", f"{count}\n{share}", count, ""), *room),
            color=style.text_on(colour),
            ha="center",
            va="center",
            linespacing=1.35,
        )
    ax.set(xlim=(0.5, across + 0.5), ylim=(0.5, up + 0.5), xticks=range(1, across + 1), yticks=range(1, up + 1))
    ends = {
        "x": ("rfm.cells.least_often", "rfm.cells.most_often"),
        "y": ("rfm.cells.least_lately", "rfm.cells.most_lately"),
    }
    below = _name_ends(across, ends["x"], words)
    ax.set_xticklabels([name.replace(" · ", "\n") for name in below] if room[0] < _NAME else below)
    ax.set_yticklabels(_name_ends(up, ends["y"], words))
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    return ax


def draw_segment_map(segments: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the segments as tiles whose area is net sales, the best segment darkest; the quiet ones in red.

    Parameters
    ----------
    segments : as ``kalib.topics.rfm.summarise_segments`` returns it, best first; those without net sales have no tile,
        and a tile that is too small for words has none
    """
    ax = ax or style.new_axes(style.WIDE, 320)
    width, height = (side * 72 for side in ax.get_figure(root=True).get_size_inches())
    kind = "segment_8" if "segment_8" in segments else "segment"
    shades = [style.STEPS[at * len(style.STEPS) // len(segments)] for at in range(len(segments))]
    table = segments.assign(shade=shades, alerted=_find_alerted(segments, kind))
    table = table[table["net_sales"] > 0].sort_values("net_sales", ascending=False, kind="stable")
    for row, (x, y, across, up) in zip(
        table.to_dict("records"), squarify(table["net_sales"].tolist(), width, height), strict=True
    ):
        colour = style.ALERT if row["alerted"] else row["shade"]
        ax.add_patch(Rectangle((x + 1, y + 1), max(across - 2, 0), max(up - 2, 0), facecolor=colour))
        name = ("▼ " if row["alerted"] else "") + words.code(kind, row[kind])
        money = words.show(row["net_sales"], "short")
        facts = words("rfm.map.tile", customers=row["customers"], net_sales=row["net_sales"])
        said = _fit((f"{name}\n{facts}", f"{name}\n{money}", name, ""), across - 12, up - 10)
        ax.text(x + 9, y + up - 8, said, color=style.text_on(colour), ha="left", va="top", linespacing=1.4)
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.set_axis_off()
    return ax


def draw_segments(segments: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw each segment's share of customers above its share of net sales.

    Parameters
    ----------
    segments : as ``kalib.topics.rfm.summarise_segments`` returns it, for either scheme
    """
    ax = ax or style.new_axes(style.WIDE, 40 * len(segments))
    kind = "segment_8" if "segment_8" in segments else "segment"
    table = segments.fillna({"net_sales_share": 0.0}).assign(alerted=_find_alerted(segments, kind))
    labels = []
    for at, row in enumerate(table.itertuples(index=False)):
        for offset, share, colour, sentence in (
            (-0.19, row.customers_share, style.ACCENT_3, "rfm.segments.customers"),
            (0.19, row.net_sales_share, style.ALERT if row.alerted else style.ACCENT, "rfm.segments.sales"),
        ):
            ax.barh(at + offset, share, height=0.34, color=colour)
            said = words(sentence, share=_percent(share, words)) if at == 0 else _percent(share, words)
            labels.append(label_bar(ax, share, at + offset, said))
    frame_bars(ax, [words.code(kind, code) for code in table[kind]], labels, low=table["net_sales_share"].min())
    return ax


def _find_alerted(segments: pd.DataFrame, kind: str) -> pd.Series:
    """Say which segments are all customers who were worth much and have gone quiet."""
    known = segments[kind].isin(ALERTED)
    if kind == "segment" and "quiet_customers" in segments:
        return known | (segments["quiet_customers"] == segments["customers"])
    return known


def _name_ends(count: int, keys: tuple[str, str], words: Words) -> list[str]:
    between = [str(score) for score in range(2, count)]
    return [words(keys[0]), *between, words(keys[1], most=count)]


def _fit(texts: Sequence[str], width: float, height: float) -> str:
    """Return the first of the texts that has room in so many pixels."""
    for text in texts:
        lines = text.split("\n")
        if max(_length(line) for line in lines) <= width and len(lines) * _LINE <= height:
            return text
    return ""


def _length(line: str) -> float:
    """Return about how many pixels a line takes: a Chinese letter is as wide as it is high."""
    return sum(12 if unicodedata.east_asian_width(letter) in "WF" else 6.6 for letter in line)


def _percent(share: float, words: Words) -> str:
    return words.show(share, "percent" if share == 0 or abs(share) >= 0.01 else "percent1")
