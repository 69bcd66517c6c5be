"""Are the tiers and the plain ways measured alike, and does the better one win?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from kalib.topics import tiers_compare
from kalib.topics.tiers import TierModel, assign_tiers
from kalib.topics.tiers_facts import describe_tiers
from tests.topics.test_tiers import CLOUD

MODEL = TierModel(count=4, resamples=4)


def later(amounts: np.ndarray) -> pd.DataFrame:
    return CLOUD[["customer_id"]].assign(net_sales_ahead=amounts.round(2))


def verdict(comparison: pd.DataFrame) -> tuple[str, str]:
    facts = describe_tiers(assign_tiers(CLOUD, count=4, resamples=2), comparison=comparison)
    return str(facts["better"]), str(facts["better_by"])


def test_what_the_tiers_tell_is_the_share_of_variance_between_them() -> None:
    ahead = later(CLOUD["net_sales_365_days"].to_numpy() * np.random.default_rng(1).lognormal(0, 1, len(CLOUD)))
    found = tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD, ahead)).set_index("method")
    rank = assign_tiers(CLOUD, count=4, resamples=2).set_index("customer_id")["tier_rank"]
    table = ahead.set_index("customer_id").join(rank)
    root = table["net_sales_ahead"] ** 0.25
    within = ((root - root.groupby(table["tier_rank"]).transform("mean")) ** 2).sum()
    wanted = 1 - within / ((root - root.mean()) ** 2).sum()
    assert found.loc["clusters", "explained_share"] == pytest.approx(wanted)
    top = table.loc[table["tier_rank"] == 1, "net_sales_ahead"].sum() / table["net_sales_ahead"].sum()
    assert found.loc["clusters", "top_net_sales_ahead_share"] == pytest.approx(top)
    for method in ("sales_rank", "sales_quantiles"):
        row = found.loc[method]
        assert row["lead_share"] == pytest.approx(found.loc["clusters", "explained_share"] - row["explained_share"])
        assert row["lead_low"] <= row["lead_share"] <= row["lead_high"]


def test_each_way_can_win() -> None:
    """Where later sales hang on orders alone the tiers win; where on net sales in equal parts, these."""
    random = np.random.default_rng(2)
    often = CLOUD.assign(orders_365_days=random.integers(1, 60, len(CLOUD)))
    by_orders = tiers_compare.compare_tiers(
        often, model=MODEL, past=(often, later(often["orders_365_days"].to_numpy(float) ** 4))
    )
    assert verdict(by_orders) == ("clusters", "later_sales")
    quarter = pd.qcut(CLOUD["net_sales_365_days"].rank(), 4, labels=False).to_numpy()
    by_parts = tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD, later((quarter + 1.0) ** 4)))
    assert verdict(by_parts) == ("sales_quantiles", "later_sales")
    by_chance = tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD, later(random.random(len(CLOUD)) * 100)))
    assert verdict(by_chance) == ("neither", "later_sales")


def test_without_a_past_the_stability_decides() -> None:
    comparison = tiers_compare.compare_tiers(CLOUD, model=MODEL)
    assert "explained_share" not in comparison
    assert verdict(comparison)[1] == "stability"
    nothing = tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD, later(np.zeros(len(CLOUD)))))
    assert nothing["explained_share"].isna().all()
    assert verdict(nothing)[1] == "stability"


def test_the_comparison_does_not_depend_on_the_rows() -> None:
    ahead = later(CLOUD["net_sales_365_days"].to_numpy() * np.random.default_rng(1).lognormal(0, 1, len(CLOUD)))
    pd.testing.assert_frame_equal(
        tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD, ahead)),
        tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD.iloc[::-1], ahead.sample(frac=1, random_state=1))),
    )


def test_known_classes_are_rated_by_the_adjusted_rand_index() -> None:
    tiers = assign_tiers(CLOUD, count=3, resamples=2).set_index("customer_id")
    classes = pd.Series(np.where(tiers["orders_365_days"] > 4, "much", "little"), index=tiers.index)
    found = tiers_compare.rate_tiers(tiers.reset_index(), classes)
    assert found["clusters"] == pytest.approx(adjusted_rand_score(classes, tiers["tier_rank"]))
    parts = pd.qcut(-tiers["net_sales_365_days"].rank(), 3, labels=False)
    assert found["sales_quantiles"] == pytest.approx(adjusted_rand_score(classes, parts))
    assert set(found) == set(tiers_compare.METHODS)
