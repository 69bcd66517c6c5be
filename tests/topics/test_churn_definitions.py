"""Do the definitions of leaving count who they say, and is partial churn measured against the same season?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import NotEnoughDataError
from kalib.topics.churn_definitions import (
    compare_definitions,
    define_leaving,
    describe_definitions,
    describe_partial,
    list_fallen,
    predict_partial,
    summarise_combinations,
    summarise_definitions,
)
from kalib.topics.churn_windows import find_reference, label, label_partial, list_year_before
from kalib.words import Words
from tests.depth import examples

THEN = pd.Timestamp("2026-04-01")

# Six customers who were active on 1 April 2026, seen on 30 June. a orders weekly and still does; b ordered monthly and has
# been silent for 120 days; c ordered every 200 days and has been silent for 120; d has ordered once, 100 days ago; e orders
# as often as ever and a third as much; f has ordered once, 20 days ago.
LABELLED = pd.DataFrame(
    {
        "as_of": THEN,
        "customer_id": list("abcdef"),
        "net_sales_365_days": [5000.0, 1200.0, 800.0, 100.0, 3000.0, 50.0],
        "net_sales_ahead": [1300.0, 0.0, 0.0, 0.0, 250.0, 40.0],
        "churned": [0, 1, 1, 1, 0, 0],
        "partly_churned": [0.0, 1.0, 1.0, 1.0, 1.0, np.nan],
        "partial_basis": ["season", "season", "season", "pace", "season", "none"],
        "partial_reference": [1200.0, 300.0, 100.0, 25.0, 750.0, 0.0],
    }
)
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": list("fedcbaz"),
        "days_since_last_order": [20, 10, 100, 120, 120, 3, 1],
        "gap_days": [np.nan, 10.0, np.nan, 200.0, 30.0, 7.0, 1.0],
    }
)
ALIVE = pd.Series({"a": 0.99, "b": 0.2, "c": 0.8, "d": 0.4, "e": 0.97, "f": 0.5})


@pytest.fixture
def states() -> pd.DataFrame:
    return define_leaving(LABELLED, CUSTOMERS, silence_factor=3.0, p_alive=ALIVE)


def test_each_definition_by_hand(states: pd.DataFrame) -> None:
    """The typical gap of a, b, c, e is 20 days (the median of 7, 10, 30, 200): d is silent for five times that, f for one."""
    shown = states.set_index("customer_id")
    assert shown["no_order"].to_dict() == {"a": 0, "b": 1, "c": 1, "d": 1, "e": 0, "f": 0}
    assert shown["own_rhythm"].to_dict() == {"a": 0, "b": 1, "c": 0, "d": 1, "e": 0, "f": 0}
    assert shown["not_alive"].to_dict() == {"a": 0, "b": 1, "c": 0, "d": 1, "e": 0, "f": 0}  # .5 is not below one half
    assert shown["spend_fell"].to_dict() == {"a": 0, "b": 1, "c": 1, "d": 1, "e": 1, "f": 0}  # f has nothing to fall
    assert shown.index[shown["by_typical"]].tolist() == ["d", "f"]


def test_rates_and_sales_by_hand(states: pd.DataFrame) -> None:
    table = summarise_definitions(states).set_index("definition")
    assert table["judged"].to_dict() == {"no_order": 6, "own_rhythm": 6, "not_alive": 6, "spend_fell": 6}
    assert table["gone"].to_dict() == {"no_order": 3, "own_rhythm": 2, "not_alive": 2, "spend_fell": 4}
    assert table.loc["no_order", "net_sales_365_days"] == 2100.0
    assert table.loc["own_rhythm", "net_sales_share"] == round(1300 / 10150, 6)
    assert table.loc["spend_fell", "gone_share"] == round(4 / 6, 6)


def test_combinations_by_hand(states: pd.DataFrame) -> None:
    table = summarise_combinations(states)
    answers = [tuple(row) for row in table.iloc[:, :4].itertuples(index=False)]
    assert answers == [
        (True, True, True, True),  # b, d
        (True, False, False, True),  # c
        (False, False, False, True),  # e
        (False, False, False, False),  # a, f
    ]
    assert table["customers"].tolist() == [2, 1, 1, 2]
    assert table["customers_share"].sum() == pytest.approx(1, abs=1e-5)
    few = summarise_combinations(states, most=2)
    assert few["customers"].tolist() == [2, 2, 2]
    assert few["is_rest"].tolist() == [False, True, False]
    assert few["net_sales_365_days"].tolist() == [1300.0, 3800.0, 5050.0]


def test_pairs_by_hand(states: pd.DataFrame) -> None:
    pair = compare_definitions(states).set_index(["one", "other"]).loc[("no_order", "own_rhythm")]
    assert pair[["judged", "both", "one_only", "other_only"]].tolist() == [6, 2, 1, 0]
    assert pair["same_share"] == round(5 / 6, 6)
    assert pair["overlap_share"] == round(2 / 3, 6)
    chance = 0.5 * (2 / 6) + 0.5 * (4 / 6)
    assert pair["kappa"] == pytest.approx((5 / 6 - chance) / (1 - chance), abs=1e-6)


def test_what_the_sentences_say(states: pd.DataFrame) -> None:
    facts = describe_definitions(states, summarise_definitions(states))
    assert facts["definitions"] == 3
    assert (facts["least"], facts["most"]) == ("not_alive", "no_order")
    assert facts["all_agree_share"] == pytest.approx(5 / 6)
    assert (facts["part_only"], facts["part_only_sales"], facts["part_undefined"]) == (1, 3000.0, 1)
    for language in ("en", "zh"):
        for key in ("finding", "agree", "typical", "one"):
            said = Words(language)(f"leaving.definitions.{key}", **facts, horizon_days=90)
            assert "{" not in said
    assert "judge 83% of these customers alike" in Words("en")("leaving.definitions.agree", **facts, horizon_days=90)


def test_without_a_purchase_model_its_definition_is_left_out() -> None:
    states = define_leaving(LABELLED, CUSTOMERS)
    assert summarise_definitions(states)["definition"].tolist() == ["no_order", "own_rhythm", "spend_fell"]
    assert "not_alive" not in summarise_combinations(states)
    assert describe_definitions(states, summarise_definitions(states))["definitions"] == 2


def test_nobody_has_a_rhythm() -> None:
    states = define_leaving(LABELLED, CUSTOMERS.assign(gap_days=np.nan))
    assert states["own_rhythm"].isna().all()
    assert summarise_definitions(states)["definition"].tolist() == ["no_order", "spend_fell"]


def test_nobody_has_spend_to_fall() -> None:
    """Of those who left altogether alone nothing can be said on partial churn: all of them would have."""
    states = define_leaving(LABELLED.assign(partial_basis="none"), CUSTOMERS)
    assert "spend_fell" not in summarise_definitions(states)["definition"].tolist()
    assert describe_definitions(states, summarise_definitions(states))["part_undefined"] == 6


def test_just_as_long_is_not_beyond() -> None:
    """Three gaps of 31 days in all: 31 days of silence are three times the mean gap, and not more."""
    customers = CUSTOMERS[CUSTOMERS["customer_id"] == "b"].assign(gap_days=round(31 / 3, 6))
    for days, gone in ((31, 0), (32, 1)):
        now = customers.assign(days_since_last_order=days)
        assert define_leaving(LABELLED[LABELLED["customer_id"] == "b"], now)["own_rhythm"].tolist() == [gone]


def test_nobody_was_active() -> None:
    with pytest.raises(NotEnoughDataError, match="churn_nobody_active") as refusal:
        define_leaving(LABELLED.head(0), CUSTOMERS)
    assert Words("zh")(f"reasons.{refusal.value.reason}")


@examples(10, 80)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(1, 20))
def test_shares_and_sums_hold_whatever_the_rows_and_their_order(seed: int, n: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    labelled = pd.DataFrame({
        "customer_id": [f"c{i}" for i in range(n)], "net_sales_365_days": rng.normal(50, 60, n).round(2),
        "churned": rng.integers(0, 2, n), "partly_churned": rng.choice([0.0, 1.0, np.nan], n),
    })  # fmt: skip
    labelled["partial_basis"] = np.where(labelled["partly_churned"].isna(), "none", "season")
    labelled["partly_churned"] = labelled["partly_churned"].mask(labelled["churned"] == 1, 1.0)
    customers = pd.DataFrame({
        "customer_id": labelled["customer_id"], "days_since_last_order": rng.integers(0, 300, n),
        "gap_days": rng.choice([np.nan, 5.0, 30.0], n),
    })  # fmt: skip
    alive = pd.Series(rng.random(n), index=labelled["customer_id"])
    before = labelled.copy(deep=True)
    states = define_leaving(labelled, customers, silence_factor=factor, p_alive=alive)
    shuffled = rng.permutation(n)
    again = define_leaving(
        labelled.iloc[shuffled], customers.iloc[rng.permutation(n)], silence_factor=factor, p_alive=alive.iloc[shuffled]
    )
    pd.testing.assert_frame_equal(states, again)
    pd.testing.assert_frame_equal(labelled, before)
    summary, combinations = summarise_definitions(states), summarise_combinations(states, most=3)
    assert combinations["customers"].sum() == n
    assert combinations["net_sales_365_days"].sum() == pytest.approx(labelled["net_sales_365_days"].sum(), abs=0.01)
    assert summary["gone_share"].between(0, 1).all()
    assert (states["spend_fell"].fillna(1) >= states["no_order"]).all()  # full churn is partial churn
    pairs = compare_definitions(states)
    assert (pairs["both"] + pairs["one_only"] + pairs["other_only"] <= pairs["judged"]).all()
    assert (pairs["kappa"].dropna() <= 1).all()
    stricter = define_leaving(labelled, customers, silence_factor=factor + 1, p_alive=alive)
    assert (stricter["own_rhythm"].fillna(0) <= states["own_rhythm"].fillna(0)).all()


# Partial churn

SNAPSHOTS = pd.DataFrame(
    {
        "as_of": THEN,
        "customer_id": list("abcde"),
        "orders": 3,
        "days_since_last_order": 10,
        "net_sales_365_days": [730.0, 730.0, 730.0, 730.0, -20.0],
    }
)
AHEAD = pd.DataFrame(
    {
        "as_of": THEN,
        "customer_id": list("abcde"),
        "orders_ahead": [1, 1, 1, 0, 1],
        "net_sales_ahead": [60.0, 60.0, 60.0, 0.0, 5.0],
    }
)
YEAR_BEFORE = pd.DataFrame(  # e was no customer yet, c bought nothing in that season, d took back more than it bought
    {"as_of": pd.Timestamp("2025-04-01"), "customer_id": list("abcd"), "net_sales_ahead": [119.0, 121.0, 0.0, -5.0]}
)


def test_spend_is_held_against_the_same_season_by_hand() -> None:
    """730 a year make 146 in 73 days: by its own pace each would have fallen to below half; a has not by its season."""
    told = {"active_days": 365, "horizon_days": 73}
    table = label(SNAPSHOTS, AHEAD, **told, year_before=YEAR_BEFORE).set_index("customer_id")
    assert table["partial_basis"].to_dict() == {"a": "season", "b": "season", "c": "none", "d": "none", "e": "none"}
    assert table["partial_reference"].tolist() == [119.0, 121.0, 0.0, -5.0, -4.0]
    assert table["partly_churned"].fillna(-1).to_dict() == {"a": 0, "b": 1, "c": -1, "d": 1, "e": -1}
    by_pace = label(SNAPSHOTS, AHEAD, **told).set_index("customer_id")
    assert by_pace["partial_basis"].to_dict() == dict.fromkeys("abcd", "pace") | {"e": "none"}
    assert by_pace["partly_churned"].fillna(-1).to_dict() == {"a": 1, "b": 1, "c": 1, "d": 1, "e": -1}


def test_the_share_that_is_set_decides() -> None:
    table = label(SNAPSHOTS, AHEAD, active_days=365, horizon_days=73, fall=0.51, year_before=YEAR_BEFORE)
    assert table.set_index("customer_id").loc["b", "partly_churned"] == 0  # 60 is more than 49 in a hundred of 121


def test_a_horizon_longer_than_a_year_has_no_season_before_it() -> None:
    table = label(SNAPSHOTS, AHEAD, active_days=365, horizon_days=400, year_before=YEAR_BEFORE)
    assert set(table["partial_basis"]) == {"pace", "none"}


def test_the_reference_knows_nothing_of_what_came(states: pd.DataFrame) -> None:
    """What spend is held against is the same whatever the horizon brought."""
    one = label_partial(LABELLED, YEAR_BEFORE, horizon_days=73)
    other = label_partial(LABELLED.assign(net_sales_ahead=1e6, churned=0), YEAR_BEFORE, horizon_days=73)
    pd.testing.assert_series_equal(one["partial_reference"], other["partial_reference"])
    assert list_year_before([THEN]) == [pd.Timestamp("2025-04-01").date()]


class Fixed:
    """A model that has learnt nothing."""

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        return np.tile([0.6, 0.4], (len(features), 1))


def test_leaving_in_part_is_never_less_likely_than_leaving() -> None:
    churn = pd.DataFrame({"customer_id": list("abc"), "churn_probability": [0.1, 0.7, 0.2]})
    now = SNAPSHOTS.sample(frac=1, random_state=1)
    reference = find_reference(now, YEAR_BEFORE, horizon_days=73)
    table = predict_partial(Fixed(), churn, now, reference)
    assert table["partial_churn_probability"].tolist() == [0.4, 0.7, 0.2]  # c has nothing that could fall
    facts = describe_partial(table, LABELLED)
    assert facts["partial_expected"] == 1.3
    assert (facts["part_season"], facts["part_pace"], facts["part_none"]) == (4, 1, 1)


def test_who_fell_is_listed_by_what_is_missing(states: pd.DataFrame) -> None:
    table = list_fallen(states, LABELLED)
    assert table[["customer_id", "partial_basis", "shortfall"]].values.tolist() == [["e", "season", 500.0]]
