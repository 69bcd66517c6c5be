"""Does a simple rule still rank where no model can be learnt, and say no more than it knows?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kalib.errors import NotEnoughDataError
from kalib.topics.churn_rule import describe_ranking, list_labelled_dates, rank_by_rule
from kalib.words import Words


def customers(silence: list[int], gap: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame({
        "customer_id": [f"c{i:03}" for i in range(len(silence))], "orders": 3, "days_since_last_order": silence,
        "gap_days": pd.array(gap, dtype="Float64").astype("float64"), "net_sales_365_days": 100.0,
    })  # fmt: skip


def test_silence_is_held_against_the_own_gap() -> None:
    table = rank_by_rule(customers([40, 40, 40], [10.0, 40.0, None]), active_days=365, horizon_days=90)
    assert table["rule_score"].tolist() == [4, 1, 1.6]  # the third has the usual gap, 25
    assert table["best_rule"].unique().tolist() == ["silence"]
    assert table["churn_probability"].isna().all()
    assert table["sales_at_risk"].isna().all()
    assert table["forecast_is_weak"].all()
    assert [own[0]["code"] for own in table["reasons"]] == ["silence", "silence", "recency"]
    assert table["reasons"].iloc[0][0] == {
        "code": "silence",
        "value": 40.0,
        "typical": 10.0,
        "effect": round(np.log(4 / 1.6), 3),
    }


def test_without_any_gap_days_of_silence_rank() -> None:
    table = rank_by_rule(customers([40, 3], [None, None]), active_days=365, horizon_days=90)
    assert table["rule_score"].tolist() == [40, 3]
    assert table["best_rule"].tolist() == ["recency"] * 2


def test_the_past_gives_probabilities_that_rise_with_silence() -> None:
    """A hundred customers, the fifth most silent against the own gap all left, one in ten of the others."""
    then = customers(list(range(1, 101)), [10.0] * 100).assign(as_of=pd.Timestamp("2026-01-01"))
    then["churned"] = [1 if i >= 80 or i % 10 == 9 else 0 for i in range(100)]
    table = rank_by_rule(then, active_days=365, horizon_days=90, labelled=then)
    p = table["churn_probability"]
    assert p.is_monotonic_increasing
    assert p.iloc[-1] == pytest.approx(20.5 / 21, abs=1e-6)
    assert p.iloc[0] == pytest.approx(2.5 / 21, abs=1e-6)
    assert p.nunique() == 2  # four groups alike
    shuffled = then.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(rank_by_rule(shuffled, active_days=365, horizon_days=90, labelled=shuffled), table)


@pytest.mark.parametrize(("left", "least", "most"), [(0, 0.0, 0.03), (1, 0.97, 1.0)])
def test_nobody_or_everybody_left(left: int, least: float, most: float) -> None:
    then = customers(list(range(60)), [10.0] * 60).assign(churned=left)
    p = rank_by_rule(then, active_days=365, horizon_days=90, labelled=then)["churn_probability"]
    assert p.between(least, most).all()
    assert p.between(0, 1, inclusive="neither").all()  # a past without leavers proves no certainty


def test_nobody_active() -> None:
    with pytest.raises(NotEnoughDataError, match="churn_nobody_to_rank") as refusal:
        rank_by_rule(customers([400], [10.0]), active_days=365, horizon_days=90)
    for language in ("en", "zh"):
        assert "365" in Words(language)(f"reasons.{refusal.value.reason}", **refusal.value.facts)


def test_the_sentences_are_filled() -> None:
    known = customers(list(range(60)), [10.0] * 60)
    for labelled in (None, known.assign(churned=[0, 1] * 30)):
        for silence in ([10.0] * 60, [None] * 60):
            facts = describe_ranking(
                rank_by_rule(known.assign(gap_days=silence), active_days=365, horizon_days=90, labelled=labelled)
            )
            for language in ("en", "zh"):
                words = Words(language, currency="EUR")
                said = words(f"churn.ranked.answer_{facts['rule']}", **facts)
                said += words("churn.ranked.known" if facts["known"] else "churn.ranked.unknown", **facts)
                assert "nan" not in said


def test_a_labelled_date_needs_an_order_before_it() -> None:
    first = dt.date(2026, 4, 2)
    assert list_labelled_dates(dt.date(2026, 6, 30), first_order_date=first, horizon_days=90) == []
    assert list_labelled_dates(dt.date(2026, 7, 1), first_order_date=first, horizon_days=90) == [first]
