"""Which accounts carry the business, whose demand is steady, and who costs more than they bring?"""

from __future__ import annotations

import numpy as np
import pandas as pd


def grade(values: pd.Series) -> pd.DataFrame:
    """Grade A, B, C by what the larger ones bring together: 80 and 95 in a hundred of all above 0."""
    cents = (values * 100).round().astype("int64")
    steps = cents.clip(lower=0).groupby(cents).sum().sort_index(ascending=False)
    through = steps.cumsum()
    total = int(steps.sum())
    larger = cents.map(through - steps)
    abc = np.select([cents <= 0, larger * 5 < total * 4, larger * 20 < total * 19], ["C", "A", "B"], "C")
    share = (cents.map(through) / total).where(cents > 0, 1.0)
    rank = cents.rank(method="min", ascending=False).astype(int)
    return pd.DataFrame({"rank": rank, "value_share": cents / total, "cumulative_share": share, "abc": abc})


def analyse(
    tables: dict[str, pd.DataFrame],
    silence: pd.DataFrame,
    costs: pd.DataFrame,
    contacts: pd.DataFrame,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Return classes by sales, margin and profit, classes of demand and kinds of loss."""
    customers = tables["customers"]
    bought = customers[customers.orders > 0].reset_index(drop=True)
    sales, margin = grade(bought.net_sales_365_days), grade(bought.margin_365_days)
    profit = (bought.margin_365_days - bought.cost_to_serve_365_days).round(2)
    table = pd.DataFrame(
        {
            "customer_id": bought.customer_id,
            "window_net_sales": bought.net_sales_365_days,
            "sales_rank": sales["rank"],
            "window_net_sales_share": sales.value_share,
            "cumulative_share": sales.cumulative_share,
            "abc_class": sales.abc,
            "window_margin": bought.margin_365_days,
            "margin_abc_class": margin.abc,
            "cost_to_serve_365_days": bought.cost_to_serve_365_days,
            "profit_365_days": profit,
            "profit_abc_class": grade(profit).abc,
        }
    ).merge(silence[["customer_id", "silence"]], on="customer_id")
    stopped = table.silence.isin(["quiet", "lapsed", "lost"])
    table = table.assign(**demand(bought, tables["months"], as_of, stopped))
    losing = table.profit_365_days < 0
    clear = (table.abc_class == "A") | table.customer_id.isin(losers(tables["months"], costs, contacts, as_of))
    return table.assign(loss_kind=np.select([~losing, stopped, clear], ["none", "stopped", "clear"], "unclear"))


def demand(bought: pd.DataFrame, months: pd.DataFrame, as_of: pd.Timestamp, stopped: pd.Series) -> dict[str, object]:
    """Return X, Y, Z by the variation of the twelve months, less the season that the other years foretell."""
    back = _months_back(months.month, as_of)
    years = back.max() // 12 + 1
    grid = months.assign(back=back).pivot_table(index="customer_id", columns="back", values="net_sales", fill_value=0.0)
    grid = (
        grid.reindex(index=bought.customer_id, columns=range(years * 12), fill_value=0.0)
        .to_numpy()
        .reshape(-1, years, 12)
    )
    start = _months_back(bought.first_order_date, as_of).to_numpy()
    mean = grid.mean(axis=2)
    present = start[:, None] >= np.arange(years) * 12 + 11
    whole = present & (mean > 0)
    own = np.where(whole[:, :, None], grid / np.where(whole, mean, 1)[:, :, None], 0)[:, 1:].sum(axis=1)
    book = (grid * present[:, :, None]).sum(axis=0)[1:]
    book = book[book.sum(axis=1) > 0]
    shared = (book / book.mean(axis=1, keepdims=True)).mean(axis=0)
    profile = (own + shared) / (whole[:, 1:].sum(axis=1, keepdims=True) + 1)
    counted = np.arange(12) <= start[:, None]
    number = counted.sum(axis=1)
    now = np.ma.array(grid[:, 0], mask=~counted)
    apart = now / now.mean(axis=1, keepdims=True) - 1
    season = np.ma.array(profile, mask=~counted)
    season = season - season.mean(axis=1, keepdims=True)
    slope = np.maximum((apart * season).sum(axis=1), 0) / (season**2).sum(axis=1)
    plain = np.ma.sqrt((apart**2).mean(axis=1)).filled(np.nan)
    left = np.ma.sqrt(((apart - slope[:, None] * season) ** 2).mean(axis=1)).filled(np.nan)
    known = (number >= 6) & (now.mean(axis=1).filled(0) > 0) & ~stopped.to_numpy()

    def kind(variation: np.ndarray) -> np.ndarray:
        return np.select([~known, variation <= 0.5, variation <= 1.0], [3, 0, 1], 2)

    after = kind(left.round(9))
    seasonal = (after < kind(plain.round(9))) & (left**2 <= 0.75 * plain**2)
    return {
        "demand_months": number,
        "demand_variability": np.where(known, left, np.nan),
        "xyz_class": np.array(["X", "Y", "Z", "unknown"])[after],
        "is_seasonal": seasonal,
    }


def losers(months: pd.DataFrame, costs: pd.DataFrame, contacts: pd.DataFrame, as_of: pd.Timestamp) -> pd.Index:
    """Return whose monthly profit of two years is below 0 by more than chance; costs are by month here."""
    spent = costs.assign(
        month=costs.period_start, profit=-costs[["rebates", "promotion", "logistics", "other"]].sum(axis=1)
    )
    seen = contacts.assign(month=contacts.contact_date, profit=-contacts.cost)
    booked = pd.concat([months.assign(profit=months.margin), spent, seen])[["customer_id", "month", "profit"]]
    booked["back"] = _months_back(booked.month, as_of)
    booked = booked[booked.back.between(0, 23)]
    grid = booked.pivot_table(index="customer_id", columns="back", values="profit", aggfunc="sum", fill_value=0.0)
    first = booked.groupby("customer_id").back.max()
    grid = grid.reindex(columns=range(24), fill_value=0.0).where(np.arange(24) <= first.to_numpy()[:, None])
    count = grid.count(axis=1)
    return grid.index[(count >= 12) & (grid.mean(axis=1) < -1.645 * grid.std(axis=1) / np.sqrt(count))]


def _months_back(dates: pd.Series, as_of: pd.Timestamp) -> pd.Series:
    dates = pd.to_datetime(dates)
    return (as_of.year - dates.dt.year) * 12 + as_of.month - dates.dt.month
