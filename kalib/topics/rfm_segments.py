"""Which segment do three scores make? The international eleven, the Chinese eight cells, or the business's own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from kalib.errors import NotEnoughDataError

BINS = 5
"""Scores run from 1 to this, unless the settings say otherwise."""

FEWEST, MOST = 2, 10
"""How many scores there may be."""

SEGMENTS = (
    "champions",
    "loyal",
    "potential_loyalist",
    "new_customers",
    "promising",
    "need_attention",
    "about_to_sleep",
    "at_risk",
    "cant_lose_them",
    "hibernating",
    "lost",
)
"""The international segments, best first."""

GRID = {
    # fm:   1                 2                     3                     4            5
    5: ("new_customers", "potential_loyalist", "potential_loyalist", "champions", "champions"),
    4: ("promising", "potential_loyalist", "potential_loyalist", "loyal", "loyal"),
    3: ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose_them"),
    1: ("lost", "lost", "at_risk", "at_risk", "cant_lose_them"),
}
"""Segment by recency (the key) and by frequency and money together, fm, both in fifths from 1 to 5."""

SEGMENTS_8 = {
    # M high?  R high?  F high?
    (True, True, True): "important_value",
    (True, True, False): "important_develop",
    (True, False, True): "important_keep",
    (True, False, False): "important_winback",
    (False, True, True): "general_value",
    (False, True, False): "general_develop",
    (False, False, True): "general_keep",
    (False, False, False): "general_winback",
}
"""The Chinese eight cells, best first: is the score above the mean score of all customers?"""

LEAVING = ("at_risk", "cant_lose_them")
"""Segments of customers who bought often and for much, and not recently."""

WORTH = 3
"""Frequency and money together, in fifths: from here on a customer is worth much."""

AXES = ("r", "f", "m")
"""What a rule may ask of: recency, frequency and money score."""

Bins = tuple[int, int, int]
"""How many scores of recency, frequency and money there are."""

Rule = Mapping[str, object]
"""A segment of the business's own: ``name``, and of ``r``, ``f``, ``m`` those it asks for, each as (from, to) or None."""


def find_fifths(bins: int) -> list[int]:
    """Find the fifth that each score from 1 to ``bins`` stands for: the one that the middle of its band lies in.

    The lowest score is always the first fifth and the highest the last, so two scores are 1 and 5.

    Examples
    --------
    >>> find_fifths(5), find_fifths(4), find_fifths(3), find_fifths(2)
    ([1, 2, 3, 4, 5], [1, 2, 4, 5], [1, 3, 5], [1, 5])
    """
    if bins == 2:
        return [1, BINS]
    return [(2 * score - 1) * BINS // (2 * bins) + 1 for score in range(1, bins + 1)]


def find_segment(r_score: int, f_score: int, m_score: int, *, bins: Bins = (BINS, BINS, BINS)) -> str:
    """Find the international segment of three scores; each combination of scores has exactly one.

    Scores are taken as fifths first, whatever their number. Frequency and money then count as one: their mean, a half
    rounded up. The grid gives the segment. It is the common one of recency and frequency, with the customers who are
    lowest on both split into hibernating and lost.

    Examples
    --------
    >>> find_segment(5, 5, 4), find_segment(1, 1, 1), find_segment(2, 5, 5)
    ('champions', 'lost', 'cant_lose_them')
    >>> find_segment(10, 9, 10, bins=(10, 10, 10)), find_segment(1, 3, 3, bins=(3, 3, 3))
    ('champions', 'cant_lose_them')
    """
    recency, both = _place((r_score, f_score, m_score), bins)
    return GRID[recency][both - 1]


def is_worth_much(r_score: int, f_score: int, m_score: int, *, bins: Bins = (BINS, BINS, BINS)) -> bool:
    """Say whether three scores mean worth much: frequency and money together in the upper three fifths, however long ago.

    Examples
    --------
    >>> is_worth_much(1, 4, 4), is_worth_much(5, 2, 3), is_worth_much(5, 2, 2)
    (True, True, False)
    """
    return _place((r_score, f_score, m_score), bins)[1] >= WORTH


def list_cells(bins: Bins) -> list[tuple[int, int, int]]:
    """List the combinations of scores, money changing fastest: the order of every table that is looked up by cell."""
    return list(product(*(range(1, most + 1) for most in bins)))


def assign_cells(bins: Bins, segments: Sequence[Rule] | None = None, *, rest: str | None = None) -> list[str]:
    """Assign each combination of scores to its segment, in the order of ``list_cells``.

    Parameters
    ----------
    segments : rules of the business's own; default: the international eleven
    rest : segment of what no rule covers

    Raises
    ------
    NotEnoughDataError
        ``rfm_rules_overlap`` or ``rfm_rules_leave_out``: the rules do not give each combination exactly one segment.
        The settings refuse such rules; here they come from Python, or meet a model with other scores.

    Examples
    --------
    >>> rules = [{"name": "lately", "r": (4, 5)}, {"name": "rich", "r": (1, 3), "m": (5, 5)}]
    >>> cells = assign_cells((5, 5, 5), rules, rest="others")
    >>> {name: cells.count(name) for name in ("lately", "rich", "others")}
    {'lately': 50, 'rich': 15, 'others': 60}
    """
    if segments is None:
        return [find_segment(*cell, bins=bins) for cell in list_cells(bins)]
    assigned = []
    for cell in list_cells(bins):
        names = [str(rule["name"]) for rule in segments if _covers(rule, cell)]
        if len(names) > 1:
            raise NotEnoughDataError("rfm_rules_overlap", one=names[0], other=names[1], cell=_say(cell))
        if not names and rest is None:
            raise NotEnoughDataError("rfm_rules_leave_out", cell=_say(cell))
        assigned.append(names[0] if names else rest)
    return assigned


def assign_eight(bins: Bins, means: tuple[float, float, float]) -> list[str]:
    """Assign each combination of scores to one of the eight cells: is each score above its mean?

    Parameters
    ----------
    means : mean score of recency, frequency and money over all customers

    Examples
    --------
    >>> assign_eight((2, 2, 2), (1.5, 1.5, 1.5))[-1]
    'important_value'
    """
    high = [tuple(score > mean for score, mean in zip(cell, means, strict=True)) for cell in list_cells(bins)]
    return [SEGMENTS_8[money, recency, frequency] for recency, frequency, money in high]


def find_unreachable(
    cells: Sequence[str], bins: Bins, scores: tuple[np.ndarray, np.ndarray, np.ndarray], *, among: Sequence[str]
) -> list[str]:
    """Find the segments that nobody can be in, because no customer has the scores that they ask for.

    Parameters
    ----------
    cells : segment of each combination of scores, as ``assign_cells`` returns them
    scores : the scores of recency, of frequency and of money that customers have
    among : the segments, in their order
    """
    have = [set(np.unique(own).tolist()) for own in scores]
    open_to = {
        name
        for name, cell in zip(cells, list_cells(bins), strict=True)
        if all(score in own for score, own in zip(cell, have, strict=True))
    }
    return [name for name in among if name not in open_to]


def _place(scores: Bins, bins: Bins) -> tuple[int, int]:
    recency, frequency, money = (find_fifths(most)[score - 1] for score, most in zip(scores, bins, strict=True))
    return recency, (frequency + money + 1) // 2


def _covers(rule: Rule, cell: tuple[int, int, int]) -> bool:
    bands = [rule.get(axis) or (1, score) for axis, score in zip(AXES, cell, strict=True)]
    return all(low <= score <= high for (low, high), score in zip(bands, cell, strict=True))


def _say(cell: tuple[int, int, int]) -> str:
    return "R {} F {} M {}".format(*cell)
