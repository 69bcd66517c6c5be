"""Which sale does a return cancel, and since when is an order, all of whose sales were cancelled, no order?"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

KEY = ["customer_id", "product", "quantity", "amount"]
"""A return cancels a sale of the same customer and product, of as many and as much."""


def pair(lines: Table) -> Table:
    """Pair returns with the sales they cancel: each takes the last sale before it that no other return has taken.

    Sale and return agree in customer, product, quantity and amount, signs aside; where the source has no product or no
    quantity, in the rest. Of one day, sales come before returns; of equal sales of one day, the order with the longer
    number, or the one that sorts last, comes last. Only what equals some return is looked at, so a log without
    returns costs next to nothing.

    Parameters
    ----------
    lines : customer_id, order_id, order_date, amount, is_return, and product and quantity where the source has them

    Returns
    -------
    Table
        One row per line that equals some return: the columns of ``KEY`` (quantity and amount without sign), order_id,
        order_date, is_return, and paired_on: of a sale the day on which it was cancelled, of a return the
        day of the sale it cancels, else null. No pair depends on a line after its return.
    """
    columns = {
        "product": lines.product.fill_null("") if "product" in lines.columns else ibis.literal(""),
        "quantity": lines.quantity.abs().fill_null(0) if "quantity" in lines.columns else ibis.literal(0, "int64"),
        "amount": lines.amount.abs(),
    }
    every = lines.select("customer_id", "order_id", "order_date", "is_return", **columns)
    back = every.filter(_.is_return)
    sold = every.filter(~_.is_return).semi_join(back, KEY)
    equal = ibis.union(sold, back)
    # The level is the number of open sales: a sale opens one, a return closes the last, a return of nothing is passed over.
    order = [equal.order_date, equal.is_return, equal.order_id.length(), equal.order_id]
    running = ibis.window(group_by=KEY, order_by=order, rows=(None, 0))
    step = ibis.ifelse(equal.is_return, -1, 1).cast("int64")
    equal = equal.mutate(
        step=step, height=step.sum().over(running), place=ibis.row_number().over(group_by=KEY, order_by=order)
    )
    lowest = equal.height.min().over(ibis.window(group_by=KEY, order_by=equal.place, rows=(None, 0)))
    equal = equal.mutate(level=equal.height - ibis.least(lowest, 0), missed=ibis.least(lowest, 0))
    before = equal.missed.lag().over(group_by=KEY, order_by=equal.place).fill_null(0)
    # A return that lowers the lowest height found no open sale. Those that did close the level above their own.
    equal = equal.mutate(
        slot=ibis.ifelse(
            equal.is_return & (equal.missed < before),
            ibis.null("int64"),
            equal.level + ibis.ifelse(equal.is_return, 1, 0),
        )
    )
    inside = {"group_by": [*KEY, equal.slot], "order_by": equal.place}
    following, previous = equal.order_date.lead().over(**inside), equal.order_date.lag().over(**inside)
    paired = ibis.ifelse(equal.slot.isnull(), None, ibis.ifelse(equal.is_return, previous, following))
    return equal.mutate(paired_on=paired).select(*KEY, "order_id", "order_date", "is_return", "paired_on")


def void(lines: Table, pairs: Table | None = None) -> Table:
    """Find the orders whose sale lines were all cancelled, and the day since when they are none.

    An order that goes on after all its lines were cancelled is one again: a second row takes the first back.

    Parameters
    ----------
    lines : as for ``pair``
    pairs : the table of ``pair``, where it is at hand

    Returns
    -------
    Table
        customer_id, order_id, order_date (of its first line that is no return), cancelled_on, orders (1, or -1 where
        it is an order again), lines (its sale lines by then, of the same sign; alone, with 0 orders, where a
        cancelled order got a line that was cancelled the same day).
    """
    pairs = pair(lines) if pairs is None else pairs
    key = ["customer_id", "order_id"]
    cancelled = pairs.filter(~_.is_return & _.paired_on.notnull())
    some = cancelled.select(*key).distinct()
    sold = lines.filter(~_.is_return).select(*key, "order_date").semi_join(some, key)
    zero, one = ibis.literal(0, "int64"), ibis.literal(1, "int64")
    events = ibis.union(
        sold.select(*key, day=_.order_date, sold=one, gone=zero),
        cancelled.select(*key, day=_.paired_on, sold=zero, gone=one),
    )
    by_day = events.group_by(*key, "day").agg(sold=_.sold.sum().cast("int64"), gone=_.gone.sum().cast("int64"))
    running = ibis.window(group_by=key, order_by=by_day.day, rows=(None, 0))
    by_day = by_day.mutate(
        lines=by_day.sold.sum().over(running).cast("int64"),
        left=(by_day.sold - by_day.gone).sum().over(running).cast("int64"),
        order_date=by_day.day.min().over(group_by=key),
    )
    is_void = by_day.left == 0
    by_day = by_day.mutate(
        off=ibis.ifelse(is_void, 1, 0).cast("int64"), lines_off=ibis.ifelse(is_void, by_day.lines, 0).cast("int64")
    )
    whole = {"group_by": key, "order_by": by_day.day}
    changes = by_day.select(
        *key,
        "order_date",
        cancelled_on=by_day.day,
        orders=by_day.off - by_day.off.lag().over(**whole).fill_null(0),
        lines=by_day.lines_off - by_day.lines_off.lag().over(**whole).fill_null(0),
    )
    return changes.filter((_.orders != 0) | (_.lines != 0))


def match(lines: Table, voids: Table | None = None) -> Table:
    """Return how many orders of a customer and day were cancelled, and when: what ``features.standing`` takes off.

    Parameters
    ----------
    lines : as for ``pair``
    voids : the table of ``void``, where it is at hand

    Returns
    -------
    Table
        One row per customer_id, order_date (of the orders) and cancelled_on: orders and lines, below 0 where orders
        are orders again. An order cancelled on the day on which it was placed never was one.
    """
    voids = void(lines) if voids is None else voids
    table = voids.group_by("customer_id", "order_date", "cancelled_on").agg(
        orders=_.orders.sum().cast("int64"), lines=_.lines.sum().cast("int64")
    )
    return table.filter((_.orders != 0) | (_.lines != 0))


def summarise(pairs: Table, voids: Table) -> Table:
    """Return one row for the quality page: rows and money of returns that cancel a sale and of those that cancel none.

    Parameters
    ----------
    pairs : the table of ``pair``
    voids : the table of ``void``

    Returns
    -------
    Table
        matched_rows, matched_amount, unmatched_rows, unmatched_amount (money below 0), cancelled_orders.
    """
    found = pairs.is_return & pairs.paired_on.notnull()
    none = pairs.is_return & pairs.paired_on.isnull()
    counts = pairs.agg(
        matched_rows=found.sum().cast("int64"),
        matched_amount=-pairs.amount.sum(where=found).fill_null(0),
        unmatched_rows=none.sum().cast("int64"),
        unmatched_amount=-pairs.amount.sum(where=none).fill_null(0),
    )
    return counts.cross_join(voids.agg(cancelled_orders=_.orders.sum().fill_null(0).cast("int64")))
