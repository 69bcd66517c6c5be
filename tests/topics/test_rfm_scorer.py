"""Do scores keep the rules that the business and R's `rfm` have, and stay the same on another snapshot and from a file?"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from kalib.errors import MissingColumnsError, NotEnoughDataError
from kalib.publish.models import read_model, write_model
from kalib.topics.rfm import RfmScorer, check_snapshot, score_rfm
from kalib.topics.rfm_scorer import _find_edges
from tests.depth import examples

figures = st.lists(st.integers(0, 60), min_size=10, max_size=80)


def customers_of(values: list[int] | range, **others: object) -> pd.DataFrame:
    """Return customers with the same figure in all three columns, in whole units."""
    table = pd.DataFrame({"customer_id": [f"c{i:03}" for i in range(len(values))], "orders": 1})
    return table.assign(days_since_last_order=list(values), net_sales=[float(v) for v in values], **others)


def score_as_r_does(values: list[int], edges: list[float]) -> list[int]:
    """Score as rfm_table_customer() of R's `rfm` 0.3 does: bands closed below and open above, the last one up to the most."""
    lower, upper = [min(values), *edges], [*edges, max(values) + 1]
    scores = [0] * len(values)
    for score, (low, high) in enumerate(zip(lower, upper, strict=True), start=1):
        for at, value in enumerate(values):
            if low <= value < high:
                scores[at] = score
    return scores


def r_edges(values: list[int], bins: int) -> list[float]:
    """Return the edges of R's `rfm`: its quantile() of type 7, and one more."""
    return [float(np.quantile(values, k / bins)) + 1 for k in range(1, bins)]


def test_quintiles_of_eleven_customers_as_in_r() -> None:
    # (11 - 1) * k / 5 is whole: each quintile is a customer's own figure, 2, 3, 7 and 20.
    values = [1, 1, 2, 2, 3, 5, 7, 11, 20, 20, 90]
    scorer = RfmScorer().fit(customers_of(values))
    assert scorer.edges_["m_score"].tolist() == [2, 3, 7, 20]
    wanted = [1, 1, 1, 1, 2, 3, 3, 4, 4, 4, 5]
    rfm = scorer.predict(customers_of(values))
    assert rfm["m_score"].tolist() == wanted == score_as_r_does(values, [3, 4, 8, 21])
    assert rfm["r_score"].tolist() == [6 - score for score in wanted]


@examples(20, 160)
@given(figures, st.integers(2, 10))
def test_whole_quantiles_score_as_in_r(values: list[int], bins: int) -> None:
    edges = r_edges(values, bins)
    rfm = RfmScorer(bins=bins).fit_predict(customers_of(values))
    if all(edge == int(edge) for edge in edges):
        assert rfm["m_score"].tolist() == score_as_r_does(values, edges)
    # Where one lies between two figures, R's one more than it may take in the next whole figure; ours never does.
    assert all(ours >= theirs for ours, theirs in zip(rfm["m_score"], score_as_r_does(values, edges), strict=True))


def test_where_we_leave_r() -> None:
    # Median 1.5: R cuts at 2.5, so that both 1 and 2 are in the lower half, and everybody is; see decision 10.
    values = [1, 1, 2, 2]
    assert score_as_r_does(values, r_edges(values, 2)) == [1, 1, 1, 1]
    assert RfmScorer(bins=2).fit_predict(customers_of(values))["m_score"].tolist() == [1, 1, 2, 2]


@examples(20, 160)
@given(st.lists(st.integers(-10_000, 10_000_000), min_size=10, max_size=200), st.integers(2, 10))
def test_any_number_of_bins_is_numpys_type_seven(cents: list[int], bins: int) -> None:
    values = np.array(cents, float)
    edges = _find_edges(values, bins)
    assert edges == pytest.approx(np.quantile(values, np.arange(1, bins) / bins, method="linear"), rel=1e-12)
    table = customers_of(range(len(cents))).assign(net_sales=values)
    scored = RfmScorer(bins={"monetary": bins}).fit_predict(table)
    assert (scored["m_score"] == 1 + np.searchsorted(edges, values, side="left")).all()
    assert scored["r_score"].max() == 5


def test_equal_parts_where_figures_differ() -> None:
    scored = RfmScorer(bins={"recency": 3, "frequency": 2, "monetary": 10}).fit_predict(customers_of(range(60)))
    assert scored["r_score"].value_counts().to_dict() == {1: 20, 2: 20, 3: 20}
    assert scored["m_score"].value_counts().to_dict() == dict.fromkeys(range(1, 11), 6)
    assert scored["f_score"].tolist() == [1] * 60  # all have one order


def test_fixed_edges_are_the_last_of_their_band() -> None:
    edges = {"recency": (30, 90, 365), "frequency": (1, 4), "monetary": None}
    table = customers_of([0, 30, 31, 90, 91, 365, 366]).assign(orders=[1, 1, 2, 4, 5, 5, 9])
    scorer = RfmScorer(edges=edges, bins={"recency": 4, "frequency": 3, "monetary": 2}).fit(table)
    scored = scorer.predict(table)
    assert scorer.bins_ == {"r_score": 4, "f_score": 3, "m_score": 2}
    assert scored["r_score"].tolist() == [4, 4, 3, 3, 2, 2, 1]
    assert scored["f_score"].tolist() == [1, 1, 2, 2, 3, 3, 3]
    assert scored["m_score"].tolist() == [1, 1, 1, 1, 2, 2, 2]


def test_one_customer_is_enough_for_fixed_edges() -> None:
    edges = {"recency": [30], "frequency": [1], "monetary": [100]}
    scored = RfmScorer(edges=edges).fit_predict(customers_of([10]))
    assert scored[["r_score", "f_score", "m_score"]].values.tolist() == [[2, 1, 1]]
    with pytest.raises(NotEnoughDataError):
        RfmScorer(edges=edges).fit(customers_of([]))


WINDOW = pd.DataFrame(
    {
        "customer_id": list("abcdef"),
        "days_since_last_order": [1, 10, 20, 30, 40, 500],
        "orders": [3, 1, 2, 4, 5, 6],
        "net_sales": [0.3, 0.1, 10.0, 8.0, 50.0, 600.0],
        "orders_365_days": [3, 1, 2, 2, 1, 0],
        "net_sales_365_days": [0.3, 0.1, 10.0, 8.0, 20.0, -5.0],
        "margin": [0.1, 0.05, np.nan, 2.0, 3.0, 90.0],
        "margin_365_days": [0.1, 0.05, np.nan, 2.0, 1.0, 0.0],
    }
)


def test_equal_means_are_equal_and_none_is_unknown() -> None:
    scored = RfmScorer(monetary="mean", bins=2).fit_predict(WINDOW)
    assert scored["net_sales_per_order"].tolist() == [
        0.1,
        0.1,
        5.0,
        2.0,
        10.0,
        100.0,
    ]  # 0.3 / 3 is 0.09999... in floats
    assert scored["m_score"].tolist() == [1, 1, 2, 1, 2, 2]
    windowed = RfmScorer(monetary="mean", window_days=365, bins=2).fit_predict(WINDOW)
    assert windowed["net_sales_per_order_365_days"].isna().tolist() == [False] * 5 + [True]
    assert windowed["m_score"].tolist() == [1, 1, 2, 1, 2, 1]  # the median of five is 4
    assert windowed["f_score"].tolist() == [2, 1, 2, 2, 1, 1]
    assert windowed["net_sales"].tolist() == WINDOW["net_sales"].tolist()


def test_margin_is_scored_where_it_is_known() -> None:
    scorer = RfmScorer(monetary="margin", bins=5).fit(WINDOW)
    assert scorer.edges_["m_score"] == pytest.approx(np.quantile([0.1, 0.05, 2, 3, 90], [0.2, 0.4, 0.6, 0.8]))
    assert scorer.predict(WINDOW)["m_score"].tolist() == [2, 1, 1, 3, 4, 5]
    assert scorer.features == ["days_since_last_order", "orders", "net_sales", "margin"]
    for table in (WINDOW.drop(columns=["margin"]), WINDOW.assign(margin=np.nan)):
        with pytest.raises(NotEnoughDataError) as refusal:
            RfmScorer(monetary="margin").fit(table)
        assert refusal.value.reason == "rfm_no_margin"


def test_a_window_takes_its_own_columns() -> None:
    scorer = RfmScorer(window_days=365, monetary="margin")
    assert scorer.measures["m_score"] == "margin_365_days"
    assert scorer.features == ["days_since_last_order", "orders", "net_sales", "orders_365_days", "margin_365_days"]
    with pytest.raises(MissingColumnsError, match="orders_365_days"):
        RfmScorer(window_days=365).fit(WINDOW.drop(columns="orders_365_days"))


def test_edges_of_one_snapshot_score_another() -> None:
    past = customers_of(range(0, 100, 10))
    scorer = RfmScorer().fit(past)
    now = customers_of([0, 18, 19, 95]).assign(customer_id=["new", "a", "b", "c"])
    scored = score_rfm(now, scorer=scorer)
    # Edges 18, 36, 54 and 72.
    assert scored.set_index("customer_id")["m_score"].to_dict() == {"new": 1, "a": 1, "b": 2, "c": 5}
    assert scorer.customers_ == 10


def test_a_saved_scorer_scores_the_same(tmp_path: Path) -> None:
    rules = [{"name": "vip", "r": (4, 5), "f": None, "m": None}]
    scorer = RfmScorer(bins={"frequency": 3}, edges={"monetary": (10.0, 50.0)}, segments=rules, rest="others")
    table = customers_of(range(0, 100, 3))
    scorer.fit(table)
    file = tmp_path / "rfm.skops"
    data = table[["customer_id", *scorer.features]]
    write_model(scorer, file, name="rfm", as_of="2026-06-30", data=data, kalib="1")
    again, card = read_model(file, name="rfm", data=table)
    pd.testing.assert_frame_equal(again.predict(table), scorer.predict(table))
    assert card.features == ("days_since_last_order", "net_sales", "orders")
    assert again.get_params() == scorer.get_params()
    assert clone(scorer).get_params() == scorer.get_params()


def test_rows_stay_in_their_order_in_the_scorer_and_are_sorted_at_the_door() -> None:
    table = customers_of([5, 4, 3, 2, 1]).iloc[[3, 0, 4, 1, 2]]
    assert RfmScorer().fit(table).predict(table)["customer_id"].tolist() == table["customer_id"].tolist()
    assert score_rfm(table)["customer_id"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bins": 1}, "recency has 2 to 10 scores; here are 1"),
        ({"bins": {"monetary": 11}}, "monetary has 2 to 10 scores; here are 11"),
        ({"edges": {"frequency": [3, 2]}}, r"`edges` of frequency must ascend; they are \[3, 2\]"),
        ({"monetary": "profit"}, "`monetary` is one of total, mean, margin; it was 'profit'"),
    ],
)
def test_wrong_choices_are_refused(wrong: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RfmScorer(**wrong).fit(customers_of(range(20)))


def test_more_scores_than_customers_are_refused() -> None:
    with pytest.raises(NotEnoughDataError) as refusal:
        RfmScorer(bins={"frequency": 7}).fit(customers_of(range(6)))
    assert refusal.value.facts == {"customers": 6, "least": 7}


def test_edges_cannot_be_learnt_from_what_is_still_to_come() -> None:
    check_snapshot(None, as_of=dt.date(2026, 6, 30))
    check_snapshot(dt.date(2026, 6, 30), as_of=dt.date(2026, 6, 30))
    with pytest.raises(NotEnoughDataError) as refusal:
        check_snapshot(dt.date(2026, 7, 1), as_of=dt.date(2026, 6, 30))
    assert refusal.value.reason == "rfm_learn_ahead"
