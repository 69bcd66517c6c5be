"""What can the file not say itself? Settles decimals, dates, money and currency by evidence, and leaves the rest open."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import duckdb

from kalib.errors import DataError
from kalib.ledger import numbers
from kalib.ledger.dates import EXCEL, find_words, say_ambiguous
from kalib.ledger.draft import Open, Totals
from kalib.ledger.evidence import ITSELF, day_in, first_last
from kalib.ledger.guess import MONEY, Guess, Repeats, Seen, choose_customer
from kalib.ledger.source import Source, shown
from kalib.ledger.value import BLANKS, PRICE, QUANTITY, trimmed
from kalib.ledger.value import MONEY as EXACT_MONEY
from kalib.words.told import Told, told

KEYS = ("customer_id", "order_id", "product", "category")
LEAST_ORDERS = 5
"""An amount that is the same on all lines of each order is only doubted from so many orders of several lines on."""


@dataclass(frozen=True)
class Table:
    """One table of the file: its sources, all with the same headers, what was seen of them, and what they are guessed to be.

    ``names`` gives for each header the column of the table ``source``.
    """

    sources: list[Source]
    names: dict[str, str]
    seen: list[Seen]
    guesses: dict[str, Guess]

    @property
    def by_header(self) -> dict[str, Seen]:
        """Return what was seen, by header."""
        return {column.header: column for column in self.seen}

    @property
    def fit(self) -> int:
        """Return how many of the columns that a job must have are found, money counting twice."""
        found = {role for role, guess in self.guesses.items() if guess.header or guess.rivals}
        money = "amount" in found or {"quantity", "unit_price"} <= found
        return len(found & {"customer_id", "order_date", "order_id"}) + 2 * money

    def column(self, role: str) -> str | None:
        """Return the column of ``source`` for one of ours."""
        guess = self.guesses.get(role)
        return self.names[guess.header] if guess and guess.header else None

    def kind(self, role: str) -> str:
        """Return the DuckDB type of one of our columns."""
        return find_kinds(self.sources)[self.guesses[role].header]


def find_kinds(sources: list[Source]) -> dict[str, str]:
    """Return the type of each column: text where the sources differ in it."""
    kinds = dict(sources[0].columns)
    for source in sources[1:]:
        kinds |= {header: "VARCHAR" for header, kind in source.columns.items() if kinds[header] != kind}
    return kinds


def _such(column: Seen) -> str:
    return ", ".join(column.examples[:2])


def _headers(table: Table) -> dict[str, str]:
    return {role: guess.header for role, guess in table.guesses.items() if guess.header}


def settle_decimal(con: duckdb.DuckDBPyConnection, table: Table) -> Open | None:
    """Find the decimal sign as the ledger does; evidence only, never a preference."""
    roles = [role for role in MONEY if table.column(role) and table.kind(role) == "VARCHAR"]
    columns = [table.by_header[table.guesses[role].header] for role in roles]
    try:
        sign, _ = numbers.find_decimal(con, roles, None, table.sources, headers=_headers(table))
    except DataError as error:
        either = sum(column.numbers.either for column in columns)
        comma = sum(column.numbers.only_comma for column in columns)
        point = sum(column.numbers.only_point for column in columns)
        why = (
            told("{comma:,} numbers have a decimal comma, {point:,} a decimal point", comma=comma, point=point)
            if comma and point
            else told(
                "{count:,} numbers can be read both ways, such as {such}",
                count=either,
                such=f'"{shown(error.value or "", 40)}"',
            )
        )
        lines = [
            f"# {told('please check: {why}; take one of these two lines', why=why)}",
            f'# decimal: ","  # {told("1,234 is a little more than one; 1.234 is a thousand and more")}',
            f'# decimal: "."  # {told("1.234 is a little more than one; 1,234 is a thousand and more")}',
        ]
        return Open("decimal", lines, why=why, refusals=("number_ambiguous", "column_unreadable"))
    if sign == ".":
        return None
    most = max(columns, key=lambda column: column.numbers.only_comma)
    comma = sum(column.numbers.only_comma for column in columns)
    said = told("certain: {count:,} numbers can only be read so, such as {such}", count=comma, such=_such(most))
    return Open("decimal", [f'decimal: ","  # {said}'], value=",")


def settle_dates(con: duckdb.DuckDBPyConnection, table: Table) -> Open | None:
    """Find how the order date is written; nothing is said where the ledger reads it without being told."""
    name = table.column("order_date")
    if name is None or table.by_header[table.guesses["order_date"].header].kind == "date":
        return None
    column, kind = table.by_header[table.guesses["order_date"].header], table.kind("order_date")
    formats = column.formats
    words = find_words(con, name, kind, table="source")
    if words.ambiguous and len(formats) <= 1:
        why = say_ambiguous(words)
        lines = [f"# {told('please check: {why}', why=why)}", "# date_format: '%d %B %Y [hr]'"]
        return Open("date_format", lines, why=why, refusals=("date_ambiguous", "column_unreadable"))
    refusals = ("date_ambiguous", "date_serial", "column_unreadable")
    if len(formats) > 1:
        why = (
            told("some dates fit only the one, some only the other")
            if column.mixed
            else told("every date can be read in more than one way")
        )
        why = told("{why}, such as {such}; take one of these lines", why=why, such=_such(column))
        lines = [f"# {told('please check: {why}', why=why)}"]
        for form in formats:
            first, last = first_last(con, name, form, kind)
            lines.append(f"# {_format_line(form)}  # {_day_order(form)}: {first} to {last}")
        return Open("date_format", lines, why=why, refusals=refusals)
    form, count = column.dates[0]
    if form == ITSELF:
        return None
    unread = column.filled - count
    if form == EXCEL:
        first, last = first_last(con, name, form, kind)
        why = told(
            "{count:,} values look like day numbers of a spreadsheet, such as {such}", count=count, such=_such(column)
        )
        why = _with_unread(why, unread)
        lines = [
            f"# {told('please check: {why}; take this line if they are', why=why)}",
            f"# {_format_line(form)}  # {first} to {last}",
        ]
        return Open("date_format", lines, why=why, refusals=refusals)
    said = told(
        "{order}; {count:,} values can only be read so, such as {such}",
        order=_day_order(form),
        count=count,
        such=_such(column),
    )
    said = _with_unread(said, unread)
    sure = told("please check") if unread > 0 else told("certain")
    return Open(
        "date_format", [f"{_format_line(form)}  # {sure}: {said}"], value=form, why=said if unread > 0 else None
    )


def _with_unread(said: Told, unread: int) -> Told:
    """Add how many values cannot be read so, where there are any."""
    return told("{said}; {count:,} values cannot be read so", said=said, count=unread) if unread > 0 else said


def _format_line(form: str) -> str:
    return f"date_format: '{form}'" if form not in (EXCEL, ITSELF) else f"date_format: {form or 'null'}"


def _day_order(form: str) -> Told:
    if form == EXCEL:
        return told("days since 1900, as Excel counts")
    return {"%d": told("day first"), "%m": told("month first"), "%b": told("month first")}.get(
        form[:2], told("year first")
    )


def hold_to_format(table: Table, date_format: str | None) -> dict[str, Guess]:
    """Leave out the other date columns where they are not written as the order date is: a job has one format."""
    held = dict(table.guesses)
    for role in ("due_date", "paid_date"):
        guess = table.guesses.get(role)
        column = table.by_header[guess.header] if guess and guess.header else None
        if column is None or column.kind == "date" or date_format is None:
            continue
        if (column.formats or ("",))[0] not in (date_format, ITSELF) or (
            column.dates[0][0] != ITSELF and column.dates[0][0] != date_format
        ):
            held[role] = replace(
                guess,
                header=None,
                sure="please check",
                why=told("its dates are not written as the order dates are"),
                rivals=(guess.header,),
            )
    return held


def settle_customer(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, Guess]:
    """Take another header for the customer where the first one has a single value, or is one to one with the orders.

    Exact counts are dear; they are made only where rough ones say that it may be so.
    """
    guess, order = table.guesses.get("customer_id"), table.column("order_id")
    if guess is None or guess.header is None:
        return table.guesses
    rough = table.by_header[guess.header].distinct
    orders = table.by_header[table.guesses["order_id"].header].distinct if order else 0
    if rough > 1 and not 0.8 * orders <= rough <= 1.25 * orders:
        return table.guesses
    repeats = {}
    for header in (guess.header, *guess.rivals):
        value = f"nullif({trimmed(table.names[header])}, '')"
        number = f"nullif({trimmed(order)}, '')" if order else "NULL::VARCHAR"
        repeats[header] = Repeats(
            *con.execute(
                f"SELECT coalesce(sum(n), 0)::BIGINT, count(DISTINCT k), count(DISTINCT o), count(o) FROM (SELECT {value} AS k, "
                f"{number} AS o, count(*) AS n FROM source WHERE k IS NOT NULL GROUP BY ALL)"
            ).fetchone()
        )
    return table.guesses | {"customer_id": choose_customer(guess, repeats)}


def find_currency(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[str | None, Open | None]:
    """Return the currency where the source names exactly one, or what to settle where it names several."""
    name = table.column("currency")
    if name is None:
        return None, None
    found = con.execute(
        f"SELECT upper(trim({name}::VARCHAR, '{BLANKS}')) AS v, count(*) FROM source WHERE v <> '' GROUP BY v ORDER BY 2 DESC, v LIMIT 12"
    ).fetchall()
    codes = [code for code, _ in found if re.fullmatch("[A-Z]{3}", code)]
    if len(found) == 1:
        return (codes[0] if codes else None), None
    if len(codes) < 2:
        return None, None
    why = told("several currencies: {found}", found=", ".join(f"{code} ({count:,})" for code, count in found))
    others = ", ".join(f"{code}: ???" for code in codes[1:])
    lines = [
        f"# {told('please check: {why}; say what one unit of each is worth, or make a job of each', why=why)}",
        f"# currency: {codes[0]}",
        f"# rates: {{{others}}}  # {told('units of {code} per unit of each', code=codes[0])}",
    ]
    return None, Open("rates", lines, why=why, refusals=("currency_mixed",))


# ------------------------------------------------------------------------------------------------- what it comes to


def add_up(con: duckdb.DuckDBPyConnection, table: Table, decimal: Literal[".", ","]) -> Totals:
    """Return what the guessed columns come to over the whole file."""

    def sql(role: str, reader: Callable[..., object] = numbers.read_number) -> str:
        name = table.column(role)
        if name is None:
            return f"NULL::{QUANTITY}"
        if reader is numbers.read_share:
            return f"({numbers.read_share(name, table.kind(role), decimal).value})"
        target = {"unit_price": PRICE, "quantity": QUANTITY}.get(role, EXACT_MONEY)
        return f"({numbers.read_number(name, table.kind(role), target, decimal).value})"

    def key(role: str) -> str:
        name = table.column(role)
        return f"nullif({trimmed(name)}, '')" if name else "NULL::VARCHAR"

    keys = ", ".join(f"count(DISTINCT key_{role})" for role in KEYS)
    # each value is read once, in the subquery: what stands in a query twice is computed for every row, whatever its CASE says
    values = {f"key_{role}": key(role) for role in dict.fromkeys([*KEYS, "customer_id"])}
    values |= {role: sql(role) for role in ("quantity", "unit_price", "amount")}
    values |= {"money": sql("discount")}
    read = ", ".join(f"{value} AS {name}" for name, value in values.items())
    share = sql("discount", numbers.read_share)
    full = "product::DOUBLE"
    expected = {
        "the same": full,
        "less a share": f"{full} * (1 - coalesce(share::DOUBLE, 0))",
        "less money": f"{full} - coalesce(money::DOUBLE, 0)",
    }
    near = ", ".join(f"count(*) FILTER (abs({one} - amount::DOUBLE) <= 0.011)" for one in expected.values())
    beyond = f"abs(amount::DOUBLE) - abs({full})"
    nameless, amount, gross, both, more, less, *counts = con.execute(
        "SELECT count(*) FILTER (key_customer_id IS NULL), sum(amount)::DECIMAL(38, 2)::VARCHAR, "
        f"sum(product)::DECIMAL(38, 2)::VARCHAR, count(product - amount), count(*) FILTER ({beyond} > 0.011), "
        f"count(*) FILTER ({beyond} < -0.011), {near}, {keys} FROM "
        f"(SELECT *, quantity * unit_price AS product FROM (SELECT *, {read} FROM (SELECT *, {share} AS share FROM source)))"
    ).fetchone()
    agreeing = zip(expected, counts[: len(expected)], strict=True)
    mostly = 2 * counts[0] >= both and 0 in (more, less)
    amount_is = next((what for what, count in agreeing if count >= 0.99 * both), "most" if mostly else "another")
    distinct = zip(KEYS, counts[len(expected) :], strict=True)
    return Totals(
        {role: count for role, count in distinct if table.column(role)},
        nameless,
        amount,
        gross,
        amount_is if both else "unknown",
        _repeats_total(con, key("order_id"), sql("amount"))
        if table.column("order_id") and table.column("amount")
        else 0,
        agreeing=counts[0],
        comparable=both,
    )


def _repeats_total(con: duckdb.DuckDBPyConnection, order: str, amount: str) -> int:
    """Return the number of orders of several lines, if the amount is the same and not zero on all lines of each of them."""
    several, same = con.execute(
        f"SELECT count(*), count(*) FILTER (least_ = most AND most <> 0) FROM (SELECT min({amount}) AS least_, max({amount}) AS most "
        f"FROM source WHERE {order} IS NOT NULL GROUP BY {order} HAVING count({amount}) > 1)"
    ).fetchone()
    return several if several >= LEAST_ORDERS and several == same else 0


def settle_money(table: Table, totals: Totals) -> dict[str, Guess]:
    """Take the amount where it is quantity times price, or that less the discount, or where the price is not always that of
    the line, such as one with a ceiling; else the choice is the user's."""
    settled = dict(table.guesses)
    if totals.amount_is == "most":
        why = told(
            "quantity × unit_price is the amount on {agreeing:,} of {lines:,} lines, and in all {product}, the amount {amount}",
            agreeing=totals.agreeing,
            lines=totals.comparable,
            product=totals.quantity_times_price,
            amount=totals.amount,
        )
        settled["amount"] = replace(settled["amount"], sure="likely", why=why)
        left = settled["unit_price"].header
        settled["unit_price"] = replace(settled["unit_price"], header=None, sure="likely", why=why, rivals=(left,))
    elif totals.amount_is == "another":
        why = told(
            "quantity × unit_price is {product} in all, the amount {amount}: map one of the two",
            product=totals.quantity_times_price,
            amount=totals.amount,
        )
        for role in ("amount", "unit_price"):
            settled[role] = replace(
                settled[role], header=None, sure="please check", why=why, rivals=(settled[role].header,)
            )
    elif totals.amount_is == "unknown" and totals.repeated_totals:
        why = told(
            "it is the same on all lines of each of {count:,} orders: "
            "is it the total of the order, written on every line, it would count several times",
            count=totals.repeated_totals,
        )
        settled["amount"] = replace(
            settled["amount"], header=None, sure="please check", why=why, rivals=(settled["amount"].header,)
        )
    elif totals.amount_is in ("less a share", "less money"):
        unit = told("a share of the price") if totals.amount_is == "less a share" else told("money of the line")
        why = told("{unit}: quantity × unit_price less it is the amount", unit=unit)
        settled["discount"] = replace(settled["discount"], sure="certain", why=why)
    return settled


def settle_discount(table: Table, totals: Totals) -> list[Open]:
    """Say what the discount is, where the money proves it; leave it open where the money hangs on it."""
    if table.column("discount") is None:
        return []
    if totals.amount_is in ("less a share", "less money"):
        unit = "share" if totals.amount_is == "less a share" else "money"
        said = told("certain: quantity × unit_price less it is the amount")
        return [Open("discount", [f"discount: {unit}  # {said}"], value=unit)]
    if table.column("amount"):
        return []
    such = _such(table.by_header[table.guesses["discount"].header])
    why = told("the money of a line hangs on what the discount is, such as {such}", such=such)
    lines = [
        f"# {told('please check: {why}; take one of these two lines', why=why)}",
        f"# discount: share  # {told('of the price, 0.15 or 15%')}",
        f"# discount: money  # {told('of the line, as much as is taken off')}",
    ]
    return [Open("discount", lines, why=why, refusals=("discount_unclear",))]


def find_span(con: duckdb.DuckDBPyConnection, table: Table, date_format: str | None) -> tuple[str, str] | None:
    """Return the first and the last day of an order, where it is known how dates are written."""
    name = table.column("order_date")
    if name is None or date_format is None:
        return None
    kind = table.kind("order_date")
    day = day_in(name, date_format, kind, find_words(con, name, kind, table="source"))
    return con.execute(f"SELECT min({day})::VARCHAR, max({day})::VARCHAR FROM source").fetchone()
