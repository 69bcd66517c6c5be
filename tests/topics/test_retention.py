"""Are cohorts counted as by hand, to the cent, and are newer and older ones told apart only where they can be?"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import NotEnoughDataError
from kalib.topics import retention as topic
from tests.depth import examples

AS_OF = dt.date(2026, 6, 30)


def months_of(rows: list[tuple[str, str, int, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer_id", "month", "orders", "net_sales"])
    return table.assign(month=pd.to_datetime(table["month"]))


THREE = months_of(
    [
        ("a", "2026-01-01", 1, 100.10),
        ("a", "2026-03-01", 2, 50.20),
        ("b", "2025-12-01", 0, -5.00),  # a return before the first order
        ("b", "2026-01-01", 1, 20.00),
        ("b", "2026-02-01", 0, -20.00),  # a return alone is no order
        ("c", "2026-02-01", 1, 7.00),
        ("c", "2026-07-01", 1, 900.00),  # after the snapshot date
        ("d", "2026-02-01", 0, -3.00),  # never ordered
    ]
)


def test_three_customers_by_hand() -> None:
    cohorts = topic.build_cohorts(THREE, as_of=dt.date(2026, 6, 29))
    january = cohorts[cohorts["cohort_start"] == dt.date(2026, 1, 1)]
    assert january["period"].tolist() == [0, 1, 2, 3, 4, 5]
    assert january["customers"].tolist() == [2] * 6
    assert january["active_customers"].tolist() == [2, 0, 1, 0, 0, 0]
    assert january["net_sales"].tolist() == [115.10, -20.00, 50.20, 0, 0, 0]
    assert january["net_sales_ratio"].round(4).tolist() == [1, -0.1738, 0.4361, 0, 0, 0]
    assert january["is_finished"].tolist() == [True] * 5 + [False]  # June ends tomorrow
    february = cohorts[cohorts["cohort_start"] == dt.date(2026, 2, 1)]
    assert february["net_sales"].tolist() == [7.0, 0, 0, 0, 0]
    assert topic.build_cohorts(THREE, as_of=AS_OF)["is_finished"].all()


def test_a_quarter_is_over_once_it_is_for_the_youngest() -> None:
    table = months_of([("a", "2025-01-01", 1, 1.0), ("b", "2025-03-01", 1, 1.0), ("b", "2025-06-01", 1, 1.0)])
    cohorts = topic.build_cohorts(table, as_of=dt.date(2025, 10, 31), period_months=3)
    # b's first period is March to May, its second June to August, its third September to November.
    assert cohorts["active_customers"].tolist() == [2, 1, 0, 0]
    assert cohorts["is_finished"].tolist() == [True, True, False, False]


def test_months_quarters_or_years() -> None:
    def chosen(first: str, as_of: str) -> int:
        table = months_of([("a", first, 1, 1.0)])
        return topic.choose_period_months(table, as_of=dt.date.fromisoformat(as_of))

    assert chosen("2024-07-01", "2026-06-30") == 3
    assert chosen("2024-08-01", "2026-06-30") == 1
    assert chosen("2018-07-01", "2026-06-30") == 12


def grow(counts: list[int], *, stay: list[float] | None = None) -> pd.DataFrame:
    """Customers first seen month by month up to June 2026; of each month's the first share orders a year later again."""
    rows = []
    for back, count in enumerate(reversed(counts)):
        start = pd.Timestamp("2026-06-01") - pd.DateOffset(months=back)
        share = (stay or [0.5] * len(counts))[len(counts) - 1 - back]
        for at in range(count):
            customer = f"c{back:02}-{at:03}"
            rows.append((customer, start, 1, 100.0))
            later = start + pd.DateOffset(months=13)
            if at < round(share * count) and later <= pd.Timestamp("2026-06-01"):
                rows.append((customer, later, 1, 60.0))
    return pd.DataFrame(rows, columns=["customer_id", "month", "orders", "net_sales"])


def test_old_customers_at_the_beginning_are_told_from_new_ones() -> None:
    crowded = topic.build_cohorts(grow([90, 40, 30, *[10] * 33]), as_of=AS_OF)
    flagged = crowded.loc[crowded["may_be_older"], "cohort_start"].unique().tolist()
    assert flagged == [dt.date(2023, 7, 1)]
    assert not topic.build_cohorts(grow([10] * 36), as_of=AS_OF)["may_be_older"].any()
    # A good season later on is no beginning of the record, and two cohorts alone are no measure.
    assert not topic.build_cohorts(grow([10, 10, 10, 90, *[10] * 32]), as_of=AS_OF)["may_be_older"].any()
    assert not topic.build_cohorts(grow([90, 10]), as_of=AS_OF)["may_be_older"].any()


def test_newer_against_older_by_hand() -> None:
    months = grow([10] * 38, stay=[0.2] * 24 + [0.8] * 14)
    cohorts = topic.build_cohorts(months, as_of=AS_OF)
    facts = topic.describe_cohorts(months, cohorts, as_of=AS_OF)
    # From May 2025 on nobody's year is past: the newer ones are those of May 2024 to April 2025.
    assert (facts["kept_from"], facts["kept_to"]) == ("2024-05-01", "2025-04-01")
    assert (facts["kept_customers"], facts["kept_of"]) == (24, 120)
    assert facts["newer"] == "same"
    months = grow([10] * 38, stay=[0.2] * 12 + [0.8] * 26)
    facts = topic.describe_cohorts(months, cohorts, as_of=AS_OF)
    assert (facts["kept_customers"], facts["kept_of"]) == (96, 120)
    assert (facts["kept_customers_before"], facts["kept_of_before"]) == (24, 120)
    assert facts["newer"] == "better"
    assert facts["kept_change"] == pytest.approx(0.6)
    assert facts["sales_ratio"] == pytest.approx(96 * 60 / (120 * 100))
    assert facts["sales_ratio_low"] < facts["sales_ratio"] < facts["sales_ratio_high"]
    worse = grow([10] * 38, stay=[0.8] * 12 + [0.2] * 26)
    assert topic.describe_cohorts(worse, cohorts, as_of=AS_OF)["newer"] == "worse"
    kept = topic.list_kept(worse, topic.build_cohorts(worse, as_of=AS_OF), as_of=AS_OF)
    assert kept["customers"].tolist() == [20, *[30] * 7, 10]
    assert kept["kept_customers"].tolist() == [16, 24, 24, 24, 12, 6, 6, 6, 2]


def test_too_short_to_tell() -> None:
    months = grow([10] * 30)
    cohorts = topic.build_cohorts(months, as_of=AS_OF)
    facts = topic.describe_cohorts(months, cohorts, as_of=AS_OF)
    assert (facts["kept"], facts["newer"]) == ("known", "unknown")
    assert math.isnan(facts["kept_change"])
    short = grow([10] * 10)
    facts = topic.describe_cohorts(short, topic.build_cohorts(short, as_of=AS_OF), as_of=AS_OF)
    assert (facts["kept"], facts["newer"], facts["kept_of"]) == ("none", "unknown", 0)
    with pytest.raises(NotEnoughDataError, match="retention_no_customers"):
        topic.build_cohorts(THREE.assign(orders=0), as_of=AS_OF)


def test_the_papers_differences() -> None:
    # Newcombe (1998), table II, method 10: (a) 56/70 and 48/80, (b) 9/10 and 3/10, (g) 10/10 and 0/10.
    for counts, ends in (
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 10), (0.6075, 1.0000)),
    ):
        assert topic.find_difference(*counts, interval=0.95) == pytest.approx(ends, abs=5e-5)
    # Wilson's score interval as in Newcombe (1998), Statistics in Medicine 17, p. 857, table I: 81/263, 15/148, 0/20.
    for counts, ends in (((81, 263), (0.2553, 0.3662)), ((15, 148), (0.0624, 0.1605)), ((0, 20), (0.0, 0.1611))):
        assert topic.find_wilson(*counts, interval=0.95) == pytest.approx(ends, abs=5e-5)


rows_of = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 40), st.integers(0, 2), st.integers(-900, 9_000)),
    min_size=1,
    max_size=60,
    unique_by=lambda row: row[:2],
)


@examples(20, 160)
@given(rows_of, st.randoms(use_true_random=False), st.sampled_from([1, 3, 12]))
def test_invariants(rows: list[tuple[int, int, int, int]], random: object, length: int) -> None:
    begin = pd.Timestamp("2023-03-01")
    table = pd.DataFrame(
        [(f"c{c}", begin + pd.DateOffset(months=m), n, cents / 100) for c, m, n, cents in rows],
        columns=["customer_id", "month", "orders", "net_sales"],
    )
    if not (table["orders"] > 0).any():
        return
    before = table.copy(deep=True)
    as_of = dt.date(2026, 7, 31)
    cohorts = topic.build_cohorts(table, as_of=as_of, period_months=length)
    shuffled = table.sample(frac=1, random_state=random.randint(0, 999))
    pd.testing.assert_frame_equal(cohorts, topic.build_cohorts(shuffled, as_of=as_of, period_months=length))
    pd.testing.assert_frame_equal(table, before)
    assert not cohorts.duplicated(["cohort_start", "period"]).any()
    # Every cent of whoever ordered is in one cell, and every customer in one cohort, active at first.
    ordered = table.loc[table["orders"] > 0, "customer_id"].unique()
    known = table[table["customer_id"].isin(ordered)]
    assert round(cohorts["net_sales"].sum(), 2) == pytest.approx(round(known["net_sales"].sum(), 2))
    first = cohorts[cohorts["period"] == 0]
    assert first["customers"].sum() == len(ordered)
    assert (first["active_customers"] == first["customers"]).all()
    assert cohorts["active_share"].between(0, 1).all()
    # Nothing from the future: an earlier date sees the same as a table that ends there.
    earlier = dt.date(2025, 1, 31)
    ended = table[table["month"] <= pd.Timestamp(earlier)]
    if (ended["orders"] > 0).any():
        one = topic.build_cohorts(table, as_of=earlier, period_months=length)
        pd.testing.assert_frame_equal(one, topic.build_cohorts(ended, as_of=earlier, period_months=length))


def test_a_second_way() -> None:
    """The triangle by plain counting of a customer's own months."""
    rng = np.random.default_rng(11)
    table = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in rng.integers(0, 60, 900)],
            "month": [pd.Timestamp("2023-07-01") + pd.DateOffset(months=int(n)) for n in rng.integers(0, 36, 900)],
        }
    ).drop_duplicates()
    table = table.assign(orders=1, net_sales=10.0)
    cohorts = topic.build_cohorts(table, as_of=AS_OF)
    seen: dict[tuple[str, int], set[str]] = {}
    for customer, own in table.groupby("customer_id"):
        first = own["month"].min()
        for month in own["month"]:
            age = (month.to_period("M") - first.to_period("M")).n // 3
            seen.setdefault((str(first.to_period("Q").start_time.date()), age), set()).add(customer)
    for row in cohorts.itertuples(index=False):
        assert row.active_customers == len(seen.get((row.cohort_start.isoformat(), row.period), ()))
