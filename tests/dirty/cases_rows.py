"""Which rows are no order lines, or stand there twice? Totals, headers, returns, repeats, overlapping files, torn rows."""

from __future__ import annotations

from case import HEADER, LOG, Case, Met, Refused, Row, Used, left_out, plus, text_case, with_row, written

PRODUCT = {
    "customer_id": "customer",
    "order_id": "order",
    "order_date": "day",
    "amount": "amount",
    "product": "product",
}
TYPED = {"customer_id": "customer", "order_id": "order", "order_date": "day", "amount": "amount", "order_type": "type"}
NO_ORDER = {"customer_id": "customer", "order_date": "day", "amount": "amount"}
TOTAL = "1441.51"
DAY_TWICE = [Row(f"K{at:02d}", f"90{at:02d}", "2025-06-02", f"{at}.25") for at in range(1, 31)]


def _total(name: str, *cells: str, rule: str = "total_row") -> Case:
    """Return a case with a total below the rows, at line 9."""
    return text_case(name, with_row(*cells), left_out(rule))


def _files(name: str, first: str | bytes, second: str | bytes, *verdicts: Used | Refused, **job: object) -> Case:
    """Return a case of two files, read as one."""
    columns = job.pop("columns", None)
    return Case(
        name, {"orders-1.csv": first, "orders-2.csv": second}, verdicts, source="orders-*.csv", job=job, columns=columns
    )


def _returned(
    name: str,
    *rows: Row,
    unsettled: tuple[str, ...] = (),
    count: int = 1,
    alternatives: tuple[Used | Refused, ...] = (),
) -> Case:
    """Return a case in which the clean log is followed by returns."""
    return text_case(
        name,
        written([*LOG, *rows]),
        Used([*LOG, *rows], met=[Met("return", count)], unsettled=unsettled),
        *alternatives,
    )


def _with_products(*last: str) -> str:
    return written([*((*row, "mug") for row in LOG), last], header=(*HEADER, "product"))


def _with_types(*last: str) -> str:
    return written([*((*row, "sale") for row in LOG), last], header=(*HEADER, "type"))


TORN = written(LOG[:4]) + "C01,1007\n" + written(LOG[4:]).split("\n", 1)[1]
CASES = [
    _total("total-chinese", "合计", "", "", TOTAL),
    _total("total-chinese-sum", "总计", "", "", TOTAL),
    _total("total-chinese-with-blanks", "合 计", "", "", TOTAL),
    _total("total-chinese-colon", "合计：", "", "", TOTAL),
    _total("total-english", "Total", "", "", TOTAL),
    _total("total-grand", "Grand total", "", "", TOTAL),
    _total("total-capitals", "TOTAL:", "", "", TOTAL),
    _total("total-german", "Summe", "", "", TOTAL, rule="total_row|date_missing"),
    _total("total-french", "Total général", "", "", TOTAL, rule="total_row|date_missing"),
    _total("total-spanish", "Suma", "", "", TOTAL, rule="total_row|date_missing"),
    _total("total-with-count", "Total", "7", "", TOTAL),
    text_case(
        "total-with-a-date", with_row("Total", "", "2025-06-30", TOTAL), left_out("total_row"), Refused(["Total"])
    ),
    text_case(
        "total-dated-in-order-column", with_row("", "合计", "2025-06-30", TOTAL), left_out("total_row|customer_missing")
    ),
    text_case("total-without-label", with_row("", "", "", TOTAL), left_out("total_row|customer_missing|date_missing")),
    text_case(
        "total-below-a-blank-line",
        written() + "\nTotal,,," + TOTAL + "\n",
        Used(aside=1, met=[Met("total_row", 1, 10)]),
    ),
    text_case(
        "total-in-the-middle",
        written([*LOG[:4], ("小计", "", "", "135.75"), *LOG[4:], ("小计", "", "", "1305.76"), ("总计", "", "", TOTAL)]),
        Used(aside=3, met=[Met("total_row", 3, 6)]),
    ),
    text_case(
        "total-per-customer",
        written(
            [
                LOG[0],
                LOG[1],
                LOG[3],
                ("C01 Total", "", "", "35.50"),
                LOG[2],
                LOG[5],
                ("C02 Total", "", "", "1334.81"),
                LOG[4],
                LOG[6],
                ("C03 Total", "", "", "71.20"),
                ("Grand Total", "", "", TOTAL),
            ]
        ),
        Used(aside=4, met=[Met("total_row|date_missing", None)]),
    ),
    text_case("total-of-products", _with_products("", "", "", TOTAL, "合计"), Used(aside=1), columns=PRODUCT),
    text_case(
        "total-quantity-and-amount",
        written(
            [(*row[:3], "1", row.amount) for row in LOG] + [("合计", "", "", "7", TOTAL)],
            header=(*HEADER[:3], "quantity", "amount"),
        ),
        Used(aside=1, met=[Met("total_row", 1, 9)]),
        columns={
            "customer_id": "customer",
            "order_id": "order",
            "order_date": "day",
            "amount": "amount",
            "quantity": "quantity",
        },
    ),
    text_case(
        "total-energies-buys",
        with_row("Total Energies", "1007", "2025-06-02", "12.50"),
        Used(plus(customer="Total Energies")),
    ),
    text_case(
        "total-energies-buys-last-for-the-sum",
        with_row("Total Energies", "1007", "2025-06-02", TOTAL),
        Used(plus(TOTAL, customer="Total Energies")),
    ),
    text_case(
        "customer-called-total",
        written([LOG[0], Row("Total", "1007", "2025-06-02", "12.50"), *LOG[1:]]),
        Used(plus(customer="Total")),
        Refused(["Total"]),
    ),
    text_case(
        "customer-called-heji", with_row("合计百货", "1007", "2025-06-02", "12.50"), Used(plus(customer="合计百货"))
    ),
    text_case("footer-in-words", written() + "7 rows exported\n", Used(aside=1, met=[Met("row_short", 1, 9)])),
    text_case(
        "footer-of-a-database", written() + "\n(7 rows affected)\n", Used(aside=1, met=[Met("row_short", 1, 10)])
    ),
    text_case(
        "header-repeated", written(LOG[:4]) + written(LOG[4:]), Used(aside=1, met=[Met("header_repeated", 1, 6)])
    ),
    text_case(
        "header-repeated-three-times",
        written(LOG[:2]) + written(LOG[2:4]) + written(LOG[4:]),
        Used(aside=2, met=[Met("header_repeated", 2, 4)]),
    ),
    text_case(
        "header-below-itself",
        ",".join(HEADER) + "\n" + written(),
        Used(aside=1, met=[Met("header_repeated", 1, 2)]),
        Used(),
    ),
    text_case(
        "header-repeated-in-other-order",
        written(LOG[:4]) + "amount,day,order,customer\n" + "".join(",".join(reversed(row)) + "\n" for row in LOG[4:]),
        Refused(["6"]),
        Used(LOG[:4], aside=4),
    ),
    text_case(
        "two-tables",
        written() + "\nproduct,price,stock,unit\nmug,2025-01-05,7,1\nhat,2025-01-06,9,1\n",
        Refused(["10"], rule="two_tables"),
        Refused(["product|two"]),
        Used(aside=3),
    ),
    text_case(
        "two-tables-of-other-width",
        written() + "\nproduct,price\nmug,5.00\nhat,7.50\n",
        Refused(["10"], rule="two_tables"),
        Used(aside=3),
    ),
    text_case("row-short", TORN, Used(aside=1, met=[Met("row_short", 1, 6, value="C01,1007")])),
    text_case("row-short-refused-by-rule", TORN, Refused(["6"]), rules={"row_short": "refused"}),
    text_case(
        "row-long",
        written([*LOG[:4], ("C01", "1007", "2025-06-02", "12.50", "extra"), *LOG[4:]]),
        Used(aside=1, met=[Met("row_long", 1, 6, value="extra")]),
    ),
    text_case(
        "row-long-by-a-comma-in-a-name",
        with_row("Smith, Sons", "1007", "2025-06-02", "12.50"),
        Used(aside=1, met=[Met("row_long", 1, 9)]),
    ),
    text_case(
        "row-long-by-a-comma-in-money",
        with_row("C01", "1007", "2025-06-02", "1,234.50"),
        Used(aside=1, met=[Met("row_long", 1, 9)]),
    ),
    text_case(
        "row-long-and-last",
        with_row("C01", "1007", "2025-06-02", "12.50", "", ""),
        Used(aside=1, met=[Met("row_long", 1, 9)]),
        Used(plus()),
    ),
    text_case(
        "row-short-by-optional-cells",
        written(
            [*((*row, "x", "y") for row in LOG), ("C01", "1007", "2025-06-02", "12.50")], header=(*HEADER, "note", "by")
        ),
        Used(aside=1, met=[Met("row_short", 1, 9)]),
        Used(plus()),
    ),
    text_case(
        "row-cut-at-the-end",
        written()[:-8],
        Used(LOG[:-1], aside=1, met=[Met("row_short|number_missing|number_unreadable|row_broken", 1, 8)]),
    ),
    text_case(
        "rows-long-mostly",
        written([*LOG[:2], *((*row, "x", "y") for row in LOG[2:])]),
        Refused(["4"]),
        Used(LOG[:2], aside=5),
    ),
    text_case(
        "quote-open-in-the-middle",
        written(
            [*((*row, "mug") for row in LOG[:3]), (*LOG[3], '"12 inch pan'), *((*row, "mug") for row in LOG[4:])],
            header=(*HEADER, "product"),
        ),
        Refused(["5"], rule="quote_open"),
        Used((*LOG[:3], *LOG[4:]), aside=1, met=[Met("row_broken", 1, 5)]),
        Used((*LOG[:3], *LOG[4:]), aside=1),
    ),
    text_case(
        "quote-open-at-the-end",
        with_row("C01", "1007", "2025-06-02", '"12.50'),
        Refused(["9"]),
        Used(aside=1, met=[Met("row_broken", 1, 9)]),
    ),
    text_case(
        "quote-open-twice",
        written(
            [
                (*LOG[0], '"pan'),
                *((*row, "mug") for row in LOG[1:3]),
                (*LOG[3], 'hat"'),
                *((*row, "mug") for row in LOG[4:]),
            ],
            header=(*HEADER, "product"),
        ),
        Refused(["2"]),
        Used(LOG[4:], aside=1, met=[Met("row_broken", 1, 2)]),
        Used((*LOG[1:3], *LOG[4:]), aside=2),
    ),
    text_case("quote-inside", written([*((*row, '12" pan') for row in LOG)], header=(*HEADER, "product")), Used()),
    text_case(
        "quote-inside-quotes",
        written(
            [*((*row, '"mug"') for row in LOG), ("C01", "1007", "2025-06-02", "12.50", '"a "big" pan"')],
            header=(*HEADER, "product"),
        ),
        Used(plus()),
        Used(aside=1, met=[Met("row_broken", 1, 9)]),
        Refused(["9"]),
    ),
    text_case(
        "text-behind-quotes",
        written(
            [*((*row, '"mug"') for row in LOG), ("C01", "1007", "2025-06-02", "12.50", '"pan" blue')],
            header=(*HEADER, "product"),
        ),
        Used(plus()),
        Used(aside=1, met=[Met("row_broken", 1, 9)]),
        Refused(["9"]),
    ),
    _returned("return-later", Row("C01", "2003", "2025-03-01", "-8.00")),
    _returned("return-on-the-same-day", Row("C01", "2003", "2025-02-14", "-8.00")),
    _returned("return-within-the-order", Row("C01", "1003", "2025-02-14", "-8.00")),
    _returned(
        "return-before-any-order", Row("C04", "2003", "2025-01-01", "-8.00"), Row("C04", "1009", "2025-06-02", "30.00")
    ),
    _returned(
        "void-on-the-same-day",
        Row("C04", "1009", "2025-06-02", "30.00"),
        Row("C04", "C1009", "2025-06-02", "-30.00"),
        unsettled=("C04",),
    ),
    _returned(
        "void-with-a-second-order",
        Row("C04", "1009", "2025-06-02", "30.00"),
        Row("C04", "C1009", "2025-06-02", "-30.00"),
        Row("C04", "1010", "2025-06-02", "31.00"),
        unsettled=("C04",),
    ),
    _returned("cancelled-later", Row("C03", "C1006", "2025-06-10", "-64.20"), unsettled=("C03",)),
    _returned("cancelled-more-than-was-bought", Row("C03", "C1006", "2025-06-10", "-164.20"), unsettled=("C03",)),
    _returned("refund-only-customer", Row("C05", "2005", "2025-06-10", "-5.00")),
    _returned("refund-only-day-is-no-purchase", Row("C03", "2006", "2025-06-20", "-1.20")),
    _returned("many-returns", *(Row("C02", str(3000 + at), "2025-06-20", "-0.01") for at in range(25)), count=25),
    text_case(
        "returns-only",
        written([row._replace(amount="-" + row.amount) for row in LOG]),
        Used([row._replace(amount="-" + row.amount) for row in LOG]),
        Refused(["amount|no order|no row|order"]),
    ),
    text_case(
        "type-return-declared",
        _with_types("C01", "1007", "2025-06-02", "12.50", "return"),
        Used(plus("-12.50"), met=[Met("return_signed", 1, 9)]),
        columns=TYPED,
        read={"return_types": "return"},
    ),
    text_case(
        "type-return-with-minus-declared",
        _with_types("C01", "1007", "2025-06-02", "-12.50", "return"),
        Used(plus("-12.50")),
        columns=TYPED,
        read={"return_types": ["return"]},
    ),
    text_case(
        "type-return-chinese",
        _with_types("C01", "1007", "2025-06-02", "12.50", "退货"),
        Used(plus("-12.50"), met=[Met("return_signed", 1, 9)]),
        columns=TYPED,
        read={"return_types": ["退货"]},
    ),
    text_case(
        "type-return-not-declared",
        _with_types("C01", "1007", "2025-06-02", "12.50", "return"),
        Refused(["return", "return_types"], rule="type_unclear"),
        columns=TYPED,
    ),
    text_case(
        "type-cancelled-not-declared",
        _with_types("C01", "1007", "2025-06-02", "12.50", "cancelled"),
        Refused(["cancelled", "types"]),
        columns=TYPED,
    ),
    text_case(
        "type-chinese-not-declared",
        _with_types("C01", "1007", "2025-06-02", "12.50", "已取消"),
        Refused(["已取消", "types"]),
        columns=TYPED,
    ),
    text_case(
        "type-left-out",
        _with_types("C01", "1007", "2025-06-02", "12.50", "quote"),
        Used(aside=1, met=[Met("left_out_type", 1, 9, "order_type", "quote")]),
        columns=TYPED,
        read={"left_out_types": ["quote"]},
    ),
    text_case("type-declared-without-column", written(), Refused(["order_type"]), read={"left_out_types": ["quote"]}),
    text_case(
        "service-products",
        _with_products("C01", "1007", "2025-06-02", "4.90", "POST"),
        Used(aside=1, met=[Met("service_product", 1, 9, "product", "POST")]),
        columns=PRODUCT,
        read={"service_products": ["POST", "BANK CHARGES"]},
    ),
    text_case(
        "service-products-in-small-letters",
        _with_products("C01", "1007", "2025-06-02", "4.90", "post"),
        Used(plus("4.90")),
        Used(aside=1),
        columns=PRODUCT,
        read={"service_products": ["POST"]},
    ),
    text_case(
        "service-only-order",
        _with_products("C09", "1007", "2025-06-02", "4.90", "POST"),
        Used(aside=1, met=[Met("service_product", 1, 9)]),
        columns=PRODUCT,
        read={"service_products": "POST"},
    ),
    text_case(
        "repeats-kept",
        written([*LOG, LOG[6]]),
        Used([*LOG, LOG[6]], met=[Met("duplicate_kept", None)]),
        read={"duplicates": "keep"},
    ),
    text_case(
        "repeats-dropped",
        written([*LOG, LOG[6], LOG[6]]),
        Used(aside=2, met=[Met("duplicate", 2, 9)]),
        read={"duplicates": "drop"},
    ),
    text_case(
        "repeats-judged-honest", written([*LOG, LOG[6]]), Used([*LOG, LOG[6]], met=[Met("duplicate_kept", None)])
    ),
    text_case(
        "repeats-of-a-whole-day",
        written([*LOG, *DAY_TWICE, *DAY_TWICE]),
        Used([*LOG, *DAY_TWICE], aside=30, met=[Met("read_twice", 30, 39)]),
    ),
    text_case(
        "repeats-of-a-whole-day-kept",
        written([*LOG, *DAY_TWICE, *DAY_TWICE]),
        Used([*LOG, *DAY_TWICE, *DAY_TWICE], met=[Met("duplicate_kept", None)]),
        read={"duplicates": "keep"},
    ),
    text_case(
        "repeats-of-a-day-but-one",
        written([*LOG, *DAY_TWICE, *DAY_TWICE[1:]]),
        Used([*LOG, *DAY_TWICE, *DAY_TWICE[1:]], met=[Met("duplicate_kept", None)]),
        Used([*LOG, *DAY_TWICE], aside=29),
        Refused(["duplicates: drop"], rule="rows_twice"),
    ),
    text_case(
        "repeats-that-differ-in-a-note",
        written([*((*row, "a") for row in LOG), (*LOG[6], "b")], header=(*HEADER, "note")),
        Used([*LOG, LOG[6]]),
        read={"duplicates": "drop"},
    ),
    text_case(
        "repeats-of-bad-rows",
        written([*LOG, *[Row("C01", "1007", "soon", "1.00")] * 3]),
        Used(aside=3, met=[Met("date_unreadable", 3, 9)]),
        Used(aside=3),
        read={"duplicates": "drop"},
    ),
    text_case(
        "repeats-setting-unknown", written(), Refused(["duplicates", "keep", "drop"]), read={"duplicates": "remove"}
    ),
    _files("files-apart", written(LOG[:4]), written(LOG[4:]), Used()),
    _files(
        "files-overlapping",
        written(LOG[:5]),
        written(LOG[3:]),
        Used(aside=2, met=[Met("order_in_two_files", 2, 2, file="orders-2.csv")]),
    ),
    _files("files-the-same", written(), written(), Used(aside=7, met=[Met("order_in_two_files", 7)])),
    _files(
        "files-overlapping-in-other-row-order",
        written(LOG[:5]),
        written(tuple(reversed(LOG))),
        Used(aside=5, met=[Met("order_in_two_files", 5)]),
    ),
    _files(
        "files-overlapping-in-other-spelling",
        written(LOG[:5]),
        written([row._replace(amount=row.amount + "0") for row in LOG[3:]]),
        Used(aside=2, met=[Met("order_in_two_files", 2)]),
        Refused(["1003|1004"]),
    ),
    _files(
        "files-overlapping-honest-repeat-inside",
        written([*LOG, LOG[6]]),
        written([LOG[6], LOG[6]]),
        Used([*LOG, LOG[6]], aside=2, met=[Met("order_in_two_files", 2)]),
    ),
    _files(
        "files-with-an-order-changed",
        written(LOG[:4]),
        written([LOG[3]._replace(amount="25.00"), *LOG[4:]]),
        Refused(["1003", "orders-2.csv"], rule="order_differs"),
    ),
    _files(
        "files-with-an-order-cut",
        written(LOG[:1]),
        written(LOG),
        Refused(["1001"], rule="order_differs"),
        Used(aside=1),
    ),
    _files(
        "files-with-an-order-of-other-customers",
        written(LOG),
        written([Row("C09", "1001", "2025-01-31", "3.00")]),
        Used([*LOG, Row("C09", "1001", "2025-01-31", "3.00")]),
        Refused(["1001"]),
    ),
    _files(
        "files-with-an-order-on-two-days",
        written(LOG[:4]),
        written([LOG[3]._replace(day="2025-02-20", amount="1.00"), *LOG[4:]]),
        Used([*LOG[:4], LOG[3]._replace(day="2025-02-20", amount="1.00"), *LOG[4:]], met=[Met("order_split", None)]),
        Refused(["1003"]),
    ),
    _files(
        "files-with-other-column-order",
        written(LOG[:4]),
        written([tuple(reversed(row)) for row in LOG[4:]], header=HEADER[::-1]),
        Used(),
    ),
    _files(
        "files-with-more-columns",
        written(LOG[:4]),
        written([(*row, "x") for row in LOG[4:]], header=(*HEADER, "note")),
        Used(),
    ),
    _files(
        "files-overlapping-with-more-columns",
        written(LOG[:5]),
        written([(*row, "x") for row in LOG[3:]], header=(*HEADER, "note")),
        Used(aside=2, met=[Met("order_in_two_files", 2)]),
        Refused(["1003|1004"]),
    ),
    _files(
        "files-with-a-column-missing",
        written(LOG[:4]),
        written([row[:3] for row in LOG[4:]], header=HEADER[:3]),
        Refused(["orders-2.csv", "amount"]),
    ),
    _files(
        "files-of-other-dialects",
        written(LOG[:4]),
        written(LOG[4:], delimiter=";", end="\r\n").encode("utf-16"),
        Used(),
    ),
    _files(
        "files-of-other-decimal-signs",
        written(LOG[:4]),
        written([row._replace(amount=row.amount.replace(".", ",")) for row in LOG[4:]], delimiter=";"),
        Used(met=[Met("decimal_comma", None)]),
        Refused(["orders-2.csv", "decimal"]),
        Refused(["amount", "decimal"]),
    ),
    _files(
        "files-of-other-date-orders",
        written([row._replace(day="31/01/2025") for row in LOG[:2]]),
        written([row._replace(day="05/13/2025") for row in LOG[5:]]),
        Refused(["date_format"]),
    ),
    _files("files-with-one-empty", written(), b"", Refused(["orders-2.csv", "empty|no byte|nothing"])),
    _files("files-with-one-header-only", written(), written([]), Used(), Refused(["orders-2.csv"])),
    _files(
        "files-with-bad-rows-in-both",
        with_row("C01", "1007", "soon", "1.00"),
        written([("C01", "1008", "later", "1.00")]),
        Used(aside=2, met=[Met("date_unreadable", 2, 9, "order_date", "soon", "orders-1.csv")]),
    ),
    _files(
        "files-overlapping-without-orders",
        written(LOG[:5]),
        written(LOG[3:]),
        Used([row._replace(order=row.day) for row in (*LOG[:5], *LOG[3:])], met=[Met("duplicate_kept", None)]),
        Used([row._replace(order=row.day) for row in LOG], aside=2, met=[Met("read_twice|order_in_two_files", 2)]),
        Refused(["orders-2.csv"]),
        columns=NO_ORDER,
    ),
    _files(
        "files-of-one-order-in-packages",
        written(LOG),
        written(LOG[:3]).encode("utf-8-sig"),
        Used(aside=3, met=[Met("order_in_two_files", 3)]),
    ),
    Case(
        "files-listed-twice",
        {"orders.csv": written()},
        [Used(), Refused(["orders.csv", "twice"]), Used(aside=7)],
        source=["orders.csv", "orders.csv"],
    ),
    Case(
        "files-listed-and-matched",
        {"orders.csv": written()},
        [Used(), Refused(["orders.csv"]), Used(aside=7)],
        source=["orders.csv", "*.csv"],
    ),
    Case("files-one-missing", {"orders.csv": written()}, [Refused(["more.csv"])], source=["orders.csv", "more.csv"]),
]
