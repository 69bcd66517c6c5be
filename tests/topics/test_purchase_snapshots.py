"""Is the purchase model of a past date fitted to what was known on it, and to no more?"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from kalib.topics.purchase import forecast_at
from kalib.topics.purchase_snapshots import forecast_snapshots

DATES = [dt.date(2025, 6, 30), dt.date(2025, 12, 31)]


def orders() -> pd.DataFrame:
    rng, rows = np.random.default_rng(4), []
    for number in range(300):
        day, gap, end = rng.integers(0, 500), rng.gamma(2, 20) + 3, rng.exponential(400)
        first = day
        while day < min(first + end, 900):
            rows.append((f"c{number:03}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day)), 1))
            day += rng.exponential(gap) + 1
    return pd.DataFrame(rows, columns=["customer_id", "order_date", "orders"])


def snapshot(days: pd.DataFrame, date: dt.date) -> pd.DataFrame:
    now = pd.Timestamp(date)
    by = days[days["order_date"] <= now].groupby("customer_id")["order_date"]
    table = by.agg(first="min", last="max", order_days="nunique").reset_index()
    return table.assign(
        as_of=now,
        orders=1,
        tenure_days=(now - table["first"]).dt.days,
        days_since_last_order=(now - table["last"]).dt.days,
    )


def test_the_same_as_from_the_days_themselves() -> None:
    days = orders()
    made = forecast_snapshots(*(snapshot(days, date) for date in DATES), horizon_days=90)
    wanted = forecast_at(days, DATES, horizon_days=90)
    pd.testing.assert_frame_equal(made, wanted, check_dtype=False, rtol=1e-6)


def test_each_date_stands_alone_and_row_order_changes_nothing() -> None:
    days = orders()
    both = pd.concat([snapshot(days, date) for date in DATES]).sample(frac=1, random_state=1)
    table = forecast_snapshots(both, horizon_days=90)
    first = forecast_snapshots(snapshot(days, DATES[0]), horizon_days=90)
    early = table[table["as_of"] == pd.Timestamp(DATES[0])].reset_index(drop=True)
    pd.testing.assert_frame_equal(early, first)
    assert forecast_snapshots(both.iloc[:0], horizon_days=90).empty
