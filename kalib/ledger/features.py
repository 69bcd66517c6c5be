"""What is known of a customer at a date? The four bounded tables and every snapshot, once, as Ibis expressions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
from ibis import _
from ibis.common.deferred import Deferred
from ibis.expr.types import Table

WINDOWS = (30, 90, 180, 365)
LAST_YEAR = (90, 365)
SEASON = 90
YEAR = 365


def days(lines: Table) -> Table:
    """Return one row per customer and day with any line: the table that everything else is read from.

    An order belongs to the day of its first line that is not a return and counts there once; money stays on the
    day of its own line, so that no date ever knows of a later one.

    Parameters
    ----------
    lines : customer_id, order_id, order_date, amount, is_return, and cost where the source has it

    Returns
    -------
    Table
        customer_id, order_date, lines, orders, net_sales, gross_sales, returns, margin (with cost), gap_days (since
        the customer's previous day with an order; null on the first and on days without one). Money is exact.
    """
    has_cost = "cost" in lines.columns
    money = lines.group_by("customer_id", "order_date").agg(
        lines=_.count(),
        net_sales=_.amount.sum(),
        gross_sales=_.amount.sum(where=_.amount > 0),
        returns=(-_.amount).sum(where=_.amount < 0),
        **({"margin": _.amount.sum() - _.cost.sum()} if has_cost else {}),
    )
    first = (
        lines.filter(~_.is_return)
        .group_by("customer_id", "order_id")
        .agg(order_date=_.order_date.min())
        .group_by("customer_id", "order_date")
        .agg(orders=_.count())
    )
    joined = money.left_join(first, ["customer_id", "order_date"]).drop("customer_id_right", "order_date_right")
    joined = joined.mutate(
        orders=_.orders.fill_null(0),
        gross_sales=_.gross_sales.fill_null(0),
        returns=_.returns.fill_null(0),
    )
    bought = joined.filter(_.orders > 0)
    previous = bought.order_date.lag().over(group_by=bought.customer_id, order_by=bought.order_date)
    gaps = bought.select("customer_id", "order_date", gap_days=bought.order_date.delta(previous, unit="day"))
    return joined.left_join(gaps, ["customer_id", "order_date"]).drop("customer_id_right", "order_date_right")


def snapshots(days: Table, dates: Sequence[dt.date]) -> Table:
    """Return one row per snapshot date and customer with any row by then; columns as in ``schema.COLUMNS``.

    A window of 90 days up to a date holds the date and the 89 days before it. Only rows up to the date enter its row.

    Parameters
    ----------
    days : the table of ``days``
    dates : snapshot dates

    Returns
    -------
    Table
        as_of, customer_id, first_order_date, last_order_date, orders, order_days, net_sales, gross_sales, returns,
        returns_share, days_since_last_order, tenure_days, gap_days, gap_days_spread, silence_ratio, the windows
        ``orders_*_days`` and ``net_sales_*_days``, the same a year before, the orders of the 90 days
        that followed the date a year before, and margins where there is cost.
    """
    known = _known(days, dates)
    age = known.as_of.delta(known.order_date, unit="day")
    known = known.mutate(age=age)
    sums = {}
    for what in ("orders", "net_sales"):
        for window in WINDOWS:
            sums[f"{what}_{window}_days"] = known[what].sum(where=known.age < window)
        for window in LAST_YEAR:
            inside = (known.age >= YEAR) & (known.age < YEAR + window)
            sums[f"{what}_{window}_days_last_year"] = known[what].sum(where=inside)
    coming = (known.age >= YEAR - SEASON) & (known.age < YEAR)
    sums[f"orders_next_{SEASON}_days_last_year"] = known.orders.sum(where=coming)
    if "margin" in known.columns:
        sums["margin"] = known.margin.sum()
        sums["margin_365_days"] = known.margin.sum(where=known.age < YEAR)
    bought = known.orders > 0
    table = known.group_by("as_of", "customer_id").agg(
        first_order_date=known.order_date.min(where=bought),
        last_order_date=known.order_date.max(where=bought),
        orders=known.orders.sum(),
        order_days=bought.sum(),
        net_sales=known.net_sales.sum(),
        gross_sales=known.gross_sales.sum(),
        returns=known.returns.sum(),
        gap_sum=known.gap_days.sum(),
        gap_squares=(known.gap_days * known.gap_days).sum(),
        gap_count=known.gap_days.count(),
        **sums,
    )
    money = [
        name for name in table.columns if name.startswith(("net_sales", "margin")) or name in ("gross_sales", "returns")
    ]
    table = table.mutate(
        **{name: _[name].fill_null(0).round(2).cast("float64") for name in money},
        **{name: _counted(_[name]) for name in table.columns if name.startswith("orders") or name == "order_days"},
    )
    spread = (_.gap_squares - _.gap_sum * _.gap_sum / _.gap_count) / (_.gap_count - 1)
    table = table.mutate(
        returns_share=ibis.ifelse(_.gross_sales > 0, _.returns / _.gross_sales, None).round(6),
        days_since_last_order=_.as_of.delta(_.last_order_date, unit="day"),
        tenure_days=_.as_of.delta(_.first_order_date, unit="day"),
        gap_days=ibis.ifelse(_.gap_count >= 1, _.gap_sum / _.gap_count, None).round(6),
        gap_days_spread=ibis.ifelse(_.gap_count >= 2, spread, None).sqrt().round(6),
    )
    table = table.mutate(
        silence_ratio=ibis.ifelse(_.gap_count >= 1, _.days_since_last_order * _.gap_count / _.gap_sum, None).round(6)
    )
    return table.drop("gap_sum", "gap_squares", "gap_count").order_by("as_of", "customer_id")


def outcomes(days: Table, dates: Sequence[dt.date], *, horizon_days: int) -> Table:
    """Return what each customer known at a date did in the horizon after it.

    Returns
    -------
    Table
        One row per as_of and customer with an order by then: orders_ahead, net_sales_ahead in (as_of, as_of + horizon].
    """
    known = _known(days, dates).filter(_.orders > 0).group_by("as_of", "customer_id").agg(n=_.count()).drop("n")
    moments = _moments(dates)
    ahead = days.cross_join(moments)
    distance = ahead.order_date.delta(ahead.as_of, unit="day")
    ahead = (
        ahead.filter((distance > 0) & (distance <= horizon_days))
        .group_by("as_of", "customer_id")
        .agg(orders_ahead=_.orders.sum(), net_sales_ahead=_.net_sales.sum().round(2).cast("float64"))
    )
    joined = known.left_join(ahead, ["as_of", "customer_id"]).drop("as_of_right", "customer_id_right")
    return joined.mutate(
        orders_ahead=_counted(_.orders_ahead), net_sales_ahead=_.net_sales_ahead.fill_null(0)
    ).order_by("as_of", "customer_id")


def order_days(days: Table) -> Table:
    """Return one row per customer and day with an order: orders, net_sales, gross_sales, and margin where there is cost."""
    kept = ["customer_id", "order_date", "orders", "net_sales", "gross_sales"] + ["margin"] * ("margin" in days.columns)
    table = days.filter(_.orders > 0).select(*kept)
    return _rounded(table).order_by("customer_id", "order_date")


def months(days: Table) -> Table:
    """Return one row per customer and calendar month with any row; its net sales add up to the customer's."""
    extra = {"margin": _.margin.sum()} if "margin" in days.columns else {}
    table = days.group_by("customer_id", month=_.order_date.truncate("M").cast("timestamp").cast("date")).agg(
        orders=_.orders.sum(), net_sales=_.net_sales.sum(), returns=_.returns.sum(), **extra
    )
    return _rounded(table).order_by("customer_id", "month")


def mix(lines: Table) -> Table:
    """Return one row per customer and category with any row; without categories, one row per customer named ``all``."""
    category = lines.category.fill_null("") if "category" in lines.columns else ibis.literal("all")
    extra = {"margin": _.amount.sum() - _.cost.sum()} if "cost" in lines.columns else {}
    table = (
        lines.mutate(category=category)
        .group_by("customer_id", "category")
        .agg(orders=_.order_id.nunique(where=~_.is_return), net_sales=_.amount.sum(), **extra)
    )
    return _rounded(table).order_by("customer_id", "category")


def _moments(dates: Sequence[dt.date]) -> Table:
    return ibis.memtable({"as_of": sorted(set(dates))}, schema={"as_of": "date"})


def _known(days: Table, dates: Sequence[dt.date]) -> Table:
    """Return each row of ``days`` once for every date that may know of it."""
    both = days.cross_join(_moments(dates))
    return both.filter(both.order_date <= both.as_of)


def _counted(count: Deferred) -> Deferred:
    """Return a count as int64: cast twice, as DuckDB sums into wider integers, which Ibis does not know of, and Parquet makes floats of."""
    return count.fill_null(0).cast("int32").cast("int64")


def _rounded(table: Table) -> Table:
    """Return ``table`` with exact money as float64 in currency units, rounded once to the minor unit."""
    money = [name for name in table.columns if name in ("net_sales", "gross_sales", "returns", "margin")]
    return table.mutate(
        orders=_counted(_.orders), **{name: _[name].fill_null(0).round(2).cast("float64") for name in money}
    )
