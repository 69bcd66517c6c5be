"""When had each customer last ordered by any past date, and when did the next order come? The days are sorted once."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
import pandas as pd

from kalib.schema import check_columns, check_key


class Standing(NamedTuple):
    """What was known at a date of each customer with an order by then, and what came after it, by customer_id.

    Attributes
    ----------
    silent : days since the last order
    longest : longest gap between two orders so far, in days; NaN after a single one
    wait : days from the date to the next order; infinite where none came
    last : row of the last order among all
    """

    silent: np.ndarray
    longest: np.ndarray
    wait: np.ndarray
    last: np.ndarray


class Past:
    """The days with an order, by customer and date, so that any date can be asked without sorting them again.

    Parameters
    ----------
    order_days : customer_id, order_date, orders, net_sales

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": "a", "orders": 1, "net_sales": 10.0,
    ...     "order_date": pd.to_datetime(["2025-01-01", "2025-01-11", "2025-03-01"])})
    >>> past = Past(days)
    >>> standing = past.stand(dt.date(2025, 1, 31))
    >>> standing.silent.tolist(), standing.longest.tolist(), standing.wait.tolist()
    ([20], [10.0], [29.0])
    >>> past.add_year(standing.last).tolist()
    [20.0]
    """

    def __init__(self, order_days: pd.DataFrame) -> None:
        check_columns(order_days, ["customer_id", "order_date", "orders", "net_sales"], name="order_days")
        check_key(order_days, ["customer_id", "order_date"], name="order_days")
        days = order_days[["customer_id", "order_date", "orders", "net_sales"]]
        days = days.assign(order_date=pd.to_datetime(days["order_date"]))
        self.orders = days[days["orders"] > 0].sort_values(["customer_id", "order_date"], ignore_index=True)
        code, _ = pd.factorize(self.orders["customer_id"])
        self._begins = np.flatnonzero(np.diff(code, prepend=-1))
        self._ends = np.r_[self._begins[1:], len(code)][: len(self._begins)]
        day = self.orders["order_date"].to_numpy().astype("datetime64[D]").astype(np.int64)
        self._zero = int(day.min()) - 1 if len(day) else 0
        self._day = day - self._zero
        self._span = self._day.max(initial=0) + 2
        self._key = code * self._span + self._day
        gap = np.diff(self._day, prepend=0).astype(float)
        gap[self._begins] = np.nan
        self._gap, self._code = pd.Series(gap), code
        self._longest = self._gap.groupby(code).cummax().to_numpy()
        self._money = np.r_[0.0, np.cumsum(self.orders["net_sales"].to_numpy(float))]

    def covers(self, date: dt.date) -> int:
        """Return how many days before a date are known."""
        return self._place(date) - 1

    def stand(self, date: dt.date) -> Standing:
        """Return where each customer stood at a date; who had no order by then is left out."""
        at = self._place(date)
        end = self._count(np.arange(len(self._begins)), at)
        known = end > self._begins
        last, end, stop = end[known] - 1, end[known], self._ends[known]
        wait = np.full(len(end), np.inf)
        wait[end < stop] = self._day[end[end < stop]] - at
        return Standing(at - self._day[last], self._longest[last], wait, last)

    def name(self, standing: Standing) -> pd.Series:
        """Return the customers of a standing."""
        return self.orders["customer_id"].iloc[standing.last].reset_index(drop=True)

    def find_usual(self, date: dt.date) -> pd.Series:
        """Return the median gap between the orders by a date, of those who had one by then; missing after a single one."""
        known = self._day <= self._place(date)
        return self._gap[known].groupby(self._code[known]).median().reset_index(drop=True)

    def add_year(self, rows: np.ndarray, *, days: int = 365) -> np.ndarray:
        """Return the net sales of so many days up to and with each of these rows, of the row's customer."""
        begin = self._count(self._code[rows], self._day[rows] - days)
        return self._money[rows + 1] - self._money[begin]

    def add_ahead(self, standing: Standing, date: dt.date, *, days: int = 365) -> np.ndarray:
        """Return the net sales of so many days after a date, of each customer of its standing."""
        end = self._count(self._code[standing.last], self._place(date) + days)
        return self._money[end] - self._money[standing.last + 1]

    def _place(self, date: dt.date) -> int:
        return int(pd.Timestamp(date).to_datetime64().astype("datetime64[D]").astype(np.int64) - self._zero)

    def _count(self, customers: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        """Return the row after the last one of each customer by a day."""
        return np.searchsorted(self._key, customers * self._span + np.clip(day, 0, self._span - 1), side="right")
