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
    aside: int | None = 0  # None where the rows can honestly be counted in two ways
    met: Sequence[Met] = ()
    unsettled: Sequence[str] = ()  # customers whose orders and days can honestly be counted in two ways
    told: Sequence[str] = ()  # doubts that are raised and stand
    untold: Sequence[str] = ()  # doubts that must not be raised, not even told
    unmet: Sequence[str] = ()  # rules that must not be reported
    net: str | None = None  # worked out by hand, over all customers
    orders: int | None = None
    void: Sequence[tuple[str, str]] = ()  # customer and order number of orders that were cancelled in full

    @property
    def read(self) -> int | None:
        return None if self.aside is None else len(self.rows) + self.aside


class Gives(NamedTuple):
    """A reading that a doubt must offer, by what it would give. What is None is not looked at."""

    net_sales: str | None = None
    orders: int | None = None
    customers: int | None = None


@dataclass(frozen=True)
class Doubted:
    """The file is refused until its owner answers a question; the lines offered, pasted into the job, give ``settled_rows``.

    ``name`` may be several names, where either is honest (``a|b``). ``beside`` are doubts that may be raised with it; their lines
    are pasted as well. ``answered`` is pasted instead, where the answer is known to nobody but the owner, such as a rate.
    """

    name: str
    readings: Sequence[Gives]
    settled_rows: Sequence[Row]
    net: str | None = None
    orders: int | None = None
    beside: Sequence[str] = ()
    answered: Mapping[str, object] = field(default_factory=dict)
    unsettled: Sequence[str] = ()
    void: Sequence[tuple[str, str]] = ()

    @property
    def settled(self) -> Used:
        """Return what the job must give once it says what the doubt asks for."""
        return Used(self.settled_rows, None, unsettled=self.unsettled, net=self.net, orders=self.orders, void=self.void)


@dataclass(frozen=True)
class Guessed:
    """`kalib init` maps ``columns`` (ours: theirs), says ``words`` (``a|b``: one of the two), and not ``unsaid``."""

    columns: Mapping[str, str | None] = field(default_factory=dict)  # None: must not be mapped
    words: Sequence[str] = ()
    unsaid: Sequence[str] = ()


@dataclass(frozen=True)
class Refused:
    """The file is refused, the message has each of ``words`` (``a|b``: one of the two), nothing is left behind."""

    words: Sequence[str] = ()
    rule: str | None = None
    line: int | None = None
    value: str | None = None


Content = str | bytes | Callable[[], bytes]
Verdict = Used | Refused | Doubted | Guessed


@dataclass(frozen=True)
class Case:
    """Data files, the job that reads them, and every verdict that is honest."""

    name: str
    files: Mapping[str, Content]
    verdicts: Sequence[Verdict]
    job: Mapping[str, object] = field(default_factory=dict)
    columns: Mapping[str, str] | None = None
    source: str | Sequence[str] | None = None
    whole: bool = False  # what it is about shows in the features alone: they are built even where tests are in a hurry


COLUMNS = {"customer_id": "customer", "order_id": "order", "order_date": "day", "amount": "amount"}


def text_case(
    name: str, content: Content, *verdicts: Verdict, file: str = "orders.csv", whole: bool = False, **job: object
) -> Case:
    """Return a case of one file; ``columns`` and all else that the job says are keywords."""
    columns = job.pop("columns", None)
    return Case(name, {file: content}, verdicts, job=job, columns=columns, whole=whole)


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


COMES_BACK = 28
"""Days without a line after which the number of an order is that of another."""
GOES_ON = 60
"""Days after its beginning that an order can have lines on."""


def figures(
    rows: Sequence[Row], *, returned: Sequence[bool] | None = None, void: Sequence[tuple[str, str]] = ()
) -> dict[str, Figures]:
    """Work out the customers of clean rows, in plain Python.

    An order is a number of a customer with a line that is not a return; it counts on the day of its first such line.
    Where no such line has money, there is no order. A number that comes back four weeks after its last line, or more
    than 60 days after its first is another order on each further day. ``returned`` says of each row whether it is a return, where that
    does not hang on its amount alone; ``void`` are orders that were cancelled.

    >>> figures([Row("ann", "1", "2025-01-05", "9.995"), Row("ann", "2", "2025-02-01", "-1.00")])["ann"]
    Figures(net_sales=Decimal('9.00'), orders=1, first=datetime.date(2025, 1, 5), last=datetime.date(2025, 1, 5))
    >>> figures([Row("ann", "1", "2025-01-05", "5"), Row("ann", "1", "2025-02-02", "5")])["ann"].orders
    2
    """
    money: dict[str, Decimal] = {}
    lines: dict[str, dict[str, list[tuple[dt.date, Decimal]]]] = {}
    for at, row in enumerate(rows):
        amount, day = Decimal(row.amount), dt.date.fromisoformat(row.day)
        is_return = amount < 0 if returned is None else returned[at]
        money[row.customer] = money.get(row.customer, Decimal(0)) + amount
        orders = lines.setdefault(row.customer, {})
        if not is_return and (row.customer, row.order) not in void:
            orders.setdefault(row.order, []).append((day, amount))
    found: dict[str, Figures] = {}
    for customer, total in money.items():
        days = [day for sold in lines[customer].values() for day in _days(sorted(sold))]
        net_sales = total.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        found[customer] = Figures(net_sales, len(days), min(days, default=None), max(days, default=None))
    return found


def _days(sold: Sequence[tuple[dt.date, Decimal]]) -> list[dt.date]:
    """Return the days of the orders that lines under one number, in the order of their days, make."""
    days: list[dt.date] = []
    began = before = None
    for day, amount in sold:
        if not amount:
            continue
        if before is None or (day - before).days >= COMES_BACK:
            days.append(day)
            began = day
        elif (day - began).days > GOES_ON and day != before:
            days.append(day)
        before = day
    return days
