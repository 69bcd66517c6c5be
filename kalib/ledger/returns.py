"""Which sale does a return cancel, and since when is an order, all of whose sales were cancelled, no order?"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import ibis
import pyarrow as pa
from ibis import _
from ibis.expr.types import Table

from kalib.ledger.orders import is_sale, number

KEY = ["customer_id", "product", "quantity", "amount"]
"""A return cancels a sale of the same customer and product, of as many and as much."""


def pair(lines: Table, keep: Callable[[Table, str], Table] | None = None) -> Table:
    """Pair returns with the sales they cancel: first each with that of the order whose number it carries.

    Any other takes the last sale before it that no return has taken. Sale and return agree in customer, product,
    quantity and amount, signs aside; where the source has no product or no quantity, in the rest. Of one day, sales come
    before returns, and returns that name their order before others; of equal sales of one day, the order with the longer
    number, or the one that sorts last, comes last. A credit of the same amount as a periodic fee names no sale: without
    a number of its own it cancels none. Only what equals some return is looked at, so a log without returns costs next
    to nothing.

    Parameters
    ----------
    lines : customer_id, order_id, order_date, amount, is_return, and product and quantity where the source has them
    keep : computes a table once and keeps it on the engine; without it, what equals some return is found again each time

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
    sold = every.filter(~_.is_return & (_.amount > 0)).semi_join(back.select(*KEY).distinct(), KEY)
    equal = ibis.union(sold, back)
    order = [equal.order_date, equal.is_return, equal.order_id.length(), equal.order_id]
    place = ibis.row_number().over(group_by=KEY, order_by=order)
    equal = equal.mutate(number=number(equal.order_id), place=place)
    equal = equal if keep is None else keep(equal, "equal_lines")
    own = [*KEY, "number"]
    both = equal.group_by(*own).agg(back=_.is_return.any(), sold=(~_.is_return).any())
    named = both.filter(_.back & _.sold).select(*KEY).distinct()
    named = named if keep is None else keep(named, "named_lines")
    if not named.count().execute():
        return _stack(_without_fees(equal), KEY)
    rest = _stack(_without_fees(equal.anti_join(named, KEY)), KEY)
    by_number = _stack(equal.semi_join(named, KEY).mutate(may=True), own)
    unclear = by_number.filter(_.is_return & _.paired_on.isnull()).select(*KEY).distinct()
    one_by_one = _walk(equal.semi_join(unclear, KEY))
    if one_by_one is None:
        return ibis.union(rest, by_number)
    return ibis.union(rest, by_number.anti_join(unclear, KEY), one_by_one)


FEES, FEE_DAYS = 3, 6
"""From so many equal sales on, so many days or more apart, a credit could mean any of them: fees come weekly at most."""


def _without_fees(equal: Table) -> Table:
    """Say of each row whether it may be paired: a return that equals a periodic fee may not.

    Three equal sales at least, a week or more apart, are a fee; where the product is known, only if the gaps are alike.
    """
    often = equal.group_by(*KEY).agg(
        sales=(~_.is_return).sum(), first=_.order_date.min(where=~_.is_return), last=_.order_date.max()
    )
    long = often["last"].delta(often["first"], unit="day") >= FEE_DAYS * (FEES - 1)
    often = often.filter((often.sales >= FEES) & long).select(*KEY)
    days = equal.semi_join(often, KEY).group_by(*KEY, "order_date")
    days = days.agg(sold=(~_.is_return).sum().cast("int64"), back=_.is_return.any())
    days = days.mutate(sold_on=ibis.ifelse(days.sold > 0, days.order_date, ibis.null("date")))
    before = days.sold_on.max().over(ibis.window(group_by=KEY, order_by=days.order_date, rows=(None, -1)))
    days = days.mutate(gap=ibis.ifelse(days.sold > 1, 0, days.sold_on.delta(before, unit="day")))
    running = ibis.window(group_by=KEY, order_by=days.order_date, rows=(None, 0))
    days = days.mutate(
        sales=days.sold.sum().over(running), least=days.gap.min().over(running), most=days.gap.max().over(running)
    )
    alike = (days["product"] == "") | (days.most * 2 <= days.least * 3)
    fees = days.filter(days.back & (days.sales >= FEES) & (days.least >= FEE_DAYS) & alike)
    fees = fees.select(*KEY, "order_date", is_return=_.back, is_fee=_.back)
    joined = equal.left_join(fees, [*KEY, "order_date", "is_return"])
    return joined.select(*equal.columns, may=joined.is_fee.isnull())


def _stack(every: Table, key: list[str]) -> Table:
    """Pair within each key as a stack does: a sale opens one, a return closes the last, a return of nothing is passed over."""
    equal = every.filter(_.may)
    step = ibis.ifelse(equal.is_return, -1, 1).cast("int64")
    running = ibis.window(group_by=key, order_by=equal.place, rows=(None, 0))
    equal = equal.mutate(height=step.sum().over(running))
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
    left = every.filter(~_.may).mutate(paired_on=ibis.null("date"))
    return equal.mutate(paired_on=paired).select(*_COLUMNS).union(left.select(*_COLUMNS))


_COLUMNS = [*KEY, "order_id", "order_date", "is_return", "paired_on"]


def _walk(equal: Table) -> Table | None:
    """Pair one by one where returns that name their order and others meet in one key: these are few."""
    rows = equal.to_pyarrow().to_pylist()
    if not rows:
        return None
    goods: dict[tuple, list[dict]] = defaultdict(list)
    for row in rows:
        row["paired_on"] = None
        goods[tuple(row[name] for name in KEY)].append(row)
    for same in goods.values():
        _pair_one_by_one(same)
    schema = equal.schema()
    kinds = {name: schema["order_date" if name == "paired_on" else name] for name in _COLUMNS}
    return ibis.memtable(pa.Table.from_pylist(rows, schema=ibis.schema(kinds).to_pyarrow()))


def _pair_one_by_one(rows: list[dict]) -> None:
    """Set ``paired_on`` of equal sales and returns, day by day: sales, returns that name their order, other returns."""
    rows.sort(key=lambda row: row["place"])
    stack: list[dict] = []
    of_number: dict[str, list[dict]] = defaultdict(list)
    fee = _Fee(is_known=rows[0]["product"] != "")
    for _day, today in itertools.groupby(rows, key=lambda row: row["order_date"]):
        unnamed = []
        for row in today:
            if not row["is_return"]:
                stack.append(row)
                of_number[row["number"]].append(row)
                fee.add(row["order_date"])
            elif not _take(of_number[row["number"]], row):
                unnamed.append(row)
        for row in unnamed:
            if not fee.is_one:
                _take(stack, row)


def _take(stack: list[dict], back: dict) -> bool:
    """Pair a return with the last sale that is still open, if there is one."""
    while stack:
        sale = stack.pop()
        if sale["paired_on"] is None:
            sale["paired_on"], back["paired_on"] = back["order_date"], sale["order_date"]
            return True
    return False


@dataclass
class _Fee:
    """Equal sales, told day by day: are they a periodic fee by now?"""

    is_known: bool
    sales: int = 0
    last: dt.date | None = None
    least: int = 10**6
    most: int = 0

    def add(self, day: dt.date) -> None:
        if self.last is not None:
            gap = (day - self.last).days
            self.least, self.most = min(self.least, gap), max(self.most, gap)
        self.sales, self.last = self.sales + 1, day

    @property
    def is_one(self) -> bool:
        regular = not self.is_known or self.most * 2 <= self.least * 3
        return self.sales >= FEES and self.least >= FEE_DAYS and regular


def void(lines: Table, pairs: Table | None = None) -> Table:
    """Find the orders whose money was all taken back, and the day since when they are none.

    A return takes its amount from the order of the sale that it cancels, else from the order whose number it carries,
    and never more than is there. An order that goes on after all its money was taken back is one again: a second row
    takes the first back.

    Parameters
    ----------
    lines : as for ``pair``
    pairs : the table of ``pair``, where it is at hand

    Returns
    -------
    Table
        customer_id, order_id, order_date (of its first line that is a sale), cancelled_on, orders (1, or -1 where
        it is an order again), lines (its lines that are no returns by then, of the same sign; alone, with 0 orders,
        where a cancelled order got a line that was cancelled the same day).
    """
    pairs = pair(lines) if pairs is None else pairs
    key = ["customer_id", "order_id"]
    cancelled = pairs.filter(~_.is_return & _.paired_on.notnull())
    loose = pairs.filter(_.is_return & _.paired_on.isnull())
    zero, money = ibis.literal(0, "int64"), lines.amount.type()
    taken = ibis.union(
        cancelled.select(*key, day=_.paired_on, kept=zero, placed=ibis.null("date"), money=(-_.amount).cast(money)),
        loose.select(*key, day=_.order_date, kept=zero, placed=ibis.null("date"), money=(-_.amount).cast(money)),
    )
    theirs = lines.filter(~lines.is_return).semi_join(taken.select(*key).distinct(), key)
    placed = ibis.ifelse(is_sale(theirs), theirs.order_date, ibis.null("date"))
    kept = theirs.select(*key, day=_.order_date, kept=zero + 1, placed=placed, money=_.amount)
    by_day = (
        ibis.union(kept, taken)
        .group_by(*key, "day")
        .agg(kept=_.kept.sum().cast("int64"), placed=_.placed.min(), money=_.money.sum())
    )
    running = ibis.window(group_by=key, order_by=by_day.day, rows=(None, 0))
    by_day = by_day.mutate(
        lines=by_day.kept.sum().over(running).cast("int64"),
        net=by_day.money.sum().over(running),
        order_date=by_day.placed.min().over(running),
    )
    lowest = by_day.net.min().over(ibis.window(group_by=key, order_by=by_day.day, rows=(None, 0)))
    by_day = by_day.mutate(lowest=lowest).filter(_.order_date.notnull())
    # What is left is what stands above the lowest level below nought: returns do not take what is sold after them.
    is_void = (by_day.net <= 0) & (by_day.net == by_day.lowest)
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
