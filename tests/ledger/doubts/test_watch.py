"""Which columns beside the mapped ones are looked at: by header, by what stands in them, and never by chance."""

from __future__ import annotations

import pytest

from kalib.ledger.doubts.watch import are_currencies, are_sides, pick, speaks_of_no_sale


def kinds(samples: dict[str, list[str]], mapped: dict[str, str] | None = None) -> dict[str, str]:
    return {one.header: one.kind for one in pick(samples, mapped or {})}


@pytest.mark.parametrize(
    ("header", "values", "kind"),
    [
        ("Financial Status", ["paid", "refunded"], "status"),
        ("订单状态", ["交易成功", "交易关闭"], "status"),
        ("Belegart", ["F2", "RE"], "type"),
        ("注文区分", ["売上", "返品"], "type"),
        ("Soll/Haben-Kennzeichen", ["S", "H"], "debit_credit"),
        ("方向", ["借", "贷"], "debit_credit"),
        ("is_cancelled", ["0", "1"], "flag"),
        ("是否作废", ["否", "是"], "flag|status"),
        ("Cancelled at", [], "filled"),
        ("退款金额", ["0.00", "12.50"], "refund"),
        ("结算币种", ["CNY", "USD"], "currency"),
        ("Waers", ["EUR"], "currency"),
        ("whatever", ["Storniert", "Offen"], "status"),  # by what stands in it
        ("Debitor", ["4711"], "customer"),
    ],
)
def test_what_is_watched(header: str, values: list[str], kind: str) -> None:
    assert kinds({header: values})[header] in kind.split("|")


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("note", ["please call", "no"]),
        ("department", ["退货处理部", "Sales"]),  # a department of returns takes nothing back
        ("country", ["FRA", "DEU"]),
        ("grade", ["A", "D"]),  # two letters alone are no debit and credit
        ("Status", [str(number) for number in range(61)]),  # as many values as no status has
        ("Cashier", ["Ann", "Bob"]),
    ],
)
def test_what_is_not(header: str, values: list[str]) -> None:
    assert kinds({header: values}) == {}


def test_what_is_mapped_is_not_asked_about() -> None:
    samples = {"Currency": ["EUR", "USD"], "Refund amount": ["1"]}
    assert set(kinds(samples).values()) == {"currency", "refund"}
    assert kinds(samples, {"currency": "Waers", "refund": "other"}) == {}


def test_of_a_kind_three_at_most_and_those_with_a_header_first() -> None:
    samples = {"a": ["void"], "b": ["void"], "c": ["void"], "Order Status": ["void"]}
    assert kinds(samples) == {"a": "status", "b": "status", "Order Status": "status"}


def test_sides_currencies_and_closed() -> None:
    assert [are_sides(pair) for pair in (["Soll", "Haben"], ["DR", "cr"], ["S", "S"], ["D", "X"])] == [True, True, False, False]  # fmt: skip
    assert [are_currencies(each) for each in (["EUR", "usd"], ["人民币", "美元"], [], ["EUR", "x"])] == [True, True, False, False]  # fmt: skip
    assert speaks_of_no_sale(["complete", "closed"], is_type=False) == {"closed": "returned"}
    assert speaks_of_no_sale(["open", "closed"], is_type=False) == {}
