"""What does an order of each customer bring, returns taken off?"""

from __future__ import annotations

import datetime as dt
from typing import Protocol

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns

_CENTS = 100


class SpendModel(Protocol):
    """What is asked of a model of the value per order, as ``GammaGamma``."""

    params_: pd.Series
    converged_: bool
    mean_: float
    left_out_: int

    def fit(self, spend: pd.DataFrame) -> SpendModel: ...
    def expected_value(self, spend: pd.DataFrame) -> np.ndarray: ...
    def draw_value(self, spend: pd.DataFrame, *, draws: int, seed: int) -> np.ndarray: ...


def summarise_value(
    order_days: pd.DataFrame, *, as_of: dt.date, money: str = "net_sales", days: int = 365
) -> pd.DataFrame:
    """Summarise what each customer's order days of the last year brought, what came back taken off.

    Prices and volumes drift, so the year before ``as_of`` decides; who ordered on no day of it counts by all earlier ones.
    All order days count, the first too. Rows of days without an order, where there are any, are taken off what the order days
    brought; the house's ``order_days`` has none, see ``take_returns_off``. Money is added in whole cents.

    Parameters
    ----------
    order_days : customer_id, order_date, orders, and the column ``money``; rows after ``as_of`` are not looked at
    money : ``net_sales`` or ``margin``; a day whose margin is not known counts by neither money nor order
    days : how far back order days are looked at

    Returns
    -------
    DataFrame
        One row per customer with an order day, by customer_id: customer_id, frequency (order days), mean_value (per order
        day; NaN where no day's money is known), lately (whether it is of the last year).

    Raises
    ------
    NotEnoughDataError
        ``value_no_orders``: nobody ordered up to ``as_of``.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "a"], "orders": [1, 1, 0], "net_sales": [50.0, 10.0, -20.0],
    ...     "order_date": pd.to_datetime(["2026-01-01", "2026-01-09", "2026-02-01"])})
    >>> summarise_value(orders, as_of=dt.date(2026, 6, 30)).values.tolist()
    [['a', 2, 20.0, True]]
    """
    check_columns(order_days, ["customer_id", "order_date", "orders", money], name="order_days")
    date, end = pd.to_datetime(order_days["order_date"]), pd.Timestamp(as_of)
    known, buys = (date <= end).to_numpy(), (order_days["orders"] > 0).to_numpy()
    code, customers = pd.factorize(order_days["customer_id"], sort=True)
    ordered = _mark(code, known & buys, customers)
    if not ordered.any():
        raise NotEnoughDataError("value_no_orders", as_of=as_of)
    known = known & ordered[code] & order_days[money].notna().to_numpy()
    lately = (date > end - pd.Timedelta(days=days)).to_numpy()
    ordered_lately = _mark(code, known & lately & buys, customers)
    known = known & (lately | ~ordered_lately[code])
    cents = np.rint(order_days[money].to_numpy(float)[known] * _CENTS)
    sums = np.bincount(code[known], weights=cents, minlength=len(customers))[ordered]
    days_with = np.bincount(code[known & buys], minlength=len(customers))[ordered]
    mean = np.divide(sums, days_with, out=np.full(len(sums), np.nan), where=days_with > 0) / _CENTS
    return pd.DataFrame(
        {
            "customer_id": customers[ordered],
            "frequency": days_with,
            "mean_value": mean,
            "lately": ordered_lately[ordered],
        }
    )


def _mark(code: np.ndarray, which: np.ndarray, customers: pd.Index) -> np.ndarray:
    """Say of each customer whether any of its rows is among ``which``."""
    found = np.zeros(len(customers), bool)
    found[code[which]] = True
    return found


def take_returns_off(spend: pd.DataFrame, customers: pd.DataFrame, *, money: str = "net_sales") -> pd.DataFrame:
    """Take off what came back on days without an order: spread each customer's net total over the order days.

    The total is that of the last 365 days where the customer ordered in them, else that of all days. The mean can be nought or less.

    Parameters
    ----------
    spend : as from ``summarise_value``
    customers : customer_id, and the totals ``money`` and ``<money>_365_days`` of the same date, goods that came back taken off; one
        that is missing leaves the mean as it is

    Examples
    --------
    >>> spend = pd.DataFrame({"customer_id": ["a"], "frequency": [2], "mean_value": [30.0], "lately": [True]})
    >>> customers = pd.DataFrame({"customer_id": ["a"], "net_sales": [900.0], "net_sales_365_days": [50.0]})
    >>> take_returns_off(spend, customers)["mean_value"].tolist()
    [25.0]
    """
    columns = [money, f"{money}_365_days"]
    check_columns(customers, ["customer_id", *columns], name="customers")
    joined = spend.merge(customers[["customer_id", *columns]], on="customer_id", how="left", validate="1:1")
    total = joined[columns[1]].where(joined["lately"], joined[columns[0]]).astype(float)
    mean = total / joined["frequency"].where(joined["frequency"] > 0)
    return spend.reset_index(drop=True).assign(mean_value=mean.fillna(joined["mean_value"]).to_numpy(float))


class OrderValue:
    """What an order is expected to bring, by a model where one can be fitted, else the customer's own plain mean.

    A customer's mean and that of all are weighted by how many orders tell: a single order counts little, many orders
    decide. Who has a mean of nought or less is weighted in the same way, which a model of what is above nought cannot do by itself.

    Attributes
    ----------
    model_ : the fitted model, or None
    reason_, facts_ : why there is none (``few_spenders``, ``equal_spend``, ``not_converged``, ``no_mean``), and its figures; empty with one
    below_ : customers whose mean is not above nought

    Examples
    --------
    >>> spend = pd.DataFrame({"customer_id": ["a", "b"], "frequency": [4, 1], "mean_value": [10.0, 20.0]})
    >>> value = OrderValue(None).fit(spend)
    >>> value.expected_value(spend).tolist(), value.reason_
    ([10.0, 20.0], 'no_model')
    """

    def __init__(self, model: SpendModel | None) -> None:
        self.model = model

    def fit(self, spend: pd.DataFrame) -> OrderValue:
        """Fit the model, or say why the plain mean is used."""
        mean = spend["mean_value"]
        self.below_ = int((mean <= 0).sum())
        self.overall_ = (
            float(np.average(mean.fillna(0), weights=spend["frequency"])) if spend["frequency"].sum() else 0.0
        )
        self.model_, self.reason_, self.facts_ = None, "no_model", {}
        if self.model is None:
            return self
        try:
            fitted = self.model.fit(spend)
        except NotEnoughDataError as error:
            self.reason_, self.facts_ = error.reason.removeprefix("purchase_"), dict(error.facts)
            return self
        self.reason_ = "" if np.isfinite(fitted.mean_) and fitted.converged_ else "no_mean"
        self.model_ = None if self.reason_ else fitted
        return self

    def expected_value(self, spend: pd.DataFrame) -> np.ndarray:
        """Return what an order of each customer is expected to bring, row by row."""
        mean = spend["mean_value"].to_numpy(float)
        if self.model_ is None:
            return np.where(np.isnan(mean), self.overall_, mean)
        return np.where(mean <= 0, self._weigh(spend), self.model_.expected_value(spend))

    def draw_spend(self, spend: pd.DataFrame, orders: np.ndarray, *, seed: int) -> np.ndarray:
        """Draw what so many orders of each customer bring together.

        Each draw takes a mean from what is known of the customer, and orders that vary about it. Where there is no model, or the mean
        is not above nought, an order brings what is expected.

        Parameters
        ----------
        orders : drawn orders, one row per customer
        """
        expected = self.expected_value(spend)
        if self.model_ is None:
            return orders * expected[:, None]
        drawn = self.model_.draw_value(spend, draws=orders.shape[1], seed=seed)
        shape = self.model_.params_["p"]
        some = orders > 0
        spread = np.zeros(orders.shape)
        spread[some] = np.random.default_rng([seed, 1]).standard_gamma(shape * orders[some]) / shape
        below = spend["mean_value"].to_numpy(float) <= 0
        return np.where(below[:, None], orders * expected[:, None], spread * drawn)

    def _weigh(self, spend: pd.DataFrame) -> np.ndarray:
        p, q = self.model_.params_["p"], self.model_.params_["q"]
        told = p * spend["frequency"].to_numpy(float)
        own = np.nan_to_num(spend["mean_value"].to_numpy(float))
        return (told * own + (q - 1) * self.model_.mean_) / (told + q - 1)
