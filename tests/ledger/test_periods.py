"""Periods as offices write them, and what is no period."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.ledger.periods import read_period


def period(written: str) -> tuple[str, str] | None:
    day = "TRY_CAST($w AS DATE)"
    sql = read_period("$w", day)
    start, end = duckdb.execute(f"SELECT {sql.start}, {sql.end}", {"w": written}).fetchone()
    assert (start is None) == (end is None)
    return None if start is None else (str(start), str(end))


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2022", "2022-01-01", "2022-12-31"),
        ("2022.0", "2022-01-01", "2022-12-31"),
        ("2022年", "2022-01-01", "2022-12-31"),
        ("FY2022", "2022-01-01", "2022-12-31"),
        ("2022H2", "2022-07-01", "2022-12-31"),
        ("2022-h1", "2022-01-01", "2022-06-30"),
        ("2022Q1", "2022-01-01", "2022-03-31"),
        ("2022-Q3", "2022-07-01", "2022-09-30"),
        ("q4 2022", "2022-10-01", "2022-12-31"),
        ("2022年第3季度", "2022-07-01", "2022-09-30"),
        ("2022年四季度", "2022-10-01", "2022-12-31"),
        ("2022-07", "2022-07-01", "2022-07-31"),
        ("2022/7", "2022-07-01", "2022-07-31"),
        ("2022.07", "2022-07-01", "2022-07-31"),
        ("202207", "2022-07-01", "2022-07-31"),
        ("202207.0", "2022-07-01", "2022-07-31"),
        ("2022M12", "2022-12-01", "2022-12-31"),
        ("2024年2月", "2024-02-01", "2024-02-29"),
        ("2024年2月份", "2024-02-01", "2024-02-29"),
        ("07/2022", "2022-07-01", "2022-07-31"),
        ("2022-07-15", "2022-07-15", "2022-07-15"),
    ],
)
def test_periods_are_read_to_their_last_day(written, start, end):
    assert period(written) == (start, end)


@pytest.mark.parametrize(
    "written",
    ["2022.1", "2022-13", "2022-00", "202213", "2022Q5", "2022H3", "0007", "9999", "1949", "soon", "", "22", "07-22", "44743", "2022-07-32"],
)  # fmt: skip
def test_what_is_no_period_is_not_read(written):
    assert period(written) is None  # 2022.1 may be January or, its zero lost, October


@given(st.integers(1950, 2199), st.integers(1, 12))
def test_the_months_of_a_year_make_its_quarters_and_the_quarters_make_it(year, month):
    first, last = period(f"{year}-{month:02}")
    quarter = period(f"{year}Q{(month + 2) // 3}")
    whole = period(str(year))
    assert whole[0] <= quarter[0] <= first <= last <= quarter[1] <= whole[1]
    assert period(f"{year}年{month}月") == period(f"{month}/{year}") == (first, last)
