"""What do typed tables hold? Opens a table, a query or Parquet on any engine, and reads its values as the house does."""

from __future__ import annotations

import glob
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import ibis
import ibis.expr.datatypes as dtypes
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.common.exceptions import TableNotFound
from ibis.expr.types import BooleanValue, Table, Value
from ibis.util import gen_name

from kalib.errors import DataError, MissingColumnsError, SettingsError, nearest
from kalib.ledger import engines, ids
from kalib.ledger.address import is_url, read_address
from kalib.ledger.dates import SENTINELS
from kalib.ledger.doubts import Doubt, days
from kalib.ledger.doubts.watch import SAMPLE, Watched, pick
from kalib.ledger.headers import find_same
from kalib.ledger.ids import MANGLED, WHAT
from kalib.ledger.read import text
from kalib.ledger.rules import FIRST_DAY, LAST_DAY
from kalib.ledger.value import BLANKS, FULL, HALF
from kalib.settings import Job
from kalib.words.told import Told, told

QUANTITY, PRICE, MONEY = dtypes.Decimal(19, 8), dtypes.Decimal(18, 8), dtypes.Decimal(30, 10)
_KEPT = {"quantity": dtypes.Decimal(19, 4), "unit_price": dtypes.Decimal(18, 6)}
"""As files are read; the money of a line is made of all decimals."""
RATE, CONVERTED = dtypes.Decimal(16, 8), dtypes.Decimal(22, 8)
_NUMBERS = {
    "quantity": QUANTITY,
    "unit_price": PRICE,
    "amount": MONEY,
    "cost": MONEY,
    "discount": MONEY,
    "paid_amount": MONEY,
    "refund": MONEY,
}
_OPTIONAL = ("discount", "due_date", "paid_date", "paid_amount", "refund")
"""Columns whose unreadable values count as missing: no figure of sales hangs on them."""
_DAYS = ("order_date", "due_date", "paid_date")
_IDS = ("customer_id", "order_id")
_TEXTS = ("product", "category", "order_type", "order_status", "currency")
_EXACT = {"float64": 2**53, "float32": 2**24}
"""Up to here every whole number of the type is told from the next."""
_OUTER = BLANKS.replace("\v", "").replace("\f", "") + r"\x0b\x0c"
"""For a class of a pattern: what is written out as \\v or \\f in SQL is v or f to Spark."""
_ODD = "[^!-~ ]|^[^0-9A-Za-z]|[ ]$|[.]0+$"
"""Text with anything in or around it that might have to be repaired; the rest, nearly all, stands as it is."""


def name_source(job: Job) -> str:
    """Return what reports call a typed source: the table, ``query``, or the path as the job has it."""
    if is_url(job.source[0]) and read_address(job.source[0]).engine in engines.DATABASES:
        return job.table or "query"
    return ", ".join(job.source)


def open_source(job: Job, connection: engines.Backend) -> Table:
    """Name the source of a job on its engine: the whole table, with its own names.

    Raises
    ------
    DataError, SettingsError
        As ``open_table``.
    """
    with engines.explained(connection, told("`{source}` cannot be opened", source=name_source(job))):
        if is_url(job.source[0]) and read_address(job.source[0]).engine in engines.DATABASES:
            return _define_source(job, connection)
        return _define_parquet(job, connection)


def watch(source: Table, job: Job) -> list[Watched]:
    """Choose the columns beside the mapped ones that may decide what a row means, by header and by a sample."""
    beside = [name for name in source.columns if name not in job.columns.mapped.values()]
    if not beside:
        return []
    with engines.explained(ibis.get_backend(source), told("`{source}` cannot be opened", source=name_source(job))):
        texts = source.select(**{name: source[name].cast("string") for name in beside if _can_be_text(source[name])})
        rows = texts.limit(SAMPLE).to_pyarrow() if texts.columns else None
    if rows is None:
        return []
    values = {name: rows.column(name).drop_null().unique().to_pylist() for name in rows.column_names}
    return pick(
        {name: [one.strip() for one in found if one.strip()] for name, found in values.items()}, job.columns.mapped
    )


def find_midnights(source: Table, job: Job) -> list[Doubt]:
    """Doubt order dates that are moments, all of them midnight in another zone than the job's."""
    theirs = job.columns.order_date
    if theirs not in source.columns or theirs not in _find_zoned(ibis.get_backend(source), source):
        return []
    found = days.find_midnights(days.count_seconds(source[theirs]), job.timezone)
    return [days.ask_time_zone(found, job)] if found else []


def _can_be_text(column: Value) -> bool:
    kind = column.type()
    return kind.is_string() or kind.is_numeric() or kind.is_boolean() or kind.is_date() or kind.is_timestamp()


def open_table(
    job: Job, connection: engines.Backend, *, source: Table | None = None, watched: Sequence[Watched] = ()
) -> Table:
    """Open the source of a job as one table on the engine, with our names and the types it has there.

    A table is named as ``table: schema.name``; ``query:`` is the user's own SQL, and is read as the definition of a
    temporary view: what is not one query is refused by the engine itself, and PostgreSQL reads it in transactions that
    cannot write. Parquet is read by Spark, folders with their partitions.

    Parameters
    ----------
    job : settings
    connection : the engine that holds or reads the source
    source : of ``open_source``, where it is at hand
    watched : columns beside the mapped ones that come along, as text

    Returns
    -------
    Table
        file (the name of the source), whole (a hash of the entire row), and one column per mapped name. Moments with a
        time zone are days of the job's time zone already; text compares by its bytes.

    Raises
    ------
    DataError
        No such table or file, a query that the engine refuses, a Parquet file that it cannot read.
    SettingsError
        A source that does not fit the engine.
    MissingColumnsError
        A mapped column that is not there.
    """
    with engines.explained(connection, told("`{source}` cannot be opened", source=name_source(job))):
        source = open_source(job, connection) if source is None else source
        mapped = job.columns.mapped
        missing = [theirs for theirs in mapped.values() if theirs not in source.columns]
        free = [title for title in source.columns if title not in mapped.values()]
        same = {find_same(theirs, free): theirs for theirs in missing}  # by title, so that each is taken once
        missing = [theirs for theirs in missing if theirs not in same.values() or same.get(None) == theirs]
        if missing:
            hints = "; ".join(f"`{theirs}`: {nearest(theirs, source.columns)}" for theirs in missing)
            raise MissingColumnsError(
                name_source(job),
                missing,
                source.columns,
                told("Map your columns under `columns:` in {job_file} ({hints})", job_file=job.file, hints=hints),
            )
        if same:
            source = _rename(connection, source, same)
        return _define_view(connection, _select_rows(job, connection, source, watched))


def _rename(connection: engines.Backend, source: Table, same: dict[str, str]) -> Table:
    """Give columns that are called as the job says, but for case, width or blanks, the job's name."""
    names = (f"{_name(connection, name)} AS {_name(connection, same.get(name, name))}" for name in source.columns)
    return _define_view(connection, f"SELECT {', '.join(names)} FROM {_name(connection, source.get_name())}")


def _define_source(job: Job, connection: engines.Backend) -> Table:
    """Name the job's table or query, so that it is read under one name."""
    if (job.table is None) == (job.query is None):
        raise SettingsError(
            f"{job.file}: a source that is a database needs `table: schema.name` or `query: SELECT ...`, and only one of them."
        )
    if job.query is not None:
        return _define_view(connection, re.sub(r";\s*\Z", "", job.query.strip()))
    *folder, name = job.table.split(".")
    place = {"db": folder[-1] if folder else None, "catalog": folder[0] if len(folder) > 1 else None}
    try:
        connection.table(name, database=tuple(folder) if len(folder) > 1 else (folder[0] if folder else None))
    except TableNotFound:
        known = connection.list_tables(database=folder[-1] if folder else None)
        hint = nearest(name, known) if known else told("it has none that the user may see.")
        raise DataError(
            told(
                "{address}: there is no table {table}; {hint} Capitals count; `table: schema.name` names one of another "
                "schema.",
                address=read_address(job.source[0]).shown,
                table=job.table,
                hint=hint,
            ),
            rule="table_missing",
            file=job.table,
        ) from None
    table = sg.table(name, quoted=True, **{k: v for k, v in place.items() if v})
    return _define_view(connection, f"SELECT * FROM {table.sql(dialect=connection.dialect)}")


def _define_parquet(job: Job, connection: engines.Backend) -> Table:
    """Name the job's Parquet files; only Spark reads them through this door."""
    if connection.name != "pyspark":
        raise SettingsError(
            told(
                "{job_file}: `engine:` is a database, which does not read files. Name the table in `source:` and "
                "`table:`, or leave `engine:` out; Spark reads Parquet.",
                job_file=job.file,
            )
        )
    paths = []
    for item in job.source:
        if "://" in item:  # of the cluster's own: hdfs, s3a
            paths.append(item)
            continue
        found = sorted(glob.glob(str(job.path(item))))
        if not found:
            raise DataError(
                told(
                    "{path}: there is no such file. `source` in {job_file} names it; every worker of the cluster must find "
                    "it under the same path.",
                    path=job.path(item),
                    job_file=job.file,
                ),
                rule="file_missing",
                file=item,
            )
        strange = next(
            (path for path in map(Path, found) if path.is_file() and path.suffix not in (".parquet", ".pq")), None
        )
        if strange:
            raise SettingsError(
                told(
                    "{path}: `engine: {engine}` reads Parquet only. Leave `engine:` out for this file: the embedded engine "
                    "judges it line by line.",
                    path=strange,
                    engine=read_address(job.engine or "").shown,
                )
            )
        paths += ["file://" + re.sub(r"([][{}*?\\])", r"\\\1", path) for path in found]
    name = gen_name("kalib")
    connection._session.read.parquet(*paths).createTempView(name)
    return connection.table(name)


def _define_view(connection: engines.Backend, query: str) -> Table:
    """Define a temporary view; the engine takes one query here, and nothing else."""
    name = gen_name("kalib")
    if connection.name == "postgres":
        with connection.con.transaction(), connection.con.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ WRITE")  # to define it; nothing is read here
            cursor.execute(f"CREATE TEMPORARY VIEW {name} AS {query}\n", prepare=True)  # refuses a second statement
    elif connection.name == "duckdb":
        if len(duckdb.extract_statements(query)) != 1:
            raise duckdb.ParserException("more than one statement")
        connection.raw_sql(f"CREATE TEMPORARY VIEW {name} AS {query}\n")
    elif connection.name == "pyspark":
        connection._session.sql(f"CREATE TEMPORARY VIEW {name} AS {query}\n")
    else:
        connection.create_view(name, connection.sql(query))
    return connection.table(name)


def _step(expression: Table) -> Table:
    """Return a table that is computed before what is built on it: else a value is written out, and computed, for each use."""
    connection = ibis.get_backend(expression)
    fence = " OFFSET 0" if connection.name == "postgres" else ""
    return _define_view(connection, connection.compile(expression) + fence)


def _name(connection: engines.Backend, name: str) -> str:
    return sg.to_identifier(name, quoted=True).sql(dialect=connection.dialect)


def _text(connection: engines.Backend, value: str) -> str:
    return sge.convert(value).sql(dialect=connection.dialect)


def _select_rows(job: Job, connection: engines.Backend, source: Table, watched: Sequence[Watched]) -> str:
    """Return the engine's own SQL for what Ibis cannot say: days in a time zone, bytewise text, a hash of the row."""
    zoned = _find_zoned(connection, source)
    zone = _text(connection, job.timezone)
    columns = []
    for ours, theirs in job.columns.mapped.items():
        value, kind = _name(connection, theirs), source.schema()[theirs]
        if theirs in zoned:
            shifted = (
                f"from_utc_timestamp({value}, {zone})" if connection.name == "pyspark" else f"timezone({zone}, {value})"
            )
            value = f"CAST({shifted} AS DATE)"
        elif connection.name == "postgres" and (kind.is_string() or kind.is_uuid()):
            value = f'CAST({value} AS TEXT) COLLATE "C"'
        columns.append(f"{value} AS {_name(connection, ours)}")
    for one in watched:
        kind = "STRING" if connection.name == "pyspark" else "TEXT"
        collate = ' COLLATE "C"' if connection.name == "postgres" else ""
        columns.append(f"CAST({_name(connection, one.header)} AS {kind}){collate} AS {one.name}")
    every = [_name(connection, name) for name in source.columns]
    match connection.name:
        case "postgres":
            whole = "hashtextextended(CAST(s AS TEXT), 0)"
        case "pyspark":  # which skips nulls: (null, 1) and (1, null) would be the same
            whole = f"xxhash64({', '.join(f'{name}, {name} IS NULL' for name in every)})"
        case _:
            whole = f"hash({', '.join(every)})"
    file = f"{_text(connection, name_source(job))} AS file"
    return f"SELECT {file}, {whole} AS whole, {', '.join(columns)} FROM {_name(connection, source.get_name())} AS s"


def _find_zoned(connection: engines.Backend, source: Table) -> set[str]:
    """Return the columns that hold moments, which are on another day elsewhere."""
    if connection.name == "pyspark":  # Ibis takes both of its kinds for moments without a zone
        fields = connection._session.table(source.get_name()).schema.fields
        return {field.name for field in fields if field.dataType.typeName() == "timestamp"}
    return {name for name, kind in source.schema().items() if kind.is_timestamp() and kind.timezone is not None}


def parse(table: Table, job: Job, watched: Sequence[Watched] = ()) -> Table:
    """Read the values of an opened table: text, days and exact decimals, and the rule that sets a row aside for one of them.

    Parameters
    ----------
    table : what ``open_table`` gave
    job : settings

    Returns
    -------
    Table
        One row per row: file, line (always missing), whole, customer_id, order_id, order_date, amount, the optional
        columns that are mapped, rule, repairs, bad_of, bad_column, bad_value. A float becomes the decimal that its
        shortest writing says.

    Raises
    ------
    DataError
        A column of a type that holds no such values, ids whose digits are lost, mixed currencies without rates, or a
        column of which more than half cannot be read.
    """
    _check_kinds(table, job)
    mapped = [name for name in job.columns.mapped if name in table.columns]
    values: dict[str, Value] = {}
    for name in mapped:
        values |= _read_value(name, table[name])
    looked = {one.name: _look(table[one.name], one) for one in watched}
    read = _step(table.select("file", "whole", line=ibis.null("int64"), **looked, **values))
    found: dict[str, Value] = {}
    for name in mapped:
        if name not in _TEXTS:
            found |= _find_wrong(name, read, table[name].type())
    read = _step(read.mutate(**found))
    with engines.explained(ibis.get_backend(table), told("`{source}` cannot be read", source=name_source(job))):
        _refuse(read, job, mapped)
    read = read.mutate(**_money(read, job, mapped))
    if job.rates:
        read = read.mutate(**_converted(read, job))
    tells = _tell(read, mapped)
    read = read.mutate(rule=_rule(read, job, mapped), repairs=_repairs(read, mapped), **tells)
    if "order_id" not in read.columns:
        read = read.mutate(order_id=ibis.null("string"))
    kept = [
        "file",
        "line",
        "whole",
        *(name for name in mapped if name != "unit_price" and name not in ("amount", "order_id")),
    ]
    kept += ["order_id", "amount", *(name for name in ("amount_expected", "cost_missing") if name in read.columns)]
    if "quantity" in read.columns:  # its money has all its decimals; it is kept as files have it
        read = read.mutate(quantity=read.quantity.cast(_KEPT["quantity"]))
    return read.select(*kept, *looked, "rule", "repairs", "bad_of", "bad_column", "bad_value")


def _look(column: Value, one: Watched) -> Value:
    """Return a column that is looked at: its text, the money in it, or whether there is anything."""
    value = _trimmed(column).nullif("")
    if one.kind == "filled":
        return ibis.ifelse(value.notnull(), "*", None)
    if one.kind in ("refund", "gross"):
        return ibis.ifelse(value.re_search("^-?[0-9]+([.][0-9]+)?$"), value, None).cast(MONEY)
    return value


def find_alike(parsed: Table, name: str) -> list[tuple[str, str, int | None, str, str]]:
    """Find customers that are written almost alike, as the embedded engine finds them; they are never merged.

    Parameters
    ----------
    parsed : what ``parse`` gave
    name : of the source

    Returns
    -------
    list of (rule, file, line, column, value)
        As ``ids.find_alike``; there is no line.
    """
    customers = parsed.filter(parsed.customer_id.notnull()).select("customer_id").distinct()
    with tempfile.TemporaryDirectory(prefix="kalib-") as folder, duckdb.connect() as local:
        file = Path(folder) / "customers.parquet"
        engines.write(customers, file, by=["customer_id"])
        local.execute(
            f"CREATE TABLE customers AS SELECT {text(name)} AS file, row_number() OVER () AS line, customer_id "
            f"FROM read_parquet({text(str(file))})"
        )
        return [(rule, file, None, *rest) for rule, file, _, *rest in ids.find_alike(local, "customers")]


def _check_kinds(table: Table, job: Job) -> None:
    """Refuse columns of a type that holds no such values."""
    file = name_source(job)
    for ours, theirs in job.columns.mapped.items():
        kind = table.schema()[ours]
        if ours in _DAYS:
            fits, wanted = kind.is_date() or kind.is_timestamp(), told("days")
        elif ours in _NUMBERS:
            fits, wanted = kind.is_numeric() and not kind.is_boolean(), told("numbers")
        elif ours in _IDS:
            fits = kind.is_string() or kind.is_uuid() or (kind.is_numeric() and not kind.is_boolean())
            wanted = told("ids")
        else:
            fits = kind.is_string() or kind.is_uuid() or kind.is_numeric()
            wanted = told("text")
        if not fits:
            raise DataError(
                told(
                    "{file}, column {column}: it is of type {kind}, and `{ours}` takes {wanted}. Cast it in a query, or "
                    "export it to a file, which is judged line by line.",
                    file=file,
                    column=theirs,
                    kind=kind,
                    ours=ours,
                    wanted=wanted,
                ),
                rule="column_kind",
                file=name_source(job),
                column=theirs,
            )


def _trimmed(column: Value) -> Value:
    """Return text without the blanks around it, of web pages and of Chinese too."""
    return column.re_replace(f"^[{_OUTER}]+", "").re_replace(f"[{_OUTER}]+$", "")


def _read_value(name: str, column: Value) -> dict[str, Value]:
    """Return the value of a column, whether it is blank, and how messages show it."""
    kind = column.type()
    blank = column.isnull() | column.isnan() if kind.is_floating() else column.isnull()
    shown = {f"raw_{name}": column.cast("string")}
    if name in _TEXTS:
        raw = column.cast("string")
        clean = ibis.ifelse(raw.re_search(_ODD), _trimmed(raw), raw).nullif("")
        return {name: clean.upper() if name == "currency" else clean}
    if name in _IDS:
        value = _read_text_id(column) if kind.is_string() else _read_number_id(column)
    elif name in _DAYS:
        day = column.cast("date")
        within = [ibis.date(one) for one in SENTINELS if FIRST_DAY <= one <= LAST_DAY]
        fits = day.between(ibis.date(FIRST_DAY), ibis.date(LAST_DAY)) & day.notin(within)
        shown = {f"raw_{name}": day.cast("string"), f"day_{name}": day}
        value = ibis.ifelse(fits, day, None)
    else:
        value = _exactly(column, _NUMBERS[name])
        if _NUMBERS[name] != MONEY and not kind.is_integer():
            shown[f"exact_{name}"] = _exactly(column, MONEY)
    return {name: value, f"blank_{name}": blank, **shown}


def _read_text_id(column: Value) -> Value:
    """Return ids as files are read: ``12340.0`` is 12340, full-width １２３ is 123, dashes are nothing. Nearly all stand as they are."""
    group = "$1" if ibis.get_backend(column).name == "pyspark" else r"\1"
    trimmed = _trimmed(column)
    typing = "[^!-~\u3000\uff01-\uff5e ]"
    dear = ibis.ifelse(trimmed.re_search(typing), trimmed, trimmed.translate(FULL, HALF))
    dear = dear.re_replace("^[ ]+", "").re_replace("[ ]+$", "")
    for pattern in ('^="(.*)"$', "^'([^']+)$", "^([0-9]+)[.]0+$"):
        dear = dear.re_replace(pattern, group)
    dear = _trimmed(dear).re_replace("^[-\u2010-\u2015\u2212]{1,3}$", "")
    return ibis.ifelse(column.re_search(_ODD), dear, column).nullif("")


def _read_number_id(column: Value) -> Value:
    """Return ids that are numbers as text; nothing where a float is too large to be exact, or has a fraction."""
    kind = column.type()
    if kind.is_floating():
        limit = _EXACT[str(kind(nullable=True))]
        whole = ~column.isnan() & column.between(-limit, limit) & (column == column.round(0))
        return ibis.ifelse(whole, column, None).cast("int64").cast("string")
    if kind.is_decimal():
        whole = column.cast(dtypes.Decimal(38, 0))
        return ibis.ifelse(column == whole, whole, None).cast("string")
    return column.cast("string")


def _find_wrong(name: str, read: Table, kind: dtypes.DataType) -> dict[str, Value]:
    """Return the rules that a column's values met: the one that breaks a value, the one that repaired it."""
    nothing = ibis.null("string")
    value, raw, blank = read[name], read[f"raw_{name}"], read[f"blank_{name}"]
    found = {f"broken_{name}": nothing, f"repaired_{name}": nothing}
    if name in _DAYS:
        sentinels = [ibis.date(one) for one in SENTINELS]
        which = ibis.ifelse(read[f"day_{name}"].isin(sentinels), "date_sentinel", "date_impossible")
        found[f"broken_{name}"] = ibis.ifelse(value.isnull() & ~blank, which, None)
    elif name in _NUMBERS:
        found[f"broken_{name}"] = ibis.ifelse(value.isnull() & ~blank, "number_unreadable", None)
        if f"exact_{name}" in read.columns:
            kept = value.cast(_KEPT[name]).cast(MONEY)
            found[f"repaired_{name}"] = ibis.ifelse(kept != read[f"exact_{name}"], "number_rounded", None)
    elif kind.is_string():
        blank = blank | (value.isnull() & (_trimmed(raw) == ""))
        found[f"blank_{name}"] = blank
        if name == "customer_id":
            found[f"broken_{name}"] = ibis.ifelse(value.isnull() & ~blank, "customer_missing", None)
        rule = "customer_repaired" if name == "customer_id" else "order_repaired"
        found[f"repaired_{name}"] = ibis.ifelse((value != raw) & (value != _trimmed(raw)), rule, None)
    return found


def _exactly(column: Value, target: dtypes.Decimal) -> Value:
    """Return a number as an exact decimal, or nothing where it is too large for one; casts of their own differ by engine."""
    limit = 10 ** (target.precision - target.scale) - 1
    kind = column.type()
    if kind.is_floating():
        fits = ~column.isnan() & ~column.isinf() & column.between(-float(limit), float(limit))
        return ibis.ifelse(fits, column.cast("string"), None).cast(target)
    if kind.is_integer():
        room = 2**63 - 1
        if limit >= room:
            return column.cast(target)
        return ibis.ifelse(column.between(-limit, limit), column, None).cast(target)
    if kind.precision is not None and kind.precision - kind.scale <= target.precision - target.scale:
        return column.cast(target)
    low, high = (ibis.literal(Decimal(sign * limit), kind) for sign in (-1, 1))
    return ibis.ifelse((column >= low) & (column <= high), column, None).cast(target)


def _money(read: Table, job: Job, mapped: Sequence[str]) -> dict[str, Value]:
    """Return the money of a line: what was paid, what quantity times price would be, and what was taken off."""
    gross = less = None
    zero = ibis.literal(Decimal(0), MONEY)
    unit = job.read.discount if "discount" in mapped else None
    share = read.discount.fill_null(zero) if unit == "share" else zero
    off = read.discount.fill_null(zero) if unit == "money" else zero
    if {"quantity", "unit_price"} <= set(mapped):
        gross = _exactly(read.quantity * read.unit_price, MONEY)
        less = gross
        if unit == "money":
            less = gross - off
        elif unit == "share":
            part = (ibis.literal(Decimal(1), MONEY) - share).cast(dtypes.Decimal(12, 8))
            less = _exactly(gross, dtypes.Decimal(26, 8)).cast(dtypes.Decimal(26, 8)) * part
        less = _exactly(less, MONEY)
    money = {"amount": read.amount if "amount" in mapped else (less if "discount" in mapped else gross)}
    if "amount" in mapped and gross is not None:
        money["amount_expected"] = less
    if unit == "money":
        money["discount"] = off
    elif unit == "share":  # of the price before it
        kept = ibis.literal(1.0) - share.cast("float64")
        taken = money["amount"].cast("float64") * share.cast("float64") / kept
        money["discount"] = _exactly(ibis.ifelse(kept > 0, taken, None), MONEY)
    if "cost" in mapped:
        money |= {"cost": read.cost.fill_null(zero), "cost_missing": read.blank_cost}
    return money


def _converted(read: Table, job: Job) -> dict[str, Value]:
    """Return the money in the job's currency, at the rates that the job gives."""
    cases = [(read.currency == code, ibis.literal(rate, RATE)) for code, rate in job.rates.items()]
    rate = ibis.cases(*cases, else_=ibis.literal(Decimal(1), RATE))
    money = [
        name
        for name in ("amount", "amount_expected", "cost", "discount", "paid_amount", "refund")
        if name in read.columns
    ]
    return {name: _exactly(_exactly(read[name], CONVERTED) * rate, MONEY) for name in money}


def _rule(read: Table, job: Job, mapped: Sequence[str]) -> Value:
    """Return the first rule that sets a row aside for what stands in it."""
    needed = ["amount"] if "amount" in mapped else ["quantity", "unit_price"]
    numbers = [name for name in ("quantity", "unit_price", "amount", "cost") if name in mapped]
    tests: list[tuple[BooleanValue, Value | str]] = [
        (read.blank_order_date, "date_missing"),
        (read.broken_order_date.notnull(), read.broken_order_date),
        (read.broken_customer_id.notnull(), read.broken_customer_id),
        (read.customer_id.isnull(), "customer_missing"),
        (_any(read[f"blank_{name}"] for name in needed), "number_missing"),
        (_any(read[f"broken_{name}"].notnull() for name in numbers) | read.amount.isnull(), "number_unreadable"),
    ]
    if job.rates:
        tests.append((read.currency.isnull(), "currency_missing"))
    return ibis.cases(*tests, else_=ibis.null("string"))


def _any(tests: Iterable[BooleanValue]) -> BooleanValue:
    return ibis.or_(*tests)


def _repairs(read: Table, mapped: Sequence[str]) -> Value:
    """Return the repairs of a row, joined by commas; nothing where there was none."""
    found = [read[f"repaired_{name}"] for name in mapped if name not in _OPTIONAL and name not in _TEXTS]
    found += [
        ibis.ifelse(read[f"broken_{name}"].notnull(), "optional_unreadable", ibis.null("string"))
        for name in _OPTIONAL
        if name in mapped
    ]
    return ibis.coalesce(*found) if len(found) == 1 else _joined(found)


def _joined(found: Sequence[Value]) -> Value:
    """Join what is there of some texts by commas."""
    whole = ibis.literal("")
    for one in found:
        whole = whole + ibis.ifelse(one.notnull(), ibis.literal(",") + one, "").fill_null("")
    return whole.substr(1).nullif("")


def _tell(read: Table, mapped: Sequence[str]) -> dict[str, Value]:
    """Return the value that the row's rule, or its first repair, is about: the rule, our column, the value as it stands."""
    cells = [name for name in mapped if name not in _TEXTS]
    required = [
        name for name in ("order_date", "customer_id", "quantity", "unit_price", "amount", "cost") if name in cells
    ]
    about = [(read[f"broken_{name}"].notnull(), read[f"broken_{name}"], name) for name in required]
    needed = ["amount"] if "amount" in mapped else ["quantity", "unit_price"]
    about += [(read[f"blank_{name}"], ibis.literal("number_missing"), name) for name in needed]
    about += [
        (read[f"broken_{name}"].notnull(), ibis.literal("optional_unreadable"), name)
        for name in _OPTIONAL
        if name in cells
    ]
    about += [
        (read[f"repaired_{name}"].notnull(), read[f"repaired_{name}"], name) for name in cells if name not in _OPTIONAL
    ]
    nothing = ibis.null("string")
    return {
        "bad_of": ibis.cases(*((test, rule) for test, rule, _ in about), else_=nothing),
        "bad_column": ibis.cases(*((test, ibis.literal(name)) for test, _, name in about), else_=nothing),
        "bad_value": ibis.cases(*((test, read[f"raw_{name}"]) for test, _, name in about), else_=nothing),
    }


def _refuse(read: Table, job: Job, mapped: Sequence[str]) -> None:
    """Look over all rows once for what refuses the source as a whole.

    Raises
    ------
    DataError
        customer_mangled, order_mangled, currency_mixed, currency_other, column_unreadable.
    """
    found: dict[str, Value] = {"rows": read.count()}
    for name in _IDS:
        if name in mapped:
            found[f"mangled_{name}"] = read[f"raw_{name}"].min(where=_is_mangled(read, name))
    for name in mapped:
        if f"broken_{name}" in read.columns and name not in (*_IDS, *_OPTIONAL):
            found[f"bad_{name}"] = read.count(where=read[f"broken_{name}"].notnull())
            found[f"first_{name}"] = read[f"raw_{name}"].min(where=read[f"broken_{name}"].notnull())
    facts = read.aggregate(**found).to_pyarrow().to_pylist()[0]
    file = name_source(job)

    def refusal(rule: str, ours: str, value: object, message: Told) -> DataError:
        theirs = job.columns.mapped[ours]
        said = told(
            "{file}, column {column}, value {value!r}: {message}",
            file=file,
            column=theirs,
            value=value,
            message=message,
        )
        return DataError(said, rule=rule, file=file, column=theirs, value=None if value is None else str(value))

    for name in _IDS:
        value = facts.get(f"mangled_{name}")
        if value is not None:
            raise refusal(
                MANGLED[name],
                name,
                value,
                told(
                    "a spreadsheet or a float has cost the {what} digits, or it is none. Store the column as text or whole "
                    "numbers.",
                    what=WHAT[name],
                ),
            )
    for name in mapped:
        bad = facts.get(f"bad_{name}", 0)
        if bad * 2 > facts["rows"]:
            kind = told("dates") if name in _DAYS else told("numbers")
            raise refusal(
                "column_unreadable",
                name,
                facts[f"first_{name}"],
                told(
                    "{bad:,} of {rows:,} rows cannot be read as {kind}. Map the right column.",
                    bad=bad,
                    rows=facts["rows"],
                    kind=kind,
                ),
            )
    if "currency" in mapped:
        counts = read.filter(read.currency.notnull()).group_by("currency").agg(rows=lambda t: t.count())
        counts = counts.order_by(ibis.desc("rows"), "currency").limit(10).to_pyarrow().to_pylist()
        _refuse_currencies([row["currency"] for row in counts], job, refusal)


def _is_mangled(read: Table, name: str) -> BooleanValue:
    """Return whether an id has lost digits: ``1.23457E+11``, a float too large to be exact, a fraction."""
    raw = read[f"raw_{name}"]
    lost = read[name].isnull() & ~read[f"blank_{name}"] & read[f"broken_{name}"].isnull()
    return lost | (raw.contains("+") & _trimmed(raw).re_search("^[+-]?[0-9]([.,][0-9]+)?[eE][+][0-9]+$"))


def _refuse_currencies(found: Sequence[str], job: Job, refusal: Callable[[str, str, str, Told], DataError]) -> None:
    strange = [code for code in found if code not in {job.currency, *job.rates}]
    if job.rates and strange:
        raise refusal(
            "currency_mixed",
            "currency",
            strange[0],
            told(
                "`rates:` has no rate of {code}; it has {rates} beside {currency}. Add it.",
                code=strange[0],
                rates=", ".join(sorted(job.rates)),
                currency=job.currency,
            ),
        )
    if len(found) > 1 and not job.rates:
        raise refusal(
            "currency_mixed",
            "currency",
            found[1],
            told(
                "the source mixes currencies ({found}). Say what one unit of each is worth in the job's, as in `rates: "
                "{{USD: 0.79}}`, convert the source to one currency, or make a job of each.",
                found=", ".join(found[:6]),
            ),
        )
    if found and not job.rates and job.currency not in ("XXX", found[0]):
        raise refusal(
            "currency_other",
            "currency",
            found[0],
            told("the job says `currency: {currency}`. Make the two agree.", currency=job.currency),
        )
