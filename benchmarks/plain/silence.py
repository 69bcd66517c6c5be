"""How long is a customer usually silent, who comes back, and from when on is one no customer any more?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest

DAY = pd.Timedelta(days=1)
BANDS = np.array([0, 90, 180, 270, 365, 540, 730, 1095])


def horizon(days: pd.DataFrame, as_of: pd.Timestamp) -> int:
    """Choose the shortest horizon within which nine of ten repeat orders come, each customer counting once."""
    gaps = days.groupby("customer_id").order_date.diff().dt.days.dropna()
    weight = 1 / gaps.groupby(days.customer_id).transform("size") / days.customer_id[gaps.index].nunique()
    possible = [n for n in (30, 60, 90, 180, 365) if (as_of - days.order_date.min()).days >= 180 + 5 * n]
    return next((n for n in possible if weight[gaps <= n].sum() >= 0.9), possible[-1])


def active_days(days: pd.DataFrame, as_of: pd.Timestamp, horizon: int) -> int:
    """Choose the shortest silence beyond which fewer than one in ten came back within the horizon."""
    candidates = [180, 365, 540, 730, 1095] if horizon > 90 else [90, 180, 365, 540, 730, 1095]
    silent, back = dict.fromkeys(candidates, 0), dict.fromkeys(candidates, 0)
    first, date = days.order_date.min(), as_of - horizon * DAY
    while (date - first).days >= candidates[0]:
        last = days[days.order_date <= date].groupby("customer_id").order_date.max()
        ahead = days[(days.order_date > date) & (days.order_date <= date + horizon * DAY)].customer_id.unique()
        quiet = (date - last).dt.days
        for n in candidates:
            if (date - first).days >= n:
                silent[n] += (quiet > n).sum()
                back[n] += (quiet.index.isin(ahead) & (quiet > n)).sum()
        date -= horizon * DAY
    proven = [n for n in candidates if silent[n] >= 30]
    return next((n for n in proven if back[n] / silent[n] < 0.1), proven[-1])


def returns(days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Count who came back within a year after how long a silence, at dates a quarter apart, and for how much."""
    found = []
    date, first = as_of - 365 * DAY, days.order_date.min()
    while (date - first).days >= BANDS[1]:
        known = last_year(days[days.order_date <= date])
        after = (
            days[(days.order_date > date) & (days.order_date <= date + 365 * DAY)]
            .groupby("customer_id")
            .net_sales.sum()
        )
        known["after"] = after.reindex(known.index)
        known["band"] = np.searchsorted(BANDS, (date - known["last"]).dt.days, side="right") - 1
        found.append(known[BANDS[known.band] <= (date - first).days])
        date -= 90 * DAY
    every = pd.concat(found)
    table = every.groupby("band").agg(
        silent=("last", "size"), returned=("after", "count"), before=("money", "sum"), after=("after", "sum")
    )
    table = table.reindex(range(len(BANDS)), fill_value=0)
    table["came_back_share"] = (table.returned / table.silent).round(6)
    table["return_sales_share"] = (table.after / table.before).round(6)
    enough = table.silent >= 30
    table.loc[~enough, ["came_back_share", "return_sales_share"]] = np.nan
    high = [
        binomtest(int(r), int(s)).proportion_ci(0.8, method="wilson").high if s else 1.0
        for r, s in zip(table.returned, table.silent, strict=True)
    ]
    table["hardly"] = (enough & (np.array(high) < 0.1)).cummax()
    return table


def last_year(days: pd.DataFrame) -> pd.DataFrame:
    """Return each customer's last order day and its net sales of the 365 days up to it."""
    last = days.groupby("customer_id").order_date.transform("max")
    money = days.net_sales.where((last - days.order_date).dt.days < 365, 0.0)
    return days.assign(money=money).groupby("customer_id").agg(last=("order_date", "max"), money=("money", "sum"))


def states(days: pd.DataFrame, as_of: pd.Timestamp, active: int, back: pd.DataFrame | None = None) -> pd.DataFrame:
    """Say of each customer how its silence compares with its own past."""
    days = days[days.order_date <= as_of]
    table = last_year(days).rename(columns={"last": "last_order_date", "money": "net_sales_before"})
    gaps = days.groupby("customer_id").order_date.diff().dt.days.groupby(days.customer_id)
    table["usual_gap_days"], table["longest_gap_days"] = gaps.median(), gaps.max()
    table["silent_days"] = (as_of - table.last_order_date).dt.days
    beyond = table.silent_days > 3 * table.usual_gap_days + 1e-4
    gone = table.silent_days > active
    hardly = pd.Series(False, index=table.index)
    if back is not None:
        own = back.iloc[np.searchsorted(BANDS, table.silent_days, side="right") - 1]
        hardly = pd.Series(own.hardly.to_numpy(), index=table.index)
        table["came_back_share"] = own.came_back_share.to_numpy()
        table["return_sales"] = own.return_sales_share.to_numpy() * table.net_sales_before.round(2).clip(lower=0)
    table["silence"] = np.select(
        [
            gone & hardly,
            gone,
            table.usual_gap_days.isna(),
            beyond & (table.silent_days > table.longest_gap_days),
            beyond,
        ],
        ["lost", "lapsed", "one_order", "quiet", "pausing"],
        "buying",
    )
    return table.reset_index()


def kinds(days: pd.DataFrame, as_of: pd.Timestamp, horizon: int) -> pd.Series:
    """Say of each customer what no order within the horizon would be to it."""
    days = days[days.order_date <= as_of]
    longest = days.groupby("customer_id").order_date.diff().dt.days.groupby(days.customer_id).max()
    silence = (as_of - days.groupby("customer_id").order_date.max()).dt.days + horizon
    names = np.select([longest.isna(), longest >= silence], ["one_order", "as_before"], "longer_than_ever")
    return pd.Series(names, index=longest.index)


def away_shares(days: pd.DataFrame, as_of: pd.Timestamp, horizon: int, active: int) -> dict[str, float]:
    """Return how many of those without an order in the horizon stayed away for a year more, by kind."""
    counts = pd.DataFrame(0, index=["as_before", "longer_than_ever", "one_order"], columns=["silent", "away"])
    date, first = as_of - (horizon + 365) * DAY, days[days.order_date <= as_of].order_date.min()
    while (date - first).days >= 180:
        kind = kinds(days, date, horizon)
        last = days[days.order_date <= date].groupby("customer_id").order_date.max()
        ahead = days[(days.order_date > date) & (days.order_date <= as_of)].groupby("customer_id").order_date.min()
        wait = (ahead.reindex(last.index) - date).dt.days.fillna(np.inf)
        silent = ((date - last).dt.days <= active) & (wait > horizon)
        counts["silent"] = counts.silent.add(kind[silent].value_counts(), fill_value=0)
        counts["away"] = counts.away.add(kind[silent & (wait > horizon + 365)].value_counts(), fill_value=0)
        date -= 90 * DAY
    every = counts.away.sum() / counts.silent.sum() if counts.silent.sum() >= 30 else np.nan
    return (counts.away / counts.silent).where(counts.silent >= 30, every).round(6).to_dict()
