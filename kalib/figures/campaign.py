"""Where does acting stop paying, and what would it take to pay?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from kalib.figures import style
from kalib.figures.bars import frame_bars, label_bar
from kalib.words import Words

READ_AT = (0.1, 0.2, 0.5)
"""Success rates at which the figure says how many accounts pay."""


def draw_gain(curve: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the expected profit of acting on the first n accounts, red beyond its peak, and by probability alone.

    Parameters
    ----------
    curve : as ``kalib.topics.campaign.summarise_gain`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 340)
    narrow = style.is_narrow(ax)
    peak = int(curve["is_peak"].to_numpy().argmax())
    rising, falling = curve.iloc[: peak + 1], curve.iloc[peak:]
    ax.plot(curve["accounts"], curve["gain_by_risk"], color=style.ACCENT_2, linewidth=1.5)
    ax.plot(falling["accounts"], falling["gain"], color=style.ALERT)
    ax.plot(rising["accounts"], rising["gain"], color=style.ACCENT)
    top, end = curve.iloc[peak], curve.iloc[-1]
    low, high = float(min(curve[["gain", "gain_by_risk"]].min().min(), 0)), float(max(top["gain"], 0))
    span = (high - low) or 1
    ax.plot(top["accounts"], top["gain"], "o", color=style.ACCENT, markersize=7, clip_on=False, zorder=4)
    right = top["accounts"] > 0.5 * end["accounts"]
    ax.annotate(
        words("campaign.curve.peak", accounts=top["accounts"], money=top["gain"]),
        (top["accounts"], top["gain"]),
        (0, 10),
        textcoords="offset points",
        ha="right" if right else "left",
        va="bottom",
        weight="bold",
    )
    if end["accounts"] > top["accounts"] and top["gain"] - end["gain"] > 0.1 * span:
        said = words("campaign.curve.all", accounts=end["accounts"], money=end["gain"])
        under = end["gain"] > low + 0.3 * span
        place = {"textcoords": "offset points", "ha": "right", "va": "top" if under else "center", "color": style.ALERT}
        shown = ax.annotate(said, (end["accounts"], end["gain"]), (-4, -12) if under else (-44, 2), **place)
        shown.set_path_effects([patheffects.withStroke(linewidth=4, foreground=style.PAPER)])
    at = curve.iloc[int(curve["is_risk_peak"].to_numpy().argmax())]
    if at["accounts"] > 0 and high - at["gain_by_risk"] > 0.15 * span:
        said = words(
            f"campaign.curve.{'risk_narrow' if narrow else 'risk'}", accounts=at["accounts"], money=at["gain_by_risk"]
        )
        place = {"textcoords": "offset points", "ha": "center", "va": "top", "color": style.SOFT}
        shown = ax.annotate(said, (max(at["accounts"], 0.3 * end["accounts"]), at["gain_by_risk"]), (0, -8), **place)
        shown.set_path_effects([patheffects.withStroke(linewidth=4, foreground=style.PAPER)])
    ax.axhline(0, color=style.INK, linewidth=1)
    ax.spines["bottom"].set_visible(False)
    ax.set(xlim=(0, max(end["accounts"], 1)), ylim=(low - 0.04 * span, high + 0.16 * span))
    _count_accounts(ax, max(float(end["accounts"]), 1))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    style.show_ticks(ax.xaxis, words, "count", unit=words("campaign.curve.accounts"))
    style.show_ticks(ax.yaxis, words, "short", unit=words("campaign.curve.gain"))
    return ax


def draw_needs(needs: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw which success rate each next account needs to pay, and how many pay at a few rates.

    Parameters
    ----------
    needs : as ``kalib.topics.campaign.summarise_needs`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 340)
    end = int(needs["accounts"].max())
    ax.plot(needs["accounts"], needs["needed_rate"], color=style.ACCENT, drawstyle="steps-post")
    for rate in READ_AT:
        reached = needs[needs["needed_rate"] <= rate]
        if not len(reached) or reached["accounts"].iloc[-1] >= end:
            continue
        at = int(reached["accounts"].iloc[-1])
        ax.plot(at, rate, "o", color=style.ACCENT, markersize=7, zorder=4)
        said = words("campaign.needs.read", rate=rate, accounts=at)
        right = at > 0.6 * end
        place = {"textcoords": "offset points", "ha": "right" if right else "left", "va": "center"}
        ax.annotate(said, (at, rate), (-10 if right else 10, 6 if right else -6), **place)
    ax.set(xlim=(0, max(end, 1)), ylim=(0, 1.02))
    ax.set_yticks(np.arange(0, 1.01, 0.25))
    _count_accounts(ax, max(end, 1))
    style.show_ticks(ax.xaxis, words, "count", unit=words("campaign.needs.accounts"))
    style.show_ticks(ax.yaxis, words, "percent", unit=words("campaign.needs.rate"))
    return ax


def draw_worth(sizes: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw what a hundredth of success is worth on each of the first ten, twenty, fifty ... accounts.

    Parameters
    ----------
    sizes : as ``kalib.topics.campaign.summarise_sizes`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 40 + 34 * len(sizes))
    labels, names = [], []
    for at, row in enumerate(sizes.itertuples(index=False)):
        ax.barh(at, row.worth_per_point, height=0.62, color=style.ACCENT_2)
        labels.append(label_bar(ax, row.worth_per_point, at, words.show(row.worth_per_point, "money")))
        names.append(words("campaign.worth.first", accounts=row.accounts))
    frame_bars(ax, names, labels)
    return ax


def _count_accounts(ax: Axes, end: float) -> None:
    """Put ticks on the axis of accounts; one at its very end is written to the left of it."""
    ticks = MaxNLocator(4 if style.is_narrow(ax) else 8, integer=True).tick_values(0, end)
    shown = [tick for tick in ticks if 0 <= tick <= end]
    ax.set_xticks(shown)
    if shown[-1] > 0.97 * end:
        ax.get_xticklabels()[-1].set_ha("right")
