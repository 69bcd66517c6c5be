"""Which rows belong to the one above: an order's head that is written once, by hand."""

from __future__ import annotations

from ..conftest import HEADER, Desk
from .asking import ask, gives

ONCE = HEADER + "ann,1,2024-01-05,10\n,,,20\n,,,30\nbob,2,2024-01-06,5\n,,,7\n"


def test_heads_that_are_written_once(desk: Desk) -> None:
    doubt = ask(desk, ONCE)["header_once"]
    assert (doubt.count, doubt.money) == (3, 57.0)
    assert gives(doubt) == {"fill_down": (72.0, 2, 2), "as_is": (15.0, 2, 2)}
    assert [place[:2] for place in doubt.first] == [("orders.csv", 3), ("orders.csv", 4), ("orders.csv", 6)]
    for choice in (True, False):
        assert "header_once" not in ask(desk, read={"fill_down": choice})
    desk.build(read={"fill_down": True})
    assert desk.table("customers").net_sales.tolist() == [60.0, 12.0]


def test_a_row_without_a_customer_is_of_nobody(desk: Desk) -> None:
    assert ask(desk, HEADER + "ann,1,2024-01-05,10\n,2,2024-01-06,20\n,4,2024-01-06,20\nbob,3,2024-01-07,5\n") == {}
