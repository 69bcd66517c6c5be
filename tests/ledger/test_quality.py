"""Every row is judged once, and every judgement is told: rule, count, money, and the first row it met."""

from __future__ import annotations

import datetime as dt
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kalib.errors import DataError, KalibError, SettingsError
from kalib.ledger import companions
from kalib.ledger.rules import RULES
from kalib.words import LANGUAGES, read_words

from .conftest import COLUMNS, HEADER, LINE, Desk

DAY_FIRST = {"date_format": "%d/%m/%Y"}
QUANTITY = {"customer_id": "customer", "order_date": "date", "quantity": "quantity", "unit_price": "price"}


def refusal(desk: Desk, content: str, **settings: object) -> KalibError:
    """Return the refusal of a log, and check that it left nothing behind."""
    shutil.rmtree(desk.out, ignore_errors=True)
    with pytest.raises(KalibError) as caught:
        desk.build(content, **settings)
    assert not desk.out.exists()
    return caught.value


def issue(report, rule):
    return next(item for item in report.issues if item["rule"] == rule)


def test_every_rule_has_words_in_every_language():
    for language in LANGUAGES:
        words = read_words(language)
        assert [rule for rule in (*RULES, *companions.RULES) if f"codes.rule.{rule}" not in words] == []


def test_each_row_falls_under_one_rule(desk):
    report = desk.build(
        HEADER
        + "ann,1,2024-01-05,10.00\n"  # line 2, used
        + "bob,2,,20.00\n"  # 3, no date
        + "bob,2,2024-02-30,20.00\n"  # 4, no such day
        + "bob,2,1899-12-30,1.00\n"  # 5, a spreadsheet's zero
        + "bob,2,2024-03-02,4.00\n"  # 6, after the snapshot date
        + ",3,2024-01-05,8.00\n"  # 7, no customer
        + "cho,4,2024-01-05,\n"  # 8, no amount
        + "cho,4,2024-01-05,ten\n"  # 9, not a number
        + ",,,\n"  # 10, nothing at all: no date comes first
        + "ann,5,2024-01-06,-2.50\n"  # 11, a return
        + "ann,6,2024-01-07,0\n"  # 12, a sample
        + 'ann,7,2024-01-08,"1,234.50"\n'  # 13, repaired
        + "ann,1,2024-01-05,10.00\n",  # 14, repeats line 2
        as_of=dt.date(2024, 3, 1),
    )
    assert [
        (item["rule"], item["action"], item["count"], item["amount"], item["line"], item["column"], item["value"])
        for item in report.issues
    ] == [
        ("date_missing", "set_aside", 2, 20.0, 3, "date", None),
        ("date_unreadable", "set_aside", 1, 20.0, 4, "date", "2024-02-30"),
        ("date_sentinel", "set_aside", 1, 1.0, 5, "date", "1899-12-30"),
        ("after_as_of", "set_aside", 1, 4.0, 6, "date", "2024-03-02"),
        ("customer_missing", "set_aside", 1, 8.0, 7, "customer", None),
        ("number_missing", "set_aside", 1, 0.0, 8, "amount", None),
        ("number_unreadable", "set_aside", 1, 0.0, 9, "amount", "ten"),
        ("number_repaired", "repaired", 1, 1234.5, 13, "amount", "1,234.50"),
        ("return", "accepted", 1, -2.5, 11, None, None),
        ("duplicate_kept", "accepted", 1, 10.0, 14, None, None),
        ("amount_zero", "accepted", 1, 0.0, 12, None, None),
    ]
    assert all(item["file"] == "orders.csv" and item["message"] for item in report.issues)
    assert (report.rows_read, report.rows_used, report.rows_set_aside) == (13, 5, 8)
    assert report.sales_used == 1252.0  # 10 - 2.50 + 0 + 1234.50 + 10
    aside = desk.table("set_aside")
    assert aside.line.tolist() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert aside.set_index("line").loc[6, ["customer_id", "order_id", "order_date", "amount"]].tolist() == [
        "bob",
        "2",
        "2024-03-02",
        4.0,
    ]
    quality = desk.table("quality")
    assert quality.groupby("action").rows.sum().to_dict() == {"accepted": 3, "repaired": 1, "set_aside": 8}


def a_day(date: str, lines: int = 20) -> str:
    return "".join(f"c{n},{date}/{n},{date},{n}.00\n" for n in range(lines))


def test_a_day_read_twice_counts_once(desk):
    report = desk.build(HEADER + a_day("2024-01-05") + a_day("2024-01-06") + a_day("2024-01-06") + a_day("2024-01-07"))
    found = issue(report, "read_twice")
    assert (found["count"], found["amount"], found["line"]) == (20, 190.0, 42)
    assert desk.table("order_days").orders.sum() == 57  # the line of c0 has no money, and is no order


def test_nineteen_lines_or_one_single_one_do_not_make_a_day_read_twice(desk):
    content = HEADER + a_day("2024-01-05", 19) * 2 + a_day("2024-01-06") * 2 + "zoe,99,2024-01-06,1.00\n"
    report = desk.build(content, settled={"rows_twice": "as_is"})
    assert [item["rule"] for item in report.issues] == ["duplicate_kept", "amount_zero"]
    assert issue(report, "duplicate_kept")["count"] == 39


def test_a_repeat_within_a_day_read_twice_stays(desk):
    day = a_day("2024-01-06") + "c1,2024-01-06/1,2024-01-06,1.00\n"
    report = desk.build(HEADER + day + day)
    assert issue(report, "read_twice")["count"] == 21
    assert issue(report, "duplicate_kept")["count"] == 1


@pytest.mark.parametrize(("choice", "used"), [("keep", 40), ("drop", 20), ("judge", 20)])
def test_duplicates_are_treated_as_the_job_says(desk, choice, used):
    report = desk.build(HEADER + a_day("2024-01-05") * 2, read={"duplicates": choice})
    assert report.rows_used == used


def test_customer_numbers_with_decimals_are_the_same_customer(desk):
    report = desk.build(HEADER + "12340.0,1,2024-01-05,1\n12340,2,2024-01-06,2\n00123,3,2024-01-06,4\n")
    assert desk.table("customers").customer_id.tolist() == ["00123", "12340"]
    assert issue(report, "customer_repaired")["count"] == 1


def test_blanks_around_a_value_are_no_part_of_it(desk):
    desk.build(HEADER + "ann\t,1 ,2024-01-05, 1\n\u3000ann,1,2024-01-05 ,2\u00a0\n")
    assert desk.table("customers")[["customer_id", "orders", "net_sales"]].values.tolist() == [["ann", 1, 3.0]]


NUMBERS = {
    ".": {
        "1234.5": 1234.5,
        "1,234.5": 1234.5,
        "1 234.5": 1234.5,
        "1\u202f234.5": 1234.5,
        "1'234.5": 1234.5,
        "+7": 7.0,
        ".5": 0.5,
        "1.2345E+2": 123.45,
    },
    ",": {"1234,5": 1234.5, "1.234,5": 1234.5, "1.234": 1234.0, "1 234,50": 1234.5, "-0,5": -0.5, "2,5": 2.5},
}


@pytest.mark.parametrize("decimal", NUMBERS)
def test_numbers_as_people_write_them(desk, decimal):
    rows = "".join(f"c{n:02};1;2024-01-05;{written}\n" for n, written in enumerate(NUMBERS[decimal]))
    desk.build(HEADER.replace(",", ";") + rows, read={"decimal": decimal})
    assert desk.table("customers").net_sales.tolist() == list(NUMBERS[decimal].values())


def test_what_is_no_number_is_set_aside_and_not_guessed(desk):
    written = ["ten", "12,34.5", "nan", "inf", "1e30", "1e400", "ƒ3", "1..2", "--3", "0x10", "1_000", "1.2万"]
    desk.build(HEADER + "".join(f'ann,1,2024-01-05,"{number}"\n' for number in written) + LINE * 12)
    aside = desk.table("set_aside")
    assert aside.value.tolist() == written
    assert set(aside.rule) == {"number_unreadable"}
    assert set(aside.column) == {"amount"}


def test_quantity_times_price_too_large_for_money_is_set_aside(desk):
    report = desk.build(
        "customer,date,quantity,price\nann,2024-01-05,9999999999999,999999999999\nann,2024-01-05,2,3.5\nann,2024-01-06,1,1\n",
        columns=QUANTITY,
    )
    assert issue(report, "number_unreadable")["count"] == 1
    assert desk.table("customers").net_sales.tolist() == [8.0]


def test_dates_with_the_year_first_are_read(desk):
    days = ["2024-01-05", "2024/1/5", "2024.01.05", "20240105", "2024年1月5日"]
    moments = ["2024-01-05 23:59:59", "2024-01-05T23:59:59", "2024-01-05 0:01", "2024/01/05 23:59:59.123"]
    desk.build(HEADER + "".join(f"c{n},1,{written},1\n" for n, written in enumerate(days + moments)))
    assert [str(day) for day in desk.table("customers").first_order_date] == ["2024-01-05"] * 9


def test_moments_with_a_zone_are_days_of_the_business(desk):
    moments = [
        "2024-01-05T23:00:00Z",
        "2024-01-05 23:00:00+00",
        "2024-01-06 07:00:00 +0800",
        "2024-01-05T18:00:00.5-05:00",
    ]
    desk.build(HEADER + "".join(f"c{n},1,{written},1\n" for n, written in enumerate(moments)), timezone="Asia/Shanghai")
    assert [str(day) for day in desk.table("customers").first_order_date] == ["2024-01-06"] * 4


def test_spreadsheet_day_numbers_are_read_when_told(desk):
    desk.build(
        HEADER + "ann,1,45296,1\nann,2,45297.75,1\nann,3,x,1\nann,4,99999999999,1\n" + "ann,5,45290,1\n",
        read={"date_format": "excel"},
    )
    assert str(desk.table("customers").last_order_date[0]) == "2024-01-06"


def test_a_line_of_a_thousand_millions_is_money(desk):
    report = desk.build(
        "customer,date,quantity,price\nann,2024-01-05,1000000,1000.01\nann,2024-01-05,99999999999,100.01\n",
        columns=QUANTITY,
    )
    assert report.sales_used == 1_000_010_000 + 10_000_999_999_899.99


def test_service_products_are_left_out_when_the_job_lists_them(desk):
    content = "customer,order,date,amount,code\nann,1,2024-01-05,10,MUG\nann,1,2024-01-05,4,POST\n"
    report = desk.build(content, columns={**COLUMNS, "product": "code"}, read={"service_products": "POST"})
    found = issue(report, "service_product")
    assert (found["count"], found["amount"], found["value"]) == (1, 4.0, "POST")


def test_ambiguous_dates_are_refused_and_read_when_told(desk):
    content = HEADER + "ann,1,03/04/2024,1\n"
    said = str(refusal(desk, content))
    for part in (
        "orders.csv, line 2",
        "`order_date`",
        "'03/04/2024'",
        "the day and the month could be exchanged",
        'date_format: "%d/%m/%Y"',
        '"%m/%d/%Y"',
    ):
        assert part in said
    assert desk.build(content, read=DAY_FIRST).as_of == dt.date(2024, 4, 3)
    assert desk.build(content, read={"date_format": "%m/%d/%Y"}).as_of == dt.date(2024, 3, 4)


@pytest.mark.parametrize("format_", ["%Q", "%", "dd/mm/yyyy %"])
def test_a_date_format_that_is_none_is_refused(desk, format_):
    error = refusal(desk, HEADER + LINE, read={"date_format": format_})
    assert isinstance(error, SettingsError)
    assert f"`read.date_format: {format_}`" in str(error)
    assert "%d/%m/%Y" in str(error)


@pytest.mark.parametrize(
    ("column", "row"), [("customer_id", "1.23457E+11,1,2024-01-05,1\n"), ("order_id", "ann,5.36E+05,2024-01-05,1\n")]
)
def test_ids_that_a_spreadsheet_mangled_are_refused(desk, column, row):
    error = refusal(desk, HEADER + LINE + row)
    assert (error.line, error.column, error.value) == (
        3,
        column.removesuffix("_id"),
        row.split(",")[column == "order_id"],
    )
    assert "power of ten" in str(error)
    assert "Export the column as text" in str(error)


def test_an_id_that_only_looks_like_a_power_is_a_customer(desk):
    desk.build(HEADER + "2E10,1,2024-01-05,1\n")
    assert desk.table("customers").customer_id.tolist() == ["2E10"]


def test_mixed_currencies_are_refused(desk):
    columns = {**COLUMNS, "currency": "cur"}
    content = "customer,order,date,amount,cur\nann,1,2024-01-05,1,EUR\nann,2,2024-01-05,1,eur\nann,2,2024-01-05,1,USD\n"
    error = refusal(desk, content, columns=columns)
    assert (error.rule, error.line, error.value) == ("currency_mixed", 4, "USD")
    assert "EUR, USD" in str(error)
    assert "`rates: {USD: 0.79}`" in str(error)
    one = content.replace("USD", "EUR")
    error = refusal(desk, one, columns=columns, currency="GBP")
    assert (error.rule, error.value) == ("currency_other", "EUR")
    assert "currency: GBP" in str(error)
    assert desk.build(one, columns=columns, currency="EUR").rows_used == 3


def test_a_decimal_comma_is_read_where_nothing_else_fits_and_said(desk):
    content = "customer;order;date;amount\nann;1;2024-01-05;1,50\nann;2;2024-01-05;2,25\nann;3;2024-01-05;3\n"
    found = issue(desk.build(content), "decimal_comma")
    assert (found["action"], found["line"], found["value"]) == ("accepted", 2, "1,50")
    assert desk.table("customers").net_sales.tolist() == [6.75]
    error = refusal(desk, content, read={"decimal": "."})
    assert (error.rule, error.line, error.column, error.value) == ("column_unreadable", 2, "amount", "1,50")
    assert "2 of 3 rows cannot be read as numbers" in str(error)
    assert 'decimal: ","' in str(error)
    desk.build(content, read={"decimal": ","})
    assert desk.table("customers").net_sales.tolist() == [6.75]


def test_a_column_of_no_dates_is_refused(desk):
    error = refusal(desk, HEADER + "ann,1,soon,1\n" * 2 + LINE)
    assert (error.rule, error.line, error.value) == ("column_unreadable", 2, "soon")
    assert "2 of 3 rows cannot be read as dates" in str(error)
    assert "map the right column" in str(error)


def test_half_unreadable_is_set_aside_and_more_is_refused(desk):
    half = HEADER + "ann,1,2024-01-05,x\n" + LINE
    assert desk.build(half).rows_set_aside == 1


def test_nothing_left_is_refused_with_the_reasons(desk):
    error = refusal(desk, HEADER + LINE + ",2,2023-01-05,1\n", as_of=dt.date(2023, 6, 1))
    for part in (
        "of 2 rows none is an order",
        "1 after_as_of (first at line 2, column date)",
        "1 customer_missing (first at line 3, column customer)",
        "`as_of:`",
    ):
        assert part in str(error)
    assert "1 return" in str(refusal(desk, HEADER + "ann,1,2024-01-05,-1\n"))


def test_one_stray_date_far_ahead_may_not_decide_the_snapshot_date(desk):
    rows = "".join(f"c{n},{n},2024-01-{n % 28 + 1:02},1.00\n" for n in range(1200))
    error = refusal(desk, HEADER + rows + "zoe,9,2204-01-05,1\n".replace("2204", "2042"))
    assert (error.rule, error.line, error.value) == ("date_far_ahead", 1202, "2042-01-05")
    for part in ("line 1202", "all but 1 of 1,201 rows end by 2024-01-28", "`as_of:`"):
        assert part in str(error)
    report = desk.build(HEADER + rows + "zoe,9,2042-01-05,1\n", as_of=dt.date(2024, 1, 28))
    assert issue(report, "after_as_of")["count"] == 1


@pytest.mark.parametrize(
    ("column", "values", "rule"),
    [
        ("amount", pa.array([float("nan"), 2.5, 1.0]), "number_missing"),
        ("amount", pa.array([float("inf"), 2.5, 1.0]), "number_unreadable"),
        ("amount", pa.array([1e300, 2.5, 1.0]), "number_unreadable"),
        ("customer", pa.array([float("nan"), 1.0, 2.0]), "customer_missing"),
        ("date", pa.array([-(2**31), 19_000, 19_001], pa.date32()), "date_impossible"),
        ("date", pa.array([-(2**63) + 1, 10**15, 10**15], pa.timestamp("us")), "date_impossible"),
    ],
)
def test_odd_values_of_a_typed_file_are_set_aside(desk, column, values, rule):
    columns = {
        "customer": ["a", "b", "c"],
        "order": ["1", "2", "3"],
        "date": [dt.date(2024, 1, 5)] * 3,
        "amount": [1.0, 2.0, 3.0],
    }
    pq.write_table(pa.table({**columns, column: values}), desk.folder / "orders.parquet")
    report = desk.build(source="orders.parquet")
    assert (issue(report, rule)["count"], issue(report, rule)["line"], report.rows_used) == (1, 1, 2)


def test_whole_floats_are_customer_numbers(desk):
    columns = {
        "customer": [12340.0, None],
        "order": ["1", "2"],
        "date": [dt.date(2024, 1, 5)] * 2,
        "amount": [1.0, 2.0],
    }
    pq.write_table(pa.table(columns), desk.folder / "orders.parquet")
    desk.build(source="orders.parquet")
    assert desk.table("customers").customer_id.tolist() == ["12340"]


def test_yes_and_no_are_no_money(desk):
    columns = {"customer": ["a"], "order": ["1"], "date": [dt.date(2024, 1, 5)], "amount": [True]}
    pq.write_table(pa.table(columns), desk.folder / "orders.parquet")
    with pytest.raises(DataError, match="1 of 1 rows cannot be read as numbers"):
        desk.build(source="orders.parquet")


def test_a_quantity_and_an_amount_that_disagree_are_set_aside(desk):
    """Five sold for 100, and minus five for plus 100: adding the second would double the sale, so nobody's guess is taken."""
    report = desk.build(
        "customer,order,date,quantity,amount\nann,1,2024-01-05,5,100.00\nann,2,2024-01-06,-5,100.00\n",
        columns={
            "customer_id": "customer",
            "order_id": "order",
            "order_date": "date",
            "quantity": "quantity",
            "amount": "amount",
        },
    )
    (issue,) = [issue for issue in report.issues if issue["rule"] == "sign_conflict"]
    assert (issue["count"], issue["amount"], issue["line"], issue["value"]) == (1, 100.0, 3, "-5")
    assert desk.table("customers")["net_sales"].tolist() == [100.0]
