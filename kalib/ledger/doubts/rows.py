"""Which rows belong to the one above them? Doubts rows without customer, order or date, as where an order's head is written once."""

from __future__ import annotations

from collections.abc import Iterator

import ibis
from ibis import _
from ibis.expr.types import Table

from kalib.ledger.doubts.doubt import Doubt, Reading
from kalib.ledger.doubts.scene import LEAST_SHARE, Scene
from kalib.words.told import told

LEAST_NAMELESS = 3
"""Of a few orders, one or two may lack their customer by chance."""
_LACKING = ("date_missing", "customer_missing")


def find_heads(scene: Scene) -> Iterator[Doubt]:
    """Doubt rows with money whose customer, order and date are blank, or whose customer stands on the order's first row only."""
    if scene.job.read.fill_down is not None:
        return
    rows = scene.rows
    lacking = rows.filter(
        rows.rule.isin(_LACKING) & rows.amount.notnull() & rows.line.notnull() & rows.customer_id.isnull()
    )
    if not lacking.count().execute():
        return
    filled = _fill(rows, has_order=bool(scene.job.columns.order_id)).filter(
        _.rule.isin(_LACKING) & _.customer_id.isnull()
    )
    below = filled.is_below | ibis.literal(_is_named_once(scene))
    found = filled.filter(filled.above_customer.notnull() & filled.above_date.notnull() & below)
    sums = found.aggregate(
        rows=_.count(), money=_.amount.sum().cast("float64"), size=_.amount.abs().sum().cast("float64")
    )
    row = sums.to_pyarrow().to_pylist()[0]
    count, money, size = int(row["rows"] or 0), float(row["money"] or 0), float(row["size"] or 0)
    if not count or _is_footer(scene, count, money):
        return
    taken = found.select(
        customer_id=found.above_customer,
        order_id=ibis.coalesce(found.own_order, found.above_order),
        amount=found.amount,
        is_return=found.is_return,
    )
    both = ibis.union(scene.used.select(*taken.columns), taken.cast(scene.used.select(*taken.columns).schema()))
    first = found.order_by("file", "line").limit(3).select("file", "line").to_pyarrow().to_pylist()
    yield Doubt(
        "header_once",
        told(
            "{count:,} rows with money have no customer of their own and stand below one that has: an order's customer, number and date may be written once.",
            count=count,
        ),
        (
            Reading(
                "fill_down", told("they belong to the row above"), ("read.fill_down: true",), **scene.measure(both)
            ),
            Reading("as_is", told("they are of nobody, and are set aside"), ("read.fill_down: false",), **scene.base),
        ),
        count=count,
        money=round(money, 2),
        share=size / (scene.money + size),
        column=scene.job.columns.customer_id,
        first=tuple((one["file"], one["line"], None) for one in first),
        stands=size < LEAST_SHARE * scene.money,
    )


_OF_A_ROW = ("file", "line", "rule", "customer_id", "order_date", "amount", "is_return")


def _is_named_once(scene: Scene) -> bool:
    """Say whether each customer is named on one row only, above those of its orders: in no other log do names never return."""
    rows = scene.rows.filter(scene.rows.amount.notnull() & scene.rows.order_date.notnull())
    sums = (
        rows.aggregate(rows=rows.count(), named=rows.customer_id.count(), names=rows.customer_id.nunique())
        .to_pyarrow()
        .to_pylist()[0]
    )
    named = int(sums["named"] or 0)
    nameless = int(sums["rows"]) - named
    return named >= 2 and named == int(sums["names"] or 0) and nameless >= max(LEAST_NAMELESS, named / 2)


def _fill(rows: Table, *, has_order: bool) -> Table:
    """Return rows without a customer, with the customer, order and date of the last row above that has them, and whether it is of
    the same order. Of rows with a customer, those come along that have one without it below them.
    """
    own = ibis.ifelse(rows.order_id.startswith("day "), None, rows.order_id) if has_order else ibis.null("string")
    rows = rows.select(*_OF_A_ROW, own_order=own, has_customer=rows.customer_id.notnull())
    below = rows.has_customer.lead().over(ibis.window(group_by=rows.file, order_by=rows.line))
    rows = rows.mutate(heads=~below.fill_null(True)).filter(~_.has_customer | _.heads)
    above = ibis.window(group_by=rows.file, order_by=rows.line, rows=(None, 0))
    rows = rows.mutate(head=ibis.ifelse(rows.has_customer, 1, 0).sum().over(above))
    of_head = {"group_by": [rows.file, rows["head"]]}
    rows = rows.mutate(
        above_customer=rows.customer_id.max().over(**of_head),
        above_order=rows.own_order.max(where=rows.has_customer).over(**of_head),
        above_date=ibis.coalesce(rows.order_date, rows.order_date.max(where=rows.has_customer).over(**of_head)),
    )
    below = ibis.ifelse(
        rows.own_order.isnull(), rows.order_date.isnull(), (rows.own_order == rows.above_order).fill_null(False)
    )
    return rows.mutate(is_below=below)


def _is_footer(scene: Scene, count: int, money: float) -> bool:
    """Say whether one row is the sum of all others, without a word that says so."""
    return count == 1 and abs(money - scene.base["net_sales"]) < 0.011
