"""What is known of a customer at a date? The table of order days, and what is read from it, once, as Ibis expressions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
import ibis.expr.datatypes as dtypes
from ibis import _
from ibis.common.deferred import Deferred
from ibis.expr.types import Table, Value

from kalib.ledger.orders import is_sale

WINDOWS = (30, 90, 180, 365)
SEASON = 90
YEAR = 365
HALF = 180
MONEY = ("net_sales", "gross_sales", "returns", "margin", "discounts")


Dates = Sequence[dt.date] | Table
"""Dates, or a table with a row for each: then the statement is the same whatever they are."""


def days(lines: Table) -> Table:
    """Return one row per customer and day with any line: the table that everything else is read from.

    An order belongs to the day of its first line that is not a return and counts there once; money stays on the
    day of its own line, so that no date ever knows of a later one. Orders that were cancelled later are counted:
    ``standing`` leaves them out from the day on which they were.

    Parameters
    ----------
    lines : customer_id, order_id, order_date, amount, is_return, and cost, quantity, discount where the source has them

    Returns
    -------
    Table
        customer_id, order_date, orders, lines (that are no returns), net_sales, gross_sales, margin (with cost),
        units (with quantity: sold less returned), discounts (with discount), gap_days (since the customer's previous
        day with an order; null on the first and on days without one). Money is exact.
    """
    # Nearly every order has its lines on one day: these are summed by order first and by day then, in one reading of
    # the log. The lines of the few others are read again.
    sums = _sums(lines)
    orders = lines.group_by("customer_id", "order_id").agg(
        first_day=_.order_date.min(),
        last_day=_.order_date.max(),
        placed=_.order_date.min(where=is_sale(lines)),
        **sums,
    )
    of_one_day = orders.filter(_.first_day == _.last_day).select(
        "customer_id",
        order_date=_.first_day,
        orders=ibis.ifelse(_.placed.notnull(), 1, 0).cast("int64"),
        **{name: _[name] for name in sums},
    )
    of_more = orders.filter(_.first_day != _.last_day)
    placed = of_more.filter(_.placed.notnull()).select(
        "customer_id",
        order_date=_.placed,
        orders=ibis.literal(1, "int64"),
        **{name: ibis.null(of_one_day[name].type()) for name in sums},
    )
    again = lines.semi_join(of_more.select("customer_id", "order_id"), ["customer_id", "order_id"])
    rest = (
        again.group_by("customer_id", "order_date")
        .agg(**_sums(again))
        .select("customer_id", "order_date", orders=ibis.literal(0, "int64"), **{name: _[name] for name in sums})
    )
    parts = ibis.union(of_one_day, rest.cast(of_one_day.schema()), placed)
    table = parts.group_by("customer_id", "order_date").agg(
        orders=_.orders.sum(), **{name: parts[name].sum() for name in sums}
    )
    table = table.mutate(
        orders=_.orders.cast("int32"),
        lines=_.lines.cast("int32"),
        gross_sales=_.gross_sales.fill_null(0),
        **({"margin": less(table.net_sales, table.cost)} if "cost" in sums else {}),
    )
    return _with_gaps(table.drop("cost") if "cost" in sums else table)


def _sums(lines: Table) -> dict[str, Value]:
    """Return what is added up of the lines, one sum per column of the source that is there."""
    sums = {
        "lines": (~lines.is_return).sum(),
        "net_sales": lines.amount.sum(),
        "gross_sales": lines.amount.sum(where=lines.amount > 0),
    }
    if "cost" in lines.columns:
        sums["cost"] = lines.cost.fill_null(0).sum()
    if "quantity" in lines.columns:
        sums["units"] = ibis.ifelse(lines.is_return, -lines.quantity.abs(), lines.quantity).sum()
    if "discount" in lines.columns:
        sums["discounts"] = lines.discount.sum(where=~lines.is_return)
    return sums


def _with_gaps(table: Table, *by: str) -> Table:
    """Return the table of days with the days since the customer's previous day with an order, apart for each of ``by``."""
    inside = [*(table[name] for name in by), table.customer_id, table.orders > 0]
    previous = table.order_date.lag().over(group_by=inside, order_by=table.order_date)
    gap = ibis.ifelse(table.orders > 0, table.order_date.delta(previous, unit="day"), None)
    return table.mutate(gap_days=gap.cast("int32"))


def standing(days: Table, dates: Dates, cancelled: Table | None = None, *, ahead_days: int = 0) -> Table:
    """Return the table of days as it stood at each date: without later rows, and without orders cancelled by then.

    The dates are data: one statement, whatever their number. Only the few customers with a cancelled order are looked
    at anew: their orders, lines and gaps.

    Parameters
    ----------
    days : the table of ``days``
    dates : the dates; also as a table of them, ``as_of``, in which each stands once
    cancelled : the table of ``returns.match``; without it, every order stands
    ahead_days : so many days after each date are known as well

    Returns
    -------
    Table
        as_of, the columns of ``days``, and age_days, from the day to as_of (below 0 after it). A day whose orders were
        all cancelled keeps its money and has 0 orders.
    """
    known = _known_at(days, days.order_date, dates, ahead_days).mutate(
        age_days=_.as_of.delta(_.order_date, unit="day").cast("int32")
    )
    if cancelled is None:
        return known
    by_then = _known_at(cancelled, cancelled.cancelled_on, dates, ahead_days)
    keys = ["as_of", "customer_id", "order_date"]
    gone = by_then.group_by(*keys).agg(orders_gone=_.orders.sum(), lines_gone=_.lines.sum())
    touched = by_then.select("as_of", "customer_id").distinct()
    anew = known.semi_join(touched, ["as_of", "customer_id"]).left_join(gone, keys)
    anew = anew.mutate(
        orders=(_.orders - _.orders_gone.fill_null(0)).cast("int32"),
        lines=(_.lines - _.lines_gone.fill_null(0)).cast("int32"),
    ).select(*known.columns)
    untouched = known.anti_join(touched, ["as_of", "customer_id"])
    anew = _with_gaps(anew.drop("gap_days"), "as_of").select(*known.columns).cast(untouched.schema())
    return ibis.union(untouched, anew)


def _known_at(table: Table, day: Value, dates: Dates, ahead_days: int) -> Table:
    """Return the rows of a table known at each date, or so many days after it, beside that date as ``as_of``."""
    if isinstance(dates, Table):
        each, latest = dates, dates.as_of.max().as_scalar()
    else:
        each, latest = (
            ibis.array([ibis.literal(date) for date in _sorted(dates)]).unnest().name("as_of").as_table(),
            max(dates),
        )
    until = latest + (ibis.interval(days=ahead_days) if isinstance(dates, Table) else dt.timedelta(days=ahead_days))
    both = each.cross_join(table.filter(day <= until))
    name = day.get_name()
    return both.filter(
        both.as_of.delta(both[name], unit="day") >= -ahead_days if ahead_days else both[name] <= both.as_of
    )


def snapshots(days: Table, dates: Dates, cancelled: Table | None = None) -> Table:
    """Return one row per snapshot date and customer with any row by then; columns as in ``schema.COLUMNS``.

    A window of 90 days up to a date holds the date and the 89 days before it. Only rows up to the date enter its row.

    Parameters
    ----------
    days : the table of ``days``
    dates : snapshot dates
    cancelled : the table of ``returns.match``; without it, every order stands

    Returns
    -------
    Table
        as_of, customer_id, dates of the first and last order, orders, order_days, order_months, net_sales,
        gross_sales, returns, returns_share, recency, tenure, gaps and their regularity, silence_ratio, basket, trend,
        the windows ``orders_*_days`` and ``net_sales_*_days``, the same a year before, the orders of the 90 days
        that followed the date a year before, and margins, units and discounts where the source has them.
    """
    known = standing(days, dates, cancelled)
    has = set(known.columns).__contains__
    bought = known.orders > 0
    # A day with an order is the first of its month if the order day before it lies in an earlier one.
    first_of_month = bought & (known.gap_days.isnull() | (known.gap_days >= known.order_date.day()))
    gap = known.gap_days.cast("int64")
    sums: dict[str, Value] = {
        "first_order_date": known.order_date.min(where=bought),
        "last_order_date": known.order_date.max(where=bought),
        "orders": known.orders.sum(),
        "order_days": bought.sum(),
        "order_months": first_of_month.sum(),
        "lines": known.lines.sum(),
        "net_sales": known.net_sales.sum(),
        "gross_sales": known.gross_sales.sum(),
        "gap_sum": gap.sum(),
        "gap_squares": (gap * gap).sum(),
        "gap_count": gap.count(),
        "median_gap_days": known.gap_days.median(),
    }
    for what in ["orders", "net_sales"] + ["margin"] * has("margin"):
        for window in WINDOWS:
            sums[f"{what}_{window}_days"] = _sum_within(known, what, 0, window)
            sums[f"{what}_{window}_days_last_year"] = _sum_within(known, what, YEAR, window)
    for name, first in (("gross_sales_365_days", 0), ("gross_sales_365_days_last_year", YEAR)):
        sums[name] = _sum_within(known, "gross_sales", first, YEAR)
    sums["net_sales_half_before"] = _sum_within(known, "net_sales", HALF, HALF)
    sums[f"orders_next_{SEASON}_days_last_year"] = _sum_within(known, "orders", YEAR - SEASON, SEASON)
    if has("margin"):
        sums["margin"] = known.margin.sum()
    if has("units"):
        sums["units"] = known.units.sum()
    if has("discounts"):
        sums["discounts"] = known.discounts.sum()
        sums["discounts_365_days"] = _sum_within(known, "discounts", 0, YEAR)
    return _finished(known.group_by("as_of", "customer_id").agg(**sums))


def _sum_within(known: Table, what: str, before: int, length: int) -> Value:
    """Return the sum over the ``length`` days that end ``before`` days before the date."""
    inside = known.age_days < before + length
    if before:
        inside &= known.age_days >= before
    return ibis.ifelse(inside, known[what], None).sum()  # cheaper in DuckDB than a filter for each sum


def _finished(table: Table) -> Table:
    """Return snapshots with money rounded once to the minor unit, counts as int64, and the ratios of both."""
    windows = {
        f"returns_365_days{end}": less(table[f"gross_sales_365_days{end}"], table[f"net_sales_365_days{end}"])
        for end in ("", "_last_year")
    }
    table = table.mutate(returns=less(table.gross_sales, table.net_sales), **windows)
    sums = [name for name in table.columns if name.startswith(MONEY)]
    counts = [name for name in table.columns if name.startswith("orders")]
    counts += ["order_days", "order_months", "lines", "gap_sum", "gap_squares", "gap_count"]
    table = table.mutate(
        **{name: money(table[name]) for name in sums},
        **{name: _counted(_[name]) for name in counts},
        median_gap_days=_.median_gap_days.cast("float64").round(6),
    )
    squares = (_.gap_count * _.gap_squares - _.gap_sum * _.gap_sum) / (_.gap_count * (_.gap_count - 1))
    # a part of a year is no measure of growth (see ``kalib.years``): who began in the year before has none
    began_before = _.as_of.delta(_.first_order_date, unit="day") >= 2 * YEAR
    whole_year_before = ibis.ifelse(began_before, _.net_sales_365_days_last_year, None)
    before, late = (ibis.greatest(_[name], 0.0) for name in ("net_sales_half_before", "net_sales_180_days"))
    table = table.mutate(
        days_since_last_order=_.as_of.delta(_.last_order_date, unit="day"),
        tenure_days=_.as_of.delta(_.first_order_date, unit="day"),
        mean=ibis.ifelse(_.gap_count >= 1, _.gap_sum / _.gap_count, None),
        spread=ibis.ifelse(_.gap_count >= 2, squares, None).sqrt(),
        returns_share=over(_.returns, _.gross_sales),
        net_sales_change=over(_.net_sales_365_days - _.net_sales_365_days_last_year, whole_year_before),
        net_sales_trend=over(late - before, late + before),
        net_sales_per_order=over(_.net_sales, _.orders),
        lines_per_order=over(_.lines, _.orders),
    )
    table = table.mutate(
        gap_days=_.mean.round(6),
        gap_days_spread=_.spread.round(6),
        regularity=over(_.mean - _.spread, _.mean + _.spread),
        silence_ratio=ibis.ifelse(_.gap_count >= 1, _.days_since_last_order * _.gap_count / _.gap_sum, None).round(6),
    )
    if "units" in table.columns:
        table = table.mutate(units=_.units.cast("float64"))
        table = table.mutate(units_per_order=over(_.units, _.orders))
    if "discounts" in table.columns:
        table = table.mutate(
            discount_share=over(_.discounts, _.gross_sales + _.discounts),
            discount_share_365_days=over(_.discounts_365_days, _.gross_sales_365_days + _.discounts_365_days),
        )
    return table.select(*(name for name in _ORDER if name in table.columns))


_ORDER = (
    "as_of",
    "customer_id",
    "first_order_date",
    "last_order_date",
    "orders",
    "order_days",
    "order_months",
    *("net_sales", "gross_sales", "returns", "returns_share", "margin", "discounts", "discount_share"),
    *("days_since_last_order", "tenure_days"),
    *("gap_days", "median_gap_days", "gap_days_spread", "regularity", "silence_ratio"),
    *("net_sales_per_order", "lines_per_order", "units_per_order", "net_sales_change", "net_sales_trend"),
    *(
        f"{what}_{window}_days{end}"
        for what in ("orders", "net_sales", "margin")
        for end in ("", "_last_year")
        for window in WINDOWS
    ),
    f"orders_next_{SEASON}_days_last_year",
    *("returns_365_days", "returns_365_days_last_year", "discounts_365_days", "discount_share_365_days"),
)
"""The columns of a snapshot, in the order in which they are shown."""


def outcomes(days: Table, dates: Dates, *, horizon_days: int, cancelled: Table | None = None) -> Table:
    """Return what each customer known at a date did in the horizon after it.

    An order cancelled by the end of the horizon was none; one that was cancelled by the date itself makes nobody known.

    Returns
    -------
    Table
        One row per as_of and customer with an order by then: orders_ahead, net_sales_ahead in (as_of, as_of + horizon].
    """
    keys = ["as_of", "customer_id"]
    known = standing(days, dates, cancelled).filter(_.orders > 0).select(*keys).distinct()
    ahead = standing(days, dates, cancelled, ahead_days=horizon_days).filter(_.age_days < 0)
    ahead = ahead.group_by(*keys).agg(orders_ahead=_.orders.sum(), net_sales_ahead=_.net_sales.sum())
    joined = known.left_join(ahead, keys)
    return joined.select(
        *keys, orders_ahead=_counted(_.orders_ahead), net_sales_ahead=money(joined.net_sales_ahead)
    ).order_by(*keys)


def order_days(days: Table) -> Table:
    """Return one row per customer and day with an order: orders, net_sales, gross_sales, and margin where there is cost."""
    kept = ["customer_id", "order_date", "orders", "net_sales", "gross_sales"] + ["margin"] * ("margin" in days.columns)
    table = days.filter(_.orders > 0).select(*kept)
    return _rounded(table).order_by("customer_id", "order_date")


def months(days: Table) -> Table:
    """Return one row per customer and calendar month with any row; its net sales add up to the customer's."""
    extra = {"margin": _.margin.sum()} if "margin" in days.columns else {}
    table = days.group_by("customer_id", month=_.order_date.truncate("M").cast("timestamp").cast("date")).agg(
        orders=_.orders.sum(),
        net_sales=_.net_sales.sum(),
        returns=less(days.gross_sales.sum(), days.net_sales.sum()),
        **extra,
    )
    return _rounded(table).order_by("customer_id", "month")


def mix(lines: Table, voids: Table | None = None) -> Table:
    """Return one row per customer and category with any row; lines without a category have an empty one.

    Parameters
    ----------
    lines : customer_id, order_id, category, amount, is_return, and cost where the source has it
    voids : the table of ``returns.void``: orders cancelled by the last of the lines are none; without it, all stand
    """
    extra = {"cost": lines.cost.fill_null(0).sum()} if "cost" in lines.columns else {}
    orders = (
        lines.mutate(category=lines.category.fill_null(""))
        .group_by("customer_id", "category", "order_id")
        .agg(is_order=(~_.is_return & (_.amount > 0)).any(), net_sales=_.amount.sum(), **extra)
    )
    if voids is not None:
        gone = voids.group_by("customer_id", "order_id").agg(gone=_.orders.sum()).filter(_.gone > 0)
        orders = orders.left_join(gone, ["customer_id", "order_id"])
        orders = orders.mutate(is_order=orders.is_order & orders.gone.isnull())
    table = orders.group_by("customer_id", "category").agg(
        orders=_.is_order.sum(), net_sales=_.net_sales.sum(), **({"cost": _.cost.sum()} if extra else {})
    )
    if extra:
        table = table.mutate(margin=less(table.net_sales, table.cost)).drop("cost")
    return _rounded(table).order_by("customer_id", "category")


def _sorted(dates: Sequence[dt.date]) -> list[dt.date]:
    return sorted(set(dates))


def _counted(count: Deferred) -> Deferred:
    """Return a count as int64: cast twice, as DuckDB sums into wider integers, which Ibis does not know of, and Parquet makes floats of."""
    return count.fill_null(0).cast("int32").cast("int64")


def money(exact: Value) -> Value:
    """Return exact money as float64 in currency units, rounded once to the minor unit, half up; none is 0.

    A decimal of 38 digits is divided slowly; where the value fits into 18 digits, which is nearly always, the same is
    done thirty times as fast.
    """
    scale = exact.type().scale if exact.type().is_decimal() else None
    rounded = exact.round(2).cast("float64")
    if scale and 2 < scale <= 12:
        most = 10 ** (18 - scale) - 1
        short = exact.cast(dtypes.Decimal(18, scale)).round(2).cast("float64")
        rounded = ibis.ifelse((exact > -most) & (exact < most), short, rounded)
    return rounded.fill_null(0.0)


def less(one: Value, other: Value) -> Value:
    """Return an exact difference: of 30 digits, so that no engine gives up decimals to make room for a carry."""
    if not (one.type().is_decimal() and one.type().scale is not None and one.type().scale <= 10):
        return one - other
    narrow = dtypes.Decimal(30, one.type().scale)
    return one.cast(narrow) - other.cast(narrow)


def over(part: Value | Deferred, whole: Value | Deferred) -> Value | Deferred:
    """Return a ratio to six decimals; nothing over nothing, or over less, is unknown."""
    return ibis.ifelse(whole > 0, part / whole, None).round(6)


def _rounded(table: Table) -> Table:
    return table.mutate(
        orders=_counted(_.orders), **{name: money(table[name]) for name in table.columns if name in MONEY}
    )
