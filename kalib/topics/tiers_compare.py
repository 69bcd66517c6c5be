"""Are the tiers better than a plain ranking by net sales?"""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_columns, check_key
from kalib.topics.tiers import REDRAWN_ROWS, Points, TierModel
from kalib.topics.tiers_points import FEATURES, check_customers, draw_weights, pick_rows

METHODS = ("clusters", "sales_rank", "sales_quantiles")
"""The tiers; as many customers per tier from the top by net sales alone; as many in each tier, by net sales alone."""

REDRAWN = 300
"""Resamples of the accounts from which the intervals of the lead come."""

ROWS = 25_000
"""Accounts that are drawn anew for them; of more, every n-th."""


def compare_tiers(
    customers: pd.DataFrame,
    *,
    model: TierModel,
    past: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the tiers with two plain ones by net sales of the year alone: of the same sizes, and all of one size.

    By net sales of that same year a ranking can't lose. Fair questions are which of them comes back when customers are
    drawn anew, and, as of a ``past`` snapshot, which tells more of what was bought since: how much of the differences in
    later net sales (their fourth root) lies between the tiers and not within them, and how much of the later money came
    from the top tier. The lead of the tiers over each plain way has an interval (95 %): the same accounts are drawn with
    replacement for both. A past that is too thin to be graded is left out: it decides nothing about the tiers of today.

    Beware that the past is grouped anew with the number of tiers, the features and the weights of ``model``, and these may
    have been chosen on today's customers: nobody knew them then. The plain ways are given the same number, so that none
    of the three has an advantage by it, but the level of all three is not quite what would have been reached then.

    Parameters
    ----------
    customers : one row per customer of one snapshot, as for ``TierModel.fit``
    model : its settings are used; it is fitted anew, on the past snapshot where there is one
    past : customers of a past snapshot, and what they bought in a horizon after it: customer_id, net_sales_ahead
    seed : of the intervals

    Returns
    -------
    DataFrame
        A row per method: method, top_customers, top_net_sales_share, tier_stability (mean over the customers with an
        order in the year), and as of a past snapshot top_net_sales_ahead_share, explained_share (of the differences in
        later net sales among those with an order in the year), lead_share, lead_low,
        lead_high (explained_share of the tiers less that of this method), top_lead_share, top_lead_low and top_lead_high
        (the same for top_net_sales_ahead_share, where the top tiers are as large). Absent where there is nothing to share.
        No row where neither snapshot has enough customers to be grouped anew, as may be with a model of another run.
    """
    table, fitted, points, outcomes = customers, None, None, None
    if past is not None:
        with suppress(NotEnoughDataError):
            table, (fitted, points), outcomes = past[0], _fit(past[0], model), past[1]
    if fitted is None:
        with suppress(NotEnoughDataError):
            table, (fitted, points) = customers, _fit(customers, model)
    if fitted is None:
        return pd.DataFrame(columns=["method", "top_customers", "top_net_sales_share", "tier_stability"])
    ranks = _rank(fitted, points)
    stability = _measure_stability(fitted, points, ranks)
    rows = [
        {
            "method": method,
            "top_customers": int((rank == 0).sum()),
            "top_net_sales_share": share(add(points.sales[rank == 0].tolist()), add(points.sales.tolist())),
            "tier_stability": stability[method],
        }
        for method, rank in ranks.items()
    ]
    if outcomes is not None:
        ahead, silent = _find_ahead(table, points, outcomes)
        for row, later in zip(
            rows,
            _measure_ahead(ranks, ahead, silent, pick_rows([*points.placed.T, points.sales, ahead], ROWS), seed=seed),
            strict=True,
        ):
            row |= later
    return pd.DataFrame(rows)


def rate_tiers(tiers: pd.DataFrame, classes: pd.Series) -> dict[str, float]:
    """Rate the tiers, and plain ones, by how well they find classes that are known: the adjusted Rand index.

    Parameters
    ----------
    tiers : as ``assign_tiers`` returns it
    classes : the known class of each customer, by customer_id

    Returns
    -------
    dict
        ``METHODS`` to the index (Hubert and Arabie 1985), over the customers with an order in the year who have a class.

    Examples
    --------
    >>> tiers = pd.DataFrame({"customer_id": list("abcd"), "tier_rank": [1, 1, 2, 2], "orders_365_days": 1,
    ...     "net_sales_365_days": [90.0, 70, 80, 10]})
    >>> rate_tiers(tiers, pd.Series(["x", "x", "y", "y"], index=list("abcd")))
    {'clusters': 1.0, 'sales_rank': -0.5, 'sales_quantiles': -0.5}
    """
    table = tiers[(tiers["orders_365_days"] > 0) & tiers["customer_id"].isin(classes.index)]
    sales, known = table["net_sales_365_days"].to_numpy(float), classes.reindex(table["customer_id"]).to_numpy()
    count = int(tiers["tier_rank"].max())
    clusters = table["tier_rank"].to_numpy() - 1
    return {
        method: float(adjusted_rand_score(known, rank))
        for method, rank in zip(METHODS, (clusters, *_rank_plainly(sales, clusters, count)), strict=True)
    }


def _fit(customers: pd.DataFrame, model: TierModel) -> tuple[TierModel, Points]:
    points = Points.prepare(customers, model.features or FEATURES, count=model.count)
    return clone(model).set_params(seeds=0).fit_points(points), points


def _rank(model: TierModel, points: Points) -> dict[str, np.ndarray]:
    clusters = model.assign(points.placed, model.groups_)
    return dict(zip(METHODS, (clusters, *_rank_plainly(points.sales, clusters, model.count)), strict=True))


def _rank_plainly(sales: np.ndarray, clusters: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    ones = np.ones(len(sales))
    sizes, even = _shares(clusters, count), np.arange(1, count) / count
    return rank_by_sales(sales, sizes, weights=ones), rank_by_sales(sales, even, weights=ones)


def _shares(rank: np.ndarray, count: int) -> np.ndarray:
    return np.cumsum(np.bincount(rank, minlength=count))[:-1] / len(rank)


def _measure_stability(model: TierModel, points: Points, ranks: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the share of customers whose tier is the same when the customers are drawn anew."""
    rows = points.pick(REDRAWN_ROWS)
    placed, sales = points.placed[rows], points.sales[rows]
    sizes, even = _shares(ranks["sales_rank"][rows], model.count), np.arange(1, model.count) / model.count
    plain = {
        method: rank_by_sales(sales, shares, weights=np.ones(len(rows)))
        for method, shares in (("sales_rank", sizes), ("sales_quantiles", even))
    }
    same = dict.fromkeys(METHODS, 0.0)
    for groups, weights in zip(model.drawn_, draw_weights(len(rows), len(model.drawn_), seed=model.seed), strict=True):
        same["clusters"] += float((model.assign(placed, groups) == ranks["clusters"][rows]).mean())
        for method, shares in (("sales_rank", sizes), ("sales_quantiles", even)):
            again = rank_by_sales(sales, shares, weights=weights.astype(float))
            same[method] += float((again == plain[method]).mean())
    return {method: total / max(len(model.drawn_), 1) for method, total in same.items()}


def _find_ahead(table: pd.DataFrame, points: Points, outcomes: pd.DataFrame) -> tuple[np.ndarray, float]:
    """Return what each of the points bought later, and what those bought who are in the last tier by rule."""
    check_columns(outcomes, ["customer_id", "net_sales_ahead"], name="outcomes")
    check_key(outcomes, ["customer_id"], name="outcomes")
    known = check_customers(table)
    later = known["customer_id"].map(outcomes.set_index("customer_id")["net_sales_ahead"]).fillna(0.0)
    ahead = later.to_numpy(float)
    inside = np.zeros(len(ahead), dtype=bool)
    inside[points.positions] = True
    return ahead[points.positions], add(ahead[~inside].tolist())


def _measure_ahead(
    ranks: dict[str, np.ndarray], ahead: np.ndarray, silent: float, rows: np.ndarray, *, seed: int
) -> list[dict[str, float]]:
    total = add(ahead.tolist()) + silent
    count = 1 + max(int(rank.max()) for rank in ranks.values())
    everyone, root = np.ones(len(ahead)), np.sqrt(np.sqrt(np.maximum(ahead, 0)))
    whole = {m: (_explain(r, root, everyone, count), _top(r, ahead, everyone, silent)) for m, r in ranks.items()}
    part = silent * len(rows) / len(ahead)
    few = {method: rank[rows] for method, rank in ranks.items()}
    drawn: dict[str, list[tuple[float, float]]] = {method: [] for method in ranks}
    for weights in (np.ones(len(rows)), *draw_weights(len(rows), REDRAWN, seed=seed)):
        for method, rank in few.items():
            told, top = _explain(rank, root[rows], weights, count), _top(rank, ahead[rows], weights, part)
            drawn[method].append((told, top))
    found = []
    for method, rank in ranks.items():
        row = {
            "top_net_sales_ahead_share": share(add(ahead[rank == 0].tolist()), total),
            "explained_share": whole[method][0],
        }
        for at, name in ((0, "lead"), (1, "top_lead")):
            if method == "sales_rank" or (at == 0 and method != "clusters"):
                lead = whole["clusters"][at] - whole[method][at]
                leads = np.array(
                    [ours[at] - theirs[at] for ours, theirs in zip(drawn["clusters"], drawn[method], strict=True)]
                )
                low, high = lead + np.quantile(leads[1:] - leads[0], [0.025, 0.975])
                row |= {f"{name}_share": float(lead), f"{name}_low": float(low), f"{name}_high": float(high)}
        found.append(row)
    return found


def _explain(rank: np.ndarray, figures: np.ndarray, weights: np.ndarray, count: int) -> float:
    """Return the share of the squared differences in ``figures`` that lies between the ranks."""
    sizes = np.bincount(rank, weights=weights, minlength=count)
    sums = np.bincount(rank, weights=weights * figures, minlength=count)
    mean = sums.sum() / sizes.sum()
    filled = sizes > 0
    between = float((sums[filled] ** 2 / sizes[filled]).sum() - sizes.sum() * mean**2)
    return share(between, float((weights * (figures - mean) ** 2).sum()))


def _top(rank: np.ndarray, ahead: np.ndarray, weights: np.ndarray, silent: float) -> float:
    return share(float((weights * ahead)[rank == 0].sum()), float((weights * ahead).sum()) + silent)


def rank_by_sales(sales: np.ndarray, shares: np.ndarray, *, weights: np.ndarray) -> np.ndarray:
    """Rank from 0 by net sales so that the given cumulative shares of the weight are in the better tiers.

    Equal net sales are in the same tier, the better one.

    Examples
    --------
    >>> rank_by_sales(np.array([5.0, 9.0, 1.0, 5.0]), np.array([0.5]), weights=np.ones(4))
    array([0, 0, 1, 0])
    """
    order = np.argsort(-sales, kind="stable")
    reached = np.searchsorted(np.cumsum(weights[order]), shares * weights.sum() - 0.5)
    return (sales[:, None] < sales[order][np.minimum(reached, len(sales) - 1)]).sum(axis=1)
