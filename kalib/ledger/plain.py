"""Which columns need no second look? Those of text whose every value is plainly what it should be: one look tells, for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
SAMPLE = 2048
_DAY = r"(?:19[89]\d|20[0-68]\d|207[0-8]|209[0-8])-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
"""Days that are plain, if they are in the calendar; all but those of 2079."""
_CLOCK = r"[ T](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"
"""A time of day without a zone: of a moment, the day is read, as it stands."""
_BETWEEN = "\x1f"
_IDS = ("customer_id", "order_id")
_DAYS = ("order_date", "due_date", "paid_date")
TEXTS = ("product", "category", "order_type", "order_status")


@dataclass(frozen=True)
class Plain:
    """The columns of ``raw`` whose values are all plain, or missing; ``usual`` are those of numbers with two decimals at most."""

    columns: frozenset[str]
    usual: frozenset[str]


def find_plain(con: duckdb.DuckDBPyConnection, job: Job, types: Mapping[str, str], targets: Mapping[str, str]) -> Plain:
    """Return the columns of ``raw`` whose values are all plain, or missing: they are read as they stand, and nothing was repaired.

    Plain are days as 2024-01-31, with a time of day or without, numbers as -1234.5, and ids and texts of ASCII letters, digits and signs without blanks around
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
    likely = find_likely(con, job, texts, targets, f"(FROM raw LIMIT {SAMPLE})")
    found = _all(con, likely.tests, "raw")
    others = {name: _number_test(name, targets[name], usual=False) for name in likely.usual - found}
    return Plain(found | _all(con, others, "raw"), found & likely.usual)


@dataclass(frozen=True)
class Likely:
    """The columns that are plain in some rows, with the test that each value must pass; ``usual`` as in ``Plain``."""

    tests: Mapping[str, str]
    usual: frozenset[str]
    patterns: Mapping[str, str]

    @property
    def row_test(self) -> str:
        """Return SQL for whether a row as a whole is sure to pass all tests: one look at all values is faster than one at each."""
        cells = f", chr({ord(_BETWEEN)}), ".join(quote(name) for name in self.patterns)
        pattern = _BETWEEN.join(f"(?:{pattern})?" for pattern in self.patterns.values())
        return f"regexp_full_match(concat({cells}), {text(pattern)})"

    def widened(self, targets: Mapping[str, str]) -> Likely:
        """Return the same for numbers of any number of decimals, where something else says that the point is their sign."""
        tests = {name: _number_test(name, targets[name], usual=False) for name in self.usual}
        patterns = {name: plain_pattern(targets[name], usual=False) for name in self.usual}
        return Likely({**self.tests, **tests}, frozenset(), {**self.patterns, **patterns})


def find_likely(
    con: duckdb.DuckDBPyConnection, job: Job, columns: Iterable[str], targets: Mapping[str, str], rows: str
) -> Likely:
    """Return the columns that are plain in some rows, and SQL for the test of a value, which is null where there is none.

    Parameters
    ----------
    con : connection
    job, targets : as for ``find_plain``
    columns : of text
    rows : a query in brackets for some rows
    """
    columns = list(columns)
    numbers = [name for name in columns if name in targets and job.read.decimal != ","]
    tests = {name: test for name in columns if name not in targets and (test := _test(name, job))}
    usual = {name: _number_test(name, targets[name], usual=True) for name in numbers}
    others = {name: _number_test(name, targets[name], usual=False) for name in numbers}
    likely = _all(con, tests | others, rows)
    likely_usual = _all(con, {name: test for name, test in usual.items() if name in likely}, rows)
    tests |= others | {name: usual[name] for name in likely_usual}
    patterns = {name: plain_pattern(targets[name], usual=name in likely_usual) for name in numbers}
    patterns |= dict.fromkeys(_IDS, _ID) | dict.fromkeys(_DAYS, f"{_DAY}(?:{_CLOCK})?") | dict.fromkeys(TEXTS, NEAT)
    found = [name for name in tests if name in likely]
    return Likely({name: tests[name] for name in found}, likely_usual, {name: patterns[name] for name in found})


def speak_for_point(con: duckdb.DuckDBPyConnection, numbers: Iterable[str], rows: str = "raw") -> bool:
    """Say whether every file of some rows has a number such as 12.50: then a plain 1.234 beside it is no thousand.

    Parameters
    ----------
    con : connection
    numbers : columns of plain numbers: none of them speaks for the comma
    rows : a table or a query in brackets, with ``file``
    """
    broken = " OR ".join(rf"bool_or(regexp_matches({quote(name)}, '\.\d\d?$'))" for name in sorted(numbers))
    if not broken:
        return False
    found = con.execute(
        f"SELECT bool_and(speaks) FROM (SELECT {broken} AS speaks FROM {rows} GROUP BY file)"
    ).fetchone()
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
        alone = f"({name} LIKE '____-__-__' AND NOT {name} LIKE '% ')"
        moment = f"regexp_full_match({name}, {text(_DAY + _CLOCK)})"
        return f"coalesce(({alone} OR {moment}) AND {within}, {name} IS NULL)"
    return f"regexp_full_match({name}, {text(NEAT)})" if column in TEXTS else ""


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
