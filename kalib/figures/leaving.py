"""Which definitions of leaving call the same customers gone, and how did the last forecast fare?"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.words import Words

_KEPT = ("customers", "customers_share", "net_sales_365_days", "is_rest")


def draw_combinations(combinations: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw how many customers have left by which definitions: dots say by which, bars how many.

    Parameters
    ----------
    combinations : as ``kalib.topics.churn_definitions.summarise_combinations`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 60 + 34 * len(combinations))
    names = [name for name in combinations.columns if name not in _KEPT]
    narrow = style.is_narrow(ax)
    pitch, said_px, head_px = (27, 84, 88) if narrow else (104, 110, 34)
    width = ax.get_figure(root=True).get_figwidth() * 72 - 8
    most = max(float(combinations["customers"].max()), 1.0)
    unit = most / max(width - pitch * (len(names) + 0.3) - said_px, 40)  # customers per pixel
    places = [-(len(names) - at - 0.3) * pitch * unit for at in range(len(names))]
    for at, row in enumerate(combinations.to_dict("records")):
        gone = [place for place, name in zip(places, names, strict=True) if row[name]]
        nobody, rest = not gone and not row["is_rest"], row["is_rest"]
        if not rest:
            ax.plot(places, [at] * len(places), "o", color=style.LINE, markersize=9)
            ax.plot(gone, [at] * len(gone), "o-", color=style.ACCENT, markersize=9, linewidth=2)
        else:
            ax.annotate(words("leaving.combinations.rest"), (places[0], at), va="center_baseline", color=style.SOFT)
        in_full = row.get("no_order", False) and len(gone) == len(names)
        colour = style.ACCENT_3 if nobody else style.ACCENT if in_full else style.ACCENT_2
        ax.barh(at, row["customers"], 0.56, color=colour)
        said = f"{words.show(row['customers'], 'count')} · {words.show(row['customers_share'], 'percent')}"
        beside = {"xytext": (6, 0), "textcoords": "offset points", "va": "center_baseline"}
        ax.annotate(said, (row["customers"], at), **beside)
    for place, name in zip(places, names, strict=True):
        above = {"xytext": (0, 6), "textcoords": "offset points", "va": "bottom", "ha": "center", "color": style.SOFT}
        turned = 90 if narrow else 0
        ax.annotate(words.code("leaving_short", name), (place, -0.5), rotation=turned, annotation_clip=False, **above)
    low, high = places[0] - 0.6 * pitch * unit, most + said_px * unit
    height = ax.get_figure(root=True).get_figheight() * 72
    head = head_px * len(combinations) / max(height - head_px, 1)  # rows that the heads take
    ax.set(xlim=(low, high), ylim=(len(combinations) - 0.5, -0.5 - head), xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    ax.vlines(0, -0.45, len(combinations) - 0.55, color=style.INK, linewidth=1)
    return ax
