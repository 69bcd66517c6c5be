"""Which customers belong together by what they buy in a year, and in which order of worth?"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted, has_fit_parameter
from threadpoolctl import threadpool_limits

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.topics.tiers_points import (
    CHUNK,
    FEATURES,
    NEEDED,
    Scaling,
    check_customers,
    draw_weights,
    every_nth,
    find_nearest,
    is_active,
    is_sorted,
    learn_scaling,
    measure_margin,
    measure_squares,
    pick_other,
)

TIERS = {
    2: ("key", "standard"),
    3: ("strategic", "standard", "tail"),
    4: ("strategic", "key", "standard", "tail"),
    5: ("strategic", "key", "growth", "standard", "tail"),
}
"""Names of the tiers by their number, best first. A name says the position, not what the customers do: whether
``growth`` grows is seen in ``summarise_tiers``. A job may name them otherwise under ``tier_names:``. More than five have
no names that a sales force would keep apart."""

CLUSTERERS = {
    "kmeans": lambda: None,
    "mini_batch_kmeans": lambda: MiniBatchKMeans(n_init=10),
    "gaussian_mixture": lambda: GaussianMixture(n_init=3),
}
"""Clusterers that a job may name: those whose fitted state skops keeps without running anything when it is read."""

LEAST_PER_TIER = 10
"""With fewer customers with an order in the year per tier than this, tiers are refused."""

ROWS = 10_000
"""Customers among whom centres are sought; of more, every n-th by net sales. More starts help, more rows don't."""

REDRAWN_ROWS = 5_000
"""Customers who are drawn anew; of more, every n-th of them. What a resample of few differs by is then said, at most."""

Features = Mapping[str, Mapping[str, float | str]]


class TierModel(BaseEstimator):
    """Group customers into tiers ordered by mean net sales of the year, by k-means or another clusterer.

    Grouped are the customers with an order in the 365 days up to the snapshot date, by a few figures of theirs. Each is
    scaled (fourth root, logarithm ...), centred, divided by its standard deviation, so that the currency doesn't matter,
    and weighted. Whoever has no order in the year is in the last tier by rule, and takes no part in the grouping. A
    feature that the table lacks, that fewer than half of these customers have, or that is the same for all, is left out
    and named in ``left_out_``; who lacks a figure that others have counts as their median.

    The rows are put in order before anything is drawn, the seed is fixed and one thread adds up, so that the same
    customers give the same tiers whatever the row order. Beyond 10,000 customers the groups are found among every n-th
    and then all are assigned.

    With it are kept the groups found when customers are drawn anew (as many, with replacement, in the same scaled
    figures; beyond 5,000 customers among every n-th of them) and when the search starts from other seeds: they say
    how surely each customer of this or of another snapshot is in its tier.

    Parameters
    ----------
    count : how many tiers: 2 to 5
    features : column of ``customers`` to its ``weight`` (of the squared distance) and ``scale`` (none, sqrt, root4, log,
        log1p, rank); default ``FEATURES``
    clusterer : None or ``kmeans`` for k-means of ours; ``mini_batch_kmeans`` or ``gaussian_mixture``; or any clusterer
        of scikit-learn's that has ``n_clusters`` or ``n_components`` and ``predict``. Beware that skops keeps neither
        Birch nor BisectingKMeans: a model with those can be used and not saved
    starts : starts of k-means, of which the best is kept
    resamples : how often customers are drawn anew
    seeds : from how many other seeds the search is repeated
    seed : seed of all that is drawn

    Attributes
    ----------
    tiers_ : names of the tiers, best first
    features_ : column to weight and scale, of the features used
    left_out_ : column to why it is not used: ``absent``, ``text``, ``sparse``, ``constant``
    missing_ : column to the number of customers for whom the median stood in
    columns_ : columns that a table must have to be graded
    centres_ : array of one row per tier, best first: means in scaled figures
    mean_, scale_ : arrays by which the scaled figures are centred and divided
    customers_ : how many customers were grouped

    Examples
    --------
    >>> sales = [900.0 + i for i in range(10)] + [20.0 + i for i in range(10)]
    >>> customers = pd.DataFrame({"customer_id": [f"c{i:02}" for i in range(20)], "net_sales_365_days": sales, "orders": 4,
    ...     "orders_365_days": [9] * 10 + [1] * 10, "days_since_last_order": [5] * 10 + [90] * 10})
    >>> model = TierModel(count=2, resamples=2, seeds=0).fit(customers)
    >>> model.predict(customers.iloc[[0, 19]])[["customer_id", "tier", "tier_rank"]]
      customer_id      tier  tier_rank
    0         c00       key          1
    1         c19  standard          2
    """

    def __init__(
        self,
        *,
        count: int = 4,
        features: Features | None = None,
        clusterer: str | BaseEstimator | None = None,
        starts: int = 10,
        resamples: int = 30,
        seeds: int = 5,
        seed: int = 0,
    ) -> None:
        self.count, self.features, self.clusterer, self.starts = count, features, clusterer, starts
        self.resamples, self.seeds, self.seed = resamples, seeds, seed

    def fit(self, customers: pd.DataFrame) -> TierModel:
        """Find the groups among the customers with an order in the year, and put them in order.

        Parameters
        ----------
        customers : one row per customer of one snapshot: customer_id, orders, net_sales_365_days, orders_365_days,
            days_since_last_order and the columns of ``features``

        Raises
        ------
        NotEnoughDataError
            ``tiers_few_customers``: fewer than ten such customers per tier. ``tiers_no_features``: no feature is left.
            ``tiers_no_spread``: their net sales are all the same, fewer of them differ than there are tiers, or the
            clusterer finds fewer groups.
        """
        return self.fit_points(Points.prepare(customers, self.features or FEATURES, count=self.count))

    def fit_points(self, points: Points) -> TierModel:
        """Find the groups among prepared points, which several numbers of tiers may share."""
        customers, rows = len(points.sales), points.picked
        _check_enough(customers, self.count)
        self._keep(points)
        # Equal customers are one point; net sales have to differ, or no tier is worth more than another.
        if np.ptp(np.maximum(points.sales, 0)) == 0 or len(np.unique(points.placed[rows], axis=0)) < self.count:
            raise NotEnoughDataError("tiers_no_spread", customers=customers, tiers=self.count)
        with threadpool_limits(limits=1):  # threads add up in any order
            self.groups_ = self._group(points, rows, seed=self.seed, starts=self.starts)
        self.centres_ = self.groups_["centres"]
        self.drawn_, self.seeded_ = [], []
        return self.repeat(points, resamples=self.resamples, seeds=self.seeds)

    def repeat(self, points: Points, *, resamples: int, seeds: int) -> TierModel:
        """Go on to so many resamples and other seeds in all; what was drawn before stays."""
        few = points.pick(REDRAWN_ROWS)
        draws = enumerate(draw_weights(len(few), resamples, seed=self.seed))
        with threadpool_limits(limits=1):
            self.drawn_ += [
                self._group(points, few, seed=draw, starts=3, weights=weights)
                for draw, weights in draws
                if draw >= len(self.drawn_)
            ]
            self.seeded_ += [
                self._group(points, points.picked, seed=1_000 + self.seed + again, starts=self.starts)
                for again in range(len(self.seeded_), seeds)
            ]
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return the tier of every customer with an order, by ``customer_id``: by the groups as they were found.

        Returns
        -------
        DataFrame
            customer_id, tier, tier_rank, and the figures: net_sales_365_days, orders_365_days, days_since_last_order,
            the other features, and net_sales_365_days_last_year where ``customers`` has it.
        """
        check_is_fitted(self)
        table = check_customers(customers)
        rank = np.full(len(table), self.count, dtype=np.int64)
        active = np.flatnonzero(is_active(table))
        rank[active] = 1 + self.assign(self.scaling_.place(_take(table, active)), self.groups_)
        return self._tell(table, rank)

    def assess(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return the tier of every customer with an order, and how surely it is theirs.

        Returns
        -------
        DataFrame
            As ``predict``, with tier_stability (share of the resamples in which the customer falls into the same tier;
            1 for those in the last tier by rule), tier_seed_stability (the same for other seeds), next_tier (into which
            it falls most often otherwise; of several the nearest; absent where it never does) and next_tier_share (of
            the resamples).
        """
        check_is_fitted(self)
        table = check_customers(customers)
        active = np.flatnonzero(is_active(table))
        points = self.scaling_.place(_take(table, active))
        base = self.assign(points, self.groups_)
        rank = np.full(len(table), self.count, dtype=np.int64)
        rank[active] = 1 + base
        stability, seed_stability, next_share = np.ones(len(table)), np.ones(len(table)), np.zeros(len(table))
        next_rank = np.zeros(len(table), dtype=np.int64)
        again = [*self.drawn_, *self.seeded_]
        near, margin = self._find_unsettled(points, again)
        if again and len(near):
            points, base, rows = points[near], base[near], active[near]
            own, other, beside = self._count(points, base, margin, self.drawn_)
            stability[rows], next_share[rows] = own, beside
            next_rank[rows] = np.where(beside > 0, 1 + other, 0)
            seed_stability[rows] = self._count(points, base, margin, self.seeded_)[0]
        names = pd.array([None, *self.tiers_], dtype="str")
        told = self._tell(
            table.assign(
                tier_stability=stability,
                tier_seed_stability=seed_stability,
                next_tier=pd.Series(names.take(next_rank), index=table.index),
                next_tier_share=next_share,
            ),
            rank,
        )
        first = ["customer_id", "tier", "tier_rank", *_SURELY]
        return told[[*first, *(column for column in told if column not in first)]]

    def distances(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return how far every customer with an order is from the centre of each tier, in scaled figures.

        Returns
        -------
        DataFrame
            By ``customer_id``: customer_id and a column per tier, named as the tier; absent for those without an order
            in the year, who are in the last tier by rule. With k-means the tier is that of the least distance.
        """
        check_is_fitted(self)
        table = check_customers(customers)
        far = np.full((len(table), self.count), np.nan)
        active = is_active(table)
        far[active] = np.sqrt(measure_squares(self.scaling_.place(table[active]), self.centres_)).T
        told = pd.DataFrame(far, columns=list(self.tiers_), index=table.index)
        told.insert(0, "customer_id", table["customer_id"])
        return told.reset_index(drop=True) if is_sorted(told) else told.sort_values("customer_id", ignore_index=True)

    @property
    def scaling_(self) -> Scaling:
        """Return what was learnt of the figures."""
        return Scaling(self.features_, self.left_out_, self.missing_, self.fill_, self.ranks_, self.mean_, self.scale_)

    def assign(self, points: np.ndarray, groups: Mapping[str, object]) -> np.ndarray:
        """Return the tier of each point, from 0, by one set of groups."""
        if groups["clusterer"] is None:
            return find_nearest(points, groups["centres"])
        rank = np.empty(len(points), dtype=np.int8)
        for at in range(0, len(points), CHUNK):
            rank[at : at + CHUNK] = groups["rank"][groups["clusterer"].predict(points[at : at + CHUNK])]
        return rank

    def _keep(self, points: Points) -> None:
        learnt = points.scaling
        self.tiers_, self.customers_ = list(TIERS[self.count]), len(points.sales)
        self.features_, self.left_out_, self.missing_ = learnt.features, learnt.left_out, learnt.missing
        self.fill_, self.ranks_, self.mean_, self.scale_ = learnt.fill, learnt.ranks, learnt.mean, learnt.scale
        self.columns_ = list(dict.fromkeys([*NEEDED, *learnt.features]))

    def _group(
        self, among: Points, rows: np.ndarray, *, seed: int, starts: int, weights: np.ndarray | None = None
    ) -> dict[str, object]:
        """Find groups, in the order of the mean net sales of their customers, highest first."""
        rows = rows if weights is None else rows[weights > 0]
        points, sales = among.placed[rows], among.sales[rows]
        counted = np.ones(len(rows)) if weights is None else weights[weights > 0].astype(float)
        clusterer = self._make(seed, starts)
        if has_fit_parameter(clusterer, "sample_weight"):
            clusterer.fit(points, sample_weight=None if weights is None else counted)
        else:
            clusterer.fit(np.repeat(points, counted.astype(int), axis=0))
        labels = clusterer.predict(points)
        found = int(labels.max()) + 1
        worth, centres = np.full(self.count, -math.inf), np.full((self.count, points.shape[1]), math.inf)
        for group in range(min(found, self.count)):
            inside = labels == group
            if inside.any():
                worth[group] = np.average(sales[inside], weights=counted[inside])
                centres[group] = np.average(points[inside], axis=0, weights=counted[inside])
        if weights is None and not np.isfinite(worth).all():
            raise NotEnoughDataError("tiers_no_spread", customers=self.customers_, tiers=self.count)
        order = np.argsort(worth, kind="stable")[::-1]
        if type(clusterer) is KMeans:
            return {"centres": clusterer.cluster_centers_[order], "clusterer": None, "rank": None}
        return {"centres": centres[order], "clusterer": clusterer, "rank": np.argsort(order)}

    def _make(self, seed: int, starts: int) -> BaseEstimator:
        if isinstance(self.clusterer, str) and self.clusterer not in CLUSTERERS:
            raise ValueError(
                f"`clusterer` is one of {', '.join(CLUSTERERS)}, or an estimator; it was {self.clusterer!r}."
            )
        given = CLUSTERERS[self.clusterer]() if isinstance(self.clusterer, str) else self.clusterer
        if given is None:
            return KMeans(self.count, n_init=starts, random_state=seed)
        made = clone(given)
        known = made.get_params(deep=False)
        number = next((name for name in ("n_clusters", "n_components") if name in known), None)
        if number is None or not hasattr(made, "predict"):
            raise ValueError(
                f"`clusterer` needs `n_clusters` or `n_components`, and `predict`; {type(made).__name__} lacks them."
            )
        return made.set_params(**{number: self.count}, **({"random_state": seed} if "random_state" in known else {}))

    def _find_unsettled(self, points: np.ndarray, again: list[dict[str, object]]) -> tuple[np.ndarray, np.ndarray]:
        """Return who may fall into another tier by other groups, nearest to a border first, and how near."""
        margin = np.zeros(len(points))
        if again and all(groups["clusterer"] is None for groups in again):
            margin = measure_margin(points, self.centres_)
        near = np.flatnonzero(margin <= max(map(self._measure_reach, again), default=0.0))
        near = near[np.argsort(margin[near], kind="stable")]
        return near, margin[near]

    def _measure_reach(self, groups: dict[str, object]) -> float:
        """Return how near to a border a customer stands who may fall into another tier by other groups.

        With nearest centres, who is farther from the next centre than from the own by more than the centres moved, there
        and here, stays: only the others have to be measured again.
        """
        if groups["clusterer"] is not None:
            return math.inf
        return 2 * float(np.linalg.norm(groups["centres"] - self.centres_, axis=1).max()) + 1e-9

    def _count(
        self, points: np.ndarray, base: np.ndarray, margin: np.ndarray, again: list[dict[str, object]]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return how often each customer falls into its own tier, into which other most often, and how often."""
        fallen = np.zeros((self.count, len(points)), dtype=np.int32)
        reached = np.array(
            [np.searchsorted(margin, self._measure_reach(groups), "right") for groups in again], dtype=int
        )
        for groups, reach in zip(again, reached, strict=True):
            rank = self.assign(points[:reach], groups)
            for tier in range(self.count):
                fallen[tier, :reach] += rank == tier
        rows = np.arange(len(points))
        own = fallen[base, rows] + np.searchsorted(np.sort(reached), rows, "right")
        fallen[base, rows] = -1
        other, times = pick_other(fallen.T, base), max(len(again), 1)
        beside = np.maximum(fallen[other, rows], 0) / times
        return own / times if again else np.ones(len(points)), other, beside

    def _tell(self, table: pd.DataFrame, rank: np.ndarray) -> pd.DataFrame:
        columns = dict.fromkeys(
            ["customer_id", *_SURELY, *NEEDED[1:], *self.features_, "net_sales_365_days_last_year", "tenure_days"]
        )
        told = table[[column for column in columns if column in table]]
        told = told.astype(
            {"orders_365_days": "int64", "days_since_last_order": "int64", "net_sales_365_days": "float64"}
        )
        names = pd.array(self.tiers_, dtype="str")
        told.insert(1, "tier", pd.Series(names.take(rank - 1), index=told.index))
        told.insert(2, "tier_rank", rank)
        return told.reset_index(drop=True) if is_sorted(told) else told.sort_values("customer_id", ignore_index=True)


_SURELY = ("tier_stability", "tier_seed_stability", "next_tier", "next_tier_share")


class Points:
    """The customers with an order in the year as points.

    Attributes
    ----------
    placed : array of one row per customer, one column per feature
    sales : their net sales of the year
    positions : where they stand in the table that ``check_customers`` returns
    picked : at most ``ROWS`` of them, in an order that does not depend on that of the table
    scaling : what was learnt of their figures
    """

    def __init__(
        self, placed: np.ndarray, sales: np.ndarray, positions: np.ndarray, picked: np.ndarray, scaling: Scaling
    ) -> None:
        self.placed, self.sales, self.positions = placed, sales, positions
        self.picked, self.scaling = picked, scaling

    @classmethod
    def prepare(cls, customers: pd.DataFrame, features: Features, *, count: int) -> Points:
        """Check the customers of one snapshot and place those with an order in the year.

        Raises
        ------
        NotEnoughDataError
            ``tiers_few_customers``: they are too few for ``count`` tiers. ``tiers_no_features``: no feature is left.
        """
        table = check_customers(customers)
        places = np.flatnonzero(is_active(table))
        _check_enough(len(places), count)
        active = _take(table, places)
        scaling, scaled, picked = learn_scaling(active, features, rows=ROWS)
        return cls(scaling.centre(scaled), active["net_sales_365_days"].to_numpy(float), places, picked, scaling)

    def pick(self, most: int) -> np.ndarray:
        """Return every n-th of those picked, at most so many."""
        return self.picked[every_nth(len(self.picked), most)]


def _check_enough(customers: int, count: int) -> None:
    if count not in TIERS:
        raise ValueError(f"`count` is one of {', '.join(map(str, TIERS))}; it was {count}.")
    least = LEAST_PER_TIER * count
    if customers < least:
        raise NotEnoughDataError("tiers_few_customers", customers=customers, least=least, tiers=count)


def _take(table: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    return table if len(places) == len(table) else table.iloc[places]


def assign_tiers(
    customers: pd.DataFrame, *, count: int = 4, resamples: int = 30, seed: int = 0, model: TierModel | None = None
) -> pd.DataFrame:
    """Assign every customer with an order to a tier, and say how surely.

    Parameters
    ----------
    customers : one row per customer of one snapshot, as for ``TierModel.fit``
    count, resamples, seed : of a model that is fitted on them
    model : one that was fitted before, on these or on other customers; then the others say nothing

    Returns
    -------
    DataFrame
        One row per customer with an order, by ``customer_id``, as ``TierModel.assess`` returns it.

    Raises
    ------
    NotEnoughDataError
        As ``TierModel.fit``.
    """
    model = model or TierModel(count=count, resamples=resamples, seed=seed).fit(customers)
    return model.assess(customers)


def summarise_tiers(tiers: pd.DataFrame) -> pd.DataFrame:
    """Summarise the tiers, best first.

    Parameters
    ----------
    tiers : as ``assign_tiers`` returns it

    Returns
    -------
    DataFrame
        One row per tier: tier, tier_rank, customers, customers_share, net_sales_365_days, net_sales_365_days_share,
        median_net_sales_365_days, median_orders_365_days, median_days_since_last_order, silent_customers (without an
        order in the year), tier_stability (mean). Shares are absent where they have no base. No change on the year before is told:
        tiers are made of this year's sales, so that it would be sorted by its own outcome.
    """
    total = add(tiers["net_sales_365_days"])
    rows = []
    for (rank, tier), group in tiers.groupby(["tier_rank", "tier"]):
        net_sales = add(group["net_sales_365_days"])
        row = {
            "tier": tier,
            "tier_rank": rank,
            "customers": len(group),
            "customers_share": len(group) / len(tiers),
            "net_sales_365_days": net_sales,
            "net_sales_365_days_share": share(net_sales, total),
            "median_net_sales_365_days": float(group["net_sales_365_days"].median()),
            "median_orders_365_days": float(group["orders_365_days"].median()),
            "median_days_since_last_order": float(group["days_since_last_order"].median()),
            "silent_customers": int((group["orders_365_days"] == 0).sum()),
            "tier_stability": float(group["tier_stability"].mean()),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def sample_customers(tiers: pd.DataFrame, *, rows: int = 2_000) -> pd.DataFrame:
    """Sample customers for the map: all of a small tier, every n-th by net sales of the year of a large one.

    Left out is who bought for less than a hundred-thousandth of what the largest customer did: the axis is logarithmic.

    Returns
    -------
    DataFrame
        The columns of ``tiers``; at most ``rows`` rows, best tier first. Each tier has an equal part of them at most.
    """
    sales = tiers["net_sales_365_days"]
    sold = tiers[(tiers["orders_365_days"] > 0) & (sales > 0) & (sales >= sales.max() / 100_000)]
    sold = sold.sort_values(["tier_rank", "net_sales_365_days", "customer_id"])
    groups = [group for _, group in sold.groupby("tier_rank")]
    parts = [group.iloc[every_nth(len(group), rows // len(groups))] for group in groups]
    return pd.concat(parts, ignore_index=True) if parts else sold
