"""What do the values of a raw row mean? Reads every cell of the files as text, number or day, one row at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import duckdb

from kalib.errors import SettingsError
from kalib.ledger import dates, ids, numbers
from kalib.ledger.doubts.vocabulary import TOTALS
from kalib.ledger.doubts.watch import Watched
from kalib.ledger.plain import TEXTS, find_plain, read_plain, speak_for_point
from kalib.ledger.read import NUMBERS
from kalib.ledger.source import Source, quote, text
from kalib.ledger.value import LONG_PRICE, LONG_QUANTITY, MONEY, PRICE, QUANTITY, Parsed, refusal, trimmed
from kalib.settings import Job
from kalib.words.told import told

TARGETS = {
    "quantity": QUANTITY,
    "unit_price": PRICE,
    "amount": MONEY,
    "cost": MONEY,
    "discount": MONEY,
    "paid_amount": MONEY,
    "refund": MONEY,
}
_SPARE = ("discount", "due_date", "paid_date", "paid_amount", "refund")
"""Columns whose unreadable values count as missing, unless the money of the line hangs on them."""


def parse(
    con: duckdb.DuckDBPyConnection, job: Job, sources: list[Source], watched: Sequence[Watched] = ()
) -> list[tuple]:
    """Parse the rows of ``raw``; leave the table ``parsed`` behind, the rows of ``unread`` in it too.

    Returns
    -------
    list of (rule, file, line, column, value)
        What was found about the source as a whole: a decimal comma, customers that look alike.

    Raises
    ------
    DataError
        Where a column as a whole cannot be trusted: mangled ids, ambiguous dates or numbers, several currencies without
        rates, or more than half of a column unreadable.
    SettingsError
        A date format that is none.
    """
    fill_down(con, job)
    types = {row[0]: row[1] for row in con.execute("DESCRIBE raw").fetchall()}
    headers = job.columns.mapped
    dates.check_format(con, job)
    found_plain = find_plain(con, job, types, TARGETS)
    plain = found_plain.columns
    for role in ("customer_id", "order_id"):
        if role in types and role not in plain:
            ids.refuse_mangled(con, role, types[role], sources, header=headers[role])
    if types["order_date"] == "VARCHAR" and not job.read.date_format and "order_date" not in plain:
        dates.refuse_ambiguous(con, "order_date", sources, header=headers["order_date"])
    money = [name for name in TARGETS if types.get(name) == "VARCHAR"]
    decimal, found = job.read.decimal or ".", []
    if not (found_plain.usual.issuperset(money) or (plain.issuperset(money) and speak_for_point(con, money))):
        decimal, found = numbers.check_columns(con, money, job.read.decimal, job.currency, sources, headers=headers)
    _refuse_currencies(con, job, types, sources)
    if decimal != ".":
        plain -= set(money)
    cells = read_cells(con, job, types, decimal, sources, plain)
    gross = multiply(types, cells, decimal, plain)
    columns, rows = list_columns(job, types, cells, gross, watched, decimal, plain)
    con.execute(f"CREATE TABLE parsed AS SELECT {name_all(columns)} FROM {rows}")
    return [*found, *finish(con, job, sources)]


def finish(con: duckdb.DuckDBPyConnection, job: Job, sources: Sequence[Source]) -> list[tuple]:
    """Refuse what ``parsed`` shows to be no column of days or numbers, add the rows of ``unread``, and find customers that look alike."""
    _refuse_unreadable(con, job, sources)
    _add_unread(con)
    return ids.find_alike(con, "parsed")


def name_all(columns: Mapping[str, str]) -> str:
    """Return the list of a SELECT: each expression under its name."""
    return ", ".join(f"{value} AS {name}" for name, value in columns.items())


def read_cells(
    con: duckdb.DuckDBPyConnection,
    job: Job,
    types: Mapping[str, str],
    decimal: str,
    sources: list[Source],
    plain: Collection[str],
) -> dict[str, Parsed]:
    """Return how each mapped column is read: one that is plain as it stands, the others value by value."""
    cells = {}
    for name, kind in types.items():
        if name in plain and name not in TEXTS:
            is_share = name == "discount" and job.read.discount == "share"
            cells[name] = read_plain(name, TARGETS, is_share=is_share)
        elif name in ("customer_id", "order_id"):
            cells[name] = ids.read_id(name, kind, name)
        elif name == "discount" and job.read.discount == "share":
            cells[name] = numbers.read_share(name, kind, decimal)
        elif name in TARGETS:
            cells[name] = numbers.read_number(name, kind, TARGETS[name], decimal)
        elif name in ("order_date", "due_date", "paid_date"):
            cells[name] = dates.read_days(con, job, name, kind, sources)
    return cells


def multiply(types: Mapping[str, str], cells: Mapping[str, Parsed], decimal: str, plain: Collection[str]) -> str:
    """Return SQL for quantity times price, with all their decimals where either has more than are kept."""
    if not {"quantity", "unit_price"} <= set(cells):
        return f"NULL::{MONEY}"
    if {"quantity", "unit_price"} <= set(plain):
        return f"TRY_CAST(value_quantity * value_unit_price AS {MONEY})"
    quantity = numbers.read_number("quantity", types["quantity"], LONG_QUANTITY, decimal).value
    price = numbers.read_number("unit_price", types["unit_price"], LONG_PRICE, decimal).value
    rounded = "repaired_quantity = 'number_rounded' OR repaired_unit_price = 'number_rounded'"
    return (
        f"CASE WHEN {rounded} THEN TRY_CAST(({quantity}) * ({price}) AS {MONEY}) "
        f"ELSE TRY_CAST(value_quantity * value_unit_price AS {MONEY}) END"
    )


FOUND = ("rule", "repairs", "bad_of", "bad_column", "bad_value")
"""What parsing says of a row, and of most rows nothing."""


def list_columns(
    job: Job,
    types: Mapping[str, str],
    cells: Mapping[str, Parsed],
    gross: str,
    watched: Sequence[Watched],
    decimal: numbers.Decimal,
    plain: Collection[str],
    rows: str = "raw",
) -> tuple[dict[str, str], str]:
    """Return SQL that reads ``raw``, or other rows that are like it: the columns of ``parsed`` by name, and the query below them.

    One row per row, typed, with what was found in its values; the query says of each whether it is ``odd``: of all others
    nothing can be found.
    """
    texts = [name for name in TEXTS if name in types]
    first = [f"{cell.value} AS value_{name}" for name, cell in cells.items()]
    first += [f"{quote(name) if name in plain else neat(name)} AS value_{name}" for name in texts]
    if "currency" in types:
        first.append(f"nullif(upper({trimmed('currency')}), '') AS value_currency")
    then = [
        f"{part} AS {what}_{name}"
        for name, cell in cells.items()
        for what, part in (("blank", cell.blank), ("broken", cell.broken), ("repaired", cell.repaired))
    ]
    values = {name: f"value_{name}" for name in [*cells, *texts, "currency"] if name in types}
    money = _money(job, values)
    columns = {
        "file": "file",
        "line": "line",
        "whole": "whole",
        "order_id": "NULL::VARCHAR",  # unless it is mapped
        **{name: value for name, value in values.items() if name not in ("unit_price", "customer_id")},
        "customer_id": "value_customer_id",
        **money,
        **({"cost": "coalesce(value_cost, 0)", "cost_missing": "blank_cost"} if "cost" in cells else {}),
    }
    columns |= {one.name: _look(one, decimal) for one in watched}
    if "filled" in types:
        columns["filled"] = "filled"
    columns = _convert(job, columns)
    told = {"rule": _rule(job, types, cells, columns), "repairs": _repairs(cells), **_tell(job, cells)}
    columns |= {name: f"CASE WHEN odd THEN {told[name]} END" for name in FOUND}  # most rows are plain
    odd = [f"blank_{name} OR broken_{name} IS NOT NULL OR repaired_{name} IS NOT NULL" for name in cells]
    odd += [f"({columns['amount']}) IS NULL", *([_late(job)] if job.as_of else [])]
    odd += [f"value_{name} IS NULL" for name in ("product", "currency") if name in types]
    return columns, (
        f"(SELECT *, ({' OR '.join(odd)}) AS odd FROM (SELECT *, {gross} AS gross "
        f"FROM (SELECT *, {', '.join(then)} FROM (SELECT *, {', '.join(first)} FROM {rows}))))"
    )


def neat(name: str) -> str:
    """Return SQL for a text without blanks around it, null where it is blank."""
    return f"nullif({trimmed(name)}, '')"


def _look(one: Watched, decimal: numbers.Decimal) -> str:
    """Return SQL for a column that is looked at: its text, the money in it, or whether there is anything."""
    if one.kind in ("refund", "gross"):
        return f"({numbers.read_number(one.name, 'VARCHAR', MONEY, decimal).value})"
    value = f"nullif({trimmed(one.name)}, '')"
    return f"CASE WHEN {value} IS NOT NULL THEN '*' END" if one.kind == "filled" else value


def fill_down(con: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Write customer, order and date of the row above where they are blank, as the job says; totals stay as they are."""
    if not job.read.fill_down:
        return
    names = [name for name in ("customer_id", "order_id", "order_date") if name in job.columns.mapped]
    totals = ", ".join(text(word) for word in TOTALS)
    is_total = f"list_contains([{totals}], lower(rtrim({trimmed('first_cell')}, ':： ')))"
    blank = {name: f"nullif({trimmed(name)}, '')" for name in names}
    above = ", ".join(
        f"CASE WHEN {blank[name]} IS NOT NULL OR {is_total} THEN {quote(name)} ELSE "
        f"last_value(CASE WHEN {blank[name]} IS NOT NULL THEN {quote(name)} END IGNORE NULLS) OVER above END AS {quote(name)}"
        for name in names
    )
    lacks = " OR ".join(f"{blank[name]} IS NULL" for name in names)
    con.execute(
        f"CREATE OR REPLACE TABLE raw AS SELECT * REPLACE ({above}), ({lacks}) AND NOT coalesce({is_total}, false) AS filled FROM raw "
        "WINDOW above AS (PARTITION BY file ORDER BY line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    )


def _money(job: Job, values: Mapping[str, str]) -> dict[str, str]:
    """Return SQL for the money of a line: what was paid, what quantity times price would be, and what was taken off."""
    gross = "gross" if {"quantity", "unit_price"} <= set(values) else None
    share, off = "0", "0"
    if "discount" in values and job.read.discount == "share":
        share = f"coalesce({values['discount']}, 0)"
    elif "discount" in values and job.read.discount == "money":
        off = f"coalesce({values['discount']}, 0)"
    less = _less(gross, share, off) if gross else None
    money = {"amount": values.get("amount") or (less if "discount" in values else gross)}
    if "amount" in values and gross:
        money["amount_expected"] = less
    if job.read.discount == "money" and "discount" in values:
        money["discount"] = off
    elif job.read.discount == "share" and "discount" in values:  # of the price before it
        taken = f"CAST(({money['amount']})::DOUBLE * {share} / (1 - {share}) AS {MONEY})"
        money["discount"] = f"CASE WHEN {share} < 1 THEN {taken} END"
    return money


def _less(gross: str, share: str, off: str) -> str:
    """Return SQL for quantity times price less a share of it and less money.

    To bring wide decimals to fewer digits is dear. Of nearly every row both factors have four decimals at most and few digits:
    then the product is exact in the narrow type, and nothing is rounded.
    """
    part = f"(1 - {share})"
    narrow = [f"TRY_CAST({factor} AS DECIMAL(18, 10))" for factor in (gross, part)]
    short = [f"TRY_CAST({one} AS DECIMAL({width}, 4))" for one, width in zip(narrow, (12, 5), strict=True)]
    is_short = " AND ".join(f"{few} = {one}" for few, one in zip(short, narrow, strict=True))
    return (
        f"CASE WHEN {is_short} THEN CAST({short[0]} * {short[1]} - {off} AS {MONEY}) "
        f"ELSE CAST({gross}::DECIMAL(26, 8) * {part}::DECIMAL(12, 8) - {off} AS {MONEY}) END"
    )


def _convert(job: Job, columns: dict[str, str]) -> dict[str, str]:
    """Return the columns with money in the job's currency, where rates say what another is worth."""
    if not job.rates:
        return columns
    rates = " ".join(f"WHEN {text(code)} THEN {rate:f}::DECIMAL(16, 8)" for code, rate in job.rates.items())
    rate = f"CASE value_currency {rates} ELSE 1::DECIMAL(16, 8) END"
    money = [
        name for name in ("amount", "amount_expected", "cost", "discount", "paid_amount", "refund") if name in columns
    ]
    return columns | {name: f"CAST(({columns[name]})::DECIMAL(22, 8) * {rate} AS {MONEY})" for name in money}


def _rule(job: Job, types: Mapping[str, str], cells: Mapping[str, Parsed], columns: Mapping[str, str]) -> str:
    """Return SQL for the first rule that sets a row aside for what stands in it."""
    gaps = [f"blank_{name}" for name in ("order_date", "customer_id", "order_id") if name in cells]
    gaps += ["value_product IS NULL"] if "product" in types else []
    totals = ", ".join(text(word) for word in TOTALS)
    named = [name for name in ("first_cell", "customer_id", "product") if types.get(name) == "VARCHAR"]
    # Not IN: of a long list DuckDB makes a join, for every row.
    total = (
        " OR ".join(f"list_contains([{totals}], lower(rtrim({trimmed(name)}, ':： ')))" for name in named) or "false"
    )
    broken = " OR ".join(f"broken_{name} IS NOT NULL" for name in _decisive(cells))
    tests = [
        (f"({' OR '.join(gaps)}) AND ({total})", "'total_row'"),
        ("blank_order_date", "'date_missing'"),
        ("broken_order_date IS NOT NULL", "broken_order_date"),
        ("broken_customer_id IS NOT NULL", "broken_customer_id"),
        ("value_customer_id IS NULL", "'customer_missing'"),
        (" OR ".join(f"blank_{name}" for name in _needed(cells)), "'number_missing'"),
        (f"{broken} OR ({columns['amount']}) IS NULL", "'number_unreadable'"),
        *([("value_currency IS NULL", "'currency_missing'")] if job.rates else []),
    ]
    return f"CASE {' '.join(f'WHEN {test} THEN {name}' for test, name in tests)} END"


def _late(job: Job) -> str:
    return f"coalesce(value_order_date > DATE '{job.as_of}', false)"


def _needed(cells: Mapping[str, Parsed]) -> list[str]:
    """Return the columns of numbers that no row may leave blank."""
    return ["amount"] if "amount" in cells else ["quantity", "unit_price"]


def _decisive(cells: Mapping[str, Parsed]) -> list[str]:
    """Return the columns of numbers without which the line has no money."""
    return [name for name in (*NUMBERS, *(() if "amount" in cells else ("discount",))) if name in cells]


def _spare(cells: Mapping[str, Parsed]) -> list[str]:
    return [name for name in _SPARE if name in cells and name not in _decisive(cells)]


def _repairs(cells: Mapping[str, Parsed]) -> str:
    found = [f"repaired_{name}" for name in cells if name not in _spare(cells)]
    found += [f"CASE WHEN broken_{name} IS NOT NULL THEN 'optional_unreadable' END" for name in _spare(cells)]
    return f"CASE WHEN coalesce({', '.join(found)}) IS NOT NULL THEN concat_ws(',', {', '.join(found)}) END"


def _tell(job: Job, cells: Mapping[str, Parsed]) -> dict[str, str]:
    """Return SQL for the value that the row's rule, or its first repair, is about: the rule, our column, the raw value."""
    required = [name for name in ("order_date", "customer_id") if name in cells] + _decisive(cells)
    about = [(_late(job), "'after_as_of'", "order_date")] if job.as_of else []
    about += [(f"broken_{name} IS NOT NULL", f"broken_{name}", name) for name in required]
    about += [(f"blank_{name}", "'number_missing'", name) for name in _needed(cells)]
    about += [(f"broken_{name} IS NOT NULL", "'optional_unreadable'", name) for name in _spare(cells)]
    about += [(f"repaired_{name} IS NOT NULL", f"repaired_{name}", name) for name in cells if name not in _spare(cells)]
    whens = {
        "bad_of": [(test, rule) for test, rule, _ in about],
        "bad_column": [(test, text(name)) for test, _, name in about],
        "bad_value": [(test, f"{quote(name)}::VARCHAR") for test, _, name in about],
    }
    return {
        name: f"CASE {' '.join(f'WHEN {test} THEN {value}' for test, value in found)} END"
        for name, found in whens.items()
    }


def _refuse_currencies(
    con: duckdb.DuckDBPyConnection, job: Job, types: Mapping[str, str], sources: list[Source]
) -> None:
    """Refuse several currencies without a rate for each, and one that is not the job's."""
    if "currency" not in types:
        return
    found = con.execute(
        f"SELECT upper({trimmed('currency')}) AS c, arg_min(file, (file, line)), arg_min(line, (file, line)) FROM raw WHERE c <> '' "
        "GROUP BY c ORDER BY count(*) DESC, c"
    ).fetchall()
    strange = [row for row in found if row[0] not in {job.currency, *job.rates}]
    if job.rates and strange:
        rule, wrong = "currency_mixed", strange[0]
        said = told(
            "`rates:` has no rate of {code}; it has {rates} beside {currency}. Add it.",
            code=wrong[0],
            rates=", ".join(sorted(job.rates)),
            currency=job.currency,
        )
    elif len(found) > 1 and not job.rates:
        rule, wrong = "currency_mixed", found[1]
        said = told(
            "the source mixes currencies ({found}). Say what one unit of each is worth in the job's, as in `rates: "
            "{{USD: 0.79}}`, convert the source to one currency, or make a job of each.",
            found=", ".join(row[0] for row in found[:6]),
        )
    elif found and not job.rates and job.currency not in ("XXX", found[0][0]):
        rule, wrong = "currency_other", found[0]
        said = told("the job says `currency: {currency}`. Make the two agree.", currency=job.currency)
    else:
        return
    currency, file, line = wrong
    raise refusal(rule, (file, line, currency), "currency", sources, said, header=job.columns.mapped["currency"])


def check_discount(job: Job) -> None:
    """Check that the job says what a discount is, where the money of a line hangs on it.

    Raises
    ------
    SettingsError
        Says how to say it.
    """
    if job.columns.discount and not job.columns.amount and job.read.discount is None:
        raise SettingsError(
            told(
                "{job_file}: `discount` is mapped and `amount` is not, so the money of a line hangs on what a discount "
                "is. Say `read: {{discount: share}}` for a share of the price, such as 0.15 or 15%, `read: {{discount: "
                "money}}` for money of the line; or map no discount, if prices are net of it already.",
                job_file=job.file,
            )
        )


def _refuse_unreadable(con: duckdb.DuckDBPyConnection, job: Job, sources: list[Source]) -> None:
    """Refuse a column of which more than half cannot be read: it is the wrong column or the wrong format."""
    counts = con.execute(
        "SELECT bad_column, count(*), (SELECT count(*) FROM parsed) FROM parsed WHERE bad_of = rule GROUP BY bad_column ORDER BY 2 DESC"
    ).fetchall()
    for column, bad, rows in counts:
        if bad * 2 <= rows or column == "customer_id":
            continue
        found = con.execute(
            "SELECT file, line, bad_value FROM parsed WHERE bad_column = ? AND bad_of = rule ORDER BY ALL LIMIT 1",
            [column],
        ).fetchone()
        kind, remedy = (
            (
                told("dates"),
                told(
                    'Say how dates are written, such as `read: {{date_format: "%d/%m/%Y"}}`, or map the right column.'
                ),
            )
            if column == "order_date"
            else (
                told("numbers"),
                told('Map the right column, or say `read: {{decimal: ","}}` if a comma separates the decimals.'),
            )
        )
        raise refusal(
            "column_unreadable",
            found,
            column,
            sources,
            told(
                "{bad:,} of {rows:,} rows cannot be read as {kind}. {remedy}",
                bad=bad,
                rows=rows,
                kind=kind,
                remedy=remedy,
            ),
            header=job.columns.mapped[column],
        )


def _add_unread(con: duckdb.DuckDBPyConnection) -> None:
    """Add the rows that could not be split into fields, so that every row of the source is judged once."""
    if con.execute("SELECT count(*) FROM unread").fetchone()[0]:
        con.execute(
            "INSERT INTO parsed BY NAME SELECT file, line, hash(file, line) AS whole, rule, rule AS bad_of, value AS bad_value FROM unread"
        )
