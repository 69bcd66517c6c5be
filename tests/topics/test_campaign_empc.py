"""Is EMPC the paper's, the same by integration, and are rankings told apart only beyond chance?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_distribution

from kalib.errors import NotEnoughDataError
from kalib.topics.campaign_empc import compute_empc, judge_rankings, trace_hull
from tests.depth import examples

LEFT = pd.Series([0, 1] * 4)
SCORES = pd.Series([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
TERMS = {"alpha": 6.0, "beta": 14.0, "clv": 200.0, "offer_cost": 10.0, "cost": 1.0}


def _slowly(
    left: list[int], scores: list[float], *, alpha: float, beta: float, clv: float, offer_cost: float, cost: float
) -> float:
    """Integrate numerically the best profit over all thresholds at each success rate, without a hull."""
    left_, scores_ = np.array(left), np.array(scores)
    thresholds = [np.inf, *np.unique(scores_)]
    counts = [(left_[scores_ >= t].sum(), (1 - left_)[scores_ >= t].sum()) for t in thresholds]

    def best(g: float) -> float:
        each = [(g * (clv - offer_cost) - cost) * gone - (offer_cost + cost) * stayed for gone, stayed in counts]
        return max(each) / len(left_) * beta_distribution.pdf(g, alpha, beta)

    return quad(best, 0, 1, limit=500, epsabs=1e-10, points=np.linspace(0.05, 0.95, 19))[0]


def test_the_published_figure() -> None:
    # The example of the R package EMP by the paper's authors (Verbraken et al. 2013).
    found = compute_empc(LEFT, SCORES, **TERMS)
    assert found["empc"] == pytest.approx(23.8756, abs=5e-5)
    assert found["targeted_share"] == pytest.approx(0.8744, abs=5e-5)


def test_by_integration() -> None:
    assert compute_empc(LEFT, SCORES, **TERMS)["empc"] == pytest.approx(
        _slowly(list(LEFT), list(SCORES), **TERMS), abs=1e-7
    )


@examples(15, 120)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=2, max_size=20).filter(
        lambda rows: 0 < sum(left for left, _ in rows) < len(rows)
    ),
    st.floats(1, 20),
    st.floats(1, 20),
    st.floats(0, 90),
    st.floats(0, 90),
    st.randoms(use_true_random=False),
)
def test_by_integration_on_any_ranking(
    rows: list[tuple[int, int]], alpha: float, beta: float, offer: float, cost: float, random: object
) -> None:
    terms = {"alpha": alpha, "beta": beta, "clv": 100.0, "offer_cost": offer, "cost": cost}
    left, scores = [one for one, _ in rows], [score / 6 for _, score in rows]
    found = compute_empc(pd.Series(left), pd.Series(scores), **terms)
    assert found["empc"] == pytest.approx(_slowly(left, scores, **terms), abs=2e-4)
    assert -1e-9 <= found["targeted_share"] <= 1 + 1e-9
    assert found["empc"] >= -1e-9  # one may always contact nobody
    order = list(range(len(rows)))
    random.shuffle(order)
    other = compute_empc(pd.Series(left)[order], pd.Series(scores)[order], **terms)
    assert other["empc"] == pytest.approx(found["empc"])
    # A ranking that knows the outcome cannot be beaten; another scale of scores changes nothing.
    assert compute_empc(pd.Series(left), pd.Series(left), **terms)["empc"] >= found["empc"] - 1e-9
    assert compute_empc(pd.Series(left), pd.Series(scores) * 7 - 3, **terms)["empc"] == pytest.approx(found["empc"])


def test_the_hull_by_hand() -> None:
    left, stayed = trace_hull(pd.Series([1, 0, 1, 0, 0]), pd.Series([5, 4, 3, 3, 1]))
    # Down the scores (1,0) (1,1) (2,2) (2,3): the second lies below the line from the first to the third.
    assert left.tolist() == [0, 0.5, 1, 1]
    assert stayed.tolist() == pytest.approx([0, 0, 2 / 3, 1])


@pytest.mark.parametrize("outcome", [0, 1])
def test_all_or_nobody_left(outcome: int) -> None:
    with pytest.raises(NotEnoughDataError, match="campaign_one_outcome"):
        compute_empc(pd.Series([outcome] * 4), pd.Series([1.0, 2, 3, 4]), **TERMS)


def test_parameters_outside_their_ranges() -> None:
    for wrong in ({"alpha": 0.0}, {"offer_cost": 200.0}, {"cost": -1.0}):
        with pytest.raises(ValueError, match="EMPC wants"):
            compute_empc(LEFT, SCORES, **(TERMS | wrong))


def test_rankings_are_told_apart_only_beyond_chance() -> None:
    rng = np.random.default_rng(8)
    risk = rng.beta(1, 4, 1500)
    check = pd.DataFrame(
        {
            "customer_id": [f"c{at:04}" for at in range(1500)],
            "churned": (rng.random(1500) < risk).astype(int),
            "churn_probability": risk,
            "rule_score": rng.random(1500),
        }
    )
    better = judge_rankings(check, **TERMS, draws=100)
    assert better["verdict"] == "better"
    assert better["empc_gain"] == pytest.approx(better["empc_model"] - better["empc_rule"])
    assert better["empc_gain_low"] < better["empc_gain"] < better["empc_gain_high"]
    same = judge_rankings(check.assign(rule_score=risk**2), **TERMS, draws=50)
    assert (same["verdict"], same["empc_gain"]) == ("same", 0.0)
    swapped = check.rename(columns={"churn_probability": "rule_score", "rule_score": "churn_probability"})
    assert judge_rankings(swapped, **TERMS, draws=100)["verdict"] == "worse"
    shuffled = judge_rankings(check.sample(frac=1, random_state=1), **TERMS, draws=100)
    assert shuffled == better
