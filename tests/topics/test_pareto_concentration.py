"""Are the Gini coefficient and the shares those of slower and independent formulas, also when an account is lost?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import NotEnoughDataError
from kalib.topics import pareto_concentration as topic
from kalib.topics.pareto import assign_classes
from kalib.topics.pareto_concentration import compute_gini, list_losses, measure_concentration
from tests.depth import examples

money = st.lists(st.integers(-3_000, 90_000), min_size=1, max_size=30).filter(lambda cents: max(cents) > 0)


def pairwise_gini(values: np.ndarray) -> float:
    """Return the mean absolute difference of all pairs, each with itself included, over twice the mean."""
    positive = values[values > 0]
    return float(np.abs(positive[:, None] - positive[None, :]).mean() / (2 * positive.mean()))


def fewest_for(values: list[int], share: float = 0.8) -> int:
    """Return how many of the largest are needed, by adding them up one by one."""
    falling = sorted((value for value in values if value > 0), reverse=True)
    so_far = 0
    for place, value in enumerate(falling, start=1):
        so_far += value
        if so_far * 100 >= sum(falling) * round(share * 100):
            return place
    return 0


def customers_of(cents: list[int]) -> pd.DataFrame:
    ids = [f"c{i:02}" for i in range(len(cents))]
    value = np.array(cents) / 100
    return pd.DataFrame({"customer_id": ids, "orders": 1, "net_sales_365_days": value, "margin_365_days": value / 4})


def test_gini_by_hand() -> None:
    # Pairs of 1, 2, 3, 4: differences 1 1 1 2 2 3, twice, over 16 pairs: 20 / 16 = 1.25; over 2 * 2.5: 0.25.
    assert compute_gini(pd.Series([3.0, 1, 4, 2])) == 0.25
    assert compute_gini(pd.Series([9.0, 1])) == pytest.approx(0.4)
    assert compute_gini(pd.Series([5.0] * 7)) == 0
    assert compute_gini(pd.Series([5.0])) == 0
    assert compute_gini(pd.Series([3.0, 1, 4, 2, 0, -8])) == 0.25  # who bought nothing or sent back is left out
    assert math.isnan(compute_gini(pd.Series([0.0, -1])))
    # One of n has nearly all: the most that n can have is 1 - 1/n.
    assert compute_gini(pd.Series([1e6] + [0.01] * 9)) == pytest.approx(0.9, abs=1e-6)


@examples(37, 300)
@given(money)
def test_gini_is_the_mean_difference_of_all_pairs(cents: list[int]) -> None:
    values = np.array(cents) / 100
    assert compute_gini(pd.Series(values)) == pytest.approx(pairwise_gini(values), abs=1e-12)
    assert compute_gini(pd.Series(values)) == compute_gini(pd.Series(values[::-1].copy()))
    assert 0 <= compute_gini(pd.Series(values)) < 1


def test_concentration_by_hand() -> None:
    facts = measure_concentration(pd.Series([400.0, 300, 100, 100, 50, 50, 0, -20]))
    assert (facts["accounts"], facts["accounts_for_80"], facts["accounts_for_80_share"]) == (6, 3, 0.5)
    assert (facts["largest_share"], facts["top_accounts"], facts["top_share"]) == (0.4, 1, 0.4)
    assert facts["top_fifth_share"] == 0.7  # a fifth of six, rounded up: two
    assert facts["equal_accounts"] == pytest.approx(1 / (0.16 + 0.09 + 0.01 + 0.01 + 0.0025 + 0.0025))


def test_equal_accounts_are_as_many_as_they_are() -> None:
    facts = measure_concentration(pd.Series([3.0] * 25))
    assert facts["equal_accounts"] == pytest.approx(25)
    assert (facts["top_accounts"], facts["top_share"], facts["accounts_for_80"]) == (10, 0.4, 20)


@examples(25, 200)
@given(money)
def test_eighty_percent_are_counted_up(cents: list[int]) -> None:
    assert measure_concentration(pd.Series(cents) / 100)["accounts_for_80"] == fewest_for(cents)


def test_tops_end_below_all_accounts() -> None:
    tops = topic.summarise_tops(pd.Series([50.0, 20, 10, 10, 5, 5]), pd.Series([1.0, 1, 1, 1]))
    assert tops["top_accounts"].tolist() == [1, 5]
    assert tops["top_share"].tolist() == [0.5, 0.95]
    assert tops["smallest_value"].tolist() == [50, 5]
    assert tops["top_share_before"].tolist() == [0.25, 1.0]
    assert tops["top_share_change"].tolist() == pytest.approx([0.25, -0.05])
    assert topic.summarise_tops(pd.Series([2.0])).values.tolist() == [[1, 2, 1]]


def test_a_year_ago_is_measured_by_the_same_rule() -> None:
    now, then = pd.Series([50.0] + [5.0] * 10), pd.Series([10.0] * 12)
    facts = topic.compare_concentration(now, then)
    assert facts["top_accounts"] == 5
    assert facts["top_share_before"] == pytest.approx(5 / 12)
    assert facts["top_share_change"] == pytest.approx(0.7 - 5 / 12)
    assert facts["accounts_change"] == -1
    alone = topic.compare_concentration(now, None)
    assert math.isnan(alone["top_share_change"])
    assert math.isnan(topic.compare_concentration(now, pd.Series([-1.0]))["gini_before"])


def test_the_past_counts_only_with_a_whole_year_behind_it() -> None:
    past = pd.DataFrame({"orders": [1, 1, 0], "tenure_days": [364, 10, 900], "net_sales_365_days": [5.0, 6, 7]})
    assert topic.find_before(past).tolist() == [5, 6]
    assert topic.find_before(past.assign(tenure_days=363)) is None
    assert topic.find_before(past.assign(net_sales_365_days=0.0)) is None
    assert topic.find_before(past.head(0)) is None


def test_losses_by_hand() -> None:
    customers = customers_of([60_000, 20_000, 10_000, 5_000, 3_000, 2_000, -1_000])
    losses = list_losses(assign_classes(customers), rows=2).set_index("customer_id")
    first, second = losses.loc["c00"], losses.loc["c01"]
    assert first["window_net_sales_share"] == 0.6
    assert first["window_margin"] == 150
    assert first["margin_lost_share"] == pytest.approx(150 / 247.5)  # of all margin, returns taken off
    # Without c00 400 are left: 200, 100, 50, 30, 20. 80 % are 320: 200 + 100 + 50.
    assert first["accounts_for_80_after"] == 3
    assert first["as_smallest_accounts"] == 5
    assert first["top_share_after"] == 1
    assert first["gini_after"] == pytest.approx(pairwise_gini(np.array([200.0, 100, 50, 30, 20])))
    # Without c01 800 are left, 80 % are 640: 600 + 100. The smallest three bring 100, the smallest four 200: as much.
    assert second["accounts_for_80_after"] == 2
    assert second["as_smallest_accounts"] == 4
    assert second["as_b_accounts"] == pytest.approx(200 / 75)  # B: 100 and 50


@examples(30, 240)
@given(money)
def test_losing_an_account_is_what_is_left_without_it(cents: list[int]) -> None:
    customers = customers_of(cents)
    pareto = assign_classes(customers)
    for row in list_losses(pareto, rows=40).itertuples():
        left = customers.loc[customers["customer_id"] != row.customer_id, "net_sales_365_days"]
        lost = round(row.window_net_sales * 100)
        if not (left > 0).any():
            assert math.isnan(row.gini_after)
            continue
        after = measure_concentration(left)
        assert row.accounts_for_80_after == after["accounts_for_80"]
        assert row.gini_after == pytest.approx(after["gini"], abs=1e-9)
        falling = np.sort(left[left > 0])[::-1]
        assert row.top_share_after == pytest.approx(falling[:10].sum() / falling.sum())
        smaller = sorted(round(value * 100) for value in left if value > 0)[: row.as_smallest_accounts]
        assert sum(smaller) <= lost


def test_losses_of_equal_accounts_do_not_hang_on_the_row_order() -> None:
    customers = customers_of([500] * 6)
    one, other = (list_losses(assign_classes(table), rows=3) for table in (customers, customers[::-1]))
    pd.testing.assert_frame_equal(one, other)
    assert one["customer_id"].tolist() == ["c00", "c01", "c02"]
    assert one["accounts_for_80_after"].tolist() == [4, 4, 4]
    assert topic.describe_losses(one)["losses_finding"] == "finding_few"


def test_a_single_account_leaves_nothing() -> None:
    losses = list_losses(assign_classes(customers_of([500, 0])))
    assert losses["window_net_sales_share"].tolist() == [1]
    assert losses[["gini_after", "top_share_after", "accounts_for_80_after"]].isna().all(axis=None)
    assert topic.describe_losses(losses)["losses_finding"] == "finding_single"


def test_the_answer_says_what_is_known() -> None:
    pareto = assign_classes(customers_of([9_000, *[1_000] * 30]))
    before = pd.Series([10.0] * 30)
    facts = topic.describe_concentration(pareto, before) | {"window": "365_days"}
    assert topic.list_answers(facts) == ["main", "top_up", "losing"]
    assert topic.list_kpis(facts) == ["sales", "class_a", "top", "equal", "erratic"]
    assert facts["top_points"] == pytest.approx(round(100 * (180 / 390 - 1 / 3), 1))
    assert facts["top_relief"] == -facts["top_points"]
    alone = topic.describe_concentration(pareto, None) | {"window": "all", "losing_accounts": 1}
    assert topic.list_answers(alone) == ["main", "top", "losing"]
    assert topic.list_kpis(alone) == ["sales_all", "class_a", "top_alone", "equal", "unprofitable", "erratic"]
    same = topic.describe_concentration(pareto, pareto["window_net_sales"])
    assert topic.list_answers(same) == ["main", "top_same", "losing"]
    assert same["top_relief"] == 0
    assert same["sales_change"] == 0
    few = topic.describe_concentration(assign_classes(customers_of([5, 4, 3])), None)
    assert topic.list_answers(few) == ["main", "losing_first"]
    one = topic.describe_concentration(assign_classes(customers_of([5])), None)
    assert topic.list_answers(one) == ["single"]


def test_nothing_sold_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="pareto_nothing_sold"):
        measure_concentration(pd.Series([0.0, -1]))
