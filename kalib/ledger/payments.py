"""Does a customer pay, and how late? What was due and what was paid by each date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
import ibis.expr.datatypes as dtypes
from ibis import _
from ibis.expr.types import Table

from kalib.ledger.features import less, money, over

COLUMNS = ("collection_rate", "days_late", "overdue_amount")


def payments(lines: Table, dates: Sequence[dt.date]) -> Table:
    """Return how each customer had paid by each date.

    What is paid after a date is not paid at the date. A line with a day of payment and no amount paid was paid in
    full. Credits without a due date are due at once; sales without one are left out, for nobody knows their terms.

    Parameters
    ----------
    lines : customer_id, order_date, amount, is_return, due_date, paid_date, and paid_amount where the source has it
    dates : snapshot dates

    Returns
    -------
    Table
        One row per as_of and customer with a line whose terms are known: collection_rate (paid by the date over invoiced and due
        by the date, credits taken off; null where nothing is left to pay), days_late (from the due date to the day of
        payment, a mean over the money that was paid; below 0 where it came early), overdue_amount (due before the date
        and not paid by then, credits taken off).

    Raises
    ------
    ValueError
        Lines without due_date or paid_date.
    """
    missing = {"due_date", "paid_date"} - set(lines.columns)
    if missing:
        raise ValueError(f"`payments` needs {sorted(missing)}; the lines have {list(lines.columns)}.")
    return ibis.union(*(_at(lines, date) for date in sorted(set(dates))))


def _at(lines: Table, as_of: dt.date) -> Table:
    amount = lines.paid_amount.fill_null(lines.amount) if "paid_amount" in lines.columns else lines.amount
    known = lines.filter(lines.order_date <= as_of).select(
        "customer_id",
        "amount",
        "is_return",
        "paid_date",
        due=ibis.ifelse(lines.is_return, lines.due_date.fill_null(lines.order_date), lines.due_date),
        paid=ibis.ifelse(lines.paid_date <= as_of, amount, None).fill_null(0).cast(lines.amount.type()),
    )
    known = known.filter(known.due.notnull())
    # Money times days in four decimals: exact enough for a mean, and never more digits than an engine can add up.
    counts = ~known.is_return & (known.paid > 0)
    weight = known.paid.cast(dtypes.Decimal(20, 4))
    days = known.paid_date.delta(known.due, unit="day").cast("int32")
    table = known.group_by("customer_id").agg(
        due_lines=(known.due <= as_of).sum(),
        invoiced=known.amount.sum(where=known.due <= as_of),
        paid=known.paid.sum(where=known.due <= as_of),
        before=known.amount.sum(where=known.due < as_of),
        paid_before=known.paid.sum(where=known.due < as_of),
        late=ibis.ifelse(counts, weight * days, None).sum(),
        weights=ibis.ifelse(counts, weight, None).sum(),
    )
    table = table.select(
        "customer_id",
        "due_lines",
        **{name: money(table[name]) for name in ("invoiced", "paid")},
        owed=money(less(table.before, table.paid_before)),
        late=table.late.cast("float64"),
        weights=table.weights.cast("float64"),
    )
    return table.select(
        as_of=ibis.literal(as_of),
        customer_id=_.customer_id,
        collection_rate=over(_.paid, _.invoiced),
        days_late=over(_.late, _.weights),
        overdue_amount=ibis.greatest(_.owed, 0.0),
    )
