"""Is what an order brings worked out as the gamma-gamma model says?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import MissingColumnsError, NotEnoughDataError
from kalib.topics.purchase_spend import GammaGamma, SpendLikelihood, summarise_spend
from tests.depth import examples

DAY = dt.date(2026, 3, 31)


def simulate(customers: int, *, p: float = 6.0, q: float = 4.0, gamma: float = 15.0) -> pd.DataFrame:
    random = np.random.default_rng(8)
    rate = random.gamma(q, 1 / gamma, customers)
    count = random.geometric(0.3, customers)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:05}" for i in range(customers)],
            "frequency": count,
            "mean_value": random.gamma(p * count, 1 / (rate * count)),
        }
    )


def test_spend_worked_by_hand() -> None:
    orders = pd.DataFrame(
        [
            ("a", "2026-01-01", 1, 100.0),
            ("a", "2026-01-08", 1, 30.10),
            ("a", "2026-01-08", 1, 10.20),  # the same day: 40.30
            ("a", "2026-01-20", 0, -5.0),  # goods came back
            ("a", "2026-03-31", 1, 20.0),
            ("a", "2026-04-01", 1, 999.0),  # after the date
            ("b", "2026-02-01", 1, 7.0),
        ],
        columns=["customer_id", "order_date", "orders", "net_sales"],
    )
    repeat = summarise_spend(orders, as_of=DAY)
    assert repeat["customer_id"].tolist() == ["a", "b"]
    assert repeat["frequency"].tolist() == [2, 0]
    assert repeat["mean_value"].round(9).fillna(-1).tolist() == [30.15, -1]
    every = summarise_spend(orders.assign(margin=orders["net_sales"] / 2), as_of=DAY, money="margin", counted="all")
    assert every["frequency"].tolist() == [3, 1]
    assert every["mean_value"].round(9).tolist() == [round(80.15 / 3, 9), 3.5]
    pd.testing.assert_frame_equal(summarise_spend(orders.sample(frac=1, random_state=1), as_of=DAY), repeat)
    with pytest.raises(ValueError, match="repeat, all"):
        summarise_spend(orders, as_of=DAY, counted="first")
    with pytest.raises(MissingColumnsError, match="margin"):
        summarise_spend(orders, as_of=DAY, money="margin")


def test_what_made_the_orders_is_found_in_any_currency() -> None:
    spend = simulate(8_000)
    model = GammaGamma().fit(spend)
    assert model.converged_
    assert ((model.params_ - [6.0, 4.0, 15.0]).abs() < 3.5 * model.standard_errors_).all()
    cents = GammaGamma().fit(spend.assign(mean_value=spend["mean_value"] * 100).sample(frac=1, random_state=1))
    assert cents.params_.to_numpy() == pytest.approx(model.params_.to_numpy() * [1, 1, 100], rel=1e-5)
    assert cents.mean_ == pytest.approx(100 * model.mean_, rel=1e-6)
    assert model.score(spend) == pytest.approx(model.log_likelihood_, abs=1e-6)


def test_expected_value_is_a_weighted_mean() -> None:
    """Fader, Hardie (2013), equation 5, by hand with p 6, q 4, gamma 15: the mean of all is 30."""
    model = GammaGamma().fit(simulate(200))
    model.params_ = pd.Series({"p": 6.0, "q": 4.0, "gamma": 15.0})
    spend = pd.DataFrame({"frequency": [0, 1, 10, 1000, 3], "mean_value": [np.nan, 60.0, 60.0, 60.0, -5.0]})
    expected = [30, 6 * 75 / 9, 6 * 615 / 63, 6 * 60_015 / 6_003, 30]
    assert model.expected_value(spend) == pytest.approx(expected)
    drawn = model.draw_value(spend, draws=20_000, seed=3)
    assert drawn.mean(axis=1) == pytest.approx(expected, rel=0.02)
    assert (np.diff(drawn.std(axis=1)[:4]) < 0).all()  # the more orders, the surer


def test_draws_do_not_depend_on_row_order() -> None:
    spend = simulate(100)
    model = GammaGamma().fit(spend)
    shuffled = spend.sample(frac=1, random_state=1)
    assert (
        model.draw_value(shuffled, draws=5, seed=1) == model.draw_value(spend, draws=5, seed=1)[shuffled.index]
    ).all()


def test_who_has_no_counted_order_or_no_value_is_left_out_of_the_fit() -> None:
    spend = simulate(50)
    extra = pd.DataFrame({"customer_id": ["x", "y", "z"], "frequency": [0, 2, 1], "mean_value": [np.nan, -3.0, 0.0]})
    model, alone = GammaGamma().fit(pd.concat([spend, extra])), GammaGamma().fit(spend)
    pd.testing.assert_series_equal(model.params_, alone.params_)
    assert (model.customers_, model.left_out_) == (50, 2)


@pytest.mark.parametrize(
    ("spend", "reason"),
    [
        (simulate(9), "purchase_few_spenders"),
        (simulate(30).assign(mean_value=-4.0), "purchase_few_spenders"),
        (simulate(30).assign(frequency=0), "purchase_few_spenders"),
        (simulate(30).assign(mean_value=12.5), "purchase_equal_spend"),
    ],
)
def test_what_cannot_be_fitted_is_told(spend: pd.DataFrame, reason: str) -> None:
    with pytest.raises(NotEnoughDataError) as told:
        GammaGamma().fit(spend)
    assert told.value.reason == reason


def test_where_customers_spend_alike_the_model_is_not_trusted() -> None:
    random = np.random.default_rng(2)
    count = random.integers(1, 30, 400)
    spend = pd.DataFrame({"frequency": count, "mean_value": random.gamma(5 * count, 10 / count)})
    model = GammaGamma().fit(spend)
    assert not model.converged_
    assert model.edges_
    assert model.expected_value(spend) == pytest.approx(50, rel=0.1)


@examples(15, 120)
@given(
    orders=st.lists(st.tuples(st.integers(1, 50), st.floats(0.01, 100)), min_size=1, max_size=20),
    theta=st.lists(st.floats(-4, 4), min_size=3, max_size=3).map(np.array),
)
def test_gradient(orders: list[tuple[int, float]], theta: np.ndarray) -> None:
    objective = SpendLikelihood(*np.array(orders, float).T)
    width = 1e-5
    slopes = [(objective(theta + width * e)[0] - objective(theta - width * e)[0]) / (2 * width) for e in np.eye(3)]
    assert objective(theta)[1] == pytest.approx(slopes, rel=1e-5, abs=1e-4)
