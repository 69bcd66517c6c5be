"""Are tiers in the order of worth, the same for the same customers, and honest about how surely they hold?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from kalib.errors import MissingColumnsError, NotEnoughDataError
from kalib.topics import tiers as topic
from kalib.topics import tiers_choice, tiers_compare, tiers_rules
from kalib.topics.tiers import TIERS, TierModel, assign_tiers
from kalib.topics.tiers_choice import fit_tiers
from kalib.topics.tiers_facts import describe_tiers


def make_customers(sizes: dict[float, int], *, silent: int = 0, spread: float = 0.1) -> pd.DataFrame:
    """Make groups of customers around given sales a year, one order for about each 500."""
    random = np.random.default_rng(3)
    sales = np.concatenate([middle * random.lognormal(0, spread, rows) for middle, rows in sizes.items()])
    orders = np.maximum(1, np.round(sales / 500)).astype(int)
    days = np.minimum(360, np.round(180 / orders)).astype(int)
    table = pd.DataFrame(
        {"net_sales_365_days": sales.round(2), "orders_365_days": orders, "days_since_last_order": days}
    )
    gone = pd.DataFrame({"net_sales_365_days": [0.0] * silent, "orders_365_days": 0, "days_since_last_order": 500})
    table = pd.concat([table, gone], ignore_index=True)
    return table.assign(
        customer_id=[f"c{i:04}" for i in range(len(table))],
        orders=table["orders_365_days"] + 1,
        net_sales_365_days_last_year=table["net_sales_365_days"] / 2 + 10,
    )


GROUPS = make_customers({100_000: 20, 10_000: 80, 500: 300}, silent=50)
CLOUD = make_customers({3_000: 300}, spread=1.5)


def test_groups_that_are_there_are_found() -> None:
    tiers = assign_tiers(GROUPS, count=3, resamples=5)
    assert tiers["tier"].value_counts().to_dict() == {"tail": 350, "standard": 80, "strategic": 20}
    assert tiers["tier_stability"].eq(1).all()
    assert tiers.columns.tolist() == [
        *("customer_id", "tier", "tier_rank", "tier_stability", "tier_seed_stability", "next_tier", "next_tier_share"),
        *("net_sales_365_days", "orders_365_days", "days_since_last_order", "net_sales_365_days_last_year"),
    ]


def test_the_number_that_is_there_is_chosen() -> None:
    choice = fit_tiers(GROUPS, resamples=5)[1]
    assert choice.loc[choice["chosen"], "tier_count"].tolist() == [3]
    assert choice["why"].tolist()[0] == "chosen"
    assert choice["smallest_tier"].tolist()[0] == 20
    assert choice["silhouette"].idxmax() == 0


@pytest.mark.parametrize("count", [3, 4, 5])
def test_tiers_are_in_the_order_of_worth(count: int) -> None:
    tiers = assign_tiers(CLOUD, count=count, resamples=4)
    summary = topic.summarise_tiers(tiers)
    assert summary["tier"].tolist() == list(TIERS[count])
    assert summary["tier_rank"].tolist() == list(range(1, count + 1))
    means = summary["net_sales_365_days"] / (summary["customers"] - summary["silent_customers"])
    assert means.is_monotonic_decreasing
    assert summary["customers"].sum() == len(CLOUD)
    assert summary["customers_share"].sum() == pytest.approx(1)
    assert summary["net_sales_365_days_share"].sum() == pytest.approx(1)
    assert tiers["tier_stability"].between(0, 1).all()


def test_the_same_customers_get_the_same_tiers_in_any_order() -> None:
    before = CLOUD.copy(deep=True)
    first = assign_tiers(CLOUD, count=4, resamples=4)
    second = assign_tiers(CLOUD.sample(frac=1, random_state=5), count=4, resamples=4)
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(
        fit_tiers(CLOUD, resamples=3)[1], fit_tiers(CLOUD.iloc[::-1], resamples=3)[1], check_exact=True
    )
    pd.testing.assert_frame_equal(CLOUD, before)


def test_equal_customers_are_in_the_same_tier_just_as_surely() -> None:
    twins = pd.concat([CLOUD, CLOUD.assign(customer_id="t" + CLOUD["customer_id"])])
    tiers = assign_tiers(twins, count=3, resamples=4).set_index("customer_id")
    for customer in CLOUD["customer_id"]:
        assert tiers.loc[customer].equals(tiers.loc["t" + customer].rename(customer))


def test_another_currency_changes_no_tier() -> None:
    dearer = CLOUD.assign(net_sales_365_days=CLOUD["net_sales_365_days"] * 1024)
    columns = ["customer_id", "tier", "tier_stability"]
    pd.testing.assert_frame_equal(
        assign_tiers(CLOUD, count=4, resamples=3)[columns], assign_tiers(dearer, count=4, resamples=3)[columns]
    )


def test_no_order_in_the_year_is_the_last_tier_by_rule() -> None:
    big = GROUPS.assign(net_sales_365_days=GROUPS["net_sales_365_days"].where(GROUPS["orders_365_days"] > 0, 1e6))
    tiers = assign_tiers(big, count=3, resamples=2)
    silent = tiers[tiers["orders_365_days"] == 0]
    assert set(silent["tier"]) == {"tail"}
    assert silent["tier_stability"].eq(1).all()
    without = TierModel(count=3).fit(GROUPS[GROUPS["orders_365_days"] > 0])
    assert np.array_equal(without.centres_, TierModel(count=3).fit(GROUPS).centres_)


def test_more_returned_than_bought_counts_as_nought() -> None:
    table = CLOUD.copy()
    table.loc[0, "net_sales_365_days"] = -900.0
    tiers = assign_tiers(table, count=3, resamples=2).set_index("customer_id")
    assert tiers.loc["c0000", "tier"] == "tail"
    assert tiers.loc["c0000", "net_sales_365_days"] == -900


def test_prospects_and_refund_only_customers_are_left_out() -> None:
    table = CLOUD.copy()
    table.loc[0, "orders"] = 0
    assert "c0000" not in set(assign_tiers(table, count=3, resamples=2)["customer_id"])


def test_a_model_measures_another_snapshot_with_its_own_centres() -> None:
    model = TierModel(count=3).fit(GROUPS)
    later = GROUPS.head(1).assign(net_sales_365_days=500.0, orders_365_days=1, days_since_last_order=180)
    assert model.predict(later)[["tier", "tier_rank"]].values.tolist() == [["tail", 3]]
    assert clone(model).get_params()["count"] == 3


def test_a_sample_finds_the_centres_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic, "ROWS", 100)
    tiers = assign_tiers(GROUPS, count=3, resamples=3)
    assert tiers["tier"].value_counts().to_dict() == {"tail": 350, "standard": 80, "strategic": 20}


def test_a_tier_can_be_too_small() -> None:
    table = make_customers({100_000: 3, 10_000: 80, 500: 300})
    choice = fit_tiers(table, counts=(3,), resamples=3)[1]
    assert choice[["why", "chosen"]].values.tolist() == [["only_choice", True]]
    assert choice_of(table, counts=(3, 4))["why"].tolist()[0] in ("only_choice", "too_small")


def choice_of(table: pd.DataFrame, *, counts: tuple[int, ...]) -> pd.DataFrame:
    choice = fit_tiers(table, counts=counts, resamples=3)[1]
    assert choice["chosen"].sum() == 1
    return choice


def test_the_choice_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = {
        3: {
            "silhouette": 0.44,
            "agreement": 0.70,
            "smallest_tier": 60,
            "smallest_tier_share": 0.2,
            "calinski_harabasz": 99,
        },
        4: {
            "silhouette": 0.40,
            "agreement": 0.93,
            "smallest_tier": 30,
            "smallest_tier_share": 0.1,
            "calinski_harabasz": 97,
        },
        5: {
            "silhouette": 0.41,
            "agreement": 0.95,
            "smallest_tier": 20,
            "smallest_tier_share": 0.07,
            "calinski_harabasz": 98,
        },
    }
    monkeypatch.setattr(
        tiers_choice, "_judge", lambda model, *_, **__: {"tier_count": model.count, **judged[model.count]}
    )
    assert fit_tiers(CLOUD)[1]["why"].tolist() == ["less_agreeing", "chosen", "no_better"]
    assert fit_tiers(CLOUD, min_customers=40)[1]["why"].tolist() == ["chosen", "too_small", "too_small"]
    assert fit_tiers(CLOUD, min_agreement=0.94)[1]["why"].tolist() == ["unstable", "unstable", "chosen"]
    assert fit_tiers(CLOUD, min_share=0.3)[1]["why"].tolist() == ["only_choice", "too_small", "too_small"]


def test_a_rule_of_thumb_by_hand() -> None:
    tiers = pd.DataFrame(
        {
            "customer_id": list("abcdefgh"),
            "tier": ["strategic"] * 2 + ["standard"] * 3 + ["tail"] * 3,
            "tier_rank": [1, 1, 2, 2, 2, 3, 3, 3],
            "tier_stability": 1.0,
            "tier_seed_stability": 1.0,
            "net_sales_365_days": [90_000.0, 50_000, 9_000, 8_000, 900, 1_000, 100, 0],
            "orders_365_days": [9, 9, 5, 5, 5, 1, 1, 0],
            "days_since_last_order": [1, 1, 9, 9, 9, 90, 90, 900],
        }
    )
    rules = tiers_rules.explain_tiers(tiers)
    # Between 50,000 and 9,000: 29,500, in two digits 30,000. Between 8,000 and 1,000: 4,500.
    assert rules["from_net_sales_365_days"].tolist()[:2] == [30_000, 4_500]
    assert math.isnan(rules["from_net_sales_365_days"].iloc[2])
    assert rules["rule_share"].tolist() == pytest.approx([1, 2 / 3, 1])
    profiles = tiers_rules.profile_tiers(tiers)
    assert [profile["tier"] for profile in profiles] == ["strategic", "standard", "tail"]
    assert (profiles[2]["customers"], profiles[2]["silent_customers"], profiles[2]["net_sales"]) == (3, 1, 550)
    facts = describe_tiers(tiers)
    assert facts["rule_share"] == pytest.approx(6 / 7)
    assert (facts["top_tier"], facts["top_customers"], facts["last_customers"]) == ("strategic", 2, 3)
    assert facts["top_net_sales_share"] == pytest.approx(140_000 / 159_000)
    assert facts["silent_customers"] == 1


def test_no_change_is_told_of_tiers_that_the_change_has_made() -> None:
    """Tiers are made of this year's sales: by chance alone the best would have grown and the last have fallen."""
    assert not [
        column for column in topic.summarise_tiers(assign_tiers(GROUPS, count=3, resamples=2)) if "change" in column
    ]


def test_a_plain_ranking_is_the_yardstick() -> None:
    outcomes = GROUPS[["customer_id"]].assign(net_sales_ahead=GROUPS["net_sales_365_days"] * 2)
    comparison = tiers_compare.compare_tiers(GROUPS, model=TierModel(count=3, resamples=3), past=(GROUPS, outcomes))
    assert comparison["method"].tolist() == ["clusters", "sales_rank", "sales_quantiles"]
    assert comparison["top_customers"].tolist() == [20, 20, 133]
    assert comparison["top_net_sales_share"].head(2).nunique() == 1
    assert comparison["top_net_sales_ahead_share"].tolist() == pytest.approx(comparison["top_net_sales_share"].tolist())
    tiers = assign_tiers(GROUPS, count=3, resamples=3)
    facts = describe_tiers(tiers, comparison=comparison, choice=fit_tiers(GROUPS, resamples=3)[1])
    assert (facts["better"], facts["separation"]) == ("neither", "clear")
    cloud = tiers_compare.compare_tiers(CLOUD, model=TierModel(count=3, resamples=3))
    assert cloud["top_net_sales_share"].iloc[1] >= cloud["top_net_sales_share"].iloc[0]
    assert "top_net_sales_ahead_share" not in cloud


def test_the_map_shows_small_tiers_whole() -> None:
    tiers = assign_tiers(GROUPS, count=3, resamples=2)
    drawn = topic.sample_customers(tiers, rows=150)
    assert drawn["tier"].value_counts().to_dict() == {"standard": 50, "tail": 50, "strategic": 20}
    assert drawn["net_sales_365_days"].gt(0).all()


def test_refusals() -> None:
    with pytest.raises(NotEnoughDataError) as few:
        fit_tiers(CLOUD.head(29))
    assert (few.value.reason, few.value.facts) == ("tiers_few_customers", {"customers": 29, "least": 30, "tiers": 3})
    assert fit_tiers(CLOUD.head(45), resamples=2)[1]["tier_count"].tolist() == [3, 4]
    with pytest.raises(NotEnoughDataError, match="tiers_no_spread"):
        assign_tiers(CLOUD.assign(net_sales_365_days=10.0), count=3)
    with pytest.raises(NotEnoughDataError, match="tiers_few_customers"):
        assign_tiers(CLOUD.assign(orders_365_days=0), count=3)
    with pytest.raises(ValueError, match="`count` is one of 2, 3, 4, 5; it was 6"):
        assign_tiers(CLOUD, count=6)
    with pytest.raises(MissingColumnsError, match=r"lacks \['orders_365_days'\]"):
        assign_tiers(CLOUD.drop(columns="orders_365_days"), count=3)


def test_a_thin_past_decides_nothing_about_today() -> None:
    """A business that hardly sold a year ago still gets its tiers; only the look at later sales is left out."""
    thin, later = GROUPS.head(5), pd.DataFrame({"customer_id": GROUPS["customer_id"].head(5), "net_sales_ahead": 1.0})
    comparison = tiers_compare.compare_tiers(GROUPS, model=TierModel(count=3, resamples=3), past=(thin, later))
    assert "top_net_sales_ahead_share" not in comparison
    assert (
        comparison["top_customers"].tolist()
        == tiers_compare.compare_tiers(GROUPS, model=TierModel(count=3, resamples=3))["top_customers"].tolist()
    )
