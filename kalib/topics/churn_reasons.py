"""Why is the forecast of this customer what it is? Exact shares of the log-odds, as codes with figures."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from kalib.topics.churn_features import measure_excess

GROUPS: dict[str, tuple[tuple[str, ...], str]] = {
    "silence": (
        ("days_since_last_order", "silence", "silence_ratio", "silence_excess", "p_alive"),
        "days_since_last_order",
    ),
    "lately": (
        ("orders_30_days", "orders_90_days", "orders_180_days", "net_sales_90_days", "net_sales_180_days"),
        "orders_90_days",
    ),
    "frequency": (("orders_365_days", "expected_orders"), "orders_365_days"),
    "spend": (("net_sales_365_days",), "net_sales_365_days"),
    "trend": (
        (
            "orders_90_days_last_year",
            "net_sales_90_days_last_year",
            "orders_365_days_last_year",
            "net_sales_365_days_last_year",
        ),
        "net_sales_365_days",
    ),
    "season": (("orders_next_90_days_last_year",), "orders_next_90_days_last_year"),
    "rhythm": (("gap_days", "gap_days_spread"), "gap_days"),
    "tenure": (("tenure_days",), "tenure_days"),
    "returns": (("returns_share",), "returns_share"),
    "margin": (("margin_365_days",), "margin_365_days"),
}
"""Reason to the figures that make it, each figure in one reason only, and the one that is shown."""

EXPECTED = {
    "silence": 1,
    "rhythm": 1,
    "lately": -1,
    "frequency": -1,
    "spend": -1,
    "trend": -1,
    "season": -1,
    "tenure": -1,
    "returns": 1,
    "margin": -1,
}
"""Does more of it raise (1) or lower (-1) the risk? A reason that goes against this would only puzzle, and is not told."""

LEAST_EFFECT = 0.05
"""Smaller shares of the log-odds are no reason."""

LEAST_DIFFERENCE = 0.2
"""Of the larger of the two: a figure that is nearer to what it is held against is no reason."""

LEAST_RETURNS = 0.01
"""Share of sales: returns that are nearer to the typical share are no reason either."""

YEARS_BACK = {"season": 365, "trend": 730}
"""Days since the first order from which the account had the whole of what a figure of the year before tells of."""

_OWN_RHYTHM = ("silence", "silence_ratio", "silence_excess", "p_alive")


class _Model(Protocol):
    chosen_: str
    columns_: dict[str, list[str]]
    typical_: pd.Series

    def read(self, features: pd.DataFrame) -> pd.DataFrame: ...
    def share_out(self, x: pd.DataFrame, baseline: pd.DataFrame, groups: dict[str, int]) -> np.ndarray: ...


def share_out_risk(model: _Model, features: pd.DataFrame) -> pd.DataFrame:
    """Share out how far each customer's log-odds of churn are from those of a typical one, among the reasons.

    Shapley values, exact, with the reasons as players: they add up to the log-odds of the customer less those of its
    baseline. The baseline has the median figures of the snapshots that the model learnt from; its silence is the median
    ratio to the customer's own gap, so that a weekly buyer is held to a week (after a single order, to the median); and a
    year before it bought what the customer buys now.

    Returns
    -------
    DataFrame
        By the index of ``features``, a column per reason that the model looks at: log-odds, above 0 raises the risk
        (0.7 doubles the odds, -0.7 halves them).
    """
    codes = [code for code, (group, _) in GROUPS.items() if not set(model.columns_[model.chosen_]).isdisjoint(group)]
    numbers = {figure: at for at, code in enumerate(codes) for figure in GROUPS[code][0]}
    x = model.read(features)
    effects = model.share_out(x, _make_baseline(model, features, x), numbers)
    return pd.DataFrame(effects, index=features.index, columns=codes)


def explain_churn(model: _Model, features: pd.DataFrame, *, top: int = 3) -> pd.Series:
    """Explain each probability by the reasons with the largest shares of its log-odds (see ``share_out_risk``).

    Effects are what moves the model, not causes.

    Returns
    -------
    Series of lists, by the index of ``features``
        At most ``top`` reasons that raise the risk and as many that lower it, largest effect first; left out are effects below 0.05, those whose direction a
        reader could not follow (more sales than is typical, raising the risk), figures that differ from what they are compared
        with by less than a fifth of the larger of the two or, for returns, by less than one percentage point, and those of a year before of whom was no customer yet then: ``code``, ``value`` (the customer's figure),
        ``typical`` (what it is held against), ``effect`` (above 0 raises the risk). ``silence`` holds days against the
        customer's own gap, ``recency`` (after a single order, or where the model knows no gap) days against all customers,
        ``trend`` net sales of 365 days against the 365 before; the others hold a figure against its median: ``lately``
        orders of 90 days, ``frequency`` orders of 365 days, ``spend`` net sales of 365 days, ``season`` orders of the coming
        90 days a year before, ``rhythm`` the gap between orders (``one_order``: orders on a single day so far, there is
        none), ``tenure`` days, ``returns`` share, ``margin`` of 365 days.
    """
    effects = share_out_risk(model, features).round(3)
    used = set(model.columns_[model.chosen_])
    reasons: list[list[dict[str, object]]] = [[] for _ in range(len(features))]
    for code in effects:
        effect = effects[code].to_numpy()
        codes, value, against = _show(code, features, model.typical_, used)
        told = np.abs(effect) >= LEAST_EFFECT
        sense = np.sign(value - against) * EXPECTED[code] == np.sign(effect)
        told &= sense | (np.array(codes) == "one_order") & (effect > 0)
        told &= _differ(code, value, against) | (np.array(codes) == "one_order")
        if code not in ("returns", "spend", "trend", "margin"):  # days and orders are told as whole numbers
            told &= (np.round(value) != np.round(against)) | (np.array(codes) == "one_order")
        if code in YEARS_BACK:  # who came within the year before did not buy little then, and has not grown
            told &= (features["tenure_days"].to_numpy(float) >= YEARS_BACK[code]) | (code == "trend") & (effect > 0)
        if code == "rhythm":  # the silence is told against it
            told &= [all(one["code"] != "silence" for one in own) for own in reasons]
        for row in np.flatnonzero(told):
            figures = {"value": _round(value[row]), "typical": _round(against[row]), "effect": float(effect[row])}
            reasons[row].append({"code": codes[row], **figures})
    return pd.Series([_pick(found, top) for found in reasons], index=features.index, dtype=object)


def _pick(found: list[dict[str, object]], top: int) -> list[dict[str, object]]:
    """Pick the reasons with the largest effects, so many of each direction."""
    ordered = sorted(found, key=lambda reason: -abs(reason["effect"]))
    raising = [reason for reason in ordered if reason["effect"] > 0][:top]
    lowering = [reason for reason in ordered if reason["effect"] < 0][:top]
    return [reason for reason in ordered if reason in raising or reason in lowering]


def _differ(code: str, value: np.ndarray, against: np.ndarray) -> np.ndarray:
    """Return where a reader would call the two figures different."""
    apart = np.abs(value - against)
    differ = apart >= LEAST_DIFFERENCE * np.maximum(np.abs(value), np.abs(against))
    return differ & (apart >= LEAST_RETURNS) if code == "returns" else differ


def _make_baseline(model: _Model, features: pd.DataFrame, x: pd.DataFrame) -> pd.DataFrame:
    """Return what each customer is held against, in the columns and rows of ``x``."""
    typical = model.typical_
    other = pd.DataFrame({column: typical.get(column, np.nan) for column in x}, index=x.index)
    gap = features["gap_days"].astype(float)
    own = typical["silence_ratio"] * gap
    if _knows_rhythm(set(model.columns_[model.chosen_])):
        other["days_since_last_order"] = own.fillna(typical["days_since_last_order"])
    if "silence_excess" in x:
        other["silence_excess"] = measure_excess(own, gap, features["gap_days_spread"].astype(float))
    if "silence_ratio" in x:
        other["silence_ratio"] = x["silence_ratio"].where(gap.isna(), typical["silence_ratio"])
    if "silence" in x:
        usual = typical["gap_days"] if typical["gap_days"] > 0 else 1.0
        other["silence"] = np.where(gap.isna(), typical["days_since_last_order"] / usual, typical["silence_ratio"])
    for column in x:
        if column in GROUPS["trend"][0]:
            other[column] = features[column.removesuffix("_last_year")].astype(float).where(x[column].notna())
    return other[list(x)]


def _knows_rhythm(used: set[str]) -> bool:
    return not used.isdisjoint(_OWN_RHYTHM)


def _show(
    code: str, features: pd.DataFrame, typical: pd.Series, used: set[str]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return what is told of a reason, by row: its code, the customer's figure and the one it is held against."""
    value = features[GROUPS[code][1]].to_numpy(float)
    codes, against = [code] * len(features), np.full(len(features), float(typical[GROUPS[code][1]]))
    if code == "silence":
        own = features["gap_days"].notna().to_numpy() & _knows_rhythm(used)
        against = np.where(own, features["gap_days"].to_numpy(float), against)
        codes = ["silence" if by_own_gap else "recency" for by_own_gap in own]
    if code == "rhythm":
        once = features["gap_days"].isna().to_numpy()
        value = np.where(once, features["orders"].to_numpy(float), value)
        codes, against = ["one_order" if single else code for single in once], np.where(once, np.nan, against)
    if code == "trend":
        against = features["net_sales_365_days_last_year"].to_numpy(float)
    return codes, value, against


def _round(number: float) -> float | None:
    return None if np.isnan(number) else round(float(number), 4)
