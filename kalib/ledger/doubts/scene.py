"""What is there to be doubted? The judged rows of a source, looked at once: by customer, by order, by what stands in columns beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import BooleanValue, Table, Value

from kalib.ledger.doubts.watch import Kind, Watched
from kalib.ledger.orders import is_sale
from kalib.ledger.source import shown
from kalib.settings import Job

LEAST_SHARE = 0.001
"""A doubt that moves a smaller share of the money, and none of the largest accounts, may stand."""
LARGEST, OF_AN_ACCOUNT = 10, 0.01
"""None of so many accounts may lose or win such a share of its own money, or the doubt matters."""
FIRST = 3
GROUPED: tuple[Kind, ...] = ("status", "type", "debit_credit", "flag", "filled", "currency")


@dataclass(frozen=True)
class Scene:
    """A source under doubt: its rows as judged without any answer of the job, and what is known of it beside them.

    ``rows`` has met_<rule> and rule.
    """

    job: Job
    rows: Table
    watched: Sequence[Watched] = ()
    keep: Callable[[Table, str], Table] = lambda table, name: table

    @cached_property
    def used(self) -> Table:
        """Return the rows that are used."""
        return self.rows.filter(self.rows.rule.isnull())

    def columns(self, *kinds: Kind) -> list[Watched]:
        """Return the watched columns of some kinds."""
        return [one for one in self.watched if one.kind in kinds]

    @cached_property
    def facets(self) -> list[str]:
        """Return the columns of few values: of them, every combination is counted once."""
        mapped = [name for name in ("order_type", "order_status") if name in self.rows.columns]
        return ["file", *mapped, *(one.name for one in self.columns(*GROUPED))]

    @cached_property
    def profile(self) -> pd.DataFrame:
        """Return rows and money of the used rows by facet and sign, in one look: facets, is_positive, rows, money."""
        used = self.used
        table = used.group_by(*self.facets, is_positive=used.amount > 0).agg(
            rows=_.count(), money=_.amount.sum().cast("float64")
        )
        return table.to_pandas()

    @cached_property
    def orders(self) -> Table:
        """Return what the lines of each order come to, repeats aside: one row per customer and order number."""
        used = self.used.filter(~self.used.met_duplicate_kept)
        sale = is_sale(used)
        table = used.group_by("customer_id", "order_id").agg(
            lines=_.count(),
            sales=sale.sum(),
            least=used.amount.min(where=sale),
            most=used.amount.max(where=sale),
            net=used.amount.sum(where=sale),
            first=used.order_date.min(where=sale),
            last=used.order_date.max(where=sale),
        )
        return self.keep(table.filter(table.sales > 0), "orders_in_doubt")

    @cached_property
    def facts(self) -> dict[str, object]:
        """Return what the orders come to together, in one look."""
        orders = self.orders
        several = orders.sales > 1
        same = several & (orders.least == orders.most)
        facts = orders.aggregate(
            orders=orders.count(),
            lines=orders.lines.sum(),
            sales=orders.sales.sum(),
            customers=orders.customer_id.nunique(),
            numbered=orders.count(where=~orders.order_id.startswith("day ")),
            numbers=orders.order_id.nunique(where=~orders.order_id.startswith("day ")),
            several=several.sum(),
            same=same.sum(),
            amounts=orders.most.nunique(where=same),
            lines_of_same=orders.sales.sum(where=same),
            headed=(several & (orders.net == orders.most * 2)).sum(),
            headed_of_three=((orders.sales > 2) & (orders.net == orders.most * 2)).sum(),
        )
        return {name: value or 0 for name, value in facts.to_pyarrow().to_pylist()[0].items()}

    @cached_property
    def money(self) -> float:
        """Return the money of the used rows, signs aside."""
        return float(self.profile["money"].abs().sum()) or 1.0

    @cached_property
    def base(self) -> dict[str, float | int]:
        """Return net sales, orders and customers as they stand."""
        return self.measure(self.used)

    def measure(self, lines: Table) -> dict[str, float | int]:
        """Return net sales, orders and customers of some lines: customer_id, order_id, amount, is_return."""
        sale = is_sale(lines)
        orders = lines.group_by("customer_id", "order_id").agg(sales=sale.any(), net=_.amount.sum())
        found = orders.aggregate(
            net_sales=orders.net.sum().cast("float64"),
            orders=orders.sales.sum(),
            customers=orders.customer_id.nunique(),
        )
        row = found.to_pyarrow().to_pylist()[0]
        return {
            "net_sales": round(float(row["net_sales"] or 0), 2),
            "orders": int(row["orders"] or 0),
            "customers": int(row["customers"] or 0),
        }

    def figures(
        self, *, without: BooleanValue | None = None, taken_off: BooleanValue | None = None
    ) -> dict[str, float | int]:
        """Return what the used rows would come to without some of them, or with the money of some taken off."""
        no = ibis.literal(False)
        lines = self.used
        off = (no if taken_off is None else taken_off.fill_null(False)) & (lines.amount > 0)
        lines = lines.mutate(
            amount=ibis.ifelse(off, -lines.amount, lines.amount),
            is_return=lines.is_return | off,
            gone=no if without is None else without.fill_null(False),
        )
        return self.measure(lines.filter(~lines.gone))

    def first(self, where: BooleanValue, value: Value | None = None) -> tuple[tuple[str, int | None, str | None], ...]:
        """Return the first places of the used rows that something is true of."""
        said = ibis.null("string") if value is None else value.cast("string")
        marked = self.used.mutate(__said=said, __hit=where.fill_null(False))  # a window in a filter fails on PostgreSQL
        found = marked.filter(marked["__hit"]).select("file", "line", "__said")
        rows = found.order_by("file", "line", "__said").limit(FIRST).to_pyarrow().to_pylist()
        return tuple(
            (
                row["file"],
                row["line"],
                None if row["__said"] is None else shown(row["__said"], 60),
            )
            for row in rows
        )

    def matters(self, where: BooleanValue) -> bool:
        """Say whether rows matter: by their share of the money, by any of the largest accounts, or by the last day."""
        used = self.used.mutate(hit=where.fill_null(False))
        sums = used.aggregate(
            hit=used.amount.abs().sum(where=used.hit).cast("float64"),
            last=used.order_date.max(),
            last_of_others=used.order_date.max(where=~used.hit),
        )
        row = sums.to_pyarrow().to_pylist()[0]
        if (row["hit"] or 0) >= LEAST_SHARE * self.money or row["last"] != row["last_of_others"]:
            return True
        accounts = used.group_by("customer_id").agg(
            net=_.amount.sum().cast("float64"), hit=used.amount.abs().sum(where=used.hit).cast("float64")
        )
        largest = accounts.order_by(ibis.desc("net")).limit(LARGEST).to_pandas()
        return bool((largest["hit"].fillna(0) > OF_AN_ACCOUNT * largest["net"].abs()).any())

    def share(self, where: BooleanValue) -> tuple[int, float, float]:
        """Return rows, money and share of the money of the used rows that something is true of."""
        used = self.used.mutate(hit=where.fill_null(False))
        found = used.aggregate(
            rows=used.hit.sum(),
            money=used.amount.sum(where=used.hit).cast("float64"),
            size=used.amount.abs().sum(where=used.hit).cast("float64"),
        )
        row = found.to_pyarrow().to_pylist()[0]
        return int(row["rows"] or 0), round(float(row["money"] or 0), 2), float(row["size"] or 0) / self.money
