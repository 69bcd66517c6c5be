"""Do the assumptions of the purchase models hold? Regular buyers, seasons, size and frequency, a history cut off, growth."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from kalib.money import add
from kalib.schema import check_columns

LEAST_GAPS = 6
"""Gaps that a customer needs to be called regular."""

LEAST_CUSTOMERS = 30
"""With fewer customers than this nothing is said of all."""

CORRELATED = 0.2
"""From this rank correlation on, larger or smaller orders of frequent buyers are warned of."""

REGULAR = 0.15
"""From this share of regular buyers on (chance gives .05) the page warns."""

SEASONAL = 0.2
"""A month this much above or below what the model expects is called seasonal."""

GROWN = 0.1
"""From this change of what an order brings on, within the same customers, the page warns."""

_FIRST_DAYS = 30
_PILED = 3.0
_REPEATS = 4_000
_MOST_GAPS = 60
_YEAR = 365


def find_gaps(order_days: pd.DataFrame, *, as_of: dt.date) -> pd.DataFrame:
    """Find the gaps between each customer's order days up to a date.

    Returns
    -------
    DataFrame
        One row per gap, by customer and day: customer_id, gap_days.
    """
    check_columns(order_days, ["customer_id", "order_date", "orders"], name="order_days")
    rows = order_days[order_days["orders"] > 0]
    table = pd.DataFrame({"customer_id": rows["customer_id"], "day": pd.to_datetime(rows["order_date"])})
    table = table[table["day"] <= pd.Timestamp(as_of)].drop_duplicates().sort_values(["customer_id", "day"])
    table["gap_days"] = table.groupby("customer_id")["day"].diff().dt.days
    return table.dropna(subset="gap_days")[["customer_id", "gap_days"]].reset_index(drop=True)


def measure_regularity(order_days: pd.DataFrame, *, as_of: dt.date, seed: int = 0) -> dict[str, object]:
    """Measure how regular customers are, against buyers who order at random at their own pace, as all the models assume.

    A customer is regular where the gaps vary less than those of 95 in 100 random buyers with as many gaps would (simulated).
    Half a day is taken off each gap, which is known in whole days only. Over all customers, the order of the Erlang distribution of
    gaps is that of Wheat and Morrison, from each customer's last two gaps: 1 is random, 2 and more is regular; for buyers of every few days it comes out a little high.

    Returns
    -------
    dict
        gap_customers (with ``LEAST_GAPS`` gaps at least), regular_customers, regular_share (None without such customers),
        erlang_order (None where fewer than ``LEAST_CUSTOMERS`` have two gaps), two_gap_customers, is_regular (the share reaches ``REGULAR``).

    Source: Wheat, Morrison (1990), Estimating Purchase Regularity with Two Interpurchase Times, Journal of Marketing Research 27.

    Examples
    --------
    >>> days = pd.date_range("2026-01-01", periods=12, freq="7D")
    >>> orders = pd.concat([pd.DataFrame({"customer_id": f"c{i:02}", "order_date": days, "orders": 1}) for i in range(30)])
    >>> found = measure_regularity(orders, as_of=dt.date(2026, 6, 30))
    >>> found["regular_customers"], found["is_regular"]
    (30, True)
    """
    gaps = find_gaps(order_days, as_of=as_of)
    gaps["gap"] = gaps["gap_days"] - 0.5
    spread = gaps.groupby("customer_id")["gap"].agg(["size", "mean", "std"])
    enough = spread[spread["size"] >= LEAST_GAPS]
    limits = _limits(seed)
    limit = limits[np.minimum(enough["size"], _MOST_GAPS).to_numpy() - LEAST_GAPS] if len(enough) else np.empty(0)
    regular = int((enough["std"] / enough["mean"] < limit).sum()) if len(enough) else 0
    told = regular / len(enough) if len(enough) else None
    last = gaps.groupby("customer_id")["gap"].tail(2)
    pairs = gaps.loc[last.index]
    pairs = pairs[pairs.groupby("customer_id")["gap"].transform("size") == 2]
    first = pairs.groupby("customer_id")["gap"].first()
    both = pairs.groupby("customer_id")["gap"].sum()
    order = None
    if len(both) >= LEAST_CUSTOMERS:
        variance = float(np.mean(np.square(first / both - 0.5)))
        order = (1 - 4 * variance) / (8 * variance) if variance > 0 else None
    return {
        "gap_customers": len(enough),
        "regular_customers": regular,
        "regular_share": told,
        "two_gap_customers": len(both),
        "erlang_order": order,
        "is_regular": told is not None and len(enough) >= LEAST_CUSTOMERS and told >= REGULAR,
    }


def _limits(seed: int) -> np.ndarray:
    """Return, by number of gaps from ``LEAST_GAPS`` on, the spread over mean that 5 in 100 random buyers fall below."""
    random = np.random.default_rng(seed)
    drawn = random.standard_exponential((_REPEATS, _MOST_GAPS))
    return np.array(
        [
            np.quantile(drawn[:, :gaps].std(axis=1, ddof=1) / drawn[:, :gaps].mean(axis=1), 0.05)
            for gaps in range(LEAST_GAPS, _MOST_GAPS + 1)
        ]
    )


def list_month_ends(order_days: pd.DataFrame, *, as_of: dt.date) -> list[dt.date]:
    """List the last days of the whole months of the history, and the last day of the month before the first of them."""
    first = pd.to_datetime(order_days["order_date"]).min().to_period("M")
    end = pd.Timestamp(as_of)
    last = end.to_period("M") if end.is_month_end else end.to_period("M") - 1
    return [month.end_time.date() for month in pd.period_range(first, last, freq="M")]


def measure_seasons(tracking: pd.DataFrame) -> pd.DataFrame:
    """Measure by calendar month how many repeat orders came for each that the model expects, which knows no season.

    The model allows for new customers and for those who left, so that growth is no season. What is left is made to average 1 over the
    months. Where the history holds a month several times, these are added up.

    Parameters
    ----------
    tracking : at month ends, in order: date, repeats, expected_repeats (both cumulative), as from ``track_repeats``

    Returns
    -------
    DataFrame
        One row per calendar month: month (1 to 12), months (how often the history holds it), repeats, expected_repeats, season_index. Empty
        where the history does not hold each of the twelve.
    """
    check_columns(tracking, ["date", "repeats", "expected_repeats"], name="tracking")
    table = tracking[["repeats", "expected_repeats"]].diff().iloc[1:]
    table["month"] = pd.to_datetime(tracking["date"]).dt.month.iloc[1:]
    sums = table.groupby("month").agg(
        months=("repeats", "size"), repeats=("repeats", "sum"), expected_repeats=("expected_repeats", "sum")
    )
    if len(sums) < 12 or not (sums["expected_repeats"] > 0).all():
        return sums.iloc[:0].reset_index().assign(season_index=pd.Series(dtype=float))
    ratio = sums["repeats"] / sums["expected_repeats"]
    return sums.assign(season_index=ratio / ratio.mean()).reset_index()


def describe_seasons(seasons: pd.DataFrame, *, as_of: dt.date, horizon_days: int) -> dict[str, object]:
    """Return the strongest and the weakest month, and what the days ahead have usually held.

    Returns
    -------
    dict
        seasons (whether the history tells), is_seasonal, high_month, high_index, low_month, low_index, ahead_index (mean of
        the days of the horizon), twice (whether every month stands in the history twice: else one odd year looks like a season).
    """
    if seasons.empty:
        return {"seasons": False, "is_seasonal": False, "ahead_index": None}
    high, low = (seasons.loc[getattr(seasons["season_index"], which)()] for which in ("idxmax", "idxmin"))
    ahead = pd.date_range(pd.Timestamp(as_of) + pd.Timedelta(days=1), periods=horizon_days)
    index = seasons.set_index("month")["season_index"]
    noise = 2 / math.sqrt(max(float(seasons["repeats"].mean()), 1.0))
    strong = max(high["season_index"] - 1, 1 - low["season_index"])
    return {
        "seasons": True,
        "is_seasonal": bool(strong >= max(SEASONAL, noise)),
        "high_month": int(high["month"]),
        "high_index": float(high["season_index"]),
        "low_month": int(low["month"]),
        "low_index": float(low["season_index"]),
        "ahead_index": float(index.loc[ahead.month].mean()),
        "twice": bool((seasons["months"] >= 2).all()),
    }


def measure_correlation(spend: pd.DataFrame) -> dict[str, object]:
    """Measure whether frequent buyers place larger or smaller orders, which the model of the value per order takes not to be so.

    Parameters
    ----------
    spend : frequency, mean_value; customers with two order days at least and a mean above nought are looked at

    Returns
    -------
    dict
        pairs (customers looked at), rank_correlation (Spearman), correlation (Pearson; both None with fewer than ``LEAST_CUSTOMERS``, or where one
        of the figures is the same for all), is_correlated.
    """
    used = spend[(spend["frequency"] >= 2) & (spend["mean_value"] > 0)]
    facts: dict[str, object] = {
        "pairs": len(used),
        "rank_correlation": None,
        "correlation": None,
        "is_correlated": False,
    }
    if len(used) < LEAST_CUSTOMERS or used["frequency"].nunique() < 2 or used["mean_value"].nunique() < 2:
        return facts
    ranked = float(spearmanr(used["frequency"], used["mean_value"]).statistic)
    pearson = float(np.corrcoef(used["frequency"], used["mean_value"])[0, 1])
    return facts | {"rank_correlation": ranked, "correlation": pearson, "is_correlated": abs(ranked) >= CORRELATED}


def measure_start(order_days: pd.DataFrame, *, as_of: dt.date) -> dict[str, object]:
    """Measure whether first orders pile up at the start of the log, as they do where customers are older than the log.

    Returns
    -------
    dict
        first_days (30), first_customers (whose first order lies in the first 30 days), first_share, later_per_month (mean of such stretches
        since; None with less than half a year), is_piled (three times as many as later on).
    """
    rows = order_days[(order_days["orders"] > 0) & (pd.to_datetime(order_days["order_date"]) <= pd.Timestamp(as_of))]
    first = pd.to_datetime(rows["order_date"]).groupby(rows["customer_id"]).min()
    start = first.min()
    span = (pd.Timestamp(as_of) - start).days + 1
    early = int((first < start + pd.Timedelta(days=_FIRST_DAYS)).sum())
    facts = {
        "first_days": _FIRST_DAYS,
        "first_customers": early,
        "first_share": early / len(first),
        "log_start": start.date(),
    }
    if span < 6 * _FIRST_DAYS:
        return facts | {"later_per_month": None, "is_piled": False}
    later = (len(first) - early) / (span - _FIRST_DAYS) * _FIRST_DAYS
    return facts | {"later_per_month": later, "is_piled": early >= LEAST_CUSTOMERS and early >= _PILED * later}


def measure_growth(order_days: pd.DataFrame, *, as_of: dt.date) -> dict[str, object]:
    """Measure how what an order brings has changed: the last 365 days against the 365 before, of customers who ordered in both.

    Returns
    -------
    dict
        both_years (customers), value_now, value_before (net sales per order day; None where fewer than ``LEAST_CUSTOMERS`` ordered in both, or the
        history does not reach back so far), value_change (share), is_grown.
    """
    facts: dict[str, object] = {
        "both_years": 0, "value_now": None, "value_before": None, "value_change": None, "is_grown": False,
    }  # fmt: skip
    date, end = pd.to_datetime(order_days["order_date"]), pd.Timestamp(as_of)
    if date.min() > end - pd.Timedelta(days=2 * _YEAR - 1):
        return facts
    years = []
    for back in (0, 1):
        until = end - pd.Timedelta(days=_YEAR * back)
        rows = order_days[(date <= until) & (date > until - pd.Timedelta(days=_YEAR))]
        years.append(
            rows.assign(day=(rows["orders"] > 0).astype("int64")).groupby("customer_id")[["day", "net_sales"]].sum()
        )
    both = years[0].index[years[0]["day"] > 0].intersection(years[1].index[years[1]["day"] > 0])
    facts["both_years"] = len(both)
    if len(both) < LEAST_CUSTOMERS:
        return facts
    now, before = (add(year.loc[both, "net_sales"]) / int(year.loc[both, "day"].sum()) for year in years)
    change = now / before - 1 if before > 0 else None
    return facts | {
        "value_now": now,
        "value_before": before,
        "value_change": change,
        "is_grown": change is not None and abs(change) >= GROWN,
    }


def measure_assumptions(
    order_days: pd.DataFrame, spend: pd.DataFrame, seasons: pd.DataFrame, *, as_of: dt.date, horizon_days: int
) -> dict[str, object]:
    """Hold each of the five assumptions against the data.

    Parameters
    ----------
    spend : frequency, mean_value
    seasons : as from ``measure_seasons``

    Returns
    -------
    dict
        All figures of the measures, failed (how many assumptions fail), says (codes of what is to be said, those that fail first), and size and
        error: whether frequent buyers' orders are larger or smaller, and whether others are rated high or low for it.
    """
    facts = measure_regularity(order_days, as_of=as_of) | measure_correlation(spend)
    facts |= describe_seasons(seasons, as_of=as_of, horizon_days=horizon_days)
    facts |= measure_start(order_days, as_of=as_of) | measure_growth(order_days, as_of=as_of)
    up = (facts["rank_correlation"] or 0.0) > 0
    facts |= {"size": "larger" if up else "smaller", "error": "high" if up else "low", "horizon_days": horizon_days}
    fails, says = [], []
    for code, fail, known in (
        ("regular", facts["is_regular"], facts["gap_customers"] >= LEAST_CUSTOMERS),
        ("seasonal", facts["is_seasonal"], facts["seasons"]),
        ("correlated", facts["is_correlated"], facts["rank_correlation"] is not None),
        ("piled", facts["is_piled"], True),
        ("grown", facts["is_grown"], facts["value_change"] is not None),
    ):
        if fail:
            fails += [code, *(["seasonal_once"] if code == "seasonal" and not facts["twice"] else [])]
        else:
            says.append(f"{code}_none" if known else f"{code}_unknown")
    failed = len([code for code in fails if code != "seasonal_once"])
    return facts | {"failed": failed, "says": [*fails, *says]}
