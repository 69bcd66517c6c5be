"""Make the log of a shop for consumables that people refill, and the truth behind it: habits, pauses, a price rise, leavers.

    python tests/reference/consumables.py OUT_DIR

Writes orders.parquet, truth.parquet and job.yaml there; nothing of it ships. Committed before any list was compared on it, and
frozen since: nothing in it was tuned on the results of a model or of a list.

How a customer behaves: it refills after 30 to 90 days, most in a steady rhythm; three in ten buy once. It pauses now and then for
some months and comes back by itself. After each refill it may leave for good, less likely the longer it has stayed. On 1 March 2024
prices rise by 12 %: half of the customers who are sensitive to price leave within their next two refills. Bargain hunters come to
the sales in June and November only.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20260115
FIRST, LAST = np.datetime64("2021-07-01"), np.datetime64("2025-06-30")
DAYS = int((LAST - FIRST).astype(int)) + 1
PRICE_RISE = int((np.datetime64("2024-03-01") - FIRST).astype(int))
CUSTOMERS = 5_000
KINDS = {"regular": 0.55, "one_time": 0.28, "bargain": 0.09, "irregular": 0.08}


def make_customers(rng: np.random.Generator) -> pd.DataFrame:
    """Draw who the customers are."""
    table = pd.DataFrame(
        {
            "customer_id": [f"S{number:05d}" for number in range(1, CUSTOMERS + 1)],
            "pattern": rng.choice(list(KINDS), CUSTOMERS, p=list(KINDS.values())),
            "born": (rng.beta(1.0, 1.3, CUSTOMERS) * (DAYS - 30)).astype(int),
            "refill": rng.choice([30, 45, 60, 90], CUSTOMERS, p=[0.3, 0.3, 0.25, 0.15]),
            "basket": 38 * np.exp(rng.normal(0, 0.55, CUSTOMERS)),
            "trend": rng.choice(["flat", "growth", "decline"], CUSTOMERS, p=[0.78, 0.10, 0.12]),
            "sensitive": rng.random(CUSTOMERS) < 0.22,
            "loyalty": rng.gamma(2.0, 0.5, CUSTOMERS),
        }
    )
    yearly = {"flat": 1.0, "growth": 1.3, "decline": 0.72}
    return table.assign(yearly=table["trend"].map(yearly))


def list_sales_days() -> np.ndarray:
    """List the days of the two yearly sales."""
    day = pd.DatetimeIndex(FIRST + np.arange(DAYS))
    return np.flatnonzero(((day.month == 6) & (day.day <= 10)) | ((day.month == 11) & (day.day >= 20)))


def live(customer: dict[str, object], rng: np.random.Generator, sales: np.ndarray) -> tuple[list[int], int]:
    """Return the days on which a customer buys, and the day from which it never buys again (beyond the end: it has not left)."""
    day, days = int(customer["born"]), []
    hit = DAYS * 2
    if customer["sensitive"] and rng.random() < 0.5:
        hit = PRICE_RISE + int(rng.integers(0, 2 * customer["refill"] + 1))
    while day < DAYS:
        if day >= hit:
            return days, hit
        days.append(day)
        if customer["pattern"] == "one_time":
            return days, day + 1
        hazard = 0.075 / (1 + 0.35 * len(days)) / max(float(customer["loyalty"]), 0.15)
        if rng.random() < min(hazard, 0.5):
            return days, day + 1
        if customer["pattern"] == "bargain":
            later = sales[sales > day + 20]
            if not len(later):
                return days, DAYS * 2
            start = int(later[0])
            day = start + int(rng.integers(0, 10)) + (180 if rng.random() < 0.25 else 0)
            continue
        shape = 8.0 if customer["pattern"] == "regular" else 1.1
        wait = rng.gamma(shape, float(customer["refill"]) / shape)
        if rng.random() < 0.05:
            wait += rng.uniform(60, 150)  # a pause
        day += max(int(wait), 2)
    return days, DAYS * 2


def make(folder: Path) -> Path:
    """Make all of it in a folder and return the job file."""
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    customers, sales = make_customers(rng), list_sales_days()
    rows, ends = [], []
    for customer in customers.to_dict("records"):
        days, end = live(customer, rng, sales)
        ends.append(end)
        at = np.array(days, dtype=int)
        price = np.where(at >= PRICE_RISE, 1.12, 1.0) * np.where(np.isin(at, sales), 0.8, 1.0)
        usual = customer["basket"] * customer["yearly"] ** ((at - customer["born"]) / 365)
        amount = usual * price * np.exp(rng.normal(-0.03, 0.25, len(at)))
        rows.append(pd.DataFrame({"customer_id": customer["customer_id"], "day": at, "amount": amount}))
    orders = pd.concat(rows).sort_values(["day", "customer_id"], kind="stable", ignore_index=True)
    orders["amount"] = np.maximum(orders["amount"], 5).round(2)
    orders["order_id"] = "W" + (orders.index + 1).astype(str).str.zfill(6)
    orders["order_date"] = (FIRST + orders.pop("day").to_numpy()).astype("datetime64[s]")
    orders.to_parquet(folder / "orders.parquet", index=False)
    end = pd.Series(ends)
    died = pd.Timestamp(FIRST) + pd.to_timedelta(end.where(end < DAYS), unit="D")
    customers[["customer_id", "pattern", "trend", "sensitive"]].assign(died=died).to_parquet(
        folder / "truth.parquet", index=False
    )
    (folder / "job.yaml").write_text(JOB, encoding="utf-8")
    return folder / "job.yaml"


JOB = """\
job: consumables
source: orders.parquet
columns: {customer_id: customer_id, order_id: order_id, order_date: order_date, amount: amount}
as_of: 2025-06-30
currency: USD
language: [en]
timezone: America/Chicago
"""


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
