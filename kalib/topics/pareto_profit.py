"""Which accounts earn the profit, and which cost more than they bring? The whale curve."""

from __future__ import annotations

from math import nan

import numpy as np
import pandas as pd

from kalib.money import add, share
from kalib.schema import check_columns
from kalib.topics.pareto import choose_points, to_cents

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
    """List the accounts that cost more than they bring, the largest loss first.

    Returns
    -------
    DataFrame
        The columns of ``pareto`` and margin_365_days.
    """
    check_columns(pareto, WANTED, name="pareto")
    return _list(pareto[pareto["profit_365_days"] < 0])


def describe_profit(pareto: pd.DataFrame) -> dict[str, int | float]:
    """Describe profit after cost to serve in facts.

    Returns
    -------
    dict
        profit (of all accounts), profit_accounts (with a margin or a cost), profit_peak (of those that earn alone),
        peak_accounts and peak_accounts_share, profit_peak_ratio (peak over profit, NaN where that is not above 0),
        losing_accounts, losing_profit (below 0) and loss (the same above 0), idle_accounts and idle_cost (they bought nothing in the 365 days and
        cost something), costly_accounts (A by sales, C by profit) and costly_losing (those of them with a loss).
    """
    check_columns(pareto, WANTED, name="pareto")
    active = _active(pareto)
    profit, cost = active["profit_365_days"], active["cost_to_serve_365_days"]
    losing = profit < 0
    idle = (active["window_net_sales"] <= 0) & losing
    costly = list_costly(pareto)
    whole, peak = add(profit), add(profit[profit > 0])
    earning = int((profit > 0).sum())
    return {
        "profit": whole,
        "profit_accounts": len(active),
        "profit_peak": peak,
        "peak_accounts": earning,
        "peak_accounts_share": share(earning, len(active)),
        "profit_peak_ratio": peak / whole if whole > 0 else nan,
        "losing_accounts": int(losing.sum()),
        "losing_profit": add(profit[losing]),
        "loss": -add(profit[losing]),
        "idle_accounts": int(idle.sum()),
        "idle_cost": add(cost[idle]),
        "costly_accounts": len(costly),
        "costly_losing": int((costly["profit_365_days"] < 0).sum()),
        "costly_profit": add(costly["profit_365_days"]),
        "costly_sales": add(costly["window_net_sales"]),
    }


def _list(found: pd.DataFrame) -> pd.DataFrame:
    margin = (found["profit_365_days"] + found["cost_to_serve_365_days"]).round(2)
    found = found.assign(margin_365_days=margin)
    return found.sort_values(["profit_365_days", "customer_id"], ignore_index=True)


def _active(pareto: pd.DataFrame) -> pd.DataFrame:
    known = pareto["profit_365_days"].notna()
    return pareto[known & ((pareto["profit_365_days"] != 0) | (pareto["cost_to_serve_365_days"] != 0))]
