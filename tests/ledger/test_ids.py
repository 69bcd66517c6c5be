"""An id is text: what is repaired, what is no id, what is refused, and that nothing is ever merged."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import DataError
from kalib.ledger import ids
from tests.depth import examples

KEPT = ["00123", "12345678901234567890", "NA", "NULL", "TRUE", "nan", "1e5", "12.5", "V1.0", "10.20.30.0", "a  b", "A-100", "Müller", "'s-Gravenhage",
        "上海（集团）公司", "12340.", "#12", "' OR 1=1 --", '"; DROP TABLE raw; --']  # fmt: skip
REPAIRED = {
    "12340.0": "12340",
    "12340.00": "12340",
    "00012.0": "00012",
    "１２３Ａ": "123A",
    '="00123"': "00123",
    "'00123": "00123",  # but 's-Gravenhage keeps its apostrophe
    '="12340.0"': "12340",
}
TRIMMED = {" ann ": "ann", "\u3000ann\u00a0": "ann", "\tann\n": "ann"}
MISSING = ["-", "--", "—", " - "]
BLANK = ["", "  ", "\u3000", "\u200b", None]


def read(value: object, kind: str = "VARCHAR", role: str = "customer_id") -> tuple:
    cell = ids.read_id(role, kind, role)
    return duckdb.execute(
        f"SELECT value_{role}, {cell.blank}, {cell.broken}, {cell.repaired} FROM "
        f"(SELECT *, {cell.value} AS value_{role} FROM (SELECT ?::{kind} AS {role}))",
        [value],
    ).fetchone()


def raw(values: list, kind: str = "VARCHAR") -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE raw (file VARCHAR, line BIGINT, customer_id {kind})")
    con.executemany(
        "INSERT INTO raw VALUES ('a.csv', ?, ?)", [[line, value] for line, value in enumerate(values, start=2)]
    )
    return con


@pytest.mark.parametrize("written", KEPT)
def test_ids_stay_as_they_are(written):
    assert read(written) == (written, False, None, None)


@pytest.mark.parametrize(("written", "meant"), REPAIRED.items())
def test_what_a_program_bent_is_repaired(written, meant):
    assert read(written) == (meant, False, None, "customer_repaired")
    assert read(written, role="order_id") == (meant, False, None, "order_repaired")


@pytest.mark.parametrize(("written", "meant"), TRIMMED.items())
def test_blanks_around_an_id_are_no_part_of_it(written, meant):
    assert read(written) == (meant, False, None, None)


@pytest.mark.parametrize("written", MISSING)
def test_dashes_are_no_customer(written):
    assert read(written) == (None, False, "customer_missing", None)


@pytest.mark.parametrize("written", BLANK)
def test_blank_is_blank(written):
    assert read(written) == (None, True, None, None)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (2**62, "BIGINT", str(2**62)),
        (12340.0, "DOUBLE", "12340"),
        (2.0**53, "DOUBLE", str(2**53)),
        (12, "DECIMAL(10, 2)", "12"),
    ],
)
def test_typed_ids_are_exact(value, kind, text):
    assert read(value, kind) == (text, False, None, None)


def test_a_float_that_is_no_number_is_blank():
    assert read(float("nan"), "DOUBLE")[:2] == (None, True)


@pytest.mark.parametrize(
    "written", ["1.23457E+11", "1,23457E+11", "1.23457e+11", "1E+11", "１.２Ｅ＋１１", " 1.23457E+11 "]
)
def test_lost_digits_are_refused(written):
    with pytest.raises(DataError) as caught:
        ids.refuse_mangled(raw(["a+b", written]), "customer_id", "VARCHAR", [], header="Kunde")
    assert str(caught.value) == (
        f"a.csv, line 3, column Kunde (`customer_id`), value {written!r}: a spreadsheet has turned the customer number into a power of ten, "
        "and its digits are lost. Export the column as text."
    )
    error = caught.value
    assert (error.rule, error.file, error.line, error.column, error.value) == (
        "customer_mangled",
        "a.csv",
        3,
        "Kunde",
        written,
    )


@pytest.mark.parametrize(
    ("value", "kind", "rule"),
    [
        (2.0**53 + 2, "DOUBLE", "customer_mangled"),
        (12340.5, "DOUBLE", "customer_mangled"),
        (float("inf"), "DOUBLE", "customer_mangled"),
        (2.0**24 + 2, "FLOAT", "customer_mangled"),
        (12.5, "DECIMAL(10, 2)", "customer_mangled"),
        (True, "BOOLEAN", "column_kind"),
        ("2024-01-05", "DATE", "column_kind"),
    ],
)
def test_types_that_lose_ids_are_refused(value, kind, rule):
    with pytest.raises(DataError) as caught:
        ids.refuse_mangled(raw([None, value], kind), "customer_id", kind, [])
    assert (caught.value.rule, caught.value.line) == (rule, 3)


@pytest.mark.parametrize(
    ("values", "kind"), [([1.0, None, float("nan")], "DOUBLE"), ([1, 2], "BIGINT"), (["1E11", "C++"], "VARCHAR")]
)
def test_honest_columns_pass(values, kind):
    ids.refuse_mangled(raw(values, kind), "customer_id", kind, [])


def test_customers_that_look_alike_are_mentioned():
    assert ids.find_alike(raw(["ab1", "x", "AB1", "0012", "12", "00-12", None, "y", "Y"]), "raw") == [
        ("id_case", "a.csv", 2, "customer_id", "AB1 / ab1 and 1 more"),
        ("id_zeros", "a.csv", 5, "customer_id", "00-12 / 0012 / 12"),
    ]
    assert ids.find_alike(raw(["a", "b", "a", "0", "00"]), "raw") == []


@pytest.mark.parametrize("other", ["C\u00ad01", "C\u200b01", "C\u202e01", "C\ufeff01"])
def test_marks_that_nobody_sees_are_mentioned_and_shown(other):
    assert ids.find_alike(raw(["C01", other]), "raw") == [
        ("id_zeros", "a.csv", 2, "customer_id", f"C01 / {other.encode('unicode_escape').decode()}")
    ]


def test_accents_of_one_character_or_two_are_mentioned():
    assert [found[0] for found in ids.find_alike(raw(["Jos\u00e9", "Jose\u0301"]), "raw")] == ["id_zeros"]


@pytest.mark.parametrize("mark", ["\u200b", "\u200f", "\u2060", "\ufeff"])
def test_a_mark_without_width_beside_an_id_is_a_repair(mark):
    assert read(f"C01{mark}") == ("C01", False, None, "customer_repaired")


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#DIV/0!", "#BEZUG!"])
def test_an_error_of_a_spreadsheet_is_nobody(error):
    assert read(error) == (None, False, "customer_missing", None)
    assert read(f"{error}1")[0] == f"{error}1"


@examples(75, 600)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12))
def test_whatever_is_not_repaired_is_the_trimmed_text(written):
    value, blank, broken, repaired = read(written)
    bare = written.strip("".join(ids.BLANKS))
    if blank:
        assert (value, bare) == (None, "")
    elif broken:
        assert value is None
        assert re.fullmatch("[-\u2010-\u2015\u2212\uff0d ]{1,3}|#.*", bare)
    elif repaired is None:
        assert value == bare
    else:
        assert value != written.strip("".join(sign for sign in ids.BLANKS if sign.isspace()))
