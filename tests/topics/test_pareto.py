"""Are the classes A, B and C what their rule says, by hand and by a slower way, and the same for the same figures?"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import MissingColumnsError, NotEnoughDataError
from kalib.settings.pareto import ParetoSettings
from kalib.topics import pareto as topic
from kalib.topics import pareto_demand
from kalib.topics.pareto import assign_classes, grade_values
from tests.depth import examples

EIGHT = pd.DataFrame(
    {
        "customer_id": list("abcdefgh"),
        "orders": [9, 8, 7, 6, 5, 4, 3, 0],
        "net_sales": [100.0, 900, 50, 20, 20, 0, -10, -5],
        "net_sales_365_days": [500.0, 300, 100, 50, 50, 0, -10, -5],
        "margin_365_days": [40.0, 90, 60, 10, 0, 0, -4, -2],
        "cost_to_serve_365_days": [60.0, 30, 10, 5, 5, 2, 0, 0],
    }
)
"""Net sales above 0 add up to 1,000: a has 50 %, b 80 % with it, c 90 %, d and e (equal) 100 %."""

money = st.lists(st.integers(-3_000, 90_000), min_size=1, max_size=40)


def customers_of(cents: list[int]) -> pd.DataFrame:
    ids = [f"c{i:02}" for i in range(len(cents))]
    return pd.DataFrame({"customer_id": ids, "orders": 1, "net_sales_365_days": np.array(cents) / 100})


def test_eight_customers_by_hand() -> None:
    pareto = assign_classes(EIGHT)
    assert pareto["customer_id"].tolist() == list("abcdefg")  # h has no order
    assert pareto["sales_rank"].tolist() == [1, 2, 3, 4, 4, 6, 7]
    assert pareto["cumulative_share"].tolist() == [0.5, 0.8, 0.9, 1, 1, 1, 1]
    # b reaches 80 % and is A; c begins at 80 %, so it is B; d and e begin at 90 % and cross 95 % together: B.
    assert pareto["abc_class"].tolist() == ["A", "A", "B", "B", "B", "C", "C"]
    assert pareto["window_net_sales_share"].tolist() == pytest.approx([0.5, 0.3, 0.1, 0.05, 0.05, 0, -0.01])
    # Margin: 90, 60, 40, 10 of 200: b 45 %, c 75 %, a 95 %, d 100 %.
    assert pareto["margin_abc_class"].tolist() == ["A", "A", "A", "C", "C", "C", "C"]
    # Profit: b 60, c 50, d 5 of 115: b 52 %, c 96 %, d 100 %; a loses 20.
    assert pareto["profit_365_days"].tolist() == [-20, 60, 50, 5, -5, -2, -4]
    assert pareto["profit_abc_class"].tolist() == ["C", "A", "A", "C", "C", "C", "C"]


def test_whoever_crosses_a_limit_is_in_the_better_class() -> None:
    assert grade_values(pd.Series([79.99, 10.0, 10.01]))["abc_class"].tolist() == ["A", "B", "A"]
    assert grade_values(pd.Series([80.0, 10, 10]))["abc_class"].tolist() == ["A", "B", "B"]
    assert grade_values(pd.Series([80.0, 15, 5]))["abc_class"].tolist() == ["A", "B", "C"]
    assert grade_values(pd.Series([70.0, 20, 10]), limits=(0.5, 0.7))["abc_class"].tolist() == ["A", "C", "C"]


def test_limits_are_met_to_the_cent() -> None:
    # As floats, 0.1 + 0.2 is more than 0.3; 80 % of 1.00 is 0.80 exactly.
    assert grade_values(pd.Series([0.5, 0.1, 0.2, 0.15, 0.05]))["abc_class"].tolist() == ["A", "B", "A", "A", "C"]
    assert grade_values(pd.Series([0.7, 0.1, 0.2]))["abc_class"].tolist() == ["A", "B", "A"]


def test_equal_values_are_one_step() -> None:
    graded = grade_values(pd.Series([50.0, 20, 20, 5, 5]))
    assert graded["cumulative_share"].tolist() == [0.5, 0.9, 0.9, 1, 1]
    assert graded["abc_class"].tolist() == ["A", "A", "A", "B", "B"]
    assert grade_values(pd.Series([7.0] * 5))["abc_class"].tolist() == ["A"] * 5


def test_a_missing_value_has_no_class() -> None:
    graded = grade_values(pd.Series([10.0, math.nan]))
    assert graded["abc_class"].tolist() == ["A", "unknown"]
    assert math.isnan(graded["cumulative_share"].iloc[1])


def _slowly(cents: list[int], limits: tuple[str, str]) -> list[str]:
    """Return the classes with fractions and a loop: what the larger ones bring decides."""
    total = sum(value for value in cents if value > 0)
    classes = []
    for value in cents:
        larger = Fraction(sum(other for other in cents if other > value), total)
        classes.append(
            "C" if value <= 0 or larger >= Fraction(limits[1]) else "B" if larger >= Fraction(limits[0]) else "A"
        )
    return classes


@examples(37, 300)
@given(money, st.sampled_from([("0.8", "0.95"), ("0.7", "0.9"), ("0.05", "0.1")]))
def test_classes_are_those_of_a_slow_loop(cents: list[int], limits: tuple[str, str]) -> None:
    values = pd.Series(cents) / 100
    if max(cents) <= 0:
        with pytest.raises(NotEnoughDataError):
            grade_values(values)
        return
    found = grade_values(values, limits=tuple(map(float, limits)))
    assert found["abc_class"].tolist() == _slowly(cents, limits)
    positive = found[values > 0].sort_values("cumulative_share")
    assert positive["cumulative_share"].iloc[-1] == 1
    # Class A is the smallest set of the largest that brings the first limit.
    best = np.array(cents)[(found["abc_class"] == "A").to_numpy()]
    total = sum(value for value in cents if value > 0)
    assert best.sum() >= Fraction(limits[0]) * total
    assert best.sum() - best.min() * (best == best.min()).sum() < Fraction(limits[0]) * total


@examples(15, 120)
@given(money.filter(lambda cents: max(cents) > 0), st.randoms(use_true_random=False))
def test_row_order_changes_nothing_and_inputs_stay(cents: list[int], random: object) -> None:
    customers = customers_of(cents)
    before = customers.copy(deep=True)
    order = list(range(len(customers)))
    random.shuffle(order)
    first, second = assign_classes(customers), assign_classes(customers.iloc[order])
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(customers, before)
    pd.testing.assert_frame_equal(topic.summarise_curve(first), topic.summarise_curve(second))


@examples(10, 80)
@given(money.filter(lambda cents: max(cents) > 0), st.sampled_from([2, 7, 100]))
def test_another_currency_changes_no_class(cents: list[int], factor: int) -> None:
    one, other = (assign_classes(customers_of([value * by for value in cents])) for by in (1, factor))
    assert one["abc_class"].tolist() == other["abc_class"].tolist()
    assert one["cumulative_share"].tolist() == pytest.approx(other["cumulative_share"].tolist())


def test_the_window_may_be_all_the_history() -> None:
    pareto = assign_classes(EIGHT.assign(margin=[1.0, 1, 1, 1, 1, 1, 1, 1]), window="all")
    assert pareto.set_index("customer_id")["sales_rank"].to_dict() == {
        "a": 2,
        "b": 1,
        "c": 3,
        "d": 4,
        "e": 4,
        "f": 6,
        "g": 7,
    }
    assert pareto["margin_abc_class"].tolist() == ["A"] * 7
    assert pareto["profit_365_days"].tolist() == [-20, 60, 50, 5, -5, -2, -4]  # always of the year
    with pytest.raises(ValueError, match="`window` is one of 365_days, all; it was '90_days'"):
        assign_classes(EIGHT, window="90_days")


def test_without_margin_or_cost_their_classes_are_absent() -> None:
    plain = EIGHT[["customer_id", "orders", "net_sales_365_days"]]
    assert "margin_abc_class" not in assign_classes(plain)
    assert "profit_365_days" not in assign_classes(EIGHT.drop(columns="cost_to_serve_365_days"))


def test_where_nobody_earns_everybody_is_c_by_profit() -> None:
    pareto = assign_classes(EIGHT.assign(margin_365_days=-1.0))
    assert pareto["margin_abc_class"].tolist() == pareto["profit_abc_class"].tolist() == ["C"] * 7
    assert topic.summarise_classes(pareto)["profit_share"].isna().all()
    assert topic.summarise_classes(pareto)["profit"].tolist() == [0, 0, -119]


def test_classes_add_up_side_by_side() -> None:
    table = topic.summarise_classes(assign_classes(EIGHT)).set_index("abc_class")
    assert table["accounts"].tolist() == [2, 3, 2]
    assert table["net_sales"].tolist() == [800, 200, -10]
    assert table["net_sales_share"].tolist() == [0.8, 0.2, -0.01]
    assert table["margin_accounts"].tolist() == [3, 0, 4]
    assert table["margin"].tolist() == [190, 0, 6]
    assert table["profit_accounts"].tolist() == [2, 0, 5]
    assert table["profit"].tolist() == [110, 0, -26]


def test_the_curve_ends_each_class_where_it_ends() -> None:
    curve = topic.summarise_curve(assign_classes(EIGHT))
    assert curve["accounts"].tolist() == [0, 1, 2, 3, 4, 5]
    assert curve["cumulative_share"].tolist() == [0, 0.5, 0.8, 0.9, 0.95, 1]
    ends = curve[curve["class_accounts"].notna()]
    assert ends[["accounts", "abc_class", "class_accounts"]].values.tolist() == [[2, "A", 2], [5, "B", 3]]
    assert ends["class_share"].tolist() == pytest.approx([0.8, 0.2])


def test_a_long_curve_is_thinned_and_still_true() -> None:
    rng = np.random.default_rng(3)
    pareto = assign_classes(customers_of(rng.integers(1, 10**6, 5_000).tolist()))
    curve = topic.summarise_curve(pareto)
    assert len(curve) < 460
    values = np.sort(pareto["window_net_sales"])[::-1].cumsum()
    for row in curve.iloc[1:].itertuples():
        assert row.cumulative_share == pytest.approx(values[row.accounts - 1] / values[-1])
    assert curve["class_accounts"].sum() == 5_000
    counts = pareto["abc_class"].value_counts()
    assert curve.dropna().set_index("abc_class")["class_accounts"].to_dict() == counts.to_dict()


def test_changes_are_furthest_first() -> None:
    changes = topic.list_changes(assign_classes(EIGHT), by="profit")
    assert changes["customer_id"].tolist() == ["a", "c", "d", "e"]
    assert changes["steps"].tolist() == [-2, 1, -1, -1]
    assert changes["profit_on_sales"].tolist() == [-0.04, 0.5, 0.1, -0.1]
    by_margin = topic.list_changes(assign_classes(EIGHT), by="margin")
    assert by_margin["customer_id"].tolist() == ["c", "d", "e"]


def test_facts_by_hand() -> None:
    facts = topic.describe_classes(assign_classes(EIGHT)) | {"window": "365_days"}
    assert (facts["customers"], facts["accounts"], facts["silent_accounts"], facts["negative_accounts"]) == (7, 5, 1, 1)
    assert (facts["net_sales"], facts["negative_sales"], facts["negative_sales_share"]) == (990, -10, -0.01)
    assert (facts["a_accounts"], facts["a_accounts_share"], facts["a_sales_share"]) == (2, 0.4, 0.8)
    assert (facts["margin_changes"], facts["margin_better"], facts["margin_worse"]) == (3, 1, 2)
    assert (facts["profit_changes"], facts["profit_better"], facts["profit_worse"]) == (4, 1, 3)
    assert topic.list_notes(facts) == ["silent", "margin", "profit"]
    assert topic.list_notes(facts | {"window": "all"}) == ["silent", "margin", "profit", "profit_year"]
    alone = topic.describe_classes(assign_classes(EIGHT[["customer_id", "orders", "net_sales_365_days"]]))
    assert topic.list_notes(alone) == ["silent", "no_margin"]


@pytest.mark.parametrize("values", [[], [0.0], [-5.0, -1.0], [0.0, -2.0]])
def test_nothing_sold_is_refused(values: list[float]) -> None:
    customers = pd.DataFrame(
        {"customer_id": [str(i) for i in range(len(values))], "orders": 1, "net_sales_365_days": values}
    )
    with pytest.raises(NotEnoughDataError) as refusal:
        assign_classes(customers.astype({"net_sales_365_days": float, "orders": int}))
    assert refusal.value.reason == "pareto_nothing_sold"
    assert refusal.value.facts == {"accounts": len(values)}


def test_one_customer_is_all_of_class_a() -> None:
    pareto = assign_classes(EIGHT.head(1))
    assert pareto["abc_class"].tolist() == ["A"]
    assert topic.summarise_curve(pareto)["cumulative_share"].tolist() == [0, 1]


def test_missing_columns_and_doubled_customers_are_refused() -> None:
    with pytest.raises(
        MissingColumnsError, match=r"`customers` lacks \['net_sales_365_days'\]; it has .* Build it with"
    ):
        assign_classes(EIGHT.drop(columns="net_sales_365_days"))
    with pytest.raises(ValueError, match=r"one row per \['customer_id'\]"):
        assign_classes(pd.concat([EIGHT, EIGHT.head(1)]))


def test_every_class_and_limit_can_be_met() -> None:
    seen = set()
    for limits in itertools.combinations((0.1, 0.5, 0.8, 0.95), 2):
        seen |= set(grade_values(pd.Series([40.0, 30, 20, 10]), limits=limits)["abc_class"])
    assert seen == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("limits", [0.95, 0.8], r"two shares between 0 and 1, the smaller first, are wanted"),
        ("limits", [0.8, 1.0], r"as in `\[0.80, 0.95\]`; found \[0.8, 1.0\]"),
        ("demand_limits", [1.0, 0.5], r"two figures above 0, the smaller first, are wanted"),
        ("window", "90_days", "Input should be '365_days' or 'all'"),
        ("demand_months", 1, "greater than or equal to 2"),
    ],
)
def test_settings_that_make_no_sense_are_refused(field: str, value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ParetoSettings.model_validate({field: value})


def test_the_settings_are_the_defaults_of_the_topic() -> None:
    choice = ParetoSettings()
    assert choice.limits == topic.LIMITS
    assert choice.demand_limits == pareto_demand.LIMITS
    assert choice.demand_months == pareto_demand.LEAST_MONTHS
    assert choice.window in topic.WINDOWS
