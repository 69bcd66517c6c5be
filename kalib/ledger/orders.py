"""Which lines are one order? Those of a customer and number, unless the number comes back much later."""

from __future__ import annotations

from collections.abc import Callable

import ibis
from ibis import _
from ibis.expr.types import BooleanValue, StringValue, Table

KEY = ["customer_id", "order_id"]
COMES_BACK_DAYS = 28
"""A number that was silent for so many days, the shortest month, is another order: numbers start again each year, and a
framework order is called off each month."""
LONGEST_DAYS = 60
"""So long after an order began, each further day of its number is an order: call-offs week by week."""
_PART = "\x1f"


def is_sale(lines: Table) -> BooleanValue:
    """Return whether a line makes an order: it is no return, and has money. Samples alone are no purchase."""
    return ~lines.is_return & (lines.amount > 0)


def number(order_id: StringValue) -> StringValue:
    """Return the number that an order carries in the source: orders that ``part`` tells apart carry the same."""
    bare = order_id.re_replace(f"{_PART}[0-9]+", "")
    return ibis.ifelse(order_id.contains(_PART), bare, order_id)


def part(lines: Table, keep: Callable[[Table, str], Table]) -> tuple[Table, Table]:
    """Tell the orders apart that share a number of one customer: ``order_id`` becomes the order's own.

    A line with money, 28 days or more after the last one of its number or more than 60 days after the first of
    them, begins another order; other lines belong to the one that began last. No line depends on a later one.

    Parameters
    ----------
    lines : customer_id, order_id, order_date, amount, is_return
    keep : computes a table once and keeps it on the engine

    Returns
    -------
    lines : with the orders told apart
    again : customer_id, order_id, order_date of the days on which a number came back as another order
    """
    dates = lines.group_by(*KEY).agg(
        first=_.order_date.min(where=is_sale(lines)), last=_.order_date.max(where=is_sale(lines))
    )
    long = keep(
        dates.filter(dates["last"].delta(dates["first"], unit="day") >= COMES_BACK_DAYS).select(*KEY), "long_orders"
    )
    if not long.count().execute():
        return lines, long.mutate(order_date=ibis.null("date"))
    sold = is_sale(lines)
    days = lines.semi_join(long, KEY).group_by(*KEY, "order_date").agg(sold=sold.any())
    days = days.mutate(sold_on=ibis.ifelse(days.sold, days.order_date, None))
    whole = {"group_by": KEY, "order_by": days.order_date}
    before = days.sold_on.max().over(ibis.window(**whole, rows=(None, -1)))
    days = days.mutate(silent=days.order_date.delta(before, unit="day"), is_first=before.isnull())
    days = days.mutate(fresh=(days.sold & (days.is_first | (days.silent >= COMES_BACK_DAYS))).fill_null(False))
    days = days.mutate(chain=_count(days.fresh, days))
    begun = days.sold_on.min().over(group_by=[*KEY, "chain"])
    late = days.sold & (days.order_date.delta(begun, unit="day") > LONGEST_DAYS)
    days = days.mutate(fresh=days.fresh | late.fill_null(False))
    days = keep(days.mutate(part=_count(days.fresh, days)).select(*KEY, "order_date", "fresh", "part"), "parts")
    again = days.filter(days.fresh & (days.part > 1)).select(*KEY, "order_date")
    parts = days.filter(days.part > 1).select(*KEY, "order_date", "part")
    joined = lines.left_join(parts, [*KEY, "order_date"])
    numbered = ibis.ifelse(joined.part.notnull(), joined.order_id + _PART + joined.part.cast("string"), joined.order_id)
    return joined.mutate(order_id=numbered).select(*lines.columns), again


def _count(flag: BooleanValue, days: Table) -> ibis.expr.types.IntegerValue:
    running = ibis.window(group_by=KEY, order_by=days.order_date, rows=(None, 0))
    return ibis.ifelse(flag, 1, 0).sum().over(running).cast("int64")
