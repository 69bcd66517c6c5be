"""What do the key accounts owe their places to?"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kalib.figures import style
from kalib.words import Words

LIMITS = (0.8, 0.6, 0.4, 0.2)
"""From which score on a cell takes the first four steps of the teal; below the last it takes the lightest."""


def draw_criteria(table: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw accounts by criteria as a heat map, the score beside each account.

    Parameters
    ----------
    table : as ``kalib.topics.scorecard_answer.show_criteria`` returns it
    """
    places = table["place"].nunique()
    ax = ax or style.new_axes(style.WIDE, 70 + 26 * places)
    narrow = style.is_narrow(ax)
    criteria = list(dict.fromkeys(table["criterion"]))
    for row in table.itertuples(index=False):
        at = criteria.index(row.criterion)
        if pd.isna(row.criterion_score):
            ax.text(at, row.place, "–", color=style.SOFT, ha="center", va="center_baseline")
            continue
        colour = style.steps(5)[sum(row.criterion_score < limit for limit in LIMITS)]
        ax.add_patch(Rectangle((at - 0.48, row.place - 0.45), 0.96, 0.9, facecolor=colour))
        said = words.show(row.criterion_score * 100, "count")
        ax.text(at, row.place, said, color=style.text_on(colour), ha="center", va="center_baseline")
    rows = table.drop_duplicates("place").sort_values("place")
    for row in rows.itertuples(index=False):
        said = words.show(row.key_account_score * 100, "count")
        ax.text(len(criteria), row.place, said, weight="bold", ha="center", va="center_baseline")
    names = [words.code("criterion", name) for name in criteria] + [words("scorecard.figure.score")]
    ax.set_xticks(range(len(names)), names, rotation=90 if narrow else 0, color=style.INK)
    ax.xaxis.tick_top()
    ax.set_yticks(rows["place"], [_shorten(name, 15 if narrow else 34) for name in rows["name"]], color=style.INK)
    ax.set(xlim=(-0.5, len(criteria) + 0.5), ylim=(places - 0.5, -0.55))
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    return ax


def _shorten(name: str, most: int) -> str:
    """Cut a name so that it takes no more width than so many letters; Chinese ones count double."""
    width = 0
    for at, letter in enumerate(name):
        width += 2 if ord(letter) > 0x2E80 else 1
        if width > most:
            return name[:at].rstrip() + "…"
    return name
