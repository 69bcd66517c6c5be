"""What is one of the money? Doubts about currencies that nobody mapped and units in a header."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import ibis

from kalib.ledger.doubts.doubt import Doubt, Reading, as_is, in_yaml
from kalib.ledger.doubts.scene import Scene
from kalib.ledger.doubts.vocabulary import find_unit
from kalib.ledger.doubts.watch import are_currencies
from kalib.ledger.orders import is_sale
from kalib.ledger.source import quote, text
from kalib.settings import Job
from kalib.words.told import told

CURRENCIES = 0.95
"""So many of the values are currencies, or the column is of something else."""


def find_currencies(scene: Scene) -> Iterator[Doubt]:
    """Doubt money in several currencies that are added up, or in another than the job says."""
    if scene.job.columns.currency:
        return
    for one in scene.columns("currency"):
        profile = scene.profile
        by_code = profile.assign(code=profile[one.name].str.upper()).groupby("code")[["rows", "money"]].sum()
        by_code = by_code.sort_values(["rows", "money"], ascending=False, kind="stable")
        codes = [code for code in by_code.index if are_currencies([code])]
        if not codes or by_code.loc[codes, "rows"].sum() < CURRENCIES * by_code["rows"].sum():
            continue
        by_code = by_code.loc[codes]
        if (
            not codes
            or (len(codes) == 1 and scene.job.currency in ("XXX", codes[0]))
            or _is_sign_of(codes, scene.job.currency)
        ):
            continue
        main, rest = codes[0], codes[1:]
        value = scene.used[one.name].upper()
        hit = value.isin(rest) if rest else value.notnull()
        count, money, share = scene.share(hit)
        listed = ", ".join(
            f"{code}: {row['money']:,.2f} ({int(row['rows']):,})" for code, row in by_code.head(6).iterrows()
        )
        yield Doubt(
            "currency_unmapped",
            told(
                "Column {header} names the currency, and nothing converts it: {listed} are added up as they stand.",
                header=one.header,
                listed=listed,
            )
            if rest
            else told(
                "Column {header} says {code}, and the job says {currency}.",
                header=one.header,
                code=main,
                currency=scene.job.currency,
            ),
            (
                *_readings(scene, one.header, main, rest, hit),
                as_is("currency_unmapped", told("it is one currency, whatever the column says"), **scene.base),
            ),
            count=count,
            money=money,
            share=share,
            column=one.header,
            first=scene.first(hit, value),
            values=tuple(rest or [main]),
        )
        return


def _is_sign_of(codes: list[str], currency: str) -> bool:
    names = {
        "CNY": {"人民币", "RMB", "人民幣", "¥", "元"},
        "EUR": {"€", "欧元", "EURO"},
        "USD": {"$", "美元", "US$"},
        "JPY": {"円", "¥", "日元"},
        "GBP": {"£"},
    }
    return len(codes) == 1 and (
        codes[0] in names.get(currency, set()) or not (len(codes[0]) == 3 and codes[0].isascii())
    )


def _readings(
    scene: Scene, header: str, main: str, rest: list[str], hit: ibis.expr.types.BooleanValue
) -> Iterator[Reading]:
    column = f"columns.currency: {in_yaml(header)}"
    if not rest:
        yield Reading("currency", told("the money is in {code}", code=main), (f"currency: {main}",), **scene.base)
        return
    rates = ", ".join(f"{in_yaml(code)}: ???" for code in rest)
    yield Reading(
        "rates",
        told("converted to {code}, at the rates that you write; alone, {code} comes to this", code=main),
        (column, f"currency: {main}", f"rates: {{{rates}}}  # how much {main} one unit is worth"),
        **scene.figures(without=hit),
    )


def find_mangled(con: duckdb.DuckDBPyConnection, job: Job) -> Iterator[Doubt]:
    """Doubt numbers of which some are in groups of three and others end in a shorter one: separators where a decimal point was.

    No way of writing numbers has 2,024,994 beside 34,20: a spreadsheet that lost the point of 2024.994 does. Without
    ``read.decimal`` such a file is refused anyway.
    """
    sign = {".": ",", ",": "[.]"}.get(job.read.decimal or "")
    kinds = {name: kind for name, kind, *_ in con.execute("DESCRIBE raw").fetchall()}
    for ours in ("amount", "unit_price", "quantity", "cost") if sign else ():
        if kinds.get(ours) != "VARCHAR":
            continue
        grouped, short = (
            f"regexp_full_match(trim({quote(ours)}), {text(pattern)})"
            for pattern in (rf"-?\d{{1,3}}({sign}\d{{3}}){{2,}}", rf"-?\d+{sign}\d{{1,2}}")
        )
        groups, shorts = con.execute(
            f"SELECT count(*) FILTER ({grouped}), count(*) FILTER ({short}) FROM raw"
        ).fetchone()
        if not groups or not shorts:
            continue
        first = con.execute(
            f"SELECT file, line, {quote(ours)} FROM raw WHERE {short} ORDER BY file, line LIMIT 3"
        ).fetchall()
        yield Doubt(
            "numbers_mangled",
            told(
                "Column {header}: {groups:,} numbers are in groups of three and {shorts:,} end in a shorter group, such as {value}: the decimal point was lost, "
                "and no figure made of them can be right. Export the file again, without a spreadsheet.",
                header=job.columns.mapped[ours],
                groups=groups,
                shorts=shorts,
                value=first[0][2],
            ),
            (as_is("numbers_mangled", told("the groups are thousands; what does not fit is set aside")),),
            count=groups + shorts,
            share=1.0,
            column=job.columns.mapped[ours],
            first=tuple((file, line, value) for file, line, value in first),
        )
        return


def ask_unit(table: str, header: str, unit: int) -> Doubt:
    """Return the doubt about a unit that the header of a table beside the orders says."""
    size = f"{unit}" if unit > 0 else f"{1 / -unit:g}"
    return Doubt(
        "unit_in_header",
        told("Column {header} of {table} says what one of it is: {size}.", header=header, table=table, size=size),
        (
            Reading("unit", told("one is {size}", size=size), (f"{table}.read.unit: {size}",)),
            Reading("as_is", told("one is one, whatever the header says"), (f"{table}.read.unit: 1",)),
        ),
        column=header,
        share=1.0,
    )


def ask_currencies(table: str, header: str, codes: list[str]) -> Doubt:
    """Return the doubt about several currencies in a table beside the orders, where nothing converts them."""
    return Doubt(
        "currency_unmapped",
        told(
            "Column {header} of {table} has several currencies ({codes}), which are added up as they stand. Convert the table to one.",
            header=header,
            table=table,
            codes=", ".join(codes),
        ),
        (as_is("currency_unmapped", told("it is one currency, whatever the column says")),),
        column=header,
        share=1.0,
        values=tuple(codes),
    )


def find_units(scene: Scene) -> Iterator[Doubt]:
    """Doubt money whose header says a unit, such as 万元 or kEUR."""
    if scene.job.read.unit is not None:
        return
    mapped = scene.job.columns.mapped
    for ours in ("amount", "unit_price"):
        unit = find_unit(mapped[ours]) if ours in mapped else None
        if unit is None or (ours == "unit_price" and "amount" in mapped):
            continue
        size = f"{unit}" if unit > 0 else f"{1 / -unit:g}"
        used = scene.used
        sale = is_sale(used)
        factor = float(unit) if unit > 0 else 1 / -unit
        figures = scene.base | {"net_sales": round(scene.base["net_sales"] * factor, 2)}
        yield Doubt(
            "unit_in_header",
            told("Column {header} says what one of it is: {size}.", header=mapped[ours], size=size),
            (
                Reading("unit", told("one is {size}", size=size), (f"read.unit: {size}",), **figures),
                Reading("as_is", told("one is one, whatever the header says"), ("read.unit: 1",), **scene.base),
            ),
            count=scene.base["orders"],
            money=scene.base["net_sales"],
            share=1.0,
            column=mapped[ours],
            first=scene.first(sale, used.amount),
        )
        return
