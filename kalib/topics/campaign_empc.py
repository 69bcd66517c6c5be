"""What would acting on a ranking have earned at its best, for a success rate that is not quite known? EMPC, exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import beta as beta_distribution

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns


def compute_empc(
    churned: pd.Series, scores: pd.Series, *, alpha: float, beta: float, clv: float, offer_cost: float, cost: float
) -> dict[str, float]:
    """Compute the expected maximum profit of a churn campaign per customer, over the distribution of its success rate.

    For a success rate g the best threshold contacts those above one corner of the convex hull of the ROC curve; which
    corner changes at as many values of g as the hull has edges, so that the integral over the beta distribution of g is a
    finite sum of its distribution functions: nothing is drawn and nothing is approximated. With F0 and F1 the shares of
    those who left and of those who stayed that are contacted, and p0 and p1 their shares of all::

        profit = clv * (g * (1 - d/clv) - f/clv) * p0 * F0 - (d + f) * p1 * F1

    Customers with equal scores are contacted together.

    Parameters
    ----------
    churned : 0 or 1
    scores : higher is likelier to leave
    alpha, beta : of the success rate's beta distribution: its mean is alpha / (alpha + beta)
    clv, offer_cost, cost : value of a customer kept, d and f, in one currency; d below clv

    Returns
    -------
    dict
        empc (currency per customer), targeted_share (expected share of customers contacted).

    Raises
    ------
    NotEnoughDataError
        ``campaign_one_outcome``: all left, or nobody.
    ValueError
        Parameters outside their ranges.

    Source: Verbraken, Verbeke and Baesens (2013), IEEE Trans. Knowledge and Data Engineering 25, p. 961, equations 12 to 14.

    Examples
    --------
    >>> left, scores = pd.Series([0, 1] * 4), pd.Series([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    >>> found = compute_empc(left, scores, alpha=6, beta=14, clv=200, offer_cost=10, cost=1)
    >>> round(found["empc"], 4), round(found["targeted_share"], 4)
    (23.8756, 0.8744)
    """
    if min(alpha, beta, clv) <= 0 or min(offer_cost, cost) < 0 or offer_cost >= clv:
        raise ValueError("EMPC wants alpha, beta and clv above 0, costs from 0, and an offer that costs less than clv.")
    left, stayed = trace_hull(churned, scores)
    p0 = float(np.mean(churned))
    p1 = 1 - p0
    d, f = offer_cost / clv, cost / clv
    # The next corner is better from this success rate on; along the hull it only rises.
    gained, edges = np.diff(left), np.full(len(left) - 1, np.inf)  # where nobody is gained it never is
    wasted = np.divide(np.diff(stayed), gained, out=edges, where=gained > 0)
    edges = f / (1 - d) + p1 * (d + f) / (p0 * (1 - d)) * wasted if d + f > 0 else np.where(gained > 0, 0.0, 1.0)
    bounds = np.concatenate([[0.0], np.clip(edges, 0, 1), [1.0]])
    mass = np.diff(beta_distribution.cdf(bounds, alpha, beta))
    mean = alpha / (alpha + beta) * np.diff(beta_distribution.cdf(bounds, alpha + 1, beta))
    profit = clv * ((1 - d) * mean - f * mass) * p0 * left - clv * (d + f) * mass * p1 * stayed
    return {"empc": float(profit.sum()), "targeted_share": float(((p0 * left + p1 * stayed) * mass).sum())}


def trace_hull(churned: pd.Series, scores: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Trace the upper convex hull of the ROC curve, from nobody contacted to all.

    Returns
    -------
    (left, stayed)
        At each corner the shares of those who left, and of those who stayed, with a score at or above a threshold.

    Examples
    --------
    >>> left, stayed = trace_hull(pd.Series([1, 0, 1, 0]), pd.Series([4, 3, 2, 1]))
    >>> left.tolist(), stayed.tolist()
    ([0.0, 0.5, 1.0, 1.0], [0.0, 0.0, 0.5, 1.0])
    """
    gone = np.asarray(churned, dtype=np.int64)
    if not 0 < gone.sum() < len(gone):
        raise NotEnoughDataError("campaign_one_outcome", customers=len(gone), left=int(gone.sum()))
    values, places = np.unique(-np.asarray(scores, dtype=float), return_inverse=True)
    y = np.concatenate([[0], np.cumsum(np.bincount(places, weights=gone, minlength=len(values)))]).astype(np.int64)
    n = np.concatenate([[0], np.cumsum(np.bincount(places, minlength=len(values)))]).astype(np.int64)
    x = n - y
    corners: list[int] = []
    turns = np.flatnonzero(
        (np.diff(y, prepend=-1) > 0) & (np.diff(x, append=x[-1] + 1) > 0)
    )  # no other can be a corner
    for at in np.union1d(turns, [0, len(x) - 1]).tolist():
        while len(corners) > 1:
            a, b = corners[-2], corners[-1]
            if (x[b] - x[a]) * (y[at] - y[a]) < (y[b] - y[a]) * (x[at] - x[a]):
                break
            corners.pop()
        corners.append(at)
    hull = np.array(corners)
    return y[hull] / y[-1], x[hull] / x[-1]


def judge_rankings(
    check: pd.DataFrame,
    *,
    alpha: float,
    beta: float,
    clv: float,
    offer_cost: float,
    cost: float,
    interval: float = 0.8,
    draws: int = 300,
    seed: int = 1,
) -> dict[str, object]:
    """Judge what the model's ranking would have earned at a past date against the best simple rule's.

    The difference is told from chance by resampling customers, both rankings on the same ones.

    Parameters
    ----------
    check : customer_id, churned, churn_probability, rule_score
    alpha, beta, clv, offer_cost, cost : as for ``compute_empc``

    Returns
    -------
    dict
        checked (customers), checked_left, empc_model, empc_rule, targeted_model, targeted_rule (shares contacted), empc_gain,
        empc_gain_low, empc_gain_high, verdict (``better``, ``worse``, ``same``).

    Raises
    ------
    NotEnoughDataError
        ``campaign_one_outcome``: all left, or nobody.
    """
    check_columns(check, ["customer_id", "churned", "churn_probability", "rule_score"], name="churn_check")
    known = check.sort_values("customer_id", ignore_index=True)
    terms = {"alpha": alpha, "beta": beta, "clv": clv, "offer_cost": offer_cost, "cost": cost}
    model = compute_empc(known["churned"], known["churn_probability"], **terms)
    rule = compute_empc(known["churned"], known["rule_score"], **terms)
    rng, gains = np.random.default_rng(seed), []
    columns = [known[name].to_numpy(dtype=float) for name in ("churned", "churn_probability", "rule_score")]
    for _ in range(draws):
        rows = rng.integers(len(known), size=len(known))
        churned, *both = (column[rows] for column in columns)
        if 0 < churned.sum() < len(churned):
            one, other = (compute_empc(pd.Series(churned), pd.Series(scores), **terms)["empc"] for scores in both)
            gains.append(one - other)
    low, high = np.quantile(gains, [0.5 - interval / 2, 0.5 + interval / 2])
    return {
        "checked": len(known),
        "checked_left": int(known["churned"].sum()),
        "empc_model": model["empc"],
        "empc_rule": rule["empc"],
        "targeted_model": model["targeted_share"],
        "targeted_rule": rule["targeted_share"],
        "empc_gain": model["empc"] - rule["empc"],
        "empc_gain_low": float(low),
        "empc_gain_high": float(high),
        "verdict": "better" if low > 0 else "worse" if high < 0 else "same",
    }
