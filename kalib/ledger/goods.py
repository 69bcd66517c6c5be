"""What does a customer buy? Breadth, concentration, price against peers, and goods new to the range, at each date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
from ibis import _
from ibis.expr.types import Table

from kalib.ledger.features import YEAR, less, money, over

COLUMNS = {
    "product": (
        "products_365_days",
        "largest_product_share_365_days",
        "product_concentration_365_days",
        "new_products_share_365_days",
    ),
    "category": ("categories_365_days", "largest_category_share_365_days", "category_concentration_365_days"),
}
PRICE = "price_against_peers_365_days"


def goods(lines: Table, dates: Sequence[dt.date], pairs: Table | None = None) -> Table:
    """Return what each customer bought in the 365 days up to each date.

    Breadth and concentration look at net sales per product (category): goods sent back are not bought, and rows
    without a product are no goods. Price and novelty look at sales; those cancelled by the date are taken out of both
    the customer's purchases and the peers'.

    Parameters
    ----------
    lines : customer_id, order_date, amount, is_return, product or category or both, quantity where the source has it
    dates : snapshot dates
    pairs : the table of ``returns.pair``; without it, cancelled sales count in price and novelty

    Returns
    -------
    Table
        One row per as_of and customer with a row in the 365 days: products_365_days (with net sales above 0),
        largest_product_share_365_days, product_concentration_365_days (Herfindahl: the sum of squared shares), the same
        of categories, new_products_share_365_days (share of sales in products that nobody bought before these 365
        days; null where the log does not reach 365 days further back), price_against_peers_365_days (paid over what
        the same units cost the other customers on average; null without peers).

    Raises
    ------
    ValueError
        Lines with neither product nor category.
    """
    if not {"product", "category"} & set(lines.columns):
        raise ValueError(f"`goods` needs a product or a category; the lines have {list(lines.columns)}.")
    return ibis.union(*(_of_a_year(lines, date, pairs) for date in sorted(set(dates))))


def _of_a_year(lines: Table, as_of: dt.date, pairs: Table | None) -> Table:
    first = as_of - dt.timedelta(days=YEAR - 1)
    year = lines.filter((lines.order_date >= first) & (lines.order_date <= as_of))
    table = year.select("customer_id").distinct().mutate(as_of=ibis.literal(as_of)).relocate("as_of")
    for what, plural in (("product", "products"), ("category", "categories")):
        if what in lines.columns:
            table = join(table, _breadth(year, what, plural), ["customer_id"])
    if "product" in lines.columns:
        spent = _spent(year, as_of, first, pairs)
        table = join(table, _novelty(lines, spent, first), ["customer_id"])
        if "quantity" in lines.columns:
            table = join(table, _price(spent), ["customer_id"])
    counts = [name for name in ("products_365_days", "categories_365_days") if name in table.columns]
    return table.mutate(**{name: _[name].fill_null(0).cast("int64") for name in counts})


def join(left: Table, right: Table, key: Sequence[str]) -> Table:
    """Return ``left`` with the columns of ``right``, which has at most one row per key."""
    return left.left_join(right, list(key)).select(*left.columns, *(name for name in right.columns if name not in key))


def _breadth(year: Table, what: str, plural: str) -> Table:
    by_goods = year.filter(_[what].notnull()).group_by("customer_id", what).agg(net=_.amount.sum())
    by_goods = by_goods.select("customer_id", net=money(by_goods.net)).filter(_.net > 0)
    table = by_goods.group_by("customer_id").agg(
        count=_.count(), total=_.net.sum(), most=_.net.max(), squares=(_.net * _.net).sum()
    )
    return table.select(
        "customer_id",
        **{
            f"{plural}_365_days": table["count"].cast("int64"),
            f"largest_{what}_share_365_days": over(table.most, table.total),
            f"{what}_concentration_365_days": over(table.squares, table.total * table.total),
        },
    )


def _spent(year: Table, as_of: dt.date, first: dt.date, pairs: Table | None) -> Table:
    """Return what each customer paid for how much of each product, less what was cancelled by the date."""
    has_quantity = "quantity" in year.columns
    sold = year.filter(~_.is_return & _.product.notnull()).select(
        "customer_id", "product", "amount", quantity=_.quantity if has_quantity else ibis.literal(0, "int64")
    )
    if pairs is not None:
        gone = pairs.filter(
            ~_.is_return
            & (_.paired_on <= as_of)
            & (_.order_date >= first)
            & (_["product"] != "")  # the pairs call a missing product so
        )
        gone = gone.select("customer_id", "product", amount=-_.amount, quantity=-_.quantity)
        sold = ibis.union(sold, gone.cast(sold.schema()))
    table = sold.group_by("customer_id", "product").agg(amount=_.amount.sum(), units=_.quantity.sum())
    return table.select("customer_id", "product", paid=money(table.amount), units=table.units.cast("float64"))


def _novelty(lines: Table, spent: Table, first: dt.date) -> Table:
    known = lines.filter(lines.order_date < first)
    old = known.filter(~_.is_return & _.product.notnull()).select("product").distinct().mutate(is_old=True)
    reaches = known.agg(is_long=(known.order_date.min() <= first - dt.timedelta(days=YEAR)).fill_null(False))
    table = spent.left_join(old, "product").select("customer_id", "paid", "is_old")
    table = table.group_by("customer_id").agg(new=_.paid.sum(where=_.is_old.isnull()).fill_null(0.0), paid=_.paid.sum())
    table = table.cross_join(reaches)
    return table.select("customer_id", new_products_share_365_days=ibis.ifelse(_.is_long, over(_.new, _.paid), None))


def _price(spent: Table) -> Table:
    # Decimals: what the others paid is a difference of sums, in which cents must not drown.
    spent = spent.mutate(paid=spent.paid.cast("decimal(24, 2)"), units=spent.units.cast("decimal(24, 4)"))
    bought = spent.filter((_.units > 0) & (_.paid > 0))
    peers = bought.group_by("product").agg(all_paid=_.paid.sum(), all_units=_.units.sum(), buyers=_.count())
    both = bought.join(peers.filter(_.buyers > 1), "product")
    price = less(both.all_paid, both.paid) / less(both.all_units, both.units)
    expected = (both.units.cast("float64") * price).round(8)  # a float's sum would hang on the order of its rows
    both = both.mutate(expected=expected.cast("decimal(38, 8)"))
    table = both.group_by("customer_id").agg(paid=_.paid.sum(), expected=_.expected.sum())
    return table.select("customer_id", **{PRICE: over(money(table.paid), table.expected)})
