"""What are accounts worth, and did the forecast of their orders hold?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.words import Words


def draw_tracking(tracking: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the repeat orders that came and those expected, period by period, with the day up to which the model had seen them.

    Parameters
    ----------
    tracking : one row per period, in order: date (its last day), actual, expected, held_out
    """
    ax = ax or style.new_axes(style.WIDE, 320)
    dates = pd.to_datetime(tracking["date"])
    ax.plot(dates, tracking["expected"], color=style.ACCENT_2, linestyle=(0, (3, 2)))
    ax.plot(dates, tracking["actual"], color=style.ACCENT)
    top = float(tracking[["actual", "expected"]].to_numpy().max())
    seen = dates[~tracking["held_out"]]
    if len(seen) and len(seen) < len(dates):
        ax.axvline(seen.iloc[-1], color=style.INK, linewidth=1)
        left = {"xytext": (-6, 0), "textcoords": "offset points", "ha": "right", "va": "top", "color": style.SOFT}
        left["bbox"] = {"facecolor": style.PAPER, "pad": 1}
        ax.annotate(words("value.tracking.seen"), (seen.iloc[-1], top * 1.16), **left)
    last = tracking.iloc[-1]
    apart = abs(last["actual"] - last["expected"]) < 0.07 * top
    above = last["actual"] >= last["expected"]
    for name, up in (("actual", above), ("expected", not above)):
        shift = (8 if up else -8) if apart else 0
        beside = {"xytext": (8, shift), "textcoords": "offset points", "va": "center", "annotation_clip": False}
        weight = "bold" if name == "actual" else "normal"
        ax.annotate(words(f"value.tracking.{name}"), (dates.iloc[-1], last[name]), weight=weight, **beside)
    span = dates.iloc[-1] - dates.iloc[0]
    ax.set(
        xlim=(dates.iloc[0], dates.iloc[-1] + span * (0.28 if style.is_narrow(ax) else 0.11)), ylim=(0, top * 1.18 or 1)
    )
    places = np.linspace(0, len(dates) - 1, 3 if style.is_narrow(ax) else 6).round().astype(int)
    places = np.unique(places)
    ax.set_xticks(dates.iloc[places], [words.show(day, "month") for day in dates.iloc[places]])
    ax.get_xticklabels()[0].set_ha("left")
    style.show_ticks(ax.yaxis, words, "count", unit=words("value.tracking.unit"))
    return ax


def draw_conditional(classes: pd.DataFrame, *, words: Words, models: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw the orders of the hold-out by the orders before it: what came, and what each model expected.

    Parameters
    ----------
    classes : as ``kalib.topics.value_review.compare_by_frequency`` returns it
    models : columns of it to draw, the one in use first
    """
    ax = ax or style.new_axes(style.WIDE, 340)
    narrow, x = style.is_narrow(ax), np.arange(len(classes))
    ax.bar(x, classes["actual_orders"], 0.62, color=style.ACCENT_3)
    marks = ["o", "D", "s"]
    shades = [style.ACCENT, style.ACCENT_2, style.INK]
    beside = (np.arange(len(models)) - (len(models) - 1) / 2) * 0.17
    for code, mark, shade, shift in zip(models, marks, shades, beside, strict=False):
        fill = style.PAPER if mark == "s" else shade
        ax.plot(x + shift, classes[code], mark, color=shade, markerfacecolor=fill, markersize=5 if narrow else 7)
    top = max(float(classes[["actual_orders", *models]].to_numpy().max()), 1e-9)
    for at, (code, mark, shade) in enumerate(zip(models, marks, shades, strict=False)):
        height = 0.97 - at * (0.09 if narrow else 0.075)
        fill = style.PAPER if mark == "s" else shade
        ax.plot([0.02], [height], mark, transform=ax.transAxes, color=shade, markerfacecolor=fill, markersize=6)
        weight = "bold" if at == 0 else "normal"
        ax.annotate(
            words.code("purchase_model", code), (0.02, height), (9, 0), xycoords="axes fraction", textcoords="offset points",
            va="center", weight=weight,
        )  # fmt: skip
    last = classes["actual_orders"].iloc[-1]
    ax.annotate(
        words("value.conditional.actual"),
        (x[-1], last / 2),
        ha="center",
        va="center",
        color=style.text_on(style.ACCENT_3),
    )
    ends = classes["frequency_from"] if narrow else classes["frequency_to"]  # on a phone a class is called by its start
    ends = [*ends.iloc[:-1], np.nan]
    names = [_name_class(low, high, words) for low, high in zip(classes["frequency_from"], ends, strict=True)]
    ax.set(xlim=(-0.6, len(classes) - 0.4), ylim=(0, top * 1.08))
    ax.set_xticks(x, names)
    ax.set_xlabel(words("value.conditional.axis"), loc="right")
    style.show_ticks(ax.yaxis, words, "number", unit=words("value.conditional.unit"))
    return ax


def _name_class(low: float, high: float, words: Words) -> str:
    if high != high:
        return f"{words.show(low, 'count')}+"
    if low == high:
        return words.show(low, "count")
    return f"{words.show(low, 'count')}–{words.show(high, 'count')}"


def draw_seasons(seasons: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw by calendar month how many repeat orders came for each that the model expects.

    Parameters
    ----------
    seasons : as ``kalib.topics.value_evidence.measure_seasons`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 260)
    index, x = seasons["season_index"], seasons["month"]
    ends = {int(index.idxmax()), int(index.idxmin())}
    colours = [style.ACCENT if at in ends else style.ACCENT_3 for at in seasons.index]
    ax.bar(x, index, 0.66, color=colours)
    ax.axhline(1, color=style.INK, linewidth=1)
    for at in sorted(ends):
        ax.annotate(words.show(index[at], "number2"), (x[at], index[at]), (0, 4), textcoords="offset points", ha="center", va="bottom", weight="bold")  # fmt: skip
    ax.set(xlim=(0.4, 12.6), ylim=(0, float(index.max()) * 1.15))
    months = [m for m in x if not style.is_narrow(ax) or m % 3 == 1]
    ax.set_xticks(months, [words(f"value.months.m{m}") for m in months])
    ax.set_yticks([0, 0.5, 1, 1.5][: 3 if index.max() < 1.5 else 4])
    style.show_ticks(ax.yaxis, words, "number", unit=words("value.seasons.unit"))
    return ax


def draw_accounts(accounts: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw what each of the most valuable accounts is worth, with its interval.

    Parameters
    ----------
    accounts : in order, a few: name, clv, clv_low, clv_high
    """
    ax = ax or style.new_axes(style.WIDE, 60 + 30 * len(accounts))
    narrow = style.is_narrow(ax)
    high = float(accounts[["clv", "clv_high"]].to_numpy().max())
    low = min(0.0, float(accounts["clv_low"].min()))
    for at, row in enumerate(accounts.itertuples(index=False)):
        ax.hlines(at, row.clv_low, row.clv_high, color=style.ACCENT_2, linewidth=3)
        ax.plot(row.clv, at, "o", color=style.ACCENT, markersize=8)
        ax.annotate(words.show(row.clv, "short"), (max(row.clv_high, row.clv), at), (8, 0), textcoords="offset points", va="center_baseline", weight="bold")  # fmt: skip
        if narrow:
            ax.annotate(
                row.name, (0, at), (0, 8), xycoords=ax.get_yaxis_transform(), textcoords="offset points", va="bottom"
            )
    ax.set(xlim=(low, high * (1.3 if narrow else 1.12) or 1), ylim=(len(accounts) - 0.5, -0.8))
    names = [] if narrow else list(accounts["name"])
    ax.set_yticks(range(len(names)), names, color=style.INK)
    ax.grid(visible=False)
    ax.grid(visible=True, axis="x")
    ax.locator_params(axis="x", nbins=3 if narrow else 6)
    style.show_ticks(ax.xaxis, words, "short")
    ax.spines["bottom"].set_visible(False)
    return ax
