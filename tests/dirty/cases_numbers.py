"""How can money be written? Every spelling has one meaning, or is set aside, or the file is refused; and sums are exact."""

from __future__ import annotations

import itertools
from decimal import Decimal

from case import HEADER, LOG, Case, Met, Refused, Row, Used, left_out, plus, text_case, with_amount, with_row, written

BY_PRICE = {
    "customer_id": "customer",
    "order_id": "order",
    "order_date": "day",
    "quantity": "quantity",
    "unit_price": "price",
}
ALL_THREE = {**BY_PRICE, "amount": "amount"}
TYPES = {
    "customer_id": "customer",
    "order_id": "order",
    "order_date": "day",
    "amount": "amount",
    "currency": "currency",
}
FAR = Row("C09", "2001", "2025-06-02", "100000000000000.00")
CENT = Row("C09", "2002", "2025-06-03", "0.01")
BACK = Row("C09", "2003", "2025-06-04", "-99999999999999.00")  # another amount: it cancels no order


def _reads(
    name: str, cell: str, amount: str, *others: Used | Refused, rule: str = "number_repaired", **job: object
) -> Case:
    """Return a case in which a spelling means an amount, and is said to be repaired (a rule named ``""``: need not be)."""
    met = [Met(rule, 1, 9, "amount", cell.strip())] if rule else []
    return text_case(name, with_amount(f'"{cell}"'), Used(plus(amount), met=met), *others, **job)


def _aside(name: str, cell: str, *others: Used | Refused, rule: str = "number_unreadable") -> Case:
    """Return a case in which a spelling is no number."""
    return text_case(
        name, with_amount(f'"{cell}"'), left_out(rule, value=cell.strip() or None, column="amount"), *others
    )


def _money(name: str, *amounts: str) -> Case:
    """Return a case in which plain amounts of one customer must be added exactly."""
    rows = [Row("C09", str(2000 + at), "2025-06-02", amount) for at, amount in enumerate(amounts)]
    return text_case(name, written([*LOG, *rows]), Used([*LOG, *rows]))


def _by_price(name: str, lines: list[tuple[str, str]], *others: Used | Refused, met: tuple[Met, ...] = ()) -> Case:
    """Return a case of quantities and prices."""
    rows = [
        Row("C09", str(2000 + at), "2025-06-02", str(Decimal(quantity) * Decimal(price)))
        for at, (quantity, price) in enumerate(lines)
    ]
    cells = [(*row[:3], quantity, price) for row, (quantity, price) in zip(rows, lines, strict=True)]
    return text_case(
        name, written(cells, header=(*HEADER[:3], "quantity", "price")), Used(rows, met=met), *others, columns=BY_PRICE
    )


def _three(name: str, quantity: str, price: str, amount: str, *verdicts: Used | Refused, **job: object) -> Case:
    """Return a case whose last row (line 9) has a quantity, a price and an amount that may disagree."""
    rows = [*((*row, "1", row.amount) for row in LOG), ("C01", "1007", "2025-06-02", amount, quantity, price)]
    return text_case(name, written(rows, header=(*HEADER, "quantity", "price")), *verdicts, columns=ALL_THREE, **job)


def _currency(name: str, last: str, *verdicts: Used | Refused, **job: object) -> Case:
    """Return a case with a column of currencies, all EUR but that of the last row (line 9)."""
    rows = [*((*row, "EUR") for row in LOG), ("C01", "1007", "2025-06-02", "12.50", last)]
    return text_case(name, written(rows, header=(*HEADER, "currency")), *verdicts, columns=TYPES, **job)


CASES = [
    _reads("number-thousands", "1,234.50", "1234.50"),
    _reads("number-millions", "1,234,567.89", "1234567.89"),
    _reads(
        "number-thousands-without-cents",
        "1,234",
        "1234",
        Refused(["1,234", "read.decimal"]),
        left_out("number_unreadable"),
    ),
    _reads("number-thousands-by-blank", "1 234.50", "1234.50"),
    _reads("number-thousands-by-no-break-blank", "1\u00a0234.50", "1234.50"),
    _reads("number-thousands-by-narrow-blank", "1\u202f234.50", "1234.50"),
    _reads("number-thousands-swiss", "1'234.50", "1234.50", left_out("number_unreadable")),
    _reads("number-thousands-swiss-curly", "1’234.50", "1234.50", left_out("number_unreadable")),
    _reads("number-thousands-indian", "12,34,567.50", "1234567.50", left_out("number_unreadable")),
    _aside("number-thousands-misplaced", "1,23.50", Refused(["1,23.50"])),
    _reads("number-full-width", "１２．５０", "12.50"),
    _reads("number-full-width-grouped", "１，２３４．５０", "1234.50", left_out("number_unreadable")),
    _reads("number-arabic-digits", "١٢.٥٠", "12.50", left_out("number_unreadable")),
    _reads("number-blanks-around", "  12.50 ", "12.50", rule=""),
    _reads("number-no-break-blank-behind", "12.50\u00a0", "12.50", rule=""),
    _reads("number-plus", "+12.50", "12.50", rule=""),
    _reads("number-without-zero", ".50", "0.50", rule=""),
    _reads("number-point-behind", "12.", "12", rule=""),
    _reads("number-leading-zeros", "0012.50", "12.50", rule=""),
    _reads("number-many-decimals", "12.500000000", "12.50", rule=""),
    _reads("number-scientific", "1.25E+1", "12.50", left_out("number_unreadable"), rule=""),
    _reads("number-euro-before", "€12.50", "12.50", rule="currency_sign"),
    _reads("number-euro-behind", "12.50 €", "12.50", rule="currency_sign"),
    _reads("number-euro-code", "EUR 12.50", "12.50", left_out("number_unreadable"), rule="currency_sign"),
    _reads("number-yuan", "¥12.50", "12.50", rule="currency_sign", currency="CNY"),
    _reads("number-yuan-full-width", "￥1,234.50", "1234.50", rule="currency_sign", currency="CNY"),
    _reads("number-yuan-word", "12.50元", "12.50", left_out("number_unreadable"), rule="currency_sign", currency="CNY"),
    _reads("number-dollar", "$12.50", "12.50", rule="currency_sign", currency="USD"),
    _reads("number-pound-negative", "-£12.50", "-12.50", rule="currency_sign|negative_written", currency="GBP"),
    _reads(
        "number-sign-after-currency",
        "£-12.50",
        "-12.50",
        left_out("number_unreadable"),
        rule="currency_sign|negative_written",
        currency="GBP",
    ),
    text_case(  # ten dollars are not ten euros
        "number-of-another-currency",
        with_amount("$12.50"),
        Refused(["$", "9|currency"]),
        left_out("number_unreadable", value="$12.50"),
        left_out("currency_missing"),
    ),
    text_case(
        "number-signs-of-two-currencies",
        written(
            [
                *LOG[:3],
                *((*row[:3], "€" + row.amount) for row in LOG[3:5]),
                *((*row[:3], "$" + row.amount) for row in LOG[5:]),
            ]
        ),
        Refused(["$|€|currency"]),
        Used(LOG[:5], aside=2),
    ),
    text_case(
        "number-dollar-where-the-job-says-nothing",
        with_amount("$12.50"),
        Used(plus(), met=[Met("currency_sign", 1, 9)]),
        Refused(["$"]),
        left_out("number_unreadable"),
        currency="XXX",
    ),
    text_case(
        "number-two-signs-where-the-job-says-nothing",
        written(
            [*((*row[:3], "€" + row.amount) for row in LOG[:5]), *((*row[:3], "$" + row.amount) for row in LOG[5:])]
        ),
        Refused(["$|€"]),
        currency="XXX",
    ),
    _reads("number-accounting-negative", "(1,234.50)", "-1234.50", rule="negative_written"),
    _reads(
        "number-accounting-negative-euro",
        "(€12.50)",
        "-12.50",
        left_out("number_unreadable"),
        rule="negative_written|currency_sign",
    ),
    _reads("number-trailing-minus", "12.50-", "-12.50", rule="negative_written"),
    _reads(
        "number-unicode-minus",
        "−12.50",
        "-12.50",
        left_out("number_unreadable"),
        rule="negative_written|number_repaired",
    ),
    _reads(
        "number-full-width-minus",
        "－12.50",
        "-12.50",
        left_out("number_unreadable"),
        rule="negative_written|number_repaired",
    ),
    _reads(
        "number-en-dash-minus",
        "–12.50",
        "-12.50",
        left_out("number_unreadable"),
        rule="negative_written|number_repaired",
    ),
    _reads(
        "number-minus-blank",
        "- 12.50",
        "-12.50",
        left_out("number_unreadable"),
        rule="negative_written|number_repaired",
    ),
    _aside("number-two-minuses", "--12.50"),
    _aside("number-minus-in-brackets", "(-12.50)", Used(plus("-12.50"), met=[Met("negative_written", 1, 9)])),
    _aside("number-credit", "12.50CR", Used(plus("-12.50"), met=[Met("negative_written", 1, 9)])),
    _aside("number-debit", "12.50 DR"),
    _aside("number-percent", "12.50%"),
    _aside("number-ref", "#REF!"),
    _aside("number-div", "#DIV/0!"),
    _aside("number-infinite", "inf"),
    _aside("number-infinity", "-Infinity"),
    _aside("number-nan", "NaN"),
    _aside("number-null", "NULL"),
    _aside("number-not-available", "N/A"),
    _aside("number-dash", "-", rule="number_unreadable|number_missing"),
    _aside("number-word", "free"),
    _aside("number-with-unit", "12.50 kg"),
    _aside("number-calculated", "2*6.25"),
    _aside("number-formula", "=2*6.25"),
    _aside("number-hex", "0x10"),
    _aside("number-underscore", "1_000"),
    _aside("number-two-points", "12.50.00"),
    _aside("number-two-numbers", "12.50 13.50"),
    _aside("number-range", "12-50"),
    _aside("number-date", "2025-06-02"),
    _aside("number-date-mangled", "12-May"),
    _aside("number-time", "12:50"),
    _aside("number-chinese", "十二"),
    _aside("number-ten-thousands", "1.5万", Used(plus("15000"), met=[Met("number_repaired", 1, 9)])),
    _aside("number-thousands-short", "12.5k"),
    _aside("number-boolean", "TRUE"),
    _aside("number-too-large", "1e400"),
    _aside("number-of-fifty-digits", "9" * 50),
    _aside("number-fraction", "12½", Used(plus(), met=[Met("number_repaired", 1, 9)])),
    _aside("number-superscript", "12²"),
    _aside("number-zero-width", "12\u200b.50", Used(plus(), met=[Met("number_repaired", 1, 9)])),
    _aside("number-right-to-left", "\u202e05.21", Used(plus("05.21"), met=[Met("number_repaired", 1, 9)])),
    text_case("number-blank", with_amount(""), left_out("number_missing", column="amount")),
    text_case("number-blanks-only", with_amount("  "), left_out("number_missing", column="amount")),
    text_case(
        "number-comma-among-points",
        with_amount('"12,50"'),
        Refused(["12,50", "read.decimal"]),
        left_out("number_unreadable", value="12,50", column="amount"),
    ),
    text_case(
        "number-comma-declared-points-found",
        with_amount("12.50"),
        Refused(
            ["."],
        ),
        Used((), aside=8),
        left_out("number_unreadable"),
        Used(plus(), met=[Met("decimal_comma|number_repaired", None)]),
        read={"decimal": ","},
    ),
    text_case(
        "number-mostly-text",
        written([row._replace(amount="see invoice") for row in LOG[:6]] + [LOG[6]]),
        Refused(["amount", "see invoice", "2"], rule="column_unreadable"),
    ),
    text_case(
        "number-wrong-column",
        written(),
        Refused(["customer|amount", "C01"]),
        columns={"customer_id": "order", "order_date": "day", "amount": "customer"},
    ),
    text_case("number-all-blank", written([row._replace(amount="") for row in LOG]), Refused(["amount"])),
    text_case(
        "number-zero", with_amount("0.00"), Used(plus("0.00"), met=[Met("amount_zero", 1, 9)], unsettled=["C01"])
    ),
    text_case(
        "number-minus-zero",
        with_amount("-0.00"),
        Used(plus("0.00"), met=[Met("amount_zero", 1, 9)], unsettled=["C01"]),
        Used(plus("0.00"), unsettled=["C01"]),
    ),
    *(
        text_case(f"cents-beside-1e14-order-{number}", written([*LOG[:3], *rows, *LOG[3:]]), Used([*LOG, *rows]))
        for number, rows in enumerate(itertools.permutations((FAR, CENT, BACK)), 1)
    ),
    text_case(
        "cents-beside-1e14-many",
        written([FAR, *(CENT._replace(order=str(3000 + at)) for at in range(999)), *LOG, BACK]),
        Used([FAR, *(CENT._replace(order=str(3000 + at)) for at in range(999)), *LOG, BACK]),
    ),
    _money("sums-of-tenths", *["0.10"] * 30),
    _money("sums-of-thirds-of-a-cent", "0.003333", "0.003333", "0.003334"),
    _money("sums-of-half-cents", "0.005", "0.005", "0.005"),
    _money("sums-of-ten-decimals", "0.1234567891", "0.8765432109"),
    _money("sums-of-large-amounts", "999999999999.99", "0.01", "123456789012.34"),
    _money("amounts-with-thirteen-decimals", "0.1234567890123", "1"),
    text_case(
        "amount-of-twenty-digits",
        with_amount("12345678901234567890.12"),
        Used(plus("12345678901234567890.12")),
        left_out("number_unreadable"),
    ),
    _by_price("price-exact", [("3", "0.333333"), ("7", "0.10"), ("100000", "0.000001")]),
    _by_price("price-small-quantities", [("0.125", "9.99"), ("0.333", "3.00")]),
    _by_price("price-large", [("1000000", "99999.99"), ("1", "0.01")]),
    _by_price(
        "price-of-many-decimals",
        [("3", "0.1234567"), ("1", "1.00")],
        Used([Row("C09", "2001", "2025-06-02", "1.00")], aside=1),
        Refused(["price"]),
    ),
    _by_price(
        "quantity-of-many-decimals",
        [("0.33333", "300.00"), ("1", "1.00")],
        Used([Row("C09", "2001", "2025-06-02", "1.00")], aside=1),
        Refused(["quantity"]),
    ),
    _by_price(
        "quantity-zero",
        [("0", "5.00"), ("1", "5.00")],
        Used([Row("C09", "2001", "2025-06-02", "5.00")], met=[Met("amount_zero", 1, 2)]),
    ),
    _by_price("quantity-negative", [("2", "5.00"), ("-1", "5.00")], met=(Met("return", 1, 3),)),
    text_case(
        "quantity-blank",
        written(
            [(*row[:3], "1", row.amount) for row in LOG] + [("C01", "1007", "2025-06-02", "", "5.00")],
            header=(*HEADER[:3], "quantity", "price"),
        ),
        Used(aside=1, met=[Met("number_missing", 1, 9, "quantity")]),
        columns=BY_PRICE,
    ),
    text_case(
        "price-unreadable",
        written(
            [(*row[:3], "1", row.amount) for row in LOG] + [("C01", "1007", "2025-06-02", "3", "tbd")],
            header=(*HEADER[:3], "quantity", "price"),
        ),
        Used(aside=1, met=[Met("number_unreadable", 1, 9, "unit_price", "tbd")]),
        columns=BY_PRICE,
    ),
    _three("amount-disagrees", "3", "5.00", "12.50", Used(plus(), met=[Met("amount_disagrees", 1, 9)])),
    _three(
        "amount-disagrees-refused-by-rule",
        "3",
        "5.00",
        "12.50",
        Refused(["12.5", "9"]),
        rules={"amount_disagrees": "refused"},
    ),
    _three(
        "amount-disagrees-set-aside-by-rule",
        "3",
        "5.00",
        "12.50",
        Used(aside=1, met=[Met("amount_disagrees", 1, 9)]),
        rules={"amount_disagrees": "set_aside"},
    ),
    _three("amount-rounded", "3", "4.1666", "12.50", Used(plus())),
    _three("amount-of-a-return", "-1", "12.50", "-12.50", Used(plus("-12.50"), met=[Met("return", 1, 9)])),
    _three("signs-conflict", "-1", "12.50", "12.50", Used(aside=1, met=[Met("sign_conflict", 1, 9)])),
    _three(
        "signs-conflict-refused-by-rule", "-1", "12.50", "12.50", Refused(["9"]), rules={"sign_conflict": "refused"}
    ),
    _three(
        "signs-conflict-the-other-way",
        "1",
        "-12.50",
        "-12.50",
        Used(plus("-12.50")),
        Used(aside=1, met=[Met("sign_conflict", 1, 9)]),
    ),
    _three(
        "amount-blank-beside-price",
        "2",
        "6.25",
        "",
        Used(aside=1, met=[Met("number_missing", 1, 9)]),
        Used(plus(), met=[Met("number_repaired|amount_disagrees", 1)]),
    ),
    _three(
        "rule-unknown",
        "1",
        "12.50",
        "12.50",
        Refused(["sign_conflct", "sign_conflict"]),
        rules={"sign_conflct": "refused"},
    ),
    _three(
        "rule-not-allowed", "1", "12.50", "12.50", Refused(["row_short", "accepted"]), rules={"row_short": "accepted"}
    ),
    _currency("currency-one", "EUR", Used(plus())),
    _currency("currency-mixed", "USD", Refused(["USD", "rates"], rule="currency_mixed")),
    _currency(
        "currency-mixed-with-rates",
        "USD",
        Used(plus("10.00"), met=[Met("currency_converted", 1, 9)]),
        rates={"USD": 0.8},
    ),
    _currency(
        "currency-mixed-with-long-rate",
        "JPY",
        Used(plus("0.076543209875"), met=[Met("currency_converted", 1, 9)]),
        rates={"JPY": 0.00612345679},
    ),
    _currency("currency-without-its-rate", "JPY", Refused(["JPY", "rates"]), rates={"USD": 0.8}),
    _currency(
        "currency-blank", "", Used(aside=1, met=[Met("currency_missing", 1, 9)]), Used(plus()), Refused(["currency"])
    ),
    text_case(
        "currency-blank-beside-two",
        written(
            [
                *((*row, "EUR") for row in LOG),
                ("C01", "1007", "2025-06-02", "12.50", "USD"),
                ("C01", "1008", "2025-06-03", "5.00", ""),
            ],
            header=(*HEADER, "currency"),
        ),
        Used(plus("10.00"), aside=1, met=[Met("currency_missing", 1, 10), Met("currency_converted", 1, 9)]),
        Refused(["currency"]),
        columns=TYPES,
        rates={"USD": 0.8},
    ),
    _currency("currency-small-letters", "eur", Used(plus()), Refused(["eur"])),
    _currency("currency-sign-as-code", "€", Used(plus()), Refused(["€"])),
    _currency("currency-unknown-word", "points", Refused(["points|POINTS"])),
    text_case(
        "currency-other-than-the-job",
        written([(*row, "USD") for row in LOG], header=(*HEADER, "currency")),
        Refused(["USD", "EUR"]),
        columns=TYPES,
    ),
    text_case(
        "currency-other-with-rate",
        written([(*row, "USD") for row in LOG], header=(*HEADER, "currency")),
        Used(
            [row._replace(amount=str(Decimal(row.amount) * Decimal("0.8"))) for row in LOG],
            met=[Met("currency_converted", 7)],
        ),
        columns=TYPES,
        rates={"USD": 0.8},
    ),
    text_case("currency-rate-of-nothing", written(), Refused(["rates", "currency"]), rates={"USD": 0.8}),
    text_case(
        "currency-rate-of-zero",
        written([(*row, "EUR") for row in LOG], header=(*HEADER, "currency")),
        Refused(["USD", "rate"]),
        columns=TYPES,
        rates={"USD": 0},
    ),
    text_case(
        "discount-unit-unknown",
        written([(*row, "1", row.amount, "0.10") for row in LOG], header=(*HEADER, "quantity", "price", "discount")),
        Refused(["discount", "read.discount"]),
        Used(),  # the amount is given: the discount decides no money
        columns={**ALL_THREE, "discount": "discount"},
    ),
    text_case(
        "discount-decides-the-money",
        written(
            [(*row[:3], "10", row.amount, "0.10") for row in LOG], header=(*HEADER[:3], "quantity", "price", "discount")
        ),
        Refused(["discount", "read.discount"]),
        columns={**BY_PRICE, "discount": "discount"},
    ),
    text_case(
        "discount-share",
        written(
            [(*row[:3], "10", row.amount, "0.10") for row in LOG], header=(*HEADER[:3], "quantity", "price", "discount")
        ),
        Used([row._replace(amount=str(Decimal(row.amount) * 9)) for row in LOG]),
        columns={**BY_PRICE, "discount": "discount"},
        read={"discount": "share"},
    ),
    text_case(
        "discount-money",
        written(
            [(*row[:3], "10", row.amount, "0.10") for row in LOG], header=(*HEADER[:3], "quantity", "price", "discount")
        ),
        Used([row._replace(amount=str(Decimal(row.amount) * 10 - Decimal("0.10"))) for row in LOG]),
        columns={**BY_PRICE, "discount": "discount"},
        read={"discount": "money"},
    ),
    text_case(
        "discount-percent",
        written(
            [(*row[:3], "10", row.amount, "10%") for row in LOG], header=(*HEADER[:3], "quantity", "price", "discount")
        ),
        Used([row._replace(amount=str(Decimal(row.amount) * 9)) for row in LOG]),
        Refused(["discount", "10%"]),
        columns={**BY_PRICE, "discount": "discount"},
        read={"discount": "share"},
    ),
    text_case(
        "discount-share-of-ten",
        written(
            [(*row[:3], "10", row.amount, "10") for row in LOG], header=(*HEADER[:3], "quantity", "price", "discount")
        ),
        Refused(["discount", "10"]),
        columns={**BY_PRICE, "discount": "discount"},
        read={"discount": "share"},
    ),
    text_case(
        "columns-that-are-the-same",
        with_row("C01", "1007", "2025-06-02", "12.50"),
        Used(plus()),
        columns={
            "customer_id": "customer",
            "order_id": "order",
            "order_date": "day",
            "amount": "amount",
            "cost": "amount",
        },
    ),
    text_case(
        "money-not-mapped",
        written(),
        Refused(["amount", "unit_price"]),
        columns={"customer_id": "customer", "order_date": "day"},
    ),
]
