"""Which sale does a return cancel, and since when is an order, all of whose sales were cancelled, no order?"""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

import ibis
import pyarrow as pa
from ibis import _
from ibis.expr.types import Table, Value

from kalib.ledger.orders import is_sale

KEY = ["customer_id", "product", "quantity", "amount"]
"""A return cancels a sale of the same customer and product, of as many and as much."""


def pair(lines: Table) -> Table:
    """Pair returns with the sales they cancel: first each with that of the order whose number it carries.

    Any other takes the last sale before it that no return has taken. Sale and return agree in customer, product,
    quantity and amount, signs aside; where the source has no product or no quantity, in the rest. Of one day, sales come
    before returns; of equal sales of one day, the order with the longer number, or the one that sorts last, comes last.
    A credit of the same amount as a periodic fee names no sale: without a number of its own it cancels none. Only
    what equals some return is looked at, so a log without returns costs next to nothing.

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
    sold = every.filter(~_.is_return & (_.amount > 0)).semi_join(back, KEY)
    equal = ibis.union(sold, back)
    own = [*KEY, "order_id"]
    named = back.semi_join(sold, own).select(*KEY).distinct()
    rest = _stack(_without_fees(equal.anti_join(named, KEY)), KEY)
    if not named.count().execute():
        return rest
    by_number = _stack(equal.semi_join(named, KEY).mutate(may=True), own)
    unclear = by_number.filter(_.is_return & _.paired_on.isnull()).select(*KEY).distinct()
    kept = by_number.anti_join(unclear, KEY)
    one_by_one = _walk(equal.semi_join(unclear, KEY))
    return ibis.union(rest, kept, one_by_one) if one_by_one is not None else ibis.union(rest, kept)


FEES, FEE_DAYS = 3, 6
"""From so many equal sales on, so many days or more apart, a credit could mean any of them: fees come weekly at most."""


def _without_fees(equal: Table) -> Table:
    """Say of each row whether it may be paired: a return that equals a periodic fee may not.

    Three equal sales at least, a week or more apart, are a fee; where the product is known, only if the gaps are alike.
    """
    inside = {"group_by": KEY, "order_by": _order(equal)}
    running = ibis.window(**inside, rows=(None, 0))
    sold_on = ibis.ifelse(equal.is_return, ibis.null("date"), equal.order_date)
    equal = equal.mutate(sold_on=sold_on, sales=ibis.ifelse(equal.is_return, 0, 1).sum().over(running))
    before = equal.sold_on.max().over(ibis.window(**inside, rows=(None, -1)))
    equal = equal.mutate(
        gap=ibis.ifelse(equal.is_return, ibis.null("int64"), equal.order_date.delta(before, unit="day"))
    )
    least, most = equal.gap.min().over(running), equal.gap.max().over(running)
    regular = (least >= FEE_DAYS) & ((equal["product"] == "") | (most * 2 <= least * 3))
    is_fee = equal.is_return & (equal.sales >= FEES) & regular.fill_null(False)
    return equal.mutate(may=~is_fee).drop("sold_on", "sales", "gap")


def _order(equal: Table) -> list[Value]:
    return [equal.order_date, equal.is_return, equal.order_id.length(), equal.order_id]


def _stack(every: Table, key: list[str]) -> Table:
    """Pair within each key as a stack does: a sale opens one, a return closes the last, a return of nothing is passed over."""
    equal = every.filter(_.may)
    order = _order(equal)
    running = ibis.window(group_by=key, order_by=order, rows=(None, 0))
    step = ibis.ifelse(equal.is_return, -1, 1).cast("int64")
    equal = equal.mutate(
        step=step, height=step.sum().over(running), place=ibis.row_number().over(group_by=key, order_by=order)
    )
    lowest = equal.height.min().over(ibis.window(group_by=key, order_by=equal.place, rows=(None, 0)))
    equal = equal.mutate(level=equal.height - ibis.least(lowest, 0), missed=ibis.least(lowest, 0))
    before = equal.missed.lag().over(group_by=key, order_by=equal.place).fill_null(0)
    # A return that lowers the lowest height found no open sale. Those that did close the level above their own.
    equal = equal.mutate(
        slot=ibis.ifelse(
            equal.is_return & (equal.missed < before),
            ibis.null("int64"),
            equal.level + ibis.ifelse(equal.is_return, 1, 0),
        )
    )
    inside = {"group_by": [*key, equal.slot], "order_by": equal.place}
    following, previous = equal.order_date.lead().over(**inside), equal.order_date.lag().over(**inside)
    paired = ibis.ifelse(equal.slot.isnull(), None, ibis.ifelse(equal.is_return, previous, following))
    columns = [*KEY, "order_id", "order_date", "is_return", "paired_on"]
    left = every.filter(~_.may).mutate(paired_on=ibis.null("date"))
    return equal.mutate(paired_on=paired).select(*columns).union(left.select(*columns))


def _walk(equal: Table) -> Table | None:
    """Pair one by one where returns that name their order and others meet in one key: these are few."""
    schema = equal.schema()
    rows = equal.to_pyarrow().to_pylist()
    if not rows:
        return None
    rows.sort(key=lambda row: (row["order_date"], row["is_return"], len(row["order_id"]), row["order_id"]))
    open_sales: dict[tuple, list[dict]] = {}
    sold: dict[tuple, list[dt.date]] = {}
    for row in rows:
        row["paired_on"] = None
        key = tuple(row[name] for name in KEY)
        stack = open_sales.setdefault(key, [])
        if not row["is_return"]:
            stack.append(row)
            sold.setdefault(key, []).append(row["order_date"])
            continue
        own = [sale for sale in stack if sale["order_id"] == row["order_id"]]
        choice = own or ([] if _is_fee(row["product"], sold.get(key, [])) else stack)
        if choice:
            sale = choice[-1]
            stack.remove(sale)
            sale["paired_on"], row["paired_on"] = row["order_date"], sale["order_date"]
    names = [*KEY, "order_id", "order_date", "is_return"]
    kinds = {name: schema[name] for name in names} | {"paired_on": schema["order_date"]}
    table = pa.Table.from_pylist(rows, schema=ibis.schema(kinds).to_pyarrow())
    return ibis.memtable(table)


def _is_fee(product: str, days: list[dt.date]) -> bool:
    gaps = [(later - day).days for day, later in itertools.pairwise(days)]
    return len(days) >= FEES and min(gaps) >= FEE_DAYS and (product == "" or max(gaps) * 2 <= min(gaps) * 3)


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
    own = lines.filter(lines.is_return).select(*key).distinct()  # a return that carries the number of its order
    some = ibis.union(cancelled.select(*key), own).distinct()
    zero, one = ibis.literal(0, "int64"), ibis.literal(1, "int64")
    nothing = ibis.literal(Decimal(0)).cast(lines.amount.type())
    theirs = lines.semi_join(some, key)
    kept = ibis.ifelse(theirs.is_return, 0, 1).cast("int64")
    bought = ibis.ifelse(is_sale(theirs), 1, 0).cast("int64")
    events = ibis.union(
        theirs.select(*key, day=_.order_date, kept=kept, sold=bought, gone=zero, back=one - kept, money=theirs.amount),
        cancelled.select(*key, day=_.paired_on, kept=zero, sold=zero, gone=one, back=zero, money=nothing),
    )
    sums = {name: events[name].sum().cast("int64") for name in ("kept", "sold", "gone", "back")}
    by_day = events.group_by(*key, "day").agg(**sums, money=_.money.sum(), placed=_.day.min(where=_.sold > 0))
    running = ibis.window(group_by=key, order_by=by_day.day, rows=(None, 0))
    by_day = by_day.mutate(
        lines=by_day.kept.sum().over(running).cast("int64"),
        sold_yet=by_day.sold.sum().over(running),
        left=(by_day.sold - by_day.gone).sum().over(running).cast("int64"),
        back_yet=by_day.back.sum().over(running),
        net=by_day.money.sum().over(running),
        order_date=by_day.placed.min().over(group_by=key),
    )
    by_day = by_day.filter(by_day.sold_yet > 0)
    # All its lines were cancelled one by one; or returns under its own number took back all its money.
    is_void = (by_day.left == 0) | ((by_day.back_yet > 0) & (by_day.net <= 0))
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
