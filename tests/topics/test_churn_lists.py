"""Is the list that is shown judged in money at past dates, beside the naive one, by what was known then, and does it give way?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kalib.topics import churn, churn_lists, silence
from kalib.topics.churn_model import ChurnModel
from kalib.topics.churn_windows import plan_snapshots
from kalib.words import Words
from tests.topics.test_churn import AS_OF, past, shop  # noqa: F401  (a fixture)

DAY = pd.Timestamp("2025-01-01")


def then(rows: list[tuple], day: pd.Timestamp = DAY) -> pd.DataFrame:
    names = ["customer_id", "churned", "net_sales_365_days", "churn_probability", "away_share", "silence"]
    return pd.DataFrame(rows, columns=names).assign(as_of=day)


ROWS = [
    ("a", 1, 100.0, 0.9, 0.5, "quiet"),  # forecast 45, third by the naive list
    ("b", 0, 900.0, 0.1, 0.2, "pausing"),  # forecast 18, the naive list's first
    ("c", 1, 300.0, 0.5, 0.5, "buying"),  # forecast 75: not silent, and yet it leaves
    ("d", 0, 400.0, 0.1, 0.5, "pausing"),  # forecast 20, the naive list's second
    ("e", 1, 999.0, 0.9, 0.9, "one_order"),  # on neither
    ("f", 1, -50.0, 0.9, 0.9, "quiet"),  # nothing to lose
]


def test_the_lists_in_money_by_hand() -> None:
    table = churn_lists.compare_lists(then(ROWS), calls=(1, 2, 50)).set_index("calls")
    # by the forecast c, a, d, b; naive b, d, a
    assert table["found_sales"].tolist() == [300.0, 400.0, 400.0]
    assert table["other_sales"].tolist() == [0.0, 0.0, 100.0]
    assert table["gain"].tolist() == [300.0, 400.0, 300.0]
    assert table["called"].tolist() == [1, 2, 3]  # the naive list has three
    assert (table["left_sales"] == 400.0).all()  # who has ordered once, or has nothing to lose, does not count
    largest = churn_lists.compare_lists(then(ROWS), own="overdue", other="largest", calls=(3,)).iloc[0]
    assert (largest["found_sales"], largest["other_sales"]) == (100.0, 300.0)  # b, d, a; b, d, c


def test_dates_are_pooled_and_row_order_changes_nothing() -> None:
    other = then([("a", 0, 100.0, 0.9, 0.5, "quiet"), ("g", 1, 70.0, 0.1, 0.5, "quiet")], DAY + pd.Timedelta(days=90))
    both = pd.concat([then(ROWS), other], ignore_index=True)
    before = both.copy(deep=True)
    table = churn_lists.compare_lists(both, calls=(1,))
    assert table[["dates", "called", "found_sales", "other_sales"]].values.tolist() == [[2, 2, 300.0, 0.0]]
    pd.testing.assert_frame_equal(churn_lists.compare_lists(both.sample(frac=1, random_state=2), calls=(1,)), table)
    pd.testing.assert_frame_equal(both, before)


def test_where_nobody_knows_who_stays_away_the_forecast_is_by_probability_and_sales() -> None:
    unknown = then([(*row[:4], np.nan, *row[5:]) for row in ROWS])
    table = churn_lists.compare_lists(unknown, calls=(1, 2))
    assert table["found_sales"].tolist() == [300.0, 400.0]  # c 150, a and b 90: of equal ones the first by id


def many(*, clever: bool) -> pd.DataFrame:
    """A hundred customers at four dates: who leaves is known to the forecast, or only to who looks at the silence."""
    rows = []
    for date in range(4):
        for n in range(100):
            leaves = (n * 7 + date) % 10 < 3
            says, silent = (leaves, n % 2 == 0) if clever else (n % 3 == 0, leaves)
            rows.append(
                (f"c{n:02}", int(leaves), 100.0 + n, 0.9 if says else 0.1, 0.5, "quiet" if silent else "buying", date)
            )
    table = pd.DataFrame(
        rows,
        columns=["customer_id", "churned", "net_sales_365_days", "churn_probability", "away_share", "silence", "date"],
    )
    return table.assign(as_of=DAY + pd.to_timedelta(table.pop("date") * 90, unit="D"))


@pytest.mark.parametrize("clever", [True, False])
def test_the_page_ranks_by_what_wins(clever: bool) -> None:
    """A forecast that knows is kept; where silence alone finds clearly more, the list is the naive one and says so."""
    seen = many(clever=clever)
    assert churn_lists.is_naive_better(seen) is not clever
    own = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "churn_probability": [0.9, 0.1],
            "net_sales_365_days": [100.0, 50.0],
            "forecast_is_weak": False,
        }
    )
    states = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "silence": ["buying", "quiet"],
            "kind_of_silence": "longer_than_ever",
            "away_share": 0.5,
        }
    )
    table = churn.put_at_stake(own, states, naive_wins=churn_lists.is_naive_better(seen))
    assert table["sales_at_risk"].tolist() == ([45.0, 2.5] if clever else [0.0, 50.0])
    assert churn.find_basis(table) == ("away" if clever else "overdue")
    why = churn.find_why(table)
    assert why == ("" if clever else "naive")
    _, proof = churn_lists.prove_list(seen, why=why)
    assert (proof["proof"], proof["against"]) == ("better", "overdue" if clever else "forecast")
    facts = proof | {"horizon_days": 90, "silence_factor": 3}
    for language in ("en", "zh"):
        assert Words(language, currency="EUR")("churn.proof.better", **facts)
        assert Words(language, currency="EUR")("churn.proof.note", **facts)


def test_a_weak_forecast_is_not_held_up_as_proof() -> None:
    _, proof = churn_lists.prove_list(many(clever=True), why="weak")
    assert (proof["against"], proof["note"]) == ("largest", "note_largest")


def test_without_a_past_date_nothing_is_proved() -> None:
    for empty in (then(ROWS).head(0), then([ROWS[4]])):
        table, proof = churn_lists.prove_list(empty, why="")
        assert table.empty
        assert proof["proof"] == "unknown"
        assert not churn_lists.is_naive_better(empty)


def test_nobody_left_is_no_clear_gain() -> None:
    nobody = then([(row[0], 0, *row[2:]) for row in ROWS])
    assert churn_lists.judge_lists(churn_lists.compare_lists(nobody))["proof"] == "level"


def test_the_interval_is_that_of_resampled_customers() -> None:
    """A second way: draw customers with their dates, one by one."""
    seen = many(clever=False)
    table = churn_lists.compare_lists(seen, calls=(20,)).iloc[0]
    rng, parts = np.random.default_rng(5), {}
    for _, rows in seen.groupby("as_of"):
        rows = rows.assign(p=rows["churn_probability"] * 0.5 * rows["net_sales_365_days"])
        own = rows.sort_values(["p", "customer_id"], ascending=[False, True]).head(20)
        naive = rows[rows["silence"] == "quiet"].sort_values(["net_sales_365_days"], ascending=False).head(20)
        for sign, listed in ((1, own), (-1, naive)):
            for row in listed[listed["churned"] == 1].itertuples():
                parts[row.customer_id] = parts.get(row.customer_id, 0.0) + sign * row.net_sales_365_days
    worth = np.array([parts.get(f"c{n:02}", 0.0) for n in range(100)])
    assert worth.sum() == pytest.approx(table["gain"])
    drawn = [worth[rng.integers(0, 100, 100)].sum() for _ in range(4000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert table["gain_low"] == pytest.approx(low, abs=0.1 * abs(table["gain"]))
    assert table["gain_high"] == pytest.approx(high, abs=0.1 * abs(table["gain"]))


def test_a_past_date_sees_nothing_after_it(shop: pd.DataFrame) -> None:  # noqa: F811
    """Orders after a date are turned round: what is forecast and how silent each is stay as they were."""
    plan = plan_snapshots(as_of=AS_OF, first_order_date=shop["order_date"].min(), horizon_days=90, active_days=365)
    labelled = past(shop, plan, active_days=365, horizon_days=90)
    model = ChurnModel(candidates=("recency", "rfm")).fit(labelled, plan)
    span = {"horizon_days": 90, "active_days": 365}
    seen = silence.add_states(churn_lists.look_back(model, labelled, plan), shop, **span)
    dates = seen["as_of"].unique()
    assert 2 <= len(dates) <= churn_lists.DATES
    assert plan.loc[plan["role"] == "report", "as_of"].iloc[0] in dates
    date = dates.min()
    late = labelled["as_of"] + pd.Timedelta(days=90) > date
    turned = labelled.assign(churned=labelled["churned"].where(~late, 1 - labelled["churned"]))
    short = shop[shop["order_date"] <= date]
    columns = ["customer_id", "churn_probability", "away_share", "silence"]
    own = seen.loc[seen["as_of"] == date, columns].reset_index(drop=True)
    one = plan[plan["as_of"] <= date]
    other = silence.add_states(churn_lists.look_back(model, turned, one), short, **span)
    pd.testing.assert_frame_equal(other.loc[other["as_of"] == date, columns].reset_index(drop=True), own)
    states = silence.measure_silence(shop, as_of=dt.date.fromisoformat(str(date.date())), active_days=365)
    assert (
        own.set_index("customer_id")["silence"].to_dict().items()
        <= states.set_index("customer_id")["silence"].to_dict().items()
    )


def test_nothing_is_learnt_twice_and_the_date_of_the_check_is_the_model_s_own(
    shop: pd.DataFrame,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_snapshots(as_of=AS_OF, first_order_date=shop["order_date"].min(), horizon_days=90, active_days=365)
    labelled, made = past(shop, plan, active_days=365, horizon_days=90), []
    learn = ChurnModel._learn
    monkeypatch.setattr(
        ChurnModel,
        "_learn",
        lambda model, name, x, y: made.append((name, x.to_numpy().tobytes())) or learn(model, name, x, y),
    )
    model = ChurnModel(candidates=("recency", "rfm")).fit(labelled, plan)
    seen = churn_lists.look_back(model, labelled, plan)
    assert len(made) == len(set(made))
    check = labelled[labelled["as_of"] == plan.loc[plan["role"] == "report", "as_of"].iloc[0]]
    own = seen.loc[seen["as_of"] == check["as_of"].iloc[0]].set_index("customer_id")["churn_probability"]
    expected = ChurnModel(candidates=(model.chosen_,)).fit(labelled, plan).predict_proba(check)[:, 1]
    assert own.loc[check["customer_id"]].tolist() == expected.tolist()
