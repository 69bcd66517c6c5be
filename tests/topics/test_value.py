"""Is value what was worked out by hand, does its interval hold what it promises, and do rows come in any order?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from kalib.errors import MissingColumnsError, NotEnoughDataError
from kalib.topics.purchase import fit_models, summarise_histories
from kalib.topics.purchase_spend import GammaGamma
from kalib.topics.value import (
    MONTH_DAYS,
    build_value,
    choose_draws,
    describe_pauses,
    describe_ranks,
    describe_value,
    discount_months,
    expect_discounted,
    find_edges,
    find_pauses,
    rank_value,
)
from kalib.topics.value_orders import OrderValue, summarise_value, take_returns_off
from tests.depth import examples

AS_OF = dt.date(2026, 6, 30)


class Steady:
    """A purchase model of buyers who never leave and order at random, so many times a day."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def p_alive(self, histories: pd.DataFrame) -> np.ndarray:
        return np.ones(len(histories))

    def expected_orders(self, histories: pd.DataFrame, horizon: float) -> np.ndarray:
        return np.full(len(histories), self.rate * horizon)

    def draw_orders(self, histories: pd.DataFrame, horizon: float, *, draws: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).poisson(self.rate * horizon, (len(histories), draws))


def make_histories(customers: int) -> pd.DataFrame:
    ids = [f"c{number:04}" for number in range(customers)]
    return pd.DataFrame({"customer_id": ids, "frequency": 4, "recency": 300.0, "age": 360.0})


def make_spend(customers: int, mean: float = 50.0) -> pd.DataFrame:
    ids = [f"c{number:04}" for number in range(customers)]
    return pd.DataFrame({"customer_id": ids, "frequency": 5, "mean_value": mean})


def make_orders(customers: int = 80, seed: int = 4) -> pd.DataFrame:
    """Make order days of customers who order at random at their own pace, some of whom leave."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        mean, pace = random.gamma(3, 40), random.gamma(1.5, 1 / 30) + 0.002
        day = int(random.integers(0, 200))
        for _ in range(random.geometric(0.1)):
            if day > 540:
                break
            rows.append((f"c{number:03}", day, round(float(random.gamma(2, mean / 2)), 2)))
            day += 1 + int(random.exponential(1 / pace))
    table = pd.DataFrame(rows, columns=["customer_id", "day", "net_sales"])
    table["order_date"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(table["day"], "D")
    return table.drop(columns="day").assign(orders=1, margin=lambda t: (t["net_sales"] * 0.3).round(2))


ORDERS = make_orders()


# --- discounting ----------------------------------------------------------------------------------------------------


def test_a_month_is_discounted_as_if_it_came_in_its_middle() -> None:
    factors = discount_months(12, 0.21)
    assert factors[0] == pytest.approx(1.21 ** (-1 / 24))
    assert factors[11] == pytest.approx(1.21 ** (-23 / 24))
    assert discount_months(3, 0.0).tolist() == [1, 1, 1]


def test_orders_of_each_month_are_discounted_apart() -> None:
    discounted, plain = expect_discounted(Steady(0.1), make_histories(2), months=24, rate=0.1)
    assert plain == pytest.approx(0.1 * 24 * MONTH_DAYS)
    assert discounted == pytest.approx(0.1 * MONTH_DAYS * sum(1.1 ** (-(m + 0.5) / 12) for m in range(24)))


def test_monthly_discounting_is_near_the_continuous() -> None:
    discounted, _ = expect_discounted(Steady(0.1), make_histories(1), months=36, rate=0.1)
    force = np.log(1.1) / 365.25  # DERT of Fader, Hardie: the same integral, day by day
    exact = 0.1 * (1 - np.exp(-force * 36 * MONTH_DAYS)) / force
    assert discounted[0] == pytest.approx(exact, rel=1e-4)


# --- what an order brings -------------------------------------------------------------------------------------------


def test_what_came_back_is_taken_off_and_the_last_year_decides() -> None:
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "b", "c", "d"],
            "order_date": ["2024-01-01", "2026-01-01", "2026-02-01", "2024-05-01", "2024-06-01", "2026-07-01", "2026-05-01"],
            "orders": [1, 1, 0, 1, 1, 1, 0],
            "net_sales": [900.0, 100.0, -30.0, 10.0, 30.0, 500.0, -5.0],
        }
    )  # fmt: skip
    before = orders.copy(deep=True)
    spend = summarise_value(orders, as_of=AS_OF)
    # a: only 2026 counts, less what came back; b: no order in the year, so all of it; c: after the date; d: never ordered
    told = {"customer_id": ["a", "b"], "frequency": [1, 2], "mean_value": [70.0, 20.0], "lately": [True, False]}
    assert spend.to_dict("list") == told
    pd.testing.assert_frame_equal(orders, before)


def test_returns_of_other_days_reach_the_value() -> None:
    spend = summarise_value(ORDERS, as_of=AS_OF)
    totals = spend["frequency"] * spend["mean_value"]
    customers = pd.DataFrame(
        {"customer_id": spend["customer_id"], "net_sales": totals - 7, "net_sales_365_days": totals - 3}
    )
    net = take_returns_off(spend, customers.sample(frac=1, random_state=1))
    off = np.where(spend["lately"], 3, 7) / spend["frequency"]
    assert net["mean_value"].to_numpy() == pytest.approx((spend["mean_value"] - off).to_numpy())
    assert not spend["lately"].all()


def test_money_is_added_in_whole_cents_whatever_the_order() -> None:
    orders = pd.DataFrame({"customer_id": "a", "order_date": pd.date_range("2026-01-01", periods=30), "orders": 1})
    orders["net_sales"] = [0.1] * 30
    assert summarise_value(orders, as_of=AS_OF)["mean_value"].tolist() == [0.1]


def test_nobody_ordered() -> None:
    orders = pd.DataFrame({"customer_id": ["a"], "order_date": ["2026-01-01"], "orders": [0], "net_sales": [-5.0]})
    with pytest.raises(NotEnoughDataError, match="value_no_orders"):
        summarise_value(orders, as_of=AS_OF)
    with pytest.raises(MissingColumnsError, match="margin"):
        summarise_value(orders, as_of=AS_OF, money="margin")


def test_a_single_order_counts_little_and_a_loss_is_weighed_alike() -> None:
    spend = summarise_value(ORDERS, as_of=AS_OF)
    value = OrderValue(GammaGamma()).fit(spend)
    p, q, gamma = value.model_.params_
    overall = p * gamma / (q - 1)
    asked = pd.DataFrame(
        {"customer_id": list("abcd"), "frequency": [1, 50, 0, 2], "mean_value": [900, 900, np.nan, -80.0]}
    )
    one, many, none, loss = value.expected_value(asked)
    weight = {n: p * n / (p * n + q - 1) for n in (1, 50, 2)}
    assert one == pytest.approx(weight[1] * 900 + (1 - weight[1]) * overall)
    assert many == pytest.approx(weight[50] * 900 + (1 - weight[50]) * overall)
    assert overall < one < many < 900
    assert none == pytest.approx(overall)
    assert loss == pytest.approx(weight[2] * -80 + (1 - weight[2]) * overall)


@pytest.mark.parametrize(
    ("means", "reason"),
    [([20.0] * 12, "equal_spend"), ([20.0, 30.0], "few_spenders"), ([-5.0] * 12, "few_spenders")],
)
def test_without_a_model_an_order_brings_the_plain_mean(means: list[float], reason: str) -> None:
    spend = pd.DataFrame({"customer_id": [f"c{i:02}" for i in range(len(means))], "frequency": 2, "mean_value": means})
    value = OrderValue(GammaGamma()).fit(spend)
    assert value.reason_ == reason
    assert value.expected_value(spend).tolist() == means
    assert value.draw_spend(spend, np.full((len(means), 3), 2), seed=1).tolist() == [[2 * mean] * 3 for mean in means]


def test_drawn_spend_has_the_mean_that_is_expected() -> None:
    spend = summarise_value(ORDERS, as_of=AS_OF)
    value = OrderValue(GammaGamma()).fit(spend)
    drawn = value.draw_spend(spend, np.full((len(spend), 4000), 6), seed=2)
    assert drawn.mean(axis=1) == pytest.approx(6 * value.expected_value(spend), rel=0.12)
    none = value.draw_spend(spend, np.zeros((len(spend), 5), int), seed=2)
    assert (none == 0).all()


# --- the table ------------------------------------------------------------------------------------------------------


def test_value_of_steady_buyers_is_that_worked_out_by_hand() -> None:
    histories, spend = make_histories(300), make_spend(300)
    value, totals = build_value(
        Steady(0.1), histories, spend, OrderValue(None).fit(spend), horizon_days=90, months=12, rate=0.1
    )
    assert value["expected_orders"].tolist() == pytest.approx([9.0] * 300)
    assert value["expected_sales"].tolist() == pytest.approx([450.0] * 300)
    factors = 1.1 ** (-(np.arange(12) + 0.5) / 12)
    assert value["clv"].tolist() == pytest.approx([50 * 0.1 * MONTH_DAYS * factors.sum()] * 300)
    assert value["expected_orders_low"].median() == poisson.ppf(0.1, 9)
    assert value["expected_orders_high"].median() == poisson.ppf(0.9, 9)
    assert set(value["clv_basis"]) == {"net_sales"}
    assert "margin_per_order" not in value
    spread = totals["expected_orders"].std()
    assert spread == pytest.approx(np.sqrt(9 * 300), rel=0.12)  # the sum errs as independent accounts do


def test_value_is_margin_where_there_is_cost() -> None:
    spend, earned = make_spend(20), make_spend(20, mean=12.0)
    value, _ = build_value(
        Steady(0.1), make_histories(20), spend, OrderValue(None).fit(spend), horizon_days=90, months=6, rate=0.0,
        margin_spend=earned, margin=OrderValue(None).fit(earned),
    )  # fmt: skip
    assert value["clv"].tolist() == pytest.approx([12 * 0.1 * 6 * MONTH_DAYS] * 20)
    assert value["expected_sales"].tolist() == pytest.approx([450.0] * 20)
    assert set(value["clv_basis"]) == {"margin"}


def test_a_negative_margin_makes_a_negative_value_within_its_interval() -> None:
    spend = make_spend(20, mean=-12.0)
    value, totals = build_value(
        Steady(0.1), make_histories(20), spend, OrderValue(None).fit(spend), horizon_days=90, months=6, rate=0.0
    )
    assert (value["clv"] < 0).all()
    assert ((value["clv_low"] <= value["clv"]) & (value["clv"] <= value["clv_high"])).all()
    facts = describe_value(value, totals)
    assert facts["negative"] == 20
    assert np.isnan(facts["top_share"])


def build(orders: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    histories = summarise_histories(orders, as_of=AS_OF)
    spend = summarise_value(orders, as_of=AS_OF)
    models = fit_models(histories, ["bg_nbd"])
    shuffled = histories.sample(frac=1, random_state=seed)
    table, _ = build_value(
        models["bg_nbd"], shuffled, spend.sample(frac=1, random_state=seed + 1), OrderValue(GammaGamma()).fit(spend),
        horizon_days=60, months=24, rate=0.1,
    )  # fmt: skip
    return table


@examples(5, 10)
@given(st.integers(0, 1000))
def test_rows_may_come_in_any_order(seed: int) -> None:
    pd.testing.assert_frame_equal(build(ORDERS), build(ORDERS.sample(frac=1, random_state=seed), seed))


def test_nothing_after_the_date_is_seen() -> None:
    later = ORDERS.assign(order_date=ORDERS["order_date"] + pd.Timedelta(days=600), net_sales=1e6)
    pd.testing.assert_frame_equal(build(ORDERS), build(pd.concat([ORDERS, later])))


def test_the_table_keeps_its_bounds() -> None:
    value = build(ORDERS)
    assert value["customer_id"].is_unique
    assert value["p_alive"].between(0, 1).all()
    for name in ("expected_orders", "expected_sales", "clv"):
        assert (value[f"{name}_low"] >= 0).all()
        assert (value[f"{name}_low"] <= value[f"{name}_high"]).all()
        assert (value[name] >= value[f"{name}_low"]).all()
    above = value["clv"] > value["clv_high"]
    assert (value.loc[above, "p_alive"] < 0.2).all()  # only where coming back is a small chance of much
    assert value["expected_sales"].to_numpy() == pytest.approx(value["expected_orders"] * value["sales_per_order"])


def test_an_interval_of_eighty_holds_eighty_of_a_hundred() -> None:
    """Accounts whose rates and means are drawn from the model's own distributions, checked against numbers drawn apart."""
    random = np.random.default_rng(9)
    customers, p, q, gamma = 3000, 4.0, 3.0, 60.0
    means = p * gamma / random.gamma(q, size=customers)
    told = means * random.gamma(3 * p, size=customers) / (3 * p)
    spend = make_spend(customers).assign(frequency=3, mean_value=told)
    sales = OrderValue(GammaGamma()).fit(spend)
    value, _ = build_value(Steady(0.1), make_histories(customers), spend, sales, horizon_days=90, months=1, rate=0.0)
    orders = random.poisson(9, customers)
    spent = means * random.gamma(p * np.maximum(orders, 1e-9)) / p
    held = (value["expected_sales_low"] <= spent) & (spent <= value["expected_sales_high"])
    assert held.mean() == pytest.approx(0.8, abs=0.03)


def test_the_edges_are_figures_that_were_drawn() -> None:
    drawn = np.random.default_rng(1).permuted(np.tile(np.arange(1, 101), (3, 1)), axis=1)
    assert find_edges(drawn, 0.8).tolist() == [[10] * 3, [90] * 3]
    assert find_edges(drawn, 0.5).tolist() == [[25] * 3, [75] * 3]
    wide = nbinom.rvs(2, 0.1, size=(1, 999), random_state=3)
    assert find_edges(wide, 0.8)[:, 0].tolist() == np.quantile(wide, [0.1, 0.9], method="inverted_cdf").tolist()


def test_draws_fall_with_customers_so_that_time_and_memory_do_not_run_away() -> None:
    assert choose_draws(1) == choose_draws(50_000) == 400
    assert choose_draws(100_000) == 200
    assert choose_draws(50_000_000) == 100


def test_of_who_is_known_to_have_left_nothing_is_expected() -> None:
    histories, spend = make_histories(6), make_spend(6)
    sales = OrderValue(GammaGamma()).fit(make_spend(60))
    given = {"horizon_days": 90, "months": 12, "rate": 0.1}
    value, totals = build_value(Steady(0.1), histories, spend, sales, **given)
    first, second = value["customer_id"].iloc[[0, 3]]
    less, fewer = build_value(Steady(0.1), histories, spend, sales, left=[second, first], **given)
    gone = less["customer_id"].isin([first, second])
    columns = ["p_alive", "expected_orders", "expected_sales", "clv", "clv_low", "clv_high", "clv_if_active"]
    assert (less.loc[gone, columns] == 0).all(axis=None)
    pd.testing.assert_frame_equal(less[~gone], value[~gone])
    assert (fewer["clv"] < totals["clv"]).all()
    assert value["clv_if_active"].to_numpy() == pytest.approx(value["clv"] / value["p_alive"], rel=1e-12)


def test_a_usual_pause_is_not_the_end() -> None:
    """As of day 400: silent for 150 days; who had paused for 150 before is not gone, who never paused longer than 149 may be."""
    start = pd.Timestamp("2025-01-01")
    days = {"usual": [0, 150, 250], "new": [0, 101, 250], "alive": [0, 200, 250], "once": [250]}
    orders = pd.DataFrame([(c, start + pd.Timedelta(days=d)) for c, own in days.items() for d in own])
    orders = orders.set_axis(["customer_id", "order_date"], axis=1).assign(orders=1)
    later = pd.DataFrame({"customer_id": ["usual"], "order_date": [start + pd.Timedelta(days=500)], "orders": [1]})
    value = pd.DataFrame({"customer_id": [*days], "p_alive": [0.49, 0.1, 0.5, 0.1]})
    as_of = (start + pd.Timedelta(days=400)).date()
    found = find_pauses(value, pd.concat([later, orders]).sample(frac=1, random_state=2), as_of=as_of)
    assert found.tolist() == [True, False, False, False]
    customers = pd.DataFrame({"customer_id": [*days], "net_sales_365_days": [1.5, 2.0, 4.0, 8.0]})
    assert describe_pauses(value.assign(pause_is_usual=found), customers) == {"pauses": 1, "pauses_sales": 1.5}


# --- the answer -----------------------------------------------------------------------------------------------------


def test_the_total_is_exact_and_its_interval_allows_for_the_level() -> None:
    value = pd.DataFrame({"customer_id": list("abc"), "p_alive": [0.9, 0.4, 0.1], "clv": [0.1, 0.2, 1e9]})
    value = value.assign(
        clv_low=0.0,
        clv_high=[1, 1, 5.0],
        clv_basis="net_sales",
        value_months=36,
        expected_orders=1.0,
        expected_sales=2.0,
    )
    totals = pd.DataFrame({"clv": np.full(400, 100.0), "expected_orders": 3.0, "expected_sales": 6.0})
    facts = describe_value(value, totals)
    assert facts["clv"] == 1000000000.3
    assert (facts["clv_low"], facts["clv_high"]) == (100, 100)
    assert (facts["likely_gone"], facts["outside"], facts["level_known"]) == (2, 1, False)
    wide = describe_value(value, totals, spreads={"clv": 0.2})
    assert wide["level_known"]
    assert wide["clv_low"] == pytest.approx(100 * np.exp(-1.2816 * 0.2), rel=0.05)
    assert wide["clv_high"] == pytest.approx(100 * np.exp(1.2816 * 0.2), rel=0.05)
    assert wide["expected_sales_low"] == 6


def test_ranks_by_value_ahead() -> None:
    ids = [f"c{n:02}" for n in range(30)]
    value = pd.DataFrame({"customer_id": ids, "clv": [300.0 - n for n in range(30)], "clv_low": 0.0, "clv_high": 900.0})
    sales = [300.0 - n for n in range(30)]
    ranked = rank_value(value[::-1], pd.DataFrame({"customer_id": ids, "net_sales_365_days": sales}))
    assert ranked["clv_rank"].tolist() == list(range(1, 31))
    assert "moves" not in ranked  # a rank by margin ahead beside one by past sales says nothing of rise and decline
    facts = describe_ranks(ranked)
    assert facts["top_customers"] == 3
    assert facts["top_share"] == pytest.approx((300 + 299 + 298) / sum(300 - n for n in range(30)))
    assert facts["top_sales_share"] == pytest.approx(facts["top_share"])
