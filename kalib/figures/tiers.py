"""What do the tiers look like, and why so many of them?"""

from __future__ import annotations

import math

import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from kalib.figures import style
from kalib.figures.bars import frame_bars, label_bar
from kalib.words import Words

CRITERIA = {"silhouette": "number2", "agreement": "number2", "smallest_tier_share": "percent1"}
"""What the number of tiers is chosen by, and how it is shown."""


def draw_tier_choice(choice: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the criteria per number of tiers as small multiples, the chosen number dark.

    Parameters
    ----------
    choice : the judgement that ``kalib.topics.tiers_choice.fit_tiers`` returns
    """
    ax = ax or style.new_axes(style.WIDE, 230)
    across = style.is_narrow(ax)
    grid = style.split(ax, rows=3 if across else 1, columns=1 if across else 3, sharex=False, sharey=False)
    places = range(len(choice))
    colours = [style.ACCENT if chosen else style.ACCENT_3 for chosen in choice["chosen"]]
    names = [words("tiers.choice.tiers", count=count) for count in choice["tier_count"]]
    for panel, (column, how) in zip(grid.flat, CRITERIA.items(), strict=True):
        panel.set_title(words(f"tiers.choice.{column}"), pad=10)
        values = choice[column].clip(lower=0)
        bars = panel.bar if not across else panel.barh
        bars(places, values, 0.55, color=colours)
        most = max(values.max(), 1e-9)
        for at, (value, shown, chosen) in enumerate(zip(values, choice[column], choice["chosen"], strict=True)):
            panel.annotate(
                words.show(shown, how),
                (value, at) if across else (at, value),
                (5, 0) if across else (0, 4),
                textcoords="offset points",
                ha="left" if across else "center",
                va="center_baseline" if across else "bottom",
                weight="bold" if chosen else "normal",
            )
        panel.grid(visible=False)
        if across:
            panel.set(xlim=(0, most * 1.25), xticks=[], ylim=(len(choice) - 0.5, -0.5))
            panel.set_yticks(places, names)
            panel.spines["bottom"].set_visible(False)
        else:
            panel.set(ylim=(0, most * 1.15), yticks=[], xlim=(-0.6, len(choice) - 0.4))
            panel.set_xticks(places, names)
    return ax


def draw_tiers(summary: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw each tier's share of customers above its share of net sales of the year.

    Parameters
    ----------
    summary : as ``kalib.topics.tiers.summarise_tiers`` returns it; where there are no shares of net sales, the amounts
        stand alone
    """
    ax = ax or style.new_axes(style.WIDE, 60 * len(summary))
    labels = []
    for at, (row, colour) in enumerate(zip(summary.itertuples(index=False), style.steps(len(summary)), strict=True)):
        customers, sales = row.customers_share, row.net_sales_365_days_share
        length = 0.0 if math.isnan(sales) else sales
        which = "first" if at == 0 else "next"
        told = "sales_no_shares" if math.isnan(sales) else f"sales_{which}"
        ax.barh(at - 0.2, customers, height=0.3, facecolor="none", edgecolor=style.SOFT, linewidth=1)
        ax.barh(at + 0.2, length, height=0.36, color=colour)
        labels += [
            label_bar(ax, share, at + offset, words(f"tiers.shares.{key}", n=n, share=_percent(share, words)))
            for offset, share, key, n in (
                (-0.2, customers, f"customers_{which}", row.customers),
                (0.2, length, told, row.net_sales_365_days),
            )
        ]
    names = [words.code("tier", code) for code in summary["tier"]]
    frame_bars(ax, names, labels, low=summary["net_sales_365_days_share"].fillna(0.0).min())
    return ax


def draw_tier_map(customers: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw customers by net sales and orders of the year, on logarithmic axes, coloured by tier.

    Parameters
    ----------
    customers : as ``kalib.topics.tiers.sample_customers`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 400)
    tiers = customers.groupby("tier_rank")["tier"].first()
    colours = dict(zip(tiers.index, style.steps(len(tiers)), strict=True))
    narrow = style.is_narrow(ax)
    for rank in tiers.index[::-1]:
        group = customers[customers["tier_rank"] == rank]
        ax.scatter(
            group["net_sales_365_days"],
            group["orders_365_days"],
            s=10 if narrow else 16,
            color=colours[rank],
            linewidths=0,
        )
    ax.set(xscale="log", yscale="log")
    for rank, tier in tiers.items():
        group = customers[customers["tier_rank"] == rank]
        said = ax.annotate(
            words.code("tier", tier),
            (group["net_sales_365_days"].median(), group["orders_365_days"].median()),
            ha="center",
            va="center",
            weight="bold",
        )
        said.set_path_effects([patheffects.withStroke(linewidth=4, foreground=style.PAPER)])
    ax.xaxis.set_major_locator(LogLocator(numticks=5 if narrow else 9))
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 3), numticks=9))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    style.show_ticks(ax.xaxis, words, "short")
    style.show_ticks(ax.yaxis, words, "count", unit=words("tiers.map.orders"))
    ax.set_xlabel(words("tiers.map.net_sales"))
    return ax


def _percent(share: float, words: Words) -> str:
    return words.show(share, "percent1" if abs(share) < 0.1 else "percent")
