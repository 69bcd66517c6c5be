"""Is churn predicted from the past alone, honestly, and only by a model that beats the simple rule?"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_info

from kalib.errors import NotEnoughDataError
from kalib.topics.churn import (
    build_churn,
    describe_churn,
    explain_churn,
    put_at_stake,
    summarise_reasons,
    summarise_risk,
)
from kalib.topics.churn_evidence import evaluate_churn, summarise_calibration
from kalib.topics.churn_features import COLUMNS, add_purchase
from kalib.topics.churn_model import ChurnModel, check_learnable
from kalib.topics.churn_reasons import GROUPS, _make_baseline, share_out_risk
from kalib.topics.churn_windows import (
    choose_active_days,
    choose_horizon,
    is_same_season,
    label,
    plan_snapshots,
    summarise_repeats,
)
from kalib.words import Words, read_words
from tests.depth import examples

AS_OF = dt.date(2026, 6, 30)


def orders(gaps: dict[str, list[int]], start: str = "2024-01-01") -> pd.DataFrame:
    """Order days of customers who start on one day and then order after the gaps given."""
    rows = [
        {"customer_id": customer, "order_date": pd.Timestamp(start) + pd.Timedelta(days=int(day))}
        for customer, steps in gaps.items()
        for day in np.cumsum([0, *steps])
    ]
    return pd.DataFrame(rows)


def features_at(days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """The ledger's features of one date, made by hand from a table of customer and day."""
    known = days[days["order_date"] <= as_of]
    bought = known[known["orders"] > 0].sort_values(["customer_id", "order_date"])
    by = bought.groupby("customer_id")
    table = by.agg(
        first_order_date=("order_date", "min"),
        last_order_date=("order_date", "max"),
        orders=("orders", "sum"),
        order_days=("orders", "size"),
    )
    sums = known.groupby("customer_id")[["net_sales", "gross_sales"]].sum().reindex(table.index)
    table = table.join(sums)
    table["returns_share"] = (table["gross_sales"] - table["net_sales"]) / table["gross_sales"]
    table["days_since_last_order"] = (as_of - table["last_order_date"]).dt.days
    table["tenure_days"] = (as_of - table["first_order_date"]).dt.days
    gap = by["order_date"].diff().dt.days.groupby(bought["customer_id"])
    table["gap_days"], table["gap_days_spread"] = gap.mean(), gap.std()
    table["silence_ratio"] = table["days_since_last_order"] / table["gap_days"]
    age = (as_of - known["order_date"]).dt.days
    for shift, suffix, windows in ((0, "", (30, 90, 180, 365)), (365, "_last_year", (90, 365))):
        for window in windows:
            inside = known[(age >= shift) & (age < shift + window)].groupby("customer_id")
            for what in ("orders", "net_sales"):
                table[f"{what}_{window}_days{suffix}"] = inside[what].sum().reindex(table.index).fillna(0)
    return table.reset_index().assign(as_of=as_of)


def outcomes_at(days: pd.DataFrame, as_of: pd.Timestamp, horizon_days: int) -> pd.DataFrame:
    customers = days.loc[(days["order_date"] <= as_of) & (days["orders"] > 0), "customer_id"].unique()
    ahead = days[(days["order_date"] > as_of) & (days["order_date"] <= as_of + pd.Timedelta(days=horizon_days))]
    sums = ahead.groupby("customer_id")[["orders", "net_sales"]].sum().reindex(customers).fillna(0)
    sums = sums.rename(columns={"orders": "orders_ahead", "net_sales": "net_sales_ahead"})
    return sums.rename_axis("customer_id").reset_index().assign(as_of=as_of)


def past(days: pd.DataFrame, plan: pd.DataFrame, *, active_days: int, horizon_days: int) -> pd.DataFrame:
    dates = plan.loc[plan["role"] != "score", "as_of"]
    features = pd.concat([features_at(days, date) for date in dates], ignore_index=True)
    outcomes = pd.concat([outcomes_at(days, date, horizon_days) for date in dates], ignore_index=True)
    return label(features, outcomes, active_days=active_days, horizon_days=horizon_days)


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    """Customers with a rate each, who die at random; more orders in the last quarter of a year; three years."""
    rng, rows = np.random.default_rng(7), []
    for number in range(500):
        day, rate = rng.integers(0, 700), rng.gamma(1.2, 40) + 6
        death = day + rng.exponential(600)
        while day < min(death, 1096):
            sales = round(float(rng.gamma(2, 50)), 2)
            rows.append((f"C{number:04d}", pd.Timestamp("2023-07-01") + pd.Timedelta(days=int(day)), 1, sales))
            winter = 0.6 if (day + 182) % 365 > 273 else 1.0
            day += max(1, rng.exponential(rate * winter))
    days = pd.DataFrame(rows, columns=["customer_id", "order_date", "orders", "net_sales"])
    days = days.drop_duplicates(["customer_id", "order_date"], ignore_index=True)
    return days[days["order_date"] <= pd.Timestamp(AS_OF)].assign(gross_sales=lambda table: table["net_sales"])


@pytest.fixture(scope="module")
def plan(shop: pd.DataFrame) -> pd.DataFrame:
    first = shop["order_date"].min()
    return plan_snapshots(as_of=AS_OF, first_order_date=first, horizon_days=90, active_days=365)


@pytest.fixture(scope="module")
def labelled(shop: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    return past(shop, plan, active_days=365, horizon_days=90)


@pytest.fixture(scope="module")
def model(labelled: pd.DataFrame, plan: pd.DataFrame) -> ChurnModel:
    return ChurnModel().fit(labelled, plan)


@pytest.fixture(scope="module")
def churn(model: ChurnModel, shop: pd.DataFrame) -> pd.DataFrame:
    return build_churn(model, features_at(shop, pd.Timestamp(AS_OF)), active_days=365)


# Windows


def test_each_customer_counts_once_in_the_curve() -> None:
    often, seldom = [10] * 30, [100, 100]
    repeats = summarise_repeats(orders({"often": often, "seldom": seldom}), as_of=AS_OF)
    assert repeats.set_index("gap_days")["repeat_share"].loc[[9, 10, 99, 100]].tolist() == [0, 0.5, 0.5, 1]


def test_the_horizon_is_the_shortest_with_nine_in_ten_repeat_orders() -> None:
    days = orders({"a": [20] * 40, "b": [50] * 15, "c": [80] * 10, "d": [300, 300]}, start="2024-06-30")
    table = choose_horizon(days, as_of=AS_OF, share=0.7).set_index("horizon_days")
    assert table["repeat_share"].to_dict() == {30: 0.25, 60: 0.5, 90: 0.75, 180: 0.75, 365: 1}
    assert table.index[table["chosen"]].tolist() == [90]
    assert table["why"].tolist() == ["few_repeats", "few_repeats", "chosen", "history", "history"]
    less = choose_horizon(days, as_of=AS_OF, share=0.4).set_index("horizon_days")
    assert less.index[less["chosen"]].tolist() == [60]


def test_the_horizon_leaves_dates_to_learn_from() -> None:
    """Nine in ten repeat orders come within 365 days only, which leave a single past date: a quarter leaves enough."""
    days = orders({"a": [20] * 40, "b": [50] * 15, "c": [80] * 10, "d": [300, 300]}, start="2024-06-30")
    table = choose_horizon(days, as_of=AS_OF).set_index("horizon_days")
    assert table.index[table["chosen"]].tolist() == [90]
    assert table.loc[90, "why"] == "longest_possible"
    assert table.loc[90, "snapshots"] >= 4 > table.loc[180, "snapshots"]


def test_a_short_history_carries_only_a_short_horizon() -> None:
    days = orders({"a": [100, 100, 100], "b": [95, 95]}, start="2025-06-30")
    table = choose_horizon(days, as_of=AS_OF).set_index("horizon_days")
    assert table.loc[table["chosen"], "why"].tolist() == ["longest_possible"]
    assert table.loc[180, "why"] == "history"


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (orders({"a": [10, 10]}, start="2026-06-01"), "churn_history"),
        (orders({"a": [], "b": []}), "churn_few_repeats"),
        (orders({"a": [1]}, start="2027-01-01"), "churn_few_repeats"),
    ],
)
def test_no_horizon_without_evidence(days: pd.DataFrame, reason: str) -> None:
    with pytest.raises(NotEnoughDataError) as refusal:
        choose_horizon(days, as_of=AS_OF)
    assert refusal.value.reason == reason
    for language in ("en", "zh"):
        assert Words(language)(f"reasons.{reason}", **refusal.value.facts)


def test_who_never_returns_is_active_no_more() -> None:
    """Forty customers leave for good after a year; forty order every 100 days, so are silent for 90, never for 180."""
    days = orders({f"gone{i}": [30] * 12 for i in range(40)} | {f"slow{i}": [100] * 8 for i in range(40)})
    table = choose_active_days(days, as_of=AS_OF, horizon_days=60).set_index("active_days")
    assert table.index[table["chosen"]].tolist() == [180]
    assert table.loc[90, "why"] == "still_return"
    assert table.loc[90, "return_share"] > 0.1
    assert table.loc[180, "returned"] == 0


def test_the_active_window_is_never_below_the_horizon() -> None:
    days = orders({f"gone{i}": [30] * 12 for i in range(40)})
    table = choose_active_days(days, as_of=AS_OF, horizon_days=180).set_index("active_days")
    assert table.loc[90, "why"] == "below_horizon"
    assert table.index[table["chosen"]].tolist() == [180]


def test_too_few_silent_customers_are_no_evidence() -> None:
    with pytest.raises(NotEnoughDataError, match="churn_few_silent") as refusal:
        choose_active_days(orders({"a": [30] * 12}), as_of=AS_OF, horizon_days=90)
    assert Words("en")("reasons.churn_few_silent", **refusal.value.facts) == (
        "The past holds 5 cases of long silence; at least 30 are needed to tell who comes back."
    )


def test_windows_do_not_see_past_the_snapshot_date(shop: pd.DataFrame) -> None:
    early = dt.date(2025, 12, 31)
    seen = shop[shop["order_date"] <= pd.Timestamp(early)]
    pd.testing.assert_frame_equal(choose_horizon(shop, as_of=early), choose_horizon(seen, as_of=early))
    one, other = (choose_active_days(table, as_of=early, horizon_days=90) for table in (shop, seen))
    pd.testing.assert_frame_equal(one, other)


@examples(15, 120)
@given(
    as_of=st.dates(dt.date(2005, 1, 1), dt.date(2030, 1, 1)),
    history=st.integers(100, 2500),
    horizon_days=st.integers(7, 400),
    active_days=st.integers(30, 1000),
)
def test_no_label_that_is_learnt_from_reaches_into_the_report(
    as_of: dt.date, history: int, horizon_days: int, active_days: int
) -> None:
    first = as_of - dt.timedelta(days=history)
    try:
        plan = plan_snapshots(
            as_of=as_of, first_order_date=first, horizon_days=horizon_days, active_days=active_days
        ).set_index("role")
    except NotEnoughDataError as refusal:
        too_short = refusal.facts["has_days"] < refusal.facts["needed_days"] == min(active_days, 180) + 2 * horizon_days
        event("refused")
        if not too_short:
            raise
        return
    assert history >= min(active_days, 180) + 2 * horizon_days
    report, train = plan.loc["report"], plan.loc[["train"]]
    assert report["label_end"] == pd.Timestamp(as_of) == plan.loc["score", "as_of"]
    assert (train["label_end"] <= report["as_of"]).all()
    assert (train["history_days"] >= min(active_days, 180)).all()
    assert train["as_of"].is_unique
    assert train["held_out"].any()
    assert not plan.loc[["report", "score"], "held_out"].any()
    assert train["as_of"].is_monotonic_increasing


def test_the_season_before_is_among_the_training_dates() -> None:
    plan = plan_snapshots(
        as_of=dt.date(2011, 12, 9), first_order_date=dt.date(2009, 12, 1), horizon_days=90, active_days=365
    )
    same = plan[plan["held_out"] & plan["same_season"]]
    assert same["as_of"].dt.strftime("%Y-%m-%d").tolist() == ["2010-09-10", "2010-12-09"]
    assert is_same_season(pd.Timestamp("2009-12-20"), pd.Timestamp("2011-12-09"))
    assert not is_same_season(pd.Timestamp("2010-09-10"), pd.Timestamp("2010-12-09"))


def test_labels_by_hand() -> None:
    snapshots = pd.DataFrame({
        "as_of": pd.Timestamp("2026-01-01"), "customer_id": list("abcde"), "orders": [2, 2, 2, 2, 0],
        "days_since_last_order": [10, 365, 366, 20, None], "net_sales_365_days": [365.0, 730.0, 10.0, 365.0, -5.0],
    })  # fmt: skip
    ahead = pd.DataFrame({
        "as_of": pd.Timestamp("2026-01-01"), "customer_id": list("dcba"), "orders_ahead": [2, 0, 0, 1],
        "net_sales_ahead": [60.0, 0.0, 0.0, 40.0],
    })  # fmt: skip
    table = label(snapshots, ahead, active_days=365, horizon_days=90).set_index("customer_id")
    assert table["churned"].to_dict() == {"a": 0, "b": 1, "d": 0}
    assert table["partly_churned"].to_dict() == {"a": 1, "b": 1, "d": 0}  # usual are 90; below 45 is half of it
    with pytest.raises(ValueError, match="`outcomes` lacks 1 active customers"):
        label(snapshots, ahead[ahead["customer_id"] != "a"], active_days=365, horizon_days=90)


# Model


def test_the_report_date_is_never_learnt_from(model: ChurnModel, labelled: pd.DataFrame, plan: pd.DataFrame) -> None:
    report = labelled["as_of"].isin(plan.loc[plan["role"] == "report", "as_of"])
    turned = labelled.assign(churned=labelled["churned"].where(~report, 1 - labelled["churned"]))
    other = ChurnModel().fit(turned, plan)
    pd.testing.assert_frame_equal(other.choice_, model.choice_)
    np.testing.assert_array_equal(other.predict_proba(labelled), model.predict_proba(labelled))


def test_row_order_changes_nothing(
    model: ChurnModel, labelled: pd.DataFrame, plan: pd.DataFrame, shop: pd.DataFrame, churn: pd.DataFrame
) -> None:
    before = labelled.copy(deep=True)
    shuffled = labelled.sample(frac=1, random_state=3)
    other = ChurnModel().fit(shuffled, plan)
    pd.testing.assert_frame_equal(other.calibration_, model.calibration_)
    customers = features_at(shop, pd.Timestamp(AS_OF)).sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(build_churn(other, customers, active_days=365), churn)
    pd.testing.assert_frame_equal(evaluate_churn(other, shuffled, plan), evaluate_churn(model, labelled, plan))
    pd.testing.assert_frame_equal(labelled, before)


def test_one_thread_learns_and_predicts(
    labelled: pd.DataFrame, plan: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On two busy cores, threads that wait for each other took forty times as long."""
    threads = []
    for name in ("_fit", "_with_silence"):
        own = getattr(ChurnModel, name)
        monkeypatch.setattr(
            ChurnModel,
            name,
            lambda self, *given, own=own: (
                threads.extend(lib["num_threads"] for lib in threadpool_info()),
                own(self, *given),
            )[1],
        )
    ChurnModel().fit(labelled, plan).predict_proba(labelled)
    assert set(threads) == {1}


def test_shuffled_labels_fall_to_chance_and_to_the_simplest_rule(labelled: pd.DataFrame, plan: pd.DataFrame) -> None:
    drawn = labelled.assign(churned=np.random.default_rng(1).permutation(labelled["churned"]))
    model = ChurnModel().fit(drawn, plan)
    assert model.chosen_ == "recency"
    auc = evaluate_churn(model, drawn, plan, interval=0.99).set_index("model")
    assert (auc["auc_low"] < 0.5).all()
    assert (auc["auc_high"] > 0.5).all()


def test_a_model_must_beat_the_rule(model: ChurnModel) -> None:
    choice = model.choice_.set_index("model")
    assert choice["chosen"].sum() == 1
    assert model.chosen_ in ("rfm", "boosting")  # in the shop, frequent customers come back: silence alone misses that
    assert choice.loc[model.chosen_, "gain_low"] > 0
    refused = choice[(choice["gain_low"] <= 0)]
    assert not refused["chosen"].any()


def test_predictions_that_are_judged_learnt_from_no_overlapping_window(
    model: ChurnModel, labelled: pd.DataFrame, plan: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held to what really goes into each fit, not to what the model says of it."""
    assert model.held_out_ == "dates"
    ends = plan.set_index("as_of")["label_end"]
    fits: list[tuple[int, float]] = []
    own = ChurnModel._fit
    monkeypatch.setattr(
        ChurnModel, "_fit", lambda self, name, x, y: (fits.append((len(x), float(y.sum()))), own(self, name, x, y))[1]
    )
    ChurnModel(candidates=("recency",)).fit(labelled, plan)
    assert len(fits) == len(model.learnt_from_) + 1  # each held-out date's and the final one
    for (rows, left), (date, learnt) in zip(fits, model.learnt_from_.items(), strict=False):
        assert learnt
        for other in learnt:
            assert ends[other] <= date or other >= ends[date]
        used = labelled[labelled["as_of"].isin(learnt)]
        assert (rows, left) == (len(used), used["churned"].sum())
    assert set(model.calibration_["as_of"]) == set(model.learnt_from_) <= set(plan.loc[plan["held_out"], "as_of"])
    assert max(model.learnt_from_) + pd.Timedelta(days=90) <= plan.loc[plan["role"] == "report", "as_of"].iloc[0]


def test_a_date_held_out_is_not_learnt_from(labelled: pd.DataFrame, plan: pd.DataFrame) -> None:
    """Turning the labels of a held-out date and its neighbours changes its own figures, not the prediction of it."""
    date = plan.loc[plan["held_out"], "as_of"].iloc[-1]
    near = (labelled["as_of"] - date).abs() < pd.Timedelta(days=90)
    seen: list[np.ndarray] = []
    for table in (labelled, labelled.assign(churned=labelled["churned"].where(~near, 1 - labelled["churned"]))):
        model = ChurnModel(candidates=("rfm",))
        rows = table[table["as_of"].isin(plan.loc[plan["role"] == "train", "as_of"])]
        parts = model._hold_out(rows.reset_index(drop=True), plan, rows["churned"].to_numpy())
        learn = next(learn for learn, test in parts if (rows["as_of"].to_numpy()[test] == date).all())
        seen.append(rows[learn][["customer_id", "churned"]].to_numpy())
    np.testing.assert_array_equal(*seen)


def test_few_dates_hold_out_customers(labelled: pd.DataFrame, plan: pd.DataFrame) -> None:
    newest = plan.loc[plan["held_out"], "as_of"].max()
    short = plan[(plan["role"] != "train") | (plan["as_of"] == newest)]
    model = ChurnModel(candidates=("recency", "rfm")).fit(labelled, short)
    assert model.held_out_ == "customers"
    assert set(model.calibration_["as_of"]) == {newest}
    now = model.weigh(pd.Timestamp(AS_OF))
    assert now.to_dict() == {newest: pytest.approx(1)}


def test_another_future_is_no_better_than_chance(labelled: pd.DataFrame, plan: pd.DataFrame) -> None:
    """Each account gets the future of another of its date: ranking falls to one half, and the rule stays in use."""
    rng = np.random.default_rng(11)
    order = labelled.groupby("as_of")["churned"].transform(lambda left: rng.permutation(left.to_numpy()))
    drawn = labelled.assign(churned=order.to_numpy())
    model = ChurnModel().fit(drawn, plan)
    assert model.chosen_ == "recency"
    table = evaluate_churn(model, drawn, plan, interval=0.99).set_index("model")
    assert ((table["auc_low"] < 0.5) & (table["auc_high"] > 0.5)).all()
    honest = evaluate_churn(ChurnModel().fit(labelled, plan), labelled, plan, interval=0.99)
    assert (honest["auc_low"] > 0.6).sum() >= 3  # the same check can fail


def test_the_level_is_weighed(model: ChurnModel) -> None:
    weights = model.weigh(pd.Timestamp(AS_OF))
    assert weights.sum() == pytest.approx(1)
    assert set(weights.index) == set(model.learnt_from_)
    own = model.calibration_[model.calibration_["model"] == model.chosen_]
    between = own["intercept"] @ weights.to_numpy()
    assert own["intercept"].min() - 0.3 < between < own["intercept"].max() + 0.3


def test_a_subset_gets_the_same_probabilities(model: ChurnModel, shop: pd.DataFrame, churn: pd.DataFrame) -> None:
    customers = features_at(shop, pd.Timestamp(AS_OF)).set_index("customer_id", drop=False)
    some = customers.loc[churn["customer_id"].iloc[[5, 2, 9]]]
    alone = model.predict_proba(some)[:, 1].tolist()
    assert alone == churn.set_index("customer_id").loc[some["customer_id"], "churn_probability"].tolist()
    assert model.predict_proba(some.iloc[:0]).shape == (0, 2)


def test_too_few_leavers_are_refused(labelled: pd.DataFrame, plan: pd.DataFrame) -> None:
    with pytest.raises(NotEnoughDataError) as refusal:
        ChurnModel().fit(labelled.assign(churned=0), plan)
    said = Words("en")(f"reasons.{refusal.value.reason}", **refusal.value.facts)
    assert "0 customers left" in said
    assert "at least 50 of each are needed" in said
    with pytest.raises(NotEnoughDataError, match="churn_few_customers"):
        check_learnable(labelled.assign(churned=0), plan)
    late = ~labelled["as_of"].isin(plan.loc[plan["role"] == "train", "as_of"])
    check_learnable(labelled.assign(churned=labelled["churned"].mask(late, 0)), plan)  # those are not learnt from


def test_partial_churn_is_at_least_as_likely(
    model: ChurnModel, labelled: pd.DataFrame, plan: pd.DataFrame, shop: pd.DataFrame
) -> None:
    partial = ChurnModel(target="partly_churned", candidates=("recency", "rfm")).fit(labelled, plan)
    table = build_churn(model, features_at(shop, pd.Timestamp(AS_OF)), active_days=365, partial=partial)
    assert (table["partial_churn_probability"] >= table["churn_probability"]).all()


def test_outputs_of_a_purchase_model_are_looked_at_where_every_date_has_them(
    labelled: pd.DataFrame, plan: pd.DataFrame
) -> None:
    told = labelled[["as_of", "customer_id"]].assign(
        p_alive=1 / (1 + labelled["silence_ratio"].fillna(1)), expected_orders=1.0
    )
    model = ChurnModel(candidates=("recency", "rfm")).fit(add_purchase(labelled, told), plan)
    assert "p_alive" in model.columns_["rfm"]
    some = told[told["as_of"] != told["as_of"].min()]
    model = ChurnModel(candidates=("recency", "rfm")).fit(add_purchase(labelled, some), plan)
    assert "p_alive" not in model.columns_["rfm"]


# Evidence


class Fixed:
    """A model whose probabilities stand in the column ``p``."""

    target, chosen_ = "churned", "recency"
    choice_ = pd.DataFrame({"model": ["recency"]})

    def predict_proba(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray:
        return np.column_stack([1 - features["p"], features["p"]])


def test_figures_by_hand() -> None:
    plan = pd.DataFrame({"as_of": [pd.Timestamp("2026-01-01")], "role": ["report"]})
    table = pd.DataFrame({
        "as_of": pd.Timestamp("2026-01-01"), "customer_id": [f"c{i:02d}" for i in range(20)],
        "p": [0.9] * 10 + [0.2] * 10, "churned": [1] * 8 + [0] * 2 + [1] * 2 + [0] * 8,
        "orders_365_days": 1, "net_sales_365_days": np.arange(20.0),
    })  # fmt: skip
    row = evaluate_churn(Fixed(), table, plan).set_index("model")
    of = row.loc["recency"]
    assert of["auc"] == pytest.approx((8 * 8 + 0.5 * (8 * 2 + 2 * 8)) / 100)  # ties count half
    assert of["brier"] == pytest.approx((8 * 0.01 + 2 * 0.81 + 2 * 0.64 + 8 * 0.04) / 20)
    assert of["calibration_error"] == pytest.approx((abs(8 - 9) + abs(2 - 2)) / 20)
    assert of["lift"] == pytest.approx(0.8 / 0.5)
    assert of["predicted_share"] == pytest.approx(0.55)
    assert of["observed_share"] == 0.5
    assert row.loc["few_orders", "auc"] == 0.5  # all alike
    assert row.loc["small_sales", "auc"] == pytest.approx((8 * 10 + 2 * 8) / 100)
    assert np.isnan(row.loc["small_sales", "brier"])
    assert row.loc["small_sales", "auc_gain"] == 0  # it is the best rule itself
    groups = summarise_calibration(Fixed(), table, plan, interval=0.95)
    assert groups[["customers", "predicted_share", "observed_share"]].values.tolist() == [
        [10, 0.2, 0.2],
        [10, 0.9, 0.8],
    ]
    assert groups.loc[0, ["observed_low", "observed_high"]].tolist() == pytest.approx(
        [0.0567, 0.5098], abs=1e-4
    )  # Wilson


def test_one_outcome_cannot_be_checked(model: ChurnModel, labelled: pd.DataFrame, plan: pd.DataFrame) -> None:
    with pytest.raises(NotEnoughDataError, match="churn_one_outcome"):
        evaluate_churn(model, labelled.assign(churned=1), plan)


def test_the_chosen_model_is_close_to_what_happened(
    model: ChurnModel, labelled: pd.DataFrame, plan: pd.DataFrame, churn: pd.DataFrame
) -> None:
    table = evaluate_churn(model, labelled, plan)
    used = table[table["chosen"]].iloc[0]
    assert used["auc_low"] <= used["auc"] <= used["auc_high"]
    assert abs(used["predicted_share"] - used["observed_share"]) < 0.1
    facts = describe_churn(model, churn, table, plan)
    assert facts["customers"] == len(churn)
    assert facts["leaving"] == round(churn["churn_probability"].sum())
    assert facts["same_season"]
    for language in ("en", "zh"):
        words = Words(language, currency="EUR")
        assert str(facts["customers"]) in words("churn.answer", **facts)
        assert words(f"churn.verdict.{facts['verdict']}", **facts)


# Reasons


def test_reasons_say_what_a_reader_can_follow(churn: pd.DataFrame) -> None:
    words = Words("en", currency="GBP")
    for raises in (True, False):  # three that raise the risk at most, and three that lower it
        assert max(sum((one["effect"] > 0) == raises for one in own) for own in churn["reasons"]) == 3
    for reasons in churn["reasons"]:
        effects = [abs(reason["effect"]) for reason in reasons]
        assert effects == sorted(effects, reverse=True)
        for reason in reasons:
            assert words(f"codes.reason.{reason['code']}", **reason)
            if reason["code"] == "spend":
                assert (reason["value"] < reason["typical"]) == (reason["effect"] > 0)
    assert words("codes.reason.silence", value=151.0, typical=8.4) == "silent for 151 days, usually orders every 8 days"


class _Told:
    """A model whose log-odds are what the test says, the same for every customer and reason."""

    chosen_ = "told"
    typical_ = pd.Series(
        {
            "orders_365_days": 10.0,
            "returns_share": 0.05,
            "gap_days": 20.0,
            "net_sales_365_days": 1000.0,
            "silence_ratio": 1,
        }
    )
    columns_: ClassVar = {"told": ["orders_365_days", "returns_share", "gap_days", "net_sales_365_days"]}

    def read(self, features: pd.DataFrame) -> pd.DataFrame:
        return features[self.columns_["told"]]

    def share_out(self, x: pd.DataFrame, baseline: pd.DataFrame, groups: dict[str, int]) -> np.ndarray:
        return np.ones((len(x), 1 + max(groups.values())))


@pytest.mark.parametrize(
    ("figure", "value", "code"),
    [
        ("orders_365_days", 9.0, None),  # less by a tenth of the larger
        ("orders_365_days", 8.0, "frequency"),  # by a fifth
        ("net_sales_365_days", 801.0, None),
        ("net_sales_365_days", 799.0, "spend"),
        ("net_sales_365_days", -50.0, "spend"),
        ("gap_days", 24.0, None),  # the larger is the customer's: 4 of 24
        ("gap_days", 26.0, "rhythm"),  # 6 of 26
        ("gap_days", np.nan, "one_order"),  # held against nothing
        ("returns_share", 0.062, None),  # by more than a point, but less than a fifth
        ("returns_share", 0.07, "returns"),
        ("returns_share", 0.0, None),  # fewer returns raise no risk
    ],
)
def test_a_figure_near_to_the_typical_one_is_no_reason(figure: str, value: float, code: str | None) -> None:
    usual = {**_Told.typical_, "orders": 1.0, "gap_days_spread": 0.0}
    row = pd.DataFrame([usual | {figure: value}])
    assert [reason["code"] for reason in explain_churn(_Told(), row).iloc[0]] == ([code] if code else [])


def test_returns_must_differ_by_a_point() -> None:
    few = _Told()
    few.typical_ = pd.Series({**_Told.typical_, "returns_share": 0.004})
    rows = pd.DataFrame(
        [{**few.typical_, "orders": 5.0, "gap_days_spread": 0.0, "returns_share": r} for r in (0.013, 0.015)]
    )
    assert [[reason["code"] for reason in found] for found in explain_churn(few, rows)] == [[], ["returns"]]


def test_what_speaks_against_leaving_is_told_as_such() -> None:
    """Silent for long, but it buys every autumn: the season is told beside the silence, and never as a reason to leave."""

    class Both(_Told):
        columns_: ClassVar = {"told": ["days_since_last_order", "silence_ratio", "orders_next_90_days_last_year"]}
        typical_ = pd.Series({**_Told.typical_, "days_since_last_order": 20.0, "orders_next_90_days_last_year": 1.0})

        def share_out(self, x: pd.DataFrame, baseline: pd.DataFrame, groups: dict[str, int]) -> np.ndarray:
            effects = np.zeros((len(x), 1 + max(groups.values())))
            effects[:, groups["silence_ratio"]], effects[:, groups["orders_next_90_days_last_year"]] = 0.4, -1.2
            return effects

    row = {**Both.typical_, "orders": 9.0, "gap_days_spread": 1.0, "days_since_last_order": 151.0, "gap_days": 8.0}
    rows = pd.DataFrame(
        [
            row | {"silence_ratio": 19.0, "orders_next_90_days_last_year": 6.0, "tenure_days": days}
            for days in (800, 200)
        ]
    )
    old, young = explain_churn(Both(), rows)
    assert [(one["code"], one["effect"] > 0) for one in old] == [("season", False), ("silence", True)]
    assert [one["code"] for one in young] == ["silence"]  # it was no customer in that season


def test_a_pause_as_long_before_speaks_against_leaving() -> None:
    reason = {"code": "silence", "value": 151.0, "typical": 8.0, "effect": 0.4}
    own = pd.DataFrame(
        {"customer_id": ["a", "b"], "churn_probability": 0.15, "net_sales_365_days": 100.0, "forecast_is_weak": False}
    )
    own["reasons"] = [[reason], [reason]]
    states = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "silence": ["pausing", "quiet"],
            "kind_of_silence": "as_before",
            "away_share": 0.3,
            "silent_days": 151,
            "usual_gap_days": 8.0,
            "longest_gap_days": [225.0, 90.0],
        }
    )
    table = put_at_stake(own, states)
    told = [[(one["code"], one["effect"] > 0) for one in reasons] for reasons in table["reasons"]]
    assert told == [[("silence", True), ("paused_before", False)], [("silence", True)]]
    assert (
        Words("en")("codes.reason.paused_before", **table["reasons"].iloc[0][1])
        == "has been silent for up to 225 days before, and came back"
    )
    assert len(own["reasons"].iloc[0]) == 1  # the input stays
    assert summarise_reasons(table)["reason"].tolist() == ["silence"]


def test_who_is_listed_for_its_silence_is_told_so() -> None:
    """Where the list is made by silence, the model may find nothing in it: the silence is a reason all the same, and once."""
    own = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "churn_probability": 0.04,
            "net_sales_365_days": 100.0,
            "forecast_is_weak": True,
        }
    )
    own["reasons"] = [[], [{"code": "silence", "value": 40.0, "typical": 4.0, "effect": 0.4}], []]
    states = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "silence": ["quiet", "quiet", "buying"],
            "kind_of_silence": "longer_than_ever",
            "away_share": 0.3,
        }
    )
    states = states.assign(silent_days=40, usual_gap_days=4.0, longest_gap_days=12.0)
    told = put_at_stake(own, states)["reasons"].tolist()
    assert [[one["code"] for one in reasons] for reasons in told] == [["overdue"], ["silence"], []]
    assert Words("en")("codes.reason.overdue", **told[0][0]) == "silent for 40 days, usually orders every 4 days"


def test_longer_silence_is_a_reason(
    model: ChurnModel, shop: pd.DataFrame, labelled: pd.DataFrame, plan: pd.DataFrame
) -> None:
    simple = ChurnModel(candidates=("recency",)).fit(labelled, plan)
    customers = features_at(shop, pd.Timestamp(AS_OF)).sort_values("days_since_last_order")
    reasons = explain_churn(simple, customers.iloc[[0, -1]])
    assert [reason["code"] for found in reasons for reason in found] == ["recency", "recency"]  # it knows no own gap
    assert reasons.iloc[0][0]["effect"] < 0 < reasons.iloc[1][0]["effect"]


@pytest.mark.parametrize("name", ["recency", "rfm", "boosting"])
def test_effects_add_up_to_the_difference_from_the_typical_customer(
    name: str, labelled: pd.DataFrame, plan: pd.DataFrame, shop: pd.DataFrame
) -> None:
    """Log-odds of the customer less those of its baseline, and for a linear model coefficient times difference."""
    model = ChurnModel(candidates=(name,)).fit(labelled, plan)
    customers = features_at(shop, pd.Timestamp(AS_OF))
    effects = share_out_risk(model, customers)
    x = model.read(customers)
    baseline = _make_baseline(model, customers, x)
    slope = model.calibration_["slope"].iloc[0]
    fitted, columns = model.fitted_[name], model.columns_[name]
    own, other = (fitted.decision_function(table[columns]) for table in (x, baseline))
    np.testing.assert_allclose(effects.sum(axis=1), slope * (own - other), atol=1e-8)
    assert set(effects) <= set(GROUPS)
    if name == "rfm":
        steps = fitted[:-1].transform(x[columns]) - fitted[:-1].transform(baseline[columns])
        parts = slope * fitted[-1].coef_[0] * np.asarray(steps)
        np.testing.assert_allclose(effects["spend"], parts[:, columns.index("net_sales_365_days")], atol=1e-8)


def test_each_figure_makes_one_reason() -> None:
    told = [figure for figures, _ in GROUPS.values() for figure in figures]
    assert len(told) == len(set(told))
    assert {column for columns in COLUMNS.values() for column in columns} <= set(told)


def test_summaries_add_up(churn: pd.DataFrame) -> None:
    risk, reasons = summarise_risk(churn), summarise_reasons(churn)
    assert risk["customers"].sum() == reasons["customers"].sum() == len(churn)
    assert risk["sales_at_risk"].sum() == pytest.approx(churn["sales_at_risk"].sum(), abs=0.1)
    assert churn["customer_id"].is_unique
    assert churn["churn_probability"].between(0, 1).all()
    assert (churn["days_since_last_order"] <= 365).all()


# Published figures


@pytest.mark.run
def test_online_retail_ii(retail: Path) -> None:
    """A plain pipeline reaches AUC .749 (logistic on R, F, M) and .769 (boosting), Brier .196 to .201 with the season."""
    days = read_retail(retail)
    as_of, first = dt.date(2011, 12, 9), days["order_date"].min()
    bought = days[days["orders"] > 0]
    horizon = choose_horizon(bought, as_of=as_of)
    active = choose_active_days(bought, as_of=as_of, horizon_days=90)
    assert horizon.loc[horizon["chosen"], "horizon_days"].tolist() == [90]
    assert active.loc[active["chosen"], "active_days"].tolist() == [365]
    plan = plan_snapshots(as_of=as_of, first_order_date=first, horizon_days=90, active_days=365)
    labelled = past(days, plan, active_days=365, horizon_days=90)
    model = ChurnModel().fit(labelled, plan)
    table = evaluate_churn(model, labelled, plan).set_index("model")
    assert model.chosen_ in ("rfm", "boosting")
    assert table.loc["recency", "observed_share"] == pytest.approx(0.497, abs=0.01)
    assert table.loc["recency", "auc"] == pytest.approx(0.708, abs=0.01)
    assert 0.74 < table.loc["rfm", "auc"] < 0.78
    assert 0.76 < table.loc["boosting", "auc"] < 0.79
    used = table.loc[model.chosen_]
    assert used["brier"] < 0.205
    assert used["auc_gain_low"] > 0
    assert used["calibration_error"] == pytest.approx(used["shift_error"] + used["shape_error"], abs=1e-5)
    assert abs(used["predicted_share"] - used["observed_share"]) < 0.08
    y, ours, plain = judge_beside_a_plain_pipeline(model, labelled, plan)
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(y), len(y)) for _ in range(300)]
    gains = [roc_auc_score(y[rows], ours[rows]) - roc_auc_score(y[rows], plain[rows]) for rows in drawn]
    assert np.quantile(gains, 0.975) > 0  # no worse than the plain pipeline, by paired bootstrap
    assert roc_auc_score(y, ours) > 0.76


def judge_beside_a_plain_pipeline(
    model: ChurnModel, labelled: pd.DataFrame, plan: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boosting on all figures and three earlier snapshots, as in the reference: outcomes, our scores and its scores."""
    figures = [c for c in labelled if pd.api.types.is_numeric_dtype(labelled[c])]
    figures = [
        c for c in figures if not c.endswith("_ahead") and c not in ("churned", "partly_churned", "partial_reference")
    ]
    dates = plan.loc[plan["held_out"], "as_of"].iloc[-3:]
    then = labelled[labelled["as_of"].isin(dates)]
    rows = labelled[labelled["as_of"].isin(plan.loc[plan["role"] == "report", "as_of"])]
    plain = HistGradientBoostingClassifier(learning_rate=0.05, max_iter=200, max_leaf_nodes=15, random_state=0)
    plain.fit(then[figures], then["churned"])
    scores = [model.predict_proba(rows)[:, 1], plain.predict_proba(rows[figures])[:, 1]]
    return rows["churned"].to_numpy(), *scores


def read_retail(file: Path) -> pd.DataFrame:
    lines = pd.read_parquet(file).drop_duplicates()
    kept = lines["Customer ID"].notna() & (lines["Price"] > 0) & ~lines["Invoice"].str.startswith("A")
    lines = lines[kept]
    amount = lines["Quantity"] * lines["Price"]
    sale = lines["Quantity"] > 0
    lines = lines.assign(
        customer_id=lines["Customer ID"].astype(int).astype(str),
        order_date=lines["InvoiceDate"].dt.normalize(),
        net_sales=amount,
        gross_sales=amount.where(sale, 0),
        order=lines["Invoice"].where(sale),
    )
    by = lines.groupby(["customer_id", "order_date"], as_index=False)
    return by.agg(orders=("order", "nunique"), net_sales=("net_sales", "sum"), gross_sales=("gross_sales", "sum"))


# Words


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_horizon_stands_in_the_phrase(language: str) -> None:
    """Wherever a reader sees how likely somebody leaves, it says within how many days."""
    for key in ("columns.churn_probability", "columns.partial_churn_probability", "churn.risk.probability"):
        assert "90" in Words(language)(key, horizon_days=90)
    for key, text in read_words(language).items():
        said = re.search(r"probability of leaving|chance of leaving|流失概率", str(text))
        if said and key.partition(".")[0] in ("churn", "leaving", "campaign", "summary", "columns", "codes", "pages"):
            assert re.search(r"horizon|预测期", str(text)), key


def test_findings_are_in_plain_words() -> None:
    own = Path(__file__).parents[2] / "kalib" / "words" / "en"
    text = " ".join(
        (own / f"{name}.yaml").read_text(encoding="utf-8") for name in ("churn", "leaving", "campaign", "silence")
    )
    said = re.sub(r"(?m)^\s*[a-z_]+:", "", text)  # keys are not read
    for phrase in ("drawn anew", "held against", "bears out", "lately", "hangs on", "lean on"):
        assert phrase not in said, phrase
