"""What do the values of each column look like? Counts, over a whole file, what could be numbers and what could be dates."""

from __future__ import annotations

import re

import duckdb

from kalib.ledger.calendar_words import Words
from kalib.ledger.dates import EXCEL, find_words, read_date
from kalib.ledger.guess import Numbers, Seen
from kalib.ledger.numbers import read_number
from kalib.ledger.source import quote, shown
from kalib.ledger.value import BLANKS, MONEY, trimmed

SAMPLE_ROWS = 20_000
SAMPLE_VALUES = 500
LONGEST_EXAMPLE = 24
ITSELF = ""
"""Stands for the dates that the ledger reads without being told: the year comes first, or the month has a name."""
FORMATS = (
    *(f"{a}{sign}{b}{sign}{year}" for year in ("%Y", "%y") for sign in "/.- " for a, b in (("%d", "%m"), ("%m", "%d"))),
    *(f"%y{sign}%m{sign}%d" for sign in "/.-"),
    *(f"{a}{sign}{b}{sign}%y" for sign in "-/ " for a, b in (("%d", "%b"), ("%b", "%d"))),
)
"""Ways of writing a date that must be declared."""
_MAY_BE_DATE = re.compile(r"[^\x00-\x7f]|[A-Za-z]{2}|[-/. ].*[-/. ]|\d{8}|[2-6]\d{4}([.,]\d+)?$")
"""What a value has that any of these ways reads: two signs, a word, a year with month and day together, or the number of a day."""


def look_at(con: duckdb.DuckDBPyConnection, kinds: dict[str, str], names: dict[str, str]) -> list[Seen]:
    """Count what stands in every column of a table.

    Parameters
    ----------
    con : connection with the table ``source``
    kinds : header to its DuckDB type
    names : header to the column of ``source``; no header stands in SQL

    Returns
    -------
    list of Seen
        One per header, in order. A sample only says what is worth counting over the whole table.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE sample AS FROM source LIMIT {SAMPLE_ROWS}")
    filled = ", ".join(
        f"count(*) FILTER ({_filled(name)})" if kinds[header] == "VARCHAR" else f"count({name})"
        for header, name in names.items()
    )
    distinct = ", ".join(f"approx_count_distinct({name})" for name in names.values())
    rows, *counts = con.execute(f"SELECT count(*), {filled}, {distinct} FROM source").fetchone()
    seen = []
    for number, (header, name) in enumerate(names.items()):
        kind = kinds[header]
        dates, mixed = (
            _count_dates(con, name, kind) if kind in ("VARCHAR", "BIGINT", "INTEGER", "DOUBLE") else ((), False)
        )
        seen.append(
            Seen(
                header=header,
                kind=_kind(kind),
                rows=rows,
                filled=counts[number],
                distinct=min(counts[number], counts[number + len(names)]),
                examples=_examples(con, name),
                numbers=_count_numbers(con, name, counts[number]) if kind == "VARCHAR" else Numbers(),
                dates=dates,
                mixed=mixed,
            )
        )
    return seen


def _kind(kind: str) -> str:
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return "date"
    return "text" if kind == "VARCHAR" or kind.startswith("ENUM") else "number"


def _filled(name: str) -> str:
    """Return SQL for whether a value is more than blanks; most have a sign of ASCII, which is quickly seen."""
    return f"CASE WHEN regexp_matches({name}::VARCHAR, '[!-~]') THEN true ELSE coalesce(trim({name}::VARCHAR, '{BLANKS}') <> '', false) END"


def _examples(con: duckdb.DuckDBPyConnection, name: str) -> tuple[str, ...]:
    """Return the three most frequent values of the sample, quoted and cut."""
    found = con.execute(
        f"SELECT {trimmed(name)} AS v FROM sample WHERE {_filled(name)} GROUP BY v ORDER BY count(*) DESC, v LIMIT 3"
    )
    return tuple(f'"{shown(row[0], LONGEST_EXAMPLE)}"' for row in found.fetchall())


def _count_numbers(con: duckdb.DuckDBPyConnection, name: str, filled_rows: int) -> Numbers:
    point, comma = (f"({read_number(name, 'VARCHAR', MONEY, sign).value})" for sign in ".,")
    sampled, filled = con.execute(
        f"SELECT count(coalesce({point}, {comma})), count(*) FROM (SELECT {name} FROM sample WHERE {_filled(name)} LIMIT 2000)"
    ).fetchone()
    if 2 * sampled < filled or not filled:
        percent = con.execute(
            rf"SELECT count(*) FROM source WHERE CASE WHEN contains({name}, '%') THEN regexp_full_match({name}, '\s*\d+([.,]\d+)?\s*%\s*') END"
        )
        return Numbers(percent=percent.fetchone()[0])
    # a number such as 12 or 12.50 is read in one way only, and of the others each way of writing is looked at once
    usual = rf"regexp_full_match({name}, '-?\d{{1,12}}(\.\d\d?)?')"
    whole, broken = con.execute(
        f"SELECT count(*) FILTER (NOT contains({name}, '.')), count(*) FILTER (contains({name}, '.')) FROM source WHERE {usual}"
    ).fetchone()
    if whole + broken == filled_rows:
        return Numbers(whole + broken, whole, broken)
    counts = con.execute(
        "SELECT sum(n) FILTER (p IS NOT NULL), sum(n) FILTER (c IS NOT NULL), "
        "sum(n) FILTER (v LIKE '%.%' AND p IS NOT NULL AND coalesce(c = p, true)), sum(n) FILTER (c IS NOT NULL AND p IS NULL), "
        f"sum(n) FILTER (p <> c) FROM (SELECT {name} AS v, n, {point} AS p, {comma} AS c FROM "
        f"(SELECT {name}, count(*) AS n FROM source WHERE NOT {usual} GROUP BY {name}))"
    ).fetchone()
    points, commas, *others = (int(count or 0) for count in counts)
    return Numbers(points + whole + broken, commas + whole, others[0] + broken, *others[1:])


def _count_dates(con: duckdb.DuckDBPyConnection, name: str, kind: str) -> tuple[tuple[tuple[str, int], ...], bool]:
    """Count how many values each way of writing dates reads, and say whether the two best read different ones."""
    formats = _formats_in_sample(con, name, kind)
    if not formats:
        return (), False
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE days AS SELECT {name}, count(*) AS n FROM source WHERE {_filled(name)} GROUP BY 1"
    )
    words = find_words(con, name, kind, table="days")
    read = {form: day_in(name, form, kind, words) for form in formats}
    sums = ", ".join(f"coalesce(sum(n) FILTER (({day}) IS NOT NULL), 0)::BIGINT" for day in read.values())
    counts = con.execute(f"SELECT {sums} FROM days").fetchone()
    dates = sorted(zip(formats, counts, strict=True), key=lambda item: (-item[1], item[0] != ITSELF))
    if len(dates) == 1 or dates[0][0] == ITSELF:
        return tuple(dates[:1]) if dates[0][0] == ITSELF else tuple(dates), False
    best, second = (f"({read[form]})" for form, _ in dates[:2])
    only_best, only_second = con.execute(
        f"SELECT count(*) FILTER ({second} IS NULL AND {best} IS NOT NULL), count(*) FILTER ({best} IS NULL AND {second} IS NOT NULL) FROM days"
    ).fetchone()
    return tuple(dates), only_best > 0 and only_second > 0


def day_in(name: str, form: str, kind: str, words: Words | None = None) -> str:
    """Return SQL for the day in a column, read in one way, in the words that it has."""
    day = read_date(name, kind, date_format=form or None, timezone="UTC", words=words).value
    if form != EXCEL:
        return day
    return f"CASE WHEN regexp_full_match(trim({quote(name)}::VARCHAR), '[2-6]\\d{{4}}([.,]\\d+)?') THEN {day} END"


def _formats_in_sample(con: duckdb.DuckDBPyConnection, name: str, kind: str) -> list[str]:
    """Return the ways of writing dates that read a fair part of the sample, the one that reads most first."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE few AS SELECT DISTINCT {name} FROM (SELECT {name} FROM sample WHERE {_filled(name)}) "
        f"ORDER BY ALL LIMIT {SAMPLE_VALUES}"
    )
    values = [row[0].strip(BLANKS) for row in con.execute(f"SELECT {name}::VARCHAR FROM few").fetchall()]
    likely = sum(5 <= len(value) <= 40 and any(sign.isdigit() for sign in value) for value in values)
    if 2 * likely < max(len(values), 1):
        return []
    if 5 * sum(bool(_MAY_BE_DATE.search(value)) for value in values) < len(values):
        return []
    signs = set("".join(values))
    has_words = any(sign.isalpha() for sign in signs)
    between = [form for form in FORMATS if set(form) - set("%bdmYy") <= signs and (has_words or "%b" not in form)]
    forms = [
        ITSELF,
        *([EXCEL] if (likely and not between) or any(value.isdigit() for value in values) else []),
        *between,
    ]
    words = find_words(con, name, kind, table="few")
    counts = con.execute(
        f"SELECT {', '.join(f'count({day_in(name, form, kind, words)})' for form in forms)} FROM few"
    ).fetchone()
    found = sorted(zip(counts, forms, strict=True), key=lambda item: -item[0])
    return [form for read, form in found if 5 * read >= len(values) and read][:4]


def first_last(con: duckdb.DuckDBPyConnection, name: str, form: str, kind: str) -> tuple[str | None, str | None]:
    """Return the first and the last day of a column, read in one way."""
    day = day_in(name, form, kind, find_words(con, name, kind, table="source"))
    return con.execute(f"SELECT min({day})::VARCHAR, max({day})::VARCHAR FROM source").fetchone()
