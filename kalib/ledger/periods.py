"""Which days does a period mean? Reads 2022, 2022Q3, 2022-07 and days as first and last day; never a guess."""

from __future__ import annotations

from dataclasses import dataclass

from kalib.ledger.rules import FIRST_DAY, LAST_DAY
from kalib.words.told import told

# shape of the text, its year, its month (SQL over `t`), and how many months it lasts
_Y = r"(\d{4})"
_SHAPES: tuple[tuple[str, str, str, int], ...] = (
    (rf"{_Y}(\.0+)?", r"\1", "1", 12),
    (rf"(?:FY|CY) ?{_Y}", r"\1", "1", 12),
    (rf"{_Y}年度?", r"\1", "1", 12),
    (rf"{_Y}[-/. ]?H([12])", r"\1", "6 * {2} - 5", 6),
    (rf"H([12])[-/. ]?{_Y}", r"\2", "6 * {1} - 5", 6),
    (rf"{_Y}[-/. ]?Q([1-4])", r"\1", "3 * {2} - 2", 3),
    (rf"Q([1-4])[-/. ]?{_Y}", r"\2", "3 * {1} - 2", 3),
    (rf"{_Y}年第?([1-4一二三四])季度?", r"\1", "3 * {2} - 2", 3),
    (rf"{_Y}[-/](\d{{1,2}})", r"\1", "{2}", 1),
    (rf"{_Y}\.(\d\d)", r"\1", "{2}", 1),
    (rf"{_Y}[-/. ]?M(\d{{1,2}})", r"\1", "{2}", 1),
    (rf"{_Y}(\d\d)(\.0+)?", r"\1", "{2}", 1),
    (rf"{_Y}年(\d{{1,2}})月份?", r"\1", "{2}", 1),
    (rf"(\d{{1,2}})[-/.]{_Y}", r"\2", "{1}", 1),
)
PERIODS = told("2022, 2022H1, 2022Q3, 2022-07, or a day")
"""How periods are written, for messages."""


@dataclass(frozen=True)
class Period:
    """SQL for the first and the last day of a period, and for whether it was written as a single day."""

    start: str
    end: str
    is_day: str


def read_period(clean: str, day: str) -> Period:
    """Return SQL that reads a period.

    Parameters
    ----------
    clean : SQL of the text, without blanks around it and with plain digits
    day : SQL of the day that the text means, null where it means none

    Examples
    --------
    >>> import duckdb
    >>> period = read_period("'2022Q3'", "NULL::DATE")
    >>> [str(date) for date in duckdb.sql(f"SELECT {period.start}, {period.end}").fetchone()]
    ['2022-07-01', '2022-09-30']
    """
    t = f"upper({clean})"
    starts, lengths = [], []
    for shape, year, month, months in _SHAPES:
        number = month
        for group in (1, 2):
            found = f"regexp_extract({t}, '^{shape}$', {group})"
            number = number.replace(f"{{{group}}}", f"TRY_CAST(translate({found}, '一二三四', '1234') AS INTEGER)")
        group = year.removeprefix("\\")
        first = f"make_date(TRY_CAST(regexp_extract({t}, '^{shape}$', {group}) AS INTEGER), {number}, 1)"
        test = f"regexp_full_match({t}, '{shape}')"
        valid = f"({number}) BETWEEN 1 AND 12" if "{" in month else "true"
        starts.append(f"WHEN {test} THEN CASE WHEN {valid} THEN {first} END")
        lengths.append(f"WHEN {test} THEN {months}")
    start = f"CASE {' '.join(starts)} ELSE {day} END"
    last = f"CAST(({start}) + to_months(CASE {' '.join(lengths)} END) AS DATE) - 1"
    written = " OR ".join(f"regexp_full_match({t}, '{shape}')" for shape, *_ in _SHAPES)
    is_day = f"(NOT ({written}) AND ({day}) IS NOT NULL)"
    inside = f"BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'"
    return Period(
        f"CASE WHEN ({start}) {inside} THEN {start} END",
        f"CASE WHEN ({start}) {inside} THEN CASE WHEN {is_day} THEN {day} ELSE {last} END END",
        is_day,
    )
