"""Do the trade's rules of thumb hold here: five times as dear to win as to keep, and one lost key account for ten new ones?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Winning:
    """A year's contacts with accounts that were to be won and to be kept, and who was; or those of several years."""

    winning: pd.DataFrame
    keeping: pd.DataFrame
    won: pd.Index
    kept: pd.Index
    contacted: int


@dataclass(frozen=True)
class _Losing:
    """What each lost key account, and each new one, brought in a year; or in several."""

    key_accounts: int
    lost: pd.Series
    new: pd.Series


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
        One row per whole year that the contacts cover, the newest first: year_to (its last day), won,
        won_contacts, won_cost, cost_per_won, kept, kept_contacts, kept_cost, cost_per_kept, cost_ratio, ratio_low, ratio_high
        (by resampling accounts), won_contacted (customers won of whom a contact before their first order is on record),
        verdict (``more``, ``less`` or ``same`` as the rule says; ``few``: too few to say; ``unrecorded``: less than half of
        those won were ever contacted before, as far as the record goes, so that what won them is not in it, and there is no ratio). Empty without contacts that have a cost, or
        where the log is too short to tell who is new.
    """
    names = ["year_to", "won", "won_contacts", "won_cost", "cost_per_won", "kept", "kept_contacts", "kept_cost"]
    names += ["cost_per_kept", "cost_ratio", "ratio_low", "ratio_high", "won_contacted", "verdict"]
    years = _list_winning(customers, contacts, as_of=as_of)
    rows = [{"year_to": end.date()} | _sum_winning(year, interval=interval, seed=seed) for end, year in years]
    return pd.DataFrame(rows, columns=names)


def pool_winning(
    customers: pd.DataFrame, contacts: pd.DataFrame | None, *, as_of: dt.date, interval: float = 0.8, seed: int = 1
) -> dict[str, object]:
    """Compare as ``compare_winning`` does, all years of the record together, in facts that fill a sentence.

    Returns
    -------
    dict
        years (how many can be measured), verdict (``unknown`` without any), and with any the columns of ``compare_winning``,
        year_low and year_high (the ratio of the years that have enough for one of their own). Accounts are resampled with all of their years.
    """
    years = [year for _, year in _list_winning(customers, contacts, as_of=as_of)]
    if not years:
        return {"years": 0, "verdict": "unknown"}
    all_years = _Winning(
        pd.concat([year.winning for year in years]),
        pd.concat([year.keeping for year in years]),
        pd.Index(np.concatenate([year.won for year in years])),
        pd.Index(np.concatenate([year.kept for year in years])),
        sum(year.contacted for year in years),
    )
    pooled = _sum_winning(all_years, interval=interval, seed=seed)
    each = [_sum_winning(year, interval=interval, seed=seed) for year in years]
    return (
        {"years": len(years)}
        | pooled
        | _range([row["cost_ratio"] for row in each if row["ratio_low"] == row["ratio_low"]])
    )


def _list_winning(
    customers: pd.DataFrame, contacts: pd.DataFrame | None, *, as_of: dt.date
) -> Iterator[tuple[pd.Timestamp, _Winning]]:
    """Yield every whole year that the contacts cover, the newest first."""
    if contacts is None or "cost" not in contacts or not contacts["cost"].notna().any():
        return
    check_columns(customers, ["customer_id", "first_order_date", "order_years"], name="customers")
    known = contacts.loc[contacts["cost"].notna(), ["customer_id", "contact_date", "cost"]]
    known = known.assign(contact_date=pd.to_datetime(known["contact_date"]))
    ordered = customers[customers["first_order_date"].notna()].set_index("customer_id")
    first = pd.to_datetime(ordered["first_order_date"])
    before = known[known["customer_id"].map(first) > known["contact_date"]]
    begin, back = known["contact_date"].min(), 0
    while True:
        end = pd.Timestamp(as_of) - pd.Timedelta(days=YEAR * back)
        start = end - pd.Timedelta(days=YEAR)
        # The log must begin a year before: who is first seen at its beginning is not won then.
        if not begin <= start + pd.Timedelta(days=31) or not first.min() <= start - pd.Timedelta(days=YEAR - 31):
            return
        own = known[(known["contact_date"] > start) & (known["contact_date"] <= end)]
        begun = own["customer_id"].map(first)
        won = first.index[(first > start) & (first <= end)]
        stayed = ordered.index[(first <= start) & ordered["order_years"].map(lambda years, at=back: at in years)]
        # to win: who never ordered, or later; to keep: who had ordered before the year
        parts = own[~(begun <= own["contact_date"])], own[begun <= start]
        yield end, _Winning(*parts, won, stayed, int(won.isin(before["customer_id"]).sum()))
        back += 1


def _sum_winning(year: _Winning, *, interval: float, seed: int) -> dict[str, object]:
    row = {
        "won": len(year.won),
        "won_contacts": len(year.winning),
        "won_cost": add(year.winning["cost"]),
        "kept": len(year.kept),
        "kept_contacts": len(year.keeping),
        "kept_cost": add(year.keeping["cost"]),
    }
    row |= {f"cost_per_{side}": row[f"{side}_cost"] / row[side] if row[side] else nan for side in ("won", "kept")}
    row["cost_ratio"] = share(row["cost_per_won"], row["cost_per_kept"]) if row["won"] and row["kept"] else nan
    enough = min(row["won"], row["kept"]) >= LEAST and min(row["won_contacts"], row["kept_contacts"]) >= LEAST_CONTACTS
    low, high = nan, nan
    if enough and row["cost_per_kept"] > 0:
        low, high = _resample_costs(year, interval=interval, seed=seed)
    verdict = "unrecorded" if row["won"] and 2 * year.contacted < row["won"] else _judge(low, high, FIVE)
    if verdict == "unrecorded":
        row["cost_ratio"], low, high = nan, nan, nan
    return row | {"ratio_low": low, "ratio_high": high, "won_contacted": year.contacted, "verdict": verdict}


def mark_years(customers: pd.DataFrame, order_days: pd.DataFrame, *, as_of: dt.date) -> pd.DataFrame:
    """Mark in which years back from ``as_of`` each customer ordered: 0 is the year that ends on it.

    Returns
    -------
    DataFrame
        ``customers`` with order_years, a set of whole numbers per customer.
    """
    back = (pd.Timestamp(as_of) - pd.to_datetime(order_days["order_date"])).dt.days.to_numpy()
    place = pd.Index(customers["customer_id"]).get_indexer(order_days["customer_id"])
    known = (order_days["orders"] > 0).to_numpy() & (back >= 0) & (place >= 0)
    years: list[set[int]] = [set() for _ in range(len(customers))]
    once = pd.DataFrame({"place": place[known], "year": back[known] // YEAR}).drop_duplicates()
    for one, year in once.itertuples(index=False):
        years[one].add(year)
    return customers.assign(order_years=years)


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
    years = _list_losing(snapshots, months, customers, as_of=as_of)
    rows = [{"year_to": end.date()} | _sum_losing(year, interval=interval, seed=seed) for end, year in years]
    return pd.DataFrame(rows, columns=names)


def pool_losing(
    snapshots: pd.DataFrame,
    months: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    as_of: dt.date,
    interval: float = 0.8,
    seed: int = 1,
) -> dict[str, object]:
    """Compare as ``compare_losing`` does, all years of the record together, in facts that fill a sentence.

    Who was lost in one year need not be like who was lost in another: the ratio of a single year is that of a few accounts.

    Returns
    -------
    dict
        years (how many can be measured), verdict (``unknown`` without any), and with any the columns of ``compare_losing`` (accounts as
        often as they count), year_low and year_high (the ratio of the years that have enough for one of their own).
    """
    years = [year for _, year in _list_losing(snapshots, months, customers, as_of=as_of)]
    if not years:
        return {"years": 0, "verdict": "unknown"}
    parts = [pd.concat([getattr(year, side) for year in years]) for side in ("lost", "new")]
    pooled = _sum_losing(_Losing(sum(year.key_accounts for year in years), *parts), interval=interval, seed=seed)
    each = [_sum_losing(year, interval=interval, seed=seed) for year in years]
    return {"years": len(years)} | pooled | _range([row["sales_ratio"] for row in each if row["verdict"] != "few"])


def _list_losing(
    snapshots: pd.DataFrame, months: pd.DataFrame, customers: pd.DataFrame, *, as_of: dt.date
) -> Iterator[tuple[pd.Timestamp, _Losing]]:
    """Yield every year that the record can tell of, the newest first."""
    first = pd.to_datetime(customers.set_index("customer_id")["first_order_date"])
    years = customers.set_index("customer_id")["order_years"]
    first_year = _sum_first_year(months, first)
    for back, middle in enumerate(list_dates(as_of, first_order_date=first.min())):
        end, start = (pd.Timestamp(middle) + pd.Timedelta(days=days) for days in (YEAR, -YEAR))
        then = snapshots[pd.to_datetime(snapshots["as_of"]) == pd.Timestamp(middle)]
        if then.empty:
            return
        key = _pick_largest(then.set_index("customer_id")["net_sales_365_days"])
        lost = key[[back not in years.get(customer, set()) for customer in key.index]]
        new = first.index[(first > start) & (first <= pd.Timestamp(middle))]
        yield end, _Losing(len(key), lost, first_year.reindex(new).fillna(0.0))


def _sum_first_year(months: pd.DataFrame, first: pd.Series) -> pd.Series:
    """Sum up what each customer brought in the twelve months that begin with that of its first order, in whole cents."""
    month, place = pd.to_datetime(months["month"]).dt, first.index.get_indexer(months["customer_id"])
    begun = (first.dt.year * 12 + first.dt.month).to_numpy(float)[place]
    age = (month.year * 12 + month.month).to_numpy() - begun
    own = (place >= 0) & (age >= 0) & (age < 12)
    cents = np.rint(months["net_sales"].to_numpy(float)[own] * 100)
    return pd.Series(np.bincount(place[own], weights=cents, minlength=len(first)) / 100, index=first.index)


def _sum_losing(year: _Losing, *, interval: float, seed: int) -> dict[str, object]:
    lost, new = year.lost, year.new
    low, high = nan, nan
    if min(len(lost), len(new)) >= LEAST:
        low, high = _resample_means(lost, new, interval=interval, seed=seed)
    each, new_each = (add(values) / len(values) if len(values) else nan for values in (lost, new))
    return {
        "key_accounts": year.key_accounts,
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


def _range(ratios: list[float]) -> dict[str, float]:
    return {"year_low": min(ratios, default=nan), "year_high": max(ratios, default=nan)}


def list_dates(as_of: dt.date, *, first_order_date: pd.Timestamp | dt.date) -> list[dt.date]:
    """List the dates a year before each date that is compared: the snapshots that ``compare_losing`` wants.

    They go back as far as a year that began a year after the log did: before it, who was new could not be told.

    Examples
    --------
    >>> list_dates(dt.date(2026, 6, 30), first_order_date=dt.date(2022, 7, 1))
    [datetime.date(2025, 6, 30), datetime.date(2024, 6, 30)]
    """
    if pd.isna(first_order_date):
        return []
    known = (pd.Timestamp(as_of) - pd.Timestamp(first_order_date)).days
    return [as_of - dt.timedelta(days=YEAR * back) for back in range(1, (known + 31) // YEAR - 1)]


def list_notes(told: Mapping[str, object], *, rule: str) -> list[str]:
    """List the notes below a rule, as words below ``campaign``: how it is measured, of how many years, or what is wanting.

    Examples
    --------
    >>> list_notes({"years": 2, "verdict": "less"}, rule="losing")
    ['losing.note', 'rule.years']
    """
    if not told["years"]:
        return ["winning.why_contacts" if rule == "winning" else "losing.why_history"]
    if told["verdict"] == "unrecorded":
        return [f"{rule}.note", f"{rule}.note_unrecorded"]
    known = [] if told["verdict"] == "few" else ["rule.years" if told["years"] > 1 else "rule.one_year"]
    return [f"{rule}.note", *known]


def _pick_largest(sales: pd.Series) -> pd.Series:
    """Pick the largest that bring the first 80 %; whoever crosses the limit belongs to them, equal ones together."""
    positive = sales[sales > 0].sort_index().sort_values(ascending=False, kind="stable")
    cents = (positive * 100).round().astype("int64")
    each = cents.groupby(cents, sort=False).sum()  # of equal ones, the largest first
    before = cents.map(each.cumsum() - each)
    return positive[before * 100 < round(KEY_SHARE * 100) * int(cents.sum())]


def _resample_costs(year: _Winning, *, interval: float, seed: int) -> tuple[float, float]:
    """Resample accounts on each side, with what they cost and how often they were won, or kept."""
    rng, means = np.random.default_rng(seed), []
    for contacts, counted in ((year.winning, year.won), (year.keeping, year.kept)):
        cost, times = contacts.groupby("customer_id")["cost"].agg(add), counted.value_counts()
        everyone = cost.index.union(times.index).sort_values()
        means.append(_resample(cost.reindex(everyone).fillna(0.0), times.reindex(everyone).fillna(0), rng))
    return _ends(_divide(*means), interval)


def _resample_means(one: pd.Series, other: pd.Series, *, interval: float, seed: int) -> tuple[float, float]:
    """Resample accounts on each side, each with all the years that it stands in."""
    rng, means = np.random.default_rng(seed), []
    for values in (one, other):
        by_account = values.sort_index().groupby(level=0)
        sums = values.sort_index() if values.index.is_unique else by_account.agg(add)
        means.append(_resample(sums, by_account.size(), rng))
    return _ends(_divide(*means), interval)


def _resample(amounts: pd.Series, times: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """Return the mean of so many resamples of accounts: their amounts over how often they count."""
    pairs = np.column_stack([amounts.to_numpy(float), times.to_numpy(float)])
    sums = np.array([pairs[rng.integers(len(pairs), size=len(pairs))].sum(axis=0) for _ in range(500)])
    return np.divide(sums[:, 0], sums[:, 1], out=np.full(500, nan), where=sums[:, 1] > 0)


def _divide(means: np.ndarray, others: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = means / others
    return ratios[(others > 0) & np.isfinite(ratios)]


def _ends(ratios: np.ndarray, interval: float) -> tuple[float, float]:
    if not len(ratios):
        return nan, nan
    low, high = np.quantile(ratios, [0.5 - interval / 2, 0.5 + interval / 2])
    return float(low), float(high)


def _judge(low: float, high: float, said: float) -> str:
    if low != low:
        return "few"
    return "more" if low > said else "less" if high < said else "same"
