"""Returns and what they cancel: by hand, and once more line by line in plain Python."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal

import pandas as pd
import pytest

from kalib.ledger import returns
from tests.standing import Line, find_standing, pair_lines

from .desk_of_lines import Row, draw, put, sale


def events(rows: list[Row], **options: object) -> list[tuple]:
    """Return when which orders were cancelled, or placed again."""
    table = returns.void(put(rows, **options)).to_pandas()
    table = table.assign(**{name: table[name].astype(str) for name in ("order_date", "cancelled_on")})
    return sorted(table[["customer_id", "order_id", "order_date", "cancelled_on", "orders", "lines"]].values.tolist())


def test_an_order_is_none_from_the_day_its_last_line_is_cancelled():
    rows = [
        sale("ann", "1", "2024-01-01", 10, product="pot"),
        sale("ann", "1", "2024-01-01", 5, product="pan"),
        sale("ann", "2", "2024-01-02", 7, product="pot"),
        sale("ann", "9", "2024-01-05", -10, product="pot"),
        sale("ann", "9", "2024-01-08", -5, product="pan"),
        sale("ann", "9", "2024-01-09", -7, product="pan"),  # another product
        sale("bob", "9", "2024-01-09", -7, product="pot"),  # another customer
    ]
    assert events(rows) == [["ann", "1", "2024-01-01", "2024-01-08", 1, 2]]


def test_a_return_before_the_sale_cancels_nothing():
    assert events([sale("ann", "1", "2024-01-02", 10), sale("ann", "9", "2024-01-01", -10)]) == []


def test_a_return_of_the_same_day_means_there_never_was_an_order():
    rows = [sale("ann", "9", "2024-01-02", -10), sale("ann", "1", "2024-01-02", 10)]
    assert events(rows) == [["ann", "1", "2024-01-02", "2024-01-02", 1, 1]]


def test_each_return_takes_the_last_open_sale():
    rows = [
        sale("ann", order, day, 10) for order, day in (("1", "2024-01-01"), ("2", "2024-01-02"), ("3", "2024-01-04"))
    ]
    rows += [sale("ann", "r", day, -10) for day in ("2024-01-03", "2024-01-05", "2024-01-06", "2024-01-07")]
    assert events(rows) == [
        ["ann", "1", "2024-01-01", "2024-01-06", 1, 1],
        ["ann", "2", "2024-01-02", "2024-01-03", 1, 1],
        ["ann", "3", "2024-01-04", "2024-01-05", 1, 1],
    ]
    counts = summary(rows)
    assert counts == {
        "matched_rows": 3,
        "matched_amount": -30,
        "unmatched_rows": 1,
        "unmatched_amount": -10,
        "cancelled_orders": 3,
    }


def test_a_return_of_nothing_does_not_take_a_later_sale():
    rows = [
        sale("ann", "r", "2024-01-01", -10),
        sale("ann", "1", "2024-01-02", 10),
        sale("ann", "r", "2024-01-03", -10),
    ]
    assert events(rows) == [["ann", "1", "2024-01-02", "2024-01-03", 1, 1]]


def test_an_order_that_goes_on_is_an_order_again():
    rows = [
        sale("ann", "1", "2024-01-01", 10),
        sale("ann", "1", "2024-01-03", -10),
        sale("ann", "1", "2024-01-05", 20),
        sale("ann", "1", "2024-01-07", -20),
    ]
    assert events(rows) == [
        ["ann", "1", "2024-01-01", "2024-01-03", 1, 1],
        ["ann", "1", "2024-01-01", "2024-01-05", -1, -1],
        ["ann", "1", "2024-01-01", "2024-01-07", 1, 2],
    ]


def test_quantity_counts_where_the_source_has_it():
    rows = [sale("ann", "1", "2024-01-01", 10, quantity=2), sale("ann", "r", "2024-01-02", -10, quantity=-1)]
    assert events(rows) == []
    assert events(rows, without=["quantity"]) == [["ann", "1", "2024-01-01", "2024-01-02", 1, 1]]


def test_a_customer_and_day_is_one_row_of_the_match():
    rows = [sale("ann", str(n), "2024-01-01", n, product=f"p{n}") for n in (1, 2, 3)]
    rows += [sale("ann", "r", "2024-01-02", -n, product=f"p{n}") for n in (1, 2)]
    table = returns.match(put(rows)).to_pandas()
    assert table[["orders", "lines"]].values.tolist() == [[2, 2]]


def pairs(rows: list[Row], **options: object) -> list[tuple[str, str, str]]:
    """Return order and day of each sale that was cancelled, and the day on which."""
    table = returns.pair(put(rows, **options)).to_pandas()
    table = table[~table["is_return"] & table["paired_on"].notna()]
    dates = table[["order_date", "paired_on"]].astype(str).apply(lambda column: column.str[:10])
    return sorted(zip(table["order_id"], dates["order_date"], dates["paired_on"], strict=True))


def test_a_return_cancels_first_the_order_whose_number_it_carries():
    rows = [
        sale("ann", "1", "2024-01-10", 100),
        sale("ann", "5", "2024-05-10", 100),
        sale("ann", "1", "2024-06-01", -100),
    ]
    assert pairs(rows) == [("1", "2024-01-10", "2024-06-01")]
    assert events(rows) == [["ann", "1", "2024-01-10", "2024-06-01", 1, 1]]


TWO_SALES = [sale("ann", "1", "2024-01-01", 10), sale("ann", "2", "2024-01-02", 10)]


@pytest.mark.parametrize(
    ("named", "unnamed", "wanted"),
    [
        # The named one comes first, on the same day or before: it has its own, the other takes what is left.
        ("2024-01-03", "2024-01-04", {("1", "2024-01-01", "2024-01-03"), ("2", "2024-01-02", "2024-01-04")}),
        ("2024-01-03", "2024-01-03", {("1", "2024-01-01", "2024-01-03"), ("2", "2024-01-02", "2024-01-03")}),
        # The other comes first and takes the last sale, which is not the one that is named later.
        ("2024-01-04", "2024-01-03", {("1", "2024-01-01", "2024-01-04"), ("2", "2024-01-02", "2024-01-03")}),
        # On the day between the sales there is but one, and who comes first has it; the second sale is then free for all.
        ("2024-01-04", "2024-01-01", {("1", "2024-01-01", "2024-01-01"), ("2", "2024-01-02", "2024-01-04")}),
        ("2024-01-01", "2024-01-01", {("1", "2024-01-01", "2024-01-01")}),
        ("2024-01-01", "2024-01-02", {("1", "2024-01-01", "2024-01-01"), ("2", "2024-01-02", "2024-01-02")}),
        # Before any sale there is nothing to cancel.
        ("2023-12-31", "2024-01-03", {("2", "2024-01-02", "2024-01-03")}),
        ("2024-01-03", "2023-12-31", {("1", "2024-01-01", "2024-01-03")}),
    ],
)
@pytest.mark.parametrize("other", ["0", "credit note 77"])  # sorts before the number, and after it
def test_a_return_that_names_its_order_and_one_that_does_not(named, unnamed, wanted, other):
    rows = [*TWO_SALES, sale("ann", "1", named, -10), sale("ann", other, unnamed, -10)]
    assert pairs(rows) == pairs(rows[::-1]) == sorted(wanted)


def test_a_named_order_that_was_taken_leaves_the_rest_to_its_return():
    """The credit without a number takes order 2, the last; the one that names it takes what is left."""
    rows = [*TWO_SALES, sale("ann", "c", "2024-01-03", -10), sale("ann", "2", "2024-01-04", -10)]
    assert pairs(rows) == [("1", "2024-01-01", "2024-01-04"), ("2", "2024-01-02", "2024-01-03")]


def fees(days: list[str], product: str | None = None) -> list[Row]:
    return [sale("ann", str(number), day, 100, product=product) for number, day in enumerate(days, 1)]


def test_a_credit_as_large_as_a_monthly_fee_cancels_none():
    rows = [*fees(["2024-01-01", "2024-02-01", "2024-03-01"]), sale("ann", "CN", "2024-03-15", -100)]
    assert pairs(rows) == []
    assert pairs([*fees(["2024-01-01", "2024-02-01"]), rows[-1]]) == [("2", "2024-02-01", "2024-03-15")]  # two are none
    later = [*rows, sale("ann", "4", "2024-03-16", 100)]
    assert pairs(later) == []  # and a later sale changes nothing


def test_a_credit_that_names_its_fee_cancels_it():
    rows = [*fees(["2024-01-01", "2024-02-01", "2024-03-01"]), sale("ann", "2", "2024-03-15", -100)]
    assert pairs(rows) == [("2", "2024-02-01", "2024-03-15")]
    rows += [sale("ann", "CN", "2024-03-15", -100)]
    assert pairs(rows) == [("2", "2024-02-01", "2024-03-15")]


def test_equal_sales_within_a_week_are_no_fee():
    days = ["2024-01-01", "2024-02-01", "2024-02-06"]  # 31 and 5 days
    assert pairs([*fees(days), sale("ann", "CN", "2024-03-15", -100)]) == [("3", "2024-02-06", "2024-03-15")]
    assert pairs([*fees([*days[:2], "2024-02-07"]), sale("ann", "CN", "2024-03-15", -100)]) == []  # 6 days


def test_a_known_product_is_a_fee_only_at_an_even_pace():
    back = sale("ann", "CN", "2024-06-15", -100, product="pot")
    even, uneven = ["2024-01-01", "2024-01-21", "2024-02-20"], ["2024-01-01", "2024-01-21", "2024-02-21"]
    assert pairs([*fees(even, "pot"), back]) == []  # 20 and 30 days: half as long again
    assert pairs([*fees(uneven, "pot"), back]) == [("3", "2024-02-21", "2024-06-15")]  # 20 and 31 days
    assert pairs([*fees(uneven), back | {"product": None}]) == []  # without a product, any pace is one


def test_returns_under_its_own_number_that_take_all_its_money_void_an_order():
    rows = [
        sale("ann", "1", "2024-01-01", 10, product="pot"),
        sale("ann", "1", "2024-01-01", 20, product="pan"),
        sale("ann", "1", "2024-01-05", -12),  # no line of the order is of 12
        sale("ann", "1", "2024-01-09", -18),
    ]
    assert events(rows) == [["ann", "1", "2024-01-01", "2024-01-09", 1, 2]]
    assert events(rows[:3]) == []
    assert summary(rows)["cancelled_orders"] == 1


def test_what_returns_take_beyond_is_not_owed_by_what_comes_later():
    rows = [
        sale("ann", "1", "2024-01-01", 10),
        sale("ann", "1", "2024-01-03", -25),
        sale("ann", "1", "2024-01-05", 8),
        sale("ann", "1", "2024-01-07", -9),
    ]
    assert events(rows) == [
        ["ann", "1", "2024-01-01", "2024-01-03", 1, 1],
        ["ann", "1", "2024-01-01", "2024-01-05", -1, -1],
        ["ann", "1", "2024-01-01", "2024-01-07", 1, 2],
    ]
    assert events([sale("ann", "1", "2023-12-31", -99), rows[0]]) == []  # nor what they took before


def test_a_return_takes_from_the_order_that_it_cancels_and_from_no_other():
    """Number 2 carries a return that is equal to order 1's only line: order 2 keeps its 10, order 1 is none."""
    rows = [
        sale("ann", "1", "2024-01-01", 30),
        sale("ann", "2", "2024-01-02", 10),
        sale("ann", "2", "2024-01-03", -30),
    ]
    assert events(rows) == [["ann", "1", "2024-01-01", "2024-01-03", 1, 1]]


def test_a_line_cancelled_by_a_credit_note_and_the_rest_under_the_number_void_an_order():
    rows = [
        sale("ann", "1", "2024-01-01", 30),
        sale("ann", "1", "2024-01-01", 10),
        sale("ann", "c", "2024-01-03", -30),
        sale("ann", "1", "2024-01-04", -4),
        sale("ann", "1", "2024-01-05", -6),
    ]
    assert events(rows) == [["ann", "1", "2024-01-01", "2024-01-05", 1, 2]]


def test_samples_are_no_sale_and_no_part_of_what_must_be_cancelled():
    rows = [
        sale("ann", "1", "2024-01-01", 0),
        sale("ann", "1", "2024-01-02", 10),
        sale("ann", "9", "2024-01-03", -10),
        sale("ann", "1", "2024-01-04", 0),
        sale("ann", "2", "2024-01-04", 0),
        sale("ann", "2", "2024-01-05", -5),
    ]
    assert events(rows) == [
        ["ann", "1", "2024-01-02", "2024-01-03", 1, 2],
        ["ann", "1", "2024-01-02", "2024-01-04", 0, 1],  # one more line of no order
    ]


def test_a_log_without_returns_has_no_pair():
    lines = put([sale("ann", "1", "2024-01-01", 10)])
    assert returns.pair(lines).count().to_pandas() == 0
    assert returns.match(lines).count().to_pandas() == 0


def summary(rows: list[Row]) -> dict[str, object]:
    lines = put(rows)
    pairs = returns.pair(lines)
    row = returns.summarise(pairs, returns.void(lines, pairs)).to_pandas().iloc[0]
    return {name: value if isinstance(value, Decimal) else int(value) for name, value in row.items()}


def second_way(rows: list[Row]) -> tuple[list[list], dict[str, object]]:
    """Return what was cancelled when, and what is said of the returns, by the plain Python of ``tests.standing``."""
    lines = [
        Line(row["customer_id"], row["order_id"], row["order_date"], row["product"], row["quantity"], row["amount"], row["is_return"])
        for row in rows
    ]  # fmt: skip
    names = [line.o for line in lines]
    taken = set(pair_lines(lines, names).values())
    counts: dict[str, object] = {}
    for what, wanted in (("matched", True), ("unmatched", False)):
        found = [abs(line.m) for place, line in enumerate(lines) if line.is_return and (place in taken) is wanted]
        counts |= {f"{what}_rows": len(found), f"{what}_amount": -sum(found)}
    stretches = defaultdict(list)
    for one in find_standing(lines, names):
        stretches[one.c, one.o].append(one)
    kept = defaultdict(list)
    for line in lines:
        if not line.is_return:
            kept[line.c, line.o].append(line)
    found = []
    for (c, o), own in kept.items():
        sold = [line.d for line in own if line.is_sale]
        if not sold:
            continue
        days = {line.d for line in own if line.d >= min(sold)}
        days |= {day for one in stretches[c, o] for day in (one.since, one.until) if day}
        was, counted = 0, 0
        for day in sorted(days):
            stands = any(one.since <= day and (one.until is None or day < one.until) for one in stretches[c, o])
            now, many = int(not stands), 0 if stands else sum(line.d <= day for line in own)
            if (now, many) != (was, counted):
                found.append([c, o, str(min(sold)), str(day), now - was, many - counted])
            was, counted = now, many
    counts["cancelled_orders"] = sum(row[4] for row in found)
    return sorted(found), counts


def check(seeds: range) -> int:
    """Hold many logs, whose customers have nothing in common, to the second way; return how much there was to find."""
    drawn = [(seed, row) for seed in seeds for row in draw(seed, customers=5, lines=120, days=60)]
    rows = [row | {"customer_id": f"{seed}-{row['customer_id']}"} for seed, row in drawn]
    wanted, counts = second_way(rows)
    assert events(rows) == wanted
    assert summary(rows) == counts
    return len(wanted)


def test_the_second_way_finds_the_same():
    assert check(range(12)) > 60


@pytest.mark.deep
def test_the_second_way_finds_the_same_at_length():
    assert check(range(100, 1100)) > 2000


def test_what_comes_later_changes_no_pair():
    rows = draw(3, customers=3, lines=150, days=60)
    for day in (dt.date(2022, 1, 15), dt.date(2022, 2, 1), dt.date(2022, 2, 20)):
        known = [row for row in rows if row["order_date"] <= day]
        later = [row for row in events(rows) if row[3] <= str(day)]
        assert [row for row in later if row[2] <= str(day)] == events(known)


def test_row_order_changes_nothing():
    rows = draw(4, lines=100, days=40)
    assert events(rows) == events(rows[::-1]) != []


def test_the_lines_are_not_changed():
    lines = put(draw(5))
    before = lines.to_pandas()
    returns.match(lines).to_pandas()
    pd.testing.assert_frame_equal(lines.to_pandas(), before)
