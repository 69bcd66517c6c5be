"""Did the churn model hold on a past date that it had not seen? Figures with intervals, beside simple rules."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns, check_key

GROUPS = 10
"""Customers are compared in so many groups of equal size, by predicted probability."""

RULES = {"few_orders": "orders_365_days", "small_sales": "net_sales_365_days"}
"""Rules of thumb beside the model's candidates: the lower this figure, the likelier to leave. They rank and no more."""

RANKS = ("auc", "average_precision", "lift")
"""What a ranking is judged by."""

PARTS = (
    *("brier", "reliability", "resolution", "uncertainty"),
    *("calibration_error", "shift_error", "shape_error", "predicted_share"),
)
"""What a probability is judged by, beside its ranking."""

FIGURES = (*RANKS, *PARTS, "observed_share")


_ABOVE_BY_CHANCE = ("reliability", "calibration_error", "shift_error", "shape_error")
"""Distances: drawing customers anew adds noise of its own to them, so their intervals are moved back by its median."""

_EDGE = 1e-9
_BATCH = 300_000  # customers in so many samples at a time


class _Model(Protocol):
    target: str
    chosen_: str
    choice_: pd.DataFrame

    def predict_proba(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray: ...


def evaluate_churn(
    model: _Model,
    labelled: pd.DataFrame,
    plan: pd.DataFrame,
    *,
    interval: float = 0.80,
    resamples: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """Evaluate every candidate and two more rules of thumb on the report snapshot, which no model has seen.

    Intervals are percentiles over bootstrap samples of the customers, the same samples for all; ``auc_gain`` compares with
    the best rule that needs no model (silence in days, silence against the own gap, few orders, small sales).

    The Brier score is reliability less resolution plus uncertainty, exactly: with customers in ten groups by probability,
    reliability is the mean square of predicted less observed share, uncertainty that of drawing any customer, and
    resolution is what telling customers apart takes off, within the groups as well as between them.

    The calibration error, the mean distance of predicted and observed share over the ten groups, is the sum of its shape, what
    is left of it when all log-odds are moved by one constant until as many are predicted to leave as left, and of
    its shift, the rest, which comes from the level. The shift is a little below 0 where the wrong level hid a part of the shape.

    Parameters
    ----------
    model : a fitted ChurnModel
    labelled, plan : as the model was fitted with; only the rows at the plan's ``report`` date are looked at

    Returns
    -------
    DataFrame
        One row per model, simplest first: model, is_rule, chosen, customers; and, each with ``_low`` and ``_high``, auc
        (chance that a leaver is ranked above a stayer; 0.5 is chance), average_precision, lift (share of leavers in the
        tenth most at risk, over that of all), brier (mean squared error of the probability), reliability, resolution,
        uncertainty, calibration_error, shift_error, shape_error, predicted_share, observed_share, auc_gain. Rules of
        thumb have no probability: theirs are missing.

    Raises
    ------
    NotEnoughDataError
        ``churn_one_outcome``: at the report snapshot all left or all stayed.

    Source: Murphy (1973), A new vector partition of the probability score, Journal of Applied Meteorology 12; Stephenson,
    Coelho, Jolliffe (2008), Two extra components in the Brier score decomposition, Weather and Forecasting 23, for
    groups of unequal probabilities.
    """
    rows = _report_rows(model, labelled, plan)
    y = rows[model.target].to_numpy(float)
    weights = np.random.default_rng(seed).multinomial(len(y), np.full(len(y), 1 / len(y)), size=resamples)
    table, aucs, one = [], {}, np.ones((1, len(y)))
    scores = {name: model.predict_proba(rows, model=name)[:, 1] for name in model.choice_["model"]}
    for name, score in (scores | {rule: -rows[column].to_numpy(float) for rule, column in RULES.items()}).items():
        is_probability = name in scores
        point, drawn = _figures(y, score, one, is_probability)[0], _figures(y, score, weights, is_probability)
        row: dict[str, object] = {"model": name, "is_rule": name in RULES or name in ("recency", "silence")}
        row |= {"chosen": name == model.chosen_, "customers": len(y)}
        row |= _with_interval(FIGURES, point, drawn, interval)
        aucs[name] = (point[0], drawn[:, 0])
        table.append(row)
    best = max((row["model"] for row in table if row["is_rule"]), key=lambda name: aucs[name][0])
    for row in table:
        point, drawn = (one - other for one, other in zip(aucs[row["model"]], aucs[best], strict=True))
        row |= _with_interval(("auc_gain",), np.array([point]), drawn[:, None], interval)
    order = [*RULES, *model.choice_["model"]]
    return pd.DataFrame(table).sort_values("model", key=lambda s: s.map(order.index), ignore_index=True)


def summarise_calibration(
    model: _Model, labelled: pd.DataFrame, plan: pd.DataFrame, *, interval: float = 0.80, groups: int = GROUPS
) -> pd.DataFrame:
    """Summarise predicted against observed churn at the report snapshot, in groups by predicted probability.

    Customers with equal probabilities stay together, so that groups may be uneven or fewer.

    Returns
    -------
    DataFrame
        One row per group, least at risk first: group, customers, predicted_share, observed_share, observed_low,
        observed_high (Wilson interval).

    Raises
    ------
    NotEnoughDataError
        ``churn_one_outcome``: at the report snapshot all left or all stayed.
    """
    rows = _report_rows(model, labelled, plan)
    p, y = model.predict_proba(rows)[:, 1], rows[model.target].to_numpy(float)
    table = pd.DataFrame({"group": _group(p, np.ones(len(p)), groups) + 1, "predicted_share": p, "observed_share": y})
    table = table.groupby("group").agg(
        customers=("observed_share", "size"),
        predicted_share=("predicted_share", "mean"),
        observed_share=("observed_share", "mean"),
    )
    z, n, share = norm.ppf(0.5 + interval / 2), table["customers"], table["observed_share"]
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    table = table.assign(observed_low=(middle - half).clip(lower=0), observed_high=(middle + half).clip(upper=1))
    return table.reset_index().round(6)


def summarise_lift(
    model: _Model,
    labelled: pd.DataFrame,
    plan: pd.DataFrame,
    *,
    rule: str,
    interval: float = 0.80,
    resamples: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """Summarise how many leavers are found in each tenth of the customers, most at risk first, by model and by rule.

    Equal scores are spread evenly over the tenths that they lie in.

    Parameters
    ----------
    rule : code of a simple rule, as ``evaluate_churn`` names them

    Returns
    -------
    DataFrame
        Ten rows: decile (1 is most at risk), customers, left, left_share, lift (that share over the share of all) with
        lift_low and lift_high, found_share (of all leavers, in this and the tenths before it), rule_lift,
        rule_found_share, found_gain (found_share less the rule's) with found_gain_low and found_gain_high.

    Raises
    ------
    NotEnoughDataError
        ``churn_one_outcome``: at the report snapshot all left or all stayed.
    """
    check = list_check(model, labelled, plan, rule=rule)
    y = check["churned"].to_numpy(float)
    scores = [check[column].to_numpy(float) for column in ("churn_probability", "rule_score")]
    drawn = np.random.default_rng(seed).multinomial(len(y), np.full(len(y), 1 / len(y)), size=resamples)
    own, other = (_leavers_by_tenth(y, score, np.ones((1, len(y))))[0] for score in scores)
    samples = [_leavers_by_tenth(y, score, drawn) for score in scores]
    base, size = y.mean(), len(y) / GROUPS
    table = pd.DataFrame({"decile": np.arange(1, GROUPS + 1), "customers": size, "left": own, "left_share": own / size})
    low, high = 0.5 - interval / 2, 0.5 + interval / 2
    found, by_rule = (np.cumsum(left) / left.sum() for left in (own, other))
    lifts = np.array([left / max(left.sum(), 1) * GROUPS for left in samples[0]])
    gains = np.array([
        np.cumsum(left) / max(left.sum(), 1) - np.cumsum(ruled) / max(ruled.sum(), 1)
        for left, ruled in zip(*samples, strict=True)
    ])  # fmt: skip
    table["lift"] = own / size / base
    table["lift_low"], table["lift_high"] = np.quantile(lifts, [low, high], axis=0)
    table["found_share"], table["rule_lift"], table["rule_found_share"] = found, other / size / base, by_rule
    table["found_gain"] = found - by_rule
    table["found_gain_low"], table["found_gain_high"] = np.quantile(gains, [low, high], axis=0)
    return table.round(6)


def _leavers_by_tenth(y: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return, by row of ``weights``, how many left in each tenth."""
    _, tie = np.unique(-score, return_inverse=True)
    ends, rows = np.arange(GROUPS + 1) / GROUPS, []
    for weight in weights:
        left, both = np.bincount(tie, weights=weight * y), np.bincount(tie, weights=weight)
        rows.append(np.diff(_leavers_within(left, both, both.sum() * ends)))
    return np.array(rows)


def list_check(model: _Model, labelled: pd.DataFrame, plan: pd.DataFrame, *, rule: str) -> pd.DataFrame:
    """List each customer of the report snapshot with what was predicted, what the rule would have said, and what came.

    Parameters
    ----------
    rule : code of a simple rule, as ``evaluate_churn`` names them

    Returns
    -------
    DataFrame
        One row per customer, by customer_id: customer_id, as_of, churned (0 or 1), churn_probability, best_rule, rule_score
        (the higher, the likelier to leave by the rule; for ranking only), net_sales_365_days (as of then).
    """
    rows = _report_rows(model, labelled, plan)
    score = -rows[RULES[rule]].astype(float) if rule in RULES else model.predict_proba(rows, model=rule)[:, 1]
    table = rows[["customer_id", "as_of"]].assign(churned=rows[model.target].astype("int64"))
    table["churn_probability"] = model.predict_proba(rows)[:, 1]
    return table.assign(best_rule=rule, rule_score=score, net_sales_365_days=rows["net_sales_365_days"])


def _report_rows(model: _Model, labelled: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    check_columns(labelled, ["as_of", "customer_id", model.target, *RULES.values()], name="labelled")
    dates = pd.to_datetime(labelled["as_of"]).astype("datetime64[s]")
    rows = labelled[dates.isin(plan.loc[plan["role"] == "report", "as_of"])].sort_values(
        "customer_id", ignore_index=True
    )
    check_key(rows, ["customer_id"], name="labelled")
    if rows[model.target].nunique() < 2:
        raise NotEnoughDataError("churn_one_outcome", customers=len(rows), left=int(rows[model.target].sum()))
    return rows


def _figures(y: np.ndarray, score: np.ndarray, weights: np.ndarray, is_probability: bool) -> np.ndarray:
    """Return FIGURES, a row per row of ``weights``: each customer counts so many times; equal scores are ranked as one."""
    first = np.argsort(-score, kind="stable")  # most at risk first
    value, begins = np.unique(-score[first], return_index=True)
    rows, begins = max(_BATCH // len(y), 1), begins.astype(np.intp)
    parts = []
    for start in range(0, len(weights), rows):
        counted = weights[start : start + rows, first].astype(float)
        left = np.add.reduceat(counted * y[first], begins, axis=1)
        both = np.add.reduceat(counted, begins, axis=1)
        parts.append(_judge(-value, left, both, is_probability))
    return np.concatenate(parts)


def _judge(p: np.ndarray, left: np.ndarray, both: np.ndarray, is_probability: bool) -> np.ndarray:
    """Return FIGURES by row from how many left, and how many there are, at each score, the highest first."""
    stayed, all_both = both - left, both.sum(axis=1)
    all_left, all_stayed = left.sum(axis=1), stayed.sum(axis=1)
    below = all_stayed[:, None] - np.cumsum(stayed, axis=1) + stayed / 2
    auc = (left * below).sum(axis=1) / np.maximum(all_left * all_stayed, 1)
    precision = np.cumsum(left, axis=1) / np.maximum(np.cumsum(both, axis=1), 1)
    base, tenth = all_left / all_both, all_both / GROUPS
    found = np.array([_leavers_within(*row) for row in zip(left, both, tenth, strict=True)])
    lift = found / tenth / np.maximum(base, 1e-12)
    ranks = np.column_stack([auc, (left * precision).sum(axis=1) / np.maximum(all_left, 1), lift])
    if not is_probability:
        return np.column_stack([ranks, np.full((len(left), len(PARTS)), np.nan), base])
    group = _group_of(both[:, ::-1], GROUPS)[:, ::-1]  # as in the page's groups, least at risk first
    size = np.maximum(_add_up(group, both), 1e-300)
    predicted, observed = (_add_up(group, what) / size for what in (p * both, left))
    brier = (left * (1 - p) ** 2 + stayed * p**2).sum(axis=1) / all_both
    reliability = (size * (predicted - observed) ** 2).sum(axis=1) / all_both
    uncertainty = base * (1 - base)
    error = (size * np.abs(predicted - observed)).sum(axis=1) / all_both
    level = _move_level(p, both, base)
    shape = np.abs(_add_up(group, level * both - left)).sum(axis=1) / all_both
    resolution, predicted_share = reliability + uncertainty - brier, (p * both).sum(axis=1) / all_both
    parts = [brier, reliability, resolution, uncertainty, error, error - shape, shape, predicted_share, base]
    return np.column_stack([ranks, *parts])


def _add_up(group: np.ndarray, what: np.ndarray) -> np.ndarray:
    """Add up by row and group."""
    cell = group + GROUPS * np.arange(len(group))[:, None]
    return np.bincount(cell.ravel(), weights=what.ravel(), minlength=GROUPS * len(group)).reshape(-1, GROUPS)


def _leavers_within(left: np.ndarray, both: np.ndarray, first: np.ndarray | float) -> np.ndarray:
    """Return how many left among the ``first`` customers, most at risk first; of equal scores a part is taken evenly."""
    return np.interp(first, np.r_[0, np.cumsum(both)], np.r_[0, np.cumsum(left)])


def _move_level(p: np.ndarray, weights: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return, by row of ``weights``, the probabilities with all log-odds moved by one constant so that their mean is ``share``."""
    odds, share = logit(np.clip(p, _EDGE, 1 - _EDGE)), np.clip(share, _EDGE, 1 - _EDGE)
    move, low, high = (np.full(len(weights), start) for start in (0.0, -40.0, 40.0))
    total, open_rows = weights.sum(axis=1), np.arange(len(weights))
    for _ in range(60):  # Newton's steps, kept between two ends that close in
        moved, own = expit(odds + move[open_rows, None]), weights[open_rows]
        over = (own * moved).sum(axis=1) / total[open_rows] - share[open_rows]
        off = np.abs(over) >= 1e-10
        open_rows, over, moved, own = open_rows[off], over[off], moved[off], own[off]
        if not len(open_rows):
            break
        here = move[open_rows]
        low[open_rows] = np.where(over > 0, low[open_rows], here)
        high[open_rows] = np.where(over > 0, here, high[open_rows])
        bottom, top = low[open_rows], high[open_rows]
        slope = np.maximum((own * moved * (1 - moved)).sum(axis=1), 1e-300)
        new = here - over * total[open_rows] / slope
        move[open_rows] = np.where((bottom < new) & (new < top), new, (bottom + top) / 2)
    return expit(odds + move[:, None])


def _group_of(size: np.ndarray, groups: int) -> np.ndarray:
    """Return 0 to ``groups`` - 1 by the middle rank of each score, along the last axis of ``size``: equal scores, one group."""
    middle = (np.cumsum(size, axis=-1) - size / 2) / size.sum(axis=-1, keepdims=True)
    return np.minimum((middle * groups).astype(int), groups - 1)


def _group(score: np.ndarray, weight: np.ndarray, groups: int) -> np.ndarray:
    """Return 0 to ``groups`` - 1 by the rank of each customer's score, lowest first."""
    _, tie = np.unique(score, return_inverse=True)
    return _group_of(np.bincount(tie, weights=weight), groups)[tie]


def _with_interval(names: tuple[str, ...], point: np.ndarray, drawn: np.ndarray, interval: float) -> dict[str, float]:
    low, high = np.quantile(drawn, [0.5 - interval / 2, 0.5 + interval / 2], axis=0)
    row = {}
    for i, name in enumerate(names):
        if name in _ABOVE_BY_CHANCE:
            off = np.median(drawn[:, i]) - point[i]
            low[i], high[i] = max(low[i] - off, min(0.0, point[i])), high[i] - off
        row |= {name: round(point[i], 6), f"{name}_low": round(low[i], 6), f"{name}_high": round(high[i], 6)}
    return row
