"""What is each account expected to order, spend and be worth, and between which figures?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np
import pandas as pd

from kalib.money import add, share
from kalib.schema import check_columns, check_key
from kalib.topics.value_orders import OrderValue

MONTH_DAYS = 365.25 / 12
"""Days of a month that lifetime value looks ahead."""

DRAWS = 400
_GONE = 1e-9
_LEAST_DRAWS, _CELLS = 100, 20_000_000
BATCH = 10_000
"""Customers drawn at a time, so that memory does not grow with them."""


class PurchaseModel(Protocol):
    """What is asked of a fitted purchase model; the unit of time is days."""

    def p_alive(self, histories: pd.DataFrame) -> np.ndarray: ...
    def expected_orders(self, histories: pd.DataFrame, horizon: float) -> np.ndarray: ...
    def draw_orders(self, histories: pd.DataFrame, horizon: float, *, draws: int, seed: int) -> np.ndarray: ...


def discount_months(months: int, rate: float) -> np.ndarray:
    """Return what a unit of money of each month ahead is worth today, as if it came in the middle of the month.

    Parameters
    ----------
    months : how many
    rate : per year, compounded

    Examples
    --------
    >>> discount_months(2, 0.1).round(4).tolist()
    [0.996, 0.9882]
    """
    return (1 + rate) ** (-(np.arange(months) + 0.5) / 12)


def expect_discounted(
    model: PurchaseModel, histories: pd.DataFrame, *, months: int, rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the orders that each customer is expected to place in so many months, discounted month by month, and plain.

    Parameters
    ----------
    model : fitted, in days
    histories : customer_id, frequency, recency, age

    Returns
    -------
    two arrays, one figure per row: discounted orders, orders
    """
    before, discounted = np.zeros(len(histories)), np.zeros(len(histories))
    for month, factor in enumerate(discount_months(months, rate), start=1):
        until = model.expected_orders(histories, month * MONTH_DAYS)
        discounted += factor * (until - before)
        before = until
    return discounted, before


def choose_draws(customers: int) -> int:
    """Return how often each account is drawn: 400 times, fewer beyond 50,000 customers, never fewer than 100."""
    return max(_LEAST_DRAWS, min(DRAWS, _CELLS // max(customers, 1)))


def build_value(
    model: PurchaseModel,
    histories: pd.DataFrame,
    spend: pd.DataFrame,
    sales: OrderValue,
    *,
    horizon_days: int,
    months: int,
    rate: float,
    margin_spend: pd.DataFrame | None = None,
    margin: OrderValue | None = None,
    left: Collection[str] = (),
    interval: float = 0.8,
    draws: int | None = None,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the table of what each account is worth.

    Value is discounted margin where there is cost, else discounted net sales. An account's interval holds the chance of leaving, of
    when orders come and of what they bring; the model itself is taken as true. It need not hold ``clv`` itself: of an account that comes
    back with a chance of one in twenty, nine in ten draws are nought, and the mean is more.

    Parameters
    ----------
    model : purchase model, fitted in days
    histories : customer_id, frequency, recency, age; one row per customer with an order
    spend : customer_id, frequency, mean_value of net sales, as from ``summarise_value``
    sales : fitted to ``spend``
    margin_spend, margin : the same of margin
    left : customers who are known to have left: nothing is expected of them
    interval : share of outcomes between low and high
    draws, seed : of the intervals, the same for an account whatever the order of the rows; default: as ``choose_draws`` says

    Returns
    -------
    table : DataFrame
        One row per customer, by customer_id: the columns of the table ``value`` but horizon_days and purchase_model.
    totals : DataFrame
        One row per draw: orders and sales within the horizon, clv, of all customers together.
    """
    check_key(histories, ["customer_id"], name="histories")
    check_key(spend, ["customer_id"], name="spend")
    histories = histories.sort_values("customer_id", ignore_index=True)
    draws = draws or choose_draws(len(histories))
    spend = _align(spend, histories)
    earns = margin is not None and margin_spend is not None
    worth, worth_spend = (margin, _align(margin_spend, histories)) if earns else (sales, spend)
    table = histories[["customer_id"]].copy()
    stays = ~histories["customer_id"].isin(left).to_numpy()
    alive = model.p_alive(histories)
    table["p_alive"] = alive * stays
    table["expected_orders"] = model.expected_orders(histories, horizon_days) * stays
    table["sales_per_order"] = sales.expected_value(spend)
    table["expected_sales"] = table["expected_orders"] * table["sales_per_order"]
    discounted, plain = expect_discounted(model, histories, months=months, rate=rate)
    per_order = worth.expected_value(worth_spend)
    if earns:
        table["margin_per_order"] = per_order
    table["clv"] = discounted * per_order * stays
    table["clv_if_active"] = np.divide(
        discounted * per_order * stays, alive, out=np.zeros(len(table)), where=alive > _GONE
    )
    factor = np.divide(discounted, plain, out=np.ones(len(plain)), where=plain > 0)
    found = {name: np.empty((2, len(table))) for name in ("expected_orders", "expected_sales", "clv")}
    totals = {name: np.zeros(draws) for name in found}
    for at, begin in enumerate(range(0, len(table), BATCH)):
        rows = slice(begin, begin + BATCH)
        one, seeds = histories.iloc[rows], [seed + 4 * at + part for part in range(4)]
        soon = model.draw_orders(one, horizon_days, draws=draws, seed=seeds[0])
        later = model.draw_orders(one, months * MONTH_DAYS, draws=draws, seed=seeds[1])
        drawn = {
            "expected_orders": soon,
            "expected_sales": sales.draw_spend(spend.iloc[rows], soon, seed=seeds[2]),
            "clv": worth.draw_spend(worth_spend.iloc[rows], later, seed=seeds[3]) * factor[rows, None],
        }
        for name, values in drawn.items():
            values = values * stays[rows, None]
            found[name][:, rows] = find_edges(values, interval)
            totals[name] += values.sum(axis=0)
    for name, (low, high) in found.items():
        table[f"{name}_low"], table[f"{name}_high"] = low, high
    table["clv_basis"] = "margin" if earns else "net_sales"
    return table.assign(value_months=months), pd.DataFrame(totals)


def _align(spend: pd.DataFrame, histories: pd.DataFrame) -> pd.DataFrame:
    check_columns(spend, ["customer_id", "frequency", "mean_value"], name="spend")
    joined = histories[["customer_id"]].merge(spend, on="customer_id", how="left", validate="1:1")
    return joined.assign(frequency=joined["frequency"].fillna(0))


def find_edges(drawn: np.ndarray, interval: float) -> np.ndarray:
    """Return the lower and upper end of the interval of each row of draws: two rows, figures that were drawn.

    Examples
    --------
    >>> find_edges(np.array([[5, 1, 2, 3, 4, 6, 7, 8, 9, 10]]), 0.8).tolist()
    [[1], [9]]
    """
    draws = drawn.shape[1]
    places = [max(int(np.ceil(round(edge * draws, 9))) - 1, 0) for edge in (0.5 - interval / 2, 0.5 + interval / 2)]
    return np.partition(drawn, places, axis=1)[:, places].T


def describe_value(
    value: pd.DataFrame,
    totals: pd.DataFrame,
    *,
    spreads: Mapping[str, float | None] | None = None,
    interval: float = 0.8,
    seed: int = 0,
) -> dict[str, object]:
    """Return the total of what customers are expected to bring, with intervals, and what of it the accounts hold.

    The draws of single accounts err each on its own, and their sum hardly at all; but a season or a bad year moves all at
    once. So each draw's total is multiplied by a level as far off as the model's totals were on past dates (log-normal).

    Parameters
    ----------
    value, totals : as from ``build_value``
    spreads : for each of expected_orders, expected_sales and clv, the root mean square of the logarithm of what came over what was expected
        in all, on past dates; None: not known

    Returns
    -------
    dict
        customers, and for expected_orders, expected_sales and clv: the total, low and high; outside (accounts whose clv lies
        beyond its interval), likely_gone (accounts more probably gone than not), likely_gone_share, top_customers (a tenth of the accounts, at least
        one), top_share (of clv), negative (accounts with a clv below nought).
    """
    edges = [0.5 - interval / 2, 0.5 + interval / 2]
    shock = np.random.default_rng(seed).standard_normal(len(totals))
    spreads = spreads or {}
    facts: dict[str, object] = {"customers": len(value), "interval": interval}
    for name in totals:
        facts[name] = add(value[name])
        level = np.exp(shock * (spreads.get(name) or 0.0))
        low, high = np.quantile(totals[name] * level, edges)
        facts[f"{name}_low"], facts[f"{name}_high"] = float(low), float(high)
    top = max(1, round(len(value) / 10))
    gone = int((value["p_alive"] < 0.5).sum())
    return facts | {
        "level_known": spreads.get("clv") is not None,
        "outside": int(((value["clv"] > value["clv_high"]) | (value["clv"] < value["clv_low"])).sum()),
        "likely_gone": gone,
        "likely_gone_share": gone / len(value),
        "top_customers": top,
        "top_share": share(add(value["clv"].nlargest(top)), facts["clv"]),
        "negative": int((value["clv"] < 0).sum()),
        "clv_per_customer": facts["clv"] / len(value),
        "clv_basis": value["clv_basis"].iloc[0],
        "value_months": int(value["value_months"].iloc[0]),
    }


def find_pauses(value: pd.DataFrame, order_days: pd.DataFrame, *, as_of: dt.date) -> pd.Series:
    """Find the accounts that the model takes for gone though they have been silent for as long before, and came back.

    A purchase model knows no season: it takes the summer of an account that orders in winter for its end.

    Parameters
    ----------
    value : customer_id, p_alive
    order_days : customer_id, order_date and, where there is one, orders; later days are not looked at

    Returns
    -------
    Series of bool, by the index of ``value``
        Whether p_alive is below one half, and the days since the last order are no more than the longest gap between two
        orders so far.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b", "b"],
    ...     "order_date": pd.to_datetime(["2025-01-01", "2025-09-01", "2026-01-01", "2026-01-09"])})
    >>> value = pd.DataFrame({"customer_id": ["a", "b"], "p_alive": [0.1, 0.1]})
    >>> find_pauses(value, orders, as_of=dt.date(2026, 4, 1)).tolist()
    [True, False]
    """
    rows = order_days[order_days["orders"] > 0] if "orders" in order_days else order_days
    days = rows[["customer_id"]].assign(day=pd.to_datetime(rows["order_date"]))
    days = days[days["day"] <= pd.Timestamp(as_of)].drop_duplicates().sort_values(["customer_id", "day"])
    longest = days.groupby("customer_id")["day"].diff().groupby(days["customer_id"]).max().dt.days
    silent = (pd.Timestamp(as_of) - days.groupby("customer_id")["day"].max()).dt.days
    usual = value["customer_id"].map(silent <= longest).fillna(value=False).astype(bool)
    return usual & (value["p_alive"] < 0.5)


def describe_pauses(value: pd.DataFrame, customers: pd.DataFrame) -> dict[str, object]:
    """Return how many accounts the model takes for gone though such a pause is usual with them, and what they bought.

    Returns
    -------
    dict
        pauses (count), pauses_sales (their net sales of the 365 days).
    """
    found = value.loc[value["pause_is_usual"], "customer_id"]
    sales = customers.loc[customers["customer_id"].isin(found), "net_sales_365_days"]
    return {"pauses": len(found), "pauses_sales": add(sales)}


def rank_value(value: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Rank accounts by what they are worth ahead, beside what they bought in the year before.

    The two ranks say nothing of who rises or declines: a low margin looks like decline, and a customer of a few months like rise.
    That is what ``kalib.topics.pace`` measures.

    Parameters
    ----------
    value : as from ``build_value``
    customers : customer_id, net_sales_365_days

    Returns
    -------
    DataFrame
        One row per account, the most valuable first: the columns of ``value``, net_sales_365_days, clv_rank (equal figures have the
        same rank, the best of theirs), clv_share (of the total).
    """
    check_key(customers, ["customer_id"], name="customers")
    check_columns(customers, ["net_sales_365_days"], name="customers")
    table = value.merge(customers[["customer_id", "net_sales_365_days"]], on="customer_id", how="left", validate="1:1")
    table["clv_rank"] = table["clv"].rank(ascending=False, method="min").astype("int64")
    whole = add(table["clv"])
    table["clv_share"] = table["clv"] / whole if whole > 0 else np.nan
    return table.sort_values(["clv", "customer_id"], ascending=[False, True], ignore_index=True)


def describe_ranks(ranked: pd.DataFrame) -> dict[str, object]:
    """Return what share of future value, and of last year's net sales, the most valuable tenth holds.

    Returns
    -------
    dict
        top_customers, top_share, top_sales_share (the same accounts' share of the year's net sales), first_clv, first_low,
        first_high.
    """
    top = max(1, round(len(ranked) / 10))
    first = ranked.head(top)
    return {
        "top_customers": top,
        "top_share": share(add(first["clv"]), add(ranked["clv"])),
        "top_sales_share": share(add(first["net_sales_365_days"]), add(ranked["net_sales_365_days"])),
        "first_clv": float(ranked["clv"].iloc[0]),
        "first_low": float(ranked["clv_low"].iloc[0]),
        "first_high": float(ranked["clv_high"].iloc[0]),
    }
