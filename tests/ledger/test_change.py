"""Half an export is refused, not reported as a lost half of the business."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import DataError
from kalib.ledger.change import Extent, check_change, measure
from kalib.settings import Tolerance

DAY = dt.date(2026, 1, 31)
BEFORE = Extent(DAY, rows=1000, customers=100, money=5000.0, set_aside_share=0.02)


def test_the_same_data_passes():
    check_change(BEFORE, BEFORE, Tolerance(), source="orders.csv")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            Extent(DAY, 699, 100, 5000.0, 0.02),
            "up to 2026-01-31 there are 699 rows, and at the last run there were 1,000 rows.",
        ),
        (Extent(DAY, 1000, 69, 5000.0, 0.02), "there are 69 customers, and at the last run there were 100 customers."),
        (
            Extent(DAY, 1000, 100, 3499.0, 0.02),
            "net sales of 3,499.00, and at the last run there were net sales of 5,000.00.",
        ),
        (Extent(DAY, 2000, 100, 5000.0, 0.02), "there are 2,000 rows, and at the last run there were 1,000 rows."),
        (Extent(DAY, 1000, 100, 5000.0, 0.13), "13.0% of the rows are set aside, and at the last run 2.0%."),
    ],
)
def test_what_differs_is_named_with_both_figures_and_the_way_out(now, said):
    with pytest.raises(DataError) as caught:
        check_change(now, BEFORE, Tolerance(), source="orders.csv")
    assert said in str(caught.value)
    assert "`-p tolerance=1`" in str(caught.value)
    assert caught.value.rule == "data_shrank"


def test_a_tolerance_of_one_lets_any_change_pass():
    tolerance = Tolerance(rows=1, customers=1, money=1, set_aside=1)
    check_change(Extent(DAY, 1, 1, -9.0, 1.0), BEFORE, tolerance, source="orders.csv")


@given(then=st.integers(0, 10**6), now=st.integers(0, 10**6), share=st.floats(0, 1))
def test_growth_and_loss_are_judged_alike(then, now, share):
    tolerance = Tolerance(rows=share, customers=1, money=1, set_aside=1)

    def refused(here: int, there: int) -> bool:
        try:
            check_change(Extent(DAY, here, 0, 0, 0), Extent(DAY, there, 0, 0, 0), tolerance, source="x")
        except DataError:
            return True
        return False

    assert refused(now, then) == refused(then, now) == (min(now, then) < max(now, then) * (1 - share))


def test_the_extent_counts_only_what_lies_up_to_the_day(desk):
    desk.build(
        "customer,order,date,amount\nann,1,2026-01-31,10.00\nbob,2,2026-01-30,5.50\nbob,2,2026-01-30,1.00\ncho,3,2026-02-01,100\n,4,2026-01-01,7\n"
    )
    found = measure(desk.out, until=DAY, rows_read=5, rows_set_aside=1)
    assert found == Extent(DAY, rows=3, customers=2, money=16.5, set_aside_share=0.2)
