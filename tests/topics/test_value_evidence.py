"""Is the evidence on the models' assumptions what was worked out by hand, and what is known of simulated buyers?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kalib.topics.value_evidence import (
    describe_seasons,
    find_gaps,
    list_month_ends,
    measure_assumptions,
    measure_correlation,
    measure_growth,
    measure_regularity,
    measure_seasons,
    measure_start,
)
from kalib.topics.value_orders import summarise_value
from tests.topics.test_value import ORDERS

AS_OF = dt.date(2026, 6, 30)
START = pd.Timestamp("2023-01-01")


def buy(gaps: np.ndarray) -> pd.DataFrame:
    """Make order days from gaps in days, one row per customer."""
    days = np.cumsum(np.c_[np.zeros(len(gaps)), gaps], axis=1).astype(int)
    rows = [(f"c{number:04}", START + pd.Timedelta(days=int(day))) for number, own in enumerate(days) for day in own]
    return pd.DataFrame(rows, columns=["customer_id", "order_date"]).assign(orders=1, net_sales=10.0)


@pytest.mark.parametrize("mean", [4, 20, 40])
def test_of_random_buyers_one_in_twenty_seems_regular(mean: int) -> None:
    """Whatever the pace: days are whole, which would make quick buyers look regular."""
    gaps = np.random.default_rng(mean).geometric(1 / mean, (2000, 12))
    found = measure_regularity(buy(gaps), as_of=AS_OF)
    assert found["gap_customers"] == found["two_gap_customers"] == 2000
    assert found["regular_share"] == pytest.approx(0.05, abs=0.02)
    assert found["erlang_order"] == pytest.approx(1, abs=0.3 if mean < 10 else 0.15)
    assert not found["is_regular"]


def test_buyers_with_erlang_gaps_are_found_with_their_order() -> None:
    gaps = np.ceil(np.random.default_rng(1).gamma(3, 12, (2000, 12)))
    found = measure_regularity(buy(gaps), as_of=AS_OF)
    assert found["is_regular"]
    assert found["regular_share"] > 0.5
    assert found["erlang_order"] == pytest.approx(3, abs=0.3)


def test_too_few_gaps_tell_nothing() -> None:
    found = measure_regularity(buy(np.full((5, 2), 7)), as_of=AS_OF)
    assert (found["gap_customers"], found["regular_share"], found["erlang_order"]) == (0, None, None)
    none = measure_regularity(ORDERS.iloc[:0], as_of=AS_OF)
    assert none["is_regular"] is False


def test_gaps_are_between_order_days_up_to_the_date() -> None:
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "b"],
            "order_date": ["2026-01-05", "2026-01-01", "2026-01-09", "2026-07-01", "2026-01-01"],
            "orders": [1, 2, 0, 1, 1],
        }
    )
    assert find_gaps(orders, as_of=AS_OF).to_numpy().tolist() == [["a", 4.0]]


def test_months_are_whole() -> None:
    orders = pd.DataFrame({"order_date": ["2026-01-15", "2026-06-20"]})
    ends = list_month_ends(orders, as_of=dt.date(2026, 6, 29))
    assert (ends[0], ends[-1], len(ends)) == (dt.date(2026, 1, 31), dt.date(2026, 5, 31), 5)
    assert list_month_ends(orders, as_of=AS_OF)[-1] == AS_OF


def track(factors: dict[int, float], years: int = 2) -> pd.DataFrame:
    """Make a tracking in which growth is in the model and only the season is not."""
    ends = pd.date_range("2024-01-31", periods=12 * years + 1, freq="ME")
    expected = np.r_[0, np.linspace(500, 3000, 12 * years)]
    actual = expected * np.array([factors.get(month, 1.0) for month in ends.month])
    return pd.DataFrame({"date": ends, "repeats": actual.cumsum(), "expected_repeats": expected.cumsum()})


def test_a_season_is_what_the_model_does_not_expect() -> None:
    seasons = measure_seasons(track({11: 1.5, 2: 0.7}))
    index = seasons.set_index("month")["season_index"]
    mean = (10 + 1.5 + 0.7) / 12
    assert index[11] == pytest.approx(1.5 / mean)
    assert index[2] == pytest.approx(0.7 / mean)
    assert index.mean() == pytest.approx(1)
    facts = describe_seasons(seasons, as_of=dt.date(2026, 10, 31), horizon_days=30)
    assert facts["is_seasonal"]
    assert (facts["high_month"], facts["low_month"], facts["twice"]) == (11, 2, True)
    assert facts["ahead_index"] == pytest.approx(index[11])
    half = describe_seasons(seasons, as_of=dt.date(2026, 10, 16), horizon_days=30)
    assert half["ahead_index"] == pytest.approx((index[10] + index[11]) / 2)


def test_growth_is_no_season_and_noise_is_none_either() -> None:
    assert not describe_seasons(measure_seasons(track({})), as_of=AS_OF, horizon_days=90)["is_seasonal"]
    once = track({5: 1.4}, years=1)
    few = once.assign(repeats=once["repeats"] / 300, expected_repeats=once["expected_repeats"] / 300)
    assert not describe_seasons(measure_seasons(few), as_of=AS_OF, horizon_days=90)["is_seasonal"]
    assert not describe_seasons(measure_seasons(once), as_of=AS_OF, horizon_days=90)["twice"]
    assert measure_seasons(track({}).head(8)).empty
    assert not describe_seasons(measure_seasons(track({}).head(8)), as_of=AS_OF, horizon_days=90)["seasons"]


def test_frequency_and_value_that_go_together_are_found() -> None:
    random = np.random.default_rng(3)
    frequency = random.geometric(0.1, 400) + 1
    mean = frequency**0.5 * random.gamma(4, 20, 400)
    spend = pd.DataFrame({"frequency": frequency, "mean_value": mean})
    found = measure_correlation(spend)
    ranks = spend.rank()  # Spearman is Pearson of ranks
    assert found["rank_correlation"] == pytest.approx(ranks.corr().iloc[0, 1])
    assert found["correlation"] == pytest.approx(spend.corr().iloc[0, 1])
    assert found["is_correlated"]
    apart = spend.assign(mean_value=random.permutation(mean))
    assert not measure_correlation(apart)["is_correlated"]
    assert measure_correlation(spend.assign(mean_value=5.0))["rank_correlation"] is None
    assert measure_correlation(spend.head(8))["rank_correlation"] is None


def test_first_orders_that_pile_up_at_the_start() -> None:
    first = [START] * 60 + list(pd.date_range("2023-02-01", periods=40, freq="10D"))
    orders = pd.DataFrame({"customer_id": [f"c{i:03}" for i in range(100)], "order_date": first, "orders": 1})
    found = measure_start(orders, as_of=dt.date(2024, 3, 1))
    span = (pd.Timestamp("2024-03-01") - START).days + 1
    assert found["first_customers"] == 60
    assert found["later_per_month"] == pytest.approx(40 / (span - 30) * 30)
    assert found["is_piled"]
    even = orders.assign(order_date=pd.date_range(START, periods=100, freq="4D"))
    assert not measure_start(even, as_of=dt.date(2024, 3, 1))["is_piled"]
    assert measure_start(orders.head(60), as_of=dt.date(2023, 3, 1))["later_per_month"] is None


def test_growth_is_that_of_customers_of_both_years() -> None:
    ids = [f"c{i:02}" for i in range(40)]
    old = pd.DataFrame({"customer_id": ids, "order_date": "2025-01-01", "orders": 1, "net_sales": 100.0})
    new = pd.DataFrame({"customer_id": ids, "order_date": "2026-01-01", "orders": 1, "net_sales": 125.0})
    other = pd.DataFrame({"customer_id": ["x"], "order_date": ["2026-01-02"], "orders": [1], "net_sales": [1e6]})
    begin = pd.DataFrame({"customer_id": ["y"], "order_date": ["2024-01-01"], "orders": [1], "net_sales": [1.0]})
    found = measure_growth(pd.concat([old, new, other, begin]), as_of=AS_OF)
    assert (found["both_years"], found["value_before"], found["value_now"]) == (40, 100, 125)
    assert found["value_change"] == pytest.approx(0.25)
    assert found["is_grown"]
    assert measure_growth(pd.concat([old, new]), as_of=AS_OF)["value_change"] is None  # the history is too short


def test_what_fails_is_said_first_and_everything_is_said() -> None:
    spend = summarise_value(ORDERS, as_of=AS_OF)
    seasons = measure_seasons(track({11: 1.5}, years=1))
    found = measure_assumptions(ORDERS, spend, seasons, as_of=AS_OF, horizon_days=90)
    assert found["says"][:2] == ["seasonal", "seasonal_once"]
    topics = {said.split("_")[0] for said in found["says"]}
    assert topics == {"regular", "seasonal", "correlated", "piled", "grown"}
    shuffled = measure_assumptions(ORDERS.sample(frac=1), spend.sample(frac=1), seasons, as_of=AS_OF, horizon_days=90)
    assert shuffled["says"] == found["says"]
