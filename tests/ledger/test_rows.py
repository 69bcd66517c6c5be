"""Do the settings that decide which rows count, and what they are worth, come to the figures that a hand works out?"""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from kalib.errors import DataError, SettingsError
from kalib.ledger import LedgerReport

from .conftest import HEADER, Desk

FOUR = HEADER + "ann,1,2024-01-05,10.00\nann,2,2024-01-06,{}\nbob,3,2024-01-07,5.00\nbob,4,2024-01-08,7.00\n"
GOODS = {"customer_id": "customer", "order_id": "order", "order_date": "date", "quantity": "pieces", "amount": "amount"}
PRICED = {"customer_id": "customer", "order_id": "order", "order_date": "date", "quantity": "n", "unit_price": "price"}


def found(report: LedgerReport) -> dict[str, tuple]:
    """Return what was done under each rule: the action, rows, money."""
    assert report.rows_read == report.rows_used + report.rows_set_aside
    return {str(issue["rule"]): (issue["action"], issue["count"], issue["amount"]) for issue in report.issues}


def customers(desk: Desk, *columns: str) -> dict[str, tuple]:
    table = desk.table("customers")
    return dict(zip(table["customer_id"], table[list(columns)].itertuples(index=False, name=None), strict=True))


# --- rules ------------------------------------------------------------------------------------------------------------


def test_what_is_set_aside_can_be_a_reason_to_refuse(desk: Desk) -> None:
    content = FOUR.format("ten")
    assert found(desk.build(content)) == {"number_unreadable": ("set_aside", 1, 0.0)}
    with pytest.raises(DataError) as refusal:
        desk.build(content, rules={"number_unreadable": "refused"})
    error = refusal.value
    assert (error.rule, error.file, error.line, error.column, error.value) == (
        "number_unreadable",
        "orders.csv",
        3,
        "amount",
        "ten",
    )
    for part in ("orders.csv", "line 3", "column amount", "'ten'", "`rules.number_unreadable: refused`"):
        assert part in str(error)


def test_a_refusal_that_a_job_asks_for_leaves_what_was_there(desk: Desk) -> None:
    desk.build(FOUR.format("1.00"))
    before = {path: path.read_bytes() for path in sorted(desk.out.rglob("*")) if path.is_file()}
    with pytest.raises(DataError):
        desk.build(FOUR.format("0.00"), rules={"amount_zero": "refused"})
    assert {path: path.read_bytes() for path in sorted(desk.out.rglob("*")) if path.is_file()} == before


def test_what_is_accepted_can_be_set_aside(desk: Desk) -> None:
    content = FOUR.format("0.00")
    assert found(desk.build(content)) == {"amount_zero": ("accepted", 1, 0.0)}
    assert customers(desk, "orders", "net_sales") == {"ann": (1, 10.0), "bob": (2, 12.0)}  # without money, no order
    report = desk.build(content, rules={"amount_zero": "set_aside"})
    assert found(report) == {"amount_zero": ("set_aside", 1, 0.0)}
    assert (report.rows_used, report.rows_set_aside) == (3, 1)
    assert customers(desk, "orders", "net_sales") == {"ann": (1, 10.0), "bob": (2, 12.0)}
    aside = desk.table("set_aside")
    assert aside[["file", "line", "rule", "customer_id"]].values.tolist() == [["orders.csv", 3, "amount_zero", "ann"]]


def test_what_is_repaired_can_be_set_aside(desk: Desk) -> None:
    content = FOUR.format("(4.00)")
    assert found(desk.build(content)) == {"negative_written": ("repaired", 1, -4.0), "return": ("accepted", 1, -4.0)}
    report = desk.build(content, rules={"negative_written": "set_aside"})
    assert found(report) == {"negative_written": ("set_aside", 1, -4.0)}
    assert customers(desk, "net_sales") == {"ann": (10.0,), "bob": (12.0,)}
    aside = desk.table("set_aside")
    assert aside[["line", "column", "value"]].values.tolist() == [[3, "amount", "(4.00)"]]


def test_signs_that_disagree_can_be_accepted(desk: Desk) -> None:
    """A negative quantity makes the line a return, whose money is what the file says it is."""
    content = "customer,order,date,pieces,amount\nann,1,2024-01-05,2,10.00\nann,2,2024-01-06,-1,5.00\n"
    report = desk.build(content, columns=GOODS)
    assert found(report) == {"sign_conflict": ("set_aside", 1, 5.0)}
    assert customers(desk, "orders", "net_sales") == {"ann": (1, 10.0)}
    report = desk.build(content, columns=GOODS, rules={"sign_conflict": "accepted"})
    assert found(report) == {"sign_conflict": ("accepted", 1, 5.0), "return": ("accepted", 1, 5.0)}
    assert customers(desk, "orders", "net_sales") == {"ann": (1, 15.0)}


def test_a_rule_is_only_changed_where_that_makes_sense(desk: Desk) -> None:
    with pytest.raises(SettingsError, match="total_row"):
        desk.build(FOUR.format("1.00"), rules={"total_row": "accepted"})
    with pytest.raises(SettingsError, match="did you mean `amount_zero`"):
        desk.build(FOUR.format("1.00"), rules={"amount_zer": "set_aside"})


# --- accounts ---------------------------------------------------------------------------------------------------------


def test_customers_are_their_top_parents(desk: Desk) -> None:
    """ann and bob belong to north, north to group; cho stands alone; dan is not in the table; eva's parent is."""
    desk.put("id,above\nann,north\nbob,north\nnorth,group\ngroup,\ncho,\neva,cho\n", "accounts.csv")
    content = HEADER + (
        "ann,1,2024-01-05,10.00\nbob,2,2024-01-05,20.00\nnorth,3,2024-02-01,1.00\nann,4,2024-02-01,-10.00\n"
        "cho,5,2024-01-10,7.00\neva,6,2024-03-01,8.00\ndan,7,2024-02-02,9.00\n"
    )
    accounts = {"source": "accounts.csv", "columns": {"customer_id": "id", "parent_id": "above"}}
    desk.build(content, accounts=accounts)
    own = desk.table("customers")
    assert sorted(own["customer_id"]) == ["ann", "bob", "cho", "dan", "eva", "north"]
    report = desk.build(content, accounts=accounts, level="parent")
    # Order 1 of ann was cancelled by her return of the same money.
    assert customers(desk, "orders", "net_sales", "returns") == {
        "group": (2, 21.0, 10.0),
        "cho": (2, 15.0, 0.0),
        "dan": (1, 9.0, 0.0),
    }
    assert report.as_of == dt.date(2024, 3, 1)
    table = desk.table("customers").set_index("customer_id")
    assert table["days_since_last_order"].to_dict() == {"group": 29, "cho": 0, "dan": 28}
    assert table["gap_days"].dropna().to_dict() == {"group": 27.0, "cho": 51.0}
    for name in ("customers", "months"):
        assert desk.table(name)["net_sales"].sum() == own["net_sales"].sum() == report.sales_used == 45.0
    assert set(desk.table("order_days")["customer_id"]) == {"group", "cho", "dan"}


def test_without_parents_there_is_no_level_of_parents(desk: Desk) -> None:
    with pytest.raises(ValueError, match="`level: parent` needs `accounts:`"):
        desk.build(FOUR.format("1.00"), level="parent")


# --- currencies -------------------------------------------------------------------------------------------------------

ABROAD = {"customer_id": "customer", "order_id": "order", "order_date": "date", "amount": "amount", "currency": "cur"}


def test_money_is_converted_exactly_and_rounded_once(desk: Desk) -> None:
    """Three times 0.01 USD are 0.0237 GBP, not three times 0.01."""
    content = (
        "customer,order,date,amount,cur\nann,1,2024-01-05,0.01,USD\nann,2,2024-01-05,0.01,usd\nann,3,2024-01-05,0.01,USD\n"
        "bob,4,2024-01-06,10.00,USD\nbob,5,2024-01-06,10.00,GBP\nbob,6,2024-01-06,10.00,\ncho,7,2024-01-06,-2.00,EUR\n"
    )
    rates = {"USD": "0.79", "EUR": "0.85"}
    report = desk.build(content, columns=ABROAD, currency="GBP", rates=rates)
    assert customers(desk, "orders", "net_sales") == {"ann": (3, 0.02), "bob": (2, 17.9), "cho": (0, -1.7)}
    assert found(report) == {
        "currency_missing": ("set_aside", 1, 10.0),
        "currency_converted": ("repaired", 5, 6.22),
        "return": ("accepted", 1, -1.7),
    }


def test_a_currency_without_a_rate_is_refused(desk: Desk) -> None:
    content = "customer,order,date,amount,cur\nann,1,2024-01-05,1.00,USD\nann,2,2024-01-05,1.00,EUR\n"
    with pytest.raises(DataError) as refusal:
        desk.build(content, columns=ABROAD, currency="GBP", rates={"USD": "0.79"})
    error = refusal.value
    assert (error.rule, error.file, error.line, error.value) == ("currency_mixed", "orders.csv", 3, "EUR")
    assert "orders.csv, line 3, column cur (`currency`), value 'EUR': " in str(error)


# --- types of orders --------------------------------------------------------------------------------------------------

TYPED = {"customer_id": "customer", "order_id": "order", "order_date": "date", "amount": "amount", "order_type": "kind"}
KINDS = (
    "customer,order,date,amount,kind\nann,1,2024-01-05,10.00,Sale\nann,2,2024-01-06,4.00,Refund\nann,3,2024-01-07,-1.00,Refund\n"
    "bob,4,2024-01-06,50.00,Quote\nbob,5,2024-01-07,6.00,Sale\nbob,6,2024-01-08,2.00,\n"
)


def test_returns_and_what_is_no_order_by_their_type(desk: Desk) -> None:
    read = {"return_types": ["Refund"], "left_out_types": "Quote"}
    report = desk.build(KINDS, columns=TYPED, read=read)
    assert found(report) == {
        "left_out_type": ("set_aside", 1, 50.0),
        "return_signed": ("repaired", 1, -4.0),
        "return": ("accepted", 2, -5.0),
    }
    assert customers(desk, "orders", "net_sales", "returns") == {"ann": (1, 5.0, 5.0), "bob": (2, 8.0, 0.0)}
    aside = desk.table("set_aside")
    assert aside[["line", "rule", "value"]].values.tolist() == [[5, "left_out_type", "Quote"]]


def test_a_type_that_sounds_like_a_return_is_refused_until_it_is_said_what_it_is(desk: Desk) -> None:
    with pytest.raises(DataError) as refusal:
        desk.build(KINDS, columns=TYPED)
    error = refusal.value
    assert (error.rule, error.file, error.line, error.value) == ("type_unclear", "orders.csv", 3, "Refund")
    assert "Column kind: " in str(error)
    assert "First: line 3 (Refund)" in str(error)
    desk.build(KINDS, columns=TYPED, rules={"type_unclear": "accepted"})
    assert customers(desk, "orders", "net_sales") == {"ann": (2, 13.0), "bob": (3, 58.0)}


# --- discounts --------------------------------------------------------------------------------------------------------

OFF = "customer,order,date,n,price,off\nann,1,2024-01-05,2,10.00,{}\nann,2,2024-01-06,1,3.00,\nbob,3,2024-01-06,-1,10.00,{}\n"


@pytest.mark.parametrize(
    ("unit", "off", "net", "discounts", "back"),
    [
        ("share", "0.15", 20.0, 3.0, -8.5),
        ("share", "15%", 20.0, 3.0, -8.5),
        ("money", "1.50", 21.5, 1.5, None),  # of a return, what the discount of money was is not asked here
    ],
)
def test_the_unit_of_a_discount_decides_the_money(
    desk: Desk, unit: str, off: str, net: float, discounts: float, back: float | None
) -> None:
    columns = {**PRICED, "discount": "off"}
    desk.build(OFF.format(off, off if unit == "share" else ""), columns=columns, read={"discount": unit})
    share = pytest.approx(discounts / (net + discounts), abs=1e-6)
    assert customers(desk, "net_sales", "discounts", "discount_share")["ann"] == (net, discounts, share)
    assert customers(desk, "net_sales")["bob"] == (-10.0 if back is None else back,)


def test_beside_an_amount_the_discount_tells_what_was_taken_off(desk: Desk) -> None:
    """17.00 after 15% were 20.00 before."""
    columns = {**{name: GOODS[name] for name in ("customer_id", "order_id", "order_date", "amount")}, "discount": "off"}
    content = "customer,order,date,amount,off\nann,1,2024-01-05,17.00,{}\n"
    for unit, off in (("share", "0.15"), ("money", "3.00")):
        desk.build(content.format(off), columns=columns, read={"discount": unit})
        assert customers(desk, "net_sales", "discounts", "discount_share") == {"ann": (17.0, 3.0, 0.15)}


def test_a_discount_of_unknown_unit_is_refused_where_money_hangs_on_it(desk: Desk) -> None:
    with pytest.raises(SettingsError, match=r"read: \{discount: share\}"):
        desk.build(OFF.format("0.15", ""), columns={**PRICED, "discount": "off"})


# --- several files ----------------------------------------------------------------------------------------------------

BOTH = ["a.csv", "b.csv"]


def put_both(desk: Desk, first: str, second: str) -> None:
    desk.put(HEADER + first, "a.csv")
    desk.put(HEADER + second, "b.csv")


def test_an_order_that_stands_in_two_files_counts_once(desk: Desk) -> None:
    """Its two equal lines count twice, as in the file that has them most often."""
    order = "ann,1,2024-01-05,10.00\nann,1,2024-01-05,10.00\nann,1,2024-01-05,3.00\n"
    put_both(desk, order + "bob,2,2024-01-06,5.00\n", order + "bob,3,2024-01-06,5.00\n")
    report = desk.build(source=BOTH)
    assert found(report) == {
        "order_in_two_files": ("set_aside", 3, 23.0),
        "duplicate_kept": ("accepted", 1, 10.0),
    }
    assert customers(desk, "orders", "net_sales") == {"ann": (1, 23.0), "bob": (2, 10.0)}
    aside = desk.table("set_aside")
    assert aside[["file", "line"]].values.tolist() == [["b.csv", 2], ["b.csv", 3], ["b.csv", 4]]
    report = desk.build(source=BOTH, rules={"order_in_two_files": "accepted"})
    assert report.rows_used == 8
    assert customers(desk, "orders", "net_sales") == {"ann": (1, 46.0), "bob": (2, 10.0)}
    with pytest.raises(DataError, match=r"b\.csv, line 2") as refusal:
        desk.build(source=BOTH, rules={"order_in_two_files": "refused"})
    assert refusal.value.rule == "order_in_two_files"


def test_two_files_with_different_lines_of_an_order_are_refused(desk: Desk) -> None:
    put_both(desk, "ann,1,2024-01-05,10.00\nann,1,2024-01-05,3.00\n", "ann,1,2024-01-05,10.00\nann,1,2024-01-05,4.00\n")
    with pytest.raises(DataError) as refusal:
        desk.build(source=BOTH)
    error = refusal.value
    assert (error.rule, error.file, error.line, error.column, error.value) == (
        "order_differs",
        "a.csv",
        3,
        "order",
        "1",
    )
    assert "It also stands in b.csv" in str(error)
    report = desk.build(source=BOTH, rules={"order_differs": "accepted"})
    assert found(report) == {"order_in_two_files": ("set_aside", 1, 10.0), "order_differs": ("accepted", 2, 7.0)}
    assert customers(desk, "orders", "net_sales") == {"ann": (1, 17.0)}


def test_a_file_that_has_part_of_an_order_adds_nothing(desk: Desk) -> None:
    put_both(desk, "ann,1,2024-01-05,10.00\n", "ann,1,2024-01-05,10.00\nann,1,2024-01-05,3.00\n")
    assert found(desk.build(source=BOTH)) == {"order_in_two_files": ("set_aside", 1, 10.0)}
    assert customers(desk, "orders", "net_sales") == {"ann": (1, 13.0)}


def test_an_order_may_go_on_in_the_next_file(desk: Desk) -> None:
    put_both(desk, "ann,1,2024-01-05,10.00\nbob,1,2024-01-05,1.00\n", "ann,1,2024-01-25,4.00\n")
    report = desk.build(source=BOTH)
    assert found(report) == {"order_split": ("accepted", 2, 14.0)}
    assert customers(desk, "orders", "net_sales") == {"ann": (1, 14.0), "bob": (1, 1.0)}
    assert pd.to_datetime(desk.table("order_days")["order_date"]).max() == pd.Timestamp("2024-01-05")
    with pytest.raises(DataError) as refusal:
        desk.build(source=BOTH, rules={"order_split": "refused"})
    assert (refusal.value.rule, refusal.value.file, refusal.value.line, refusal.value.value) == (
        "order_split",
        "a.csv",
        2,
        "1",
    )


def test_the_same_number_of_two_customers_is_two_orders(desk: Desk) -> None:
    put_both(desk, "ann,1,2024-01-05,10.00\n", "bob,1,2024-01-05,10.00\n")
    assert found(desk.build(source=BOTH)) == {}
    assert customers(desk, "orders") == {"ann": (1,), "bob": (1,)}
