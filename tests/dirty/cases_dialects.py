"""Which shapes do text exports come in? Separators, quotes, decimal signs, lines above the header, blank lines."""

from __future__ import annotations

from case import HEADER, LOG, Case, Met, Refused, Row, Used, left_out, plus, respelled, text_case, with_row, written

COMMA = respelled("amount", lambda amount: amount.replace(".", ","))
COMMA_GROUPED = [*COMMA[:5], COMMA[5]._replace(amount="1.234,56"), COMMA[6]]
QUOTED = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in (HEADER, *LOG))
WITH_PRODUCT = (*HEADER, "product")
PRODUCTS = [(*row, "mug, blue; large") for row in LOG]


def _late_surprise() -> bytes:
    """30,000 clean rows; far below what a sample would see, a quoted line break (line 21,002) and a price `n/a`."""
    rows = [f"K{number % 50:02d},{number},2025-01-{number % 28 + 1:02d},1.25,pen" for number in range(30_000)]
    rows[21_000] = rows[21_000].removesuffix("pen") + '"pen\nin two lines"'
    rows[25_000] = rows[25_000].replace("1.25", "n/a")
    return ("customer,order,day,amount,product\n" + "\n".join(rows) + "\n").encode()


def _late_rows() -> list[Row]:
    return [
        Row(f"K{number % 50:02d}", str(number), f"2025-{number // 2500 + 1:02d}-{number // 100 % 25 + 1:02d}", "1.25")
        for number in range(30_000)
        if number != 25_000
    ]


CASES = [
    text_case("clean", written(), Used()),
    text_case("semicolon", written(delimiter=";"), Used()),
    text_case("tab", written(delimiter="\t"), Used(), file="orders.tsv"),
    text_case("tab-in-a-csv", written(delimiter="\t"), Used()),
    text_case("pipe", written(delimiter="|"), Used(), file="orders.txt"),
    text_case("delimiter-declared", written(delimiter="^"), Used(), read={"delimiter": "^"}),
    text_case("delimiter-declared-wrong", written(), Refused(["delimiter|;|customer"]), read={"delimiter": ";"}),
    text_case("quoted-everything", QUOTED, Used()),
    text_case(
        "quoted-delimiters",
        written([(*row[:4], f'"{row[4]}"') for row in PRODUCTS], header=WITH_PRODUCT),
        Used(),
    ),
    text_case(
        "single-quotes",
        written(
            [tuple(f"'{cell}'" for cell in row) for row in PRODUCTS], header=[f"'{name}'" for name in WITH_PRODUCT]
        ),
        Used(),
        Refused(["quot|'"]),
    ),
    text_case(
        "single-quotes-semicolon",
        written(
            [tuple(f"'{cell}'" for cell in row) for row in PRODUCTS],
            header=[f"'{name}'" for name in WITH_PRODUCT],
            delimiter=";",
        ),
        Used(),
        Refused(["quot|'"]),
    ),
    text_case(
        "doubled-quotes",
        written([(*row, '"12"" pan"') for row in LOG], header=WITH_PRODUCT),
        Used(),
    ),
    text_case(  # a reader that takes \" for the end of a cell would swallow or split rows
        "backslash-quotes",
        written([(*row, '"12\\" pan"') for row in LOG], header=WITH_PRODUCT),
        Used(),
        Refused(["line"]),
        Refused(["quot"]),
    ),
    text_case(  # the bad row stands in line 4 of the file: the quoted line break counts
        "line-breaks-in-quotes",
        written(
            [(*LOG[0], '"mug\nblue"'), ("C01", "1001", "soon", "1.00", "mug"), *((*row, "mug") for row in LOG[1:])],
            header=WITH_PRODUCT,
        ),
        Used(aside=1, met=[Met("date_unreadable", 1, 4, "order_date", "soon")]),
    ),
    text_case(
        "line-breaks-crlf-in-quotes",
        written(
            [
                (*LOG[0], '"mug\r\nblue\r\nbig"'),
                ("C01", "1001", "soon", "1.00", "mug"),
                *((*row, "mug") for row in LOG[1:]),
            ],
            header=WITH_PRODUCT,
            end="\r\n",
        ),
        Used(aside=1, met=[Met("date_unreadable", 1, 5, "order_date", "soon")]),
    ),
    text_case("decimal-comma", written(COMMA, delimiter=";"), Used(met=[Met("decimal_comma", None)])),
    text_case("decimal-comma-grouped", written(COMMA_GROUPED, delimiter=";"), Used(met=[Met("decimal_comma", None)])),
    text_case("decimal-comma-declared", written(COMMA_GROUPED, delimiter=";"), Used(), read={"decimal": ","}),
    text_case(
        "decimal-comma-quoted",
        written([(*row[:3], f'"{row.amount}"') for row in COMMA]),
        Used(met=[Met("decimal_comma", None)]),
    ),
    text_case(  # cents in a column of their own: each row has five fields, the header four
        "decimal-comma-unquoted", written(COMMA), Refused(["line|row|fields|1002"])
    ),
    text_case(  # 1.234 is one and a bit, or more than a thousand
        "decimal-ambiguous",
        written([row._replace(amount=f"{number}.{number}00") for number, row in enumerate(LOG, 1)], delimiter=";"),
        Refused(["read.decimal", "amount", "1.100"], rule="number_ambiguous"),
    ),
    text_case(
        "decimal-ambiguous-declared",
        written([row._replace(amount=f"{number}.{number}00") for number, row in enumerate(LOG, 1)], delimiter=";"),
        Used([row._replace(amount=f"{number}{number}00") for number, row in enumerate(LOG, 1)]),
        read={"decimal": ","},
    ),
    text_case(
        "decimal-signs-mixed",
        written([*LOG, ("C01", "1007", "2025-06-02", "1.234,5")], delimiter=";"),
        Refused(["1.234,5", "read.decimal"]),
        left_out("number_unreadable", value="1.234,5", column="amount"),
        Used(plus("1234.5"), met=[Met("number_repaired|decimal_comma", None)]),
    ),
    text_case(  # 1,234 would be a thousand for one sign and one and a bit for the other; 10.00 settles it
        "thousands-settled-by-others",
        written([(*row[:3], f'"{float(row.amount):,.2f}"') for row in LOG]),
        Used(met=[Met("number_repaired", 1, 7, "amount", "1,234.56")]),
    ),
    text_case("sep-line", "sep=;\n" + written(delimiter=";"), Used()),
    text_case("sep-line-comma", "sep=,\r\n" + written(end="\r\n"), Used()),
    text_case(
        "sep-line-with-bad-row",
        "sep=;\n" + written([*LOG, ("C01", "1007", "soon", "1.00")], delimiter=";"),
        left_out("date_unreadable", value="soon", column="order_date", line=10),
    ),
    text_case(
        "preamble",
        "Order export\n\nmade 2025-06-20 by the shop\n" + written(),
        Used(met=[Met("header_found", None)]),
    ),
    text_case(
        "preamble-as-wide-as-the-table",
        "Order export,,,\nfrom:,2025-01-01,to:,2025-06-20\n,,,\n" + written(),
        Used(met=[Met("header_found", None)]),
    ),
    text_case(
        "preamble-with-bad-row",
        "Order export\nfrom the shop\n" + with_row("C01", "1007", "2025-06-02", "n/a"),
        Used(aside=1, met=[Met("header_found", None), Met("number_unreadable", 1, 11, "amount", "n/a")]),
    ),
    text_case(
        "preamble-of-comments", "# shop 7\n# orders of 2025, in EUR; all branches\n" + written(delimiter=";"), Used()
    ),
    text_case(
        "header-line-declared", "customer list of orders\nday,order\n" + written(), Used(), read={"header_line": 3}
    ),
    text_case(
        "header-line-declared-wrong",
        written(),
        Refused(["header_line|line 3", "customer"]),
        read={"header_line": 3},
    ),
    text_case("header-quoted-blanks", written(header=(" customer", "order ", " day ", '"amount"')), Used()),
    text_case(
        "header-other-capitals",
        written(header=("Customer", "ORDER", "Day", "Amount")),
        Used(),
        Refused(["customer", "Customer"]),
    ),
    text_case(
        "header-with-line-break",
        written(header=("customer", '"order\nnumber"', "day", "amount")),
        Used(),
        columns={"customer_id": "customer", "order_id": "order\nnumber", "order_date": "day", "amount": "amount"},
    ),
    text_case(
        "units-below-the-header",
        written([("(text)", "(no.)", "(ISO)", "(EUR)"), *LOG]),
        Used(aside=1, met=[Met("date_unreadable|number_unreadable|header_repeated", 1, 2)]),
        Refused(["line 2"]),
    ),
    text_case(
        "trailing-empty-columns",
        written([(*row, "", "") for row in LOG], header=(*HEADER, "", "")),
        Used(),
    ),
    text_case(  # every row ends in a separator, the header does not
        "trailing-separator-in-rows", written([(*row, "") for row in LOG]), Used(), Refused(["line|fields|row"])
    ),
    text_case("blank-lines", "\n" + written(end="\n\n") + "\n \n\n", Used()),
    text_case(
        "blank-lines-and-bad-row",
        written([*LOG[:2], ("C01", "1007", "soon", "1.00"), *LOG[2:]], end="\n\n"),
        left_out("date_unreadable", value="soon", line=7),
    ),
    text_case(
        "rows-of-separators",
        written([*LOG, ("", "", "", ""), ("", "", "", "")]),
        Used(),
        Used(aside=2, met=[Met("date_missing|customer_missing", 2, 9)]),
    ),
    text_case("crlf", written(end="\r\n"), Used()),
    text_case("cr", written(end="\r"), Used()),
    text_case(
        "crlf-and-lf",
        written(LOG[:3], end="\r\n") + "".join(",".join(row) + "\n" for row in LOG[3:]),
        Used(),
        Refused(["line"]),
    ),
    text_case(
        "cr-and-lf",
        written(LOG[:3], end="\n") + "".join(",".join(row) + "\r" for row in LOG[3:]),
        Used(),
        Refused(["line"]),
    ),
    text_case("no-line-end", written().rstrip("\n"), Used()),
    text_case("blanks-around-cells", written([tuple(f" {cell} " for cell in row) for row in LOG]), Used()),
    text_case(
        "tabs-around-cells", written([tuple(f"\t{cell}\t" for cell in row) for row in LOG], delimiter=";"), Used()
    ),
    text_case(  # aligned by blanks, as a terminal prints it
        "fixed-width",
        "".join("".join(cell.ljust(12) for cell in row).rstrip() + "\n" for row in (HEADER, *LOG)),
        Used(),
        Refused(["customer"]),
    ),
    text_case(  # only one column is mapped wrong; the message must say which there are
        "column-missing",
        written(),
        Refused(["Betrag", "amount", "day", "columns"], rule="column_missing"),
        Refused(["Betrag", "amount", "day", "columns"], rule="header"),
        columns={"customer_id": "customer", "order_date": "day", "amount": "Betrag"},
    ),
    text_case(
        "header-twice-mapped",
        written([(*row, "1.00") for row in LOG], header=(*HEADER, "amount")),
        Refused(["amount", "twice|two|2|several|more than once"], rule="header_twice"),
    ),
    text_case(
        "header-twice-unmapped", written([(*row, "a", "b") for row in LOG], header=(*HEADER, "note", "note")), Used()
    ),
    text_case(
        "header-twice-in-other-capitals",  # a reader that does not know capitals apart takes the wrong money
        written([(*row, "1.00") for row in LOG], header=(*HEADER, "Amount")),
        Used(),
        Refused(["mount"]),
    ),
    text_case(
        "header-other-capitals-first",
        written([("1.00", *row) for row in LOG], header=("AMOUNT", *HEADER)),
        Used(),
        Refused(["mount|MOUNT"]),
    ),
    text_case("headerless", "".join(",".join(row) + "\n" for row in LOG), Refused(["customer"])),
    text_case(
        "headerless-with-bom",
        b"\xef\xbb\xbf" + "".join(",".join(row) + "\n" for row in LOG).encode(),
        Refused(["customer"]),
    ),
    text_case("empty-file", b"", Refused(["empty|no byte|holds nothing|0 bytes"], rule="file_empty")),
    text_case("only-bom", b"\xef\xbb\xbf", Refused(["empty|no byte|holds nothing"])),
    text_case("only-blank-lines", b"\n \n\r\n\n", Refused(["empty|no line|header|nothing"])),
    text_case("header-only", written([]), Refused(["no row|no order|without a row|only|nothing"])),
    text_case("header-only-no-line-end", ",".join(HEADER), Refused(["no row|no order|without a row|only|nothing"])),
    text_case("one-row", written(LOG[:1]), Used(LOG[:1])),
    text_case(
        "late-surprise",
        _late_surprise,
        Used(_late_rows(), aside=1, met=[Met("number_unreadable", 1, 25_003, "amount", "n/a")]),
    ),
    Case(
        "source-missing",
        {"other.csv": written()},
        [Refused(["nowhere.csv"], rule="file_missing")],
        source="nowhere.csv",
    ),
    Case(
        "pattern-without-match",
        {"other.csv": written()},
        [Refused(["2025-*.csv"], rule="file_missing")],
        source="2025-*.csv",
    ),
    Case("source-is-a-folder-of-text", {"in/a.csv": written()}, [Used(), Refused(["in"])], source="in"),
    text_case("unknown-setting", written(), Refused(["delimeter", "delimiter"]), read={"delimeter": ","}),
]
