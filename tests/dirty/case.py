"""What is a dirty file, and what must be made of it? The clean log behind every case, and the words to say a verdict in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple


class Row(NamedTuple):
    """One clean order line: what an honest careful person reads out of the dirty one."""

    customer: str
    order: str
    day: str
    amount: str


LOG = (
    Row("C01", "1001", "2025-01-31", "10.00"),
    Row("C01", "1001", "2025-01-31", "5.50"),
    Row("C02", "1002", "2025-02-03", "100.25"),
    Row("C01", "1003", "2025-02-14", "20.00"),
    Row("C03", "1004", "2025-03-20", "7.00"),
    Row("C02", "1005", "2025-05-13", "1234.56"),
    Row("C03", "1006", "2025-05-30", "64.20"),
)
"""The log that most cases spell in a dirty way. As text, its rows stand in lines 2 to 8."""
HEADER = ("customer", "order", "day", "amount")
AS_OF = "2025-06-30"


class Figures(NamedTuple):
    """What customers.parquet must say of a customer. ``orders`` is None where two readings are honest."""

    net_sales: Decimal
    orders: int | None
    first: dt.date | None
    last: dt.date | None


@dataclass(frozen=True)
class Met:
    """A rule that must be reported; several names, where either is honest. What is None is not looked at."""

    rule: str
    count: int | None = 1
    line: int | None = None
    column: str | None = None
    value: str | None = None
    file: str | None = None


@dataclass(frozen=True)
class Used:
    """The file is read, and ``rows`` are what its lines mean; ``aside`` of its rows are left out and said."""

    rows: Sequence[Row] = LOG
    aside: int = 0
    met: Sequence[Met] = ()
    unsettled: Sequence[str] = ()  # customers whose orders and days can honestly be counted in two ways

    @property
    def read(self) -> int:
        return len(self.rows) + self.aside


@dataclass(frozen=True)
class Refused:
    """The file is refused, the message has each of ``words`` (``a|b``: one of the two), nothing is left behind."""

    words: Sequence[str] = ()
    rule: str | None = None
    line: int | None = None
    value: str | None = None


Content = str | bytes | Callable[[], bytes]


@dataclass(frozen=True)
class Case:
    """Data files, the job that reads them, and every verdict that is honest."""

    name: str
    files: Mapping[str, Content]
    verdicts: Sequence[Used | Refused]
    job: Mapping[str, object] = field(default_factory=dict)
    columns: Mapping[str, str] | None = None
    source: str | Sequence[str] | None = None


COLUMNS = {"customer_id": "customer", "order_id": "order", "order_date": "day", "amount": "amount"}


def text_case(name: str, content: Content, *verdicts: Used | Refused, file: str = "orders.csv", **job: object) -> Case:
    """Return a case of one file; ``columns`` and all else that the job says are keywords."""
    columns = job.pop("columns", None)
    return Case(name, {file: content}, verdicts, job=job, columns=columns)


def written(
    rows: Iterable[Sequence[str]] = LOG, *, header: Sequence[str] = HEADER, delimiter: str = ",", end: str = "\n"
) -> str:
    """Return rows as plain text, a header above them."""
    return "".join(delimiter.join(cells) + end for cells in (header, *rows))


def with_row(*cells: str, rows: Sequence[Sequence[str]] = LOG) -> str:
    """Return the log as text with one more row, at line 9."""
    return written((*rows, cells))


def with_amount(cell: str) -> str:
    """Return the log as text with one more row whose amount is written so, at line 9."""
    return with_row("C01", "1007", "2025-06-02", cell)


def with_day(cell: str) -> str:
    """Return the log as text with one more row whose date is written so, at line 9."""
    return with_row("C01", "1007", cell, "12.50")


def plus(amount: str = "12.50", *, customer: str = "C01", order: str = "1007", day: str = "2025-06-02") -> tuple:
    """Return the clean log with one more row."""
    return (*LOG, Row(customer, order, day, amount))


def respelled(column: str, spell: Callable[[str], str]) -> list[Row]:
    """Return the log with each cell of a column written in another way."""
    return [row._replace(**{column: spell(getattr(row, column))}) for row in LOG]


def left_out(rule: str, *, value: str | None = None, column: str | None = None, line: int = 9) -> Used:
    """Return the verdict that the clean log is used, and the one row at ``line`` is set aside."""
    return Used(aside=1, met=[Met(rule, 1, line, column, value)])


def figures(rows: Sequence[Row], *, returned: Sequence[bool] | None = None) -> dict[str, Figures]:
    """Work out the customers of clean rows, in plain Python.

    An order is a number of a customer with a line that is not a return; it counts on the day of its first such line.
    ``returned`` says of each row whether it is a return, where that does not hang on its amount alone.

    >>> figures([Row("ann", "1", "2025-01-05", "9.995"), Row("ann", "2", "2025-02-01", "-1.00")])["ann"]
    Figures(net_sales=Decimal('9.00'), orders=1, first=datetime.date(2025, 1, 5), last=datetime.date(2025, 1, 5))
    """
    money: dict[str, Decimal] = {}
    days: dict[str, dict[str, dt.date]] = {}
    for at, row in enumerate(rows):
        amount, day = Decimal(row.amount), dt.date.fromisoformat(row.day)
        is_return = amount < 0 if returned is None else returned[at]
        money[row.customer] = money.get(row.customer, Decimal(0)) + amount
        orders = days.setdefault(row.customer, {})
        if not is_return:
            orders[row.order] = min(day, orders.get(row.order, day))
    return {
        customer: Figures(
            total.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP),
            len(days[customer]),
            min(days[customer].values(), default=None),
            max(days[customer].values(), default=None),
        )
        for customer, total in money.items()
    }
