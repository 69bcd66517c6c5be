"""Do the groups add up to all accounts, whatever of them is not known, and do groups of companies find their head?"""

from __future__ import annotations

import pandas as pd
import pytest

from kalib.topics import pareto_groups as topic
from kalib.topics.pareto import assign_classes

CUSTOMERS = pd.DataFrame(
    {
        "customer_id": list("abcdef"),
        "orders": 1,
        "net_sales_365_days": [500.0, 300, 100, 60, 40, 0],
        "margin_365_days": [50.0, 60, 10, 6, 10, 0],
    }
)
ACCOUNTS = pd.DataFrame(
    {
        "customer_id": [*"abcdf", "prospect"],
        "region": ["East", "West", None, " ", "East", "North"],
        "kind": [None] * 6,
        "top_parent_id": ["a", "b", "a", "a", "f", "a"],
    }
)


def test_groups_by_hand() -> None:
    groups = topic.summarise_groups(assign_classes(CUSTOMERS), ACCOUNTS)
    assert set(groups["dimension"]) == {"region"}  # nothing is known of kind, and there is no industry
    assert groups["group"].tolist() == ["East", "West", "unknown"]  # the unknown last; f bought nothing
    assert groups["accounts"].tolist() == [1, 1, 3]
    assert groups["net_sales"].tolist() == [500, 300, 200]
    assert groups["net_sales_share"].tolist() == [0.5, 0.3, 0.2]
    assert groups["class_a_accounts"].tolist() == [1, 1, 0]
    assert groups["largest_share"].tolist() == [1, 1, 0.5]
    assert groups["margin_on_sales"].tolist() == pytest.approx([0.1, 0.2, 0.13])
    assert groups["gini"].iloc[2] == pytest.approx((40 * -2 + 60 * 0 + 100 * 2) / (3 * 200))


def test_no_accounts_are_no_groups() -> None:
    pareto = assign_classes(CUSTOMERS)
    assert len(topic.summarise_groups(pareto, None)) == 0
    assert len(topic.summarise_chains(pareto, None)) == 0
    assert len(topic.summarise_chains(pareto, ACCOUNTS.drop(columns="top_parent_id"))) == 0
    assert len(topic.summarise_chains(pareto, ACCOUNTS.assign(top_parent_id=ACCOUNTS["customer_id"]))) == 0


def test_many_groups_are_folded_to_the_largest() -> None:
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{i:02}" for i in range(20)],
            "orders": 1,
            "net_sales_365_days": [float(i + 1) for i in range(20)],
        }
    )
    accounts = customers[["customer_id"]].assign(industry=[f"i{i:02}" for i in range(20)])
    groups = topic.summarise_groups(assign_classes(customers), accounts)
    assert groups["group"].tolist() == [*[f"i{i}" for i in range(19, 11, -1)], "others"]
    assert groups["accounts"].tolist() == [1] * 8 + [12]
    assert groups["net_sales_share"].sum() == pytest.approx(1)


def test_chains_count_as_one() -> None:
    pareto = assign_classes(CUSTOMERS)
    chains = topic.summarise_chains(pareto, ACCOUNTS)
    assert chains[["customer_id", "accounts", "net_sales", "class_a_accounts"]].values.tolist() == [["a", 3, 660, 1]]
    assert chains["largest_share"].tolist() == pytest.approx([500 / 660])
    facts = topic.describe_chains(pareto, ACCOUNTS)
    assert (facts["chains"], facts["chains_share"]) == (1, 0.66)
    assert (facts["chain_accounts"], facts["chain_largest_share"], facts["chain_accounts_for_80"]) == (3, 0.66, 2)


def test_the_most_dependent_group_has_some_accounts() -> None:
    groups = pd.DataFrame(
        {
            "dimension": ["region", "region", "region", "kind"],
            "group": ["East", "West", "unknown", "business"],
            "accounts": [9, 2, 9, 20],
            "largest_share": [0.3, 0.9, 0.8, 0.1],
            "net_sales_share": [0.5, 0.3, 0.2, 1.0],
        }
    )
    facts = topic.describe_groups(groups)
    assert (facts["dependent_group"], facts["dependent_largest_share"], facts["first_group"]) == ("East", 0.3, "East")
    assert topic.describe_groups(groups.assign(accounts=1))["dependent_group"] is None


def test_the_row_order_changes_nothing() -> None:
    one, other = (
        topic.summarise_groups(assign_classes(c), a)
        for c, a in ((CUSTOMERS, ACCOUNTS), (CUSTOMERS[::-1], ACCOUNTS[::-1]))
    )
    pd.testing.assert_frame_equal(one, other)
