"""Which rows are sales: every reading of a status, a type, a side, a refund and a sign worked out by hand."""

from __future__ import annotations

import pytest

from ..conftest import COLUMNS, Desk
from .asking import ask, gives, openly

# sales of 100, 40 and 7 beside one of 20 that is in question: 167 in all, 147 without it, 127 where it is taken off
ROWS = [("ann", 1, "2024-01-05", 100), ("bob", 2, "2024-01-06", 20), ("bob", 3, "2024-01-07", 40), ("cho", 4, "2024-01-08", 7)]  # fmt: skip


def log(header: str, *said: str) -> str:
    lines = [",".join(map(str, (*row, one))) for row, one in zip(ROWS, said, strict=True)]
    return "\n".join([f"customer,order,date,amount,{header}", *lines, ""])


@pytest.mark.parametrize(
    ("header", "plain", "odd"),
    [("Status", "Complete", "Cancelled"), ("订单状态", "交易成功", "交易关闭"), ("Status", "Versandt", "Storniert"), ("Stato", "Consegnato", "Annullato")],
)  # fmt: skip
def test_a_status_that_sounds_like_no_sale(desk: Desk, header: str, plain: str, odd: str) -> None:
    content = log(header, plain, odd, plain, plain)
    doubt = ask(desk, content)["status_unclear"]
    assert (doubt.count, doubt.money, doubt.share, doubt.values) == (1, 20.0, pytest.approx(20 / 167), (odd,))
    assert doubt.first == (("orders.csv", 3, odd),)
    assert gives(doubt) == {"left_out": (147.0, 3, 3), "as_is": (167.0, 4, 3)}
    assert doubt.likely.lines == (f'columns.order_status: "{header}"', f'read.left_out_statuses: ["{odd}"]')
    mapped = COLUMNS | {"order_status": header}
    for read in ({"left_out_statuses": [odd]}, {"sale_statuses": [odd]}):
        assert "status_unclear" not in ask(desk, content, columns=mapped, read=read)


def test_what_was_accepted_or_settled_stands_and_stays_seen(desk: Desk) -> None:
    content = log("type", "Sale", "Refund", "Sale", "Sale")
    doubt = ask(desk, content)["type_unclear"]
    assert gives(doubt) == {"returns": (127.0, 3, 3), "left_out": (147.0, 3, 3), "as_is": (167.0, 4, 3)}
    for answer in ({"rules": {"type_unclear": "accepted"}}, {"settled": {"type_unclear": "as_is"}}):
        doubt = ask(desk, content, **answer)["type_unclear"]
        assert (doubt.stands, doubt.settled, doubt.money) == (True, "as_is", 20.0)


def test_debit_and_credit_without_a_minus(desk: Desk) -> None:
    doubt = ask(desk, log("借贷方向", "贷", "借", "贷", "贷"))["debit_credit"]
    assert gives(doubt) == {"returns": (127.0, 3, 3), "turned": (20 - 147.0, 1, 3), "as_is": (167.0, 4, 3)}
    assert doubt.likely.lines == ('columns.order_type: "借贷方向"', 'read.return_types: ["借"]')


def test_refunds_beside_the_amount(desk: Desk) -> None:
    content = log("退款金额", "0", "20", "15", "0")
    doubt = ask(desk, content)["refund_unmapped"]
    assert (doubt.count, doubt.money) == (2, 60.0)
    assert gives(doubt) == {
        "taken_off": (132.0, 3, 3),
        "as_is": (167.0, 4, 3),
    }  # 167 - 20 - 15; of bob's first nothing is left
    assert openly(ask(desk, content, columns=COLUMNS | {"refund": "退款金额"})) == set()


def test_a_ledger_with_the_sign_turned(desk: Desk) -> None:
    lines = [f"c{n % 3},{n},2024-01-{n + 1:02},-10" for n in range(11)] + ["c1,11,2024-01-12,30"]
    content = "\n".join(["customer,order,date,amount", *lines, ""])
    doubt = ask(desk, content)["sign_turned"]
    assert (doubt.count, doubt.money) == (11, -110.0)
    assert gives(doubt) == {"turned": (80.0, 11, 3), "as_is": (-80.0, 1, 3)}
    assert "sign_turned" not in ask(desk, "\n".join(content.splitlines()[:9]) + "\n")  # eight rows show no pattern


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Status", ("Complete", "Not refunded", "Complete", "Shipped")),
        ("payment", ("Credit card", "Credit card", "PayPal", "Invoice")),
        ("退款金额", ("0", "0", "0.00", "0")),
        ("is_cancelled", ("0", "no", "0", "false")),
        ("grade", ("D", "A", "D", "A")),
    ],
)
def test_honest_columns_raise_nothing(desk: Desk, header: str, said: tuple[str, ...]) -> None:
    assert ask(desk, log(header, *said)) == {}


def test_an_amount_that_is_net_of_refunds_already(desk: Desk) -> None:
    # paid and given back come to the order's total beside them: 147 of 167 + 15 were kept
    rows = [("ann", 1, "2024-01-05", 100, 0, 100), ("bob", 2, "2024-01-06", 0, 20, 20), ("bob", 3, "2024-01-07", 25, 15, 40), ("cho", 4, "2024-01-08", 7, 0, 7)]  # fmt: skip
    lines = [",".join(map(str, row)) for row in rows]
    content = "\n".join(["customer,order,date,amount,退款金额,总金额", *lines, ""])
    assert "refund_unmapped" not in ask(desk, content)
    assert "refund_unmapped" in ask(desk, content.replace("25,15,40", "40,15,40"))


@pytest.mark.parametrize("header", ["status", "订单状态", "Auftragsstatus"])
def test_statuses_that_are_bare_codes(desk: Desk, header: str) -> None:
    content = log(header, "1", "5", "1", "3")
    doubt = ask(desk, content)["status_unclear"]
    assert gives(doubt) == {"without_5": (147.0, 3, 3), "without_3": (160.0, 3, 2), "as_is": (167.0, 4, 3)}
    assert doubt.likely.lines == (f'columns.order_status: "{header}"', 'read.left_out_statuses: ["5"]')
    mapped = COLUMNS | {"order_status": header}
    assert "status_unclear" not in ask(desk, content, columns=mapped, read={"left_out_statuses": ["5"]})
    assert "status_unclear" not in ask(desk, log(header, "1", "1", "1", "1"))


def test_orders_that_wait_may_be_sales_where_the_cancelled_are_none(desk: Desk) -> None:
    doubt = ask(desk, log("status", "Paid", "Voided", "Paid", "Pending"))["status_unclear"]
    assert gives(doubt) == {"left_out": (140.0, 2, 2), "back_left_out": (147.0, 3, 3), "as_is": (167.0, 4, 3)}
    only = next(reading for reading in doubt.readings if reading.code == "back_left_out")
    assert only.lines[1:] == ('read.left_out_statuses: ["Voided"]', 'read.sale_statuses: ["Pending"]')


def test_no_reading_leaves_nothing(desk: Desk) -> None:
    found = ask(desk, log("status", "cancelled", "cancelled", "cancelled", "cancelled")).get("status_unclear")
    assert found is None or all(reading.orders for reading in found.readings)
