"""A column of plain values is read as it stands, exactly as it is read with care."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from kalib.ledger import dates, ids, numbers
from kalib.ledger.parse import TARGETS, _less
from kalib.ledger.plain import find_plain, read_plain, speak_for_point
from kalib.ledger.value import MONEY, value_of
from kalib.settings import Job

VALUES = {
    "order_date": (
        *("2024-01-05", "1980-01-01", "2098-12-31", "2079-06-06", "1979-12-31", "2024-02-30", "2024-1-05", "2024-01-5 ", "2024-01-05 "),
        *("2024-01- 5", "2024- 1-05", " 2024-1-05", "2024-01-05 10:30:00", "05/01/2024", "2024/01/05", "20240105", "+024-01-05", ""),
    ),
    "customer_id": (
        *("C00012", "a b", "7", "1.5", "12340.0", "x+1", "1.23E+5", " a", "a ", "-7", "#REF!", "１２", "é", "'7", '="7"', "a.0", "--", ""),
        *("a-b", "a/0", "0"),
    ),
    "amount": (
        *("1", "-1.5", "12.50", "0.100", "1.234", "1234567.123456", "1.1234567", "123456789012", "1234567890123", "1,234.50", "1e3"),
        *("+5", ".5", "5.", " 5", "5 ", "1.5-", "(1.5)", "€ 5", "-", "０", "12,5", "-0", ""),
    ),
    "quantity": ("1", "-2", "2.5", "1.1234", "1.12345", "99999999999999", "999999999999999", "1,000", "3 "),
    "discount": ("0", "0.15", "1", "1.01", "-0.1", "15%", "0.123456789"),
}  # fmt: skip


def job(**read: object) -> Job:
    columns = {"customer_id": "a", "order_date": "b", "amount": "c"}
    return Job.model_validate({"job": "x", "source": "x.csv", "columns": columns, "read": read, "file": Path("x.yaml")})


def raw(**columns: tuple[str | None, ...]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE raw (file VARCHAR, line BIGINT, {', '.join(f'{name} VARCHAR' for name in columns)})")
    for line, cells in enumerate(zip(*columns.values(), strict=True), 2):
        con.execute(f"INSERT INTO raw VALUES ({', '.join('?' * (len(cells) + 2))})", ["x.csv", line, *cells])
    return con


def plain(con: duckdb.DuckDBPyConnection, *columns: str, targets: Mapping[str, str] = TARGETS, **read: object) -> set:
    return set(find_plain(con, job(**read), dict.fromkeys(columns, "VARCHAR"), targets).columns)


def careful(con: duckdb.DuckDBPyConnection, column: str) -> tuple:
    if column == "order_date":
        cell = dates.read_days(con, job(), column, "VARCHAR")
    elif column == "customer_id":
        cell = ids.read_id(column, "VARCHAR", column)
    elif column == "discount":
        cell = numbers.read_share(column, "VARCHAR", ".")
    else:
        cell = numbers.read_number(column, "VARCHAR", TARGETS[column], ".")
    return outcome(con, column, cell)


def outcome(con: duckdb.DuckDBPyConnection, column: str, cell: object) -> tuple:
    value = value_of(column)
    return con.execute(
        f"SELECT {value}, typeof({value}), {cell.blank}, {cell.broken}, {cell.repaired} FROM (SELECT *, {cell.value} AS {value} FROM raw)"
    ).fetchone()


@pytest.mark.parametrize(("column", "value"), [(name, value) for name, values in VALUES.items() for value in values])
def test_what_is_plain_is_read_as_with_care(column: str, value: str) -> None:
    con = raw(**{column: (value,)})
    if column in plain(con, column):
        read = read_plain(column, TARGETS, is_share=column == "discount")
        assert outcome(con, column, read) == careful(con, column)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("order_date", "2024-01-05"),
        ("customer_id", "C00012"),
        ("amount", "-12.50"),
        ("quantity", "3"),
        ("product", "A 7"),
    ],
)
def test_what_is_plain_is_found_beside_what_is_missing(column: str, value: str) -> None:
    con = raw(**{column: (value, None)})
    assert plain(con, column) == {column}
    assert plain(raw(**{column: (value, "")}), column) == set()


def test_one_value_beyond_the_first_rows_is_enough() -> None:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE raw AS SELECT 'x.csv' AS file, range AS line, '1.50' AS amount, '7' AS customer_id FROM range(5000)"
    )
    con.execute("UPDATE raw SET amount = '1.500' WHERE line = 4999")
    found = find_plain(con, job(), {"amount": "VARCHAR", "customer_id": "VARCHAR"}, TARGETS)
    assert (found.columns, found.usual) == ({"amount", "customer_id"}, set())
    con.execute("UPDATE raw SET amount = '1.50 ' WHERE line = 4999")
    assert plain(con, "amount", "customer_id") == {"customer_id"}


def test_what_the_job_declares_is_read_as_declared() -> None:
    con = raw(order_date=("2024-01-05",), amount=("1.50",))
    assert plain(con, "order_date", "amount", date_format="%Y-%d-%m") == {"amount"}
    assert plain(con, "order_date", "amount", decimal=",") == {"order_date"}


def test_a_thousand_is_believed_where_each_file_has_a_number_that_speaks() -> None:
    con = raw(amount=("1.50", "2"), discount=("0.100", "1.234"))
    columns = ("amount", "discount")
    assert find_plain(con, job(), dict.fromkeys(columns, "VARCHAR"), TARGETS).usual == {"amount"}
    assert speak_for_point(con, columns)
    assert not speak_for_point(con, ("discount",))
    con.execute("UPDATE raw SET file = 'y.csv' WHERE line = 3")
    assert not speak_for_point(con, columns)


@pytest.mark.parametrize(
    ("gross", "share", "off"),
    [
        *(
            ("12.5", "0.1", "0"),
            ("12.34567", "0.1", "0"),
            ("0.3333333333", "0.12345", "0.01"),
            ("99999999.99999", "0.5", "0"),
        ),
        *(("-99999999.9999", "1", "2.5"), ("100000000", "0.15", "0"), ("123456789012.1234567891", "0.99999", "7")),
    ],
)
def test_the_price_less_a_share_is_exact_in_few_digits(gross: str, share: str, off: str) -> None:
    wide = (
        f"CAST({gross}::{MONEY}::DECIMAL(26, 8) * (1 - {share}::{MONEY})::DECIMAL(12, 8) - {off}::{MONEY} AS {MONEY})"
    )
    narrow = _less(*(f"{one}::{MONEY}" for one in (gross, share, off)))
    both = duckdb.sql(f"SELECT {narrow}, {wide}").fetchone()
    assert both[0] == both[1]
