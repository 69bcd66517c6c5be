"""How many of the customers first seen in a period still buy later, what do they bring, and do newer ones stay longer?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from math import nan, sqrt

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_columns, check_key

QUARTERS_FROM, YEARS_FROM = 24, 96
"""Whole months on record from which cohorts are quarters, and from which they are years."""

YEAR = 12
"""Months after which somebody still buys, or not: the three months that begin a year after the first order's month."""

SPAN = 3

CROWDED = 1.5
"""How many times as many first orders a month as later on make a first cohort one of old customers."""

MOST_FIGURES = 6
"""So many figures stand at the head of the page; the first are the most telling."""

LEAST = 10
"""Customers on each side that a comparison of newer and older ones needs."""


def choose_period_months(months: pd.DataFrame, *, as_of: dt.date) -> int:
    """Choose how many months a cohort spans: 3 where the record holds two whole years, 12 where it holds eight, else 1.

    Examples
    --------
    >>> months = pd.DataFrame({"month": pd.to_datetime(["2024-07-01", "2026-06-01"])})
    >>> choose_period_months(months, as_of=dt.date(2026, 6, 30)), choose_period_months(months, as_of=dt.date(2026, 6, 29))
    (3, 1)
    """
    first = _number(months["month"]).min()
    whole = _last_whole_month(as_of) - first + 1
    return 12 if whole >= YEARS_FROM else 3 if whole >= QUARTERS_FROM else 1


def build_cohorts(months: pd.DataFrame, *, as_of: dt.date, period_months: int | None = None) -> pd.DataFrame:
    """Build the cohorts: customers by the month, quarter or year of their first order, followed period by period.

    Time runs from each customer's own first month: period 0 begins with the month of the first order, and every period is
    as many months long as the cohort, so that each customer has the same time in each. A customer is active in a period with an
    order in it; returns lower net sales of the period in which they came, even without an order. A period is finished
    once the last month of it has passed for the cohort's youngest customer; what is not finished is shown as far as it
    has come. What a customer brought before its first order (a return, say) is in period 0.

    Parameters
    ----------
    months : customer_id, month, orders, net_sales; one row per customer and month
    period_months : 1, 3 or 12; default: ``choose_period_months``

    Returns
    -------
    DataFrame
        One row per cohort and period up to ``as_of``: cohort_start (first day), period, period_months, customers,
        active_customers, active_share, net_sales, net_sales_ratio (over those of period 0; NaN where these are not above
        0), is_finished, may_be_older (the record begins when many of these were customers already).

    Raises
    ------
    NotEnoughDataError
        ``retention_no_customers``: nobody has ordered.

    Examples
    --------
    >>> months = pd.DataFrame({"customer_id": ["a", "a", "b"], "orders": 1, "net_sales": [10.0, 5.0, 10.0],
    ...     "month": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-01-01"])})
    >>> cohorts = build_cohorts(months, as_of=dt.date(2026, 2, 28))
    >>> cohorts[["period", "customers", "active_customers", "net_sales", "net_sales_ratio"]].values.tolist()
    [[0.0, 2.0, 2.0, 20.0, 1.0], [1.0, 2.0, 1.0, 5.0, 0.25]]
    """
    check_columns(months, ["customer_id", "month", "orders", "net_sales"], name="months")
    check_key(months, ["customer_id", "month"], name="months")
    length = period_months or choose_period_months(months, as_of=as_of)
    ages, _ = _follow(months, as_of)
    if ages.empty:
        raise NotEnoughDataError("retention_no_customers")
    ages["cohort"] = ages["first_month"] // length * length
    ages["period"] = ages["age_months"].clip(lower=0) // length
    now, whole = _month_of(as_of), _last_whole_month(as_of)
    customers = ages.groupby("cohort")["customer"].nunique()
    active = ages[ages["orders"] > 0].groupby(["cohort", "period"])["customer"].nunique()
    sales = ages.groupby(["cohort", "period"])["net_sales"].agg(add)
    rows = []
    older = _find_crowded(customers, length, begin=int(ages["first_month"].min()), end=whole)
    for cohort, count in customers.items():
        base = float(sales[cohort, 0])
        youngest = cohort + length - 1
        for period in range((now - cohort) // length + 1):
            brought = float(sales.get((cohort, period), 0.0))
            active_customers = int(active.get((cohort, period), 0))
            rows.append(
                {
                    "cohort_start": _date(cohort),
                    "period": period,
                    "period_months": length,
                    "customers": int(count),
                    "active_customers": active_customers,
                    "active_share": active_customers / count,
                    "net_sales": brought,
                    "net_sales_ratio": share(brought, base),
                    "is_finished": youngest + (period + 1) * length - 1 <= whole,
                    "may_be_older": cohort in older,
                }
            )
    return pd.DataFrame(rows)


def follow_customers(months: pd.DataFrame, *, as_of: dt.date) -> pd.DataFrame:
    """Follow each customer from the month of its first order on.

    Returns
    -------
    DataFrame
        One row per row of ``months`` of a customer with an order, by customer and month: customer_id, first_month and
        age_months (as whole numbers; below 0 before the first order), orders, net_sales.
    """
    ages, names = _follow(months, as_of)
    ages.insert(0, "customer_id", names[ages.pop("customer")])
    return ages[["customer_id", "orders", "net_sales", "first_month", "age_months"]]


def _follow(months: pd.DataFrame, as_of: dt.date) -> tuple[pd.DataFrame, pd.Index]:
    """Follow customers as ``follow_customers`` does, each by its place among the names, which are returned beside."""
    customer, names = pd.factorize(months["customer_id"], sort=True)
    month, buys = _number(months["month"]).to_numpy(), (months["orders"] > 0).to_numpy()
    known = month <= _month_of(as_of)
    never = _month_of(as_of) + 1
    first = np.full(len(names), never)
    np.minimum.at(first, customer[known & buys], month[known & buys])
    rows = np.flatnonzero(known & (first[customer] < never))
    rows = rows[np.lexsort((month[rows], customer[rows]))]
    own = first[customer[rows]]
    ages = {"customer": customer[rows], "first_month": own, "age_months": month[rows] - own}
    return pd.DataFrame(ages | {name: months[name].to_numpy()[rows] for name in ("orders", "net_sales")}), names


def summarise_periods(cohorts: pd.DataFrame) -> pd.DataFrame:
    """Summarise all cohorts together by period: of those whose period is finished and who are no old customers.

    Later periods rest on older cohorts alone; where all may be old customers, all count.

    Returns
    -------
    DataFrame
        One row per period: period, cohorts, customers, active_customers, active_share, net_sales_ratio (over the same
        cohorts' period 0).
    """
    finished = _pick(cohorts)
    base = finished[finished["period"] == 0].set_index("cohort_start")["net_sales"]
    rows = []
    for period, own in finished.groupby("period"):
        customers, active = int(own["customers"].sum()), int(own["active_customers"].sum())
        ratio = share(add(own["net_sales"]), add(base[own["cohort_start"]]))
        rows.append((period, len(own), customers, active, active / customers, ratio))
    names = ["period", "cohorts", "customers", "active_customers", "active_share", "net_sales_ratio"]
    return pd.DataFrame(rows, columns=names)


def list_kept(months: pd.DataFrame, cohorts: pd.DataFrame, *, as_of: dt.date, interval: float = 0.8) -> pd.DataFrame:
    """List by cohort how many customers still bought a year later: in the three months that begin twelve after their first.

    The three months are those of the same season as the first order's, and have passed for every customer counted; of a
    cohort that is only partly so old, only those customers count.

    Returns
    -------
    DataFrame
        One row per cohort with such a customer: cohort_start, may_be_older, customers, kept_customers, kept_share,
        kept_low, kept_high (Wilson's interval).
    """
    ages, _ = _follow(months, as_of)
    length = int(cohorts["period_months"].iloc[0])
    ages = ages[ages["first_month"] + YEAR + SPAN - 1 <= _last_whole_month(as_of)]
    later = ages["age_months"].between(YEAR, YEAR + SPAN - 1) & (ages["orders"] > 0)
    kept = later.groupby(ages["customer"]).any()
    first = ages.groupby("customer")["first_month"].first()
    cohort = first // length * length
    table = pd.DataFrame({"customers": kept.groupby(cohort).size(), "kept_customers": kept.groupby(cohort).sum()})
    table = table.rename_axis("number").reset_index()
    table.insert(0, "cohort_start", [_date(int(number)) for number in table.pop("number")])
    flags = cohorts.drop_duplicates("cohort_start").set_index("cohort_start")["may_be_older"]
    table.insert(1, "may_be_older", table["cohort_start"].map(flags).astype(bool))
    table["kept_customers"] = table["kept_customers"].astype(int)
    table["kept_share"] = table["kept_customers"] / table["customers"]
    ends = [
        find_wilson(kept, count, interval=interval)
        for kept, count in table[["kept_customers", "customers"]].itertuples(index=False)
    ]
    table["kept_low"], table["kept_high"] = [low for low, _ in ends], [high for _, high in ends]
    return table


def describe_cohorts(
    months: pd.DataFrame, cohorts: pd.DataFrame, *, as_of: dt.date, interval: float = 0.8
) -> dict[str, object]:
    """Describe who still buys a year after the first order, and whether newer customers stay more or less often.

    The newer ones are those first seen in the last twelve months whose year is over; the older ones those of the twelve
    months before. Cohorts of old customers are left out. The two are told apart where the interval of the difference does
    not hold 0.

    Returns
    -------
    dict
        followed (customers of all cohorts), cohorts, older_cohorts, period_months; kept_customers, kept_of, kept_share, kept_low, kept_high, kept_from, kept_to (months of the first order); the same
        with ``_before`` for the older ones; sales_ratio, sales_ratio_low, sales_ratio_high (net sales of the three months a
        year later over those of the first three, of the newer ones; the interval by resampling customers); kept_change, kept_change_low, kept_change_high; kept (``none``: nobody is
        known for so long; ``known``); newer (``better``, ``worse``, ``same``, ``unknown``: fewer than two whole years, or
        too few customers).
    """
    ages, _ = _follow(months, as_of)
    length = int(cohorts["period_months"].iloc[0])
    old = {_month_of(day) for day in cohorts.loc[cohorts["may_be_older"], "cohort_start"]}
    ages = ages[~(ages["first_month"] // length * length).isin(old)]
    last = _last_whole_month(as_of) - YEAR - SPAN + 1
    first = ages.groupby("customer")["first_month"].first()
    later = ages["age_months"].between(YEAR, YEAR + SPAN - 1) & (ages["orders"] > 0)
    kept = later.groupby(ages["customer"]).any()
    begin = int(first.min()) if len(first) else last + 1
    facts: dict[str, object] = {}
    counts = []
    for end, high in (("", last), ("_before", last - YEAR)):
        low = max(high - YEAR + 1, begin)
        own, months_seen = kept[first.between(low, high)], first[first.between(low, high)]
        bounds = find_wilson(int(own.sum()), len(own), interval=interval)
        counts.append((int(own.sum()), len(own)))
        facts |= {
            f"kept_customers{end}": int(own.sum()),
            f"kept_of{end}": len(own),
            f"kept_share{end}": float(own.mean()) if len(own) else nan,
            f"kept_low{end}": bounds[0],
            f"kept_high{end}": bounds[1],
            f"kept_from{end}": _date(int(months_seen.min())).isoformat() if len(own) else None,
            f"kept_to{end}": _date(int(months_seen.max())).isoformat() if len(own) else None,
        }
    whole = begin <= last - 2 * YEAR + 1 and min(of for _, of in counts) >= LEAST
    low, high = find_difference(*counts[0], *counts[1], interval=interval) if whole else (nan, nan)
    recent = first.index[first.between(max(last - YEAR + 1, begin), last)]
    facts |= _describe_sales(ages[ages["customer"].isin(recent)], interval=interval)
    newer = "unknown" if not whole else "better" if low > 0 else "worse" if high < 0 else "same"
    return facts | {
        "kept_change": facts["kept_share"] - facts["kept_share_before"] if whole else nan,
        "kept_change_low": low,
        "kept_change_high": high,
        "kept": "known" if facts["kept_of"] else "none",
        "newer": newer,
        "followed": int(cohorts.drop_duplicates("cohort_start")["customers"].sum()),
        "cohorts": int(cohorts["cohort_start"].nunique()),
        "period_months": length,
        "older_cohorts": int(cohorts.loc[cohorts["may_be_older"], "cohort_start"].nunique()),
    }


def describe_periods(periods: pd.DataFrame, cohorts: pd.DataFrame) -> dict[str, object]:
    """Describe all cohorts together in the period that begins a year after the first order.

    Parameters
    ----------
    periods : as ``summarise_periods`` returns it

    Returns
    -------
    dict
        period_share, period_ratio (NaN where no cohort is so old), later_periods (finished ones after the first),
        finding (``finding`` or ``finding_short``).
    """
    at = YEAR // int(cohorts["period_months"].iloc[0])
    found = periods[periods["period"] == at]
    return {
        "period_share": float(found["active_share"].iloc[0]) if len(found) else nan,
        "period_ratio": float(found["net_sales_ratio"].iloc[0]) if len(found) else nan,
        "later_periods": int((cohorts["is_finished"] & (cohorts["period"] > 0)).sum()),
        "finding": "finding" if len(found) else "finding_short",
    }


def list_answers(facts: Mapping[str, object]) -> list[str]:
    """List the sentences that make up the answer, as words below ``retention.answer``."""
    money = ["money_known"] if facts["money"] == "known" else []
    newer = [f"newer_{facts['newer']}"] if facts["newer"] != "unknown" else []
    return [f"stay_{facts['stay']}", *money, f"back_{facts['back']}", f"kept_{facts['kept']}", *newer]


def list_kpis(facts: Mapping[str, object]) -> list[str]:
    """List the figures at the head of the page, as words below ``retention.kpi``: yearly retention first; what is not known is left out."""
    known = {
        f"stay_{facts['stay']}": facts["stay"] in ("year", "half"),
        "money": facts["money"] == "known",
        "median": facts["median_days"] == facts["median_days"],
        "back": facts["mark_share"] == facts["mark_share"],
        "kept": facts["kept"] == "known",
        "before": facts["newer"] != "unknown",
        "sales": facts["sales_ratio"] == facts["sales_ratio"],
        "customers": True,
    }
    return [name for name, is_known in known.items() if is_known][:MOST_FIGURES]


def find_wilson(count: int, of: int, *, interval: float = 0.8) -> tuple[float, float]:
    """Find the interval of a share from counts; NaN of nobody.

    Source: Wilson (1927), J. Amer. Statist. Assoc. 22, p. 209.

    Examples
    --------
    >>> [round(end, 4) for end in find_wilson(56, 70, interval=0.95)]
    [0.6918, 0.877]
    """
    if not of:
        return nan, nan
    z = ndtri(0.5 + interval / 2)
    middle = (count + z * z / 2) / (of + z * z)
    reach = z * sqrt(count * (of - count) / of + z * z / 4) / (of + z * z)
    return float(max(middle - reach, 0.0)), float(min(middle + reach, 1.0))


def find_difference(count: int, of: int, other: int, of_other: int, *, interval: float = 0.8) -> tuple[float, float]:
    """Find the interval of the difference of two independent shares, the first less the second.

    Source: Newcombe (1998), Statistics in Medicine 17, p. 873, method 10 (Wilson's intervals joined).

    Examples
    --------
    >>> [round(end, 4) for end in find_difference(56, 70, 48, 80, interval=0.95)]
    [0.0524, 0.3339]
    """
    if not of or not of_other:
        return nan, nan
    first, second = count / of, other / of_other
    low, high = find_wilson(count, of, interval=interval)
    low_other, high_other = find_wilson(other, of_other, interval=interval)
    down = sqrt((first - low) ** 2 + (high_other - second) ** 2)
    up = sqrt((high - first) ** 2 + (second - low_other) ** 2)
    return first - second - down, first - second + up


def find_known_from(months: pd.DataFrame, cohorts: pd.DataFrame, *, as_of: dt.date) -> pd.Series:
    """Find of whom the record holds the orders from the first on, as far as can be told.

    Returns
    -------
    Series by customer_id: False where the customer's cohort may be of old customers
    """
    ages, names = _follow(months, as_of)
    first = ages.groupby("customer")["first_month"].first()
    first.index = names[first.index].rename("customer_id")
    length = int(cohorts["period_months"].iloc[0])
    old = {_month_of(day) for day in cohorts.loc[cohorts["may_be_older"], "cohort_start"]}
    return ~(first // length * length).isin(old)


def _describe_sales(ages: pd.DataFrame, *, interval: float, draws: int = 500, seed: int = 1) -> dict[str, float]:
    """Describe what customers bring in the three months a year later against their first three, with an interval."""
    names = ("sales_ratio", "sales_ratio_low", "sales_ratio_high")
    begun = ages["net_sales"].where(ages["age_months"] < SPAN, 0.0).groupby(ages["customer"]).sum()
    later = ages["net_sales"].where(ages["age_months"].between(YEAR, YEAR + SPAN - 1), 0.0)
    later = later.groupby(ages["customer"]).sum()
    ratio = share(add(later), add(begun))
    if ratio != ratio:
        return dict.fromkeys(names, nan)
    pairs, rng = np.column_stack([later, begun]), np.random.default_rng(seed)
    sums = np.array([pairs[rng.integers(len(pairs), size=len(pairs))].sum(axis=0) for _ in range(draws)])
    found = sums[sums[:, 1] > 0]
    low, high = np.quantile(found[:, 0] / found[:, 1], [0.5 - interval / 2, 0.5 + interval / 2])
    return dict(zip(names, (ratio, float(low), float(high)), strict=True))


def _pick(cohorts: pd.DataFrame) -> pd.DataFrame:
    """Pick finished periods of cohorts of new customers, or of all cohorts where there are no such."""
    finished = cohorts[cohorts["is_finished"]]
    new = finished[~finished["may_be_older"]]
    return new if len(new) else finished


def _find_crowded(customers: pd.Series, length: int, *, begin: int, end: int) -> set[int]:
    """Find the first cohorts that hold old customers: as long as they are crowded against the later ones.

    Numbers are per month on record, since the first and the last cohort may be cut off.
    """
    cohorts = range(int(customers.index.min()), int(customers.index.max()) + 1, length)
    spans = {c: min(c + length - 1, end) - max(c, begin) + 1 for c in cohorts}
    rates = {c: float(customers.get(c, 0)) / spans[c] for c in cohorts if spans[c] > 0}
    found: set[int] = set()
    for cohort, rate in rates.items():
        later = [other for place, other in rates.items() if place > cohort]
        if len(later) < 2 or rate <= CROWDED * float(np.median(later)):
            break
        found.add(cohort)
    return found


def _number(months: pd.Series) -> pd.Series:
    """Return calendar months as whole numbers."""
    dates = pd.to_datetime(months)
    return dates.dt.year * 12 + dates.dt.month - 1


def _month_of(day: dt.date) -> int:
    return day.year * 12 + day.month - 1


def _last_whole_month(as_of: dt.date) -> int:
    """Return the last month that was over at the end of ``as_of``."""
    return _month_of(as_of + dt.timedelta(days=1)) - 1


def _date(month: int) -> dt.date:
    return dt.date(month // 12, month % 12 + 1, 1)
