"""How much does each criterion count? Equally, as given, by pairwise judgements, or by how far it tells accounts apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.topics.scorecard import Sheet, score_criteria, score_measure

METHODS = ("equal", "given", "ahp", "entropy")
"""Where weights may come from, in the order in which they are shown."""

RANDOM_INDEX = {3: 0.52, 4: 0.89, 5: 1.11, 6: 1.25, 7: 1.35, 8: 1.40, 9: 1.45, 10: 1.49}
"""Mean consistency index of random judgements by the number of things compared (Saaty and Tran 2007, table 3)."""

MOST_INCONSISTENT = 0.10
"""Judgements that contradict each other more than this are refused unless the job insists."""


def weigh_equally(count: int) -> np.ndarray:
    """Return the same weight for each criterion."""
    return np.full(count, 1 / count)


def weigh_as_given(criteria: Sequence[str], given: Mapping[str, float]) -> np.ndarray:
    """Return the job's own weights, scaled to add up to 1 over the criteria that the data has.

    Raises
    ------
    NotEnoughDataError
        ``scorecard_no_weight``: all the weight lies on criteria that the data lacks.
    """
    weights = np.array([float(given.get(name, 0.0)) for name in criteria])
    if weights.sum() <= 0:
        raise NotEnoughDataError("scorecard_no_weight")
    return weights / weights.sum()


def read_judgements(criteria: Sequence[str], judgements: Mapping[str, str | float]) -> np.ndarray:
    """Return pairwise judgements as a matrix: the entry of a row and a column says how many times more the row counts.

    Parameters
    ----------
    criteria : what is compared, in the order of the rows; pairs with others are passed over
    judgements : ``profit/loyalty`` to 3 or "1/3"; the opposite entry is its inverse

    Raises
    ------
    NotEnoughDataError
        ``scorecard_ahp_incomplete``: a pair has no judgement.

    Examples
    --------
    >>> read_judgements(["a", "b"], {"b/a": "1/3"}).tolist()
    [[1.0, 3.0], [0.3333333333333333, 1.0]]
    """
    at = {name: i for i, name in enumerate(criteria)}
    matrix = np.full((len(at), len(at)), np.nan)
    np.fill_diagonal(matrix, 1.0)
    for pair, figure in judgements.items():
        one, _, other = (part.strip() for part in pair.partition("/"))
        if one in at and other in at:
            exact = Fraction(str(figure))
            matrix[at[one], at[other]], matrix[at[other], at[one]] = float(exact), float(1 / exact)
    gaps = np.argwhere(np.isnan(matrix))
    if len(gaps):
        i, j = gaps[0]
        raise NotEnoughDataError("scorecard_ahp_incomplete", one=criteria[i], other=criteria[j])
    return matrix


def weigh_by_judgement(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the weights of pairwise judgements and how far these contradict each other.

    The weights are the principal eigenvector of the matrix, scaled to add up to 1. With its eigenvalue l and n things
    compared, the consistency index is (l - n) / (n - 1), and the consistency ratio is that over the mean index of random
    judgements (``RANDOM_INDEX``). Two things can't contradict each other: 0.

    Parameters
    ----------
    matrix : square, above 0, each entry the inverse of its opposite

    Returns
    -------
    weights, consistency ratio

    Notes
    -----
    Saaty (2008), Int. J. Services Sciences 1(1), 83-98. His older table of random indices (1.32 for seven things) gives
    the drinks of that paper the same ratio to the printed digits.

    Examples
    --------
    >>> weights, ratio = weigh_by_judgement(np.array([[1, 2, 6], [1 / 2, 1, 3], [1 / 6, 1 / 3, 1]]))
    >>> weights.round(3).tolist(), round(ratio, 6)
    ([0.6, 0.3, 0.1], 0.0)
    """
    count = len(matrix)
    values, vectors = np.linalg.eig(matrix)
    first = int(np.argmax(values.real))
    weights = np.abs(vectors[:, first].real)
    weights = weights / weights.sum()
    if count < 3:
        return weights, 0.0
    index = (float(values[first].real) - count) / (count - 1)
    return weights, max(index, 0.0) / RANDOM_INDEX[min(count, max(RANDOM_INDEX))]


def find_contradiction(criteria: Sequence[str], matrix: np.ndarray, weights: np.ndarray) -> dict[str, object]:
    """Find the judgement that lies furthest from what all judgements together say.

    Returns
    -------
    dict
        one, other (criteria, the first counting more by the judgement), judged, implied (the ratio of their weights).
    """
    implied = weights[:, None] / weights[None, :]
    distance = np.abs(np.log(matrix / implied))
    i, j = np.unravel_index(int(np.argmax(np.round(distance, 9))), distance.shape)
    if matrix[i, j] < 1:
        i, j = j, i
    return {"one": criteria[i], "other": criteria[j], "judged": float(matrix[i, j]), "implied": float(implied[i, j])}


def scale_by_range(sheet: Sheet) -> np.ndarray:
    """Return the criteria with every figure on the way from its worst (0) to its best (1), however the job scores them.

    Ranks lie evenly whatever the figures are, so that weights from the data would tell how many figures a criterion is made
    of and how many accounts are equal, not how the accounts differ. A criterion is the mean of its known figures here too.

    Returns
    -------
    array
        Accounts by criteria, 0 to 1, missing where nothing is known; a mark (threshold) of the job is passed over.
    """
    columns = [
        score_measure(sheet.values[use.name].to_numpy(float), higher=use.higher, normalise="range")
        for use in sheet.uses
    ]
    return score_criteria(np.column_stack(columns), sheet.uses, sheet.criteria)


def weigh_by_entropy(figures: np.ndarray) -> np.ndarray:
    """Return weights from the data: a criterion counts the more, the more unequally its figures are spread.

    Each criterion's figures, over the accounts that have one, are turned into shares of their sum; the entropy of the
    shares, over that of as many equal shares, says how alike the accounts are. One less that is the criterion's
    diversity, and the weights are the diversities scaled to add up to 1. A share of 0 adds nothing. A criterion that is
    the same for all, or known of fewer than two accounts, gets 0; where all are, the weights are equal.

    Nothing is trimmed: where one account is far above all others, its criterion takes most of the weight. The mean of
    several figures that go their own ways is less unequal than any one of them.

    Parameters
    ----------
    figures : accounts by criteria, 0 to 1, missing where unknown, as ``scale_by_range`` returns them

    Notes
    -----
    Shannon (1948); as weights: Hwang and Yoon (1981), Multiple Attribute Decision Making, section 3.2.

    Examples
    --------
    >>> weigh_by_entropy(np.array([[1.0, 0.5], [0.0, 0.5]])).tolist()
    [1.0, 0.0]
    """
    diversity = np.zeros(figures.shape[1])
    for at in range(figures.shape[1]):
        own = figures[~np.isnan(figures[:, at]), at]
        if len(own) < 2 or own.sum() <= 0 or own.min() == own.max():
            continue
        shares = own[own > 0] / own.sum()
        diversity[at] = max(1 + float((shares * np.log(shares)).sum()) / np.log(len(own)), 0.0)
    if diversity.sum() <= 0:
        return weigh_equally(figures.shape[1])
    return diversity / diversity.sum()


def compare_weights(
    sheet: Sheet,
    *,
    given: Mapping[str, float] | None = None,
    judgements: Mapping[str, str | float] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """Return the weights by every method that the job gives what it needs, and what is to be said of the judgements.

    Parameters
    ----------
    sheet : as ``build_sheet`` returns it
    given, judgements : of the job file; empty where it has none

    Returns
    -------
    dict of method to weights, in the order of ``sheet.criteria``
    dict of facts: consistency (NaN without judgements), and one, other, judged, implied of the worst judgement; where a pair
        of criteria that the data has was not judged, there are no weights by judgement, and unjudged and unjudged_against
        name the pair
    """
    found = {"equal": weigh_equally(len(sheet.criteria))}
    facts: dict[str, object] = {"consistency": float("nan"), "one": "", "other": "", "judged": 0.0, "implied": 0.0}
    if given and sum(given.get(name, 0.0) for name in sheet.criteria) > 0:
        found["given"] = weigh_as_given(sheet.criteria, given)
    if judgements:
        try:
            matrix = read_judgements(sheet.criteria, judgements)
        except NotEnoughDataError as gap:
            facts |= {"unjudged": gap.facts["one"], "unjudged_against": gap.facts["other"]}
        else:
            found["ahp"], facts["consistency"] = weigh_by_judgement(matrix)
            facts |= find_contradiction(sheet.criteria, matrix, found["ahp"])
    found["entropy"] = weigh_by_entropy(scale_by_range(sheet))
    return found, facts


def choose_weights(
    sheet: Sheet,
    method: str = "equal",
    *,
    given: Mapping[str, float] | None = None,
    judgements: Mapping[str, str | float] | None = None,
    force: bool = False,
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, object]]:
    """Return the weights that the job asks for, beside those of the other methods.

    Raises
    ------
    NotEnoughDataError
        ``scorecard_ahp_inconsistent``: the judgements contradict each other by a ratio above .10 and the job does not
        insist. ``scorecard_no_weight``, ``scorecard_ahp_incomplete``: the job's weights miss the criteria that are there.
        Only the method that the job asks for can fail; what is for comparison only is left out.
    """
    found, facts = compare_weights(sheet, given=given, judgements=judgements)
    if method == "given" and method not in found:
        raise NotEnoughDataError("scorecard_no_weight")
    if method == "ahp" and method not in found:
        read_judgements(sheet.criteria, judgements or {})  # raises: the pair that is missing is named
    if method == "ahp" and facts["consistency"] > MOST_INCONSISTENT and not force:
        raise NotEnoughDataError("scorecard_ahp_inconsistent", most=MOST_INCONSISTENT, **facts)
    return found[method], found, facts


def tabulate_weights(sheet: Sheet, chosen: np.ndarray, found: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Tabulate the weights of every method, the chosen ones first.

    Returns
    -------
    DataFrame
        criterion, weight, weight_<method> per method found, known_share (of accounts with that criterion) and
        score_spread (standard deviation of the criterion's scores: of two criteria with equal weights the one with the
        larger spread moves the order of accounts more).
    """
    scores = sheet.criterion_scores
    return pd.DataFrame(
        {
            "criterion": sheet.criteria,
            "weight": chosen,
            **{f"weight_{method}": weights for method, weights in found.items()},
            "known_share": (~np.isnan(scores)).mean(axis=0),
            "score_spread": np.nanstd(scores, axis=0),
        }
    )
