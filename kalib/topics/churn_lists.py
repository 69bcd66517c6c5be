"""Did the list find the sales of those who left, and more of them than the naive list? Asked at past dates, in money."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from kalib.errors import NotEnoughDataError
from kalib.money import add
from kalib.schema import check_columns, check_key
from kalib.topics.churn import OVERDUE

CALLS = (20, 50, 100)
"""So many accounts can be called: the lists are compared by their first ones."""

TOLD = 50
"""The row that the sentence speaks of, where no other says more."""

CLEAR = 0.95
"""A list is clearly better where this interval of the difference lies above 0."""

DATES = 6
"""So many past dates, the newest ones; fewer where they would take long to learn."""

_MOST_ROWS = 300_000

LISTS = ("forecast", "overdue", "largest")
"""By the probability of leaving, times the share of such that stay away, times the year's sales; the naive list: who is silent beyond
its own rhythm, by the year's sales; all accounts by the year's sales alone."""

_PAIRS = {"": ("forecast", "overdue"), "naive": ("overdue", "forecast")}


def look_back(model: BaseEstimator, labelled: pd.DataFrame, plan: pd.DataFrame, *, dates: int = DATES) -> pd.DataFrame:
    """Look at past dates as if each were today: what was forecast of each customer then, and who left.

    Nothing after a date is seen: the kind of model in use learns anew from the dates whose horizon had passed by then. Asked are the
    newest dates that were held out, and that of the check. How silent each customer was then says ``silence.add_states``.

    Parameters
    ----------
    model : a fitted ChurnModel; it stays as it is
    labelled, plan : as it was fitted with

    Returns
    -------
    DataFrame
        One row per past date and customer active then: as_of, customer_id, churned, net_sales_365_days, churn_probability. Empty where
        no date could be learnt for.
    """
    rows = labelled.assign(as_of=pd.to_datetime(labelled["as_of"]).astype("datetime64[s]"))
    asked = plan.loc[plan["held_out"] | (plan["role"] == "report"), "as_of"].sort_values(ascending=False)
    trained = set(plan.loc[plan["role"] == "train", "as_of"])
    found, learnt, fits = [], 0, dict(model.fits_)
    for date in asked:
        known = plan[plan["label_end"] <= date].assign(role="train")
        learnt += int(rows["as_of"].isin(known["as_of"]).sum())
        if len(found) == dates or (found and learnt > _MOST_ROWS) or not known["held_out"].any():
            break
        then = rows[rows["as_of"] == date]
        try:
            anew = clone(model).set_params(candidates=(model.chosen_,))
            own = model if set(known["as_of"]) == trained else anew.fit(rows, known, fits=fits)
        except NotEnoughDataError:
            continue
        seen = then[["as_of", "customer_id", "churned", "net_sales_365_days"]]
        found.append(seen.assign(churn_probability=own.predict_proba(then)[:, 1]))
    columns = ["as_of", "customer_id", "churned", "net_sales_365_days", "churn_probability"]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def compare_lists(
    past: pd.DataFrame,
    *,
    own: str = "forecast",
    other: str = "overdue",
    calls: Sequence[int] = CALLS,
    interval: float = CLEAR,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the first accounts of one list with as many of another, in the last year's sales of those who really left.

    At dates where it was not known yet who stays away, the forecast's list is by the probability times the sales. Accounts with one
    order have no rhythm, and stand on no list. The interval is of the difference: customers are resampled, each with all of
    its dates; the lists stay.

    Parameters
    ----------
    past : as ``look_back`` returns it, with silence and away_share of each date
    own, other : of ``LISTS``

    Returns
    -------
    DataFrame
        One row per number of calls: calls, dates, called (accounts of each list, over all dates; as many as both have), left_sales
        (of all who left), found_sales (of those on the list who left), other_sales (of those on the other one), gain, gain_low,
        gain_high. Empty where there is no date at which both lists have somebody.

    Examples
    --------
    >>> past = pd.DataFrame({"as_of": pd.Timestamp("2025-01-01"), "customer_id": ["a", "b", "c"], "churned": [1, 0, 1],
    ...     "net_sales_365_days": [10.0, 90.0, 50.0], "churn_probability": [0.9, 0.05, 0.1], "away_share": 0.5,
    ...     "silence": ["quiet", "quiet", "buying"]})
    >>> compare_lists(past, calls=[1])[["found_sales", "other_sales", "gain"]].values.tolist()
    [[10.0, 0.0, 10.0]]
    """
    check_columns(past, ["as_of", "customer_id", "churned", "net_sales_365_days", "silence"], name="past")
    rows = past[past["silence"] != "one_order"].sort_values(["as_of", "customer_id"], ignore_index=True)
    check_key(rows, ["as_of", "customer_id"], name="past")
    sales = rows["net_sales_365_days"].astype(float).clip(lower=0)
    lost = sales.where(rows["churned"] == 1, 0.0)
    ranks = [_rank(rows, sales, name) for name in (own, other)]
    both = pd.concat([rank.notna() for rank in ranks], axis=1).groupby(rows["as_of"]).sum().min(axis=1)
    both = both[both > 0]
    columns = ["calls", "dates", "called", "left_sales", "found_sales", "other_sales", "gain", "gain_low", "gain_high"]
    if both.empty:
        return pd.DataFrame(columns=columns)
    code, customers = pd.factorize(rows["customer_id"])
    weights = np.random.default_rng(seed).multinomial(
        len(customers), np.full(len(customers), 1 / len(customers)), size=500
    )
    table = []
    for first in calls:
        count = rows["as_of"].map(both.clip(upper=first)).fillna(0)
        found = [lost.where(rank <= count, 0.0) for rank in ranks]
        drawn = weights @ np.bincount(code, weights=found[0] - found[1], minlength=len(customers))
        low, high = np.quantile(drawn, [(1 - interval) / 2, (1 + interval) / 2])
        told = [add(lost[rows["as_of"].isin(both.index)]), *(add(part) for part in found)]
        table.append((first, len(both), int(both.clip(upper=first).sum()), *told, told[1] - told[2], low, high))
    return pd.DataFrame(table, columns=columns).round(2)


def judge_lists(compared: pd.DataFrame) -> dict[str, object]:
    """Judge a list by the comparison, in facts that fill a sentence.

    Returns
    -------
    dict
        proof: ``better`` (clearly so at one number of calls at least, and clearly worse at none), ``worse`` (the other way round),
        ``level``, or ``unknown`` without a past date; and, of the row that says it (of the first 50 where it is level), calls,
        dates, called, left_sales, found_sales, other_sales, gain, gain_low, gain_high; says (the sentence: proof, or ``better_some`` where
        it is not so at every number of calls) and unclear (those at which it is not).

    Examples
    --------
    >>> compared = pd.DataFrame({"calls": [20, 50], "gain": [5.0, 9.0], "gain_low": [-1.0, 2.0], "gain_high": [9.0, 12.0]})
    >>> judged = judge_lists(compared)
    >>> judged["proof"], judged["calls"]
    ('better', 50.0)
    """
    if compared.empty:
        return {"proof": "unknown", "says": "unknown", "dates": 0}
    better, worse = compared["gain_low"] > 0, compared["gain_high"] < 0
    proof = "level" if better.any() == worse.any() else "better" if better.any() else "worse"
    rows = compared[{"better": better, "worse": worse}.get(proof, compared["calls"] >= TOLD)]
    says = "better_some" if proof == "better" and not better.all() else proof
    unclear = compared.loc[~better, "calls"].astype(int).tolist()
    return {
        "proof": proof,
        "says": says,
        "unclear": unclear,
        **(rows if len(rows) else compared.tail(1)).iloc[0].to_dict(),
    }


def is_naive_better(past: pd.DataFrame) -> bool:
    """Say whether the naive list found clearly more of the sales that left than the forecast's."""
    return judge_lists(compare_lists(past))["proof"] == "worse"


def prove_list(past: pd.DataFrame, *, why: str) -> tuple[pd.DataFrame, dict[str, object]]:
    """Compare the list that the page shows with the naive one; where it is the naive one, with what it was chosen over.

    Parameters
    ----------
    why : no probability is multiplied by money, as ``churn.find_why`` has it; empty: it is

    Returns
    -------
    DataFrame, dict
        As ``compare_lists`` and ``judge_lists`` have it; in the dict also ``against`` (of ``LISTS``) and ``note``, the sentence below it.
    """
    own, other = _PAIRS.get(why, ("overdue", "largest"))
    compared = compare_lists(past, own=own, other=other)
    judged = judge_lists(compared)
    note = "unknown" if compared.empty else "note_largest" if other == "largest" else "note"
    return compared, judged | {"against": other, "note": note}


def _rank(rows: pd.DataFrame, sales: pd.Series, name: str) -> pd.Series:
    """Return the place of each account at its date, largest first, equal ones by id; missing where there is nothing."""
    key = sales
    if name == "overdue":
        key = sales.where(rows["silence"].isin(OVERDUE), 0.0)
    if name == "forecast":
        away = rows["away_share"].astype(float)
        is_known = away.groupby(rows["as_of"]).transform("count") > 0
        key = rows["churn_probability"].astype(float) * away.where(is_known, 1.0) * sales
    return key.round(2).where(key > 0).groupby(rows["as_of"]).rank(ascending=False, method="first")
