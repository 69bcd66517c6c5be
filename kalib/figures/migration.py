"""What do moves between tiers look like?"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from kalib.figures import style
from kalib.figures.bars import PAD, frame_bars, label_bar
from kalib.words import Words

COLOURS = {
    "promoted": style.ACCENT,
    "returned": style.ACCENT,
    "new": style.ACCENT,
    "demoted": style.ALERT,
    "lost": style.ALERT,
}
"""Moves up and moves down; who stays is drawn in grey."""

SIGNS = {"promoted": "▲", "demoted": "▼", "new": "+", "returned": "+", "lost": "−"}
"""What stands before the number of accounts of a move."""

FAINT, STRONG = 0.08, 0.34
"""A cell is the stronger coloured, the larger its part of the accounts that were in its row; ink stays legible on both."""


def draw_matrix(places: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the migration matrix: from which tier (rows) to which (columns), accounts above, net sales moved below.

    Parameters
    ----------
    places : as ``kalib.topics.migration.count_places`` returns it
    """
    rows, columns = _names(places, "before"), _names(places, "now")
    ax = ax or style.new_axes(style.WIDE, 60 * len(rows))
    narrow = style.is_narrow(ax)
    small = 10 if narrow and len(columns) > 4 else 12
    totals = places.groupby("at_before")["customers"].sum()
    for cell in places.itertuples(index=False):
        part = cell.customers / max(totals[cell.at_before], 1)
        stays = cell.move in ("stayed", "silent")
        empty = cell.customers == 0
        colour = style.WASH if stays or empty else COLOURS[cell.move]
        alpha = 1.0 if stays or empty else FAINT + (STRONG - FAINT) * part
        place = (cell.at_now - 0.485, cell.at_before - 0.46)
        ax.add_patch(Rectangle(place, 0.97, 0.92, facecolor=colour, alpha=alpha))
        if empty:
            continue
        sign = SIGNS.get(cell.move, "")
        count = f"{sign} {words.show(cell.customers, 'count')}".strip()
        moved = _signed(cell.net_sales_moved, words)
        ax.text(cell.at_now, cell.at_before - 0.04, count, ha="center", va="bottom", weight="bold", fontsize=small + 1)
        ax.text(cell.at_now, cell.at_before + 0.06, moved, ha="center", va="top", fontsize=small, color=style.INK)
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xticks(range(len(columns)), [_place(code, words, narrow) for code in columns], fontsize=small)
    ax.set_yticks(range(len(rows)), [_place(code, words, narrow) for code in rows], fontsize=small)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel(words("migration.matrix.now"), loc="left")
    ax.annotate(
        words("migration.matrix.before"),
        (0, 0),
        (-PAD - 2, -8),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        va="top",
        color=style.SOFT,
        fontsize=small,
    )
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    return ax


def draw_flows(places: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw where the accounts of each tier went: an alluvial figure, before on the left, now on the right.

    Parameters
    ----------
    places : as ``kalib.topics.migration.count_places`` returns it; who had no order in either year is left out
    """
    ax = ax or style.new_axes(style.WIDE, 440)
    narrow = style.is_narrow(ax)
    flows = places[(places["customers"] > 0) & (places["move"] != "silent")]
    total = flows["customers"].sum()
    gap = 0.06 * total
    sides = {"before": _stack(flows, "before", gap), "now": _stack(flows, "now", gap)}
    width = 0.025 if narrow else 0.014
    starts = {side: {code: top for code, (top, _) in blocks.items()} for side, blocks in sides.items()}
    for flow in flows.sort_values(["at_before", "at_now"]).itertuples(index=False):
        top, size = starts["before"][flow.place_before], flow.customers
        end = starts["now"][flow.place_now]
        starts["before"][flow.place_before] += size
        starts["now"][flow.place_now] += size
        colour, alpha = COLOURS.get(flow.move, style.SOFT), 0.16 if flow.move == "stayed" else 0.42
        ax.add_patch(PathPatch(_band(width, top, 1 - width, end, size), facecolor=colour, alpha=alpha, linewidth=0))
    tiers = [code for code in _names(places, "now") if code != "silent"]
    steps = dict(zip(tiers, style.steps(len(tiers)), strict=True))
    height = max(sum(size for _, size in blocks.values()) + gap * (len(blocks) - 1) for blocks in sides.values())
    for side, x, align, offset in (("before", 0.0, "right", -PAD), ("now", 1.0, "left", PAD)):
        for code, (top, size) in sides[side].items():
            colour = steps.get(code, style.SOFT)
            ax.add_patch(Rectangle((x if x == 0 else x - width, top), width, size, facecolor=colour))
        spread = _spread([top + size / 2 for top, size in sides[side].values()], least=height * 0.085, most=height)
        for (code, (_, size)), at in zip(sides[side].items(), spread, strict=True):
            said = f"{_place(code, words, narrow)}\n{words.show(size, 'count')}" if narrow else _line(code, size, words)
            ax.annotate(said, (x, at), (offset, 0), textcoords="offset points", ha=align, va="center", linespacing=1.2)
    ax.set(xlim=(0, 1), ylim=(height * 1.02, -height * 0.02), yticks=[])
    ax.set_xticks([0, 1], [words("migration.flows.before"), words("migration.flows.now")])
    ax.xaxis.tick_top()
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    return ax


def draw_bridge(moves: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw how the net sales of the earlier year became those of the later one, move by move.

    Parameters
    ----------
    moves : as ``kalib.topics.migration.summarise_moves`` returns it
    """
    moved = moves[(moves["customers"] > 0) & (moves["move"] != "silent")]
    rest = moves.loc[moves["move"] == "silent", "net_sales_moved"].sum()
    moved = moved.assign(size=moved["net_sales_moved"]).sort_values(["size", "move"], ascending=[False, True])
    ax = ax or style.new_axes(style.WIDE, 40 * (len(moved) + 2))
    start, end = moves["net_sales_365_days_before"].sum(), moves["net_sales_365_days"].sum()
    names, labels, level = [words("migration.bridge.before")], [], start + rest
    ax.barh(0, start, height=0.62, color=style.ACCENT_3)
    labels.append(label_bar(ax, start, 0, words.show(start, "short")))
    for at, row in enumerate(moved.itertuples(index=False), start=1):
        reached = level + row.net_sales_moved
        colour = style.ALERT if row.net_sales_moved < 0 else style.ACCENT
        ax.barh(at, row.net_sales_moved, left=level, height=0.62, color=colour)
        labels.append(label_bar(ax, max(level, reached), at, _signed(row.net_sales_moved, words)))
        names.append(words("migration.bridge.move", move=row.move, n=row.customers))
        level = reached
    ax.barh(len(names), end, height=0.62, color=style.ACCENT_3)
    labels.append(label_bar(ax, end, len(names), words.show(end, "short")))
    frame_bars(ax, [*names, words("migration.bridge.now")], labels, low=min(start, end, 0))
    return ax


def draw_periods(periods: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the share of accounts, and of their net sales, that moved up and down in each period.

    Parameters
    ----------
    periods : as ``kalib.topics.migration_series.summarise_periods`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 60 + 34 * len(periods))
    narrow = style.is_narrow(ax)
    grid = style.split(ax, rows=2 if narrow else 1, columns=1 if narrow else 2, sharex=True, sharey=True)
    columns = ["promoted_share", "demoted_share", "promoted_net_sales_share", "demoted_net_sales_share"]
    most = max(float(periods[columns].max().max()), 0.01)
    for panel, (kind, ends) in zip(grid.flat, {"accounts": "share", "money": "net_sales_share"}.items(), strict=True):
        panel.set_title(words(f"migration.periods.{kind}"), pad=8)
        for at, row in enumerate(periods.fillna(0.0).to_dict("records")):
            for move, way in (("promoted", 1), ("demoted", -1)):
                part = row[f"{move}_{ends}"]
                panel.barh(at, way * part, height=0.6, color=COLOURS[move])
                said = f"{SIGNS[move]} {words.show(part, 'percent1')}"
                align = "left" if way > 0 else "right"
                panel.annotate(
                    said, (way * part, at), (way * PAD, 0), textcoords="offset points", ha=align, va="center_baseline"
                )
        panel.axvline(0, color=style.INK, linewidth=1)
        panel.set(xlim=(-most * 1.7, most * 1.7), xticks=[], ylim=(len(periods) - 0.45, -0.55))
        panel.set_yticks(range(len(periods)), [words("migration.periods.to", end=end) for end in periods["as_of"]])
        panel.grid(visible=False)
        panel.spines["bottom"].set_visible(False)
    return ax


def _names(places: pd.DataFrame, when: str) -> list[str]:
    return places.drop_duplicates(f"at_{when}").sort_values(f"at_{when}")[f"place_{when}"].tolist()


def _place(code: str, words: Words, narrow: bool) -> str:
    if code in ("silent", "new"):
        return words(f"migration.places.{code}{'_short' if narrow else ''}")
    return words.code("tier", code)


def _line(code: str, size: int, words: Words) -> str:
    return f"{_place(code, words, narrow=False)} · {words.show(size, 'count')}"


def _signed(money: float, words: Words) -> str:
    return ("+" if money > 0 else "") + words.show(money, "short")


def _stack(flows: pd.DataFrame, when: str, gap: float) -> dict[str, tuple[float, int]]:
    """Return for each place where its block begins and how large it is, top down."""
    sizes = flows.groupby([f"at_{when}", f"place_{when}"])["customers"].sum()
    blocks, top = {}, 0.0
    for (_, code), size in sizes.items():
        blocks[code] = (top, int(size))
        top += size + gap
    return blocks


def _spread(places: list[float], *, least: float, most: float) -> list[float]:
    """Move labels apart, downwards first and then back into the figure."""
    spread: list[float] = []
    for place in places:
        spread.append(max(place, spread[-1] + least) if spread else place)
    low = most - least / 2
    for i in range(len(spread) - 1, -1, -1):
        spread[i] = min(spread[i], low)
        low = spread[i] - least
    return spread


def _band(left: float, top: float, right: float, end: float, size: float) -> Path:
    middle = (left + right) / 2
    points = [
        (left, top),
        *((middle, top), (middle, end), (right, end)),
        (right, end + size),
        *((middle, end + size), (middle, top + size), (left, top + size)),
        (left, top),
    ]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return Path(points, codes)
