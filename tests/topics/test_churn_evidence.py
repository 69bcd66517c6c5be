"""Are the figures by which a forecast is judged right, by hand and by another library?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from kalib.topics.churn_evidence import evaluate_churn, list_check, summarise_lift
from tests.depth import examples

PLAN = pd.DataFrame({"as_of": [pd.Timestamp("2026-01-01")], "role": ["report"]})


class Fixed:
    """A model whose probabilities stand in the column ``p``."""

    target, chosen_ = "churned", "recency"
    choice_ = pd.DataFrame({"model": ["recency"]})

    def predict_proba(self, features: pd.DataFrame, *, model: str | None = None) -> np.ndarray:
        return np.column_stack([1 - features["p"], features["p"]])


def past(p: list[float], churned: list[int]) -> pd.DataFrame:
    return pd.DataFrame({
        "as_of": pd.Timestamp("2026-01-01"), "customer_id": [f"c{i:04}" for i in range(len(p))], "p": p,
        "churned": churned, "orders_365_days": 1, "net_sales_365_days": np.arange(float(len(p))),
    })  # fmt: skip


def groups(*told: tuple[float, int, int]) -> pd.DataFrame:
    """Groups of one probability each, with how many of them left and how many stayed."""
    p = [share for share, left, stayed in told for _ in range(left + stayed)]
    return past(p, [one for _, left, stayed in told for one in [1] * left + [0] * stayed])


def judge(table: pd.DataFrame) -> pd.Series:
    return evaluate_churn(Fixed(), table, PLAN, resamples=20).set_index("model").loc["recency"]


def test_parts_of_the_brier_score_by_hand() -> None:
    """Murphy (1973): ten at .9, of whom 8 left, ten at .2, of whom 2 left."""
    found = judge(groups((0.9, 8, 2), (0.2, 2, 8)))
    assert found["brier"] == pytest.approx((8 * 0.01 + 2 * 0.81 + 2 * 0.64 + 8 * 0.04) / 20)
    assert found["reliability"] == pytest.approx(0.5 * 0.1**2)
    assert found["resolution"] == pytest.approx(0.3**2)
    assert found["uncertainty"] == pytest.approx(0.25)


@examples(7, 60)
@given(st.lists(st.tuples(st.floats(0.001, 0.999), st.integers(0, 1)), min_size=12, max_size=200))
def test_parts_add_up_and_agree_with_another_library(told: list[tuple[float, int]]) -> None:
    p, left = [share for share, _ in told], [one for _, one in told]
    if len(set(left)) < 2:
        return
    found = judge(past(p, left))
    assert found["brier"] == pytest.approx(brier_score_loss(left, p), abs=2e-6)
    assert found["auc"] == pytest.approx(roc_auc_score(left, p), abs=2e-6)
    assert found["average_precision"] == pytest.approx(average_precision_score(left, p), abs=2e-6)
    parts = found["reliability"] - found["resolution"] + found["uncertainty"]
    assert parts == pytest.approx(found["brier"], abs=3e-6)
    assert found["shift_error"] + found["shape_error"] == pytest.approx(found["calibration_error"], abs=3e-6)


def test_a_wrong_level_is_all_shift() -> None:
    """All odds are told double: 8 to 1 for 4 to 1, and 1 to 2 for 1 to 4. One constant mends them all."""
    found = judge(groups((8 / 9, 80, 20), (1 / 3, 20, 80)))
    assert found["calibration_error"] == pytest.approx((8 / 9 - 0.8 + 1 / 3 - 0.2) / 2, abs=1e-6)
    assert found["shape_error"] == pytest.approx(0, abs=1e-6)
    assert found["shift_error"] == pytest.approx(found["calibration_error"], abs=2e-6)


def test_a_right_level_is_all_shape() -> None:
    """Too timid by the same on both sides: as many are predicted to leave as left, and no constant mends it."""
    found = judge(groups((0.6, 80, 20), (0.4, 20, 80)))
    assert found["calibration_error"] == pytest.approx(0.2)
    assert found["shape_error"] == pytest.approx(0.2)
    assert found["shift_error"] == pytest.approx(0, abs=1e-6)


def test_level_and_shape_together() -> None:
    """Told .5 and .3, came .8 and .2: a constant of 0.4236 on the log-odds makes .6043 and .3957, so 0.1957 is shape."""
    found = judge(groups((0.5, 80, 20), (0.3, 20, 80)))
    assert found["calibration_error"] == pytest.approx((0.3 + 0.1) / 2)
    assert found["shape_error"] == pytest.approx(0.1957, abs=1e-4)
    assert found["shift_error"] == pytest.approx(0.2 - 0.1957, abs=1e-4)


def test_an_error_of_shift_beats_no_ranking() -> None:
    """Moving the level of a forecast changes its shift, never its ranking."""
    one, other = (judge(groups(*told)) for told in ([(0.8, 80, 20), (0.2, 20, 80)], [(0.9, 80, 20), (0.36, 20, 80)]))
    assert one["auc"] == other["auc"]
    assert one["calibration_error"] == pytest.approx(0, abs=1e-6)
    assert other["shape_error"] == pytest.approx(0, abs=1e-6)
    assert other["shift_error"] > 0.1


def test_lift_by_tenth_by_hand() -> None:
    """Twenty customers; four left: the two most at risk, the third, and the last. The rule knows only the larger half."""
    p = np.linspace(0.95, 0.05, 20).round(2).tolist()
    table = past(p, [1, 1, 1, *[0] * 16, 1])
    lift = summarise_lift(
        Fixed(), table.assign(orders_365_days=[1] * 10 + [2] * 10), PLAN, rule="few_orders", resamples=20
    )
    assert lift["left"].tolist() == [2, 1, *[0] * 7, 1]
    assert lift["lift"].tolist() == [5, 2.5, *[0] * 7, 2.5]
    assert lift["found_share"].tolist() == [0.5, 0.75, *[0.75] * 7, 1]
    assert lift["rule_lift"].tolist() == pytest.approx([1.5] * 5 + [0.5] * 5)  # 3 of 4 in the first half, spread evenly
    assert lift["found_gain"].iloc[0] == pytest.approx(0.5 - 0.15)
    assert lift["customers"].sum() == 20
    assert lift["left"].sum() == 4


def test_the_check_has_what_was_said_and_what_came() -> None:
    table = past([0.9, 0.1, 0.4], [1, 0, 1]).iloc[[2, 0, 1]]
    check = list_check(Fixed(), table, PLAN, rule="small_sales")
    assert check["customer_id"].tolist() == ["c0000", "c0001", "c0002"]
    assert check["churned"].tolist() == [1, 0, 1]
    assert check["churn_probability"].tolist() == [0.9, 0.1, 0.4]
    assert check["rule_score"].tolist() == [0, -1, -2]  # the smaller the sales, the likelier to leave
    assert set(check["best_rule"]) == {"small_sales"}
