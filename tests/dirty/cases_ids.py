"""What can be written where a customer or an order is named? Text always: nothing is computed from it, nothing guessed."""

from __future__ import annotations

from case import HEADER, LOG, Case, Met, Refused, Row, Used, left_out, text_case, with_row, written

NUMBERS = {"C01": "12340", "C02": "12350", "C03": "12360"}
NUMBERED = [row._replace(customer=NUMBERS[row.customer]) for row in LOG]
MORE = ("1007", "2025-06-02", "12.50")


def _as_is(name: str, *customers: str) -> Case:
    """Return a case in which each name stands for a customer of its own, exactly as it is written."""
    rows = [Row(customer, str(2000 + at), "2025-06-02", "12.50") for at, customer in enumerate(customers)]
    cells = [(_quoted(customer), *row[1:]) for customer, row in zip(customers, rows, strict=True)]
    return text_case(name, written([*LOG, *cells]), Used([*LOG, *rows]))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _repaired(name: str, spelling: str, meant: str = "12340", *others: Used | Refused) -> Case:
    """Return a case in which one row writes a customer that the others write plainly."""
    merged = Used([*NUMBERED, Row(meant, *MORE)], met=[Met("customer_repaired", 1, 9, "customer_id", spelling.strip())])
    return text_case(name, with_row(_quoted(spelling), *MORE, rows=NUMBERED), merged, *others)


def _apart(spelling: str) -> Used:
    """Return the verdict that a name stays apart, which is said."""
    return Used([*NUMBERED, Row(spelling, *MORE)], met=[Met("id_zeros|id_case", None)])


def _nobody(name: str, *words: str) -> Case:
    """Return a case in which words stand where there is no customer: the rows are set aside, and it is said."""
    cells = [(_quoted(word), str(2000 + at), "2025-06-02", "12.50") for at, word in enumerate(words)]
    return text_case(
        name, written([*LOG, *cells]), Used(aside=len(words), met=[Met("customer_blank_word", len(words), 9)])
    )


def _missing(name: str, cell: str) -> Case:
    return text_case(name, with_row(cell, *MORE), left_out("customer_missing", column="customer_id"))


CASES = [
    _as_is("ids-leading-zeros", "00123", "000000", "0", "007"),
    _as_is("ids-twenty-digits", "12345678901234567890", "12345678901234567891", "99999999999999999999"),
    _nobody("ids-like-missing-values", "N/A", "NULL", "null", "nan", "NaN", "None", "nil"),
    _as_is("ids-like-missing-values-but-not", "NA", "Nan Li", "Null, Peter"),
    _as_is("ids-like-booleans", "TRUE", "FALSE", "true", "yes", "T"),
    _as_is("ids-like-numbers", "1E5", "2e7", "0x1F", "1_000", "-5", "+7", "1.50", "inf", "Infinity", "1,234"),
    _as_is("ids-like-dates", "2025-01-31", "1-2", "03/04", "MAR1", "10:30"),
    _as_is("ids-chinese", "北京华联", "沃尔玛（中国）投资有限公司", "𠮷野家", "合计百货公司", "总计科技"),
    _as_is("ids-emoji-and-joined", "👩‍👩‍👧", "🏪 shop", "مؤسسة النور", "חברה"),
    _as_is("ids-with-quotes", 'the "Crown"', "O'Brien", "''", '"', "`x`", "a\\b", "100%", "_", "%"),
    _as_is("ids-with-line-breaks", "Smith\nand Sons", "A\r\nB", "a\tb"),
    _as_is("ids-with-separators", "a,b", "c;d", "e|f", "g\\,h"),
    _as_is("ids-in-capitals-and-not", "Ann", "ann", "ANN"),
    _as_is("ids-of-one-letter", "a", "?", "#", "x"),
    text_case("ids-dash-means-none", with_row("-", *MORE), left_out("customer_missing"), Used([*LOG, Row("-", *MORE)])),
    _as_is("ids-very-long", "x" * 5000, "x" * 5000 + "y"),
    _as_is("ids-hyphens", "AB-12", "AB12", "A-B12"),
    text_case(
        "ids-capitals-are-mentioned",
        with_row("c01", *MORE),
        Used([*LOG, Row("c01", *MORE)], met=[Met("id_case", None)]),
    ),
    text_case(
        "ids-zeros-are-mentioned",
        with_row("012340", *MORE, rows=NUMBERED),
        Used([*NUMBERED, Row("012340", *MORE)], met=[Met("id_zeros", None)]),
    ),
    _repaired("ids-point-zero", "12340.0"),
    _repaired("ids-point-zeros", "12340.00"),
    _repaired("ids-full-width", "１２３４０"),
    text_case(
        "ids-full-width-letters",
        with_row("Ｃ０１", *MORE),
        Used([*LOG, Row("C01", *MORE)], met=[Met("customer_repaired", 1, 9)]),
    ),
    text_case(
        "ids-point-zero-everywhere",
        written([row._replace(customer=row.customer + ".0") for row in NUMBERED]),
        Used(NUMBERED, met=[Met("customer_repaired", 7, 2)]),
    ),
    text_case(
        "ids-point-zero-is-set-aside-by-rule",
        with_row("12340.0", *MORE, rows=NUMBERED),
        Used(NUMBERED, aside=1, met=[Met("customer_repaired", 1, 9)]),
        rules={"customer_repaired": "set_aside"},
    ),
    text_case(
        "ids-point-zero-is-refused-by-rule",
        with_row("12340.0", *MORE, rows=NUMBERED),
        Refused(["customer", "12340.0", "9"]),
        rules={"customer_repaired": "refused"},
    ),
    text_case(
        "ids-versions-are-no-numbers",
        written([row._replace(customer="v1.0") for row in LOG]),
        Used([row._replace(customer="v1.0") for row in LOG]),
    ),
    text_case(
        "ids-with-a-decimal",
        written([row._replace(customer=NUMBERS[row.customer] + ".5") for row in LOG]),
        Used([row._replace(customer=NUMBERS[row.customer] + ".5") for row in LOG]),
    ),
    text_case(
        "ids-mangled",
        with_row("1.23457E+11", *MORE, rows=NUMBERED),
        Refused(["customer", "1.23457E+11", "9", "text"], rule="customer_mangled", line=9, value="1.23457E+11"),
    ),
    text_case(
        "ids-mangled-decimal-comma",
        written([("1,23457E+11", *MORE), *NUMBERED], delimiter=";"),
        Refused(["customer", "1,23457E+11"], rule="customer_mangled"),
    ),
    text_case(
        "ids-mangled-everywhere",
        written([row._replace(customer="1.23457E+11") for row in LOG]),
        Refused(["customer", "1.23457E+11", "2"], rule="customer_mangled"),
    ),
    text_case(
        "ids-mangled-small-e",
        with_row("8.6e+12", *MORE, rows=NUMBERED),
        Refused(["customer", "8.6e+12", "9"], rule="customer_mangled"),
    ),
    text_case(
        "ids-mangled-where-unmapped", written([(*row, "1.23457E+11") for row in LOG], header=(*HEADER, "phone")), Used()
    ),
    text_case(
        "orders-mangled",
        with_row("C01", "5.36365E+11", "2025-06-02", "12.50"),
        Refused(["order", "5.36365E+11", "9"], rule="order_mangled"),
    ),
    _repaired("ids-blank-behind", "12340 ", "12340", Used([*NUMBERED, Row("12340", *MORE)]), _apart("12340 ")),
    _repaired(
        "ids-no-break-space", "\u00a012340", "12340", Used([*NUMBERED, Row("12340", *MORE)]), _apart("\u00a012340")
    ),
    _repaired(
        "ids-ideographic-space", "12340\u3000", "12340", Used([*NUMBERED, Row("12340", *MORE)]), _apart("12340\u3000")
    ),
    _repaired("ids-zero-width", "12340\u200b", "12340", _apart("12340\u200b")),
    _repaired("ids-right-to-left-mark", "\u200f12340", "12340", _apart("\u200f12340")),
    _repaired("ids-bom-inside", "12\ufeff340", "12340", _apart("12\ufeff340")),
    _repaired("ids-soft-hyphen", "12\u00ad340", "12340", _apart("12\u00ad340")),
    _repaired(
        "ids-apostrophe-of-a-spreadsheet", "'12340", "12340", _apart("'12340"), Used([*NUMBERED, Row("'12340", *MORE)])
    ),
    _repaired(
        "ids-formula-text-of-a-spreadsheet",
        '="12340"',
        "12340",
        _apart('="12340"'),
        Used([*NUMBERED, Row('="12340"', *MORE)]),
    ),
    text_case(
        "ids-formula-text-everywhere",
        written([row._replace(customer=f'="0{NUMBERS[row.customer]}"') for row in LOG]),
        Used([row._replace(customer="0" + NUMBERS[row.customer]) for row in LOG], met=[Met("customer_repaired", 7)]),
        Used([row._replace(customer=f'="0{NUMBERS[row.customer]}"') for row in LOG]),
        Refused(["orders.csv"]),
    ),
    text_case(
        "ids-two-blanks-inside",
        with_row("Ann  Lee", *MORE, rows=[row._replace(customer="Ann Lee") for row in LOG]),
        Used(
            [*(row._replace(customer="Ann Lee") for row in LOG), Row("Ann Lee", *MORE)],
            met=[Met("customer_repaired", 1)],
        ),
        Used(
            [*(row._replace(customer="Ann Lee") for row in LOG), Row("Ann  Lee", *MORE)],
            met=[Met("id_zeros|id_case", None)],
        ),
    ),
    _missing("ids-blank", ""),
    _missing("ids-blanks-only", "   "),
    _missing("ids-quoted-nothing", '""'),
    _missing("ids-ideographic-blank-only", "\u3000"),
    _missing("ids-no-break-blank-only", "\u00a0"),
    _missing("ids-zero-width-only", "\u200b"),
    text_case("ids-blank-everywhere", written([row._replace(customer="") for row in LOG]), Refused(["customer"])),
    text_case(
        "orders-blank",
        with_row("C01", "", "2025-06-02", "12.50"),
        Used([*LOG, Row("C01", "", "2025-06-02", "12.50")]),
        Used(aside=1),
        Refused(["order"]),
    ),
    text_case(
        "orders-not-mapped",
        written(),
        Used([row._replace(order=row.day) for row in LOG]),
        columns={"customer_id": "customer", "order_date": "day", "amount": "amount"},
    ),
    text_case(
        "orders-point-zero",
        written([*LOG, ("C01", "1003.0", "2025-02-14", "1.00")]),
        Used([*LOG, Row("C01", "1003", "2025-02-14", "1.00")], met=[Met("order_repaired", 1, 9, "order_id", "1003.0")]),
    ),
    text_case(
        "orders-shared-by-customers",
        written([row._replace(order="1") for row in LOG]),
        Used([row._replace(order="1") for row in LOG]),
    ),
    text_case(
        "orders-leading-zeros",
        written([*LOG, ("C01", "01003", "2025-02-14", "1.00")]),
        Used([*LOG, Row("C01", "01003", "2025-02-14", "1.00")]),
    ),
    text_case(
        "orders-over-two-days",
        written([*LOG, ("C01", "1003", "2025-03-01", "1.00")]),
        Used([*LOG, Row("C01", "1003", "2025-03-01", "1.00")]),
    ),
]
