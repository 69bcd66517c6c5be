"""Did the list find the sales of those who left, and more of them than the naive list? Asked at past dates, in money."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from kalib.errors import NotEnoughDataError
from kalib.money import add
from kalib.schema import check_columns, check_key
from kalib.topics import silence as quiet

CALLS = (20, 50, 100)
"""So many accounts can be called: the lists are compared by their first ones."""

TOLD = 50
"""The row that the sentence speaks of, where no other says more."""

CLEAR = 0.95
"""A list is clearly better where this interval of the difference lies above nought."""

DATES = 6
"""So many past dates, the newest ones; fewer where they would take long to learn."""

_MOST_ROWS = 300_000

NAIVE = "overdue"
"""Silent beyond its own rhythm, and the larger the year's sales the earlier: what anybody can make without a forecast."""


def look_back(
    model: BaseEstimator,
    labelled: pd.DataFrame,
    plan: pd.DataFrame,
    order_days: pd.DataFrame,
    *,
    horizon_days: int,
    active_days: int,
    factor: float = quiet.FACTOR,
    dates: int = DATES,
) -> pd.DataFrame:
    """Look at past dates as if each were today: what was forecast of each customer then, how silent it was, and who left.

    Nothing after a date is seen: the kind of model in use learns anew from the dates whose horizon had passed by then, and how many
    of those who pause stay away is measured up to then. Asked are the newest dates that were held out, and that of the check.

    Parameters
    ----------
    model : a fitted ChurnModel; it stays as it is
    labelled, plan : as it was fitted with
    order_days : customer_id, order_date, orders, net_sales
    horizon_days, active_days, factor : of the page

    Returns
    -------
    DataFrame
        One row per past date and customer active then: as_of, customer_id, churned, net_sales_365_days, churn_probability,
        away_share (missing where too little was known then), silence. Empty where no date could be learnt for.
    """
    rows = labelled.assign(as_of=pd.to_datetime(labelled["as_of"]).astype("datetime64[s]"))
    asked = plan.loc[plan["held_out"] | (plan["role"] == "report"), "as_of"].sort_values(ascending=False)
    found, learnt = [], 0
    for date in asked:
        known = plan[plan["label_end"] <= date].assign(role="train")
        learnt += int(rows["as_of"].isin(known["as_of"]).sum())
        if len(found) == dates or (found and learnt > _MOST_ROWS) or not known["held_out"].any():
            break
        then = rows[rows["as_of"] == date]
        try:
            own = clone(model).set_params(candidates=(model.chosen_,)).fit(rows, known)
        except NotEnoughDataError:
            continue
        seen = then[["as_of", "customer_id", "churned", "net_sales_365_days"]]
        seen = seen.assign(churn_probability=own.predict_proba(then)[:, 1])
        found.append(add_silence(seen, order_days, horizon_days=horizon_days, active_days=active_days, factor=factor))
    columns = ["as_of", "customer_id", "churned", "net_sales_365_days", "churn_probability", "away_share", "silence"]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)


def add_silence(
    then: pd.DataFrame, order_days: pd.DataFrame, *, horizon_days: int, active_days: int, factor: float = quiet.FACTOR
) -> pd.DataFrame:
    """Add how silent each customer was at the dates of ``then``, and what such a silence had come to by then: silence, away_share."""
    parts = []
    for date, rows in then.groupby("as_of"):
        day = pd.Timestamp(date).date()
        states = quiet.measure_silence(order_days, as_of=day, active_days=active_days, factor=factor)
        away = quiet.measure_away(order_days, as_of=day, horizon_days=horizon_days, active_days=active_days)
        kinds = quiet.expect_away(order_days, away, as_of=day, horizon_days=horizon_days)
        known = states[["customer_id", "silence"]].merge(kinds[["customer_id", "away_share"]], on="customer_id")
        parts.append(rows.merge(known, on="customer_id", how="left", validate="1:1"))
    return pd.concat(parts, ignore_index=True) if parts else then.assign(silence=None, away_share=np.nan)


def compare_lists(
    past: pd.DataFrame, *, basis: str, calls: Sequence[int] = CALLS, interval: float = CLEAR, seed: int = 0
) -> pd.DataFrame:
    """Compare the first accounts of the page's list with as many of the naive one, in the sales of those who really left.

    The list of a forecast (``away``) is ordered by the probability of leaving, times the share of such that stay away (all of them
    at dates where it was not known), times the year's sales. The naive list has who is silent beyond its own rhythm, by the
    year's sales. Where the page's list is that one (``overdue``), it is compared with all accounts by the year's sales alone. Accounts
    with one order have no rhythm, and stand on neither.

    The interval is of the difference: customers are resampled, each with all of its dates; the lists stay.

    Parameters
    ----------
    past : as ``look_back`` returns it
    basis : ``away`` or ``overdue``

    Returns
    -------
    DataFrame
        One row per number of calls: calls, dates, called (accounts of each list, over all dates; fewer than calls where either list is shorter), left_sales
        (of all who left), found_sales (of the list's first ones who left), naive_sales (of the other list's), gain, gain_low,
        gain_high. Empty where both lists never had anybody.

    Examples
    --------
    >>> past = pd.DataFrame({"as_of": pd.Timestamp("2025-01-01"), "customer_id": ["a", "b", "c"], "churned": [1, 0, 1],
    ...     "net_sales_365_days": [10.0, 90.0, 50.0], "churn_probability": [0.9, 0.05, 0.1], "away_share": 0.5,
    ...     "silence": ["quiet", "quiet", "buying"]})
    >>> compare_lists(past, basis="away", calls=[1])[["found_sales", "naive_sales", "gain"]].values.tolist()
    [[10.0, 0.0, 10.0]]
    """
    needed = ["as_of", "customer_id", "churned", "net_sales_365_days", "silence"]
    check_columns(past, needed, name="past")
    columns = ["calls", "dates", "called", "left_sales", "found_sales", "naive_sales", "gain", "gain_low", "gain_high"]
    rows = past[past["silence"] != "one_order"].sort_values(["as_of", "customer_id"], ignore_index=True)
    check_key(rows, ["as_of", "customer_id"], name="past")
    sales = rows["net_sales_365_days"].astype(float).clip(lower=0)
    overdue = sales.where(rows["silence"].isin(quiet.OVERDUE), 0.0)
    order, other = (_rank(rows, key) for key in ([_expect(rows, sales), overdue] if basis == "away" else [overdue, sales]))
    both = pd.DataFrame({"own": order.notna(), "other": other.notna()}).groupby(rows["as_of"]).sum().min(axis=1)
    both = both[both > 0]
    lost = sales.where(rows["churned"] == 1, 0.0)
    code, customers = pd.factorize(rows["customer_id"])
    drawn = np.random.default_rng(seed).multinomial(
        len(customers), np.full(len(customers), 1 / len(customers)) if len(customers) else [], size=500
    )
    table = []
    for first in calls if len(both) else ():
        count = rows["as_of"].map(both.clip(upper=first)).fillna(0)
        sums = [
            np.bincount(code, weights=lost.where(rank <= count, 0.0), minlength=len(customers))
            for rank in (order, other)
        ]
        low, high = np.quantile(drawn @ (sums[0] - sums[1]), [(1 - interval) / 2, (1 + interval) / 2])
        own, naive = (add(lost[rank <= count]) for rank in (order, other))
        everybody = add(lost[rows["as_of"].isin(both.index)])
        table.append((first, len(both), int(both.clip(upper=first).sum()), everybody, own, naive, own - naive, low, high))
    return pd.DataFrame(table, columns=columns).round(2)


def judge_lists(compared: pd.DataFrame) -> dict[str, object]:
    """Judge the list by the comparison, in facts that fill a sentence.

    Returns
    -------
    dict
        proof: ``better`` (clearly so at one number of calls at least, and clearly worse at none), ``worse`` (the other way round),
        ``level``, or ``unknown`` without a past date; and, of the row that says it (of the first 50 where it is level), calls,
        dates, called, left_sales, found_sales, naive_sales, gain, gain_low, gain_high.

    Examples
    --------
    >>> compared = pd.DataFrame({"calls": [20, 50], "gain": [5.0, 9.0], "gain_low": [-1.0, 2.0], "gain_high": [9.0, 12.0]})
    >>> judged = judge_lists(compared)
    >>> judged["proof"], judged["calls"]
    ('better', 50)
    """
    if compared.empty:
        return {"proof": "unknown", "dates": 0}
    better, worse = compared["gain_low"] > 0, compared["gain_high"] < 0
    proof = "level" if better.any() == worse.any() else "better" if better.any() else "worse"
    told = {"better": better, "worse": worse}.get(proof, compared["calls"] >= TOLD)
    rows = compared[told]
    return {"proof": proof, **(rows if len(rows) else compared.tail(1)).iloc[0].to_dict()}


def _expect(rows: pd.DataFrame, sales: pd.Series) -> pd.Series:
    away = rows["away_share"].astype(float)
    known = away.groupby(rows["as_of"]).transform("count") > 0
    return rows["churn_probability"].astype(float) * away.where(known, 1.0).fillna(0.0) * sales


def _rank(rows: pd.DataFrame, key: pd.Series) -> pd.Series:
    """Return the place of each account at its date, largest first, equal ones by id; missing where there is nothing."""
    return key.round(2).where(key > 0).groupby(rows["as_of"]).rank(ascending=False, method="first")
