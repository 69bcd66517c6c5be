"""How long do customers stay? Cohorts of the quarter of the first order, followed quarter by quarter."""

from __future__ import annotations

import numpy as np
import pandas as pd


def cohorts(months: pd.DataFrame, as_of: pd.Timestamp, length: int = 3) -> pd.DataFrame:
    """Return customers, active ones and net sales by cohort and period since each customer's own first month."""
    dates = pd.to_datetime(months.month)
    known = months.assign(number=dates.dt.year * 12 + dates.dt.month - 1)
    first = known[known.orders > 0].groupby("customer_id").number.min().rename("first")
    known = known.merge(first, on="customer_id")
    known["cohort"] = known["first"] // length * length
    known["period"] = (known.number - known["first"]).clip(lower=0) // length
    now = as_of.year * 12 + as_of.month - 1
    begin = known["first"].min()
    customers = known.groupby("cohort").customer_id.nunique()
    brought = known.groupby(["cohort", "period"]).net_sales.sum()
    active = known[known.orders > 0].groupby(["cohort", "period"]).customer_id.nunique()
    places = [(cohort, period) for cohort in customers.index for period in range((now - cohort) // length + 1)]
    table = pd.DataFrame(places, columns=["cohort", "period"])
    index = pd.MultiIndex.from_frame(table)
    table["customers"] = table.cohort.map(customers)
    table["active_customers"] = active.reindex(index, fill_value=0).to_numpy()
    table["active_share"] = table.active_customers / table.customers
    table["net_sales"] = brought.reindex(index, fill_value=0.0).round(2).to_numpy()
    table["net_sales_ratio"] = table.net_sales / table.cohort.map(brought.xs(0, level="period"))
    table["is_finished"] = table.cohort + length - 1 + (table.period + 1) * length - 1 <= now
    span = [min(c + length - 1, now) - max(c, begin) + 1 for c in customers.index]
    rates = (customers / span).to_numpy()
    crowded = [rate > 1.5 * np.median(rates[i + 1 :]) if len(rates) - i > 2 else False for i, rate in enumerate(rates)]
    older = customers.index[np.cumprod(crowded).astype(bool)]
    table["may_be_older"] = table.cohort.isin(older)
    table["cohort_start"] = pd.to_datetime([f"{c // 12}-{c % 12 + 1:02}-01" for c in table.cohort])
    return table.assign(period_months=length)
