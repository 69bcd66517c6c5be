"""Is it counted rightly who kept the tier of a year ago, and is nothing said where that year is not whole?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kalib.topics import tiers_review as topic
from kalib.topics.tiers import TierModel, assign_tiers


def make_customers(sales: list[float], *, tenure: int = 900) -> pd.DataFrame:
    """Make customers c000, c001, ... whose orders follow their sales; who has no sales has no order."""
    figures = np.array(sales)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:03}" for i in range(len(figures))],
            "orders": 1 + np.arange(len(figures)) % 3,
            "net_sales_365_days": figures,
            "orders_365_days": np.where(figures > 0, np.maximum(figures // 100, 1), 0).astype(int),
            "days_since_last_order": np.where(figures > 0, 10, 400),
            "net_sales_365_days_last_year": figures,
            "tenure_days": tenure,
        }
    )


TODAY = [5_000.0 + i for i in range(20)] + [50.0 + i for i in range(60)]


@pytest.fixture(scope="module")
def model() -> TierModel:
    return TierModel(count=2).fit(make_customers(TODAY))


def test_moves_since_a_year_ago_are_counted(model: TierModel) -> None:
    today = assign_tiers(make_customers(TODAY), model=model)
    before = [50.0 + i for i in range(5)] + TODAY[5:20] + [5_000.0] * 3 + TODAY[23:70] + [0.0] * 10
    table = topic.review_year(today, make_customers(before), model=model).set_index("tier_place")
    # five were small and are large, three the other way round; ten had no order then and are not judged
    assert table.loc["all"].tolist() == [70, 62, 5, 3, 0, 62 / 70]
    assert table.loc["clear", "then"] == 70  # nothing lies near so wide a gap
    facts = topic.describe_review(table.reset_index())
    assert (facts["all_then"], facts["near_then"], facts["same_tier_share"]) == (70, 0, 62 / 70)


def test_who_has_gone_keeps_no_tier(model: TierModel) -> None:
    gone = [0.0] * 20 + TODAY[20:]
    today = assign_tiers(make_customers(gone), model=model)
    table = topic.review_year(today, make_customers(TODAY), model=model).set_index("tier_place")
    assert table.loc["all", ["same_tier", "lower_tier", "no_order"]].tolist() == [60, 0, 20]
    gone = TODAY[:20] + [0.0] * 60  # nor who was in the last tier before
    today = assign_tiers(make_customers(gone), model=model)
    table = topic.review_year(today, make_customers(TODAY), model=model).set_index("tier_place")
    assert table.loc["all", ["same_tier", "no_order"]].tolist() == [20, 60]


@pytest.mark.parametrize("tenure", [0, topic.WHOLE - 1])
def test_a_part_of_a_year_is_no_year(model: TierModel, tenure: int) -> None:
    customers = make_customers(TODAY, tenure=tenure)
    today = assign_tiers(customers, model=model)
    assert topic.review_year(today, customers, model=model).empty
    assert topic.describe_review(topic.review_year(today, customers, model=model))["all_then"] == 0
