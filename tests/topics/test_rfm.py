"""Are RFM scores the same for the same figures, and does every score have exactly one segment?"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import MissingColumnsError, NotEnoughDataError
from kalib.topics import rfm as topic
from kalib.topics.rfm import GRID, SEGMENTS, SEGMENTS_8, RfmScorer, find_segment, score_rfm
from kalib.topics.rfm_scorer import _find_edges
from tests.depth import examples

TEN = pd.DataFrame(
    {
        "customer_id": list("abcdefghij"),
        "days_since_last_order": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "orders": [20, 10, 10, 5, 4, 3, 2, 1, 1, 1],
        "net_sales": [1000.0, 900, 800, 700, 600, 500, 400, 300, 200, 100],
    }
)

rows = st.lists(
    st.tuples(st.integers(0, 800), st.integers(1, 40), st.integers(-20_000, 9_000_000)), min_size=5, max_size=60
)


def customers_of(drawn: list[tuple[int, int, int]]) -> pd.DataFrame:
    table = pd.DataFrame(drawn, columns=["days_since_last_order", "orders", "net_sales"])
    table["net_sales"] = table["net_sales"] / 100
    return table.assign(customer_id=[f"c{i:03}" for i in range(len(table))])


def test_ten_customers_by_hand() -> None:
    # Type 7 on ten values: edges at positions 1.8, 3.6, 5.4 and 7.2 from 0.
    scorer = RfmScorer().fit(TEN)
    assert scorer.edges_["r_score"].tolist() == pytest.approx([2.8, 4.6, 6.4, 8.2])
    assert scorer.edges_["f_score"].tolist() == pytest.approx([1.0, 2.6, 4.4, 10.0])
    assert scorer.edges_["m_score"].tolist() == pytest.approx([280, 460, 640, 820])
    rfm = scorer.predict(TEN)
    assert rfm["r_score"].tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert rfm["f_score"].tolist() == [5, 4, 4, 4, 3, 3, 2, 1, 1, 1]
    assert rfm["m_score"].tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert rfm["segment"].tolist() == [
        *("champions", "champions", "loyal", "loyal", "need_attention", "need_attention"),
        *("hibernating", "hibernating", "lost", "lost"),
    ]
    # Means 3, 2.8 and 3: the fifth and sixth customers are high by orders alone.
    assert rfm["segment_8"].tolist() == [*["important_value"] * 4, *["general_keep"] * 2, *["general_winback"] * 4]


def test_edges_are_numpys_type_seven() -> None:
    values = np.random.default_rng(1).lognormal(5, 2, 137)
    assert _find_edges(values, 5) == pytest.approx(np.quantile(values, [0.2, 0.4, 0.6, 0.8], method="linear"))


def test_a_customer_on_the_edge_stays_below_it() -> None:
    six = TEN.head(6).assign(orders=[1, 2, 3, 4, 5, 6])
    assert score_rfm(six)["f_score"].tolist() == [1, 1, 2, 3, 4, 5]


def test_every_score_has_exactly_one_segment() -> None:
    found = {scores: find_segment(*scores) for scores in itertools.product(range(1, 6), repeat=3)}
    assert len(found) == 125
    assert set(found.values()) == set(SEGMENTS)
    assert sorted(GRID) == [1, 2, 3, 4, 5]
    assert {len(row) for row in GRID.values()} == {5}
    assert all(find_segment(r, f, m) == find_segment(r, m, f) for r, f, m in found)


def test_every_eighth_cell_has_one_code() -> None:
    assert set(SEGMENTS_8) == set(itertools.product([True, False], repeat=3))
    assert len(set(SEGMENTS_8.values())) == 8


def test_tied_figures_leave_scores_empty() -> None:
    tied = TEN.assign(orders=[1] * 8 + [2, 9])
    rfm = score_rfm(tied)
    assert rfm["f_score"].tolist() == [1] * 8 + [5, 5]
    assert topic.describe_rfm(rfm)["empty_scores"] == 3
    assert topic.describe_rfm(rfm)["one_order_share"] == 0.8


def test_refund_only_customers_are_left_out() -> None:
    table = pd.concat(
        [
            TEN.astype({"days_since_last_order": "Int64"}),
            pd.DataFrame({"customer_id": ["x"], "days_since_last_order": [pd.NA], "orders": [0], "net_sales": [-5.0]}),
        ]
    )
    pd.testing.assert_frame_equal(score_rfm(table), score_rfm(TEN))


def test_edges_stay_when_another_snapshot_is_scored() -> None:
    scorer = RfmScorer().fit(TEN)
    one = TEN.head(1).assign(days_since_last_order=9, net_sales=250.0)
    assert score_rfm(one, scorer=scorer)[["r_score", "f_score", "m_score"]].values.tolist() == [[1, 5, 1]]
    assert len(score_rfm(TEN.head(0), scorer=scorer)) == 0


@examples(15, 120)
@given(rows, st.randoms(use_true_random=False))
def test_row_order_changes_nothing_and_inputs_stay(drawn: list[tuple[int, int, int]], random: object) -> None:
    customers = customers_of(drawn)
    before = customers.copy(deep=True)
    order = list(range(len(customers)))
    random.shuffle(order)
    first, second = score_rfm(customers), score_rfm(customers.iloc[order])
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(customers, before)
    assert first["customer_id"].is_unique


@examples(15, 120)
@given(rows)
def test_equal_figures_get_equal_scores_and_better_ones_no_worse(drawn: list[tuple[int, int, int]]) -> None:
    rfm = score_rfm(customers_of(drawn))
    for score, column in topic.MEASURES.items():
        assert rfm.groupby(column)[score].nunique().max() == 1
        by = rfm.sort_values(column, ascending=score != "r_score")[score]
        assert by.is_monotonic_increasing
        assert by.between(1, 5).all()


@examples(15, 120)
@given(rows, st.sampled_from([2, 7, 100, 1000]))
def test_another_currency_changes_no_score(drawn: list[tuple[int, int, int]], factor: int) -> None:
    cents = [(days, orders, money * 100) for days, orders, money in drawn]  # whole units, exact in floats
    customers = customers_of(cents)
    dearer = customers.assign(net_sales=customers["net_sales"] * factor)
    columns = ["r_score", "f_score", "m_score", "segment", "segment_8"]
    pd.testing.assert_frame_equal(score_rfm(customers)[columns], score_rfm(dearer)[columns])


@pytest.mark.parametrize("by", ["segment", "segment_8"])
def test_segments_add_up_best_first(by: str) -> None:
    rfm = score_rfm(TEN)
    table = topic.summarise_segments(rfm, by=by)
    order = list(SEGMENTS if by == "segment" else SEGMENTS_8.values())
    assert [order.index(code) for code in table[by]] == sorted(order.index(code) for code in table[by])
    assert table["customers"].sum() == 10
    assert table["net_sales"].sum() == 5500
    assert table["net_sales_share"].sum() == pytest.approx(1)
    first = table.iloc[0]
    assert first["median_orders"] == {"segment": 15, "segment_8": 10}[by]
    assert first["median_days_since_last_order"] == {"segment": 1.5, "segment_8": 2.5}[by]


def test_a_wrong_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`by` is one of segment, segment_8; it was 'sector'"):
        topic.summarise_segments(score_rfm(TEN), by="sector")


def test_cells_are_always_twenty_five_and_add_up() -> None:
    cells = topic.summarise_cells(score_rfm(TEN))
    assert len(cells) == 25
    assert cells["customers"].sum() == 10
    assert cells.set_index(["r_score", "f_score"]).loc[(5, 5), "net_sales"] == 1000
    assert cells.loc[cells["customers"] == 0, "net_sales"].eq(0).all()


def test_scores_say_what_they_stand_for() -> None:
    table = topic.summarise_scores(score_rfm(TEN.assign(orders=[1] * 8 + [2, 9]))).set_index("score")
    assert table.loc[5, ["days_from", "days_to", "orders_from", "orders_to"]].tolist() == [1, 2, 2, 9]
    assert table.loc[4, "orders_from":"orders_to"].isna().all()


def test_facts_by_hand() -> None:
    facts = topic.describe_rfm(score_rfm(TEN))
    assert (facts["best_customers"], facts["best_share"]) == (4, 0.4)
    assert facts["best_net_sales_share"] == pytest.approx(3400 / 5500)
    assert (facts["corner_customers"], facts["leaving_customers"], facts["leaving_net_sales"]) == (1, 0, 0)
    assert math.isnan(facts["leaving_median_days"])
    assert facts["largest_share"] == 0.2


def test_the_quiet_are_those_worth_much_who_are_silent_for_longer_than_ever_by_their_last_year() -> None:
    rfm = score_rfm(TEN)
    states = dict.fromkeys(rfm["customer_id"], "buying") | {
        "b": "quiet",
        "c": "quiet",
        "d": "pausing",
        "e": "lapsed",
        "j": "quiet",
    }
    silence = pd.DataFrame(
        {"customer_id": list(states), "silence": list(states.values()), "usual_gap_days": 7.0, "longest_gap_days": 9.0}
    )
    silence["net_sales_before"] = silence["customer_id"].map({"b": 10.0, "c": 30.0}).fillna(99.0)
    quiet = topic.list_quiet(topic.mark_quiet(rfm, silence))
    assert quiet["customer_id"].tolist() == ["c", "b"]  # j orders seldom and for little
    facts = topic.describe_rfm(topic.mark_quiet(rfm, silence))
    assert (facts["leaving_customers"], facts["leaving_net_sales_before"]) == (2, 40.0)


def test_money_is_added_exactly() -> None:
    rfm = score_rfm(TEN.assign(net_sales=[0.1] * 10))
    assert topic.describe_rfm(rfm)["net_sales"] == 1.0


def test_net_sales_below_nought_have_no_shares() -> None:
    rfm = score_rfm(TEN.assign(net_sales=-1.0))
    assert topic.summarise_segments(rfm)["net_sales_share"].isna().all()


@pytest.mark.parametrize("rows", [0, 4])
def test_too_few_customers_are_refused(rows: int) -> None:
    with pytest.raises(NotEnoughDataError) as refusal:
        score_rfm(TEN.head(rows))
    assert refusal.value.reason == "rfm_few_customers"
    assert refusal.value.facts == {"customers": rows, "least": 5}


def test_missing_columns_and_doubled_customers_are_refused() -> None:
    with pytest.raises(MissingColumnsError, match=r"`customers` lacks \['net_sales'\]; it has .* Build it with"):
        score_rfm(TEN.drop(columns="net_sales"))
    with pytest.raises(ValueError, match=r"one row per \['customer_id'\]; \{'customer_id': 'a'\} stands in it twice"):
        score_rfm(pd.concat([TEN, TEN.head(1)]))
