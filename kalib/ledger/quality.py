"""Which rows count? Judges every raw row once: used, used after a repair, or set aside under one named rule."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from kalib.errors import DataError
from kalib.ledger.read import Source, quote, text
from kalib.settings import Job

QUANTITY = "DECIMAL(18, 4)"
PRICE = "DECIMAL(18, 6)"
MONEY = "DECIMAL(36, 10)"
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
    "read_twice": Rule("set_aside", "every line of the day stands there twice, as where two exports overlap; the second copy is left out"),
    "duplicate": Rule("set_aside", "an exact repeat of another row, left out because the job says `read.duplicates: drop`"),
    "date_missing": Rule("set_aside", "no order date"),
    "date_unreadable": Rule("set_aside", "the order date cannot be read"),
    "date_impossible": Rule("set_aside", f"the order date lies before {FIRST_DAY} or after {LAST_DAY}"),
    "after_as_of": Rule("set_aside", "dated after the snapshot date"),
    "customer_missing": Rule("set_aside", "no customer"),
    "number_missing": Rule("set_aside", "no quantity, price or amount"),
    "number_unreadable": Rule("set_aside", "a quantity, price, amount or cost that is not a number"),
    "service_product": Rule("set_aside", "not goods: a product code that the job lists under `read.service_products`"),
    # repaired
    "customer_repaired": Rule("repaired", "a customer number such as 12340.0 is read as 12340"),
    "number_repaired": Rule("repaired", "a number with thousands separators"),
    # accepted, and worth knowing
    "return": Rule("accepted", "returns, cancellations and credits: netted from sales, never counted as orders"),
    "duplicate_kept": Rule("accepted", "exact repeats of another row, kept: order lines may repeat honestly"),
    "amount_zero": Rule("accepted", "lines without money, such as samples"),
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
    _refuse_mangled_ids(con, types, sources)
    _refuse_ambiguous_dates(con, job, types, sources)
    _refuse_currencies(con, job, types, sources)
    _parse(con, job, types)
    _refuse_unreadable(con, job, types, sources)
    _assign(con, job, types)


def _refuse_mangled_ids(con: duckdb.DuckDBPyConnection, types: dict[str, str], sources: list[Source]) -> None:
    if types["customer_id"] != "VARCHAR":
        return
    found = con.execute(
        r"SELECT file, line, customer_id FROM raw WHERE regexp_full_match(trim(customer_id), '\d(\.\d+)?[eE]\+?\d+') ORDER BY ALL LIMIT 1"
    ).fetchone()
    if found:
        raise _refusal(
            "customer_mangled", found, "customer_id", sources,
            "a spreadsheet has turned the customer number into a power of ten, and its digits are lost. Export the column as text.",
        )


def _refuse_ambiguous_dates(con: duckdb.DuckDBPyConnection, job: Job, types: dict[str, str], sources: list[Source]) -> None:
    if types["order_date"] != "VARCHAR" or job.read.date_format:
        return
    found = con.execute(
        r"SELECT file, line, order_date FROM raw WHERE regexp_matches(trim(order_date), '^\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}') ORDER BY ALL LIMIT 1"
    ).fetchone()
    if found:
        raise _refusal(
            "date_ambiguous", found, "order_date", sources,
            "the day and the month cannot be told apart. Say how dates are written: "
            '`read: {date_format: "%d/%m/%Y"}` for day first, `"%m/%d/%Y"` for month first.',
        )


def _refuse_currencies(con: duckdb.DuckDBPyConnection, job: Job, types: dict[str, str], sources: list[Source]) -> None:
    if "currency" not in types:
        return
    found = con.execute(
        "SELECT trim(currency::VARCHAR) AS c, min(file), min(line) FROM raw WHERE trim(currency::VARCHAR) <> '' GROUP BY c ORDER BY count(*) DESC, c"
    ).fetchall()
    if len(found) > 1:
        raise _refusal(
            "currency_mixed", (found[1][1], found[1][2], found[1][0]), "currency", sources,
            f"the source mixes currencies ({', '.join(row[0] for row in found[:6])}). Convert to one currency, or name a source for each.",
        )
    if found and job.currency not in ("XXX", found[0][0]):
        raise _refusal(
            "currency_other", (found[0][1], found[0][2], found[0][0]), "currency", sources,
            f"the job says `currency: {job.currency}`. Make the two agree.",
        )


def _number(column: str, kind: str, target: str, decimal: str) -> tuple[str, str]:
    """Return SQL for the number in a raw column, and for whether it was repaired."""
    name = quote(column)
    if kind != "VARCHAR":
        return f"TRY_CAST({name} AS {target})", "false"
    clean = f"trim({name})"
    thousands, point = (",", ".") if decimal == "." else (".", ",")
    grouped = f"regexp_full_match({clean}, '[+-]?\\d{{1,3}}(\\{thousands}\\d{{3}})+(\\{point}\\d+)?')"
    plain = f"replace({clean}, ',', '.')" if decimal == "," else clean
    only_digits = f"regexp_full_match({plain}, '[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?')"
    ungrouped = f"replace(replace({clean}, '{thousands}', ''), ',', '.')"
    value = f"CASE WHEN {grouped} THEN TRY_CAST({ungrouped} AS {target}) WHEN {only_digits} THEN TRY_CAST({plain} AS {target}) END"
    return value, f"coalesce({grouped}, false)"


def _date(job: Job, kind: str) -> str:
    if kind == "DATE":
        return "order_date"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST(timezone({text(job.timezone)}, order_date) AS DATE)"
    if kind.startswith("TIMESTAMP"):
        return "CAST(order_date AS DATE)"
    clean = "trim(order_date::VARCHAR)"
    if job.read.date_format:
        return f"CAST(try_strptime({clean}, {text(job.read.date_format)}) AS DATE)"
    shapes = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"]
    times = ["", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f"]
    formats = ", ".join(text(shape + time) for shape in shapes for time in times)
    return f"CAST(try_strptime({clean}, [{formats}]) AS DATE)"


def _parse(con: duckdb.DuckDBPyConnection, job: Job, types: dict[str, str]) -> None:
    decimal = job.read.decimal
    has = types.__contains__
    numbers = {
        name: _number(name, types[name], target, decimal)
        for name, target in (("quantity", QUANTITY), ("unit_price", PRICE), ("amount", MONEY), ("cost", MONEY))
        if has(name)
    }
    amount = numbers["amount"][0] if has("amount") else f"CAST({numbers['quantity'][0]} * {numbers['unit_price'][0]} AS {MONEY})"
    needed = ["amount"] if has("amount") else ["quantity", "unit_price"]
    blank = {name: f"({quote(name)} IS NULL OR trim({quote(name)}::VARCHAR) = '')" for name in types}
    number_missing = " OR ".join(blank[name] for name in needed)
    broken = " ".join(
        f"WHEN NOT {blank[name]} AND ({value}) IS NULL THEN {text(name)}" for name, (value, _) in numbers.items()
    )
    repaired = " OR ".join(flag for _, flag in numbers.values())
    customer = "trim(customer_id::VARCHAR)"
    whole_number = rf"regexp_full_match({customer}, '\d+\.0+')"
    if types["customer_id"] in ("DOUBLE", "FLOAT"):
        customer = "CASE WHEN customer_id = floor(customer_id) THEN CAST(CAST(customer_id AS HUGEINT) AS VARCHAR) ELSE customer_id::VARCHAR END"
        whole_number = "false"
    negative = ["amount_ < 0"] + (["quantity_ < 0"] if has("quantity") else [])
    service = "false"
    if job.read.service_products and has("product"):
        codes = ", ".join(text(code) for code in job.read.service_products)
        service = f"coalesce(trim(product::VARCHAR) IN ({codes}), false)"
    columns = [
        "*",
        f"nullif(CASE WHEN {whole_number} THEN regexp_replace({customer}, '\\.0+$', '') ELSE {customer} END, '') AS customer_",
        f"{whole_number} AS customer_repaired",
        f"{_date(job, types['order_date'])} AS date_",
        f"{blank['order_date']} AS date_missing",
        f"{amount} AS amount_",
        f"{numbers['quantity'][0]} AS quantity_" if has("quantity") else "NULL AS quantity_",
        f"coalesce({numbers['cost'][0]}, 0) AS cost_" if has("cost") else "NULL AS cost_",
        f"({number_missing}) AS number_missing",
        f"CASE {broken} END AS number_broken" if broken else "NULL AS number_broken",
        f"({repaired}) AS number_repaired" if repaired else "false AS number_repaired",
        f"{service} AS service_product",
    ]
    con.execute(f"CREATE TABLE parsed AS SELECT {', '.join(columns)} FROM raw")
    con.execute(f"CREATE VIEW judged AS SELECT *, coalesce({' OR '.join(negative)}, false) AS is_return FROM parsed")


def _refuse_unreadable(con: duckdb.DuckDBPyConnection, job: Job, types: dict[str, str], sources: list[Source]) -> None:
    """Refuse a column of which more than half cannot be read: it is the wrong column or the wrong format."""
    tests = {"order_date": "NOT date_missing AND date_ IS NULL"}
    tests |= {name: f"number_broken = {text(name)}" for name in ("quantity", "unit_price", "amount", "cost") if name in types}
    for column, test in tests.items():
        bad, rows = con.execute(f"SELECT count(*) FILTER ({test}), count(*) FROM parsed").fetchone()
        if bad * 2 > rows:
            found = con.execute(f"SELECT file, line, {quote(column)}::VARCHAR FROM parsed WHERE {test} ORDER BY ALL LIMIT 1").fetchone()
            remedy = (
                'Say how dates are written, such as `read: {date_format: "%d/%m/%Y"}`, or map the right column.'
                if column == "order_date"
                else 'Map the right column, or say `read: {decimal: ","}` if a comma separates the decimals.'
            )
            raise _refusal(
                "column_unreadable", found, column, sources,
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
        "service_product": "service_product",
    }
    assert list(tests) == _SET_ASIDE
    cases = " ".join(f"WHEN {test} THEN '{rule}'" for rule, test in tests.items() if test != "false")
    con.execute(f"CREATE TABLE ruled AS SELECT *, CASE {cases} END AS rule FROM repeated")
    shown = {
        "customer_missing": "customer_id",
        "service_product": "product",
        **dict.fromkeys(("date_missing", "date_unreadable", "date_impossible", "after_as_of"), "order_date"),
    }
    column = " ".join(f"WHEN '{rule}' THEN {text(job.columns.mapped[ours])}" for rule, ours in shown.items() if ours in types)
    value = " ".join(f"WHEN '{rule}' THEN {quote(ours)}::VARCHAR" for rule, ours in shown.items() if ours in types)
    numbers = [name for name in ("quantity", "unit_price", "amount", "cost") if name in types]
    broken_column = " ".join(f"WHEN {text(name)} THEN {text(job.columns.mapped[name])}" for name in numbers)
    broken_value = " ".join(f"WHEN {text(name)} THEN {quote(name)}::VARCHAR" for name in numbers)
    identifiers = ", ".join(f"{quote(name)}::VARCHAR AS {name}" for name in ("customer_id", "order_id", "order_date", "product") if name in types)
    con.execute(
        f"CREATE TABLE set_aside AS SELECT file, line, rule, CASE rule WHEN 'number_unreadable' THEN CASE number_broken {broken_column} END {column} END AS \"column\", "
        f"CASE rule WHEN 'number_unreadable' THEN CASE number_broken {broken_value} END {value} END AS \"value\", "
        f"amount_ AS amount, {identifiers} FROM ruled WHERE rule IS NOT NULL"
    )
    optional = ", ".join(f"nullif(trim({quote(name)}::VARCHAR), '') AS {name}" for name in ("category", "product") if name in types)
    order_id = "nullif(trim(order_id::VARCHAR), '')" if "order_id" in types else "NULL::VARCHAR"
    cost = ", cost_ AS cost" if "cost" in types else ""
    con.execute(
        f"CREATE TABLE lines AS SELECT file, line, customer_ AS customer_id, coalesce({order_id}, 'day ' || date_) AS order_id, "
        f"date_ AS order_date, amount_ AS amount{cost}, is_return, repeat, customer_repaired, number_repaired"
        f"{', ' + optional if optional else ''} FROM ruled WHERE rule IS NULL"
    )
    con.execute("DROP TABLE ruled; DROP VIEW repeated; DROP TABLE numbered; DROP VIEW judged; DROP TABLE parsed; DROP TABLE raw")


def _number_repeats(con: duckdb.DuckDBPyConnection, *, judging: bool) -> None:
    """Say of each row whether it repeats another in every column, and whether it is the second copy of a day read twice.

    A day is read twice when each of its distinct lines, twenty or more, stands an even number of times: overlapping
    exports leave that trace, honest repeats of an order line do not.
    """
    con.execute(
        "CREATE TABLE numbered AS SELECT *, count(*) OVER same AS n, row_number() OVER (same ORDER BY file, line) AS nth "
        "FROM judged WINDOW same AS (PARTITION BY whole, amount_)"
    )
    con.execute(
        "CREATE TABLE days_read_twice AS SELECT date_ FROM numbered WHERE date_ IS NOT NULL GROUP BY date_ "
        f"HAVING count(*) FILTER (nth = 1) >= {LEAST_LINES_OF_A_DAY} AND bool_and(n % 2 = 0) AND {str(judging).lower()}"
    )
    con.execute(
        "CREATE VIEW repeated AS SELECT *, nth > n // 2 AND date_ IN (FROM days_read_twice) AS copy, "
        "nth > 1 AS repeat FROM numbered"
    )


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
    }
    for rule, test in tests.items():
        count, amount, file, line = con.execute(
            f"SELECT count(*), sum(amount), arg_min(file, (file, line)), arg_min(line, (file, line)) FROM lines WHERE {test}"
        ).fetchone()
        if count:
            issues.append(_issue(rule, count, amount, file, line, None, None))
    order = list(RULES)
    return sorted(issues, key=lambda issue: order.index(str(issue["rule"])))


def _issue(rule: str, count: int, amount: object, file: str, line: int, column: str | None, value: str | None) -> dict[str, object]:
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
    return DataError(f"{path}, line {line}, column for `{ours}`, value {value!r}: {message}", rule=rule, file=file, line=line, column=ours, value=value)
