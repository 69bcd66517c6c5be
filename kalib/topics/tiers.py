"""Which customers belong together by what they buy in a year, and in which order of worth?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, silhouette_score
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from kalib.errors import NotEnoughDataError
from kalib.money import add, share
from kalib.schema import check_columns, check_key

TIERS = {
    3: ("strategic", "standard", "tail"),
    4: ("strategic", "key", "standard", "tail"),
    5: ("strategic", "key", "growth", "standard", "tail"),
}
"""Names of the tiers by their number, best first. A name says the position, not what the customers do: whether
``growth`` grows is seen in ``summarise_tiers``. A job may name them otherwise under ``tier_names:``."""

WEIGHTS = {"net_sales_365_days": 1.0, "orders_365_days": 0.5, "days_since_last_order": 0.1}
"""What counts, and how much of the squared distance between two customers each figure may make up. Days since the last
order weigh little: with 0.25, one of five tiers on the shipped sample was made of once large customers gone quiet, and
tiers would no longer be in the order of worth."""

SAME = 0.05
"""Silhouettes, and agreements, that lie no further apart than this count as equal."""

LEAST_PER_TIER = 10
"""With fewer customers with an order in the year per tier than this, tiers are refused."""

_ROWS = 50_000  # centres are no better from more rows, more starts help more
_SILHOUETTE_ROWS = 5_000  # quadratic


class TierModel(BaseEstimator):
    """Group customers by k-means into tiers ordered by mean net sales of the year.

    Grouped are the customers with an order in the 365 days up to the snapshot date, by three figures of that year: net
    sales (its fourth root; below nought counts as nought), orders (logarithm) and days since the last order
    (logarithm). The fourth root lies between the square root and the logarithm: with the logarithm £10 and £100 are as
    far apart as £10,000 and £100,000, and the best tier swells. Each figure is then centred and divided by its standard
    deviation, so that the currency doesn't matter, and weighted. Whoever has no order in the year is in the last tier
    by rule, and takes no part in the grouping.

    The rows are put in order before anything is drawn, the seed is fixed and one thread adds up, so that the same
    customers give the same tiers whatever the row order. Beyond 50,000 customers the centres are found on every n-th
    by net sales.

    Parameters
    ----------
    count : how many tiers: 3, 4 or 5
    weights : other weights of the three columns; default ``WEIGHTS``
    starts : starts of k-means, of which the best is kept
    seed : seed of those starts

    Attributes
    ----------
    centres_ : array of one row per tier, best first, in scaled figures
    mean_, scale_ : arrays by which the figures are centred and divided
    customers_ : how many customers were grouped
    """

    def __init__(
        self, *, count: int = 4, weights: Mapping[str, float] | None = None, starts: int = 10, seed: int = 0
    ) -> None:
        self.count, self.weights, self.starts, self.seed = count, weights, starts, seed

    def fit(self, customers: pd.DataFrame) -> TierModel:
        """Find the centres of the tiers among the customers with an order in the year.

        Raises
        ------
        NotEnoughDataError
            ``tiers_few_customers``: fewer than ten such customers per tier. ``tiers_no_spread``: their net sales are
            all the same, or fewer of them differ than there are tiers.
        """
        if self.count not in TIERS:
            raise ValueError(f"`count` is one of {', '.join(map(str, TIERS))}; it was {self.count}.")
        table = _check_customers(customers)
        active = table[table["orders_365_days"] > 0]
        if len(active) < LEAST_PER_TIER * self.count:
            raise NotEnoughDataError(
                "tiers_few_customers", customers=len(active), least=LEAST_PER_TIER * self.count, tiers=self.count
            )
        raw = _transform(active)
        # Equal customers are one point to k-means; net sales have to differ, or no tier is worth more than another.
        if len(np.unique(raw[:, 0])) < 2 or len(np.unique(raw, axis=0)) < self.count:
            raise NotEnoughDataError("tiers_no_spread", customers=len(active), tiers=self.count)
        self.mean_ = raw.mean(axis=0)
        self.scale_ = np.where(np.ptp(raw, axis=0) > 0, raw.std(axis=0), 1.0)
        points = self._points(active)[_every_nth(len(active), _ROWS)]
        sales = active["net_sales_365_days"].to_numpy()[_every_nth(len(active), _ROWS)]
        self.centres_ = _find_centres(points, sales, count=self.count, starts=self.starts, seed=self.seed)
        self.customers_ = len(active)
        return self

    def predict(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return the tier of the nearest centre for every customer with an order, by ``customer_id``.

        Returns
        -------
        DataFrame
            customer_id, tier, tier_rank, and the figures: net_sales_365_days, orders_365_days, days_since_last_order,
            and net_sales_365_days_last_year where ``customers`` has it.
        """
        check_is_fitted(self)
        table = _check_customers(customers)
        rank = np.full(len(table), self.count)
        active = (table["orders_365_days"] > 0).to_numpy()
        rank[active] = 1 + _nearest(self._points(table[active]), self.centres_)
        table.insert(1, "tier", pd.Series([TIERS[self.count][r - 1] for r in rank], index=table.index, dtype="str"))
        table.insert(2, "tier_rank", rank)
        return table.sort_values("customer_id", ignore_index=True)

    def _points(self, active: pd.DataFrame) -> np.ndarray:
        weights = self.weights or WEIGHTS
        if set(weights) != set(WEIGHTS):
            raise ValueError(f"`weights` are wanted for {list(WEIGHTS)}; given were {list(weights)}.")
        share = np.sqrt([weights[column] for column in WEIGHTS])
        return (_transform(active) - self.mean_) / self.scale_ * share


def choose_tiers(
    customers: pd.DataFrame,
    *,
    counts: Sequence[int] = (3, 4, 5),
    min_share: float = 0.01,
    min_customers: int = 10,
    min_agreement: float = 0.6,
    resamples: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Choose the number of tiers, among those that are large enough and come back when resampled.

    Of those whose silhouette is within 0.05 of the best, the one that agrees best with its resamples; of those within
    0.05 of that, the fewest tiers.

    Parameters
    ----------
    customers : one row per customer of one snapshot: customer_id, orders, net_sales_365_days, orders_365_days,
        days_since_last_order
    counts : numbers of tiers to try, among 3, 4 and 5
    min_share, min_customers : least share and number, of the customers with an order in the year, in the smallest tier
    min_agreement : least adjusted Rand index of resampled tiers with these
    resamples : bootstrap resamples, each grouped anew
    seed : seed of starts and resamples

    Returns
    -------
    DataFrame
        One row per number of tiers: tier_count, silhouette (Rousseeuw 1987; of every n-th customer up to 5,000),
        calinski_harabasz (1974), agreement (mean adjusted Rand index, Hubert and Arabie 1985), smallest_tier and
        smallest_tier_share (of the customers with an order in the year), top_customers, top_net_sales_share, chosen,
        why: ``chosen``, ``too_small``, ``unstable``, ``less_separate``, ``less_agreeing``, ``no_better`` (as good as
        the chosen, with more tiers), or ``only_choice`` on the least number of tiers where none passes.

    Raises
    ------
    NotEnoughDataError
        As ``TierModel.fit``, for the least of ``counts``. Larger numbers that the customers can't fill are left out.
    """
    rows = []
    for count in sorted(counts):
        try:
            model = TierModel(count=count, seed=seed).fit(customers)
        except NotEnoughDataError:
            if not rows:
                raise
            break
        rows.append(_judge(model, customers, resamples=resamples))
    table = pd.DataFrame(rows)
    small = (table["smallest_tier_share"] < min_share) | (table["smallest_tier"] < min_customers)
    unstable = table["agreement"] < min_agreement
    passed = ~small & ~unstable
    apart = passed & (table["silhouette"] >= table.loc[passed, "silhouette"].max() - SAME)
    best = apart & (table["agreement"] >= table.loc[apart, "agreement"].max() - SAME)
    chosen = table.index[best][0] if best.any() else table.index[0]
    table["chosen"] = table.index == chosen
    table["why"] = np.select(
        [small, unstable, ~apart, ~best], ["too_small", "unstable", "less_separate", "less_agreeing"], "no_better"
    )
    table.loc[chosen, "why"] = "chosen" if best.any() else "only_choice"
    return table.astype({"why": "str"})


def assign_tiers(customers: pd.DataFrame, *, count: int, resamples: int = 30, seed: int = 0) -> pd.DataFrame:
    """Assign every customer with an order to a tier, and say how surely.

    A resample draws as many customers with replacement, finds the centres anew among them in the same scaled figures,
    puts them in order and asks into which tier every customer falls.

    Parameters
    ----------
    customers : one row per customer of one snapshot, as for ``choose_tiers``
    count : number of tiers
    resamples : bootstrap resamples, each grouped anew
    seed : seed of starts and resamples

    Returns
    -------
    DataFrame
        One row per customer with an order, by ``customer_id``: customer_id, tier, tier_rank, tier_stability (share of
        the resamples in which the customer falls into the same tier; 1 for those in the last tier by rule),
        net_sales_365_days, orders_365_days, days_since_last_order, net_sales_365_days_last_year where there is one.

    Raises
    ------
    NotEnoughDataError
        As ``TierModel.fit``.
    """
    model = TierModel(count=count, seed=seed).fit(customers)
    tiers = model.predict(customers)
    active = _active(customers)
    points = model._points(active)
    base = _nearest(points, model.centres_)
    same = np.zeros(len(active))
    for draw in _redraw(model, active, resamples):
        same += _nearest(points, draw.centres) == base
    stability = pd.Series(same / resamples, index=active["customer_id"])
    tiers.insert(3, "tier_stability", tiers["customer_id"].map(stability).fillna(1.0))
    return tiers


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
        order in the year), tier_stability (mean), and net_sales_change (net sales of the year over the year before,
        less 1) where ``tiers`` has the year before. Shares and changes are absent where they have no base. Beware that
        tiers are made of this year's sales: who had a good year is more likely to stand high, so that the change of a
        high tier is flattered and that of a low one the reverse.
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
        if "net_sales_365_days_last_year" in tiers:
            row["net_sales_change"] = share(net_sales, add(group["net_sales_365_days_last_year"])) - 1
        rows.append(row)
    return pd.DataFrame(rows)


def explain_tiers(tiers: pd.DataFrame) -> pd.DataFrame:
    """Explain the tiers by the one rule that comes nearest: from so much net sales a year on.

    Between two neighbouring tiers the amount is sought that puts most customers on their side of it, then shortened to
    two digits. Most tiers can be told so; the rest of the truth is how often and how lately they buy.

    Returns
    -------
    DataFrame
        One row per tier, best first: tier, tier_rank, from_net_sales_365_days (absent for the last), rule_share (share
        of the tier's customers whom the amounts alone put there; silent ones are left out).
    """
    active = tiers[tiers["orders_365_days"] > 0]
    sales, rank = active["net_sales_365_days"].to_numpy(), active["tier_rank"].to_numpy()
    names = tiers.groupby("tier_rank")["tier"].first()
    cuts = [_best_cut(sales, rank <= r) for r in names.index[:-1]]
    cuts = np.minimum.accumulate(cuts)
    ruled = 1 + (sales[:, None] < cuts).sum(axis=1)
    return pd.DataFrame(
        {
            "tier": names.to_numpy(),
            "tier_rank": names.index.to_numpy(),
            "from_net_sales_365_days": [*cuts, math.nan],
            "rule_share": [
                float((ruled[rank == r] == r).mean()) if (rank == r).any() else math.nan for r in names.index
            ],
        }
    ).astype({"tier": "str"})


def profile_tiers(tiers: pd.DataFrame) -> list[dict[str, int | float | str]]:
    """Profile each tier in facts that fill ``tiers.profile.<tier>``, a sentence that a salesperson can repeat.

    Returns
    -------
    list of dict
        Best tier first: tier, customers, net_sales (median of the year), orders, days, low and high (the tenth and the
        ninetieth of a hundred by net sales), silent_customers, total, share, from_net_sales, rule_share. Medians are
        of the customers with an order in the year.
    """
    rules = explain_tiers(tiers).set_index("tier")
    facts = []
    for row in summarise_tiers(tiers).itertuples(index=False):
        group = tiers[(tiers["tier"] == row.tier) & (tiers["orders_365_days"] > 0)]
        low, high = group["net_sales_365_days"].quantile([0.1, 0.9])
        facts.append(
            {
                "tier": row.tier,
                "customers": row.customers,
                "net_sales": float(group["net_sales_365_days"].median()),
                "orders": float(group["orders_365_days"].median()),
                "days": float(group["days_since_last_order"].median()),
                "low": float(low),
                "high": float(high),
                "silent_customers": row.silent_customers,
                "total": row.net_sales_365_days,
                "share": row.net_sales_365_days_share,
                "from_net_sales": float(rules.loc[row.tier, "from_net_sales_365_days"]),
                "rule_share": float(rules.loc[row.tier, "rule_share"]),
            }
        )
    return facts


def compare_tiers(
    customers: pd.DataFrame,
    *,
    count: int,
    past: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    resamples: int = 30,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the tiers with as many customers per tier taken from the top by net sales of the year alone.

    By net sales of that same year the ranking can't lose; fair questions are which of them comes back when customers
    are drawn anew, and, as of a ``past`` snapshot, in whose top tier more of the later sales lie. A past that is too
    thin to be graded is left out: it decides nothing about the tiers of today.

    Parameters
    ----------
    customers : one row per customer of one snapshot, as for ``choose_tiers``
    count : number of tiers
    past : customers of a past snapshot, and what they bought in a horizon after it: customer_id, net_sales_ahead
    resamples, seed : as for ``assign_tiers``

    Returns
    -------
    DataFrame
        Two rows: method (``clusters``, ``sales_rank``), top_customers, top_net_sales_share, tier_stability (mean over
        the customers with an order in the year), and as of a past snapshot top_net_sales_ahead_share.
    """
    model, outcomes = TierModel(count=count, seed=seed), None
    if past is not None:
        with suppress(NotEnoughDataError):
            model.fit(past[0])
            customers, outcomes = past
    if outcomes is None:
        model.fit(customers)
    active = _active(customers)
    points, sales = model._points(active), active["net_sales_365_days"].to_numpy()
    clusters = _nearest(points, model.centres_)
    shares = np.cumsum(np.bincount(clusters, minlength=count))[:-1] / len(active)
    ranked = _rank_by_sales(sales, shares, weights=np.ones(len(sales)))
    same = {"clusters": 0.0, "sales_rank": 0.0}
    for draw in _redraw(model, active, resamples):
        same["clusters"] += float((_nearest(points, draw.centres) == clusters).mean())
        same["sales_rank"] += float((_rank_by_sales(sales, shares, weights=draw.weights) == ranked).mean())
    rows = []
    for method, rank in (("clusters", clusters), ("sales_rank", ranked)):
        top = active[rank == 0]
        row = {
            "method": method,
            "top_customers": len(top),
            "top_net_sales_share": share(add(top["net_sales_365_days"]), add(active["net_sales_365_days"])),
            "tier_stability": same[method] / resamples,
        }
        if outcomes is not None:
            check_key(outcomes, ["customer_id"], name="outcomes")
            ahead = outcomes.set_index("customer_id")["net_sales_ahead"]
            everyone = ahead[ahead.index.isin(_check_customers(customers)["customer_id"])]
            row["top_net_sales_ahead_share"] = share(
                add(everyone[everyone.index.isin(top["customer_id"])]), add(everyone)
            )
        rows.append(row)
    return pd.DataFrame(rows)


def describe_tiers(
    tiers: pd.DataFrame, *, choice: pd.DataFrame | None = None, comparison: pd.DataFrame | None = None
) -> dict[str, int | float | str | bool]:
    """Describe the tiers in facts that fill the sentences ``tiers.*``.

    Parameters
    ----------
    tiers : as ``assign_tiers`` returns it
    choice : as ``choose_tiers`` returns it, with this number of tiers among those tried; adds chosen_count, silhouette,
        agreement, why and ``separation``: ``clear`` where the silhouette is above 0.5, ``some`` above 0.25, else
        ``none`` (Kaufman and Rousseeuw 1990)
    comparison : as ``compare_tiers`` returns it; adds each method's figures, named ``<method>_<column>``, and
        ``better``: ``clusters`` or ``sales_rank``, or ``neither`` where they are within a point of each other; judged
        ``better_by`` later sales where known, else by stability

    Returns
    -------
    dict
        tier_count, customers, active_customers, silent_customers, net_sales, stability, top_tier and top_*, last_tier
        and last_*, unsure_customers and unsure_share (in less than 80 % of the resamples in the same tier), rule_share.
    """
    summary, rules = summarise_tiers(tiers), explain_tiers(tiers)
    active = tiers["orders_365_days"] > 0
    sizes = tiers[active].groupby("tier_rank").size()
    unsure = int((tiers["tier_stability"] < 0.8).sum())
    facts: dict[str, int | float | str | bool] = {
        "tier_count": len(summary),
        "customers": len(tiers),
        "active_customers": int(active.sum()),
        "silent_customers": int((~active).sum()),
        "net_sales": add(tiers["net_sales_365_days"]),
        "stability": float(tiers.loc[active, "tier_stability"].mean()),
        "unsure_customers": unsure,
        "unsure_share": unsure / len(tiers),
        "rule_share": float((rules.set_index("tier_rank")["rule_share"] * sizes).sum() / sizes.sum()),
    }
    for name, row in (("top", summary.iloc[0]), ("last", summary.iloc[-1])):
        facts |= {
            f"{name}_tier": str(row["tier"]),
            f"{name}_customers": int(row["customers"]),
            f"{name}_share": float(row["customers_share"]),
            f"{name}_net_sales": float(row["net_sales_365_days"]),
            f"{name}_net_sales_share": float(row["net_sales_365_days_share"]),
            f"{name}_median_orders": float(row["median_orders_365_days"]),
        }
    if choice is not None:
        row = choice[choice["tier_count"] == len(summary)].iloc[0]
        silhouette = float(row["silhouette"])
        facts |= {
            "chosen_count": int(choice.loc[choice["chosen"], "tier_count"].iloc[0]),
            "silhouette": silhouette,
            "agreement": float(row["agreement"]),
            "why": str(row["why"]),
            "separation": "clear" if silhouette > 0.5 else "some" if silhouette > 0.25 else "none",
        }
    if comparison is not None:
        by = "top_net_sales_ahead_share" if "top_net_sales_ahead_share" in comparison else "tier_stability"
        table = comparison.set_index("method")
        for method in table.index:
            facts |= {f"{method}_{column}": table.loc[method, column].item() for column in table.columns}
        lead = float(table.loc["clusters", by] - table.loc["sales_rank", by])
        facts["better_by"] = "later_sales" if by == "top_net_sales_ahead_share" else "stability"
        facts["better"] = "clusters" if lead > 0.01 else "sales_rank" if lead < -0.01 else "neither"
    return facts


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
    parts = [group.iloc[_every_nth(len(group), rows // len(groups))] for group in groups]
    return pd.concat(parts, ignore_index=True) if parts else sold


@dataclass(frozen=True)
class _Draw:
    centres: np.ndarray
    weights: np.ndarray


def _judge(model: TierModel, customers: pd.DataFrame, *, resamples: int) -> dict[str, int | float]:
    active = _active(customers)
    points = model._points(active)
    rank = _nearest(points, model.centres_)
    sizes = np.bincount(rank, minlength=model.count)
    agreement = [
        adjusted_rand_score(rank, _nearest(points, draw.centres)) for draw in _redraw(model, active, resamples)
    ]
    sample = _every_nth(len(active), _SILHOUETTE_ROWS)
    top = active.loc[rank == 0, "net_sales_365_days"]
    return {
        "tier_count": model.count,
        "silhouette": float(silhouette_score(points[sample], rank[sample])),
        "calinski_harabasz": float(calinski_harabasz_score(points, rank)),
        "agreement": math.fsum(agreement) / resamples,
        "smallest_tier": int(sizes.min()),
        "smallest_tier_share": float(sizes.min() / len(active)),
        "top_customers": int(sizes[0]),
        "top_net_sales_share": share(add(top), add(active["net_sales_365_days"])),
    }


def _redraw(model: TierModel, active: pd.DataFrame, resamples: int) -> list[_Draw]:
    """Draw the customers anew with replacement, as weights of the same rows, and find the centres each time."""
    rows = _every_nth(len(active), _ROWS)
    points, sales = model._points(active)[rows], active["net_sales_365_days"].to_numpy()[rows]
    random = np.random.default_rng(model.seed)
    draws = []
    for seed in range(resamples):
        weights = random.multinomial(len(active), np.full(len(active), 1 / len(active))).astype(float)
        drawn = weights[rows] > 0
        centres = _find_centres(
            points[drawn], sales[drawn], count=model.count, starts=3, seed=seed, weights=weights[rows][drawn]
        )
        draws.append(_Draw(centres, weights))
    return draws


def _find_centres(
    points: np.ndarray,
    sales: np.ndarray,
    *,
    count: int,
    starts: int,
    seed: int,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Find the centres by k-means, in the order of the mean net sales of those nearest, highest first."""
    with threadpool_limits(limits=1):  # threads add up in any order
        fitted = KMeans(count, n_init=starts, random_state=seed).fit(points, sample_weight=weights)
    weights = np.ones(len(points)) if weights is None else weights
    worth = [
        np.average(sales[fitted.labels_ == c], weights=weights[fitted.labels_ == c])
        if (fitted.labels_ == c).any()
        else -math.inf
        for c in range(count)
    ]
    return fitted.cluster_centers_[np.argsort(worth, kind="stable")[::-1]]


def _nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the nearest centre of each point, from 0; of two as near the better."""
    return np.argmin(np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres]), axis=0)


def _rank_by_sales(sales: np.ndarray, shares: np.ndarray, *, weights: np.ndarray) -> np.ndarray:
    """Rank from 0 by net sales so that the given cumulative shares of the weight are in the better tiers."""
    order = np.argsort(-sales, kind="stable")
    reached = np.searchsorted(np.cumsum(weights[order]), shares * weights.sum() - 0.5)
    return (sales[:, None] < sales[order][np.minimum(reached, len(sales) - 1)]).sum(axis=1)


def _best_cut(sales: np.ndarray, better: np.ndarray) -> float:
    """Return the amount, to two digits, that best parts the better customers from the rest."""
    order = np.argsort(-sales, kind="stable")
    gain = np.cumsum(np.where(better[order], 1, -1))
    sales = sales[order]
    last = np.append(sales[1:] != sales[:-1], True)  # equal sales stand on one side
    at = int(np.argmax(np.where(last, gain, -len(sales) - 1)))
    cut = (sales[at] + sales[at + 1]) / 2 if at + 1 < len(sales) else sales[at]
    return float(f"{cut:.1e}")


def _check_customers(customers: pd.DataFrame) -> pd.DataFrame:
    columns = ["customer_id", *WEIGHTS]
    remedy = "Build it with `kalib.ledger`, or map your headers under `columns:` in the job file."
    check_columns(customers, [*columns, "orders"], name="customers", remedy=remedy)
    columns += [column for column in ["net_sales_365_days_last_year"] if column in customers]
    table = customers.loc[customers["orders"] > 0, columns]
    check_key(table, ["customer_id"], name="customers")
    table = table.astype(
        {"orders_365_days": "int64", "days_since_last_order": "int64", "net_sales_365_days": "float64"}
    )
    return table.sort_values([*WEIGHTS, "customer_id"], ignore_index=True)


def _active(customers: pd.DataFrame) -> pd.DataFrame:
    table = _check_customers(customers)
    return table[table["orders_365_days"] > 0].reset_index(drop=True)


def _transform(active: pd.DataFrame) -> np.ndarray:
    return np.column_stack(
        [
            active["net_sales_365_days"].clip(lower=0) ** 0.25,
            np.log(active["orders_365_days"]),
            np.log1p(active["days_since_last_order"]),
        ]
    )


def _every_nth(rows: int, most: int) -> np.ndarray:
    return np.linspace(0, rows - 1, min(rows, most)).astype(int)
