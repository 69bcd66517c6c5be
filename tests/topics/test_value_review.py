"""Is the hold-out what was worked out by hand, does it see nothing it should not, and is the model chosen by it?"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kalib.errors import NotEnoughDataError
from kalib.topics.purchase import fit_models, forecast_at, summarise_histories, track_repeats
from kalib.topics.purchase_spend import GammaGamma
from kalib.topics.value_orders import OrderValue, summarise_value
from kalib.topics.value_review import (
    choose_model,
    compare_by_frequency,
    describe_levels,
    describe_tracking,
    forecast_rules,
    list_cuts,
    list_periods,
    list_year_cuts,
    review_models,
    review_past,
    review_totals,
    sum_window,
    track_periods,
)
from tests.topics.test_value import ORDERS, Steady

ROOT = Path(__file__).parents[2]
AS_OF, CUT = dt.date(2026, 6, 30), dt.date(2026, 4, 1)


class Known(Steady):
    """A model that expects a given figure of each customer."""

    converged_, log_likelihood_ = True, -1.0

    def __init__(self, expected: list[float]) -> None:
        self.expected = expected

    def expected_orders(self, histories: pd.DataFrame, horizon: float) -> np.ndarray:
        return np.array(self.expected)

    def draw_orders(self, histories: pd.DataFrame, horizon: float, *, draws: int, seed: int) -> np.ndarray:
        return np.tile(np.arange(draws) % 10 + 1, (len(histories), 1))


def make_log() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("a", "2025-01-01", 1, 10.0),
            ("a", "2025-04-10", 1, 20.0),  # the same season a year before
            ("a", "2026-01-10", 1, 30.0),  # in the ninety days before the cut
            ("a", "2026-04-01", 1, 40.0),  # the day of the cut is before
            ("a", "2026-04-02", 1, 50.0),
            ("a", "2026-06-30", 2, 60.0),  # the last day of the window; two orders of a day count once
            ("b", "2026-03-01", 1, 5.0),
            ("b", "2026-05-01", 0, -5.0),  # came back
            ("c", "2026-05-01", 1, 99.0),  # ordered first after the cut
        ],
        columns=["customer_id", "order_date", "orders", "net_sales"],
    )


def test_cuts_lie_whole_horizons_back_and_have_a_history() -> None:
    orders = pd.DataFrame({"order_date": ["2025-01-01", "2026-06-30"]})
    cuts = list_cuts(orders, as_of=AS_OF, horizon_days=90)
    assert cuts == [dt.date(2026, 4, 1), dt.date(2026, 1, 1), dt.date(2025, 10, 3), dt.date(2025, 7, 5)]
    assert list_cuts(orders, as_of=dt.date(2025, 6, 30), horizon_days=90) == []
    assert list_year_cuts(orders, as_of=AS_OF) == []
    assert list_year_cuts(orders, as_of=dt.date(2027, 1, 1)) == [dt.date(2026, 1, 1)]


def test_a_window_begins_after_the_cut_and_holds_its_last_day() -> None:
    table = sum_window(make_log(), pd.Series(["b", "a"]), after=CUT, days=90)
    assert table.to_dict("list") == {"customer_id": ["b", "a"], "order_days": [0, 2], "net_sales": [-5.0, 110.0]}


def test_rules_know_what_was_known_at_the_cut() -> None:
    log = make_log()
    histories = summarise_histories(log, as_of=CUT)
    rules = forecast_rules(log, histories, cut=CUT, horizon_days=90)
    assert rules["before"]["order_days"].tolist() == [2, 1]
    assert rules["before"]["net_sales"].tolist() == [70.0, 5.0]
    assert rules["last_year"]["order_days"].tolist() == [1, 0]
    assert rules["average"]["order_days"].tolist() == pytest.approx([3 * 90 / 455, 0])
    assert rules["average"]["net_sales"].tolist() == pytest.approx([3 * 90 / 455 * 25, 0])
    later = log.assign(net_sales=log["net_sales"].where(log["order_date"] <= "2026-04-01", 1e6))
    again = forecast_rules(later, histories, cut=CUT, horizon_days=90)
    for name, table in rules.items():
        pd.testing.assert_frame_equal(table, again[name])


def test_a_short_history_has_no_last_year() -> None:
    log = make_log().iloc[2:]
    histories = summarise_histories(log, as_of=CUT)
    assert set(forecast_rules(log, histories, cut=CUT, horizon_days=90)) == {"before", "average"}


def review(expected: dict[str, list[float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    log = make_log()
    histories, spend = summarise_histories(log, as_of=CUT), summarise_value(log, as_of=CUT)
    models = {code: Known(figures) for code, figures in expected.items()}
    sales = OrderValue(None).fit(spend)
    return review_models(models, histories, spend, sales, log, cut=CUT, horizon_days=90)


def test_errors_are_those_worked_out_by_hand() -> None:
    table, forecasts = review({"bg_nbd": [3.0, 2.0]})
    row = table.set_index("method").loc["bg_nbd"]
    # a: 3 expected, 2 came; b: 2 expected, none came. An order of a brings 30 (20, 30, 40 lie in the year before), one of b 5
    assert (row["expected_orders"], row["actual_orders"]) == (5, 2)
    assert row["orders_error"] == pytest.approx(1.5)
    assert row["orders_mae"] == pytest.approx(1.5)
    assert row["orders_rmse"] == pytest.approx(np.sqrt((1 + 4) / 2))
    assert (row["expected_sales"], row["actual_sales"]) == (100, 105)
    assert row["sales_rmse"] == pytest.approx(np.sqrt((20**2 + 15**2) / 2))
    assert row["orders_held"] == 0.5  # of draws 1 to 10 the interval is 1 to 9: it holds 2 and not 0
    assert forecasts["frequency"].tolist() == [3, 0]


def test_the_order_of_rows_does_not_matter() -> None:
    histories = summarise_histories(ORDERS, as_of=CUT)
    spend = summarise_value(ORDERS, as_of=CUT)
    models, sales = fit_models(histories), OrderValue(GammaGamma()).fit(spend)
    arguments = {"cut": CUT, "horizon_days": 60}
    one, _ = review_models(models, histories, spend, sales, ORDERS, **arguments)
    other, _ = review_models(models, histories, spend.sample(frac=1), sales, ORDERS.sample(frac=1), **arguments)
    pd.testing.assert_frame_equal(one, other)


def test_what_came_after_the_window_is_not_seen() -> None:
    def past(orders: pd.DataFrame) -> pd.DataFrame:
        found = review_past(
            orders, as_of=dt.date(2026, 3, 31), horizon_days=60, summarise=summarise_histories, fit=fit_models,
            spend_model=GammaGamma(),
        )  # fmt: skip
        return found.review

    later = ORDERS.assign(order_date=ORDERS["order_date"] + pd.Timedelta(days=900), net_sales=1e6)
    pd.testing.assert_frame_equal(past(ORDERS), past(pd.concat([ORDERS, later])))


COMPARED = pd.DataFrame(
    {"model": ["one", "two"], "log_likelihood": [-10.0, -12.0], "converged": [True, True], "chosen": [True, False]}
)


def judge(one: list[float], two: list[float], rule: list[float], came: list[float], **columns: object) -> dict:
    forecasts = pd.DataFrame({"actual_orders": came, "actual_sales": came})
    rows = []
    for code, guess in {"one": one, "two": two, "before": rule}.items():
        forecasts[code] = forecasts[f"{code}_sales"] = guess
        rmse = float(np.sqrt(np.square(np.array(guess) - came).mean()))
        row = {"method": code, "is_rule": code == "before"}
        for what in ("orders", "sales"):
            row |= {f"{what}_{name}": rmse for name in ("rmse", "mae", "error", "held", "held_open")}
            row |= {f"expected_{what}": sum(guess), f"actual_{what}": sum(came)}
        rows.append(row)
    return choose_model(COMPARED.assign(**columns), pd.DataFrame(rows), forecasts)


CAME = [0.0, 1, 2, 3, 4, 5, 6, 7]
NEAR, FAR = [came + 0.1 for came in CAME], [came + 1 for came in CAME]


def test_the_likeliest_is_chosen_unless_the_hold_out_speaks_against_it() -> None:
    jitter = [1, -1, 1, -1, 1.2, -0.8, 0.8, -1.2]
    noisy = [came + off for came, off in zip(CAME, jitter, strict=True)]
    shaky = [came + off for came, off in zip(CAME, reversed(jitter), strict=True)]
    far = [came + off * 1.5 for came, off in zip(CAME, jitter, strict=True)]
    assert (judge(NEAR, FAR, far, CAME)["model"], judge(NEAR, FAR, far, CAME)["why"]) == ("one", "both")
    assert judge(far, NEAR, FAR, CAME)["why"] == "holdout"
    assert judge(far, NEAR, FAR, CAME)["model"] == "two"
    close = judge(noisy, [*shaky[:-1], shaky[-1] - 0.05], far, CAME)
    assert (close["model"], close["why"]) == ("one", "equal")
    unsure = judge(far, NEAR, FAR, CAME, converged=[True, False])
    assert unsure["model"] == "one"  # a fit that is not sure is not chosen


def test_a_rule_that_is_better_is_said_to_be() -> None:
    far = [came + off for came, off in zip(CAME, [2, -2, 2.1, -2, 2, -2.1, 2, -2], strict=True)]
    for what in ("orders", "sales"):
        assert judge(far, far, NEAR, CAME)[f"{what}_verdict"] == "worse"
        assert judge(NEAR, far, far, CAME)[f"{what}_verdict"] == "beats"
        assert judge(far, far, far, CAME)[f"{what}_verdict"] == "equal"


def test_without_a_hold_out_likelihood_alone_decides() -> None:
    assert choose_model(COMPARED, None, None) == {"model": "one", "likeliest": "one", "why": "likelihood"}


@pytest.mark.parametrize("days", [60, 200])
def test_a_short_history_says_what_is_missing(days: int) -> None:
    short = ORDERS[pd.to_datetime(ORDERS["order_date"]) > pd.Timestamp(AS_OF) - pd.Timedelta(days=days)]
    found = review_past(
        short, as_of=AS_OF, horizon_days=90, summarise=summarise_histories, fit=fit_models, spend_model=GammaGamma()
    )
    assert found.review is None
    assert (found.reason, found.facts["needed_days"]) == ("value_history", 270)


def test_a_model_that_cannot_be_fitted_then_says_so() -> None:
    few = ORDERS[ORDERS["customer_id"].isin(["c001", "c002"])]
    few = pd.concat([few, few.head(1).assign(order_date=pd.Timestamp("2025-01-01"))])
    found = review_past(
        few, as_of=AS_OF, horizon_days=90, summarise=summarise_histories, fit=fit_models, spend_model=GammaGamma()
    )
    assert found.reason == "purchase_few_customers"


def test_totals_at_several_dates() -> None:
    def forecast(orders: pd.DataFrame, dates: list[dt.date], *, horizon_days: float) -> pd.DataFrame:
        if dates[0] < dt.date(2026, 1, 1):
            raise NotEnoughDataError("purchase_no_orders")
        return pd.DataFrame({"as_of": dates[0], "customer_id": ["a", "b"], "expected_orders": [1.5, 0.5]})

    dates = [CUT, dt.date(2025, 12, 1)]
    totals = review_totals(make_log(), dates, horizon_days=90, forecast=forecast, spend_model=GammaGamma())
    row = totals.iloc[0].to_dict()
    assert len(totals) == 1
    assert (row["expected_orders"], row["actual_orders"]) == (2, 2)
    assert (row["expected_sales"], row["actual_sales"]) == (1.5 * 30 + 0.5 * 5, 105)
    facts = describe_levels(totals)
    assert facts["orders_spread"] == 0
    assert facts["sales_spread"] == pytest.approx(np.log(105 / 47.5))
    assert facts["level_low"] == facts["level_high"] == pytest.approx(105 / 47.5 - 1)
    assert describe_levels(totals.iloc[:0])["sales_spread"] is None


def test_classes_of_frequency_hold_everybody_once() -> None:
    random = np.random.default_rng(2)
    forecasts = pd.DataFrame({"frequency": random.geometric(0.05, 500) - 1, "bg_nbd": random.random(500)})
    forecasts["actual_orders"] = random.poisson(1, 500)
    classes = compare_by_frequency(forecasts, ["bg_nbd"])
    assert classes["customers"].sum() == 500
    for name in ("bg_nbd", "actual_orders"):
        assert (classes[name] * classes["customers"]).sum() == pytest.approx(forecasts[name].sum())
    assert classes["customers"].min() >= 5
    assert classes["frequency_from"].tolist()[:4] == [0, 1, 2, 4]
    assert classes["frequency_to"].tolist()[:3] == [0, 1, 3]
    rare = compare_by_frequency(forecasts.assign(frequency=np.arange(500) % 5), ["bg_nbd"])
    assert rare["frequency_from"].tolist() == [0, 1, 2, 3, 4]


def test_periods_are_steps_of_the_cumulative_curve() -> None:
    dates, days = list_periods(ORDERS, cut=CUT, as_of=AS_OF)
    assert days == 7
    assert CUT in dates
    assert max(dates) <= AS_OF
    model = fit_models(summarise_histories(ORDERS, as_of=CUT), ["bg_nbd"])["bg_nbd"]
    tracking = track_repeats(model, ORDERS, dates, as_of=CUT)
    periods = track_periods(tracking)
    last, first = tracking["repeats"].iloc[-1], tracking["repeats"].iloc[0]
    assert periods["actual"].sum() == last - first
    assert periods.loc[~periods["held_out"], "date"].max() == pd.Timestamp(CUT)
    held = periods[periods["held_out"]]
    assert describe_tracking(periods)["off"] == pytest.approx(held["actual"].sum() / held["expected"].sum() - 1)


def test_the_published_hold_out_of_cdnow() -> None:
    """39 weeks after 1997-09-30, 1/10 sample: 1,882 happened; expected 1,653, 1,577 and 1,666 (Fader, Hardie, Lee 2005)."""
    log = pd.read_csv(ROOT / "data/cdnow/orders.csv", dtype={"customer_id": str}, parse_dates=["order_date"])
    sample = (ROOT / "tests/reference/cdnow_sample.txt").read_text(encoding="ascii").split()
    log = log[log["customer_id"].isin(sample)].rename(columns={"amount": "net_sales"}).assign(orders=1)
    days = log.groupby(["customer_id", "order_date"], as_index=False).agg(
        orders=("orders", "max"), net_sales=("net_sales", "sum")
    )
    cut = dt.date(1997, 9, 30)
    histories, spend = summarise_histories(days, as_of=cut), summarise_value(days, as_of=cut)
    sales = OrderValue(GammaGamma()).fit(spend)
    table, _ = review_models(fit_models(histories), histories, spend, sales, days, cut=cut, horizon_days=273, draws=50)
    expected = table.set_index("method")["expected_orders"].round()
    assert table["actual_orders"].iloc[0] == 1882
    assert expected[["bg_nbd", "mbg_nbd", "pareto_nbd"]].tolist() == [1653, 1577, 1666]


def test_forecasts_of_past_dates_are_of_their_own_past() -> None:
    dates = list_cuts(ORDERS, as_of=AS_OF, horizon_days=60)
    spend_model = GammaGamma()
    one = review_totals(ORDERS, dates, horizon_days=60, forecast=forecast_at, spend_model=spend_model)
    late = ORDERS.copy()
    newest = pd.Timestamp(max(dates))
    late.loc[late["order_date"] > newest, "net_sales"] = 0.0
    other = review_totals(late, dates, horizon_days=60, forecast=forecast_at, spend_model=spend_model)
    columns = ["expected_orders", "expected_sales"]
    pd.testing.assert_frame_equal(one[columns], other[columns])
