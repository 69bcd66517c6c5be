"""How soon are customers back, and how many of a cohort still buy? Curves, triangles, and a cohort after a year."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from kalib.figures import style
from kalib.words import Words

YEAR = 365
"""Days that the curves are drawn for, as far as the record goes."""

STRIDES = {1: (1, 3, 6, 12), 3: (1, 2, 4, 8), 12: (1, 2, 5, 10)}
"""Every how many periods a triangle shows where not all find room, by the months of a period."""

ROW = 26
"""Pixels that a row of a triangle takes."""


def draw_back(curves: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the share that is back by days since the order, with its interval, and after how many days half are back.

    Parameters
    ----------
    curves : one group, as ``kalib.topics.retention_spells.build_curves`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 320)
    end = _frame_days(ax, curves, words)
    curve = _extend(curves, end)
    ax.fill_between(
        curve["days"], curve["back_low"], curve["back_high"], step="post", color=style.ACCENT_3, linewidth=0
    )
    ax.plot(curve["days"], curve["back_share"], color=style.ACCENT, drawstyle="steps-post")
    half = curve[curve["back_share"] >= 0.5]
    if len(half) and half["days"].iloc[0] < end:
        at = half["days"].iloc[0]
        ax.vlines(at, 0, 0.5, color=style.ACCENT_2, linewidth=1.25, linestyle=(0, (2, 3)))
        ax.plot(at, 0.5, "o", color=style.ACCENT, markersize=8)
        beside = {"textcoords": "offset points", "va": "top", "weight": "bold"}
        ax.annotate(words("retention.back.half", days=at), (at, 0.5), (10, -6), **beside)
    last = curve["back_share"].iloc[-1]
    above = last < 0.75
    place = {"textcoords": "offset points", "ha": "right", "va": "bottom" if above else "top"}
    said = words("retention.back.end", back=last, away=1 - last)
    ax.annotate(said, (end, curve["back_high" if above else "back_low"].iloc[-1]), (0, 8 if above else -8), **place)
    return ax


def draw_back_by(curves: pd.DataFrame, names: dict[object, str], *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the share that is back by days since the order, a line per group with its name at the end.

    Parameters
    ----------
    curves : as ``kalib.topics.retention_spells.build_curves`` returns it, at most five groups
    names : group to what it is called, in the order of the shades, dark first
    """
    ax = ax or style.new_axes(style.WIDE, 340)
    narrow = style.is_narrow(ax)
    end = _frame_days(ax, curves, words)
    groups = [group for group in names if (curves["group"] == group).any()]
    ends = []
    for group, colour in zip(groups, style.steps(len(groups)), strict=True):
        curve = _extend(curves[curves["group"] == group], end)
        ax.plot(curve["days"], curve["back_share"], color=colour, drawstyle="steps-post")
        ends.append((float(curve["back_share"].iloc[-1]), names[group], colour))
    ends.reverse()  # of equal ends the darker stands above
    ends.sort(key=lambda one: one[0])
    height = ax.get_figure(root=True).get_figheight() * 72 * 0.75
    at, least = 0.0, 17 / height
    places = []
    for share, _, _ in ends:
        at = max(share, at + least) if places else share
        places.append(at)
    over = max(places[-1] - 1.0, 0) if places else 0
    for i in range(len(places) - 1, -1, -1):
        limit = 1.0 - (len(places) - 1 - i) * least if over else places[i]
        places[i] = min(places[i], limit)
    for (share, name, colour), place in zip(ends, places, strict=True):
        said = f"{name} · {words.show(share, 'percent')}"
        ax.plot([end, end * 1.025], [share, place], color=colour, linewidth=1, clip_on=False)
        ax.annotate(said, (end * 1.025, place), (4, 0), textcoords="offset points", va="center", annotation_clip=False)
    ax.set_xlim(0, end * (1.5 if narrow else 1.28))
    ax.spines["bottom"].set_bounds(0, end)
    return ax


def draw_triangle(cohorts: pd.DataFrame, column: str, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw a cohort a row and a period a column, darker where more is left; figures are hundredths.

    Parameters
    ----------
    cohorts : as ``kalib.topics.retention.build_cohorts`` returns it; only finished periods after the first are drawn
    column : ``active_share`` or ``net_sales_ratio``
    """
    length = int(cohorts["period_months"].iloc[0])
    table = cohorts[cohorts["is_finished"] & (cohorts["period"] > 0)]
    starts = sorted(table["cohort_start"].unique())
    ax = ax or style.new_axes(style.WIDE, 60 + ROW * len(starts))
    narrow = style.is_narrow(ax)
    most = 5 if narrow else 15
    periods = sorted(table["period"].unique())
    stride = next((s for s in STRIDES[length] if len(_every(periods, s)) <= most), STRIDES[length][-1])
    shown = _every(periods, stride)[: most + 1]
    drawn = table[table["period"].isin(shown)]
    fair = drawn.loc[~drawn["may_be_older"], column] if (~drawn["may_be_older"]).any() else drawn[column]
    top = max(float(fair.max()), 0.01) if len(fair.dropna()) else 1.0
    colours = style.steps(5)
    for row in drawn.itertuples(index=False):
        value, x, y = getattr(row, column), shown.index(row.period), starts.index(row.cohort_start)
        if value != value:
            continue
        step = int(np.clip(4 - np.floor(value / top * 5 - 1e-9), 0, 4))
        ax.add_patch(Rectangle((x + 0.02, y + 0.03), 0.96, 0.94, facecolor=colours[step]))
        said = words.show(value * 100, "count")
        ax.annotate(said, (x + 0.5, y + 0.5), ha="center", va="center_baseline", color=style.text_on(colours[step]))
    first = cohorts.drop_duplicates("cohort_start").set_index("cohort_start")
    names = []
    for start in starts:
        sign = " *" if first["may_be_older"][start] else ""
        count = words.show(first["customers"][start], "count")
        name = words(f"retention.cohort.{'short' if narrow else 'label'}_{length}", **_parts(start))
        names.append(f"{name}{sign} · {count}")
    ax.set(xlim=(0, len(shown)), ylim=(len(starts), 0))
    ax.set_yticks(np.arange(len(starts)) + 0.5, names, color=style.INK)
    ax.set_xticks(np.arange(len(shown)) + 0.5, [words.show(period, "count") for period in shown])
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel(words(f"retention.cohort.axis_{length}"), loc="right")
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    return ax


def draw_kept(kept: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw which share of each cohort still bought a year later, with its interval; cohorts of old customers are pale.

    Parameters
    ----------
    kept : as ``kalib.topics.retention.list_kept`` returns it, with period_months
    """
    ax = ax or style.new_axes(style.WIDE, 300)
    narrow = style.is_narrow(ax)
    length = int(kept["period_months"].iloc[0])
    for at, row in enumerate(kept.itertuples(index=False)):
        colour = style.ACCENT_3 if row.may_be_older else style.ACCENT
        ax.vlines(at, row.kept_low, row.kept_high, color=colour, linewidth=3)
        ax.plot(at, row.kept_share, "o", color=colour, markersize=8)
        if not narrow or len(kept) <= 8:
            above = {"textcoords": "offset points", "ha": "center", "va": "bottom"}
            ax.annotate(words.show(row.kept_share, "percent"), (at, row.kept_high), (0, 5), **above)
    top = min(1.0, float(kept["kept_high"].max()) * 1.2)
    ax.set(xlim=(-0.6, len(kept) - 0.4), ylim=(0, top * 1.08))
    every = -(-len(kept) // (4 if narrow else 14))
    places = range(0, len(kept), every)
    form = f"retention.cohort.{'short' if narrow or len(kept) > 8 else 'label'}_{length}"
    ax.set_xticks(list(places), [words(form, **_parts(kept["cohort_start"].iloc[place])) for place in places])
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    style.show_ticks(ax.yaxis, words, "percent", unit=words("retention.kept.axis"))
    return ax


def _frame_days(ax: Axes, curves: pd.DataFrame, words: Words) -> int:
    """Set the axes of curves, and return the day at which they end."""
    end = int(min(max(curves["days"].max(), 1), YEAR))
    ticks = [day for day in (0, 30, 90, 180, 270, 365) if day <= end]
    ax.set(xlim=(0, end), ylim=(0, 1.02))
    ax.set_xticks(ticks if len(ticks) > 1 else [0, end])
    ax.set_yticks(np.arange(0, 1.01, 0.25))
    style.show_ticks(ax.xaxis, words, "count")
    style.show_ticks(ax.yaxis, words, "percent", unit=words("retention.back.share"))
    ax.set_xlabel(words("retention.back.axis"), loc="right")
    return end


def _extend(curve: pd.DataFrame, end: int) -> pd.DataFrame:
    """Cut a curve off at the end of the axis, and let it run level up to there where it is on record."""
    inside = curve[curve["days"] <= end]
    if curve["days"].max() >= end or inside["back_share"].iloc[-1] >= 1:
        inside = pd.concat([inside, inside.tail(1).assign(days=end)], ignore_index=True)
    return inside


def _every(periods: list[int], stride: int) -> list[int]:
    return [period for period in periods if period == 1 or period % stride == 0]


def _parts(start: object) -> dict[str, object]:
    """Return what the name of a cohort is made from."""
    day = pd.Timestamp(start)
    return {"year": day.year, "yy": f"{day.year % 100:02}", "quarter": (day.month + 2) // 3, "month": day.date()}
