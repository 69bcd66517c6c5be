"""Which columns need no second look? Those of text whose every value is plainly what it should be: one look tells, for all of them."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from kalib.ledger.numbers import narrow_type, usual_pattern
from kalib.ledger.source import quote, text
from kalib.ledger.value import NEAT, Parsed
from kalib.settings import Job

_ID = r"[0-9A-Za-z](?:[!-*,\-/-~ ]*[!-*,\-/-~])?"
"""An id that stands as it is: printable ASCII without blanks around it, and without the signs of a power of ten or of decimals."""
_FIRST, _LAST, _NONE = "1980-01-01", "2098-12-31", "2079-06-06"
"""Days that are neither too early nor too late, and the one among them that programs write for "no date"."""
_SAMPLE = 2048
_IDS = ("customer_id", "order_id")
_DAYS = ("order_date", "due_date", "paid_date")
_TEXTS = ("product", "category", "order_type", "order_status")


def find_plain(
    con: duckdb.DuckDBPyConnection, job: Job, types: Mapping[str, str], targets: Mapping[str, str]
) -> frozenset[str]:
    """Return the columns of ``raw`` whose values are all plain, or missing: they are read as they stand, and nothing was repaired.

    Plain are days as 2024-01-31, numbers as -1234.5 with two decimals at most, and ids and texts of ASCII letters, digits and signs
    without blanks around them. A column with one value that is not is read with care, value by value.

    Parameters
    ----------
    con : connection with ``raw``
    job : settings; where they say how days or numbers are written, these are read so
    types : the columns of ``raw`` with their DuckDB types
    targets : the columns of numbers with the type as which each is read
    """
    tests = {name: _test(name, job, targets) for name, kind in types.items() if kind == "VARCHAR"}
    asked = {name: test for name, test in tests.items() if test}
    for rows in (f"(FROM raw LIMIT {_SAMPLE})", "raw"):
        if asked:
            found = con.execute(
                f"SELECT {', '.join(f'bool_and({test})' for test in asked.values())} FROM {rows}"
            ).fetchone()
            asked = {name: test for (name, test), is_plain in zip(asked.items(), found, strict=True) if is_plain}
    return frozenset(asked)


def _test(column: str, job: Job, targets: Mapping[str, str]) -> str:
    """Return SQL for whether a value is plain, null where there is none; nothing for a column that is always read with care."""
    name = quote(column)
    if column in _IDS:
        return f"regexp_full_match({name}, {text(_ID)})"
    if column in _DAYS and not job.read.date_format and "day_month_exchanged" not in job.settled:
        day = f"TRY_CAST({name} AS DATE)"
        within = f"{day} BETWEEN DATE '{_FIRST}' AND DATE '{_LAST}' AND {day} <> DATE '{_NONE}'"
        return f"coalesce({name} LIKE '____-__-__' AND {within} AND NOT {name} LIKE '% ', {name} IS NULL)"
    if column in targets and job.read.decimal != ",":
        return f"regexp_full_match({name}, {text(usual_pattern(targets[column]))})"
    return f"regexp_full_match({name}, {text(NEAT)})" if column in _TEXTS else ""


def read_plain(column: str, targets: Mapping[str, str]) -> Parsed:
    """Say how a column is read whose values are all plain."""
    name, value = quote(column), quote(column)
    if column in _DAYS:
        value = f"CAST({name} AS DATE)"
    elif column in targets:
        value = f"CAST({name} AS {narrow_type(targets[column])})::{targets[column]}"
    return Parsed(value, f"({name} IS NULL)", "NULL::VARCHAR", "NULL::VARCHAR")
