"""Who was still buying at each past date? From snapshots of the customers, as they were known on it."""

from __future__ import annotations

import pandas as pd

from kalib.schema import check_columns, check_key
from kalib.topics.purchase import forecast_dates


def forecast_snapshots(*snapshots: pd.DataFrame, horizon_days: float, model: str = "bg_nbd") -> pd.DataFrame:
    """Forecast at the date of each snapshot by a model that is fitted anew to the customers of that snapshot.

    A snapshot holds what was known on its date, orders that were cancelled later included; so does the forecast.
    Customers without an order are left out.

    Parameters
    ----------
    snapshots : as_of, customer_id, orders, order_days, tenure_days, days_since_last_order; all customers of each date;
        one table or several, of different dates
    horizon_days : how far the forecast reaches
    model : code of a purchase model

    Returns
    -------
    DataFrame
        One row per date and customer, sorted: as_of, customer_id, p_alive, expected_orders (order days within the
        horizon), converged (whether the fit of that date can be trusted).

    Raises
    ------
    NotEnoughDataError
        At one of the dates the model cannot be fitted.

    Examples
    --------
    >>> known = pd.DataFrame({"as_of": pd.Timestamp("2026-06-30"), "customer_id": [f"c{i:02}" for i in range(40)],
    ...     "orders": 3, "order_days": [1 + i % 5 for i in range(40)], "tenure_days": [300 + i for i in range(40)],
    ...     "days_since_last_order": [300 + i if i % 5 == 0 else 7 * (i % 9) for i in range(40)]})
    >>> forecast_snapshots(known, horizon_days=90).columns.tolist()
    ['as_of', 'customer_id', 'p_alive', 'expected_orders', 'converged']
    """
    key = ["as_of", "customer_id"]
    needed = ["orders", "order_days", "tenure_days", "days_since_last_order"]
    for table in snapshots:
        check_columns(table, [*key, *needed], name="snapshots")
    rows = pd.concat([table.loc[table["orders"] > 0, [*key, *needed]] for table in snapshots], ignore_index=True)
    rows = rows.assign(as_of=pd.to_datetime(rows["as_of"]).astype("datetime64[s]")).sort_values(key, ignore_index=True)
    check_key(rows, key, name="snapshots")
    histories = {
        date: pd.DataFrame(
            {
                "customer_id": known["customer_id"].to_numpy(),
                "frequency": known["order_days"].to_numpy("int64") - 1,
                "recency": (known["tenure_days"] - known["days_since_last_order"]).to_numpy(float),
                "age": known["tenure_days"].to_numpy(float),
            }
        )
        for date, known in rows.groupby("as_of")
    }
    if not histories:
        return pd.DataFrame(columns=[*key, "p_alive", "expected_orders", "converged"])
    return forecast_dates(histories, horizon_days=horizon_days, model=model)
