"""What came in, what was done with it, and what did that change?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from kalib.schema import check_columns

NET_OF = "return"
"""The rule of rows that are netted; what it changes is what sales would be without netting."""


def compare_treatments(quality: pd.DataFrame, *, sales_used: float) -> pd.DataFrame:
    """Compare net sales as used with net sales had each rule not been applied.

    Rows that are set aside would have added their money; returns that are netted would not have been taken off; exact
    repeats that are kept would have been dropped. Rules that move no money are left out.

    Parameters
    ----------
    quality : one row per rule: rule, action, rows, amount
    sales_used : currency, net sales of the rows that are used

    Returns
    -------
    DataFrame
        One row per rule, largest effect first: rule, action, rows, amount, net_sales_otherwise, difference,
        difference_share (of the net sales that are used).

    Examples
    --------
    >>> table = pd.DataFrame({"rule": ["return"], "action": ["accepted"], "rows": [2], "amount": [-50.0]})
    >>> compare_treatments(table, sales_used=100.0)[["net_sales_otherwise", "difference_share"]].values.tolist()
    [[150.0, 0.5]]
    """
    check_columns(quality, ["rule", "action", "rows", "amount"], name="quality")
    table = quality[quality["amount"] != 0]
    aside = table["action"] == "set_aside"
    table = table[aside | table["rule"].isin([NET_OF, "duplicate_kept"])]
    # Not by a mapping of the codes: of no rows, pandas makes texts of it, which have no product.
    money = table["amount"].astype(float)
    table = table.assign(difference=money.where(aside[table.index], -money).round(2))
    table["net_sales_otherwise"] = (sales_used + table["difference"]).round(2)
    table["difference_share"] = table["difference"] / sales_used if sales_used else math.nan
    order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def list_findings(
    issues: Sequence[Mapping[str, object]], companions: Sequence[Mapping[str, object]], quality: pd.DataFrame
) -> pd.DataFrame:
    """List what was found beside the rules about rows of orders: about the files, and in the tables beside the orders.

    Parameters
    ----------
    issues : of the orders; those that stand in ``quality`` are left out
    companions : of the tables beside the orders

    Returns
    -------
    DataFrame
        One row per finding, in the order given: rule, action, rows, file, line, column, value (the first place it was met).

    Examples
    --------
    >>> quality = pd.DataFrame({"rule": ["return"]})
    >>> place = {"file": "a.csv", "line": 3, "column": None, "value": None}
    >>> issues = [{"rule": rule, "action": "accepted", "count": 1, **place} for rule in ("return", "header_found")]
    >>> list_findings(issues, [], quality)["rule"].tolist()
    ['header_found']
    """
    columns = ["rule", "action", "count", "file", "line", "column", "value"]
    ours = [issue for issue in issues if issue["rule"] not in set(quality["rule"])]
    return pd.DataFrame(
        [{name: issue[name] for name in columns} for issue in [*ours, *companions]], columns=columns
    ).rename(columns={"count": "rows"})


def summarise_history(months: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """Summarise sales month by month, months without any row included.

    Parameters
    ----------
    months : one row per customer and month: customer_id, month, orders, net_sales
    as_of : snapshot date

    Returns
    -------
    DataFrame
        One row per calendar month from the first with a row to that of ``as_of``: month, customers (with an order),
        orders, net_sales, complete (False for a last month that ``as_of`` cuts short), last_year (True for the
        twelve months up to the last complete one).
    """
    check_columns(months, ["customer_id", "month", "orders", "net_sales"], name="months")
    as_of = pd.Timestamp(as_of)
    frame = months.assign(
        month=pd.to_datetime(months["month"]), cents=(months["net_sales"] * 100).round().astype("int64")
    )
    grouped = frame.groupby("month").agg(orders=("orders", "sum"), cents=("cents", "sum"))
    grouped["customers"] = frame[frame["orders"] > 0].groupby("month")["customer_id"].nunique()
    every = pd.date_range(grouped.index.min(), as_of.to_period("M").to_timestamp(), freq="MS", name="month")
    table = grouped.reindex(every).fillna(0).reset_index()
    table["net_sales"] = table.pop("cents") / 100
    table[["orders", "customers"]] = table[["orders", "customers"]].astype("int64")
    table["complete"] = table["month"] + pd.offsets.MonthEnd(0) <= as_of
    newest = table.loc[table["complete"], "month"].max()
    table["last_year"] = (table["month"] <= newest) & (table["month"] > newest - pd.DateOffset(months=12))
    return table


def describe_quality(
    quality: pd.DataFrame,
    history: pd.DataFrame,
    *,
    rows_read: int,
    rows_used: int,
    sales_used: float,
    customers: int,
) -> dict[str, object]:
    """Return the facts of the page: rows and money read, used and set aside, and the months without a row.

    Examples
    --------
    >>> quality = pd.DataFrame({"rule": [], "action": [], "rows": [], "amount": []})
    >>> history = pd.DataFrame({"month": pd.to_datetime(["2026-01-01"]), "orders": [1], "customers": [1]})
    >>> facts = describe_quality(quality, history, rows_read=2, rows_used=2, sales_used=9.0, customers=1)
    >>> facts["rows_set_aside"], facts["used_share"]
    (0, 1.0)
    """
    aside = quality[quality["action"] == "set_aside"]
    returned = quality.loc[quality["rule"] == NET_OF, "amount"].sum()
    biggest = aside.sort_values(["rows", "rule"], ascending=[False, True])
    empty = history.loc[history["customers"] == 0, "month"]
    return {
        "rows_read": rows_read,
        "rows_used": rows_used,
        "rows_set_aside": rows_read - rows_used,
        "used_share": rows_used / rows_read,
        "money_set_aside": math.fsum(aside["amount"]),
        "sales_used": sales_used,
        "returned": -float(returned),
        "returned_share": -float(returned) / (sales_used - float(returned)) if sales_used - returned > 0 else 0.0,
        "customers": customers,
        "rules": len(aside),
        "biggest_rule": biggest["rule"].iloc[0] if len(biggest) else None,
        "biggest_rows": int(biggest["rows"].iloc[0]) if len(biggest) else 0,
        "months": len(history),
        "months_empty": len(empty),
        "first_empty": empty.iloc[0] if len(empty) else None,
        "first_month": history["month"].iloc[0],
        "last_month": history["month"].iloc[-1],
    }


def compare_accounts(customers: pd.DataFrame, accounts: pd.DataFrame) -> dict[str, int]:
    """Count who orders and who stands in the table of accounts.

    Returns
    -------
    dict
        accounts and customers (all), known (customers in accounts), unknown (customers not in accounts), prospects
        (accounts without a row in the source).

    Examples
    --------
    >>> ids = lambda *names: pd.DataFrame({"customer_id": list(names)})
    >>> compare_accounts(ids("a", "b"), ids("b", "c", "d"))
    {'accounts': 3, 'customers': 2, 'known': 1, 'unknown': 1, 'prospects': 2}
    """
    ours, theirs = set(customers["customer_id"]), set(accounts["customer_id"])
    return {
        "accounts": len(theirs),
        "customers": len(ours),
        "known": len(ours & theirs),
        "unknown": len(ours - theirs),
        "prospects": len(theirs - ours),
    }
