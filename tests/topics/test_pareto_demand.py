"""Is the steadiness of demand what its months say, worked by hand and by numpy?"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.ledger import read_report
from kalib.topics import pareto_demand as topic
from kalib.topics import silence
from kalib.topics.pareto import assign_classes
from kalib.topics.pareto_demand import find_months, measure_demand
from tests.depth import examples

AS_OF = dt.date(2026, 6, 30)
YEAR = [dt.date(2025 + (m > 12), (m - 1) % 12 + 1, 1) for m in range(7, 19)]
"""The twelve whole months up to the snapshot date."""


def log(**customers: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return customers and months: one figure per month from July 2025 on, None without a row."""
    months = pd.DataFrame(
        [
            (name, month, 1, value)
            for name, values in customers.items()
            for month, value in zip(YEAR, values, strict=False)
            if value is not None
        ],
        columns=["customer_id", "month", "orders", "net_sales"],
    )
    first = {name: next(m for m, v in zip(YEAR, values, strict=False) if v) for name, values in customers.items()}
    table = pd.DataFrame({"customer_id": list(customers), "orders": 3, "first_order_date": list(first.values())})
    return table, months


def names(first_and_last: tuple[int, int]) -> list[str]:
    return [f"{month // 12}-{month % 12 + 1:02}" for month in first_and_last]


@pytest.mark.parametrize(
    ("as_of", "months"),
    [
        (dt.date(2026, 6, 30), ["2025-07", "2026-06"]),
        (dt.date(2026, 6, 29), ["2025-07", "2026-05"]),  # June is not over
        (dt.date(2011, 12, 9), ["2011-01", "2011-11"]),
        (dt.date(2024, 6, 30), ["2023-08", "2024-06"]),  # 365 days before, in a leap year, July had begun
        (dt.date(2025, 12, 31), ["2025-01", "2025-12"]),
    ],
)
def test_only_whole_months_of_the_window_count(as_of: dt.date, months: list[str]) -> None:
    assert names(find_months(as_of)) == months


def test_all_the_history_begins_with_the_log() -> None:
    assert names(find_months(AS_OF, window="all", first=dt.date(2022, 3, 1))) == ["2022-03", "2026-06"]


def test_variability_by_hand() -> None:
    customers, months = log(
        steady=[10.0] * 12,
        uneven=[20.0, 0, 20, 0, 20, 0, 20, 0, 20, 0, 20, 0],
        once=[120.0] + [None] * 11,
        young=[None] * 7 + [10.0] * 5,
        half=[None] * 6 + [30.0, 10, 30, 10, 30, 10],
        refunded=[10.0, -10] + [None] * 10,
    )
    table = measure_demand(customers, months, as_of=AS_OF).set_index("customer_id")
    assert table["demand_months"].to_dict() == {
        "half": 6,
        "once": 12,
        "refunded": 12,
        "steady": 12,
        "uneven": 12,
        "young": 5,
    }
    assert table.loc["steady", ["demand_variability", "xyz_class"]].tolist() == [0, "X"]
    # Mean 10, deviation 10: exactly 1, and so still Y.
    assert table.loc["uneven", ["demand_variability", "xyz_class"]].tolist() == [1, "Y"]
    # Mean 10, one month 110 above and eleven 10 below: sqrt((110^2 + 11 * 10^2) / 12) / 10 = sqrt(11).
    assert table.loc["once", "demand_variability"] == pytest.approx(math.sqrt(11))
    assert table.loc["once", "xyz_class"] == "Z"
    # Months before the first order do not count: mean 20, deviation 10.
    assert table.loc["half", ["demand_variability", "xyz_class"]].tolist() == [0.5, "X"]
    # Too short, or nothing left of it: unknown, never Z.
    assert table.loc[["young", "refunded"], "xyz_class"].tolist() == ["unknown", "unknown"]
    assert table.loc[["young", "refunded"], "demand_variability"].isna().all()


def test_limits_months_and_measure_can_be_set() -> None:
    customers, months = log(a=[20.0, 0] * 6, b=[None] * 7 + [10.0] * 5)
    table = measure_demand(customers, months, as_of=AS_OF, limits=(0.2, 0.9), least_months=5)
    assert table["xyz_class"].tolist() == ["Z", "X"]
    by_orders = measure_demand(customers, months, as_of=AS_OF, demand="orders")
    assert by_orders["demand_variability"].iloc[0] == 0


def test_nothing_outside_the_window_counts() -> None:
    customers, months = log(a=[10.0] * 12)
    outside = pd.DataFrame(
        {"customer_id": "a", "month": [dt.date(2025, 6, 1), dt.date(2026, 7, 1)], "orders": 1, "net_sales": 999.0}
    )
    more = pd.concat([months, outside, outside.assign(customer_id="stranger")])
    pd.testing.assert_frame_equal(
        measure_demand(customers, more, as_of=AS_OF), measure_demand(customers, months, as_of=AS_OF)
    )
    early = customers.assign(first_order_date=dt.date(2020, 1, 5))
    whole = measure_demand(early, more[more["customer_id"] == "a"], as_of=AS_OF, window="all")
    assert whole["demand_months"].tolist() == [13]


@examples(20, 160)
@given(
    st.lists(
        st.lists(st.integers(-500, 9_000), min_size=12, max_size=12).filter(lambda v: v[0] > 0), min_size=1, max_size=8
    ),
    st.randoms(use_true_random=False),
)
def test_it_is_numpys_and_the_row_order_changes_nothing(drawn: list[list[int]], random: object) -> None:
    customers, months = log(**{f"c{i}": [value / 100 for value in values] for i, values in enumerate(drawn)})
    table = measure_demand(customers, months, as_of=AS_OF)
    order = list(range(len(months)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(table, measure_demand(customers[::-1], months.iloc[order], as_of=AS_OF))
    for values, row in zip(drawn, table.itertuples(), strict=True):
        if sum(values) <= 0:
            assert row.xyz_class == "unknown"
        else:
            assert row.demand_variability == pytest.approx(np.std(values) / np.mean(values), abs=1e-8)


def test_the_matrix_adds_up() -> None:
    customers, months = log(a=[10.0] * 12, b=[9.0] + [None] * 11, c=[1.0] * 12)
    bought = months.groupby("customer_id")["net_sales"].sum()
    customers["net_sales_365_days"] = customers["customer_id"].map(bought)
    pareto = topic.add_demand(assign_classes(customers), measure_demand(customers, months, as_of=AS_OF))
    matrix = topic.summarise_matrix(pareto)
    assert len(matrix) == 12
    filled = matrix[matrix["accounts"] > 0]
    # 120, 12 and 9 of 141: a brings 85 %; c 94 % with it; b crosses 95 %, so it is B.
    assert filled[["abc_class", "xyz_class", "net_sales"]].values.tolist() == [
        ["A", "X", 120],
        ["B", "X", 12],
        ["B", "Z", 9],
    ]
    assert matrix["accounts_share"].sum() == pytest.approx(1)
    assert matrix["net_sales_share"].sum() == pytest.approx(1)
    facts = topic.describe_demand(pareto)
    assert (facts["ax_accounts"], facts["ax_sales"], facts["az_accounts"], facts["unknown_accounts"]) == (1, 120, 0, 0)
    assert len(topic.list_erratic(pareto)) == 0


def test_no_months_at_all_leave_everything_open() -> None:
    customers, months = log(a=[10.0] * 12)
    table = measure_demand(customers, months.head(0), as_of=AS_OF, window="all")
    assert table["xyz_class"].tolist() == ["unknown"]


def years(**customers: list[list[float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return customers and months: years from July to June, the last one ending with June 2026."""
    rows = [
        (name, dt.date(2026 - len(own) + n + (m > 5), (m + 6) % 12 + 1, 1), 1, value)
        for name, own in customers.items()
        for n, year in enumerate(own)
        for m, value in enumerate(year)
        if value
    ]
    months = pd.DataFrame(rows, columns=["customer_id", "month", "orders", "net_sales"])
    first = months.groupby("customer_id")["month"].min()
    table = pd.DataFrame({"customer_id": list(first.index), "orders": 3, "first_order_date": first.to_list()})
    return table, months


AUTUMN = [0.0, 0, 100, 120, 80] + [0.0] * 7


def test_who_buys_each_autumn_by_clockwork_is_not_erratic() -> None:
    steady = {f"s{n}": [[1000.0] * 12] * 3 for n in range(4)}
    customers, months = years(clockwork=[AUTUMN] * 3, turned=[AUTUMN[::-1], AUTUMN[::-1], AUTUMN], **steady)
    table = measure_demand(customers, months, as_of=AS_OF).set_index("customer_id")
    # Its profile: two own years, and the book, in which it hardly shows, as a third.
    assert table.loc["clockwork", ["xyz_class", "is_seasonal"]].tolist() == ["X", True]
    assert table.loc["clockwork", "demand_variability"] < 0.1
    # A season that did not show again takes nothing off.
    plain = np.std(AUTUMN) / np.mean(AUTUMN)
    assert table.loc["turned", "demand_variability"] == pytest.approx(plain, rel=0.05)
    assert table.loc["turned", ["xyz_class", "is_seasonal"]].tolist() == ["Z", False]
    assert table.loc["s0", ["xyz_class", "is_seasonal"]].tolist() == ["X", False]


def test_the_season_by_hand() -> None:
    """Two years of a single account: its profile is half its own other year, half the book's, which is the same year."""
    before, now = [2.0, 0, 1, 1, 0, 2, 1, 1, 1, 1, 1, 1], [4.0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    customers, months = years(a=[before, now])
    table = measure_demand(customers, months, as_of=AS_OF)
    profile, apart = np.array(before) - 1, np.array(now) - 1  # both means are 1
    slope = (profile @ apart) / (profile @ profile)  # (3 + 0 + 1 - 1) / 4
    assert slope == 0.75
    assert table["demand_variability"].iloc[0] == pytest.approx(math.sqrt(((apart - slope * profile) ** 2).mean()))


def test_without_two_whole_years_no_season_is_taken_off() -> None:
    customers, months = years(a=[AUTUMN, AUTUMN])
    late = months[months["month"] > dt.date(2024, 9, 1)].assign(net_sales=lambda t: t["net_sales"])  # 21 months
    short = measure_demand(customers, late, as_of=AS_OF)
    assert short["demand_variability"].iloc[0] == pytest.approx(np.std(AUTUMN) / np.mean(AUTUMN))
    assert short["xyz_class"].tolist() == ["Z"]
    assert short["is_seasonal"].isna().all()
    assert not topic.knows_season(late, as_of=AS_OF)
    assert topic.knows_season(pd.concat([late, late.head(1).assign(month=dt.date(2024, 7, 1))]), as_of=AS_OF)
    assert not topic.knows_season(months.head(0), as_of=AS_OF)


def test_who_has_stopped_has_no_class_and_is_named() -> None:
    customers, months = log(a=[10.0] * 12, left=[900.0] + [None] * 11)
    demand = measure_demand(customers, months, as_of=AS_OF, stopped=["left"])
    assert demand["xyz_class"].tolist() == ["X", "unknown"]
    assert demand["demand_variability"].isna().tolist() == [False, True]
    customers["net_sales_365_days"] = [120.0, 900.0]
    silent = pd.DataFrame(
        {
            "customer_id": ["a", "left"],
            "silence": ["buying", "lapsed"],
            "silent_days": [5, 340],
            "longest_gap_days": 31.0,
        }
    )
    pareto = topic.add_demand(assign_classes(customers), demand, silent)
    assert topic.list_erratic(pareto).empty
    ended = topic.list_stopped(pareto, silent, states=["quiet", "lapsed", "lost"])
    assert ended[["customer_id", "silence", "silent_days"]].values.tolist() == [["left", "lapsed", 340]]


def test_on_the_sample_no_seasonal_buyer_is_erratic(shipped: Callable[[str], Path]) -> None:
    """Of 21 large accounts that seemed erratic 14 were made to buy by the season, and 4 had gone."""
    folder = shipped("wholesale")
    customers, months = (pd.read_parquet(folder / "tables" / f"{name}.parquet") for name in ("customers", "months"))
    truth = pd.read_parquet(Path(__file__).parents[1] / "reference" / "wholesale_truth.parquet").set_index(
        "customer_id"
    )
    as_of = read_report(folder).as_of
    days = pd.read_parquet(folder / "tables" / "order_days.parquet")
    silent = silence.measure_silence(days, as_of=as_of, active_days=180)
    gone = silent.loc[silent["silence"].isin(["quiet", *silence.GONE]), "customer_id"]
    demand = measure_demand(customers, months, as_of=as_of, stopped=gone)
    erratic = topic.list_erratic(topic.add_demand(assign_classes(customers), demand))["customer_id"]
    assert 0 < len(erratic) <= 5
    assert not (truth.loc[erratic, "buying_pattern"] == "seasonal").any()
