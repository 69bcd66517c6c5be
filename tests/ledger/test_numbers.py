"""A written number is read exactly or not at all: tables of what each spelling says, and columns that say two things."""

from __future__ import annotations

import re
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import DataError
from kalib.ledger import numbers
from kalib.ledger.value import LONG_PRICE, LONG_QUANTITY, MONEY, PRICE, QUANTITY
from tests.depth import examples

UNREADABLE = (None, "number_unreadable")
POINT = {
    # plain
    "1": ("1", None), "-1.50": ("-1.5", None), "+7": ("7", None), ".5": ("0.5", None), "5.": ("5", None), " 12 ": ("12", None),
    "1234567890123456.78": ("1234567890123456.78", None), "007": ("7", None),
    # repaired
    "1,234.50": ("1234.5", "number_repaired"), "1,234,567": ("1234567", "number_repaired"), "1,23,456": ("123456", "number_repaired"),
    "1 234.5": ("1234.5", "number_repaired"), "1\u00a0234": ("1234", "number_repaired"), "1\u202f234": ("1234", "number_repaired"),
    "1'234.5": ("1234.5", "number_repaired"), "1’234": ("1234", "number_repaired"), "１２３．５": ("123.5", "number_repaired"),
    "\u221212": ("-12", "number_repaired"), '="12.5"': ("12.5", "number_repaired"), "'12.5": ("12.5", "number_repaired"),
    "(1,234.50)": ("-1234.5", "negative_written"), "12.50-": ("-12.5", "negative_written"), "（５）": ("-5", "negative_written"),
    "¥12.00": ("12", "currency_sign"), "￥12": ("12", "currency_sign"), "12元": ("12", "currency_sign"), "-$5": ("-5", "currency_sign"),
    "$-5": ("-5", "currency_sign"), "($5.00)": ("-5", "currency_sign"), "USD 1,234.50": ("1234.5", "currency_sign"),
    "12 eur": ("12", "currency_sign"), "R$ 5": ("5", "currency_sign"),
    # powers of ten only where every digit is there
    "1.2345E+2": ("123.45", None), "1E-3": ("0.001", None), "1.5E7": ("15000000", None), "1.5E+7": UNREADABLE, "1e5": UNREADABLE,
    # not numbers, or not surely
    "1,5": UNREADABLE, "1.234,5": UNREADABLE, "1.234.567": UNREADABLE, "0,123": UNREADABLE, "1,2345": UNREADABLE, "12 34": UNREADABLE,
    "12.-": UNREADABLE, "12,-": UNREADABLE, "15%": UNREADABLE, "1.2万": UNREADABLE, "3亿": UNREADABLE, "12 Cr": UNREADABLE, "Dr 12": UNREADABLE,
    "(5": UNREADABLE, "5)": UNREADABLE, "(-5)": UNREADABLE, "--5": UNREADABLE, "-5-": UNREADABLE, "$5 USD": UNREADABLE, "-": UNREADABLE,
    "#REF!": UNREADABLE, "#N/A": UNREADABLE, "#DIV/0!": UNREADABLE, "inf": UNREADABLE, "nan": UNREADABLE, "1_000": UNREADABLE,
    "0x1F": UNREADABLE, "ten": UNREADABLE, "9" * 25: UNREADABLE, "1,234.5.6": UNREADABLE, "2024-01-05": UNREADABLE,
}  # fmt: skip
COMMA = {
    "1,5": ("1.5", None), "-0,50": ("-0.5", None), "1.234,5": ("1234.5", "number_repaired"), "1.234": ("1234", "number_repaired"),
    "1.234.567,89": ("1234567.89", "number_repaired"), "1 234,50": ("1234.5", "number_repaired"), "1,234": ("1.234", None),
    "1,50 €": ("1.5", "currency_sign"), "(1.234,50)": ("-1234.5", "negative_written"), "1,2345E+2": ("123.45", None),
    "1.5": UNREADABLE, "1,234.5": UNREADABLE, "1.23": UNREADABLE, "0.500": UNREADABLE, "1,234,567": UNREADABLE,
}  # fmt: skip


def read(value: object, decimal: str = ".", target: str = MONEY, kind: str = "VARCHAR", reader=None) -> tuple:
    cell = reader("x", kind, decimal) if reader else numbers.read_number("x", kind, target, decimal)
    return duckdb.execute(
        f"SELECT value_x, {cell.blank}, {cell.broken}, {cell.repaired} FROM (SELECT *, {cell.value} AS value_x FROM (SELECT ?::{kind} AS x))",
        [value],
    ).fetchone()


def check(written: str, decimal: str, said: tuple) -> None:
    value, blank, broken, repaired = read(written, decimal)
    if said == UNREADABLE:
        assert (value, blank, broken, repaired) == (None, False, "number_unreadable", None)
    else:
        assert (value, blank, broken, repaired) == (Decimal(said[0]), False, None, said[1])


@pytest.mark.parametrize(("written", "said"), POINT.items())
def test_with_a_decimal_point(written, said):
    check(written, ".", said)


@pytest.mark.parametrize(("written", "said"), COMMA.items())
def test_with_a_decimal_comma(written, said):
    check(written, ",", said)


@pytest.mark.parametrize("written", ["", "  ", "\u3000", None])
def test_blank(written):
    assert read(written) == (None, True, None, None)


@pytest.mark.parametrize(
    ("written", "target", "value", "repaired"),
    [
        ("0.12345", QUANTITY, "0.1235", "number_rounded"),
        ("1.0000000", QUANTITY, "1", None),
        ("2.5500000000000003", PRICE, "2.55", None),  # what a float leaves behind
        ("0.1234567", PRICE, "0.123457", "number_rounded"),
        ("1,234.56789", QUANTITY, "1234.5679", "number_rounded"),
    ],
)
def test_decimals_that_are_not_kept_are_told(written, target, value, repaired):
    assert read(written, ".", target) == (Decimal(value), False, None, repaired)


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (1.5, "DOUBLE", (Decimal("1.5"), False, None, None)),
        (float("nan"), "DOUBLE", (None, True, None, None)),
        (float("inf"), "DOUBLE", (None, False, "number_unreadable", None)),
        (1e30, "DOUBLE", (None, False, "number_unreadable", None)),
        (True, "BOOLEAN", (None, False, "number_unreadable", None)),
        (2**60, "BIGINT", (Decimal(2**60), False, None, None)),
    ],
)
def test_typed_numbers(value, kind, said):
    assert read(value, kind=kind) == said


@pytest.mark.parametrize(
    ("written", "value"),
    [("0.15", "0.15"), ("15%", "0.15"), ("12.5 %", "0.125"), ("15", None), ("-0.1", None), ("101%", None), ("1", "1")],
)
def test_shares(written, value):
    value = value and Decimal(value)
    assert read(written, reader=numbers.read_share)[0] == value


DIGITS = st.decimals(min_value=-(10**11), max_value=10**11, places=2)
GROUPINGS = {".": [",", " ", "\u00a0", "\u202f", "'", ""], ",": [".", " ", "\u00a0", "'", ""]}


@examples(75, 600)
@given(DIGITS, st.sampled_from(".,"), st.data())
def test_any_spelling_of_a_number_is_that_number(number, decimal, data):
    group = data.draw(st.sampled_from(GROUPINGS[decimal]))
    whole, cents = f"{abs(number):,.2f}".split(".")
    digits = whole.replace(",", group) + decimal + cents
    negative = data.draw(st.sampled_from(["-{}", "({})", "{}-", "\u2212{}", "-€{}", "{} EUR-"])) if number < 0 else "{}"
    written = negative.format(digits)
    if data.draw(st.booleans()):
        written = written.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    assert read(written, decimal)[0] == number


@examples(75, 600)
@given(st.text("0123456789.,-+()' eE$%", max_size=9))
def test_a_number_never_has_another_digit_than_is_written(written):
    for decimal in ".,":
        value = read(written, decimal)[0]
        if value is not None and "e" not in written.lower():
            digits = "".join(sign for sign in written if sign.isdigit() or sign == decimal).replace(",", ".")
            assert abs(value) == Decimal(digits)


def raw(values: list, file: list | None = None) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("CREATE TABLE raw (file VARCHAR, line BIGINT, quantity VARCHAR, amount VARCHAR)")
    files = file or ["a.csv"] * len(values)
    rows = [[name, line, value] for line, (name, value) in enumerate(zip(files, values, strict=True), start=2)]
    con.executemany("INSERT INTO raw VALUES (?, ?, '1', ?)", rows)
    return con


def find(values: list, declared: str | None = None, file: list | None = None) -> tuple:
    return numbers.find_decimal(raw(values, file), ["quantity", "amount"], declared, [], headers={"amount": "Betrag"})


@pytest.mark.parametrize(
    "values",
    [
        ["1", "2"],
        ["1", "2.50"],
        ["1,234", "2.5"],
        ["1.250", "0.500"],
        ["1,234,567", "1,234"],
        ["x", None, ""],
        ["1234.567", "1.234"],
        ["17,600円", "8,250円"],
        ["₩1,234"],
    ],
)
def test_a_decimal_point_is_found(values):
    assert find(values) == (".", [])


@pytest.mark.parametrize("values", [["1,5", "1.234"], ["1.234,50"], ["1.234.567"], ["0,500"], ["€ 5,20"], ["(3,50)"]])
def test_a_decimal_comma_is_found_and_said(values):
    assert find(values) == (",", [("decimal_comma", "a.csv", 2, "amount", values[0])])


def test_what_is_declared_counts():
    assert find(["1,5", "1.5"], ",") == (",", [])


@pytest.mark.parametrize("values", [["1,234"], ["1.234"], ["12", "1,234", "7"], ["$1,234"], ["1.234円"]])
def test_a_thousand_or_a_little_more_than_one_is_refused(values):
    with pytest.raises(DataError, match="a thousand times larger or smaller") as caught:
        find(values)
    assert (caught.value.rule, caught.value.column) == ("number_ambiguous", "Betrag")


def test_another_file_does_not_speak_for_a_silent_one():
    with pytest.raises(DataError) as caught:
        find(["1.5", "1,234"], file=["a.csv", "b.csv"])
    assert (caught.value.rule, caught.value.file, caught.value.value) == ("number_ambiguous", "b.csv", "1,234")


def test_numbers_that_disagree_are_refused():
    with pytest.raises(DataError) as caught:
        find(["2.5", "3.5", "1,5"])
    assert str(caught.value) == (
        "a.csv, line 4, column Betrag (`amount`), value '1,5': this can only be read with a decimal comma, but 2 others, such as '2.5' in line 2 "
        'of a.csv, only with a decimal point. Say which is right: `read: {decimal: "."}`; what does not fit is then set aside.'
    )


@pytest.mark.parametrize(
    ("currency", "values", "bad"),
    [
        ("GBP", ["1", "$2"], "$2"),
        ("XXX", ["¥1", "¥3", "$2"], "$2"),
        ("XXX", ["¥1", "5円", "1 CNY"], "1 CNY"),
        ("EUR", ["12 USD"], "12 USD"),
    ],
)
def test_strange_currencies_are_refused(currency, values, bad):
    with pytest.raises(DataError) as caught:
        numbers.check_columns(raw(values), ["amount"], None, currency, [])
    assert (caught.value.rule, caught.value.value) == ("currency_mixed", bad)


@pytest.mark.parametrize(
    ("currency", "values"),
    [("GBP", ["£1"]), ("XXX", ["¥1", "1 CNY"]), ("USD", ["$1", "2 USD", "3"]), ("CNY", ["¥1", "2元"])],
)
def test_one_currency_in_several_spellings_passes(currency, values):
    assert numbers.check_columns(raw(values), ["amount"], None, currency, []) == (".", [])


@pytest.mark.parametrize("written", ["12345678901.5", "1,234,567,890.5", "9999999999", "99999999999"])
@pytest.mark.parametrize("target", [QUANTITY, PRICE, LONG_QUANTITY, LONG_PRICE])
def test_long_numbers_are_read_or_set_aside_and_break_nothing(written, target):
    con = duckdb.connect()
    cell = numbers.read_number("x", "VARCHAR", target, ".")
    value = con.execute(f"SELECT {cell.value} FROM (SELECT ? AS x)", [written]).fetchone()[0]
    width, scale = map(int, re.findall(r"\d+", target))
    said = Decimal(written.replace(",", ""))
    assert value == (said if said < 10 ** (width - scale) else None)


def test_decimals_of_a_quantity_are_not_lost_from_the_money():
    con = duckdb.connect()
    quantity = numbers.read_number("q", "VARCHAR", LONG_QUANTITY, ".").value
    price = numbers.read_number("p", "VARCHAR", LONG_PRICE, ".").value
    found = con.execute(f"SELECT {quantity} * {price} FROM (SELECT '0.33333' AS q, '300.00' AS p)").fetchone()[0]
    assert found == Decimal("99.999")
