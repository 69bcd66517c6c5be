"""Is the list as sure as its orders make it, the same on every run, and blind to what came later?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from kalib.topics import scorecard_stability as topic
from kalib.topics.scorecard import Sheet, Use, build_sheet, choose_measures, gather_measures, score_accounts
from kalib.topics.scorecard_rule import apply_rule
from tests.topics.test_scorecard import AS_OF, make_customers

SIZE = (Use("net_sales_365_days", "purchasing_power", True),)
ONE = np.ones(1)


def make_days(orders: dict[str, list[float]], *, ago: int = 10) -> pd.DataFrame:
    """Make one order day for each amount, going back in steps of 10 days."""
    rows = [
        (account, AS_OF - dt.timedelta(days=ago * (i + 1)), 1, amount)
        for account, amounts in orders.items()
        for i, amount in enumerate(amounts)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "order_date", "orders", "net_sales"]).assign(
        margin=lambda table: table["net_sales"] / 4, gross_sales=lambda table: table["net_sales"]
    )


def sheet_of(days: pd.DataFrame) -> Sheet:
    sums = days.groupby("customer_id")["net_sales"].sum()
    measures = pd.DataFrame({"customer_id": sums.index, "net_sales_365_days": sums.to_numpy()})
    return build_sheet(measures, uses=SIZE)


def test_a_frequency_is_the_probability_that_the_draws_have() -> None:
    # Ten orders of 10 against a bar of 100: the account is in when a Poisson draw of mean 10 is 10 or more.
    days = make_days({"a": [10.0] * 10, "b": [1.0], "c": [500.0] * 8})
    table, count = topic.resample_list(sheet_of(days), days, ONE, {"net_sales": 100.0}, as_of=AS_OF, resamples=2000)
    table = table.set_index("customer_id")
    assert count == 2000
    wanted = 1 - poisson(10).cdf(9)
    assert table.loc["a", "selection_frequency"] == pytest.approx(wanted, abs=3 * np.sqrt(wanted * (1 - wanted) / 2000))
    assert table.loc["b", "selection_frequency"] == 0
    assert table.loc["c", "selection_frequency"] == pytest.approx(1 - np.exp(-8), abs=0.005)
    assert table["selection_class"].tolist() == ["likely", "unlikely", "certain"]


def test_the_bar_of_a_share_of_value_stays_where_it_is() -> None:
    days = make_days({"a": [50.0] * 40, "b": [25.0] * 40, "c": [1.0] * 3})
    sheet = sheet_of(days)
    by_share, _ = topic.resample_list(sheet, days, ONE, {"value_share": 0.9}, as_of=AS_OF)
    by_bar, _ = topic.resample_list(sheet, days, ONE, {"net_sales": 1000.0}, as_of=AS_OF)
    pd.testing.assert_frame_equal(by_share, by_bar)


def test_only_the_windows_count() -> None:
    days = make_days({"a": [10.0] * 5, "b": [20.0] * 5})
    old = make_days({"a": [99.0], "b": [99.0]}, ago=800)
    later = days.assign(order_date=AS_OF + dt.timedelta(days=1), net_sales=1e6)
    sheet = sheet_of(days)
    one, _ = topic.resample_list(sheet, days, ONE, {"top": 1}, as_of=AS_OF)
    two, _ = topic.resample_list(sheet, pd.concat([later, days, old]), ONE, {"top": 1}, as_of=AS_OF)
    pd.testing.assert_frame_equal(one, two)


def test_row_order_and_repetition_change_nothing() -> None:
    random = np.random.default_rng(1)
    days = make_days({f"a{i:02}": list(random.integers(1, 90, 1 + i % 7)) for i in range(20)})
    sheet, before = sheet_of(days), days.copy(deep=True)
    one, _ = topic.resample_list(sheet, days, ONE, {"top": 5}, as_of=AS_OF)
    two, _ = topic.resample_list(sheet, days.sample(frac=1, random_state=3), ONE, {"top": 5}, as_of=AS_OF)
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(days, before)
    assert one["selection_frequency"].between(0, 1).all()
    assert not one.equals(topic.resample_list(sheet, days, ONE, {"top": 5}, as_of=AS_OF, seed=1)[0])


def test_with_nothing_moved_every_figure_is_what_it_was() -> None:
    customers = make_customers(
        6,
        margin_365_days=[10.0, 20, 30, 40, 50, 60],
        cost_to_serve_365_days=[1.0, 30, 0, 0, 2, 4],
        overdue_amount=[0.0, 5, 0, 7, 0, 1],
        net_sales_180_days=[50.0, 0, 100, 0, 500, 300],
        net_sales_trend=[0.0, -1.0, 1.0, None, 0.25, 0.0],
        net_sales_change=[(100.0 * (i + 1) - 600) / 600 for i in range(6)],
    )
    accounts = pd.DataFrame({"customer_id": customers["customer_id"], "wallet": [100.0, None, 0, 900, 500, 300]})
    mix = pd.DataFrame({"customer_id": ["c0", "c1", "c1"], "category": ["x", "x", "y"], "net_sales": [5.0, 5, 9]})
    sheet = build_sheet(gather_measures(customers, as_of=AS_OF, accounts=accounts, mix=mix))
    still = {name: np.zeros(6) for name in ("sales", "before", "late", "early", "orders", "margin")}
    made = topic._work_out(sheet.values, still)
    assert set(topic.REDRAWN) <= set(made)
    for name in topic.REDRAWN:
        np.testing.assert_allclose(made[name], sheet.values[name], atol=1.5e-6, err_msg=name)
    assert set(topic.list_redrawn(sheet, make_days({"c0": [1.0]}))) == {
        use.name for use in sheet.uses if use.name in topic.REDRAWN
    }


def test_each_moved_figure_by_hand() -> None:
    values = pd.DataFrame(
        {
            "net_sales_365_days": [300.0],
            "orders_365_days": [3.0],
            "wallet": [1000.0],
            "wallet_share": [0.3],
            "unspent_wallet": [700.0],
            "profit_365_days": [50.0],
            "margin_365_days": [80.0],
            "overdue_amount": [50.0],
            "overdue_share": [1 / 7],
            "net_sales_365_days_last_year": [200.0],
            "net_sales_change": [0.5],
            "net_sales_180_days": [200.0],
            "net_sales_trend": [1 / 3],  # 200 against 100 before
        }
    )
    moved = {"sales": 150.0, "before": -100.0, "late": 100.0, "early": 50.0, "orders": 2.0, "margin": -30.0}
    made = topic._work_out(values, {name: np.array([by]) for name, by in moved.items()})
    wanted = {
        "net_sales_365_days": 450.0,
        "net_sales_per_order_365_days": 90.0,
        "wallet_share": 0.45,
        "unspent_wallet": 550.0,
        "profit_365_days": 20.0,
        "overdue_share": 0.1,
        "net_sales_change": 3.5,
        "net_sales_trend": (300 - 150) / 450,
    }
    for name, figure in wanted.items():
        assert made[name][0] == pytest.approx(figure, abs=1e-6), name


def test_a_long_log_gets_fewer_resamples() -> None:
    assert topic.count_resamples(60_000, 1_352, resamples=50) == 50
    assert topic.count_resamples(400_000, 0) == 100
    assert topic.count_resamples(0, 0) == 200


def test_earlier_lists_by_hand() -> None:
    today = make_customers(4)
    sheet = build_sheet(gather_measures(today, as_of=AS_OF), uses=SIZE)
    dates = topic.list_dates(AS_OF, weeks=2)
    week, fortnight = today.assign(as_of=dates[0]), today.iloc[:3].assign(as_of=dates[1])  # c3 was not there yet
    past = {dates[0]: week.assign(net_sales_365_days=[900.0, 200, 300, 400]), dates[1]: fortnight}
    table, times = topic.compare_weeks(sheet, today, lambda days: past[days[0]], dates, ONE, {"top": 1})
    assert table.to_dict("list") == {
        "as_of": dates,
        "key_accounts": [1, 1],
        "entered": [1, 1],
        "left": [1, 1],
    }
    assert times.to_dict() == {"c0": 1, "c1": 0, "c2": 1, "c3": 0}


def test_what_is_not_known_for_an_earlier_date_is_held() -> None:
    today = make_customers(4, overdue_amount=[0.0, 0, 0, 900])
    uses = tuple(use for use in choose_measures() if use.name == "overdue_share")
    sheet = build_sheet(gather_measures(today, as_of=AS_OF), uses=uses)
    dates = topic.list_dates(AS_OF, weeks=1)
    past = today.drop(columns="overdue_amount").assign(as_of=dates[0])
    _, times = topic.compare_weeks(sheet, today, lambda _: past, dates, ONE, {"score": 0.5})
    now = apply_rule({"score": 0.5}, score_accounts(sheet.criterion_scores, ONE), sheet.value)
    assert times.to_dict() == dict(zip(sheet.accounts, now.astype(int), strict=True))


def test_a_forecast_of_value_goes_into_the_earlier_lists_too() -> None:
    today = make_customers(4)
    value = pd.DataFrame({"customer_id": today["customer_id"], "expected_sales": [900.0, 1, 2, 3]})
    uses = (Use("expected_sales", "potential", True),)
    sheet = build_sheet(gather_measures(today, as_of=AS_OF, value=value), uses=uses)
    dates = topic.list_dates(AS_OF, weeks=2)
    _, times = topic.compare_weeks(sheet, today, lambda _: today, dates, ONE, {"top": 1}, value=value)
    assert times.to_dict() == {"c0": 2, "c1": 0, "c2": 0, "c3": 0}


def test_no_list_is_made_of_a_date_before_the_first_order() -> None:
    first = AS_OF - dt.timedelta(days=14)
    assert topic.list_dates(AS_OF, first=first) == [AS_OF - dt.timedelta(days=7), first]
    assert topic.list_dates(AS_OF, first=AS_OF) == []
    today = make_customers(3)
    sheet = build_sheet(gather_measures(today, as_of=AS_OF), uses=SIZE)
    table, times = topic.compare_weeks(sheet, today, lambda _: today, [], ONE, {"top": 1})
    assert table.empty
    assert times.eq(0).all()


def test_who_kept_a_place_is_counted_by_how_clear_it_was() -> None:
    # A year ago a (ten orders of 50) and b (one of 100) met a bar of 100 and c did not; today a and c do.
    ago = AS_OF - dt.timedelta(days=365)
    past = make_days({"a": [50.0] * 10, "b": [100.0], "c": [10.0]})
    past["order_date"] -= dt.timedelta(days=365)
    now = make_days({"a": [60.0] * 10, "b": [1.0], "c": [30.0] * 10})
    days, rule = pd.concat([past, now]), {"net_sales": 100.0}
    table = topic.review_year(sheet_of(now), sheet_of(past), days, ONE, rule, date=ago)
    assert table.to_dict("list") == {
        "selection_class": ["certain", "likely"],
        "on_list_then": [1, 1],
        "stayed": [1, 0],
        "stayed_share": [1.0, 0.0],
    }
    later = topic.review_year(sheet_of(now), sheet_of(past), past, ONE, rule, date=ago)
    pd.testing.assert_frame_equal(table, later)  # what came after the date is not seen by its resamples


def test_a_sheet_of_a_year_ago_needs_a_year_before_it() -> None:
    assert topic.find_year_ago(AS_OF, first=AS_OF - dt.timedelta(days=729)) == AS_OF - dt.timedelta(days=365)
    assert topic.find_year_ago(AS_OF, first=AS_OF - dt.timedelta(days=728)) is None
