"""What does concentration look like? The Pareto curve, the whale curve, the matrix of ABC and XYZ, shares by group."""

from __future__ import annotations

import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from kalib.figures import style
from kalib.figures.bars import frame_bars, label_bar
from kalib.words import Words

LIMITS = (0.3, 0.1, 0.03, 0.01)
"""From which share of net sales on a cell of the matrix is darker."""

TICKS = (0, 0.2, 0.4, 0.6, 0.8, 1)


def draw_pareto_curve(curve: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the share of net sales that the largest accounts bring together, with the ends of A, B and C on the curve.

    Parameters
    ----------
    curve : as ``kalib.topics.pareto.summarise_curve`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 380)
    narrow = style.is_narrow(ax)
    ax.plot([0, 1], [0, 1], color=style.LINE, linewidth=1.5)
    ax.annotate(
        words("pareto.curve.equal"), (0.7, 0.7), (6, -6), textcoords="offset points", color=style.SOFT, va="top"
    )
    ax.plot(curve["accounts_share"], curve["cumulative_share"], color=style.ACCENT, zorder=3)
    ends = curve[curve["class_accounts"].notna()]
    for place, end in enumerate(ends.itertuples(index=False)):
        at = (end.accounts_share, end.cumulative_share)
        last = end.accounts_share > 0.999
        if not last:
            ax.plot([at[0], at[0]], [0, at[1]], color=style.ACCENT_2, linewidth=1, linestyle=(0, (2, 3)))
        ax.plot(*at, "o", color=style.ACCENT, markersize=7, zorder=4, clip_on=False)
        right = end.accounts_share > (0.58 if narrow else 0.7)
        below = (42 if narrow else 48) if last and place else 8
        if last and place:  # clear of the label before it, which may stand as high
            height = ax.get_figure(root=True).get_figheight() * 72 * 0.78
            below = max(below, (1 - ends["cumulative_share"].iloc[place - 1]) * height + 30)
        said = ax.annotate(
            words(
                f"pareto.curve.{'class_narrow' if narrow else 'class'}",
                name=end.abc_class,
                accounts=end.class_accounts,
                share=_percent(end.class_share, words),
            ),
            (1, at[1]) if right else at,
            (0 if right else 9, -below),
            textcoords="offset points",
            ha="right" if right else "left",
            va="top",
            weight="normal" if end.abc_class == "C" else "bold",
            zorder=5,
        )
        said.set_path_effects([patheffects.withStroke(linewidth=4, foreground=style.PAPER)])
    ax.set(xlim=(0, 1), ylim=(0, 1.03), xticks=TICKS, yticks=TICKS)
    style.show_ticks(ax.xaxis, words, "percent", unit=words("pareto.curve.accounts"))
    style.show_ticks(ax.yaxis, words, "percent", unit=words("pareto.curve.sales"))
    return ax


def draw_whale_curve(whale: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the cumulative profit after cost to serve, most profitable account first: what falls behind the peak is red.

    Parameters
    ----------
    whale : as ``kalib.topics.pareto_profit.summarise_whale`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 340)
    narrow = style.is_narrow(ax)
    peak = int(whale["is_peak"].to_numpy().argmax())
    rising, falling = whale.iloc[: peak + 1], whale.iloc[peak:]
    ax.plot(rising["accounts_share"], rising["cumulative_profit"], color=style.ACCENT)
    ax.plot(falling["accounts_share"], falling["cumulative_profit"], color=style.ALERT)
    top, end = whale.iloc[peak], whale.iloc[-1]
    most, least = top["cumulative_profit"], min(whale["cumulative_profit"].min(), 0)
    span = (most - least) or 1
    right = top["accounts_share"] > 0.5
    ax.plot(top["accounts_share"], most, "o", color=style.ACCENT, markersize=7, clip_on=False, zorder=4)
    said = [
        ax.annotate(
            words("pareto.whale.peak", accounts=top["accounts"], money=most) if peak else "",
            (top["accounts_share"], most),
            (0, 10),
            textcoords="offset points",
            ha="right" if right else "left",
            va="bottom",
            weight="bold",
        )
    ]
    if end["accounts"] > top["accounts"]:
        ax.plot(1, end["cumulative_profit"], "o", color=style.ALERT, markersize=7, clip_on=False, zorder=4)
        low = end["cumulative_profit"] < least + 0.3 * span
        lost = words(
            "pareto.whale.end",
            accounts=end["accounts"] - top["accounts"],
            money=most - end["cumulative_profit"],
            left=end["cumulative_profit"],
        )
        said.append(
            ax.annotate(
                lost.replace("\n", "\n" if narrow else " "),
                (1, end["cumulative_profit"]),
                (-12, 0) if low else (0, -44 if narrow else -14),
                textcoords="offset points",
                ha="right",
                va="center" if low else "top",
                color=style.ALERT,
            )
        )
    for text in said:
        text.set_path_effects([patheffects.withStroke(linewidth=4, foreground=style.PAPER)])
    ax.set(xlim=(0, 1), ylim=(least - 0.02 * span, most + 0.14 * span), xticks=TICKS)
    if least < 0:
        ax.axhline(0, color=style.INK, linewidth=1)
        ax.spines["bottom"].set_visible(False)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    style.show_ticks(ax.xaxis, words, "percent", unit=words("pareto.whale.accounts"))
    style.show_ticks(ax.yaxis, words, "short", unit=words("pareto.whale.profit"))
    return ax


def draw_matrix(matrix: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw accounts and their share of net sales by class A, B, C and X, Y, Z: the darker, the more net sales.

    Parameters
    ----------
    matrix : as ``kalib.topics.pareto_demand.summarise_matrix`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 280)
    narrow = style.is_narrow(ax)
    rows, columns = list(dict.fromkeys(matrix["abc_class"])), list(dict.fromkeys(matrix["xyz_class"]))
    colours = style.steps(len(LIMITS) + 1)
    for cell in matrix.itertuples(index=False):
        x, y = columns.index(cell.xyz_class), rows.index(cell.abc_class)
        empty = cell.accounts == 0
        colour = style.WASH if empty else colours[sum(not cell.net_sales_share >= limit for limit in LIMITS)]
        ax.add_patch(Rectangle((x - 0.485, y - 0.47), 0.97, 0.94, facecolor=colour))
        if not empty:
            said = words(
                f"pareto.matrix.{'cell_narrow' if narrow else 'cell'}",
                accounts=cell.accounts,
                share=_percent(cell.net_sales_share, words),
            )
            ax.text(x, y, said, color=style.text_on(colour), ha="center", va="center", linespacing=1.35)
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    ending = "_narrow" if narrow else ""
    ax.set_xticks(range(len(columns)), [words(f"pareto.matrix.{code}{ending}") for code in columns], color=style.INK)
    ax.set_yticks(range(len(rows)), rows, color=style.INK, weight="bold")
    ax.xaxis.tick_top()
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    return ax


def draw_groups(groups: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw each group's share of net sales: a panel per dimension side by side, or one below the other on a phone.

    Parameters
    ----------
    groups : as ``kalib.topics.pareto_groups.summarise_groups`` returns it
    """
    dimensions = list(dict.fromkeys(groups["dimension"]))
    longest = int(groups["dimension"].value_counts().max())
    ax = ax or style.new_axes(style.WIDE, 60 + 34 * longest)
    parts = [groups[groups["dimension"] == dimension] for dimension in dimensions]
    if style.is_narrow(ax):
        return _draw_groups_below(ax, dict(zip(dimensions, parts, strict=True)), words)
    grid = style.split(ax, rows=1, columns=len(parts), sharex=False, sharey=False)
    most = max(float(groups["net_sales_share"].max()), 1e-9)
    for panel, dimension, part in zip(grid.flat, dimensions, parts, strict=True):
        panel.set_title(words.code("pareto_dimension", dimension), pad=8)
        for at, row in enumerate(part.itertuples(index=False)):
            panel.barh(at, row.net_sales_share, height=0.55, color=_colour(row.group))
            label_bar(panel, row.net_sales_share, at, _say_group(row, words))
        panel.set(xlim=(0, most * 1.55), xticks=[], ylim=(longest - 0.4, -0.6))
        panel.set_yticks(range(len(part)), [_name(code, words) for code in part["group"]], color=style.INK)
        panel.grid(visible=False)
        panel.spines["bottom"].set_visible(False)
    return ax


def _draw_groups_below(ax: Axes, parts: dict[str, pd.DataFrame], words: Words) -> Axes:
    names, labels, heads = [], [], []
    for dimension, part in parts.items():
        heads.append(len(names))
        names.append(words.code("pareto_dimension", dimension))
        for row in part.itertuples(index=False):
            ax.barh(len(names), row.net_sales_share, height=0.55, color=_colour(row.group))
            labels.append(label_bar(ax, row.net_sales_share, len(names), _say_group(row, words)))
            names.append(_name(row.group, words))
    frame_bars(ax, names, labels)
    for place in heads:
        ax.get_yticklabels()[place].set_fontweight("bold")
    return ax


def _colour(group: str) -> str:
    return style.ACCENT_3 if group in ("unknown", "others") else style.ACCENT_2


def _name(group: str, words: Words) -> str:
    shown = words.code("pareto_group", group)
    return shown if len(shown) <= 16 else f"{shown[:15]}…"


def _say_group(row: object, words: Words) -> str:
    return words("pareto.groups.bar", share=_percent(row.net_sales_share, words), accounts=row.class_a_accounts)


def _percent(share: float, words: Words) -> str:
    return words.show(share, "percent" if share == 0 or abs(share) >= 0.095 else "percent1")
