"""How many tiers can the customers be parted into, and why so many?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.metrics import calinski_harabasz_score, silhouette_score

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.topics.tiers import REDRAWN_ROWS, Features, Points, TierModel
from kalib.topics.tiers_points import FEATURES

SAME = 0.05
"""Silhouettes, and agreements, that lie no further apart than this count as equal; so do Calinski and Harabasz's
indices, as a share of the best."""

JUDGED = 20
"""Resamples that a number of tiers is judged by; the model of the chosen one goes on to all of them."""

_SILHOUETTE_ROWS = 3_000  # quadratic


def fit_tiers(
    customers: pd.DataFrame,
    *,
    count: int | None = None,
    counts: Sequence[int] = (3, 4, 5),
    features: Features | None = None,
    clusterer: str | BaseEstimator | None = None,
    min_share: float = 0.01,
    min_customers: int = 10,
    min_agreement: float = 0.6,
    resamples: int = 30,
    seeds: int = 5,
    seed: int = 0,
) -> tuple[TierModel, pd.DataFrame]:
    """Fit a model for each number of tiers and choose among them, by a rule that is applied in this order.

    1. A number is out if its smallest tier has fewer customers than the business wants to name (``min_customers``, and
       ``min_share`` of those with an order in the year), or if its tiers do not come back (agreement below
       ``min_agreement``).
    2. Of the rest, those stay whose silhouette is within 0.05 of the best: they part the customers as clearly.
    3. Of these, those whose agreement with resamples is within 0.05 of the best: they come back as surely.
    4. Of these, those whose Calinski-Harabasz index is within a twentieth of the best: they are as tight for their number.
    5. Of these, the fewest tiers.

    Where none passes the first step, the least number is taken, and called the least bad.

    Parameters
    ----------
    customers : one row per customer of one snapshot, as for ``TierModel.fit``
    count : the number that is asked for; it is judged like the others, and fitted whatever the judgement
    counts : numbers of tiers to try, of 2 to 5
    features, clusterer, resamples, seeds, seed : as for ``TierModel``
    min_share, min_customers : least share and number, of the customers with an order in the year, in the smallest tier
    min_agreement : least adjusted Rand index of resampled tiers with these

    Returns
    -------
    TierModel
        Of ``count`` tiers, or of the number chosen.
    DataFrame
        One row per number of tiers: tier_count, silhouette (Rousseeuw 1987; of every n-th customer up to 3,000),
        calinski_harabasz (1974; of every n-th up to 10,000), agreement (mean adjusted Rand index, Hubert and Arabie
        1985, with 20 resamples), smallest_tier and
        smallest_tier_share (of the customers with an order in the year), top_customers, top_net_sales_share, chosen,
        least_customers (that the smallest tier must have), why: ``chosen``, ``too_small``, ``unstable``, ``less_separate``, ``less_agreeing``, ``less_tight``, ``no_better``
        (as good as the chosen, with more tiers), or ``only_choice`` on the least number of tiers where none passes.

    Raises
    ------
    NotEnoughDataError
        As ``TierModel.fit``, for ``count`` or for the least of ``counts``. Other numbers that the customers can't fill
        are left out.
    """
    points = Points.prepare(customers, features or FEATURES, count=count or min(counts))
    total = add(points.sales.tolist())
    models: dict[int, TierModel] = {}
    refused: dict[int, NotEnoughDataError] = {}
    rows = []
    for tried in sorted({*counts, count} - {None}):
        model = TierModel(count=tried, features=features, clusterer=clusterer, seeds=0, seed=seed)
        try:
            models[tried] = model.set_params(resamples=min(resamples, JUDGED)).fit_points(points)
        except NotEnoughDataError as error:
            refused[tried] = error
            continue
        rows.append(_judge(models[tried], points, total=total))
    if count in refused or not models:
        raise refused[count or min(refused)]
    choice = _choose(pd.DataFrame(rows), min_share=min_share, min_customers=min_customers, min_agreement=min_agreement)
    choice["least_customers"] = max(min_customers, math.ceil(min_share * len(points.sales)))
    model = models[count or int(choice.loc[choice["chosen"], "tier_count"].iloc[0])]
    return model.set_params(resamples=resamples, seeds=seeds).repeat(points, resamples=resamples, seeds=seeds), choice


def _choose(table: pd.DataFrame, *, min_share: float, min_customers: int, min_agreement: float) -> pd.DataFrame:
    small = (table["smallest_tier_share"] < min_share) | (table["smallest_tier"] < min_customers)
    unstable = table["agreement"] < min_agreement
    passed = ~small & ~unstable
    apart = passed & (table["silhouette"] >= table.loc[passed, "silhouette"].max() - SAME)
    sure = apart & (table["agreement"] >= table.loc[apart, "agreement"].max() - SAME)
    best = sure & (table["calinski_harabasz"] >= table.loc[sure, "calinski_harabasz"].max() * (1 - SAME))
    chosen = table.index[best][0] if best.any() else table.index[0]
    table["chosen"] = table.index == chosen
    table["why"] = np.select(
        [small, unstable, ~apart, ~sure, ~best],
        ["too_small", "unstable", "less_separate", "less_agreeing", "less_tight"],
        "no_better",
    )
    table.loc[chosen, "why"] = "chosen" if best.any() else "only_choice"
    return table.astype({"why": "str"})


def _judge(model: TierModel, points: Points, *, total: float) -> dict[str, int | float]:
    rank = model.assign(points.placed, model.groups_)
    sizes = np.bincount(rank, minlength=model.count)
    few, redrawn = points.pick(_SILHOUETTE_ROWS), points.pick(REDRAWN_ROWS)
    agreement = [
        measure_agreement(rank[redrawn], model.assign(points.placed[redrawn], groups)) for groups in model.drawn_
    ]
    return {
        "tier_count": model.count,
        "silhouette": float(silhouette_score(points.placed[few], rank[few])),
        "calinski_harabasz": float(calinski_harabasz_score(points.placed[points.picked], rank[points.picked])),
        "agreement": math.fsum(agreement) / len(agreement) if agreement else math.nan,
        "smallest_tier": int(sizes.min()),
        "smallest_tier_share": float(sizes.min() / len(rank)),
        "top_customers": int(sizes[0]),
        "top_net_sales_share": share(add(points.sales[rank == 0].tolist()), total),
    }


def measure_agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Measure how far two ways to part the same customers agree: the adjusted Rand index (Hubert and Arabie 1985, eq. 5).

    Parameters
    ----------
    one, other : the part of each customer, from 0

    Examples
    --------
    >>> measure_agreement(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    parts = 1 + max(int(one.max()), int(other.max()))
    both = np.bincount(one.astype(np.int64) * parts + other, minlength=parts**2).reshape(parts, parts)
    pairs, first, second = (
        float((sizes * (sizes - 1) // 2).sum()) for sizes in (both, both.sum(axis=1), both.sum(axis=0))
    )
    by_chance = first * second / (len(one) * (len(one) - 1) / 2)
    most = (first + second) / 2
    return 1.0 if most == by_chance else (pairs - by_chance) / (most - by_chance)
