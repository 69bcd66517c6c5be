"""Which rows count? Judges every raw row once: used, used after a repair, or set aside under one named rule."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from kalib.errors import DataError, SettingsError
from kalib.ledger.read import NUMBERS, Source, quote, text
from kalib.settings import Job

QUANTITY = "DECIMAL(19, 4)"
PRICE = "DECIMAL(18, 6)"
MONEY = "DECIMAL(30, 10)"
"""Exact. A product of the first two fits 38 digits (with 18 for both, DuckDB would multiply in 64 bits), a sum over any log too."""
BLANKS = " \t\n\f\r\u00a0\u200b\u202f\u3000\ufeff"
"""What may stand around a value and is no part of it: blanks of web pages and of Chinese included."""
EXCEL = "excel"
"""The date format of a spreadsheet's day numbers: 1 is 1900-01-01, and 1900 is taken for a leap year."""
FIRST_DAY, LAST_DAY = "1950-01-01", "2199-12-31"
LEAST_LINES_OF_A_DAY = 20
"""A day on which everything stands twice is only believed to be read twice from so many distinct lines on."""


@dataclass(frozen=True)
class Rule:
    """What is done with the rows that a rule meets, and what is said of them."""

    action: str
    message: str


RULES: dict[str, Rule] = {
    # set aside, in the order in which the first that fits takes the row
    "read_twice": Rule(
        "set_aside",
        "every line of the day stands there twice, as where two exports overlap; the second copy is left out",
    ),
    "duplicate": Rule(
        "set_aside", "an exact repeat of another row, left out because the job says `read.duplicates: drop`"
    ),
    "date_missing": Rule("set_aside", "no order date"),
    "date_unreadable": Rule("set_aside", "the order date cannot be read"),
    "date_impossible": Rule("set_aside", f"the order date lies before {FIRST_DAY} or after {LAST_DAY}"),
    "after_as_of": Rule("set_aside", "dated after the snapshot date"),
    "customer_missing": Rule("set_aside", "no customer"),
    "number_missing": Rule("set_aside", "no quantity, price or amount"),
    "number_unreadable": Rule(
        "set_aside", "a quantity, price, amount or cost that is not a number, or too large for one"
    ),
    "sign_conflict": Rule(
        "set_aside", "a negative quantity with a positive amount: a return or a sale, nobody can tell"
    ),
    "service_product": Rule("set_aside", "not goods: a product code that the job lists under `read.service_products`"),
    # repaired
    "customer_repaired": Rule("repaired", "a customer number such as 12340.0 is read as 12340"),
    "number_repaired": Rule("repaired", "a number with thousands separators"),
    # accepted, and worth knowing
    "return": Rule("accepted", "returns, cancellations and credits: netted from sales, never counted as orders"),
    "duplicate_kept": Rule("accepted", "exact repeats of another row, kept: order lines may repeat honestly"),
    "amount_zero": Rule("accepted", "lines without money, such as samples"),
    "cost_missing": Rule("accepted", "lines without a cost, which count as if they had cost nothing"),
}
"""One rule, one row of the quality page; the order of the set-aside rules is the order of their precedence."""

_SET_ASIDE = [name for name, rule in RULES.items() if rule.action == "set_aside"]


def judge(con: duckdb.DuckDBPyConnection, job: Job, sources: list[Source]) -> None:
    """Judge the rows of ``raw``; leave the tables ``lines`` (used) and ``set_aside`` behind, one raw row in exactly one.

    ``lines``: customer_id, order_id, order_date, amount, cost (if mapped), category and product (if mapped), is_return,
    plus file, line and the repairs. ``set_aside``: file, line, rule, column, value, amount, and the raw identifiers as text.

    Raises
    ------
    DataError
        Where a column as a whole cannot be trusted: mangled ids, ambiguous dates, several currencies, or more than
        half of a column unreadable.
    """
    types = {row[0]: row[1] for row in con.execute("DESCRIBE raw").fetchall()}
    _refuse_date_format(con, job)
    _refuse_mangled_ids(con, types, sources)
    _refuse_ambiguous_dates(con, job, types, sources)
    _refuse_currencies(con, job, types, sources)
    _parse(con, job, types)
    _refuse_unreadable(con, job, types, sources)
    _assign(con, job, types)


def _refuse_date_format(con: duckdb.DuckDBPyConnection, job: Job) -> None:
    if job.read.date_format in (None, EXCEL):
        return
    try:
        con.execute(f"SELECT try_strptime('', {text(job.read.date_format)})")
    except duckdb.Error as error:
        said = str(error).splitlines()[0].rpartition(": ")[2].rstrip(".")
        raise SettingsError(
            f"`read.date_format: {job.read.date_format}` in {job.file} is no date format ({said}). "
            'Write it with %d, %m and %Y, such as "%d/%m/%Y", or say `excel` for day numbers.'
        ) from None


def _refuse_mangled_ids(con: duckdb.DuckDBPyConnection, types: dict[str, str], sources: list[Source]) -> None:
    for column, what in (("customer_id", "customer number"), ("order_id", "order number")):
        if types.get(column) != "VARCHAR":
            continue
        found = con.execute(
            rf"SELECT file, line, {column} FROM raw WHERE contains({column}, '+') AND regexp_full_match({_trimmed(column)}, '\d(\.\d+)?[eE]\+\d+') ORDER BY ALL LIMIT 1"
        ).fetchone()
        if found:
            raise _refusal(
                "customer_mangled" if column == "customer_id" else "order_mangled",
                found,
                column,
                sources,
                f"a spreadsheet has turned the {what} into a power of ten, and its digits are lost. Export the column as text.",
            )


def _refuse_ambiguous_dates(
    con: duckdb.DuckDBPyConnection, job: Job, types: dict[str, str], sources: list[Source]
) -> None:
    if types["order_date"] != "VARCHAR" or job.read.date_format:
        return
    found = con.execute(
        r"SELECT file, line, order_date FROM raw WHERE regexp_matches(trim(order_date), '^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}') ORDER BY ALL LIMIT 1"
    ).fetchone()
    if found:
        raise _refusal(
            "date_ambiguous",
            found,
            "order_date",
            sources,
            "the day and the month cannot be told apart. Say how dates are written: "
            '`read: {date_format: "%d/%m/%Y"}` for day first, `"%m/%d/%Y"` for month first.',
        )


def _refuse_currencies(con: duckdb.DuckDBPyConnection, job: Job, types: dict[str, str], sources: list[Source]) -> None:
    if "currency" not in types:
        return
    found = con.execute(
        f"SELECT upper({_trimmed('currency')}) AS c, arg_min(file, (file, line)), arg_min(line, (file, line)) FROM raw WHERE c <> '' GROUP BY c ORDER BY count(*) DESC, c"
    ).fetchall()
    if len(found) > 1:
        raise _refusal(
            "currency_mixed",
            (found[1][1], found[1][2], found[1][0]),
            "currency",
            sources,
            f"the source mixes currencies ({', '.join(row[0] for row in found[:6])}). Convert to one currency, or name a source for each.",
        )
    if found and job.currency not in ("XXX", found[0][0]):
        raise _refusal(
            "currency_other",
            (found[0][1], found[0][2], found[0][0]),
            "currency",
            sources,
            f"the job says `currency: {job.currency}`. Make the two agree.",
        )


def _trimmed(column: str) -> str:
    """Return SQL for a raw column as text without blanks around it; to look for them first is four times as fast."""
    name = f"{quote(column)}::VARCHAR"
    return f"CASE WHEN regexp_matches({name}, '^[{BLANKS}]|[{BLANKS}]$') THEN trim({name}, '{BLANKS}') ELSE {name} END"


def number_expression(column: str, kind: str, target: str, decimal: str) -> tuple[str, str]:
    """Return SQL for the number in a raw column, and for whether it was repaired."""
    if kind != "VARCHAR":
        return ("NULL" if kind == "BOOLEAN" else f"TRY_CAST({quote(column)} AS {target})"), "false"
    clean = _trimmed(column)
    thousands, point = (",", ".") if decimal == "." else (".", ",")
    between = rf"[\{thousands} '\x{{a0}}\x{{202f}}]".replace("'", "''")
    grouped = f"regexp_full_match({clean}, '[+-]?\\d{{1,3}}({between}\\d{{3}})+(\\{point}\\d+)?')"
    plain = f"replace({clean}, ',', '.')" if decimal == "," else clean
    only_digits = f"regexp_full_match({plain}, '[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?')"
    ungrouped = f"replace(regexp_replace({clean}, '{between}', '', 'g'), ',', '.')"
    value = f"CASE WHEN {only_digits} AND NOT {grouped} THEN TRY_CAST({plain} AS {target}) WHEN {grouped} THEN TRY_CAST({ungrouped} AS {target}) END"
    return value, f"coalesce({grouped}, false)"


def _date(job: Job, kind: str) -> str:
    if kind == "DATE":
        return "order_date"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST(timezone({text(job.timezone)}, order_date) AS DATE)"
    if kind.startswith("TIMESTAMP"):
        return "CAST(order_date AS DATE)"
    clean = _trimmed("order_date")
    if job.read.date_format == EXCEL:
        number = f"TRY_CAST({clean} AS DOUBLE)"
        return f"CASE WHEN {number} BETWEEN 1 AND 2958465 THEN DATE '1899-12-30' + CAST(floor({number}) AS INTEGER) END"
    if job.read.date_format:
        return f"CAST(try_strptime({clean}, {text(job.read.date_format)}) AS DATE)"
    shapes = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"]
    times = ["", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f"]
    formats = ", ".join(text(shape + time) for shape in shapes for time in times)
    has_zone = rf"regexp_full_match({clean}, '\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)')"
    moment = rf"TRY_CAST(regexp_replace({clean}, ' ?([+-]\d\d):?(\d\d)$', '\1:\2') AS TIMESTAMPTZ)"
    zoned = f"CAST(timezone({text(job.timezone)}, {moment}) AS DATE)"
    return f"CASE WHEN {has_zone} THEN {zoned} ELSE CAST(try_strptime({clean}, [{formats}]) AS DATE) END"


def _customer(kind: str) -> tuple[str, str]:
    """Return SQL for the customer in the raw column, and for whether it was repaired: 12340.0 is customer 12340."""
    if kind in ("DOUBLE", "FLOAT"):
        whole = "CASE WHEN isfinite(customer_id) AND customer_id = floor(customer_id) THEN TRY_CAST(customer_id AS HUGEINT)::VARCHAR END"
        return f"coalesce({whole}, CASE WHEN isfinite(customer_id) THEN customer_id::VARCHAR END)", "false"
    if kind != "VARCHAR":
        return "customer_id::VARCHAR", "false"
    clean = _trimmed("customer_id")
    repaired = rf"coalesce(regexp_full_match({clean}, '\d+\.0+'), false)"
    return f"nullif(CASE WHEN {repaired} THEN split_part({clean}, '.', 1) ELSE {clean} END, '')", repaired


def _parse(con: duckdb.DuckDBPyConnection, job: Job, types: dict[str, str]) -> None:
    decimal = job.read.decimal
    has = types.__contains__
    numbers = {
        name: number_expression(name, types[name], target, decimal)
        for name, target in (("quantity", QUANTITY), ("unit_price", PRICE), ("amount", MONEY), ("cost", MONEY))
        if has(name)
    }
    amount = (
        numbers["amount"][0]
        if has("amount")
        else f"TRY_CAST({numbers['quantity'][0]} * {numbers['unit_price'][0]} AS {MONEY})"
    )
    needed = ["amount"] if has("amount") else ["quantity", "unit_price"]
    blank = {
        name: f"({quote(name)} IS NULL OR {_trimmed(name)} = '')" if kind == "VARCHAR" else f"({quote(name)} IS NULL)"
        for name, kind in types.items()
    }
    broken = " ".join(
        f"WHEN NOT {blank[name]} AND ({value}) IS NULL THEN {text(name)}" for name, (value, _) in numbers.items()
    )
    customer, customer_repaired = _customer(types["customer_id"])
    service = "false"
    if job.read.service_products and has("product"):
        codes = ", ".join(text(code) for code in job.read.service_products)
        service = f"coalesce({_trimmed('product')} IN ({codes}), false)"
    columns = [
        "*",
        f"{customer} AS customer_",
        f"{customer_repaired} AS customer_repaired",
        f"{_date(job, types['order_date'])} AS date_",
        f"{blank['order_date']} AS date_missing",
        f"{amount} AS amount_",
        f"{numbers['quantity'][0]} AS quantity_" if has("quantity") else "NULL AS quantity_",
        f"coalesce({numbers['cost'][0]}, 0) AS cost_" if has("cost") else "NULL AS cost_",
        f"{blank['cost']} AS cost_missing" if has("cost") else "false AS cost_missing",
        f"({' OR '.join(blank[name] for name in needed)}) AS number_missing",
        f"CASE {broken} END AS number_broken",
        f"({' OR '.join(flag for _, flag in numbers.values())}) AS number_repaired",
        f"{service} AS service_product",
    ]
    con.execute(f"CREATE TABLE parsed AS SELECT {', '.join(columns)} FROM raw")


def _refuse_unreadable(con: duckdb.DuckDBPyConnection, job: Job, types: dict[str, str], sources: list[Source]) -> None:
    """Refuse a column of which more than half cannot be read: it is the wrong column or the wrong format."""
    tests = {"order_date": "NOT date_missing AND date_ IS NULL"}
    tests |= {name: f"number_broken = {text(name)}" for name in NUMBERS if name in types}
    for column, test in tests.items():
        bad, rows = con.execute(f"SELECT count(*) FILTER ({test}), count(*) FROM parsed").fetchone()
        if bad * 2 > rows:
            found = con.execute(
                f"SELECT file, line, {quote(column)}::VARCHAR FROM parsed WHERE {test} ORDER BY ALL LIMIT 1"
            ).fetchone()
            remedy = (
                'Say how dates are written, such as `read: {date_format: "%d/%m/%Y"}`, or map the right column.'
                if column == "order_date"
                else 'Map the right column, or say `read: {decimal: ","}` if a comma separates the decimals.'
            )
            raise _refusal(
                "column_unreadable",
                found,
                column,
                sources,
                f"{bad:,} of {rows:,} rows cannot be read as {'dates' if column == 'order_date' else 'numbers'}. {remedy}",
            )


def _assign(con: duckdb.DuckDBPyConnection, job: Job, types: dict[str, str]) -> None:
    _number_repeats(con, judging=job.read.duplicates == "judge")
    tests = {
        "read_twice": "copy",
        "duplicate": "repeat" if job.read.duplicates == "drop" else "false",
        "date_missing": "date_missing",
        "date_unreadable": "date_ IS NULL",
        "date_impossible": f"date_ NOT BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'",
        "after_as_of": f"date_ > DATE '{job.as_of}'" if job.as_of else "false",
        "customer_missing": "customer_ IS NULL",
        "number_missing": "number_missing",
        "number_unreadable": "number_broken IS NOT NULL OR amount_ IS NULL",
        "sign_conflict": "coalesce(quantity_ < 0 AND amount_ > 0, false)" if "quantity" in types else "false",
        "service_product": "service_product",
    }
    assert list(tests) == _SET_ASIDE
    cases = " ".join(f"WHEN {test} THEN '{rule}'" for rule, test in tests.items() if test != "false")
    con.execute(
        f"CREATE VIEW ruled AS SELECT *, CASE {cases} END AS rule FROM (SELECT parsed.*, coalesce(repeats.nth > 1, false) AS repeat, "
        "coalesce(repeats.copy, false) AS copy FROM parsed LEFT JOIN repeats ON parsed.rowid = repeats.id)"
    )
    shown = {
        "customer_missing": "customer_id",
        "sign_conflict": "quantity",
        "service_product": "product",
        **dict.fromkeys(("date_missing", "date_unreadable", "date_impossible", "after_as_of"), "order_date"),
    }
    column = " ".join(
        f"WHEN '{rule}' THEN {text(job.columns.mapped[ours])}" for rule, ours in shown.items() if ours in types
    )
    value = " ".join(f"WHEN '{rule}' THEN {quote(ours)}::VARCHAR" for rule, ours in shown.items() if ours in types)
    numbers = [name for name in NUMBERS if name in types]
    broken_column = " ".join(f"WHEN {text(name)} THEN {text(job.columns.mapped[name])}" for name in numbers)
    broken_value = " ".join(f"WHEN {text(name)} THEN {quote(name)}::VARCHAR" for name in numbers)
    identifiers = ", ".join(
        f"{quote(name)}::VARCHAR AS {name}"
        for name in ("customer_id", "order_id", "order_date", "product")
        if name in types
    )
    con.execute(
        f"CREATE TABLE set_aside AS SELECT file, line, rule, CASE rule WHEN 'number_unreadable' THEN CASE number_broken {broken_column} END {column} END AS \"column\", "
        f"CASE rule WHEN 'number_unreadable' THEN CASE number_broken {broken_value} END {value} END AS \"value\", "
        f"amount_ AS amount, {identifiers} FROM ruled WHERE rule IS NOT NULL"
    )
    optional = ", ".join(f"nullif({_trimmed(name)}, '') AS {name}" for name in ("category", "product") if name in types)
    order_id = f"nullif({_trimmed('order_id')}, '')" if "order_id" in types else "NULL::VARCHAR"
    cost = ", cost_ AS cost" if "cost" in types else ""
    con.execute(
        f"CREATE TABLE lines AS SELECT file, line, customer_ AS customer_id, coalesce({order_id}, 'day ' || date_) AS order_id, "
        f"date_ AS order_date, amount_ AS amount{cost}, coalesce(amount_ < 0 OR quantity_ < 0, false) AS is_return, repeat, customer_repaired, number_repaired, cost_missing"
        f"{', ' + optional if optional else ''} FROM ruled WHERE rule IS NULL"
    )
    con.execute("DROP VIEW ruled; DROP TABLE repeats; DROP TABLE parsed; DROP TABLE raw")


def _number_repeats(con: duckdb.DuckDBPyConnection, *, judging: bool) -> None:
    """Leave ``repeats`` behind: of rows that stand there more than once, which repeat it is, and whether a day was read twice.

    A day is read twice when each of its distinct lines, twenty or more, stands an even number of times: overlapping
    exports leave that trace, honest repeats of an order line do not.
    """
    con.execute(
        "CREATE TABLE repeats AS SELECT rowid AS id, date_, count(*) OVER same AS n, row_number() OVER (same ORDER BY file, line) AS nth "
        "FROM parsed SEMI JOIN (SELECT whole FROM parsed GROUP BY whole HAVING count(*) > 1) AS more USING (whole) WINDOW same AS (PARTITION BY whole)"
    )
    con.execute(
        "CREATE TEMP TABLE twice AS SELECT date_ FROM (SELECT date_, count(*) AS n FROM parsed GROUP BY date_) AS every "
        "JOIN (SELECT date_, count(*) AS n FROM repeats GROUP BY date_ "
        f"HAVING count(*) FILTER (nth = 1) >= {LEAST_LINES_OF_A_DAY} AND bool_and(n % 2 = 0)) AS again USING (date_, n)"
    )
    condition = "nth > n // 2 AND date_ IN (FROM twice)" if judging else "false"
    con.execute(f"CREATE OR REPLACE TABLE repeats AS SELECT id, nth, coalesce({condition}, false) AS copy FROM repeats")
    con.execute("DROP TABLE twice")


def count_rules(con: duckdb.DuckDBPyConnection, job: Job) -> list[dict[str, object]]:
    """Return one entry per rule that met a row: rule, action, count, amount, and the first such row.

    Each has file, line, column and value of the first row it met (None where the rule is not about a value).
    """
    issues = []
    for rule, count, amount, file, line, column, value in con.execute(
        'SELECT rule, count(*), sum(amount), arg_min(file, (file, line)), arg_min(line, (file, line)), arg_min("column", (file, line)), '
        'arg_min("value", (file, line)) FROM set_aside GROUP BY rule'
    ).fetchall():
        issues.append(_issue(rule, count, amount, file, line, column, value))
    tests = {
        "customer_repaired": "customer_repaired",
        "number_repaired": "number_repaired",
        "return": "is_return",
        "duplicate_kept": "repeat",
        "amount_zero": "amount = 0",
        "cost_missing": "cost_missing",
    }
    for rule, test in tests.items():
        count, amount, file, line = con.execute(
            f"SELECT count(*), sum(amount), arg_min(file, (file, line)), arg_min(line, (file, line)) FROM lines WHERE {test}"
        ).fetchone()
        if count:
            issues.append(_issue(rule, count, amount, file, line, None, None))
    order = list(RULES)
    return sorted(issues, key=lambda issue: order.index(str(issue["rule"])))


def _issue(
    rule: str, count: int, amount: object, file: str, line: int, column: str | None, value: str | None
) -> dict[str, object]:
    return {
        "rule": rule,
        "action": RULES[rule].action,
        "count": count,
        "amount": round(float(amount or 0), 2),
        "file": file,
        "line": line,
        "column": column,
        "value": value,
        "message": RULES[rule].message,
    }


def _refusal(rule: str, found: tuple, ours: str, sources: list[Source], message: str) -> DataError:
    file, line, value = found
    path = next((source.path for source in sources if source.name == file), file)
    return DataError(
        f"{path}, line {line}, column for `{ours}`, value {value!r}: {message}",
        rule=rule,
        file=file,
        line=line,
        column=ours,
        value=value,
    )
