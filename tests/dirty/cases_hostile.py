"""What would somebody write who wants a reader to break? Formulas, markup, SQL, paths, giants, and names of our own."""

from __future__ import annotations

from case import HEADER, LOG, Case, Met, Refused, Row, Used, left_out, plus, text_case, with_row, written

MORE = ("1007", "2025-06-02", "12.50")
MAPPED = {"customer_id": "customer", "order_id": "order", "order_date": "day", "amount": "amount"}


def _as_is(name: str, *customers: str) -> Case:
    """Return a case of customers whose names must be kept to the letter, and do nothing."""
    rows = [Row(customer, str(2000 + at), "2025-06-02", "12.50") for at, customer in enumerate(customers)]
    cells = [('"' + row.customer.replace('"', '""') + '"', *row[1:]) for row in rows]
    return text_case(name, written([*LOG, *cells]), Used([*LOG, *rows]))


def _header(name: str, column: str, ours: str = "customer_id", *others: Used | Refused) -> Case:
    """Return a case whose column has a name that could be taken for something else."""
    theirs = {**MAPPED, ours: column}
    quoted = ['"' + theirs[mine].replace('"', '""') + '"' for mine in MAPPED]
    return text_case(name, written(header=quoted), Used(), *others, columns=theirs)


def _beside(name: str, *columns: str) -> Case:
    """Return a case with columns that are not mapped and bear names which a program may use itself."""
    return text_case(
        name, written([(*row, *("z" for _ in columns)) for row in LOG], header=(*HEADER, *columns)), Used()
    )


def _wide() -> bytes:
    """10,000 columns, the mapped ones among them."""
    names = [f"c{at}" for at in range(10_000)]
    for at, name in zip((9_999, 5_000, 17, 300), HEADER, strict=True):
        names[at] = name
    rows = [",".join(names)]
    for row in LOG:
        cells = ["1"] * 10_000
        for at, cell in zip((9_999, 5_000, 17, 300), row, strict=True):
            cells[at] = cell
        rows.append(",".join(cells))
    return ("\n".join(rows) + "\n").encode()


INTERNAL = (
    "file",
    "line",
    "whole",
    "rule",
    "amount_",
    "first_cell",
    "bad_column",
    "bad_value",
    "repairs",
    "rowid",
    "filename",
    "customer_id",
    "order_id",
    "order_date",
    "is_return",
    "repeat",
    "raw",
    "parsed",
    "unread",
    "lines",
    "value",
    "column",
    "action",
    "count",
)
CASES = [
    _as_is(
        "hostile-formulas", '=cmd|"/C calc"!A0', "+1+1", "-2+3", "@SUM(A1)", '=HYPERLINK("http://x.invalid")', "=1+1"
    ),
    _as_is(
        "hostile-markup",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;b&gt;",
        "{{ 7*7 }}",
        "${jndi:ldap://x}",
        "]]>",
    ),
    _as_is(
        "hostile-sql",
        "'; DROP TABLE raw; --",
        '"; DROP TABLE raw; --',
        "' OR '1'='1",
        "1); COPY raw TO '/tmp/kalib-escaped.csv'; --",
        "$$",
        "?",
        ":a",
        "%s",
        "{0}",
        "{customer}",
    ),
    _as_is(
        "hostile-paths",
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\Windows\\system32",
        "..",
        "~",
        "con",
        "file:///etc/passwd",
        "a/b",
    ),
    _as_is("hostile-control-characters", "a\x01b", "bell\x07", "\x1b[31mred", "del\x7f", "back\x08space"),
    _as_is("hostile-rich-markup", "[bold]x[/bold]", "[/]", "[link=http://x.invalid]x[/link]", "\\[x"),
    _as_is("hostile-directions", "abc\u202edef", "\u2066x\u2069y"),
    _as_is(
        "hostile-code-points", "\ufffd", "\ufffe", "\U0010ffff", "e\u0301", "\u0130stanbul", "stra\u00dfe", "\ue000"
    ),
    _as_is("hostile-yaml", "!!python/object/apply:os.system ['true']", "- a: b", "null: true", "*a"),
    _as_is("hostile-a-megabyte", "x" * 1_000_000),
    text_case(
        "hostile-a-megabyte-of-digits",
        with_row("C01", "1007", "2025-06-02", "9" * 1_000_000),
        left_out("number_unreadable"),
    ),
    text_case(
        "hostile-a-megabyte-as-date", with_row("C01", "1007", "2" * 1_000_000, "1.00"), left_out("date_unreadable")
    ),
    text_case(
        "hostile-three-megabytes-unmapped",
        written([*((*row, "x") for row in LOG), ("C01", *MORE, "y" * 3_000_000)], header=(*HEADER, "note")),
        Used(plus()),
        Used(aside=1, met=[Met("row_broken|row_long", 1, 9)]),
        Refused(["9"]),
    ),
    text_case("hostile-no-line-end-at-all", b"x" * 5_000_000, Refused(["customer|header"])),
    text_case("hostile-only-separators", b"," * 200_000 + b"\n", Refused(["customer|header"])),
    text_case("hostile-only-quotes", b'"' * 100_001, Refused(["orders.csv"])),
    text_case("hostile-ten-thousand-columns", _wide, Used(), Refused(["10,000|10000"])),
    text_case(
        "hostile-a-header-of-a-megabyte",
        written([(*row, "x") for row in LOG], header=(*HEADER, "h" * 1_000_000)),
        Used(),
        Refused(["orders.csv"]),
    ),
    text_case(
        "hostile-numbers-that-explode",
        with_row("C01", "1007", "2025-06-02", "1e999999999"),
        left_out("number_unreadable", value="1e999999999"),
    ),
    text_case(
        "hostile-number-for-slow-patterns",
        with_row("C01", "1007", "2025-06-02", "1," * 50_000 + "x"),
        Used(aside=1, met=[Met("row_long|number_unreadable", 1, 9)]),
    ),
    text_case(
        "hostile-quoted-number-for-slow-patterns",
        with_row("C01", "1007", "2025-06-02", '"' + "1," * 50_000 + 'x"'),
        left_out("number_unreadable"),
    ),
    text_case(
        "hostile-blanks-for-slow-patterns",
        with_row("C01", "1007", "2025-06-02", " " * 100_000 + "x"),
        left_out("number_unreadable"),
    ),
    _header("header-with-sql", 'customer_id""; DROP TABLE raw; --'),
    _header("header-with-quote", 'the "customer"'),
    _header("header-with-apostrophe", "customer's"),
    _header("header-with-comma", "customer, name"),
    _header("header-with-braces", "{customer}"),
    _header("header-with-percent", "100%"),
    _header("header-with-dollar", "$1"),
    _header("header-with-backslash", "a\\b"),
    _header("header-with-question-mark", "who?"),
    _header("header-with-points", "a.b.c"),
    _header("header-with-markup", "<b>customer</b>"),
    _header("header-of-blanks-inside", "customer  id"),
    _header("header-emoji", "🏪"),
    _header("header-very-long", "c" * 3000, "customer_id", Refused(["long|3,000|3000"])),
    _header("header-of-formula", '=cmd|"/C calc"!A0'),
    _header("header-with-control-character", "cust\x01omer", "customer_id", Refused(["orders.csv"])),
    _header("header-with-right-to-left-mark", "\u202ecustomer", "customer_id", Refused(["orders.csv"])),
    _header("header-select", "select"),
    *(
        _header(f"header-called-{word}", word)
        for word in ("file", "line", "whole", "rule", "first_cell", "rowid", "value", "amount_")
    ),
    _header("header-amount-called-order_id", "order_id", "amount"),
    _header("header-order-called-amount", "AMOUNT_", "order_id"),
    text_case(
        "headers-exchanged-with-ours",
        written(header=("amount", "order_date", "order_id", "customer_id")),
        Used(),
        columns={"customer_id": "amount", "order_id": "order_date", "order_date": "order_id", "amount": "customer_id"},
    ),
    _beside("headers-of-our-own-beside", *INTERNAL),
    _beside("headers-of-our-own-in-capitals", *(name.upper() for name in ("file", "line", "whole", "rule", "rowid"))),
    _beside("headers-column0", "column0", "column1", "column00", "col_1", "unnamed: 0", "index", "level_0"),
    text_case("hostile-job-name", written(), Refused(["job"]), job="../../escape"),
    Case("hostile-source-url", {"other.csv": written()}, [Refused(["file:"])], source="file:///etc/passwd"),
    Case(
        "hostile-file-name",
        {"or'ders; DROP TABLE raw --.csv": written([*LOG, Row("C01", "1007", "soon", "1.00")])},
        [left_out("date_unreadable", value="soon")],
        source="or'ders; DROP TABLE raw --.csv",
    ),
    Case(
        "hostile-file-name-with-pattern-signs",
        {"orders[1].csv": written()},
        [Used(), Refused(["orders[1].csv"])],
        source="orders[1].csv",
    ),
    Case(
        "hostile-file-name-chinese", {"订单 2025（上半年）.csv": written()}, [Used()], source="订单 2025（上半年）.csv"
    ),
    Case("hostile-file-name-hive", {"customer=C99/orders.csv": written()}, [Used()], source="customer=C99/orders.csv"),
    Case("hostile-file-name-braces", {"orders{a,b}%20.csv": written()}, [Used()], source="orders{a,b}%20.csv"),
    Case("hostile-source-is-the-job", {"other.csv": written()}, [Refused(["job.yaml"])], source="job.yaml"),
    Case("hostile-source-is-a-device", {"other.csv": written()}, [Refused(["/dev/zero|file"])], source="/dev/zero"),
    Case(
        "hostile-pattern-over-everything",
        {"orders.csv": written(), "x.bin": b"\0\1\2"},
        [Refused(["job.yaml|x.bin"])],
        source="*",
    ),
]
