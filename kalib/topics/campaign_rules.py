"""Do the trade's rules of thumb hold here: five times as dear to win as to keep, and one lost key account for ten new ones?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from math import nan

import numpy as np
import pandas as pd

from kalib.money import add, share
from kalib.schema import check_columns

YEAR = 365
FIVE, TEN = 5.0, 10.0
"""What the trade says."""

KEY_SHARE = 0.8
"""Key accounts are here the largest that together brought this share of the year's net sales."""

LEAST = 5
"""Accounts on each side that a ratio needs; with fewer it is not worked out."""

LEAST_CONTACTS = 10
MOST_YEARS = 3


def compare_winning(
    customers: pd.DataFrame, contacts: pd.DataFrame | None, *, as_of: dt.date, interval: float = 0.8, seed: int = 1
) -> pd.DataFrame:
    """Compare what a won customer cost in contacts with what a kept one costs a year, year by year back from ``as_of``.

    Winning: the contacts of the year with accounts before their first order, those included that were never won, over the
    customers whose first order came in the year. Keeping: the contacts of the year with customers who had ordered before it
    began, those included that were lost, over those of them who ordered in it. Contacts with customers won in the year, once
    won, count for neither. Only contacts that the record knows are counted: no advertising, no fairs, no opening discounts,
    on one side, and no rebates, on the other.

    Parameters
    ----------
    customers : customer_id, first_order_date, and order_years, the years back in which the customer ordered (see
        ``mark_years``)
    contacts : customer_id, contact_date, cost; or None

    Returns
    -------
    DataFrame
        One row per whole year that the contacts cover, the newest first, three at most: year_to (its last day), won,
        won_contacts, won_cost, cost_per_won, kept, kept_contacts, kept_cost, cost_per_kept, cost_ratio, ratio_low, ratio_high
        (by resampling accounts), won_contacted (customers won of whom a contact before their first order is on record),
        verdict (``more``, ``less`` or ``same`` as the rule says; ``few``: too few to say; ``unrecorded``: less than half of
        those won were ever contacted before, as far as the record goes, so that what won them is not in it, and there is no ratio). Empty without contacts that have a cost, or
        where the log is too short to tell who is new.
    """
    names = ["year_to", "won", "won_contacts", "won_cost", "cost_per_won", "kept", "kept_contacts", "kept_cost"]
    names += ["cost_per_kept", "cost_ratio", "ratio_low", "ratio_high", "won_contacted", "verdict"]
    if contacts is None or "cost" not in contacts or not contacts["cost"].notna().any():
        return pd.DataFrame(columns=names)
    check_columns(customers, ["customer_id", "first_order_date", "order_years"], name="customers")
    known = contacts.loc[contacts["cost"].notna(), ["customer_id", "contact_date", "cost"]]
    known = known.assign(contact_date=pd.to_datetime(known["contact_date"]))
    ordered = customers[customers["first_order_date"].notna()].set_index("customer_id")
    first = pd.to_datetime(ordered["first_order_date"])
    begin, rows = known["contact_date"].min(), []
    for back in range(MOST_YEARS):
        end = pd.Timestamp(as_of) - pd.Timedelta(days=YEAR * back)
        start = end - pd.Timedelta(days=YEAR)
        # The log must begin a year before: who is first seen at its beginning is not won then.
        if begin > start + pd.Timedelta(days=31) or first.min() > start - pd.Timedelta(days=YEAR - 31):
            break
        own = known[(known["contact_date"] > start) & (known["contact_date"] <= end)]
        begun = own["customer_id"].map(first)
        winning = own[~(begun <= own["contact_date"])]  # never ordered, or later
        keeping = own[begun <= start]
        won = first[(first > start) & (first <= end)]
        stayed = ordered.index[(first <= start) & ordered["order_years"].map(lambda years, at=back: at in years)]
        row = {
            "year_to": end.date(),
            "won": len(won),
            "won_contacts": len(winning),
            "won_cost": add(winning["cost"]),
            "kept": len(stayed),
            "kept_contacts": len(keeping),
            "kept_cost": add(keeping["cost"]),
        }
        row |= {
            "cost_per_won": row["won_cost"] / len(won) if len(won) else nan,
            "cost_per_kept": row["kept_cost"] / len(stayed) if len(stayed) else nan,
        }
        row["cost_ratio"] = share(row["cost_per_won"], row["cost_per_kept"]) if len(won) and len(stayed) else nan
        enough = min(len(won), len(stayed)) >= LEAST and min(len(winning), len(keeping)) >= LEAST_CONTACTS
        low, high = nan, nan
        if enough and row["cost_per_kept"] > 0:
            low, high = _resample_costs(winning, keeping, won.index, stayed, interval=interval, seed=seed)
        before = known[known["customer_id"].map(first) > known["contact_date"]]
        contacted = int(won.index.isin(before["customer_id"]).sum())
        verdict = "unrecorded" if len(won) and 2 * contacted < len(won) else _judge(low, high, FIVE)
        if verdict == "unrecorded":
            row["cost_ratio"], low, high = nan, nan, nan
        rows.append(row | {"ratio_low": low, "ratio_high": high, "won_contacted": contacted, "verdict": verdict})
    return pd.DataFrame(rows, columns=names)


def mark_years(customers: pd.DataFrame, order_days: pd.DataFrame, *, as_of: dt.date) -> pd.DataFrame:
    """Mark in which years back from ``as_of`` each customer ordered: 0 is the year that ends on it.

    Returns
    -------
    DataFrame
        ``customers`` with order_years, a set of whole numbers per customer.
    """
    known = order_days[order_days["orders"] > 0]
    back = (pd.Timestamp(as_of) - pd.to_datetime(known["order_date"])).dt.days
    years = (back[back >= 0] // YEAR).groupby(known["customer_id"]).agg(set)
    own = customers["customer_id"].map(years)
    return customers.assign(order_years=[value if isinstance(value, set) else set() for value in own])


def compare_losing(
    snapshots: pd.DataFrame,
    months: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    as_of: dt.date,
    interval: float = 0.8,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare the net sales of a key account that was lost with those of a new customer's first year, year by year back.

    Lost: among the largest accounts that together brought the first 80 % of net sales in the year before, those without an
    order in the year after; what they brought in the year before. New: customers whose first order came in that year before,
    so that their first twelve months are over; what they brought in these. The log must begin a year earlier still, or new
    ones could not be told.

    Parameters
    ----------
    snapshots : ``customers`` as they stood a year before each of the dates compared: as_of, customer_id, net_sales_365_days
    months : customer_id, month, orders, net_sales
    customers : customer_id, first_order_date, order_years (see ``mark_years``)
    as_of : the newest date

    Returns
    -------
    DataFrame
        One row per year, newest first: year_to, key_accounts (a year before), lost_accounts, lost_sales, lost_sales_each,
        new_accounts, new_sales, new_sales_each, sales_ratio (one lost key account is worth so many new ones), ratio_low,
        ratio_high (by resampling accounts), verdict (``more``, ``less`` or ``same`` as the rule says, or ``few``).
    """
    names = ["year_to", "key_accounts", "lost_accounts", "lost_sales", "lost_sales_each", "new_accounts", "new_sales"]
    names += ["new_sales_each", "sales_ratio", "ratio_low", "ratio_high", "verdict"]
    first = pd.to_datetime(customers.set_index("customer_id")["first_order_date"])
    years = customers.set_index("customer_id")["order_years"]
    number = pd.to_datetime(months["month"]).dt.year * 12 + pd.to_datetime(months["month"]).dt.month
    begun = months["customer_id"].map(first.dt.year * 12 + first.dt.month)
    first_year = months.loc[(number - begun).between(0, 11)].groupby("customer_id")["net_sales"].agg(add)
    rows = []
    for back in range(MOST_YEARS):
        end = pd.Timestamp(as_of) - pd.Timedelta(days=YEAR * back)
        middle, start = (end - pd.Timedelta(days=YEAR * ahead) for ahead in (1, 2))
        if first.min() > start - pd.Timedelta(days=YEAR - 31):
            break
        then = snapshots[pd.to_datetime(snapshots["as_of"]) == middle]
        if then.empty:
            break
        key = _pick_largest(then.set_index("customer_id")["net_sales_365_days"])
        lost = key[[back not in years.get(customer, set()) for customer in key.index]]
        new = first_year.reindex(first.index[(first > start) & (first <= middle)]).fillna(0.0)
        low, high = nan, nan
        if min(len(lost), len(new)) >= LEAST:
            low, high = _resample_means(lost, new, interval=interval, seed=seed)
        each, new_each = (add(values) / len(values) if len(values) else nan for values in (lost, new))
        rows.append(
            {
                "year_to": end.date(),
                "key_accounts": len(key),
                "lost_accounts": len(lost),
                "lost_sales": add(lost),
                "lost_sales_each": each,
                "new_accounts": len(new),
                "new_sales": add(new),
                "new_sales_each": new_each,
                "sales_ratio": share(each, new_each) if len(lost) and len(new) else nan,
                "ratio_low": low,
                "ratio_high": high,
                "verdict": _judge(low, high, TEN),
            }
        )
    return pd.DataFrame(rows, columns=names)


def list_dates(as_of: dt.date, *, years: int = MOST_YEARS) -> list[dt.date]:
    """List the dates a year before each date that is compared: the snapshots that ``compare_losing`` wants.

    Examples
    --------
    >>> list_dates(dt.date(2026, 6, 30), years=2)
    [datetime.date(2025, 6, 30), datetime.date(2024, 6, 30)]
    """
    return [as_of - dt.timedelta(days=YEAR * (back + 1)) for back in range(years)]


def describe_rule(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, object]:
    """Describe the newest year of a comparison in facts: these columns, and which sentence says them.

    Returns
    -------
    dict
        the columns of the newest year, verdict, years (how many are known); verdict is ``unknown`` without any.
    """
    if table.empty:
        return {"verdict": "unknown", "years": 0}
    row = table.iloc[0]
    return {"years": len(table), "verdict": str(row["verdict"]), **{name: row[name] for name in columns}}


def _pick_largest(sales: pd.Series) -> pd.Series:
    """Pick the largest that bring the first 80 %; whoever crosses the limit belongs to them, equal ones together."""
    positive = sales[sales > 0].sort_index().sort_values(ascending=False, kind="stable")
    cents = (positive * 100).round().astype("int64")
    larger = [int(cents[cents > value].sum()) for value in cents.unique()]
    before = cents.map(dict(zip(cents.unique().tolist(), larger, strict=True)))
    return positive[before * 100 < round(KEY_SHARE * 100) * int(cents.sum())]


def _resample_costs(
    winning: pd.DataFrame, keeping: pd.DataFrame, won: pd.Index, kept: pd.Index, *, interval: float, seed: int
) -> tuple[float, float]:
    """Resample accounts on each side, with what they cost and whether they were won, or kept."""
    rng, means = np.random.default_rng(seed), []
    for contacts, counted in ((winning, won), (keeping, kept)):
        cost = contacts.groupby("customer_id")["cost"].agg(add)
        everyone = cost.index.union(counted).sort_values()
        pairs = np.column_stack([cost.reindex(everyone).fillna(0.0), everyone.isin(counted)])
        sums = np.array([pairs[rng.integers(len(pairs), size=len(pairs))].sum(axis=0) for _ in range(500)])
        means.append(np.divide(sums[:, 0], sums[:, 1], out=np.full(500, nan), where=sums[:, 1] > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = means[0] / means[1]
    ratios = ratios[np.isfinite(ratios)]
    return _ends(ratios, interval)


def _resample_means(one: pd.Series, other: pd.Series, *, interval: float, seed: int) -> tuple[float, float]:
    rng, means = np.random.default_rng(seed), []
    for values in (one, other):
        amounts = values.sort_index().to_numpy()
        means.append(np.array([amounts[rng.integers(len(amounts), size=len(amounts))].mean() for _ in range(500)]))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = means[0] / means[1]
    return _ends(ratios[(means[1] > 0) & np.isfinite(ratios)], interval)


def _ends(ratios: np.ndarray, interval: float) -> tuple[float, float]:
    if not len(ratios):
        return nan, nan
    low, high = np.quantile(ratios, [0.5 - interval / 2, 0.5 + interval / 2])
    return float(low), float(high)


def _judge(low: float, high: float, said: float) -> str:
    if low != low:
        return "few"
    return "more" if low > said else "less" if high < said else "same"
