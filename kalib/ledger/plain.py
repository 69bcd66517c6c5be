"""Which columns need no second look? Those of text whose every value is plainly what it should be: one look tells, for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from kalib.ledger.numbers import narrow_type, plain_pattern
from kalib.ledger.source import quote, text
from kalib.ledger.value import NEAT, Parsed, value_of
from kalib.settings import Job

_ID = r"[0-9A-Za-z](?:[!-*,\-/-~ ]*[!-*,\-/-~])?"
"""An id that stands as it is: printable ASCII without blanks around it, and without the signs of a power of ten or of decimals."""
_FIRST, _LAST, _NONE = "1980-01-01", "2098-12-31", "2079-06-06"
"""Days that are neither too early nor too late, and the one among them that programs write for "no date"."""
_SAMPLE = 2048
_IDS = ("customer_id", "order_id")
_DAYS = ("order_date", "due_date", "paid_date")
_TEXTS = ("product", "category", "order_type", "order_status")


@dataclass(frozen=True)
class Plain:
    """The columns of ``raw`` whose values are all plain, or missing; ``usual`` are those of numbers with two decimals at most."""

    columns: frozenset[str]
    usual: frozenset[str]


def find_plain(con: duckdb.DuckDBPyConnection, job: Job, types: Mapping[str, str], targets: Mapping[str, str]) -> Plain:
    """Return the columns of ``raw`` whose values are all plain, or missing: they are read as they stand, and nothing was repaired.

    Plain are days as 2024-01-31, numbers as -1234.5, and ids and texts of ASCII letters, digits and signs without blanks around
    them. A column with one value that is not is read with care, value by value.

    Parameters
    ----------
    con : connection with ``raw``
    job : settings; where they say how days or numbers are written, these are read so
    types : the columns of ``raw`` with their DuckDB types
    targets : the columns of numbers with the type as which each is read

    Examples
    --------
    >>> from pathlib import Path
    >>> con = duckdb.connect()
    >>> _ = con.execute("CREATE TABLE raw AS SELECT '7' AS customer_id, ' 8' AS order_id, '2024-01-31' AS order_date")
    >>> job = Job(job="x", source=["x.csv"], columns={"customer_id": "a", "order_date": "b", "amount": "c"}, file=Path("x.yaml"))
    >>> sorted(find_plain(con, job, dict.fromkeys(("customer_id", "order_id", "order_date"), "VARCHAR"), {}).columns)
    ['customer_id', 'order_date']
    """
    texts = [name for name, kind in types.items() if kind == "VARCHAR"]
    numbers = [name for name in texts if name in targets and job.read.decimal != ","]
    tests = {name: _test(name, job) for name in texts if name not in targets}
    usual = {name: _number_test(name, targets[name], usual=True) for name in numbers}
    others = {name: _number_test(name, targets[name], usual=False) for name in numbers}
    few = f"(FROM raw LIMIT {_SAMPLE})"
    likely = _all(con, {name: test for name, test in tests.items() if test} | others, few)
    likely_usual = _all(con, usual, few)
    first = {name: (usual if name in likely_usual else others)[name] for name in numbers if name in likely}
    found = _all(con, first | {name: tests[name] for name in likely if name in tests}, "raw")
    more = _all(con, {name: others[name] for name in likely_usual - found}, "raw")
    return Plain(found | more, found & likely_usual)


def speak_for_point(con: duckdb.DuckDBPyConnection, plain: Plain) -> bool:
    """Say whether every file of ``raw`` has a number such as 12.50: then a plain 1.234 beside it is no thousand."""
    broken = " OR ".join(f"bool_or(contains({quote(name)}, '.'))" for name in sorted(plain.usual))
    if not broken:
        return False
    found = con.execute(f"SELECT bool_and(speaks) FROM (SELECT {broken} AS speaks FROM raw GROUP BY file)").fetchone()
    return found[0] is True


def _all(con: duckdb.DuckDBPyConnection, tests: Mapping[str, str], rows: str) -> frozenset[str]:
    """Return the columns whose values all pass their test."""
    if not tests:
        return frozenset()
    found = con.execute(f"SELECT {', '.join(f'bool_and({test})' for test in tests.values())} FROM {rows}").fetchone()
    return frozenset(name for name, is_plain in zip(tests, found, strict=True) if is_plain)


def _number_test(column: str, target: str, *, usual: bool) -> str:
    return f"regexp_full_match({quote(column)}, {text(plain_pattern(target, usual=usual))})"


def _test(column: str, job: Job) -> str:
    """Return SQL for whether a value is plain, null where there is none; nothing for a column that is always read with care."""
    name = quote(column)
    if column in _IDS:
        return f"regexp_full_match({name}, {text(_ID)})"
    if column in _DAYS and not job.read.date_format and "day_month_exchanged" not in job.settled:
        day = f"TRY_CAST({name} AS DATE)"
        within = f"{day} BETWEEN DATE '{_FIRST}' AND DATE '{_LAST}' AND {day} <> DATE '{_NONE}'"
        return f"coalesce({name} LIKE '____-__-__' AND {within} AND NOT {name} LIKE '% ', {name} IS NULL)"
    return f"regexp_full_match({name}, {text(NEAT)})" if column in _TEXTS else ""


def read_plain(column: str, targets: Mapping[str, str], *, is_share: bool = False) -> Parsed:
    """Say how a column is read whose values are all plain.

    Parameters
    ----------
    column : of ``raw``
    targets : the columns of numbers with the type as which each is read
    is_share : of a number, whether it must lie between 0 and 1
    """
    name = quote(column)
    value, broken = name, "NULL::VARCHAR"
    if column in _DAYS:
        value = f"CAST({name} AS DATE)"
    elif column in targets:
        value = f"CAST({name} AS {narrow_type(targets[column])})::{targets[column]}"
    if is_share:
        value = f"CASE WHEN ({value}) BETWEEN 0 AND 1 THEN {value} END"
        broken = f"CASE WHEN {value_of(column)} IS NULL AND {name} IS NOT NULL THEN 'number_unreadable' END"
    return Parsed(value, f"({name} IS NULL)", broken, "NULL::VARCHAR")
