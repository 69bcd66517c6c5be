"""Do the purchase models say what the papers print, and what their definitions say?"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalib.topics import purchase_geometric, purchase_spend
from kalib.topics.purchase import summarise_histories
from kalib.topics.purchase_fit import Groups
from kalib.topics.purchase_models import MODELS, BetaGeometric
from kalib.topics.purchase_spend import GammaGamma, summarise_spend

ROOT = Path(__file__).parents[2]
FITTED_TO = dt.date(1997, 9, 30)


@pytest.fixture(scope="session")
def cdnow() -> pd.DataFrame:
    """Return the order days of the papers' sample of a tenth of the customers."""
    log = pd.read_csv(ROOT / "data/cdnow/orders.csv", dtype={"customer_id": str}, parse_dates=["order_date"])
    sample = (ROOT / "tests/reference/cdnow_sample.txt").read_text(encoding="ascii").split()
    rows = log[log["customer_id"].isin(sample)]
    assert len(rows) == 6_919
    return rows.rename(columns={"amount": "net_sales"})


@pytest.fixture(scope="session")
def weeks(cdnow: pd.DataFrame) -> pd.DataFrame:
    return summarise_histories(cdnow, as_of=FITTED_TO, unit_days=7)


def test_the_sample_is_that_of_the_papers(weeks: pd.DataFrame) -> None:
    assert len(weeks) == 2_357
    assert weeks["frequency"].sum() == 2_457
    assert (weeks["frequency"] == 0).sum() == 1_411


def test_bg_nbd_of_the_paper(weeks: pd.DataFrame) -> None:
    """Fader, Hardie, Lee (2005), table 2 and the text after equation 10."""
    model = BetaGeometric().fit(weeks)
    assert model.converged_
    assert model.params_.round(4).to_dict() == {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    assert round(model.log_likelihood_, 3) == -9582.429
    one = pd.DataFrame({"frequency": [2], "recency": [30.43], "age": [38.86]})
    assert round(model.p_alive(one)[0], 4) == 0.7266
    assert round(model.expected_orders(one, 39)[0], 3) == 1.226
    assert model.expected_new(np.array([1, 3, 32])).round(4).tolist() == [0.0532, 0.1506, 1.0437]


def test_a_new_customer_of_the_paper_in_the_long_run(weeks: pd.DataFrame) -> None:
    """The 1.8576 orders by week 78 that are printed come from a series cut after its 150th term; in full it is 1.8580."""
    model = BetaGeometric().fit(weeks)
    r, alpha, a, b = model.params_

    def expect(terms: int) -> float:
        j = np.arange(terms)
        steps = (r + j) * (b + j) / ((a + b - 1 + j) * (j + 1)) * 78 / (alpha + 78)
        series = 1 + np.cumprod(steps).sum()
        return (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + 78)) ** r * series)

    assert round(expect(150), 4) == 1.8576
    assert model.expected_new(np.array([78.0]))[0] == pytest.approx(expect(2_000), rel=1e-9)
    assert round(expect(2_000), 4) == 1.8580


def test_gamma_gamma_of_the_paper(cdnow: pd.DataFrame) -> None:
    """Fader, Hardie, Lee (2005), RFM and CLV; parameters and likelihood as in Fader, Hardie (2013)."""
    spend = summarise_spend(cdnow, as_of=FITTED_TO)
    model = GammaGamma().fit(spend)
    assert model.converged_
    assert (spend["frequency"] > 0).sum() == 946
    assert round(spend["mean_value"].mean(), 2) == 35.08
    assert model.params_.round(2).to_dict() == {"p": 6.25, "q": 3.74, "gamma": 15.44}
    assert round(model.log_likelihood_, 2) == -4055.92
    assert round(model.correlation_, 2) == 0.11


@pytest.mark.parametrize(("code", "expected"), [("bg_nbd", 1_653), ("mbg_nbd", 1_577)])
def test_hold_out_of_cdnow(cdnow: pd.DataFrame, weeks: pd.DataFrame, code: str, expected: int) -> None:
    later = cdnow[cdnow["order_date"] > pd.Timestamp(FITTED_TO)]
    assert len(later.drop_duplicates(["customer_id", "order_date"])) == 1_882
    assert round(MODELS[code]().fit(weeks).expected_orders(weeks, 39).sum()) == expected


@pytest.mark.parametrize("code", MODELS)
def test_the_unit_of_time_does_not_matter(cdnow: pd.DataFrame, weeks: pd.DataFrame, code: str) -> None:
    by_week = MODELS[code]().fit(weeks)
    days = summarise_histories(cdnow, as_of=FITTED_TO)
    by_day = MODELS[code]().fit(days)
    for name, value in by_day.params_.items():
        assert value / (7 if name in by_day.scaled else 1) == pytest.approx(by_week.params_[name], rel=1e-5)
    assert by_day.expected_orders(days, 273) == pytest.approx(by_week.expected_orders(weeks, 39), rel=1e-5)


@pytest.mark.parametrize("code", MODELS)
def test_rows_may_come_in_any_order(weeks: pd.DataFrame, code: str) -> None:
    before = weeks.copy(deep=True)
    model = MODELS[code]().fit(weeks)
    shuffled = weeks.sample(frac=1, random_state=4)
    again = MODELS[code]().fit(shuffled)
    pd.testing.assert_series_equal(model.params_, again.params_, check_exact=True)
    figures = pd.Series(again.expected_orders(shuffled, 39), index=shuffled.index).sort_index()
    assert figures.to_numpy().tolist() == model.expected_orders(weeks, 39).tolist()
    assert model.score(shuffled) == pytest.approx(model.log_likelihood_, abs=1e-8)
    pd.testing.assert_frame_equal(weeks, before)


HISTORIES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 500), st.integers(0, 500)), min_size=1, max_size=30
).map(
    lambda rows: pd.DataFrame(
        [(x, t if x else 0, t + more) for x, t, more in rows], columns=["frequency", "recency", "age"]
    )
)
LOGS = st.lists(st.floats(-4, 4), min_size=4, max_size=4).map(np.array)


def differ(objective: purchase_geometric._Likelihood, theta: np.ndarray, width: float = 1e-5) -> np.ndarray:
    return np.array([(objective(theta + width * e)[0] - objective(theta - width * e)[0]) / (2 * width) for e in np.eye(len(theta))])  # fmt: skip


@pytest.mark.parametrize("first", [0, 1])
@settings(max_examples=60, deadline=None)
@given(histories=HISTORIES, theta=LOGS)
def test_gradients_are_those_of_the_likelihood(histories: pd.DataFrame, theta: np.ndarray, first: int) -> None:
    objective = purchase_geometric._Likelihood(Groups.make(histories), first=first)
    assert objective(theta)[1] == pytest.approx(differ(objective, theta), rel=1e-5, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    orders=st.lists(st.tuples(st.integers(1, 50), st.floats(0.01, 100)), min_size=1, max_size=20),
    theta=LOGS.map(lambda theta: theta[:3]),
)
def test_gradient_of_spend(orders: list[tuple[int, float]], theta: np.ndarray) -> None:
    x, z = np.array(orders, float).T
    objective = purchase_spend._Likelihood(x, z)
    assert objective(theta)[1] == pytest.approx(differ(objective, theta), rel=1e-5, abs=1e-4)
