"""How far may horizontal bars reach, so that the words at their ends stay on the page?"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.text import Annotation

from kalib.figures import style

PAD = 6
"""Pixels between the end of a bar and its words."""


def label_bar(ax: Axes, share: float, at: float, said: str) -> Annotation:
    """Write words at the end of a bar of that length at that height."""
    return ax.annotate(said, (max(share, 0), at), (PAD, 0), textcoords="offset points", va="center_baseline")


def frame_bars(ax: Axes, names: Sequence[str], labels: Sequence[Annotation], *, low: float = 0) -> None:
    """Name the rows of bars, top row first, and choose the axis so that all their labels fit.

    Parameters
    ----------
    names : one per row; row ``i`` has its bars around ``i`` on the vertical axis
    labels : as ``label_bar`` returns them
    low : length of the shortest bar where it is below nought
    """
    ax.set_yticks(range(len(names)), names, color=style.INK)
    scale = 72 / ax.figure.dpi
    taken = max(label.get_window_extent().width for label in ax.get_yticklabels()) * scale + 12
    across = ax.figure.get_figwidth() * 72 - taken
    low = min(low, 0)
    high = low
    for label in labels:
        free = 1 - (label.get_window_extent().width * scale + PAD + 4) / across
        high = max(high, low + (label.xy[0] - low) / max(free, 0.1))
    ax.set(xlim=(low, high if high > low else low + 1), ylim=(len(names) - 0.45, -0.55), xticks=[])
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    ax.axvline(0, color=style.INK, linewidth=1)
