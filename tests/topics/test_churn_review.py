"""Does a report grade the one before it by that one's own horizon, and say no more than the days allow?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from kalib.errors import NotEnoughDataError
from kalib.topics.churn_review import (
    choose_review,
    describe_interim,
    grade_forecast,
    join_outcomes,
    list_surprises,
    review_forecast,
)
from kalib.words import Words
from tests.depth import examples


def runs(*rows: tuple[str, str, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["run", "run_as_of", "horizon_days"])
    return table.assign(run_as_of=pd.to_datetime(table["run_as_of"]))


def forecast(**probabilities: float) -> pd.DataFrame:
    rows = {"customer_id": list(probabilities), "churn_probability": list(probabilities.values())}
    return pd.DataFrame(rows).assign(net_sales_365_days=[100.0 * (at + 1) for at in range(len(probabilities))])


def outcomes(**orders: int) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list(orders), "orders_ahead": list(orders.values())})


def test_the_newest_report_whose_own_horizon_has_passed_is_graded() -> None:
    """The long horizon of March has not passed, that of February has; the one of May still runs; June's is today's."""
    earlier = runs(
        ("f", "2026-02-01", 90), ("m", "2026-03-01", 365), ("j", "2026-01-01", 90), ("l", "2026-05-01", 90), ("n", "2026-06-30", 30)
    )  # fmt: skip
    chosen = choose_review(earlier, as_of=dt.date(2026, 6, 30))
    assert chosen[["role", "run", "horizon_days", "passed_days"]].values.tolist() == [
        ["grade", "f", 90, 90],
        ["interim", "l", 90, 60],
    ]
    assert chosen["label_end"].dt.strftime("%Y-%m-%d").tolist() == ["2026-05-02", "2026-07-30"]


def test_the_day_on_which_the_horizon_ends_counts() -> None:
    one = runs(("a", "2026-04-01", 90))
    assert choose_review(one, as_of=dt.date(2026, 6, 30))["role"].tolist() == ["grade"]
    assert choose_review(one, as_of=dt.date(2026, 6, 29))["role"].tolist() == ["interim"]
    assert choose_review(one.head(0), as_of=dt.date(2026, 6, 29)).empty


def test_a_grade_by_hand() -> None:
    joined = join_outcomes(forecast(a=0.9, b=0.6, c=0.4, d=0.1), outcomes(d=0, c=2, b=1, a=0, e=0))
    assert joined["churned"].tolist() == [1, 0, 0, 1]
    grade = grade_forecast(joined)
    assert (grade["graded"], grade["predicted_left"], grade["observed_left"]) == (4, 2.0, 2)
    half = 1.959964 * np.sqrt(0.09 + 0.24 + 0.24 + 0.09)
    assert (grade["predicted_low"], grade["predicted_high"]) == pytest.approx((2 - half, 2 + half), abs=1e-5)
    assert grade["auc"] == 0.5  # of four pairs of a leaver and a stayer, two are the right way round
    assert grade["brier"] == pytest.approx((0.01 + 0.36 + 0.16 + 0.81) / 4)
    assert grade["base_brier"] == 0.25
    assert grade["miss"] == "fits"
    assert (grade["expected_stay"], grade["stay_left"], grade["stay_left_sales"]) == (2, 1, 400.0)
    assert grade["stay_expected"] == 0.5  # 0.4 of c and 0.1 of d: those given less than an even chance
    said = Words("en")("leaving.review.surprises", horizon_days=90, **grade)
    assert (
        "2 customers were given less than an even chance of leaving within 90 days; 1 of them left, against 0 that"
        in said
    )
    assert (grade["expected_leave"], grade["leave_stayed"]) == (2, 1)
    assert list_surprises(joined).values.tolist() == [["d", 0.1, 400.0]]


def test_too_many_and_too_few() -> None:
    ids = {f"c{i:03}": 0.5 for i in range(100)}
    for orders, said in ((1, "too_many"), (0, "too_few")):
        joined = join_outcomes(forecast(**ids), outcomes(**dict.fromkeys(ids, orders)))
        grade = grade_forecast(joined)
        assert (grade["miss"], grade["auc"], grade["skill_low"]) == (said, None, None)


def test_a_right_forecast_is_called_so_in_nineteen_of_twenty_cases() -> None:
    rng, fits = np.random.default_rng(5), []
    for _ in range(300):
        p = rng.beta(1, 3, 200)
        table = pd.DataFrame({"customer_id": range(200), "churn_probability": p, "net_sales_365_days": 1.0})
        grade = grade_forecast(table.assign(churned=(rng.random(200) < p).astype(int)), resamples=1)
        fits.append(grade["miss"] == "fits")
    assert 0.91 < np.mean(fits) < 0.99


def test_who_was_said_to_have_left_was_not_forecast() -> None:
    known = forecast(a=1.0, b=0.3).assign(known_as=["said_left", None])
    assert join_outcomes(known, outcomes(a=3, b=1))["customer_id"].tolist() == ["b"]


def test_other_customers_are_not_graded() -> None:
    with pytest.raises(NotEnoughDataError) as refusal:
        join_outcomes(forecast(a=0.3, b=0.4, c=0.5), outcomes(a=1, x=1, y=1))
    assert "3 customers of the last forecast, today's data knows 1" in Words("en")(
        f"reasons.{refusal.value.reason}", **refusal.value.facts
    )
    with pytest.raises(NotEnoughDataError):
        join_outcomes(forecast(), outcomes(a=1))


def test_while_the_horizon_runs_only_an_order_proves_something() -> None:
    joined = join_outcomes(forecast(a=0.9, b=0.6, c=0.4, d=0.1), outcomes(a=0, b=1, c=0, d=1))
    facts = describe_interim(joined)
    assert (facts["interim_leave"], facts["interim_back"], facts["interim_back_share"]) == (2, 1, 0.5)
    assert (facts["interim_stay"], facts["interim_silent"]) == (2, 1)
    assert describe_interim(joined.assign(churn_probability=0.1))["interim_back_share"] is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_review_is_said(language: str) -> None:
    words = Words(language, currency="GBP")
    earlier = runs(("a", "2026-01-01", 90), ("b", "2026-05-01", 90))
    chosen = choose_review(earlier, as_of=dt.date(2026, 6, 30)).to_dict("records")
    mixed = join_outcomes(forecast(a=0.9, b=0.6, c=0.4, d=0.1), outcomes(a=0, b=1, c=0, d=1))
    nobody = join_outcomes(forecast(a=0.1, b=0.2), outcomes(a=1, b=1))
    told = {}
    for joined in (mixed, nobody):
        for run in chosen:
            facts = review_forecast(joined, run)
            assert "{" not in words("leaving.review.finding", **facts) if run["role"] == "grade" else True
            told |= {code: words(f"leaving.review.{code}", **facts) for code in facts["says"]}
            assert words("leaving.review.surprises", **facts) if run["role"] == "grade" else True
    assert set(told) == {"fits", "ranking", "one_outcome", "no_surprise", "interim", "interim_nobody"}
    if language == "en":
        assert told["interim"].startswith("The forecast of 1 May 2026 still runs until 30 July 2026. Of 2 customers")


@examples(10, 80)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_grades_hold_whatever_the_order_and_agree_with_others(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({
        "customer_id": [f"c{i}" for i in range(n)], "churn_probability": rng.random(n).round(2),
        "net_sales_365_days": rng.normal(100, 80, n).round(2), "churned": rng.integers(0, 2, n),
    })  # fmt: skip
    before = table.copy(deep=True)
    grade = grade_forecast(table, resamples=20)
    pd.testing.assert_frame_equal(table, before)
    assert grade == grade_forecast(table.sample(frac=1, random_state=1), resamples=20)
    assert grade["brier"] == pytest.approx(brier_score_loss(table["churned"], table["churn_probability"]), abs=1e-6)
    if table["churned"].nunique() == 2:
        assert grade["auc"] == pytest.approx(roc_auc_score(table["churned"], table["churn_probability"]), abs=1e-6)
        assert grade["skill"] == pytest.approx(1 - grade["brier"] / grade["base_brier"], abs=1e-4)
    assert 0 <= grade["predicted_low"] <= grade["predicted_left"] <= grade["predicted_high"] <= n
    assert grade["stay_left"] <= grade["expected_stay"]
    assert grade["expected_stay"] + grade["expected_leave"] == n
