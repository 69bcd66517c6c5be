"""Which accounts earn the profit, and which cost more than they bring? The whale curve."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from math import nan

import numpy as np
import pandas as pd

from kalib.money import add, share
from kalib.schema import check_columns
from kalib.topics.pareto import choose_points, to_cents

FIGURES = ("rebates", "promotion", "logistics", "other")
"""Costs by period, beside the contacts."""

LOSSES = ("clear", "unclear", "stopped")
"""Kinds of loss: of a loss-maker, one that may be chance, and cost booked on who has left."""

MONTHS, LEAST_MONTHS = 24, 12
"""Whole months looked at, and how many there must be."""

Z = 1.645
"""So many standard errors below 0 happen to one in twenty by chance."""

WANTED = ("cost_to_serve_365_days", "profit_365_days", "profit_abc_class")


def has_profit(pareto: pd.DataFrame) -> bool:
    """Return whether the classes know profit: margin and cost to serve."""
    return set(WANTED) <= set(pareto.columns)


def summarise_whale(pareto: pd.DataFrame) -> pd.DataFrame:
    """Summarise the whale curve: accounts from the most profitable on, and the profit they have brought so far.

    The curve climbs while accounts earn and falls while they cost. Accounts of which neither a margin nor a cost
    stands in the 365 days are left out.

    Returns
    -------
    DataFrame
        At most some 400 points: accounts, accounts_share, cumulative_profit, is_peak (one row: the first with the most).
    """
    profit = _active(pareto)
    cents = np.sort(to_cents(profit["profit_365_days"]))[::-1]
    earned = np.concatenate([[0], cents.cumsum()])
    peak = int(earned.argmax())
    places = choose_points(len(cents), [0, peak, len(cents)])
    return pd.DataFrame(
        {
            "accounts": places,
            "accounts_share": places / max(len(cents), 1),
            "cumulative_profit": earned[places] / 100,
            "is_peak": places == peak,
        }
    )


def add_losses(
    pareto: pd.DataFrame,
    months: pd.DataFrame,
    *,
    as_of: dt.date,
    costs: pd.DataFrame | None = None,
    contacts: pd.DataFrame | None = None,
    stopped: Collection[str] = (),
) -> pd.DataFrame:
    """Add what each account's loss is worth knowing: a loss-maker, or the noise of one year, or cost booked on who has left.

    ``clear``: a loss in the 365 days, the account still orders, and it is of class A by sales, or its monthly profit of the last two
    years is below 0 by more than chance (its mean by 1.645 standard errors: one in twenty). ``unclear``: a loss that is neither. ``stopped``: a loss, and the
    account orders no more. ``none``: no loss. Decision 23.

    Parameters
    ----------
    pareto : as ``pareto.assign_classes`` returns it, with profit
    months : customer_id, month (its first day), margin
    costs : customer_id, period_start, period_end and the costs of ``FIGURES``, spread evenly over the months of the period
    contacts : customer_id, contact_date, cost
    stopped : customers who order no more

    Returns
    -------
    DataFrame
        ``pareto`` with loss_kind; as it was where profit is not known.
    """
    if not has_profit(pareto):
        return pareto
    losing = pareto["profit_365_days"] < 0
    sure = find_losers(pareto.loc[losing, "customer_id"], months, as_of=as_of, costs=costs, contacts=contacts)
    clear = (pareto["abc_class"] == "A") | pareto["customer_id"].isin(sure)
    kind = np.select(
        [~losing, pareto["customer_id"].isin(set(stopped)), clear], ["none", "stopped", "clear"], "unclear"
    )
    return pareto.assign(loss_kind=pd.Series(kind, index=pareto.index, dtype="str"))


def find_losers(
    customers: pd.Series,
    months: pd.DataFrame,
    *,
    as_of: dt.date,
    costs: pd.DataFrame | None = None,
    contacts: pd.DataFrame | None = None,
) -> set[str]:
    """Find those whose monthly profit is below 0 by more than chance, over the whole months of two years, a year at least.

    Examples
    --------
    >>> ends = pd.date_range("2025-01-31", "2025-12-31", freq="ME")
    >>> months = pd.DataFrame({"customer_id": "a", "month": ends.to_period("M").to_timestamp(), "margin": [5.0, 6.0] * 6})
    >>> costs = pd.DataFrame({"customer_id": "a", "period_start": months["month"], "period_end": ends, "logistics": 9.0})
    >>> find_losers(pd.Series(["a"]), months, as_of=dt.date(2025, 12, 31), costs=costs)
    {'a'}
    """
    after = as_of + dt.timedelta(days=1)
    last = after.year * 12 + after.month - 2  # the last whole month, counted as its month of the year from 0
    parts = [_number(months, "month", months["margin"])]
    if costs is not None:
        parts.append(_spread(costs[pd.to_datetime(costs["period_end"]) <= pd.Timestamp(as_of)]))
    if contacts is not None and "cost" in contacts:
        parts.append(_number(contacts, "contact_date", -contacts["cost"].fillna(0.0)))
    booked = pd.concat(parts, ignore_index=True)
    booked = booked[
        booked["customer_id"].isin(set(customers)) & (booked["month"] <= last) & (booked["month"] > last - MONTHS)
    ]
    first = booked.groupby("customer_id")["month"].min()
    grid = booked.groupby(["customer_id", "month"])["profit"].sum().unstack(fill_value=0.0)
    grid = grid.reindex(columns=range(last - MONTHS + 1, last + 1), fill_value=0.0)
    since = grid.where(grid.columns.to_numpy()[None, :] >= first.reindex(grid.index).to_numpy()[:, None])
    count = since.notna().sum(axis=1)
    error = since.std(axis=1, ddof=1) / np.sqrt(count)
    return set(grid.index[(count >= LEAST_MONTHS) & (since.mean(axis=1) < -Z * error)])


def list_costly(pareto: pd.DataFrame) -> pd.DataFrame:
    """List the accounts that are A by sales and C by profit, the least profit first.

    Returns
    -------
    DataFrame
        The columns of ``pareto`` and margin_365_days.
    """
    check_columns(pareto, WANTED, name="pareto")
    return _list(pareto[(pareto["abc_class"] == "A") & (pareto["profit_abc_class"] == "C")])


def list_unprofitable(pareto: pd.DataFrame) -> pd.DataFrame:
    """List the accounts that clearly cost more than they bring, the largest loss first.

    Parameters
    ----------
    pareto : as ``add_losses`` returns it

    Returns
    -------
    DataFrame
        The columns of ``pareto`` and margin_365_days.
    """
    check_columns(pareto, [*WANTED, "loss_kind"], name="pareto")
    return _list(pareto[pareto["loss_kind"] == "clear"])


def describe_profit(pareto: pd.DataFrame) -> dict[str, int | float]:
    """Describe profit after cost to serve in facts.

    Returns
    -------
    dict
        profit (of all accounts), profit_accounts (with a margin or a cost), profit_peak (of those that earn alone),
        peak_accounts and peak_accounts_share, profit_peak_ratio (peak over profit, NaN where that is not above 0),
        losing_accounts, losing_profit (below 0) and loss (the same above 0); for each kind of loss clear, unclear and stopped
        ``<kind>_losing`` (accounts) and ``<kind>_loss`` (above 0), clear_profit (below 0); costly_accounts (A by sales, C by profit) costly_losing
        (those of them with a loss) and costly_other (those of them that are no clear loss-makers).
    """
    check_columns(pareto, [*WANTED, "loss_kind"], name="pareto")
    active = _active(pareto)
    profit = active["profit_365_days"]
    losing = profit < 0
    costly = list_costly(pareto)
    whole, peak = add(profit), add(profit[profit > 0])
    earning = int((profit > 0).sum())
    facts: dict[str, int | float] = {
        "profit": whole,
        "profit_accounts": len(active),
        "profit_peak": peak,
        "peak_accounts": earning,
        "peak_accounts_share": share(earning, len(active)),
        "profit_peak_ratio": peak / whole if whole > 0 else nan,
        "losing_accounts": int(losing.sum()),
        "losing_profit": add(profit[losing]),
        "loss": -add(profit[losing]),
        "costly_accounts": len(costly),
        "costly_losing": int((costly["profit_365_days"] < 0).sum()),
        "costly_other": int((costly["loss_kind"] != "clear").sum()),
        "costly_profit": add(costly["profit_365_days"]),
        "costly_sales": add(costly["window_net_sales"]),
    }
    for kind in LOSSES:
        found = profit[active["loss_kind"] == kind]
        facts |= {f"{kind}_losing": len(found), f"{kind}_loss": -add(found)}
    return facts | {"clear_profit": -facts["clear_loss"]}


def _number(table: pd.DataFrame, day: str, profit: pd.Series) -> pd.DataFrame:
    """Return what was booked on each customer by month, counted from year 0."""
    days = pd.to_datetime(table[day])
    month = days.dt.year * 12 + days.dt.month - 1
    return pd.DataFrame({"customer_id": table["customer_id"], "month": month, "profit": profit.astype(float)})


def _spread(costs: pd.DataFrame) -> pd.DataFrame:
    """Return the costs of each period as so much a month of it, below 0."""
    paid = -costs[[name for name in FIGURES if name in costs]].fillna(0.0).sum(axis=1)
    first, last = (_number(costs, day, paid)["month"] for day in ("period_start", "period_end"))
    count = (last - first + 1).clip(lower=1)
    rows = np.repeat(np.arange(len(costs)), count)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    return pd.DataFrame(
        {
            "customer_id": costs["customer_id"].to_numpy()[rows],
            "month": first.to_numpy()[rows] + np.asarray(within),
            "profit": (paid / count).to_numpy()[rows],
        }
    )


def _list(found: pd.DataFrame) -> pd.DataFrame:
    margin = (found["profit_365_days"] + found["cost_to_serve_365_days"]).round(2)
    found = found.assign(margin_365_days=margin)
    return found.sort_values(["profit_365_days", "customer_id"], ignore_index=True)


def _active(pareto: pd.DataFrame) -> pd.DataFrame:
    known = pareto["profit_365_days"].notna()
    return pareto[known & ((pareto["profit_365_days"] != 0) | (pareto["cost_to_serve_365_days"] != 0))]
