"""Make the log of a garden wholesaler, and the truth behind it: seasons, mergers, slow decline, growth that came once.

    python tests/reference/garden.py OUT_DIR

Writes orders.parquet, accounts.csv, costs.csv, truth.parquet and job.yaml there; nothing of it ships. Committed before any list
was compared on it, and frozen since: nothing in it was tuned on the results of a model or of a list.

How an account behaves: it has a daily order rate (its size, its season, its trend, its death, a merger), and its orders are a
gamma renewal process in the time that this rate makes. Nurseries and shops for plants buy in spring, tree nurseries and cemeteries
in autumn, many in both and pause between; builders of pools and gardens buy all year. A pause is no end, and an end in a pause is seen by nobody.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20260114
FIRST, LAST = np.datetime64("2021-01-01"), np.datetime64("2025-12-31")
DAYS = int((LAST - FIRST).astype(int)) + 1
NEVER = 10**6
ACCOUNTS = 1_100
MONTH = pd.DatetimeIndex(FIRST + np.arange(DAYS)).month.to_numpy()

SEASONS = {
    # month 1 to 12: share of the usual rate
    "steady": [0.7, 0.9, 1.2, 1.3, 1.2, 1.0, 0.9, 0.9, 1.1, 1.1, 0.9, 0.8],
    "spring": [0.1, 1.0, 3.4, 3.6, 2.6, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    "autumn": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 1.6, 3.6, 4.0, 2.2, 0.1],
    "both": [0.0, 0.5, 2.2, 2.6, 1.6, 0.1, 0.0, 0.6, 2.2, 2.0, 0.2, 0.0],
}
SHARES = {"steady": 0.42, "spring": 0.24, "autumn": 0.12, "both": 0.22}
TRADES = {"steady": "landscaping", "spring": "garden centre", "autumn": "tree nursery", "both": "nursery"}
REGIONS = ("north", "east", "south", "west")
CATEGORIES = ("plants", "soil", "tools", "furniture", "fertiliser")


def make_accounts(rng: np.random.Generator) -> pd.DataFrame:
    """Draw who the accounts are, and what becomes of them."""
    size = np.exp(rng.normal(0, 1.1, ACCOUNTS))
    table = pd.DataFrame(
        {
            "customer_id": [f"G{number:04d}" for number in range(1, ACCOUNTS + 1)],
            "pattern": rng.choice(list(SHARES), ACCOUNTS, p=list(SHARES.values())),
            "region": rng.choice(REGIONS, ACCOUNTS),
            "rate": np.clip(14 * size**0.55 * np.exp(rng.normal(0, 0.3, ACCOUNTS)), 1.5, 150),  # orders a year
            "order_value": 420 * size**0.6 * np.exp(rng.normal(0, 0.4, ACCOUNTS)),
            "shape": rng.uniform(0.8, 5.0, ACCOUNTS),
            "trend": rng.choice(["flat", "decline", "growth", "one_off"], ACCOUNTS, p=[0.62, 0.14, 0.12, 0.12]),
            "born": np.where(rng.random(ACCOUNTS) < 0.62, -1, rng.integers(0, DAYS - 120, ACCOUNTS)),
        }
    )
    table["yearly"] = np.select(
        [table["trend"] == "decline", table["trend"] == "growth"],
        [rng.uniform(0.55, 0.80, ACCOUNTS), rng.uniform(1.15, 1.45, ACCOUNTS)],
        1.0,
    )
    # the trend begins some day, lasts two years at least for those who grow, and goes on for those who decline
    table["turn"] = rng.integers(0, DAYS - 400, ACCOUNTS)
    table["boost_day"] = np.where(table["trend"] == "one_off", rng.integers(120, DAYS - 200, ACCOUNTS), NEVER)
    hazard = np.select([table["trend"] == "decline", table["trend"] == "growth"], [0.14, 0.03], 0.09)
    life = rng.exponential(365 / hazard)
    table["died"] = np.clip(np.maximum(table["born"], 0) + 60 + life, 0, NEVER).astype(int)
    table["fades"] = rng.random(ACCOUNTS) < 0.4
    table["unprofitable"] = rng.random(ACCOUNTS) < 0.05
    return _merge_some(table, rng)


def _merge_some(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Let chains buy some accounts: one id stops, another of the same trade and region takes over nine tenths of its volume."""
    table = table.assign(merged_into="", merged_on=NEVER)
    taken: set[int] = set()
    for number in rng.permutation(ACCOUNTS):
        if len(taken) >= 60:
            break
        own = table.loc[number]
        day = int(rng.integers(300, DAYS - 200))
        fits = table["pattern"].eq(own["pattern"]) & table["region"].eq(own["region"]) & (table["died"] > day + 400)
        fits &= (table["rate"] * table["order_value"] > own["rate"] * own["order_value"]) & (table["born"] < day - 200)
        others = [other for other in table.index[fits] if other != number and other not in taken]
        if number in taken or not others or own["died"] < day or own["born"] > day - 200:
            continue
        other = int(rng.choice(others))
        table.loc[number, ["merged_into", "merged_on"]] = [table.loc[other, "customer_id"], day]
        table.loc[number, "died"] = day
        taken |= {number, other}
    return table


def rate_of(account: pd.Series, gains: list[tuple[int, float]]) -> np.ndarray:
    """Return the orders expected on each day."""
    day = np.arange(DAYS)
    years = np.clip(day - account["turn"], 0, None) / 365
    if account["trend"] == "growth":
        years = np.minimum(years, 2.0)
    rate = account["rate"] / 365 * np.array(SEASONS[account["pattern"]])[MONTH - 1] * account["yearly"] ** years
    for since, more in gains:
        rate = rate + (day >= since) * more / 365 * np.array(SEASONS[account["pattern"]])[MONTH - 1]
    rate[: max(int(account["born"]), 0)] = 0
    if account["died"] < DAYS:
        rate[int(account["died"]) :] = 0
        if account["fades"] and not account["merged_into"]:
            back = np.arange(max(int(account["died"]) - 150, 0), int(account["died"]))
            rate[back] *= np.linspace(1, 0.15, len(back))
    return rate


def draw_orders(accounts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the orders: one line each, some returned."""
    gains: dict[str, list[tuple[int, float]]] = {}
    for one in accounts[accounts["merged_into"] != ""].to_dict("records"):
        into = accounts.set_index("customer_id").loc[one["merged_into"]]
        more = 0.9 * one["rate"] * one["order_value"] / into["order_value"]
        gains.setdefault(one["merged_into"], []).append((int(one["merged_on"]), more))
    rows = []
    for _, account in accounts.iterrows():
        passed = np.cumsum(rate_of(account, gains.get(account["customer_id"], [])))
        shape, at = account["shape"], 0.0
        waits = rng.gamma(shape, 1 / shape, int(passed[-1] * 1.5) + 30)
        waits[0] *= rng.random()
        days = np.searchsorted(passed, at + np.cumsum(waits))
        days = days[days < DAYS]
        value = account["order_value"] * np.exp(rng.normal(-0.18, 0.6, len(days)))
        boosted = (days >= account["boost_day"]) & (days < account["boost_day"] + 100)
        value = np.where(boosted, value * rng.uniform(4, 9), value)
        rows.append(pd.DataFrame({"customer_id": account["customer_id"], "day": days, "amount": value}))
    orders = pd.concat(rows, ignore_index=True)
    orders["amount"] = np.maximum(orders["amount"] * 1.02 ** (orders["day"] / 365), 15).round(2)
    orders["cost"] = (orders["amount"] * np.clip(rng.normal(0.68, 0.05, len(orders)), 0.5, 0.9)).round(2)
    orders["category"] = rng.choice(CATEGORIES, len(orders))
    orders["quantity"] = np.maximum((orders["amount"] / 40).round(), 1).astype(int)
    back = orders[rng.random(len(orders)) < 0.02].copy()
    share = rng.uniform(0.2, 1.0, len(back)).round(2)
    back["day"] += rng.integers(3, 25, len(back))
    back["amount"], back["cost"] = (-(back[name] * share).round(2) for name in ("amount", "cost"))
    back["quantity"] = -np.maximum((back["quantity"] * share).round(), 1).astype(int)
    orders["order_id"], back["order_id"] = "S", "R"
    both = pd.concat([orders, back[back["day"] < DAYS]]).sort_values(
        ["day", "customer_id"], kind="stable", ignore_index=True
    )
    both["order_id"] += (both.index + 1).astype(str).str.zfill(6)
    both["order_date"] = (FIRST + both.pop("day").to_numpy()).astype("datetime64[s]")
    return both


def draw_costs(orders: pd.DataFrame, accounts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw what serving costs, month by month: some accounts cost more than they bring for good, others in one bad year."""
    month = orders["order_date"].dt.to_period("M")
    margin = (orders["amount"] - orders["cost"]).groupby([orders["customer_id"], month]).sum().rename("margin")
    table = margin.reset_index().merge(accounts[["customer_id", "unprofitable"]], on="customer_id")
    year = table["order_date"].dt.year
    keys = table["customer_id"] + year.astype(str)
    bad = dict(zip(sorted(set(keys)), rng.random(keys.nunique()) < 0.06, strict=True))
    share = np.where(table["unprofitable"], rng.uniform(1.1, 1.5, len(table)), rng.uniform(0.15, 0.55, len(table)))
    share = np.where(keys.map(bad) & ~table["unprofitable"], rng.uniform(0.9, 1.4, len(table)), share)
    table["logistics"] = (25 + table["margin"].clip(lower=0) * share).round(2)
    return table.assign(period=table["order_date"].astype(str))[["customer_id", "period", "logistics"]]


JOB = """\
job: garden
source: orders.parquet
columns: {customer_id: customer_id, order_id: order_id, order_date: order_date, category: category, quantity: quantity, amount: amount, cost: cost}
accounts: accounts.csv
costs: costs.csv
as_of: 2025-12-31
currency: EUR
language: [en]
timezone: Europe/Berlin
"""


def make(folder: Path) -> Path:
    """Make all of it in a folder and return the job file."""
    rng = np.random.default_rng(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    accounts = make_accounts(rng)
    orders = draw_orders(accounts, rng)
    costs = draw_costs(orders, accounts, rng)
    orders.to_parquet(folder / "orders.parquet", index=False)
    costs.to_csv(folder / "costs.csv", index=False)
    accounts.assign(industry=accounts["pattern"].map(TRADES))[["customer_id", "industry", "region"]].to_csv(
        folder / "accounts.csv", index=False
    )
    day = {name: accounts[name].where(accounts[name].between(0, DAYS - 1)) for name in ("born", "died", "turn")}
    truth = accounts[["customer_id", "pattern", "trend", "merged_into", "unprofitable"]].assign(
        **{name: pd.Timestamp(FIRST) + pd.to_timedelta(days, unit="D") for name, days in day.items()}
    )
    truth.to_parquet(folder / "truth.parquet", index=False)
    (folder / "job.yaml").write_text(JOB, encoding="utf-8")
    return folder / "job.yaml"


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
