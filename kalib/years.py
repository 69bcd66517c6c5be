"""For how much of two spans has an account been a customer, and what changed among those who can be compared?"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_columns, check_key

YEAR, HALF = 365, 180
"""Days of the spans that are compared with the span before: years, and half-years where there is no whole year before."""

KINDS = ("two_years", "second_year", "first_year", "came_back", "stopped", "silent")
"""What an account is by its two spans; ``find_kinds`` says by which rule."""

LEAST = 10
"""Accounts with two whole spans below which no change is told of them: one of them would decide it."""


@dataclass(frozen=True)
class Span:
    """What the last days are compared with.

    Attributes
    ----------
    name : ``year``, ``half`` or ``none``
    days : length of the span that is told: 365, 180, or the whole history where nothing can be compared
    as_of, before : last day of the span, and of the one before it
    history_days : days from the first order to ``as_of``, both among them
    """

    name: str
    days: int
    as_of: dt.date
    before: dt.date
    history_days: int


def choose_span(customers: pd.DataFrame, as_of: dt.date) -> Span:
    """Choose what the last days are compared with: a year with the year before, else half a year with the half before.

    A year takes 730 days of orders, half a year a full year of them. Spans never overlap, and one that the history does not
    fill is compared with nothing: then the days that there are stand alone.

    Parameters
    ----------
    customers : tenure_days

    Examples
    --------
    >>> [choose_span(pd.DataFrame({"tenure_days": [days - 1.0]}), dt.date(2026, 6, 30)).name for days in (730, 729, 365, 364)]
    ['year', 'half', 'half', 'none']
    >>> choose_span(pd.DataFrame({"tenure_days": [180.0]}), dt.date(2026, 6, 30)).days
    181
    """
    longest = customers["tenure_days"].max()
    history = 0 if pd.isna(longest) else int(longest) + 1
    name = "year" if history >= 2 * YEAR else "half" if history >= YEAR else "none"
    days = {"year": YEAR, "half": HALF, "none": history}[name]
    return Span(name, days, as_of, as_of - dt.timedelta(days=days), history)


def find_kinds(
    tenure_days: pd.Series, orders: pd.Series, orders_before: pd.Series, *, apart: int = YEAR, span: int = YEAR
) -> pd.Series:
    """Find what each account is by its two spans.

    ``silent``: no order in either. ``stopped``: ordered in the earlier one and not in the last. Of those who ordered in
    the last: ``first_year``: the first order came after the end of the earlier span; ``second_year``: within the earlier span,
    of which it had only a part; ``two_years``: before it, and it ordered in both; ``came_back``: before it, and it
    ordered nothing in it. Of two years of 365 days that follow each other, the first order of ``two_years`` lies 730
    days back or more. The first order is the first on record.

    Parameters
    ----------
    tenure_days : days from the first order to the last day of the later span; missing without an order
    orders, orders_before : of the later and of the earlier span
    apart : days from the last day of the earlier span to that of the later
    span : days of the earlier span

    Examples
    --------
    >>> find_kinds(pd.Series([730, 729, 364]), pd.Series([1, 1, 1]), pd.Series([1, 1, 0])).tolist()
    ['two_years', 'second_year', 'first_year']
    """
    bought, bought_before = orders > 0, orders_before > 0
    rules = {
        "silent": ~bought & ~bought_before,
        "stopped": ~bought,
        "first_year": tenure_days < apart,
        "second_year": ~is_whole(tenure_days, apart=apart, span=span),
        "two_years": bought_before,
    }
    return pd.Series(np.select(list(rules.values()), list(rules), "came_back"), index=tenure_days.index, dtype="str")


def is_whole(tenure_days: pd.Series, *, apart: int = YEAR, span: int = YEAR) -> pd.Series:
    """Say who was a customer for the whole of the earlier span: the first order lies before its first day."""
    return tenure_days >= apart + span


def line_up(
    customers: pd.DataFrame,
    span: Span,
    *,
    earlier: pd.DataFrame | None = None,
    still: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Put what each account bought in the span beside what it bought in the span before.

    Parameters
    ----------
    customers : one row per customer as of the end of the span
    span : ``year`` or ``half``
    earlier : the same as of the end of the span before; of a year it is not needed
    still : who still counts as a customer, having ordered in the activity window; None: whoever ordered in the span

    Returns
    -------
    DataFrame
        One row per customer: customer_id, tenure_days, days_since_last_order, net_sales_now, net_sales_then, orders_now, orders_then,
        net_sales_moved (now less then), change_share (over then; absent unless it had the whole span before and bought for
        more than 0 in it), year_kind (``find_kinds``), base_is_whole, has_stopped (ordered in either span and does not count as a
        customer any more).
    """
    check_key(customers, ["customer_id"], name="customers")
    now, then = _name_columns(span)
    table = customers if span.name == "year" else _join_earlier(customers, earlier, span)
    check_columns(table, [*now, *then, "tenure_days", "days_since_last_order"], name="customers")
    kept = ["customer_id", "tenure_days", "days_since_last_order"]
    names = dict(zip((*now, *then), ("net_sales_now", "orders_now", "net_sales_then", "orders_then"), strict=True))
    table = table[[*kept, *names]].rename(columns=names)
    table["net_sales_moved"] = (table["net_sales_now"] - table["net_sales_then"]).round(2)
    spans = {"apart": span.days, "span": span.days}
    table["year_kind"] = find_kinds(table["tenure_days"], table["orders_now"], table["orders_then"], **spans)
    table["base_is_whole"] = is_whole(table["tenure_days"], **spans)
    base = table["net_sales_then"].where(table["base_is_whole"] & (table["net_sales_then"] > 0))
    table["change_share"] = table["net_sales_moved"] / base
    counts = table["orders_now"] > 0 if still is None else table["customer_id"].isin(set(still))
    table["has_stopped"] = ~counts & (table["year_kind"] != "silent")
    return table.sort_values("customer_id", ignore_index=True)


def summarise_kinds(lined: pd.DataFrame) -> pd.DataFrame:
    """Summarise accounts and money by what they are: a bridge from the sales of one span to those of the next.

    Parameters
    ----------
    lined : year_kind, net_sales_then, net_sales_now, net_sales_moved

    Returns
    -------
    DataFrame
        One row per kind in the order of ``KINDS``, empty ones too: year_kind, customers, net_sales_then, net_sales_now,
        net_sales_moved, change_share (of ``two_years`` alone: no other had both spans whole and bought in both).
    """
    rows = []
    for kind in KINDS:
        group = lined[lined["year_kind"] == kind]
        money = {column: add(group[column]) for column in ("net_sales_then", "net_sales_now", "net_sales_moved")}
        change = share(money["net_sales_moved"], money["net_sales_then"]) if kind == "two_years" else math.nan
        rows.append({"year_kind": kind, "customers": len(group), **money, "change_share": change})
    return pd.DataFrame(rows)


def measure_retention(lined: pd.DataFrame) -> pd.DataFrame:
    """Measure how many of the accounts of the span before, and how much of their money, came again in the last.

    Returns
    -------
    DataFrame
        One row each for ``whole`` (customers for the whole of the span before), ``part`` (those whose first order fell into it)
        and ``all``: retention_base, customers_before (ordered in it), customers_kept (of them, ordered in the last), kept_share,
        net_sales_then, net_sales_now (of all of them), retention_share (now over then: net revenue retention; of ``whole``
        alone, since the money of a part is no measure), lost_sales (then, of those who stopped).

    Examples
    --------
    >>> lined = pd.DataFrame({"orders_then": [2, 1, 1], "orders_now": [3, 0, 1], "net_sales_then": [80.0, 20, 5],
    ...     "net_sales_now": [90.0, 0, 30], "base_is_whole": [True, True, False]})
    >>> measure_retention(lined)[["retention_base", "customers_kept", "kept_share", "retention_share"]].values.tolist()
    [['whole', 1, 0.5, 0.9], ['part', 1, 1.0, nan], ['all', 2, 0.6666666666666666, nan]]
    """
    then = lined[lined["orders_then"] > 0]
    rows = []
    for base, group in (("whole", then[then["base_is_whole"]]), ("part", then[~then["base_is_whole"]]), ("all", then)):
        kept = group["orders_now"] > 0
        before, now = add(group["net_sales_then"]), add(group["net_sales_now"])
        rows.append(
            {
                "retention_base": base,
                "customers_before": len(group),
                "customers_kept": int(kept.sum()),
                "kept_share": share(int(kept.sum()), len(group)),
                "net_sales_then": before,
                "net_sales_now": now,
                "retention_share": share(now, before) if base == "whole" else math.nan,
                "lost_sales": add(group.loc[~kept, "net_sales_then"]),
            }
        )
    return pd.DataFrame(rows)


def describe_change(lined: pd.DataFrame) -> dict[str, object]:
    """Describe what changed against the span before, split by what can be compared.

    Returns
    -------
    dict
        net_sales_then, net_sales_now, net_sales_change (share; None without sales then), customers_then, customers_now,
        customers_change; like_customers (bought in the span before and had the whole of it), like_kept, like_kept_share,
        like_lost, like_lost_sales, like_share (of net sales then), like_change (net revenue retention less 1), retention_share,
        kept_change (of those of them who still order); newer_customers (ordered in either span, with a first order within the
        two), newer_moved, newer_size; other_moved (who came back, and returns of who was silent); like: ``known``, or
        ``few`` where fewer than ``LEAST`` accounts can be compared.
    """
    whole = measure_retention(lined).set_index("retention_base").loc["whole"]
    kinds = summarise_kinds(lined).set_index("year_kind")
    then, now = add(lined["net_sales_then"]), add(lined["net_sales_now"])
    bought, bought_before = lined["orders_now"] > 0, lined["orders_then"] > 0
    newer = lined[~lined["base_is_whole"] & (bought | bought_before)]
    like_moved = whole["net_sales_now"] - whole["net_sales_then"]
    known = whole["customers_before"] >= LEAST and whole["net_sales_then"] > 0
    newer_moved = add(newer["net_sales_moved"])
    return {
        "net_sales_then": then,
        "net_sales_now": now,
        "net_sales_change": now / then - 1 if then > 0 else None,
        "customers_then": int(bought_before.sum()),
        "customers_now": int(bought.sum()),
        "customers_change": int(bought.sum()) - int(bought_before.sum()),
        "like": "known" if known else "few",
        "like_customers": int(whole["customers_before"]),
        "like_kept": int(whole["customers_kept"]),
        "like_kept_share": float(whole["kept_share"]),
        "like_lost": int(whole["customers_before"] - whole["customers_kept"]),
        "like_lost_sales": float(whole["lost_sales"]),
        "like_share": share(float(whole["net_sales_then"]), then),
        "like_change": float(whole["retention_share"]) - 1 if known else math.nan,
        "retention_share": float(whole["retention_share"]) if known else math.nan,
        "kept_change": float(kinds.loc["two_years", "change_share"]),
        "newer_customers": len(newer),
        "newer_moved": newer_moved,
        "newer_size": abs(newer_moved),
        "other_moved": add([now, -then, -like_moved, -newer_moved]),
    }


def _name_columns(span: Span) -> tuple[tuple[str, str], tuple[str, str]]:
    now = (f"net_sales_{span.days}_days", f"orders_{span.days}_days")
    ends = {"year": "_last_year", "half": "_before"}
    if span.name not in ends:
        raise NotEnoughDataError("years_no_span", days=span.history_days, least=YEAR)
    return now, (now[0] + ends[span.name], now[1] + ends[span.name])


def _join_earlier(customers: pd.DataFrame, earlier: pd.DataFrame | None, span: Span) -> pd.DataFrame:
    now, then = _name_columns(span)
    if earlier is None:
        raise ValueError(f"a {span.name} is compared with `earlier`: customers as of {span.before}")
    check_key(earlier, ["customer_id"], name="earlier")
    known = earlier[["customer_id", *now]].rename(columns=dict(zip(now, then, strict=True)))
    joined = customers.merge(known, on="customer_id", how="left", validate="1:1")
    return joined.assign(**{column: joined[column].fillna(0) for column in then})
