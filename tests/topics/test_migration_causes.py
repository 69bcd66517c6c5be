"""Do the parts of a move add up to it, whatever the yardstick, and is a slight move called so?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import MissingColumnsError
from kalib.topics import migration as topic
from kalib.topics import migration_causes as causes
from kalib.words import Words
from tests.depth import examples
from tests.topics.migration_cases import Cuts, Rule, make_customers

FEATURES = ["net_sales_365_days", "orders_365_days", "days_since_last_order"]
BEFORE = make_customers({"a": (50, 5, 100), "b": (200, 20, 5), "c": (50, 5, 100), "d": (99, 12, 100), "e": (10, 1, 9)})
NOW = make_customers({"a": (200, 20, 5), "b": (50, 30, 4), "c": (60, 6, 90), "d": (101, 12, 100), "f": (9, 1, 2)})


def explain(rule: str) -> pd.DataFrame:
    model = Rule(rule)
    moves = topic.compare_grades(*(topic.grade_customers(model, table) for table in (BEFORE, NOW)))
    return causes.explain_moves(moves, model, BEFORE, NOW, features=FEATURES).set_index("customer_id")


def parts(row: pd.Series) -> dict[str, float]:
    return {part["code"]: part["steps"] for part in row["causes"]}


def test_two_figures_that_are_both_needed_share_the_move() -> None:
    told = explain("net_sales_365_days >= 100 and orders_365_days >= 10")
    assert parts(told.loc["a"]) == {"monetary": 0.5, "frequency": 0.5}
    assert (told.loc["a", "reason"], told.loc["a", "reason_steps"]) == ("monetary", 0.5)
    assert parts(told.loc["b"]) == {"monetary": -1}  # more orders could not have moved it down
    assert told.loc["b", "causes"] == [{"code": "monetary", "before": 200.0, "now": 50.0, "steps": -1.0}]
    assert told["reason"].to_dict() == {
        **{"a": "monetary", "b": "monetary", "c": "none", "d": "monetary", "e": "cancelled", "f": "first_order"},
    }


def test_one_of_three_is_told_by_hand() -> None:
    # Moved by days together with either of the others: of six orders, the days come in to good effect in four.
    told = explain("days_since_last_order < 50 and (net_sales_365_days >= 100 or orders_365_days >= 10)")
    assert parts(told.loc["a"]) == {"recency": 4 / 6, "monetary": 1 / 6, "frequency": 1 / 6}
    assert told.loc["a", "reason"] == "recency"


def test_a_figure_that_pulls_the_other_way_counts_against() -> None:
    before, now = make_customers({"a": (50, 10, 1)}), make_customers({"a": (200, 5, 1)})
    model = Rule("net_sales_365_days + 20 * orders_365_days >= 260 or orders_365_days >= 11")
    shares = causes.share_steps(
        model, before.set_index("customer_id"), now.set_index("customer_id"), causes.group_features(FEATURES)
    )
    # 250, 400, 150, 300: sales alone suffice, and fewer orders do no harm in either order.
    assert shares.loc["a"].tolist() == [1, 0, 0]


@examples(4, 24)
@given(
    st.lists(st.floats(-3, 3), min_size=4, max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_the_parts_always_add_up(weights: list[float], seed: int) -> None:
    random = np.random.default_rng(seed)
    columns = [*FEATURES, "margin_365_days"]

    class Mixed:
        def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
            value = customers[columns].to_numpy(float) @ np.array(weights)
            both = customers["net_sales_365_days"] * customers["orders_365_days"] / 50
            rank = 5 - np.digitize(value + both, [-50, 0, 50, 100])
            return customers[["customer_id"]].assign(tier=[f"t{r}" for r in rank], tier_rank=rank)

    def draw() -> pd.DataFrame:
        table = make_customers({f"c{i}": (float(random.integers(0, 100)), random.integers(1, 20), 3) for i in range(8)})
        return table.assign(
            days_since_last_order=random.integers(0, 99, len(table)), margin_365_days=random.normal(0, 30, len(table))
        )

    before, now, model = draw(), draw(), Mixed()
    moves = topic.compare_grades(*(topic.grade_customers(model, table) for table in (before, now)))
    copies = [before.copy(deep=True), now.copy(deep=True), moves.copy(deep=True)]
    told = causes.explain_moves(moves, model, before, now, features=columns)
    for row in told[told["move"].isin(["promoted", "demoted"])].itertuples():
        assert sum(part["steps"] for part in row.causes) == pytest.approx(row.tier_steps, abs=1e-12)
        assert np.sign(row.reason_steps) == np.sign(row.tier_steps)
        assert row.reason_steps == pytest.approx(row.causes[0]["steps"])
    again = causes.explain_moves(moves, model, before[::-1], now.sample(frac=1, random_state=1), features=columns)
    pd.testing.assert_frame_equal(told, again)
    for table, copy in zip((before, now, moves), copies, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_a_slight_move_is_one_over_a_border_that_a_tenth_would_cross() -> None:
    told = explain("net_sales_365_days >= 100")
    assert told["is_slight"].to_dict() == {
        **{"a": False, "b": False, "c": False, "d": True, "e": False, "f": False},
    }
    # A fall by half that ends close under the border is no slight one.
    model, before, now = (
        Rule("net_sales_365_days >= 100"),
        make_customers({"a": (200, 9, 1)}),
        make_customers({"a": (98, 9, 1)}),
    )
    moves = topic.compare_grades(topic.grade_customers(model, before), topic.grade_customers(model, now))
    assert not causes.explain_moves(moves, model, before, now, features=FEATURES)["is_slight"].any()


def test_a_band_is_all_figures_better_or_worse() -> None:
    model = Cuts([1000, 100]).fit(BEFORE)
    customers = make_customers(
        {"a": (95, 3, 1), "b": (105, 3, 1), "c": (500, 3, 1), "d": (-95, 1, 1), "e": (0, 0, 400)}
    )
    low, high = causes.find_band(model, customers.set_index("customer_id"), features=FEATURES, margin=0.1)
    assert list(zip(low, high, strict=True)) == [(2, 3), (2, 3), (2, 2), (3, 3), (3, 3)]
    low, high = causes.find_band(model, customers.set_index("customer_id"), features=FEATURES, margin=0)
    assert low.tolist() == high.tolist() == [3, 2, 2, 3, 3]
    counted = Rule("orders_365_days >= 4 and days_since_last_order <= 10")
    one = make_customers({"a": (1, 3, 11), "b": (1, 2, 11), "c": (1, 3, 12), "d": (1, 0, 11)}).set_index("customer_id")
    low, high = causes.find_band(counted, one, features=FEATURES, margin=0.05)
    assert low.tolist() == [1, 2, 2, 2]  # by one order and one day at least; who does not order does not begin to
    assert high.eq(2).all()


def test_features_make_causes() -> None:
    assert causes.group_features(["margin_365_days", "days_since_last_order", "tenure_days", "gap_days"]) == {
        **{"recency": ["days_since_last_order"], "margin": ["margin_365_days"]},
        **{"gap_days": ["gap_days"], "tenure_days": ["tenure_days"]},
    }
    ten = [f"feature_{i}" for i in range(10)]
    assert len(causes.group_features(ten)) == 10
    assert causes.group_features([*ten, "orders_365_days"]) == {"together": [*ten, "orders_365_days"]}
    assert len(causes.group_features([*ten[:9], "orders_365_days", "orders_90_days"])) == 10  # two of a kind


def test_figures_of_more_than_ten_kinds_move_an_account_together() -> None:
    many = [*FEATURES, *(f"feature_{i}" for i in range(9))]
    before, now = (table.assign(**dict.fromkeys(many[3:], 1.0)) for table in (BEFORE, NOW))
    model = Rule("net_sales_365_days >= 100")
    moves = topic.compare_grades(*(topic.grade_customers(model, table) for table in (before, now)))
    told = causes.explain_moves(moves, model, before, now, features=many)
    by_id = told.set_index("customer_id")
    assert by_id["reason"].to_dict() == {
        **{"a": "together", "b": "together", "c": "none", "d": "together", "e": "cancelled", "f": "first_order"},
    }
    assert by_id.loc["b", "reason_steps"] == by_id.loc["b", "tier_steps"] == -1
    (whole,) = by_id.loc["a", "causes"]
    assert (whole["code"], whole["steps"]) == ("together", 1)
    assert np.isnan([whole["before"], whole["now"]]).all()
    facts = causes.describe_causes(told, features=many)
    assert facts == {
        **{"first_cause": "together", "first_cause_customers": 3, "together": True, "kinds": 12, "most": 10},
    }
    said = Words("en")("migration.causes.together", **facts)
    assert said.startswith("Tiers are made of 12 kinds of figures here.")
    assert not causes.describe_causes(explain("net_sales_365_days >= 100").reset_index(), features=FEATURES)["together"]


def test_a_move_let_through_late_is_called_so() -> None:
    model = Rule("net_sales_365_days >= 100")
    graded = [topic.grade_customers(model, table) for table in (NOW, NOW)]
    moves = topic.compare_grades(*graded)
    moves.loc[moves["customer_id"] == "a", ["move", "tier_rank_before", "tier_steps"]] = ["promoted", 2, 1.0]
    told = causes.explain_moves(moves, model, NOW, NOW, features=FEATURES).set_index("customer_id")
    assert (told.loc["a", "reason"], told.loc["a", "causes"]) == ("held", [])
    assert np.isnan(told.loc["a", "reason_steps"])
    assert causes.describe_causes(told.reset_index()) == {
        **{"first_cause": "held", "first_cause_customers": 1, "together": False, "kinds": 0, "most": 10},
    }


def test_causes_are_counted() -> None:
    told = explain("net_sales_365_days >= 100 and orders_365_days >= 10").reset_index()
    table = causes.summarise_causes(told)
    assert table[["move", "reason", "customers", "tier_steps", "net_sales_moved", "slight"]].values.tolist() == [
        ["promoted", "monetary", 2, 1.5, 152.0, 1],
        ["demoted", "monetary", 1, -1.0, -150.0, 0],
    ]
    assert causes.describe_causes(told, features=[*FEATURES, "orders_90_days"]) == {
        **{"first_cause": "monetary", "first_cause_customers": 3, "together": False, "kinds": 3, "most": 10},
    }
    assert causes.describe_causes(told[told["move"] == "stayed"]) == {}
    assert causes.summarise_causes(told[told["move"] == "stayed"]).empty


def test_refusals() -> None:
    moves = topic.compare_grades(*(topic.grade_customers(Cuts([99, 9]).fit(BEFORE), t) for t in (BEFORE, NOW)))
    with pytest.raises(MissingColumnsError, match=r"`now` lacks \['orders_365_days'\]"):
        causes.explain_moves(moves, Cuts().fit(BEFORE), BEFORE, NOW.drop(columns="orders_365_days"), features=FEATURES)
