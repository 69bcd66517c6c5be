"""Why is the forecast of this customer what it is? Shapley values of groups of figures, by trying every coalition."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
from churn_model import Churn, excess

GROUPS = {
    "silence": (
        ["days_since_last_order", "silence", "silence_ratio", "silence_excess", "p_alive"],
        "days_since_last_order",
        1,
    ),
    "lately": (
        ["orders_30_days", "orders_90_days", "orders_180_days", "net_sales_90_days", "net_sales_180_days"],
        "orders_90_days",
        -1,
    ),
    "frequency": (["orders_365_days", "expected_orders"], "orders_365_days", -1),
    "spend": (["net_sales_365_days"], "net_sales_365_days", -1),
    "trend": (
        [
            "orders_90_days_last_year",
            "net_sales_90_days_last_year",
            "orders_365_days_last_year",
            "net_sales_365_days_last_year",
        ],
        "net_sales_365_days",
        -1,
    ),
    "season": (["orders_next_90_days_last_year"], "orders_next_90_days_last_year", -1),
    "rhythm": (["gap_days", "gap_days_spread"], "gap_days", 1),
    "tenure": (["tenure_days"], "tenure_days", -1),
    "returns": (["returns_share"], "returns_share", 1),
    "margin": (["margin_365_days"], "margin_365_days", -1),
}
"""Reason to its figures, the one that is shown, and whether more of it raises or lowers the risk."""

TOGETHER = 64
"""Coalitions that are asked at a time."""


def share_out(model: Churn, rows: pd.DataFrame) -> pd.DataFrame:
    """Share out each customer's log-odds less those of a typical one among the reasons."""
    columns, learnt = model.columns[model.chosen], model.fitted[model.chosen]
    x = model.read(rows)[columns]
    other = baseline(model, rows, x)
    codes = [code for code, (group, *_) in GROUPS.items() if set(group) & set(columns)]
    coalitions = [frozenset(players) for size in range(len(codes) + 1) for players in combinations(codes, size)]
    used = list(learnt.feature_names_in_)
    group = [next(code for code in codes if name in GROUPS[code][0]) for name in used]
    own, typical, worth = x[used].to_numpy(), other[used].to_numpy(), {}
    for begin in range(0, len(coalitions), TOGETHER):
        part = coalitions[begin : begin + TOGETHER]
        plays = np.array([[code in players for code in group] for players in part])
        mixed = np.where(plays[:, None, :], own, typical).reshape(-1, len(used))
        values = learnt.decision_function(pd.DataFrame(mixed, columns=used)).reshape(len(part), -1)
        worth |= dict(zip(part, values, strict=True))
    effects, n = pd.DataFrame(0.0, index=rows.index, columns=codes), len(codes)
    for players, value in worth.items():
        for code in set(codes) - players:
            part = factorial(len(players)) * factorial(n - len(players) - 1) / factorial(n)
            effects[code] += part * (worth[players | {code}] - value)
    return effects * model.slope(model.chosen)


def baseline(model: Churn, rows: pd.DataFrame, x: pd.DataFrame) -> pd.DataFrame:
    """Return what each customer is compared with: typical figures, silence at the usual multiple of its own gap."""
    typical, gap = model.typical, rows.gap_days.round(6)
    own = typical.silence_ratio * gap
    other = pd.DataFrame({name: typical.get(name, np.nan) for name in x}, index=x.index)
    other["days_since_last_order"] = own.fillna(typical.days_since_last_order)
    if "silence_excess" in x:
        other["silence_excess"] = excess(own, gap, rows.gap_days_spread.round(6))
    if "silence_ratio" in x:
        other["silence_ratio"] = x.silence_ratio.where(gap.isna(), typical.silence_ratio)
    if "silence" in x:
        other["silence"] = np.where(gap.isna(), typical.days_since_last_order / typical.gap_days, typical.silence_ratio)
    for name in set(x) & set(GROUPS["trend"][0]):
        other[name] = rows[name.removesuffix("_last_year")].astype(float).where(x[name].notna())
    return other[list(x)]


def explain(model: Churn, rows: pd.DataFrame, silence: pd.DataFrame) -> list[list[dict[str, object]]]:
    """Return at most three reasons that raise the risk and three that lower it, largest first."""
    effects = share_out(model, rows).round(3)
    told = []
    for (_, row), (_, effect), quiet in zip(rows.iterrows(), effects.iterrows(), silence.itertuples(), strict=True):
        found = [one for code in effects if (one := reason(code, row, effect[code], model.typical))]
        if any(one["code"] == "silence" for one in found):
            found = [one for one in found if one["code"] not in ("rhythm", "one_order")]
        found.sort(key=lambda one: -abs(one["effect"]))
        kept = [[one for one in found if one["effect"] * sign > 0][:3] for sign in (1, -1)]
        found = [one for one in found if one in kept[0] or one in kept[1]]
        if quiet.silence == "pausing":
            found.append(
                {"code": "paused_before", "value": float(quiet.longest_gap_days), "typical": None, "effect": -np.inf}
            )
        told.append(found)
    return told


def reason(code: str, row: pd.Series, effect: float, typical: pd.Series) -> dict[str, object] | None:
    """Return one reason as it is told, or None if a reader could not follow it."""
    _, shown, sign = GROUPS[code]
    value, against, name, is_single = float(row[shown]), float(typical[shown]), code, pd.isna(row.gap_days)
    if code == "silence":
        name, against = ("recency", against) if is_single else ("silence", float(row.gap_days))
    if code == "trend":
        against = float(row.net_sales_365_days_last_year)
    if code == "rhythm" and is_single:
        told = effect >= 0.05
        return {"code": "one_order", "value": float(row.orders), "typical": None, "effect": effect} if told else None
    apart = abs(value - against)
    told = (
        abs(effect) >= 0.05
        and np.sign(value - against) * sign == np.sign(effect)
        and apart >= 0.2 * max(abs(value), abs(against))
    )
    told &= code != "returns" or apart >= 0.01
    told &= code in ("returns", "spend", "trend", "margin") or np.round(value) != np.round(against)
    told &= code != "season" or row.tenure_days >= 365
    told &= code != "trend" or row.tenure_days >= 730 or effect > 0
    return {"code": name, "value": round(value, 4), "typical": round(against, 4), "effect": effect} if told else None
