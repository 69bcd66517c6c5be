"""What do RFM scores and segments look like?"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kalib.figures import style
from kalib.figures.bars import frame_bars, label_bar
from kalib.words import Words

LIMITS = (0.16, 0.08, 0.04, 0.01)
"""From which share of net sales on a cell is darker; 0.04 would be an even share of 25 cells."""

ALERTED = ("at_risk", "cant_lose_them", "important_keep", "important_winback")
"""Segments of customers who were worth much and have gone quiet: their sales are drawn in the colour of risk."""


def draw_rfm_cells(cells: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw customers and share of net sales by recency and frequency score: the darker, the more sales.

    Parameters
    ----------
    cells : as ``kalib.topics.rfm.summarise_cells`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 340)
    narrow = style.is_narrow(ax)
    colours = style.steps(len(LIMITS) + 1)
    for cell in cells.itertuples(index=False):
        empty = cell.customers == 0
        colour = style.WASH if empty else colours[sum(not cell.net_sales_share >= limit for limit in LIMITS)]
        ax.add_patch(Rectangle((cell.f_score - 0.485, cell.r_score - 0.47), 0.97, 0.94, facecolor=colour))
        if empty:
            continue
        count, share = words.show(cell.customers, "count"), _percent(cell.net_sales_share, words)
        separator = "\n" if narrow else " · "
        ax.text(
            cell.f_score,
            cell.r_score,
            f"{count}{separator}{share}",
            color=style.text_on(colour),
            ha="center",
            va="center",
            linespacing=1.35,
        )
    ax.set(xlim=(0.5, 5.5), ylim=(0.5, 5.5), xticks=range(1, 6), yticks=range(1, 6))
    ax.set_xticklabels([words("rfm.cells.least_often"), "2", "3", "4", words("rfm.cells.most_often")])
    ax.set_yticklabels([words("rfm.cells.least_lately"), "2", "3", "4", words("rfm.cells.most_lately")])
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    return ax


def draw_segments(segments: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw each segment's share of customers above its share of net sales.

    Parameters
    ----------
    segments : as ``kalib.topics.rfm.summarise_segments`` returns it, for either scheme
    """
    ax = ax or style.new_axes(style.WIDE, 40 * len(segments))
    kind = "segment_8" if "segment_8" in segments else "segment"
    table = segments.fillna({"net_sales_share": 0.0})
    labels = []
    for at, row in enumerate(table.itertuples(index=False)):
        alerted = getattr(row, kind) in ALERTED
        for offset, share, colour, sentence in (
            (-0.19, row.customers_share, style.ACCENT_3, "rfm.segments.customers"),
            (0.19, row.net_sales_share, style.ALERT if alerted else style.ACCENT, "rfm.segments.sales"),
        ):
            ax.barh(at + offset, share, height=0.34, color=colour)
            said = words(sentence, share=_percent(share, words)) if at == 0 else _percent(share, words)
            labels.append(label_bar(ax, share, at + offset, said))
    frame_bars(ax, [words.code(kind, code) for code in table[kind]], labels, low=table["net_sales_share"].min())
    return ax


def _percent(share: float, words: Words) -> str:
    return words.show(share, "percent" if share == 0 or abs(share) >= 0.01 else "percent1")
