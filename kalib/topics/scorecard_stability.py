"""How sure is the list? How often do resamples of the orders select an account, and where was it weeks and a year ago?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kalib.schema import check_columns
from kalib.topics.scorecard import (
    FLOORS,
    LEAST_KNOWN,
    Sheet,
    gather_measures,
    put_beside,
    score_accounts,
    score_criteria,
    score_measure,
    score_values,
)
from kalib.topics.scorecard_rule import apply_rule, asks_for_score, fix_value

RESAMPLES = 200
"""How many resamples of the order histories: a share of one half is then known to within seven points."""

MOST_DRAWS = 40_000_000
"""Order days times resamples at most; a longer log gets fewer resamples, at least ``LEAST_RESAMPLES``."""

LEAST_RESAMPLES = 25

CERTAIN, LIKELY, BORDERLINE = 0.9, 0.5, 0.1
"""From which selection frequency on an account is called certain, likely, borderline; below, it is unlikely."""

CLASSES = ("certain", "likely", "borderline", "unlikely")

YEAR, HALF = 365, 180

_BATCH = 4_000_000
_WINDOWS = {
    # what of an order day, days before the snapshot date from and up to which
    "sales": ("net_sales", 0, YEAR),
    "before": ("net_sales", YEAR, 2 * YEAR),
    "late": ("net_sales", 0, HALF),
    "early": ("net_sales", HALF, 2 * HALF),
    "orders": ("orders", 0, YEAR),
    "margin": ("margin", 0, YEAR),
}

REDRAWN = {
    "net_sales_365_days": ("sales",),
    "orders_365_days": ("orders",),
    "margin_365_days": ("margin",),
    "net_sales_per_order_365_days": ("sales", "orders"),
    "wallet_share": ("sales",),
    "unspent_wallet": ("sales",),
    "unbought_sales": ("sales",),
    "profit_365_days": ("margin",),
    "profit_rate_365_days": ("margin", "sales"),
    "net_sales_change": ("sales", "before"),
    "net_sales_trend": ("late", "early"),
    "overdue_share": ("sales",),
}
"""Measures that follow from the days with an order, and the sums that they are worked out of; all others are held."""


def list_redrawn(sheet: Sheet, order_days: pd.DataFrame) -> list[str]:
    """Return the measures of the sheet that are worked out anew in each resample; the others are held as they are."""
    there = {"sales", "orders"} | ({"margin"} if "margin" in order_days else set())
    there |= {"before"} if "net_sales_365_days_last_year" in sheet.values else set()
    there |= {"late", "early"} if "net_sales_180_days" in sheet.values else set()
    return [use.name for use in sheet.uses if set(REDRAWN.get(use.name, ("none",))) <= there]


def count_resamples(order_days: int, accounts: int, *, resamples: int = RESAMPLES) -> int:
    """Return how many resamples a log of that size gets: those asked for, or fewer where that would take minutes.

    Examples
    --------
    >>> count_resamples(60_000, 1_352), count_resamples(10_000_000, 2_000_000)
    (200, 25)
    """
    size = max(order_days + 10 * accounts, 1)
    return min(resamples, max(MOST_DRAWS // size, LEAST_RESAMPLES))


def resample_list(
    sheet: Sheet,
    order_days: pd.DataFrame,
    weights: np.ndarray,
    rule: Mapping[str, object],
    *,
    as_of: dt.date,
    least_known: float = LEAST_KNOWN,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[pd.DataFrame, int]:
    """Return how often each account is on the list by the rule when the order histories are drawn anew.

    In each resample every day with an order counts as often as chance has it (a Poisson draw with mean 1, the form that
    drawing with replacement takes when the number of order days is itself left to chance); an account's sums move by
    what that adds or takes away. From them the measures in ``REDRAWN`` are worked out anew, then all scores, the
    weights being kept, and the rule is asked. Only its part ``value_share`` asks for the net sales that it takes today:
    figures drawn anew are more unequal than the real ones, so the bar would rise by itself. What does not follow from order days is held: returns on days without an
    order, costs, wallets, surveys, forecasts. A share of resamples is a selection frequency: it says how far the list
    hangs on the chance of single orders, not how probable it is that an account deserves its place.

    Parameters
    ----------
    order_days : one row per customer and day with an order: customer_id, order_date, orders, net_sales, margin
    resamples : asked for; ``count_resamples`` says how many are made
    seed : of the draws; they do not depend on the order of rows

    Returns
    -------
    DataFrame
        customer_id, selection_frequency, selection_class (certain from .9, likely from .5, borderline from .1, unlikely),
        by customer_id.
    int
        How many resamples were made.
    """
    days, rule = _within_two_years(sheet, order_days, as_of), fix_value(rule, sheet.value)
    count = count_resamples(len(days), len(sheet.accounts), resamples=resamples)
    scored = asks_for_score(rule)
    redrawn = set(list_redrawn(sheet, order_days))
    held = {
        i: score_measure(
            sheet.values[use.name].to_numpy(float),
            higher=use.higher,
            threshold=use.threshold,
            normalise=sheet.normalise,
        )
        for i, use in enumerate(sheet.uses)
        if use.name not in redrawn
    }
    as_scored = score_accounts(sheet.criterion_scores, weights)
    random = np.random.default_rng(seed)
    selected = np.zeros(len(sheet.accounts))
    batch = max(1, min(count, _BATCH // max(len(days), 1)))
    for first in range(0, count, batch):
        windows = _WINDOWS if scored else ("sales",)
        drawn = _draw(days, len(sheet.accounts), min(batch, count - first), random, windows=windows)
        for replicate in range(min(batch, count - first)):
            sums = {name: sum_[replicate] for name, sum_ in drawn.items()}
            if scored:
                selected += _select(sheet, sums, held, weights, rule, least_known)
            else:
                selected += apply_rule(rule, as_scored, _redraw_sales(sheet.values, sums))
    frequency = selected / count
    classes = np.select([frequency >= CERTAIN, frequency >= LIKELY, frequency >= BORDERLINE], CLASSES[:3], CLASSES[3])
    table = {"customer_id": sheet.accounts, "selection_frequency": frequency, "selection_class": classes}
    return pd.DataFrame(table).astype({"customer_id": "str", "selection_class": "str"}), count


def _within_two_years(sheet: Sheet, order_days: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Return the order days that any window reaches, by account (as ``at``) and day."""
    check_columns(order_days, ["customer_id", "order_date", "orders", "net_sales"], name="order_days")
    at = pd.Index(sheet.accounts).get_indexer(order_days["customer_id"])
    ago = (pd.Timestamp(as_of) - pd.to_datetime(order_days["order_date"])).dt.days.to_numpy()
    kept = (at >= 0) & (ago >= 0) & (ago < 2 * YEAR)
    days = order_days[kept].assign(at=at[kept], ago=ago[kept])
    return days.sort_values(["at", "ago"], ignore_index=True)


def _draw(
    days: pd.DataFrame, accounts: int, count: int, random: np.random.Generator, *, windows: Collection[str]
) -> dict[str, np.ndarray]:
    """Return by how much each account's sums over these windows move in each of ``count`` resamples: resamples by accounts."""
    extra = random.poisson(1.0, size=(count, len(days))).astype(np.int8) - 1.0
    ago, at = days["ago"].to_numpy(), days["at"].to_numpy()
    out = {}
    for name, (what, newest, oldest) in _WINDOWS.items():
        if what not in days or name not in windows:
            continue
        inside = np.flatnonzero((ago >= newest) & (ago < oldest))
        moved = np.zeros((count, accounts))
        if len(inside):
            whole = len(inside) == len(days)
            drawn = (extra if whole else extra[:, inside]) * days[what].to_numpy(float)[inside]
            own = at[inside]
            starts = np.flatnonzero(np.r_[True, own[1:] != own[:-1]])
            moved[:, own[starts]] = np.add.reduceat(drawn, starts, axis=1)
        out[name] = moved
    return out


def _select(
    sheet: Sheet,
    moved: Mapping[str, np.ndarray],
    held: Mapping[int, np.ndarray],
    weights: np.ndarray,
    rule: Mapping[str, object],
    least_known: float,
) -> np.ndarray:
    values = _work_out(sheet.values, moved)
    columns = [
        held[i]
        if i in held
        else score_measure(values[use.name], higher=use.higher, threshold=use.threshold, normalise=sheet.normalise)
        for i, use in enumerate(sheet.uses)
    ]
    criteria = score_criteria(np.column_stack(columns), sheet.uses, sheet.criteria)
    scores = score_accounts(criteria, weights)
    return apply_rule(rule, scores, values["net_sales_365_days"], least_known=least_known)


def _redraw_sales(values: pd.DataFrame, moved: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.round(values["net_sales_365_days"].to_numpy(float) + moved["sales"], 2)


def _work_out(values: pd.DataFrame, moved: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Work the measures out anew from sums that moved; with nothing moved they are what they were."""

    def old(name: str) -> np.ndarray:
        return values[name].to_numpy(float)

    has = set(values.columns).__contains__
    sales = _redraw_sales(values, moved)
    out = {"net_sales_365_days": sales}
    if has("orders_365_days"):
        orders = old("orders_365_days") + moved["orders"]
        out["orders_365_days"] = orders
        out["net_sales_per_order_365_days"] = np.where(orders > 0, sales / np.where(orders > 0, orders, 1), np.nan)
    if has("wallet_share"):
        wallet = np.where(old("wallet") > 0, old("wallet"), np.nan)
        out |= {"wallet_share": sales / wallet, "unspent_wallet": np.clip(wallet - sales, 0, None)}
    if has("unbought_sales"):
        rate = old("unbought_rate")
        out["unbought_sales"] = np.clip(sales, 0, None) * rate
    if has("profit_365_days") and has("margin_365_days") and "margin" in moved:
        out["profit_365_days"] = old("profit_365_days") + moved["margin"]
        out["margin_365_days"] = old("margin_365_days") + moved["margin"]
        out["profit_rate_365_days"] = np.where(
            sales > 0, out["profit_365_days"] / np.where(sales > 0, sales, 1), np.nan
        )
    if has("overdue_share"):
        overdue = np.clip(old("overdue_amount"), 0, None)
        bottom = overdue + np.clip(sales, 0, None)
        late = np.where(overdue > 0, overdue / np.where(bottom > 0, bottom, 1), overdue)
        out["overdue_share"] = np.where(late < FLOORS["overdue_share"], 0.0, late)
    if has("net_sales_365_days_last_year") and has("net_sales_change"):
        base = old("net_sales_365_days_last_year") + moved["before"]
        change = _over(sales - base, base)  # who had no whole year before has no rate of growth in any resample either
        out["net_sales_change"] = np.where(np.isnan(old("net_sales_change")), np.nan, change)
    if has("net_sales_trend") and has("net_sales_180_days"):
        # The half year before is found from the trend; where that is -1, nothing was sold since, and -1 it stays.
        trend, late = old("net_sales_trend"), np.clip(old("net_sales_180_days"), 0, None)
        falls = trend <= -1
        early = np.nan_to_num(late * (1 - trend) / np.where(falls, 1.0, 1 + trend))
        late = np.where(falls, 0.0, np.clip(late + moved["late"], 0, None))
        early = np.where(falls, 1.0, np.clip(early + moved["early"], 0, None))
        out["net_sales_trend"] = _over(late - early, late + early)
    return out


def _over(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.where(bottom > 0, np.round(top / np.where(bottom > 0, bottom, 1.0), 6), np.nan)


def compare_weeks(
    sheet: Sheet,
    customers: pd.DataFrame,
    snapshots: Callable[[Sequence[dt.date]], pd.DataFrame],
    dates: Sequence[dt.date],
    weights: np.ndarray,
    rule: Mapping[str, object],
    *,
    accounts: pd.DataFrame | None = None,
    mix: pd.DataFrame | None = None,
    churn: pd.DataFrame | None = None,
    value: pd.DataFrame | None = None,
    least_known: float = LEAST_KNOWN,
) -> tuple[pd.DataFrame, pd.Series]:
    """Make the list as it would have been at earlier dates, by the same weights and the same rule.

    What follows from the orders alone is taken as it stood at each date. Everything else is not known for an earlier
    date and is held at its present value: goods, payments, contacts, costs, the table of accounts, forecasts.

    Parameters
    ----------
    sheet, weights, rule : of today's list
    customers : the table of the run
    snapshots : returns the columns of ``customers`` that follow from orders as they stood at given dates; asked for one
        date at a time, so that memory holds one
    dates : the earlier dates
    accounts, mix, churn, value : as they went into the sheet

    Returns
    -------
    DataFrame
        One row per date, the newest first: as_of, key_accounts, entered (on today's list, not on that one), left (on that
        one, not on today's).
    Series
        By customer_id of the sheet: on how many of the earlier lists the account stands.
    """
    today = apply_rule(rule, score_accounts(sheet.criterion_scores, weights), sheet.value, least_known=least_known)
    ids = pd.Index(sheet.accounts)
    rows, times = [], np.zeros(len(ids), dtype=int)
    for date in sorted(dates, reverse=True):
        listed = np.zeros(len(ids), dtype=bool)
        then = sheet_at(sheet, customers, snapshots([date]), date, accounts=accounts, mix=mix, churn=churn, value=value)
        if len(then.accounts):
            scores = score_accounts(then.criterion_scores, weights)
            key = apply_rule(rule, scores, then.value, least_known=least_known)
            at = ids.get_indexer(then.accounts)
            listed[at[key & (at >= 0)]] = True
        times += listed
        rows.append((date, int(listed.sum()), int((today & ~listed).sum()), int((listed & ~today).sum())))
    table = pd.DataFrame(rows, columns=["as_of", "key_accounts", "entered", "left"])
    return table, pd.Series(times, index=ids, name="earlier_lists")


def sheet_at(
    sheet: Sheet,
    customers: pd.DataFrame,
    past: pd.DataFrame,
    date: dt.date,
    *,
    accounts: pd.DataFrame | None = None,
    mix: pd.DataFrame | None = None,
    churn: pd.DataFrame | None = None,
    value: pd.DataFrame | None = None,
) -> Sheet:
    """Return the sheet as it would have been at an earlier date, of today's measures; see ``compare_weeks``.

    Parameters
    ----------
    past : the columns of ``customers`` that follow from orders, as they stood at the date
    """
    present = customers[["customer_id", *[c for c in customers if c not in past]]]
    measures = gather_measures(
        put_beside(past, present), as_of=date, accounts=accounts, mix=mix, churn=churn, value=value
    )
    values = measures.reindex(columns=sheet.values.columns)
    scores = score_values(values, sheet.uses, normalise=sheet.normalise)
    return replace(
        sheet,
        accounts=measures["customer_id"].to_numpy(object),
        values=values,
        measure_scores=scores,
        criterion_scores=score_criteria(scores, sheet.uses, sheet.criteria),
    )


def review_year(
    sheet: Sheet,
    then: Sheet,
    order_days: pd.DataFrame,
    weights: np.ndarray,
    rule: Mapping[str, object],
    *,
    date: dt.date,
    least_known: float = LEAST_KNOWN,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Say how many of those on the list a year ago are on it today, by how clear their place was then.

    A place that no resample changes says how exactly the year was measured. It does not say that the account will be as large
    next year: this table does, as far as one year can.

    Parameters
    ----------
    sheet, then : of today and of ``date``; ``sheet_at`` makes the second
    order_days : as for ``resample_list``; days after ``date`` are not looked at

    Returns
    -------
    DataFrame
        One row per class, the clearest first: selection_class, on_list_then (accounts on the list at ``date``), stayed (of
        them on today's list by the rule), stayed_share (missing of none).
    """
    frequencies, _ = resample_list(
        then, order_days, weights, rule, as_of=date, least_known=least_known, resamples=resamples
    )
    then_key = apply_rule(rule, score_accounts(then.criterion_scores, weights), then.value, least_known=least_known)
    now_key = apply_rule(rule, score_accounts(sheet.criterion_scores, weights), sheet.value, least_known=least_known)
    stayed = np.isin(then.accounts, sheet.accounts[now_key])
    table = frequencies.assign(listed=then_key, stayed=then_key & stayed).groupby("selection_class")
    counts = table[["listed", "stayed"]].sum().reindex(list(CLASSES), fill_value=0).astype(int)
    counts = counts.rename(columns={"listed": "on_list_then"}).rename_axis("selection_class").reset_index()
    counts = counts[counts["on_list_then"] > 0].reset_index(drop=True)
    return counts.assign(stayed_share=counts["stayed"] / counts["on_list_then"])


def find_year_ago(as_of: dt.date, *, first: dt.date) -> dt.date | None:
    """Return the day a year before, if the list of that day can look back over a whole year; else None.

    Examples
    --------
    >>> find_year_ago(dt.date(2026, 6, 30), first=dt.date(2024, 6, 1)), find_year_ago(dt.date(2026, 6, 30), first=dt.date(2025, 1, 1))
    (datetime.date(2025, 6, 30), None)
    """
    date = as_of - dt.timedelta(days=YEAR)
    return date if date - dt.timedelta(days=YEAR - 1) >= first else None


def list_dates(as_of: dt.date, *, weeks: int = 4, first: dt.date | None = None) -> list[dt.date]:
    """Return the dates one to some weeks before the snapshot date, none of them before the first order.

    Parameters
    ----------
    first : day of the first order; a date before it has no list to compare with

    Examples
    --------
    >>> list_dates(dt.date(2026, 6, 30), weeks=2)
    [datetime.date(2026, 6, 23), datetime.date(2026, 6, 16)]
    >>> list_dates(dt.date(2026, 6, 30), first=dt.date(2026, 6, 20))
    [datetime.date(2026, 6, 23)]
    """
    dates = [as_of - dt.timedelta(days=7 * week) for week in range(1, weeks + 1)]
    return [date for date in dates if first is None or date >= first]
