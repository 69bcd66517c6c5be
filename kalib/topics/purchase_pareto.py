"""Who still buys, and how often, if customers may leave at any time? The Pareto/NBD."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, expit, exprel, gammaln

from kalib.topics.purchase_fit import Groups, PurchaseModel, count_random

_CHUNK = 2_048  # groups at a time, each with all nodes
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_DROP = 38.0  # the integrand is followed down to exp(-38) of where it begins


class ParetoLikelihood:
    """Mean log-likelihood of grouped histories and its gradient by the logarithms of r, alpha, s, beta.

    A customer was active to the end, or left at some time y since the last order. The latter is the integral of
    (alpha + y)^-(r+x) (beta + y)^-(s+1) from the last order to the end, which the papers write as a difference of two
    hypergeometric functions, one pair for alpha above beta and one for alpha below. It is summed here instead (Gauss
    and Legendre, 40 nodes, over the logarithm of the smaller of alpha and beta plus y): nothing cancels, alpha may
    equal beta, and the same sum gives the gradient.
    """

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        self.total = groups.count.sum()
        self.x, code = np.unique(groups.frequency, return_inverse=True)
        self.x_count = np.bincount(code, groups.count)

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        r, alpha, s, beta = parameters = np.exp(theta)
        x, groups = self.x, self.groups
        value = (self.x_count * (gammaln(r + x) - gammaln(r))).sum() + self.total * r * np.log(alpha)
        gradient = np.zeros(4)
        gradient[0] = (self.x_count * (digamma(r + x) - digamma(r))).sum() + self.total * np.log(alpha)
        gradient[1] = self.total * r / alpha
        for begin in range(0, len(groups.count), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            x, age, count = groups.frequency[part], groups.age[part], groups.count[part]
            odds, means = weigh_leaving(parameters, x, groups.recency[part], age)
            active = -(r + x) * np.log(alpha + age) + s * np.log(beta / (beta + age))
            value += (count * (active + np.logaddexp(0, odds))).sum()
            gone = count * expit(odds)
            stays = count - gone
            log_alpha, by_alpha, log_beta, by_beta = means
            gradient += [
                -(stays * np.log(alpha + age) + gone * log_alpha).sum(),
                -((r + x) * (stays / (alpha + age) + gone * by_alpha)).sum(),
                (stays * np.log(beta / (beta + age)) + gone * (1 / s + np.log(beta) - log_beta)).sum(),
                (count * s / beta - stays * s / (beta + age) - gone * (s + 1) * by_beta).sum(),
            ]
        return value / self.total, gradient * parameters / self.total


def weigh_leaving(
    parameters: np.ndarray, x: np.ndarray, recency: np.ndarray, age: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Return the log-odds of having left against being active, and four means over the time of leaving.

    Returns
    -------
    log-odds; minus infinity where the last order was at the end
    means of log(alpha + y), 1 / (alpha + y), log(beta + y), 1 / (beta + y) over the time of leaving y, given that one left
    """
    r, alpha, s, beta = parameters
    near, far = min(alpha, beta), max(alpha, beta)
    by_near, by_far = (r + x, np.full_like(x, s + 1)) if alpha <= beta else (np.full_like(x, s + 1), r + x)
    ratio = (near + recency) / (far + recency)
    length = np.log1p((age - recency) / (near + recency))
    for _ in range(6):  # Newton's steps stay beyond the end, as the logarithm of the integrand is concave
        grown = ratio * np.expm1(length)
        falls = (by_near - 1) * length + by_far * np.log1p(grown) - _DROP
        slope = by_near - 1 + by_far * ratio * np.exp(length) / (1 + grown)
        length = np.where(falls > 0, length - falls / np.where(falls > 0, slope, 1.0), length)
    u = length[:, None] * (_NODES + 1) / 2
    grown = ratio[:, None] * np.expm1(u)
    far_log = np.log1p(grown)
    height = (1 - by_near[:, None]) * u - by_far[:, None] * far_log
    top = height.max(axis=1, keepdims=True)
    weight = np.exp(height - top) * _WEIGHTS
    mass = weight.sum(axis=1)
    near_log, near_inverse = (weight * u).sum(axis=1) / mass, (weight * np.exp(-u)).sum(axis=1) / mass
    far_mean, far_inverse = (weight * far_log).sum(axis=1) / mass, (weight / (1 + grown)).sum(axis=1) / mass
    near_means = near_log + np.log(near + recency), near_inverse / (near + recency)
    far_means = far_mean + np.log(far + recency), far_inverse / (far + recency)
    with np.errstate(divide="ignore"):  # who ordered on the last day cannot have left since
        log_mass = np.log(mass * length / 2) + top[:, 0] + np.log(near + recency)
    odds = np.log(s) + log_mass - np.log(beta + recency) + (r + x) * np.log((alpha + age) / (alpha + recency))
    odds += s * np.log((beta + age) / (beta + recency))
    return odds, (*near_means, *far_means) if alpha <= beta else (*far_means, *near_means)


class ParetoNBD(PurchaseModel):
    """Pareto/NBD: orders come at random at a rate of the customer's own, and customers leave at a rate of their own.

    Both rates are gamma distributed over customers: that of orders with shape r and scale 1/alpha, that of leaving with
    shape s and scale 1/beta. Unlike in the BG/NBD, a customer may leave before the second order. Fitted by maximum
    likelihood without priors. The unit of time is that of the histories, and so is that of alpha and beta.

    Attributes
    ----------
    params_ : Series r, alpha, s, beta
    standard_errors_, covariance_, log_likelihood_, converged_, edges_, gradient_norm_, gain_, groups_, customers_ : as in
        ``BetaGeometric``

    Source: Schmittlein, Morrison, Colombo (1987), Counting Your Customers, Management Science 33(1); likelihood as in
    Fader, Hardie (2005), A Note on Deriving the Pareto/NBD Model, equations 15 to 22 (before its hypergeometric form).

    Examples
    --------
    >>> import pandas as pd
    >>> histories = pd.DataFrame({"frequency": [0] * 9 + [1, 1, 2, 3, 6, 9, 4, 2],
    ...     "recency": [0] * 9 + [2, 5, 8, 20, 28, 29, 6, 11], "age": 30})
    >>> model = ParetoNBD().fit(histories)
    >>> model.p_alive(histories)[-3:].round(2).tolist()
    [0.97, 0.02, 0.12]
    """

    code = "pareto_nbd"
    names = ("r", "alpha", "s", "beta")
    scaled = ("alpha", "beta")
    turn = (
        (1, 0, 0, 0),
        (1, -1, 0, 0),
        (0, 0, 1, 0),
        (0, 0, 1, -1),
    )  # r, r / alpha, s, s / beta: shapes and mean rates
    starts = ((1.0, 1.0, 1.0, 1.0), (0.3, 0.3, 0.3, 0.3), (3.0, 3.0, 0.1, 1.0))

    def _likelihood(self, groups: Groups) -> ParetoLikelihood:
        return ParetoLikelihood(groups)

    def _p_alive(self, groups: Groups) -> np.ndarray:
        parameters = self.values_
        out = np.empty(len(groups.count))
        for begin in range(0, len(out), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            odds, _ = weigh_leaving(parameters, groups.frequency[part], groups.recency[part], groups.age[part])
            out[part] = expit(-odds)
        return out

    def _expected_active(self, groups: Groups, horizon: float) -> np.ndarray:
        r, alpha, s, beta = self.values_
        rate = (r + groups.frequency) / (alpha + groups.age)
        return rate * _time_active(s, beta + groups.age, horizon)

    def _expected_new(self, times: np.ndarray) -> np.ndarray:
        r, alpha, s, beta = self.values_
        return r / alpha * _time_active(s, beta, times)

    def _count(self, times: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Weigh who stayed all the time, and who left at each moment of it."""
        r, alpha, s, beta = self.values_
        near = min(alpha, beta)
        length = np.log1p(times / near) / 2
        out = (beta / (beta + times)) ** s * count_random(r, alpha, times, x)
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            grown = np.exp(length * (node + 1))
            left = near * (grown - 1)
            leaving = s / (beta + left) * (beta / (beta + left)) ** s * near * grown
            out += weight * length * leaving * count_random(r, alpha, left, x)
        return out

    def _draw_active(self, groups: Groups, rows: np.ndarray, horizon: float, random: np.random.Generator) -> np.ndarray:
        r, alpha, s, beta = self.values_
        rate = random.standard_gamma(r + groups.frequency[rows]) / (alpha + groups.age[rows])
        leaves = random.standard_gamma(np.full(len(rows), s)) / (beta + groups.age[rows])
        late = random.standard_exponential(len(rows))
        leaving = late < leaves * horizon
        time = np.divide(late, leaves, out=np.full(len(rows), float(horizon)), where=leaving)
        return random.poisson(rate * time)


def _time_active(s: float, scale: np.ndarray, horizon: np.ndarray) -> np.ndarray:
    """Return the expected time that who is active now stays so within the horizon, at leaving rates of shape s."""
    log_left = np.log(scale / (scale + horizon))
    return -scale * log_left * exprel((s - 1) * log_left)
