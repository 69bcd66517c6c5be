"""Whose own rate of sales is higher or lower than a year ago, by more than its noise explains?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.stats import norm

from kalib.money import add
from kalib.schema import check_columns, check_key
from kalib.years import LEAST, YEAR, choose_span, line_up

SLOTS = 12
"""Parts of a year; each is compared with the same part of the year before, so that seasons fall out."""

SURE = 0.9
"""How likely an account must have changed to be listed."""

LEAST_CHANGE = 0.1
"""Share of a change below which nobody would act."""

PACES = ("rising", "falling", "steady")

_Z = float(norm.ppf(SURE))
"""Of an interval of 80 %: nine in ten lie above its lower end."""


def measure_pace(
    customers: pd.DataFrame, order_days: pd.DataFrame, *, as_of: dt.date, stopped: Collection[str] = ()
) -> pd.DataFrame:
    """Measure how each account's sales of the last year compare with its own of the year before, less what is noise.

    An account with few orders doubles or halves by chance. So the logarithm of now over then is drawn towards that of the
    book, the more the noisier the account is (empirical Bayes). Its noise is measured on itself: the sales of each twelfth of the year
    against the same twelfth a year before, raised as the whole year was; half of it counts that, half the noise that accounts
    with as many orders usually have. Only accounts with both whole years, orders in both and money above 0 are compared.

    Sources: Cochran (1977), Sampling Techniques, chapter 6, the variance of a ratio; DerSimonian and Laird (1986), Controlled
    Clinical Trials 7, p. 177, how much accounts differ beyond noise; Efron and Morris (1975), J. Amer. Statist. Assoc. 70, p. 311.

    Parameters
    ----------
    customers : as of ``as_of``: customer_id, tenure_days, days_since_last_order, and net_sales and orders of the 365 days and of the
        365 before
    order_days : customer_id, order_date, orders, net_sales, for the noise; rows after ``as_of`` are not looked at
    stopped : customers who order no more: they do not decline, they are gone

    Returns
    -------
    DataFrame
        One row per account that can be compared, by customer_id: customer_id, net_sales_then, net_sales_now, change_share (as it
        happened), pace_change (less noise), pace_low, pace_high (80 % interval), pace_moved (money of a year: what pace_change
        makes of net_sales_now), pace. ``rising``: nine in ten sure that the rate grew, and grew by more than the book's, which a
        rise in prices lifts; ``falling``: nine in ten sure that it fell, and by more than the book's; both by a tenth at least; else
        ``steady``. No rows where fewer than ``kalib.years.LEAST`` can be compared.

    Examples
    --------
    >>> days = pd.date_range("2024-07-05", "2026-06-30", freq="14D")
    >>> one = pd.DataFrame({"order_date": days, "orders": 1, "net_sales": 100.0})
    >>> book = pd.concat([one.assign(customer_id=f"c{n:02}") for n in range(20)])
    >>> halved = (book["customer_id"] == "c07") & (book["order_date"] > "2025-06-30")
    >>> customers = pd.DataFrame({"customer_id": [f"c{n:02}" for n in range(20)], "net_sales_365_days": [2600.0] * 7 + [1040.0] + [2600.0] * 12,
    ...     "net_sales_365_days_last_year": 2600.0, "orders_365_days": 26, "orders_365_days_last_year": 26, "tenure_days": 900.0,
    ...     "days_since_last_order": 5})
    >>> pace = measure_pace(customers, book.assign(net_sales=book["net_sales"].where(~halved, 40)), as_of=dt.date(2026, 6, 30))
    >>> pace.loc[pace["pace"] != "steady", ["customer_id", "pace"]].values.tolist()
    [['c07', 'falling']]
    """
    lined = _line_up(customers, order_days, as_of, stopped)
    if len(lined) < LEAST:
        return _shrink(lined.head(0), 0.0, 0.0)
    return _shrink(lined, *find_book(lined["log_change"], lined["noise"]))


def find_book(changes: pd.Series, noise: pd.Series) -> tuple[float, float]:
    """Find the change of the book and how much accounts differ beyond noise: mean, and variance of what is true.

    Source: DerSimonian and Laird (1986), Controlled Clinical Trials 7, p. 177.

    Examples
    --------
    >>> find_book(pd.Series([0.0, 1.0]), pd.Series([0.1, 0.1]))
    (0.5, 0.4)
    """
    weight = 1 / noise
    mean = float((weight * changes).sum() / weight.sum())
    spread = float((weight * (changes - mean) ** 2).sum())
    least = len(changes) - 1
    true = max(0.0, (spread - least) / float(weight.sum() - (weight**2).sum() / weight.sum()))
    weight = 1 / (noise + true)
    return round(float((weight * changes).sum() / weight.sum()), 9), round(true, 9)


def list_pace(pace: pd.DataFrame, kind: str) -> pd.DataFrame:
    """List the accounts that are ``rising`` or ``falling``, the most money first: the columns of ``pace``."""
    found = pace[pace["pace"] == kind]
    order = ["pace_moved", "customer_id"]
    return found.sort_values(order, ascending=[kind == "falling", True], ignore_index=True)


def add_pace(table: pd.DataFrame, pace: pd.DataFrame) -> pd.DataFrame:
    """Return a table of accounts with pace and pace_change, missing of who cannot be compared.

    Examples
    --------
    >>> pace = pd.DataFrame({"customer_id": ["a"], "pace": ["rising"], "pace_change": [0.2]})
    >>> add_pace(pd.DataFrame({"customer_id": ["a", "b"]}), pace)["pace"].fillna("").tolist()
    ['rising', '']
    """
    return table.merge(pace[["customer_id", "pace", "pace_change"]], on="customer_id", how="left", validate="1:1")


def describe_pace(pace: pd.DataFrame) -> dict[str, object]:
    """Describe who rises and who declines, in facts that fill sentences.

    Returns
    -------
    dict
        compared (accounts with two whole years), least_compared; rising, falling (counts), rising_moved, falling_moved and
        falling_size (money of a year).
    """
    facts: dict[str, object] = {"compared": len(pace), "least_compared": LEAST}
    for kind in ("rising", "falling"):
        found = list_pace(pace, kind)
        facts |= {kind: len(found), f"{kind}_moved": add(found["pace_moved"])}
    return facts | {"falling_size": -facts["falling_moved"]}


def _line_up(
    customers: pd.DataFrame, order_days: pd.DataFrame, as_of: dt.date, stopped: Collection[str]
) -> pd.DataFrame:
    """Return each comparable account's sales of both years, the logarithm of their ratio, and its noise."""
    span = choose_span(customers, as_of)
    if span.name != "year":
        return pd.DataFrame(
            columns=["customer_id", "net_sales_then", "net_sales_now", "log_change", "noise"], dtype=float
        )
    lined = line_up(customers, span)
    known = (lined["year_kind"] == "two_years") & (lined["net_sales_now"] > 0) & (lined["net_sales_then"] > 0)
    lined = lined.loc[
        known & ~lined["customer_id"].isin(set(stopped)), ["customer_id", "net_sales_then", "net_sales_now"]
    ]
    lined = lined.set_index("customer_id")
    lined["log_change"] = np.log(lined["net_sales_now"] / lined["net_sales_then"])
    return lined.assign(noise=_measure_noise(lined.index, order_days, as_of)).reset_index()


def _measure_noise(accounts: pd.Index, order_days: pd.DataFrame, as_of: dt.date) -> pd.Series:
    """Measure the variance of each account's ratio of the two years: half its own by twelfths, half what is usual."""
    check_columns(order_days, ["customer_id", "order_date", "orders", "net_sales"], name="order_days")
    back = (pd.Timestamp(as_of) - pd.to_datetime(order_days["order_date"])).dt.days
    days = order_days[["customer_id", "orders", "net_sales"]].assign(back=back)[back.between(0, 2 * YEAR - 1)]
    check_key(days, ["customer_id", "back"], name="order_days")
    days = days[days["customer_id"].isin(accounts)].sort_values(["customer_id", "back"])
    slot = days["back"] // YEAR * SLOTS + days["back"] % YEAR * SLOTS // YEAR
    money = days.groupby(["customer_id", slot.rename("slot")])["net_sales"].sum().unstack(fill_value=0.0)
    money = money.reindex(index=accounts, columns=range(2 * SLOTS), fill_value=0.0)
    now, then = money[money.columns[:SLOTS]].to_numpy(), money[money.columns[SLOTS:]].to_numpy()
    sold, sold_then = now.sum(axis=1), then.sum(axis=1)
    known = (sold > 0) & (sold_then > 0)
    apart = now - then * np.where(known, sold / np.where(known, sold_then, 1), 0)[:, None]
    own = pd.Series((apart**2).sum(axis=1) / np.where(known, sold, 1) ** 2 * SLOTS / (SLOTS - 1), index=accounts)
    counts = days[days["orders"] > 0].groupby(["customer_id", days["back"] // YEAR]).size().unstack(fill_value=0)
    few = (1 / counts.reindex(index=accounts, columns=[0, 1], fill_value=0).clip(lower=1)).sum(axis=1)
    usual = (own / few)[known].median() * few
    return ((own.where(known, usual) + usual) / 2).clip(lower=1e-6)


def _shrink(lined: pd.DataFrame, book: float, true: float) -> pd.DataFrame:
    """Draw each account's change towards that of the book, and say who rises and who declines."""
    own = true / (true + lined["noise"]) if true > 0 else 0.0 * lined["noise"]
    change = book + own * (lined["log_change"] - book)
    reach = _Z * np.sqrt(own * lined["noise"])
    rises = (change - reach > max(book, 0)) & (lined["log_change"] > 0) & (np.expm1(change) >= LEAST_CHANGE)
    falls = (change + reach < 0) & (change < book) & (lined["log_change"] < 0) & (np.expm1(change) <= -LEAST_CHANGE)
    table = lined[["customer_id", "net_sales_then", "net_sales_now"]].assign(
        change_share=np.expm1(lined["log_change"]).round(6),
        pace_change=np.expm1(change).round(6),
        pace_low=np.expm1(change - reach).round(6),
        pace_high=np.expm1(change + reach).round(6),
        pace_moved=(lined["net_sales_now"] * -np.expm1(-change)).round(2),
        pace=pd.Series(np.select([rises, falls], PACES[:2], PACES[2]), index=lined.index, dtype="str"),
    )
    return table.sort_values("customer_id", ignore_index=True)
