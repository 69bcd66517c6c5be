"""Do histories say what the order days say, and does a forecast know nothing of its future?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kalib.errors import MissingColumnsError, NotEnoughDataError
from kalib.topics.purchase import (
    compare_by_frequency,
    compare_models,
    count_ahead,
    expected_repeats,
    fit_models,
    forecast_at,
    summarise_histories,
    track_repeats,
)
from kalib.topics.purchase_models import MODELS, BetaGeometric

DAY = dt.date(2026, 3, 31)


def make_orders(customers: int = 60, *, seed: int = 3) -> pd.DataFrame:
    """Make the order days of customers who order at random, some of whom leave."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        first = int(random.integers(0, 60))
        gaps = random.exponential(random.gamma(2, 12), random.geometric(max(random.beta(0.8, 2.5), 0.02)) - 1)
        for day in np.unique(first + np.r_[0, np.cumsum(np.ceil(gaps))].astype(int)):
            rows.append((f"c{number:03}", pd.Timestamp("2025-10-01") + pd.Timedelta(days=int(day))))
    table = pd.DataFrame(rows, columns=["customer_id", "order_date"])
    return table.assign(orders=1, net_sales=np.round(random.lognormal(4, 1, len(table)), 2))


ORDERS = make_orders()


def test_histories_worked_by_hand() -> None:
    orders = pd.DataFrame(
        [
            ("a", "2026-01-01", 1),
            ("a", "2026-01-08", 2),
            ("a", "2026-01-08", 1),  # the same day
            ("a", "2026-01-20", 0),  # goods came back, nothing was ordered
            ("a", "2026-01-29", 1),
            ("a", "2026-04-01", 1),  # after the date
            ("b", "2026-03-31", 1),
            ("c", "2026-02-01", 0),  # never ordered
            ("d", "2026-04-02", 1),  # came later
        ],
        columns=["customer_id", "order_date", "orders"],
    )
    table = summarise_histories(orders, as_of=DAY)
    assert table.values.tolist() == [["a", 2, 28.0, 89.0], ["b", 0, 0.0, 0.0]]
    weeks = summarise_histories(orders, as_of=DAY, unit_days=7)
    assert weeks["recency"].tolist() == [4.0, 0.0]
    assert weeks["age"].tolist() == [89 / 7, 0.0]


def test_histories_do_not_depend_on_row_order_nor_change_their_input() -> None:
    before = ORDERS.copy(deep=True)
    shuffled = ORDERS.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        summarise_histories(shuffled, as_of=DAY), summarise_histories(ORDERS, as_of=DAY), check_exact=True
    )
    pd.testing.assert_frame_equal(ORDERS, before)


def test_a_forecast_knows_nothing_of_its_future() -> None:
    dates = [dt.date(2026, 1, 15), dt.date(2026, 2, 15)]
    whole = forecast_at(ORDERS, dates, horizon_days=30)
    for date in dates:
        known = ORDERS[ORDERS["order_date"] <= pd.Timestamp(date)]
        alone = forecast_at(known.sample(frac=1, random_state=2), [date], horizon_days=30)
        part = whole[whole["as_of"] == pd.Timestamp(date)].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            alone, part, rtol=1e-9
        )  # a fit that begins elsewhere ends there to the last digits
        assert part["customer_id"].tolist() == sorted(known["customer_id"].unique())
    assert whole["p_alive"].between(0, 1).all()
    assert whole["expected_orders"].gt(0).all()


def test_dates_may_come_in_any_order_and_twice() -> None:
    dates = [dt.date(2026, 1, 15), dt.date(2026, 2, 15)]
    pd.testing.assert_frame_equal(
        forecast_at(ORDERS, [*dates[::-1], dates[0]], horizon_days=30), forecast_at(ORDERS, dates, horizon_days=30)
    )


@pytest.mark.parametrize(
    ("orders", "reason"),
    [
        (ORDERS[ORDERS["order_date"] > "2026-06-01"], "purchase_no_orders"),
        (ORDERS[ORDERS["customer_id"] < "c005"], "purchase_few_customers"),
        (ORDERS.drop_duplicates("customer_id"), "purchase_no_repeat"),
        (ORDERS.drop_duplicates("customer_id").assign(order_date=pd.Timestamp(DAY)), "purchase_one_day"),
    ],
)
def test_what_cannot_be_fitted_is_told(orders: pd.DataFrame, reason: str) -> None:
    with pytest.raises(NotEnoughDataError) as told:
        forecast_at(orders, [DAY], horizon_days=30)
    assert told.value.reason == reason


def test_missing_columns_are_named() -> None:
    with pytest.raises(MissingColumnsError, match="order_date"):
        summarise_histories(pd.DataFrame({"customer_id": ["a"]}), as_of=DAY)
    with pytest.raises(ValueError, match="bg_nbd, mbg_nbd"):
        forecast_at(ORDERS, [DAY], horizon_days=30, model="nbd")


def test_the_likeliest_model_that_converged_is_chosen() -> None:
    histories = summarise_histories(make_orders(400), as_of=DAY)
    models = fit_models(histories)
    table = compare_models(histories, models=models)
    pd.testing.assert_frame_equal(table, compare_models(histories))
    assert sorted(table["model"]) == sorted(MODELS)
    assert table["log_likelihood"].is_monotonic_decreasing
    assert table["bic"].tolist() == pytest.approx((4 * np.log(len(histories)) - 2 * table["log_likelihood"]).tolist())
    assert table["converged"].any()
    chosen = table[table["chosen"]]
    assert len(chosen) == 1
    assert chosen["log_likelihood"].iloc[0] == table.loc[table["converged"], "log_likelihood"].max()
    for row in table.itertuples():
        assert {name: getattr(row, name) for name in models[row.model].names} == models[row.model].params_.to_dict()


def test_of_models_that_ran_away_together_the_first_is_chosen() -> None:
    """Where nobody leaves, all three are one and the same: orders at random for ever."""
    random = np.random.default_rng(1)
    count = random.poisson(random.gamma(2, 3, 300))
    histories = pd.DataFrame({"frequency": count, "recency": np.where(count > 0, 99.99, 0), "age": 100.0})
    table = compare_models(histories)
    assert not table["converged"].any()
    assert table.loc[table["chosen"], "model"].tolist() == ["bg_nbd"]
    assert table["edges"].str.len().gt(0).all()


def test_tracking_counts_repeats_of_known_customers_only() -> None:
    days = {"a": ["2026-01-01", "2026-01-03", "2026-01-09"], "b": ["2026-01-02"], "c": ["2026-01-06", "2026-01-07"]}
    orders = pd.DataFrame([(name, pd.Timestamp(day)) for name, list_ in days.items() for day in list_], columns=["customer_id", "order_date"])  # fmt: skip
    model = BetaGeometric()
    model.params_ = pd.Series({"r": 0.5, "alpha": 5.0, "a": 0.8, "b": 2.0})
    dates = [dt.date(2026, 1, day) for day in (1, 3, 8, 9)]
    table = track_repeats(model, orders, dates[::-1], as_of=dt.date(2026, 1, 5))
    assert table["repeats"].tolist() == [0, 1, 1, 2]  # c came later
    assert table["held_out"].tolist() == [False, False, True, True]
    by_hand = [model.expected_new(np.array(ages)).sum() for ages in ([0.0, 0], [2.0, 1], [7.0, 6], [8.0, 7])]
    assert table["expected_repeats"].tolist() == pytest.approx(by_hand)
    alone = expected_repeats(model, pd.Series(pd.to_datetime(["2026-01-01", "2026-01-02"])), dates)
    assert alone["expected_repeats"].tolist() == pytest.approx(by_hand)


def test_hold_out_by_frequency() -> None:
    as_of = dt.date(2026, 1, 15)
    histories = summarise_histories(ORDERS, as_of=as_of)
    ahead = count_ahead(ORDERS, as_of=as_of, horizon_days=60)
    later = ORDERS[(ORDERS["order_date"] > "2026-01-15") & (ORDERS["order_date"] <= "2026-03-16")]
    later = later[later["customer_id"].isin(histories["customer_id"])]
    assert ahead["order_days_ahead"].sum() == len(later)
    assert ahead["customer_id"].tolist() == histories["customer_id"].tolist()
    expected = np.arange(len(histories)) / 10
    table = compare_by_frequency(histories, expected, ahead, most=2)
    assert table["frequency"].tolist() == [0, 1, 2]
    assert table["customers"].sum() == len(histories)
    assert (table["customers"] * table["expected_orders"]).sum() == pytest.approx(expected.sum())
    assert (table["customers"] * table["actual_orders"]).sum() == pytest.approx(len(later))
    often = histories["frequency"] >= 2
    assert table["actual_orders"].iloc[2] == pytest.approx(ahead["order_days_ahead"][often.to_numpy()].mean())
    with pytest.raises(ValueError, match="lacks 1 customers"):
        compare_by_frequency(histories, expected, ahead.iloc[1:])
