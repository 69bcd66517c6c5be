"""Does the whale curve rise and fall with the accounts that earn and cost?"""

from __future__ import annotations

import math

import pandas as pd
import pytest

from kalib.errors import MissingColumnsError
from kalib.topics import pareto_profit as topic
from kalib.topics.pareto import assign_classes

SEVEN = pd.DataFrame(
    {
        "customer_id": list("abcdefg"),
        "orders": 1,
        "net_sales_365_days": [600.0, 200, 100, 60, 40, 0, 0],
        "margin_365_days": [60.0, 80, 40, 20, 5, 0, 0],
        "cost_to_serve_365_days": [90.0, 20, 10, 10, 5, 15, 0],
    }
)
"""Profit: b 60, c 30, d 10, e 0, f -15 (bought nothing), a -30; g had neither trade nor cost."""


def test_the_whale_curve_by_hand() -> None:
    whale = topic.summarise_whale(assign_classes(SEVEN))
    assert whale["accounts"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert whale["cumulative_profit"].tolist() == [0, 60, 90, 100, 100, 85, 55]
    assert whale["is_peak"].tolist() == [False, False, False, True, False, False, False]
    assert whale["accounts_share"].iloc[3] == 0.5


def test_facts_by_hand() -> None:
    facts = topic.describe_profit(assign_classes(SEVEN))
    assert (facts["profit"], facts["profit_peak"], facts["peak_accounts"]) == (55, 100, 3)
    assert facts["profit_peak_ratio"] == pytest.approx(100 / 55)
    assert (facts["losing_accounts"], facts["losing_profit"], facts["loss"]) == (2, -45, 45)
    assert (facts["idle_accounts"], facts["idle_cost"]) == (1, 15)
    assert (facts["costly_accounts"], facts["costly_losing"], facts["costly_sales"]) == (1, 1, 600)


def test_large_accounts_without_profit_are_named() -> None:
    pareto = assign_classes(SEVEN)
    assert topic.has_profit(pareto)
    assert topic.list_costly(pareto)["customer_id"].tolist() == ["a"]
    losing = topic.list_unprofitable(pareto)
    assert losing["customer_id"].tolist() == ["a", "f"]
    assert losing["margin_365_days"].tolist() == [60, 0]


def test_a_business_that_loses_has_no_ratio() -> None:
    facts = topic.describe_profit(assign_classes(SEVEN.assign(cost_to_serve_365_days=[900.0, 1, 1, 1, 1, 1, 1])))
    assert facts["profit"] < 0
    assert math.isnan(facts["profit_peak_ratio"])


def test_the_row_order_changes_nothing() -> None:
    one, other = (topic.summarise_whale(assign_classes(table)) for table in (SEVEN, SEVEN[::-1]))
    pd.testing.assert_frame_equal(one, other)


def test_without_cost_there_is_no_profit() -> None:
    pareto = assign_classes(SEVEN.drop(columns="cost_to_serve_365_days"))
    assert not topic.has_profit(pareto)
    with pytest.raises(MissingColumnsError, match="profit_abc_class"):
        topic.list_costly(pareto)
