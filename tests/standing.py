"""Which orders stand on which days? Found in plain Python from the raw rows, for tests that count orders a second time.

Nothing of kalib is called: a return takes the last equal sale before it that no return has taken, and an order all of whose
sales are taken is no order, from that day until it gets another sale.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import duckdb
import pyarrow as pa


class Line(NamedTuple):
    """A raw row: customer, order, day, product, quantity, money as a whole number, and whether it is a return."""

    c: str
    o: str
    d: dt.date
    p: str
    q: object
    m: int
    is_return: bool


class Standing(NamedTuple):
    """An order, dated ``d``, that stands from ``since`` to the day before ``until``; without one, for good."""

    c: str
    o: str
    d: dt.date
    since: dt.date
    until: dt.date | None


def find_standing(lines: Iterable[Line]) -> Iterator[Standing]:
    """Give each stretch of days during which an order stood."""
    sales: dict[tuple, list[Line]] = defaultdict(list)  # of each order
    goods: dict[tuple, tuple[list, list]] = defaultdict(lambda: ([], []))  # sales and returns of the same thing
    for line in lines:
        same = goods[line.c, line.p, abs(line.q), abs(line.m)]
        if line.is_return:
            same[1].append(line)
        else:
            same[0].append(line)
            sales[line.c, line.o].append(line)
    taken: dict[int, dt.date] = {}  # by id of the sale
    for sold, back in goods.values():
        for gone in sorted(back, key=lambda line: line.d):
            before = [line for line in sold if line.d <= gone.d and id(line) not in taken]
            if before:
                last = max(before, key=lambda line: (line.d, len(line.o), line.o))
                taken[id(last)] = gone.d
    for (c, o), own in sales.items():
        first = min(line.d for line in own)
        changes = sorted({line.d for line in own} | {taken[id(line)] for line in own if id(line) in taken})
        since = None
        for day in changes:
            stands = any(line.d <= day and taken.get(id(line), dt.date.max) > day for line in own)
            if stands and since is None:
                since = day
            elif not stands and since is not None:
                yield Standing(c, o, first, since, day)
                since = None
        if since is not None:
            yield Standing(c, o, first, since, None)


def add_standing(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``standing`` from the raw rows in ``l``, and the macro ``placed``: the orders as they stood on a day."""
    rows = con.execute("SELECT c, o, d, p, q, m, is_return FROM l").fetchall()
    columns = zip(*find_standing([Line(*row) for row in rows]), strict=True)
    kinds = (pa.string(), pa.string(), pa.date32(), pa.date32(), pa.date32())
    found = pa.table([pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], Standing._fields)
    con.register("found", found)
    con.execute("""CREATE TABLE standing AS FROM found;
        CREATE MACRO placed(day) AS TABLE SELECT c, o, d FROM standing WHERE since <= day AND (until IS NULL OR until > day)""")
    con.unregister("found")
