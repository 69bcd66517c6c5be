"""What does an order of each customer bring? The gamma-gamma model, which trusts few orders less than many."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln
from sklearn.utils.validation import check_is_fitted

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns
from kalib.topics.purchase_fit import LEAST, MaximumLikelihood, maximise

COUNTED = ("repeat", "all")
"""Which order days tell what an order brings: those after the first, as in the papers, or all of them."""

_STARTS = ((1.0, 3.0, 1.0), (6.0, 4.0, 0.5), (0.5, 1.5, 1.0))
_CENTS = 100


def summarise_spend(
    order_days: pd.DataFrame, *, as_of: dt.date, money: str = "net_sales", counted: str = "repeat"
) -> pd.DataFrame:
    """Summarise what each customer's order days brought.

    Days without an order, on which goods only came back, do not count. Money is added in whole cents.

    Parameters
    ----------
    order_days : customer_id, order_date, orders, and the column ``money``; rows after ``as_of`` are not looked at
    money : ``net_sales`` or ``margin``
    counted : ``repeat`` leaves out the first order day, as the papers do; ``all`` counts it

    Returns
    -------
    DataFrame
        One row per customer with an order, by customer_id: customer_id, frequency (order days counted), mean_value (of
        them; NaN without any).

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "orders": 1, "net_sales": [50.0, 10.0, 21.0, 5.0],
    ...     "order_date": pd.to_datetime(["2026-01-01", "2026-01-09", "2026-02-01", "2026-03-01"])})
    >>> summarise_spend(orders, as_of=dt.date(2026, 6, 30)).values.tolist()
    [['a', 2, 15.5], ['b', 0, nan]]
    """
    if counted not in COUNTED:
        raise ValueError(f"`counted` is one of {', '.join(COUNTED)}; it was {counted!r}.")
    check_columns(order_days, ["customer_id", "order_date", money], name="order_days")
    table = order_days[["customer_id"]].assign(
        order_date=pd.to_datetime(order_days["order_date"]), cents=np.rint(order_days[money].astype(float) * _CENTS)
    )
    kept = table["order_date"] <= pd.Timestamp(as_of)
    if "orders" in order_days:
        kept &= order_days["orders"] > 0
    days = table[kept].groupby(["customer_id", "order_date"], as_index=False)["cents"].sum()
    customers = days["customer_id"].unique()
    if counted == "repeat":
        days = days[days["customer_id"].duplicated()]
    spend = days.groupby("customer_id")["cents"].agg(["size", "sum"]).reindex(customers, fill_value=0)
    mean = spend["sum"].div(spend["size"].where(spend["size"] > 0)) / _CENTS
    return pd.DataFrame(
        {"customer_id": spend.index, "frequency": spend["size"].to_numpy("int64"), "mean_value": mean.to_numpy()}
    )


class GammaGamma(MaximumLikelihood):
    """Gamma-gamma model: a customer's orders vary about the customer's own mean, and the means vary about all's.

    What an order brings is gamma distributed (shape p, rate v), and v is gamma distributed over customers (shape q, rate
    gamma). It assumes that what an order brings has nothing to do with how often a customer orders: look at
    ``correlation_`` before it is trusted. Fitted by maximum likelihood without priors. Customers without a counted
    order, or whose mean is not above nought, are left out of the fit.

    Attributes
    ----------
    params_ : Series p, q, gamma; gamma in the unit of the money
    standard_errors_, covariance_, log_likelihood_, converged_, edges_, gradient_norm_, gain_, customers_ : as in
        ``BetaGeometric``
    correlation_ : Pearson's, of frequency and mean_value over the customers fitted
    left_out_ : customers with a counted order whose mean is not above nought
    mean_ : what an order of a customer brings on average, over all customers: p gamma / (q - 1); infinite where q is
        at most 1, as then single customers outweigh all others

    Source: Fader, Hardie, Lee (2005), RFM and CLV, Journal of Marketing Research 42(4); Fader, Hardie (2013), The
    Gamma-Gamma Model of Monetary Value, equations 1 to 5.

    Examples
    --------
    >>> spend = pd.DataFrame({"frequency": [1, 2, 3, 1, 5, 2, 6, 4, 2, 5, 3, 0],
    ...     "mean_value": [12.0, 80, 25, 8, 171, 22, 20, 35, 110, 27, 9, float("nan")]})
    >>> model = GammaGamma().fit(spend)
    >>> model.converged_, round(model.mean_, 2), model.expected_value(spend)[[4, 11]].round(2).tolist()
    (True, 54.33, [165.78, 54.33])
    """

    code = "gamma_gamma"
    names = ("p", "q", "gamma")
    scaled = ("gamma",)

    def fit(self, spend: pd.DataFrame) -> GammaGamma:
        """Fit the model to one row per customer: frequency (orders counted) and mean_value.

        Raises
        ------
        NotEnoughDataError
            ``purchase_few_spenders``: fewer than ten customers have a counted order and a mean above nought.
            ``purchase_equal_spend``: their means are all the same.
        """
        frequency, value = _read(spend)
        used = (frequency > 0) & (value > 0)
        self.left_out_ = int(((frequency > 0) & ~(value > 0)).sum())
        x, z = frequency[used], value[used]
        if len(x) < LEAST:
            raise NotEnoughDataError("purchase_few_spenders", customers=len(x), least=LEAST)
        if z.max() - z.min() <= 1e-9 * z.max():
            raise NotEnoughDataError("purchase_equal_spend", customers=len(x))
        order = np.lexsort((z, x))
        x, z = x[order], z[order]
        unit = float(z.mean())
        fit = maximise(SpendLikelihood(x, z / unit), [np.log(start) for start in _STARTS], count=len(x))
        self._keep(fit, unit=unit, count=len(x), constant=-len(x) * np.log(unit))
        p, q, gamma = self.values_
        self.mean_ = float(p * gamma / (q - 1)) if q > 1 else np.inf
        self.correlation_ = float(np.corrcoef(x, z)[0, 1]) if x.max() > x.min() else 0.0
        return self

    def score(self, spend: pd.DataFrame) -> float:
        """Return the log-likelihood of the customers with a counted order and a mean above nought."""
        check_is_fitted(self)
        frequency, value = _read(spend)
        used = (frequency > 0) & (value > 0)
        likelihood = SpendLikelihood(frequency[used], value[used])
        return float(likelihood(np.log(self.values_))[0] * used.sum())

    def expected_value(self, spend: pd.DataFrame) -> np.ndarray:
        """Return what an order of each customer is expected to bring, row by row (equation 5).

        A weighted mean of the customer's own and all customers'. Who has no counted order, or a mean not above nought,
        counts as the average customer.
        """
        check_is_fitted(self)
        shape, rate = self._posterior(spend)
        p = self.values_[0]
        return np.where(shape > 1, p * rate / np.where(shape > 1, shape - 1, 1.0), np.inf)

    def draw_value(self, spend: pd.DataFrame, *, draws: int, seed: int) -> np.ndarray:
        """Draw what an order of each customer brings on average, from what is known of the customer.

        Returns
        -------
        array of one row per customer and ``draws`` columns; the same for a customer whatever the order of the rows
        """
        check_is_fitted(self)
        shape, rate = self._posterior(spend)
        order = _sort(spend, shape, rate)
        drawn = np.random.default_rng(seed).standard_gamma(shape[order, None], size=(len(shape), draws))
        out = np.empty_like(drawn)
        out[order] = self.values_[0] * rate[order, None] / np.maximum(drawn, np.finfo(float).tiny)
        return out

    def _posterior(self, spend: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        frequency, value = _read(spend)
        p, q, gamma = self.values_
        used = (frequency > 0) & (value > 0)
        x = np.where(used, frequency, 0.0)
        return p * x + q, gamma + x * np.where(used, value, 0.0)


class SpendLikelihood:
    """Mean log-likelihood and its gradient by the logarithms of p, q, gamma (equation 1a)."""

    def __init__(self, frequency: np.ndarray, value: np.ndarray) -> None:
        self.x, code = np.unique(frequency, return_inverse=True)
        self.count = np.bincount(code)
        self.spent, self.code, self.customers = frequency * value, code, len(frequency)
        log_value = np.log(value)
        self.by_p = (frequency * (log_value + np.log(frequency))).sum()
        self.fixed = -log_value.sum()

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, gamma = np.exp(theta)
        x, count = self.x, self.count
        total = gamma + self.spent
        shape = p * x + q
        log_total = np.bincount(self.code, np.log(total), len(x))
        inverse = np.bincount(self.code, 1 / total, len(x))
        alone = gammaln(shape) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
        value = (count * alone).sum() + p * self.by_p + self.fixed - (shape * log_total).sum()
        slope = digamma(shape)
        gradient = np.array(
            [
                (count * x * (slope - digamma(p * x))).sum() + self.by_p - (x * log_total).sum(),
                (count * (slope - digamma(q) + np.log(gamma))).sum() - log_total.sum(),
                self.customers * q / gamma - (shape * inverse).sum(),
            ]
        )
        return value / self.customers, gradient * np.exp(theta) / self.customers


def _read(spend: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    check_columns(spend, ["frequency", "mean_value"], name="spend", remedy="Build it with `summarise_spend`.")
    frequency, value = spend["frequency"].to_numpy(float), spend["mean_value"].to_numpy(float)
    if not (np.isfinite(frequency) & (frequency >= 0)).all():
        raise ValueError("`frequency` of `spend` is a count of order days; it has missing or negative ones.")
    return frequency, np.where(np.isfinite(value), value, 0.0)


def _sort(spend: pd.DataFrame, *figures: np.ndarray) -> np.ndarray:
    """Return an order of the rows that does not depend on the one they came in."""
    if "customer_id" in spend:
        return np.argsort(spend["customer_id"].to_numpy(), kind="stable")
    return np.lexsort(figures)
