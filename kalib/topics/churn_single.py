"""Which accounts have ordered once, and how many of their like ever ordered again? They have no rhythm to break."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from kalib.money import add
from kalib.schema import check_columns, check_key

YEAR = 365
LEAST = 30
"""Fewer customers prove nothing about who orders again."""

AGES = (0, 30, 60, 90, 180, 270, 365, 540)
"""Accounts with one order are compared from so many days after it on."""


def measure_second_orders(order_days: pd.DataFrame, *, as_of: dt.date, ages: tuple[int, ...] = AGES) -> pd.DataFrame:
    """Measure how many customers had ordered again by so many days after their first order, and how many of the others did later.

    Parameters
    ----------
    order_days : customer_id, order_date, orders; rows after ``as_of`` are not looked at

    Returns
    -------
    DataFrame
        One row per age: age_from (days since the first order day), reached (customers whose first order is so old or older), again_share (of them, those who
        had ordered on another day by that age), waiting (customers with one order day at that age whose next year is known),
        again_later (of them, those who ordered within that year), again_later_share. Shares of fewer than 30 are missing.

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": ["a", "a", "b"], "orders": 1, "order_date": pd.to_datetime(["2024-01-01", "2024-01-21", "2024-01-01"])})
    >>> measure_second_orders(days, as_of=dt.date(2026, 1, 1), ages=(0, 30))[["reached", "waiting", "again_later"]].values.tolist()
    [[2, 2, 1], [2, 1, 0]]
    """
    orders = _orders(order_days, as_of)
    first = orders.groupby("customer_id")["order_date"].min()
    later = orders[orders["order_date"] > orders["customer_id"].map(first)].groupby("customer_id")["order_date"].min()
    wait = (later.reindex(first.index) - first).dt.days.fillna(np.inf).to_numpy()
    known = (pd.Timestamp(as_of) - first).dt.days.to_numpy()
    rows = []
    for age in ages:
        reached, waiting = known >= age, (known >= age + YEAR) & (wait > age)
        again, came = int((reached & (wait <= age)).sum()), int((waiting & (wait <= age + YEAR)).sum())
        rows.append((age, int(reached.sum()), again, int(waiting.sum()), came))
    table = pd.DataFrame(rows, columns=["age_from", "reached", "again", "waiting", "again_later"])
    table["again_share"] = (table.pop("again") / table["reached"].where(table["reached"] >= LEAST)).round(6)
    table["again_later_share"] = (table["again_later"] / table["waiting"].where(table["waiting"] >= LEAST)).round(6)
    return table[["age_from", "reached", "again_share", "waiting", "again_later", "again_later_share"]]


def list_single(churn: pd.DataFrame, customers: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """List the accounts with one order that still count as customers, by the year's sales, with how many of their like came again.

    Parameters
    ----------
    churn : customer_id, silence; who is known to have left (``known_as``) is not listed
    customers : customer_id, days_since_last_order, net_sales_365_days
    second : as ``measure_second_orders`` gives it

    Returns
    -------
    DataFrame
        One row per account, most sales first: customer_id, days_since_last_order, net_sales_365_days, again_share (of customers, those
        who had ordered again by this age), again_later_share (of those who had not, those who did within a year after; where that is not known, as of the
        next younger age: nobody is likelier back for having waited longer).
    """
    check_key(churn, ["customer_id"], name="churn")
    check_columns(churn, ["silence"], name="churn")
    single = churn["silence"] == "one_order"
    if "known_as" in churn:
        single &= churn["known_as"].isna()
    known = customers[["customer_id", "days_since_last_order", "net_sales_365_days"]]
    table = known[known["customer_id"].isin(churn.loc[single, "customer_id"])].reset_index(drop=True)
    at = np.searchsorted(second["age_from"], table["days_since_last_order"].astype("int64"), side="right") - 1
    shares = second[["again_share", "again_later_share"]].assign(again_later_share=second["again_later_share"].ffill())
    table = pd.concat([table, shares.iloc[at].reset_index(drop=True)], axis=1)
    return table.sort_values(["net_sales_365_days", "customer_id"], ascending=[False, True], ignore_index=True)


def describe_single(single: pd.DataFrame, second: pd.DataFrame) -> dict[str, object]:
    """Describe the accounts with one order, in facts that fill a sentence.

    Returns
    -------
    dict
        single_customers, single_sales (of the year), single_age (median days since the order, down to a measured age), again_share and
        again_later_share at that age (None where fewer than 30 are known), single_known (whether both are).
    """
    if single.empty:
        return {"single_customers": 0, "single_known": False}
    age = float(single["days_since_last_order"].median())
    row = second[second["age_from"] <= age].iloc[-1]
    shares = {name: None if pd.isna(row[name]) else float(row[name]) for name in ("again_share", "again_later_share")}
    return {
        "single_customers": len(single),
        "single_sales": add(single["net_sales_365_days"]),
        "single_age": int(row["age_from"]),
        "single_known": None not in shares.values(),
        **shares,
    }


def _orders(order_days: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    check_columns(order_days, ["customer_id", "order_date", "orders"], name="order_days")
    days = order_days[order_days["orders"] > 0]
    days = days[["customer_id"]].assign(order_date=pd.to_datetime(days["order_date"]))
    return days[days["order_date"] <= pd.Timestamp(as_of)]
