"""What is a churn forecast made from? The figures that each candidate looks at, as they were known on a date."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kalib.schema import check_key

CANDIDATES = ("recency", "silence", "rfm", "boosting")
"""What may predict churn, simplest first: days of silence alone; silence against the customer's own gap; logistic
regression on recency, frequency, money and, where there is a purchase model, the probability that the customer is
still alive; boosted trees on everything."""

COLUMNS = {
    "recency": ["days_since_last_order"],
    "silence": ["silence"],
    "rfm": ["days_since_last_order", "orders_365_days", "net_sales_365_days", "p_alive"],
    "boosting": [
        "days_since_last_order", "silence_ratio", "silence_excess", "gap_days", "gap_days_spread",
        "orders_30_days", "orders_90_days", "orders_180_days", "orders_365_days",
        "net_sales_90_days", "net_sales_180_days", "net_sales_365_days",
        "orders_90_days_last_year", "net_sales_90_days_last_year",
        "orders_365_days_last_year", "net_sales_365_days_last_year",
        "orders_next_90_days_last_year", "tenure_days", "returns_share", "margin_365_days",
        "p_alive", "expected_orders",
    ],
}  # fmt: skip
"""What each candidate looks at; ``silence`` is silence_ratio or, after a single order, silence over the usual gap;
``silence_excess`` is that of ``measure_excess``."""

NEEDED = (
    "days_since_last_order", "silence_ratio", "gap_days", "gap_days_spread", "tenure_days", "returns_share",
    "orders_90_days", "orders_180_days", "orders_365_days",
    "net_sales_90_days", "net_sales_180_days", "net_sales_365_days",
    "orders_90_days_last_year", "net_sales_90_days_last_year",
    "orders_365_days_last_year", "net_sales_365_days_last_year",
)  # fmt: skip
"""Columns that a snapshot must have; the others are looked at where they are there."""

SEASON = "orders_next_90_days_last_year"
"""Only looked at where every held-out date knows it: the level is taken from last year's season, which must know it too."""

PURCHASE = ("p_alive", "expected_orders")
"""Outputs of a purchase model: only looked at where every row that is learnt from has them."""

_FEW_DAYS = 5.0


def read_features(snapshots: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """Read the figures of snapshots as numbers; those of a year before are missing where the history does not reach so far.

    Parameters
    ----------
    snapshots : the columns of ``NEEDED`` with as_of; others of ``COLUMNS`` where they are known
    start : first order date that is known of

    Returns
    -------
    DataFrame
        By the index of ``snapshots``: the columns found, and silence_excess (see ``measure_excess``).

    Examples
    --------
    >>> one = pd.DataFrame({name: [1] for name in NEEDED}).assign(as_of=pd.Timestamp("2026-01-01"))
    >>> read_features(one, pd.Timestamp("2024-12-01"))[["orders_365_days", "orders_90_days_last_year"]].values.tolist()
    [[1.0, nan]]
    """
    known = dict.fromkeys([*NEEDED, *(c for columns in COLUMNS.values() for c in columns if c in snapshots)])
    table = snapshots[list(known)].astype("float64")
    history = (pd.to_datetime(snapshots["as_of"]) - start).dt.days
    for column in table:
        if column.endswith("_last_year"):
            days = 0 if column == SEASON else int(column.split("_")[-4])
            table[column] = table[column].where(history >= 365 + days)
    silence = measure_excess(table["days_since_last_order"], table["gap_days"], table["gap_days_spread"])
    return table.assign(silence_excess=silence)


def add_purchase(snapshots: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    """Add the outputs of a purchase model to snapshots.

    A fit with a parameter at its limit counts as well: its figures are proper ones of a simpler model (decision 15).

    Parameters
    ----------
    snapshots : as_of, customer_id
    forecast : as_of, customer_id, p_alive, expected_orders: of each date from what was known on it

    Returns
    -------
    DataFrame
        ``snapshots``, rows and index as they were, with p_alive and expected_orders.

    Examples
    --------
    >>> now = pd.Timestamp("2026-01-01")
    >>> known = pd.DataFrame({"as_of": now, "customer_id": ["a", "b"]})
    >>> told = pd.DataFrame({"as_of": now, "customer_id": ["b"], "p_alive": 0.5, "expected_orders": 2.0})
    >>> add_purchase(known, told)["p_alive"].tolist()
    [nan, 0.5]
    """
    key = ["as_of", "customer_id"]
    check_key(forecast, key, name="forecast")
    outputs = ["p_alive", "expected_orders"]
    known = forecast[[*key, *outputs]].assign(as_of=pd.to_datetime(forecast["as_of"]).astype("datetime64[s]"))
    dates = pd.to_datetime(snapshots["as_of"]).astype("datetime64[s]")
    found = snapshots[["customer_id"]].assign(as_of=dates).merge(known, on=key, how="left", validate="m:1")
    return snapshots.assign(**{name: found[name].to_numpy(float) for name in outputs})


def measure_excess(silence: pd.Series, gap: pd.Series, spread: pd.Series) -> pd.Series:
    """Measure by how many spreads of the customer's own gap its silence is longer than the gap; missing without a gap.

    Five days are the least spread, and the gap itself is one where there is a single gap.

    Examples
    --------
    >>> days = [pd.Series([figure], dtype="float64") for figure in (40, 12, 12)]
    >>> float(measure_excess(*days).iloc[0].round(3))
    2.154
    """
    return (silence - gap) / np.hypot(spread.fillna(gap), _FEW_DAYS)
