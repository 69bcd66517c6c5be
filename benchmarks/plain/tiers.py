"""Which tier does each account belong to? k-means of the year's figures, the number of tiers chosen, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, silhouette_score

NAMES = {
    3: ("strategic", "standard", "tail"),
    4: ("strategic", "key", "standard", "tail"),
    5: ("strategic", "key", "growth", "standard", "tail"),
}
WEIGHTS = np.sqrt([1.0, 0.5, 0.1])
RESAMPLES, SEEDS = 30, 5


@dataclass
class Tiers:
    """Tiers that were fitted: the scaling, the centres best first, and those of resamples and of other seeds."""

    count: int
    mean: np.ndarray
    spread: np.ndarray
    centres: np.ndarray
    drawn: list[np.ndarray]
    seeded: list[np.ndarray]

    def place(self, customers: pd.DataFrame) -> np.ndarray:
        """Return customers as points."""
        return (scale(customers) - self.mean) / self.spread * WEIGHTS

    def assign(self, customers: pd.DataFrame) -> np.ndarray:
        """Return the rank of each customer's tier, from 1; the last without an order in the year."""
        nearest = 1 + find(self.place(customers), self.centres)
        return np.where(customers.orders_365_days > 0, nearest, self.count)


def scale(customers: pd.DataFrame) -> np.ndarray:
    """Return net sales, orders and recency in their scales."""
    sales, orders, days = (
        customers[name].to_numpy(float) for name in ("net_sales_365_days", "orders_365_days", "days_since_last_order")
    )
    return np.column_stack([np.maximum(sales, 0) ** 0.25, np.log(np.maximum(orders, 1)), np.log1p(days)])


def find(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the nearest centre of each point."""
    return ((points[:, None, :] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)


def cluster(
    points: np.ndarray, sales: np.ndarray, count: int, *, seed: int, starts: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return the centres of k-means, in the order of their customers' mean net sales."""
    if weights is not None:
        points, sales, weights = points[weights > 0], sales[weights > 0], weights[weights > 0].astype(float)
    model = KMeans(count, n_init=starts, random_state=seed).fit(points, sample_weight=weights)
    weights = np.ones(len(points)) if weights is None else weights
    worth = np.bincount(model.labels_, weights * sales) / np.bincount(model.labels_, weights)
    return model.cluster_centers_[np.argsort(-worth)]


def prepare(customers: pd.DataFrame) -> tuple[np.ndarray, ...]:
    """Return the customers with an order in the year as points, their net sales, and how they were scaled."""
    active = customers[(customers.orders > 0) & (customers.orders_365_days > 0)]
    scaled, sales = scale(active), active.net_sales_365_days.to_numpy(float)
    mean, spread = scaled.mean(axis=0), scaled.std(axis=0)
    order = np.lexsort([sales, scaled[:, 2], scaled[:, 1], scaled[:, 0]])
    return ((scaled - mean) / spread * WEIGHTS)[order], sales[order], mean, spread


def refit(customers: pd.DataFrame, count: int) -> Tiers:
    """Fit so many tiers to other customers, without resamples."""
    points, sales, mean, spread = prepare(customers)
    return Tiers(count, mean, spread, cluster(points, sales, count, seed=0, starts=10), [], [])


def fit(customers: pd.DataFrame) -> Tiers:
    """Choose among three, four and five tiers and fit them.

    Of those that part as clearly as the best, come back as surely and are as tight, the fewest.
    """
    points, sales, mean, spread = prepare(customers)
    random = np.random.default_rng(0)
    draws = [random.multinomial(len(points), np.full(len(points), 1 / len(points))) for _ in range(RESAMPLES)]

    def draw(count: int, first: int, last: int) -> list[np.ndarray]:
        return [cluster(points, sales, count, seed=n, starts=3, weights=draws[n]) for n in range(first, last)]

    tried = {}
    for count in NAMES:
        centres = cluster(points, sales, count, seed=0, starts=10)
        rank, drawn = find(points, centres), draw(count, 0, 20)
        agreement = np.mean([adjusted_rand_score(rank, find(points, other)) for other in drawn])
        smallest = np.bincount(rank, minlength=count).min()
        if smallest >= max(10, 0.01 * len(points)) and agreement >= 0.6:
            scores = (silhouette_score(points, rank), agreement, calinski_harabasz_score(points, rank))
            tried[count] = (scores, centres, drawn)
    for place, slack in enumerate((lambda best: best - 0.05, lambda best: best - 0.05, lambda best: best * 0.95)):
        best = max(scores[place] for scores, *_ in tried.values())
        tried = {count: found for count, found in tried.items() if found[0][place] >= slack(best)}
    count, (_, centres, drawn) = next(iter(tried.items()))
    seeded = [cluster(points, sales, count, seed=1000 + n, starts=10) for n in range(SEEDS)]
    return Tiers(count, mean, spread, centres, drawn + draw(count, 20, RESAMPLES), seeded)


def assess(customers: pd.DataFrame, model: Tiers) -> pd.DataFrame:
    """Return each customer's tier, how surely it is its own, and which would be the next."""
    table = customers[customers.orders > 0].reset_index(drop=True)
    points, rank, active = model.place(table), model.assign(table), table.orders_365_days.to_numpy() > 0
    fallen = np.zeros((len(table), model.count))
    for centres in model.drawn:
        fallen[np.arange(len(table)), find(points, centres)] += 1
    own = np.take_along_axis(fallen, rank[:, None] - 1, axis=1)[:, 0]
    away = np.abs(np.arange(model.count)[None] - (rank[:, None] - 1))
    other = np.where(away > 0, fallen * (model.count + 1) - away, -np.inf)
    beside = other.argmax(axis=1)
    share = np.where(active, np.take_along_axis(fallen, beside[:, None], axis=1)[:, 0] / RESAMPLES, 0)
    seeded = np.mean([find(points, centres) == rank - 1 for centres in model.seeded], axis=0)
    names = np.array(NAMES[model.count], dtype=object)
    figures = [
        "customer_id",
        "net_sales_365_days",
        "orders_365_days",
        "days_since_last_order",
        "net_sales_365_days_last_year",
        "tenure_days",
    ]
    return table[figures].assign(
        tier=names[rank - 1],
        tier_rank=rank,
        tier_stability=np.where(active, own / RESAMPLES, 1.0),
        tier_seed_stability=np.where(active, seeded, 1.0),
        next_tier=np.where(share > 0, names[beside], None),
        next_tier_share=share,
    )
