"""Do the rules name every account once, and are they right as often as they say?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kalib.topics import tiers_rules
from kalib.topics.tiers import assign_tiers
from kalib.words import Words
from tests.topics.test_tiers import CLOUD, GROUPS

FEATURES = ["net_sales_365_days", "orders_365_days", "days_since_last_order"]
TIERS = assign_tiers(CLOUD, count=4, resamples=2)


def make_tiers(sales: list[float], orders: list[int], rank: list[int]) -> pd.DataFrame:
    names = {1: "strategic", 2: "standard", 3: "tail"}
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:03}" for i in range(len(sales))],
            "tier": [names[r] for r in rank],
            "tier_rank": rank,
            "net_sales_365_days": sales,
            "orders_365_days": orders,
            "days_since_last_order": 10,
        }
    )


def answer(rules: pd.DataFrame, tiers: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Ask each rule of each account anew, by its words: how many name it, and as which tier."""
    named, rank = np.zeros(len(tiers), dtype=int), np.zeros(len(tiers), dtype=int)
    for rule in rules.itertuples():
        inside = np.ones(len(tiers), dtype=bool)
        for one in rule.ranges:
            figures = tiers[one["column"]].to_numpy()
            inside &= (figures >= one["low"]) if one["low"] is not None else True
            inside &= (figures < one["high"]) if one["high"] is not None else True
        named += inside
        rank[inside] = rule.tier_rank
        assert inside.sum() == rule.customers
        assert (tiers["tier_rank"].to_numpy()[inside] == rule.tier_rank).mean() == pytest.approx(rule.right_share)
    return named, rank


def test_rules_by_hand() -> None:
    """Large and often is the best tier, large and seldom the second, small the last; amounts alone can't tell."""
    sales = [1_000.0 + i for i in range(40)] + [1_000.5 + i for i in range(40)] + [100.0 + i for i in range(40)]
    orders = [20] * 40 + [3] * 40 + [3] * 40
    tiers = make_tiers(sales, orders, [1] * 40 + [2] * 40 + [3] * 40)
    rules = tiers_rules.list_rules(tiers, features=FEATURES[:2])
    assert rules["tier"].tolist() == ["strategic", "standard", "tail"]
    assert rules["right_share"].tolist() == [1, 1, 1]
    # Between 3 and 20 orders: 11.5, the first whole number is 12. Between 139 and 1,000.5: 569.75, in two digits 570.
    assert rules["ranges"].iloc[0] == [{"column": "orders_365_days", "low": 12.0, "high": None, "how": "count"}]
    assert rules["ranges"].iloc[1] == [
        {"column": "net_sales_365_days", "low": 570.0, "high": None, "how": "money"},
        {"column": "orders_365_days", "low": None, "high": 12.0, "how": "count"},
    ]
    judged = tiers_rules.judge_rules(tiers, features=FEATURES[:2])
    assert judged["rule"].tolist() == ["amounts", "tree"]
    assert judged["fidelity"].iloc[1] == judged["fidelity_elsewhere"].iloc[1] == 1
    assert judged["fidelity"].iloc[0] < 0.8
    facts = tiers_rules.describe_rules(judged)
    assert (facts["rule"], facts["tree_least_share"]) == ("tree", 1)


def test_every_account_is_named_once_and_the_fidelity_is_theirs() -> None:
    rules = tiers_rules.list_rules(TIERS, features=FEATURES)
    named, rank = answer(rules, TIERS)
    assert (named == 1).all()
    judged = tiers_rules.judge_rules(TIERS, features=FEATURES).set_index("rule")
    assert (rank == TIERS["tier_rank"]).mean() == pytest.approx(judged.loc["tree", "fidelity"])
    found = pd.Series(rank == TIERS["tier_rank"]).groupby(TIERS["tier"]).mean()
    assert judged.loc["tree", "least_share"] == pytest.approx(found.min())
    assert found[judged.loc["tree", "least_tier"]] == found.min()
    rules_of_thumb = tiers_rules.explain_tiers(TIERS)["rule_share"]
    sizes = TIERS.groupby("tier_rank").size().to_numpy()
    assert judged.loc["amounts", "fidelity"] == pytest.approx((rules_of_thumb * sizes).sum() / sizes.sum())
    assert all(len(ranges) <= 3 for ranges in rules["ranges"])


def test_what_is_measured_elsewhere_is_less_flattering_where_there_is_nothing_to_learn() -> None:
    random = np.random.default_rng(4)
    noise = make_tiers(
        (1_000 * random.random(300)).tolist(), random.integers(1, 50, 300).tolist(), random.integers(1, 4, 300).tolist()
    )
    judged = tiers_rules.judge_rules(noise, features=FEATURES[:2]).set_index("rule")
    assert judged.loc["tree", "fidelity"] > judged.loc["tree", "fidelity_elsewhere"] + 0.03
    assert judged.loc["tree", "fidelity_elsewhere"] < 0.45


def test_rules_do_not_depend_on_the_rows() -> None:
    mixed = TIERS.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(
        tiers_rules.list_rules(TIERS, features=FEATURES), tiers_rules.list_rules(mixed, features=FEATURES)
    )
    pd.testing.assert_frame_equal(
        tiers_rules.judge_rules(TIERS, features=FEATURES), tiers_rules.judge_rules(mixed, features=FEATURES)
    )


def test_a_missing_figure_counts_as_the_median_and_the_silent_are_left_out() -> None:
    tiers = assign_tiers(GROUPS, count=3, resamples=2).assign(margin=lambda table: table["net_sales_365_days"] / 4)
    tiers.loc[::7, "margin"] = np.nan
    rules = tiers_rules.list_rules(tiers, features=["margin"])
    assert rules["customers"].sum() == (tiers["orders_365_days"] > 0).sum()
    assert {one["how"] for ranges in rules["ranges"] for one in ranges} == {"money"}


def test_a_single_tier_has_one_rule_without_a_question() -> None:
    tiers = make_tiers([10.0] * 24, [1] * 24, [1] * 24)
    rules = tiers_rules.list_rules(tiers, features=FEATURES)
    assert rules[["tier", "customers", "right_share"]].values.tolist() == [["strategic", 24, 1.0]]
    assert rules["ranges"].iloc[0] == []
    assert tiers_rules.judge_rules(tiers, features=FEATURES)["fidelity"].tolist() == [1, 1]


def test_a_tier_that_no_rule_names_is_said_to_be_so() -> None:
    """One account of forty times the net sales of the rest: a rule for it would be of one account."""
    tiers = make_tiers(
        [4_000.0 + i for i in range(60)] + [1.0 + i for i in range(60)], [5] * 120, [1] + [2] * 59 + [3] * 60
    )
    assert set(tiers_rules.list_rules(tiers, features=FEATURES[:1])["tier"]) == {"standard", "tail"}
    judged = tiers_rules.judge_rules(tiers, features=FEATURES[:1]).set_index("rule")
    assert judged.loc["tree", "unnamed_tiers"] == ["strategic"]
    assert judged.loc["tree", "least_tier"] != "strategic"
    assert judged.loc["tree", "least_share"] == 1
    facts = tiers_rules.describe_rules(judged.reset_index())
    assert "tiers.rules.unnamed.tree" in tiers_rules.choose_remarks(facts)
    assert Words("en")("tiers.rules.unnamed.tree", **facts) == "No rule names Strategic: too few accounts are in it."
    known = tiers_rules.describe_rules(tiers_rules.judge_rules(TIERS, features=FEATURES))
    assert tiers_rules.choose_remarks(known) == ["tiers.rules.note"]


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_too_few_accounts_have_no_rules(rows: int) -> None:
    few = TIERS[TIERS["orders_365_days"] > 0].head(rows)
    assert tiers_rules.list_rules(few, features=FEATURES).empty
    facts = tiers_rules.describe_rules(tiers_rules.judge_rules(few, features=FEATURES))
    assert facts == {"rule": "few"}
    assert tiers_rules.choose_remarks(facts) == []


def test_rules_do_not_depend_on_the_rows_where_features_tie() -> None:
    tied = TIERS.assign(orders_365_days=TIERS["orders_365_days"].clip(upper=3))
    mixed = tied.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(
        tiers_rules.judge_rules(tied, features=["orders_365_days"]),
        tiers_rules.judge_rules(mixed, features=["orders_365_days"]),
    )
