"""Who still buys, and how often will they order? From nothing but the days on which they ordered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kalib.errors import NotEnoughDataError
from kalib.schema import check_columns
from kalib.topics.purchase_models import make_model

_DAY = np.timedelta64(1, "D")


def summarise_histories(order_days: pd.DataFrame, *, as_of: dt.date, unit_days: float = 1) -> pd.DataFrame:
    """Summarise each customer's orders up to a date by the three figures that purchase models learn from.

    Several orders of one day count once. Days without an order, on which goods only came back, do not count. Nothing
    after ``as_of`` is looked at, so a customer whose first order comes later is absent.

    Parameters
    ----------
    order_days : customer_id, order_date and, where there is one, orders
    as_of : the date up to which orders are known, that day included
    unit_days : days of the unit of time: 1 for days, 7 for weeks

    Returns
    -------
    DataFrame
        One row per customer, by customer_id: customer_id, frequency (order days after the first), recency (from the
        first order to the last), age (from the first order to ``as_of``).

    Raises
    ------
    NotEnoughDataError
        ``purchase_no_orders``: nobody ordered up to ``as_of``.

    Source: Fader, Hardie, Lee (2005): x, t_x and T.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["b", "a", "a", "a"], "orders": [1, 1, 2, 1],
    ...     "order_date": pd.to_datetime(["2026-01-01", "2026-01-01", "2026-01-15", "2027-01-01"])})
    >>> summarise_histories(orders, as_of=dt.date(2026, 1, 29), unit_days=7).values.tolist()
    [['a', 1, 2.0, 4.0], ['b', 0, 0.0, 4.0]]
    """
    return _summarise(_read_days(order_days), as_of, unit_days)


def forecast_at(
    order_days: pd.DataFrame, dates: Sequence[dt.date], *, horizon_days: float, model: str = "bg_nbd"
) -> pd.DataFrame:
    """Forecast at each of several dates by a model that is fitted anew to what was known on that date.

    Parameters
    ----------
    order_days : customer_id, order_date and, where there is one, orders
    dates : the dates, each with its own past; orders after it are not looked at
    horizon_days : how far the forecast reaches
    model : code of a purchase model

    Returns
    -------
    DataFrame
        One row per date and customer who had ordered by then, sorted: as_of, customer_id, p_alive, expected_orders
        (order days within the horizon), converged (whether the fit of that date can be trusted).

    Raises
    ------
    NotEnoughDataError
        At one of the dates the model cannot be fitted.

    Examples
    --------
    >>> days = pd.date_range("2026-01-01", periods=12, freq="9D")
    >>> orders = pd.concat([pd.DataFrame({"customer_id": f"c{i:02}", "order_date": days[i % 7 : 12 - i % 5 : 1 + i % 4]}) for i in range(20)])
    >>> table = forecast_at(orders, [dt.date(2026, 3, 1), dt.date(2026, 4, 1)], horizon_days=30)
    >>> table.groupby("as_of").size().tolist()
    [20, 20]
    """
    days = _read_days(order_days)
    tables = []
    for date in sorted({pd.Timestamp(date) for date in dates}):
        histories = _summarise(days, date, 1)
        fitted = make_model(model).fit(histories)
        tables.append(
            pd.DataFrame(
                {
                    "as_of": date,
                    "customer_id": histories["customer_id"],
                    "p_alive": fitted.p_alive(histories),
                    "expected_orders": fitted.expected_orders(histories, horizon_days),
                    "converged": fitted.converged_,
                }
            )
        )
    if not tables:
        raise ValueError("`dates` is empty; name at least one date to forecast at.")
    table = pd.concat(tables, ignore_index=True)
    return table.assign(as_of=table["as_of"].astype("datetime64[s]"))


def _read_days(order_days: pd.DataFrame) -> pd.DataFrame:
    """Return customers and days with an order, each once, sorted."""
    check_columns(order_days, ["customer_id", "order_date"], name="order_days")
    rows = order_days[order_days["orders"] > 0] if "orders" in order_days else order_days
    day = pd.to_datetime(rows["order_date"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    table = pd.DataFrame({"customer_id": rows["customer_id"].to_numpy(), "day": day})
    return table.sort_values(["customer_id", "day"], ignore_index=True).drop_duplicates(ignore_index=True)


def _summarise(days: pd.DataFrame, as_of: dt.date, unit_days: float) -> pd.DataFrame:
    end = int(pd.Timestamp(as_of).to_datetime64().astype("datetime64[D]").astype(np.int64))
    known = days[days["day"] <= end]
    if known.empty:
        raise NotEnoughDataError("purchase_no_orders", as_of=pd.Timestamp(as_of).date())
    customer, day = known["customer_id"].to_numpy(), known["day"].to_numpy()
    begins = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]])
    ends = np.r_[begins[1:], len(day)] - 1
    return pd.DataFrame(
        {
            "customer_id": known["customer_id"].iloc[begins].to_numpy(),
            "frequency": (ends - begins).astype("int64"),
            "recency": (day[ends] - day[begins]) / unit_days,
            "age": (end - day[begins]) / unit_days,
        }
    ).astype({"customer_id": known["customer_id"].dtype})
