"""Which accounts carry the business? Classes A, B and C by cumulative sales, margin and profit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, nan

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_columns, check_key

LIMITS = (0.80, 0.95)
"""Shares at which class A and class B end."""

CLASSES = ("A", "B", "C")

WINDOWS = {"365_days": ("net_sales_365_days", "margin_365_days"), "all": ("net_sales", "margin")}
"""Which columns of ``customers`` hold the net sales and the margin of a window."""

MEASURES = {
    "net_sales": ("window_net_sales", "abc_class"),
    "margin": ("window_margin", "margin_abc_class"),
    "profit": ("profit_365_days", "profit_abc_class"),
}
"""What accounts are classed by: the column of the value and that of the class."""

POINTS = 400
"""Points of a curve; more can't be told apart."""


def grade_values(values: pd.Series, *, limits: Sequence[float] = LIMITS) -> pd.DataFrame:
    """Grade values A, B or C by the share that the larger ones bring together.

    The values are put in order, largest first. A value is A while those larger than it bring less than the first limit, B
    while they bring less than the second, else C. So who crosses a limit still belongs to the better class, and class A
    is the smallest set of the largest that brings at least 80 %. Equal values are one step: they get the same share and
    the same class, whatever the row order; where all are equal, all are A. Shares are of the sum of the values **above
    0**: so they rise from 0 to 1 and never beyond. Values of 0 and below come last, and are C. A missing value has
    no class: ``unknown``. Sums are exact, in hundredths.

    Parameters
    ----------
    values : money in currency units
    limits : two shares, rising

    Returns
    -------
    DataFrame
        By the index of ``values``: rank (1 and the number of larger values), value_share (below 0 for values below 0),
        cumulative_share (of all values at least as large), abc_class.

    Raises
    ------
    NotEnoughDataError
        ``pareto_nothing_sold``: no value is above 0, so there are no shares.

    Examples
    --------
    >>> grade_values(pd.Series([5.0, 80, 10, 4, 1, 0, -3]))["abc_class"].tolist()
    ['B', 'A', 'B', 'C', 'C', 'C', 'C']
    >>> grade_values(pd.Series([5.0, 5, 5, 5]))["abc_class"].tolist()
    ['A', 'A', 'A', 'A']
    """
    if not (values > 0).any():
        raise NotEnoughDataError("pareto_nothing_sold", accounts=len(values))
    return _grade(values, limits)


def _grade(values: pd.Series, limits: Sequence[float]) -> pd.DataFrame:
    """Grade as ``grade_values`` does; where no value is above 0, all are C and have no shares."""
    known = values.notna().to_numpy()
    steps, step_of, counts = np.unique(to_cents(values[known]), return_inverse=True, return_counts=True)
    sums = steps.clip(0) * counts
    through = sums[::-1].cumsum()[::-1]
    total = int(through[0]) if len(steps) else 0
    before = through - sums
    place = sum((before >= ceil(Fraction(str(limit)) * total)).astype(int) for limit in limits)
    place = np.where(steps > 0, place, len(limits))
    above = counts[::-1].cumsum()[::-1] - counts
    graded = pd.DataFrame({"rank": 0, "value_share": nan, "cumulative_share": nan}, index=values.index)
    graded.loc[known, "rank"] = (above + 1)[step_of]
    graded.loc[known, "value_share"] = (steps / (total or nan))[step_of]
    graded.loc[known, "cumulative_share"] = (through / (total or nan))[step_of]
    graded.loc[known & (values <= 0).to_numpy(), "cumulative_share"] = 1.0
    codes = np.full(len(values), len(CLASSES))
    codes[known] = place[step_of]
    return graded.assign(abc_class=name_codes(codes, (*CLASSES, "unknown")))


def assign_classes(
    customers: pd.DataFrame, *, limits: Sequence[float] = LIMITS, window: str = "365_days"
) -> pd.DataFrame:
    """Assign every customer with an order its class by net sales and, as far as they are known, by margin and profit.

    Customers without sales in the window are C, with the net sales that say so. The rule is that of ``grade_values``.
    Profit is margin less cost to serve, always of the 365 days: costs are known for no other window.

    Parameters
    ----------
    customers : one row per customer: customer_id, orders and the columns of the window, see ``WINDOWS``; margin and
        cost_to_serve_365_days where they are known
    limits : shares at which class A and class B end
    window : ``365_days`` up to the snapshot date, or ``all`` the history

    Returns
    -------
    DataFrame
        One row per customer with an order, by ``customer_id``: customer_id, window_net_sales, sales_rank,
        window_net_sales_share, cumulative_share, abc_class; with margin window_margin and margin_abc_class; with cost
        to serve cost_to_serve_365_days, profit_365_days and profit_abc_class.

    Raises
    ------
    NotEnoughDataError
        ``pareto_nothing_sold``: no customer has net sales above 0 in the window.

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "orders": 1, "net_sales_365_days": [10.0, 85, 5, 0],
    ... })
    >>> assign_classes(customers)[["customer_id", "sales_rank", "cumulative_share", "abc_class"]].values.tolist()
    [['a', 2, 0.95, 'B'], ['b', 1, 0.85, 'A'], ['c', 3, 1.0, 'C'], ['d', 4, 1.0, 'C']]
    """
    if window not in WINDOWS:
        raise ValueError(f"`window` is one of {', '.join(WINDOWS)}; it was {window!r}.")
    sales, margin = WINDOWS[window]
    remedy = "Build it with `kalib.ledger`, or map your headers under `columns:` in the job file."
    check_columns(customers, ["customer_id", "orders", sales], name="customers", remedy=remedy)
    check_key(customers, ["customer_id"], name="customers")
    table = customers[customers["orders"] > 0].sort_values("customer_id", ignore_index=True)
    graded = grade_values(table[sales], limits=limits)
    pareto = pd.DataFrame(
        {
            "customer_id": table["customer_id"],
            "window_net_sales": table[sales].astype(float),
            "sales_rank": graded["rank"],
            "window_net_sales_share": graded["value_share"],
            "cumulative_share": graded["cumulative_share"],
            "abc_class": graded["abc_class"],
        }
    )
    if margin in table:
        pareto["window_margin"] = table[margin]
        pareto["margin_abc_class"] = _grade(table[margin], limits)["abc_class"]
    if {"margin_365_days", "cost_to_serve_365_days"} <= set(table.columns):
        profit = (table["margin_365_days"] - table["cost_to_serve_365_days"]).round(2)
        pareto["cost_to_serve_365_days"] = table["cost_to_serve_365_days"]
        pareto["profit_365_days"] = profit
        pareto["profit_abc_class"] = _grade(profit, limits)["abc_class"]
    return pareto


def summarise_classes(pareto: pd.DataFrame) -> pd.DataFrame:
    """Summarise what classes A, B and C bring, by each measure side by side: always three rows.

    Returns
    -------
    DataFrame
        abc_class; accounts, accounts_share, net_sales, net_sales_share for the classes by sales; and, where they are
        known, margin_accounts, margin, margin_share for those by margin and profit_accounts, profit, profit_share for
        those by profit. Shares are of the sum of what is above 0; class C holds what is below it.
    """
    table = pd.DataFrame({"abc_class": CLASSES})
    for measure, (value, kind) in MEASURES.items():
        if kind not in pareto:
            continue
        whole = add(pareto[value].clip(lower=0))
        groups = [pareto.loc[pareto[kind] == code, value] for code in CLASSES]
        prefix = "" if measure == "net_sales" else f"{measure}_"
        table[f"{prefix}accounts"] = [len(group) for group in groups]
        if measure == "net_sales":
            table["accounts_share"] = table["accounts"] / len(pareto)
        table[measure] = [add(group) for group in groups]
        table[f"{measure}_share"] = [share(money, whole) for money in table[measure]]
    return table


def summarise_curve(pareto: pd.DataFrame) -> pd.DataFrame:
    """Summarise the Pareto curve: accounts from the largest on, and the share of net sales they have brought so far.

    Accounts without net sales above 0 are left out.

    Returns
    -------
    DataFrame
        At most some 400 points from (0, 0) to (1, 1): accounts, accounts_share, cumulative_share, abc_class; at the last
        point of a class also class_accounts and class_share, absent elsewhere.
    """
    sold = pareto.loc[pareto["window_net_sales"] > 0, ["window_net_sales", "abc_class"]]
    sold = sold.sort_values("window_net_sales", ascending=False, kind="stable", ignore_index=True)
    cents = to_cents(sold["window_net_sales"])
    brought = np.concatenate([[0], cents.cumsum()])
    ends = {code: int(at[-1]) + 1 for code in CLASSES if len(at := np.flatnonzero(sold["abc_class"] == code))}
    places = choose_points(len(sold), [0, *ends.values()])
    codes = sold["abc_class"].to_numpy(object)[np.maximum(places - 1, 0)]
    curve = pd.DataFrame(
        {
            "accounts": places,
            "accounts_share": places / len(sold),
            "cumulative_share": brought[places] / brought[-1],
            "abc_class": pd.Series(codes, dtype="str"),
            "class_accounts": nan,
            "class_share": nan,
        }
    )
    start = 0
    for end in ends.values():
        row = curve["accounts"] == end
        curve.loc[row, "class_accounts"] = end - start
        curve.loc[row, "class_share"] = (brought[end] - brought[start]) / brought[-1]
        start = end
    return curve


def list_changes(pareto: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """List the accounts whose class by sales is not their class by margin or profit: furthest apart, then largest, first.

    Parameters
    ----------
    by : ``margin`` or ``profit``

    Returns
    -------
    DataFrame
        customer_id, window_net_sales, the value of ``by``, margin_on_sales or profit_on_sales (that value over net sales,
        absent where there are none), abc_class, the class by ``by``, steps (how many classes better, below 0 for worse).
    """
    value, kind = MEASURES[by]
    check_columns(pareto, [value, kind], name="pareto")
    columns = [
        "customer_id",
        "window_net_sales",
        *(["window_margin"] if by == "profit" else []),
        value,
        "abc_class",
        kind,
    ]
    moved = pareto.loc[(pareto["abc_class"] != pareto[kind]) & (pareto[kind] != "unknown"), columns]
    order = {code: place for place, code in enumerate(CLASSES)}
    steps = moved["abc_class"].map(order).astype(int) - moved[kind].map(order).astype(int)
    sales = moved["window_net_sales"]
    moved = moved.assign(**{f"{by}_on_sales": moved[value] / sales.where(sales > 0)}, steps=steps, far=-steps.abs())
    moved = moved.sort_values(["far", "window_net_sales", "customer_id"], ascending=[True, False, True])
    return moved.drop(columns="far").reset_index(drop=True)


def describe_classes(pareto: pd.DataFrame) -> dict[str, int | float]:
    """Describe the classes in facts that fill the sentences ``pareto.*``.

    ``accounts`` are those with net sales above 0 in the window, ``silent_accounts`` those with an order but without sales
    in it, ``negative_accounts`` those of them below 0 and ``negative_sales`` what they take away, ``negative_sales_share`` of what the others bring. ``net_sales`` is the sum
    over all, ``a_*`` that of class A, ``margin_changes`` and ``profit_changes`` count who is in another class by them.
    """
    value = pareto["window_net_sales"]
    best = pareto["abc_class"] == "A"
    sold = int((value > 0).sum())
    facts: dict[str, int | float] = {
        "customers": len(pareto),
        "accounts": sold,
        "silent_accounts": int((value == 0).sum()),
        "negative_accounts": int((value < 0).sum()),
        "negative_sales": add(value.clip(upper=0)),
        "negative_sales_share": share(add(value.clip(upper=0)), add(value.clip(lower=0))),
        "net_sales": add(value),
        "a_accounts": int(best.sum()),
        "a_accounts_share": int(best.sum()) / sold,
        "a_sales": add(value[best]),
        "a_sales_share": share(add(value[best]), add(value.clip(lower=0))),
    }
    for measure in ("margin", "profit"):
        column, kind = MEASURES[measure]
        if kind in pareto:
            better = int(((pareto[kind] < pareto["abc_class"]) & (pareto[kind] != "unknown")).sum())
            worse = int(((pareto[kind] > pareto["abc_class"]) & (pareto[kind] != "unknown")).sum())
            facts |= {
                measure: add(pareto[column].dropna()),
                f"a_{measure}": add(pareto.loc[best, column].dropna()),
                f"{measure}_better": better,
                f"{measure}_worse": worse,
                f"{measure}_changes": better + worse,
                f"a_by_{measure}": int((pareto[kind] == "A").sum()),
            }
    return facts


def list_notes(facts: Mapping[str, object]) -> list[str]:
    """List the remarks on the classes that the facts call for, as words below ``pareto.classes``."""
    notes = ["silent"] if facts["silent_accounts"] else []
    if "margin" not in facts:
        return [*notes, "no_margin"]
    notes += ["margin", "profit" if "profit_changes" in facts else "no_profit"]
    return [*notes, "profit_year"] if "profit_changes" in facts and facts["window"] == "all" else notes


def to_cents(money: pd.Series) -> np.ndarray:
    """Return money as whole hundredths, so that sums are exact and do not depend on the row order."""
    return np.rint(money.to_numpy(float) * 100).astype("int64")


def choose_points(count: int, needed: Sequence[int]) -> np.ndarray:
    """Choose the places of a curve that are drawn: the first fifty, the needed ones, and some 400 evenly between.

    Examples
    --------
    >>> choose_points(3, [0, 3]).tolist()
    [0, 1, 2, 3]
    """
    even = np.linspace(0, count, min(count, POINTS) + 1).round().astype(int)
    return np.unique(np.concatenate([even, np.arange(min(count, 50) + 1), np.asarray(needed, int)]))


def name_codes(codes: np.ndarray, names: Sequence[str]) -> pd.Series:
    """Return codes as texts by their number."""
    return pd.Series(np.array(names, dtype=object)[codes], dtype="str")
