"""Figures of the quality page: what each treatment moved, and sales month by month."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.words import Words


def draw_treatments(table: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw how far net sales would be from what is used, had each rule not been applied, as bars around zero.

    Parameters
    ----------
    table : rule, difference (currency), difference_share; largest first
    """
    ax = ax or style.new_axes(height_px=60 + 44 * len(table))
    places = range(len(table), 0, -1)
    up = table["difference"] > 0
    ax.barh(places, table["difference"], height=0.34, color=[style.ACCENT if yes else style.ACCENT_2 for yes in up])
    ax.axvline(0, color=style.INK, linewidth=1)
    span = table["difference"].abs().max() or 1.0
    low, high = min(table["difference"].min(), 0), max(table["difference"].max(), 0)
    ax.set_xlim(low - span * 0.02, high + span * (0.9 if style.is_narrow(ax) else 0.35))
    for place, row in zip(places, table.itertuples(), strict=True):
        left = min(row.difference, 0) if low < 0 else 0
        ax.annotate(words.code("rule", row.rule), (left, place + 0.36), color=style.INK, va="center")
        said = f"{words.show(row.difference, 'short')} · {words.show(row.difference_share, 'percent1')}"
        ax.annotate(
            said, (max(row.difference, 0), place), (6, 0), textcoords="offset points", color=style.SOFT, va="center"
        )
    ax.set_ylim(0.5, len(table) + 0.7)
    ax.set_axis_off()
    return ax


def draw_history(table: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw net sales by calendar month; the last twelve complete months are dark, a month cut short is pale.

    Parameters
    ----------
    table : month, net_sales, complete, last_year; one row per month
    """
    ax = ax or style.new_axes()
    colours = [
        style.ACCENT_3 if not row.complete else style.ACCENT if row.last_year else style.ACCENT_2
        for row in table.itertuples()
    ]
    places = range(len(table))
    ax.bar(places, table["net_sales"], width=0.78, color=colours)
    years = table[(table["month"].dt.month == 1) | (table.index == 0)]
    if style.is_narrow(ax) and len(years) > 3:
        years = years[years["month"].dt.month == 1]
    ax.set_xticks(years.index, [str(month.year) for month in years["month"]])
    ax.set_xlim(-0.8, len(table) - 0.2)
    style.show_ticks(ax.yaxis, words, "short")
    ax.locator_params(axis="y", nbins=4)
    recent = table[table["last_year"]]
    if len(recent):
        peak = recent["net_sales"].max()
        if peak > 0:  # room for the words; months without money keep the axis as it is
            ax.set_ylim(top=table["net_sales"].max() * 1.14)
        ax.annotate(
            words("quality.history.recent", total=recent["net_sales"].sum()),
            (recent.index[-1] + 0.4, ax.get_ylim()[1]),
            ha="right",
            va="top",
            color=style.ACCENT,
            weight="bold",
        )
    return ax
