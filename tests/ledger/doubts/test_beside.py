"""Does a sheet that is left out list orders as returned? Doubted, left out when told so, and let be otherwise."""

from __future__ import annotations

import pytest
import xlsxwriter

from ..conftest import Desk
from .asking import ask, gives


def workbook(desk: Desk, sheet: str, orders: list[str]) -> None:
    with xlsxwriter.Workbook(desk.folder / "orders.xlsx") as book:
        first = book.add_worksheet("Orders")
        rows = [("customer", "order", "date", "amount")]
        rows += [(f"c{n % 4}", f"A{n}", f"2024-01-{n + 1:02}", 10) for n in range(8)]
        for at, row in enumerate(rows):
            first.write_row(at, 0, row)
        second = book.add_worksheet(sheet)
        second.write_row(0, 0, ("Returned", "Order ID"))
        for at, order in enumerate(orders, 1):
            second.write_row(at, 0, ("Yes", order))


@pytest.mark.parametrize("sheet", ["Returns", "退货", "Devoluciones"])
def test_orders_that_a_sheet_lists_as_returned(desk: Desk, sheet: str) -> None:
    """Eight orders of 10, of which A0, A4 (of one customer) and A5 came back."""
    workbook(desk, sheet, ["A0", "A4", "A5"])
    about = {"source": "orders.xlsx", "read": {"sheet": "Orders"}}
    doubt = ask(desk, **about)["returns_beside"]
    assert (doubt.count, doubt.money) == (3, 30.0)
    assert gives(doubt) == {"left_out": (50.0, 5, 3), "as_is": (80.0, 8, 4)}
    about["read"] |= {"returned_orders": sheet}
    assert "returns_beside" not in ask(desk, **about)


@pytest.mark.parametrize(("sheet", "orders"), [("People", ["A0", "A4", "A5"]), ("Returns", ["Z1", "Z2", "A5"])])
def test_sheets_that_list_nothing_of_the_kind(desk: Desk, sheet: str, orders: list[str]) -> None:
    workbook(desk, sheet, orders)
    assert "returns_beside" not in ask(desk, source="orders.xlsx", read={"sheet": "Orders"})


def test_what_it_lists_is_left_out_when_told_so(desk: Desk) -> None:
    workbook(desk, "Returns", ["A0", "A4", "A5"])
    report = desk.build(source="orders.xlsx", read={"sheet": "Orders", "returned_orders": "Returns"})
    assert {issue["rule"]: issue["count"] for issue in report.issues}["order_returned"] == 3
    assert desk.table("customers").net_sales.sum() == 50
