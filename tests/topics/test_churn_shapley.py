"""Are a forecast's reasons exact: do they add up, and are they what playing every coalition gives?"""

from __future__ import annotations

import itertools
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from kalib.topics import churn_shapley
from kalib.topics.churn_shapley import share_out_linear, share_out_trees
from tests.depth import examples

GROUPS = np.array([0, 0, 1, 2, 3, 3, 1])


def figures(rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, len(GROUPS))).round(1)
    x[rng.random(x.shape) < 0.1] = np.nan
    return x


def learn(seed: int, leaves: int = 15) -> HistGradientBoostingClassifier:
    x = figures(500, seed)
    filled = np.nan_to_num(x)
    y = filled[:, 0] + filled[:, 1] * filled[:, 2] - np.abs(filled[:, 4]) + np.random.default_rng(seed).normal(size=500)
    return HistGradientBoostingClassifier(max_iter=12, max_leaf_nodes=leaves, min_samples_leaf=8).fit(x, y > 0)


def by_every_coalition(score, own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Shapley (1953), by definition: over all coalitions of the other groups, what the group adds, weighed."""
    players = sorted(set(GROUPS.tolist()))
    effects = np.zeros((len(own), len(players)))

    def play(coalition: tuple[int, ...]) -> np.ndarray:
        return score(np.where(np.isin(GROUPS, coalition), own, other))

    for one in players:
        rest = [player for player in players if player != one]
        for size in range(len(players)):
            weight = factorial(size) * factorial(len(players) - size - 1) / factorial(len(players))
            for coalition in itertools.combinations(rest, size):
                effects[:, one] += weight * (play((*coalition, one)) - play(coalition))
    return effects


@examples(4, 30)
@given(seed=st.integers(0, 10_000), leaves=st.sampled_from([2, 4, 15, 31]))
def test_trees_are_shared_out_as_by_every_coalition(seed: int, leaves: int) -> None:
    trees, own, other = learn(seed, leaves), figures(30, seed + 1), figures(30, seed + 2)
    effects = share_out_trees(trees, own, other, GROUPS)
    np.testing.assert_allclose(effects, by_every_coalition(trees.decision_function, own, other), atol=1e-10)
    difference = trees.decision_function(own) - trees.decision_function(other)
    np.testing.assert_allclose(effects.sum(axis=1), difference, atol=1e-10)


def test_a_linear_model_is_shared_out_as_by_every_coalition() -> None:
    x = np.nan_to_num(figures(300, 3))
    fitted = LogisticRegression().fit(x, x[:, 0] + x[:, 5] > 0.2)
    own, other = x[:40], x[40:80]
    effects = share_out_linear(fitted.coef_[0], own, other, GROUPS)
    np.testing.assert_allclose(effects, by_every_coalition(fitted.decision_function, own, other), atol=1e-10)
    np.testing.assert_allclose(effects[:, 2], fitted.coef_[0][3] * (own[:, 3] - other[:, 3]))


def test_a_game_by_hand() -> None:
    """A leaf that takes both groups is halved between them; a group that is as in the baseline gets nothing."""
    x = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]] * 60)
    trees = HistGradientBoostingClassifier(max_iter=1, learning_rate=1, min_samples_leaf=5).fit(
        x, x[:, 0] * x[:, 1] > 0
    )
    effects = share_out_trees(trees, x[3:4], x[:1], np.array([0, 1, 2]))[0]
    whole = trees.decision_function(x[3:4])[0] - trees.decision_function(x[:1])[0]
    assert effects == pytest.approx([whole / 2, whole / 2, 0])
    one = share_out_trees(trees, x[1:2], x[:1], np.array([0, 1, 2]))[0]
    assert one == pytest.approx([0, 0, 0], abs=1e-12)  # alone, the first does nothing


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    trees, own, other = learn(5), figures(50, 6), figures(50, 7)
    whole = share_out_trees(trees, own, other, GROUPS)
    monkeypatch.setattr(churn_shapley, "_BATCH", 7)
    np.testing.assert_array_equal(share_out_trees(trees, own, other, GROUPS), whole)
