"""What is an order, and does money stand there more than once: each reading worked out by hand."""

from __future__ import annotations

from ..conftest import COLUMNS, HEADER, Desk
from .asking import ask, gives, openly

GOODS = COLUMNS | {"product": "product"}


def log(*rows: tuple[object, ...], header: str = HEADER) -> str:
    return header + "".join(",".join(map(str, row)) + "\n" for row in rows)


def test_a_number_that_is_of_lines(desk: Desk) -> None:
    """Six customers, each on two days with three lines of 5: 36 numbers, 12 orders."""
    rows = [(f"c{c}", f"{c}{day}-{n}", f"2024-01-0{day}", 5) for c in range(6) for day in (1, 2) for n in (1, 2, 3)]
    doubt = ask(desk, log(*rows))["order_is_line"]
    assert gives(doubt) == {"prefix": (180.0, 12, 6), "day": (180.0, 12, 6), "as_is": (180.0, 36, 6)}
    assert openly(ask(desk, settled={"order_is_line": "day"})) == set()
    assert "order_is_line" not in ask(desk, read={"order_pattern": "^(.+)-[0-9]+$"})


def test_numbers_of_a_customer_that_orders_often_are_let_be(desk: Desk) -> None:
    rows = [(f"c{n % 12}", n, f"2024-01-{n % 28 + 1:02}", 5 + n) for n in range(84)]
    assert openly(ask(desk, log(*rows))) == set()


def test_a_placeholder_is_no_number(desk: Desk) -> None:
    """Ten customers under PHONE on ten days, beside twenty numbers of one customer each."""
    rows = [(f"c{n}", "PHONE", f"2024-01-{n + 1:02}", 10) for n in range(10)]
    rows += [(f"c{n % 10}", f"A{n}", f"2024-02-{n + 1:02}", 10) for n in range(20)]
    doubt = ask(desk, log(*rows))["order_placeholder"]
    assert (doubt.values, doubt.count, doubt.money) == (("PHONE",), 10, 100.0)
    assert gives(doubt) == {"placeholder": (300.0, 30, 10), "as_is": (300.0, 30, 10)}
    assert "order_placeholder" not in ask(desk, read={"order_placeholders": ["PHONE"]})


def test_a_source_that_stands_there_twice(desk: Desk) -> None:
    rows = [(f"c{n % 5}", n, f"2024-01-{n + 1:02}", n + 1) for n in range(13)]  # 1 + ... + 13 = 91
    doubt = ask(desk, log(*rows, *rows))["rows_twice"]
    assert (doubt.count, doubt.money, doubt.first[0]) == (13, 91.0, ("orders.csv", 15, None))
    assert gives(doubt) == {"once": (91.0, 13, 5), "as_is": (182.0, 13, 5)}
    for choice in ("keep", "drop"):
        assert "rows_twice" not in ask(desk, read={"duplicates": choice})
    assert "rows_twice" not in ask(desk, log(*rows, *rows[:4]))  # 4 of 17 is less than three tenths


def test_a_join_that_fans_out(desk: Desk) -> None:
    """Twelve lines of 10, half of them once for each of two payments."""
    rows = [(f"c{n}", n, "2024-01-05", 10, f"p{n}", pay) for n in range(12) for pay in ("card", "gift")[: 1 + n % 2]]
    content = log(*rows, header="customer,order,date,amount,product,pay\n")
    doubt = ask(desk, content, columns=GOODS)["lines_repeated"]
    assert (doubt.count, doubt.money) == (6, 60.0)
    assert gives(doubt) == {"once": (120.0, 12, 12), "as_is": (180.0, 12, 12)}
    settled = ask(desk, columns=GOODS, settled={"lines_repeated": "once"})["lines_repeated"]
    assert (settled.stands, settled.settled, settled.money) == (True, "once", 60.0)


def test_the_total_of_an_order_on_each_line(desk: Desk) -> None:
    """Six orders of three lines, on each of them its order's total: 10 + 20 + ... + 60 = 210."""
    rows = [(f"c{n % 3}", n, f"2024-01-0{n + 1}", 10 * (n + 1), line) for n in range(6) for line in "abc"]
    doubt = ask(desk, log(*rows, header="customer,order,date,amount,line\n"))["order_total_on_lines"]
    assert gives(doubt) == {"once": (210.0, 6, 3), "as_is": (630.0, 6, 3)}


def test_an_orders_own_row_beside_its_goods(desk: Desk) -> None:
    """Five orders of 10 + 20, each below its own row of 30."""
    rows = [(f"c{n}", n, "2024-01-05", amount) for n in range(5) for amount in (30, 10, 20)]
    doubt = ask(desk, log(*rows))["header_and_items"]
    assert (doubt.count, doubt.money) == (5, 150.0)
    assert gives(doubt) == {"items": (150.0, 5, 5), "as_is": (300.0, 5, 5)}


def test_a_number_of_several_customers_is_told(desk: Desk) -> None:
    rows = [(customer, n, f"2024-01-0{n + 1}", 5 + n) for n in range(1, 6) for customer in ("ann", "bob")]
    doubts = ask(desk, log(*rows))
    assert openly(doubts) == set()
    assert doubts["order_shared"].count == 5  # ten orders, five numbers
