"""Who still buys, and how often, if customers may leave after each purchase? BG/NBD and its modification."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma, expit, gammaln, log_expit

from kalib.topics.purchase_fit import Groups, PurchaseModel, count_random

_CHUNK = 32_768  # groups at a time: their work arrays stay in the processor's cache
_NODES = 128


class GeometricLikelihood:
    """Mean log-likelihood of grouped histories and its gradient by the logarithms of r, alpha, a, b."""

    def __init__(self, groups: Groups, *, first: int) -> None:
        """Sort out what depends on one figure alone; ``first`` is 1 if customers may leave at their first purchase."""
        self.first = first
        self.total = groups.count.sum()
        x_code, self.x = pd.factorize(groups.frequency)  # of sorted groups: in the same order each time
        t_code, self.t = pd.factorize(groups.age)
        self.x_count = np.bincount(x_code, groups.count)
        self.t_count = np.bincount(t_code, groups.count)
        self.t_orders = np.bincount(t_code, groups.count * groups.frequency)
        may = (groups.frequency + first) > 0  # who may have left already
        self.last_code, self.last = pd.factorize(groups.recency[may])
        self.x_code, self.t_code, self.count = x_code[may], t_code[may], groups.count[may]

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        r, alpha, a, b = np.exp(theta)
        x, first = self.x, self.first
        left = b + x + first - 1  # b plus the purchases survived; of no meaning at x = 0 in the BG/NBD, nor used
        log_ratio = np.log(a) - np.log(np.where(left > 0, left, 1.0))
        log_t, log_last = np.log(alpha + self.t), np.log(alpha + self.last)
        value, by_r, by_x, by_t, by_last = 0.0, 0.0, np.zeros(len(x)), np.zeros(len(self.t)), np.zeros(len(self.last))
        for begin in range(0, len(self.count), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            x_code, t_code, last_code = self.x_code[part], self.t_code[part], self.last_code[part]
            quiet = log_t[t_code] - log_last[last_code]
            rate = r + x[x_code]
            odds = rate * quiet + log_ratio[x_code]
            small = np.exp(-np.abs(odds))
            both = 1 + small
            count = self.count[part]
            value += (count * (np.maximum(odds, 0) + np.log(both))).sum()
            gone = count * np.where(odds > 0, 1.0, small) / both
            by_r += (gone * quiet).sum()
            by_x += np.bincount(x_code, gone, len(x))
            gone *= rate
            by_t += np.bincount(t_code, gone, len(self.t))
            by_last += np.bincount(last_code, gone, len(self.last))
        t_rate = r * self.t_count + self.t_orders
        survived = b + x + first
        alone = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) - gammaln(b)
        alone += gammaln(survived) - gammaln(a + survived)
        value += (self.x_count * alone).sum() - (t_rate * log_t).sum()
        ended = by_x / np.where(left > 0, left, 1.0)
        by_digamma = digamma(a + b) - digamma(a + survived)
        gradient = np.array(
            [
                (self.x_count * (digamma(r + x) - digamma(r) + np.log(alpha))).sum()
                - (self.t_count * log_t).sum()
                + by_r,
                self.total * r / alpha
                + ((by_t - t_rate) / (alpha + self.t)).sum()
                - (by_last / (alpha + self.last)).sum(),
                (self.x_count * by_digamma).sum() + by_x.sum() / a,
                (self.x_count * (by_digamma + digamma(survived) - digamma(b))).sum() - ended.sum(),
            ]
        )
        return value / self.total, gradient * np.exp(theta) / self.total


class BetaGeometric(PurchaseModel):
    """BG/NBD: orders come at random at a rate of the customer's own, and after each repeat order some leave.

    The rate is gamma distributed over customers (shape r, scale 1/alpha), the chance to leave after an order is beta
    distributed (a, b). Who has not come back yet cannot have left in this model, and counts as alive. Fitted by maximum
    likelihood without priors. The unit of time is that of the histories, and so is alpha's; the others have none.

    Attributes
    ----------
    params_ : Series r, alpha, a, b
    standard_errors_ : Series of their standard errors, from the observed information; NaN where not converged
    covariance_ : DataFrame of their covariances
    log_likelihood_ : of all customers, terms that no parameter enters left out, as in the paper
    converged_ : whether the maximum was found, and not at the edge of what is possible
    edges_ : parameters that ran away: the customers are then alike in what these describe, or one of the processes is absent
    gradient_norm_, gain_ : length of the gradient of the mean log-likelihood, and what a further step would add
    groups_ : how many different histories there are
    customers_ : how many customers were fitted

    Source: Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), equations 6 to 10.

    Examples
    --------
    >>> import pandas as pd
    >>> histories = pd.DataFrame({"frequency": [0] * 9 + [1, 1, 2, 3, 6, 9, 4, 2],
    ...     "recency": [0] * 9 + [2, 5, 8, 20, 28, 29, 6, 11], "age": 30})
    >>> model = BetaGeometric().fit(histories)
    >>> model.params_.round(2).to_dict(), model.converged_
    ({'r': 0.27, 'alpha': 2.57, 'a': 1.05, 'b': 4.14}, True)
    >>> model.p_alive(histories)[-3:].round(2).tolist()
    [0.9, 0.02, 0.4]
    """

    code = "bg_nbd"
    names = ("r", "alpha", "a", "b")
    scaled = ("alpha",)
    turn = ((1, 0, 0, 0), (1, -1, 0, 0), (0, 0, 1, 0), (0, 0, 1, -1))  # r, r / alpha, a, a / b
    starts = ((1.0, 1.0, 1.0, 3.0), (0.3, 0.3, 0.3, 3.0), (3.0, 3.0, 0.1, 1.0))
    _first = 0

    def _likelihood(self, groups: Groups) -> GeometricLikelihood:
        return GeometricLikelihood(groups, first=self._first)

    def _p_alive(self, groups: Groups) -> np.ndarray:
        r, alpha, a, b = self.values_
        x, left = groups.frequency, b + groups.frequency + self._first - 1
        may = x + self._first > 0
        odds = np.log(a) - np.log(np.where(may, left, 1.0))
        odds = odds + (r + x) * (np.log(alpha + groups.age) - np.log(alpha + groups.recency))
        return np.where(may, expit(-odds), 1.0)

    def _expected_active(self, groups: Groups, horizon: float) -> np.ndarray:
        r, alpha, a, b = self.values_
        x = groups.frequency
        return expect_orders(r + x, horizon / (alpha + groups.age), a, b + x + self._first)

    def _expected_new(self, times: np.ndarray) -> np.ndarray:
        r, alpha, a, b = self.values_
        stays = b / (a + b) if self._first else 1.0
        return stays * expect_orders(r, times / alpha, a, b + self._first)

    def _count(self, times: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Weigh who placed x orders and stayed, and who would have placed x or more and left at the x-th (equation 8)."""
        r, alpha, a, b = self.values_
        exactly = count_random(r, alpha, times, x)
        at_least = 1 - np.cumsum(exactly, axis=1) + exactly
        survived = x + self._first
        stays = np.exp(betaln(a, b + survived) - betaln(a, b))
        leaves = np.where(survived > 0, np.exp(betaln(a + 1, b + np.maximum(survived - 1, 0)) - betaln(a, b)), 0.0)
        return stays * exactly + leaves * at_least

    def _draw_active(self, groups: Groups, rows: np.ndarray, horizon: float, random: np.random.Generator) -> np.ndarray:
        r, alpha, a, b = self.values_
        x, age = groups.frequency[rows], groups.age[rows]
        rate = random.standard_gamma(r + x) / (alpha + age)
        leaves = np.maximum(random.beta(np.full(len(rows), a), b + x + self._first), 1e-12)
        return np.minimum(random.poisson(rate * horizon), random.geometric(leaves))


class ModifiedBetaGeometric(BetaGeometric):
    """MBG/NBD: as the BG/NBD, but customers may leave at their first order too.

    So that who never came back may have left. All else, attributes included, is as in ``BetaGeometric``.

    Source: Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for customer base
    analysis, International Journal of Research in Marketing 24(3).
    """

    code = "mbg_nbd"
    _first = 1


def expect_orders(shape: np.ndarray, time: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the expected orders of customers who are active now.

    Of a customer with rate z and chance p to leave after an order, (1 - exp(-zpt)) / p orders are expected in t. Here z
    is gamma distributed with ``shape``, ``time`` is t over its scale, and p is beta distributed (a, b). The integral over
    z is closed; that over p is the hypergeometric function of the papers, which libraries get wrong for large arguments.
    It is summed by the trapezoidal rule over the log-odds of p, after straight lines were taken off where its tails
    are long: within 1e-8 of it for any figures that were tried.
    """
    shape, time, a, b = np.broadcast_arrays(*(np.asarray(figure, float) for figure in (shape, time, a, b)))
    out = np.empty(shape.shape)
    flat = [figure.ravel() for figure in (shape, time, a, b)]
    for begin in range(0, out.size, 2_048):
        part = slice(begin, begin + 2_048)
        out.reshape(-1)[part] = _integrate(*(figure[part, None] for figure in flat))
    return out


def _integrate(n: np.ndarray, v: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    mode, spread = np.log(a / b), np.sqrt(1 / a + 1 / b)
    start, end = n * v, -np.expm1(-n * np.log1p(v))  # what is summed at p = 0 and at p = 1
    near = np.minimum(8 * spread, 2)
    low = np.where(
        a < 1,
        np.minimum(np.minimum(mode, -np.log1p(start)) - 2, mode - near) - 32 / (a + 1),
        mode - 32 / a - np.minimum(8 * spread, np.log1p(a / b) * (a + b) / a),
    )
    high = np.where(
        b < 1,
        np.maximum(mode, 0) + 2 + 32 / (b + 1),
        mode + 32 / b + np.minimum(8 * spread, np.log1p(b / a) * (a + b) / b),
    )
    step = (high - low) / (_NODES - 1)
    y = low + step * np.arange(_NODES)
    log_p, log_q = log_expit(y), log_expit(-y)
    weight = np.exp(a * log_p + b * log_q - betaln(a, b))
    start, end = start * (a < 1), end * (b < 1)
    p = np.exp(log_p)
    rest = -np.expm1(-n * np.log1p(p * v)) / p - start * np.exp(log_q) - end * p
    return ((start * b + end * a) / (a + b) + (rest * weight).sum(axis=1, keepdims=True) * step)[:, 0]
