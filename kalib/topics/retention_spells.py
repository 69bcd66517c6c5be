"""How soon is a customer back after an order? One spell per customer, so that nobody counts many times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from math import nan

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns, check_key
from kalib.topics.retention_survival import estimate_survival, find_median, read_curve

SINCE_DAYS = 730
"""How long before the snapshot date the spells may begin: two years, so that each season counts twice."""

MARKS = (30, 90, 180, 365)
"""Days within which the share that is back is read off."""

NUMBERS = (1, 2, 3, 5, 10)
"""After which order of a customer the spells are compared."""

LEAST = 30
"""Customers that a curve of its own needs; fewer say little."""


def find_spells(order_days: pd.DataFrame, *, as_of: dt.date, since_days: int = SINCE_DAYS) -> pd.DataFrame:
    """Find one spell per customer: from its first order in the last ``since_days`` days to the next one.

    A customer who orders each week has a hundred spells and one who left has one; all of them together would tell of the
    weekly ones alone. So each customer counts once. The spell that begins with the *first* order after a date is an
    ordinary one; the one that happens to run *across* a date would be a long one (the inspection paradox). A spell that
    is still open at ``as_of`` is kept as open after so many days.

    Parameters
    ----------
    order_days : customer_id, order_date, orders; rows after ``as_of`` and days without an order are not looked at
    since_days : how far back spells may begin

    Returns
    -------
    DataFrame
        One row per customer with an order in these days: customer_id, start_date, number (1 where the spell begins with
        the customer's first order on record), days, returned.

    Raises
    ------
    NotEnoughDataError
        ``retention_no_orders``: there is no order in these days.

    Source: on the sampling of gaps, Feller, An Introduction to Probability Theory II (1971), section I.4; on one per
    subject, Wang and Chang (1999), J. Amer. Statist. Assoc. 94, p. 146.

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "orders": 1,
    ...     "order_date": pd.to_datetime(["2023-01-05", "2026-01-01", "2026-01-11", "2026-03-01"])})
    >>> find_spells(days, as_of=dt.date(2026, 3, 31))[["customer_id", "number", "days", "returned"]].values.tolist()
    [['a', 2, 10, True], ['b', 1, 30, False]]
    """
    spells = _list_spells(order_days, as_of)
    spells = spells[spells["start_date"] > pd.Timestamp(as_of) - pd.Timedelta(days=since_days)]
    if spells.empty:
        raise NotEnoughDataError("retention_no_orders", since_days=since_days)
    return spells.drop_duplicates("customer_id").reset_index(drop=True)


def find_spells_after(
    order_days: pd.DataFrame,
    *,
    as_of: dt.date,
    numbers: Sequence[int] = NUMBERS,
    known_from: Mapping[str, bool] | None = None,
) -> pd.DataFrame:
    """Find the spells that begin with a customer's first, second, third ... order: what was known when they began.

    Each customer has at most one spell after each order, so that within a curve each counts once. Grading by the number of
    orders so far uses no hindsight, as a tier of today would.

    Parameters
    ----------
    order_days : as for ``find_spells``
    numbers : after which orders (days with an order)
    known_from : customer_id to whether the record holds its orders from the first on; others are left out

    Returns
    -------
    DataFrame
        One row per customer and number: customer_id, start_date, number, days, returned.
    """
    spells = _list_spells(order_days, as_of)
    spells = spells[spells["number"].isin(numbers)]
    if known_from is not None:
        customer, names = pd.factorize(spells["customer_id"])
        is_known = pd.Series(names).map(known_from).fillna(False).to_numpy(bool)
        spells = spells[is_known[customer]]
    return spells.reset_index(drop=True)


def build_curves(
    spells: pd.DataFrame, groups: pd.Series | None = None, *, interval: float = 0.8, least: int = LEAST
) -> pd.DataFrame:
    """Build a curve of the share that is back for each group of spells.

    Parameters
    ----------
    spells : days, returned; one row per customer in each group
    groups : group of each spell, same index; default: one group, ``all``
    least : groups with fewer spells get no curve, unless there is only one group

    Returns
    -------
    DataFrame
        One row per group and distinct number of days: group, customers, then as ``estimate_survival`` has it, with
        back_share, back_low, back_high in place of the share that waits. Groups in the order of their values.
    """
    labels = pd.Series("all", index=spells.index) if groups is None else groups
    curves = []
    for group, own in spells.groupby(labels, sort=True):
        if groups is not None and len(own) < least:
            continue
        curve = estimate_survival(own, interval=interval)
        curve = curve.assign(
            back_share=1 - curve["waiting_share"],
            back_low=1 - curve["waiting_high"],
            back_high=1 - curve["waiting_low"],
        )
        curve.insert(0, "group", group)
        curve.insert(1, "customers", len(own))
        curves.append(curve)
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame()


def summarise_curves(curves: pd.DataFrame, *, marks: Sequence[int] = MARKS) -> pd.DataFrame:
    """Summarise each curve: after how many days half are back, and the share that is back within the marks.

    Returns
    -------
    DataFrame
        One row per group, in the curves' order: group, customers, returned, median_days (NaN where fewer than half come
        back on record), and for each mark back_<mark>_share with its ends back_<mark>_low, back_<mark>_high; NaN beyond
        the record.
    """
    rows = []
    for group, curve in curves.groupby("group", sort=False):
        row = {
            "group": group,
            "customers": int(curve["customers"].iloc[0]),
            "returned": int(curve["returned"].sum()),
            "median_days": find_median(curve),
        }
        for mark in marks:
            for name, value in read_curve(curve, mark).items():
                row[name.replace("back_", f"back_{mark}_")] = value
        rows.append(row)
    return pd.DataFrame(rows)


def describe_spells(summary: pd.DataFrame, *, marks: Sequence[int] = MARKS) -> dict[str, object]:
    """Describe the curve of all in facts, and which sentence says them.

    Returns
    -------
    dict
        spells, spells_returned, median_days, mark_days (the longest mark on record), mark_share, mark_low, mark_high,
        back (``none``: nobody came back; ``short``: the record is shorter than the shortest mark; ``half``; ``few``: fewer
        than half came back within the mark).
    """
    row = summary.iloc[0]
    known = [mark for mark in marks if row[f"back_{mark}_share"] == row[f"back_{mark}_share"]]
    mark = known[-1] if known else 0
    facts = {
        "spells": int(row["customers"]),
        "spells_returned": int(row["returned"]),
        "median_days": float(row["median_days"]),
        "mark_days": mark,
        **{f"mark_{end}": float(row[f"back_{mark}_{end}"]) if known else nan for end in ("share", "low", "high")},
    }
    half = facts["median_days"] <= mark
    back = "none" if not row["returned"] else "short" if not known else "half" if half else "few"
    return facts | {"back": back, "not_back_share": 1 - facts["mark_share"]}


def describe_groups(summary: pd.DataFrame, *, marks: Sequence[int] = MARKS) -> dict[str, object]:
    """Describe the first and the last group in facts: which share of each is back by then.

    They are compared at the mark at which they are furthest apart, the shortest of several.

    Returns
    -------
    dict
        group_mark (days), first, last (the groups), first_share, last_share, first_median, last_median, finding
        (``finding``, or ``finding_one`` where there is one group or nothing to compare).

    Examples
    --------
    >>> summary = pd.DataFrame({"group": [1, 2], "median_days": [9.0, 5.0], "back_30_share": [0.25, 0.5]})
    >>> facts = describe_groups(summary, marks=[30])
    >>> facts["group_mark"], facts["first_share"], facts["last_share"], facts["finding"]
    (30, 0.25, 0.5, 'finding')
    """
    first, last = summary.iloc[0], summary.iloc[-1]
    gaps = {mark: abs(float(last[f"back_{mark}_share"] - first[f"back_{mark}_share"])) for mark in marks}
    known = {mark: round(gap, 9) for mark, gap in gaps.items() if gap == gap}
    mark = max(known, key=lambda one: (known[one], -one)) if known and len(summary) > 1 else 0
    return {
        "group_mark": mark,
        "first": first["group"],
        "last": last["group"],
        "first_share": float(first[f"back_{mark}_share"]) if mark else nan,
        "last_share": float(last[f"back_{mark}_share"]) if mark else nan,
        "first_median": float(first["median_days"]),
        "last_median": float(last["median_days"]),
        "finding": "finding" if mark else "finding_one",
    }


def _list_spells(order_days: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """List each spell of each customer in order, the open one last."""
    check_columns(order_days, ["customer_id", "order_date", "orders"], name="order_days")
    dates = pd.to_datetime(order_days["order_date"])
    looked_at = (order_days["orders"] > 0) & (dates <= pd.Timestamp(as_of))
    known = order_days.loc[looked_at, ["customer_id"]].assign(start_date=dates[looked_at])
    check_key(known, ["customer_id", "start_date"], name="order_days")
    customer = pd.factorize(known["customer_id"], sort=True)[0]
    order = np.lexsort((known["start_date"], customer))
    known, customer = known.iloc[order].reset_index(drop=True), customer[order]
    begins, row = np.diff(customer, prepend=-1) != 0, np.arange(len(known))
    after = known["start_date"].shift(-1).mask(np.diff(customer, append=-1) != 0)
    return known.assign(
        number=row - np.maximum.accumulate(np.where(begins, row, 0)) + 1,
        days=(after.fillna(pd.Timestamp(as_of)) - known["start_date"]).dt.days,
        returned=after.notna(),
    )
