"""How is a purchase model fitted? By maximum likelihood, on histories that are alike counted together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln, xlogy
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns

LEAST = 10
"""Fewer customers than this cannot tell four parameters."""

EDGE = 1e4
"""A shape, or a mean rate with the mean age as unit, that is above this or below one over it has run away."""

GAIN = 1e-6
"""Converged is where a further step would add less than this to the log-likelihood."""

LEVEL = 1e-7
"""A mean log-likelihood whose slope is below this is level."""

SAME = 0.01
"""Log-likelihoods of all customers that differ by less are the same."""

BATCH = 131_072
"""Rows scored at a time, so that memory does not grow with customers."""

MOST_FITTED = 50_000
"""Customers that a fit looks at: of more, every n-th in the order of their histories. A parameter's standard error is a hundredth then."""
_CELLS = 4_000_000  # draws at a time

_STEPS = 40
_HISTORY = ["frequency", "recency", "age"]

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Groups:
    """Histories that are alike, counted: sorted, whatever the order of the customers.

    Attributes
    ----------
    frequency, recency, age : arrays of one value per distinct history
    count : how many customers have it
    which : the group of each customer, in the order they came in
    """

    frequency: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    count: np.ndarray
    which: np.ndarray

    @classmethod
    def make(cls, histories: pd.DataFrame) -> Groups:
        """Group the customers by frequency, recency and age.

        Raises
        ------
        MissingColumnsError
            A column is not there.
        ValueError
            A figure is missing, negative, or recency lies beyond age.
        """
        columns = _read(histories)
        key, _ = _pack(columns)
        which, keys = pd.factorize(key, sort=False)
        order = np.argsort(keys)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        which = place[which]
        first = np.empty(len(keys), np.int64)
        first[which] = np.arange(len(which))
        count = np.bincount(which, minlength=len(keys)).astype(float)
        return cls(*(column[first] for column in columns), count, which)

    @classmethod
    def tally(cls, histories: pd.DataFrame) -> Groups:
        """Group them without keeping who is in which group, which is quicker; raises as ``make``."""
        key, values = _pack(_read(histories))
        if values is None:
            return cls.make(histories)
        keys, count = np.unique(key, return_counts=True)
        figures = []
        for value in values[::-1]:
            keys, code = np.divmod(keys, len(value))
            figures.append(value[code])
        return cls(*figures[::-1], count.astype(float), np.empty(0, np.int64))

    def over(self, unit: float) -> Groups:
        """Return the same in another unit of time."""
        return Groups(self.frequency, self.recency / unit, self.age / unit, self.count, self.which)

    def forget_recency(self) -> tuple[Groups, np.ndarray]:
        """Return the groups that differ in frequency or age, and the place of each of these groups among them."""
        key, _ = _pack([self.frequency, self.age])
        code, keys = pd.factorize(key)
        first = np.empty(len(keys), np.int64)
        first[code[::-1]] = np.arange(len(code))[::-1]
        frequency, age = self.frequency[first], self.age[first]
        return Groups(frequency, age, age, np.bincount(code, self.count), code), code

    def pick(self, most: int) -> Groups:
        """Return every n-th customer in the order of their histories, about ``most`` of them; all where there are no more."""
        every = max(self.count.sum() / most, 1.0)
        if every == 1:
            return self
        count = np.diff(np.floor(np.cumsum(self.count) / every), prepend=0.0)
        some = count > 0
        none = np.empty(0, np.int64)
        return Groups(self.frequency[some], self.recency[some], self.age[some], count[some], none)


@dataclass(frozen=True)
class Fit:
    """Where a search for the maximum ended.

    Attributes
    ----------
    theta : logarithms of the parameters, or what they are ``turn`` times of
    value : mean log-likelihood
    gradient : of the mean log-likelihood by the logarithms
    information : minus the second derivatives of the mean log-likelihood by the logarithms
    gain : what a further Newton step promises, in log-likelihood of all; NaN where the surface is not curved as at a maximum
    edges : places of what ran away among the figures searched
    """

    theta: np.ndarray
    value: float
    gradient: np.ndarray
    information: np.ndarray
    gain: float
    edges: tuple[int, ...]

    @property
    def converged(self) -> bool:
        """Return whether this is a maximum, inside."""
        return not self.edges and self.gain <= GAIN

    def is_at_same_edge(self, near: np.ndarray) -> bool:
        """Return whether the same figures ran away as at ``near``, the surface climbs on beyond, and is level in all others."""
        places = list(self.edges)
        if not places or places != np.flatnonzero(_at_edge(near)).tolist():
            return False
        inside = np.delete(self.gradient, places)
        outwards = self.gradient[places] * np.sign(self.theta[places])
        return bool(np.abs(inside).max(initial=0.0) < LEVEL and (outwards >= 0).all())

    def turn(self, turn: np.ndarray) -> Fit:
        """Return the same by the logarithms of the parameters, which are ``turn`` times what was searched."""
        back = np.linalg.inv(turn)
        return replace(
            self, theta=turn @ self.theta, gradient=back.T @ self.gradient, information=back.T @ self.information @ back
        )


@threadpool_limits.wrap(limits=1)  # matrices of four by four gain nothing from more, and wait for each other
def maximise(
    objective: Objective,
    starts: Sequence[np.ndarray],
    *,
    count: float,
    near: Fit | None = None,
) -> Fit:
    """Find the maximum of a mean log-likelihood over logarithms of parameters.

    L-BFGS-B within the bounds of ``EDGE`` from each start in turn until one ends inside, or two at the same height, then
    Newton steps with the second derivatives (differences of the analytic gradient).

    Parameters
    ----------
    objective : logarithms of the parameters to mean log-likelihood and its gradient
    starts : logarithms to begin from
    count : how many customers the mean is taken over
    near : where a search ended that is expected to end near this one, as that of a neighbouring date: Newton's steps begin there, with
        its second derivatives; where they end at a maximum, or at the edge to which the neighbour ran, nothing is searched
    """
    if near is not None:
        place = _Place(near.theta, *objective(near.theta))
        if np.flatnonzero(~_find_free(place)).tolist() == list(near.edges):
            place = _settle(objective, near.information, place)
        fit = _judge(objective, place, count)
        if fit.converged or fit.is_at_same_edge(near.theta):
            return fit
    best: Fit | None = None
    for start in starts:
        theta = _search(objective, start)
        fit = _judge(objective, _Place(theta, *objective(theta)), count)
        same = best is not None and abs(fit.value - best.value) * count < SAME  # two starts ran to the same edge
        if best is None or (fit.converged, fit.value) > (best.converged, best.value):
            best = fit
        if best.converged or same:
            break
    return best


def _turn(objective: Objective, turn: np.ndarray) -> Objective:
    def turned(figures: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(turn @ figures)
        return value, turn.T @ gradient

    return turned


def _search(objective: Objective, start: np.ndarray) -> np.ndarray:
    bound = np.log(EDGE)

    def fall(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(theta)
        return -value, -gradient

    options = {"maxiter": 2_000, "maxfun": 2_000, "ftol": 1e-12, "gtol": 1e-7}
    return minimize(fall, start, jac=True, method="L-BFGS-B", bounds=[(-bound, bound)] * len(start), options=options).x


@dataclass(frozen=True)
class _Place:
    """A place on the surface: logarithms of parameters, mean log-likelihood and its gradient."""

    theta: np.ndarray
    value: float
    gradient: np.ndarray


def _climb(objective: Objective, information: np.ndarray, place: _Place, count: float) -> _Place:
    """Take Newton steps with the same second derivatives as long as they climb and are worth it."""
    free = _find_free(place)
    inside = information[np.ix_(free, free)]
    if not free.any() or not _is_curved(inside):
        return place
    bound = np.log(EDGE)
    for _ in range(_STEPS):
        step = np.zeros_like(place.theta)
        step[free] = np.linalg.solve(inside, place.gradient[free])
        if place.gradient @ step * count / 2 < GAIN / 100:
            break
        while np.abs(step).max() > 1e-12:
            theta = np.clip(place.theta + step, -bound, bound)
            higher = _Place(theta, *objective(theta))
            if higher.value > place.value:
                break
            step = step / 2
        else:
            break
        place = higher
    return place


def _settle(objective: Objective, information: np.ndarray, place: _Place) -> _Place:
    """Take Newton steps as long as they halve the gradient: to the parameters that any processor finds.

    At the top the likelihood is flat, and its own rounding hides a difference of a millionth in a parameter; the gradient shows it.
    A parameter that ran to its edge stays there.
    """
    free = ~_at_edge(place.theta)
    inside = information[np.ix_(free, free)]
    if not free.any() or not _is_curved(inside):
        return place
    bound = np.log(EDGE)
    for _ in range(_STEPS):
        theta = place.theta.copy()
        theta[free] += np.linalg.solve(inside, place.gradient[free])
        theta = np.clip(theta, -bound, bound)
        nearer = _Place(theta, *objective(theta))
        if not np.abs(nearer.gradient[free]).max() < np.abs(place.gradient[free]).max() / 2:
            break
        place = nearer
    return place


def _find_free(place: _Place) -> np.ndarray:
    """Find the figures that a step may change: all but those at their edge with the surface climbing on beyond."""
    return ~(_at_edge(place.theta) & (place.gradient * np.sign(place.theta) >= 0))


def _at_edge(theta: np.ndarray) -> np.ndarray:
    return np.abs(theta) > np.log(EDGE) - 1e-3


def _judge(objective: Objective, place: _Place, count: float) -> Fit:
    """Say whether this is a maximum, after a few more steps if they are worth it."""
    for _ in range(3):
        information, gain, free = _inform(objective, place.theta), np.nan, _find_free(place)
        inside, slope = information[np.ix_(free, free)], place.gradient[free]
        if not free.any() or not _is_curved(inside):
            break
        gain = float(slope @ np.linalg.solve(inside, slope) * count / 2)
        if gain <= GAIN / 100:
            break
        place = _climb(objective, information, place, count)
    if np.isfinite(information).all():
        place = _settle(objective, information, place)
    edges = tuple(np.flatnonzero(_at_edge(place.theta)).tolist())
    if not edges:  # standard errors are of a maximum alone
        information = _inform(objective, place.theta)
    return Fit(place.theta, place.value, place.gradient, information, gain, edges)


def _inform(objective: Objective, theta: np.ndarray, width: float = 1e-4) -> np.ndarray:
    """Return minus the second derivatives, by central differences of the analytic gradient."""
    rows = [
        (objective(theta - width * unit)[1] - objective(theta + width * unit)[1]) / (2 * width)
        for unit in np.eye(len(theta))
    ]
    return (np.array(rows) + np.array(rows).T) / 2


def _is_curved(information: np.ndarray) -> bool:
    if not np.isfinite(information).all():
        return False
    values = np.linalg.eigvalsh(information)
    return bool(values[0] > 1e-10 * max(values[-1], 1e-300))


class MaximumLikelihood(BaseEstimator):
    """What all models fitted here share: parameters, their standard errors, and whether they can be trusted."""

    names: tuple[str, ...] = ()
    scaled: tuple[str, ...] = ()  # parameters in the unit of the data

    def _keep(self, fit: Fit, *, unit: float, count: float, constant: float = 0.0) -> None:
        """Turn logarithms of parameters on a scale of ``unit`` into parameters, and say how sure they are."""
        scale = np.array([unit if name in self.scaled else 1.0 for name in self.names])
        self.values_ = np.exp(fit.theta) * scale
        self.log_likelihood_ = float(fit.value * count + constant)
        self.converged_ = bool(fit.converged)
        self.gradient_norm_ = float(np.linalg.norm(fit.gradient))
        self.gain_ = float(fit.gain)
        self.edges_ = tuple(self.names[place] for place in fit.edges)
        self.customers_ = int(count)
        self.spread_ = np.full((len(self.values_), len(self.values_)), np.nan)
        if self.converged_:
            self.spread_ = np.linalg.inv(fit.information) / count * np.outer(self.values_, self.values_)

    @property
    def params_(self) -> pd.Series:
        """Return the parameters by name; they can be set, to ask a model of known parameters."""
        check_is_fitted(self)
        return pd.Series(self.values_, index=list(self.names))

    @params_.setter
    def params_(self, parameters: pd.Series) -> None:
        self.values_ = parameters[list(self.names)].to_numpy(float)

    @property
    def covariance_(self) -> pd.DataFrame:
        """Return the covariances of the parameters, by the delta method from the observed information."""
        check_is_fitted(self)
        return pd.DataFrame(self.spread_, self.names, self.names)

    @property
    def standard_errors_(self) -> pd.Series:
        """Return the standard errors of the parameters; NaN where the fit did not converge."""
        return pd.Series(np.sqrt(np.diag(self.covariance_)), index=list(self.names))

    @property
    def bic_(self) -> float:
        """Return Schwarz's criterion, the lower the better."""
        check_is_fitted(self)
        return float(len(self.names) * np.log(self.customers_) - 2 * self.log_likelihood_)

    @property
    def aic_(self) -> float:
        """Return Akaike's criterion, the lower the better."""
        check_is_fitted(self)
        return 2 * len(self.names) - 2 * self.log_likelihood_


class PurchaseModel(MaximumLikelihood):
    """What purchase models share: how they are fitted, asked row by row in batches, and drawn from.

    A model of its own says its likelihood and what it knows of grouped histories: ``_likelihood``, ``_p_alive``,
    ``_expected_active`` (orders in the horizon of who is active now), ``_expected_new``, ``_count`` and ``_draw_active``.
    """

    code = ""
    starts: tuple[tuple[float, ...], ...] = ()  # parameters to begin from, where the mean age is 1
    turn: tuple[tuple[float, ...], ...] = ()  # logarithms of the parameters from the figures that are searched

    def fit(self, histories: pd.DataFrame, *, near: PurchaseModel | None = None) -> PurchaseModel:
        """Fit the model to one row per customer: frequency, recency, age; of more than ``MOST_FITTED`` to every n-th.

        Parameters
        ----------
        near : the same kind of model, fitted to much the same customers (a neighbouring date): the search begins at its
            parameters and ends sooner, at the same maximum

        Raises
        ------
        NotEnoughDataError
            ``purchase_few_customers``, ``purchase_one_day`` or ``purchase_no_repeat``.
        """
        groups = Groups.tally(histories).pick(MOST_FITTED)
        check_histories(groups)
        total = groups.count.sum()
        unit = float((groups.count * groups.age).sum() / total)
        scaled = groups.over(unit)
        turn = np.array(self.turn)
        fit = maximise(
            _turn(self._likelihood(scaled), turn),
            [np.linalg.solve(turn, np.log(start)) for start in self.starts],
            count=total,
            near=None if near is None else near.found_,
        )
        self.found_ = fit
        fit = fit.turn(turn)
        orders = float((groups.count * groups.frequency).sum())
        self._keep(fit, unit=unit, count=total, constant=-orders * np.log(unit))
        self.groups_ = len(groups.count)
        return self

    def score(self, histories: pd.DataFrame) -> float:
        """Return the log-likelihood of histories."""
        check_is_fitted(self)
        groups = Groups.make(histories)
        return float(self._likelihood(groups)(np.log(self.values_))[0] * groups.count.sum())

    def p_alive(self, histories: pd.DataFrame) -> np.ndarray:
        """Return the probability that each customer still buys, row by row."""
        return self._ask(histories, self._p_alive)

    def expected_orders(self, histories: pd.DataFrame, horizon: float) -> np.ndarray:
        """Return the expected order days of each customer in the next ``horizon``, row by row."""

        def expect(groups: Groups) -> np.ndarray:
            pairs, code = groups.forget_recency()
            return self._p_alive(groups) * self._expected_active(pairs, horizon)[code]

        return self._ask(histories, expect)

    def expected_new(self, times: np.ndarray) -> np.ndarray:
        """Return the repeat orders that a new customer is expected to have placed by each of ``times``."""
        check_is_fitted(self)
        return self._expected_new(np.asarray(times, float))

    def count_probabilities(self, times: np.ndarray, *, most: int) -> np.ndarray:
        """Return how likely 0, 1 ... ``most`` repeat orders are for a customer who is new at the start of each time.

        Returns
        -------
        array of one row per time and ``most`` + 1 columns
        """
        check_is_fitted(self)
        return self._count(np.asarray(times, float)[:, None], np.arange(most + 1, dtype=float))

    def draw_orders(self, histories: pd.DataFrame, horizon: float, *, draws: int, seed: int) -> np.ndarray:
        """Draw the order days of each customer in the next ``horizon``, from what is known of the customer.

        Each draw decides whether the customer still buys, at which rates, and what comes of it. Customers are drawn in
        the order of customer_id, where there is one, so that the order of the rows does not matter.

        Returns
        -------
        array of whole numbers, one row per customer and ``draws`` columns
        """
        check_is_fitted(self)
        random = np.random.default_rng(seed)
        out = np.zeros((len(histories), draws), np.int32)
        if "customer_id" in histories:
            order = np.argsort(histories["customer_id"].to_numpy(), kind="stable")
        else:
            order = np.lexsort([histories[name].to_numpy() for name in _HISTORY])
        size = max(1, _CELLS // max(draws, 1))
        for begin in range(0, len(order), size):
            rows = order[begin : begin + size]
            groups = Groups.make(histories.iloc[rows])
            active = random.random((len(rows), draws)) < self._p_alive(groups)[groups.which][:, None]
            drawn = np.zeros(active.shape, np.int32)
            drawn[active] = self._draw_active(groups, groups.which[np.nonzero(active)[0]], horizon, random)
            out[rows] = drawn
        return out

    def _ask(self, histories: pd.DataFrame, question: Callable[[Groups], np.ndarray]) -> np.ndarray:
        """Answer a question on grouped histories, a batch of rows at a time, so that memory does not grow with them."""
        check_is_fitted(self)
        out = np.empty(len(histories))
        for begin in range(0, len(histories), BATCH):
            groups = Groups.make(histories.iloc[begin : begin + BATCH])
            out[begin : begin + BATCH] = question(groups)[groups.which]
        return out


def count_random(r: float, alpha: float, times: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return how likely x orders are in a time, at random at gamma distributed rates: the negative binomial law."""
    log = gammaln(r + x) - gammaln(r) - gammaln(x + 1) + r * np.log(alpha / (alpha + times))
    return np.exp(log + xlogy(x, times / (alpha + times)))


def check_histories(groups: Groups) -> None:
    """Check that the histories can tell a purchase model's parameters.

    Raises
    ------
    NotEnoughDataError
        ``purchase_few_customers``: fewer than ten customers. ``purchase_one_day``: all first ordered on the last day,
        so that nobody had time to come back. ``purchase_no_repeat``: nobody ordered on a second day.
    """
    customers = int(groups.count.sum())
    if customers < LEAST:
        raise NotEnoughDataError("purchase_few_customers", customers=customers, least=LEAST)
    if not groups.age.max() > 0:
        raise NotEnoughDataError("purchase_one_day", customers=customers)
    if not groups.frequency.max() > 0:
        raise NotEnoughDataError("purchase_no_repeat", customers=customers)


def _read(histories: pd.DataFrame) -> list[np.ndarray]:
    check_columns(histories, _HISTORY, name="histories", remedy="Build it with `summarise_histories`.")
    columns = [histories[name].to_numpy(float) for name in _HISTORY]
    _check(*columns)
    return columns


def _pack(columns: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray] | None]:
    """Return one whole number per row, in the order of the figures, and the values of each figure by its place in it.

    There are no such values where the figures are so many that their places do not fit into one number.
    """
    coded = [_encode(column) for column in columns]
    size = math.prod(len(known) for _, known in coded)
    key = np.zeros(len(columns[0]), np.int32 if size < 2**31 else np.int64)
    if size < 2**62:
        for code, known in coded:
            key *= len(known)
            key += code
        return key, [known for _, known in coded]
    for code, known in coded:
        key = pd.factorize(key * len(known) + code, sort=True)[0]
    return key, None


def _encode(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each figure among the values that there may be, and these in order."""
    if len(column) and column.max() < 2**16:
        code = column.astype(np.int32)
        if (code == column).all():
            return code, np.arange(code.max() + 1, dtype=float)
    code, known = pd.factorize(column, sort=True)
    return code.astype(np.int32), known if len(known) else np.zeros(1)


def _check(frequency: np.ndarray, recency: np.ndarray, age: np.ndarray) -> None:
    for name, column in zip(_HISTORY, (frequency, recency, age), strict=True):
        if len(column) and not (column.min() >= 0 and column.max() < np.inf):
            row = int((~(column >= 0) | (column == np.inf)).argmax())
            raise ValueError(f"`{name}` is a number from 0 on; row {row} has {column[row]}.")
    late = recency > age
    if late.any():
        row = int(late.argmax())
        raise ValueError(f"`recency` lies within `age`; row {row} has {recency[row]} and {age[row]}.")
    wrong = (frequency > 0) != (recency > 0)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            "Who came back has a `recency` above 0, and only they; "
            f"row {row} has frequency {frequency[row]} and recency {recency[row]}."
        )
