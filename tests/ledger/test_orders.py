"""Which lines are one order: by hand, once more in plain Python, and that nothing later is known."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import ibis
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from kalib.ledger import engines, features, orders, returns
from tests.depth import examples
from tests.standing import Line, find_standing, name_orders

from .conftest import HEADER, Desk
from .desk_of_lines import Row, put, sale


def parted(rows: list[Row], con: ibis.BaseBackend | None = None) -> list[tuple[str, str, str]]:
    """Return number, day and the order it became, of each line, sorted; and check that nothing else was touched."""
    con = con or ibis.duckdb.connect()
    number = [row | {"category": f"{place}"} for place, row in enumerate(rows)]
    lines, _again = orders.part(put(number, con=con), lambda table, name: engines.keep(con, table, name))
    found = lines.to_pandas().assign(place=lambda table: table["category"].astype(int)).sort_values("place")
    assert found["place"].tolist() == list(range(len(rows)))
    assert found["amount"].tolist() == [row["amount"] for row in rows]
    names = found["order_id"].str.replace("\x1f", "/").tolist()
    return [(row["order_id"], str(row["order_date"]), name) for row, name in zip(rows, names, strict=True)]


def orders_of(days: list[str], amounts: list[int] | None = None) -> list[str]:
    """Return which order the line of each day belongs to, of one number of one customer."""
    amounts = amounts or [10] * len(days)
    rows = [sale("ann", "7", day, amount) for day, amount in zip(days, amounts, strict=True)]
    return [name for _, _, name in parted(rows)]


def test_a_number_that_starts_again_each_year_is_an_order_each_year():
    assert orders_of(["2023-01-09", "2024-01-08", "2025-01-10"]) == ["7", "7/2", "7/3"]


def test_back_orders_a_few_days_later_are_the_same_order():
    # 27 days after the last line, each time; the third line is 54 days after the first
    assert orders_of(["2024-01-01", "2024-01-28", "2024-02-24"]) == ["7", "7", "7"]


def test_twenty_eight_days_of_silence_end_an_order():
    assert orders_of(["2024-01-01", "2024-01-29"]) == ["7", "7/2"]
    assert orders_of(["2024-01-01", "2024-01-28"]) == ["7", "7"]


def test_call_offs_of_each_month_are_an_order_each():
    assert orders_of(["2023-01-31", "2023-02-28", "2023-03-31"]) == ["7", "7/2", "7/3"]  # 28 and 31 days


def test_weekly_call_offs_are_one_order_for_sixty_days_and_one_each_then():
    days = [str(dt.date(2024, 1, 1) + dt.timedelta(days=7 * week)) for week in range(12)]
    # the ninth call-off is 56 days after the first, the tenth 63
    assert orders_of(days) == ["7"] * 9 + ["7/2", "7/3", "7/4"]


def test_a_chain_begins_anew_after_silence():
    days = ["2024-01-01", "2024-02-15", "2024-03-10", "2024-04-01", "2024-04-15", "2024-04-16"]
    # 45 days of silence; then 24, 46, 60 and 61 days after 15 February
    assert orders_of(days) == ["7", "7/2", "7/2", "7/2", "7/2", "7/3"]


def test_two_lines_of_a_day_are_of_one_order():
    assert orders_of(["2024-01-01", "2024-03-01", "2024-03-01"]) == ["7", "7/2", "7/2"]


def test_returns_and_samples_belong_to_the_order_that_began_last():
    days = ["2024-01-01", "2024-06-01", "2024-06-02", "2025-01-01", "2025-03-01", "2025-03-02", "2024-12-31"]
    amounts = [10, -10, 0, 20, -20, 0, -1]
    assert orders_of(days, amounts) == ["7", "7", "7", "7/2", "7/2", "7/2", "7"]


def test_a_sample_or_a_return_keeps_no_order_going():
    # 20 days each: the sample and the return between do not bridge the 40 days of silence
    assert orders_of(["2024-01-01", "2024-01-21", "2024-02-10"], [10, 0, 10]) == ["7", "7", "7/2"]
    assert orders_of(["2024-01-01", "2024-01-21", "2024-02-10"], [10, -1, 10]) == ["7", "7", "7/2"]


def test_lines_before_the_first_sale_belong_to_it():
    assert orders_of(["2024-01-01", "2024-06-01", "2024-12-01"], [-5, 10, 10]) == ["7", "7", "7/2"]


def test_numbers_of_other_customers_are_theirs():
    rows = [sale("ann", "7", "2024-01-01", 1), sale("bob", "7", "2024-02-15", 1), sale("ann", "8", "2024-02-15", 1)]
    assert [name for *_, name in parted(rows)] == ["7", "7", "8"]


def test_the_days_on_which_a_number_came_back_are_given():
    con = ibis.duckdb.connect()
    rows = [sale("ann", "7", day, 1) for day in ("2023-01-09", "2024-01-08", "2024-01-09", "2025-01-10")]
    lines, again = orders.part(put(rows, con=con), lambda table, name: engines.keep(con, table, name))
    assert sorted(str(day)[:10] for day in again.to_pandas()["order_date"]) == ["2024-01-08", "2025-01-10"]
    assert sorted(orders.number(lines.order_id).to_pandas()) == ["7"] * 4


def test_where_no_number_comes_back_the_lines_are_as_they_were():
    con = ibis.duckdb.connect()
    rows = [sale("ann", "7", "2024-01-01", 1), sale("ann", "7", "2024-01-28", 1), sale("ann", "7", "2024-09-28", -1)]
    lines = put(rows, con=con)
    same, again = orders.part(lines, lambda table, name: engines.keep(con, table, name))
    assert same is lines
    assert again.count().execute() == 0


def test_a_return_finds_the_order_of_its_number_in_an_earlier_call_off():
    """Framework order F: pots in January, pans in March; order X has equal pots in February. F's pots come back in April."""
    rows = [
        sale("ann", "F", "2024-01-01", 10, product="pot"),
        sale("ann", "X", "2024-02-01", 10, product="pot"),
        sale("ann", "F", "2024-03-01", 5, product="pan"),
        sale("ann", "F", "2024-04-01", -10, product="pot"),
    ]
    con = ibis.duckdb.connect()
    lines, _ = orders.part(put(rows, con=con), lambda table, name: engines.keep(con, table, name))
    found = returns.void(lines).to_pandas()
    # the call-off of January is none; the return takes nothing from that of March, though it is the last of its number
    assert found[["order_id", "orders"]].values.tolist() == [["F", 1]]
    assert str(found["cancelled_on"][0])[:10] == "2024-04-01"


def test_orders_without_money_are_none(desk: Desk):
    rows = "ann,1,2023-01-05,100.00\nann,2,2024-12-05,0.00\nann,3,2024-12-06,0.00\nann,3,2024-12-08,5.00\nbob,4,2024-12-20,50.00\n"
    desk.build(HEADER + rows)
    found = desk.table("customers").set_index("customer_id")
    assert found["orders"].to_dict() == {"ann": 2, "bob": 1}
    assert str(found.loc["ann", "last_order_date"]) == "2024-12-08"  # not the day of the sample in order 3


def test_call_offs_are_orders_of_the_tables(desk: Desk):
    rows = "".join(f"ann,F,2024-{month:02}-15,1000.00\n" for month in range(1, 13)) + "bob,2,2024-12-20,500.00\n"
    report = desk.build(HEADER + rows)
    ann = desk.table("customers").set_index("customer_id").loc["ann"]
    assert (ann.orders, ann.order_days, str(ann.last_order_date)) == (12, 12, "2024-12-15")
    told = {issue["rule"]: issue for issue in report.issues}["order_comes_back"]
    assert (told["count"], told["amount"], told["line"], told["value"]) == (11, 11000.0, 3, "F")


START = dt.date(2024, 1, 1)
SOME = st.tuples(
    st.integers(1, 15).map("c{}".format),
    st.sampled_from(["1", "2"]),
    st.one_of(st.sampled_from([0, 7, 14, 21, 27, 28, 35, 55, 56, 60, 61, 62, 90]), st.integers(0, 200)),
    st.sampled_from([10, 10, 10, 20, 0, -10, -20]),
    st.sampled_from(["pot", None]),
)
"""Customer, number, day, amount, product: few of each, so that numbers come back and returns meet many equal sales.

Customers have nothing in common: a log of fifteen is fifteen logs, in one reading."""


def rows_of(drawn: list[tuple]) -> list[Row]:
    return [
        sale(who, number, START + dt.timedelta(days=day), amount, product=what)
        for who, number, day, amount, what in drawn
    ]


def standing(rows: list[Row]) -> list[tuple]:
    """Return from kalib when which orders stand: (customer, day of the order, since or until, count) of every change."""
    con = ibis.duckdb.connect()
    lines, _ = orders.part(put(rows, con=con), lambda table, name: engines.keep(con, table, name))
    days = features.days(lines).to_pandas()
    changes = [(who, day, day, int(n)) for who, day, n in days[["customer_id", "order_date", "orders"]].values if n]
    gone = returns.match(lines).to_pandas()
    changes += [
        (who, day, until, -int(n))
        for who, day, until, n in gone[["customer_id", "order_date", "cancelled_on", "orders"]].values
    ]
    return changes


def count(changes: list[tuple], day: dt.date) -> dict[tuple, int]:
    """Return the orders that stand on a day, by customer and day of the order."""
    total: dict[tuple, int] = {}
    for who, placed, since, n in changes:
        if _date(since) <= day:
            total[who, _date(placed)] = total.get((who, _date(placed)), 0) + n
    return {key: n for key, n in total.items() if n}


def _date(day: object) -> dt.date:
    return day.date() if isinstance(day, dt.datetime) else day


def check(rows: list[Row], shuffled: list[Row], day: dt.date) -> None:
    """Hold the orders of a log to the second way, on every day; and what a day knows to a log that ends with it."""
    found = standing(rows)
    lines = [
        Line(row["customer_id"], row["order_id"], row["order_date"], row.get("product"), 0, row["amount"], row["is_return"])
        for row in rows
    ]  # fmt: skip
    names = name_orders(lines)
    assert [name.replace("/", "\x1f") for *_, name in parted(rows)] == names
    wanted = []
    for one in find_standing(lines, names):
        wanted += [(one.c, one.d, one.since, 1)] + ([(one.c, one.d, one.until, -1)] if one.until else [])
    for past in sorted({row["order_date"] for row in rows}):
        assert count(found, past) == count(wanted, past)
    assert count(standing(shuffled), dt.date.max) == count(found, dt.date.max)
    known = [row for row in rows if row["order_date"] <= day]
    if known:
        assert count(standing(known), day) == count(found, day)
        assert parted(known) == [row for row in parted(rows) if row[1] <= str(day)]


@examples(3, 60, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(SOME, min_size=80, max_size=160), st.randoms(use_true_random=False), st.integers(0, 200))
def test_orders_are_those_of_the_second_way_and_know_nothing_later(drawn, random, day):
    rows = rows_of(drawn)
    check(rows, random.sample(rows, len(rows)), START + dt.timedelta(days=day))


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_row_order_changes_nothing(order):
    rows = rows_of([("ann", "1", day, amount, None) for day, amount in ((0, 10), (30, 10), (95, 10), (120, -10))])
    shuffled = [rows[place] for place in order]
    assert sorted(parted(shuffled)) == sorted(parted(rows))
    check(rows, shuffled, START + dt.timedelta(days=100))
    assert Decimal(20) == sum(row["amount"] for row in rows)
