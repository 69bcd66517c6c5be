"""Which orders stand on which days? Found in plain Python from the raw rows, for tests that count orders a second time.

Nothing of kalib is called. An order number that comes back is another order; a return takes the last open equal sale of the
order whose number it carries, or else of all; and an order of whose money nothing is left is none, until it goes on.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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

    @property
    def is_sale(self) -> bool:
        return not self.is_return and self.m > 0


class Standing(NamedTuple):
    """An order, dated ``d``, that stands from ``since`` to the day before ``until``; without one, for good."""

    c: str
    o: str
    d: dt.date
    since: dt.date
    until: dt.date | None


def name_orders(lines: Sequence[Line]) -> list[str]:
    """Give each line the name of its order: the number, and from the second order of that number on which one it is."""
    sold: dict[tuple, set[dt.date]] = defaultdict(set)
    for line in lines:
        if line.is_sale:
            sold[line.c, line.o].add(line.d)
    begins: dict[tuple, list[dt.date]] = {}
    for key, days in sold.items():
        begun, chain, last = [], None, None
        for day in sorted(days):
            if last is None or (day - last).days >= 28:
                chain = day
                begun.append(day)
            elif (day - chain).days > 60:
                begun.append(day)
            last = day
        begins[key] = begun
    names = []
    for line in lines:
        which = sum(day <= line.d for day in begins.get((line.c, line.o), []))
        names.append(line.o if which < 2 else f"{line.o}\x1f{which}")
    return names


def pair_lines(lines: Sequence[Line], orders: Sequence[str]) -> dict[int, int]:
    """Give the place of the return that takes each sale, by the sale's own place."""
    goods: dict[tuple, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for place, line in enumerate(lines):
        if line.is_sale or line.is_return:
            goods[line.c, line.p or "", abs(line.q or 0), abs(line.m)][line.is_return].append(place)
    taken: dict[int, int] = {}

    def take(back: int, sold: Iterable[int]) -> bool:
        can = [sale for sale in sold if lines[sale].d <= lines[back].d and sale not in taken]
        if can:
            taken[max(can, key=lambda sale: (lines[sale].d, len(orders[sale]), orders[sale]))] = back
        return bool(can)

    for sold, backs in goods.values():
        for day in sorted({lines[back].d for back in backs}):
            today = [back for back in backs if lines[back].d == day]
            today.sort(
                key=lambda back: (len(orders[back]), orders[back])
            )  # which of equal returns: not as rows happen to stand
            named = [back for back in today if take(back, [sale for sale in sold if lines[sale].o == lines[back].o])]
            if not is_fee([lines[sale] for sale in sold if lines[sale].d <= day]):
                for back in today:
                    if back not in named:
                        take(back, sold)
    return taken


def is_fee(sold: Sequence[Line]) -> bool:
    """Say whether equal sales are a fee: three and more, each six days or more after the last, and evenly if the product is known."""
    days = sorted(line.d for line in sold)
    gaps = [(days[i] - days[i - 1]).days for i in range(1, len(days))]
    return len(days) >= 3 and min(gaps) >= 6 and (not sold[0].p or max(gaps) <= 1.5 * min(gaps))


def find_standing(lines: Sequence[Line], orders: Sequence[str] | None = None) -> Iterator[Standing]:
    """Give each stretch of days during which an order stood."""
    orders = name_orders(lines) if orders is None else orders
    taken = pair_lines(lines, orders)
    used = set(taken.values())
    comes: dict[tuple, dict[dt.date, int]] = defaultdict(lambda: defaultdict(int))
    goes: dict[tuple, dict[dt.date, int]] = defaultdict(lambda: defaultdict(int))
    for place, (line, order) in enumerate(zip(lines, orders, strict=True)):
        if line.is_sale:
            comes[line.c, order][line.d] += line.m
            if place in taken:
                goes[line.c, order][lines[taken[place]].d] += line.m
        elif line.is_return and place not in used:
            goes[line.c, order][line.d] += abs(line.m)
    for (c, o), came in comes.items():
        went, left, since = goes[c, o], 0, None
        for day in sorted(came.keys() | went.keys()):
            left = max(0, left + came.get(day, 0) - went.get(day, 0))
            if left and since is None:
                since = day
            elif not left and since is not None:
                yield Standing(c, o, min(came), since, day)
                since = None
        if since is not None:
            yield Standing(c, o, min(came), since, None)


def add_standing(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``standing`` from the raw rows in ``l``, and the macro ``placed``: the orders as they stood on a day.

    In ``l``, an order number that came back gets the name of its order.
    """
    lines = [Line(*row) for row in con.execute("SELECT c, o, d, p, q, m, is_return FROM l ORDER BY rowid").fetchall()]
    orders = name_orders(lines)
    renamed = {(line.c, line.o, line.d, order) for line, order in zip(lines, orders, strict=True) if line.o != order}
    if renamed:
        con.execute("CREATE TABLE renamed (c VARCHAR, o VARCHAR, d DATE, n VARCHAR)")
        con.executemany("INSERT INTO renamed VALUES (?, ?, ?, ?)", sorted(renamed))
        con.execute("UPDATE l SET o = n FROM renamed AS r WHERE l.c = r.c AND l.o = r.o AND l.d = r.d")
    columns = zip(*find_standing(lines, orders), strict=True)
    kinds = (pa.string(), pa.string(), pa.date32(), pa.date32(), pa.date32())
    found = pa.table([pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], Standing._fields)
    con.register("found", found)
    con.execute("""CREATE TABLE standing AS FROM found;
        CREATE MACRO placed(day) AS TABLE SELECT c, o, d FROM standing WHERE since <= day AND (until IS NULL OR until > day)""")
    con.unregister("found")
