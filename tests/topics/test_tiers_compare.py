"""Are the tiers and the plain ways measured alike, and does the better one win?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from kalib.topics import tiers_compare
from kalib.topics.tiers import TierModel, assign_tiers
from kalib.topics.tiers_facts import describe_tiers
from kalib.words import Words
from tests.topics.test_tiers import CLOUD

MODEL = TierModel(count=4, resamples=4)


def later(amounts: np.ndarray) -> pd.DataFrame:
    return CLOUD[["customer_id"]].assign(net_sales_ahead=amounts.round(2))


def verdict(comparison: pd.DataFrame) -> str:
    facts = describe_tiers(assign_tiers(CLOUD, count=4, resamples=2), comparison=comparison)
    return str(facts["better"])


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
    assert verdict(by_orders) == "clusters"
    quarter = pd.qcut(CLOUD["net_sales_365_days"].rank(), 4, labels=False).to_numpy()
    by_parts = tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD, later((quarter + 1.0) ** 4)))
    assert verdict(by_parts) == "sales_quantiles"
    by_chance = tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD, later(random.random(len(CLOUD)) * 100)))
    assert verdict(by_chance) == "neither"


def test_without_a_past_no_winner_is_named() -> None:
    comparison = tiers_compare.compare_tiers(CLOUD, model=MODEL)
    assert "explained_share" not in comparison
    assert verdict(comparison) == "unjudged"
    # Also where one way keeps far more accounts in their tier than another: without an interval that proves nothing.
    apart = comparison.assign(tier_stability=[0.99, 0.5, 0.4])
    facts = describe_tiers(assign_tiers(CLOUD, count=4, resamples=2), comparison=apart)
    assert facts["better"] == "unjudged"
    for language, chance in (("en", "chance"), ("zh", "偶然")):
        said = Words(language)("tiers.compare.unjudged", **facts)
        assert chance not in said
        assert "99.0%" in said
        assert "50.0%" in said
        assert "40.0%" in said
    nothing = tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD, later(np.zeros(len(CLOUD)))))
    assert nothing["explained_share"].isna().all()
    assert verdict(nothing) == "unjudged"


def test_too_few_to_be_grouped_anew_are_not_compared() -> None:
    comparison = tiers_compare.compare_tiers(
        CLOUD.head(12), model=MODEL, past=(CLOUD.head(5), later(np.ones(len(CLOUD))))
    )
    assert comparison.empty
    assert verdict(comparison) == "ungrouped"


def test_the_comparison_does_not_depend_on_the_rows() -> None:
    ahead = later(CLOUD["net_sales_365_days"].to_numpy() * np.random.default_rng(1).lognormal(0, 1, len(CLOUD)))
    pd.testing.assert_frame_equal(
        tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD, ahead)),
        tiers_compare.compare_tiers(CLOUD, model=MODEL, past=(CLOUD.iloc[::-1], ahead.sample(frac=1, random_state=1))),
    )


def test_the_comparison_does_not_depend_on_the_rows_where_features_tie() -> None:
    table = CLOUD.assign(orders_365_days=CLOUD["orders_365_days"].clip(upper=4))
    model = TierModel(count=2, features={"orders_365_days": {"weight": 1, "scale": "none"}}, resamples=4)
    ahead = later(table["net_sales_365_days"].to_numpy() * np.random.default_rng(1).lognormal(0, 1, len(table)))
    pd.testing.assert_frame_equal(
        tiers_compare.compare_tiers(table, model=model, past=(table, ahead)),
        tiers_compare.compare_tiers(table, model=model, past=(table.sample(frac=1, random_state=4), ahead)),
    )


def test_known_classes_are_rated_by_the_adjusted_rand_index() -> None:
    tiers = assign_tiers(CLOUD, count=3, resamples=2).set_index("customer_id")
    classes = pd.Series(np.where(tiers["orders_365_days"] > 4, "much", "little"), index=tiers.index)
    found = tiers_compare.rate_tiers(tiers.reset_index(), classes)
    assert found["clusters"] == pytest.approx(adjusted_rand_score(classes, tiers["tier_rank"]))
    parts = pd.qcut(-tiers["net_sales_365_days"].rank(), 3, labels=False)
    assert found["sales_quantiles"] == pytest.approx(adjusted_rand_score(classes, parts))
    assert set(found) == set(tiers_compare.METHODS)
