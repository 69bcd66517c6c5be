"""Do the churn forecasts hold, which customers are at which risk, and what were the windows chosen by?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kalib.figures import style
from kalib.words import Words


def draw_calibration(calibration: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw predicted against observed share of leavers by group, with intervals and the line of a right forecast.

    Parameters
    ----------
    calibration : as ``kalib.topics.churn_evidence.summarise_calibration`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 360)
    top = min(1.0, np.ceil(calibration[["predicted_share", "observed_high"]].to_numpy().max() * 10 + 0.2) / 10)
    ax.plot([0, top], [0, top], color=style.ACCENT_2, linewidth=1.25, linestyle=(0, (2, 3)))
    x = calibration["predicted_share"]
    ax.vlines(x, calibration["observed_low"], calibration["observed_high"], color=style.ACCENT_2, linewidth=2)
    ax.plot(x, calibration["observed_share"], "o", color=style.ACCENT, markersize=8)
    last = calibration.iloc[-1]
    said = [
        words("churn.calibration.expected", share=last["predicted_share"]),
        words("churn.calibration.seen", share=last["observed_share"]),
    ]
    beside = {
        "xytext": (11, -5),
        "textcoords": "offset points",
        "va": "top",
        "bbox": {"facecolor": style.PAPER, "pad": 1},
    }
    ax.annotate(
        "\n".join(said), (last["predicted_share"], last["observed_share"]), weight="bold", linespacing=1.4, **beside
    )
    edges = np.array([0.0, *x])
    widest = int(np.diff(edges).argmax())
    middle = edges[widest : widest + 2].mean()
    line = {"xytext": (-5, 5), "textcoords": "offset points", "ha": "right", "va": "bottom", "color": style.SOFT}
    ax.annotate(words("churn.calibration.perfect"), (middle, middle), **line)
    ax.set(xlim=(-0.01 * top, top * 1.02), ylim=(0, top * 1.02))
    ticks = np.arange(0, top + 1e-9, 0.2)
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
    style.show_ticks(
        ax.xaxis, words, "percent", unit="" if style.is_narrow(ax) else words("churn.calibration.predicted")
    )
    style.show_ticks(ax.yaxis, words, "percent", unit=words("churn.calibration.observed"))
    if style.is_narrow(ax):
        ax.set_xlabel(words("churn.calibration.predicted"), loc="right")
    return ax


def draw_models(evaluation: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw how well each rule and model ranked customers, with intervals; the one in use is dark.

    Parameters
    ----------
    evaluation : as ``kalib.topics.churn_evidence.evaluate_churn`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 60 + 34 * len(evaluation))
    table = evaluation.sort_values(["auc", "model"], ascending=[False, True], ignore_index=True)
    narrow = style.is_narrow(ax)
    for at, row in enumerate(table.itertuples(index=False)):
        colour = style.ACCENT if row.chosen else style.ACCENT_3 if row.is_rule else style.ACCENT_2
        ax.hlines(at, row.auc_low, row.auc_high, color=colour, linewidth=3)
        ax.plot(row.auc, at, "o", color=colour, markersize=9)
        weight = "bold" if row.chosen else "normal"
        beside = {"xytext": (8, 0), "textcoords": "offset points", "va": "center_baseline", "weight": weight}
        ax.annotate(words.show(row.auc, "number3"), (max(row.auc_high, row.auc), at), **beside)
        if narrow:
            above = {"xytext": (8, 8), "textcoords": "offset points", "va": "bottom", "weight": weight}
            ax.annotate(words.code("churn_model", row.model), (0, at), xycoords=ax.get_yaxis_transform(), **above)
    low, high = min(0.5, float(table["auc_low"].min())), float(table["auc_high"].max())
    if not narrow:  # there the names stand across it
        ax.axvline(0.5, color=style.INK, linewidth=1)
    ax.set(xlim=(low, high + (high - low) * (0.2 if narrow else 0.1)), ylim=(len(table) - 0.5, -0.7))
    names = [] if narrow else [words.code("churn_model", model) for model in table["model"]]
    ax.set_yticks(range(len(names)), names)
    for name, chosen in zip(ax.get_yticklabels(), table["chosen"], strict=False):
        name.set(color=style.INK, weight="bold" if chosen else "normal")
    ax.set_xticks(
        [0.5], [f"{words.show(0.5, 'number')} {words('churn.models.chance')}"], ha="left" if narrow else "center"
    )
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    return ax


def draw_risk(risk: pd.DataFrame, *, horizon_days: int, words: Words, ax: Axes | None = None) -> Axes:
    """Draw how many active customers stand at which probability of leaving within the horizon.

    Parameters
    ----------
    risk : as ``kalib.topics.churn.summarise_risk`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 280)
    middle = (risk["probability_from"] + risk["probability_to"]) / 2
    colours = [style.ALERT if start >= 0.5 else style.ACCENT_2 for start in risk["probability_from"]]
    ax.bar(middle, risk["customers"], 0.088, color=colours)
    for x, n in zip(middle, risk["customers"], strict=True):
        ax.annotate(words.show(n, "count"), (x, n), (0, 4), textcoords="offset points", ha="center", va="bottom")
    narrow = style.is_narrow(ax)
    ax.set(xlim=(0, 1), ylim=(0, max(float(risk["customers"].max()), 1) * 1.12), yticks=[])
    ax.set_xticks(np.arange(0, 1.01, 0.5 if narrow else 0.1))
    for label, side in zip(
        ax.get_xticklabels(), ["left"] + ["center"] * (len(ax.get_xticks()) - 2) + ["right"], strict=True
    ):
        label.set_ha(side)
    style.show_ticks(ax.xaxis, words, "percent")
    ax.set_xlabel(words("churn.risk.probability", horizon_days=horizon_days), loc="right")
    return ax


def draw_horizon(repeats: pd.DataFrame, candidates: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw the share of repeat orders by days since the order before, and the candidate horizons on the curve.

    Parameters
    ----------
    repeats : as ``kalib.topics.churn_windows.summarise_repeats`` returns it
    candidates : as ``kalib.topics.churn_windows.choose_horizon`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 320)
    end = int(repeats["gap_days"].max())
    ax.plot(repeats["gap_days"], repeats["repeat_share"], color=style.ACCENT, drawstyle="steps-post")
    for row in candidates[candidates["horizon_days"] <= end].itertuples(index=False):
        ax.plot(
            row.horizon_days, row.repeat_share, "o", color=style.ACCENT if row.chosen else style.ACCENT_2, markersize=8
        )
        if row.chosen:
            ax.vlines(
                row.horizon_days, 0, row.repeat_share, color=style.ACCENT_2, linewidth=1.25, linestyle=(0, (2, 3))
            )
            said = f"{words.show(row.horizon_days, 'days')} · {words.show(row.repeat_share, 'percent')}"
            beside = {"xytext": (9, -7), "textcoords": "offset points", "va": "top", "weight": "bold"}
            ax.annotate(said, (row.horizon_days, row.repeat_share), **beside)
    ax.set(xlim=(0, end), ylim=(0, 1.02))
    ticks = [days for days in candidates["horizon_days"] if days <= end]
    ax.set_xticks([0, *(ticks[1::2] if style.is_narrow(ax) else ticks)])
    ax.get_xticklabels()[-1].set_ha("right")
    ax.set_yticks(np.arange(0, 1.01, 0.25))
    style.show_ticks(ax.xaxis, words, "count")
    style.show_ticks(ax.yaxis, words, "percent", unit=words("churn.horizon.share"))
    ax.set_xlabel(words("churn.horizon.axis"), loc="right")
    return ax


def draw_active_days(candidates: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw which share of silent customers came back, by length of silence, the chosen window dark.

    Parameters
    ----------
    candidates : as ``kalib.topics.churn_windows.choose_active_days`` returns it; rows without proof are left out
    """
    ax = ax or style.new_axes(style.WIDE, 280)
    table = candidates[~candidates["why"].isin(["few_silent"])].reset_index(drop=True)
    colours = [style.ACCENT if chosen else style.ACCENT_3 for chosen in table["chosen"]]
    ax.bar(range(len(table)), table["return_share"], 0.6, color=colours)
    for at, row in enumerate(table.itertuples(index=False)):
        above = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center", "va": "bottom"}
        above["bbox"] = {"facecolor": style.PAPER, "pad": 1}  # the line of the limit must not cross a figure
        shown = words.show(row.return_share, "percent" if row.return_share >= 0.01 or row.returned == 0 else "percent1")
        ax.annotate(shown, (at, row.return_share), weight="bold" if row.chosen else "normal", **above)
    ax.axhline(0.1, color=style.ACCENT_2, linewidth=1.25, linestyle=(0, (2, 3)))
    right = {"xytext": (-2, 4), "textcoords": "offset points", "ha": "right", "va": "bottom", "color": style.SOFT}
    ax.annotate(words("churn.active.limit"), (1, 0.1), xycoords=ax.get_yaxis_transform(), **right)
    ax.set(xlim=(-0.5, len(table) - 0.2), ylim=(0, max(float(table["return_share"].max()) * 1.15, 0.13)), yticks=[])
    ax.grid(visible=False)
    ax.set_xticks(range(len(table)), [words.show(days, "count") for days in table["active_days"]])
    ax.set_xlabel(words("churn.active.axis"), loc="left")
    return ax


def draw_lift(lift: pd.DataFrame, *, words: Words, ax: Axes | None = None) -> Axes:
    """Draw which share of each tenth of the customers left, most at risk first; marks say what the best rule finds.

    Parameters
    ----------
    lift : as ``kalib.topics.churn_evidence.summarise_lift`` returns it
    """
    ax = ax or style.new_axes(style.WIDE, 300)
    base = lift["left"].sum() / lift["customers"].sum()
    x, narrow = lift["decile"], style.is_narrow(ax)
    ax.bar(x, lift["lift"] * base, 0.7, color=style.ACCENT_2)
    ax.vlines(x, lift["lift_low"] * base, lift["lift_high"] * base, color=style.INK, linewidth=1.25)
    by_rule = lift["rule_lift"] * base
    ax.hlines(by_rule, x - 0.42, x + 0.42, color=style.INK, linewidth=2, linestyle=(0, (2, 1)))
    top = float(max((lift["lift_high"] * base).max(), by_rule.max()))
    if not narrow:
        for at, share, high, rule in zip(x, lift["left_share"], lift["lift_high"] * base, by_rule, strict=True):
            above = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center", "va": "bottom"}
            ax.annotate(words.show(share, "percent"), (at, max(share, high, rule)), **above)
    ax.axhline(base, color=style.SOFT, linewidth=1, linestyle=(0, (1, 2)))
    said = {"xytext": (0, 3), "textcoords": "offset points", "ha": "right", "va": "bottom", "color": style.SOFT}
    ax.annotate(words("churn.lift.base", share=base), (10.45, base), **said)
    ax.set(xlim=(0.4, 10.6), ylim=(0, top * (1.04 if narrow else 1.14)))
    ax.set_xticks(x, [words.show(tenth, "count") for tenth in x])
    style.show_ticks(ax.yaxis, words, "percent", unit=words("churn.lift.left"))
    ax.set_xlabel(words("churn.lift.axis"), loc="right")
    return ax
