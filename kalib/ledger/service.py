"""What does it take to serve a customer? Contacts and costs up to each date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
from ibis import _
from ibis.expr.types import Table

from kalib.ledger.features import YEAR, money

FIGURES = ("rebates", "promotion", "logistics", "other")


def contacts(contacts: Table, dates: Sequence[dt.date]) -> Table:
    """Return the visits and calls of each customer up to each date.

    Parameters
    ----------
    contacts : customer_id, contact_date, and hours and cost where the source has them
    dates : snapshot dates

    Returns
    -------
    Table
        One row per as_of and customer with a contact by then: contacts_365_days, days_since_last_contact, and
        contact_hours_365_days and contact_cost_365_days where the source has hours and cost.
    """
    return ibis.union(*(_contacts_at(contacts, date) for date in sorted(set(dates))))


def _contacts_at(contacts: Table, as_of: dt.date) -> Table:
    known = contacts.filter(contacts.contact_date <= as_of)
    of_year = known.contact_date > as_of - dt.timedelta(days=YEAR)
    sums = {"contacts_365_days": of_year.sum(), "last": known.contact_date.max()}
    for name in ("hours", "cost"):
        if name in known.columns:
            sums[f"contact_{name}_365_days"] = ibis.ifelse(of_year, known[name], None).sum()
    table = known.group_by("customer_id").agg(**sums)
    columns = {name: table[name] for name in sums if name != "last"}
    columns["contacts_365_days"] = columns["contacts_365_days"].cast("int64")
    columns |= {name: money(value) for name, value in columns.items() if name.startswith("contact_")}
    since = ibis.literal(as_of).delta(table["last"], unit="day")
    return table.select(
        as_of=ibis.literal(as_of), customer_id=table.customer_id, **columns, days_since_last_contact=since
    )


def costs(costs: Table, dates: Sequence[dt.date]) -> Table:
    """Return what serving each customer cost in the periods that ended in the 365 days up to each date.

    A period that has not ended by the date is left out: its figure knows of later days.

    Parameters
    ----------
    costs : customer_id, period_start, period_end, and any of rebates, promotion, logistics, other
    dates : snapshot dates

    Returns
    -------
    Table
        One row per as_of and customer with a period: costs_365_days.
    """
    given = [name for name in FIGURES if name in costs.columns]
    spent = sum((costs[name].fill_null(0) for name in given[1:]), costs[given[0]].fill_null(0))
    parts = []
    for date in sorted(set(dates)):
        ended = (costs.period_end <= date) & (costs.period_end > date - dt.timedelta(days=YEAR))
        table = costs.mutate(spent=spent).filter(ended).group_by("customer_id").agg(spent=_.spent.sum())
        parts.append(
            table.select(as_of=ibis.literal(date), customer_id=table.customer_id, costs_365_days=money(table.spent))
        )
    return ibis.union(*parts)
