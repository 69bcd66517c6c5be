"""Whose demand is steady? Classes X, Y and Z by how much the monthly demand varies, and their matrix with A, B and C."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from kalib.money import add, share
from kalib.schema import check_columns, check_key
from kalib.topics.pareto import CLASSES, name_codes, to_cents
from kalib.topics.pareto_season import Rows, Spans, measure_variation

LIMITS = (0.5, 1.0)
"""Coefficients of variation up to which demand is X and Y."""

LEAST_MONTHS = 6

MONTHS = 12

SEASONAL = 0.25
"""Share of the variation that the season explains at least where a customer is called seasonal."""

XYZ = ("X", "Y", "Z", "unknown")
"""Steady, uneven, erratic; and those of whom too little is known."""

YEAR = 365


def find_months(as_of: dt.date, *, window: str = "365_days", first: dt.date | None = None) -> tuple[int, int]:
    """Find the first and the last whole calendar month of the window, counted from year 0.

    Parameters
    ----------
    as_of : snapshot date; its month is whole only on its last day
    window : ``365_days`` or ``all``
    first : month with which the history begins, for ``all``

    Examples
    --------
    >>> [f"{month // 12}-{month % 12 + 1}" for month in find_months(dt.date(2026, 6, 30))]
    ['2025-7', '2026-6']
    >>> [f"{month // 12}-{month % 12 + 1}" for month in find_months(dt.date(2011, 12, 9))]
    ['2011-1', '2011-11']
    """
    last = _month(as_of + dt.timedelta(days=1)) - 1
    if window == "all":
        return (_month(first) if first else last + 1), last
    start = as_of - dt.timedelta(days=YEAR - 1)
    return _month(start) + (start.day > 1), last


def measure_demand(
    customers: pd.DataFrame,
    months: pd.DataFrame,
    *,
    as_of: dt.date,
    window: str = "365_days",
    demand: str = "net_sales",
    limits: Sequence[float] = LIMITS,
    least_months: int = LEAST_MONTHS,
    stopped: Collection[str] = (),
) -> pd.DataFrame:
    """Measure how much each customer's monthly demand varies beside its season, and class it X, Y or Z.

    The coefficient of variation is the standard deviation over the mean (dividing by the number of months, since they are
    all there are) of the demand in the whole calendar months of the window, from the month of the customer's first order on;
    a month without an order counts as 0. That first month counts although it is seldom whole: who bought once and
    never again is as erratic as can be. X is up to the first limit, Y up to the second, Z above.

    Of a record with two whole years the season is taken off first: the part of the variation that the same calendar months of the
    other years foretell, those of the customer and, as one more year, those of all customers together. Of it counts what shows
    again: the slope of this year's months on that profile, where it is above 0. Decision 23.

    The class is ``unknown``, never Z, where there are fewer than ``least_months`` such months, where the demand in them does not come to
    more than 0, and of who has stopped.

    Parameters
    ----------
    customers : one row per customer: customer_id, orders, first_order_date
    months : one row per customer and month: customer_id, month (its first day) and the column of ``demand``
    as_of : snapshot date
    window : ``365_days`` or ``all``, as for the classes A, B and C
    demand : ``net_sales`` or ``orders``
    limits : two coefficients of variation, rising
    least_months : months that a class needs
    stopped : customers who order no more

    Returns
    -------
    DataFrame
        One row per customer with an order, by ``customer_id``: customer_id, demand_months, demand_variability (absent
        where the class is unknown), xyz_class, is_seasonal (the season explains a quarter of the variation or more, and makes
        the class better; missing where the record does not hold two whole years).

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["a"], "orders": [2], "first_order_date": [dt.date(2026, 1, 9)]})
    >>> months = pd.DataFrame({
    ...     "customer_id": "a", "month": [dt.date(2026, 1, 1), dt.date(2026, 2, 1)], "net_sales": [30.0, 10.0],
    ... })
    >>> measure_demand(customers, months, as_of=dt.date(2026, 2, 28), least_months=2).values.tolist()
    [['a', 2, 0.5, 'X', <NA>]]
    """
    check_columns(customers, ["customer_id", "orders", "first_order_date"], name="customers")
    check_columns(months, ["customer_id", "month", demand], name="months")
    check_key(customers, ["customer_id"], name="customers")
    table = customers[customers["orders"] > 0].sort_values("customer_id", ignore_index=True)
    month = _months_of(months["month"])
    begin = months["month"].min() if len(months) else None
    first, last = find_months(as_of, window=window, first=begin)
    start = _months_of(table["first_order_date"])
    known_from = min(int(month.min()) if len(months) else last + 1, first)
    who = _find_rows(months["customer_id"], table["customer_id"])
    inside = (month <= last) & (who < len(table))
    rows = Rows(who[inside], last - month[inside], to_cents(months.loc[inside, demand]).astype(float))
    spans = Spans(starts=last - start, back=last - first, known=last - known_from)
    plain, left = measure_variation(rows, spans)
    counted = np.maximum(np.minimum(spans.starts, spans.back) + 1, 0)
    known = (counted >= least_months) & np.isfinite(left) & ~table["customer_id"].isin(set(stopped)).to_numpy()
    before, after = (_class(values, known, limits) for values in (plain, left))
    seasonal = pd.array((after < before) & (left**2 <= (1 - SEASONAL) * plain**2), "boolean")
    return pd.DataFrame(
        {
            "customer_id": table["customer_id"],
            "demand_months": counted.astype("int64"),
            "demand_variability": np.where(known, left, np.nan),
            "xyz_class": name_codes(after, XYZ),
            "is_seasonal": seasonal if spans.known >= 2 * MONTHS - 1 else pd.array([pd.NA] * len(table), "boolean"),
        }
    )


def add_demand(pareto: pd.DataFrame, demand: pd.DataFrame, silence: pd.DataFrame | None = None) -> pd.DataFrame:
    """Add the columns of ``measure_demand``, and the state of silence, to the classes, one row per customer_id as before.

    Parameters
    ----------
    silence : customer_id, silence
    """
    pareto = pareto.merge(demand, on="customer_id", how="left", validate="1:1")
    if silence is None:
        return pareto
    return pareto.merge(silence[["customer_id", "silence"]], on="customer_id", how="left", validate="1:1")


def knows_season(months: pd.DataFrame, *, as_of: dt.date) -> bool:
    """Return whether the record holds two whole years of months, so that the season can be taken off."""
    if months.empty:
        return False
    _, last = find_months(as_of)
    return last - int(_months_of(months["month"]).min()) >= 2 * MONTHS - 1


def summarise_matrix(pareto: pd.DataFrame) -> pd.DataFrame:
    """Summarise accounts and money by class A, B, C and X, Y, Z: always twelve rows, empty ones with nought.

    Customers without net sales above 0 in the window are left out.

    Returns
    -------
    DataFrame
        abc_class, xyz_class, accounts, accounts_share, net_sales, net_sales_share.
    """
    sold = pareto[pareto["window_net_sales"] > 0]
    groups = dict(iter(sold.groupby(["abc_class", "xyz_class"])["window_net_sales"]))
    whole = add(sold["window_net_sales"])
    rows = []
    for abc in CLASSES:
        for xyz in XYZ:
            money = groups.get((abc, xyz), pd.Series(dtype=float))
            net_sales = add(money)
            rows.append((abc, xyz, len(money), share(len(money), len(sold)), net_sales, share(net_sales, whole)))
    names = ["abc_class", "xyz_class", "accounts", "accounts_share", "net_sales", "net_sales_share"]
    return pd.DataFrame(rows, columns=names)


def list_erratic(pareto: pd.DataFrame) -> pd.DataFrame:
    """List the accounts of class A whose demand is erratic (Z), largest first: the columns of ``pareto``."""
    return _list(pareto[(pareto["abc_class"] == "A") & (pareto["xyz_class"] == "Z")])


def list_stopped(pareto: pd.DataFrame, silence: pd.DataFrame, *, states: Collection[str]) -> pd.DataFrame:
    """List the accounts of class A that have stopped, largest first, with how long they have been silent.

    Parameters
    ----------
    silence : customer_id, silence, silent_days, longest_gap_days
    states : of silence in which a customer orders no more
    """
    known = silence.loc[
        silence["silence"].isin(set(states)), ["customer_id", "silence", "silent_days", "longest_gap_days"]
    ]
    found = pareto[pareto["abc_class"] == "A"].drop(columns="silence", errors="ignore")
    return _list(found.merge(known, on="customer_id", validate="1:1"))


def describe_demand(pareto: pd.DataFrame) -> dict[str, int | float]:
    """Describe the matrix in facts: ``ax_*`` are the large and steady accounts, ``az_*`` the large and erratic ones.

    ``*_accounts`` count them, ``*_sales`` is what they bring and ``*_sales_share`` their part of net sales;
    ``unknown_accounts`` are those with sales that have no class, ``seasonal_accounts`` the large ones that follow the season.
    """
    matrix = summarise_matrix(pareto).set_index(["abc_class", "xyz_class"])
    facts: dict[str, int | float] = {}
    for name, cell in {"ax": ("A", "X"), "ay": ("A", "Y"), "az": ("A", "Z")}.items():
        row = matrix.loc[cell]
        facts[f"{name}_accounts"] = int(row["accounts"])
        facts[f"{name}_sales"] = float(row["net_sales"])
        facts[f"{name}_sales_share"] = float(row["net_sales_share"])
    seasonal = pareto[(pareto["abc_class"] == "A") & pareto["is_seasonal"].fillna(value=False).astype(bool)]
    facts |= {"seasonal_accounts": len(seasonal), "seasonal_sales": add(seasonal["window_net_sales"])}
    facts["steady_sales_share"] = float(matrix.xs("X", level="xyz_class")["net_sales_share"].sum())
    facts["unknown_accounts"] = int(matrix.xs("unknown", level="xyz_class")["accounts"].sum())
    return facts


def _list(found: pd.DataFrame) -> pd.DataFrame:
    return found.sort_values(["window_net_sales", "customer_id"], ascending=[False, True], ignore_index=True)


def _class(variation: np.ndarray, known: np.ndarray, limits: Sequence[float]) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(known, sum((variation > limit).astype(int) for limit in limits), len(XYZ) - 1)


def _month(day: dt.date) -> int:
    return day.year * 12 + day.month - 1


def _find_rows(ids: pd.Series, known: pd.Series) -> np.ndarray:
    """Find the row of each id among the known ones, which differ; beyond their number where it is none of them."""
    codes, _ = pd.factorize(pd.concat([known, ids], ignore_index=True))  # three times as fast as an index's look-up
    return codes[len(known) :]


def _months_of(days: pd.Series) -> np.ndarray:
    """Return the month of each day; a missing day is far ahead, so that nothing counts from it on."""
    place, unique = pd.factorize(days)
    numbers = np.array([_month(day) for day in unique] + [10**6], dtype="int64")
    return numbers[place]
