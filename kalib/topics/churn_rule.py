"""Whom to ask first where no model can be learnt? The order of a simple rule, and what became of its like."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns, check_key

GROUPS = 5
LEAST = 20
"""The past is told in so many groups at most, of so many customers at least."""


def rank_by_rule(
    customers: pd.DataFrame, *, active_days: int, horizon_days: int, labelled: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Rank the customers who ordered in the last ``active_days`` by the best rule that needs no learning.

    The rule is silence against the customer's own gap; after a single order, against the usual gap of those who have one.
    Where nobody has a gap, it is silence in days. A probability is given where the past has at least one date whose
    horizon has passed: the share who left then of the customers who stood where this one stands by the rule (up to five groups
    of at least 20, with half a leaver and half a stayer added, pooled where a longer silence would lower it). Without such a
    date it is missing: the order stands all the same.

    Parameters
    ----------
    customers : features of the snapshot
    labelled : past dates with features and ``churned``, as ``churn_windows.label`` makes them

    Returns
    -------
    DataFrame
        One row per customer, by customer_id, with the columns of the churn table: customer_id, days_since_last_order,
        churn_probability, net_sales_365_days, sales_at_risk (both missing where nothing is known of the past), reasons
        (``silence`` or ``recency``), horizon_days, forecast_is_weak (always), and rule_score (the higher, the likelier to
        leave), best_rule (``silence`` or ``recency``).

    Raises
    ------
    NotEnoughDataError
        ``churn_nobody_to_rank``: no customer ordered within the window.

    Examples
    --------
    >>> known = pd.DataFrame({"customer_id": ["a", "b"], "orders": 3, "days_since_last_order": [40, 40],
    ...     "gap_days": [10.0, 40.0], "net_sales_365_days": 100.0})
    >>> rank_by_rule(known, active_days=365, horizon_days=90)[["customer_id", "rule_score", "churn_probability"]].values.tolist()
    [['a', 4.0, nan], ['b', 1.0, nan]]
    """
    check_key(customers, ["customer_id"], name="customers")
    needed = ["orders", "days_since_last_order", "gap_days", "net_sales_365_days"]
    check_columns(customers, needed, name="customers")
    active = customers[(customers["orders"] > 0) & (customers["days_since_last_order"] <= active_days)]
    active = active.sort_values("customer_id", ignore_index=True)
    if active.empty:
        raise NotEnoughDataError("churn_nobody_to_rank", active_days=active_days)
    usual = float(active["gap_days"].median())
    rule = "silence" if usual > 0 else "recency"
    score = _score(active, usual)
    table = active[["customer_id", "days_since_last_order"]].astype({"days_since_last_order": "int64"})
    table["churn_probability"] = _share_who_left(labelled, usual, score)
    table["net_sales_365_days"] = active["net_sales_365_days"]
    table["sales_at_risk"] = (table["churn_probability"] * table["net_sales_365_days"].clip(lower=0)).round(2)
    table["reasons"] = _explain(active, score)
    return table.assign(horizon_days=horizon_days, forecast_is_weak=True, rule_score=score.round(6), best_rule=rule)


def list_ranked(ranked: pd.DataFrame, *, rows: int = 100) -> pd.DataFrame:
    """List who is silent beyond its own rhythm, by sales, then the others by the rule; who has ordered once has a list of its own.

    Examples
    --------
    >>> ranked = pd.DataFrame({"customer_id": ["a", "b", "c"], "sales_at_risk": [0.0, 9.0, 0.0], "rule_score": [1.0, 4.0, 2.0],
    ...     "silence": ["buying", "quiet", "one_order"]})
    >>> list_ranked(ranked)["customer_id"].tolist()
    ['b', 'a']
    """
    table = ranked[ranked["silence"] != "one_order"]
    order = ["sales_at_risk", "rule_score", "customer_id"]
    return table.sort_values(order, ascending=[False, False, True], ignore_index=True).head(rows)


def list_labelled_dates(as_of: dt.date, *, first_order_date: dt.date, horizon_days: int) -> list[dt.date]:
    """List the one past date whose horizon has just passed, if there was an order by then.

    Examples
    --------
    >>> list_labelled_dates(dt.date(2026, 6, 30), first_order_date=dt.date(2026, 1, 1), horizon_days=90)
    [datetime.date(2026, 4, 1)]
    """
    date = as_of - dt.timedelta(days=horizon_days)
    return [date] if pd.Timestamp(first_order_date) <= pd.Timestamp(date) else []


def describe_ranking(ranked: pd.DataFrame) -> dict[str, object]:
    """Describe a ranking as facts for the sentences.

    Returns
    -------
    dict
        customers, rule, known (whether there are probabilities), leaving (expected number) and leaving_share where there
        are, overdue (customers silent for longer than their gap), horizon_days, net_sales.
    """
    known = bool(ranked["churn_probability"].notna().all())
    return {
        "customers": len(ranked),
        "rule": str(ranked["best_rule"].iloc[0]),
        "known": known,
        "leaving": round(float(ranked["churn_probability"].sum())),
        "leaving_share": float(ranked["churn_probability"].mean()) if known else 0.0,
        "overdue": int((ranked["rule_score"] > 1).sum()) if ranked["best_rule"].iloc[0] == "silence" else 0,
        "horizon_days": int(ranked["horizon_days"].iloc[0]),
        "net_sales": round(float(ranked["net_sales_365_days"].clip(lower=0).sum()), 2),
    }


def _score(rows: pd.DataFrame, usual: float) -> np.ndarray:
    gap = rows["gap_days"].astype(float).fillna(usual) if usual > 0 else pd.Series(1.0, rows.index)
    return (rows["days_since_last_order"].astype(float) / gap.where(gap > 0, 1.0)).to_numpy()


def _share_who_left(labelled: pd.DataFrame | None, usual: float, score: np.ndarray) -> np.ndarray:
    if labelled is None or labelled.empty:
        return np.full(len(score), np.nan)
    then, left = _score(labelled, usual), labelled["churned"].to_numpy(float)
    count = int(np.clip(len(then) // LEAST, 1, GROUPS))
    edges = np.unique(np.quantile(then, np.arange(1, count) / count))
    group = np.searchsorted(edges, then, side="left")
    size = np.bincount(group, minlength=len(edges) + 1)
    share = (np.bincount(group, weights=left, minlength=len(edges) + 1) + 0.5) / (size + 1)
    rising = IsotonicRegression().fit_transform(np.arange(len(share)), share, sample_weight=size + 1)
    return rising[np.searchsorted(edges, score, side="left")].round(6)


def _explain(rows: pd.DataFrame, score: np.ndarray) -> pd.Series:
    """Return the one reason of the rule: days of silence against the own gap, or against what is typical."""
    silence, gap = rows["days_since_last_order"].astype(float), rows["gap_days"].astype(float)
    typical, middle = float(silence.median()), max(float(np.median(score)), 1e-9)
    effect = np.log(np.maximum(score, 1e-9) / middle).clip(-9, 9).round(3)
    told = [
        [{"code": code, "value": float(days), "typical": round(float(against), 4), "effect": float(size)}]
        for code, days, against, size in zip(
            np.where(gap > 0, "silence", "recency"), silence, gap.where(gap > 0, typical), effect, strict=True
        )
    ]
    return pd.Series(told, index=rows.index, dtype=object)
