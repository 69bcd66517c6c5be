"""What came of a list, and of the naive one beside it? Outcomes of each account, pooled over dates, with an interval over accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from ibis.expr.types import Table

from kalib import ledger
from kalib.ledger.customers import customers as customers_at
from kalib.ledger.past import open_ledger

YEAR, SEASON = 365, 90
DRAWS = 1_000
TOLERANCE = 1e-9
"""Sums in another order differ by less."""
OVERDUE = 3
"""Silent for so many times its own median gap between days with an order: overdue, says the naive list."""


@dataclass(frozen=True, eq=False)
class Past:
    """A date, what was known of each account on it, and what came.

    Attributes
    ----------
    accounts : one row per customer_id (the index): what ``list_accounts`` returns
    lists : the lists as the pages showed them: notebook and findings to customer_ids in order
    active_days : days of silence after which the pages no longer count a customer as one
    horizons : the days ahead that the log knows
    """

    date: dt.date
    accounts: pd.DataFrame
    lists: Mapping[tuple[str, tuple[str, ...]], Sequence[str]]
    active_days: int
    horizons: tuple[int, ...]


def list_accounts(
    whole: Path, at_date: Path, date: dt.date, *, horizons: Sequence[int], truth: pd.DataFrame | None = None
) -> pd.DataFrame:
    """List the accounts known at a date, with what was known of them there and what came.

    Parameters
    ----------
    whole : the ledger of all the log; at_date : the ledger as of the date
    truth : of a made log: customer_id and any of died, trend, turn (since when), unprofitable

    Returns
    -------
    DataFrame
        Index customer_id: silent (days), usual_gap (median days between order days), sales and sales_before (net sales of the
        365 days, and of those before), bought_before (an order in these), last_year (net sales of the 365 days up to the last order), season_90 (net sales in
        the 90 days after the same date a year before), profit where costs are known, orders_<horizon> and sales_<horizon>, profit_next;
        of a made log truly_gone (by the end of the year after), truly_alive (at the date), truly_growing and truly_declining (and
        alive), truly_unprofitable.
    """
    known = pd.read_parquet(at_date / "tables" / "customers.parquet").query("orders > 0").set_index("customer_id")
    table = pd.DataFrame(
        {
            "silent": known["days_since_last_order"],
            "usual_gap": known["median_gap_days"],
            "sales": known["net_sales_365_days"],
            "sales_before": known["net_sales_365_days_last_year"],
            "bought_before": known["orders_365_days_last_year"] > 0,
            "last_year": _sum_last_year(pd.read_parquet(at_date / "tables" / "order_days.parquet")),
        },
        index=known.index,
    )
    table["season_90"] = _outcomes(whole, date - dt.timedelta(days=YEAR), SEASON, table.index)["net_sales_ahead"]
    for horizon in horizons:
        ahead = _outcomes(whole, date, horizon, table.index)
        table[f"orders_{horizon}"], table[f"sales_{horizon}"] = ahead["orders_ahead"], ahead["net_sales_ahead"]
    profit = _profits(whole, [date, date + dt.timedelta(days=YEAR)] if YEAR in horizons else [date])
    for name, own in zip(("profit", "profit_next"), profit, strict=False):
        table[name] = own.reindex(table.index)
    return table if truth is None else table.assign(**_tell_truth(truth, table.index, pd.Timestamp(date)))


def _tell_truth(truth: pd.DataFrame, wanted: pd.Index, date: pd.Timestamp) -> dict[str, pd.Series]:
    known = truth.set_index("customer_id").reindex(wanted)
    died = pd.to_datetime(known["died"])
    alive = ~(died <= date)
    told = {"truly_gone": died <= date + pd.Timedelta(days=YEAR), "truly_alive": alive}
    begun = pd.to_datetime(known["turn"]) <= date if "turn" in known else True
    for name, trend in {"truly_growing": "growth", "truly_declining": "decline"}.items():
        told[name] = (known["trend"] == trend) & begun & alive
    if "unprofitable" in known:
        told["truly_unprofitable"] = known["unprofitable"].astype("boolean").fillna(False).astype(bool)
    return told


def _outcomes(whole: Path, date: dt.date, horizon: int, wanted: pd.Index) -> pd.DataFrame:
    if date < ledger.read_report(whole).first_order_date:
        return pd.DataFrame({"orders_ahead": 0, "net_sales_ahead": 0.0}, index=wanted)
    found = ledger.outcomes(whole, [date], horizon_days=horizon).set_index("customer_id")
    return found.reindex(wanted).fillna({"orders_ahead": 0, "net_sales_ahead": 0.0})


def _sum_last_year(days: pd.DataFrame) -> pd.Series:
    """Sum what each customer bought in the 365 days up to its own last order."""
    day = pd.to_datetime(days["order_date"])
    last = day.groupby(days["customer_id"]).transform("max")
    inside = day > last - pd.Timedelta(days=YEAR)
    return days[inside].groupby("customer_id")["net_sales"].sum().round(2)


def _profits(whole: Path, dates: Sequence[dt.date]) -> list[pd.Series]:
    """Return margin less cost to serve of the 365 days up to each date, where the log knows both."""
    files = {name: whole / "tables" / f"{name}.parquet" for name in ("contacts", "costs")}
    with open_ledger(whole) as tables:
        days = tables["days"]
        if "margin" not in days.columns or not files["costs"].is_file():
            return []
        beside = {name: _in_days(days, file) for name, file in files.items() if file.is_file()}
        found = customers_at(days, dates, cancelled=tables["cancelled"], **beside).to_pandas()
    found["profit"] = (found["margin_365_days"] - found["cost_to_serve_365_days"]).round(2)
    day = pd.to_datetime(found["as_of"]).dt.date
    return [found[day == date].set_index("customer_id")["profit"] for date in dates]


def _in_days(days: Table, file: Path) -> Table:
    """Read a table beside the orders, its points in time as the days that the ledger asks for."""
    table = days.get_backend().read_parquet(str(file))
    moments = [name for name, kind in table.schema().items() if kind.is_timestamp()]
    return table.mutate(**{name: table[name].date() for name in moments})


# --- the naive lists --------------------------------------------------------------------------------------------------


def list_overdue(past: Past) -> pd.Index:
    """List who has been silent for more than three times its own median gap, by sales of the last 365 days."""
    table = past.accounts
    return _rank(table[table["silent"] > OVERDUE * table["usual_gap"]], "sales")


def list_overdue_within(past: Past) -> pd.Index:
    """List who of these is still within the activity window, as the pages want it of a customer at risk."""
    table = past.accounts
    return _rank(
        table[(table["silent"] > OVERDUE * table["usual_gap"]) & (table["silent"] <= past.active_days)], "sales"
    )


def list_silent(past: Past) -> pd.Index:
    """List who is past the activity window, the most recent silence first."""
    table = past.accounts
    return _rank(table[table["silent"] > past.active_days], "silent", ascending=True)


def list_silent_by_money(past: Past) -> pd.Index:
    """List who is past the activity window, by the net sales of the twelve months before the last order."""
    table = past.accounts
    return _rank(table[table["silent"] > past.active_days], "last_year")


def list_grown(past: Past) -> pd.Index:
    """List who bought in the year before, by what the year brought more than that."""
    table = past.accounts.assign(change=past.accounts["sales"] - past.accounts["sales_before"])
    return _rank(table[table["bought_before"] & (table["change"] > 0)], "change")


def list_shrunk(past: Past) -> pd.Index:
    """List who bought in the year before, by what the year brought less than that."""
    table = past.accounts.assign(change=past.accounts["sales"] - past.accounts["sales_before"])
    return _rank(table[table["bought_before"] & (table["change"] < 0)], "change", ascending=True)


def list_largest(past: Past) -> pd.Index:
    """List all by the sales of the last 365 days."""
    return _rank(past.accounts, "sales")


def list_least_profit(past: Past) -> pd.Index:
    """List all by margin after cost to serve of the last 365 days, the least first."""
    return _rank(past.accounts, "profit", ascending=True) if "profit" in past.accounts else past.accounts.index[:0]


def _rank(table: pd.DataFrame, by: str, *, ascending: bool = False) -> pd.Index:
    ranked = table.reset_index().dropna(subset=[by]).sort_values([by, "customer_id"], ascending=[ascending, True])
    return pd.Index(ranked["customer_id"])


# --- what is measured -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    """A figure of a list: a sum per date, or a share.

    Attributes
    ----------
    of : the accounts below the line of a share: ``list`` (those on it), ``all`` (everybody known), or empty: a sum per date
    more : whether more is better
    """

    code: str
    told: str
    of: str
    more: bool

    def is_known(self, past: Past, horizon: int) -> bool:
        """Return whether the log knows it: horizons it reaches, costs, or the truth of a made log."""
        needs = {"again": "profit_next", "loss": "profit_next"}.get(self.code, f"sales_{horizon}")
        needs = self.code if self.code.startswith("truly_") else needs
        return horizon in past.horizons and needs in past.accounts

    def read(self, past: Past, horizon: int) -> tuple[pd.Series, pd.Series]:
        """Return what each account counts above the line, and below it."""
        table = past.accounts
        one = pd.Series(1.0, index=table.index)
        if self.code.startswith("truly_"):
            return table[self.code].astype(float), one
        if self.code in ("again", "loss"):
            profit = table["profit_next"].fillna(0.0)
            return ((profit < 0).astype(float), one) if self.code == "again" else (-profit.clip(upper=0), one)
        then, now = table[f"sales_{horizon}"], table["sales"] if horizon == YEAR else table["season_90"]
        came = (table[f"orders_{horizon}"] > 0).astype(float)
        active = (table["silent"] <= past.active_days).astype(float)
        match self.code:
            case "gone_money":
                return table["sales"].clip(lower=0) * (1 - came), one
            case "left":
                return 1 - came, one
            case "bought":
                return then, one
            case "came":
                return came, one
            case "ratio":
                return then, now
            case "ratio_active":
                return then * active, now * active
            case "grew":
                return (then > now).astype(float), one
            case "fell":
                return (then < now) * active, active
            case "stopped":
                return 1 - active, one
            case "held":
                return then, then
        raise ValueError(self.code)


@lru_cache(maxsize=256)
def _read(measure: Measure, past: Past, horizon: int, of_size: bool) -> tuple[pd.Series, pd.Series]:
    """Return what each account counts above the line and below it; or what all of its size do in the mean."""
    if of_size:
        above, below = (average_by_size(past.accounts, counted) for counted in _read(measure, past, horizon, False))
        return above, below
    return measure.read(past, horizon)


def compare(
    pasts: Sequence[Past],
    own: Mapping[dt.date, Sequence[str]],
    naive: Mapping[dt.date, Sequence[str]],
    measure: Measure,
    *,
    horizon: int,
    first: int,
    of_size: bool = False,
    interval: float = 0.95,
    seed: int = 20261128,
) -> dict[str, float]:
    """Compare the first accounts of a list with as many of the naive one, pooled over dates.

    The interval is of the difference: the accounts on either list are resampled, each with all of its dates (Poisson's weights);
    the lists stay, and so does what all others bought.

    Parameters
    ----------
    own, naive : customer_ids in order, by date; dates on which either has nobody are left out of both
    first : so many; where either list is shorter, as many as it has of both
    of_size : each account of ``naive`` counts as the mean of all accounts of its size does

    Returns
    -------
    dict
        dates, listed (accounts of all dates), own, naive, difference, low, high.

    Examples
    --------
    >>> accounts = pd.DataFrame({"sales": [9.0, 5.0, 1.0], "orders_90": [0, 1, 0], "sales_90": [0.0, 4.0, 0.0], "season_90": 0.0,
    ...     "silent": 0}, index=["a", "b", "c"])
    >>> day = dt.date(2025, 1, 1)
    >>> past = Past(day, accounts, {}, 365, (90,))
    >>> found = compare([past], {day: ["a", "c"]}, {day: ["b", "a"]}, Measure("gone_money", "", "", True), horizon=90, first=2)
    >>> found["own"], found["naive"], found["difference"]
    (10.0, 9.0, 1.0)
    """
    known = [past for past in pasts if measure.is_known(past, horizon)]
    known = [past for past in known if len(own.get(past.date, ())) and len(naive.get(past.date, ()))]
    parts, others, listed = [], np.zeros(4), 0
    for past in known:
        count = min(first, len(own[past.date]), len(naive[past.date]))
        chosen = [list(order)[:count] for order in (own[past.date], naive[past.date])]
        listed += count
        part, rest = _count(past, chosen, measure, horizon=horizon, of_size=of_size)
        parts.append(part)
        others += rest
    sums = pd.concat(parts).groupby(level=0).sum().to_numpy().T if parts else np.zeros((4, 0))
    shape = {"is_sum": not measure.of, "dates": len(known)}
    figures = _divide(sums.sum(axis=1) + others, **shape)
    weights = np.random.default_rng(seed).poisson(1.0, size=(DRAWS, sums.shape[1]))
    drawn = _divide((weights @ sums.T + others).T, **shape)
    drawn = drawn[0] - drawn[1]
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [(1 - interval) / 2, (1 + interval) / 2]) if len(drawn) else (np.nan, np.nan)
    return {
        "dates": len(known),
        "listed": listed,
        "own": float(figures[0]),
        "naive": float(figures[1]),
        "difference": float(figures[0] - figures[1]),
        "low": float(low),
        "high": float(high),
    }


def _count(
    past: Past, chosen: Sequence[Sequence[str]], measure: Measure, *, horizon: int, of_size: bool
) -> tuple[pd.DataFrame, np.ndarray]:
    """Count each account on either list of a date: above and below the line of the one, and of the other; and what all others count."""
    columns = {}
    for place, ids in enumerate(chosen):
        above, below = _read(measure, past, horizon, of_size and place > 0)
        own = [one for one in ids if one in above.index]
        columns[2 * place], columns[2 * place + 1] = above.loc[own], below.loc[own]
    if measure.of != "all":
        return pd.DataFrame(columns).fillna(0.0), np.zeros(4)
    both = columns[0].index.union(columns[2].index)
    columns |= {1: below.reindex(both), 3: below.reindex(both)}
    rest = below.drop(both).sum()
    return pd.DataFrame(columns)[[0, 1, 2, 3]].fillna(0.0), np.array([0.0, rest, 0.0, rest])


def average_by_size(accounts: pd.DataFrame, counted: pd.Series) -> pd.Series:
    """Return for each account the mean over all of its size: tenths by sales of the last 365 days, those without any apart.

    Examples
    --------
    >>> accounts = pd.DataFrame({"sales": [0.0, 0.0, 7.0]})
    >>> average_by_size(accounts, pd.Series([1.0, 0.0, 5.0])).tolist()
    [0.5, 0.5, 5.0]
    """
    bought = accounts["sales"] > 0
    tenth = np.ceil(accounts.loc[bought, "sales"].rank(pct=True) * 10).reindex(accounts.index).fillna(0)
    return counted.groupby(tenth).transform("mean")


def _divide(sums: np.ndarray, *, is_sum: bool, dates: int) -> np.ndarray:
    """Return the figure of both lists out of what stands above and below their lines."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if is_sum:
            return np.array([sums[0], sums[2]]) / dates
        return np.array([sums[0] / sums[1], sums[2] / sums[3]])


def judge(found: Mapping[str, float], *, more: bool) -> str:
    """Judge a difference by its interval: ``better``, ``worse``, ``equal`` (in every draw), or ``level`` (either may be so)."""
    if max(abs(found[name]) for name in ("difference", "low", "high")) < TOLERANCE:
        return "equal"
    if not (found["low"] > 0 or found["high"] < 0):
        return "level"
    return "better" if (found["low"] > 0) == more else "worse"
