"""Does the index of drift come out as by hand, and is chance not taken for drift?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalib.errors import NotEnoughDataError
from kalib.topics.churn_drift import describe_drift, measure_drift
from kalib.topics.churn_features import COLUMNS
from kalib.words import Words
from tests.depth import examples


def then(values: object, dates: int = 1) -> pd.DataFrame:
    values = np.asarray(values, dtype=float)
    rows = [
        pd.DataFrame(
            {
                "as_of": pd.Timestamp("2025-01-01") + pd.Timedelta(days=90 * k),
                "customer_id": range(len(values)),
                "x": values,
            }
        )
        for k in range(dates)
    ]
    return pd.concat(rows, ignore_index=True)


def now(values: object) -> pd.DataFrame:
    values = np.asarray(values, dtype=float)
    return pd.DataFrame({"customer_id": range(len(values)), "x": values})


def test_the_index_by_hand() -> None:
    """Two values, 400 to 100 then, 200 to 300 now; half a customer is added to each."""
    row = measure_drift(then([0] * 400 + [1] * 100), now([0] * 200 + [1] * 300), ["x"]).iloc[0]
    p, q = np.array([400.5, 100.5]) / 501, np.array([200.5, 300.5]) / 501
    assert row["psi"] == pytest.approx(((q - p) * np.log(q / p)).sum(), abs=1e-6)
    assert row["bins"] == 2
    assert row["chance"] == round(1 / 500 + 1 / 500, 6)
    assert row["chance_most"] == pytest.approx(
        3.841459 * 2 / 500, abs=1e-6
    )  # the table of chi-square, one degree of freedom
    assert (row["median_then"], row["median_now"]) == (0, 1)
    assert row["verdict"] == "moved_much"


def test_ten_bands_by_the_equation() -> None:
    """Ten bands of a tenth each then; the sum of the ten terms."""
    wanted = np.array([8, 9, 9, 10, 10, 10, 11, 11, 11, 11])
    values = np.repeat(np.arange(10), 10_000)
    row = measure_drift(then(values), now(np.repeat(np.arange(10), wanted * 1000)), ["x"]).iloc[0]
    q = wanted / 100
    assert row["psi"] == pytest.approx(((q - 0.1) * np.log(q / 0.1)).sum(), abs=1e-4)
    assert row["verdict"] == "stable"  # above chance, and below .1


def test_a_customer_at_several_dates_counts_once_for_chance() -> None:
    one, four = (measure_drift(then(range(100), dates), now(range(100)), ["x"]).iloc[0] for dates in (1, 4))
    assert one["chance_most"] == four["chance_most"]


def test_few_customers_drift_by_chance_alone() -> None:
    """Of logs without any drift, one in twenty exceeds what chance most often gives, and hardly any is called moved."""
    rng = np.random.default_rng(0)
    rows = [measure_drift(then(rng.random(2000)), now(rng.random(60)), ["x"]).iloc[0] for _ in range(400)]
    beyond = np.mean([row["psi"] > row["chance_most"] for row in rows])
    assert 0.01 < beyond < 0.10
    assert np.mean([row["psi"] for row in rows]) == pytest.approx(np.mean([row["chance"] for row in rows]), rel=0.15)
    assert (
        np.mean([row["psi"] >= 0.1 for row in rows]) > 0.5
    )  # the customary limit alone would cry wolf at every other one
    assert np.mean([row["verdict"] != "stable" for row in rows]) < 0.10


def test_missing_values_are_a_bin_of_their_own() -> None:
    row = measure_drift(then([1.0] * 500 + [np.nan] * 500), now([1.0] * 900 + [np.nan] * 100), ["x"]).iloc[0]
    assert row["bins"] == 2
    assert row["verdict"] == "moved_much"
    nothing = measure_drift(then([np.nan] * 10), now([np.nan] * 10), ["x"]).iloc[0]
    assert (nothing["psi"], nothing["verdict"]) == (0, "stable")


def test_figures_that_one_table_lacks_are_left_out() -> None:
    assert measure_drift(then(range(50)), now(range(50)), ["no_such", "x", "x"])["figure"].tolist() == ["x"]
    assert describe_drift(measure_drift(then(range(50)), now(range(50)), []))["figures"] == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_figure_of_the_model_has_its_name(language: str) -> None:
    words = Words(language)
    for name in {column for columns in COLUMNS.values() for column in columns}:
        assert words.code("drift_figure", name) != name


def test_a_year_that_the_history_does_not_cover_is_not_compared() -> None:
    """At the first date nothing of a year before was there to be known: nought there means nothing."""
    name = "orders_90_days_last_year"
    first, second = (then(values).rename(columns={"x": name}) for values in ([0] * 300, range(300)))
    training = pd.concat([first, second.assign(as_of=second["as_of"] + pd.Timedelta(days=400))], ignore_index=True)
    today = now(range(300)).rename(columns={"x": name})
    assert measure_drift(training, today, [name])["verdict"].tolist() == ["moved_much"]
    start = pd.Timestamp("2024-11-01").date()  # 61 days before the first date, 461 before the second
    assert measure_drift(training, today, [name], first_order_date=start)["psi"].tolist() == [0]
    late = pd.Timestamp("2024-11-08").date()  # 454: one day short of a year and 90 days
    assert measure_drift(training, today, [name], first_order_date=late).empty


def test_nobody_to_compare() -> None:
    with pytest.raises(NotEnoughDataError) as refusal:
        measure_drift(then([1.0]), now([]), ["x"])
    assert "1 customers learnt from, 0 today" in Words("en")(f"reasons.{refusal.value.reason}", **refusal.value.facts)


@examples(15, 120)
@given(
    st.lists(st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)), min_size=1, max_size=60),
    st.lists(st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)), min_size=1, max_size=60),
)
def test_the_index_is_never_negative_and_knows_no_order(one: list[float], other: list[float]) -> None:
    left, right = then(one), now(other)
    table = measure_drift(left, right, ["x"])
    assert table["psi"].iloc[0] >= 0
    assert 1 <= table["bins"].iloc[0] <= 11
    shuffled = measure_drift(left.sample(frac=1, random_state=1), right.sample(frac=1, random_state=2), ["x"])
    pd.testing.assert_frame_equal(table, shuffled)
    assert measure_drift(left, now(one), ["x"])["psi"].iloc[0] == pytest.approx(0, abs=1e-9)
    steps = measure_drift(left.assign(x=left["x"] * 3 + 1), right.assign(x=right["x"] * 3 + 1), ["x"])
    assert steps["bins"].iloc[0] <= 11
