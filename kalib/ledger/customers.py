"""What is known of every customer at each date? One row with all that the orders and the tables beside them tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ibis import _
from ibis.expr.types import Table

from kalib.ledger import features, goods, payments, service

KEY = ["as_of", "customer_id"]


def customers(
    days: Table,
    dates: Sequence[dt.date],
    *,
    cancelled: Table | None = None,
    lines: Table | None = None,
    pairs: Table | None = None,
    contacts: Table | None = None,
    costs: Table | None = None,
) -> Table:
    """Return one row per date and customer with any row by then; what the source does not have is absent.

    What comes from the table of days is cheap; goods are read from the lines, once for each date.

    Parameters
    ----------
    days : the table of ``features.days``
    dates : snapshot dates
    cancelled : the table of ``returns.match``; without it, every order stands
    lines : the lines themselves, for goods and payments; without them, both are left out
    pairs : the table of ``returns.pair``, which takes cancelled sales out of prices
    contacts : customer_id, contact_date, and hours and cost where there are any
    costs : customer_id, period_start, period_end and figures

    Returns
    -------
    Table
        The columns of ``features.snapshots``, with those of ``goods.goods`` where lines have a product or a category,
        ``payments.payments`` where they have due_date and paid_date, ``service.contacts`` and ``service.costs``; and
        cost_to_serve_365_days, the costs of contacts and of periods together. Rows in order of as_of and customer_id.
    """
    table = features.snapshots(days, dates, cancelled)
    if lines is not None and {"product", "category"} & set(lines.columns):
        table = goods.join(table, goods.goods(lines, dates, pairs), KEY)
    if lines is not None and {"due_date", "paid_date"} <= set(lines.columns):
        table = goods.join(table, payments.payments(lines, dates), KEY)
    if contacts is not None:
        table = goods.join(table, service.contacts(contacts, dates), KEY)
    if costs is not None:
        table = goods.join(table, service.costs(costs, dates), KEY)
    has = set(table.columns).__contains__
    none = {
        name: table[name].fill_null(0)
        for name in (
            "products_365_days",
            "categories_365_days",
            "contacts_365_days",
            "contact_hours_365_days",
            "contact_cost_365_days",
            "costs_365_days",
        )
        if has(name)
    }
    table = table.mutate(**none)
    serving = [name for name in ("contact_cost_365_days", "costs_365_days") if has(name)]
    if serving:
        total = sum((table[name] for name in serving[1:]), table[serving[0]])
        table = table.mutate(cost_to_serve_365_days=total.round(2))
    return table.order_by(*KEY)


def check_one_row(table: Table) -> None:
    """Check that a table has one row per as_of and customer.

    Raises
    ------
    ValueError
        Names a date and a customer that stand in it twice.
    """
    rows = table.group_by(*KEY).agg(rows=_.count())
    twice = rows.filter(rows.rows > 1).order_by(*KEY).limit(1).to_pyarrow().to_pylist()
    if twice:
        row = twice[0]
        raise ValueError(
            f"customers must have one row per as_of and customer_id; {row['customer_id']!r} stands in it {row['rows']} times as of {row['as_of']}."
        )
