"""How much of a forecast's log-odds does each group of figures make? Exact Shapley values against a baseline."""

from __future__ import annotations

from math import factorial

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

_BATCH = 20_000


def share_out_trees(
    trees: HistGradientBoostingClassifier, values: np.ndarray, baseline: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """Share out the difference of the trees' log-odds between each row and its baseline among groups of features.

    The effect of a group is its Shapley value in the game whose players are the groups: a group that plays brings the
    row's own figures, one that does not the baseline's. For a single leaf this is known in closed form. A group whose
    conditions on the way to the leaf only the row meets must play for the leaf to be reached, one whose conditions only the
    baseline meets must not; with ``a`` of the former and ``b`` of the latter, each of the former gets (a-1)! b! / (a+b)! of
    the leaf's value, and each of the latter loses a! (b-1)! / (a+b)! of it. A leaf that some group cannot reach either way
    counts nothing. Trees add up, so their effects do.

    Source: Shapley (1953), A value for n-person games; Lundberg et al. (2020), From local explanations to global
    understanding with explainable AI for trees, Nature Machine Intelligence 2, on interventional values.

    Parameters
    ----------
    trees : fitted to two classes, without categorical features
    values, baseline : rows by features, as the trees take them; missing values are NaN
    groups : number of each feature's group, from 0

    Returns
    -------
    ndarray
        Rows by groups: effects on the log-odds, which add up to the difference of row and baseline.

    Examples
    --------
    >>> x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 25)
    >>> learnt = HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5).fit(x, x[:, 0] > 0)
    >>> effects = share_out_trees(learnt, x[3:4], x[:1], np.array([0, 1]))
    >>> bool(effects[0, 0] > 1), float(effects[0, 1])
    (True, 0.0)
    """
    count = int(groups.max()) + 1
    weights = _weights(count)
    effects = np.zeros((len(values), count))
    paths = [_paths(stage[0].nodes) for stage in trees._predictors]
    for start in range(0, len(values), _BATCH):
        rows = slice(start, start + _BATCH)
        for stage, leaves in zip(trees._predictors, paths, strict=True):
            effects[rows] += _share_out_tree(stage[0].nodes, leaves, values[rows], baseline[rows], groups, weights)
    return effects


def share_out_linear(
    coefficients: np.ndarray, values: np.ndarray, baseline: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """Share out the difference of a linear model's log-odds: coefficient times difference, added up by group.

    This is the Shapley value of a linear model; no game need be played.

    Examples
    --------
    >>> share_out_linear(np.array([2.0, -1.0, 1.0]), np.array([[1.0, 1.0, 5.0]]), np.zeros((1, 3)), np.array([0, 1, 1]))
    array([[2., 4.]])
    """
    parts = (values - baseline) * coefficients
    return np.column_stack([parts[:, groups == group].sum(axis=1) for group in range(int(groups.max()) + 1)])


def _weights(count: int) -> np.ndarray:
    """Return what a group gets of a leaf that ``a`` groups must and ``b`` must not play for: [0, a, b] and [1, a, b]."""
    weights = np.zeros((2, count + 1, count + 1))
    for a in range(count + 1):
        for b in range(count + 1 - a):
            if a:
                weights[0, a, b] = factorial(a - 1) * factorial(b) / factorial(a + b)
            if b:
                weights[1, a, b] = -factorial(a) * factorial(b - 1) / factorial(a + b)
    return weights


def _paths(nodes: np.ndarray) -> list[tuple[float, list[tuple[int, bool]]]]:
    """Return each leaf's value and the way to it: the inner nodes passed, and whether it goes left there."""
    found, waiting = [], [(0, [])]
    while waiting:
        at, way = waiting.pop()
        if nodes["is_leaf"][at]:
            found.append((float(nodes["value"][at]), way))
        else:
            waiting.append((int(nodes["left"][at]), [*way, (at, True)]))
            waiting.append((int(nodes["right"][at]), [*way, (at, False)]))
    return found


def _share_out_tree(
    nodes: np.ndarray,
    leaves: list[tuple[float, list[tuple[int, bool]]]],
    values: np.ndarray,
    baseline: np.ndarray,
    groups: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    effects = np.zeros((len(values), weights.shape[1] - 1))
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    own, other = ({at: _goes_left(nodes[at], table) for at in inner} for table in (values, baseline))
    for value, way in leaves:
        meets: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for at, left in way:
            group = int(groups[nodes["feature_idx"][at]])
            one, two = own[at] == left, other[at] == left
            if group in meets:
                one, two = one & meets[group][0], two & meets[group][1]
            meets[group] = one, two
        reached = np.logical_and.reduce([one | two for one, two in meets.values()]) if meets else np.array([False])
        must = {group: one & ~two for group, (one, two) in meets.items()}
        must_not = {group: two & ~one for group, (one, two) in meets.items()}
        a, b = (sum(table.values(), np.zeros(len(values), dtype=np.intp)) for table in (must, must_not))
        gets, loses = value * weights[0, a, b] * reached, value * weights[1, a, b] * reached
        for group in meets:
            effects[:, group] += gets * must[group] + loses * must_not[group]
    return effects


def _goes_left(node: np.void, table: np.ndarray) -> np.ndarray:
    figures = table[:, node["feature_idx"]]
    return np.where(np.isnan(figures), bool(node["missing_go_to_left"]), figures <= node["num_threshold"])
