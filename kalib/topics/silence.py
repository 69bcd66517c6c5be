"""Is a silent customer between two orders, pausing as before, silent as never before, or gone?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from kalib.money import add
from kalib.schema import check_columns
from kalib.topics.silence_past import Past, Standing

STATES = ("buying", "pausing", "one_order", "quiet", "lapsed", "lost")
"""Within its rhythm; silent beyond it, but not for longer than before; a single order day, not long ago; silent for longer than
ever; past the window within which a customer counts as one; of those as good as nobody comes back."""

GONE = ("lapsed", "lost")
"""No customers any more: a matter of win-back, or of nothing."""

KINDS = ("as_before", "longer_than_ever", "one_order")
"""What no order within the horizon would be to an account: nothing new, its longest silence, or the first that is known of it."""

FACTOR = 3.0
"""Silent for more than so many times its usual gap, and a customer is beyond its rhythm."""

YEAR = 365
BANDS = (0, 90, 180, 270, 365, 540, 730, 1095)
"""Silences are compared from so many days on."""

LEAST = 30
"""Fewer silent customers prove nothing about who returns."""

FEW = 0.1
"""Where it is all but certain (upper end of the 80 % interval) that fewer came back, those who are silent so long are lost."""

LEAST_HISTORY = 180
"""So many days must be known before a date, or nobody has a past."""

_STEP = 90
_ROUNDED = 1e-4


@dataclass(frozen=True)
class Study:
    """What is known of silence: of each customer, of who came back from how long a one, and of who stayed away."""

    table: pd.DataFrame
    returns: pd.DataFrame
    away: pd.DataFrame
    facts: dict[str, object]


def study(
    order_days: pd.DataFrame, *, as_of: dt.date, horizon_days: int, active_days: int, factor: float = FACTOR
) -> Study:
    """Study silence as of a day: the front door of this topic, the same for every page.

    Parameters
    ----------
    order_days : customer_id, order_date, orders, net_sales; rows after ``as_of`` are not looked at
    horizon_days, active_days : no order in how many days means leaving, and after how many a customer is one no more
    factor : beyond so many usual gaps a customer is out of its rhythm

    Returns
    -------
    Study
        ``table`` as ``measure_silence`` and ``expect_away`` give it, ``returns`` of ``measure_returns``, ``away`` of
        ``measure_away``, ``facts`` of ``describe_silence`` and, for sentences about those who stay away, silent, away, away_share (None
        where fewer than 30 fell silent) and, for each of ``KINDS``, ``<kind>_away_share``.
    """
    past = Past(order_days)
    returns = _measure_returns(past, as_of, BANDS)
    away = _measure_away(past, as_of, horizon_days, active_days)
    table = _measure_silence(past, as_of, active_days, factor, returns)
    table = table.merge(_expect_away(past, away, as_of, horizon_days), on="customer_id", validate="1:1")
    return Study(table, returns, away, describe_silence(table) | _describe_away(away))


def measure_silence(
    order_days: pd.DataFrame,
    *,
    as_of: dt.date,
    active_days: int,
    factor: float = FACTOR,
    returns: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Say of each customer with an order how its silence compares with its own past, and in which state that leaves it.

    The rule, the first that holds: ``lost`` and ``lapsed`` have been silent for more than ``active_days``, and of those who
    were silent for so long hardly anybody came back (``lost``); ``one_order``: a single order day, so there is no rhythm to
    break; ``quiet``: silent for more than ``factor`` times the usual gap and for longer than ever before; ``pausing``: the
    former, but not the latter; else ``buying``.

    Parameters
    ----------
    order_days : customer_id, order_date, orders, net_sales; rows after ``as_of`` are not looked at
    active_days : how long a silent customer still counts as one, as ``choose_active_days`` finds it
    factor : so many usual gaps
    returns : as ``measure_returns`` gives it; without it nobody is lost and nothing is expected back

    Returns
    -------
    DataFrame
        One row per customer with an order, by customer_id: customer_id, last_order_date, silent_days, usual_gap_days (median
        between order days; missing with a single one), longest_gap_days (likewise), silence (one of ``STATES``),
        net_sales_before (of the 365 days up to and with the last order day), and with ``returns`` came_back_share (of customers
        silent for as long, who ordered within the next year) and return_sales (what those of as long a silence bought in the
        year after, over what they had bought in the year before it, times ``net_sales_before``); both missing where
        fewer than 30 such customers are known.

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": ["a"] * 4 + ["b"] * 3, "orders": 1, "net_sales": 10.0, "order_date": pd.to_datetime(
    ...     ["2025-01-01", "2025-01-11", "2025-05-01", "2025-05-11", "2025-05-01", "2025-05-11", "2025-05-21"])})
    >>> measure_silence(days, as_of=dt.date(2025, 7, 1), active_days=365)[["usual_gap_days", "longest_gap_days", "silence"]].values.tolist()
    [[10.0, 110.0, 'pausing'], [10.0, 10.0, 'quiet']]
    """
    return _measure_silence(Past(order_days), as_of, active_days, factor, returns)


def _measure_silence(
    past: Past, as_of: dt.date, active_days: int, factor: float, returns: pd.DataFrame | None
) -> pd.DataFrame:
    standing = past.stand(as_of)
    table = pd.DataFrame(
        {
            "customer_id": past.name(standing),
            "last_order_date": past.orders["order_date"].iloc[standing.last].reset_index(drop=True),
            "silent_days": standing.silent,
            "usual_gap_days": past.find_usual(as_of),
            "longest_gap_days": standing.longest,
            "net_sales_before": past.add_year(standing.last, days=YEAR).round(2),
            "silence": "buying",
        }
    )
    silent = table["silent_days"]
    if returns is not None:
        table = _expect(table, returns)
    beyond = silent > factor * table["usual_gap_days"] + _ROUNDED
    table.loc[beyond, "silence"] = "pausing"
    table.loc[beyond & (silent > table["longest_gap_days"]), "silence"] = "quiet"
    table.loc[table["usual_gap_days"].isna(), "silence"] = "one_order"
    table.loc[silent > active_days, "silence"] = "lapsed"
    if returns is not None:
        table.loc[(silent > active_days) & table.pop("_few"), "silence"] = "lost"
    return table


def measure_returns(order_days: pd.DataFrame, *, as_of: dt.date, bands: tuple[int, ...] = BANDS) -> pd.DataFrame:
    """Measure how many came back within a year after so long a silence, and for how much.

    It is asked at past dates, a quarter apart, back from a year before ``as_of``, as long as the history before the date
    covers the band. A customer silent at several dates counts at each.

    Parameters
    ----------
    order_days : customer_id, order_date, orders, net_sales; rows after ``as_of`` are not looked at

    Returns
    -------
    DataFrame
        One row per band: silent_from, silent_to (days; the last has no end and is missing), silent (customers), returned (of
        them, within the next 365 days), came_back_share, return_low, return_high (Wilson, 80 %), net_sales_before (of the 365
        days up to the last order), net_sales_after (of the next 365 days), return_sales_share.

    Source of the interval: Wilson (1927), J. Amer. Statist. Assoc. 22.
    """
    return _measure_returns(Past(order_days), as_of, bands)


def _measure_returns(past: Past, as_of: dt.date, bands: tuple[int, ...]) -> pd.DataFrame:
    table = pd.DataFrame({"silent_from": bands, "silent_to": [*bands[1:], np.nan]})
    sums = np.zeros((len(bands), 4))
    for date in _past_dates(past, as_of, ahead=YEAR, least=bands[1]):
        sums += _ask(past, date, np.array(bands))
    table[["silent", "returned"]] = sums[:, :2].astype(int)
    table["came_back_share"] = (table["returned"] / table["silent"].where(table["silent"] > 0)).round(6)
    bounds = [_wilson(int(row.returned), int(row.silent)) for row in table.itertuples()]
    table["return_low"], table["return_high"] = zip(*bounds, strict=True)
    table["net_sales_before"], table["net_sales_after"] = sums[:, 2].round(2), sums[:, 3].round(2)
    known = table["net_sales_before"].where(table["net_sales_before"] > 0)
    table["return_sales_share"] = (table["net_sales_after"] / known).round(6)
    return table


def list_winback(silence: pd.DataFrame) -> pd.DataFrame:
    """List the customers to win back: those who lapsed, the shortest silence first, for the longer it lasts the fewer come back.

    Who is lost is not listed. Of an equal silence those come first who had bought more. By the sales to expect, which give
    large accounts with a long silence the first places, the first twenty of the sample brought a fifth of what these did
    (docs/validation.md).

    Returns
    -------
    DataFrame
        customer_id, last_order_date, silent_days, net_sales_before, came_back_share, return_sales.
    """
    check_columns(silence, ["silence", "came_back_share", "return_sales", "net_sales_before"], name="silence")
    shown = ["customer_id", "last_order_date", "silent_days", "net_sales_before", "came_back_share", "return_sales"]
    lapsed = silence[silence["silence"] == "lapsed"]
    order = ["silent_days", "net_sales_before", "customer_id"]
    return lapsed.sort_values(order, ascending=[True, False, True], ignore_index=True)[shown]


def describe_silence(silence: pd.DataFrame) -> dict[str, object]:
    """Describe how many customers stand in which state, in facts that fill sentences.

    Returns
    -------
    dict
        for each of ``STATES`` ``<state>_customers``; gone_customers (lapsed or lost), lapsed_net_sales (of their last year),
        return_sales (expected of the lapsed, without a call; None where not known), unknown_customers (lapsed for longer than the record
        could follow anybody).
    """
    counts = silence["silence"].value_counts()
    facts: dict[str, object] = {f"{state}_customers": int(counts.get(state, 0)) for state in STATES}
    lapsed = silence[silence["silence"] == "lapsed"]
    expected = lapsed["return_sales"].dropna() if "return_sales" in lapsed else lapsed["net_sales_before"].head(0)
    return facts | {
        "gone_customers": int(silence["silence"].isin(GONE).sum()),
        "lapsed_net_sales": add(lapsed["net_sales_before"]),
        "return_sales": add(expected) if len(expected) else None,
        "unknown_customers": len(lapsed) - len(expected),
    }


def _past_dates(past: Past, as_of: dt.date, *, ahead: int, least: int) -> Iterator[pd.Timestamp]:
    """Yield the dates with so many days ahead of them and before them, a quarter apart, newest first."""
    date = pd.Timestamp(as_of) - pd.Timedelta(days=ahead)
    while len(past.orders) and past.covers(date) >= least:
        yield date
        date -= pd.Timedelta(days=_STEP)


def _ask(past: Past, date: pd.Timestamp, bands: np.ndarray) -> np.ndarray:
    """Return, per band: the silent at a date, those of them who came back, and their money before and after."""
    standing = past.stand(date)
    band = np.searchsorted(bands, standing.silent, side="right") - 1
    seen = bands[band] <= past.covers(date)
    parts = (
        np.ones(len(band)),
        (standing.wait <= YEAR).astype(float),
        past.add_year(standing.last, days=YEAR),
        past.add_ahead(standing, date, days=YEAR),
    )
    return np.column_stack([np.bincount(band[seen], weights=part[seen], minlength=len(bands)) for part in parts])


def _wilson(returned: int, silent: int) -> tuple[float, float]:
    if not silent:
        return np.nan, np.nan
    bounds = binomtest(returned, silent).proportion_ci(0.8, method="wilson")
    return round(bounds.low, 6), round(bounds.high, 6)


def _expect(table: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """Return the table with what is expected back, and in ``_few`` who is silent for so long that hardly anybody came back.

    What too few have lived through is not known.
    """
    bands = returns["silent_from"].to_numpy()
    known = returns["silent"] >= LEAST
    filled = returns[["came_back_share", "return_sales_share"]].where(known)
    filled["few"] = (known & (returns["return_high"] < FEW)).cummax()
    own = filled.iloc[np.searchsorted(bands, table["silent_days"], side="right") - 1].reset_index(drop=True)
    return table.assign(
        came_back_share=own["came_back_share"],
        return_sales=(own["return_sales_share"] * table["net_sales_before"].clip(lower=0)).round(2),
        _few=own["few"].to_numpy(),
    )


def find_kinds(order_days: pd.DataFrame, *, as_of: dt.date, horizon_days: int) -> pd.DataFrame:
    """Say of each customer what it would be, should no order come within the horizon: ``kind_of_silence``, one of ``KINDS``.

    Returns
    -------
    DataFrame
        One row per customer with an order, by customer_id: customer_id, kind_of_silence.

    Examples
    --------
    >>> days = pd.DataFrame({"customer_id": ["a", "a", "b", "b", "c"], "orders": 1, "net_sales": 1.0, "order_date": pd.to_datetime(
    ...     ["2024-06-01", "2025-06-01", "2025-05-01", "2025-06-01", "2025-06-01"])})
    >>> find_kinds(days, as_of=dt.date(2025, 6, 30), horizon_days=90)["kind_of_silence"].tolist()
    ['as_before', 'longer_than_ever', 'one_order']
    """
    return _find_kinds(Past(order_days), as_of, horizon_days)


def _find_kinds(past: Past, as_of: dt.date, horizon_days: int) -> pd.DataFrame:
    standing = past.stand(as_of)
    kinds = np.array(KINDS, dtype=object)[_place_kinds(standing, horizon_days)]
    return pd.DataFrame({"customer_id": past.name(standing), "kind_of_silence": kinds})


def _place_kinds(standing: Standing, horizon_days: int) -> np.ndarray:
    """Return the place of each customer's kind among ``KINDS``."""
    as_before = standing.longest >= standing.silent + horizon_days
    return np.where(np.isnan(standing.longest), 2, np.where(as_before, 0, 1))


def measure_away(order_days: pd.DataFrame, *, as_of: dt.date, horizon_days: int, active_days: int) -> pd.DataFrame:
    """Measure how many of those who placed no order within the horizon stayed away for the year after it, by kind of account.

    No order within the horizon is not the end: seasonal and slow buyers come back by themselves. It is asked at past dates, a
    quarter apart, whose horizon and whole year after it have passed, of the customers who counted as such at the date: those
    who could have stood on the list.

    Parameters
    ----------
    order_days : customer_id, order_date, orders, net_sales; rows after ``as_of`` are not looked at
    horizon_days, active_days : of the forecast

    Returns
    -------
    DataFrame
        One row per kind, and ``all`` in the end: kind_of_silence, silent (customers without an order in the horizon, over all
        dates), away (of them, without one in the 365 days after either), away_share; for kinds with fewer than 30 that of all,
        and missing where all together are fewer.
    """
    return _measure_away(Past(order_days), as_of, horizon_days, active_days)


def _measure_away(past: Past, as_of: dt.date, horizon_days: int, active_days: int) -> pd.DataFrame:
    counts = pd.DataFrame(0, index=[*KINDS], columns=["silent", "away"])
    for date in _past_dates(past, as_of, ahead=horizon_days + YEAR, least=LEAST_HISTORY):
        standing = past.stand(date)
        kinds = _place_kinds(standing, horizon_days)
        silent = (standing.silent <= active_days) & (standing.wait > horizon_days)
        away = silent & (standing.wait > horizon_days + YEAR)
        counts["silent"] += np.bincount(kinds[silent], minlength=len(KINDS))
        counts["away"] += np.bincount(kinds[away], minlength=len(KINDS))
    counts.loc["all"] = counts.sum()
    share = counts["away"] / counts["silent"].where(counts["silent"] >= LEAST)
    counts["away_share"] = share.fillna(share["all"]).round(6)
    return counts.rename_axis("kind_of_silence").reset_index()


def expect_away(order_days: pd.DataFrame, away: pd.DataFrame, *, as_of: dt.date, horizon_days: int) -> pd.DataFrame:
    """Say of each customer what no order within the horizon would be, and how likely it then stays away for a year more.

    Parameters
    ----------
    away : as ``measure_away`` gives it

    Returns
    -------
    DataFrame
        One row per customer with an order: customer_id, kind_of_silence, away_share (missing where too little is known).
    """
    return _expect_away(Past(order_days), away, as_of, horizon_days)


def _expect_away(past: Past, away: pd.DataFrame, as_of: dt.date, horizon_days: int) -> pd.DataFrame:
    kinds = _find_kinds(past, as_of, horizon_days)
    shares = away.set_index("kind_of_silence")["away_share"]
    return kinds.assign(away_share=kinds["kind_of_silence"].map(shares).astype(float))


def add_states(
    past: pd.DataFrame, order_days: pd.DataFrame, *, horizon_days: int, active_days: int, factor: float = FACTOR
) -> pd.DataFrame:
    """Add how silent each customer was at past dates, and how many of its kind had stayed away by then; nothing after a date is seen.

    Parameters
    ----------
    past : as_of, customer_id
    order_days, horizon_days, active_days, factor : as for ``study``

    Returns
    -------
    DataFrame
        The rows of ``past`` with silence and away_share (missing where too little was known then), date by date.
    """
    orders, parts = Past(order_days), []
    for date, rows in past.groupby("as_of"):
        states = _measure_silence(orders, date, active_days, factor, None)
        away = _measure_away(orders, date, horizon_days, active_days)
        kinds = _expect_away(orders, away, date, horizon_days)[["customer_id", "away_share"]]
        known = states[["customer_id", "silence"]].merge(kinds, on="customer_id", validate="1:1")
        parts.append(rows.merge(known, on="customer_id", how="left", validate="1:1"))
    return pd.concat(parts, ignore_index=True) if parts else past.assign(silence=None, away_share=np.nan)


def _describe_away(away: pd.DataFrame) -> dict[str, object]:
    rows = away.set_index("kind_of_silence")
    shares = {f"{kind}_away_share": float(rows.at[kind, "away_share"]) for kind in KINDS}
    known = rows.at["all", "away_share"] == rows.at["all", "away_share"]
    return shares | {
        "silent": int(rows.at["all", "silent"]),
        "away": int(rows.at["all", "away"]),
        "away_share": float(rows.at["all", "away_share"]) if known else None,
    }
