"""Who still buys, how often, and what does an order bring? Pareto/NBD, BG/NBD, MBG/NBD and gamma-gamma by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, hyp2f1, loggamma

NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)
BOUND = np.log(1e4)
TURN = np.array([[1, 0, 0, 0], [1, -1, 0, 0], [0, 0, 1, 0], [0, 0, 1, -1]])
"""Searched are shapes and mean rates, which hang together less than shapes and scales: the matrix is its own inverse."""

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


def maximise(objective: Objective, start: np.ndarray, *, near: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """Return the logarithms of the parameters at the highest mean log-likelihood within bounds, and its height.

    L-BFGS from the start; from ``near`` Newton's steps alone, if they end at a maximum.
    """

    def gradient(theta: np.ndarray) -> np.ndarray:
        return objective(theta)[1]

    if near is not None:
        theta = climb(gradient, near)
        slope, edge = gradient(theta), at_edge(theta)
        if (
            np.abs(slope[~edge]).max() < 1e-9
            and (slope * np.sign(theta))[edge].min(initial=0) >= 0
            and np.abs(theta).max() <= BOUND
        ):
            return theta, objective(theta)[0]
    bounds, options = [(-BOUND, BOUND)] * len(start), {"ftol": 1e-9, "gtol": 1e-6}
    found = minimize(
        lambda theta: [-told for told in objective(theta)],
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options=options,
    )
    theta = climb(gradient, found.x)
    return theta, objective(theta)[0]


def differentiate(likelihood: Callable[[np.ndarray], np.ndarray], theta: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean of a log-likelihood and its slope by a step into the complex plane, exact to the last digit."""
    stepped = [likelihood(theta + 1e-30j * unit).mean() for unit in np.eye(len(theta))]
    return stepped[0].real, np.array([one.imag / 1e-30 for one in stepped])


def climb(gradient: Callable[[np.ndarray], np.ndarray], theta: np.ndarray) -> np.ndarray:
    """Take Newton's steps as long as they bring the slope down; what ran to its bound stays there."""
    free, slope, is_fresh = ~at_edge(theta), gradient(theta), False
    for _ in range(30):
        if not is_fresh:
            steps = 1e-4 * np.eye(len(theta))[free]
            curve = np.array([(gradient(theta + d) - gradient(theta - d))[free] / 2e-4 for d in steps])
        further = theta.copy()
        further[free] -= np.linalg.solve(curve, slope[free])
        better = gradient(further)
        if np.abs(better[free]).max() < np.abs(slope[free]).max() / 2:
            theta, slope, is_fresh = further, better, True
        elif is_fresh:
            is_fresh = False
        else:
            break
        if np.abs(slope[free]).max() < 1e-13:
            break
    return theta


def at_edge(theta: np.ndarray) -> np.ndarray:
    """Say which figures ran to their bound."""
    return np.abs(theta) > BOUND - 1e-3


def softplus(odds: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(odds)), of complex numbers too."""
    return np.where(odds.real > 0, odds, 0) + np.log1p(np.exp(np.where(odds.real > 0, -odds, odds)))


def betaln(a: complex, b: np.ndarray) -> np.ndarray:
    """Return the logarithm of the beta function, of complex numbers too."""
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def histories(days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return frequency (order days after the first), recency and age of each customer, in days."""
    known = days[days.order_date <= as_of].groupby("customer_id").order_date.agg(["size", "min", "max"])
    return pd.DataFrame(
        {"x": known["size"] - 1, "t": (known["max"] - known["min"]).dt.days, "T": (as_of - known["min"]).dt.days},
        dtype=float,
    )


class Model:
    """A purchase model fitted to histories; time is measured in mean ages while fitting."""

    start = (1.0, 1.0, 1.0, 1.0)

    def __init__(self, known: pd.DataFrame, *, near: Model | None = None) -> None:
        """Fit it; ``near`` is the same model of a neighbouring date, whose parameters are near."""
        unit = known["T"].mean()
        x, t, age = known.x.to_numpy(), known.t.to_numpy() / unit, known["T"].to_numpy() / unit

        def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
            told, slope = self.measure(TURN @ theta, x, t, age)
            return told, TURN.T @ slope

        self.theta, self.height = maximise(
            objective, TURN @ np.log(self.start), near=None if near is None else near.theta
        )
        self.converged = not at_edge(self.theta).any()
        self.values = np.exp(TURN @ self.theta) * [unit if name in self.timed else 1.0 for name in range(4)]

    def alive(self, known: pd.DataFrame) -> np.ndarray:
        """Return the chance that each customer still buys."""
        return expit(-self.odds(self.values, *(known[name].to_numpy() for name in ("x", "t", "T"))))

    def draw(self, known: pd.DataFrame, horizon: float, *, draws: int, seed: int) -> np.ndarray:
        """Draw the order days of each customer within the horizon; does it still buy?"""
        random = np.random.default_rng(seed)
        active = random.random((len(known), draws)) < self.alive(known)[:, None]
        rows, orders = np.nonzero(active)[0], np.zeros(active.shape, int)
        orders[active] = self.draw_active(known.x.to_numpy()[rows], known["T"].to_numpy()[rows], horizon, random)
        return orders


class ParetoNBD(Model):
    """Leaving at any time: Schmittlein, Morrison, Colombo (1987)."""

    timed = (1, 3)

    @classmethod
    def odds(cls, *arguments: np.ndarray) -> np.ndarray:
        """Return the log-odds of having left since the last order."""
        return cls.integrate(*arguments)[0]

    @staticmethod
    def integrate(
        values: np.ndarray, x: np.ndarray, t: np.ndarray, age: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return these log-odds, an integral over the moment of leaving, with the moments looked at and the weight of each."""
        r, alpha, s, beta = values
        last = np.log((alpha + age) / (alpha + t))
        length = np.minimum(last, 45 / (r + x))
        u = length[:, None] * (NODES + 1) / 2  # logarithm of (alpha + moment) over (alpha + t)
        moment = (alpha + t)[:, None] * np.exp(u) - alpha
        weight = np.exp(-(r + x - 1)[:, None] * u - (s + 1) * np.log((beta + moment) / (beta + t)[:, None])) * WEIGHTS
        mass = weight.sum(axis=1)
        integral = np.log(np.where(age > t, mass * length / 2 * (alpha + t) / (beta + t), 1))
        odds = np.log(s) + integral + (r + x) * last + s * np.log((beta + age) / (beta + t))
        return (
            np.where(age > t, odds, -np.inf),
            moment,
            weight / mass[:, None],
        )  # who ordered on the last day cannot have left

    @classmethod
    def measure(cls, theta: np.ndarray, x: np.ndarray, t: np.ndarray, age: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the mean log-likelihood and its slope by the logarithms of the parameters."""
        r, alpha, s, beta = values = np.exp(theta)
        odds, moment, weight = cls.integrate(values, x, t, age)
        gone = expit(odds)
        active = (
            gammaln(r + x)
            - gammaln(r)
            + r * np.log(alpha)
            - (r + x) * np.log(alpha + age)
            + s * np.log(beta / (beta + age))
        )

        def mean(active: np.ndarray, left: np.ndarray) -> np.ndarray:
            return (1 - gone) * active + gone * (weight * left).sum(axis=1)

        slope = [
            digamma(r + x) - digamma(r) + np.log(alpha) - mean(np.log(alpha + age), np.log(alpha + moment)),
            r / alpha - (r + x) * mean(1 / (alpha + age), 1 / (alpha + moment)),
            np.log(beta) + gone / s - mean(np.log(beta + age), np.log(beta + moment)),
            s / beta - mean(s / (beta + age), (s + 1) / (beta + moment)),
        ]
        return (active + np.logaddexp(0, odds)).mean(), np.array([one.mean() for one in slope]) * values

    def expect(self, known: pd.DataFrame, horizon: float) -> np.ndarray:
        """Return the order days expected within the horizon."""
        r, alpha, s, beta = self.values
        age = known["T"].to_numpy()
        time = (beta + age) / (s - 1) * (1 - ((beta + age) / (beta + age + horizon)) ** (s - 1))
        return self.alive(known) * (r + known.x.to_numpy()) / (alpha + age) * time

    def draw_active(self, x: np.ndarray, age: np.ndarray, horizon: float, random: np.random.Generator) -> np.ndarray:
        """Draw the order days of those who still buy: at which rates, until when?"""
        r, alpha, s, beta = self.values
        rate = random.standard_gamma(r + x) / (alpha + age)
        leaves = random.standard_gamma(np.full(len(x), s)) / (beta + age)
        time = np.minimum(random.standard_exponential(len(x)) / leaves, horizon)
        return random.poisson(rate * time)


class BetaGeometric(Model):
    """Leaving after a repeat order: Fader, Hardie, Lee (2005)."""

    start = (1.0, 1.0, 1.0, 3.0)
    timed = (1,)
    first = 0

    @classmethod
    def odds(cls, values: np.ndarray, x: np.ndarray, t: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Return the log-odds of having left after the last order."""
        r, alpha, a, b = values
        may = x + cls.first > 0
        return np.where(
            may,
            np.log(a / np.where(may, b + x + cls.first - 1, 1)) + (r + x) * np.log((alpha + age) / (alpha + t)),
            -1e3,
        )

    @classmethod
    def measure(cls, theta: np.ndarray, *known: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the mean log-likelihood and its slope by the logarithms of the parameters."""
        return differentiate(lambda theta: cls.likelihood(np.exp(theta), *known), theta)

    @classmethod
    def likelihood(cls, values: np.ndarray, x: np.ndarray, t: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Return each customer's log-likelihood."""
        r, alpha, a, b = values
        active = loggamma(r + x) - loggamma(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
        return active + betaln(a, b + x + cls.first) - betaln(a, b) + softplus(cls.odds(values, x, t, age))

    def expect(self, known: pd.DataFrame, horizon: float) -> np.ndarray:
        """Return the order days expected within the horizon, by the papers' hypergeometric function."""
        r, alpha, a, b = self.values
        x, age = known.x.to_numpy(), known["T"].to_numpy()
        stays = b + x + self.first
        part = hyp2f1(r + x, stays, a + stays - 1, horizon / (alpha + age + horizon))
        gone = ((alpha + age) / (alpha + age + horizon)) ** (r + x) * part
        return self.alive(known) * (a + stays - 1) / (a - 1) * (1 - gone)

    def draw_active(self, x: np.ndarray, age: np.ndarray, horizon: float, random: np.random.Generator) -> np.ndarray:
        """Draw the order days of those who still buy: at which rates, and after which order do they leave?"""
        r, alpha, a, b = self.values
        rate = random.standard_gamma(r + x) / (alpha + age)
        leaves = np.maximum(random.beta(np.full(len(x), a), b + x + self.first), 1e-12)
        return np.minimum(random.poisson(rate * horizon), random.geometric(leaves))


class ModifiedBetaGeometric(BetaGeometric):
    """Leaving after the first order too: Batislam, Denizel, Filiztekin (2007)."""

    first = 1


MODELS = {"pareto_nbd": ParetoNBD, "bg_nbd": BetaGeometric, "mbg_nbd": ModifiedBetaGeometric}


class Spend:
    """What an order brings: the gamma-gamma model (Fader, Hardie 2013), a customer's mean drawn towards that of all."""

    def __init__(self, known: pd.DataFrame) -> None:
        """Fit it to frequency and mean value; means of nought or less are left out and only weighted."""
        used = known[(known.frequency > 0) & (known.mean_value > 0)]
        unit = used.mean_value.mean()
        x, z = used.frequency.to_numpy(float), used.mean_value.to_numpy() / unit

        def likelihood(theta: np.ndarray) -> np.ndarray:
            p, q, gamma = np.exp(theta)
            fixed = loggamma(p * x + q) - loggamma(p * x) - loggamma(q) + q * np.log(gamma)
            return fixed + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * z)

        theta, _ = maximise(partial(differentiate, likelihood), np.log([1.0, 3.0, 1.0]))
        self.p, self.q, gamma = np.exp(theta)
        self.gamma = gamma * unit
        self.mean = self.p * self.gamma / (self.q - 1)

    def expect(self, known: pd.DataFrame) -> np.ndarray:
        """Return what an order of each customer is expected to bring."""
        x, z = known.frequency.to_numpy(float), known.mean_value.fillna(0).to_numpy()
        return (self.p * x * z + (self.q - 1) * self.mean) / (self.p * x + self.q - 1)

    def draw(self, known: pd.DataFrame, orders: np.ndarray, *, seed: int) -> np.ndarray:
        """Draw what so many orders of each customer bring together."""
        good = (known.mean_value > 0).to_numpy()
        x, z = np.where(good, known.frequency, 0.0), np.where(good, known.mean_value, 0.0)
        means = np.random.default_rng(seed).standard_gamma((self.p * x + self.q)[:, None], size=orders.shape)
        some, spread = orders > 0, np.zeros(orders.shape)
        spread[some] = np.random.default_rng([seed, 1]).standard_gamma(self.p * orders[some]) / self.p
        drawn = spread * (self.p * (self.gamma + x * z))[:, None] / means
        return np.where(
            good[:, None] | known.mean_value.isna().to_numpy()[:, None], drawn, orders * self.expect(known)[:, None]
        )
