"""Who still buys, how often, and what does an order bring? Pareto/NBD, BG/NBD, MBG/NBD and gamma-gamma by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
STEP = 1e-3


def maximise(likelihood: Callable[[np.ndarray], float], start: list[float]) -> tuple[np.ndarray, float]:
    """Return the parameters of the highest mean log-likelihood, and its height.

    L-BFGS over logarithms, then Newton's steps with differences of the fourth order, to eight digits.
    """

    def gradient(theta: np.ndarray) -> np.ndarray:
        steps = STEP * np.eye(len(theta))
        return np.array([(8 * (likelihood(theta + d) - likelihood(theta - d)) - likelihood(theta + 2 * d) + likelihood(theta - 2 * d)) / (12 * STEP) for d in steps])  # fmt: skip

    def fall(theta: np.ndarray) -> tuple[float, np.ndarray]:
        return -likelihood(theta), -gradient(theta)

    theta = minimize(fall, np.log(start), jac=True, method="L-BFGS-B", bounds=[(-9.2, 9.2)] * len(start), options={"ftol": 1e-13, "gtol": 1e-7}).x
    curve = np.array([(gradient(theta + d) - gradient(theta - d)) / (2 * STEP) for d in STEP * np.eye(len(theta))])
    for _ in range(3):
        theta = theta - np.linalg.solve(curve, gradient(theta))
    return np.exp(theta), likelihood(theta)


def histories(days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return frequency (order days after the first), recency and age of each customer, in days."""
    known = days[days.order_date <= as_of].groupby("customer_id").order_date.agg(["size", "min", "max"])
    return pd.DataFrame({"x": known["size"] - 1, "t": (known["max"] - known["min"]).dt.days, "T": (as_of - known["min"]).dt.days}, dtype=float)


class Model:
    """A purchase model fitted to histories; time is measured in mean ages while fitting."""

    start = [1.0, 1.0, 1.0, 1.0]

    def __init__(self, known: pd.DataFrame) -> None:
        unit = known["T"].mean()
        x, t, age = known.x.to_numpy(), known.t.to_numpy() / unit, known["T"].to_numpy() / unit
        values, self.height = maximise(lambda theta: self.likelihood(np.exp(theta), x, t, age).mean(), self.start)
        self.values = values * [unit if name in self.timed else 1.0 for name in range(4)]

    def alive(self, known: pd.DataFrame) -> np.ndarray:
        """Return the chance that each customer still buys."""
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(self.odds(self.values, *(known[name].to_numpy() for name in ("x", "t", "T")))))


class ParetoNBD(Model):
    """Leaving at any time: Schmittlein, Morrison, Colombo (1987)."""

    timed = (1, 3)

    @staticmethod
    def odds(values: np.ndarray, x: np.ndarray, t: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Return the log-odds of having left since the last order: the integral over the moment of it."""
        r, alpha, s, beta = values
        last, steep = np.log((alpha + age) / (alpha + t)), 45 / (r + x)
        u = np.minimum(last, steep)[:, None] * (NODES + 1) / 2  # logarithm of (alpha + moment) over (alpha + t)
        moment = (alpha + t)[:, None] * np.exp(u) - alpha
        height = -(r + x)[:, None] * u - (s + 1) * np.log((beta + moment) / (beta + t)[:, None]) + u
        mass = (np.exp(height) * WEIGHTS).sum(axis=1) * np.minimum(last, steep) / 2
        with np.errstate(divide="ignore"):
            integral = np.log(mass * (alpha + t) / (beta + t))
        return np.log(s) + integral + (r + x) * last + s * np.log((beta + age) / (beta + t))

    @classmethod
    def likelihood(cls, values: np.ndarray, x: np.ndarray, t: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Return each customer's log-likelihood."""
        r, alpha, s, beta = values
        active = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age) + s * np.log(beta / (beta + age))
        return active + np.logaddexp(0, cls.odds(values, x, t, age))

    def expect(self, known: pd.DataFrame, horizon: float) -> np.ndarray:
        """Return the order days expected within the horizon."""
        r, alpha, s, beta = self.values
        age = known["T"].to_numpy()
        time = (beta + age) / (s - 1) * (1 - ((beta + age) / (beta + age + horizon)) ** (s - 1))
        return self.alive(known) * (r + known.x.to_numpy()) / (alpha + age) * time

    def draw(self, known: pd.DataFrame, horizon: float, *, draws: int, seed: int) -> np.ndarray:
        """Draw the order days of each customer: does it still buy, at which rates, until when?"""
        r, alpha, s, beta = self.values
        random = np.random.default_rng(seed)
        active = random.random((len(known), draws)) < self.alive(known)[:, None]
        rows = np.nonzero(active)[0]
        x, age = known.x.to_numpy()[rows], known["T"].to_numpy()[rows]
        rate = random.standard_gamma(r + x) / (alpha + age)
        leaves = random.standard_gamma(np.full(len(rows), s)) / (beta + age)
        time = np.minimum(random.standard_exponential(len(rows)) / leaves, horizon)
        orders = np.zeros(active.shape, int)
        orders[active] = random.poisson(rate * time)
        return orders


class BetaGeometric(Model):
    """Leaving after a repeat order: Fader, Hardie, Lee (2005)."""

    start = [1.0, 1.0, 1.0, 3.0]
    timed = (1,)
    first = 0

    @classmethod
    def odds(cls, values: np.ndarray, x: np.ndarray, t: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Return the log-odds of having left after the last order."""
        r, alpha, a, b = values
        may = x + cls.first > 0
        return np.where(may, np.log(a / np.where(may, b + x + cls.first - 1, 1)) + (r + x) * np.log((alpha + age) / (alpha + t)), -np.inf)

    @classmethod
    def likelihood(cls, values: np.ndarray, x: np.ndarray, t: np.ndarray, age: np.ndarray) -> np.ndarray:
        """Return each customer's log-likelihood."""
        r, alpha, a, b = values
        active = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
        return active + betaln(a, b + x + cls.first) - betaln(a, b) + np.logaddexp(0, cls.odds(values, x, t, age))

    def expect(self, known: pd.DataFrame, horizon: float) -> np.ndarray:
        """Return the order days expected within the horizon, by the papers' hypergeometric function."""
        r, alpha, a, b = self.values
        x, age = known.x.to_numpy(), known["T"].to_numpy()
        stays = b + x + self.first
        part = hyp2f1(r + x, stays, a + stays - 1, horizon / (alpha + age + horizon))
        gone = ((alpha + age) / (alpha + age + horizon)) ** (r + x) * part
        return self.alive(known) * (a + stays - 1) / (a - 1) * (1 - gone)


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

        def likelihood(theta: np.ndarray) -> float:
            p, q, gamma = np.exp(theta)
            fixed = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
            return (fixed + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * z)).mean()

        (self.p, self.q, gamma), _ = maximise(likelihood, [1.0, 3.0, 1.0])
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
        return np.where(good[:, None] | known.mean_value.isna().to_numpy()[:, None], drawn, orders * self.expect(known)[:, None])
